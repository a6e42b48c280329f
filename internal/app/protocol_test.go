package app_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// engines are the databases that a test is to hold on: both, or the one that APP_TEST_DATABASE names. make test runs these tests once
// with each, so that every row holds on both (security rule R12). Its name is none of the configuration, which refuses what it does not know.
func engines(t *testing.T) []testkit.Database {
	t.Helper()
	all, wanted := testkit.Databases(t), os.Getenv("APP_TEST_DATABASE")
	if wanted == "" {
		return all
	}
	for _, engine := range all {
		if engine.Name == wanted {
			return []testkit.Database{engine}
		}
	}
	t.Fatalf("APP_TEST_DATABASE=%s: there is no such engine", wanted)
	return nil
}

// database is the URL of a fresh database of the first of the engines.
func database(t *testing.T) string {
	t.Helper()
	return engines(t)[0].OpenURL(t)
}

// onBoth runs a test against a platform on each of the engines.
func onBoth(t *testing.T, test func(t *testing.T, p *apptest.Platform)) {
	onEngines(t, func(t *testing.T, url string) { test(t, apptest.Start(t, url)) })
}

// onEngines runs a test on each of the engines, beside itself.
func onEngines(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("on", func(t *testing.T) {
		for _, engine := range engines(t) {
			t.Run(engine.Name, func(t *testing.T) {
				t.Parallel()
				test(t, engine.OpenURL(t))
			})
		}
	})
}

const mobile = "13800138021"

// authorize sends a request without a session and follows nothing.
func authorize(t *testing.T, p *apptest.Platform, q url.Values) apptest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.URL+"/authorize?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Do(request)
}

// wantPage: an error before client and address are proven is a page with 400 and leads nowhere (R1).
func wantPage(t *testing.T, a apptest.Answer) {
	t.Helper()
	if a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" || !strings.Contains(a.Text, `id="error-code"`) {
		t.Errorf("answer is %d to %q, want a page with 400", a.Status, a.Header.Get("Location"))
	}
}

// wantRefusal: the error goes back to the registered address.
func wantRefusal(t *testing.T, a apptest.Answer, c idp.Client, code string) url.Values {
	t.Helper()
	location, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), c.RedirectURIs[0]+"?") {
		t.Fatalf("answer is %d to %q, want a redirect to the client", a.Status, a.Header.Get("Location"))
	}
	q := location.Query()
	if q.Get("error") != code || q.Has("code") || q.Has("access_token") || q.Has("id_token") {
		t.Errorf("client got %v, want error %s", q, code)
	}
	return q
}

func wantError(t *testing.T, a apptest.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.String("error") != code {
		t.Errorf("answer is %d %s, want %d %s", a.Status, a.Text, status, code)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be stored")
	}
}

func TestRedirectAddressIsComparedExactly(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "exact", RedirectURIs: []string{"https://ok.gov.cn/cb/Path"}})
	for name, uri := range map[string]string{
		"O-01 userinfo":             "https://ok.gov.cn@evil.example/cb/Path",
		"O-01 several at signs":     "https://a@b@ok.gov.cn/cb/Path",
		"O-01 userinfo of our host": "https://x:y@ok.gov.cn/cb/Path",
		"O-02 dot segments":         "https://ok.gov.cn/cb/../cb/Path",
		"O-02 path parameter":       "https://ok.gov.cn/cb/..;/cb/Path",
		"O-02 encoded dots":         "https://ok.gov.cn/cb/%2e%2e/cb/Path",
		"O-02 encoded slash":        "https://ok.gov.cn/cb%2fPath",
		"O-02 backslash":            `https://ok.gov.cn\cb\Path`,
		"O-04 case of the path":     "https://ok.gov.cn/cb/path",
		"O-04 trailing slash":       "https://ok.gov.cn/cb/Path/",
		"O-04 extra query":          "https://ok.gov.cn/cb/Path?x=1",
		"O-04 fragment":             "https://ok.gov.cn/cb/Path#x",
		"O-04 other port":           "https://ok.gov.cn:444/cb/Path",
		"O-04 default port spelled": "https://ok.gov.cn:443/cb/Path",
		"O-04 other scheme":         "http://ok.gov.cn/cb/Path",
		"O-04 host in capitals":     "https://OK.gov.cn/cb/Path",
		"O-08 left out":             "",
	} {
		t.Run(name, func(t *testing.T) {
			wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {uri}})))
		})
	}
	if a := authorize(t, p, apptest.AuthorizeQuery(c, nil)); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?flow=") {
		t.Errorf("the registered address is answered with %d to %q", a.Status, a.Header.Get("Location"))
	}
}

