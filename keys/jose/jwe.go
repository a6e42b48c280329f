package jose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/block"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// ErrDecrypt is every failure to decrypt: point off the curve, wrong hash of the wrapped key, wrong tag. They are one, so
// that nobody learns from the answer how far a forged ciphertext came (RFC 7516 section 11.5).
var ErrDecrypt = errors.New("jose: token cannot be decrypted")

// Sizes of a JWE in octets.
const (
	contentKeySize = 16                           // SM4
	ivSize         = 12                           // RFC 7518 section 5.3 has the same for AES-GCM
	tagSize        = 16                           //
	sm2Overhead    = 65 + 32                      // C1 and C3
	wrappedSize    = sm2Overhead + contentKeySize // of KeyRaw
	maxWrappedDER  = wrappedSize + 16             // of KeyASN1: headers and sign octets
)

// EncryptedHeader is the protected header of a JWE that we write and read.
type EncryptedHeader struct {
	Algorithm   string `json:"alg"`
	Encryption  string `json:"enc"`
	KeyID       string `json:"kid"`
	Type        string `json:"typ,omitempty"`
	ContentType string `json:"cty,omitempty"` // JWT when a signed token is inside
}

// EncryptOptions of a JWE. The zero value encrypts plain octets with KeyRaw.
type EncryptOptions struct {
	Type        string
	ContentType string // "JWT" for a nested token (RFC 7519 section 5.2)
	KeyEncoding KeyEncoding
	Longest     int // octets of the token; MaxToken when 0. For documents whose reader knows of it
}

// Encrypt makes a compact JWE (RFC 7516 section 7.1) of the plaintext for the holder of the key: a fresh SM4 key wrapped
// with SM2, SM4-GCM with a fresh IV, the protected header as associated data. random must be fit for keys. A token that
// would be longer than Longest is refused with ErrMalformed, since no reader here would take it.
func Encrypt(random io.Reader, key EncryptionKey, options EncryptOptions, plaintext []byte) (string, error) {
	if err := key.check(); err != nil {
		return "", err
	}
	header, err := json.Marshal(EncryptedHeader{Algorithm: SM2KeyWrap, Encryption: SM4GCM, KeyID: key.ID, Type: options.Type, ContentType: options.ContentType})
	if err != nil {
		return "", err
	}
	fresh := make([]byte, contentKeySize+ivSize)
	if _, err := io.ReadFull(random, fresh); err != nil {
		return "", fmt.Errorf("jose: encrypt: %w", err)
	}
	contentKey, iv := fresh[:contentKeySize], fresh[contentKeySize:]
	wrapped, err := sm2.Encrypt(random, key.Public, contentKey, sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C3C2))
	if err != nil {
		return "", fmt.Errorf("jose: encrypt: %w", err)
	}
	if wrapped, err = encodeWrapped(wrapped, options.KeyEncoding); err != nil {
		return "", err
	}
	aead, err := block.NewSM4GCM(contentKey)
	if err != nil {
		return "", err
	}
	protected := encode(header)
	sealed := aead.Seal(nil, iv, plaintext, []byte(protected))
	cut := len(sealed) - tagSize
	token := strings.Join([]string{protected, encode(wrapped), encode(iv), encode(sealed[:cut]), encode(sealed[cut:])}, ".")
	if most := longest(options.Longest); len(token) > most {
		return "", fmt.Errorf("%w: longer than %d octets", ErrMalformed, most)
	}
	return token, nil
}

// Decrypter holds one private key for encryption. DecryptSM2 opens 04‖x‖y‖C3‖C2 of 113 octets (GB/T 32918.4 7.1); it
// returns ErrDecrypt for a bad ciphertext, and another error only when it could not try.
type Decrypter interface {
	KeyID() string
	DecryptSM2(ctx context.Context, ciphertext []byte) ([]byte, error)
}

// DecryptPolicy says what an encrypted token must be.
type DecryptPolicy struct {
	Type        string // wanted typ, as in Policy
	Nested      bool   // a signed token must be inside: cty JWT, and three parts. Otherwise cty must be absent
	KeyEncoding KeyEncoding
	Longest     int // octets of the token; MaxToken when 0
}

// longest is the bound of a token in octets.
func longest(set int) int {
	if set == 0 {
		return MaxToken
	}
	return set
}

// Decrypted is what an encrypted token held. Who encrypted it is unknown: anybody may use a public key.
type Decrypted struct {
	Header    EncryptedHeader
	Plaintext []byte
}

