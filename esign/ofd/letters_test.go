package ofd_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// TestD16LettersThatAreDrawnAsOthers compares what a text says with what its font draws.
func TestD16LettersThatAreDrawnAsOthers(t *testing.T) {
	font := map[rune]uint16{'0': 1, '1': 2, '2': 3, '3': 4, 'A': 5, 'a': 6, '壹': 7, '玖': 8, 0x2F00: 9, 'Α': 10, ' ': 11}
	with := func(changes map[rune]uint16) map[rune]uint16 {
		all := map[rune]uint16{}
		for letter, glyph := range font {
			all[letter] = glyph
		}
		for letter, glyph := range changes {
			all[letter] = glyph
		}
		return all
	}
	for name, c := range map[string]struct {
		font    map[rune]uint16
		empty   []uint16
		drawn   []ofd.Drawn
		letters string
		want    []ofd.Difference
	}{
		"its own glyph":                          {font: font, drawn: []ofd.Drawn{{"1", 2}, {"壹", 7}}},
		"the glyph of another digit":             {font: font, drawn: []ofd.Drawn{{"1", 4}}, want: []ofd.Difference{{'1', '3'}}},
		"the glyph of another ideograph":         {font: font, drawn: []ofd.Drawn{{"壹", 8}, {"2", 3}}, want: []ofd.Difference{{'壹', '玖'}}},
		"a glyph that no letter has":             {font: font, drawn: []ofd.Drawn{{"1", 99}}},
		"no glyph":                               {font: font, drawn: []ofd.Drawn{{"1", 0}}},
		"the glyph of a twin":                    {font: font, drawn: []ofd.Drawn{{"一", 9}, {"A", 10}}},
		"a letter outside what sight tells":      {font: font, drawn: []ofd.Drawn{{"Α", 5}, {"①", 2}, {" ", 2}}},
		"a glyph of two letters, one its own":    {font: with(map[rune]uint16{'3': 2}), drawn: []ofd.Drawn{{"1", 2}}},
		"capital by small":                       {font: font, drawn: []ofd.Drawn{{"A", 6}}},
		"a ligature of its letters":              {font: font, drawn: []ofd.Drawn{{"12", 2}, {"12", 3}}},
		"a ligature of others":                   {font: font, drawn: []ofd.Drawn{{"12", 4}}, want: []ofd.Difference{{'1', '3'}}},
		"a code of private use beside another's": {font: with(map[rune]uint16{0xE000: 4}), drawn: []ofd.Drawn{{"1", 4}}, want: []ofd.Difference{{'1', '3'}}},
		"one glyph for two ideographs":           {font: with(map[rune]uint16{'玖': 7}), letters: "壹", want: []ofd.Difference{{'壹', '玖'}}},
		"one glyph for moon and flesh":           {font: with(map[rune]uint16{'朐': 12, '胊': 12, '㬵': 13, '胶': 13}), letters: "朐胶"},
		"one glyph for two signs":                {font: with(map[rune]uint16{'-': 12, '~': 12}), letters: "-"},
		"one glyph for two digits":               {font: with(map[rune]uint16{'3': 2}), letters: "1a", want: []ofd.Difference{{'1', '3'}}},
		"one glyph for two digits, not used":     {font: with(map[rune]uint16{'3': 2}), letters: "0壹"},
		"one glyph for two digits, empty":        {font: with(map[rune]uint16{'3': 2}), letters: "1", empty: []uint16{2}},
		"one glyph for capital and small":        {font: with(map[rune]uint16{'a': 5}), letters: "aA"},
		"one glyph for a digit and another sign": {font: with(map[rune]uint16{'Α': 2}), letters: "1"},
		"letters that the font lacks":            {font: font, letters: "xyz9"},
		"nothing is written":                     {font: font},
	} {
		for _, format := range []uint16{4, 12} {
			got, ok := new(ofd.Letters).Differences(ofd.FontUse{Drawn: c.drawn, Letters: []rune(c.letters)}, ofdtest.FontProgram(format, c.font, c.empty...))
			if !ok || !slices.Equal(got, c.want) {
				t.Errorf("%s, format %d: %v %v", name, format, got, ok)
			}
		}
	}
	six := ofdtest.FontProgram(6, map[rune]uint16{'0': 1, '1': 2, '2': 2})
	if got, ok := new(ofd.Letters).Differences(ofd.FontUse{Letters: []rune("0"), Drawn: []ofd.Drawn{{"0", 2}}}, six); !ok || !slices.Equal(got, []ofd.Difference{{'0', '1'}}) {
		t.Errorf("format 6: %v %v", got, ok)
	}
	if got, ok := new(ofd.Letters).Differences(ofd.FontUse{Drawn: []ofd.Drawn{{"0", 2}}}, collectionOf(six)); !ok || !slices.Equal(got, []ofd.Difference{{'0', '1'}}) {
		t.Errorf("a collection: %v %v", got, ok)
	}
}

