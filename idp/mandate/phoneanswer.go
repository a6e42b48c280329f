package mandate

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Jobs of requests by telephone, under which rows that failed are put off.
const (
	JobPhoneAsk = "mandate.phone_ask"
	JobPhoneEnd = "mandate.phone_end"
)

// AskElders lets elders be asked whose time has come, ends requests whose time is over, and settles answers that were faster than the note
// of their call. It returns how many were asked.
func (s *Service) AskElders(ctx context.Context) (n int, err error) {
	if s.cfg.Phone == nil {
		return 0, nil
	}
	now := s.cfg.Now().UTC()
	settled := s.SettleAnswers(ctx)
	ended := s.phoneTurn(ctx, JobPhoneEnd, now, s.cfg.Phone.Store.OverPhoneRequests, func(ctx context.Context, r PhoneRequest) error {
		return s.endPhone(ctx, r, PhoneEnded, r.over(now), nil)
	}, nil)
	if s.cfg.Phone.Policy.Open(now).After(now) { // they stay due until the hours begin
		return 0, errors.Join(settled, ended)
	}
	asked := s.phoneTurn(ctx, JobPhoneAsk, now, s.cfg.Phone.Store.DuePhoneRequests, s.askElder, &n)
	return n, errors.Join(settled, ended, asked)
}

func (s *Service) phoneTurn(ctx context.Context, job string, now time.Time, page func(context.Context, time.Time, int) ([]PhoneRequest, error), do func(context.Context, PhoneRequest) error, n *int) error {
	done, err := idp.Turn[PhoneRequest]{
		Job: job, Rows: s.cfg.Store, Now: now, Size: endPage, Most: endMost,
		Page: func(ctx context.Context, limit int) ([]PhoneRequest, error) { return page(ctx, now, limit) },
		ID:   func(r PhoneRequest) string { return r.ID },
		Do: func(ctx context.Context, r PhoneRequest) error {
			if err := do(ctx, r); fault.CodeOf(err) != fault.PhoneAskOver { // another node, or an answer, was faster
				return err
			}
			return nil
		},
	}.Run(ctx)
	if n != nil {
		*n = done
	}
	return err
}

// askElder has the elder asked; who may not be any more is not called.
func (s *Service) askElder(ctx context.Context, r PhoneRequest) error {
	policy, now := s.cfg.Phone.Policy, s.cfg.Now().UTC()
	reason, err := s.phoneUnfit(ctx, r)
	if err != nil {
		return err
	}
	if reason != "" {
		return s.endPhone(ctx, r, PhoneEnded, reason, nil)
	}
	payload, err := json.Marshal(PhoneQuestion{Request: r.ID, Until: policy.Closes(now)}) // an attempt after the hours places none
	if err != nil {
		return err
	}
	record := audit.With(s.phoneEvent(ctx, r, "elder_asked", nil)).And(audit.Message{Topic: TopicPhoneAsk, Key: r.ID, Payload: payload})
	if err := s.cfg.Phone.Store.AskedPhone(ctx, r.ID, now, now.Add(policy.Span), record); err != nil {
		return phoneFault(err)
	}
	s.noted("elder_asked")
	s.cfg.Wake()
	return nil
}

// phoneUnfit is why a request cannot go on; empty where it can.
func (s *Service) phoneUnfit(ctx context.Context, r PhoneRequest) (string, error) {
	err := s.phoneHelper(ctx, r.Agent)
	if err == nil {
		err = s.rested(ctx, r.Agent)
	}
	switch fault.CodeOf(err) {
	case "":
	case fault.MandateLevel, fault.PhoneAskLevel, fault.RecoveryRest:
		return reasonUnfit, nil
	default:
		return "", err
	}
	fits, err := s.phoneFit(ctx, r.Principal, r.Lookup)
	if err != nil || fits {
		return "", err
	}
	return reasonUnfit, nil
}

