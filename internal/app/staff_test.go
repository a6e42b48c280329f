package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// counties are administrators with rights in an area only: two of one county, one of another.
func counties(t *testing.T, p *apptest.Platform) (first, second, other *walk.Browser) {
	t.Helper()
	m := app.Manifest{
		Areas:       []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}, {Code: "330102001000", Name: "某街道"}},
		Departments: []staff.Department{{ID: "dept-town", Name: "某街道办事处", Area: "330102001000"}, {ID: "dept-other", Name: "拱墅某局", Area: "330105"}},
	}
	until := p.Now().Add(300 * 24 * time.Hour)
	for identifier, area := range map[string]string{"13800138101": "330102", "13800138102": "330102", "13800138103": "330105"} {
		p.Persona(identifier, "管理员", 2, "seal_keeper")
		m.Staff = append(m.Staff, app.Staff{Login: identifier, Rights: []app.StaffRight{{Role: idp.RoleSecurityAdmin, Area: area, Until: until}}})
	}
	for range 2 {
		if err := p.App.Apply(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	return p.SignInStaff("13800138101"), p.SignInStaff("13800138102"), p.SignInStaff("13800138103")
}

// memberOf is the account of staff with a login name.
func memberOf(t *testing.T, p *apptest.Platform, login string) staff.Member {
	t.Helper()
	m, err := p.App.Members.ByLogin(context.Background(), login)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestACountyAppointsItsOwnStaff: administration is delegated along the tree; two of the county appoint, its neighbours see
// nothing of it, and what asks for a right without a bound stays closed to all of them.
func TestACountyAppointsItsOwnStaff(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		first, second, other := counties(t, p)
		p.Persona("13800138104", "王保管", 2, "seal_keeper")
		keeper := memberOf(t, p, "13800138104").Actor()
		until := p.Now().Add(100 * 24 * time.Hour).Format(time.DateOnly)
		open := func(b *walk.Browser, path string, want int) *walk.Page {
			t.Helper()
			if err := b.Open(ctx, p.URL+path); err != nil || b.Page.Status != want {
				t.Fatalf("%s: %v %d, not %d: %s", path, err, b.Page.Status, want, b.Page.Text)
			}
			return b.Page
		}
		if work := open(first, "/staff", http.StatusOK); !strings.Contains(work.Source, `href="/admin"`) || !strings.Contains(work.Text, "上城区") {
			t.Errorf("the own page does not lead to work: %s", work.Text)
		}
		home := open(first, "/admin", http.StatusOK)
		if !home.Has("admin-inbox") || !home.Has("admin-rights") || home.Has("admin-keys") || !home.Has("admin-clients") || home.Has("admin-corrections") {
			t.Errorf("home of a county: %s", home.Text)
		}
		for _, path := range []string{"/admin/keys", "/admin/sessions", "/admin/corrections", "/admin/peers", "/admin/rights?area=330105", "/admin/rights?area=330100", "/admin/departments?area=330105"} {
			open(first, path, http.StatusForbidden)
		}
		if page := open(first, "/admin/departments", http.StatusOK); !strings.Contains(page.Text, "dept-town") || strings.Contains(page.Text, "dept-other") {
			t.Errorf("departments: %s", page.Text)
		}
		if page := open(first, "/admin/areas?parent=330102", http.StatusOK); !strings.Contains(page.Text, "某街道") || !strings.Contains(page.Text, "浙江省 › 杭州市 › 上城区") {
			t.Errorf("areas: %s", page.Text)
		}
		fields := map[string]string{"holder": keeper, "role": idp.RoleSecurityAdmin, "area": "330105", "until": until, "reason": "任命 1 号"}
		if page := submit(t, first, p.URL+"/admin/rights/new", fields); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "超出您自己的权限") {
			t.Fatalf("in another county: %d %s", page.Status, page.Text)
		}
		for field, bad := range map[string]string{"until": "soon", "area": "990000", "holder": "account:nobody", "role": "king", "reason": ""} {
			typed := map[string]string{"area": "330102001000"}
			for name, value := range fields {
				if name != "area" {
					typed[name] = value
				}
			}
			typed[field] = bad
			if page := submit(t, first, p.URL+"/admin/rights/new", typed); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s %q: %d %s", field, bad, page.Status, page.Text)
			}
		}
		fields["area"] = "330102001000"
		page := submit(t, first, p.URL+"/admin/rights/new", fields)
		if page.Status != http.StatusOK || page.Has("proposal-approve") || !page.Has("proposal-withdraw") || !strings.Contains(page.Text, "某街道") {
			t.Fatalf("proposed: %d %s", page.Status, page.Text)
		}
		item := page.URL.Path
		if page := open(other, "/admin/inbox", http.StatusOK); strings.Contains(page.Text, keeper) {
			t.Error("a neighbour sees it")
		}
		open(other, item, http.StatusNotFound)
		if page := submit(t, first, p.URL+item, map[string]string{"proposal-withdraw": "1"}); !strings.Contains(page.Text, "已撤回") {
			t.Errorf("withdrawn: %s", page.Text)
		}
		item = submit(t, first, p.URL+"/admin/rights/new", fields).URL.Path
		if page := open(second, "/admin", http.StatusOK); !strings.Contains(page.Text, "1") {
			t.Errorf("nothing waits: %s", page.Text)
		}
		if page := open(second, "/admin/inbox", http.StatusOK); !strings.Contains(page.Text, keeper) {
			t.Errorf("inbox: %s", page.Text)
		}
		if page := submit(t, second, p.URL+item, map[string]string{"proposal-claim": "1"}); page.Status != http.StatusOK || !page.Has("proposal-release") {
			t.Errorf("taken: %d %s", page.Status, page.Text)
		}
		if page := submit(t, second, p.URL+item, map[string]string{"proposal-approve": "1", "digest": strings.Repeat("0", 64), "reason": "核对无误"}); page.Status != fault.MetaOf(fault.ProposalChanged).Status {
			t.Errorf("another digest: %d", page.Status)
		}
		if page := submit(t, second, p.URL+item, map[string]string{"proposal-approve": "1", "reason": "核对无误"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "已办理") {
			t.Fatalf("approved: %d %s", page.Status, page.Text)
		}
		appointed := p.SignInStaff("13800138104")
		open(appointed, "/admin/rights?area=330102001000", http.StatusOK)
		open(appointed, "/admin/rights?area=330102", http.StatusForbidden)
		list := open(first, "/admin/rights?holder="+keeper, http.StatusOK)
		if !strings.Contains(list.Text, "安全管理员") || !strings.Contains(list.Text, "上城区 › 某街道") || !strings.Contains(list.Text, until) {
			t.Errorf("rights: %s", list.Text)
		}
		// A neighbour takes nothing away; the county does, at once.
		right := items(t, p.Get("/api/v1/staff-rights?live=true&holder="+keeper, adminToken(t, p, idp.RoleAuditAdmin)))
		if len(right) != 1 || right[0]["area"] != "330102001000" {
			t.Fatalf("%v", right)
		}
		address := "/admin/rights/" + right[0]["id"].(string)
		open(other, address, http.StatusNotFound)
		if page := submit(t, second, p.URL+address, map[string]string{"right-end": "1", "reason": "调离"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "已收回") {
			t.Fatalf("ended: %d %s", page.Status, page.Text)
		}
		open(appointed, "/admin/rights", http.StatusForbidden)
		granted := audited(t, p, "right.granted")
		if last := granted[len(granted)-1]; last.Details["area"] != "330102001000" || last.Details["role"] != idp.RoleSecurityAdmin || last.Reason != "核对无误" || !strings.HasPrefix(last.Actor, "staff:stf_") {
			t.Errorf("audited %+v", last)
		}
		// Roles for everywhere do not come beside.
		if err := p.App.Apply(ctx, app.Manifest{Staff: []app.Staff{{Login: "13800138101", Roles: []string{idp.RoleAuditAdmin}}}}); fault.CodeOf(err) != fault.AdminRolesMixed {
			t.Errorf("security administrator here and audit administrator everywhere: %v", err)
		}
	})
}

