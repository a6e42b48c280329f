package oidc

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// idTokenSignature is OpenID Connect Core 1.0 3.1.3.7: ID tokens are signed with the registered algorithm and a published key.
var idTokenSignature = check.Rule{
	ID:        "oidc/oidcc-idtoken-signature",
	Title:     "ID tokens are signed with the registered algorithm and a published key",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.3.7"},
	Scope:     "ID token",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c)) // verifies
			algorithm, _ := party.Header(tokens.ID)["alg"].(string)
			t.Holds("the algorithm is one that is offered", slices.Contains(t.Metadata.List("id_token_signing_alg_values_supported"), algorithm), "it is %q", algorithm)
			if c.IDTokenAlg != "" {
				t.Holds("the algorithm is the registered one", algorithm == c.IDTokenAlg, "it is %q", algorithm)
			}
		}, party.Ordinary)
	},
}
