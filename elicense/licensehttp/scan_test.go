package licensehttp

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/web"
)

// drawnCode is a QR code with so many pixels a module, in a white field.
func drawnCode(t testing.TB, text string, scale, margin int) *image.Gray {
	t.Helper()
	code, err := web.NewQR(text)
	if err != nil {
		t.Fatal(err)
	}
	side := len(code)*scale + 2*margin
	out := image.NewGray(image.Rect(0, 0, side, side))
	for i := range out.Pix {
		out.Pix[i] = 230
	}
	for y, row := range code {
		for x, dark := range row {
			if !dark {
				continue
			}
			for dy := range scale {
				for dx := range scale {
					out.SetGray(margin+x*scale+dx, margin+y*scale+dy, color.Gray{Y: 30})
				}
			}
		}
	}
	return out
}

func TestReadQR(t *testing.T) {
	long := "LZ1:" + strings.Repeat("6BF+70X2C", 60)
	encodePNG := func(im image.Image) []byte {
		var out bytes.Buffer
		if err := png.Encode(&out, im); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	encodeJPEG := func(im image.Image) []byte {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, im, &jpeg.Options{Quality: 60}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	turned := drawnCode(t, long, 6, 40)
	quarter := image.NewGray(turned.Rect)
	for y := range turned.Rect.Max.Y {
		for x := range turned.Rect.Max.X {
			quarter.SetGray(turned.Rect.Max.Y-1-y, x, turned.GrayAt(x, y))
		}
	}
	for name, picture := range map[string][]byte{
		"PNG": encodePNG(drawnCode(t, long, 4, 40)), "JPEG of a telephone": encodeJPEG(drawnCode(t, long, 30, 300)), "a quarter turned": encodeJPEG(quarter), "small": encodePNG(drawnCode(t, long, 2, 10)),
	} {
		if got, err := readQR(picture); err != nil || got != long {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	bomb := encodePNG(image.NewGray(image.Rect(0, 0, 8, 8)))
	copy(bomb[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // 65535 pixels a side by its header
	deep := image.NewNRGBA64(image.Rect(0, 0, 3000, 3000))      // eight octets a pixel
	whole := encodePNG(drawnCode(t, long, 4, 40))
	for name, picture := range map[string][]byte{"nothing": nil, "no picture": []byte("LZ1:"), "white": encodePNG(image.NewGray(image.Rect(0, 0, 300, 300))), "a bomb": bomb, "sixteen bits a colour": encodePNG(deep), "cut": whole[:len(whole)/2], "one pixel": encodePNG(image.NewGray(image.Rect(0, 0, 1, 1)))} {
		if got, err := readQR(picture); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzReadQR: no picture stops the program.
func FuzzReadQR(f *testing.F) {
	var out bytes.Buffer
	if err := png.Encode(&out, drawnCode(f, "LZ1:ABC", 3, 12)); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	out.Reset()
	if err := jpeg.Encode(&out, drawnCode(f, "LZ1:ABC", 3, 12), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, picture []byte) {
		if head, _, err := image.DecodeConfig(bytes.NewReader(picture)); err == nil && head.Width*head.Height > 1_000_000 {
			return // large ones only take time
		}
		_, _ = readQR(picture)
	})
}
