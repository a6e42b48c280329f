package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestTheCitizenAgreesByPasskey: at the second screen, with the own authenticator, to the question that stands there; screen, SMS
// and paper stay beside it, and who has no passkey is not offered one.
func TestTheCitizenAgreesByPasskey(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(knownMobile, known.Name, 1)
	const way = "counter-way-passkey"
	d.put(stranger)
	d.call("A1")
	if page := d.open("/counter/visit"); page.Has(way) {
		t.Error("a passkey is asked of somebody without an account")
	}
	plan := func(acts ...string) {
		t.Helper()
		d.post("/counter/plan", url.Values{"visit": {d.open("/counter/visit").Hidden("visit")}, "counter-act": acts, "counter-way": {counter.ByPasskey}})
	}
	if plan(counter.ActRegister); d.clerk.Page.Status != http.StatusUnprocessableEntity || !d.clerk.Page.Has("counter-ask") {
		t.Errorf("%d %s", d.clerk.Page.Status, d.clerk.Page.Text)
	}
	// The person adds a passkey at home, and brings the authenticator along.
	tab := browser.New(t)
	tab.Open(t, p.URL+"/login")
	tab.Fill(t, map[string]string{"login-identifier": knownMobile, "login-password": apptest.Password})
	tab.Press(t, "login-submit", "#identity")
	authenticator(t, tab)
	tab.Open(t, p.URL+"/me/security")
	tab.Fill(t, map[string]string{"passkey-name": "work"})
	tab.Press(t, "passkey-add", "#recovery-codes")
	tab.Press(t, "codes-done", "#passkeys")
	tab.Open(t, p.URL+"/logout")
	tab.Press(t, "logout-confirm", "main:not(:has(#logout-confirm)) h1")

	d.open("/counter")
	d.post("/counter/end", nil)
	page := press(t, d.clerk, map[string]string{"counter-pair": "1"})
	tab.Open(t, p.URL+"/counter/screen")
	tab.Fill(t, map[string]string{"screen-code": page.TextOf("counter-screen-code")})
	tab.Press(t, "screen-pair", "main h1")
	d.put(known)
	d.call("A2")
	if page = d.open("/counter/visit"); !page.Has(way) || !page.Has("counter-way-screen") || !page.Has("counter-way-sms") || !page.Has("counter-way-paper") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	plan(counter.ActCard)
	if page = d.open("/counter/visit"); !strings.Contains(page.Text, "等待办理人在第二屏用通行密钥确认") || page.Has("counter-perform") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	tab.Open(t, p.URL+"/counter/screen")
	if err := chromedp.Do(tab.Context, chromedp.WaitVisible(chromedp.CSS("#passkey-submit"))); err != nil {
		t.Fatal(err)
	}
	if there, err := chromedp.Run(tab.Context, chromedp.Evaluate[bool](`!document.getElementById('screen-agree') && !!document.getElementById('screen-refuse')`)); err != nil || !there {
		t.Errorf("a press is enough, or no refusal is possible: %v", err)
	}
	visit, asked := page.Hidden("visit"), page.Hidden("asked")
	tab.Press(t, "passkey-submit", "main:not(:has(#passkey-submit)) h1")
	if page = d.open("/counter/visit"); !page.Has("counter-perform") || !strings.Contains(page.Text, "通行密钥") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if page = press(t, d.clerk, map[string]string{"counter-perform": "1"}); !page.Has("counter-card-code") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	api := p.Client(idp.Client{ClientID: "queue", GrantTypes: []string{"client_credentials"}, Scope: counter.RoleSupervisor})
	if acts := adminCall(t, p, api, http.MethodGet, "/api/v1/counter-acts", "").Text; !strings.Contains(acts, `"agreed_by":"passkey:`) {
		t.Errorf("%s", acts)
	}
	// A question that was answered, or another way of answering, asks no authenticator.
	request, err := http.NewRequest(http.MethodPost, p.URL+"/counter/screen/passkey/"+visit+"/"+asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if answer := p.Do(request); answer.Status != http.StatusForbidden { // and no machine that is no screen
		t.Errorf("%d %s", answer.Status, answer.Text)
	}
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %v", problems)
	}
}
