package web_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/web"
	"github.com/yinxin-gov/yinxin/web/verdict"
)

func sample(t *testing.T, name string) web.VerifyResult {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("gallery", "reports", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := web.NewVerifyResult(raw, "en")
	if err != nil {
		t.Fatal(err)
	}
	if string(page.Raw) != string(raw) {
		t.Fatal("the report for download is not the one that was given")
	}
	return page.Results[0]
}

// The four lines of experience.md 3.12 for typical reports.
func TestLinesOfReports(t *testing.T) {
	for name, want := range map[string]string{
		"valid":          "success: unchanged=yes seal=yes time=yes status=yes(valid)",
		"tampered":       "danger: unchanged=no seal=yes time=yes status=unknown(not_this)",
		"revoked":        "danger: unchanged=yes seal=yes time=yes status=no(revoked)",
		"untrusted":      "warning: unchanged=unknown seal=unknown time=yes status=none()",
		"stale":          "info: unchanged=yes seal=yes time=yes status=unknown(unknown)",
		"unsealed":       "neutral: unchanged=unknown seal=unknown time=unknown status=none()",
		"unreadable":     "neutral: unchanged=unknown seal=unknown time=unknown status=none()",
		"code":           "success: code=yes status=yes(valid)",
		"unknown-number": "neutral: unchanged=unknown seal=unknown time=unknown status=none()",
	} {
		t.Run(name, func(t *testing.T) {
			if got := describe(sample(t, name)); got != want {
				t.Fatalf("%s\nwant %s", got, want)
			}
		})
	}
}

func describe(v web.VerifyResult) string {
	text := v.Tone + ":"
	for _, line := range v.Lines {
		text += " " + line.Question + "=" + line.State
		if line.Question == "status" {
			text += "(" + line.Word + ")"
		}
	}
	return text
}

// reportWith makes a report with one signature whose checks have the statuses.
func reportWith(t *testing.T, code string, verdict verify.Verdict, checks map[string]verify.Status, more func(*verify.Result)) web.VerifyResult {
	t.Helper()
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	signature := verify.Signature{ID: "1", Verdict: verdict, SigningTime: &at, Seal: &verify.Seal{Name: "甲章"}, Signer: &verify.Signer{Subject: "CN=甲章,O=甲局,C=CN"}}
	for name, status := range checks {
		signature.Checks = append(signature.Checks, verify.Check{Name: name, Status: status})
	}
	result := verify.Result{Format: "ofd", Verdict: verdict, Code: code, Message: map[string]string{"zh-CN": "中文", "en": "English"}, Signatures: []verify.Signature{signature}}
	if more != nil {
		more(&result)
	}
	raw, err := json.Marshal(verify.Report{Results: []verify.Result{result}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := web.NewVerifyResult(raw, "en")
	if err != nil {
		t.Fatal(err)
	}
	return page.Results[0]
}

func TestNoLineIsYesWithoutEvidence(t *testing.T) {
	const passed, failed, unknown, skipped = verify.Passed, verify.Failed, verify.Unknown, verify.Skipped
	for _, test := range []struct {
		name   string
		checks map[string]verify.Status
		more   func(*verify.Result)
		want   string
	}{
		{"nothing was checked", nil, nil, "unknown unknown unknown none"},
		{"everything was skipped", map[string]verify.Status{"data_hash": skipped, "seal_signature": skipped, "seal_period": skipped}, nil, "unknown unknown unknown none"},
		{"one of several failed", map[string]verify.Status{"data_hash": passed, "references": failed, "sig_value": passed, "signer_cert": failed, "seal_period": failed, "signing_time": unknown}, nil, "no no no none"},
		{"one of several is open", map[string]verify.Status{"data_hash": passed, "references": unknown, "sig_value": passed, "signer_cert": unknown, "seal_period": passed, "seal_status": unknown}, nil, "unknown unknown unknown none"},
		{"a status that nobody knows", map[string]verify.Status{"data_hash": "fine", "sig_value": passed, "seal_period": passed}, nil, "unknown yes yes none"},
		{"visible content is uncovered", map[string]verify.Status{"data_hash": passed}, func(r *verify.Result) {
			r.Coverage = &verify.Coverage{Uncovered: []verify.Uncovered{{Path: "a", Role: "visible"}}}
		}, "unknown unknown unknown none"},
		{"only the container is uncovered", map[string]verify.Status{"data_hash": passed}, func(r *verify.Result) {
			r.Coverage = &verify.Coverage{Uncovered: []verify.Uncovered{{Path: "OFD.xml", Role: "container"}}}
		}, "yes unknown unknown none"},
		{"a second signature failed", map[string]verify.Status{"data_hash": passed}, func(r *verify.Result) {
			r.Signatures = append(r.Signatures, verify.Signature{Checks: []verify.Check{{Name: "data_hash", Status: failed}}})
		}, "no unknown unknown none"},
		{"a second signature was not checked", map[string]verify.Status{"data_hash": passed}, func(r *verify.Result) {
			r.Signatures = append(r.Signatures, verify.Signature{})
		}, "unknown unknown unknown none"},
		{"state without a source", map[string]verify.Status{"data_hash": passed, "sig_value": passed}, func(r *verify.Result) {
			r.License = &verify.License{Status: "valid", StatusSource: "none"}
		}, "yes yes unknown unknown"},
		{"state from a list", map[string]verify.Status{"data_hash": passed, "sig_value": passed}, func(r *verify.Result) {
			r.License = &verify.License{Status: "valid", StatusSource: "list"}
		}, "yes yes unknown yes"},
		{"a good state says nothing for a forged seal", map[string]verify.Status{"data_hash": passed, "sig_value": failed}, func(r *verify.Result) {
			r.License = &verify.License{Status: "valid", StatusSource: "list"}
		}, "yes no unknown unknown"},
		{"a state that nobody knows", map[string]verify.Status{"data_hash": passed, "sig_value": passed}, func(r *verify.Result) {
			r.License = &verify.License{Status: "melted", StatusSource: "list"}
		}, "yes yes unknown no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var states []string
			for _, line := range reportWith(t, "V24", verify.Indeterminate, test.checks, test.more).Lines {
				states = append(states, line.State)
			}
			if got := strings.Join(states, " "); got != test.want {
				t.Fatalf("%s, want %s", got, test.want)
			}
		})
	}
}

// Only a valid verdict is green, whatever the code says.
func TestToneFollowsTheVerdict(t *testing.T) {
	for _, test := range []struct {
		code    string
		verdict verify.Verdict
		want    string
	}{
		{"V00", verify.Valid, "success"}, {"V00", verify.Indeterminate, "warning"}, {"V00", verify.Invalid, "danger"},
		{"V01", verify.Valid, "info"}, {"V01", verify.Indeterminate, "info"}, {"V01", verify.Invalid, "danger"},
		{"V21", verify.Indeterminate, "warning"}, {"V21", verify.Invalid, "danger"}, {"V11", verify.Invalid, "warning"}, {"V31", verify.Invalid, "neutral"},
		{"V99", verify.Valid, "info"}, {"V99", verify.Indeterminate, "warning"}, {"V99", verify.Invalid, "danger"}, {"V99", "odd", "neutral"},
	} {
		if got := reportWith(t, test.code, test.verdict, nil, nil).Tone; got != test.want {
			t.Errorf("%s %s is %s, want %s", test.code, test.verdict, got, test.want)
		}
	}
}

func TestPresentationCodes(t *testing.T) {
	for _, test := range []struct {
		code    string
		verdict verify.Verdict
		want    string
	}{{"V00", verify.Valid, "yes"}, {"V10", verify.Invalid, "yes"}, {"V22", verify.Invalid, "no"}, {"V24", verify.Indeterminate, "unknown"}} {
		v := reportWith(t, test.code, test.verdict, nil, func(r *verify.Result) { r.Format, r.Signatures = "presentation", nil })
		if len(v.Lines) != 2 || v.Lines[0].Question != "code" || v.Lines[0].State != test.want {
			t.Errorf("%s: %+v", test.code, v.Lines)
		}
	}
}

func TestWhoSealed(t *testing.T) {
	by := reportWith(t, "V00", verify.Valid, nil, nil).Sealed
	if by == nil || by.Organization != "甲局" || by.Seal != "甲章" || by.At == nil {
		t.Fatalf("%+v", by)
	}
	common := reportWith(t, "V00", verify.Valid, nil, func(r *verify.Result) { r.Signatures[0].Signer.Subject = "C=CN, CN=乙局" }).Sealed
	if common.Organization != "乙局" {
		t.Fatalf("%+v", common)
	}
	for subject, want := range map[string]string{`CN=x\,O=假局,O=甲\, 乙局,C=CN`: "甲, 乙局", `O=甲\\,CN=x`: `甲\`, `CN=x\+O=假局+O=真局`: "真局", `O=甲\e2\80\ae局`: `甲\e2\80\ae局`, `CN=x\,O=假局`: "x,O=假局", `CN=x\`: `x\`} {
		if got := reportWith(t, "V00", verify.Valid, nil, func(r *verify.Result) { r.Signatures[0].Signer.Subject = subject }).Sealed.Organization; got != want {
			t.Errorf("%s: %q, want %q", subject, got, want)
		}
	}
	joined := reportWith(t, "V00", verify.Valid, nil, func(r *verify.Result) {
		r.Signatures[0].Signer.Subject = "CN=37030000000001,O=11370300MB0000000H一网通办,C=CN"
	})
	if joined.Sealed.Organization != "一网通办" || joined.Signatures[0].Signer.Subject != "CN=37030000000001,O=11370300MB0000000H一网通办,C=CN" {
		t.Fatalf("%+v", joined)
	}
	if none := reportWith(t, "V30", verify.Indeterminate, nil, func(r *verify.Result) { r.Signatures = nil }).Sealed; none != nil {
		t.Fatalf("%+v", none)
	}
}

func TestReportsThatCannotBeShown(t *testing.T) {
	many := `{"results":[` + strings.TrimSuffix(strings.Repeat(`{},`, 21), ",") + `]}`
	for name, raw := range map[string]string{"no JSON": "<html>", "empty": `{"results":[]}`, "too many": many} {
		if _, err := web.NewVerifyResult([]byte(raw), "en"); err == nil {
			t.Errorf("%s was shown", name)
		}
	}
}

// A hostile file cannot make the page endless, and nothing that is cut is overlooked.
func TestLongListsAreCutAfterTheyWereCounted(t *testing.T) {
	v := reportWith(t, "V20", verify.Invalid, map[string]verify.Status{"data_hash": verify.Passed, "sig_value": verify.Passed, "seal_period": verify.Passed}, func(r *verify.Result) {
		first := r.Signatures[0]
		for range 300 {
			r.Signatures = append(r.Signatures, first)
			r.Reasons = append(r.Reasons, verify.Reason{Code: "X"})
		}
		bad := first
		bad.Checks = []verify.Check{{Name: "data_hash", Status: verify.Failed}}
		r.Signatures = append(r.Signatures, bad)
		r.Signatures[0].References = &verify.References{Mismatched: make([]string, 300)}
		r.Coverage = &verify.Coverage{Uncovered: append(make([]verify.Uncovered, 300), verify.Uncovered{Path: "page", Role: "visible"}, verify.Uncovered{Role: "container"})}
	})
	if v.Lines[0].State != "no" {
		t.Fatalf("a failure far down was overlooked: %+v", v.Lines)
	}
	if len(v.Signatures) != 100 || len(v.Reasons) != 100 || len(v.Signatures[0].References.Mismatched) != 100 || len(v.Coverage.Uncovered) != 100 {
		t.Fatalf("lists of %d %d %d %d", len(v.Signatures), len(v.Reasons), len(v.Signatures[0].References.Mismatched), len(v.Coverage.Uncovered))
	}
	if v.Coverage.Uncovered[0].Path != "page" || v.Coverage.Uncovered[1].Role != "container" {
		t.Fatalf("what a reader sees does not come first: %+v", v.Coverage.Uncovered[:2])
	}
}

func TestHeadlineFallsBackToTheReport(t *testing.T) {
	v := reportWith(t, "V99", verify.Invalid, nil, nil)
	if v.Headline("V99") != "English" || v.Headline("known words") != "known words" {
		t.Fatalf("%q", v.Headline("V99"))
	}
	raw := []byte(`{"results":[{"message":{"zh-CN":"中文"}}]}`)
	page, err := web.NewVerifyResult(raw, "zh-Hant")
	if err != nil || page.Results[0].Message != "中文" {
		t.Fatalf("%v %+v", err, page.Results)
	}
}

func TestDigestIsGrouped(t *testing.T) {
	if got := (verdict.Result{SM3: strings.Repeat("0123abcd", 2)}).ShortSM3(); got != "0123abcd 0123abcd" {
		t.Fatal(got)
	}
}

// What a QR reader sees must be what was meant: finder patterns at three corners, quiet zone around.
func TestQRHasItsPatterns(t *testing.T) {
	code, err := web.NewQR("LZ1:ABC")
	if err != nil {
		t.Fatal(err)
	}
	last := len(code) - 1
	for _, corner := range [][2]int{{0, 0}, {0, last - 6}, {last - 6, 0}} {
		for i := range 7 {
			if !code[corner[0]][corner[1]+i] || !code[corner[0]+i][corner[1]] || !code[corner[0]+3][corner[1]+3] || code[corner[0]+1][corner[1]+1] {
				t.Fatalf("no finder pattern at %v", corner)
			}
		}
	}
	if _, err := web.NewQR(strings.Repeat("A", 5000)); err == nil {
		t.Fatal("a text that fits no code was drawn")
	}
}

func FuzzNewVerifyResult(f *testing.F) {
	for _, name := range []string{"valid", "tampered", "code", "unreadable"} {
		raw, err := os.ReadFile(filepath.Join("gallery", "reports", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		page, err := web.NewVerifyResult(raw, "en")
		if err != nil {
			return
		}
		for _, result := range page.Results {
			if result.Tone == "success" && result.Verdict != "valid" {
				t.Fatal(fmt.Sprint("green without a valid verdict: ", result))
			}
		}
	})
}
