package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// algorithm is GB/T 38540-2020 7.1: the algorithm named is SM2 with SM3.
var algorithm = check.Rule{
	ID:        "seal/algorithm",
	Title:     "the algorithm named is SM2 with SM3",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
