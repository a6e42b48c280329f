package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// signatureValue is GB/T 38540-2020 7.3: the signer's value covers all of TBS_Sign.
var signatureValue = check.Rule{
	ID:        "seal/signature_value",
	Title:     "the signer's value covers all of TBS_Sign",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "7.3"},
	Scope:     "seal signature",
	Effective: "2020-10-01",
	Judge:     judge,
}
