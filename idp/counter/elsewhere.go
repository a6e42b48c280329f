package counter

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// elsewhere are the acts that another room carries out, in transactions of its own. They are recorded as begun first, so that
// nothing happens that nobody looks at; what that room refuses, or does not answer, can be tried again.
var elsewhere = []string{ActCard, ActNoCard, ActFamily, ActHelper, ActGuardian, ActAccept, ActMandate, ActLicense, ActData, ActDataPaper, ActChildUndelete, ActChildDelete, ActUndelete, ActDelete}

// Times of attempts.
const (
	// AttemptLife is how long an attempt without an outcome is taken to be under way.
	AttemptLife = 2 * time.Minute
	// HeldLife is how long after the person's word a supervisor may try an act again.
	HeldLife = 24 * time.Hour
)

// Retriable reports whether an act can be tried again: another room refused it or gave no answer, and nobody says that
// something is wrong with it.
func (a Act) Retriable(now time.Time) bool {
	if !slices.Contains(elsewhere, a.Kind) || a.Review == ReviewFlagged {
		return false
	}
	return a.Outcome == OutcomeFailed || a.Outcome == OutcomeBegun && now.Sub(a.TriedAt) >= AttemptLife
}

// Held is what another attempt at an act needs after the visit, sealed under the key of the account: no more of the document than the act itself takes.
type Held struct {
	Act, Account, KeyID string
	Sealed              []byte
	AgreedAt            time.Time
	Until               time.Time
}

// task is what an attempt carries out.
type task struct {
	act      Act
	agreedAt time.Time
	need
}

// need is the part of a visit's document that an act takes.
type need struct {
	MaskedName string  `json:"name,omitempty"`
	Child      *Child  `json:"child,omitempty"`
	Others     []Other `json:"others,omitempty"`
}

func needOf(kind string, d document) (n need) {
	switch kind {
	case ActCard:
		n.MaskedName = subject.MaskName(d.Who.Name)
	case ActFamily:
		n.Child = d.Child
	default:
		n.Others = othersOf(kind, d)
	}
	return n
}

// target is what an act is done to where that is not the account: acts on two children are two acts. It is a keyed hash.
func (s *Service) target(ctx context.Context, kind string, v Visit, d document) (string, error) {
	if slices.Contains(deletions, kind) { // what was taken back may be asked for again, as another act
		for _, o := range othersOf(kind, d) {
			return o.target() + "/" + askedOn(v), nil
		}
		return askedOn(v), nil
	}
	if others := othersOf(kind, d); len(others) > 0 {
		return others[0].target(), nil
	}
	if kind != ActFamily || d.Child == nil {
		return "", nil
	}
	sum, err := s.hash(ctx, "child", d.Child.Number)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum[:16]), nil
}

func heldPlace(act string) string { return "counter/held/" + act }

// hold seals what another attempt needs. Copies are made for who stands here: there is nothing to try later.
func (s *Service) hold(ctx context.Context, v Visit, a Act, n need) (*Held, error) {
	if a.Kind == ActLicense || a.Kind == ActData || a.Kind == ActDataPaper {
		return nil, nil
	}
	plaintext, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	keyID, sealed, err := s.cfg.Accounts.Seal(ctx, a.Account, plaintext, heldPlace(a.ID))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return &Held{Act: a.ID, Account: a.Account, KeyID: keyID, Sealed: sealed, AgreedAt: v.AgreedAt, Until: v.AgreedAt.Add(HeldLife)}, nil
}

// elsewhere begins an attempt at an act in a visit, the first or another one, and carries it out.
func (s *Service) elsewhere(ctx context.Context, v *Visit, kind string, d document, before *Act, out *Result) error {
	target, err := s.target(ctx, kind, *v, d)
	if err != nil {
		return err
	}
	a := s.act(*v, kind, target, s.evidence(*v), OutcomeBegun)
	if before != nil {
		a.ID, a.Attempt, a.Outcome, a.Review, a.TriedAt = before.ID, before.Attempt, before.Outcome, before.Review, before.TriedAt
	}
	n := needOf(kind, d)
	held, err := s.hold(ctx, *v, a, n)
	if err != nil {
		return err
	}
	if before == nil {
		err = s.store(ctx, *v, Change{Act: a, Held: held}, audit.Record{})
	} else {
		err = storeFault(s.cfg.Store.Again(ctx, v, a, held, "", s.now(), audit.With(s.again(ctx, a))))
		a.Attempt++
	}
	if err != nil {
		return err
	}
	return s.attempt(ctx, task{a, v.AgreedAt, n}, out)
}

