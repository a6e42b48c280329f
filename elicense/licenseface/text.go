package licenseface

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdfpage"
)

// measured is one line with the advance of each character in millimetres.
type measured struct {
	text     []rune
	advances []float64
	width    float64
	size     float64
}

func (m measured) cut(from, to int) measured {
	part := measured{text: m.text[from:to], advances: m.advances[from:to], size: m.size}
	for _, advance := range part.advances {
		part.width += advance
	}
	return part
}

// measure lays a text out in one endless line.
func (m *Maker) measure(item catalog.FaceItem, text string, size float64) (measured, error) {
	face, ok := m.cfg.Faces[item.Font]
	if !ok {
		return measured{}, fmt.Errorf("%w: %q", ErrTypeface, item.Font)
	}
	line := measured{size: size}
	var missing []rune
	for _, r := range text {
		advance, ok := face.Advance(r)
		if !ok {
			missing = append(missing, r)
			continue
		}
		line.text = append(line.text, r)
		line.advances = append(line.advances, advance*size+item.SpacingMM)
		line.width += advance*size + item.SpacingMM
	}
	if len(missing) > 0 {
		return measured{}, &UndrawableError{Item: item.ID, Characters: string(missing)}
	}
	if len(line.text) > 0 {
		line.width -= item.SpacingMM // none after the last
	}
	return line, nil
}

// Characters that must not begin or end a line (GB/T 15834 5.1).
const (
	notFirst = ",.;:!?)]}%,。;:!?、)》〉】』」”’…—·㎡℃%"
	notLast  = "([{(《〈【『「“‘"
)

// breakLines cuts a measured text into lines of at most the width. Words of letters and digits stay together where they
// fit a line.
func breakLines(line measured, width float64) []measured {
	var lines []measured
	start := 0
	for start < len(line.text) {
		end, used := start, 0.0
		for end < len(line.text) && used+line.advances[end] <= width+1e-9 {
			used += line.advances[end]
			end++
		}
		if end == start {
			end++ // a character wider than the box; the caller refuses by width
		}
		if end < len(line.text) {
			if better := breakBefore(line.text, start, end); better > start {
				end = better
			}
		}
		lines = append(lines, line.cut(start, end))
		start = end
	}
	return lines
}

// breakBefore moves a break back to where the rules allow one; start when there is no such place.
func breakBefore(text []rune, start, end int) int {
	for at := end; at > start; at-- {
		switch {
		case strings.ContainsRune(notFirst, text[at]), strings.ContainsRune(notLast, text[at-1]):
		case latin(text[at-1]) && latin(text[at]):
		default:
			return at
		}
		if end-at > 24 {
			return end
		}
	}
	return start
}

func latin(r rune) bool {
	return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '-')
}

// bound draws a value by the overflow rule of its item: at the largest size that fits, else its beginning, with the rest
// put on an annex page.
func (d *drawing) bound(page int, item catalog.FaceItem, text string) ([]ofd.Object, error) {
	d.shown = append(d.shown, shownItem{item: item})
	if text == "" {
		return nil, nil
	}
	smallest := item.SmallestMM()
	if d.language != catalog.Original { // dates and periods are longer in some languages
		smallest = min(smallest, smallestWords)
	}
	size := item.SizeMM
	for {
		line, err := d.maker.measure(item, text, size)
		if err != nil {
			return nil, err
		}
		lines := []measured{line}
		if item.Overflow != catalog.OverflowShrink {
			lines = breakLines(line, item.WidthMM)
		}
		if fits(lines, item, size) {
			return d.lines(page, item, lines, len(d.shown)-1), nil
		}
		if size <= smallest {
			return d.overflow(page, item, line)
		}
		size = max(size*0.96, smallest)
	}
}

func fits(lines []measured, item catalog.FaceItem, size float64) bool {
	if len(lines) > item.Lines(size) {
		return false
	}
	for _, line := range lines {
		if line.width > item.WidthMM+1e-6 {
			return false
		}
	}
	return true
}

// overflow draws what fits above a note and remembers the rest.
func (d *drawing) overflow(page int, item catalog.FaceItem, line measured) ([]ofd.Object, error) {
	if item.Overflow != catalog.OverflowAnnex {
		return nil, fmt.Errorf("%w: item %q", ErrOverflow, item.ID)
	}
	lines := breakLines(line, item.WidthMM)
	keep := max(item.Lines(line.size)-1, 0)
	var rest strings.Builder
	for _, l := range lines[keep:] {
		rest.WriteString(string(l.text))
	}
	d.annexes = append(d.annexes, annex{item: item, rest: rest.String(), of: len(d.shown) - 1})
	full := item
	full.Middle = false
	objects := d.lines(page, full, lines[:keep], len(d.shown)-1)
	note := item
	note.SpacingMM = 0
	measuredNote, err := d.maker.measure(note, d.licenseType.Word(d.licenseType.Face.Annex.Note, d.language), line.size)
	if err != nil {
		return nil, err
	}
	return append(objects, d.line(item, measuredNote, item.XMM, item.YMM+float64(keep)*item.LineMM(line.size), item.WidthMM, nil)), nil
}

