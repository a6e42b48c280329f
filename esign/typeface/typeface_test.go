package typeface

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

const text = "统一社会信用代码：91350100M000100Y43（副本）ABC 印信，·"

func TestSubsetHasTheSameLettersForAnotherReader(t *testing.T) {
	for _, face := range []*Face{Sans(), Serif()} {
		subset, err := face.Subset(text)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := face.Subset(text)
		if !bytes.Equal(subset, again) || len(subset) > 32<<10 {
			t.Fatalf("%s: %d octets, or not the same twice", face.Name(), len(subset))
		}
		read, err := sfnt.Parse(subset)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := sfnt.Parse(face.data)
		if err != nil {
			t.Fatal(err)
		}
		var b sfnt.Buffer
		for _, r := range text {
			want, ok := face.Advance(r)
			if !ok {
				t.Fatalf("%s does not hold %q", face.Name(), r)
			}
			glyph, err := read.GlyphIndex(&b, r)
			if err != nil || glyph == 0 {
				t.Fatalf("%q is not in the subset: %v", r, err)
			}
			advance, err := read.GlyphAdvance(&b, glyph, fixed.I(1000), font.HintingNone)
			if err != nil || math.Abs(float64(advance)/64/1000-want) > 0.002 {
				t.Errorf("%q advances %v, want %v, %v", r, float64(advance)/64/1000, want, err)
			}
			segments, err := read.LoadGlyph(&b, glyph, fixed.I(1000), nil)
			if err != nil {
				t.Fatal(err)
			}
			shape := append(sfnt.Segments(nil), segments...)
			original, _ := whole.GlyphIndex(&b, r)
			segments, err = whole.LoadGlyph(&b, original, fixed.I(1000), nil)
			if err != nil || len(segments) != len(shape) {
				t.Fatalf("%q has another shape", r)
			}
			compareOutline(t, face, r, shape)
		}
	}
}

// compareOutline: our own reading of a letter covers the same box as the library's.
func compareOutline(t *testing.T, face *Face, r rune, segments sfnt.Segments) {
	t.Helper()
	path, err := face.Outline(r)
	if err != nil {
		t.Fatal(err)
	}
	minX, minY, maxX, maxY, ok := path.Bounds()
	if !ok {
		if len(segments) > 0 {
			t.Errorf("%q has no outline", r)
		}
		return
	}
	box := segments.Bounds()
	for _, pair := range [][2]float64{{minX, float64(box.Min.X)}, {minY, float64(box.Min.Y)}, {maxX, float64(box.Max.X)}, {maxY, float64(box.Max.Y)}} {
		if math.Abs(pair[0]-pair[1]/64/1000) > 0.003 {
			t.Errorf("%q: bound %v, want %v", r, pair[0], pair[1]/64/1000)
		}
	}
}

func TestMissingCharactersAreReported(t *testing.T) {
	if _, err := Sans().Subset("𬭎"); !errors.Is(err, ErrMissing) {
		t.Fatalf("got %v", err)
	}
	if missing := Sans().Missing("印𬭎信"); len(missing) != 1 || missing[0] != '𬭎' {
		t.Fatalf("missing %q", string(missing))
	}
	if _, err := Serif().Outline('𬭎'); !errors.Is(err, ErrMissing) {
		t.Fatalf("got %v", err)
	}
}

func TestPathForms(t *testing.T) {
	p := Path{{Kind: Move, X: 1, Y: 2}, {Kind: Line, X: 3, Y: 4.12345}, {Kind: Quad, X1: 5, Y1: 6, X: 7, Y: 8}, {Kind: Cubic, X1: 1, Y1: 1, X2: 2, Y2: 2, X: 3, Y: 3}, {Kind: Close}}
	if got := p.SVG(); got != "M 1 2 L 3 4.123 Q 5 6 7 8 C 1 1 2 2 3 3 Z" {
		t.Error(got)
	}
	if got := p.OFD(); got != "M 1 2 L 3 4.123 Q 5 6 7 8 B 1 1 2 2 3 3 C" {
		t.Error(got)
	}
	minX, _, maxX, maxY, _ := Circle(10, 10, 5, true).Bounds()
	if minX != 5 || maxX != 15 || maxY != 15 {
		t.Error(minX, maxX, maxY)
	}
}

func BenchmarkSubset(b *testing.B) {
	long := strings.Repeat(text, 3)
	face := Sans()
	for b.Loop() {
		if _, err := face.Subset(long); err != nil {
			b.Fatal(err)
		}
	}
}
