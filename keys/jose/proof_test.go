package jose

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// proof signs a token with the key in its header, as DPoP does.
func proof(t testing.TB, signer testSigner, header map[string]any, payload []byte) string {
	t.Helper()
	raw, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	input := encode(raw) + "." + encode(payload)
	signature, err := signer.SignMessage(context.Background(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	if signer.algorithm == ES256 || signer.algorithm == SM2SM3 {
		if signature, err = rawSignature(signature); err != nil {
			t.Fatal(err)
		}
	}
	return input + "." + encode(signature)
}

// publicMember is the signer's key as a JWK without alg, kid and use.
func publicMember(t testing.TB, signer testSigner) map[string]any {
	t.Helper()
	m, err := signer.public(t).member()
	if err != nil {
		t.Fatal(err)
	}
	m.Algorithm, m.KeyID, m.Use = "", "", ""
	raw, _ := json.Marshal(m)
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func TestVerifyProof(t *testing.T) {
	allowed := []Algorithm{ES256, PS256, EdDSA, SM2SM3}
	want := Policy{Algorithms: allowed, Type: "dpop+jwt", Now: now}
	body := []byte(`{"jti":"j","htm":"POST","htu":"https://id/token","iat":1}`)
	all := signers(t)
	for _, signer := range all {
		t.Run(string(signer.algorithm), func(t *testing.T) {
			header := map[string]any{"typ": "dpop+jwt", "alg": signer.algorithm, "jwk": publicMember(t, signer)}
			token, key, err := VerifyProof(proof(t, signer, header, body), want)
			if signer.algorithm == RS256 {
				if !errors.Is(err, ErrAlgorithm) {
					t.Fatalf("an algorithm that is not allowed: %v", err)
				}
				return
			}
			if err != nil || token.Claims.JTI != "j" {
				t.Fatal(err)
			}
			wantPrint, _ := signer.public(t).ThumbprintSHA256()
			if got, _ := key.ThumbprintSHA256(); got != wantPrint {
				t.Errorf("thumbprint %s, want %s", got, wantPrint)
			}
		})
	}
	ec, other := all[0], signers(t)[0]
	good := func() map[string]any {
		return map[string]any{"typ": "dpop+jwt", "alg": ES256, "jwk": publicMember(t, ec)}
	}
	with := func(change func(h map[string]any)) string {
		h := good()
		change(h)
		return proof(t, ec, h, body)
	}
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"no key":              {with(func(h map[string]any) { delete(h, "jwk") }), ErrMalformed},
		"key of another":      {with(func(h map[string]any) { h["jwk"] = publicMember(t, other) }), ErrSignature},
		"private key":         {with(func(h map[string]any) { h["jwk"].(map[string]any)["d"] = "AAAA" }), ErrBadKey},
		"key for another alg": {with(func(h map[string]any) { h["jwk"].(map[string]any)["alg"] = "RS256" }), ErrBadKey},
		"symmetric":           {with(func(h map[string]any) { h["jwk"] = map[string]any{"kty": "oct", "k": "AAAA"} }), ErrBadKey},
		"large key":           {with(func(h map[string]any) { h["jwk"].(map[string]any)["note"] = strings.Repeat("x", maxProofKey) }), ErrMalformed},
		"J-01 alg none":       {with(func(h map[string]any) { h["alg"] = "none" }), ErrAlgorithm},
		"J-03 crit":           {with(func(h map[string]any) { h["crit"] = []string{"x"} }), ErrMalformed},
		"O-27 jku beside":     {with(func(h map[string]any) { h["jku"] = "https://evil" }), ErrMalformed},
		"J-10 another type":   {with(func(h map[string]any) { h["typ"] = "JWT" }), ErrType},
		"J-10 no type":        {with(func(h map[string]any) { delete(h, "typ") }), ErrType},
		"J-13 SM2 named":      {with(func(h map[string]any) { h["alg"] = SM2SM3 }), ErrBadKey},
		"J-07 claim twice":    {proof(t, ec, good(), []byte(`{"jti":"a","jti":"b"}`)), ErrMalformed},
		"J-08 iat far ahead":  {proof(t, ec, good(), []byte(`{"iat":9999999999}`)), ErrClaims},
		"another payload":     {strings.Replace(proof(t, ec, good(), body), "."+encode(body)+".", "."+encode([]byte(`{"jti":"k"}`))+".", 1), ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := VerifyProof(test.token, want); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestEd25519VectorOfRFC8037 is appendix A.4 with the thumbprint of A.3.
func TestEd25519VectorOfRFC8037(t *testing.T) {
	set, err := ParseKeySet([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`), false)
	if err != nil {
		t.Fatal(err)
	}
	const token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	if _, _, err := verifySignature(token, set, []Algorithm{EdDSA}, SignatureRaw); err != nil {
		t.Error(err)
	}
	if got, _ := set.Keys()[0].Thumbprint(); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint is %s", got)
	}
}

func FuzzVerifyProof(f *testing.F) {
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7fX0.e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		if _, key, err := VerifyProof(token, Policy{Algorithms: []Algorithm{ES256, PS256, EdDSA, SM2SM3}, Type: "dpop+jwt", Now: now}); err == nil && key.check() != nil {
			t.Fatal("a key that does not hold was returned")
		}
	})
}
