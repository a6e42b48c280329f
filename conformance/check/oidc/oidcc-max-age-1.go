package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// maxAge1 is OpenID Connect Core 1.0 3.1.2.1: a login older than max_age is done again and its time told.
var maxAge1 = check.Rule{
	ID:        "oidc/oidcc-max-age-1",
	Title:     "a login older than max_age is done again and its time told",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		before, after, l := twice(ctx, t, "", "2s", func(party.Tokens) []string { return []string{"max_age", "1"} })
		t.Holds("the ID token has auth_time", after.AuthTime() != 0, "it has none")
		askedAgain(t, before, after, l)
	},
}
