package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// authority is GB/T 36905-2018 7: the seal is that of the authority that the licence names.
var authority = check.Rule{
	ID:        "license/authority",
	Title:     "the seal is that of the authority that the licence names",
	Citation:  check.Citation{Standard: "GB/T 36905-2018", Clause: "7"},
	Scope:     "seal of a licence file",
	Effective: "2019-04-01",
	Judge:     judge,
}
