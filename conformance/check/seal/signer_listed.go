package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// signerListed is GB/T 38540-2020 7.3: the signer's certificate is listed in the seal octet for octet.
var signerListed = check.Rule{
	ID:        "seal/signer_listed",
	Title:     "the signer's certificate is listed in the seal octet for octet",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
