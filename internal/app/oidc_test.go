package app_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

func TestO46SilentRequests(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "silent"})
		p.Persona(mobile, "李四", 2)
		p.Persona("13800138022", "王五", 2)
		silent := func(changes url.Values) url.Values {
			q := apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}})
			for name, values := range changes {
				q[name] = values
			}
			return q
		}
		b, other := p.SignIn(mobile), p.SignIn("13800138022")
		ask := func(q url.Values) apptest.Answer {
			request, err := http.NewRequest(http.MethodGet, p.URL+"/authorize?"+q.Encode(), nil)
			if err != nil {
				t.Fatal(err)
			}
			b.Lend(request)
			return p.Do(request)
		}
		quiet := func(t *testing.T, a apptest.Answer) {
			t.Helper()
			if len(a.Header.Values("Set-Cookie")) > 0 || strings.Contains(a.Header.Get("Location"), "李") || strings.Contains(a.Header.Get("Location"), mobile) {
				t.Errorf("the answer leaves %v or tells of a person: %s", a.Header.Values("Set-Cookie"), a.Header.Get("Location"))
			}
		}
		t.Run("without session", func(t *testing.T) {
			a := authorize(t, p, silent(nil))
			wantRefusal(t, a, c, "login_required")
			quiet(t, a)
		})
		t.Run("without consent", func(t *testing.T) {
			a := ask(silent(nil))
			wantRefusal(t, a, c, "consent_required")
			quiet(t, a)
		})
		hint := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token")
		theirs := p.Redeem(c, p.Code(other, c, nil).Get("code"), nil).String("id_token")
		t.Run("with consent", func(t *testing.T) {
			a := ask(silent(nil))
			if target, _ := url.Parse(a.Header.Get("Location")); target == nil || target.Query().Get("code") == "" {
				t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
			}
			quiet(t, a)
		})
		t.Run("hint of another person", func(t *testing.T) {
			a := ask(silent(url.Values{"id_token_hint": {theirs}}))
			wantRefusal(t, a, c, "login_required")
			quiet(t, a)
		})
		t.Run("another person named by the claims parameter", func(t *testing.T) {
			sub, _ := apptest.Claims(t, theirs)["sub"].(string)
			wantRefusal(t, ask(silent(url.Values{"claims": {`{"id_token":{"sub":{"value":"` + sub + `"}}}`}})), c, "login_required")
		})
		t.Run("none with others", func(t *testing.T) {
			wantRefusal(t, ask(silent(url.Values{"prompt": {"none login"}})), c, "invalid_request")
		})
		t.Run("a level that needs a page", func(t *testing.T) {
			p.Persona("13800138000", "", 0)
			newcomer := p.SignIn("13800138000")
			p.Code(newcomer, c, nil)
			q := silent(url.Values{"acr_values": {"urn:yinxin:ial:2"}})
			target, err := newcomer.OpenUntil(context.Background(), p.URL+"/authorize?"+q.Encode(), c.RedirectURIs[0])
			if err != nil || target == nil || target.Query().Get("error") != "interaction_required" {
				t.Errorf("%v %v", target, err)
			}
		})
		t.Run("own hint, long expired", func(t *testing.T) {
			p.Advance(30 * time.Minute)
			if a := ask(silent(url.Values{"id_token_hint": {hint}})); !strings.Contains(a.Header.Get("Location"), "code=") {
				t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
			}
			wantRefusal(t, ask(silent(url.Values{"id_token_hint": {hint[:len(hint)-8] + "AAAAAAAA"}})), c, "invalid_request")
		})
		t.Run("hint that was made for a client of another department", func(t *testing.T) {
			stranger := p.Client(idp.Client{ClientID: "stranger", Sector: "elsewhere"})
			q := apptest.AuthorizeQuery(stranger, url.Values{"prompt": {"none"}, "id_token_hint": {hint}})
			wantRefusal(t, ask(q), stranger, "invalid_request")
		})
	})
}

