package pdf_test

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
	"time"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// value is a DER value that stands for a signature where nobody judges it.
func value(signed []byte) []byte { return []byte{0x30, 0x03, 0x02, 0x01, byte(len(signed) & 0x7f)} }

func open(t testing.TB, data []byte) (*pdf.File, []*pdf.Signature) {
	t.Helper()
	f, err := pdf.Open(data, pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := f.Signatures()
	if err != nil {
		t.Fatal(err)
	}
	return f, signatures
}

// picture is a small PNG with a transparent corner.
func picture(t testing.TB) *pdf.Picture {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for i := range 8 {
		m.Set(i, i, color.NRGBA{220, 0, 0, 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return &pdf.Picture{Data: out.Bytes()}
}

var forms = map[string][]byte{
	"table":      pdftest.Document(),
	"stream":     pdftest.Packed(pdftest.Plain(), "/Root 1 0 R/Info 6 0 R"),
	"lists":      pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>", 3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots 12 0 R>>", 10: "<</Fields 11 0 R>>", 11: "[]", 12: "[]"}), "/Root 1 0 R"),
	"packed":     pdftest.Packed(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>", 10: "<</Fields []>>"}), "/Root 1 0 R"),
	"no newline": bytes.TrimRight(pdftest.Document(), "\n"),
}

func TestAddSignatureKeepsTheFileAndCoversIt(t *testing.T) {
	for name, data := range forms {
		for _, visible := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s visible %t", name, visible), func(t *testing.T) {
				request := pdf.SignatureRequest{Name: "示例市市场监督管理局", Reason: "a(b)", Time: time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)}
				if visible {
					request.Picture, request.Box = picture(t), pdf.Box{X: 120, Y: 200, Width: 42, Height: 42}
				}
				first := pdftest.Sign(t, data, request, value)
				if !bytes.HasPrefix(first, data) {
					t.Fatal("octets of the file changed")
				}
				if stream := strings.Contains(name, "stream") || name == "packed"; bytes.Contains(first[len(data):], []byte("/Type/XRef")) != stream {
					t.Error("the cross-references changed their form")
				}
				second := pdftest.Sign(t, first, request, value)
				f, signatures := open(t, second)
				if len(signatures) != 2 {
					t.Fatalf("%d signatures", len(signatures))
				}
				for i, s := range signatures {
					if s.Fault != nil || s.Name != request.Name || s.Reason != request.Reason || !s.Time.Equal(request.Time) || s.SubFilter != pdf.SubFilterCAdES || s.PageBox != [4]float64{0, 0, 595, 842} || s.Page != 1 || s.Visible != visible || s.Whole(f) != (i == 1) || s.Field != fmt.Sprintf("Signature%d", i+1) {
						t.Errorf("signature %d: %+v", i, s)
					}
					changes, err := f.Changes(s, signatures)
					if err != nil || len(changes.Refused) > 0 || changes.Code != "" || changes.Added != (i == 0) || i == 0 && !slices.Equal(changes.Signatures, []string{"Signature2"}) || changes.Visible != (visible && i == 0) {
						t.Errorf("changes behind %d: %+v %v", i, changes, err)
					}
				}
				if string(signatures[0].Signed(f)) != string(slices.Concat(first[:signatures[0].ByteRange[1]], first[signatures[0].ByteRange[2]:])) {
					t.Error("what is signed is not the revision without its value")
				}
			})
		}
	}
}

// fault opens a file and tells the code under which it or its last signature is refused.
func fault(t testing.TB, data []byte) string {
	t.Helper()
	code := func(err error) string {
		if failure, ok := errors.AsType[*pdf.Error](err); ok {
			return failure.Code
		}
		t.Fatal(err)
		return ""
	}
	f, err := pdf.Open(data, pdf.Limits{})
	if err != nil {
		return code(err)
	}
	signatures, err := f.Signatures()
	if err != nil {
		return code(err)
	}
	for _, s := range signatures {
		if s.Fault != nil {
			return s.Fault.Code
		}
		changes, err := f.Changes(s, signatures)
		if err != nil {
			return code(err)
		}
		if len(changes.Refused) > 0 {
			return changes.Code
		}
	}
	lost, err := f.Lost(signatures)
	if err != nil {
		return code(err)
	}
	if len(lost) > 0 {
		return "lost"
	}
	return ""
}