// TestFontsThatSayNothing: a program that cannot be read, or maps no Unicode, makes no finding.
func TestFontsThatSayNothing(t *testing.T) {
	good := ofdtest.FontProgram(4, map[rune]uint16{'0': 1, '1': 2})
	use := ofd.FontUse{Drawn: []ofd.Drawn{{"0", 2}}, Letters: []rune("01")}
	if got, _ := new(ofd.Letters).Differences(use, good); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	for _, program := range [][]byte{good, collectionOf(good)} {
		for cut := range program {
			if _, ok := new(ofd.Letters).Differences(use, slices.Clip(program[:cut])); !ok {
				t.Errorf("cut at %d: a bound", cut)
			}
		}
	}
	for name, change := range map[string]func(b []byte){
		"of Macintosh":         func(b []byte) { put16(b, "cmap", 4, 1) },
		"of symbols":           func(b []byte) { put16(b, "cmap", 6, 0) },
		"of an unknown format": func(b []byte) { put16(b, "cmap", 12, 2) },
		"beyond the table":     func(b []byte) { put16(b, "cmap", 8, 0x7FFF) },
		"too many segments":    func(b []byte) { put16(b, "cmap", 18, 0xFFFE) },
	} {
		b := slices.Clone(good)
		change(b)
		if got, ok := new(ofd.Letters).Differences(use, b); len(got) != 0 || !ok {
			t.Errorf("a map %s: %v %v", name, got, ok)
		}
	}
	unicode := slices.Clone(good)
	put16(unicode, "cmap", 4, 0)
	if got, _ := new(ofd.Letters).Differences(use, unicode); len(got) != 1 {
		t.Errorf("a map of platform 0: %v", got)
	}
}

