package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// mismatchedJKTAtToken is RFC 9449 10: a code is bound to the key that dpop_jkt names.
var mismatchedJKTAtToken = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
	Title:     "a code is bound to the key that dpop_jkt names",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "10"},
	Scope:     "token request",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "dpop_jkt", t.ProofKey(c).Thumbprint())
			code := t.Code(ctx, t.Browser(), r)
			t.Refused("a proof of another key", t.Redeem(ctx, r, code, party.WithProof(t.NewKey(), nil)), badProof...)
		}, party.FAPI, party.BoundDPoP)
	},
}
