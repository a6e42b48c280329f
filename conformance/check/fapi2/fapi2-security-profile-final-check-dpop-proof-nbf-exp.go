package fapi2

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// proofLife is RFC 9449 4.3: a proof may have nbf and exp, which hold as in any token.
var proofLife = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-check-dpop-proof-nbf-exp",
	Title:     "a proof may have nbf and exp, which hold as in any token",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "4.3"},
	Scope:     "DPoP proof",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			now, key := t.Now().Unix(), t.ProofKey(c)
			tokens := t.Login(ctx, t.Browser(), t.Ask(c))
			proof := func(changes party.Changes) party.Answer {
				return t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access, party.WithProof(key, changes))
			}
			t.Taken("a proof with nbf and exp around now", proof(party.Changes{"nbf": now - 5, "exp": now + 60}))
			t.Should("a proof that has ended is refused", !proof(party.Changes{"exp": now - 600}).OK(), "it is taken")
			t.Should("a proof of later is refused", !proof(party.Changes{"nbf": now + 600}).OK(), "it is taken")
		}, party.FAPI, party.BoundDPoP)
	},
}