func (s *Service) again(ctx context.Context, a Act) audit.Event {
	return s.event(ctx, "counter.again", "account", a.Account, "act", a.ID, "kind", a.Kind, "visit", a.Visit, "attempt", fmt.Sprint(a.Attempt+1))
}

// attempt carries an act out and notes how that ended.
func (s *Service) attempt(ctx context.Context, t task, out *Result) error {
	err := s.carryOut(ctx, t, out)
	outcome, failure, record := OutcomeDone, "", audit.Record{}
	if err != nil {
		outcome, failure = OutcomeFailed, string(fault.CodeOf(err))
		e := s.event(ctx, "counter.failed", "account", t.act.Account, "act", t.act.ID, "kind", t.act.Kind, "code", failure)
		e.Result = audit.Refused
		record = audit.With(e)
	}
	// The answer of the other room is in: it is noted also when whoever asked has gone.
	if noting := s.cfg.Store.SetOutcome(context.WithoutCancel(ctx), t.act.ID, t.act.Attempt, outcome, failure, record); err == nil {
		return storeFault(noting)
	}
	return err
}

// carryOut asks the other room. Whatever it does there happens once, also where the answer to an earlier attempt was lost: a
// card replaces the card of that attempt, what ends is only what was there when the person agreed, and a child who is linked
// stays linked once.
func (s *Service) carryOut(ctx context.Context, t task, out *Result) (err error) {
	account := t.act.Account
	person, err := s.cfg.Accounts.Person(ctx, account)
	if err != nil {
		return err
	}
	if person.State != idp.AccountActive {
		return fault.New(fault.CounterAccount)
	}
	switch t.act.Kind {
	case ActCard:
		printed, err := s.cfg.Cards.Issue(ctx, CardOrder{Account: account, MaskedName: t.MaskedName, Level: int(person.IAL), Act: t.act.ID, Attempt: t.act.Attempt})
		if err != nil {
			return err
		}
		// Whoever closed the account meanwhile ended the cards that there were.
		if person, err := s.cfg.Accounts.Person(ctx, account); err != nil || person.State != idp.AccountActive {
			_, ending := s.cfg.Cards.End(ctx, account, printed.IssuedAt)
			return errors.Join(fault.Wrap(err, fault.CounterAccount), ending)
		}
		out.Card, out.Level = &printed, person.IAL
		return nil
	case ActNoCard:
		_, err = s.cfg.Cards.End(ctx, account, t.agreedAt)
		return err
	case ActFamily:
		return s.family(ctx, t)
	case ActHelper, ActGuardian, ActAccept:
		return s.mandates(ctx, t)
	case ActMandate:
		return s.endMandates(ctx, account, t.agreedAt)
	case ActData, ActDataPaper:
		return s.copyData(ctx, account)
	case ActChildUndelete, ActChildDelete, ActUndelete, ActDelete:
		return s.erasure(ctx, t, out)
	case ActLicense:
		out.Copies, err = s.cfg.Licenses.List(ctx, account)
		return err
	}
	return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
}

// family adds a child that the register knows as the person's. The person stands here, or stood here and agreed to this very
// child.
func (s *Service) family(ctx context.Context, t task) error {
	if t.Child == nil {
		return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
	}
	if t.act.Attempt > 1 {
		child, err := s.cfg.Accounts.ByDocument(ctx, idp.Identity{Name: t.Child.Name, Type: subject.CitizenID, Number: t.Child.Number})
		if err != nil && !errors.Is(err, idp.ErrNotFound) {
			return err
		}
		if err == nil {
			if linked, err := s.boundSince(ctx, t.act.Account, child, t.agreedAt, mandate.Guardian); err != nil || linked {
				return err // by an attempt whose answer was lost; who ended it since is not overruled
			}
		}
	}
	_, err := s.cfg.Mandates.AddChild(ctx, mandate.By{Account: t.act.Account, SignedInAt: s.now()}, t.Child.Name, t.Child.Number)
	return err
}

