package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionSignature is RFC 7523 3: an assertion by another key, unsigned, or used before is refused.
var assertionSignature = check.Rule{
	ID:        "fapi2/fapi2-ensure-client-assertion-with-bad-signature-fails",
	Title:     "an assertion by another key, unsigned, or used before is refused",
	Citation:  check.Citation{Standard: "RFC 7523", Clause: "3"},
	Scope:     "client authentication",
	Effective: "2015-05-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			t.Refused("an assertion by another key", t.Push(ctx, t.Ask(c), party.AssertionBy(t.NewKey(), party.Changes{"kid": c.Key().ID})), badClient...)
			t.Refused("an unsigned assertion", t.Push(ctx, t.Ask(c), party.AssertionBy(c.Key(), party.Changes{"alg": "none"})), badClient...)
			jti := t.NewKey().ID
			t.Taken("an assertion", t.Push(ctx, t.Ask(c), party.WithAssertion(party.Changes{"jti": jti})))
			t.Should("an assertion with a jti that was used is refused", !t.Push(ctx, t.Ask(c), party.WithAssertion(party.Changes{"jti": jti})).OK(), "it is taken")
		}, party.FAPI, party.KeyAuth)
	},
}
