package render

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"iter"
	"math"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// PNG draws the page on white at a resolution in dots an inch. Errors are ErrOutput and ErrWork.
func (p *Page) PNG(dpi float64) ([]byte, error) {
	picture, err := p.Image(dpi)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&out, picture); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Image is PNG without the encoding; every pixel is opaque.
func (p *Page) Image(dpi float64) (*image.RGBA, error) {
	perMM := dpi / 25.4
	wide, high := math.Ceil(p.Width*perMM-1e-6), math.Ceil(p.Height*perMM-1e-6)
	if !(dpi > 0) || !(wide >= 1) || !(high >= 1) || wide*high > float64(p.limits.Pixels) {
		return nil, ErrOutput
	}
	target := image.NewRGBA(image.Rect(0, 0, int(wide), int(high)))
	target.Pix[0] = 0xff
	for done := 1; done < len(target.Pix); done *= 2 {
		copy(target.Pix[done:], target.Pix[:done])
	}
	work := p.limits.Work
	d := &painter{target: target, perMM: perMM, device: scale(perMM, perMM), raster: raster{work: &work}}
	for i := range p.marks {
		d.mark(&p.marks[i])
		if d.raster.fault {
			return nil, ErrWork
		}
	}
	return target, nil
}

// painter draws marks into pixels.
type painter struct {
	target *image.RGBA
	perMM  float64
	device matrix // millimetres to pixels
	raster raster
	seal   bool

	clipped  *clip // of the last mark
	clipArea image.Rectangle
	clipMask []uint8 // nil: the area alone

	shrunk shrunk // of the last picture that had too many pixels
	fewer  *image.NRGBA
}

// shrunk names a picture with fewer pixels.
type shrunk struct {
	picture    *picture
	wide, high int
}

func (d *painter) mark(k *mark) {
	d.seal = k.seal
	d.useClip(k.clip)
	if d.clipArea.Empty() {
		return
	}
	switch {
	case k.shape != nil:
		d.shape(k.shape)
	case k.run != nil:
		d.run(k.run)
	case k.image != nil && k.image.picture == nil:
		d.shape(k.image.crossed())
	case k.image != nil:
		d.image(k.image)
	}
}

// useClip prepares the area, and a mask where the clip is not an upright rectangle.
func (d *painter) useClip(c *clip) {
	if c == d.clipped && !d.clipArea.Empty() {
		return
	}
	d.clipped = c
	d.clipArea, d.clipMask = d.target.Rect, nil
	var masked []*clip
	for ; c != nil; c = c.outer {
		if box, ok := c.box(); ok {
			d.clipArea = d.clipArea.Intersect(image.Rect(roundPixel(box.X*d.perMM), roundPixel(box.Y*d.perMM),
				roundPixel((box.X+box.Width)*d.perMM), roundPixel((box.Y+box.Height)*d.perMM)))
			continue
		}
		d.clipArea = d.clipArea.Intersect(d.clipBounds(c))
		masked = append(masked, c)
	}
	if d.clipArea.Empty() {
		return
	}
	for _, c := range masked {
		united := make([]uint8, d.clipArea.Dx()*d.clipArea.Dy())
		for _, part := range c.parts {
			at := 0
			for band := range bands(d.clipArea) {
				d.raster.reset(band)
				d.raster.spend(int64(4 * len(part.path)))
				if d.raster.fault {
					return
				}
				flatten(part.path, d.device, d.raster.line)
				for _, v := range d.raster.coverage(part.evenOdd) {
					united[at] = max(united[at], v)
					at++
				}
			}
		}
		if d.clipMask == nil {
			d.clipMask = united
			continue
		}
		for i, v := range united {
			d.clipMask[i] = times(d.clipMask[i], v)
		}
	}
}

func (d *painter) clipBounds(c *clip) image.Rectangle {
	var all image.Rectangle
	for _, part := range c.parts {
		if minX, minY, maxX, maxY, ok := part.path.Bounds(); ok {
			all = all.Union(d.pixels(ofd.Box{X: minX, Y: minY, Width: maxX - minX, Height: maxY - minY}, identity, 0))
		}
	}
	return all
}

func roundPixel(v float64) int { return int(math.Round(min(1e6, max(-1e6, v)))) }

// pixels is the area that a box under a matrix, grown by some millimetres, touches.
func (d *painter) pixels(box ofd.Box, m matrix, grow float64) image.Rectangle {
	b := boundsOf(then(m, d.device), box.X, box.Y, box.Width, box.Height)
	grow *= d.perMM
	limit := func(v float64) int { return int(min(1e6, max(-1e6, v))) }
	return image.Rect(limit(math.Floor(b.X-grow)), limit(math.Floor(b.Y-grow)), limit(math.Ceil(b.X+b.Width+grow))+1, limit(math.Ceil(b.Y+b.Height+grow))+1)
}

