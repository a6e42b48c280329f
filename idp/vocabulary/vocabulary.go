// Package vocabulary keeps the scopes and claims that administrators define: rows of the registry over the built-in ones,
// seen by every node within seconds. What a word may mean is judged by package idp; here is what lies there, who uses it,
// and when another vocabulary comes into force.
//
//	apply → each by itself → all together → who uses what is removed or widened → stored → swapped
package vocabulary

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
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
	allScopes, allClaims := s.scopes.Stored(), s.claims.Stored()
	for _, one := range scopes {
		allScopes[one.ID] = one
	}
	for _, one := range claims {
		allClaims[one.ID] = one
	}
	return slices.Collect(maps.Values(allScopes)), slices.Collect(maps.Values(allClaims))
}

// Apply defines or changes scopes and claims, which are judged together before the first is stored; the same again changes
// nothing.
func (s *Service) Apply(ctx context.Context, scopes []idp.Scope, claims []idp.Claim) error {
	if len(scopes) == 0 && len(claims) == 0 {
		return nil
	}
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
	if err := s.claims.Apply(ctx, claims); err != nil {
		return err
	}
	if err := s.scopes.Apply(ctx, scopes); err != nil {
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
	stored  func() map[string]T
	apply   func(ctx context.Context, all []T) error
}

// Scopes are the entries of scopes.
func (s *Service) Scopes() Entries[idp.Scope] {
	return Entries[idp.Scope]{s, idp.BuiltinScopes(), func(one idp.Scope) string { return one.ID }, s.scopes.Stored, func(ctx context.Context, all []idp.Scope) error { return s.Apply(ctx, all, nil) }}
}

// Claims are the entries of claims.
func (s *Service) Claims() Entries[idp.Claim] {
	return Entries[idp.Claim]{s, idp.BuiltinClaims(), func(one idp.Claim) string { return one.ID }, s.claims.Stored, func(ctx context.Context, all []idp.Claim) error { return s.Apply(ctx, nil, all) }}
}

func (e Entries[T]) all(ctx context.Context) (map[string]T, error) {
	if err := e.service.Refresh(ctx); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	all := e.stored()
	for _, one := range e.builtin {
		if _, ok := all[e.id(one)]; !ok {
			all[e.id(one)] = one
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
	return registry.Known[T]{Value: one}, nil
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
		page = append(page, registry.Known[T]{Value: all[id]})
	}
	return page, "", nil
}

// Apply defines or changes entries.
func (e Entries[T]) Apply(ctx context.Context, all []T) error { return e.apply(ctx, all) }

// NoteCheck says that there is no connection to test.
func (e Entries[T]) NoteCheck(context.Context, registry.CheckStore, string, string) (registry.Check, error) {
	return registry.Check{}, fault.New(fault.NotFound)
}

// LastCheck says that there is no connection to test.
func (e Entries[T]) LastCheck(context.Context, registry.CheckStore, string) (registry.Check, bool, error) {
	return registry.Check{}, false, nil
}
