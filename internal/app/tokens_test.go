package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// machine is a service client with further settings.
func machine(p *apptest.Platform, id string, change func(c *idp.Client)) idp.Client {
	c := idp.Client{ClientID: id, GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}}
	change(&c)
	return p.Client(c)
}

func clientToken(p *apptest.Platform, c idp.Client, extra ...string) apptest.Answer {
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i+1 < len(extra); i += 2 {
		form.Set(extra[i], extra[i+1])
	}
	return p.Post("/token", c, form)
}

// audience of a token as a list.
func audience(t *testing.T, token string) []string {
	t.Helper()
	var all []string
	list, _ := apptest.Claims(t, token)["aud"].([]any)
	for _, one := range list {
		text, _ := one.(string)
		all = append(all, text)
	}
	return all
}

func TestAccessTokensOfRFC9068(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	for _, algorithm := range []string{"ES256", "SGD_SM3_SM2"} {
		t.Run(algorithm, func(t *testing.T) {
			c := p.Client(idp.Client{ClientID: strings.ToLower(algorithm), Audience: []string{"https://api.gov.cn/records"}, TokenSettings: idp.TokenSettings{AccessTokenAlg: algorithm}})
			token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
			header := decodePart(t, token, 0)
			if header["typ"] != "at+jwt" || header["alg"] != algorithm || header["kid"] == nil {
				t.Errorf("header is %v", header)
			}
			claims := apptest.Claims(t, token)
			if claims["iss"] != p.URL || claims["client_id"] != c.ClientID || claims["scope"] != "openid profile" || claims["acr"] != "urn:yinxin:aal:1" || claims["jti"] == nil || claims["sub"] == nil ||
				claims["auth_time"] == nil || !slices.Equal(audience(t, token), []string{p.URL, "https://api.gov.cn/records"}) {
				t.Errorf("claims are %v", claims)
			}
			if life := claims["exp"].(float64) - claims["iat"].(float64); life != 600 {
				t.Errorf("life is %v seconds", life)
			}
			if a := p.Get("/userinfo", token); a.Status != http.StatusOK {
				t.Errorf("userinfo: %d %s", a.Status, a.Text)
			}
		})
	}
}

func TestOpaqueAccessTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "opaque", TokenSettings: idp.TokenSettings{AccessTokenFormat: idp.FormatOpaque}})
		clerk := machine(p, "opaque-machine", func(c *idp.Client) { c.AccessTokenFormat = idp.FormatOpaque })
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		issued := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		token := issued.String("access_token")
		if !strings.HasPrefix(token, "yxa_") || strings.Contains(token, ".") {
			t.Fatalf("token is %q", token)
		}
		if a := p.Get("/userinfo", token); a.Status != http.StatusOK {
			t.Errorf("userinfo: %d %s", a.Status, a.Text)
		}
		if a := p.Get("/api/v1/licenses", clientToken(p, clerk).String("access_token")); a.Status != http.StatusOK {
			t.Errorf("our API: %d %s", a.Status, a.Text)
		}
		swapped := strings.ToUpper(token[4:5])
		if swapped == token[4:5] {
			swapped = strings.ToLower(swapped)
		}
		if swapped == token[4:5] {
			swapped = "x"
		}
		for name, forged := range map[string]string{"O-39 cut": token[:len(token)-1], "O-39 extended": token + "A", "O-39 another case": token[:4] + swapped + token[5:], "without prefix": token[4:], "prefix alone": "yxa_",
			"O-59 refresh token under its prefix": "yxa_" + strings.TrimPrefix(issued.String("refresh_token"), "yxr_")} {
			if a := p.Get("/userinfo", forged); a.Status != http.StatusUnauthorized || a.String("error") != "invalid_token" {
				t.Errorf("%s: %d %s", name, a.Status, a.Text)
			}
			if p.Active(c, forged) {
				t.Errorf("%s is active", name)
			}
		}
		refreshed := p.Refresh(c, issued.String("refresh_token"))
		again := p.Refresh(c, issued.String("refresh_token")) // within the successor window
		for _, a := range []apptest.Answer{refreshed, again} {
			if !p.Active(c, a.String("access_token")) || a.String("access_token") == token {
				t.Errorf("after refresh: %s", a.Text)
			}
		}
		if a := p.Post("/revoke", c, url.Values{"token": {token}}); a.Status != http.StatusOK || p.Active(c, token) || !p.Active(c, refreshed.String("access_token")) {
			t.Error("revocation of one token did not end it alone")
		}
		p.Advance(10 * time.Minute)
		if p.Active(c, refreshed.String("access_token")) {
			t.Error("an expired token is active")
		}
	})
}

