package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// MemberState is where an account of staff stands. Only an active one signs in.
type MemberState string

// States of an account of staff.
const (
	MemberNew       MemberState = "new" // waits for its enrolment
	MemberActive    MemberState = "active"
	MemberSuspended MemberState = "suspended"
	MemberClosed    MemberState = "closed"
)

// MemberStates are all of them.
var MemberStates = []MemberState{MemberNew, MemberActive, MemberSuspended, MemberClosed}

// Bounds of enrolment and names.
const (
	EnrolLife  = 7 * 24 * time.Hour
	EnrolTries = 5
	enrolCode  = 12 // digits
	maxLogin   = 64
	maxNamed   = 60 // characters
)

// operatorFile stands behind what a file of the operator makes: whoever applies one can do anything.
const operatorFile = "operator:file"

// Member is an account of staff: a realm of its own, with nothing of a citizen's account.
type Member struct {
	ID    string
	Login string // 工号, canonical
	State MemberState
	// Human is the keyed hash of the legal identity behind the account (idp.Accounts.IdentityLookup). Two accounts of one human are
	// known by it over both realms; an account without it carries no right.
	Human            []byte
	NameKeyID        string
	NameSealed       []byte // the name that is shown; empty for one of a former release
	Department, Path string // path of the area of the department; empty is no area
	Roles            []string
	PasswordHash     string
	CredentialsAt    time.Time
	MadeBy           string // actor who made the account, or opened it for a new enrolment
	EnrolHash        []byte // keyed hash of the code that waits; empty for none
	EnrolUntil       time.Time
	EnrolTries       int
	CreatedAt        time.Time
	UpdatedAt        time.Time
	Version          int64
}

// Actor is the account as an actor.
func (m Member) Actor() string { return "staff:" + m.ID }

// Enrols reports whether a code waits to be used.
func (m Member) Enrols(now time.Time) bool {
	return m.State == MemberNew && len(m.EnrolHash) > 0 && now.Before(m.EnrolUntil) && m.EnrolTries < EnrolTries
}

// MemberQuery selects accounts of staff by identifier.
type MemberQuery struct {
	Path   string // of the area and below; empty is everywhere
	State  MemberState
	Login  string // exactly
	After  string
	Limit  int
	Unsure bool // only those without a human
}

// Errors of the store of members.
var (
	ErrLogin = errors.New("staff: the login name is taken")
	ErrHuman = errors.New("staff: the human has an account of staff")
)

// MemberStore keeps accounts of staff; idpdb implements it. Each change is one transaction with its record.
type MemberStore interface {
	PutMember(ctx context.Context, m Member, record audit.Record) error // ErrLogin, ErrHuman
	Member(ctx context.Context, id string) (Member, error)              // ErrNotFound
	MemberByLogin(ctx context.Context, login string) (Member, error)
	MemberByHuman(ctx context.Context, human []byte) (Member, error)
	Members(ctx context.Context, q MemberQuery) ([]Member, error)
	// SaveMember changes everything but identifier and credentials, if the version is still that of m: ErrConflict. What is not
	// active has no session, and what is new or closed no credential and no link to a source.
	SaveMember(ctx context.Context, m Member, record audit.Record) error
	// BindMember gives an account that is bound to nobody its human, login name, name and department, with the settlement of the proposal;
	// ErrConflict when it is bound or changed meanwhile, ErrLogin, ErrHuman.
	BindMember(ctx context.Context, m Member, settlement *foureyes.Settlement, record audit.Record) error
	// TryEnrolment counts a try of a code that may still be used; false when there is none.
	TryEnrolment(ctx context.Context, id string, now time.Time) (bool, error)
	// FinishEnrolment makes a new account active with its password, if the code with the hash still waits and a second factor was
	// added; ErrConflict.
	FinishEnrolment(ctx context.Context, id string, code []byte, password string, at time.Time, record audit.Record) error
	// SetMemberPassword stores the hash of another password for an active account and ends its sessions: ErrConflict when it is not
	// active.
	SetMemberPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error
	// ReplaceMemberHash stores another hash of the same password; ErrConflict when it is another one.
	ReplaceMemberHash(ctx context.Context, id, old, hash string, record audit.Record) error
	// IdentityOf is the legal identity that an account of a citizen holds, as a keyed hash; idp.ErrNotFound.
	IdentityOf(ctx context.Context, accountID string) ([]byte, error)
	// HolderOf is the account of a citizen that holds a legal identity, or held it before it was corrected; idp.ErrNotFound.
	HolderOf(ctx context.Context, identity []byte) (accountID string, err error)
}

