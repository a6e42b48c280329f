package licensephoto_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

var portrait = catalog.PhotoRule{WidthPX: 358, HeightPX: 441, MaxOctets: 100 << 10}

// quarters is a picture whose top left quarter is red, top right green, bottom left blue and bottom right white.
func quarters(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}[2*(2*y/height)+2*x/width])
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// turned puts an Exif part with an orientation, a place and a secret in front of the picture.
func turned(data []byte, orientation uint16, order binary.AppendByteOrder) []byte {
	mark := map[bool]string{true: "II", false: "MM"}[order == binary.LittleEndian]
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, 274), 3)
	tiff = order.AppendUint16(order.AppendUint32(tiff, 1), orientation)
	tiff = append(tiff, "\x00\x00\x00\x00\x00\x00GPS 39.9,116.4"...)
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte("\xff\xd8\xff\xff\xe1"), byte((len(body)+2)>>8), byte(len(body)+2))
	return append(append(out, body...), data[2:]...)
}

// corners names the colours of the corners, in reading order.
func corners(t *testing.T, content []byte) (names string) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bounds()
	for _, at := range []image.Point{{20, 20}, {b.Dx() - 20, 20}, {20, b.Dy() - 20}, {b.Dx() - 20, b.Dy() - 20}} {
		r, g, blue, _ := m.At(at.X, at.Y).RGBA()
		switch {
		case r > 0xc000 && g > 0xc000 && blue > 0xc000:
			names += "w"
		case r > 0xc000:
			names += "r"
		case g > 0xc000:
			names += "g"
		case blue > 0xc000:
			names += "b"
		default:
			names += "?"
		}
	}
	return names
}

func TestAPhotoIsMadeAnew(t *testing.T) {
	plain := asJPEG(t, quarters(716, 882))
	content, photo, err := licensephoto.Make(plain, portrait)
	if err != nil {
		t.Fatal(err)
	}
	if photo.WidthPX != 358 || photo.HeightPX != 441 || photo.Octets != len(content) || photo.SM3 != digest.Hex(content) || corners(t, content) != "rgbw" {
		t.Errorf("%+v %s", photo, corners(t, content))
	}
	if read, ok := catalog.ReadPhoto(photo.String()); !ok || read != photo {
		t.Errorf("%s is read as %+v", photo, read)
	}
	for name, handed := range map[string][]byte{
		"the same once more": plain, "octets behind the end": append(bytes.Clone(plain), "PK\x03\x04<script>"...), "a place of Exif": turned(plain, 1, binary.BigEndian), "an orientation that is none": turned(plain, 9, binary.BigEndian),
	} {
		again, value, err := licensephoto.Make(handed, portrait)
		if err != nil || !bytes.Equal(again, content) || value != photo {
			t.Errorf("%s gives other octets: %v", name, err)
		}
	}
	if _, other, err := licensephoto.Make(asPNG(t, quarters(716, 882)), portrait); err != nil || other.WidthPX != 358 {
		t.Errorf("PNG: %v", err)
	}
	seen := image.NewNRGBA(image.Rect(0, 0, 358, 441)) // nothing but what is below
	if content, _, err := licensephoto.Make(asPNG(t, seen), portrait); err != nil || corners(t, content) != "wwww" {
		t.Errorf("a picture that lets everything through is not white: %v", err)
	}
}

func TestAPhotoStandsUpright(t *testing.T) {
	// What a viewer that follows CIPA DC-008 shows for quarters as they are stored.
	for orientation, want := range map[uint16]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"} {
		m := quarters(358, 441)
		if orientation > 4 {
			m = quarters(441, 358)
		}
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			content, _, err := licensephoto.Make(turned(asJPEG(t, m), orientation, order), portrait)
			if err != nil {
				t.Fatalf("%d: %v", orientation, err)
			}
			if got := corners(t, content); got != want {
				t.Errorf("orientation %d: %s, not %s", orientation, got, want)
			}
		}
	}
}

