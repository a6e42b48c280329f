package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// claimsParameter is OpenID Connect Core 1.0 5.5: single claims can be asked for.
var claimsParameter = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-test-claims-parameter-identity-claims",
	Title:     "single claims can be asked for",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.5"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		if !t.Metadata.True("claims_parameter_supported") {
			t.Skip("the metadata does not name claims_parameter_supported")
		}
		t.Each(func(t *party.Trial, c party.Client) {
			succeeds(ctx, t, "a request with the parameter claims", t.Ask(c, "claims", `{"userinfo":{"name":{"essential":true},"phone_number":null},"id_token":{"auth_time":{"essential":true}}}`))
		}, party.FAPI, party.Plain)
	},
}