func TestO06LoopbackPortOfNativeClientsMayVary(t *testing.T) {
	p := apptest.Start(t, database(t))
	native := p.Client(idp.Client{ClientID: "native", ApplicationType: "native", TokenEndpointAuthMethod: "none", RedirectURIs: []string{"http://127.0.0.1/cb"}})
	if a := authorize(t, p, apptest.AuthorizeQuery(native, url.Values{"redirect_uri": {"http://127.0.0.1:49152/cb"}})); a.Status != http.StatusSeeOther {
		t.Errorf("another loopback port of a native client is answered with %d", a.Status)
	}
	for name, uri := range map[string]string{"other path": "http://127.0.0.1:49152/other", "other loopback address": "http://127.0.0.2/cb", "name": "http://localhost:49152/cb", "userinfo": "http://a@127.0.0.1:49152/cb"} {
		t.Run(name, func(t *testing.T) {
			wantPage(t, authorize(t, p, apptest.AuthorizeQuery(native, url.Values{"redirect_uri": {uri}})))
		})
	}
}

func TestO07ParameterSentTwice(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "twice"})
	q := apptest.AuthorizeQuery(c, nil)
	for name := range q {
		t.Run("query "+name, func(t *testing.T) {
			doubled := url.Values{}
			for n, v := range q {
				doubled[n] = v
			}
			doubled[name] = append([]string{q.Get(name)}, q.Get(name))
			wantPage(t, authorize(t, p, doubled))
		})
	}
	t.Run("query and body", func(t *testing.T) {
		request, _ := http.NewRequest(http.MethodPost, p.URL+"/authorize?client_id="+c.ClientID, strings.NewReader(q.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wantPage(t, p.Do(request))
	})
	t.Run("token request", func(t *testing.T) {
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {"authorization_code", "authorization_code"}, "code": {"x"}}), http.StatusBadRequest, "invalid_request")
	})
	t.Run("token request with query", func(t *testing.T) {
		wantError(t, p.Post("/token?grant_type=authorization_code", c, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}), http.StatusBadRequest, "invalid_request")
	})
}

var changing = regexp.MustCompile(`class="code">[0-9A-Z]{8}<`)

func TestO09UnknownAndDisabledClientsLookAlike(t *testing.T) {
	p := apptest.Start(t, database(t))
	known := p.Client(idp.Client{ClientID: "disabled", Disabled: true})
	unknown := idp.Client{ClientID: "anybody0", RedirectURIs: known.RedirectURIs, Scope: known.Scope}
	a, b := authorize(t, p, apptest.AuthorizeQuery(known, nil)), authorize(t, p, apptest.AuthorizeQuery(unknown, nil))
	wantPage(t, a)
	wantPage(t, b)
	// Both repeat the address that was asked for, and nothing else may differ but the support code.
	same := func(text string, c idp.Client) string {
		return changing.ReplaceAllString(strings.NewReplacer("client_id="+c.ClientID, "", "client_id%3d"+c.ClientID, "").Replace(text), "")
	}
	if same(a.Text, known) != same(b.Text, unknown) {
		t.Errorf("the two pages differ:\n%s\n%s", a.Text, b.Text)
	}
	secret := known
	secret.ClientSecret = apptest.Secret("disabled")
	wantError(t, p.Post("/token", secret, url.Values{"grant_type": {"client_credentials"}}), http.StatusUnauthorized, "invalid_client")
}

