package seal

import "github.com/yinxin-gov/yinxin/conformance/check"

// v1Coverage is GM/T 0031-2014 6.1.1: the maker's signature covers eSealInfo, certificate and algorithm in V1, eSealInfo alone in V4.
var v1Coverage = check.Rule{
	ID:        "seal/v1_coverage",
	Title:     "the maker's signature covers eSealInfo, certificate and algorithm in V1, eSealInfo alone in V4",
	Citation:  check.Citation{Standard: "GM/T 0031-2014", Clause: "6.1.1"},
	Scope:     "seal",
	Effective: "2014-02-13",
	Judge:     judge,
}
