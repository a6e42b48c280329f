package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// toldLevel is the level of proofing that a token tells; -1 where it tells none.
func toldLevel(t *testing.T, token string) int {
	t.Helper()
	ial, ok := apptest.Claims(t, token)["ial"].(float64)
	if !ok {
		return -1
	}
	return int(ial)
}

// TestExchangedTokenTellsNoHigherLevel: an exchanged token tells what the one before it told or less, whatever its client may know and
// whatever the person has proved since.
func TestExchangedTokenTellsNoHigherLevel(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const gateway, records = "https://api.gov.cn/gateway", "https://api.gov.cn/records"
		gate := func(id string, limit int) idp.Client {
			return machine(p, id, func(c *idp.Client) {
				c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
				c.Scope, c.Resources, c.TokenExchangeAudience, c.MaxIAL = "profile licenses", []string{gateway}, []string{records}, limit
			})
		}
		open, narrow := gate("gateway", 0), gate("narrow", 1)
		portal := p.Client(idp.Client{ClientID: "portal", Scope: "openid profile licenses", Audience: []string{gateway}})
		modest := p.Client(idp.Client{ClientID: "modest", Scope: "openid profile licenses", Audience: []string{gateway}, MaxIAL: 1})
		quiet := p.Client(idp.Client{ClientID: "quiet", Scope: "openid profile licenses", Audience: []string{gateway}})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		for name, test := range map[string]struct {
			from, to    idp.Client
			scope       string
			given, want int
		}{
			"as the person is known":            {portal, open, "", 2, 2},
			"the gateway may know less":         {portal, narrow, "", 2, 1},
			"the portal may know less":          {modest, open, "", 1, 1},
			"the token told no level at all":    {quiet, open, "profile", -1, -1},
			"and is exchanged without the word": {portal, open, "openid profile", 2, -1},
		} {
			changes := url.Values{}
			if test.scope != "" {
				changes.Set("scope", test.scope)
			}
			given := p.Redeem(test.from, p.Code(b, test.from, changes).Get("code"), nil).String("access_token")
			if got := toldLevel(t, given); got != test.given {
				t.Errorf("%s: the token told %d, want %d", name, got, test.given)
			}
			got := exchange(p, test.to, given, "audience", records)
			if got.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, got.Status, got.Text)
			}
			if level := toldLevel(t, got.String("access_token")); level != test.want {
				t.Errorf("%s: the exchanged token tells %d, want %d", name, level, test.want)
			}
		}
	})
}

// TestExchangedTokenHasNoRecipients: whom a client may pass claims on to was agreed for that client. A gateway that exchanges its token
// has no share in it, not even where recipients are registered for the gateway itself, and the ledger names none either.
func TestExchangedTokenHasNoRecipients(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const gateway, records = "https://api.gov.cn/gateway", "https://api.gov.cn/records"
		if err := p.App.Apply(t.Context(), matterTree); err != nil {
			t.Fatal(err)
		}
		gate := machine(p, "gateway", func(c *idp.Client) {
			c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
			c.Scope, c.Resources, c.TokenExchangeAudience, c.Department = "profile licenses", []string{gateway}, []string{records}, "dept-hall"
			c.Recipients = []idp.Recipient{{Department: "dept-tax", Claims: []idp.PassedClaim{{Claim: "name", Purpose: "税务登记", LegalBasis: "《示例征收条例》第十五条", RetentionDays: 30}, {Claim: "ial", Purpose: "税务登记", LegalBasis: "《示例征收条例》第十五条", RetentionDays: 30}}}}
		})
		server := machine(p, "records", func(c *idp.Client) { c.Scope, c.Resources = "profile", []string{records} })
		portal := p.Client(idp.Client{ClientID: "portal", Scope: "openid profile licenses", Audience: []string{gateway}})
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		given := p.Redeem(portal, p.Code(b, portal, nil).Get("code"), nil).String("access_token")
		got := exchange(p, gate, given, "audience", records)
		if got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Text)
		}
		token := got.String("access_token")
		for name, c := range map[string]idp.Client{"its own client": gate, "the resource server": server} {
			answer := p.Post("/introspect", c, url.Values{"token": {token}})
			if answer.Status != http.StatusOK || answer.Body["active"] != true && name != "its own client" {
				t.Fatalf("%s: %d %s", name, answer.Status, answer.Text)
			}
			if answer.Body["recipients"] != nil {
				t.Errorf("%s is told recipients: %s", name, answer.Text)
			}
		}
		eventually(t, "no line of the exchange", func() bool {
			open(t, b, p.URL+"/me/records")
			return strings.Contains(b.Page.Text, "gateway")
		})
		if strings.Contains(b.Page.Text, "示例省税务局") {
			t.Error("the ledger says that the gateway passes something on")
		}
	})
}
