package idp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Words of a registration that the token side knows.
const (
	ProfileDefault = "default"
	ProfileFAPI2   = "fapi2"    // FAPI 2.0 Security Profile
	ProfileFAPI2MS = "fapi2_ms" // with FAPI 2.0 Message Signing

	AuthSecretBasic   = "client_secret_basic"
	AuthSecretPost    = "client_secret_post"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
	AuthNone          = "none"

	GrantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantDeviceCode    = "urn:ietf:params:oauth:grant-type:device_code"

	FormatJWT    = "jwt"
	FormatOpaque = "opaque"
)

// TokenSettings is the part of a registration that the token, introspection and revocation endpoints read. The names are
// those of RFC 7591, RFC 8705, RFC 9449 and RFC 9701 where they have one.
type TokenSettings struct {
	JWKS                  KeyDocument `json:"jwks,omitempty" yaml:"jwks"`
	JWKSURI               string      `json:"jwks_uri,omitempty" yaml:"jwks_uri"`
	TokenEndpointAuthAlg  string      `json:"token_endpoint_auth_signing_alg,omitempty" yaml:"token_endpoint_auth_signing_alg"`
	TokenEndpointAudience bool        `json:"token_endpoint_audience,omitempty" yaml:"token_endpoint_audience"` // an assertion may also be meant for the token endpoint (O-30)
	TLSSubjectDN          string      `json:"tls_client_auth_subject_dn,omitempty" yaml:"tls_client_auth_subject_dn"`
	TLSSanDNS             string      `json:"tls_client_auth_san_dns,omitempty" yaml:"tls_client_auth_san_dns"`
	TLSSanURI             string      `json:"tls_client_auth_san_uri,omitempty" yaml:"tls_client_auth_san_uri"`
	TLSSanIP              string      `json:"tls_client_auth_san_ip,omitempty" yaml:"tls_client_auth_san_ip"`
	TLSSanEmail           string      `json:"tls_client_auth_san_email,omitempty" yaml:"tls_client_auth_san_email"`
	CertificateBound      bool        `json:"tls_client_certificate_bound_access_tokens,omitempty" yaml:"tls_client_certificate_bound_access_tokens"`
	DPoPBound             bool        `json:"dpop_bound_access_tokens,omitempty" yaml:"dpop_bound_access_tokens"`
	DPoPNonce             bool        `json:"dpop_nonce_required,omitempty" yaml:"dpop_nonce_required"` // a proof must hold our nonce (RFC 9449 8)
	AccessTokenFormat     string      `json:"access_token_format,omitempty" yaml:"access_token_format"` // jwt (default) or opaque
	AccessTokenAlg        string      `json:"access_token_signed_response_alg,omitempty" yaml:"access_token_signed_response_alg"`
	IntrospectionAlg      string      `json:"introspection_signed_response_alg,omitempty" yaml:"introspection_signed_response_alg"`
	SM2SignatureEncoding  string      `json:"sm2_signature_encoding,omitempty" yaml:"sm2_signature_encoding"`   // raw (default) or der: of every SGD_SM3_SM2 token for or of the client, DPoP proofs apart
	Resources             []string    `json:"resources,omitempty" yaml:"resources"`                             // identifiers (RFC 8707) for which the client answers as a resource server
	TokenExchangeAudience []string    `json:"token_exchange_audience,omitempty" yaml:"token_exchange_audience"` // resource servers for which it may exchange a token (RFC 8693)
	TokenExchangeClients  []string    `json:"token_exchange_clients,omitempty" yaml:"token_exchange_clients"`   // clients whose tokens it may exchange
}

// KeyDocument is a JWK set as it was registered; in YAML it may be written as a mapping or as the JSON text.
type KeyDocument []byte

// MarshalJSON writes the document as it is.
func (d KeyDocument) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("null"), nil
	}
	return d, nil
}

// UnmarshalJSON keeps the document as it is.
func (d *KeyDocument) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*d = nil
		return nil
	}
	*d = slices.Clone(raw)
	return nil
}

// UnmarshalYAML reads a mapping or a text.
func (d *KeyDocument) UnmarshalYAML(node *yaml.Node) error {
	var text string
	if node.Kind == yaml.ScalarNode && node.Decode(&text) == nil {
		*d = KeyDocument(text)
		return nil
	}
	var value map[string]any
	if err := node.Decode(&value); err != nil {
		return fmt.Errorf("read jwks: %w", err)
	}
	raw, err := json.Marshal(value)
	*d = raw
	return err
}

// FAPI reports whether the client is held to FAPI 2.0.
func (c Client) FAPI() bool { return c.Profile == ProfileFAPI2 || c.Profile == ProfileFAPI2MS }

