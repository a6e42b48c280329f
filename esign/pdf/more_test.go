package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// hybrid adds an update with a table and, named by XRefStm, a stream that has entries of its own (ISO 32000-1 7.5.8.4). rows
// stand in the table, objects are named by the stream alone.
func hybrid(data []byte, rows string, objects pdftest.Objects) []byte {
	out := slices.Clone(data)
	var table []byte
	index := ""
	for number, body := range objects {
		index += fmt.Sprintf("%d 1 ", number)
		table = append(table, 1, byte(len(out)>>16), byte(len(out)>>8), byte(len(out)), 0)
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, body)
	}
	stream := len(out)
	out = fmt.Appendf(out, "31 0 obj\n<</Type/XRef/Size 40/W[1 3 1]/Index[%s]/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\n", index, len(table), table)
	return fmt.Appendf(out, "xref\n%strailer\n<</Size 40/Root 1 0 R/Prev %d/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n", rows, pdftest.Start(data), stream, len(out))
}

func TestHybridFiles(t *testing.T) {
	evil := pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}
	const freed = "4 1\n0000000000 00001 f\r\n"
	good := pdftest.Sign(t, hybrid(pdftest.Document(), "0 1\n0000000000 65535 f\r\n", pdftest.Objects{9: "<</A 1>>"}), pdf.SignatureRequest{Reserve: 64}, value)
	if got := fault(t, good); got != "" {
		t.Fatalf("signed hybrid file: %q", got)
	}
	data := signed(t)
	for name, changed := range map[string][]byte{
		"named by the stream alone":             hybrid(data, "0 1\n0000000000 65535 f\r\n", evil),
		"free in the table, used in the stream": hybrid(data, freed, evil),
		"free in the table":                     hybrid(data, freed, pdftest.Objects{9: "null"}),
	} {
		if got := fault(t, changed); got != pdf.CodeChanged {
			t.Errorf("%s: %q", name, got)
		}
	}
	table := pdftest.Update(pdftest.Document(), pdftest.Objects{9: "null"}, fmt.Sprintf("/Root 1 0 R/XRefStm %d", pdftest.Start(pdftest.Document())))
	const page = "BT /F 24 Tf 72 700 Td (Amount 100) Tj ET"
	for name, changed := range map[string][]byte{
		"free in the table, the same in the stream": hybrid(data, freed, pdftest.Objects{4: pdftest.Stream(page)}),
		"used in the table, another in the stream":  hybrid(data, fmt.Sprintf("4 1\n%010d 00000 n\r\n", bytes.Index(data, []byte("4 0 obj"))), evil),
	} {
		if got := fault(t, changed); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := fault(t, table); got != pdf.CodeStructure {
		t.Errorf("XRefStm names a table: %q", got)
	}
}

// A section that was prepared before signing and that a later startxref alone puts in force (shadow attack).
func TestD29_PreparedCrossReference(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{8: pdftest.Stream("xref\n30 1\n0000000000 00000 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev 00000>>\n")})
	data := pdftest.Sign(t, pdftest.Table(base, "/Root 1 0 R"), pdf.SignatureRequest{Reserve: 64}, value)
	data = bytes.Replace(data, []byte("/Prev 00000"), fmt.Appendf(nil, "/Prev %05d", pdftest.Start(data)), 1)
	if got := fault(t, data); got != "" {
		t.Fatalf("before: %q", got)
	}
	at := bytes.Index(data, []byte("xref\n30 1\n"))
	if got := fault(t, fmt.Appendf(slices.Clone(data), "startxref\n%d\n%%%%EOF\n", at)); got != pdf.CodeChanged {
		t.Errorf("prepared section: %q", got)
	}
}

func TestD27_TwoFieldsWithOneSignature(t *testing.T) {
	base := pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[20 0 R]>>>>", 20: "<</FT/Sig/T(Other)/X 21 0 R>>"})
	data := pdftest.Sign(t, pdftest.Table(base, "/Root 1 0 R"), pdf.SignatureRequest{Reserve: 64}, value)
	if got := fault(t, data); got != "" {
		t.Fatalf("before: %q", got)
	}
	if got := fault(t, edit(t, data, "/X 21 0 R", "/V 21 0 R", true)); got != pdf.CodeRange {
		t.Errorf("two fields: %q", got)
	}
}

func TestFieldOfANewSignatureIsOnlyThat(t *testing.T) {
	data := signed(t)
	two := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
	const old = "/F 132/Rect[0 0 0 0]"
	for name, more := range map[string]string{"parent": "/Parent 20 0 R", "kids": "/Kids[]"} {
		at := bytes.LastIndex(two, []byte(old))
		changed := slices.Concat(two[:at], fmt.Appendf(nil, "%-*s", len(old), more), two[at+len(old):])
		if got := fault(t, changed); got != pdf.CodeChanged {
			t.Errorf("%s: %q", name, got)
		}
	}
	at := bytes.LastIndex(two, []byte("/Subtype/Widget"))
	changed := slices.Concat(two[:at], []byte("/Subtype/Stampx"), two[at+len("/Subtype/Widget"):])
	if got := fault(t, changed); got != pdf.CodeChanged {
		t.Errorf("other subtype: %q", got)
	}
}

