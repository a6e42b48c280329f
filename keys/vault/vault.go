// Package vault is the key provider "vault": blobs are sealed by the transit engine of a Vault or OpenBao server
// (AES-256-GCM with the key's id, purpose and algorithm as associated data) and opened in memory to sign, because
// transit knows no SM2. The server is reached by AppRole; the token is renewed and taken anew before it ends.
package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// Config of the provider.
type Config struct {
	Address      string // https, or http on loopback
	Namespace    string
	RoleID       string
	SecretID     string
	TransitMount string // "transit"
	TransitKey   string // an aes256-gcm96 key
	CAFile       string
	Timeout      time.Duration // of one call; 5 s when zero
	Store        wrapped.Store
	Now          func() time.Time
	Rand         io.Reader
}

const (
	callsAtOnce  = 8                // bulkhead: a slow server holds no more callers than this
	breakAfter   = 3                // failures in a row
	breakFor     = 10 * time.Second // no call is made meanwhile
	renewalShare = 2                // the token is renewed when half its life is over
	endlessLife  = time.Hour        // how long a token without an end is used before it is renewed
)

// New logs in and returns the provider.
func New(ctx context.Context, cfg Config) (*wrapped.Provider, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if err := checkAddress(cfg.Address); err != nil {
		return nil, err
	}
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(&api.Config{Address: cfg.Address, Timeout: cfg.Timeout, DisableRedirects: true, HttpClient: &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}})
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	// The library takes token, namespace and headers from the environment; only the configuration counts here.
	client.ClearToken()
	client.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	if cfg.Namespace != "" {
		client.SetNamespace(cfg.Namespace)
	}
	t := &transit{cfg: cfg, client: client, slots: make(chan struct{}, callsAtOnce)}
	if err := t.login(ctx); err != nil {
		return nil, err
	}
	return wrapped.New(wrapped.Config{Name: "vault", Store: cfg.Store, Wrapper: t, Now: cfg.Now, Rand: cfg.Rand}), nil
}

// newTransport verifies the server's certificate whatever the environment says (VAULT_SKIP_VERIFY and its like), uses no
// proxy and follows no redirect (K-08, R9).
func newTransport(cfg Config) (*http.Transport, error) {
	t := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DialContext: (&net.Dialer{Timeout: cfg.Timeout}).DialContext, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: callsAtOnce, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: cfg.Timeout, ResponseHeaderTimeout: cfg.Timeout,
	}
	if cfg.CAFile == "" {
		return t, nil
	}
	content, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("vault: read CA file: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(content) {
		return nil, errors.New("vault: the CA file holds no certificate")
	}
	return t, nil
}

// checkAddress: K-08, TLS unless loopback.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("vault: address is not a URL")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())) {
		return errors.New("vault: address must be https unless it is loopback")
	}
	return nil
}

// transit implements wrapped.Wrapper.
type transit struct {
	cfg    Config
	client *api.Client
	slots  chan struct{}

	mutex    sync.Mutex
	renewAt  time.Time
	endsAt   time.Time
	failures int
	openAt   time.Time // breaker: no call before
}

func (t *transit) login(ctx context.Context) error {
	secret, err := t.client.Logical().WriteWithContext(ctx, "auth/approle/login", map[string]any{"role_id": t.cfg.RoleID, "secret_id": t.cfg.SecretID})
	if err != nil {
		return fmt.Errorf("%w: login: %w", keys.ErrUnavailable, err) // also when role or secret are refused
	}
	if secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "" {
		return fmt.Errorf("%w: the login gave no token", keys.ErrUnavailable)
	}
	t.accept(secret)
	return nil
}

func (t *transit) accept(secret *api.Secret) {
	if secret.Auth.ClientToken != "" {
		t.client.SetToken(secret.Auth.ClientToken)
	}
	life := time.Duration(secret.Auth.LeaseDuration) * time.Second
	if life <= 0 {
		life = endlessLife // a token without an end
	}
	now := t.cfg.Now()
	t.renewAt, t.endsAt = now.Add(life/renewalShare), now.Add(life)
}

// freshToken renews the token in time, and logs in again when that fails or it is too late.
func (t *transit) freshToken(ctx context.Context) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := t.cfg.Now()
	if now.Before(t.renewAt) {
		return nil
	}
	if now.Before(t.endsAt) {
		if secret, err := t.client.Auth().Token().RenewSelfWithContext(ctx, 0); err == nil && secret != nil && secret.Auth != nil {
			t.accept(secret)
			return nil
		}
	}
	return t.login(ctx)
}

