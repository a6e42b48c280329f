package proofing

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// GuardianConsent is how a guardian opens the account of a child below 14 (PIPL article 31): it proves who a child is by the
// guardian's word, which a register of relatives confirms, or two people who look at the household record. The case is the
// guardian's own; the level is the child's.
const GuardianConsent = "guardian_consent"

// GuardianNotice is the version of the text to which a guardian agrees apart from everything else (messages child.notice.*). A
// new text is a new version.
const GuardianNotice = "guardian-2026-11"

// AgeOfConsent is the age from which a minor agrees for itself (PIPL article 31).
const AgeOfConsent = 14

// Relations are what a guardian may be to a child (Civil Code article 27, 32); the last is one whom a court or an authority named.
var Relations = []string{"parent", "grandparent", "sibling", "other"}

// Child is what a guardian tells; it lies sealed in the case until that is closed.
type Child struct {
	Name     string `json:"name"`
	Number   string `json:"number"` // GB 11643
	Relation string `json:"relation"`
	Consent  string `json:"consent"` // version of the text
}

func (c Child) identity() idp.Identity {
	return idp.Identity{Name: c.Name, Type: subject.CitizenID, Number: c.Number}
}

// Guardianship is what was confirmed.
type Guardianship struct {
	Child
	Guardian, Case   string
	Source, Evidence string
	AgreedAt         time.Time
}

// Guardians carries out what was confirmed; the mandates implement it.
type Guardians interface {
	// Link makes the child's account, where there is none, and the guardian's mandates, with the case closed in the same
	// change; for one who is linked already it answers the link there is. fault.ChildAge, IdentityBound, MandateLimit and
	// MandateLevel will not change by asking again.
	Link(ctx context.Context, g Guardianship) (mandateID string, err error)
	// Stands answers nil while a guardian decides for a child, and fault.WardOver when it does not any more.
	Stands(ctx context.Context, child, guardian string) error
}

// GuardianWay is how a guardian's consent is confirmed here.
type GuardianWay struct {
	Offered bool
	Review  bool        // by two people, with pictures; else by a register
	Holds   subject.IAL // that the guardian must have
	MinAge  int
}

// GuardianWay tells it.
func (s *Service) GuardianWay() GuardianWay {
	m, ok := s.method(GuardianConsent)
	level, on := s.row(GuardianConsent)
	if !ok || !on || s.cfg.Guardians == nil || m.Review && s.cfg.Reviews == nil {
		return GuardianWay{}
	}
	return GuardianWay{Offered: true, Review: m.Review, Holds: level.Holds, MinAge: level.MinAge}
}

// The inputs of the guardian's form.
const (
	fieldChildName     = "child-name"
	fieldChildNumber   = "child-number"
	fieldChildRelation = "child-relation"
	fieldChildConsent  = "child-consent"
	fieldChildPhoto    = "child-photo"
)

// Consent takes a guardian's consent for a child. The answer is the mandate, or the case when two people look at it first.
// fault.ProofingSilent means that the case is stored and the register will be asked again by itself.
func (s *Service) Consent(ctx context.Context, guardian string, in Child, pictures [][]byte) (mandateID string, c Case, err error) {
	way := s.GuardianWay()
	if !way.Offered {
		return "", c, fault.New(fault.GuardianCounter)
	}
	level, _ := s.row(GuardianConsent)
	q, err := s.guardian(ctx, guardian, level)
	if err != nil {
		return "", c, err
	}
	if q.Child, err = s.readChild(in, way.Review, pictures); err != nil {
		return "", c, err
	}
	if q.Child.Number == q.IDNumber {
		return "", c, fault.New(fault.ChildAge).WithField(fieldChildNumber, fault.ChildAge)
	}
	if way.Review {
		if c, err = s.cfg.Store.OpenCase(ctx, guardian, GuardianConsent); err == nil {
			return "", c, fault.New(fault.ReviewWaiting)
		} else if !errors.Is(err, idp.ErrNotFound) {
			return "", c, fault.Wrap(err, fault.Unavailable)
		}
	}
	if c, err = s.open(ctx, guardian, level, &q); err != nil {
		return "", c, err
	}
	consented := s.event(ctx, c, "guardian.consented")
	consented.Details["version"], consented.Details["relation"] = q.Child.Consent, q.Child.Relation
	if way.Review {
		return "", c, s.handIn(ctx, &c, level, q, pictures, consented, s.event(ctx, c, "proofing.submitted"))
	}
	if err := s.putWith(ctx, c, q, nil, consented, s.event(ctx, c, "proofing.submitted")); err != nil {
		return "", c, err
	}
	m, _ := s.method(GuardianConsent)
	answer, err := m.Source.Ask(ctx, q)
	switch {
	case err != nil:
		return "", c, s.wait(ctx, c, err)
	case answer.Verdict != Match:
		return "", c, s.refuse(ctx, c, answer.Verdict, false)
	}
	mandateID, err = s.link(ctx, c, q, level, m.Source.Name(), answer)
	return mandateID, c, err
}

