package keystest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// Twin is a key provider in memory, for tests of rooms that need keys. Its blobs are not encrypted.
type Twin struct {
	keys.Provider
	Store *Records
	// Fail, when it answers an error, makes the step ("wrap", "unwrap", "health") fail with it.
	Fail func(step string) error
}

// NewTwin returns an empty provider.
func NewTwin(now func() time.Time) *Twin {
	t := &Twin{Store: NewRecords()}
	t.Provider = t.Reopen(now)
	return t
}

// Reopen gives a provider over the same records that has nothing in memory, as another process has.
func (t *Twin) Reopen(now func() time.Time) keys.Provider {
	return wrapped.New(wrapped.Config{Name: "twin", Store: t.Store, Wrapper: plain{t}, Now: now, Rand: ident.System(), RSA: testkit.RSAKey})
}

// plain keeps blobs readable, with the associated data in front.
type plain struct{ twin *Twin }

func (p plain) step(name string) error {
	if p.twin.Fail == nil {
		return nil
	}
	return p.twin.Fail(name)
}

func (p plain) Wrap(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return slices.Concat(associated, plaintext), p.step("wrap")
}

func (p plain) Unwrap(_ context.Context, blob, associated []byte) ([]byte, error) {
	plaintext, ok := bytes.CutPrefix(blob, associated)
	if !ok {
		return nil, keys.ErrUnwrap
	}
	return bytes.Clone(plaintext), p.step("unwrap")
}

func (p plain) Health(context.Context) error { return p.step("health") }

// Records is a wrapped.Store in memory.
type Records struct {
	mutex sync.Mutex
	order []string
	rows  map[string]wrapped.Record
}

// NewRecords returns an empty store.
func NewRecords() *Records { return &Records{rows: map[string]wrapped.Record{}} }

// Edit changes a record as somebody with access to the database could.
func (s *Records) Edit(id string, edit func(r *wrapped.Record)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r := s.rows[id]
	r.Blob, r.Public = bytes.Clone(r.Blob), bytes.Clone(r.Public)
	edit(&r)
	s.rows[id] = r
}

// Insert implements wrapped.Store.
func (s *Records) Insert(_ context.Context, r wrapped.Record, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, have := range s.rows {
		if have.Spec == r.Spec && have.State == r.State {
			return wrapped.ErrExists
		}
	}
	s.order, s.rows[r.ID] = append(s.order, r.ID), r
	return nil
}

// Find implements wrapped.Store.
func (s *Records) Find(_ context.Context, id string) (wrapped.Record, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.rows[id]
	if !ok {
		return wrapped.Record{}, keys.ErrNotFound
	}
	return r, nil
}

// List implements wrapped.Store.
func (s *Records) List(_ context.Context, usage keys.Usage, label string) ([]wrapped.Record, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []wrapped.Record
	for _, id := range slices.Backward(s.order) {
		if r := s.rows[id]; r.Spec.Usage == usage && (label == "" || r.Spec.Label == label) {
			all = append(all, r)
		}
	}
	return all, nil
}

// SetState implements wrapped.Store.
func (s *Records) SetState(_ context.Context, id string, from, to keys.State, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.rows[id]
	if !ok || r.State != from {
		return keys.ErrState
	}
	r.State, r.StateAt = to, at
	s.rows[id] = r
	return nil
}

// Promote implements wrapped.Store.
func (s *Records) Promote(_ context.Context, next wrapped.Record, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.rows[next.ID]
	if !ok || r.State != keys.Next {
		return keys.ErrState
	}
	for id, have := range s.rows {
		if have.Spec == r.Spec && have.State == keys.Current {
			have.State, have.StateAt = keys.Previous, at
			s.rows[id] = have
		}
	}
	r.State, r.StateAt = keys.Current, at
	s.rows[next.ID] = r
	return nil
}

// Erase implements wrapped.Store.
func (s *Records) Erase(_ context.Context, id string, at time.Time, _ audit.Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	r, ok := s.rows[id]
	if !ok || r.State == keys.Destroyed {
		return keys.ErrState
	}
	r.State, r.StateAt, r.Blob = keys.Destroyed, at, []byte{}
	s.rows[id] = r
	return nil
}

// Forget gives a provider over the same records and with the same wrapper that has nothing in memory. It is for wrappers
// whose start takes long.
func Forget(p keys.Provider, records wrapped.Store, now func() time.Time) keys.Provider {
	return wrapped.New(wrapped.Config{Name: p.Name(), Store: records, Wrapper: p.(*wrapped.Provider).Wrapper(), Now: now, Rand: ident.System()})
}
