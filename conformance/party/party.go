// Package party is the relying party of the rules that meet a server: it knows clients and people that are registered
// there, and speaks to the server over HTTP alone, with a browser of its own. What a rule must not send it can send too:
// wrong signatures, foreign audiences, proofs of another key.
//
// It holds no opinion about a server; a rule below check/ says what must hold, and a Trial keeps what was seen.
package party

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// ErrServer tells that there is no server to be judged at the issuer's address.
var ErrServer = errors.New("conformance: the server cannot be met")

// Patience is the longest wait of a rule when Options names none: a code or a pushed request may live that long.
const Patience = 2 * time.Minute

// Options of a meeting. Issuer is needed; rules that find no client or person they can use are not applicable.
type Options struct {
	Issuer   string
	With     File
	Roots    *x509.CertPool                             // of the server's certificate; those of the system when nil
	Listen   string                                     // address for logout tokens; empty: where a client's back-channel address is a loopback one
	Patience time.Duration                              // longest wait of a rule
	Now      func() time.Time                           // default: time.Now
	Wait     func(context.Context, time.Duration) error // default: really waits
	Rand     io.Reader                                  // default: rand.Reader
}

// Party is a relying party that has read the server's metadata. It is used by one rule at a time.
type Party struct {
	Options
	Metadata Metadata
	listener *listener

	mutex   sync.Mutex
	clients map[string]*http.Client // by fingerprint of the certificate
	keys    []jose.KeySet
}

// Meet reads the metadata of the issuer. Errors wrap ErrServer.
func Meet(ctx context.Context, options Options) (*Party, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	if options.Patience == 0 {
		options.Patience = Patience
	}
	if options.Wait == nil {
		options.Wait = wait
	}
	issuer, err := url.Parse(options.Issuer)
	if err != nil || issuer.Host == "" || issuer.Scheme != "https" && issuer.Scheme != "http" || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, fmt.Errorf("%w: issuer %q is no address", ErrServer, options.Issuer)
	}
	p := &Party{Options: options, clients: map[string]*http.Client{}}
	answer, err := p.send(ctx, nil, http.MethodGet, strings.TrimSuffix(options.Issuer, "/")+"/.well-known/openid-configuration", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if answer.Status != http.StatusOK || answer.Body == nil {
		return nil, fmt.Errorf("%w: its metadata answers %d", ErrServer, answer.Status)
	}
	p.Metadata = answer.Body
	if p.listener, err = listen(options); err != nil {
		return nil, err
	}
	return p, nil
}

// Close ends the listener.
func (p *Party) Close() error {
	for _, client := range p.clients {
		client.CloseIdleConnections()
	}
	return p.listener.close()
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Metadata is the discovery document.
type Metadata map[string]any

// Text is a member that is a text, else empty.
func (m Metadata) Text(name string) string {
	text, _ := m[name].(string)
	return text
}

// Endpoint is the address of an endpoint; with a client certificate the alias of RFC 8705 section 5 where there is one.
func (m Metadata) Endpoint(name string, mutualTLS bool) string {
	if aliases, ok := m["mtls_endpoint_aliases"].(map[string]any); ok && mutualTLS {
		if alias := Metadata(aliases).Text(name); alias != "" {
			return alias
		}
	}
	return m.Text(name)
}

// List is a member that is a list of texts.
func (m Metadata) List(name string) []string {
	values, _ := m[name].([]any)
	var list []string
	for _, value := range values {
		if text, ok := value.(string); ok {
			list = append(list, text)
		}
	}
	return list
}

// True reports whether a member is the truth value true.
func (m Metadata) True(name string) bool {
	value, _ := m[name].(bool)
	return value
}

// Answer of an endpoint.
type Answer struct {
	Status int
	Header http.Header
	Body   map[string]any // nil when it is no JSON object
	Text   string
}

// OK reports a status of success.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// String is a member of the body, empty when it is none.
func (a Answer) String(name string) string { return Metadata(a.Body).Text(name) }

// Said is the answer in few words, for a report. No token stands in it.
func (a Answer) Said() string {
	code := a.String("error")
	if code == "" {
		code = errorOf(a.Header.Get("WWW-Authenticate"))
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", a.Status, code, a.String("error_description")))
}

const maxAnswer = 4 << 20

// send asks with a client certificate, if there is one, and follows no redirect.
func (p *Party) send(ctx context.Context, certificate *tls.Certificate, method, address string, header http.Header, body io.Reader) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return Answer{}, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := p.client(certificate).Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Text: string(content)}
	var object map[string]any
	if json.Unmarshal(content, &object) == nil {
		answer.Body = object
	}
	return answer, nil
}

