package keystest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// NewMemory returns a key provider that keeps its keys, as they are, in memory.
func NewMemory(now func() time.Time) keys.Provider {
	return wrapped.New(wrapped.Config{Name: "memory", Store: &keyStore{records: map[string]wrapped.Record{}}, Wrapper: plain{}, Now: now, Rand: ident.System()})
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
		if have.Spec == r.Spec && have.State == r.State {
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

func (s *keyStore) SetState(_ context.Context, id string, from, to keys.State, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.records[id]
	if !ok || r.State != from {
		return keys.ErrState
	}
	r.State, r.StateAt = to, at
	s.records[id] = r
	return nil
}

func (s *keyStore) Promote(_ context.Context, next wrapped.Record, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.records[next.ID]
	if !ok || r.State != keys.Next {
		return keys.ErrState
	}
	for id, have := range s.records {
		if have.Spec == r.Spec && have.State == keys.Current {
			have.State, have.StateAt = keys.Previous, at
			s.records[id] = have
		}
	}
	r.State, r.StateAt = keys.Current, at
	s.records[next.ID] = r
	return nil
}

func (s *keyStore) Erase(_ context.Context, id string, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r := s.records[id]
	r.State, r.StateAt, r.Blob = keys.Destroyed, at, nil
	s.records[id] = r
	return nil
}
