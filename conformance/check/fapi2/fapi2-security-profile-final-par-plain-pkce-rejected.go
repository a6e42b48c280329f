package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pkcePlain is FAPI 2.0 Security Profile 5.3.2.2 item 5: a challenge is a digest, never the verifier itself.
var pkcePlain = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-plain-pkce-rejected",
	Title:     "a challenge is a digest, never the verifier itself",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2 item 5"},
	Scope:     "pushed request",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "code_challenge_method", "plain")
			refused(ctx, t, "the method plain", r.With("code_challenge", r.Verifier), badObject...)
			r = t.Ask(c, "code_challenge_method", "")
			refused(ctx, t, "no method, which means plain", r.With("code_challenge", r.Verifier), badObject...)
		}, party.FAPI)
	},
}
