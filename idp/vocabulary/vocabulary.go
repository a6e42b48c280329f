// Package vocabulary keeps the scopes and claims that administrators define: rows of the registry over the built-in ones,
// seen by every node within seconds. What a word may mean is judged by package idp; here is what lies there, who uses it,
// and when another vocabulary comes into force.
//
//	apply → each by itself → all together → who uses what is removed or widened → stored → swapped
package vocabulary

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// Config of the service.
type Config struct {
	Store   registry.Store
	Ring    *keys.Ring
	Live    *idp.LiveVocabulary
	Clients *idp.Clients
	// Others are the users of scopes that are no OAuth clients.
	Others func() []idp.Client
	Now    func() time.Time
}

// Service keeps the vocabulary.
type Service struct {
	cfg    Config
	scopes *registry.Registry[idp.Scope, *idp.Scope]
	claims *registry.Registry[idp.Claim, *idp.Claim]
	mutex  sync.Mutex
	seen   [2]int64 // revisions of what is in force
}

// New returns the service; Refresh puts what is stored in force.
func New(cfg Config) *Service {
	return &Service{cfg: cfg, seen: [2]int64{-1, -1}, scopes: registry.New[idp.Scope](idp.ScopeKind, cfg.Store, cfg.Ring, cfg.Now),
		claims: registry.New[idp.Claim](idp.ClaimKind, cfg.Store, cfg.Ring, cfg.Now)}
}

// Refresh reads what other nodes changed. A scope that is read before its claims opens those that are there.
func (s *Service) Refresh(ctx context.Context) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.refresh(ctx)
}

func (s *Service) refresh(ctx context.Context) error {
	if err := s.claims.Refresh(ctx); err != nil {
		return err
	}
	if err := s.scopes.Refresh(ctx); err != nil {
		return err
	}
	if now := [2]int64{s.scopes.Revision(), s.claims.Revision()}; now != s.seen {
		scopes, claims := s.with(nil, nil)
		s.cfg.Live.Swap(idp.NewVocabulary(scopes, claims))
		s.seen = now
	}
	return nil
}

// with is what is stored with others in their places.
func (s *Service) with(scopes []idp.Scope, claims []idp.Claim) ([]idp.Scope, []idp.Claim) {
	return replaced(s.scopes.Stored(), scopes, scopeID), replaced(s.claims.Stored(), claims, claimID)
}

func replaced[T any](stored map[string]registry.Known[T], others []T, id func(T) string) (all []T) {
	for _, one := range others {
		stored[id(one)] = registry.Known[T]{Value: one}
	}
	for _, one := range stored {
		all = append(all, one.Value)
	}
	return all
}

func scopeID(s idp.Scope) string { return s.ID }

func claimID(c idp.Claim) string { return c.ID }

// Apply defines or changes scopes and claims, which are judged together before the first is stored; the same again changes
// nothing.
func (s *Service) Apply(ctx context.Context, scopes []idp.Scope, claims []idp.Claim) error {
	if len(scopes) == 0 && len(claims) == 0 {
		return nil
	}
	return s.store(ctx, scopes, claims, func() error {
		if err := s.claims.Apply(ctx, claims); err != nil {
			return err
		}
		return s.scopes.Apply(ctx, scopes)
	})
}

// store judges scopes and claims before write stores them.
func (s *Service) store(ctx context.Context, scopes []idp.Scope, claims []idp.Claim, write func() error) error {
	for i := range scopes {
		if err := scopes[i].Normalize(); err != nil {
			return err
		}
	}
	for i := range claims {
		if err := claims[i].Normalize(); err != nil {
			return err
		}
	}
	if err := s.cfg.Clients.Refresh(ctx); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.refresh(ctx); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if err := s.judge(scopes, claims); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return s.refresh(ctx)
}

