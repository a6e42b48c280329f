package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// challenge takes the parameters of RFC 9470 section 3 out of an answer.
func challenge(t *testing.T, a apptest.Answer) url.Values {
	t.Helper()
	header := a.Header.Get("WWW-Authenticate")
	if a.Status != http.StatusUnauthorized || !strings.Contains(header, `error="insufficient_user_authentication"`) {
		t.Fatalf("%d %s, challenge %q", a.Status, a.Text, header)
	}
	wanted := url.Values{}
	for _, pair := range regexp.MustCompile(`(acr_values|max_age)="([^"]+)"`).FindAllStringSubmatch(header, -1) {
		wanted.Set(pair[1], pair[2])
	}
	return wanted
}

// TestIALInAccessTokens: an access token of a person tells the level as a JSON number, as the ID token does, and so does
// introspection; never above what the client may know, and not without openid.
func TestIALInAccessTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		for name, test := range map[string]struct {
			client idp.Client
			scope  string
			want   any
		}{
			"signed":                {idp.Client{ClientID: "signed"}, "", 2.0},
			"opaque":                {idp.Client{ClientID: "opaque", TokenSettings: idp.TokenSettings{AccessTokenFormat: idp.FormatOpaque}}, "", 2.0},
			"capped by max_ial":     {idp.Client{ClientID: "capped", MaxIAL: 1}, "", 1.0},
			"a cap above the level": {idp.Client{ClientID: "high", MaxIAL: 4}, "", 2.0},
			"without openid":        {idp.Client{ClientID: "plain"}, "profile", nil},
		} {
			t.Run(name, func(t *testing.T) {
				c := p.Client(test.client)
				a := p.Redeem(c, p.Code(b, c, url.Values{"scope": {test.scope}}).Get("code"), nil)
				if test.scope == "" {
					a = p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
				}
				for _, issued := range []apptest.Answer{a, p.Refresh(c, a.String("refresh_token"))} {
					token := issued.String("access_token")
					if told := p.Post("/introspect", c, url.Values{"token": {token}}); told.Body["active"] != true || told.Body["ial"] != test.want {
						t.Errorf("introspection: %s", told.Text)
					}
					if c.AccessTokenFormat != idp.FormatOpaque && apptest.Claims(t, token)["ial"] != test.want {
						t.Errorf("claims: %v", apptest.Claims(t, token))
					}
				}
			})
		}
		t.Run("a client for itself", func(t *testing.T) {
			c := machine(p, "itself", func(c *idp.Client) {})
			a := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}})
			if _, told := apptest.Claims(t, a.String("access_token"))["ial"]; a.Status != http.StatusOK || told {
				t.Errorf("%d %s", a.Status, a.Text)
			}
		})
		t.Run("an exchanged token tells no more than the one before", func(t *testing.T) {
			const gateway, records = "https://api.gov.cn/gateway", "https://api.gov.cn/records"
			gate := machine(p, "gateway", func(c *idp.Client) {
				c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
				c.Scope, c.Resources, c.TokenExchangeAudience = "openid profile", []string{gateway}, []string{records}
			})
			for name, test := range map[string]struct {
				client idp.Client
				scope  string
				want   any
			}{
				"whole": {idp.Client{ClientID: "from-whole", Audience: []string{gateway}}, "openid profile", 2.0}, "capped": {idp.Client{ClientID: "from-capped", MaxIAL: 1, Audience: []string{gateway}}, "openid profile", 1.0},
				"untold": {idp.Client{ClientID: "from-untold", Audience: []string{gateway}}, "profile", nil},
			} {
				c := p.Client(test.client)
				given := p.Redeem(c, p.Code(b, c, url.Values{"scope": {test.scope}}).Get("code"), nil)
				a := exchange(p, gate, given.String("access_token"), "audience", records)
				if a.Status != http.StatusOK || apptest.Claims(t, a.String("access_token"))["ial"] != test.want {
					t.Errorf("%s: %d %s", name, a.Status, a.Text)
				}
			}
		})
	})
}

