package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Desk is for whom staff speak: their department, or the platform where it is empty. Whoever calls has judged roles and areas.
type Desk struct{ Department string }

func (k Desk) author() string {
	if k.Department == "" {
		return AuthorPlatform
	}
	return AuthorDepartment
}

// Sees tells whether a dispute is a matter of the desk at all.
func (k Desk) Sees(d Dispute) bool { return k.Department == "" || k.Department == d.Department }

// MayAnswer tells whether the desk may answer now: the department while its answer is waited for, and the platform where the department
// did not answer or the platform was asked.
func (k Desk) MayAnswer(d Dispute) bool {
	return k.Sees(d) && (d.State == DisputeOpen || d.State == DisputeEscalated && k.Department == "")
}

// MayCorrect tells whether the desk may step in after an answer of the department.
func (k Desk) MayCorrect(d Dispute) bool {
	return k.Department == "" && d.State == DisputeAnswered && d.AnsweredBy == AuthorDepartment && d.CorrectedAt.IsZero()
}

func (s *Disputes) message(ctx context.Context, d Dispute, author, text string) (*DisputeMessage, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > maxDisputeText {
		return nil, fault.New(fault.DisputeText).WithField("text", fault.DisputeText)
	}
	if author == AuthorPerson && len(d.Messages) >= maxDisputeMessages { // an answer is always taken
		return nil, fault.New(fault.DisputeState)
	}
	m := &DisputeMessage{Author: author, At: s.cfg.Now().UTC()}
	var err error
	m.KeyID, m.Sealed, err = s.cfg.Accounts.Seal(ctx, d.AccountID, []byte(text), "dispute/"+d.ID)
	return m, disputeFault(err)
}

// at reads a dispute for a desk. One of another department is not there, and nobody works on the own question.
func (s *Disputes) at(ctx context.Context, id string, desk Desk) (Dispute, error) {
	d, err := s.Get(ctx, id)
	if err == nil && !desk.Sees(d) {
		err = fault.New(fault.NotFound)
	}
	if err != nil || s.cfg.Human == nil {
		return d, err
	}
	mine, err := s.cfg.Human(ctx, reqctx.From(ctx).Actor.ID)
	if err != nil || mine == "" {
		return d, disputeFault(err)
	}
	asks, err := s.cfg.Human(ctx, "account:"+d.AccountID)
	if err == nil && asks == mine {
		return d, fault.New(fault.DisputeSelf)
	}
	return d, disputeFault(err)
}

// Answer is the words of the desk; the person is told that there are some, not what they say.
func (s *Disputes) Answer(ctx context.Context, id string, desk Desk, text string) (Dispute, error) {
	d, err := s.at(ctx, id, desk)
	if err != nil {
		return d, err
	}
	if !desk.MayAnswer(d) {
		return d, fault.New(fault.DisputeState)
	}
	d.State, d.AnsweredBy = DisputeAnswered, desk.author()
	return s.change(ctx, d, desk.author(), text, "dispute.answered", TopicDisputeAnswered)
}

// SendBack asks the department of an answer for another one; Correct puts the platform's words in its place. Either happens once for a
// dispute and only one of them; text is what the person and the department read, the reason of the request goes into the audit record.
func (s *Disputes) SendBack(ctx context.Context, id, text string) (Dispute, error) {
	d, err := s.correctable(ctx, id)
	if err != nil {
		return d, err
	}
	d.State, d.AnsweredBy, d.DueAt, d.CorrectedAt = DisputeOpen, "", s.cfg.Now().UTC().Add(AnswerTime), s.cfg.Now().UTC()
	return s.change(ctx, d, AuthorPlatform, text, "dispute.sent_back", TopicDisputeMoved)
}

// Correct is described at SendBack.
func (s *Disputes) Correct(ctx context.Context, id, text string) (Dispute, error) {
	d, err := s.correctable(ctx, id)
	if err != nil {
		return d, err
	}
	d.AnsweredBy, d.CorrectedAt = AuthorPlatform, s.cfg.Now().UTC()
	return s.change(ctx, d, AuthorPlatform, text, "dispute.corrected", TopicDisputeAnswered)
}

func (s *Disputes) correctable(ctx context.Context, id string) (Dispute, error) {
	d, err := s.at(ctx, id, Desk{})
	switch {
	case err != nil:
		return d, err
	case !d.CorrectedAt.IsZero():
		return d, fault.New(fault.DisputeCorrected)
	case !(Desk{}).MayCorrect(d):
		return d, fault.New(fault.DisputeState)
	}
	return d, nil
}

// MayReply tells whether the person may ask again: after an answer that is not the last word.
func (s *Disputes) MayReply(d Dispute) bool { return d.State == DisputeAnswered && !d.Final() }

// Reply asks again after an answer.
func (s *Disputes) Reply(ctx context.Context, d Dispute, text string) (Dispute, error) {
	if !s.MayReply(d) {
		return d, fault.New(fault.DisputeState)
	}
	d.State, d.AnsweredBy, d.DueAt = DisputeOpen, "", s.cfg.Now().UTC().Add(AnswerTime)
	return s.change(ctx, d, AuthorPerson, text, "dispute.asked_again", "")
}

