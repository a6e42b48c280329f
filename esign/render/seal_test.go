package render_test

import (
	"bytes"
	"errors"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/ses"
)

// sealed puts a seal with a picture on the sample.
func sealed(t *testing.T, s sample, picture []byte, kind string, stamps ...ofd.StampRequest) *ofd.Package {
	t.Helper()
	w := ofdtest.New(t)
	seal := w.Seal(t, func(info *ses.SealInfo) {
		info.Picture = ses.Picture{Type: kind, Data: picture, WidthMM: 20, HeightMM: 20}
	})
	data := w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Pack(t, s.files()), Parts: ofdtest.Parts{Seal: seal},
		Request: func(r *ofd.SignatureRequest) { r.Stamps = stamps }})
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func drawPackage(t *testing.T, p *ofd.Package, o render.Options) *render.Page {
	t.Helper()
	o.Faces = render.BuiltIn()
	d, err := render.Open(p, o)
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page(1)
	if err != nil {
		t.Fatal(err)
	}
	svg, err := page.SVG(render.SVGOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := wellBehaved(svg); err != nil {
		t.Error(err)
	}
	return page
}

var place = ofd.Box{X: 10, Y: 10, Width: 20, Height: 20}

// TestSealsStandAtTheirPlace: the whole picture lies in Boundary, of which Clip shows a part (specification 5.6).
func TestSealsStandAtTheirPlace(t *testing.T) {
	whole := drawPackage(t, sealed(t, sample{}, square(t), "png", ofd.StampRequest{Page: 1, Boundary: place}), render.Options{})
	wantCodes(t, whole)
	picture := pixels(t, whole)
	wantColor(t, picture, 14, 14, red)
	wantColor(t, picture, 26, 14, blue)
	wantColor(t, picture, 14, 26, black)
	wantColor(t, picture, 35, 14, white)

	clip := ofd.Box{X: 10, Y: 0, Width: 10, Height: 20}
	slice := drawPackage(t, sealed(t, sample{}, square(t), "png", ofd.StampRequest{Page: 1, Boundary: place, Clip: &clip}), render.Options{})
	picture = pixels(t, slice)
	wantColor(t, picture, 14, 14, white)
	wantColor(t, picture, 26, 14, blue)
}

// TestSealsStayInTheirPlace: what a seal draws outside its own page is not seen, whatever Clip says.
func TestSealsStayInTheirPlace(t *testing.T) {
	inner := ofdtest.Pack(t, sample{area: "0 0 10 10", layer: `<PathObject ID="1" Boundary="0 0 30 30" Fill="true" Stroke="false"><FillColor Value="255 0 0"/><AbbreviatedData>M 0 0 L 30 0 L 30 30 L 0 30 C</AbbreviatedData></PathObject>`}.files())
	for name, clip := range map[string]*ofd.Box{"whole": nil, "clip beyond": {X: 0, Y: 0, Width: 50, Height: 50}} {
		t.Run(name, func(t *testing.T) {
			picture := pixels(t, drawPackage(t, sealed(t, sample{}, inner, "ofd", ofd.StampRequest{Page: 1, Boundary: place, Clip: clip}), render.Options{}))
			wantColor(t, picture, 28, 28, red)
			wantColor(t, picture, 32, 28, white)
			wantColor(t, picture, 28, 32, white)
		})
	}
}

// TestSealsAreMultiplied: black text under a red seal stays black.
func TestSealsAreMultiplied(t *testing.T) {
	under := strings.Replace(filled(``, "M 0 0 L 15 0 L 15 15 L 0 15 C"), "255 0 0", "0 0 0", 1)
	picture := pixels(t, drawPackage(t, sealed(t, sample{layer: under}, square(t), "png", ofd.StampRequest{Page: 1, Boundary: place}), render.Options{}))
	wantColor(t, picture, 12, 12, black)
	wantColor(t, picture, 18, 18, red)
}

func TestSealPictures(t *testing.T) {
	inner := sample{area: "0 0 10 10", layer: filled(``, "M 0 0 L 5 0 L 5 10 L 0 10 C")}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, pixels(t, inner.draw(t)), nil); err != nil {
		t.Fatal(err)
	}
	nested := ofdtest.Pack(t, inner.files())
	twice := ofdtest.New(t).Sealed(t, ofdtest.Sealing{Document: nested})
	cases := map[string]struct {
		picture []byte
		kind    string
		codes   []render.Code
		left    bool // red on the left half
	}{
		"jpg":                        {photo.Bytes(), "jpg", nil, true},
		"ofd":                        {nested, "ofd", nil, true},
		"ofd with a seal of its own": {twice, "ofd", []render.Code{render.SealHidden}, true},
		"ofd by another name":        {nested, "png", nil, true},
		"ofd that is broken":         {append([]byte("PK\x03\x04"), 1, 2, 3), "ofd", []render.Code{render.SealBroken}, false},
		"svg is not drawn":           {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "svg", []render.Code{render.PictureFormat}, false},
		"octets that are nothing":    {[]byte("nothing"), "png", []render.Code{render.PictureFormat}, false},
		"a png that is cut":          {square(t)[:50], "png", []render.Code{render.PictureBroken}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			page := drawPackage(t, sealed(t, sample{}, c.picture, c.kind, ofd.StampRequest{Page: 1, Boundary: place}), render.Options{})
			wantCodes(t, page, c.codes...)
			want := white
			if c.left {
				want = red
			}
			picture := pixels(t, page)
			wantColor(t, picture, 14, 13, want)
			wantColor(t, picture, 26, 13, white)
		})
	}
}

