package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestURIReuse is RFC 9126 7.3: a pushed request is answered once.
var requestURIReuse = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-attempt-reuse-request_uri",
	Title:     "a pushed request is answered once",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "7.3"},
	Scope:     "authorization request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c)
			pushed := t.Push(ctx, r)
			t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
			query := party.PushedQuery(c, pushed)
			l := t.Follow(ctx, t.Browser(), c, query)
			t.Require("the first use leads to a code", l.Values.Get("code") != "", "%s", l.Said())
			t.NotAuthorized("the second use", t.Follow(ctx, t.NewBrowser(), c, query), "invalid_request_uri", "invalid_request")
		}, party.FAPI)
	},
}
