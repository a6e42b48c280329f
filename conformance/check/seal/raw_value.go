package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// rawValue is GB/T 38540-2020 7.1: a raw value of exactly 64 octets is read and named.
var rawValue = check.Rule{
	ID:        "seal/raw_value",
	Title:     "a raw value of exactly 64 octets is read and named",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.1"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
