package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectUnsigned is RFC 9101 10.2: unsigned request objects are refused.
var objectUnsigned = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-signature-algorithm-is-not-none",
	Title:     "unsigned request objects are refused",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "10.2"},
	Scope:     "request object",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			object(ctx, t, "an unsigned object", c, t.ObjectBy(c.Key(), party.Changes{"alg": "none"}, t.Ask(c), nil))
		}, party.FAPI, party.Signing)
	},
}
