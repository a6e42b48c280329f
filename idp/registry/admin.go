package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Known is a registered partner as administrators see it, enabled or not. Its secret never leaves the registry for them.
type Known[T any] struct {
	Value     T
	HasSecret bool
	entry     Entry
}

// Version changes with the registration and with its secret.
func (k Known[T]) Version() string {
	return digest.Hex(bytes.Join([][]byte{[]byte(digest.Hex(k.entry.Body)), k.entry.SecretMAC}, nil))
}

// BuiltIn is a registration that is in force without being stored: a change of it stores the first one.
func BuiltIn[T any](value T) (k Known[T], err error) {
	k.Value = value
	k.entry.Body, err = json.Marshal(value)
	return k, err
}

func known[T any](s stored[T]) Known[T] { return Known[T]{s.value, len(s.entry.Sealed) > 0, s.entry} }

// Known finds a partner as the store has it now.
func (r *Registry[T, P]) Known(ctx context.Context, id string) (Known[T], error) {
	if err := r.Refresh(ctx); err != nil {
		return Known[T]{}, fault.Wrap(err, fault.Unavailable)
	}
	one, ok := r.snapshot.Load().partners[id]
	if !ok {
		return Known[T]{}, fault.New(fault.NotFound)
	}
	return known(one), nil
}

// Change puts a registration in the place of the one that was read, the zero value where there was none: fault.AdminChanged
// when something else lies there now. What says the same changes nothing.
func (r *Registry[T, P]) Change(ctx context.Context, was Known[T], value T) error {
	next, err := r.judge(ctx, was, value)
	if err != nil || same(was.entry, next) {
		return err
	}
	return r.put(ctx, was.entry, next, nil)
}

// Page lists partners by id behind the one given; next is empty on the last page.
func (r *Registry[T, P]) Page(ctx context.Context, after string, limit int) (page []Known[T], next string, err error) {
	if err := r.Refresh(ctx); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	partners := r.snapshot.Load().partners
	for _, id := range slices.Sorted(maps.Keys(partners)) {
		if id <= after {
			continue
		}
		if len(page) == limit {
			return page, P(&page[limit-1].Value).Key(), nil
		}
		page = append(page, known(partners[id]))
	}
	return page, "", nil
}

// Outcomes of a test of a connection.
const (
	CheckPassed  = "passed"
	CheckSilent  = "silent"  // it does not answer, or not in time
	CheckRefused = "refused" // what it answers cannot be used
)

// Check is the last test of a connection to a partner.
type Check struct {
	At      time.Time
	Outcome string
}

// CheckStore keeps the last test of each partner; idpdb implements it.
type CheckStore interface {
	SaveCheck(ctx context.Context, kind, id string, c Check, record audit.Record) error
	// LastCheck answers idp.ErrNotFound when there was none.
	LastCheck(ctx context.Context, kind, id string) (Check, error)
}

// NoteCheck stores the outcome of a test in the place of the one before.
func (r *Registry[T, P]) NoteCheck(ctx context.Context, store CheckStore, id, outcome string) (Check, error) {
	c := Check{r.now().UTC(), outcome}
	e := idp.Event(ctx, c.At, r.kind+".checked", "partner", id, map[string]string{"outcome": outcome})
	if err := store.SaveCheck(ctx, r.kind, id, c, audit.With(e)); err != nil {
		return c, fault.Wrap(err, fault.Unavailable)
	}
	return c, nil
}

// LastCheck is the last test of a partner; ok is false when there was none.
func (r *Registry[T, P]) LastCheck(ctx context.Context, store CheckStore, id string) (c Check, ok bool, err error) {
	c, err = store.LastCheck(ctx, r.kind, id)
	if errors.Is(err, idp.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fault.Wrap(err, fault.Unavailable)
	}
	return c, true, nil
}
