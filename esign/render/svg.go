package render

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// SVGOptions are what the surroundings need.
type SVGOptions struct {
	// Prefix goes before every id, so that several pages may stand in one HTML document: letters, digits and hyphens.
	Prefix string
	// Title names the picture for those who do not see it.
	Title string
	// Inline leaves out the one style attribute (the blending of seals), which a content security policy forbids inside
	// a page: the style sheet of the page then says .ofd-seal{mix-blend-mode:multiply}.
	Inline bool
}

// plainPrefix tells up to 41 ASCII letters, digits and hyphens that begin with a letter.
func plainPrefix(text string) bool {
	return len(text) > 0 && len(text) <= 41 && text[0]|0x20 >= 'a' && text[0]|0x20 <= 'z' && !strings.ContainsFunc(text, func(char rune) bool {
		return (char|0x20 < 'a' || char|0x20 > 'z') && (char < '0' || char > '9') && char != '-'
	})
}

// SVG writes the page, one unit a millimetre. Only elements and attributes of this file stand in it: svg, title, defs,
// path, use, clipPath, g, image, linearGradient, radialGradient, stop, text; references lead into the file itself or are
// data: URIs of PNG encoded here. The words of the page lie over their letters as text that is not painted, for reading
// aloud, searching and copying. Errors are ErrOutput.
func (p *Page) SVG(o SVGOptions) ([]byte, error) {
	if o.Prefix == "" {
		o.Prefix = "p" + strconv.Itoa(p.Number)
	}
	if !plainPrefix(o.Prefix) {
		return nil, fmt.Errorf("%w: prefix %q", ErrOutput, o.Prefix)
	}
	w := &svgWriter{o: o, page: p, glyphs: map[*outline]int{}, clips: map[*clip]int{}, images: map[*picture]int{}}
	var body bytes.Buffer
	w.out = &body
	for i := range p.marks {
		if err := w.mark(&p.marks[i]); err != nil {
			return nil, err
		}
		if w.out.Len()+w.defs.Len() > p.limits.OutputBytes {
			return nil, ErrOutput
		}
	}
	w.closeGroup()
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%smm" height="%smm" role="graphics-document" aria-labelledby="%s-title">`,
		milli(p.Width), milli(p.Height), milli(p.Width), milli(p.Height), o.Prefix)
	fmt.Fprintf(&out, `<title id="%s-title">%s</title>`, o.Prefix, escape(o.Title))
	if w.defs.Len() > 0 {
		out.WriteString("\n<defs>\n")
		out.Write(w.defs.Bytes())
		out.WriteString("</defs>")
	}
	fmt.Fprintf(&out, "\n<path fill=\"#fff\" d=\"M0 0H%sV%sH0Z\"/>\n", milli(p.Width), milli(p.Height))
	out.Write(body.Bytes())
	w.words(&out)
	out.WriteString("</svg>\n")
	if out.Len() > p.limits.OutputBytes {
		return nil, ErrOutput
	}
	return out.Bytes(), nil
}

type svgWriter struct {
	o      SVGOptions
	page   *Page
	out    *bytes.Buffer
	defs   bytes.Buffer
	next   int
	glyphs map[*outline]int
	clips  map[*clip]int
	images map[*picture]int

	open     bool // a group is open
	openClip *clip
	openSeal bool
}