// lines draws lines from the top of the item's box, or in its middle where the item says so.
func (d *drawing) lines(page int, item catalog.FaceItem, lines []measured, of int) []ofd.Object {
	var objects []ofd.Object
	top := item.YMM
	if n := len(lines); n > 0 && item.Middle {
		size := lines[0].size
		top += max(0, item.HeightMM-size*1.2-float64(n-1)*item.LineMM(size)) / 2
	}
	for i, line := range lines {
		y := top + float64(i)*item.LineMM(line.size)
		if len(lines) == 1 && item.Overflow == catalog.OverflowShrink {
			y += (item.SizeMM - line.size) / 2
		}
		id := new(int)
		d.shown[of].at = append(d.shown[of].at, place{page, id})
		objects = append(objects, d.line(item, line, item.XMM, y, item.WidthMM, id))
	}
	return objects
}

// ascent is where the base line lies below the top of a line, in parts of the size.
const ascent = 0.88

func (d *drawing) line(item catalog.FaceItem, line measured, x, y, width float64, id *int) ofd.Text {
	index := d.font(item.Font)
	for _, r := range line.text {
		d.used[item.Font][r] = true
	}
	switch item.Align {
	case "center":
		x += (width - line.width) / 2
	case "right":
		x += width - line.width
	}
	var advances []float64
	if len(line.text) > 1 {
		advances = line.advances[:len(line.text)-1]
	}
	return ofd.Text{
		Font: index, Size: line.size, X: x, Y: y + ascent*line.size, Width: line.width, Value: string(line.text), Advances: advances, Color: rgb(item.Color), ID: id,
	}
}

// drawAnnexes puts the rests on continuation pages, each below the label of its item.
func (d *drawing) drawAnnexes() error {
	if len(d.annexes) == 0 {
		return nil
	}
	layout := d.licenseType.Face.Annex
	width := layout.WidthMM - 2*layout.MarginMM
	leading := 1.6 * layout.SizeMM
	var y float64
	newPage := func() error {
		d.pages = append(d.pages, pdfpage.Page{Width: layout.WidthMM, Height: layout.HeightMM})
		y = layout.MarginMM
		title := catalog.FaceItem{Font: d.annexes[0].item.Font, Align: "center"}
		line, err := d.maker.measure(title, d.licenseType.Word(layout.Title, d.language), 1.4*layout.SizeMM)
		if err != nil {
			return err
		}
		d.put(pdfpage.Paragraph, "", d.line(title, line, layout.MarginMM, y, width, nil))
		y += 2 * leading
		return nil
	}
	if err := newPage(); err != nil {
		return err
	}
	for _, a := range d.annexes {
		item := catalog.FaceItem{ID: a.item.ID, Font: a.item.Font, Color: a.item.Color}
		label, err := d.maker.measure(item, d.licenseType.Label(a.item.Bind, d.language), layout.SizeMM)
		if err != nil {
			return err
		}
		text, err := d.maker.measure(item, a.rest, layout.SizeMM)
		if err != nil {
			return err
		}
		for i, line := range append([]measured{label}, breakLines(text, width)...) {
			if y+leading > layout.HeightMM-layout.MarginMM {
				if err := newPage(); err != nil {
					return err
				}
			}
			var id *int
			if i > 0 {
				id = new(int)
				d.shown[a.of].at = append(d.shown[a.of].at, place{len(d.pages) - 1, id})
			}
			if i < 2 { // the label and the rest are a block each
				d.block++
			}
			page := &d.pages[len(d.pages)-1]
			page.Items = append(page.Items, pdfpage.Item{Object: d.line(item, line, layout.MarginMM, y, width, id), Block: d.block})
			y += leading
		}
		y += leading
	}
	return nil
}

// Of words in another language, and of the notice below pages: the smallest size, and the distance of lines in parts of the size, in millimetres.
const (
	smallestWords = 1.5
	wordLeading   = 1.2
	noticeSize    = 2.8
	noticeMargin  = 4.0
)

// besideValue is the least distance of a label from the value to its right.
const besideValue = 0.8

