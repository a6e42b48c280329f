package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// mismatchedJKT is RFC 9449 10.1: dpop_jkt must be that of the proof that comes with the push.
var mismatchedJKT = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails",
	Title:     "dpop_jkt must be that of the proof that comes with the push",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "10.1"},
	Scope:     "pushed request",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "dpop_jkt", t.NewKey().Thumbprint())
			t.Refused("dpop_jkt of another key", t.Push(ctx, r, party.WithProof(t.ProofKey(c), nil)), append([]string{"invalid_request"}, badProof...)...)
		}, party.FAPI, party.BoundDPoP, party.Plain)
	},
}
