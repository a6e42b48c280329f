package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

const accessType = "urn:ietf:params:oauth:token-type:access_token"

func exchange(p *apptest.Platform, c idp.Client, subject string, extra ...string) apptest.Answer {
	form := url.Values{"grant_type": {idp.GrantTokenExchange}, "subject_token": {subject}, "subject_token_type": {accessType}}
	for i := 0; i+1 < len(extra); i += 2 {
		form.Del(extra[i])
		if extra[i+1] != "" {
			form.Set(extra[i], extra[i+1])
		}
	}
	return p.Post("/token", c, form)
}

func actorOf(t *testing.T, token string) []string {
	t.Helper()
	var chain []string
	act, _ := apptest.Claims(t, token)["act"].(map[string]any)
	for act != nil {
		sub, _ := act["sub"].(string)
		chain = append(chain, sub)
		act, _ = act["act"].(map[string]any)
	}
	return chain
}

func TestTokenExchange(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const gateway, records, archive = "https://api.gov.cn/gateway", "https://api.gov.cn/records", "https://api.gov.cn/archive"
		gate := machine(p, "gateway", func(c *idp.Client) {
			c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
			c.Scope, c.Resources, c.TokenExchangeAudience = "profile license_clerk", []string{gateway}, []string{records}
		})
		server := machine(p, "records", func(c *idp.Client) {
			c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
			c.Scope, c.Sector, c.Resources, c.TokenExchangeAudience = "profile license_clerk", "records department", []string{records}, []string{archive}
		})
		last := machine(p, "archive", func(c *idp.Client) {
			c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
			c.Scope, c.Resources, c.TokenExchangeAudience = "profile", []string{archive}, []string{records}
		})
		portal := p.Client(idp.Client{ClientID: "portal", Scope: "openid profile email", Audience: []string{gateway}})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		issued := p.Redeem(portal, p.Code(b, portal, nil).Get("code"), nil)
		given := issued.String("access_token")

		first := exchange(p, gate, given, "audience", records)
		if first.Status != http.StatusOK || first.String("issued_token_type") != accessType || first.String("refresh_token") != "" || first.String("id_token") != "" || first.String("scope") != "profile" {
			t.Fatalf("%d %s", first.Status, first.Text)
		}
		token := first.String("access_token")
		claims := apptest.Claims(t, token)
		if !slices.Equal(audience(t, token), []string{records}) || claims["client_id"] != "gateway" || claims["acr"] != "urn:yinxin:aal:1" || !slices.Equal(actorOf(t, token), []string{"gateway"}) {
			t.Errorf("claims are %v", claims)
		}
		if claims["sub"] == apptest.Claims(t, given)["sub"] || claims["sub"] == "gateway" {
			t.Errorf("the other department knows the person as %v", claims["sub"])
		}
		if !p.Active(server, token) || p.Active(last, token) {
			t.Error("introspection answers the wrong resource server")
		}
		if a := p.Get("/userinfo", token); a.Status != http.StatusUnauthorized {
			t.Errorf("O-42 userinfo: %d", a.Status)
		}
		second := exchange(p, server, token, "resource", archive)
		if second.Status != http.StatusOK || !slices.Equal(actorOf(t, second.String("access_token")), []string{"records", "gateway"}) {
			t.Fatalf("%d %s", second.Status, second.Text)
		}
		p.Advance(5 * time.Minute)
		if a := exchange(p, gate, given, "audience", records); a.Body["expires_in"].(float64) > 300 {
			t.Errorf("the new token outlives the old one: %s", a.Text)
		}
		fresh := p.Refresh(portal, issued.String("refresh_token")).String("access_token")
		clerk := clientToken(p, gate).String("access_token")
		for name, test := range map[string]struct {
			answer apptest.Answer
			code   string
		}{
			"O-43 garbage":                      {exchange(p, gate, "x.y.z", "audience", records), "invalid_request"},
			"O-43 ID token":                     {exchange(p, gate, issued.String("id_token"), "audience", records), "invalid_request"},
			"O-43 refresh token":                {exchange(p, gate, issued.String("refresh_token"), "audience", records), "invalid_request"},
			"O-43 another cell's":               {exchange(p, gate, newClientKey(t, jose.ES256).sign(t, "at+jwt", apptest.Claims(t, fresh)), "audience", records), "invalid_request"},
			"O-43 not meant for the client":     {exchange(p, last, fresh, "audience", records), "invalid_request"},
			"O-43 audience that is not allowed": {exchange(p, gate, fresh, "audience", archive), "invalid_target"},
			"O-43 no audience":                  {exchange(p, gate, fresh), "invalid_target"},
			"O-43 two audiences":                {exchange(p, gate, fresh, "audience", records, "resource", archive), "invalid_target"},
			"scope that the token lacks":        {exchange(p, gate, fresh, "audience", records, "scope", "license_clerk"), "invalid_scope"},
			"scope that the client lacks":       {exchange(p, gate, fresh, "audience", records, "scope", "email"), "invalid_scope"},
			"no token":                          {exchange(p, gate, "", "audience", records), "invalid_request"},
			"another type of token":             {exchange(p, gate, fresh, "audience", records, "subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), "invalid_request"},
			"another type wanted":               {exchange(p, gate, fresh, "audience", records, "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"},
			"actor of somebody else":            {exchange(p, gate, fresh, "audience", records, "actor_token", clientToken(p, last).String("access_token"), "actor_token_type", accessType), "invalid_request"},
			"actor type alone":                  {exchange(p, gate, fresh, "audience", records, "actor_token_type", accessType), "invalid_request"},
			"chain of three":                    {exchange(p, last, second.String("access_token"), "audience", records), "invalid_request"},
			"a client without the grant":        {exchange(p, portal, fresh, "audience", records), "unauthorized_client"},
		} {
			t.Run(name, func(t *testing.T) { wantError(t, test.answer, http.StatusBadRequest, test.code) })
		}
		if a := exchange(p, gate, fresh, "audience", records, "actor_token", clerk, "actor_token_type", accessType); a.Status != http.StatusOK || !slices.Equal(actorOf(t, a.String("access_token")), []string{"gateway"}) {
			t.Errorf("with an actor token: %d %s", a.Status, a.Text)
		}
		t.Run("it ends with the token that was given", func(t *testing.T) {
			child := exchange(p, gate, fresh, "audience", records).String("access_token")
			grandchild := exchange(p, server, child, "resource", archive).String("access_token")
			if !p.Active(server, child) || !p.Active(last, grandchild) {
				t.Fatal("not active at the start")
			}
			p.Post("/revoke", portal, url.Values{"token": {fresh}})
			if p.Active(server, child) || p.Active(last, grandchild) {
				t.Error("a token outlived the one that it was exchanged for")
			}
			wantError(t, exchange(p, gate, fresh, "audience", records), http.StatusBadRequest, "invalid_request")
		})
		t.Run("and with the person's session", func(t *testing.T) {
			next := p.Redeem(portal, p.Code(b, portal, nil).Get("code"), nil).String("access_token")
			child := exchange(p, gate, next, "audience", records).String("access_token")
			if err := p.App.Accounts.SetState(t.Context(), accountOf(t, p, mobile).ID, idp.AccountSuspended, "test"); err != nil {
				t.Fatal(err)
			}
			if p.Active(server, child) {
				t.Error("active although the account is suspended")
			}
			wantError(t, exchange(p, gate, next, "audience", records), http.StatusBadRequest, "invalid_request")
		})
	})
}
