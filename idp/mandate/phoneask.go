package mandate

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// phoneMark begins the identifier of every request, phoneDigits is the length of its code.
const (
	phoneMark   = "tel"
	phoneDigits = 6
)

// AskByPhone begins a request to an elder of a name and a mobile number. The answer is the same whether or not there is such an elder, and
// whether or not that one may be asked: nobody is called then, and no code is right. The terms give the service items and the end;
// rights and class of data are those of the kind.
func (s *Service) AskByPhone(ctx context.Context, by By, name, number string, t Terms) (PhoneRequest, error) {
	if !s.ByPhone() {
		return PhoneRequest{}, fault.New(fault.PhoneAskNotOffered)
	}
	if err := s.fresh(ctx, by); err != nil {
		return PhoneRequest{}, err
	}
	if err := s.phoneHelper(ctx, by.Account); err != nil {
		return PhoneRequest{}, err
	}
	who, name, code, ask, err := s.phoneTyped(name, number)
	if err != nil {
		return PhoneRequest{}, err
	}
	policy, now := s.cfg.Phone.Policy, s.cfg.Now().UTC()
	r := PhoneRequest{ID: ident.New(s.cfg.Rand, phoneMark), Agent: by.Account, State: PhoneCode, Channel: ask, CodeUntil: now.Add(policy.CodeLife), CreatedAt: now}
	if err := s.phoneTerms(t, &r, now); err != nil {
		return r, err
	}
	if open := policy.Open(now); open.After(now) {
		return r, fault.New(fault.PhoneAskHours, "from", open.In(legalTime).Format("01-02 15:04")).After(int(open.Sub(now) / time.Second))
	}
	if r.Lookup, err = s.cfg.Phone.Accounts.Lookup(ctx, string(subject.Mobile), who.Value); err != nil {
		return r, err
	}
	if err := s.phoneCount(ctx, r, now); err != nil {
		return r, err
	}
	if err := s.endOver(ctx, r.Lookup, now); err != nil {
		return r, err
	}
	if r.Principal, err = s.phoneElder(ctx, r, who, name); err != nil {
		return r, err
	}
	record, err := s.phoneCall(ctx, &r, who, name, code)
	if err != nil {
		return r, err
	}
	if err := s.cfg.Phone.Store.PutPhoneRequest(ctx, r, now.Add(-policy.AfterNo), s.bounds(ElderHelper).OfAgent, record); err != nil {
		return r, phoneFault(err)
	}
	s.noted("asked")
	s.cfg.Wake()
	return r, nil
}

// phoneHelper refuses who may not help by telephone now.
func (s *Service) phoneHelper(ctx context.Context, account string) error {
	helper, err := s.proven(ctx, account)
	if err == nil && helper.IAL < s.cfg.Phone.Policy.AgentIAL {
		err = fault.New(fault.PhoneAskLevel)
	}
	return err
}

func (s *Service) phoneTyped(name, number string) (who subject.Identifier, parsed, code, ask string, err error) {
	if parsed, err = subject.ParsePersonName(name); err != nil {
		return who, "", "", "", fault.Wrap(err, fault.ProofingName).WithField("mandate-name", fault.ProofingName)
	}
	if who, err = subject.ParseIdentifier(number); err != nil || who.Kind != subject.Mobile {
		return who, "", "", "", fault.New(fault.PhoneAskNumber).WithField("mandate-to", fault.PhoneAskNumber)
	}
	if code, ask = s.cfg.Phone.Ways(who.Value); code == "" || ask == "" {
		return who, "", "", "", fault.New(fault.PhoneAskNumber).WithField("mandate-to", fault.PhoneAskNumber)
	}
	return who, parsed, code, ask, nil
}

// phoneTerms are those of the kind, with the shorter lives of a yes by telephone.
func (s *Service) phoneTerms(t Terms, r *PhoneRequest, now time.Time) error {
	policy := s.cfg.Phone.Policy
	if t.Until.IsZero() {
		t.Until = now.Add(policy.Life)
	}
	if t.Until.After(now.Add(policy.MaxLife)) {
		return fault.New(fault.MandateTerms).WithField("mandate-days", fault.MandateTerms)
	}
	var m Mandate
	if err := s.applies(Terms{Kind: ElderHelper, Items: t.Items, Until: t.Until}, &m, now); err != nil {
		return err
	}
	r.Items, r.NotAfter = m.Items, m.NotAfter
	return nil
}

