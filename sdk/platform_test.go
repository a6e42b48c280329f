package yinxin_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/jose"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// signer signs tokens with a key in memory.
type signer struct {
	id        string
	algorithm jose.Algorithm
	key       crypto.Signer
}

func (s signer) KeyID() string { return s.id }

func (s signer) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	switch s.algorithm {
	case jose.SM2SM3:
		return s.key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	case jose.PS256:
		return s.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func newSigner(t testing.TB, id string, algorithm jose.Algorithm) signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch algorithm {
	case jose.SM2SM3:
		key, err = sm2.GenerateKey(rand.Reader)
	case jose.RS256, jose.PS256:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, algorithm, key}
}

// platform is a small provider that checks what the client sends and does with tokens what a test tells it to.
type platform struct {
	t      testing.TB
	server *httptest.Server

	mutex    sync.Mutex
	now      time.Time
	signer   signer
	metadata func(map[string]any)   // changes the metadata
	claims   func(m map[string]any) // changes the claims of the ID token
	sign     func(payload []byte) string
	answer   func(query url.Values)           // changes the authorization response
	keys     func(w http.ResponseWriter) bool // answers for the key set
	token    func(w http.ResponseWriter) bool // answers for the token endpoint
	fetches  int                              // of the key set
	stolen   bool                             // a request followed a redirect
	asked    url.Values                       // the last authorization request
	codes    map[string]url.Values            // authorization requests by code
}

const (
	clientID     = "portal"
	clientSecret = "a secret: with/odd+characters"
)

func newPlatform(t testing.TB) *platform {
	t.Helper()
	p := &platform{t: t, now: start, codes: map[string]url.Values{}, signer: newSigner(t, "k1", jose.ES256)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /authorize", p.serveAuthorize)
	mux.HandleFunc("POST /token", p.serveToken)
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { p.serveKeys(w, false) })
	mux.HandleFunc("GET /gm-jwks", func(w http.ResponseWriter, _ *http.Request) { p.serveKeys(w, true) })
	mux.HandleFunc("/steal", func(http.ResponseWriter, *http.Request) { p.set(func(p *platform) { p.stolen = true }) })
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// set changes the platform while requests may run.
func (p *platform) set(change func(p *platform)) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change(p)
}

func (p *platform) clock() time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.now
}

func (p *platform) advance(d time.Duration) { p.set(func(p *platform) { p.now = p.now.Add(d) }) }

func (p *platform) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	m := map[string]any{
		"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"end_session_endpoint": p.server.URL + "/logout", "jwks_uri": p.server.URL + "/jwks", "gm_jwks_uri": p.server.URL + "/gm-jwks",
		"authorization_response_iss_parameter_supported": true, "code_challenge_methods_supported": []string{"S256"},
	}
	if p.metadata != nil {
		p.metadata(m)
	}
	json.NewEncoder(w).Encode(m)
}

func (p *platform) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.asked = r.URL.Query()
	code := fmt.Sprintf("code-%d", len(p.codes))
	p.codes[code] = p.asked
	answer := url.Values{"code": {code}, "state": {p.asked.Get("state")}, "iss": {p.server.URL}}
	if p.answer != nil {
		p.answer(answer)
	}
	http.Redirect(w, r, p.asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

func (p *platform) serveToken(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.token != nil && p.token(w) {
		return
	}
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	asked, known := p.codes[r.PostFormValue("code")]
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if id != clientID || secret != clientSecret || !known || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") || asked.Get("code_challenge_method") != "S256" {
		w.Header().Set("X-Request-Id", "req-1")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant","error_description":"no"}`))
		return
	}
	delete(p.codes, r.PostFormValue("code"))
	json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 600, "id_token": p.idToken(asked)})
}

func (p *platform) idToken(asked url.Values) string {
	m := map[string]any{
		"iss": p.server.URL, "aud": clientID, "sub": "pairwise", "exp": p.now.Unix() + 300, "iat": p.now.Unix(), "nonce": asked.Get("nonce"), "auth_time": p.now.Unix(),
		"acr": "urn:yinxin:aal:2", "amr": []string{"pwd", "otp"}, "sid": "sid-1", "ial": 2, "name": "张三丰", "at_hash": jose.HalfHash(p.signer.algorithm, "access"),
	}
	if p.claims != nil {
		p.claims(m)
	}
	payload := mustJSON(m)
	if p.sign != nil {
		return p.sign(payload)
	}
	return p.signed("JWT", payload)
}

func (p *platform) signed(typ string, payload []byte) string {
	return p.signedBy(p.signer, typ, payload)
}

