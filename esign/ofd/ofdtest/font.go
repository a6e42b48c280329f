package ofdtest

import (
	"encoding/binary"
	"maps"
	"slices"
)

// FontProgram is a TrueType program (ISO/IEC 14496-22) with a map for Unicode in a format of cmap (4, 6 or 12) and nothing that draws: enough for those who
// compare letters. Glyphs in empty have no outline, others an octet of one; in format 6 the letters follow each other.
func FontProgram(format uint16, letters map[rune]uint16, empty ...uint16) []byte {
	var table []byte
	put16 := func(values ...uint16) {
		for _, v := range values {
			table = binary.BigEndian.AppendUint16(table, v)
		}
	}
	put32 := func(values ...uint32) {
		for _, v := range values {
			table = binary.BigEndian.AppendUint32(table, v)
		}
	}
	order := slices.Sorted(maps.Keys(letters))
	switch format {
	case 4:
		n := len(order) + 1
		put16(4, uint16(16+8*n), 0, uint16(2*n), 0, 0, 0)
		for _, letter := range order {
			put16(uint16(letter))
		}
		put16(0xFFFF, 0)
		for _, letter := range order {
			put16(uint16(letter))
		}
		put16(0xFFFF)
		for _, letter := range order {
			put16(letters[letter] - uint16(letter))
		}
		put16(1)
		put16(make([]uint16, n)...)
	case 6:
		put16(6, uint16(10+2*len(order)), 0, uint16(order[0]), uint16(len(order)))
		for _, letter := range order {
			put16(letters[letter])
		}
		put16(0, 0, 0)
	case 12:
		put16(12, 0)
		put32(uint32(16+12*len(order)), 0, uint32(len(order)))
		for _, letter := range order {
			put32(uint32(letter), uint32(letter), uint32(letters[letter]))
		}
	}
	encoding := uint16(1)
	if format == 12 {
		encoding = 10
	}
	cmap := table
	table = nil
	put16(0, 1, 3, encoding)
	put32(12)
	cmap = append(table, cmap...)

	most := uint16(0)
	for _, glyph := range letters {
		most = max(most, glyph)
	}
	table = nil
	at := uint32(0)
	for glyph := uint16(0); glyph <= most; glyph++ {
		put32(at)
		if !slices.Contains(empty, glyph) {
			at++
		}
	}
	put32(at)
	head := make([]byte, 54)
	head[51] = 1 // loca of 32 bits
	return Program(map[string][]byte{"cmap": cmap, "head": head, "loca": table})
}

// Program is a font program (sfnt) with these tables, which stand in it in the order of their names.
func Program(tables map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(tables))
	out := binary.BigEndian.AppendUint16([]byte{0, 1, 0, 0}, uint16(len(names)))
	out = append(out, make([]byte, 6)...)
	at := uint32(12 + 16*len(names))
	var body []byte
	for _, name := range names {
		out = append(append(out, name...), 0, 0, 0, 0)
		out = binary.BigEndian.AppendUint32(out, at)
		out = binary.BigEndian.AppendUint32(out, uint32(len(tables[name])))
		at += uint32(len(tables[name]))
		body = append(body, tables[name]...)
	}
	return append(out, body...)
}
