package idp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Client is a registered application; the names are those of RFC 7591 where it has them.
type Client struct {
	ClientID                string         `json:"client_id" yaml:"client_id"`
	ClientSecret            string         `json:"-" yaml:"client_secret"` // only on its way in
	ClientName              string         `json:"client_name" yaml:"client_name"`
	Department              string         `json:"department" yaml:"department"`
	Purpose                 string         `json:"purpose" yaml:"purpose"`
	Sector                  string         `json:"sector" yaml:"sector"` // pairwise subjects are the same within a sector
	RedirectURIs            []string       `json:"redirect_uris" yaml:"redirect_uris"`
	PostLogoutRedirectURIs  []string       `json:"post_logout_redirect_uris" yaml:"post_logout_redirect_uris"`
	BackchannelLogoutURI    string         `json:"backchannel_logout_uri" yaml:"backchannel_logout_uri"`
	GrantTypes              []string       `json:"grant_types" yaml:"grant_types"`
	ResponseTypes           []string       `json:"response_types" yaml:"response_types"`
	Scope                   string         `json:"scope" yaml:"scope"`
	Audience                []string       `json:"audience" yaml:"audience"` // resource servers besides the client itself
	ApplicationType         string         `json:"application_type" yaml:"application_type"`
	TokenEndpointAuthMethod string         `json:"token_endpoint_auth_method" yaml:"token_endpoint_auth_method"`
	IDTokenAlg              string         `json:"id_token_signed_response_alg" yaml:"id_token_signed_response_alg"`
	RequirePKCE             *bool          `json:"require_pkce,omitempty" yaml:"require_pkce"`             // nil is true
	StatutoryBasis          string         `json:"statutory_basis" yaml:"statutory_basis"`                 // law under which claims are given without consent
	MaxIAL                  int            `json:"max_ial" yaml:"max_ial"`                                 // a level above it is never told; 0: not bounded
	AllowedClaims           []AllowedClaim `json:"allowed_claims,omitempty" yaml:"allowed_claims"`         // empty: all that the scopes open
	Recipients              []Recipient    `json:"recipients,omitempty" yaml:"recipients"`                 // other departments to which its owner passes claims on
	PartnerLevels           PartnerLevels  `json:"partner_level_map,omitempty" yaml:"partner_level_map"`   // ial to the client's own word, told as partner_level
	ActingFor               bool           `json:"acting_for,omitempty" yaml:"acting_for"`                 // knows that sub may be another than who logged in (act, mandate_id); without, people act for themselves there
	PreferredUpstream       string         `json:"preferred_upstream,omitempty" yaml:"preferred_upstream"` // source that the login page offers first to people of this client
	PortalURL               string         `json:"portal_url" yaml:"portal_url"`
	Profile                 string         `json:"profile" yaml:"profile"`
	Disabled                bool           `json:"disabled" yaml:"disabled"`
	GivenState              string         `json:"-" yaml:"state"` // only on its way in: "live" puts a client into use whatever it was before

	withheld []string // claims that a person does not give; see Withholding

	TokenSettings   `yaml:",inline"`
	RequestSettings `yaml:",inline"`
}

// Public reports whether the client holds no secret.
func (c Client) Public() bool { return c.TokenEndpointAuthMethod == "none" }

// Scopes of the client.
func (c Client) Scopes() []string { return strings.Fields(c.Scope) }

// NeedsPKCE: O-12, a confidential client may be registered without it.
func (c Client) NeedsPKCE() bool { return c.Public() || c.RequirePKCE == nil || *c.RequirePKCE }

// SectorOf is the sector of pairwise subjects; the client itself without one.
func (c Client) SectorOf() string {
	if c.Sector != "" {
		return c.Sector
	}
	return "client:" + c.ClientID
}

var (
	knownGrants     = []string{"authorization_code", "refresh_token", "client_credentials", GrantTokenExchange, GrantDeviceCode}
	knownAlgorithms = []string{"ES256", "RS256", "PS256", "SGD_SM3_SM2"}
	knownMethods    = []string{AuthSecretBasic, AuthSecretPost, AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS, AuthNone}
)

