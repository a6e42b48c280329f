package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectQueryAdded is OpenID Connect Core 1.0 3.1.2.1: an address with a query added is another address.
var redirectQueryAdded = check.Rule{
	ID:        "oidc/oidcc-redirect-uri-query-added",
	Title:     "an address with a query added is another address",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		t.ShownOnPage("a query where none is registered", t.Authorize(ctx, t.NewBrowser(), t.Ask(c, "redirect_uri", c.RedirectURIs[0]+"?foo=bar")))
	},
}