// Decrypt opens a compact JWE with the key that its kid names. Everything that can be judged without the private key is
// judged first and answered by name; all else is ErrDecrypt.
func Decrypt(ctx context.Context, token string, keys []Decrypter, policy DecryptPolicy) (*Decrypted, error) {
	e, err := splitEncrypted(token, policy.KeyEncoding, longest(policy.Longest))
	if err != nil {
		return nil, err
	}
	switch nested := shortType(e.header.ContentType) == "jwt"; {
	case !sameType(e.header.Type, policy.Type):
		return nil, ErrType
	case policy.Nested && !nested, !policy.Nested && e.header.ContentType != "":
		return nil, fmt.Errorf("%w: cty", ErrType)
	}
	at := slices.IndexFunc(keys, func(d Decrypter) bool { return d.KeyID() == e.header.KeyID })
	if at < 0 {
		return nil, ErrKey
	}
	contentKey, keyErr := keys[at].DecryptSM2(ctx, e.wrapped)
	if keyErr != nil && !errors.Is(keyErr, ErrDecrypt) {
		return nil, fmt.Errorf("jose: decrypt: %w", keyErr)
	}
	if keyErr != nil || len(contentKey) != contentKeySize {
		keyErr, contentKey = ErrDecrypt, make([]byte, contentKeySize) // the same work is done all the same
	}
	aead, err := block.NewSM4GCM(contentKey)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, e.iv, e.sealed, e.protected)
	if keyErr != nil || err != nil {
		return nil, ErrDecrypt
	}
	if policy.Nested && strings.Count(string(plaintext), ".") != 2 {
		return nil, fmt.Errorf("%w: no signed token inside", ErrMalformed)
	}
	return &Decrypted{Header: e.header, Plaintext: plaintext}, nil
}

// encrypted is a JWE cut into its parts, with every length checked.
type encrypted struct {
	header      EncryptedHeader
	protected   []byte // the associated data
	wrapped, iv []byte
	sealed      []byte // ciphertext ‖ tag
}

func splitEncrypted(token string, encoding KeyEncoding, most int) (encrypted, error) {
	if len(token) > most {
		return encrypted{}, fmt.Errorf("%w: longer than %d octets", ErrMalformed, most)
	}
	if strings.Count(token, ".") != 4 {
		return encrypted{}, fmt.Errorf("%w: not five parts", ErrMalformed)
	}
	var octets [5][]byte
	parts := strings.Split(token, ".")
	for i, part := range parts {
		var err error
		if octets[i], err = decode(part); err != nil {
			return encrypted{}, err
		}
	}
	members, err := object(octets[0])
	if err != nil {
		return encrypted{}, err
	}
	header, err := readEncryptedHeader(members)
	if err != nil {
		return encrypted{}, err
	}
	if len(octets[2]) != ivSize || len(octets[4]) != tagSize {
		return encrypted{}, fmt.Errorf("%w: IV of %d and tag of %d octets", ErrMalformed, len(octets[2]), len(octets[4]))
	}
	wrapped, err := decodeWrapped(octets[1], encoding)
	if err != nil {
		return encrypted{}, err
	}
	return encrypted{header, []byte(parts[0]), wrapped, octets[2], slices.Concat(octets[3], octets[4])}, nil
}

