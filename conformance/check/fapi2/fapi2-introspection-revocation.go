package fapi2

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// introspection is RFC 7662 2.2: introspection tells of a live token, of nothing after its revocation, and strangers nothing.
var introspection = check.Rule{
	ID:        "fapi2/fapi2-introspection-revocation",
	Title:     "introspection tells of a live token, of nothing after its revocation, and strangers nothing",
	Citation:  check.Citation{Standard: "RFC 7662", Clause: "2.2"},
	Scope:     "introspection",
	Effective: "2015-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Has("introspection_endpoint")
		t.Has("revocation_endpoint")
		t.Each(func(t *party.Trial, c party.Client) {
			tokens := t.Login(ctx, t.Browser(), t.Ask(c))
			active := func(c party.Client) any {
				a := t.Post(ctx, "introspection_endpoint", c, map[string][]string{"token": {tokens.Access}}, party.WithoutProof)
				t.Need("introspection answers", a.OK(), "%s", a.Said())
				if a.Body == nil { // a signed answer, which another rule judges
					told, _ := party.Payload(a.Text)["token_introspection"].(map[string]any)
					return told["active"]
				}
				return a.Body["active"]
			}
			t.Holds("a live token is active", active(c) == true, "it is not")
			t.Refused("a question without client authentication", t.Post(ctx, "introspection_endpoint", c, map[string][]string{"token": {tokens.Access}}, party.Anonymous, party.WithoutProof, party.WithoutCertificate), badClient...)
			t.Taken("the token is revoked", t.Post(ctx, "revocation_endpoint", c, map[string][]string{"token": {tokens.Access}}, party.WithoutProof))
			t.Holds("a revoked token is not active", active(c) == false, "it is")
			t.Refused("the resource takes it no more", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access), "invalid_token")
		}, party.FAPI)
	},
}
