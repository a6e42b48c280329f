package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// mismatchedProof is RFC 9449 10: a code is bound to the key of the proof at the push.
var mismatchedProof = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
	Title:     "a code is bound to the key of the proof at the push",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "10"},
	Scope:     "token request",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r, code := granted(ctx, t, c, party.WithProof(t.ProofKey(c), nil))
			t.Refused("a proof of another key", t.Redeem(ctx, r, code, party.WithProof(t.NewKey(), nil)), badProof...)
		}, party.FAPI, party.BoundDPoP)
	},
}