// forbiddenEncrypted header members: they compress, bring keys or values of other algorithms, or point to keys.
var forbiddenEncrypted = []string{"crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}

func readEncryptedHeader(members map[string]json.RawMessage) (EncryptedHeader, error) {
	for _, name := range forbiddenEncrypted {
		if _, ok := members[name]; ok {
			return EncryptedHeader{}, fmt.Errorf("%w: header member %s", ErrMalformed, name)
		}
	}
	var header EncryptedHeader
	for name, into := range map[string]*string{"alg": &header.Algorithm, "enc": &header.Encryption, "kid": &header.KeyID, "typ": &header.Type, "cty": &header.ContentType} {
		if value, ok := members[name]; ok {
			if err := json.Unmarshal(value, into); err != nil || len(value) > 512 {
				return EncryptedHeader{}, fmt.Errorf("%w: header member %s", ErrMalformed, name)
			}
		}
	}
	switch {
	case header.Algorithm != SM2KeyWrap || header.Encryption != SM4GCM:
		return EncryptedHeader{}, ErrAlgorithm
	case header.KeyID == "":
		return EncryptedHeader{}, fmt.Errorf("%w: no kid", ErrMalformed)
	}
	return header, nil
}

// encodeWrapped turns 04‖x‖y‖C3‖C2 into the encoding agreed with the partner.
func encodeWrapped(raw []byte, encoding KeyEncoding) ([]byte, error) {
	switch {
	case len(raw) != wrappedSize:
		return nil, fmt.Errorf("jose: SM2 ciphertext of %d octets", len(raw))
	case encoding == "" || encoding == KeyRaw:
		return raw, nil
	case encoding == KeyASN1:
		number := func(octets []byte) []byte { return der.EncodeInteger(new(big.Int).SetBytes(octets)) }
		return der.EncodeSequence(number(raw[1:33]), number(raw[33:65]), der.EncodeOctetString(raw[65:sm2Overhead]), der.EncodeOctetString(raw[sm2Overhead:])), nil
	}
	return nil, fmt.Errorf("jose: key encoding %q", encoding)
}

// decodeWrapped reads the one encoding agreed and returns 04‖x‖y‖C3‖C2. Whether C1 lies on the curve is for the holder of
// the key.
func decodeWrapped(octets []byte, encoding KeyEncoding) ([]byte, error) {
	switch {
	case encoding == "" || encoding == KeyRaw:
		if len(octets) != wrappedSize || octets[0] != 4 {
			return nil, fmt.Errorf("%w: encrypted key is not 04‖x‖y‖C3‖C2 of %d octets", ErrMalformed, wrappedSize)
		}
		return octets, nil
	case encoding != KeyASN1 || len(octets) > maxWrappedDER:
		return nil, fmt.Errorf("%w: encrypted key", ErrMalformed)
	}
	reader := der.Reader{Strict: true}
	value, err := reader.Parse(octets)
	if err != nil {
		return nil, fmt.Errorf("%w: encrypted key: %w", ErrMalformed, err)
	}
	members, err := reader.Sequence(value)
	if err != nil || len(members) != 4 || !members[0].Is(der.TagInteger) || !members[1].Is(der.TagInteger) || !members[2].Is(der.TagOctetString) || !members[3].Is(der.TagOctetString) {
		return nil, fmt.Errorf("%w: encrypted key is no SM2Cipher", ErrMalformed)
	}
	x, errX := reader.Integer(members[0])
	y, errY := reader.Integer(members[1])
	hash, errHash := reader.OctetString(members[2])
	cipher, errCipher := reader.OctetString(members[3])
	if err := errors.Join(errX, errY, errHash, errCipher); err != nil || x.Sign() < 0 || y.Sign() < 0 || x.BitLen() > 256 || y.BitLen() > 256 || len(hash) != 32 || len(cipher) != contentKeySize {
		return nil, fmt.Errorf("%w: encrypted key has members out of range", ErrMalformed)
	}
	raw := make([]byte, 65, wrappedSize)
	raw[0] = 4
	x.FillBytes(raw[1:33])
	y.FillBytes(raw[33:65])
	return append(append(raw, hash...), cipher...), nil
}

// SoftDecrypter is a Decrypter with its private key in memory, for relying parties and tests.
type SoftDecrypter struct {
	id      string
	private *sm2.PrivateKey
}

// NewDecrypter makes a Decrypter of the private number of an SM2 key, 32 octets. Errors wrap ErrBadKey.
func NewDecrypter(id string, private []byte) (*SoftDecrypter, error) {
	key, err := sm2.NewPrivateKey(private)
	if err != nil || id == "" {
		return nil, fmt.Errorf("%w: private key or its id", ErrBadKey)
	}
	return &SoftDecrypter{id, key}, nil
}

// KeyID implements Decrypter.
func (d *SoftDecrypter) KeyID() string { return d.id }

// DecryptSM2 implements Decrypter.
func (d *SoftDecrypter) DecryptSM2(_ context.Context, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) != wrappedSize || ciphertext[0] != 4 {
		return nil, ErrDecrypt
	}
	plain, err := d.private.Decrypt(nil, ciphertext, sm2.NewPlainDecrypterOpts(sm2.C1C3C2))
	if err != nil {
		return nil, ErrDecrypt
	}
	return plain, nil
}

// Public is the key to publish.
func (d *SoftDecrypter) Public() EncryptionKey {
	return EncryptionKey{ID: d.id, Public: &d.private.PublicKey}
}

// check: the key is an SM2 key with an id, since the holder finds it by its id alone.
func (k EncryptionKey) check() error {
	if k.ID == "" {
		return fmt.Errorf("%w: an encryption key needs a kid", ErrBadKey)
	}
	if err := pki.CheckSM2Key(k.Public); err != nil {
		return fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return nil
}
