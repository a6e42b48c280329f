package verify_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// The order of V-codes as design contract 3.2 prints it.
var (
	invalidOrder       = []string{"V31", "V22", "V20", "V21", "V25", "V23", "V41", "V10", "V13", "V12", "V11"}
	indeterminateOrder = []string{"V31", "V30", "V24", "V21", "V26", "V01", "V40"}
)

// everyCode is a judge with one reason for each V-code and verdict: "invalid V31" and so on.
func everyCode() verify.Judge {
	var rules []verify.Rule
	for verdict, list := range map[verify.Verdict][]string{verify.Invalid: invalidOrder, verify.Indeterminate: indeterminateOrder} {
		for _, code := range list {
			rules = append(rules, verify.Rule{Code: string(verdict) + " " + code, Verdict: verdict, VCode: code})
		}
	}
	return verify.Judge{}.With(append(rules, verify.Rule{Code: "a note", Verdict: verify.Valid})...)
}

func concluded(j verify.Judge, strict bool, validCode string, reasons ...string) verify.Result {
	var r verify.Result
	for _, code := range reasons {
		j.AddReason(&r, code, "en", "")
	}
	j.Conclude(&r, strict, validCode)
	return r
}

// TestOrderOfVCodes: every pair, in both orders of arrival, and every tail of the list.
func TestOrderOfVCodes(t *testing.T) {
	j := everyCode()
	for verdict, list := range map[verify.Verdict][]string{verify.Invalid: invalidOrder, verify.Indeterminate: indeterminateOrder} {
		for i, first := range list {
			for _, second := range list[i:] {
				a, b := string(verdict)+" "+first, string(verdict)+" "+second
				for _, reasons := range [][]string{{a, b}, {b, a}, {b, "a note", a, b}} {
					r := concluded(j, false, "V00", reasons...)
					if r.Verdict != verdict || r.Code != first || r.Message["zh-CN"] != verify.Banner(first)["zh-CN"] || r.Message["en"] == "" {
						t.Errorf("%v: %s %s %v", reasons, r.Verdict, r.Code, r.Message)
					}
				}
			}
			var tail []string
			for k := len(list) - 1; k >= i; k-- {
				tail = append(tail, string(verdict)+" "+list[k])
			}
			if r := concluded(j, false, "V00", tail...); r.Code != first || len(r.Reasons) != len(tail) {
				t.Errorf("%v: %s, %d reasons", tail, r.Code, len(r.Reasons))
			}
		}
	}
}

// TestOrderOfVerdicts: any invalid reason beats every indeterminate one, and that beats valid.
func TestOrderOfVerdicts(t *testing.T) {
	j := everyCode()
	for _, bad := range invalidOrder {
		for _, open := range indeterminateOrder {
			for _, reasons := range [][]string{{"invalid " + bad, "indeterminate " + open}, {"indeterminate " + open, "invalid " + bad}} {
				if r := concluded(j, false, "V00", reasons...); r.Verdict != verify.Invalid || r.Code != bad {
					t.Errorf("%v: %s %s", reasons, r.Verdict, r.Code)
				}
			}
		}
	}
	for _, open := range indeterminateOrder {
		if r := concluded(j, false, "V14", "a note", "indeterminate "+open); r.Verdict != verify.Indeterminate || r.Code != open {
			t.Errorf("%s: %s %s", open, r.Verdict, r.Code)
		}
	}
	for _, code := range []string{"V14", "V01", "V00"} {
		for _, reasons := range [][]string{nil, {"a note"}} {
			if r := concluded(j, false, code, reasons...); r.Verdict != verify.Valid || r.Code != code || r.Message["zh-CN"] == "" {
				t.Errorf("%s: %s %s %v", code, r.Verdict, r.Code, r.Message)
			}
		}
	}
}

