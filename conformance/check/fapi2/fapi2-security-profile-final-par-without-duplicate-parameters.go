package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pushedOnly is RFC 9101 5: client_id and request_uri are enough at the authorization endpoint.
var pushedOnly = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-without-duplicate-parameters",
	Title:     "client_id and request_uri are enough at the authorization endpoint",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "5"},
	Scope:     "authorization request",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			succeeds(ctx, t, "nothing but client_id and request_uri", t.Ask(c)) // which is how the runner always asks
		}, party.FAPI)
	},
}
