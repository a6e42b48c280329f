// Package readerkey is the key of a card reader's bridge, as a simulator holds it in memory. Real bridges keep theirs in a
// secure element; the platform knows public halves only.
package readerkey

import (
	"encoding/base64"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Key signs with SM2 and SM3 and the default user ID.
type Key struct {
	private *sm2.PrivateKey
	rand    io.Reader
}

// New makes a key.
func New(rand io.Reader) (*Key, error) {
	private, err := sm2.GenerateKey(rand)
	if err != nil {
		return nil, fmt.Errorf("readerkey: %w", err)
	}
	return &Key{private, rand}, nil
}

// Public is the public half as a terminal is registered with it: the uncompressed point in unpadded base64url.
func (k *Key) Public() (string, error) {
	point, err := pki.EncodeSM2Key(&k.private.PublicKey)
	if err != nil {
		return "", fmt.Errorf("readerkey: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(point), nil
}

// Sign gives r‖s in 64 octets.
func (k *Key) Sign(message []byte) ([]byte, error) {
	der, err := k.private.Sign(k.rand, message, sm2.NewSM2SignerOption(true, nil))
	if err != nil {
		return nil, fmt.Errorf("readerkey: %w", err)
	}
	return pki.SM2SignatureToRaw(der)
}