func TestHintOfAnotherPersonEndsAfterLogin(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "hinted"})
	p.Persona(mobile, "李四", 2)
	p.Persona("13800138022", "王五", 2)
	theirs := p.Redeem(c, p.Code(p.SignIn("13800138022"), c, nil).Get("code"), nil).String("id_token")
	b, ctx := p.SignIn(mobile), context.Background()
	if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"id_token_hint": {theirs}}).Encode()); err != nil || !b.Page.Has("login-password") {
		t.Fatalf("no login page: %v", err)
	}
	target, err := b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, c.RedirectURIs[0])
	if err != nil || target == nil || target.Query().Get("error") != "login_required" || target.Query().Get("state") != "st" {
		t.Errorf("%v %v", target, err)
	}
}

func TestO47LoginIsNotSkipped(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "again"})
		p.Persona(mobile, "李四", 2)
		b, ctx := p.SignIn(mobile), context.Background()
		before := apptest.Claims(t, p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token"))["auth_time"].(float64)
		for name, change := range map[string]url.Values{"prompt=login": {"prompt": {"login"}}, "max_age=0": {"max_age": {"0"}}, "select_account": {"prompt": {"select_account"}}} {
			t.Run(name, func(t *testing.T) {
				p.Advance(10 * time.Second)
				address := p.URL + "/authorize?" + apptest.AuthorizeQuery(c, change).Encode()
				for range 3 {
					if target, err := b.OpenUntil(ctx, address, c.RedirectURIs[0]); err != nil || target != nil || !b.Page.Has("login-password") {
						t.Fatalf("a reload passes: %v %v", target, err)
					}
				}
				flow := b.Page.Hidden("flow")
				for _, path := range []string{"/authorize/resume?flow=", "/consent?flow=", "/login?flow="} {
					if target, err := b.OpenUntil(ctx, p.URL+path+flow, c.RedirectURIs[0]); err != nil || target != nil {
						t.Fatalf("%s passes: %v %v", path, target, err)
					}
				}
				if err := b.Open(ctx, address); err != nil {
					t.Fatal(err)
				}
				target, err := b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, c.RedirectURIs[0])
				if err != nil || target == nil || target.Query().Get("code") == "" {
					t.Fatalf("after the login: %v %v %s", target, err, b.Page.Text)
				}
				after := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token"))["auth_time"].(float64)
				if after <= before {
					t.Errorf("auth_time was %v and is %v", before, after)
				}
				before = after
			})
		}
		t.Run("the registration may ask for it", func(t *testing.T) {
			age := 5
			strict := p.Client(idp.Client{ClientID: "strict", RequestSettings: idp.RequestSettings{DefaultMaxAge: &age}})
			p.Advance(10 * time.Second)
			if target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(strict, nil).Encode(), strict.RedirectURIs[0]); err != nil || target != nil || !b.Page.Has("login-password") {
				t.Errorf("%v %v", target, err)
			}
		})
	})
}

func TestO48EssentialLevels(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "levels"})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	p.Code(b, c, nil)
	for name, test := range map[string]struct {
		claims string
		want   string // error, or acr
	}{
		"a class out of reach":             {`{"id_token":{"acr":{"essential":true,"value":"urn:yinxin:aal:3"}}}`, "unmet_authentication_requirements"},
		"a class that nobody knows":        {`{"id_token":{"acr":{"essential":true,"value":"urn:mace:incommon:iap:silver"}}}`, "unmet_authentication_requirements"},
		"a level of proofing is no class":  {`{"id_token":{"acr":{"essential":true,"value":"urn:yinxin:ial:2"}}}`, "unmet_authentication_requirements"},
		"one of several can be reached":    {`{"id_token":{"acr":{"essential":true,"values":["urn:yinxin:aal:3","urn:yinxin:aal:1"]}}}`, "urn:yinxin:aal:1"},
		"a wish is no demand":              {`{"id_token":{"acr":{"value":"urn:yinxin:aal:3"}}}`, "urn:yinxin:aal:1"},
		"proofing out of reach":            {`{"id_token":{"ial":{"essential":true,"value":4}}}`, "unmet_authentication_requirements"},
		"proofing in verified_claims":      {`{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"assurance_level":{"essential":true,"value":"urn:yinxin:ial:4"}},"claims":{"name":null}}}}`, "unmet_authentication_requirements"},
		"proofing, one of several":         {`{"id_token":{"ial":{"essential":true,"values":[4,2]}}}`, "urn:yinxin:aal:1"},
		"proofing that nobody can express": {`{"id_token":{"ial":{"essential":true,"value":"high"}}}`, "unmet_authentication_requirements"},
	} {
		t.Run(name, func(t *testing.T) {
			target := openUntilAnswer(t, b, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"claims": {test.claims}}).Encode(), c)
			if target == nil {
				t.Fatalf("ended on %s", b.Page.Text)
			}
			if !strings.HasPrefix(test.want, "urn:") {
				if target.Query().Get("error") != test.want || target.Query().Has("code") {
					t.Errorf("client got %v", target.Query())
				}
				return
			}
			if claims := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token")); claims["acr"] != test.want {
				t.Errorf("acr is %v", claims["acr"])
			}
		})
	}
	for name, text := range map[string]string{"no JSON": "{", "a list": "[]", "a text": `"x"`, "a claim that is a text": `{"id_token":{"name":"x"}}`, "values that are none": `{"id_token":{"acr":{"values":"x"}}}`, "long": `{"id_token":{"` + strings.Repeat("x", 9000) + `":null}}`} {
		t.Run("claims: "+name, func(t *testing.T) {
			wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"claims": {text}})), c, "invalid_request")
		})
	}
}

