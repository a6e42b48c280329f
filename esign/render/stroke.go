package render

import (
	"math"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

type spot struct{ x, y float64 }

// maxDashes bounds the pieces that dashes cut a path into.
const maxDashes = 20_000

// stroke turns a line into pieces that all run the same way round, so that filling them by the nonzero rule gives their
// union. fine is how many device pixels a unit is, for round ends and curves. spend is told of the work and ends it by
// false; emit takes one convex piece.
func stroke(p typeface.Path, k pen, fine float64, spend func(steps int) bool, emit func([]spot)) {
	for _, figure := range polylines(p, fine) {
		if !spend(spotCost * len(figure.spots)) {
			return
		}
		lines := []polyline{figure}
		if len(k.dash) > 0 {
			var tried int
			lines, tried = dashed(figure, k)
			if !spend(dashCost * tried) {
				return
			}
		}
		for _, l := range lines {
			if l.outline(k, fine, emit); !spend(0) {
				return
			}
		}
	}
}

// What a point and a dash cost beside the edges that they become, in steps.
const (
	spotCost = 4
	dashCost = 100
)

// maxSpots bounds what the curves of one path become; beyond it they are drawn straight.
const maxSpots = 300_000

type polyline struct {
	spots  []spot
	closed bool
}

// polylines are the figures of a path as straight pieces in its own units.
func polylines(p typeface.Path, fine float64) []polyline {
	var all []polyline
	var current polyline
	total := 0
	end := func() {
		if len(current.spots) > 0 {
			all = append(all, current)
		}
		current = polyline{}
	}
	add := func(x, y float64) {
		if n := len(current.spots); n > 0 && current.spots[n-1] == (spot{x, y}) {
			return
		}
		current.spots = append(current.spots, spot{x, y})
		total++
	}
	for _, s := range p {
		switch s.Kind {
		case typeface.Move:
			end()
			add(s.X, s.Y)
		case typeface.Line:
			add(s.X, s.Y)
		case typeface.Quad, typeface.Cubic:
			if total > maxSpots {
				add(s.X, s.Y)
			} else if n := len(current.spots); n > 0 {
				last := current.spots[n-1]
				m := scale(fine, fine)
				curve(s, m, last.x*fine, last.y*fine, func(x, y float64) { add(x/fine, y/fine) })
			}
		case typeface.Close:
			if n := len(current.spots); n > 1 && current.spots[0] == current.spots[n-1] {
				current.spots = current.spots[:n-1]
			}
			current.closed = true
			first := spot{}
			if len(current.spots) > 0 {
				first = current.spots[0]
			}
			end()
			current.spots = append(current.spots, first) // a line that follows starts here
			continue
		}
	}
	if len(current.spots) > 1 || len(all) == 0 {
		end()
	}
	return all
}

// dashed cuts a figure into its dashes and tells how many it made; dashes finer than can be seen are given up for a whole
// line.
func dashed(l polyline, k pen) (lines []polyline, made int) {
	spots := l.spots
	if l.closed {
		spots = append(append([]spot{}, spots...), spots[0])
	}
	pattern := k.dash
	if len(pattern)%2 == 1 {
		pattern = append(append([]float64{}, pattern...), pattern...)
	}
	total := 0.0
	for _, v := range pattern {
		total += v
	}
	at := math.Mod(k.offset, total)
	if at < 0 {
		at += total
	}
	index := 0
	for at >= pattern[index] {
		at -= pattern[index]
		index = (index + 1) % len(pattern)
	}
	left := pattern[index] - at
	var all []polyline
	current := []spot{spots[0]}
	for i := 1; i < len(spots); i++ {
		a, b := spots[i-1], spots[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		done := 0.0
		for length-done > left {
			done += left
			cut := spot{a.x + (b.x-a.x)*done/length, a.y + (b.y-a.y)*done/length}
			if index%2 == 0 {
				all = append(all, polyline{spots: append(current, cut)})
			}
			if len(all) >= maxDashes {
				return []polyline{l}, maxDashes
			}
			current = []spot{cut}
			index = (index + 1) % len(pattern)
			left = pattern[index]
			if left == 0 { // a dot, or no gap
				left = 1e-9 * total
			}
		}
		left -= length - done
		current = append(current, b)
	}
	if index%2 == 0 && len(current) > 1 {
		all = append(all, polyline{spots: current})
	}
	return all, len(all)
}

// outline emits the pieces of a figure: each straight piece, what joins it to the next, and the ends.
func (l polyline) outline(k pen, fine float64, emit func([]spot)) {
	r := k.width / 2
	spots := l.spots
	if len(spots) == 1 {
		switch {
		case k.cap == capRound:
			emit(disc(spots[0], r, fine))
		case k.cap == capSquare:
			p := spots[0]
			emit([]spot{{p.x - r, p.y - r}, {p.x + r, p.y - r}, {p.x + r, p.y + r}, {p.x - r, p.y + r}})
		}
		return
	}
	n := len(spots)
	last := n - 1
	if l.closed {
		last = n
	}
	for i := range last {
		a, b := spots[i], spots[(i+1)%n]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		ux, uy := (b.x-a.x)/length, (b.y-a.y)/length
		if !l.closed && k.cap == capSquare {
			if i == 0 {
				a = spot{a.x - ux*r, a.y - uy*r}
			}
			if i == last-1 {
				b = spot{b.x + ux*r, b.y + uy*r}
			}
		}
		nx, ny := -uy*r, ux*r
		emit([]spot{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}})
		if l.closed || i < last-1 {
			l.join(spots[i], spots[(i+1)%n], spots[(i+2)%n], k, fine, emit)
		}
	}
	if !l.closed && k.cap == capRound {
		emit(disc(spots[0], r, fine))
		emit(disc(spots[n-1], r, fine))
	}
}

func (l polyline) join(a, b, c spot, k pen, fine float64, emit func([]spot)) {
	r := k.width / 2
	if r*fine < 0.4 { // thinner than a pixel: nothing to see
		return
	}
	l1, l2 := math.Hypot(b.x-a.x, b.y-a.y), math.Hypot(c.x-b.x, c.y-b.y)
	if l1 == 0 || l2 == 0 {
		return
	}
	ux, uy, vx, vy := (b.x-a.x)/l1, (b.y-a.y)/l1, (c.x-b.x)/l2, (c.y-b.y)/l2
	cross, dot := ux*vy-uy*vx, ux*vx+uy*vy
	if math.Abs(cross) < 1e-6 && dot > 0 {
		return
	}
	if k.join == joinRound {
		emit(disc(b, r, fine))
		return
	}
	side := -1.0 // the outer side
	if cross < 0 {
		side = 1
	}
	p := spot{b.x - uy*r*side, b.y + ux*r*side}
	q := spot{b.x - vy*r*side, b.y + vx*r*side}
	piece := []spot{b, p, q}
	if k.join == joinMiter {
		// The miter's length over the width is 1/sin(half the angle between the lines).
		half := math.Sqrt(max(0, (1+dot)/2)) // cosine of half the turn = sine of half the angle between
		if half > 1e-6 && 1/half <= k.miter {
			mx, my := p.x+q.x-2*b.x, p.y+q.y-2*b.y
			length := math.Hypot(mx, my)
			piece = []spot{b, p, {b.x + mx/length*r/half, b.y + my/length*r/half}, q}
		}
	}
	emit(oriented(piece))
}

// oriented turns a convex piece so that it runs like the others.
func oriented(p []spot) []spot {
	area := 0.0
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		area += a.x*b.y - b.x*a.y
	}
	if area < 0 {
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
	return p
}

// disc is a round piece of as many corners as can be seen.
func disc(c spot, r, fine float64) []spot {
	n := min(48, max(6, int(4*math.Sqrt(r*fine)+4)))
	out := make([]spot, n)
	for i := range out {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		out[i] = spot{c.x + r*cos, c.y + r*sin}
	}
	return out
}
