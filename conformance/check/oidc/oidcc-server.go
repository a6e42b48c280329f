package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// server is OpenID Connect Core 1.0 3.1: the code flow gives a code, tokens and a verifiable ID token for one subject.
var server = check.Rule{
	ID:        "oidc/oidcc-server",
	Title:     "the code flow gives a code, tokens and a verifiable ID token for one subject",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1"},
	Scope:     "code flow",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c, b := t.Client(party.Ordinary), t.NewBrowser()
		r := t.Ask(c)
		l := t.Authorize(ctx, b, r)
		t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
		t.Right("state, issuer and address of the answer", t.CheckAnswer(r, l))
		answer := t.Redeem(ctx, r, l.Values.Get("code"))
		t.Taken("the code is redeemed", answer)
		tokens, err := t.CheckTokens(ctx, r, answer)
		t.Right("the token response and its ID token", err)
		told(ctx, t, c, tokens)
	},
}
