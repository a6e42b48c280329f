package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// proofAfter is FAPI 2.0 Security Profile 5.3.2.1 item 13: a clock that is ten seconds ahead is no fault.
var proofAfter = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds",
	Title:     "a clock that is ten seconds ahead is no fault",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 13"},
	Scope:     "DPoP proof",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		shifted(ctx, t, 10)
	},
}