// SignatureEncoding is how {r,s} stands in SM2 tokens that are signed for the client and in assertions and request objects
// that are taken from it.
func (c Client) SignatureEncoding() jose.SignatureEncoding {
	if c.SM2SignatureEncoding == string(jose.SignatureDER) {
		return jose.SignatureDER
	}
	return jose.SignatureRaw
}

// HasSecret reports whether the client authenticates with a shared secret.
func (c Client) HasSecret() bool {
	return c.TokenEndpointAuthMethod == AuthSecretBasic || c.TokenEndpointAuthMethod == AuthSecretPost
}

// AnswersFor reports whether the client is the resource server of an audience: it is named itself, or an identifier that
// it registered.
func (c Client) AnswersFor(audience string) bool {
	return audience == c.ClientID || slices.Contains(c.Resources, audience)
}

// resourceServers finds who answers for an audience. Where two clients claim one, the first by name does, so that all nodes
// agree.
func resourceServers(clients map[string]StoredClient) map[string]string {
	servers := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(clients)) {
		for _, resource := range append([]string{id}, clients[id].Resources...) {
			if _, taken := servers[resource]; !taken {
				servers[resource] = id
			}
		}
	}
	return servers
}

// ResourceServer finds the enabled client that answers for an audience.
func (c *Clients) ResourceServer(audience string) (Client, bool) {
	client, ok := c.Find(c.snapshot.Load().servers[audience])
	return client.Client, ok
}

// AssertionAlgs are the JWS algorithms of client assertions. RS256 is for clients that cannot do better.
var AssertionAlgs = []string{"ES256", "PS256", "EdDSA", "RS256", "SGD_SM3_SM2"}

// AccessTokenAlgs are the algorithms of access tokens and signed introspection answers.
var AccessTokenAlgs = []string{"ES256", "SGD_SM3_SM2"}

// fapiAlgs are those of FAPI 2.0 Security Profile 5.4.1.
var fapiAlgs = []string{"ES256", "PS256", "EdDSA"}

// normalizeTokenSettings checks the token side of a registration and fills in what a profile demands.
func (c *Client) normalizeTokenSettings(refuse func(field, why string) error) error {
	if c.AccessTokenFormat == "" {
		c.AccessTokenFormat = FormatJWT
	}
	if c.AccessTokenAlg == "" {
		c.AccessTokenAlg = "ES256"
	}
	if c.TokenEndpointAuthMethod == AuthPrivateKeyJWT && c.TokenEndpointAuthAlg == "" {
		c.TokenEndpointAuthAlg = c.assertionAlg()
	}
	if c.FAPI() && !c.CertificateBound {
		c.DPoPBound = true // a FAPI client never gets a bearer token; DPoP unless it asks for certificates
	}
	withKeys := c.TokenEndpointAuthMethod == AuthPrivateKeyJWT || c.TokenEndpointAuthMethod == AuthSelfSignedTLS
	switch {
	case c.AccessTokenFormat != FormatJWT && c.AccessTokenFormat != FormatOpaque:
		return refuse("access_token_format", "jwt or opaque")
	case !slices.Contains(AccessTokenAlgs, c.AccessTokenAlg):
		return refuse("access_token_signed_response_alg", "known are "+strings.Join(AccessTokenAlgs, ", "))
	case c.IntrospectionAlg != "" && !slices.Contains(AccessTokenAlgs, c.IntrospectionAlg):
		return refuse("introspection_signed_response_alg", "known are "+strings.Join(AccessTokenAlgs, ", "))
	case !slices.Contains([]string{"", string(jose.SignatureRaw), string(jose.SignatureDER)}, c.SM2SignatureEncoding):
		return refuse("sm2_signature_encoding", "raw or der")
	case c.TokenEndpointAuthAlg != "" && c.TokenEndpointAuthMethod != AuthPrivateKeyJWT:
		return refuse("token_endpoint_auth_signing_alg", "only with private_key_jwt")
	case c.TokenEndpointAuthAlg != "" && !slices.Contains(AssertionAlgs, c.TokenEndpointAuthAlg):
		return refuse("token_endpoint_auth_signing_alg", "known are "+strings.Join(AssertionAlgs, ", "))
	case c.Public() && slices.Contains(c.GrantTypes, GrantTokenExchange):
		return refuse("grant_types", "a public client exchanges no tokens")
	case c.ClientSecret != "" && !c.HasSecret():
		return refuse("client_secret", "not with "+c.TokenEndpointAuthMethod)
	case len(c.JWKS) > 0 && c.JWKSURI != "":
		return refuse("jwks_uri", "not together with jwks")
	case withKeys && len(c.JWKS) == 0 && c.JWKSURI == "":
		return refuse("jwks", c.TokenEndpointAuthMethod+" needs keys")
	case c.DPoPBound && c.CertificateBound:
		return refuse("dpop_bound_access_tokens", "tokens are bound in one way")
	case len(c.Resources) > 50 || len(c.TokenExchangeAudience) > 50 || len(c.TokenExchangeClients) > 50:
		return refuse("resources", "at most 50 of a kind")
	}
	if len(c.JWKS) > 0 {
		_, encryption, err := jose.ParseKeyPairs(c.JWKS)
		if err == nil && len(encryption) > 0 && !c.WantsEncryption() {
			_, err = jose.ParseKeySet(c.JWKS, false) // a key that nobody will use is a mistake (J-12)
		}
		if err != nil {
			return refuse("jwks", err.Error())
		}
	}
	if c.JWKSURI != "" {
		if u, err := url.Parse(c.JWKSURI); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
			return refuse("jwks_uri", "must be an absolute https address")
		}
	}
	for _, resource := range slices.Concat(c.Resources, c.Audience, c.TokenExchangeAudience) {
		if resource == "" || len(resource) > 512 || strings.ContainsAny(resource, " #\t\r\n") {
			return refuse("resources", "identifiers without blanks and fragment (RFC 8707 2)")
		}
	}
	if err := c.checkCertificateNames(refuse); err != nil {
		return err
	}
	return c.checkFAPI(refuse)
}

