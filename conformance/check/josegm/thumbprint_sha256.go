package josegm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// thumbprintSHA256 is RFC 7638 3: the thumbprint for jkt and others is SHA-256 of the required members in order.
var thumbprintSHA256 = check.Rule{
	ID:        "jose-gm/thumbprint_sha256",
	Title:     "the thumbprint for jkt and others is SHA-256 of the required members in order",
	Citation:  check.Citation{Standard: "RFC 7638", Clause: "3"},
	Scope:     "SM2 JWK",
	Effective: effective,
	Judge:     func(v vectors.Vector) check.Outcome { return judgeThumbprint(v, jose.Key.ThumbprintSHA256) },
}
