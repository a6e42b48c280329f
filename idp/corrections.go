package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Kinds of corrections of a legal identity.
const (
	NumberChanged  = "number_changed"  // the police gave another number (重号, 变更)
	NameChanged    = "name_changed"    // the person's name is another one now
	DeathReverted  = "death_reverted"  // the register was wrong: the person lives
	NumberReleased = "number_released" // a number that was somebody's before a correction may be proved by another person
)

// CorrectionKinds are all of them.
var CorrectionKinds = []string{NumberChanged, NameChanged, DeathReverted, NumberReleased}

// States of a correction.
const (
	CorrectionProposed = "proposed"
	CorrectionApplied  = "applied"
	CorrectionRefused  = "refused"
)

// CorrectionPeople is how many different people stand behind a correction: whoever proposes it is one of them.
const CorrectionPeople = 2

// Hold is why a register stopped an account.
const HoldDeceased = "deceased"

// Outbox topics by which other rooms are told.
const (
	TopicDeceased     = "account.deceased"         // mandates of the person end
	TopicRevived      = "account.revived"          // the death was an error
	TopicRekeyed      = "account.identity_changed" // number or name is another one; the person is told too
	TopicLevelsEnded  = "account.levels_ended"     // the document was revoked or lost; the person is told too
	TopicOrganization = "organization.deregistered"
)

// AccountMessage is the payload of those about accounts.
type AccountMessage struct {
	AccountID string    `json:"account_id"`
	At        time.Time `json:"at"`
}

// Correction of a legal identity. Sealed is the identity as it will be.
type Correction struct {
	ID, Kind, AccountID, State string
	Origin                     string   // who proposed it: an actor
	Reason                     string   // machine word or legal basis
	People                     []string // who stands behind it
	KeyID                      string
	Sealed                     []byte
	CreatedAt, DecidedAt       time.Time
}

// RegisterEventRow is what is kept of an event of a register, so that it is taken once.
type RegisterEventRow struct {
	Origin, ID, Digest, Kind, Outcome string
	At                                time.Time
}

// Cause is what a change comes from, stored with it: an event of a register, a correction, or both.
type Cause struct {
	Event      *RegisterEventRow
	Correction string // id; it becomes applied
}

// Rekey gives an account another identity.
type Rekey struct {
	AccountID string
	Old, New  []byte // lookups; equal when only the name is another
	Proof     *Proof // confirms the new identity; nil ends every level
	Reason    string
	At        time.Time
}

// Errors of corrections.
var ErrDuplicate = errors.New("idp: the event was taken before")

// CorrectionStore keeps corrections and events of registers; idpdb implements it. Each change is one transaction with its
// cause: ErrDuplicate when the event was taken before, ErrConflict when the correction is not open any more.
type CorrectionStore interface {
	// Rekey ends all levels, binds the new identity, keeps the old one as history and adds the proof. ErrBound when another
	// account holds the new identity or held it before a correction; ErrConflict when the old one is not the account's.
	Rekey(ctx context.Context, r Rekey, cause Cause, record audit.Record) error
	// Hold suspends an account with its sessions and grants; ErrConflict when it is held already.
	Hold(ctx context.Context, accountID, hold string, at time.Time, cause Cause, record audit.Record) error
	// Unhold gives an account back the state that it had; ErrConflict when it is not held so.
	Unhold(ctx context.Context, accountID, hold string, at time.Time, cause Cause, record audit.Record) error
	// EndLevels ends every level of an account.
	EndLevels(ctx context.Context, accountID string, at time.Time, cause Cause, record audit.Record) error
	// ReleaseIdentity forgets that a number was an account's; ErrNotFound when it was not.
	ReleaseIdentity(ctx context.Context, accountID string, lookup []byte, cause Cause, record audit.Record) error
	// NoteEvent takes an event that changes nothing.
	NoteEvent(ctx context.Context, cause Cause, record audit.Record) error
	// RegisterEvent finds an event that was taken; ErrNotFound.
	RegisterEvent(ctx context.Context, origin, id string) (RegisterEventRow, error)

	PutCorrection(ctx context.Context, c Correction, cause Cause, record audit.Record) error
	Correction(ctx context.Context, id string) (Correction, error)
	// Corrections lists those of a state, the newest first, behind the one with the id given.
	Corrections(ctx context.Context, state, after string, limit int) ([]Correction, error)
	// SetCorrection changes people and state of an open correction that stands as it was read; ErrConflict.
	SetCorrection(ctx context.Context, read, next Correction, record audit.Record) error
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
	Confirm  Confirmer
	Now      func() time.Time
	Rand     io.Reader
	Wake     func() // tells the outbox that something is due
}

