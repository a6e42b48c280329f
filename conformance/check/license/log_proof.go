package license

import "github.com/yinxin-gov/yinxin/conformance/check"

// logProof is RFC 6962 2.1.1: a proof leads from the licence to the root of a signed checkpoint.
var logProof = check.Rule{
	ID:        "license/log_proof",
	Title:     "a proof leads from the licence to the root of a signed checkpoint",
	Citation:  check.Citation{Standard: "RFC 6962", Clause: "2.1.1"},
	Scope:     "proof of the transparency log",
	Effective: "2013-06-01",
	Judge:     judgeProof,
}
