package fapi2

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// codeExpired is FAPI 2.0 Security Profile 5.3.2.1 item 11: a code lives sixty seconds at most.
var codeExpired = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code",
	Title:     "a code lives sixty seconds at most",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 11"},
	Scope:     "token request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.FAPI)
		r, code := granted(ctx, t, c)
		t.Wait(ctx, 61*time.Second)
		t.Refused("a code of more than sixty seconds", t.Redeem(ctx, r, code), "invalid_grant")
	},
}