// NewCorrections returns the service.
func NewCorrections(cfg CorrectionsConfig) *Corrections {
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	return &Corrections{cfg}
}

// Change is what becomes another in a correction; empty members stay as they are.
type Change struct {
	Name, Number, Nationality, Expires string
}

// identityOf is the newest identity that an account proved, whether or not its level still holds.
func (s *Corrections) identityOf(ctx context.Context, a Account) (who Identity, err error) {
	if len(a.Proofs) == 0 {
		return who, ErrNotFound
	}
	newest := slices.MaxFunc(a.Proofs, func(x, y Proof) int { return x.At.Compare(y.At) })
	plaintext, err := s.cfg.Accounts.openFor(ctx, a, newest.KeyID, newest.Sealed, identityPlace(a.ID))
	if err != nil {
		return who, fmt.Errorf("open identity: %w", err)
	}
	return who, json.Unmarshal(plaintext, &who)
}

// next is an identity after a change, in canonical form.
func (s *Corrections) next(who Identity, change Change) (Identity, error) {
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
	if who, err = s.next(who, change); err != nil {
		return Correction{}, err
	}
	actor := reqctx.From(ctx).Actor.ID
	return s.put(ctx, kind, accountID, actor, []string{actor}, who, Cause{})
}

func (s *Corrections) put(ctx context.Context, kind, accountID, origin string, people []string, who Identity, cause Cause) (Correction, error) {
	now := s.cfg.Now().UTC()
	c := Correction{ID: ident.New(s.cfg.Rand, "corr"), Kind: kind, AccountID: accountID, State: CorrectionProposed, Origin: origin, Reason: reqctx.From(ctx).Reason, People: people, CreatedAt: now}
	plaintext, err := json.Marshal(who)
	if err != nil {
		return c, err
	}
	if c.KeyID, c.Sealed, err = s.cfg.Accounts.Seal(ctx, accountID, plaintext, "correction/"+c.ID); err != nil {
		return c, err
	}
	if err := s.cfg.Store.PutCorrection(ctx, c, cause, audit.With(s.event(ctx, "identity.correction_proposed", c))); err != nil {
		return c, fmt.Errorf("store correction: %w", err)
	}
	return c, nil
}

func (s *Corrections) event(ctx context.Context, kind string, c Correction) audit.Event {
	return event(ctx, s.cfg.Now().UTC(), kind, "account", c.AccountID, map[string]string{"correction": c.ID, "kind": c.Kind})
}

// Find reads a correction.
func (s *Corrections) Find(ctx context.Context, id string) (Correction, error) {
	c, err := s.cfg.Store.Correction(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return c, fault.New(fault.NotFound)
	}
	if err != nil {
		return c, fault.Wrap(err, fault.Unavailable)
	}
	return c, nil
}