// Members keeps accounts of staff.
type Members struct{ cfg MembersConfig }

// MembersConfig holds what Members needs.
type MembersConfig struct {
	Store    MemberStore
	Areas    *Service
	Accounts *idp.Accounts // for keyed hashes of identities
	Engine   *foureyes.Engine
	Ring     *keys.Ring
	Now      func() time.Time
	Rand     io.Reader
}

// NewMembers returns the service, whose kind the engine knows from then on.
func NewMembers(cfg MembersConfig) *Members {
	s := &Members{cfg}
	if cfg.Engine != nil {
		s.registerBindings()
	}
	return s
}

// Spec says who is to have an account.
type Spec struct {
	Login, Name, Department string
	// Document is the legal identity of the person; Account is the account of a citizen that proved it, in its place.
	Document idp.Identity
	Account  string
	// Roles are held everywhere; only a file of the operator gives them.
	Roles []string
	// Simulated is a person of the sandbox: the identity is made up, the login name may be a mobile number, and nothing is enrolled.
	Simulated bool
	// Standing changes the roles of an account that is there, and nothing else.
	Standing bool
}

// CanonicalLogin is a login name as it is compared; ok is false for what is none. A number that a phone may have is none: whoever
// sees it on a list would know how to reach the person, and the other realm uses it.
func CanonicalLogin(text string) (login string, ok bool) {
	login = strings.ToLower(strings.TrimSpace(text))
	if login == "" || len(login) > maxLogin || strings.ContainsFunc(login, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.@", r)
	}) {
		return "", false
	}
	return login, true
}

func checkLogin(text string) (string, error) {
	login, ok := CanonicalLogin(text)
	if identifier, err := subject.ParseIdentifier(login); ok && err == nil && identifier.Kind == subject.Mobile {
		ok = false
	}
	if !ok {
		return "", fault.New(fault.Invalid).WithField("login", fault.StaffLogin)
	}
	return login, nil
}

// Make opens an account that waits for its enrolment. One administrator of the area of the department may: the account can do nothing
// before another one gives out its code and two give it a right.
func (s *Members) Make(ctx context.Context, spec Spec) (Member, error) {
	login, err := checkLogin(spec.Login)
	if err != nil {
		return Member{}, err
	}
	m, err := s.prepare(ctx, spec, login)
	if err != nil {
		return m, err
	}
	actor := reqctx.From(ctx).Actor
	if m.MadeBy = actor.ID; !actor.HasIn(idp.RoleSecurityAdmin, m.Path) {
		return m, fault.New(fault.Forbidden)
	}
	// The store refuses the same document; here it is the same human by another one.
	if _, err := s.cfg.Store.MemberByHuman(ctx, m.Human); !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = ErrHuman
		}
		return m, s.told(err)
	}
	return m, s.told(s.cfg.Store.PutMember(ctx, m, audit.With(s.event(ctx, "staff.made", m))))
}

// prepare is a new account as a spec says.
func (s *Members) prepare(ctx context.Context, spec Spec, login string) (m Member, err error) {
	now := s.cfg.Now().UTC()
	m = Member{ID: ident.New(s.cfg.Rand, "stf"), Login: login, State: MemberNew, MadeBy: operatorFile, CreatedAt: now, UpdatedAt: now, Version: 1}
	return m, s.fill(ctx, &m, spec)
}

