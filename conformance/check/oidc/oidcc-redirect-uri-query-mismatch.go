package oidc

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectQueryMismatch is OpenID Connect Core 1.0 3.1.2.1: another query than the registered one is another address.
var redirectQueryMismatch = check.Rule{
	ID:        "oidc/oidcc-redirect-uri-query-mismatch",
	Title:     "another query than the registered one is another address",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.WithQuery)
		address, _, _ := strings.Cut(c.RedirectWithQuery(), "?")
		t.ShownOnPage("a query of other parameters", t.Authorize(ctx, t.NewBrowser(), t.Ask(c, "redirect_uri", address+"?bad=wrong")))
	},
}
