package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionNeeded is FAPI 2.0 Security Profile 5.3.2.1 item 6: a client that does not prove itself gets no tokens.
var assertionNeeded = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint",
	Title:     "a client that does not prove itself gets no tokens",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 6"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			t.Refused("a push without client authentication", t.Push(ctx, t.Ask(c), party.Anonymous, party.WithoutCertificate, party.NamedAs(c.ClientID)), badClient...)
			r, code := granted(ctx, t, c)
			t.Refused("a token request without client authentication", t.Redeem(ctx, r, code, party.Anonymous, party.WithoutCertificate, party.NamedAs(c.ClientID)), badClient...)
		}, party.FAPI)
	},
}
