// Package idptest serves tests of the identity room: an in-memory twin of the stores of people (accounts, passwords, codes,
// counters, proofing cases, sessions, inbox), a wrapper that makes any of them fail before or after its steps (FailBefore,
// FailAfter), the contract that every such store must keep (RunPeople), and a world with real keys around it. Stores of
// the protocol (codes, tokens, flows) are not its business.
package idptest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Store is everything that the rooms of people keep; idpdb.Store implements it.
type Store interface {
	idp.AccountStore
	authn.CodeStore
	authn.ThrottleStore
	proofing.Store
	session.Store
	authn.CredentialStore
	authn.StepStore
	authn.DeviceStore
	authn.QRStore
	// PutInbox stores a message of the simulated inbox; the same id is stored once.
	PutInbox(ctx context.Context, id string, m authn.InboxMessage) error
	// Inbox lists the newest messages to a recipient, or to all when it is empty.
	Inbox(ctx context.Context, to string, limit int) ([]authn.InboxMessage, error)
}

// Twin is a Store in memory. Put Faulty around it to make its steps fail.
type Twin struct {
	mutex      sync.Mutex
	accounts   map[string]idp.Account
	contacts   map[string]string // lookup to account
	identities map[string]string // lookup to account
	proofs     map[string][]idp.Proof
	codes      []*storedCode
	counters   map[string]counter
	cases      map[string]proofing.Case
	caseOrder  []string
	sessions   []*storedSession
	parties    []session.Party
	inbox      map[string]authn.InboxMessage
	records    []audit.Record
	credentialTwin
}

type storedCode struct {
	authn.Challenge
	createdAt time.Time
	tries     int
	used      bool
}

type counter struct {
	startedAt time.Time
	tries     int
}

type storedSession struct {
	session.Session
	hash  []byte
	ended bool
	at    time.Time // of its end
}

// NewTwin returns an empty twin.
func NewTwin() *Twin {
	return &Twin{accounts: map[string]idp.Account{}, contacts: map[string]string{}, identities: map[string]string{}, proofs: map[string][]idp.Proof{},
		counters: map[string]counter{}, cases: map[string]proofing.Case{}, inbox: map[string]authn.InboxMessage{}}
}

// Records are the audit records stored so far.
func (t *Twin) Records() []audit.Record {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Clone(t.records)
}

// Events are the types of the audit events stored so far.
func (t *Twin) Events() []string {
	var all []string
	for _, r := range t.Records() {
		for _, e := range r.Events {
			all = append(all, e.Type)
		}
	}
	return all
}

// Messages are the outbox messages of a topic stored so far.
func (t *Twin) Messages(topic string) []audit.Message {
	var all []audit.Message
	for _, r := range t.Records() {
		for _, m := range r.Messages {
			if m.Topic == topic {
				all = append(all, m)
			}
		}
	}
	return all
}

// Cases are the proofing cases in the order of storing.
func (t *Twin) Cases() []proofing.Case {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []proofing.Case
	for _, id := range t.caseOrder {
		all = append(all, t.cases[id])
	}
	return all
}

// Proofs are all proofs of an account, the oldest first.
func (t *Twin) Proofs(accountID string) []idp.Proof {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Clone(t.proofs[accountID])
}

var errNoEvent = errors.New("idptest: a change without an audit event")

// change runs a change under the lock and keeps its record; the change must not touch anything before it can fail.
func (t *Twin) change(record audit.Record, do func() error) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(record.Events) == 0 {
		return errNoEvent
	}
	if err := do(); err != nil {
		return err
	}
	t.records = append(t.records, record)
	return nil
}

// CreateAccount implements idp.AccountStore.
func (t *Twin) CreateAccount(_ context.Context, a idp.Account, record audit.Record) error {
	return t.change(record, func() error {
		for _, c := range a.Contacts {
			if _, taken := t.contacts[string(c.Lookup)]; taken {
				return idp.ErrTaken
			}
		}
		if _, taken := t.accounts[a.ID]; taken {
			return idp.ErrTaken
		}
		for _, c := range a.Contacts {
			t.contacts[string(c.Lookup)] = a.ID
		}
		a.Version = 1
		t.accounts[a.ID] = a
		return nil
	})
}

