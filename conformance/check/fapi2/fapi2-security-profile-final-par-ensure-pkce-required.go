package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pkceNeeded is FAPI 2.0 Security Profile 5.3.2.2 item 5: a request without a challenge is refused.
var pkceNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-ensure-pkce-required",
	Title:     "a request without a challenge is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 5"},
	Scope:     "pushed request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			refused(ctx, t, "a request without a challenge", t.Ask(c, "code_challenge", "", "code_challenge_method", ""), badObject...)
		}, party.FAPI)
	},
}
