package mandate

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Errors of stores.
var (
	ErrMoved = errors.New("mandate: not in the state that the change begins in")
	ErrTwin  = errors.New("mandate: there is one between the two already")
	ErrFull  = errors.New("mandate: as many as are allowed")
)

// Sides of a mandate.
const (
	SidePrincipal = "principal"
	SideAgent     = "agent"
)

// End says how a mandate ends.
type End struct {
	State  State
	By     string // actor
	Reason string // machine word
	At     time.Time
}

// Party is where a session signed in under a mandate.
type Party struct{ Mandate, SID, ClientID, Subject string }

// Use is one sign-in under a mandate, or what was done at our own pages.
type Use struct {
	MandateID string
	Agent     string
	ClientID  string // empty for our own pages
	What      string // what was done there: UseLook and the like; empty for a sign-in
	At        time.Time
	ID        string
}

// Mark is the last entry of the page before; the zero value is the beginning.
type Mark struct {
	At time.Time
	ID string
}

// Bounds are counted inside the change that stores a mandate.
type Bounds struct {
	OfPrincipal int // proposed and live ones of the kind; 0: any number
	OfAgent     int
	Relatives   bool // the two are declared relatives
	Single      bool // one proposed or live mandate of the kind between the same two
}

// Store keeps mandates; idpdb implements it. Each change is one transaction with its audit record.
type Store interface {
	idp.Deferrals
	// PutMandate stores a proposal, or a mandate that is active at once; ErrFull when a bound is reached, ErrUnrelated when the two
	// have to be relatives and are not, ErrTwin when there has to be one between the two and is already, ErrMoved when the one
	// that it is passed on from, or the principal, is no longer active.
	PutMandate(ctx context.Context, m Mandate, b Bounds, record audit.Record) error
	// ConfirmMandate makes a proposal active; ErrMoved when it is none any more, ErrUnrelated as above.
	ConfirmMandate(ctx context.Context, principal, id, side string, at time.Time, record audit.Record) error
	// EndMandate ends a mandate that is proposed or active with all that was passed on from it, and the grants under them;
	// ErrMoved when it ended before.
	EndMandate(ctx context.Context, principal, id string, e End, record audit.Record) error
	// MandateOf reads a mandate of which the account is a side; idp.ErrNotFound otherwise.
	MandateOf(ctx context.Context, account, id string) (Mandate, error)
	// MandatesByPrincipal and MandatesByAgent list mandates in any state, the newest first.
	MandatesByPrincipal(ctx context.Context, principal string, behind Mark, limit int) ([]Mandate, error)
	MandatesByAgent(ctx context.Context, agent string, behind Mark, limit int) ([]Mandate, error)
	// LiveMandates are those under which an agent may act now, the last used first.
	LiveMandates(ctx context.Context, agent string, now time.Time, limit int) ([]Mandate, error)
	// PassedOn are the identifiers of what was passed on from a mandate and has not ended.
	PassedOn(ctx context.Context, principal, id string) ([]Mandate, error)
	// MandateParties is where sessions signed in under a mandate.
	MandateParties(ctx context.Context, id string) ([]Party, error)
	// MandateUses are the sign-ins under a mandate, the newest first.
	MandateUses(ctx context.Context, principal, id string, behind Mark, limit int) ([]Use, error)
	// Acting is as whom a session goes on at a client; ok is false when nothing was chosen.
	Acting(ctx context.Context, sid, clientID string) (mandateID string, at time.Time, ok bool, err error)
	// SetActing stores it; for our own pages it is the choice for every client from here on.
	SetActing(ctx context.Context, sid, clientID, principal, mandateID string, at time.Time, record audit.Record) error
	// DueMandates are active ones whose time is over and which are not put off, the longest over first.
	DueMandates(ctx context.Context, now time.Time, limit int) ([]Mandate, error)
}

// People is what the service asks of the accounts.
type People interface {
	Person(ctx context.Context, accountID string) (idp.Person, error)
	ByIdentifier(ctx context.Context, identifier subject.Identifier) (idp.Account, error)
}

