package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/idp"
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
}