func TestFormKeysBehindASignature(t *testing.T) {
	data := signed(t)
	for name, form := range map[string]string{
		"appearances made by the viewer": "<</SigFlags 3/Fields[8 0 R]/NeedAppearances true>>",
		"XFA":                            "<</SigFlags 3/Fields[8 0 R]/XFA 4 0 R>>",
		"resources of the form":          "<</SigFlags 3/Fields[8 0 R]/DR<</Font<</F 5 0 R>>>>>>",
		"fields in another order":        "<</SigFlags 3/Fields[20 0 R 8 0 R]>>",
		"certification added":            "<</SigFlags 3/Fields[8 0 R]>>/Perms<</DocMDP 7 0 R>>",
	} {
		if got := fault(t, pdftest.Update(data, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm" + form + ">>", 20: "<</FT/Sig/T(C)>>"}, "/Root 1 0 R")); got != pdf.CodeChanged {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestUnknownCertificationPermitsNothing(t *testing.T) {
	data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Certify: 2}, value)
	for _, level := range []string{"/P 7>>", "/P()>>"} {
		two := pdftest.Sign(t, data, pdf.SignatureRequest{Reserve: 64, Field: "B"}, value)
		if got := fault(t, edit(t, two, "/P 2>>", level, true)); got != pdf.CodeDocMDP {
			t.Errorf("%s: %q", level, got)
		}
	}
}

func TestAddSignatureRefuses(t *testing.T) {
	box := pdf.Box{X: 10, Y: 10, Width: 30, Height: 30}
	good := pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES}
	with := func(change func(*pdf.SignatureRequest)) pdf.SignatureRequest {
		r := good
		change(&r)
		return r
	}
	faulty := edit(t, signed(t), "/ByteRange[0 ", "/ByteRange[1 ", true)
	page := func(members string, more pdftest.Objects) []byte {
		return pdftest.Table(pdftest.Plain().With(pdftest.Objects{3: "<</Type/Page/Parent 2 0 R" + members + ">>", 9: "<</N"}).With(more), "/Root 1 0 R")
	}
	numbered := func(size int) []byte {
		return edit(t, pdftest.Document(), "/Size 7", fmt.Sprintf("/Size %d", size), false)
	}
	xfa := pdftest.Table(pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA 4 0 R/Fields[]>>>>"}), "/Root 1 0 R")
	for name, c := range map[string]struct {
		data    []byte
		request pdf.SignatureRequest
		want    error
	}{
		"name taken":     {signed(t), with(func(r *pdf.SignatureRequest) { r.Field = "Signature1" }), pdf.ErrTaken},
		"name of levels": {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Field = "a.b" }), pdf.ErrInput},
		"no such page":   {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Page = 2 }), pdf.ErrUnknown},
		"beside the page": {pdftest.Document(), with(func(r *pdf.SignatureRequest) {
			r.Picture, r.Box = picture(t), pdf.Box{X: 300, Y: 10, Width: 9, Height: 9}
		}), pdf.ErrInput},
		"picture without a size": {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture = picture(t) }), pdf.ErrInput},
		"no picture":             {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: []byte("GIF89a")}, box }), pdf.ErrInput},
		"reserve too small":      {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Reserve = 8 }), pdf.ErrInput},
		"certified too late":     {signed(t), with(func(r *pdf.SignatureRequest) { r.Certify = 1 }), pdf.ErrInput},
		"unknown level":          {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Certify = 4 }), pdf.ErrInput},
		"no kind":                {pdftest.Document(), pdf.SignatureRequest{}, pdf.ErrInput},
		"faulty signature":       {faulty, good, pdf.ErrFaulty},
		"text behind the end":    {append(pdftest.Document(), 'x'), good, pdf.ErrFaulty},
		"reserve too large":      {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Reserve = 2<<20 + 1 }), pdf.ErrInput},
		"largest reserve":        {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Reserve = 2 << 20 }), nil},
		"level below zero":       {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Certify = -1 }), pdf.ErrInput},
		"last numbers":           {numbered(8_384_591), good, nil},
		"no more numbers":        {numbered(8_384_592), good, pdf.ErrInput},
		"annotations, no list":   {page("/Annots 7", nil), good, pdf.ErrFaulty},
		"annotations elsewhere":  {page("/Annots 8 0 R", nil), good, nil}, // where nothing is
		"one list for two":       {page("/Annots 8 0 R", pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields 8 0 R>>>>", 8: "[]"}), good, pdf.ErrFaulty},
		"large picture":          {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: jpegHead(4096, 4096, 1)}, box }), nil},
		"wide picture":           {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: jpegHead(4097, 1, 1)}, box }), pdf.ErrInput},
		"high picture":           {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: jpegHead(1, 4097, 1)}, box }), pdf.ErrInput},
		"four colours":           {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: jpegHead(9, 9, 4)}, box }), pdf.ErrInput},
		"wide PNG":               {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = blank(t, 4097, 1), box }), pdf.ErrInput},
		"high PNG":               {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = blank(t, 1, 4097), box }), pdf.ErrInput},
		"widest PNG":             {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = blank(t, 4096, 1), box }), nil},
		"highest PNG":            {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = blank(t, 1, 4096), box }), nil},
		"half a PNG":             {pdftest.Document(), with(func(r *pdf.SignatureRequest) { r.Picture, r.Box = &pdf.Picture{Data: blank(t, 9, 9).Data[:40]}, box }), pdf.ErrInput},
		"XFA":                    {xfa, good, pdf.ErrInput},
	} {
		f, err := pdf.Open(c.data, pdf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.AddSignature(c.request); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	f, _ := open(t, pdftest.Document())
	pending, err := f.AddSignature(with(func(r *pdf.SignatureRequest) { r.Reserve = 64 }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Complete(make([]byte, 65)); !errors.Is(err, pdf.ErrReserve) {
		t.Errorf("value too large: %v", err)
	}
	if _, err := pending.Complete(make([]byte, 9)); !errors.Is(err, pdf.ErrSelfCheck) {
		t.Errorf("value of zeros: %v", err)
	}
	if _, err := pending.Complete([]byte{0x30, 0, 1}); !errors.Is(err, pdf.ErrSelfCheck) {
		t.Errorf("octets behind the value: %v", err)
	}
}

// jpegHead is a picture of which nothing but its size and its colours is there.
func jpegHead(width, height, colours int) []byte {
	out := []byte{0xff, 0xd8, 0xff, 0xc0, 0, byte(8 + 3*colours), 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), byte(colours)}
	for i := range colours {
		out = append(out, byte(i+1), 0x11, 0)
	}
	return append(out, 0xff, 0xda, 0, 2)
}

// blank is a picture of one colour.
func blank(t *testing.T, width, height int) *pdf.Picture {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return &pdf.Picture{Data: out.Bytes()}
}

func TestPictureMayBeJPEG(t *testing.T) {
	var grey, colour bytes.Buffer
	if err := errors.Join(jpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 8, 8)), nil), jpeg.Encode(&colour, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil)); err != nil {
		t.Fatal(err)
	}
	for space, data := range map[string][]byte{"/DeviceGray/": grey.Bytes(), "/DeviceRGB/": colour.Bytes()} {
		out := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Picture: &pdf.Picture{Data: data}, Box: pdf.Box{X: 10, Y: 10, Width: 30, Height: 30}}, value)
		if !bytes.Contains(out, data) || !bytes.Contains(out, []byte(space)) || !bytes.Contains(out, []byte("/DCTDecode")) {
			t.Errorf("picture %s is not there as it is", space)
		}
		if got := fault(t, out); got != "" {
			t.Errorf("%q", got)
		}
	}
}

