package sm

import "github.com/yinxin-gov/yinxin/conformance/check"

// sm2Encoding is GB/T 35276-2017 7.2: a signature is DER SEQUENCE of two INTEGERs and nothing else.
var sm2Encoding = check.Rule{
	ID:        "sm/sm2_encoding",
	Title:     "a signature is DER SEQUENCE of two INTEGERs and nothing else",
	Citation:  check.Citation{Standard: "GB/T 35276-2017", Clause: "7.2"},
	Scope:     "SM2 signature",
	Effective: "2018-07-01",
	Judge:     verifyDER,
}
