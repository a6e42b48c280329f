package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// codeOfAnother is RFC 6749 4.1.3: a code is no good for another client.
var codeOfAnother = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client",
	Title:     "a code is no good for another client",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "4.1.3"},
	Scope:     "token request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI)
			r, code := granted(ctx, t, c)
			t.Refused("the code in the hands of another client", t.RedeemAs(ctx, other, r, code), "invalid_grant", "invalid_client")
		}, party.FAPI)
	},
}
