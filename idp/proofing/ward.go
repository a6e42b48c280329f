package proofing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// A guardian may prove who a child below 14 is by the ways that the policy opens for that (guardian in its row), with a consent of its own
// for each way (PIPL articles 29 and 31; 人脸识别技术应用安全管理办法, 2025): the case and the level are the child's, who has no login, and what
// comes of it is told to the guardian.

// Ward is a child and the guardian who decides for it.
type Ward struct {
	Child    string // account
	Guardian string // account
	SID      string // session in which the guardian agrees: a visit to another service comes back to it and to no other
}

// warded is what a case keeps of the guardian until it is closed.
type warded struct {
	Guardian string `json:"guardian"`
	SID      string `json:"sid"`
}

// wardNotices are the versions of the texts to which a guardian agrees for each way (messages ward.notice.*.<way>). A new text is a new
// version; a way without one is not offered.
var wardNotices = map[string]string{Face: "child-face-2026-11", ManualReview: "child-review-2026-11"}

// WardNotice is the version of the text for a way.
func WardNotice(method string) string { return wardNotices[method] }

// BelowConsent reports whether somebody is known to be below the age from which one decides for oneself.
func BelowConsent(p idp.Person, now time.Time) bool {
	born := bornOn(identityOf(p))
	return !born.IsZero() && ageAt(born, now.In(legalTime)) < AgeOfConsent
}

// WardOffers are the ways by which a guardian may prove online who a child is. Face is never the only one: where no other is open, none
// is, and the counter remains.
func (s *Service) WardOffers(child idp.Person) (all []Offer) {
	named := identityOf(child)
	born := bornOn(named)
	kind, known := s.cfg.Accounts.Documents().Find(child.IDType)
	today := s.cfg.Now().In(legalTime)
	if _, on := s.row(GuardianConsent); !on || s.cfg.Guardians == nil || !known || child.State != idp.AccountActive || child.Nameless() || child.IDNumber == "" || born.IsZero() || ageAt(born, today) >= AgeOfConsent {
		return nil
	}
	for _, level := range s.policy() {
		m, ok := s.method(level.Method)
		if !ok || level.Off || !level.Guardian || WardNotice(level.Method) == "" || m.Remote == nil && !m.Review || m.Review && s.cfg.Reviews == nil {
			continue
		}
		if level.IAL <= child.IAL || level.Holds > child.IAL || ageAt(born, today) < level.MinAge || !level.allows(kind) || !s.answers(m, kind.Kind) {
			continue
		}
		m.Notice = WardNotice(level.Method)
		all = append(all, Offer{Method: m, Level: level, Held: true})
	}
	if !slices.ContainsFunc(all, func(o Offer) bool { return o.Method.Word != Face }) {
		return nil
	}
	return all
}

// WardOffer finds one; fault.ProofingGuardian when it is not open for this child.
func (s *Service) WardOffer(child idp.Person, word string) (Offer, error) {
	for _, offer := range s.WardOffers(child) {
		if offer.Method.Word == word {
			return offer, nil
		}
	}
	return Offer{}, fault.New(fault.ProofingGuardian)
}

// wardCheck is check for a child: the guardian is judged as for the account itself, by level and age, and the link of the two now.
func (s *Service) wardCheck(ctx context.Context, w Ward, in Submission) (level Level, q Query, err error) {
	own, on := s.row(GuardianConsent)
	if !on || s.cfg.Guardians == nil {
		return level, q, fault.New(fault.GuardianCounter)
	}
	if _, err = s.guardian(ctx, w.Guardian, own); err != nil {
		return level, q, err
	}
	if err = s.cfg.Guardians.Stands(ctx, w.Child, w.Guardian); err != nil {
		return level, q, err
	}
	child, err := s.cfg.Accounts.Person(ctx, w.Child)
	if err != nil {
		return level, q, err
	}
	offer, err := s.WardOffer(child, in.Method)
	if err != nil {
		return level, q, err
	}
	if in.Consent != offer.Method.Notice {
		return level, q, fault.New(fault.ProofingConsent).WithField(fieldConsent, fault.ProofingConsent)
	}
	q = Query{Name: child.Name, IDType: child.IDType, IDNumber: child.IDNumber, Nationality: child.Nationality, Birth: child.Birth, Expires: child.IDExpires, Ward: &warded{w.Guardian, w.SID}}
	return offer.Level, q, nil
}

// WardBegin is Begin for a child.
func (s *Service) WardBegin(ctx context.Context, w Ward, in Submission, back func(caseID string) string) (address string, err error) {
	level, q, err := s.wardCheck(ctx, w, in)
	if err != nil {
		return "", err
	}
	return s.begin(ctx, w.Child, level, q, in, back)
}

// WardApply is Apply for a child.
func (s *Service) WardApply(ctx context.Context, w Ward, in Submission, pictures [][]byte) (Case, error) {
	level, q, err := s.wardCheck(ctx, w, in)
	if err != nil {
		return Case{}, err
	}
	return s.apply(ctx, w.Child, level, q, in, pictures)
}

// WardReturn is Return for the guardian who agreed, in the session in which it did while the case is open. Nobody else learns that there is
// such a case.
func (s *Service) WardReturn(ctx context.Context, w Ward, caseID string) (subject.IAL, error) {
	c, err := s.cfg.Store.Case(ctx, caseID)
	if errors.Is(err, idp.ErrNotFound) || err == nil && (c.AccountID != w.Child || c.Guardian == "" || c.Guardian != w.Guardian) {
		return 0, fault.New(fault.NotFound)
	}
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	if slices.Contains(Open, c.State) {
		q, err := s.unseal(ctx, c)
		if err != nil {
			return 0, err
		}
		if q.Ward == nil || q.Ward.SID != w.SID {
			return 0, fault.New(fault.WardSession)
		}
	}
	return s.Return(ctx, w.Child, caseID)
}

// wardStands judges once more, before a level is given, that the one who agreed may still decide for the child: the answer may come a day
// later, and who is 14 by then decides itself. Otherwise the case is closed and nothing is given.
func (s *Service) wardStands(ctx context.Context, c Case, q Query) error {
	if q.Ward == nil {
		return nil
	}
	err := fault.New(fault.WardOver)
	if born := bornOn(q.identity()); !born.IsZero() && ageAt(born, s.cfg.Now().In(legalTime)) < AgeOfConsent && s.cfg.Guardians != nil {
		stands := s.cfg.Guardians.Stands(ctx, c.AccountID, q.Ward.Guardian)
		if stands == nil {
			return nil
		}
		if fault.CodeOf(stands) != fault.WardOver {
			return stands // it could not be asked
		}
	}
	if closing := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.guardian_over"))); closing != nil && !errors.Is(closing, idp.ErrNotFound) {
		return fmt.Errorf("close case: %w", closing)
	}
	return err
}

// wardNotice tells the guardian what became of a case for a child: when it is delivered the case says it.
func wardNotice(c Case, notBefore time.Time) (audit.Message, error) {
	payload, err := json.Marshal(ReviewedMessage{AccountID: c.AccountID, Guardian: c.Guardian})
	return audit.Message{Topic: TopicReviewed, Key: c.ID, Payload: payload, NotBefore: notBefore}, err
}
