package ofd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// surveyed is a package whose page holds objects, opened.
func surveyed(t testing.TB, objects string, added ...ofdtest.ZipEntry) *ofd.Package {
	t.Helper()
	return surveyedAs(t, minimalRoot, minimalDocument, strings.Replace(minimalPage, `<ofd:Layer ID="3"/>`, `<ofd:Layer ID="3">`+objects+`</ofd:Layer>`, 1), added...)
}

func surveyedAs(t testing.TB, root, document, page string, added ...ofdtest.ZipEntry) *ofd.Package {
	t.Helper()
	z := good()
	for i, content := range []string{root, document, page} {
		z.Entries[i].Content, z.Entries[i].Deflate = []byte(content), false
	}
	z.Entries = append(z.Entries, added...)
	p, err := ofd.Open(z.Bytes(), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// textOf is a text object of a font with transforms.
func textOf(font, text, transforms string) string {
	return fmt.Sprintf(`<ofd:TextObject ID="9" Boundary="0 0 9 9" Font="%s" Size="5">%s<ofd:TextCode X="0" Y="5">%s</ofd:TextCode></ofd:TextObject>`, font, transforms, text)
}

func transform(attributes, glyphs string) string {
	return "<ofd:CGTransform " + attributes + "><ofd:Glyphs>" + glyphs + "</ofd:Glyphs></ofd:CGTransform>"
}

// told writes down the uses of a package in a form that can be compared: font, letters, and letters by their glyphs.
func told(p *ofd.Package) string {
	var all []string
	for _, use := range p.FontUses() {
		slices.Sort(use.Letters)
		var drawn []string
		for _, one := range use.Drawn {
			drawn = append(drawn, fmt.Sprintf("%s=%d", one.Letters, one.Glyph))
		}
		slices.Sort(drawn)
		all = append(all, strings.Join([]string{use.Path, use.ID, use.Name, string(use.Letters), strings.Join(drawn, " ")}, "|"))
	}
	return strings.Join(all, "\n")
}

// TestD16LettersAndGlyphsOfAText: each letter of a text is kept by its code or by the glyphs that CGTransform draws for it, whatever else stands there.
func TestD16LettersAndGlyphsOfAText(t *testing.T) {
	long := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		text, transforms string
		want             string
		unsurveyed       bool
	}{
		"by codes":                               {"ba", "", "|5||ab|", false},
		"nothing":                                {"", "", "", false},
		"the first by a glyph":                   {"ab", transform(`CodePosition="0"`, "7"), "|5||b|a=7", false},
		"the last by a glyph":                    {"ab", transform(`CodePosition="1" CodeCount="1"`, "7"), "|5||a|b=7", false},
		"all by glyphs":                          {"ab", transform(`CodePosition="0" CodeCount="2"`, "7 65535"), "|5|||a=7 b=65535", false},
		"more codes than letters":                {"ab", transform(`CodePosition="1" CodeCount="3"`, "7 8 9"), "|5||a|b=7", false},
		"a ligature":                             {"abc", transform(`CodePosition="0" CodeCount="2"`, "7"), "|5||c|ab=7", false},
		"several glyphs for one letter":          {"ab", transform(`CodePosition="0"`, "7 8"), "|5||b|a=7 a=8", false},
		"a ligature of as many as are kept":      {long + "b", transform(`CodePosition="0" CodeCount="64"`, "7"), "|5||b|" + long + "=7", false},
		"a ligature of one more":                 {long + "b", transform(`CodePosition="0" CodeCount="65"`, "7"), "|5||ab|", true},
		"a ligature beyond the text":             {long, transform(`CodePosition="0" CodeCount="65"`, "7"), "|5|||" + long + "=7", false},
		"as many codes as can be said":           {"ab", transform(`CodePosition="1" CodeCount="9223372036854775807"`, "7"), "|5||a|b=7", false},
		"behind the text":                        {"ab", transform(`CodePosition="2"`, "7"), "|5||ab|", false},
		"behind the text, several glyphs":        {"ab", transform(`CodePosition="2"`, "7 8"), "|5||ab|", false},
		"far behind the text":                    {"ab", transform(`CodePosition="9223372036854775807"`, "7"), "|5||ab|", false},
		"before the text":                        {"ab", transform(`CodePosition="-1" CodeCount="2"`, "7"), "|5||ab|", false},
		"without a place":                        {"ab", transform(`CodeCount="1"`, "7"), "|5||ab|", false},
		"a count that cannot be read":            {"ab", transform(`CodePosition="0" CodeCount="9223372036854775808"`, "7"), "|5||ab|", false},
		"no codes":                               {"ab", transform(`CodePosition="0" CodeCount="0"`, ""), "|5||ab|", false},
		"less than no codes":                     {"ab", transform(`CodePosition="1" CodeCount="-1"`, "7"), "|5||ab|", false},
		"a glyph that cannot be read":            {"abc", transform(`CodePosition="0" CodeCount="3"`, "7 x 65536"), "|5||bc|a=7", false},
		"a ligature that cannot be read":         {"abc", transform(`CodePosition="0" CodeCount="2"`, "7 8 x"), "|5||abc|ab=7 ab=8", false},
		"a ligature that ends well":              {"abc", transform(`CodePosition="0" CodeCount="2"`, "x 8 9"), "|5||abc|ab=8 ab=9", false},
		"no glyph":                               {"ab", transform(`CodePosition="0"`, ""), "|5||ab|", false},
		"twice, first well":                      {"ab", transform(`CodePosition="0"`, "7") + transform(`CodePosition="0"`, "x") + transform(`CodePosition="0"`, ""), "|5||b|a=7", false},
		"twice, two glyphs":                      {"ab", transform(`CodePosition="0"`, "7") + transform(`CodePosition="0"`, "8"), "|5||b|a=7 a=8", false},
		"a letter by its glyph and by its code":  {"aa", transform(`CodePosition="0"`, "7"), "|5||a|a=7", false},
		"over two codes":                         {`a</ofd:TextCode><ofd:TextCode X="0" Y="9">b`, transform(`CodePosition="1"`, "7"), "|5||a|b=7", false},
		"line breaks of a writer, and a control": {"\n\t a\tb \n", "", "|5|| ab|", false},
	} {
		p := surveyed(t, textOf("5", c.text, c.transforms))
		// One ID and no name, since nobody defines the font.
		want := strings.Replace(c.want, "|5||", "|5||", 1)
		if got := told(p); got != want || p.Unsurveyed != c.unsurveyed {
			t.Errorf("%s: %q, %v; want %q", name, got, p.Unsurveyed, want)
		}
	}
}

// TestGlyphsOfATextCostTheirOctets: transforms that each claim the whole of a long text are not walked letter by letter.
func TestGlyphsOfATextCostTheirOctets(t *testing.T) {
	many := strings.Repeat(`<ofd:CGTransform CodePosition="0" CodeCount="1000000000"/>`, 100_000)
	done := make(chan *ofd.Package, 1)
	page := strings.Replace(minimalPage, `<ofd:Layer ID="3"/>`, textOf("5", strings.Repeat("a", 1_000_000), many), 1)
	go func() { done <- surveyedAs(t, minimalRoot, minimalDocument, page) }()
	select {
	case p := <-done:
		if got := told(p); got != "|5||a|" || !p.Unsurveyed {
			t.Errorf("%q %v", got, p.Unsurveyed)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it takes more than what the octets cost")
	}
}

func TestTextOfACode(t *testing.T) {
	for text, want := range map[string]string{"": "", " a ": " a ", "\n a\n": "a", "\ra ": "a", "\ta": " a", "a\u0000\u001fb": "a  b", "a\nb": "a b"} {
		if got := ofd.CodeText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTextAsReportsHoldIt(t *testing.T) {
	long := strings.Repeat("长", 120)
	for text, want := range map[string]string{" a b\t": "a b", "a\nb\u0085\u007f": "ab", "a\u202eb\u200b": "ab", "a\u2028b\u2029": "ab", long: long, long + "长": long + "…"} {
		if got := ofd.Shown(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestD18WhatLeadsOutOfAPackage lists actions, sound and film with their targets; what stands in the package alone is none.
func TestD18WhatLeadsOutOfAPackage(t *testing.T) {
	resources := ofdtest.ZipEntry{Name: "Doc_0/R.xml", Content: []byte(`<ofd:Res xmlns:ofd="http://www.ofdspec.org/2016"><ofd:MultiMedias>` +
		`<ofd:MultiMedia ID="1" Type="Audio"><ofd:MediaFile>a.mp3</ofd:MediaFile></ofd:MultiMedia><ofd:MultiMedia ID="2" Type="Video"><ofd:MediaFile>b.mp4</ofd:MediaFile></ofd:MultiMedia>` +
		`<ofd:MultiMedia ID="3" Type="Image"><ofd:MediaFile>c.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>`)}
	document := strings.Replace(minimalDocument, "</ofd:CommonData>", "<ofd:DocumentRes>R.xml</ofd:DocumentRes></ofd:CommonData>", 1)
	page := strings.Replace(minimalPage, `<ofd:Layer ID="3"/>`, `<ofd:Layer ID="3"/><ofd:URI Base="https://evil.invalid/" URI="x"/><ofd:GotoA AttachID="7"/><ofd:Movie ResourceID="2"/><ofd:Sound ResourceID="1"/><ofd:Goto/>`, 1)
	want := []string{"Audio a.mp3 /Doc_0/R.xml", "GotoA 7 /Doc_0/Pages/Page_0/Content.xml", "Movie 2 /Doc_0/Pages/Page_0/Content.xml", "Sound 1 /Doc_0/Pages/Page_0/Content.xml",
		"URI https://evil.invalid/x /Doc_0/Pages/Page_0/Content.xml", "Video b.mp4 /Doc_0/R.xml"}
	if got := surveyedAs(t, minimalRoot, document, page, resources).Outside(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	actions := func(n int) string {
		return strings.Replace(minimalDocument, "</ofd:Pages>", "</ofd:Pages>"+strings.Repeat(`<ofd:URI URI="a"/>`, n), 1)
	}
	for n, want := range map[int]int{60: 60, 100: 100, 101: 100} {
		// Two bodies of one document are read twice and hold what they hold once.
		body := minimalRoot[strings.Index(minimalRoot, "<ofd:DocBody>"):strings.Index(minimalRoot, "</ofd:OFD>")]
		if got := surveyedAs(t, strings.Replace(minimalRoot, body, body+body, 1), actions(n), minimalPage).Outside(); len(got) != want {
			t.Errorf("%d places: %d", n, len(got))
		}
	}
}

// fontsOf is a resource file that defines fonts, each an ID, a name and the location of a program.
func fontsOf(name string, fonts ...[3]string) ofdtest.ZipEntry {
	var all strings.Builder
	for _, font := range fonts {
		fmt.Fprintf(&all, `<ofd:Font ID="%s" FontName="%s">`, font[0], font[1])
		if font[2] != "" {
			all.WriteString("<ofd:FontFile>" + font[2] + "</ofd:FontFile>")
		}
		all.WriteString("</ofd:Font>")
	}
	return ofdtest.ZipEntry{Name: name, Content: []byte(`<ofd:Res xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Fonts>` + all.String() + `</ofd:Fonts></ofd:Res>`)}
}

// TestD16FontOfAText: it is that of the page's own resources before that of the document, and the last of an ID; one that nobody defines is listed too.
func TestD16FontOfAText(t *testing.T) {
	with := func(resources ...string) string { // a document of two pages with resource files
		common := ""
		for _, path := range resources {
			common += "<ofd:DocumentRes>" + path + "</ofd:DocumentRes>"
		}
		return strings.NewReplacer("</ofd:CommonData>", common+"</ofd:CommonData>", "</ofd:Pages>", `<ofd:Page ID="2" BaseLoc="Other.xml"/></ofd:Pages>`).Replace(minimalDocument)
	}
	page := func(resources string, objects ...string) string {
		return strings.NewReplacer("<ofd:Content>", resources+"<ofd:Content>", `<ofd:Layer ID="3"/>`, strings.Join(objects, "")).Replace(minimalPage)
	}
	other := func(objects ...string) ofdtest.ZipEntry {
		return ofdtest.ZipEntry{Name: "Doc_0/Other.xml", Content: []byte(page("", objects...))}
	}
	program := ofdtest.ZipEntry{Name: "Doc_0/f.ttf", Content: []byte("font")}
	family := ofdtest.ZipEntry{Name: "Doc_0/A.xml", Content: []byte(`<ofd:Res xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Fonts><ofd:Font ID="1" FamilyName="族"/></ofd:Fonts></ofd:Res>`)}
	for name, c := range map[string]struct {
		document, page string
		added          []ofdtest.ZipEntry
		want           string
	}{
		"of the document":              {with("A.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲", " f.ttf "}), program}, "/Doc_0/f.ttf|1|甲|a|"},
		"by its family":                {with("A.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), family}, "|1|族|a|"},
		"a program that is missing":    {with("A.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲", "g.ttf"})}, "|1|甲|a|"},
		"the last of the document":     {with("A.xml", "B.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"}), fontsOf("Doc_0/B.xml", [3]string{"1", "乙"})}, "|1|乙|a|"},
		"the first, since it is alone": {with("A.xml", "B.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"}), fontsOf("Doc_0/B.xml", [3]string{"2", "乙"})}, "|1|甲|a|"},
		"the last of a file":           {with("A.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"}, [3]string{"1", "乙"})}, "|1|乙|a|"},
		"a file that is missing":       {with("A.xml", "B.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"})}, "|1|甲|a|"},
		"of the page": {with("A.xml"), page("<ofd:PageRes>../../B.xml</ofd:PageRes>", textOf("1", "a", "")),
			[]ofdtest.ZipEntry{other(textOf("1", "b", "")), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"}), fontsOf("Doc_0/B.xml", [3]string{"1", "乙"})}, "|1|乙|a|\n|1|甲|b|"},
		"of the page, which lacks it": {with("A.xml"), page("<ofd:PageRes>../../B.xml</ofd:PageRes>", textOf("1", "a", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"}), fontsOf("Doc_0/B.xml")}, "|1|甲|a|"},
		"of two pages":                {with("A.xml"), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(textOf("1", "b", transform(`CodePosition="0"`, "7"))), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"})}, "|1|甲|a|b=7"},
		"of nobody, on two pages":     {with(), page("", textOf("1", "a", "")), []ofdtest.ZipEntry{other(textOf("1", "b", ""), textOf("2", "c", ""))}, "|1||ab|\n|2||c|"},
		"without a text":              {with("A.xml"), page("", textOf("1", "", "")), []ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "甲"})}, ""},
		"by paths, IDs and names": {with("A.xml"), page("", textOf("1", "a", ""), textOf("2", "a", ""), textOf("3", "a", ""), textOf("4", "a", "")),
			[]ofdtest.ZipEntry{other(), fontsOf("Doc_0/A.xml", [3]string{"1", "z", "f.ttf"}, [3]string{"2", "y", "f.ttf"}, [3]string{"3", "x"}, [3]string{"4", "w"}), program},
			"|3|x|a|\n|4|w|a|\n/Doc_0/f.ttf|1|z|a|\n/Doc_0/f.ttf|2|y|a|"},
	} {
		p := surveyedAs(t, minimalRoot, c.document, c.page, c.added...)
		for range 8 { // maps give their order anew
			if got := told(p); got != c.want || p.Unsurveyed {
				t.Errorf("%s: %q, want %q", name, got, c.want)
				break
			}
		}
	}
}

// TestSurveyIsBounded: what is kept of the text of a package, and how often it is taken into documents, has bounds, and one that is met is told.
func TestSurveyIsBounded(t *testing.T) {
	letters := func(n int) string {
		var all strings.Builder
		for i := range n {
			all.WriteRune(0x20000 + rune(i))
		}
		return all.String()
	}
	for _, more := range []int{0, 1} { // of two fonts, by codes and by a glyph, and again what is known
		p := surveyed(t, textOf("1", letters(100_000), "")+textOf("2", letters(99_999+more), "")+textOf("3", "a", transform(`CodePosition="0"`, "7"))+textOf("1", letters(10), ""))
		kept := 0
		for _, use := range p.FontUses() {
			kept += len(use.Letters) + len(use.Drawn)
		}
		if kept != 200_000 || p.Unsurveyed != (more == 1) {
			t.Errorf("%d more than are kept: %d, %v", more, kept, p.Unsurveyed)
		}
	}
	body := minimalRoot[strings.Index(minimalRoot, "<ofd:DocBody>"):strings.Index(minimalRoot, "</ofd:OFD>")]
	pages := `<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>`
	page := strings.Replace(minimalPage, `<ofd:Layer ID="3"/>`, textOf("1", letters(19_999), ""), 1)
	for _, documents := range []int{50, 51} { // of a page that stands twice in each, and counts once
		root := strings.Replace(minimalRoot, body, strings.Repeat(body, documents), 1)
		p := surveyedAs(t, root, strings.Replace(minimalDocument, pages, pages+pages, 1), page)
		if uses := p.FontUses(); len(uses) != 1 || len(uses[0].Letters) != 19_999 || p.Unsurveyed != (documents == 51) {
			t.Errorf("%d documents: %d fonts, %v", documents, len(uses), p.Unsurveyed)
		}
	}
}
