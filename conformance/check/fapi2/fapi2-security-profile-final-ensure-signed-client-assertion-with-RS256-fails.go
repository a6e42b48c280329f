package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionRS256 is FAPI 2.0 Security Profile 5.4: assertions with RSA PKCS #1 v1.5 are refused.
var assertionRS256 = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails",
	Title:     "assertions with RSA PKCS #1 v1.5 are refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.4"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			t.Refused("an assertion with RS256", t.Push(ctx, t.Ask(c), party.AssertionBy(c.Key(), party.Changes{"alg": "RS256"})), badClient...)
			r, code := granted(ctx, t, c)
			t.Refused("the same at the token endpoint", t.Redeem(ctx, r, code, party.AssertionBy(c.Key(), party.Changes{"alg": "RS256"})), badClient...)
		}, party.FAPI, party.KeyAuth, party.WithRSA)
	},
}
