package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// walk does everything that a judge does with a file.
func walk(data []byte) error {
	f, err := pdf.Open(data, pdf.Limits{})
	if err != nil {
		return err
	}
	signatures, err := f.Signatures()
	if err != nil {
		return err
	}
	for _, s := range signatures {
		if s.Fault != nil {
			continue
		}
		if _, err := f.Changes(s, signatures); err != nil {
			return err
		}
	}
	_, err = f.Lost(signatures)
	return err
}

func TestHostileFilesAreBounded(t *testing.T) {
	form := func(more pdftest.Objects) pdftest.Objects {
		return pdftest.Plain().With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]>>>>"}).With(more)
	}
	table := func(o pdftest.Objects) []byte { return pdftest.Table(o, "/Root 1 0 R") }
	good := signed(t)
	chain := slices.Clone(good)
	for range 300 {
		chain = pdftest.Update(chain, pdftest.Objects{20: "null"}, "/Root 1 0 R")
	}
	bomb := string(pdftest.Deflate(strings.Repeat("0 ", 13<<20)))
	kids := strings.Builder{}
	many := form(nil)
	for i := range 30_000 {
		fmt.Fprintf(&kids, "%d 0 R ", 100+i)
		many[100+i] = "<</FT/Sig>>"
	}
	many[1] = "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[" + kids.String() + "]>>>>"
	rows := strings.Repeat("0000000009 00000 n\r\n", 300_000)
	for name, data := range map[string][]byte{
		"circle of sections":      circle(good),
		"many sections":           chain,
		"deep arrays":             table(form(pdftest.Objects{10: strings.Repeat("[", 1<<20)})),
		"deep dictionaries":       table(form(pdftest.Objects{10: strings.Repeat("<</A", 1<<20)})),
		"field circle":            table(form(pdftest.Objects{10: "<</T(a)/Kids[10 0 R]>>"})),
		"reference circle":        table(form(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>", 10: "<</Fields 11 0 R>>", 11: "11 0 R"})),
		"page circle":             table(form(pdftest.Objects{2: "<</Type/Pages/Kids[2 0 R]>>", 10: "<</FT/Sig/V<</A 1>>>>"})),
		"object stream bomb":      bombed(bomb),
		"many fields":             table(many),
		"many entries":            []byte("%PDF-1.7\nxref\n0 300000\n" + rows + "trailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF"),
		"cross-reference bomb":    fmt.Appendf(nil, "%%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 9000000/W[1 1 1]/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF", len(bomb), bomb),
		"no widths":               []byte("%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 9/W[0 0 0]/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n9\n%%EOF"),
		"negative index":          []byte("%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 9/Index[-1 1]/W[1 1 1]/Length 3>>\nstream\nabc\nendstream\nendobj\nstartxref\n9\n%%EOF"),
		"length of itself":        table(form(pdftest.Objects{10: "<</Length 10 0 R>>\nstream\n\nendstream"})),
		"length beyond the file":  table(form(pdftest.Objects{10: "<</Length 99999999>>\nstream\n\nendstream"})),
		"predictor with no rows":  []byte("%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 1/W[1 1 1]/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 65537>>/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n9\n%%EOF"),
		"huge number":             table(form(pdftest.Objects{10: strings.Repeat("9", 1<<20)})),
		"string that never ends":  table(form(pdftest.Objects{10: "(" + strings.Repeat("(", 1<<20)})),
		"only the last startxref": []byte("%PDF-1.7\nstartxref\n" + strings.Repeat("9", 100) + "\n%%EOF"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			err := walk(data)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("nothing is refused")
			}
			// What was allocated in all bounds what was held at once, and how long it can take.
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 128<<20 {
				t.Errorf("%d MiB allocated", grown>>20)
			}
		})
	}
}

// circle is a file whose newest section names itself as the one before.
func circle(data []byte) []byte {
	return fmt.Appendf(slices.Clone(data), "xref\ntrailer\n<</Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", len(data), len(data))
}

