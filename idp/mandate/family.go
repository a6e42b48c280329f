package mandate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Ages of minors (PIPL article 31; Civil Code article 17).
const (
	AgeOfOwnAccount = 14
	AgeOfMajority   = 18
)

// Warning is how long before the end of a guardian's link both are told.
const Warning = 30 * day

// FamilyStore keeps children's accounts; idpdb implements it.
type FamilyStore interface {
	// PutChild stores the account of a child that has none yet, its proof, the mandates of a guardian, and the consent with its
	// case closed; idp.ErrBound when the number belongs to another account, ErrFull when the child has as many guardians as are
	// allowed or this one already, ErrMoved when one of the two is not active, idp.ErrNotFound when the case is closed.
	PutChild(ctx context.Context, c NewChild, record audit.Record) error
	// ConsentOf is the newest consent that a guardian gave for a child online; idp.ErrNotFound.
	ConsentOf(ctx context.Context, child, guardian string) (Consent, error)
	// MandatesToWarn are live ones of a kind that end within a span, of whose end nobody was told and which are not put off, the first to
	// end first.
	MandatesToWarn(ctx context.Context, kind Kind, now time.Time, ahead time.Duration, limit int) ([]Mandate, error)
	// Warned notes that both were told; ErrMoved when that was noted before.
	Warned(ctx context.Context, principal, id string, at time.Time, record audit.Record) error
}

// NewChild is what PutChild stores.
type NewChild struct {
	Account  *idp.Account // nil: there is one
	Proof    *idp.Proof
	Mandates []Mandate
	Bound    int // guardians of one child
	Consent  *Consent
}

// Consent is what a guardian agreed to for a child (PIPL articles 29 and 31): kept with the child's account, and erased with it.
type Consent struct {
	Child, Guardian  string // accounts
	Relation         string // word of proofing.Relations
	Version          string // of the text
	Case             string
	Source, Evidence string // who confirmed the relation, and a digest over its answer, relation and version
	AgreedAt, At     time.Time
}

// birthday is the day on which somebody reaches an age, at its beginning in Beijing.
func birthday(n subject.CitizenIDNumber, age int) time.Time {
	born := n.Birth()
	return time.Date(born.Year()+age, born.Month(), born.Day(), 0, 0, 0, 0, legalTime).UTC()
}

// LooksOn reports whether somebody is a minor with an own account, at whom a guardian may look on.
func LooksOn(n subject.CitizenIDNumber, now time.Time) bool {
	return !now.Before(birthday(n, AgeOfOwnAccount)) && now.Before(birthday(n, AgeOfMajority))
}

var legalTime = time.FixedZone("Asia/Shanghai", 8*3600)

// AddChild links a guardian with a child below 14 whose register names it: the child gets an account without a login of its
// own, for which the guardian acts until the day on which the child is 14 and looks on until it is 18. A second guardian
// joins the same account.
func (s *Service) AddChild(ctx context.Context, by By, name, number string) (Mandate, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Mandate{}, err
	}
	child, err := subject.ParseCitizenID(number)
	if err != nil {
		return Mandate{}, fault.Wrap(err, fault.ProofingNumber).WithField("child-number", fault.ProofingNumber)
	}
	if name, err = subject.ParsePersonName(name); err != nil {
		return Mandate{}, fault.Wrap(err, fault.ProofingName).WithField("child-name", fault.ProofingName)
	}
	now := s.cfg.Now().UTC()
	if !now.Before(birthday(child, AgeOfOwnAccount)) || child.Birth().After(now) {
		return Mandate{}, fault.New(fault.ChildAge).WithField("child-number", fault.ChildAge)
	}
	guardian, err := s.proven(ctx, by.Account)
	if err != nil {
		return Mandate{}, err
	}
	if err := s.ask(ctx, by.Account); err != nil {
		return Mandate{}, err
	}
	answer, err := s.cfg.Register.Guardian(ctx, GuardianQuestion{RequestID: ident.New(s.cfg.Rand, "reg"), GuardianName: guardian.Name, GuardianNumber: guardian.IDNumber, ChildName: name, ChildNumber: string(child)})
	if err != nil {
		return Mandate{}, fault.Wrap(err, fault.RegisterSilent)
	}
	if !answer.Match {
		return Mandate{}, fault.New(fault.ChildMismatch).WithField("child-number", fault.ChildMismatch)
	}
	return s.addChild(ctx, name, child, Consent{Guardian: by.Account, Source: s.cfg.Register.Name(), Evidence: answer.Digest})
}

