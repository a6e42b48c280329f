package authn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Kind of a credential.
type Kind string

// Kinds of credentials. Passkeys and certificates are ways in by themselves; an authenticator is a second factor only.
const (
	KindTOTP        Kind = "totp"
	KindPasskey     Kind = "passkey"
	KindCertificate Kind = "sm2_cert"
)

// CredentialState tells whether a credential may be used.
type CredentialState string

// States of a credential. A flagged one was refused for good: its counter fell, so that a copy of it may exist.
const (
	CredentialPending CredentialState = "pending" // made, and not shown to work yet
	CredentialActive  CredentialState = "active"
	CredentialFlagged CredentialState = "flagged"
)

// Credential is a way in that a person added.
type Credential struct {
	ID        string
	AccountID string
	Kind      Kind
	Name      string // that the person gave it
	Lookup    []byte // keyed hash of what it is found by: credential id, certificate
	KeyID     string
	Sealed    []byte // secret or public key
	Counter   int64  // the last accepted time step or signature counter
	State     CredentialState
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
}

// Errors of the store.
var (
	ErrLastWay   = errors.New("authn: the last way into the account")
	ErrTooMany   = errors.New("authn: the account has too many credentials")
	ErrDuplicate = errors.New("authn: the credential is known already")
)

// Bounds of what a person may add.
const (
	MaxCredentials = 20 // of an account
	maxName        = 40 // characters
	pendingLife    = 10 * time.Minute
)

// CredentialStore keeps credentials and recovery codes; idpdb implements it. Every change is one transaction with its
// audit record.
type CredentialStore interface {
	// PutCredential stores one. A pending one takes the place of the account's pending ones of its kind; an active one brings the
	// recovery codes with it if the account has none and hashes are given. ErrTooMany above MaxCredentials, ErrDuplicate for a
	// lookup that is known.
	PutCredential(ctx context.Context, c Credential, recovery [][]byte, record audit.Record) error
	// Credentials lists those of an account that are not pending, the oldest first.
	Credentials(ctx context.Context, accountID string) ([]Credential, error)
	// Credential reads one of an account, also a pending one; idp.ErrNotFound.
	Credential(ctx context.Context, accountID, id string) (Credential, error)
	// CredentialByLookup finds one that is not pending; idp.ErrNotFound.
	CredentialByLookup(ctx context.Context, lookup []byte) (Credential, error)
	// ActivateCredential makes a pending one active with its first counter, and stores the hashes of recovery codes if the
	// account has none; idp.ErrNotFound when it is not pending any more.
	ActivateCredential(ctx context.Context, accountID, id string, counter int64, at time.Time, recovery [][]byte, record audit.Record) error
	// UseCredential notes a use: the counter rises, or stays at 0; idp.ErrNotFound when it does not, so that of two uses with
	// one counter one is refused.
	UseCredential(ctx context.Context, id string, counter int64, at time.Time) error
	FlagCredential(ctx context.Context, id string, record audit.Record) error
	RenameCredential(ctx context.Context, accountID, id, name string, record audit.Record) error
	// RemoveCredential deletes one; ErrLastWay when nothing else leads into the account, idp.ErrNotFound. The recovery codes go
	// with the last one.
	RemoveCredential(ctx context.Context, accountID, id string, record audit.Record) error
	// ReplaceRecoveryCodes forgets the codes of an account and stores others.
	ReplaceRecoveryCodes(ctx context.Context, accountID string, hashes [][]byte, at time.Time, record audit.Record) error
	// UseRecoveryCode uses one; idp.ErrNotFound when it is not there or was used.
	UseRecoveryCode(ctx context.Context, accountID string, hash []byte, at time.Time, record audit.Record) error
	RecoveryCodes(ctx context.Context, accountID string) (left int, err error)
}

// TopicNotice is the outbox topic of notices to a person over all channels.
const TopicNotice = "account.notice"

// Notice tells a person what happened to the account. No address lies in the outbox: it is read when the notice is sent.
type Notice struct {
	AccountID string `json:"account_id"`
	Channel   string `json:"channel"` // "mobile" or "email": one message each, so that one that fails does not repeat the other
	What      string `json:"what"`    // names the text
	Name      string `json:"name,omitempty"`
	// Place and PlaceEnglish name the region of a new device; the network address itself does not go into a message.
	Place        string `json:"place,omitempty"`
	PlaceEnglish string `json:"place_english,omitempty"`
	// Code is what the person may type on a page of ours; sealed, because the outbox is read by more than the sender.
	Code *SealedText `json:"code,omitempty"`
}

// What a notice tells.
const (
	NoticeAdded        = "credential-added"
	NoticeRemoved      = "credential-removed"
	NoticeFlagged      = "credential-flagged"
	NoticeRecoveryUsed = "recovery-code-used"
	NoticeRecoveryNew  = "recovery-codes-replaced"
	NoticeContact      = "contact-changed"
)

