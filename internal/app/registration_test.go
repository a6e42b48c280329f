package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// opening is an initial access token of tests.
func opening(p *apptest.Platform, state string, uses int) openplatform.InitialAccess {
	return openplatform.InitialAccess{Name: "tests-" + state, Token: "initial-access-token-of-tests-" + state + "-0000", Department: "示例市税务局", Sector: "tax", Purpose: "办理税务",
		Scope: "openid profile phone", State: state, Uses: uses, ExpiresAt: p.Now().Add(time.Hour)}
}

func applied(t *testing.T, p *apptest.Platform, m app.Manifest) {
	t.Helper()
	if err := p.App.Apply(context.Background(), m); err != nil {
		t.Fatal(err)
	}
}

// register sends JSON with a bearer token.
func registerWith(t *testing.T, p *apptest.Platform, method, address, token string, document any) apptest.Answer {
	t.Helper()
	raw, ok := document.(string)
	if !ok {
		encoded, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(encoded)
	}
	request, err := http.NewRequest(method, address, strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return p.Do(request)
}

func metadataOf(changes map[string]any) map[string]any {
	m := map[string]any{"client_name": "电子税务局", "redirect_uris": []string{"https://tax.example.gov.cn/cb"}, "grant_types": []string{"authorization_code", "refresh_token"}}
	maps.Copy(m, changes)
	return m
}

func TestDynamicRegistration(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		live := opening(p, "live", 50)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{live}})
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{live}}) // again, and nothing changes
		endpoint := p.URL + "/connect/register"
		if p.Get("/.well-known/openid-configuration", "").String("registration_endpoint") != endpoint {
			t.Error("discovery does not name the endpoint")
		}
		a := registerWith(t, p, http.MethodPost, endpoint, live.Token, metadataOf(map[string]any{"scope": "openid profile identity", "department": "中国人民银行", "sector": "evil", "max_ial": 4,
			"statutory_basis": "我说的", "audience": []string{"https://api.example"}, "client_id": "chosen", "approval_state": "live", "unknown_member": 1}))
		if a.Status != http.StatusCreated || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		if a.String("client_id") == "chosen" || a.String("scope") != "openid profile" || a.String("department") != "示例市税务局" || a.Body["sector"] != nil || a.Body["audience"] != nil || a.Body["statutory_basis"] != nil ||
			len(a.String("client_secret")) < 32 || a.Body["client_secret_expires_at"] != 0.0 || a.String("registration_client_uri") != endpoint+"/"+a.String("client_id") {
			t.Errorf("registered: %s", a.Text)
		}
		c := idp.Client{ClientID: a.String("client_id"), ClientSecret: a.String("client_secret"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}, Scope: "openid profile"}
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		tokens := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		if tokens.Status != http.StatusOK {
			t.Fatalf("the client cannot be used: %d %s", tokens.Status, tokens.Text)
		}
		manage, own := a.String("registration_access_token"), a.String("registration_client_uri")
		t.Run("O-34 read, without the secret", func(t *testing.T) {
			got := registerWith(t, p, http.MethodGet, own, manage, "")
			if got.Status != http.StatusOK || got.Body["client_secret"] != nil || got.String("client_id") != c.ClientID || strings.Contains(got.Text, c.ClientSecret) {
				t.Errorf("%d %s", got.Status, got.Text)
			}
		})
		t.Run("only with its own token", func(t *testing.T) {
			other := registerWith(t, p, http.MethodPost, endpoint, live.Token, metadataOf(nil))
			for name, token := range map[string]string{"none": "", "garbage": "x", "the initial token": live.Token, "another client's": other.String("registration_access_token"), "an access token": tokens.String("access_token")} {
				for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
					got := registerWith(t, p, method, own, token, metadataOf(map[string]any{"client_id": c.ClientID}))
					if got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
						t.Errorf("%s with %s: %d %s", method, name, got.Status, got.Text)
					}
				}
			}
			if got := registerWith(t, p, http.MethodGet, endpoint+"/nobody", manage, ""); got.Status != http.StatusUnauthorized {
				t.Errorf("a client that is not there: %d", got.Status)
			}
		})
		t.Run("change", func(t *testing.T) {
			for name, change := range map[string]map[string]any{
				"no client_id":      {},
				"another client_id": {"client_id": "other"},
				"another secret":    {"client_id": c.ClientID, "client_secret": "another-secret-of-tests"},
				"server's members":  {"client_id": c.ClientID, "client_id_issued_at": 1},
				"dangerous address": {"client_id": c.ClientID, "policy_uri": "javascript:1"},
				"becomes public":    {"client_id": c.ClientID, "token_endpoint_auth_method": "none"},
			} {
				got := registerWith(t, p, http.MethodPut, own, manage, metadataOf(change))
				if got.Status != http.StatusBadRequest || got.String("error") != "invalid_client_metadata" {
					t.Errorf("%s: %d %s", name, got.Status, got.Text)
				}
			}
			got := registerWith(t, p, http.MethodPut, own, manage, metadataOf(map[string]any{"client_id": c.ClientID, "client_secret": c.ClientSecret, "redirect_uris": []string{"https://tax.example.gov.cn/new"}, "scope": "openid identity"}))
			if got.Status != http.StatusOK || got.String("scope") != "openid" || got.Body["client_secret"] != nil {
				t.Fatalf("%d %s", got.Status, got.Text)
			}
			wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, nil))) // the address of before
			moved := c
			moved.RedirectURIs, moved.Scope = []string{"https://tax.example.gov.cn/new"}, "openid"
			if p.Code(b, moved, nil).Get("code") == "" {
				t.Error("the new address does not work")
			}
		})
		t.Run("delete", func(t *testing.T) {
			if got := registerWith(t, p, http.MethodDelete, own, manage, ""); got.Status != http.StatusNoContent {
				t.Fatalf("%d %s", got.Status, got.Text)
			}
			if got := registerWith(t, p, http.MethodGet, own, manage, ""); got.Status != http.StatusUnauthorized {
				t.Errorf("afterwards: %d", got.Status)
			}
			wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, nil)))
			wantError(t, p.Refresh(c, tokens.String("refresh_token")), http.StatusUnauthorized, "invalid_client")
			if got := p.Get("/userinfo", tokens.String("access_token")); got.Status != http.StatusUnauthorized {
				t.Errorf("its access token: %d", got.Status)
			}
		})
	})
}

