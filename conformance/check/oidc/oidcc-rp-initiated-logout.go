package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logout is OpenID Connect RP-Initiated Logout 1.0 2: a client ends the session and gets the browser back with its state.
var logout = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout",
	Title:     "a client ends the session and gets the browser back with its state",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "2"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		loggedOutTo(ctx, t, url.Values{"state": {"state-of-the-logout"}})
	},
}
