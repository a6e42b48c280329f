// Package apptest starts the whole platform for end-to-end tests: real listeners, a real database, the sandbox, and a
// clock that the test moves. Nothing in it is a double.
package apptest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// Platform is a running platform.
type Platform struct {
	t      testing.TB
	App    *app.App
	Config app.Config
	URL    string
	Listen string      // the address at which it listens
	Log    *SafeBuffer // what it logged
	// Management is the address of health and metrics.
	Management string

	mutex  sync.Mutex
	offset time.Duration
	names  []string // of personas
}

// SafeBuffer is a buffer that the platform writes while the test reads.
type SafeBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *SafeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

// String is what was written so far.
func (b *SafeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// Passphrase that opens the keys of test platforms.
const passphrase = "a passphrase of tests"

// OperatorSeal is the code of the operator's own seal, which tests bring into use where they need it.
const OperatorSeal = "37030000001720"

// NewConfig is a sandbox on free ports, with its files in folder.
func NewConfig(t testing.TB, database, folder string) app.Config {
	t.Helper()
	file := filepath.Join(folder, "passphrase")
	if err := os.WriteFile(file, []byte(passphrase), 0o600); err != nil {
		t.Fatal(err)
	}
	return app.Config{
		Listen: app.Listen{Public: "127.0.0.1:0", Management: "127.0.0.1:0"}, Database: app.Database{URL: database}, Blob: app.Blob{Dir: filepath.Join(folder, "documents")},
		Keys: app.Keys{Provider: "file", PassphraseFile: file}, Sandbox: true, Operator: app.Operator{Name: "一网通办", Hotline: "12345", Seal: OperatorSeal},
	}
}

// Start runs a platform on the database until the test ends.
func Start(t testing.TB, database string) *Platform {
	t.Helper()
	return StartWith(t, NewConfig(t, database, t.TempDir()))
}

// StartWith runs a platform with a configuration; its listeners are set here, and its issuer unless it has one, as behind
// a proxy of the test.
func StartWith(t testing.TB, cfg app.Config) *Platform {
	t.Helper()
	return StartOn(t, cfg, app.Options{})
}

// StartOn is StartWith with further options.
func StartOn(t testing.TB, cfg app.Config, opts app.Options) *Platform {
	t.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	public, management := listen(), listen()
	_, port, _ := net.SplitHostPort(public.Addr().String())
	if cfg.Issuer == "" {
		cfg.Issuer = "http://localhost:" + port
		if cfg.Listen.TLS.CertFile != "" {
			cfg.Issuer = "https://localhost:" + port
		}
	}
	var mutual net.Listener
	if cfg.Listen.MTLS.Address != "" {
		mutual = listen()
		cfg.Listen.MTLS.Address = mutual.Addr().String()
	}
	p := &Platform{t: t, Config: cfg, URL: cfg.Issuer, Listen: public.Addr().String(), Log: &SafeBuffer{}, Management: management.Addr().String()}
	logger := slog.New(slog.NewJSONHandler(p.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	slog.SetDefault(logger) // what no request's log line holds goes there
	ctx, stop := context.WithCancel(context.Background())
	opts.Public, opts.Management, opts.MutualTLS, opts.Migrate, opts.Now, opts.Log = public, management, mutual, true, p.Now, logger
	if opts.Cheap == nil {
		opts.Cheap = &app.Cheap{Password: idptest.Cost, Derive: func(passphrase string, salt []byte) ([]byte, error) {
			sum := sha256.Sum256(append(bytes.Clone(salt), passphrase...))
			return sum[:16], nil
		}, RSA: testkit.RSAKey}
	}
	prepare(t, cfg)
	platform, err := app.New(ctx, cfg, opts)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	p.App = platform
	done := make(chan error, 1)
	go func() { done <- platform.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := platform.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		p.canary(cfg)
	})
	return p
}

// prepare gives a fresh database the schema, which every start would make anew. Keys are made by each: two platforms of a test
// must not share them.
func prepare(t testing.TB, cfg app.Config) {
	t.Helper()
	testkit.Prepare(t, cfg.Database.URL, "platform", func(address string) error {
		cfg.Database.URL = address
		return app.Migrate(context.Background(), cfg, "up", io.Discard)
	})
}

// Now is the platform's clock.
func (p *Platform) Now() time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return time.Now().Add(p.offset)
}

// Advance moves the clock.
func (p *Platform) Advance(d time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.offset += d
}

// Client registers a client with usable defaults and returns it; the secret is its id with a suffix.
func (p *Platform) Client(c idp.Client) idp.Client {
	p.t.Helper()
	if c.RedirectURIs == nil {
		c.RedirectURIs = []string{"https://" + c.ClientID + ".example.gov.cn/cb"}
	}
	if c.GrantTypes == nil {
		c.GrantTypes = []string{"authorization_code", "refresh_token"}
	}
	if c.Scope == "" {
		c.Scope = "openid profile"
	}
	if c.TokenEndpointAuthMethod == "" || c.HasSecret() {
		c.ClientSecret = Secret(c.ClientID)
	}
	if err := p.App.Apply(context.Background(), app.Manifest{Clients: []idp.Client{c}}); err != nil {
		p.t.Fatalf("register %s: %v", c.ClientID, err)
	}
	return c
}

// Secret of a client made by Client.
func Secret(clientID string) string { return clientID + "-secret-of-tests" }

// Persona makes a person with a password.
func (p *Platform) Persona(identifier, name string, ial int, roles ...string) {
	p.t.Helper()
	if name != "" {
		p.names = append(p.names, name)
	}
	if err := p.App.Apply(context.Background(), app.Manifest{Personas: []app.Persona{{Identifier: identifier, Password: Password, Name: name, IAL: ial, Roles: roles}}}); err != nil {
		p.t.Fatalf("persona %s: %v", identifier, err)
	}
}

// Password of every persona.
const Password = "Correct-horse-9"

// SignIn returns a browser in which the person is signed in.
func (p *Platform) SignIn(identifier string) *walk.Browser {
	p.t.Helper()
	b := walk.New(nil)
	if err := b.Open(context.Background(), p.URL+"/login"); err != nil {
		p.t.Fatal(err)
	}
	if err := b.Submit(context.Background(), map[string]string{"login-identifier": identifier, "login-password": Password}); err != nil {
		p.t.Fatal(err)
	}
	if !b.Page.Has("identity") {
		p.t.Fatalf("sign-in ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	return b
}

// SignInStaff returns a browser in which the member of staff is signed in; a persona with roles has the identifier as login name.
func (p *Platform) SignInStaff(login string) *walk.Browser {
	p.t.Helper()
	b := walk.New(nil)
	p.StaffLogin(b, login)
	if !b.Page.Has("staff-security") {
		p.t.Fatalf("sign-in of staff ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	return b
}

// StaffLogin gives name and password at the login of staff; where that ends is for the caller to judge.
func (p *Platform) StaffLogin(b *walk.Browser, login string) {
	p.t.Helper()
	if err := b.Open(context.Background(), p.URL+"/staff/login"); err != nil {
		p.t.Fatal(err)
	}
	if err := b.Submit(context.Background(), map[string]string{"login-identifier": login, "login-password": Password}); err != nil {
		p.t.Fatal(err)
	}
}

// Verifier and Challenge are a fixed PKCE pair of tests.
const Verifier = "tests-only-verifier-0123456789-0123456789-abc"

// Challenge belongs to Verifier.
func Challenge() string {
	sum := sha256.Sum256([]byte(Verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// AuthorizeQuery is a complete request of a client; changes overwrite or, when empty, take away a parameter.
func AuthorizeQuery(c idp.Client, changes url.Values) url.Values {
	q := url.Values{"response_type": {"code"}, "client_id": {c.ClientID}, "redirect_uri": {c.RedirectURIs[0]}, "scope": {c.Scope}, "state": {"st"}, "nonce": {"no"},
		"code_challenge": {Challenge()}, "code_challenge_method": {"S256"}}
	for name, values := range changes {
		q.Del(name)
		if len(values) > 0 && values[0] != "" {
			q[name] = values
		}
	}
	return q
}

// Code walks a signed-in browser through consent and returns the parameters that came back to the client.
func (p *Platform) Code(b *walk.Browser, c idp.Client, changes url.Values) url.Values {
	p.t.Helper()
	ctx := context.Background()
	target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+AuthorizeQuery(c, changes).Encode(), c.RedirectURIs[0])
	if err == nil && target == nil && b.Page.Has("consent-allow") {
		target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if target == nil {
		p.t.Fatalf("the flow ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	return target.Query()
}

// Answer of a protocol endpoint.
type Answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	Text   string
}

// String is a member of the body, empty when it is none.
func (a Answer) String(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

// Post sends a form to a protocol endpoint with client_secret_basic; a client without a secret sends its id.
func (p *Platform) Post(path string, c idp.Client, form url.Values) Answer {
	p.t.Helper()
	if c.ClientSecret == "" && c.ClientID != "" && !form.Has("client_assertion") {
		form.Set("client_id", c.ClientID)
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.ClientSecret != "" {
		request.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	return p.Do(request)
}

// Get asks with a bearer token.
func (p *Platform) Get(path, token string) Answer {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.URL+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return p.Do(request)
}

var client = NewHTTPClient(nil)

// NewHTTPClient follows no redirect.
func NewHTTPClient(settings *tls.Config) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: settings}}
}

// Do sends a request and follows no redirect.
func (p *Platform) Do(request *http.Request) Answer {
	p.t.Helper()
	return p.DoWith(client, request)
}

// DoWith is Do with another client, for instance one that holds a certificate.
func (p *Platform) DoWith(client *http.Client, request *http.Request) Answer {
	p.t.Helper()
	response, err := client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Text: string(content)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(content, &answer.Body); err != nil {
			p.t.Fatalf("answer is no JSON: %v: %s", err, content)
		}
	}
	return answer
}

// Redeem exchanges a code; changes as in AuthorizeQuery.
func (p *Platform) Redeem(c idp.Client, code string, changes url.Values) Answer {
	p.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.RedirectURIs[0]}, "code_verifier": {Verifier}}
	for name, values := range changes {
		form.Del(name)
		if len(values) > 0 && values[0] != "" {
			form[name] = values
		}
	}
	return p.Post("/token", c, form)
}

// Refresh exchanges a refresh token.
func (p *Platform) Refresh(c idp.Client, token string) Answer {
	p.t.Helper()
	return p.Post("/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// Active asks introspection about a token.
func (p *Platform) Active(c idp.Client, token string) bool {
	p.t.Helper()
	answer := p.Post("/introspect", c, url.Values{"token": {token}})
	if answer.Status != http.StatusOK {
		p.t.Fatalf("introspection answered %d: %s", answer.Status, answer.Text)
	}
	active, _ := answer.Body["active"].(bool)
	return active
}

// Claims reads the payload of a JWT without judging it.
func Claims(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