// collectionOf is a collection of one font, whose tables count from the beginning of the file.
func collectionOf(program []byte) []byte {
	out := append([]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x10"), program...)
	for i := range int(binary.BigEndian.Uint16(program[4:])) {
		at := 16 + 12 + 16*i + 8
		binary.BigEndian.PutUint32(out[at:], binary.BigEndian.Uint32(out[at:])+16)
	}
	return out
}

// put16 writes into a table of a program.
func put16(program []byte, table string, at int, value uint16) {
	for i := 12; i < 12+16*int(binary.BigEndian.Uint16(program[4:])); i += 16 {
		if string(program[i:i+4]) == table {
			binary.BigEndian.PutUint16(program[int(binary.BigEndian.Uint32(program[i+8:]))+at:], value)
		}
	}
}

// TestLettersAreBounded: what one package makes its reader do is bounded for all its fonts together.
func TestLettersAreBounded(t *testing.T) {
	all := map[rune]uint16{}
	for letter := rune(0x4E00); letter < 0x9F00; letter++ {
		all[letter] = uint16(letter - 0x4E00 + 1)
	}
	program := ofdtest.FontProgram(12, all)
	var letters ofd.Letters
	met := 0
	for n := range 200 {
		use := ofd.FontUse{ID: fmt.Sprint(n), Drawn: []ofd.Drawn{{"丁", 1}}}
		got, ok := letters.Differences(use, program)
		if ok {
			met = n
		}
		if ok && !slices.Equal(got, []ofd.Difference{{'丁', '一'}}) {
			t.Fatalf("font %d: %v", n, got)
		}
	}
	if met < 10 || met == 199 {
		t.Errorf("%d fonts were compared", met)
	}
	if _, ok := new(ofd.Letters).Differences(ofd.FontUse{}, make([]byte, 64<<20+1)); ok {
		t.Error("a program above the bound")
	}
	var groups ofd.FontUse // ranges that give one glyph to one letter over and over
	heavy := ofdtest.FontProgram(12, map[rune]uint16{'1': 1, '2': 1})
	groups.Letters = []rune("12")
	at := int(binary.BigEndian.Uint32(heavy[20:])) // of the map, the first table
	body := slices.Repeat(heavy[at+12+16:at+12+28], 1_600_000)
	heavy = append(heavy[:at+12+16], body...)
	binary.BigEndian.PutUint32(heavy[24:], uint32(len(heavy)-at))
	binary.BigEndian.PutUint32(heavy[at+12+12:], 1_600_000)
	if _, ok := new(ofd.Letters).Differences(groups, heavy); ok {
		t.Error("hundreds of thousands of ranges, twice")
	}
	many := ofd.FontUse{}
	same := map[rune]uint16{}
	for n := range rune(2000) {
		many.Drawn, same['一'+n] = append(many.Drawn, ofd.Drawn{Letters: string('龠' - n), Glyph: 1}), 1
	}
	if _, ok := new(ofd.Letters).Differences(many, ofdtest.FontProgram(12, same)); ok {
		t.Error("thousands of letters by thousands of codes")
	}
}

// TestLettersThatAreCompared walks the borders of what sight tells apart.
func TestLettersThatAreCompared(t *testing.T) {
	for letters, want := range map[string]struct{ byCode, byGlyph bool }{
		"": {}, " ": {}, "\x7f": {}, "é": {}, "①": {}, "㏿": {}, "\u4dc0": {}, "䷿": {}, "ꀀ": {},
		"!": {false, true}, "/": {false, true}, ":": {false, true}, "@": {false, true}, "[": {false, true}, "`": {false, true}, "{": {false, true}, "~": {false, true},
		"0": {true, true}, "9": {true, true}, "A": {true, true}, "Z": {true, true}, "a": {true, true}, "z": {true, true},
		"㐀": {false, true}, "䶿": {false, true}, "朌": {false, true}, "一": {true, true}, "\u9fff": {true, true},
		"é/": {false, true}, "é1": {true, true},
	} {
		if got := (ofd.FontUse{Letters: []rune(letters)}).Compared(); got != want.byCode {
			t.Errorf("%q by codes: %v", letters, got)
		}
		if got := (ofd.FontUse{Drawn: []ofd.Drawn{{"é", 7}, {letters, 7}}}).Compared(); got != want.byGlyph {
			t.Errorf("%q by a glyph: %v", letters, got)
		}
		if (ofd.FontUse{Drawn: []ofd.Drawn{{letters, 0}}}).Compared() {
			t.Errorf("%q by no glyph", letters)
		}
	}
}

// mapsOf is a cmap with subtables, each of platform 3 and encoding 10.
func mapsOf(subtables ...[]byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(len(subtables)))
	var body []byte
	for _, table := range subtables {
		out = binary.BigEndian.AppendUint32(append(out, 0, 3, 0, 10), uint32(4+8*len(subtables)+len(body)))
		body = append(body, table...)
	}
	return append(out, body...)
}

