package licenseface

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/render"
)

var notice = []string{"阅读件，不带印章，不是证照原件，不能单独作为证明。", "状态：有效（2026-11-29 04:30 北京时间）", "核验地址：https://id.example/verify?license_id=1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.91990000MA7QX0003B.001.5"}

func pdfOf(t testing.TB, licenseType *catalog.Type, values catalog.Values, language string) []byte {
	t.Helper()
	values, photo := withPhoto(t, licenseType, values)
	content, err := newMaker(t).PDF(licenseType, values, photo, language, notice)
	if err != nil {
		t.Fatalf("%s %s: %v", licenseType.Code, language, err)
	}
	return content
}

// poppler runs a program of an independent reader of PDF over the file, which stands for FILE; a warning of it is a fault.
func poppler(t *testing.T, content []byte, program string, arguments ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("outside reader is missing (poppler-utils; make prepare installs it): %v", err)
	}
	file := filepath.Join(t.TempDir(), "licence.pdf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	arguments[slices.Index(arguments, "FILE")] = file
	var out, warnings bytes.Buffer
	command := exec.Command(program, arguments...) //nolint:gosec // a program of the test
	command.Stdout, command.Stderr = &out, &warnings
	if err := command.Run(); err != nil || warnings.Len() > 0 {
		t.Fatalf("%s: %v %s", program, err, warnings.String())
	}
	return out.Bytes()
}