// TestSealsCanBeLeftOut: the caller knows which signatures hold.
func TestSealsCanBeLeftOut(t *testing.T) {
	p := sealed(t, sample{}, square(t), "png", ofd.StampRequest{Page: 1, Boundary: place})
	page := drawPackage(t, p, render.Options{Seal: func(s *ofd.Signature) bool { return s.ID == "other" }})
	wantCodes(t, page, render.SealHidden)
	wantColor(t, pixels(t, page), 14, 14, white)
}

// TestSealsComeFromTheSignedValue: another seal file beside it changes nothing.
func TestSealsComeFromTheSignedValue(t *testing.T) {
	w := ofdtest.New(t)
	seal := w.Seal(t, func(info *ses.SealInfo) {
		info.Picture = ses.Picture{Type: "png", Data: square(t), WidthMM: 20, HeightMM: 20}
	})
	other := w.Seal(t, func(info *ses.SealInfo) {
		info.Picture = ses.Picture{Type: "png", Data: []byte("x"), WidthMM: 20, HeightMM: 20}
	})
	data := w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Pack(t, sample{}.files()), Parts: ofdtest.Parts{Seal: seal},
		Request: func(r *ofd.SignatureRequest) {
			r.Seal, r.Stamps = other, []ofd.StampRequest{{Page: 1, Boundary: place}}
		}})
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	page := drawPackage(t, p, render.Options{})
	wantCodes(t, page)
	wantColor(t, pixels(t, page), 14, 14, red)

	broken := ofdtest.New(t).Sealed(t, ofdtest.Sealing{Document: ofdtest.Pack(t, sample{}.files()), Request: func(r *ofd.SignatureRequest) {
		r.Stamps = []ofd.StampRequest{{Page: 1, Boundary: place}}
	}, Value: func([]byte) []byte { return []byte{0x30, 0x00} }})
	if p, err = ofd.Open(broken, ofd.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	wantCodes(t, drawPackage(t, p, render.Options{}), render.SealBroken)
}

// TestSealsOnNoPage: a stamp whose page is not there is told with the document.
func TestSealsOnNoPage(t *testing.T) {
	data := ofdtest.New(t).Sealed(t, ofdtest.Sealing{Document: ofdtest.Pack(t, sample{}.files()), Describe: func(d string) string {
		return strings.Replace(d, `PageRef="P1"`, `PageRef="P9"`, 1)
	}})
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		t.Fatal(err)
	}
	if f := d.Findings(); len(f) != 1 || f[0].Code != render.StampBroken || !f[0].Omitted {
		t.Errorf("%+v", f)
	}
}