func TestSingleClaimsAreAskedAndGivenWhereTheyAreWanted(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "single", Scope: "openid profile phone"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	q := apptest.AuthorizeQuery(c, url.Values{"scope": {"openid"}, "claims": {`{"id_token":{"name":{"essential":true},"email":null},"userinfo":{"phone_number":null,"id_document_number":null,"made_up":null}}`}})
	if err := b.Open(ctx, p.URL+"/authorize?"+q.Encode()); err != nil || !b.Page.Has("consent-allow") {
		t.Fatalf("no consent page: %v", err)
	}
	if !strings.Contains(b.Page.Text, "李*") || !strings.Contains(b.Page.Text, "138****8021") || strings.Contains(b.Page.Text, "证件号码") {
		t.Errorf("the person is not asked for what is wanted, or for more: %s", b.Page.Text)
	}
	target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
	if err != nil || target == nil {
		t.Fatal(err)
	}
	answer := p.Redeem(c, target.Query().Get("code"), nil)
	claims, info := apptest.Claims(t, answer.String("id_token")), p.Get("/userinfo", answer.String("access_token")).Body
	if claims["name"] != "李四" || claims["phone_number"] != nil || claims["id_document_number"] != nil {
		t.Errorf("ID token: %v", claims)
	}
	if info["phone_number"] != "+86"+mobile || info["name"] != nil || info["id_document_number"] != nil {
		t.Errorf("userinfo: %v", info)
	}
	if target := openUntilAnswer(t, b, p.URL+"/authorize?"+q.Encode()+"&prompt=none", c); target == nil || target.Query().Get("code") == "" {
		t.Errorf("consent to single claims is not kept: %v", target)
	}
	if target := openUntilAnswer(t, b, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}}).Encode(), c); target.Query().Get("error") != "consent_required" {
		t.Errorf("consent to a claim covers a scope: %v", target)
	}
}

func TestResourcesAreTheClientsOwn(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "resources", Audience: []string{"https://api.example.gov.cn/a", "https://api.example.gov.cn/b"}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	for name, resource := range map[string][]string{"of others": {"https://evil.example/"}, "one of others": {"https://api.example.gov.cn/a", "https://evil.example/"}, "relative": {"/a"},
		"with fragment": {"https://api.example.gov.cn/a#x"}, "empty": {""}, "many": slices.Repeat([]string{"https://api.example.gov.cn/a"}, 11)} {
		t.Run(name, func(t *testing.T) {
			q := apptest.AuthorizeQuery(c, nil)
			q["resource"] = resource
			wantRefusal(t, authorize(t, p, q), c, "invalid_target")
		})
	}
	q := apptest.AuthorizeQuery(c, url.Values{"resource": {"https://api.example.gov.cn/a", "https://api.example.gov.cn/b"}})
	if target := openUntilAnswer(t, b, p.URL+"/authorize?"+q.Encode(), c); target == nil || target.Query().Get("code") == "" {
		t.Errorf("two resources: %v", target)
	}
	q.Set("dpop_jkt", "short")
	wantRefusal(t, authorize(t, p, q), c, "invalid_request")
}