func TestRequestIsRefusedByRedirect(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "asks"})
	public := p.Client(idp.Client{ClientID: "public", TokenEndpointAuthMethod: "none"})
	for _, test := range []struct {
		name   string
		client idp.Client
		change url.Values
		code   string
	}{
		{"O-10 token", c, url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		{"O-10 id_token", c, url.Values{"response_type": {"id_token"}}, "unsupported_response_type"},
		{"O-10 code token", c, url.Values{"response_type": {"code token"}}, "unsupported_response_type"},
		{"O-10 none", c, url.Values{"response_type": {""}}, "invalid_request"},
		{"O-11 unknown mode", c, url.Values{"response_mode": {"web_message"}}, "invalid_request"},
		{"O-11 jwt", c, url.Values{"response_mode": {"jwt"}}, "invalid_request"},
		{"O-11 fragment", c, url.Values{"response_mode": {"fragment"}}, "invalid_request"},
		{"O-12 no challenge", c, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "invalid_request"},
		{"O-12 no challenge, public", public, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "invalid_request"},
		{"O-12 plain", c, url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		{"O-12 empty method", c, url.Values{"code_challenge_method": {""}}, "invalid_request"},
		{"O-12 challenge of 42 characters", c, url.Values{"code_challenge": {apptest.Challenge()[:42]}}, "invalid_request"},
		{"scope of others", c, url.Values{"scope": {"openid identity"}}, "invalid_scope"},
		{"request object", c, url.Values{"request": {"e30.e30."}}, "request_not_supported"},
		{"request object elsewhere", c, url.Values{"request_uri": {"https://evil.example/r"}}, "request_uri_not_supported"},
		{"prompt none without login", c, url.Values{"prompt": {"none"}}, "login_required"},
		{"prompt none with others", c, url.Values{"prompt": {"none login"}}, "invalid_request"},
		{"essential level out of reach", c, url.Values{"claims": {`{"id_token":{"ial":{"essential":true,"value":4}}}`}}, "unmet_authentication_requirements"},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(test.client, test.change)), test.client, test.code)
			if q.Get("state") != "st" || q.Get("iss") != p.URL {
				t.Errorf("state %q, iss %q", q.Get("state"), q.Get("iss"))
			}
		})
	}
}

func TestO12ConfidentialClientRegisteredWithoutPKCE(t *testing.T) {
	p := apptest.Start(t, database(t))
	off := false
	c := p.Client(idp.Client{ClientID: "basic-op", RequirePKCE: &off})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	without := url.Values{"code_challenge": {""}, "code_challenge_method": {""}}
	if a := p.Redeem(c, p.Code(b, c, without).Get("code"), url.Values{"code_verifier": {""}}); a.Status != http.StatusOK {
		t.Errorf("code without PKCE: %d %s", a.Status, a.Text)
	}
	t.Run("a verifier for a code without challenge", func(t *testing.T) {
		wantError(t, p.Redeem(c, p.Code(b, c, without).Get("code"), nil), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("a challenge that is sent counts", func(t *testing.T) {
		wantError(t, p.Redeem(c, p.Code(b, c, nil).Get("code"), url.Values{"code_verifier": {""}}), http.StatusBadRequest, "invalid_grant")
	})
}

func TestCodeIsBoundToItsRequest(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c, other := p.Client(idp.Client{ClientID: "bound"}), p.Client(idp.Client{ClientID: "other"})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		for _, test := range []struct {
			name   string
			client idp.Client
			change url.Values
		}{
			{"O-13 no verifier", c, url.Values{"code_verifier": {""}}},
			{"O-13 wrong verifier", c, url.Values{"code_verifier": {strings.Repeat("a", 43)}}},
			{"O-13 verifier of 42", c, url.Values{"code_verifier": {strings.Repeat("a", 42)}}},
			{"O-13 verifier of 129", c, url.Values{"code_verifier": {strings.Repeat("a", 129)}}},
			{"O-15 another client", other, url.Values{"redirect_uri": {c.RedirectURIs[0]}}},
			{"O-18 another address", c, url.Values{"redirect_uri": {c.RedirectURIs[0] + "/x"}}},
			{"O-18 no address", c, url.Values{"redirect_uri": {""}}},
		} {
			t.Run(test.name, func(t *testing.T) {
				code := p.Code(b, c, nil).Get("code")
				wantError(t, p.Redeem(test.client, code, test.change), http.StatusBadRequest, "invalid_grant")
			})
		}
		t.Run("O-17 at the edge of its life", func(t *testing.T) {
			code := p.Code(b, c, nil).Get("code")
			p.Advance(58 * time.Second)
			if a := p.Redeem(c, code, nil); a.Status != http.StatusOK {
				t.Errorf("after 58 s: %d %s", a.Status, a.Text)
			}
			code = p.Code(b, c, nil).Get("code")
			p.Advance(60 * time.Second)
			wantError(t, p.Redeem(c, code, nil), http.StatusBadRequest, "invalid_grant")
		})
		t.Run("O-14 used twice", func(t *testing.T) {
			code := p.Code(b, c, nil).Get("code")
			first := p.Redeem(c, code, nil)
			if !p.Active(c, first.String("access_token")) {
				t.Fatal("the first use's token is not active")
			}
			p.Advance(time.Second)
			wantError(t, p.Redeem(c, code, nil), http.StatusBadRequest, "invalid_grant")
			if p.Active(c, first.String("access_token")) {
				t.Error("the access token of the first use is still active")
			}
			wantError(t, p.Refresh(c, first.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
		})
	})
}

// parallel runs n calls at once and returns their answers.
func parallel(n int, call func() apptest.Answer) []apptest.Answer {
	answers := make([]apptest.Answer, n)
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-begin
			answers[i] = call()
		})
	}
	close(begin)
	group.Wait()
	return answers
}

