package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectNeeded is OpenID Connect Core 1.0 3.1.2.1: a client with several addresses must name one.
var redirectNeeded = check.Rule{
	ID:        "oidc/oidcc-ensure-redirect-uri-in-authorization-request",
	Title:     "a client with several addresses must name one",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.ShownOnPage("a request without redirect_uri", t.Authorize(ctx, t.NewBrowser(), t.Ask(t.Client(party.Ordinary, party.WithQuery), "redirect_uri", "")))
	},
}