func (d *painter) shape(s *shape) {
	minX, minY, maxX, maxY, ok := s.path.Bounds()
	if !ok {
		return
	}
	box := ofd.Box{X: minX, Y: minY, Width: maxX - minX, Height: maxY - minY}
	if s.fill != nil {
		d.fillPath(s.path, s.m, d.pixels(box, s.m, 0), s.evenOdd, s.fill)
	}
	if s.stroke != nil {
		reach := s.pen.width * max(1, s.pen.miter)
		box.X, box.Y, box.Width, box.Height = box.X-reach, box.Y-reach, box.Width+2*reach, box.Height+2*reach
		d.strokePath(s.path, s.m, s.pen, d.pixels(box, s.m, 1/d.perMM), s.stroke)
	}
}

func (d *painter) fillPath(p typeface.Path, m matrix, area image.Rectangle, evenOdd bool, with *paint) {
	area = area.Intersect(d.clipArea)
	if area.Empty() {
		return
	}
	device := then(m, d.device)
	for band := range bands(area) {
		d.raster.reset(band)
		d.raster.spend(int64(4 * len(p)))
		if d.raster.fault {
			return
		}
		flatten(p, device, d.raster.line)
		d.compose(band, d.raster.coverage(evenOdd), with)
	}
}

// bandPixels is what is filled at once, so that sums and masks stay small whatever the page is.
const bandPixels = 1 << 19

// bands cuts an area into strips of rows.
func bands(area image.Rectangle) iter.Seq[image.Rectangle] {
	rows := max(1, bandPixels/max(1, area.Dx()))
	return func(yield func(image.Rectangle) bool) {
		for y := area.Min.Y; y < area.Max.Y; y += rows {
			if !yield(image.Rect(area.Min.X, y, area.Max.X, min(y+rows, area.Max.Y))) {
				return
			}
		}
	}
}

// thinnest line in pixels. Thinner ones are drawn as wide and fainter, down to a share at which they are still seen.
const (
	thinnest = 0.7
	faintest = 0.3
)

func (d *painter) strokePath(p typeface.Path, m matrix, k pen, area image.Rectangle, with *paint) {
	area = area.Intersect(d.clipArea)
	if area.Empty() {
		return
	}
	device := then(m, d.device)
	fine := spanOf(device)
	if fine <= 0 || math.IsInf(fine, 0) {
		return
	}
	if width := k.width * fine; width < thinnest {
		with = with.faded(uint8(255 * max(faintest, width/thinnest)))
		k.width = thinnest / fine
	}
	for band := range bands(area) {
		d.raster.reset(band)
		d.raster.spend(int64(8 * len(p)))
		if d.raster.fault {
			return
		}
		d.strokeBand(p, k, fine, device)
		d.compose(band, d.raster.coverage(false), with)
	}
}

func (d *painter) strokeBand(p typeface.Path, k pen, fine float64, device matrix) {
	spend := func(steps int) bool {
		d.raster.spend(int64(steps))
		return !d.raster.fault
	}
	stroke(p, k, fine, spend, func(piece []spot) {
		if d.raster.spend(int64(len(piece))); d.raster.fault {
			return
		}
		x, y := apply(device, piece[len(piece)-1].x, piece[len(piece)-1].y)
		for _, s := range piece {
			nx, ny := apply(device, s.x, s.y)
			d.raster.line(x, y, nx, ny)
			x, y = nx, ny
		}
	})
}

func (d *painter) run(r *glyphRun) {
	for _, g := range r.glyphs {
		minX, minY, maxX, maxY, ok := g.outline.path.Bounds()
		if !ok {
			continue
		}
		box := ofd.Box{X: minX, Y: minY, Width: maxX - minX, Height: maxY - minY}
		area := d.pixels(box, g.m, 0)
		if r.fill != nil {
			d.fillPath(g.outline.path, g.m, area, false, r.fill)
		}
		if r.stroke != nil {
			d.strokePath(g.outline.path.Transform(g.m), identity, r.pen, area.Inset(-2-int(r.pen.width*d.perMM*4)), r.stroke)
		}
		if d.raster.fault {
			return
		}
	}
}

