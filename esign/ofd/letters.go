package ofd

import (
	"encoding/binary"
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// Bounds of what Letters does for one package: octets of font programs, and ranges and letters of their maps.
const (
	maxPrograms = 64 << 20
	maxLetters  = 3_000_000
	maxTables   = 64
)

// Difference is a letter of a text that a font draws as another one.
type Difference struct {
	Letter rune // what the text says
	Shown  rune // what is drawn
}

// Letters compares the letters of texts with those that their fonts draw. What one does is bounded, so that there is one for each package; the zero value is
// ready.
type Letters struct {
	octets, steps int
	path          string // of the last program
}

var big = binary.BigEndian

// Compared tells whether the text of a font holds letters that Differences compares.
func (u FontUse) Compared() bool {
	for _, letter := range u.Letters {
		if tellable(letter) {
			return true
		}
	}
	for _, one := range u.Drawn {
		if one.compared() {
			return true
		}
	}
	return false
}

func (d Drawn) compared() bool { return d.Glyph != 0 && strings.ContainsFunc(d.Letters, distinct) }

// Differences finds the letters of a text that an embedded font draws as others (D-16): where CGTransform puts in the place of letters a glyph that the
// font's own map (cmap, ISO/IEC 14496-22) has for others alone, and where the font has one glyph for two letters and the text uses it. What a glyph looks
// like is not judged, so a font whose glyph of 1 is drawn as 9 is not found. Fonts without a map for Unicode say nothing, and capital and small letters are
// one. ok is false where a bound was met. Programs of one path come one after the other.
func (l *Letters) Differences(u FontUse, program []byte) (all []Difference, ok bool) {
	if u.Path != l.path || l.octets == 0 {
		l.path = u.Path
		l.octets += len(program)
	}
	if l.octets > maxPrograms {
		return nil, false
	}
	font := openProgram(program)
	tables := font.unicodeMaps()
	wanted := map[uint16][]string{} // by glyph: the letters that CGTransform draws by it
	for _, one := range u.Drawn {
		if one.compared() {
			wanted[one.Glyph] = append(wanted[one.Glyph], one.Letters)
		}
	}
	text, own := map[rune]bool{}, map[uint16][]rune{} // letters that the font's map draws, and by which glyph
	for _, letter := range u.Letters {
		if tellable(letter) {
			text[letter] = true
		}
	}
	if len(text) > 0 {
		l.each(tables, func(letter rune, glyph uint16) {
			if text[letter] && glyph != 0 { // the first map that has it is the one
				delete(text, letter)
				if !font.empty(glyph) {
					own[glyph] = append(own[glyph], letter)
				}
			}
		})
	}
	codes, known := map[uint16][]rune{}, map[Drawn]bool{} // by glyph: the letters that the map has for it and that are told apart
	if len(wanted)+len(own) > 0 {
		l.each(tables, func(letter rune, glyph uint16) {
			if distinct(letter) && (wanted[glyph] != nil || own[glyph] != nil) {
				if one := (Drawn{string(letter), glyph}); !known[one] {
					known[one] = true
					codes[glyph] = append(codes[glyph], letter)
				}
			}
		})
	}
	noted := map[Difference]bool{}
	note := func(letter, shown rune) {
		if one := (Difference{letter, shown}); !noted[one] {
			noted[one] = true
			all = append(all, one)
		}
	}
	for glyph, drawn := range wanted {
		for _, letters := range drawn {
			if l.steps += len(codes[glyph]); l.steps > maxLetters {
				return nil, false
			}
			if shown, other := another(letters, codes[glyph]); other {
				letter, _ := utf8.DecodeRuneInString(letters[strings.IndexFunc(letters, distinct):])
				note(letter, shown)
			}
		}
	}
	for glyph, letters := range own {
		for _, letter := range letters {
			if l.steps += len(codes[glyph]); l.steps > maxLetters {
				return nil, false
			}
			for _, code := range codes[glyph] {
				if tellable(code) && !same(letter, code) {
					note(letter, code)
				}
			}
		}
	}
	sort.Slice(all, func(i, k int) bool {
		return all[i].Letter < all[k].Letter || all[i].Letter == all[k].Letter && all[i].Shown < all[k].Shown
	})
	return all, l.steps <= maxLetters
}

// another gives a letter that a glyph's codes stand for, where none of them is among the letters.
func another(letters string, codes []rune) (shown rune, other bool) {
	for _, code := range codes {
		for _, letter := range letters {
			if same(letter, code) {
				return 0, false
			}
		}
		if shown == 0 || code < shown {
			shown = code
		}
	}
	return shown, shown != 0
}

// same tells that two letters are one, or the capital and small form of one, which fonts for titles draw alike.
func same(a, b rune) bool { return a == b || a|0x20 == b|0x20 && alphanumeric(a) }

// distinct are letters that readers tell apart by sight and that have no twin among themselves: ASCII and unified ideographs.
func distinct(letter rune) bool {
	return letter > ' ' && letter < 0x7F || letter >= 0x3400 && letter <= 0x4DBF || letter >= 0x4E00 && letter <= 0x9FFF
}

// tellable are those of them that fonts do not draw alike: signs of punctuation are left out, extension A, and ideographs that differ in moon and flesh.
func tellable(letter rune) bool {
	return alphanumeric(letter) || letter >= 0x4E00 && letter <= 0x9FFF && !strings.ContainsRune("朌肦朐胊朓脁", letter)
}

func alphanumeric(letter rune) bool {
	return letter >= '0' && letter <= '9' || letter|0x20 >= 'a' && letter|0x20 <= 'z'
}

// program is a font program (sfnt). Whatever of it cannot be read is as if it were not there.
type program struct{ tables map[string][]byte }

func openProgram(data []byte) program {
	p := program{map[string][]byte{}}
	at := 0
	if len(data) >= 16 && string(data[:4]) == "ttcf" { // a collection: its first font
		at = int(big.Uint32(data[12:]))
	}
	if at < 0 || at > len(data)-12 {
		return p
	}
	count := int(big.Uint16(data[at+4:]))
	if count > maxTables {
		return p
	}
	for i := range count {
		record := at + 12 + 16*i
		if record+16 > len(data) {
			return p
		}
		from, size := uint64(big.Uint32(data[record+8:])), uint64(big.Uint32(data[record+12:]))
		if from+size <= uint64(len(data)) {
			p.tables[string(data[record:record+4])] = data[from : from+size]
		}
	}
	return p
}

// empty tells that a TrueType glyph draws nothing; of others it is not known.
func (p program) empty(glyph uint16) bool {
	head, loca := p.tables["head"], p.tables["loca"]
	if len(head) < 52 {
		return false
	}
	at := int(glyph)
	if big.Uint16(head[50:]) == 0 {
		return 2*at+4 <= len(loca) && big.Uint16(loca[2*at:]) == big.Uint16(loca[2*at+2:])
	}
	return 4*at+8 <= len(loca) && big.Uint32(loca[4*at:]) == big.Uint32(loca[4*at+4:])
}

// letterMaps are the subtables of a cmap that map Unicode, of formats 4, 6 and 12.
type letterMaps [][]byte

func (p program) unicodeMaps() (all letterMaps) {
	cmap := p.tables["cmap"]
	if len(cmap) < 4 {
		return nil
	}
	seen := map[int64]bool{}
	for i := range min(int(big.Uint16(cmap[2:])), maxTables) {
		record := 4 + 8*i
		if record+8 > len(cmap) {
			break
		}
		platform, encoding, at := big.Uint16(cmap[record:]), big.Uint16(cmap[record+2:]), int64(big.Uint32(cmap[record+4:]))
		if platform != 0 && (platform != 3 || encoding != 1 && encoding != 10) || at > int64(len(cmap))-16 {
			continue
		}
		if seen[at] { // platforms share their maps
			continue
		}
		seen[at] = true
		switch table := cmap[at:]; big.Uint16(table) {
		case 4, 6, 12:
			all = append(all, table)
		}
	}
	return all
}

// each gives every letter with its glyph.
func (l *Letters) each(maps letterMaps, visit func(letter rune, glyph uint16)) {
	for _, table := range maps {
		eachRange(table, func(first, last rune, of func(rune) uint16) bool {
			l.steps++
			for letter := first; letter <= last && l.steps <= maxLetters; letter++ {
				l.steps++
				visit(letter, of(letter))
			}
			return l.steps <= maxLetters
		})
	}
}

// eachRange gives the ranges of a subtable.
func eachRange(table []byte, visit func(first, last rune, of func(rune) uint16) bool) {
	switch big.Uint16(table) {
	case 4:
		segments := int(big.Uint16(table[6:]) / 2)
		if 16+8*segments > len(table) {
			return
		}
		ends, starts := table[14:], table[16+2*segments:]
		deltas, offsets := table[16+4*segments:], table[16+6*segments:]
		for i := range segments {
			first, last, delta, offset := rune(big.Uint16(starts[2*i:])), rune(big.Uint16(ends[2*i:])), big.Uint16(deltas[2*i:]), int(big.Uint16(offsets[2*i:]))
			if last == 0xFFFF { // the end mark
				last--
			}
			if first > last {
				continue
			}
			if !visit(first, last, func(letter rune) uint16 {
				if offset == 0 {
					return uint16(letter) + delta
				}
				at := 2*i + offset + 2*int(letter-first)
				if at+2 > len(offsets) || big.Uint16(offsets[at:]) == 0 {
					return 0
				}
				return big.Uint16(offsets[at:]) + delta
			}) {
				return
			}
		}
	case 6:
		first, count := rune(big.Uint16(table[6:])), int(big.Uint16(table[8:]))
		count = min(count, (len(table)-10)/2)
		visit(first, first+rune(count)-1, func(letter rune) uint16 { return big.Uint16(table[10+2*int(letter-first):]) })
	case 12:
		groups := min(int(big.Uint32(table[12:])), (len(table)-16)/12)
		for i := range groups {
			group := table[16+12*i:]
			first, last, glyph := big.Uint32(group), big.Uint32(group[4:]), big.Uint32(group[8:])
			if first > last || last > 0x10FFFF || glyph > math.MaxUint16 {
				continue
			}
			if !visit(rune(first), rune(last), func(letter rune) uint16 { return uint16(glyph + uint32(letter) - first) }) {
				return
			}
		}
	}
}
