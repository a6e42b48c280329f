package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// version is GB/T 38540-2020 6.1: the shape decides the structure, the number comes second.
var version = check.Rule{
	ID:        "seal/version",
	Title:     "the shape decides the structure, the number comes second",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