func TestO16FiftyParallelRedemptions(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "parallel"})
		p.Persona(mobile, "李四", 2)
		code := p.Code(p.SignIn(mobile), c, nil).Get("code")
		won := 0
		for _, a := range parallel(50, func() apptest.Answer { return p.Redeem(c, code, nil) }) {
			if a.Status == http.StatusOK {
				won++
			} else if a.String("error") != "invalid_grant" {
				t.Errorf("a loser got %d %s", a.Status, a.Text)
			}
		}
		if won != 1 {
			t.Errorf("%d redemptions won", won)
		}
	})
}

func TestRefreshFamilies(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "refreshes"})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		begin := func() string {
			return p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("refresh_token")
		}
		t.Run("fifty parallel refreshes give one successor", func(t *testing.T) {
			token := begin()
			successors := map[string]int{}
			for _, a := range parallel(50, func() apptest.Answer { return p.Refresh(c, token) }) {
				if a.Status != http.StatusOK {
					t.Errorf("an honest parallel refresh got %d %s", a.Status, a.Text)
				}
				successors[a.String("refresh_token")]++
			}
			if len(successors) != 1 {
				t.Errorf("%d successors", len(successors))
			}
		})
		t.Run("after the grace time the family ends", func(t *testing.T) {
			token := begin()
			next := p.Refresh(c, token)
			p.Advance(6 * time.Second)
			wantError(t, p.Refresh(c, token), http.StatusBadRequest, "invalid_grant")
			wantError(t, p.Refresh(c, next.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
			if p.Active(c, next.String("access_token")) {
				t.Error("the family's access token is still active")
			}
		})
		t.Run("once the successor was used the family ends", func(t *testing.T) {
			token := begin()
			next := p.Refresh(c, token)
			last := p.Refresh(c, next.String("refresh_token"))
			wantError(t, p.Refresh(c, token), http.StatusBadRequest, "invalid_grant")
			wantError(t, p.Refresh(c, last.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
		})
		t.Run("another client cannot use it", func(t *testing.T) {
			thief := p.Client(idp.Client{ClientID: "thief"})
			token := begin()
			wantError(t, p.Refresh(thief, token), http.StatusBadRequest, "invalid_grant")
			if a := p.Refresh(c, token); a.Status != http.StatusOK {
				t.Errorf("the owner gets %d %s", a.Status, a.Text)
			}
		})
		t.Run("a wider scope is refused and costs nothing", func(t *testing.T) {
			token := begin()
			wantError(t, p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {"openid profile email"}}), http.StatusBadRequest, "invalid_scope")
			if a := p.Refresh(c, token); a.Status != http.StatusOK {
				t.Errorf("afterwards: %d %s", a.Status, a.Text)
			}
		})
		t.Run("revocation ends the family", func(t *testing.T) {
			first := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
			if a := p.Post("/revoke", c, url.Values{"token": {first.String("refresh_token")}}); a.Status != http.StatusOK {
				t.Fatalf("revocation: %d %s", a.Status, a.Text)
			}
			if p.Active(c, first.String("access_token")) {
				t.Error("the access token is still active")
			}
			wantError(t, p.Refresh(c, first.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
		})
		t.Run("logout ends it", func(t *testing.T) {
			token := begin()
			if err := b.Open(context.Background(), p.URL+"/logout"); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(context.Background(), map[string]string{"logout-confirm": "1"}); err != nil {
				t.Fatal(err)
			}
			wantError(t, p.Refresh(c, token), http.StatusBadRequest, "invalid_grant")
		})
	})
}

func TestO19StateIsEchoedUnchanged(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "echo"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	for name, state := range map[string]string{
		"8 KiB":         strings.Repeat("s", 8<<10),
		"line breaks":   "a\r\nSet-Cookie: x=1\r\n\r\nbody",
		"quotes":        `"'<>&;`,
		"UTF-8":         "状态 ✓",
		"percent signs": "%00%0d%0a%2F+ ",
	} {
		t.Run(name, func(t *testing.T) {
			back := p.Code(b, c, url.Values{"state": {state}})
			if back.Get("state") != state || back.Get("iss") != p.URL {
				t.Errorf("state came back as %q", back.Get("state"))
			}
		})
	}
	t.Run("longer", func(t *testing.T) {
		wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"state": {strings.Repeat("s", 8<<10+1)}})), c, "invalid_request")
	})
}

