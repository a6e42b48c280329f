package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionAudienceList is FAPI 2.0 Security Profile 5.3.2.1 item 8: the audience of an assertion is a text.
var assertionAudienceList = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-test-array-as-audience-fails",
	Title:     "the audience of an assertion is a text",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 8"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertions(ctx, t, "the issuer in a list", func(t *party.Trial) party.Changes { return party.Changes{"aud": []string{t.Issuer}} })
		assertions(ctx, t, "the issuer among others", func(t *party.Trial) party.Changes {
			return party.Changes{"aud": []string{t.Issuer, "https://other.conformance.example"}}
		})
	},
}
