package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// publicKey is GB/T 32918.1-2016 6.2.1: the key in the certificate is a point of the SM2 curve, told by name.
var publicKey = check.Rule{
	ID:        "seal/public_key",
	Title:     "the key in the certificate is a point of the SM2 curve, told by name",
	Citation:  check.Citation{Standard: "GB/T 32918.1-2016", Clause: "6.2.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
