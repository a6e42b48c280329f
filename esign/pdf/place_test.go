package pdf_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// TestWhereAFieldStands: on the page whose annotations name its first widget that is there, else on the one that the widget names.
func TestWhereAFieldStands(t *testing.T) {
	const area, widget = "/Rect[9 9 99 99]", "<</Type/Annot/Subtype/Widget/Rect[9 9 99 99]>>"
	for name, c := range map[string]struct {
		field   string
		first   string // annotations of the first page
		second  string
		page    int
		visible bool
	}{
		"on its page":                  {area + "/P 3 0 R", "13 0 R", "", 1, true},
		"on the second":                {area + "/P 7 0 R", "", "13 0 R", 2, true},
		"on one, and names another":    {area + "/P 7 0 R", "13 0 R", "", 1, true},
		"on none, and names one":       {area + "/P 7 0 R", "", "", 2, true},
		"on none":                      {area, "", "", 0, true},
		"without an area":              {"/P 3 0 R/Rect[9 9 9 9]", "13 0 R", "", 1, false},
		"in a widget of its own":       {"/Kids[14 0 R]", "", "14 0 R", 2, true},
		"in the first that is there":   {"/Kids[99 0 R 14 0 R]", "", "14 0 R", 2, true},
		"in a widget that is direct":   {"/Kids[" + widget + " 14 0 R]", "", "14 0 R", 2, true},
		"in the first of two":          {"/Kids[15 0 R 14 0 R]", "15 0 R", "14 0 R", 1, false},
		"pictures that are no objects": {area + "/P 3 0 R/YinxinStamps[7(a)]", "13 0 R", "", 1, true},
	} {
		objects := pdftest.Objects{
			20: laterValue, 1: catalogOf("13 0 R"), 2: "<</Type/Pages/Kids[3 0 R 7 0 R]/Count 2/MediaBox[0 0 595 842]>>", 3: pageOf(c.first), 7: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]/Annots[" + c.second + "]>>",
			13: "<</FT/Sig/T(Later)/V 20 0 R/F 132" + c.field + ">>", 14: widget, 15: "<</Type/Annot/Subtype/Widget/Rect[9 9 9 9]>>",
		}
		_, signatures := open(t, laterRange(pdftest.Update(pdftest.Document(), objects, root)))
		box := map[int][4]float64{1: {0, 0, 595, 842}, 2: {0, 0, 200, 300}}[c.page]
		if s := signatures[0]; len(signatures) != 1 || s.Fault != nil || s.Page != c.page || s.Visible != c.visible || s.PageBox != box || len(s.Shown) > 0 != c.visible || c.visible && s.Shown[0].Page != c.page {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestPlacesThatShowNothing: what has no area is no place, and what lies beside its page or is hidden is not seen.
func TestPlacesThatShowNothing(t *testing.T) {
	for name, c := range map[string]struct {
		members string
		shown   int
		seen    bool
	}{
		"on the page": {"/Rect[9 9 99 99]", 1, true}, "of no width": {"/Rect[9 9 9 99]", 0, false}, "of no height": {"/Rect[9 9 99 9]", 0, false}, "no rectangle": {"/Rect[9 9 99]", 0, false},
		"left of the page": {"/Rect[-90 9 0 99]", 1, false}, "half left of it": {"/Rect[-90 9 1 99]", 1, true}, "right of it": {"/Rect[595 9 700 99]", 1, false}, "half right of it": {"/Rect[594 9 700 99]", 1, true},
		"below it": {"/Rect[9 -90 99 0]", 1, false}, "half below it": {"/Rect[9 -90 99 1]", 1, true}, "above it": {"/Rect[9 842 99 900]", 1, false}, "half above it": {"/Rect[9 841 99 900]", 1, true},
		"hidden": {"/Rect[9 9 99 99]/F 2", 1, false}, "not to be viewed": {"/Rect[9 9 99 99]/F 32", 1, false}, "printed": {"/Rect[9 9 99 99]/F 4", 1, true},
	} {
		objects := pdftest.Objects{20: laterValue, 1: catalogOf("13 0 R"), 3: pageOf("13 0 R"), 13: "<</FT/Sig/T(Later)/V 20 0 R" + c.members + "/P 3 0 R>>"}
		_, signatures := open(t, laterRange(pdftest.Update(pdftest.Document(), objects, root)))
		if s := signatures[0]; len(s.Shown) != c.shown || c.shown > 0 && s.Shown[0].Seen != c.seen || s.Hidden != (name == "hidden" || name == "not to be viewed") {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// On a page whose turn nobody knows it is told where it stands as if there were none.
	for page, want := range map[string]pdf.Box{"/Rotate 45": {X: 9 * 25.4 / 72, Y: 743 * 25.4 / 72, Width: 90 * 25.4 / 72, Height: 90 * 25.4 / 72}, "/UserUnit 0": {X: 9 * 25.4 / 72, Y: 743 * 25.4 / 72, Width: 90 * 25.4 / 72, Height: 90 * 25.4 / 72}} {
		objects := pdftest.Objects{20: laterValue, 1: catalogOf("13 0 R"), 3: strings.Replace(pageOf("13 0 R"), "/Annots", page+"/Annots", 1), 13: "<</FT/Sig/T(Later)/V 20 0 R/Rect[9 9 99 99]/P 3 0 R>>"}
		_, signatures := open(t, laterRange(pdftest.Update(pdftest.Document(), objects, root)))
		got := signatures[0].Shown[0].Box
		for _, d := range []float64{got.X - want.X, got.Y - want.Y, got.Width - want.Width, got.Height - want.Height} {
			if !(math.Abs(d) < 1e-9) {
				t.Errorf("%s: %+v", page, got)
				break
			}
		}
	}
}

// TestPicturesOfOneSignatureAreBounded at 2,000.
func TestPicturesOfOneSignatureAreBounded(t *testing.T) {
	for n, code := range map[int]string{2000: "", 2001: pdf.CodeLimit} {
		objects := pdftest.Objects{20: laterValue, 1: catalogOf("13 0 R"), 3: pageOf("13 0 R"), 13: fieldOf("Later", "/V 20 0 R/Rect[0 0 0 0]/YinxinStamps["+strings.Repeat("99 0 R ", n)+"]")}
		if got := fault(t, laterRange(pdftest.Update(pdftest.Document(), objects, root))); got != code {
			t.Errorf("%d: %q", n, got)
		}
	}
	for name, more := range map[string]pdftest.Objects{"list": {13: fieldOf("Later", "/V 20 0 R/Rect[0 0 0 0]/YinxinStamps 14 0 R"), 14: "[15"}, "picture": {13: fieldOf("Later", "/V 20 0 R/Rect[0 0 0 0]/YinxinStamps[14 0 R]"), 14: "<</A"}} {
		objects := pdftest.Objects{20: laterValue, 1: catalogOf("13 0 R"), 3: pageOf("13 0 R")}.With(more)
		if got := fault(t, laterRange(pdftest.Update(pdftest.Document(), objects, root))); got != pdf.CodeStructure {
			t.Errorf("a broken %s: %q", name, got)
		}
	}
}

// TestPagesAreObjects of their own, and a refusal says which are none.
func TestPagesAreObjects(t *testing.T) {
	for kid, words := range map[string]string{"<</Type/Page>>": "a page is not an indirect object", "99 0 R": "a page is missing"} {
		f, _ := open(t, pdftest.Table(pdftest.Plain().With(pdftest.Objects{2: "<</Type/Pages/Kids[" + kid + "]>>"}), root))
		if _, err := f.Pages(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", kid, err)
		}
	}
}

// TestValuesInPlaceOfAReference: a signature's dictionary may stand in its field.
func TestValuesInPlaceOfAReference(t *testing.T) {
	objects := pdftest.Objects{1: catalogOf("13 0 R"), 3: pageOf("13 0 R"), 13: fieldOf("Later", "/Rect[0 0 0 0]/V"+laterValue)}
	if got := fault(t, laterRange(pdftest.Update(pdftest.Document(), objects, root))); got != "" {
		t.Errorf("%q", got)
	}
}

// TestD28_ValueInAnObjectStream: octets of a stream have places of their own, which are none in the file.
func TestD28_ValueInAnObjectStream(t *testing.T) {
	for _, inline := range []bool{false, true} {
		_, signatures := open(t, valueInStream(inline))
		words := "the signature stands in an object stream"
		if inline { // the field that it stands in does
			words = "Contents does not stand at 600 as hexadecimal digits alone"
		}
		if failure := signatures[0].Fault; failure == nil || failure.Code != pdf.CodeRange || failure.Detail != words {
			t.Errorf("in its field %t: %v", inline, failure)
		}
	}
}

// valueInStream is a file whose signature stands in an object stream, by itself or in its field.
func valueInStream(inline bool) []byte {
	const at = 600 // where Contents stands in the stream, and digits that nobody reads in the file
	number, prefix, suffix := 12, "", ""
	if inline {
		number, prefix, suffix = 13, "<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/F 132/Rect[0 0 0 0]/P 3 0 R/V", ">>"
	}
	dictionary := prefix + "<</Type/Sig/ByteRange[0 00600 00614 0000000000]/Contents"
	inside := fmt.Sprintf("%d 0 ", number) + strings.Repeat(" ", at-len("12 0 ")-len(dictionary)) + dictionary + "<300302010700>>>" + suffix
	out := []byte("%PDF-1.7\n%" + strings.Repeat("0", 1000) + "\n")
	rows := []byte{}
	index := ""
	put := func(number int, body string) {
		index += fmt.Sprintf("%d 1 ", number)
		rows = append(rows, 1, byte(len(out)>>8), byte(len(out)), 0)
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, body)
	}
	put(1, catalogOf("13 0 R"))
	put(2, "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>")
	put(3, "<</Type/Page/Parent 2 0 R/Annots[13 0 R]>>")
	if !inline {
		put(13, fieldOf("Later", "/Rect[0 0 0 0]/V 12 0 R"))
	}
	put(14, fmt.Sprintf("<</Type/ObjStm/N 1/First 5/Length %d>>\nstream\n%s\nendstream", len(inside), inside))
	rows = append(rows, 2, 0, 14, 0)
	start := len(out)
	out = fmt.Appendf(out, "15 0 obj\n<</Type/XRef/Root 1 0 R/Size 16/W[1 2 1]/Index[%s%d 1]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", index, number, len(rows), rows, start)
	copy(out[bytes.Index(out, []byte("0000000000]")):], fmt.Sprintf("%010d", len(out)-614))
	return out
}

// TestTwoFieldsOfOneValueKeepTheirOwnFaults: one that an update gave the value of another is at fault, the other one is not.
func TestTwoFieldsOfOneValueKeepTheirOwnFaults(t *testing.T) {
	for _, order := range [][2]string{{"20 0 R", "22 0 R"}, {"22 0 R", "20 0 R"}} {
		base := pdftest.Plain().With(pdftest.Objects{1: catalogOf("20 0 R"), 20: fieldOf("Other", "/Rect[0 0 0 0]")})
		data := laterRange(pdftest.Update(pdftest.Table(base, root), pdftest.Objects{1: catalogOf(strings.Join(order[:], " ")), 3: pageOf("22 0 R"), 22: fieldOf("Own", "/Rect[0 0 0 0]/V 30 0 R"), 30: laterValue}, root))
		f, signatures := open(t, pdftest.Update(data, pdftest.Objects{20: fieldOf("Other", "/Rect[0 0 0 0]/V 30 0 R")}, root))
		for _, s := range signatures {
			if own := s.Field == "Own"; own != (s.Fault == nil) || !own && s.Fault.Code != pdf.CodeChanged || s.Whole(f) {
				t.Errorf("%v: %s %v", order, s.Field, s.Fault)
			}
		}
	}
	// A fault that is found when the range was read: what is behind the value.
	data := signed(t)
	contents := bytes.Index(data, []byte("/Contents<")) + len("/Contents")
	out := slices.Clone(data)
	copy(out[contents+20:], "41")
	if f, signatures := open(t, out); signatures[0].Fault == nil || signatures[0].End != len(out) || signatures[0].Whole(f) {
		t.Errorf("%+v", signatures[0])
	}
}

// TestSignedRevisionsThatCannotBeRead: what the signed revision did not hold together is no file that was signed.
func TestSignedRevisionsThatCannotBeRead(t *testing.T) {
	objects := pdftest.Objects{20: laterValue, 1: "<</Type/Catalog/Pages 2 0 R/AcroForm 14 0 R>>", 14: "<</Fields[13 0 R", 3: pageOf("13 0 R"), 13: fieldOf("Later", "/Rect[0 0 0 0]/V 20 0 R")}
	data := laterRange(pdftest.Update(pdftest.Document(), objects, root))
	if got := fault(t, pdftest.Update(data, pdftest.Objects{14: "<</Fields[13 0 R]>>"}, root)); got != pdf.CodeStructure {
		t.Errorf("a broken form: %q", got)
	}
	// Its hybrid section stands behind it, where it can be written afterwards.
	objects = pdftest.Objects{20: laterValue, 1: catalogOf("13 0 R"), 3: pageOf("13 0 R"), 13: fieldOf("Later", "/Rect[0 0 0 0]/V 20 0 R")}
	const behind = 9000
	data = laterRange(pdftest.Update(pdftest.Document(), objects, fmt.Sprintf("%s/XRefStm %d", root, behind)))
	out := append(slices.Clone(data), bytes.Repeat([]byte(" "), behind-len(data))...)
	out = append(out, "31 0 obj\n<</Type/XRef/Size 40/W[1 3 1]/Index[32 1]/Root 1 0 R/Length 5>>\nstream\n\x00\x00\x00\x00\x00\nendstream\nendobj\n"...)
	start := len(out)
	out = fmt.Appendf(out, "xref\n0 1\n0000000000 65535 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", pdftest.Start(data), start)
	_, signatures := open(t, out)
	if failure := signatures[0].Fault; failure == nil || failure.Code != pdf.CodeRange || !strings.Contains(failure.Detail, "stand behind it") {
		t.Errorf("a hybrid section behind: %v", failure)
	}
}