func TestO20TextOfStrangersIsNoMarkup(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "markup"})
	const evil = `"><script>alert(1)</script>`
	b := walk.New(nil)
	for name, address := range map[string]string{
		"login_hint": "/authorize?" + apptest.AuthorizeQuery(c, url.Values{"login_hint": {evil}}).Encode(),
		"ui_locales": "/authorize?" + apptest.AuthorizeQuery(c, url.Values{"ui_locales": {evil}}).Encode(),
		"client_id":  "/authorize?" + url.Values{"client_id": {evil}}.Encode(),
		"state":      "/authorize?" + apptest.AuthorizeQuery(c, url.Values{"state": {evil}, "prompt": {"login"}}).Encode(),
		"flow":       "/login?" + url.Values{"flow": {evil}}.Encode(),
		"error":      "/login?" + url.Values{"error": {evil}, "error_description": {evil}}.Encode(),
		"inbox":      "/inbox?" + url.Values{"to": {evil}}.Encode(),
	} {
		t.Run(name, func(t *testing.T) {
			if err := b.Open(context.Background(), p.URL+address); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.Page.Source, "<script>alert") {
				t.Error("the text became markup")
			}
			if policy := b.Page.Header.Get("Content-Security-Policy"); policy == "" || strings.Contains(policy, "unsafe-inline") {
				t.Errorf("policy is %q", policy)
			}
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "service", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}})
	form := func() url.Values { return url.Values{"grant_type": {"client_credentials"}} }
	if a := p.Post("/token", c, form()); a.Status != http.StatusOK || a.String("scope") != "license_clerk" || a.Body["refresh_token"] != nil || a.Body["id_token"] != nil {
		t.Fatalf("client credentials: %d %s", a.Status, a.Text)
	}
	wrong := c
	wrong.ClientSecret = "another-secret-of-tests"
	wantError(t, p.Post("/token", wrong, form()), http.StatusUnauthorized, "invalid_client")
	t.Run("O-33 two ways at once", func(t *testing.T) {
		both := form()
		both.Set("client_secret", c.ClientSecret)
		wantError(t, p.Post("/token", c, both), http.StatusBadRequest, "invalid_request")
	})
	t.Run("O-33 another way than registered", func(t *testing.T) {
		inBody := form()
		inBody.Set("client_secret", c.ClientSecret)
		wantError(t, p.Post("/token", idp.Client{ClientID: c.ClientID}, inBody), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("a scope of others", func(t *testing.T) {
		wider := form()
		wider.Set("scope", "license_issuer")
		wantError(t, p.Post("/token", c, wider), http.StatusBadRequest, "invalid_scope")
	})
	t.Run("a grant that is not registered", func(t *testing.T) {
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}), http.StatusBadRequest, "unauthorized_client")
	})
	t.Run("a grant that is not known", func(t *testing.T) {
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {"password"}}), http.StatusBadRequest, "unsupported_grant_type")
	})
}

