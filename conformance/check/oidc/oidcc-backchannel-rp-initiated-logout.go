package oidc

import (
	"context"
	"net/url"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// backchannelLogout is OpenID Connect Back-Channel Logout 1.0 2.5: a logout reaches the client as a token that verifies.
var backchannelLogout = check.Rule{
	ID:        "oidc/oidcc-backchannel-rp-initiated-logout",
	Title:     "a logout reaches the client as a token that verifies",
	Citation:  check.Citation{Standard: "OpenID Connect Back-Channel Logout 1.0", Clause: "2.5"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.ToldBack, party.LogsOut)
		t.LogoutTokens()
		b, tokens := signedIn(ctx, t, c)
		cameBack(t, t.Logout(ctx, b, url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"x"}}), c.PostLogoutRedirectURIs[0], url.Values{"state": {"x"}})
		token := t.LogoutToken(ctx)
		t.Require("a logout token is delivered", token != "", "none came; the server must be allowed to reach %s", c.BackchannelLogoutURI)
		t.Right("the logout token", t.CheckLogoutToken(ctx, c, token, tokens))
		t.SignedOut(ctx, b, c)
	},
}
