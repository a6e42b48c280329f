// Package sheet sets text as an OFD document for people (GB/T 33190-2016): a front page with room for a seal, then sections of
// labelled lines. It is a leaf: no I/O, no clock; the same sheet always gives the same octets.
package sheet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// A4 in millimetres, and the place on the front page that is left free for a seal of up to 45 mm.
const (
	Width, Height = 210.0, 297.0
	SealX, SealY  = 135.0, 215.0
)

const (
	margin  = 22.0
	bottom  = Height - 20
	size    = 3.7
	leading = 6.0
	indent  = 6.0
	deepest = 4 // levels of indentation; what lies deeper stands there
	// hang is how far a text stands from its label at least, so that columns of short labels are even.
	hang = 38.0
)

// Sheet is the text of a document.
type Sheet struct {
	ID       string // of the document; the same one makes the same DocID
	Title    string
	Author   string
	Created  string // day, as 2006-01-02
	Front    []Line // of the front page
	Sections []Section
	Page     func(number int) string // foot of a page
	Cut      string                  // last line of a document that was cut off
}

// Section is a part with a heading.
type Section struct {
	Title string
	Lines []Line
}

// Line is one statement. A line without a label is a paragraph, one without a text a heading of what is below it.
type Line struct {
	Level       int
	Label, Text string
}

// ErrEmpty: a sheet needs a title.
var ErrEmpty = errors.New("sheet: no title")

// Build sets the sheet on at most maxPages pages, the front page among them, and makes the unsealed OFD; cut reports that there was
// more. Characters that the face lacks are written as [U+2A6A5], so that nothing vanishes unseen.
func Build(s Sheet, face *typeface.Face, maxPages int) (document []byte, cut bool, err error) {
	if s.Title == "" || maxPages < 1 {
		return nil, false, ErrEmpty
	}
	d := &drawing{face: face, used: map[rune]bool{}, sheet: s, limit: maxPages}
	d.page()
	d.y = 48
	d.center(s.Title, 8)
	d.y += 22
	for _, line := range s.Front {
		d.line(line)
	}
	for _, section := range s.Sections {
		d.section(section)
	}
	subset := make([]rune, 0, len(d.used))
	for r := range d.used {
		subset = append(subset, r)
	}
	slices.Sort(subset)
	file, err := face.Subset(string(subset))
	if err != nil {
		return nil, false, fmt.Errorf("sheet: subset of the face: %w", err)
	}
	b := ofd.Builder{
		Info:  ofd.Info{DocID: hex.EncodeToString(digest.Sum([]byte(s.ID))[:16]), Title: s.Title, Author: s.Author, Creator: "Yinxin", CreationDate: s.Created},
		Fonts: []ofd.BuildFont{{Name: face.Name(), Family: face.Family(), File: file}}, Pages: d.pages,
	}
	files, err := b.Files()
	if err != nil {
		return nil, false, err
	}
	document, err = ofd.Pack(files)
	return document, d.cut, err
}

// drawing is the state of one document.
type drawing struct {
	sheet Sheet
	face  *typeface.Face
	used  map[rune]bool
	pages []ofd.BuildPage
	y     float64
	limit int
	cut   bool
}

// page begins a page; false when the document has as many as it may.
func (d *drawing) page() bool {
	if len(d.pages) == d.limit {
		d.cut = true
		if d.sheet.Cut != "" {
			d.put(d.sheet.Cut, margin, bottom-1, size)
		}
		return false
	}
	d.pages = append(d.pages, ofd.BuildPage{Width: Width, Height: Height})
	d.y = margin
	if d.sheet.Page != nil {
		foot := d.sheet.Page(len(d.pages))
		d.put(foot, Width-margin-d.width(foot, 3), Height-11, 3)
	}
	return true
}

// room makes sure that a line of the height fits, on a new page if need be.
func (d *drawing) room(height float64) bool {
	if d.cut {
		return false
	}
	limit := bottom - leading // the last line is kept free for the note of a document that is cut off
	if len(d.pages) == 1 {
		limit = SealY - leading
	}
	return d.y+height <= limit || d.page()
}

