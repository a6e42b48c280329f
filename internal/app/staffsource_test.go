package app_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// office is a platform whose staff sign in through a directory too, with members that are enrolled.
type office struct {
	*apptest.Platform
	t    *testing.T
	h    *hostileSource
	keys map[string]string // of authenticators, by login name
}

func newOffice(t *testing.T, database string) *office {
	t.Helper()
	h := newHostile(t)
	cfg := apptest.NewConfig(t, database, t.TempDir())
	cfg.Outbound.Allowed, cfg.Staff.SecondFactor = []string{h.host()}, true
	o := &office{Platform: apptest.StartWith(t, cfg), t: t, h: h, keys: map[string]string{}}
	apply(t, o.Platform, app.Manifest{Upstreams: []federation.Source{o.source(), h.source()}})
	for login, one := range map[string]struct{ number, role string }{"a001": {"110101199003074311", idp.RoleSecurityAdmin}, "a002": {"11010119900307109X", idp.RoleSecurityAdmin}, "s001": {"110101199003073319", idp.RoleSystemAdmin}, "d001": {"110101199003071591", idp.RoleAuditAdmin}} {
		o.keys[login] = enrolled(t, o.Platform, app.Staff{Login: login, Name: "王芳", Document: app.StaffDocument{Number: one.number}, Roles: []string{one.role}})
	}
	o.Advance(time.Minute)
	return o
}

func (o *office) source() federation.Source {
	return federation.Source{ID: "office", Name: "市机关统一登录", Issuer: o.h.URL, ClientID: "county", Secret: "county-secret-of-tests", Staff: true, ACRs: map[string]int{"strong": 2}, AMRs: map[string]int{"mfa": 2}}
}

// says lets the directory answer with claims about a login of this moment; nil takes away.
func (o *office) says(subject string, claims map[string]any) {
	now := o.Now()
	all := map[string]any{"sub": subject, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "auth_time": now.Unix()}
	maps.Copy(all, claims)
	o.h.mutex.Lock()
	defer o.h.mutex.Unlock()
	o.h.claims = all
	o.h.change = func(c map[string]any) {
		for name, value := range claims {
			if value == nil {
				delete(c, name)
			}
		}
	}
}

// back opens the callback of the staff's realm with a good answer to the last question.
func (o *office) back(b *walk.Browser) *walk.Page {
	o.t.Helper()
	o.h.mutex.Lock()
	state := o.h.asked.Get("state")
	o.h.mutex.Unlock()
	return opened(o.t, b, o.URL+"/staff/login/upstream/office/callback?"+url.Values{"code": {"c"}, "state": {state}, "iss": {o.h.URL}}.Encode())
}

// through signs in through the directory as far as it leads.
func (o *office) through(b *walk.Browser) *walk.Page {
	o.t.Helper()
	opened(o.t, b, o.URL+"/staff/login/upstream/office/start?next=%2Fstaff%2Fsecurity")
	return o.back(b)
}

// in signs a member in with password and authenticator.
func (o *office) in(login string) *walk.Browser {
	o.t.Helper()
	o.Advance(time.Minute) // a code works once
	b := walk.New(nil)
	staffLogin(o.t, o.Platform, b, login, o.keys[login])
	return b
}

// propose lets an administrator propose a link of a member, and gives the address in the inbox.
func (o *office) propose(b *walk.Browser, login, subject string) *walk.Page {
	o.t.Helper()
	return submit(o.t, b, o.URL+"/admin/staff/"+memberOf(o.t, o.Platform, login).ID+"/link", map[string]string{"source": "office", "subject": subject, "reason": "入职 8 号"})
}

func (o *office) approve(b *walk.Browser, item string) *walk.Page {
	o.t.Helper()
	return submit(o.t, b, o.URL+item, map[string]string{"proposal-approve": "1", "reason": "已核对"})
}