func TestA22RegistrationIsOpenedByItsTokenOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		one, few := opening(p, "live", 1), opening(p, "applied", 3)
		late := opening(p, "sandbox", 5)
		late.ExpiresAt = p.Now().Add(-time.Second)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{one, few, late}})
		endpoint := p.URL + "/connect/register"
		for name, token := range map[string]string{"none": "", "guessed": "initial-access-token-of-tests-guess-0000", "late": late.Token} {
			if a := registerWith(t, p, http.MethodPost, endpoint, token, metadataOf(nil)); a.Status != http.StatusUnauthorized || a.String("error") != "invalid_token" || a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: %d %s", name, a.Status, a.Text)
			}
		}
		if a := registerWith(t, p, http.MethodPost, endpoint+"?access_token="+one.Token, "", metadataOf(nil)); a.Status != http.StatusUnauthorized {
			t.Errorf("O-60 token in the address: %d", a.Status)
		}
		made := 0
		for _, a := range parallel(20, func() apptest.Answer {
			return registerWith(t, p, http.MethodPost, endpoint, few.Token, metadataOf(nil))
		}) {
			if a.Status == http.StatusCreated {
				made++
			}
		}
		if made != 3 {
			t.Errorf("a token for three clients made %d", made)
		}
		if a := registerWith(t, p, http.MethodPost, endpoint, one.Token, metadataOf(nil)); a.Status != http.StatusCreated {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		again := one
		again.Uses, again.Revoked = 10, true
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{again}})
		if a := registerWith(t, p, http.MethodPost, endpoint, one.Token, metadataOf(nil)); a.Status != http.StatusUnauthorized {
			t.Errorf("a revoked token: %d", a.Status)
		}
	})
}

