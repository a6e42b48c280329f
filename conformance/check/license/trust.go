package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// trust is GB/T 36905-2018 7: seal and certificate were good when the licence was sealed.
var trust = check.Rule{
	ID:        "license/trust",
	Title:     "seal and certificate were good when the licence was sealed",
	Citation:  check.Citation{Standard: "GB/T 36905-2018", Clause: "7"},
	Scope:     "seal of a licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
