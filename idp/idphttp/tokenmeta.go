package idphttp

import (
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// tokenMetadata adds what the token side offers to the discovery document (RFC 8414, RFC 8705, RFC 9449).
func (s *Server) tokenMetadata(document map[string]any) {
	methods := s.Auth.Methods()
	confidential := slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == idp.AuthNone })
	document["device_authorization_endpoint"] = s.Issuer + "/device_authorization"
	document["grant_types_supported"] = s.Grants.Types()
	document["dpop_signing_alg_values_supported"] = oauth.ProofAlgNames()
	document["introspection_signing_alg_values_supported"] = idp.AccessTokenAlgs
	if slices.Contains(methods, idp.AuthTLS) {
		document["tls_client_certificate_bound_access_tokens"] = true
	}
	document["token_endpoint_auth_methods_supported"] = methods
	document["revocation_endpoint_auth_methods_supported"] = methods
	document["introspection_endpoint_auth_methods_supported"] = confidential
	for _, endpoint := range []string{"token", "revocation", "introspection"} {
		document[endpoint+"_endpoint_auth_signing_alg_values_supported"] = idp.AssertionAlgs
	}
}
