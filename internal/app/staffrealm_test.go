package app_test

import (
	"context"
	"net/http"
	"net/url"
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

// enrolWith walks an enrolment with a code up to the login page, and gives the key of the authenticator that it added.
func enrolWith(t *testing.T, p *apptest.Platform, login, code string) (key string) {
	t.Helper()
	b := walk.New(nil)
	if page := submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": login, "enrol-code": code}); page.URL.Path != "/staff/enrol/password" {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	if page := press(t, b, map[string]string{"password-new": "short"}); page.Status != http.StatusUnprocessableEntity || !page.Has("password-new-error") {
		t.Fatalf("a short password: %d %s", page.Status, page.Text)
	}
	page := press(t, b, map[string]string{"password-new": apptest.Password})
	key = page.TextOf("totp-key")
	if page = press(t, b, map[string]string{"otp-code": "000000"}); page.Status != fault.MetaOf(fault.SecondWrong).Status {
		t.Fatalf("a wrong code: %d %s", page.Status, page.Text)
	}
	if page = press(t, b, map[string]string{"otp-code": totpAt(t, key, p.Now())}); page.URL.Path != "/staff/login" || !strings.Contains(page.Text, "账号已启用") {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	return key
}

// enrolled makes a member of staff by a file and enrols it.
func enrolled(t *testing.T, p *apptest.Platform, one app.Staff) (key string) {
	t.Helper()
	codes, err := p.App.ApplyForCodes(context.Background(), app.Manifest{Staff: []app.Staff{one}})
	if err != nil || len(codes) != 1 {
		t.Fatalf("%v %d", err, len(codes))
	}
	return enrolWith(t, p, one.Login, codes[0].Code)
}

// TestStaffOfAManifest: a file makes an account that waits for its enrolment, once and as written; roles go when the file says so.
func TestStaffOfAManifest(t *testing.T) {
	p, ctx := apptest.Start(t, database(t)), context.Background()
	p.Persona(mobile, "李四", 2)
	document := app.StaffDocument{Number: "110101199003074311"}
	give := func(one app.Staff) error {
		return p.App.Apply(ctx, app.Manifest{Staff: []app.Staff{one}})
	}
	for name, one := range map[string]app.Staff{
		"nobody":               {Login: "a001", Roles: []string{idp.RoleAuditAdmin}},
		"a mobile number":      {Login: "13900139001", Name: "王芳", Document: document},
		"no login":             {Login: "a 1", Name: "王芳", Document: document},
		"no document":          {Login: "a001", Name: "王芳"},
		"a wrong number":       {Login: "a001", Name: "王芳", Document: app.StaffDocument{Number: "110101199003074312"}},
		"unknown role":         {Login: "a001", Name: "王芳", Document: document, Roles: []string{"sysadmin"}},
		"two roles":            {Login: "a001", Name: "王芳", Document: document, Roles: []string{idp.RoleAuditAdmin, idp.RoleSystemAdmin}},
		"an unknown account":   {Login: "a001", Name: "王芳", Account: "13800138098"},
		"document and account": {Login: "a001", Name: "王芳", Account: mobile, Document: document},
		"an unknown office":    {Login: "a001", Name: "王芳", Document: document, Department: "none"},
	} {
		if err := give(one); err == nil || strings.Contains(err.Error(), "13800138098") || strings.Contains(err.Error(), document.Number) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := app.Staff{Login: "A001", Name: "王芳", Document: document, Roles: []string{idp.RoleAuditAdmin}}
	key := enrolled(t, p, one)
	if codes, err := p.App.ApplyForCodes(ctx, app.Manifest{Staff: []app.Staff{one}}); err != nil || len(codes) != 0 {
		t.Errorf("the same file again: %v %d", err, len(codes))
	}
	if err := give(app.Staff{Login: "a002", Name: "王芳", Document: document}); err != nil || len(memberOf(t, p, "a002").Roles) > 0 {
		t.Errorf("another login name of the same person: %v", err)
	}
	if _, err := p.App.Members.ByLogin(ctx, "a001"); err == nil {
		t.Error("the person has two accounts of staff")
	}
	if err := give(app.Staff{Login: "a002", Name: "李四", Account: mobile}); err == nil {
		t.Error("a login name passed to another person")
	}
	if err := give(app.Staff{Login: "a002", Roles: []string{idp.RoleAuditAdmin}}); err != nil {
		t.Fatal(err)
	}
	p.Advance(time.Minute)
	b := walk.New(nil)
	staffLogin(t, p, b, "a002", key)
	if b.Open(ctx, p.URL+"/admin"); b.Page.Status != http.StatusOK {
		t.Errorf("the administrator gets %d %s", b.Page.Status, b.Page.Text)
	}
	if err := give(app.Staff{Login: "a002"}); err != nil {
		t.Fatal(err)
	}
	if b.Open(ctx, p.URL+"/admin"); b.Page.Status != http.StatusForbidden {
		t.Errorf("after the role was taken: %d", b.Page.Status)
	}
}

// TestRealmsStandApart: a session of staff opens no page of citizens, no authorization and no API; one of a citizen opens no console;
// both live in one browser, and ending one leaves the other.
func TestRealmsStandApart(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		c := p.Client(idp.Client{ClientID: "portal"})
		p.Persona(mobile, "李四", 2, idp.RoleSystemAdmin)
		open := func(b *walk.Browser, path string) *walk.Page {
			t.Helper()
			if err := b.Open(ctx, p.URL+path); err != nil {
				t.Fatal(err)
			}
			return b.Page
		}
		work := p.SignInStaff(mobile)
		authorize := "/authorize?" + apptest.AuthorizeQuery(c, nil).Encode()
		for _, path := range []string{"/me", "/me/security", "/me/licenses", "/merge", authorize} {
			if page := open(work, path); !page.Has("login-password") || page.URL.Path != "/login" {
				t.Errorf("%s as staff: %d %s", path, page.Status, page.URL)
			}
		}
		if target, err := work.OpenUntil(ctx, p.URL+authorize+"&prompt=none", c.RedirectURIs[0]); err != nil || target == nil || target.Query().Get("error") != "login_required" {
			t.Errorf("a silent request as staff: %v %v", target, err)
		}
		home := p.SignIn(mobile)
		for _, path := range []string{"/admin", "/admin/keys?after=x", "/review", "/counter", "/seal", "/license", "/staff", "/staff/security"} {
			if page := open(home, path); page.URL.Path != "/staff/login" || page.Status != http.StatusOK || !strings.HasPrefix(page.Hidden("next"), strings.SplitN(path, "?", 2)[0]) {
				t.Errorf("%s as a citizen: %d %s", path, page.Status, page.URL)
			}
		}
		if page := open(home, "/me"); strings.Contains(page.Source, `href="/admin"`) {
			t.Error("the page of a citizen leads to work")
		}
		// The cookies are worth nothing under each other's names.
		for _, pair := range []struct {
			b              *walk.Browser
			from, to, path string
		}{{work, "yx_staff_", "yx_session_", "/me"}, {home, "yx_session_", "yx_staff_", "/admin"}} {
			lent, _ := http.NewRequest(http.MethodGet, p.URL+pair.path, nil)
			pair.b.Lend(lent)
			forged, _ := http.NewRequest(http.MethodGet, p.URL+pair.path, nil)
			for _, cookie := range lent.Cookies() {
				forged.AddCookie(&http.Cookie{Name: strings.Replace(cookie.Name, pair.from, pair.to, 1), Value: cookie.Value})
			}
			if answer := p.Do(forged); answer.Status != http.StatusSeeOther || !strings.Contains(answer.Header.Get("Location"), "login") {
				t.Errorf("%s with a cookie of the other realm: %d %s", pair.path, answer.Status, answer.Header.Get("Location"))
			}
		}
		// Beside each other.
		p.StaffLogin(home, mobile)
		if page := open(home, "/admin/keys"); page.Status != http.StatusOK {
			t.Errorf("console: %d", page.Status)
		}
		if page := open(home, "/me"); !page.Has("identity") {
			t.Errorf("own page: %s", page.URL)
		}
		if page := submit(t, home, p.URL+"/staff/logout", map[string]string{"logout-confirm": "1"}); page.URL.Path != "/staff/login" {
			t.Errorf("logout: %s", page.URL)
		}
		if page := open(home, "/admin/keys"); page.URL.Path != "/staff/login" {
			t.Errorf("after the logout: %s", page.URL)
		}
		if page := open(home, "/me"); !page.Has("identity") {
			t.Error("the session of the citizen ended with that of staff")
		}
		// Counters too: locking the name here locks none there.
		for range 11 {
			submit(t, walk.New(nil), p.URL+"/staff/login", map[string]string{"login-identifier": mobile, "login-password": "wrong-password"})
		}
		locked := walk.New(nil)
		if p.StaffLogin(locked, mobile); locked.Page.Status != fault.MetaOf(fault.LoginLocked).Status {
			t.Errorf("after eleven wrong passwords: %d %s", locked.Page.Status, locked.Page.Text)
		}
		p.SignIn(mobile)
		for _, address := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "/me", "/admin/../me", "/staff/logout", "/admin%2f..%2f..%2fme"} {
			page := open(walk.New(nil), "/staff/login?"+url.Values{"next": {address}}.Encode())
			if page.Hidden("next") != "/staff" {
				t.Errorf("%s: leads to %q", address, page.Hidden("next"))
			}
		}
	})
}

