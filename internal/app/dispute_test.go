package app_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// People and departments of the questions below.
const (
	deptLand, deptTax = "dept-land", "dept-tax"
	landAdmin         = "13800138041" // of the department that received
	taxAdmin          = "13800138042" // of another department of the same area
	countyAdmin       = "13800138043" // of the department, with a right in another county only
	landAuditor       = "13800138044"
	platformAdmin     = "13800138045"
)

// disputing is a person with a line of the ledger, its department, and everybody at the desks.
type disputing struct {
	*apptest.Platform
	t      *testing.T
	person *walk.Browser
	line   string
	desks  map[string]*walk.Browser
}

func startDisputing(t *testing.T, p *apptest.Platform) *disputing {
	t.Helper()
	x := &disputing{Platform: p, t: t, desks: map[string]*walk.Browser{}}
	p.Persona(mobile, "李四", 2)
	p.Persona(platformAdmin, "赵六", 2, idp.RoleSecurityAdmin)
	m := app.Manifest{Areas: []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}},
		Departments: []staff.Department{{ID: deptLand, Name: "不动产登记中心", Area: "330102"}, {ID: deptTax, Name: "税务局", Area: "330102"}}}
	until := p.Now().Add(300 * 24 * time.Hour)
	for login, of := range map[string]struct{ department, area, role string }{
		landAdmin: {deptLand, "330100", idp.RoleSecurityAdmin}, taxAdmin: {deptTax, "330102", idp.RoleSecurityAdmin}, countyAdmin: {deptLand, "330105", idp.RoleSecurityAdmin}, landAuditor: {deptLand, "330102", idp.RoleAuditAdmin}} {
		p.Persona(login, "工作人员", 2, "seal_keeper")
		m.Staff = append(m.Staff, app.Staff{Login: login, Name: "工作人员", Account: login, Department: of.department, Roles: []string{}, Rights: []app.StaffRight{{Role: of.role, Area: of.area, Until: until}}})
	}
	applied(t, p, m)
	c := p.Client(idp.Client{ClientID: "portal", ClientName: "不动产登记", Department: deptLand})
	x.person = p.SignIn(mobile)
	p.Redeem(c, p.Code(x.person, c, nil).Get("code"), nil)
	open(t, x.person, p.URL+"/me/records")
	x.line = regexp.MustCompile(`/me/records/rel_[0-9a-f]+`).FindString(x.person.Page.Source)
	for _, login := range []string{landAdmin, taxAdmin, countyAdmin, landAuditor, platformAdmin} {
		x.desks[login] = p.SignInStaff(login)
	}
	return x
}

// later moves the clock; everybody signs in again.
func (x *disputing) later(d time.Duration) {
	x.t.Helper()
	x.Advance(d)
	x.person = x.SignIn(mobile)
	for login := range x.desks {
		x.desks[login] = x.SignInStaff(login)
	}
}

// writes sends the form of the line with a text, or an act without one.
func (x *disputing) writes(fields map[string]string) string {
	x.t.Helper()
	open(x.t, x.person, x.URL+x.line)
	if err := x.person.Submit(x.t.Context(), fields); err != nil || x.person.Page.Status != http.StatusOK {
		x.t.Fatalf("%v: %v %d %s", fields, err, x.person.Page.Status, x.person.Page.Text)
	}
	return x.person.Page.Text
}

// id is the one question that there is, as the platform sees it.
func (x *disputing) id() string {
	x.t.Helper()
	open(x.t, x.desks[platformAdmin], x.URL+"/admin/disputes")
	return regexp.MustCompile(`/admin/disputes/dsp_[0-9a-z]+`).FindString(x.desks[platformAdmin].Page.Source)
}

// posts sends a form of a console as somebody.
func (x *disputing) posts(login, path string, form url.Values) int {
	x.t.Helper()
	return formStatus(x.t, x.Platform, x.desks[login], path, form)
}

