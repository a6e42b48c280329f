package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwkPoint is GM/T 0125.4-2022 RFC 7518 6.2: an SM2 key is a point of its curve under its own name, coordinates of 32 octets, nothing private.
var jwkPoint = check.Rule{
	ID:        "jose-gm/jwk_point",
	Title:     "an SM2 key is a point of its curve under its own name, coordinates of 32 octets, nothing private",
	Citation:  check.Citation{Standard: "GM/T 0125.4-2022", Clause: "RFC 7518 6.2"},
	Scope:     "SM2 JWK",
	Effective: effective,
	Judge:     judgeJWS,
}
