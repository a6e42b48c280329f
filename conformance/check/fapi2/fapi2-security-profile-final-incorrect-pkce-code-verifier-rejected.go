package fapi2

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// verifierWrong is RFC 7636 4.6: a code that is bound to a challenge is no good with another verifier.
var verifierWrong = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected",
	Title:     "a code that is bound to a challenge is no good with another verifier",
	Citation:  check.Citation{Standard: "RFC 7636", Clause: "4.6"},
	Scope:     "token request",
	Effective: "2015-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r, code := granted(ctx, t, c)
			r.Verifier = strings.Repeat("x", 43)
			t.Refused("another verifier", t.Redeem(ctx, r, code), "invalid_grant")
		}, party.FAPI)
	},
}
