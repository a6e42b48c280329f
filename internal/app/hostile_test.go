package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// hostileSource is an OpenID Provider that does what a test tells it to.
type hostileSource struct {
	*httptest.Server
	key, other *ecdsa.PrivateKey

	mutex    sync.Mutex
	claims   map[string]any              // of the next ID token; iss, aud, exp, iat and nonce are filled in
	change   func(claims map[string]any) // after that
	sign     func(claims map[string]any) string
	userinfo map[string]any
	asked    url.Values // the last authorization request
	redeemed url.Values // the last token request
	silent   bool
}

type testSigner struct {
	key *ecdsa.PrivateKey
	id  string
}

func (s testSigner) KeyID() string { return s.id }
func (s testSigner) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, s.key, sum[:])
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, key *ecdsa.PrivateKey, typ string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Sign(context.Background(), testSigner{key, "k1"}, jose.ES256, typ, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newHostile(t *testing.T) *hostileSource {
	h := &hostileSource{key: newKey(t), other: newKey(t)}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, value any) {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		if h.silent {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		json.NewEncoder(w).Encode(value)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/keys", "userinfo_endpoint": h.URL + "/userinfo",
			"authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		set, err := jose.NewKeySet(jose.Key{ID: "k1", Algorithm: jose.ES256, Public: &h.key.PublicKey})
		if err != nil {
			t.Error(err)
		}
		answer(w, set)
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		h.mutex.Lock()
		h.asked = r.URL.Query()
		back := h.asked.Get("redirect_uri") + "?" + url.Values{"code": {"c"}, "state": {h.asked.Get("state")}, "iss": {h.URL}}.Encode()
		h.mutex.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="zh-CN"><title>province</title><link rel="icon" href="data:,"><a id="province-agree" href="%s">Agree</a>`, html.EscapeString(back))
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) { answer(w, h.userinfo) })
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		h.mutex.Lock()
		h.redeemed = r.PostForm
		claims := map[string]any{"iss": h.URL, "aud": "county", "sub": "person-1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": h.asked.Get("nonce")}
		maps.Copy(claims, h.claims)
		if h.change != nil {
			h.change(claims)
		}
		token := ""
		if h.sign != nil {
			token = h.sign(claims)
		} else {
			token = signed(t, h.key, "JWT", claims)
		}
		h.mutex.Unlock()
		answer(w, map[string]any{"id_token": token, "access_token": "at", "token_type": "Bearer"})
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *hostileSource) host() string { return strings.TrimPrefix(h.URL, "http://") }

func (h *hostileSource) source() federation.Source {
	return federation.Source{ID: "province", Name: "省统一身份认证", Issuer: h.URL, ClientID: "county", Secret: "county-secret-of-tests", Scope: "openid profile identity",
		TrustedIdentity: true, Levels: map[string]int{"2": 2, "L3": 3}, ACRs: map[string]int{"strong": 2}}
}

// begin opens the button of the login page and gives the parameters that the source was asked with.
func (h *hostileSource) begin(t *testing.T, p *apptest.Platform, b *walk.Browser, flow string) url.Values {
	t.Helper()
	address := p.URL + "/federation/province/start"
	if flow != "" {
		address += "?flow=" + flow
	}
	if err := b.Open(context.Background(), address); err != nil {
		t.Fatal(err)
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.asked
}

// comeBack opens the callback with a good answer; changes overwrite or take away.
func (h *hostileSource) comeBack(t *testing.T, p *apptest.Platform, b *walk.Browser, state string, changes ...string) {
	t.Helper()
	q := url.Values{"code": {"c"}, "state": {state}, "iss": {h.URL}}
	for i := 0; i+1 < len(changes); i += 2 {
		if q.Del(changes[i]); changes[i+1] != "" {
			q.Set(changes[i], changes[i+1])
		}
	}
	if err := b.Open(context.Background(), p.URL+"/federation/province/callback?"+q.Encode()); err != nil {
		t.Fatal(err)
	}
}

func (h *hostileSource) login(t *testing.T, p *apptest.Platform, b *walk.Browser) {
	t.Helper()
	h.comeBack(t, p, b, h.begin(t, p, b, "").Get("state"))
}

func wantErrorPage(t *testing.T, b *walk.Browser, status int, code string) {
	t.Helper()
	if b.Page.Status != status || !b.Page.Has("error-code") || !strings.Contains(b.Page.Text, code) {
		t.Errorf("page is %d %s, want %d %s", b.Page.Status, b.Page.Text, status, code)
	}
}

// wantSignedOut: no session came of it.
func wantSignedOut(t *testing.T, p *apptest.Platform, b *walk.Browser) {
	t.Helper()
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
		t.Errorf("somebody is signed in: %s", b.Page.Text)
	}
}

const (
	upstreamUnknown = "YX-AUTH-301"
	upstreamRefused = "YX-AUTH-302"
	linkNeeded      = "YX-AUTH-304"
)

// logoutToken of the source; changes overwrite, nil takes away.
func (h *hostileSource) logoutToken(t *testing.T, typ string, key *ecdsa.PrivateKey, changes map[string]any) string {
	claims := map[string]any{"iss": h.URL, "aud": "county", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": fmt.Sprint("j", time.Now().UnixNano()), "sub": "person-1",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return signed(t, key, typ, claims)
}