// TestA29StaffSessions: a quarter of an hour without use, twelve hours in all, and one press that goes on.
func TestA29StaffSessions(t *testing.T) {
	p, ctx := apptest.Start(t, database(t)), context.Background()
	p.Persona(mobile, "李四", 2, idp.RoleSystemAdmin)
	b := p.SignInStaff(mobile)
	in := func() bool {
		t.Helper()
		if err := b.Open(ctx, p.URL+"/admin/keys"); err != nil {
			t.Fatal(err)
		}
		return b.Page.Status == http.StatusOK && b.Page.URL.Path == "/admin/keys"
	}
	if !in() || b.Page.Attribute("session-end", "data-left") == "" || !b.Page.Has("session-extend") {
		t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
	}
	p.Advance(14 * time.Minute)
	if page := press(t, b, map[string]string{"session-extend": "1"}); page.Status != http.StatusOK || page.URL.Path != "/admin/keys" {
		t.Errorf("extended: %d %s", page.Status, page.URL)
	}
	p.Advance(14 * time.Minute)
	if !in() {
		t.Error("ended although it was extended")
	}
	// A change wants a fresh login, in this realm.
	if err := b.Open(ctx, p.URL+"/admin/peers/cas/new"); err != nil || !strings.Contains(b.Page.Source, `href="/staff/login?next=%2Fadmin%2Fpeers%2Fcas%2Fnew"`) {
		t.Fatalf("the page does not lead to a login and back: %v %s", err, b.Page.Text)
	}
	if err := b.Open(ctx, p.URL+"/staff/login?next=%2Fadmin%2Fpeers%2Fcas%2Fnew"); err != nil {
		t.Fatal(err)
	}
	if page := press(t, b, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}); page.URL.Path != "/admin/peers/cas/new" || strings.Contains(page.Source, `href="/staff/login`) {
		t.Errorf("signed in again: %s %s", page.URL, page.Text)
	}
	p.Advance(16 * time.Minute)
	if in() {
		t.Error("goes on after sixteen minutes without use")
	}
	b = p.SignInStaff(mobile)
	for range 60 { // in use all the time, and yet
		p.Advance(12 * time.Minute)
		if !in() {
			break
		}
	}
	if in() {
		t.Error("goes on after twelve hours")
	}
}

