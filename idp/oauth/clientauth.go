package oauth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// AssertionType of RFC 7523 2.2.
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Bounds of client assertions (O-32). The OpenID certification modules accept clocks 10 s apart and refuse 60 s.
const (
	ClockLeeway       = 15 * time.Second
	assertionLife     = time.Hour // some libraries sign for an hour
	assertionLifeFAPI = 10 * time.Minute
	maxJTI            = 256
)

// Credentials are what a request brings to say which client calls: values only, so that every endpoint that knows clients
// (token, pushed authorization, introspection, revocation, device) asks the same question.
type Credentials struct {
	// Authorization is the value of that header, empty without it.
	Authorization string
	// Form holds the parameters of the body, each once.
	Form url.Values
	// Certificates is the chain that the caller proved to hold in the TLS handshake, leaf first; empty without one. It
	// was not judged.
	Certificates []*x509.Certificate
}

// Caller is a client that was authenticated.
type Caller struct {
	idp.StoredClient
	// Thumbprint is x5t#S256 of the certificate that the caller holds (RFC 8705 3.1), empty without one.
	Thumbprint string
}

// JTIStore remembers identifiers of tokens that may come once. Each kind has a table of its own (security rule R7).
type JTIStore interface {
	// UseAssertion and UseProof answer ErrConsumed when the hash is there already; a unique insert decides.
	UseAssertion(ctx context.Context, hash []byte, until time.Time) error
	UseProof(ctx context.Context, hash []byte, until time.Time) error
}

// ClientAuth finds out which client calls (RFC 6749 2.3, OpenID Connect Core 9, RFC 7523, RFC 8705).
type ClientAuth struct {
	cfg  ClientAuthConfig
	keys *keyFetcher
}

// ClientAuthConfig holds what ClientAuth needs.
type ClientAuthConfig struct {
	Issuer  string
	Clients *idp.Clients
	Ring    *keys.Ring
	Store   JTIStore
	// Fetch gets a registered jwks_uri through the outbound client; nil refuses such clients.
	Fetch func(ctx context.Context, address string) ([]byte, error)
	// Roots judge certificates of tls_client_auth; nil refuses such clients.
	Roots *x509.CertPool
	Now   func() time.Time
}

// NewClientAuth returns the service.
func NewClientAuth(cfg ClientAuthConfig) *ClientAuth {
	return &ClientAuth{cfg: cfg, keys: newKeyFetcher(cfg.Fetch, cfg.Now)}
}

// Methods are the words of discovery: those of TLS only where the operator configured roots for them.
func (a *ClientAuth) Methods() []string {
	methods := []string{idp.AuthPrivateKeyJWT, idp.AuthSecretBasic, idp.AuthSecretPost, idp.AuthNone}
	if a.cfg.Roots != nil {
		methods = append(methods, idp.AuthTLS, idp.AuthSelfSignedTLS)
	}
	return methods
}

func authFailed(cause error) *Error {
	return &Error{Code: "invalid_client", Description: "client authentication failed", Status: http.StatusUnauthorized, cause: cause}
}

// Authenticate finds the client. Two ways at once are refused with invalid_request, a way that the client is not
// registered for with invalid_client (O-33). A public client is named by client_id alone.
func (a *ClientAuth) Authenticate(ctx context.Context, c Credentials) (Caller, error) {
	way, err := readWay(c)
	if err != nil {
		return Caller{}, err
	}
	client, ok := a.cfg.Clients.Find(way.clientID)
	if !ok {
		return Caller{}, authFailed(errors.New("client is not known"))
	}
	method := client.TokenEndpointAuthMethod
	switch {
	case way.method == method:
	case way.method == idp.AuthNone && (method == idp.AuthTLS || method == idp.AuthSelfSignedTLS): // the credential is the certificate
	default:
		return Caller{}, authFailed(errors.New("the client is registered for " + method))
	}
	switch method {
	case idp.AuthSecretBasic, idp.AuthSecretPost:
		right, err := a.cfg.Clients.CheckSecret(ctx, client, way.secret)
		if err != nil {
			return Caller{}, unavailable(err)
		}
		if !right {
			return Caller{}, authFailed(errors.New("wrong secret"))
		}
	case idp.AuthPrivateKeyJWT:
		err = a.checkAssertion(ctx, client, way.assertion)
	case idp.AuthTLS:
		err = a.checkCertificate(client.Client, c.Certificates)
	case idp.AuthSelfSignedTLS:
		err = a.checkSelfSigned(ctx, client, c.Certificates)
	case idp.AuthNone:
	default:
		err = authFailed(errors.New("method is not known"))
	}
	if err != nil {
		return Caller{}, err
	}
	return Caller{StoredClient: client, Thumbprint: CertificateThumbprint(c.Certificates)}, nil
}

