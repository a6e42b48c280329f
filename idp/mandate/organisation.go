package mandate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// IDTypeUSCC is the document type of organisations: their unified social credit code (GB 32100).
const IDTypeUSCC = idp.IDTypeUSCC

// RegisterState is how an organisation stands in the register of legal persons.
type RegisterState string

// Register states.
const (
	Registered   RegisterState = "registered"
	Deregistered RegisterState = "deregistered" // 注销
	Withdrawn    RegisterState = "revoked"      // 吊销
)

// Organisation as it is kept. Name and code lie in the account of the same identifier, sealed as those of persons.
type Organisation struct {
	ID             string
	Representative string // account
	State          RegisterState
	CheckedAt      time.Time
	FrozenAt       time.Time // since a change of the legal representative that nobody confirmed yet
	CreatedAt      time.Time
	UnknownAt      time.Time // since when the register does not know it under code and name; zero while it does
	UnknownLooks   int       // how often the register was asked since
	KeptUntil      time.Time // until when people looked themselves, and why
	KeptReason     string
}

// OrganisationQuestion asks the register whether code, name and legal representative belong together.
type OrganisationQuestion struct {
	RequestID            string
	USCC                 subject.USCC
	Name                 string
	RepresentativeName   string
	RepresentativeNumber string
}

// OrganisationAnswer of a register. It never gives what was not asked.
type OrganisationAnswer struct {
	Known          bool // code and name belong together
	Representative bool // and the person is the legal representative
	State          RegisterState
	Digest         string // over question and answer
}

// GuardianQuestion asks the register of households and births whether somebody is a guardian of a child.
type GuardianQuestion struct {
	RequestID                    string
	GuardianName, GuardianNumber string
	ChildName, ChildNumber       string
	Relation                     string // as the guardian says; empty at a counter
}

// GuardianAnswer of a register.
type GuardianAnswer struct {
	Match  bool
	Digest string
}

// ErrSilent: a register did not answer in time or not in a way that can be understood. It is never taken for a no.
var ErrSilent = errors.New("mandate: the register does not answer")

// Register is what the registers are asked.
type Register interface {
	Name() string
	Organisation(ctx context.Context, q OrganisationQuestion) (OrganisationAnswer, error)
	Guardian(ctx context.Context, q GuardianQuestion) (GuardianAnswer, error)
}

// recheckAfter is how long an answer of the register is taken for the present.
const recheckAfter = day

// OrganisationStore keeps organisations; idpdb implements it.
type OrganisationStore interface {
	// PutOrganisation stores the account, its proof, the organisation and the mandate of its legal representative in one
	// transaction; idp.ErrBound when another account has the code.
	PutOrganisation(ctx context.Context, o Organisation, a idp.Account, p idp.Proof, m Mandate, record audit.Record) error
	// SucceedOrganisation puts another legal representative in office: the mandate of the one before ends.
	SucceedOrganisation(ctx context.Context, o Organisation, m Mandate, record audit.Record) error
	Organisation(ctx context.Context, id string) (Organisation, error)
	// OrganisationsDue are registered ones that were not checked for a span and are not put off, the longest due first.
	OrganisationsDue(ctx context.Context, now time.Time, span time.Duration, limit int) ([]Organisation, error)
	// Checked notes an answer of the register, by which an organisation is unknown no more and its check failed no more; a record only
	// where it was unknown.
	Checked(ctx context.Context, id string, state RegisterState, at time.Time, record audit.Record) error
	// Unknown notes that the register does not know an organisation; a record only the first time.
	Unknown(ctx context.Context, id string, at time.Time, record audit.Record) error
	// EndOrganisation closes the account, ends the mandates with the grants under them, and notes how the register has it. ErrMoved when
	// organisation, account or mandates are others than those that were judged; errors of foureyes.Settlement when the proposal does
	// not allow it.
	EndOrganisation(ctx context.Context, d Dissolution, record audit.Record) error
	// FreezeOrganisation leaves its agents looking on and filling in, and ends their grants; ErrMoved when it is frozen.
	FreezeOrganisation(ctx context.Context, id string, at time.Time, record audit.Record) error
	// ThawOrganisation gives back what was frozen; ErrMoved when nothing is.
	ThawOrganisation(ctx context.Context, id string, record audit.Record) error
}

