package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/big"
	"sync"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/block"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ErrRandomness: the source of randomness gave the same signature nonce twice, so signing has stopped (S-08).
var ErrRandomness = errors.New("keys: source of randomness repeats itself")

// NewSigner is for providers: it binds a key in memory to its id and takes the choices that this package promises. A key has one handle, which
// compares each nonce with the one before (S-08). memo remembers what messages of SM2 keys begin with, and may be nil.
func NewSigner(id string, algorithm Algorithm, key crypto.Signer, random io.Reader, memo *pki.Memo) (Signer, error) {
	switch algorithm {
	case SM2, P256, Ed25519, RSA2048, RSAPSS:
		return &signer{id: id, algorithm: algorithm, key: key, random: random, memo: memo}, nil
	}
	return nil, ErrUsage
}

// pss is RFC 7518 3.5.
var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

type signer struct {
	id        string
	algorithm Algorithm
	key       crypto.Signer
	random    io.Reader
	memo      *pki.Memo

	mutex sync.Mutex
	nonce []byte // what shows the last one
	stuck bool
}

func (s *signer) KeyID() string            { return s.id }
func (s *signer) Algorithm() Algorithm     { return s.algorithm }
func (s *signer) Public() crypto.PublicKey { return s.key.Public() }

// Sign implements crypto.Signer for certificate libraries. Like SignMessage it verifies before it returns.
func (s *signer) Sign(_ io.Reader, input []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.algorithm == SM2 {
		if _, message := opts.(*sm2.SM2SignerOption); !message {
			return nil, fmt.Errorf("%w: an SM2 key signs messages, not digests", ErrUsage)
		}
	}
	if s.algorithm == Ed25519 && (opts == nil || opts.HashFunc() != 0) {
		return nil, fmt.Errorf("%w: an Ed25519 key signs messages, not digests", ErrUsage)
	}
	return s.sign(input, opts)
}

// SignMessage signs and verifies the result.
func (s *signer) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	switch s.algorithm {
	case SM2:
		return s.sign(message, sm2.DefaultSM2SignerOpts)
	case Ed25519:
		return s.sign(message, crypto.Hash(0))
	}
	var padding crypto.SignerOpts = crypto.SHA256
	if s.algorithm == RSAPSS {
		padding = pss
	}
	sum := sha256.Sum256(message)
	return s.sign(sum[:], padding)
}

// sign lets a signature out only when it verifies with the public half and its nonce is new (K-07, S-08). input is the
// message for SM2 and Ed25519, the digest for the others.
func (s *signer) sign(input []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.algorithm == SM2 {
		return s.signSM2(input)
	}
	signature, err := s.key.Sign(s.random, input, opts)
	if err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	if err := s.verify(input, signature, opts); err != nil {
		return nil, err
	}
	if err := s.checkNonce(signature, nil); err != nil {
		return nil, err
	}
	return signature, nil
}

// signSM2 hashes a message once for the signature of a key in memory and its check; a key elsewhere gets the message.
func (s *signer) signSM2(message []byte) ([]byte, error) {
	public, ok := s.key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, ErrSelfCheck
	}
	digest, err := s.memo.SM2Digest(public, message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	var signature []byte
	if key, own := s.key.(*sm2.PrivateKey); own {
		signature, err = key.Sign(s.random, digest, nil)
	} else {
		signature, err = s.key.Sign(s.random, message, sm2.DefaultSM2SignerOpts)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	if _, err := pki.VerifySM2Digest(public, digest, signature, pki.FormDER); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	if err := s.checkNonce(signature, digest); err != nil {
		return nil, err
	}
	return signature, nil
}

func (s *signer) verify(input, signature []byte, opts crypto.SignerOpts) error {
	switch public := s.key.Public().(type) {
	case *ecdsa.PublicKey:
		if s.algorithm == P256 && ecdsa.VerifyASN1(public, input, signature) {
			return nil
		}
	case ed25519.PublicKey:
		if s.algorithm == Ed25519 && ed25519.Verify(public, input, signature) {
			return nil
		}
	case *rsa.PublicKey:
		padding, isPSS := opts.(*rsa.PSSOptions)
		if opts == nil || s.algorithm != RSA2048 && s.algorithm != RSAPSS || s.algorithm == RSAPSS && !isPSS {
			return ErrSelfCheck
		}
		var err error
		if isPSS {
			err = rsa.VerifyPSS(public, opts.HashFunc(), input, signature, padding)
		} else {
			err = rsa.VerifyPKCS1v15(public, opts.HashFunc(), input, signature)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSelfCheck, err)
		}
		return nil
	}
	return ErrSelfCheck
}

// checkNonce compares what shows the nonce with that of the signature before: r in ECDSA; in SM2, where r is e + x1 mod n, x1 (GB/T 32918.2-2016
// 6.1), so that a source that stands still shows whatever is signed. digest is e, and empty but for SM2. RSA has no nonce, and that of Ed25519 follows from the message.
func (s *signer) checkNonce(signature, digest []byte) error {
	if s.algorithm != SM2 && s.algorithm != P256 || len(signature) < 4 || int(signature[3]) > len(signature)-4 {
		return nil
	}
	nonce := bytes.Clone(signature[4 : 4+int(signature[3])])
	if s.algorithm == SM2 {
		x := new(big.Int).SetBytes(nonce)
		x.Sub(x, new(big.Int).SetBytes(digest))
		nonce = x.Mod(x, sm2.P256().Params().N).Bytes()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stuck || s.nonce != nil && bytes.Equal(nonce, s.nonce) {
		s.stuck = true
		return ErrRandomness
	}
	s.nonce = nonce
	return nil
}

// NewCipher is for providers: SM4-GCM with a random nonce in front of each ciphertext.
func NewCipher(id string, key []byte, random io.Reader) (Cipher, error) {
	gcm, err := block.NewSM4GCM(key)
	if err != nil {
		return nil, fmt.Errorf("keys: cipher: %w", err)
	}
	return &fieldCipher{id: id, gcm: gcm, random: random}, nil
}

type fieldCipher struct {
	id     string
	gcm    cipher.AEAD
	random io.Reader
}

func (c *fieldCipher) KeyID() string { return c.id }

func (c *fieldCipher) Seal(_ context.Context, plaintext, associatedData []byte) ([]byte, error) {
	nonce := make([]byte, c.gcm.NonceSize(), c.gcm.NonceSize()+len(plaintext)+c.gcm.Overhead())
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return nil, fmt.Errorf("keys: nonce: %w", err)
	}
	return c.gcm.Seal(nonce, nonce, plaintext, associatedData), nil
}

func (c *fieldCipher) Open(_ context.Context, ciphertext, associatedData []byte) ([]byte, error) {
	size := c.gcm.NonceSize()
	if len(ciphertext) < size {
		return nil, ErrUnwrap
	}
	plaintext, err := c.gcm.Open(nil, ciphertext[:size], ciphertext[size:], associatedData)
	if err != nil {
		return nil, ErrUnwrap
	}
	return plaintext, nil
}

// NewMAC is for providers.
func NewMAC(id string, key []byte) MAC { return &mac{id: id, key: bytes.Clone(key)} }

type mac struct {
	id  string
	key []byte
}

func (m *mac) KeyID() string { return m.id }

func (m *mac) Sum(_ context.Context, parts ...[]byte) ([]byte, error) {
	h := hmac.New(func() hash.Hash { return sm3.New() }, m.key)
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return h.Sum(nil), nil
}
