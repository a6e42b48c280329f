package counter

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Other is the other side of a mandate that is proposed or confirmed here. Nobody at the desk sees more of that person than
// what was typed: the account, and the masked name for the screen.
type Other struct {
	Account string       `json:"account"`
	Name    string       `json:"name"`
	Mandate string       `json:"mandate,omitempty"` // one that waits
	Kind    mandate.Kind `json:"kind,omitempty"`
	// Acts says that the person here will act for the other, not the other way round.
	Acts   bool            `json:"acts,omitempty"`
	Rights []mandate.Right `json:"rights,omitempty"`
	Until  time.Time       `json:"until,omitzero"`
}

func (o Other) target() string {
	if o.Mandate != "" {
		return o.Mandate
	}
	return o.Account
}

// Detail is what the person agrees to in an act beside its name: it stands on the screen, on the form and with the clerk.
type Detail struct {
	Name   string // masked
	Acts   bool   // the person here acts for that one
	Kind   mandate.Kind
	Rights []mandate.Right
	Until  time.Time // zero: as the kind says
}

func othersOf(kind string, d document) []Other {
	switch {
	case kind == ActHelper && d.Helper != nil:
		return []Other{*d.Helper}
	case kind == ActGuardian && d.Minor != nil:
		return []Other{*d.Minor}
	case kind == ActAccept:
		return d.Joins
	case (kind == ActChildDelete || kind == ActChildUndelete) && d.Ward != nil:
		return []Other{*d.Ward}
	}
	return nil
}

func detailsOf(v Visit, d document) map[string][]Detail {
	all := map[string][]Detail{}
	for _, kind := range v.Acts {
		if kind == ActFamily && d.Child != nil {
			all[kind] = []Detail{{Name: subject.MaskName(d.Child.Name), Acts: true, Kind: mandate.Guardian}}
		}
		for _, o := range othersOf(kind, d) {
			all[kind] = append(all[kind], Detail{Name: o.Name, Acts: o.Acts, Kind: o.Kind, Rights: o.Rights, Until: o.Until})
		}
	}
	return all
}

// joined are the kinds of mandates that are confirmed at a counter: those between persons. What concerns an organisation is
// confirmed by who signed in.
var joined = []mandate.Kind{mandate.Relative, mandate.ElderHelper, mandate.VillageHelper, mandate.GuardianLimited}

// maxJoins is how many are confirmed in one act: more than a person reads on a screen are confirmed online.
const maxJoins = 5

