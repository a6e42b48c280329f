package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// valueRange is GB/T 32918.2-2016 7.1: r, s and t lie between 1 and n - 1, and no check of them is left out.
var valueRange = check.Rule{
	ID:        "seal/value_range",
	Title:     "r, s and t lie between 1 and n - 1, and no check of them is left out",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "7.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
