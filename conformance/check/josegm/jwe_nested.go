package josegm

import "github.com/yinxin-gov/yinxin/conformance/check"

// jweNested is RFC 7519 5.2: cty JWT stands for a signed token inside, and its signature is verified.
var jweNested = check.Rule{
	ID:        "jose-gm/jwe_nested",
	Title:     "cty JWT stands for a signed token inside, and its signature is verified",
	Citation:  check.Citation{Standard: "RFC 7519", Clause: "5.2"},
	Scope:     "nested JWT",
	Effective: effective,
	Judge:     judgeNested,
}