// TestStaffSignInThroughADirectory: a source is of one realm; it signs in whom it is linked to, counts as one factor unless its
// registration says more, makes no account, and leaves the local ways when it is silent.
func TestStaffSignInThroughADirectory(t *testing.T) {
	onEngines(t, func(t *testing.T, database string) {
		o, ctx := newOffice(t, database), context.Background()
		db := testkit.OpenDatabase(t, o.Config.Database.URL)
		count := func(query string, args ...any) (n int) {
			t.Helper()
			if err := db.Read().QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		b := walk.New(nil)
		if page := opened(t, b, o.URL+"/login"); strings.Contains(page.Source, "/office/") || !strings.Contains(page.Source, "/federation/province/start") {
			t.Error("citizens are offered the directory of staff")
		}
		if page := opened(t, b, o.URL+"/staff/login"); !strings.Contains(page.Source, "/staff/login/upstream/office/start") || strings.Contains(page.Source, "province") {
			t.Error("staff are not offered the directory, or are offered a source of citizens")
		}
		open(t, b, o.URL+"/federation/office/start")
		wantErrorPage(t, b, http.StatusBadRequest, upstreamUnknown)
		if page := opened(t, b, o.URL+"/staff/login/upstream/province/start"); page.Status != http.StatusBadRequest || !page.Has("login-password") {
			t.Errorf("a source of citizens: %d %s", page.Status, page.URL)
		}

		accounts := count("SELECT (SELECT COUNT(*) FROM idp_staff) + (SELECT COUNT(*) FROM idp_account)")
		o.says("person-1", nil)
		if page := o.through(walk.New(nil)); page.Status != fault.MetaOf(fault.StaffLinkNeeded).Status || !page.Has("login-password") || !strings.Contains(page.Text, "尚未关联") {
			t.Errorf("somebody who is not linked: %d %s", page.Status, page.Text)
		}
		if o.h.asked.Get("prompt") != "login" || o.h.asked.Get("redirect_uri") != o.URL+"/staff/login/upstream/office/callback" {
			t.Errorf("the directory was asked %v", o.h.asked)
		}
		// The member links, with both factors.
		work := o.in("s001")
		o.says("person-1", nil)
		submit(t, work, o.URL+"/staff/security", map[string]string{"link-office": "1"})
		if page := o.back(walk.New(nil)); page.Status != http.StatusBadRequest {
			t.Errorf("a link in another browser: %d %s", page.Status, page.URL)
		}
		submit(t, work, o.URL+"/staff/security", map[string]string{"link-office": "1"})
		if page := o.back(work); page.URL.Path != "/staff/security" || !page.Has("unlink-office") {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		o.Advance(6 * time.Minute)
		if page := opened(t, work, o.URL+"/staff/security"); page.Has("link-office") || page.Has("unlink-office") {
			t.Error("a login of six minutes ago changes links")
		}
		// One factor, and the second here.
		b = walk.New(nil)
		o.says("person-1", nil)
		if page := o.through(b); page.URL.Path != "/staff/login/second" {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		if page := opened(t, b, o.URL+"/admin/keys"); page.URL.Path != "/staff/login" {
			t.Errorf("in without the second factor: %s", page.URL)
		}
		o.says("person-1", nil)
		o.through(b)
		if page := press(t, b, map[string]string{"otp-code": totpAt(t, o.keys["s001"], o.Now())}); page.URL.Path != "/staff/security" {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		if page := opened(t, b, o.URL+"/admin/keys"); page.Status != http.StatusOK || page.URL.Path != "/admin/keys" {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		for name, claims := range map[string]map[string]any{"acr": {"acr": "strong"}, "amr": {"amr": []string{"pwd", "mfa"}}} {
			o.says("person-1", claims)
			if page := o.through(walk.New(nil)); page.URL.Path != "/staff/security" || page.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, page.Status, page.URL)
			}
		}
		for name, row := range map[string]map[string]any{"an old login": {"auth_time": o.Now().Add(-11 * time.Minute).Unix()}, "no time of login": {"auth_time": nil}} {
			o.says("person-1", row)
			if page := o.through(walk.New(nil)); page.Status != http.StatusBadRequest || !page.Has("login-password") {
				t.Errorf("%s: %d %s", name, page.Status, page.URL)
			}
		}
		// A question of the citizens' realm is none here.
		b = walk.New(nil)
		o.says("person-1", nil)
		open(t, b, o.URL+"/federation/province/start")
		if page := o.back(b); page.Status != http.StatusBadRequest || !page.Has("login-password") {
			t.Errorf("a state of the other realm: %d %s", page.Status, page.URL)
		}
		if n := count("SELECT (SELECT COUNT(*) FROM idp_staff) + (SELECT COUNT(*) FROM idp_account)"); n != accounts {
			t.Errorf("%d accounts were made", n-accounts)
		}
		if len(audited(t, o.Platform, "staff.linked")) != 1 || count("SELECT COUNT(*) FROM idp_upstream_link") != 0 {
			t.Error("not audited, or linked in the other realm")
		}
		// A login there that ends, ends ours.
		b = walk.New(nil)
		o.says("person-1", map[string]any{"acr": "strong"})
		o.through(b)
		form := url.Values{"logout_token": {o.h.logoutToken(t, "logout+jwt", o.h.key, map[string]any{"iat": o.Now().Unix(), "exp": o.Now().Add(time.Minute).Unix()})}}
		answer, err := http.PostForm(o.URL+"/federation/office/backchannel-logout", form)
		if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("logout of the source: %v %d", err, answer.StatusCode)
		}
		eventually(t, "the session ends with that of the source", func() bool { return opened(t, b, o.URL+"/admin/keys").URL.Path == "/staff/login" })
		// Silence leaves the local ways.
		o.h.mutex.Lock()
		o.h.silent = true
		o.h.mutex.Unlock()
		o.Advance(11 * time.Minute) // what is kept of its metadata is over
		for range 5 {
			if page := opened(t, walk.New(nil), o.URL+"/staff/login/upstream/office/start"); page.Status != http.StatusServiceUnavailable || !page.Has("login-password") || !strings.Contains(page.Text, "没有回应") {
				t.Fatalf("%d %s", page.Status, page.Text)
			}
		}
		if page := opened(t, walk.New(nil), o.URL+"/staff/login"); strings.Contains(page.Source, "/office/start") || !strings.Contains(page.Text, "市机关统一登录暂时没有回应") {
			t.Errorf("%s", page.Text)
		}
	})
}

// TestStaffAreLinkedByTwo: what one administrator proposes another approves, for the account and the source that they saw; nobody on
// the own account, and a new enrolment ends it.
func TestStaffAreLinkedByTwo(t *testing.T) {
	onEngines(t, func(t *testing.T, database string) {
		o, ctx := newOffice(t, database), context.Background()
		first := o.in("a001")
		for subject, source := range map[string]string{"": "office", strings.Repeat("x", 256): "office", "person-9": "province"} {
			if page := submit(t, first, o.URL+"/admin/staff/"+memberOf(t, o.Platform, "d001").ID+"/link", map[string]string{"source": source, "subject": subject, "reason": "入职"}); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%.10q at %s: %d %s", subject, source, page.Status, page.Text)
			}
		}
		if page := o.propose(first, "a001", "person-1"); page.Status != fault.MetaOf(fault.ProposalSelf).Status {
			t.Errorf("for oneself: %d %s", page.Status, page.Text)
		}
		page := o.propose(first, "d001", "person-9")
		if !strings.Contains(page.Text, "person-9") || !strings.HasPrefix(page.URL.Path, "/admin/inbox/") {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		item := page.URL.Path
		o.says("person-9", nil)
		if page := o.through(walk.New(nil)); page.Status != http.StatusForbidden {
			t.Errorf("one was enough: %d %s", page.Status, page.URL)
		}
		if page.Has("proposal-approve") {
			t.Error("who proposed it is offered to approve it")
		}
		second := o.in("a002")
		if page := o.approve(second, item); page.Status != http.StatusOK || !strings.Contains(page.Text, "已办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		b := walk.New(nil)
		o.says("person-9", nil)
		if page := o.through(b); page.URL.Path != "/staff/login/second" {
			t.Errorf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		if page := o.propose(first, "s001", "person-9"); page.Status != http.StatusOK { // somebody else's login
			t.Fatalf("%d %s", page.Status, page.Text)
		} else if page := o.approve(second, page.URL.Path); page.Status != fault.MetaOf(fault.StaffLinked).Status {
			t.Errorf("a login of two accounts: %d %s", page.Status, page.Text)
		}
		// The source or the account became another: dead.
		item = o.propose(first, "s001", "person-3").URL.Path
		changed := o.source()
		changed.Name = "市机关登录"
		apply(t, o.Platform, app.Manifest{Upstreams: []federation.Source{changed}})
		if page := o.approve(second, item); page.Status != fault.MetaOf(fault.ProposalChanged).Status {
			t.Errorf("another source: %d %s", page.Status, page.Text)
		}
		item = o.propose(first, "s001", "person-3").URL.Path
		member := "/admin/staff/" + memberOf(t, o.Platform, "s001").ID
		for _, action := range []string{"staff-suspend", "staff-resume", "staff-suspend"} {
			submit(t, first, o.URL+member, map[string]string{action: "1", "reason": "核查"})
		}
		if page := o.approve(second, item); page.Status != fault.MetaOf(fault.ProposalChanged).Status {
			t.Errorf("a suspended account: %d %s", page.Status, page.Text)
		}
		flipped := o.source()
		flipped.Staff = false
		if err := o.App.Apply(ctx, app.Manifest{Upstreams: []federation.Source{flipped}}); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("the source passed to the other realm: %v", err)
		}
		// One takes away, a reset too.
		if page := submit(t, first, o.URL+"/admin/staff/"+memberOf(t, o.Platform, "d001").ID, map[string]string{"staff-unlink-office": "1", "reason": "调离"}); page.Status != http.StatusOK || page.Has("staff-unlink-office") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		o.says("person-9", nil)
		if page := o.through(walk.New(nil)); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "尚未关联") {
			t.Errorf("after the removal: %d %s", page.Status, page.Text)
		}
		o.approve(second, o.propose(first, "d001", "person-9").URL.Path)
		submit(t, first, o.URL+"/admin/staff/"+memberOf(t, o.Platform, "d001").ID, map[string]string{"staff-reset": "1", "reason": "手机遗失"})
		o.says("person-9", map[string]any{"acr": "strong"})
		if page := o.through(walk.New(nil)); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "尚未关联") {
			t.Errorf("after the reset: %d %s", page.Status, page.Text)
		}
	})
}
