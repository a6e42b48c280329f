package vectorgen

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// photoTypeCode is the type whose version in force has a photo.
const photoTypeCode = "11980000MB7QX1034Y001"

// Files of a licence with a photo.
const (
	licenseRes   = "Doc_0/DocumentRes.xml"
	licensePhoto = "Doc_0/Res/photo.jpg"
)

// dot is a JPEG of one grey pixel (ITU-T T.81, baseline), with a comment to tell one from another.
func dot(comment string) []byte {
	huffman := func(class byte) []byte { // one code of one bit, for 0
		return append([]byte{0xff, 0xc4, 0, 20, class, 1}, make([]byte, 16)...)
	}
	return bytes.Join([][]byte{{0xff, 0xd8}, append([]byte{0xff, 0xfe, 0, byte(len(comment) + 2)}, comment...), append([]byte{0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...),
		{0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0}, huffman(0x00), huffman(0x10), {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x3f, 0xff, 0xd9}}, nil)
}

// drawPhoto is an image object at its place.
func drawPhoto(id int, at catalog.PhotoPlace) string {
	list := func(values ...float64) string {
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = millimetres(value)
		}
		return strings.Join(texts, " ")
	}
	return fmt.Sprintf(`<ofd:ImageObject ID="%d" Boundary="%s" ResourceID="700" CTM="%s"/>`, id, list(at.XMM, at.YMM, at.WidthMM, at.HeightMM), list(at.PictureWidthMM, 0, 0, at.PictureHeightMM, at.LeftMM, at.TopMM))
}

// photos: the picture that the data name is on the page, once, whole and at its place.
func (l *licenseWriter) photos() {
	o := *l
	o.kind, _ = catalog.Find(photoTypeCode)
	o.plain = nil
	f, _ := o.kind.PhotoField()
	item, _, _ := o.kind.PhotoItem()
	own, other := dot("own"), dot("another")
	named := func(content []byte) string {
		return catalog.Photo{WidthPX: f.Photo.WidthPX, HeightPX: f.Photo.HeightPX, Octets: len(content), SM3: digest.Hex(content)}.String()
	}
	write := func(name, expect, vcode, note string, change func(*licenseParts)) {
		code, reasons := "license_data_mismatch", ofFile("license_data_mismatch")
		if expect == "accept" {
			code, reasons = "", ofFile()
		}
		content := o.license(func(p *licenseParts) {
			p.photo = own
			for _, values := range []catalog.Values{p.page, p.metadata, p.machine} {
				values.Set(f.Key, named(own))
			}
			change(p)
		})
		l.one("photo", name, specLicense, "6", expect, code, note, golden(vcode, reasons...), field{"license", content}, l.root(), l.list(statuslist.InForce, nil))
	}
	edit := func(name, from, to string) func(*licenseParts) {
		return func(p *licenseParts) { p.draft = func(d *draft) { d.edit(name, from, to) } }
	}
	photo, _ := catalog.ReadPhoto(named(own))
	at := item.PlacePhoto(photo)
	write("good", "accept", "V00", "the picture that the data name", func(*licenseParts) {})
	write("none", "accept", "V00", "no picture, and the words for one that is missing", func(p *licenseParts) {
		for _, values := range []catalog.Values{p.page, p.metadata, p.machine} {
			values.Set(f.Key)
		}
	})
	refuse := func(name, note string, change func(*licenseParts)) { write(name, "refuse", "V20", note, change) }
	refuse("other", "another picture in the package", func(p *licenseParts) { p.photo = other })
	refuse("other-named", "the metadata name another picture", func(p *licenseParts) { p.metadata.Set(f.Key, named(other)) })
	refuse("other-machine", "the machine file names another picture", func(p *licenseParts) { p.machine.Set(f.Key, named(other)) })
	refuse("removed", "no picture on the page", func(p *licenseParts) { p.page.Set(f.Key) })
	refuse("unnamed", "a picture on the page that the data do not name", func(p *licenseParts) {
		p.metadata.Set(f.Key)
		p.machine.Set(f.Key)
	})
	refuse("over", "a second picture over it", edit(licensePage, "</ofd:Layer>", drawPhoto(801, at)+"</ofd:Layer>"))
	refuse("composite", "a composite object, which may draw another over it", edit(licensePage, "</ofd:Layer>", `<ofd:CompositeObject ID="801" Boundary="0 0 50 50" ResourceID="702"/></ofd:Layer>`))
	refuse("two-files", "two pictures under one ID", edit(licenseRes, "</ofd:MultiMedias>", `<ofd:MultiMedia ID="700" Type="Image" Format="JPEG"><ofd:MediaFile>../Pages/Page_0/Content.xml</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>`))
	refuse("moved", "it stands elsewhere", edit(licensePage, ` Boundary="`+millimetres(at.XMM)+` `+millimetres(at.YMM), ` Boundary="20 `+millimetres(at.YMM)))
	refuse("faint", "it lets through what is below", edit(licensePage, ` ResourceID="700"`, ` ResourceID="700" Alpha="1"`))
	refuse("index", "the index does not name it", edit(licenseIndex, `Item="`+item.ID+`"`, `Item="more"`))
	refuse("annotation", "annotations over the page", edit("Doc_0/Document.xml", "</ofd:Pages>", "</ofd:Pages><ofd:Annotations>Annotations.xml</ofd:Annotations>"))
}
