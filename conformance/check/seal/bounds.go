package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// bounds is ITU-T X.690 8.1: hostile lengths and depths are refused.
var bounds = check.Rule{
	ID:        "seal/bounds",
	Title:     "hostile lengths and depths are refused",
	Citation:  check.Citation{Standard: "ITU-T X.690", Clause: "8.1"},
	Scope:     "seal",
	Effective: "2020-10-01",
	Judge:     judge,
}
