package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// makerSignature is GB/T 38540-2020 6.3: the maker's signature covers every part of eSealInfo.
var makerSignature = check.Rule{
	ID:        "seal/maker_signature",
	Title:     "the maker's signature covers every part of eSealInfo",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.3"},
	Scope:     "seal",
	Effective: "2020-10-01",
	Judge:     judge,
}