// TestDisputeAboutARelease: a person asks about a line of the own ledger and the department that received it answers; no other department
// sees it, not even one of the same area, nor staff whose right does not reach the department. The person asks the platform once.
func TestDisputeAboutARelease(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		x := startDisputing(t, p)
		p.Persona("13800138077", "王五", 2)
		b := x.person
		open(t, b, p.URL+x.line)
		if b.Page.Has("dispute-escalate") || b.Page.Has("dispute-close") || !b.Page.Has("dispute-ask") {
			t.Fatalf("the page offers the wrong steps: %s", b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"text": "  "}); err != nil || b.Page.Status != http.StatusUnprocessableEntity {
			t.Errorf("an empty question: %d, %v", b.Page.Status, err)
		}
		if text := x.writes(map[string]string{"text": "我没有办理过登记"}); !strings.Contains(text, "等待单位答复") || b.Page.Has("dispute-ask") || b.Page.Has("dispute-escalate") {
			t.Fatalf("after the question: %s", text)
		}
		other := p.SignIn("13800138077")
		open(t, other, p.URL+x.line)
		if other.Page.Status != http.StatusNotFound {
			t.Errorf("another person's line answered %d", other.Page.Status)
		}
		open(t, other, p.URL+"/admin/disputes")
		if other.Page.URL.Path != "/staff/login" {
			t.Errorf("administration answered a citizen with %s", other.Page.URL)
		}
		dispute := x.id()
		for login, want := range map[string]int{landAdmin: http.StatusOK, landAuditor: http.StatusOK, taxAdmin: http.StatusNotFound, countyAdmin: http.StatusForbidden} {
			desk := x.desks[login]
			if open(t, desk, p.URL+dispute); desk.Page.Status != want {
				t.Errorf("%s reads it with %d, want %d", login, desk.Page.Status, want)
			}
			if offered := strings.Contains(desk.Page.Source, "dispute-answer"); offered != (login == landAdmin) {
				t.Errorf("%s is offered to answer: %v", login, offered)
			}
			open(t, desk, p.URL+"/admin/disputes")
			if seen := strings.Contains(desk.Page.Source, dispute); seen != (want == http.StatusOK) {
				t.Errorf("%s sees it in the list: %v", login, seen)
			}
		}
		for login, want := range map[string]int{landAuditor: http.StatusForbidden, taxAdmin: http.StatusNotFound, countyAdmin: http.StatusForbidden} {
			if got := x.posts(login, dispute+"/answer", url.Values{"reason": {"不是我们的事"}}); got != want {
				t.Errorf("%s answers with %d, want %d", login, got, want)
			}
		}
		land := x.desks[landAdmin]
		open(t, land, p.URL+dispute)
		if !strings.Contains(land.Page.TextOf("main"), "我没有办理过登记") {
			t.Errorf("the department reads %s", land.Page.Text)
		}
		if err := land.Submit(ctx, map[string]string{"reason": strings.Repeat("长", 300) + "共有人申请登记时依法核对"}); err != nil || !strings.Contains(land.Page.Text, "已答复") {
			t.Fatalf("the answer: %v %s", err, land.Page.Text)
		}
		if events := audited(t, p, "dispute.answered"); len(events) != 1 || events[0].Details["for"] != "department" || events[0].Details["department"] != deptLand || events[0].Details["by_role"] != idp.RoleSecurityAdmin {
			t.Errorf("%v", events)
		}
		if told := inboxText(t, p, mobile, "已有答复"); told == "" || strings.Contains(told, "共有人") {
			t.Errorf("the person is told %q", told)
		}
		open(t, b, p.URL+x.line)
		if !strings.Contains(b.Page.Text, "共有人申请登记时依法核对") || !strings.Contains(b.Page.TextOf("dispute"), "单位 ") || !b.Page.Has("dispute-escalate") {
			t.Fatalf("the person reads %s", b.Page.Text)
		}
		if text := x.writes(map[string]string{"action": "escalate"}); !strings.Contains(text, "已提请平台处理") {
			t.Fatalf("escalation: %s", text)
		}
		if got := x.posts(landAdmin, dispute+"/answer", url.Values{"reason": {"再答一次"}}); got != http.StatusConflict {
			t.Errorf("the department answers what the platform was asked: %d", got)
		}
		if got := x.posts(platformAdmin, dispute+"/answer", url.Values{"reason": {"平台核查属实"}}); got != http.StatusOK {
			t.Fatalf("the platform: %d %s", got, x.desks[platformAdmin].Page.Text)
		}
		open(t, b, p.URL+x.line)
		if text := b.Page.TextOf("dispute"); !strings.Contains(text, "平台已答复") || !strings.Contains(text, "人民法院") || b.Page.Has("dispute-ask") || b.Page.Has("dispute-escalate") {
			t.Fatalf("after the last word: %s", text)
		}
		for _, again := range []url.Values{{"action": {"escalate"}}, {"action": {"ask"}, "text": {"再问"}}} {
			if got := formStatus(t, p, b, x.line, again); got != http.StatusConflict {
				t.Errorf("%v after the last word: %d", again, got)
			}
		}
		if text := x.writes(map[string]string{"action": "close"}); !strings.Contains(text, "已了结") || b.Page.Has("dispute-close") {
			t.Fatalf("closing: %s", text)
		}
	})
}

// formStatus sends a form to a path as a browser and answers the status of the page.
func formStatus(t *testing.T, p *apptest.Platform, b *walk.Browser, path string, form url.Values) int {
	t.Helper()
	sendForm(t, p, b, path, "application/x-www-form-urlencoded", []byte(form.Encode()))
	return b.Page.Status
}