// milli writes a number of millimetres with three digits behind the point.
func milli(v float64) string {
	v = math.Round(v*1000) / 1000
	if v == 0 { // no minus before a nought
		v = 0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// fine writes a factor of a matrix.
func fine(v float64) string {
	v = math.Round(v*1e6) / 1e6
	if v == 0 {
		v = 0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func matrixText(m matrix) string {
	return "matrix(" + fine(m.A) + " " + fine(m.B) + " " + fine(m.C) + " " + fine(m.D) + " " + milli(m.E) + " " + milli(m.F) + ")"
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// escape makes text of characters that XML allows.
func escape(text string) string {
	return escaper.Replace(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0xd800 && r < 0xe000 || r == 0xfffe || r == 0xffff || r == 0xfffd {
			return -1
		}
		return r
	}, text))
}

func (w *svgWriter) id() int {
	w.next++
	return w.next
}

// group opens the clip and the blending that a mark needs, if they are not open.
func (w *svgWriter) group(k *mark) {
	if w.open && w.openClip == k.clip && w.openSeal == k.seal {
		return
	}
	w.closeGroup()
	if k.clip == nil && !k.seal {
		return
	}
	w.out.WriteString("<g")
	if k.clip != nil {
		fmt.Fprintf(w.out, ` clip-path="url(#%s-c%d)"`, w.o.Prefix, w.clip(k.clip))
	}
	if k.seal {
		w.out.WriteString(` class="ofd-seal"`)
		if !w.o.Inline {
			w.out.WriteString(` style="mix-blend-mode:multiply"`)
		}
	}
	w.out.WriteString(">\n")
	w.open, w.openClip, w.openSeal = true, k.clip, k.seal
}

func (w *svgWriter) closeGroup() {
	if w.open {
		w.out.WriteString("</g>\n")
	}
	w.open = false
}

func (w *svgWriter) clip(c *clip) int {
	if id, ok := w.clips[c]; ok {
		return id
	}
	outer := ""
	if c.outer != nil {
		outer = fmt.Sprintf(` clip-path="url(#%s-c%d)"`, w.o.Prefix, w.clip(c.outer))
	}
	id := w.id()
	w.clips[c] = id
	fmt.Fprintf(&w.defs, `<clipPath id="%s-c%d"%s>`, w.o.Prefix, id, outer)
	for _, part := range c.parts {
		rule := ""
		if part.evenOdd {
			rule = ` clip-rule="evenodd"`
		}
		fmt.Fprintf(&w.defs, `<path%s d="%s"/>`, rule, part.path.SVG())
	}
	w.defs.WriteString("</clipPath>\n")
	return id
}

func (w *svgWriter) mark(k *mark) error {
	w.group(k)
	switch {
	case k.shape != nil:
		w.shape(k.shape)
	case k.run != nil:
		return w.run(k.run)
	case k.image != nil && k.image.picture == nil:
		w.shape(k.image.crossed())
	case k.image != nil:
		return w.image(k.image)
	}
	return nil
}

// shape writes a path: mapped to the page when it is filled only or its lines are magnified evenly, else with its matrix.
func (w *svgWriter) shape(s *shape) {
	path, m := s.path, s.m
	w.out.WriteString("<path")
	if s.stroke == nil || even(m) {
		path = path.Transform(m)
	} else {
		fmt.Fprintf(w.out, ` transform="%s"`, matrixText(m))
	}
	w.fill(s.fill)
	if s.evenOdd && s.fill != nil {
		w.out.WriteString(` fill-rule="evenodd"`)
	}
	if s.stroke != nil {
		k, magnified := s.pen, spanOf(m)
		if even(m) {
			k, magnified = k.scaled(magnified), 1
		}
		w.stroke(s.stroke, k, max(magnified, 1e-6))
	}
	fmt.Fprintf(w.out, ` d="%s"/>`+"\n", path.SVG())
}

// even: the matrix magnifies alike in all directions.
func even(m matrix) bool {
	x, y := math.Hypot(m.A, m.B), math.Hypot(m.C, m.D)
	return math.Abs(x-y) <= 1e-3*max(x, y) && math.Abs(m.A*m.C+m.B*m.D) <= 1e-3*x*y
}

func (k pen) scaled(by float64) pen {
	k.width, k.offset = k.width*by, k.offset*by
	dash := make([]float64, len(k.dash))
	for i, v := range k.dash {
		dash[i] = v * by
	}
	k.dash = dash
	return k
}

func (w *svgWriter) fill(p *paint) {
	switch {
	case p == nil:
		w.out.WriteString(` fill="none"`)
	case p.shade != nil:
		fmt.Fprintf(w.out, ` fill="url(#%s-s%d)"`, w.o.Prefix, w.shading(p.shade))
	default:
		if hex := hex(p.color); hex != "#000000" {
			fmt.Fprintf(w.out, ` fill="%s"`, hex)
		}
		if p.color.A != 255 {
			fmt.Fprintf(w.out, ` fill-opacity="%s"`, milli(float64(p.color.A)/255))
		}
	}
}

// hairline is the least width of a line on the page in millimetres: a quarter of a pixel of a screen.
const hairline = 0.06

// stroke writes a line; magnified is what the matrix on the element makes of its units.
func (w *svgWriter) stroke(p *paint, k pen, magnified float64) {
	if p.shade != nil {
		fmt.Fprintf(w.out, ` stroke="url(#%s-s%d)"`, w.o.Prefix, w.shading(p.shade))
	} else {
		fmt.Fprintf(w.out, ` stroke="%s"`, hex(p.color))
		if p.color.A != 255 {
			fmt.Fprintf(w.out, ` stroke-opacity="%s"`, milli(float64(p.color.A)/255))
		}
	}
	fmt.Fprintf(w.out, ` stroke-width="%s"`, milli(max(k.width, hairline/magnified)))
	switch k.join {
	case joinRound:
		w.out.WriteString(` stroke-linejoin="round"`)
	case joinBevel:
		w.out.WriteString(` stroke-linejoin="bevel"`)
	default:
		if k.miter != 4 {
			fmt.Fprintf(w.out, ` stroke-miterlimit="%s"`, milli(max(1, k.miter)))
		}
	}
	switch k.cap {
	case capRound:
		w.out.WriteString(` stroke-linecap="round"`)
	case capSquare:
		w.out.WriteString(` stroke-linecap="square"`)
	}
	if len(k.dash) > 0 {
		w.out.WriteString(` stroke-dasharray="`)
		for i, v := range k.dash {
			if i > 0 {
				w.out.WriteByte(' ')
			}
			w.out.WriteString(milli(v))
		}
		w.out.WriteByte('"')
		if k.offset != 0 {
			fmt.Fprintf(w.out, ` stroke-dashoffset="%s"`, milli(k.offset))
		}
	}
}

func (w *svgWriter) shading(s *shading) int {
	id := w.id()
	kind := "linearGradient"
	if s.radial {
		kind = "radialGradient"
		fmt.Fprintf(&w.defs, `<radialGradient id="%s-s%d" gradientUnits="userSpaceOnUse" fx="%s" fy="%s" fr="%s" cx="%s" cy="%s" r="%s"`,
			w.o.Prefix, id, milli(s.x0), milli(s.y0), milli(s.r0), milli(s.x1), milli(s.y1), milli(s.r1))
	} else {
		fmt.Fprintf(&w.defs, `<linearGradient id="%s-s%d" gradientUnits="userSpaceOnUse" x1="%s" y1="%s" x2="%s" y2="%s"`,
			w.o.Prefix, id, milli(s.x0), milli(s.y0), milli(s.x1), milli(s.y1))
	}
	fmt.Fprintf(&w.defs, ` gradientTransform="%s"`, matrixText(s.m))
	switch s.spread {
	case spreadRepeat:
		w.defs.WriteString(` spreadMethod="repeat"`)
	case spreadReflect:
		w.defs.WriteString(` spreadMethod="reflect"`)
	}
	w.defs.WriteString(">")
	stop := func(at float64, c color.NRGBA) {
		fmt.Fprintf(&w.defs, `<stop offset="%s" stop-color="%s"`, milli(at), hex(c))
		if c.A != 255 {
			fmt.Fprintf(&w.defs, ` stop-opacity="%s"`, milli(float64(c.A)/255))
		}
		w.defs.WriteString("/>")
	}
	clear := func(c color.NRGBA) color.NRGBA { c.A = 0; return c }
	if s.spread == spreadPad && !s.extendStart {
		stop(0, clear(s.stops[0].color))
		stop(0, s.stops[0].color)
	}
	for _, at := range s.stops {
		stop(at.at, at.color)
	}
	if last := s.stops[len(s.stops)-1].color; s.spread == spreadPad && !s.extendEnd {
		stop(1, last)
		stop(1, clear(last))
	}
	fmt.Fprintf(&w.defs, "</%s>\n", kind)
	return id
}

// em is the size that letters have in defs: whole numbers are fine enough for them.
const em = 1000

func (w *svgWriter) run(r *glyphRun) error {
	if len(r.glyphs) == 0 {
		return nil
	}
	if r.stroke != nil || r.fill != nil && r.fill.shade != nil {
		// Lines and shadings are measured on the page, so the letters are, too.
		var path typeface.Path
		for _, g := range r.glyphs {
			if len(path) > w.page.limits.Segments {
				return ErrOutput
			}
			path = append(path, g.outline.path.Transform(g.m)...)
		}
		w.shape(&shape{path: path, m: identity, fill: r.fill, stroke: r.stroke, pen: r.pen})
		return nil
	}
	w.out.WriteString("<g")
	w.fill(r.fill)
	w.out.WriteString(">")
	for _, g := range r.glyphs {
		id, ok := w.glyphs[g.outline]
		if !ok {
			id = w.id()
			w.glyphs[g.outline] = id
			fmt.Fprintf(&w.defs, `<path id="%s-g%d" d="%s"/>`+"\n", w.o.Prefix, id, glyphData(g.outline.path))
		}
		fmt.Fprintf(w.out, `<use href="#%s-g%d" transform="%s"/>`, w.o.Prefix, id, matrixText(then(scale(1.0/em, 1.0/em), g.m)))
	}
	w.out.WriteString("</g>\n")
	return nil
}

// glyphData is the outline in thousandths of the em, steps from point to point.
func glyphData(p typeface.Path) string {
	var b []byte
	var x, y, startX, startY int
	at := func(v float64) int { return int(math.Round(v * em)) }
	number := func(v int) {
		if v >= 0 && len(b) > 0 && b[len(b)-1] >= '0' && b[len(b)-1] <= '9' {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	for _, s := range p {
		ex, ey := at(s.X), at(s.Y)
		switch s.Kind {
		case typeface.Move:
			b = append(b, 'M')
			number(ex)
			number(ey)
			startX, startY = ex, ey
		case typeface.Line:
			b = append(b, 'l')
			number(ex - x)
			number(ey - y)
		case typeface.Quad:
			b = append(b, 'q')
			number(at(s.X1) - x)
			number(at(s.Y1) - y)
			number(ex - x)
			number(ey - y)
		case typeface.Cubic:
			b = append(b, 'c')
			number(at(s.X1) - x)
			number(at(s.Y1) - y)
			number(at(s.X2) - x)
			number(at(s.Y2) - y)
			number(ex - x)
			number(ey - y)
		case typeface.Close:
			b = append(b, 'z')
			x, y = startX, startY
			continue
		}
		x, y = ex, ey
	}
	return string(b)
}

// image writes a picture once and uses it as often as it is drawn.
func (w *svgWriter) image(k *imageMark) error {
	id, ok := w.images[k.picture]
	if !ok {
		id = w.id()
		w.images[k.picture] = id
		var data bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := encoder.Encode(&data, k.picture.pixels); err != nil {
			return err
		}
		if w.out.Len()+w.defs.Len()+data.Len()*4/3 > w.page.limits.OutputBytes {
			return ErrOutput
		}
		fmt.Fprintf(&w.defs, `<image id="%s-i%d" width="1" height="1" preserveAspectRatio="none" href="data:image/png;base64,%s"/>`+"\n",
			w.o.Prefix, id, base64.StdEncoding.EncodeToString(data.Bytes()))
	}
	opacity := ""
	if k.alpha != 255 {
		opacity = fmt.Sprintf(` opacity="%s"`, milli(float64(k.alpha)/255))
	}
	fmt.Fprintf(w.out, `<use href="#%s-i%d"%s transform="%s"/>`+"\n", w.o.Prefix, id, opacity, matrixText(k.m))
	return nil
}

// words writes what the runs say, unpainted, in the order of drawing.
func (w *svgWriter) words(out *bytes.Buffer) {
	open := false
	for i := range w.page.marks {
		r := w.page.marks[i].run
		if r == nil || strings.TrimSpace(r.text) == "" {
			continue
		}
		if !open {
			out.WriteString(`<g fill-opacity="0">` + "\n")
			open = true
		}
		fmt.Fprintf(out, `<text transform="%s" x="%s" y="%s" font-size="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">%s</text>`+"\n",
			matrixText(r.box.m), milli(r.box.x), milli(r.box.y), milli(r.box.size), milli(r.box.length), escape(r.text))
	}
	if open {
		out.WriteString("</g>\n")
	}
}
