package render

import (
	"image"
	"math"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// raster turns outlines into coverage by summing signed areas, as golang.org/x/image/vector does; its own sums are needed
// for the even-odd rule, which that package lacks. It covers a part of the page, in device pixels.
type raster struct {
	area  image.Rectangle
	sums  []float32 // a row is the width of the area and two more
	mask  []uint8
	work  *int64 // what may still be spent
	fault bool
}

// reset prepares an area; it must lie inside the page.
func (r *raster) reset(area image.Rectangle) {
	r.area = area
	need := (area.Dx() + 2) * area.Dy()
	if cap(r.sums) < need {
		r.sums = make([]float32, need)
	} else {
		r.sums = r.sums[:need]
		clear(r.sums)
	}
	r.spend(int64(need))
}

func (r *raster) spend(steps int64) {
	if *r.work -= steps; *r.work < 0 {
		r.fault = true
	}
}

// lineCost is what an edge costs beside its rows, in steps.
const lineCost = 4

// line adds an edge in device pixels.
func (r *raster) line(x0, y0, x1, y1 float64) {
	if y0 == y1 || r.fault {
		return
	}
	direction := float32(1)
	if y0 > y1 {
		x0, y0, x1, y1, direction = x1, y1, x0, y0, -1
	}
	left, top := float64(r.area.Min.X), float64(r.area.Min.Y)
	x0, y0, x1, y1 = x0-left, y0-top, x1-left, y1-top
	wide, high := r.area.Dx(), r.area.Dy()
	if y1 <= 0 || y0 >= float64(high) {
		r.spend(lineCost)
		return
	}
	slope := (x1 - x0) / (y1 - y0)
	x := x0
	if y0 < 0 {
		x -= y0 * slope
		y0 = 0
	}
	end := min(y1, float64(high))
	first, last := int(y0), min(high, int(math.Ceil(end)))
	r.spend(int64(lineCost + 2*(last-first)))
	for y := first; y < last; y++ {
		row := r.sums[y*(wide+2) : (y+1)*(wide+2)]
		height := min(float64(y+1), end) - max(float64(y), y0)
		next := x + slope*height
		d := float32(height) * direction
		a, b := x, next
		if a > b {
			a, b = b, a
		}
		a, b = min(max(a, 0), float64(wide)), min(max(b, 0), float64(wide))
		from := int(a)
		to := int(math.Ceil(b))
		switch {
		case to <= from+1:
			part := float32((a+b)/2 - float64(from))
			row[from] += d * (1 - part)
			row[from+1] += d * part
		default:
			scale := float32(1 / (b - a))
			rest := float32(a - float64(from))
			start := 0.5 * scale * (1 - rest) * (1 - rest)
			over := float32(b - float64(to) + 1)
			finish := 0.5 * scale * over * over
			row[from] += d * start
			if to == from+2 {
				row[from+1] += d * (1 - start - finish)
			} else {
				second := scale * (1.5 - rest)
				row[from+1] += d * (second - start)
				for column := from + 2; column < to-1; column++ {
					row[column] += d * scale
				}
				r.spend(int64(to - from))
				third := second + float32(to-from-3)*scale
				row[to-1] += d * (1 - third - finish)
			}
			row[to] += d * finish
		}
		x = next
	}
}

// coverage ends the outline: one octet a pixel of the area, row by row. It is valid until the next reset.
func (r *raster) coverage(evenOdd bool) []uint8 {
	wide, high := r.area.Dx(), r.area.Dy()
	if cap(r.mask) < wide*high {
		r.mask = make([]uint8, wide*high)
	}
	mask := r.mask[:wide*high]
	for y := range high {
		sum := float32(0)
		out := mask[y*wide : (y+1)*wide]
		row := r.sums[y*(wide+2):][:len(out)]
		for x, change := range row {
			sum += change
			v := sum
			if v < 0 {
				v = -v
			}
			if evenOdd {
				v -= 2 * float32(int(v/2))
				if v > 1 {
					v = 2 - v
				}
			} else if v > 1 {
				v = 1
			}
			out[x] = uint8(v*255 + 0.5)
		}
	}
	return mask
}

// flatten walks an outline under a matrix as straight pieces; figures are closed.
func flatten(p typeface.Path, m matrix, line func(x0, y0, x1, y1 float64)) {
	var x, y, startX, startY float64
	to := func(nx, ny float64) {
		line(x, y, nx, ny)
		x, y = nx, ny
	}
	for _, s := range p {
		switch s.Kind {
		case typeface.Move:
			if x != startX || y != startY {
				to(startX, startY)
			}
			x, y = apply(m, s.X, s.Y)
			startX, startY = x, y
		case typeface.Line:
			to(apply(m, s.X, s.Y))
		case typeface.Quad, typeface.Cubic:
			curve(s, m, x, y, to)
		case typeface.Close:
			to(startX, startY)
		}
	}
	if x != startX || y != startY {
		to(startX, startY)
	}
}

// maxPieces of one curve.
const maxPieces = 64

// curve walks a curve from x, y (already mapped) in pieces that stay within a tenth of a pixel.
func curve(s typeface.Segment, m matrix, x, y float64, to func(x, y float64)) {
	x1, y1 := apply(m, s.X1, s.Y1)
	ex, ey := apply(m, s.X, s.Y)
	if s.Kind == typeface.Quad {
		bend := math.Hypot(x-2*x1+ex, y-2*y1+ey)
		n := pieces(bend * 1.25)
		for i := 1; i < n; i++ {
			t := float64(i) / float64(n)
			u := 1 - t
			to(u*u*x+2*u*t*x1+t*t*ex, u*u*y+2*u*t*y1+t*t*ey)
		}
		to(ex, ey)
		return
	}
	x2, y2 := apply(m, s.X2, s.Y2)
	bend := max(math.Hypot(x-2*x1+x2, y-2*y1+y2), math.Hypot(x1-2*x2+ex, y1-2*y2+ey))
	n := pieces(bend * 3.75)
	x0, y0 := x, y
	for i := 1; i < n; i++ {
		t := float64(i) / float64(n)
		u := 1 - t
		a, b, c, d := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		to(a*x0+b*x1+c*x2+d*ex, a*y0+b*y1+c*y2+d*ey)
	}
	to(ex, ey)
}

// pieces is the square root of ten times a bend over four, in bounds.
func pieces(bend float64) int {
	if !(bend < 1e6) {
		return maxPieces
	}
	return min(maxPieces, 1+int(math.Sqrt(bend)))
}
