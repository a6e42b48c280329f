package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// Picture is the picture of a seal: PNG or JPEG. It is multiplied with the page so that text stays legible, as seals in OFD are drawn.
type Picture struct{ Data []byte }

const maxPictureSide = 4096

// picture adds an image: JPEG as it is, PNG as samples.
func (u *update) picture(data []byte) (Ref, error) {
	if config, err := jpeg.DecodeConfig(bytes.NewReader(data)); err == nil {
		space := "DeviceRGB"
		switch {
		case config.ColorModel == color.GrayModel:
			space = "DeviceGray"
		case config.ColorModel != color.YCbCrModel:
			return Ref{}, fmt.Errorf("%w: the picture's colours", ErrInput)
		}
		if config.Width > maxPictureSide || config.Height > maxPictureSide {
			return Ref{}, fmt.Errorf("%w: the picture is too large", ErrInput)
		}
		head := fmt.Appendf(nil, "<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/%s/BitsPerComponent 8/Filter/DCTDecode/Length %d>>\nstream\n", config.Width, config.Height, space, len(data))
		return u.add(append(append(head, data...), "\nendstream"...)), nil
	}
	config, _ := png.DecodeConfig(bytes.NewReader(data))
	if config.Width > maxPictureSide || config.Height > maxPictureSide {
		return Ref{}, fmt.Errorf("%w: the picture is too large", ErrInput)
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Ref{}, fmt.Errorf("%w: the picture is neither JPEG nor PNG, or damaged", ErrInput)
	}
	palette, indexes, colours := samples(decoded)
	if palette != nil {
		return u.samples(config, fmt.Sprintf("[/Indexed/DeviceRGB %d<%x>]", len(palette)/3-1, palette), indexes), nil
	}
	return u.samples(config, "/DeviceRGB", colours), nil
}

// samples are the colours of an image over white, which multiplied with a page is the same as the image with its transparency over the
// page. Up to 256 of them, which a seal has, become a palette.
func samples(decoded image.Image) (palette, indexes, colours []byte) {
	bounds := decoded.Bounds()
	known := map[color.NRGBA]byte{}
	indexes = make([]byte, 0, bounds.Dx()*bounds.Dy())
	var last color.NRGBA
	var index byte
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := white(decoded, x, y)
			if colours == nil && c != last { // most points are as the one before; none is as last was at first
				var ok bool
				if index, ok = known[c]; !ok && len(known) < 256 {
					index = byte(len(known))
					known[c], palette = index, append(palette, c.R, c.G, c.B)
				} else if !ok { // too many: the colours themselves, from the beginning
					colours = make([]byte, 0, 3*cap(indexes))
					for _, i := range indexes {
						colours = append(colours, palette[3*int(i):3*int(i)+3]...)
					}
				}
				last = c
			}
			if colours != nil {
				colours = append(colours, c.R, c.G, c.B)
				continue
			}
			indexes = append(indexes, index)
		}
	}
	if colours != nil {
		return nil, nil, colours
	}
	return palette, indexes, nil
}

// white is a point over white.
func white(decoded image.Image, x, y int) color.NRGBA {
	var c color.NRGBA
	switch m := decoded.(type) {
	case *image.NRGBA:
		c = m.NRGBAAt(x, y)
	default:
		c = color.NRGBAModel.Convert(decoded.At(x, y)).(color.NRGBA)
	}
	over := func(v uint8) uint8 { return uint8((int(v)*int(c.A) + 255*(255-int(c.A)) + 127) / 255) }
	return color.NRGBA{over(c.R), over(c.G), over(c.B), 255}
}

func (u *update) samples(config image.Config, space string, content []byte) Ref {
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	_, _ = writer.Write(content) // a buffer never fails
	_ = writer.Close()
	head := fmt.Appendf(nil, "<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/FlateDecode/Length %d>>\nstream\n", config.Width, config.Height, space, packed.Len())
	return u.add(append(append(head, packed.Bytes()...), "\nendstream"...))
}