// room is how wide a fixed text may be: its box, as far as the value that it names does not stand in it.
func room(t *catalog.Type, item catalog.FaceItem) float64 {
	named, ok := t.Item(item.LabelOf)
	if !ok || named.XMM <= item.XMM || named.YMM >= item.YMM+item.HeightMM || item.YMM >= named.YMM+named.HeightMM {
		return item.WidthMM
	}
	return min(item.WidthMM, max(named.XMM-item.XMM-besideValue, smallestWords))
}

// words breaks a fixed text in another language into lines at the largest size at which they fit the box, without the space between letters that suits
// those of the original alone.
func (m *Maker) words(t *catalog.Type, item catalog.FaceItem, text string) (lines []measured, err error) {
	item.SpacingMM = 0
	item.WidthMM = room(t, item)
	for size := item.SizeMM; ; size = max(size*0.96, min(smallestWords, item.SizeMM)) {
		line, err := m.measure(item, text, size)
		if err != nil {
			return nil, err
		}
		lines = trimmed(breakLines(line, item.WidthMM))
		whole := !slices.ContainsFunc(lines, func(l measured) bool { return l.width > item.WidthMM+1e-6 })
		if whole && size*(1+wordLeading*float64(len(lines)-1)) <= item.HeightMM+1e-6 {
			return lines, nil
		}
		if size <= smallestWords {
			return nil, fmt.Errorf("%w: %q", ErrOverflow, text)
		}
	}
}

// trimmed takes the blanks from the ends of lines.
func trimmed(lines []measured) []measured {
	for i, l := range lines {
		from, to := 0, len(l.text)
		for from < to && l.text[from] == ' ' {
			from++
		}
		for to > from && l.text[to-1] == ' ' {
			to--
		}
		lines[i] = l.cut(from, to)
	}
	return lines
}

// checkWords makes sure that what the template writes can be drawn in a language: fixed texts in their boxes, and annex pages.
func (m *Maker) checkWords(t *catalog.Type, item catalog.FaceItem, language string) error {
	if item.Bind == "" {
		_, err := m.words(t, item, t.Word(item.Text, language))
		return err
	}
	texts := []string{t.Word(t.Validity.LongTermText, language)}
	if item.Overflow == catalog.OverflowAnnex {
		texts = append(texts, t.Word(t.Face.Annex.Title, language), t.Word(t.Face.Annex.Note, language), t.Label(item.Bind, language))
	}
	for _, text := range texts {
		if _, err := m.measure(item, text, item.SizeMM); err != nil {
			return err
		}
	}
	return nil
}

// translated draws a fixed text in another language around the middle of the line of the original.
func (d *drawing) translated(item catalog.FaceItem, text string) ([]ofd.Object, error) {
	lines, err := d.maker.words(d.licenseType, item, text)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	size := lines[0].size
	y := item.YMM + (item.SizeMM-size*(1+wordLeading*float64(len(lines)-1)))/2
	y = max(item.YMM-max(0, item.SizeMM-size)/2, y)
	var objects []ofd.Object
	for i, line := range lines {
		objects = append(objects, d.line(item, line, item.XMM, y+float64(i)*wordLeading*size, item.WidthMM, nil))
	}
	return objects, nil
}

// drawNotice adds a strip with the sentences below every page; the page above it stays as it is.
func (d *drawing) drawNotice(sentences []string) error {
	if len(sentences) == 0 {
		return nil
	}
	item := catalog.FaceItem{ID: "notice", Font: "sans", Color: "#3A2A00"}
	for n := range d.pages {
		page := &d.pages[n]
		var blocks [][]measured
		total := 0
		for _, sentence := range sentences {
			line, err := d.maker.measure(item, sentence, noticeSize)
			if err != nil {
				return err
			}
			lines := trimmed(breakLines(line, page.Width-2*noticeMargin))
			blocks = append(blocks, lines)
			total += len(lines)
		}
		top, height := page.Height, 2*noticeMargin+noticeSize*(1+1.5*float64(total-1))
		page.Height += height
		strip := catalog.FaceItem{Kind: catalog.ItemRect, YMM: top, WidthMM: page.Width, HeightMM: height, Fill: "#FFF4D6"}
		edge := catalog.FaceItem{Kind: catalog.ItemRect, YMM: top, WidthMM: page.Width, HeightMM: 0.6, Fill: "#8A5300"}
		for _, object := range append(shape(strip), shape(edge)...) {
			page.Items = append(page.Items, pdfpage.Item{Object: object})
		}
		y := top + noticeMargin
		for _, lines := range blocks {
			d.block++
			for _, line := range lines {
				page.Items = append(page.Items, pdfpage.Item{Object: d.line(item, line, noticeMargin, y, page.Width-2*noticeMargin, nil), Block: d.block})
				y += 1.5 * noticeSize
			}
		}
	}
	return nil
}
