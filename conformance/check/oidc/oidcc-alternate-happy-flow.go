package oidc

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// alternateOrder is RFC 6749 3.3: neither the order of scopes nor that of parameters matters.
var alternateOrder = check.Rule{
	ID:        "oidc/oidcc-alternate-happy-flow",
	Title:     "neither the order of scopes nor that of parameters matters",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.3"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.Scope("profile"))
		r := t.Ask(c, "scope", "profile openid")
		pairs := strings.Split(r.Params.Encode(), "&")
		slices.Reverse(pairs)
		l := t.FollowText(ctx, t.NewBrowser(), c, strings.Join(pairs, "&"))
		t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
		told(ctx, t, c, t.Tokens(ctx, r, t.CodeOf(r, l)))
	},
}
