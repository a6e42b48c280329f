package esign_test

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// paper is the size of a page in millimetres.
type paper struct{ width, height float64 }

var a4, a4Landscape, a3 = paper{210, 297}, paper{297, 210}, paper{297, 420}

// printed is a document of pages; each holds its number and, at 20 mm from the left, the text given for it.
func printed(t *testing.T, text map[int]string, pages ...paper) []byte {
	t.Helper()
	b := ofd.Builder{Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef", Title: "示例合同"}, Fonts: []ofd.BuildFont{{Name: "Sample", Family: "Sample", File: []byte("font")}}}
	write := func(y float64, value string) ofd.Object {
		advances := make([]float64, len([]rune(value))-1)
		for i := range advances {
			advances[i] = 5
		}
		return ofd.Text{Size: 5, X: 20, Y: y, Width: 5 * float64(len(advances)+1), Value: value, Advances: advances}
	}
	for i, size := range pages {
		objects := []ofd.Object{write(30, fmt.Sprintf("第 %d 页", i+1))}
		if value := text[i+1]; value != "" {
			objects = append(objects, write(100, value))
		}
		b.Pages = append(b.Pages, ofd.BuildPage{Width: size.width, Height: size.height, Objects: objects})
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	document, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func repeat(n int, p paper) []paper { return slices.Repeat([]paper{p}, n) }

func at(mm float64) *float64 { return &mm }

// line writes an appearance as a person would: page, corner of the seal and, after a bar, the slice.
func line(a esign.Appearance) string {
	round := func(b ofd.Box) string { return b.String() }
	text := fmt.Sprintf("%d: %s", a.Page, round(a.Box))
	if a.Clip != nil {
		text += " | " + round(*a.Clip)
	}
	return text
}

// The seal of the sample is 42 mm in diameter.
func TestPlacesOfASeal(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	for _, c := range []struct {
		name  string
		pages []paper
		text  map[int]string
		place esign.Place
		want  []string
	}{
		{"the same spot on many pages", repeat(9, a4), nil, esign.Place{Kind: esign.OnPages, Pages: "2-3,8", XMM: 140, YMM: 220}, []string{"2: 140 220 42 42", "3: 140 220 42 42", "8: 140 220 42 42"}},
		{"pages typed with an input method on, twice and out of order", repeat(4, a4), nil, esign.Place{Kind: esign.OnPages, Pages: " ３，１－２、 2 ", XMM: 1, YMM: 2}, []string{"1: 1 2 42 42", "2: 1 2 42 42", "3: 1 2 42 42"}},
		{"odd pages", repeat(5, a4), nil, esign.Place{Kind: esign.OnPages, Pages: "odd"}, []string{"1: 0 0 42 42", "3: 0 0 42 42", "5: 0 0 42 42"}},
		{"even pages", repeat(5, a4), nil, esign.Place{Kind: esign.OnPages, Pages: "Even"}, []string{"2: 0 0 42 42", "4: 0 0 42 42"}},
		{"all pages", repeat(2, a4), nil, esign.Place{Kind: esign.OnPages, Pages: "all"}, []string{"1: 0 0 42 42", "2: 0 0 42 42"}},

		{"straddle, right edge, middle", repeat(3, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight},
			[]string{"1: 196 127.5 42 42 | 0 0 14 42", "2: 182 127.5 42 42 | 14 0 14 42", "3: 168 127.5 42 42 | 28 0 14 42"}},
		{"straddle, left edge: the pile turned over", repeat(3, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeLeft},
			[]string{"1: -28 127.5 42 42 | 28 0 14 42", "2: -14 127.5 42 42 | 14 0 14 42", "3: 0 127.5 42 42 | 0 0 14 42"}},
		{"straddle, lower edge", repeat(2, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeBottom, AlongMM: at(10)},
			[]string{"1: 10 276 42 42 | 0 0 42 21", "2: 10 255 42 42 | 0 21 42 21"}},
		{"straddle, upper edge, with a margin", repeat(2, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeTop, MarginMM: 2},
			[]string{"1: 84 -19 42 42 | 0 21 42 21", "2: 84 2 42 42 | 0 0 42 21"}},
		{"straddle over paper of several sizes", []paper{a4, a4Landscape, a3}, nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight},
			[]string{"1: 196 127.5 42 42 | 0 0 14 42", "2: 269 84 42 42 | 14 0 14 42", "3: 255 189 42 42 | 28 0 14 42"}},
		{"straddle in sets of nearly the same size", repeat(5, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight, PerSet: 3, AlongMM: at(0)},
			[]string{"1: 189 0 42 42 | 0 0 21 42", "2: 168 0 42 42 | 21 0 21 42", "3: 196 0 42 42 | 0 0 14 42", "4: 182 0 42 42 | 14 0 14 42", "5: 168 0 42 42 | 28 0 14 42"}},
		{"straddle on some pages", repeat(9, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight, Pages: "2,9"},
			[]string{"2: 189 127.5 42 42 | 0 0 21 42", "9: 168 127.5 42 42 | 21 0 21 42"}},
		{"straddle on sheets printed on both sides", repeat(5, a4), nil, esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight, Duplex: true},
			[]string{"1: 196 127.5 42 42 | 0 0 14 42", "2: -28 127.5 42 42 | 28 0 14 42", "3: 182 127.5 42 42 | 14 0 14 42", "4: -14 127.5 42 42 | 14 0 14 42", "5: 168 127.5 42 42 | 28 0 14 42"}},

		{"over every occurrence of a text", repeat(3, a4), map[int]string{1: "甲方（盖章）", 3: "乙方（盖章）"}, esign.Place{Kind: esign.Keyword, Text: "（盖章）"},
			[]string{"1: 19 77.5 42 42", "3: 19 77.5 42 42"}},
		{"over the second, moved", repeat(3, a4), map[int]string{1: "甲方（盖章）", 3: "乙方（盖章）"}, esign.Place{Kind: esign.Keyword, Text: "盖 章", Nth: 2, XMM: 30, YMM: -5},
			[]string{"3: 49 72.5 42 42"}},
		{"counted in the pages that are named", repeat(3, a4), map[int]string{1: "盖章", 2: "盖章", 3: "盖章"}, esign.Place{Kind: esign.Keyword, Text: "盖章", Nth: 2, Pages: "2-3"},
			[]string{"3: 4 77.5 42 42"}},
		{"back onto the page", repeat(1, a4), map[int]string{1: "盖章"}, esign.Place{Kind: esign.Keyword, Text: "盖章", XMM: -30, YMM: -200}, []string{"1: 0 0 42 42"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown, err := w.Service.PreviewStamp(sealtest.Keeper, seal.ID, printed(t, c.text, c.pages...), []esign.Place{c.place})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range shown {
				got = append(got, line(a))
				if text := a.Text; (c.place.Kind == esign.Keyword) != (text != nil) || text != nil && (text.X < 20 || text.Y > 101 || text.Y < 90) {
					t.Errorf("text at %v", text)
				}
			}
			// Where a line of text stands is up to the measures of the face by fractions of a millimetre.
			if c.place.Kind == esign.Keyword {
				near(t, got, c.want)
			} else if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
	noKeyUsed(t, w)
}

func near(t *testing.T, got, want []string) {
	t.Helper()
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		var a, b [5]float64
		for k, s := range []string{got[i], want[i]} {
			n := []*[5]float64{&a, &b}[k]
			if _, err := fmt.Sscanf(s, "%f: %f %f %f %f", &n[0], &n[1], &n[2], &n[3], &n[4]); err != nil {
				t.Fatal(err)
			}
		}
		for k := range a {
			same = same && math.Abs(a[k]-b[k]) < 1.5
		}
	}
	if !same {
		t.Errorf("got\n%s\nwant about\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestD14PlacesThatAreRefused: each tells the member that is wrong, and no key is used.
func TestD14PlacesThatAreRefused(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	document := printed(t, map[int]string{1: "盖章"}, append(repeat(3, a4), paper{40, 40})...)
	long := printed(t, nil, repeat(101, a4)...)
	right := func(change func(*esign.Place)) []esign.Place {
		p := esign.Place{Kind: esign.Straddle, Edge: esign.EdgeRight, Pages: "1-3"}
		change(&p)
		return []esign.Place{p}
	}
	over := func(change func(*esign.Place)) []esign.Place {
		p := esign.Place{Kind: esign.Keyword, Text: "盖章"}
		change(&p)
		return []esign.Place{p}
	}
	spot := func(pages string, x, y float64) []esign.Place {
		return []esign.Place{{Kind: esign.OnPages, Pages: pages, XMM: x, YMM: y}}
	}
	for _, c := range []struct {
		name   string
		places []esign.Place
		code   fault.Code
		field  string
	}{
		{"no kind", []esign.Place{{Pages: "1"}}, fault.StampPlace, "kind"},
		{"another kind", []esign.Place{{Kind: "anywhere"}}, fault.StampPlace, "kind"},
		{"no page", spot("", 1, 1), fault.StampPlace, "page"},
		{"page 0", spot("0", 1, 1), fault.StampPlace, "page"},
		{"page after the last", spot("1-5", 1, 1), fault.StampPlace, "page"},
		{"pages backwards", spot("3-2", 1, 1), fault.StampPlace, "page"},
		{"no number", spot("1,x", 1, 1), fault.StampPlace, "page"},
		{"an empty part", spot("1,,2", 1, 1), fault.StampPlace, "page"},
		{"an endless list", spot(strings.Repeat("1,", 200)+"1", 1, 1), fault.StampPlace, "page"},
		{"a number that overflows", spot("99999999999999999999", 1, 1), fault.StampPlace, "page"},
		{"one page of many is too small", spot("all", 1, 1), fault.StampPlace, "x_mm"},
		{"NaN", spot("1", math.NaN(), 1), fault.StampPlace, "x_mm"},
		{"infinite", spot("1", 1, math.Inf(1)), fault.StampPlace, "y_mm"},
		{"a text on a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", Text: "盖章"}}, fault.StampPlace, "text"},
		{"an occurrence on a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", Nth: 1}}, fault.StampPlace, "nth"},
		{"an edge on a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", Edge: esign.EdgeLeft}}, fault.StampPlace, "edge"},
		{"sets on a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", PerSet: 2}}, fault.StampPlace, "per_set"},
		{"along a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", AlongMM: at(1)}}, fault.StampPlace, "along_mm"},
		{"a margin on a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", MarginMM: 1}}, fault.StampPlace, "margin_mm"},
		{"both sides of a spot", []esign.Place{{Kind: esign.OnPages, Pages: "1", Duplex: true}}, fault.StampPlace, "duplex"},

		{"no edge", right(func(p *esign.Place) { p.Edge = "" }), fault.StampPlace, "edge"},
		{"another edge", right(func(p *esign.Place) { p.Edge = "middle" }), fault.StampPlace, "edge"},
		{"one page", right(func(p *esign.Place) { p.Pages = "2" }), fault.StampStraddle, "page"},
		{"one sheet", right(func(p *esign.Place) { p.Pages, p.Duplex = "1-2", true }), fault.StampStraddle, "page"},
		{"both sides of the upper edge", right(func(p *esign.Place) { p.Edge, p.Duplex = esign.EdgeTop, true }), fault.StampPlace, "duplex"},
		{"sets of one", right(func(p *esign.Place) { p.PerSet = 1 }), fault.StampPlace, "per_set"},
		{"sets of too many", right(func(p *esign.Place) { p.PerSet = 101 }), fault.StampPlace, "per_set"},
		{"margin below zero", right(func(p *esign.Place) { p.MarginMM = -0.1 }), fault.StampPlace, "margin_mm"},
		{"wide margin", right(func(p *esign.Place) { p.MarginMM = 20.1 }), fault.StampPlace, "margin_mm"},
		{"margin NaN", right(func(p *esign.Place) { p.MarginMM = math.NaN() }), fault.StampPlace, "margin_mm"},
		{"before the edge", right(func(p *esign.Place) { p.AlongMM = at(-1) }), fault.StampPlace, "along_mm"},
		{"after the edge", right(func(p *esign.Place) { p.AlongMM = at(256) }), fault.StampPlace, "along_mm"},
		{"along NaN", right(func(p *esign.Place) { p.AlongMM = at(math.NaN()) }), fault.StampPlace, "along_mm"},
		{"a page that is lower than the seal", right(func(p *esign.Place) { p.Pages = "3-4" }), fault.StampPlace, "along_mm"},
		{"a corner", right(func(p *esign.Place) { p.XMM = 1 }), fault.StampPlace, "x_mm"},
		{"a height", right(func(p *esign.Place) { p.YMM = 1 }), fault.StampPlace, "y_mm"},

		{"no text", over(func(p *esign.Place) { p.Text = " 　" }), fault.StampKeyword, "text"},
		{"a text that is not there", over(func(p *esign.Place) { p.Text = "签名" }), fault.StampKeyword, "text"},
		{"an occurrence that is not there", over(func(p *esign.Place) { p.Nth = 2 }), fault.StampKeyword, "text"},
		{"occurrence -1", over(func(p *esign.Place) { p.Nth = -1 }), fault.StampKeyword, "nth"},
		{"a text too long", over(func(p *esign.Place) { p.Text = strings.Repeat("盖", 101) }), fault.StampKeyword, "text"},
		{"a line end", over(func(p *esign.Place) { p.Text = "盖\n章" }), fault.StampKeyword, "text"},
		{"moved too far", over(func(p *esign.Place) { p.XMM = 301 }), fault.StampPlace, "x_mm"},
		{"moved by NaN", over(func(p *esign.Place) { p.YMM = math.NaN() }), fault.StampPlace, "y_mm"},
		{"a page that is smaller than the seal", over(func(p *esign.Place) { p.Text, p.Pages = "第4页", "4" }), fault.StampPlace, "page"},

		{"too many places", slices.Repeat(spot("1", 1, 1), esign.MaxPlaces+1), fault.StampPlace, "places"},
		{"the second of two", append(spot("1", 1, 1), spot("9", 1, 1)...), fault.StampPlace, "places[1].page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Service.PreviewStamp(sealtest.Keeper, seal.ID, document, c.places)
			wantCode(t, err, c.code)
			if !hasField(err, c.field) {
				t.Errorf("fields %v", fault.From(err).Fields)
			}
			request := sealtest.Request(seal, document)
			request.Places = c.places
			_, _, err = w.Service.Stamp(sealtest.Keeper, request)
			wantCode(t, err, c.code)
		})
	}
	// 42 mm over 101 pages in one set are slices of less than half a millimetre; and no stamp draws more than it may.
	_, err := w.Service.PreviewStamp(sealtest.Keeper, seal.ID, long, []esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight, PerSet: 100, Pages: "1-100"}})
	if wantCode(t, err, fault.StampPlace); !hasField(err, "per_set") {
		t.Errorf("fields %v", fault.From(err).Fields)
	}
	_, err = w.Service.PreviewStamp(sealtest.Keeper, seal.ID, printed(t, nil, repeat(esign.MaxAppearances/esign.MaxPlaces+1, a4)...), slices.Repeat(spot("all", 1, 1), esign.MaxPlaces))
	if wantCode(t, err, fault.StampPlace); !hasField(err, "places[9].page") {
		t.Errorf("fields %v", fault.From(err).Fields)
	}
	_, err = w.Service.PreviewStamp(sealtest.Reviewer, seal.ID, document, spot("1", 1, 1))
	wantCode(t, err, fault.Forbidden)
	noKeyUsed(t, w)
}

