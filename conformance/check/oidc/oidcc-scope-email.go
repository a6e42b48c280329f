package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// scopeEmail is OpenID Connect Core 1.0 5.4: the scope email gives the address and whether it is confirmed.
var scopeEmail = check.Rule{
	ID:        "oidc/oidcc-scope-email",
	Title:     "the scope email gives the address and whether it is confirmed",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.4"},
	Scope:     "scope",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		scopes(ctx, t, "email")
	},
}
