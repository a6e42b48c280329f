package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// structures is GB/T 38540-2020 7.3: every structure takes every step.
var structures = check.Rule{
	ID:        "seal/structures",
	Title:     "every structure takes every step",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