// TestA20StepUpAtOurAPI is RFC 9470 from end to end: the API names what is missing, the client repeats its request with
// these values as they are, the person does what it takes, and the call goes through.
func TestA20StepUpAtOurAPI(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "wallet", Scope: "openid profile licenses"})
		p.Persona("13800138000", "", 0)
		b, ctx := p.SignIn("13800138000"), context.Background()
		mine := func(token string) apptest.Answer { return p.Get("/api/v1/me/licenses", token) }
		present := func(token string) apptest.Answer {
			request, _ := http.NewRequest(http.MethodPost, p.URL+"/api/v1/licenses/none/presentations", strings.NewReader("{}"))
			request.Header.Set("Authorization", "Bearer "+token)
			request.Header.Set("Content-Type", "application/json")
			return p.Do(request)
		}
		unproven := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
		a := mine(unproven)
		wanted := challenge(t, a)
		if wanted.Get("acr_values") != "urn:yinxin:ial:1" || wanted.Has("max_age") || a.String("code") != "YX-AUTH-120" {
			t.Fatalf("wanted is %v: %s", wanted, a.Text)
		}
		if wanted = challenge(t, present(unproven)); wanted.Get("acr_values") != "urn:yinxin:ial:2" || wanted.Get("max_age") != "43200" {
			t.Fatalf("wanted is %v", wanted)
		}
		if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, wanted).Encode()); err != nil || !b.Page.Has("proofing-name") {
			t.Fatalf("no page for the proof: %v %s", err, b.Page.Text)
		}
		target, err := b.SubmitUntil(ctx, map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002x", "proofing-mobile": "13800138000"}, c.RedirectURIs[0])
		if err != nil || target == nil {
			t.Fatalf("%v %v %s", target, err, b.Page.Text)
		}
		proven := p.Redeem(c, target.Query().Get("code"), nil).String("access_token")
		if a := mine(proven); a.Status != http.StatusOK {
			t.Errorf("list: %d %s", a.Status, a.Text)
		}
		if a := present(proven); a.Status != http.StatusNotFound {
			t.Errorf("a licence that is not there: %d %s", a.Status, a.Text)
		}
		plain := p.Client(idp.Client{ClientID: "plain", Scope: "profile licenses"})
		if a := mine(p.Redeem(plain, p.Code(b, plain, nil).Get("code"), nil).String("access_token")); a.Status != http.StatusOK {
			t.Errorf("without openid: %d %s", a.Status, a.Text)
		}
		challenge(t, mine(unproven)) // what a token did not tell when it was made counts for nothing

		t.Run("age of the login, as an operator sets it", func(t *testing.T) {
			applied(t, p, app.Manifest{Policies: app.Policies{StepUp: []idp.Demand{{Operation: "list-my-licenses", AAL: 1, MaxAge: 60}}}})
			p.Advance(2 * time.Minute)
			wanted := challenge(t, mine(proven))
			if wanted.Get("max_age") != "60" || wanted.Get("acr_values") != "urn:yinxin:aal:1" {
				t.Fatalf("wanted is %v", wanted)
			}
			if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, wanted).Encode()); err != nil || !b.Page.Has("login-password") {
				t.Fatalf("nobody signs in again: %v %s", err, b.Page.Text)
			}
			target, err := b.SubmitUntil(ctx, map[string]string{"login-identifier": "13800138000", "login-password": apptest.Password}, c.RedirectURIs[0])
			if err != nil || target == nil {
				t.Fatalf("%v %s", err, b.Page.Text)
			}
			if a := mine(p.Redeem(c, target.Query().Get("code"), nil).String("access_token")); a.Status != http.StatusOK {
				t.Errorf("after the login: %d %s", a.Status, a.Text)
			}
		})
		t.Run("a level that ended under a living token", func(t *testing.T) {
			p.Persona(mobile, "", 0)
			account, err := p.App.Accounts.ByIdentifier(ctx, must(subject.ParseIdentifier(mobile)))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.App.Accounts.Prove(ctx, account.ID, idp.Proof{IAL: 2, Method: "tests", Source: "tests", At: p.Now(), Until: p.Now().Add(5 * time.Minute), Evidence: "00"}, "李四", "citizen_id", "99990019800101001X"); err != nil {
				t.Fatal(err)
			}
			token := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")
			if a := present(token); a.Status != http.StatusNotFound {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
			p.Advance(6 * time.Minute)
			challenge(t, present(token))
		})
		t.Run("a client that may not know the level", func(t *testing.T) {
			capped := p.Client(idp.Client{ClientID: "capped", MaxIAL: 1, Scope: "openid profile licenses"})
			a := present(p.Redeem(capped, p.Code(b, capped, nil).Get("code"), nil).String("access_token"))
			if a.Status != http.StatusForbidden || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) || strings.Contains(a.Header.Get("WWW-Authenticate"), "acr_values") {
				t.Errorf("%d %q: asking again would not help", a.Status, a.Header.Get("WWW-Authenticate"))
			}
		})
		t.Run("a client for itself has no login", func(t *testing.T) {
			clerk := machine(p, "clerk", func(c *idp.Client) {})
			token := p.Post("/token", clerk, url.Values{"grant_type": {"client_credentials"}}).String("access_token")
			if a := present(token); a.Status == http.StatusUnauthorized {
				t.Errorf("%d %s", a.Status, a.Text)
			}
		})
		for name, demand := range map[string]idp.Demand{
			"no such operation": {Operation: "list-my-licences"}, "level": {Operation: "list-my-licenses", IAL: 5}, "strength": {Operation: "list-my-licenses", AAL: 4}, "age": {Operation: "list-my-licenses", MaxAge: 1}, "negative": {Operation: "list-my-licenses", MaxAge: -1},
		} {
			if err := p.App.Apply(ctx, app.Manifest{Policies: app.Policies{StepUp: []idp.Demand{demand}}}); err == nil {
				t.Errorf("%s: was applied", name)
			}
		}
	})
}