// Accounts is what making organisations and children needs of accounts.
type Accounts interface {
	// Draft is an account without a login and the sealed proof of its name and number; neither is stored.
	Draft(ctx context.Context, prefix string, p idp.Proof, name, documentType, number string) (idp.Account, idp.Proof, error)
	ByIdentity(ctx context.Context, documentType, number string) (string, error)
	// IdentityLookup is the keyed hash under which an identity is kept.
	IdentityLookup(ctx context.Context, who idp.Identity) ([]byte, error)
	Account(ctx context.Context, id string) (idp.Account, error)
	// StateRecord is what another state of an account leaves behind, for whoever stores both.
	StateRecord(ctx context.Context, id string, state idp.AccountState, reason string, at time.Time) (audit.Record, error)
	// Prove stores evidence of an identity.
	Prove(ctx context.Context, id string, p idp.Proof, name, documentType, number string) error
}

// Found makes the account of an organisation for the person who is its legal representative by the register, who becomes its
// first administrator. Where the organisation is there already with another representative, the register decides: the new
// one takes its place.
func (s *Service) Found(ctx context.Context, by By, name, code string) (Organisation, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Organisation{}, err
	}
	uscc, err := subject.ParseUSCC(code)
	if err != nil {
		return Organisation{}, fault.Wrap(err, fault.OrganisationCode).WithField("organisation-code", fault.OrganisationCode)
	}
	if name = subject.ParseOrganisationName(name); name == "" {
		return Organisation{}, fault.New(fault.OrganisationMismatch).WithField("organisation-name", fault.OrganisationMismatch)
	}
	person, err := s.proven(ctx, by.Account)
	if err != nil {
		return Organisation{}, err
	}
	needs, gives := s.cfg.Founding()
	if gives == 0 || person.IAL < needs {
		return Organisation{}, fault.New(fault.MandateLevel)
	}
	if err := s.ask(ctx, by.Account); err != nil {
		return Organisation{}, err
	}
	now := s.cfg.Now().UTC()
	answer, err := s.cfg.Register.Organisation(ctx, OrganisationQuestion{RequestID: ident.New(s.cfg.Rand, "reg"), USCC: uscc, Name: name, RepresentativeName: person.Name, RepresentativeNumber: person.IDNumber})
	switch {
	case err != nil:
		return Organisation{}, fault.Wrap(err, fault.RegisterSilent)
	case !answer.Known, !answer.Representative: // one answer: who the representative is, is nobody's business here
		return Organisation{}, fault.New(fault.OrganisationMismatch).WithField("organisation-code", fault.OrganisationMismatch)
	case answer.State != Registered:
		return Organisation{}, fault.New(fault.OrganisationEnded).WithField("organisation-code", fault.OrganisationEnded)
	}
	o := Organisation{Representative: by.Account, State: Registered, CheckedAt: now, CreatedAt: now}
	existing, err := s.cfg.Accounts.ByIdentity(ctx, IDTypeUSCC, string(uscc))
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return s.found(ctx, o, min(gives, person.IAL), name, uscc, answer)
	case err != nil:
		return o, fault.Wrap(err, fault.Unavailable)
	}
	return s.succeed(ctx, existing, by.Account, answer)
}