func TestTokensSayWhoHowSurelyAndHow(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	subjects := map[string]string{}
	for _, test := range []struct{ id, sector, algorithm string }{
		{"es", "", "ES256"}, {"rs", "", "RS256"}, {"sm", "dept-a", "SGD_SM3_SM2"}, {"sm-same-department", "dept-a", "ES256"},
	} {
		t.Run(test.algorithm+" "+test.id, func(t *testing.T) {
			c := p.Client(idp.Client{ClientID: test.id, Sector: test.sector, IDTokenAlg: test.algorithm})
			answer := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
			token := answer.String("id_token")
			header, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
			if !strings.Contains(string(header), fmt.Sprintf("%q", test.algorithm)) {
				t.Errorf("header is %s", header)
			}
			claims := apptest.Claims(t, token)
			if claims["iss"] != p.URL || claims["aud"] != test.id || claims["nonce"] != "no" || claims["ial"] != 2.0 || claims["acr"] != "urn:yinxin:aal:1" || claims["name"] != "李四" || claims["sid"] == "" {
				t.Errorf("claims are %v", claims)
			}
			for _, absent := range []string{"id_document_number", "phone_number", "email"} {
				if claims[absent] != nil {
					t.Errorf("the token tells %s, which nobody asked for", absent)
				}
			}
			subjects[test.id], _ = claims["sub"].(string)
			info := p.Get("/userinfo", answer.String("access_token"))
			if info.Status != http.StatusOK || info.Body["sub"] != claims["sub"] || info.Body["ial"] != 2.0 {
				t.Errorf("userinfo: %d %s", info.Status, info.Text)
			}
		})
	}
	if subjects["es"] == subjects["rs"] || subjects["es"] == subjects["sm"] || subjects["sm"] != subjects["sm-same-department"] || subjects["es"] == "" {
		t.Errorf("pairwise subjects are %v", subjects)
	}
	for path, gm := range map[string]bool{"/jwks": false, "/jwks/gm": true} {
		set := p.Get(path, "")
		if set.Status != http.StatusOK || strings.Contains(set.Text, `"SM2-P-256"`) != gm || strings.Contains(set.Text, `"d"`) {
			t.Errorf("%s: %d %s", path, set.Status, set.Text)
		}
	}
}

func TestUserinfoTakesOnlyAccessTokensOfPeople(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "reader"})
	service := p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}})
	p.Persona(mobile, "李四", 2)
	answer := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
	for name, token := range map[string]string{
		"none": "", "garbage": "x.y.z", "refresh token": answer.String("refresh_token"), "ID token": answer.String("id_token"),
		"token of a service": p.Post("/token", service, url.Values{"grant_type": {"client_credentials"}}).String("access_token"),
		"changed":            answer.String("access_token")[:len(answer.String("access_token"))-4] + "AAAA",
	} {
		if a := p.Get("/userinfo", token); a.Status != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Text)
		}
	}
	if a := p.Get("/userinfo?access_token="+answer.String("access_token"), ""); a.Status != http.StatusUnauthorized {
		t.Errorf("O-60 token in the query: %d", a.Status)
	}
	p.Advance(10*time.Minute + time.Second)
	if a := p.Get("/userinfo", answer.String("access_token")); a.Status != http.StatusUnauthorized {
		t.Errorf("expired: %d", a.Status)
	}
}

func TestIntrospectionTellsStrangersNothing(t *testing.T) {
	p := apptest.Start(t, database(t))
	c, stranger := p.Client(idp.Client{ClientID: "owner"}), p.Client(idp.Client{ClientID: "stranger"})
	p.Persona(mobile, "李四", 2)
	token := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")
	if !p.Active(c, token) || p.Active(stranger, token) {
		t.Error("introspection answers the wrong client")
	}
	if a := p.Post("/revoke", stranger, url.Values{"token": {token}}); a.Status != http.StatusOK || !p.Active(c, token) {
		t.Error("a stranger revoked the token")
	}
	if a := p.Post("/revoke", c, url.Values{"token": {token}}); a.Status != http.StatusOK || p.Active(c, token) {
		t.Error("the owner could not revoke the token")
	}
}

func TestStepUpToAHigherLevel(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "deep"})
	p.Persona("13800138000", "", 0)
	b, ctx := p.SignIn("13800138000"), context.Background()
	q := apptest.AuthorizeQuery(c, url.Values{"acr_values": {"urn:yinxin:ial:2 urn:yinxin:aal:1"}})
	if err := b.Open(ctx, p.URL+"/authorize?"+q.Encode()); err != nil || !b.Page.Has("proofing-name") {
		t.Fatalf("no proofing page: %v %s", err, b.Page.Text)
	}
	t.Run("silently it is refused", func(t *testing.T) {
		q.Set("prompt", "none")
		target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+q.Encode(), c.RedirectURIs[0])
		if err != nil || target == nil || target.Query().Get("error") != "interaction_required" {
			t.Fatalf("%v %v", target, err)
		}
		q.Del("prompt")
	})
	if err := b.Open(ctx, p.URL+"/authorize?"+q.Encode()); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(ctx, map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002x", "proofing-mobile": "13800138000"}); err != nil {
		t.Fatal(err)
	}
	if !b.Page.Has("consent-allow") {
		t.Fatalf("after proofing comes %s: %s", b.Page.URL, b.Page.Text)
	}
	target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
	if err != nil || target == nil {
		t.Fatalf("%v %v", target, err)
	}
	claims := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token"))
	if claims["ial"] != 2.0 || claims["acr"] != "urn:yinxin:aal:1" || claims["name"] != "张三" {
		t.Errorf("claims are %v", claims)
	}
}

