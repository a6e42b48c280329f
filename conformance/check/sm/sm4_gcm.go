package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/block"
)

// sm4GCM is RFC 8998 A.1: SM4-GCM gives the published values and refuses changed ones.
var sm4GCM = check.Rule{
	ID:        "sm/sm4_gcm",
	Title:     "SM4-GCM gives the published values and refuses changed ones",
	Citation:  check.Citation{Standard: "RFC 8998", Clause: "A.1"},
	Scope:     "SM4-GCM",
	Effective: "2021-03-01",
	Judge:     judgeGCM,
}

func judgeGCM(v vectors.Vector) check.Outcome {
	cipher, err := block.NewSM4GCM(v.Fields["key"])
	if err != nil {
		return check.Refuse("key", err)
	}
	sealed := append(append([]byte(nil), v.Fields["ciphertext"]...), v.Fields["tag"]...)
	plain, err := cipher.Open(nil, v.Fields["nonce"], sealed, v.Fields["associated_data"])
	if err != nil {
		return check.Refuse("tag", err)
	}
	if outcome := same(plain, v.Fields["plaintext"], "plaintext"); !outcome.Accepted {
		return outcome
	}
	return same(cipher.Seal(nil, v.Fields["nonce"], plain, v.Fields["associated_data"]), sealed, "ciphertext")
}