// found makes the account: an organisation is known no more surely than the person who stands for it.
func (s *Service) found(ctx context.Context, o Organisation, level subject.IAL, name string, uscc subject.USCC, answer OrganisationAnswer) (Organisation, error) {
	account, proof, err := s.cfg.Accounts.Draft(ctx, organisationMark[:len(organisationMark)-1], idp.Proof{IAL: level, Method: registerMethod, Source: s.cfg.Register.Name(), At: o.CreatedAt, Evidence: answer.Digest}, name, IDTypeUSCC, string(uscc))
	if err != nil {
		return o, err
	}
	o.ID = account.ID
	m := s.office(o, answer.Digest)
	record := audit.With(idp.Event(ctx, o.CreatedAt, "organisation.founded", "account", o.ID, map[string]string{"representative": o.Representative, "evidence": answer.Digest, "ial": fmt.Sprint(int(level))}), s.event(ctx, m, "active"))
	err = s.cfg.Organisations.PutOrganisation(ctx, o, account, proof, m, record)
	if errors.Is(err, idp.ErrBound) {
		if _, again := s.cfg.Accounts.ByIdentity(ctx, IDTypeUSCC, string(uscc)); errors.Is(again, idp.ErrNotFound) {
			return o, fault.Wrap(err, fault.OrganisationFormer).WithField("organisation-code", fault.OrganisationFormer)
		}
		return o, fault.Wrap(err, fault.Conflict) // somebody was faster by a moment
	}
	if err != nil {
		return o, fault.Wrap(err, fault.Unavailable)
	}
	return o, nil
}

// office is the mandate of a legal representative: from the register, so that nobody confirms it.
func (s *Service) office(o Organisation, evidence string) Mandate {
	now := s.cfg.Now().UTC()
	policy, _ := PolicyOf(LegalRepresentative)
	return Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: o.ID, Agent: o.Representative, Depth: 1, Kind: LegalRepresentative, Items: []string{AllItems}, Rights: policy.Default, MaxClass: policy.MaxClass,
		State: Active, Evidence: evidence, NotBefore: now, NotAfter: now.Add(policy.Life), CreatedAt: now, PrincipalAt: now, AgentAt: now}
}

func (s *Service) succeed(ctx context.Context, id, representative string, answer OrganisationAnswer) (Organisation, error) {
	o, err := s.Organisation(ctx, id)
	if err != nil {
		return o, err
	}
	account, err := s.cfg.Accounts.Account(ctx, id)
	if err != nil {
		return o, fault.Wrap(err, fault.Unavailable)
	}
	if account.State != idp.AccountActive || o.State != Registered {
		return o, fault.New(fault.OrganisationEnded)
	}
	if o.Representative == representative {
		live, err := s.Live(ctx, representative)
		if err != nil {
			return o, err
		}
		for _, m := range live {
			if m.Principal == id && m.Kind == LegalRepresentative {
				return o, nil // made before
			}
		}
	} else if o.FrozenAt.IsZero() { // the agents of the one before wait until the new one has looked at them
		if err := s.freeze(ctx, o); err != nil {
			return o, err
		}
	}
	o.Representative, o.CheckedAt = representative, s.cfg.Now().UTC()
	m := s.office(o, answer.Digest)
	record := audit.With(idp.Event(ctx, o.CheckedAt, "organisation.representative", "account", id, map[string]string{"representative": representative, "evidence": answer.Digest}), s.event(ctx, m, "active"))
	if err := s.cfg.Organisations.SucceedOrganisation(ctx, o, m, record); err != nil {
		return o, fault.Wrap(err, fault.Unavailable)
	}
	return s.Organisation(ctx, id)
}

// Represents judges whether somebody speaks for an organisation as its legal representative, with a login of the last minutes.
func (s *Service) Represents(ctx context.Context, by By, id string) error {
	if err := s.InOffice(ctx, by.Account, id); err != nil {
		return err
	}
	return s.fresh(ctx, by)
}

// InOffice judges whether somebody is the legal representative of an organisation now, with a login of any age: for what only takes
// something back.
func (s *Service) InOffice(ctx context.Context, account, id string) error {
	kinds, err := s.Appoints(ctx, account, id)
	if err != nil {
		return err
	}
	if !slices.Contains(kinds, Administrator) { // whom the legal representative alone appoints
		return fault.New(fault.NotFound)
	}
	o, err := s.Organisation(ctx, id)
	if err != nil {
		return err
	}
	if o.State != Registered {
		return fault.New(fault.OrganisationEnded)
	}
	return nil
}

