package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// request sends one with headers given as name, value pairs; "Host" is the host asked for.
func request(t *testing.T, p *apptest.Platform, method, path, body string, headers ...string) apptest.Answer {
	t.Helper()
	r, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	return p.Do(r)
}

// TestO50NoPageCanBeFramed: whatever a page asks, no other site shows it inside its own.
func TestO50NoPageCanBeFramed(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "framed"})
		p.Persona(mobile, "李四", 2, "seal_keeper", "seal_reviewer", "seal_maker")
		b, ctx := p.SignIn(mobile), context.Background()
		consent := "/authorize?" + apptest.AuthorizeQuery(c, nil).Encode()
		for _, path := range []string{"/", "/login", "/login/code", "/register", "/me", "/proofing", consent, "/logout", "/device", "/seal", "/seal/make", "/no-such-page", "/authorize?client_id=nobody"} {
			if err := b.Open(ctx, p.URL+path); err != nil {
				t.Fatal(err)
			}
			h := b.Page.Header
			if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s (%d): %v", path, b.Page.Status, h)
			}
		}
	})
}

// TestO56OnlyTheConfiguredIssuer: no header of a request finds its way into an address that we name.
func TestO56OnlyTheConfiguredIssuer(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "hosted"})
		forged := []string{"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "ftp", "X-Forwarded-Prefix", "/evil.example", "Forwarded", "for=192.0.2.1;host=evil.example;proto=ftp", "X-Original-URL", "https://evil.example/", "X-Forwarded-For", "203.0.113.7"}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/login", "/register", "/me", "/logout", "/device", "/", "/api/v1/nothing",
			"/authorize?" + apptest.AuthorizeQuery(c, nil).Encode(), "/authorize?" + apptest.AuthorizeQuery(c, url.Values{"scope": {"evil"}}).Encode(), "/cas/login"} {
			plain, a := request(t, p, http.MethodGet, path, ""), request(t, p, http.MethodGet, path, "", forged...)
			if a.Status != plain.Status || strings.Contains(a.Text, "evil.example") || strings.Contains(a.Text, "ftp:") {
				t.Errorf("%s: %d instead of %d: %s", path, a.Status, plain.Status, a.Text)
			}
			for name, values := range a.Header {
				if strings.Contains(strings.Join(values, " "), "evil.example") {
					t.Errorf("%s: %s is %v", path, name, values)
				}
			}
			if location := a.Header.Get("Location"); location != "" && !strings.HasPrefix(location, "/") && !strings.HasPrefix(location, c.RedirectURIs[0]) {
				t.Errorf("%s leads to %s", path, location)
			}
		}
		if a := request(t, p, http.MethodGet, "/.well-known/openid-configuration", "", forged...); a.String("issuer") != p.URL || !strings.HasPrefix(a.String("token_endpoint"), p.URL+"/") {
			t.Errorf("issuer %s", a.Text)
		}
	})
}

// TestO56ForwardedHostIsNoOrigin: a form posted from elsewhere stays so whatever a forwarded host says.
func TestO56ForwardedHostIsNoOrigin(t *testing.T) {
	p := apptest.Start(t, database(t))
	form := url.Values{"login-identifier": {mobile}, "login-password": {"wrong"}}.Encode()
	a := request(t, p, http.MethodPost, "/login", form, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
	if a.Status != http.StatusForbidden {
		t.Errorf("a forwarded host makes a foreign origin our own: %d", a.Status)
	}
	a = request(t, p, http.MethodPost, "/login", form, "Origin", "http://evil.example", "Host", "localhost", "X-Forwarded-Host", "evil.example")
	if a.Status != http.StatusForbidden {
		t.Errorf("without fetch metadata: %d", a.Status)
	}
}

// TestO58NoOtherOriginReads: no endpoint lets a page of another origin read its answer with the person's credentials.
func TestO58NoOtherOriginReads(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "origin"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode()
	for _, origin := range []string{"https://evil.example", "null", "http://localhost:1", "https://origin.example.gov.cn"} {
		for _, ask := range []struct{ method, path, body string }{
			{http.MethodGet, "/userinfo", ""}, {http.MethodOptions, "/userinfo", ""}, {http.MethodOptions, "/token", ""}, {http.MethodPost, "/token", form}, {http.MethodGet, "/me", ""},
			{http.MethodGet, "/.well-known/openid-configuration", ""}, {http.MethodGet, "/jwks", ""}, {http.MethodOptions, "/api/v1/me/licenses", ""}, {http.MethodGet, "/api/v1/me/licenses", ""}, {http.MethodOptions, "/authorize", ""},
		} {
			a := request(t, p, ask.method, ask.path, ask.body, "Origin", origin, "Authorization", "Bearer "+token, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
			for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
				if got := a.Header.Get(name); got != "" {
					t.Errorf("%s %s from %s: %s is %q", ask.method, ask.path, origin, name, got)
				}
			}
		}
	}
}

// TestX04SupportCodeFindsTheLogLine: an error says what to do next and shows eight characters; they find one request in the
// log, which names nobody.
func TestX04SupportCodeFindsTheLogLine(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Client(idp.Client{ClientID: "portal"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	lines := func(code string) (found []string) {
		for line := range strings.Lines(p.Log.String()) {
			if strings.Contains(line, `"support_code":"`+code+`"`) && strings.Contains(line, `"msg":"request"`) {
				found = append(found, line)
			}
		}
		return found
	}
	p.Persona("13800138177", "系统管理员", 2, idp.RoleSystemAdmin)
	admin := p.SignInStaff("13800138177")
	seen := map[string]bool{}
	for _, path := range []string{"/no-such-page?phone=" + mobile, "/authorize?client_id=nobody", "/authorize?client_id=portal&redirect_uri=https://evil.example/", "/me/mandates/mdt_none", "/login?flow=none"} {
		if err := b.Open(ctx, p.URL+path); err != nil {
			t.Fatal(err)
		}
		code := b.Page.TextOf("error-code")
		if b.Page.Status < 400 || len(code) != 8 || seen[code] {
			t.Errorf("%s: %d, support code %q: %s", path, b.Page.Status, code, b.Page.Text)
			continue
		}
		seen[code] = true
		if found := lines(code); len(found) != 1 || strings.Contains(found[0], mobile) || !strings.Contains(found[0], `"route":`) {
			t.Errorf("%s: the log says %q", path, found)
		}
		openPage(t, p, admin, "/staff/search?q="+strings.ToLower(code)) // of what was refused to an application, the search of staff finds the application
		if found, want := strings.Contains(admin.Page.Source, `href="/admin/clients/portal"`), strings.Contains(path, "evil.example"); found != want {
			t.Errorf("%s: the search finds the application: %v, want %v", path, found, want)
		}
	}
	for _, answer := range []apptest.Answer{p.Get("/api/v1/clients", ""), p.Get("/api/v1/nothing", ""), p.Get("/api/v1/licenses/none", "forged"), request(t, p, http.MethodDelete, "/api/v1/clients", "")} {
		code := answer.String("support_code")
		if found := lines(code); len(code) != 8 || len(found) != 1 || answer.String("hint") == "" || answer.String("request_id") == "" || answer.Header.Get("X-Request-Id") != answer.String("request_id") {
			t.Errorf("%d %s: the log says %q", answer.Status, answer.Text, found)
		}
	}
}
