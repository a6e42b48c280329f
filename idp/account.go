package idp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Account as it is stored: personal fields only as ciphertext.
type Account struct {
	ID            string
	State         AccountState
	PasswordHash  string // PHC string, empty without a password
	CredentialsAt time.Time
	RecoveredAt   time.Time // of the last recovery of the password without a counter; zero: never
	MobileTakenAt time.Time // when a carrier gave its mobile number to somebody else; zero: never
	Locale        string    // language of messages, as last chosen; empty when it is not known
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64   // counts the changes of the account, its contacts and its proofs; 0 is not known
	Proofs        []Proof // the newest evidence of each level, the highest level first
	Contacts      []Contact
	DataKey       keys.DataKey // seals its personal fields; none for accounts of earlier releases until they are sealed anew
}

// RecoveryRest is how long after a recovery without a counter an account may neither use seals nor give and accept mandates:
// whoever took the account over by its telephone gains nothing before the owner, who was told, can act.
const RecoveryRest = 24 * time.Hour

// RestsUntil is the end of that time; zero when it was over or never began.
func RestsUntil(recovered, now time.Time) time.Time {
	if recovered.IsZero() || !now.Before(recovered.Add(RecoveryRest)) {
		return time.Time{}
	}
	return recovered.Add(RecoveryRest)
}

// InForce is the evidence of the highest level that holds now; nil when there is none. A level that decayed leaves the
// person on the next lower one that still holds.
func (a Account) InForce(now time.Time) *Proof {
	for i := range a.Proofs {
		if p := &a.Proofs[i]; p.Until.IsZero() || now.Before(p.Until) {
			return p
		}
	}
	return nil
}

// Contact is a verified identifier of an account.
type Contact struct {
	Kind   subject.IdentifierKind
	Lookup []byte // HMAC-SM3 of the canonical value
	KeyID  string
	Sealed []byte
}

// Proof is a level with the evidence that gave it.
type Proof struct {
	ID       string
	IAL      subject.IAL
	Method   string
	Source   string
	At       time.Time
	Until    time.Time // zero: no end
	Lookup   []byte    // HMAC-SM3 of type and number: one legal identity, one account
	KeyID    string
	Sealed   []byte // name, document type and number
	Evidence string // digest of request and answer
	Case     string // proofing case that the evidence closes in the same change; empty for none
	// DocumentEnds is when the document behind the evidence ends; zero where it is not known. The person is told before.
	DocumentEnds time.Time
	// Beside lets the evidence be about another document than the account holds (PrepareProof judges it), while the account stands
	// at Version.
	Beside  bool
	Version int64
	// Certificate is the one behind the evidence, stored with it so that its revocation is found; nil for none.
	Certificate *ProofCertificate
	// Sample is a case in which people look at the pass again, stored with it; nil for none.
	Sample *SampledPass
}

// SampledPass is what is stored of such a case beside the evidence that it is about.
type SampledPass struct {
	Case, KeyID string
	Sealed      []byte
	DueAt       time.Time
}

// ProofCertificate names a certificate behind a level.
type ProofCertificate struct {
	Issuer    string // distinguished name of who gave it out
	Authority string // SM3 of the public key that signed it, hex
	Serial    string // hex
	Ends      time.Time
}

// Identity is a legal identity in canonical form; the sealed content of a proof.
type Identity struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // document kind
	Number      string `json:"number"`
	Nationality string `json:"nationality,omitempty"` // ISO 3166-1 alpha-3, where the document tells one
	Birth       string `json:"birth,omitempty"`       // YYYY-MM-DD, where the document tells it
	Expires     string `json:"expires,omitempty"`     // YYYY-MM-DD, the last day of the document
}

// Errors of stores, turned into faults here.
var (
	ErrTaken    = errors.New("idp: identifier belongs to an account")
	ErrBound    = errors.New("idp: identity belongs to another account")
	ErrNotFound = errors.New("idp: not found")
)

