package party

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Header is the header of a token, unverified.
func Header(token string) map[string]any { return part(token, 0) }

// Payload is the payload of a token, unverified.
func Payload(token string) map[string]any { return part(token, 1) }

func part(token string, i int) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		return nil
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object
}

// Unsigned is a token with the same payload, the algorithm none and no signature.
func (t *Trial) Unsigned(token string) string {
	made, err := t.sign(Key{}, map[string]any{"alg": "none"}, Payload(token))
	t.Need("the token can be changed", err == nil, "%v", err)
	return made
}

// Forged is a token with the same payload that another key has signed.
func (t *Trial) Forged(token string) string {
	key := t.NewKey()
	header := Changes{"alg": string(key.Algorithm)}.apply(Header(token))
	made, err := t.sign(key, header, Payload(token))
	t.Need("the token can be forged", err == nil, "%v", err)
	return made
}

// NonceOf is the nonce of an ID token, unverified; empty without one.
func NonceOf(token string) string { return Metadata(Payload(token)).Text("nonce") }

// PublicSet is the public half of a key as a member jwks.
func (t *Trial) PublicSet(keys ...Key) map[string]any {
	raw, err := PrivateSet{keys}.Public()
	t.Need("the key set can be written", err == nil, "%v", err)
	var set map[string]any
	err = json.Unmarshal(raw, &set)
	t.Need("the key set can be read", err == nil, "%v", err)
	return set
}

// PublicKey is a key as the header of a proof carries it.
func (t *Trial) PublicKey(key Key) map[string]any {
	jwk, err := key.jwk()
	t.Need("the key can be written", err == nil, "%v", err)
	return jwk
}

// PrivateKey is a key with its private members, which no header may carry.
func (t *Trial) PrivateKey(key Key) map[string]any {
	raw, err := json.Marshal(PrivateSet{[]Key{key}})
	t.Need("the key can be written", err == nil, "%v", err)
	var set struct{ Keys []map[string]any }
	err = json.Unmarshal(raw, &set)
	t.Need("the key can be read", err == nil && len(set.Keys) == 1, "%v", err)
	return set.Keys[0]
}

// Spoiled is a token whose signature is another.
func Spoiled(token string) string {
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil || len(signature) == 0 {
		return token + "AAAA"
	}
	signature[len(signature)/2] ^= 1
	return token[:cut+1] + encode(signature)
}