// Normalize fills in the defaults of RFC 7591 and ours and checks the registration.
func (c *Client) Normalize() error {
	refuse := func(field, why string) error { return fault.New(fault.ClientMetadata, "field", field, "why", why) }
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{"authorization_code"}
	}
	if len(c.ResponseTypes) == 0 && slices.Contains(c.GrantTypes, "authorization_code") {
		c.ResponseTypes = []string{"code"}
	}
	if c.TokenEndpointAuthMethod == "" && c.FAPI() {
		c.TokenEndpointAuthMethod = AuthPrivateKeyJWT
	}
	if c.TokenEndpointAuthMethod == "" {
		c.TokenEndpointAuthMethod = AuthSecretBasic
	}
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = "ES256"
	}
	if c.ApplicationType == "" {
		c.ApplicationType = "web"
	}
	if c.Scope == "" && slices.Contains(c.GrantTypes, "authorization_code") {
		c.Scope = "openid profile"
	}
	if c.ClientName == "" {
		c.ClientName = c.ClientID
	}
	switch {
	case c.ClientID == "" || len(c.ClientID) > 128 || strings.ContainsFunc(c.ClientID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return refuse("client_id", "1 to 128 printable ASCII characters")
	case !subset(c.GrantTypes, knownGrants):
		return refuse("grant_types", "known are "+strings.Join(knownGrants, ", "))
	case !subset(c.ResponseTypes, []string{"code"}):
		return refuse("response_types", "only code")
	case !slices.Contains(knownMethods, c.TokenEndpointAuthMethod):
		return refuse("token_endpoint_auth_method", "known are "+strings.Join(knownMethods, ", "))
	case !slices.Contains(knownAlgorithms, c.IDTokenAlg):
		return refuse("id_token_signed_response_alg", "known are "+strings.Join(knownAlgorithms, ", "))
	case !slices.Contains([]string{"", ProfileDefault, ProfileFAPI2, ProfileFAPI2MS}, c.Profile):
		return refuse("profile", "default, fapi2 or fapi2_ms")
	case !c.Public() && len(c.ClientSecret) > 0 && len(c.ClientSecret) < 16:
		return refuse("client_secret", "at least 16 characters")
	case c.Public() && slices.Contains(c.GrantTypes, "client_credentials"):
		return refuse("grant_types", "a public client has no credentials")
	case slices.Contains(c.GrantTypes, "authorization_code") && len(c.RedirectURIs) == 0:
		return refuse("redirect_uris", "at least one")
	case CheckRoles(c.Scopes()) != nil:
		return refuse("scope", "one role of administration at most")
	}
	for _, uri := range c.RedirectURIs {
		if err := checkRedirect(uri, c.ApplicationType); err != nil {
			return refuse("redirect_uris", err.Error())
		}
	}
	if c.PortalURL != "" {
		if err := checkRedirect(c.PortalURL, c.ApplicationType); err != nil {
			return refuse("portal_url", err.Error())
		}
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		if err := checkRedirect(uri, c.ApplicationType); err != nil {
			return refuse("post_logout_redirect_uris", err.Error())
		}
	}
	if c.BackchannelLogoutURI != "" {
		if err := checkRedirect(c.BackchannelLogoutURI, c.ApplicationType); err != nil {
			return refuse("backchannel_logout_uri", err.Error())
		}
	}
	if err := c.normalizeClaims(refuse); err != nil {
		return err
	}
	if err := c.normalizeRecipients(); err != nil {
		return err
	}
	if err := c.normalizeRequestSettings(refuse); err != nil {
		return err
	}
	return c.normalizeTokenSettings(refuse)
}

func subset(values, known []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(known, v) })
}