func TestResourceIndicators(t *testing.T) {
	p := apptest.Start(t, database(t))
	const records, taxes = "https://api.gov.cn/records", "https://api.gov.cn/taxes"
	c := p.Client(idp.Client{ClientID: "portal", Audience: []string{records, taxes}})
	clerk := machine(p, "clerk", func(c *idp.Client) { c.Audience = []string{records} })
	api := machine(p, "records-api", func(c *idp.Client) { c.Resources = []string{records} })
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	narrow := clientToken(p, clerk, "resource", records).String("access_token")
	if !slices.Equal(audience(t, narrow), []string{records}) {
		t.Errorf("audience is %v", audience(t, narrow))
	}
	if !p.Active(api, narrow) {
		t.Error("the resource server may not introspect a token for it")
	}
	t.Run("O-42 a token for another API is refused by ours", func(t *testing.T) {
		if a := p.Get("/api/v1/licenses", narrow); a.Status != http.StatusUnauthorized {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
	t.Run("O-41 another resource server learns nothing", func(t *testing.T) {
		if p.Active(machine(p, "taxes-api", func(c *idp.Client) { c.Resources = []string{taxes} }), narrow) {
			t.Error("it does")
		}
	})
	for name, resource := range map[string]string{"of others": "https://api.gov.cn/others", "with a fragment": records + "#x", "empty": "", "no address": "::"} {
		t.Run(name, func(t *testing.T) {
			wantError(t, clientToken(p, clerk, "resource", resource), http.StatusBadRequest, "invalid_target")
		})
	}
	form := redemption(c, p.Code(b, c, nil).Get("code"))
	form.Set("resource", taxes)
	issued := p.Post("/token", c, form)
	if !slices.Equal(audience(t, issued.String("access_token")), []string{p.URL, taxes}) {
		t.Errorf("audience with openid is %v", audience(t, issued.String("access_token")))
	}
	refreshed := p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.String("refresh_token")}, "resource": {records}, "scope": {"profile"}})
	if !slices.Equal(audience(t, refreshed.String("access_token")), []string{records}) || refreshed.String("scope") != "profile" || refreshed.String("id_token") != "" {
		t.Errorf("refresh for one resource: %s", refreshed.Text)
	}
	t.Run("a refused resource costs nothing", func(t *testing.T) {
		token := refreshed.String("refresh_token")
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "resource": {"https://evil.example"}}), http.StatusBadRequest, "invalid_target")
		if a := p.Refresh(c, token); a.Status != http.StatusOK || a.String("scope") != "openid profile" {
			t.Errorf("afterwards: %d %s", a.Status, a.Text)
		}
	})
}

func TestO41IntrospectionNeedsAConfidentialClient(t *testing.T) {
	p := apptest.Start(t, database(t))
	c, public := p.Client(idp.Client{ClientID: "owner"}), p.Client(idp.Client{ClientID: "public", TokenEndpointAuthMethod: idp.AuthNone})
	p.Persona(mobile, "李四", 2)
	token := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")
	form := func() url.Values { return url.Values{"token": {token}} }
	wantError(t, p.Post("/introspect", idp.Client{}, form()), http.StatusUnauthorized, "invalid_client")
	wantError(t, p.Post("/introspect", public, form()), http.StatusUnauthorized, "invalid_client")
	wantError(t, with(t, p, http.MethodPost, "/introspect", idp.Client{}, form(), "Authorization", "Bearer "+token), http.StatusUnauthorized, "invalid_client")
}

func TestSignedIntrospection(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := machine(p, "asks", func(*idp.Client) {})
	always := machine(p, "always", func(c *idp.Client) { c.IntrospectionAlg = "SGD_SM3_SM2"; c.Resources = []string{"https://x.gov.cn"} })
	token := clientToken(p, c).String("access_token")
	read := func(a apptest.Answer, client string, algorithm jose.Algorithm) map[string]any {
		if a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/token-introspection+jwt") {
			t.Fatalf("%d %q %s", a.Status, a.Header.Get("Content-Type"), a.Text)
		}
		path := "/jwks"
		if algorithm == jose.SM2SM3 {
			path = "/jwks/gm"
		}
		set, err := jose.ParseKeySet([]byte(p.Get(path, "").Text), false)
		if err != nil {
			t.Fatal(err)
		}
		verified, err := jose.Verify(a.Text, set, jose.Policy{Algorithms: []jose.Algorithm{algorithm}, Type: "token-introspection+jwt", Issuer: p.URL, Audience: client, Now: p.Now(), NoExpiry: true})
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Answer map[string]any `json:"token_introspection"`
		}
		if err := verified.Decode(&claims); err != nil || verified.Claims.IssuedAt.IsZero() {
			t.Fatal(err, verified.Claims)
		}
		return claims.Answer
	}
	header := "application/token-introspection+jwt"
	if answer := read(with(t, p, http.MethodPost, "/introspect", c, url.Values{"token": {token}}, "Accept", header), c.ClientID, jose.ES256); answer["active"] != true || answer["client_id"] != c.ClientID {
		t.Errorf("answer is %v", answer)
	}
	if answer := read(p.Post("/introspect", always, url.Values{"token": {token}}), always.ClientID, jose.SM2SM3); answer["active"] != false || len(answer) != 1 {
		t.Errorf("a stranger reads %v", answer)
	}
}

