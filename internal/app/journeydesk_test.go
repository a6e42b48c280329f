package app_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// staff signs a member of staff in: with a password alone nothing but the second factor is offered, and from then on both are asked for.
func (j *journey) staff(login, name string, roles ...string) {
	j.t.Helper()
	j.p.Persona(login, name, 0, roles...)
	j.leave()
	signIn := func(next string) {
		j.t.Helper()
		j.open("/staff/login", "#login-password")
		j.fill("login-identifier", login, "login-password", apptest.Password)
		j.press("#login-submit", next)
	}
	signIn("#staff-security")
	j.open("/staff/security", "#totp-add")
	j.press("#totp-add", "#totp-key")
	key := j.textOf("totp-key")
	j.fill("otp-code", totpAt(j.t, key, j.p.Now()))
	j.press("#otp-submit", "#methods")
	j.p.Advance(time.Minute) // a code works once
	j.leave()
	signIn("#otp-code")
	j.fill("otp-code", "000000")
	j.press("#otp-submit", ".error-summary")
	j.fill("otp-code", totpAt(j.t, key, j.p.Now()))
	j.press("#otp-submit", "#staff-security")
}

// reach goes with the key of the tabulator to the element with the id, as far as a page is long.
func (k *keyboard) reach(id string) {
	k.t.Helper()
	for range 80 {
		k.press(kb.Tab)
		if at, err := chromedp.Run(k.tab.Context, chromedp.Evaluate[string](`document.activeElement.id`)); err == nil && at == id {
			k.steps++
			return
		}
	}
	k.t.Fatalf("no key leads to %s", id)
}

// secondScreen is the citizen's own browser at the desk.
func (j *journey) secondScreen() *keyboard {
	j.t.Helper()
	tab := browser.New(j.t)
	if _, err := chromedp.Call(tab.Context, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "zh-CN"}}); err != nil {
		j.t.Fatal(err)
	}
	if _, err := chromedp.Call(tab.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !j.scripts}); err != nil {
		j.t.Fatal(err)
	}
	tab.Size(j.t, 1280, 900)
	tab.Open(j.t, j.p.URL+"/counter/screen")
	return &keyboard{t: j.t, tab: tab}
}

