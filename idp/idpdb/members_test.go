package idpdb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// payroll is accounts of staff over a real database.
type payroll struct {
	*office
	members *staff.Members
	ways    *authn.Ways
}

func newPayroll(t *testing.T, db *sqldb.DB) *payroll {
	t.Helper()
	o := newOffice(t, db)
	p := &payroll{office: o, members: staff.NewMembers(staff.MembersConfig{Store: o.store, Areas: o.staff, Accounts: o.Accounts, Ring: o.Ring, Now: o.Clock.Now, Rand: ident.System()})}
	p.ways = authn.NewWays(authn.WaysConfig{Store: o.store.StaffCredentials(), Throttle: authn.Realm(o.store, "staff"), Ring: o.Ring, Sealer: p.members, Now: o.Clock.Now, Rand: ident.System(), Realm: authn.CredentialRealm{Object: "staff", Plain: true}})
	return p
}

// administrator is a security administrator everywhere.
func administrator(id string) context.Context {
	return reqctx.WithActor(context.Background(), reqctx.Actor{ID: id, Roles: []string{idp.RoleSecurityAdmin}, Rights: reqctx.Everywhere(idp.RoleSecurityAdmin)})
}

func TestAnAccountOfStaffBeginsWithASecondFactor(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		p, ctx := newPayroll(t, open(t)), context.Background()
		spec := staff.Spec{Login: " A001 ", Name: " 王  芳 ", Document: idp.Identity{Type: "citizen_id", Number: "110101199003070011"}}
		m, err := p.members.Make(administrator("client:a"), spec)
		if err != nil || m.Login != "a001" || m.State != staff.MemberNew || !strings.HasPrefix(m.ID, "stf_") {
			t.Fatalf("%+v %v", m, err)
		}
		if name, err := p.members.Name(ctx, m); err != nil || name != "王 芳" {
			t.Errorf("%q %v", name, err)
		}
		if _, err := p.members.Make(administrator("client:a"), spec); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("the same login name: %v", err)
		}
		spec.Login = "a002"
		if _, err := p.members.Make(administrator("client:a"), spec); fault.CodeOf(err) != fault.Invalid || !errors.Is(err, staff.ErrHuman) {
			t.Errorf("the same human: %v", err)
		}
		if _, _, err := p.members.IssueCode(administrator("client:a"), m.ID); fault.CodeOf(err) != fault.ProposalSelf {
			t.Errorf("who made it: %v", err)
		}
		if _, _, err := p.members.IssueCode(boss("client:b", ""), m.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("another role: %v", err)
		}
		code, _, err := p.members.IssueCode(administrator("client:b"), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		code = strings.ReplaceAll(code, "-", "")
		found, err := p.members.CheckCode(ctx, "A001", code)
		if err != nil || found.ID != m.ID {
			t.Fatalf("%v", err)
		}
		if _, err := p.members.CheckCode(ctx, "a009", code); fault.CodeOf(err) != fault.EnrolCode {
			t.Errorf("the code of somebody else: %v", err)
		}
		if err := p.members.FinishEnrolment(ctx, found, "$hash"); fault.CodeOf(err) != fault.EnrolCode {
			t.Errorf("without a second factor: %v", err)
		}
		factor(t, p, m.ID)
		wrong := found
		wrong.EnrolHash = []byte("another")
		if err := p.members.FinishEnrolment(ctx, wrong, "$hash"); fault.CodeOf(err) != fault.EnrolCode {
			t.Errorf("with another code: %v", err)
		}
		if err := p.members.FinishEnrolment(ctx, found, "$hash"); err != nil {
			t.Fatal(err)
		}
		if err := p.members.FinishEnrolment(ctx, found, "$other"); fault.CodeOf(err) != fault.EnrolCode {
			t.Errorf("once more: %v", err)
		}
		all, left, err := p.ways.List(ctx, m.ID)
		if err != nil || len(all) != 1 || left != 0 {
			t.Fatalf("%v %d %v", all, left, err)
		}
		if err := p.ways.Remove(ctx, m.ID, all[0].ID); fault.CodeOf(err) != fault.CredentialLast {
			t.Errorf("the last second factor went: %v", err)
		}
		stale := found
		stale.State = staff.MemberSuspended
		if err := p.store.SaveMember(ctx, stale, testRecord()); !errors.Is(err, staff.ErrConflict) {
			t.Errorf("a change of what was read before: %v", err)
		}
		if _, err := p.members.Reset(administrator("client:b"), m.ID); err != nil {
			t.Fatal(err)
		}
		if again, _, err := p.ways.List(ctx, m.ID); err != nil || len(again) != 0 {
			t.Errorf("second factors outlived the reset: %v %v", again, err)
		}
		if account, err := p.members.Account(ctx, m.ID); err != nil || account.State == idp.AccountActive || account.PasswordHash != "" {
			t.Errorf("%+v %v", account, err)
		}
	})
}

