package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutOnlyState is OpenID Connect RP-Initiated Logout 1.0 2: a logout with nothing but a state ends the session.
var logoutOnlyState = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-only-state",
	Title:     "a logout with nothing but a state ends the session",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "2"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		endsSession(ctx, t, func(party.Tokens) url.Values { return url.Values{"state": {"x"}} })
	},
}