// PhoneQuestion is what the second call or SMS needs; ok is false when it is not to be placed any more.
func (s *Service) PhoneQuestion(ctx context.Context, id string) (r PhoneRequest, ok bool, err error) {
	r, err = s.cfg.Phone.Store.PhoneQuestionOf(ctx, id)
	if errors.Is(err, idp.ErrNotFound) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now()
	if !now.Before(r.AnswerUntil) || s.cfg.Phone.Policy.Open(now).After(now) {
		return r, false, nil
	}
	fits, err := s.phoneFit(ctx, r.Principal, r.Lookup)
	return r, fits, err
}

// PlacePhone notes the message that asks, before it is sent: its receipt tells the call that an answer is about.
func (s *Service) PlacePhone(ctx context.Context, r PhoneRequest, message string) error {
	if err := s.cfg.Phone.Store.PlacePhone(ctx, r.ID, message); err != nil {
		return phoneFault(err)
	}
	return nil
}

// Answered takes an answer as a provider told it. It does what it does once, however often it is told; one that is about nothing, comes
// outside the time of its question, or says none of the words, does nothing.
func (s *Service) Answered(ctx context.Context, a PhoneAnswer) error {
	if s.cfg.Phone == nil {
		return nil
	}
	if a.Number != "" {
		who, err := subject.ParseIdentifier(a.Number)
		if err != nil || who.Kind != subject.Mobile {
			return nil // nobody of ours
		}
		if a.Lookup, err = s.cfg.Phone.Accounts.Lookup(ctx, string(subject.Mobile), who.Value); err != nil {
			return err
		}
	}
	a.At = s.cfg.Now().UTC()
	first, settled, err := s.cfg.Phone.Store.PutPhoneAnswer(ctx, a)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if settled {
		return nil
	}
	return s.settle(ctx, first)
}

// SettleAnswers takes answers to calls whose receipt was not there yet.
func (s *Service) SettleAnswers(ctx context.Context) error {
	late, err := s.cfg.Phone.Store.UnsettledPhoneAnswers(ctx, s.cfg.Now().UTC().Add(-s.cfg.Phone.Policy.Span), endPage)
	if err != nil {
		return err
	}
	var failures []error
	for _, a := range late {
		failures = append(failures, s.settle(ctx, a))
	}
	return errors.Join(failures...)
}

func (s *Service) settle(ctx context.Context, a PhoneAnswer) error {
	r, err := s.cfg.Phone.Store.PhoneAsked(ctx, a)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		err = nil
	case err != nil:
		err = fault.Wrap(err, fault.Unavailable)
	case a.At.Before(r.AskedAt) || !a.At.Before(r.AnswerUntil):
	case a.Word == PhoneNo, a.Word == PhoneStop:
		err = s.phoneNo(ctx, r, a)
	case a.Word == PhoneYes && a.Channel == r.Channel:
		err = s.phoneYes(ctx, r, a)
	}
	if fault.CodeOf(err) == fault.PhoneAskOver { // another answer was faster
		err = nil
	}
	if err == nil && a.Word == PhoneStop && len(a.Lookup) > 0 {
		err = s.phoneStop(ctx, a)
	}
	return err
}

// phoneNo tells the helper that the elder does not want it.
func (s *Service) phoneNo(ctx context.Context, r PhoneRequest, a PhoneAnswer) error {
	payload, err := json.Marshal(Notice{Event: "refused", Account: r.Agent, Principal: r.Principal, Agent: r.Agent, MandateID: r.ID, Items: r.Items, Until: r.NotAfter})
	if err != nil {
		return err
	}
	record := audit.With(s.phoneEvent(ctx, r, string(PhoneRefused), map[string]string{"reason": reasonNo, "answer": a.digest(r)})).And(audit.Message{Topic: TopicNotice, Key: r.ID, Payload: payload})
	if err := s.cfg.Phone.Store.EndPhone(ctx, r.ID, PhoneRefused, reasonNo, s.cfg.Now().UTC(), &a, record); err != nil {
		return phoneFault(err)
	}
	s.noted(reasonNo)
	s.cfg.Wake()
	return nil
}

