package idptest

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/crashtest"
)

// ErrCrash is what a failing step answers.
var ErrCrash = crashtest.ErrCrash

// Faulty is a store of any kind whose changing calls can fail.
type Faulty struct {
	Store
	crashtest.Hooks
}

// CreateAccount implements idp.AccountStore.
func (f *Faulty) CreateAccount(ctx context.Context, a idp.Account, record audit.Record) error {
	return f.Around("create account", func() error { return f.Store.CreateAccount(ctx, a, record) })
}

// ChangeContact implements idp.AccountStore.
func (f *Faulty) ChangeContact(ctx context.Context, id string, replaced []byte, c idp.Contact, at time.Time, record audit.Record) error {
	return f.Around("change contact", func() error { return f.Store.ChangeContact(ctx, id, replaced, c, at, record) })
}

// NoteRecovery implements idp.AccountStore.
func (f *Faulty) NoteRecovery(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return f.Around("note recovery", func() error { return f.Store.NoteRecovery(ctx, id, at, record) })
}

// RecoverPassword implements idp.AccountStore.
func (f *Faulty) RecoverPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return f.Around("recover password", func() error { return f.Store.RecoverPassword(ctx, id, hash, at, record) })
}

// SetPassword implements idp.AccountStore.
func (f *Faulty) SetPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return f.Around("set password", func() error { return f.Store.SetPassword(ctx, id, hash, at, record) })
}

// ReplaceHash implements idp.AccountStore.
func (f *Faulty) ReplaceHash(ctx context.Context, id, old, hash string, record audit.Record) error {
	return f.Around("replace hash", func() error { return f.Store.ReplaceHash(ctx, id, old, hash, record) })
}

// SetState implements idp.AccountStore.
func (f *Faulty) SetState(ctx context.Context, id string, state idp.AccountState, at time.Time, record audit.Record) error {
	return f.Around("set state", func() error { return f.Store.SetState(ctx, id, state, at, record) })
}

// SaveProof implements idp.AccountStore.
func (f *Faulty) SaveProof(ctx context.Context, id string, p idp.Proof, record audit.Record) error {
	return f.Around("save proof", func() error { return f.Store.SaveProof(ctx, id, p, record) })
}

// PutCode implements authn.CodeStore.
func (f *Faulty) PutCode(ctx context.Context, c authn.Challenge, limits []authn.Limit, now time.Time, record audit.Record) error {
	return f.Around("put code", func() error { return f.Store.PutCode(ctx, c, limits, now, record) })
}

// TryCode implements authn.CodeStore.
func (f *Faulty) TryCode(ctx context.Context, id string, lookup []byte, purpose authn.Purpose, browser, mac []byte, now time.Time) (outcome authn.Outcome, err error) {
	outcome = authn.Dead
	err = f.Around("try code", func() (err error) {
		outcome, err = f.Store.TryCode(ctx, id, lookup, purpose, browser, mac, now)
		return err
	})
	return outcome, err
}

// Count implements authn.ThrottleStore and proofing.Store.
func (f *Faulty) Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (tries int, err error) {
	err = f.Around("count", func() (err error) {
		tries, err = f.Store.Count(ctx, scope, key, span, now)
		return err
	})
	return tries, err
}

// Note implements authn.ThrottleStore.
func (f *Faulty) Note(ctx context.Context, record audit.Record) error {
	return f.Around("note", func() error { return f.Store.Note(ctx, record) })
}

// PutCase implements proofing.Store.
func (f *Faulty) PutCase(ctx context.Context, c proofing.Case, shared *proofing.Sharing, record audit.Record) error {
	return f.Around("put case", func() error { return f.Store.PutCase(ctx, c, shared, record) })
}

// CountSharing implements proofing.Store.
func (f *Faulty) CountSharing(ctx context.Context, shared *proofing.Sharing) error {
	return f.Around("count sharing", func() error { return f.Store.CountSharing(ctx, shared) })
}

// SetCaseState implements proofing.Store.
func (f *Faulty) SetCaseState(ctx context.Context, id string, from, to proofing.State, record audit.Record) error {
	return f.Around("set case state", func() error { return f.Store.SetCaseState(ctx, id, from, to, record) })
}

// PutSession implements session.Store.
func (f *Faulty) PutSession(ctx context.Context, hash []byte, s session.Session, record audit.Record) error {
	return f.Around("put session", func() error { return f.Store.PutSession(ctx, hash, s, record) })
}

// RenewSession implements session.Store.
func (f *Faulty) RenewSession(ctx context.Context, hash []byte, s session.Session, record audit.Record) error {
	return f.Around("renew session", func() error { return f.Store.RenewSession(ctx, hash, s, record) })
}

// TouchSession implements session.Store.
func (f *Faulty) TouchSession(ctx context.Context, id string, at time.Time) error {
	return f.Around("touch session", func() error { return f.Store.TouchSession(ctx, id, at) })
}

// LeaveParty implements session.Store.
func (f *Faulty) LeaveParty(ctx context.Context, sid, clientID string, at time.Time, record audit.Record) error {
	return f.Around("leave party", func() error { return f.Store.LeaveParty(ctx, sid, clientID, at, record) })
}

// EndSession implements session.Store.
func (f *Faulty) EndSession(ctx context.Context, sid string, at time.Time, record audit.Record) error {
	return f.Around("end session", func() error { return f.Store.EndSession(ctx, sid, at, record) })
}
