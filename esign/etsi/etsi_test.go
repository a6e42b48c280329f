package etsi

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var at = time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)

func reading(t *testing.T, result verify.Result, o Options) (string, validationReport) {
	t.Helper()
	o.At = at
	out, err := Make(result, o)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Signatures []struct {
			Status struct {
				Main string   `xml:"MainIndication"`
				Subs []string `xml:"SubIndication"`
			} `xml:"SignatureValidationStatus"`
		} `xml:"SignatureValidationReport"`
	}
	if err := xml.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	var r validationReport
	for _, s := range read.Signatures {
		r.Signatures = append(r.Signatures, signatureReport{Status: status{Main: s.Status.Main, Subs: s.Status.Subs}})
	}
	return string(out), r
}

func signature(verdict verify.Verdict, checks ...verify.Check) verify.Signature {
	moment := at.Add(-time.Hour)
	return verify.Signature{ID: "1", Type: "seal", Structure: "v4", Verdict: verdict, Checks: checks, SigningTime: &moment, TimeSource: "claimed", Signer: &verify.Signer{Subject: "CN=甲", Issuer: "CN=CA", Serial: "1f"}}
}

func TestIndications(t *testing.T) {
	failed := verify.Check{Name: "references", Status: verify.Failed, Code: "DIGEST_MISMATCH", Message: "加盖后内容被修改"}
	open := verify.Check{Name: "signer_cert", Status: verify.Unknown, Code: "untrusted_root"}
	chain := verify.Check{Name: "signer_cert", Status: verify.Failed, Code: "SIGNER_CERT_CHAIN"}
	passed := verify.Check{Name: "sig_value", Status: verify.Passed}
	reason := func(codes ...string) (list []verify.Reason) {
		for _, code := range codes {
			list = append(list, verify.Reason{Code: code})
		}
		return list
	}
	for _, c := range []struct {
		name   string
		result verify.Result
		want   []string // main and sub-indications of each signature
	}{
		{"valid", verify.Result{Verdict: verify.Valid, Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-passed"}},
		{"a note changes nothing", verify.Result{Verdict: verify.Valid, Reasons: reason("deviation"), Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-passed"}},
		{"changed", verify.Result{Verdict: verify.Invalid, Reasons: reason("DIGEST_MISMATCH"), Signatures: []verify.Signature{signature(verify.Invalid, failed)}}, []string{"total-failed HASH_FAILURE"}},
		{"untrusted", verify.Result{Verdict: verify.Indeterminate, Reasons: reason("untrusted_root"), Signatures: []verify.Signature{signature(verify.Indeterminate, open)}}, []string{"indeterminate NO_CERTIFICATE_CHAIN_FOUND"}},
		{"no word of the standard under TOTAL-FAILED", verify.Result{Verdict: verify.Invalid, Reasons: reason("SIGNER_CERT_CHAIN"), Signatures: []verify.Signature{signature(verify.Invalid, chain)}}, []string{"total-failed own:SIGNER_CERT_CHAIN"}},
		{"one of two failed", verify.Result{Verdict: verify.Invalid, Reasons: reason("DIGEST_MISMATCH"), Signatures: []verify.Signature{signature(verify.Valid, passed), signature(verify.Invalid, failed)}}, []string{"total-passed", "total-failed HASH_FAILURE"}},
		{"the file is not what the signature covers", verify.Result{Verdict: verify.Invalid, Reasons: reason("changed_after"), Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-failed own:changed_after"}},
		{"uncovered under strict", verify.Result{Verdict: verify.Invalid, Reasons: reason("uncovered_visible"), Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-failed own:uncovered_visible"}},
		{"a licence that ended", verify.Result{Verdict: verify.Invalid, Reasons: reason("license_ended"), Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-failed own:license_ended"}},
		{"invalid without a reason that is named", verify.Result{Verdict: verify.Invalid, Signatures: []verify.Signature{signature(verify.Valid, passed)}}, []string{"total-failed"}},
		{"a code that nobody knows", verify.Result{Verdict: verify.Invalid, Reasons: reason("strange"), Signatures: []verify.Signature{signature(verify.Valid)}}, []string{"total-failed own:strange"}},
		{"nothing signed", verify.Result{Verdict: verify.Indeterminate, Reasons: reason("unsigned")}, []string{"indeterminate own:unsigned"}},
		{"nothing signed is never passed", verify.Result{Verdict: verify.Valid, Format: "ofd"}, []string{"indeterminate"}},
		{"no format", verify.Result{Verdict: verify.Invalid, Reasons: reason("zip_structure")}, []string{"total-failed FORMAT_FAILURE"}},
	} {
		_, read := reading(t, c.result, Options{})
		var got []string
		for _, s := range read.Signatures {
			text := strings.TrimPrefix(s.Status.Main, "urn:etsi:019102:mainindication:")
			for _, word := range s.Status.Subs {
				text += " " + strings.Replace(strings.TrimPrefix(word, subIndication), ownSubIndication, "own:", 1)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReportIsComplete(t *testing.T) {
	result := verify.Result{File: "甲.ofd", SM3: strings.Repeat("ab", 32), Verdict: verify.Valid, Signatures: []verify.Signature{signature(verify.Valid, verify.Check{Name: "sig_value", Status: verify.Passed}, verify.Check{Name: "timestamp", Status: verify.Skipped})}}
	o := Options{Objects: []Object{{Type: "urn:etsi:019102:validationObject:CRL", Content: []byte("list")}, Certificate([]byte("der"), "CN=CA", "1f")}}
	text, _ := reading(t, result, o)
	for _, want := range []string{
		`xmlns="http://uri.etsi.org/19102/v1.2.1#"`, `<SignatureIdentifier id="S-1">`, "<DAIdentifier>1</DAIdentifier>", "urn:yinxin:constraint:sig_value", "constraintStatus:disabled", "<ValidationTime>2026-11-27T09:00:00Z</ValidationTime>",
		`<SigningTime Signed="true">`, `<SignerCertificate VOReference="O-2">`, "<Signer>CN=甲</Signer>", "validationprocess:Basic", `<ValidationObject id="D-1">`, "urn:oid:1.2.156.10197.1.401", "<base64>ZGVy</base64>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, never := range []string{"LTVM", "LTA", "SignatureQuality", "甲.ofd"} {
		if strings.Contains(text, never) {
			t.Errorf("%s stands in the report", never)
		}
	}
	stamped := result
	stamped.Signatures = slices.Clone(result.Signatures)
	stamped.Signatures[0].TimeSource = "timestamp"
	if text, _ := reading(t, stamped, Options{}); !strings.Contains(text, "<POETime>2026-11-27T08:00:00Z</POETime>") || strings.Contains(text, "SigningTime") {
		t.Errorf("the proven time is not the best signature time:\n%s", text)
	}
	if again, _ := reading(t, result, o); again != text {
		t.Error("the same report was written in two ways")
	}
	if _, err := Make(verify.Result{}, o); err == nil {
		t.Error("a report of nothing was written")
	}
}

// TestTextsCannotBreakOut: names in a document are anybody's.
func TestTextsCannotBreakOut(t *testing.T) {
	s := signature(verify.Valid)
	s.ID = "</SignatureIdentifier><MainIndication>\x00"
	text, read := reading(t, verify.Result{Verdict: verify.Valid, Signatures: []verify.Signature{s}}, Options{})
	if len(read.Signatures) != 1 || strings.Contains(text, "\x00") || strings.Count(text, "<MainIndication>") != 1 {
		t.Error(text)
	}
}

// TestTheSchemaIsMet: the schema of ETSI TS 119 102-2 V1.2.2, as the EU's DSS carries it, takes what we write, with everything in it and
// with nothing, and refuses an element of its own name elsewhere.
func TestTheSchemaIsMet(t *testing.T) {
	stamped := signature(verify.Valid, verify.Check{Name: "sig_value", Status: verify.Passed}, verify.Check{Name: "timestamp", Status: verify.Skipped})
	stamped.TimeSource = "timestamp"
	failed := signature(verify.Invalid, verify.Check{Name: "references", Status: verify.Failed, Code: "DIGEST_MISMATCH", Message: "加盖后内容被修改"}, verify.Check{Name: "signer_cert", Status: verify.Unknown, Code: "untrusted_root"})
	write := func(name string, content []byte) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), name+".xml")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	objects := []Object{Certificate([]byte{0x30, 0}, "CN=CA", "1f"), {Type: "urn:etsi:019102:validationObject:CRL", Content: []byte{1}}, {Type: "urn:etsi:019102:validationObject:OCSPResponse", Content: []byte{2}},
		{Type: "urn:etsi:019102:validationObject:timestamp", Content: []byte{3}}, {Type: "urn:etsi:019102:validationObject:other", Content: []byte{4}}}
	sum := strings.Repeat("ab", 32)
	var whole []byte
	for name, result := range map[string]verify.Result{
		"everything": {Verdict: verify.Invalid, SM3: sum, Reasons: []verify.Reason{{Code: "DIGEST_MISMATCH"}, {Code: "deviation", Message: "<&>"}}, Signatures: []verify.Signature{stamped, failed}},
		"unsigned":   {Verdict: verify.Indeterminate, SM3: sum, Reasons: []verify.Reason{{Code: "unsigned"}}},
		"bare":       {Verdict: verify.Valid, Signatures: []verify.Signature{{ID: "1", Verdict: verify.Valid}}},
	} {
		out, err := Make(result, Options{At: at, Objects: objects})
		if err != nil {
			t.Fatal(err)
		}
		testkit.JavaPeer(t, "report", write(name, out))
		if name == "everything" {
			whole = out
		}
	}
	testkit.JavaPeerRefuses(t, "report", write("elsewhere", bytes.ReplaceAll(whole, []byte("SignersDocumentRef"), []byte("SignersDocument"))))
}
