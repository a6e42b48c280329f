// Package typeface holds the built-in letters: two subsets of Noto CJK (SIL Open Font License, see OFL.txt) that draw the
// GB 2312 characters. It gives outlines for seals and small TrueType files with just the characters of one document. It
// is a leaf: no I/O beyond the embedded files, no state that changes.
//
// A character that a face does not hold is reported; nothing is ever drawn as an empty box.
package typeface

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync"
)

//go:embed YinxinSans.ttf
var sansFile []byte

//go:embed YinxinSerif.ttf
var serifFile []byte

// ErrMissing: the face does not hold a character.
var ErrMissing = errors.New("typeface: character cannot be drawn")

// Face is a typeface with TrueType outlines.
type Face struct {
	name    string
	data    []byte
	tables  map[string][]byte
	glyphs  map[rune]uint16
	unitsEm float64
	long    bool // loca has 32-bit offsets
	metrics int  // entries of hmtx with an advance of their own
	count   int
}

// built is a face that is read when it is first asked for. A program that never asks holds neither face: the linker leaves
// the files out, which keeps the verifier in the browser small.
type built struct {
	once sync.Once
	face *Face
}

var sans, serif built

// Sans is the upright face of running text.
func Sans() *Face {
	sans.once.Do(func() { sans.face = mustParse("Yinxin Sans", sansFile) })
	return sans.face
}

// Serif is the bold Song-style face of titles and seals.
func Serif() *Face {
	serif.once.Do(func() { serif.face = mustParse("Yinxin Serif", serifFile) })
	return serif.face
}

// SansFile is the file of Sans, for a program that hands it to another one, and Read reads it there.
func SansFile() []byte { return sansFile }

// Read reads the file of one of these faces; it is not for fonts from elsewhere.
func Read(file []byte) (*Face, error) { return parse("Yinxin Sans", file) }

// mustParse reads an embedded file; a broken one is a broken build.
func mustParse(name string, data []byte) *Face {
	f, err := parse(name, data)
	if err != nil {
		panic(err)
	}
	return f
}

var big = binary.BigEndian

func parse(name string, data []byte) (*Face, error) {
	f := &Face{name: name, data: data, tables: map[string][]byte{}, glyphs: map[rune]uint16{}}
	if len(data) < 12 {
		return nil, fmt.Errorf("typeface: %s is cut", name)
	}
	for i := range int(big.Uint16(data[4:])) {
		record := data[12+16*i:]
		offset, length := big.Uint32(record[8:]), big.Uint32(record[12:])
		if uint64(offset)+uint64(length) > uint64(len(data)) {
			return nil, fmt.Errorf("typeface: %s is cut", name)
		}
		f.tables[string(record[:4])] = data[offset : offset+length]
	}
	for _, tag := range []string{"head", "hhea", "maxp", "hmtx", "loca", "glyf", "cmap"} {
		if len(f.tables[tag]) == 0 {
			return nil, fmt.Errorf("typeface: %s has no table %s", name, tag)
		}
	}
	f.unitsEm, f.long = float64(big.Uint16(f.tables["head"][18:])), big.Uint16(f.tables["head"][50:]) == 1
	f.metrics, f.count = int(big.Uint16(f.tables["hhea"][34:])), int(big.Uint16(f.tables["maxp"][4:]))
	return f, f.readMap()
}

// readMap reads the character map: format 4 or 12 of a Unicode subtable.
func (f *Face) readMap() error {
	cmap := f.tables["cmap"]
	for i := range int(big.Uint16(cmap[2:])) {
		sub := cmap[big.Uint32(cmap[4+8*i+4:]):]
		switch big.Uint16(sub) {
		case 4:
			f.readSegments(sub)
		case 12:
			for g := range int(big.Uint32(sub[12:])) {
				group := sub[16+12*g:]
				first, last, glyph := big.Uint32(group), big.Uint32(group[4:]), big.Uint32(group[8:])
				for r := first; r <= last; r++ {
					f.glyphs[rune(r)] = uint16(glyph + r - first)
				}
			}
		}
	}
	if len(f.glyphs) == 0 {
		return fmt.Errorf("typeface: %s maps no character", f.name)
	}
	return nil
}