// phoneCount stops whoever asks about many numbers, and many who ask about one. It counts before anybody is looked for.
func (s *Service) phoneCount(ctx context.Context, r PhoneRequest, now time.Time) error {
	policy := s.cfg.Phone.Policy
	for _, one := range []struct {
		scope string
		key   []byte
		most  int
		code  fault.Code
	}{{"mandate.phone", []byte(r.Agent), policy.PerAgent, fault.PhoneAskOften}, {"mandate.phone_number", r.Lookup, policy.PerNumber, fault.PhoneAskBusy}} {
		n, err := s.cfg.Throttle.Count(ctx, one.scope, one.key, day, now)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if n > one.most {
			return fault.New(one.code)
		}
	}
	return nil
}

// endOver writes down what time ended of a number, so that it does not stand in the way until the clock comes round.
func (s *Service) endOver(ctx context.Context, lookup []byte, now time.Time) error {
	before, err := s.cfg.Phone.Store.OpenPhoneRequest(ctx, lookup)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if reason := before.over(now); reason != "" {
		if err := s.endPhone(ctx, before, PhoneEnded, reason, nil); fault.CodeOf(err) != fault.PhoneAskOver {
			return err
		}
	}
	return nil
}

// phoneElder is the account of the elder; empty where there is none, or it may not be asked now.
func (s *Service) phoneElder(ctx context.Context, r PhoneRequest, who subject.Identifier, name string) (string, error) {
	account, err := s.cfg.People.ByIdentifier(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if account.ID == r.Agent {
		return "", fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	}
	person, err := s.cfg.People.Person(ctx, account.ID)
	if err != nil {
		return "", err
	}
	fits, err := s.phoneFit(ctx, account.ID, r.Lookup)
	if err != nil || !fits || person.Name != name {
		return "", err
	}
	return account.ID, nil
}

// phoneFit reports whether an elder may be asked now, and whether a yes of the number is the elder's.
func (s *Service) phoneFit(ctx context.Context, elder string, lookup []byte) (bool, error) {
	if _, err := s.proven(ctx, elder); err != nil {
		if fault.CodeOf(err) == fault.MandateLevel {
			return false, nil
		}
		return false, err
	}
	fits, err := s.cfg.Phone.Store.PhoneFit(ctx, elder, lookup, s.cfg.Now().UTC().Add(-s.cfg.Phone.Policy.Rest))
	if err != nil {
		return false, fault.Wrap(err, fault.Unavailable)
	}
	return fits, nil
}

// phoneCall makes the code, and the call that reads it out where there is somebody to call.
func (s *Service) phoneCall(ctx context.Context, r *PhoneRequest, who subject.Identifier, name, channel string) (audit.Record, error) {
	policy := s.cfg.Phone.Policy
	typed, err := json.Marshal(PhoneTyped{name, who.Value})
	if err != nil {
		return audit.Record{}, err
	}
	if r.KeyID, r.Sealed, err = s.cfg.Phone.Accounts.Seal(ctx, r.Agent, typed, PhonePlace(r.ID)); err != nil {
		return audit.Record{}, err
	}
	code := ident.Digits(s.cfg.Rand, phoneDigits)
	hashed := code
	if r.Principal == "" { // a code that nobody can type
		hashed = ident.Secret(s.cfg.Rand, 24)
	}
	if r.CodeMAC, err = s.phoneMAC(ctx, *r, hashed); err != nil {
		return audit.Record{}, err
	}
	until := r.CodeUntil
	if closes := policy.Closes(r.CreatedAt); closes.Before(until) {
		until = closes
	}
	payload, err := s.cfg.Phone.Seal(ctx, PhoneCall{Request: r.ID, To: who.Value, Code: code, Minutes: int(policy.CodeLife / time.Minute), Channel: channel, Agent: r.Agent, Elder: r.Principal, Until: until})
	if err != nil {
		return audit.Record{}, err
	}
	record := audit.With(s.phoneEvent(ctx, *r, "asked", nil))
	if r.Principal == "" {
		return record, nil
	}
	return record.And(audit.Message{Topic: TopicPhoneCode, Key: r.ID, Payload: payload}), nil
}

func (s *Service) phoneMAC(ctx context.Context, r PhoneRequest, code string) ([]byte, error) {
	mac, err := s.cfg.Phone.MAC(ctx, []byte("phone-request"), []byte(r.ID), []byte(r.Agent), []byte(code))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac, nil
}

// PhoneRequest reads a request for its helper; fault.NotFound for everybody else.
func (s *Service) PhoneRequest(ctx context.Context, agent, id string) (PhoneRequest, error) {
	if s.cfg.Phone == nil {
		return PhoneRequest{}, fault.New(fault.NotFound)
	}
	r, err := s.cfg.Phone.Store.PhoneRequest(ctx, agent, id)
	if err != nil {
		return r, phoneFault(err)
	}
	r.State = r.StateAt(s.cfg.Now(), s.cfg.Phone.Policy.CodeTries)
	return r, nil
}

// PhoneTyped is the name and the number that the helper of a request typed.
func (s *Service) PhoneTyped(ctx context.Context, r PhoneRequest) (typed PhoneTyped, err error) {
	plaintext, err := s.cfg.Phone.Accounts.Unseal(ctx, r.Agent, r.KeyID, r.Sealed, PhonePlace(r.ID))
	if err != nil {
		return typed, fault.Wrap(err, fault.Unavailable)
	}
	return typed, json.Unmarshal(plaintext, &typed)
}

// PhoneRequests are a page of the requests of a helper, the newest first.
func (s *Service) PhoneRequests(ctx context.Context, agent, after string, limit int) (page []PhoneRequest, next string, err error) {
	if s.cfg.Phone == nil {
		return nil, "", nil
	}
	behind, err := readCursor(after)
	if err != nil {
		return nil, "", err
	}
	if page, err = s.cfg.Phone.Store.PhoneRequests(ctx, agent, behind, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = cursor(Mark{page[limit-1].CreatedAt, page[limit-1].ID})
	}
	for i := range page {
		page[i].State = page[i].StateAt(s.cfg.Now(), s.cfg.Phone.Policy.CodeTries)
	}
	return page, next, nil
}

// TypePhoneCode is the code that the elder told its helper. A wrong one, one that is over and one of nobody are answered alike. The right one
// gives nothing yet: the elder is asked by the platform itself, later, within the hours and not on a minute that can be known.
func (s *Service) TypePhoneCode(ctx context.Context, by By, id, code string) (PhoneRequest, error) {
	r, err := s.PhoneRequest(ctx, by.Account, id)
	if err != nil {
		return r, err
	}
	if r.State != PhoneCode {
		return r, fault.New(fault.PhoneAskOver)
	}
	if err := s.rested(ctx, by.Account); err != nil {
		return r, err
	}
	policy, now := s.cfg.Phone.Policy, s.cfg.Now().UTC()
	mac, err := s.phoneMAC(ctx, r, code)
	if err != nil {
		return r, err
	}
	r.AskAt = policy.Open(now.Add(policy.Pause + s.someOf(policy.Spread)))
	r.AnswerUntil = r.AskAt.Add(policy.Span)
	right, dead, err := s.cfg.Phone.Store.TryPhoneCode(ctx, r, mac, policy.CodeTries, now, audit.With(s.phoneEvent(ctx, r, "contact", nil)))
	switch {
	case err != nil:
		return r, fault.Wrap(err, fault.Unavailable)
	case dead:
		return r, fault.New(fault.PhoneAskOver)
	case !right:
		return r, fault.New(fault.CodeWrong).WithField("otp-code", fault.CodeWrong)
	}
	s.noted("contact")
	return s.PhoneRequest(ctx, by.Account, id)
}

// someOf is a part of a span, by chance, in whole seconds.
func (s *Service) someOf(span time.Duration) time.Duration {
	number, err := strconv.ParseInt(ident.Digits(s.cfg.Rand, 9), 10, 64)
	if err != nil || span < time.Second {
		return span
	}
	return time.Duration(number%(int64(span/time.Second)+1)) * time.Second
}

// WithdrawPhoneRequest ends a request at the wish of its helper.
func (s *Service) WithdrawPhoneRequest(ctx context.Context, by By, id string) error {
	r, err := s.PhoneRequest(ctx, by.Account, id)
	if err != nil {
		return err
	}
	return s.endPhone(ctx, r, PhoneEnded, reasonWithdrawn, nil)
}

func (s *Service) endPhone(ctx context.Context, r PhoneRequest, state PhoneState, reason string, by *PhoneAnswer) error {
	record := audit.With(s.phoneEvent(ctx, r, string(state), map[string]string{"reason": reason}))
	if err := s.cfg.Phone.Store.EndPhone(ctx, r.ID, state, reason, s.cfg.Now().UTC(), by, record); err != nil {
		return phoneFault(err)
	}
	s.noted(reason)
	return nil
}