// factor puts an active second factor beside an account.
func factor(t *testing.T, p *payroll, id string) {
	t.Helper()
	c := authn.Credential{ID: ident.New(ident.System(), "cred"), AccountID: id, Kind: authn.KindPasskey, Name: "x", Lookup: []byte(id), KeyID: "k", Sealed: []byte("x"), State: authn.CredentialActive, CreatedAt: p.Clock.Now()}
	if err := p.store.StaffCredentials().PutCredential(context.Background(), c, nil, testRecord()); err != nil {
		t.Fatal(err)
	}
}

// TestTheHumanMovesWithACorrectedNumber: after a correction the same person stands behind both accounts, and somebody else's number is
// refused.
func TestTheHumanMovesWithACorrectedNumber(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		p, ctx := newPayroll(t, open(t)), context.Background()
		lookup, err := p.store.IdentityOf(ctx, p.proved.ID)
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.members.Make(administrator("client:a"), staff.Spec{Login: "a001", Name: "王芳", Account: p.proved.ID})
		if err != nil || !bytes.Equal(m.Human, lookup) {
			t.Fatalf("%v", err)
		}
		if _, err := p.members.Make(administrator("client:a"), staff.Spec{Login: "a002", Name: "王芳", Account: p.other.ID}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("an account without an identity: %v", err)
		}
		one, _ := p.members.Human(ctx, m.Actor())
		other, err := p.members.Human(ctx, "account:"+p.proved.ID)
		if err != nil || one == "" || one != other {
			t.Errorf("%q %q %v", one, other, err)
		}
		to, err := p.Accounts.IdentityLookup(ctx, idp.Identity{Type: subject.CitizenID, Number: newNumber})
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Accounts.Account(ctx, p.proved.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.store.Rekey(ctx, idp.Rekey{AccountID: a.ID, Version: a.Version, Old: lookup, New: to, Reason: idp.NumberChanged, At: p.Clock.Now()}, idp.Cause{}, testRecord()); err != nil {
			t.Fatal(err)
		}
		// Once the old number may be another person's, it leads to nobody here.
		if err := p.store.ReleaseIdentity(ctx, a.ID, lookup, idp.Cause{}, testRecord()); err != nil {
			t.Fatal(err)
		}
		one, _ = p.members.Human(ctx, m.Actor())
		if now, err := p.members.Human(ctx, "account:"+p.proved.ID); err != nil || one != now || now == other {
			t.Errorf("after the correction %q stands behind the account of staff and %q behind the citizen's, %v", one, now, err)
		}
		if err := p.db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE idp_staff SET human = NULL WHERE id = $1", m.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.members.Human(ctx, m.Actor()); fault.CodeOf(err) != fault.StaffUnbound {
			t.Errorf("bound to nobody: %v", err)
		}
		if _, err := p.members.Human(ctx, "staff:stf_nobody"); fault.CodeOf(err) != fault.StaffUnbound {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestOneHumanWithTwoDocumentsIsOne: an account of staff that is bound to the document beside the one that leads stands for the same
// human, who gets no second one and is suspended by the register's word about the other document.
func TestOneHumanWithTwoDocumentsIsOne(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		p, ctx := newPayroll(t, open(t)), context.Background()
		m, err := p.members.Make(administrator("client:a"), staff.Spec{Login: "a001", Name: "王芳", Document: idp.Identity{Type: "hk_macao_permit", Number: "H01234567"}})
		if err != nil {
			t.Fatal(err)
		}
		citizen := "account:" + p.proved.ID
		apart, _ := p.members.Human(ctx, m.Actor())
		if other, err := p.members.Human(ctx, citizen); err != nil || other == apart {
			t.Fatalf("nobody knows yet that they are one: %v", err)
		}
		p.exec(t, "INSERT INTO idp_document (lookup, account_id, added_at, retired_at) VALUES ($1, $2, 1, 0)", m.Human, p.proved.ID)
		one, err := p.members.Human(ctx, m.Actor())
		if other, _ := p.members.Human(ctx, citizen); err != nil || one == "" || one != other {
			t.Errorf("%q and %q, %v", one, other, err)
		}
		if account, err := p.members.Citizen(ctx, m); err != nil || account != p.proved.ID {
			t.Errorf("the own account is %q, %v", account, err)
		}
		if _, err := p.members.Make(administrator("client:a"), staff.Spec{Login: "a002", Name: "王芳", Account: p.proved.ID}); !errors.Is(err, staff.ErrHuman) {
			t.Errorf("a second account: %v", err)
		}
		if err := p.members.Stop(ctx, p.proved.ID); err != nil {
			t.Fatal(err)
		}
		if m, err = p.members.Member(ctx, m.ID); err != nil || m.State != staff.MemberSuspended {
			t.Errorf("after a death: %s %v", m.State, err)
		}
	})
}

