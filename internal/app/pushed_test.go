package app_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// push sends a complete request of a client to the pushed endpoint.
func push(p *apptest.Platform, c idp.Client, changes url.Values) apptest.Answer {
	form := apptest.AuthorizeQuery(c, changes)
	form.Del("client_id")
	return p.Post("/par", c, form)
}

// pushedQuery is what goes through the browser.
func pushedQuery(c idp.Client, uri string) url.Values {
	return url.Values{"client_id": {c.ClientID}, "request_uri": {uri}}
}

// openUntilAnswer opens a request in a browser, allows it where that is asked, and gives what came back to the client;
// nil when the way ended on a page.
func openUntilAnswer(t *testing.T, b *walk.Browser, address string, c idp.Client) *url.URL {
	t.Helper()
	ctx := context.Background()
	target, err := b.OpenUntil(ctx, address, c.RedirectURIs[0])
	if err == nil && target == nil && b.Page.Has("consent-allow") {
		target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func wantRequestURIPage(t *testing.T, a apptest.Answer) {
	t.Helper()
	wantPage(t, a)
	if !strings.Contains(a.Text, "YX-OIDC-105") {
		t.Errorf("the page does not say that the request is used: %s", a.Text)
	}
}

func TestO25PushedRequestIsAnsweredOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c, other := p.Client(idp.Client{ClientID: "pushes"}), p.Client(idp.Client{ClientID: "elsewhere", RedirectURIs: []string{"https://pushes.example.gov.cn/cb"}})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		begin := func() string {
			a := push(p, c, nil)
			if a.Status != http.StatusCreated || !strings.HasPrefix(a.String("request_uri"), oauth.PushedPrefix) || a.Body["expires_in"] != 60.0 || a.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("push: %d %s", a.Status, a.Text)
			}
			return a.String("request_uri")
		}
		address := func(uri string) string { return p.URL + "/authorize?" + pushedQuery(c, uri).Encode() }
		t.Run("once", func(t *testing.T) {
			uri := begin()
			target := openUntilAnswer(t, b, address(uri), c)
			if target == nil || target.Query().Get("state") != "st" || target.Query().Get("iss") != p.URL {
				t.Fatalf("%v", target)
			}
			if a := p.Redeem(c, target.Query().Get("code"), nil); a.Status != http.StatusOK {
				t.Errorf("code: %d %s", a.Status, a.Text)
			}
			wantRequestURIPage(t, authorize(t, p, pushedQuery(c, uri)))
		})
		t.Run("outer parameters do not count", func(t *testing.T) {
			q := pushedQuery(c, begin())
			q.Set("state", "outer")
			q.Set("redirect_uri", "https://evil.example/")
			q.Set("scope", "openid identity")
			if target := openUntilAnswer(t, b, p.URL+"/authorize?"+q.Encode(), c); target == nil || target.Query().Get("state") != "st" || target.Query().Get("code") == "" {
				t.Errorf("%v", target)
			}
		})
		t.Run("a reload before the answer is no second use", func(t *testing.T) {
			uri := begin()
			for range 3 {
				if a := authorize(t, p, pushedQuery(c, uri)); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?") {
					t.Fatalf("%d %q", a.Status, a.Header.Get("Location"))
				}
			}
		})
		t.Run("two browsers, one answer", func(t *testing.T) {
			uri := begin()
			first, second := walk.New(nil), walk.New(nil)
			ctx := context.Background()
			for _, browser := range []*walk.Browser{first, second} {
				if err := browser.Open(ctx, address(uri)); err != nil || !browser.Page.Has("login-password") {
					t.Fatalf("no login page: %v", err)
				}
			}
			login := map[string]string{"login-identifier": mobile, "login-password": apptest.Password}
			if target, err := first.SubmitUntil(ctx, login, c.RedirectURIs[0]); err != nil || target == nil || target.Query().Get("code") == "" {
				t.Fatalf("the first: %v %v", target, err)
			}
			if target, err := second.SubmitUntil(ctx, login, c.RedirectURIs[0]); err != nil || target != nil || second.Page.Status != http.StatusBadRequest {
				t.Errorf("the second got %v, %v", target, err)
			}
		})
		t.Run("an error is an answer", func(t *testing.T) {
			a := push(p, c, url.Values{"prompt": {"none"}})
			wantRefusal(t, authorize(t, p, pushedQuery(c, a.String("request_uri"))), c, "login_required")
			wantRequestURIPage(t, authorize(t, p, pushedQuery(c, a.String("request_uri"))))
		})
		t.Run("another client", func(t *testing.T) {
			wantRequestURIPage(t, authorize(t, p, pushedQuery(other, begin())))
		})
		t.Run("after its end", func(t *testing.T) {
			uri := begin()
			p.Advance(60 * time.Second)
			wantRequestURIPage(t, authorize(t, p, pushedQuery(c, uri)))
		})
		t.Run("never handed out", func(t *testing.T) {
			wantRequestURIPage(t, authorize(t, p, pushedQuery(c, oauth.PushedPrefix+"AAAA")))
		})
		t.Run("beside a request object", func(t *testing.T) {
			q := pushedQuery(c, begin())
			q.Set("request", "e30.e30.")
			wantPage(t, authorize(t, p, q))
		})
	})
}

