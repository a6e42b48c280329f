package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// manyPlaces shows the picture at three places of the one page: whole, and two slices.
func manyPlaces(t testing.TB) pdf.SignatureRequest {
	return pdf.SignatureRequest{Picture: picture(t), Box: pdf.Box{X: 20, Y: 200, Width: 42, Height: 42}, More: []pdf.Drawing{
		{Page: 1, Box: pdf.Box{X: 180, Y: 20, Width: 42, Height: 42}, Clip: &pdf.Box{Width: 21, Height: 42}},
		{Page: 1, Box: pdf.Box{X: 60, Y: -20, Width: 42, Height: 42}, Clip: &pdf.Box{Y: 21, Width: 42, Height: 21}},
	}}
}

func TestSignatureShowsItsPictureInManyPlaces(t *testing.T) {
	for name, data := range forms {
		t.Run(name, func(t *testing.T) {
			once := pdftest.Sign(t, data, manyPlaces(t), value)
			twice := pdftest.Sign(t, once, manyPlaces(t), value)
			f, signatures := open(t, twice)
			for i, s := range signatures {
				if s.Fault != nil || !s.Visible || len(s.Shown) != 3 || fault(t, twice) != "" {
					t.Fatalf("signature %d: %+v %s", i, s, fault(t, twice))
				}
				for n, want := range []pdf.Box{{X: 20, Y: 200, Width: 42, Height: 42}, {X: 180, Y: 20, Width: 21, Height: 42}, {X: 60, Y: 1, Width: 42, Height: 21}} {
					got := s.Shown[n]
					if !got.Seen || got.Page != 1 || math.Abs(got.Box.X-want.X) > 1e-3 || math.Abs(got.Box.Y-want.Y) > 1e-3 || math.Abs(got.Box.Width-want.Width) > 1e-3 || math.Abs(got.Box.Height-want.Height) > 1e-3 {
						t.Errorf("place %d: %+v", n, got)
					}
				}
			}
			changes, err := f.Changes(signatures[0], signatures)
			if err != nil || !changes.Visible || !slices.Equal(changes.Signatures, []string{"Signature2"}) {
				t.Errorf("%+v %v", changes, err)
			}
			if !bytes.Contains(once, []byte("/BBox[0 0 59.5276 119.0551]")) || !bytes.Contains(once, []byte("/BBox[0 0 119.0551 59.5276]")) {
				t.Error("a slice does not show its part")
			}
			if n := bytes.Count(twice[len(once):], []byte("/Subtype/Image")); n != 1 {
				t.Errorf("the picture stands %d times in one update", n)
			}
		})
	}
}