func TestTimesAndNamesAsVendorsWriteThem(t *testing.T) {
	at := time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"(D:20260520160000+08'00')": at, "(D:20260520160000+08'00)": at, "(D:20260520160000+0800)": at, "(20260520160000)": at, "(D:20260520080000Z00'00')": at,
		"(D:20260520030000-05'00')": at, "(D:20260520)": {}, "(D:20261320080000Z)": {}, "(D:20260520160000+99'00')": {}, "(D:20260520160000?)": {}, "()": {}, "7": {},
	} {
		data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Reason: "long enough for each"}, value)
		const old = "/M(D:20260520080000Z)/Reason(long enough for each)"
		_, signatures := open(t, edit(t, data, old, fmt.Sprintf("%-*s", len(old), "/M "+text), true))
		if !signatures[0].Time.Equal(want) {
			t.Errorf("%s: %v", text, signatures[0].Time)
		}
	}
	for now, want := range map[string]string{`(Sig\156\))`: "Sign)", "<5369676E>": "Sign", "<FEFF5370>": "印", "(a(b)c)": "a(b)c", `(\n\(\q)`: "\n(q"} {
		_, signatures := open(t, edit(t, signed(t), "(Signature1)", fmt.Sprintf("%-12s", now), true))
		if signatures[0].Field != want {
			t.Errorf("%s: %q", now, signatures[0].Field)
		}
	}
}