func TestO26PushNeedsItsClient(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "pushes"})
	public := p.Client(idp.Client{ClientID: "public", TokenEndpointAuthMethod: "none"})
	wrong := c
	wrong.ClientSecret = "another-secret-of-tests"
	wantError(t, push(p, wrong, nil), http.StatusUnauthorized, "invalid_client")
	wantError(t, p.Post("/par", idp.Client{}, apptest.AuthorizeQuery(c, nil)), http.StatusUnauthorized, "invalid_client")
	if a := push(p, public, nil); a.Status != http.StatusCreated {
		t.Errorf("a public client is named by client_id: %d %s", a.Status, a.Text)
	}
	for name, change := range map[string]url.Values{
		"another client_id":      {"client_id": {"public"}},
		"request_uri inside":     {"request_uri": {oauth.PushedPrefix + "x"}},
		"redirect_uri of others": {"redirect_uri": {"https://evil.example/"}},
		"no redirect_uri":        {"redirect_uri": {""}},
		"no challenge":           {"code_challenge": {""}, "code_challenge_method": {""}},
	} {
		t.Run(name, func(t *testing.T) {
			form := apptest.AuthorizeQuery(c, nil)
			form.Del("client_id")
			for n, v := range change {
				form.Del(n)
				if v[0] != "" {
					form[n] = v
				}
			}
			wantError(t, p.Post("/par", c, form), http.StatusBadRequest, "invalid_request")
		})
	}
	for name, test := range map[string]struct {
		change url.Values
		code   string
	}{
		"scope of others":   {url.Values{"scope": {"openid identity"}}, "invalid_scope"},
		"token in front":    {url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		"resource of other": {url.Values{"resource": {"https://api.example.gov.cn"}}, "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, push(p, c, test.change), http.StatusBadRequest, test.code) })
	}
}

func TestClientThatMustPushIsHeldToIt(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "must", RequestSettings: idp.RequestSettings{RequirePushedRequest: true}})
	q := wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, nil)), c, "invalid_request")
	if q.Get("state") != "st" || q.Get("iss") != p.URL {
		t.Errorf("answer is %v", q)
	}
	wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {"https://evil.example/"}})))
	if a := authorize(t, p, pushedQuery(c, push(p, c, nil).String("request_uri"))); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?") {
		t.Errorf("pushed: %d %q", a.Status, a.Header.Get("Location"))
	}
}

