package app_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// clientKey is a key that a client holds.
type clientKey struct {
	id        string
	algorithm jose.Algorithm
	key       crypto.Signer
}

func newClientKey(t testing.TB, algorithm jose.Algorithm) clientKey {
	t.Helper()
	var key crypto.Signer
	var err error
	switch algorithm {
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256, jose.PS256:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case jose.SM2SM3:
		key, err = sm2.GenerateKey(rand.Reader)
	default:
		err = errors.New("algorithm is not known")
	}
	if err != nil {
		t.Fatal(err)
	}
	return clientKey{fmt.Sprintf("%s-%d", algorithm, serial.Add(1)), algorithm, key}
}

func (k clientKey) KeyID() string { return k.id }

func (k clientKey) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	switch k.algorithm {
	case jose.SM2SM3:
		return k.key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	case jose.EdDSA:
		return k.key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	if k.algorithm == jose.PS256 {
		return k.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	return k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func (k clientKey) public(t testing.TB) jose.Key {
	t.Helper()
	return jose.Key{ID: k.id, Algorithm: k.algorithm, Public: k.key.Public()}
}

// document is the JWK set of the keys.
func document(t testing.TB, keys ...clientKey) idp.KeyDocument {
	t.Helper()
	var all []jose.Key
	for _, k := range keys {
		all = append(all, k.public(t))
	}
	set, err := jose.NewKeySet(all...)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (k clientKey) sign(t testing.TB, typ string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Sign(context.Background(), k, k.algorithm, typ, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// serial makes identifiers that occur once in a run.
var serial atomic.Int64

// assertionClaims are those of a good client assertion.
func assertionClaims(p *apptest.Platform, clientID string) map[string]any {
	now := p.Now()
	return map[string]any{"iss": clientID, "sub": clientID, "aud": p.URL, "jti": fmt.Sprintf("jti-%d", serial.Add(1)), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

// asserted adds a client assertion to a form.
func asserted(form url.Values, assertion string) url.Values {
	form.Set("client_assertion_type", oauth.AssertionType)
	form.Set("client_assertion", assertion)
	return form
}

// decodePart reads the n-th part of a compact token as JSON.
func decodePart(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
