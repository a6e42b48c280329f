package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// loginHint is OpenID Connect Core 1.0 3.1.2.1: login_hint causes no error.
var loginHint = check.Rule{
	ID:        "oidc/oidcc-login-hint",
	Title:     "login_hint causes no error",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		succeeds(ctx, t, "a request with login_hint", t.Ask(t.Client(party.Ordinary), "login_hint", t.Person().Identifier))
	},
}