// TestFurtherPictureIsOnlyThat (D-27, D-30): behind a signature an annotation may come that a later signature names, draws, and does nothing
// else.
func TestFurtherPictureIsOnlyThat(t *testing.T) {
	first := signed(t)
	for name, c := range map[string]struct{ old, now string }{
		"an action":             {"/Subtype/Stamp/F 196", "/Subtype/Stamp/A 9 0 R/F 196"},
		"a note that opens":     {"/Subtype/Stamp/F 196", "/Subtype/Stamp/Popup 9 0 R/F 196"},
		"a key nobody knows":    {"/Subtype/Stamp/F 196", "/Subtype/Stamp/X 1/F 196"},
		"another annotation":    {"/Subtype/Stamp/F 196", "/Subtype/FreeText/F 196"},
		"looks of its own":      {"/AP<</N 11 0 R>>", "/AP<</N 11 0 R/R 11 0 R>>"},
		"no look":               {"/AP<</N 11 0 R>>", "/AP<</N 9 0 R>>"},
		"not named":             {"/YinxinStamps[", "/YinxinStampz["},
		"named is another":      {"/YinxinStamps[", "/YinxinStamps[99 0 R 98 0 R]/X["},
		"a key stands twice":    {"/Subtype/Stamp/F 196", "/Subtype/Stamp/F 196/F 196"},
		"in the list of fields": {"/Fields [8 0 R 13 0 R", "/Fields [8 0 R 13 0 R 12 0 R"},
	} {
		t.Run(name, func(t *testing.T) {
			// The later signature signs what was edited: it holds, and the first one must not.
			prepared := editedUpdate(t, first, c.old, c.now)
			if code := fault(t, prepared); code != pdf.CodeChanged && code != pdf.CodeStructure {
				t.Errorf("code %q", code)
			}
		})
	}
	if code := fault(t, editedUpdate(t, first, "/Subtype/Stamp", "/Subtype/Stamp")); code != "" {
		t.Errorf("unchanged: %q", code)
	}
	// Behind a certification a picture is refused, also when level 3 permits notes: the writer says so, and the reader of what others wrote.
	certified := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Certify: 3}, value)
	f, _ := open(t, certified)
	request := manyPlaces(t)
	request.SubFilter = pdf.SubFilterCAdES
	if _, err := f.AddSignature(request); !errors.Is(err, pdf.ErrLocked) {
		t.Errorf("%v", err)
	}
	if code := fault(t, editedUpdate(t, certified, "/Subtype/Stamp", "/Subtype/Stamp")); code != pdf.CodeDocMDP {
		t.Errorf("behind a certification: %q", code)
	}
	// So is one of an empty field of the certified document that names it already.
	prepared := pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]>>>>", 3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots[10 0 R]>>",
		10: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Empty)/F 132/Rect[0 0 0 0]/YinxinStamps[32 0 R]/P 3 0 R>>",
		31: "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream", 32: "<</Type/Annot/Subtype/Stamp/F 196/Rect[9 9 99 99]/AP<</N 31 0 R>>>>"}), "/Root 1 0 R")
	certified = pdftest.Sign(t, prepared, pdf.SignatureRequest{Certify: 3, Field: "First"}, value)
	page := "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots[10 0 R 34 0 R%s]>>"
	filled := pdftest.Objects{10: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Empty)/V 30 0 R/F 132/Rect[0 0 0 0]/YinxinStamps[32 0 R]/P 3 0 R>>", 30: laterValue}
	if code := fault(t, laterRange(pdftest.Update(certified, filled, "/Root 1 0 R"))); code != "" {
		t.Errorf("the empty field may not be signed: %q", code)
	}
	filled[3] = fmt.Sprintf(page, " 32 0 R")
	if code := fault(t, laterRange(pdftest.Update(certified, filled, "/Root 1 0 R"))); code != pdf.CodeDocMDP {
		t.Errorf("a picture of a prepared field behind a certification: %q", code)
	}
	// One that its own signature names and covers, but did not show, is not brought onto the page later.
	hidden := editedUpdate(t, first, "/Annots[8 0 R 13 0 R 12 0 R]", "/Annots[8 0 R 13 0 R]")
	if code := fault(t, hidden); code != "" {
		t.Errorf("hidden: %q", code)
	}
	if code := fault(t, pdftest.Update(hidden, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 13 0 R 12 0 R]>>"}, "/Root 1 0 R")); code != pdf.CodeChanged {
		t.Errorf("brought onto the page later: %q", code)
	}
	// A picture that is added behind its own signature is a change, whoever names it.
	once := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, value)
	for _, later := range []pdftest.Objects{
		{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 20 0 R]>>", 20: "<</Type/Annot/Subtype/Stamp/F 196/Rect[0 0 99 99]/AP<</N 21 0 R>>>>", 21: pdftest.Stream("")},
		{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 20 0 R]>>", 20: "<</Type/Annot/Subtype/Stamp/F 196/Rect[0 0 99 99]/AP<</N 21 0 R>>>>", 21: pdftest.Stream(""),
			8: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V 7 0 R/F 132/Rect[0 0 0 0]/YinxinStamps[20 0 R]/P 3 0 R>>"},
	} {
		if code := fault(t, pdftest.Update(once, later, "/Root 1 0 R")); code != pdf.CodeChanged {
			t.Errorf("added behind: %q", code)
		}
	}
}

// editedUpdate adds a signature in many places behind a file as an attacker would who writes the update alone: with an edit in it, and a
// value over the result.
func editedUpdate(t *testing.T, data []byte, old, now string) []byte {
	t.Helper()
	objects := pdftest.Objects{
		20: laterValue,
		11: "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream",
		12: "<</Type/Annot/Subtype/Stamp/F 196/Rect[9 9 99 99]/AP<</N 11 0 R>>/P 3 0 R>>",
		13: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/V 20 0 R/F 132/Rect[0 0 0 0]/YinxinStamps[12 0 R]/P 3 0 R>>",
		3:  "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 13 0 R 12 0 R]>>",
		1:  "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [8 0 R 13 0 R]>>>>",
	}
	if bytes.Contains(data, []byte("/Perms")) {
		objects[1] = "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [8 0 R 13 0 R]>>/Perms<</DocMDP 7 0 R>>>>"
	}
	edited := false
	for number, body := range objects {
		if strings.Contains(body, old) {
			objects[number], edited = strings.Replace(body, old, now, 1), true
		}
	}
	if !edited {
		t.Fatalf("nothing says %s", old)
	}
	return laterRange(pdftest.Update(data, objects, "/Root 1 0 R"))
}

