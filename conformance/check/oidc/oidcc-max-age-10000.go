package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// maxAge10000 is OpenID Connect Core 1.0 3.1.2.1: a login younger than max_age is used and its time told.
var maxAge10000 = check.Rule{
	ID:        "oidc/oidcc-max-age-10000",
	Title:     "a login younger than max_age is used and its time told",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		before, after, l := twice(ctx, t, "15000", "1s", func(party.Tokens) []string { return []string{"max_age", "10000"} })
		t.Holds("both ID tokens have auth_time", before.AuthTime() != 0 && after.AuthTime() != 0, "they have %d and %d", before.AuthTime(), after.AuthTime())
		silentlyTheSame(t, before, after, l)
	},
}
