package ofd

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Bounds of what Letters does for one package: octets of font programs; tables, maps, ranges and letters of them, and letters that are compared.
const (
	maxPrograms = 64 << 20
	maxLetters  = 3_000_000
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
// like is not judged, so a font whose glyph of 1 is drawn as 9 is not found. Viewers differ in which of several maps they take, so each counts. Fonts
// without a map for Unicode say nothing, and capital and small letters are one. ok is false where a bound was met, and then nothing is told. Programs of
// one path come one after the other.
func (l *Letters) Differences(u FontUse, program []byte) (all []Difference, ok bool) {
	if u.Path != l.path || l.octets == 0 {
		l.path = u.Path
		l.octets += len(program)
	}
	if l.octets > maxPrograms {
		return nil, false
	}
	font := l.open(program)
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
		l.each(font.maps, func(letter rune, glyph uint16) {
			if text[letter] && glyph != 0 && !font.empty(glyph) {
				own[glyph] = append(own[glyph], letter)
			}
		})
	}
	codes, known := map[uint16][]rune{}, map[Drawn]bool{} // by glyph: the letters that the map has for it and that are told apart
	if len(wanted)+len(own) > 0 {
		l.each(font.maps, func(letter rune, glyph uint16) {
			if distinct(letter) && (wanted[glyph] != nil || own[glyph] != nil) {
				if one := (Drawn{string(letter), glyph}); !known[one] {
					known[one] = true
					codes[glyph] = append(codes[glyph], letter)
				}
			}
		})
	}
	for glyph, shown := range codes {
		l.steps += len(shown) * (len(wanted[glyph]) + len(own[glyph]))
	}
	if l.steps > maxLetters { // a letter whose own code was not reached would be taken for another
		return nil, false
	}
	noted := map[Difference]bool{}
	note := func(letter, shown rune) {
		if one := (Difference{letter, shown}); !noted[one] {
			noted[one] = true
			all = append(all, one)
		}
	}
	for glyph, shown := range codes {
		for _, letters := range wanted[glyph] {
			if !drawsOne(letters, shown) {
				letter, _ := utf8.DecodeRuneInString(letters[strings.IndexFunc(letters, distinct):])
				note(letter, shown[0])
			}
		}
		for _, letter := range own[glyph] {
			for _, code := range shown {
				if tellable(code) && !same(letter, code) {
					note(letter, code)
				}
			}
		}
	}
	sort.Slice(all, func(i, k int) bool {
		return cmp.Or(all[i].Letter-all[k].Letter, all[i].Shown-all[k].Shown) < 0
	})
	return all, true
}