func TestRegisteredClientWaitsForApproval(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		token := opening(p, "applied", 5)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{token}})
		a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(nil))
		if a.Status != http.StatusCreated || a.String("approval_state") != "applied" {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		c := idp.Client{ClientID: a.String("client_id"), ClientSecret: a.String("client_secret"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}, Scope: "openid profile"}
		own, manage := a.String("registration_client_uri"), a.String("registration_access_token")
		works := func() bool {
			return authorize(t, p, apptest.AuthorizeQuery(c, nil)).Status == http.StatusSeeOther
		}
		decide := func(state string) {
			applied(t, p, app.Manifest{Registrations: []openplatform.Decision{{ClientID: c.ClientID, State: state}}})
		}
		if works() {
			t.Error("a client that waits can be used")
		}
		wantError(t, p.Post("/token", c, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}), http.StatusUnauthorized, "invalid_client")
		decide("sandbox")
		if !works() {
			t.Error("in the sandbox it cannot be used")
		}
		decide("live")
		decide("live") // again, and nothing changes
		if !works() {
			t.Error("approved, it cannot be used")
		}
		change := metadataOf(map[string]any{"client_id": c.ClientID, "redirect_uris": []string{"https://evil.example/cb"}})
		got := registerWith(t, p, http.MethodPut, own, manage, change)
		if got.Status != http.StatusAccepted || got.Body["change_pending"] != true || strings.Contains(got.Text, "evil.example") {
			t.Fatalf("a change after approval: %d %s", got.Status, got.Text)
		}
		wantPage(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {"https://evil.example/cb"}})))
		key := newClientKey(t, jose.ES256)
		rotate := metadataOf(map[string]any{"client_id": c.ClientID, "jwks": json.RawMessage(document(t, key)), "contacts": []string{"ops@tax.example.gov.cn"}})
		if got := registerWith(t, p, http.MethodPut, own, manage, rotate); got.Status != http.StatusOK || got.Body["change_pending"] != nil {
			t.Errorf("keys wait for approval: %d %s", got.Status, got.Text)
		}
		registerWith(t, p, http.MethodPut, own, manage, metadataOf(map[string]any{"client_id": c.ClientID, "redirect_uris": []string{"https://tax.example.gov.cn/new"}, "jwks": json.RawMessage(document(t, key))}))
		decide("live")
		c.RedirectURIs = []string{"https://tax.example.gov.cn/new"}
		if !works() {
			t.Error("the approved change is not there")
		}
		decide("suspended")
		if works() {
			t.Error("suspended, it can be used")
		}
		if got := registerWith(t, p, http.MethodPut, own, manage, change); got.Status != http.StatusForbidden {
			t.Errorf("suspended, it can be changed: %d %s", got.Status, got.Text)
		}
	})
}

func TestRegistrationOutsideTheSandbox(t *testing.T) {
	sandboxed := idp.Client{ClientID: "a", RedirectURIs: []string{"https://a.gov.cn/cb"}, RequestSettings: idp.RequestSettings{ApprovalState: idp.StateSandbox}}
	p := apptest.Start(t, database(t))
	p.Client(sandboxed)
	if _, ok := p.App.Clients.Find("a"); !ok {
		t.Error("a sandbox does not take its clients")
	}
	p.App.Clients.AllowSandbox(false)
	if _, ok := p.App.Clients.Find("a"); ok {
		t.Error("a client of the sandbox reaches people")
	}
}

