package sealtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// ErrCrash is what a failing step answers.
var ErrCrash = errors.New("sealtest: crash")

// Steps numbers (from 1) and names what the service asks of store, documents and keys, and makes steps fail: FailBefore
// without an effect, FailAfter once the step is done, as a process does that dies before it hears of the commit.
type Steps struct {
	FailBefore func(step int, name string) bool
	FailAfter  func(step int, name string) bool

	mutex sync.Mutex
	names []string
}

// Names of the steps so far.
func (s *Steps) Names() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]string(nil), s.names...)
}

func (s *Steps) around(name string, do func() error) error {
	s.mutex.Lock()
	s.names = append(s.names, name)
	step := len(s.names)
	s.mutex.Unlock()
	if s.FailBefore != nil && s.FailBefore(step, name) {
		return ErrCrash
	}
	err := do()
	if err != nil && !errors.Is(err, esign.ErrNotFound) {
		return err
	}
	if s.FailAfter != nil && s.FailAfter(step, name) {
		return ErrCrash
	}
	return err
}

// Faulty is a store of any kind whose calls about stamps and changes of seals are steps.
type Faulty struct {
	esign.Store
	*Steps
}

// Seal implements esign.Store.
func (f *Faulty) Seal(ctx context.Context, id string) (s esign.Seal, err error) {
	err = f.around("store seal", func() (err error) { s, err = f.Store.Seal(ctx, id); return err })
	return s, err
}

// AddSeal implements esign.Store.
func (f *Faulty) AddSeal(ctx context.Context, s esign.Seal, record audit.Record) error {
	return f.around("store add", func() error { return f.Store.AddSeal(ctx, s, record) })
}

// ReplaceSeal implements esign.Store.
func (f *Faulty) ReplaceSeal(ctx context.Context, s esign.Seal, from esign.State, old, seen esign.Seal, record audit.Record) error {
	return f.around("store replace", func() error { return f.Store.ReplaceSeal(ctx, s, from, old, seen, record) })
}

// AmendSeal implements esign.Store.
func (f *Faulty) AmendSeal(ctx context.Context, s, seen esign.Seal, record audit.Record) error {
	return f.around("store amend", func() error { return f.Store.AmendSeal(ctx, s, seen, record) })
}

// UpdateSeal implements esign.Store.
func (f *Faulty) UpdateSeal(ctx context.Context, s esign.Seal, from esign.State, record audit.Record) error {
	return f.around("store update", func() error { return f.Store.UpdateSeal(ctx, s, from, record) })
}

// StampByKey implements esign.Store.
func (f *Faulty) StampByKey(ctx context.Context, requester, key string) (s esign.Stamp, err error) {
	err = f.around("store key", func() (err error) { s, err = f.Store.StampByKey(ctx, requester, key); return err })
	return s, err
}

// PlanStamp implements esign.Store.
func (f *Faulty) PlanStamp(ctx context.Context, s esign.Stamp, watch *esign.Watch, record audit.Record) error {
	return f.around("store plan", func() error { return f.Store.PlanStamp(ctx, s, watch, record) })
}

// TakeOver implements esign.Store.
func (f *Faulty) TakeOver(ctx context.Context, s esign.Stamp, now time.Time, watch *esign.Watch, record audit.Record) error {
	return f.around("store take over", func() error { return f.Store.TakeOver(ctx, s, now, watch, record) })
}

// Release implements esign.Store.
func (f *Faulty) Release(ctx context.Context, s esign.Stamp, at time.Time) error {
	return f.around("store release", func() error { return f.Store.Release(ctx, s, at) })
}

// SettleStamp implements esign.Store.
func (f *Faulty) SettleStamp(ctx context.Context, s esign.Stamp, record audit.Record) error {
	return f.around("store settle", func() error { return f.Store.SettleStamp(ctx, s, record) })
}

// PlannedBefore implements esign.Store.
func (f *Faulty) PlannedBefore(ctx context.Context, now time.Time, limit int) (list []esign.Stamp, err error) {
	err = f.around("store stale", func() (err error) { list, err = f.Store.PlannedBefore(ctx, now, limit); return err })
	return list, err
}

// LookAtFlags implements esign.Store.
func (f *Faulty) LookAtFlags(ctx context.Context, d esign.FlagDay, record audit.Record) error {
	return f.around("store look at flags", func() error { return f.Store.LookAtFlags(ctx, d, record) })
}
