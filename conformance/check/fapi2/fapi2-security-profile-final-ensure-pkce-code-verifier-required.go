package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// verifierNeeded is RFC 7636 4.6: a code that is bound to a challenge is no good without its verifier.
var verifierNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-pkce-code-verifier-required",
	Title:     "a code that is bound to a challenge is no good without its verifier",
	Citation:  check.Citation{Standard: "RFC 7636", Clause: "4.6"},
	Scope:     "token request",
	Effective: "2015-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r, code := granted(ctx, t, c)
			r.Verifier = ""
			t.Refused("no verifier", t.Redeem(ctx, r, code), "invalid_grant", "invalid_request")
		}, party.FAPI)
	},
}
