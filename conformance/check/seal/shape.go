package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// shape is GB/T 38540-2020 6.1: members decide the structure, and no octets have two readings.
var shape = check.Rule{
	ID:        "seal/shape",
	Title:     "members decide the structure, and no octets have two readings",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
