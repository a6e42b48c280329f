package ofd_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

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
	collection := append(append([]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01"), 0, 0, 0, 16), six...)
	for i := 16 + 12 + 8; i < 16+12+3*16; i += 16 { // tables count from the beginning of the file
		binary.BigEndian.PutUint32(collection[i:], binary.BigEndian.Uint32(collection[i:])+16)
	}
	if got, ok := new(ofd.Letters).Differences(ofd.FontUse{Drawn: []ofd.Drawn{{"0", 2}}}, collection); !ok || !slices.Equal(got, []ofd.Difference{{'0', '1'}}) {
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
	for cut := range good {
		if _, ok := new(ofd.Letters).Differences(use, good[:cut]); !ok {
			t.Errorf("cut at %d: a bound", cut)
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
