// Package pdfpage writes pages that were laid out for OFD as PDF (ISO 32000-1): the same texts, paths and lengths, with the same embedded subsets of fonts,
// so that one layout has two writers. The document is tagged (14.8): texts are read in their order, and what is only drawn is an artifact. It can be
// searched and copied (9.10.3), and esign/pdf reads and signs it.
//
// It claims conformance to no profile. It is a leaf: no I/O, no clock; equal input gives equal octets. It is apart from esign/pdf, since verifiers write
// no pages.
package pdfpage

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ErrPage wraps what cannot be written: objects, paths or fonts of other kinds than those that licences have.
var ErrPage = errors.New("pdfpage: the page cannot be written")

// Document is what is written. Lengths are millimetres from the top left corner.
type Document struct {
	Title, Author string
	Language      string // BCP 47
	Fonts         []ofd.BuildFont
	Images        []ofd.BuildImage // JPEG in the colours of JFIF
	Pages         []Page
}

// Page is a page and what stands on it, in the order in which it is drawn and read.
type Page struct {
	Width, Height float64
	Items         []Item
}

// Item is a text, a path or a picture. Paths are artifacts.
type Item struct {
	Object   ofd.Object
	Tag      Tag
	Block    int    // lines of one block are one element; 0 is one of its own
	Language string // of a text in another language than the document's
	Alt      string // words in the place of a picture (14.9.3)
}

// Tag is the kind of element that a text is (ISO 32000-1, 14.8.4).
type Tag string

// Tags.
const (
	Heading   Tag = "H1"
	Paragraph Tag = "P"
	Figure    Tag = "Figure"
)

const pointsPerMM = 72 / 25.4

// Write writes a document. Errors wrap ErrPage.
func Write(d Document) ([]byte, error) {
	if len(d.Pages) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrPage)
	}
	w := &writer{document: d}
	for i := range d.Fonts {
		f, err := typeface.Read(d.Fonts[i].File)
		if err != nil {
			return nil, fmt.Errorf("%w: font %d: %w", ErrPage, i, err)
		}
		w.fonts = append(w.fonts, &font{face: f, used: map[rune]bool{}})
	}
	return w.write()
}

type font struct {
	face *typeface.Face
	used map[rune]bool
	ref  int
}

// element is one of the tagged structure.
type element struct {
	tag      Tag
	language string
	alt      string
	block    int
	ref      int
	page     int   // from 0
	marks    []int // on its page
}

type writer struct {
	document Document
	fonts    []*font
	images   []int // their objects
	elements []*element
	objects  [][]byte // by number from 1; nil for one whose content comes later
}

func (w *writer) reserve() int {
	w.objects = append(w.objects, nil)
	return len(w.objects)
}

func (w *writer) put(ref int, format string, args ...any) {
	w.objects[ref-1] = fmt.Appendf(nil, format, args...)
}

func (w *writer) stream(ref int, entries string, content []byte) error {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.objects[ref-1] = slices.Concat(fmt.Appendf(nil, "<< /Length %d /Filter /FlateDecode%s >>\nstream\n", packed.Len(), entries), packed.Bytes(), []byte("\nendstream"))
	return nil
}

