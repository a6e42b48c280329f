package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// signerUsage is GB/T 38540-2020 7.3: the signer's certificate may sign and is no CA.
var signerUsage = check.Rule{
	ID:        "seal/signer_usage",
	Title:     "the signer's certificate may sign and is no CA",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
