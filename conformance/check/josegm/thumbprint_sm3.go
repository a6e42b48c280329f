package josegm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// thumbprintSM3 is RFC 7638 3: the thumbprint for GM partners is SM3 of the required members in order.
var thumbprintSM3 = check.Rule{
	ID:        "jose-gm/thumbprint_sm3",
	Title:     "the thumbprint for GM partners is SM3 of the required members in order",
	Citation:  check.Citation{Standard: "RFC 7638", Clause: "3"},
	Scope:     "SM2 JWK",
	Effective: effective,
	Judge:     func(v vectors.Vector) check.Outcome { return judgeThumbprint(v, jose.Key.Thumbprint) },
}
