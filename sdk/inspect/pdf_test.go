package inspect

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// signedPDF is a document with one signature whose range is what change makes of the right one.
func signedPDF(value []byte, change func(r []int) []int) []byte {
	const range0 = "/ByteRange [0000000000 0000000000 0000000000 0000000000]"
	head := "%PDF-1.7\n1 0 obj\n<< /Type /Sig /Filter /GM.PKILite /SubFilter /GM.sm2seal " + range0 + " /Contents "
	gap := "<" + hex.EncodeToString(value) + strings.Repeat("00", 20) + ">"
	tail := " >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
	r := []int{0, len(head), len(head) + len(gap), len(tail)}
	if change != nil {
		r = change(r)
	}
	head = strings.Replace(head, range0, fmt.Sprintf("/ByteRange [%010d %010d %010d %010d]", r[0], r[1], r[2], r[3]), 1)
	return []byte(head + gap + tail)
}

func TestPDFSignatures(t *testing.T) {
	value := vector(t, "shape-v4-signature", "signature")
	whole := Inspect("a.pdf", signedPDF(value, nil))
	if whole.Format != FormatPDF || whole.PDF.Version != "1.7" || whole.PDF.Revisions != 1 || len(whole.PDF.Signatures) != 1 {
		t.Fatalf("%+v", whole.PDF)
	}
	s := whole.PDF.Signatures[0]
	if s.Covers != "whole_file" || s.SubFilter != "GM.sm2seal" || s.Fault != "" || s.Value == nil || s.Value.Format != FormatSealSignature || s.Value.Size != len(value) {
		t.Errorf("%+v", s)
	}
	later := Inspect("a.pdf", append(signedPDF(value, nil), "2 0 obj\nendobj\n%%EOF\n"...))
	if later.PDF.Revisions != 2 || later.PDF.Signatures[0].Covers != "earlier_revision" {
		t.Errorf("%+v", later.PDF)
	}
	for name, change := range map[string]func([]int) []int{
		"begins late":          func(r []int) []int { return []int{1, r[1], r[2], r[3]} },
		"ends behind the file": func(r []int) []int { return []int{0, r[1], r[2], r[3] + 1} },
		"parts overlap":        func(r []int) []int { return []int{0, r[2], r[1], r[3]} },
		"beyond the file":      func(r []int) []int { return []int{0, 999999999, 999999999, 1} },
		"gap is too small":     func(r []int) []int { return []int{0, r[1] + 1, r[2], r[3]} },
		"gap is too large":     func(r []int) []int { return []int{0, r[1] - 1, r[2] + 1, r[3] - 1} },
	} {
		s := Inspect("a.pdf", signedPDF(value, change)).PDF.Signatures[0]
		if wide := name == "gap is too large"; !wide && (s.Covers != "malformed" || s.Fault == "") || wide && s.Covers != "whole_file" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	odd := bytes.Replace(signedPDF(value, nil), []byte("<30"), []byte("<zz"), 1)
	if s := Inspect("a.pdf", odd).PDF.Signatures[0]; s.Covers != "malformed" || s.Value != nil {
		t.Errorf("%+v", s)
	}
	if s := Inspect("a.pdf", signedPDF([]byte("no value"), nil)).PDF.Signatures[0]; s.Value == nil || s.Value.Format != FormatUnknown {
		t.Errorf("%+v", s)
	}
}

func TestPDFMarks(t *testing.T) {
	shown := Inspect("a.pdf", []byte("%PDF-2.0\n1 0 obj <</Linearized 1>> endobj\n%%EOF\n<< /Encrypt 5 0 R >>\n%%EOF\n"))
	if p := shown.PDF; p == nil || p.Version != "2.0" || !p.Linearized || !p.Encrypted || p.Revisions != 1 || len(p.Signatures) != 0 {
		t.Errorf("%+v", shown.PDF)
	}
	if shown := Inspect("a.pdf", []byte("%PDF-")); shown.Format != FormatPDF || shown.PDF.Version != "" {
		t.Errorf("%+v", shown)
	}
	many := Inspect("a.pdf", append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("/ByteRange [0 1 2 3]"), 1000)...))
	if len(many.PDF.Signatures) != maxPDFSignatures {
		t.Errorf("%d signatures are shown", len(many.PDF.Signatures))
	}
	long := Inspect("a.pdf", []byte("%PDF-1.4\n/ByteRange [0 99999999999999999999 0 0]"))
	if len(long.PDF.Signatures) != 0 {
		t.Errorf("%+v", long.PDF.Signatures)
	}
}

func TestFillingBehindAValue(t *testing.T) {
	for want, octets := range map[int][]byte{
		0: {}, 1: {0x30}, 2: {0x30, 0, 0, 0}, 4: {0x30, 2, 1, 2, 0}, 5: {0x30, 0x81, 2, 1, 2, 0}, 3: {0x30, 0x80, 0}, 6: {0x30, 0x85, 1, 1, 1, 1}, 7: {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0},
	} {
		if have := derValue(octets); len(have) != want {
			t.Errorf("% x is cut to %d, want %d", octets, len(have), want)
		}
	}
}
