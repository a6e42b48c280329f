package etsi_test

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/esign/etsi"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// TestEveryCodeIsMapped: each reason has a row whose word belongs to what the reason does, and no row is of a code that nobody knows.
func TestEveryCodeIsMapped(t *testing.T) {
	known := evidence.Codes()
	known["internal"] = verify.Indeterminate
	for code, does := range known {
		word, ok := etsi.Subs()[code]
		allowed := map[verify.Verdict][]string{verify.Valid: {"none"}, verify.Indeterminate: append([]string{"own"}, etsi.OpenOnly...), verify.Invalid: append([]string{"own"}, etsi.FailedOnly...)}[does]
		if !ok || !slices.Contains(allowed, word) {
			t.Errorf("%s (%s): %q, want one of %v", code, does, word, allowed)
		}
	}
	for code := range etsi.Subs() {
		if _, ok := known[code]; !ok {
			t.Errorf("%s: no reason of that code", code)
		}
	}
}
