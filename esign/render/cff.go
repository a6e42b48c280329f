package render

import "strconv"

// wrapCFF puts the tables of an sfnt around a bare CFF program (Adobe Technical Note 5176), as converters from PDF embed
// them, with the glyphs of CIDs where it is keyed by them: documents then name CIDs. False when it is none.
func wrapCFF(data []byte) (tables map[string][]byte, cids map[uint16]uint16, ok bool) {
	if len(data) < 8 || data[0] != 1 || data[2] < 4 || data[3] < 1 || data[3] > 4 {
		return nil, nil, false
	}
	_, next, ok := cffIndex(data, int(data[2])) // names
	if !ok {
		return nil, nil, false
	}
	tops, _, ok := cffIndex(data, next)
	if !ok || len(tops) != 1 {
		return nil, nil, false
	}
	top := readTop(tops[0])
	glyphs, _, ok := cffIndex(data, top.charStrings)
	if !ok || top.charStrings <= 0 || len(glyphs) == 0 || len(glyphs) > 0xffff {
		return nil, nil, false
	}
	head := make([]byte, 54)
	big.PutUint32(head, 0x00010000)
	big.PutUint32(head[12:], 0x5f0f3cf5)
	big.PutUint16(head[18:], uint16(top.units))
	maxp := big.AppendUint16([]byte{0, 0, 0x50, 0}, uint16(len(glyphs)))
	if top.byCID {
		cids = charset(data, top.charset, len(glyphs))
	}
	return map[string][]byte{"CFF ": data, "head": head, "maxp": maxp}, cids, true
}

// cffIndex reads an INDEX and gives its items and what follows it.
func cffIndex(data []byte, at int) (items [][]byte, next int, ok bool) {
	if at < 0 || at+2 > len(data) {
		return nil, 0, false
	}
	count := int(big.Uint16(data[at:]))
	if count == 0 {
		return nil, at + 2, true
	}
	if at+3 > len(data) {
		return nil, 0, false
	}
	size := int(data[at+2])
	base := at + 3
	start := base + (count+1)*size - 1
	if size < 1 || size > 4 || start+1 > len(data) {
		return nil, 0, false
	}
	offset := func(i int) int {
		v := 0
		for _, octet := range data[base+i*size : base+(i+1)*size] {
			v = v<<8 | int(octet)
		}
		return v
	}
	items = make([][]byte, count)
	for i := range items {
		from, to := offset(i), offset(i+1)
		if from < 1 || to < from || start+to > len(data) {
			return nil, 0, false
		}
		items[i] = data[start+from : start+to]
	}
	return items, start + offset(count), true
}

// top is what a Top DICT says of glyphs: where they and their names are, and how many units the em has.
type top struct {
	charStrings, charset, units int
	byCID                       bool
}

func readTop(dict []byte) top {
	t := top{units: 1000}
	var stack []float64
	for i := 0; i < len(dict); {
		b := int(dict[i])
		i++
		switch {
		case b <= 21:
			if b == 12 && i < len(dict) {
				b = 1200 + int(dict[i])
				i++
			}
			switch {
			case b == 17 && len(stack) > 0:
				t.charStrings = int(stack[len(stack)-1])
			case b == 15 && len(stack) > 0:
				t.charset = int(stack[len(stack)-1])
			case b == 1230:
				t.byCID = true
			case b == 1207 && len(stack) == 6 && stack[0] > 1.0/16384 && stack[0] < 1.0/16:
				t.units = int(1/stack[0] + 0.5)
			}
			stack = stack[:0]
		case b == 28 && i+2 <= len(dict):
			stack = append(stack, float64(int16(big.Uint16(dict[i:]))))
			i += 2
		case b == 29 && i+4 <= len(dict):
			stack = append(stack, float64(int32(big.Uint32(dict[i:]))))
			i += 4
		case b == 30:
			var text []byte
			for ended := false; !ended && i < len(dict); i++ {
				for _, nibble := range []byte{dict[i] >> 4, dict[i] & 15} {
					if nibble == 15 {
						ended = true
						break
					}
					text = append(text, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "e", "e-", "", "-"}[nibble]...)
				}
			}
			v, _ := strconv.ParseFloat(string(text), 64)
			stack = append(stack, v)
		case b >= 32 && b <= 246:
			stack = append(stack, float64(b-139))
		case b >= 247 && b <= 250 && i < len(dict):
			stack = append(stack, float64((b-247)*256+int(dict[i])+108))
			i++
		case b >= 251 && b <= 254 && i < len(dict):
			stack = append(stack, float64(-(b-251)*256-int(dict[i])-108))
			i++
		}
		if len(stack) > 48 {
			return top{units: t.units}
		}
	}
	return t
}

// charset gives the glyph of each CID (Technical Note 5176, 13); an unreadable rest is left out.
func charset(data []byte, at, glyphs int) map[uint16]uint16 {
	cids := map[uint16]uint16{0: 0}
	if at <= 2 || at >= len(data) {
		return cids
	}
	format := data[at]
	at++
	for glyph := 1; glyph < glyphs; {
		if at+2 > len(data) {
			break
		}
		first := big.Uint16(data[at:])
		at += 2
		more := 0
		switch {
		case format == 1 && at+1 <= len(data):
			more = int(data[at])
			at++
		case format == 2 && at+2 <= len(data):
			more = int(big.Uint16(data[at:]))
			at += 2
		case format != 0:
			return cids
		}
		for i := 0; i <= more && glyph < glyphs; i++ {
			cids[first+uint16(i)] = uint16(glyph)
			glyph++
		}
	}
	return cids
}
