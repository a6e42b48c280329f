package render

import (
	"image/color"
	"math"
)

// sampler gives the colour at a pixel; false for a shading that is flattened to nothing.
func (s *shading) sampler(perMM float64) (func(x, y int) color.NRGBA, bool) {
	back, ok := invert(then(s.m, scale(perMM, perMM)))
	if !ok {
		return nil, false
	}
	at := s.axial
	if s.radial {
		at = s.circles
	}
	return func(x, y int) color.NRGBA {
		px, py := apply(back, float64(x)+0.5, float64(y)+0.5)
		t, inside := at(px, py)
		if !inside {
			return color.NRGBA{}
		}
		return s.color(t)
	}, true
}

// axial is how far along the axis a point lies.
func (s *shading) axial(x, y float64) (float64, bool) {
	dx, dy := s.x1-s.x0, s.y1-s.y0
	return s.fold(((x-s.x0)*dx + (y-s.y0)*dy) / (dx*dx + dy*dy))
}

// circles is the greatest t whose circle goes through a point (two circles, as in PDF and SVG).
func (s *shading) circles(x, y float64) (float64, bool) {
	dx, dy, dr := s.x1-s.x0, s.y1-s.y0, s.r1-s.r0
	px, py := x-s.x0, y-s.y0
	a, b, c := dx*dx+dy*dy-dr*dr, px*dx+py*dy+s.r0*dr, px*px+py*py-s.r0*s.r0
	var roots [2]float64
	if math.Abs(a) < 1e-12 {
		if b == 0 {
			return 0, false
		}
		roots[0] = c / (2 * b)
		roots[1] = roots[0]
	} else {
		under := b*b - a*c
		if under < 0 {
			return 0, false
		}
		root := math.Sqrt(under)
		roots[0], roots[1] = (b+root)/a, (b-root)/a
		if roots[0] < roots[1] {
			roots[0], roots[1] = roots[1], roots[0]
		}
	}
	for _, t := range roots {
		if s.r0+t*dr < 0 {
			continue
		}
		if folded, ok := s.fold(t); ok {
			return folded, true
		}
	}
	return 0, false
}

// fold brings t into 0 to 1 by the spread; false where nothing is drawn.
func (s *shading) fold(t float64) (float64, bool) {
	switch s.spread {
	case spreadRepeat:
		return t - math.Floor(t), true
	case spreadReflect:
		t = math.Abs(t - 2*math.Floor(t/2))
		if t > 1 {
			t = 2 - t
		}
		return t, true
	}
	if t < 0 {
		return 0, s.extendStart
	}
	if t > 1 {
		return 1, s.extendEnd
	}
	return t, true
}

func (s *shading) color(t float64) color.NRGBA {
	if t <= s.stops[0].at {
		return s.stops[0].color
	}
	for i := 1; i < len(s.stops); i++ {
		a, b := s.stops[i-1], s.stops[i]
		if t > b.at {
			continue
		}
		if b.at <= a.at {
			return b.color
		}
		part := (t - a.at) / (b.at - a.at)
		mix := func(x, y uint8) uint8 { return uint8(float64(x) + part*(float64(y)-float64(x)) + 0.5) }
		return color.NRGBA{mix(a.color.R, b.color.R), mix(a.color.G, b.color.G), mix(a.color.B, b.color.B), mix(a.color.A, b.color.A)}
	}
	return s.stops[len(s.stops)-1].color
}
