// Package softkeys is the key provider "file": blobs are sealed with SM4-GCM under a key that Argon2id derives from the
// passphrase in a file of the operator. It needs nothing but the database; it is not a certified module.
package softkeys

import (
	"context"
	"crypto/cipher"
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
}

// Derivation parameters (RFC 9106): done once at start.
const (
	derivePasses  = 3
	deriveMemory  = 64 << 10 // KiB
	deriveThreads = 2
	saltSize      = 16
	nonceSize     = 12
)

// New derives the wrapping key and returns the provider.
func New(ctx context.Context, cfg Config) (*wrapped.Provider, error) {
	if len(cfg.Passphrase) < 12 {
		return nil, errors.New("softkeys: the passphrase is shorter than 12 characters")
	}
	fresh := make([]byte, saltSize)
	if _, err := io.ReadFull(cfg.Rand, fresh); err != nil {
		return nil, fmt.Errorf("softkeys: make salt: %w", err)
	}
	salt, err := cfg.Store.Salt(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("softkeys: read salt: %w", err)
	}
	key := argon2.IDKey([]byte(cfg.Passphrase), salt, derivePasses, deriveMemory, deriveThreads, 16)
	gcm, err := block.NewSM4GCM(key)
	if err != nil {
		return nil, fmt.Errorf("softkeys: %w", err)
	}
	return wrapped.New(wrapped.Config{Name: "file", Store: cfg.Store, Wrapper: &passphrase{gcm, cfg.Rand}, Now: cfg.Now, Rand: cfg.Rand}), nil
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
