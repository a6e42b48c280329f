package fapi2

import (
	"context"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// codeReuse is RFC 6749 4.1.2: a code is good once.
var codeReuse = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second",
	Title:     "a code is good once",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "4.1.2"},
	Scope:     "token request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r, code := granted(ctx, t, c)
			tokens := t.Tokens(ctx, r, code)
			t.Wait(ctx, time.Second)
			t.Refused("the code again", t.Redeem(ctx, r, code), "invalid_grant")
			t.Should("the access token is revoked", !t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access).OK(), "it is still good")
		}, party.FAPI)
	},
}
