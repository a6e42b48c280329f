package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutQueryAdded is OpenID Connect RP-Initiated Logout 1.0 3: an address with a query added is not the registered one.
var logoutQueryAdded = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
	Title:     "an address with a query added is not the registered one",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "3"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		staysAtLogout(ctx, t, func(c party.Client, tokens party.Tokens) url.Values {
			return url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0] + "?foo=bar"}, "state": {"x"}}
		})
	},
}
