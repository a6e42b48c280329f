package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// The faults of fosite v0.49.0 that identity specification 8 lists, on the side of tokens: each is closed by what stands
// around it. F8 and F9 are tested at the store, idp/idpdb.

// F3: only RS, ES and PS for assertions.
func TestF03AssertionsInSM2AndEd25519(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, algorithm := range []jose.Algorithm{jose.SM2SM3, jose.EdDSA} {
		key := newClientKey(t, algorithm)
		c := service(p, strings.ToLower(string(algorithm)), idp.TokenSettings{JWKS: document(t, key), TokenEndpointAuthAlg: string(algorithm)})
		if a := askWith(p, key.sign(t, "JWT", assertionClaims(p, c.ClientID))); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", algorithm, a.Status, a.Text)
		}
	}
}

// F4: the audience must be a token URL.
func TestF04AssertionNamesTheIssuer(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := service(p, "asserts", idp.TokenSettings{JWKS: document(t, key)})
	for audience, status := range map[string]int{p.URL: 200, p.URL + "/token": 401, p.URL + "/": 401} {
		claims := assertionClaims(p, c.ClientID)
		claims["aud"] = audience
		if a := askWith(p, key.sign(t, "JWT", claims)); a.Status != status {
			t.Errorf("aud %s: %d %s", audience, a.Status, a.Text)
		}
	}
}

// F5: at_hash is SHA-256 unless the algorithm's name ends in 384 or 512.
func TestF05AtHashFollowsTheAlgorithm(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:16]) }
	for algorithm, hash := range map[string]func(token string) string{
		"SGD_SM3_SM2": func(token string) string { sum := sm3.Sum([]byte(token)); return half(sum[:]) },
		"ES256":       func(token string) string { sum := sha256.Sum256([]byte(token)); return half(sum[:]) },
	} {
		c := p.Client(idp.Client{ClientID: strings.ToLower(algorithm), IDTokenAlg: algorithm})
		a := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		if got := apptest.Claims(t, a.String("id_token"))["at_hash"]; got != hash(a.String("access_token")) {
			t.Errorf("%s: at_hash is %v", algorithm, got)
		}
	}
}

// F6: introspection takes an ID token for an access token.
func TestF06IDTokenIsNoAccessToken(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "owner"})
	p.Persona(mobile, "李四", 2)
	a := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
	if p.Active(c, a.String("id_token")) {
		t.Error("introspection says active")
	}
	if got := p.Get("/userinfo", a.String("id_token")); got.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", got.Status)
	}
}

// F7: bodies behind jwks_uri are read without limit, with a client that goes anywhere and follows.
func TestF07FetchedKeysAreBounded(t *testing.T) {
	key := newClientKey(t, jose.ES256)
	var elsewhere atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		w.Write(document(t, key))
	}))
	defer target.Close()
	answers := map[string]http.HandlerFunc{
		"/large": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(strings.TrimSuffix(string(document(t, key)), "}") + `,"more":"`))
			for range 1024 {
				if _, err := w.Write([]byte(strings.Repeat("x", 1024))); err != nil {
					return
				}
			}
			w.Write([]byte(`"}`))
		},
		"/redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, http.StatusFound) },
		"/failing": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			w.Write(document(t, key))
		},
		"/private": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)) },
	}
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w, r) }))
	defer peer.Close()
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(peer.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	for path := range answers {
		c := service(p, strings.TrimPrefix(path, "/"), idp.TokenSettings{JWKSURI: peer.URL + path})
		wantError(t, askWith(p, key.sign(t, "JWT", assertionClaims(p, c.ClientID))), http.StatusUnauthorized, "invalid_client")
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// F10: it asks for a go-jose with known vulnerabilities.
func TestF10PatchedReleaseOfItsDependency(t *testing.T) {
	content, err := os.ReadFile(testkit.Root() + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`github.com/go-jose/go-jose/v3 v3\.0\.(\d+)`).FindSubmatch(content)
	if found == nil || len(found[1]) == 1 && found[1][0] < '5' {
		t.Errorf("go.mod asks for %s", found)
	}
	command := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	command.Dir = testkit.Root()
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "github.com/go-jose") {
			t.Errorf("used directly: %s", line)
		}
	}
}

