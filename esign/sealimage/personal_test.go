package sealimage_test

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

var personalSamples = map[string]struct {
	spec       sealimage.PersonalSpec
	wide, high float64
}{
	"personal-two":   {sealimage.PersonalSpec{Name: "李明", Layout: sealimage.Square, Filling: sealimage.FillSealOf}, 18, 18},
	"personal-three": {sealimage.PersonalSpec{Name: "王小明", Layout: sealimage.Square, Filling: sealimage.FillSeal, HeightMM: 20}, 20, 20},
	"personal-odd":   {sealimage.PersonalSpec{Name: "王小明", Layout: sealimage.Square, Filling: sealimage.FillNone, HeightMM: 22}, 22, 22},
	"personal-four":  {sealimage.PersonalSpec{Name: "欧阳建国", Layout: sealimage.Square, Filling: sealimage.FillNone}, 18, 18},
	"personal-six":   {sealimage.PersonalSpec{Name: "欧阳建国", Layout: sealimage.Square, Filling: sealimage.FillSealOf}, 18, 18},
	"personal-strip": {sealimage.PersonalSpec{Name: "王小明", Layout: sealimage.Strip, Filling: sealimage.FillNone}, 20, 8},
	"personal-long":  {sealimage.PersonalSpec{Name: "买买提·艾合买提", Layout: sealimage.Strip, Filling: sealimage.FillNone, HeightMM: 10}, 61, 10},
}

func TestPersonalPictures(t *testing.T) {
	for name, c := range personalSamples {
		picture, err := sealimage.DrawPersonal(c.spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		content := compareGolden(t, name, picture)
		if picture.WidthMM != c.wide || picture.HeightMM != c.high {
			t.Errorf("%s: %g × %g mm, want %g × %g", name, picture.WidthMM, picture.HeightMM, c.wide, c.high)
		}
		checkFrame(t, name, picture)
		pixels, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil || pixels.Width != int(math.Round(c.wide*600/25.4)) || pixels.Height != int(math.Round(c.high*600/25.4)) {
			t.Errorf("%s: %d × %d pixels, %v", name, pixels.Width, pixels.Height, err)
		}
	}
}

// checkFrame: letters stand within the frame with room around them, and the letters of one box reach into no other.
func checkFrame(t *testing.T, name string, p *sealimage.Picture) {
	t.Helper()
	border := p.Path[5].X // of the inner rectangle
	if border = min(border, p.WidthMM-border); border <= 0 {
		t.Fatalf("%s: no frame", name)
	}
	closed := 0
	for _, s := range p.Path {
		if s.Kind == typeface.Close {
			closed++
			continue
		}
		if s.X < 0 || s.Y < 0 || s.X > p.WidthMM || s.Y > p.HeightMM {
			t.Fatalf("%s: %.2f, %.2f lies outside", name, s.X, s.Y)
		}
		if room := border + p.HeightMM*0.05; closed >= 2 && (s.X < room || s.Y < room || s.X > p.WidthMM-room || s.Y > p.HeightMM-room) {
			t.Fatalf("%s: a letter touches the frame at %.2f, %.2f", name, s.X, s.Y)
		}
	}
}

// TestPersonalOrder: a square is read from the right, a strip from the left, so the same two letters stand the other way round.
func TestPersonalOrder(t *testing.T) {
	// 一 is a single stroke, far flatter than 国: where the picture is emptier, there it stands.
	left := func(spec sealimage.PersonalSpec) (n int) {
		picture, err := sealimage.DrawPersonal(spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range picture.Path {
			if s.X < picture.WidthMM/2 {
				n++
			}
		}
		return n
	}
	for layout, first := range map[sealimage.Layout]string{sealimage.Square: "国一", sealimage.Strip: "一国"} {
		other := string([]rune{[]rune(first)[1], []rune(first)[0]})
		few, many := left(sealimage.PersonalSpec{Name: first, Layout: layout, Filling: sealimage.FillNone}), left(sealimage.PersonalSpec{Name: other, Layout: layout, Filling: sealimage.FillNone})
		if few >= many {
			t.Errorf("%s: %q has %d points at the left, %q %d", layout, first, few, other, many)
		}
	}
}

func TestPersonalRefusals(t *testing.T) {
	square := func(name string, mm int) sealimage.PersonalSpec {
		return sealimage.PersonalSpec{Name: name, Layout: sealimage.Square, Filling: sealimage.FillNone, HeightMM: mm}
	}
	strip := func(name string, mm int) sealimage.PersonalSpec {
		return sealimage.PersonalSpec{Name: name, Layout: sealimage.Strip, Filling: sealimage.FillNone, HeightMM: mm}
	}
	for name, c := range map[string]struct {
		spec sealimage.PersonalSpec
		want error
	}{
		"nothing said":                 {sealimage.PersonalSpec{}, sealimage.ErrLayout},
		"layout that is none":          {sealimage.PersonalSpec{Name: "王小明", Layout: "round", Filling: sealimage.FillNone}, sealimage.ErrLayout},
		"filling that is none":         {sealimage.PersonalSpec{Name: "王小明", Layout: sealimage.Square, Filling: "x"}, sealimage.ErrLayout},
		"no name":                      {square("", 18), sealimage.ErrName},
		"one letter":                   {square("王", 18), sealimage.ErrName},
		"two":                          {square("王明", 18), nil},
		"six in a square":              {square(strings.Repeat("王", 6), 18), nil},
		"seven in a square":            {square(strings.Repeat("王", 7), 18), sealimage.ErrName},
		"sixteen in a strip":           {strip(strings.Repeat("王", 16), 8), nil},
		"seventeen in a strip":         {strip(strings.Repeat("王", 17), 8), sealimage.ErrName},
		"filling makes it seven":       {sealimage.PersonalSpec{Name: "欧阳建国强", Layout: sealimage.Square, Filling: sealimage.FillSealOf}, sealimage.ErrName},
		"blank within":                 {square("王 明", 18), sealimage.ErrName},
		"letter that the font has not": {square("王𬭎", 18), typeface.ErrMissing},
		"least square":                 {square("王明", 12), nil},
		"smaller":                      {square("王明", 11), sealimage.ErrSize},
		"greatest square":              {square("王明", 30), nil},
		"greater":                      {square("王明", 31), sealimage.ErrSize},
		"least strip":                  {strip("王明", 6), nil},
		"lower":                        {strip("王明", 5), sealimage.ErrSize},
		"greatest strip":               {strip("王明", 15), nil},
		"higher":                       {strip("王明", 16), sealimage.ErrSize},
		"negative":                     {square("王明", -18), sealimage.ErrSize},
	} {
		if _, err := sealimage.DrawPersonal(c.spec); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if least, greatest := sealimage.PersonalBounds("x"); least != 0 || greatest != 0 {
		t.Error("bounds of no layout")
	}
}

func TestWritePersonalForEyes(t *testing.T) {
	folder := os.Getenv("SEAL_PICTURES")
	if folder == "" {
		return
	}
	for name, c := range personalSamples {
		picture, err := sealimage.DrawPersonal(c.spec)
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
