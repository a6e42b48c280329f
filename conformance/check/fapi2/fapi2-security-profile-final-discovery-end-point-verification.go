package fapi2

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// discovery is FAPI 2.0 Security Profile 5.3.2.1: the metadata offers what the profile needs and nothing that it forbids.
var discovery = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-discovery-end-point-verification",
	Title:     "the metadata offers what the profile needs and nothing that it forbids",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1"},
	Scope:     "metadata",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		m := t.Metadata
		t.Holds("issuer is the one that was asked", m.Text("issuer") == t.Issuer, "it is %q", m.Text("issuer"))
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint", "jwks_uri"} {
			t.Holds(name+" is told", m.Text(name) != "", "it is not")
		}
		t.Holds("response_types_supported holds code", slices.Contains(m.List("response_types_supported"), "code"), "it is %v", m["response_types_supported"])
		t.Holds("code_challenge_methods_supported holds S256", slices.Contains(m.List("code_challenge_methods_supported"), "S256"), "it is %v", m["code_challenge_methods_supported"])
		t.Holds("the answers name their issuer", m.True("authorization_response_iss_parameter_supported"), "authorization_response_iss_parameter_supported is %v", m["authorization_response_iss_parameter_supported"])
		methods := m.List("token_endpoint_auth_methods_supported")
		t.Holds("clients can authenticate with a key or a certificate", slices.Contains(methods, "private_key_jwt") || slices.Contains(methods, "tls_client_auth") || slices.Contains(methods, "self_signed_tls_client_auth"), "it is %v", methods)
		bound := len(m.List("dpop_signing_alg_values_supported")) > 0 || m.True("tls_client_certificate_bound_access_tokens")
		t.Holds("tokens can be bound to a key or a certificate", bound, "neither dpop_signing_alg_values_supported nor tls_client_certificate_bound_access_tokens is told")
		for _, name := range []string{"token_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported", "id_token_signing_alg_values_supported", "request_object_signing_alg_values_supported"} {
			list := m.List(name)
			t.Holds(name+" offers PS256, ES256 or EdDSA, and not none", list == nil || slices.ContainsFunc(list, func(a string) bool { return slices.Contains(strong, a) }) && !slices.Contains(list, "none"), "it is %v", list)
		}
		t.Holds("no grant asks for passwords", !slices.Contains(m.List("grant_types_supported"), "password"), "grant_types_supported is %v", m["grant_types_supported"])
	},
}
