package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionAudience is FAPI 2.0 Security Profile 5.3.2.1 item 8: an assertion for another server is refused.
var assertionAudience = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails",
	Title:     "an assertion for another server is refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 8"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertionsOfTokens(ctx, t, "an assertion for another server", func(*party.Trial) party.Changes {
			return party.Changes{"aud": "https://other.conformance.example"}
		})
	},
}
