package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Published is GB/T 32918.5-2017 A.2: the signature published with the curve verifies.
var sm2Published = check.Rule{
	ID:        "sm/sm2_published",
	Title:     "the signature published with the curve verifies",
	Citation:  check.Citation{Standard: "GB/T 32918.5-2017", Clause: "A.2"},
	Scope:     "SM2 signature",
	Effective: "2017-12-01",
	Judge:     verifyDER,
}
