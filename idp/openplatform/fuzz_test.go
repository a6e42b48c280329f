package openplatform

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// statements knows one issuer and signs what comes in its name, so that inputs reach what the statement says.
type statements struct {
	Store
	key  *ecdsa.PrivateKey
	body []byte
}

func (s *statements) StatementIssuer(_ context.Context, name string) ([]byte, error) {
	if name != "https://approval.example.gov.cn" {
		return nil, ErrNotFound
	}
	return s.body, nil
}

// KeyID implements jose.Signer.
func (s *statements) KeyID() string { return "k" }

// SignMessage implements jose.Signer.
func (s *statements) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, s.key, sum[:])
}

// FuzzSoftwareStatement: whatever an approved issuer says of an application, what only an administrator decides stays as
// the initial access token has it.
func FuzzSoftwareStatement(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	set, err := jose.NewKeySet(jose.Key{ID: "k", Algorithm: jose.ES256, Public: &key.PublicKey})
	if err != nil {
		f.Fatal(err)
	}
	document, err := json.Marshal(set)
	if err != nil {
		f.Fatal(err)
	}
	body, err := json.Marshal(StatementIssuer{Issuer: "https://approval.example.gov.cn", JWKS: document})
	if err != nil {
		f.Fatal(err)
	}
	issuer := &statements{key: key, body: body}
	service := New(Config{Store: issuer, CheckAddress: func(string) error { return nil }, Now: func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }})
	initial := InitialAccess{Name: "n", Department: "示例市税务局", Sector: "tax", Purpose: "办理税务", Scope: "openid profile", MaxIAL: 1}
	f.Add([]byte(`{"iss":"https://approval.example.gov.cn","iat":1795608000,"software_id":"tax-1","client_name":"税务","redirect_uris":["https://tax.example.gov.cn/cb"]}`), []byte(`{"client_name":"x"}`))
	f.Add([]byte(`{"iss":"https://approval.example.gov.cn","department":"中国人民银行","sector":"evil","max_ial":4,"audience":["https://a"],"statutory_basis":"x","scope":"identity openid"}`), []byte(`{}`))
	f.Add([]byte(`{"iss":"https://evil.example","redirect_uris":7}`), []byte(`{"redirect_uris":["javascript:1"]}`))
	f.Fuzz(func(t *testing.T, claims, outer []byte) {
		statement, err := jose.Sign(t.Context(), issuer, jose.ES256, "JWT", claims)
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(outer, &members) != nil || members == nil {
			return
		}
		if members["software_statement"], err = json.Marshal(statement); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		c, err := service.read(t.Context(), initial, raw)
		if err != nil {
			return
		}
		if c.ClientID != "" || c.ClientSecret != "" || c.Department != initial.Department || c.Sector != initial.Sector || c.Purpose != initial.Purpose || c.MaxIAL != 1 || c.StatutoryBasis != "" || c.Disabled || len(c.Audience)+len(c.Resources)+len(c.AuthorizationDetails) > 0 ||
			slices.ContainsFunc(c.Scopes(), func(s string) bool { return s != "openid" && s != "profile" }) {
			t.Fatalf("%s and %s make %+v", claims, outer, c)
		}
		if service.check(&c) == nil && c.FAPI() && !c.MustPush() {
			t.Fatalf("a FAPI client is weak: %+v", c)
		}
	})
}
