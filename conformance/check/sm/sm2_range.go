package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Range is GB/T 32918.2-2016 7.1: r and s lie in 1..n-1 and r + s is not n.
var sm2Range = check.Rule{
	ID:        "sm/sm2_range",
	Title:     "r and s lie in 1..n-1 and r + s is not n",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "7.1"},
	Scope:     "SM2 signature",
	Effective: "2017-03-01",
	Judge:     verifyDER,
}