// checkRedirect: O-03, O-05, O-06. A loopback address is for native clients, and for sample portals of the sandbox which
// register as native.
func checkRedirect(text, application string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(text, "#") || strings.ContainsAny(text, "*\\ \t\r\n") || u.Opaque != "" {
		return fmt.Errorf("%q is not an absolute address without wildcard, user and fragment", clip(text))
	}
	address, ipErr := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || ipErr == nil && address.IsLoopback()
	switch {
	case strings.Contains(u.EscapedPath(), "..") || strings.Contains(strings.ToLower(u.EscapedPath()), "%2e") || strings.Contains(strings.ToLower(u.EscapedPath()), "%2f"):
		return fmt.Errorf("%q has a path that two readers may read differently", clip(text))
	case u.Scheme == "https" && (!loopback || application == "native"):
		return nil
	case u.Scheme == "http" && loopback && application == "native":
		return nil
	}
	return fmt.Errorf("%q must be https; loopback is for native applications", clip(text))
}

func clip(text string) string {
	if len(text) > 100 {
		return text[:100] + "…"
	}
	return text
}

// StoredClient is a client with the keyed hashes of its secrets and its registered keys, read once.
type StoredClient struct {
	Client
	SecretMAC []byte
	OldMAC    []byte    // of the secret before, which is taken until OldUntil
	OldUntil  time.Time // zero without one
	RetiredAt time.Time // zero unless the client ended for good
	Keys      jose.KeySet
}

// ClientStore keeps clients; idpdb implements it.
type ClientStore interface {
	// Clients reads all clients, at most limit.
	Clients(ctx context.Context, limit int) (map[string]StoredBody, error)
	// ClientRevision changes with every change of any client.
	ClientRevision(ctx context.Context) (int64, error)
	// ClientBody reads the stored form of one client; ErrNotFound.
	ClientBody(ctx context.Context, clientID string) ([]byte, error)
	// Client reads all that is stored of one client; ErrNotFound.
	Client(ctx context.Context, clientID string) (StoredBody, error)
	// WriteClient makes a change in one transaction with its record: ErrConflict when the client is not as it was read,
	// ErrTaken for a new one under an identifier that is in use.
	WriteClient(ctx context.Context, change ClientChange) error
}

// ClientChange is a change of one client.
type ClientChange struct {
	ClientID  string
	Was       []byte // as it was read; nil is a new client
	Body      []byte
	SecretMAC []byte    // nil keeps the secrets
	OldUntil  time.Time // with SecretMAC: until when the secret before is taken; zero ends it at once
	RetiredAt time.Time // not zero: the client ends for good, with its grants and its registration
	// Settlement is that of the proposal that allows the change; nil where none is asked for.
	Settlement *foureyes.Settlement
	// Record is made of how many grants ended.
	Record func(grants int64) audit.Record
}

// StoredBody is the stored form of a client.
type StoredBody struct {
	Body      []byte
	SecretMAC []byte
	OldMAC    []byte
	OldUntil  time.Time
	RetiredAt time.Time
}

// Clients is the registry: a snapshot in memory that is read anew when the stored revision changed.
type Clients struct {
	store    ClientStore
	ring     *keys.Ring
	now      func() time.Time
	checkURL func(address string) error
	sandbox  bool
	words    *LiveVocabulary
	// departments is the name of a department of the tree; see CheckDepartments.
	departments func(ctx context.Context, id string) (string, error)
	snapshot    atomic.Pointer[clientSnapshot]
}

type clientSnapshot struct {
	revision int64
	clients  map[string]StoredClient
	servers  map[string]string // resource server by the audience that it answers for
}

// maxClients bounds the snapshot.
const maxClients = 20_000

// NewClients returns a registry; Refresh fills it.
func NewClients(store ClientStore, ring *keys.Ring, now func() time.Time) *Clients {
	c := &Clients{store: store, ring: ring, now: now}
	c.snapshot.Store(&clientSnapshot{revision: -1, clients: map[string]StoredClient{}})
	return c
}

// CheckAddresses sets what judges an address that the platform will fetch, before it is stored (O-28).
func (c *Clients) CheckAddresses(check func(address string) error) { c.checkURL = check }

// CheckWords sets the vocabulary that registrations are checked with.
func (c *Clients) CheckWords(words *LiveVocabulary) { c.words = words }

