package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// essentialACR is OpenID Connect Core 1.0 5.5.1.1: an authentication class that is essential is met or refused.
var essentialACR = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-test-essential-acr-sca-claim",
	Title:     "an authentication class that is essential is met or refused",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.5.1.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		if !t.Metadata.True("claims_parameter_supported") {
			t.Skip("the metadata does not name claims_parameter_supported")
		}
		const class = "urn:conformance:no-such-class"
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "claims", `{"id_token":{"acr":{"essential":true,"value":"`+class+`"}}}`)
			refused(ctx, t, "a class that nobody can meet", r, "unmet_authentication_requirements", "access_denied", "invalid_request")
		}, party.FAPI, party.Plain)
	},
}
