package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsKID is RFC 7515 4.1.4: kid names the key; without it there must be no choice.
var jwsKID = check.Rule{
	ID:        "jose-gm/jws_kid",
	Title:     "kid names the key; without it there must be no choice",
	Citation:  check.Citation{Standard: "RFC 7515", Clause: "4.1.4"},
	Scope:     "SM2 JWS",
	Effective: effective,
	Judge:     judgeJWS,
}