// TestPlatformStepsInOnce: the platform sends an answer of a department back or puts its own in the place, once, with a reason; the words
// of the department stay, and the person is told.
func TestPlatformStepsInOnce(t *testing.T) {
	for name, act := range map[string]string{"sent back": "send_back", "corrected": "correct"} {
		t.Run(name, func(t *testing.T) {
			p := apptest.Start(t, database(t))
			x := startDisputing(t, p)
			x.writes(map[string]string{"text": "为什么查我"})
			dispute := x.id()
			platform := x.desks[platformAdmin]
			correction := url.Values{"kind": {act}, "text": {"请写明依据"}, "reason": {"答复没有写明依据"}}
			if got := x.posts(platformAdmin, dispute+"/correction", correction); got != http.StatusConflict {
				t.Errorf("before any answer: %d", got)
			}
			x.posts(landAdmin, dispute+"/answer", url.Values{"reason": {"请到窗口了解"}})
			for what, form := range map[string]url.Values{"no words": {"kind": {act}, "text": {" "}, "reason": {"x"}}, "no reason": {"kind": {act}, "text": {"x"}}} {
				if got := x.posts(platformAdmin, dispute+"/correction", form); got != http.StatusUnprocessableEntity {
					t.Errorf("%s: %d", what, got)
				}
			}
			if got := x.posts(landAdmin, dispute+"/correction", correction); got != http.StatusForbidden {
				t.Errorf("a department corrects: %d", got)
			}
			if open(t, platform, p.URL+dispute+"/correction"); platform.Page.Status != http.StatusOK {
				t.Fatalf("%d %s", platform.Page.Status, platform.Page.Text)
			}
			if got := x.posts(platformAdmin, dispute+"/correction", correction); got != http.StatusOK {
				t.Fatalf("%d %s", got, platform.Page.Text)
			}
			if text := platform.Page.Text; !strings.Contains(text, "请到窗口了解") || !strings.Contains(text, "请写明依据") {
				t.Errorf("the desk reads %s", text)
			}
			told, kind, has := "新进展", "dispute.sent_back", "等待单位答复"
			if act == "correct" {
				told, kind, has = "已有答复", "dispute.corrected", "平台已答复"
			}
			if inboxText(t, p, mobile, told) == "" {
				t.Error("the person was not told")
			}
			if events := audited(t, p, kind); len(events) != 1 || events[0].Reason != "答复没有写明依据" {
				t.Errorf("%v", events)
			}
			open(t, x.person, p.URL+x.line)
			if text := x.person.Page.TextOf("dispute"); !strings.Contains(text, has) || !strings.Contains(text, "请到窗口了解") || !strings.Contains(text, "请写明依据") {
				t.Errorf("the person reads %s", text)
			}
			if act == "correct" && (x.person.Page.Has("dispute-ask") || x.person.Page.Has("dispute-escalate")) {
				t.Error("the platform's own answer can be escalated to the platform")
			}
			x.posts(landAdmin, dispute+"/answer", url.Values{"reason": {"依据第十六条"}})
			if got := x.posts(platformAdmin, dispute+"/correction", correction); got != http.StatusConflict {
				t.Errorf("a second time: %d", got)
			}
		})
	}
}

// TestNobodyAnswersTheOwnQuestion: not at the platform and not at the department, as whichever account.
func TestNobodyAnswersTheOwnQuestion(t *testing.T) {
	p := apptest.Start(t, database(t))
	x := startDisputing(t, p)
	own := p.SignIn(platformAdmin)
	c := p.Client(idp.Client{ClientID: "tax", ClientName: "税务", Department: deptTax})
	p.Redeem(c, p.Code(own, c, nil).Get("code"), nil)
	open(t, own, p.URL+"/me/records")
	x.line = regexp.MustCompile(`/me/records/rel_[0-9a-f]+`).FindString(own.Page.Source)
	x.person = own
	x.writes(map[string]string{"text": "为什么"})
	if got := x.posts(platformAdmin, x.id()+"/answer", url.Values{"reason": {"没有问题"}}); got != http.StatusForbidden || !strings.Contains(x.desks[platformAdmin].Page.Text, "本人提出的疑问") {
		t.Errorf("%d %s", got, x.desks[platformAdmin].Page.Text)
	}
	if got := x.posts(taxAdmin, x.id()+"/answer", url.Values{"reason": {"依法核对"}}); got != http.StatusOK {
		t.Errorf("its department: %d", got)
	}
}

