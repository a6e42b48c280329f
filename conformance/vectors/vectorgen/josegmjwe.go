package vectorgen

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	jweHeader    = `{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1"}`
	jwePlaintext = "unified trust platform"
)

// encryptedParts are what a JWE is made of, each to be changed by itself.
type encryptedParts struct {
	header          string
	wrapped, iv     []byte
	ciphertext, tag []byte
}

func (p encryptedParts) token() string {
	return strings.Join([]string{base64url([]byte(p.header)), base64url(p.wrapped), base64url(p.iv), base64url(p.ciphertext), base64url(p.tag)}, ".")
}

// jwe encrypts for a key. The content key may have a length of its own; its first 16 octets then encrypt.
func (k testKey) jwe(header string, contentKey, plaintext []byte) encryptedParts {
	p := encryptedParts{header: header, wrapped: k.public.seal(contentKey).raw(), iv: digest.Sum(append([]byte("iv"), contentKey...))[:12]}
	usable := append(bytes.Clone(contentKey), make([]byte, 16)...)[:16]
	p.ciphertext, p.tag = sm4GCM(usable, p.iv, []byte(base64url([]byte(header))), plaintext)
	return p
}

// change is a JWE with one thing changed.
func (p encryptedParts) change(f func(p *encryptedParts)) string {
	p.wrapped, p.iv, p.ciphertext, p.tag = bytes.Clone(p.wrapped), bytes.Clone(p.iv), bytes.Clone(p.ciphertext), bytes.Clone(p.tag)
	f(&p)
	return p.token()
}

func (w *writer) addJWE(rule, clause string, c one, key testKey, encoding string, more ...field) {
	fields := []field{{"private_key", key.d.FillBytes(make([]byte, 32))}, {"kid", []byte("enc-1")}, {"token", []byte(c.token)}}
	if encoding != "" {
		fields = append(fields, field{"encoding", []byte(encoding)})
	}
	w.add(entry{rule: rule, name: c.name, spec: specJWE, clause: clause, expect: c.expect, code: c.code, note: c.note, texts: joseTexts, fields: append(fields, more...)})
}

var plaintextField = field{"plaintext", []byte(jwePlaintext)}

func contentKey(label string) []byte { return digest.Sum([]byte("content key " + label))[:16] }

