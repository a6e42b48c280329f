package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Key is GB/T 32918.1-2016 6.2.1: public keys are points of the curve, uncompressed, not at infinity.
var sm2Key = check.Rule{
	ID:        "sm/sm2_key",
	Title:     "public keys are points of the curve, uncompressed, not at infinity",
	Citation:  check.Citation{Standard: "GB/T 32918.1-2016", Clause: "6.2.1"},
	Scope:     "SM2 public key",
	Effective: "2017-03-01",
	Judge:     verifyDER,
}
