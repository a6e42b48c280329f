package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// otherEncoding writes the SM2 signature of a token in the form that it does not have.
func otherEncoding(t testing.TB, token string) string {
	t.Helper()
	at := strings.LastIndexByte(token, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(token[at:])
	if err != nil {
		t.Fatal(err)
	}
	if len(signature) == 64 {
		signature, err = pki.SM2SignatureFromRaw(signature)
	} else {
		signature, err = pki.SM2SignatureToRaw(signature)
	}
	if err != nil {
		t.Fatal(err)
	}
	return token[:at] + base64.RawURLEncoding.EncodeToString(signature)
}

// signAs is sign in an encoding.
func (k clientKey) signAs(t testing.TB, encoding jose.SignatureEncoding, typ string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.SignAs(context.Background(), k, k.algorithm, encoding, typ, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestSM2EncodingOfAPartner: what is signed for a client and what is taken from it has the registered form and no other.
func TestSM2EncodingOfAPartner(t *testing.T) {
	const sm2 = string(jose.SM2SM3)
	for _, registered := range []string{"", "raw", "der"} {
		t.Run("registered "+registered, func(t *testing.T) {
			encoding := jose.SignatureRaw
			if registered == "der" {
				encoding = jose.SignatureDER
			}
			o := newTokenPortal(t)
			cfg := apptest.NewConfig(t, database(t), t.TempDir())
			cfg.Outbound.Allowed = []string{strings.TrimPrefix(o.URL, "http://")}
			p := apptest.StartWith(t, cfg)
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			key := newClientKey(t, jose.SM2SM3)
			c := p.Client(idp.Client{ClientID: "partner", IDTokenAlg: sm2, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"},
				BackchannelLogoutURI: o.URL + "/out", GrantTypes: []string{"authorization_code", "refresh_token"},
				TokenSettings:   idp.TokenSettings{JWKS: document(t, key), TokenEndpointAuthAlg: sm2, AccessTokenAlg: sm2, IntrospectionAlg: sm2, SM2SignatureEncoding: registered},
				RequestSettings: idp.RequestSettings{RequestObjectAlg: sm2, AuthorizationAlg: sm2, UserinfoAlg: sm2}})
			set := published(t, p, sm2)
			check := func(token, typ string) {
				t.Helper()
				policy := jose.Policy{Algorithms: []jose.Algorithm{jose.SM2SM3}, Type: typ, Issuer: p.URL, Now: p.Now(), NoExpiry: true, SM2Encoding: encoding}
				if _, err := jose.Verify(token, set, policy); err != nil {
					t.Errorf("%s: %v", typ, err)
				}
				if _, err := jose.Verify(otherEncoding(t, token), set, policy); err == nil {
					t.Errorf("%s: both forms hold", typ)
				}
			}
			assertion := func() string { return key.signAs(t, encoding, "JWT", assertionClaims(p, c.ClientID)) }
			post := func(path string, form url.Values) apptest.Answer {
				return p.Post(path, idp.Client{}, asserted(form, assertion()))
			}

			back := p.Code(b, c, url.Values{"response_mode": {"jwt"}})
			check(back.Get("response"), "oauth-authz-resp+jwt")
			code, _ := apptest.Claims(t, back.Get("response"))["code"].(string)
			wantError(t, p.Post("/token", idp.Client{}, asserted(redemption(c, code), otherEncoding(t, assertion()))), http.StatusUnauthorized, "invalid_client")
			issued := post("/token", redemption(c, code))
			if issued.Status != http.StatusOK {
				t.Fatalf("%d %s", issued.Status, issued.Text)
			}
			access, hint := issued.String("access_token"), issued.String("id_token")
			check(access, "at+jwt")
			check(hint, "JWT")
			if want := jose.HalfHash(jose.SM2SM3, access); apptest.Claims(t, hint)["at_hash"] != want {
				t.Errorf("at_hash is %v, want %s", apptest.Claims(t, hint)["at_hash"], want)
			}
			info := p.Get("/userinfo", access)
			if info.Status != http.StatusOK {
				t.Fatalf("userinfo: %d %s", info.Status, info.Text)
			}
			check(info.Text, "userinfo+jwt")
			if a := p.Get("/userinfo", otherEncoding(t, access)); a.Status != http.StatusUnauthorized {
				t.Errorf("userinfo with the other form of the token: %d %s", a.Status, a.Text)
			}
			introspected := post("/introspect", url.Values{"token": {access}})
			check(introspected.Text, "token-introspection+jwt")
			answer, _ := apptest.Claims(t, introspected.Text)["token_introspection"].(map[string]any)
			if answer["active"] != true {
				t.Errorf("introspection: %v", answer)
			}

			silent := func(changes map[string]any, form func(string) string) url.Values {
				object := key.signAs(t, encoding, oauth.RequestObjectType, objectClaims(p, c, changed(map[string]any{"prompt": "none"}, changes)))
				a := authorize(t, p, objectQuery(c, form(object)))
				location, err := url.Parse(a.Header.Get("Location"))
				if err != nil {
					t.Fatal(err)
				}
				return location.Query()
			}
			same := func(token string) string { return token }
			if q := silent(nil, same); q.Get("error") != "login_required" {
				t.Errorf("request object: %v", q)
			}
			if q := silent(nil, func(token string) string { return otherEncoding(t, token) }); q.Get("error") != "invalid_request_object" {
				t.Errorf("request object in the other form: %v", q)
			}
			if q := silent(map[string]any{"id_token_hint": hint}, same); q.Get("error") != "login_required" {
				t.Errorf("hint: %v", q)
			}
			if q := silent(map[string]any{"id_token_hint": otherEncoding(t, hint)}, same); q.Get("error") != "invalid_request" {
				t.Errorf("hint in the other form: %v", q)
			}

			// A DPoP proof is of no partner: raw for everybody.
			proof := key.proof(t, p, "POST", "/token", "", nil)
			refresh := func(proof string) apptest.Answer {
				form := asserted(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {c.RedirectURIs[0]}, "code_verifier": {apptest.Verifier}}, assertion())
				return with(t, p, http.MethodPost, "/token", idp.Client{}, form, "DPoP", proof)
			}
			wantError(t, refresh(otherEncoding(t, proof)), http.StatusBadRequest, "invalid_dpop_proof")
			wantError(t, refresh(proof), http.StatusBadRequest, "invalid_grant")

			ctx := context.Background()
			if err := b.Open(ctx, p.URL+"/logout?"+url.Values{"id_token_hint": {hint}}.Encode()); err != nil {
				t.Fatal(err)
			}
			if b.Page.Has("logout-confirm") {
				t.Errorf("the hint was not taken: %s", b.Page.Text)
			}
			for deadline := time.Now().Add(30 * time.Second); len(o.told()) == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no logout token came")
				}
			}
			check(o.told()[0], "logout+jwt")
		})
	}
}

func TestSM2EncodingIsRegistered(t *testing.T) {
	p := apptest.Start(t, database(t))
	m, err := app.ReadManifest([]byte("clients:\n  - {client_id: gateway, redirect_uris: [https://g.gov.cn/cb], id_token_signed_response_alg: SGD_SM3_SM2, sm2_signature_encoding: der}\n"))
	if err != nil {
		t.Fatal(err)
	}
	applied(t, p, m)
	if c, ok := p.App.Clients.Find("gateway"); !ok || c.SignatureEncoding() != jose.SignatureDER {
		t.Errorf("%t %+v", ok, c)
	}
	live := opening(p, "live", 5)
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{live}})
	a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", live.Token, metadataOf(map[string]any{"sm2_signature_encoding": "der"}))
	if c, ok := p.App.Clients.Find(a.String("client_id")); a.Status != http.StatusCreated || a.String("sm2_signature_encoding") != "der" || !ok || c.SignatureEncoding() != jose.SignatureDER {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	refused := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", live.Token, metadataOf(map[string]any{"sm2_signature_encoding": "hex"}))
	wantError(t, refused, http.StatusBadRequest, "invalid_client_metadata")
}