// Throttle counts searches.
type Throttle interface {
	// Count counts a try on a key and answers how many there were in the span.
	Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
}

// Config of the service.
type Config struct {
	Store  Store
	People People
	// Farewell makes the logout messages to the parties of sessions that end with a mandate.
	Farewell func(parties []Party) ([]audit.Message, error)
	Throttle Throttle

	Organisations OrganisationStore
	Family        FamilyStore
	Relatives     RelativeStore
	Here          HereStore
	Keepers       KeeperStore
	Accounts      Accounts
	Register      Register
	Items         Items // service items that mandates name
	// Founding is the level that a legal representative needs to make an organisation, and the most that the register gives it.
	Founding func() (needs, gives subject.IAL)
	Phone    *PhoneConfig // lets elders confirm by telephone; nil does not
	// FamilyMost takes the place of the number of family accounts and elders' helpers in their policies; 0 does not.
	FamilyMost int
	Now        func() time.Time
	Rand       io.Reader
	Wake       func() // tells the outbox that something is due
}

// Service gives, confirms and ends mandates.
type Service struct{ cfg Config }

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Terms of a mandate as they are asked for.
type Terms struct {
	Kind        Kind
	Items       []string
	DetailTypes []string
	Rights      []Right
	MaxClass    int
	Delegable   bool
	Until       time.Time // zero: the kind's default
}

// TopicNotice is the outbox topic of notices about mandates.
const TopicNotice = "notice.mandate"

// Notice is its payload: what happened to a mandate, for one account. Addresses are read when it is delivered.
type Notice struct {
	Event     string    `json:"event"` // proposed, active, refused, revoked, expired, ended, ending
	Account   string    `json:"account"`
	Principal string    `json:"principal"`
	Agent     string    `json:"agent"`
	MandateID string    `json:"mandate_id"`
	Kind      Kind      `json:"kind,omitempty"` // absent in notices of releases before
	Items     []string  `json:"items"`
	Until     time.Time `json:"until"`
}

// notices are to both sides.
func notices(m Mandate, event string) ([]audit.Message, error) {
	var all []audit.Message
	for _, account := range []string{m.Principal, m.Agent} {
		payload, err := json.Marshal(Notice{event, account, m.Principal, m.Agent, m.ID, m.Kind, m.Items, m.NotAfter})
		if err != nil {
			return nil, err
		}
		all = append(all, audit.Message{Topic: TopicNotice, Key: m.ID, Payload: payload})
	}
	return all, nil
}

// event is an audit event that names both sides.
func (s *Service) event(ctx context.Context, m Mandate, kind string) audit.Event {
	rights := make([]string, len(m.Rights))
	for i, r := range m.Rights {
		rights[i] = string(r)
	}
	details := map[string]string{"principal": m.Principal, "agent": m.Agent, "kind": string(m.Kind), "rights": strings.Join(rights, " "), "depth": strconv.Itoa(m.Depth)}
	if m.Parent != "" {
		details["parent"] = m.Parent
	}
	e := idp.Event(ctx, s.cfg.Now().UTC(), "mandate."+kind, "mandate", m.ID, details)
	if e.ActingFor == "" && e.Actor != "account:"+m.Principal && e.Actor != "account:"+m.Agent {
		e.ActingFor = m.Principal
	}
	return e
}

func (s *Service) record(ctx context.Context, m Mandate, event string) (audit.Record, error) {
	messages, err := notices(m, event)
	return audit.With(s.event(ctx, m, event)).And(messages...), err
}

// Limits of what is written into a mandate.
const (
	maxItems = 50
)

