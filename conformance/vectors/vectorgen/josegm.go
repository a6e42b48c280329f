package vectorgen

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specJWS = "GM/T 0125.2-2022"
	specJWE = "GM/T 0125.3-2022"
	specJWK = "GM/T 0125.4-2022"
)

// writeJOSE is SM2, SM3 and SM4 in JSON Web tokens. Where GM/T 0125 could not be read, the clause is that of the RFC whose
// shape it takes over (docs/decisions/0001 and 0011).
func writeJOSE(w *writer) {
	writeJWSSignatures(w)
	writeJWSEncodings(w)
	writeJWSHeaders(w)
	writeHalfHashes(w)
	writeJWKs(w)
	writeJWEs(w)
	writeJWEKeys(w)
	writeJWEHeaders(w)
}

func base64url(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// joseTexts are the fields that people read.
var joseTexts = []string{"keys", "token", "payload", "plaintext", "kid", "encoding", "typ", "cty", "value", "hash", "thumbprint"}

// jwk is a public key; use and alg may be empty.
func (p point) jwk(kid, use, alg string) string {
	return jwkOf("SM2-P-256", p.encode()[1:33], p.encode()[33:], kid, use, alg)
}

func jwkOf(curve string, x, y []byte, kid, use, alg string) string {
	out := fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q`, curve, base64url(x), base64url(y))
	for _, member := range [][2]string{{"use", use}, {"alg", alg}, {"kid", kid}} {
		if member[1] != "" {
			out += fmt.Sprintf(`,%q:%q`, member[0], member[1])
		}
	}
	return out + "}"
}

func (k testKey) signingJWK(kid string) string { return k.public.jwk(kid, "sig", "SGD_SM3_SM2") }

func (k testKey) encryptionJWK(kid string) string { return k.public.jwk(kid, "enc", "SGD_SM2_3") }

func keySet(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

// rawPair is r‖s of 64 octets.
func rawPair(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

const (
	jwsHeader  = `{"alg":"SGD_SM3_SM2","typ":"JWT","kid":"sm2-1"}`
	jwsPayload = `{"iss":"https://id.example.gov.cn","sub":"7Yq2","aud":"portal","iat":1796000000}`
)

func signingInput(header, payload string) string {
	return base64url([]byte(header)) + "." + base64url([]byte(payload))
}

// jws signs as our tokens do: e = SM3(ZA ‖ header.payload), r‖s.
func (k testKey) jws(header, payload string) string {
	input := signingInput(header, payload)
	return input + "." + base64url(rawPair(k.signHash(k.messageHash(defaultUser, []byte(input)))))
}

// one is a case of a rule.
type one struct{ name, expect, code, note, token string }

// writeJWSSignatures: what is signed.
func writeJWSSignatures(w *writer) {
	key, other := newKey("jws"), newKey("jws other")
	input := signingInput(jwsHeader, jwsPayload)
	good := key.jws(jwsHeader, jwsPayload)
	signature := good[len(input)+1:]
	octets, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		panic(err)
	}
	over := func(e []byte) string {
		return input + "." + base64url(rawPair(key.signHash(new(big.Int).SetBytes(e))))
	}
	as := func(user string) string {
		return input + "." + base64url(rawPair(key.signHash(key.messageHash([]byte(user), []byte(input)))))
	}
	r, s := new(big.Int).SetBytes(octets[:32]), new(big.Int).SetBytes(octets[32:])
	spaced := strings.ReplaceAll(jwsHeader, ",", ", ")
	for _, c := range []one{
		{"good", "accept", "", "signature over header.payload under ZA of the default user ID", good},
		{"other-header-order", "accept", "", "kid, typ, alg: the header is signed as it stands", key.jws(`{"kid":"sm2-1","typ":"JWT","alg":"SGD_SM3_SM2"}`, jwsPayload)},
		{"spaced-header", "accept", "", "header with blanks, signed so", key.jws(spaced, jwsPayload)},
		{"payload-changed", "refuse", "signature", "sub changed", signingInput(jwsHeader, strings.Replace(jwsPayload, "7Yq2", "7Yq3", 1)) + "." + signature},
		{"header-changed", "refuse", "signature", "blanks added to the header after signing", signingInput(spaced, jwsPayload) + "." + signature},
		{"payload-alone", "refuse", "signature", "e = SM3(payload): no header, no ZA", over(digest.Sum([]byte(jwsPayload)))},
		{"payload-part-alone", "refuse", "signature", "e = SM3(ZA ‖ BASE64URL(payload))", over(digest.Sum(append(identityHash(key.public, defaultUser, false), base64url([]byte(jwsPayload))...)))},
		{"without-identity", "refuse", "signature", "e = SM3(header.payload), ZA left out", over(digest.Sum([]byte(input)))},
		{"identity-alone", "refuse", "signature", "message hashed before: e = SM3(ZA ‖ SM3(header.payload))", over(digest.Sum(append(identityHash(key.public, defaultUser, false), digest.Sum([]byte(input))...)))},
		{"identity-octets", "refuse", "signature", "ENTL counts octets instead of bits", over(digest.Sum(append(identityHash(key.public, defaultUser, true), input...)))},
		{"identity-empty", "refuse", "signature", "signed under an empty user ID", as("")},
		{"identity-another", "refuse", "signature", "signed under a user ID that was not agreed", as("ALICE123@YAHOO.COM")},
		{"identity-of-key", "refuse", "signature", "ZA of another key", over(digest.Sum(append(identityHash(other.public, defaultUser, false), input...)))},
		{"sha256", "refuse", "signature", "e = SHA-256(ZA ‖ header.payload)", over(sha(append(identityHash(key.public, defaultUser, false), input...)))},
		{"another-key", "refuse", "signature", "signed with another key under the kid", other.jws(jwsHeader, jwsPayload)},
		{"swapped", "refuse", "signature", "s‖r", input + "." + base64url(rawPair(s, r))},
		{"mirrored", "refuse", "signature", "r‖n-s, which ECDSA would take", input + "." + base64url(rawPair(r, new(big.Int).Sub(orderN, s)))},
		{"little-endian", "refuse", "signature", "octets of r and s reversed", input + "." + base64url(append(reversed(octets[:32]), reversed(octets[32:])...))},
		{"zero", "refuse", "signature", "64 zero octets", input + "." + base64url(make([]byte, 64))},
		{"empty", "refuse", "signature", "no signature", input + "."},
	} {
		w.addJWS("jws_signature", "RFC 7515 5.2", c, keySet(key.signingJWK("sm2-1")), "")
	}
}

func sha(octets []byte) []byte {
	sum := sha256.Sum256(octets)
	return sum[:]
}

func reversed(octets []byte) []byte {
	var out []byte
	for _, octet := range octets {
		out = append([]byte{octet}, out...)
	}
	return out
}

func (w *writer) addJWS(rule, clause string, c one, keys, encoding string) {
	fields := []field{{"keys", []byte(keys)}, {"token", []byte(c.token)}}
	if encoding != "" {
		fields = append(fields, field{"encoding", []byte(encoding)})
	}
	w.add(entry{rule: rule, name: c.name, spec: specJWS, clause: clause, expect: c.expect, code: c.code, note: c.note, texts: joseTexts, fields: fields})
}

// writeJWSEncodings: r‖s by default, DER where it was agreed, never both.
func writeJWSEncodings(w *writer) {
	key := newKey("jws encoding")
	input := signingInput(jwsHeader, jwsPayload)
	// A payload whose r begins with a zero octet, so that a writer that cuts it is found.
	short, shortR, shortS := "", (*big.Int)(nil), (*big.Int)(nil)
	for i := 0; shortR == nil; i++ {
		short = signingInput(jwsHeader, fmt.Sprintf(`{"iss":"https://id.example.gov.cn","jti":"%d"}`, i))
		if r, s := key.signHash(key.messageHash(defaultUser, []byte(short))); r.BitLen() <= 248 {
			shortR, shortS = r, s
		}
	}
	r, s := key.signHash(key.messageHash(defaultUser, []byte(input)))
	raw, asDER := rawPair(r, s), encodeSignature(r, s)
	rDER, sDER := der.EncodeInteger(r), der.EncodeInteger(s)
	put := func(octets ...[]byte) string { return input + "." + base64url(bytes.Join(octets, nil)) }
	keys := keySet(key.signingJWK("sm2-1"))
	for _, c := range []one{
		{"good", "accept", "", "64 octets r‖s", put(raw)},
		{"short-r", "accept", "", "r begins with a zero octet, which stays", short + "." + base64url(rawPair(shortR, shortS))},
		{"short-r-cut", "refuse", "signature", "the leading zero octet of r left out: 63 octets", short + "." + base64url(rawPair(shortR, shortS)[1:])},
		{"63", "refuse", "signature", "63 octets", put(raw[:63])},
		{"65", "refuse", "signature", "65 octets", put(raw, []byte{0})},
		{"der", "refuse", "signature", "DER where raw is agreed", put(asDER)},
		{"r-n", "refuse", "signature", "r = n", put(rawPair(orderN, s))},
		{"s-zero", "refuse", "signature", "s = 0", put(rawPair(r, new(big.Int)))},
		{"hex", "refuse", "signature", "hexadecimal text of r‖s", put(fmt.Appendf(nil, "%x", raw))},
		{"padded", "refuse", "malformed", "Base64 with padding", put(raw) + "=="},
		{"standard-alphabet", "refuse", "malformed", "Base64 with + and /", input + "." + base64.RawStdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, raw[2:]...))},
	} {
		w.addJWS("jws_raw", "RFC 7518 3.4", c, keys, "")
	}
	for _, c := range []one{
		{"good", "accept", "", "DER where it is agreed", put(asDER)},
		{"short-r", "accept", "", "r of 31 octets", short + "." + base64url(encodeSignature(shortR, shortS))},
		{"raw", "refuse", "signature", "r‖s where DER is agreed", put(raw)},
		{"after", "refuse", "signature", "octet after the SEQUENCE", put(asDER, []byte{0})},
		{"long-length", "refuse", "signature", "length 0x81 where one octet serves", put([]byte{0x30, 0x81, byte(len(asDER) - 2)}, asDER[2:])},
		{"padded-s", "refuse", "signature", "s with a redundant zero octet", put(der.EncodeSequence(rDER, []byte{2, sDER[1] + 1, 0}, sDER[2:]))},
		{"negative", "refuse", "signature", "r - n", put(encodeSignature(new(big.Int).Sub(r, orderN), s))},
		{"swapped", "refuse", "signature", "{s, r}", put(encodeSignature(s, r))},
		{"octet-string", "refuse", "signature", "wrapped in an OCTET STRING", put(der.EncodeOctetString(asDER))},
	} {
		w.addJWS("jws_der", "GB/T 35276-2017 7.2", c, keys, "der")
	}
}

// writeJWSHeaders: algorithm, key and members of the header.
func writeJWSHeaders(w *writer) {
	key, other := newKey("jws header"), newKey("jws header other")
	good := key.jws(jwsHeader, jwsPayload)
	one1, two := keySet(key.signingJWK("sm2-1")), keySet(key.signingJWK("sm2-1"), other.signingJWK("sm2-2"))
	p256 := jwkOf("P-256", p256X, p256Y, "sm2-1", "sig", "ES256")
	signed := func(header string) string { return key.jws(header, jwsPayload) }
	for _, c := range []struct {
		one
		keys string
	}{
		{one{"good", "accept", "", "alg of header and key agree", good}, one1},
		{one{"key-without-alg", "accept", "", "the curve alone says the algorithm", good}, keySet(key.public.jwk("sm2-1", "sig", ""))},
		{one{"none", "refuse", "algorithm", "alg none", base64url([]byte(`{"alg":"none","kid":"sm2-1"}`)) + "." + base64url([]byte(jwsPayload)) + "."}, one1},
		{one{"es256", "refuse", "algorithm", "ES256 named for an SM2 key", signed(`{"alg":"ES256","kid":"sm2-1"}`)}, one1},
		{one{"es256-key", "refuse", "key", "an ES256 key under the kid of an SM2 token", good}, keySet(p256)},
		{one{"hmac", "refuse", "algorithm", "SGD_SM3_HMAC with the public key as secret", signed(`{"alg":"SGD_SM3_HMAC","kid":"sm2-1"}`)}, one1},
		{one{"sm9", "refuse", "algorithm", "SGD_SM3_SM9", signed(`{"alg":"SGD_SM3_SM9","kid":"sm2-1"}`)}, one1},
		{one{"lower-case", "refuse", "algorithm", "names are compared letter by letter", signed(`{"alg":"sgd_sm3_sm2","kid":"sm2-1"}`)}, one1},
		{one{"encryption", "refuse", "algorithm", "the name of encryption", signed(`{"alg":"SGD_SM2_3","kid":"sm2-1"}`)}, one1},
		{one{"no-alg", "refuse", "malformed", "no alg", signed(`{"kid":"sm2-1"}`)}, one1},
		{one{"encryption-key", "refuse", "bad_key", "a key with use enc", good}, keySet(key.encryptionJWK("sm2-1"))},
	} {
		w.addJWS("jws_algorithm", "RFC 7515 10.7", c.one, c.keys, "")
	}
	for _, c := range []struct {
		one
		keys string
	}{
		{one{"good", "accept", "", "kid of the second of two keys", other.jws(strings.Replace(jwsHeader, "sm2-1", "sm2-2", 1), jwsPayload)}, two},
		{one{"absent-one", "accept", "", "no kid, one key", signed(`{"alg":"SGD_SM3_SM2"}`)}, one1},
		{one{"absent-two", "refuse", "key", "no kid, two keys", signed(`{"alg":"SGD_SM3_SM2"}`)}, two},
		{one{"unknown", "refuse", "key", "kid that no key has", signed(`{"alg":"SGD_SM3_SM2","kid":"sm2-9"}`)}, two},
		{one{"confused", "refuse", "signature", "kid of the other key", signed(`{"alg":"SGD_SM3_SM2","kid":"sm2-2"}`)}, two},
		{one{"path", "refuse", "key", "kid that is a path", signed(`{"alg":"SGD_SM3_SM2","kid":"../../dev/null"}`)}, two},
		{one{"number", "refuse", "malformed", "kid is a number", signed(`{"alg":"SGD_SM3_SM2","kid":1}`)}, two},
		{one{"long", "refuse", "malformed", "kid of 600 letters", signed(`{"alg":"SGD_SM3_SM2","kid":"` + strings.Repeat("k", 600) + `"}`)}, two},
	} {
		w.addJWS("jws_kid", "RFC 7515 4.1.4", c.one, c.keys, "")
	}
	with := func(members string) string { return signed(`{"alg":"SGD_SM3_SM2","kid":"sm2-1",` + members + `}`) }
	for _, c := range []one{
		{"good", "accept", "", "alg, typ, kid", good},
		{"unknown-member", "accept", "", "members that are not understood are ignored", with(`"x":{"y":1}`)},
		{"crit", "refuse", "malformed", "crit", with(`"crit":["exp"],"exp":1`)},
		{"b64", "refuse", "malformed", "b64", with(`"b64":false`)},
		{"zip", "refuse", "malformed", "zip", with(`"zip":"DEF"`)},
		{"jwk", "refuse", "malformed", "the header brings its key", with(`"jwk":` + key.signingJWK("sm2-1"))},
		{"jku", "refuse", "malformed", "the header points to its key", with(`"jku":"https://keys.example.com/jwks"`)},
		{"x5c", "refuse", "malformed", "the header brings a certificate", with(`"x5c":["AA"]`)},
		{"x5u", "refuse", "malformed", "the header points to a certificate", with(`"x5u":"https://keys.example.com/c"`)},
		{"enc", "refuse", "malformed", "header of an encrypted token", with(`"enc":"SGD_SM4_GCM"`)},
		{"twice", "refuse", "malformed", "alg stands twice", with(`"alg":"SGD_SM3_SM2"`)},
		{"list", "refuse", "malformed", "the header is no object", signed(`["SGD_SM3_SM2"]`)},
		{"not-utf8", "refuse", "malformed", "the header is not UTF-8", with("\"x\":\"\xff\"")},
		{"four-parts", "refuse", "malformed", "four parts", good + ".AA"},
		{"line-break", "refuse", "malformed", "line break inside", good[:20] + "\n" + good[20:]},
		{"stray-bits", "refuse", "malformed", "bits beyond the last octet", good[:len(good)-1] + string(nextLetter(good[len(good)-1]))},
	} {
		w.addJWS("jws_header", "RFC 7515 4.1", c, one1, "")
	}
}

// nextLetter changes the lowest bit of a letter of base64url.
func nextLetter(letter byte) byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return letters[strings.IndexByte(letters, letter)^1]
}

// writeHalfHashes: at_hash, c_hash and s_hash.
func writeHalfHashes(w *writer) {
	const token, code, state = "eyJhbGciOiJTR0RfU00zX1NNMiJ9.e30.c2ln", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "af0ifjsldkj"
	half := func(value string) string { return base64url(digest.Sum([]byte(value))[:16]) }
	full := digest.Sum([]byte(token))
	for _, c := range []struct{ name, expect, code, note, value, hash string }{
		{"at_hash", "accept", "", "left half of SM3 of an access token", token, half(token)},
		{"c_hash", "accept", "", "left half of SM3 of a code", code, half(code)},
		{"s_hash", "accept", "", "left half of SM3 of a state", state, half(state)},
		{"sha256", "refuse", "hash", "left half of SHA-256", token, base64url(sha([]byte(token))[:16])},
		{"whole", "refuse", "hash", "the whole hash", token, base64url(full)},
		{"right", "refuse", "hash", "right half", token, base64url(full[16:])},
		{"with-identity", "refuse", "hash", "SM3 with ZA before the value", token, base64url(digest.Sum(append(identityHash(newKey("jws").public, defaultUser, false), token...))[:16])},
		{"hex", "refuse", "hash", "hexadecimal", token, fmt.Sprintf("%x", full[:16])},
		{"padded", "refuse", "hash", "Base64 with padding", token, half(token) + "=="},
		{"another", "refuse", "hash", "of another token", token, half(token + "x")},
	} {
		w.add(entry{rule: "half_hash", name: c.name, spec: "OpenID Connect Core 1.0", clause: "3.1.3.6", expect: c.expect, code: c.code, note: c.note, texts: joseTexts,
			fields: []field{{"value", []byte(c.value)}, {"hash", []byte(c.hash)}}})
	}
}

// Base point of P-256, for keys of the wrong curve.
var (
	p256X = unhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
	p256Y = unhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
)

// writeJWKs: keys and their thumbprints.
func writeJWKs(w *writer) {
	key := newKey("jwk")
	x, y := key.public.encode()[1:33], key.public.encode()[33:]
	changed := bytes.Clone(y)
	changed[31] ^= 1
	token := key.jws(jwsHeader, jwsPayload)
	jwk := func(curve string, x, y []byte) string { return jwkOf(curve, x, y, "sm2-1", "sig", "SGD_SM3_SM2") }
	good := jwk("SM2-P-256", x, y)
	for _, c := range []struct{ name, expect, code, note, keys string }{
		{"good", "accept", "", "kty EC, crv SM2-P-256", keySet(good)},
		{"p256-name", "refuse", "bad_key", "an SM2 point under the name P-256", keySet(jwkOf("P-256", x, y, "sm2-1", "sig", ""))},
		{"p256-name-sm2-alg", "refuse", "bad_key", "P-256 with alg SGD_SM3_SM2", keySet(jwkOf("P-256", p256X, p256Y, "sm2-1", "sig", "SGD_SM3_SM2"))},
		{"p256-point", "refuse", "bad_key", "a P-256 point under the name SM2-P-256", keySet(jwk("SM2-P-256", p256X, p256Y))},
		{"es256-alg", "refuse", "bad_key", "SM2-P-256 with alg ES256", keySet(jwkOf("SM2-P-256", x, y, "sm2-1", "sig", "ES256"))},
		{"off-curve", "refuse", "bad_key", "last bit of y changed", keySet(jwk("SM2-P-256", x, changed))},
		{"swapped", "refuse", "bad_key", "x and y swapped", keySet(jwk("SM2-P-256", y, x))},
		{"zero", "refuse", "bad_key", "(0,0)", keySet(jwk("SM2-P-256", make([]byte, 32), make([]byte, 32)))},
		{"x-too-large", "refuse", "bad_key", "x = p", keySet(jwk("SM2-P-256", primeP.Bytes(), y))},
		{"x-33", "refuse", "bad_key", "x with a leading zero octet: 33 octets", keySet(jwk("SM2-P-256", append([]byte{0}, x...), y))},
		{"y-31", "refuse", "bad_key", "y of 31 octets", keySet(jwk("SM2-P-256", x, y[:31]))},
		{"no-y", "refuse", "bad_key", "x alone", keySet(strings.Replace(good, `,"y":"`+base64url(y)+`"`, "", 1))},
		{"private", "refuse", "bad_key", "a private part", keySet(strings.Replace(good, `"use"`, `"d":"`+base64url(key.d.FillBytes(make([]byte, 32)))+`","use"`, 1))},
		{"other-curve", "refuse", "bad_key", "a curve of another name", keySet(jwk("sm2p256v1", x, y))},
		{"twice", "refuse", "bad_key", "kid stands twice", keySet(good, newKey("jwk other").signingJWK("sm2-1"))},
	} {
		w.add(entry{rule: "jwk_point", name: c.name, spec: specJWK, clause: "RFC 7518 6.2", expect: c.expect, code: c.code, note: c.note, texts: joseTexts,
			fields: []field{{"keys", []byte(c.keys)}, {"token", []byte(token)}}})
	}
	members := fmt.Sprintf(`{"crv":"SM2-P-256","kty":"EC","x":%q,"y":%q}`, base64url(x), base64url(y))
	sm3Of := func(text string) string { return base64url(digest.Sum([]byte(text))) }
	shaOf := func(text string) string { return base64url(sha([]byte(text))) }
	for _, hash := range []struct {
		rule, name string
		of, other  func(string) string
	}{{"thumbprint_sm3", "SM3", sm3Of, shaOf}, {"thumbprint_sha256", "SHA-256", shaOf, sm3Of}} {
		for _, c := range []struct{ name, expect, code, note, thumbprint string }{
			{"good", "accept", "", hash.name + " of crv, kty, x, y in this order", hash.of(members)},
			{"other-hash", "refuse", "thumbprint", "the other hash", hash.other(members)},
			{"order", "refuse", "thumbprint", "members in another order", hash.of(fmt.Sprintf(`{"kty":"EC","crv":"SM2-P-256","x":%q,"y":%q}`, base64url(x), base64url(y)))},
			{"optional", "refuse", "thumbprint", "optional members hashed too", hash.of(good)},
			{"p256-name", "refuse", "thumbprint", "crv P-256", hash.of(strings.Replace(members, "SM2-P-256", "P-256", 1))},
		} {
			w.add(entry{rule: hash.rule, name: c.name, spec: "RFC 7638", clause: "3", expect: c.expect, code: c.code, note: c.note, texts: joseTexts,
				fields: []field{{"keys", []byte(keySet(good))}, {"thumbprint", []byte(c.thumbprint)}}})
		}
	}
}
