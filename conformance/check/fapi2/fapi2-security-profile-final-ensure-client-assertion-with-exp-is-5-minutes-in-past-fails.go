package fapi2

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionExpired is RFC 7523 3: an assertion that has ended is refused.
var assertionExpired = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
	Title:     "an assertion that has ended is refused",
	Citation:  check.Citation{Standard: "RFC 7523", Clause: "3"},
	Scope:     "client authentication",
	Effective: "2015-05-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertionsOfTokens(ctx, t, "an assertion that ended five minutes ago", func(t *party.Trial) party.Changes {
			return party.Changes{"exp": t.Now().Add(-5 * time.Minute).Unix(), "iat": t.Now().Add(-6 * time.Minute).Unix(), "nbf": nil}
		})
		assertionsOfTokens(ctx, t, "an assertion without end", func(*party.Trial) party.Changes { return party.Changes{"exp": nil} })
	},
}
