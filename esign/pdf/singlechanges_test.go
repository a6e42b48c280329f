package pdf_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// TestChangesOneByOne: what may follow a signature and its nearest neighbour that may not (D-27, D-29), by the kind of the object.
func TestChangesOneByOne(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{
		3:  "<</Type/Page/Parent 2 0 R/Contents[4 0 R 31 0 R]/Resources<</Font<</F 5 0 R>>>>/Kept 32 0 R/Thing[1(a)/N true null<</B 2>>]>>",
		31: pdftest.Stream("q Q"), 32: "<</Type/Page/Annots[]/LastModified(D:2026)>>", 33: "7",
	})
	good := pdftest.Sign(t, pdftest.Table(base, "/Root 1 0 R"), pdf.SignatureRequest{Reserve: 64}, value)
	if got := fault(t, good); got != "" {
		t.Fatal(got)
	}
	const page = "<</Type/Page/Parent 2 0 R/Contents[4 0 R 31 0 R]/Resources<</Font<</F 5 0 R>>>>/Kept 32 0 R/Thing[1(a)/N true null<</B 2>>]/Annots[35 0 R]>>"
	const catalog = "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[35 0 R]>>>>"
	swap := func(text, old, now string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("no %q in %q", old, text)
		}
		return strings.Replace(text, old, now, 1)
	}
	onPage := func(old, now string) pdftest.Objects { return pdftest.Objects{3: swap(page, old, now)} }
	inForm := func(old, now string) pdftest.Objects { return pdftest.Objects{1: swap(catalog, old, now)} }
	const note = "<</Type/Annot/Subtype/FreeText/Rect[0 0 9 9]/Contents(x)>>"
	for name, c := range map[string]struct {
		objects pdftest.Objects
		refused bool
	}{
		"the page as it was":               {pdftest.Objects{3: page}, false},
		"the catalogue as it was":          {pdftest.Objects{1: catalog}, false},
		"time of the page's last change":   {onPage("/Type/Page", "/Type/Page/LastModified(D:2027)"), false},
		"the same elsewhere in the page":   {onPage("/B 2", "/B 2/LastModified(D:2027)"), true},
		"another number":                   {onPage("[1(a)", "[2(a)"), true},
		"another text":                     {onPage("(a)", "(b)"), true},
		"the same text in another form":    {onPage("(a)", "<61>"), false},
		"another name":                     {onPage("/N true", "/M true"), true},
		"another truth":                    {onPage("true", "false"), true},
		"a number for null":                {onPage("null", "0"), true},
		"a name for a text":                {onPage("(a)", "/a"), true},
		"a list for a dictionary":          {onPage("<</B 2>>", "[2]"), true},
		"a dictionary for a list":          {onPage("[1(a)/N true null<</B 2>>]", "<<>>"), true},
		"a shorter list":                   {onPage("null<</B 2>>", "null"), true},
		"a longer list":                    {onPage("null<</B 2>>", "null<</B 2>>3"), true},
		"a key inside":                     {onPage("/B 2", "/B 3"), true},
		"a further key inside":             {onPage("/B 2", "/B 2/C 3"), true},
		"a key that is gone":               {onPage("/Kept 32 0 R", ""), true},
		"a key twice":                      {onPage("/Kept 32 0 R", "/Kept 32 0 R/Kept 32 0 R"), true},
		"an object for a number":           {pdftest.Objects{3: swap(page, "[1(a)", "[41 0 R(a)"), 41: "1"}, false},
		"an object for another number":     {pdftest.Objects{3: swap(page, "[1(a)", "[41 0 R(a)"), 41: "2"}, true},
		"a dictionary for an object":       {onPage("/Kept 32 0 R", "/Kept<</Type/Page/Annots[]/LastModified(D:2026)>>"), false},
		"another dictionary for an object": {onPage("/Kept 32 0 R", "/Kept<</Type/Page/Annots[]/Rotate 90>>"), true},
		"another object of the same kind":  {pdftest.Objects{3: swap(page, "/Kept 32", "/Kept 42"), 42: "<</Type/Page/Annots[]/LastModified(D:2026)>>"}, false},
		"content of another kind":          {onPage("/Contents[4 0 R 31 0 R]", "/Contents 4 0 R"), true},
		"content, the same again":          {pdftest.Objects{31: pdftest.Stream("q Q")}, false},
		"content by another length":        {pdftest.Objects{31: "<</Length 42 0 R>>\nstream\nq Q\nendstream", 42: "3"}, false},
		"content with another filter":      {pdftest.Objects{31: "<</Length 3/Filter/X>>\nstream\nq Q\nendstream"}, true},
		"content of other octets":          {pdftest.Objects{31: pdftest.Stream("q q")}, true},
		"content that is no stream":        {pdftest.Objects{31: "<</Length 3>>"}, true},
		"a page that is a page no more":    {onPage("/Type/Page", "/Type/Pages"), true},
		"annotations taken away":           {onPage("/Annots[35 0 R]", "/Annots[]"), true},
		"annotations that are no list":     {onPage("/Annots[35 0 R]", "/Annots 7"), true},
		"no annotations":                   {onPage("/Annots[35 0 R]", ""), true},
		"annotation that is no object":     {onPage("/Annots[35 0 R]", "/Annots[35 0 R "+note+"]"), true},
		"annotation of another kind":       {pdftest.Objects{3: swap(page, "[35 0 R]", "[35 0 R 43 0 R]"), 43: note}, true},
		"annotation that is not there":     {onPage("[35 0 R]", "[35 0 R 44 0 R]"), true},
		"annotation twice":                 {onPage("[35 0 R]", "[35 0 R 35 0 R]"), true},
		"form taken away":                  {inForm("/AcroForm<</SigFlags 3/Fields[35 0 R]>>", ""), true},
		"form that is no dictionary":       {inForm("/AcroForm<</SigFlags 3/Fields[35 0 R]>>", "/AcroForm[35 0 R]"), true},
		"flags of the form":                {inForm("/SigFlags 3", "/SigFlags 1"), false},
		"fields drawn anew":                {inForm("/SigFlags 3", "/SigFlags 3/NeedAppearances true"), true},
		"letters of the form":              {inForm("/SigFlags 3", "/SigFlags 3/DA(/Helv 0 Tf)"), true},
		"fonts of the form":                {inForm("/SigFlags 3", "/SigFlags 3/DR<<>>"), true},
		"a field that is no signature":     {pdftest.Objects{1: swap(catalog, "[35 0 R]", "[35 0 R 45 0 R]"), 45: "<</FT/Tx/T(x)>>"}, true},
		"a field that is signed by nobody": {pdftest.Objects{1: swap(catalog, "[35 0 R]", "[35 0 R 45 0 R]"), 45: "<</FT/Sig/T(x)>>"}, true},
		"what verifies signatures":         {inForm("/Pages 2 0 R", "/Pages 2 0 R/DSS<<>>/Extensions<<>>/Metadata 31 0 R/Version/1.7"), false},
		"what opens with the file":         {inForm("/Pages 2 0 R", "/Pages 2 0 R/OpenAction<<>>"), true},
		"the value of the signature":       {pdftest.Objects{34: "<</Type/Sig>>"}, true},
		"an object that nobody names":      {pdftest.Objects{46: "(note)"}, false},
		"an object that is broken":         {pdftest.Objects{31: "<</Length 99>>\nstream\nq Q\nendstream"}, true},
	} {
		if got := fault(t, pdftest.Update(good, c.objects, "/Root 1 0 R")); (got != "") != c.refused {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestWhatStandsBehindASignatureIsAccountedFor: nothing but updates that the file knows, their ends and white space.
func TestWhatStandsBehindASignatureIsAccountedFor(t *testing.T) {
	good := signed(t)
	updated := pdftest.Update(good, pdftest.Objects{39: "(note)"}, "/Root 1 0 R")
	for name, c := range map[string]struct {
		tail    string
		refused bool
	}{
		"nothing": {"", false}, "white space": {" \n\t\f\x00\r", false}, "a comment": {"% a comment\n", false}, "a further end": {"startxref\n" + fmt.Sprint(pdftest.Start(updated)) + "\n%%EOF\n", false},
		"a word": {"word", true}, "an object": {"40 0 obj\n(x)\nendobj\n", true}, "startxref without an offset": {"startxref\n% none\n", true}, "startxref of a word": {"startxref x\n", true}, "a number": {"7", true},
	} {
		if !strings.HasPrefix(c.tail, "startxref") { // behind which the next update would begin
			between := slices.Concat(good, []byte(c.tail))
			if got := fault(t, pdftest.Update(between, pdftest.Objects{39: "(note)"}, "/Root 1 0 R")); (got != "") != c.refused {
				t.Errorf("%s between: %q", name, got)
			}
		}
		if strings.HasPrefix(c.tail, "startxref") && c.refused {
			continue // a file that ends so has no cross-references at all
		}
		if got := fault(t, slices.Concat(updated, []byte(c.tail))); (got != "") != c.refused {
			t.Errorf("%s at the end: %q", name, got)
		}
	}
}

// TestCertificationsAreJudgedByTheStrictest: of those that were there when the signature was made.
func TestCertificationsAreJudgedByTheStrictest(t *testing.T) {
	two := func(first, second int) []byte {
		data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: first}, value)
		if second == 0 {
			return pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "Second"}, value)
		}
		later := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "Second", Reason: strings.Repeat("x", 70)}, value)
		old := "/Reason(" + strings.Repeat("x", 70) + ")"
		reference := fmt.Sprintf("/Reference[<</TransformMethod/DocMDP/TransformParams<</P %d>>>>]", second)
		return bytes.Replace(later, []byte(old), fmt.Appendf(nil, "%-*s", len(old), reference), 1)
	}
	change := pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"one behind 2":                    {two(2, 0), ""},
		"a certification behind 2":        {two(2, 3), ""},
		"a strict one behind 2":           {two(2, 1), ""},
		"change behind a certification":   {pdftest.Update(two(2, 0), change, "/Root 1 0 R"), pdf.CodeDocMDP},
		"change behind a plain signature": {pdftest.Update(signed(t), change, "/Root 1 0 R"), pdf.CodeChanged},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
	// The first signature is none that certifies; what came later does not forbid what came between.
	f, signatures := open(t, pdftest.Update(signed(t), change, "/Root 1 0 R"))
	if changes, err := f.Changes(signatures[0], signatures); err != nil || changes.Code != pdf.CodeChanged || !changes.Added || changes.Visible {
		t.Errorf("%+v %v", changes, err)
	}
}

