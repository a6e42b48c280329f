package keys_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"io"
	"maps"
	"math/big"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

var ctx = context.Background()

// pair gives two keys of an algorithm.
func pair(t *testing.T, algorithm keys.Algorithm) (one, two crypto.Signer) {
	t.Helper()
	made := func() crypto.Signer {
		var key crypto.Signer
		var err error
		switch algorithm {
		case keys.SM2:
			key, err = sm2.GenerateKey(rand.Reader)
		case keys.P256:
			key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		case keys.Ed25519:
			_, key, err = ed25519.GenerateKey(rand.Reader)
		default:
			key, err = rsa.GenerateKey(rand.Reader, 2048)
		}
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	return made(), made()
}

// liar is a key whose signatures are changed on their way.
type liar struct {
	crypto.Signer
	change func(signature []byte) []byte
	signer crypto.Signer // who really signs, when not nil
}

func (l liar) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signer := l.Signer
	if l.signer != nil {
		signer = l.signer
	}
	signature, err := signer.Sign(random, digest, opts)
	if err == nil && l.change != nil {
		signature = l.change(signature)
	}
	return signature, err
}

// TestK07WrongSignaturesDoNotLeave: a provider that answers another key's or a damaged signature is found out before the
// signature is handed out, on both ways of signing.
func TestK07WrongSignaturesDoNotLeave(t *testing.T) {
	for _, algorithm := range []keys.Algorithm{keys.SM2, keys.P256, keys.Ed25519, keys.RSA2048} {
		one, two := pair(t, algorithm)
		sum := sha256.Sum256([]byte("message"))
		for name, key := range map[string]crypto.Signer{
			"another key's":    liar{Signer: one, signer: two},
			"one bit":          liar{Signer: one, change: func(s []byte) []byte { s[len(s)-1] ^= 1; return s }},
			"cut":              liar{Signer: one, change: func(s []byte) []byte { return s[:len(s)-1] }},
			"longer":           liar{Signer: one, change: func(s []byte) []byte { return append(s, 0) }},
			"empty":            liar{Signer: one, change: func([]byte) []byte { return nil }},
			"of other content": liar{Signer: one, signer: other{one}},
		} {
			signer, err := keys.NewSigner("key_1", algorithm, key, rand.Reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if signature, err := signer.SignMessage(ctx, []byte("message")); !errors.Is(err, keys.ErrSelfCheck) || signature != nil {
				t.Errorf("%s, %s signature, SignMessage: %x %v", algorithm, name, signature, err)
			}
			input, opts := sum[:], crypto.SignerOpts(crypto.SHA256)
			switch algorithm {
			case keys.SM2:
				input, opts = []byte("message"), sm2.DefaultSM2SignerOpts
			case keys.Ed25519:
				input, opts = []byte("message"), crypto.Hash(0)
			}
			if signature, err := signer.Sign(rand.Reader, input, opts); !errors.Is(err, keys.ErrSelfCheck) || signature != nil {
				t.Errorf("%s, %s signature, Sign: %x %v", algorithm, name, signature, err)
			}
		}
	}
}

// other signs something else than it is asked to.
type other struct{ crypto.Signer }

func (o other) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	changed := bytes.Clone(digest)
	changed[0] ^= 1
	return o.Signer.Sign(random, changed, opts)
}