// apply checks terms against the policy of their kind and fills in its defaults.
func (t Terms) apply(m *Mandate, now time.Time) error {
	policy, known := PolicyOf(t.Kind)
	wrong := func(field string) error { return fault.New(fault.MandateTerms).WithField(field, fault.MandateTerms) }
	if !known {
		return wrong("mandate-kind")
	}
	if t.Until.IsZero() {
		t.Until = now.Add(policy.Life)
	}
	if t.MaxClass == 0 {
		t.MaxClass = ClassName
	}
	if len(t.Rights) == 0 {
		t.Rights = policy.Default
	}
	for _, list := range [][]string{t.Items, t.DetailTypes} {
		if len(list) > maxItems || slices.ContainsFunc(list, func(i string) bool { return !idp.ServiceItem(i) }) {
			return wrong("mandate-items")
		}
	}
	switch {
	case len(t.Items) == 0, slices.Contains(t.Items, AllItems) && len(t.Items) > 1:
		return wrong("mandate-items")
	case policy.MaxItems > 0 && (len(t.Items) > policy.MaxItems || slices.Contains(t.Items, AllItems)):
		return wrong("mandate-items")
	case slices.ContainsFunc(t.Rights, func(r Right) bool { return !slices.Contains(policy.Rights, r) }):
		return wrong("mandate-rights")
	case !t.Until.After(now), t.Until.After(now.Add(policy.MaxLife)):
		return wrong("mandate-until")
	case t.MaxClass < ClassName, t.MaxClass > policy.MaxClass:
		return wrong("mandate-class")
	case t.Delegable && !policy.Delegable:
		return wrong("mandate-delegable")
	}
	m.Kind, m.Rights, m.MaxClass, m.Delegable, m.NotAfter = t.Kind, slices.Clone(t.Rights), t.MaxClass, t.Delegable, t.Until.UTC()
	m.Items, m.DetailTypes = sorted(t.Items), sorted(t.DetailTypes)
	return nil
}

// applies is apply, and refuses items that a mandate of the principal cannot name.
func (s *Service) applies(t Terms, m *Mandate, now time.Time) error {
	if t.Kind == SealKeeper {
		if err := t.checkSeals(); err != nil {
			return err
		}
		return t.apply(m, now)
	}
	if err := t.apply(m, now); err != nil {
		return err
	}
	if t.Kind == LicenseKeeper {
		return t.checkLicenses()
	}
	return s.cfg.Items.check(m.Principal, m.Items)
}

// Items are the service items that mandates name.
func (s *Service) Items() Items { return s.cfg.Items }

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// minIAL is the level that each side needs: whoever is not known by name can neither give nor take (R 2.5).
const minIAL = 1

// proven reads an active person or organisation whose name was proven.
func (s *Service) proven(ctx context.Context, account string) (idp.Person, error) {
	p, err := s.cfg.People.Person(ctx, account)
	if err != nil {
		return p, err
	}
	if p.State != idp.AccountActive || p.IAL < minIAL || p.Nameless() { // nobody mandates, or is mandated, without a name
		return p, fault.New(fault.MandateLevel)
	}
	return p, nil
}

// By is who asks for a change, and when that person last showed who it is.
type By struct {
	Account    string
	SignedInAt time.Time
}

// FreshLogin is how long after a login mandates may be given and accepted.
const FreshLogin = 10 * time.Minute

// fresh refuses who did not sign in a moment ago, and whose password was recovered within the last day. Ending a
// mandate asks for neither.
func (s *Service) fresh(ctx context.Context, by By) error {
	if s.cfg.Now().Sub(by.SignedInAt) > FreshLogin {
		return fault.New(fault.MandateLogin)
	}
	return s.rested(ctx, by.Account)
}

// Searches of one account in a day: whoever looks for others by their numbers is stopped.
const searchesADay = 20

