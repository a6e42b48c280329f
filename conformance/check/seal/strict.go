package seal

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/ses"
)

// strict is GB/T 38540-2020 6.1: a strict reading refuses every departure.
var strict = check.Rule{
	ID:        "seal/strict",
	Title:     "a strict reading refuses every departure",
	Citation:  check.Citation{Standard: "GB/T 38540-2020", Clause: "6.1"},
	Scope:     "seal, seal signature",
	Effective: "2020-10-01",
	Judge:     judgeStrict,
}

func judgeStrict(v vectors.Vector) check.Outcome {
	if signature, ok := v.Fields["signature"]; ok {
		_, err := ses.ParseSignatureStrict(signature)
		return check.Of("SIG_FORMAT", err)
	}
	_, err := ses.ParseSealStrict(v.Fields["seal"])
	return check.Of("SEAL_FORMAT", err)
}
