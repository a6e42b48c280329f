package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectRS256 is FAPI 2.0 Security Profile 5.4: request objects with RSA PKCS #1 v1.5 are refused.
var objectRS256 = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-signed-request-object-with-RS256-fails",
	Title:     "request objects with RSA PKCS #1 v1.5 are refused",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.4"},
	Scope:     "request object",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			object(ctx, t, "an object with RS256", c, t.ObjectBy(c.Key(), party.Changes{"alg": "RS256"}, t.Ask(c), nil))
		}, party.FAPI, party.Signing, party.WithRSA)
	},
}
