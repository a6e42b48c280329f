package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// responseTypeToken is FAPI 2.0 Security Profile 5.3.2.2 item 1: no access token comes by way of the browser.
var responseTypeToken = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-response-type-token-fails",
	Title:     "no access token comes by way of the browser",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 1"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			refused(ctx, t, "response_type token", t.Ask(c, "response_type", "token"), badType...)
		}, party.FAPI)
	},
}
