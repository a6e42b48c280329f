// Package josegm holds the rules for SM2, SM3 and SM4 in JSON Web tokens and keys (GM/T 0125), one file a rule, judged
// through the package that the product itself signs, verifies and encrypts with. What the standard leaves open is settled
// in docs/decisions/0001 and 0011.
package josegm

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		jwsSignature, jwsRaw, jwsDER, jwsAlgorithm, jwsKID, jwsHeader, halfHash, jwkPoint, thumbprintSM3, thumbprintSHA256,
		jweContent, jweKey, jweKeyASN1, jweHeader, jweNested, jweRecipient,
	}
}

// effective is the day since when GM/T 0125-2022 is in force.
const effective = "2023-06-01"

// judgedAt is the clock of the vectors; none of them says when it expires.
var judgedAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// code is the reason code of an error.
func code(err error) string {
	for name, one := range map[string]error{"malformed": jose.ErrMalformed, "algorithm": jose.ErrAlgorithm, "key": jose.ErrKey, "signature": jose.ErrSignature,
		"type": jose.ErrType, "bad_key": jose.ErrBadKey, "decrypt": jose.ErrDecrypt} {
		if errors.Is(err, one) {
			return name
		}
	}
	return ""
}

func refuse(err error) check.Outcome { return check.Refuse(code(err), err) }

// judgeJWS verifies the token with the keys in the one encoding that was agreed.
func judgeJWS(v vectors.Vector) check.Outcome { return verify(v, string(v.Fields["token"])) }

func verify(v vectors.Vector, token string) check.Outcome {
	set, err := jose.ParseKeySet(v.Fields["keys"], false)
	if err != nil {
		return refuse(err)
	}
	policy := jose.Policy{Algorithms: []jose.Algorithm{jose.SM2SM3}, NoExpiry: true, Now: judgedAt, SM2Encoding: jose.SignatureEncoding(v.Fields["encoding"])}
	if _, err := jose.Verify(token, set, policy); err != nil {
		return refuse(err)
	}
	return check.Accept()
}

// open decrypts the token with the private key of the vector.
func open(v vectors.Vector, nested bool) (*jose.Decrypted, error) {
	key, err := jose.NewDecrypter(string(v.Fields["kid"]), v.Fields["private_key"])
	if err != nil {
		return nil, err
	}
	policy := jose.DecryptPolicy{Nested: nested, KeyEncoding: jose.KeyEncoding(v.Fields["encoding"])}
	return jose.Decrypt(context.Background(), string(v.Fields["token"]), []jose.Decrypter{key}, policy)
}

// judgeJWE decrypts and compares.
func judgeJWE(v vectors.Vector) check.Outcome {
	got, err := open(v, false)
	if err != nil {
		return refuse(err)
	}
	return same(string(got.Plaintext), string(v.Fields["plaintext"]), "plaintext")
}

// judgeNested decrypts and verifies what was inside.
func judgeNested(v vectors.Vector) check.Outcome {
	got, err := open(v, true)
	if err != nil {
		return refuse(err)
	}
	return verify(v, string(got.Plaintext))
}

// judgeRecipient finds the key to encrypt for; it must be the public half of the vector's key.
func judgeRecipient(v vectors.Vector) check.Outcome {
	keys, err := jose.ParseEncryptionKeys(v.Fields["keys"])
	if err != nil {
		return refuse(err)
	}
	if len(keys) == 0 {
		return refuse(jose.ErrKey)
	}
	private, err := jose.NewDecrypter(keys[0].ID, v.Fields["private_key"])
	if err != nil {
		return refuse(err)
	}
	if len(keys) > 1 || !private.Public().Public.Equal(keys[0].Public) {
		return check.Refuse("another_key", nil)
	}
	return check.Accept()
}

func judgeHalfHash(v vectors.Vector) check.Outcome {
	return same(jose.HalfHash(jose.SM2SM3, string(v.Fields["value"])), string(v.Fields["hash"]), "hash")
}

// judgeThumbprint compares the thumbprint of the one key.
func judgeThumbprint(v vectors.Vector, of func(jose.Key) (string, error)) check.Outcome {
	set, err := jose.ParseKeySet(v.Fields["keys"], false)
	if err != nil {
		return refuse(err)
	}
	if len(set.Keys()) != 1 {
		return refuse(jose.ErrKey)
	}
	got, err := of(set.Keys()[0])
	if err != nil {
		return refuse(err)
	}
	return same(got, string(v.Fields["thumbprint"]), "thumbprint")
}

// same accepts equal texts and refuses others with the code.
func same(have, want, code string) check.Outcome {
	if subtle.ConstantTimeCompare([]byte(have), []byte(want)) == 1 {
		return check.Accept()
	}
	return check.Refuse(code, nil)
}
