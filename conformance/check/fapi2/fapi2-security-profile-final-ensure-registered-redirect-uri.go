package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registeredRedirect is FAPI 2.0 Security Profile 5.3.2.2: nothing is sent to an address that the client has not registered.
var registeredRedirect = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-registered-redirect-uri",
	Title:     "nothing is sent to an address that the client has not registered",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "pushed request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			const address = "https://other.conformance.example/cb"
			r := t.Ask(c, "redirect_uri", address)
			l := t.Authorize(ctx, t.Browser(), r)
			if l.Values.Has("code") {
				t.Holds("RFC 9126 2.4 lets the server take it with a pushed request of an authenticated client", l.Pushed != nil && l.Pushed.OK(), "the code went out without a push")
				return
			}
			t.NotAuthorized("an address that is not registered", l, badObject...)
			t.Holds("nothing is sent there", l.Target == nil, "%s", l.Said())
		}, party.FAPI)
	},
}
