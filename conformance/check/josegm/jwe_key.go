package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweKey is GB/T 32918.4-2016 7.1: the content key of 16 octets is wrapped as 04‖x‖y‖C3‖C2, and C1 and C3 are checked.
var jweKey = check.Rule{
	ID:        "jose-gm/jwe_key",
	Title:     "the content key of 16 octets is wrapped as 04‖x‖y‖C3‖C2, and C1 and C3 are checked",
	Citation:  check.Citation{Standard: "GB/T 32918.4-2016", Clause: "7.1"},
	Scope:     "SM2 JWE",
	Effective: effective,
	Judge:     judgeJWE,
}
