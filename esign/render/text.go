package render

import (
	"math"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// text draws a TextObject (GB/T 33190-2016 clause 11).
func (b *builder) text(g *graphic) error {
	if g.boundary.Width <= 0 || g.boundary.Height <= 0 {
		for _, code := range g.node.All("TextCode") {
			if strings.TrimSpace(code.Text) != "" {
				b.find(NoArea, g.id, "TextObject")
			}
		}
		return nil
	}
	var fill, stroke *paint
	if isTrue(g.node.AttrOr("Fill", "true")) {
		if g.s.param.fill.Child("Pattern") != nil {
			b.find(PaintUnsupported, g.id, "Pattern in a text; it is drawn black")
			fill = black.faded(g.s.alpha)
		} else if p, drawn, err := b.paint(g, g.s.param.fill, black); err != nil {
			return err
		} else if drawn {
			fill = p
		}
	}
	if isTrue(g.node.AttrOr("Stroke", "false")) {
		p, drawn, err := b.paint(g, g.s.param.stroke, nil)
		if err != nil {
			return err
		}
		if drawn {
			stroke = p
		}
	}
	if fill == nil && stroke == nil {
		b.find(Invisible, g.id, "a text in no colour")
		return nil
	}
	first := len(b.page.marks)
	if _, err := b.letters(g, false); err != nil {
		return err
	}
	for i := first; i < len(b.page.marks); i++ {
		run := b.page.marks[i].run
		run.fill = fill
		if stroke != nil {
			run.stroke, run.pen = stroke, g.s.param.pen
			run.pen.width *= spanOf(g.m)
		} else if run.pen.width > 0 { // heavier than the face
			run.stroke = fill
		}
	}
	return nil
}

// style is how the letters of an object stand.
type style struct {
	font      *font
	size      float64
	stretch   float64 // HScale
	direction int     // CharDirection, clockwise, in quarters
	reading   int     // ReadDirection
	slant     bool
	heavy     float64 // width of the line that makes letters heavier, in parts of the size
}

const heavyLine = 0.035

// style reads the attributes of a text; false when it cannot be drawn.
func (b *builder) style(g *graphic) (style, bool) {
	size, ok := number(g.node.AttrOr("Size", ""))
	if !ok || size <= 0 {
		b.find(ObjectBroken, g.id, "a text without a size")
		return style{}, false
	}
	t := style{size: size, stretch: 1}
	if v, ok := number(g.node.AttrOr("HScale", "1")); ok && v > 0 {
		t.stretch = v
	}
	t.direction, t.reading = quarter(g.node.AttrOr("CharDirection", "0")), quarter(g.node.AttrOr("ReadDirection", "0"))
	var resource *fontResource
	t.font, resource = b.fontOf(g.node.AttrOr("Font", ""), g.id)
	weight, _ := strconv.Atoi(g.node.AttrOr("Weight", "400"))
	replaced := t.font.program == nil
	if heavy := weight >= 600 || replaced && resource.bold; heavy && !(replaced && t.font.bold) {
		t.heavy = heavyLine
	}
	t.slant = isTrue(g.node.AttrOr("Italic", "false")) || replaced && resource.italic
	return t, true
}

// quarter turns 0, 90, 180, 270 into quarters; anything else is 0.
func quarter(text string) int {
	v, err := strconv.Atoi(text)
	if err != nil || v%90 != 0 {
		return 0
	}
	return ((v/90)%4 + 4) % 4
}

const slantBy = 0.21 // of letters drawn oblique

// letters lays out the codes of a text. As a clip it gives the glyphs; else it adds marks and characters.
func (b *builder) letters(g *graphic, asClip bool) ([]glyph, error) {
	t, ok := b.style(g)
	if !ok {
		return nil, nil
	}
	var transforms []*ofd.Node
	for _, child := range g.node.Children {
		if child.Name == "CGTransform" {
			transforms = append(transforms, child)
		}
	}
	left := b.page.limits.Characters - b.glyphs
	substitutes, count, ok := readTransforms(transforms, left)
	if b.glyphs += count; count > left {
		return nil, ErrCharacters
	}
	if !ok {
		b.find(ObjectBroken, g.id, "a CGTransform that cannot be read; letters are drawn by their codes")
	}
	var all []glyph
	var x, y float64
	position := 0 // of the code in the object, which CGTransform counts
	for _, code := range g.node.All("TextCode") {
		if text, given := code.Attr("X"); given {
			if x, ok = number(text); !ok {
				b.find(ObjectBroken, g.id, "a TextCode out of bounds")
				return all, nil
			}
		}
		if text, given := code.Attr("Y"); given {
			if y, ok = number(text); !ok {
				b.find(ObjectBroken, g.id, "a TextCode out of bounds")
				return all, nil
			}
		}
		runes := []rune(ofd.CodeText(code.Text))
		if b.chars += len(runes); b.chars > b.page.limits.Characters {
			return nil, ErrCharacters
		}
		deltaX, ok1 := parseDeltas(code.AttrOr("DeltaX", ""), len(runes))
		deltaY, ok2 := parseDeltas(code.AttrOr("DeltaY", ""), len(runes))
		if !ok1 || !ok2 {
			b.find(ObjectBroken, g.id, "DeltaX or DeltaY that cannot be read")
			position += len(runes)
			continue
		}
		run, err := b.code(g, t, runes, x, y, deltaX, deltaY, substitutes, position, asClip)
		if err != nil {
			return nil, err
		}
		if b.d.outlined-b.outlined > 2*b.page.limits.Segments {
			return nil, ErrSegments
		}
		position += len(runes)
		if asClip {
			all = append(all, run...)
		}
	}
	return all, nil
}

// substitute is a glyph that CGTransform puts in the place of codes: of count codes, this is drawn at the first.
type substitute struct {
	glyphs []uint16
	codes  int
}

// readTransforms reads CGTransform (GB/T 33190-2016 11.4.1) by the position of the first code; at most most glyphs.
func readTransforms(nodes []*ofd.Node, most int) (all map[int]substitute, count int, ok bool) {
	if len(nodes) == 0 {
		return nil, 0, true
	}
	all = map[int]substitute{}
	for _, node := range nodes {
		at, err := strconv.Atoi(node.AttrOr("CodePosition", ""))
		codes, err2 := strconv.Atoi(node.AttrOr("CodeCount", "1"))
		if err != nil || err2 != nil || at < 0 || codes < 1 || at > 1e6 || codes > 1e6 {
			return all, count, false
		}
		var glyphs []uint16
		for field := range strings.FieldsSeq(node.Child("Glyphs").Value()) {
			v, err := strconv.ParseUint(field, 10, 16)
			if count++; err != nil || count > most {
				return all, count, false
			}
			glyphs = append(glyphs, uint16(v))
		}
		if len(glyphs) == codes { // one for one, the usual case
			for i := range glyphs {
				all[at+i] = substitute{glyphs: glyphs[i : i+1], codes: 1}
			}
			continue
		}
		all[at] = substitute{glyphs: glyphs, codes: codes}
	}
	return all, count, true
}

// parseDeltas reads DeltaX or DeltaY: numbers, and "g n v" for v n times. At most most values are made; nil when there
// are none.
func parseDeltas(text string, most int) ([]float64, bool) {
	var deltas []float64
	times, expect := 1, 0 // expect: 0 a value or g, 1 the count behind g, 2 the value behind it
	for field := range strings.FieldsSeq(text) {
		if field == "g" && expect == 0 {
			expect = 1
			continue
		}
		v, ok := number(field)
		if !ok {
			return nil, false
		}
		if expect == 1 {
			if v < 0 || v != math.Trunc(v) {
				return nil, false
			}
			times, expect = int(v), 2
			continue
		}
		for range min(times, most-len(deltas)) {
			deltas = append(deltas, v)
		}
		times, expect = 1, 0
	}
	return deltas, expect == 0
}

// delta is the step behind a character. Writers give one value for all that follow.
func delta(deltas []float64, i int) float64 {
	if len(deltas) == 0 {
		return 0
	}
	return deltas[min(i, len(deltas)-1)]
}

// code lays out one TextCode.
func (b *builder) code(g *graphic, t style, runes []rune, x, y float64, deltaX, deltaY []float64, substitutes map[int]substitute, position int, asClip bool) ([]glyph, error) {
	run := &glyphRun{text: string(runes)}
	advancing := len(deltaX) == 0 && len(deltaY) == 0
	if advancing && len(runes) > 1 {
		b.find(TextPositions, g.id, "several characters with no positions")
	}
	startX, startY := x, y
	skip := 0
	reported := false
	for i, r := range runes {
		var outlines []*outline
		width := 0.0 // advance, in parts of the em
		squeeze := 1.0
		step := delta(deltaX, i)
		switch s, ok := substitutes[position+i]; {
		case skip > 0:
			skip--
		case ok && t.font.program != nil:
			skip = s.codes - 1
			for _, id := range s.glyphs {
				o, ok := t.font.byGlyph(id)
				width = t.font.program.advance(id)
				if !ok {
					b.find(GlyphMissing, g.id, "glyph %d", id)
					if o, width, squeeze = b.letter(g, t, r, step); o == nil {
						continue
					}
				}
				outlines = append(outlines, o)
			}
		default:
			var o *outline
			room := step
			if i == len(runes)-1 {
				room = 0 // the last may be as wide as it likes
			}
			o, width, squeeze = b.letter(g, t, r, room)
			if o != nil {
				outlines = append(outlines, o)
			}
		}
		at := x
		for _, o := range outlines {
			m := matrix{A: t.size * t.stretch * squeeze, D: t.size}
			if t.slant {
				m.C = -slantBy * t.size
			}
			for range t.direction { // clockwise, y grows downwards
				m = then(m, matrix{B: 1, C: -1})
			}
			m = then(m, then(translate(at, y), g.m))
			if len(o.path) > 0 {
				run.glyphs = append(run.glyphs, glyph{outline: o, m: m})
			}
			at += width * t.size * t.stretch
		}
		if !asClip {
			b.char(g, t, r, x, y, width*squeeze, &reported)
		}
		if advancing {
			dx, dy := direction(t.reading)
			x, y = x+dx*width*t.size*t.stretch, y+dy*t.size
		} else if i < len(runes)-1 {
			x, y = x+step, y+delta(deltaY, i)
		}
		if math.Abs(x) > bound || math.Abs(y) > bound {
			b.find(ObjectBroken, g.id, "a text that runs out of bounds")
			break
		}
	}
	if asClip {
		return run.glyphs, nil
	}
	if t.heavy > 0 {
		run.pen = pen{width: t.heavy * t.size * spanOf(g.m), join: joinRound}
	}
	run.box = textBox{m: g.m, x: startX, y: startY, size: t.size, length: math.Abs(x-startX) + t.size*0.5}
	b.page.marks = append(b.page.marks, mark{clip: g.s.clip, run: run})
	return nil, nil
}

func direction(quarter int) (dx, dy float64) {
	switch quarter {
	case 1:
		return 0, 1
	case 2:
		return -1, 0
	case 3:
		return 0, -1
	}
	return 1, 0
}

// letter is the outline of a character with its advance; a letter of a built-in face that is wider than the place left
// for it is squeezed.
func (b *builder) letter(g *graphic, t style, r rune, step float64) (o *outline, width, squeeze float64) {
	if t.font.program != nil {
		if id := t.font.program.index(r); id != 0 {
			if o, ok := t.font.byGlyph(id); ok {
				return o, t.font.program.advance(id), 1
			}
		}
	}
	if isBlank(r) {
		width, ok := advanceOf(t.font.builtIn, ' ')
		if r == '\u3000' || !ok {
			width = 1
		}
		return nil, width, 1
	}
	if o, ok := t.font.byLetter(r); ok {
		if t.font.program != nil {
			b.find(FontReplaced, g.id, "single letters that the font of the document lacks")
		}
		width, ok := advanceOf(t.font.builtIn, r)
		if !ok {
			width, _ = advanceOf(t.font.sans, r)
		}
		squeeze = 1
		if room := step / (t.size * t.stretch); step > 0 && room < width && room > 0.2*width {
			squeeze = room / width
		}
		return o, width, squeeze
	}
	b.find(GlyphMissing, g.id, "character U+%04X", r)
	return missingBox, 1, 1
}

func isBlank(r rune) bool {
	return r <= ' ' || r == '\u00a0' || r >= '\u2000' && r <= '\u200b' || r == '\u3000' || r == '\ufeff'
}

// char records where a character stands, for searching.
func (b *builder) char(g *graphic, t style, r rune, x, y, width float64, reported *bool) {
	if width <= 0 {
		width = 0.5
	}
	left, top, w, h := 0.0, -0.85*t.size, width*t.size*t.stretch, t.size
	m := identity
	for range t.direction {
		m = then(m, matrix{B: 1, C: -1})
	}
	box := boundsOf(then(m, then(translate(x, y), g.m)), left, top, w, h)
	if !*reported && !g.within(x, y-0.3*t.size, 0, 0, 1.5*t.size*max(1, spanOf(g.ctm))) {
		b.find(OutsideBoundary, g.id, "a text that leaves its Boundary; it is drawn whole")
		*reported = true
	}
	b.page.chars = append(b.page.chars, Char{Rune: r, Box: box, Object: g.id, run: len(b.page.marks), vertical: t.reading%2 == 1})
}
