package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// signingTime is GB/T 38540-2020 7.3: the signing time lies in the periods of seal and certificate.
var signingTime = check.Rule{
	ID:        "seal/signing_time",
	Title:     "the signing time lies in the periods of seal and certificate",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
