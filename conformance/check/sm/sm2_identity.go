package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Identity is GB/T 32918.2-2016 5.5: ZA binds user ID and key, with the length in bits.
var sm2Identity = check.Rule{
	ID:        "sm/sm2_identity",
	Title:     "ZA binds user ID and key, with the length in bits",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "5.5"},
	Scope:     "SM2 signature",
	Effective: "2017-03-01",
	Judge:     verifyDER,
}
