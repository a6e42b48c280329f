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
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// published is the key set that the platform shows.
func published(t *testing.T, p *apptest.Platform, algorithm string) jose.KeySet {
	t.Helper()
	path := "/jwks"
	if algorithm == string(jose.SM2SM3) {
		path = "/jwks/gm"
	}
	set, err := jose.ParseKeySet([]byte(p.Get(path, "").Text), false)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestJARMInEveryAlgorithm(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	for _, algorithm := range []string{"ES256", "RS256", "PS256", "SGD_SM3_SM2"} {
		c := p.Client(idp.Client{ClientID: "jarm-" + strings.ToLower(algorithm), RequestSettings: idp.RequestSettings{AuthorizationAlg: algorithm}})
		set := published(t, p, algorithm)
		read := func(t *testing.T, token string) map[string]any {
			t.Helper()
			verified, err := jose.Verify(token, set, jose.Policy{Algorithms: []jose.Algorithm{jose.Algorithm(algorithm)}, Type: "oauth-authz-resp+jwt", Issuer: p.URL, Audience: c.ClientID, Now: p.Now(), MaxLife: 10 * time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := verified.Decode(&claims); err != nil {
				t.Fatal(err)
			}
			return claims
		}
		for _, mode := range []string{"jwt", "query.jwt"} {
			t.Run(algorithm+" "+mode, func(t *testing.T) {
				back := p.Code(b, c, url.Values{"response_mode": {mode}})
				if len(back) != 1 || !back.Has("response") {
					t.Fatalf("client got %v, want response alone", back)
				}
				claims := read(t, back.Get("response"))
				if claims["state"] != "st" || claims["iss"] != p.URL || claims["aud"] != c.ClientID {
					t.Errorf("claims are %v", claims)
				}
				code, _ := claims["code"].(string)
				if a := p.Redeem(c, code, nil); a.Status != http.StatusOK {
					t.Errorf("code: %d %s", a.Status, a.Text)
				}
			})
		}
		t.Run(algorithm+" error", func(t *testing.T) {
			a := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"response_mode": {"jwt"}, "prompt": {"none"}}))
			location, err := url.Parse(a.Header.Get("Location"))
			if err != nil || !strings.HasPrefix(a.Header.Get("Location"), c.RedirectURIs[0]+"?") || location.Query().Has("error") {
				t.Fatalf("%d %q", a.Status, a.Header.Get("Location"))
			}
			if claims := read(t, location.Query().Get("response")); claims["error"] != "login_required" || claims["state"] != "st" || claims["code"] != nil {
				t.Errorf("claims are %v", claims)
			}
		})
		t.Run(algorithm+" form_post.jwt", func(t *testing.T) {
			ctx := context.Background()
			if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"response_mode": {"form_post.jwt"}}).Encode()); err != nil || !b.Page.Has("form-post-submit") {
				t.Fatalf("no form: %v %s", err, b.Page.Text)
			}
			if claims := read(t, b.Page.Hidden("response")); claims["code"] == nil || b.Page.Hidden("code") != "" || b.Page.Hidden("iss") != "" {
				t.Errorf("claims are %v", claims)
			}
		})
	}
	t.Run("J-10 a signed answer is no hint", func(t *testing.T) {
		c := p.Client(idp.Client{ClientID: "jarm-es256", RequestSettings: idp.RequestSettings{AuthorizationAlg: "ES256"}})
		token := p.Code(b, c, url.Values{"response_mode": {"jwt"}}).Get("response")
		wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"id_token_hint": {token}})), c, "invalid_request")
	})
}

func TestSignedUserinfo(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	for _, algorithm := range []string{"ES256", "RS256", "PS256", "SGD_SM3_SM2"} {
		t.Run(algorithm, func(t *testing.T) {
			c := p.Client(idp.Client{ClientID: "info-" + strings.ToLower(algorithm), RequestSettings: idp.RequestSettings{UserinfoAlg: algorithm}})
			answer := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
			info := p.Get("/userinfo", answer.String("access_token"))
			if info.Status != http.StatusOK || info.Header.Get("Content-Type") != "application/jwt" {
				t.Fatalf("%d %s %s", info.Status, info.Header.Get("Content-Type"), info.Text)
			}
			verified, err := jose.Verify(info.Text, published(t, p, algorithm), jose.Policy{Algorithms: []jose.Algorithm{jose.Algorithm(algorithm)}, Type: "userinfo+jwt", Issuer: p.URL, Audience: c.ClientID, Now: p.Now(), NoExpiry: true})
			if err != nil {
				t.Fatal(err)
			}
			if claims := apptest.Claims(t, info.Text); claims["name"] != "李四" || verified.Claims.Subject != apptest.Claims(t, answer.String("id_token"))["sub"] {
				t.Errorf("claims are %v", claims)
			}
			// J-10: it holds issuer, audience and subject as an ID token does, and is none.
			wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"id_token_hint": {info.Text}})), c, "invalid_request")
		})
	}
}

