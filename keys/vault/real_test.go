//go:build vault

package vault_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/vault"
	"github.com/yinxin-gov/yinxin/keys/vault/vaulttest"
)

// TestRealServer (`make test-vault`) runs against a server of Vault's interface that YINXIN_TEST_VAULT_ADDR names, with the AppRole of
// YINXIN_TEST_VAULT_ROLE_ID and …_SECRET_ID (token_ttl 600; with …_ROOT_TOKEN it is also revoked). With …_TRANSIT_KEY (an aes256-gcm96 key under transit/) it runs the whole
// contract there. Without it login, renewal and revocation are the server's and transit is the double's, behind the
// server's judgement of each token: not every server of this interface has transit.
func TestRealServer(t *testing.T) {
	address := os.Getenv("YINXIN_TEST_VAULT_ADDR")
	if address == "" {
		t.Fatal("YINXIN_TEST_VAULT_ADDR names no server")
	}
	d, records, c := vaulttest.Start(t), keystest.NewRecords(), newClock()
	cfg := config(d, records, c)
	cfg.Address, cfg.RoleID, cfg.SecretID, cfg.Timeout = address, os.Getenv("YINXIN_TEST_VAULT_ROLE_ID"), os.Getenv("YINXIN_TEST_VAULT_SECRET_ID"), 5*time.Second
	if key := os.Getenv("YINXIN_TEST_VAULT_TRANSIT_KEY"); key != "" {
		cfg.TransitKey = key
		keystest.Run(t, open(t, cfg), func() keys.Provider { return open(t, cfg) })
		keystest.RunTampering(t, records, func(t testing.TB) keys.Provider { return open(t, cfg) })
		return
	}
	front := newFront(t, address, d)
	if _, err := open(t, cfg).Create(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2}); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("a server without transit: %v", err)
	}
	cfg.Address = front.server.URL
	p := open(t, cfg)
	info := create(t, p, "a")
	if front.logins.Load() != 1 || front.refused.Load() != 0 {
		t.Errorf("%d logins, %d refused tokens", front.logins.Load(), front.refused.Load())
	}
	c.advance(6 * time.Minute) // tokens of the role live ten
	create(t, p, "b")
	if front.renewals.Load() == 0 {
		t.Error("the token was not renewed in time")
	}
	c.advance(24 * time.Hour)
	create(t, p, "c")
	if front.logins.Load() < 2 {
		t.Error("an ended token was not taken anew")
	}
	if root := os.Getenv("YINXIN_TEST_VAULT_ROOT_TOKEN"); root != "" {
		front.revoke(t, root)
		if _, err := keystest.Forget(p, records, c.now).Signer(ctx, info.ID, keys.UsageToken); err != nil {
			t.Errorf("a revoked token was not replaced: %v", err)
		}
		if front.refused.Load() == 0 {
			t.Error("the revoked token was taken")
		}
	}
	cfg.SecretID = "00000000-0000-0000-0000-000000000000"
	if _, err := vault.New(ctx, cfg); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("another secret: %v", err)
	}
}

// front sends what is about tokens to the server and the rest to the double.
type front struct {
	server                    *httptest.Server
	address                   string
	logins, renewals, refused atomic.Int32
	token                     atomic.Value
}

func newFront(t *testing.T, address string, d *vaulttest.Double) *front {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{address: address}
	proxy := httputil.NewSingleHostReverseProxy(target)
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/login"):
			f.logins.Add(1)
			proxy.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/v1/auth/"):
			f.renewals.Add(1)
			proxy.ServeHTTP(w, r)
		default:
			token := r.Header.Get("X-Vault-Token")
			if status := f.ask(t, http.MethodGet, "auth/token/lookup-self", token, ""); status != http.StatusOK {
				f.refused.Add(1)
				w.WriteHeader(http.StatusForbidden)
				return
			}
			f.token.Store(token)
			d.Trust(token)
			d.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.server.Close)
	return f
}

func (f *front) ask(t *testing.T, method, path, token, body string) int {
	r, err := http.NewRequest(method, f.address+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("X-Vault-Token", token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// revoke takes the newest token away, by the path of Vault or by the older one.
func (f *front) revoke(t *testing.T, root string) {
	t.Helper()
	token, _ := f.token.Load().(string)
	if f.ask(t, http.MethodPost, "auth/token/revoke", root, `{"token":"`+token+`"}`) >= 300 {
		if status := f.ask(t, http.MethodPost, "auth/token/revoke/"+token, root, ""); status >= 300 {
			t.Fatalf("revoke: %d", status)
		}
	}
}
