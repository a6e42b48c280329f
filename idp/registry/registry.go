// Package registry keeps configured partners in memory: portals behind bridges and upstream sources. Their registration
// is data (`admin apply`), their secret lies sealed beside it, and a node reads them anew when the stored revision changed.
//
// It is not for OAuth clients, which idp.Clients keeps with a hash of their secret alone: the secrets here are needed
// again, because we sign and send with them.
package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// Partner is what a registration must tell.
type Partner interface {
	Key() string      // its id
	Normalize() error // fills in defaults and refuses what cannot be; a fault with the field
	Enabled() bool
	GivenSecret() string // on its way in; empty keeps the stored one
}

// Successor is a partner that judges what it takes the place of.
type Successor[T any] interface {
	Follows(before T) error // a fault with the field
}

// follows lets a partner judge the registration that it takes the place of.
func follows[T any](partner Partner, before T) error {
	if successor, ok := partner.(Successor[T]); ok {
		return successor.Follows(before)
	}
	return nil
}

// Entry is the stored form.
type Entry struct {
	Kind, ID  string
	Body      []byte
	SecretMAC []byte // tells whether a secret changed; empty without one
	KeyID     string
	Sealed    []byte
}

// Store keeps entries; idpdb implements it.
type Store interface {
	// ApplyPartner stores an entry if it differs from what is there; a nil SecretMAC keeps the stored secret.
	ApplyPartner(ctx context.Context, e Entry, record audit.Record) error
	// ChangePartner stores an entry in the place of the one that was read, the zero value where there was none; idp.ErrConflict
	// when something else lies there now. A nil SecretMAC keeps the stored secret. The settlement is that of the proposal which wants
	// it; nil for none.
	ChangePartner(ctx context.Context, was, e Entry, settlement *foureyes.Settlement, record audit.Record) error
	Partners(ctx context.Context, kind string, limit int) ([]Entry, error)
	// PartnerRevision changes with every change of any partner of the kind.
	PartnerRevision(ctx context.Context, kind string) (int64, error)
}

// Registry is the snapshot of one kind. T is the registration, P its pointer.
type Registry[T any, P interface {
	*T
	Partner
}] struct {
	kind     string
	store    Store
	ring     *keys.Ring
	now      func() time.Time
	two      Two
	snapshot atomic.Pointer[snapshot[T]]
}

type snapshot[T any] struct {
	revision int64
	partners map[string]stored[T]
}

type stored[T any] struct {
	value T
	entry Entry
}

// maxPartners bounds a snapshot.
const maxPartners = 10_000

// New returns an empty registry of a kind; Refresh fills it.
func New[T any, P interface {
	*T
	Partner
}](kind string, store Store, ring *keys.Ring, now func() time.Time) *Registry[T, P] {
	r := &Registry[T, P]{kind: kind, store: store, ring: ring, now: now}
	r.snapshot.Store(&snapshot[T]{revision: -1})
	return r
}

// Refresh reads the partners again if any changed.
func (r *Registry[T, P]) Refresh(ctx context.Context) error {
	revision, err := r.store.PartnerRevision(ctx, r.kind)
	if err != nil || revision == r.snapshot.Load().revision {
		return err
	}
	entries, err := r.store.Partners(ctx, r.kind, maxPartners)
	if err != nil {
		return err
	}
	next := &snapshot[T]{revision: revision, partners: make(map[string]stored[T], len(entries))}
	for _, entry := range entries {
		one := stored[T]{entry: entry}
		if err := json.Unmarshal(entry.Body, &one.value); err != nil {
			return fmt.Errorf("read %s %s: %w", r.kind, entry.ID, err)
		}
		next.partners[entry.ID] = one
	}
	r.snapshot.Store(next)
	return nil
}

// Find returns an enabled partner.
func (r *Registry[T, P]) Find(id string) (T, bool) {
	one, ok := r.snapshot.Load().partners[id]
	return one.value, ok && P(&one.value).Enabled()
}

// All lists the enabled partners by id.
func (r *Registry[T, P]) All() []T {
	partners := r.snapshot.Load().partners
	var all []T
	for _, id := range slices.Sorted(maps.Keys(partners)) {
		if one := partners[id].value; P(&one).Enabled() {
			all = append(all, one)
		}
	}
	return all
}

// Secret opens a partner's secret, empty when it has none.
func (r *Registry[T, P]) Secret(ctx context.Context, id string) (string, error) {
	one, ok := r.snapshot.Load().partners[id]
	if !ok || len(one.entry.Sealed) == 0 {
		return "", nil
	}
	cipher, err := r.ring.Cipher(ctx, keys.UsageFieldCipher, one.entry.KeyID)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	plain, err := cipher.Open(ctx, one.entry.Sealed, r.place(id))
	return string(plain), err
}

func (r *Registry[T, P]) place(id string) []byte { return []byte("partner/" + r.kind + "/" + id) }

// Apply registers or changes partners; the same list again changes nothing. All are checked before the first is stored.
func (r *Registry[T, P]) Apply(ctx context.Context, partners []T) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	for i := range partners {
		if err := P(&partners[i]).Normalize(); err != nil {
			return err
		}
		if before, ok := r.snapshot.Load().partners[P(&partners[i]).Key()]; ok {
			if err := follows(P(&partners[i]), before.value); err != nil {
				return err
			}
		}
	}
	for i := range partners {
		entry, err := r.entry(ctx, P(&partners[i]))
		if err != nil {
			return err
		}
		if err := r.store.ApplyPartner(ctx, entry, r.applied(ctx, entry.ID)); err != nil {
			return fmt.Errorf("store %s: %w", r.kind, err)
		}
	}
	return r.Refresh(ctx)
}

// entry is the stored form of a partner that was checked.
func (r *Registry[T, P]) entry(ctx context.Context, partner P) (e Entry, err error) {
	e = Entry{Kind: r.kind, ID: partner.Key()}
	if e.Body, err = json.Marshal(partner); err != nil {
		return e, err
	}
	return e, r.seal(ctx, &e, partner.GivenSecret())
}

func (r *Registry[T, P]) applied(ctx context.Context, id string) audit.Record {
	return audit.With(idp.Event(ctx, r.now(), r.kind+".applied", "partner", id, nil))
}

func (r *Registry[T, P]) seal(ctx context.Context, entry *Entry, secret string) error {
	if secret == "" {
		return nil
	}
	mac, err := r.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if entry.SecretMAC, err = mac.Sum(ctx, []byte("partner-secret"), []byte(r.kind), []byte(entry.ID), []byte(secret)); err != nil {
		return err
	}
	cipher, err := r.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	entry.KeyID = cipher.KeyID()
	entry.Sealed, err = cipher.Seal(ctx, []byte(secret), r.place(entry.ID))
	return err
}