// Account implements idp.AccountStore.
func (t *Twin) Account(_ context.Context, id string) (idp.Account, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	a, ok := t.accounts[id]
	if !ok {
		return idp.Account{ID: id}, idp.ErrNotFound
	}
	a.Contacts = slices.Clone(a.Contacts)
	a.Proofs = nil
	newest := map[int]idp.Proof{}
	for _, p := range t.proofs[id] {
		if have, ok := newest[int(p.IAL)]; !ok || p.At.After(have.At) || p.At.Equal(have.At) && p.ID > have.ID {
			newest[int(p.IAL)] = p
		}
	}
	for _, p := range newest {
		p.Lookup, p.Case = nil, "" // stored elsewhere
		a.Proofs = append(a.Proofs, p)
	}
	slices.SortFunc(a.Proofs, func(x, y idp.Proof) int { return int(y.IAL) - int(x.IAL) })
	return a, nil
}

// AccountByLookup implements idp.AccountStore.
func (t *Twin) AccountByLookup(ctx context.Context, lookup []byte) (idp.Account, error) {
	t.mutex.Lock()
	id, ok := t.contacts[string(lookup)]
	t.mutex.Unlock()
	if !ok {
		return idp.Account{}, idp.ErrNotFound
	}
	return t.Account(ctx, id)
}

// AccountByIdentity implements idp.AccountStore.
func (t *Twin) AccountByIdentity(_ context.Context, lookup []byte) (string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	id, ok := t.identities[string(lookup)]
	if !ok {
		return "", idp.ErrNotFound
	}
	return id, nil
}

func (t *Twin) changeAccount(id string, record audit.Record, edit func(a *idp.Account) error) error {
	return t.change(record, func() error {
		a, ok := t.accounts[id]
		if !ok {
			return idp.ErrNotFound
		}
		if err := edit(&a); err != nil {
			return err
		}
		a.Version++
		t.accounts[id] = a
		return nil
	})
}

// SetPassword implements idp.AccountStore.
func (t *Twin) SetPassword(_ context.Context, id, hash string, at time.Time, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		a.PasswordHash, a.UpdatedAt = hash, at
		if at.After(a.CredentialsAt) {
			a.CredentialsAt = at
		}
		return nil
	})
}

// RecoverPassword implements idp.AccountStore.
func (t *Twin) RecoverPassword(_ context.Context, id, hash string, at time.Time, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		a.PasswordHash, a.UpdatedAt = hash, at
		if at.After(a.CredentialsAt) {
			a.CredentialsAt = at
		}
		if at.After(a.RecoveredAt) {
			a.RecoveredAt = at
		}
		return nil
	})
}

// NoteRecovery implements idp.AccountStore.
func (t *Twin) NoteRecovery(_ context.Context, id string, at time.Time, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		if a.UpdatedAt = at; at.After(a.RecoveredAt) {
			a.RecoveredAt = at
		}
		return nil
	})
}

// ChangeContact implements idp.AccountStore.
func (t *Twin) ChangeContact(_ context.Context, id string, replaced []byte, c idp.Contact, at time.Time, record audit.Record) error {
	err := t.changeAccount(id, record, func(a *idp.Account) error {
		same := func(have idp.Contact) bool {
			return replaced == nil && have.Kind == c.Kind || replaced != nil && bytes.Equal(have.Lookup, replaced)
		}
		if a.State != idp.AccountActive || slices.ContainsFunc(a.Contacts, same) != (replaced != nil) {
			return idp.ErrConflict
		}
		if _, taken := t.contacts[string(c.Lookup)]; taken {
			return idp.ErrTaken
		}
		if replaced != nil {
			delete(t.contacts, string(replaced))
			if at.After(a.RecoveredAt) {
				a.RecoveredAt = at
			}
		}
		t.contacts[string(c.Lookup)] = id
		a.Contacts, a.UpdatedAt = append(slices.DeleteFunc(slices.Clone(a.Contacts), same), c), at
		return nil
	})
	if errors.Is(err, idp.ErrNotFound) {
		return idp.ErrConflict
	}
	return err
}

// ReplaceHash implements idp.AccountStore.
func (t *Twin) ReplaceHash(_ context.Context, id, old, hash string, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		if a.PasswordHash != old {
			return idp.ErrNotFound
		}
		a.PasswordHash = hash
		return nil
	})
}

