package render

import (
	"errors"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// builder turns the tree of a page into its display list.
type builder struct {
	d         *Document
	page      *Page
	resources *resources
	path      string                // of the file being read
	own       map[string]*resources // of pages and templates, by path
	pictures  bool                  // pictures are decoded; not when only text is wanted
	loaded    map[string]*picture
	objects   int
	segments  int
	chars     int
	glyphs    int // that CGTransform names
	decoded   int
	kept      int // pixels of pictures
	outlined  int // segments of letters before this page
	depth     int
}

// state is what an object inherits.
type state struct {
	m     matrix // of the holder's space, to the page
	clip  *clip
	param *drawParam
	alpha uint8
}

func (b *builder) find(code Code, object, format string, args ...any) {
	b.page.findings.add(code, b.path, object, format, args...)
}

// build draws templates and layers in their order (GB/T 33190-2016 7.7): by type, and of one type templates first.
func (b *builder) build(source ofd.Page, tree *ofd.Node) error {
	type part struct {
		order int
		path  string
		tree  *ofd.Node
		layer *ofd.Node // nil: all of a template
	}
	var parts []part
	for _, use := range tree.All("Template") {
		id := use.AttrOr("TemplateID", "")
		path, ok := b.d.templates[id]
		if !ok {
			b.path = source.Path
			b.find(TemplateMissing, "", "template %s", shorten(id))
			continue
		}
		template, err := b.d.templateTree(path)
		if errors.Is(err, ErrObjects) {
			return err
		}
		if err != nil {
			b.path = path
			b.find(TemplateMissing, "", "template %s cannot be read", shorten(id))
			continue
		}
		parts = append(parts, part{order: layerOrder(use.AttrOr("ZOrder", "Background")), path: path, tree: template})
	}
	for _, layer := range tree.Child("Content").All("Layer") {
		parts = append(parts, part{order: layerOrder(layer.AttrOr("Type", "Body")), path: source.Path, tree: tree, layer: layer})
	}
	slices.SortStableFunc(parts, func(x, y part) int { return x.order - y.order })
	physical := b.page.Area.Physical
	base := state{m: translate(-physical.X, -physical.Y), param: defaultParam(), alpha: 255}
	for _, part := range parts {
		layers := []*ofd.Node{part.layer}
		if part.layer == nil {
			layers = part.tree.Child("Content").All("Layer")
			slices.SortStableFunc(layers, func(x, y *ofd.Node) int {
				return layerOrder(x.AttrOr("Type", "Body")) - layerOrder(y.AttrOr("Type", "Body"))
			})
		}
		if err := b.usePage(part.path, part.tree); err != nil {
			return err
		}
		for _, layer := range layers {
			if err := b.layer(layer, base); err != nil {
				return err
			}
		}
	}
	if err := b.annotations(base); err != nil {
		return err
	}
	return b.stamps(base)
}

// layerOrder: an unknown type stands where body does.
func layerOrder(name string) int {
	switch name {
	case "Background":
		return 0
	case "Foreground":
		return 2
	}
	return 1
}

// usePage sets the file that is read and the resources it names itself, which are read once.
func (b *builder) usePage(path string, tree *ofd.Node) error {
	b.path, b.resources = path, b.d.resources
	own := tree.All("PageRes")
	if len(own) == 0 {
		return nil
	}
	if b.own[path] == nil {
		r := newResources()
		r.outer = b.d.resources
		for _, node := range own {
			if err := r.read(b.d, path, node.Value(), &b.page.findings); err != nil {
				return err
			}
		}
		b.own[path] = r
	}
	b.resources = b.own[path]
	return nil
}

func (b *builder) layer(layer *ofd.Node, base state) error {
	if id, ok := layer.Attr("DrawParam"); ok {
		base.param = b.param(base.param, id, "")
	}
	return b.block(layer, base)
}

// block draws what stands in a layer, a page block, the content of a composite or of a pattern.
func (b *builder) block(holder *ofd.Node, s state) error {
	if b.depth++; b.depth > b.page.limits.Depth {
		return ErrDepth
	}
	defer func() { b.depth-- }()
	for _, node := range holder.Children {
		var err error
		switch node.Name {
		case "TextObject":
			err = b.object(node, s, b.text)
		case "PathObject":
			err = b.object(node, s, b.pathObject)
		case "ImageObject":
			err = b.object(node, s, b.imageObject)
		case "CompositeObject", "CompositeGraphicUnit":
			err = b.object(node, s, b.compositeObject)
		case "PageBlock":
			err = b.block(node, s)
		case "Actions", "Clips": // of the holder
		default:
			b.find(ObjectUnknown, node.AttrOr("ID", ""), "element %s", shorten(node.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// graphic is what all drawn objects share (GB/T 33190-2016 8.5).
type graphic struct {
	node     *ofd.Node
	id       string
	boundary ofd.Box
	ctm      matrix // of the object's own space, to that of its boundary
	m        matrix // of the object's own space, to the page
	place    matrix // of the boundary's space, to the page
	s        state
}

// object reads what all objects share and hands on to the kind.
func (b *builder) object(node *ofd.Node, s state, draw func(*graphic) error) error {
	if b.objects++; b.objects > b.page.limits.Objects {
		return ErrObjects
	}
	g := &graphic{node: node, id: node.AttrOr("ID", ""), s: s}
	if !isTrue(node.AttrOr("Visible", "true")) {
		b.find(Invisible, g.id, "%s with Visible=\"false\"", node.Name)
		return nil
	}
	alpha, ok := alphaOf(node)
	if ok && alpha == 0 {
		b.find(Invisible, g.id, "%s with Alpha=\"0\"", node.Name)
		return nil
	}
	g.s.alpha = times(s.alpha, alpha)
	box, boxOK := boxOf(node.AttrOr("Boundary", ""))
	ctm, matrixOK := matrixOf(node)
	if !ok || !boxOK || !matrixOK {
		b.find(ObjectBroken, g.id, "%s with a Boundary, CTM or Alpha that cannot be read", node.Name)
		return nil
	}
	g.boundary, g.ctm = box, ctm
	g.place = then(translate(box.X, box.Y), s.m)
	g.m = then(ctm, g.place)
	if !inBounds(g.m) {
		b.find(ObjectBroken, g.id, "%s that is magnified out of bounds", node.Name)
		return nil
	}
	if id, ok := node.Attr("DrawParam"); ok {
		g.s.param = b.param(s.param, id, g.id)
	}
	g.s.param = g.s.param.with(node)
	clipped, err := b.clips(g)
	if err != nil {
		return err
	}
	if !clipped {
		return nil
	}
	return draw(g)
}

// bounded puts the Boundary of an object around it as a clip, grown by what its lines are wide. Text is drawn whole: real
// files give boxes that cut their letters, and readers show them.
func (g *graphic) bounded(grow float64) *clip {
	box := g.boundary
	path := rectangle(-grow, -grow, box.Width+2*grow, box.Height+2*grow).Transform(g.place)
	return &clip{outer: g.s.clip, parts: []clipPart{{path: path}}}
}

// tolerance is how far a drawing may leave its Boundary before it is clipped there, in mm: rounding of writers.
const tolerance = 0.35

// within tells whether a box in the object's own space stays inside the Boundary.
func (g *graphic) within(x, y, width, height, grow float64) bool {
	box := boundsOf(g.ctm, x, y, width, height)
	return box.X >= -grow && box.Y >= -grow && box.X+box.Width <= g.boundary.Width+grow && box.Y+box.Height <= g.boundary.Height+grow
}

func (b *builder) pathObject(g *graphic) error {
	data := g.node.Child("AbbreviatedData").Value()
	path, ok := parsePath(data, b.page.limits.Segments+1)
	if !ok {
		b.find(ObjectBroken, g.id, "path data that cannot be read")
		return nil
	}
	if b.segments += len(path); b.segments > b.page.limits.Segments {
		return ErrSegments
	}
	minX, minY, maxX, maxY, ok := path.Bounds()
	if !ok {
		return nil
	}
	fill, stroke := isTrue(g.node.AttrOr("Fill", "false")), isTrue(g.node.AttrOr("Stroke", "true"))
	shape := &shape{path: path, m: g.m, evenOdd: g.node.AttrOr("Rule", "NonZero") == "Even-Odd"}
	grow := tolerance
	if stroke {
		paint, drawn, err := b.paint(g, g.s.param.stroke, black)
		if err != nil {
			return err
		}
		if drawn {
			shape.stroke, shape.pen = paint, g.s.param.pen
			grow += g.s.param.pen.width * spanOf(g.ctm)
		}
	}
	s := g.s
	if !g.within(minX, minY, maxX-minX, maxY-minY, grow) {
		if g.boundary.Width <= 0 && g.boundary.Height <= 0 {
			b.find(NoArea, g.id, "PathObject")
			return nil
		}
		s.clip = g.bounded(grow)
	}
	if fill {
		if pattern := g.s.param.fill.Child("Pattern"); pattern != nil {
			if err := b.pattern(g, pattern, path, shape.evenOdd); err != nil {
				return err
			}
		} else {
			paint, drawn, err := b.paint(g, g.s.param.fill, nil)
			if err != nil {
				return err
			}
			if drawn {
				shape.fill = paint
			}
		}
	}
	if shape.fill == nil && shape.stroke == nil {
		return nil
	}
	b.page.marks = append(b.page.marks, mark{clip: s.clip, shape: shape})
	return nil
}

func (b *builder) compositeObject(g *graphic) error {
	id := g.node.AttrOr("ResourceID", "")
	unit := b.resources.composite(id)
	if unit == nil || unit.content == nil {
		b.find(ObjectBroken, g.id, "composite %s is not there", shorten(id))
		return nil
	}
	s := g.s
	s.m = g.m
	if s.alpha != 255 {
		b.find(EffectIgnored, g.id, "the transparency of a composite is applied to each of its parts")
	}
	if g.boundary.Width > 0 && g.boundary.Height > 0 && !g.within(0, 0, unit.width, unit.height, tolerance) {
		s.clip = g.bounded(tolerance)
	}
	return b.block(unit.content, s)
}

// clips reads the Clips of an object: each Clip narrows, the areas of one are united (GB/T 33190-2016 8.4). False when
// they cannot be read; drawing without them would show what is to be hidden.
func (b *builder) clips(g *graphic) (bool, error) {
	holder := g.node.Child("Clips")
	if holder == nil {
		return true, nil
	}
	// TransFlag: whether the clip is transformed with the object; the default is true.
	m := g.m
	if !isTrue(holder.AttrOr("TransFlag", "true")) {
		m = g.place
	}
	for _, node := range holder.All("Clip") {
		c := &clip{outer: g.s.clip}
		for _, area := range node.All("Area") {
			own, ok := matrixOf(area)
			if !ok {
				b.find(ObjectBroken, g.id, "a clip that cannot be read")
				return false, nil
			}
			for _, child := range area.Children {
				ok, err := b.clipPart(c, child, then(own, m), g)
				if err != nil {
					return false, err
				}
				if !ok {
					b.find(ObjectBroken, g.id, "a clip that cannot be read")
					return false, nil
				}
			}
		}
		if len(c.parts) == 0 {
			continue
		}
		g.s.clip = c
	}
	return true, nil
}

func (b *builder) clipPart(c *clip, node *ofd.Node, m matrix, g *graphic) (bool, error) {
	box, ok := boxOf(node.AttrOr("Boundary", "0 0 0 0"))
	own, matrixOK := matrixOf(node)
	if !ok || !matrixOK {
		return false, nil
	}
	m = then(own, then(translate(box.X, box.Y), m))
	if !inBounds(m) {
		return false, nil
	}
	switch node.Name {
	case "Path":
		path, ok := parsePath(node.Child("AbbreviatedData").Value(), b.page.limits.Segments+1)
		if !ok {
			return false, nil
		}
		if b.segments += len(path); b.segments > b.page.limits.Segments {
			return false, ErrSegments
		}
		c.parts = append(c.parts, clipPart{path: path.Transform(m), evenOdd: node.AttrOr("Rule", "NonZero") == "Even-Odd"})
		return true, nil
	case "Text":
		text := &graphic{node: node, id: g.id, boundary: box, ctm: own, m: m, place: m, s: g.s}
		glyphs, err := b.letters(text, true)
		if err != nil {
			return false, err
		}
		var path typeface.Path
		for _, glyph := range glyphs {
			if b.segments += len(glyph.outline.path); b.segments > b.page.limits.Segments {
				return false, ErrSegments
			}
			path = append(path, glyph.outline.path.Transform(glyph.m)...)
		}
		c.parts = append(c.parts, clipPart{path: path})
		return true, nil
	}
	return false, nil
}
