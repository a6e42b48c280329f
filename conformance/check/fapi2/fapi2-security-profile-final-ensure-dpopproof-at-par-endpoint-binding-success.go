package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// proofAtPush is RFC 9449 10.1: a proof at the push and one of the same key at the token endpoint give tokens.
var proofAtPush = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success",
	Title:     "a proof at the push and one of the same key at the token endpoint give tokens",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "10.1"},
	Scope:     "pushed request",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			succeeds(ctx, t, "a proof at the push", t.Ask(c), party.WithProof(t.ProofKey(c), nil))
		}, party.FAPI, party.BoundDPoP)
	},
}