// Notices are the outbox messages of a notice, one for each channel.
func Notices(key string, n Notice) ([]audit.Message, error) {
	var all []audit.Message
	for _, channel := range []string{"mobile", "email"} {
		n.Channel = channel
		payload, err := json.Marshal(n)
		if err != nil {
			return nil, err
		}
		all = append(all, audit.Message{Topic: TopicNotice, Key: key + "/" + channel, Payload: payload})
	}
	return all, nil
}

// Ways are the credentials that people added to their accounts.
type Ways struct {
	store    CredentialStore
	throttle ThrottleStore
	ring     *keys.Ring
	sealer   Sealer
	now      func() time.Time
	rand     io.Reader
	issuer   string
	realm    CredentialRealm
}

// CredentialRealm says whose credentials these are. The zero value is people, who get recovery codes and are told of each change
// over their contacts.
type CredentialRealm struct {
	Object string // word of audit records; "account" when empty
	// Plain: nobody is told and there are no recovery codes, since another way back exists.
	Plain bool
}

// Sealer seals under the key of an account, which dies with it; idp.Accounts implements it.
type Sealer interface {
	Seal(ctx context.Context, accountID string, plaintext []byte, place string) (keyID string, sealed []byte, err error)
	Unseal(ctx context.Context, accountID, keyID string, sealed []byte, place string) ([]byte, error)
}

// WaysConfig holds what Ways needs.
type WaysConfig struct {
	Store    CredentialStore
	Throttle ThrottleStore
	Ring     *keys.Ring
	Sealer   Sealer
	Now      func() time.Time
	Rand     io.Reader
	Issuer   string // name of the platform in authenticator apps
	Realm    CredentialRealm
}

// NewWays returns the service.
func NewWays(cfg WaysConfig) *Ways {
	if cfg.Realm.Object == "" {
		cfg.Realm.Object = "account"
	}
	return &Ways{store: cfg.Store, throttle: cfg.Throttle, ring: cfg.Ring, sealer: cfg.Sealer, now: cfg.Now, rand: cfg.Rand, issuer: cfg.Issuer, realm: cfg.Realm}
}

// notices are the messages of a change; none where nobody is told.
func (s *Ways) notices(key string, n Notice) ([]audit.Message, error) {
	if s.realm.Plain {
		return nil, nil
	}
	return Notices(key, n)
}

// List gives the credentials of an account and how many recovery codes are left.
func (s *Ways) List(ctx context.Context, accountID string) ([]Credential, int, error) {
	all, err := s.store.Credentials(ctx, accountID)
	if err != nil {
		return nil, 0, fault.Wrap(err, fault.Unavailable)
	}
	left, err := s.store.RecoveryCodes(ctx, accountID)
	if err != nil {
		return nil, 0, fault.Wrap(err, fault.Unavailable)
	}
	return all, left, nil
}

// Second are the kinds of second factors that an account has; a login below level 2 must show one of them. A store that
// does not answer is an error: no login goes on without knowing (R6).
func (s *Ways) Second(ctx context.Context, accountID string) (map[Kind]time.Time, error) {
	all, err := s.store.Credentials(ctx, accountID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	kinds := map[Kind]time.Time{}
	for _, c := range all {
		if first, ok := kinds[c.Kind]; c.State == CredentialActive && (!ok || c.CreatedAt.Before(first)) {
			kinds[c.Kind] = c.CreatedAt
		}
	}
	return kinds, nil
}

// cleanName is a name as the person gave it, on one line; other is used when there is none.
func cleanName(name, other string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return other, nil
	}
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fault.New(fault.CredentialName)
	}
	return name, nil
}

// Rename gives a credential another name.
func (s *Ways) Rename(ctx context.Context, accountID, id, name string) error {
	name, err := cleanName(name, "")
	if err == nil && name == "" {
		err = fault.New(fault.CredentialName)
	}
	if err != nil {
		return err
	}
	e := idp.Event(ctx, s.now().UTC(), "credential.renamed", s.realm.Object, accountID, map[string]string{"credential": id})
	return missing(s.store.RenameCredential(ctx, accountID, id, name, audit.With(e)))
}

// Remove takes a credential away and tells all channels.
func (s *Ways) Remove(ctx context.Context, accountID, id string) error {
	c, err := s.store.Credential(ctx, accountID, id)
	if err != nil {
		return missing(err)
	}
	record, err := s.record(ctx, "credential.removed", NoticeRemoved, c)
	if err != nil {
		return err
	}
	return missing(s.store.RemoveCredential(ctx, accountID, id, record))
}