// Confirmed links a guardian with a child whose relation was confirmed after the guardian agreed online. It answers the link there
// is to one who is linked already, and leaves the case of the consent to the caller then.
func (s *Service) Confirmed(ctx context.Context, name string, number subject.CitizenIDNumber, c Consent) (Mandate, error) {
	if !s.cfg.Now().UTC().Before(birthday(number, AgeOfOwnAccount)) {
		return Mandate{}, fault.New(fault.ChildAge)
	}
	guardian, err := s.proven(ctx, c.Guardian)
	if err != nil {
		return Mandate{}, err
	}
	if !idp.RestsUntil(guardian.RecoveredAt, s.cfg.Now()).IsZero() { // the day after a recovery holds for what waited as well
		return Mandate{}, fault.New(fault.RecoveryRest)
	}
	return s.addChild(ctx, name, number, c)
}

// MayConsent refuses who may not agree for a child now: who did not sign in a moment ago, or recovered the account today.
func (s *Service) MayConsent(ctx context.Context, by By) error { return s.fresh(ctx, by) }

// ConsentOf is what a guardian agreed to for a child; ok is false for a link that was made at a counter.
func (s *Service) ConsentOf(ctx context.Context, m Mandate) (c Consent, ok bool, err error) {
	if m.Kind != Guardian && m.Kind != GuardianLimited {
		return c, false, nil
	}
	c, err = s.cfg.Family.ConsentOf(ctx, m.Principal, m.Agent)
	if errors.Is(err, idp.ErrNotFound) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fault.Wrap(err, fault.Unavailable)
	}
	return c, true, nil
}

func (s *Service) addChild(ctx context.Context, name string, child subject.CitizenIDNumber, consent Consent) (Mandate, error) {
	now := s.cfg.Now().UTC()
	guardian, digest := consent.Guardian, consent.Evidence
	var account *idp.Account
	var proof *idp.Proof
	id, err := s.cfg.Accounts.ByIdentity(ctx, "citizen_id", string(child))
	switch {
	case errors.Is(err, idp.ErrNotFound):
		drafted, sealed, err := s.cfg.Accounts.Draft(ctx, "acc", idp.Proof{IAL: 1, Method: "household_register", Source: consent.Source, At: now, Evidence: digest}, name, "citizen_id", string(child))
		if err != nil {
			return Mandate{}, err
		}
		account, proof, id = &drafted, &sealed, drafted.ID
	case err != nil:
		return Mandate{}, fault.Wrap(err, fault.Unavailable)
	default:
		known, err := s.cfg.Accounts.Account(ctx, id)
		if err != nil {
			return Mandate{}, fault.Wrap(err, fault.Unavailable)
		}
		if len(known.Contacts) > 0 || known.PasswordHash != "" || known.State != idp.AccountActive {
			return Mandate{}, fault.New(fault.IdentityBound) // somebody logs in as this child: a counter looks at it
		}
		if linked, err := s.guardianOf(ctx, guardian, id); err != nil || linked != nil {
			return firstOr(linked), err
		}
	}
	mandates := make([]Mandate, 0, 2)
	for _, span := range []struct {
		kind     Kind
		from, to time.Time
	}{{Guardian, now, birthday(child, AgeOfOwnAccount)}, {GuardianLimited, birthday(child, AgeOfOwnAccount), birthday(child, AgeOfMajority)}} {
		policy, _ := PolicyOf(span.kind)
		mandates = append(mandates, Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: id, Agent: guardian, Depth: 1, Kind: span.kind, Items: []string{AllItems}, Rights: policy.Default, MaxClass: policy.MaxClass,
			State: Active, Evidence: digest, NotBefore: span.from, NotAfter: span.to, CreatedAt: now, PrincipalAt: now, AgentAt: now})
	}
	record := audit.With(s.event(ctx, mandates[0], "active"), s.event(ctx, mandates[1], "active"))
	linked := idp.Event(ctx, now, "guardian.linked", "account", guardian, map[string]string{"child": id, "relation": consent.Relation, "version": consent.Version, "case": consent.Case, "evidence": digest})
	opened := linked // on record with either of the two
	opened.ObjectID, opened.ActingFor = id, id
	record.Events = append(record.Events, linked, opened)
	if account != nil {
		record.Events = append(record.Events, idp.Event(ctx, now, "account.registered", "account", id, map[string]string{"kind": "child", "guardian": guardian, "evidence": digest}))
	}
	policy, _ := PolicyOf(Guardian)
	made := NewChild{Account: account, Proof: proof, Mandates: mandates, Bound: policy.MaxAgents}
	if consent.Case != "" {
		consent.Child, consent.At = id, now
		made.Consent = &consent
		messages, err := notices(mandates[0], "active")
		if err != nil {
			return Mandate{}, err
		}
		record = record.And(messages...)
	}
	err = s.cfg.Family.PutChild(ctx, made, record)
	switch {
	case errors.Is(err, idp.ErrBound):
		return Mandate{}, fault.Wrap(err, fault.Conflict)
	case errors.Is(err, ErrFull):
		return Mandate{}, fault.Wrap(err, fault.MandateLimit)
	case errors.Is(err, ErrMoved):
		return Mandate{}, fault.Wrap(err, fault.MandateState)
	case errors.Is(err, idp.ErrNotFound):
		return Mandate{}, err // the case was closed: the caller says by whom
	case err != nil:
		return Mandate{}, fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return mandates[0], nil
}

