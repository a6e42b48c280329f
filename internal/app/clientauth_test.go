package app_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// service is a client of client_credentials that proves itself with a key.
func service(p *apptest.Platform, id string, settings idp.TokenSettings) idp.Client {
	return p.Client(idp.Client{ClientID: id, GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: settings})
}

// askWith sends a client_credentials request with an assertion.
func askWith(p *apptest.Platform, assertion string) apptest.Answer {
	return p.Post("/token", idp.Client{}, asserted(url.Values{"grant_type": {"client_credentials"}}, assertion))
}

func TestPrivateKeyJWTWithEachAlgorithm(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, algorithm := range []jose.Algorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA, jose.SM2SM3} {
		t.Run(string(algorithm), func(t *testing.T) {
			key := newClientKey(t, algorithm)
			c := service(p, "keyed-"+strings.ToLower(string(algorithm)), idp.TokenSettings{JWKS: document(t, key), TokenEndpointAuthAlg: string(algorithm)})
			for _, typ := range []string{"", "JWT", "client-authentication+jwt"} {
				if a := askWith(p, key.sign(t, typ, assertionClaims(p, c.ClientID))); a.Status != http.StatusOK {
					t.Errorf("type %q: %d %s", typ, a.Status, a.Text)
				}
			}
			introspected := p.Post("/introspect", idp.Client{}, asserted(url.Values{"token": {"x"}}, key.sign(t, "JWT", assertionClaims(p, c.ClientID))))
			if introspected.Status != http.StatusOK || introspected.Body["active"] != false {
				t.Errorf("introspection: %d %s", introspected.Status, introspected.Text)
			}
		})
	}
}

