package oauth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

var fuzzNow = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// fuzzKey signs whatever claims come, so that inputs reach the rules behind the signature.
type fuzzKey struct{ *ecdsa.PrivateKey }

func newFuzzKey(f *testing.F) (fuzzKey, jose.KeySet) {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	set, err := jose.NewKeySet(jose.Key{ID: "k", Algorithm: jose.ES256, Public: &key.PublicKey})
	if err != nil {
		f.Fatal(err)
	}
	return fuzzKey{key}, set
}

// KeyID implements jose.Signer.
func (fuzzKey) KeyID() string { return "k" }

// SignMessage implements jose.Signer.
func (k fuzzKey) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, k.PrivateKey, sum[:])
}

// once is a JTIStore in memory.
type once map[string]bool

func (o once) use(hash []byte) error {
	if o[string(hash)] {
		return ErrConsumed
	}
	o[string(hash)] = true
	return nil
}

func (o once) UseAssertion(_ context.Context, hash []byte, _ time.Time) error { return o.use(hash) }
func (o once) UseProof(_ context.Context, hash []byte, _ time.Time) error     { return o.use(hash) }

const fuzzIssuer = "https://id.example.gov.cn"

func FuzzRequestObject(f *testing.F) {
	key, set := newFuzzKey(f)
	f.Add([]byte(`{"iss":"c","aud":"` + fuzzIssuer + `","client_id":"c","iat":1795608000,"nbf":1795608000,"exp":1795608060,"jti":"j","response_type":"code","max_age":0,"claims":{"id_token":{}}}`))
	f.Add([]byte(`{"iss":"c","sub":"c","aud":["` + fuzzIssuer + `"],"client_id":"c","exp":1795608060}`))
	f.Add([]byte(`{"iss":"c","aud":"` + fuzzIssuer + `","client_id":"c","exp":1795608060,"request":"x"}`))
	f.Fuzz(func(t *testing.T, claims []byte) {
		token, err := jose.Sign(t.Context(), key, jose.ES256, RequestObjectType, claims)
		if err != nil {
			return
		}
		object, refusal := ReadRequestObject(token, RequestObjectPolicy{ClientID: "c", Issuer: fuzzIssuer, Algorithm: jose.ES256, Keys: set, Now: fuzzNow})
		if refusal != nil {
			return
		}
		if object.Params.Get("client_id") != "c" || object.Params.Has("request") || object.Params.Has("request_uri") || object.Params.Has("iss") || object.Serial == "" || object.Until.After(fuzzNow.Add(requestObjectLife+3*ClockLeeway)) {
			t.Fatalf("%s was taken as %+v", claims, object)
		}
	})
}

func FuzzClientAssertion(f *testing.F) {
	key, set := newFuzzKey(f)
	ring := keys.NewRing(keystest.NewTwin(func() time.Time { return fuzzNow }))
	if _, err := ring.Ensure(context.Background(), keys.Spec{Usage: keys.UsageLookup, Algorithm: keys.HMACSM3}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"iss":"c","sub":"c","aud":"` + fuzzIssuer + `","iat":1795608000,"exp":1795608060,"jti":"j"}`))
	f.Add([]byte(`{"iss":"c","sub":"c","aud":["` + fuzzIssuer + `","https://evil.example"],"exp":1795608060,"jti":"j"}`))
	f.Add([]byte(`{"iss":"c","sub":"d","aud":"` + fuzzIssuer + `/token","exp":1e400,"jti":7}`))
	f.Fuzz(func(t *testing.T, claims []byte) {
		assertion, err := jose.Sign(t.Context(), key, jose.ES256, "JWT", claims)
		if err != nil {
			return
		}
		auth := NewClientAuth(ClientAuthConfig{Issuer: fuzzIssuer, Ring: ring, Store: once{}, Now: func() time.Time { return fuzzNow }})
		client := idp.StoredClient{Client: idp.Client{ClientID: "c", TokenSettings: idp.TokenSettings{TokenEndpointAuthAlg: "ES256"}}, Keys: set}
		if auth.checkAssertion(t.Context(), client, assertion) != nil {
			return
		}
		var read struct {
			Iss, JTI string
			Exp      float64
		}
		if err := json.Unmarshal(claims, &read); err != nil || read.Iss != "c" || read.JTI == "" || !bytes.Contains(claims, []byte("aud")) || read.Exp > float64(fuzzNow.Add(assertionLife+3*ClockLeeway).Unix()) {
			t.Fatalf("%s authenticates: %v", claims, err)
		}
		if auth.checkAssertion(t.Context(), client, assertion) == nil {
			t.Fatal("O-31 twice")
		}
	})
}

func FuzzDPoPProof(f *testing.F) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	ring := keys.NewRing(keystest.NewTwin(func() time.Time { return fuzzNow }))
	if _, err := ring.Ensure(context.Background(), keys.Spec{Usage: keys.UsageLookup, Algorithm: keys.HMACSM3}); err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwk := `{"kty":"OKP","crv":"Ed25519","x":"` + encode(public) + `"}`
	f.Add([]byte(`{"typ":"dpop+jwt","alg":"EdDSA","jwk":JWK}`), []byte(`{"jti":"j","htm":"POST","htu":"`+fuzzIssuer+`/token","iat":1795608000}`))
	f.Add([]byte(`{"typ":"dpop+jwt","alg":"EdDSA","jwk":JWK}`), []byte(`{"jti":"j","htm":"POST","htu":"https://ID.example.gov.cn:443/token?x=1#y","iat":1795608000,"nonce":"AAAA"}`))
	f.Add([]byte(`{"typ":"dpop+jwt","alg":"none"}`), []byte(`{"ath":7}`))
	f.Fuzz(func(t *testing.T, header, claims []byte) {
		header = bytes.ReplaceAll(header, []byte("JWK"), []byte(jwk)) // inputs of the corpus outlive the key
		input := encode(header) + "." + encode(claims)
		proofs := NewProofs(ProofsConfig{Ring: ring, Store: once{}, Now: func() time.Time { return fuzzNow }})
		proof := Proof{Headers: []string{input + "." + encode(ed25519.Sign(private, []byte(input)))}, Method: "POST", URL: fuzzIssuer + "/token"}
		jkt, err := proofs.Check(t.Context(), proof)
		if err != nil {
			return
		}
		var read struct {
			JTI, Htm, Htu string
			Iat           json.Number
		}
		at, ok := new(big.Float), false
		if err := json.Unmarshal(claims, &read); err == nil {
			_, ok = at.SetString(read.Iat.String())
		}
		seconds, _ := at.Float64()
		if !ok || jkt == "" || read.JTI == "" || read.Htm != "POST" || !strings.Contains(strings.ToLower(read.Htu), "id.example.gov.cn") || seconds < float64(fuzzNow.Add(-ProofAge-2*ClockLeeway).Unix()) {
			t.Fatalf("%s %s was taken", header, claims)
		}
		if _, err := proofs.Check(t.Context(), proof); err == nil {
			t.Fatal("O-63 twice")
		}
	})
}
