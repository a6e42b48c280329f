package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Limits of password login: named, counted on the account's identifier, on the source and on the password, never on the session. Only
// wrong tries count on the source and the password, because a whole office may stand behind one address and people choose the same words.
const (
	LoginTries  = 10
	LoginSpan   = 15 * time.Minute
	SourceTries = 300
	// PasswordTries are wrong tries with one password over all names and sources: whoever sprays it goes on with it nowhere for a while.
	PasswordTries = 100
	lockedPause   = 15
	scopeLogin    = "login"
	scopeSource   = "login-source"
	scopeSpray    = "login-password"
	// fingerprintSize is how much of a password's keyed hash its tries are counted under. It is short on purpose: many words share it, so that what
	// was typed wrongly cannot be told from the counters, also with the key.
	fingerprintSize = 3
	resultWrong     = "login.failed"
)

// ThrottleStore counts tries; idpdb implements it.
type ThrottleStore interface {
	// Count adds one try to a counter that began less than span ago, or starts a new one, and returns the tries in it.
	Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
	// Counted is Count without a new try.
	Counted(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
	// Clear forgets a counter.
	Clear(ctx context.Context, scope string, key []byte) error
	// Note stores an audit record that belongs to no other change.
	Note(ctx context.Context, record audit.Record) error
}

// Holders are those who have passwords in a realm.
type Holders interface {
	// Key is what the tries for a typed name are counted under, and whom it names: find answers idp.ErrNotFound for nobody.
	Key(ctx context.Context, text string) (key []byte, find func(ctx context.Context) (idp.Account, error), err error)
	// Fingerprint is a keyed hash of a password.
	Fingerprint(ctx context.Context, password string) ([]byte, error)
	// Rehash stores another hash of the same password.
	Rehash(ctx context.Context, id, old, hash string) error
	// Object is the word of audit records for those of this realm.
	Object() string
}

// Realm keeps the counters of a realm apart from those of any other: locking a name there locks none here.
func Realm(store ThrottleStore, word string) ThrottleStore { return realmThrottle{store, word + "/"} }

type realmThrottle struct {
	ThrottleStore
	prefix string
}

func (t realmThrottle) Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	return t.ThrottleStore.Count(ctx, t.prefix+scope, key, span, now)
}

func (t realmThrottle) Counted(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	return t.ThrottleStore.Counted(ctx, t.prefix+scope, key, span, now)
}

func (t realmThrottle) Clear(ctx context.Context, scope string, key []byte) error {
	return t.ThrottleStore.Clear(ctx, t.prefix+scope, key)
}

// PasswordLogin signs people in by a name and a password.
type PasswordLogin struct {
	holders   Holders
	passwords *Passwords
	throttle  ThrottleStore
	now       func() time.Time
}

// NewPasswordLogin returns the method for citizens.
func NewPasswordLogin(accounts *idp.Accounts, passwords *Passwords, throttle ThrottleStore, now func() time.Time) *PasswordLogin {
	return NewRealmLogin(citizens{accounts}, passwords, throttle, now)
}

// NewRealmLogin returns the method for the holders of a realm; the throttle is that of the realm.
func NewRealmLogin(holders Holders, passwords *Passwords, throttle ThrottleStore, now func() time.Time) *PasswordLogin {
	return &PasswordLogin{holders: holders, passwords: passwords, throttle: throttle, now: now}
}

// Login checks name and password. Unknown accounts, accounts without a password and wrong passwords are answered
// alike, after the same work.
func (p *PasswordLogin) Login(ctx context.Context, text, password, source string) (idp.Login, error) {
	key, find, err := p.holders.Key(ctx, text)
	if err != nil {
		return idp.Login{}, err
	}
	normal, _ := Normalize(password) // what is no password at all has one counter
	fingerprint, err := p.holders.Fingerprint(ctx, normal)
	if err != nil {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	fingerprint = fingerprint[:fingerprintSize]
	tries, err := p.count(ctx, key, source, fingerprint)
	if err != nil {
		return idp.Login{}, err
	}
	account, err := find(ctx)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return idp.Login{}, fmt.Errorf("find account: %w", err)
	}
	stored := account.PasswordHash
	if account.State != idp.AccountActive {
		stored = ""
	}
	weaker, err := p.passwords.Check(ctx, stored, password)
	if errors.Is(err, ErrWrong) {
		return idp.Login{}, p.refused(ctx, account, source, fingerprint, tries)
	}
	if err != nil {
		return idp.Login{}, err
	}
	if weaker {
		if hash, err := p.passwords.Rehash(ctx, password); err == nil {
			if err := p.holders.Rehash(ctx, account.ID, stored, hash); err != nil {
				return idp.Login{}, err
			}
		}
	}
	if err := p.throttle.Clear(ctx, scopeLogin, key); err != nil {
		return idp.Login{}, err
	}
	return idp.Login{AccountID: account.ID, AAL: ByPassword.AAL(), Methods: ByPassword.AMR(), At: p.now().UTC()}, nil
}

