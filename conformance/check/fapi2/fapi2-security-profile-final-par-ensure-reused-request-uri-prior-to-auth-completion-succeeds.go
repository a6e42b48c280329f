package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestURIVisited is FAPI 2.0 Security Profile 5.3.2.2: a person may open a pushed request twice before signing in.
var requestURIVisited = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
	Title:     "a person may open a pushed request twice before signing in",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c)
			pushed := t.Push(ctx, r)
			t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
			b, query := t.NewBrowser(), party.PushedQuery(c, pushed)
			t.Look(ctx, b, t.AuthorizationURL(query))
			l := t.Follow(ctx, b, c, query)
			t.Require("the second visit leads to a code", l.Values.Get("code") != "", "%s", l.Said())
			t.Tokens(ctx, r, t.CodeOf(r, l))
		}, party.FAPI)
	},
}
