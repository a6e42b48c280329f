package verify_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

const publicRes = "/Doc_0/PublicRes.xml"

// detail is the message of a reason, which ends in what it is about; false where the report has none such.
func detail(r verify.Result, code string) (string, bool) {
	for _, reason := range r.Reasons {
		if reason.Code == code {
			return reason.Message, true
		}
	}
	return "", false
}

// sealedFiles seals the sample document after changes of its files.
func sealedFiles(t *testing.T, change func(path string, content []byte) []byte, added ...ofd.File) []byte {
	t.Helper()
	return world().Sealed(t, ofdtest.Sealing{Document: ofdtest.Edit(t, ofdtest.Document(t), change, added...)})
}

const textObject = "</ofd:TextObject>"

// overlay is an object above the text of the sample page.
const overlay = `<ofd:PathObject ID="901" Boundary="20 30 60 10" Fill="true" Stroke="false"><ofd:FillColor Value="255 255 255"/><ofd:AbbreviatedData>M 0 0 L 60 0 L 60 10 L 0 10 C</ofd:AbbreviatedData></ofd:PathObject>`

// TestD15OverlaysAfterSigning: what is laid above sealed text after signing breaks the seal, wherever it stands.
func TestD15OverlaysAfterSigning(t *testing.T) {
	sealed := world().Sealed(t, ofdtest.Sealing{})
	judge(t, sealed, trusting(), valid)
	annotations := ofd.File{Path: "/Doc_0/Annots/Annotations.xml", Content: []byte(`<ofd:Annotations xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Page PageID="3"><ofd:FileLoc>A.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>`)}
	annotation := ofd.File{Path: "/Doc_0/Annots/A.xml", Content: []byte(`<ofd:PageAnnot xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Annot ID="900" Type="Stamp" Creator="x" LastModDate="2026-01-01"><ofd:Appearance Boundary="20 30 60 10">` + overlay + `</ofd:Appearance></ofd:Annot></ofd:PageAnnot>`)}
	template := ofd.File{Path: "/Doc_0/Tpls/T.xml", Content: []byte(`<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer ID="900">` + overlay + `</ofd:Layer></ofd:Content></ofd:Page>`)}
	for name, c := range map[string]struct {
		change func(string, []byte) []byte
		added  []ofd.File
	}{
		"a white path in the page":      {ofdtest.Replace(ofdtest.PageXML, textObject, textObject+overlay), nil},
		"a later layer":                 {ofdtest.Replace(ofdtest.PageXML, "</ofd:Content>", `<ofd:Layer ID="900" Type="Foreground">`+overlay+`</ofd:Layer></ofd:Content>`), nil},
		"a transparent picture":         {ofdtest.Replace(ofdtest.PageXML, textObject, textObject+`<ofd:ImageObject ID="902" Boundary="20 30 60 10" ResourceID="2" Alpha="254"/>`), nil},
		"an annotation":                 {ofdtest.Replace(ofdtest.DocumentXML, "</ofd:Pages>", "</ofd:Pages><ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>"), []ofd.File{annotations, annotation}},
		"a template":                    {chainedFiles(ofdtest.Replace(ofdtest.DocumentXML, "</ofd:CommonData>", `<ofd:TemplatePage ID="899" BaseLoc="Tpls/T.xml"/></ofd:CommonData>`), ofdtest.Replace(ofdtest.PageXML, "<ofd:Content>", `<ofd:Template TemplateID="899" ZOrder="Foreground"/><ofd:Content>`)), []ofd.File{template}},
		"another picture in its place":  {otherPicture, nil},
		"the text is drawn transparent": {ofdtest.Replace(ofdtest.PageXML, "<ofd:TextObject ", `<ofd:TextObject Alpha="0" `), nil},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, ofdtest.Edit(t, sealed, c.change, c.added...), trusting(), invalid("*", "DIGEST_MISMATCH"))
		})
	}
}

// otherPicture changes the picture of the package.
func otherPicture(path string, content []byte) []byte {
	if strings.HasSuffix(path, ".png") {
		return append(content, 'x')
	}
	return content
}

// chainedFiles makes one change of files after the other.
func chainedFiles(changes ...func(string, []byte) []byte) func(string, []byte) []byte {
	return func(path string, content []byte) []byte {
		for _, change := range changes {
			content = change(path, content)
		}
		return content
	}
}

