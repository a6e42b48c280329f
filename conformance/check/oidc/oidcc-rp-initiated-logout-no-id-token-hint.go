package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutNoHint is OpenID Connect RP-Initiated Logout 1.0 3: an address without a hint leads nowhere.
var logoutNoHint = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-no-id-token-hint",
	Title:     "an address without a hint leads nowhere",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "3"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		staysAtLogout(ctx, t, func(c party.Client, tokens party.Tokens) url.Values {
			return url.Values{"post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"x"}}
		})
	},
}