// TestStaffNeedASecondFactor: a password alone signs no member of staff in, and no session without a second factor carries a right.
func TestStaffNeedASecondFactor(t *testing.T) {
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Staff.SecondFactor = true
	p, ctx := apptest.StartWith(t, cfg), context.Background()
	p.Persona(mobile, "李四", 2, idp.RoleSystemAdmin)
	b := walk.New(nil)
	if p.StaffLogin(b, mobile); b.Page.Status != http.StatusForbidden || !strings.Contains(b.Page.Text, "两步验证") {
		t.Errorf("%d %s", b.Page.Status, b.Page.Text)
	}
	if err := b.Open(ctx, p.URL+"/admin/keys"); err != nil || b.Page.URL.Path != "/staff/login" {
		t.Errorf("%v %s", err, b.Page.URL)
	}
	key := enrolled(t, p, app.Staff{Login: "a001", Name: "王芳", Document: app.StaffDocument{Number: "110101199003074311"}, Roles: []string{idp.RoleAuditAdmin}})
	p.Advance(time.Minute)
	staffLogin(t, p, b, "a001", key)
	if err := b.Open(ctx, p.URL+"/admin/keys"); err != nil || b.Page.Status != http.StatusOK {
		t.Errorf("with two factors: %v %d %s", err, b.Page.Status, b.Page.Text)
	}
	if page := submit(t, b, p.URL+"/staff/security", map[string]string{}); strings.Contains(page.Source, "removal") && page.Status != http.StatusOK {
		t.Errorf("%d", page.Status)
	}
}