func TestRegistrationRefusesWhatIsDangerous(t *testing.T) {
	p := apptest.Start(t, database(t))
	token := opening(p, "live", 200)
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{token}})
	key := newClientKey(t, jose.ES256)
	jwk := func(change func(m map[string]any)) map[string]any {
		m := map[string]any{}
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(document(t, key), &set); err != nil {
			t.Fatal(err)
		}
		maps.Copy(m, set.Keys[0])
		change(m)
		return map[string]any{"jwks": map[string]any{"keys": []any{m}}}
	}
	redirect := func(uri string) map[string]any { return map[string]any{"redirect_uris": []string{uri}} }
	for name, test := range map[string]struct {
		change map[string]any
		code   string
	}{
		"O-03 wildcard":                {redirect("https://ok*"), "invalid_redirect_uri"},
		"O-03 wildcard host":           {redirect("https://*.example"), "invalid_redirect_uri"},
		"O-05 script":                  {redirect("JaVaScRiPt:alert(1)"), "invalid_redirect_uri"},
		"O-05 data":                    {redirect("data:text/html,x"), "invalid_redirect_uri"},
		"O-05 vbscript":                {redirect("vbscript:x"), "invalid_redirect_uri"},
		"O-05 file":                    {redirect("file:///etc/passwd"), "invalid_redirect_uri"},
		"O-05 logo":                    {map[string]any{"logo_uri": "javascript:1"}, "invalid_client_metadata"},
		"O-05 policy":                  {map[string]any{"policy_uri": "data:x"}, "invalid_client_metadata"},
		"O-05 terms":                   {map[string]any{"tos_uri": "vbscript:x"}, "invalid_client_metadata"},
		"O-05 after logout":            {map[string]any{"post_logout_redirect_uris": []string{"javascript:1"}}, "invalid_client_metadata"},
		"O-06 plain http":              {redirect("http://tax.example.gov.cn/cb"), "invalid_redirect_uri"},
		"O-06 loopback of a web":       {redirect("http://127.0.0.1/cb"), "invalid_redirect_uri"},
		"no redirect":                  {map[string]any{"redirect_uris": []string{}}, "invalid_redirect_uri"},
		"O-28 keys on loopback":        {map[string]any{"jwks_uri": "https://127.0.0.1/jwks"}, "invalid_client_metadata"},
		"O-28 keys in a private net":   {map[string]any{"jwks_uri": "https://10.0.0.7/jwks"}, "invalid_client_metadata"},
		"O-28 keys on a link":          {map[string]any{"jwks_uri": "https://169.254.169.254/latest"}, "invalid_client_metadata"},
		"O-28 keys in mapped form":     {map[string]any{"jwks_uri": "https://[::ffff:127.0.0.1]/jwks"}, "invalid_client_metadata"},
		"O-28 keys on another port":    {map[string]any{"jwks_uri": "https://keys.example.gov.cn:8443/jwks"}, "invalid_client_metadata"},
		"O-29 logout in a private net": {map[string]any{"backchannel_logout_uri": "https://192.168.1.1/out"}, "invalid_client_metadata"},
		"O-29 placeholder for a host":  {map[string]any{"backchannel_logout_uri": "https://{host}/out"}, "invalid_client_metadata"},
		"O-29 sector elsewhere":        {map[string]any{"sector_identifier_uri": "https://169.254.169.254/s"}, "invalid_client_metadata"},
		"O-54 our name":                {map[string]any{"client_name": "统一身份认证平台"}, "invalid_client_metadata"},
		"O-54 the site's name":         {map[string]any{"client_name": "一网通办 登录"}, "invalid_client_metadata"},
		"O-54 our name, disguised":     {map[string]any{"client_name": "Уіnхіn"}, "invalid_client_metadata"},
		"O-54 direction":               {map[string]any{"client_name": "税务\u202egpj"}, "invalid_client_metadata"},
		"J-12 private key":             {jwk(func(m map[string]any) { m["d"] = m["x"] }), "invalid_client_metadata"},
		"J-12 point off the curve":     {jwk(func(m map[string]any) { m["y"] = m["x"] }), "invalid_client_metadata"},
		"J-12 for encryption":          {jwk(func(m map[string]any) { m["use"] = "enc" }), "invalid_client_metadata"},
		"J-12 symmetric":               {map[string]any{"jwks": map[string]any{"keys": []any{map[string]any{"kty": "oct", "k": "AAAA"}}}}, "invalid_client_metadata"},
		"J-12 weak RSA":                {map[string]any{"jwks": map[string]any{"keys": []any{map[string]any{"kty": "RSA", "n": strings.Repeat("A", 128) + "B", "e": "AQAB"}}}}, "invalid_client_metadata"},
		"implicit":                     {map[string]any{"grant_types": []string{"implicit"}}, "invalid_client_metadata"},
		"token in front":               {map[string]any{"response_types": []string{"id_token token"}}, "invalid_client_metadata"},
		"unsigned":                     {map[string]any{"id_token_signed_response_alg": "none"}, "invalid_client_metadata"},
		"public subject":               {map[string]any{"subject_type": "public"}, "invalid_client_metadata"},
		"nothing of the scope":         {map[string]any{"scope": "license_issuer seal_maker"}, "invalid_client_metadata"},
		"FAPI with a secret":           {map[string]any{"profile": "fapi2", "token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"},
		"a list for a text":            {map[string]any{"client_name": []string{"x"}}, "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(test.change))
			wantError(t, a, http.StatusBadRequest, test.code)
		})
	}
	for name, body := range map[string]string{"no JSON": "{", "a list": "[]", "nothing": "", "large": `{"client_name":"` + strings.Repeat("x", 70<<10) + `"}`} {
		t.Run(name, func(t *testing.T) {
			wantError(t, registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, body), http.StatusBadRequest, "invalid_client_metadata")
		})
	}
}