// Close settles a dispute by the person's word.
func (s *Disputes) Close(ctx context.Context, d Dispute) (Dispute, error) {
	if d.State == DisputeClosed || d.State == "" {
		return d, fault.New(fault.DisputeState)
	}
	d.State = DisputeClosed
	return s.change(ctx, d, "", "", "dispute.closed", "")
}

// MayEscalate: once, after an answer of the department that does not satisfy, or when none came in time.
func (s *Disputes) MayEscalate(d Dispute) bool {
	return d.EscalatedAt.IsZero() && (d.State == DisputeAnswered && d.AnsweredBy == AuthorDepartment || d.State == DisputeOpen && d.Overdue(s.cfg.Now()))
}

// Escalate asks the platform.
func (s *Disputes) Escalate(ctx context.Context, d Dispute) (Dispute, error) {
	if !s.MayEscalate(d) {
		return d, fault.New(fault.DisputeState)
	}
	s.escalated(&d)
	return s.change(ctx, d, "", "", "dispute.escalated", "")
}

// escalated gives a dispute to the platform, which has a term of its own.
func (s *Disputes) escalated(d *Dispute) {
	now := s.cfg.Now().UTC()
	d.State, d.AnsweredBy, d.EscalatedAt, d.DueAt = DisputeEscalated, "", now, now.Add(AnswerTime)
}

// change stores the next version with what an author wrote, where there is one; the person is told under a topic, where there is one.
func (s *Disputes) change(ctx context.Context, d Dispute, author, text, kind, topic string) (Dispute, error) {
	var m *DisputeMessage
	if author != "" {
		var err error
		if m, err = s.message(ctx, d, author, text); err != nil {
			return d, err
		}
	}
	d.ChangedAt = s.cfg.Now().UTC()
	record, err := s.record(ctx, d, author, kind, topic)
	if err != nil {
		return d, err
	}
	if err = s.cfg.Store.ChangeDispute(ctx, d, m, record); err == nil && topic != "" {
		s.cfg.Wake()
	}
	if errors.Is(err, ErrConflict) {
		return d, fault.Wrap(err, fault.Conflict)
	}
	return d, disputeFault(err)
}

func (s *Disputes) record(ctx context.Context, d Dispute, author, kind, topic string) (audit.Record, error) {
	details := map[string]string{"client": d.ClientID}
	if d.Department != "" {
		details["department"] = d.Department
	}
	if author == AuthorDepartment || author == AuthorPlatform {
		details["for"] = author
	}
	record := audit.With(event(ctx, d.ChangedAt, kind, "dispute", d.ID, details))
	if topic == "" {
		return record, nil
	}
	told, err := NewAccountMessage(topic, d.AccountID, d.ChangedAt)
	if err != nil {
		return record, fault.Wrap(err, fault.Internal)
	}
	return record.And(told), nil
}

// overduePage is how many disputes are read at once.
const overduePage = 100

// Overdue takes the steps that are due: departments are told of answers that are overdue, and what they left for another RaiseAfter
// goes to the platform. It answers how many steps it took. Once more changes nothing, and one that fails keeps none of the others.
func (s *Disputes) Overdue(ctx context.Context) (taken int, err error) {
	now := s.cfg.Now().UTC()
	var failures []error
	for _, one := range []struct {
		step   OverdueStep
		before time.Time
		take   func(context.Context, Dispute) error
	}{{StepRemind, now, s.remind}, {StepRaise, now.Add(-s.cfg.RaiseAfter), s.raise}} {
		for after := ""; ; {
			page, err := s.cfg.Store.DisputesDue(ctx, one.step, one.before, after, overduePage)
			if err != nil {
				return taken, errors.Join(append(failures, err)...)
			}
			for _, d := range page {
				after = d.ID
				switch err := one.take(ctx, d); {
				case err == nil:
					taken++
				case !errors.Is(err, ErrConflict): // another node, or somebody who answered meanwhile, was first
					failures = append(failures, fmt.Errorf("%s dispute %s: %w", one.step, d.ID, err))
				}
			}
			if len(page) < overduePage {
				break
			}
		}
	}
	return taken, errors.Join(failures...)
}

func (s *Disputes) remind(ctx context.Context, d Dispute) error {
	d.ChangedAt = s.cfg.Now().UTC()
	record, err := s.record(ctx, d, "", "dispute.overdue", "")
	if err != nil {
		return err
	}
	return s.cfg.Store.RemindDispute(ctx, d, d.ChangedAt, record)
}

func (s *Disputes) raise(ctx context.Context, d Dispute) error {
	s.escalated(&d)
	d.RaisedAt = d.EscalatedAt
	_, err := s.change(ctx, d, "", "", "dispute.raised", TopicDisputeMoved)
	return err
}

// Waiting counts, up to a bound, what waits at the desks: of one department where it is named.
func (s *Disputes) Waiting(ctx context.Context, department string, bound int) (DisputeCount, error) {
	n, err := s.cfg.Store.CountDisputes(ctx, department, bound)
	return n, disputeFault(err)
}