func firstOr(m *Mandate) Mandate {
	if m == nil {
		return Mandate{}
	}
	return *m
}

// guardianOf is the live link of a guardian with a child; nil when there is none.
func (s *Service) guardianOf(ctx context.Context, guardian, child string) (*Mandate, error) {
	live, err := s.Live(ctx, guardian)
	if err != nil {
		return nil, err
	}
	for i, m := range live {
		if m.Principal == child && m.Kind == Guardian {
			return &live[i], nil
		}
	}
	return nil, nil
}

// Decides answers nil while an account decides as guardian for a child below 14, and fault.WardOver when it does not any more: the link
// ended, or one of the two is not active.
func (s *Service) Decides(ctx context.Context, child, guardian string) error {
	person, err := s.cfg.People.Person(ctx, guardian)
	if err != nil {
		return err
	}
	link, err := s.guardianOf(ctx, guardian, child)
	if err != nil {
		return err
	}
	if person.State != idp.AccountActive || link == nil || !link.Has(Submit) {
		return fault.New(fault.WardOver)
	}
	return nil
}

// GuardiansOf are the accounts that decide as guardians for a child now.
func (s *Service) GuardiansOf(ctx context.Context, child string) ([]string, error) {
	return s.linked(ctx, child, Guardian)
}

// LookingOn are the accounts that look on at a minor of 14 to 17 as guardians now.
func (s *Service) LookingOn(ctx context.Context, minor string) ([]string, error) {
	return s.linked(ctx, minor, GuardianLimited)
}

func (s *Service) linked(ctx context.Context, principal string, kind Kind) (agents []string, err error) {
	now := s.cfg.Now()
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, principal, behind, endPage)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		for _, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if m.Kind == kind && m.Live(now) && !slices.Contains(agents, m.Agent) {
				agents = append(agents, m.Agent)
			}
		}
		if len(page) < endPage {
			return agents, nil
		}
	}
}

