package jose

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// EncryptionKey is a public SM2 key that tokens are encrypted for (GM/T 0125.4, use enc). It is a type of its own, so that
// it cannot end up where signatures are verified: GM custom keeps a pair of keys apart, one to sign and one to encrypt.
type EncryptionKey struct {
	ID     string
	Public *ecdsa.PublicKey
}

// MarshalJSON writes the key as JWK with its alg, kid and use.
func (k EncryptionKey) MarshalJSON() ([]byte, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	m, err := Key{Algorithm: SM2SM3, Public: k.Public}.member()
	if err != nil {
		return nil, err
	}
	m.Use, m.Algorithm, m.KeyID = "enc", SM2KeyWrap, k.ID
	return json.Marshal(m)
}

// ParseEncryptionKeys reads the SM2 keys of a JWK set that say use enc; keys for signatures and of other kinds are passed
// over. Refused with ErrBadKey: a private part, another alg, operations of another use, no kid, a kid that stands twice,
// points off the curve, and a point that the set also offers for signatures.
func ParseEncryptionKeys(raw []byte) ([]EncryptionKey, error) {
	top, err := object(raw)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(top["keys"], &list); err != nil || len(list) > MaxKeys {
		return nil, fmt.Errorf("%w: not a list of at most %d keys", ErrBadKey, MaxKeys)
	}
	var found []EncryptionKey
	var others [][]byte
	ids := map[string]bool{}
	for _, entry := range list {
		m, err := readMember(entry)
		if err != nil {
			return nil, err
		}
		if m.KeyID != "" && ids[m.KeyID] {
			return nil, fmt.Errorf("%w: duplicate kid", ErrBadKey)
		}
		ids[m.KeyID] = true
		if m.Type != "EC" || m.Curve != CurveSM2 {
			continue
		}
		public, err := m.point(pki.ParseSM2Key)
		if err != nil {
			return nil, err
		}
		if m.Use != "enc" {
			point, err := pki.EncodeSM2Key(public)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrBadKey, err)
			}
			others = append(others, point)
			continue
		}
		if m.Algorithm != "" && m.Algorithm != SM2KeyWrap || len(m.Ops) > 0 && (!slices.Contains(m.Ops, "wrapKey") || slices.Contains(m.Ops, "verify")) {
			return nil, fmt.Errorf("%w: alg or key_ops does not fit use enc", ErrBadKey)
		}
		key := EncryptionKey{ID: m.KeyID, Public: public}
		if err := key.check(); err != nil {
			return nil, err
		}
		found = append(found, key)
	}
	for _, key := range found {
		point, err := pki.EncodeSM2Key(key.Public)
		if err != nil || slices.ContainsFunc(others, func(other []byte) bool { return bytes.Equal(other, point) }) {
			return nil, fmt.Errorf("%w: one key for signatures and encryption", ErrBadKey)
		}
	}
	return found, nil
}
