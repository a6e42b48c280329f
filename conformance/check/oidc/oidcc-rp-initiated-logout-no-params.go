package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutNoParams is OpenID Connect RP-Initiated Logout 1.0 2: a logout without parameters ends the session.
var logoutNoParams = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-no-params",
	Title:     "a logout without parameters ends the session",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "2"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		endsSession(ctx, t, func(party.Tokens) url.Values { return nil })
	},
}