// AccountStore keeps accounts; idpdb implements it. Each method is one transaction with its audit record.
type AccountStore interface {
	CreateAccount(ctx context.Context, a Account, record audit.Record) error
	Account(ctx context.Context, id string) (Account, error)
	AccountByLookup(ctx context.Context, lookup []byte) (Account, error)
	// AccountByIdentity finds the account that holds a legal identity; ErrNotFound.
	AccountByIdentity(ctx context.Context, lookup []byte) (id string, err error)
	SetPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error
	// RecoverPassword is SetPassword that also writes down when.
	RecoverPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error
	// NoteRecovery writes down when alone, for somebody who was let in by a proof and has set no password yet.
	NoteRecovery(ctx context.Context, id string, at time.Time, record audit.Record) error
	// ChangeContact adds a contact to an active account in the place of the one that is found by replaced, and writes down when as
	// RecoverPassword does; without replaced the account may hold none of the kind, and nothing rests. ErrTaken for a contact of
	// another account, ErrConflict when the account is not as was read.
	ChangeContact(ctx context.Context, id string, replaced []byte, c Contact, at time.Time, record audit.Record) error
	// ReplaceHash stores another hash of the same password if the stored one is still old, ErrNotFound when it is not; the
	// moment of the credential stays.
	ReplaceHash(ctx context.Context, id, old, hash string, record audit.Record) error
	// SetState also ends the sessions and grants of an account that is no longer active. What is closed stays so, and what
	// a register holds is not reopened: ErrNotFound.
	SetState(ctx context.Context, id string, state AccountState, at time.Time, record audit.Record) error
	// SaveProof binds a legal identity, adds the evidence and closes its case; ErrBound when another account holds the
	// identity, or the account holds another one and may not hold it beside that, ErrNotFound when the case is closed already.
	// Nothing is ever replaced.
	SaveProof(ctx context.Context, id string, p Proof, record audit.Record) error
}

// Accounts creates and reads accounts.
type Accounts struct {
	store AccountStore
	ring  *keys.Ring
	now   func() time.Time
	rand  io.Reader
	// farewell is AccountsConfig.Farewell.
	farewell  func(ctx context.Context, accountID string) (audit.Record, error)
	documents func() subject.Documents

	recent recentAccounts
	open   openKeys
}

// AccountsConfig holds what Accounts needs.
type AccountsConfig struct {
	Store AccountStore
	Ring  *keys.Ring
	Now   func() time.Time
	Rand  io.Reader
	// Farewell is what the end of all sessions of an account leaves behind; nil leaves nothing. A session that starts between
	// it and the change is ended with the others, but its parties are not told.
	Farewell func(ctx context.Context, accountID string) (audit.Record, error)
	// Documents is the table of document kinds; nil is the built-in one.
	Documents func() subject.Documents
}

// NewAccounts returns the service.
func NewAccounts(cfg AccountsConfig) *Accounts {
	if cfg.Documents == nil {
		cfg.Documents = subject.DefaultDocuments
	}
	return &Accounts{store: cfg.Store, ring: cfg.Ring, now: cfg.Now, rand: cfg.Rand, farewell: cfg.Farewell, documents: cfg.Documents}
}

// Lookup is the keyed hash under which an identifier is found.
func (s *Accounts) Lookup(ctx context.Context, kind, value string) ([]byte, error) {
	mac, err := s.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("lookup"), []byte(kind), []byte(value))
}

// Human names the human being behind the account of an actor by a keyed hash; empty for whoever is no account. Staff who linked
// their own account bear the same hash, so that two accounts of one person count as one.
func (s *Accounts) Human(ctx context.Context, actor string) (string, error) {
	id, ok := strings.CutPrefix(actor, "account:")
	if !ok {
		return "", nil
	}
	mac, err := s.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	sum, err := mac.Sum(ctx, []byte("human"), []byte(id))
	return hex.EncodeToString(sum), err
}

