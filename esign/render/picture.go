package render

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"strings"

	"golang.org/x/image/bmp"

	"github.com/yinxin-gov/yinxin/esign/typeface"
)

// picture is a decoded image.
type picture struct {
	pixels *image.NRGBA
	opaque bool
}

var (
	errPicture       = errors.New("render: the picture cannot be read")
	errPictureFormat = errors.New("render: a picture format that is not drawn")
)

// formats that are told apart by their first octets; what the document calls them does not count.
var formats = []struct {
	magic  string
	name   string
	config func(r *bytes.Reader) (image.Config, error)
	decode func(r *bytes.Reader) (image.Image, error)
}{
	{"\x89PNG\r\n\x1a\n", "PNG", func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }},
	{"\xff\xd8\xff", "JPEG", func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }},
	{"GIF8", "GIF", func(r *bytes.Reader) (image.Config, error) { return gif.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return gif.Decode(r) }},
	{"BM", "BMP", func(r *bytes.Reader) (image.Config, error) { return bmp.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return bmp.Decode(r) }},
}

// undrawn are formats that are known and not drawn.
var undrawn = []struct{ magic, name string }{
	{"II*\x00", "TIFF"}, {"MM\x00*", "TIFF"}, {"\x97JB2\r\n\x1a\n", "JBIG2"}, {"\x00\x00\x00\x0cjP  ", "JPEG 2000"}, {"\xff\x4f\xff\x51", "JPEG 2000"},
	{"<svg", "SVG"}, {"<?xml", "SVG"}, {"PK\x03\x04", "OFD"}, {"RIFF", "WebP"}, {"%PDF", "PDF"},
}

// formatName names what the first octets say.
func formatName(data []byte) string {
	for _, f := range formats {
		if strings.HasPrefix(string(data[:min(16, len(data))]), f.magic) {
			return f.name
		}
	}
	for _, f := range undrawn {
		if strings.HasPrefix(string(data[:min(16, len(data))]), f.magic) {
			return f.name
		}
	}
	return "unknown"
}

// decodedBytes is what decoding may take, by colour model and size; false when it is more than most.
func decodedBytes(c image.Config, most int) (int, bool) {
	if c.Width <= 0 || c.Height <= 0 || c.Width > 1<<16 || c.Height > 1<<16 {
		return 0, false
	}
	each := 4
	switch c.ColorModel {
	case color.GrayModel:
		each = 1
	case color.Gray16Model:
		each = 2
	case color.YCbCrModel:
		each = 3
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	default:
		if _, ok := c.ColorModel.(color.Palette); ok {
			each = 1
		}
	}
	total := c.Width * c.Height * each
	return total, total <= most
}

// jpegBytes is what decoding a JPEG takes: a progressive one keeps its coefficients, four octets a sample, beside the
// samples.
func jpegBytes(data []byte, most int) (int, bool) {
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return 0, false
		}
		kind, length := data[at+1], int(big.Uint16(data[at+2:]))
		if kind == 0xff { // fill
			at++
			continue
		}
		if kind >= 0xc0 && kind <= 0xc2 {
			part := data[at+4:]
			if length < 8 || len(part) < length-2 || len(part) < 6+3*int(part[5]) {
				return 0, false
			}
			wide, high := int(big.Uint16(part[3:])), int(big.Uint16(part[1:]))
			samples, most1 := 0, 1
			for c := range int(part[5]) {
				h, v := int(part[7+3*c]>>4), int(part[7+3*c]&15)
				samples, most1 = samples+h*v, max(most1, h*v)
			}
			each := 1
			if kind == 0xc2 {
				each = 5
			}
			total := wide * high / most1 * samples * each
			return total, total <= most
		}
		at += 2 + length
	}
	return 0, false
}

// decode reads a picture and shrinks it by whole factors to at most wide × high pixels or twice of it.
func decode(data []byte, most, kept, wide, high int) (p *picture, cost int, reduced bool, err error) {
	defer func() {
		if recover() != nil {
			p, err = nil, errPicture
		}
	}()
	for _, f := range formats {
		if !bytes.HasPrefix(data, []byte(f.magic)) {
			continue
		}
		config, err := f.config(bytes.NewReader(data))
		if err != nil {
			return nil, 0, false, errPicture
		}
		cost, ok := decodedBytes(config, most)
		if f.name == "JPEG" && ok {
			cost, ok = jpegBytes(data, most)
		}
		if !ok {
			return nil, 0, false, ErrPictures
		}
		decoded, err := f.decode(bytes.NewReader(data))
		if err != nil {
			return nil, 0, false, errPicture
		}
		b := decoded.Bounds()
		if b.Dx() <= 0 || b.Dy() <= 0 || b.Dx() > config.Width || b.Dy() > config.Height {
			return nil, 0, false, errPicture
		}
		pixels, factor := shrink(decoded, wide, high, kept)
		return &picture{pixels: pixels, opaque: pixels.Opaque()}, cost, factor > 1, nil
	}
	return nil, 0, false, errPictureFormat
}

