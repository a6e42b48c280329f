package typeface

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/vector"
)

// Kind of a segment.
type Kind uint8

// Kinds.
const (
	Move Kind = iota
	Line
	Quad
	Cubic
	Close
)

// Segment of a path: X, Y is its end, X1, Y1 and X2, Y2 are control points.
type Segment struct {
	Kind                 Kind
	X1, Y1, X2, Y2, X, Y float64
}

// Path is an outline, filled by the nonzero rule. y grows downwards.
type Path []Segment

// Matrix maps (x, y) to (A·x + C·y + E, B·x + D·y + F).
type Matrix struct{ A, B, C, D, E, F float64 }

// Transform maps every point.
func (p Path) Transform(m Matrix) Path {
	at := func(x, y float64) (float64, float64) { return m.A*x + m.C*y + m.E, m.B*x + m.D*y + m.F }
	out := make(Path, len(p))
	for i, s := range p {
		out[i].Kind = s.Kind
		out[i].X1, out[i].Y1 = at(s.X1, s.Y1)
		out[i].X2, out[i].Y2 = at(s.X2, s.Y2)
		out[i].X, out[i].Y = at(s.X, s.Y)
	}
	return out
}

// Bounds is the smallest box around all points, control points included; false for an empty path.
func (p Path) Bounds() (minX, minY, maxX, maxY float64, ok bool) {
	minX, minY, maxX, maxY = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	add := func(x, y float64) {
		minX, minY, maxX, maxY, ok = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y), true
	}
	for _, s := range p {
		switch s.Kind {
		case Quad:
			add(s.X1, s.Y1)
		case Cubic:
			add(s.X1, s.Y1)
			add(s.X2, s.Y2)
		case Close:
			continue
		}
		add(s.X, s.Y)
	}
	return minX, minY, maxX, maxY, ok
}

// words of a path in the two text forms.
var (
	svgWords = [...]string{Move: "M", Line: "L", Quad: "Q", Cubic: "C", Close: "Z"}
	ofdWords = [...]string{Move: "M", Line: "L", Quad: "Q", Cubic: "B", Close: "C"}
)

// SVG is the path data of SVG 1.1.
func (p Path) SVG() string { return p.text(svgWords[:]) }

// OFD is AbbreviatedData of GB/T 33190-2016 9.1.
func (p Path) OFD() string { return p.text(ofdWords[:]) }

func (p Path) text(words []string) string {
	var b strings.Builder
	number := func(v float64) {
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64))
	}
	for i, s := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[s.Kind])
		switch s.Kind {
		case Quad:
			number(s.X1)
			number(s.Y1)
		case Cubic:
			number(s.X1)
			number(s.Y1)
			number(s.X2)
			number(s.Y2)
		case Close:
			continue
		}
		number(s.X)
		number(s.Y)
	}
	return b.String()
}

// Draw fills the path in a colour; scale turns path units into pixels.
func (p Path) Draw(target draw.Image, scale float64, fill color.Color) {
	bounds := target.Bounds()
	r := vector.NewRasterizer(bounds.Dx(), bounds.Dy())
	at := func(v float64) float32 { return float32(v * scale) }
	for _, s := range p {
		switch s.Kind {
		case Move:
			r.MoveTo(at(s.X), at(s.Y))
		case Line:
			r.LineTo(at(s.X), at(s.Y))
		case Quad:
			r.QuadTo(at(s.X1), at(s.Y1), at(s.X), at(s.Y))
		case Cubic:
			r.CubeTo(at(s.X1), at(s.Y1), at(s.X2), at(s.Y2), at(s.X), at(s.Y))
		case Close:
			r.ClosePath()
		}
	}
	r.Draw(target, bounds, image.NewUniform(fill), image.Point{})
}

// Circle is a closed circle of four cubic curves; clockwise runs the other way round, to cut a hole.
func Circle(x, y, radius float64, clockwise bool) Path {
	const k = 0.5522847498307936
	p := Path{{Kind: Move, X: x + radius, Y: y}}
	direction := -1.0
	if clockwise {
		direction = 1
	}
	for i := range 4 {
		a, b := direction*float64(i)*math.Pi/2, direction*float64(i+1)*math.Pi/2
		p = append(p, Segment{Kind: Cubic,
			X1: x + radius*(math.Cos(a)-direction*k*math.Sin(a)), Y1: y + radius*(math.Sin(a)+direction*k*math.Cos(a)),
			X2: x + radius*(math.Cos(b)+direction*k*math.Sin(b)), Y2: y + radius*(math.Sin(b)-direction*k*math.Cos(b)),
			X: x + radius*math.Cos(b), Y: y + radius*math.Sin(b)})
	}
	return append(p, Segment{Kind: Close})
}
