package party

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ErrFile tells that the file of people and clients cannot be used.
var ErrFile = errors.New("conformance: the file of people and clients cannot be read")

// File names the people and clients that are registered at the server, with their secrets: what `conformance
// --new-clients` writes, or what `quickstart --json` prints. Members that are not known are passed over.
type File struct {
	People  []Person `json:"personas" yaml:"personas"`
	Clients []Client `json:"clients" yaml:"clients"`
	CAFile  string   `json:"ca_file,omitempty" yaml:"ca_file"` // PEM of the root of the server's certificate
	// InitialAccessToken opens dynamic registration, where the server wants one.
	InitialAccessToken string `json:"initial_access_token,omitempty" yaml:"initial_access_token"`
}

// Person can sign in at the server's login page.
type Person struct {
	Identifier string `json:"identifier" yaml:"identifier"`
	Password   string `json:"password" yaml:"password"`
	Name       string `json:"name,omitempty" yaml:"name"`
	IAL        int    `json:"ial,omitempty" yaml:"ial"`
}

// Client is a registration with what the client alone knows; names as in RFC 7591. JWKS holds private keys.
type Client struct {
	ClientID               string     `json:"client_id" yaml:"client_id"`
	ClientSecret           string     `json:"client_secret,omitempty" yaml:"client_secret"`
	RedirectURIs           []string   `json:"redirect_uris" yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string   `json:"post_logout_redirect_uris,omitempty" yaml:"post_logout_redirect_uris"`
	Scope                  string     `json:"scope,omitempty" yaml:"scope"`
	GrantTypes             []string   `json:"grant_types,omitempty" yaml:"grant_types"`
	Method                 string     `json:"token_endpoint_auth_method,omitempty" yaml:"token_endpoint_auth_method"`
	MethodAlg              string     `json:"token_endpoint_auth_signing_alg,omitempty" yaml:"token_endpoint_auth_signing_alg"`
	JWKS                   PrivateSet `json:"jwks,omitzero" yaml:"jwks"`
	Certificate            string     `json:"certificate,omitempty" yaml:"certificate"` // PEM, the chain behind it
	CertificateKey         string     `json:"certificate_key,omitempty" yaml:"certificate_key"`
	IDTokenAlg             string     `json:"id_token_signed_response_alg,omitempty" yaml:"id_token_signed_response_alg"`
	UserinfoAlg            string     `json:"userinfo_signed_response_alg,omitempty" yaml:"userinfo_signed_response_alg"`
	RequestObjectAlg       string     `json:"request_object_signing_alg,omitempty" yaml:"request_object_signing_alg"`
	AuthorizationAlg       string     `json:"authorization_signed_response_alg,omitempty" yaml:"authorization_signed_response_alg"`
	IntrospectionAlg       string     `json:"introspection_signed_response_alg,omitempty" yaml:"introspection_signed_response_alg"`
	Profile                string     `json:"profile,omitempty" yaml:"profile"` // default, fapi2 or fapi2_ms
	RequirePKCE            *bool      `json:"require_pkce,omitempty" yaml:"require_pkce"`
	RequirePushed          bool       `json:"require_pushed_authorization_requests,omitempty" yaml:"require_pushed_authorization_requests"`
	RequireSigned          bool       `json:"require_signed_request_object,omitempty" yaml:"require_signed_request_object"`
	DPoP                   bool       `json:"dpop_bound_access_tokens,omitempty" yaml:"dpop_bound_access_tokens"`
	CertificateBound       bool       `json:"tls_client_certificate_bound_access_tokens,omitempty" yaml:"tls_client_certificate_bound_access_tokens"`
	BackchannelLogoutURI   string     `json:"backchannel_logout_uri,omitempty" yaml:"backchannel_logout_uri"`
	BackchannelSession     bool       `json:"backchannel_logout_session_required,omitempty" yaml:"backchannel_logout_session_required"`
	FrontchannelLogoutURI  string     `json:"frontchannel_logout_uri,omitempty" yaml:"frontchannel_logout_uri"`
	FrontchannelSession    bool       `json:"frontchannel_logout_session_required,omitempty" yaml:"frontchannel_logout_session_required"`

	certificate *tls.Certificate
}

// ReadFile reads YAML or JSON and checks what must be there to use it. Errors wrap ErrFile.
func ReadFile(content []byte) (File, error) {
	var f File
	if err := yaml.Unmarshal(content, &f); err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if len(f.People) == 0 || len(f.Clients) == 0 {
		return File{}, fmt.Errorf("%w: it names %d personas and %d clients", ErrFile, len(f.People), len(f.Clients))
	}
	for i := range f.Clients {
		c := &f.Clients[i]
		if c.ClientID == "" {
			return File{}, fmt.Errorf("%w: client %d has no client_id", ErrFile, i+1)
		}
		if err := c.complete(); err != nil {
			return File{}, fmt.Errorf("%w: client %s: %w", ErrFile, c.ClientID, err)
		}
	}
	return f, nil
}

func (c *Client) complete() error {
	if c.Method == "" {
		switch {
		case c.ClientSecret != "":
			c.Method = "client_secret_basic"
		case len(c.JWKS.Keys) > 0:
			c.Method = "private_key_jwt"
		default:
			c.Method = "none"
		}
	}
	if c.Scope == "" {
		c.Scope = "openid profile"
	}
	if (c.Certificate == "") != (c.CertificateKey == "") {
		return errors.New("certificate and certificate_key go together")
	}
	if c.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.CertificateKey))
		if err != nil {
			return err
		}
		c.certificate = &pair
	}
	return nil
}

// FAPI reports whether the client is held to FAPI 2.0.
func (c Client) FAPI() bool { return strings.HasPrefix(c.Profile, "fapi2") }

// Signs reports whether its requests are signed request objects.
func (c Client) Signs() bool { return c.RequireSigned || c.Profile == "fapi2_ms" }

// Key that the client signs with; the zero Key when it has none.
func (c Client) Key() Key {
	if len(c.JWKS.Keys) == 0 {
		return Key{}
	}
	return c.JWKS.Keys[0]
}

func (c Client) allows(grant string) bool {
	return slices.Contains(c.GrantTypes, grant) || len(c.GrantTypes) == 0 && grant == "authorization_code"
}

// Want is a property of a client that a rule needs.
type Want struct {
	text string
	has  func(Client) bool
}

// Properties of clients.
var (
	Ordinary  = Want{"of no FAPI profile, with a secret", func(c Client) bool { return !c.FAPI() && !c.RequirePushed && c.ClientSecret != "" }}
	Basic     = method("client_secret_basic")
	Post      = method("client_secret_post")
	KeyAuth   = method("private_key_jwt")
	ByName    = method("tls_client_auth")
	FAPI      = Want{"of a FAPI 2.0 profile", Client.FAPI}
	BoundDPoP = Want{"with dpop_bound_access_tokens", func(c Client) bool { return c.DPoP }}
	BoundTLS  = Want{"with tls_client_certificate_bound_access_tokens and a certificate", func(c Client) bool { return c.CertificateBound && c.certificate != nil }}
	Signing   = Want{"with signed request objects", Client.Signs}
	Plain     = Want{"without signed request objects", func(c Client) bool { return !c.Signs() }}
	Answered  = Want{"with authorization_signed_response_alg", func(c Client) bool { return c.AuthorizationAlg != "" }}
	Refreshes = Want{"with the grant refresh_token", func(c Client) bool { return c.allows("refresh_token") }}
	LogsOut   = Want{"with post_logout_redirect_uris", func(c Client) bool { return len(c.PostLogoutRedirectURIs) > 0 }}
	ToldBack  = Want{"with backchannel_logout_uri", func(c Client) bool { return c.BackchannelLogoutURI != "" }}
	ToldFront = Want{"with frontchannel_logout_uri", func(c Client) bool { return c.FrontchannelLogoutURI != "" }}
	WithRSA   = Want{"with an RSA key", func(c Client) bool { return c.Key().Algorithm == "PS256" || c.Key().Algorithm == "RS256" }}
	WithQuery = Want{"with a redirect URI that has a query", func(c Client) bool { return c.RedirectWithQuery() != "" }}
)

func method(name string) Want {
	return Want{"with " + name, func(c Client) bool { return c.Method == name }}
}

// Scope wants a client that may ask for a scope.
func Scope(name string) Want {
	return Want{"with the scope " + name, func(c Client) bool { return slices.Contains(strings.Fields(c.Scope), name) }}
}

// RedirectWithQuery is a registered redirect URI with a query, empty when there is none.
func (c Client) RedirectWithQuery() string {
	for _, address := range c.RedirectURIs {
		if strings.Contains(address, "?") {
			return address
		}
	}
	return ""
}

// clientsWith finds the clients with all properties; every one can run a code flow at this server.
func (p *Party) clientsWith(wants []Want) []Client {
	var found []Client
	for _, c := range p.With.Clients {
		if len(c.RedirectURIs) > 0 && c.allows("authorization_code") && p.Metadata.knows(c) && !slices.ContainsFunc(wants, func(w Want) bool { return !w.has(c) }) {
			found = append(found, c)
		}
	}
	return found
}

// Client is the first client with all properties; the rule does not apply without one.
func (t *Trial) Client(wants ...Want) Client {
	for _, c := range t.clientsWith(wants) {
		return c
	}
	t.Skip("the file holds no client that this server can serve and that is: %s", describe(wants))
	return Client{}
}

// Another is a client that is not the given one.
func (t *Trial) Another(than Client, wants ...Want) Client {
	for _, c := range t.clientsWith(wants) {
		if c.ClientID != than.ClientID {
			return c
		}
	}
	t.Skip("the file holds no second client that this server can serve and that is: %s", describe(wants))
	return Client{}
}

// Each runs a part of a rule for every client with all properties.
func (t *Trial) Each(act func(*Trial, Client), wants ...Want) {
	found := t.clientsWith(wants)
	if len(found) == 0 {
		t.Skip("the file holds no client that this server can serve and that is: %s", describe(wants))
	}
	for _, c := range found {
		t.For(c.ClientID, func(t *Trial) { act(t, c) })
	}
}

// knows reports whether the server offers what the client is registered with: a certificate needs a server that asks for
// one.
func (m Metadata) knows(c Client) bool {
	methods := m.List("token_endpoint_auth_methods_supported")
	return (methods == nil || slices.Contains(methods, c.Method)) && (!c.CertificateBound || m.True("tls_client_certificate_bound_access_tokens")) &&
		(!c.DPoP || len(m.List("dpop_signing_alg_values_supported")) > 0)
}

func describe(wants []Want) string {
	var texts []string
	for _, w := range wants {
		texts = append(texts, w.text)
	}
	return strings.Join(texts, ", ")
}

// Person is who signs in.
func (t *Trial) Person() Person {
	if len(t.With.People) == 0 {
		t.Skip("nobody who can sign in is in the file")
	}
	return t.With.People[0]
}

// Offers ends the rule as not applicable unless a list of the metadata holds a value.
func (t *Trial) Offers(list, value string) {
	if !slices.Contains(t.Metadata.List(list), value) {
		t.Skip("the metadata does not name %s in %s", value, list)
	}
}

// Has ends the rule as not applicable unless the metadata names an endpoint.
func (t *Trial) Has(endpoint string) string {
	address := t.Metadata.Text(endpoint)
	if address == "" {
		t.Skip("the metadata does not name %s", endpoint)
	}
	return address
}

// UnmarshalYAML reads a set as a mapping or as its JSON text.
func (s *PrivateSet) UnmarshalYAML(node *yaml.Node) error {
	var text string
	if node.Kind == yaml.ScalarNode && node.Decode(&text) == nil {
		return s.UnmarshalJSON([]byte(text))
	}
	var value map[string]any
	if err := node.Decode(&value); err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.UnmarshalJSON(raw)
}
