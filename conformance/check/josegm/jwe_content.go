package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweContent is GM/T 0125.3-2022 RFC 7516 5.2: SM4-GCM with an IV of 12 and a tag of 16 octets over the base64url of the header.
var jweContent = check.Rule{
	ID:        "jose-gm/jwe_content",
	Title:     "SM4-GCM with an IV of 12 and a tag of 16 octets over the base64url of the header",
	Citation:  check.Citation{Standard: "GM/T 0125.3-2022", Clause: "RFC 7516 5.2"},
	Scope:     "SM2 JWE",
	Effective: effective,
	Judge:     judgeJWE,
}
