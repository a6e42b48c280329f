package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// dataHash is GB/T 38540-2020 7.3: dataHash is SM3 of the signed data.
var dataHash = check.Rule{
	ID:        "seal/data_hash",
	Title:     "dataHash is SM3 of the signed data",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