// shrink averages blocks of factor × factor pixels, so that the result is not less than wide × high, but at most kept.
func shrink(source image.Image, wide, high, kept int) (*image.NRGBA, int) {
	b := source.Bounds()
	factor := max(1, min(b.Dx()/max(1, wide), b.Dy()/max(1, high)))
	for b.Dx()/factor*(b.Dy()/factor) > max(1, kept) {
		factor++
	}
	if factor == 1 {
		if same, ok := source.(*image.NRGBA); ok && b.Min == (image.Point{}) {
			return same, 1
		}
		out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		if indexed, ok := source.(*image.Paletted); ok {
			table := straight(indexed.Palette)
			for y := range b.Dy() {
				for x, index := range indexed.Pix[y*indexed.Stride:][:b.Dx()] {
					copy(out.Pix[y*out.Stride+4*x:], table[index][:])
				}
			}
			return out, 1
		}
		draw.Draw(out, out.Bounds(), source, b.Min, draw.Src)
		return out, 1
	}
	out := image.NewNRGBA(image.Rect(0, 0, max(1, b.Dx()/factor), max(1, b.Dy()/factor)))
	if planes, ok := source.(*image.YCbCr); ok && b.Dx() >= factor && b.Dy() >= factor {
		shrinkPlanes(out, planes, factor)
		return out, factor
	}
	// One strip of rows at a time is turned into plain octets, whatever the source is.
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), factor))
	indexed, isIndexed := source.(*image.Paletted)
	var table [256][4]uint8
	if isIndexed {
		table = premultiplied(indexed.Palette)
	}
	for y := range out.Rect.Dy() {
		if isIndexed && b.Dy() >= factor {
			for dy := range factor {
				for x, index := range indexed.Pix[(y*factor+dy)*indexed.Stride:][:b.Dx()] {
					copy(strip.Pix[dy*strip.Stride+4*x:], table[index][:])
				}
			}
		} else {
			draw.Draw(strip, strip.Bounds(), source, image.Pt(b.Min.X, b.Min.Y+y*factor), draw.Src)
		}
		for x := range out.Rect.Dx() {
			var r, g, bl, a, n uint32
			for dy := range min(factor, b.Dy()) {
				block := strip.Pix[dy*strip.Stride+4*x*factor:]
				for i := 0; i < 4*min(factor, b.Dx()); i += 4 {
					at := block[i : i+4 : i+4]
					r, g, bl, a = r+uint32(at[0]), g+uint32(at[1]), bl+uint32(at[2]), a+uint32(at[3])
				}
			}
			n = uint32(min(factor, b.Dy()) * min(factor, b.Dx()))
			i := out.PixOffset(x, y)
			if a > 0 {
				out.Pix[i], out.Pix[i+1], out.Pix[i+2] = uint8(min(255, r*255/a)), uint8(min(255, g*255/a)), uint8(min(255, bl*255/a))
			}
			out.Pix[i+3] = uint8(a / n)
		}
	}
	return out, factor
}

// straight and premultiplied are the colours of a palette; an index beyond it is transparent.
func straight(palette color.Palette) (table [256][4]uint8) {
	for i, c := range palette[:min(256, len(palette))] {
		v := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [4]uint8{v.R, v.G, v.B, v.A}
	}
	return table
}

func premultiplied(palette color.Palette) (table [256][4]uint8) {
	for i, c := range palette[:min(256, len(palette))] {
		v := color.RGBAModel.Convert(c).(color.RGBA)
		table[i] = [4]uint8{v.R, v.G, v.B, v.A}
	}
	return table
}

// shrinkPlanes averages brightness over each block and takes the colour from its middle, which is averaged already.
func shrinkPlanes(out *image.NRGBA, source *image.YCbCr, factor int) {
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			left, top := source.Rect.Min.X+x*factor, source.Rect.Min.Y+y*factor
			sum := 0
			for dy := range factor {
				row := source.Y[source.YOffset(left, top+dy):][:factor]
				for _, v := range row {
					sum += int(v)
				}
			}
			c := source.COffset(left+factor/2, top+factor/2)
			i := out.PixOffset(x, y)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = color.YCbCrToRGB(uint8(sum/(factor*factor)), source.Cb[c], source.Cr[c])
			out.Pix[i+3] = 255
		}
	}
}

