package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// withdraw takes a consent back on the person's own page.
func withdraw(t *testing.T, p *apptest.Platform, b *walk.Browser, clientID string) {
	t.Helper()
	if err := b.Open(t.Context(), p.URL+"/me"); err != nil {
		t.Fatal(err)
	}
	address := "/me/consents/withdrawal?client=" + url.QueryEscape(clientID)
	if !strings.Contains(b.Page.Source, `action="`+address+`"`) {
		t.Fatalf("the page does not offer it: %s", b.Page.Text)
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Lend(request)
	if a := p.Do(request); a.Status != http.StatusSeeOther {
		t.Fatalf("withdrawal: %d %s", a.Status, a.Text)
	}
}

func TestO35ReplayEndsTheFamily(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "replays"})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		for name, between := range map[string]func(next string) string{
			"five seconds later":        func(next string) string { p.Advance(6 * time.Second); return next },
			"after its successor's use": func(next string) string { return p.Refresh(c, next).String("refresh_token") },
		} {
			t.Run(name, func(t *testing.T) {
				first := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
				next := p.Refresh(c, first.String("refresh_token"))
				live := between(next.String("refresh_token"))
				wantError(t, p.Refresh(c, first.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
				wantError(t, p.Refresh(c, live), http.StatusBadRequest, "invalid_grant")
				noticed(t, p, mobile, "重复使用")
				for _, token := range []string{first.String("access_token"), next.String("access_token")} {
					if p.Active(c, token) {
						t.Error("an access token of the family is still active")
					}
					if a := p.Get("/userinfo", token); a.Status != http.StatusUnauthorized {
						t.Errorf("userinfo takes it: %d", a.Status)
					}
				}
			})
		}
	})
}

func TestO36FiftyParallelRefreshes(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "parallel"})
		p.Persona(mobile, "李四", 2)
		token := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("refresh_token")
		for range 2 { // the successor is as good as the first
			successors, access := map[string]bool{}, []string{}
			for _, a := range parallel(50, func() apptest.Answer { return p.Refresh(c, token) }) {
				if a.Status != http.StatusOK {
					t.Errorf("an honest parallel refresh got %d %s", a.Status, a.Text)
				}
				successors[a.String("refresh_token")] = true
				access = append(access, a.String("access_token"))
			}
			if len(successors) != 1 {
				t.Fatalf("%d successors", len(successors))
			}
			for _, one := range access {
				if !p.Active(c, one) {
					t.Fatal("the family did not live on")
				}
			}
			for next := range successors {
				token = next
			}
		}
	})
}

func TestO37RefreshAfterTheGroundIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		n := 0
		for name, test := range map[string]struct {
			end    func(t *testing.T, b *walk.Browser, account string, c idp.Client)
			status int
			code   string
			alive  bool // access tokens go on until their end
		}{
			"account suspended": {func(t *testing.T, _ *walk.Browser, account string, _ idp.Client) {
				if err := p.App.Accounts.SetState(t.Context(), account, idp.AccountSuspended, "test"); err != nil {
					t.Fatal(err)
				}
			}, 400, "invalid_grant", false},
			"password reset": {func(t *testing.T, _ *walk.Browser, account string, _ idp.Client) {
				p.Advance(time.Second)
				if err := p.App.Accounts.SetPassword(t.Context(), account, "x"); err != nil {
					t.Fatal(err)
				}
			}, 400, "invalid_grant", true},
			"consent withdrawn": {func(t *testing.T, b *walk.Browser, _ string, c idp.Client) { withdraw(t, p, b, c.ClientID) }, 400, "invalid_grant", false},
			"client disabled": {func(_ *testing.T, _ *walk.Browser, _ string, c idp.Client) {
				c.Disabled = true
				p.Client(c)
			}, 401, "invalid_client", false},
			"logged out": {func(t *testing.T, b *walk.Browser, _ string, _ idp.Client) {
				if err := b.Open(context.Background(), p.URL+"/logout"); err != nil {
					t.Fatal(err)
				}
				if err := b.Submit(context.Background(), map[string]string{"logout-confirm": "1"}); err != nil {
					t.Fatal(err)
				}
			}, 400, "invalid_grant", false},
		} {
			t.Run(name, func(t *testing.T) {
				n++
				identifier := "1380013803" + string(rune('0'+n))
				p.Persona(identifier, "李四", 2)
				c := p.Client(idp.Client{ClientID: "ground-" + string(rune('0'+n))})
				watcher := p.Client(idp.Client{ClientID: "watcher-" + string(rune('0'+n)), TokenSettings: idp.TokenSettings{Resources: []string{"https://watch.gov.cn/" + c.ClientID}}})
				c.Audience = []string{"https://watch.gov.cn/" + c.ClientID}
				c = p.Client(c)
				b := p.SignIn(identifier)
				issued := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
				if !p.Active(watcher, issued.String("access_token")) {
					t.Fatal("the token is not active at the start")
				}
				test.end(t, b, accountOf(t, p, identifier).ID, c)
				wantError(t, p.Refresh(c, issued.String("refresh_token")), test.status, test.code)
				if p.Active(watcher, issued.String("access_token")) != test.alive {
					t.Errorf("access token active: %v", !test.alive)
				}
			})
		}
	})
}

