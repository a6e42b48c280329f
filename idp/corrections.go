package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Kinds of corrections of a legal identity.
const (
	NumberChanged  = "number_changed"  // the police gave another number (重号, 变更)
	NameChanged    = "name_changed"    // the person's name is another one now
	DeathReverted  = "death_reverted"  // the register was wrong: the person lives
	NumberReleased = "number_released" // a number that was somebody's before a correction may be proved by another person
)

// CorrectionKinds are those that administrators propose. Everything else is the same for DocumentAdded, which persons ask for.
var CorrectionKinds = []string{NumberChanged, NameChanged, DeathReverted, NumberReleased}

var allCorrections = append(slices.Clone(CorrectionKinds), DocumentAdded)

// kindPrefix stands before the kinds of corrections in the names of what can be proposed.
const kindPrefix = "identity."

// Correction of a legal identity: a proposal of one of CorrectionKinds, whose object is the account and whose payload is the
// identity as it will be.
type Correction struct{ foureyes.Proposal }

// What is one of CorrectionKinds.
func (c Correction) What() string { return strings.TrimPrefix(c.Kind, kindPrefix) }

// IDTypeUSCC is the kind of number that organisations have in the place of a document (GB 32100).
const IDTypeUSCC = "unified_social_credit_code"

// Hold is why a register stopped an account.
const HoldDeceased = "deceased"

// Outbox topics by which other rooms are told.
const (
	TopicDeceased     = "account.deceased"          // mandates of the person end
	TopicClosed       = "account.closed"            // what was printed for the person ends
	TopicRevived      = "account.revived"           // the death was an error
	TopicRekeyed      = "account.identity_changed"  // number or name is another one; the person is told too
	TopicDocuments    = "account.documents_changed" // one was added or retired; the person is told
	TopicLevelsEnded  = "account.levels_ended"      // the document was revoked or lost; the person is told too
	TopicOrganization = "organization.deregistered"

	TopicOrganizationRekeyed = "organization.identity_changed" // whoever acts for it is told; an OrganizationNotice

	TopicMobileReassigned = "account.mobile_reassigned" // the number is somebody else's now; the person is told over what is left
)

// AccountMessage is the payload of those about accounts.
type AccountMessage struct {
	AccountID string    `json:"account_id"`
	At        time.Time `json:"at"`
}

// RegisterEventRow is what is kept of an event of a register, so that it is taken once.
type RegisterEventRow struct {
	Origin, ID, Digest, Kind, Outcome string
	At                                time.Time
}

// Cause is what a change comes from, stored with it: an event of a register, a correction, or both.
type Cause struct {
	Event      *RegisterEventRow
	Settlement *foureyes.Settlement // of the proposal that allows it
}

// TakenContact is a contact that its account holds no more.
type TakenContact struct {
	AccountID string
	Lookup    []byte
	Since     time.Time // since when it is somebody else's
	Method    string    // of evidence that stood on it
	At        time.Time
}

// Errors of corrections.
var ErrDuplicate = errors.New("idp: the event was taken before")

// CorrectionStore keeps corrections and events of registers; idpdb implements it. Each change is one transaction with its
// cause: ErrDuplicate when the event was taken before, errors of foureyes.Settlement when the proposal does not allow it.
type CorrectionStore interface {
	DocumentStore
	// Rekey ends all levels, binds the new identity, keeps the old one as history and adds the proof. ErrBound when another
	// account holds the new identity or held it before a correction; ErrConflict when the old one is not the account's, or the account is
	// another version than the one that was judged.
	Rekey(ctx context.Context, r Rekey, cause Cause, record audit.Record) error
	// Hold suspends an account with its sessions and grants; ErrConflict when it is held already.
	Hold(ctx context.Context, accountID, hold string, at time.Time, cause Cause, record audit.Record) error
	// Unhold gives an account back the state that it had; ErrConflict when it is not held so.
	Unhold(ctx context.Context, accountID, hold string, at time.Time, cause Cause, record audit.Record) error
	// EndLevels ends the levels of an account that stand on a document.
	EndLevels(ctx context.Context, accountID string, document []byte, at time.Time, cause Cause, record audit.Record) error
	// TakeContact takes a contact from an account, ends its sessions and grants and the levels by a method; ErrConflict when the account does
	// not hold it, or has held it only since the day.
	TakeContact(ctx context.Context, c TakenContact, cause Cause, record audit.Record) error
	// ReleaseIdentity forgets that a number was an account's; ErrNotFound when it was not.
	ReleaseIdentity(ctx context.Context, accountID string, lookup []byte, cause Cause, record audit.Record) error
	// NoteEvent takes an event that changes nothing.
	NoteEvent(ctx context.Context, cause Cause, record audit.Record) error
	// RegisterEvent finds an event that was taken; ErrNotFound.
	RegisterEvent(ctx context.Context, origin, id string) (RegisterEventRow, error)

	// PutCorrection stores a proposal with the event that it comes from.
	PutCorrection(ctx context.Context, p foureyes.Proposal, cause Cause, record audit.Record) error
}

