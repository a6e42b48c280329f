package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// claimsLocales is OpenID Connect Core 1.0 15.1: claims_locales causes no error.
var claimsLocales = check.Rule{
	ID:        "oidc/oidcc-claims-locales",
	Title:     "claims_locales causes no error",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "15.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		succeeds(ctx, t, "a request with claims_locales=se", t.Ask(t.Client(party.Ordinary), "claims_locales", "se"))
	},
}
