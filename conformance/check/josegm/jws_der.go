package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jwsDER is GB/T 35276-2017 7.2: where DER is agreed, strict DER {r,s} is taken and nothing else.
var jwsDER = check.Rule{
	ID:        "jose-gm/jws_der",
	Title:     "where DER is agreed, strict DER {r,s} is taken and nothing else",
	Citation:  check.Citation{Standard: "GB/T 35276-2017", Clause: "7.2"},
	Scope:     "SM2 JWS of a partner that agreed DER",
	Effective: effective,
	Judge:     judgeJWS,
}
