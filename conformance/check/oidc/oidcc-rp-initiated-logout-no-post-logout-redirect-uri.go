package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutNoAddress is OpenID Connect RP-Initiated Logout 1.0 2: a logout that names no address ends the session.
var logoutNoAddress = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
	Title:     "a logout that names no address ends the session",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "2"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		endsSession(ctx, t, func(tokens party.Tokens) url.Values { return url.Values{"id_token_hint": {tokens.ID}} })
	},
}
