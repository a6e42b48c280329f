package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsSignature is GM/T 0125.2-2022 RFC 7515 5.2: an SM2 signature covers SM3(ZA ‖ header.payload) as they stand.
var jwsSignature = check.Rule{
	ID:        "jose-gm/jws_signature",
	Title:     "an SM2 signature covers SM3(ZA ‖ header.payload) as they stand",
	Citation:  check.Citation{Standard: "GM/T 0125.2-2022", Clause: "RFC 7515 5.2"},
	Scope:     "SM2 JWS",
	Effective: effective,
	Judge:     judgeJWS,
}