// boundSince reports whether a mandate of a kind came into being between agent and principal since a moment, whatever became
// of it.
func (s *Service) boundSince(ctx context.Context, agent, principal string, since time.Time, kind mandate.Kind) (bool, error) {
	for after := ""; ; {
		page, next, err := s.cfg.Mandates.Page(ctx, agent, mandate.SideAgent, after, 100)
		if err != nil {
			return false, err
		}
		for _, m := range page {
			if m.CreatedAt.Before(since) {
				return false, nil // the newest come first
			}
			if m.Principal == principal && m.Kind == kind {
				return true, nil
			}
		}
		if after = next; after == "" {
			return false, nil
		}
	}
}

// endMandates revokes every mandate that the person had given by the moment of the agreement: whoever comes here for that
// trusts none of them.
func (s *Service) endMandates(ctx context.Context, account string, until time.Time) error {
	for after := ""; ; {
		page, next, err := s.cfg.Mandates.Page(ctx, account, mandate.SidePrincipal, after, 100)
		if err != nil {
			return err
		}
		for _, m := range page {
			state := m.StateAt(s.now())
			if state != mandate.Active && state != mandate.Proposed || m.Kind == mandate.Guardian || m.Kind == mandate.GuardianLimited || m.CreatedAt.After(until) {
				continue // a guardian is not sent away by the child
			}
			if err := s.cfg.Mandates.Stop(ctx, account, m.ID, "counter"); err != nil && fault.CodeOf(err) != fault.MandateState {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// Retry is a supervisor's attempt at an act after the visit. The person's word stands for a day; who was clerk of the act, its
// person or bound to that person tries nothing, and whoever tried it does not look at it afterwards.
func (s *Service) Retry(ctx context.Context, by Clerk, id string) (Result, error) {
	a, err := s.Find(ctx, by, id)
	if err != nil {
		return Result{}, err
	}
	ctx = reqctx.UsingIn(ctx, a.Area, RoleSupervisor)
	if a.Clerk == by.ID || a.Second == by.ID {
		return Result{}, fault.New(fault.CounterSelf)
	}
	if err := s.impartial(ctx, by, a.Account); err != nil {
		return Result{}, err
	}
	now := s.now()
	held, err := s.cfg.Store.HeldAct(ctx, a.ID)
	if errors.Is(err, idp.ErrNotFound) || err == nil && (!a.Retriable(now) || !now.Before(held.Until)) {
		return Result{}, fault.New(fault.CounterRetry)
	}
	if err != nil {
		return Result{}, storeFault(err)
	}
	if account, err := s.cfg.Accounts.Account(ctx, held.Account); err != nil || account.State != idp.AccountActive {
		return Result{}, fault.Wrap(err, fault.CounterAccount)
	}
	plaintext, err := s.cfg.Accounts.Unseal(ctx, held.Account, held.KeyID, held.Sealed, heldPlace(a.ID))
	if err != nil {
		return Result{}, fmt.Errorf("open what was held: %w", err)
	}
	t := task{act: a, agreedAt: held.AgreedAt}
	if err := json.Unmarshal(plaintext, &t.need); err != nil {
		return Result{}, fmt.Errorf("read what was held: %w", err)
	}
	if err := s.cfg.Store.Again(ctx, nil, a, nil, by.ID, now, audit.With(s.again(ctx, a))); err != nil {
		if errors.Is(err, idp.ErrConflict) {
			return Result{}, fault.Wrap(err, fault.CounterRetry)
		}
		return Result{}, storeFault(err)
	}
	t.act.Attempt++
	out := Result{Name: t.MaskedName}
	err = s.attempt(ctx, t, &out)
	s.cfg.Wake()
	if err != nil {
		return out, err
	}
	a, err = s.cfg.Store.Act(ctx, a.ID)
	out.Acts = []Act{a}
	return out, storeFault(err)
}