// TestD16Fonts: a font that was exchanged or remapped after signing breaks the seal; one that the package does not carry, and letters that are drawn as
// others, are told.
func TestD16Fonts(t *testing.T) {
	sealed := world().Sealed(t, ofdtest.Sealing{})
	for name, change := range map[string]func(string, []byte) []byte{
		"the program is exchanged":    ofdtest.Replace(ofdtest.FontFile, "font", "tnof"),
		"its ID is given to another":  ofdtest.Replace(publicRes, "font_0.ttf", "image_0.png"),
		"the text takes another font": ofdtest.Replace(ofdtest.PageXML, ` Font="`, ` Font="9`),
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, ofdtest.Edit(t, sealed, change), trusting(), invalid("*", "DIGEST_MISMATCH"))
		})
	}
	if r := judge(t, sealed, trusting(), valid); hasAny(r, "font_unbound", "text_glyph_differs", "text_unread", "external_reference") {
		t.Errorf("a good document: %v", codes(r))
	}

	unbound := func(path string, content []byte) []byte {
		if path != publicRes {
			return content
		}
		text := string(content)
		start := strings.Index(text, "<ofd:FontFile>")
		end := strings.Index(text, "</ofd:FontFile>") + len("</ofd:FontFile>")
		return []byte(text[:start] + text[end:])
	}
	r := judge(t, sealedFiles(t, chainedFiles(unbound, ofdtest.Drop(ofdtest.FontFile))), trusting(), want{verify.Valid, "V00", "font_unbound"})
	if text, _ := detail(r, "font_unbound"); !strings.HasSuffix(text, " Sample") {
		t.Errorf("which font: %q", text)
	}
	r = judge(t, sealedFiles(t, chainedFiles(unbound, ofdtest.Drop(ofdtest.FontFile), ofdtest.Replace(ofdtest.PageXML, "名称 甲", ""))), trusting(), valid)
	if hasAny(r, "font_unbound") {
		t.Error("a font in which nothing is written")
	}

	program := ofdtest.FontProgram(4, map[rune]uint16{'名': 1, '称': 2, '甲': 3, '乙': 4, ' ': 5})
	embedded := func(path string, content []byte) []byte {
		if path == ofdtest.FontFile {
			return program
		}
		return content
	}
	transform := func(glyphs string) func(string, []byte) []byte {
		return ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="0" CodeCount="4" GlyphCount="4"><ofd:Glyphs>`+glyphs+`</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`)
	}
	for name, c := range map[string]struct {
		change func(string, []byte) []byte
		want   string
	}{
		"its own glyphs":         {transform("1 2 5 3"), ""},
		"another's":              {transform("1 2 5 4"), "甲→乙"},
		"beyond the letters":     {ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="4"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`), ""},
		"of the last letter":     {ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="3"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`), "甲→乙"},
		"a ligature of others":   {ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="2" CodeCount="2" GlyphCount="1"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`), "甲→乙"},
		"a position of no sense": {ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="-1" CodeCount="9"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`), ""},
	} {
		r := judge(t, sealedFiles(t, chainedFiles(embedded, c.change)), trusting(), valid)
		text, told := detail(r, "text_glyph_differs")
		if told != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func hasAny(r verify.Result, all ...string) bool {
	for _, code := range all {
		if _, told := detail(r, code); told {
			return true
		}
	}
	return false
}

// TestD16WhichFontCounts: the font of a text is the one that is drawn: of the page before that of the document, the last of an ID, and of resource files only.
func TestD16WhichFontCounts(t *testing.T) {
	const swap = `<ofd:CGTransform CodePosition="3" CodeCount="1" GlyphCount="1"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`
	good, other := ofdtest.FontProgram(4, map[rune]uint16{'甲': 4}), ofdtest.FontProgram(4, map[rune]uint16{'乙': 4})
	swapped := ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", swap)
	own := ofdtest.Replace(ofdtest.PageXML, "<ofd:Content>", "<ofd:PageRes>/Doc_0/PageRes.xml</ofd:PageRes><ofd:Content>")
	resource := func(inner string) []byte {
		return []byte(`<ofd:Res xmlns:ofd="http://www.ofdspec.org/2016" BaseLoc="Res"><ofd:Fonts>` + inner + `</ofd:Fonts></ofd:Res>`)
	}
	program := func(content []byte) func(string, []byte) []byte {
		return func(path string, old []byte) []byte {
			if path == ofdtest.FontFile {
				return content
			}
			return old
		}
	}
	second := func(content []byte) ofd.File {
		return ofd.File{Path: "/Doc_0/Res/second.ttf", Content: content}
	}
	const font = `<ofd:Font ID="1" FontName="Second"><ofd:FontFile>second.ttf</ofd:FontFile></ofd:Font>`
	for name, c := range map[string]struct {
		change func(string, []byte) []byte
		added  []ofd.File
		code   string
		want   string
	}{
		"of the document":                  {chainedFiles(swapped, program(other)), nil, "text_glyph_differs", "甲→乙"},
		"of the page, which is good":       {chainedFiles(swapped, program(other), own), []ofd.File{second(good), {Path: "/Doc_0/PageRes.xml", Content: resource(font)}}, "text_glyph_differs", ""},
		"of the page, which draws another": {chainedFiles(swapped, program(good), own), []ofd.File{second(other), {Path: "/Doc_0/PageRes.xml", Content: resource(font)}}, "text_glyph_differs", "1 Second 甲→乙"},
		"the last of an ID":                {chainedFiles(swapped, program(good), ofdtest.Replace(publicRes, "</ofd:Fonts>", font+"</ofd:Fonts>")), []ofd.File{second(other)}, "text_glyph_differs", "1 Second 甲→乙"},
		"a word in the document":           {chainedFiles(swapped, program(other), ofdtest.Replace(ofdtest.DocumentXML, "</ofd:CommonData>", "</ofd:CommonData>"+`<ofd:Extra>`+font+`</ofd:Extra>`)), []ofd.File{second(good)}, "text_glyph_differs", "1 Sample 甲→乙"},
		"that nobody defines":              {ofdtest.Replace(ofdtest.PageXML, ` Font="1"`, ` Font="77"`), nil, "font_unbound", "77"},
		"with a name that hides":           {chainedFiles(ofdtest.Drop(ofdtest.FontFile), ofdtest.Replace(publicRes, `FontName="Sample"`, "FontName=\"a\u202eb\""), ofdtest.Replace(publicRes, "<ofd:FontFile>font_0.ttf</ofd:FontFile>", "")), nil, "font_unbound", "1 ab"},
	} {
		t.Run(name, func(t *testing.T) {
			r := verify.Verify("a.ofd", sealedFiles(t, c.change, c.added...), trusting())
			text, told := detail(r, c.code)
			if r.Verdict != verify.Valid || told != (c.want != "") || !strings.HasSuffix(text, c.want) {
				t.Errorf("%s %v: %q", r.Verdict, codes(r), text)
			}
		})
	}
}

// TestD16WhatCannotBeRead: where a bound was met it is said that letters were not compared, and nothing is told of the fonts that come after it.
func TestD16WhatCannotBeRead(t *testing.T) {
	whole := ofdtest.FontProgram(12, map[rune]uint16{'甲': 4, '乙': 5})
	for _, letter := range "甲乙" { // each group has all letters there are, so that two of them are more than are looked at
		group := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(letter)), uint32(letter))
		whole = bytes.Replace(whole, group, binary.BigEndian.AppendUint32(make([]byte, 4), 0x10FFFF), 1)
	}
	other := ofdtest.FontProgram(4, map[rune]uint16{'乙': 4})
	const second = `<ofd:Font ID="2" FontName="Second"><ofd:FontFile>second.ttf</ofd:FontFile></ofd:Font>`
	swap := `<ofd:CGTransform CodePosition="0" CodeCount="1" GlyphCount="1"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform>`
	text := `<ofd:TextObject ID="802" Boundary="20 60 60 10" Font="2" Size="5">` + swap + `<ofd:TextCode X="0" Y="5">甲</ofd:TextCode></ofd:TextObject><ofd:TextObject `
	fonts := func(first []byte) []byte {
		return sealedFiles(t, chainedFiles(ofdtest.Replace(publicRes, "</ofd:Fonts>", second+"</ofd:Fonts>"), ofdtest.Replace(ofdtest.PageXML, "<ofd:TextObject ", text), func(path string, content []byte) []byte {
			if path == ofdtest.FontFile {
				return first
			}
			return content
		}), ofd.File{Path: strings.Replace(ofdtest.FontFile, "font_0", "second", 1), Content: other})
	}
	r := judge(t, fonts(ofdtest.FontProgram(4, map[rune]uint16{'甲': 4})), trusting(), valid)
	if told, _ := detail(r, "text_glyph_differs"); !strings.HasSuffix(told, ": 2 Second 甲→乙") || hasAny(r, "text_unread") {
		t.Errorf("both are read: %q %v", told, codes(r))
	}
	if r := judge(t, fonts(whole), trusting(), valid); !hasAny(r, "text_unread") || hasAny(r, "text_glyph_differs") {
		t.Errorf("the first is not read to its end: %v", codes(r))
	}
	long := strings.Repeat("甲", 65)
	ligature := chainedFiles(ofdtest.Replace(ofdtest.PageXML, "名称 甲", long), ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:CGTransform CodePosition="0" CodeCount="65" GlyphCount="1"><ofd:Glyphs>4</ofd:Glyphs></ofd:CGTransform><ofd:TextCode`))
	if r := judge(t, sealedFiles(t, ligature), trusting(), valid); !hasAny(r, "text_unread") {
		t.Errorf("one glyph for 65 letters: %v", codes(r))
	}
	unbound := chainedFiles(ofdtest.Replace(publicRes, "</ofd:Fonts>", `<ofd:Font ID="2" FontName="Second"/></ofd:Fonts>`), ofdtest.Replace(ofdtest.PageXML, "<ofd:TextObject ", strings.Replace(text, swap, "", 1)), ofdtest.Replace(publicRes, "<ofd:FontFile>font_0.ttf</ofd:FontFile>", ""), ofdtest.Drop(ofdtest.FontFile))
	if told, _ := detail(judge(t, sealedFiles(t, unbound), trusting(), valid), "font_unbound"); !strings.HasSuffix(told, ": 1 Sample 2 Second") {
		t.Errorf("two fonts that are not in it: %q", told)
	}
}

