package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// userRejects is RFC 6749 4.1.2.1: a person who refuses is told of as access_denied.
var userRejects = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-user-rejects-authentication",
	Title:     "a person who refuses is told of as access_denied",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "4.1.2.1"},
	Scope:     "authorization response",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "prompt", "consent")
			t.Denied("a person who refuses", r, t.Deny(ctx, t.NewBrowser(), r), "access_denied")
		}, party.FAPI)
	},
}