// CertificateThumbprint is x5t#S256 of the leaf, empty without one.
func CertificateThumbprint(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return ""
	}
	sum := sha256.Sum256(chain[0].Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// way is how a request names its client.
type way struct {
	method, clientID, secret, assertion string
}

// readWay finds the one way in a request.
func readWay(c Credentials) (way, error) {
	two := NewError(http.StatusBadRequest, "invalid_request", "two ways of client authentication")
	var found way
	id, secret, basic := basicAuth(c.Authorization)
	if c.Authorization != "" && !basic {
		return found, authFailed(errors.New("another scheme than Basic"))
	}
	posted, asserted := c.Form.Has("client_secret"), c.Form.Has("client_assertion") || c.Form.Has("client_assertion_type")
	switch {
	case basic && posted, basic && asserted, posted && asserted:
		return found, two
	case basic:
		found = way{method: idp.AuthSecretBasic, clientID: id, secret: secret}
	case posted:
		return way{method: idp.AuthSecretPost, clientID: c.Form.Get("client_id"), secret: c.Form.Get("client_secret")}, nil
	case asserted:
		if c.Form.Get("client_assertion_type") != AssertionType {
			return found, authFailed(errors.New("client_assertion_type is not known"))
		}
		issuer, subject, err := jose.PeekIssuer(c.Form.Get("client_assertion"))
		if err != nil || issuer == "" || issuer != subject {
			return found, authFailed(errors.Join(err, errors.New("iss and sub are not the client")))
		}
		found = way{method: idp.AuthPrivateKeyJWT, clientID: issuer, assertion: c.Form.Get("client_assertion")}
	default:
		return way{method: idp.AuthNone, clientID: c.Form.Get("client_id")}, nil
	}
	if c.Form.Has("client_id") && c.Form.Get("client_id") != found.clientID {
		return found, NewError(http.StatusBadRequest, "invalid_request", "client_id is of another client")
	}
	return found, nil
}

// basicAuth reads RFC 6749 2.3.1: both parts are form-encoded.
func basicAuth(header string) (id, secret string, ok bool) {
	r := http.Request{Header: http.Header{"Authorization": {header}}}
	id, secret, ok = r.BasicAuth()
	return unescape(id), unescape(secret), ok
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// checkAssertion is private_key_jwt: the algorithm is the registered one, the keys are the registered ones, the audience
// is us and nobody else, and each assertion counts once (O-30, O-31, O-32).
func (a *ClientAuth) checkAssertion(ctx context.Context, client idp.StoredClient, assertion string) error {
	algorithm := jose.Algorithm(client.TokenEndpointAuthAlg)
	if algorithm == "" {
		algorithm = jose.ES256
	}
	life := assertionLife
	if client.FAPI() {
		life = assertionLifeFAPI
	}
	policy := jose.Policy{Algorithms: []jose.Algorithm{algorithm}, AlsoType: "client-authentication+jwt", Issuer: client.ClientID, Now: a.cfg.Now(), Leeway: ClockLeeway, MaxLife: life,
		SM2Encoding: client.SignatureEncoding()}
	token, err := a.verify(ctx, client, assertion, policy)
	if err != nil {
		return err
	}
	if err := a.checkAudience(client.Client, token); err != nil {
		return err
	}
	jti := token.Claims.JTI
	if jti == "" || len(jti) > maxJTI {
		return authFailed(errors.New("jti is missing or too long"))
	}
	hash, err := keyedHash(ctx, a.cfg.Ring, "assertion", client.ClientID, jti)
	if err != nil {
		return unavailable(err)
	}
	err = a.cfg.Store.UseAssertion(ctx, hash, token.Claims.Expires.Add(2*ClockLeeway))
	if errors.Is(err, ErrConsumed) {
		return authFailed(errors.New("the assertion was used before"))
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// verify checks a token of a client with its keys; keys behind jwks_uri are fetched again when a new kid appears.
func (a *ClientAuth) verify(ctx context.Context, client idp.StoredClient, token string, policy jose.Policy) (*jose.Token, error) {
	keyID, err := jose.PeekKeyID(token)
	if err != nil {
		return nil, authFailed(err)
	}
	set, err := a.ClientKeys(ctx, client, keyID)
	if err != nil {
		return nil, authFailed(err)
	}
	verified, err := jose.Verify(token, set, policy)
	if err != nil {
		return nil, authFailed(err)
	}
	return verified, nil
}

// ClientKeys gives the public keys of a client: the registered ones, or those behind its jwks_uri. keyID is the one that
// is wanted, or empty; a kid that the kept set lacks lets it be fetched again, at most every half minute.
func (a *ClientAuth) ClientKeys(ctx context.Context, client idp.StoredClient, keyID string) (jose.KeySet, error) {
	if client.JWKSURI == "" {
		return client.Keys, nil
	}
	return a.keys.get(ctx, client.JWKSURI, keyID)
}

// checkAudience: the issuer as the one audience; the token endpoint too where the client's compatibility switch is on.
// An assertion that others may present as well is refused (CVE-2025-27370, CVE-2025-27371).
func (a *ClientAuth) checkAudience(client idp.Client, token *jose.Token) error {
	wrong := authFailed(errors.New("aud is not the issuer alone"))
	if len(token.Claims.Audience) != 1 {
		return wrong
	}
	var raw struct {
		Audience json.RawMessage `json:"aud"`
	}
	if err := token.Decode(&raw); err != nil {
		return authFailed(err)
	}
	if client.FAPI() && (len(raw.Audience) == 0 || raw.Audience[0] != '"') { // FAPI 2.0 5.3.2.1: a string
		return wrong
	}
	audience := token.Claims.Audience[0]
	if audience == a.cfg.Issuer || client.TokenEndpointAudience && !client.FAPI() && audience == a.cfg.Issuer+"/token" {
		return nil
	}
	return wrong
}

// checkCertificate is tls_client_auth (RFC 8705 2.1): a chain to the configured roots and the registered name.
func (a *ClientAuth) checkCertificate(client idp.Client, chain []*x509.Certificate) error {
	if len(chain) == 0 || a.cfg.Roots == nil {
		return authFailed(errors.New("no client certificate, or no roots for it"))
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: a.cfg.Roots, Intermediates: intermediates, CurrentTime: a.cfg.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return authFailed(err)
	}
	if !namedAs(client.TokenSettings, chain[0]) {
		return authFailed(errors.New("the certificate has another name"))
	}
	return nil
}

// checkSelfSigned is self_signed_tls_client_auth (RFC 8705 2.2): the certificate holds one of the client's keys.
func (a *ClientAuth) checkSelfSigned(ctx context.Context, client idp.StoredClient, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return authFailed(errors.New("no client certificate"))
	}
	now := a.cfg.Now()
	if now.Before(chain[0].NotBefore) || now.After(chain[0].NotAfter) {
		return authFailed(errors.New("the certificate is not in its validity"))
	}
	set, err := a.ClientKeys(ctx, client, "")
	if err != nil {
		return authFailed(err)
	}
	if !slices.ContainsFunc(set.Keys(), func(k jose.Key) bool { return samePublicKey(k.Public, chain[0].PublicKey) }) {
		return authFailed(errors.New("the certificate's key is not registered"))
	}
	return nil
}

func samePublicKey(a, b any) bool {
	known, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && known.Equal(b)
}

// SameThumbprint compares two thumbprints of keys or certificates in constant time; an empty one equals nothing.
func SameThumbprint(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

func keyedHash(ctx context.Context, ring *keys.Ring, kind string, parts ...string) ([]byte, error) {
	mac, err := ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, err
	}
	input := [][]byte{[]byte("oauth-" + kind)}
	for _, part := range parts {
		input = append(input, []byte(part))
	}
	return mac.Sum(ctx, input...)
}