// Page lists corrections of a state, the newest first; next is empty on the last page.
func (s *Corrections) Page(ctx context.Context, state, after string, limit int) (page []Correction, next string, err error) {
	if page, err = s.cfg.Store.Corrections(ctx, state, after, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Wanted is the identity that a correction would give.
func (s *Corrections) Wanted(ctx context.Context, c Correction) (who Identity, err error) {
	plaintext, err := s.cfg.Accounts.Unseal(ctx, c.AccountID, c.KeyID, c.Sealed, "correction/"+c.ID)
	if err != nil {
		return who, fmt.Errorf("open correction: %w", err)
	}
	return who, json.Unmarshal(plaintext, &who)
}

// Refuse closes a correction without a change.
func (s *Corrections) Refuse(ctx context.Context, id string) (Correction, error) {
	c, err := s.Find(ctx, id)
	if err != nil {
		return c, err
	}
	next := c
	next.State, next.DecidedAt, next.Sealed = CorrectionRefused, s.cfg.Now().UTC(), []byte{}
	return next, s.set(ctx, c, next, "identity.correction_refused")
}

func (s *Corrections) set(ctx context.Context, read, next Correction, kind string) error {
	err := s.cfg.Store.SetCorrection(ctx, read, next, audit.With(s.event(ctx, kind, read)))
	if errors.Is(err, ErrConflict) {
		return fault.Wrap(err, fault.Conflict)
	}
	return err
}

// Approve adds a person to those who stand behind a correction, and applies it when they are enough. Nobody counts twice.
// fault.ProofingSilent: the source that has to confirm the level does not answer, and the approval is not counted.
func (s *Corrections) Approve(ctx context.Context, id string) (Correction, error) {
	c, err := s.Find(ctx, id)
	if err != nil {
		return c, err
	}
	actor := reqctx.From(ctx).Actor.ID
	switch {
	case c.State != CorrectionProposed:
		return c, fault.New(fault.Conflict)
	case actor == "" || slices.Contains(c.People, actor):
		return c, fault.New(fault.CorrectionSelf)
	case actor == "account:"+c.AccountID: // nobody decides on the own identity
		return c, fault.New(fault.CorrectionSelf)
	}
	next := c
	next.People = append(slices.Clone(c.People), actor)
	if len(next.People) < CorrectionPeople {
		return next, s.set(ctx, c, next, "identity.correction_approved")
	}
	who, err := s.Wanted(ctx, c)
	if err != nil {
		return c, err
	}
	next.State, next.DecidedAt = CorrectionApplied, s.cfg.Now().UTC()
	cause := Cause{Correction: c.ID}
	switch c.Kind {
	case NumberChanged, NameChanged:
		err = s.rekey(ctx, c.AccountID, who, c.Kind, cause, strings.Join(next.People, " "))
	case DeathReverted:
		err = s.revive(ctx, c.AccountID, cause)
	case NumberReleased:
		err = s.release(ctx, c.AccountID, who, cause)
	}
	if errors.Is(err, ErrConflict) {
		err = fault.Wrap(err, fault.Conflict)
	}
	return next, err
}

// rekey gives an account another identity. The level in force is kept only if the source confirms the new one.
func (s *Corrections) rekey(ctx context.Context, accountID string, who Identity, reason string, cause Cause, people string) error {
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	before, err := s.identityOf(ctx, a)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	change := Rekey{AccountID: accountID, Reason: reason, At: now}
	if change.Old, err = s.cfg.Accounts.IdentityLookup(ctx, before); err != nil {
		return err
	}
	if change.New, err = s.cfg.Accounts.IdentityLookup(ctx, who); err != nil {
		return err
	}
	details := map[string]string{"reason": reason, "level": "ended"}
	if people != "" {
		details["people"] = people
	}
	if held := a.InForce(now); held != nil {
		person, err := s.cfg.Accounts.Open(ctx, a)
		if err != nil {
			return err
		}
		mobile := ""
		if held.IAL >= 2 {
			mobile = person.Mobile
		}
		confirmed, err := s.cfg.Confirm.Confirm(ctx, who, mobile)
		switch code := fault.CodeOf(err); {
		case code == fault.ProofingKind: // nobody can confirm it online
		case err != nil:
			return err
		case confirmed.Match:
			p := Proof{IAL: held.IAL, Method: held.Method, Source: confirmed.Source, At: now, Until: held.Until, Evidence: confirmed.Evidence}
			if p, err = s.cfg.Accounts.PrepareProof(ctx, a, p, who); err != nil {
				return err
			}
			change.Proof = &p
			details["level"], details["evidence"], details["source"] = "kept", p.Evidence, p.Source
		}
	}
	message, err := accountMessage(TopicRekeyed, accountID, now)
	if err != nil {
		return err
	}
	err = s.cfg.Store.Rekey(ctx, change, cause, audit.With(event(ctx, now, "identity.changed", "account", accountID, details)).And(message))
	if errors.Is(err, ErrBound) {
		return fault.Wrap(err, fault.IdentityBound)
	}
	if err == nil {
		s.cfg.Wake()
	}
	return err
}

func accountMessage(topic, accountID string, at time.Time) (audit.Message, error) {
	payload, err := json.Marshal(AccountMessage{accountID, at})
	return audit.Message{Topic: topic, Key: accountID, Payload: payload}, err
}

// die suspends the account of somebody who died; its sessions and grants end and its parties are told.
func (s *Corrections) die(ctx context.Context, accountID string, cause Cause) error {
	now := s.cfg.Now().UTC()
	message, err := accountMessage(TopicDeceased, accountID, now)
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

func (s *Corrections) revive(ctx context.Context, accountID string, cause Cause) error {
	now := s.cfg.Now().UTC()
	message, err := accountMessage(TopicRevived, accountID, now)
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
