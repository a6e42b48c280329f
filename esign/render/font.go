package render

import (
	"encoding/binary"
	"errors"
	"strings"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// outline is a letter in parts of the em, y downwards; the pointer is its identity in the output.
type outline struct{ path typeface.Path }

// font gives the outlines of a program of the document, or of the built-in face that stands in for it. Each is made once.
type font struct {
	program  *program       // nil: the built-in face alone
	builtIn  *typeface.Face // nil without faces
	sans     *typeface.Face // for letters that builtIn lacks
	bold     bool           // of the built-in face itself
	glyphs   map[uint16]*outline
	letters  map[rune]*outline
	outlined *int // segments of all outlines of the document
}

// program is a font program (TrueType or CFF in an sfnt wrapper, ISO/IEC 14496-22).
type program struct {
	parsed *sfnt.Font
	reader *meteredReader
	buffer sfnt.Buffer
	units  fixed.Int26_6
	cids   map[uint16]uint16 // glyphs of a program keyed by CID; nil otherwise
}

var (
	errFont  = errors.New("render: the font program cannot be read")
	errMeter = errors.New("render: a glyph costs too much")
)

// Bounds of one glyph. Subroutines of a hostile CFF program call each other without end; each call reads from the file,
// so what is read bounds what is done.
const (
	glyphOctets   = 512 << 10
	callOctets    = 32
	glyphSegments = 20_000
)

// meteredReader gives the program to the parser and ends a glyph that reads too much.
type meteredReader struct {
	parts []part
	size  int
	left  int
}

// part is a piece of the program where the parser sees it, so that nothing of it is copied.
type part struct {
	at   int
	data []byte
}

// ReadAt implements io.ReaderAt.
func (r *meteredReader) ReadAt(p []byte, at int64) (int, error) {
	if r.left -= len(p) + callOctets; r.left < 0 {
		return 0, errMeter
	}
	if at < 0 || at > int64(r.size) || len(p) > r.size-int(at) {
		return 0, errFont
	}
	clear(p)
	from := int(at)
	for _, part := range r.parts {
		lo, hi := max(from, part.at), min(from+len(p), part.at+len(part.data))
		if lo < hi {
			copy(p[lo-from:hi-from], part.data[lo-part.at:])
		}
	}
	return len(p), nil
}

// parseProgram reads a font program. Tables that drawing does not need are left out and those that subsetters forget are
// put in, since vendors embed fonts that strict readers refuse.
func parseProgram(data []byte) (p *program, err error) {
	defer func() {
		if recover() != nil { // a defect of the parser must not take the page with it
			p, err = nil, errFont
		}
	}()
	for _, withMap := range []bool{true, false} {
		reader, ok := normalize(data, withMap)
		if !ok {
			return nil, errFont
		}
		reader.left = 8*reader.size + 1<<20
		parsed, err := sfnt.ParseReaderAt(reader)
		if err != nil {
			continue
		}
		units := parsed.UnitsPerEm()
		if units < 16 || units > 16384 {
			return nil, errFont
		}
		p := &program{parsed: parsed, reader: reader, units: fixed.Int26_6(units)}
		_, p.cids, _ = wrapCFF(data)
		return p, nil
	}
	return nil, errFont
}

var big = binary.BigEndian

const maxTables = 64

// normalize lays out a program anew with the tables that outlines need, sorted and aligned.
func normalize(data []byte, withMap bool) (*meteredReader, bool) {
	if len(data) < 12 {
		return nil, false
	}
	tables, _, ok := wrapCFF(data)
	if !ok {
		if tables, ok = directory(data); !ok {
			return nil, false
		}
	}
	version := []byte{0, 1, 0, 0}
	if _, ok := tables["CFF "]; ok {
		version = []byte("OTTO")
	}
	if !mend(tables) {
		return nil, false
	}
	if !withMap || len(tables["cmap"]) < 4 {
		tables["cmap"] = emptyMap
	}
	var names []string
	for _, name := range []string{"CFF ", "OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "post"} {
		if len(tables[name]) > 0 {
			names = append(names, name)
		}
	}
	head := append([]byte{}, version...)
	for _, v := range []int{len(names), 0, 0, 0} {
		head = big.AppendUint16(head, uint16(v))
	}
	r := &meteredReader{size: 12 + 16*len(names)}
	for _, name := range names {
		head = append(head, name...)
		head = big.AppendUint32(big.AppendUint32(big.AppendUint32(head, 0), uint32(r.size)), uint32(len(tables[name])))
		r.parts = append(r.parts, part{at: r.size, data: tables[name]})
		r.size += (len(tables[name]) + 3) &^ 3
	}
	r.parts = append(r.parts, part{data: head})
	return r, true
}

// directory reads the table directory as far as it can be read; of a collection, the first face.
func directory(data []byte) (map[string][]byte, bool) {
	start := 0
	if string(data[:4]) == "ttcf" {
		if len(data) < 16 {
			return nil, false
		}
		if start = int(big.Uint32(data[12:])); start > len(data)-12 {
			return nil, false
		}
	}
	count := int(big.Uint16(data[start+4:]))
	if count > maxTables || start+12+16*count > len(data) {
		return nil, false
	}
	tables := map[string][]byte{}
	for i := range count {
		record := data[start+12+16*i:]
		at, length := uint64(big.Uint32(record[8:])), uint64(big.Uint32(record[12:]))
		if at > uint64(len(data)) {
			continue
		}
		tables[string(record[:4])] = data[at:min(at+length, uint64(len(data)))]
	}
	return tables, true
}

// emptyMap maps no character: format 12 with one group that leads to no glyph.
var emptyMap = []byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}

