package idp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// RoleRegisterFeed is the scope of a service client that stands for a register.
const RoleRegisterFeed = "register_feed"

// Types of events of registers beside the kinds of corrections.
const (
	EventDeceased         = "deceased"
	EventDocumentRevoked  = "document_revoked"
	EventDocumentLost     = "document_lost"
	EventOrganization     = "organization_deregistered"
	EventMobileReassigned = "mobile_reassigned" // a carrier gave the number to somebody else (二次放号)
)

// RegisterEvent is what a register tells of one person or organisation.
type RegisterEvent struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	OccurredOn string `json:"occurred_on,omitempty"` // YYYY-MM-DD
	Name       string `json:"name,omitempty"`        // as the register has it: told to be compared
	Document   struct {
		Type        string `json:"id_type"`
		Number      string `json:"id_number"`
		Nationality string `json:"nationality,omitempty"`
	} `json:"document,omitzero"`
	NewNumber    string `json:"new_number,omitempty"`
	NewName      string `json:"new_name,omitempty"`
	Organization string `json:"unified_social_credit_code,omitempty"`
	Mobile       string `json:"mobile,omitempty"`
}

// Outcomes of an event, as the register hears them. Whether a person has an account here is not told: an event about nobody
// is accepted like any other.
const (
	EventAccepted  = "accepted"
	EventRepeated  = "duplicate"
	EventRefused   = "refused" // Code tells why; it was not taken
	EventLater     = "later"   // not taken: a source that has to confirm does not answer; send it again
	maxRegisterIDs = 100
)

// RegisterResult is the answer to one event.
type RegisterResult struct {
	ID      string     `json:"id"`
	Outcome string     `json:"outcome"`
	Code    fault.Code `json:"code,omitempty"`
}

// Take takes events of one register in their order; each is one change of its own, and an event that came before changes
// nothing. origin is the register.
func (s *Corrections) Take(ctx context.Context, origin string, events []RegisterEvent) []RegisterResult {
	results := make([]RegisterResult, 0, len(events))
	for _, e := range events {
		outcome, err := s.take(ctx, origin, e)
		r := RegisterResult{ID: e.ID, Outcome: outcome}
		switch code := fault.CodeOf(err); {
		case errors.Is(err, ErrDuplicate):
			r.Outcome = EventRepeated
		case err == nil:
		case code == fault.ProofingSilent || fault.MetaOf(code).Status >= 500:
			r.Outcome, r.Code = EventLater, code
		default:
			r.Outcome, r.Code = EventRefused, code
		}
		results = append(results, r)
	}
	return results
}

