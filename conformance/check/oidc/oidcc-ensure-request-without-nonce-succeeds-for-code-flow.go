package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// withoutNonce is OpenID Connect Core 1.0 3.1.2.1: the code flow needs no nonce, and none is made up.
var withoutNonce = check.Rule{
	ID:        "oidc/oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
	Title:     "the code flow needs no nonce, and none is made up",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		tokens := succeeds(ctx, t, "a request without nonce", t.Ask(t.Client(party.Ordinary), "nonce", ""))
		t.Holds("the ID token has no nonce", tokens.Claims["nonce"] == nil, "it is %v", tokens.Claims["nonce"])
	},
}