// guardian is who consents: active, of age, and known as surely as the policy wants, by name and citizen number.
func (s *Service) guardian(ctx context.Context, accountID string, level Level) (q Query, err error) {
	person, err := s.cfg.Accounts.Person(ctx, accountID)
	if err != nil {
		return q, err
	}
	if person.State != idp.AccountActive || person.IAL < level.Holds || person.IDNumber == "" || person.Name == "" {
		return q, fault.New(fault.GuardianLevel)
	}
	q = Query{Name: person.Name, IDType: person.IDType, IDNumber: person.IDNumber, Nationality: person.Nationality, Birth: person.Birth, Expires: person.IDExpires}
	// Unlike elsewhere an age that nobody told does not pass: who consents for another has to be known to be of age.
	if born := bornOn(q.identity()); born.IsZero() || ageAt(born, s.cfg.Now().In(legalTime)) < level.MinAge {
		return q, fault.New(fault.GuardianAge)
	}
	return q, nil
}

func (s *Service) readChild(in Child, review bool, pictures [][]byte) (*Child, error) {
	refused := fault.New(fault.Invalid)
	var err error
	if in.Name, err = subject.ParsePersonName(in.Name); err != nil {
		refused.WithField(fieldChildName, fault.ProofingName)
	}
	number, err := subject.ParseCitizenID(in.Number)
	switch today := s.cfg.Now().In(legalTime); {
	case err != nil:
		refused.WithField(fieldChildNumber, fault.ProofingNumber)
	case number.Birth().Format(dayForm) > today.Format(dayForm) || ageAt(number.Birth(), today) >= AgeOfConsent:
		refused.WithField(fieldChildNumber, fault.ChildAge)
	}
	in.Number = string(number)
	if !slices.Contains(Relations, in.Relation) {
		refused.WithField(fieldChildRelation, fault.ChildRelation)
	}
	if in.Consent != GuardianNotice {
		refused.WithField(fieldChildConsent, fault.ProofingConsent)
	}
	if review && (len(pictures) == 0 || len(pictures) > MaxPhotos || slices.ContainsFunc(pictures, func(p []byte) bool { _, err := readPhoto(p); return err != nil })) {
		refused.WithField(fieldChildPhoto, fault.ProofingPhoto)
	}
	if len(refused.Fields) > 0 {
		return nil, refused
	}
	return &in, nil
}

// link carries out what was confirmed. The guardian is judged once more, since a register that was silent may answer a day later.
func (s *Service) link(ctx context.Context, c Case, q Query, level Level, source string, answer Answer) (mandateID string, err error) {
	if s.cfg.Guardians == nil {
		return "", fmt.Errorf("case %s: nobody carries out what was confirmed", c.ID)
	}
	_, err = s.guardian(ctx, c.AccountID, level)
	if err == nil {
		evidence := hex.EncodeToString(digest.SumParts([]byte(answer.Digest), []byte(q.Child.Relation), []byte(q.Child.Consent)))
		mandateID, err = s.cfg.Guardians.Link(ctx, Guardianship{Child: *q.Child, Guardian: c.AccountID, Case: c.ID, Source: source, Evidence: evidence, AgreedAt: c.CreatedAt})
	}
	switch {
	case err == nil: // closed already, but where the two were linked before
		if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Granted, audit.With(s.event(ctx, c, "guardian.linked_before"))); err != nil && !errors.Is(err, idp.ErrNotFound) {
			return mandateID, fmt.Errorf("close case: %w", err)
		}
		return mandateID, nil
	case errors.Is(err, idp.ErrNotFound):
		return "", fault.Wrap(err, fault.Conflict) // another process closed the case
	case !slices.Contains(childFaults, fault.CodeOf(err)):
		return "", err
	}
	told, noticeErr := guardianNotice(c)
	if noticeErr != nil {
		return "", noticeErr
	}
	e := s.event(ctx, c, "guardian.refused")
	e.Details["code"] = string(fault.CodeOf(err))
	if closing := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(e).And(told)); closing != nil && !errors.Is(closing, idp.ErrNotFound) {
		return "", fmt.Errorf("close case: %w", closing)
	}
	return "", err
}

// childFaults are answers that asking again does not change.
var childFaults = []fault.Code{fault.ChildAge, fault.ChildMismatch, fault.IdentityBound, fault.MandateLimit, fault.MandateLevel, fault.GuardianLevel, fault.GuardianAge, fault.WardOver}

// WaitingConsent is the newest consent of a guardian that a register or two people have not confirmed yet.
func (s *Service) WaitingConsent(ctx context.Context, guardian string) (Case, bool, error) {
	c, err := s.cfg.Store.OpenCase(ctx, guardian, GuardianConsent)
	if errors.Is(err, idp.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fault.Wrap(err, fault.Unavailable)
	}
	return c, true, nil
}

// ofChild reports whether the reviewer is the child's other guardian, or the case is about the reviewer's own document.
func (s *Service) ofChild(ctx context.Context, reviewer Reviewer, q Query) (bool, error) {
	if q.Child == nil {
		return false, nil
	}
	asked, err := s.cfg.Accounts.IdentityLookup(ctx, q.Child.identity())
	if err != nil || bytes.Equal(reviewer.Human, asked) {
		return true, err
	}
	if reviewer.Account == "" {
		return false, nil
	}
	child, err := s.cfg.Accounts.ByDocument(ctx, q.Child.identity())
	if errors.Is(err, idp.ErrNotFound) {
		return false, nil
	}
	if err != nil || child == reviewer.Account {
		return true, err
	}
	related, err := s.cfg.Reviews.Related(ctx, reviewer.Account, child)
	if err != nil {
		return true, fault.Wrap(err, fault.Unavailable)
	}
	return related, nil
}
