package mandate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// A family account (亲情账号, experience specification 3.7) is a mandate between two people who declared to each other that they are
// relatives: one says it, the other confirms it, and either takes it back, which ends what stands on it.

// RelativeState of a declaration.
type RelativeState string

// States. A pair of people has one declaration that is declared or confirmed.
const (
	Declared  RelativeState = "declared"
	Confirmed RelativeState = "confirmed"
	Ceased    RelativeState = "withdrawn"
)

// MaxRelatives of one person, those that wait for an answer included.
const MaxRelatives = 20

// relations are the words of what the other is to whoever declares, with what that one is to the other.
var relations = map[string]string{"spouse": "spouse", "parent": "child", "child": "parent", "sibling": "sibling", "grandparent": "grandchild", "grandchild": "grandparent", "in_law": "in_law", "kin": "kin"}

// Relations in the order in which a form offers them.
var Relations = []string{"spouse", "parent", "child", "sibling", "grandparent", "grandchild", "in_law", "kin"}

// Relation is a declaration.
type Relation struct {
	ID          string
	By, Other   string // accounts: who declared it, and of whom
	Word        string // what Other is to By
	State       RelativeState
	CreatedAt   time.Time
	ConfirmedAt time.Time
}

// Seen is the other person as one side sees it, and what that one is to it.
func (r Relation) Seen(account string) (other, word string) {
	if account == r.By {
		return r.Other, r.Word
	}
	return r.By, relations[r.Word]
}

// WaitsFor reports whether the declaration waits for somebody's answer.
func (r Relation) WaitsFor(account string) bool { return r.State == Declared && account == r.Other }

// Errors of stores of relatives.
var (
	ErrDeclared  = errors.New("mandate: the two are declared already")
	ErrUnrelated = errors.New("mandate: the two are no declared relatives")
)

// RelativeStore keeps declarations; idpdb implements it.
type RelativeStore interface {
	// PutRelative stores a declaration; ErrDeclared when the pair has one, ErrFull when one of the two has as many as are allowed,
	// ErrMoved when one of them is not active.
	PutRelative(ctx context.Context, r Relation, bound int, record audit.Record) error
	// ConfirmRelative confirms it; ErrMoved when it is not declared any more.
	ConfirmRelative(ctx context.Context, r Relation, at time.Time, record audit.Record) error
	// EndRelative ends it; ErrMoved when it ended before, ErrFull while a family mandate of the two is open.
	EndRelative(ctx context.Context, r Relation, at time.Time, record audit.Record) error
	// Relatives are the declarations of an account, on either side, that are declared or confirmed.
	Relatives(ctx context.Context, account string, limit int) ([]Relation, error)
}

// EventRelative is the event of the notice to somebody who was named as a relative.
const EventRelative = "relative"

// Declare says that another is a relative; that one confirms it.
func (s *Service) Declare(ctx context.Context, by By, other, word string) (Relation, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Relation{}, err
	}
	switch {
	case relations[word] == "":
		return Relation{}, fault.New(fault.RelativeWord).WithField("relative-word", fault.RelativeWord)
	case other == by.Account, IsOrganisation(other):
		return Relation{}, fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	}
	for _, account := range []string{by.Account, other} {
		if _, err := s.proven(ctx, account); err != nil {
			return Relation{}, err
		}
	}
	r := Relation{ID: ident.New(s.cfg.Rand, "rel"), By: by.Account, Other: other, Word: word, State: Declared, CreatedAt: s.cfg.Now().UTC()}
	payload, err := json.Marshal(Notice{Event: EventRelative, Account: other, Principal: other, Agent: by.Account, MandateID: r.ID})
	if err != nil {
		return r, err
	}
	err = s.cfg.Relatives.PutRelative(ctx, r, MaxRelatives, s.relativeRecord(ctx, r, "declared").And(audit.Message{Topic: TopicNotice, Key: r.ID, Payload: payload}))
	if err == nil {
		s.cfg.Wake()
	}
	return r, relativeFault(err)
}

// relativeRecord has either person in it, so that both find it among what is on record of them.
func (s *Service) relativeRecord(ctx context.Context, r Relation, what string) audit.Record {
	now := s.cfg.Now().UTC()
	details := func(other string) map[string]string {
		return map[string]string{"relative": r.ID, "other": other, "relation": r.Word, "declared_by": r.By}
	}
	return audit.With(idp.Event(ctx, now, "relative."+what, "account", r.By, details(r.Other)), idp.Event(ctx, now, "relative."+what, "account", r.Other, details(r.By)))
}

func relativeFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDeclared):
		return fault.Wrap(err, fault.RelativeDeclared)
	case errors.Is(err, ErrFull):
		return fault.Wrap(err, fault.RelativeMany)
	case errors.Is(err, ErrMoved):
		return fault.Wrap(err, fault.MandateState)
	}
	return fault.Wrap(err, fault.Unavailable)
}

// Relatives are somebody's declarations that are declared or confirmed.
func (s *Service) Relatives(ctx context.Context, account string) ([]Relation, error) {
	all, err := s.cfg.Relatives.Relatives(ctx, account, 2*MaxRelatives)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

func (s *Service) relation(ctx context.Context, account, id string) (Relation, error) {
	all, err := s.Relatives(ctx, account)
	if err != nil {
		return Relation{}, err
	}
	i := slices.IndexFunc(all, func(r Relation) bool { return r.ID == id })
	if i < 0 {
		return Relation{}, fault.New(fault.NotFound)
	}
	return all[i], nil
}

// ConfirmRelative is the word of the other.
func (s *Service) ConfirmRelative(ctx context.Context, by By, id string) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	r, err := s.relation(ctx, by.Account, id)
	if err != nil {
		return err
	}
	if !r.WaitsFor(by.Account) {
		return fault.New(fault.Forbidden) // nobody confirms for the other side
	}
	if _, err := s.proven(ctx, by.Account); err != nil {
		return err
	}
	return relativeFault(s.cfg.Relatives.ConfirmRelative(ctx, r, s.cfg.Now().UTC(), s.relativeRecord(ctx, r, "confirmed")))
}

// endTries bounds how often a mandate that is made at the same moment is ended before the declaration is.
const endTries = 5

// EndRelative takes a declaration back, or refuses it; family mandates of the two end before it. Like the end of a mandate it asks for no
// new login.
func (s *Service) EndRelative(ctx context.Context, account, id string) error {
	r, err := s.relation(ctx, account, id)
	if err != nil {
		return err
	}
	for range endTries {
		open, err := s.Open(ctx, account)
		if err != nil {
			return err
		}
		other, _ := r.Seen(account)
		for _, m := range open {
			if m.Kind != Family || m.Principal != other && m.Agent != other {
				continue
			}
			if err := s.end(ctx, m, Ended, "account:"+account, "relative"); err != nil && fault.CodeOf(err) != fault.MandateState {
				return err
			}
		}
		err = s.cfg.Relatives.EndRelative(ctx, r, s.cfg.Now().UTC(), s.relativeRecord(ctx, r, "withdrawn"))
		if !errors.Is(err, ErrFull) {
			return relativeFault(err)
		}
	}
	return fault.New(fault.Conflict)
}
