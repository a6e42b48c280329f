package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// withoutState is RFC 6749 4.1.1: a request needs no state, and none is made up.
var withoutState = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-request-without-state-success",
	Title:     "a request needs no state, and none is made up",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "4.1.1"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			tokens := succeeds(ctx, t, "a request without state", t.Ask(c, "state", "")) // the answer is held to it
			t.Holds("the ID token has no s_hash", tokens.Claims["s_hash"] == nil, "it has")
		}, party.FAPI)
	},
}