func TestSoftwareStatements(t *testing.T) {
	p := apptest.Start(t, database(t))
	key, stranger := newClientKey(t, jose.ES256), newClientKey(t, jose.ES256)
	token := opening(p, "live", 50)
	token.StatementRequired = true
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{token}, Statements: []openplatform.StatementIssuer{{Issuer: "https://software.example.gov.cn", JWKS: document(t, key)}}})
	statement := func(k clientKey, typ string, changes map[string]any) string {
		claims := map[string]any{"iss": "https://software.example.gov.cn", "iat": p.Now().Unix(), "software_id": "tax-1", "client_name": "经批准的税务局"}
		maps.Copy(claims, changes)
		return k.sign(t, typ, claims)
	}
	send := func(text any) apptest.Answer {
		return registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(map[string]any{"software_statement": text, "client_name": "自称", "software_id": "other"}))
	}
	for name, test := range map[string]struct{ text, code string }{
		"none":                  {"", "invalid_software_statement"},
		"garbage":               {"x.y.z", "invalid_software_statement"},
		"another key":           {statement(stranger, "JWT", nil), "invalid_software_statement"},
		"unknown issuer":        {statement(key, "JWT", map[string]any{"iss": "https://evil.example"}), "unapproved_software_statement"},
		"expired":               {statement(key, "JWT", map[string]any{"exp": p.Now().Add(-time.Minute).Unix()}), "invalid_software_statement"},
		"J-10 of another kind":  {statement(key, "oauth-authz-req+jwt", nil), "invalid_software_statement"},
		"not signed":            {"eyJhbGciOiJub25lIn0." + strings.Split(statement(key, "JWT", nil), ".")[1] + ".", "invalid_software_statement"},
		"metadata of a kind":    {statement(key, "JWT", map[string]any{"redirect_uris": "https://x"}), "invalid_software_statement"},
		"O-05 bad addresses in": {statement(key, "JWT", map[string]any{"policy_uri": "javascript:1"}), "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, send(test.text), http.StatusBadRequest, test.code) })
	}
	for i, typ := range []string{"JWT", "", "software-statement+jwt"} {
		a := send(statement(key, typ, map[string]any{"exp": p.Now().Add(time.Hour).Unix(), "redirect_uris": []string{fmt.Sprintf("https://tax.example.gov.cn/%d", i)}}))
		if a.Status != http.StatusCreated || a.String("client_name") != "经批准的税务局" || a.String("software_id") != "tax-1" || !strings.Contains(a.Text, fmt.Sprintf("gov.cn/%d", i)) {
			t.Errorf("%q: %d %s", typ, a.Status, a.Text)
		}
	}
}

