package render_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// sample is a small document in parts; empty ones are left out. Names without namespace are read like others.
type sample struct {
	area      string // PhysicalBox of the document: "0 0 60 40" when empty
	page      string // what stands in Page beside Content
	content   string // of Content
	layer     string // of one Layer, instead of content
	resources string // of Res
	template  string // content of template T1, used when the page says so
	annots    string // of PageAnnot
	more      []ofd.File
}

const head = `<?xml version="1.0" encoding="UTF-8"?>`

func (s sample) files() []ofd.File {
	if s.area == "" {
		s.area = "0 0 60 40"
	}
	if s.layer != "" {
		s.content = "<Layer>" + s.layer + "</Layer>"
	}
	document := `<Document><CommonData><PageArea><PhysicalBox>` + s.area + `</PhysicalBox></PageArea><DocumentRes>Res.xml</DocumentRes>`
	if s.template != "" {
		document += `<TemplatePage ID="T1" BaseLoc="Tpl.xml"/>`
	}
	document += `</CommonData><Pages><Page ID="P1" BaseLoc="Page.xml"/></Pages>`
	if s.annots != "" {
		document += `<Annotations>Annots.xml</Annotations>`
	}
	files := []ofd.File{
		{Path: "/OFD.xml", Content: []byte(head + `<OFD DocType="OFD" Version="1.0"><DocBody><DocInfo><DocID>0123456789abcdef0123456789abcdef</DocID></DocInfo><DocRoot>Doc/Document.xml</DocRoot></DocBody></OFD>`)},
		{Path: "/Doc/Document.xml", Content: []byte(head + document + `</Document>`)},
		{Path: "/Doc/Page.xml", Content: []byte(head + `<Page>` + s.page + `<Content>` + s.content + `</Content></Page>`)},
		{Path: "/Doc/Res.xml", Content: []byte(head + `<Res BaseLoc=".">` + s.resources + `</Res>`)},
	}
	if s.template != "" {
		files = append(files, ofd.File{Path: "/Doc/Tpl.xml", Content: []byte(head + `<Page><Content>` + s.template + `</Content></Page>`)})
	}
	if s.annots != "" {
		files = append(files, ofd.File{Path: "/Doc/Annots.xml", Content: []byte(head + `<Annotations><Page PageID="P1"><FileLoc>Annot.xml</FileLoc></Page></Annotations>`)},
			ofd.File{Path: "/Doc/Annot.xml", Content: []byte(head + `<PageAnnot>` + s.annots + `</PageAnnot>`)})
	}
	for _, f := range s.more { // which may stand in for a file of these
		files = slices.DeleteFunc(files, func(old ofd.File) bool { return old.Path == f.Path })
	}
	return append(files, s.more...)
}