// TestA20StepUpAtUserinfo: the number of an identity document is given to a recent login only.
func TestA20StepUpAtUserinfo(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile identity"})
		p.Persona(mobile, "李四", 2)
		issued := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
		if a := p.Get("/userinfo", issued.String("access_token")); a.Status != http.StatusOK || a.String("id_document_number") == "" {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		p.Advance(24*time.Hour + time.Minute)
		late := p.Refresh(c, issued.String("refresh_token"))
		if late.Status != http.StatusOK {
			t.Fatalf("%d %s", late.Status, late.Text)
		}
		a := p.Get("/userinfo", late.String("access_token"))
		wanted := challenge(t, a)
		if wanted.Get("max_age") != fmt.Sprint(24*3600) || a.String("error") != "insufficient_user_authentication" || strings.Contains(a.Text, "9999") {
			t.Errorf("%v %s", wanted, a.Text)
		}
		narrow := p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {late.String("refresh_token")}, "scope": {"openid profile"}})
		if a := p.Get("/userinfo", narrow.String("access_token")); a.Status != http.StatusOK || a.String("name") == "" {
			t.Errorf("without the number: %d %s", a.Status, a.Text)
		}
		again := p.Redeem(c, p.Code(p.SignIn(mobile), c, wanted).Get("code"), nil)
		if a := p.Get("/userinfo", again.String("access_token")); a.Status != http.StatusOK || a.String("id_document_number") == "" {
			t.Errorf("after the login: %d %s", a.Status, a.Text)
		}
	})
}

