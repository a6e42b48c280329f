package vault_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/vault"
	"github.com/yinxin-gov/yinxin/keys/vault/vaulttest"
)

var ctx = context.Background()

// clock is moved by the test.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

func config(d *vaulttest.Double, records *keystest.Records, c *clock) vault.Config {
	return vault.Config{Address: d.URL, RoleID: vaulttest.RoleID, SecretID: vaulttest.SecretID, TransitMount: "transit", TransitKey: "yinxin",
		Timeout: 500 * time.Millisecond, Store: records, Now: c.now, Rand: ident.System()}
}

func open(t testing.TB, cfg vault.Config) keys.Provider {
	t.Helper()
	p, err := vault.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func create(t testing.TB, p keys.Provider, label string) keys.Info {
	t.Helper()
	info, err := p.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: label})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestContract(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	keystest.Run(t, open(t, config(d, records, c)), func() keys.Provider { return open(t, config(d, records, c)) })
}

func TestTamperedRecords(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	keystest.RunTampering(t, records, func(t testing.TB) keys.Provider { return open(t, config(d, records, c)) })
}

func TestTransitIsAskedWithIdPurposeAndAlgorithm(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	cfg := config(d, records, c)
	cfg.Namespace = "gov/cell"
	info := create(t, open(t, cfg), "a")
	if _, err := open(t, cfg).Signer(ctx, info.ID, keys.UsageToken); err != nil {
		t.Fatal(err)
	}
	if len(d.Seen) != 2 || d.Seen[0].Path != "transit/encrypt/yinxin" || d.Seen[1].Path != "transit/decrypt/yinxin" {
		t.Fatalf("calls %+v", d.Seen)
	}
	for _, call := range d.Seen {
		if want := "yinxin-key-v1\x00" + info.ID + "\x00token\x00SM2"; call.Associated != want || call.Namespace != "gov/cell" {
			t.Errorf("associated data %q in namespace %q", call.Associated, call.Namespace)
		}
	}
	r, err := records.Find(ctx, info.ID)
	if err != nil || !strings.HasPrefix(string(r.Blob), "vault:v1:") {
		t.Errorf("blob %q %v", r.Blob, err)
	}
}

