// Package block is SM4 (GB/T 32907) for rooms that may not hold the library themselves. It is a leaf: no I/O, no state.
// Not for keys: those stay with their provider (package keys).
package block

import (
	"crypto/cipher"

	"github.com/emmansun/gmsm/sm4"
)

// NewSM4 returns the block cipher of a 16-octet key.
func NewSM4(key []byte) (cipher.Block, error) { return sm4.NewCipher(key) }

// NewSM4GCM returns SM4 in Galois/Counter Mode with nonces of 12 and tags of 16 octets (GB/T 36624, RFC 8998).
func NewSM4GCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