// writeJWEs: SM4-GCM of the content.
func writeJWEs(w *writer) {
	key := newKey("jwe")
	good := key.jwe(jweHeader, contentKey("jwe"), []byte(jwePlaintext))
	empty := key.jwe(jweHeader, contentKey("jwe"), nil)
	otherData := key.jwe(jweHeader, contentKey("jwe"), []byte(jwePlaintext))
	otherData.ciphertext, otherData.tag = sm4GCM(contentKey("jwe"), otherData.iv, []byte(jweHeader), []byte(jwePlaintext))
	noData := good
	noData.ciphertext, noData.tag = sm4GCM(contentKey("jwe"), good.iv, nil, []byte(jwePlaintext))
	for _, c := range []one{
		{"good", "accept", "", "22 octets", good.token()},
		{"tag", "refuse", "decrypt", "last bit of the tag changed", good.change(func(p *encryptedParts) { p.tag[15] ^= 1 })},
		{"ciphertext", "refuse", "decrypt", "first bit of the ciphertext changed", good.change(func(p *encryptedParts) { p.ciphertext[0] ^= 0x80 })},
		{"ciphertext-cut", "refuse", "decrypt", "last octet of the ciphertext left out", good.change(func(p *encryptedParts) { p.ciphertext = p.ciphertext[:21] })},
		{"iv", "refuse", "decrypt", "first bit of the IV changed", good.change(func(p *encryptedParts) { p.iv[0] ^= 0x80 })},
		{"aad", "refuse", "decrypt", "blanks added to the header after encrypting", good.change(func(p *encryptedParts) { p.header = strings.ReplaceAll(p.header, ",", ", ") })},
		{"aad-json", "refuse", "decrypt", "the JSON of the header as associated data instead of its base64url", otherData.token()},
		{"aad-none", "refuse", "decrypt", "no associated data", noData.token()},
		{"iv-8", "refuse", "malformed", "IV of 8 octets", good.change(func(p *encryptedParts) { p.iv = p.iv[:8] })},
		{"iv-16", "refuse", "malformed", "IV of 16 octets", good.change(func(p *encryptedParts) { p.iv = append(p.iv, 0, 0, 0, 0) })},
		{"iv-none", "refuse", "malformed", "no IV", good.change(func(p *encryptedParts) { p.iv = nil })},
		{"tag-12", "refuse", "malformed", "tag of 12 octets", good.change(func(p *encryptedParts) { p.tag = p.tag[:12] })},
		{"tag-4", "refuse", "malformed", "tag of 4 octets", good.change(func(p *encryptedParts) { p.tag = p.tag[:4] })},
		{"tag-none", "refuse", "malformed", "no tag", good.change(func(p *encryptedParts) { p.tag = nil })},
		{"tag-first", "refuse", "decrypt", "tag and ciphertext as one text, cut at the wrong end", good.change(func(p *encryptedParts) {
			all := append(bytes.Clone(p.tag), p.ciphertext...)
			p.ciphertext, p.tag = all[:len(all)-16], all[len(all)-16:]
		})},
	} {
		w.addJWE("jwe_content", "RFC 7516 5.2", c, key, "", plaintextField)
	}
	w.addJWE("jwe_content", "RFC 7516 5.2", one{"empty", "accept", "", "nothing to encrypt", empty.token()}, key, "", field{"plaintext", nil})
	signer := newKey("jws")
	signed := signer.jws(jwsHeader, jwsPayload)
	const nested = `{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1","cty":"JWT"}`
	inside := func(header, text string) string { return key.jwe(header, contentKey("nested"), []byte(text)).token() }
	for _, c := range []one{
		{"good", "accept", "", "a signed token inside, cty JWT", inside(nested, signed)},
		{"long-name", "accept", "", "cty application/jwt", inside(strings.Replace(nested, "JWT", "application/jwt", 1), signed)},
		{"no-cty", "refuse", "type", "no cty", inside(jweHeader, signed)},
		{"other-cty", "refuse", "type", "cty json", inside(strings.Replace(nested, "JWT", "json", 1), signed)},
		{"typ", "refuse", "type", "typ of another kind of token", inside(strings.Replace(nested, `"cty"`, `"typ":"at+jwt","cty"`, 1), signed)},
		{"claims", "refuse", "malformed", "claims that nobody signed inside", inside(nested, jwsPayload)},
		{"encrypted", "refuse", "malformed", "an encrypted token inside", inside(nested, key.jwe(jweHeader, contentKey("jwe"), []byte(signed)).token())},
		{"signature", "refuse", "signature", "the token inside was changed", inside(nested, signed[:len(signed)-4]+"AAAA")},
		{"other-signer", "refuse", "signature", "the token inside is of another signer", inside(nested, newKey("jws other").jws(jwsHeader, jwsPayload))},
		{"signed-alone", "refuse", "malformed", "a signed token that nobody encrypted", signed},
	} {
		w.addJWE("jwe_nested", "RFC 7519 5.2", c, key, "", field{"keys", []byte(keySet(signer.signingJWK("sm2-1")))})
	}
}

