package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectOldBegin is FAPI 2.0 Message Signing 5.3.1: a request object began an hour ago at most.
var objectOldBegin = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-with-nbf-over-60-fails",
	Title:     "a request object began an hour ago at most",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.3.1"},
	Scope:     "request object",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(now int64) map[string]party.Changes {
			return map[string]party.Changes{"an object that began seventy minutes ago": {"nbf": now - 4200, "iat": now - 4200}}
		})
	},
}
