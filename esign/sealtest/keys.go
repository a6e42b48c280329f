package sealtest

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

// Keys is a key provider in memory that counts its signatures and can fail.
type Keys struct {
	keys.Provider
	// Down is asked before every use of a key of the purpose; what it answers is the answer. nil: never down.
	Down func(usage keys.Usage) error
	// Answer changes a signature before it leaves, as a provider does that answers with another key's.
	Answer func(usage keys.Usage, message, signature []byte) []byte

	steps  *Steps
	mutex  sync.Mutex
	signed map[keys.Usage]int
	asked  map[keys.Usage]int
}

// NewKeys returns an empty provider whose signing with seal keys is a step.
func NewKeys(now func() time.Time, steps *Steps) *Keys {
	return &Keys{Provider: keystest.NewTwin(now), steps: steps, signed: map[keys.Usage]int{}, asked: map[keys.Usage]int{}}
}

// Signed is the number of signatures made for a purpose.
func (k *Keys) Signed(usage keys.Usage) int { return k.count(k.signed, usage) }

// Asked is how often a handle for signing was asked for.
func (k *Keys) Asked(usage keys.Usage) int { return k.count(k.asked, usage) }

func (k *Keys) count(of map[keys.Usage]int, usage keys.Usage) int {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return of[usage]
}

func (k *Keys) note(in map[keys.Usage]int, usage keys.Usage) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	in[usage]++
}

func (k *Keys) down(usage keys.Usage) error {
	if k.Down != nil {
		return k.Down(usage)
	}
	return nil
}

// Signer implements keys.Provider.
func (k *Keys) Signer(ctx context.Context, id string, usage keys.Usage) (keys.Signer, error) {
	k.note(k.asked, usage)
	if err := k.down(usage); err != nil {
		return nil, err
	}
	s, err := k.Provider.Signer(ctx, id, usage)
	if err != nil {
		return nil, err
	}
	return &signer{s, k, usage}, nil
}

type signer struct {
	keys.Signer
	keys  *Keys
	usage keys.Usage
}

// Sign implements crypto.Signer.
func (s *signer) Sign(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.keys.note(s.keys.signed, s.usage)
	return s.Signer.Sign(random, message, opts)
}

// SignMessage implements keys.Signer.
func (s *signer) SignMessage(ctx context.Context, message []byte) (signature []byte, err error) {
	if err := s.keys.down(s.usage); err != nil {
		return nil, err
	}
	sign := func() error {
		s.keys.note(s.keys.signed, s.usage)
		signature, err = s.Signer.SignMessage(ctx, message)
		return err
	}
	if s.usage == keys.UsageSealSigner {
		if err = s.keys.steps.around("key sign", sign); errors.Is(err, ErrCrash) {
			err = fmt.Errorf("%w: %w", keys.ErrUnavailable, err)
		}
	} else {
		err = sign()
	}
	if err != nil {
		return nil, err
	}
	if s.keys.Answer != nil {
		return s.keys.Answer(s.usage, message, signature), nil
	}
	return signature, nil
}
