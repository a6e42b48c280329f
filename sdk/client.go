// Package yinxin is the client for relying parties: log citizens in at the platform, be told of their logout, and judge
// sealed files and presentation codes without any network.
//
// A portal needs three lines: New, Routes and RequireLogin.
//
//	client, err := yinxin.New(ctx, "https://id.example.gov.cn", "https://portal.example.gov.cn",
//		yinxin.WithSecret("demo", secret), yinxin.WithIAL(2))
//	client.Routes(mux)
//	mux.Handle("/me", client.RequireLogin(handler)) // inside: yinxin.CitizenFrom(r.Context())
//
// It speaks the authorization code flow with PKCE (RFC 7636), checks the issuer of each answer (RFC 9207), verifies ID
// tokens in ES256, RS256, PS256 and SGD_SM3_SM2, and receives back-channel logout (OpenID Connect Back-Channel Logout
// 1.0). It keeps no global state and imports only the platform's leaf packages.
package yinxin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Error is what the client answers: a machine word, a hint for the developer and, where the platform gave one, the
// request id under which its operators find the case.
type Error struct {
	Code      string // "discovery", "state", "issuer", "token", "id_token", "logout_token", "access_denied", …
	Hint      string
	RequestID string
	Err       error
}

// Error implements error.
func (e *Error) Error() string {
	text := "yinxin: " + e.Code
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// metadata is what we need of OpenID Connect Discovery 1.0 section 3.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	GMJWKSURI             string   `json:"gm_jwks_uri"`
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
}

// check refuses metadata that would send codes, secrets or people over an open wire, or nowhere.
func (m metadata) check() error {
	for name, address := range map[string]string{"issuer": m.Issuer, "authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint} {
		if !SecureAddress(address) {
			return fmt.Errorf("%s %q is not an https address", name, address)
		}
	}
	for name, address := range map[string]string{"end_session_endpoint": m.EndSessionEndpoint, "jwks_uri": m.JWKSURI, "gm_jwks_uri": m.GMJWKSURI} {
		if address != "" && !SecureAddress(address) {
			return fmt.Errorf("%s %q is not an https address", name, address)
		}
	}
	return nil
}

// SecureAddress tells whether secrets may travel to an address: https, or http on the own machine.
func SecureAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	host, parseErr := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || parseErr == nil && host.IsLoopback())
}

// Client is safe for use by many goroutines.
type Client struct {
	base       string // the portal's own base URL, without trailing slash
	id, secret string
	scopes     []string
	ial, aal   int
	algorithm  string
	http       *http.Client
	failure    func(w http.ResponseWriter, r *http.Request, err error)
	now        func() time.Time
	rand       io.Reader
	meta       metadata
	keys       *keyCache
	attempts   *memory[attempt]
	sessions   *memory[session]
	logoutIDs  *memory[struct{}]
}

// Option changes a client.
type Option func(*Client)

// WithSecret names the client and its secret (client_secret_basic).
func WithSecret(clientID, secret string) Option {
	return func(c *Client) { c.id, c.secret = clientID, secret }
}

// WithIAL asks for a real-name level (0–4) at every login.
func WithIAL(level int) Option { return func(c *Client) { c.ial = level } }

// WithAAL asks for a strength of login (1–3).
func WithAAL(level int) Option { return func(c *Client) { c.aal = level } }

// WithScopes replaces the scopes "openid profile".
func WithScopes(scopes ...string) Option { return func(c *Client) { c.scopes = scopes } }

// WithAlgorithm is the id_token_signed_response_alg that the client is registered with; ES256 when not given. Tokens
// signed otherwise are refused.
func WithAlgorithm(name string) Option { return func(c *Client) { c.algorithm = name } }

// WithHTTPClient replaces the HTTP client, for instance to trust a private root. Redirects are not followed whatever it
// says: no endpoint of the platform redirects, and the client's secret must not travel on.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithFailurePage replaces the plain text that a citizen sees when a login does not succeed; the error is an *Error. Its
// code "access_denied" means that the citizen said no, "level" that the wanted level was not reached.
func WithFailurePage(page func(w http.ResponseWriter, r *http.Request, err error)) Option {
	return func(c *Client) { c.failure = page }
}

// WithClock replaces the clock, for tests.
func WithClock(now func() time.Time) Option { return func(c *Client) { c.now = now } }

