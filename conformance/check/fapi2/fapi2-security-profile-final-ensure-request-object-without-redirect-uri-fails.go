package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectRedirectNeeded is FAPI 2.0 Security Profile 5.3.2.2 item 6: a request object must name its address.
var objectRedirectNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails",
	Title:     "a request object must name its address",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 6"},
	Scope:     "request object",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(int64) map[string]party.Changes {
			return map[string]party.Changes{"an object without redirect_uri": {"redirect_uri": nil}}
		})
	},
}
