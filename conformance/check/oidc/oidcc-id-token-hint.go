package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// idTokenHint is OpenID Connect Core 1.0 3.1.2.1: a hint at the person who is signed in gives an answer without a page, a forged one does not.
var idTokenHint = check.Rule{
	ID:        "oidc/oidcc-id-token-hint",
	Title:     "a hint at the person who is signed in gives an answer without a page, a forged one does not",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		before, after, l := twice(ctx, t, "", "1s", func(before party.Tokens) []string { return []string{"prompt", "none", "id_token_hint", before.ID} })
		silentlyTheSame(t, before, after, l)
		b, tokens := signedIn(ctx, t, t.Client(party.Ordinary))
		r := t.Ask(t.Client(party.Ordinary), "prompt", "none", "id_token_hint", t.Forged(tokens.ID))
		t.NotAuthorized("a hint that another key has signed", t.Watch(ctx, b, r))
	},
}