// TestOverdueQuestionsMoveByThemselves: on the due day the department is told at its desk, days later the platform takes over and the
// person hears of it; once more changes nothing.
func TestOverdueQuestionsMoveByThemselves(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		x := startDisputing(t, p)
		x.writes(map[string]string{"text": "为什么查我"})
		dispute := x.id()
		todo := func(login string) string {
			t.Helper()
			open(t, x.desks[login], p.URL+"/staff")
			return x.desks[login].Page.TextOf("staff-inbox")
		}
		// The platform's own clock may have been first: who was told, and what is on record at the end, is what counts.
		move := func(most int) {
			t.Helper()
			for i := range 2 {
				n, err := p.App.OverdueDisputes(t.Context())
				if err != nil || n > most*(1-i) {
					t.Errorf("look %d moved %d, want at most %d: %v", i+1, n, most*(1-i), err)
				}
			}
		}
		move(0)
		x.later(idp.AnswerTime + time.Hour)
		if list := x.desks[landAdmin]; !strings.Contains(todo(landAdmin), "现在没有待办") {
			t.Errorf("told before the step: %s", list.Page.Text)
		}
		move(1)
		for login, want := range map[string]bool{landAdmin: true, taxAdmin: false, countyAdmin: false, platformAdmin: true} {
			if got := strings.Contains(todo(login), "逾期未答复的疑问 1"); got != want {
				t.Errorf("%s is told: %v, want %v", login, got, want)
			}
		}
		land := x.desks[landAdmin]
		open(t, land, p.URL+"/admin/disputes?due=overdue")
		if !strings.Contains(land.Page.Text, "已逾期第 1 天") {
			t.Errorf("the list says %s", land.Page.Text)
		}
		x.later(idp.DefaultRaiseAfter - time.Hour)
		move(0)
		x.later(2 * time.Hour)
		move(1)
		if inboxText(t, p, mobile, "新进展") == "" {
			t.Error("the person was not told")
		}
		if text := todo(platformAdmin); !strings.Contains(text, "由平台答复的疑问 1") || strings.Contains(text, "逾期未答复") {
			t.Errorf("the platform: %s", text)
		}
		if text := todo(landAdmin); !strings.Contains(text, "现在没有待办") {
			t.Errorf("the department: %s", text)
		}
		open(t, x.person, p.URL+x.line)
		if text := x.person.Page.TextOf("dispute"); !strings.Contains(text, "已转由平台处理") || x.person.Page.Has("dispute-escalate") {
			t.Errorf("the person reads %s", text)
		}
		if got := x.posts(landAdmin, dispute+"/answer", url.Values{"reason": {"太晚了"}}); got != http.StatusConflict {
			t.Errorf("the department answers after it went to the platform: %d", got)
		}
		for kind, want := range map[string]int{"dispute.overdue": 1, "dispute.raised": 1} {
			if events := audited(t, p, kind); len(events) != want || events[0].Actor != "system:disputes" {
				t.Errorf("%s: %v", kind, events)
			}
		}
	})
}

// TestLegalHoldsAreForTheSecurityAdministrator: with a reason and an end.
func TestLegalHoldsAreForTheSecurityAdministrator(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx := context.Background()
	p.Persona(mobile, "李四", 2)
	p.Persona("13800138088", "赵六", 2, idp.RoleSecurityAdmin)
	p.Persona("13800138099", "孙七", 2, idp.RoleSystemAdmin)
	system := p.SignInStaff("13800138099")
	if open(t, system, p.URL+"/admin/holds"); system.Page.Status != http.StatusForbidden {
		t.Errorf("a system administrator reads holds: %d", system.Page.Status)
	}
	admin := p.SignInStaff("13800138088")
	account, err := p.App.Accounts.ByIdentifier(ctx, identifierOf(t, mobile))
	if err != nil {
		t.Fatal(err)
	}
	year := time.Now().AddDate(1, 0, 0)
	fields := map[string]string{"account": account.ID, "reason": "诉讼保全", "until-year": "2020", "until-month": "1", "until-day": "2"}
	open(t, admin, p.URL+"/admin/holds")
	if err := admin.Submit(ctx, fields); err != nil || admin.Page.Status != http.StatusUnprocessableEntity {
		t.Fatalf("a hold that is over: %d, %v", admin.Page.Status, err)
	}
	fields["until-year"] = year.Format("2006")
	if err := admin.Submit(ctx, fields); err != nil || !strings.Contains(admin.Page.Text, "保全中") {
		t.Fatalf("a hold: %v %s", err, admin.Page.Text)
	}
	if err := admin.Submit(ctx, map[string]string{"reason": "已结案"}); err != nil || !strings.Contains(admin.Page.Text, "已结束") {
		t.Fatalf("release: %v %s", err, admin.Page.Text)
	}
}