// estate is a kind of authorization_details as an administrator writes it.
var estate = idp.DetailType{Type: "estate_record", Title: map[string]string{"zh-CN": "查询不动产登记", "en": "Look up a property record", "zh-Hant": "查詢不動產登記"}, Fields: map[string]idp.DetailField{
	"unit":    {Kind: "text", Required: true, Max: 28, Title: map[string]string{"zh-CN": "不动产单元号", "en": "Unit", "zh-Hant": "不動產單元號"}},
	"actions": {Kind: "list", Values: []string{"read", "copy"}, Title: map[string]string{"zh-CN": "操作", "en": "Actions", "zh-Hant": "操作"}},
	"years":   {Kind: "number", Max: 30, Title: map[string]string{"zh-CN": "年限", "en": "Years", "zh-Hant": "年限"}},
}}

func TestAuthorizationDetails(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		if err := p.App.Apply(context.Background(), app.Manifest{Details: []idp.DetailType{estate}}); err != nil {
			t.Fatal(err)
		}
		c := p.Client(idp.Client{ClientID: "details", RequestSettings: idp.RequestSettings{AuthorizationDetails: []string{"estate_record"}}})
		plain := p.Client(idp.Client{ClientID: "no-details"})
		p.Persona(mobile, "李四", 2)
		b, ctx := p.SignIn(mobile), context.Background()
		p.Code(b, c, nil)
		const good = `[{"type":"estate_record","unit":"110101001001GB00001F00010001","actions":["read"],"years":5}]`
		for name, text := range map[string]string{
			"no JSON": "[", "an object": "{}", "empty": "[]", "no type": `[{"unit":"x"}]`, "unknown type": `[{"type":"payment"}]`, "unknown member": `[{"type":"estate_record","unit":"x","evil":1}]`,
			"member missing": `[{"type":"estate_record"}]`, "wrong kind": `[{"type":"estate_record","unit":7}]`, "too long": `[{"type":"estate_record","unit":"` + strings.Repeat("x", 29) + `"}]`,
			"not a value": `[{"type":"estate_record","unit":"x","actions":["sell"]}]`, "out of range": `[{"type":"estate_record","unit":"x","years":31}]`, "number as text": `[{"type":"estate_record","unit":"x","years":"5"}]`,
			"control character": `[{"type":"estate_record","unit":"a\nb"}]`, "trailing": good + "[]", "null member": `[{"type":"estate_record","unit":null}]`,
		} {
			t.Run(name, func(t *testing.T) {
				wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"authorization_details": {text}})), c, "invalid_authorization_details")
			})
		}
		t.Run("a client that is not registered for the type", func(t *testing.T) {
			wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(plain, url.Values{"authorization_details": {good}})), plain, "invalid_authorization_details")
		})
		t.Run("the person is asked each time", func(t *testing.T) {
			address := p.URL + "/authorize?" + apptest.AuthorizeQuery(c, url.Values{"authorization_details": {good}}).Encode()
			for range 2 {
				if target, err := b.OpenUntil(ctx, address, c.RedirectURIs[0]); err != nil || target != nil || !b.Page.Has("consent-allow") {
					t.Fatalf("nobody was asked: %v %v", target, err)
				}
				if !strings.Contains(b.Page.Text, "查询不动产登记") || !strings.Contains(b.Page.Text, "110101001001GB00001F00010001") || !strings.Contains(b.Page.Text, "details.example.gov.cn") {
					t.Errorf("consent does not show it: %s", b.Page.Text)
				}
				target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
				if err != nil || target == nil || target.Query().Get("code") == "" {
					t.Fatalf("%v %v", target, err)
				}
			}
			if target := openUntilAnswer(t, b, address+"&prompt=none", c); target == nil || target.Query().Get("error") != "consent_required" {
				t.Errorf("silently: %v", target)
			}
		})
		if types, _ := p.Get("/.well-known/openid-configuration", "").Body["authorization_details_types_supported"].([]any); len(types) != 1 || types[0] != "estate_record" {
			t.Errorf("discovery names %v", types)
		}
	})
}