// fill sets who it is, where, and with which roles.
func (s *Members) fill(ctx context.Context, m *Member, spec Spec) (err error) {
	name := strings.Join(strings.Fields(spec.Name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > maxNamed || !utf8.ValidString(name) {
		return fault.New(fault.Invalid).WithField("name", fault.StaffName)
	}
	if err := s.place(ctx, m, spec.Department); err != nil {
		return err
	}
	m.Roles = slices.Clone(spec.Roles)
	if m.Human, err = s.humanOf(ctx, spec); err != nil {
		return err
	}
	return s.sealName(ctx, m, name)
}

// place puts an account into a department, with the path of its area.
func (s *Members) place(ctx context.Context, m *Member, department string) error {
	if m.Department, m.Path = department, ""; department == "" {
		return nil
	}
	d, err := s.cfg.Areas.cfg.Store.Department(ctx, department)
	if errors.Is(err, ErrNotFound) || err == nil && d.Ended {
		return fault.New(fault.Invalid).WithField("department", fault.DepartmentUnknown)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	m.Path = d.Path
	return nil
}

func (s *Members) sealName(ctx context.Context, m *Member, name string) error {
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	m.NameKeyID = cipher.KeyID()
	m.NameSealed, err = cipher.Seal(ctx, []byte(name), namePlace(m.ID))
	return err
}

func namePlace(id string) []byte { return []byte("staff/name/" + id) }

// humanOf is the keyed hash of the legal identity that a spec names.
func (s *Members) humanOf(ctx context.Context, spec Spec) ([]byte, error) {
	if spec.Account != "" {
		human, err := s.cfg.Store.IdentityOf(ctx, spec.Account)
		if errors.Is(err, idp.ErrNotFound) {
			return nil, fault.New(fault.Invalid).WithField("account", fault.StaffAccount)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		return human, nil
	}
	who := spec.Document
	if !spec.Simulated {
		who.Number = strings.TrimSpace(who.Number)
		document, err := s.cfg.Accounts.Documents().Parse(who.Type, who.Number, who.Nationality)
		if err != nil {
			return nil, fault.New(fault.Invalid).WithField("number", fault.StaffDocument)
		}
		who.Number = document.Number
	}
	return s.cfg.Accounts.IdentityLookup(ctx, who)
}

// Name is the name that is shown; the login name where none is known.
func (s *Members) Name(ctx context.Context, m Member) (string, error) {
	if len(m.NameSealed) == 0 {
		return m.Login, nil
	}
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, m.NameKeyID)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	name, err := cipher.Open(ctx, m.NameSealed, namePlace(m.ID))
	return string(name), err
}

// Apply makes or changes an account as the operator's file says. A person who has one under another login name, as after an upgrade,
// keeps it under this one. needsCode tells that the account waits for its enrolment and nobody has a code for it. password gives the
// hash of a simulated person's password, from the one that is stored.
func (s *Members) Apply(ctx context.Context, spec Spec, password func(stored string) (string, error)) (m Member, needsCode bool, err error) {
	login, ok := CanonicalLogin(spec.Login)
	if !ok {
		return m, false, fault.New(fault.Invalid).WithField("login", fault.StaffLogin)
	}
	m, err = s.cfg.Store.MemberByLogin(ctx, login)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return m, false, fault.Wrap(err, fault.Unavailable)
	}
	if spec.Standing && !known {
		return m, false, fault.New(fault.StaffUnknown)
	}
	next := m
	if !spec.Standing {
		if !spec.Simulated && !known {
			if login, err = checkLogin(login); err != nil {
				return m, false, err
			}
		}
		if next, err = s.prepare(ctx, spec, login); err != nil {
			return m, false, err
		}
		if !known {
			m, err = s.cfg.Store.MemberByHuman(ctx, next.Human)
			if known = err == nil; err != nil && !errors.Is(err, ErrNotFound) {
				return m, false, fault.Wrap(err, fault.Unavailable)
			}
		}
	}
	if !known {
		if err := idp.CheckRoles(next.Roles); err != nil {
			return m, false, err
		}
		if spec.Simulated {
			next.State = MemberActive
			if next.PasswordHash, err = password(""); err != nil {
				return m, false, err
			}
		}
		return next, next.State == MemberNew, s.told(s.cfg.Store.PutMember(ctx, next, audit.With(s.event(ctx, "staff.made", next))))
	}
	changed, err := s.merged(ctx, m, next, spec, password)
	if err != nil {
		return m, false, err
	}
	if !slices.Equal(m.Roles, changed.Roles) {
		if err := s.cfg.Areas.CheckRoles(ctx, m.Actor(), changed.Roles); err != nil {
			return m, false, err
		}
	}
	needsCode = changed.State == MemberNew && !changed.Enrols(s.cfg.Now())
	if same(m, changed) {
		return m, needsCode, nil
	}
	changed.UpdatedAt = s.cfg.Now().UTC()
	return changed, needsCode, s.told(s.cfg.Store.SaveMember(ctx, changed, s.changed(ctx, "staff.changed", changed)))
}

// merged is an account that is there as a file wants it.
func (s *Members) merged(ctx context.Context, m, next Member, spec Spec, password func(string) (string, error)) (Member, error) {
	changed := m
	changed.Roles = slices.Clone(spec.Roles)
	if spec.Standing {
		return changed, nil
	}
	if len(m.Human) > 0 && !slices.Equal(m.Human, next.Human) {
		return m, fault.New(fault.Invalid).WithField("login", fault.StaffTaken) // another human would inherit rights
	}
	changed.Login, changed.Department, changed.Path, changed.Human = next.Login, next.Department, next.Path, next.Human
	name, err := s.Name(ctx, m)
	if err != nil {
		return m, err
	}
	if wanted := strings.Join(strings.Fields(spec.Name), " "); len(m.NameSealed) == 0 || name != wanted {
		probe := changed
		if err := s.fill(ctx, &probe, spec); err != nil {
			return m, err
		}
		changed.NameKeyID, changed.NameSealed = probe.NameKeyID, probe.NameSealed
	}
	if !spec.Simulated {
		return changed, nil
	}
	if changed.PasswordHash, err = password(m.PasswordHash); err != nil {
		return m, err
	}
	if changed.PasswordHash != m.PasswordHash {
		changed.CredentialsAt = s.cfg.Now().UTC()
	}
	if m.State == MemberNew {
		changed.State = MemberActive
	}
	return changed, nil
}

// same reports whether a file changes nothing.
func same(a, b Member) bool {
	return a.Login == b.Login && a.Department == b.Department && a.Path == b.Path && slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Human, b.Human) && slices.Equal(a.NameSealed, b.NameSealed) &&
		a.PasswordHash == b.PasswordHash && a.State == b.State
}

// TopicChanged says that something about an account of staff changed: state, department or name. The key is the account.
const TopicChanged = "staff.changed"

// changed is the record of a change of an account, with the message that tells other rooms of it.
func (s *Members) changed(ctx context.Context, kind string, m Member) audit.Record {
	payload, _ := json.Marshal(ChangedMessage{Account: m.Actor()}) // a text cannot fail
	return audit.With(s.event(ctx, kind, m)).And(audit.Message{Topic: TopicChanged, Key: m.ID, Payload: payload})
}

// ChangedMessage is the message of TopicChanged.
type ChangedMessage struct {
	Account string `json:"account"` // as an actor
}

// Suspend stops an account at once.
func (s *Members) Suspend(ctx context.Context, id string) (Member, error) {
	return s.change(ctx, id, "staff.suspended", func(m *Member) bool {
		fits := m.State == MemberActive
		m.State = MemberSuspended
		return fits
	})
}

// Stop suspends the account of staff of the human behind a citizen's account, when a register tells that this human is dead; without
// one nothing happens. It may be said again.
func (s *Members) Stop(ctx context.Context, accountID string) error {
	identity, err := s.cfg.Store.IdentityOf(ctx, accountID)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m, err := s.cfg.Store.MemberByHuman(ctx, identity)
	if errors.Is(err, ErrNotFound) || err == nil && m.State != MemberActive && m.State != MemberNew {
		return nil
	}
	if err != nil {
		return err
	}
	m.State, m.EnrolHash, m.UpdatedAt = MemberSuspended, nil, s.cfg.Now().UTC()
	return s.told(s.cfg.Store.SaveMember(ctx, m, s.changed(ctx, "staff.suspended", m)))
}

// Resume lets a suspended account work on.
func (s *Members) Resume(ctx context.Context, id string) (Member, error) {
	return s.change(ctx, id, "staff.resumed", func(m *Member) bool {
		fits := m.State == MemberSuspended
		m.State = MemberActive
		return fits
	})
}

// Close ends an account for good: it leaves its rights behind in the history and works no more.
func (s *Members) Close(ctx context.Context, id string) (Member, error) {
	return s.change(ctx, id, "staff.closed", func(m *Member) bool {
		fits := m.State != MemberClosed
		m.State, m.PasswordHash, m.EnrolHash, m.Roles = MemberClosed, "", nil, nil
		return fits
	})
}

func (s *Members) change(ctx context.Context, id, what string, edit func(*Member) bool) (Member, error) {
	m, err := s.reachable(ctx, id)
	if err != nil {
		return m, err
	}
	if !edit(&m) {
		return m, fault.New(fault.StaffState)
	}
	m.UpdatedAt = s.cfg.Now().UTC()
	if m.State == MemberNew || m.State == MemberClosed {
		m.CredentialsAt = m.UpdatedAt
	}
	return m, s.told(s.cfg.Store.SaveMember(ctx, m, s.changed(ctx, what, m)))
}

// Member finds an account; fault.NotFound.
func (s *Members) Member(ctx context.Context, id string) (Member, error) {
	m, err := s.cfg.Store.Member(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return m, fault.Wrap(err, fault.NotFound)
	}
	if err != nil {
		return m, fault.Wrap(err, fault.Unavailable)
	}
	return m, nil
}

// ByLogin finds an account by its login name; ErrNotFound.
func (s *Members) ByLogin(ctx context.Context, login string) (Member, error) {
	canonical, ok := CanonicalLogin(login)
	if !ok {
		return Member{}, ErrNotFound
	}
	return s.cfg.Store.MemberByLogin(ctx, canonical)
}

// Page lists accounts; next is empty on the last page.
func (s *Members) Page(ctx context.Context, q MemberQuery) (page []Member, next string, err error) {
	limit := q.Limit
	q.Limit++
	if page, err = s.cfg.Store.Members(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Citizen is the account that the human behind an account of staff has as a citizen; empty for none.
func (s *Members) Citizen(ctx context.Context, m Member) (string, error) {
	if len(m.Human) == 0 {
		return "", nil
	}
	id, err := s.cfg.Store.HolderOf(ctx, m.Human)
	if errors.Is(err, idp.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return id, nil
}

// --- As holders of passwords and second factors (authn.Holders, authn.AccountStates) ---

// Key implements authn.Holders.
func (s *Members) Key(ctx context.Context, text string) ([]byte, func(context.Context) (idp.Account, error), error) {
	login, ok := CanonicalLogin(text)
	if !ok {
		login = strings.ToLower(strings.TrimSpace(text))
	}
	key, err := s.cfg.Accounts.Lookup(ctx, "staff-login", login)
	return key, func(ctx context.Context) (idp.Account, error) {
		m, err := s.cfg.Store.MemberByLogin(ctx, login)
		return accountOf(m), missing(err)
	}, err
}

// Fingerprint implements authn.Holders.
func (s *Members) Fingerprint(ctx context.Context, password string) ([]byte, error) {
	return s.cfg.Accounts.Lookup(ctx, "staff-password", password)
}

func missing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return idp.ErrNotFound
	}
	return err
}

// accountOf is an account of staff as the ways to log in see it.
func accountOf(m Member) idp.Account {
	state := idp.AccountSuspended
	if m.State == MemberActive {
		state = idp.AccountActive
	}
	return idp.Account{ID: m.ID, State: state, PasswordHash: m.PasswordHash, CredentialsAt: m.CredentialsAt}
}

// Account implements authn.AccountStates.
func (s *Members) Account(ctx context.Context, id string) (idp.Account, error) {
	m, err := s.cfg.Store.Member(ctx, id)
	return accountOf(m), missing(err)
}

// ChangePassword is a change by the member; every session of the account ends.
func (s *Members) ChangePassword(ctx context.Context, m Member, hash string) error {
	return s.told(s.cfg.Store.SetMemberPassword(ctx, m.ID, hash, s.cfg.Now().UTC(), audit.With(s.event(ctx, "staff.password_set", m))))
}

// Rehash implements authn.Holders.
func (s *Members) Rehash(ctx context.Context, id, old, hash string) error {
	err := s.cfg.Store.ReplaceMemberHash(ctx, id, old, hash, audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "staff.password_rehashed", "staff", id, nil)))
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// Object implements authn.Holders.
func (*Members) Object() string { return "staff" }

// Seal implements authn.Sealer: what is sealed for staff has the ring's key, since nobody asks to be forgotten as staff.
func (s *Members) Seal(ctx context.Context, _ string, plaintext []byte, place string) (keyID string, sealed []byte, err error) {
	return s.cfg.Accounts.SealAbout(ctx, "staff", "", plaintext, place)
}

// Unseal implements authn.Sealer.
func (s *Members) Unseal(ctx context.Context, _, keyID string, sealed []byte, place string) ([]byte, error) {
	return s.cfg.Accounts.UnsealAbout(ctx, "staff", "", keyID, sealed, place)
}

func (s *Members) event(ctx context.Context, kind string, m Member) audit.Event {
	details := map[string]string{"state": string(m.State)}
	if m.Department != "" {
		details["department"] = m.Department
	}
	if len(m.Roles) > 0 {
		details["roles"] = strings.Join(m.Roles, " ")
	}
	return idp.Event(ctx, s.cfg.Now().UTC(), kind, "staff", m.ID, details)
}

// told turns the errors of the store into faults.
func (s *Members) told(err error) error {
	switch {
	case errors.Is(err, ErrLogin):
		return fault.Wrap(err, fault.Invalid).WithField("login", fault.StaffTaken)
	case errors.Is(err, ErrHuman):
		return fault.Wrap(err, fault.Invalid).WithField("number", fault.StaffHuman)
	case errors.Is(err, ErrConflict):
		return fault.Wrap(err, fault.Conflict)
	case err != nil:
		return fmt.Errorf("store account of staff: %w", err)
	}
	return nil
}
