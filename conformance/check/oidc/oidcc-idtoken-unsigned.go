package oidc

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// idTokenUnsigned is OpenID Connect Core 1.0 2: nobody gets unsigned ID tokens who did not ask for them.
var idTokenUnsigned = check.Rule{
	ID:        "oidc/oidcc-idtoken-unsigned",
	Title:     "nobody gets unsigned ID tokens who did not ask for them",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "2"},
	Scope:     "ID token",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		a := registers(ctx, t, map[string]any{"id_token_signed_response_alg": "none"})
		if !a.OK() {
			t.Refused("a registration with the algorithm none", a, "invalid_client_metadata")
			return
		}
		defer t.Unregister(ctx, a)
		if a.String("id_token_signed_response_alg") == "none" {
			t.Require("none is registered where it is offered alone", slices.Contains(t.Metadata.List("id_token_signing_alg_values_supported"), "none"), "it is registered and not offered")
			t.Skip("unsigned ID tokens are offered; nothing can be verified on them")
		}
		c := party.Registered(a)
		succeeds(ctx, t, "the client gets signed ID tokens", t.Ask(c))
	},
}