// TestK07EveryFaultHasItsAnswer: unavailable or refused, never a handle, and well again when the server is.
func TestK07EveryFaultHasItsAnswer(t *testing.T) {
	for fault, want := range map[vaulttest.Fault]struct{ use, make error }{
		vaulttest.Sealed:   {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.Busy:     {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.Hanging:  {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.Garbage:  {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.HalfBody: {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.Cut:      {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.Gone:     {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.NoRights: {keys.ErrUnavailable, keys.ErrUnavailable},
		vaulttest.WrongKey: {keys.ErrUnwrap, nil},
		vaulttest.OtherKey: {keys.ErrUnwrap, nil},
		vaulttest.NoToken:  {nil, nil},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
			create(t, open(t, config(d, records, c)), "first") // what OtherKey answers
			info := create(t, open(t, config(d, records, c)), "a")
			p := open(t, config(d, records, c))
			d.Break(fault)
			began := time.Now()
			if signer, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, want.use) || (signer == nil) == (want.use == nil) {
				t.Errorf("use: %v %v", signer, err)
			} else if want.use == keys.ErrUnavailable && errors.Is(err, keys.ErrUnwrap) {
				t.Errorf("a server that cannot serve looks like a damaged key: %v", err)
			}
			if _, err := p.Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2, Label: "made meanwhile"}); !errors.Is(err, want.make) {
				t.Errorf("make: %v", err)
			}
			if stored, err := records.List(ctx, keys.UsageToken, "made meanwhile"); err != nil || (len(stored) == 0) == (want.make == nil) {
				t.Errorf("%d keys are stored, %v", len(stored), err)
			}
			if time.Since(began) > 20*time.Second {
				t.Errorf("took %s", time.Since(began))
			}
			d.Break(vaulttest.None)
			c.advance(time.Minute)
			signer, err := p.Signer(ctx, info.ID, keys.UsageToken)
			if err != nil {
				t.Fatalf("after mending: %v", err)
			}
			if _, err := signer.SignMessage(ctx, []byte("message")); err != nil {
				t.Errorf("after mending: %v", err)
			}
		})
	}
}

func TestOpenedKeysGoOnSigningWhileTheServerIsAway(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	p := open(t, config(d, records, c))
	info := create(t, p, "a")
	d.Break(vaulttest.Sealed)
	signer, err := p.Signer(ctx, info.ID, keys.UsageToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.SignMessage(ctx, []byte("message")); err != nil {
		t.Error(err)
	}
}

func TestHealthTellsSealedAndAway(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	p := open(t, config(d, records, c))
	if err := p.Health(ctx); err != nil {
		t.Errorf("healthy: %v", err)
	}
	for _, fault := range []vaulttest.Fault{vaulttest.Sealed, vaulttest.Hanging, vaulttest.Cut, vaulttest.Busy, vaulttest.Garbage, vaulttest.HalfBody, vaulttest.Gone} {
		d.Break(fault)
		if err := p.Health(ctx); !errors.Is(err, keys.ErrUnavailable) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

func TestTokenIsRenewedAtHalfItsLifeAndTakenAnewAtItsEnd(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	p := open(t, config(d, records, c))
	step := func(after time.Duration, logins, renews int) {
		t.Helper()
		c.advance(after)
		create(t, p, ident.New(ident.System(), "label"))
		if l, r, _ := d.Counts(); l != logins || r != renews {
			t.Errorf("%d logins, %d renewals; want %d and %d", l, r, logins, renews)
		}
	}
	const half = vaulttest.Lease * time.Second / 2
	step(0, 1, 0)
	step(half-time.Second, 1, 0)
	step(2*time.Second, 1, 1)
	step(half-time.Second, 1, 1)
	step(2*half+time.Second, 2, 1)
	d.Break(vaulttest.NoRenewal)
	step(half+time.Second, 3, 1) // a token that may not be renewed
	d.Break(vaulttest.None)
	d.Revoke()
	step(0, 4, 1) // an operator revoked it
	d.Leases(0)
	d.Revoke()
	step(0, 5, 1)
	step(time.Minute, 5, 1) // a token without an end is not renewed at each call
}

func TestK07LostRightsAreUnavailableAndLoginIsTriedOnce(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	info := create(t, open(t, config(d, records, c)), "a")
	p := open(t, config(d, records, c))
	before, _, _ := d.Counts()
	d.Break(vaulttest.NoRights)
	if _, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if after, _, _ := d.Counts(); after != before+1 {
		t.Errorf("%d logins for one refused call", after-before)
	}
	d.Break(vaulttest.NoLogin)
	d.Revoke()
	if _, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnavailable) || errors.Is(err, keys.ErrUnwrap) {
		t.Errorf("role and secret were withdrawn: %v", err)
	}
}

func TestWrongRoleOrSecretDoesNotStart(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	for name, edit := range map[string]func(*vault.Config){"role": func(cfg *vault.Config) { cfg.RoleID = "other" }, "secret": func(cfg *vault.Config) { cfg.SecretID = "other-secret-id" }} {
		cfg := config(d, records, c)
		edit(&cfg)
		if _, err := vault.New(ctx, cfg); !errors.Is(err, keys.ErrUnavailable) || strings.Contains(err.Error(), "other-secret-id") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBreakerPausesCallsAndBulkheadBoundsThem(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	info := create(t, open(t, config(d, records, c)), "a")
	p := open(t, config(d, records, c))
	d.Break(vaulttest.Sealed)
	for range 3 {
		p.Signer(ctx, info.ID, keys.UsageToken)
	}
	_, _, before := d.Counts()
	for range 5 {
		if _, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	}
	if _, _, after := d.Counts(); after != before {
		t.Errorf("%d calls while paused", after-before)
	}
	c.advance(11 * time.Second)
	d.Break(vaulttest.Hanging)
	_, _, before = d.Counts()
	var group sync.WaitGroup
	began := time.Now()
	for range 50 {
		group.Go(func() {
			if _, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnavailable) {
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if _, _, after := d.Counts(); after-before > 16 || time.Since(began) > 20*time.Second {
		t.Errorf("%d calls hung at a server that answers nobody, %s", after-before, time.Since(began))
	}
}

func TestRefusalsDoNotOpenTheBreaker(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	info := create(t, open(t, config(d, records, c)), "a")
	p := open(t, config(d, records, c))
	d.Break(vaulttest.WrongKey)
	for range 5 {
		p.Signer(ctx, info.ID, keys.UsageToken)
	}
	d.Break(vaulttest.None)
	if _, err := p.Signer(ctx, info.ID, keys.UsageToken); err != nil {
		t.Errorf("a damaged key closed the others: %v", err)
	}
}

func TestK08AddressMustBeTLSUnlessLoopback(t *testing.T) {
	for _, address := range []string{"http://vault.example:8200", "http://10.0.0.1:8200", "http://127.0.0.1.example", "ftp://localhost", "", "localhost:8200", "https://", "://"} {
		if _, err := vault.New(ctx, vault.Config{Address: address, Now: time.Now}); err == nil || errors.Is(err, keys.ErrUnavailable) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestK08CertificateIsVerifiedWhateverTheEnvironmentSays: the library behind reads VAULT_SKIP_VERIFY and its like.
func TestK08CertificateIsVerifiedWhateverTheEnvironmentSays(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	server := httptest.NewTLSServer(d)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxied := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { proxied++; w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(proxy.Close)
	for name, value := range map[string]string{"VAULT_SKIP_VERIFY": "true", "VAULT_TOKEN": "token-of-the-environment", "VAULT_NAMESPACE": "namespace-of-the-environment", "VAULT_ADDR": proxy.URL, "VAULT_AGENT_ADDR": proxy.URL,
		"VAULT_PROXY_ADDR": proxy.URL, "HTTPS_PROXY": proxy.URL, "VAULT_HEADERS": `{"X-Test":"environment"}`} {
		t.Setenv(name, value)
	}
	cfg := config(d, records, c)
	cfg.Address = server.URL
	if _, err := vault.New(ctx, cfg); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("a server with an unknown certificate was taken: %v", err)
	}
	cfg.CAFile = ca
	p := open(t, cfg)
	info := create(t, p, "a")
	for _, call := range d.Seen {
		if call.Token == "token-of-the-environment" || call.Namespace != "" {
			t.Errorf("the environment counts: %+v", call)
		}
	}
	if proxied != 0 || info.ID == "" {
		t.Errorf("%d calls went to the proxy of the environment", proxied)
	}
	for name, file := range map[string]string{"missing": filepath.Join(t.TempDir(), "none.pem"), "empty": os.DevNull} {
		cfg.CAFile = file
		if _, err := vault.New(ctx, cfg); err == nil || errors.Is(err, keys.ErrUnavailable) {
			t.Errorf("CA file %s: %v", name, err)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	followed := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed++
		d.ServeHTTP(w, r)
	}))
	t.Cleanup(elsewhere.Close)
	info := create(t, open(t, config(d, records, c)), "a")
	p := open(t, config(d, records, c))
	d.Elsewhere = elsewhere.URL
	d.Break(vaulttest.Redirect)
	if _, err := p.Signer(ctx, info.ID, keys.UsageToken); !errors.Is(err, keys.ErrUnavailable) || followed != 0 {
		t.Errorf("%v, followed %d times", err, followed)
	}
}
