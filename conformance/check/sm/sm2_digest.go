package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// sm2Digest is GB/T 32918.2-2016 6.1: e is SM3 over ZA and the message.
var sm2Digest = check.Rule{
	ID:        "sm/sm2_digest",
	Title:     "e is SM3 over ZA and the message",
	Citation:  check.Citation{Standard: "GB/T 32918.2-2016", Clause: "6.1"},
	Scope:     "SM2 signature",
	Effective: "2017-03-01",
	Judge:     judgeMessageDigest,
}

func judgeMessageDigest(v vectors.Vector) check.Outcome {
	public, err := pki.ParseSM2Key(v.Fields["public_key"])
	if err != nil {
		return check.Refuse(pki.Code(err), err)
	}
	have, err := pki.SM2Digest(public, v.Fields["user_id"], v.Fields["message"])
	if err != nil {
		return check.Refuse(pki.Code(err), err)
	}
	return same(have, v.Fields["digest"], "digest")
}
