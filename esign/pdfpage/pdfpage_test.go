package pdfpage_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdfpage"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

func document(t testing.TB, letters string, objects ...ofd.Object) pdfpage.Document {
	t.Helper()
	file, err := typeface.Sans().Subset(letters)
	if err != nil {
		t.Fatal(err)
	}
	d := pdfpage.Document{Title: "标题 (一)", Author: `back\slash (`, Language: "zh-CN", Fonts: []ofd.BuildFont{{Name: "Yinxin Sans", File: file}}, Pages: []pdfpage.Page{{Width: 210, Height: 297}}}
	for _, object := range objects {
		d.Pages[0].Items = append(d.Pages[0].Items, pdfpage.Item{Object: object, Block: 1})
	}
	return d
}

func line(value string) ofd.Text {
	return ofd.Text{Size: 5, X: 10, Y: 20, Value: value, Advances: make([]float64, max(0, len([]rune(value))-1))}
}

func TestWhatIsWrittenCanBeRead(t *testing.T) {
	var letters strings.Builder
	for r := rune(0x4e00); letters.Len() < 3*250; r++ { // more characters than one list of the map may have
		if _, ok := typeface.Sans().Advance(r); ok {
			letters.WriteRune(r)
		}
	}
	d := document(t, letters.String()+"A", line(letters.String()), line("A"), line(""),
		ofd.Path{Boundary: ofd.Box{X: 1, Y: 1, Width: 9, Height: 9}, Data: "M 0 0 L 9 0 L 9 9 C", Fill: true, Color: "255 0 0"},
		ofd.Path{Boundary: ofd.Box{X: 1, Y: 1, Width: 9, Height: 9}, Data: "M 0 0 L 9 0", Stroke: true, LineWidth: 0.3})
	d.Pages = append(d.Pages, pdfpage.Page{Width: 50, Height: 60, Items: []pdfpage.Item{{Object: line("A"), Tag: pdfpage.Heading, Block: 1, Language: "en"}}})
	content, err := pdfpage.Write(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pdfpage.Write(d)
	if err != nil || !bytes.Equal(content, again) {
		t.Errorf("equal input gives other octets: %v", err)
	}
	f, err := pdf.Open(content, pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.Pages()
	if err != nil || len(pages) != 2 || pages[1].Width < 49.9 || pages[1].Width > 50.1 || pages[1].Height < 59.9 || pages[1].Height > 60.1 {
		t.Errorf("pages %v %v", pages, err)
	}
	for _, want := range []string{"/Lang (zh-CN)", "/Lang (en)", "/S /H1", "/MarkInfo << /Marked true >>", "/StructTreeRoot", "/Author (back\\\\slash \\()", "/Title <feff68079898"} {
		if !bytes.Contains(content, []byte(want)) {
			t.Errorf("%s is missing", want)
		}
	}
	if n := bytes.Count(content, []byte("/Type /StructElem")); n != 3 { // the document, one block of three lines, and the heading of the other page
		t.Errorf("%d elements", n)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	stroked := ofd.Path{Boundary: ofd.Box{Width: 9, Height: 9}, Stroke: true, LineWidth: 1}
	withPath := func(data string) ofd.Path {
		p := stroked
		p.Data = data
		return p
	}
	noFont := line("A")
	noFont.Font = 1
	noPlaces := line("AA")
	noPlaces.Advances = nil
	both := withPath("M 0 0 L 1 1")
	both.Fill = true
	for name, object := range map[string]ofd.Object{
		"a picture": ofd.Image{}, "a curve": withPath("M 0 0 Q 1 1 2 2"), "half a step": withPath("M 0"), "no number": withPath("M a 0"), "filled and stroked": both,
		"another font": noFont, "a character that the font lacks": line("B"), "no places": noPlaces,
	} {
		if _, err := pdfpage.Write(document(t, "A", object)); !errors.Is(err, pdfpage.ErrPage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pdfpage.Write(pdfpage.Document{}); !errors.Is(err, pdfpage.ErrPage) {
		t.Errorf("no page: %v", err)
	}
	broken := document(t, "A")
	broken.Fonts[0].File = []byte("no font")
	if _, err := pdfpage.Write(broken); !errors.Is(err, pdfpage.ErrPage) {
		t.Errorf("no font: %v", err)
	}
}

// TestAPictureIsAFigure: it stands in its part of the page, is cut to it, and has words in its place; what is no JPEG in three colours is not written.
func TestAPictureIsAFigure(t *testing.T) {
	var three, grey bytes.Buffer
	if err := errors.Join(jpeg.Encode(&three, image.NewRGBA(image.Rect(0, 0, 4, 5)), nil), jpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 4, 5)), nil)); err != nil {
		t.Fatal(err)
	}
	with := func(file []byte, object ofd.Image) pdfpage.Document {
		d := document(t, "A", line("A"))
		d.Images = []ofd.BuildImage{{Format: "JPEG", File: file}}
		d.Pages[0].Items = append(d.Pages[0].Items, pdfpage.Item{Object: object, Tag: pdfpage.Figure, Alt: "Photo", Block: 2})
		return d
	}
	placed := ofd.Image{Boundary: ofd.Box{X: 10, Y: 20, Width: 30, Height: 40}, Picture: ofd.Box{X: -5, Width: 40, Height: 50}}
	content, err := pdfpage.Write(with(three.Bytes(), placed))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/S /Figure", "/Alt (Photo)", "/XObject << /I0 ", "/Filter /DCTDecode", "/Width 4 /Height 5", three.String()} {
		if !bytes.Contains(content, []byte(want)) {
			t.Errorf("%.20q is missing", want)
		}
	}
	if f, err := pdf.Open(content, pdf.DefaultLimits()); err != nil || len(f.Outside()) > 0 {
		t.Errorf("%v", err)
	}
	beside := placed
	beside.Image = 1
	for name, d := range map[string]pdfpage.Document{"grey": with(grey.Bytes(), placed), "no picture": with([]byte("x"), placed), "not there": with(three.Bytes(), beside), "of no extent": with(three.Bytes(), ofd.Image{})} {
		if _, err := pdfpage.Write(d); !errors.Is(err, pdfpage.ErrPage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