// AskToLookOn proposes the link of a guardian with a minor of 14 to 17 who has an account of its own: the register must name
// the guardian, and the minor confirms. Who asks again while the first request is open, or looks on already, is given that one.
func (s *Service) AskToLookOn(ctx context.Context, by By, minor string) (Mandate, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Mandate{}, err
	}
	guardian, err := s.proven(ctx, by.Account)
	if err != nil {
		return Mandate{}, err
	}
	child, err := s.proven(ctx, minor)
	if err != nil {
		return Mandate{}, err
	}
	number, err := subject.ParseCitizenID(child.IDNumber)
	now := s.cfg.Now().UTC()
	if err != nil || !LooksOn(number, now) {
		return Mandate{}, fault.New(fault.ChildAge)
	}
	if there, err := s.lookingOn(ctx, minor, by.Account, now); err != nil || there.ID != "" {
		return there, err
	}
	if err := s.ask(ctx, by.Account); err != nil {
		return Mandate{}, err
	}
	answer, err := s.cfg.Register.Guardian(ctx, GuardianQuestion{RequestID: ident.New(s.cfg.Rand, "reg"), GuardianName: guardian.Name, GuardianNumber: guardian.IDNumber, ChildName: child.Name, ChildNumber: child.IDNumber})
	if err != nil {
		return Mandate{}, fault.Wrap(err, fault.RegisterSilent)
	}
	if !answer.Match {
		return Mandate{}, fault.New(fault.ChildMismatch)
	}
	policy, _ := PolicyOf(GuardianLimited)
	m := Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: minor, Agent: by.Account, Depth: 1, Kind: GuardianLimited, Items: []string{AllItems}, Rights: policy.Default, MaxClass: policy.MaxClass, State: Proposed,
		Evidence: answer.Digest, NotBefore: now, NotAfter: birthday(number, AgeOfMajority), CreatedAt: now, AgentAt: now}
	err = s.propose(ctx, m)
	if errors.Is(err, ErrTwin) { // sent twice at once
		if there, again := s.lookingOn(ctx, minor, by.Account, now); again != nil || there.ID != "" {
			return there, again
		}
	}
	return m, err
}

// lookingOn is the link, asked for or in force, by which a guardian looks on at a minor; none has no identifier.
func (s *Service) lookingOn(ctx context.Context, minor, guardian string, now time.Time) (Mandate, error) {
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, minor, behind, endPage)
		if err != nil {
			return Mandate{}, fault.Wrap(err, fault.Unavailable)
		}
		for _, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if state := m.StateAt(now); m.Kind == GuardianLimited && m.Agent == guardian && (state == Proposed || state == Active) {
				return m, nil
			}
		}
		if len(page) < endPage {
			return Mandate{}, nil
		}
	}
}

// Ask proposes that the person itself acts for another, as a helper does for an elder; the other confirms it on a device of
// its own.
func (s *Service) Ask(ctx context.Context, by By, principal string, t Terms) (Mandate, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Mandate{}, err
	}
	now := s.cfg.Now().UTC()
	m := Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: principal, Agent: by.Account, Depth: 1, State: Proposed, NotBefore: now, CreatedAt: now, AgentAt: now}
	if err := s.applies(t, &m, now); err != nil {
		return m, err
	}
	switch {
	case !slices.Contains(betweenPersons, m.Kind), IsOrganisation(principal):
		return m, fault.New(fault.Forbidden)
	case principal == by.Account:
		return m, fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	}
	return m, s.propose(ctx, m)
}

// Warn tells guardians and minors that their link ends in a month.
func (s *Service) Warn(ctx context.Context) (n int, err error) {
	now := s.cfg.Now().UTC()
	n, err = idp.Turn[Mandate]{
		Job: JobWarn, Rows: s.cfg.Store, Now: now, Size: endPage, Most: endMost,
		Page: func(ctx context.Context, limit int) ([]Mandate, error) {
			return s.cfg.Family.MandatesToWarn(ctx, GuardianLimited, now, Warning, limit)
		},
		ID: func(m Mandate) string { return m.ID },
		Do: func(ctx context.Context, m Mandate) error { return s.warn(ctx, m, now) },
	}.Run(ctx)
	if n > 0 {
		s.cfg.Wake()
	}
	return n, err
}

func (s *Service) warn(ctx context.Context, m Mandate, now time.Time) error {
	messages, err := notices(m, "ending")
	if err != nil {
		return err
	}
	err = s.cfg.Family.Warned(ctx, m.Principal, m.ID, now, audit.With(s.event(ctx, m, "ending")).And(messages...))
	if errors.Is(err, ErrMoved) { // another process was faster
		return nil
	}
	return err
}

// Questions to registers of one account in a day: whoever looks for others by their numbers is stopped.
const questionsADay = 10

func (s *Service) ask(ctx context.Context, account string) error {
	n, err := s.cfg.Throttle.Count(ctx, "register.question", []byte(account), day, s.cfg.Now().UTC())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if n > questionsADay {
		return fault.New(fault.ProofingTooOften)
	}
	return nil
}
