package seal

import (
	"testing"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

func TestReportMustAgree(t *testing.T) {
	report := func(verdict verify.Verdict, codes ...string) verify.Result {
		result := verify.Result{Format: "seal", Verdict: verdict}
		for _, code := range codes {
			result.Reasons = append(result.Reasons, verify.Reason{Code: code})
		}
		return result
	}
	refused := check.Refuse("SEAL_SIGNATURE", nil)
	tests := []struct {
		name    string
		outcome check.Outcome
		result  verify.Result
		format  string
		differs bool
	}{
		{"both accept", check.Accept(), report(verify.Valid), "seal", false},
		{"accepted, root unknown", check.Accept(), report(verify.Indeterminate, "untrusted_root"), "seal", false},
		{"accepted, report invalid", check.Accept(), report(verify.Invalid, "SEAL_SIGNATURE"), "seal", true},
		{"both refuse", refused, report(verify.Invalid, "SEAL_EXPIRED", "SEAL_SIGNATURE"), "seal", false},
		{"refused, report valid", refused, report(verify.Valid), "seal", true},
		{"refused, report undecided", refused, report(verify.Indeterminate), "seal", true},
		{"refused for another reason", refused, report(verify.Invalid, "SEAL_EXPIRED"), "seal", true},
		{"both undecided", check.Undecided("time"), report(verify.Indeterminate), "seal", false},
		{"undecided, report invalid", check.Undecided("time"), report(verify.Invalid), "seal", true},
		{"undecided, report valid", check.Undecided("time"), report(verify.Valid), "seal", true},
		{"another kind of file", refused, report(verify.Valid), "seal_signature", false},
		{"no document in the report", check.Refuse("DATA_HASH", nil), report(verify.Valid), "seal", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			have := agree(test.outcome, test.result, test.format)
			if differs := have.Code == "report_differs"; differs != test.differs || !differs && have != test.outcome {
				t.Errorf("%+v", have)
			}
		})
	}
}