func (w *writer) write() ([]byte, error) {
	catalog, pages, info, tree, root, parents := w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve()
	for _, f := range w.fonts {
		f.ref = w.reserve()
	}
	for range w.document.Images {
		w.images = append(w.images, w.reserve())
	}
	var kids, numbers []string
	for n, page := range w.document.Pages {
		ref, content := w.reserve(), w.reserve()
		drawn, marks, err := w.page(n, page)
		if err != nil {
			return nil, err
		}
		if err := w.stream(content, "", drawn); err != nil {
			return nil, err
		}
		var resources strings.Builder
		for i, f := range w.fonts {
			fmt.Fprintf(&resources, " /F%d %d 0 R", i, f.ref)
		}
		if len(w.images) > 0 {
			resources.WriteString(" >> /XObject <<")
			for i, image := range w.images {
				fmt.Fprintf(&resources, " /I%d %d 0 R", i, image)
			}
		}
		w.put(ref, "<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources << /Font <<%s >> >> /Contents %d 0 R /StructParents %d /Tabs /S >>", pages, points(page.Width), points(page.Height), resources.String(), content, n)
		kids = append(kids, fmt.Sprintf("%d 0 R", ref))
		var owners []string
		for _, e := range marks {
			owners = append(owners, fmt.Sprintf("%d 0 R", e.ref))
		}
		numbers = append(numbers, fmt.Sprintf("%d [%s]", n, strings.Join(owners, " ")))
		for _, e := range w.elements {
			if e.page == n {
				var list []string
				for _, mark := range e.marks {
					list = append(list, strconv.Itoa(mark))
				}
				language := ""
				if e.alt != "" {
					language = " /Alt " + literal(e.alt)
				}
				if e.language != "" {
					language += " /Lang " + literal(e.language)
				}
				w.put(e.ref, "<< /Type /StructElem /S /%s /P %d 0 R /Pg %d 0 R /K [%s]%s >>", e.tag, root, ref, strings.Join(list, " "), language)
			}
		}
	}
	var children []string
	for _, e := range w.elements {
		children = append(children, fmt.Sprintf("%d 0 R", e.ref))
	}
	for i := range w.fonts {
		if err := w.font(i); err != nil {
			return nil, err
		}
	}
	for i, image := range w.document.Images {
		if err := w.image(w.images[i], image); err != nil {
			return nil, err
		}
	}
	w.put(catalog, "<< /Type /Catalog /Pages %d 0 R /Lang %s /MarkInfo << /Marked true >> /StructTreeRoot %d 0 R /ViewerPreferences << /DisplayDocTitle true >> >>", pages, literal(w.document.Language), tree)
	w.put(pages, "<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	w.put(info, "<< /Title %s /Author %s /Creator (Yinxin) /Producer (Yinxin) >>", literal(w.document.Title), literal(w.document.Author))
	w.put(tree, "<< /Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d >>", root, parents, len(kids))
	w.put(root, "<< /Type /StructElem /S /Document /P %d 0 R /K [%s] >>", tree, strings.Join(children, " "))
	w.put(parents, "<< /Nums [%s] >>", strings.Join(numbers, " "))
	return w.file(catalog, info), nil
}

// file puts the objects together with a cross-reference table (7.5.4). The identifier is that of the content.
func (w *writer) file(catalog, info int) []byte {
	out := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, object := range w.objects {
		offsets = append(offsets, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	id := hex.EncodeToString(digest.Sum(out)[:16])
	start := len(out)
	out = fmt.Appendf(out, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		out = fmt.Appendf(out, "%010d 00000 n \n", offset)
	}
	return fmt.Appendf(out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, catalog, info, id, id, start)
}

// page draws a page in millimetres from its top left corner, and gives the element of each mark.
func (w *writer) page(n int, page Page) (drawn []byte, marks []*element, err error) {
	var s bytes.Buffer
	fmt.Fprintf(&s, "%s 0 0 %s 0 %s cm\n", number(pointsPerMM), number(-pointsPerMM), points(page.Height))
	for _, item := range page.Items {
		switch object := item.Object.(type) {
		case ofd.Path:
			s.WriteString("/Artifact BMC\n")
			if err := path(&s, object); err != nil {
				return nil, nil, err
			}
		case ofd.Text:
			e := w.element(n, item)
			e.marks = append(e.marks, len(marks))
			if err := w.text(&s, object, e.tag, len(marks)); err != nil {
				return nil, nil, err
			}
			marks = append(marks, e)
		case ofd.Image:
			if object.Image < 0 || object.Image >= len(w.images) || object.Picture.Width <= 0 || object.Picture.Height <= 0 {
				return nil, nil, fmt.Errorf("%w: page %d names a picture that is not there", ErrPage, n+1)
			}
			e := w.element(n, item)
			e.alt = item.Alt
			e.marks = append(e.marks, len(marks))
			b, at := object.Boundary, object.Picture
			fmt.Fprintf(&s, "/%s << /MCID %d >> BDC\nq %s %s %s %s re W n %s 0 0 %s %s %s cm /I%d Do Q\n", e.tag, len(marks), number(b.X), number(b.Y), number(b.Width), number(b.Height),
				number(at.Width), number(-at.Height), number(b.X+at.X), number(b.Y+at.Y+at.Height), object.Image)
			marks = append(marks, e)
		default:
			return nil, nil, fmt.Errorf("%w: page %d holds a %T", ErrPage, n+1, object)
		}
		s.WriteString("EMC\n")
	}
	return s.Bytes(), marks, nil
}

// element is that of the item: the one before where both are lines of a block.
func (w *writer) element(page int, item Item) *element {
	if item.Block != 0 {
		for _, e := range slices.Backward(w.elements) {
			if e.block == item.Block && e.page == page {
				return e
			}
		}
	}
	tag := item.Tag
	if tag == "" {
		tag = Paragraph
	}
	e := &element{tag: tag, language: item.Language, block: item.Block, ref: w.reserve(), page: page}
	w.elements = append(w.elements, e)
	return e
}

// spaced is the distance between letters, in parts of the size, from which readers take them for words.
const spaced = 0.1

func (w *writer) text(s *bytes.Buffer, t ofd.Text, tag Tag, mark int) error {
	if t.Font < 0 || t.Font >= len(w.fonts) || t.Size <= 0 {
		return fmt.Errorf("%w: text without a font or a size", ErrPage)
	}
	f := w.fonts[t.Font]
	runes := []rune(t.Value)
	if len(runes) > 0 && len(t.Advances) != len(runes)-1 {
		return fmt.Errorf("%w: text without the places of its characters", ErrPage)
	}
	var show strings.Builder
	wide := false
	for i, r := range runes {
		glyph, ok := f.face.Glyph(r)
		if !ok {
			return fmt.Errorf("%w: font %d lacks U+%04X", ErrPage, t.Font, r)
		}
		f.used[r] = true
		fmt.Fprintf(&show, "<%04x>", glyph)
		if i < len(t.Advances) {
			own, _ := f.face.Advance(r)
			more := t.Advances[i]/t.Size - math.Round(own*1000)/1000
			wide = wide || more > spaced
			if by := math.Round(-more * 1000); by != 0 {
				fmt.Fprintf(&show, "%s ", number(by))
			}
		}
	}
	fmt.Fprintf(s, "/%s << /MCID %d", tag, mark)
	if wide { // what is set with space between the letters is read as one word
		fmt.Fprintf(s, " /ActualText %s", literal(t.Value))
	}
	fmt.Fprintf(s, " >> BDC\nBT /F%d %s Tf %s rg 1 0 0 -1 %s %s Tm [%s] TJ ET\n", t.Font, number(t.Size), colour(t.Color), number(t.X), number(t.Y), strings.TrimSpace(show.String()))
	return nil
}

// image writes a JPEG as it is (7.4.8).
func (w *writer) image(ref int, image ofd.BuildImage) error {
	config, err := jpeg.DecodeConfig(bytes.NewReader(image.File))
	if err != nil || config.ColorModel != color.YCbCrModel {
		return fmt.Errorf("%w: a picture that is no JPEG in three colours", ErrPage)
	}
	w.objects[ref-1] = slices.Concat(fmt.Appendf(nil, "<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n",
		config.Width, config.Height, len(image.File)), image.File, []byte("\nendstream"))
	return nil
}

func path(s *bytes.Buffer, p ofd.Path) error {
	var body strings.Builder
	fields := strings.Fields(p.Data)
	for i := 0; i < len(fields); {
		switch op := fields[i]; {
		case op == "C":
			body.WriteString("h ")
			i++
		case (op == "M" || op == "L") && i+2 < len(fields):
			x, errX := strconv.ParseFloat(fields[i+1], 64)
			y, errY := strconv.ParseFloat(fields[i+2], 64)
			if errX != nil || errY != nil {
				return fmt.Errorf("%w: path", ErrPage)
			}
			fmt.Fprintf(&body, "%s %s %s ", number(p.Boundary.X+x), number(p.Boundary.Y+y), strings.ToLower(op))
			i += 3
		default:
			return fmt.Errorf("%w: path operator %q", ErrPage, op)
		}
	}
	colours := colour(p.Color)
	switch {
	case p.Fill && !p.Stroke:
		fmt.Fprintf(s, "%s rg %sf\n", colours, body.String())
	case p.Stroke && !p.Fill:
		fmt.Fprintf(s, "%s RG %s w %sS\n", colours, number(p.LineWidth), body.String())
	default:
		return fmt.Errorf("%w: a path that is not either filled or stroked", ErrPage)
	}
	return nil
}

// font writes a font as a composite one whose codes are the glyphs of the subset (9.7), with its way back to characters (9.10.3).
func (w *writer) font(n int) error {
	f, file := w.fonts[n], w.document.Fonts[n]
	var runes []rune
	for r := range f.used {
		runes = append(runes, r)
	}
	slices.SortFunc(runes, func(x, y rune) int {
		a, _ := f.face.Glyph(x)
		b, _ := f.face.Glyph(y)
		return int(a) - int(b)
	})
	var widths, unicodes strings.Builder
	for i, r := range runes {
		glyph, _ := f.face.Glyph(r)
		advance, _ := f.face.Advance(r)
		fmt.Fprintf(&widths, "%d [%s] ", glyph, number(math.Round(advance*1000)))
		if i%100 == 0 { // the longest list that is allowed
			if i > 0 {
				unicodes.WriteString("endbfchar\n")
			}
			fmt.Fprintf(&unicodes, "%d beginbfchar\n", min(100, len(runes)-i))
		}
		fmt.Fprintf(&unicodes, "<%04x> <%s>\n", glyph, hexUTF16(string(r)))
	}
	if len(runes) > 0 {
		unicodes.WriteString("endbfchar\n")
	}
	m := f.face.Metrics()
	name := subsetName(file)
	descendant, descriptor, program, toUnicode := w.reserve(), w.reserve(), w.reserve(), w.reserve()
	w.put(f.ref, "<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", name, descendant, toUnicode)
	w.put(descendant, "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /CIDToGIDMap /Identity /DW 1000 /W [%s] >>",
		name, descriptor, strings.TrimSpace(widths.String()))
	w.put(descriptor, "<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R >>",
		name, m.Box[0], m.Box[1], m.Box[2], m.Box[3], m.Ascent, m.Descent, m.Ascent, program)
	if err := w.stream(program, fmt.Sprintf(" /Length1 %d", len(file.File)), file.File); err != nil {
		return err
	}
	return w.stream(toUnicode, "", []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"+
		"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"+unicodes.String()+"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"))
}

// subsetName is the name of a subset: six letters of its own before that of the font (9.6.4).
func subsetName(f ofd.BuildFont) string {
	sum := digest.Sum(f.File)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	var name strings.Builder
	for _, r := range f.Name {
		if r < 128 && (r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			name.WriteRune(r)
		}
	}
	return string(tag) + "+" + name.String()
}

func hexUTF16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return hex.EncodeToString(out)
}

// literal is a text string (7.9.2.2).
func literal(text string) string {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return "<feff" + hexUTF16(text) + ">"
		}
	}
	return "(" + strings.NewReplacer("\\", "\\\\", "(", "\\(", ")", "\\)").Replace(text) + ")"
}

// colour turns "r g b" of 0 to 255 into parts of 1; empty is black.
func colour(value string) string {
	var r, g, b float64
	if _, err := fmt.Sscan(value, &r, &g, &b); err != nil {
		return "0 0 0"
	}
	return number(r/255) + " " + number(g/255) + " " + number(b/255)
}

func points(mm float64) string { return number(mm * pointsPerMM) }

// number writes at most four decimals, which is finer than any device draws.
func number(value float64) string {
	return strconv.FormatFloat(math.Round(value*1e4)/1e4, 'f', -1, 64)
}
