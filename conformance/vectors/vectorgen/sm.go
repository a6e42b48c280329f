package vectorgen

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specSM2      = "GB/T 32918.2-2016"
	specSM2Curve = "GB/T 32918.5-2017"
	specSM3      = "GB/T 32905-2016"
	specSM4      = "GB/T 32907-2016"
	specCode     = "GB/T 35276-2017"
)

func unhex(text string) []byte {
	octets, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return octets
}

func writeSM(w *writer) {
	writeSM3(w)
	writeSM4(w)
	writeSM2Published(w)
	writeSM2Ranges(w)
	writeSM2Keys(w)
	writeSM2Encodings(w)
	writeSM2Identities(w)
	writeSM2Algorithms(w)
}

// writeSM3 has the examples of GB/T 32905 annex A, and keyed ones of our own.
func writeSM3(w *writer) {
	for name, example := range map[string][2]string{
		"abc":       {"616263", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
		"64-octets": {strings.Repeat("61626364", 16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
	} {
		w.add(entry{rule: "sm3_digest", name: name, spec: specSM3, clause: "A", expect: "accept", note: "example of the standard",
			fields: []field{{"message", unhex(example[0])}, {"digest", unhex(example[1])}}})
	}
	wrong := digest.Sum([]byte("abc"))
	wrong[31] ^= 1
	w.add(entry{rule: "sm3_digest", name: "last-bit", spec: specSM3, clause: "5.4", expect: "refuse", code: "digest", note: "last bit of the digest changed",
		fields: []field{{"message", []byte("abc")}, {"digest", wrong}}})
	for _, length := range []int{0, 55, 56, 63, 64, 65, 119, 120} {
		message := bytes.Repeat([]byte{0xa5}, length)
		w.add(entry{rule: "sm3_padding", name: "length-" + big.NewInt(int64(length)).String(), spec: specSM3, clause: "5.2", expect: "accept",
			note: "message length at a border of padding", fields: []field{{"message", message}, {"digest", digest.Sum(message)}}})
	}
	// The message is padded without the closing length of GB/T 32905 5.2: a message one bit shorter.
	w.add(entry{rule: "sm3_padding", name: "other-length", spec: specSM3, clause: "5.2", expect: "refuse", code: "digest", note: "digest of the message with its padding bit written out",
		fields: []field{{"message", []byte("abc")}, {"digest", digest.Sum([]byte("abc\x80"))}}})
	for name, key := range map[string][]byte{"short-key": []byte("key"), "block-key": bytes.Repeat([]byte{0x0b}, 64), "long-key": bytes.Repeat([]byte{0xaa}, 131)} {
		message := []byte("unified trust platform")
		tag := hmacSM3(key, message)
		w.add(entry{rule: "sm3_hmac", name: name, spec: "GB/T 15852.2-2012", clause: "7", expect: "accept", note: "keyed digest, key and block of 64 octets",
			fields: []field{{"key", key}, {"message", message}, {"tag", tag}}})
		short := bytes.Clone(tag)
		short[0] ^= 0x80
		w.add(entry{rule: "sm3_hmac", name: name + "-changed", spec: "GB/T 15852.2-2012", clause: "7", expect: "refuse", code: "tag", note: "first bit of the tag changed",
			fields: []field{{"key", key}, {"message", message}, {"tag", short}}})
	}
}

// hmacSM3 is the construction written out, so that it does not lean on the one under test.
func hmacSM3(key, message []byte) []byte {
	if len(key) > 64 {
		key = digest.Sum(key)
	}
	inner, outer := bytes.Repeat([]byte{0x36}, 64), bytes.Repeat([]byte{0x5c}, 64)
	for i, octet := range key {
		inner[i] ^= octet
		outer[i] ^= octet
	}
	return digest.Sum(append(outer, digest.Sum(append(inner, message...))...))
}

// writeSM4 has the examples of GB/T 32907 annex A and of RFC 8998 annex A.1.
func writeSM4(w *writer) {
	key := unhex("0123456789abcdeffedcba9876543210")
	w.add(entry{rule: "sm4_block", name: "once", spec: specSM4, clause: "A.1", expect: "accept", note: "example of the standard",
		fields: []field{{"key", key}, {"plaintext", key}, {"ciphertext", unhex("681edf34d206965e86b3e94f536e4246")}}})
	w.add(entry{rule: "sm4_block", name: "changed", spec: specSM4, clause: "A.1", expect: "refuse", code: "ciphertext", note: "first bit of the ciphertext changed",
		fields: []field{{"key", key}, {"plaintext", key}, {"ciphertext", unhex("e81edf34d206965e86b3e94f536e4246")}}})
	w.add(entry{rule: "sm4_million", name: "million", spec: specSM4, clause: "A.2", expect: "accept", note: "1,000,000 times with the same key",
		fields: []field{{"key", key}, {"plaintext", key}, {"ciphertext", unhex("595298c7c6fd271f0402f804c33d3f66")}}})
	gcm := func(ciphertext, tag string) []field {
		return []field{{"key", key}, {"nonce", unhex("00001234567800000000abcd")}, {"associated_data", unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")},
			{"plaintext", unhex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa")},
			{"ciphertext", unhex(ciphertext)}, {"tag", unhex(tag)}}
	}
	const ciphertext = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
	const tag = "83de3541e4c2b58177e065a9bf7b62ec"
	w.add(entry{rule: "sm4_gcm", name: "published", spec: "RFC 8998", clause: "A.1", expect: "accept", note: "published example", fields: gcm(ciphertext, tag)})
	w.add(entry{rule: "sm4_gcm", name: "tag", spec: "RFC 8998", clause: "A.1", expect: "refuse", code: "tag", note: "first bit of the tag changed", fields: gcm(ciphertext, "0"+tag[1:])})
	w.add(entry{rule: "sm4_gcm", name: "ciphertext", spec: "RFC 8998", clause: "A.1", expect: "refuse", code: "tag", note: "first bit of the ciphertext changed", fields: gcm("9"+ciphertext[1:], tag)})
}

// sm2Fields are the fields of a verification vector.
func sm2Fields(public, userID, message, signature []byte) []field {
	return []field{{"public_key", public}, {"user_id", userID}, {"message", message}, {"signature", signature}}
}

var defaultUser = []byte(pki.DefaultUserID)

// writeSM2Published has the signature example of GB/T 32918.5 annex A.
func writeSM2Published(w *writer) {
	public := unhex("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	message := []byte("message digest")
	r := number("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3")
	s := number("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")
	w.add(entry{rule: "sm2_published", name: "signature", spec: specSM2Curve, clause: "A.2", expect: "accept", note: "example of the standard",
		fields: sm2Fields(public, defaultUser, message, encodeSignature(r, s))})
	w.add(entry{rule: "sm2_published", name: "message", spec: specSM2Curve, clause: "A.2", expect: "refuse", code: "sig_value", note: "one letter of the message changed",
		fields: sm2Fields(public, defaultUser, []byte("message digesu"), encodeSignature(r, s))})
	w.add(entry{rule: "sm2_digest", name: "example", spec: specSM2Curve, clause: "A.2", expect: "accept", note: "e of the standard's example",
		fields: []field{{"public_key", public}, {"user_id", defaultUser}, {"message", message},
			{"digest", unhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")}}})
	w.add(entry{rule: "sm2_digest", name: "without-identity", spec: specSM2, clause: "6.1 A2", expect: "refuse", code: "digest", note: "e without ZA",
		fields: []field{{"public_key", public}, {"user_id", defaultUser}, {"message", message}, {"digest", digest.Sum(message)}}})
}

// writeSM2Ranges is GB/T 32918.2 7.1 B1, B2, B5 and B6.
func writeSM2Ranges(w *writer) {
	key, message := newKey("range"), []byte("licence")
	e := key.messageHash(defaultUser, message)
	r, s := key.signHash(e)
	zero, n := new(big.Int), orderN
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	minus := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	add := func(name, clause, expect, code, note string, r, s *big.Int) {
		w.add(entry{rule: "sm2_range", name: name, spec: specSM2, clause: clause, expect: expect, code: code, note: note,
			fields: sm2Fields(key.public.encode(), defaultUser, message, encodeSignature(r, s))})
	}
	add("good", "7.1", "accept", "", "good signature", r, s)
	add("r-zero", "7.1 B1", "refuse", "sig_range", "r = 0", zero, s)
	add("s-zero", "7.1 B2", "refuse", "sig_range", "s = 0", r, zero)
	add("r-n", "7.1 B1", "refuse", "sig_range", "r = n", n, s)
	add("s-n", "7.1 B2", "refuse", "sig_range", "s = n", r, n)
	add("r-plus-n", "7.1 B1", "refuse", "sig_range", "r + n", plus(r, n), s)
	add("s-plus-n", "7.1 B2", "refuse", "sig_range", "s + n", r, plus(s, n))
	add("r-negative", "7.1 B1", "refuse", "sig_range", "r - n", minus(r, n), s)
	add("s-negative", "7.1 B2", "refuse", "sig_range", "s - n", r, minus(s, n))
	add("t-zero", "7.1 B5", "refuse", "sig_range", "r + s = n", r, minus(n, r))
	add("swapped", "7.1 B7", "refuse", "sig_value", "r and s swapped", s, r)
	add("s-mirrored", "7.1 B7", "refuse", "sig_value", "n - s, which ECDSA would take", r, minus(n, s))
	add("ones", "7.1 B7", "refuse", "sig_value", "r = s = 1", big.NewInt(1), big.NewInt(1))

	// r = e mod n and s = -r·d/(1+d): sG + tP is the point at infinity, whose x a careless verifier takes for 0.
	infinityR := new(big.Int).Mod(e, n)
	infinityS := new(big.Int).Mul(infinityR, key.d)
	infinityS.Mul(infinityS, new(big.Int).ModInverse(plus(key.d, big.NewInt(1)), n)).Neg(infinityS).Mod(infinityS, n)
	sum := point{baseX, baseY}.times(infinityS).add(key.public.times(new(big.Int).Mod(plus(infinityR, infinityS), n)))
	if sum.x != nil {
		panic("point is not the one at infinity")
	}
	w.add(entry{rule: "sm2_infinity", name: "infinity", spec: specSM2, clause: "7.1 B6", expect: "refuse", code: "sig_value", note: "sG + tP is the point at infinity and r = e mod n",
		fields: sm2Fields(key.public.encode(), defaultUser, message, encodeSignature(infinityR, infinityS))})
	w.add(entry{rule: "sm2_infinity", name: "good", spec: specSM2, clause: "7.1", expect: "accept", note: "good signature of the same key",
		fields: sm2Fields(key.public.encode(), defaultUser, message, encodeSignature(r, s))})
}

// writeSM2Keys is GB/T 32918.1 6.2: public key validation.
func writeSM2Keys(w *writer) {
	const spec = "GB/T 32918.1-2016"
	key, message := newKey("keys"), []byte("licence")
	signature := key.sign(defaultUser, message)
	good := key.public.encode()
	change := func(f func(octets []byte)) []byte {
		octets := bytes.Clone(good)
		f(octets)
		return octets
	}
	add := func(name, expect, code, note string, public []byte) {
		w.add(entry{rule: "sm2_key", name: name, spec: spec, clause: "6.2.1", expect: expect, code: code, note: note,
			fields: sm2Fields(public, defaultUser, message, signature)})
	}
	add("good", "accept", "", "good key", good)
	add("other", "refuse", "sig_value", "key of another", newKey("other").public.encode())
	add("off-curve", "refuse", "key_invalid", "last bit of y changed", change(func(o []byte) { o[64] ^= 1 }))
	add("infinity", "refuse", "key_invalid", "point at infinity", []byte{0})
	add("zero", "refuse", "key_invalid", "(0,0)", append([]byte{4}, make([]byte, 64)...))
	add("x-too-large", "refuse", "key_invalid", "x = p", change(func(o []byte) { primeP.FillBytes(o[1:33]) }))
	add("p256", "refuse", "key_invalid", "base point of another curve",
		unhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"))
	add("short", "refuse", "key_invalid", "one octet short", good[:64])
	add("hybrid", "refuse", "key_invalid", "hybrid form", change(func(o []byte) { o[0] = 6 + o[64]&1 }))
	add("twisted", "refuse", "key_invalid", "x and y swapped", append(append([]byte{4}, good[33:]...), good[1:33]...))
	oid := func(dotted string) []byte {
		encoded, err := der.EncodeOID(dotted)
		if err != nil {
			panic(err)
		}
		return encoded
	}
	info := func(parameters []byte) []byte {
		return der.EncodeSequence(der.EncodeSequence(oid(pki.OIDECPublicKey), parameters), der.EncodeBitString(good))
	}
	explicit := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(oid("1.2.840.10045.1.1"), der.EncodeInteger(primeP)),
		der.EncodeSequence(der.EncodeOctetString(curveA.Bytes()), der.EncodeOctetString(curveB.Bytes())),
		der.EncodeOctetString(point{baseX, baseY}.encode()), der.EncodeInteger(orderN))
	for _, one := range []struct {
		name, expect, code, note string
		parameters               []byte
	}{
		{"named", "accept", "", "curve by name", oid(pki.OIDSM2)},
		{"explicit", "refuse", "key_invalid", "curve parameters written out (CVE-2020-0601)", explicit},
		{"absent", "refuse", "key_invalid", "no curve", nil},
		{"another", "refuse", "key_invalid", "SM2 point under the name of P-256", oid(pki.OIDP256)},
	} {
		w.add(entry{rule: "sm2_key_info", name: one.name, spec: "GB/T 35276-2017", clause: "7.1", expect: one.expect, code: one.code, note: one.note,
			fields: []field{{"key_info", info(one.parameters)}}})
	}
}

// writeSM2Encodings is GB/T 35276 7.2: Signature ::= SEQUENCE { r INTEGER, s INTEGER } in DER.
func writeSM2Encodings(w *writer) {
	key, message := newKey("encoding"), []byte("licence")
	r, s := key.signHash(key.messageHash(defaultUser, message))
	rDER, sDER := der.EncodeInteger(r), der.EncodeInteger(s)
	body := append(bytes.Clone(rDER), sDER...)
	good := der.EncodeSequence(body)
	raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	padded := func(encoded []byte) []byte { return join([]byte{2, encoded[1] + 1, 0}, encoded[2:]) }
	retagged := func(encoded []byte, tag byte) []byte { return join([]byte{tag}, encoded[1:]) }
	for _, one := range []struct {
		name, expect, note string
		value              []byte
	}{
		{"good", "accept", "good encoding", good},
		{"raw", "refuse", "64 octets r‖s where DER is asked for", raw},
		{"long-length", "refuse", "length 0x81 where one octet serves", join([]byte{0x30, 0x81, byte(len(body))}, body)},
		{"indefinite", "refuse", "end-of-contents form", join([]byte{0x30, 0x80}, body, []byte{0, 0})},
		{"padded-r", "refuse", "r with a redundant zero octet", der.EncodeSequence(padded(rDER), sDER)},
		{"padded-s", "refuse", "s with a redundant zero octet", der.EncodeSequence(rDER, padded(sDER))},
		{"after", "refuse", "octet after the SEQUENCE", join(good, []byte{0})},
		{"inside", "refuse", "NULL inside the SEQUENCE", der.EncodeSequence(body, []byte{5, 0})},
		{"three", "refuse", "three INTEGERs", der.EncodeSequence(body, []byte{2, 1, 1})},
		{"one", "refuse", "only r", der.EncodeSequence(rDER)},
		{"none", "refuse", "empty SEQUENCE", der.EncodeSequence()},
		{"empty", "refuse", "no octets", nil},
		{"set", "refuse", "SET instead of SEQUENCE", retagged(good, 0x31)},
		{"octet-string", "refuse", "OCTET STRING instead of INTEGER", der.EncodeSequence(retagged(rDER, 4), sDER)},
		{"short-length", "refuse", "length one less than the content", join([]byte{0x30, byte(len(body) - 1)}, body)},
		{"overlong-length", "refuse", "length one more than the content", join([]byte{0x30, byte(len(body) + 1)}, body)},
	} {
		code := ""
		if one.expect == "refuse" {
			code = "der"
		}
		w.add(entry{rule: "sm2_encoding", name: one.name, spec: specCode, clause: "7.2", expect: one.expect, code: code, note: one.note,
			fields: sm2Fields(key.public.encode(), defaultUser, message, one.value)})
	}
	for _, one := range []struct {
		name, expect, code, note string
		value                    []byte
	}{
		{"der", "accept", "", "DER in a field that may hold raw values", good},
		{"raw", "accept", "signature_raw", "64 octets r‖s, as some makers write", raw},
		{"63", "refuse", "der", "63 octets", raw[:63]},
		{"65", "refuse", "der", "65 octets", join(raw, []byte{0})},
		{"zero", "refuse", "sig_range", "64 zero octets", make([]byte, 64)},
		{"swapped", "refuse", "sig_value", "s‖r", join(raw[32:], raw[:32])},
	} {
		w.add(entry{rule: "sm2_raw_field", name: one.name, spec: "GB/T 35275-2017", clause: "8.2", expect: one.expect, code: one.code, note: one.note,
			fields: sm2Fields(key.public.encode(), defaultUser, message, one.value)})
	}
}

// writeSM2Identities is GB/T 32918.2 5.5: ZA binds the signer's identity and key.
func writeSM2Identities(w *writer) {
	key, message := newKey("identity"), []byte("licence")
	public := key.public.encode()
	alice := []byte("ALICE123@YAHOO.COM")
	signRaw := func(octets []byte) []byte {
		return encodeSignature(key.signHash(new(big.Int).SetBytes(digest.Sum(octets))))
	}
	for _, one := range []struct {
		name, expect, note     string
		checkedAs, signedValue []byte
	}{
		{"default", "accept", "default user ID", defaultUser, key.sign(defaultUser, message)},
		{"empty-is-default", "accept", "no user ID given means the default one", nil, key.sign(defaultUser, message)},
		{"other", "accept", "user ID of 18 octets", alice, key.sign(alice, message)},
		{"confused", "refuse", "signed under one ID, checked under another", defaultUser, key.sign(alice, message)},
		{"left-out", "refuse", "e = SM3(M), ZA left out", defaultUser, signRaw(message)},
		{"empty-signed", "refuse", "signed under an empty user ID", defaultUser, signRaw(append(identityHash(key.public, nil, false), message...))},
		{"octet-length", "refuse", "ENTL counts octets instead of bits", defaultUser, signRaw(append(identityHash(key.public, defaultUser, true), message...))},
		{"other-key", "refuse", "ZA of another key", defaultUser, signRaw(append(identityHash(newKey("other").public, defaultUser, false), message...))},
		{"twice", "refuse", "message hashed before", defaultUser, key.sign(defaultUser, digest.Sum(message))},
	} {
		code := ""
		if one.expect == "refuse" {
			code = "sig_value"
		}
		w.add(entry{rule: "sm2_identity", name: one.name, spec: specSM2, clause: "5.5", expect: one.expect, code: code, note: one.note,
			fields: sm2Fields(public, one.checkedAs, message, one.signedValue)})
	}
}

// writeSM2Algorithms is the algorithm named beside a signature (GB/T 33560, GB/T 35276).
func writeSM2Algorithms(w *writer) {
	key, message := newKey("algorithm"), []byte("licence")
	signature := key.sign(defaultUser, message)
	for _, one := range []struct {
		name, expect, note, oid string
		parameters              []byte
	}{
		{"sm2-with-sm3", "accept", "SM2 with SM3", pki.OIDSM2WithSM3, nil},
		{"null-parameters", "accept", "NULL parameters", pki.OIDSM2WithSM3, []byte{5, 0}},
		{"ecdsa-sha256", "refuse", "ECDSA with SHA-256 named for an SM2 key", pki.OIDECDSAWithSHA256, nil},
		{"rsa-sha256", "refuse", "RSA with SHA-256 named for an SM2 key", pki.OIDSHA256WithRSA, nil},
		{"odd-parameters", "refuse", "parameters other than NULL", pki.OIDSM2WithSM3, []byte{2, 1, 1}},
		{"curve", "refuse", "the curve named as algorithm", pki.OIDSM2, nil},
	} {
		code := ""
		if one.expect == "refuse" {
			code = "SIG_ALG"
		}
		fields := append([]field{{"algorithm", []byte(one.oid)}, {"parameters", one.parameters}}, sm2Fields(key.public.encode(), defaultUser, message, signature)...)
		w.add(entry{rule: "sm2_algorithm", name: one.name, spec: "GB/T 33560-2017", clause: "5", expect: one.expect, code: code, note: one.note, fields: fields})
	}
}
