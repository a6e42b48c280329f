package oidc

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// userinfoPostHeader is OpenID Connect Core 1.0 5.3.1: userinfo answers a POST with the access token in its header.
var userinfoPostHeader = check.Rule{
	ID:        "oidc/oidcc-userinfo-post-header",
	Title:     "userinfo answers a POST with the access token in its header",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.3.1"},
	Scope:     "userinfo",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c))
		a := t.Resource(ctx, c, http.MethodPost, t.Userinfo(c), tokens.Access)
		t.Taken("a POST with the token in its header", a)
		t.Holds("userinfo is about the subject of the ID token", a.String("sub") == tokens.Text("sub"), "they differ")
	},
}