// assertionAlg is the algorithm of assertions where the registration names none: that of the first registered key that may
// sign them, else ES256. A client that does not say it cannot know our default, but its keys say what it will do.
func (c *Client) assertionAlg() string {
	allowed := AssertionAlgs
	if c.FAPI() {
		allowed = fapiAlgs
	}
	if len(c.JWKS) > 0 {
		set, _, _ := jose.ParseKeyPairs(c.JWKS) // what cannot be read is refused later
		for _, key := range set.Keys() {
			if slices.Contains(allowed, string(key.Algorithm)) {
				return string(key.Algorithm)
			}
		}
	}
	return "ES256"
}

// checkCertificateNames: RFC 8705 2.1.2 wants exactly one name of the certificate.
func (c *Client) checkCertificateNames(refuse func(field, why string) error) error {
	names := 0
	for _, name := range []string{c.TLSSubjectDN, c.TLSSanDNS, c.TLSSanURI, c.TLSSanIP, c.TLSSanEmail} {
		if name != "" {
			names++
		}
	}
	if c.TokenEndpointAuthMethod == AuthTLS && names != 1 || c.TokenEndpointAuthMethod != AuthTLS && names != 0 {
		return refuse("tls_client_auth_subject_dn", "tls_client_auth needs exactly one name of the certificate, other methods none")
	}
	if c.TLSSanIP != "" {
		if _, err := netip.ParseAddr(c.TLSSanIP); err != nil {
			return refuse("tls_client_auth_san_ip", "not an IP address")
		}
	}
	if c.TLSSanEmail != "" {
		if _, err := mail.ParseAddress(c.TLSSanEmail); err != nil {
			return refuse("tls_client_auth_san_email", "not a mail address")
		}
	}
	return nil
}

// checkFAPI makes weaker settings impossible (FAPI 2.0 Security Profile 5.3.2.1 and 5.4.1).
func (c *Client) checkFAPI(refuse func(field, why string) error) error {
	if !c.FAPI() {
		return nil
	}
	switch {
	case !slices.Contains([]string{AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS}, c.TokenEndpointAuthMethod):
		return refuse("token_endpoint_auth_method", "FAPI 2.0 wants private_key_jwt or mutual TLS")
	case c.TokenEndpointAuthAlg != "" && !slices.Contains(fapiAlgs, c.TokenEndpointAuthAlg):
		return refuse("token_endpoint_auth_signing_alg", "FAPI 2.0 allows "+strings.Join(fapiAlgs, ", "))
	case !slices.Contains(fapiAlgs, c.IDTokenAlg):
		return refuse("id_token_signed_response_alg", "FAPI 2.0 allows "+strings.Join(fapiAlgs, ", "))
	case !slices.Contains(fapiAlgs, c.AccessTokenAlg):
		return refuse("access_token_signed_response_alg", "FAPI 2.0 allows "+strings.Join(fapiAlgs, ", "))
	case c.TokenEndpointAudience:
		return refuse("token_endpoint_audience", "FAPI 2.0 takes the issuer as only audience")
	case !c.NeedsPKCE():
		return refuse("require_pkce", "FAPI 2.0 wants PKCE")
	}
	return nil
}
