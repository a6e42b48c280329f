package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// jktBinding is RFC 9449 10: dpop_jkt of the key that is used gives tokens.
var jktBinding = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-dpop-auth-code-binding-success",
	Title:     "dpop_jkt of the key that is used gives tokens",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "10"},
	Scope:     "authorization request",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			succeeds(ctx, t, "dpop_jkt of the own key", t.Ask(c, "dpop_jkt", t.ProofKey(c).Thumbprint()))
		}, party.FAPI, party.BoundDPoP)
	},
}
