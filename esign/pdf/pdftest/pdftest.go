// Package pdftest makes PDF files for tests: small documents in each form of cross-references, updates behind them, and
// signatures by the parties of package ofdtest or by any function. It is for tests only.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Objects are the bodies of a document by number.
type Objects map[int]string

// Plain is a document of one page: 1 catalogue, 2 pages, 3 page, 4 content, 5 font, 6 information.
func Plain() Objects {
	return Objects{
		1: "<</Type/Catalog/Pages 2 0 R>>",
		2: "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
		3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
		4: Stream("BT /F 24 Tf 72 700 Td (Amount 100) Tj ET"),
		5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		6: "<</Title(Sample)>>",
	}
}

// Stream is the body of a stream.
func Stream(content string) string {
	return fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content)
}

// With is a copy with some objects set.
func (o Objects) With(more Objects) Objects {
	out := maps.Clone(o)
	maps.Copy(out, more)
	return out
}

// Table writes the objects with a cross-reference table; trailer is what stands in the trailer beside Size.
func Table(objects Objects, trailer string) []byte {
	out := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return section(out, objects, trailer, true)
}

// Update adds an incremental update with a cross-reference table behind a file.
func Update(data []byte, objects Objects, trailer string) []byte {
	return section(slices.Clone(data), objects, fmt.Sprintf("/Prev %d %s", Start(data), trailer), false)
}

func section(out []byte, objects Objects, trailer string, first bool) []byte {
	numbers := slices.Sorted(maps.Keys(objects))
	var rows strings.Builder
	if first {
		rows.WriteString("0 1\n0000000000 65535 f\r\n")
	}
	size := 1
	if first {
		trailer += fmt.Sprintf("/Size %d", numbers[len(numbers)-1]+1)
	}
	for _, number := range numbers {
		fmt.Fprintf(&rows, "%d 1\n%010d 00000 n\r\n", number, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, objects[number])
		size = number + 1
	}
	start := len(out)
	if !strings.Contains(trailer, "/Size") {
		trailer += fmt.Sprintf("/Size %d", max(size, 32))
	}
	return fmt.Appendf(out, "xref\n%strailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n", rows.String(), trailer, start)
}

// Start is the offset that the last startxref names.
func Start(data []byte) int {
	at, _ := strconv.Atoi(strings.Fields(string(data[bytes.LastIndex(data, []byte("startxref"))+len("startxref"):]))[0])
	return at
}

// Packed writes the objects with a cross-reference stream; dictionaries stand in an object stream, both compressed.
func Packed(objects Objects, trailer string) []byte {
	out := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	numbers := slices.Sorted(maps.Keys(objects))
	top := numbers[len(numbers)-1]
	container, cross := top+1, top+2
	head, body, index := "", "", 0
	rows := map[int][3]int{0: {0, 0, 255}}
	for _, number := range numbers {
		if strings.Contains(objects[number], "stream") {
			rows[number] = [3]int{1, len(out), 0}
			out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, objects[number])
			continue
		}
		head += fmt.Sprintf("%d %d ", number, len(body))
		body += objects[number] + " "
		rows[number] = [3]int{2, container, index}
		index++
	}
	packed := Deflate(head + body)
	rows[container] = [3]int{1, len(out), 0}
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", container, index, len(head), len(packed), packed)
	start := len(out)
	rows[cross] = [3]int{1, start, 0}
	var table []byte
	above := make([]byte, 5)
	for number := 0; number <= cross; number++ {
		row := rows[number]
		plain := []byte{byte(row[0]), byte(row[1] >> 16), byte(row[1] >> 8), byte(row[1]), byte(row[2])}
		table = append(table, 2) // PNG predictor "up"
		for i := range plain {
			table = append(table, plain[i]-above[i])
		}
		above = plain
	}
	packed = Deflate(string(table))
	return fmt.Appendf(out, "%d 0 obj\n<</Type/XRef/W[1 3 1]/Size %d/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 5>>/Length %d%s>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		cross, cross+1, len(packed), trailer, packed, start)
}

// Deflate compresses with zlib.
func Deflate(content string) []byte {
	var out bytes.Buffer
	writer := zlib.NewWriter(&out)
	_, _ = writer.Write([]byte(content))
	_ = writer.Close()
	return out.Bytes()
}

// Document is the plain document as a file.
func Document() []byte { return Table(Plain(), "/Root 1 0 R/Info 6 0 R/ID[<00><01>]") }

// Sign adds a signature whose value comes from a function of what is signed.
func Sign(t testing.TB, data []byte, request pdf.SignatureRequest, value func(signed []byte) []byte) []byte {
	t.Helper()
	f, err := pdf.Open(data, pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if request.SubFilter == "" {
		request.SubFilter = pdf.SubFilterCAdES
	}
	if request.Reserve == 0 {
		request.Reserve = 4096
	}
	if request.Time.IsZero() {
		request.Time = ofdtest.Time
	}
	pending, err := f.AddSignature(request)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pending.Complete(value(pending.Signed()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Message is a function that makes a signed message of a party.
func Message(t testing.TB, party ofdtest.Party, template pki.SignedDataTemplate) func(signed []byte) []byte {
	return func(signed []byte) []byte {
		t.Helper()
		value, err := pki.MakeSignedData(template, signed, party.Cert, party.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Seal is a function that makes a seal signature of the world's signer with its seal.
func Seal(t testing.TB, w *ofdtest.World) func(signed []byte) []byte {
	return func(signed []byte) []byte {
		t.Helper()
		value, err := ses.NewSignature(ses.SignatureInfo{Seal: w.Seal(t, nil), ToSign: ses.ToSign{Time: ofdtest.Time, DataHash: digest.Sum(signed), PropertyInfo: "/ByteRange"}}, w.Signer.Cert.Raw, w.Signer.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