// missing turns the errors of the store into faults.
func missing(err error) error {
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	case errors.Is(err, ErrLastWay):
		return fault.Wrap(err, fault.CredentialLast)
	case errors.Is(err, ErrTooMany):
		return fault.Wrap(err, fault.CredentialTooMany, "n", fmt.Sprint(MaxCredentials))
	case errors.Is(err, ErrDuplicate):
		return fault.Wrap(err, fault.CredentialKnown)
	}
	return err
}

// record is the audit record of a change of a credential, with the notice to all channels.
func (s *Ways) record(ctx context.Context, event, what string, c Credential) (audit.Record, error) {
	e := idp.Event(ctx, s.now().UTC(), event, s.realm.Object, c.AccountID, map[string]string{"credential": c.ID, "kind": string(c.Kind)})
	messages, err := s.notices(what+"/"+c.ID, Notice{AccountID: c.AccountID, What: what, Name: c.Name})
	return audit.With(e).And(messages...), err
}

// secret seals what a credential is checked with.
func (s *Ways) secret(ctx context.Context, c *Credential, plaintext []byte) (err error) {
	c.KeyID, c.Sealed, err = s.sealer.Seal(ctx, c.AccountID, plaintext, "credential/"+c.AccountID+"/"+c.ID)
	return err
}

func (s *Ways) open(ctx context.Context, c Credential) ([]byte, error) {
	plaintext, err := s.sealer.Unseal(ctx, c.AccountID, c.KeyID, c.Sealed, "credential/"+c.AccountID+"/"+c.ID)
	if err != nil {
		return nil, fmt.Errorf("open credential: %w", err)
	}
	return plaintext, nil
}

func (s *Ways) lookup(ctx context.Context, parts ...[]byte) ([]byte, error) {
	mac, err := s.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, append([][]byte{[]byte("credential")}, parts...)...)
}

// Bounds of second factors: counted on the account, whatever the browser or the session. The long one keeps whoever
// knows the password from trying for days.
const (
	SecondTries    = 5
	SecondSpan     = 15 * time.Minute
	secondDayTries = 30
	scopeSecond    = "second-factor"
	scopeSecondDay = "second-factor-day"
)

// counted counts a try on the account before anything is compared, so that parallel tries count as well.
func (s *Ways) counted(ctx context.Context, accountID string) error {
	for _, limit := range []struct {
		scope string
		n     int
		span  time.Duration
	}{{scopeSecond, SecondTries, SecondSpan}, {scopeSecondDay, secondDayTries, 24 * time.Hour}} {
		tries, err := s.throttle.Count(ctx, limit.scope, []byte(accountID), limit.span, s.now())
		if err != nil {
			return fault.Wrap(err, fault.Unavailable) // no counter, no login (R6)
		}
		if tries > limit.n {
			return fault.New(fault.SecondLocked, "m", fmt.Sprint(int(SecondSpan/time.Minute))).After(int(SecondSpan / time.Second))
		}
	}
	return nil
}

// refused notes a wrong second factor.
func (s *Ways) refused(ctx context.Context, accountID, method string) error {
	e := idp.Event(ctx, s.now().UTC(), resultWrong, s.realm.Object, accountID, map[string]string{"method": method, "step": "second"})
	e.Result = audit.Refused
	if err := s.throttle.Note(ctx, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.SecondWrong)
}

// passed forgets the wrong tries before a right one.
func (s *Ways) passed(ctx context.Context, accountID string) error {
	for _, scope := range []string{scopeSecond, scopeSecondDay} {
		if err := s.throttle.Clear(ctx, scope, []byte(accountID)); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
	}
	return nil
}

// sourceOpen refuses a source from which too much was wrong, before anything costly is computed for it; it shares the counter
// of passwords, so that changing the method wins no tries.
func (s *Ways) sourceOpen(ctx context.Context) error {
	tries, err := s.throttle.Counted(ctx, scopeSource, []byte(reqctx.From(ctx).Source()), LoginSpan, s.now())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if tries >= SourceTries {
		return fault.New(fault.LoginLocked, "m", fmt.Sprint(lockedPause)).After(int(LoginSpan / time.Second))
	}
	return nil
}

// sourceWrong counts a refused try on the source and notes it.
func (s *Ways) sourceWrong(ctx context.Context, e audit.Event) error {
	e.Result = audit.Refused
	if _, err := s.throttle.Count(ctx, scopeSource, []byte(reqctx.From(ctx).Source()), LoginSpan, s.now()); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if err := s.throttle.Note(ctx, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// newCredential is a credential with its identifier.
func (s *Ways) newCredential(accountID string, kind Kind, name string, state CredentialState) Credential {
	now := s.now().UTC()
	return Credential{ID: ident.New(s.rand, "cred"), AccountID: accountID, Kind: kind, Name: name, State: state, CreatedAt: now}
}
