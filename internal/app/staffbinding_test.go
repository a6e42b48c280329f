package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestMigratedStaffAreBoundByTwo: an account of a former release that waits for its person gets one by two administrators, of whose
// document only the keyed hash is kept; never a person who has an account, from outside the area, or on an account that changed meanwhile.
func TestMigratedStaffAreBoundByTwo(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		_, _, other := counties(t, p)
		p.Persona("13800138111", "赵敏", 2, idp.RoleSecurityAdmin)
		p.Persona("13800138112", "钱进", 2, idp.RoleSecurityAdmin)
		first, second := p.SignInStaff("13800138111"), p.SignInStaff("13800138112")
		db := testkit.OpenDatabase(t, p.Config.Database.URL)
		run := func(query string, args ...any) {
			t.Helper()
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, query, args...)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"stf_old1", "stf_old2"} { // as migration 0200 leaves what it knows no person of
			run(`INSERT INTO idp_staff (id, login, state, human, name_key_id, name_sealed, department, path, roles, password_hash, credentials_at, made_by, enrol_hash, enrol_until, enrol_tries, created_at, updated_at, version)
				VALUES ($1, $1, 'new', NULL, '', $2, '', '', 'audit_admin', '', 0, 'operator:migration', $2, 0, 0, 1, 1, 1)`, id, []byte{})
		}
		if page := opened(t, first, p.URL+"/admin/staff?state=unbound"); !strings.Contains(page.Text, "stf_old1") || strings.Contains(page.Text, "13800138112") {
			t.Errorf("%s", page.Text)
		}
		const number = "110101199003074311"
		address := p.URL + "/admin/staff/stf_old1"
		fields := func(changes ...string) map[string]string {
			all := map[string]string{"login": "C-077", "name": "王芳", "number": number, "reason": "迁移核对 5 号"}
			for i := 0; i+1 < len(changes); i += 2 {
				all[changes[i]] = changes[i+1]
			}
			return all
		}
		if page := submit(t, first, address, map[string]string{"staff-code": "1", "reason": "交付"}); page.Status != fault.MetaOf(fault.StaffUnbound).Status {
			t.Errorf("a code for nobody: %d %s", page.Status, page.Text)
		}
		for field, value := range map[string]string{"number": "110101199003074312", "name": "", "login": "13900139001", "department": "none", "reason": ""} {
			if page := submit(t, first, address+"/binding", fields(field, value)); page.Status != http.StatusUnprocessableEntity || !page.Has(field+"-error") {
				t.Errorf("%s %q: %d %s", field, value, page.Status, page.Text)
			}
		}
		if page := submit(t, first, address+"/binding", fields("login", "13800138112")); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("a login name of somebody else: %d", page.Status)
		}
		if page := opened(t, other, address+"/binding"); page.Status != http.StatusNotFound {
			t.Errorf("a neighbour: %d", page.Status)
		}
		page := submit(t, first, address+"/binding", fields())
		if !strings.HasPrefix(page.URL.Path, "/admin/inbox/") || !strings.Contains(page.Text, "王芳") || !strings.Contains(page.Text, "c-077") || strings.Contains(page.Source, number) || page.Has("proposal-approve") {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		item := p.URL + page.URL.Path
		approve := func(b *walk.Browser, item string) *walk.Page {
			t.Helper()
			return submit(t, b, item, map[string]string{"proposal-approve": "1", "reason": "已核对证件"})
		}
		if m := memberOf(t, p, "stf_old1"); len(m.Human) > 0 {
			t.Fatal("one was enough")
		}
		if page := opened(t, other, item); page.Status != http.StatusNotFound {
			t.Errorf("a neighbour reads it: %d", page.Status)
		}
		// Two proposals for one account: the first that is approved wins.
		rival := submit(t, first, address+"/binding", fields("number", "11010119900307109X", "login", "c-078"))
		if page := approve(second, item); page.Status != http.StatusOK || !strings.Contains(page.Text, "已办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		m := memberOf(t, p, "c-077")
		if name, err := p.App.Members.Name(ctx, m); err != nil || name != "王芳" || m.ID != "stf_old1" || len(m.Human) == 0 || strings.Join(m.Roles, "") != idp.RoleAuditAdmin {
			t.Errorf("%+v %q %v", m, name, err)
		}
		if page := approve(second, p.URL+rival.URL.Path); page.Status != fault.MetaOf(fault.ProposalChanged).Status {
			t.Errorf("a proposal for what it was: %d %s", page.Status, page.Text)
		}
		if page := submit(t, first, address+"/binding", fields()); page.Status != fault.MetaOf(fault.StaffBound).Status {
			t.Errorf("bound twice: %d %s", page.Status, page.Text)
		}
		if events := audited(t, p, "staff.bound"); len(events) != 1 {
			t.Errorf("audited %+v", events)
		}
		var kept int
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE body LIKE '%"+number+"%'").Scan(&kept); err != nil || kept > 0 {
			t.Errorf("the number lies in the audit record: %d %v", kept, err)
		}
		// The same person does not get a second one, by the API as well.
		security := adminToken(t, p, idp.RoleSecurityAdmin)
		body := map[string]any{"name": "王芳", "number": number, "reason": "迁移核对 6 号"}
		if answer := call(t, p, http.MethodPost, "/api/v1/staff/stf_old2/binding", security, body); answer.Status != http.StatusUnprocessableEntity || !strings.Contains(answer.Text, "YX-STF-046") {
			t.Errorf("a person with an account: %d %s", answer.Status, answer.Text)
		}
		body["number"] = "11010119900307109X"
		answer := call(t, p, http.MethodPost, "/api/v1/staff/stf_old2/binding", security, body)
		if answer.Status != http.StatusAccepted || answer.String("kind") != "staff.binding" {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		decision := func(digest string) apptest.Answer {
			return call(t, p, http.MethodPost, "/api/v1/inbox/"+answer.String("id")+"/decision", security, map[string]any{"approve": true, "reason": "已核对"}, "If-Match", `"`+digest+`"`)
		}
		if got := decision(answer.String("digest")); got.Status != fault.MetaOf(fault.ProposalSelf).Status {
			t.Errorf("who proposed it approves: %d %s", got.Status, got.Text)
		}
		// Somebody opens an account for this person before it is approved.
		if page := submit(t, first, p.URL+"/admin/staff/new", map[string]string{"login": "c-099", "name": "李强", "number": "11010119900307109X", "reason": "入职"}); page.Status != http.StatusOK {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page := approve(second, p.URL+"/admin/inbox/"+answer.String("id")); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("two accounts of one person: %d %s", page.Status, page.Text)
		}
		// Who proposed gives out no code; with that of another the person comes in.
		p.Advance(time.Minute)
		if page := submit(t, first, address, map[string]string{"staff-code": "1", "reason": "交付"}); page.Status != fault.MetaOf(fault.ProposalSelf).Status {
			t.Errorf("who proposed it gives out the code: %d", page.Status)
		}
		page = submit(t, second, address, map[string]string{"staff-code": "1", "reason": "交付"})
		_, after, _ := strings.Cut(page.Text, "启用码 ")
		enrolWith(t, p, "c-077", strings.Fields(after)[0])
	})
}