// drawsOne tells that a glyph with these codes draws one of the letters.
func drawsOne(letters string, codes []rune) bool {
	return slices.ContainsFunc(codes, func(code rune) bool {
		return strings.ContainsFunc(letters, func(letter rune) bool { return same(letter, code) })
	})
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

// font is what is read of a font program (sfnt). Whatever of it cannot be read is as if it were not there.
type font struct {
	head, loca []byte
	maps       [][]byte // the subtables of cmap that map Unicode
}

func (l *Letters) open(program []byte) (f font) {
	at := 0
	if at32(program, 0) == 0x74746366 { // ttcf, a collection: its first font
		at = int(at32(program, 12))
	}
	seen := map[int]bool{} // platforms share their maps
	count := int(at16(program, at+4))
	l.steps += count
	for i := range count {
		record := at + 12 + 16*i
		from := min(int(at32(program, record+8)), len(program))
		table := program[from:min(from+int(at32(program, record+12)), len(program))]
		switch at32(program, record) {
		case 0x68656164: // head
			f.head = table
		case 0x6C6F6361: // loca
			f.loca = table
		case 0x636D6170: // cmap; viewers differ in which of two they take
			records := int(at16(table, 2))
			l.steps += records
			for k := range records {
				platform, encoding, offset := at16(table, 4+8*k), at16(table, 6+8*k), int(at32(table, 8+8*k))
				unicode := platform == 0 || platform == 3 && (encoding == 1 || encoding == 10)
				if start := from + offset; unicode && !seen[start] {
					seen[start] = true
					f.maps = append(f.maps, table[min(offset, len(table)):])
				}
			}
		}
	}
	return f
}

// at16 and at32 read a number of a program; 0 stands behind its end.
func at16(data []byte, at int) uint16 {
	if at+2 > len(data) {
		return 0
	}
	return big.Uint16(data[at:])
}

func at32(data []byte, at int) uint32 { return uint32(at16(data, at))<<16 | uint32(at16(data, at+2)) }

// empty tells that a TrueType glyph draws nothing; of others it is not known.
func (f font) empty(glyph uint16) bool {
	if len(f.head) < 52 {
		return false
	}
	at := int(glyph)
	if big.Uint16(f.head[50:]) == 0 {
		return 2*at+4 <= len(f.loca) && at16(f.loca, 2*at) == at16(f.loca, 2*at+2)
	}
	return 4*at+8 <= len(f.loca) && at32(f.loca, 4*at) == at32(f.loca, 4*at+4)
}

// each gives every letter with its glyph.
func (l *Letters) each(maps [][]byte, visit func(letter rune, glyph uint16)) {
	for _, table := range maps {
		for one := range ranges(table) {
			if l.steps += 1 + max(0, int(one.last-one.first)+1); l.steps > maxLetters {
				return
			}
			for letter := one.first; letter <= one.last; letter++ {
				visit(letter, one.glyph(letter))
			}
		}
	}
}

// letterRange is a range of a map; one that ends before it begins holds nothing.
type letterRange struct {
	first, last rune
	glyph       func(rune) uint16 // 0 where the map has none
}

// ranges gives the ranges of a subtable of formats 0, 4, 6, 10, 12 and 13; others have none.
func ranges(table []byte) iter.Seq[letterRange] {
	return func(yield func(letterRange) bool) {
		switch format := at16(table, 0); format {
		case 0:
			yield(letterRange{0, 255, func(letter rune) uint16 { return at16(table, 5+int(letter)) & 0xFF }})
		case 4:
			segments := int(at16(table, 6) / 2)
			if 16+8*segments > len(table) {
				return
			}
			ends, starts := table[14:], table[16+2*segments:]
			deltas, offsets := table[16+4*segments:], table[16+6*segments:]
			for i := range segments {
				first, last, delta, offset := rune(at16(starts, 2*i)), rune(at16(ends, 2*i)), at16(deltas, 2*i), int(at16(offsets, 2*i))
				if !yield(letterRange{first, last, func(letter rune) uint16 {
					if offset == 0 {
						return uint16(letter) + delta
					}
					glyph := at16(offsets, 2*i+offset+2*int(letter-first))
					if glyph == 0 {
						return 0
					}
					return glyph + delta
				}}) {
					return
				}
			}
		case 6:
			first := rune(at16(table, 6))
			yield(letterRange{first, first + rune(at16(table, 8)) - 1, func(letter rune) uint16 { return at16(table, 10+2*int(letter-first)) }})
		case 10:
			first, count := rune(min(at32(table, 12), 0x110000)), min(at32(table, 16), 0x110000)
			yield(letterRange{first, first + rune(count) - 1, func(letter rune) uint16 { return at16(table, 20+2*int(letter-first)) }})
		case 12, 13:
			for i := range min(int(at32(table, 12)), (len(table)-16)/12) {
				group := table[16+12*i:]
				first, last, glyph := rune(min(at32(group, 0), 0x110000)), rune(min(at32(group, 4), 0x10FFFF)), int(at32(group, 8))
				if !yield(letterRange{first, last, func(letter rune) uint16 {
					number := glyph
					if format == 12 { // 13 has one glyph for all of a group
						number += int(letter - first)
					}
					if number <= math.MaxUint16 {
						return uint16(number)
					}
					return 0
				}}) {
					return
				}
			}
		}
	}
}
