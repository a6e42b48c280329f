package oidc

import (
	"context"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// codeReuse30Seconds is RFC 6749 4.1.2: a code is good once, also half a minute later.
var codeReuse30Seconds = check.Rule{
	ID:        "oidc/oidcc-codereuse-30seconds",
	Title:     "a code is good once, also half a minute later",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "4.1.2"},
	Scope:     "token request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		r := t.Ask(c)
		code := t.Code(ctx, t.NewBrowser(), r)
		tokens := t.Tokens(ctx, r, code)
		t.Wait(ctx, 30*time.Second)
		t.Refused("the code again", t.Redeem(ctx, r, code), "invalid_grant")
		t.Should("the access token is revoked", !t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access).OK(), "it is still good")
	},
}
