// Package sm holds the rules for SM2, SM3 and SM4 (GB/T 32918, GB/T 32905, GB/T 32907 and their encodings), one file a
// rule, judged through the packages that the product itself verifies with.
package sm

import (
	"bytes"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		sm3Digest, sm3Padding, sm3HMAC, sm4Block, sm4Million, sm4GCM,
		sm2Published, sm2Digest, sm2Range, sm2Infinity, sm2Key, sm2KeyInfo, sm2Encoding, sm2RawField, sm2Identity, sm2Algorithm,
	}
}

// verify is the outcome of one SM2 verification, with the encoding named when it is not DER.
func verify(v vectors.Vector, form pki.SignatureForm) check.Outcome {
	public, err := pki.ParseSM2Key(v.Fields["public_key"])
	if err != nil {
		return check.Refuse(pki.Code(err), err)
	}
	encoding, err := pki.VerifySM2(public, v.Fields["user_id"], v.Fields["message"], v.Fields["signature"], form)
	if err != nil {
		return check.Refuse(pki.Code(err), err)
	}
	if encoding == pki.EncodingRaw {
		return check.AcceptWith(string(pki.SignatureRaw))
	}
	return check.Accept()
}

// verifyDER verifies where only DER is allowed.
func verifyDER(v vectors.Vector) check.Outcome { return verify(v, pki.FormDER) }

// same accepts equal octets and refuses others with the code.
func same(have, want []byte, code string) check.Outcome {
	if bytes.Equal(have, want) {
		return check.Accept()
	}
	return check.Refuse(code, nil)
}
