package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// newStaff keeps areas and rights. Who holds a right is an account of staff that is not closed.
func (a *App) newStaff() *staff.Service {
	return staff.New(staff.Config{Store: a.store, Engine: a.fourEyes, Now: a.opts.Now, Rand: a.opts.Rand, Moved: a.departmentMoved, Roles: func(ctx context.Context, holder string) ([]string, error) {
		id, ok := strings.CutPrefix(holder, "staff:")
		if !ok {
			return nil, fault.New(fault.StaffUnknown)
		}
		m, err := a.Members.Member(ctx, id)
		if fault.CodeOf(err) == fault.NotFound || err == nil && m.State == staff.MemberClosed {
			return nil, fault.New(fault.StaffUnknown)
		}
		return m.Roles, err
	}})
}

// departmentMoved places what a department owns in the other rooms and at the counters where the department is now.
func (a *App) departmentMoved(ctx context.Context, department, path string) error {
	if err := a.sealing.seals.MoveOwner(ctx, department, path); err != nil {
		return err
	}
	if err := a.sealing.licenses.MoveAuthority(ctx, department, path); err != nil {
		return err
	}
	if err := a.sealing.forgeries.MoveDepartment(ctx, department, path); err != nil {
		return err
	}
	return a.moveCounters(ctx, department, path)
}

// staffRealm is the word that keeps counters of tries of staff apart from those of citizens.
const staffRealm = "staff"

// openStaff makes the realm of staff: second instances of what signs citizens in, with tables, counters, sessions and a cookie of
// their own.
func (a *App) openStaff(passwords *authn.Passwords, steps *authn.Steps) error {
	o, throttle := a.opts, authn.Realm(a.store, staffRealm)
	ways := authn.NewWays(authn.WaysConfig{Store: a.store.StaffCredentials(), Throttle: throttle, Ring: a.ring, Sealer: a.Members, Now: o.Now, Rand: o.Rand, Issuer: a.cfg.Operator.Name,
		Realm: authn.CredentialRealm{Object: "staff", Plain: true}})
	passkeys, err := a.openPasskeys(ways, steps, a.Members)
	if err != nil {
		return err
	}
	a.bridges.staff = a.bridges.federationOf(a, &federation.Staff{Members: a.Members, Store: a.store.StaffLinks(), Engine: a.fourEyes})
	a.staffSessions = session.New(session.Config{Store: a.store, Ring: a.ring, Clients: a.Clients, Realm: a.cfg.Staff.realm(), Now: o.Now, Rand: o.Rand, Wake: a.wake})
	a.staffPages = staffhttp.New(staffhttp.Config{Issuer: a.cfg.Issuer, Pages: a.pages, Members: a.Members, Rights: a.Staff, Sessions: a.staffSessions, Federation: a.bridges.staff,
		Password: authn.NewRealmLogin(a.Members, passwords, throttle, o.Now), Passwords: passwords, Ways: ways, Steps: steps, Passkeys: passkeys, Certificates: a.openCertificates(staffRealm, ways, steps, a.Members), Throttle: throttle, Ring: a.ring, Waiting: a.waiting, Search: a.find,
		Tokens: staff.NewTokens(staff.TokensConfig{Store: a.store, Ring: a.ring, Now: o.Now, Rand: o.Rand}),
		Now:    o.Now, Rand: o.Rand, OneFactor: a.cfg.oneFactor(), Inputs: declaredInputs()})
	return nil
}

// declaredInputs are the inputs of consoles' forms which data of another room declares, by the path of the form.
func declaredInputs() func(path string) []string {
	license := licensehttp.FormInputs()
	return func(path string) []string {
		if path == licensehttp.FormPath {
			return license
		}
		return nil
	}
}

// reviewer is who decides on cases of proofing: a member of staff with the role, and the human behind it.
func (a *App) reviewer(ctx context.Context) (proofing.Reviewer, error) {
	_, m, ok := staffhttp.Of(ctx)
	if !ok {
		return proofing.Reviewer{}, fault.New(fault.Unauthenticated)
	}
	citizen, err := a.Members.Citizen(ctx, m)
	return proofing.Reviewer{ID: m.ID, Human: m.Human, Account: citizen}, err
}

