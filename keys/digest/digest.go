// Package digest is SM3 (GB/T 32905) for rooms that hash but do not sign: audit chains, blob addresses, idempotency.
// It is a leaf: no I/O, no state.
package digest

import (
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/emmansun/gmsm/sm3"
)

// Size is the length of an SM3 digest in octets.
const Size = sm3.Size

// New returns a running SM3.
func New() hash.Hash { return sm3.New() }

// Sum is SM3 of the octets.
func Sum(data []byte) []byte {
	sum := sm3.Sum(data)
	return sum[:]
}

// Hex is the lower-case hexadecimal form of Sum.
func Hex(data []byte) string { return hex.EncodeToString(Sum(data)) }

// SumParts is SM3 over the parts, each with its length (8 octets, big endian) in front, so that no two lists of parts
// give the same input.
func SumParts(parts ...[]byte) []byte {
	h := sm3.New()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// HMAC is HMAC-SM3 (RFC 2104) for protocols that share a key with a partner.
func HMAC(key, data []byte) []byte {
	h := hmac.New(sm3.New, key)
	h.Write(data)
	return h.Sum(nil)
}
