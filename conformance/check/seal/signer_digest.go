package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// signerDigest is GB/T 38540-2020 6.1.4: with certListType 2 the digest of the signer's certificate is listed.
var signerDigest = check.Rule{
	ID:        "seal/signer_digest",
	Title:     "with certListType 2 the digest of the signer's certificate is listed",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.1.4"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
