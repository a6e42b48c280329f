package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

const issuer = "https://id.province.example.gov.cn"

var (
	now     = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	attempt = federation.Attempt{RedirectURI: "https://county.example.gov.cn/cb", State: "st", Nonce: "no", Verifier: "v"}
)

// province gives its documents as a test has them; its tokens are signed whatever their claims are, so
// that inputs reach the rules behind the signature.
type province struct {
	key      *ecdsa.PrivateKey
	metadata []byte
	keys     []byte
	token    string
}

// KeyID and SignMessage implement jose.Signer.
func (p *province) KeyID() string { return "k" }

// SignMessage signs with the province's key.
func (p *province) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, p.key, sum[:])
}

func (p *province) Do(_ context.Context, _, address string, _ http.Header, _ []byte) (*outbound.Answer, error) {
	switch strings.TrimPrefix(address, issuer) {
	case "/.well-known/openid-configuration":
		return &outbound.Answer{Status: 200, Body: p.metadata}, nil
	case "/keys":
		return &outbound.Answer{Status: 200, Body: p.keys}, nil
	case "/token":
		body, err := json.Marshal(map[string]string{"id_token": p.token, "access_token": "at"})
		return &outbound.Answer{Status: 200, Body: body}, err
	}
	return nil, errors.New("nothing is there")
}

func newProvince(f *testing.F) *province {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	set, err := jose.NewKeySet(jose.Key{ID: "k", Algorithm: jose.ES256, Public: &key.PublicKey})
	if err != nil {
		f.Fatal(err)
	}
	p := &province{key: key, metadata: []byte(`{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/authorize","token_endpoint":"` + issuer + `/token","jwks_uri":"` + issuer + `/keys","end_session_endpoint":"` + issuer + `/logout"}`)}
	if p.keys, err = json.Marshal(set); err != nil {
		f.Fatal(err)
	}
	return p
}

func registered(f testing.TB) federation.Source {
	f.Helper()
	s := federation.Source{ID: "province", Issuer: issuer, ClientID: "county", TrustedIdentity: true, Levels: map[string]int{"2": 2}}
	if err := s.Normalize(); err != nil {
		f.Fatal(err)
	}
	return s
}

const goodClaims = `{"iss":"` + issuer + `","aud":"county","sub":"person","iat":1795608000,"exp":1795608060,"nonce":"no","ial":2,"name":"张三","auth_time":1795608000}`

func FuzzIDToken(f *testing.F) {
	p, s := newProvince(f), registered(f)
	f.Add([]byte(goodClaims))
	f.Add([]byte(strings.Replace(goodClaims, `"county"`, `["county","other"],"azp":"county"`, 1)))
	f.Add([]byte(strings.Replace(goodClaims, `"no"`, `null`, 1)))
	f.Fuzz(func(t *testing.T, claims []byte) {
		token, err := jose.Sign(t.Context(), p, jose.ES256, "JWT", claims)
		if err != nil {
			return
		}
		p.token = token
		i, err := New(p, func() time.Time { return now }).Finish(t.Context(), s, "", attempt, url.Values{"code": {"c"}})
		if err != nil {
			return
		}
		var read struct{ Iss, Sub, Nonce string }
		if err := json.Unmarshal(claims, &read); err != nil || read.Iss != issuer || read.Nonce != attempt.Nonce || i.Subject == "" || len(i.Subject) > maxSubject || i.Subject != read.Sub {
			t.Fatalf("%s names %+v: %v", claims, i, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	p, s := newProvince(f), registered(f)
	f.Add(p.metadata)
	f.Add([]byte(strings.Replace(string(p.metadata), issuer+"/authorize", "http://evil.example/", 1)))
	f.Add([]byte(`{"issuer":"` + issuer + `"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p.metadata = raw
		provider := New(p, func() time.Time { return now })
		if address, _, err := provider.Begin(t.Context(), s, attempt); err == nil {
			u, err := url.Parse(address)
			if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Query().Get("state") != "st" || u.Query().Get("client_id") != "county" || u.Query().Get("code_challenge_method") != "S256" {
				t.Fatalf("%s leads to %q", raw, address)
			}
		}
		if address, err := provider.Leave(t.Context(), s, "hint", "https://county.example.gov.cn/back", "st"); err == nil && address != "" {
			u, err := url.Parse(address)
			if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Query().Get("post_logout_redirect_uri") != "https://county.example.gov.cn/back" {
				t.Fatalf("%s leads to %q", raw, address)
			}
		}
	})
}

func FuzzLogoutToken(f *testing.F) {
	p, s := newProvince(f), registered(f)
	const event = `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`
	f.Add([]byte(`{"iss":"` + issuer + `","aud":"county","sub":"person","sid":"s","jti":"j","iat":1795608000,"exp":1795608060,` + event + `}`))
	f.Add([]byte(`{"iss":"` + issuer + `","aud":"county","jti":"j","iat":1795608000,"exp":1795608060,` + event + `}`))
	f.Add([]byte(goodClaims))
	f.Fuzz(func(t *testing.T, claims []byte) {
		token, err := jose.Sign(t.Context(), p, jose.ES256, "logout+jwt", claims)
		if err != nil {
			return
		}
		ended, err := New(p, func() time.Time { return now }).Logout(t.Context(), s, "", url.Values{"logout_token": {token}})
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(claims, &members); err != nil || members["nonce"] != nil || ended.JTI == "" || ended.Subject == "" && ended.SID == "" || ended.Expires.Before(now.Add(-leeway)) {
			t.Fatalf("%s ends %+v: %v", claims, ended, err)
		}
	})
}