// TestHoldersOfRolesBecomeStaff: migration 0200 makes an account of staff of every citizen's account with a role or a right.
func TestHoldersOfRolesBecomeStaff(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		db := open(t)
		p, ctx := newPayroll(t, db), context.Background()
		text, err := os.ReadFile("migrations/0200_staff_realm.sql")
		if err != nil {
			t.Fatal(err)
		}
		_, move, _ := strings.Cut(string(text), "INSERT INTO idp_staff ")
		statements := strings.Split("INSERT INTO idp_staff "+move, ";\n")
		run := func(query string, args ...any) {
			t.Helper()
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, query, args...)
				return err
			}); err != nil {
				t.Fatalf("%v: %s", err, query)
			}
		}
		run("UPDATE idp_account SET roles = 'audit_admin seal_keeper' WHERE id = $1", p.proved.ID)
		run(`INSERT INTO idp_staff_right (id, holder, role, area, path, from_at, until_at, granted_by, proposal_id, reason, ended_at, ended_by) VALUES ('r1', $1, 'seal_keeper', '', '', 0, 0, 'x', '', '', 0, '')`, "account:"+p.other.ID)
		run("INSERT INTO idp_staff_holder (holder, version) VALUES ($1, 3)", "account:"+p.other.ID)
		for _, statement := range statements {
			if lines := strings.TrimSpace(statement); lines != "" {
				run(lines)
			}
		}
		proved, err := p.members.Member(ctx, "stf_"+strings.TrimPrefix(p.proved.ID, "acc_"))
		if err != nil || proved.State != staff.MemberNew || strings.Join(proved.Roles, " ") != "audit_admin seal_keeper" || len(proved.Human) == 0 || proved.Login != proved.ID || proved.PasswordHash != "" {
			t.Fatalf("%+v %v", proved, err)
		}
		other, err := p.members.Member(ctx, "stf_"+strings.TrimPrefix(p.other.ID, "acc_"))
		if err != nil || len(other.Human) != 0 {
			t.Fatalf("%+v %v", other, err)
		}
		if _, _, err := p.members.FileCode(ctx, other); fault.CodeOf(err) != fault.StaffUnbound {
			t.Errorf("a code for nobody: %v", err)
		}
		rights, err := p.staff.Live(ctx, other.Actor())
		if err != nil || len(rights) != 1 {
			t.Errorf("%v %v", rights, err)
		}
		if version, err := p.store.HolderVersion(ctx, other.Actor()); err != nil || version != 3 {
			t.Errorf("%d %v", version, err)
		}
		// The operator's file names the person by the document that was proved.
		named, needsCode, err := p.members.Apply(ctx, staff.Spec{Login: "a001", Name: "王芳", Account: p.proved.ID, Roles: []string{idp.RoleAuditAdmin}}, nil)
		if err != nil || !needsCode || named.ID != proved.ID || named.Login != "a001" {
			t.Errorf("%+v %v %v", named, needsCode, err)
		}
		if name, _ := p.members.Name(ctx, named); name != "王芳" {
			t.Errorf("%q", name)
		}
	})
}

