package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// withoutNonce is OpenID Connect Core 1.0 3.1.2.1: a request needs no nonce, and none is made up.
var withoutNonce = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-authorization-request-without-nonce-success",
	Title:     "a request needs no nonce, and none is made up",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			tokens := succeeds(ctx, t, "a request without nonce", t.Ask(c, "nonce", ""))
			t.Holds("the ID token has no nonce", tokens.Claims["nonce"] == nil, "it has")
		}, party.FAPI)
	},
}
