package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// authenticator gives the browser an authenticator that verifies its user.
func authenticator(t *testing.T, tab *browser.Tab) {
	t.Helper()
	if _, err := chromedp.Call(tab.Context, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	options := &webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}
	if _, err := chromedp.Call(tab.Context, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: options}); err != nil {
		t.Fatal(err)
	}
}

// TestPasskeyInARealBrowser adds a passkey, signs in with it by the button and from the list under the field, and finishes
// a request for level 2 with it.
func TestPasskeyInARealBrowser(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	tab := browser.New(t)
	tab.Open(t, p.URL+"/login")
	tab.Fill(t, map[string]string{"login-identifier": mobile, "login-password": apptest.Password})
	tab.Press(t, "login-submit", "#identity")
	authenticator(t, tab)
	tab.Open(t, p.URL+"/me/security")
	tab.Fill(t, map[string]string{"passkey-name": "work"})
	tab.Press(t, "passkey-add", "#recovery-codes")
	tab.Press(t, "codes-done", "#passkeys")
	signOut := func() {
		t.Helper()
		tab.Open(t, p.URL+"/logout")
		tab.Press(t, "logout-confirm", "main:not(:has(#logout-confirm)) h1") // not the heading of the question
	}
	signOut()
	// Conditional mediation: the authenticator answers as soon as the page asks, as a person does who picks the passkey.
	tab.Open(t, p.URL+"/login")
	if err := chromedp.Do(tab.Context, chromedp.WaitVisible(chromedp.CSS("#identity"))); err != nil {
		t.Fatalf("conditional: %v", err)
	}
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %v", problems)
	}
	signOut()
	without := page.AddScriptToEvaluateOnNewDocumentParams{Source: "PublicKeyCredential.isConditionalMediationAvailable = undefined"}
	if _, err := chromedp.Call(tab.Context, page.AddScriptToEvaluateOnNewDocument, without); err != nil {
		t.Fatal(err)
	}
	p.Advance(time.Minute)
	c := p.Client(idp.Client{ClientID: "strong"})
	q := apptest.AuthorizeQuery(c, nil)
	q.Set("claims", `{"id_token":{"acr":{"essential":true,"value":"urn:yinxin:aal:2"}}}`)
	tab.Open(t, p.URL+"/authorize?"+q.Encode())
	tab.Press(t, "passkey-submit", "#consent-allow")
	// A password alone asks for the passkey, and the way round it ends there.
	b := walk.New(nil)
	submit(t, b, p.URL+"/login", map[string]string{"login-identifier": mobile, "login-password": apptest.Password})
	if b.Page.URL.Path != "/login/second" || !strings.Contains(b.Page.Text, "通行密钥") {
		t.Errorf("a password led to %s: %s", b.Page.URL, b.Page.Text)
	}
	staffByPasskey(t, p, tab)
}

// staffByPasskey: the passkey of a citizen opens nothing in the realm of staff; one that is added at the enrolment signs in there. One
// press extends the session and leaves the page as it is.
func staffByPasskey(t *testing.T, p *apptest.Platform, citizen *browser.Tab) {
	t.Helper()
	citizen.Open(t, p.URL+"/staff/login")
	citizen.Press(t, "passkey-submit", ".error-summary, #staff-security")
	if n := count(t, citizen, "#staff-security"); n != 0 {
		t.Error("the passkey of a citizen opened the realm of staff")
	}
	codes, err := p.App.ApplyForCodes(t.Context(), app.Manifest{Staff: []app.Staff{{Login: "a001", Name: "王芳", Document: app.StaffDocument{Number: "110101199003074311"}, Roles: []string{idp.RoleAuditAdmin}}}})
	if err != nil {
		t.Fatal(err)
	}
	tab := browser.New(t)
	tab.Open(t, p.URL+"/staff/enrol")
	authenticator(t, tab)
	tab.Fill(t, map[string]string{"login-identifier": "a001", "enrol-code": codes[0].Code})
	tab.Press(t, "enrol-submit", "#password-new")
	tab.Fill(t, map[string]string{"password-new": apptest.Password})
	tab.Press(t, "password-submit", "#passkey-add")
	// The login page asks at once, and the authenticator answers as a person does who picks the passkey.
	tab.Press(t, "passkey-add", "#staff-security")
	if n := count(t, tab, "#session-end[hidden]"); n != 1 {
		t.Error("the bar does not wait")
	}
	p.Advance(14 * time.Minute)
	if _, err := chromedp.Run(tab.Context, chromedp.Evaluate[bool](`document.querySelector("#session-extend").click(), true`)); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if strings.Contains(p.Log.String(), "POST /staff/extend") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.Advance(14 * time.Minute)
	if n := count(t, tab, "#staff-security"); n != 1 {
		t.Error("the press left the page")
	}
	tab.Open(t, p.URL+"/admin/keys")
	if n := count(t, tab, "#session-end"); n != 1 {
		t.Error("the session ended although it was extended")
	}
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %v", problems)
	}
}

// count is how many elements of a page a selector finds.
func count(t *testing.T, tab *browser.Tab, selector string) int {
	t.Helper()
	n, err := chromedp.Run(tab.Context, chromedp.Evaluate[int](`document.querySelectorAll(`+strconv.Quote(selector)+`).length`))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
