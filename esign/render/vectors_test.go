package render_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestPublicDocuments draws every page of every document that opens.
func TestPublicDocuments(t *testing.T) {
	drawn := 0
	for _, folder := range []string{"docs", "structure"} {
		root := testkit.Shared(t, "vectors/ofd/"+folder)
		entries, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".ofd") {
				continue
			}
			t.Run(entry.Name(), func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join(root, entry.Name()))
				if err != nil {
					t.Fatal(err)
				}
				p, err := ofd.Open(data, ofd.DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				d, err := render.Open(p, render.Options{Faces: render.BuiltIn(), Document: render.Current(p)})
				if err != nil {
					t.Fatal(err)
				}
				if d.Tree() == nil {
					t.Error("no tree")
				}
				for number := 1; number <= d.Pages(); number++ {
					page, err := d.Page(number)
					if err != nil {
						t.Fatal(err)
					}
					svg, err := page.SVG(render.SVGOptions{Title: entry.Name()})
					if err != nil {
						t.Fatal(err)
					}
					if err := wellBehaved(svg); err != nil {
						t.Error(err)
					}
					if _, err := page.Image(50); err != nil {
						t.Error(err)
					}
					for _, f := range page.Findings() {
						if f.Omitted && f.Code != render.PictureFormat && f.Code != render.PictureMissing {
							t.Errorf("page %d: %+v", number, f)
						}
					}
					drawn++
				}
			})
		}
	}
	if drawn < 35 {
		t.Errorf("%d pages drawn", drawn)
	}
}

// TestFindingsOfVendorFiles: what real files make the renderer say.
func TestFindingsOfVendorFiles(t *testing.T) {
	cases := []struct {
		name   string
		number int
		want   []render.Code
	}{
		{"docs/gomain-cms-two-sign.ofd", 1, []render.Code{render.PictureMissing}},                     // fonts with a hmtx that is too long; a picture that is gone
		{"docs/gomain-zsbk-edited.ofd", 2, []render.Code{render.FontReplaced, render.PictureReduced}}, // a bare CFF program keyed by CID
		{"docs/ofdrw-V4RideRight.ofd", 3, []render.Code{render.ResourceMissing}},
		{"structure/c5-6.1.005-ofdxml-last.ofd", 1, []render.Code{render.PictureFormat}}, // TIFF beside BMP, JPEG, PNG, GIF
		{"structure/c5-6.1.005-ofdxml-last.ofd", 2, nil},
	}
	for _, c := range cases {
		page := vectorPage(t, c.name, c.number, render.Options{})
		got := codes(page)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, c.want) {
			t.Errorf("%s page %d: %v, want %v", c.name, c.number, page.Findings(), c.want)
		}
	}
}

// TestStraddleSealsOfAVendor: five slices of one seal, each on its page at the right edge (specification 5.6).
func TestStraddleSealsOfAVendor(t *testing.T) {
	p, err := ofd.Open(testkit.SharedFile(t, "vectors/ofd/docs/ofdrw-V4RideRight.ofd"), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	with, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		t.Fatal(err)
	}
	without, err := render.Open(p, render.Options{Faces: render.BuiltIn(), Seal: func(*ofd.Signature) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 5; number++ {
		a, err := with.Page(number)
		if err != nil {
			t.Fatal(err)
		}
		b, err := without.Page(number)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := a.Image(72)
		if err != nil {
			t.Fatal(err)
		}
		bare, err := b.Image(72)
		if err != nil {
			t.Fatal(err)
		}
		inside, outside := 0, 0
		perMM := 72 / 25.4
		for y := range sealed.Rect.Dy() {
			for x := range sealed.Rect.Dx() {
				if sealed.RGBAAt(x, y) == bare.RGBAAt(x, y) {
					continue
				}
				if mm := float64(x) / perMM; mm < 201 || float64(y)/perMM < 39 || float64(y)/perMM > 81 {
					outside++
				} else {
					inside++
				}
			}
		}
		if outside > 0 || inside < 50 {
			t.Errorf("page %d: %d pixels of the slice inside its place, %d outside", number, inside, outside)
		}
	}
}