// fineness is how many pixels a millimetre pictures keep: 300 dpi.
const fineness = 300 / 25.4

// load reads a picture once; the finding tells why there is none. key is its path.
func (b *builder) load(key string, data []byte, m matrix, object string) (*picture, error) {
	if p, ok := b.loaded[key]; ok {
		return p, nil
	}
	if len(b.loaded) >= maxPictures {
		return nil, ErrPictures
	}
	b.loaded[key] = nil
	if !b.pictures {
		return nil, nil
	}
	wide := int(min(1<<14, math.Hypot(m.A, m.B)*fineness))
	high := int(min(1<<14, math.Hypot(m.C, m.D)*fineness))
	p, cost, reduced, err := decode(data, min(b.page.limits.PictureBytes, b.page.limits.PagePictures-b.decoded), (b.page.limits.PicturePixels-b.kept)/2, wide, high)
	b.decoded += cost
	switch {
	case errors.Is(err, ErrPictures):
		b.find(PictureLarge, object, "%s", formatName(data))
		return nil, nil
	case errors.Is(err, errPictureFormat):
		b.find(PictureFormat, object, "%s", formatName(data))
		return nil, nil
	case err != nil:
		b.find(PictureBroken, object, "%s", formatName(data))
		return nil, nil
	}
	if reduced {
		b.find(PictureReduced, object, "%d × %d pixels", p.pixels.Rect.Dx(), p.pixels.Rect.Dy())
	}
	b.loaded[key] = p
	b.kept += p.pixels.Rect.Dx() * p.pixels.Rect.Dy()
	b.page.pictures = append(b.page.pictures, p)
	return p, nil
}

const maxPictures = 500 // different ones on a page

// imageObject draws an ImageObject (GB/T 33190-2016 clause 10): the unit square under its CTM.
func (b *builder) imageObject(g *graphic) error {
	if _, ok := g.node.Attr("CTM"); !ok {
		// Without a matrix the picture would be a square millimetre; readers fill the Boundary.
		g.ctm = scale(g.boundary.Width, g.boundary.Height)
		g.m = then(g.ctm, g.place)
	}
	if _, ok := invert(g.m); !ok {
		b.find(NoArea, g.id, "ImageObject")
		return nil
	}
	if _, ok := g.node.Attr("ImageMask"); ok {
		b.find(EffectIgnored, g.id, "ImageMask")
	}
	if g.node.Child("Border") != nil {
		b.find(EffectIgnored, g.id, "Border")
	}
	image := &imageMark{m: g.m, alpha: g.s.alpha}
	s := g.s
	if !g.within(0, 0, 1, 1, tolerance) {
		if g.boundary.Width <= 0 || g.boundary.Height <= 0 {
			b.find(NoArea, g.id, "ImageObject")
			return nil
		}
		s.clip = g.bounded(0)
	}
	id := g.node.AttrOr("ResourceID", "")
	media := b.resources.mediaOf(id)
	switch {
	case media == nil:
		b.find(PictureMissing, g.id, "picture %s", shorten(id))
	case media.kind != "Image":
		b.find(MediaKind, g.id, "%s", shorten(media.kind))
	case media.path == "":
		b.find(PictureMissing, g.id, "the file of picture %s", shorten(id))
	default:
		data, err := b.d.read(media.path)
		if err != nil {
			b.find(PictureBroken, g.id, "the file of picture %s", shorten(id))
			break
		}
		if image.picture, err = b.load(media.path, data, g.m, g.id); err != nil {
			return err
		}
	}
	b.page.marks = append(b.page.marks, mark{clip: s.clip, image: image})
	return nil
}

// crossed is drawn where a picture cannot be: a grey frame with two diagonals, a third of a millimetre wide.
func (i *imageMark) crossed() *shape {
	path := append(rectangle(0, 0, 1, 1), typeface.Path{{Kind: typeface.Move}, {Kind: typeface.Line, X: 1, Y: 1},
		{Kind: typeface.Move, Y: 1}, {Kind: typeface.Line, X: 1}}...)
	return &shape{path: path.Transform(i.m), m: identity, stroke: &paint{color: color.NRGBA{0x80, 0x80, 0x80, 0xff}}, pen: pen{width: 0.3, miter: 4}}
}
