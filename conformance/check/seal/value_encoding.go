package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// valueEncoding is GM/T 0009-2012 7.3: the value is the one DER encoding of r and s, or exactly 64 octets.
var valueEncoding = check.Rule{
	ID:        "seal/value_encoding",
	Title:     "the value is the one DER encoding of r and s, or exactly 64 octets",
	Citation:  check.Citation{Standard: "GM/T 0009-2012", Clause: "7.3"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