// writeJWEKeys: the content key, wrapped with SM2.
func writeJWEKeys(w *writer) {
	key, cek := newKey("jwe key"), contentKey("jwe key")
	good := key.jwe(jweHeader, cek, []byte(jwePlaintext))
	parts := key.public.seal(cek)
	asn1 := func(s sealed) []byte {
		return der.EncodeSequence(der.EncodeInteger(s.c1.x), der.EncodeInteger(s.c1.y), der.EncodeOctetString(s.c3), der.EncodeOctetString(s.c2))
	}
	with := func(wrapped ...[]byte) string {
		return good.change(func(p *encryptedParts) { p.wrapped = bytes.Join(wrapped, nil) })
	}
	flip := func(at int) string { return good.change(func(p *encryptedParts) { p.wrapped[at] ^= 1 }) }
	c1 := parts.c1.encode()
	of := func(length int) string {
		return key.jwe(jweHeader, append(bytes.Clone(cek), cek...)[:length], []byte(jwePlaintext)).token()
	}
	p256 := append(append([]byte{4}, p256X...), p256Y...)
	shared := parts.c1.times(key.d)
	hash := digest.Sum(bytes.Join([][]byte{shared.encode()[1:33], shared.encode()[33:], cek}, nil))
	for _, c := range []one{
		{"good", "accept", "", "04‖x‖y‖C3‖C2 of 113 octets", good.token()},
		{"off-curve", "refuse", "decrypt", "C1 is not on the curve", flip(64)},
		{"p256-point", "refuse", "decrypt", "C1 is a point of P-256", with(p256, parts.c3, parts.c2)},
		{"zero-point", "refuse", "decrypt", "C1 is (0,0)", with([]byte{4}, make([]byte, 64), parts.c3, parts.c2)},
		{"x-too-large", "refuse", "decrypt", "x of C1 is p", with([]byte{4}, primeP.Bytes(), c1[33:], parts.c3, parts.c2)},
		{"c3", "refuse", "decrypt", "first octet of C3 changed", flip(65)},
		{"c2", "refuse", "decrypt", "last octet of C2 changed", flip(112)},
		{"c3-order", "refuse", "decrypt", "C3 = SM3(x2 ‖ y2 ‖ M) instead of SM3(x2 ‖ M ‖ y2)", with(c1, hash, parts.c2)},
		{"c1c2c3", "refuse", "decrypt", "the old order C1‖C2‖C3", with(c1, parts.c2, parts.c3)},
		{"another", "refuse", "decrypt", "wrapped for another key", with(newKey("jwe other").public.seal(cek).raw())},
		{"hybrid", "refuse", "malformed", "hybrid form of C1", with([]byte{6 | c1[64]&1}, c1[1:], parts.c3, parts.c2)},
		{"compressed", "refuse", "malformed", "compressed form of C1", with([]byte{2 | c1[64]&1}, c1[1:33], parts.c3, parts.c2)},
		{"without-form", "refuse", "malformed", "x‖y without the octet 04", with(c1[1:], parts.c3, parts.c2)},
		{"cek-15", "refuse", "malformed", "content key of 15 octets", of(15)},
		{"cek-32", "refuse", "malformed", "content key of 32 octets", of(32)},
		{"empty", "refuse", "malformed", "no encrypted key", with()},
		{"asn1", "refuse", "malformed", "SM2Cipher in DER where the raw form is agreed", with(asn1(parts))},
	} {
		w.addJWE("jwe_key", "GB/T 32918.4-2016 7.1", c, key, "", plaintextField)
	}
	encoded := asn1(parts)
	number := func(octets []byte) []byte { return append([]byte{2, byte(len(octets))}, octets...) }
	negative := append([]byte{0x80}, parts.c1.x.FillBytes(make([]byte, 32))[1:]...)
	for _, c := range []one{
		{"good", "accept", "", "SM2Cipher in DER", with(encoded)},
		{"raw", "refuse", "malformed", "04‖x‖y‖C3‖C2 where DER is agreed", good.token()},
		{"after", "refuse", "malformed", "octet after the SEQUENCE", with(encoded, []byte{0})},
		{"long-length", "refuse", "malformed", "length 0x82 where 0x81 or one octet serves", with([]byte{0x30, 0x82, 0}, longBody(encoded))},
		{"negative", "refuse", "malformed", "x is negative", with(der.EncodeSequence(number(negative), der.EncodeInteger(parts.c1.y), der.EncodeOctetString(parts.c3), der.EncodeOctetString(parts.c2)))},
		{"x-large", "refuse", "malformed", "x of 257 bits", with(der.EncodeSequence(number(append([]byte{1}, make([]byte, 32)...)), der.EncodeInteger(parts.c1.y), der.EncodeOctetString(parts.c3), der.EncodeOctetString(parts.c2)))},
		{"order", "refuse", "malformed", "C2 before C3", with(der.EncodeSequence(der.EncodeInteger(parts.c1.x), der.EncodeInteger(parts.c1.y), der.EncodeOctetString(parts.c2), der.EncodeOctetString(parts.c3)))},
		{"cek-32", "refuse", "malformed", "content key of 32 octets", with(asn1(key.public.seal(append(bytes.Clone(cek), cek...))))},
		{"cek-15", "refuse", "malformed", "content key of 15 octets", with(asn1(key.public.seal(cek[:15])))},
		{"off-curve", "refuse", "decrypt", "C1 is not on the curve", with(asn1(sealed{point{parts.c1.y, parts.c1.x}, parts.c2, parts.c3}))},
		{"c3", "refuse", "decrypt", "C3 of another message", with(asn1(sealed{parts.c1, parts.c2, digest.Sum(parts.c3)}))},
	} {
		w.addJWE("jwe_key_asn1", "GB/T 35276-2017 7.3", c, key, "asn1", plaintextField)
	}
}