// TestEveryPlaceIsSealedAndOpensElsewhere: what is stamped in every kind of place verifies, ofdrw validates it, and the slices that a
// straddle seal leaves on the pages are the whole seal when they are put together.
func TestEveryPlaceIsSealedAndOpensElsewhere(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	for name, c := range map[string]struct {
		places []esign.Place
		drawn  int
	}{
		"many pages": {[]esign.Place{{Kind: esign.OnPages, Pages: "2-4", XMM: 140, YMM: 160}}, 3},
		"right":      {[]esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight}}, 5},
		"left":       {[]esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeLeft, MarginMM: 3}}, 5},
		"top":        {[]esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeTop}}, 5},
		"bottom":     {[]esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeBottom, PerSet: 3}}, 5},
		"duplex":     {[]esign.Place{{Kind: esign.Straddle, Edge: esign.EdgeRight, Duplex: true}}, 5},
		"keyword":    {[]esign.Place{{Kind: esign.Keyword, Text: "（盖章）"}}, 2},
		"together":   {[]esign.Place{{Kind: esign.Keyword, Text: "（盖章）", Nth: 2}, {Kind: esign.Straddle, Edge: esign.EdgeRight}}, 6},
		"invisible":  {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			request := sealtest.Request(seal, printed(t, map[int]string{1: "甲方（盖章）", 5: "乙方（盖章）"}, a4, a4, a4Landscape, a4, a4))
			request.Key, request.Places = "key-"+name, c.places
			s, result := stamp(t, w, request)
			report := w.Verify(t, result)
			if report.Verdict != verify.Valid || len(report.Signatures) != 1 || len(report.Signatures[0].Placements) != c.drawn || slices.ContainsFunc(report.Reasons, func(r verify.Reason) bool { return r.Code == "stamp_not_visible" }) {
				t.Errorf("%s %+v, %d drawn", report.Code, report.Reasons, len(report.Signatures[0].Placements))
			}
			if again, same := stamp(t, w, request); again.ID != s.ID || !bytes.Equal(same, result) {
				t.Error("the same key gave another result")
			}
			file := filepath.Join(t.TempDir(), "sealed.ofd")
			if err := os.WriteFile(file, result, 0o600); err != nil {
				t.Fatal(err)
			}
			if out := testkit.JavaPeer(t, "validate", file); !strings.Contains(out, "pages 5") {
				t.Errorf("ofdrw says %q", out)
			}
			if name == "right" {
				fannedOut(t, result, seal)
			}
		})
	}
}

