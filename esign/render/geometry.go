package render

import (
	"math"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// bound of every number of a page: a thousand metres, or as many units. Beyond it, arithmetic would lose the millimetre.
const bound = 1e6

// number reads one number; false when it is none, not finite or out of bounds.
func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > bound {
		return 0, false
	}
	return v, true
}

// numbers reads an ST_Array of at most most numbers.
func numbers(text string, most int) ([]float64, bool) {
	var all []float64
	for field := range strings.FieldsSeq(text) {
		v, ok := number(field)
		if !ok || len(all) >= most {
			return nil, false
		}
		all = append(all, v)
	}
	return all, true
}

type matrix = typeface.Matrix

var identity = matrix{A: 1, D: 1}

func translate(x, y float64) matrix { return matrix{A: 1, D: 1, E: x, F: y} }

func scale(x, y float64) matrix { return matrix{A: x, D: y} }

// then is the matrix that maps by m first and by n after it.
func then(m, n matrix) matrix {
	return matrix{
		A: n.A*m.A + n.C*m.B, B: n.B*m.A + n.D*m.B,
		C: n.A*m.C + n.C*m.D, D: n.B*m.C + n.D*m.D,
		E: n.A*m.E + n.C*m.F + n.E, F: n.B*m.E + n.D*m.F + n.F,
	}
}

func apply(m matrix, x, y float64) (float64, float64) {
	return m.A*x + m.C*y + m.E, m.B*x + m.D*y + m.F
}

func determinant(m matrix) float64 { return m.A*m.D - m.B*m.C }

// invert gives false for a matrix that flattens the plane.
func invert(m matrix) (matrix, bool) {
	det := determinant(m)
	if math.Abs(det) < 1e-12 || math.IsNaN(det) || math.IsInf(det, 0) {
		return matrix{}, false
	}
	return matrix{A: m.D / det, B: -m.B / det, C: -m.C / det, D: m.A / det,
		E: (m.C*m.F - m.D*m.E) / det, F: (m.B*m.E - m.A*m.F) / det}, true
}

// inBounds refuses a matrix whose products have grown beyond all measure.
func inBounds(m matrix) bool {
	for _, v := range []float64{m.A, m.B, m.C, m.D, m.E, m.F} {
		if math.IsNaN(v) || math.Abs(v) > bound {
			return false
		}
	}
	return true
}

// parseMatrix reads a CTM: six numbers.
func parseMatrix(text string) (matrix, bool) {
	v, ok := numbers(text, 6)
	if !ok || len(v) != 6 {
		return identity, false
	}
	return matrix{A: v[0], B: v[1], C: v[2], D: v[3], E: v[4], F: v[5]}, true
}

// matrixOf is the CTM of an element, the identity when it has none.
func matrixOf(node *ofd.Node) (matrix, bool) {
	text, ok := node.Attr("CTM")
	if !ok {
		return identity, true
	}
	return parseMatrix(text)
}

// boxOf reads a Boundary. Unlike a page box it may lack area: a line has none.
func boxOf(text string) (ofd.Box, bool) {
	v, ok := numbers(text, 4)
	if !ok || len(v) != 4 {
		return ofd.Box{}, false
	}
	return ofd.Box{X: v[0], Y: v[1], Width: v[2], Height: v[3]}, true
}

// rectangle is the outline of a box.
func rectangle(x, y, width, height float64) typeface.Path {
	return typeface.Path{{Kind: typeface.Move, X: x, Y: y}, {Kind: typeface.Line, X: x + width, Y: y},
		{Kind: typeface.Line, X: x + width, Y: y + height}, {Kind: typeface.Line, X: x, Y: y + height}, {Kind: typeface.Close}}
}

// boundsOf is the box around a box under a matrix.
func boundsOf(m matrix, x, y, width, height float64) ofd.Box {
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, corner := range [4][2]float64{{x, y}, {x + width, y}, {x, y + height}, {x + width, y + height}} {
		px, py := apply(m, corner[0], corner[1])
		minX, minY, maxX, maxY = min(minX, px), min(minY, py), max(maxX, px), max(maxY, py)
	}
	return ofd.Box{X: minX, Y: minY, Width: maxX - minX, Height: maxY - minY}
}
