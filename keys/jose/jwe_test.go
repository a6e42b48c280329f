package jose

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/block"
)

func decrypter(t testing.TB, id string) *SoftDecrypter {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecrypter(id, key.D.FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLongTokensAreForWhoKnowsOfThem(t *testing.T) {
	ctx, key, plain := context.Background(), decrypter(t, "enc-1"), make([]byte, 1<<20)
	if _, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{}, plain); !errors.Is(err, ErrMalformed) {
		t.Errorf("longer than any reader takes: %v", err)
	}
	token, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{Longest: 2 << 20}, plain)
	if err != nil {
		t.Fatal(err)
	}
	for longest, want := range map[int]error{0: ErrMalformed, 1 << 20: ErrMalformed, 2 << 20: nil} {
		if _, err := Decrypt(ctx, token, []Decrypter{key}, DecryptPolicy{Longest: longest}); !errors.Is(err, want) {
			t.Errorf("a reader of %d octets: %v", longest, err)
		}
	}
}

func TestEncryptedRoundTrip(t *testing.T) {
	ctx, key := context.Background(), decrypter(t, "enc-1")
	for _, encoding := range []KeyEncoding{"", KeyRaw, KeyASN1} {
		for _, size := range []int{0, 1, 16, 31, 9000} {
			plain := bytes.Repeat([]byte{0x5a}, size)
			for range 8 { // coordinates with leading zero or sign octets
				token, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{KeyEncoding: encoding}, plain)
				if err != nil {
					t.Fatal(err)
				}
				got, err := Decrypt(ctx, token, []Decrypter{decrypter(t, "other"), key}, DecryptPolicy{KeyEncoding: encoding})
				if err != nil || !bytes.Equal(got.Plaintext, plain) {
					t.Fatalf("%q, %d octets: %v", encoding, size, err)
				}
				if got.Header != (EncryptedHeader{Algorithm: SM2KeyWrap, Encryption: SM4GCM, KeyID: "enc-1"}) {
					t.Fatalf("header %+v", got.Header)
				}
				other := KeyASN1
				if encoding == KeyASN1 {
					other = KeyRaw
				}
				if _, err := Decrypt(ctx, token, []Decrypter{key}, DecryptPolicy{KeyEncoding: other}); !errors.Is(err, ErrMalformed) {
					t.Fatalf("the other key encoding: %v", err)
				}
			}
		}
	}
	if _, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{}, make([]byte, MaxToken)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a token that nobody reads: %v", err)
	}
	if _, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{KeyEncoding: "pem"}, nil); err == nil {
		t.Error("an unknown encoding is taken")
	}
	if _, err := Encrypt(bytes.NewReader(nil), key.Public(), EncryptOptions{}, nil); err == nil {
		t.Error("encrypted without randomness")
	}
}

func TestFreshKeysForEachToken(t *testing.T) {
	key := decrypter(t, "enc-1")
	seen := map[string]bool{}
	for range 20 {
		token, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{}, []byte("same"))
		if err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(token, ".")[1:] {
			if name := fmt.Sprint(i, part); seen[name] {
				t.Fatalf("part %d came twice", i+1)
			} else {
				seen[name] = true
			}
		}
	}
}

