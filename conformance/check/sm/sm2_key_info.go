package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// sm2KeyInfo is GB/T 35276-2017 7.1: the curve is named, never written out.
var sm2KeyInfo = check.Rule{
	ID:        "sm/sm2_key_info",
	Title:     "the curve is named, never written out",
	Citation:  check.Citation{Standard: "GB/T 35276-2017", Clause: "7.1"},
	Scope:     "SM2 public key",
	Effective: "2018-07-01",
	Judge:     judgeKeyInfo,
}

func judgeKeyInfo(v vectors.Vector) check.Outcome {
	_, err := pki.ParsePublicKeyInfo(v.Fields["key_info"])
	return check.Of(pki.Code(err), err)
}