func (s sample) open(t testing.TB, o render.Options) *render.Document {
	t.Helper()
	data, err := ofd.Pack(s.files())
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	o.Faces = render.BuiltIn()
	d, err := render.Open(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s sample) draw(t testing.TB) *render.Page {
	t.Helper()
	page, err := s.open(t, render.Options{}).Page(1)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// pixels draws at ten pixels a millimetre.
func pixels(t testing.TB, page *render.Page) *image.RGBA {
	t.Helper()
	picture, err := page.Image(254)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// at is the colour at a place in millimetres.
func at(picture *image.RGBA, x, y float64) color.RGBA {
	return picture.RGBAAt(int(x*10), int(y*10))
}

var (
	white = color.RGBA{255, 255, 255, 255}
	black = color.RGBA{0, 0, 0, 255}
	red   = color.RGBA{255, 0, 0, 255}
	blue  = color.RGBA{0, 0, 255, 255}
)

func wantColor(t *testing.T, picture *image.RGBA, x, y float64, want color.RGBA) {
	t.Helper()
	got := at(picture, x, y)
	for _, pair := range [][2]uint8{{got.R, want.R}, {got.G, want.G}, {got.B, want.B}, {got.A, want.A}} {
		if d := int(pair[0]) - int(pair[1]); d > 3 || d < -3 {
			t.Errorf("at %g, %g: %v, want %v", x, y, got, want)
			return
		}
	}
}

func codes(page *render.Page) []render.Code {
	var all []render.Code
	for _, f := range page.Findings() {
		all = append(all, f.Code)
	}
	return all
}

func wantCodes(t *testing.T, page *render.Page, want ...render.Code) {
	t.Helper()
	got := codes(page)
	slices.Sort(got)
	got = slices.Compact(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("findings %v, want %v", page.Findings(), want)
	}
}

// square is a PNG of four colours: red and blue above, black and white below.
func square(t testing.TB) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for y := range 20 {
		for x := range 20 {
			c := color.NRGBA{255, 0, 0, 255}
			switch {
			case x >= 10 && y < 10:
				c = color.NRGBA{0, 0, 255, 255}
			case x < 10 && y >= 10:
				c = color.NRGBA{0, 0, 0, 255}
			case x >= 10:
				c = color.NRGBA{255, 255, 255, 255}
			}
			picture.SetNRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const media = `<MultiMedias><MultiMedia ID="M1" Type="Image"><MediaFile>a.png</MediaFile></MultiMedia></MultiMedias>`

// subset is the built-in face with a few letters, as an embedded program.
func subset(t testing.TB, letters string) []byte {
	t.Helper()
	data, err := typeface.Sans().Subset(letters)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const embedded = `<Fonts><Font ID="F1" FontName="Embedded"><FontFile>f.ttf</FontFile></Font><Font ID="F2" FontName="宋体"/></Fonts>`

// allowed are the elements of our SVG and their attributes.
var allowed = map[string][]string{
	"svg": {"xmlns", "viewBox", "width", "height", "role", "aria-labelledby"}, "title": {"id"}, "defs": {}, "g": {"clip-path", "class", "style", "fill", "fill-opacity"},
	"path": {"id", "d", "fill", "fill-opacity", "fill-rule", "clip-rule", "transform", "stroke", "stroke-opacity", "stroke-width", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset"},
	"use":  {"href", "transform", "opacity"}, "clipPath": {"id", "clip-path"},
	"image":          {"id", "width", "height", "preserveAspectRatio", "href"},
	"linearGradient": {"id", "gradientUnits", "gradientTransform", "spreadMethod", "x1", "y1", "x2", "y2"},
	"radialGradient": {"id", "gradientUnits", "gradientTransform", "spreadMethod", "fx", "fy", "fr", "cx", "cy", "r"},
	"stop":           {"offset", "stop-color", "stop-opacity"}, "text": {"transform", "x", "y", "font-size", "textLength", "lengthAdjust"},
}

// wellBehaved parses an SVG and refuses whatever is not ours.
func wellBehaved(svg []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			attributes, ok := allowed[e.Name.Local]
			if !ok || e.Name.Space != "http://www.w3.org/2000/svg" {
				return fmt.Errorf("element %v", e.Name)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					return fmt.Errorf("attribute %s of %s", a.Name.Local, e.Name.Local)
				}
				if strings.ContainsAny(a.Value, "<>&\"'") || e.Name.Local != "image" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
					return fmt.Errorf("value %.80q", a.Value)
				}
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") && !strings.HasPrefix(a.Value, "data:image/png;base64,") {
					return fmt.Errorf("reference %.40q", a.Value)
				}
				if a.Name.Local == "style" && a.Value != "mix-blend-mode:multiply" {
					return fmt.Errorf("style %q", a.Value)
				}
				if strings.Contains(a.Value, "url(") && !strings.HasPrefix(a.Value, "url(#") {
					return fmt.Errorf("reference %q", a.Value)
				}
			}
		case xml.ProcInst, xml.Directive, xml.Comment:
			return fmt.Errorf("token %T", token)
		}
	}
}
