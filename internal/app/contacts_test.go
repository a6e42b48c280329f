package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestContactsArePersonsOwnToChange (experience specification 3.4): the code of the old number first, then that of the new one; both are
// told, seals and mandates rest for a day, and the old number opens nothing any more. A first address takes no place and rests nothing.
func TestContactsArePersonsOwnToChange(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const next, taken, address = "13800138077", "13800138078", "li@example.cn"
		ctx := t.Context()
		p.Persona(mobile, "李四", 2)
		p.Persona(taken, "王五", 1)
		b := p.SignIn(mobile)
		ask := func(value string) {
			t.Helper()
			open(t, b, p.URL+"/me/security")
			press(t, b, map[string]string{"contact-new": value})
		}
		code := func(value string) { t.Helper(); press(t, b, map[string]string{"otp-code": value}) }

		for _, bad := range []string{"", "not a contact", "11010519491231002X", mobile} {
			if ask(bad); b.Page.Status != http.StatusUnprocessableEntity || !b.Page.Has("contact-new") {
				t.Errorf("%q: %d %s", bad, b.Page.Status, b.Page.Text)
			}
		}
		if ask(next); !b.Page.Has("otp-code") || !strings.Contains(b.Page.Text, "138****8021") || strings.Contains(b.Page.Text, "138****8077") {
			t.Fatalf("the old number is not asked first: %s", b.Page.Text)
		}
		if told(p, next, "验证码") {
			t.Error("the new number got a code before the old one was shown")
		}
		if page := press(t, b, map[string]string{"otp-resend": "1"}); page.Status != http.StatusTooManyRequests || !page.Has("otp-code") || !strings.Contains(page.Text, "138****8021") {
			t.Errorf("another code within the minute: %d %s", page.Status, page.Text)
		}
		if code("000000"); b.Page.Status != http.StatusUnauthorized || !strings.Contains(b.Page.Text, "138****8021") {
			t.Errorf("a wrong code: %d %s", b.Page.Status, b.Page.Text)
		}
		if code(inbox(t, p, mobile)); !b.Page.Has("otp-code") || !strings.Contains(b.Page.Text, "138****8077") {
			t.Fatalf("the new number is not asked next: %d %s", b.Page.Status, b.Page.Text)
		}
		again := b.Page
		if code(inbox(t, p, next)); !b.Page.Has("contact-changed") {
			t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
		}
		for to, text := range map[string]string{mobile: "更换了手机号或邮箱", next: "更换了手机号或邮箱"} {
			eventually(t, to+" is not told", func() bool { return told(p, to, text) })
		}
		account := ownerOf(t, p, next)
		if _, err := p.App.Accounts.ByIdentifier(ctx, parsed(t, mobile)); err == nil {
			t.Error("the old number still leads to an account")
		}
		p.Persona(helper, "赵六", 2)
		_, err := p.App.Mandates.Give(ctx, by(p, account.ID), account.ID, accountOf(t, p, helper).ID, mandate.Terms{Kind: mandate.Relative, Items: []string{"pension"}})
		wantFault(t, "gives", err, fault.RecoveryRest)
		b.Page = again // the step was taken
		if code("123456"); b.Page.Status < 400 {
			t.Errorf("a change made twice: %d %s", b.Page.Status, b.Page.Text)
		}

		// A first address, and one that belongs to somebody else.
		p.Advance(idp.RecoveryRest)
		b = p.SignIn(next)
		if ask(address); !strings.Contains(b.Page.Text, "example.cn") {
			t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
		}
		if code(inbox(t, p, address)); !b.Page.Has("contact-changed") {
			t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
		}
		if at := ownerOf(t, p, address).RecoveredAt; !at.Equal(account.RecoveredAt) {
			t.Errorf("a first address rests the account: %s", at)
		}
		b = p.SignIn(helper)
		ask(taken)
		code(inbox(t, p, helper))
		if code(inbox(t, p, taken)); b.Page.Status != http.StatusConflict || ownerOf(t, p, taken).ID == accountOf(t, p, helper).ID {
			t.Errorf("somebody else's number: %d %s", b.Page.Status, b.Page.Text)
		}

		// Whoever lost the old number and was proved anew at level 3 shows the new one alone.
		const proved = "13800138079"
		p.Persona(proved, "孙七", 3)
		b = p.SignIn(proved)
		if ask("13800138080"); !strings.Contains(b.Page.Text, "138****8080") {
			t.Errorf("a fresh proof does not stand in for the old number: %s", b.Page.Text)
		}
		p.Advance(20 * time.Minute)
		b = p.SignIn(proved)
		if ask("13800138080"); !strings.Contains(b.Page.Text, "138****8079") {
			t.Errorf("an old proof stands in for the old number: %s", b.Page.Text)
		}

		p.Advance(6 * time.Minute)
		if a := post(t, p, b, "/me/security/contacts"); a.Status != fault.MetaOf(fault.StrongLoginNeeded).Status || !strings.Contains(a.Text, "security-signin") {
			t.Errorf("with an old login: %d", a.Status)
		}
	})
}
