package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// plainFile is a document of one page.
func plainFile() []byte {
	out, rows := []byte("%PDF-1.7\n"), "0 4\n0000000000 65535 f\r\n"
	for i, body := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>", "<</Type/Page/Parent 2 0 R>>"} {
		rows += fmt.Sprintf("%010d 00000 n\r\n", len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	return fmt.Appendf(out, "xref\n%strailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", rows, len(out))
}

// TestWhatWasWrittenIsReadAgain (D-31): each way in which the result could differ from what was asked for is told.
func TestWhatWasWrittenIsReadAgain(t *testing.T) {
	f, err := Open(plainFile(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.AddSignature(SignatureRequest{SubFilter: SubFilterCAdES, Reserve: 64})
	if err != nil {
		t.Fatal(err)
	}
	value := []byte{0x30, 3, 2, 1, 7}
	good, err := p.Complete(value)
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, now string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("no %q", old)
		}
		return bytes.Replace(good, []byte(old), []byte(now), 1)
	}
	for name, c := range map[string]struct {
		out   []byte
		value []byte
		words string
	}{
		"as it is":           {good, value, ""},
		"no file":            {good[1:], value, CodeStructure},
		"a broken form":      {swap("/Fields [5 0 R]", "/Fields [<<>> ]"), value, CodeStructure},
		"no signature":       {swap("/Fields [5 0 R]", "/Fields [9 0 R]"), value, "0 signatures"},
		"a faulty signature": {swap("/ByteRange[0 ", "/ByteRange[1 "), value, CodeRange},
		"another name":       {swap("(Signature1)", "(Signature2)"), value, "does not cover"},
		"more behind it":     {append(slices.Clone(good), "% more"...), value, "does not cover"},
		"another value":      {good, []byte{0x30, 3, 2, 1, 8}, "does not cover"},
	} {
		err := p.check(c.out, c.value)
		if c.words == "" && err != nil || c.words != "" && (!errors.Is(err, ErrSelfCheck) || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %v, want %q", name, err, c.words)
		}
	}
}

// TestSamplesOfPictures: each point of a picture, by a palette of up to 256 colours or by itself.
func TestSamplesOfPictures(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 300} {
		m := image.NewNRGBA(image.Rect(3, 5, 3+n, 7)) // each colour twice, in two rows
		var want []byte
		for y := 5; y < 7; y++ {
			for x := range n {
				c := color.NRGBA{uint8(x), uint8(x >> 8), 9, 255}
				m.SetNRGBA(3+x, y, c)
				want = append(want, c.R, c.G, c.B)
			}
		}
		palette, indexes, colours := samples(m)
		if (palette != nil) != (n <= 256) || len(palette) > 0 && len(palette) != 3*n {
			t.Errorf("%d colours: %d in the palette", n, len(palette)/3)
		}
		got := colours
		for _, i := range indexes {
			got = append(got, palette[3*int(i):3*int(i)+3]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d colours: %x, want %x", n, got, want)
		}
	}
	// Transparency is told by how much white comes in.
	m := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	m.SetNRGBA(0, 0, color.NRGBA{100, 0, 0, 255})
	m.SetNRGBA(1, 0, color.NRGBA{100, 0, 0, 51})
	if palette, indexes, _ := samples(m); !bytes.Equal(palette, []byte{100, 0, 0, 224, 204, 204, 255, 255, 255}) || !bytes.Equal(indexes, []byte{0, 1, 2}) {
		t.Errorf("%v %v", palette, indexes)
	}
	grey := image.NewGray(image.Rect(0, 0, 1, 1))
	grey.SetGray(0, 0, color.Gray{7})
	if palette, _, _ := samples(grey); !bytes.Equal(palette, []byte{7, 7, 7}) {
		t.Errorf("grey: %v", palette)
	}
}

// TestTextsAreReadAsTheyWereWritten: names and texts of every octet.
func TestTextsAreReadAsTheyWereWritten(t *testing.T) {
	for c := range 256 {
		text := string([]byte{byte(c), '4', '1'})
		written := "/" + escapeName(Name(text))
		if got, end, err := object(written); err != nil || got != Name(text) || end != len(written) {
			t.Errorf("%q is written %s and read %v %v", text, written, got, err)
		}
		if plain := c > ' ' && c < 0x7f && !strings.ContainsRune("()<>[]{}/%#", rune(c)); plain != (len(written) == 4) {
			t.Errorf("%q is written %s", text, written)
		}
	}
	for text, written := range map[string]string{"a ~": "(a ~)", "\n": "<feff000a>", "\x7f": "<feff007f>", "(": "<feff0028>", ")": "<feff0029>", `\`: "<feff005c>", "é": "<feff00e9>", "印": "<feff5370>", "𠀀": "<feffd840dc00>"} {
		if got := string(textString(text)); got != written {
			t.Errorf("%q is written %s, want %s", text, got, written)
		}
		if read, _, err := object(written); err != nil || textOf(read.(String)) != text {
			t.Errorf("%s is read %v %v", written, read, err)
		}
	}
	const written = "[null true 7 -0.5 /A#20B <6100> 3 0 R [1 2] <</A 1/A 2/B 3>>]"
	read, _, err := object(strings.Replace(written, "<</A 1/A", "<</A 1 /A", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(encode(nil, read)); got != "[null true 7 -0.5 /A#20B <6100> 3 0 R [1 2] <</A 1 /A 2/B 3>>]" {
		t.Errorf("%s", got)
	}
}

// TestNoBoundHidesAPlace (R11): whatever is left of the tokens when a signature's place is looked for, it is found or not looked for.
func TestNoBoundHidesAPlace(t *testing.T) {
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	shows := SignatureRequest{SubFilter: SubFilterCAdES, Reserve: 64, Picture: &Picture{data.Bytes()}, Box: Box{9, 9, 9, 9}}
	many := shows
	many.More = []Drawing{{Page: 1, Box: Box{29, 29, 9, 9}}}
	for _, c := range []struct {
		request SignatureRequest
		odd     bool // a number of the widget's rectangle is a reference to nothing, so that further pictures alone have a place
		places  int
	}{{SignatureRequest{SubFilter: SubFilterCAdES, Reserve: 64}, false, 0}, {shows, false, 1}, {many, false, 2}, {many, true, 1}} {
		r, places := c.request, c.places
		f, err := Open(plainFile(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.AddSignature(r)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Complete([]byte{0x30, 0})
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(out, []byte("/FT/Sig")); c.odd {
			copy(out[at+bytes.Index(out[at:], []byte("/Rect["))+len("/Rect["):], "2 9 R  ")
		}
		if f, err = Open(out, Limits{}); err != nil {
			t.Fatal(err)
		}
		pages, err := f.latest.pages()
		if err != nil {
			t.Fatal(err)
		}
		fields, err := f.latest.fields()
		if err != nil {
			t.Fatal(err)
		}
		place := func(tokens int) (Signature, error) {
			f.left.tokens, pages.geometry = tokens, map[int]geometry{}
			var s Signature
			err := f.place(&s, fields[0], pages)
			return s, err
		}
		want, err := place(10_000)
		if err != nil || want.Page != 1 || want.PageBox != [4]float64{0, 0, 595, 842} || want.Visible != (places > 0) || len(want.Shown) != places {
			t.Fatalf("%d places: %+v %v", places, want, err)
		}
		for tokens, done := 0, false; !done; tokens++ {
			got, err := place(tokens)
			if done = err == nil; done && fmt.Sprint(got) != fmt.Sprint(want) || !done && !limited(err) {
				t.Fatalf("%d places, %d tokens: %+v %v, want %+v", places, tokens, got, err, want)
			}
		}
	}
}
