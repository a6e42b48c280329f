package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutBadAddress is OpenID Connect RP-Initiated Logout 1.0 3: a logout leads to no address that is not registered.
var logoutBadAddress = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
	Title:     "a logout leads to no address that is not registered",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "3"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		staysAtLogout(ctx, t, func(c party.Client, tokens party.Tokens) url.Values {
			return url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {"https://other.conformance.example/out"}, "state": {"x"}}
		})
	},
}
