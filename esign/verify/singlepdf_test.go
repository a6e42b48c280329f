package verify_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

func TestCoverageOfPDF(t *testing.T) {
	good := withMessage(t, pdftest.Document(), pdf.SignatureRequest{})
	t.Run("nothing is covered where nobody signed", func(t *testing.T) {
		if r := judgePDF(t, pdftest.Document(), trusting(), indeterminate("V30", "unsigned")); r.Coverage != nil {
			t.Errorf("%+v", r.Coverage)
		}
	})
	t.Run("a change behind the signature is visible", func(t *testing.T) {
		changed := pdftest.Update(good, pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}, "/Root 1 0 R")
		r := judgePDF(t, changed, trusting(), invalid("V20", "changed_after"))
		due := verify.Uncovered{Path: fmt.Sprintf("%d-%d", len(good), len(changed)), Role: "visible"}
		if r.Coverage == nil || r.Coverage.Complete || !slices.Equal(r.Coverage.Uncovered, []verify.Uncovered{due}) {
			t.Errorf("%+v, want %+v", r.Coverage, due)
		}
	})
	t.Run("a signature that was taken away is no unsigned file", func(t *testing.T) {
		r := judgePDF(t, pdftest.Update(good, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>"}, "/Root 1 0 R"), trusting(), invalid("V20", "changed_after"))
		if slices.Contains(codes(r), "unsigned") {
			t.Error(codes(r))
		}
	})
	t.Run("a signature in the place of another", func(t *testing.T) {
		at := bytes.Index(good, []byte("/T(Signature1)"))
		begin := bytes.LastIndex(good[:at], []byte(" 0 obj"))
		number, err := strconv.Atoi(string(good[bytes.LastIndexByte(good[:begin], '\n')+1 : begin]))
		if err != nil {
			t.Fatal(err)
		}
		body := string(good[begin+len(" 0 obj") : at+bytes.Index(good[at:], []byte("endobj"))])
		empty := regexp.MustCompile(`/V \d+ 0 R`).ReplaceAllString(strings.Replace(body, "(Signature1)", "(Gone)", 1), "")
		hidden := withMessage(t, pdftest.Update(good, pdftest.Objects{number: empty}, "/Root 1 0 R"), pdf.SignatureRequest{Field: "Signature1"})
		r := judgePDF(t, hidden, trusting(), invalid("V20", "changed_after"))
		if len(r.Signatures) != 1 {
			t.Errorf("%+v", r.Signatures)
		}
	})
	t.Run("a signature that a later update moved to another field", func(t *testing.T) {
		at := bytes.Index(good, []byte("/T(Signature1)"))
		begin := bytes.LastIndex(good[:at], []byte(" 0 obj"))
		number, err := strconv.Atoi(string(good[bytes.LastIndexByte(good[:begin], '\n')+1 : begin]))
		if err != nil {
			t.Fatal(err)
		}
		body := string(good[begin+len(" 0 obj") : at+bytes.Index(good[at:], []byte("endobj"))])
		moved := pdftest.Update(good, pdftest.Objects{number: strings.Replace(body, "Signature1", "Signature2", 1)}, "/Root 1 0 R")
		r := judgePDF(t, moved, trusting(), invalid("V20", "changed_after"))
		if len(r.Signatures) != 1 || statusOf(r.Signatures[0], "coverage") != verify.Failed || statusOf(r.Signatures[0], "references") == verify.Failed {
			t.Errorf("%+v", r.Signatures)
		}
	})
}

// resigned changes a signed file and signs it again in place.
func resigned(t *testing.T, data []byte, old, fresh string) []byte {
	t.Helper()
	if len(old) != len(fresh) || !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%q cannot stand in the place of %q", fresh, old)
	}
	changed := bytes.Replace(data, []byte(old), []byte(fresh), 1)
	f, err := pdf.Open(changed, pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := f.Signatures()
	if err != nil || len(signatures) != 1 {
		t.Fatalf("%d signatures: %v", len(signatures), err)
	}
	value := pdftest.Message(t, world().Signer, pki.SignedDataTemplate{})(signatures[0].Signed(f))
	digits := changed[signatures[0].ByteRange[1]+1 : signatures[0].ByteRange[2]-1]
	copy(digits, hex.EncodeToString(value)+strings.Repeat("0", len(digits)-2*len(value))) // the old value may have been longer
	return changed
}

func TestPlacementsOfPDF(t *testing.T) {
	shown := withMessage(t, pdftest.Document(), pdf.SignatureRequest{Picture: sealPicture(t), Box: pdf.Box{X: 10, Y: 10, Width: 30, Height: 30}})
	rect := string(regexp.MustCompile(`/Rect ?\[[^\]]*\]`).Find(shown))
	for name, c := range map[string]struct {
		data   []byte
		places int
		hidden bool
	}{
		"on the page":      {shown, 1, false},
		"beside the page":  {resigned(t, shown, rect, "/Rect[9000 9000 9100 9100]"+strings.Repeat(" ", len(rect)-len("/Rect[9000 9000 9100 9100]"))), 1, true},
		"flagged away":     {resigned(t, shown, "/F 132", "/F 134"), 1, true},
		"on no page":       {resigned(t, resigned(t, shown, "/Annots", "/Annotz"), "/P 3 0 R", "/Q 3 0 R"), 0, true},
		"nothing is shown": {withMessage(t, pdftest.Document(), pdf.SignatureRequest{}), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := judgePDF(t, c.data, trusting(), want{verify.Valid, "V00", ""})
			if len(r.Signatures[0].Placements) != c.places || slices.Contains(codes(r), "stamp_not_visible") != c.hidden {
				t.Errorf("%+v %v", r.Signatures[0].Placements, codes(r))
			}
		})
	}
}

// TestManySignaturesOfALargePDFAreBounded: each of them digests the file once more.
func TestManySignaturesOfALargePDFAreBounded(t *testing.T) {
	large := pdftest.Table(pdftest.Plain().With(pdftest.Objects{7: pdftest.Stream(strings.Repeat(" ", 46<<20))}), "/Root 1 0 R/Info 6 0 R/ID[<00><01>]")
	nothing := func([]byte) []byte { return []byte{0x30, 0} }
	data := large
	for i := range 7 {
		if i == 6 {
			if r := verify.Verify("a.pdf", data, trusting()); slices.Contains(codes(r), "pdf_limit") {
				t.Fatalf("%d signatures of %d MiB: %v", i, len(data)>>20, codes(r))
			}
		}
		data = pdftest.Sign(t, data, pdf.SignatureRequest{Field: fmt.Sprint("S", i)}, nothing)
	}
	judgePDF(t, data, trusting(), invalid("V31", "pdf_limit"))
}

// TestTokenOfADocumentTimestampIsTold: with what it proves, and without a time when it does not hold.
func TestTokenOfADocumentTimestampIsTold(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "tsa", nil))
	for name, of := range map[string][]byte{"the file": nil, "something else": []byte("another file")} {
		data := pdftest.Sign(t, withMessage(t, pdftest.Document(), pdf.SignatureRequest{}), pdf.SignatureRequest{SubFilter: pdf.SubFilterTimestamp, Field: "Stamp"}, func(signed []byte) []byte {
			if of != nil {
				signed = of
			}
			return tsttest.Token(t, tsa, bytes.Clone(signed), ofdtest.Time, tsttest.Parts{})
		})
		r := verify.Verify("a.pdf", data, trusting())
		if len(r.Signatures) != 2 || (r.Signatures[1].TimeSource == "timestamp") != (of == nil) {
			t.Errorf("%s: %v %+v", name, codes(r), r.Signatures)
		}
	}
}
