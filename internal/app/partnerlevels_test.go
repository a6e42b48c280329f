package app_test

import (
	"net/url"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestPartnerLevels: a client with a map is told the level in its own word wherever it is told ial, made of the very value that it may know;
// another client has its own word or none.
func TestPartnerLevels(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 3)
	b := p.SignIn(mobile)
	guangdong := idp.PartnerLevels{"0": "二级", "1": "三级", "2": "三级", "3": "四级", "4": "五级"}
	ningxia := idp.PartnerLevels{"0": "L1", "1": "L2", "2": "L3", "3": "L3", "4": "L4"}
	for name, test := range map[string]struct {
		client idp.Client
		want   any
	}{
		"one place":         {idp.Client{ClientID: "one", PartnerLevels: guangdong}, "四级"},
		"another":           {idp.Client{ClientID: "two", PartnerLevels: ningxia}, "L3"},
		"capped by max_ial": {idp.Client{ClientID: "capped", PartnerLevels: guangdong, MaxIAL: 1}, "三级"},
		"without a map":     {idp.Client{ClientID: "none"}, nil},
		"opaque":            {idp.Client{ClientID: "opaque", PartnerLevels: ningxia, TokenSettings: idp.TokenSettings{AccessTokenFormat: idp.FormatOpaque}}, "L3"},
		"may not know":      {idp.Client{ClientID: "blind", PartnerLevels: guangdong, AllowedClaims: []idp.AllowedClaim{{Claim: "name", Purpose: "办理"}}}, nil},
	} {
		c := p.Client(test.client)
		a := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		token := a.String("access_token")
		if got := apptest.Claims(t, a.String("id_token"))["partner_level"]; got != test.want {
			t.Errorf("%s: ID token: %v", name, got)
		}
		if got := p.Get("/userinfo", token).Body["partner_level"]; got != test.want {
			t.Errorf("%s: userinfo: %v", name, got)
		}
		told := p.Post("/introspect", c, url.Values{"token": {token}})
		if _, level := told.Body["ial"]; told.Body["partner_level"] != test.want && (level || test.want != nil) && name != "may not know" {
			t.Errorf("%s: introspection: %s", name, told.Text)
		}
		if c.AccessTokenFormat != idp.FormatOpaque && name != "may not know" && apptest.Claims(t, token)["partner_level"] != test.want {
			t.Errorf("%s: access token: %v", name, apptest.Claims(t, token))
		}
	}
}