// longBody is the length octet and content of a SEQUENCE, for a header that writes the length longer than it must.
func longBody(encoded []byte) []byte {
	if encoded[1] == 0x81 {
		return encoded[2:]
	}
	return encoded[1:]
}

// writeJWEHeaders: header, parts, and the key that a token is encrypted for.
func writeJWEHeaders(w *writer) {
	key, cek := newKey("jwe header"), contentKey("jwe header")
	made := func(header string) string { return key.jwe(header, cek, []byte(jwePlaintext)).token() }
	with := func(members string) string { return made(strings.TrimSuffix(jweHeader, "}") + "," + members + "}") }
	good := made(jweHeader)
	for _, c := range []one{
		{"good", "accept", "", "alg, enc, kid", good},
		{"unknown-member", "accept", "", "members that are not understood are ignored", with(`"x":1`)},
		{"typ", "accept", "", "typ JWT", with(`"typ":"JWT"`)},
		{"zip", "refuse", "malformed", "zip: a small token would grow", with(`"zip":"DEF"`)},
		{"crit", "refuse", "malformed", "crit", with(`"crit":["exp"],"exp":1`)},
		{"epk", "refuse", "malformed", "a key of another algorithm", with(`"epk":` + key.public.jwk("", "", ""))},
		{"jwk", "refuse", "malformed", "a key in the header", with(`"jwk":` + key.encryptionJWK("enc-1"))},
		{"jku", "refuse", "malformed", "the header points to keys", with(`"jku":"https://keys.example.com/jwks"`)},
		{"p2c", "refuse", "malformed", "work of a password algorithm", with(`"p2c":2147483647`)},
		{"twice", "refuse", "malformed", "enc stands twice", with(`"enc":"SGD_SM4_GCM"`)},
		{"alg-dir", "refuse", "algorithm", "alg dir", made(strings.Replace(jweHeader, "SGD_SM2_3", "dir", 1))},
		{"alg-rsa", "refuse", "algorithm", "alg RSA1_5", made(strings.Replace(jweHeader, "SGD_SM2_3", "RSA1_5", 1))},
		{"alg-sm9", "refuse", "algorithm", "alg SGD_SM9_3", made(strings.Replace(jweHeader, "SGD_SM2_3", "SGD_SM9_3", 1))},
		{"alg-signature", "refuse", "algorithm", "the name of signatures", made(strings.Replace(jweHeader, "SGD_SM2_3", "SGD_SM3_SM2", 1))},
		{"enc-aes", "refuse", "algorithm", "enc A128GCM", made(strings.Replace(jweHeader, "SGD_SM4_GCM", "A128GCM", 1))},
		{"enc-ccm", "refuse", "algorithm", "enc SGD_SM4_CCM", made(strings.Replace(jweHeader, "SGD_SM4_GCM", "SGD_SM4_CCM", 1))},
		{"no-enc", "refuse", "algorithm", "no enc", made(`{"alg":"SGD_SM2_3","kid":"enc-1"}`)},
		{"no-kid", "refuse", "malformed", "no kid", made(`{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM"}`)},
		{"kid-another", "refuse", "key", "kid of another key", made(strings.Replace(jweHeader, "enc-1", "enc-2", 1))},
		{"cty", "refuse", "type", "cty JWT where octets are awaited", with(`"cty":"JWT"`)},
		{"four-parts", "refuse", "malformed", "four parts", good[:strings.LastIndexByte(good, '.')]},
		{"six-parts", "refuse", "malformed", "six parts", good + ".AA"},
		{"json", "refuse", "malformed", "JSON serialization", `{"protected":"` + base64url([]byte(jweHeader)) + `"}`},
		{"padded", "refuse", "malformed", "Base64 with padding", good + "=="},
	} {
		w.addJWE("jwe_header", "RFC 7516 4.1", c, key, "", plaintextField)
	}
	enc, sig := key.encryptionJWK("enc-1"), newKey("jwe header sig").signingJWK("sm2-1")
	replace := func(from, to string) string { return strings.Replace(enc, from, to, 1) }
	for _, c := range []struct{ name, expect, code, note, keys string }{
		{"good", "accept", "", "use enc beside a key for signatures", keySet(sig, enc)},
		{"no-alg", "accept", "", "use enc without alg", keySet(replace(`"alg":"SGD_SM2_3",`, ""))},
		{"signature-key", "refuse", "key", "only a key for signatures", keySet(newKey("jwe header").signingJWK("enc-1"))},
		{"no-use", "refuse", "key", "a key that does not say its use", keySet(key.public.jwk("enc-1", "", ""))},
		{"both", "refuse", "bad_key", "one key for signatures and encryption", keySet(enc, key.signingJWK("sm2-1"))},
		{"both-silent", "refuse", "bad_key", "the key stands a second time without use", keySet(enc, key.public.jwk("x", "", ""))},
		{"alg-signature", "refuse", "bad_key", "use enc with the alg of signatures", keySet(replace("SGD_SM2_3", "SGD_SM3_SM2"))},
		{"verify", "refuse", "bad_key", "use enc with the operation verify", keySet(replace(`"use"`, `"key_ops":["wrapKey","verify"],"use"`))},
		{"no-kid", "refuse", "bad_key", "no kid", keySet(replace(`,"kid":"enc-1"`, ""))},
		{"private", "refuse", "bad_key", "a private part", keySet(replace(`"use"`, `"d":"AA","use"`))},
		{"off-curve", "refuse", "bad_key", "x and y swapped", keySet(jwkOf("SM2-P-256", key.public.encode()[33:], key.public.encode()[1:33], "enc-1", "enc", ""))},
		{"p256", "refuse", "key", "a key of P-256", keySet(jwkOf("P-256", p256X, p256Y, "enc-1", "enc", ""))},
		{"kid-twice", "refuse", "bad_key", "kid stands twice", keySet(enc, fmt.Sprint(newKey("jwe other").encryptionJWK("enc-1")))},
	} {
		w.add(entry{rule: "jwe_recipient", name: c.name, spec: specJWK, clause: "RFC 7517 4.2", expect: c.expect, code: c.code, note: c.note, texts: joseTexts,
			fields: []field{{"keys", []byte(c.keys)}, {"private_key", key.d.FillBytes(make([]byte, 32))}}})
	}
}
