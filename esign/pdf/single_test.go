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

// The tests of this file hold checks that stand behind another one for most files, so that only a file made for them tells them apart
// (docs/reference/mutations.md).

func TestCrossReferenceTablesOneByOne(t *testing.T) {
	good := string(pdftest.Document())
	first := good[strings.Index(good, "1 1\n"):]
	entry := first[len("1 1\n") : len("1 1\n")+len("0000000000 00000 n\r\n")]
	end := len(good)
	for name, c := range map[string]struct {
		old, now string
		code     string
	}{
		"as it is":                 {"%%EOF", "%%EOF", ""},
		"number beyond the bound":  {"1 1\n" + entry, "8388608 1\n" + entry, pdf.CodeStructure},
		"number at the bound":      {"6 1\n", "8388607 1\n", ""},
		"count beyond the bound":   {"1 1\n" + entry, "1 8388608\n" + entry, pdf.CodeStructure},
		"first that is no number":  {"1 1\n" + entry, "x 1\n" + entry, pdf.CodeStructure},
		"count that is no number":  {"1 1\n" + entry, "1 x\n" + entry, pdf.CodeStructure},
		"offset that is none":      {entry, "xxxxxxxxxx 00000 n\r\n", pdf.CodeStructure},
		"generation that is none":  {entry, entry[:11] + "xxxxx n\r\n", pdf.CodeStructure},
		"generation too large":     {entry, entry[:11] + "65536 n\r\n", pdf.CodeStructure},
		"generation of another":    {"1 0 obj", "1 1 obj", pdf.CodeStructure},
		"root of a generation":     {"/Root 1 0 R", "/Root 1 1 R", pdf.CodeStructure},
		"offset 0 is not there":    {entry, "0000000000 00000 n\r\n", pdf.CodeStructure},
		"another header":           {"%PDF-", "%PDX-", pdf.CodeStructure},
		"no generation":            {entry, entry[:10] + "       n\r\n", pdf.CodeStructure},
		"Prev beyond all":          {"/Root 1 0 R", "/Prev 9223372036854775807/Root 1 0 R", pdf.CodeStructure},
		"XRefStm beyond all":       {"/Root 1 0 R", "/XRefStm 9223372036854775807/Root 1 0 R", pdf.CodeStructure},
		"trailer that is none":     {"trailer\n<<", "trailer\n[<<", pdf.CodeStructure},
		"trailer that is a number": {good[strings.Index(good, "trailer\n"):strings.Index(good, "startxref")], "trailer\n7\n", pdf.CodeStructure},
		"Prev outside":             {"/Root 1 0 R", fmt.Sprintf("/Prev %d/Root 1 0 R", end+1000), pdf.CodeStructure},
		"Prev below zero":          {"/Root 1 0 R", "/Prev -1/Root 1 0 R", pdf.CodeStructure},
		"Prev that is a name":      {"/Root 1 0 R", "/Prev/X/Root 1 0 R", pdf.CodeStructure},
		"XRefStm below zero":       {"/Root 1 0 R", "/XRefStm -1/Root 1 0 R", pdf.CodeStructure},
		"XRefStm that is a name":   {"/Root 1 0 R", "/XRefStm/X/Root 1 0 R", pdf.CodeStructure},
		"XRefStm outside":          {"/Root 1 0 R", fmt.Sprintf("/XRefStm %d/Root 1 0 R", end+1000), pdf.CodeStructure},
		"Root that is no object":   {"/Root 1 0 R", "/Root<<>>", pdf.CodeStructure},
		"startxref at itself":      {fmt.Sprintf("startxref\n%d", pdftest.Start([]byte(good))), fmt.Sprintf("startxref\n%d", strings.Index(good, "startxref")), pdf.CodeStructure},
		"startxref without offset": {fmt.Sprintf("startxref\n%d", pdftest.Start([]byte(good))), "startxref\nx", pdf.CodeStructure},
		"cut behind startxref":     {"%%EOF\n", "", pdf.CodeStructure},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: no %q", name, c.old)
		}
		if got := fault(t, []byte(strings.Replace(good, c.old, c.now, 1))); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// crossed is a file of a catalogue and pages whose cross-reference stream has these members and rows.
func crossed(members string, rows ...byte) []byte {
	out := []byte("%PDF-1.7\n")
	at := [4]int{}
	for number, body := range []string{"", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"} {
		if body != "" {
			at[number] = len(out)
			out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, body)
		}
	}
	if rows == nil {
		rows = []byte{0, 0, 0, 0, 1, 0, byte(at[1]), 0, 1, 0, byte(at[2]), 0}
	}
	return fmt.Appendf(slices.Clone(out), "3 0 obj\n<</Root 1 0 R%s/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", members, len(rows), rows, len(out))
}

