package oidc

import (
	"context"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// frontchannelLogout is OpenID Connect Front-Channel Logout 1.0 2: the logout page frames the client's address with issuer and session.
var frontchannelLogout = check.Rule{
	ID:        "oidc/oidcc-frontchannel-rp-initiated-logout",
	Title:     "the logout page frames the client's address with issuer and session",
	Citation:  check.Citation{Standard: "OpenID Connect Front-Channel Logout 1.0", Clause: "2"},
	Scope:     "logout",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.ToldFront, party.LogsOut)
		b, tokens := signedIn(ctx, t, c)
		l := t.Logout(ctx, b, url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"x"}})
		t.Require("a page is shown that can hold frames", l.Page != nil, "%s", l.Said())
		var query url.Values
		for _, frame := range l.Page.Frames {
			if u, err := url.Parse(frame); err == nil && strings.HasPrefix(frame, c.FrontchannelLogoutURI) {
				query = u.Query()
			}
		}
		t.Require("the client's address is framed", query != nil, "it is not among %d frames", len(l.Page.Frames))
		if c.FrontchannelSession || query.Has("sid") || query.Has("iss") {
			t.Holds("iss is the issuer", query.Get("iss") == t.Issuer, "it is %q", query.Get("iss"))
			t.Holds("sid is that of the ID token", query.Get("sid") != "" && query.Get("sid") == tokens.Text("sid"), "it is another")
		}
		t.Holds("the page leads on to the client", strings.HasPrefix(l.Page.Refresh, c.PostLogoutRedirectURIs[0]+"?") || strings.Contains(l.Page.Source, c.PostLogoutRedirectURIs[0]), "it does not")
		t.SignedOut(ctx, b, c)
	},
}
