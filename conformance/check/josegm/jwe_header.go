package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweHeader is RFC 7516 4.1: one alg, one enc, a kid; no compression, no extension, no foreign keys.
var jweHeader = check.Rule{
	ID:        "jose-gm/jwe_header",
	Title:     "one alg, one enc, a kid; no compression, no extension, no foreign keys",
	Citation:  check.Citation{Standard: "RFC 7516", Clause: "4.1"},
	Scope:     "SM2 JWE",
	Effective: effective,
	Judge:     judgeJWE,
}