func TestRightSignaturesLeaveOnBothWays(t *testing.T) {
	sum := sha256.Sum256([]byte("message"))
	for _, algorithm := range []keys.Algorithm{keys.SM2, keys.P256, keys.Ed25519, keys.RSA2048} {
		key, _ := pair(t, algorithm)
		signer, err := keys.NewSigner("key_1", algorithm, key, rand.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		options := []crypto.SignerOpts{crypto.SHA256}
		input := sum[:]
		switch algorithm {
		case keys.SM2:
			options, input = []crypto.SignerOpts{sm2.DefaultSM2SignerOpts}, []byte("message")
		case keys.Ed25519:
			options, input = []crypto.SignerOpts{crypto.Hash(0)}, []byte("message")
		case keys.RSA2048:
			options = append(options, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
		}
		for _, opts := range options {
			for range 3 {
				if signature, err := signer.Sign(rand.Reader, input, opts); err != nil || len(signature) == 0 {
					t.Errorf("%s: %v", algorithm, err)
				}
			}
		}
		if _, err := signer.SignMessage(ctx, []byte("message")); err != nil || signer.KeyID() != "key_1" || signer.Algorithm() != algorithm || signer.Public() == nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestSM2KeySignsNoBareDigest(t *testing.T) {
	key, _ := pair(t, keys.SM2)
	signer, err := keys.NewSigner("key_1", keys.SM2, key, rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(nil)
	for _, opts := range []crypto.SignerOpts{nil, crypto.SHA256, crypto.Hash(0)} {
		if signature, err := signer.Sign(rand.Reader, sum[:], opts); !errors.Is(err, keys.ErrUsage) || signature != nil {
			t.Errorf("%v: %x %v", opts, signature, err)
		}
	}
}

func TestEd25519KeySignsNoDigest(t *testing.T) {
	key, _ := pair(t, keys.Ed25519)
	signer, err := keys.NewSigner("key_1", keys.Ed25519, key, rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(nil)
	for _, opts := range []crypto.SignerOpts{nil, crypto.SHA256, crypto.SHA512} { // SHA-512 would be Ed25519ph
		if signature, err := signer.Sign(rand.Reader, sum[:], opts); !errors.Is(err, keys.ErrUsage) || signature != nil {
			t.Errorf("%v: %x %v", opts, signature, err)
		}
	}
}

func TestKeyOfAnotherAlgorithmIsRefused(t *testing.T) {
	curve, _ := pair(t, keys.P256)
	long, _ := pair(t, keys.RSA2048)
	chinese, _ := pair(t, keys.SM2)
	edwards, _ := pair(t, keys.Ed25519)
	for name, one := range map[string]struct {
		algorithm keys.Algorithm
		key       crypto.Signer
	}{"RSA as P-256": {keys.P256, long}, "P-256 as RSA": {keys.RSA2048, curve}, "P-256 as SM2": {keys.SM2, curve}, "SM2 as P-256": {keys.P256, chinese}, "Ed25519 as P-256": {keys.P256, edwards}, "P-256 as Ed25519": {keys.Ed25519, curve}, "Ed25519 as SM2": {keys.SM2, edwards}} {
		signer, err := keys.NewSigner("key_1", one.algorithm, one.key, rand.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if signature, err := signer.SignMessage(ctx, []byte("message")); err == nil || signature != nil {
			t.Errorf("%s: %x %v", name, signature, err)
		}
	}
	for _, algorithm := range []keys.Algorithm{keys.SM4, keys.HMACSM3, "", "Ed448"} {
		if _, err := keys.NewSigner("key_1", algorithm, curve, rand.Reader, nil); !errors.Is(err, keys.ErrUsage) {
			t.Errorf("%q signs: %v", algorithm, err)
		}
	}
}

// replayed answers the same signature for ever, as a key does whose nonces repeat.
type replayed struct {
	crypto.Signer
	signature []byte
}

func (r *replayed) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) (_ []byte, err error) {
	if r.signature == nil {
		r.signature, err = r.Signer.Sign(random, digest, opts)
	}
	return bytes.Clone(r.signature), err
}

func TestS08RepeatedNonceStopsTheKeyForGood(t *testing.T) {
	for _, algorithm := range []keys.Algorithm{keys.SM2, keys.P256} {
		key, _ := pair(t, algorithm)
		twice := &replayed{Signer: key}
		signer, err := keys.NewSigner("key_1", algorithm, twice, rand.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signer.SignMessage(ctx, []byte("message")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if signature, err := signer.SignMessage(ctx, []byte("message")); !errors.Is(err, keys.ErrRandomness) || signature != nil {
				t.Errorf("%s: %x %v", algorithm, signature, err)
			}
		}
		twice.signature = nil // a fresh nonce does not bring it back
		if signature, err := signer.SignMessage(ctx, []byte("message")); !errors.Is(err, keys.ErrRandomness) || signature != nil {
			t.Errorf("%s, afterwards: %x %v", algorithm, signature, err)
		}
	}
}

// firstNonce signs everything with the nonce 1, so that x1 is that of the base point (GB/T 32918.2-2016 6.1).
type firstNonce struct{ *sm2.PrivateKey }

func (o firstNonce) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	e, err := pki.SM2Digest(&o.PublicKey, nil, digest)
	if err != nil {
		return nil, err
	}
	p := sm2.P256().Params()
	r := new(big.Int).SetBytes(e)
	r.Add(r, p.Gx).Mod(r, p.N)
	s := new(big.Int).Mul(r, o.D)
	s.Sub(big.NewInt(1), s)
	inverse := new(big.Int).Add(o.D, big.NewInt(1))
	s.Mul(s, inverse.ModInverse(inverse, p.N)).Mod(s, p.N)
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}

func TestS08OneNonceForTwoMessages(t *testing.T) {
	key, _ := pair(t, keys.SM2)
	signer, err := keys.NewSigner("key_1", keys.SM2, firstNonce{key.(*sm2.PrivateKey)}, rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.SignMessage(ctx, []byte("message")); err != nil {
		t.Fatal(err)
	}
	if signature, err := signer.SignMessage(ctx, []byte("another")); !errors.Is(err, keys.ErrRandomness) || signature != nil {
		t.Errorf("%x %v", signature, err)
	}
}

// signaturesVariable asks for more signatures: make soak has 100,000.
const signaturesVariable = "YINXIN_SIGNATURES"

// TestS08NoncesDiffer: two nodes that hold one key never use a nonce twice, over the same message again and again.
func TestS08NoncesDiffer(t *testing.T) {
	wanted := 2_000
	if text := os.Getenv(signaturesVariable); text != "" {
		var err error
		if wanted, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	key, _ := pair(t, keys.SM2)
	seen := make([]map[string]bool, 2)
	var nodes sync.WaitGroup
	for node := range seen {
		signer, err := keys.NewSigner("key_1", keys.SM2, key, rand.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[node] = map[string]bool{}
		nodes.Go(func() {
			for range wanted / len(seen) {
				signature, err := signer.SignMessage(ctx, []byte("message"))
				if err != nil {
					t.Error(err)
					return
				}
				var value struct{ R, S *big.Int }
				if rest, err := asn1.Unmarshal(signature, &value); err != nil || len(rest) > 0 {
					t.Errorf("%x: %v", signature, err)
					return
				}
				seen[node][value.R.String()] = true
			}
		})
	}
	nodes.Wait()
	all := maps.Clone(seen[0])
	maps.Copy(all, seen[1])
	if len(all) != wanted/len(seen)*len(seen) {
		t.Errorf("%d values of r in %d signatures", len(all), wanted)
	}
	t.Logf("%d signatures, %d values of r", wanted, len(all))
}

func TestFieldsAreBoundToTheirPlaceAndKey(t *testing.T) {
	one, err := keys.NewCipher("key_1", bytes.Repeat([]byte{1}, 16), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two, err := keys.NewCipher("key_2", bytes.Repeat([]byte{2}, 16), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := one.Seal(ctx, []byte("plain"), []byte("row 1"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := one.Seal(ctx, []byte("plain"), []byte("row 1"))
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("one plaintext gives one ciphertext: the nonce is missing (%v)", err)
	}
	if plain, err := one.Open(ctx, sealed, []byte("row 1")); err != nil || string(plain) != "plain" {
		t.Errorf("%q %v", plain, err)
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := one.Open(ctx, broken, []byte("row 1")); !errors.Is(err, keys.ErrUnwrap) {
			t.Errorf("octet %d: %v", i, err)
		}
		if _, err := one.Open(ctx, sealed[:i], []byte("row 1")); !errors.Is(err, keys.ErrUnwrap) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if _, err := two.Open(ctx, sealed, []byte("row 1")); !errors.Is(err, keys.ErrUnwrap) {
		t.Errorf("another key: %v", err)
	}
	for _, place := range []string{"row 2", "", "row 11"} {
		if _, err := one.Open(ctx, sealed, []byte(place)); !errors.Is(err, keys.ErrUnwrap) {
			t.Errorf("in %q: %v", place, err)
		}
	}
	if _, err := keys.NewCipher("key", []byte("short"), rand.Reader); err == nil {
		t.Error("a key of five octets was taken")
	}
	dry, err := keys.NewCipher("key", bytes.Repeat([]byte{1}, 16), bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	if sealed, err := dry.Seal(ctx, []byte("plain"), nil); err == nil || sealed != nil {
		t.Errorf("sealed without a nonce: %x %v", sealed, err)
	}
}

func TestKeyedHashSeparatesPartsAndKeys(t *testing.T) {
	one, two := keys.NewMAC("key_1", bytes.Repeat([]byte{1}, 32)), keys.NewMAC("key_2", bytes.Repeat([]byte{2}, 32))
	seen := map[string]string{}
	for name, sum := range map[string]func() ([]byte, error){
		"ab, c":       func() ([]byte, error) { return one.Sum(ctx, []byte("ab"), []byte("c")) },
		"a, bc":       func() ([]byte, error) { return one.Sum(ctx, []byte("a"), []byte("bc")) },
		"abc":         func() ([]byte, error) { return one.Sum(ctx, []byte("abc")) },
		"abc, empty":  func() ([]byte, error) { return one.Sum(ctx, []byte("abc"), nil) },
		"empty, abc":  func() ([]byte, error) { return one.Sum(ctx, nil, []byte("abc")) },
		"nothing":     func() ([]byte, error) { return one.Sum(ctx) },
		"empty":       func() ([]byte, error) { return one.Sum(ctx, nil) },
		"another key": func() ([]byte, error) { return two.Sum(ctx, []byte("abc")) },
	} {
		got, err := sum()
		if err != nil || len(got) != 32 {
			t.Fatalf("%s: %x %v", name, got, err)
		}
		if have, ok := seen[string(got)]; ok {
			t.Errorf("%s and %s have one sum", name, have)
		}
		seen[string(got)] = name
	}
	secret := bytes.Repeat([]byte{1}, 32)
	kept := keys.NewMAC("key_1", secret)
	clear(secret)
	if a, _ := kept.Sum(ctx, []byte("abc")); seen[string(a)] != "abc" {
		t.Error("the handle leans on the caller's octets")
	}
}
