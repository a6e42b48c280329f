package idphttp

import (
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
)

// signingAlgs are those in which ID tokens and signed answers are given, as a client registers them.
var signingAlgs = []string{"ES256", "RS256", "PS256", "SGD_SM3_SM2"}

// requestMetadata adds what the authorization side offers to the discovery document (OpenID Connect Discovery 1.0,
// RFC 9126, RFC 9101, JARM, RFC 9396). Only what is on stands there.
func (s *Server) requestMetadata(document map[string]any, kinds []string) {
	document["response_modes_supported"] = authflow.Modes
	document["id_token_signing_alg_values_supported"] = signingAlgs
	document["userinfo_signing_alg_values_supported"] = signingAlgs
	for _, kind := range []string{"id_token", "userinfo"} {
		document[kind+"_encryption_alg_values_supported"] = idp.KeyWrapAlgs
		document[kind+"_encryption_enc_values_supported"] = idp.EncryptionAlgs
	}
	document["authorization_signing_alg_values_supported"] = signingAlgs
	document["pushed_authorization_request_endpoint"] = s.Issuer + "/par"
	document["require_pushed_authorization_requests"] = false // a client's own registration may require them
	document["request_parameter_supported"] = true
	document["request_uri_parameter_supported"] = false // addresses elsewhere are never fetched (O-24)
	document["request_object_signing_alg_values_supported"] = idp.RequestObjectAlgs
	document["require_signed_request_object"] = false
	document["frontchannel_logout_supported"] = true
	document["frontchannel_logout_session_supported"] = true
	if s.Registration != nil {
		document["registration_endpoint"] = s.Issuer + registrationPath
	}
	if len(kinds) > 0 {
		document["authorization_details_types_supported"] = kinds
	}
}