// Organisation reads one; fault.NotFound.
func (s *Service) Organisation(ctx context.Context, id string) (Organisation, error) {
	o, err := s.cfg.Organisations.Organisation(ctx, id)
	if errors.Is(err, idp.ErrNotFound) {
		return o, fault.New(fault.NotFound)
	}
	if err != nil {
		return o, fault.Wrap(err, fault.Unavailable)
	}
	return o, nil
}

// Recheck asks the register about an organisation again. Deregistration ends the organisation with all its mandates; another
// legal representative ends the office of the one before and freezes rights of high risk until the new one confirms them.
// Silence changes nothing.
func (s *Service) Recheck(ctx context.Context, id string) error {
	o, err := s.Organisation(ctx, id)
	if err != nil {
		return err
	}
	organisation, err := s.cfg.People.Person(ctx, id)
	if err != nil {
		return err
	}
	representative, err := s.cfg.People.Person(ctx, o.Representative)
	if err != nil {
		return err
	}
	answer, err := s.question(ctx, organisation.IDNumber, organisation.Name, representative)
	if err != nil {
		return err
	}
	state := answer.State
	switch {
	case !answer.Known: // renamed, perhaps: it goes to the queue of people, and the register is asked again tomorrow
		var record audit.Record
		if o.UnknownAt.IsZero() {
			record = audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "organisation.unknown", "account", id, nil))
		}
		if err := s.cfg.Organisations.Unknown(ctx, id, s.cfg.Now().UTC(), record); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		return fault.New(fault.OrganisationMismatch)
	case state == Deregistered, state == Withdrawn:
		return s.dissolve(ctx, o, state, nil, s.knownAgain(ctx, o, state))
	case !answer.Representative && o.FrozenAt.IsZero():
		if err := s.freeze(ctx, o); err != nil {
			return err
		}
	}
	if answer.Representative && organisation.IAL < minIAL { // a correction had ended its level
		if err := s.regain(ctx, organisation, representative, answer); err != nil {
			return err
		}
	}
	return s.checked(ctx, o, state)
}

// question asks the register whether code, name and representative of an organisation belong together; fault.RegisterSilent.
func (s *Service) question(ctx context.Context, code, name string, representative idp.Person) (OrganisationAnswer, error) {
	answer, err := s.cfg.Register.Organisation(ctx, OrganisationQuestion{RequestID: ident.New(s.cfg.Rand, "reg"), USCC: subject.USCC(code), Name: name,
		RepresentativeName: representative.Name, RepresentativeNumber: representative.IDNumber})
	if err != nil {
		err = fault.Wrap(err, fault.RegisterSilent)
	}
	return answer, err
}

// checked notes an answer of the register; that it knows the organisation again closes its line in the queue of people.
func (s *Service) checked(ctx context.Context, o Organisation, state RegisterState) error {
	if err := s.cfg.Organisations.Checked(ctx, o.ID, state, s.cfg.Now().UTC(), s.knownAgain(ctx, o, state)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// knownAgain is the event of an organisation that the register did not know before; nothing where it did.
func (s *Service) knownAgain(ctx context.Context, o Organisation, state RegisterState) audit.Record {
	if o.UnknownAt.IsZero() {
		return audit.Record{}
	}
	return audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "organisation.known_again", "account", o.ID, map[string]string{"state": string(state)}))
}

