package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// unknownParameter is RFC 6749 3.1: an unknown parameter is ignored.
var unknownParameter = check.Rule{
	ID:        "oidc/oidcc-ensure-request-with-unknown-parameter-succeeds",
	Title:     "an unknown parameter is ignored",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.1"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		succeeds(ctx, t, "a request with extra=foobar", t.Ask(t.Client(party.Ordinary), "extra", "foobar"))
	},
}
