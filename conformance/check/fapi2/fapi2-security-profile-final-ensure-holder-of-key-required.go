package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// holderOfKey is FAPI 2.0 Security Profile 5.3.2.1: no token is issued that is bound to nothing.
var holderOfKey = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-holder-of-key-required",
	Title:     "no token is issued that is bound to nothing",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1"},
	Scope:     "token request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			if c.DPoP {
				r, code := granted(ctx, t, c)
				t.Refused("a token request without a proof", t.Redeem(ctx, r, code, party.WithoutProof), "invalid_dpop_proof", "invalid_request", "invalid_grant")
				return
			}
			r, code := granted(ctx, t, c)
			t.Refused("a token request without a certificate", t.Redeem(ctx, r, code, party.WithoutCertificate), "invalid_request", "invalid_grant", "invalid_client")
		}, party.FAPI)
	},
}