// TestD17WhatASwitchReveals: a selector that is sealed cannot be switched, whether it hides an object, a layer or what stands beside the page.
func TestD17WhatASwitchReveals(t *testing.T) {
	sealed := sealedFiles(t, ofdtest.Replace(ofdtest.PageXML, "<ofd:TextObject ", `<ofd:TextObject ID="801" Visible="false" Boundary="20 60 60 10" Font="1" Size="5"><ofd:TextCode X="0" Y="5">乙</ofd:TextCode></ofd:TextObject><ofd:TextObject `))
	judge(t, sealed, trusting(), valid)
	for name, change := range map[string]func(string, []byte) []byte{
		"an object is shown":          ofdtest.Replace(ofdtest.PageXML, `Visible="false"`, `Visible="true"`),
		"an object comes to the page": ofdtest.Replace(ofdtest.PageXML, `Boundary="20 60`, `Boundary="20 40`),
		"the page becomes larger":     ofdtest.Replace(ofdtest.DocumentXML, "297", "397"),
		"the page's own box":          ofdtest.Replace(ofdtest.PageXML, "297", "397"),
		"the layer changes":           ofdtest.Replace(ofdtest.PageXML, "<ofd:Layer ", `<ofd:Layer Type="Background" `),
		"a resource is switched":      ofdtest.Replace(publicRes, "<ofd:Font ", `<ofd:Font Italic="true" `),
	} {
		t.Run(name, func(t *testing.T) {
			data := ofdtest.Edit(t, sealed, change)
			judge(t, data, trusting(), invalid("*", "DIGEST_MISMATCH"))
		})
	}
}