// TestTheTreeNamesWhatIsNotDrawn: attachments, tags and extensions are parts of the document, too.
func TestTheTreeNamesWhatIsNotDrawn(t *testing.T) {
	p, err := ofd.Open(ofdtest.New(t).Sealed(t, ofdtest.Sealing{}), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]*render.Node{}
	var walk func(n *render.Node)
	walk = func(n *render.Node) {
		seen[n.Kind] = n
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(d.Tree())
	for kind, drawn := range map[string]bool{"document": false, "version": true, "page": true, "layer": true, "resource": false, "Font": false, "MultiMedia": false,
		"attachment": false, "signature": false, "stamp": true} {
		if n := seen[kind]; n == nil || n.Drawn != drawn {
			t.Errorf("%s: %+v", kind, n)
		}
	}
	if n := seen["attachment"]; n != nil && (n.Name != "data.json" || n.Path == "") {
		t.Errorf("attachment %+v", n)
	}
}

// TestOnlySignedFilesAreDrawn: a page that needs a file that nothing signs is not drawn, whatever the file is for; annotations are left out and told.
func TestOnlySignedFilesAreDrawn(t *testing.T) {
	s := sample{layer: filled(``, frame) + `<ImageObject ID="11" Boundary="0 0 60 40" ResourceID="9" CTM="60 0 0 40 0 0"/><TextObject ID="12" Boundary="0 0 60 40" Font="8" Size="4"><TextCode X="1" Y="9">A</TextCode></TextObject>`,
		page: `<Template TemplateID="T1"/>`, template: `<Layer>` + filled(``, frame) + `</Layer>`,
		annots:    `<Annot ID="5" Type="Stamp"><Appearance Boundary="0 0 60 40">` + filled(``, frame) + `</Appearance></Annot>`,
		resources: `<Fonts><Font ID="8" FontName="X"><FontFile>x.ttf</FontFile></Font></Fonts><MultiMedias><MultiMedia ID="9" Type="Image"><MediaFile>p.png</MediaFile></MultiMedia></MultiMedias>`,
		more:      []ofd.File{{Path: "/Doc/x.ttf", Content: []byte("x")}, {Path: "/Doc/p.png", Content: []byte("p")}}}
	data, err := ofd.Pack(s.files())
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	draw := func(unsigned string) (*render.Page, error) {
		p, err := ofd.Open(data, ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		d, err := render.Open(p, render.Options{Faces: render.BuiltIn(), Signed: func(path string) bool { asked[path] = true; return path != unsigned }})
		if err != nil {
			return nil, err
		}
		if _, err := d.Page(1); err != nil { // what is kept from page to page keeps no refusal away
			if _, again := d.Page(1); !errors.Is(again, render.ErrUnsigned) {
				t.Errorf("%s: drawn the second time: %v", unsigned, again)
			}
		}
		return d.Page(1)
	}
	if _, err := draw(""); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.files() {
		if f.Path == "/OFD.xml" { // which leads to the document and is not drawn
			continue
		}
		if !asked[f.Path] {
			t.Errorf("%s is read unasked", f.Path)
		}
		page, err := draw(f.Path)
		if strings.Contains(f.Path, "Annot") {
			if err != nil {
				t.Errorf("%s: %v", f.Path, err)
				continue
			}
			if !slices.ContainsFunc(page.Findings(), func(f render.Finding) bool { return f.Code == render.AnnotationHidden && f.Omitted }) {
				t.Errorf("%s: hidden annotations are not told", f.Path)
			}
			continue
		}
		if !errors.Is(err, render.ErrUnsigned) || page != nil {
			t.Errorf("%s is not signed and the page is drawn: %v", f.Path, err)
		}
	}
}
