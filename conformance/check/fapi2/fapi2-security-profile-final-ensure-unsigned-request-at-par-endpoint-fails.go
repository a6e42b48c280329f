package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// signedNeeded is FAPI 2.0 Message Signing 5.3.1: a client that signs its requests cannot do without.
var signedNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-unsigned-request-at-par-endpoint-fails",
	Title:     "a client that signs its requests cannot do without",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.3.1"},
	Scope:     "pushed request",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			t.Refused("parameters without an object", t.PushForm(ctx, c, t.Ask(c).Params), badObject...)
		}, party.FAPI, party.Signing)
	},
}