// AccountAgreement is the version of the text that whoever asks for an account agrees to; the messages agreement.* hold it. A change
// of its meaning is another version.
const AccountAgreement = "account-2026-11"

// Create makes an account for an identifier whose control was just shown. An identifier that has one already gives that
// account: the person who controls it is signed in instead of told that it exists.
func (s *Accounts) Create(ctx context.Context, identifier subject.Identifier) (Account, error) {
	lookup, err := s.Lookup(ctx, string(identifier.Kind), identifier.Value)
	if err != nil {
		return Account{}, err
	}
	a, err := s.newAccount(ctx, "acc")
	if err != nil {
		return Account{}, err
	}
	now := a.CreatedAt
	a.Locale = localeOf(ctx)
	contact := Contact{Kind: identifier.Kind, Lookup: lookup}
	if contact.KeyID, contact.Sealed, err = s.sealFor(ctx, a, []byte(identifier.Value), contactPlace(a.ID)); err != nil {
		return Account{}, err
	}
	a.Contacts = []Contact{contact}
	err = s.store.CreateAccount(ctx, a, audit.With(event(ctx, now, "account.registered", "account", a.ID, map[string]string{"kind": string(identifier.Kind), "agreement": AccountAgreement})))
	if errors.Is(err, ErrTaken) {
		return s.store.AccountByLookup(ctx, lookup)
	}
	return a, err
}

// ByIdentifier finds the account of an identifier; ErrNotFound.
func (s *Accounts) ByIdentifier(ctx context.Context, identifier subject.Identifier) (Account, error) {
	lookup, err := s.Lookup(ctx, string(identifier.Kind), identifier.Value)
	if err != nil {
		return Account{}, err
	}
	return s.store.AccountByLookup(ctx, lookup)
}

// Documents is the table of document kinds.
func (s *Accounts) Documents() subject.Documents { return s.documents() }

// IdentityLookup is the keyed hash under which a legal identity is found: of what stays the same when the document is
// issued again.
func (s *Accounts) IdentityLookup(ctx context.Context, who Identity) ([]byte, error) {
	return s.Lookup(ctx, who.Type, s.documents().LookupKey(who.Type, who.Number, who.Nationality))
}

// ByIdentity finds the account that proved a document number; ErrNotFound.
func (s *Accounts) ByIdentity(ctx context.Context, documentType, number string) (string, error) {
	return s.ByDocument(ctx, Identity{Type: documentType, Number: number})
}

// ByDocument is ByIdentity for documents whose number needs a nationality.
func (s *Accounts) ByDocument(ctx context.Context, who Identity) (string, error) {
	lookup, err := s.IdentityLookup(ctx, who)
	if err != nil {
		return "", err
	}
	return s.store.AccountByIdentity(ctx, lookup)
}

// Account reads an account; ErrNotFound.
func (s *Accounts) Account(ctx context.Context, id string) (Account, error) {
	return s.store.Account(ctx, id)
}

// SetPassword stores a password hash and marks the moment, so that older refresh tokens end.
func (s *Accounts) SetPassword(ctx context.Context, id, hash string) error {
	now := s.now().UTC()
	return s.store.SetPassword(ctx, id, hash, now, audit.With(event(ctx, now, "account.password_set", "account", id, nil)))
}

// RecoverPassword stores the password hash after a recovery, with what tells the person. For RecoveryRest seals and mandates
// of the person rest.
func (s *Accounts) RecoverPassword(ctx context.Context, id, hash string, notices ...audit.Message) error {
	now := s.now().UTC()
	return s.store.RecoverPassword(ctx, id, hash, now, audit.With(event(ctx, now, "account.recovered", "account", id, nil)).And(notices...))
}

// LetIn notes that a proof of who the person is opened the account, with what tells the person. The account rests from here on, whether or
// not a new password follows: whoever is let in might never set one.
func (s *Accounts) LetIn(ctx context.Context, id string, notices ...audit.Message) error {
	now := s.now().UTC()
	return s.store.NoteRecovery(ctx, id, now, audit.With(event(ctx, now, "account.let_in", "account", id, nil)).And(notices...))
}

