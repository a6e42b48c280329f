package app_test

import (
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// jwk is the public key as a JWK without alg, kid and use.
func (k clientKey) jwk(t testing.TB) map[string]any {
	t.Helper()
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(document(t, k), &set); err != nil {
		t.Fatal(err)
	}
	m := set.Keys[0]
	for _, name := range []string{"alg", "kid", "use"} {
		delete(m, name)
	}
	return m
}

func (k clientKey) thumbprint(t testing.TB) string {
	t.Helper()
	text, err := k.public(t).ThumbprintSHA256()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jws signs with a header of any kind.
func (k clientKey) jws(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	input := part(header) + "." + part(claims)
	signature, err := k.SignMessage(t.Context(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	if k.algorithm == jose.ES256 || k.algorithm == jose.SM2SM3 {
		var pair struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(signature, &pair); err != nil {
			t.Fatal(err)
		}
		signature = make([]byte, 64)
		pair.R.FillBytes(signature[:32])
		pair.S.FillBytes(signature[32:])
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// changed overwrites members; nil takes one away.
func changed(m, changes map[string]any) map[string]any {
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// proof makes a DPoP proof; token is the access token it goes with, if any.
func (k clientKey) proof(t testing.TB, p *apptest.Platform, method, path, token string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{"jti": fmt.Sprintf("proof-%d", serial.Add(1)), "htm": method, "htu": p.URL + path, "iat": p.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return k.jws(t, map[string]any{"typ": "dpop+jwt", "alg": k.algorithm, "jwk": k.jwk(t)}, changed(claims, changes))
}

// with sends a request with headers given as name, value pairs.
func with(t testing.TB, p *apptest.Platform, method, path string, c idp.Client, form url.Values, headers ...string) apptest.Answer {
	t.Helper()
	if form != nil && c.ClientSecret == "" && c.ClientID != "" {
		form.Set("client_id", c.ClientID)
	}
	request, err := http.NewRequest(method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.ClientSecret != "" {
		request.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return p.Do(request)
}

func redemption(c idp.Client, code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.RedirectURIs[0]}, "code_verifier": {apptest.Verifier}}
}

func TestTokensBoundByDPoP(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "bound", TokenSettings: idp.TokenSettings{DPoPBound: true}})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		for _, algorithm := range []jose.Algorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.SM2SM3} {
			t.Run(string(algorithm), func(t *testing.T) {
				key := newClientKey(t, algorithm)
				issued := with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code")), "DPoP", key.proof(t, p, "POST", "/token", "", nil))
				if issued.Status != http.StatusOK || issued.String("token_type") != "DPoP" || issued.Header.Get("DPoP-Nonce") == "" {
					t.Fatalf("%d %s", issued.Status, issued.Text)
				}
				access := issued.String("access_token")
				if cnf, _ := apptest.Claims(t, access)["cnf"].(map[string]any); cnf["jkt"] != key.thumbprint(t) {
					t.Errorf("cnf is %v", cnf)
				}
				if a := with(t, p, http.MethodGet, "/userinfo", idp.Client{}, nil, "Authorization", "DPoP "+access, "DPoP", key.proof(t, p, "GET", "/userinfo", access, nil)); a.Status != http.StatusOK {
					t.Errorf("userinfo: %d %s", a.Status, a.Text)
				}
				answer := p.Post("/introspect", c, url.Values{"token": {access}})
				if cnf, _ := answer.Body["cnf"].(map[string]any); cnf["jkt"] != key.thumbprint(t) || answer.String("token_type") != "DPoP" {
					t.Errorf("introspection: %s", answer.Text)
				}
			})
		}
		t.Run("never without a key", func(t *testing.T) {
			wantError(t, with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code"))), http.StatusBadRequest, "invalid_dpop_proof")
		})
	})
}

func TestO63ProofsThatAreRefused(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "proves"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	key, other := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256)
	issued := with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code")), "DPoP", key.proof(t, p, "POST", "/token", "", nil))
	access := issued.String("access_token")
	if access == "" {
		t.Fatal(issued.Text)
	}
	header := func(changes map[string]any) map[string]any {
		return changed(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk(t)}, changes)
	}
	claims := func(method, path string) map[string]any {
		return map[string]any{"jti": fmt.Sprintf("proof-%d", serial.Add(1)), "htm": method, "htu": p.URL + path, "iat": p.Now().Unix()}
	}
	used := key.proof(t, p, "POST", "/token", "", nil)
	if a := with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code")), "DPoP", used); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	withPrivate := key.jwk(t)
	withPrivate["d"] = withPrivate["x"]
	for name, proofs := range map[string][]string{
		"used before":          {used},
		"two":                  {key.proof(t, p, "POST", "/token", "", nil), key.proof(t, p, "POST", "/token", "", nil)},
		"another method":       {key.proof(t, p, "GET", "/token", "", nil)},
		"another address":      {key.proof(t, p, "POST", "/userinfo", "", nil)},
		"another host":         {key.proof(t, p, "POST", "/token", "", map[string]any{"htu": "https://evil.example/token"})},
		"no address":           {key.proof(t, p, "POST", "/token", "", map[string]any{"htu": nil})},
		"no method":            {key.proof(t, p, "POST", "/token", "", map[string]any{"htm": nil})},
		"old":                  {key.proof(t, p, "POST", "/token", "", map[string]any{"iat": p.Now().Add(-2 * time.Minute).Unix()})},
		"ahead":                {key.proof(t, p, "POST", "/token", "", map[string]any{"iat": p.Now().Add(time.Minute).Unix()})},
		"no time":              {key.proof(t, p, "POST", "/token", "", map[string]any{"iat": nil})},
		"no jti":               {key.proof(t, p, "POST", "/token", "", map[string]any{"jti": nil})},
		"long jti":             {key.proof(t, p, "POST", "/token", "", map[string]any{"jti": strings.Repeat("j", 300)})},
		"expired":              {key.proof(t, p, "POST", "/token", "", map[string]any{"exp": p.Now().Add(-time.Minute).Unix()})},
		"J-10 another type":    {key.jws(t, header(map[string]any{"typ": "JWT"}), claims("POST", "/token"))},
		"J-01 no algorithm":    {key.jws(t, header(map[string]any{"alg": "none"}), claims("POST", "/token"))},
		"J-02 symmetric":       {key.jws(t, header(map[string]any{"alg": "HS256"}), claims("POST", "/token"))},
		"J-03 crit":            {key.jws(t, header(map[string]any{"crit": []string{"x"}}), claims("POST", "/token"))},
		"O-27 key elsewhere":   {key.jws(t, header(map[string]any{"jku": "https://evil.example/jwks"}), claims("POST", "/token"))},
		"J-12 private key":     {key.jws(t, header(map[string]any{"jwk": withPrivate}), claims("POST", "/token"))},
		"key of somebody else": {key.jws(t, header(map[string]any{"jwk": other.jwk(t)}), claims("POST", "/token"))},
		"no key":               {key.jws(t, header(map[string]any{"jwk": nil}), claims("POST", "/token"))},
		"J-06 a million dots":  {strings.Repeat(".", 20<<10)},
		"J-07 JSON":            {`{"payload":"e30"}`},
		"empty":                {""},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{}
			for _, proof := range proofs {
				headers = append(headers, "DPoP", proof)
			}
			a := with(t, p, http.MethodPost, "/token", c, redemption(c, "never-used"), headers...)
			wantError(t, a, http.StatusBadRequest, "invalid_dpop_proof")
		})
	}
	usedHere := key.proof(t, p, "GET", "/userinfo", access, nil)
	if a := with(t, p, http.MethodGet, "/userinfo", idp.Client{}, nil, "Authorization", "DPoP "+access, "DPoP", usedHere); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	for name, test := range map[string]struct{ proof, code string }{
		"used before":         {usedHere, "invalid_dpop_proof"},
		"no ath":              {key.proof(t, p, "GET", "/userinfo", access, map[string]any{"ath": nil}), "invalid_dpop_proof"},
		"ath of another":      {key.proof(t, p, "GET", "/userinfo", "another", nil), "invalid_dpop_proof"},
		"another method":      {key.proof(t, p, "POST", "/userinfo", access, nil), "invalid_dpop_proof"},
		"another address":     {key.proof(t, p, "GET", "/api/v1/licenses", access, nil), "invalid_dpop_proof"},
		"the other key":       {other.proof(t, p, "GET", "/userinfo", access, nil), "invalid_token"},
		"old":                 {key.proof(t, p, "GET", "/userinfo", access, map[string]any{"iat": p.Now().Add(-2 * time.Minute).Unix()}), "invalid_dpop_proof"},
		"no proof at all":     {"", "invalid_dpop_proof"},
		"nonce of a stranger": {key.proof(t, p, "GET", "/userinfo", access, map[string]any{"nonce": "AAAA"}), "use_dpop_nonce"},
	} {
		t.Run("at userinfo: "+name, func(t *testing.T) {
			headers := []string{"Authorization", "DPoP " + access}
			if test.proof != "" {
				headers = append(headers, "DPoP", test.proof)
			}
			a := with(t, p, http.MethodGet, "/userinfo", idp.Client{}, nil, headers...)
			if a.Status != http.StatusUnauthorized || a.String("error") != test.code || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `DPoP error="`+test.code+`"`) {
				t.Errorf("%d %s %q", a.Status, a.Text, a.Header.Get("WWW-Authenticate"))
			}
		})
	}
	t.Run("parallel replay of one proof", func(t *testing.T) {
		proof, won := key.proof(t, p, "GET", "/userinfo", access, nil), 0
		for _, a := range parallel(20, func() apptest.Answer {
			return with(t, p, http.MethodGet, "/userinfo", idp.Client{}, nil, "Authorization", "DPoP "+access, "DPoP", proof)
		}) {
			if a.Status == http.StatusOK {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d requests won", won)
		}
	})
	t.Run("an address with another spelling is the same", func(t *testing.T) {
		proof := key.proof(t, p, "GET", "/userinfo", access, map[string]any{"htu": strings.Replace(p.URL, "http://localhost", "HTTP://LocalHost", 1) + "/userinfo?a=b#c"})
		if a := with(t, p, http.MethodGet, "/userinfo", idp.Client{}, nil, "Authorization", "DPoP "+access, "DPoP", proof); a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
}

func TestO64BoundTokenIsNoBearerToken(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "bound"})
	machine := p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	key := newClientKey(t, jose.ES256)
	bound := with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code")), "DPoP", key.proof(t, p, "POST", "/token", "", nil)).String("access_token")
	clerk := with(t, p, http.MethodPost, "/token", machine, url.Values{"grant_type": {"client_credentials"}}, "DPoP", key.proof(t, p, "POST", "/token", "", nil)).String("access_token")
	for path, token := range map[string]string{"/userinfo": bound, "/api/v1/licenses": clerk} {
		a := p.Get(path, token)
		if a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s took a bound token as bearer: %d %q", path, a.Status, a.Header.Get("WWW-Authenticate"))
		}
		if a := with(t, p, http.MethodGet, path, idp.Client{}, nil, "Authorization", "DPoP "+token, "DPoP", key.proof(t, p, "GET", path, token, nil)); a.Status != http.StatusOK {
			t.Errorf("%s with proof: %d %s", path, a.Status, a.Text)
		}
	}
	t.Run("a bearer token under the other scheme", func(t *testing.T) {
		bearer := p.Post("/token", machine, url.Values{"grant_type": {"client_credentials"}}).String("access_token")
		if a := with(t, p, http.MethodGet, "/api/v1/licenses", idp.Client{}, nil, "Authorization", "DPoP "+bearer, "DPoP", key.proof(t, p, "GET", "/api/v1/licenses", bearer, nil)); a.Status != http.StatusUnauthorized {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
}

func TestRefreshTokensOfPublicClientsBelongToTheirKey(t *testing.T) {
	p := apptest.Start(t, database(t))
	public := p.Client(idp.Client{ClientID: "app", TokenEndpointAuthMethod: idp.AuthNone})
	confidential := p.Client(idp.Client{ClientID: "portal"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	key, other := newClientKey(t, jose.ES256), newClientKey(t, jose.EdDSA)
	begin := func(c idp.Client) string {
		return with(t, p, http.MethodPost, "/token", c, redemption(c, p.Code(b, c, nil).Get("code")), "DPoP", key.proof(t, p, "POST", "/token", "", nil)).String("refresh_token")
	}
	refresh := func(c idp.Client, token string, keys ...clientKey) apptest.Answer {
		headers := []string{}
		for _, k := range keys {
			headers = append(headers, "DPoP", k.proof(t, p, "POST", "/token", "", nil))
		}
		return with(t, p, http.MethodPost, "/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, headers...)
	}
	token := begin(public)
	wantError(t, refresh(public, token), http.StatusBadRequest, "invalid_grant")
	wantError(t, refresh(public, token, other), http.StatusBadRequest, "invalid_grant")
	first := refresh(public, token, key)
	if first.Status != http.StatusOK || first.String("token_type") != "DPoP" {
		t.Fatalf("with its key: %d %s", first.Status, first.Text)
	}
	wantError(t, refresh(public, token, other), http.StatusBadRequest, "invalid_grant") // within the successor window
	if a := refresh(public, first.String("refresh_token"), key); a.Status != http.StatusOK {
		t.Errorf("the successor: %d %s", a.Status, a.Text)
	}
	changed := refresh(confidential, begin(confidential), other)
	if cnf, _ := apptest.Claims(t, changed.String("access_token"))["cnf"].(map[string]any); cnf["jkt"] != other.thumbprint(t) {
		t.Errorf("a confidential client may change its key: %s", changed.Text)
	}
}

// TestCodesBoundByDPoP: RFC 9449 section 10. Who asked for the code named the key that redeems it, at the authorization
// endpoint, in a signed request or in a pushed one, by parameter or by proof; neither another key nor none will do, and who
// tries does not use the code up.
func TestCodesBoundByDPoP(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		key, thief := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256)
		signing := newClientKey(t, jose.ES256)
		confidential := p.Client(idp.Client{ClientID: "portal"})
		public := p.Client(idp.Client{ClientID: "app", TokenEndpointAuthMethod: idp.AuthNone})
		signer := p.Client(idp.Client{ClientID: "signer", TokenSettings: idp.TokenSettings{JWKS: document(t, signing)}, RequestSettings: idp.RequestSettings{RequestObjectAlg: "ES256"}})
		p.Persona(mobile, "李四", 2)
		b, jkt := p.SignIn(mobile), key.thumbprint(t)
		push := func(t *testing.T, c idp.Client, more url.Values, headers ...string) url.Values {
			a := with(t, p, http.MethodPost, "/par", c, apptest.AuthorizeQuery(c, more), headers...)
			if a.Status != http.StatusCreated {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			return pushedQuery(c, a.String("request_uri"))
		}
		direct := func(_ *testing.T, c idp.Client) url.Values {
			return apptest.AuthorizeQuery(c, url.Values{"dpop_jkt": {jkt}})
		}
		for name, test := range map[string]struct {
			client  idp.Client
			request func(t *testing.T, c idp.Client) url.Values
		}{
			"at the authorization endpoint": {confidential, direct},
			"by a public client":            {public, direct},
			"in a signed request": {signer, func(t *testing.T, c idp.Client) url.Values {
				return objectQuery(c, signing.sign(t, "oauth-authz-req+jwt", objectClaims(p, c, map[string]any{"dpop_jkt": jkt})))
			}},
			"pushed": {confidential, func(t *testing.T, c idp.Client) url.Values { return push(t, c, url.Values{"dpop_jkt": {jkt}}) }},
			"pushed with a proof": {confidential, func(t *testing.T, c idp.Client) url.Values {
				return push(t, c, nil, "DPoP", key.proof(t, p, "POST", "/par", "", nil))
			}},
			"pushed with a proof and the key": {public, func(t *testing.T, c idp.Client) url.Values {
				return push(t, c, url.Values{"dpop_jkt": {jkt}}, "DPoP", key.proof(t, p, "POST", "/par", "", nil))
			}},
		} {
			t.Run(name, func(t *testing.T) {
				c := test.client
				target := openUntilAnswer(t, b, p.URL+"/authorize?"+test.request(t, c).Encode(), c)
				if target == nil || target.Query().Get("code") == "" {
					t.Fatalf("%v", target)
				}
				redeem := func(keys ...clientKey) apptest.Answer {
					headers := []string{}
					for _, k := range keys {
						headers = append(headers, "DPoP", k.proof(t, p, "POST", "/token", "", nil))
					}
					return with(t, p, http.MethodPost, "/token", c, redemption(c, target.Query().Get("code")), headers...)
				}
				wantError(t, redeem(), http.StatusBadRequest, "invalid_grant")
				wantError(t, redeem(thief), http.StatusBadRequest, "invalid_grant")
				a := redeem(key)
				if cnf, _ := apptest.Claims(t, a.String("access_token"))["cnf"].(map[string]any); a.String("token_type") != "DPoP" || cnf["jkt"] != jkt {
					t.Errorf("with the key: %d %s", a.Status, a.Text)
				}
				wantError(t, redeem(key), http.StatusBadRequest, "invalid_grant") // O-14
			})
		}
		t.Run("a proof at the push by another key than the named one", func(t *testing.T) {
			a := with(t, p, http.MethodPost, "/par", confidential, apptest.AuthorizeQuery(confidential, url.Values{"dpop_jkt": {jkt}}), "DPoP", thief.proof(t, p, "POST", "/par", "", nil))
			wantError(t, a, http.StatusBadRequest, "invalid_dpop_proof")
		})
		for _, bad := range []string{"short", jkt + "A", jkt[:42] + "=", jkt[:42] + "+"} {
			wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(confidential, url.Values{"dpop_jkt": {bad}})), confidential, "invalid_request")
			wantError(t, with(t, p, http.MethodPost, "/par", confidential, apptest.AuthorizeQuery(confidential, url.Values{"dpop_jkt": {bad}})), http.StatusBadRequest, "invalid_request")
		}
	})
}

func TestDPoPNonce(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "nonces", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenSettings: idp.TokenSettings{DPoPNonce: true, DPoPBound: true}})
	key := newClientKey(t, jose.ES256)
	ask := func(changes map[string]any) apptest.Answer {
		return with(t, p, http.MethodPost, "/token", c, url.Values{"grant_type": {"client_credentials"}}, "DPoP", key.proof(t, p, "POST", "/token", "", changes))
	}
	first := ask(nil)
	wantError(t, first, http.StatusBadRequest, "use_dpop_nonce")
	nonce := first.Header.Get("DPoP-Nonce")
	if a := ask(map[string]any{"nonce": nonce}); a.Status != http.StatusOK {
		t.Errorf("with our nonce: %d %s", a.Status, a.Text)
	}
	p.Advance(4 * time.Minute)
	if a := ask(map[string]any{"nonce": nonce}); a.Status != http.StatusOK {
		t.Errorf("four minutes later: %d %s", a.Status, a.Text)
	}
	p.Advance(3 * time.Minute)
	wantError(t, ask(map[string]any{"nonce": nonce}), http.StatusBadRequest, "use_dpop_nonce")
	for _, forged := range []any{"", "AAAA", 7, strings.Repeat("A", 32), nonce[:len(nonce)-2] + "AA"} {
		if a := ask(map[string]any{"nonce": forged}); a.Status != http.StatusBadRequest {
			t.Errorf("nonce %v: %d %s", forged, a.Status, a.Text)
		}
	}
}