// counter is §3.13 by keyboard alone, from the enrolment of the terminal to the last visit; what is printed is read and lost (§3.7), and
// somebody who lost every way in is helped (§3.5).
func (j *journey) counter() {
	number := map[bool]string{true: "110101199003070214", false: "110101199003070310"}[j.scripts]
	someone := counter.Card{Kind: subject.CitizenID, Name: "王小明", Number: number, Birth: "1990-03-07", From: "2020-03-01", To: "2040-03-01"}
	j.at("3.13.1")
	j.staff(j.phone(), "赵一", counter.RoleClerk)
	reader, public := newReader(j.t, j.p)
	terminal, code := addTerminal(j.t, j.p, "3 号窗口", public)
	reader.Terminal = terminal
	put := func(card counter.Card) {
		j.t.Helper()
		if err := reader.Put(context.Background(), card); err != nil {
			j.t.Fatal(err)
		}
	}
	j.open("/counter", "#terminal-code")
	k := &keyboard{t: j.t, tab: j.tab}
	k.focus("terminal-code")
	k.press(code + kb.Enter)
	k.focus("counter-called")
	k.press("A011" + kb.Enter)
	j.until(".error-summary")
	j.says("没有读到证件")
	k.reach("counter-pair")
	k.press(kb.Enter)
	j.until("#counter-screen-code")
	screen := j.secondScreen()
	screen.focus("screen-code")
	screen.press(strings.ReplaceAll(j.textOf("counter-screen-code"), " ", "") + kb.Enter)
	begin := func(called string) {
		j.t.Helper()
		j.open("/counter", "#counter-called")
		k.focus("counter-called")
		k.press(called + kb.Enter)
		k.focus("counter-ask")
	}
	done := func(words ...string) {
		j.t.Helper()
		k.focus("counter-perform") // the page goes on by itself
		k.press(kb.Enter)
		k.focus("counter-end")
		for _, one := range words {
			if got := j.textOf("counter-receipt"); !strings.Contains(got, one) {
				j.fatalf("the receipt lacks %s: %s", one, got)
			}
		}
	}
	end := func() { k.press(kb.Enter); k.focus("counter-called") }

	put(someone)
	begin("A012")
	j.says("正在为 王*明 办理")
	j.never(someone.Number, someone.Name)
	k.press(kb.Enter)
	j.at("3.13.2")
	screen.focus("screen-agree") // this one too
	screen.press(kb.Enter)
	j.at("3.13.3")
	done("注册账号 · 已办理", "提升为现场实名 · 已办理", "打印离线码卡 · 已办理")
	j.at("3.7.4")
	paper := ask[string](j, `document.getElementById("counter-card-code").value`)
	j.at("3.13.4")
	end()
	if err := chromedp.Do(j.tab.Context, chromedp.NavigateBack()); err != nil && !strings.Contains(err.Error(), "ERR_CACHE_MISS") {
		j.t.Fatal(err) // a miss is what is wanted: the browser kept nothing
	}
	j.never("王*明", paper)
	j.printed(paper, "V00")

	put(someone)
	begin("A013")
	j.at("3.7.4")
	k.reach("counter-act-" + counter.ActNoCard)
	k.press(" " + kb.Enter)
	screen.focus("screen-agree")
	screen.press(kb.Enter)
	done("挂失离线码卡 · 已办理")
	end()
	j.printed(paper, "V10")

	j.at("3.5.3")
	helped := map[bool]counter.Card{
		true:  {Kind: subject.CitizenID, Name: "李四", Number: "99990019800101001X", Birth: "1980-01-01", From: "2020-03-01", To: "2040-03-01"},
		false: {Kind: subject.CitizenID, Name: "欧阳春晓", Number: "999900199105050029", Birth: "1991-05-05", From: "2020-03-01", To: "2040-03-01"},
	}[j.scripts]
	phone := map[bool]string{true: guardianPhone, false: "13800138003"}[j.scripts]
	j.p.Persona(phone, helped.Name, 1)
	put(helped)
	begin("A014")
	k.reach("counter-act-" + counter.ActReset)
	k.press(" ")
	k.reach("counter-act-" + counter.ActPass)
	k.press(" ")
	k.reach("counter-way-screen")
	k.press(kb.ArrowDown)
	j.has("#counter-way-sms:checked", 1)
	k.press(kb.Enter)
	k.focus("counter-code")
	k.press(inbox(j.t, j.p, phone) + kb.Enter)
	done("重置全部登录方式 · 已办理")
	pass := strings.ReplaceAll(j.textOf("counter-pass"), " ", "")
	end()
	for _, one := range []*browser.Tab{j.tab, screen.tab} {
		if problems := one.Problems(); len(problems) > 0 {
			j.t.Errorf("the browser complains: %v", problems)
		}
	}
	j.leave()
	j.open("/login", "#login-identifier")
	j.fill("login-identifier", phone, "login-password", apptest.Password)
	j.press("#login-submit", ".error-summary")
	j.open("/login/pass", "#pass-code")
	j.fill("pass-number", helped.Number, "pass-code", pass)
	j.press("#pass-submit", "#password-new")
	j.fill("password-new", apptest.Password+"-own")
	j.press("#password-submit", "#welcome-later")

	j.at("3.13.4")
	j.staff(j.phone(), "周四", counter.RoleSupervisor)
	j.open("/counter/queue", `a[href^="/counter/queue/cac_"]`)
	waiting := ask[int](j, `document.querySelectorAll('a[href^="/counter/queue/cac_"]').length`)
	j.press(`a[href^="/counter/queue/cac_"]`, "#act-seen")
	j.says("确认方式", "在第二屏上确认")
	j.never(number, helped.Number)
	j.choose("details.state-action:has(#act-seen) summary")
	j.press("#act-seen", "main:not(:has(#act-seen)) h1")
	j.has(`a[href^="/counter/queue/cac_"]`, waiting-1)
}

// printed reads a code card without any network, and at /verify as anybody does.
func (j *journey) printed(code, want string) {
	j.t.Helper()
	j.at("3.7.4")
	if got := offlineVerdict(j.t, j.p, code); got != want {
		j.fatalf("the card is %s without a network, want %s", got, want)
	}
	j.open("/verify", "#verify-code")
	ask[bool](j, `document.getElementById("verify-code").value = `+strconv.Quote(code)+`, true`)
	j.press("#verify-code-submit", "#verdict-code")
	if got := j.textOf("verdict-code"); got != want {
		j.fatalf("the card is %s, want %s", got, want)
	}
}

// offlineVerdict is what a verifier says that has nothing but a folder of trust.
func offlineVerdict(t *testing.T, p *apptest.Platform, code string) string {
	t.Helper()
	folder := t.TempDir()
	if err := p.App.ExportTrust(context.Background(), folder); err != nil {
		t.Fatal(err)
	}
	verifier := yinxin.NewVerifier()
	if err := verifier.AddTrust(folder); err != nil {
		t.Fatal(err)
	}
	return verifier.VerifyAt(p.Now(), "card.txt", []byte(code)).Code
}