func TestJ10TokensAreNotTakenForEachOther(t *testing.T) {
	p := apptest.Start(t, database(t))
	key := newClientKey(t, jose.ES256)
	c := p.Client(idp.Client{ClientID: "swaps", TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: idp.TokenSettings{JWKS: document(t, key)}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	redeem := func() apptest.Answer {
		return p.Post("/token", idp.Client{}, asserted(redemption(c, p.Code(b, c, nil).Get("code")), key.sign(t, "JWT", assertionClaims(p, c.ClientID))))
	}
	issued := redeem()
	if issued.Status != http.StatusOK {
		t.Fatal(issued.Text)
	}
	for name, token := range map[string]string{"ID token": issued.String("id_token"), "refresh token": issued.String("refresh_token"), "client assertion": key.sign(t, "JWT", assertionClaims(p, c.ClientID)),
		"assertion dressed as access token": key.sign(t, "at+jwt", assertionClaims(p, c.ClientID))} {
		if a := p.Get("/userinfo", token); a.Status != http.StatusUnauthorized || a.String("error") != "invalid_token" {
			t.Errorf("%s as access token: %d %s", name, a.Status, a.Text)
		}
		a := p.Post("/introspect", idp.Client{}, asserted(url.Values{"token": {token}}, key.sign(t, "JWT", assertionClaims(p, c.ClientID))))
		if a.Body["active"] != false {
			t.Errorf("%s is introspected as access token: %s", name, a.Text)
		}
	}
	for name, token := range map[string]string{"ID token": issued.String("id_token"), "access token": issued.String("access_token")} {
		t.Run(name, func(t *testing.T) {
			wantError(t, p.Post("/token", idp.Client{}, asserted(url.Values{"grant_type": {"client_credentials"}}, token)), http.StatusUnauthorized, "invalid_client")
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
			wantError(t, p.Post("/token", idp.Client{}, asserted(refresh, key.sign(t, "JWT", assertionClaims(p, c.ClientID)))), http.StatusBadRequest, "invalid_grant")
		})
	}
	t.Run("O-59 a code as refresh token and the reverse", func(t *testing.T) {
		sign := func() string { return key.sign(t, "JWT", assertionClaims(p, c.ClientID)) }
		code := p.Code(b, c, nil).Get("code")
		wantError(t, p.Post("/token", idp.Client{}, asserted(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {code}}, sign())), http.StatusBadRequest, "invalid_grant")
		wantError(t, p.Post("/token", idp.Client{}, asserted(redemption(c, issued.String("refresh_token")), sign())), http.StatusBadRequest, "invalid_grant")
		if a := p.Post("/token", idp.Client{}, asserted(redemption(c, code), sign())); a.Status != http.StatusOK {
			t.Errorf("the code was spent: %d %s", a.Status, a.Text)
		}
	})
}

func TestO44GrantsThatAreNotOffered(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := machine(p, "asks", func(*idp.Client) {})
	for _, grant := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer", "client_credentials refresh_token", "CLIENT_CREDENTIALS"} {
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {grant}, "username": {"x"}, "password": {"y"}}), http.StatusBadRequest, "unsupported_grant_type")
	}
	metadata := p.Get("/.well-known/openid-configuration", "")
	for _, absent := range []string{`"password"`, `"implicit"`, "jwt-bearer"} {
		if strings.Contains(metadata.Text, absent) {
			t.Errorf("discovery names %s", absent)
		}
	}
}

func TestTokensThatWereVerifiedBeforeStillEnd(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := machine(p, "clerk", func(*idp.Client) {})
	token := clientToken(p, c).String("access_token")
	for range 2 {
		if a := p.Get("/api/v1/licenses", token); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
	}
	for name, other := range map[string]string{"cut": token[:len(token)-1], "extended": token + "A", "another signature": token[:len(token)-4] + "AAAA"} {
		if a := p.Get("/api/v1/licenses", other); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	p.Advance(10 * time.Minute)
	if a := p.Get("/api/v1/licenses", token); a.Status != http.StatusUnauthorized {
		t.Errorf("after its end: %d %s", a.Status, a.Text)
	}
	token = clientToken(p, c).String("access_token")
	p.Get("/api/v1/licenses", token)
	c.Disabled = true
	p.Client(c)
	if a := p.Get("/api/v1/licenses", token); a.Status != http.StatusUnauthorized {
		t.Errorf("A-30 its client is disabled: %d", a.Status)
	}
}
