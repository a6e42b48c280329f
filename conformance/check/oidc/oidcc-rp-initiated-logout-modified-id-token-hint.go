package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutModifiedHint is OpenID Connect RP-Initiated Logout 1.0 4: an unsigned hint leads nowhere.
var logoutModifiedHint = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-modified-id-token-hint",
	Title:     "an unsigned hint leads nowhere",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "4"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		staysAtLogout(ctx, t, func(c party.Client, tokens party.Tokens) url.Values {
			return url.Values{"id_token_hint": {t.Unsigned(tokens.ID)}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"x"}}
		})
	},
}
