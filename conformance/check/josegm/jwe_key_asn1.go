package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweKeyASN1 is GB/T 35276-2017 7.3: where SM2Cipher is agreed, strict DER is taken and nothing else.
var jweKeyASN1 = check.Rule{
	ID:        "jose-gm/jwe_key_asn1",
	Title:     "where SM2Cipher is agreed, strict DER is taken and nothing else",
	Citation:  check.Citation{Standard: "GB/T 35276-2017", Clause: "7.3"},
	Scope:     "SM2 JWE of a partner that agreed SM2Cipher",
	Effective: effective,
	Judge:     judgeJWE,
}
