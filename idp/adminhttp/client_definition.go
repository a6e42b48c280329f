package adminhttp

import "encoding/json"

// AllowedClaim is a claim that a client may have.
type AllowedClaim struct {
	Claim      string `json:"claim" minLength:"1" maxLength:"64" doc:"Name of the claim"`
	Optional   bool   `json:"optional,omitempty" doc:"The person may refuse it alone; not for what a law gives"`
	Purpose    string `json:"purpose" minLength:"1" maxLength:"200" doc:"What it is for"`
	LegalBasis string `json:"legal_basis,omitempty" maxLength:"200" doc:"Law under which it is given; the person's consent when absent"`
}

// Recipient is another department, to which the owner of a client passes claims on.
type Recipient struct {
	Department string        `json:"department" minLength:"1" maxLength:"64" doc:"Identifier of the department in the tree of areas"`
	Name       string        `json:"name,omitempty" maxLength:"200" doc:"Its name, which the tree says: what is sent does not count"`
	Claims     []PassedClaim `json:"claims" minItems:"1" maxItems:"32" doc:"What it gets of the claims that the client has"`
}

// PassedClaim is a claim that a recipient gets.
type PassedClaim struct {
	Claim         string `json:"claim" minLength:"1" maxLength:"64" doc:"Name of the claim"`
	Purpose       string `json:"purpose" minLength:"1" maxLength:"200" doc:"What the recipient needs it for"`
	LegalBasis    string `json:"legal_basis,omitempty" maxLength:"200" doc:"Law under which it is passed on; the person's consent when absent"`
	RetentionDays int    `json:"retention_days" minimum:"1" maximum:"36500" doc:"For how many days the recipient keeps it"`
}

