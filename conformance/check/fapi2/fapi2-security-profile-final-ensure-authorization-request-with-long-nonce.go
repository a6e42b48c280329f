package fapi2

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// longNonce is FAPI 2.0 Security Profile 5.3.2.2: a long nonce comes back whole, or is refused.
var longNonce = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-request-with-long-nonce",
	Title:     "a long nonce comes back whole, or is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "authorization request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "nonce", strings.Repeat("0123456789abcdef", 24))
			l := t.Authorize(ctx, t.Browser(), r)
			if !l.Values.Has("code") {
				t.NotAuthorized("a nonce of 384 characters", l, badObject...)
				return
			}
			_, err := t.CheckTokens(ctx, r, t.Redeem(ctx, r, t.CodeOf(r, l)))
			t.Right("a nonce of 384 characters comes back", err)
		}, party.FAPI)
	},
}