func (f *Face) readSegments(sub []byte) {
	segments := int(big.Uint16(sub[6:])) / 2
	end, start, delta, offset := sub[14:], sub[16+2*segments:], sub[16+4*segments:], sub[16+6*segments:]
	for s := range segments {
		first, last := big.Uint16(start[2*s:]), big.Uint16(end[2*s:])
		for r := uint32(first); r <= uint32(last) && r != 0xffff; r++ {
			glyph := uint16(r) + big.Uint16(delta[2*s:])
			if o := big.Uint16(offset[2*s:]); o != 0 {
				glyph = big.Uint16(offset[2*s+int(o)+2*int(r-uint32(first)):])
				if glyph != 0 {
					glyph += big.Uint16(delta[2*s:])
				}
			}
			if glyph != 0 {
				f.glyphs[rune(r)] = glyph
			}
		}
	}
}

// Name of the face.
func (f *Face) Name() string { return f.name }

// Family of the face.
func (f *Face) Family() string { return f.name }

// Advance is the width of a character in parts of the size; false when the face does not hold it.
func (f *Face) Advance(r rune) (float64, bool) {
	glyph, ok := f.glyphs[r]
	if !ok {
		return 0, false
	}
	return float64(f.advance(glyph)) / f.unitsEm, true
}

func (f *Face) advance(glyph uint16) uint16 {
	return big.Uint16(f.tables["hmtx"][4*min(int(glyph), f.metrics-1):])
}

func (f *Face) bearing(glyph uint16) uint16 {
	hmtx := f.tables["hmtx"]
	if int(glyph) < f.metrics {
		return big.Uint16(hmtx[4*int(glyph)+2:])
	}
	return big.Uint16(hmtx[4*f.metrics+2*(int(glyph)-f.metrics):])
}

// Missing lists the characters of a text that the face does not hold.
func (f *Face) Missing(text string) []rune {
	var missing []rune
	for _, r := range text {
		if _, ok := f.glyphs[r]; !ok {
			missing = append(missing, r)
		}
	}
	return missing
}

// outline is the stored form of a glyph; empty for a blank one.
func (f *Face) outline(glyph uint16) []byte {
	at := func(i int) uint32 {
		if f.long {
			return big.Uint32(f.tables["loca"][4*i:])
		}
		return 2 * uint32(big.Uint16(f.tables["loca"][2*i:]))
	}
	return f.tables["glyf"][at(int(glyph)):at(int(glyph)+1)]
}

// Outline is the shape of a character: y grows downwards, the base line is 0, one unit is the size of the letters.
func (f *Face) Outline(r rune) (Path, error) {
	glyph, ok := f.glyphs[r]
	if !ok {
		return nil, fmt.Errorf("%w: U+%04X", ErrMissing, r)
	}
	data := f.outline(glyph)
	if len(data) == 0 {
		return nil, nil
	}
	contours := int(int16(big.Uint16(data)))
	if contours < 0 {
		return nil, fmt.Errorf("typeface: composite glyph of U+%04X", r) // the build script writes simple ones only
	}
	return f.contours(data[10:], contours), nil
}

type point struct {
	x, y float64
	on   bool
}

// contours reads a simple glyph (OpenType 1.9, glyf).
func (f *Face) contours(data []byte, count int) Path {
	if count == 0 {
		return nil
	}
	ends := make([]int, count)
	for i := range ends {
		ends[i] = int(big.Uint16(data[2*i:]))
	}
	data = data[2*count:]
	data = data[2+int(big.Uint16(data)):] // instructions
	total := ends[count-1] + 1
	flags := make([]byte, 0, total)
	for len(flags) < total {
		flag := data[0]
		data = data[1:]
		flags = append(flags, flag)
		if flag&8 != 0 {
			for range data[0] {
				flags = append(flags, flag)
			}
			data = data[1:]
		}
	}
	points := make([]point, total)
	read := func(short, same byte, set func(i int, v int)) {
		value := 0
		for i, flag := range flags {
			switch {
			case flag&short != 0 && flag&same != 0:
				value += int(data[0])
				data = data[1:]
			case flag&short != 0:
				value -= int(data[0])
				data = data[1:]
			case flag&same == 0:
				value += int(int16(big.Uint16(data)))
				data = data[2:]
			}
			set(i, value)
		}
	}
	read(2, 16, func(i, v int) { points[i].x = float64(v) / f.unitsEm })
	read(4, 32, func(i, v int) { points[i].y = -float64(v) / f.unitsEm })
	for i, flag := range flags {
		points[i].on = flag&1 != 0
	}
	var path Path
	start := 0
	for _, end := range ends {
		path = appendContour(path, points[start:end+1])
		start = end + 1
	}
	return path
}

