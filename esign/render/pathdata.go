package render

import (
	"math"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// parsePath reads AbbreviatedData (GB/T 33190-2016 9.1): S and M start, L line, Q and B curves, A arc, C close. False when
// it cannot be read whole, since half a path shows something else.
func parsePath(data string, most int) (typeface.Path, bool) {
	r := &pathReader{rest: data, most: most}
	for {
		word, ok := r.word()
		if !ok {
			return r.path, !r.bad
		}
		r.operate(word)
		if r.bad {
			return nil, false
		}
	}
}

type pathReader struct {
	rest           string
	path           typeface.Path
	most           int
	x, y           float64 // current point
	startX, startY float64
	open, bad      bool
}

const pathSpace = " \t\r\n,"

// word is the next letter; numbers stand behind it, with or without a space.
func (r *pathReader) word() (byte, bool) {
	r.rest = strings.TrimLeft(r.rest, pathSpace)
	if r.rest == "" {
		return 0, false
	}
	word := r.rest[0]
	r.rest = r.rest[1:]
	return word, true
}

func (r *pathReader) number() float64 {
	r.rest = strings.TrimLeft(r.rest, pathSpace)
	end := strings.IndexFunc(r.rest, func(c rune) bool {
		return strings.ContainsRune(pathSpace, c) || c >= 'A' && c <= 'Z' && c != 'E'
	})
	if end < 0 {
		end = len(r.rest)
	}
	v, ok := number(r.rest[:end])
	if !ok {
		r.bad = true
	}
	r.rest = r.rest[end:]
	return v
}

func (r *pathReader) add(s typeface.Segment) {
	if len(r.path) >= r.most {
		r.bad = true
		return
	}
	if !r.open && s.Kind != typeface.Move {
		// After a close the next line starts where the figure started.
		r.path = append(r.path, typeface.Segment{Kind: typeface.Move, X: r.x, Y: r.y})
		r.open = true
	}
	r.path = append(r.path, s)
	r.x, r.y = s.X, s.Y
}

func (r *pathReader) operate(word byte) {
	if word != 'M' && word != 'S' && len(r.path) == 0 {
		r.bad = true
		return
	}
	switch word {
	case 'M', 'S':
		x, y := r.number(), r.number()
		r.add(typeface.Segment{Kind: typeface.Move, X: x, Y: y})
		r.startX, r.startY, r.open = x, y, true
	case 'L':
		x, y := r.number(), r.number()
		r.add(typeface.Segment{Kind: typeface.Line, X: x, Y: y})
	case 'Q':
		s := typeface.Segment{Kind: typeface.Quad}
		s.X1, s.Y1, s.X, s.Y = r.number(), r.number(), r.number(), r.number()
		r.add(s)
	case 'B':
		s := typeface.Segment{Kind: typeface.Cubic}
		s.X1, s.Y1, s.X2, s.Y2, s.X, s.Y = r.number(), r.number(), r.number(), r.number(), r.number(), r.number()
		r.add(s)
	case 'A':
		rx, ry, angle, large, sweep, x, y := r.number(), r.number(), r.number(), r.number(), r.number(), r.number(), r.number()
		if !r.bad {
			r.arc(math.Abs(rx), math.Abs(ry), angle*math.Pi/180, large != 0, sweep != 0, x, y)
		}
	case 'C':
		if r.open {
			r.path = append(r.path, typeface.Segment{Kind: typeface.Close})
		}
		r.x, r.y, r.open = r.startX, r.startY, false
	default:
		r.bad = true
	}
}

// arc turns an elliptical arc into cubic curves (the end point form of SVG 1.1 F.6, which GB/T 33190-2016 9.3.5 shares).
func (r *pathReader) arc(rx, ry, turn float64, large, sweep bool, x, y float64) {
	if rx < 1e-9 || ry < 1e-9 || r.x == x && r.y == y {
		r.add(typeface.Segment{Kind: typeface.Line, X: x, Y: y})
		return
	}
	sin, cos := math.Sincos(turn)
	dx, dy := (r.x-x)/2, (r.y-y)/2
	px, py := cos*dx+sin*dy, -sin*dx+cos*dy
	if grow := px*px/(rx*rx) + py*py/(ry*ry); grow > 1 {
		rx, ry = rx*math.Sqrt(grow), ry*math.Sqrt(grow)
	}
	square := (rx*rx*ry*ry - rx*rx*py*py - ry*ry*px*px) / (rx*rx*py*py + ry*ry*px*px)
	factor := math.Sqrt(max(0, square))
	if large == sweep {
		factor = -factor
	}
	cx, cy := factor*rx*py/ry, -factor*ry*px/rx
	middleX, middleY := cos*cx-sin*cy+(r.x+x)/2, sin*cx+cos*cy+(r.y+y)/2
	from := math.Atan2((py-cy)/ry, (px-cx)/rx)
	sweepAngle := math.Atan2((-py-cy)/ry, (-px-cx)/rx) - from
	if sweep && sweepAngle < 0 {
		sweepAngle += 2 * math.Pi
	}
	if !sweep && sweepAngle > 0 {
		sweepAngle -= 2 * math.Pi
	}
	pieces := int(math.Ceil(math.Abs(sweepAngle) / (math.Pi / 2)))
	step := sweepAngle / float64(max(1, pieces))
	k := 4.0 / 3 * math.Tan(step/4)
	at := func(a, b float64) (float64, float64) {
		return middleX + cos*rx*a - sin*ry*b, middleY + sin*rx*a + cos*ry*b
	}
	for i := range pieces {
		s0, c0 := math.Sincos(from + float64(i)*step)
		s1, c1 := math.Sincos(from + float64(i+1)*step)
		s := typeface.Segment{Kind: typeface.Cubic}
		s.X1, s.Y1 = at(c0-k*s0, s0+k*c0)
		s.X2, s.Y2 = at(c1+k*s1, s1-k*c1)
		s.X, s.Y = at(c1, s1)
		if i == pieces-1 {
			s.X, s.Y = x, y
		}
		r.add(s)
	}
}
