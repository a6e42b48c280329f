package party

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Key is a private key of a client.
type Key struct {
	ID        string
	Algorithm jose.Algorithm
	Signer    crypto.Signer
}

// PrivateSet is a JWK set with private keys: P-256, RSA and Ed25519.
type PrivateSet struct{ Keys []Key }

type privateJWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv,omitempty"`
	Kid string `json:"kid,omitempty"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	D   string `json:"d,omitempty"`
	P   string `json:"p,omitempty"`
	Q   string `json:"q,omitempty"`
}

// UnmarshalJSON reads a set.
func (s *PrivateSet) UnmarshalJSON(raw []byte) error {
	var set struct{ Keys []privateJWK }
	if err := json.Unmarshal(raw, &set); err != nil {
		return err
	}
	for _, one := range set.Keys {
		key, err := one.key()
		if err != nil {
			return fmt.Errorf("key %q: %w", one.Kid, err)
		}
		s.Keys = append(s.Keys, key)
	}
	return nil
}

func (j privateJWK) key() (Key, error) {
	octets := map[string][]byte{}
	for name, text := range map[string]string{"x": j.X, "n": j.N, "e": j.E, "d": j.D, "p": j.P, "q": j.Q} {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return Key{}, fmt.Errorf("member %s: %w", name, err)
		}
		octets[name] = raw
	}
	number := func(name string) *big.Int { return new(big.Int).SetBytes(octets[name]) }
	key := Key{ID: j.Kid, Algorithm: jose.Algorithm(j.Alg)}
	var standard jose.Algorithm
	switch {
	case j.D == "":
		return Key{}, errors.New("it is not private")
	case j.Kty == "EC" && j.Crv == "P-256":
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), octets["d"])
		if err != nil {
			return Key{}, err
		}
		key.Signer, standard = private, jose.ES256
	case j.Kty == "OKP" && j.Crv == "Ed25519" && len(octets["d"]) == ed25519.SeedSize:
		key.Signer, standard = ed25519.NewKeyFromSeed(octets["d"]), jose.EdDSA
	case j.Kty == "RSA" && len(octets["e"]) <= 4 && j.P != "" && j.Q != "":
		private := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}, D: number("d"), Primes: []*big.Int{number("p"), number("q")}}
		if err := private.Validate(); err != nil {
			return Key{}, err
		}
		private.Precompute()
		key.Signer, standard = private, jose.PS256
	default:
		return Key{}, errors.New("known are EC on P-256, OKP on Ed25519 and RSA with its primes")
	}
	if key.Algorithm == "" {
		key.Algorithm = standard
	}
	return key, nil
}

// MarshalJSON writes the set with its private members.
func (s PrivateSet) MarshalJSON() ([]byte, error) {
	set := struct {
		Keys []privateJWK `json:"keys"`
	}{}
	for _, key := range s.Keys {
		one := privateJWK{Kid: key.ID, Use: "sig", Alg: string(key.Algorithm)}
		switch private := key.Signer.(type) {
		case *ecdsa.PrivateKey:
			secret, err := private.Bytes()
			if err != nil {
				return nil, err
			}
			point, err := private.PublicKey.Bytes() // 0x04, x, y
			if err != nil {
				return nil, err
			}
			one.Kty, one.Crv, one.X, one.Y, one.D = "EC", "P-256", encode(point[1:33]), encode(point[33:]), encode(secret)
		case *rsa.PrivateKey:
			one.Kty, one.N, one.E, one.D = "RSA", encode(private.N.Bytes()), encode(big.NewInt(int64(private.E)).Bytes()), encode(private.D.Bytes())
			one.P, one.Q = encode(private.Primes[0].Bytes()), encode(private.Primes[1].Bytes())
		case ed25519.PrivateKey:
			one.Kty, one.Crv, one.X, one.D = "OKP", "Ed25519", encode(private.Public().(ed25519.PublicKey)), encode(private.Seed())
		default:
			return nil, fmt.Errorf("key %q is of an unknown kind", key.ID)
		}
		set.Keys = append(set.Keys, one)
	}
	return json.Marshal(set)
}

// Public is the public half of the set as a JWK set.
func (s PrivateSet) Public() ([]byte, error) {
	var keys []jose.Key
	for _, key := range s.Keys {
		keys = append(keys, jose.Key{ID: key.ID, Algorithm: key.Algorithm, Public: key.Signer.Public()})
	}
	set, err := jose.NewKeySet(keys...)
	if err != nil {
		return nil, err
	}
	return json.Marshal(set)
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// jwk is the public key as the header of a proof carries it.
func (k Key) jwk() (map[string]any, error) {
	raw, err := PrivateSet{Keys: []Key{k}}.Public()
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	for _, name := range []string{"alg", "kid", "use"} {
		delete(set.Keys[0], name)
	}
	return set.Keys[0], nil
}

// Thumbprint is RFC 7638 with SHA-256.
func (k Key) Thumbprint() string {
	text, err := jose.Key{ID: k.ID, Algorithm: k.Algorithm, Public: k.Signer.Public()}.ThumbprintSHA256()
	if err != nil {
		return ""
	}
	return text
}

func newECKey(random io.Reader, id string) (Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), random)
	return Key{ID: id, Algorithm: jose.ES256, Signer: private}, err
}

func newRSAKey(random io.Reader, id string) (Key, error) {
	private, err := rsa.GenerateKey(random, 2048)
	return Key{ID: id, Algorithm: jose.PS256, Signer: private}, err
}

// sign makes a compact token with any header. The algorithm is that of the header, so that one may be tried which the key
// must not be used with; "none" has an empty signature.
func (p *Party) sign(key Key, header, claims map[string]any) (string, error) {
	headerJSON, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	claimsJSON, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := encode(headerJSON) + "." + encode(claimsJSON)
	sum := sha256.Sum256([]byte(input))
	algorithm, _ := header["alg"].(string)
	var signature []byte
	switch jose.Algorithm(algorithm) {
	case "none":
	case jose.ES256:
		if signature, err = key.Signer.Sign(p.Rand, sum[:], crypto.SHA256); err == nil {
			signature, err = fixedWidth(signature)
		}
	case jose.PS256:
		signature, err = key.Signer.Sign(p.Rand, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case jose.RS256:
		signature, err = key.Signer.Sign(p.Rand, sum[:], crypto.SHA256)
	case jose.EdDSA:
		signature, err = key.Signer.Sign(p.Rand, []byte(input), crypto.Hash(0))
	default:
		err = fmt.Errorf("algorithm %q cannot be made here", algorithm)
	}
	return input + "." + encode(signature), err
}

func fixedWidth(der []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, err
	}
	raw := make([]byte, 64)
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return raw, nil
}

// Changes of claims or headers: a nil value takes a member away.
type Changes map[string]any

func (c Changes) apply(to map[string]any) map[string]any {
	maps.Copy(to, c)
	maps.DeleteFunc(to, func(_ string, v any) bool { return v == nil })
	return to
}