func TestR11FormsAreBounded(t *testing.T) {
	p := apptest.Start(t, database(t))
	for path, want := range map[string]int{"/login": http.StatusRequestEntityTooLarge, "/authorize": http.StatusRequestEntityTooLarge, "/logout": http.StatusRequestEntityTooLarge, "/par": http.StatusBadRequest} {
		request, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader("state="+strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := p.Do(request); a.Status != want {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestUILocalesChooseTheLanguage(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "locales"})
	for locales, want := range map[string]string{"en": "en", "fr xx-invalid en-GB zh-CN": "en", "zh-Hant": "zh-Hant", "zh-HK": "zh-Hant", "fr": "zh-CN"} {
		a := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"ui_locales": {locales}}))
		address, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		request, _ := http.NewRequest(http.MethodGet, p.URL+address.String(), nil)
		for _, cookie := range a.Header.Values("Set-Cookie") {
			request.Header.Add("Cookie", strings.SplitN(cookie, ";", 2)[0])
		}
		if page := p.Do(request); page.Header.Get("Content-Language") != want {
			t.Errorf("%q gives %s", locales, page.Header.Get("Content-Language"))
		}
	}
}

func TestSingleClaimsEndWithTheRegistration(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "narrowed", Scope: "openid profile phone"})
	p.Persona(mobile, "李四", 2)
	code := p.Code(p.SignIn(mobile), c, url.Values{"scope": {"openid"}, "claims": {`{"id_token":{"name":null},"userinfo":{"phone_number":null}}`}}).Get("code")
	narrow := c
	narrow.Scope = "openid"
	p.Client(narrow)
	answer := p.Redeem(c, code, nil)
	if claims := apptest.Claims(t, answer.String("id_token")); claims["name"] != nil {
		t.Errorf("the ID token still tells the name: %v", claims)
	}
	if info := p.Get("/userinfo", answer.String("access_token")); info.Body["phone_number"] != nil {
		t.Errorf("userinfo still tells the number: %s", info.Text)
	}
}

func TestO45WhatTheConsentFormAddsDoesNotCount(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "grows", Scope: "openid profile identity"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"scope": {"openid"}}).Encode()); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"flow": {b.Page.Hidden("flow")}, "consent": {"allow"}, "scope": {"openid identity"}, "claim": {"id_document_number"}}
	request, err := http.NewRequest(http.MethodPost, p.URL+"/consent", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.Lend(request)
	target, err := url.Parse(p.Do(request).Header.Get("Location"))
	if err != nil || target.Query().Get("code") == "" {
		t.Fatalf("%v %v", target, err)
	}
	answer := p.Redeem(c, target.Query().Get("code"), nil)
	if answer.String("scope") != "openid" || apptest.Claims(t, answer.String("id_token"))["id_document_number"] != nil {
		t.Errorf("the form widened the scope: %s", answer.Text)
	}
	if target := openUntilAnswer(t, b, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"scope": {"openid identity"}, "prompt": {"none"}}).Encode(), c); target == nil || target.Query().Get("error") != "consent_required" {
		t.Errorf("the form widened the consent: %v", target)
	}
}

func TestO51EachLoginGetsANewSecret(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "fixed"})
	p.Persona(mobile, "李四", 2)
	b, ctx := p.SignIn(mobile), context.Background()
	cookie := func() string {
		request, err := http.NewRequest(http.MethodGet, p.URL+"/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Lend(request)
		return request.Header.Get("Cookie")
	}
	old := cookie()
	if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"login"}}).Encode()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, c.RedirectURIs[0]); err != nil {
		t.Fatal(err)
	}
	if cookie() == old {
		t.Error("the cookie of before the login is the one after it")
	}
	for name, value := range map[string]string{"the old secret": old, "a preset one": "yx_session_" + strings.Split(p.URL, ":")[2] + "=chosen-by-somebody-else"} {
		request, err := http.NewRequest(http.MethodGet, p.URL+"/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", value)
		if a := p.Do(request); a.Status == http.StatusOK && !strings.Contains(a.Text, "login-password") {
			t.Errorf("%s still signs in: %d", name, a.Status)
		}
	}
	if err := b.Open(ctx, p.URL+"/me"); err != nil || b.Page.Has("login-password") {
		t.Error("the new secret does not sign in")
	}
}
