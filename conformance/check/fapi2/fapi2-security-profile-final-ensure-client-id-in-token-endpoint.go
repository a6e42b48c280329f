package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// clientID is RFC 6749 3.2.1: a client_id that is not of the client that proves itself is refused.
var clientID = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-client-id-in-token-endpoint",
	Title:     "a client_id that is not of the client that proves itself is refused",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.2.1"},
	Scope:     "token request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI)
			r, code := granted(ctx, t, c)
			t.Refused("client_id of another client", t.Redeem(ctx, r, code, party.NamedAs(other.ClientID)), "invalid_client", "invalid_request", "invalid_grant")
		}, party.FAPI)
	},
}