func TestConsentIsAskedOnceAndMayBeDenied(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "consents"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	address := p.URL + "/authorize?" + apptest.AuthorizeQuery(c, nil).Encode()
	if err := b.Open(ctx, address); err != nil || !b.Page.Has("consent-deny") || !b.Page.Has("consent-allow") {
		t.Fatalf("no consent page: %v %s", err, b.Page.Text)
	}
	target, err := b.SubmitUntil(ctx, map[string]string{"consent": "deny"}, c.RedirectURIs[0])
	if err != nil || target == nil || target.Query().Get("error") != "access_denied" || target.Query().Get("state") != "st" {
		t.Fatalf("%v %v", target, err)
	}
	if p.Code(b, c, nil).Get("code") == "" {
		t.Fatal("no code after consent")
	}
	if target, err := b.OpenUntil(ctx, address, c.RedirectURIs[0]); err != nil || target == nil || target.Query().Get("code") == "" {
		t.Fatalf("consent is asked again: %v %v", target, err)
	}
	if target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"consent"}}).Encode(), c.RedirectURIs[0]); err != nil || target != nil || !b.Page.Has("consent-allow") {
		t.Fatalf("prompt=consent does not ask: %v %v", target, err)
	}
}

func TestFlowBelongsToItsBrowser(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "flows"})
	p.Persona(mobile, "李四", 2)
	attacker, ctx := walk.New(nil), context.Background()
	if err := attacker.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode()); err != nil {
		t.Fatal(err)
	}
	flow := attacker.Page.URL.Query().Get("flow")
	victim := p.SignIn(mobile)
	for _, path := range []string{"/authorize/resume", "/consent", "/login", "/proofing"} {
		if err := victim.Open(ctx, p.URL+path+"?flow="+flow); err != nil || !victim.Page.Has("error-code") {
			t.Errorf("%s took a flow of another browser: %s", path, victim.Page.Text)
		}
	}
}

func TestPromptLoginAndMaxAgeAskAgain(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "again"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	p.Code(b, c, nil)
	p.Advance(10 * time.Minute)
	for name, change := range map[string]url.Values{"prompt=login": {"prompt": {"login"}}, "select_account": {"prompt": {"select_account"}}, "max_age": {"max_age": {"300"}}, "max_age=0": {"max_age": {"0"}}} {
		target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, change).Encode(), c.RedirectURIs[0])
		if err != nil || target != nil || !b.Page.Has("login-password") {
			t.Errorf("%s: %v %v", name, target, err)
		}
	}
	target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"max_age": {"3600"}}).Encode(), c.RedirectURIs[0])
	if err != nil || target == nil {
		t.Errorf("max_age=3600 asks again: %v", err)
	}
}

func TestLogoutGoesOnlyToRegisteredAddresses(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "leaver", PostLogoutRedirectURIs: []string{"https://leaver.example.gov.cn/out"}})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token")
	for name, q := range map[string]url.Values{
		"O-52 not registered": {"client_id": {c.ClientID}, "post_logout_redirect_uri": {"https://evil.example/"}},
		"without client":      {"post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}},
		"forged hint":         {"id_token_hint": {token[:len(token)-4] + "AAAA"}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}},
	} {
		if err := b.Open(ctx, p.URL+"/logout?"+q.Encode()); err != nil || !b.Page.Has("error-code") {
			t.Errorf("%s: %v %s", name, err, b.Page.URL)
		}
	}
	if err := b.Open(ctx, p.URL+"/logout"); err != nil || !b.Page.Has("logout-confirm") {
		t.Fatal("a logout without a hint does not ask")
	}
	q := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"bye"}}
	target, err := b.OpenUntil(ctx, p.URL+"/logout?"+q.Encode(), c.PostLogoutRedirectURIs[0])
	if err != nil || target == nil || target.Query().Get("state") != "bye" {
		t.Fatalf("%v %v", target, err)
	}
	if err := b.Open(ctx, p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
		t.Error("the session is still there")
	}
}
