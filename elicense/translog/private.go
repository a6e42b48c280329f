package translog

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/emmansun/gmsm/sm2"
)

// privatePrefix begins a private key of a witness, as the package note of Go writes those of other types.
const privatePrefix = "PRIVATE+KEY+"

// NewWitnessKey makes an SM2 key that cosigns: its text for a file that nobody else reads, and the key that others know. Errors wrap ErrKey.
func NewWitnessKey(random io.Reader, name string) (private string, public Key, err error) {
	secret, err := sm2.GenerateKey(random)
	if err != nil {
		return "", Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if public, err = NewKey(name, SM2Cosigner, &secret.PublicKey); err != nil {
		return "", Key{}, err
	}
	scalar := secret.D.FillBytes(make([]byte, 32))
	return privatePrefix + name + "+" + base64.StdEncoding.EncodeToString(append([]byte(SM2Cosigner), scalar...)), public, nil
}

// ParseWitnessKey reads what NewWitnessKey wrote. random is for its signatures. Errors wrap ErrKey and tell nothing of the key.
func ParseWitnessKey(random io.Reader, text string) (Signer, error) {
	bad := fmt.Errorf("%w: not the private key of a witness", ErrKey)
	rest, ok := strings.CutPrefix(text, privatePrefix)
	name, material, more := strings.Cut(rest, "+")
	octets, err := base64.StdEncoding.Strict().DecodeString(material)
	scalar, known := strings.CutPrefix(string(octets), string(SM2Cosigner))
	if !ok || !more || err != nil || !known || len(scalar) != 32 {
		return Signer{}, bad
	}
	secret, err := sm2.NewPrivateKey([]byte(scalar))
	if err != nil {
		return Signer{}, bad
	}
	public, err := NewKey(name, SM2Cosigner, &secret.PublicKey)
	if err != nil {
		return Signer{}, err
	}
	return Signer{Key: public, Signer: func(message []byte) ([]byte, error) { return secret.Sign(random, message, sm2.DefaultSM2SignerOpts) }}, nil
}