// TestD18NothingOutsideIsFollowed: links, other files, sound and film are told with their targets, and change no verdict; a location with a scheme is none.
func TestD18NothingOutsideIsFollowed(t *testing.T) {
	action := func(inner string) func(string, []byte) []byte {
		return ofdtest.Replace(ofdtest.PageXML, "<ofd:TextCode", `<ofd:Actions><ofd:Action Event="CLICK">`+inner+`</ofd:Action></ofd:Actions><ofd:TextCode`)
	}
	for name, c := range map[string]struct {
		change func(string, []byte) []byte
		want   string
	}{
		"a link of an object":    {action(`<ofd:URI URI="https://evil.invalid/x" Base=""/>`), "URI https://evil.invalid/x " + ofdtest.PageXML},
		"an action on a file":    {action(`<ofd:GotoA AttachID="7"/>`), "GotoA 7 " + ofdtest.PageXML},
		"sound":                  {action(`<ofd:Sound ResourceID="8"/>`), "Sound 8 " + ofdtest.PageXML},
		"film":                   {action(`<ofd:Movie ResourceID="9"/>`), "Movie 9 " + ofdtest.PageXML},
		"a link of the document": {ofdtest.Replace(ofdtest.DocumentXML, "</ofd:Pages>", `</ofd:Pages><ofd:Actions><ofd:Action Event="DO"><ofd:URI URI="http://evil.invalid/"/></ofd:Action></ofd:Actions>`), "URI http://evil.invalid/ " + ofdtest.DocumentXML},
		"inside the document":    {action(`<ofd:Goto><ofd:Dest Type="XYZ" PageID="1"/></ofd:Goto>`), ""},
	} {
		r := judge(t, sealedFiles(t, c.change), trusting(), valid)
		text, told := detail(r, "external_reference")
		if told != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q", name, text)
		}
	}
	if _, err := ofd.Open(ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(publicRes, "image_0.png", "http://evil.invalid/a.png")), ofd.DefaultLimits()); err == nil {
		t.Error("a picture from elsewhere")
	}
	many := action(strings.Repeat(`<ofd:URI URI="https://evil.invalid/x"/>`, 5000))
	if text, _ := detail(judge(t, sealedFiles(t, many), trusting(), valid), "external_reference"); len(text) > 8<<10 {
		t.Errorf("%d octets tell of places outside", len(text))
	}
}