const laterValue = "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 0000000000 0000000000 0000000000]/Contents<300302010700>>>"

// laterRange writes the range of the last laterValue in a file.
func laterRange(out []byte) []byte {
	begin := bytes.LastIndex(out, []byte("/Contents<300302010700")) + len("/Contents")
	end := begin + len("<300302010700>")
	copy(out[bytes.LastIndex(out, []byte("[0 0000000000")):], fmt.Sprintf("[0 %010d %010d %010d]", begin, end, len(out)-end))
	return out
}

func TestPagesAsTheyAreShown(t *testing.T) {
	page := func(more string) []byte {
		return pdftest.Table(pdftest.Plain().With(pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R" + more + ">>", 9: "<</N"}), "/Root 1 0 R")
	}
	for name, c := range map[string]struct {
		more          string
		width, height float64 // points
		rect          string  // of the picture at 10, 20 mm, 30 × 40 mm
	}{
		"upright":       {"", 595, 842, "[28.3465 671.9213 113.3858 785.3071]"},
		"to the right":  {"/Rotate 90", 842, 595, "[56.6929 28.3465 170.0787 113.3858]"},
		"upside down":   {"/Rotate 180", 595, 842, "[481.6142 56.6929 566.6535 170.0787]"},
		"of no crop":    {"/CropBox[9 9 9 9]", 595, 842, "[28.3465 671.9213 113.3858 785.3071]"},
		"of tiny unit":  {"/UserUnit 0.0010001/MediaBox[0 0 1000000 1000000]", 1000.1, 1000.1, ""},
		"of huge unit":  {"/UserUnit 999999/MediaBox[0 0 0.001 0.001]", 999.999, 999.999, ""},
		"to the left":   {"/Rotate -90", 842, 595, "[424.9213 728.6142 538.3071 813.6535]"},
		"cropped":       {"/CropBox[100 200 500 700]", 400, 500, "[128.3465 529.9213 213.3858 643.3071]"},
		"of large unit": {"/UserUnit 2.0", 1190, 1684, "[14.1732 756.9606 56.6929 813.6535]"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := open(t, page(c.more))
			sizes, err := f.Pages()
			if err != nil || len(sizes) != 1 || math.Abs(sizes[0].Width-c.width*25.4/72) > 1e-9 || math.Abs(sizes[0].Height-c.height*25.4/72) > 1e-9 {
				t.Fatalf("%v %v", sizes, err)
			}
			if c.rect == "" {
				return
			}
			out := pdftest.Sign(t, page(c.more), pdf.SignatureRequest{Picture: picture(t), Box: pdf.Box{X: 10, Y: 20, Width: 30, Height: 40}}, value)
			if !bytes.Contains(out, []byte("/Rect"+c.rect)) {
				t.Errorf("stands at %s", out[bytes.Index(out, []byte("/Rect")):][:60])
			}
			_, signatures := open(t, out)
			if box := signatures[0].Shown[0].Box; math.Abs(box.X-10) > 1e-3 || math.Abs(box.Y-20) > 1e-3 || math.Abs(box.Width-30) > 1e-3 || math.Abs(box.Height-40) > 1e-3 {
				t.Errorf("is read at %+v", box)
			}
		})
	}
	for _, more := range []string{"/Rotate 45", "/Rotate(90)", "/UserUnit 0", "/UserUnit(x)", "/UserUnit -1", "/UserUnit 0.001", "/UserUnit 1000000", "/UserUnit 9 0 R", "/Rotate 9 0 R", "/CropBox 9 0 R", "/CropBox[0 0 9 9]/Parent 9 0 R", "/CropBox[0 0 9 9 0 R]", "/Parent null"} {
		f, _ := open(t, page(more))
		if _, err := f.Pages(); err == nil {
			t.Errorf("%s is read", more)
		}
	}
}

func TestPlacesThatAreRefused(t *testing.T) {
	f, _ := open(t, pdftest.Document())
	sizes, err := f.Pages()
	if err != nil {
		t.Fatal(err)
	}
	size := sizes[0]
	for name, change := range map[string]func(*pdf.SignatureRequest){
		"no such page":     func(r *pdf.SignatureRequest) { r.More[0].Page = 2 },
		"page 0":           func(r *pdf.SignatureRequest) { r.More[0].Page = 0 },
		"beside the page":  func(r *pdf.SignatureRequest) { r.More[0].Box.X = 300 },
		"slice of nothing": func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{Width: 0, Height: 42} },
		"slice of more": func(r *pdf.SignatureRequest) {
			r.More[0].Box.X, r.More[0].Clip = 20, &pdf.Box{X: 30, Width: 21, Height: 42}
		},
		"slice left of it":     func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{X: -1, Width: 21, Height: 42} },
		"slice above it":       func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{Y: -1, Width: 21, Height: 42} },
		"slice below it":       func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{Y: 1, Width: 21, Height: 42} },
		"slice of no height":   func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{Width: 21} },
		"left of the page":     func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: -10, Y: 9, Width: 10, Height: 10} },
		"above the page":       func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: 9, Y: -10, Width: 10, Height: 10} },
		"right of the page":    func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: size.Width, Y: 9, Width: 10, Height: 10} },
		"below the page":       func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: 9, Y: size.Height, Width: 10, Height: 10} },
		"no number":            func(r *pdf.SignatureRequest) { r.More[0].Box.X = math.NaN() },
		"too many":             func(r *pdf.SignatureRequest) { r.More = slices.Repeat(r.More[:1], 2001) },
		"places, but no image": func(r *pdf.SignatureRequest) { r.Picture = nil },
	} {
		request := manyPlaces(t)
		request.SubFilter = pdf.SubFilterCAdES
		change(&request)
		if _, err := f.AddSignature(request); !errors.Is(err, pdf.ErrInput) && !errors.Is(err, pdf.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*pdf.SignatureRequest){
		"half left of the page":  func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: -9.9, Y: 9, Width: 10, Height: 10} },
		"half above the page":    func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: 9, Y: -9.9, Width: 10, Height: 10} },
		"half right of the page": func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: size.Width - .1, Y: 9, Width: 10, Height: 10} },
		"half below the page":    func(r *pdf.SignatureRequest) { r.Box = pdf.Box{X: 9, Y: size.Height - .1, Width: 10, Height: 10} },
		"slice with slack":       func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{X: -1e-6, Y: -1e-6, Width: 21, Height: 42} },
		"slice with more slack":  func(r *pdf.SignatureRequest) { r.More[0].Clip = &pdf.Box{Width: 42 + 1e-6, Height: 42 + 1e-6} },
		"2,000 places":           func(r *pdf.SignatureRequest) { r.More = slices.Repeat(r.More[:1], 2000) },
	} {
		request := manyPlaces(t)
		request.SubFilter = pdf.SubFilterCAdES
		change(&request)
		if _, err := f.AddSignature(request); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is written stays readable: a file that would grow over the bound is not begun.
	small, err := pdf.Open(pdftest.Document(), pdf.Limits{Bytes: len(pdftest.Document()) + 1000, Sections: 9, Entries: 99, Decoded: 999, Tokens: 99999, Signatures: 9})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES}); !errors.Is(err, pdf.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// TestPictureOfManyColours: what has more colours than a palette holds keeps them, and what is transparent is white.
func TestPictureOfManyColours(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range 32 * 32 {
		m.Set(i%32, i/32, color.NRGBA{uint8(i), uint8(i / 4), 9, 255})
	}
	m.Set(0, 0, color.NRGBA{0, 0, 0, 0})
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	request := pdf.SignatureRequest{Picture: &pdf.Picture{Data: out.Bytes()}, Box: pdf.Box{X: 20, Y: 20, Width: 40, Height: 40}}
	if file := pdftest.Sign(t, pdftest.Document(), request, value); !bytes.Contains(file, []byte("/ColorSpace/DeviceRGB")) {
		t.Error("many colours have a palette")
	}
	request.Picture = picture(t)
	if file := pdftest.Sign(t, pdftest.Document(), request, value); !bytes.Contains(file, []byte("/ColorSpace[/Indexed/DeviceRGB 1<dc0000ffffff>]")) {
		t.Error("two colours have no palette, or what is transparent is not white")
	}
}