func TestClientAssertionIsRefused(t *testing.T) {
	p := apptest.Start(t, database(t))
	key, stranger, rsaKey := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256), newClientKey(t, jose.RS256)
	c := service(p, "asserts", idp.TokenSettings{JWKS: document(t, key, rsaKey)})
	other := service(p, "asserts-too", idp.TokenSettings{JWKS: document(t, stranger)})
	now := p.Now()
	with := func(changes map[string]any) map[string]any {
		claims := assertionClaims(p, c.ClientID)
		maps.Copy(claims, changes)
		for name, value := range claims {
			if value == nil {
				delete(claims, name)
			}
		}
		return claims
	}
	for name, assertion := range map[string]string{
		"O-30 token endpoint as audience":  key.sign(t, "JWT", with(map[string]any{"aud": p.URL + "/token"})),
		"O-30 another server":              key.sign(t, "JWT", with(map[string]any{"aud": "https://other.gov.cn"})),
		"O-30 others beside us":            key.sign(t, "JWT", with(map[string]any{"aud": []string{p.URL, "https://other.gov.cn"}})),
		"O-30 no audience":                 key.sign(t, "JWT", with(map[string]any{"aud": nil})),
		"O-30 empty audience":              key.sign(t, "JWT", with(map[string]any{"aud": []string{}})),
		"O-32 expired":                     key.sign(t, "JWT", with(map[string]any{"exp": now.Add(-time.Minute).Unix()})),
		"O-32 issued ten minutes ahead":    key.sign(t, "JWT", with(map[string]any{"iat": now.Add(10 * time.Minute).Unix()})),
		"O-32 valid for a year":            key.sign(t, "JWT", with(map[string]any{"exp": now.AddDate(1, 0, 0).Unix()})),
		"O-32 no exp":                      key.sign(t, "JWT", with(map[string]any{"exp": nil})),
		"O-32 not yet":                     key.sign(t, "JWT", with(map[string]any{"nbf": now.Add(time.Minute).Unix()})),
		"O-31 no jti":                      key.sign(t, "JWT", with(map[string]any{"jti": nil})),
		"O-31 jti of 300 characters":       key.sign(t, "JWT", with(map[string]any{"jti": strings.Repeat("j", 300)})),
		"another key":                      stranger.sign(t, "JWT", with(nil)),
		"an algorithm that is not its own": rsaKey.sign(t, "JWT", with(nil)),
		"issuer and subject differ":        key.sign(t, "JWT", with(map[string]any{"sub": other.ClientID})),
		"no subject":                       key.sign(t, "JWT", with(map[string]any{"sub": nil})),
		"client that nobody knows":         key.sign(t, "JWT", with(map[string]any{"iss": "nobody", "sub": "nobody"})),
		"J-10 a request object":            key.sign(t, "oauth-authz-req+jwt", with(nil)),
		"J-10 an access token":             key.sign(t, "at+jwt", with(nil)),
		"J-01 without signature":           "eyJhbGciOiJub25lIn0." + strings.Split(key.sign(t, "JWT", with(nil)), ".")[1] + ".",
		"J-06 large":                       strings.Repeat("a", 20<<10),
		"J-07 JSON serialization":          `{"payload":"e30"}`,
		"J-01 alg in another case":         key.jws(t, map[string]any{"alg": "nOnE"}, with(nil)),
		"J-02 symmetric":                   key.jws(t, map[string]any{"alg": "HS256"}, with(nil)),
		"J-03 crit":                        key.jws(t, map[string]any{"alg": "ES256", "crit": []string{"exp"}}, with(nil)),
		"J-03 b64":                         key.jws(t, map[string]any{"alg": "ES256", "b64": false}, with(nil)),
		"J-03 zip":                         key.jws(t, map[string]any{"alg": "ES256", "zip": "DEF"}, with(nil)),
		"J-04 kid with a path":             key.jws(t, map[string]any{"alg": "ES256", "kid": "../../etc/passwd"}, with(nil)),
		"J-04 kid with SQL":                key.jws(t, map[string]any{"alg": "ES256", "kid": "' OR 1=1 --"}, with(nil)),
		"J-04 kid of 4 KiB":                key.jws(t, map[string]any{"alg": "ES256", "kid": strings.Repeat("k", 4<<10)}, with(nil)),
		"J-05 encrypted with a password":   "eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjoyMTQ3NDgzNjQ3fQ.AAAA.AAAA.AAAA.AAAA",
		"J-06 a million dots":              strings.Repeat(".", 900<<10),
		"J-08 exp as text":                 key.sign(t, "JWT", with(map[string]any{"exp": "9999999999"})),
		"J-08 exp negative":                key.sign(t, "JWT", with(map[string]any{"exp": -1})),
		"J-09 padding":                     key.sign(t, "JWT", with(nil)) + "=",
		"J-09 blanks":                      " " + key.sign(t, "JWT", with(nil)),
		"J-11 r and s zero":                zeroSignature(key.sign(t, "JWT", with(nil))),
		"J-13 SM2 labelled ES256":          newClientKey(t, jose.SM2SM3).jws(t, map[string]any{"alg": "ES256"}, with(nil)),
		"J-13 ES256 labelled SM2":          key.jws(t, map[string]any{"alg": "SGD_SM3_SM2"}, with(nil)),
		"O-27 jku":                         key.jws(t, map[string]any{"alg": "ES256", "jku": "https://evil.example/jwks"}, with(nil)),
		"O-27 jwk":                         stranger.jws(t, map[string]any{"alg": "ES256", "jwk": stranger.jwk(t)}, with(nil)),
		"O-27 x5c":                         key.jws(t, map[string]any{"alg": "ES256", "x5c": []string{"AAAA"}}, with(nil)),
		"nothing":                          "",
	} {
		t.Run(name, func(t *testing.T) { wantError(t, askWith(p, assertion), http.StatusUnauthorized, "invalid_client") })
	}
	t.Run("O-31 twice", func(t *testing.T) {
		assertion := key.sign(t, "JWT", with(nil))
		if a := askWith(p, assertion); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		wantError(t, askWith(p, assertion), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("another type of assertion", func(t *testing.T) {
		form := asserted(url.Values{"grant_type": {"client_credentials"}}, key.sign(t, "JWT", with(nil)))
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
		wantError(t, p.Post("/token", idp.Client{}, form), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("clocks eight seconds apart", func(t *testing.T) {
		if a := askWith(p, key.sign(t, "JWT", with(map[string]any{"iat": p.Now().Add(8 * time.Second).Unix(), "nbf": p.Now().Add(8 * time.Second).Unix()}))); a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
	t.Run("O-34 nothing of it is logged", func(t *testing.T) {
		if strings.Contains(p.Log.String(), "eyJ") {
			t.Error("a token stands in the log")
		}
	})
}

func TestO30CompatibilitySwitchTakesTheTokenEndpoint(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := service(p, "spring", idp.TokenSettings{JWKS: document(t, key), TokenEndpointAudience: true})
	claims := assertionClaims(p, c.ClientID)
	claims["aud"] = p.URL + "/token"
	if a := askWith(p, key.sign(t, "JWT", claims)); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	fapi := idp.Client{ClientID: "fapi", RedirectURIs: []string{"https://fapi.gov.cn/cb"}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, Profile: idp.ProfileFAPI2,
		TokenSettings: idp.TokenSettings{JWKS: document(t, key), TokenEndpointAudience: true}}
	if err := p.App.Apply(t.Context(), app.Manifest{Clients: []idp.Client{fapi}}); err == nil {
		t.Error("a FAPI client got the switch")
	}
}

func TestFAPIClientNamesTheIssuerAsText(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := p.Client(idp.Client{ClientID: "fapi", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT,
		Profile: idp.ProfileFAPI2, TokenSettings: idp.TokenSettings{JWKS: document(t, key)}})
	claims := assertionClaims(p, c.ClientID)
	claims["aud"] = []string{p.URL}
	wantError(t, askWith(p, key.sign(t, "JWT", claims)), http.StatusUnauthorized, "invalid_client")
	claims = assertionClaims(p, c.ClientID)
	claims["exp"] = p.Now().Add(time.Hour).Unix()
	wantError(t, askWith(p, key.sign(t, "JWT", claims)), http.StatusUnauthorized, "invalid_client")
}

func TestO31TwentyParallelReplaysOfOneAssertion(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		key := newClientKey(t, jose.ES256)
		c := service(p, "replays", idp.TokenSettings{JWKS: document(t, key)})
		assertion, won := key.sign(t, "JWT", assertionClaims(p, c.ClientID)), 0
		for _, a := range parallel(20, func() apptest.Answer { return askWith(p, assertion) }) {
			if a.Status == http.StatusOK {
				won++
			} else {
				wantError(t, a, http.StatusUnauthorized, "invalid_client")
			}
		}
		if won != 1 {
			t.Errorf("%d requests won", won)
		}
	})
}

func TestO33WaysOfClientsAreNotMixed(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	keyed := service(p, "keyed", idp.TokenSettings{JWKS: document(t, key)})
	secret := p.Client(idp.Client{ClientID: "secret", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}})
	public := p.Client(idp.Client{ClientID: "public", TokenEndpointAuthMethod: idp.AuthNone})
	grant := func(extra ...string) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(extra); i += 2 {
			form.Set(extra[i], extra[i+1])
		}
		return form
	}
	good := func() string { return key.sign(t, "JWT", assertionClaims(p, keyed.ClientID)) }
	asBasic := keyed
	asBasic.ClientSecret = apptest.Secret(keyed.ClientID)
	publicSecret := public
	publicSecret.ClientSecret = apptest.Secret(public.ClientID)
	for name, test := range map[string]struct {
		answer apptest.Answer
		status int
		code   string
	}{
		"a secret where a key is registered":         {p.Post("/token", asBasic, grant()), 401, "invalid_client"},
		"a secret in the body where a key is":        {p.Post("/token", idp.Client{}, grant("client_id", keyed.ClientID, "client_secret", "x")), 401, "invalid_client"},
		"nothing where a key is registered":          {p.Post("/token", idp.Client{ClientID: keyed.ClientID}, grant()), 401, "invalid_client"},
		"Basic and body":                             {p.Post("/token", secret, grant("client_secret", secret.ClientSecret)), 400, "invalid_request"},
		"Basic and assertion":                        {p.Post("/token", secret, asserted(grant(), good())), 400, "invalid_request"},
		"body and assertion":                         {p.Post("/token", idp.Client{}, asserted(grant("client_secret", "x", "client_id", keyed.ClientID), good())), 400, "invalid_request"},
		"assertion and the id of another client":     {p.Post("/token", idp.Client{}, asserted(grant("client_id", secret.ClientID), good())), 400, "invalid_request"},
		"Basic and the id of another client":         {p.Post("/token", secret, grant("client_id", keyed.ClientID)), 400, "invalid_request"},
		"public client with a secret":                {p.Post("/token", publicSecret, grant()), 401, "invalid_client"},
		"public client with a secret in the body":    {p.Post("/token", idp.Client{}, grant("client_id", public.ClientID, "client_secret", "x")), 401, "invalid_client"},
		"secret client with an assertion of its own": {p.Post("/token", idp.Client{}, asserted(grant(), key.sign(t, "JWT", assertionClaims(p, secret.ClientID)))), 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, test.answer, test.status, test.code) })
	}
	t.Run("the header is named when it was tried", func(t *testing.T) {
		if a := p.Post("/token", asBasic, grant()); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("WWW-Authenticate is %q", a.Header.Get("WWW-Authenticate"))
		}
	})
}

