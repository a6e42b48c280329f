package fapi2

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// nonce64 is FAPI 2.0 Security Profile 5.3.2.2 item 14: a nonce of 64 characters comes back.
var nonce64 = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success",
	Title:     "a nonce of 64 characters comes back",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 14"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			succeeds(ctx, t, "a nonce of 64 characters", t.Ask(c, "nonce", strings.Repeat("0123456789abcdef", 4)))
		}, party.FAPI)
	},
}
