package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectAhead is FAPI 2.0 Security Profile 5.3.2.1 item 13: a clock that is eight seconds ahead is no fault.
var objectAhead = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted",
	Title:     "a clock that is eight seconds ahead is no fault",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 13"},
	Scope:     "request object",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r, soon := t.Ask(c), t.Now().Unix()+8
			l := pushedObject(ctx, t, c, t.Object(r, party.Changes{"nbf": soon, "iat": soon}))
			t.Require("an object of eight seconds ahead", l.Values.Get("code") != "", "%s", l.Said())
		}, party.FAPI, party.Signing)
	},
}