func (s *Corrections) take(ctx context.Context, origin string, e RegisterEvent) (string, error) {
	if e.ID == "" || len(e.ID) > maxRegisterIDs {
		return "", fault.New(fault.Invalid).WithField("id", fault.CorrectionEmpty)
	}
	content, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	row := &RegisterEventRow{Origin: origin, ID: e.ID, Digest: digest.Hex(content), Kind: e.Type, Outcome: "applied", At: s.cfg.Now().UTC()}
	switch known, err := s.cfg.Store.RegisterEvent(ctx, origin, e.ID); {
	case err == nil && known.Digest == row.Digest:
		return EventRepeated, nil
	case err == nil:
		return "", fault.New(fault.Conflict) // the same id with another content
	case !errors.Is(err, ErrNotFound):
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if e.OccurredOn != "" {
		if _, err := subject.ParseDay(e.OccurredOn); err != nil {
			return "", fault.Wrap(err, fault.Invalid).WithField("occurred_on", fault.ProofingBirth)
		}
	}
	if e.Type == EventOrganization {
		return s.organization(ctx, e, row)
	}
	if e.Type == EventMobileReassigned {
		return s.mobile(ctx, e, row)
	}
	who, err := s.about(e)
	if err == nil {
		err = s.checkForm(e)
	}
	if err != nil {
		return "", err
	}
	id, err := s.cfg.Accounts.ByDocument(ctx, who)
	if errors.Is(err, ErrNotFound) {
		row.Outcome = "nobody"
		return EventAccepted, s.note(ctx, row, "")
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	a, err := s.cfg.Accounts.Account(ctx, id)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return "", err
	}
	has, err := s.identityBy(ctx, a, lookup)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if e.Name != "" && !subject.SameName(e.Name, has.Name) {
		row.Outcome = "name_differs" // two people with one number, or an error: people look into the audit record
		return EventAccepted, s.note(ctx, row, id)
	}
	return EventAccepted, s.apply(ctx, e, a, has, lookup, row)
}

// about is the identity that an event names; a number of 15 digits is compared in its form of 18.
func (s *Corrections) about(e RegisterEvent) (Identity, error) {
	number := e.Document.Number
	if e.Document.Type == subject.CitizenID {
		if long, err := subject.ComparableCitizenID(number); err == nil {
			number = string(long)
		}
	}
	document, err := s.cfg.Accounts.Documents().Parse(e.Document.Type, number, e.Document.Nationality)
	if err != nil {
		return Identity{}, fault.Wrap(err, fault.Invalid).WithField("document", fault.ProofingNumber)
	}
	nationality := e.Document.Nationality
	if nationality != "" {
		nationality = document.Nationality
	}
	return Identity{Type: e.Document.Type, Number: document.Number, Nationality: nationality}, nil
}

// checkForm refuses what is wrong with an event whoever it is about: before anybody is looked for, so that a refusal does not
// tell whether the person has an account.
func (s *Corrections) checkForm(e RegisterEvent) error {
	switch e.Type {
	case EventDeceased, DeathReverted, EventDocumentRevoked, EventDocumentLost:
	case NumberChanged:
		if _, err := s.cfg.Accounts.Documents().Parse(e.Document.Type, e.NewNumber, e.Document.Nationality); err != nil {
			return fault.Wrap(err, fault.Invalid).WithField("new_number", fault.ProofingNumber)
		}
	case NameChanged:
		if _, err := subject.ParsePersonName(e.NewName); err != nil {
			return fault.Wrap(err, fault.Invalid).WithField("new_name", fault.ProofingName)
		}
	default:
		return fault.New(fault.Invalid).WithField("type", fault.CorrectionKind)
	}
	return nil
}

func (s *Corrections) apply(ctx context.Context, e RegisterEvent, a Account, has Identity, lookup []byte, row *RegisterEventRow) error {
	cause, id := Cause{Event: row}, a.ID
	switch e.Type {
	case EventDeceased:
		err := s.die(ctx, id, cause)
		if errors.Is(err, ErrConflict) { // told twice, under two ids
			row.Outcome = "known"
			return s.note(ctx, row, id)
		}
		return err
	case DeathReverted: // two people decide; the register alone brings nobody back
		_, err := s.put(ctx, DeathReverted, id, "register:"+row.Origin, has, cause)
		return err
	case NumberChanged:
		next, err := s.next(has, Change{Number: e.NewNumber})
		if err != nil {
			return err
		}
		err = s.rekey(ctx, a, has, next, NumberChanged, cause, "")
		if fault.CodeOf(err) == fault.IdentityBound { // another account holds it: two accounts of one person, or two persons; people look
			row.Outcome = "bound"
			_, err = s.put(ctx, NumberChanged, id, "register:"+row.Origin, next, cause)
		}
		return err
	case NameChanged:
		next, err := s.next(has, Change{Name: e.NewName})
		if err != nil {
			return err
		}
		return s.rekey(ctx, a, has, next, NameChanged, cause, "")
	case EventDocumentRevoked, EventDocumentLost:
		kind, _ := s.cfg.Accounts.Documents().Find(has.Type)
		if e.Type == EventDocumentLost && !kind.LossEnds {
			row.Outcome = "kept" // name and number were proved, not the card
			return s.note(ctx, row, id)
		}
		message, err := NewAccountMessage(TopicLevelsEnded, id, row.At)
		if err != nil {
			return err
		}
		err = s.cfg.Store.EndLevels(ctx, id, lookup, row.At, cause, audit.With(event(ctx, row.At, "identity."+e.Type, "account", id, nil)).And(message))
		s.cfg.Wake()
		return err
	}
	return fault.New(fault.Invalid).WithField("type", fault.CorrectionKind)
}

func (s *Corrections) note(ctx context.Context, row *RegisterEventRow, accountID string) error {
	e := event(ctx, row.At, "register.noted", "account", orElse(accountID, "unknown"), map[string]string{"type": row.Kind, "outcome": row.Outcome})
	return s.cfg.Store.NoteEvent(ctx, Cause{Event: row}, audit.With(e))
}

// organization passes the end of an organisation on to the room that keeps organisations.
func (s *Corrections) organization(ctx context.Context, e RegisterEvent, row *RegisterEventRow) (string, error) {
	code, err := subject.ParseUSCC(e.Organization)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid).WithField("unified_social_credit_code", fault.CorrectionEmpty)
	}
	message, err := OrganizationEnded(string(code), row.At)
	if err != nil {
		return "", err
	}
	record := audit.With(event(ctx, row.At, "organization.deregistered", "organization", string(code), nil)).And(message)
	return EventAccepted, s.cfg.Store.NoteEvent(ctx, Cause{Event: row}, record)
}

