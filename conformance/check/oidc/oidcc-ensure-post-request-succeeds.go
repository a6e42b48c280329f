package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// postRequest is OpenID Connect Core 1.0 3.1.2.1: the authorization endpoint takes a POST.
var postRequest = check.Rule{
	ID:        "oidc/oidcc-ensure-post-request-succeeds",
	Title:     "the authorization endpoint takes a POST",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		r := t.Ask(t.Client(party.Ordinary))
		l := t.Posted(ctx, t.NewBrowser(), r)
		t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
		t.Tokens(ctx, r, t.CodeOf(r, l))
	},
}