// mend replaces tables that outlines do not depend on and cuts or lengthens hmtx to what hhea promises.
func mend(tables map[string][]byte) bool {
	head, hhea, maxp := tables["head"], tables["hhea"], tables["maxp"]
	if len(head) < 54 || len(maxp) < 6 {
		return false
	}
	glyphs := int(big.Uint16(maxp[4:]))
	if len(hhea) < 36 {
		hhea = make([]byte, 36)
		big.PutUint16(hhea[34:], 1)
	}
	hhea = append([]byte{}, hhea[:36]...)
	wide := int(big.Uint16(hhea[34:]))
	if wide < 1 || wide > glyphs {
		wide = max(1, min(wide, glyphs))
		big.PutUint16(hhea[34:], uint16(wide))
	}
	tables["hhea"] = hhea
	widths := make([]byte, 4*wide+2*(glyphs-wide))
	copy(widths, tables["hmtx"])
	tables["hmtx"] = widths
	post := make([]byte, 32)
	big.PutUint32(post, 0x00030000)
	tables["post"] = post
	style := make([]byte, 96)
	big.PutUint16(style, 2)
	tables["OS/2"] = style
	return true
}

// outline makes the shape of a glyph.
func (p *program) outline(glyph uint16) (path typeface.Path, err error) {
	defer func() {
		if recover() != nil {
			path, err = nil, errFont
		}
	}()
	p.reader.left = glyphOctets
	segments, err := p.parsed.LoadGlyph(&p.buffer, sfnt.GlyphIndex(glyph), p.units, nil)
	if err != nil {
		return nil, err
	}
	if len(segments) > glyphSegments {
		return nil, errMeter
	}
	em := float64(p.units)
	at := func(v fixed.Point26_6) (float64, float64) { return float64(v.X) / em, float64(v.Y) / em }
	for _, s := range segments {
		var out typeface.Segment
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if len(path) > 0 {
				path = append(path, typeface.Segment{Kind: typeface.Close})
			}
			out.Kind = typeface.Move
			out.X, out.Y = at(s.Args[0])
		case sfnt.SegmentOpLineTo:
			out.Kind = typeface.Line
			out.X, out.Y = at(s.Args[0])
		case sfnt.SegmentOpQuadTo:
			out.Kind = typeface.Quad
			out.X1, out.Y1 = at(s.Args[0])
			out.X, out.Y = at(s.Args[1])
		case sfnt.SegmentOpCubeTo:
			out.Kind = typeface.Cubic
			out.X1, out.Y1 = at(s.Args[0])
			out.X2, out.Y2 = at(s.Args[1])
			out.X, out.Y = at(s.Args[2])
		}
		path = append(path, out)
	}
	if len(path) > 0 {
		path = append(path, typeface.Segment{Kind: typeface.Close})
	}
	return path, nil
}

// index is the glyph of a character, 0 when the program maps none.
func (p *program) index(r rune) (glyph uint16) {
	defer func() {
		if recover() != nil {
			glyph = 0
		}
	}()
	p.reader.left = glyphOctets
	for _, candidate := range []rune{r, 0xf000 + r} { // symbol fonts map into the private area
		if candidate > 0xffff && candidate != r {
			break
		}
		if found, err := p.parsed.GlyphIndex(&p.buffer, candidate); err == nil && found != 0 {
			return uint16(found)
		}
	}
	return 0
}

// advance is the width of a glyph in parts of the em, 0 when it is not known.
func (p *program) advance(glyph uint16) (width float64) {
	defer func() {
		if recover() != nil {
			width = 0
		}
	}()
	p.reader.left = glyphOctets
	v, err := p.parsed.GlyphAdvance(&p.buffer, sfnt.GlyphIndex(glyph), p.units, xfont.HintingNone)
	if err != nil {
		return 0
	}
	return float64(v) / float64(p.units)
}

// count of glyphs.
func (p *program) count() int { return p.parsed.NumGlyphs() }

