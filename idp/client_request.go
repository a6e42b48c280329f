package idp

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// RequestSettings is the part of a registration that the authorization endpoint, the pages behind it, userinfo and logout
// read. The names are those of RFC 7591, OpenID Connect Dynamic Client Registration 1.0, RFC 9126, RFC 9101, JARM and
// RFC 9396 where they have one.
type RequestSettings struct {
	RequirePushedRequest  bool     `json:"require_pushed_authorization_requests,omitempty" yaml:"require_pushed_authorization_requests"`
	RequireSignedRequest  bool     `json:"require_signed_request_object,omitempty" yaml:"require_signed_request_object"`
	RequestObjectAlg      string   `json:"request_object_signing_alg,omitempty" yaml:"request_object_signing_alg"`               // empty: no request objects
	AuthorizationAlg      string   `json:"authorization_signed_response_alg,omitempty" yaml:"authorization_signed_response_alg"` // empty: no JARM
	UserinfoAlg           string   `json:"userinfo_signed_response_alg,omitempty" yaml:"userinfo_signed_response_alg"`           // empty: plain JSON
	IDTokenKeyWrap        string   `json:"id_token_encrypted_response_alg,omitempty" yaml:"id_token_encrypted_response_alg"`     // empty: signed alone; logout tokens go the same way
	IDTokenEncryption     string   `json:"id_token_encrypted_response_enc,omitempty" yaml:"id_token_encrypted_response_enc"`
	UserinfoKeyWrap       string   `json:"userinfo_encrypted_response_alg,omitempty" yaml:"userinfo_encrypted_response_alg"`
	UserinfoEncryption    string   `json:"userinfo_encrypted_response_enc,omitempty" yaml:"userinfo_encrypted_response_enc"`
	SM2KeyEncoding        string   `json:"sm2_encrypted_key_encoding,omitempty" yaml:"sm2_encrypted_key_encoding"` // raw (default) or asn1
	SubjectType           string   `json:"subject_type,omitempty" yaml:"subject_type"`                             // pairwise, in the client's sector
	AuthorizationDetails  []string `json:"authorization_details_types,omitempty" yaml:"authorization_details_types"`
	DefaultMaxAge         *int     `json:"default_max_age,omitempty" yaml:"default_max_age"`
	DefaultACRValues      []string `json:"default_acr_values,omitempty" yaml:"default_acr_values"`
	FrontchannelLogoutURI string   `json:"frontchannel_logout_uri,omitempty" yaml:"frontchannel_logout_uri"`
	FrontchannelSession   bool     `json:"frontchannel_logout_session_required,omitempty" yaml:"frontchannel_logout_session_required"` // iss and sid go with the address
	BackchannelSession    bool     `json:"backchannel_logout_session_required,omitempty" yaml:"backchannel_logout_session_required"`   // sid stands in every logout token
	InitiateLoginURI      string   `json:"initiate_login_uri,omitempty" yaml:"initiate_login_uri"`
	ClientURI             string   `json:"client_uri,omitempty" yaml:"client_uri"`
	LogoURI               string   `json:"logo_uri,omitempty" yaml:"logo_uri"` // kept as it was sent; the server never fetches or shows it (O-29)
	PolicyURI             string   `json:"policy_uri,omitempty" yaml:"policy_uri"`
	TosURI                string   `json:"tos_uri,omitempty" yaml:"tos_uri"`
	Contacts              []string `json:"contacts,omitempty" yaml:"contacts"`
	SoftwareID            string   `json:"software_id,omitempty" yaml:"software_id"`
	SoftwareVersion       string   `json:"software_version,omitempty" yaml:"software_version"`
	ApprovalState         string   `json:"approval_state,omitempty" yaml:"-"` // of a client that registered itself; see Decide of openplatform
}

// MustPush reports whether authorization requests of the client come by way of the pushed endpoint only (RFC 9126 6).
func (c Client) MustPush() bool { return c.RequirePushedRequest || c.FAPI() }

// MustSignRequest reports whether they come as signed request objects only (RFC 9101 10.5).
func (c Client) MustSignRequest() bool {
	return c.RequireSignedRequest || c.Profile == ProfileFAPI2MS
}

// WantsEncryption reports whether anything is encrypted for the client.
func (c Client) WantsEncryption() bool { return c.IDTokenKeyWrap != "" || c.UserinfoKeyWrap != "" }

// Encryption of ID tokens and userinfo: names of GM/T 0125 alone, since whoever asks for encryption here is a GM partner.
var (
	KeyWrapAlgs    = []string{jose.SM2KeyWrap}
	EncryptionAlgs = []string{jose.SM4GCM}
)

