package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// promptNoneLoggedIn is OpenID Connect Core 1.0 3.1.2.1: a silent request with a session is answered without a page.
var promptNoneLoggedIn = check.Rule{
	ID:        "oidc/oidcc-prompt-none-logged-in",
	Title:     "a silent request with a session is answered without a page",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		before, after, l := twice(ctx, t, "", "1s", func(party.Tokens) []string { return []string{"prompt", "none"} })
		silentlyTheSame(t, before, after, l)
	},
}