func TestKeysBehindAnAddressAreFetchedWithCare(t *testing.T) {
	first, second := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256)
	var asked atomic.Int64
	var content atomic.Value
	content.Store([]byte(document(t, first)))
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write(content.Load().([]byte))
	}))
	defer peer.Close()
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(peer.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	c := service(p, "remote", idp.TokenSettings{JWKSURI: peer.URL + "/jwks"})
	ask := func(key clientKey) apptest.Answer {
		return askWith(p, key.sign(t, "JWT", assertionClaims(p, c.ClientID)))
	}
	for range 3 {
		if a := ask(first); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times for one set", asked.Load())
	}
	for range 5 {
		wantError(t, ask(second), http.StatusUnauthorized, "invalid_client")
	}
	if asked.Load() != 1 {
		t.Errorf("unknown keys made %d fetches within half a minute", asked.Load()-1)
	}
	content.Store([]byte(document(t, first, second)))
	p.Advance(31 * time.Second)
	if a := ask(second); a.Status != http.StatusOK || asked.Load() != 2 {
		t.Errorf("a new key after half a minute: %d %s, %d fetches", a.Status, a.Text, asked.Load())
	}
	content.Store([]byte("not a key set"))
	p.Advance(11 * time.Minute)
	if a := ask(first); a.Status != http.StatusOK {
		t.Errorf("while the address gives nonsense: %d %s", a.Status, a.Text)
	}
	p.Advance(time.Hour)
	wantError(t, ask(first), http.StatusUnauthorized, "invalid_client")
	content.Store([]byte(strings.Repeat(" ", 300<<10)))
	p.Advance(time.Minute)
	wantError(t, ask(first), http.StatusUnauthorized, "invalid_client")
}

