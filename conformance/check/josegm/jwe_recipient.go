package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweRecipient is RFC 7517 4.2: tokens are encrypted only for keys with use enc that serve nothing else.
var jweRecipient = check.Rule{
	ID:        "jose-gm/jwe_recipient",
	Title:     "tokens are encrypted only for keys with use enc that serve nothing else",
	Citation:  check.Citation{Standard: "RFC 7517", Clause: "4.2"},
	Scope:     "SM2 JWK",
	Effective: effective,
	Judge:     judgeRecipient,
}
