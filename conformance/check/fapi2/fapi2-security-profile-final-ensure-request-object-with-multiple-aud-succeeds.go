package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectAudienceList is FAPI 2.0 Message Signing 5.3.1: a request object for us among others is taken.
var objectAudienceList = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-with-multiple-aud-succeeds",
	Title:     "a request object for us among others is taken",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.3.1"},
	Scope:     "request object",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c)
			l := pushedObject(ctx, t, c, t.Object(r, party.Changes{"aud": []string{"https://other.conformance.example", t.Issuer}}))
			t.Require("an object for the issuer among others", l.Values.Get("code") != "", "%s", l.Said())
			t.Tokens(ctx, r, t.CodeOf(r, l))
		}, party.FAPI, party.Signing)
	},
}
