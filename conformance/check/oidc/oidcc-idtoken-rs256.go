package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// idTokenRS256 is OpenID Connect Core 1.0 15.1: a client can have its ID tokens signed with RS256.
var idTokenRS256 = check.Rule{
	ID:        "oidc/oidcc-idtoken-rs256",
	Title:     "a client can have its ID tokens signed with RS256",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "15.1"},
	Scope:     "ID token",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("id_token_signing_alg_values_supported", "RS256")
		var wanted *party.Client
		for _, c := range t.With.Clients {
			if c.IDTokenAlg == "RS256" && c.ClientSecret != "" {
				wanted = &c
				break
			}
		}
		if wanted == nil {
			t.Skip("no client with id_token_signed_response_alg RS256 is in the file")
		}
		tokens := t.Login(ctx, t.NewBrowser(), t.Ask(*wanted))
		t.Holds("the ID token is signed with RS256", party.Header(tokens.ID)["alg"] == "RS256", "alg is %v", party.Header(tokens.ID)["alg"])
	},
}
