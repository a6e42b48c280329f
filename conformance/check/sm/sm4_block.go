package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/block"
)

// sm4Block is GB/T 32907-2016 A.1: SM4 gives the published ciphertext and back.
var sm4Block = check.Rule{
	ID:        "sm/sm4_block",
	Title:     "SM4 gives the published ciphertext and back",
	Citation:  check.Citation{Standard: "GB/T 32907-2016", Clause: "A.1"},
	Scope:     "SM4",
	Effective: "2017-03-01",
	Judge:     judgeBlock,
}

func judgeBlock(v vectors.Vector) check.Outcome {
	cipher, err := block.NewSM4(v.Fields["key"])
	if err != nil {
		return check.Refuse("key", err)
	}
	out := make([]byte, cipher.BlockSize())
	cipher.Encrypt(out, v.Fields["plaintext"])
	if outcome := same(out, v.Fields["ciphertext"], "ciphertext"); !outcome.Accepted {
		return outcome
	}
	cipher.Decrypt(out, out)
	return same(out, v.Fields["plaintext"], "plaintext")
}