// appendContour turns on-curve and off-curve points into lines and quadratic curves.
func appendContour(path Path, points []point) Path {
	if len(points) < 2 {
		return path
	}
	middle := func(a, b point) point { return point{(a.x + b.x) / 2, (a.y + b.y) / 2, true} }
	first := points[0]
	if !first.on {
		if last := points[len(points)-1]; last.on {
			first = last
		} else {
			first = middle(first, last)
		}
	}
	path = append(path, Segment{Kind: Move, X: first.x, Y: first.y})
	var control *point
	for i := range points {
		p := points[(i+1)%len(points)]
		if i == 0 && !points[0].on {
			c := points[0]
			control = &c
		}
		switch {
		case p.on && control != nil:
			path = append(path, Segment{Kind: Quad, X1: control.x, Y1: control.y, X: p.x, Y: p.y})
			control = nil
		case p.on:
			path = append(path, Segment{Kind: Line, X: p.x, Y: p.y})
		case control != nil:
			m := middle(*control, p)
			path = append(path, Segment{Kind: Quad, X1: control.x, Y1: control.y, X: m.x, Y: m.y})
			c := p
			control = &c
		default:
			c := p
			control = &c
		}
	}
	return append(path, Segment{Kind: Close})
}

// Subset is a TrueType file with the characters of the text and no others; the same text always gives the same octets.
func (f *Face) Subset(text string) ([]byte, error) {
	used := map[rune]uint16{}
	for _, r := range text {
		glyph, ok := f.glyphs[r]
		if !ok {
			return nil, fmt.Errorf("%w: U+%04X", ErrMissing, r)
		}
		used[r] = glyph
	}
	runes := make([]rune, 0, len(used))
	for r := range used {
		runes = append(runes, r)
	}
	sort.Slice(runes, func(i, j int) bool { return runes[i] < runes[j] })
	glyphs := []uint16{0} // .notdef stays first
	newID := map[uint16]uint16{0: 0}
	for _, r := range runes {
		if _, ok := newID[used[r]]; !ok {
			newID[used[r]] = uint16(len(glyphs))
			glyphs = append(glyphs, used[r])
		}
	}
	return f.assemble(runes, used, glyphs, newID), nil
}

// assemble writes the tables that readers need.
func (f *Face) assemble(runes []rune, used map[rune]uint16, glyphs []uint16, newID map[uint16]uint16) []byte {
	var glyf, loca, hmtx []byte
	for _, glyph := range glyphs {
		loca = big.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, f.outline(glyph)...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = big.AppendUint16(big.AppendUint16(hmtx, f.advance(glyph)), f.bearing(glyph))
	}
	loca = big.AppendUint32(loca, uint32(len(glyf)))
	head := append([]byte(nil), f.tables["head"]...)
	big.PutUint32(head[8:], 0)
	big.PutUint16(head[50:], 1)
	hhea := append([]byte(nil), f.tables["hhea"]...)
	big.PutUint16(hhea[34:], uint16(len(glyphs)))
	maxp := append([]byte(nil), f.tables["maxp"]...)
	big.PutUint16(maxp[4:], uint16(len(glyphs)))
	tables := []table{{"OS/2", f.tables["OS/2"]}, {"cmap", groupMap(runes, used, newID)}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca},
		{"maxp", maxp}, {"name", f.tables["name"]}, {"post", f.tables["post"]}}
	return writeFont(tables)
}