// Rehash stores the hash of a password with the present cost in place of the one that was just checked. It is no change
// of the password, so tokens live on; when somebody changed the password meanwhile, nothing happens.
func (s *Accounts) Rehash(ctx context.Context, id, old, hash string) error {
	err := s.store.ReplaceHash(ctx, id, old, hash, audit.With(event(ctx, s.now().UTC(), "account.password_rehashed", "account", id, nil)))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// SetState suspends, closes or reopens an account; what is closed stays so (ErrNotFound). The systems that its sessions signed in
// to are told.
func (s *Accounts) SetState(ctx context.Context, id string, state AccountState, reason string) error {
	return s.setState(ctx, id, state, reason)
}

// setState is SetState with what tells the person.
func (s *Accounts) setState(ctx context.Context, id string, state AccountState, reason string, notices ...audit.Message) error {
	now := s.now().UTC()
	record, err := s.StateRecord(ctx, id, state, reason, now)
	if err != nil {
		return err
	}
	return s.store.SetState(ctx, id, state, now, record.And(notices...))
}

// StateRecord is what another state of an account leaves behind: the event, and that the systems are told to which its sessions signed in.
func (s *Accounts) StateRecord(ctx context.Context, id string, state AccountState, reason string, at time.Time) (audit.Record, error) {
	e := event(ctx, at, "account."+string(state), "account", id, nil)
	e.Reason = reason
	record := audit.With(e)
	if state == AccountClosed {
		message, err := NewAccountMessage(TopicClosed, id, at)
		if err != nil {
			return record, err
		}
		record = record.And(message)
	}
	if state != AccountActive && s.farewell != nil {
		ended, err := s.farewell(ctx, id)
		if err != nil {
			return record, err
		}
		record.Events, record.Messages = append(record.Events, ended.Events...), append(record.Messages, ended.Messages...)
	}
	return record, nil
}

// Prove stores a proof of identity for an account; fault.IdentityBound says neither who holds the identity nor that
// anybody does.
func (s *Accounts) Prove(ctx context.Context, id string, p Proof, name, documentType, number string) error {
	return s.ProveIdentity(ctx, id, p, Identity{Name: name, Type: documentType, Number: number})
}

// ProveIdentity is Prove with all that a document tells.
func (s *Accounts) ProveIdentity(ctx context.Context, id string, p Proof, who Identity) error {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	if p, err = s.PrepareProof(ctx, a, p, who); err != nil {
		return err
	}
	return s.saveProof(ctx, id, p)
}

// saveProof stores a sealed proof.
func (s *Accounts) saveProof(ctx context.Context, id string, p Proof) error {
	record, err := s.ProofRecord(ctx, id, p)
	if err != nil {
		return err
	}
	err = s.store.SaveProof(ctx, id, p, record)
	if errors.Is(err, ErrBound) {
		return fault.Wrap(err, fault.IdentityBound)
	}
	return err
}

// Draft is an account without a login, and the sealed proof of its name and number; the caller stores both in one change.
func (s *Accounts) Draft(ctx context.Context, prefix string, p Proof, name, documentType, number string) (Account, Proof, error) {
	a, err := s.newAccount(ctx, prefix)
	if err != nil {
		return a, p, err
	}
	p, err = s.PrepareProof(ctx, a, p, Identity{Name: name, Type: documentType, Number: number})
	return a, p, err
}

// newAccount is an active account with its own data key; nothing is stored.
func (s *Accounts) newAccount(ctx context.Context, prefix string) (Account, error) {
	now := s.now().UTC()
	a := Account{ID: ident.New(s.rand, prefix), State: AccountActive, CreatedAt: now, UpdatedAt: now}
	var err error
	a.DataKey, err = s.newDataKey(ctx, a.ID)
	return a, err
}

// Person reads a person as stored now.
func (s *Accounts) Person(ctx context.Context, accountID string) (Person, error) {
	return s.PersonAt(ctx, accountID, 0)
}

// PersonAt implements People.
func (s *Accounts) PersonAt(ctx context.Context, accountID string, version int64) (Person, error) {
	a, err := s.AccountAt(ctx, accountID, version)
	if errors.Is(err, ErrNotFound) {
		return Person{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return Person{}, err
	}
	return s.Open(ctx, a)
}

// Open decrypts what an account holds of its person.
func (s *Accounts) Open(ctx context.Context, a Account) (Person, error) {
	p := Person{AccountID: a.ID, State: a.State, UpdatedAt: a.UpdatedAt, CredentialsAt: a.CredentialsAt, RecoveredAt: a.RecoveredAt}
	for _, contact := range a.Contacts {
		value, err := s.openFor(ctx, a, contact.KeyID, contact.Sealed, contactPlace(a.ID))
		if err != nil {
			return Person{}, fmt.Errorf("open contact: %w", err)
		}
		switch { // the first of a kind is the one that messages go to
		case contact.Kind == subject.Email && p.Email == "":
			p.Email = string(value)
		case contact.Kind != subject.Email && p.Mobile == "":
			p.Mobile = string(value)
		}
	}
	proof := a.InForce(s.now())
	if proof == nil {
		return p, nil // never proofed, or decayed
	}
	who, err := s.openIdentity(ctx, a, *proof)
	if err != nil {
		return Person{}, err
	}
	p.IAL, p.IALMethod, p.IALSource, p.IALAt, p.IALUntil = proof.IAL, proof.Method, proof.Source, proof.At, proof.Until
	p.Name, p.IDType, p.IDNumber, p.Nationality, p.Birth, p.IDExpires = who.Name, who.Type, who.Number, who.Nationality, who.Birth, who.Expires
	return p, nil
}

// heldValue stands for a value that is there.
const heldValue = "-"

// HeldAt implements People.
func (s *Accounts) HeldAt(ctx context.Context, accountID string, version int64) (Person, error) {
	a, err := s.AccountAt(ctx, accountID, version)
	if errors.Is(err, ErrNotFound) {
		return Person{}, fault.New(fault.NotFound)
	}
	p := Person{AccountID: a.ID, State: a.State, UpdatedAt: a.UpdatedAt, CredentialsAt: a.CredentialsAt}
	for _, contact := range a.Contacts {
		if contact.Kind == subject.Email {
			p.Email = heldValue
		} else {
			p.Mobile = heldValue
		}
	}
	if proof := a.InForce(s.now()); proof != nil {
		p.IAL, p.IALMethod, p.IALSource, p.IALAt, p.IALUntil = proof.IAL, proof.Method, proof.Source, proof.At, proof.Until
		p.Name, p.IDType, p.IDNumber = heldValue, heldValue, heldValue
	}
	return p, err
}

// LevelAt implements People.
func (s *Accounts) LevelAt(ctx context.Context, accountID string, version int64) (subject.IAL, error) {
	a, err := s.AccountAt(ctx, accountID, version)
	if errors.Is(err, ErrNotFound) {
		return 0, fault.New(fault.NotFound)
	}
	if proof := a.InForce(s.now()); err == nil && proof != nil {
		return proof.IAL, nil
	}
	return 0, err
}

// event is an audit event of the current request's actor.
func event(ctx context.Context, at time.Time, kind, objectType, objectID string, details map[string]string) audit.Event {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "anonymous"
	}
	return audit.Event{Type: kind, At: at, Actor: actor, ActingFor: request.Actor.ActingFor, ObjectType: objectType, ObjectID: objectID, RequestID: request.ID, Reason: request.Reason, Details: request.Told(details)}
}

// Event is event for the other rooms of identity.
func Event(ctx context.Context, at time.Time, kind, objectType, objectID string, details map[string]string) audit.Event {
	return event(ctx, at, kind, objectType, objectID, details)
}