// normalizeEncryption checks what is to be encrypted for the client. It is signed first (OpenID Connect Core 5.3.2 and
// 16.14), and the key must be registered itself, so that approving an application approves who can read its tokens.
func (c *Client) normalizeEncryption(refuse func(field, why string) error) error {
	for _, e := range []struct {
		field    string
		alg, enc *string
	}{{"id_token_encrypted_response", &c.IDTokenKeyWrap, &c.IDTokenEncryption}, {"userinfo_encrypted_response", &c.UserinfoKeyWrap, &c.UserinfoEncryption}} {
		if *e.alg != "" && *e.enc == "" {
			*e.enc = jose.SM4GCM
		}
		switch {
		case *e.alg == "" && *e.enc == "":
			continue
		case !slices.Contains(KeyWrapAlgs, *e.alg):
			return refuse(e.field+"_alg", "known are "+strings.Join(KeyWrapAlgs, ", "))
		case !slices.Contains(EncryptionAlgs, *e.enc):
			return refuse(e.field+"_enc", "known are "+strings.Join(EncryptionAlgs, ", "))
		case c.FAPI():
			return refuse(e.field+"_alg", "not with FAPI 2.0")
		}
		if _, keys, err := jose.ParseKeyPairs(c.JWKS); err != nil || len(keys) == 0 {
			return refuse("jwks", "encryption needs an SM2 key with use enc in jwks")
		}
	}
	switch {
	case c.UserinfoKeyWrap != "" && c.UserinfoAlg == "":
		return refuse("userinfo_signed_response_alg", "what is encrypted is signed first")
	case !slices.Contains([]string{"", string(jose.KeyRaw), string(jose.KeyASN1)}, c.SM2KeyEncoding):
		return refuse("sm2_encrypted_key_encoding", "raw or asn1")
	}
	return nil
}

// RequestObjectAlgs are the JWS algorithms of request objects.
var RequestObjectAlgs = []string{"ES256", "PS256", "EdDSA", "SGD_SM3_SM2"}

// normalizeRequestSettings checks the request side of a registration and fills in what a profile demands, so that a
// weaker setting cannot be registered.
func (c *Client) normalizeRequestSettings(refuse func(field, why string) error) error {
	if c.FAPI() {
		c.RequirePushedRequest = true
	}
	if c.Profile == ProfileFAPI2MS {
		c.RequireSignedRequest = true
		for _, algorithm := range []*string{&c.RequestObjectAlg, &c.AuthorizationAlg, &c.IntrospectionAlg} {
			if *algorithm == "" {
				*algorithm = "ES256"
			}
		}
	}
	for _, a := range []struct {
		field, value string
		known        []string
	}{
		{"userinfo_signed_response_alg", c.UserinfoAlg, knownAlgorithms}, {"authorization_signed_response_alg", c.AuthorizationAlg, knownAlgorithms},
		{"request_object_signing_alg", c.RequestObjectAlg, RequestObjectAlgs},
	} {
		if a.value != "" && !slices.Contains(a.known, a.value) {
			return refuse(a.field, "known are "+strings.Join(a.known, ", "))
		}
		if c.FAPI() && a.value != "" && !slices.Contains(fapiAlgs, a.value) {
			return refuse(a.field, "FAPI 2.0 allows "+strings.Join(fapiAlgs, ", "))
		}
	}
	if err := c.normalizeEncryption(refuse); err != nil {
		return err
	}
	switch {
	case c.RequireSignedRequest && c.RequestObjectAlg == "":
		return refuse("request_object_signing_alg", "request objects are required, so their algorithm must be named")
	case c.RequestObjectAlg != "" && len(c.JWKS) == 0 && c.JWKSURI == "":
		return refuse("jwks", "the client signs its requests, so its keys must be registered")
	case !slices.Contains([]string{"web", "native"}, c.ApplicationType):
		return refuse("application_type", "web or native")
	case c.FAPI() && c.ApplicationType != "web":
		return refuse("application_type", "a FAPI 2.0 client has https addresses only")
	case c.SubjectType != "" && c.SubjectType != "pairwise":
		return refuse("subject_type", "only pairwise")
	case c.DefaultMaxAge != nil && *c.DefaultMaxAge < 0:
		return refuse("default_max_age", "a number of seconds")
	case len(c.RedirectURIs)+len(c.PostLogoutRedirectURIs) > 100 || len(c.AuthorizationDetails) > 50 || len(c.DefaultACRValues) > 10 || len(c.Contacts) > 20:
		return refuse("redirect_uris", "too many values")
	}
	if err := CheckClientName(c.ClientName); err != nil {
		return refuse("client_name", err.Error())
	}
	for field, address := range map[string]string{"frontchannel_logout_uri": c.FrontchannelLogoutURI, "initiate_login_uri": c.InitiateLoginURI, "client_uri": c.ClientURI,
		"logo_uri": c.LogoURI, "policy_uri": c.PolicyURI, "tos_uri": c.TosURI} {
		if address == "" {
			continue
		}
		if err := checkRedirect(address, c.ApplicationType); err != nil {
			return refuse(field, err.Error())
		}
	}
	return nil
}

// CheckResource is RFC 8707 section 2: a resource is an absolute URI without fragment.
func CheckResource(text string) error {
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() || strings.Contains(text, "#") || len(text) > 512 {
		return errors.New("a resource is an absolute URI without fragment")
	}
	return nil
}

func refuseMetadata(field, why string) error {
	return fault.New(fault.ClientMetadata, "field", field, "why", why)
}