func words(values ...uint16) []byte {
	var out []byte
	for _, v := range values {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}

// groups is a subtable of format 12: first and last letter and the first glyph of each range.
func groups(all ...[3]uint32) []byte {
	out := words(12, 0, 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, uint32(len(all)))
	for _, group := range all {
		for _, v := range group {
			out = binary.BigEndian.AppendUint32(out, v)
		}
	}
	return out
}

// alike makes it one of format 13, where a group has one glyph.
func alike(subtable []byte) []byte {
	subtable[1] = 13
	return subtable
}

// octets is a subtable of format 0.
func octets(glyphs map[byte]byte) []byte {
	out := append(words(0, 262, 0), make([]byte, 256)...)
	for letter, glyph := range glyphs {
		out[6+int(letter)] = glyph
	}
	return out
}

// glyphOf is a group of one letter.
func glyphOf(letter rune, glyph uint32) [3]uint32 {
	return [3]uint32{uint32(letter), uint32(letter), glyph}
}

// TestMapsOfFonts reads maps as viewers do: what a broken or a second one holds is not passed over, and what it lacks is no letter.
func TestMapsOfFonts(t *testing.T) {
	cmap := func(subtables ...[]byte) map[string][]byte { return map[string][]byte{"cmap": mapsOf(subtables...)} }
	text := func(letters string, drawn ...ofd.Drawn) ofd.FontUse {
		return ofd.FontUse{Letters: []rune(letters), Drawn: drawn}
	}
	told := []ofd.Difference{{'1', '3'}}
	array := func(values ...uint16) []byte { // 1 to 3 by an array behind the segments, with a delta
		return words(append([]uint16{4, 0, 0, 4, 0, 0, 0, '3', 0xFFFF, 0, '1', 0xFFFF, 5, 1, 4, 0}, values...)...)
	}
	for name, c := range map[string]struct {
		tables map[string][]byte
		use    ofd.FontUse
		want   []ofd.Difference
	}{
		"no glyph for either":             {cmap(groups(glyphOf('1', 0), glyphOf('3', 0))), text("1"), nil},
		"a second map":                    {cmap(groups(glyphOf('1', 2), glyphOf('3', 4)), groups(glyphOf('1', 4))), text("1"), told},
		"a second map, first without":     {cmap(groups(glyphOf('1', 0)), groups(glyphOf('1', 2), glyphOf('3', 2))), text("1"), told},
		"an array":                        {cmap(array(2, 0, 2)), text("1"), told},
		"an array that misses a letter":   {cmap(array(2, 0, 2)), text("", ofd.Drawn{Letters: "a", Glyph: 5}), nil},
		"an array that is cut":            {cmap(array(2, 0)), text("", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"a segment that ends first":       {cmap(words(4, 0, 0, 4, 0, 0, 0, '1', 0xFFFF, 0, '3', 0xFFFF, 0, 1, 0, 0)), text("", ofd.Drawn{Letters: "a", Glyph: '3'}), nil},
		"two letters and the end":         {cmap(words(6, 0, 0, '1', 2, 7, 7)), text("1"), []ofd.Difference{{'1', '2'}}},
		"one letter and the end":          {cmap(words(6, 0, 0, '1', 1, 7)), text("a", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"fewer glyphs than letters":       {cmap(words(6, 0, 0, '1', 100, 7)), text("a", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"a group beyond what letters are": {cmap(groups([3]uint32{'1', 0x110000, 7})), text("", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"a group behind all letters":      {cmap(groups([3]uint32{0xFFFFFFFF, 0xFFFFFFFF, 7}, glyphOf('1', 7))), text("", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"a group that ends first":         {cmap(groups([3]uint32{'3', '1', 7})), text("", ofd.Drawn{Letters: "a", Glyph: 7}), nil},
		"the last glyph":                  {cmap(groups([3]uint32{'1', '4', 65534})), text("", ofd.Drawn{Letters: "a", Glyph: 65535}), []ofd.Difference{{'a', '2'}}},
		"behind the last glyph":           {cmap(groups([3]uint32{'1', '4', 65534})), text("", ofd.Drawn{Letters: "a", Glyph: 1}), nil},
		"a glyph that is far behind":      {cmap(groups(glyphOf('1', 0x10007))), text("", ofd.Drawn{Letters: "a", Glyph: 7}), nil},
		"more groups than there are":      {cmap(append(words(12, 0, 0, 0, 0, 0, 0xFFFF, 0xFFFF), groups(glyphOf('1', 7))[16:]...)), text("", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"no group":                        {cmap(groups()), text("1"), nil},
		"octets":                          {cmap(octets(map[byte]byte{'1': 7, '3': 7, 'a': 8, 0xFF: 8})), text("1"), told},
		"octets, the last":                {cmap(octets(map[byte]byte{'1': 200, 'a': 200})[:6+'1'+1]), text("", ofd.Drawn{Letters: "a", Glyph: 200}), []ofd.Difference{{'a', '1'}}},
		"octets, cut before it":           {cmap(octets(map[byte]byte{'1': 200, 'a': 200})[:6+'1']), text("", ofd.Drawn{Letters: "a", Glyph: 200}), nil},
		"octets have glyphs of one":       {cmap(octets(map[byte]byte{'0': 1, '1': 7})), text("", ofd.Drawn{Letters: "a", Glyph: 0x107}), nil},
		"a row":                           {cmap(words(10, 0, 0, 0, 0, 0, 0, '1', 0, 3, 7, 8, 7)), text("1"), told},
		"a row of ideographs":             {cmap(words(10, 0, 0, 0, 0, 0, 0, '一', 0, 2, 7, 7)), text("一"), []ofd.Difference{{'一', '丁'}}},
		"a row that ends first":           {cmap(words(10, 0, 0, 0, 0, 0, 0, '1', 0, 2, 7, 8, 7)), text("1"), nil},
		"a row with fewer glyphs":         {cmap(words(10, 0, 0, 0, 0, 0, 0, '1', 0xFFFF, 0xFFFF, 7)), text("", ofd.Drawn{Letters: "a", Glyph: 7}), []ofd.Difference{{'a', '1'}}},
		"a row behind all letters":        {cmap(words(10, 0, 0, 0, 0, 0, 0xFFFF, 0xFFFF, 0, 2, 7, 7)), text("1", ofd.Drawn{Letters: "a", Glyph: 7}), nil},
		"a row of no letters":             {cmap(words(10, 0, 0, 0, 0, 0, 0, '1', 0, 0, 7, 7)), text("1", ofd.Drawn{Letters: "a", Glyph: 7}), nil},
		"one glyph for a group":           {cmap(alike(groups([3]uint32{'1', '2', 7}))), text("1"), []ofd.Difference{{'1', '2'}}},
		"one glyph for each group":        {cmap(alike(groups([3]uint32{'1', '1', 7}, [3]uint32{'2', '2', 8}))), text("12"), nil},
		"one glyph that is far behind":    {cmap(alike(groups([3]uint32{'1', '2', 0x10007}))), text("1", ofd.Drawn{Letters: "a", Glyph: 7}), nil},
		"one half of a group":             {cmap(words(12, 0, 0)), text("1"), nil},
		"more maps than there are":        {map[string][]byte{"cmap": words(0, 2, 3, 10, 0, 12, 6, 0, 0, '1', 2, 7, 7)}, text("1"), []ofd.Difference{{'1', '2'}}},
		"ideographs that differ by a bit": {cmap(groups(glyphOf('一', 7), glyphOf('丠', 7))), text("一"), []ofd.Difference{{'一', '丠'}}},
		"one of them by a glyph":          {cmap(groups(glyphOf('丠', 7))), text("", ofd.Drawn{Letters: "一", Glyph: 7}), []ofd.Difference{{'一', '丠'}}},
		"several, in their order": {cmap(groups(glyphOf('1', 7), glyphOf('2', 7), glyphOf('3', 7))), text("321", ofd.Drawn{Letters: "b", Glyph: 7}, ofd.Drawn{Letters: "a", Glyph: 7}),
			[]ofd.Difference{{'1', '2'}, {'1', '3'}, {'2', '1'}, {'2', '3'}, {'3', '1'}, {'3', '2'}, {'a', '1'}, {'b', '1'}}},
	} {
		program := ofdtest.Program(c.tables)
		if got, ok := new(ofd.Letters).Differences(c.use, slices.Clip(program)); !ok || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, ok, c.want)
		}
	}
	two := ofdtest.Program(map[string][]byte{"cmap": mapsOf(groups(glyphOf('1', 2), glyphOf('3', 4))), "cmaq": mapsOf(groups(glyphOf('1', 4)))})
	for _, order := range [][2]string{{"cmap", "cmap"}, {"cmaq", "cmaq"}} { // two tables of one name, and none
		changed := bytes.Replace(bytes.Replace(two, []byte("cmap"), []byte(order[0]), 1), []byte("cmaq"), []byte(order[1]), 1)
		want := told
		if order[0] != "cmap" {
			want = nil
		}
		if got, ok := new(ofd.Letters).Differences(text("1"), changed); !ok || !slices.Equal(got, want) {
			t.Errorf("tables %v: %v %v", order, got, ok)
		}
	}
}

// TestGlyphsThatDrawNothing: of a TrueType program loca tells it, in either width, as far as it reaches.
func TestGlyphsThatDrawNothing(t *testing.T) {
	cmap := mapsOf(groups(glyphOf('1', 2), glyphOf('3', 2)))
	head := func(size int, wide byte) []byte {
		table := make([]byte, size)
		if size > 51 {
			table[51] = wide
		}
		return table
	}
	for name, c := range map[string]struct {
		head, loca []byte
		empty      bool
	}{
		"narrow":                      {head(54, 0), words(0, 1, 2, 2), true},
		"narrow, an outline":          {head(54, 0), words(0, 1, 2, 3), false},
		"narrow, cut":                 {head(54, 0), words(0, 1, 2, 2)[:7], false},
		"narrow, cut before":          {head(54, 0), words(0, 1), false},
		"wide":                        {head(54, 1), words(0, 0, 0, 1, 0, 2, 0, 2), true},
		"wide, an outline":            {head(54, 1), words(0, 0, 0, 1, 0, 2, 0, 3), false},
		"wide, a large outline":       {head(54, 1), words(0, 0, 0, 1, 0, 2, 1, 2), false},
		"wide, cut":                   {head(54, 1), words(0, 0, 0, 1, 0, 2, 0, 2)[:15], false},
		"wide, cut before":            {head(54, 1), words(0, 1), false},
		"wide, as the narrow is read": {head(54, 1), words(0, 0, 0, 0, 0, 2, 0, 3), false},
		"a head that ends there":      {head(52, 0), words(0, 1, 2, 2), true},
		"a head that ends before":     {head(51, 0), words(0, 1, 2, 2), false},
		"no loca":                     {head(54, 0), nil, false},
	} {
		program := ofdtest.Program(map[string][]byte{"cmap": cmap, "head": c.head, "loca": c.loca})
		got, ok := new(ofd.Letters).Differences(ofd.FontUse{Letters: []rune("1")}, slices.Clip(program))
		if !ok || len(got) == 0 != c.empty {
			t.Errorf("%s: %v %v", name, got, ok)
		}
	}
}

// TestLettersAreComparedUpToTheBound: the steps of one package are counted to the letter, and nothing is told where more would be needed, since the map's
// own code of a letter may stand there.
func TestLettersAreComparedUpToTheBound(t *testing.T) {
	const all = 3_000_000
	// A program of one table with one map is 2 steps, a group of n letters 1+n, and each pair that is compared one.
	program := func(filler uint32, last ...[3]uint32) []byte {
		var ranges [][3]uint32
		for filler > 0 {
			size := min(filler, 0x100001)
			ranges = append(ranges, [3]uint32{0x10000, 0x10000 + size - 2, 1})
			filler -= size
		}
		return ofdtest.Program(map[string][]byte{"cmap": mapsOf(groups(append(ranges, last...)...))})
	}
	drawn, text := ofd.FontUse{Drawn: []ofd.Drawn{{"1", 2}}}, ofd.FontUse{Letters: []rune("1")}
	three, both := [][3]uint32{glyphOf('3', 2)}, [][3]uint32{glyphOf('1', 2), glyphOf('3', 2)}
	for name, c := range map[string]struct {
		use    ofd.FontUse
		filler uint32
		last   [][3]uint32
		ok     bool
	}{
		"by a glyph, all":          {drawn, all - 2 - 2 - 1, three, true},
		"by a glyph, one more":     {drawn, all - 2 - 2 - 1 + 1, three, false},
		"by a glyph, its group":    {drawn, all - 2, three, false},
		"by a glyph, its letter":   {drawn, all - 2 - 1, three, false},
		"by codes, all":            {text, (all-2-2)/2 - 4, both, true},
		"by codes, one more":       {text, (all-2-2)/2 - 4 + 1, both, false},
		"by codes, half of it":     {text, all - 2, both, false},
		"a letter it does not use": {ofd.FontUse{Letters: []rune("z")}, all - 2 - 4, both, true},
		"and one step more":        {ofd.FontUse{Letters: []rune("z")}, all - 2 - 4 + 1, both, false},
	} {
		got, ok := new(ofd.Letters).Differences(c.use, program(c.filler, c.last...))
		want := []ofd.Difference{{'1', '3'}}
		if !ok || string(c.use.Letters) == "z" {
			want = nil
		}
		if ok != c.ok || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v", name, got, ok)
		}
	}
	large, idle := program(100_000, three...), new(ofd.Letters)
	for range 100 {
		if _, ok := idle.Differences(ofd.FontUse{Letters: []rune("①-"), Drawn: []ofd.Drawn{{"①", 2}, {"1", 0}}}, large); !ok {
			t.Fatal("a map is walked for nothing")
		}
	}
	shared := mapsOf(groups([3]uint32{0x10000, 0x10000 + 99_999, 1}, three[0]))
	records := binary.BigEndian.AppendUint16([]byte{0, 0}, 60)
	for range 60 {
		records = append(append(records, shared[4:8]...), 0, 0, 1, 0xE4) // 4 + 8 × 60
	}
	if got, ok := new(ofd.Letters).Differences(drawn, ofdtest.Program(map[string][]byte{"cmap": append(records, shared[12:]...)})); !ok || len(got) != 1 {
		t.Errorf("one map of many platforms: %v %v", got, ok)
	}
	const octets = 64 << 20
	zero := make([]byte, octets+1)
	for name, c := range map[string]struct {
		sizes []int
		paths string
		ok    bool
	}{
		"as much as may be":       {[]int{octets}, "a", true},
		"one octet more":          {[]int{octets + 1}, "a", false},
		"two programs":            {[]int{octets / 2, octets / 2}, "ab", true},
		"two that are too large":  {[]int{octets / 2, octets/2 + 1}, "ab", false},
		"one program, twice":      {[]int{octets, octets}, "aa", true},
		"nothing, then too large": {[]int{0, octets + 1}, "ab", false},
	} {
		letters, all := new(ofd.Letters), true
		for i, size := range c.sizes {
			_, ok := letters.Differences(ofd.FontUse{Path: c.paths[i : i+1]}, zero[:size])
			all = all && ok
		}
		if all != c.ok {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// TestMapsOverMapsEnd: a program whose map lies over itself at each place, with as many ranges each, costs what the bound allows.
func TestMapsOverMapsEnd(t *testing.T) {
	cmap := binary.BigEndian.AppendUint16([]byte{0, 0}, 0xFFFF)
	for i := range 0xFFFF {
		cmap = binary.BigEndian.AppendUint32(append(cmap, 0, 3, 0, 10), uint32(4+8*0xFFFF+2*i))
	}
	cmap = append(cmap, bytes.Repeat([]byte{0, 12}, 1_500_000)...) // format 12, groups and letters alike
	program := ofdtest.Program(map[string][]byte{"cmap": cmap})
	done := make(chan bool, 1)
	go func() {
		_, ok := new(ofd.Letters).Differences(ofd.FontUse{Letters: []rune("1")}, program)
		done <- ok
	}()
	select {
	case ok := <-done:
		if ok {
			t.Error("billions of ranges are within the bound")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the bound does not end it")
	}
}

func FuzzLetters(f *testing.F) {
	for _, format := range []uint16{4, 6, 12} {
		f.Add(ofdtest.FontProgram(format, map[rune]uint16{'0': 1, '1': 2, '2': 2}), "012", uint16(2))
	}
	f.Fuzz(func(t *testing.T, program []byte, text string, glyph uint16) {
		use := ofd.FontUse{Letters: []rune(text)}
		for _, letter := range text {
			use.Drawn = append(use.Drawn, ofd.Drawn{Letters: string(letter), Glyph: glyph})
		}
		got, _ := new(ofd.Letters).Differences(use, program)
		for _, d := range got {
			if d.Letter == d.Shown {
				t.Errorf("%q is drawn as itself", d.Letter)
			}
		}
	})
}