func (p *platform) signedBy(s signer, typ string, payload []byte) string {
	token, err := jose.Sign(context.Background(), s, s.algorithm, typ, payload)
	if err != nil {
		p.t.Error(err)
	}
	return token
}

func (p *platform) serveKeys(w http.ResponseWriter, gm bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.fetches++
	if p.keys != nil && p.keys(w) {
		return
	}
	if gm != (p.signer.algorithm == jose.SM2SM3) {
		w.Write([]byte(`{"keys":[]}`))
		return
	}
	w.Write(p.keySet(p.signer))
}

func (p *platform) keySet(signers ...signer) []byte {
	var list []jose.Key
	for _, s := range signers {
		list = append(list, jose.Key{ID: s.id, Algorithm: s.algorithm, Public: s.key.Public()})
	}
	set, err := jose.NewKeySet(list...)
	if err != nil {
		p.t.Error(err)
	}
	return mustJSON(set)
}

func mustJSON(value any) []byte {
	content, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps of texts and numbers encode
	}
	return content
}

// site is a portal on the client with a citizen's browser in front of it.
type site struct {
	*platform
	client  *yinxin.Client
	server  *httptest.Server
	browser *http.Client
}

// newSite opens the portal; its page says who is signed in.
func newSite(t testing.TB, p *platform, options ...yinxin.Option) *site {
	t.Helper()
	mux := http.NewServeMux()
	s := newSiteOn(t, p, mux)
	s.client = s.open(t, options...)
	s.client.Routes(mux)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(yinxin.CitizenFrom(r.Context()))
	})
	mux.Handle("/me", s.client.RequireLogin(page))
	mux.Handle("/deep", s.client.RequireIAL(3, page))
	mux.HandleFunc("/begin", func(w http.ResponseWriter, r *http.Request) { s.client.Login(w, r, r.URL.Query().Get("return_to")) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("start page")) })
	return s
}

// newSiteOn is a server with a browser, without a client.
func newSiteOn(t testing.TB, p *platform, handler http.Handler) *site {
	t.Helper()
	s := &site{platform: p, server: httptest.NewTLSServer(handler)}
	t.Cleanup(s.server.Close)
	s.browser = s.newBrowser(t)
	return s
}

func (s *site) open(t testing.TB, options ...yinxin.Option) *yinxin.Client {
	t.Helper()
	client, err := yinxin.New(t.Context(), s.platform.server.URL, s.server.URL, append([]yinxin.Option{
		yinxin.WithSecret(clientID, clientSecret), yinxin.WithHTTPClient(s.platform.server.Client()), yinxin.WithClock(s.clock),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *site) newBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := *s.platform.server.Client() // trusts the certificate of every test server
	browser.Jar = jar
	browser.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return errors.New("redirects without end")
		}
		if next.URL.Path == "/logout" || next.URL.Host != hostOf(s.server.URL) && next.URL.Host != hostOf(s.platform.server.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &browser
}

func hostOf(address string) string { return strings.TrimPrefix(address, "https://") }

// page is what the browser sees after all redirects.
type page struct {
	status int
	path   string // with query
	text   string
	next   string // Location, when a redirect was not followed
	header http.Header
}

func (s *site) get(t testing.TB, path string) page {
	t.Helper()
	response, err := s.browser.Get(s.server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t testing.TB, response *http.Response) page {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{response.StatusCode, response.Request.URL.RequestURI(), string(body), response.Header.Get("Location"), response.Header}
}

// citizen reads the page of a signed-in citizen and fails the test when it is another page.
func (p page) citizen(t testing.TB) yinxin.Citizen {
	t.Helper()
	var c yinxin.Citizen
	if err := json.Unmarshal([]byte(p.text), &c); err != nil || c.Subject == "" || p.status != http.StatusOK {
		t.Fatalf("not signed in: %d %s %s", p.status, p.path, p.text)
	}
	return c
}

// refused fails the test unless the page is a failed login with the code.
func (p page) refused(t testing.TB, code string) {
	t.Helper()
	if p.status != http.StatusBadRequest || !strings.HasPrefix(p.text, "yinxin: "+code) {
		t.Errorf("want refusal %q, have %d %s", code, p.status, p.text)
	}
}

// without returns a change that removes members of a claim set.
func without(names ...string) func(map[string]any) {
	return func(m map[string]any) { maps.DeleteFunc(m, func(k string, _ any) bool { return has(names, k) }) }
}

func has(list []string, word string) bool {
	for _, one := range list {
		if one == word {
			return true
		}
	}
	return false
}

// with returns a change that sets a member.
func with(name string, value any) func(map[string]any) {
	return func(m map[string]any) { m[name] = value }
}
