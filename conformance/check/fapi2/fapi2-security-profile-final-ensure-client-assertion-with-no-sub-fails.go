package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionSubject is RFC 7523 3: an assertion without subject is refused.
var assertionSubject = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails",
	Title:     "an assertion without subject is refused",
	Citation:  check.Citation{Standard: "RFC 7523", Clause: "3"},
	Scope:     "client authentication",
	Effective: "2015-05-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertionsOfTokens(ctx, t, "an assertion without sub", func(*party.Trial) party.Changes { return party.Changes{"sub": nil} })
		assertionsOfTokens(ctx, t, "an assertion of somebody else", func(*party.Trial) party.Changes { return party.Changes{"sub": "somebody-else"} })
	},
}