func TestWhatIsNoPhotoIsRefused(t *testing.T) {
	jpegOf := asJPEG(t, quarters(358, 441))
	bomb := asPNG(t, image.NewGray(image.Rect(0, 0, 4, 4)))
	binary.BigEndian.PutUint32(bomb[16:], 60000) // 60,000 by 60,000 pixels, says the header
	binary.BigEndian.PutUint32(bomb[20:], 60000)
	binary.BigEndian.PutUint32(bomb[29:], crc(bomb[12:29]))
	noise := image.NewRGBA(image.Rect(0, 0, 1200, 1200))
	state := uint32(1)
	for i := range noise.Pix {
		state = state*1664525 + 1013904223
		noise.Pix[i] = byte(state >> 24)
	}
	for name, c := range map[string]struct {
		handed []byte
		rule   catalog.PhotoRule
		want   error
	}{
		"nothing":                     {nil, portrait, licensephoto.ErrFormat},
		"a GIF":                       {[]byte("GIF89a\x01\x00\x01\x00"), portrait, licensephoto.ErrFormat},
		"a web page":                  {[]byte("<!DOCTYPE html><script>alert(1)</script>"), portrait, licensephoto.ErrFormat},
		"a JPEG that ends early":      {jpegOf[:len(jpegOf)/2], portrait, licensephoto.ErrFormat},
		"the beginning of a PNG":      {[]byte("\x89PNG\r\n\x1a\n"), portrait, licensephoto.ErrFormat},
		"more pixels than are read":   {bomb, portrait, licensephoto.ErrSize},
		"more octets than are read":   {append(bytes.Clone(jpegOf), make([]byte, licensephoto.MaxOctets)...), portrait, licensephoto.ErrSize},
		"fewer pixels than asked for": {asJPEG(t, quarters(340, 419)), portrait, licensephoto.ErrSize},
		"a landscape":                 {asJPEG(t, quarters(882, 716)), portrait, licensephoto.ErrShape},
		"a square":                    {asJPEG(t, quarters(800, 800)), portrait, licensephoto.ErrShape},
		"four colours":                {fourColours(t), portrait, licensephoto.ErrColors},
		"lossless":                    {bytes.Replace(jpegOf, []byte{0xff, 0xc0}, []byte{0xff, 0xc3}, 1), portrait, licensephoto.ErrColors},
		"one pixel":                   {asJPEG(t, image.NewGray(image.Rect(0, 0, 1, 1))), portrait, licensephoto.ErrShape},
		"too much for the bound":      {asJPEG(t, noise.SubImage(image.Rect(0, 0, 600, 600))), catalog.PhotoRule{WidthPX: 600, HeightPX: 600, MaxOctets: 10 << 10}, licensephoto.ErrSize},
	} {
		if content, _, err := licensephoto.Make(c.handed, c.rule); !errors.Is(err, c.want) || content != nil {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
	if _, _, err := licensephoto.Make(asJPEG(t, quarters(360, 450)), portrait); err != nil {
		t.Errorf("a ratio that is little different: %v", err)
	}
}

// fourColours is the beginning of a JPEG with four components, as programs for printing write them; its frame header is all that is looked at.
func fourColours(t *testing.T) []byte {
	t.Helper()
	data := asJPEG(t, quarters(358, 441))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	frame := bytes.Clone(data[at:end])
	frame[9] = 4
	frame = append(frame, 4, 0x11, 0)
	binary.BigEndian.PutUint16(frame[2:], uint16(len(frame)-2))
	for i := range 4 {
		frame[10+3*i+1] = 0x11
	}
	return append(append(bytes.Clone(data[:at]), frame...), data[end:]...)
}

func crc(data []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b)
		for range 8 {
			sum = sum>>1 ^ 0xedb88320&-(sum&1)
		}
	}
	return ^sum
}

func TestTheSilhouetteOfSamples(t *testing.T) {
	found := false
	for _, licenseType := range catalog.Types() {
		values, content, err := licensephoto.Sample(licenseType)
		if err != nil {
			t.Fatal(err)
		}
		f, has := licenseType.PhotoField()
		if has != (content != nil) {
			t.Errorf("%s: photo %t, picture %t", licenseType.Code, has, content != nil)
		}
		if !has {
			continue
		}
		found = true
		if p, ok := catalog.ReadPhoto(values.First(f.Key)); !ok || p.SM3 != digest.Hex(content) || p.Octets > 12<<10 || licenseType.CheckValues(values) != nil {
			t.Errorf("%s: %+v", licenseType.Code, p)
		}
		if path := os.Getenv("PICTURES"); path != "" {
			if err := os.WriteFile(path+"/silhouette.jpg", content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !found {
		t.Error("no built-in type has a photo")
	}
}

func FuzzMake(f *testing.F) {
	f.Add(asJPEG(f, quarters(40, 48)))
	f.Add(turned(asJPEG(f, quarters(40, 48)), 6, binary.LittleEndian))
	f.Add(asPNG(f, quarters(40, 48)))
	small := catalog.PhotoRule{WidthPX: 20, HeightPX: 24, MaxOctets: 10 << 10}
	f.Fuzz(func(t *testing.T, handed []byte) {
		content, photo, err := licensephoto.Make(handed, small)
		if err != nil {
			return
		}
		config, format, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || format != "jpeg" || config.Width != 20 || config.Height != 24 || photo.Octets != len(content) || len(content) > small.MaxOctets {
			t.Errorf("%v %s %+v", err, format, photo)
		}
	})
}
