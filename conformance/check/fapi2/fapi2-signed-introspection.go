package fapi2

import (
	"context"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// signedIntrospection is RFC 9701 5: an introspection answer is signed for the one who asks.
var signedIntrospection = check.Rule{
	ID:        "fapi2/fapi2-signed-introspection",
	Title:     "an introspection answer is signed for the one who asks",
	Citation:  check.Citation{Standard: "RFC 9701", Clause: "5"},
	Scope:     "introspection",
	Effective: "2025-01-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Has("introspection_endpoint")
		t.Each(func(t *party.Trial, c party.Client) {
			if c.IntrospectionAlg == "" {
				t.Skip("the client has no introspection_signed_response_alg")
			}
			tokens := t.Login(ctx, t.Browser(), t.Ask(c))
			a := t.Post(ctx, "introspection_endpoint", c, map[string][]string{"token": {tokens.Access}}, party.WithoutProof, party.Accepting("application/token-introspection+jwt"))
			t.Taken("introspection answers", a)
			t.Require("the answer is a JWT", strings.HasPrefix(a.Header.Get("Content-Type"), "application/token-introspection+jwt"), "Content-Type is %q", a.Header.Get("Content-Type"))
			t.Holds("its typ is token-introspection+jwt", party.Header(a.Text)["typ"] == "token-introspection+jwt", "typ is %v", party.Header(a.Text)["typ"])
			claims, err := t.VerifySigned(ctx, c, a.Text, "token-introspection+jwt", c.IntrospectionAlg)
			t.Right("it verifies, from the issuer and for the client", err)
			told, _ := claims["token_introspection"].(map[string]any)
			t.Holds("it says that the token is active", told["active"] == true, "token_introspection is %v", told["active"])
			t.Holds("it holds no sub or exp of its own", claims["sub"] == nil && claims["exp"] == nil, "it could pass for another token")
		}, party.FAPI, party.Answered)
	},
}