// TestRealmsCountApart: tries in one realm lock nothing in the other.
func TestRealmsCountApart(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		s, ctx := newPayroll(t, open(t)).store, context.Background()
		at := idptest.Start
		for range 3 {
			if _, err := authn.Realm(s, "staff").Count(ctx, "login", []byte("k"), time.Hour, at); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.Counted(ctx, "login", []byte("k"), time.Hour, at); err != nil || n != 0 {
			t.Errorf("%d %v", n, err)
		}
		if n, err := authn.Realm(s, "staff").Counted(ctx, "login", []byte("k"), time.Hour, at); err != nil || n != 3 {
			t.Errorf("%d %v", n, err)
		}
		if err := authn.Realm(s, "staff").Clear(ctx, "login", []byte("k")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNobodyDecidesWhoseAccountIsTheirs: the human whom a binding is about neither proposes nor approves it, known by the citizen's
// account too, and what became of the account meanwhile ends it.
func TestNobodyDecidesWhoseAccountIsTheirs(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		p, ctx := newPayroll(t, open(t)), context.Background()
		var members *staff.Members
		engine := foureyes.New(foureyes.Config{Store: p.store, Sealer: p.Accounts, Now: p.Clock.Now, Rand: ident.System(), Human: func(ctx context.Context, actor string) (string, error) { return members.Human(ctx, actor) }})
		members = staff.NewMembers(staff.MembersConfig{Store: p.store, Areas: p.staff, Accounts: p.Accounts, Engine: engine, Ring: p.Ring, Now: p.Clock.Now, Rand: ident.System()})
		lookup, err := p.store.IdentityOf(ctx, p.proved.ID)
		if err != nil {
			t.Fatal(err)
		}
		p.exec(t, `INSERT INTO idp_staff (id, login, state, human, name_key_id, name_sealed, department, path, roles, password_hash, credentials_at, made_by, enrol_hash, enrol_until, enrol_tries, created_at, updated_at, version)
			VALUES ('stf_old', 'stf_old', 'new', NULL, '', $1, '', '', '', '', 0, 'operator:migration', $1, 0, 0, 1, 1, 1)`, []byte{})
		spec := staff.Spec{Login: "a001", Name: "王芳", Account: p.proved.ID}
		if _, err := members.ProposeBinding(administrator("account:"+p.proved.ID), "stf_old", spec); fault.CodeOf(err) != fault.ProposalSelf {
			t.Errorf("the person proposes: %v", err)
		}
		if _, err := members.ProposeBinding(security("client:a", county, time.Time{}), "stf_old", spec); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("from another area: %v", err)
		}
		propose := func() foureyes.Proposal {
			t.Helper()
			v, err := members.ProposeBinding(administrator("client:a"), "stf_old", spec)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		first := propose()
		for name, row := range map[string]struct {
			actor, digest string
			code          fault.Code
		}{"the person": {"account:" + p.proved.ID, first.Digest, fault.ProposalSelf}, "who proposed": {"client:a", first.Digest, fault.ProposalSelf}, "another digest": {"client:b", strings.Repeat("0", 64), fault.ProposalChanged}} {
			if _, err := engine.Approve(administrator(row.actor), first.ID, row.digest); fault.CodeOf(err) != row.code {
				t.Errorf("%s approves: %v", name, err)
			}
		}
		if m, err := members.Suspend(administrator("client:b"), "stf_old"); fault.CodeOf(err) != fault.StaffState {
			t.Fatalf("%+v %v", m, err)
		}
		p.exec(t, "UPDATE idp_staff SET version = version + 1 WHERE id = 'stf_old'")
		if _, err := engine.Approve(administrator("client:b"), first.ID, first.Digest); fault.CodeOf(err) != fault.ProposalChanged {
			t.Errorf("for what it was: %v", err)
		}
		second := propose()
		if _, err := engine.Approve(administrator("client:b"), second.ID, second.Digest); err != nil {
			t.Fatal(err)
		}
		m, err := members.Member(ctx, "stf_old")
		if err != nil || !bytes.Equal(m.Human, lookup) || m.Login != "a001" || m.MadeBy != "client:a" || m.State != staff.MemberNew {
			t.Errorf("%+v %v", m, err)
		}
		if err := p.store.BindMember(ctx, m, nil, testRecord()); !errors.Is(err, staff.ErrConflict) {
			t.Errorf("bound once more: %v", err)
		}
	})
}
