package render

import (
	"image/color"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// mark is one thing of the display list: exactly one of shape, run and image is set. Matrices lead to page millimetres.
type mark struct {
	clip  *clip
	shape *shape
	run   *glyphRun
	image *imageMark
	seal  bool // multiplied with what lies below, so that text stays legible under the ink
}

// shape is a filled or stroked path.
type shape struct {
	path         typeface.Path
	m            matrix
	evenOdd      bool
	fill, stroke *paint
	pen          pen
}

// glyphRun is a row of letters in one paint.
type glyphRun struct {
	glyphs       []glyph
	fill, stroke *paint
	pen          pen // width in page millimetres
	text         string
	box          textBox
}

// glyph is an outline in parts of the em, y downwards, with the matrix that leads to the page.
type glyph struct {
	outline *outline
	m       matrix
}

// textBox is where the words of a run stand, for the text layer.
type textBox struct {
	m            matrix // of the text's own space
	x, y         float64
	length, size float64
}

// imageMark is a picture in the unit square under a matrix.
type imageMark struct {
	picture *picture // nil: a crossed box in its place
	m       matrix
	alpha   uint8
}

// pen is how lines are drawn, in the units of the path.
type pen struct {
	width, miter float64
	join         join
	cap          lineCap
	dash         []float64
	offset       float64
}

type join uint8

const (
	joinMiter join = iota
	joinRound
	joinBevel
)

type lineCap uint8

const (
	capButt lineCap = iota
	capRound
	capSquare
)

// paint is a colour or a shading.
type paint struct {
	color color.NRGBA
	shade *shading
}

// faded is the paint under a further alpha.
func (p *paint) faded(alpha uint8) *paint {
	if p == nil || alpha == 255 {
		return p
	}
	q := *p
	q.color.A = times(q.color.A, alpha)
	if p.shade != nil {
		s := *p.shade
		s.stops = slices.Clone(s.stops)
		for i := range s.stops {
			s.stops[i].color.A = times(s.stops[i].color.A, alpha)
		}
		q.shade = &s
	}
	return &q
}

func times(a, b uint8) uint8 { return uint8((int(a)*int(b) + 127) / 255) }

// shading is an axial or radial run of colours in page millimetres under a matrix.
type shading struct {
	radial                 bool
	m                      matrix // of the object's space
	x0, y0, r0, x1, y1, r1 float64
	stops                  []stop
	spread                 spread
	extendStart, extendEnd bool
}

type spread uint8

const (
	spreadPad spread = iota
	spreadRepeat
	spreadReflect
)

type stop struct {
	at    float64
	color color.NRGBA
}

// clip is an area beyond which nothing is drawn, inside an outer one. Its parts are united.
type clip struct {
	outer *clip
	parts []clipPart
}

type clipPart struct {
	path    typeface.Path // page millimetres
	evenOdd bool
}

// box is the clip as an upright rectangle, when it is one.
func (c *clip) box() (ofd.Box, bool) {
	if len(c.parts) != 1 || len(c.parts[0].path) != 5 {
		return ofd.Box{}, false
	}
	p := c.parts[0].path
	minX, minY, maxX, maxY, _ := p.Bounds()
	for i := range 4 {
		if p[i].Kind != typeface.Line && (i > 0 || p[i].Kind != typeface.Move) {
			return ofd.Box{}, false
		}
		if p[i].X != minX && p[i].X != maxX || p[i].Y != minY && p[i].Y != maxY {
			return ofd.Box{}, false
		}
	}
	if p[0].X == p[2].X || p[0].Y == p[2].Y || p[1].X == p[3].X || p[1].Y == p[3].Y {
		return ofd.Box{}, false
	}
	return ofd.Box{X: minX, Y: minY, Width: maxX - minX, Height: maxY - minY}, p[4].Kind == typeface.Close
}