// TestA22TwoAdministratorsBringSomebodyIn: one opens the account, another gives out the code; a reset takes both again; a code dies after
// five tries and after its use.
func TestA22TwoAdministratorsBringSomebodyIn(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		first, second, other := counties(t, p)
		fields := map[string]string{"login": "C-077", "name": "王芳", "department": "dept-town", "number": "110101199003074311", "reason": "入职 3 号"}
		for name, bad := range map[string]string{"login": "13900139001", "number": "110101199003074312", "department": "none", "name": "", "reason": ""} {
			typed := map[string]string{}
			for field, value := range fields {
				typed[field] = value
			}
			typed[name] = bad
			if page := submit(t, first, p.URL+"/admin/staff/new", typed); page.Status != http.StatusUnprocessableEntity || !page.Has(name+"-error") {
				t.Errorf("%s %q: %d %s", name, bad, page.Status, page.Text)
			}
		}
		if page := submit(t, other, p.URL+"/admin/staff/new", fields); page.Status != http.StatusForbidden {
			t.Errorf("a neighbour: %d", page.Status)
		}
		page := submit(t, first, p.URL+"/admin/staff/new", fields)
		if page.Status != http.StatusOK || !strings.Contains(page.Text, "待启用") || strings.Contains(page.Source, fields["number"]) {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		address := p.URL + page.URL.Path
		code := func(b *walk.Browser) string {
			t.Helper()
			page := submit(t, b, address, map[string]string{"staff-code": "1", "reason": "当面交付"})
			if page.Status != http.StatusOK {
				return ""
			}
			_, after, _ := strings.Cut(page.Text, "启用码 ")
			return strings.Fields(after)[0]
		}
		if page := submit(t, first, address, map[string]string{"staff-code": "1", "reason": "当面交付"}); page.Status != fault.MetaOf(fault.ProposalSelf).Status {
			t.Errorf("who made it gives out the code: %d %s", page.Status, page.Text)
		}
		if err := other.Open(ctx, address); err != nil || other.Page.Status != http.StatusNotFound {
			t.Errorf("a neighbour reads it: %d", other.Page.Status)
		}
		given := code(second)
		if len(given) != 14 {
			t.Fatalf("code %q: %s", given, second.Page.Text)
		}
		b := walk.New(nil)
		for range 5 {
			if page := submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": "c-077", "enrol-code": "000000000000"}); page.Status != http.StatusUnauthorized {
				t.Fatalf("a wrong code: %d %s", page.Status, page.Text)
			}
		}
		if page := submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": "c-077", "enrol-code": given}); page.Status != http.StatusUnauthorized {
			t.Errorf("the code lives after five tries: %s", page.URL)
		}
		given = code(second)
		p.Advance(staff.EnrolLife + time.Minute)
		if page := submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": "c-077", "enrol-code": given}); page.Status != http.StatusUnauthorized {
			t.Errorf("the code lives after a week: %s", page.URL)
		}
		first, second = p.SignInStaff("13800138101"), p.SignInStaff("13800138102")
		given = code(second)
		key := enrolWith(t, p, "C-077", given)
		if page := submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": "c-077", "enrol-code": given}); page.Status != http.StatusUnauthorized {
			t.Errorf("the code was used twice: %s", page.URL)
		}
		p.Advance(time.Minute)
		member := walk.New(nil)
		staffLogin(t, p, member, "c-077", key)
		if !strings.Contains(member.Page.Text, "没有可用的权限") {
			t.Errorf("a right came with the account: %s", member.Page.Text)
		}
		if page := submit(t, second, address, map[string]string{"staff-reset": "1", "reason": "丢失手机"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "待启用") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if member.Open(ctx, p.URL+"/staff"); member.Page.URL.Path != "/staff/login" {
			t.Error("the session outlived the reset")
		}
		if p.StaffLogin(member, "c-077"); member.Page.Status != http.StatusUnauthorized {
			t.Errorf("the password outlived the reset: %d", member.Page.Status)
		}
		if page := submit(t, second, address, map[string]string{"staff-code": "1", "reason": "当面交付"}); page.Status != fault.MetaOf(fault.ProposalSelf).Status {
			t.Errorf("who reset it gives out the code: %d", page.Status)
		}
		enrolWith(t, p, "c-077", code(first))
		for _, row := range []struct{ action, want string }{{"staff-suspend", "已停用"}, {"staff-resume", "在用"}, {"staff-close", "已注销"}} {
			if page := submit(t, first, address, map[string]string{row.action: "1", "reason": "调离"}); page.Status != http.StatusOK || !strings.Contains(page.Text, row.want) {
				t.Errorf("%s: %d %s", row.action, page.Status, page.Text)
			}
		}
		made := audited(t, p, "staff.code_issued")
		if last := made[len(made)-1]; last.Actor != memberOf(t, p, "13800138101").Actor() || last.Details["by_role"] != idp.RoleSecurityAdmin || last.Details["by_area"] == "" {
			t.Errorf("audited %+v", last)
		}
	})
}

