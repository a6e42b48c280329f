package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// stateOnlyOutside is RFC 9126 4: a state that stands beside the pushed request alone is not used.
var stateOnlyOutside = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-state-only-outside-request-object-not-used",
	Title:     "a state that stands beside the pushed request alone is not used",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "4"},
	Scope:     "authorization request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "state", "")
			pushed := t.Push(ctx, r)
			t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
			query := party.PushedQuery(c, pushed)
			query.Set("state", "outside")
			l := t.Follow(ctx, t.Browser(), c, query)
			if !l.Values.Has("code") {
				t.NotAuthorized("a state outside", l, badObject...)
				return
			}
			t.Holds("no state comes back", !l.Values.Has("state"), "state is %q", l.Values.Get("state"))
		}, party.FAPI)
	},
}
