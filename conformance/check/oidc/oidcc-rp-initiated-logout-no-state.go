package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutNoState is OpenID Connect RP-Initiated Logout 1.0 3: a logout without state comes back without one.
var logoutNoState = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-no-state",
	Title:     "a logout without state comes back without one",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "3"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		loggedOutTo(ctx, t, nil)
	},
}
