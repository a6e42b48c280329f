package render

import (
	"image/color"
	"math"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// drawParam is how lines and areas are painted (GB/T 33190-2016 8.2): of the layer, of a named parameter, of the object.
type drawParam struct {
	pen          pen
	fill, stroke *ofd.Node // FillColor and StrokeColor; nil is the default
}

func defaultParam() *drawParam {
	return &drawParam{pen: pen{width: 0.353, miter: 3.528}}
}

const maxRelative = 16 // draw parameters that lean on each other

// param is the named parameter over an inherited one.
func (b *builder) param(inherited *drawParam, id, object string) *drawParam {
	var chain []*ofd.Node
	for id != "" && len(chain) < maxRelative {
		node := b.resources.param(id)
		if node == nil {
			b.find(ResourceMissing, object, "draw parameter %s", shorten(id))
			break
		}
		chain = append(chain, node)
		id = node.AttrOr("Relative", "")
	}
	for _, node := range slices.Backward(chain) {
		inherited = inherited.with(node)
	}
	return inherited
}

// with is the parameter with what an element says itself.
func (p *drawParam) with(node *ofd.Node) *drawParam {
	q := *p
	if v, ok := number(node.AttrOr("LineWidth", "")); ok && v >= 0 {
		q.pen.width = v
	}
	if v, ok := number(node.AttrOr("MiterLimit", "")); ok && v >= 0 {
		q.pen.miter = v
	}
	switch node.AttrOr("Join", "") {
	case "Miter":
		q.pen.join = joinMiter
	case "Round":
		q.pen.join = joinRound
	case "Bevel":
		q.pen.join = joinBevel
	}
	switch node.AttrOr("Cap", "") {
	case "Butt":
		q.pen.cap = capButt
	case "Round":
		q.pen.cap = capRound
	case "Square":
		q.pen.cap = capSquare
	}
	if v, ok := number(node.AttrOr("DashOffset", "")); ok {
		q.pen.offset = v
	}
	if text, ok := node.Attr("DashPattern"); ok {
		if dash, ok := numbers(text, 32); ok && usableDash(dash) {
			q.pen.dash = dash
		}
	}
	if node := node.Child("FillColor"); node != nil {
		q.fill = node
	}
	if node := node.Child("StrokeColor"); node != nil {
		q.stroke = node
	}
	return &q
}

// usableDash: no negative part and some length in all.
func usableDash(dash []float64) bool {
	sum := 0.0
	for _, v := range dash {
		if v < 0 {
			return false
		}
		sum += v
	}
	return sum > 1e-3
}

// spanOf is how much a matrix magnifies.
func spanOf(m matrix) float64 { return math.Sqrt(math.Abs(determinant(m))) }

var black = &paint{color: color.NRGBA{A: 255}}

// paint reads a colour element; drawn is false when nothing is to be painted. absent is used when there is no element.
func (b *builder) paint(g *graphic, node *ofd.Node, absent *paint) (p *paint, drawn bool, err error) {
	switch {
	case node == nil:
		return absent.faded(g.s.alpha), absent != nil, nil
	case node.Child("AxialShd") != nil:
		return b.shade(g, node.Child("AxialShd"), node, false)
	case node.Child("RadialShd") != nil:
		return b.shade(g, node.Child("RadialShd"), node, true)
	case len(node.Children) > 0:
		for _, child := range node.Children {
			b.find(PaintUnsupported, g.id, "%s", shorten(child.Name))
		}
		return nil, false, nil
	}
	if _, ok := node.Attr("Value"); !ok {
		if _, ok := node.Attr("Index"); !ok {
			// An empty element is met in real files and means black.
			return black.faded(g.s.alpha), true, nil
		}
	}
	value, approximate, ok := b.resources.solid(node)
	if !ok {
		b.find(PaintUnsupported, g.id, "a colour that cannot be read")
		return nil, false, nil
	}
	if approximate {
		b.find(ColorApproximate, g.id, "CMYK or a colour profile")
	}
	if value.A == 0 {
		return nil, false, nil
	}
	return (&paint{color: value}).faded(g.s.alpha), true, nil
}

const maxStops = 256

// shade reads an axial or radial shading (GB/T 33190-2016 8.3.4).
func (b *builder) shade(g *graphic, node, holder *ofd.Node, radial bool) (*paint, bool, error) {
	s := &shading{radial: radial, m: g.m}
	broken := func() (*paint, bool, error) {
		b.find(PaintUnsupported, g.id, "a shading that cannot be read")
		return nil, false, nil
	}
	start, ok1 := numbers(node.AttrOr("StartPoint", ""), 2)
	end, ok2 := numbers(node.AttrOr("EndPoint", ""), 2)
	if !ok1 || !ok2 || len(start) != 2 || len(end) != 2 {
		return broken()
	}
	s.x0, s.y0, s.x1, s.y1 = start[0], start[1], end[0], end[1]
	if radial {
		s.r0, _ = number(node.AttrOr("StartRadius", "0"))
		var ok bool
		if s.r1, ok = number(node.AttrOr("EndRadius", "")); !ok || s.r0 < 0 || s.r1 < 0 || s.r0 == s.r1 {
			return broken()
		}
		if v, _ := number(node.AttrOr("Eccentricity", "0")); v != 0 {
			b.find(EffectIgnored, g.id, "an elliptic shading is drawn round")
		}
	}
	if !radial && s.x0 == s.x1 && s.y0 == s.y1 {
		return broken()
	}
	extend := node.AttrOr("Extend", "0")
	s.extendStart, s.extendEnd = extend == "1" || extend == "3", extend == "2" || extend == "3"
	alpha, ok := alphaOf(holder)
	if !ok {
		return broken()
	}
	segments := node.All("Segment")
	if len(segments) == 0 {
		// Some writers leave the wrapper out.
		segments = node.All("Seg")
	}
	if len(segments) < 2 || len(segments) > maxStops {
		return broken()
	}
	for i, segment := range segments {
		value, approximate, ok := b.resources.solid(segment.Child("Color"))
		if !ok {
			return broken()
		}
		if approximate {
			b.find(ColorApproximate, g.id, "CMYK or a colour profile")
		}
		at := float64(i) / float64(len(segments)-1)
		if text, given := segment.Attr("Position"); given {
			if at, ok = number(text); !ok {
				return broken()
			}
		}
		value.A = times(times(value.A, alpha), g.s.alpha)
		s.stops = append(s.stops, stop{at: min(1, max(0, at)), color: value})
	}
	slices.SortStableFunc(s.stops, func(x, y stop) int {
		switch {
		case x.at < y.at:
			return -1
		case x.at > y.at:
			return 1
		}
		return 0
	})
	if kind := node.AttrOr("MapType", "Direct"); kind == "Repeat" || kind == "Reflect" {
		s.spread = spreadRepeat
		if kind == "Reflect" {
			s.spread = spreadReflect
		}
		unit, ok := number(node.AttrOr("MapUnit", ""))
		if radial && ok && unit > 0 {
			part := unit / math.Abs(s.r1-s.r0)
			s.x1, s.y1, s.r1 = s.x0+(s.x1-s.x0)*part, s.y0+(s.y1-s.y0)*part, s.r0+(s.r1-s.r0)*part
		} else if length := math.Hypot(s.x1-s.x0, s.y1-s.y0); ok && unit > 0 && length > 0 {
			part := unit / length
			s.x1, s.y1 = s.x0+(s.x1-s.x0)*part, s.y0+(s.y1-s.y0)*part
		}
		if !s.extendStart || !s.extendEnd {
			b.find(EffectIgnored, g.id, "a repeated shading is not ended at its points")
		}
	}
	return &paint{shade: s}, true, nil
}

const maxTiles = 4000

// pattern fills a path with copies of a cell (GB/T 33190-2016 8.3.3).
func (b *builder) pattern(g *graphic, node *ofd.Node, path typeface.Path, evenOdd bool) error {
	cell := node.Child("CellContent")
	width, ok1 := number(node.AttrOr("Width", ""))
	height, ok2 := number(node.AttrOr("Height", ""))
	own, ok3 := matrixOf(node)
	stepX, stepY := width, height
	if v, ok := number(node.AttrOr("XStep", "")); ok {
		stepX = v
	}
	if v, ok := number(node.AttrOr("YStep", "")); ok {
		stepY = v
	}
	if cell == nil || !ok1 || !ok2 || !ok3 || width <= 0 || height <= 0 || stepX < 1e-3 || stepY < 1e-3 {
		b.find(PaintUnsupported, g.id, "a pattern that cannot be read")
		return nil
	}
	if method := node.AttrOr("ReflectMethod", "Normal"); method != "Normal" {
		b.find(EffectIgnored, g.id, "pattern with ReflectMethod %s is drawn without reflection", shorten(method))
	}
	toPage := then(own, g.m)
	if node.AttrOr("RelativeTo", "Object") == "Page" {
		physical := b.page.Area.Physical
		toPage = then(own, translate(-physical.X, -physical.Y))
	}
	back, ok := invert(toPage)
	if !ok || !inBounds(toPage) {
		b.find(PaintUnsupported, g.id, "a pattern that cannot be read")
		return nil
	}
	onPage := path.Transform(g.m)
	minX, minY, maxX, maxY, _ := onPage.Bounds()
	minX, minY, maxX, maxY = max(minX, 0), max(minY, 0), min(maxX, b.page.Width), min(maxY, b.page.Height)
	if minX >= maxX || minY >= maxY {
		return nil
	}
	area := boundsOf(back, minX, minY, maxX-minX, maxY-minY)
	fromX, toX := math.Floor((area.X-width)/stepX), math.Ceil((area.X+area.Width)/stepX)
	fromY, toY := math.Floor((area.Y-height)/stepY), math.Ceil((area.Y+area.Height)/stepY)
	if (toX-fromX+1)*(toY-fromY+1) > maxTiles {
		b.find(PaintUnsupported, g.id, "a pattern of more than %d cells", maxTiles)
		return nil
	}
	s := g.s
	s.clip = &clip{outer: g.s.clip, parts: []clipPart{{path: onPage, evenOdd: evenOdd}}}
	s.param = defaultParam()
	for y := fromY; y <= toY; y++ {
		for x := fromX; x <= toX; x++ {
			s.m = then(translate(x*stepX, y*stepY), toPage)
			if err := b.block(cell, s); err != nil {
				return err
			}
		}
	}
	return nil
}
