package render_test

import (
	"errors"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

var sentinels = []error{render.ErrPage, render.ErrBroken, render.ErrObjects, render.ErrSegments, render.ErrCharacters, render.ErrDepth, render.ErrPictures, render.ErrOutput, render.ErrWork}

func isSentinel(err error) bool {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// drawAll draws whatever a document is: an SVG that is ours or a named error, never a panic.
func drawAll(t *testing.T, s sample) {
	data, err := ofd.Pack(s.files())
	if err != nil {
		return
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		return
	}
	limits := render.DefaultLimits()
	limits.Work, limits.Segments, limits.Characters, limits.Objects = 5_000_000, 20_000, 5_000, 2_000
	d, err := render.Open(p, render.Options{Faces: render.BuiltIn(), Limits: limits})
	if err != nil {
		if !isSentinel(err) {
			t.Fatal(err)
		}
		return
	}
	d.Tree()
	page, err := d.Page(1)
	if err != nil {
		if !isSentinel(err) {
			t.Fatal(err)
		}
		return
	}
	svg, err := page.SVG(render.SVGOptions{Title: "fuzz"})
	if err != nil && !isSentinel(err) {
		t.Fatal(err)
	}
	if err == nil {
		if err := wellBehaved(svg); err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	if _, err := page.PNG(50); err != nil && !isSentinel(err) {
		t.Fatal(err)
	}
	render.Find(page.Text(), "a", 1)
}

func FuzzPage(f *testing.F) {
	f.Add(path(`Fill="true" DashPattern="1 2"`, frame), media+embedded)
	f.Add(shaded(`<AxialShd StartPoint="0 0" EndPoint="60 0"><Segment><Color Value="255 0 0"/></Segment><Segment><Color Value="0 0 255"/></Segment></AxialShd>`), "")
	f.Add(shaded(`<Pattern Width="10" Height="10"><CellContent>`+path(``, frame)+`</CellContent></Pattern>`), "")
	f.Add(composite1, composites(path(``, frame)))
	f.Add(`<ImageObject ID="1" Boundary="10 10 20 20" CTM="20 0 0 20 0 0" ResourceID="M1"/>`, media)
	f.Add(`<TextObject ID="1" Boundary="0 0 9 9" Font="F1" Size="3" CharDirection="90"><CGTransform CodePosition="0" CodeCount="1"><Glyphs>1</Glyphs></CGTransform><TextCode X="1" Y="5" DeltaX="g 2 3">abc</TextCode></TextObject>`, embedded)
	font, picture := subset(f, "一a"), square(f)
	f.Fuzz(func(t *testing.T, layer, resources string) {
		drawAll(t, sample{layer: layer, resources: resources, more: []ofd.File{{Path: "/Doc/f.ttf", Content: font}, {Path: "/Doc/a.png", Content: picture}}})
	})
}

func FuzzPathData(f *testing.F) {
	for _, seed := range []string{frame, "M 0 0 A 5 8 30 0 1 45 20 B 1 2 3 4 5 6 Q 1 2 3 4 C L 5 5", "S 1 1 L 1e5 -1e5", "M0,0L5,5", "M 0 0 A 0 0 0 0 0 0 0 C C M 1 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if !plainText(data) {
			return
		}
		drawAll(t, sample{layer: path(`Fill="true" LineWidth="2" Cap="Round" Join="Round"`, data)})
	})
}

// plainText can stand in an element as it is.
func plainText(text string) bool {
	for _, r := range text {
		if r < ' ' || r == '<' || r == '&' || r == '>' || r == '"' || r == 0xfffd {
			return false
		}
	}
	return true
}

func FuzzDeltas(f *testing.F) {
	for _, seed := range []string{"1 2 3", "g 2 1.5 3", "g 1000000 1", "g", "g g g", "-1e5 1e6"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		if !plainText(x) || !plainText(y) {
			return
		}
		drawAll(t, sample{layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F9" Size="3"><TextCode X="1" Y="5" DeltaX="` + x + `" DeltaY="` + y + `">abcdefgh</TextCode></TextObject>`})
	})
}

func FuzzPicture(f *testing.F) {
	f.Add(square(f))
	f.Add(blank(f, 3, 3))
	for _, seed := range []string{"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;", "BM", "\xff\xd8\xff\xe0", "II*\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		drawAll(t, sample{resources: media, more: []ofd.File{{Path: "/Doc/a.png", Content: data, Store: true}}, layer: `<ImageObject ID="1" Boundary="10 10 20 20" CTM="20 0 0 20 0 0" ResourceID="M1"/>`})
	})
}

func FuzzFont(f *testing.F) {
	f.Add(subset(f, "一a"))
	f.Add([]byte("\x01\x00\x04\x01\x00\x01\x01\x01\x02a\x00\x01\x01\x01\x04\x8b\x91\x11"))
	f.Fuzz(func(t *testing.T, data []byte) {
		drawAll(t, sample{resources: embedded, more: []ofd.File{{Path: "/Doc/f.ttf", Content: data, Store: true}},
			layer: `<TextObject ID="1" Boundary="0 0 60 40" Font="F1" Size="3"><CGTransform CodePosition="0" CodeCount="2"><Glyphs>1 2</Glyphs></CGTransform><TextCode X="1" Y="5" DeltaX="3">一a一a</TextCode></TextObject>`})
	})
}
