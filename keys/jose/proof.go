package jose

import (
	"encoding/json"
	"fmt"
	"slices"
)

// maxProofKey bounds the key that a proof carries, in octets.
const maxProofKey = 4 << 10

// VerifyProof checks a token that carries its own public key in the header member jwk and returns that key: a DPoP proof
// (RFC 9449 4.3). It proves possession only; who the key belongs to is for the caller. Of the policy Type is required;
// exp is not, so the caller judges iat.
func VerifyProof(token string, policy Policy) (*Token, Key, error) {
	rawHeader, payload, signature, input, err := parts(token)
	if err != nil {
		return nil, Key{}, err
	}
	members, err := object(rawHeader)
	if err != nil {
		return nil, Key{}, err
	}
	rawKey, ok := members["jwk"]
	if !ok || len(rawKey) > maxProofKey {
		return nil, Key{}, fmt.Errorf("%w: no key in the header", ErrMalformed)
	}
	delete(members, "jwk")
	header, err := readHeader(members)
	switch {
	case err != nil:
		return nil, Key{}, err
	case !slices.Contains(policy.Algorithms, header.Algorithm):
		return nil, Key{}, ErrAlgorithm
	case policy.Type == "" || !policy.takes(header.Type):
		return nil, Key{}, ErrType
	}
	key, err := proofKey(rawKey, header.Algorithm)
	if err != nil {
		return nil, Key{}, err
	}
	if err := key.verify(input, signature, SignatureRaw); err != nil {
		return nil, Key{}, err
	}
	claims, err := readClaims(payload)
	if err != nil {
		return nil, Key{}, err
	}
	policy.NoExpiry = true
	if err := claims.check(policy); err != nil {
		return nil, Key{}, err
	}
	return &Token{Header: header, Claims: claims, Payload: payload}, key, nil
}

// proofKey reads the key for the algorithm of the header; a key that names an algorithm must name that one.
func proofKey(raw json.RawMessage, algorithm Algorithm) (Key, error) {
	members, err := object(raw)
	if err != nil {
		return Key{}, err
	}
	if _, named := members["alg"]; !named {
		members["alg"], _ = json.Marshal(algorithm)
		if raw, err = json.Marshal(members); err != nil {
			return Key{}, err
		}
	}
	key, known, err := parseKey(raw)
	switch {
	case err != nil:
		return Key{}, err
	case !known || key.Algorithm != algorithm:
		return Key{}, fmt.Errorf("%w: key is not for %s", ErrBadKey, algorithm)
	}
	return key, nil
}