// mobile takes a number from the account whose person has it no more: whoever has it now would get the codes. Sessions and grants end,
// since one of them may be that other person's, and so does the level that stood on the number. An account whose person showed control
// of the number on that day or later keeps it.
func (s *Corrections) mobile(ctx context.Context, e RegisterEvent, row *RegisterEventRow) (string, error) {
	identifier, err := subject.ParseIdentifier(e.Mobile)
	if err != nil || identifier.Kind != subject.Mobile {
		return "", fault.Wrap(err, fault.Invalid).WithField("mobile", fault.IdentifierInvalid)
	}
	day, err := subject.ParseDay(e.OccurredOn)
	since := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, legalTime)
	if err == nil && since.After(row.At) {
		err = subject.ErrDay
	}
	if err != nil { // without the day nobody can tell the one before from the one after
		return "", fault.Wrap(err, fault.Invalid).WithField("occurred_on", fault.ProofingBirth)
	}
	a, err := s.cfg.Accounts.ByIdentifier(ctx, identifier)
	if errors.Is(err, ErrNotFound) {
		row.Outcome = "nobody"
		return EventAccepted, s.note(ctx, row, "")
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	lookup, err := s.cfg.Accounts.Lookup(ctx, string(identifier.Kind), identifier.Value)
	if err != nil {
		return "", err
	}
	message, err := NewAccountMessage(TopicMobileReassigned, a.ID, row.At)
	if err != nil {
		return "", err
	}
	record := audit.With(event(ctx, row.At, "account.mobile_reassigned", "account", a.ID, nil)).And(message)
	if s.cfg.Accounts.farewell != nil {
		ended, err := s.cfg.Accounts.farewell(ctx, a.ID)
		if err != nil {
			return "", err
		}
		record.Events, record.Messages = append(record.Events, ended.Events...), append(record.Messages, ended.Messages...)
	}
	err = s.cfg.Store.TakeContact(ctx, TakenContact{AccountID: a.ID, Lookup: lookup, Since: since, Method: Carrier, At: row.At}, Cause{Event: row}, record)
	if errors.Is(err, ErrConflict) {
		row.Outcome = "kept"
		return EventAccepted, s.note(ctx, row, a.ID)
	}
	s.cfg.Wake()
	return EventAccepted, err
}

// OrganizationEnded is the message by which the room of mandates ends an organisation.
func OrganizationEnded(code string, at time.Time) (audit.Message, error) {
	payload, err := json.Marshal(OrganizationMessage{code, at})
	return audit.Message{Topic: TopicOrganization, Key: code, Payload: payload}, err
}

// OrganizationMessage is the payload of TopicOrganization. A code of an organisation is public.
type OrganizationMessage struct {
	Code string    `json:"unified_social_credit_code"`
	At   time.Time `json:"at"`
}