func TestFormPostLeadsToTheRegisteredSiteOnly(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "posted"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	post := url.Values{"response_mode": {"form_post"}}
	if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, post).Encode()); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(ctx, map[string]string{"consent": "allow"}); err != nil || !b.Page.Has("form-post-submit") {
		t.Fatalf("no form after consent: %v %s", err, b.Page.Text)
	}
	if !strings.Contains(b.Page.Source, `action="`+c.RedirectURIs[0]+`"`) || b.Page.Hidden("state") != "st" || b.Page.Hidden("iss") != p.URL {
		t.Errorf("the form is %s", b.Page.Source)
	}
	policy := b.Page.Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "form-action 'self' https://posted.example.gov.cn") || b.Page.Header.Get("Cache-Control") != "no-store" || strings.Contains(b.Page.Source, "<script") {
		t.Errorf("policy %q, cache %q", policy, b.Page.Header.Get("Cache-Control"))
	}
	if a := p.Redeem(c, b.Page.Hidden("code"), nil); a.Status != http.StatusOK {
		t.Errorf("code: %d %s", a.Status, a.Text)
	}
	t.Run("O-21 an error has the issuer too", func(t *testing.T) {
		a := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"response_mode": {"form_post"}, "prompt": {"none"}}))
		if a.Status != http.StatusOK || a.Header.Get("Location") != "" || !strings.Contains(a.Text, `name="error" value="login_required"`) || !strings.Contains(a.Text, `name="iss" value="`+p.URL+`"`) {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
	t.Run("O-20 a state with markup stays text", func(t *testing.T) {
		a := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"response_mode": {"form_post"}, "prompt": {"none"}, "state": {`"><script>alert(1)</script>`}}))
		if strings.Contains(a.Text, "<script>alert") {
			t.Error("the state became markup")
		}
	})
	t.Run("O-11 an address of others", func(t *testing.T) {
		for _, mode := range []string{"form_post", "jwt", "query.jwt", "form_post.jwt"} {
			wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"response_mode": {mode}, "redirect_uri": {"https://evil.example/cb"}})))
		}
	})
	t.Run("O-11 modes that are not the client's", func(t *testing.T) {
		for _, mode := range []string{"jwt", "query.jwt", "form_post.jwt", "fragment", "fragment.jwt", "web_message", ""} {
			q := apptest.AuthorizeQuery(c, nil)
			q.Set("response_mode", mode)
			wantRefusal(t, authorize(t, p, q), c, "invalid_request")
		}
	})
}

func TestO21EveryAnswerNamesItsIssuer(t *testing.T) {
	p := apptest.Start(t, database(t))
	issuer := p.Get("/.well-known/openid-configuration", "").String("issuer")
	c := p.Client(idp.Client{ClientID: "issuers", RequestSettings: idp.RequestSettings{AuthorizationAlg: "ES256"}})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	p.Code(b, c, nil)
	issuerOf := func(mode string, change url.Values) string {
		q := apptest.AuthorizeQuery(c, change)
		q.Set("response_mode", mode)
		target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+q.Encode(), c.RedirectURIs[0])
		if err != nil {
			t.Fatal(err)
		}
		values := url.Values{}
		if target != nil {
			values = target.Query()
		} else if b.Page.Has("form-post-submit") {
			for _, name := range []string{"iss", "response", "code", "error"} {
				values.Set(name, b.Page.Hidden(name))
			}
		}
		if response := values.Get("response"); response != "" {
			iss, _ := apptest.Claims(t, response)["iss"].(string)
			return iss
		}
		return values.Get("iss")
	}
	for _, mode := range []string{"query", "form_post", "jwt", "query.jwt", "form_post.jwt"} {
		for name, change := range map[string]url.Values{"success": nil, "error": {"scope": {"openid identity"}}} {
			if got := issuerOf(mode, change); got != issuer || got == "" {
				t.Errorf("%s, %s: issuer is %q", mode, name, got)
			}
		}
	}
}

func TestEndpointsOfFormsTakeNothingButPOST(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, path := range []string{"/par", "/token", "/device_authorization", "/introspect", "/revoke"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			a := with(t, p, method, path, idp.Client{}, nil)
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != http.MethodPost || a.String("error") != "invalid_request" {
				t.Errorf("%s %s: %d %s", method, path, a.Status, a.Text)
			}
		}
	}
}

func TestDiscoveryNamesWhatIsOn(t *testing.T) {
	p := apptest.Start(t, database(t))
	document := p.Get("/.well-known/openid-configuration", "")
	for name, value := range document.Body {
		address, ok := value.(string)
		if !ok || !strings.HasSuffix(name, "_endpoint") && !strings.HasSuffix(name, "_uri") {
			continue
		}
		request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(""))
		if strings.HasSuffix(name, "_uri") {
			request, err = http.NewRequest(http.MethodGet, address, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if a := p.Do(request); a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed {
			t.Errorf("%s answers %d", name, a.Status)
		}
	}
	if p.Get("/.well-known/oauth-authorization-server", "").Text != document.Text {
		t.Error("the two documents differ")
	}
	for name, want := range map[string]any{"request_uri_parameter_supported": false, "request_parameter_supported": true, "authorization_response_iss_parameter_supported": true, "claims_parameter_supported": true,
		"frontchannel_logout_supported": true, "backchannel_logout_supported": true, "pushed_authorization_request_endpoint": p.URL + "/par", "registration_endpoint": p.URL + "/connect/register"} {
		if document.Body[name] != want {
			t.Errorf("%s is %v", name, document.Body[name])
		}
	}
	for name, absent := range map[string][]string{"grant_types_supported": {"implicit", "password"}, "response_types_supported": {"token", "id_token"}, "response_modes_supported": {"fragment"},
		"request_object_signing_alg_values_supported": {"none", "HS256"}, "id_token_signing_alg_values_supported": {"none"}, "code_challenge_methods_supported": {"plain"}} {
		text := strings.Join(words(document.Body[name]), " ") + " "
		for _, word := range absent {
			if text == " " || strings.Contains(" "+text, " "+word+" ") {
				t.Errorf("%s is %s", name, text)
			}
		}
	}
	if document.Body["authorization_details_types_supported"] != nil {
		t.Error("kinds are named although there is none")
	}
}

func words(list any) []string {
	var all []string
	values, _ := list.([]any)
	for _, v := range values {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