// ClientDefinition is a registration as in files of `admin apply`, without identifier, secret and state. A test holds it
// together with idp.Client: a member that is missing here would be lost by a change.
type ClientDefinition struct {
	ClientName              string            `json:"client_name,omitempty" doc:"Name that people read"`
	Department              string            `json:"department,omitempty" doc:"Organisation behind it"`
	Purpose                 string            `json:"purpose,omitempty" doc:"Shown with the consent"`
	Sector                  string            `json:"sector,omitempty" doc:"User identifiers are the same within a sector; a change gives everybody new ones"`
	RedirectURIs            []string          `json:"redirect_uris,omitempty" doc:"Where a browser may be sent back, compared character by character"`
	PostLogoutRedirectURIs  []string          `json:"post_logout_redirect_uris,omitempty" doc:"Where a browser may go after a logout"`
	BackchannelLogoutURI    string            `json:"backchannel_logout_uri,omitempty" doc:"Where logouts are told"`
	GrantTypes              []string          `json:"grant_types,omitempty" doc:"Grants it may use; authorization_code when absent"`
	ResponseTypes           []string          `json:"response_types,omitempty" doc:"code"`
	Scope                   string            `json:"scope,omitempty" doc:"Scopes it may ask for, separated by blanks"`
	Audience                []string          `json:"audience,omitempty" doc:"Resource servers besides itself"`
	ApplicationType         string            `json:"application_type,omitempty" doc:"web or native"`
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty" doc:"How it authenticates; client_secret_basic when absent"`
	IDTokenAlg              string            `json:"id_token_signed_response_alg,omitempty" doc:"Algorithm of ID tokens; ES256 when absent"`
	RequirePKCE             *bool             `json:"require_pkce,omitempty" doc:"true when absent"`
	StatutoryBasis          string            `json:"statutory_basis,omitempty" doc:"Law under which claims are given without consent"`
	AllowedClaims           []AllowedClaim    `json:"allowed_claims,omitempty" doc:"Claims that it may have; without them all that its scopes open"`
	Recipients              []Recipient       `json:"recipients,omitempty" maxItems:"20" doc:"Other departments to which its owner passes claims on; the person is asked for each"`
	MaxIAL                  int               `json:"max_ial,omitempty" doc:"Highest ial that it may ask for; 0 is not bounded"`
	PartnerLevels           map[string]string `json:"partner_level_map,omitempty" doc:"ial (0 to 4, each) to its own word for it, told as partner_level"`
	ActingFor               bool              `json:"acting_for,omitempty" doc:"It knows that sub may be another than who logged in (act, mandate_id); without, people act for themselves there"`
	PreferredUpstream       string            `json:"preferred_upstream,omitempty" doc:"Source that the login page offers first to its people; none when absent, and as any other while it does not answer"`
	PortalURL               string            `json:"portal_url,omitempty" doc:"Address on the home page of the sandbox"`
	Profile                 string            `json:"profile,omitempty" doc:"default, fapi2 or fapi2_ms"`
	JWKS                    json.RawMessage   `json:"jwks,omitempty" doc:"Its public keys as a JWK set"`
	JWKSURI                 string            `json:"jwks_uri,omitempty" doc:"Where its public keys are"`
	TokenEndpointAuthAlg    string            `json:"token_endpoint_auth_signing_alg,omitempty" doc:"Algorithm of its assertions"`
	TokenEndpointAudience   bool              `json:"token_endpoint_audience,omitempty" doc:"An assertion may be meant for the token endpoint"`
	TLSSubjectDN            string            `json:"tls_client_auth_subject_dn,omitempty" doc:"Subject of its certificate"`
	TLSSanDNS               string            `json:"tls_client_auth_san_dns,omitempty" doc:"DNS name of its certificate"`
	TLSSanURI               string            `json:"tls_client_auth_san_uri,omitempty" doc:"URI of its certificate"`
	TLSSanIP                string            `json:"tls_client_auth_san_ip,omitempty" doc:"IP address of its certificate"`
	TLSSanEmail             string            `json:"tls_client_auth_san_email,omitempty" doc:"Mail address of its certificate"`
	CertificateBound        bool              `json:"tls_client_certificate_bound_access_tokens,omitempty" doc:"Tokens are bound to its certificate"`
	DPoPBound               bool              `json:"dpop_bound_access_tokens,omitempty" doc:"Tokens are bound to its DPoP key"`
	DPoPNonce               bool              `json:"dpop_nonce_required,omitempty" doc:"A proof must hold our nonce"`
	AccessTokenFormat       string            `json:"access_token_format,omitempty" doc:"jwt or opaque"`
	AccessTokenAlg          string            `json:"access_token_signed_response_alg,omitempty" doc:"Algorithm of access tokens"`
	IntrospectionAlg        string            `json:"introspection_signed_response_alg,omitempty" doc:"Algorithm of signed introspection answers"`
	SM2SignatureEncoding    string            `json:"sm2_signature_encoding,omitempty" doc:"raw or der"`
	Resources               []string          `json:"resources,omitempty" doc:"Identifiers for which it answers as a resource server"`
	TokenExchangeAudience   []string          `json:"token_exchange_audience,omitempty" doc:"Resource servers for which it may exchange a token"`
	TokenExchangeClients    []string          `json:"token_exchange_clients,omitempty" doc:"Clients whose tokens it may exchange"`
	RequirePushedRequest    bool              `json:"require_pushed_authorization_requests,omitempty" doc:"Requests come pushed only"`
	RequireSignedRequest    bool              `json:"require_signed_request_object,omitempty" doc:"Requests come signed only"`
	RequestObjectAlg        string            `json:"request_object_signing_alg,omitempty" doc:"Algorithm of request objects"`
	AuthorizationAlg        string            `json:"authorization_signed_response_alg,omitempty" doc:"Algorithm of signed responses (JARM)"`
	UserinfoAlg             string            `json:"userinfo_signed_response_alg,omitempty" doc:"Algorithm of signed userinfo"`
	IDTokenKeyWrap          string            `json:"id_token_encrypted_response_alg,omitempty" doc:"Key wrap of ID tokens"`
	IDTokenEncryption       string            `json:"id_token_encrypted_response_enc,omitempty" doc:"Encryption of ID tokens"`
	UserinfoKeyWrap         string            `json:"userinfo_encrypted_response_alg,omitempty" doc:"Key wrap of userinfo"`
	UserinfoEncryption      string            `json:"userinfo_encrypted_response_enc,omitempty" doc:"Encryption of userinfo"`
	SM2KeyEncoding          string            `json:"sm2_encrypted_key_encoding,omitempty" doc:"raw or asn1"`
	SubjectType             string            `json:"subject_type,omitempty" doc:"pairwise"`
	AuthorizationDetails    []string          `json:"authorization_details_types,omitempty" doc:"Kinds of authorization_details that it may ask for"`
	DefaultMaxAge           *int              `json:"default_max_age,omitempty" doc:"Oldest login in seconds"`
	DefaultACRValues        []string          `json:"default_acr_values,omitempty" doc:"Levels that it asks for by default"`
	FrontchannelLogoutURI   string            `json:"frontchannel_logout_uri,omitempty" doc:"Address of its frame at a logout"`
	FrontchannelSession     bool              `json:"frontchannel_logout_session_required,omitempty" doc:"iss and sid go with that address"`
	BackchannelSession      bool              `json:"backchannel_logout_session_required,omitempty" doc:"sid stands in every logout token"`
	InitiateLoginURI        string            `json:"initiate_login_uri,omitempty" doc:"Where it begins a login"`
	ClientURI               string            `json:"client_uri,omitempty" doc:"Its site"`
	LogoURI                 string            `json:"logo_uri,omitempty" doc:"Kept as it was sent; never fetched"`
	PolicyURI               string            `json:"policy_uri,omitempty" doc:"Its privacy policy"`
	TosURI                  string            `json:"tos_uri,omitempty" doc:"Its terms"`
	Contacts                []string          `json:"contacts,omitempty" doc:"Whom to ask"`
	SoftwareID              string            `json:"software_id,omitempty" doc:"Identifier of its software"`
	SoftwareVersion         string            `json:"software_version,omitempty" doc:"Version of its software"`
}