// citizens are the holders of the accounts of people.
type citizens struct{ accounts *idp.Accounts }

// Key implements Holders.
func (c citizens) Key(ctx context.Context, text string) ([]byte, func(context.Context) (idp.Account, error), error) {
	identifier, err := subject.ParseIdentifier(text)
	if err == nil {
		key, err := c.accounts.Lookup(ctx, string(identifier.Kind), identifier.Value)
		return key, func(ctx context.Context) (idp.Account, error) { return c.accounts.ByIdentifier(ctx, identifier) }, err
	}
	documents := c.documents(text) // who has no phone signs in with the number of a document
	counted := idp.Identity{Type: "unknown", Number: text}
	if len(documents) > 0 {
		counted = documents[0]
	}
	key, err := c.accounts.IdentityLookup(ctx, counted) // a name of no form is counted and answered like any other
	return key, func(ctx context.Context) (idp.Account, error) { return c.byNumber(ctx, documents) }, err
}

// documents are what a number may be of, by its form. Numbers that tell nobody without a nationality, as those of passports, are none.
func (c citizens) documents(text string) (all []idp.Identity) {
	for _, kind := range c.accounts.Documents().Kinds() {
		if d, err := kind.Parse(text, ""); err == nil {
			all = append(all, idp.Identity{Type: d.Kind, Number: d.Number, Nationality: d.Nationality})
		}
	}
	return all
}

// byNumber finds the account that proved a number as one of the documents; idp.ErrNotFound also where it is of two accounts. It looks for
// every one, so that the work says nothing.
func (c citizens) byNumber(ctx context.Context, documents []idp.Identity) (idp.Account, error) {
	var found []string
	for _, document := range documents {
		id, err := c.accounts.ByDocument(ctx, document)
		if err == nil && !slices.Contains(found, id) {
			found = append(found, id)
		}
		if err != nil && !errors.Is(err, idp.ErrNotFound) {
			return idp.Account{}, err
		}
	}
	if len(found) != 1 {
		return idp.Account{}, idp.ErrNotFound
	}
	return c.accounts.Account(ctx, found[0])
}

// Fingerprint implements Holders.
func (c citizens) Fingerprint(ctx context.Context, password string) ([]byte, error) {
	return c.accounts.Lookup(ctx, scopeSpray, password)
}

// Rehash implements Holders.
func (c citizens) Rehash(ctx context.Context, id, old, hash string) error {
	return c.accounts.Rehash(ctx, id, old, hash)
}

// Object implements Holders.
func (citizens) Object() string { return "account" }

// count adds the try before anything is compared, so that parallel tries count as well.
func (p *PasswordLogin) count(ctx context.Context, lookup []byte, source string, fingerprint []byte) (int, error) {
	now := p.now()
	tries, err := p.throttle.Count(ctx, scopeLogin, lookup, LoginSpan, now)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable) // no counter, no login (R6)
	}
	fromSource, err := p.throttle.Counted(ctx, scopeSource, []byte(source), LoginSpan, now)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	sprayed, err := p.throttle.Counted(ctx, scopeSpray, fingerprint, LoginSpan, now)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	if tries > LoginTries || fromSource >= SourceTries || sprayed >= PasswordTries {
		return 0, fault.New(fault.LoginLocked, "m", fmt.Sprint(lockedPause)).After(int(LoginSpan / time.Second))
	}
	return tries, nil
}

func (p *PasswordLogin) refused(ctx context.Context, account idp.Account, source string, fingerprint []byte, tries int) error {
	for scope, key := range map[string][]byte{scopeSource: []byte(source), scopeSpray: fingerprint} {
		if _, err := p.throttle.Count(ctx, scope, key, LoginSpan, p.now()); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
	}
	id := account.ID
	if id == "" {
		id = "unknown"
	}
	e := idp.Event(ctx, p.now(), resultWrong, p.holders.Object(), id, map[string]string{"method": "pwd"})
	e.Result = audit.Refused
	if err := p.throttle.Note(ctx, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.LoginFailed, "n", fmt.Sprint(LoginTries-tries))
}