// Confirmation is what a source said of an identity.
type Confirmation struct {
	Match    bool
	Source   string
	Evidence string
}

// Confirmer asks the source whether an identity holds; the mobile number is part of the question where it is not empty.
// fault.ProofingSilent when it does not answer, fault.ProofingKind when there is none.
type Confirmer interface {
	Confirm(ctx context.Context, who Identity, mobile string) (Confirmation, error)
}

// Corrections corrects legal identities: by two people, or as a register tells.
type Corrections struct{ cfg CorrectionsConfig }

// CorrectionsConfig holds what Corrections needs.
type CorrectionsConfig struct {
	Accounts *Accounts
	Store    CorrectionStore
	Engine   *foureyes.Engine
	Confirm  Confirmer
	Offices  Offices // nil: no organisation is corrected
	Now      func() time.Time
	Rand     io.Reader
	Wake     func() // tells the outbox that something is due
}

// NewCorrections returns the service, whose kinds the engine knows from then on.
func NewCorrections(cfg CorrectionsConfig) *Corrections {
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	s := &Corrections{cfg}
	for _, what := range allCorrections {
		cfg.Engine.Register(foureyes.Kind{Name: kindPrefix + what, Role: RoleSecurityAdmin, Execute: s.execute})
	}
	return s
}

// Change is what becomes another in a correction; empty members stay as they are.
type Change struct {
	Name, Number, Nationality, Expires string
}

// identityOf is the newest identity that an account proved, whether or not its level still holds; a document that people added
// beside it proved nothing.
func (s *Corrections) identityOf(ctx context.Context, a Account) (who Identity, err error) {
	proofs := slices.DeleteFunc(slices.Clone(a.Proofs), func(p Proof) bool {
		return p.IAL == 0 && (p.Method != MethodCorrection || p.Source != sourceAdministration)
	})
	if len(proofs) == 0 {
		return who, ErrNotFound
	}
	return s.cfg.Accounts.openIdentity(ctx, a, slices.MaxFunc(proofs, func(x, y Proof) int { return x.At.Compare(y.At) }))
}

// identityBy is the identity of the document of an account that is found under a lookup; the newest one where nothing is kept
// about that document.
func (s *Corrections) identityBy(ctx context.Context, a Account, lookup []byte) (Identity, error) {
	stored, _, err := s.cfg.Store.Documents(ctx, a.ID)
	if err != nil {
		return Identity{}, err
	}
	for _, d := range stored {
		if bytes.Equal(d.Lookup, lookup) && d.Proof.ID != "" {
			return s.cfg.Accounts.openIdentity(ctx, a, d.Proof)
		}
	}
	return s.identityOf(ctx, a)
}

