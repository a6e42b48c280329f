package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsAlgorithm is RFC 7515 10.7: the algorithm comes from policy and key, never from the header alone.
var jwsAlgorithm = check.Rule{
	ID:        "jose-gm/jws_algorithm",
	Title:     "the algorithm comes from policy and key, never from the header alone",
	Citation:  check.Citation{Standard: "RFC 7515", Clause: "10.7"},
	Scope:     "SM2 JWS",
	Effective: effective,
	Judge:     judgeJWS,
}
