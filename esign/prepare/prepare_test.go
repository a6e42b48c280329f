package prepare_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

func TestWhatIsGivenOut(t *testing.T) {
	signed := func(verdict verify.Verdict, source string) []verify.Signature {
		return []verify.Signature{{Verdict: verify.Invalid, TimeSource: "claimed"}, {Verdict: verdict, TimeSource: source}} // the newest stands last
	}
	whole, part := &verify.Coverage{Complete: true}, &verify.Coverage{}
	for name, test := range map[string]struct {
		report      verify.Result
		timeStamped bool
		signed      bool // its newest signature holds
		sealed      bool // and the whole may go
	}{
		"good":                     {verify.Result{Verdict: verify.Valid, Signatures: signed(verify.Valid, "claimed"), Coverage: whole}, false, true, true},
		"with its time":            {verify.Result{Verdict: verify.Valid, Signatures: signed(verify.Valid, "timestamp"), Coverage: whole}, true, true, true},
		"another is not trusted":   {verify.Result{Verdict: verify.Indeterminate, Signatures: signed(verify.Valid, "claimed"), Coverage: whole}, false, true, true},
		"without its time":         {verify.Result{Verdict: verify.Valid, Signatures: signed(verify.Valid, "claimed"), Coverage: whole}, true, false, false},
		"no signature":             {verify.Result{Verdict: verify.Valid, Coverage: whole}, false, false, false},
		"not judged":               {verify.Result{Verdict: verify.Indeterminate, Signatures: signed(verify.Indeterminate, "claimed"), Coverage: whole}, false, false, false},
		"something speaks against": {verify.Result{Verdict: verify.Invalid, Signatures: signed(verify.Valid, "claimed"), Coverage: whole}, false, true, false},
		"not all is covered":       {verify.Result{Verdict: verify.Valid, Signatures: signed(verify.Valid, "claimed"), Coverage: part}, false, true, false},
		"nobody knows what is":     {verify.Result{Verdict: verify.Valid, Signatures: signed(verify.Valid, "claimed")}, false, true, false},
	} {
		if got := prepare.CheckSigned(test.report, test.timeStamped) == nil; got != test.signed {
			t.Errorf("%s: signed %v", name, got)
		}
		if got := prepare.CheckSealed(test.report, test.timeStamped) == nil; got != test.sealed {
			t.Errorf("%s: sealed %v", name, got)
		}
	}
}

func TestWhatPropertyInfoSays(t *testing.T) {
	for property, want := range map[string]prepare.Format{
		"ByteRange": prepare.PDF, "/Doc_0/Signs/Sign_0/Signature.xml": prepare.OFD, "/Signature.XML": prepare.OFD, "/Doc_0/Signs/Sign_1/签名.xml": "",
		"": "", "/": "", "/.xml/": "", "//a.xml": "", "/./a.xml": "", "/a/../b.xml": "", "a.xml": "", "/a.dat": "", "/a b.xml": "", "/a\x00.xml": "", `/a\b.xml`: "", "byterange": "", "ByteRange ": "",
		"/" + strings.Repeat("a", 250) + ".xml": prepare.OFD, "/" + strings.Repeat("a", 251) + ".xml": "",
	} {
		if got, err := prepare.FormatOfProperty(property); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", property, got, err)
		}
	}
}

func TestPlacesThatNoDocumentCouldHave(t *testing.T) {
	good := []prepare.Place{prepare.At(1, 10, 10), {Kind: prepare.Straddle, Edge: prepare.EdgeRight, Pages: "odd"}, {Kind: prepare.Keyword, Text: "盖章", Pages: "99999"}}
	if err := prepare.CheckForm(good); err != nil {
		t.Error(err)
	}
	for field, places := range map[string][]prepare.Place{
		"places": slices.Repeat(good[:1], prepare.MaxPlaces+1), "kind": {{Kind: "corner", Pages: "1"}}, "page": {{Kind: prepare.OnPages, Pages: "0"}}, "nth": {{Kind: prepare.OnPages, Pages: "1", Nth: 1}},
		"text": {{Kind: prepare.Keyword, Text: "a\nb"}}, "x_mm": {{Kind: prepare.Straddle, XMM: 1}},
	} {
		refusal, ok := errors.AsType[*prepare.Error](prepare.CheckForm(places))
		if !ok || refusal.Field != field {
			t.Errorf("%s: %v", field, refusal)
		}
	}
}

func TestFormatsAreToldByTheFirstOctets(t *testing.T) {
	for text, want := range map[string]prepare.Format{"%PDF-1.7": prepare.PDF, "PK\x03\x04": prepare.OFD, "": prepare.OFD, " %PDF-1.7": prepare.OFD} {
		if got := prepare.FormatOf([]byte(text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	for format, want := range map[prepare.Format]string{prepare.OFD: "application/ofd", prepare.PDF: "application/pdf"} {
		if got := format.MediaType(); got != want {
			t.Errorf("%s: %s", format, got)
		}
	}
}