// New reads the platform's metadata and returns a client for the portal at baseURL.
func New(ctx context.Context, issuer, baseURL string, options ...Option) (*Client, error) {
	c := &Client{
		base: strings.TrimRight(baseURL, "/"), scopes: []string{"openid", "profile"}, algorithm: "ES256",
		http: &http.Client{Timeout: 10 * time.Second}, failure: plainFailure, now: time.Now, rand: rand.Reader,
	}
	for _, option := range options {
		option(c)
	}
	own := *c.http
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	if err := c.checkConfig(); err != nil {
		return nil, err
	}
	if err := c.discover(ctx, strings.TrimRight(issuer, "/")); err != nil {
		return nil, err
	}
	c.keys = &keyCache{client: c}
	c.attempts = newMemory[attempt](c.now, attemptLife, 10_000)
	c.sessions = newMemory[session](c.now, sessionLife, 100_000)
	c.logoutIDs = newMemory[struct{}](c.now, 2*logoutTokenLife, 100_000)
	return c, nil
}

// Lives of what the client remembers. The id of a logout token is kept for longer than any token that is accepted lives.
const (
	attemptLife     = 10 * time.Minute
	sessionLife     = 12 * time.Hour
	logoutTokenLife = 10 * time.Minute
)

// Issuer is the platform's issuer identifier.
func (c *Client) Issuer() string { return c.meta.Issuer }

func (c *Client) checkConfig() error {
	refuse := func(hint string) error { return &Error{Code: "config", Hint: hint} }
	own, err := url.Parse(c.base)
	switch {
	case c.id == "" || c.secret == "":
		return refuse("name the client and its secret with WithSecret")
	case err != nil || own.Host == "" || own.Scheme != "https" && own.Scheme != "http" || own.Path != "" || own.RawQuery != "" || own.Fragment != "":
		return refuse("baseURL must be scheme and host alone")
	case !slices.Contains(c.scopes, "openid"):
		return refuse("scopes must hold openid")
	case !slices.Contains(Algorithms(), c.algorithm):
		return refuse("the algorithm must be one of " + strings.Join(Algorithms(), ", "))
	case c.ial < 0 || c.ial > maxIAL || c.aal < 0 || c.aal > maxAAL:
		return refuse("ial goes from 0 to 4, aal from 1 to 3")
	}
	return nil
}

// plainFailure is the failure page when the portal gives none.
func plainFailure(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusBadRequest)
}
func (c *Client) discover(ctx context.Context, issuer string) error {
	if err := c.getJSON(ctx, issuer+"/.well-known/openid-configuration", &c.meta); err != nil {
		return &Error{Code: "discovery", Hint: "is the issuer right and reachable?", Err: err}
	}
	if c.meta.Issuer != issuer {
		return &Error{Code: "discovery", Hint: fmt.Sprintf("metadata names the issuer %q", c.meta.Issuer)}
	}
	if !slices.Contains(c.meta.CodeChallengeMethods, "S256") {
		return &Error{Code: "discovery", Hint: "the issuer does not offer PKCE S256"}
	}
	if err := c.meta.check(); err != nil {
		return &Error{Code: "discovery", Err: err}
	}
	if c.keySetAddress() == "" {
		return &Error{Code: "discovery", Hint: "the issuer publishes no keys for " + c.algorithm}
	}
	return nil
}

const maxAnswer = 1 << 20

func (c *Client) getJSON(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return json.Unmarshal(body, into)
}

// tokenAnswer is RFC 6749 section 5.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	IDToken     string `json:"id_token"`
	ExpiresIn   int64  `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (c *Client) redeem(ctx context.Context, code, verifier string) (tokenAnswer, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.redirectURI()}, "code_verifier": {verifier}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.meta.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	response, err := c.http.Do(request)
	if err != nil {
		return tokenAnswer{}, &Error{Code: "token", Hint: "the platform does not answer", Err: err}
	}
	defer response.Body.Close()
	var answer tokenAnswer
	decoding := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer)
	if response.StatusCode != http.StatusOK {
		hint := strings.TrimSpace(answer.Error + " " + answer.Description)
		return tokenAnswer{}, &Error{Code: "token", Hint: hint, RequestID: response.Header.Get("X-Request-Id"), Err: errors.New(response.Status)}
	}
	if decoding != nil {
		return tokenAnswer{}, &Error{Code: "token", Hint: "the answer is not JSON", RequestID: response.Header.Get("X-Request-Id"), Err: decoding}
	}
	return answer, nil
}

func (c *Client) redirectURI() string { return c.base + PathCallback }
