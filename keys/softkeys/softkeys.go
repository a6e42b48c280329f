// Package softkeys is the key provider "file": blobs are sealed with SM4-GCM under a key that Argon2id derives from the
// passphrase in a file of the operator. It needs nothing but the database; it is not a certified module.
package softkeys

import (
	"context"
	"crypto/cipher"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/block"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// Store keeps the records and the salt of the passphrase.
type Store interface {
	wrapped.Store
	// Salt returns the stored salt; fresh is stored and returned when there is none yet.
	Salt(ctx context.Context, fresh []byte) ([]byte, error)
}

// Config of the provider.
type Config struct {
	Store      Store
	Passphrase string
	Now        func() time.Time
	Rand       io.Reader
	// Derive makes the wrapping key of passphrase and stored salt (Argon2id when nil).
	Derive func(passphrase string, salt []byte) ([]byte, error)
	// RSA makes an RSA key (rsa.GenerateKey when nil).
	RSA func(rand io.Reader, bits int) (*rsa.PrivateKey, error)
}

const (
	saltSize  = 16
	nonceSize = 12
)

// cost of a derivation (Argon2id, RFC 9106), which every start pays once.
type cost struct {
	passes  uint32
	memory  uint32 // KiB
	threads uint8
}

// costs by the version of the stored salt: an octet in front of it. What was stored once is read for ever; a new database
// gets the last one. A salt without that octet is of the first.
var costs = []cost{
	{passes: 3, memory: 64 << 10, threads: 2},
	{passes: 1, memory: 46 << 10, threads: 1}, // as hard by OWASP's reckoning as 19 MiB and two passes, a quarter of the time of the first
}

// derive makes the wrapping key.
func derive(passphrase string, stored []byte) ([]byte, error) {
	version := 0
	salt := stored
	if len(stored) == saltSize+1 {
		version, salt = int(stored[0]), stored[1:]
	}
	if len(salt) != saltSize || version >= len(costs) || version == 0 && len(stored) != saltSize {
		return nil, errors.New("softkeys: the stored salt is of a newer release or damaged")
	}
	c := costs[version]
	return argon2.IDKey([]byte(passphrase), salt, c.passes, c.memory, c.threads, 16), nil
}

// New derives the wrapping key and returns the provider.
func New(ctx context.Context, cfg Config) (*wrapped.Provider, error) {
	if len(cfg.Passphrase) < 12 {
		return nil, errors.New("softkeys: the passphrase is shorter than 12 characters")
	}
	fresh := make([]byte, 1+saltSize)
	fresh[0] = byte(len(costs) - 1)
	if _, err := io.ReadFull(cfg.Rand, fresh[1:]); err != nil {
		return nil, fmt.Errorf("softkeys: make salt: %w", err)
	}
	salt, err := cfg.Store.Salt(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("softkeys: read salt: %w", err)
	}
	if cfg.Derive == nil {
		cfg.Derive = derive
	}
	key, err := cfg.Derive(cfg.Passphrase, salt)
	if err != nil {
		return nil, err
	}
	gcm, err := block.NewSM4GCM(key)
	if err != nil {
		return nil, fmt.Errorf("softkeys: %w", err)
	}
	return wrapped.New(wrapped.Config{Name: "file", Store: cfg.Store, Wrapper: &passphrase{gcm, cfg.Rand}, Now: cfg.Now, Rand: cfg.Rand, RSA: cfg.RSA}), nil
}

// passphrase seals blobs: nonce, then ciphertext.
type passphrase struct {
	gcm    cipher.AEAD
	random io.Reader
}

func (p *passphrase) Wrap(_ context.Context, plaintext, associatedData []byte) ([]byte, error) {
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(p.random, nonce); err != nil {
		return nil, fmt.Errorf("softkeys: nonce: %w", err)
	}
	return p.gcm.Seal(nonce, nonce, plaintext, associatedData), nil
}

func (p *passphrase) Unwrap(_ context.Context, blob, associatedData []byte) ([]byte, error) {
	if len(blob) < nonceSize {
		return nil, keys.ErrUnwrap
	}
	plaintext, err := p.gcm.Open(nil, blob[:nonceSize], blob[nonceSize:], associatedData)
	if err != nil {
		return nil, fmt.Errorf("%w: is it the right passphrase?", keys.ErrUnwrap)
	}
	return plaintext, nil
}

func (p *passphrase) Health(context.Context) error { return nil }
