package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsRaw is GM/T 0125.2-2022 RFC 7518 3.4: without another agreement the signature is r‖s of exactly 64 octets.
var jwsRaw = check.Rule{
	ID:        "jose-gm/jws_raw",
	Title:     "without another agreement the signature is r‖s of exactly 64 octets",
	Citation:  check.Citation{Standard: "GM/T 0125.2-2022", Clause: "RFC 7518 3.4"},
	Scope:     "SM2 JWS",
	Effective: effective,
	Judge:     judgeJWS,
}
