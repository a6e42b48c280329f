package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// scopeAddress is OpenID Connect Core 1.0 5.4: the scope address gives the postal address.
var scopeAddress = check.Rule{
	ID:        "oidc/oidcc-scope-address",
	Title:     "the scope address gives the postal address",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.4"},
	Scope:     "scope",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		scopes(ctx, t, "address")
	},
}
