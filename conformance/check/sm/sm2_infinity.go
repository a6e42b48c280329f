package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Infinity is GB/T 32918.2-2016 7.1 B6: a signature whose sG + tP is the point at infinity is refused.
var sm2Infinity = check.Rule{
	ID:        "sm/sm2_infinity",
	Title:     "a signature whose sG + tP is the point at infinity is refused",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "7.1 B6"},
	Scope:     "SM2 signature",
	Effective: "2017-03-01",
	Judge:     verifyDER,
}