// TestOneHumanInBothRealms: whoever is behind an account of staff decides on no case of the own account as a citizen, whichever came
// first, and an account that is bound to nobody carries no right.
func TestOneHumanInBothRealms(t *testing.T) {
	p, ctx := apptest.Start(t, database(t)), context.Background()
	number := "110101199003074311"
	p.Persona(mobile, "李四", 0)
	citizen := ownerOf(t, p, mobile).ID
	staffed := app.Staff{Login: "a001", Name: "李四", Document: app.StaffDocument{Number: number}, Roles: []string{idp.RoleSecurityAdmin}}
	if err := p.App.Apply(ctx, app.Manifest{Staff: []app.Staff{staffed}}); err != nil {
		t.Fatal(err)
	}
	m := memberOf(t, p, "a001")
	human := func(actor string) string {
		t.Helper()
		h, err := p.App.Members.Human(ctx, actor)
		if err != nil || h == "" {
			t.Fatal(err)
		}
		return h
	}
	if human(m.Actor()) == human("account:"+citizen) {
		t.Error("strangers are one")
	}
	if err := p.App.Accounts.ProveIdentity(ctx, citizen, idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: p.Now().UTC(), Evidence: "e"}, idp.Identity{Name: "李四", Type: "citizen_id", Number: number}); err != nil {
		t.Fatal(err)
	}
	if human(m.Actor()) != human("account:"+citizen) {
		t.Error("one person is two")
	}
	if own, err := p.App.Members.Citizen(ctx, m); err != nil || own != citizen {
		t.Errorf("%q %v", own, err)
	}
}

// TestStaffChangeTheirOwnPassword: with a young login of both factors; every login of the account ends, and the old password with it.
func TestStaffChangeTheirOwnPassword(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2, idp.RoleAuditAdmin)
		b, key := strongStaff(t, p, mobile)
		p.Advance(time.Minute)
		other := walk.New(nil)
		staffLogin(t, p, other, mobile, key)
		if page := submit(t, b, p.URL+"/staff/security/password", map[string]string{"password-new": "short"}); page.Status != http.StatusUnprocessableEntity || !page.Has("password-submit") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page := press(t, b, map[string]string{"password-new": "Another-horse-7"}); page.URL.Path != "/staff/login" || page.Status != http.StatusOK {
			t.Fatalf("%d %s %s", page.Status, page.URL, page.Text)
		}
		if events := audited(t, p, "staff.password_set"); len(events) != 1 || !strings.HasPrefix(events[0].Actor, "staff:stf_") {
			t.Errorf("audited %+v", events)
		}
		for _, one := range []*walk.Browser{b, other} {
			if open(t, one, p.URL+"/staff"); one.Page.URL.Path != "/staff/login" {
				t.Errorf("a session goes on: %s", one.Page.URL)
			}
		}
		if p.StaffLogin(other, mobile); other.Page.URL.Path != "/staff/login" {
			t.Errorf("the old password signs in: %s", other.Page.URL)
		}
		if page := submit(t, other, p.URL+"/staff/login", map[string]string{"login-identifier": mobile, "login-password": "Another-horse-7"}); page.URL.Path != "/staff/login/second" {
			t.Errorf("the new one does not: %s", page.URL)
		}
		press(t, other, map[string]string{"otp-code": totpAt(t, key, p.Now().Add(30*time.Second))})
		p.Advance(6 * time.Minute)
		if open(t, other, p.URL+"/staff/security/password"); other.Page.Has("password-submit") || !other.Page.Has("security-signin") {
			t.Error("an old login may change it")
		}
	})
}
