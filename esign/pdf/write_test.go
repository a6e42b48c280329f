package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// TestWhatAnUpdateWrites and what it leaves alone.
func TestWhatAnUpdateWrites(t *testing.T) {
	sign := func(data []byte, r pdf.SignatureRequest) string {
		r.Reserve = 64
		return string(pdftest.Sign(t, data, r, value)[len(data):])
	}
	plain := pdftest.Plain()
	trailer := func(more string) []byte { return pdftest.Table(plain, root+more) }
	for name, c := range map[string]struct {
		update    string
		has, lack []string
	}{
		"identifiers":              {sign(trailer("/ID[<00><01>]/Info 6 0 R"), pdf.SignatureRequest{}), []string{"/Info 6 0 R", "/ID [<00> <"}, []string{"<01>"}},
		"no identifiers":           {sign(trailer(""), pdf.SignatureRequest{}), nil, []string{"/Info", "/ID"}},
		"half an identifier":       {sign(trailer("/ID[<00>]"), pdf.SignatureRequest{}), nil, []string{"/ID"}},
		"lists of their own":       {sign(forms["lists"], pdf.SignatureRequest{}), []string{"\n11 0 obj\n[", "\n12 0 obj\n["}, []string{"\n3 0 obj"}},
		"a list that is not there": {sign(pdftest.Table(plain.With(pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Annots 9 0 R>>"}), root), pdf.SignatureRequest{}), []string{"\n3 0 obj"}, []string{"\n9 0 obj\n["}},
		"one picture":              {sign(trailer(""), pdf.SignatureRequest{Picture: picture(t), Box: pdf.Box{X: 9, Y: 9, Width: 9, Height: 9}}), []string{"/AP<</N "}, []string{"YinxinStamps"}},
		"a size that is too small": {sign(edit(t, pdftest.Document(), "/Size 7", "/Size 2", true), pdf.SignatureRequest{}), []string{"\n7 0 obj", "/Size 9"}, []string{"\n2 0 obj"}},
		"behind a section of none": {sign(pdftest.Update(pdftest.Document(), nil, root), pdf.SignatureRequest{}), []string{"/SubFilter/ETSI.CAdES.detached"}, nil},
		"permissions":              {sign(trailer(""), pdf.SignatureRequest{Certify: 2}), []string{"/Perms <</DocMDP 7 0 R>>"}, nil},
		"further permissions":      {sign(pdftest.Table(plain.With(pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R/Perms<</X 1>>>>"}), root), pdf.SignatureRequest{Certify: 2}), []string{"/Perms <</X 1/DocMDP 7 0 R>>"}, nil},
		"no words":                 {sign(trailer(""), pdf.SignatureRequest{}), nil, []string{"/Name", "/Reason", "/Location", "/Reference"}},
	} {
		for _, part := range c.has {
			if !strings.Contains(c.update, part) {
				t.Errorf("%s: no %q in %q", name, part, c.update)
			}
		}
		for _, part := range c.lack {
			if strings.Contains(c.update, part) {
				t.Errorf("%s: %q in %q", name, part, c.update)
			}
		}
	}
	bare := bytes.TrimRight(pdftest.Document(), "\n")
	for end, begin := range map[string]string{"": "\n3 0 obj", "\n": "3 0 obj", "\r": "3 0 obj", " ": "\n3 0 obj"} {
		if update := sign(append(slices.Clone(bare), end...), pdf.SignatureRequest{}); !strings.HasPrefix(update, begin) && !strings.HasPrefix(update, strings.Replace(begin, "3", "1", 1)) {
			t.Errorf("behind %q: %.20q", end, update)
		}
	}
}

// TestWhatIsWrittenIsBounded: the last file and the last value that fit, and one octet more.
func TestWhatIsWrittenIsBounded(t *testing.T) {
	request := pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Reserve: 64}
	size := len(pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Reserve: 64, Time: time0}, value))
	for bound, want := range map[int]error{size: nil, size - 1: pdf.ErrTooLarge} {
		limits := pdf.DefaultLimits()
		limits.Bytes = bound
		f, err := pdf.Open(pdftest.Document(), limits)
		if err != nil {
			t.Fatal(err)
		}
		r := request
		r.Time = time0
		if _, err := f.AddSignature(r); !errors.Is(err, want) {
			t.Errorf("%d octets: %v", bound, err)
		}
	}
	f, _ := open(t, pdftest.Document())
	pending, err := f.AddSignature(request)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]error{64: nil, 65: pdf.ErrReserve} {
		if _, err := pending.Complete(append([]byte{0x30, byte(n - 2)}, make([]byte, n-2)...)); !errors.Is(err, want) {
			t.Errorf("a value of %d octets: %v", n, err)
		}
	}
}

// TestFilesThatAreNotSigned: what does not hold together is told before any key is used, and what the update would change when it is read.
func TestFilesThatAreNotSigned(t *testing.T) {
	for name, objects := range map[string]pdftest.Objects{
		"a broken value":    {1: catalogOf("10 0 R"), 10: "<</FT/Sig/T(a)/V 11 0 R>>", 11: "<</Type"},
		"broken lists":      {1: catalogOf("10 0 R"), 10: "<</FT/Sig/T(a)>>", 3: "<</Type/Page/Parent 2 0 R/Annots 11 0 R>>", 11: "[3"},
		"no permissions":    {1: "<</Type/Catalog/Pages 2 0 R/Perms 11 0 R>>", 11: "<</X"},
		"pages in a circle": {2: "<</Type/Pages/Kids[2 0 R]>>"},
	} {
		f, err := pdf.Open(pdftest.Table(pdftest.Plain().With(objects), root), pdf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Certify: 2})
		if failure, ok := errors.AsType[*pdf.Error](err); !ok || failure.Code != pdf.CodeStructure {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A page that says elsewhere what it is takes no further annotation behind a signature.
	base := pdftest.Plain().With(pdftest.Objects{3: "<</Type 9 0 R/Parent 2 0 R/Contents 4 0 R>>", 9: "/Page"})
	data := pdftest.Sign(t, pdftest.Table(base, root), pdf.SignatureRequest{Reserve: 64}, value)
	f, _ := open(t, data)
	pending, err := f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Reserve: 64})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Complete(value(nil)); !errors.Is(err, pdf.ErrSelfCheck) || !strings.Contains(err.Error(), "changed /Annots") {
		t.Errorf("%v", err)
	}
	// What stands behind the signature cannot be told: neither can what the update makes of it.
	f, _ = open(t, pdftest.Update(signed(t), pdftest.Objects{39: "<</N"}, root))
	if pending, err = f.AddSignature(pdf.SignatureRequest{SubFilter: pdf.SubFilterCAdES, Reserve: 64}); err != nil {
		t.Fatal(err)
	}
	_, err = pending.Complete(value(nil))
	if failure, ok := errors.AsType[*pdf.Error](err); !errors.Is(err, pdf.ErrSelfCheck) || !ok || failure.Code != pdf.CodeStructure {
		t.Errorf("%v", err)
	}
}

// TestNoBoundChangesWhatIsWritten (R11): whatever is left when a bound is met, the update is refused or the same.
func TestNoBoundChangesWhatIsWritten(t *testing.T) {
	for name, data := range forms {
		request := manyPlaces(t)
		request.SubFilter, request.Reserve, request.Certify, request.Time = pdf.SubFilterCAdES, 64, 2, time0
		write := func(tokens int) ([]byte, error) {
			limits := pdf.DefaultLimits()
			limits.Tokens = tokens
			f, err := pdf.Open(data, limits)
			if err != nil {
				return nil, err
			}
			pending, err := f.AddSignature(request)
			if err != nil {
				return nil, err
			}
			return pending.Signed(), nil
		}
		want, err := write(pdf.DefaultLimits().Tokens)
		if err != nil {
			t.Fatal(err)
		}
		for tokens, done := 0, false; !done; tokens++ {
			got, err := write(tokens)
			failure, ok := errors.AsType[*pdf.Error](err)
			if done = err == nil; done && !bytes.Equal(got, want) || !done && (!ok || failure.Code != pdf.CodeLimit) {
				t.Fatalf("%s, %d tokens: %v %s", name, tokens, err, fmt.Sprintf("%.2000q", got))
			}
		}
	}
}