// objectClaims are those of a good request object: what AuthorizeQuery asks, signed.
func objectClaims(p *apptest.Platform, c idp.Client, changes map[string]any) map[string]any {
	now := p.Now()
	claims := map[string]any{"iss": c.ClientID, "aud": p.URL, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(4 * time.Minute).Unix(), "jti": "ro-" + time.Duration(serial.Add(1)).String()}
	for name, values := range apptest.AuthorizeQuery(c, nil) {
		claims[name] = values[0]
	}
	maps.Copy(claims, changes)
	for name, value := range claims {
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// signing registers a client that signs its requests.
func signing(t *testing.T, p *apptest.Platform, id string, key clientKey, more idp.RequestSettings) idp.Client {
	t.Helper()
	more.RequestObjectAlg = string(key.algorithm)
	return p.Client(idp.Client{ClientID: id, Scope: "openid profile phone", TokenSettings: idp.TokenSettings{JWKS: document(t, key)}, RequestSettings: more})
}

func objectQuery(c idp.Client, object string) url.Values {
	return url.Values{"client_id": {c.ClientID}, "redirect_uri": {c.RedirectURIs[0]}, "request": {object}, "state": {"outer"}}
}

func TestF03RequestObjectsInEveryAlgorithm(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, algorithm := range []jose.Algorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.SM2SM3} {
		t.Run(string(algorithm), func(t *testing.T) {
			key := newClientKey(t, algorithm)
			c := signing(t, p, "signs-"+strings.ToLower(string(algorithm)), key, idp.RequestSettings{})
			for _, typ := range []string{oauth.RequestObjectType, "JWT", ""} {
				object := key.sign(t, typ, objectClaims(p, c, map[string]any{"prompt": "none"}))
				if q := wantRefusal(t, authorize(t, p, objectQuery(c, object)), c, "login_required"); q.Get("state") != "st" {
					t.Errorf("typ %q: %v", typ, q)
				}
			}
		})
	}
}

func TestO22RequestObjectIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		key, stranger, rsaKey := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256), newClientKey(t, jose.PS256)
		c := signing(t, p, "signs", key, idp.RequestSettings{})
		now := p.Now()
		object := func(change map[string]any) string {
			return key.sign(t, oauth.RequestObjectType, objectClaims(p, c, change))
		}
		payload := strings.Split(object(nil), ".")[1]
		for name, request := range map[string]string{
			"alg none":                "eyJhbGciOiJub25lIn0." + payload + ".",
			"alg nOnE":                "eyJhbGciOiJuT25FIn0." + payload + ".",
			"HS256 with a public key": "eyJhbGciOiJIUzI1NiJ9." + payload + ".AAAA",
			"another client's key":    stranger.sign(t, oauth.RequestObjectType, objectClaims(p, c, nil)),
			"another algorithm":       rsaKey.sign(t, oauth.RequestObjectType, objectClaims(p, c, nil)),
			"F2 another issuer":       object(map[string]any{"iss": "other"}),
			"F2 no issuer":            object(map[string]any{"iss": nil}),
			"F2 another audience":     object(map[string]any{"aud": "https://other.gov.cn"}),
			"F2 no audience":          object(map[string]any{"aud": nil}),
			"F2 expired":              object(map[string]any{"exp": now.Add(-time.Minute).Unix()}),
			"F2 no end":               object(map[string]any{"exp": nil}),
			"F2 end in an hour":       object(map[string]any{"exp": now.Add(time.Hour).Unix()}),
			"not yet":                 object(map[string]any{"nbf": now.Add(time.Minute).Unix()}),
			"nbf of yesterday":        object(map[string]any{"nbf": now.Add(-2 * time.Hour).Unix()}),
			"issued ahead":            object(map[string]any{"iat": now.Add(time.Minute).Unix()}),
			"another client_id":       object(map[string]any{"client_id": "other"}),
			"no client_id":            object(map[string]any{"client_id": nil}),
			"J-10 client assertion":   key.sign(t, "JWT", assertionClaims(p, c.ClientID)),
			"J-10 access token":       key.sign(t, "at+jwt", objectClaims(p, c, nil)),
			"J-10 logout token":       key.sign(t, "logout+jwt", objectClaims(p, c, nil)),
			"a request inside":        object(map[string]any{"request": "x.y.z"}),
			"an address inside":       object(map[string]any{"request_uri": "https://evil.example/"}),
			"scope is a number":       object(map[string]any{"scope": 7}),
			"max_age is a fraction":   object(map[string]any{"max_age": 1.5}),
			"claims is a list":        object(map[string]any{"claims": []string{"name"}}),
			"garbage":                 "x.y.z",
			"nothing":                 "",
		} {
			t.Run(name, func(t *testing.T) {
				q := objectQuery(c, request)
				back := wantRefusal(t, authorize(t, p, q), c, "invalid_request_object")
				if back.Get("iss") != p.URL {
					t.Error("the answer has no issuer")
				}
				wantError(t, p.Post("/par", c, url.Values{"request": {request}}), http.StatusBadRequest, "invalid_request_object")
				q.Set("redirect_uri", "https://evil.example/")
				wantPage(t, authorize(t, p, q))
			})
		}
		t.Run("F2 used twice", func(t *testing.T) {
			for name, once := range map[string]string{"jti": object(map[string]any{"prompt": "none"}), "no jti": object(map[string]any{"prompt": "none", "jti": nil})} {
				wantRefusal(t, authorize(t, p, objectQuery(c, once)), c, "login_required")
				wantRefusal(t, authorize(t, p, objectQuery(c, once)), c, "invalid_request_object")
				wantError(t, p.Post("/par", c, url.Values{"request": {once}}), http.StatusBadRequest, "invalid_request_object")
				if t.Failed() {
					t.Fatal(name)
				}
			}
		})
		t.Run("F2 used twenty times at once", func(t *testing.T) {
			once, taken := object(nil), 0
			for _, a := range parallel(20, func() apptest.Answer { return p.Post("/par", c, url.Values{"request": {once}}) }) {
				if a.Status == http.StatusCreated {
					taken++
				}
			}
			if taken != 1 {
				t.Errorf("%d were taken", taken)
			}
		})
		t.Run("a client that registered no algorithm", func(t *testing.T) {
			plain := p.Client(idp.Client{ClientID: "plain"})
			request := key.sign(t, oauth.RequestObjectType, objectClaims(p, plain, nil))
			wantRefusal(t, authorize(t, p, objectQuery(plain, request)), plain, "request_not_supported")
		})
	})
}