// waiting are the proposals that wait for a person, the oldest of them first.
func (s *Service) waiting(ctx context.Context, account string) (all []mandate.Mandate, err error) {
	open, err := s.cfg.Mandates.Open(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, m := range open {
		if m.WaitsFor(account) && m.StateAt(s.now()) == mandate.Proposed && slices.Contains(joined, m.Kind) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b mandate.Mandate) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all[:min(len(all), maxJoins)], nil
}

// searches of minors for one account in an hour: whoever looks for people by their numbers is stopped.
const (
	scopeMinor  = "counter-minor"
	minorTries  = 10
	minorWindow = time.Hour
)

// planMandates finds the other sides of what is asked for, so that the person agrees to these very people.
func (s *Service) planMandates(ctx context.Context, v Visit, acts []string, order Order, d *document) error {
	d.Helper, d.Minor, d.Joins = nil, nil, nil
	if slices.Contains(acts, ActHelper) {
		agent, err := s.cfg.Mandates.FindAgent(ctx, mandate.By{Account: v.Account, SignedInAt: s.now()}, order.HelperName, order.HelperTo)
		if err != nil {
			return renamed(err, map[string]string{"mandate-to": "counter-helper-to", "mandate-name": "counter-helper-name"})
		}
		if agent == v.Account {
			return fault.New(fault.MandateAgent).WithField("counter-helper-to", fault.MandateAgent)
		}
		policy, _ := mandate.PolicyOf(mandate.ElderHelper)
		name, err := s.nameOf(ctx, agent)
		if err != nil {
			return err
		}
		d.Helper = &Other{Account: agent, Name: name, Kind: mandate.ElderHelper, Rights: policy.Default, Until: s.now().Add(policy.Life)}
	}
	if slices.Contains(acts, ActGuardian) {
		minor, err := s.minor(ctx, v.Account, order.Child)
		if err != nil {
			return err
		}
		policy, _ := mandate.PolicyOf(mandate.GuardianLimited)
		d.Minor = &Other{Account: minor, Name: subject.MaskName(order.Child.Name), Acts: true, Kind: mandate.GuardianLimited, Rights: policy.Default}
	}
	if slices.Contains(acts, ActAccept) {
		waiting, err := s.waiting(ctx, v.Account)
		if err != nil {
			return err
		}
		for _, m := range waiting {
			o := Other{Account: m.Principal, Mandate: m.ID, Kind: m.Kind, Acts: m.Agent == v.Account, Rights: m.Rights, Until: m.NotAfter}
			if !o.Acts {
				o.Account = m.Agent
			}
			if o.Name, err = s.nameOf(ctx, o.Account); err != nil {
				return err
			}
			d.Joins = append(d.Joins, o)
		}
	}
	return nil
}

func (s *Service) nameOf(ctx context.Context, account string) (string, error) {
	person, err := s.cfg.Accounts.Person(ctx, account)
	return subject.MaskName(person.Name), err
}

// renamed names the inputs of this page in a refusal of another room.
func renamed(err error, names map[string]string) error {
	f := fault.From(err)
	if len(f.Fields) == 0 {
		return err
	}
	wrapped := fault.Wrap(err, fault.CodeOf(err))
	for _, field := range f.Fields {
		if name := names[field.Name]; name != "" {
			wrapped = wrapped.WithField(name, fault.CodeOf(err))
		}
	}
	return wrapped
}

// childNamed reads name and number of a child and counts the search.
func (s *Service) childNamed(ctx context.Context, guardian string, child Child) (who idp.Identity, err error) {
	name, err := subject.ParsePersonName(child.Name)
	if err != nil {
		return who, fault.Wrap(err, fault.ProofingName).WithField("counter-child-name", fault.ProofingName)
	}
	number, err := subject.ParseCitizenID(child.Number)
	if err != nil {
		return who, fault.Wrap(err, fault.ProofingNumber).WithField("counter-child-number", fault.ProofingNumber)
	}
	tries, err := s.cfg.Throttle.Count(ctx, scopeMinor, []byte(guardian), minorWindow, s.now())
	if err != nil {
		return who, fault.Wrap(err, fault.Unavailable)
	}
	if tries > minorTries {
		return who, fault.New(fault.TooManyRequests).After(int(minorWindow / time.Second))
	}
	return idp.Identity{Name: name, Type: subject.CitizenID, Number: string(number)}, nil
}

// minor finds the account of a minor of 14 to 17 by number and name. That nobody has the number, and that the name is another,
// are one answer.
func (s *Service) minor(ctx context.Context, guardian string, child Child) (string, error) {
	who, err := s.childNamed(ctx, guardian, child)
	if err != nil {
		return "", err
	}
	if !mandate.LooksOn(subject.CitizenIDNumber(who.Number), s.now()) {
		return "", fault.New(fault.ChildAge).WithField("counter-child-number", fault.ChildAge)
	}
	unknown := fault.New(fault.CounterMinor).WithField("counter-child-number", fault.CounterMinor)
	account, err := s.cfg.Accounts.ByDocument(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return "", unknown
	}
	if err != nil {
		return "", err
	}
	person, err := s.cfg.Accounts.Person(ctx, account)
	if err != nil {
		return "", err
	}
	if person.State != idp.AccountActive || person.Name != who.Name || account == guardian {
		return "", unknown
	}
	return account, nil
}

// mandates proposes or confirms what the person agreed to. A proposal that an attempt before made, whose answer was lost, is not
// made again.
func (s *Service) mandates(ctx context.Context, t task) error {
	by := mandate.By{Account: t.act.Account, SignedInAt: s.now()} // the person stands here, or stood here and agreed to this
	for _, o := range t.Others {
		var err error
		switch t.act.Kind {
		case ActAccept:
			if err = s.cfg.Mandates.Accept(ctx, by, o.Mandate); fault.CodeOf(err) == fault.MandateState || fault.CodeOf(err) == fault.Forbidden {
				m, finding := s.cfg.Mandates.Of(ctx, by.Account, o.Mandate)
				if finding != nil {
					return finding
				}
				if m.State == mandate.Active {
					err = nil // it was confirmed by an attempt before
				}
			}
		case ActHelper, ActGuardian:
			agent, principal := o.Account, by.Account
			if o.Acts {
				agent, principal = principal, agent
			}
			if t.act.Attempt > 1 {
				if bound, err := s.boundSince(ctx, agent, principal, t.agreedAt, o.Kind); err != nil || bound {
					return err
				}
			}
			if t.act.Kind == ActHelper {
				_, err = s.cfg.Mandates.Give(ctx, by, principal, agent, mandate.Terms{Kind: o.Kind, Items: []string{mandate.AllItems}, Rights: o.Rights, Until: o.Until})
			} else {
				_, err = s.cfg.Mandates.AskToLookOn(ctx, by, principal)
			}
		}
		if err != nil {
			return err
		}
	}
	if len(t.Others) == 0 {
		return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
	}
	return nil
}