// FindAgent finds the person of a name and a number or address. That one of them does not fit and that nobody has them are
// one answer.
func (s *Service) FindAgent(ctx context.Context, by By, name, identifier string) (string, error) {
	if err := s.fresh(ctx, by); err != nil {
		return "", err
	}
	n, err := s.cfg.Throttle.Count(ctx, "mandate.search", []byte(by.Account), day, s.cfg.Now().UTC())
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	if n > searchesADay {
		return "", fault.New(fault.TooManyRequests)
	}
	who, err := subject.ParseIdentifier(identifier)
	if err != nil {
		return "", fault.Wrap(err, fault.IdentifierInvalid).WithField("mandate-to", fault.IdentifierInvalid)
	}
	wanted, err := subject.ParsePersonName(name)
	if err != nil {
		return "", fault.Wrap(err, fault.ProofingName).WithField("mandate-name", fault.ProofingName)
	}
	unknown := fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	account, err := s.cfg.People.ByIdentifier(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return "", unknown
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	person, err := s.cfg.People.Person(ctx, account.ID)
	if err != nil {
		return "", err
	}
	if person.State != idp.AccountActive || person.IAL < minIAL || person.Name != wanted {
		return "", unknown
	}
	return account.ID, nil
}

// appointed are the kinds that an organisation gives.
var appointed = []Kind{Staff, Administrator, LicenseKeeper, SealKeeper}

// betweenPersons are the kinds that a person gives, or that somebody asks a person for.
var betweenPersons = []Kind{Relative, Family, ElderHelper, VillageHelper}

// Give proposes that an agent acts for a principal; the agent confirms it. by is the account that gives: the principal
// itself, or an agent with the right to manage an organisation.
func (s *Service) Give(ctx context.Context, by By, principal, agent string, t Terms) (Mandate, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Mandate{}, err
	}
	now := s.cfg.Now().UTC()
	m := Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: principal, Agent: agent, Depth: 1, State: Proposed, NotBefore: now, CreatedAt: now, PrincipalAt: now}
	if err := s.applies(t, &m, now); err != nil {
		return m, err
	}
	switch {
	case principal == agent:
		return m, fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	case IsOrganisation(agent):
		return m, fault.New(fault.MandateAgent)
	case by.Account == principal && slices.Contains(betweenPersons, m.Kind):
	case IsOrganisation(principal) && slices.Contains(appointed, m.Kind):
		if err := s.mayAppoint(ctx, by.Account, m); err != nil {
			return m, err
		}
	default:
		return m, fault.New(fault.Forbidden)
	}
	return m, s.propose(ctx, m)
}

// PassOn proposes that another agent acts under a part of a mandate that allows it. The principal stays the same and is
// told; what is passed on ends with what it was passed on from.
func (s *Service) PassOn(ctx context.Context, by By, parentID, agent string, t Terms) (Mandate, error) {
	if err := s.fresh(ctx, by); err != nil {
		return Mandate{}, err
	}
	now := s.cfg.Now().UTC()
	parent, err := s.Of(ctx, by.Account, parentID)
	if err != nil {
		return Mandate{}, err
	}
	if parent.Agent != by.Account {
		return Mandate{}, fault.New(fault.Forbidden)
	}
	t.Kind, t.Delegable = parent.Kind, false
	if t.Until.IsZero() {
		t.Until = parent.NotAfter
	}
	m := Mandate{ID: ident.New(s.cfg.Rand, idMark), Principal: parent.Principal, Agent: agent, Via: by.Account, Parent: parent.ID, Depth: parent.Depth + 1, State: Proposed, NotBefore: now, CreatedAt: now, PrincipalAt: now}
	if err := s.applies(t, &m, now); err != nil {
		return m, err
	}
	switch {
	case !parent.Live(now):
		return m, fault.New(fault.MandateState)
	case !parent.Delegable, m.Depth > MaxDepth:
		return m, fault.New(fault.Forbidden)
	case agent == by.Account, agent == parent.Principal, IsOrganisation(agent):
		return m, fault.New(fault.MandateAgent).WithField("mandate-to", fault.MandateAgent)
	case !m.Within(parent) || slices.ContainsFunc(m.Rights, func(r Right) bool { return !parent.Has(r) }):
		return m, fault.New(fault.MandateTerms)
	}
	return m, s.propose(ctx, m)
}

