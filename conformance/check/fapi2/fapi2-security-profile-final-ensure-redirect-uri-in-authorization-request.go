package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectNeeded is FAPI 2.0 Security Profile 5.3.2.2 item 6: a pushed request must name its address.
var redirectNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request",
	Title:     "a pushed request must name its address",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 6"},
	Scope:     "pushed request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			refused(ctx, t, "a request without redirect_uri", t.Ask(c, "redirect_uri", ""), badObject...)
		}, party.FAPI, party.Plain)
	},
}
