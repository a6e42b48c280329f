package vectorgen

import (
	"encoding/binary"
	"strings"
)

// mappedFont is a font program (ISO/IEC 14496-22) that has nothing but a map of two letters to glyphs, in format 4: enough for whoever compares letters.
func mappedFont(first, second rune, firstGlyph, secondGlyph uint16) string {
	return fontOf(4, 40, 0, 6, 4, 1, 2, uint16(first), uint16(second), 0xFFFF, 0, uint16(first), uint16(second), 0xFFFF, firstGlyph-uint16(first), secondGlyph-uint16(second), 1, 0, 0, 0)
}

// fontOf is a font program that has nothing but one map of Unicode.
func fontOf(table ...uint16) string {
	var cmap []byte
	for _, v := range append([]uint16{0, 1, 3, 1, 0, 12}, table...) {
		cmap = binary.BigEndian.AppendUint16(cmap, v)
	}
	out := []byte("\x00\x01\x00\x00\x00\x01\x00\x10\x00\x00\x00\x00cmap\x00\x00\x00\x00\x00\x00\x00\x1c")
	out = binary.BigEndian.AppendUint32(out, uint32(len(cmap)))
	return string(append(out, cmap...))
}

// appearance: letters that are drawn as others, fonts that are not there, and what leads outside (D-15 to D-18).
func (o *ofdWriter) appearance() {
	const page, root, resources, font = "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/Res/font.ttf"
	text := func(inner string) string {
		return `<ofd:Layer ID="3"><ofd:TextObject ID="4" Boundary="20 20 60 10" Font="7" Size="5">` + inner + `</ofd:TextObject></ofd:Layer>`
	}
	const plain = `<ofd:TextCode X="0" Y="5">1</ofd:TextCode>`
	written := func(inner string, embedded bool, more func(*draft)) func(*draft) {
		return func(d *draft) {
			d.edit(root, "</ofd:CommonData>", "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>")
			file := ""
			if embedded {
				file = "<ofd:FontFile>font.ttf</ofd:FontFile>"
				d.put(font, mappedFont('1', '9', 2, 10))
			}
			d.put(resources, ofdOpen+`<ofd:Res `+ofdName+` BaseLoc="Res"><ofd:Fonts><ofd:Font ID="7" FontName="Sample">`+file+`</ofd:Font></ofd:Fonts></ofd:Res>`)
			d.edit(page, `<ofd:Layer ID="3"/>`, text(inner))
			if more != nil {
				more(d)
			}
		}
	}
	drawn := func(glyph string) string {
		return `<ofd:CGTransform CodePosition="0" CodeCount="1" GlyphCount="1"><ofd:Glyphs>` + glyph + `</ofd:Glyphs></ofd:CGTransform>` + plain
	}
	action := func(inner string) string {
		return `<ofd:Actions><ofd:Action Event="CLICK">` + inner + `</ofd:Action></ofd:Actions>` + plain
	}
	row := func(name, expect, code, note string, content []byte) {
		o.one("appearance", name, specOFD, "11.4.1", expect, code, note, content)
	}
	row("good", "accept", "", "text in an embedded font", o.sealed(written(plain, true, nil), nil))
	row("own-glyph", "accept", "", "CGTransform gives a letter its own glyph", o.sealed(written(drawn("2"), true, nil), nil))
	row("other-glyph", "accept", "text_glyph_differs", "CGTransform draws 9 where the text says 1", o.sealed(written(drawn("10"), true, nil), nil))
	row("one-glyph", "accept", "text_glyph_differs", "the font has one glyph for 1 and 9", o.sealed(written(plain, true, func(d *draft) { d.put(font, mappedFont('1', '9', 2, 2)) }), nil))
	var octets [131]uint16 // format 0: glyph 7 for 1 and 9, of which each is the second half of two
	octets[1], octets[3+'1'/2], octets[3+'9'/2] = 262, 7, 7
	for _, one := range []struct {
		format string
		table  []uint16
	}{
		{"0", octets[:]}, {"10", []uint16{10, 0, 0, 38, 0, 0, 0, '1', 0, 9, 7, 1, 2, 3, 4, 5, 6, 8, 7}}, {"13", []uint16{13, 0, 0, 28, 0, 0, 0, 1, 0, '1', 0, '9', 0, 7}},
	} {
		row("one-glyph-"+one.format, "accept", "text_glyph_differs", "the font has one glyph for 1 and 9, in a map of format "+one.format, o.sealed(written(plain, true, func(d *draft) { d.put(font, fontOf(one.table...)) }), nil))
	}
	row("no-program", "accept", "font_unbound", "the font is not embedded", o.sealed(written(plain, false, nil), nil))
	row("no-font", "accept", "font_unbound", "the font is defined nowhere", o.sealed(written(plain, true, func(d *draft) { d.edit(resources, `ID="7"`, `ID="8"`) }), nil))
	row("link", "accept", "external_reference", "a link of an object", o.sealed(written(action(`<ofd:URI URI="https://outside.example/"/>`), true, nil), nil))
	row("sound", "accept", "external_reference", "sound of an object", o.sealed(written(action(`<ofd:Sound ResourceID="9"/>`), true, nil), nil))
	row("inside", "accept", "", "an action that stays in the document", o.sealed(written(action(`<ofd:Goto><ofd:Dest Type="XYZ" PageID="1"/></ofd:Goto>`), true, nil), nil))
	row("font-exchanged", "refuse", "DIGEST_MISMATCH", "the font is exchanged after sealing", o.sealed(written(plain, true, nil), func(d *draft) { d.put(font, mappedFont('1', '9', 10, 2)) }))
	row("font-remapped", "refuse", "DIGEST_MISMATCH", "another resource takes the font's ID after sealing", o.sealed(written(plain, true, nil), func(d *draft) { d.edit(resources, "font.ttf", "other.ttf") }))
	const overlay = `<ofd:PathObject ID="9" Boundary="20 20 60 10" Fill="true"><ofd:FillColor Value="255 255 255"/><ofd:AbbreviatedData>M 0 0 L 60 0 L 60 10 C</ofd:AbbreviatedData></ofd:PathObject>`
	row("overlay", "refuse", "DIGEST_MISMATCH", "a white area is laid over the text after sealing", o.sealed(written(plain, true, nil), func(d *draft) { d.edit(page, "</ofd:Layer>", overlay+"</ofd:Layer>") }))
	row("hidden", "refuse", "DIGEST_MISMATCH", "the text is hidden after sealing", o.sealed(written(plain, true, nil), func(d *draft) { d.edit(page, "<ofd:TextObject ", `<ofd:TextObject Visible="false" `) }))
	row("later-layer", "refuse", "DIGEST_MISMATCH", "a layer is added after sealing", o.sealed(written(plain, true, nil), func(d *draft) {
		d.edit(page, "</ofd:Content>", strings.Replace(text(plain), `"3"`, `"33"`, 1)+"</ofd:Content>")
	}))
}