func (d *drawing) section(s Section) {
	if len(d.pages) == 1 && !d.page() || !d.room(5*leading) {
		return
	}
	d.y += leading
	d.put(s.Title, margin, d.y, 5)
	d.pages[len(d.pages)-1].Objects = append(d.pages[len(d.pages)-1].Objects, rule(margin, d.y+2.5, Width-2*margin))
	d.y += 1.6 * leading
	for _, line := range s.Lines {
		d.line(line)
	}
}

// rule is a thin horizontal line.
func rule(x, y, width float64) ofd.Path {
	return ofd.Path{Boundary: ofd.Box{X: x, Y: y, Width: width, Height: 0.3}, Data: fmt.Sprintf("M 0 0.15 L %.2f 0.15", width), Stroke: true, LineWidth: 0.2, Color: "120 120 120"}
}

func (d *drawing) line(l Line) {
	x := margin + indent*float64(min(max(l.Level, 0), deepest))
	if l.Text == "" {
		d.lines(l.Label, x)
		return
	}
	if l.Label == "" {
		d.lines(l.Text, x)
		return
	}
	at := x + max(hang, d.width(l.Label, size)+3)
	if at > Width/2 {
		d.lines(l.Label, x)
		d.lines(l.Text, x+indent)
		return
	}
	if !d.room(leading) {
		return
	}
	d.put(l.Label, x, d.y, size)
	d.lines(l.Text, at)
}

// lines sets a text from x to the right margin.
func (d *drawing) lines(text string, x float64) {
	for _, part := range d.broken(text, Width-margin-x) {
		if !d.room(leading) {
			return
		}
		d.put(part, x, d.y, size)
		d.y += leading
	}
}

// Characters that must not begin or end a line (GB/T 15834 5.1).
const (
	notFirst = ",.;:!?)]}%，。；：！？、）》〉】』」”’…—·"
	notLast  = "([{（《〈【『「“‘"
)

// broken cuts a text into lines of the width. Words of letters and digits stay together where they fit.
func (d *drawing) broken(text string, width float64) []string {
	runes := []rune(d.drawable(text))
	var lines []string
	for start := 0; start < len(runes); {
		end, used := start, 0.0
		for end < len(runes) && used+d.advance(runes[end])*size <= width+1e-9 {
			used += d.advance(runes[end]) * size
			end++
		}
		end = max(end, start+1)
		if end < len(runes) {
			end = breakBefore(runes, start, end)
		}
		lines = append(lines, strings.TrimSpace(string(runes[start:end])))
		start = end
	}
	return lines
}

func breakBefore(text []rune, start, end int) int {
	for at := end; at > start && end-at < 32; at-- {
		if !strings.ContainsRune(notFirst, text[at]) && !strings.ContainsRune(notLast, text[at-1]) && !(word(text[at-1]) && word(text[at])) {
			return at
		}
	}
	return end
}

func word(r rune) bool { return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// drawable spells what the face lacks and what is no character of a line.
func (d *drawing) drawable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if _, known := d.face.Advance(r); known && !unicode.IsControl(r) {
			b.WriteRune(r)
		} else if unicode.IsSpace(r) {
			b.WriteRune(' ')
		} else {
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

func (d *drawing) advance(r rune) float64 {
	advance, _ := d.face.Advance(r)
	return advance
}

func (d *drawing) width(text string, size float64) float64 {
	sum := 0.0
	for _, r := range d.drawable(text) {
		sum += d.advance(r) * size
	}
	return sum
}

func (d *drawing) center(text string, size float64) {
	d.put(text, max(margin, (Width-d.width(text, size))/2), d.y, size)
}

// put draws one line with its base line at y.
func (d *drawing) put(text string, x, y, size float64) {
	if text = d.drawable(text); text == "" {
		return
	}
	var advances []float64
	sum := 0.0
	for _, r := range text {
		d.used[r] = true
		advances = append(advances, d.advance(r)*size)
		sum += d.advance(r) * size
	}
	page := &d.pages[len(d.pages)-1]
	page.Objects = append(page.Objects, ofd.Text{Size: size, X: x, Y: y, Width: sum, Value: text, Advances: advances[:len(advances)-1]})
}
