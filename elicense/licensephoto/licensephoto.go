// Package licensephoto takes in pictures of holders (证照照片): what is handed in as JPEG or PNG is decoded within bounds and made anew as a JPEG of the measures
// that the licence type asks for (ITU-T T.81). What a file carries beside its picture (place and device of Exif, thumbnails, octets behind the end, a second
// format) is gone with that, and a picture that was held askew stands upright.
//
// It is a leaf: no I/O, no clock. Equal input gives equal octets. Verifiers do not need it: they compare files by their digest.
package licensephoto

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Errors of Make. Callers compare with errors.Is.
var (
	ErrFormat = errors.New("licensephoto: neither a JPEG nor a PNG, or a damaged one")
	ErrColors = errors.New("licensephoto: a JPEG of a kind that is not read: in four colours for printing, lossless, of more than 8 bits")
	ErrSize   = errors.New("licensephoto: too many octets or pixels, or too few pixels")
	ErrShape  = errors.New("licensephoto: another ratio of width to height than asked for")
)

// Bounds of what is handed in.
const (
	MaxOctets = 1 << 20
	maxPixels = 6_000_000
	slack     = 3 // per cent by which the ratio may differ; so much is cut off evenly
)

var formats = []struct {
	magic  string
	config func(r *bytes.Reader) (image.Config, error)
	decode func(r *bytes.Reader) (image.Image, error)
}{
	{"\xff\xd8\xff", func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }},
	{"\x89PNG\r\n\x1a\n", func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }},
}

// Make makes the picture that is kept from one that was handed in, and its value in the data of the licence. Errors are ErrFormat, ErrColors, ErrSize and
// ErrShape.
func Make(handed []byte, rule catalog.PhotoRule) (content []byte, photo catalog.Photo, err error) {
	if len(handed) > MaxOctets {
		return nil, photo, ErrSize
	}
	picture, err := decode(handed)
	if err != nil {
		return nil, photo, err
	}
	turned := upright(picture, orientation(handed))
	part, err := cut(turned.Rect, rule)
	if err != nil {
		return nil, photo, err
	}
	return encode(shrink(turned, part, rule.WidthPX, rule.HeightPX), rule)
}

// decode reads a picture after its header said how large it is, and lays it on white.
func decode(handed []byte) (*image.RGBA, error) {
	for _, f := range formats {
		if !bytes.HasPrefix(handed, []byte(f.magic)) {
			continue
		}
		config, err := f.config(bytes.NewReader(handed))
		switch {
		case err != nil:
			return nil, refusal(err)
		case config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height:
			return nil, ErrSize
		case config.ColorModel == color.CMYKModel:
			return nil, ErrColors
		}
		picture, err := f.decode(bytes.NewReader(handed))
		if err != nil {
			return nil, refusal(err)
		}
		flat := image.NewRGBA(image.Rect(0, 0, config.Width, config.Height))
		draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(flat, flat.Rect, picture, picture.Bounds().Min, draw.Over)
		return flat, nil
	}
	return nil, ErrFormat
}

// refusal tells a JPEG that is in order and of another kind from a damaged file.
func refusal(err error) error {
	if _, odd := errors.AsType[jpeg.UnsupportedError](err); odd {
		return ErrColors
	}
	return ErrFormat
}

// cut is the part of a picture that has the ratio of the rule: all of it but for the slack.
func cut(whole image.Rectangle, rule catalog.PhotoRule) (image.Rectangle, error) {
	width, height := whole.Dx(), whole.Dy()
	part := image.Rect(0, 0, min(width, height*rule.WidthPX/rule.HeightPX), min(height, width*rule.HeightPX/rule.WidthPX))
	switch {
	case part.Dx()*100 < width*(100-slack) || part.Dy()*100 < height*(100-slack):
		return part, ErrShape
	case part.Dx()+1 < rule.WidthPX || part.Dy()+1 < rule.HeightPX: // one pixel is lost by rounding
		return part, ErrSize
	}
	return part.Add(image.Pt((width-part.Dx())/2, (height-part.Dy())/2)), nil
}

// shrink gives the part in the measures: each pixel is the mean of what it covers, in whole numbers, so that every machine gives the same.
func shrink(from *image.RGBA, part image.Rectangle, width, height int) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	across, down := part.Dx(), part.Dy()
	for y := range height {
		for x := range width {
			var sums [3]int
			for sy := y * down / height; sy*height < (y+1)*down; sy++ {
				covered := min((sy+1)*height, (y+1)*down) - max(sy*height, y*down)
				for sx := x * across / width; sx*width < (x+1)*across; sx++ {
					weight := covered * (min((sx+1)*width, (x+1)*across) - max(sx*width, x*across))
					at := from.PixOffset(part.Min.X+sx, part.Min.Y+sy)
					for i := range sums {
						sums[i] += weight * int(from.Pix[at+i])
					}
				}
			}
			at, area := to.PixOffset(x, y), across*down
			for i := range sums {
				to.Pix[at+i] = byte((sums[i] + area/2) / area)
			}
			to.Pix[at+3] = 0xff
		}
	}
	return to
}

// qualities are tried one after the other until the picture is small enough.
var qualities = []int{90, 82, 74, 66, 56, 46, 36}

func encode(picture *image.RGBA, rule catalog.PhotoRule) ([]byte, catalog.Photo, error) {
	for _, quality := range qualities {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, catalog.Photo{}, err
		}
		if out.Len() <= rule.MaxOctets {
			return out.Bytes(), catalog.Photo{WidthPX: rule.WidthPX, HeightPX: rule.HeightPX, Octets: out.Len(), SM3: digest.Hex(out.Bytes())}, nil
		}
	}
	return nil, catalog.Photo{}, ErrSize
}

// Sample gives the sample of a type with the picture that belongs to it: a grey silhouette, since no sample shows a person. The picture is nil where the
// sample has none.
func Sample(t *catalog.Type) (catalog.Values, []byte, error) {
	return WithSilhouette(t, t.Sample)
}

// WithSilhouette gives values whose photo, where they have one, is the silhouette.
func WithSilhouette(t *catalog.Type, values catalog.Values) (catalog.Values, []byte, error) {
	f, ok := t.PhotoField()
	if !ok || values.First(f.Key) == "" {
		return values, nil, nil
	}
	content, photo, err := encode(silhouette(f.Photo.WidthPX, f.Photo.HeightPX), *f.Photo)
	if err != nil {
		return nil, nil, err
	}
	values = values.Clone()
	values.Set(f.Key, photo.String())
	return values, content, nil
}

var (
	backdrop = color.RGBA{0xdd, 0xe5, 0xec, 0xff}
	figure   = color.RGBA{0x8c, 0x9b, 0xa8, 0xff}
)

// silhouette draws head and shoulders.
func silhouette(width, height int) *image.RGBA {
	const finer = 2
	large := image.NewRGBA(image.Rect(0, 0, finer*width, finer*height))
	w, h := large.Rect.Dx(), large.Rect.Dy()
	inside := func(x, y, left, top, across, down int) bool { // of an ellipse, in parts of 100
		dx, dy := (2*100*x-(2*left+across)*w)/w, (2*100*y-(2*top+down)*h)/h
		return dx*dx*down*down+dy*dy*across*across <= across*across*down*down
	}
	for y := range h {
		for x := range w {
			c := backdrop
			if inside(x, y, 32, 18, 36, 40) || inside(x, y, 10, 64, 80, 80) {
				c = figure
			}
			large.SetRGBA(x, y, c)
		}
	}
	return shrink(large, large.Rect, width, height)
}
