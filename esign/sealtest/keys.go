package sealtest

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
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
	memory := wrapped.New(wrapped.Config{Name: "memory", Store: &keyStore{records: map[string]wrapped.Record{}}, Wrapper: plain{}, Now: now, Rand: ident.System()})
	return &Keys{Provider: memory, steps: steps, signed: map[keys.Usage]int{}, asked: map[keys.Usage]int{}}
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

// plain keeps keys of tests as they are.
type plain struct{}

func (plain) Wrap(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return append(bytes.Clone(associated), plaintext...), nil
}

func (plain) Unwrap(_ context.Context, blob, associated []byte) ([]byte, error) {
	plaintext, ok := bytes.CutPrefix(blob, associated)
	if !ok {
		return nil, keys.ErrUnwrap
	}
	return bytes.Clone(plaintext), nil
}

func (plain) Health(context.Context) error { return nil }

type keyStore struct {
	mutex   sync.Mutex
	order   []string
	records map[string]wrapped.Record
}

func (s *keyStore) Insert(_ context.Context, r wrapped.Record, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, have := range s.records {
		if have.Spec == r.Spec && have.State == keys.Current && r.State == keys.Current {
			return wrapped.ErrExists
		}
	}
	s.order, s.records[r.ID] = append(s.order, r.ID), r
	return nil
}

func (s *keyStore) Find(_ context.Context, id string) (wrapped.Record, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.records[id]
	if !ok {
		return wrapped.Record{}, keys.ErrNotFound
	}
	return r, nil
}

func (s *keyStore) List(_ context.Context, usage keys.Usage, label string) ([]wrapped.Record, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var list []wrapped.Record
	for i := len(s.order) - 1; i >= 0; i-- {
		if r := s.records[s.order[i]]; r.Spec.Usage == usage && (label == "" || r.Spec.Label == label) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (s *keyStore) SetState(_ context.Context, id string, from, to keys.State, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.records[id]
	if !ok || r.State != from {
		return keys.ErrState
	}
	r.State = to
	s.records[id] = r
	return nil
}

func (s *keyStore) Erase(_ context.Context, id string, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r := s.records[id]
	r.Blob, r.State = nil, keys.Destroyed
	s.records[id] = r
	return nil
}