// F11: an acr that it does not know is answered as "0", and an essential one is not looked at.
func TestF11AuthenticationClassIsNeverInvented(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "classes"})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		p.Code(b, c, nil)
		const reached = "urn:yinxin:aal:1"
		for name, change := range map[string]url.Values{
			"not asked":               nil,
			"unknown":                 {"acr_values": {"urn:example:gold"}},
			"the zero of fosite":      {"acr_values": {"0"}},
			"higher than there is":    {"acr_values": {"urn:yinxin:aal:3"}},
			"a level of proofing":     {"acr_values": {"urn:yinxin:ial:2"}},
			"unknown, then known":     {"acr_values": {"0 " + reached}},
			"essential and known":     {"claims": {`{"id_token":{"acr":{"essential":true,"values":["urn:example:gold","` + reached + `"]}}}`}},
			"essential without value": {"claims": {`{"id_token":{"acr":{"essential":true}}}`}},
			"wished, unknown":         {"claims": {`{"id_token":{"acr":{"value":"0"}}}`}},
		} {
			t.Run(name, func(t *testing.T) {
				a := p.Redeem(c, p.Code(b, c, change).Get("code"), nil)
				if a.Status != http.StatusOK {
					t.Fatalf("%d %s", a.Status, a.Text)
				}
				told := p.Post("/introspect", c, url.Values{"token": {a.String("access_token")}})
				for place, got := range map[string]any{"ID token": apptest.Claims(t, a.String("id_token"))["acr"], "access token": apptest.Claims(t, a.String("access_token"))["acr"], "introspection": told.Body["acr"]} {
					if got != reached {
						t.Errorf("%s: acr is %v", place, got)
					}
				}
			})
		}
		for name, claims := range map[string]string{
			"essential and unknown":       `{"id_token":{"acr":{"essential":true,"value":"urn:example:gold"}}}`,
			"essential zero":              `{"id_token":{"acr":{"essential":true,"values":["0"]}}}`,
			"essential and out of reach":  `{"id_token":{"acr":{"essential":true,"values":["urn:yinxin:aal:3"]}}}`,
			"essential level of proofing": `{"id_token":{"acr":{"essential":true,"values":["urn:yinxin:ial:2"]}}}`,
			"essential at userinfo":       `{"userinfo":{"acr":{"essential":true,"value":"urn:example:gold"}}}`,
		} {
			t.Run(name, func(t *testing.T) {
				got := p.Code(b, c, url.Values{"claims": {claims}})
				if got.Get("error") != "unmet_authentication_requirements" || got.Has("code") || got.Get("iss") != p.URL {
					t.Errorf("%v", got)
				}
			})
		}
	})
}

// F12: a refresh compares the audience of the grant with the client's list of today and fails when it has grown.
func TestF12AudienceOfTheClientMayChange(t *testing.T) {
	p := apptest.Start(t, database(t))
	const records, taxes, archive = "https://api.gov.cn/records", "https://api.gov.cn/taxes", "https://api.gov.cn/archive"
	c := p.Client(idp.Client{ClientID: "portal", Audience: []string{records, taxes}})
	p.Persona(mobile, "李四", 2)
	issued := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
	c.Audience = []string{archive, taxes}
	c = p.Client(c)
	refreshed := p.Refresh(c, issued.String("refresh_token"))
	if refreshed.Status != http.StatusOK {
		t.Fatalf("%d %s", refreshed.Status, refreshed.Text)
	}
	if got := audience(t, refreshed.String("access_token")); !slices.Equal(got, []string{p.URL, taxes}) {
		t.Errorf("audience is %v: neither what was added since nor what was taken away", got)
	}
	wantError(t, p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshed.String("refresh_token")}, "resource": {records}}), http.StatusBadRequest, "invalid_target")
}

// Defaults of fosite that security specification 1 changes, on this side.
func TestDefaultsOfFositeThatAreChanged(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "defaults"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	t.Run("a losing refresh is invalid_grant", func(t *testing.T) {
		token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("refresh_token")
		p.Refresh(c, p.Refresh(c, token).String("refresh_token"))
		wantError(t, p.Refresh(c, token), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("no debug message leaves", func(t *testing.T) {
		for _, form := range []url.Values{{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, {"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"y"}}} {
			a := p.Post("/token", c, form)
			for _, inner := range []string{"fosite", "sql", "not_found", "error_debug", "error_hint", "idp_"} {
				if strings.Contains(strings.ToLower(a.Text), inner) {
					t.Errorf("%s", a.Text)
				}
			}
		}
	})
	t.Run("an audience parameter counts for nothing", func(t *testing.T) {
		form := redemption(c, p.Code(b, c, nil).Get("code"))
		form.Set("audience", "https://evil.example")
		if a := p.Post("/token", c, form); a.Status != http.StatusOK || strings.Contains(strings.Join(audience(t, a.String("access_token")), " "), "evil") {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
}
