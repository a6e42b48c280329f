package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// promptNoneNotLoggedIn is OpenID Connect Core 1.0 3.1.2.6: a silent request without a session is answered with an error.
var promptNoneNotLoggedIn = check.Rule{
	ID:        "oidc/oidcc-prompt-none-not-logged-in",
	Title:     "a silent request without a session is answered with an error",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.6"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		r := t.Ask(t.Client(party.Ordinary), "prompt", "none")
		t.Denied("a silent request of nobody", r, t.Watch(ctx, t.NewBrowser(), r), errorsOfSilence...)
	},
}
