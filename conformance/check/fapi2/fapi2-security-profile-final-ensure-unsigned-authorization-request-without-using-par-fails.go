package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pushNeeded is FAPI 2.0 Security Profile 5.3.2.2: a request that was not pushed is refused.
var pushNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails",
	Title:     "a request that was not pushed is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			t.NotAuthorized("a request by address", t.Follow(ctx, t.NewBrowser(), c, t.Ask(c).Params), badObject...)
		}, party.FAPI)
	},
}