func (s *Service) propose(ctx context.Context, m Mandate) error {
	for _, account := range []string{m.Principal, m.Agent} {
		if _, err := s.proven(ctx, account); err != nil {
			return err
		}
	}
	record, err := s.record(ctx, m, "proposed")
	if err != nil {
		return err
	}
	return s.put(ctx, m, record)
}

// bounds are those of a kind's policy, with the numbers of this deployment.
func (s *Service) bounds(kind Kind) Bounds {
	policy, _ := PolicyOf(kind)
	b := Bounds{policy.MaxAgents, policy.PrincipalN, policy.Relatives, kind == GuardianLimited}
	if s.cfg.FamilyMost > 0 && (kind == Family || kind == ElderHelper) {
		b.OfPrincipal, b.OfAgent = s.cfg.FamilyMost, s.cfg.FamilyMost
	}
	return b
}

func (s *Service) put(ctx context.Context, m Mandate, record audit.Record) error {
	err := s.cfg.Store.PutMandate(ctx, m, s.bounds(m.Kind), record)
	switch {
	case errors.Is(err, ErrFull):
		return fault.Wrap(err, fault.MandateLimit)
	case errors.Is(err, ErrUnrelated):
		return fault.Wrap(err, fault.RelativeNeeded)
	case errors.Is(err, ErrMoved), errors.Is(err, ErrTwin):
		return fault.Wrap(err, fault.MandateState)
	case err != nil:
		return fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return nil
}

// Of reads a mandate for one of its sides; fault.NotFound for everybody else.
func (s *Service) Of(ctx context.Context, account, id string) (Mandate, error) {
	m, err := s.cfg.Store.MandateOf(ctx, account, id)
	if errors.Is(err, idp.ErrNotFound) {
		return m, fault.New(fault.NotFound)
	}
	if err != nil {
		return m, fault.Wrap(err, fault.Unavailable)
	}
	return m, nil
}

// Accept is the confirmation of the side that was asked, from which on the mandate holds.
func (s *Service) Accept(ctx context.Context, by By, id string) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	agent := by.Account
	m, err := s.Of(ctx, agent, id)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	side := SideAgent
	switch {
	case m.Agent == agent && m.AgentAt.IsZero():
	case m.Principal == agent && m.PrincipalAt.IsZero():
		side = SidePrincipal
	default:
		return fault.New(fault.Forbidden) // nobody confirms for the other side
	}
	if m.StateAt(now) != Proposed {
		return fault.New(fault.MandateState)
	}
	if _, err := s.proven(ctx, agent); err != nil {
		return err
	}
	record, err := s.record(ctx, m, "active")
	if err != nil {
		return err
	}
	err = s.cfg.Store.ConfirmMandate(ctx, m.Principal, m.ID, side, now, record)
	if errors.Is(err, ErrUnrelated) {
		return fault.Wrap(err, fault.RelativeNeeded)
	}
	if errors.Is(err, ErrMoved) {
		return fault.Wrap(err, fault.MandateState)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return nil
}

// Stop ends a mandate at the wish of one side: the principal or whoever manages it, the agent, or the agent who passed it
// on. A proposal that is stopped by who was asked was refused.
func (s *Service) Stop(ctx context.Context, by, id, reason string) error {
	m, err := s.Visible(ctx, by, id)
	if err != nil {
		return err
	}
	state := Revoked
	if m.StateAt(s.cfg.Now()) == Proposed && m.WaitsFor(by) {
		state = Refused
	}
	return s.end(ctx, m, state, "account:"+by, reason)
}

// Visible reads a mandate that an account may see and end: one of which it is a side, that it passed on, or of an organisation
// that it manages.
func (s *Service) Visible(ctx context.Context, by, id string) (Mandate, error) {
	m, err := s.Of(ctx, by, id)
	if fault.CodeOf(err) != fault.NotFound {
		return m, err
	}
	live, err := s.Live(ctx, by)
	if err != nil {
		return m, err
	}
	for _, own := range live {
		if !own.Has(Manage) && !own.Delegable {
			continue
		}
		if m, err = s.Of(ctx, own.Principal, id); fault.CodeOf(err) != fault.NotFound {
			if err == nil && !own.Has(Manage) && m.Parent != own.ID {
				return m, fault.New(fault.NotFound)
			}
			if err == nil && own.Has(Manage) && !slices.Contains([]Kind{Staff, LicenseKeeper, SealKeeper}, m.Kind) && own.Kind != LegalRepresentative {
				return m, fault.New(fault.Forbidden) // administrators stop those whom they may appoint
			}
			return m, err
		}
	}
	return m, fault.New(fault.NotFound)
}

// end ends a mandate, with what was passed on from it, and has everybody told.
func (s *Service) end(ctx context.Context, m Mandate, state State, by, reason string) error {
	now := s.cfg.Now().UTC()
	record, err := s.endRecord(ctx, m, state, reason)
	if err != nil {
		return err
	}
	below, err := s.cfg.Store.PassedOn(ctx, m.Principal, m.ID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, child := range below {
		more, err := s.endRecord(ctx, child, Ended, "parent")
		if err != nil {
			return err
		}
		record.Events, record.Messages = append(record.Events, more.Events...), append(record.Messages, more.Messages...)
	}
	err = s.cfg.Store.EndMandate(ctx, m.Principal, m.ID, End{State: state, By: by, Reason: reason, At: now}, record)
	if errors.Is(err, ErrMoved) {
		return fault.Wrap(err, fault.MandateState)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return nil
}

// EndAll ends every mandate of which an account is a side, for instance because the person died or the organisation was
// deregistered. What ended before stays as it is, so that it may be called again.
func (s *Service) EndAll(ctx context.Context, account, reason string) error {
	for _, list := range []func(context.Context, string, Mark, int) ([]Mandate, error){s.cfg.Store.MandatesByPrincipal, s.cfg.Store.MandatesByAgent} {
		for behind := (Mark{}); ; {
			page, err := list(ctx, account, behind, endPage)
			if err != nil {
				return fault.Wrap(err, fault.Unavailable)
			}
			for _, m := range page {
				behind = Mark{m.CreatedAt, m.ID}
				if m.State != Proposed && m.State != Active {
					continue
				}
				if err := s.end(ctx, m, Ended, "system:register", reason); err != nil && fault.CodeOf(err) != fault.MandateState {
					return err
				}
			}
			if len(page) < endPage {
				break
			}
		}
	}
	return nil
}

// endPage is how many mandates are read at once, and endMost how many a turn of the clock ends.
const (
	endPage = 100
	endMost = 1000
)

// Jobs of the clock, under which rows that failed are put off.
const (
	JobExpire  = "mandate.expire"
	JobWarn    = "mandate.warn"
	JobRecheck = "organisation.recheck"
)

// Expire writes down that the time of mandates is over, and has the parties of their sessions told. It returns how many
// there were.
func (s *Service) Expire(ctx context.Context) (n int, err error) {
	now := s.cfg.Now().UTC()
	return idp.Turn[Mandate]{
		Job: JobExpire, Rows: s.cfg.Store, Now: now, Size: endPage, Most: endMost,
		Page: func(ctx context.Context, limit int) ([]Mandate, error) {
			return s.cfg.Store.DueMandates(ctx, now, limit)
		},
		ID: func(m Mandate) string { return m.ID },
		Do: func(ctx context.Context, m Mandate) error {
			if err := s.end(ctx, m, Expired, "system:clock", "time"); fault.CodeOf(err) != fault.MandateState { // ended meanwhile
				return err
			}
			return nil
		},
	}.Run(ctx)
}

// maxLive bounds the identities that a person chooses among.
const maxLive = 200

// Live are the mandates under which an agent may act now, the last used first.
func (s *Service) Live(ctx context.Context, agent string) ([]Mandate, error) {
	all, err := s.cfg.Store.LiveMandates(ctx, agent, s.cfg.Now().UTC(), maxLive)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}
