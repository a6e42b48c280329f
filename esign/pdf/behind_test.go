package pdf_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

const root = "/Root 1 0 R"

var time0 = time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)

// catalogOf and pageOf are the objects 1 and 3 of a document whose form and page list these fields and annotations.
func catalogOf(fields string) string {
	return "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[" + fields + "]>>>>"
}

func pageOf(annotations string) string {
	return "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots[" + annotations + "]>>"
}

func fieldOf(name, more string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Sig/T(" + name + ")/F 132" + more + "/P 3 0 R>>"
}

// secondSignature adds an update with a signature over it in object 30, as whoever writes the update alone would.
func secondSignature(data []byte, objects pdftest.Objects) []byte {
	return laterRange(pdftest.Update(data, objects.With(pdftest.Objects{30: laterValue}), root))
}

// TestEmptyFieldsThatAreSignedLater (D-27): which field may get a value, and what else may become of it.
func TestEmptyFieldsThatAreSignedLater(t *testing.T) {
	const zero, signedNow = "/Rect[0 0 0 0]", "/Rect[0 0 0 0]/V 30 0 R"
	base := pdftest.Plain().With(pdftest.Objects{1: catalogOf("20 0 R 21 0 R"), 3: pageOf("20 0 R 22 0 R"), 20: fieldOf("Empty", zero+"/Lock<</V 1>>"), 21: fieldOf("Apart", zero), 22: fieldOf("Orphan", zero)})
	data := pdftest.Sign(t, pdftest.Table(base, root), pdf.SignatureRequest{Reserve: 64}, value) // 23 is its value, 24 its field
	for name, c := range map[string]struct {
		objects pdftest.Objects
		code    string
	}{
		"an empty field":                       {pdftest.Objects{20: fieldOf("Empty", signedNow+"/Lock<</V 1>>/AP<<>>")}, ""},
		"with another lock":                    {pdftest.Objects{20: fieldOf("Empty", signedNow+"/Lock<</V 2>>")}, pdf.CodeChanged},
		"with another place":                   {pdftest.Objects{20: fieldOf("Empty", "/Rect[0 0 9 9]/V 30 0 R/Lock<</V 1>>")}, pdf.CodeChanged},
		"one that was on no page":              {pdftest.Objects{21: fieldOf("Apart", signedNow)}, ""},
		"one that was on no page, put onto it": {pdftest.Objects{21: fieldOf("Apart", signedNow), 3: pageOf("20 0 R 22 0 R 24 0 R 21 0 R")}, pdf.CodeChanged},
		"one that was in no form":              {pdftest.Objects{22: fieldOf("Orphan", signedNow), 1: catalogOf("20 0 R 21 0 R 24 0 R 22 0 R")}, pdf.CodeChanged},
		"a new one that is no annotation":      {pdftest.Objects{31: "<</FT/Sig/T(New)/V 30 0 R>>", 1: catalogOf("20 0 R 21 0 R 24 0 R 31 0 R")}, ""},
		"a new one of another kind":            {pdftest.Objects{31: "<</FT/Sig/T(New)/V 30 0 R/Subtype/Link>>", 1: catalogOf("20 0 R 21 0 R 24 0 R 31 0 R")}, pdf.CodeChanged},
	} {
		if got := fault(t, secondSignature(data, c.objects)); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// TestSignaturesThatComeBack (D-27): what an earlier signature signed and the signed revision did not show is no further signature.
func TestSignaturesThatComeBack(t *testing.T) {
	first := signed(t) // 7 is its value, 8 its field
	page := func(annotations string) string {
		return "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[" + annotations + "]>>"
	}
	const empty = "/Rect[0 0 0 0]"
	for name, c := range map[string]struct {
		between, behind pdftest.Objects
		refused         []string
	}{
		"a field that was taken out": {
			pdftest.Objects{1: catalogOf("13 0 R"), 3: page("13 0 R"), 13: fieldOf("B", empty+"/V 30 0 R")},
			pdftest.Objects{1: catalogOf("13 0 R 8 0 R"), 3: page("13 0 R 8 0 R")},
			[]string{"8: something was added that is no signature"},
		},
		"a value that was taken out": {
			pdftest.Objects{1: catalogOf("8 0 R 13 0 R"), 3: page("8 0 R 13 0 R"), 8: fieldOf("Signature1", empty), 13: fieldOf("B", empty+"/V 30 0 R")},
			pdftest.Objects{8: fieldOf("Signature1", empty+"/V 7 0 R")},
			[]string{"7: changed /V"},
		},
	} {
		f, signatures := open(t, pdftest.Update(secondSignature(first, c.between), c.behind, root))
		if len(signatures) != 2 || signatures[0].Fault != nil || signatures[1].Fault != nil || signatures[1].Field != "B" {
			t.Fatalf("%s: %+v", name, signatures)
		}
		if changes, err := f.Changes(signatures[1], signatures); err != nil || !slices.Equal(changes.Refused, c.refused) || changes.Code != pdf.CodeChanged {
			t.Errorf("%s: %+v %v", name, changes, err)
		}
	}
	two := pdftest.Sign(t, first, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
	if got := fault(t, secondSignature(two, pdftest.Objects{8: fieldOf("Signature1", empty+"/V 30 0 R")})); got != pdf.CodeChanged {
		t.Errorf("a field that is signed again: %q", got)
	}
}

// TestPagesThatSayElsewhereWhatTheyAre: the rules of pages are for what is one on both sides, in place.
func TestPagesThatSayElsewhereWhatTheyAre(t *testing.T) {
	direct := pageOf("24 0 R")
	elsewhere := strings.Replace(direct, "/Type/Page", "/Type 20 0 R", 1)
	for name, c := range map[string]struct {
		before, after, code string
	}{
		"in place":       {direct, direct, ""},
		"before":         {elsewhere, direct, pdf.CodeChanged},
		"now":            {direct, elsewhere, pdf.CodeChanged},
		"before and now": {elsewhere, elsewhere, pdf.CodeChanged},
	} {
		base := pdftest.Plain().With(pdftest.Objects{3: strings.Replace(c.before, "/Annots[24 0 R]", "", 1), 20: "/Page", 22: "7"})
		data := pdftest.Sign(t, pdftest.Table(base, root), pdf.SignatureRequest{Reserve: 64}, value) // 23 is its value, 24 its field
		second := pdftest.Objects{1: catalogOf("24 0 R 31 0 R"), 3: strings.Replace(c.after, "[24 0 R]", "[24 0 R 31 0 R]", 1), 31: fieldOf("B", "/Rect[0 0 0 0]/V 30 0 R")}
		if got := fault(t, secondSignature(data, second)); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// TestKeysThatStandTwiceBehindASignature (D-27): a page with two contents shows in some readers the one and in some the other.
func TestKeysThatStandTwiceBehindASignature(t *testing.T) {
	page := func(contents string) string { return "<</Type/Page/Parent 2 0 R" + contents + "/Annots[24 0 R]>>" }
	const both = "/Contents 20 0 R/Contents 4 0 R"
	base := pdftest.Plain().With(pdftest.Objects{3: strings.Replace(page(both), "/Annots[24 0 R]", "", 1), 20: pdftest.Stream("q Q"), 22: pdftest.Stream("BT (Amount 999) Tj ET")})
	// Signed by a writer that keeps what it does not know.
	data := secondSignature(pdftest.Table(base, root), pdftest.Objects{1: catalogOf("24 0 R"), 3: page(both), 24: fieldOf("A", "/Rect[0 0 0 0]/V 30 0 R")})
	for contents, code := range map[string]string{
		both: "", "/Contents 22 0 R/Contents 4 0 R": pdf.CodeChanged, "/Contents 20 0 R/Contents 22 0 R": pdf.CodeChanged, "/Contents 4 0 R": pdf.CodeChanged, "/Contents 20 0 R/Contents 20 0 R/Contents 4 0 R": pdf.CodeChanged,
	} {
		if got := fault(t, pdftest.Update(data, pdftest.Objects{3: page(contents)}, root)); got != code {
			t.Errorf("%s: %q, want %q", contents, got, code)
		}
	}
	if got := fault(t, pdftest.Update(data, pdftest.Objects{22: pdftest.Stream("")}, root)); got != "" {
		t.Errorf("what nothing reaches: %q", got)
	}
	if got := fault(t, pdftest.Update(data, pdftest.Objects{20: pdftest.Stream("BT (Amount 999) Tj ET")}, root)); got != pdf.CodeChanged {
		t.Errorf("what a value reaches that stands first: %q", got)
	}
	if got := fault(t, pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)); got != "" {
		t.Errorf("signed again: %q", got)
	}
}

// TestWhatCannotBeReadBehindASignature: a part that does not hold together is the file's fault, wherever it is met.
func TestWhatCannotBeReadBehindASignature(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Thing 7>>", 33: "<</N", 34: "[0 0 99 99", 35: "40 0 R"})
	data := pdftest.Sign(t, pdftest.Table(base, root), pdf.SignatureRequest{Reserve: 64}, value) // 36 is its value, 37 its field
	page := "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Thing 7/Annots[37 0 R]>>"
	catalog := catalogOf("37 0 R")
	picture := func(look string) pdftest.Objects {
		return pdftest.Objects{1: catalogOf("37 0 R 38 0 R"), 3: strings.Replace(page, "[37 0 R", "[37 0 R 38 0 R 39 0 R", 1), 38: fieldOf("B", "/Rect[0 0 0 0]/V 30 0 R/YinxinStamps[39 0 R]"),
			39: "<</Type/Annot/Subtype/Stamp/F 196/Rect[9 9 99 99]" + look + "/P 3 0 R>>", 31: "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream"}
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"as it was":                        {pdftest.Update(data, pdftest.Objects{1: catalog, 3: page}, root), ""},
		"a broken object for a number":     {pdftest.Update(data, pdftest.Objects{3: strings.Replace(page, "/Thing 7", "/Thing 33 0 R", 1)}, root), pdf.CodeStructure},
		"a broken object that is nobody's": {pdftest.Update(data, pdftest.Objects{39: "<</N"}, root), pdf.CodeStructure},
		"a picture":                        {secondSignature(data, picture("/AP<</N 31 0 R>>")), ""},
		"a picture of a broken look":       {secondSignature(data, picture("/AP 33 0 R")), pdf.CodeStructure},
		"a picture of a broken form":       {secondSignature(data, picture("/AP<</N 33 0 R>>")), pdf.CodeStructure},
		"a picture without a look":         {secondSignature(data, picture("/AP 7")), pdf.CodeChanged},
		"a picture of another look":        {secondSignature(data, picture("/AP<</D 31 0 R>>")), pdf.CodeChanged},
		"a picture of a broken place":      {secondSignature(data, picture("/Rect 34 0 R")), pdf.CodeStructure},
		"a catalogue that is elsewhere":    {pdftest.Update(data, pdftest.Objects{1: "39 0 R", 39: catalog}, root), pdf.CodeStructure},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
	// The signed revision's own catalogue stands in its trailer, or behind a second reference.
	own := catalogOf("38 0 R")
	for name, c := range map[string]struct {
		trailer string
		objects pdftest.Objects
		words   string
	}{
		"in the trailer":     {"/Root" + own, nil, "the trailer of the signed revision names no catalogue"},
		"behind a reference": {root, pdftest.Objects{1: "40 0 R", 40: own}, "no catalogue"},
	} {
		objects := pdftest.Objects{30: laterValue, 38: fieldOf("B", "/Rect[0 0 0 0]/V 30 0 R"), 3: pageOf("38 0 R")}
		first := laterRange(pdftest.Update(pdftest.Document(), objects.With(c.objects), c.trailer))
		f, signatures := open(t, pdftest.Update(first, pdftest.Objects{1: own}, root))
		if _, err := f.Changes(signatures[0], signatures); err == nil || !strings.Contains(err.Error(), c.words) || err.(*pdf.Error).Code != pdf.CodeStructure {
			t.Errorf("catalogue %s: %v", name, err)
		}
	}
}

// TestSectionsBehindASignature: entries of a later section are read where an update holds them.
func TestSectionsBehindASignature(t *testing.T) {
	data := signed(t)
	section := func(tail, rows string) []byte {
		out := append(slices.Clone(data), tail...)
		return fmt.Appendf(out, "xref\n%strailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", rows, pdftest.Start(data), len(out))
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"that begins where the signed revision ends": {section("", "30 1\n0000000000 00001 f\r\n"), ""},
		"with a free entry of a large number":        {section("", "30 1\n0000999999 00001 f\r\n"), ""},
		"with an entry inside the signed revision":   {section("", "30 1\n0000000012 00000 n\r\n"), ""},
		"with an entry outside":                      {section("", "30 1\n0000999999 00000 n\r\n"), pdf.CodeStructure},
		"behind a startxref":                         {section("startxref\n7\n%%EOF\n", "30 1\n0000000000 00001 f\r\n"), ""},
		"behind a startxref without offset":          {section("startxref\n%%EOF\n", "30 1\n0000000000 00001 f\r\n"), pdf.CodeChanged},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// TestAFaultySignatureSaysNothing of what is behind it, and certifies nothing.
func TestAFaultySignatureSaysNothing(t *testing.T) {
	f, signatures := open(t, edit(t, signed(t), "/ByteRange[0 ", "/ByteRange[1 ", true))
	if changes, err := f.Changes(signatures[0], signatures); err != nil || changes.Added || changes.Code != "" || signatures[0].Fault == nil || signatures[0].Whole(f) {
		t.Errorf("%+v %v", changes, err)
	}
	// The certified revision loses its signature to another one; the second signature was made behind both.
	data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: 2}, value)
	data = pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
	data = pdftest.Update(data, pdftest.Objects{8: fieldOf("Another", "/V 7 0 R/Rect[0 0 0 0]")}, root)
	f, signatures = open(t, data)
	if changes, err := f.Changes(signatures[1], signatures); err != nil || signatures[0].Fault == nil || signatures[0].Certifies != 2 || changes.Code != pdf.CodeChanged {
		t.Errorf("%+v %+v %v", signatures[0], changes, err)
	}
}

// TestTimeStampsBehindACertification (D-30): level 1 permits a time stamp over the document and nothing else.
func TestTimeStampsBehindACertification(t *testing.T) {
	data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: 1}, value)
	stamped := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, SubFilter: pdf.SubFilterTimestamp}, value)
	if got := fault(t, stamped); got != "" {
		t.Errorf("%q", got)
	}
	f, signatures := open(t, stamped)
	if changes, err := f.Changes(signatures[0], signatures); err != nil || changes.Code != "" || !slices.Equal(changes.Signatures, []string{"Signature2"}) {
		t.Errorf("%+v %v", changes, err)
	}
}

// TestD30_AreasThatAreHardToRead: behind a certification a new field shows nothing only when that can be told from its rectangle.
func TestD30_AreasThatAreHardToRead(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{33: "[0 0 99 99", 34: "[0 0 99 99]", 35: "0", 36: "9", 37: "(9"})
	data := pdftest.Sign(t, pdftest.Table(base, root), pdf.SignatureRequest{Reserve: 64, Certify: 2}, value) // 38 is its value, 39 its field
	for rect, code := range map[string]string{
		"": "", "/Rect null": "", "/Rect[0 0 0 0]": "", "/Rect[9 9 9 0]": "", "/Rect[0 9 9 9]": "", "/Rect[0 0 0.0 35 0 R]": "", "/Rect[9.5 9.5 0 0]": pdf.CodeDocMDP, "/Rect[0 0 9 36 0 R]": pdf.CodeDocMDP,
		"/Rect 34 0 R": pdf.CodeDocMDP, "/Rect[0 0 9 9 9]": pdf.CodeDocMDP, "/Rect[0 0(9)(9)]": pdf.CodeDocMDP, "/Rect 7": pdf.CodeDocMDP, "/Rect 33 0 R": pdf.CodeStructure, "/Rect[0 0 9 37 0 R]": pdf.CodeStructure,
	} {
		objects := pdftest.Objects{1: strings.Replace(catalogOf("39 0 R 40 0 R"), "/AcroForm", "/Perms<</DocMDP 38 0 R>>/AcroForm", 1), 3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[39 0 R 40 0 R]>>", 40: fieldOf("B", rect+"/V 30 0 R")}
		if got := fault(t, secondSignature(data, objects)); got != code {
			t.Errorf("%s: %q, want %q", rect, got, code)
		}
	}
}

// TestNoBoundHidesAnything (R11): whatever is left of a bound when it is met, the file is refused or judged as without it.
func TestNoBoundHidesAnything(t *testing.T) {
	whole := pdftest.Plain().With(pdftest.Objects{1: catalogOf("13 0 R"), 3: pageOf("13 0 R"), 13: fieldOf("A", "/V 20 0 R/Rect[0 0 0 0]"), 20: laterValue}) // signed by who made it
	replaced := secondSignature(laterRange(pdftest.Table(whole, root)), pdftest.Objects{13: fieldOf("A", "/V 30 0 R/Rect[0 0 0 0]")})
	packed := pdftest.Sign(t, pdftest.Packed(pdftest.Plain(), root), pdf.SignatureRequest{Reserve: 64}, value)
	removed := fmt.Appendf(slices.Clone(packed), "xref\n5 1\n0000000000 00001 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", pdftest.Start(packed), len(packed))
	judge := func(data []byte, limits pdf.Limits) (string, error) {
		f, err := pdf.Open(data, limits)
		if err != nil {
			return "", err
		}
		signatures, err := f.Signatures()
		if err != nil {
			return "", err
		}
		lost, err := f.Lost(signatures)
		if err != nil {
			return "", err
		}
		refused := ""
		for _, s := range signatures {
			changes, err := f.Changes(s, signatures)
			if err != nil {
				return "", err
			}
			refused += fmt.Sprintf(" %s %t %q %q", s.Field, s.Visible, changes.Refused, changes.Signatures)
		}
		return fmt.Sprint(lost, refused), nil
	}
	for name, data := range map[string][]byte{"a signature that is replaced": replaced, "an object that is taken away": removed} {
		want, err := judge(data, pdf.Limits{})
		if err != nil || !strings.Contains(want, "[A]") && !strings.Contains(want, "changed") {
			t.Fatalf("%s: %s %v", name, want, err)
		}
		for bound, c := range map[string]struct {
			set  func(*pdf.Limits, int)
			step int
		}{"tokens": {func(l *pdf.Limits, n int) { l.Tokens = n }, 1}, "octets": {func(l *pdf.Limits, n int) { l.Decoded = n }, 9}} {
			for n, done := 0, false; !done; n += c.step {
				limits := pdf.DefaultLimits()
				c.set(&limits, n)
				got, err := judge(data, limits)
				if done = err == nil; done && got != want || !done && !strings.Contains(err.Error(), pdf.CodeLimit) {
					t.Errorf("%s, %d %s: %s %v, want %s", name, n, bound, got, err, want)
				}
			}
		}
	}
}

// TestLostLooksThroughWhatCannotBeRead: a revision whose form does not hold together had no signatures.
func TestLostLooksThroughWhatCannotBeRead(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>", 10: "<</Fields"})
	data := pdftest.Update(pdftest.Table(base, root), pdftest.Objects{10: "<</Fields[]>>"}, root)
	for range 2 {
		data = pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64}, value)
	}
	if got := fault(t, data); got != "" {
		t.Errorf("%q", got)
	}
	gone := pdftest.Update(data, pdftest.Objects{10: "<</Fields[]>>"}, root)
	f, signatures := open(t, gone)
	if lost, err := f.Lost(signatures); err != nil || !slices.Equal(lost, []string{"Signature1", "Signature2"}) {
		t.Errorf("%v %v", lost, err)
	}
	if bytes.Count(gone, []byte("/Fields")) < 4 {
		t.Error("the form was not changed")
	}
}
