package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// userinfoPostBody is RFC 6750 2.2: an access token in a form is taken, or refused as such.
var userinfoPostBody = check.Rule{
	ID:        "oidc/oidcc-userinfo-post-body",
	Title:     "an access token in a form is taken, or refused as such",
	Citation:  check.Citation{Standard: "RFC 6750", Clause: "2.2"},
	Scope:     "userinfo",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c))
		a := t.PostToken(ctx, t.Userinfo(c), tokens.Access)
		if !a.OK() {
			t.Refused("a token in the form body", a)
			t.Should("userinfo takes a token from the form body", false, "it answers %s", a.Said())
			return
		}
		t.Holds("userinfo is about the subject of the ID token", a.String("sub") == tokens.Text("sub"), "they differ")
	},
}
