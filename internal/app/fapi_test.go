package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// fapiClient registers a client of a FAPI profile with one key for everything that it signs.
func fapiClient(t *testing.T, p *apptest.Platform, id, profile string, key clientKey) idp.Client {
	t.Helper()
	settings := idp.RequestSettings{}
	if profile == idp.ProfileFAPI2MS {
		settings = idp.RequestSettings{RequestObjectAlg: string(key.algorithm), AuthorizationAlg: "PS256"}
	}
	return p.Client(idp.Client{ClientID: id, Profile: profile, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, RequestSettings: settings,
		TokenSettings: idp.TokenSettings{JWKS: document(t, key), TokenEndpointAuthAlg: string(key.algorithm)}})
}

// pushAs sends a request with a client assertion.
func pushAs(t *testing.T, p *apptest.Platform, c idp.Client, key clientKey, form url.Values) apptest.Answer {
	t.Helper()
	return p.Post("/par", idp.Client{}, asserted(form, key.sign(t, "", assertionClaims(p, c.ClientID))))
}

func TestFAPI2HoldsRequestsToTheProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		key := newClientKey(t, jose.PS256)
		c := fapiClient(t, p, "fapi", idp.ProfileFAPI2, key)
		form := func(changes url.Values) url.Values { return apptest.AuthorizeQuery(c, changes) }
		t.Run("only pushed requests", func(t *testing.T) {
			wantRefusal(t, authorize(t, p, form(nil)), c, "invalid_request")
		})
		t.Run("the client must prove itself", func(t *testing.T) {
			wantError(t, p.Post("/par", idp.Client{}, form(nil)), http.StatusUnauthorized, "invalid_client")
			stranger := newClientKey(t, jose.PS256)
			wantError(t, pushAs(t, p, c, stranger, form(nil)), http.StatusUnauthorized, "invalid_client")
		})
		t.Run("O-30 the issuer is the only audience", func(t *testing.T) {
			claims := assertionClaims(p, c.ClientID)
			claims["aud"] = p.URL + "/par"
			wantError(t, p.Post("/par", idp.Client{}, asserted(form(nil), key.sign(t, "", claims))), http.StatusUnauthorized, "invalid_client")
		})
		for name, change := range map[string]url.Values{
			"no challenge":    {"code_challenge": {""}, "code_challenge_method": {""}},
			"plain":           {"code_challenge_method": {"plain"}},
			"no redirect_uri": {"redirect_uri": {""}},
			"token in front":  {"response_type": {"code id_token"}},
		} {
			t.Run(name, func(t *testing.T) {
				if a := pushAs(t, p, c, key, form(change)); a.Status != http.StatusBadRequest {
					t.Errorf("%d %s", a.Status, a.Text)
				}
			})
		}
		t.Run("a whole request", func(t *testing.T) {
			a := pushAs(t, p, c, key, form(nil))
			if a.Status != http.StatusCreated {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			target := openUntilAnswer(t, b, p.URL+"/authorize?"+pushedQuery(c, a.String("request_uri")).Encode(), c)
			if target == nil || target.Query().Get("iss") != p.URL || target.Query().Get("code") == "" {
				t.Fatalf("%v", target)
			}
			redeem := func() url.Values {
				return asserted(redemption(c, target.Query().Get("code")), key.sign(t, "", assertionClaims(p, c.ClientID)))
			}
			wantError(t, p.Post("/token", idp.Client{}, redeem()), http.StatusBadRequest, "invalid_dpop_proof") // never a bearer token
			if a := with(t, p, http.MethodPost, "/token", idp.Client{}, redeem(), "DPoP", key.proof(t, p, http.MethodPost, "/token", "", nil)); a.Status != http.StatusOK || a.String("token_type") != "DPoP" {
				t.Errorf("with a proof: %d %s", a.Status, a.Text)
			}
		})
		t.Run("a proof at the push binds the code", func(t *testing.T) {
			thief := newClientKey(t, jose.ES256)
			push := func(more url.Values) apptest.Answer {
				f := form(more)
				f.Del("client_id")
				return with(t, p, http.MethodPost, "/par", idp.Client{}, asserted(f, key.sign(t, "", assertionClaims(p, c.ClientID))), "DPoP", key.proof(t, p, http.MethodPost, "/par", "", nil))
			}
			wantError(t, push(url.Values{"dpop_jkt": {thief.thumbprint(t)}}), http.StatusBadRequest, "invalid_dpop_proof")
			a := push(url.Values{"dpop_jkt": {key.thumbprint(t)}})
			if a.Status != http.StatusCreated {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			target := openUntilAnswer(t, b, p.URL+"/authorize?"+pushedQuery(c, push(nil).String("request_uri")).Encode(), c)
			redeem := asserted(redemption(c, target.Query().Get("code")), key.sign(t, "", assertionClaims(p, c.ClientID)))
			if a := with(t, p, http.MethodPost, "/token", idp.Client{}, redeem, "DPoP", thief.proof(t, p, http.MethodPost, "/token", "", nil)); a.Status != http.StatusBadRequest {
				t.Errorf("another key redeems the code: %d %s", a.Status, a.Text)
			}
		})
	})
}