// edit replaces once and fails when nothing is there to replace; the length stays where keep asks for it.
func edit(t testing.TB, data []byte, old, now string, keep bool) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("no %q", old)
	}
	if keep && len(old) != len(now) {
		t.Fatalf("%q and %q differ in length", old, now)
	}
	return bytes.Replace(data, []byte(old), []byte(now), 1)
}

func signed(t testing.TB) []byte {
	return pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64}, value)
}

// values are the objects of the signed document: 7.. by the writer.
func byteRange(t testing.TB, data []byte) (whole string, parts [4]int) {
	t.Helper()
	at := bytes.LastIndex(data, []byte("/ByteRange["))
	whole = string(data[at+len("/ByteRange") : at+len("/ByteRange")+40]) // with the space that the writer keeps free
	if _, err := fmt.Sscanf(whole, "[%d %d %d %d]", &parts[0], &parts[1], &parts[2], &parts[3]); err != nil {
		t.Fatal(err)
	}
	return whole, parts
}

// ranged writes another range in the place of the one that is there.
func ranged(t testing.TB, data []byte, text string) []byte {
	t.Helper()
	whole, _ := byteRange(t, data)
	return edit(t, data, whole, fmt.Sprintf("%-40s", text), true)
}

func TestD26_MissingValueOrRange(t *testing.T) {
	data := signed(t)
	if got := fault(t, data); got != "" {
		t.Fatalf("good file: %s", got)
	}
	contents := data[bytes.Index(data, []byte("/Contents<"))+len("/Contents"):]
	contents = contents[:bytes.IndexByte(contents, '>')+1]
	whole, _ := byteRange(t, data)
	blank := func(n int) string { return strings.Repeat(" ", n) }
	for name, changed := range map[string][]byte{
		"no Contents":          edit(t, data, "/Contents<", "/Contentz<", true),
		"null Contents":        edit(t, data, string(contents), " null"+blank(len(contents)-5), true),
		"zero Contents":        edit(t, data, string(contents), "<"+strings.Repeat("0", len(contents)-2)+">", true),
		"empty Contents":       edit(t, data, string(contents), "<>"+blank(len(contents)-2), true),
		"number for Contents":  edit(t, data, string(contents), " 0"+blank(len(contents)-2), true),
		"no ByteRange":         edit(t, data, "/ByteRange", "/ByteRangf", true),
		"null ByteRange":       edit(t, data, whole, fmt.Sprintf("%-40s", " null"), true),
		"empty ByteRange":      edit(t, data, whole, fmt.Sprintf("%-40s", "[]"), true),
		"ByteRange elsewhere":  edit(t, data, whole, fmt.Sprintf("%-40s", " 5 0 R"), true),
		"reals in ByteRange":   edit(t, data, whole, fmt.Sprintf("%-40s", "[0.0 1.0 2.0 3.0]"), true),
		"ByteRange twice":      edit(t, data, "/M(D:20260520080000Z)", "/ByteRange[0 1 2 3]  ", true),
		"Contents twice":       edit(t, data, "/M(D:20260520080000Z)", "/Contents<3003020101>", true),
		"no dictionary at all": edit(t, data, "/V 7 0 R", "/V true ", true),
	} {
		if got := fault(t, changed); got != pdf.CodeContents {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestD28_RangeIsEverythingButTheValue(t *testing.T) {
	data := signed(t)
	_, r := byteRange(t, data)
	for name, text := range map[string]string{
		"does not begin with the file":  fmt.Sprintf("[1 %d %d %d]", r[1]-1, r[2], r[3]),
		"gap begins earlier":            fmt.Sprintf("[0 %d %d %d]", r[1]-1, r[2], r[3]),
		"gap ends later":                fmt.Sprintf("[0 %d %d %d]", r[1], r[2]+1, r[3]-1),
		"gap ends before it begins":     fmt.Sprintf("[0 %d 0 9]", r[1]),
		"gap without the brackets":      fmt.Sprintf("[0 %d %d %d]", r[1]+1, r[2]-1, r[3]+1),
		"parts overlap":                 fmt.Sprintf("[0 %d %d %d]", r[2], r[1], r[3]+r[2]-r[1]),
		"no gap":                        fmt.Sprintf("[0 %d %d %d]", r[1], r[1], r[3]),
		"leaves the file":               fmt.Sprintf("[0 %d %d %d]", r[1], r[2], r[3]+1),
		"ends before the file":          fmt.Sprintf("[0 %d %d %d]", r[1], r[2], r[3]-3),
		"ends inside the trailer":       fmt.Sprintf("[0 %d %d %d]", r[1], r[2], 20),
		"ends with an earlier revision": fmt.Sprintf("[0 %d %d %d]", r[1], r[2], len(pdftest.Document())-r[2]),
		"negative":                      fmt.Sprintf("[0 %d %d -1]", r[1], r[2]),
		"huge":                          fmt.Sprintf("[0 %d 4611686018427387904 9]", r[1]),
		"numbers behind the fourth":     fmt.Sprintf("[0 %d %d %d 9 9]", r[1], r[2], r[3]),
		"first part only":               fmt.Sprintf("[0 %d]", r[1]),
		"three parts":                   fmt.Sprintf("[0 %d %d 1 %d 2]", r[1], r[2], r[2]+2),
	} {
		if got := fault(t, ranged(t, data, text)); got != pdf.CodeRange {
			t.Errorf("%s: %q", name, got)
		}
	}
	_, signatures := open(t, ranged(t, data, fmt.Sprintf("[0 %d %d 0]", r[1], r[2])))
	if failure := signatures[0].Fault; failure == nil || failure.Code != pdf.CodeRange || failure.Detail != "what is signed does not end with a revision" {
		t.Errorf("no second part: %v", failure)
	}
	contents := bytes.Index(data, []byte("/Contents<")) + len("/Contents<")
	for name, change := range map[string]func(out []byte){
		"space between the digits": func(out []byte) { out[contents+20] = ' ' },
		"octets behind the value":  func(out []byte) { copy(out[contents+20:], "41") },
		"a string of letters":      func(out []byte) { copy(out[contents-1:], "(0~"+strings.Repeat("A", 126)+")") },
	} {
		out := slices.Clone(data)
		change(out)
		if got := fault(t, out); got != pdf.CodeRange {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// moved puts the dictionary of the signature into an update, the value left where it was: signature wrapping.
func TestD28_SignatureWrapping(t *testing.T) {
	data := signed(t)
	at := bytes.Index(data, []byte("7 0 obj\n")) + len("7 0 obj\n")
	dictionary := string(data[at : at+bytes.Index(data[at:], []byte("\nendobj"))])
	copied := pdftest.Update(data, pdftest.Objects{7: dictionary, 4: pdftest.Stream("BT (Amount 999) Tj ET")}, "/Root 1 0 R")
	if got := fault(t, copied); got != pdf.CodeRange {
		t.Errorf("a copy of the dictionary in an update: %q", got)
	}
	whole, r := byteRange(t, data)
	// The second part of the range moves to the end of the file, and what comes between is not signed.
	wrapped := append(slices.Clone(data[:r[2]]), []byte("/Evil true>>\nendobj\n4 0 obj\n"+pdftest.Stream("BT (Amount 999) Tj ET")+"\nendobj\n")...)
	forged := fmt.Sprintf("%-40s", fmt.Sprintf("[0 %d %d %d]", r[1], len(wrapped), r[3]))
	wrapped = edit(t, append(wrapped, data[r[2]:]...), whole, forged, true)
	if got := fault(t, wrapped); got != pdf.CodeRange && got != pdf.CodeStructure {
		t.Errorf("range moved: %q", got)
	}
}

func TestD27_IncrementalSaving(t *testing.T) {
	data := signed(t)
	evil := pdftest.Stream("BT /F 24 Tf 72 700 Td (Amount 999) Tj ET")
	two := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64}, value)
	for name, changed := range map[string][]byte{
		"content replaced":              pdftest.Update(data, pdftest.Objects{4: evil}, "/Root 1 0 R"),
		"page replaced":                 pdftest.Update(data, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 20 0 R>>", 20: evil}, "/Root 1 0 R"),
		"page added":                    pdftest.Update(data, pdftest.Objects{2: "<</Type/Pages/Kids[3 0 R 20 0 R]/Count 2/MediaBox[0 0 595 842]>>", 20: "<</Type/Page/Parent 2 0 R>>"}, "/Root 1 0 R"),
		"other catalogue":               pdftest.Update(data, pdftest.Objects{20: "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(x)>>/AcroForm<</SigFlags 3/Fields[8 0 R]>>>>"}, "/Root 20 0 R"),
		"font replaced":                 pdftest.Update(data, pdftest.Objects{5: "<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>"}, "/Root 1 0 R"),
		"bare objects":                  append(slices.Clone(data), []byte("4 0 obj\n"+evil+"\nendobj\n")...),
		"bare trailer":                  append(slices.Clone(data), []byte("4 0 obj\n"+evil+"\nendobj\ntrailer\n<</Root 1 0 R/Size 40>>\n")...),
		"bare text":                     append(slices.Clone(data), 'x'),
		"hidden objects in an update":   pdftest.Update(append(slices.Clone(data), []byte("4 0 obj\n"+evil+"\nendobj\n")...), pdftest.Objects{30: "null"}, "/Root 1 0 R/Prev 0"),
		"object freed":                  freed(t, data, 4),
		"changed behind two signatures": pdftest.Update(two, pdftest.Objects{4: evil}, "/Root 1 0 R"),
		"changed between signatures":    pdftest.Sign(t, pdftest.Update(data, pdftest.Objects{4: evil}, "/Root 1 0 R"), pdf.SignatureRequest{Reserve: 64}, value),
		"an attachment":                 pdftest.Update(data, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 20 0 R]>>>>/AcroForm<</SigFlags 3/Fields[8 0 R]>>>>", 20: "<</Type/Filespec>>"}, "/Root 1 0 R"),
	} {
		if name == "hidden objects in an update" {
			changed = bytes.Replace(changed, []byte("/Prev 0"), nil, 1)
		}
		if got := fault(t, changed); got != pdf.CodeChanged {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, kept := range map[string][]byte{
		"white space":     append(slices.Clone(data), "\n\n"...),
		"same object":     pdftest.Update(data, pdftest.Objects{5: "<</BaseFont/Helvetica/Type/Font /Subtype/Type1>>"}, "/Root 1 0 R"),
		"information":     pdftest.Update(data, pdftest.Objects{6: "<</Title(Other)>>"}, "/Root 1 0 R/Info 6 0 R"),
		"what verifies":   pdftest.Update(data, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/DSS 20 0 R/AcroForm<</SigFlags 3/Fields[8 0 R]>>>>", 20: "<</Type/DSS>>"}, "/Root 1 0 R"),
		"nobody's object": pdftest.Update(data, pdftest.Objects{20: evil}, "/Root 1 0 R"),
	} {
		if got := fault(t, kept); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	gone := pdftest.Update(data, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>"}, "/Root 1 0 R")
	if got := fault(t, gone); got != "lost" {
		t.Errorf("signature taken away: %q", got)
	}
}

// freed marks an object free in an update.
func freed(t testing.TB, data []byte, number int) []byte {
	t.Helper()
	start := len(data)
	return fmt.Appendf(slices.Clone(data), "xref\n%d 1\n0000000000 00001 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", number, pdftest.Start(data), start)
}

func TestD29_Shadow(t *testing.T) {
	shadow := pdftest.Plain().With(pdftest.Objects{
		3:  "<</Type/Page/Parent 2 0 R/Contents[4 0 R 21 0 R]/Resources<</Font<</F 5 0 R>>/XObject<</O 20 0 R>>>>>>",
		20: "<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length 0>>\nstream\n\nendstream",
		30: pdftest.Stream("BT /F 24 Tf 72 700 Td (Amount 999) Tj ET"), // waits for its use
	})
	base := pdftest.Table(shadow, "/Root 1 0 R")
	hidden := bytes.Index(base, []byte("30 0 obj")) // the same octets under another number: objects name themselves
	data := pdftest.Sign(t, base, pdf.SignatureRequest{Reserve: 64, Field: "A"}, value)
	crossOnly := fmt.Appendf(slices.Clone(data), "xref\n4 1\n%010d 00000 n\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", hidden, pdftest.Start(data), len(data))
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"hide: the cover is taken away":              {pdftest.Update(data, pdftest.Objects{20: "null"}, "/Root 1 0 R"), pdf.CodeChanged},
		"replace: a missing object appears":          {pdftest.Update(data, pdftest.Objects{21: pdftest.Stream("BT (more) Tj ET")}, "/Root 1 0 R"), pdf.CodeChanged},
		"hide and replace: the page points to it":    {pdftest.Update(data, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 30 0 R/Resources<</Font<</F 5 0 R>>>>>>"}, "/Root 1 0 R"), pdf.CodeChanged},
		"hide and replace: only the cross-reference": {crossOnly, pdf.CodeStructure},
	} {
		if got := fault(t, c.data); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	// Two objects of one number: the cross-reference alone chooses.
	twice := bytes.Replace(base, []byte("30 0 obj"), []byte("4  0 obj"), 1)
	twice = bytes.Replace(twice, []byte(fmt.Sprintf("30 1\n%010d 00000 n\r\n", hidden)), []byte(fmt.Sprintf("30 1\n%010d 00000 f\r\n", 0)), 1)
	data = pdftest.Sign(t, twice, pdf.SignatureRequest{Reserve: 64, Field: "A"}, value)
	chosen := fmt.Appendf(slices.Clone(data), "xref\n4 1\n%010d 00000 n\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", hidden, pdftest.Start(data), len(data))
	if got := fault(t, chosen); got != pdf.CodeChanged {
		t.Errorf("hide and replace by the cross-reference: %q", got)
	}
}

func TestD30_Certified(t *testing.T) {
	certified := func(level int) []byte {
		return pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: level}, value)
	}
	annotation := func(data []byte, what string) []byte {
		return pdftest.Update(data, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 20 0 R]>>", 20: what}, "/Root 1 0 R")
	}
	const note = "<</Type/Annot/Subtype/FreeText/Rect[70 690 300 730]/Contents(Amount 999)>>"
	for level := 1; level <= 3; level++ {
		data := certified(level)
		if got := fault(t, data); got != "" {
			t.Fatalf("certified %d: %q", level, got)
		}
		if got := fault(t, annotation(data, note)); got != pdf.CodeDocMDP {
			t.Errorf("evil annotation behind level %d: %q", level, got)
		}
		if got := fault(t, pdftest.Update(data, pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}, "/Root 1 0 R")); got != pdf.CodeDocMDP {
			t.Errorf("content behind level %d: %q", level, got)
		}
		f, _ := open(t, data)
		_, err := f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Picture: picture(t), Box: pdf.Box{X: 10, Y: 10, Width: 30, Height: 30}})
		if !errors.Is(err, pdf.ErrLocked) {
			t.Errorf("our own visible signature behind level %d: %v", level, err)
		}
	}
	// The sneaky signature: an attacker's writer does what ours refuses. Made from the invisible one by giving it an area.
	for level, want := range map[int]string{1: pdf.CodeDocMDP, 2: pdf.CodeDocMDP, 3: pdf.CodeDocMDP} {
		data := certified(level)
		if level == 1 {
			if f, _ := open(t, data); true {
				if _, err := f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES}); !errors.Is(err, pdf.ErrLocked) {
					t.Errorf("our own signature behind level 1: %v", err)
				}
			}
			data = bytes.Replace(certified(2), []byte("/P 2>>"), []byte("/P 3>>"), 1)
		}
		sneaky := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "S"}, value)
		at := bytes.LastIndex(sneaky, []byte("/Rect[0 0 0 0]"))
		sneaky = slices.Concat(sneaky[:at], []byte("/Rect[0 0 9 9]"), sneaky[at+len("/Rect[0 0 0 0]"):])
		if got := fault(t, sneaky); got != want {
			t.Errorf("sneaky signature behind level %d: %q", level, got)
		}
	}
	if got := fault(t, pdftest.Sign(t, certified(2), pdf.SignatureRequest{Reserve: 64, Field: "S"}, value)); got != "" {
		t.Errorf("a signature that shows nothing behind level 2: %q", got)
	}
	none := bytes.Replace(pdftest.Sign(t, certified(2), pdf.SignatureRequest{Reserve: 64, Field: "S"}, value), []byte("/P 2>>"), []byte("/P 1>>"), 1)
	if got := fault(t, none); got != pdf.CodeDocMDP {
		t.Errorf("a signature behind level 1: %q", got)
	}
}

func TestAnnotationThatIsNoSignatureIsAChange(t *testing.T) {
	data := signed(t)
	for name, what := range map[string]string{
		"note":              "<</Type/Annot/Subtype/FreeText/Rect[70 690 300 730]/Contents(x)>>",
		"empty field":       "<</Type/Annot/Subtype/Widget/FT/Sig/T(B)/Rect[70 690 300 730]>>",
		"field of a copy":   "<</Type/Annot/Subtype/Widget/FT/Sig/T(B)/V 7 0 R/Rect[0 0 0 0]>>",
		"form field filled": "<</Type/Annot/Subtype/Widget/FT/Tx/T(B)/V(x)/Rect[0 0 0 0]>>",
	} {
		changed := pdftest.Update(data, pdftest.Objects{
			1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[8 0 R 20 0 R]>>>>",
			3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 20 0 R]>>", 20: what,
		}, "/Root 1 0 R")
		if got := fault(t, changed); got != pdf.CodeChanged && (name != "field of a copy" || got != pdf.CodeRange) {
			t.Errorf("%s: %q", name, got)
		}
	}
	// A new signature whose field does something, or lies about being a widget, is refused as well.
	two := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
	for _, more := range []string{"/AA<<>>", "/A<</S/X>>", "/Kids[]"} {
		const old = "/F 132/Rect[0 0 0 0]"
		at := bytes.LastIndex(two, []byte(old))
		changed := slices.Concat(two[:at], fmt.Appendf(nil, "%-*s", len(old), more), two[at+len(old):])
		if got := fault(t, changed); got != pdf.CodeChanged {
			t.Errorf("%s: %q", more, got)
		}
	}
}

func TestEmptyFieldMayBeSignedAndNothingElseChanged(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{
		1:  "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[20 0 R 22 0 R]>>>>",
		3:  "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots[20 0 R 22 0 R]>>",
		20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Empty)/Rect[10 10 50 50]/P 3 0 R>>",
		22: "<</Type/Annot/Subtype/Widget/FT/Tx/T(Text)/V(old)/Rect[10 60 50 90]/P 3 0 R>>",
	})
	data := pdftest.Sign(t, pdftest.Table(base, "/Root 1 0 R"), pdf.SignatureRequest{Reserve: 64}, value)
	// A second signature under a name of its own, moved into the empty field by hand.
	two := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
	if got := fault(t, two); got != "" {
		t.Fatalf("two signatures: %q", got)
	}
	filled := pdftest.Update(data, pdftest.Objects{22: "<</Type/Annot/Subtype/Widget/FT/Tx/T(Text)/V(new)/Rect[10 60 50 90]/P 3 0 R>>"}, "/Root 1 0 R")
	if got := fault(t, filled); got != pdf.CodeChanged {
		t.Errorf("form filled: %q", got)
	}
	forged := pdftest.Update(data, pdftest.Objects{20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Empty)/Rect[10 10 50 50]/P 3 0 R/AP<</N 4 0 R>>>>"}, "/Root 1 0 R")
	if got := fault(t, forged); got != pdf.CodeChanged {
		t.Errorf("picture in an empty field: %q", got)
	}
}
