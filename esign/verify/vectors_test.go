package verify_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

type place struct {
	Path string `json:"path"`
	Role string `json:"role"`
}

type expected struct {
	Format     string   `json:"format"`
	Mismatched []string `json:"mismatched"`
	Uncovered  []place  `json:"uncovered"`
	Structure  string   `json:"structure"`
	Verdict    *struct {
		Default string            `json:"default"`
		Codes   []string          `json:"codes"`
		At      map[string]string `json:"at"`
	} `json:"expected_verdict"`
	Signatures []signatureFields `json:"signatures"`
	signatureFields
}

type signatureFields struct {
	Structure         *string `json:"structure"`
	Type              *string `json:"type"`
	ReferencesTotal   *int    `json:"references_total"`
	ReferencesMatched *int    `json:"references_matched"`
	SealSignatureOK   *bool   `json:"seal_signature_ok"`
	SignatureValueOK  *bool   `json:"signature_value_ok"`
	DataHashOK        *bool   `json:"data_hash_ok"`
	SignerInSeal      *bool   `json:"signer_in_seal"`
	SigningTime       *string `json:"signing_time"`
}

var now = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// TestPublicFilesAreJudgedAsMeasured: every document, seal and signature value of the shared vectors gets the verdict
// and the single findings that two unrelated implementations measured, and none is valid without a trusted root.
func TestPublicFilesAreJudgedAsMeasured(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for name, raw := range all {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var want expected
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want.Verdict == nil || want.Format == "certificate" || want.Format == "crl" {
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) {
			data := testkit.SharedFile(t, "vectors/ofd/"+name)
			for moment, verdict := range want.Verdict.At {
				at, err := time.Parse(time.RFC3339, moment)
				if err != nil {
					t.Fatal(err)
				}
				if got := verify.Verify(name, data, verify.Options{At: at}); string(got.Verdict) != verdict {
					t.Errorf("at %s: %s, want %s", moment, got.Verdict, verdict)
				}
			}
			got := verify.Verify(name, data, verify.Options{At: now})
			if got.Verdict == verify.Valid || string(got.Verdict) != want.Verdict.Default {
				t.Errorf("verdict %s %s, want %s; reasons %v", got.Verdict, got.Code, want.Verdict.Default, codes(got))
			}
			for _, code := range want.Verdict.Codes {
				if !slices.Contains(codes(got), code) {
					t.Errorf("reason %s is missing in %v", code, codes(got))
				}
			}
			if want.Format == "ofd" {
				compareDocument(t, got, want)
			} else if len(got.Signatures) != 1 {
				t.Errorf("%d signatures", len(got.Signatures))
			} else {
				compareSignature(t, got.Signatures[0], want.signatureFields)
			}
		})
	}
	if tried < 25 {
		t.Fatalf("only %d files were tried", tried)
	}
}

func codes(r verify.Result) []string {
	var all []string
	for _, reason := range r.Reasons {
		all = append(all, reason.Code)
	}
	return all
}

func compareDocument(t *testing.T, got verify.Result, want expected) {
	t.Helper()
	if len(want.Signatures) == 1 && want.Signatures[0].Structure == nil && want.Signatures[0].Type == nil {
		return // the list is missing; nothing to compare
	}
	if len(got.Signatures) != len(want.Signatures) {
		t.Fatalf("%d signatures, want %d", len(got.Signatures), len(want.Signatures))
	}
	var mismatched []string
	for i, s := range got.Signatures {
		compareSignature(t, s, want.Signatures[i])
		for _, path := range s.References.Mismatched {
			if !slices.Contains(mismatched, path) {
				mismatched = append(mismatched, path)
			}
		}
	}
	slices.Sort(mismatched)
	if !slices.Equal(mismatched, want.Mismatched) {
		t.Errorf("mismatched %v, want %v", mismatched, want.Mismatched)
	}
	if want.Uncovered == nil {
		return
	}
	uncovered := []place{}
	for _, u := range got.Coverage.Uncovered {
		uncovered = append(uncovered, place{u.Path, u.Role})
	}
	slices.SortFunc(uncovered, func(a, b place) int { return strings.Compare(a.Path, b.Path) })
	if diff := cmp.Diff(want.Uncovered, uncovered); diff != "" {
		t.Errorf("uncovered: %s", diff)
	}
}

func compareSignature(t *testing.T, got verify.Signature, want signatureFields) {
	t.Helper()
	if want.Structure != nil && got.Structure != *want.Structure {
		t.Errorf("structure %s, want %s", got.Structure, *want.Structure)
	}
	if want.ReferencesTotal != nil && want.ReferencesMatched != nil && (got.References.Total != *want.ReferencesTotal || got.References.Matched != *want.ReferencesMatched) {
		t.Errorf("references %d of %d, want %d of %d", got.References.Matched, got.References.Total, *want.ReferencesMatched, *want.ReferencesTotal)
	}
	for _, c := range []struct {
		name string
		want *bool
	}{{"seal_signature", want.SealSignatureOK}, {"sig_value", want.SignatureValueOK}, {"data_hash", want.DataHashOK}, {"signer_in_seal", want.SignerInSeal}} {
		if c.want == nil || c.name == "data_hash" && got.References == nil {
			continue
		}
		status := verify.Failed
		if *c.want {
			status = verify.Passed
		}
		if found := statusOf(got, c.name); found != status {
			t.Errorf("%s is %q, want %q", c.name, found, status)
		}
	}
	bareMessage := got.Structure == "cms" && got.References == nil // its time stands in the Signature.xml beside it
	if want.SigningTime != nil && !bareMessage {
		at, err := time.Parse(time.RFC3339, *want.SigningTime)
		if err != nil {
			t.Fatal(err)
		}
		if got.SigningTime == nil || !got.SigningTime.Equal(at) || got.TimeSource != "claimed" {
			t.Errorf("signing time %v, want %v", got.SigningTime, at)
		}
	}
}

// statusOf is the worst status among the checks of a name.
func statusOf(s verify.Signature, name string) verify.Status {
	rank := map[verify.Status]int{"": 0, verify.Skipped: 1, verify.Passed: 2, verify.Unknown: 3, verify.Failed: 4}
	var worst verify.Status
	for _, c := range s.Checks {
		if c.Name == name && rank[c.Status] > rank[worst] {
			worst = c.Status
		}
	}
	return worst
}

// TestHostilePackagesAreInvalid: all 26 files get the verdict of the list, never a crash.
func TestHostilePackagesAreInvalid(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/zip-hostile/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	for name, raw := range all {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var want struct {
			Verdict  string   `json:"verdict"`
			Accepted []string `json:"codes_accepted"`
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		got := verify.Verify(name, testkit.SharedFile(t, "vectors/zip-hostile/"+name), verify.Options{At: now})
		if string(got.Verdict) != want.Verdict {
			t.Errorf("%s: %s, want %s", name, got.Verdict, want.Verdict)
		}
		if len(want.Accepted) > 0 && (got.Code != "V31" || !slices.ContainsFunc(codes(got), func(c string) bool { return slices.Contains(want.Accepted, c) })) {
			t.Errorf("%s: %s %v, want V31 for one of %v", name, got.Code, codes(got), want.Accepted)
		}
	}
}
