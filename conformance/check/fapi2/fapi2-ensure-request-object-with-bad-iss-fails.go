package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectIssuer is RFC 9101 10.2: a request object of another issuer is refused.
var objectIssuer = check.Rule{
	ID:        "fapi2/fapi2-ensure-request-object-with-bad-iss-fails",
	Title:     "a request object of another issuer is refused",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "10.2"},
	Scope:     "request object",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(int64) map[string]party.Changes {
			return map[string]party.Changes{"an object of another issuer": {"iss": "somebody-else"}, "an object with another client_id": {"client_id": "somebody-else"}}
		})
	},
}
