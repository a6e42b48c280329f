package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// halfHash is OpenID Connect Core 1.0 3.1.3.6: at_hash, c_hash and s_hash are the left half of SM3.
var halfHash = check.Rule{
	ID:        "jose-gm/half_hash",
	Title:     "at_hash, c_hash and s_hash are the left half of SM3",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.3.6"},
	Scope:     "ID token signed with SGD_SM3_SM2",
	Effective: effective,
	Judge:     judgeHalfHash,
}
