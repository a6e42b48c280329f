package app_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestDisputeAboutARelease: a person asks about a line of the own ledger, the department answers on its side, and the person
// closes or asks the platform.
func TestDisputeAboutARelease(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(mobile, "李四", 2)
		p.Persona("13800138077", "王五", 2)
		p.Persona("13800138088", "赵六", 2, idp.RoleSecurityAdmin)
		p.Persona("13800138099", "孙七", 2, idp.RoleAuditAdmin)
		c := p.Client(idp.Client{ClientID: "portal", ClientName: "不动产登记"})
		b := p.SignIn(mobile)
		p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		open(t, b, p.URL+"/me/records")
		line := regexp.MustCompile(`/me/records/rel_[0-9a-f]+`).FindString(b.Page.Source)
		open(t, b, p.URL+line)
		if b.Page.Has("dispute-escalate") || b.Page.Has("dispute-close") || !b.Page.Has("dispute-ask") {
			t.Fatalf("the page offers the wrong steps: %s", b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"text": "  "}); err != nil || b.Page.Status != http.StatusUnprocessableEntity {
			t.Errorf("an empty question: %d, %v", b.Page.Status, err)
		}
		if err := b.Submit(ctx, map[string]string{"text": "我没有办理过登记"}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.Page.Text, "等待单位答复") || b.Page.Has("dispute-ask") || b.Page.Has("dispute-escalate") {
			t.Fatalf("after the question: %s", b.Page.Text)
		}
		other := p.SignIn("13800138077")
		open(t, other, p.URL+line)
		if other.Page.Status != http.StatusNotFound {
			t.Errorf("another person's line answered %d", other.Page.Status)
		}
		open(t, other, p.URL+"/admin/disputes")
		if other.Page.URL.Path != "/staff/login" {
			t.Errorf("administration answered a citizen with %s", other.Page.URL)
		}
		admin := p.SignInStaff("13800138088")
		open(t, admin, p.URL+"/admin/disputes")
		dispute := regexp.MustCompile(`/admin/disputes/dsp_[0-9a-z]+`).FindString(admin.Page.Source)
		auditor := p.SignInStaff("13800138099")
		open(t, auditor, p.URL+dispute)
		if strings.Contains(auditor.Page.Source, "dispute-answer") || !strings.Contains(auditor.Page.Text, "我没有办理过登记") {
			t.Errorf("an auditor sees %s", auditor.Page.Text)
		}
		open(t, admin, p.URL+dispute)
		if err := admin.Submit(ctx, map[string]string{"reason": "共有人申请登记时依法核对"}); err != nil || !strings.Contains(admin.Page.Text, "已答复") {
			t.Fatalf("the answer: %v %s", err, admin.Page.Text)
		}
		if told := inboxText(t, p, mobile, "已有答复"); told == "" || strings.Contains(told, "共有人") {
			t.Errorf("the person is told %q", told)
		}
		open(t, b, p.URL+line)
		if !strings.Contains(b.Page.Text, "共有人申请登记时依法核对") || !b.Page.Has("dispute-escalate") {
			t.Fatalf("the person reads %s", b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"action": "escalate"}); err != nil || !strings.Contains(b.Page.Text, "已提请平台处理") {
			t.Fatalf("escalation: %v %s", err, b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"action": "close"}); err != nil || !strings.Contains(b.Page.Text, "已了结") || b.Page.Has("dispute-close") {
			t.Fatalf("closing: %v %s", err, b.Page.Text)
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