// TestInboxOfPrograms: the operations do what the pages do, and who audits decides nothing.
func TestInboxOfPrograms(t *testing.T) {
	p := apptest.Start(t, database(t))
	first, _, _ := counties(t, p)
	p.Persona("13800138104", "王保管", 2, "seal_keeper")
	keeper := memberOf(t, p, "13800138104").Actor()
	want := map[string]any{"holder": keeper, "role": "seal_keeper", "area": "330102", "until": p.Now().Add(100 * 24 * time.Hour).Format(time.RFC3339), "reason": "任命 2 号"}
	security, audits, system := adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin), adminToken(t, p, idp.RoleSystemAdmin)
	item := submit(t, first, p.URL+"/admin/rights/new", map[string]string{"holder": keeper, "role": "seal_keeper", "area": "330102", "until": p.Now().Add(100 * 24 * time.Hour).Format(time.DateOnly), "reason": "任命 2 号"}).URL.Path
	id := item[strings.LastIndexByte(item, '/')+1:]
	for token, n := range map[string]int{security: 1, audits: 1, system: 0} {
		if found := items(t, p.Get("/api/v1/inbox", token)); len(found) != n {
			t.Errorf("%d wait, not %d", len(found), n)
		}
	}
	one := p.Get("/api/v1/inbox/"+id, security)
	decision, address := map[string]any{"approve": true, "reason": "核对无误"}, "/api/v1/inbox/"+id+"/decision"
	for name, row := range map[string]struct {
		token, match string
		status       int
	}{
		"who audits": {audits, one.Header.Get("ETag"), http.StatusForbidden}, "who sets up": {system, one.Header.Get("ETag"), http.StatusForbidden},
		"unread": {security, "", http.StatusPreconditionRequired}, "another": {security, `"` + strings.Repeat("0", 64) + `"`, http.StatusPreconditionFailed}, "anything": {security, "*", http.StatusPreconditionFailed},
	} {
		headers := []string{}
		if row.match != "" {
			headers = []string{"If-Match", row.match}
		}
		if answer := call(t, p, http.MethodPost, address, row.token, decision, headers...); answer.Status != row.status {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Text)
		}
	}
	if answer := call(t, p, http.MethodPost, address, security, decision, "If-Match", one.Header.Get("ETag")); answer.Status != http.StatusOK || answer.String("state") != "executed" {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if answer := call(t, p, http.MethodPost, "/api/v1/staff-rights", security, want); answer.Status != http.StatusAccepted || answer.String("state") != "open" {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	} else if answer = call(t, p, http.MethodPost, "/api/v1/inbox/"+answer.String("id")+"/withdrawal", security, nil); answer.Status != http.StatusOK || answer.String("state") != "withdrawn" {
		t.Errorf("%d %s", answer.Status, answer.Text)
	}
	if found := items(t, p.Get("/api/v1/areas?parent=330100", audits)); len(found) != 2 {
		t.Errorf("%v", found)
	}
	if found := items(t, p.Get("/api/v1/departments?area=330102", audits)); len(found) != 1 {
		t.Errorf("%v", found)
	}
}