func TestO54ConsentTellsWhoAsks(t *testing.T) {
	p := apptest.Start(t, database(t))
	token := opening(p, "sandbox", 5)
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{token}})
	p.Persona(mobile, "李四", 2)
	a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(nil))
	c := idp.Client{ClientID: a.String("client_id"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}, Scope: "openid profile"}
	b, ctx := p.SignIn(mobile), context.Background()
	look := func() string {
		if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode()); err != nil || !b.Page.Has("consent-allow") {
			t.Fatalf("no consent page: %v %s", err, b.Page.Text)
		}
		return b.Page.Text
	}
	if text := look(); !strings.Contains(text, "尚未经过审核") || strings.Contains(text, "单位已核验") || !strings.Contains(text, "tax.example.gov.cn") || !strings.Contains(text, "示例市税务局") {
		t.Errorf("before the review: %s", text)
	}
	applied(t, p, app.Manifest{Registrations: []openplatform.Decision{{ClientID: c.ClientID, State: "live"}}})
	if text := look(); strings.Contains(text, "尚未经过审核") || !strings.Contains(text, "单位已核验") {
		t.Errorf("after the review: %s", text)
	}
	t.Run("users of a public client are always asked", func(t *testing.T) {
		public := p.Client(idp.Client{ClientID: "public", TokenEndpointAuthMethod: "none"})
		for range 2 {
			target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(public, nil).Encode(), public.RedirectURIs[0])
			if err != nil || target != nil || !b.Page.Has("consent-allow") {
				t.Fatalf("nobody was asked: %v %v", target, err)
			}
			if target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, public.RedirectURIs[0]); err != nil || target == nil {
				t.Fatal(err)
			}
		}
	})
}

// TestO12PKCEOfRegisteredClients: only the administrator who opens registration lets its clients go without PKCE, whatever
// they say themselves, and never public or FAPI clients.
func TestO12PKCEOfRegisteredClients(t *testing.T) {
	p := apptest.Start(t, database(t))
	strict, loose := opening(p, "live", 10), opening(p, "live", 10)
	loose.Name, loose.Token, loose.RequirePKCE = "tests-without-pkce", "initial-access-token-of-tests-without-pkce", new(bool)
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{strict, loose}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	keys := document(t, newClientKey(t, jose.ES256))
	for name, test := range map[string]struct {
		token  string
		change map[string]any
		allows bool
	}{
		"by default":                   {strict.Token, nil, false},
		"what the client says is mute": {strict.Token, map[string]any{"require_pkce": false}, false},
		"opened without":               {loose.Token, nil, true},
		"opened without, but public":   {loose.Token, map[string]any{"token_endpoint_auth_method": "none"}, false},
		"opened without, but FAPI":     {loose.Token, map[string]any{"profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "jwks": json.RawMessage(keys)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", test.token, metadataOf(test.change))
			if a.Status != http.StatusCreated {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			c := idp.Client{ClientID: a.String("client_id"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}, Scope: "openid profile"}
			got := p.Code(b, c, url.Values{"code_challenge": {""}, "code_challenge_method": {""}})
			if (got.Get("code") != "") != test.allows || got.Get("error") == "" != test.allows {
				t.Errorf("without a challenge: %v", got)
			}
		})
	}
}

// TestO30AudienceOfRegisteredClients: the same for assertions that are meant for the token endpoint.
func TestO30AudienceOfRegisteredClients(t *testing.T) {
	p := apptest.Start(t, database(t))
	strict, loose := opening(p, "live", 10), opening(p, "live", 10)
	loose.Name, loose.Token, loose.TokenAudience = "tests-audience", "initial-access-token-of-tests-with-audience", true
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{strict, loose}})
	key := newClientKey(t, jose.ES256)
	for name, test := range map[string]struct {
		token  string
		change map[string]any
		answer string // to a code that is none
	}{
		"by default":                   {strict.Token, nil, "invalid_client"},
		"what the client says is mute": {strict.Token, map[string]any{"token_endpoint_audience": true}, "invalid_client"},
		"opened for it":                {loose.Token, nil, "invalid_grant"},
		"opened for it, but FAPI":      {loose.Token, map[string]any{"profile": "fapi2"}, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			change := map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": json.RawMessage(document(t, key))}
			maps.Copy(change, test.change)
			a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", test.token, metadataOf(change))
			if a.Status != http.StatusCreated {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			claims := assertionClaims(p, a.String("client_id"))
			claims["aud"] = p.URL + "/token"
			c := idp.Client{ClientID: a.String("client_id"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}}
			got := p.Post("/token", idp.Client{}, asserted(redemption(c, "no-code"), key.sign(t, "", claims)))
			if got.String("error") != test.answer {
				t.Errorf("%d %s", got.Status, got.Text)
			}
		})
	}
}

