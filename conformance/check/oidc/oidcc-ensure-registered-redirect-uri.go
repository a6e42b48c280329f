package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registeredRedirect is OpenID Connect Core 1.0 3.1.2.1: nothing is sent to an address that is not registered.
var registeredRedirect = check.Rule{
	ID:        "oidc/oidcc-ensure-registered-redirect-uri",
	Title:     "nothing is sent to an address that is not registered",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		for _, address := range []string{c.RedirectURIs[0] + "/other", "https://other.conformance.example/cb"} {
			t.ShownOnPage("the address "+address, t.Authorize(ctx, t.NewBrowser(), t.Ask(c, "redirect_uri", address)))
		}
	},
}