// fontOf finds the font of a text, with its findings. id may name nothing: real files do.
func (b *builder) fontOf(id, object string) (*font, *fontResource) {
	resource := b.resources.font(id)
	if resource == nil {
		b.find(ResourceMissing, object, "font %s", shorten(id))
		resource = &fontResource{}
	}
	if resource.file != "" {
		f, ok := b.d.fonts[resource.file]
		if !ok {
			f = b.d.loadFont(resource)
			if b.d.unsigned == "" { // the next page must meet the refusal, too
				b.d.fonts[resource.file] = f
			}
		}
		if f.program == nil {
			b.find(FontBroken, object, "%s", shorten(resource.name))
		}
		return f, resource
	}
	if resource.missing {
		b.find(ResourceMissing, object, "the program of font %s", shorten(resource.name))
	}
	b.find(FontReplaced, object, "%s", shorten(resource.name))
	key := "\x00" + resource.name + "\x00" + resource.family
	f, ok := b.d.fonts[key]
	if !ok {
		f = b.d.replacement(resource)
		b.d.fonts[key] = f
	}
	return f, resource
}

func (d *Document) loadFont(resource *fontResource) *font {
	f := d.replacement(resource)
	content, err := d.read(resource.file)
	if err != nil || d.fontBytes+len(content) > d.o.Limits.FontBytes {
		return f
	}
	d.fontBytes += len(content)
	if p, err := parseProgram(content); err == nil {
		f.program = p
	}
	return f
}

// boldSongs are names of heavy Song-style faces, whose place the bold serif takes; all others are drawn by the sans, since
// running text in a bold face would be misread as stressed.
var boldSongs = []string{"小标宋", "粗宋", "大标宋", "XiaoBiaoSong", "xbs"}

func (d *Document) replacement(resource *fontResource) *font {
	f := &font{builtIn: d.o.Faces.Sans, sans: d.o.Faces.Sans, glyphs: map[uint16]*outline{}, letters: map[rune]*outline{}, outlined: &d.outlined}
	song := resource.bold && (strings.Contains(resource.name, "宋") || strings.Contains(resource.name, "Song"))
	for _, name := range boldSongs {
		song = song || strings.Contains(resource.name, name) || strings.Contains(resource.family, name)
	}
	if song && d.o.Faces.Serif != nil {
		f.builtIn, f.bold = d.o.Faces.Serif, true
	}
	return f
}

// byGlyph is the outline of a glyph number of the program; false when there is none.
func (f *font) byGlyph(glyph uint16) (*outline, bool) {
	if f.program == nil {
		return nil, false
	}
	if f.program.cids != nil {
		known := false
		if glyph, known = f.program.cids[glyph]; !known {
			return nil, false
		}
	}
	if int(glyph) >= f.program.count() {
		return nil, false
	}
	if o, ok := f.glyphs[glyph]; ok {
		return o, o != nil
	}
	path, err := f.program.outline(glyph)
	if err != nil {
		f.glyphs[glyph] = nil
		return nil, false
	}
	*f.outlined += len(path)
	o := &outline{path: path}
	f.glyphs[glyph] = o
	return o, true
}

// byLetter is the outline of a character from the built-in face; false when it has none.
func (f *font) byLetter(r rune) (*outline, bool) {
	if o, ok := f.letters[r]; ok {
		return o, o != nil
	}
	path, ok := shapeOf(f.builtIn, r)
	if !ok {
		path, ok = shapeOf(f.sans, r)
	}
	if !ok {
		f.letters[r] = nil
		return nil, false
	}
	*f.outlined += len(path)
	o := &outline{path: path}
	f.letters[r] = o
	return o, true
}

// shapeOf and advanceOf ask a face that may be absent.
func shapeOf(face *typeface.Face, r rune) (typeface.Path, bool) {
	if face == nil {
		return nil, false
	}
	path, err := face.Outline(r)
	return path, err == nil
}

func advanceOf(face *typeface.Face, r rune) (float64, bool) {
	if face == nil {
		return 0, false
	}
	return face.Advance(r)
}

// missingBox is drawn in the place of a letter that no face holds: a frame with a diagonal, so that nobody takes it for
// a letter or for nothing.
var missingBox = &outline{path: append(append(append(typeface.Path{}, rectangle(0.08, -0.8, 0.84, 0.88)...), reversed(rectangle(0.13, -0.75, 0.74, 0.78))...),
	typeface.Segment{Kind: typeface.Move, X: 0.13, Y: 0.03}, typeface.Segment{Kind: typeface.Line, X: 0.17, Y: 0.03},
	typeface.Segment{Kind: typeface.Line, X: 0.87, Y: -0.75}, typeface.Segment{Kind: typeface.Line, X: 0.83, Y: -0.75}, typeface.Segment{Kind: typeface.Close})}

// reversed runs a rectangle the other way round, so that it cuts a hole.
func reversed(p typeface.Path) typeface.Path {
	return typeface.Path{p[0], {Kind: typeface.Line, X: p[3].X, Y: p[3].Y}, p[2], {Kind: typeface.Line, X: p[1].X, Y: p[1].Y}, {Kind: typeface.Close}}
}
