package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// testSigner signs with a key in memory.
type testSigner struct {
	id        string
	algorithm Algorithm
	key       crypto.Signer
}

func (s testSigner) KeyID() string { return s.id }

func (s testSigner) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	if s.algorithm == SM2SM3 {
		return s.key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	}
	if s.algorithm == EdDSA {
		return s.key.Sign(nil, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	if s.algorithm == PS256 {
		return s.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func (s testSigner) public(t testing.TB) Key {
	t.Helper()
	key := Key{ID: s.id, Algorithm: s.algorithm, Public: s.key.Public()}
	if err := key.check(); err != nil {
		t.Fatal(err)
	}
	return key
}

func signers(t testing.TB) []testSigner {
	t.Helper()
	ec, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, err2 := rsa.GenerateKey(rand.Reader, 2048)
	sm, err3 := sm2.GenerateKey(rand.Reader)
	_, ed, err4 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	return []testSigner{{"ec", ES256, ec}, {"rs", RS256, rs}, {"ps", PS256, rs}, {"sm", SM2SM3, sm}, {"ed", EdDSA, ed}}
}

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func claims(change func(m map[string]any)) []byte {
	m := map[string]any{"iss": "https://id", "aud": "client", "sub": "s", "exp": now.Unix() + 60, "iat": now.Unix()}
	if change != nil {
		change(m)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}

func policy(algorithms ...Algorithm) Policy {
	return Policy{Algorithms: algorithms, Type: "JWT", Issuer: "https://id", Audience: "client", Now: now}
}

func TestRoundTripThroughAPublishedKeySet(t *testing.T) {
	for _, signer := range signers(t) {
		t.Run(string(signer.algorithm), func(t *testing.T) {
			set, err := NewKeySet(signer.public(t))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(set)
			if err != nil {
				t.Fatal(err)
			}
			read, err := ParseKeySet(raw, false)
			if err != nil {
				t.Fatal(err)
			}
			for range 40 { // short r or s must be padded
				token, err := Sign(context.Background(), signer, signer.algorithm, "JWT", claims(nil))
				if err != nil {
					t.Fatal(err)
				}
				got, err := Verify(token, read, policy(signer.algorithm))
				if err != nil || got.Claims.Subject != "s" || got.Header.KeyID != signer.id {
					t.Fatalf("%+v, %v", got, err)
				}
				changed := []byte(token)
				if at := len(token) - 20; changed[at] == 'A' {
					changed[at] = 'B'
				} else {
					changed[at] = 'A'
				}
				if _, err := Verify(string(changed), read, policy(signer.algorithm)); err == nil {
					t.Fatal("a changed signature was accepted")
				}
			}
		})
	}
}

// TestJRows walks the rows of security specification 3.3.
func TestJRows(t *testing.T) {
	all := signers(t)
	ec, sm := all[0], all[3]
	set, err := NewKeySet(ec.public(t), sm.public(t))
	if err != nil {
		t.Fatal(err)
	}
	sign := func(payload []byte) string {
		token, err := Sign(context.Background(), ec, ES256, "JWT", payload)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(claims(nil))
	rest := good[strings.IndexByte(good, '.'):]
	header := func(text string) string { return encode([]byte(text)) + rest }
	resign := func(text string) string {
		input := encode([]byte(text)) + "." + encode(claims(nil))
		der, err := ec.SignMessage(context.Background(), []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := rawSignature(der)
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + encode(raw)
	}
	der, err := ec.SignMessage(context.Background(), []byte(good[:strings.LastIndexByte(good, '.')]))
	if err != nil {
		t.Fatal(err)
	}
	withSignature := func(signature []byte) string { return good[:strings.LastIndexByte(good, '.')+1] + encode(signature) }
	if _, err := Verify(good, set, policy(ES256, SM2SM3)); err != nil {
		t.Fatalf("the good token is refused: %v", err)
	}
	cases := []struct {
		name, token string
		want        error
	}{
		{"J-01 alg none", header(`{"alg":"none","typ":"JWT"}`), ErrAlgorithm},
		{"J-01 alg nOnE", header(`{"alg":"nOnE","typ":"JWT"}`), ErrAlgorithm},
		{"J-01 empty signature", good[:strings.LastIndexByte(good, '.')+1], ErrSignature},
		{"J-02 HS256", header(`{"alg":"HS256","typ":"JWT","kid":"ec"}`), ErrAlgorithm},
		{"J-03 crit", resign(`{"alg":"ES256","typ":"JWT","kid":"ec","crit":["x"]}`), ErrMalformed},
		{"J-03 b64", resign(`{"alg":"ES256","typ":"JWT","kid":"ec","b64":false}`), ErrMalformed},
		{"J-03 zip", resign(`{"alg":"ES256","typ":"JWT","kid":"ec","zip":"DEF"}`), ErrMalformed},
		{"J-04 unknown kid", resign(`{"alg":"ES256","typ":"JWT","kid":"../../etc"}`), ErrKey},
		{"J-04 huge kid", resign(`{"alg":"ES256","typ":"JWT","kid":"` + strings.Repeat("x", 5000) + `"}`), ErrMalformed},
		{"O-27 jwk header", resign(`{"alg":"ES256","typ":"JWT","jwk":{}}`), ErrMalformed},
		{"O-27 jku header", resign(`{"alg":"ES256","typ":"JWT","jku":"http://x"}`), ErrMalformed},
		{"J-06 a million dots", strings.Repeat(".", 1_000_000), ErrMalformed},
		{"J-06 large token", strings.Repeat("a", MaxToken+1), ErrMalformed},
		{"J-07 JSON serialization", `{"payload":"e30","signatures":[]}`, ErrMalformed},
		{"J-07 duplicate header member", resign(`{"alg":"ES256","typ":"JWT","kid":"ec","alg":"ES256"}`), ErrMalformed},
		{"J-07 duplicate claim", sign([]byte(`{"iss":"https://id","aud":"client","exp":9999999999,"iss":"https://id"}`)), ErrMalformed},
		{"J-08 no exp", sign(claims(func(m map[string]any) { delete(m, "exp") })), ErrClaims},
		{"J-08 exp is a text", sign(claims(func(m map[string]any) { m["exp"] = "9999999999" })), ErrClaims},
		{"J-08 exp 1e400", sign([]byte(`{"iss":"https://id","aud":"client","exp":1e400}`)), ErrClaims},
		{"J-08 exp negative", sign(claims(func(m map[string]any) { m["exp"] = -1 })), ErrClaims},
		{"J-08 expired", sign(claims(func(m map[string]any) { m["exp"] = now.Unix() })), ErrExpired},
		{"J-08 nbf ahead", sign(claims(func(m map[string]any) { m["nbf"] = now.Unix() + 300 })), ErrClaims},
		{"J-08 iat ahead", sign(claims(func(m map[string]any) { m["iat"] = now.Unix() + 300 })), ErrClaims},
		{"J-09 padding", good + "=", ErrMalformed},
		{"J-09 blank", strings.Replace(good, ".", " .", 1), ErrMalformed},
		{"J-09 line break", good[:10] + "\n" + good[10:], ErrMalformed},
		{"J-10 other type", resign(`{"alg":"ES256","typ":"at+jwt","kid":"ec"}`), ErrType},
		{"J-10 other audience", sign(claims(func(m map[string]any) { m["aud"] = []string{"other"} })), ErrClaims},
		{"J-10 other issuer", sign(claims(func(m map[string]any) { m["iss"] = "https://id.evil" })), ErrClaims},
		{"J-11 r = s = 0", withSignature(make([]byte, 64)), ErrSignature},
		{"J-11 DER instead of raw", withSignature(der), ErrSignature},
		{"J-13 SM2 labelled ES256", header(`{"alg":"ES256","typ":"JWT","kid":"sm"}`), ErrKey},
		{"J-13 ES256 labelled SM2", header(`{"alg":"SGD_SM3_SM2","typ":"JWT","kid":"ec"}`), ErrKey},
		{"algorithm not in the policy", good, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			allowed := policy(ES256, SM2SM3)
			if c.want == nil {
				allowed, c.want = policy(SM2SM3), ErrAlgorithm
			}
			if _, err := Verify(c.token, set, allowed); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestExpiredHintIsReadWithoutExpiry(t *testing.T) {
	ec := signers(t)[0]
	set, err := NewKeySet(ec.public(t))
	if err != nil {
		t.Fatal(err)
	}
	token, err := Sign(context.Background(), ec, ES256, "JWT", claims(func(m map[string]any) { m["exp"] = 1 }))
	if err != nil {
		t.Fatal(err)
	}
	hint := policy(ES256)
	hint.NoExpiry = true
	if _, err := Verify(token, set, hint); err != nil {
		t.Fatal(err)
	}
}

func TestJ12KeysThatAreRefused(t *testing.T) {
	ec := signers(t)[0]
	good, err := ec.public(t).member()
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(m map[string]any)) string {
		raw, _ := json.Marshal(good)
		m := map[string]any{}
		json.Unmarshal(raw, &m)
		change(m)
		raw, _ = json.Marshal(map[string]any{"keys": []any{m}})
		return string(raw)
	}
	if _, err := ParseKeySet([]byte(with(func(map[string]any) {})), false); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"private part":      with(func(m map[string]any) { m["d"] = good.X }),
		"off the curve":     with(func(m map[string]any) { m["y"] = good.X }),
		"short coordinate":  with(func(m map[string]any) { m["x"] = good.X[:20] }),
		"for encryption":    with(func(m map[string]any) { m["use"] = "enc" }),
		"symmetric":         `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		"weak RSA":          `{"keys":[{"kty":"RSA","n":"` + strings.Repeat("A", 128) + `B","e":"AQAB"}]}`,
		"RSA exponent one":  `{"keys":[{"kty":"RSA","n":"` + strings.Repeat("_", 342) + `","e":"AQ"}]}`,
		"wrong algorithm":   with(func(m map[string]any) { m["alg"] = "RS256" }),
		"P-256 key as SM2":  with(func(m map[string]any) { m["crv"] = CurveSM2; m["alg"] = "SGD_SM3_SM2" }),
		"unknown kind":      `{"keys":[{"kty":"OKP","crv":"Ed448","x":"AA"}]}`,
		"short Ed25519":     `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`,
		"duplicate kid":     strings.Replace(with(func(map[string]any) {}), `{"keys":[`, `{"keys":[`+strings.TrimSuffix(strings.TrimPrefix(with(func(map[string]any) {}), `{"keys":[`), `]}`)+`,`, 1),
		"trailing data":     with(func(map[string]any) {}) + "x",
		"not a set":         `{"keys":{}}`,
		"duplicate members": `{"keys":[],"keys":[]}`,
	}
	for name, raw := range cases {
		if _, err := ParseKeySet([]byte(raw), false); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if set, err := ParseKeySet([]byte(cases["unknown kind"]), true); err != nil || len(set.keys) != 0 {
		t.Errorf("a lenient reader passes over other kinds: %v", err)
	}
}

type wycheproof struct {
	Groups []struct {
		Comment string          `json:"comment"`
		Public  json.RawMessage `json:"public"`
		Private json.RawMessage `json:"private"`
		Tests   []struct {
			ID      int             `json:"tcId"`
			Comment string          `json:"comment"`
			JWS     json.RawMessage `json:"jws"` // a text, or an object in the JSON serialization
			Result  string          `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

// TestWycheproof: every case marked invalid is refused. A case marked valid is accepted when its key is of an algorithm
// that we offer, and refused otherwise (HS*, ES384, ES512, RS384, RS512, PS384, PS512 are not offered).
func TestWycheproof(t *testing.T) {
	offered := []Algorithm{ES256, RS256, PS256, EdDSA}
	for _, file := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"} {
		var vectors wycheproof
		if err := json.Unmarshal(testkit.SharedFile(t, "vectors/wycheproof/"+file), &vectors); err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for _, group := range vectors.Groups {
			raw := group.Public
			if raw == nil {
				raw = group.Private // symmetric keys stand here alone
			}
			if !strings.Contains(string(raw), `"keys"`) {
				raw = json.RawMessage(fmt.Sprintf(`{"keys":[%s]}`, raw))
			}
			set, keyErr := ParseKeySet(raw, false)
			for _, test := range group.Tests {
				if test.JWS == nil { // JWE is not offered
					continue
				}
				token := string(test.JWS)
				fits := keyErr == nil && json.Unmarshal(test.JWS, &token) == nil
				header, _, _, _, splitErr := split(token)
				fits = fits && (splitErr != nil || slices.Contains(offered, header.Algorithm))
				_, _, err := verifySignature(token, set, offered, SignatureRaw)
				switch {
				case test.Result == "invalid" && err == nil:
					t.Errorf("%s %s #%d %s was accepted", file, group.Comment, test.ID, test.Comment)
				case test.Result == "valid" && fits && err != nil:
					t.Errorf("%s %s #%d %s was refused: %v", file, group.Comment, test.ID, test.Comment, err)
				case err == nil:
					accepted++
				}
			}
		}
		if accepted == 0 {
			t.Errorf("%s: nothing was accepted", file)
		}
	}
}

func TestHalfHashFollowsTheAlgorithm(t *testing.T) {
	// at_hash of OpenID Connect Core appendix A.3.
	if got := HalfHash(RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Fatalf("SHA-256: %s", got)
	}
	if got := HalfHash(SM2SM3, "abc"); got != "Zsfw9GLu7dnR8tRr3BDk4g" {
		t.Fatalf("SM3: %s", got)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("e30.e30.")
	f.Add("eyJhbGciOiJFUzI1NiJ9.e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := Verify(token, KeySet{}, policy(ES256)); err == nil {
			t.Fatal("a token was accepted without a key")
		}
	})
}

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := ParseKeySet(raw, true)
		if err != nil {
			return
		}
		again, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseKeySet(again, false); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}

func BenchmarkSignAndVerify(b *testing.B) {
	for _, signer := range signers(b) {
		set, err := NewKeySet(signer.public(b))
		if err != nil {
			b.Fatal(err)
		}
		var token string
		b.Run("sign "+string(signer.algorithm), func(b *testing.B) {
			for b.Loop() {
				token, _ = Sign(context.Background(), signer, signer.algorithm, "JWT", claims(nil))
			}
		})
		b.Run("verify "+string(signer.algorithm), func(b *testing.B) {
			for b.Loop() {
				if _, err := Verify(token, set, policy(signer.algorithm)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