func TestO38RefreshAsksNothingNew(t *testing.T) {
	p := apptest.Start(t, database(t))
	c, other := p.Client(idp.Client{ClientID: "asks", Scope: "openid profile email"}), p.Client(idp.Client{ClientID: "other"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	issued := p.Redeem(c, p.Code(b, c, url.Values{"scope": {"openid profile"}}).Get("code"), nil)
	token := issued.String("refresh_token")
	ask := func(c idp.Client, scope string) apptest.Answer {
		return p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
	}
	wantError(t, ask(c, "openid profile email"), http.StatusBadRequest, "invalid_scope") // the client's, not the grant's
	wantError(t, ask(c, "openid profile identity"), http.StatusBadRequest, "invalid_scope")
	wantError(t, ask(other, "openid"), http.StatusBadRequest, "invalid_grant")
	narrow := ask(c, "openid")
	if narrow.Status != http.StatusOK || narrow.String("scope") != "openid" || apptest.Claims(t, narrow.String("access_token"))["scope"] != "openid" {
		t.Fatalf("a narrower scope: %d %s", narrow.Status, narrow.Text)
	}
	token = narrow.String("refresh_token")
	if a := p.Refresh(c, token); a.String("scope") != "openid profile" {
		t.Errorf("the grant's scopes shrank: %s", a.Text)
	}
}

func TestO40RevocationWhileTheStoreFails(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "revokes"})
	p.Persona(mobile, "李四", 2)
	issued := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
	for _, unknown := range []string{"x", "", "yxr_AAAA", "yxa_AAAA", issued.String("id_token")} {
		if a := p.Post("/revoke", c, url.Values{"token": {unknown}}); a.Status != http.StatusOK {
			t.Errorf("unknown token %q: %d %s", unknown, a.Status, a.Text)
		}
	}
	if err := p.App.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"refresh_token", "access_token"} {
		a := p.Post("/revoke", c, url.Values{"token": {issued.String(name)}})
		wantError(t, a, http.StatusServiceUnavailable, "temporarily_unavailable")
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	wantError(t, p.Post("/introspect", c, url.Values{"token": {issued.String("access_token")}}), http.StatusServiceUnavailable, "temporarily_unavailable")
	if a := p.Get("/userinfo", issued.String("access_token")); a.Status != http.StatusServiceUnavailable {
		t.Errorf("userinfo: %d %s", a.Status, a.Text)
	}
	wantError(t, p.Refresh(c, issued.String("refresh_token")), http.StatusServiceUnavailable, "temporarily_unavailable")
}

func TestRefreshTokensOfFAPIClientsDoNotRotate(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := p.Client(idp.Client{ClientID: "fapi", TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: idp.TokenSettings{JWKS: document(t, key)}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	code, second := p.Code(b, c, nil).Get("code"), p.Code(b, c, nil).Get("code")
	c.Profile = idp.ProfileFAPI2 // the codes were asked for before
	c = p.Client(c)
	post := func(form url.Values) apptest.Answer {
		return with(t, p, http.MethodPost, "/token", idp.Client{}, asserted(form, key.sign(t, "JWT", assertionClaims(p, c.ClientID))), "DPoP", key.proof(t, p, "POST", "/token", "", nil))
	}
	issued := post(redemption(c, code))
	if issued.Status != http.StatusOK || issued.String("token_type") != "DPoP" {
		t.Fatalf("%d %s", issued.Status, issued.Text)
	}
	late := post(redemption(c, second)).String("refresh_token")
	for range 3 {
		p.Advance(10 * time.Second)
		a := post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.String("refresh_token")}})
		if a.Status != http.StatusOK || a.String("refresh_token") != "" || a.String("token_type") != "DPoP" {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
	}
	revoked := with(t, p, http.MethodPost, "/revoke", idp.Client{}, asserted(url.Values{"token": {issued.String("refresh_token")}}, key.sign(t, "JWT", assertionClaims(p, c.ClientID))))
	if revoked.Status != http.StatusOK {
		t.Fatalf("%d %s", revoked.Status, revoked.Text)
	}
	wantError(t, post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.String("refresh_token")}}), http.StatusBadRequest, "invalid_grant")
	p.Advance(29 * 24 * time.Hour)
	if a := post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {late}}); a.Status != http.StatusOK {
		t.Errorf("after 29 days: %d %s", a.Status, a.Text)
	}
	p.Advance(2 * 24 * time.Hour)
	wantError(t, post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {late}}), http.StatusBadRequest, "invalid_grant")
}

// noticed waits for a message to a person in the simulated inbox.
func noticed(t *testing.T, p *apptest.Platform, to, part string) {
	t.Helper()
	for range 1000 {
		if a := p.Get("/sandbox/inbox?to="+to, ""); strings.Contains(a.Text, part) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s was told nothing about %q", to, part)
}

func TestCodeEndsWithItsSession(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "leaves"})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		code := p.Code(b, c, nil).Get("code")
		if err := b.Open(t.Context(), p.URL+"/logout"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(t.Context(), map[string]string{"logout-confirm": "1"}); err != nil {
			t.Fatal(err)
		}
		wantError(t, p.Redeem(c, code, nil), http.StatusBadRequest, "invalid_grant")
	})
}
