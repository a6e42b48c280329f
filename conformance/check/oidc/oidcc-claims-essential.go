package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// claimsEssential is OpenID Connect Core 1.0 5.5: a claim that is asked for as essential causes no error.
var claimsEssential = check.Rule{
	ID:        "oidc/oidcc-claims-essential",
	Title:     "a claim that is asked for as essential causes no error",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.5"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		if !t.Metadata.True("claims_parameter_supported") {
			t.Skip("the metadata does not name claims_parameter_supported")
		}
		c := t.Client(party.Ordinary, party.Scope("profile"))
		tokens := succeeds(ctx, t, "a request with an essential claim", t.Ask(c, "claims", `{"userinfo":{"name":{"essential":true}}}`))
		t.Should("the claim is told", kindOf(told(ctx, t, c, tokens)["name"]) == "text", "there is no name")
	},
}
