package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectExpired is FAPI 2.0 Message Signing 5.3.1: a request object that has ended is refused.
var objectExpired = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-expired-request-object-fails",
	Title:     "a request object that has ended is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.3.1"},
	Scope:     "request object",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(now int64) map[string]party.Changes {
			return map[string]party.Changes{"an object that ended five minutes ago": {"exp": now - 300, "nbf": now - 600, "iat": now - 600}}
		})
	},
}
