package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// promptLogin is OpenID Connect Core 1.0 3.1.2.1: prompt=login asks again.
var promptLogin = check.Rule{
	ID:        "oidc/oidcc-prompt-login",
	Title:     "prompt=login asks again",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		before, after, l := twice(ctx, t, "", "2s", func(party.Tokens) []string { return []string{"prompt", "login"} })
		askedAgain(t, before, after, l)
	},
}