// TestClientLinks: the pages of an application about itself stand on login and consent (OpenID Connect Dynamic Client
// Registration 1.0 2; the suite's oidcc-registration-policy-uri and -tos-uri), open apart and tell nobody where the person
// came from; the logo is not shown, because nothing is fetched from there (O-29).
func TestClientLinks(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		token := opening(p, "live", 5)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{token}})
		p.Persona(mobile, "李四", 2)
		links := idp.RequestSettings{PolicyURI: "https://law.example.gov.cn/privacy?a=1&b=2", TosURI: "https://law.example.gov.cn:8443/terms", ClientURI: "https://tax.example.gov.cn/", LogoURI: "https://cdn.example.gov.cn/logo.png"}
		a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(map[string]any{"policy_uri": links.PolicyURI, "tos_uri": links.TosURI, "client_uri": links.ClientURI, "logo_uri": links.LogoURI}))
		if a.Status != http.StatusCreated || a.String("policy_uri") != links.PolicyURI || a.String("tos_uri") != links.TosURI || a.String("client_uri") != links.ClientURI {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		none := p.Client(idp.Client{ClientID: "bare"})
		native := p.Client(idp.Client{ClientID: "desk", ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1:9/cb"}, RequestSettings: idp.RequestSettings{PolicyURI: "http://127.0.0.1:9/privacy"}})
		for name, test := range map[string]struct {
			client idp.Client
			want   []string
		}{
			"registered by itself": {idp.Client{ClientID: a.String("client_id"), RedirectURIs: []string{"https://tax.example.gov.cn/cb"}, Scope: "openid profile"}, []string{links.PolicyURI, links.TosURI, links.ClientURI}},
			"applied":              {p.Client(idp.Client{ClientID: "applied", RequestSettings: links}), []string{links.PolicyURI, links.TosURI, links.ClientURI}},
			"native, loopback":     {native, []string{native.PolicyURI}},
			"none":                 {none, nil},
		} {
			t.Run(name, func(t *testing.T) {
				request := p.URL + "/authorize?" + apptest.AuthorizeQuery(test.client, nil).Encode()
				for page, b := range map[string]*walk.Browser{"login-submit": walk.New(nil), "consent-allow": p.SignIn(mobile)} {
					if err := b.Open(context.Background(), request); err != nil || !b.Page.Has(page) {
						t.Fatalf("no page with %s: %v %s", page, err, b.Page.Text)
					}
					for _, address := range test.want {
						u, _ := url.Parse(address)
						if !strings.Contains(b.Page.Source, `<a href="`+strings.ReplaceAll(address, "&", "&amp;")+`" target="_blank" rel="noopener noreferrer external">`) || !strings.Contains(b.Page.Text, u.Host) {
							t.Errorf("%s: %s is not shown with its host", page, address)
						}
					}
					if got := strings.Count(b.Page.Source, `target="_blank"`); got != len(test.want) || strings.Contains(b.Page.Source, "logo.png") {
						t.Errorf("%s: %d links to elsewhere", page, got)
					}
				}
			})
		}
		for _, bad := range []string{"http://law.example.gov.cn/", "javascript:alert(1)", "https://user@law.example.gov.cn/", "//law.example.gov.cn/", "http://127.0.0.1/"} {
			for _, member := range []string{"policy_uri", "tos_uri", "client_uri"} {
				wantError(t, registerWith(t, p, http.MethodPost, p.URL+"/connect/register", token.Token, metadataOf(map[string]any{member: bad})), http.StatusBadRequest, "invalid_client_metadata")
			}
		}
	})
}