func TestO28KeysOfInnerAddressesAreNotFetched(t *testing.T) {
	var asked atomic.Int64
	peer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer peer.Close()
	key := newClientKey(t, jose.ES256)
	folder := t.TempDir()
	cfg := apptest.NewConfig(t, "sqlite:"+folder+"/yinxin.db", folder)
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(peer.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	for _, address := range []string{"http://127.0.0.1/jwks", "https://127.0.0.1/jwks", "https://10.1.2.3/jwks", "https://169.254.169.254/latest", "https://[::1]/jwks", "https://[::ffff:10.0.0.1]/jwks", "https://ok.gov.cn:8443/jwks", "file:///etc/passwd"} {
		c := idp.Client{ClientID: "inner", RedirectURIs: []string{"https://ok.gov.cn/cb"}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: idp.TokenSettings{JWKSURI: address}}
		if err := p.App.Apply(t.Context(), app.Manifest{Clients: []idp.Client{c}}); err == nil {
			t.Errorf("%s was registered", address)
		}
	}
	// Registered while the operator allowed it, fetched after that was taken back: no packet.
	c := service(p, "moved", idp.TokenSettings{JWKSURI: peer.URL + "/jwks"})
	strict := apptest.NewConfig(t, "sqlite:"+folder+"/yinxin.db", folder)
	q := apptest.StartWith(t, strict)
	wantError(t, askWith(q, key.sign(t, "JWT", assertionClaims(q, c.ClientID))), http.StatusUnauthorized, "invalid_client")
	if asked.Load() != 0 {
		t.Errorf("%d packets to the address", asked.Load())
	}
}

// zeroSignature puts r = s = 0 in place of a signature.
func zeroSignature(token string) string {
	return token[:strings.LastIndexByte(token, '.')+1] + strings.Repeat("A", 86)
}