// next is an identity after a change, in canonical form.
func (s *Corrections) next(who Identity, change Change) (Identity, error) {
	if who.Type == IDTypeUSCC {
		return nextOrganization(who, change)
	}
	if change.Name != "" {
		name, err := subject.ParsePersonName(change.Name)
		if err != nil {
			return who, fault.Wrap(err, fault.Invalid).WithField("name", fault.ProofingName)
		}
		who.Name = name
	}
	if change.Number != "" || change.Nationality != "" {
		number, nationality := orElse(change.Number, who.Number), orElse(change.Nationality, who.Nationality)
		document, err := s.cfg.Accounts.Documents().Parse(who.Type, number, nationality)
		if err != nil {
			return who, fault.Wrap(err, fault.Invalid).WithField("number", fault.ProofingNumber)
		}
		who.Number = document.Number
		if who.Nationality != "" {
			who.Nationality = document.Nationality
		}
		if !document.Birth.IsZero() && who.Birth != "" {
			who.Birth = document.Birth.Format(time.DateOnly)
		}
	}
	if change.Expires != "" {
		day, err := subject.ParseDay(change.Expires)
		if err != nil {
			return who, fault.Wrap(err, fault.Invalid).WithField("expires_on", fault.ProofingExpiry)
		}
		who.Expires = day.Format(time.DateOnly)
	}
	return who, nil
}

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// Propose writes down a correction by a person; it is applied when a second one approves.
func (s *Corrections) Propose(ctx context.Context, kind, accountID string, change Change) (Correction, error) {
	if !slices.Contains(CorrectionKinds, kind) {
		return Correction{}, fault.New(fault.Invalid).WithField("kind", fault.CorrectionKind)
	}
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if errors.Is(err, ErrNotFound) {
		return Correction{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return Correction{}, fault.Wrap(err, fault.Unavailable)
	}
	who, err := s.identityOf(ctx, a)
	if errors.Is(err, ErrNotFound) {
		return Correction{}, fault.New(fault.CorrectionUnproven)
	}
	if err != nil {
		return Correction{}, err
	}
	if kind == NumberChanged && change.Number == "" || kind == NameChanged && change.Name == "" || kind == NumberReleased && change.Number == "" {
		return Correction{}, fault.New(fault.Invalid).WithField("number", fault.CorrectionEmpty)
	}
	if kind == DeathReverted && who.Type == IDTypeUSCC { // an organisation that was ended in error is restored
		return Correction{}, fault.New(fault.Invalid).WithField("kind", fault.CorrectionKind)
	}
	now := who
	if who, err = s.next(who, change); err != nil {
		return Correction{}, err
	}
	if kind != NumberReleased && kind != DeathReverted && who == now {
		return Correction{}, fault.New(fault.Invalid).WithField("number", fault.CorrectionSame)
	}
	return s.put(ctx, kind, accountID, "", who, Cause{})
}

// put opens the proposal; machine is the register that asks for it, empty for a person.
func (s *Corrections) put(ctx context.Context, kind, accountID, machine string, who Identity, cause Cause) (Correction, error) {
	subject, err := s.subjectOf(ctx, accountID, who)
	if err != nil {
		return Correction{}, err
	}
	wish := foureyes.Wish{Kind: kindPrefix + kind, ObjectType: "account", ObjectID: accountID, Subject: "account:" + subject, Machine: machine, Payload: who}
	if kind == NumberChanged || kind == NameChanged {
		if wish.Version, err = s.identityVersion(ctx, accountID); err != nil {
			return Correction{}, err
		}
	}
	p, record, err := s.cfg.Engine.Draft(ctx, wish)
	if err != nil {
		return Correction{p}, corrected(err)
	}
	if err := s.cfg.Store.PutCorrection(ctx, p, cause, record); err != nil {
		return Correction{p}, fmt.Errorf("store correction: %w", err)
	}
	return Correction{p}, nil
}

// Find reads a correction.
func (s *Corrections) Find(ctx context.Context, id string) (Correction, error) {
	p, err := s.cfg.Engine.Find(ctx, id)
	if err == nil && !strings.HasPrefix(p.Kind, kindPrefix) {
		err = fault.New(fault.NotFound)
	}
	return Correction{p}, err
}

// Page lists corrections of states, the newest first; next is empty on the last page.
func (s *Corrections) Page(ctx context.Context, states []string, after string, limit int) (page []Correction, next string, err error) {
	q := foureyes.Query{States: states, After: after, Limit: limit}
	for _, what := range allCorrections {
		q.Kinds = append(q.Kinds, kindPrefix+what)
	}
	proposals, next, err := s.cfg.Engine.Page(ctx, q)
	for _, p := range proposals {
		page = append(page, Correction{p})
	}
	return page, next, err
}

// Wanted is the identity that a correction would give.
func (s *Corrections) Wanted(ctx context.Context, c Correction) (who Identity, err error) {
	payload, err := s.cfg.Engine.Payload(ctx, c.Proposal)
	if err != nil {
		return who, err
	}
	return who, json.Unmarshal(payload, &who)
}

// Refuse closes a correction without a change; digest is that of what was read.
func (s *Corrections) Refuse(ctx context.Context, id, digest string) (Correction, error) {
	if c, err := s.Find(ctx, id); err != nil {
		return c, err
	}
	p, err := s.cfg.Engine.Refuse(ctx, id, digest)
	return Correction{p}, corrected(err)
}

// Approve adds a person to those who stand behind a correction, and applies it when they are enough. Nobody counts twice.
// fault.ProofingSilent: the source that has to confirm the level does not answer, and the approval is not counted.
func (s *Corrections) Approve(ctx context.Context, id, digest string) (Correction, error) {
	if c, err := s.Find(ctx, id); err != nil {
		return c, err
	}
	p, err := s.cfg.Engine.Approve(ctx, id, digest)
	return Correction{p}, corrected(err)
}

// corrected gives the engine's refusals the codes that corrections have had from the beginning.
func corrected(err error) error {
	switch fault.CodeOf(err) {
	case fault.ProposalSelf:
		return fault.Wrap(err, fault.CorrectionSelf)
	case fault.ProposalClosed:
		return fault.Wrap(err, fault.Conflict)
	}
	return err
}

// execute makes the change that a proposal allows, in one transaction with it.
func (s *Corrections) execute(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	var who Identity
	if err := json.Unmarshal(payload, &who); err != nil {
		return fmt.Errorf("read correction: %w", err)
	}
	cause, what := Cause{Settlement: &settlement}, Correction{p}.What()
	var err error
	switch what {
	case NumberChanged, NameChanged:
		err = s.rekeyNewest(ctx, p, who, cause)
	case DocumentAdded:
		err = s.addDocument(ctx, p, who, cause)
	case DeathReverted:
		err = s.revive(ctx, p.ObjectID, cause)
	case NumberReleased:
		err = s.release(ctx, p.ObjectID, who, cause)
	default:
		err = fmt.Errorf("correction %q is not known", what)
	}
	if errors.Is(err, ErrConflict) {
		err = fault.Wrap(err, fault.Conflict)
	}
	return err
}

// NewAccountMessage is a message about an account for the outbox.
func NewAccountMessage(topic, accountID string, at time.Time) (audit.Message, error) {
	payload, err := json.Marshal(AccountMessage{accountID, at})
	return audit.Message{Topic: topic, Key: accountID, Payload: payload}, err
}

// die suspends the account of somebody who died; its sessions and grants end and its parties are told.
func (s *Corrections) die(ctx context.Context, accountID string, cause Cause) error {
	now := s.cfg.Now().UTC()
	message, err := NewAccountMessage(TopicDeceased, accountID, now)
	if err != nil {
		return err
	}
	record := audit.With(event(ctx, now, "account.deceased", "account", accountID, nil)).And(message)
	if s.cfg.Accounts.farewell != nil {
		ended, err := s.cfg.Accounts.farewell(ctx, accountID)
		if err != nil {
			return err
		}
		record.Events, record.Messages = append(record.Events, ended.Events...), append(record.Messages, ended.Messages...)
	}
	err = s.cfg.Store.Hold(ctx, accountID, HoldDeceased, now, cause, record)
	if err == nil {
		s.cfg.Wake()
	}
	return err
}

// Gone does what the event of a register does about a person who died, or an organisation that is no more, where a comparison with the
// register found it. Whom a register holds already stays as it is.
func (s *Corrections) Gone(ctx context.Context, p Person) error {
	if p.IDType != IDTypeUSCC {
		if err := s.die(ctx, p.AccountID, Cause{}); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
		return nil
	}
	message, err := OrganizationEnded(p.IDNumber, s.cfg.Now().UTC())
	if err != nil {
		return err
	}
	err = s.cfg.Accounts.setState(ctx, p.AccountID, AccountSuspended, "register_deceased", message)
	s.cfg.Wake()
	return err
}

func (s *Corrections) revive(ctx context.Context, accountID string, cause Cause) error {
	now := s.cfg.Now().UTC()
	message, err := NewAccountMessage(TopicRevived, accountID, now)
	if err != nil {
		return err
	}
	return s.cfg.Store.Unhold(ctx, accountID, HoldDeceased, now, cause, audit.With(event(ctx, now, "account.revived", "account", accountID, nil)).And(message))
}

func (s *Corrections) release(ctx context.Context, accountID string, who Identity, cause Cause) error {
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return err
	}
	err = s.cfg.Store.ReleaseIdentity(ctx, accountID, lookup, cause, audit.With(event(ctx, s.cfg.Now().UTC(), "identity.number_released", "account", accountID, nil)))
	if errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.NotFound)
	}
	return err
}
