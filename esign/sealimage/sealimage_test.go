package sealimage_test

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

var samples = map[string]sealimage.Spec{
	"official": {Name: "示例市市场监督管理局", Code: "37030000001721"},
	"approval": {Name: "示例市自然资源和规划局", Line: "不动产登记专用章", Code: "37030000001722"},
	"long":     {Name: "新疆维吾尔自治区示例州示例县人民政府政务服务管理办公室", Line: "行政审批专用章"},
	"short":    {Name: "示例乡政府"},
}

func TestPictures(t *testing.T) {
	for name, spec := range samples {
		picture, err := sealimage.Draw(spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		compareGolden(t, name, picture)
		checkRing(t, name, picture)
	}
}

// compareGolden compares a picture with the golden one of its name, or writes that anew, and returns the picture in pixels, which are few enough.
func compareGolden(t *testing.T, name string, picture *sealimage.Picture) []byte {
	t.Helper()
	golden := filepath.Join("testdata", name+".svg")
	if *update {
		if err := os.WriteFile(golden, picture.SVG(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(picture.SVG()) {
		t.Errorf("%s differs from its golden picture", name)
	}
	content, err := picture.PNG()
	if err != nil || len(content) > 64<<10 {
		t.Fatalf("%s: %d octets, %v", name, len(content), err)
	}
	return content
}

// checkRing: nothing but the ring itself lies in the band of the ring, and nothing leaves the picture.
func checkRing(t *testing.T, name string, p *sealimage.Picture) {
	t.Helper()
	middle, inside := p.WidthMM/2, p.WidthMM/2-0.1-1.2*p.WidthMM/42
	closed := 0
	for _, s := range p.Path {
		if s.Kind == typeface.Close {
			closed++
			continue
		}
		if distance := math.Hypot(s.X-middle, s.Y-middle); closed >= 2 && distance > inside-0.2 || distance > middle {
			t.Errorf("%s: a letter touches the ring at %.2f mm from the centre", name, distance)
			return
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		spec sealimage.Spec
		want error
	}{
		{sealimage.Spec{}, sealimage.ErrName}, {sealimage.Spec{Name: strings.Repeat("章", 31)}, sealimage.ErrName},
		{sealimage.Spec{Name: "甲", DiameterMM: 70}, sealimage.ErrSize}, {sealimage.Spec{Name: "𬭎"}, typeface.ErrMissing},
		{sealimage.Spec{Name: "甲", Line: strings.Repeat("专", 20)}, sealimage.ErrName},
	} {
		if _, err := sealimage.Draw(c.spec); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.spec, err, c.want)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for b.Loop() {
		picture, err := sealimage.Draw(samples["official"])
		if err != nil {
			b.Fatal(err)
		}
		if _, err := picture.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWriteForEyes(t *testing.T) {
	folder := os.Getenv("SEAL_PICTURES")
	if folder == "" {
		return
	}
	for name, spec := range samples {
		picture, err := sealimage.Draw(spec)
		if err != nil {
			t.Fatal(err)
		}
		content, err := picture.PNG()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".png"), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
