package oidc

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// discovery is OpenID Connect Discovery 1.0 3: the metadata is complete and true, and the keys can be used.
var discovery = check.Rule{
	ID:        "oidc/oidcc-discovery-endpoint-verification",
	Title:     "the metadata is complete and true, and the keys can be used",
	Citation:  check.Citation{Standard: "OpenID Connect Discovery 1.0", Clause: "3"},
	Scope:     "metadata",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		m := t.Metadata
		t.Holds("issuer is the one that was asked", m.Text("issuer") == t.Issuer, "it is %q", m.Text("issuer"))
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri"} {
			t.Holds(name+" is an https address", isAddress(m.Text(name)), "it is %q", m.Text(name))
		}
		for _, name := range []string{"userinfo_endpoint", "registration_endpoint", "introspection_endpoint", "revocation_endpoint", "end_session_endpoint", "pushed_authorization_request_endpoint"} {
			if m[name] != nil {
				t.Holds(name+" is an https address", isAddress(m.Text(name)), "it is %v", m[name])
			}
		}
		t.Holds("response_types_supported holds code", slices.Contains(m.List("response_types_supported"), "code"), "it is %v", m["response_types_supported"])
		t.Holds("subject_types_supported holds public or pairwise", slices.ContainsFunc(m.List("subject_types_supported"), func(v string) bool { return v == "public" || v == "pairwise" }), "it is %v", m["subject_types_supported"])
		t.Holds("id_token_signing_alg_values_supported holds RS256", slices.Contains(m.List("id_token_signing_alg_values_supported"), "RS256"), "it is %v", m["id_token_signing_alg_values_supported"])
		t.Holds("token_endpoint_auth_signing_alg_values_supported has no none", !slices.Contains(m.List("token_endpoint_auth_signing_alg_values_supported"), "none"), "it has")
		if list := m.List("scopes_supported"); list != nil {
			t.Holds("scopes_supported holds openid", slices.Contains(list, "openid"), "it is %v", list)
		}
		for _, name := range []string{"claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration", "authorization_response_iss_parameter_supported"} {
			if m[name] != nil {
				t.Holds(name+" is a truth value", kindOf(m[name]) == "truth", "it is %v", m[name])
			}
		}
		for _, name := range []string{"claims_supported", "scopes_supported"} {
			t.Should(name+" is told", len(m.List(name)) > 0, "it is not")
		}
		a := t.Call(ctx, http.MethodGet, t.Issuer+"/.well-known/openid-configuration", nil, "")
		t.Holds("it is JSON", strings.HasPrefix(a.Header.Get("Content-Type"), "application/json"), "Content-Type is %q", a.Header.Get("Content-Type"))
		t.Right("the key set can be read, without private or weak keys", t.CheckKeys(ctx))
	},
}
