package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestPersonsTokenNeedsTheScopeOfTheOperation: an application that somebody merely signed in to cannot read or show that
// person's licences, and no operation is open to such tokens unless the table of operations says so (RFC 6750 3.1).
func TestPersonsTokenNeedsTheScopeOfTheOperation(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		token := func(id, scope string) string {
			c := p.Client(idp.Client{ClientID: id, Scope: scope})
			return p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
		}
		login, wallet, everything := token("login", "openid"), token("wallet", "openid licenses"), token("everything", "openid profile phone email identity license_clerk license_issuer")
		for name, a := range map[string]struct {
			answer apptest.Answer
			scope  string
		}{
			"list":         {p.Get("/api/v1/me/licenses", login), "licenses"},
			"present":      {call(t, p, http.MethodPost, "/api/v1/licenses/none/presentations", login, map[string]any{}), "licenses"},
			"file":         {p.Get("/api/v1/licenses/none/file", login), "licenses"},
			"photo":        {p.Get("/api/v1/licenses/none/photo", login), "licenses"},
			"one":          {p.Get("/api/v1/licenses/none", login), "licenses"},
			"other scopes": {p.Get("/api/v1/me/licenses", everything), "licenses"},
		} {
			header := a.answer.Header.Get("WWW-Authenticate")
			if a.answer.Status != http.StatusForbidden || !strings.Contains(header, `error="insufficient_scope"`) || !strings.Contains(header, `scope="`+a.scope+`"`) || a.answer.String("code") != "YX-AUTH-121" {
				t.Errorf("%s: %d %q %s", name, a.answer.Status, header, a.answer.Text)
			}
		}
		if a := p.Get("/api/v1/me/licenses", wallet); a.Status != http.StatusOK {
			t.Errorf("list: %d %s", a.Status, a.Text)
		}
		for _, path := range []string{"/api/v1/licenses/none", "/api/v1/licenses/none/file", "/api/v1/licenses/none/log-proofs"} {
			if a := p.Get(path, wallet); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d %s", path, a.Status, a.Text)
			}
		}
		// What everybody may call needs no scope, and a token that holds none is no worse than none.
		for _, path := range []string{"/api/v1/license-types", "/api/v1/service-items", "/api/openapi.json"} {
			if a := p.Get(path, login); a.Status != http.StatusOK {
				t.Errorf("%s: %d %s", path, a.Status, a.Text)
			}
		}
		// Closed by default: every other operation of the document.
		document := p.Get("/api/openapi.json", "").Body
		paths, _ := document["paths"].(map[string]any)
		open := map[string]bool{"list-my-licenses": true, "get-license": true, "get-license-file": true, "get-license-photo": true, "get-license-log-proofs": true, "present-license": true, "grant-license-use": true, "list-my-license-grants": true, "revoke-license-grant": true, "ask-for-license": true, "list-my-license-consents": true, "answer-license-consent": true, "list-my-license-freezes": true, "freeze-my-licenses": true, "unfreeze-my-licenses": true, "print-license-paper": true, "list-my-license-papers": true, "withdraw-license-paper": true, "get-license-ruling": true, "appeal-license-ruling": true, "list-license-purposes": true, "list-license-types": true, "list-service-items": true, "verify": true, "report-forgery": true, "get-forgery-report-state": true, "seal-verification-report": true, "pack-evidence": true}
		mandates := "/api/v1/mandates /api/v1/organisations /api/v1/children /api/v1/relatives /api/v1/telephone-requests"
		seen := 0
		for path, item := range paths {
			methods, _ := item.(map[string]any)
			for method, one := range methods {
				operation, _ := one.(map[string]any)
				if id, _ := operation["operationId"].(string); open[id] {
					continue
				}
				seen++
				address := strings.NewReplacer("{id}", "none", "{sid}", "none").Replace(path)
				a := call(t, p, strings.ToUpper(method), address, wallet, map[string]any{})
				wanted := "" // the scope that would do; none would for what people do in a browser alone
				if slices.Contains(strings.Fields(mandates), strings.Join(strings.SplitN(path, "/", 5)[:4], "/")) {
					wanted = `, scope="mandates"`
				}
				if strings.HasPrefix(path, "/api/v1/me/records") || strings.HasPrefix(path, "/api/v1/me/export") {
					wanted = `, scope="my_data"`
				}
				if a.Status != http.StatusForbidden || a.Header.Get("WWW-Authenticate") != `Bearer error="insufficient_scope"`+wanted {
					t.Errorf("%s %s: %d %q", method, path, a.Status, a.Header.Get("WWW-Authenticate"))
				}
			}
		}
		if seen < 50 {
			t.Errorf("only %d operations were tried", seen)
		}
		// Clients that act for themselves are judged by their roles, as before.
		clerk := machine(p, "clerk", func(c *idp.Client) {})
		if a := p.Get("/api/v1/licenses", p.Post("/token", clerk, url.Values{"grant_type": {"client_credentials"}}).String("access_token")); a.Status != http.StatusOK {
			t.Errorf("a clerk: %d %s", a.Status, a.Text)
		}
		// A refresh that asks for less loses the scope; a browser session needs none.
		c := p.Client(idp.Client{ClientID: "narrow", Scope: "openid licenses"})
		issued := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		narrow := p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.String("refresh_token")}, "scope": {"openid"}})
		if a := p.Get("/api/v1/me/licenses", narrow.String("access_token")); a.Status != http.StatusForbidden {
			t.Errorf("narrowed: %d %s", a.Status, a.Text)
		}
		if err := b.Open(t.Context(), p.URL+"/me/licenses"); err != nil || b.Page.Status != http.StatusOK {
			t.Errorf("in the browser: %v %d", err, b.Page.Status)
		}
	})
}