// compose paints an area through a mask and the clip.
func (d *painter) compose(area image.Rectangle, mask []uint8, with *paint) {
	at := func(x, y int) color.NRGBA { return with.color }
	if with.shade != nil {
		sample, ok := with.shade.sampler(d.perMM)
		if !ok {
			return
		}
		at = sample
	}
	plain, solid := with.color, with.shade == nil
	plainly := solid && d.clipMask == nil && !d.seal && plain.A == 255
	d.raster.spend(int64(len(mask)))
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := mask[(y-area.Min.Y)*area.Dx():][:area.Dx()]
		for i, cover := range row {
			if cover == 0 {
				continue
			}
			x := area.Min.X + i
			if plainly && cover == 255 {
				pixel := d.target.Pix[d.target.PixOffset(x, y):][:3:3]
				pixel[0], pixel[1], pixel[2] = plain.R, plain.G, plain.B
				continue
			}
			if !solid {
				plain = at(x, y)
			}
			d.blend(x, y, plain, cover)
		}
	}
}

// blend lays a colour over a pixel; the ground is opaque, so it stays so.
func (d *painter) blend(x, y int, c color.NRGBA, cover uint8) {
	if d.clipMask != nil {
		cover = times(cover, d.clipMask[(y-d.clipArea.Min.Y)*d.clipArea.Dx()+x-d.clipArea.Min.X])
	}
	alpha := int(times(cover, c.A))
	if alpha == 0 {
		return
	}
	pixel := d.target.Pix[d.target.PixOffset(x, y):][:3:3]
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		if d.seal {
			v = times(v, pixel[i])
		}
		pixel[i] = uint8((int(v)*alpha + int(pixel[i])*(255-alpha) + 127) / 255)
	}
}

// image draws a picture: each pixel of the page takes the mean of what it covers, or the mean of the four around it.
func (d *painter) image(k *imageMark) {
	device := then(k.m, d.device)
	back, ok := invert(device)
	if !ok {
		return
	}
	area := d.pixels(ofd.Box{Width: 1, Height: 1}, k.m, 0).Intersect(d.clipArea)
	if area.Empty() {
		return
	}
	source := k.picture.pixels
	// More than two of its pixels to one of the page: fewer first, else fine lines would break up.
	wide, high := int(math.Hypot(device.A, device.B)), int(math.Hypot(device.C, device.D))
	if source.Rect.Dx() >= 2*max(1, wide) && source.Rect.Dy() >= 2*max(1, high) {
		if key := (shrunk{k.picture, wide, high}); d.shrunk != key {
			if d.raster.spend(2 * int64(source.Rect.Dx()*source.Rect.Dy())); d.raster.fault {
				return
			}
			d.shrunk = key
			d.fewer, _ = shrink(source, wide, high, source.Rect.Dx()*source.Rect.Dy())
		}
		source = d.fewer
	}
	w, h := source.Rect.Dx(), source.Rect.Dy()
	for band := range bands(area) {
		d.raster.reset(band)
		if d.raster.spend(4 * int64(band.Dx()*band.Dy())); d.raster.fault {
			return
		}
		flatten(rectangle(0, 0, 1, 1), device, d.raster.line)
		mask := d.raster.coverage(false)
		for y := band.Min.Y; y < band.Max.Y; y++ {
			for x := band.Min.X; x < band.Max.X; x++ {
				cover := mask[(y-band.Min.Y)*band.Dx()+x-band.Min.X]
				if cover == 0 {
					continue
				}
				u, v := apply(back, float64(x)+0.5, float64(y)+0.5)
				c := between(source, u*float64(w)-0.5, v*float64(h)-0.5)
				c.A = times(c.A, k.alpha)
				d.blend(x, y, c, cover)
			}
		}
	}
}

// between is the mean of the four pixels around a point, weighted by distance and alpha.
func between(p *image.NRGBA, x, y float64) color.NRGBA {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	x, y = min(float64(w-1), max(0, x)), min(float64(h-1), max(0, y))
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	x1, y1 := min(w-1, x0+1), min(h-1, y0+1)
	var r, g, b, a float32
	add := func(px, py int, weight float32) {
		q := p.Pix[py*p.Stride+4*px:][:4:4]
		alpha := weight * float32(q[3])
		r, g, b, a = r+alpha*float32(q[0]), g+alpha*float32(q[1]), b+alpha*float32(q[2]), a+alpha
	}
	add(x0, y0, (1-fx)*(1-fy))
	add(x1, y0, fx*(1-fy))
	add(x0, y1, (1-fx)*fy)
	add(x1, y1, fx*fy)
	if a < 0.5 {
		return color.NRGBA{}
	}
	return color.NRGBA{uint8(r/a + 0.5), uint8(g/a + 0.5), uint8(b/a + 0.5), uint8(min(255, a+0.5))}
}