func TestFAPI2MessageSigningHoldsRequestsToTheProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		key := newClientKey(t, jose.ES256)
		c := fapiClient(t, p, "fapi-ms", idp.ProfileFAPI2MS, key)
		object := func(changes map[string]any) string {
			return key.sign(t, oauth.RequestObjectType, objectClaims(p, c, changes))
		}
		send := func(t *testing.T, changes map[string]any) apptest.Answer {
			return pushAs(t, p, c, key, url.Values{"request": {object(changes)}})
		}
		t.Run("an unsigned request", func(t *testing.T) {
			wantError(t, pushAs(t, p, c, key, apptest.AuthorizeQuery(c, nil)), http.StatusBadRequest, "invalid_request")
		})
		t.Run("a signed one that was not pushed", func(t *testing.T) {
			location, err := url.Parse(authorize(t, p, objectQuery(c, object(nil))).Header.Get("Location"))
			if err != nil || location.Query().Has("error") || apptest.Claims(t, location.Query().Get("response"))["error"] != "invalid_request" {
				t.Errorf("%v", location)
			}
		})
		for name, change := range map[string]map[string]any{
			"no nbf":                          {"nbf": nil},
			"nbf of an hour ago and more":     {"nbf": p.Now().Add(-61 * time.Minute).Unix()},
			"end in ten minutes":              {"exp": p.Now().Add(10 * time.Minute).Unix()},
			"another audience":                {"aud": "https://other.gov.cn"},
			"no end":                          {"exp": nil},
			"clock ahead by a minute":         {"nbf": p.Now().Add(time.Minute).Unix(), "iat": p.Now().Add(time.Minute).Unix()},
			"the request of another client":   {"client_id": "other"},
			"the signature of another client": {"iss": "other"},
		} {
			t.Run(name, func(t *testing.T) { wantError(t, send(t, change), http.StatusBadRequest, "invalid_request_object") })
		}
		for _, mode := range []string{"query", "form_post", "fragment"} {
			t.Run("response mode "+mode, func(t *testing.T) {
				wantError(t, send(t, map[string]any{"response_mode": mode}), http.StatusBadRequest, "invalid_request")
			})
		}
		for name, change := range map[string]map[string]any{
			"asked for a signed answer":           {"response_mode": "jwt"},
			"asked for nothing":                   nil,
			"clock ahead by eight seconds":        {"nbf": p.Now().Add(8 * time.Second).Unix(), "iat": p.Now().Add(8 * time.Second).Unix()},
			"us among others as audience":         {"aud": []string{"https://other.gov.cn", p.URL}},
			"nbf of some minutes ago":             {"nbf": p.Now().Add(-20 * time.Minute).Unix()},
			"the outer parameters are of no sway": {},
		} {
			t.Run(name, func(t *testing.T) {
				a := send(t, change)
				if a.Status != http.StatusCreated {
					t.Fatalf("%d %s", a.Status, a.Text)
				}
				q := pushedQuery(c, a.String("request_uri"))
				q.Set("response_mode", "query")
				target := openUntilAnswer(t, b, p.URL+"/authorize?"+q.Encode(), c)
				if target == nil || len(target.Query()) != 1 {
					t.Fatalf("%v", target)
				}
				header := strings.Split(target.Query().Get("response"), ".")[0]
				if claims := apptest.Claims(t, target.Query().Get("response")); claims["code"] == nil || claims["iss"] != p.URL || claims["aud"] != c.ClientID || header == "" {
					t.Errorf("%v", claims)
				}
			})
		}
	})
}

// TestFAPI2SignedRequestsWithPlainAnswers: a FAPI client may sign its requests without asking for signed answers; its request
// objects are held to Message Signing 5.3.1 all the same.
func TestFAPI2SignedRequestsWithPlainAnswers(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	key := newClientKey(t, jose.ES256)
	c := p.Client(idp.Client{ClientID: "fapi-jar", Profile: idp.ProfileFAPI2, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT,
		RequestSettings: idp.RequestSettings{RequireSignedRequest: true, RequestObjectAlg: string(key.algorithm)},
		TokenSettings:   idp.TokenSettings{JWKS: document(t, key), TokenEndpointAuthAlg: string(key.algorithm)}})
	send := func(changes map[string]any) apptest.Answer {
		return pushAs(t, p, c, key, url.Values{"request": {key.sign(t, oauth.RequestObjectType, objectClaims(p, c, changes))}})
	}
	wantError(t, pushAs(t, p, c, key, apptest.AuthorizeQuery(c, nil)), http.StatusBadRequest, "invalid_request")
	wantError(t, send(map[string]any{"nbf": nil}), http.StatusBadRequest, "invalid_request_object")
	a := send(nil)
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	target := openUntilAnswer(t, b, p.URL+"/authorize?"+pushedQuery(c, a.String("request_uri")).Encode(), c)
	if target == nil || target.Query().Get("code") == "" || target.Query().Get("iss") != p.URL || target.Query().Has("response") {
		t.Errorf("%v", target)
	}
}
