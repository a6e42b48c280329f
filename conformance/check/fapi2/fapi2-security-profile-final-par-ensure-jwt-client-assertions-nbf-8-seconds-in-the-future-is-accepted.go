package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionAhead is FAPI 2.0 Security Profile 5.3.2.1 item 13: a clock that is eight seconds ahead is no fault.
var assertionAhead = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted",
	Title:     "a clock that is eight seconds ahead is no fault",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 13"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			soon := t.Now().Unix() + 8
			t.Taken("an assertion of eight seconds ahead", t.Push(ctx, t.Ask(c), party.WithAssertion(party.Changes{"iat": soon, "nbf": soon, "exp": soon + 60})))
		}, party.FAPI, party.KeyAuth)
	},
}