// call runs one request inside bulkhead, breaker and time limit; a refused token is replaced once.
func (t *transit) call(ctx context.Context, path string, body map[string]any) (*api.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: too many calls wait", keys.ErrUnavailable)
	}
	if t.broken() {
		return nil, fmt.Errorf("%w: calls are paused after failures", keys.ErrUnavailable)
	}
	secret, err := t.try(ctx, path, body)
	if isForbidden(err) {
		t.mutex.Lock()
		t.renewAt, t.endsAt = time.Time{}, time.Time{}
		t.mutex.Unlock()
		secret, err = t.try(ctx, path, body)
	}
	t.count(err)
	if err != nil {
		return nil, translate(err)
	}
	return secret, nil
}

func (t *transit) try(ctx context.Context, path string, body map[string]any) (*api.Secret, error) {
	if err := t.freshToken(ctx); err != nil {
		return nil, err
	}
	return t.client.Logical().WriteWithContext(ctx, path, body)
}

func (t *transit) broken() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.cfg.Now().Before(t.openAt)
}

// count feeds the breaker: only failures of the server open it, not its refusals.
func (t *transit) count(err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err == nil || isRefusal(err) {
		t.failures = 0
		return
	}
	if t.failures++; t.failures >= breakAfter {
		t.failures, t.openAt = 0, t.cfg.Now().Add(breakFor)
	}
}

func isForbidden(err error) bool {
	answer, ok := errors.AsType[*api.ResponseError](err)
	return ok && answer.StatusCode == http.StatusForbidden
}

func isRefusal(err error) bool {
	answer, ok := errors.AsType[*api.ResponseError](err)
	return ok && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests
}

// translate: a bad request is a blob that cannot be opened; everything else means that the server cannot serve.
func translate(err error) error {
	if errors.Is(err, keys.ErrUnavailable) || errors.Is(err, keys.ErrUnwrap) {
		return err
	}
	if answer, ok := errors.AsType[*api.ResponseError](err); ok && answer.StatusCode == http.StatusBadRequest {
		return fmt.Errorf("%w: %w", keys.ErrUnwrap, err)
	}
	return fmt.Errorf("%w: %w", keys.ErrUnavailable, err)
}

// Wrap seals a blob.
func (t *transit) Wrap(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	secret, err := t.call(ctx, t.cfg.TransitMount+"/encrypt/"+t.cfg.TransitKey, map[string]any{
		"plaintext": base64.StdEncoding.EncodeToString(plaintext), "associated_data": base64.StdEncoding.EncodeToString(associatedData)})
	if err != nil {
		return nil, err
	}
	text, ok := field(secret, "ciphertext")
	if !ok {
		return nil, fmt.Errorf("%w: the answer holds no ciphertext", keys.ErrUnavailable)
	}
	return []byte(text), nil
}

// Unwrap opens a blob.
func (t *transit) Unwrap(ctx context.Context, blob, associatedData []byte) ([]byte, error) {
	secret, err := t.call(ctx, t.cfg.TransitMount+"/decrypt/"+t.cfg.TransitKey, map[string]any{
		"ciphertext": string(blob), "associated_data": base64.StdEncoding.EncodeToString(associatedData)})
	if err != nil {
		return nil, err
	}
	text, ok := field(secret, "plaintext")
	plaintext, decodeErr := base64.StdEncoding.DecodeString(text)
	if !ok || decodeErr != nil {
		return nil, fmt.Errorf("%w: the answer holds no plaintext", keys.ErrUnavailable)
	}
	return plaintext, nil
}

func field(secret *api.Secret, name string) (string, bool) {
	if secret == nil || secret.Data == nil {
		return "", false
	}
	text, ok := secret.Data[name].(string)
	return text, ok
}

// Health asks whether the server is unsealed.
func (t *transit) Health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	health, err := t.client.Sys().HealthWithContext(ctx)
	if err != nil {
		return translate(err)
	}
	if health.Sealed || !health.Initialized {
		return fmt.Errorf("%w: the server is sealed", keys.ErrUnavailable)
	}
	return nil
}