// TestD24AlgorithmsOfTheDescription: a description that names an unknown or weak algorithm is refused, whatever its value is; the right one only for
// seals, those of messages for messages.
func TestD24AlgorithmsOfTheDescription(t *testing.T) {
	const method = "<ofd:SignatureMethod>1.2.156.10197.1.501<"
	for name, c := range map[string]struct {
		text string
		want want
	}{
		"SM2 with SM3 by its name": {"SM2WithSM3", valid}, "SM2": {"1.2.156.10197.1.301.1", valid}, "none": {"", valid}, "SM2 by a vendor's name": {"SGD_SM2_1", valid}, "SM3 alone": {"sm3", valid},
		"MD5 with RSA": {"1.2.840.113549.1.1.4", invalid("V22", "SIG_ALG")}, "SHA-1 with RSA": {"sha1WithRSAEncryption", invalid("V22", "SIG_ALG")}, "RSA with SHA-256": {"1.2.840.113549.1.1.11", invalid("V22", "SIG_ALG")},
		"nothing known": {"1.2.3.4", invalid("V22", "SIG_ALG")}, "a word": {"none", invalid("V22", "SIG_ALG")},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, world().Sealed(t, ofdtest.Sealing{Describe: replaced(method, "<ofd:SignatureMethod>"+c.text+"<")}), trusting(), c.want)
		})
	}
	t.Run("after signing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, world().Sealed(t, ofdtest.Sealing{}), ofdtest.Replace(ofdtest.SignatureXML, "10197.1.501", "10197.1.401")), trusting(), invalid("V22", "DATA_HASH"))
	})
}

// TestD18ActionsOfPDFAreTold: also behind a good signature, with the clause of their standard.
func TestD18ActionsOfPDFAreTold(t *testing.T) {
	plain := pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/URI/URI(https://evil.invalid/\u202e)>>>>"})
	r := judgePDF(t, withMessage(t, pdftest.Table(plain, "/Root 1 0 R/ID[<00><01>]"), pdf.SignatureRequest{}), trusting(), want{verify.Valid, "V00", "external_reference"})
	text, _ := detail(r, "external_reference")
	if i := slices.IndexFunc(r.Reasons, func(one verify.Reason) bool { return one.Code == "external_reference" }); !strings.HasSuffix(text, "URI https://evil.invalid/ catalog") || r.Reasons[i].Clause != "ISO 32000-1 12.6.4" {
		t.Errorf("%q %+v", text, r.Reasons)
	}
	if r := judgePDF(t, withMessage(t, pdftest.Document(), pdf.SignatureRequest{}), trusting(), valid); hasAny(r, "external_reference") {
		t.Error("a good document")
	}
}