// Staff is an account of staff that a file makes or changes. A person has one, known by the document or by the account of a citizen
// that proved it; the number is kept as a keyed hash only.
type Staff struct {
	Login      string        `yaml:"login"` // 工号; no mobile number
	Name       string        `yaml:"name"`
	Department string        `yaml:"department"` // identifier; empty is the platform itself
	Document   StaffDocument `yaml:"document"`
	Account    string        `yaml:"account"` // identifier of a citizen, in the place of a document
	Roles      []string      `yaml:"roles"`   // everywhere; an empty list takes them away
	Rights     []StaffRight  `yaml:"rights"`  // in an area, until a day
}

// StaffDocument names a legal identity.
type StaffDocument struct {
	Type        string `yaml:"type"` // citizen_id when empty
	Number      string `yaml:"number"`
	Nationality string `yaml:"nationality"`
}

// StaffRight is a right in an area that a file gives. It is added to what the holder has; the console ends it.
type StaffRight struct {
	Role  string    `yaml:"role"`
	Area  string    `yaml:"area"`
	Until time.Time `yaml:"until"`
}

// EnrolmentCode is the code of an account of staff that a file made, for the operator to hand over.
type EnrolmentCode struct {
	Login, Code string
	Until       time.Time
}

// applyStaff makes or changes an account of staff, and gives a code, if one is asked for, where the account waits for its enrolment and has none.
func (a *App) applyStaff(ctx context.Context, one Staff, code bool) (*EnrolmentCode, error) {
	spec, err := a.staffSpec(ctx, one)
	if err != nil {
		return nil, err
	}
	m, needsCode, err := a.Members.Apply(ctx, spec, nil)
	if err != nil {
		return nil, err
	}
	if err := a.applyRights(ctx, m, one.Rights); err != nil || !needsCode || !code {
		return nil, err
	}
	if m, err = a.Members.Member(ctx, m.ID); err != nil {
		return nil, err
	}
	digits, until, err := a.Members.FileCode(ctx, m)
	return &EnrolmentCode{m.Login, digits, until}, err
}

// staffSpec is what a file says of an account. For one that is there the login name with roles and rights is enough.
func (a *App) staffSpec(ctx context.Context, one Staff) (staff.Spec, error) {
	spec := staff.Spec{Login: one.Login, Name: one.Name, Department: one.Department, Roles: one.Roles,
		Document: idp.Identity{Type: one.Document.Type, Number: one.Document.Number, Nationality: one.Document.Nationality}}
	if spec.Document.Type == "" {
		spec.Document.Type = subject.CitizenID
	}
	for _, role := range one.Roles {
		if !idp.IsRole(role) {
			return spec, fmt.Errorf("role %q is not known", role)
		}
	}
	if one.Account != "" && one.Document.Number != "" {
		return spec, errors.New("name either the document of the person or the account of a citizen")
	}
	if one.Account == "" {
		spec.Standing = one.Document.Number == "" && one.Name == ""
		return spec, nil
	}
	identifier, err := subject.ParseIdentifier(one.Account)
	if err != nil {
		return spec, err
	}
	account, err := a.Accounts.ByIdentifier(ctx, identifier)
	if errors.Is(err, idp.ErrNotFound) {
		return spec, errors.New("nobody registered with this identifier yet")
	}
	spec.Account = account.ID
	return spec, err
}

// applyRights gives an account the rights of a file.
func (a *App) applyRights(ctx context.Context, m staff.Member, rights []StaffRight) error {
	for _, r := range rights {
		if r.Area == "" {
			return errors.New("a right names its area; use roles for everywhere")
		}
		if err := a.Staff.Grant(ctx, staff.Wanted{Holder: m.Actor(), Role: r.Role, Area: r.Area, Until: r.Until}); err != nil {
			return fmt.Errorf("right %s in %s: %w", r.Role, r.Area, err)
		}
	}
	return nil
}

// applyStaffPersona makes the account of staff of a simulated person with roles: the identifier is its login name, and it needs no
// enrolment.
func (a *App) applyStaffPersona(ctx context.Context, p Persona, who idp.Identity, hashes *personaHashes) error {
	name := p.Name
	if name == "" {
		name = p.Identifier
	}
	_, _, err := a.Members.Apply(ctx, staff.Spec{Login: p.Identifier, Name: name, Document: who, Roles: p.Roles, Simulated: true}, func(stored string) (string, error) {
		hash, err := hashes.update(ctx, a.identity.Passwords, stored)
		if hash == "" {
			return stored, err
		}
		return hash, err
	})
	return err
}
