package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionFarAhead is FAPI 2.0 Security Profile 5.3.2.1 item 13: an assertion of more than a minute ahead is refused.
var assertionFarAhead = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails",
	Title:     "an assertion of more than a minute ahead is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 13"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertions(ctx, t, "an assertion of more than a minute ahead", func(t *party.Trial) party.Changes {
			later := t.Now().Unix() + 65
			return party.Changes{"iat": later, "nbf": later, "exp": later + 60}
		})
	},
}
