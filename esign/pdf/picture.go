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

// picture adds an image: JPEG as it is, PNG as samples with a mask for what is transparent.
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
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Ref{}, fmt.Errorf("%w: the picture is neither PNG nor JPEG", ErrInput)
	}
	if config.Width > maxPictureSide || config.Height > maxPictureSide {
		return Ref{}, fmt.Errorf("%w: the picture is too large", ErrInput)
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Ref{}, fmt.Errorf("%w: the picture is damaged", ErrInput)
	}
	colours, mask := samples(decoded)
	masked := ""
	if mask != nil {
		alpha, err := u.samples(config, "DeviceGray", "", mask)
		if err != nil {
			return Ref{}, err
		}
		masked = fmt.Sprintf("/SMask %d 0 R", alpha.Number)
	}
	return u.samples(config, "DeviceRGB", masked, colours)
}

// samples takes an image apart into colours and, where anything is transparent, a mask.
func samples(decoded image.Image) (colours, mask []byte) {
	bounds := decoded.Bounds()
	transparent := false
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.NRGBAModel.Convert(decoded.At(x, y)).(color.NRGBA)
			if c.A == 0 { // what cannot be seen is white, so that it packs well
				c.R, c.G, c.B = 255, 255, 255
			}
			colours, mask = append(colours, c.R, c.G, c.B), append(mask, c.A)
			transparent = transparent || c.A != 255
		}
	}
	if !transparent {
		return colours, nil
	}
	return colours, mask
}

func (u *update) samples(config image.Config, space, more string, content []byte) (Ref, error) {
	var packed bytes.Buffer
	writer, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return Ref{}, err
	}
	if _, err := writer.Write(content); err != nil {
		return Ref{}, err
	}
	if err := writer.Close(); err != nil {
		return Ref{}, err
	}
	head := fmt.Appendf(nil, "<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/%s/BitsPerComponent 8%s/Filter/FlateDecode/Length %d>>\nstream\n", config.Width, config.Height, space, more, packed.Len())
	return u.add(append(append(head, packed.Bytes()...), "\nendstream"...)), nil
}