func TestNestedTokenIsSignedThenEncrypted(t *testing.T) {
	ctx, key, signer := context.Background(), decrypter(t, "enc-1"), signers(t)[3]
	set, err := NewKeySet(signer.public(t))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(ctx, signer, SM2SM3, "JWT", claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	seal := func(options EncryptOptions, plain string) string {
		t.Helper()
		token, err := Encrypt(rand.Reader, key.Public(), options, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	outer := seal(EncryptOptions{ContentType: "JWT"}, signed)
	nested := DecryptPolicy{Nested: true}
	got, err := Decrypt(ctx, outer, []Decrypter{key}, nested)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(string(got.Plaintext), set, policy(SM2SM3)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, token string
		policy      DecryptPolicy
		want        error
	}{
		{"application/jwt is the same", seal(EncryptOptions{ContentType: "application/jwt"}, signed), nested, nil},
		{"typ JWT", seal(EncryptOptions{ContentType: "JWT", Type: "JWT"}, signed), nested, nil},
		{"typ of another", seal(EncryptOptions{ContentType: "JWT", Type: "at+jwt"}, signed), nested, ErrType},
		{"typ as wanted", seal(EncryptOptions{ContentType: "JWT", Type: "at+jwt"}, signed), DecryptPolicy{Nested: true, Type: "application/at+jwt"}, nil},
		{"typ missing", outer, DecryptPolicy{Nested: true, Type: "at+jwt"}, ErrType},
		{"no cty", seal(EncryptOptions{}, signed), nested, ErrType},
		{"another cty", seal(EncryptOptions{ContentType: "json"}, signed), nested, ErrType},
		{"cty where none is wanted", outer, DecryptPolicy{}, ErrType},
		{"claims without signature inside", seal(EncryptOptions{ContentType: "JWT"}, string(claims(nil))), nested, ErrMalformed},
		{"an encrypted token inside", seal(EncryptOptions{ContentType: "JWT"}, outer), nested, ErrMalformed},
		{"a signed token where an encrypted one is wanted", signed, nested, ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Decrypt(ctx, test.token, []Decrypter{key}, test.policy); !errors.Is(err, test.want) {
				t.Errorf("want %v, got %v", test.want, err)
			}
		})
	}
	if _, err := Verify(outer, set, policy(SM2SM3)); !errors.Is(err, ErrMalformed) {
		t.Errorf("an encrypted token where a signed one is wanted: %v", err)
	}
}

// crafted makes a JWE out of parts that Encrypt would never write.
func crafted(t testing.TB, key *SoftDecrypter, header string, contentKey, iv []byte, plain string) [5]string {
	t.Helper()
	wrapped, err := sm2.Encrypt(rand.Reader, key.Public().Public, contentKey, sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C3C2))
	if err != nil {
		t.Fatal(err)
	}
	usable := append(bytes.Clone(contentKey), make([]byte, contentKeySize)...)[:contentKeySize]
	aead, err := block.NewSM4GCM(usable)
	if err != nil {
		t.Fatal(err)
	}
	sealed := aead.Seal(nil, append(bytes.Clone(iv), make([]byte, ivSize)...)[:ivSize], []byte(plain), []byte(encode([]byte(header))))
	cut := len(sealed) - tagSize
	return [5]string{encode([]byte(header)), encode(wrapped), encode(iv), encode(sealed[:cut]), encode(sealed[cut:])}
}

func TestEncryptedTokensThatAreRefused(t *testing.T) {
	ctx, key := context.Background(), decrypter(t, "enc-1")
	const header = `{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1"}`
	contentKey, iv := bytes.Repeat([]byte{7}, contentKeySize), bytes.Repeat([]byte{9}, ivSize)
	good := crafted(t, key, header, contentKey, iv, "plain")
	join := func(p [5]string) string { return strings.Join(p[:], ".") }
	with := func(part int, text string) string {
		p := good
		p[part] = text
		return join(p)
	}
	withHeader := func(text string) string { return join(crafted(t, key, text, contentKey, iv, "plain")) }
	flip := func(part, at int, bit byte) string {
		octets, err := decode(good[part])
		if err != nil {
			t.Fatal(err)
		}
		octets[(at+len(octets))%len(octets)] ^= bit
		return with(part, encode(octets))
	}
	member := func(text string) string { return withHeader(strings.TrimSuffix(header, "}") + "," + text + "}") }
	if _, err := Decrypt(ctx, join(good), []Decrypter{key}, DecryptPolicy{}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, token string
		want        error
	}{
		// What the octets show to anybody is named.
		{"empty", "", ErrMalformed},
		{"four parts", strings.Join(good[:4], "."), ErrMalformed},
		{"six parts", join(good) + ".", ErrMalformed},
		{"a million dots", strings.Repeat(".", 1_000_000), ErrMalformed},
		{"too long", with(3, strings.Repeat("A", MaxToken)), ErrMalformed},
		{"JSON serialisation", `{"protected":"","recipients":[]}`, ErrMalformed},
		{"padding", join(good) + "=", ErrMalformed},
		{"stray bits", with(4, good[4][:21]+"B"), ErrMalformed},
		{"line break", with(3, good[3]+"\n"), ErrMalformed},
		{"header is no object", withHeader(`["alg"]`), ErrMalformed},
		{"member twice", withHeader(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1","kid":"enc-1"}`), ErrMalformed},
		{"alg is a number", withHeader(`{"alg":1,"enc":"SGD_SM4_GCM","kid":"enc-1"}`), ErrMalformed},
		{"no kid", withHeader(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM"}`), ErrMalformed},
		{"huge kid", withHeader(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"` + strings.Repeat("x", 5000) + `"}`), ErrMalformed},
		{"kid of another", withHeader(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-2"}`), ErrKey},
		{"zip", member(`"zip":"DEF"`), ErrMalformed},
		{"crit", member(`"crit":["exp"]`), ErrMalformed},
		{"epk", member(`"epk":{}`), ErrMalformed},
		{"jwk", member(`"jwk":{}`), ErrMalformed},
		{"jku", member(`"jku":"https://x"`), ErrMalformed},
		{"x5c", member(`"x5c":[]`), ErrMalformed},
		{"PBES2 count", member(`"p2c":1000000000`), ErrMalformed},
		{"cty", member(`"cty":"JWT"`), ErrType},
		{"typ", member(`"typ":"at+jwt"`), ErrType},
		{"alg dir", withHeader(`{"alg":"dir","enc":"SGD_SM4_GCM","kid":"enc-1"}`), ErrAlgorithm},
		{"alg RSA1_5", withHeader(`{"alg":"RSA1_5","enc":"SGD_SM4_GCM","kid":"enc-1"}`), ErrAlgorithm},
		{"alg of a signature", withHeader(`{"alg":"SGD_SM3_SM2","enc":"SGD_SM4_GCM","kid":"enc-1"}`), ErrAlgorithm},
		{"enc A128GCM", withHeader(`{"alg":"SGD_SM2_3","enc":"A128GCM","kid":"enc-1"}`), ErrAlgorithm},
		{"enc CCM", withHeader(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_CCM","kid":"enc-1"}`), ErrAlgorithm},
		{"no enc", withHeader(`{"alg":"SGD_SM2_3","kid":"enc-1"}`), ErrAlgorithm},
		{"IV of 16", with(2, encode(make([]byte, 16))), ErrMalformed},
		{"no IV", with(2, ""), ErrMalformed},
		{"tag of 12", with(4, encode(make([]byte, 12))), ErrMalformed},
		{"no tag", with(4, ""), ErrMalformed},
		{"no encrypted key", with(1, ""), ErrMalformed},
		{"content key of 32", join(crafted(t, key, header, bytes.Repeat([]byte{7}, 32), iv, "plain")), ErrMalformed},
		{"content key of 15", join(crafted(t, key, header, contentKey[:15], iv, "plain")), ErrMalformed},
		{"hybrid point", flip(1, 0, 2), ErrMalformed},
		// What needs the private key has one name.
		{"C1 off the curve", flip(1, 64, 1), ErrDecrypt},
		{"C3 changed", flip(1, 65, 1), ErrDecrypt},
		{"C2 changed", flip(1, -1, 1), ErrDecrypt},
		{"IV changed", flip(2, 0, 1), ErrDecrypt},
		{"ciphertext changed", flip(3, 0, 1), ErrDecrypt},
		{"ciphertext cut", with(3, ""), ErrDecrypt},
		{"tag changed", flip(4, -1, 1), ErrDecrypt},
		{"header written otherwise", with(0, encode([]byte(strings.Replace(header, ",", ", ", 1)))), ErrDecrypt},
		{"unknown member added later", with(0, encode([]byte(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1","x":1}`))), ErrDecrypt},
		{"encrypted for another key", join(crafted(t, decrypter(t, "x"), header, contentKey, iv, "plain")), ErrDecrypt},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decrypt(ctx, test.token, []Decrypter{key}, DecryptPolicy{})
			if !errors.Is(err, test.want) || got != nil {
				t.Fatalf("want %v, got %v", test.want, err)
			}
			if test.want == ErrDecrypt && err != ErrDecrypt {
				t.Errorf("the error tells more: %v", err)
			}
		})
	}
	if got, err := Decrypt(ctx, member(`"x":{"any":1}`), []Decrypter{key}, DecryptPolicy{}); err != nil || string(got.Plaintext) != "plain" {
		t.Errorf("unknown members are to be ignored (RFC 7516 section 4): %v", err)
	}
}

// awayDecrypter could not try.
type awayDecrypter struct {
	Decrypter
	err error
	key []byte
}

func (d awayDecrypter) DecryptSM2(context.Context, []byte) ([]byte, error) { return d.key, d.err }

func TestDecrypterAnswers(t *testing.T) {
	ctx, key := context.Background(), decrypter(t, "enc-1")
	away := errors.New("away")
	token, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{}, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	// A token under the key that stands in for a refused one must not open.
	zero := crafted(t, key, `{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1"}`, make([]byte, contentKeySize), make([]byte, ivSize), "plain")
	for _, test := range []struct {
		name, token string
		answer      awayDecrypter
		want        error
	}{
		{"machine is away", token, awayDecrypter{key, away, nil}, away},
		{"refused", strings.Join(zero[:], "."), awayDecrypter{key, ErrDecrypt, nil}, ErrDecrypt},
		{"refused, wrapped", strings.Join(zero[:], "."), awayDecrypter{key, fmt.Errorf("machine: %w", ErrDecrypt), nil}, ErrDecrypt},
		{"short key", strings.Join(zero[:], "."), awayDecrypter{key, nil, make([]byte, 15)}, ErrDecrypt},
		{"long key", strings.Join(zero[:], "."), awayDecrypter{key, nil, make([]byte, 32)}, ErrDecrypt},
	} {
		if _, err := Decrypt(ctx, test.token, []Decrypter{test.answer}, DecryptPolicy{}); !errors.Is(err, test.want) || test.want == ErrDecrypt && err != ErrDecrypt {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	for _, ciphertext := range [][]byte{nil, make([]byte, wrappedSize), make([]byte, 200), {0x30, 0}} {
		if _, err := key.DecryptSM2(ctx, ciphertext); err != ErrDecrypt {
			t.Errorf("%d octets: %v", len(ciphertext), err)
		}
	}
	if _, err := NewDecrypter("x", make([]byte, 32)); !errors.Is(err, ErrBadKey) {
		t.Error("the number 0 is a key")
	}
	if _, err := NewDecrypter("", bytes.Repeat([]byte{1}, 32)); !errors.Is(err, ErrBadKey) {
		t.Error("a key without id")
	}
}

func TestWrappedKeyInASN1IsStrict(t *testing.T) {
	key := decrypter(t, "enc-1")
	token, err := Encrypt(rand.Reader, key.Public(), EncryptOptions{KeyEncoding: KeyASN1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good, err := decode(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeWrapped(good, KeyASN1); err != nil {
		t.Fatal(err)
	}
	change := func(f func(o []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for name, octets := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "rest": append(bytes.Clone(good), 0), "long": make([]byte, 4096),
		"SET":           change(func(o []byte) []byte { o[0] = 0x31; return o }),
		"long length":   change(func(o []byte) []byte { return append([]byte{0x30, 0x81}, o[1:]...) }),
		"x is octets":   change(func(o []byte) []byte { o[2] = 4; return o }),
		"x is negative": change(func(o []byte) []byte { o[4] |= 0x80; return o }),
		"C2 is a text":  change(func(o []byte) []byte { o[len(o)-18] = 12; return o }),
	} {
		if name == "x is negative" && good[3] == 33 {
			continue // the sign octet makes another fault of it
		}
		if _, err := decodeWrapped(octets, KeyASN1); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := decodeWrapped(good, "pem"); !errors.Is(err, ErrMalformed) {
		t.Error("unknown encoding")
	}
}

func TestEncryptionKeys(t *testing.T) {
	key, other := decrypter(t, "enc-1").Public(), decrypter(t, "sig-1")
	raw, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	signing, err := json.Marshal(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk := string(raw)
	replace := func(text, from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("%s is not in %s", from, text)
		}
		return strings.Replace(text, from, to, 1)
	}
	sig := replace(replace(string(signing), `"use":"enc"`, `"use":"sig"`), SM2KeyWrap, string(SM2SM3))
	sameAsSig := replace(replace(replace(jwk, `"use":"enc"`, `"use":"sig"`), SM2KeyWrap, string(SM2SM3)), "enc-1", "sig-2")
	noUse := replace(replace(replace(jwk, `"use":"enc",`, ``), `"alg":"SGD_SM2_3",`, ``), "enc-1", "sig-2")
	ec, err := json.Marshal(mustSet(t, signers(t)[0]))
	if err != nil {
		t.Fatal(err)
	}
	p256 := strings.TrimSuffix(strings.TrimPrefix(string(ec), `{"keys":[`), `]}`)
	for _, test := range []struct {
		name string
		keys []string
		want int
		err  error
	}{
		{"one", []string{jwk}, 1, nil},
		{"beside others", []string{sig, p256, jwk, `{"kty":"RSA","use":"enc","n":"AQ","e":"AQAB","kid":"r"}`}, 1, nil},
		{"none", []string{sig, p256}, 0, nil},
		{"no use", []string{noUse}, 0, nil},
		{"no alg", []string{replace(jwk, `"alg":"SGD_SM2_3",`, ``)}, 1, nil},
		{"wrapKey", []string{replace(jwk, `"use":"enc"`, `"use":"enc","key_ops":["wrapKey"]`)}, 1, nil},
		{"verify as well", []string{replace(jwk, `"use":"enc"`, `"use":"enc","key_ops":["wrapKey","verify"]`)}, 0, ErrBadKey},
		{"other operations", []string{replace(jwk, `"use":"enc"`, `"use":"enc","key_ops":["deriveKey"]`)}, 0, ErrBadKey},
		{"alg of signatures", []string{replace(jwk, SM2KeyWrap, string(SM2SM3))}, 0, ErrBadKey},
		{"no kid", []string{replace(jwk, `,"kid":"enc-1"`, ``)}, 0, ErrBadKey},
		{"kid twice", []string{jwk, jwk}, 0, ErrBadKey},
		{"kid of a signature key", []string{jwk, replace(sig, "sig-1", "enc-1")}, 0, ErrBadKey},
		{"private part", []string{replace(jwk, `"use":"enc"`, `"use":"enc","d":"AQ"`)}, 0, ErrBadKey},
		{"private part of another key", []string{jwk, replace(sig, `"use":"sig"`, `"use":"sig","d":"AQ"`)}, 0, ErrBadKey},
		{"P-256 under the name", []string{replace(jwk, CurveSM2, "P-256")}, 0, nil},
		{"P-256 point", []string{replace(replace(p256, `"P-256"`, `"SM2-P-256"`), `"use":"sig"`, `"use":"enc"`)}, 0, ErrBadKey},
		{"one key for both", []string{jwk, sameAsSig}, 0, ErrBadKey},
		{"one key for both, no use", []string{noUse, jwk}, 0, ErrBadKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseEncryptionKeys([]byte(`{"keys":[` + strings.Join(test.keys, ",") + `]}`))
			if !errors.Is(err, test.err) || len(got) != test.want {
				t.Fatalf("%d keys, %v", len(got), err)
			}
			if test.want == 1 && (got[0].ID != "enc-1" || !got[0].Public.Equal(key.Public)) {
				t.Errorf("%+v", got)
			}
		})
	}
	for _, bad := range []string{``, `{}`, `{"keys":1}`, `{"keys":[1]}`, `{"keys":[` + strings.Repeat(jwk+",", MaxKeys) + jwk + `]}`} {
		if _, err := ParseEncryptionKeys([]byte(bad)); err == nil {
			t.Errorf("%.20q is read", bad)
		}
	}
	set, pair, err := ParseKeyPairs([]byte(`{"keys":[` + strings.Join([]string{sig, p256, jwk}, ",") + `]}`))
	if err != nil || len(set.Keys()) != 2 || len(pair) != 1 || set.Has("enc-1") {
		t.Errorf("signature and encryption: %d and %d keys, %v", len(set.Keys()), len(pair), err)
	}
	for name, keys := range map[string][]string{
		"RSA for encryption": {sig, `{"kty":"RSA","use":"enc","n":"AQ","e":"AQAB","kid":"r"}`}, "P-256 for encryption": {jwk, replace(p256, `"use":"sig"`, `"use":"enc"`)},
		"another kind": {jwk, `{"kty":"OKP","crv":"X25519","x":"AA","kid":"x"}`}, "one key for both": {jwk, sameAsSig},
	} {
		if _, _, err := ParseKeyPairs([]byte(`{"keys":[` + strings.Join(keys, ",") + `]}`)); !errors.Is(err, ErrBadKey) {
			t.Errorf("%s beside a pair: %v", name, err)
		}
	}
	// The other way round: a key for encryption verifies nothing.
	if _, err := ParseKeySet([]byte(`{"keys":[`+jwk+`]}`), false); !errors.Is(err, ErrBadKey) {
		t.Errorf("strict set with a key for encryption: %v", err)
	}
	if set, err := ParseKeySet([]byte(`{"keys":[`+jwk+`]}`), true); err != nil || len(set.Keys()) != 0 {
		t.Errorf("lenient set: %v", err)
	}
	if _, err := ParseKeySet([]byte(`{"keys":[`+replace(jwk, `"use":"enc",`, ``)+`]}`), true); !errors.Is(err, ErrBadKey) {
		t.Errorf("alg of encryption without use: %v", err)
	}
	if _, err := json.Marshal(EncryptionKey{Public: key.Public}); err == nil {
		t.Error("a key without kid is published")
	}
}

func mustSet(t testing.TB, signer testSigner) KeySet {
	t.Helper()
	set, err := NewKeySet(signer.public(t))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSM2SignatureEncodings(t *testing.T) {
	ctx, all := context.Background(), signers(t)
	signer := all[3]
	set := mustSet(t, signer)
	der := policy(SM2SM3)
	der.SM2Encoding = SignatureDER
	for range 40 {
		asRaw, err1 := Sign(ctx, signer, SM2SM3, "JWT", claims(nil))
		asDER, err2 := SignAs(ctx, signer, SM2SM3, SignatureDER, "JWT", claims(nil))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name, token string
			policy      Policy
			want        error
		}{
			{"raw as raw", asRaw, policy(SM2SM3), nil}, {"DER as raw", asDER, policy(SM2SM3), ErrSignature},
			{"raw as DER", asRaw, der, ErrSignature}, {"DER as DER", asDER, der, nil},
			{"DER with a rest", asDER + "AAAA", der, ErrSignature},
		} {
			if _, err := Verify(test.token, set, test.policy); !errors.Is(err, test.want) {
				t.Fatalf("%s: %v", test.name, err)
			}
		}
	}
	// The switch is for SM2 alone.
	ec := all[0]
	token, err := SignAs(ctx, ec, ES256, SignatureDER, "JWT", claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	both := policy(ES256)
	both.SM2Encoding = SignatureDER
	if _, err := Verify(token, mustSet(t, ec), both); err != nil {
		t.Errorf("ES256 beside DER for SM2: %v", err)
	}
}

func TestSM2TokenWithoutKeyIDNeedsTheOnlyKey(t *testing.T) {
	ctx, signer, other := context.Background(), signers(t)[3], signers(t)[3]
	other.id = "sm-2"
	nameless := signer
	nameless.id = ""
	token, err := Sign(ctx, nameless, SM2SM3, "JWT", claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(token, mustSet(t, signer), policy(SM2SM3)); err != nil {
		t.Errorf("the only key: %v", err)
	}
	two, err := NewKeySet(signer.public(t), other.public(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(token, two, policy(SM2SM3)); !errors.Is(err, ErrKey) {
		t.Errorf("one of two keys: %v", err)
	}
}
