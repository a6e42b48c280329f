package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionAudience is OpenID Connect Core 1.0 9: a client assertion for the issuer is taken, and one for somebody else is not.
var assertionAudience = check.Rule{
	ID:        "oidc/oidcc-ensure-client-assertion-with-iss-aud-succeeds",
	Title:     "a client assertion for the issuer is taken, and one for somebody else is not",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "9"},
	Scope:     "client authentication",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.KeyAuth, party.Plain)
		r := t.Ask(c)
		code := t.Code(ctx, t.NewBrowser(), r)
		t.Refused("an assertion for another server", t.Redeem(ctx, r, code, party.WithAssertion(party.Changes{"aud": "https://other.conformance.example"})), "invalid_client")
		r = t.Ask(c)
		code = t.Code(ctx, t.NewBrowser(), r)
		t.Taken("an assertion for the issuer", t.Redeem(ctx, r, code, party.WithAssertion(party.Changes{"aud": t.Issuer})))
	},
}
