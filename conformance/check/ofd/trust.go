package ofd

import "github.com/yinxin-gov/yinxin/conformance/check"

// trust is GB/T 38540-2020 7.3: without a trusted root nothing is valid, and nothing is forged.
var trust = check.Rule{
	ID:        "ofd/trust",
	Title:     "without a trusted root nothing is valid, and nothing is forged",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