// TestReasonsThatNobodyKnows: they never pass, alone or beside others.
func TestReasonsThatNobodyKnows(t *testing.T) {
	for _, strict := range []bool{false, true} {
		if r := concluded(verify.Judge{}, strict, "V00", "nobody knows"); r.Verdict != verify.Invalid || r.Code != "V31" {
			t.Errorf("%s %s", r.Verdict, r.Code)
		}
		if r := concluded(verify.Judge{}, strict, "V00", "nobody knows", "untrusted_root"); r.Verdict != verify.Invalid {
			t.Errorf("%s %s", r.Verdict, r.Code)
		}
	}
	if r := concluded(everyCode(), false, "V00", "deviation", "extra"); r.Verdict != verify.Valid {
		t.Errorf("a judge with further reasons forgot its own: %s", r.Verdict)
	}
}

// TestStrictTurnsOnlyUncoveredContent: --strict makes one indeterminate reason invalid and no other.
func TestStrictTurnsOnlyUncoveredContent(t *testing.T) {
	for code, want := range map[string][2]string{
		"uncovered_visible": {"indeterminate V21", "invalid V21"}, "untrusted_root": {"indeterminate V24", "indeterminate V24"}, "content_missing": {"indeterminate V21", "indeterminate V21"},
		"time_untrusted": {"indeterminate V26", "indeterminate V26"}, "unsigned": {"indeterminate V30", "indeterminate V30"}, "revocation_unknown": {"indeterminate V01", "indeterminate V01"},
		"extra": {"valid V00", "valid V00"}, "ofd_xml_uncovered": {"valid V00", "valid V00"}, "list_uncovered": {"valid V00", "valid V00"},
	} {
		for i, strict := range []bool{false, true} {
			if r := concluded(verify.Judge{}, strict, "V00", code); fmt.Sprintf("%s %s", r.Verdict, r.Code) != want[i] {
				t.Errorf("%s strict %t: %s %s, want %s", code, strict, r.Verdict, r.Code, want[i])
			}
		}
	}
}

// TestWordsOfReasons: in the language asked for, zh-CN by default, once each, with their clause.
func TestWordsOfReasons(t *testing.T) {
	options := trusting(func(o *verify.Options) { o.Roots = nil })
	data := world().Sealed(t, ofdtest.Sealing{})
	english := verify.Verify("a.ofd", data, options)
	options.Locale = ""
	chinese := verify.Verify("a.ofd", data, options)
	at := slices.IndexFunc(chinese.Reasons, func(r verify.Reason) bool { return r.Code == "untrusted_root" })
	if english.Reasons[at].Message == chinese.Reasons[at].Message || chinese.Reasons[at].Clause == "" || chinese.Reasons[at].Message[0] < 0x80 {
		t.Errorf("%+v and %+v", english.Reasons[at], chinese.Reasons[at])
	}
	var r verify.Result
	for range 3 {
		verify.Judge{}.AddReason(&r, "extra", "en", "a")
	}
	verify.Judge{}.AddReason(&r, "extra", "en", "b")
	if len(r.Reasons) != 2 {
		t.Errorf("%+v", r.Reasons)
	}
	if text, clause := (verify.Judge{}).Text("nobody knows", "en"); text != "nobody knows" || clause != "" {
		t.Errorf("%q %q", text, clause)
	}
}

// TestDocumentForFurtherJudges: the package is handed on, so that a licence is judged from the octets that were judged.
func TestDocumentForFurtherJudges(t *testing.T) {
	if d := verify.VerifyDocument("a.ofd", world().Sealed(t, ofdtest.Sealing{}), trusting()); d.Package == nil || !d.Package.Has(ofdtest.PageXML) {
		t.Error("no package")
	}
	if d := verify.VerifyDocument("a.ofd", []byte("x"), trusting()); d.Package != nil {
		t.Error("a package out of nothing")
	}
	limits := ofd.DefaultLimits()
	limits.Entries = 3
	if r := verify.Verify("a.ofd", world().Sealed(t, ofdtest.Sealing{}), trusting(func(o *verify.Options) { o.Limits = limits })); r.Verdict != verify.Invalid || r.Code != "V31" {
		t.Errorf("%s %s", r.Verdict, r.Code)
	}
}
