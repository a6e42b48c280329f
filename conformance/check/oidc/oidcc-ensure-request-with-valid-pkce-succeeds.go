package oidc

import (
	"context"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// validPKCE is RFC 7636 4.6: a verifier is taken, and a code that was bound to one is not given for another.
var validPKCE = check.Rule{
	ID:        "oidc/oidcc-ensure-request-with-valid-pkce-succeeds",
	Title:     "a verifier is taken, and a code that was bound to one is not given for another",
	Citation:  check.Citation{Standard: "RFC 7636", Clause: "4.6"},
	Scope:     "code flow",
	Effective: "2015-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		succeeds(ctx, t, "a request with a challenge", t.Ask(c))
		t.Offers("code_challenge_methods_supported", "S256")
		for _, verifier := range []string{strings.Repeat("x", 43), ""} {
			r := t.Ask(c)
			code := t.Code(ctx, t.NewBrowser(), r)
			r.Verifier = verifier
			t.Refused(fmt.Sprintf("a verifier of %d characters", len(verifier)), t.Redeem(ctx, r, code), "invalid_grant", "invalid_request")
		}
	},
}