// client keeps one client a certificate, and so its connections.
func (p *Party) client(certificate *tls.Certificate) *http.Client {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	name := ""
	if certificate != nil {
		name = string(certificate.Certificate[0])
	}
	if p.clients[name] == nil {
		p.clients[name] = &http.Client{Timeout: 30 * time.Second, Transport: p.transport(certificate),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return p.clients[name]
}

func (p *Party) transport(certificate *tls.Certificate) *http.Transport {
	settings := &tls.Config{RootCAs: p.Roots, MinVersion: tls.VersionTLS12}
	if certificate != nil { // also where the server does not name its issuer: whether it is good is for the server to say
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, MaxIdleConnsPerHost: 4}
}

// Handshake tries to agree with an endpoint on a version of TLS up to the one given, and on one of the suites where there
// are some; nil means that they agree.
func (t *Trial) Handshake(ctx context.Context, address string, most uint16, suites ...uint16) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		t.Skip("%s is no https address", address)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS10, MaxVersion: most, CipherSuites: suites}}
	connection, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	return connection.Close()
}

// serverKeys reads the key sets that the metadata names; SM2 keys may lie in a set of their own.
func (p *Party) serverKeys(ctx context.Context, again bool) ([]jose.KeySet, error) {
	if p.keys != nil && !again {
		return p.keys, nil
	}
	var sets []jose.KeySet
	for _, name := range []string{"jwks_uri", "gm_jwks_uri"} {
		address := p.Metadata.Text(name)
		if address == "" {
			continue
		}
		answer, err := p.send(ctx, nil, http.MethodGet, address, nil, nil)
		if err != nil {
			return nil, err
		}
		set, err := jose.ParseKeySet([]byte(answer.Text), true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		sets = append(sets, set)
	}
	p.keys = sets
	return sets, nil
}

// CheckKeys says what is wrong with the server's key set: it must hold a key, and every key of it is judged.
func (t *Trial) CheckKeys(ctx context.Context) error {
	answer, err := t.send(ctx, nil, http.MethodGet, t.Has("jwks_uri"), nil, nil)
	if err != nil {
		return err
	}
	set, err := jose.ParseKeySet([]byte(answer.Text), true)
	if err == nil && len(set.Keys()) == 0 {
		err = errors.New("there is no key to verify with")
	}
	return err
}

// verify checks a token of the server against its keys, which are read again when none fits.
func (p *Party) verify(ctx context.Context, token string, policy jose.Policy) (*jose.Token, error) {
	policy.Now, policy.Leeway = p.Now(), 10*time.Second
	for _, again := range []bool{false, true} {
		sets, err := p.serverKeys(ctx, again)
		if err != nil {
			return nil, err
		}
		failed := error(jose.ErrKey)
		for _, set := range sets {
			verified, err := jose.Verify(token, set, policy)
			if err == nil {
				return verified, nil
			}
			if !errors.Is(err, jose.ErrKey) {
				failed = err
			}
		}
		if again || !errors.Is(failed, jose.ErrKey) {
			return nil, failed
		}
	}
	return nil, jose.ErrKey
}