func TestCrossReferenceStreamsOneByOne(t *testing.T) {
	plain := crossed("/Type/XRef/Size 3/W[1 2 1]")
	at := func(number int) byte { return byte(bytes.Index(plain, fmt.Appendf(nil, "%d 0 obj", number))) }
	good := []byte{0, 0, 0, 0, 1, 0, at(1), 0, 1, 0, at(2), 0}
	wide := func(octets int, first byte) []byte { // good with offsets of so many octets
		rows := make([]byte, octets+2)
		for number := 1; number < 3; number++ {
			row := make([]byte, octets+2)
			row[0], row[1], row[octets] = 1, first, at(number)
			rows = append(rows, row...)
		}
		return rows
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"as it is":                    {plain, ""},
		"no type":                     {crossed("/Size 3/W[1 2 1]"), pdf.CodeStructure},
		"another type":                {crossed("/Type/ObjStm/Size 3/W[1 2 1]"), pdf.CodeStructure},
		"no size":                     {crossed("/Type/XRef/W[1 2 1]"), pdf.CodeStructure},
		"size below zero":             {crossed("/Type/XRef/Size -1/W[1 2 1]/Index[0 3]"), pdf.CodeStructure},
		"size that is a name":         {crossed("/Type/XRef/Size/X/W[1 2 1]/Index[0 3]"), pdf.CodeStructure},
		"size beyond the rows":        {crossed("/Type/XRef/Size 4/W[1 2 1]"), pdf.CodeStructure},
		"index of all":                {crossed("/Type/XRef/Size 3/Index[0 1 1 2]/W[1 2 1]"), ""},
		"index of some and none":      {crossed("/Type/XRef/Size 3/Index[0 3 5 0]/W[1 2 1]"), ""},
		"a later kind is null":        {bytes.Replace(crossed("/Type/XRef/Size 5/Index[0 3 4 1]/W[1 2 1]", append(slices.Clone(good), 7, 0, at(2), 0)...), []byte("<</Type/Catalog/Pages 2 0 R>>"), []byte("<</AcroForm 4 0 R          >>"), 1), ""},
		"index of three":              {crossed("/Type/XRef/Size 3/Index[0 3 0]/W[1 2 1]"), pdf.CodeStructure},
		"index that is none":          {crossed("/Type/XRef/Size 3/Index/X/W[1 2 1]"), pdf.CodeStructure},
		"size of none":                {crossed("/Type/XRef/Size 0/Index[0 3]/W[1 2 1]"), ""},
		"a hybrid section":            {crossed("/Type/XRef/Size 3/W[1 2 1]/XRefStm/X"), ""},
		"nine octets of an offset":    {crossed("/Type/XRef/Size 3/W[1 9 1]", wide(9, 0)...), pdf.CodeStructure},
		"eight octets of an offset":   {crossed("/Type/XRef/Size 3/W[1 8 1]", wide(8, 0)...), ""},
		"an offset beyond all":        {crossed("/Type/XRef/Size 4/W[1 8 1]", append(wide(8, 0), 1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0)...), ""}, // of an object that nobody reads
		"a catalogue beyond all":      {crossed("/Type/XRef/Size 3/W[1 8 1]", wide(8, 0x7f)...), pdf.CodeStructure},
		"one below zero":              {crossed("/Type/XRef/Size 4/W[1 8 1]", append(wide(8, 0), 1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)...), pdf.CodeStructure},
		"a generation below zero":     {crossed("/Type/XRef/Size 4/W[1 2 8]", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, at(1), 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, at(2), 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, at(2), 0xff, 0, 0, 0, 0, 0, 0, 0), pdf.CodeStructure},
		"a first number below zero":   {crossed("/Type/XRef/Size 3/Index[-1 1 0 3]/W[1 2 1]", append([]byte{0, 0, 0, 0}, good...)...), pdf.CodeStructure},
		"index of an update":          {fmt.Appendf(slices.Clone(plain), "4 0 obj\n<</Type/XRef/Root 1 0 R/Size 3/Index[]/W[1 2 1]/Prev %d/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", pdftest.Start(plain), len(plain)), ""},
		"index of an update, a name":  {fmt.Appendf(slices.Clone(plain), "4 0 obj\n<</Type/XRef/Root 1 0 R/Size 3/Index/X/W[1 2 1]/Prev %d/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", pdftest.Start(plain), len(plain)), pdf.CodeStructure},
		"index below zero":            {crossed("/Type/XRef/Size 3/Index[-1 3]/W[1 2 1]"), pdf.CodeStructure},
		"count below zero":            {crossed("/Type/XRef/Size 3/Index[0 3 0 -1]/W[1 2 1]"), pdf.CodeStructure},
		"number beyond the bound":     {crossed("/Type/XRef/Size 3/Index[0 3 8388608 1]/W[1 2 1]", append(slices.Clone(good), 0, 0, 0, 0)...), pdf.CodeStructure},
		"number at the bound":         {crossed("/Type/XRef/Size 3/Index[0 3 8388607 1]/W[1 2 1]", append(slices.Clone(good), 0, 0, 0, 0)...), ""},
		"no widths":                   {crossed("/Type/XRef/Size 3"), pdf.CodeStructure},
		"widths of nothing":           {crossed("/Type/XRef/Size 3/W[0 0 0]"), pdf.CodeStructure},
		"two widths":                  {crossed("/Type/XRef/Size 3/W[1 3]"), pdf.CodeStructure},
		"four widths":                 {crossed("/Type/XRef/Size 3/W[1 1 1 1]"), pdf.CodeStructure},
		"a width below zero":          {crossed("/Type/XRef/Size 3/W[-1 4 1]"), pdf.CodeStructure},
		"a width of nine":             {crossed("/Type/XRef/Size 1/W[1 9 0]", make([]byte, 10)...), pdf.CodeStructure},
		"a width of eight":            {crossed("/Type/XRef/Size 1/W[1 8 0]", make([]byte, 9)...), pdf.CodeStructure}, // without a catalogue
		"no kind is an object":        {crossed("/Type/XRef/Size 3/W[0 2 1]", 0, 9, 0, 0, at(1), 0, 0, at(2), 0), ""},
		"entry of a later kind":       {crossed("/Type/XRef/Size 4/W[1 2 1]", append(slices.Clone(good), 7, 0, 0, 0)...), ""},
		"generation beyond the bound": {crossed("/Type/XRef/Size 4/W[1 2 3]", 0, 0, 0, 0, 0, 0, 1, 0, at(1), 0, 0, 0, 1, 0, at(2), 0, 0, 0, 1, 0, at(1), 1, 0, 0), pdf.CodeStructure},
		"one of a free entry":         {crossed("/Type/XRef/Size 4/W[1 2 3]", 0, 0, 0, 0, 0, 0, 1, 0, at(1), 0, 0, 0, 1, 0, at(2), 0, 0, 0, 0, 0, 0, 1, 0, 0), ""},
		"offset below zero":           {crossed("/Type/XRef/Size 1/W[1 8 0]", 1, 0xff, 0, 0, 0, 0, 0, 0, 0), pdf.CodeStructure},
		"no stream":                   {fmt.Appendf(nil, "%%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 1/W[1 1 1]>>\nendobj\nstartxref\n9\n%%%%EOF\n"), pdf.CodeStructure},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

func TestLimitsAtTheirLastGoodValue(t *testing.T) {
	two := pdftest.Sign(t, signed(t), pdf.SignatureRequest{Reserve: 64, Field: "Second"}, value)
	open := func(change func(*pdf.Limits)) error {
		limits := pdf.DefaultLimits()
		change(&limits)
		f, err := pdf.Open(two, limits)
		if err != nil {
			return err
		}
		_, err = f.Signatures()
		return err
	}
	f, err := pdf.Open(two, pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	entries := bytes.Count(two, []byte(" n\r\n")) + bytes.Count(two, []byte(" f\r\n"))
	for name, c := range map[string]struct {
		set  func(*pdf.Limits, int)
		last int
	}{
		"octets":     {func(l *pdf.Limits, n int) { l.Bytes = n }, len(two)},
		"sections":   {func(l *pdf.Limits, n int) { l.Sections = n }, f.Revisions()},
		"signatures": {func(l *pdf.Limits, n int) { l.Signatures = n }, 2},
		"entries":    {func(l *pdf.Limits, n int) { l.Entries = n }, entries},
	} {
		if err := open(func(l *pdf.Limits) { c.set(l, c.last) }); err != nil {
			t.Errorf("%s: %d are refused: %v", name, c.last, err)
		}
		if err := open(func(l *pdf.Limits) { c.set(l, c.last-1) }); err == nil || err.(*pdf.Error).Code != pdf.CodeLimit {
			t.Errorf("%s: %d are read: %v", name, c.last, err)
		}
	}
}

// TestFormsThatAreOdd: a form is walked in one way or not at all.
func TestFormsThatAreOdd(t *testing.T) {
	form := func(catalog string, more pdftest.Objects) []byte {
		return pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R" + catalog + ">>"}).With(more), "/Root 1 0 R")
	}
	nested := func(levels int) pdftest.Objects {
		o := pdftest.Objects{}
		for i := range levels {
			o[100+i] = fmt.Sprintf("<</T(a)/Kids[%d 0 R]>>", 101+i)
		}
		o[100+levels] = "<</T(z)/FT/Tx>>"
		return o
	}
	pages := func(more pdftest.Objects) []byte { // are read when a field has a value
		return form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/V 12 0 R>>", 12: "<</Type/Sig>>"}.With(more))
	}
	refs := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d 0 R ", 100+i)
		}
		return b.String()
	}
	beside := func(n int) pdftest.Objects {
		o := pdftest.Objects{2: "<</Type/Pages/Kids[" + refs(n) + "]>>"}
		for i := range n {
			o[100+i] = "<<>>"
		}
		return o
	}
	below := func(levels int) pdftest.Objects {
		o := pdftest.Objects{2: "<</Type/Pages/Kids[100 0 R]>>"}
		for i := range levels - 1 {
			o[100+i] = fmt.Sprintf("<</Kids[%d 0 R]>>", 101+i)
		}
		o[99+levels] = "<</Type/Page>>"
		return o
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"20,001 fields":                   {form("/AcroForm<</Fields["+refs(20_001)+"]>>", nil), ""},
		"20,002 fields":                   {form("/AcroForm<</Fields["+refs(20_002)+"]>>", nil), pdf.CodeStructure},
		"pages as they are":               {pages(nil), pdf.CodeContents},
		"40,000 pages":                    {pages(beside(40_000)), pdf.CodeContents},
		"40,001 pages":                    {pages(beside(40_001)), pdf.CodeStructure},
		"64 levels of pages":              {pages(below(64)), pdf.CodeContents},
		"65 levels of pages":              {pages(below(65)), pdf.CodeStructure},
		"a page twice":                    {pages(pdftest.Objects{2: "<</Type/Pages/Kids[3 0 R 3 0 R]>>"}), pdf.CodeStructure},
		"a page that is not there":        {pages(pdftest.Objects{2: "<</Type/Pages/Kids[3 0 R 99 0 R]>>"}), pdf.CodeStructure},
		"broken kids of pages":            {pages(pdftest.Objects{2: "<</Type/Pages/Kids 13 0 R>>", 13: "[3"}), pdf.CodeStructure},
		"broken annotations":              {pages(pdftest.Objects{3: "<</Type/Page/Annots 13 0 R>>", 13: "[3"}), pdf.CodeStructure},
		"no form":                         {form("", nil), ""},
		"form that is no dictionary":      {form("/AcroForm 7", nil), ""},
		"fields that are no list":         {form("/AcroForm<</Fields 7>>", nil), ""},
		"form twice in the catalogue":     {form("/AcroForm<<>>/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)>>"}), pdf.CodeStructure},
		"fields twice in the form":        {form("/AcroForm<</Fields[]/Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)>>"}), pdf.CodeStructure},
		"a field that is no object":       {form("/AcroForm<</Fields[<</FT/Sig/T(a)>>]>>", nil), pdf.CodeStructure},
		"a field that is not there":       {form("/AcroForm<</Fields[99 0 R]>>", nil), ""},
		"the same field twice":            {form("/AcroForm<</Fields[10 0 R 10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)>>"}), pdf.CodeStructure},
		"32 levels":                       {form("/AcroForm<</Fields[100 0 R]>>", nested(32)), ""},
		"33 levels":                       {form("/AcroForm<</Fields[100 0 R]>>", nested(33)), pdf.CodeStructure},
		"a broken field":                  {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT"}), pdf.CodeStructure},
		"a broken name":                   {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T 11 0 R>>", 11: "(a"}), pdf.CodeStructure},
		"broken kids":                     {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/Kids 11 0 R>>", 11: "[12"}), pdf.CodeStructure},
		"a broken kid":                    {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/Kids[11 0 R]>>", 11: "<<"}), pdf.CodeStructure},
		"broken list of fields":           {form("/AcroForm<</Fields 11 0 R>>", pdftest.Objects{11: "[12"}), pdf.CodeStructure},
		"a value that is no dictionary":   {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/V 7>>"}), pdf.CodeContents},
		"a broken value":                  {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/V 11 0 R>>", 11: "<</Type"}), pdf.CodeStructure},
		"a text field with a value":       {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Tx/T(a)/V(b)>>"}), ""},
		"a value in the parent":           {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/V 12 0 R/Kids[11 0 R]>>", 11: "<</T(b)>>", 12: "<</Type/Sig>>"}), pdf.CodeContents},
		"a value for widgets of one":      {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/V 12 0 R/Kids[11 0 R]>>", 11: "<</Subtype/Widget>>", 12: "<</Type/Sig>>"}), pdf.CodeContents},
		"a key twice in the field":        {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{10: "<</FT/Sig/T(a)/T(b)/V 12 0 R>>", 12: "<</Type/Sig/ByteRange[0 1 2 3]/Contents<01>>>"}), pdf.CodeContents},
		"signature that is packed":        {pdftest.Packed(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]>>>>", 10: "<</FT/Sig/T(a)/V 12 0 R>>", 12: "<</Type/Sig/ByteRange[0 1 2 3]/Contents<01>>>"}), "/Root 1 0 R"), pdf.CodeRange},
		"kids of a page that go round":    {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{2: "<</Type/Pages/Kids[2 0 R]>>", 10: "<</FT/Sig/T(a)/V 12 0 R>>", 12: "<</Type/Sig>>"}), pdf.CodeStructure},
		"a page that is no object":        {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{2: "<</Type/Pages/Kids[<</Type/Page>>]>>", 10: "<</FT/Sig/T(a)/V 12 0 R>>", 12: "<</Type/Sig>>"}), pdf.CodeStructure},
		"a broken page":                   {form("/AcroForm<</Fields[10 0 R]>>", pdftest.Objects{3: "<</Type", 10: "<</FT/Sig/T(a)/V 12 0 R>>", 12: "<</Type/Sig>>"}), pdf.CodeStructure},
		"broken permissions":              {certified(t, "/Reference 30 0 R", pdftest.Objects{30: "[31"}), pdf.CodeStructure},
		"broken reference of permission":  {certified(t, "/Reference[30 0 R]", pdftest.Objects{30: "<</P"}), pdf.CodeStructure},
		"broken method of permission":     {certified(t, "/Reference[<</TransformMethod 30 0 R>>]", pdftest.Objects{30: "<</P"}), pdf.CodeStructure},
		"broken parameters of permission": {certified(t, "/Reference[<</TransformMethod/DocMDP/TransformParams 30 0 R>>]", pdftest.Objects{30: "<</P"}), pdf.CodeStructure},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// certified is a signed file with members in its signature and objects that stood before it.
func certified(t *testing.T, members string, more pdftest.Objects) []byte {
	t.Helper()
	objects := pdftest.Objects{
		20: strings.Replace(laterValue, "/Type/Sig", "/Type/Sig"+members, 1),
		13: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/V 20 0 R/F 132/Rect[0 0 0 0]/P 3 0 R>>",
		3:  "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[13 0 R]>>",
		1:  "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [13 0 R]>>>>",
	}
	return laterRange(pdftest.Update(pdftest.Table(pdftest.Plain().With(more), "/Root 1 0 R"), objects, "/Root 1 0 R"))
}

func TestPermissionsOfACertification(t *testing.T) {
	for members, want := range map[string]int{
		"": 0, "/Reference[]": 0, "/Reference null": 0, "/Reference[<</TransformMethod/FieldMDP/TransformParams<</P 1>>>>]": 0,
		"/Reference[<</TransformMethod/DocMDP>>]": 2, "/Reference[<</TransformMethod/DocMDP/TransformParams<</P 0>>>>]": 1, "/Reference[<</TransformMethod/DocMDP/TransformParams<</P 1>>>>]": 1,
		"/Reference[<</TransformMethod/DocMDP/TransformParams<</P 2>>>>]": 2, "/Reference[<</TransformMethod/DocMDP/TransformParams<</P 3>>>>]": 3, "/Reference[<</TransformMethod/DocMDP/TransformParams<</P 4>>>>]": 1, "/Reference[<</TransformMethod/DocMDP/TransformParams<</P/X>>>>]": 1,
		"/Reference[<</TransformMethod/FieldMDP>><</TransformMethod/DocMDP/TransformParams<</P 3>>>>]": 3,
		// D-30: no list, or something in it that is none of the references that are known.
		"/Reference 7": 1, "/Reference<</TransformMethod/DocMDP/TransformParams<</P 3>>>>": 1, "/Reference/DocMDP": 1, "/Reference 30 0 R": 1, "/Reference 31 0 R": 0, "/Reference 32 0 R": 3, "/Reference 33 0 R": 0,
		"/Reference[7]": 1, "/Reference[null]": 1, "/Reference[<<>>]": 1, "/Reference[<</TransformMethod(DocMDP)>>]": 1, "/Reference[<</TransformMethod 34 0 R/TransformParams<</P 3>>>>]": 3, "/Reference[<</TransformMethod 35 0 R>>]": 0,
		"/Reference[<</TransformMethod/FieldMDP>>7]": 1,
	} {
		_, signatures := open(t, certified(t, members, pdftest.Objects{30: "<</TransformMethod/DocMDP>>", 31: "[]", 32: "[<</TransformMethod/DocMDP/TransformParams<</P 3>>>>]", 33: "null", 34: "/DocMDP", 35: "/FieldMDP"}))
		if len(signatures) != 1 || signatures[0].Fault != nil || signatures[0].Certifies != want {
			t.Errorf("%s: %+v, want %d", members, signatures[0], want)
		}
	}
}

// TestD27_SignatureThatWasNotInItsField: what is signed is this field with this value, and nothing that a later update made of it.
func TestD27_SignatureThatWasNotInItsField(t *testing.T) {
	good := certified(t, "", nil)
	if got := fault(t, good); got != "" {
		t.Fatal(got)
	}
	const widget = "<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/V 20 0 R/F 132/Rect[0 0 0 0]/P 3 0 R>>"
	again := func(data []byte, objects pdftest.Objects) []byte { return pdftest.Update(data, objects, "/Root 1 0 R") }
	for name, data := range map[string][]byte{
		"of another name":          again(good, pdftest.Objects{13: strings.Replace(widget, "Later", "Earlier", 1)}),
		"in another field":         again(good, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [21 0 R]>>>>", 21: widget}),
		"of a field of text":       again(bytes.Replace(good, []byte("/FT/Sig"), []byte("/FT/Txt"), 1), pdftest.Objects{13: widget}),
		"of a field without value": again(bytes.Replace(good, []byte("/V 20 0 R"), []byte("/X 20 0 R"), 1), pdftest.Objects{13: widget}),
		"of another value":         again(bytes.Replace(good, []byte("/V 20 0 R"), []byte("/V  4 0 R"), 1), pdftest.Objects{13: widget}),
	} {
		f, signatures := open(t, data)
		if len(signatures) != 1 || signatures[0].Fault == nil || signatures[0].Fault.Code != pdf.CodeChanged || signatures[0].Whole(f) {
			t.Errorf("%s: %+v", name, signatures)
		}
	}
	t.Run("the value that it had stands elsewhere", func(t *testing.T) {
		objects := pdftest.Objects{
			20: strings.ReplaceAll(laterValue, "/ByteRange[0 0000000000", "/ByteRange[0 1111111111"), 21: laterValue, 13: widget,
			3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[13 0 R]>>", 1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [13 0 R]>>>>",
		}
		data := laterRange(pdftest.Update(pdftest.Document(), objects, "/Root 1 0 R"))
		_, signatures := open(t, again(data, pdftest.Objects{13: strings.Replace(widget, "/V 20", "/V 21", 1)}))
		if len(signatures) != 1 || signatures[0].Fault == nil || signatures[0].Fault.Code != pdf.CodeChanged {
			t.Errorf("%+v", signatures)
		}
	})
	t.Run("two fields without a value of their own", func(t *testing.T) {
		data := pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R 11 0 R]>>>>", 10: "<</FT/Sig/T(a)/V 12 0 R>>", 11: "<</FT/Sig/T(b)/V 12 0 R>>", 12: "<</Type/Sig>>"}), "/Root 1 0 R")
		_, signatures := open(t, data)
		if len(signatures) != 2 || signatures[0].Fault.Code != pdf.CodeContents || signatures[1].Fault.Code != pdf.CodeContents {
			t.Errorf("%+v", signatures)
		}
	})
}

func TestChangesAreToldInPart(t *testing.T) {
	good := signed(t)
	objects := pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R"}
	for i := range 40 {
		objects[40+i] = "<</Type/Annot/Subtype/FreeText/Rect[0 0 9 9]/Contents(x)>>"
		objects[3] += fmt.Sprintf(" %d 0 R", 40+i)
	}
	objects[3] += "]>>"
	data := pdftest.Update(good, objects, "/Root 1 0 R")
	f, signatures := open(t, data)
	changes, err := f.Changes(signatures[0], signatures)
	if err != nil || len(changes.Refused) != 20 || changes.Code != pdf.CodeChanged {
		t.Errorf("%v, %d told", err, len(changes.Refused))
	}
	if told := slices.Compact(slices.Sorted(slices.Values(changes.Refused))); len(told) != len(changes.Refused) {
		t.Error("one is told twice")
	}
}

// packed is a file whose catalogue, object 1, stands in object stream 4 with these members and content; row is its entry.
func packed(members, content string, row [4]byte, more string) []byte {
	out := []byte("%PDF-1.7\n")
	pages := len(out)
	out = fmt.Appendf(out, "2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n")
	stream := len(out)
	out = fmt.Appendf(out, "4 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n", members, len(content), content)
	number := len(out)
	out = fmt.Appendf(out, "5 0 obj\n%s\nendobj\n", more)
	rows := []byte{0, 0, 0, 0}
	rows = append(rows, row[:]...)
	for _, at := range []int{pages, 0, stream, number} {
		kind := byte(1)
		if at == 0 {
			kind = 0
		}
		rows = append(rows, kind, byte(at>>8), byte(at), 0)
	}
	return fmt.Appendf(slices.Clone(out), "3 0 obj\n<</Type/XRef/Root 1 0 R/Size 6/W[1 2 1]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(rows), rows, len(out))
}

func TestObjectStreamsOneByOne(t *testing.T) {
	const content = "1 0 <</Type/Catalog/Pages 2 0 R>>"
	const members = "/Type/ObjStm/N 1/First 4"
	in := [4]byte{2, 0, 4, 0}
	// with changes octets of the entry of the object stream.
	with := func(data []byte, at int, octet byte) []byte {
		data[bytes.LastIndex(data, []byte("stream\n\x00\x00\x00\x00"))+len("stream\n")+4*4+at] = octet
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"as it is":                    {packed(members, content, in, "0"), ""},
		"another type":                {packed("/Type/XRef/N 1/First 4", content, in, "0"), pdf.CodeStructure},
		"no type":                     {packed("/N 1/First 4", content, in, "0"), pdf.CodeStructure},
		"no count":                    {packed("/Type/ObjStm/First 4", content, in, "0"), pdf.CodeStructure},
		"count below zero":            {packed("/Type/ObjStm/N -1/First 4", content, in, "0"), pdf.CodeStructure},
		"count of none":               {packed("/Type/ObjStm/N 0/First 4", content, in, "0"), pdf.CodeStructure},
		"count beyond the header":     {packed("/Type/ObjStm/N 2/First 4", content, in, "0"), pdf.CodeStructure},
		"count beyond all":            {packed("/Type/ObjStm/N 999/First 4", content, in, "0"), pdf.CodeStructure},
		"no first":                    {packed("/Type/ObjStm/N 1", content, in, "0"), pdf.CodeStructure},
		"first below zero":            {packed("/Type/ObjStm/N 1/First -4", content, in, "0"), pdf.CodeStructure},
		"first beyond all":            {packed("/Type/ObjStm/N 1/First 99", content, in, "0"), pdf.CodeStructure},
		"offset beyond all":           {packed(members, "1 99"+content[4:], in, "0"), pdf.CodeStructure},
		"number that is none":         {packed(members, "x 0 "+content[4:], in, "0"), pdf.CodeStructure},
		"number of another object":    {packed(members, "2 0 "+content[4:], in, "0"), pdf.CodeStructure},
		"first beyond everything":     {packed("/Type/ObjStm/N 1/First 99999999", content, in, "0"), pdf.CodeStructure},
		"offset that is none":         {packed(members, "1 x "+content[4:], in, "0"), pdf.CodeStructure},
		"one that nobody reads":       {packed("/Type/ObjStm/N 2/First 9", "1 0 9 29 <</Type/Catalog/Pages 2 0 R>>", in, "0"), ""},
		"one beyond all":              {packed("/Type/ObjStm/N 2/First 9", "1 0 9 30 <</Type/Catalog/Pages 2 0 R>>", in, "0"), pdf.CodeStructure},
		"stream of a generation":      {with(bytes.Replace(packed(members, content, in, "0"), []byte("4 0 obj"), []byte("4 1 obj"), 1), 3, 1), pdf.CodeStructure},
		"stream that is free, there":  {with(packed(members, content, in, "0"), 0, 0), pdf.CodeStructure},
		"a generation of its own":     {bytes.Replace(packed(members, content, in, "0"), []byte("/Root 1 0 R"), []byte("/Root 1 1 R"), 1), pdf.CodeStructure},
		"index beyond the stream":     {packed(members, content, [4]byte{2, 0, 4, 1}, "0"), pdf.CodeStructure},
		"stream that is not there":    {packed(members, content, [4]byte{2, 0, 9, 0}, "0"), pdf.CodeStructure},
		"stream that is free":         {packed(members, content, [4]byte{2, 0, 3, 0}, "0"), pdf.CodeStructure},
		"stream in itself":            {packed(members, content, [4]byte{2, 0, 1, 0}, "0"), pdf.CodeStructure},
		"no stream":                   {packed(members, content, [4]byte{2, 0, 5, 0}, "<</Type/ObjStm>>"), pdf.CodeStructure},
		"length elsewhere":            {lengthAt(content, "5 0 R", fmt.Sprint(len(content))), ""},
		"length elsewhere, wrong":     {lengthAt(content, "5 0 R", "7"), pdf.CodeStructure},
		"length that is a name":       {lengthAt(content, "5 0 R", "/X"), pdf.CodeStructure},
		"length and more":             {lengthAt(content, "5 0 R", fmt.Sprint(len(content), " 7")), pdf.CodeStructure},
		"length of a free object":     {lengthAt(content, "3 0 R", fmt.Sprint(len(content))), pdf.CodeStructure},
		"length of another object":    {lengthAt(content, "9 0 R", fmt.Sprint(len(content))), pdf.CodeStructure},
		"length of a generation":      {lengthAt(content, "5 1 R", fmt.Sprint(len(content))), pdf.CodeStructure},
		"length in the stream itself": {lengthAt(content, "1 0 R", fmt.Sprint(len(content))), pdf.CodeStructure},
	} {
		if got := fault(t, c.data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// lengthAt is packed with a length that is referred to.
func lengthAt(content, ref, length string) []byte {
	whole := packed("/Type/ObjStm/N 1/First 4", content, [4]byte{2, 0, 4, 0}, length)
	in := fmt.Sprintf("/Length %d>>\nstream\n%s", len(content), content)
	swapped := bytes.Replace(whole, []byte("/First 4"+in), []byte("/First 4/Length "+ref+">>\nstream\n"+content), 1)
	// The offsets of what follows move by as much.
	moved := len(swapped) - len(whole)
	at := bytes.LastIndex(swapped, []byte("5 0 obj"))
	rows := bytes.LastIndex(swapped, []byte("stream\n\x00\x00\x00\x00")) + len("stream\n") + 5*4
	swapped[rows+1], swapped[rows+2] = byte(at>>8), byte(at)
	start := bytes.LastIndex(swapped, []byte("startxref\n")) + len("startxref\n")
	return append(swapped[:start], fmt.Appendf(nil, "%d\n%%%%EOF\n", pdftest.Start(whole)+moved)...)
}

// TestD29_SignedRevisionThatEndsBehindItself: a section that the signed revision leans on stands behind what is signed, so that it can be
// written afterwards.
func TestD29_SignedRevisionThatEndsBehindItself(t *testing.T) {
	base := pdftest.Document()
	raw := pdftest.Update(base, pdftest.Objects{
		20: laterValue,
		13: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Later)/V 20 0 R/F 132/Rect[0 0 0 0]/P 3 0 R>>",
		3:  "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[13 0 R]>>",
		1:  "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields [13 0 R]>>>>",
	}, "/Root 1 0 R")
	const behind = 9000
	prev := fmt.Appendf(nil, "/Prev %d", pdftest.Start(base))
	signed := laterRange(bytes.Replace(raw, prev, fmt.Appendf(nil, "/Prev %d", behind), 1))
	out := append(slices.Clone(signed), bytes.Repeat([]byte(" "), behind-len(signed))...)
	out = fmt.Appendf(out, "xref\n0 1\n0000000000 65535 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\n", pdftest.Start(base))
	latest := len(out)
	out = fmt.Appendf(out, "xref\n0 1\n0000000000 65535 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", pdftest.Start(signed), latest)
	if got := fault(t, out); got != pdf.CodeRange {
		t.Errorf("%q", got)
	}
}

// TestSectionsAtTheBeginning: where a file's cross-references stand first, what names none is not read as naming them.
func TestSectionsAtTheBeginning(t *testing.T) {
	// front is a file whose table, or what stands in its place, comes before its objects.
	front := func(table, tail string) []byte {
		body := []string{"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n", "2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"}
		head := "%PDF-1.7\n"
		first := len(head) + len(table)
		text := strings.NewReplacer("FIRST", fmt.Sprintf("%05d", first), "NEXT0", fmt.Sprintf("%05d", first+len(body[0])), "THEN0", fmt.Sprintf("%05d", first+len(body[0])+len(body[1])))
		return []byte(head + text.Replace(table) + body[0] + body[1] + text.Replace(tail))
	}
	const rows = "xref\n0 3\n00000 65535 f\r\nFIRST 00000 n\r\nNEXT0 00000 n\r\ntrailer\n<</Size 3/Root 1 0 R>>\n"
	const stream = "3 0 obj<</Type/XRef/Size 1/W[1 1 1]/Length 3>>stream\n\x00\x00\x00endstream endobj\n"
	const update = "xref\n0 1\n00000 65535 f\r\ntrailer\n<</Size 3/Root 1 0 R/Prev 0>>\nstartxref\nTHEN0\n%%EOF\n"
	for name, c := range map[string]struct {
		table, tail, code, words string
	}{
		"named":                      {rows, "startxref\n0\n%%EOF\n", "", ""},
		"not named at all":           {rows, "", pdf.CodeStructure, "no startxref"},
		"named by no number":         {rows, "startxref\n%%EOF\n", pdf.CodeStructure, "no end-of-file mark"},
		"named by a word":            {rows, "startxref\nx\n%%EOF\n", pdf.CodeStructure, "no end-of-file mark"},
		"named by Prev":              {rows, update, "", ""},
		"behind the last offset":     {"", "startxref\nLATER\n%%EOF\n" + rows, pdf.CodeStructure, "startxref names no offset"},
		"a hybrid section":           {stream, strings.Replace(strings.Replace(strings.Replace(rows, "/Root", "/XRefStm 0/Root", 1), "65535", "65535", 1), "xref", "xref", 1) + "startxref\nTHEN0\n%%EOF\n", "", ""},
		"a hybrid section by a name": {stream, strings.Replace(rows, "/Root", "/XRefStm/X/Root", 1) + "startxref\nTHEN0\n%%EOF\n", pdf.CodeStructure, "XRefStm is no offset"},
	} {
		data := front(c.table, c.tail)
		data = bytes.Replace(data, []byte("LATER"), fmt.Appendf(nil, "%05d", bytes.LastIndex(data, []byte("xref\n0 3"))), 1)
		if got := fault(t, data); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
		if _, err := pdf.Open(data, pdf.Limits{}); c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %v, want %q", name, err, c.words)
		}
	}
}

// TestTheEndOfASignedRevision is looked for in its last 2,048 octets.
func TestTheEndOfASignedRevision(t *testing.T) {
	objects := pdftest.Objects{20: laterValue, 13: fieldOf("Later", "/V 20 0 R/Rect[0 0 0 0]"), 3: pageOf("13 0 R"), 1: catalogOf("13 0 R")}
	data := pdftest.Update(pdftest.Document(), objects, root)
	for window, code := range map[int]string{2048: "", 2049: pdf.CodeRange} {
		blanks := window - (len(data) - bytes.LastIndex(data, []byte("startxref")))
		if got := fault(t, laterRange(append(slices.Clone(data), bytes.Repeat([]byte{' '}, blanks)...))); got != code {
			t.Errorf("%d octets: %q", window, got)
		}
	}
}
