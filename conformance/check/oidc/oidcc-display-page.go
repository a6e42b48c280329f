package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// displayPage is OpenID Connect Core 1.0 15.1: display=page causes no error.
var displayPage = check.Rule{
	ID:        "oidc/oidcc-display-page",
	Title:     "display=page causes no error",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "15.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		succeeds(ctx, t, "a request with display=page", t.Ask(t.Client(party.Ordinary), "display", "page"))
	},
}