// SetState implements idp.AccountStore.
func (t *Twin) SetState(_ context.Context, id string, state idp.AccountState, at time.Time, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		if a.State == idp.AccountClosed && state != idp.AccountClosed {
			return idp.ErrNotFound
		}
		a.State, a.UpdatedAt = state, at
		for _, s := range t.sessions {
			if s.AccountID == id && state != idp.AccountActive && !s.ended {
				s.ended, s.at = true, at
			}
		}
		return nil
	})
}

// SaveProof implements idp.AccountStore.
func (t *Twin) SaveProof(_ context.Context, id string, p idp.Proof, record audit.Record) error {
	return t.changeAccount(id, record, func(a *idp.Account) error {
		holder, held := t.identities[string(p.Lookup)]
		if held && holder != id {
			return idp.ErrBound
		}
		for lookup, other := range t.identities {
			if other == id && lookup != string(p.Lookup) {
				return idp.ErrBound
			}
		}
		if p.Case != "" {
			c, ok := t.cases[p.Case]
			if !ok || c.AccountID != id || !slices.Contains([]proofing.State{proofing.SourceCheck, proofing.Waiting, proofing.Collecting, proofing.Passed}, c.State) {
				return idp.ErrNotFound
			}
			c.State, c.Sealed = proofing.Granted, []byte{}
			t.cases[p.Case] = c
		}
		t.identities[string(p.Lookup)] = id
		t.proofs[id] = append(t.proofs[id], p)
		a.UpdatedAt = p.At
		return nil
	})
}

// PutCode implements authn.CodeStore.
func (t *Twin) PutCode(_ context.Context, c authn.Challenge, limits []authn.Limit, now time.Time, record audit.Record) error {
	return t.change(record, func() error {
		for _, limit := range limits {
			var sent []time.Time
			for _, have := range t.codes {
				if bytes.Equal(have.Lookup, c.Lookup) && have.createdAt.After(now.Add(-limit.Span)) {
					sent = append(sent, have.createdAt)
				}
			}
			if len(sent) >= limit.N {
				return &authn.OftenError{Until: sent[len(sent)-limit.N].Add(limit.Span)}
			}
		}
		for _, have := range t.codes {
			have.used = have.used || bytes.Equal(have.Lookup, c.Lookup) && have.Purpose == c.Purpose
		}
		t.codes = append(t.codes, &storedCode{Challenge: c, createdAt: now})
		return nil
	})
}

// TryCode implements authn.CodeStore.
func (t *Twin) TryCode(_ context.Context, id string, lookup []byte, purpose authn.Purpose, browser, mac []byte, now time.Time) (authn.Outcome, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, c := range t.codes {
		if c.ID != id || !bytes.Equal(c.Lookup, lookup) || c.Purpose != purpose || !bytes.Equal(c.Browser, browser) ||
			c.used || !c.ExpiresAt.After(now) || c.tries >= authn.CodeTries {
			continue
		}
		c.tries++
		if !bytes.Equal(c.CodeMAC, mac) {
			return authn.Wrong, nil
		}
		c.used = true
		return authn.Right, nil
	}
	return authn.Dead, nil
}

// Count implements authn.ThrottleStore and proofing.Store.
func (t *Twin) Count(_ context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.count(scope, key, span, now)
}

// count adds a try inside a change.
func (t *Twin) count(scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	name := scope + "\x00" + string(key)
	c, ok := t.counters[name]
	if !ok || !c.startedAt.After(now.Add(-span)) {
		c = counter{startedAt: now}
	}
	c.tries++
	t.counters[name] = c
	return c.tries, nil
}

// Counted implements authn.ThrottleStore.
func (t *Twin) Counted(_ context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, ok := t.counters[scope+"\x00"+string(key)]
	if !ok || !c.startedAt.After(now.Add(-span)) {
		return 0, nil
	}
	return c.tries, nil
}

// Counters are the names of the counters with their keys.
func (t *Twin) Counters() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Sorted(maps.Keys(t.counters))
}

// Uncount implements proofing.Store.
func (t *Twin) Uncount(_ context.Context, scope string, key []byte) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	name := scope + "\x00" + string(key)
	if c := t.counters[name]; c.tries > 0 {
		c.tries--
		t.counters[name] = c
	}
	return nil
}

// Clear implements authn.ThrottleStore.
func (t *Twin) Clear(_ context.Context, scope string, key []byte) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.counters, scope+"\x00"+string(key))
	return nil
}

// Note implements authn.ThrottleStore.
func (t *Twin) Note(_ context.Context, record audit.Record) error {
	return t.change(record, func() error { return nil })
}
