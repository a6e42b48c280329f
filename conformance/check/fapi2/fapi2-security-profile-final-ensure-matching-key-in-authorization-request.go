package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectKey is RFC 9101 6.2: a request object that another client has signed is refused.
var objectKey = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-matching-key-in-authorization-request",
	Title:     "a request object that another client has signed is refused",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "6.2"},
	Scope:     "request object",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI, party.Signing)
			object(ctx, t, "an object by the key of another client", c, t.ObjectBy(other.Key(), party.Changes{"kid": c.Key().ID}, t.Ask(c), nil))
		}, party.FAPI, party.Signing)
	},
}
