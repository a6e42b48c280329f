package sm

import (
	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/block"
)

// sm4Million is GB/T 32907-2016 A.2: SM4 gives the published ciphertext after 1,000,000 rounds.
var sm4Million = check.Rule{
	ID:        "sm/sm4_million",
	Title:     "SM4 gives the published ciphertext after 1,000,000 rounds",
	Citation:  check.Citation{Standard: "GB/T 32907-2016", Clause: "A.2"},
	Scope:     "SM4",
	Effective: "2017-03-01",
	Judge:     judgeMillion,
}

func judgeMillion(v vectors.Vector) check.Outcome {
	cipher, err := block.NewSM4(v.Fields["key"])
	if err != nil {
		return check.Refuse("key", err)
	}
	text := append([]byte(nil), v.Fields["plaintext"]...)
	for range 1_000_000 {
		cipher.Encrypt(text, text)
	}
	return same(text, v.Fields["ciphertext"], "ciphertext")
}