// judge refuses what does not fit together, and what would take away or widen what somebody uses.
func (s *Service) judge(scopes []idp.Scope, claims []idp.Claim) error {
	allScopes, allClaims := s.with(scopes, claims)
	if err := idp.CheckVocabulary(allScopes, allClaims); err != nil {
		return err
	}
	after := idp.NewVocabulary(allScopes, allClaims)
	changes := idp.Changes(s.cfg.Live.Load(), after)
	if len(changes) == 0 {
		return nil
	}
	users := slices.Concat(s.cfg.Clients.Lasting(), s.cfg.Others())
	for _, change := range changes {
		var names []string
		for _, client := range users {
			if change.Touches(client, after) {
				names = append(names, client.ClientID)
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			return idp.InUse(change, names)
		}
	}
	return nil
}

// Entries is one kind of the vocabulary as administrators see it: the built-in entries and what is stored.
type Entries[T any] struct {
	service *Service
	builtin []T
	id      func(T) string
	kind    interface {
		Settle(ctx context.Context, was registry.Known[T], value T) (*foureyes.Proposal, error)
		Wants(ctx context.Context, p foureyes.Proposal) (registry.Wanted, error)
	}
	stored func() map[string]registry.Known[T]
	judged func(ctx context.Context, value T, write func() error) error
}

// ByTwo makes the kinds of proposals known to the engine; where it asks for two people, what changes waits for the second one. What a
// proposal wants is judged with all other words when it is made, and again when it is carried out.
func (s *Service) ByTwo(two registry.Two) {
	two.Guard = func(ctx context.Context, value any, write func() error) error {
		switch value := value.(type) {
		case idp.Scope:
			return s.store(ctx, []idp.Scope{value}, nil, write)
		case idp.Claim:
			return s.store(ctx, nil, []idp.Claim{value}, write)
		}
		return fault.New(fault.ProposalChanged)
	}
	s.scopes.ByTwo(two)
	s.claims.ByTwo(two)
}

// Scopes are the entries of scopes.
func (s *Service) Scopes() Entries[idp.Scope] {
	return Entries[idp.Scope]{s, idp.BuiltinScopes(), scopeID, s.scopes, s.scopes.Stored, func(ctx context.Context, value idp.Scope, write func() error) error {
		return s.store(ctx, []idp.Scope{value}, nil, write)
	}}
}

// Claims are the entries of claims.
func (s *Service) Claims() Entries[idp.Claim] {
	return Entries[idp.Claim]{s, idp.BuiltinClaims(), claimID, s.claims, s.claims.Stored, func(ctx context.Context, value idp.Claim, write func() error) error {
		return s.store(ctx, nil, []idp.Claim{value}, write)
	}}
}

func (e Entries[T]) all(ctx context.Context) (map[string]registry.Known[T], error) {
	if err := e.service.Refresh(ctx); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	all := e.stored()
	for _, one := range e.builtin {
		if _, ok := all[e.id(one)]; !ok {
			known, err := registry.BuiltIn(one)
			if err != nil {
				return nil, err
			}
			all[e.id(one)] = known
		}
	}
	return all, nil
}

// Known finds an entry.
func (e Entries[T]) Known(ctx context.Context, id string) (registry.Known[T], error) {
	all, err := e.all(ctx)
	if err != nil {
		return registry.Known[T]{}, err
	}
	one, ok := all[id]
	if !ok {
		return registry.Known[T]{}, fault.New(fault.NotFound)
	}
	return one, nil
}

// Page lists entries by id behind the one given; next is empty on the last page.
func (e Entries[T]) Page(ctx context.Context, after string, limit int) (page []registry.Known[T], next string, err error) {
	all, err := e.all(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, id := range slices.SortedFunc(maps.Keys(all), strings.Compare) {
		if id <= after {
			continue
		}
		if len(page) == limit {
			return page, e.id(page[limit-1].Value), nil
		}
		page = append(page, all[id])
	}
	return page, "", nil
}

// Settle puts an entry in the place of the one that was read, or opens the proposal that waits for a second person; errors are those of
// [registry.Registry.Settle].
func (e Entries[T]) Settle(ctx context.Context, was registry.Known[T], value T) (waits *foureyes.Proposal, err error) {
	err = e.judged(ctx, value, func() (err error) {
		waits, err = e.kind.Settle(ctx, was, value)
		return err
	})
	return waits, err
}

// Wants is what a proposal that waits would do; the first change of a built-in entry is one of what is built in.
func (e Entries[T]) Wants(ctx context.Context, p foureyes.Proposal) (registry.Wanted, error) {
	w, err := e.kind.Wants(ctx, p)
	if err != nil || w.Before != nil {
		return w, err
	}
	for _, one := range e.builtin {
		if e.id(one) == p.ObjectID {
			w.Event = registry.EventChanged
			w.Before, err = json.Marshal(one)
		}
	}
	return w, err
}

// NoteCheck says that there is no connection to test.
func (e Entries[T]) NoteCheck(context.Context, registry.CheckStore, string, string) (registry.Check, error) {
	return registry.Check{}, fault.New(fault.NotFound)
}

// LastCheck says that there is no connection to test.
func (e Entries[T]) LastCheck(context.Context, registry.CheckStore, string) (registry.Check, bool, error) {
	return registry.Check{}, false, nil
}