// TestLostSignaturesAreNamedOnce: with the names of their fields, from every revision that had them.
func TestLostSignaturesAreNamedOnce(t *testing.T) {
	data := signed(t)
	for range 3 {
		data = pdftest.Update(data, pdftest.Objects{39: "(note)"}, "/Root 1 0 R")
	}
	data = pdftest.Update(data, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>"}, "/Root 1 0 R")
	f, signatures := open(t, data)
	lost, err := f.Lost(signatures)
	if err != nil || !slices.Equal(lost, []string{"Signature1"}) {
		t.Errorf("%v %v", lost, err)
	}
	f, signatures = open(t, signed(t))
	if lost, err := f.Lost(signatures); err != nil || len(lost) > 0 {
		t.Errorf("%v %v", lost, err)
	}
	for sections, good := range map[int]bool{65: true, 66: false} { // with the document's own section
		long := pdftest.Document()
		for range sections - 1 {
			long = pdftest.Update(long, pdftest.Objects{39: "null"}, "/Root 1 0 R")
		}
		f, signatures := open(t, long)
		if _, err := f.Lost(signatures); (err == nil) != good {
			t.Errorf("%d sections: %v", sections, err)
		}
	}
}

// TestASignatureThatAnotherOneReplacesIsLost: a field that was signed and is signed again by an update hides who signed first (D-13).
func TestASignatureThatAnotherOneReplacesIsLost(t *testing.T) {
	const field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V 20 0 R/F 132/Rect[0 0 0 0]/P 3 0 R>>"
	again := func(data []byte) []byte {
		return laterRange(pdftest.Update(data, pdftest.Objects{20: laterValue, 8: field}, "/Root 1 0 R"))
	}
	for name, c := range map[string]struct {
		data []byte
		lost []string
	}{
		"signed again":             {again(signed(t)), []string{"Signature1"}},
		"signed once":              {signed(t), nil},
		"updated since":            {pdftest.Update(signed(t), pdftest.Objects{39: "(note)"}, "/Root 1 0 R"), nil},
		"a place that was kept":    {again(bytes.Replace(signed(t), []byte("/Contents<"), []byte("/Contentz<"), 1)), nil},
		"a value that was broken":  {again(bytes.Replace(signed(t), []byte("<</Type/Sig/"), []byte("<(/Type/Sig/"), 1)), nil},
		"a place that held zeros":  {again(zeroed(signed(t))), nil},
		"signed again and unclear": {pdftest.Update(again(signed(t)), pdftest.Objects{20: "<</Type/Sig>>"}, "/Root 1 0 R"), nil},
	} {
		f, signatures := open(t, c.data)
		if lost, err := f.Lost(signatures); err != nil || !slices.Equal(lost, c.lost) {
			t.Errorf("%s: %v %v", name, lost, err)
		}
	}
}

// zeroed is a signed file whose value was never filled in.
func zeroed(data []byte) []byte {
	out := slices.Clone(data)
	at := bytes.Index(out, []byte("/Contents<")) + len("/Contents<")
	for i := at; out[i] != '>'; i++ {
		out[i] = '0'
	}
	return out
}

func TestAPlainSignatureBehindACertificationKeepsIt(t *testing.T) {
	data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: 2}, value)
	data = pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "Second"}, value)
	f, signatures := open(t, pdftest.Update(data, pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}, "/Root 1 0 R"))
	for i, s := range signatures {
		if changes, err := f.Changes(s, signatures); err != nil || changes.Code != pdf.CodeDocMDP {
			t.Errorf("signature %d: %+v %v", i, changes, err)
		}
	}
}