// Lasting lists the clients that have not ended for good, whatever their state.
func (c *Clients) Lasting() []Client {
	var all []Client
	for _, client := range c.snapshot.Load().clients {
		if client.RetiredAt.IsZero() {
			all = append(all, client.Client)
		}
	}
	return all
}

// Refresh reads the clients again if any changed; nodes call it every two seconds.
func (c *Clients) Refresh(ctx context.Context) error {
	revision, err := c.store.ClientRevision(ctx)
	if err != nil || revision == c.snapshot.Load().revision {
		return err
	}
	bodies, err := c.store.Clients(ctx, maxClients)
	if err != nil {
		return err
	}
	next := &clientSnapshot{revision: revision, clients: make(map[string]StoredClient, len(bodies))}
	for id, stored := range bodies {
		if next.clients[id], err = stored.read(); err != nil {
			return fmt.Errorf("read client %s: %w", id, err)
		}
	}
	next.servers = resourceServers(next.clients)
	c.snapshot.Store(next)
	return nil
}

func (b StoredBody) read() (StoredClient, error) {
	client := StoredClient{SecretMAC: b.SecretMAC, OldMAC: b.OldMAC, OldUntil: b.OldUntil, RetiredAt: b.RetiredAt}
	err := json.Unmarshal(b.Body, &client.Client)
	if err == nil && len(client.JWKS) > 0 {
		client.Keys, _, err = jose.ParseKeyPairs(client.JWKS)
	}
	return client, err
}

// Find returns a client that may be used.
func (c *Clients) Find(id string) (StoredClient, bool) {
	client, ok := c.snapshot.Load().clients[id]
	return client, ok && client.usable(c.sandbox)
}

// All lists the clients by id.
func (c *Clients) All() []Client {
	var all []Client
	for _, client := range c.snapshot.Load().clients {
		all = append(all, client.Client)
	}
	slices.SortFunc(all, func(a, b Client) int { return strings.Compare(a.ClientID, b.ClientID) })
	return all
}

// judge fills in the defaults of a registration and the names of its recipients and checks it, the address of its keys too.
func (c *Clients) judge(ctx context.Context, client *Client) error {
	if err := client.Normalize(); err != nil {
		return err
	}
	if err := c.words.Load().CheckClient(*client); err != nil {
		return err
	}
	if err := c.nameRecipients(ctx, client); err != nil {
		return err
	}
	if address := client.JWKSURI; address != "" && c.checkURL != nil {
		if err := c.checkURL(address); err != nil {
			return fault.Wrap(err, fault.ClientMetadata, "field", "jwks_uri", "why", "the address is not one that may be fetched")
		}
	}
	return nil
}

// secretMAC: generated secrets are checked with one keyed hash; a slow hash would only serve those who flood the
// endpoint.
func (c *Clients) secretMAC(ctx context.Context, id, secret string) ([]byte, error) {
	mac, err := c.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("client-secret"), []byte(id), []byte(secret))
}

// CheckSecret compares a client's secret in constant time with the current one and, within its time, the one before.
func (c *Clients) CheckSecret(ctx context.Context, client StoredClient, secret string) (bool, error) {
	mac, err := c.secretMAC(ctx, client.ClientID, secret)
	if err != nil {
		return false, err
	}
	current := subtle.ConstantTimeCompare(mac, client.SecretMAC) == 1 && len(client.SecretMAC) > 0
	old := subtle.ConstantTimeCompare(mac, client.OldMAC) == 1 && len(client.OldMAC) > 0
	return current || old && c.now().Before(client.OldUntil), nil
}

// PairwiseSubject is the subject that a sector sees for an account: base64url(HMAC-SM3(k, sector, account)).
func PairwiseSubject(ctx context.Context, ring *keys.Ring, sector, accountID string) (string, error) {
	mac, err := ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	sum, err := mac.Sum(ctx, []byte("pairwise"), []byte(sector), []byte(accountID))
	if err != nil {
		return "", err
	}
	return encodeSubject(sum), nil
}

// Wanted is what a request asks of login and proofing.
type Wanted struct {
	AAL          subject.AAL
	IAL          subject.IAL
	EssentialACR bool
}