// groupMap is a cmap with one subtable of format 12 (Unicode full repertoire) and the same as format 4 for readers that
// know no other.
func groupMap(runes []rune, used map[rune]uint16, newID map[uint16]uint16) []byte {
	var wide []byte
	var basic []rune
	for _, r := range runes {
		wide = big.AppendUint32(big.AppendUint32(big.AppendUint32(wide, uint32(r)), uint32(r)), uint32(newID[used[r]]))
		if r < 0xffff {
			basic = append(basic, r)
		}
	}
	format12 := big.AppendUint16(nil, 12)
	format12 = big.AppendUint16(format12, 0)
	format12 = big.AppendUint32(format12, uint32(16+len(wide)))
	format12 = big.AppendUint32(format12, 0)
	format12 = append(big.AppendUint32(format12, uint32(len(runes))), wide...)
	format4 := segmentMap(basic, func(r rune) uint16 { return newID[used[r]] })
	head := big.AppendUint16(big.AppendUint16(nil, 0), 2)
	head = big.AppendUint32(big.AppendUint16(big.AppendUint16(head, 3), 1), 20)
	head = big.AppendUint32(big.AppendUint16(big.AppendUint16(head, 3), 10), uint32(20+len(format4)))
	return append(append(head, format4...), format12...)
}

func segmentMap(runes []rune, glyph func(rune) uint16) []byte {
	count := len(runes) + 1
	power := 1
	selector := 0
	for power*2 <= count {
		power, selector = power*2, selector+1
	}
	out := big.AppendUint16(nil, 4)
	out = big.AppendUint16(out, uint16(16+8*count))
	out = big.AppendUint16(out, 0)
	for _, v := range []int{2 * count, 2 * power, selector, 2 * (count - power)} {
		out = big.AppendUint16(out, uint16(v))
	}
	for _, r := range runes {
		out = big.AppendUint16(out, uint16(r))
	}
	out = big.AppendUint16(big.AppendUint16(out, 0xffff), 0)
	for _, r := range runes {
		out = big.AppendUint16(out, uint16(r))
	}
	out = big.AppendUint16(out, 0xffff)
	for _, r := range runes {
		out = big.AppendUint16(out, glyph(r)-uint16(r))
	}
	out = big.AppendUint16(out, 1)
	return append(out, make([]byte, 2*count)...)
}

type table struct {
	tag  string
	data []byte
}

// writeFont writes the table directory with its sums (OpenType 1.9, Organization of an OpenType Font).
func writeFont(tables []table) []byte {
	power, selector := 1, 0
	for power*2 <= len(tables) {
		power, selector = power*2, selector+1
	}
	out := big.AppendUint32(nil, 0x00010000)
	for _, v := range []int{len(tables), 16 * power, selector, 16 * (len(tables) - power)} {
		out = big.AppendUint16(out, uint16(v))
	}
	at := len(out) + 16*len(tables)
	for _, t := range tables {
		out = append(out, t.tag...)
		out = big.AppendUint32(big.AppendUint32(big.AppendUint32(out, sum(t.data)), uint32(at)), uint32(len(t.data)))
		at += (len(t.data) + 3) &^ 3
	}
	headAt := 0
	for _, t := range tables {
		if t.tag == "head" {
			headAt = len(out)
		}
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	big.PutUint32(out[headAt+8:], 0xB1B0AFBA-sum(out))
	return out
}

func sum(data []byte) uint32 {
	var total uint32
	for len(data) >= 4 {
		total += big.Uint32(data)
		data = data[4:]
	}
	if len(data) > 0 {
		var last [4]byte
		copy(last[:], data)
		total += big.Uint32(last[:])
	}
	return total
}

// Glyph is the number of a character in the file of the face; false when the face does not hold it.
func (f *Face) Glyph(r rune) (uint16, bool) {
	glyph, ok := f.glyphs[r]
	return glyph, ok
}

// Metrics of a face in thousandths of the size (ISO 32000-1, 9.8): the box around all letters, and how far they reach above and below the base line.
type Metrics struct {
	Box             [4]int // left, bottom, right, top
	Ascent, Descent int
}

// Metrics are those that the file says of itself.
func (f *Face) Metrics() Metrics {
	unit := func(table string, at int) int {
		return int(float64(int16(big.Uint16(f.tables[table][at:]))) * 1000 / f.unitsEm)
	}
	return Metrics{Box: [4]int{unit("head", 36), unit("head", 38), unit("head", 40), unit("head", 42)}, Ascent: unit("hhea", 4), Descent: unit("hhea", 6)}
}