// bombed is a file whose form stands in an object stream that grows beyond measure.
func bombed(bomb string) []byte {
	out := []byte("%PDF-1.7\n")
	first := len(out)
	out = fmt.Appendf(out, "1 0 obj\n<</Type/Catalog/AcroForm 3 0 R>>\nendobj\n")
	second := len(out)
	out = fmt.Appendf(out, "2 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", len(bomb), bomb)
	start := len(out)
	rows := []byte{0, 0, 0, 0, 0, 1, 0, 0, byte(first), 0, 1, 0, 0, byte(second), 0, 2, 0, 0, 2, 0, 1, byte(start >> 16), byte(start >> 8), byte(start), 0}
	return fmt.Appendf(out, "4 0 obj\n<</Type/XRef/Size 5/Root 1 0 R/W[1 3 1]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(rows), rows, start)
}

// One object that many sections name is not read without end.
func TestWorkOnWhiteSpaceCounts(t *testing.T) {
	data := signed(t)
	wide := strings.Repeat(" ", 4<<20) + "null"
	data = pdftest.Update(data, pdftest.Objects{20: wide}, "/Root 1 0 R")
	at := bytes.LastIndex(data, []byte("20 0 obj"))
	for range 200 {
		start := len(data)
		data = fmt.Appendf(data, "xref\n20 1\n%010d 00000 n\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", at, pdftest.Start(data[max(0, len(data)-100):]), start)
	}
	if failure, ok := errors.AsType[*pdf.Error](walk(data)); !ok || failure.Code != pdf.CodeLimit {
		t.Errorf("the work is not bounded: %v", failure)
	}
}

func TestEncryptedFileIsRefused(t *testing.T) {
	if got := fault(t, pdftest.Table(pdftest.Plain(), "/Root 1 0 R/Encrypt<</Filter/Standard>>")); got != pdf.CodeEncrypted {
		t.Errorf("%q", got)
	}
}

func TestBrokenStructureIsRefused(t *testing.T) {
	good := string(pdftest.Document())
	for name, data := range map[string]string{
		"nothing":                "%PDF-1.7",
		"circle of sections":     string(circle([]byte(good))),
		"no header":              good[1:],
		"no startxref":           strings.Replace(good, "startxref", "startxreg", 1),
		"no end of file":         strings.Replace(good, "%%EOF", "%%EOG", 1),
		"startxref elsewhere":    strings.Replace(good, "startxref\n", "startxref\n1", 1),
		"object elsewhere":       strings.Replace(good, "1 0 obj", "9 0 obj", 1),
		"no obj":                 strings.Replace(good, "1 0 obj", "1 0    ", 1),
		"no endobj":              strings.Replace(good, "endobj", "endobk", 1),
		"no catalogue":           strings.Replace(good, "/Root 1 0 R", "/Root 9 0 R", 1),
		"key twice in trailer":   strings.Replace(good, "/ID[<00><01>]", "/Root 2 0 R  ", 1),
		"entry twice":            strings.Replace(good, "2 1\n", "1 1\n", 1),
		"wrong kind of an entry": strings.Replace(good, "00000 n", "00000 x", 1),
	} {
		if data == good {
			t.Fatalf("%s: nothing changed", name)
		}
		if got := fault(t, []byte(data)); got != pdf.CodeStructure {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzOpen: whatever the octets are, reading ends, and a signature without a fault covers everything up to its end but its
// value.
func FuzzOpen(f *testing.F) {
	for _, data := range forms {
		f.Add(data)
		f.Add(pdftest.Sign(f, data, pdf.SignatureRequest{Reserve: 64}, value))
	}
	two := pdftest.Sign(f, signed(f), pdf.SignatureRequest{Reserve: 64, Picture: picture(f), Box: pdf.Box{X: 1, Y: 1, Width: 9, Height: 9}}, value)
	f.Add(two)
	f.Add(pdftest.Update(two, pdftest.Objects{4: "null"}, "/Root 1 0 R"))
	f.Add(bombed("x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := pdf.Open(data, pdf.Limits{})
		if err != nil {
			return
		}
		signatures, err := file.Signatures()
		if err != nil {
			return
		}
		for _, s := range signatures {
			if s.Fault != nil {
				continue
			}
			r := s.ByteRange
			if r[0] != 0 || data[r[1]] != '<' || data[r[2]-1] != '>' || s.End != r[2]+r[3] || s.End > len(data) || len(s.Signed(file)) != s.End-(r[2]-r[1]) {
				t.Fatalf("range %v of %d octets", r, len(data))
			}
			if _, err := file.Changes(s, signatures); err != nil {
				return
			}
		}
		if _, err := file.Lost(signatures); err != nil {
			return
		}
		pending, err := file.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Reserve: 64})
		if err != nil {
			return
		}
		if out, err := pending.Complete([]byte{0x30, 0}); err == nil && !bytes.HasPrefix(out, data) {
			t.Fatal("the file changed")
		}
	})
}
