package render_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// license is a licence as this platform makes it, with a seal as it makes them.
func license(t testing.TB, code string) []byte {
	t.Helper()
	m, err := licenseface.New(licenseface.Config{VerifyAddress: "https://id.example/verify"})
	if err != nil {
		t.Fatal(err)
	}
	for _, licenseType := range catalog.Types() {
		if licenseType.Code != code {
			continue
		}
		values, photo, err := licensephoto.Sample(licenseType)
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.Build(licenseType, values, photo, licensefile.StatusEntry{List: "https://id.example/status/1", Index: 7, Signer: "状态服务"})
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := sealimage.Draw(sealimage.Spec{Name: "示例市市场监督管理局"})
		if err != nil {
			t.Fatal(err)
		}
		picture, err := drawn.PNG()
		if err != nil {
			t.Fatal(err)
		}
		w := ofdtest.New(t)
		seal := w.Seal(t, func(info *ses.SealInfo) {
			info.Picture = ses.Picture{Type: "png", Data: picture, WidthMM: 42, HeightMM: 42}
		})
		return w.Sealed(t, ofdtest.Sealing{Document: data, Parts: ofdtest.Parts{Seal: seal}})
	}
	t.Fatalf("no type %s", code)
	return nil
}

// TestOurLicencesAreDrawnWhole: what we make embeds its letters, so nothing is replaced or missing.
func TestOurLicencesAreDrawnWhole(t *testing.T) {
	for _, licenseType := range catalog.Types() {
		t.Run(licenseType.Code, func(t *testing.T) {
			p, err := ofd.Open(license(t, licenseType.Code), ofd.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
			if err != nil {
				t.Fatal(err)
			}
			for number := 1; number <= d.Pages(); number++ {
				page, err := d.Page(number)
				if err != nil {
					t.Fatal(err)
				}
				if number > 1 {
					wantCodes(t, page)
					continue
				}
				for _, f := range page.Findings() {
					if f.Code != render.PictureReduced { // the seal has 600 dpi
						t.Errorf("%+v", f)
					}
				}
				if _, ok := render.Find(page.Text(), string([]rune(licenseType.Name.In("zh-CN"))[:2]), 1); !ok {
					t.Error("the name of the licence is not found on its face")
				}
			}
		})
	}
}

// BenchmarkPage measures one page as it is first shown: a vendor's invoice and a licence of our own.
func BenchmarkPage(b *testing.B) {
	documents := map[string][]byte{
		"vendor invoice": testkit.SharedFile(b, "vectors/ofd/docs/kinggrid-999.ofd"),
		"own licence":    license(b, catalog.Types()[0].Code),
	}
	for name, data := range documents {
		p, err := ofd.Open(data, ofd.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/svg", func(b *testing.B) {
			for b.Loop() {
				d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
				if err != nil {
					b.Fatal(err)
				}
				page, err := d.Page(1)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := page.SVG(render.SVGOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/png96", func(b *testing.B) {
			for b.Loop() {
				d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
				if err != nil {
					b.Fatal(err)
				}
				page, err := d.Page(1)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := page.PNG(96); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