// freeze ends the office of the legal representative and leaves the others with what does no harm.
func (s *Service) freeze(ctx context.Context, o Organisation) error {
	now := s.cfg.Now().UTC()
	record := audit.With(idp.Event(ctx, now, "organisation.frozen", "account", o.ID, map[string]string{"representative": o.Representative}))
	var office *Mandate
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, o.ID, behind, endPage)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		for i, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if !m.InForce(now) {
				continue
			}
			if m.Kind == LegalRepresentative {
				office = &page[i]
				continue
			}
			messages, err := notices(m, "frozen")
			if err != nil {
				return err
			}
			parties, err := s.cfg.Store.MandateParties(ctx, m.ID)
			if err != nil {
				return fault.Wrap(err, fault.Unavailable)
			}
			farewell, err := s.cfg.Farewell(parties)
			if err != nil {
				return err
			}
			record = record.And(messages...).And(farewell...)
		}
		if len(page) < endPage {
			break
		}
	}
	if office != nil {
		if err := s.end(ctx, *office, Ended, "system:register", "representative"); err != nil && fault.CodeOf(err) != fault.MandateState {
			return err
		}
	}
	err := s.cfg.Organisations.FreezeOrganisation(ctx, o.ID, now, record)
	if err != nil && !errors.Is(err, ErrMoved) {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return nil
}

// Thaw is the new legal representative's confirmation of the agents that were frozen; those that it does not want it stops
// first.
func (s *Service) Thaw(ctx context.Context, by By, id string) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	live, err := s.Live(ctx, by.Account)
	if err != nil {
		return err
	}
	for _, m := range live {
		if m.Principal != id || m.Kind != LegalRepresentative || !m.Has(Manage) {
			continue
		}
		e := idp.Event(ctx, s.cfg.Now().UTC(), "organisation.thawed", "account", id, map[string]string{"representative": by.Account})
		e.ActingFor = id
		err := s.cfg.Organisations.ThawOrganisation(ctx, id, audit.With(e))
		if errors.Is(err, ErrMoved) {
			return fault.Wrap(err, fault.MandateState)
		}
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		return nil
	}
	return fault.New(fault.Forbidden)
}

// StopAgent ends all mandates that one person has of an organisation, at one press: for staff who leave.
func (s *Service) StopAgent(ctx context.Context, by, organisation, agent string) (ended int, err error) {
	kinds, err := s.Appoints(ctx, by, organisation)
	if err != nil {
		return 0, err
	}
	if len(kinds) == 0 {
		return 0, fault.New(fault.Forbidden)
	}
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, organisation, behind, endPage)
		if err != nil {
			return ended, fault.Wrap(err, fault.Unavailable)
		}
		for _, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if m.Agent != agent || m.State != Proposed && m.State != Active || m.Kind == LegalRepresentative {
				continue
			}
			if m.Kind == Administrator && !slices.Contains(kinds, Administrator) {
				return ended, fault.New(fault.Forbidden)
			}
			if err := s.end(ctx, m, Revoked, "account:"+by, "left"); err != nil && fault.CodeOf(err) != fault.MandateState {
				return ended, err
			}
			ended++
		}
		if len(page) < endPage {
			return ended, nil
		}
	}
}

// recheckPage bounds what one turn of the clock asks the register.
const recheckPage = 20

// RecheckDue asks the register about the organisations that were not checked for a day. One that it is silent about ends the turn, since it
// may be silent about all; the next turn begins with others, some of which may be no more.
func (s *Service) RecheckDue(ctx context.Context) (n int, err error) {
	now := s.cfg.Now().UTC()
	return idp.Turn[Organisation]{
		Job: JobRecheck, Rows: s.cfg.Store, Now: now, Size: recheckPage, Most: recheckPage,
		Page: func(ctx context.Context, limit int) ([]Organisation, error) {
			return s.cfg.Organisations.OrganisationsDue(ctx, now, recheckAfter, limit)
		},
		ID: func(o Organisation) string { return o.ID },
		Do: func(ctx context.Context, o Organisation) error {
			if err := s.Recheck(ctx, o.ID); fault.CodeOf(err) != fault.OrganisationMismatch { // which stands in the queue of people
				return err
			}
			return nil
		},
		Last: func(err error) bool { return fault.CodeOf(err) == fault.RegisterSilent },
	}.Run(ctx)
}
