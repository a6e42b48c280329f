package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectLongLife is FAPI 2.0 Message Signing 5.3.1: a request object lives an hour at most.
var objectLongLife = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-with-exp-over-60-fails",
	Title:     "a request object lives an hour at most",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.3.1"},
	Scope:     "request object",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(now int64) map[string]party.Changes {
			return map[string]party.Changes{"an object of seventy minutes": {"exp": now + 4200}}
		})
	},
}
