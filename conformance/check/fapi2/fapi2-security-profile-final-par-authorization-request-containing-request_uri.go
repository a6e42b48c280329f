package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectOfURI is RFC 9101 4: a request object does not point to another.
var objectOfURI = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-authorization-request-containing-request_uri",
	Title:     "a request object does not point to another",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "4"},
	Scope:     "request object",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		claimsOfObject(ctx, t, func(int64) map[string]party.Changes {
			return map[string]party.Changes{"an object with request_uri": {"request_uri": "urn:ietf:params:oauth:request_uri:bwc4JK-ESC0w8acc191e-Y1LTC2"}, "an object with request": {"request": "e30.e30."}}
		})
	},
}