// fosite printed request-object claims with %s: a number became "%!s(float64=3600)", an object "map[…]".
func TestF01ClaimsOfRequestObjectsKeepTheirTypes(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := signing(t, p, "types", key, idp.RequestSettings{})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	p.Advance(10 * time.Minute)
	address := func(change map[string]any) string {
		return p.URL + "/authorize?" + objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, change))).Encode()
	}
	wishes := map[string]any{"id_token": map[string]any{"phone_number": map[string]any{"essential": true}, "verified_claims": nil}}
	target := openUntilAnswer(t, b, address(map[string]any{"max_age": 3600, "scope": "openid", "claims": wishes}), c)
	if target == nil {
		t.Fatalf("max_age 3600 or claims as objects were not read: %s", b.Page.Text)
	}
	claims := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token"))
	if claims["verified_claims"] == nil {
		t.Errorf("the claims parameter was lost: %v", claims)
	}
	if target := openUntilAnswer(t, b, address(map[string]any{"max_age": 60}), c); target != nil || !b.Page.Has("login-password") {
		t.Errorf("max_age 60 does not ask for a login: %v", target)
	}
}

// fosite merged outside parameters into a request object, and passed over the object without the scope openid.
func TestF02OuterParametersAreIgnored(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := signing(t, p, "merges", key, idp.RequestSettings{})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	t.Run("O-23 what the object says counts", func(t *testing.T) {
		q := objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, map[string]any{"scope": "openid profile"})))
		for name, value := range map[string]string{"scope": "openid phone", "nonce": "outer", "code_challenge": strings.Repeat("A", 43), "prompt": "none", "response_mode": "form_post", "redirect_uri": "https://evil.example/"} {
			q.Set(name, value)
		}
		target := openUntilAnswer(t, b, p.URL+"/authorize?"+q.Encode(), c)
		if target == nil || target.Query().Get("state") != "st" {
			t.Fatalf("%v", target)
		}
		answer := p.Redeem(c, target.Query().Get("code"), nil)
		if claims := apptest.Claims(t, answer.String("id_token")); claims["nonce"] != "no" || answer.String("scope") != "openid profile" {
			t.Errorf("outer parameters count: %v %s", claims, answer.Text)
		}
	})
	t.Run("O-23 what the object leaves out is not there", func(t *testing.T) {
		q := objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, map[string]any{"state": nil, "code_challenge": nil, "code_challenge_method": nil})))
		q.Set("code_challenge", apptest.Challenge())
		q.Set("code_challenge_method", "S256")
		if back := wantRefusal(t, authorize(t, p, q), c, "invalid_request"); back.Has("state") {
			t.Errorf("the outer state came back: %v", back)
		}
	})
	t.Run("O-23 another outer client_id", func(t *testing.T) {
		q := objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, nil)))
		q.Set("client_id", "nobody")
		wantPage(t, authorize(t, p, q))
	})
	t.Run("an address of others inside", func(t *testing.T) {
		wantPage(t, authorize(t, p, objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, map[string]any{"redirect_uri": "https://evil.example/"})))))
	})
	t.Run("without openid it counts too", func(t *testing.T) {
		q := objectQuery(c, key.sign(t, oauth.RequestObjectType, objectClaims(p, c, map[string]any{"scope": "profile", "prompt": "none login"})))
		wantRefusal(t, authorize(t, p, q), c, "invalid_request")
	})
}

func TestO24RequestElsewhereIsNeverFetched(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "elsewhere"})
	for _, address := range []string{"http://169.254.169.254/latest", "file:///etc/passwd", "https://127.0.0.1/r", "urn:ietf:params:oauth:request_uri", p.URL + "/jwks"} {
		wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"request_uri": {address}})), c, "request_uri_not_supported")
	}
	wantPage(t, authorize(t, p, url.Values{"client_id": {c.ClientID}, "request_uri": {"http://169.254.169.254/latest"}}))
}

func TestO27HeadersOfRequestObjectsBringNoKeys(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := signing(t, p, "headers", key, idp.RequestSettings{})
	for _, header := range []map[string]any{{"jku": "http://127.0.0.1/k"}, {"x5u": "http://127.0.0.1/k"}, {"jwk": key.jwk(t)}, {"x5c": []string{}}} {
		header["alg"] = "ES256"
		object := key.jws(t, header, objectClaims(p, c, nil))
		wantRefusal(t, authorize(t, p, objectQuery(c, object)), c, "invalid_request_object")
	}
}

func TestClientThatMustSignIsHeldToIt(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := signing(t, p, "must-sign", key, idp.RequestSettings{RequireSignedRequest: true})
	wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, nil)), c, "invalid_request")
	wantError(t, push(p, c, nil), http.StatusBadRequest, "invalid_request")
	a := p.Post("/par", c, url.Values{"request": {key.sign(t, oauth.RequestObjectType, objectClaims(p, c, nil))}})
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if a := authorize(t, p, pushedQuery(c, a.String("request_uri"))); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?") {
		t.Errorf("signed and pushed: %d %q", a.Status, a.Header.Get("Location"))
	}
}