// TestEveryTypeCanBePDF: equal input gives equal octets, our own reader takes the file, and whoever would sign it can.
func TestEveryTypeCanBePDF(t *testing.T) {
	for _, licenseType := range catalog.Types() {
		for _, language := range licenseType.Languages() {
			content := pdfOf(t, licenseType, licenseType.Sample, language)
			if !bytes.Equal(content, pdfOf(t, licenseType, licenseType.Sample, language)) {
				t.Errorf("%s: equal input gives other octets", licenseType.Code)
			}
			f, err := pdf.Open(content, pdf.DefaultLimits())
			if err != nil {
				t.Fatalf("%s: %v", licenseType.Code, err)
			}
			pages, err := f.Pages()
			if err != nil || len(pages) != len(licenseType.Face.Pages) || len(f.Outside()) > 0 {
				t.Errorf("%s: %v pages, %v, %v", licenseType.Code, pages, f.Outside(), err)
			}
			if _, err := f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterPKCS7, Name: "试签", Time: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}); err != nil {
				t.Errorf("%s: %v", licenseType.Code, err)
			}
			if folder := os.Getenv("LICENSEFACE_OUT"); folder != "" { // to be looked at
				if err := os.WriteFile(filepath.Join(folder, licenseType.Code+"-"+language+".pdf"), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestThePDFReadsAsTheFace: what an independent reader takes out of the PDF are the words of the face, and the notice.
func TestThePDFReadsAsTheFace(t *testing.T) {
	flat := func(text string) string { return strings.Join(strings.Fields(text), "") }
	for _, licenseType := range catalog.Types() {
		for _, language := range licenseType.Languages() {
			got := flat(string(poppler(t, pdfOf(t, licenseType, licenseType.Sample, language), "pdftotext", "-raw", "-enc", "UTF-8", "FILE", "-")))
			for _, page := range licenseType.Face.Pages {
				for _, item := range page.Items {
					if item.Kind == catalog.ItemPhoto {
						continue
					}
					if want := licenseType.DisplayIn(item, licenseType.Sample, language); !strings.Contains(got, flat(want)) {
						t.Errorf("%s %s: %q is missing in %s", licenseType.Code, language, want, got)
					}
				}
			}
			for _, sentence := range notice {
				if !strings.Contains(got, flat(sentence)) {
					t.Errorf("%s %s: %q is missing", licenseType.Code, language, sentence)
				}
			}
		}
	}
}

// TestThePDFLooksLikeTheFace: drawn by an independent reader, the page is that of the OFD drawn by ours, but for the edges of letters.
func TestThePDFLooksLikeTheFace(t *testing.T) {
	const dpi = 100
	for _, licenseType := range catalog.Types() {
		document, err := render.Open(build(t, licenseType, licenseType.Sample), render.Options{Faces: render.BuiltIn()})
		if err != nil {
			t.Fatal(err)
		}
		page, err := document.Page(1)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := page.PNG(dpi)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := png.Decode(bytes.NewReader(drawn))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := png.Decode(bytes.NewReader(poppler(t, pdfOf(t, licenseType, licenseType.Sample, catalog.Original), "pdftoppm", "-r", fmt.Sprint(dpi), "-png", "-f", "1", "-singlefile", "FILE")))
		if err != nil {
			t.Fatal(err)
		}
		if differ := different(ours, theirs); differ > 0.004 {
			t.Errorf("%s: %.2f %% of the page differs", licenseType.Code, 100*differ)
		} else {
			t.Logf("%s: %.3f %%", licenseType.Code, 100*differ)
		}
	}
}

// different is the part of blocks of 8 by 8 points whose mean grey differs by more than an eighth; the strip below the page is left out.
func different(ours, theirs image.Image) float64 {
	const block = 8
	size := ours.Bounds()
	grey := func(of image.Image, x0, y0 int) (sum int) {
		for y := y0; y < y0+block; y++ {
			for x := x0; x < x0+block; x++ {
				sum += int(color.GrayModel.Convert(of.At(x, y)).(color.Gray).Y)
			}
		}
		return sum / (block * block)
	}
	all, differ := 0, 0
	for y := 0; y+block <= size.Dy()-block; y += block {
		for x := 0; x+block <= size.Dx()-block; x += block {
			all++
			if d := grey(ours, x, y) - grey(theirs, x, y); d > 32 || d < -32 {
				differ++
			}
		}
	}
	return float64(differ) / float64(all)
}

// TestWhatIsNoPDF: each thing that is wrong has its own error.
func TestWhatIsNoPDF(t *testing.T) {
	m := newMaker(t)
	business, _ := catalog.Find("11100000MB0143028R001")
	rare := business.Sample.Clone()
	rare.Set("legal_representative", "王㐂")
	none := business.Sample.Clone()
	none.Set(catalog.KeyHolderName)
	_, err := m.PDF(business, rare, nil, "en", notice)
	if missing, ok := errors.AsType[*UndrawableError](err); !ok || missing.Characters != "㐂" {
		t.Errorf("rare characters: %v", err)
	}
	if _, err := m.PDF(business, none, nil, "en", notice); !errors.Is(err, ErrValues) {
		t.Errorf("wrong values: %v", err)
	}
	if _, err := m.PDF(business, business.Sample, nil, "fr", notice); !errors.Is(err, ErrLanguage) {
		t.Errorf("another language: %v", err)
	}
	if _, err := m.PDF(business, business.Sample, nil, "en", []string{"㐂"}); err == nil {
		t.Error("a notice that cannot be drawn is left out")
	}
}

// TestLongestValuesFitThePDF: in every language, on pages and annexes.
func TestLongestValuesFitThePDF(t *testing.T) {
	for _, licenseType := range catalog.Types() {
		for _, language := range licenseType.Languages() {
			pdfOf(t, licenseType, longest(licenseType), language)
		}
	}
}

// TestWordsThatDoNotFitAreRefused, before a licence of the type is made.
func TestWordsThatDoNotFitAreRefused(t *testing.T) {
	m := newMaker(t)
	business, _ := catalog.Find("11100000MB0143028R001")
	for name, c := range map[string]struct {
		word string
		want error
	}{"too long": {strings.Repeat("Very long words ", 20), ErrOverflow}, "no letters for it": {"Naïve 㐂", nil}} {
		changed := *business
		changed.Face.Words = catalog.Words{"en": {}}
		for text, word := range business.Face.Words["en"] {
			changed.Face.Words["en"][text] = word
		}
		changed.Face.Words["en"]["名称"] = c.word
		err := m.Check(&changed)
		if _, undrawable := errors.AsType[*UndrawableError](err); !undrawable && (c.want == nil || !errors.Is(err, c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkPDF(b *testing.B) {
	m := newMaker(b)
	business, _ := catalog.Find("11100000MB0143028R001")
	b.ResetTimer()
	for b.Loop() {
		if _, err := m.PDF(business, business.Sample, nil, catalog.Original, notice); err != nil {
			b.Fatal(err)
		}
	}
}
