package oidc

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// userinfoGet is OpenID Connect Core 1.0 5.3.1: userinfo answers a GET with an access token, and no other.
var userinfoGet = check.Rule{
	ID:        "oidc/oidcc-userinfo-get",
	Title:     "userinfo answers a GET with an access token, and no other",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.3.1"},
	Scope:     "userinfo",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c))
		told(ctx, t, c, tokens)
		t.Refused("a token that was not issued", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access+"x"), "invalid_token")
		t.Refused("an ID token", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.ID), "invalid_token")
		t.Refused("no token", t.ResourceAs(ctx, c, http.MethodGet, t.Userinfo(c), "", ""))
	},
}
