package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// object reads one object from text, with plenty of budget.
func object(text string) (Object, int, error) {
	p := &parser{data: []byte(text), left: &budget{1000, 1000, 1000}}
	read, err := p.object()
	return read, p.at, err
}

// TestObjectsOneByOne: each form that is read, and its nearest neighbour that is not.
func TestObjectsOneByOne(t *testing.T) {
	literal := func(text string, end int) String { return String{Octets: []byte(text), End: end} }
	hex := func(text string, end int) String { return String{Octets: []byte(text), Hex: true, End: end} }
	for text, want := range map[string]Object{
		"null": nil, "true": true, "false": false, "7": 7, "+7": 7, "-7": -7, ".5": Real(.5), "-.5": Real(-.5), "4.": Real(4), "007": 7,
		"9999999999999999999": Real(1e19), "99999999999": 99999999999, "999999999999": 999999999999, "9999999999999": 9999999999999,
		"1 0 R": Ref{1, 0}, "8388607 65535 R": Ref{8388607, 65535}, "1 0 Rx": 1, "1 0": 1, "1 2 3": 1, "1%\n0%\r\nR": Ref{1, 0}, "1\x000\tR": Ref{1, 0}, "1\f0\rR": Ref{1, 0},
		"/Name": Name("Name"), "/": Name(""), "/A#42": Name("AB"), "/A#4": Name("A#4"), "/A#4x": Name("A#4x"), "/A#x4": Name("A#x4"), "/#61#4A#4a": Name("aJJ"), "/A#": Name("A#"), "/A#0": Name("A#0"), "/A(": Name("A"),
		"/" + strings.Repeat("a", 381): Name(strings.Repeat("a", 381)),
		"()":                           literal("", 2), "(a)": literal("a", 3), "(a(b)c)": literal("a(b)c", 7), `(\()`: literal("(", 4), `(\n\r\t\b\f\\\x)`: literal("\n\r\t\b\f\\x", 16),
		"(a\\\nb)": literal("ab", 6), "(a\\\r\nb)": literal("ab", 7), "(a\\\rb)": literal("ab", 6), "(a\\\r\rb)": literal("a\rb", 7), `(\101)`: literal("A", 6), `(\1011)`: literal("A1", 7), `(\1)`: literal("\x01", 4),
		`(\78)`: literal("\x078", 5), `(\7/)`: literal("\x07/", 5), `(\8)`: literal("8", 4), `(\/)`: literal("/", 4), `(\377)`: literal("\xff", 6), `(\00)`: literal("\x00", 5),
		"<>": hex("", 2), "<41>": hex("A", 4), "<4>": hex("@", 3), "<4 1\n4\t2>": hex("AB", 9), "<aFAf>": hex("\xaf\xaf", 6), "<09>": hex("\x09", 4),
		"1 R": 1, "0000000000000000007": 7, "00000000000000000007": Real(7), "/A11#42": Name("A11B"),
		"[]": Array{}, "[1 /A]": Array{1, Name("A")}, "[1 0 R 2]": Array{Ref{1, 0}, 2}, "[ ]": Array{}, "[[]]": Array{Array{}},
	} {
		got, _, err := object(text)
		if err != nil || !reflect.DeepEqual(normal(got), normal(want)) {
			t.Errorf("%.40q: %#v %v, want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "%", "nul", "nulll", "True", "(", "(a", `(a\`, "(a(b)", "<", "<4", "<4g>", "<4/>", "<4:>", "<4@>", "<4G>", "<4`>", "[", "[1", "[1 x]", "<<", "<</A", "<</A 1", "<</A>>", "<<1 2>>", "<</A 1>", "<</" + strings.Repeat("a", 382) + " 1>>", "(\\1", "(\\12", "(\\\r", ">>", "]", ")", "}",
		"+", "-", ".", "1x", "1e5", "0x1", "--1", "1:", "1-", "Inf", "-Inf", "0 0 R", "8388608 0 R", "1 65536 R", strings.Repeat("9", 65), "1." + strings.Repeat("0", 63), "/" + strings.Repeat("a", 382)} {
		if got, _, err := object(text); err == nil {
			t.Errorf("%.40q is read as %#v", text, got)
		}
	}
	if got, _, err := object("1." + strings.Repeat("0", 62)); err != nil || got != Real(1) {
		t.Errorf("a number of 64 characters: %v %v", got, err)
	}
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	if _, _, err := object(deep(maxDepth)); err != nil {
		t.Errorf("%d levels: %v", maxDepth, err)
	}
	for name, text := range map[string]string{"arrays": deep(maxDepth + 1), "dictionaries": strings.Repeat("<</A", maxDepth+1) + " 1" + strings.Repeat(">>", maxDepth+1)} {
		if failure, ok := errors.AsType[*Error](second(object(text))); !ok || failure.Code != CodeLimit {
			t.Errorf("%d levels of %s: %v", maxDepth+1, name, failure)
		}
	}
	if _, _, err := object("[" + strings.Repeat("[]", 100) + "]"); err != nil {
		t.Errorf("many beside each other: %v", err)
	}
	if _, _, err := object(strings.Repeat("<</A ", 40) + "<</B<<>>/C<<>>>>" + strings.Repeat(">>", 40)); err != nil {
		t.Errorf("many behind each other: %v", err)
	}
}

func second(_ Object, _ int, err error) error { return err }

// normal leaves out what an empty list of octets is made of.
func normal(o Object) Object {
	if text, ok := o.(String); ok && len(text.Octets) == 0 {
		text.Octets = nil
		return text
	}
	return o
}

func TestDictionariesKnowWhatStandsTwice(t *testing.T) {
	for text, twice := range map[string]bool{"<<>>": false, "<</A 1/B 2>>": false, "<</A 1/A 2>>": true, "<</A 1/#41 2>>": true, "<< /A <</A 1>> >>": false} {
		got, end, err := object(text)
		if dict, ok := got.(*Dict); err != nil || !ok || dict.Duplicate != twice || end != len(text) {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	if _, ok := integers(7); ok {
		t.Error("a number is a list")
	}
	if _, ok := integers(Array{1, Real(2)}); ok {
		t.Error("a fraction is an integer")
	}
}

// TestWorkIsCounted: the last token that may be read, and one more.
func TestWorkIsCounted(t *testing.T) {
	for tokens, good := range map[int]bool{3: true, 2: false} {
		p := &parser{data: []byte("[1 2]"), left: &budget{tokens: tokens}}
		if _, err := p.object(); (err == nil) != good {
			t.Errorf("%d tokens: %v", tokens, err)
		}
	}
	p := &parser{data: []byte(strings.Repeat(" ", 320) + "1"), left: &budget{tokens: 10}}
	if _, err := p.object(); err == nil {
		t.Error("white space costs nothing")
	}
	p = &parser{data: []byte("(" + strings.Repeat("a", 640) + ") 1"), left: &budget{tokens: 20}}
	if _, err := p.object(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.object(); err == nil {
		t.Error("a long string costs nothing")
	}
}

func TestIndirectObjectsOneByOne(t *testing.T) {
	for text, good := range map[string]bool{
		"1 0 obj 7 endobj": true, "1 0 obj 7endobj": false, "x 0 obj 7 endobj": false, "1 x obj 7 endobj": false, "1 0 object 7 endobj": false, "1 0 obj endobj": false, "1 0 obj 7": false, "1 0 obj 7 endobject": false,
		"1 0 obj<</Length 2>>stream\nabendstream endobj": true, "1 0 obj<</Length 2>>stream\r\nabendstream endobj": true, "1 0 obj<</Length 2>>stream\rabendstream endobj": true, "1 0 obj<</Length 2>>stream\nab\nendstream\nendobj": true,
		"1 0 obj<</Length 1>>stream\nabendstream endobj": false, "1 0 obj<</Length 3>>stream\nabendstream endobj": false, "1 0 obj<</Length -1>>stream\nabendstream endobj": false, "1 0 obj<</Length/X>>stream\nabendstream endobj": false,
		"1 0 obj<<>>stream\nabendstream endobj": false, "1 0 obj<</Length 99>>stream\nabendstream endobj": false, "1 0 obj<</Length 2/Length 2>>stream\nabendstream endobj": false, "1 0 obj<</Length 2>>stream\nabendstream": false,
		"1 obj 7 endobj": false, "1 0 obj<</Length/X>>stream\nendstream endobj": false, "1 0 obj<</Length -1>>stream\nendstream endobj": false, "1 0 obj<</Length 9223372036854775807>>stream\nabendstream endobj": false,
		"1 0 obj<</Length 2 0 R>>stream\nabendstream endobj": false, "1 0 obj[]stream\nabendstream endobj": false, "1 0 obj<</Length 0>>stream\nendstream endobj": true,
	} {
		p := &parser{data: []byte(text), left: &budget{1000, 1000, 1000}}
		_, _, err := p.indirect(nil)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func deflated(content string) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write([]byte(content)) // a buffer never fails
	_ = w.Close()
	return out.Bytes()
}

// TestFiltersOneByOne: what object and cross-reference streams may be packed with.
func TestFiltersOneByOne(t *testing.T) {
	const rows = "\x00ab\x01ab\x02ab\x03ab\x04ab"
	predictor := func(n, columns int, more string) string {
		return fmt.Sprintf("/Filter/FlateDecode/DecodeParms<</Predictor %d/Columns %d%s>>", n, columns, more)
	}
	for members, c := range map[string]struct {
		raw, want string
		good      bool
	}{
		"":                        {"ab", "ab", true},
		"/Filter[]":               {"ab", "ab", true},
		"/Filter/FlateDecode":     {string(deflated("ab")), "ab", true},
		"/Filter/Fl":              {string(deflated("ab")), "ab", true},
		"/Filter[/FlateDecode]":   {string(deflated("ab")), "ab", true},
		"/Filter[/Fl/Fl]":         {string(deflated(string(deflated("ab")))), "", false},
		"/Filter/LZWDecode":       {"ab", "", false},
		"/Filter 7":               {"ab", "", false},
		"/Filter/FlateDecode/X 1": {"ab", "", false},
		"/Filter/FlateDecode/X 2": {string(deflated("ab"))[:8], "", false},
		"/Filter/Fl/DecodeParms[<</Predictor 12/Columns 2>>]":       {string(deflated("\x00ab")), "\x00ab", true},
		"/Filter[/Fl]/DecodeParms<</Predictor 12/Columns 2>>":       {string(deflated("\x00ab")), "ab", true},
		"/Filter[/Fl]/DecodeParms[<</Predictor 12/Columns 2>>null]": {string(deflated("\x00ab")), "\x00ab", true},
		predictor(1, 2, ""):                                         {string(deflated("ab")), "ab", true},
		predictor(2, 2, ""):                                         {string(deflated(rows)), "", false},
		predictor(9, 2, ""):                                         {string(deflated(rows)), "", false},
		predictor(16, 2, ""):                                        {string(deflated(rows)), "", false},
		predictor(10, 2, ""):                                        {string(deflated("\x00ab\x02\x01\x01")), "abbc", true},
		predictor(15, 2, ""):                                        {string(deflated("\x00ab\x01\x01\x01")), "ab\x01\x02", true},
		predictor(12, 2, "/Colors 1"):                               {string(deflated("\x00ab")), "ab", true},
		predictor(12, 2, "/Colors 3"):                               {string(deflated("\x00ab")), "", false},
		predictor(12, 2, "/X 0"):                                    {string(deflated("\x00ab\x05ab")), "", false},
		predictor(12, 2, "/X 1"):                                    {string(deflated("\x00ab\x00a")), "", false},
		predictor(12, 0, ""):                                        {string(deflated("\x00ab")), "", false},
		predictor(12, 65536, ""):                                    {string(deflated(strings.Repeat("\x00", 65537))), strings.Repeat("\x00", 65536), true},
		predictor(12, 65537, ""):                                    {string(deflated(strings.Repeat("\x00", 65538))), "", false},
		predictor(12, 2, "/X 2"):                                    {string(deflated("\x00\x0a\x14\x03\x0a\x0a")), "\x0a\x14\x0f\x1b", true},
		predictor(12, 3, "/X 3"):                                    {string(deflated("\x00\x0a\x14\x1e\x04\x01\x01\x01")), "\x0a\x14\x1e\x0b\x15\x1f", true},
		predictor(12, 3, "/X 4"):                                    {string(deflated("\x00\x1e\x14\x0a\x04\x01\x01\x01")), "\x1e\x14\x0a\x1f\x15\x0b", true},
		predictor(12, 2, "/X 5"):                                    {string(deflated("\x00\x32\x0a\x04\x05\x00")), "\x32\x0a\x37\x0a", true},
		"/Filter/Fl/DecodeParms<</Predictor 12>>":                   {string(deflated("\x00a\x00b")), "ab", true},
		"/Filter[/Fl]/DecodeParms[<</Predictor 12/Columns 2>>]":     {string(deflated("\x00ab")), "ab", true},
		"/Filter[/Fl]/DecodeParms[null<</Predictor 12>>]":           {string(deflated("\x00ab")), "\x00ab", true},
		predictor(12, 2, "/BitsPerComponent 8"):                     {string(deflated("\x00ab")), "ab", true},
		predictor(12, 2, "/BitsPerComponent 4"):                     {string(deflated("\x00ab")), "", false},
		"/Filter/FlateDecode/DecodeParms<</Predictor/X/Columns 2>>": {string(deflated("\x00ab")), "\x00ab", true},
	} {
		dict, _, err := object("<<" + members + ">>")
		if err != nil {
			t.Fatalf("%s: %v", members, err)
		}
		f := &File{left: &budget{decoded: 1 << 20}}
		got, err := f.decode(&Stream{dict.(*Dict), []byte(c.raw)})
		if (err == nil) != c.good || err == nil && string(got) != c.want {
			t.Errorf("%s: %q %v", members, got, err)
		}
	}
	for decoded, good := range map[int]bool{100: true, 99: false} {
		content := strings.Repeat("a", 100)
		for members, raw := range map[string][]byte{"": []byte(content), "/Filter/Fl": deflated(content)} {
			dict, _, _ := object("<<" + members + ">>")
			f := &File{left: &budget{decoded: decoded}}
			if _, err := f.decode(&Stream{dict.(*Dict), raw}); (err == nil) != good {
				t.Errorf("100 octets %s of %d: %v", members, decoded, err)
			}
		}
	}
	for _, c := range [][4]byte{{10, 20, 15, 15}, {10, 10, 10, 10}, {1, 2, 1, 2}, {2, 1, 1, 2}, {10, 50, 60, 10}, {50, 10, 60, 10}, {100, 10, 55, 55}, {0, 255, 128, 128}, {0, 15, 10, 0}, {15, 0, 10, 0}} {
		if got := paeth(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("paeth of %v: %d", c[:3], got)
		}
	}
}

// TestWordsOfWhatCannotBeRead: a refusal names what is wrong and where, which is not what follows from it.
func TestWordsOfWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"!": "no object at 0", "nul": "no object at 0", "1x": "malformed number at 2", "<</A !>>": "no object at 5", "[<4g>]": "string is not hexadecimal at 5",
	} {
		if _, _, err := object(text); err == nil || err.(*Error).Detail != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"1 0 obj !": "no object at 8", "1 0 obj<</Length 99>>stream\nabendstream": "length of a stream at 28", "1 0 obj<</Length 1>>stream\nabendstream endobj": "a stream does not end where its length says, at 28",
		"1 0 obj 7": "no endobj at 9",
	} {
		p := &parser{data: []byte(text), left: &budget{1000, 1000, 1000}}
		if _, _, err := p.indirect(nil); err == nil || err.(*Error).Detail != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for _, c := range []struct {
		e    Error
		text string
	}{{Error{CodeStructure, 0, "a"}, "pdf: pdf_structure: a"}, {Error{CodeStructure, 7, "a"}, "pdf: pdf_structure: object 7: a"}} {
		if c.e.Error() != c.text {
			t.Errorf("%s, want %s", c.e.Error(), c.text)
		}
	}
	p := &parser{data: []byte("endobj")[:5]}
	if p.keyword("endobj") || !p.keyword("endob") {
		t.Error("a word is read beyond the revision")
	}
}
