package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// clientSecretPost is OpenID Connect Core 1.0 9: a client can send its secret in the form, and a wrong one is refused.
var clientSecretPost = check.Rule{
	ID:        "oidc/oidcc-server-client-secret-post",
	Title:     "a client can send its secret in the form, and a wrong one is refused",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "9"},
	Scope:     "client authentication",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("token_endpoint_auth_methods_supported", "client_secret_post")
		c := t.Client(party.Post)
		r := t.Ask(c)
		code := t.Code(ctx, t.NewBrowser(), r)
		wrong := c
		wrong.ClientSecret += "x"
		t.Refused("a wrong secret", t.RedeemAs(ctx, wrong, r, code), "invalid_client")
		r = t.Ask(c)
		answer := t.Redeem(ctx, r, t.Code(ctx, t.NewBrowser(), r))
		t.Taken("the right secret", answer)
		_, err := t.CheckTokens(ctx, r, answer)
		t.Right("the token response and its ID token", err)
	},
}
