package fapi2

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// longState is FAPI 2.0 Security Profile 5.3.2.2: a long state comes back whole, or is refused.
var longState = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-request-with-long-state",
	Title:     "a long state comes back whole, or is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "state", strings.Repeat("0123456789abcdef", 24))
			l := t.Authorize(ctx, t.Browser(), r)
			if !l.Values.Has("code") {
				t.NotAuthorized("a state of 384 characters", l, badObject...)
				return
			}
			t.Right("a state of 384 characters comes back", t.CheckAnswer(r, l))
		}, party.FAPI)
	},
}