// digest is the evidence of a yes: over the answer as it was stored, and what was asked.
func (a PhoneAnswer) digest(r PhoneRequest) string {
	at := func(t time.Time) []byte { return []byte(strconv.FormatInt(t.UnixMicro(), 10)) }
	return hex.EncodeToString(digest.SumParts([]byte(a.Provider), []byte(a.ID), []byte(a.Channel), []byte(a.Reference), a.Lookup, []byte(a.Word), at(a.At),
		[]byte(r.ID), []byte(r.Agent), []byte(r.Principal), []byte(strings.Join(r.Items, " ")), at(r.NotAfter), at(r.AskedAt)))
}

// phoneYes makes the mandate, if both may still.
func (s *Service) phoneYes(ctx context.Context, r PhoneRequest, a PhoneAnswer) error {
	reason, err := s.phoneUnfit(ctx, r)
	if err != nil {
		return err
	}
	if reason != "" {
		return s.endPhone(ctx, r, PhoneEnded, reason, &a)
	}
	now := s.cfg.Now().UTC()
	policy, _ := PolicyOf(ElderHelper)
	m := Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: r.Principal, Agent: r.Agent, Depth: 1, Kind: ElderHelper, Items: r.Items, Rights: policy.Default, MaxClass: ClassName, State: Active, Evidence: a.digest(r),
		NotBefore: now, NotAfter: r.NotAfter, CreatedAt: now, PrincipalAt: a.At, AgentAt: r.CreatedAt}
	record, err := s.phoneRecord(ctx, r, m)
	if err != nil {
		return err
	}
	err = s.cfg.Phone.Store.ConfirmPhone(ctx, r, m, s.bounds(ElderHelper), a, now.Add(-s.cfg.Phone.Policy.Rest), record)
	switch {
	case errors.Is(err, ErrUnfit):
		return s.endPhone(ctx, r, PhoneEnded, reasonUnfit, &a)
	case errors.Is(err, ErrFull):
		return s.endPhone(ctx, r, PhoneEnded, reasonFull, &a)
	case err != nil:
		return phoneFault(err)
	}
	s.noted("confirmed")
	s.cfg.Wake()
	return nil
}

// phoneRecord is what a yes leaves behind: the helper is told as ever, the elder how to end it.
func (s *Service) phoneRecord(ctx context.Context, r PhoneRequest, m Mandate) (audit.Record, error) {
	confirmed := s.phoneEvent(ctx, r, string(PhoneConfirmed), map[string]string{"mandate": m.ID, "evidence": m.Evidence})
	active := s.event(ctx, m, "active")
	active.Actor, active.ActingFor = confirmed.Actor, m.Principal
	record := audit.With(confirmed, active)
	for account, event := range map[string]string{m.Agent: "active", m.Principal: EventTelephone} {
		payload, err := json.Marshal(Notice{event, account, m.Principal, m.Agent, m.ID, m.Kind, m.Items, m.NotAfter})
		if err != nil {
			return record, err
		}
		record = record.And(audit.Message{Topic: TopicNotice, Key: m.ID, Payload: payload})
	}
	return record, nil
}

// phoneStop ends every mandate that the number of a reply confirmed.
func (s *Service) phoneStop(ctx context.Context, a PhoneAnswer) error {
	elder, err := s.cfg.Phone.Store.PhoneHolder(ctx, a.Lookup)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	live, err := s.cfg.Phone.Store.PhoneMandates(ctx, elder)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, m := range live {
		// A reply that is told again later ends nothing that began after it.
		if !m.PrincipalAt.Before(a.At) {
			continue
		}
		if err := s.end(ctx, m, Revoked, "system:telephone", "reply"); err != nil && fault.CodeOf(err) != fault.MandateState {
			return err
		}
		s.noted("stopped")
	}
	return nil
}
