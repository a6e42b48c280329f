package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsHeader is RFC 7515 4.1: headers that bring keys or change what is signed are refused.
var jwsHeader = check.Rule{
	ID:        "jose-gm/jws_header",
	Title:     "headers that bring keys or change what is signed are refused",
	Citation:  check.Citation{Standard: "RFC 7515", Clause: "4.1"},
	Scope:     "SM2 JWS",
	Effective: effective,
	Judge:     judgeJWS,
}
