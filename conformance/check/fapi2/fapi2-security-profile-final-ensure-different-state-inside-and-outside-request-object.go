package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// differentState is RFC 9126 4: a state beside the pushed request is not the one that counts.
var differentState = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object",
	Title:     "a state beside the pushed request is not the one that counts",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "4"},
	Scope:     "authorization request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c)
			pushed := t.Push(ctx, r)
			t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
			query := party.PushedQuery(c, pushed)
			query.Set("state", "outside")
			l := t.Follow(ctx, t.Browser(), c, query)
			if !l.Values.Has("code") {
				t.NotAuthorized("another state outside", l, badObject...)
				return
			}
			t.Right("the state of the answer is that inside", t.CheckAnswer(r, l))
		}, party.FAPI)
	},
}