// fannedOut puts the right margins of the pages beside each other and counts the red of the seal in them: as much as a whole seal has.
func fannedOut(t *testing.T, sealed []byte, seal esign.Seal) {
	t.Helper()
	const dpmm = 4
	p, err := ofd.Open(sealed, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	document, err := render.Open(p, render.Options{Document: render.Current(p), Faces: render.BuiltIn()})
	if err != nil {
		t.Fatal(err)
	}
	red := func(c color.Color) bool {
		r, g, b, _ := c.RGBA()
		return r > 0xA000 && g < 0x6000 && b < 0x6000
	}
	count := 0
	for n := 1; n <= document.Pages(); n++ {
		page, err := document.Page(n)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := page.PNG(dpmm * 25.4)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(drawn))
		if err != nil {
			t.Fatal(err)
		}
		b := picture.Bounds()
		edge := b.Max.X - 42*dpmm/5 - 2
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if red(picture.At(x, y)) {
					count++
					if x < edge {
						t.Fatalf("page %d: red at %d,%d, left of the slice", n, x, y)
					}
				}
			}
		}
	}
	whole, err := png.Decode(bytes.NewReader(seal.Picture))
	if err != nil {
		t.Fatal(err)
	}
	b, inSeal := whole.Bounds(), 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if _, _, _, alpha := whole.At(x, y).RGBA(); alpha > 0x8000 {
				inSeal++
			}
		}
	}
	scale := 42 * dpmm / float64(b.Dx())
	want := float64(inSeal) * scale * scale
	if got := float64(count); got < want*0.8 || got > want*1.2 {
		t.Errorf("%v red dots in the margins, the whole seal has %v", got, want)
	}
}