// TestDemandsThatNobodyCanMeet: one that is out of reach is not taken; where the way to it is gone later, a client is told that
// asking again is of no use (RFC 9470 5), and who has the level already goes on.
func TestDemandsThatNobodyCanMeet(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		ial, aal := subject.IAL(3), authflow.Reach() // the sandbox has every method
		high, strong := idp.Demand{Operation: idp.OperationIdentity, IAL: int(ial) + 1}, idp.Demand{Operation: "list-my-licenses", AAL: int(aal) + 1, MaxAge: 3600}
		policies := func(demands ...idp.Demand) app.Manifest { return app.Manifest{Policies: app.Policies{StepUp: demands}} }
		for field, demand := range map[string]idp.Demand{"policies.step_up.ial": high, "policies.step_up.aal": strong} {
			refused, _ := errors.AsType[*fault.Fault](p.App.Apply(ctx, policies(demand)))
			if refused == nil || refused.Code != fault.ClientMetadata || refused.Params["field"] != field {
				t.Errorf("%s: %v", field, refused)
			}
		}
		source := federation.Source{ID: "province", Name: "省平台", Issuer: "https://province.example.gov.cn", ClientID: "county", TrustedIdentity: true,
			Levels: map[string]int{"counter": high.IAL}, ACRs: map[string]int{"hardware": strong.AAL}}
		with := policies(high, strong)
		with.Upstreams = []federation.Source{source}
		applied(t, p, with)

		c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile identity licenses"})
		p.Persona(mobile, "李四", 2)
		p.Persona("13800138022", "", 0)
		account, err := p.App.Accounts.ByIdentifier(ctx, must(subject.ParseIdentifier("13800138022")))
		if err == nil {
			err = p.App.Accounts.Prove(ctx, account.ID, idp.Proof{IAL: subject.IAL(high.IAL), Method: "tests", Source: "tests", At: p.Now(), Until: p.Now().Add(time.Hour), Evidence: "00"}, "王五", "citizen_id", "99990019800101001X")
		}
		if err != nil {
			t.Fatal(err)
		}
		lower := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")
		higher := p.Redeem(c, p.Code(p.SignIn("13800138022"), c, nil).Get("code"), nil).String("access_token")
		check := func(when string) {
			t.Helper()
			for path, form := range map[string]string{"/userinfo": `"error":"unmet_authentication_requirements"`, "/api/v1/me/licenses": `"YX-OIDC-202"`} {
				a := p.Get(path, lower)
				header := a.Header.Get("WWW-Authenticate")
				if a.Status != http.StatusForbidden || !strings.Contains(header, `error="unmet_authentication_requirements"`) || strings.Contains(header, "acr_values") || !strings.Contains(a.Text, form) {
					t.Errorf("%s, %s: %d %q %s", when, path, a.Status, header, a.Text)
				}
			}
			if a := p.Get("/userinfo", higher); a.Status != http.StatusOK {
				t.Errorf("%s: who has the level: %d %s", when, a.Status, a.Text)
			}
		}
		check("the way is open, and our flow does not lead there")
		source.Disabled = true
		applied(t, p, app.Manifest{Upstreams: []federation.Source{source}})
		check("the way is closed")
		if err := p.App.Apply(ctx, policies(high)); err == nil {
			t.Error("a demand that nobody can meet any more is taken again")
		}
		// What can be mended by a further login is asked for as before, with the whole demand.
		early := idp.Demand{Operation: idp.OperationIdentity, IAL: int(ial), MaxAge: 60}
		applied(t, p, policies(early))
		p.Advance(2 * time.Minute)
		if wanted := challenge(t, p.Get("/userinfo", lower)); wanted.Get("max_age") != "60" || wanted.Get("acr_values") != ial.URN() {
			t.Errorf("%v", wanted)
		}
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestStepUpPoliciesAreAFile: the form that the manual shows, with the nearest key for a typing slip.
func TestStepUpPoliciesAreAFile(t *testing.T) {
	p := apptest.Start(t, database(t))
	m, err := app.ReadManifest([]byte("policies:\n  step_up:\n    - {operation: list-my-licenses, ial: 2, aal: 0, max_age: 3600}\n"))
	if err != nil {
		t.Fatal(err)
	}
	applied(t, p, m)
	applied(t, p, m) // again, and nothing changes
	c := p.Client(idp.Client{ClientID: "wallet", Scope: "openid profile licenses"})
	p.Persona(mobile, "李四", 1)
	wanted := challenge(t, p.Get("/api/v1/me/licenses", p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")))
	if wanted.Get("acr_values") != "urn:yinxin:ial:2" || wanted.Get("max_age") != "3600" {
		t.Errorf("wanted is %v", wanted)
	}
	if _, err := app.ReadManifest([]byte("policies: {step_up: [{operation: x, maxage: 1}]}")); err == nil || !strings.Contains(err.Error(), `"max_age"`) {
		t.Errorf("a typing slip: %v", err)
	}
}
