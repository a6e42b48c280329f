package vectorgen

import (
	"bytes"
	"math/big"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specEncoding = "GM/T 0009-2012"
	specCurve    = "GB/T 32918.1-2016"
)

// parts are the members of an encoded SEQUENCE.
func parts(encoded []byte) [][]byte {
	var all [][]byte
	for _, member := range must((&der.Reader{}).Children(must((&der.Reader{}).Parse(encoded)))) {
		all = append(all, member.Raw)
	}
	return all
}

// valueRow writes a row twice: for the signer's value in a seal signature and for the maker's value in a seal. The code of a value that does
// not hold is the one of its place; empty stands for it.
func (s *sealWriter) valueRow(rule, name, spec, clause, expect, code, note string, value func(key testKey, message []byte) []byte) {
	seal := s.world.seal(nil)
	signature := s.world.signature(seal, nil)
	signatureCode, sealCode := code, code
	if code == "" && expect == "refuse" {
		signatureCode, sealCode = "SIG_VALUE", "SEAL_SIGNATURE"
	}
	s.one(rule, "signature-"+name, spec, clause, expect, signatureCode, note+", in the signature", "signature",
		replace(signature, ".3", der.EncodeBitString(value(s.world.signerKey.key, parts(signature)[0]))), documents)
	s.one(rule, "seal-"+name, spec, clause, expect, sealCode, note+", in the seal", "seal",
		replace(seal, ".3", der.EncodeBitString(value(s.world.makerKey.key, parts(seal)[0]))))
}

// valueRanges: what a check of r, s or t that is left out would let through (security rows S-01 and S-02).
func (s *sealWriter) valueRanges() {
	zero := new(big.Int)
	plus := func(v *big.Int) *big.Int { return new(big.Int).Add(v, orderN) }
	row := func(name, note string, change func(r, s *big.Int) (*big.Int, *big.Int)) {
		s.valueRow("value_range", name, specSM2, "7.1", "refuse", "sig_range", note, func(key testKey, message []byte) []byte {
			return encodeSignature(change(key.signHash(key.messageHash(defaultUser, message))))
		})
	}
	s.valueRow("value_range", "good", specSM2, "7.1", "accept", "", "r and s as they were made", func(key testKey, message []byte) []byte {
		return key.sign(defaultUser, message)
	})
	row("r-zero", "r is 0", func(_, s *big.Int) (*big.Int, *big.Int) { return zero, s })
	row("s-zero", "s is 0", func(r, _ *big.Int) (*big.Int, *big.Int) { return r, zero })
	row("both-zero", "r and s are 0", func(_, _ *big.Int) (*big.Int, *big.Int) { return zero, zero })
	row("r-order", "r is n", func(_, s *big.Int) (*big.Int, *big.Int) { return orderN, s })
	row("s-order", "s is n", func(r, _ *big.Int) (*big.Int, *big.Int) { return r, orderN })
	row("r-plus-order", "r + n in the place of r", func(r, s *big.Int) (*big.Int, *big.Int) { return plus(r), s })
	row("s-plus-order", "s + n in the place of s", func(r, s *big.Int) (*big.Int, *big.Int) { return r, plus(s) })
	row("r-negative", "-r in the place of r", func(r, s *big.Int) (*big.Int, *big.Int) { return new(big.Int).Neg(r), s })
	row("s-minus-order", "s - n in the place of s", func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(s, orderN) })
	row("sum-order", "r + s is n", func(r, _ *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(orderN, r) })
	s.valueRow("value_range", "raw-zeros", specSM2, "7.1", "refuse", "sig_range", "64 zero octets", func(testKey, []byte) []byte { return make([]byte, 64) })
	s.valueRow("value_range", "infinity", specSM2, "7.1", "refuse", "", "sG + tP is the point at infinity", func(key testKey, _ []byte) []byte {
		t := big.NewInt(987654321)
		sValue := new(big.Int).Mul(t, key.d)
		sValue.Neg(sValue).Mod(sValue, orderN)
		r := new(big.Int).Sub(t, sValue)
		return encodeSignature(r.Mod(r, orderN), sValue)
	})
}

// valueEncodings: one encoding of a value, besides 64 raw octets (security row S-05).
func (s *sealWriter) valueEncodings() {
	integer := der.EncodeInteger
	padded := func(v *big.Int) []byte { return append([]byte{2, byte(len(integer(v)) - 1), 0}, integer(v)[2:]...) }
	for _, one := range []struct {
		name, note string
		change     func(r, s *big.Int, good []byte) []byte
	}{
		{"long-length", "long form of a short length", func(_, _ *big.Int, good []byte) []byte { return append([]byte{0x30, 0x81, good[1]}, good[2:]...) }},
		{"indefinite", "indefinite length", func(_, _ *big.Int, good []byte) []byte { return append(append([]byte{0x30, 0x80}, good[2:]...), 0, 0) }},
		{"padded-r", "r with an octet of zero before it", func(r, s *big.Int, _ []byte) []byte { return der.EncodeSequence(padded(r), integer(s)) }},
		{"padded-s", "s with an octet of zero before it", func(r, s *big.Int, _ []byte) []byte { return der.EncodeSequence(integer(r), padded(s)) }},
		{"rest", "octet after the value", func(_, _ *big.Int, good []byte) []byte { return append(bytes.Clone(good), 0) }},
		{"rest-inside", "NULL behind s", func(_, _ *big.Int, good []byte) []byte { return der.EncodeSequence(good[2:], null) }},
		{"third-integer", "a third integer", func(r, s *big.Int, _ []byte) []byte { return der.EncodeSequence(integer(r), integer(s), integer(r)) }},
		{"one-integer", "r alone", func(r, _ *big.Int, _ []byte) []byte { return der.EncodeSequence(integer(r)) }},
		{"set", "SET in the place of SEQUENCE", func(_, _ *big.Int, good []byte) []byte { return append([]byte{0x31}, good[1:]...) }},
		{"octet-strings", "r and s as OCTET STRING", func(r, s *big.Int, _ []byte) []byte {
			return der.EncodeSequence(der.EncodeOctetString(r.Bytes()), der.EncodeOctetString(s.Bytes()))
		}},
		{"wrapped", "DER inside an OCTET STRING", func(_, _ *big.Int, good []byte) []byte { return der.EncodeOctetString(good) }},
		{"raw-lead", "04 before 64 raw octets", func(r, s *big.Int, _ []byte) []byte { return append([]byte{4}, rawPair(r, s)...) }},
		{"empty", "no octets", func(_, _ *big.Int, _ []byte) []byte { return nil }},
		{"cut", "last octet is missing", func(_, _ *big.Int, good []byte) []byte { return good[:len(good)-1] }},
	} {
		s.valueRow("value_encoding", one.name, specEncoding, "7.3", "refuse", "der", one.note, func(key testKey, message []byte) []byte {
			r, sValue := key.signHash(key.messageHash(defaultUser, message))
			return one.change(r, sValue, encodeSignature(r, sValue))
		})
	}
	s.valueRow("value_encoding", "der", specEncoding, "7.3", "accept", "", "DER", func(key testKey, message []byte) []byte { return key.sign(defaultUser, message) })
	s.valueRow("value_encoding", "raw", specEncoding, "7.3", "accept", "signature_raw", "64 raw octets", func(key testKey, message []byte) []byte {
		return rawPair(key.signHash(key.messageHash(defaultUser, message)))
	})
}

// identities: what stands before the message (security row S-06).
func (s *sealWriter) identities() {
	number := func(octets []byte) *big.Int { return new(big.Int).SetBytes(octets) }
	for _, one := range []struct {
		name, note string
		hash       func(key testKey, message []byte) *big.Int
	}{
		{"none", "ZA left out", func(_ testKey, message []byte) *big.Int { return number(digest.Sum(message)) }},
		{"octets", "ENTL counts octets", func(key testKey, message []byte) *big.Int {
			return number(digest.Sum(append(identityHash(key.public, defaultUser, true), message...)))
		}},
		{"other", "identity ALICE123@YAHOO.COM", func(key testKey, message []byte) *big.Int {
			return key.messageHash([]byte("ALICE123@YAHOO.COM"), message)
		}},
		{"empty", "empty identity", func(key testKey, message []byte) *big.Int { return key.messageHash(nil, message) }},
		{"short", "first 15 octets of the identity", func(key testKey, message []byte) *big.Int { return key.messageHash(defaultUser[:15], message) }},
		{"other-key", "ZA of another key", func(_ testKey, message []byte) *big.Int { return s.world.rootKey.key.messageHash(defaultUser, message) }},
		{"hashed-before", "SM3 of the message in the place of the message", func(key testKey, message []byte) *big.Int {
			return key.messageHash(defaultUser, digest.Sum(message))
		}},
	} {
		s.valueRow("identity", one.name, specSM2, "5.5", "refuse", "", one.note, func(key testKey, message []byte) []byte {
			return encodeSignature(key.signHash(one.hash(key, message)))
		})
	}
	s.valueRow("identity", "good", specSM2, "5.5", "accept", "", "default identity", func(key testKey, message []byte) []byte {
		return encodeSignature(key.signHash(key.messageHash(defaultUser, message)))
	})
}

// withKeyInfo is a certificate of the root for another subjectPublicKeyInfo.
func (w *world) withKeyInfo(certificate, info []byte) []byte {
	changed := replace(certificate, ".0.6", info)
	return replace(changed, ".2", der.EncodeBitString(must(w.rootKey.Sign(nil, parts(changed)[0], nil))))
}

// publicKeys: the key in the signer's certificate (security row S-03).
func (s *sealWriter) publicKeys() {
	w := s.world
	oid := func(dotted string) []byte { return must(der.EncodeOID(dotted)) }
	ecKey, curve := oid("1.2.840.10045.2.1"), oid("1.2.156.10197.1.301")
	info := func(algorithm, point []byte) []byte { return der.EncodeSequence(algorithm, der.EncodeBitString(point)) }
	named := der.EncodeSequence(ecKey, curve)
	public := w.signerKey.key.public
	point, x, y := public.encode(), public.x.FillBytes(make([]byte, 32)), public.y.FillBytes(make([]byte, 32))
	pair := func(x, y []byte) []byte { return bytes.Join([][]byte{{4}, x, y}, nil) }
	off := bytes.Clone(y)
	off[31] ^= 1
	explicit := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(oid("1.2.840.10045.1.1"), der.EncodeInteger(primeP)),
		der.EncodeSequence(der.EncodeOctetString(curveA.FillBytes(make([]byte, 32))), der.EncodeOctetString(curveB.FillBytes(make([]byte, 32)))),
		der.EncodeOctetString(pairOf(baseX, baseY)), der.EncodeInteger(orderN))
	for _, one := range []struct {
		name, expect, code, note string
		info                     []byte
	}{
		{"good", "accept", "", "point of the SM2 curve", info(named, point)},
		{"off-curve", "refuse", "key_invalid", "one bit of y changed", info(named, pair(x, off))},
		{"infinity", "refuse", "key_invalid", "the point at infinity", info(named, []byte{0})},
		{"zeros", "refuse", "key_invalid", "the pair (0, 0)", info(named, make([]byte, 65))},
		{"origin", "refuse", "key_invalid", "04 and the pair (0, 0)", info(named, pair(make([]byte, 32), make([]byte, 32)))},
		{"x-prime", "refuse", "key_invalid", "x is p", info(named, pair(primeP.FillBytes(make([]byte, 32)), y))},
		{"x-above", "refuse", "key_invalid", "x is 2^256 - 1", info(named, pair(bytes.Repeat([]byte{0xff}, 32), y))},
		{"compressed", "refuse", "key_invalid", "compressed form", info(named, append([]byte{2 + y[31]&1}, x...))},
		{"hybrid", "refuse", "key_invalid", "hybrid form", info(named, append([]byte{6 + y[31]&1}, point[1:]...))},
		{"rest", "refuse", "key_invalid", "octet after the point", info(named, append(bytes.Clone(point), 0))},
		{"other-curve", "refuse", "key_invalid", "P-256 named over a point that is not on it", info(der.EncodeSequence(ecKey, oid("1.2.840.10045.3.1.7")), point)},
		{"explicit", "refuse", "key_invalid", "the curve written out, where a forger would choose the base point", info(der.EncodeSequence(ecKey, explicit), point)},
		{"no-curve", "refuse", "key_invalid", "no curve", info(der.EncodeSequence(ecKey), point)},
		{"null", "refuse", "key_invalid", "NULL in the place of the curve", info(der.EncodeSequence(ecKey, null), point)},
		{"two-curves", "refuse", "key_invalid", "the curve twice", info(der.EncodeSequence(ecKey, curve, curve), point)},
		{"algorithm", "refuse", "key_invalid", "algorithm of Ed25519", info(der.EncodeSequence(oid("1.3.101.112"), curve), point)},
	} {
		certificate := w.withKeyInfo(w.signer.Raw, one.info)
		seal := w.resign(replace(w.seal(nil), ".0.2.3", der.EncodeSequence(der.EncodeOctetString(certificate))))
		s.one("public_key", one.name, specCurve, "6.2.1", one.expect, one.code, one.note, "signature",
			assemble(tbs(4, seal, stampedAt, digest.Sum(document)), certificate, w.signerKey), documents)
	}
}

func pairOf(x, y *big.Int) []byte { return point{x, y}.encode() }

// form is a structure of seal signatures as the rows of structures need it: where its members stand, and how seal and signature are signed anew.
type form struct {
	name                 string
	seal                 []byte
	signature            func(seal []byte) []byte
	certList, algorithm  string // paths, in seal and in signature
	value                string
	time                 []byte // another timeInfo
	resignSeal, resigned func([]byte) []byte
}

func (s *sealWriter) forms() []form {
	w := s.world
	utc := func(moment time.Time) []byte {
		return der.EncodeBitString(append(der.Header(der.Universal, der.TagUTCTime, false, 13), moment.Format("060102150405Z")...))
	}
	v1, _ := s.v1(1)
	v4 := w.seal(nil)
	later := stampedAt.Add(time.Second)
	two := func(signature []byte) []byte {
		return replace(signature, ".1", der.EncodeBitString(must(w.signerKey.Sign(nil, parts(signature)[0], nil))))
	}
	resignV1 := func(seal []byte) []byte {
		signInfo := parts(parts(seal)[1])
		return replace(seal, ".1.2", der.EncodeBitString(must(w.makerKey.Sign(nil, der.EncodeSequence(parts(seal)[0], signInfo[0], signInfo[1]), nil))))
	}
	four := func(version int) func([]byte) []byte {
		return func(seal []byte) []byte {
			return assemble(tbs(version, seal, stampedAt, digest.Sum(document)), w.signer.Raw, w.signerKey)
		}
	}
	return []form{
		{"v1", v1, func(seal []byte) []byte { return s.v1Signature(1, seal, utc(stampedAt)) }, ".0.2.2", ".0.6", ".1", utc(later), resignV1, two},
		{"c0119", v4, func(seal []byte) []byte { return s.v1Signature(4, seal, utc(stampedAt)) }, ".0.2.3", ".0.6", ".1", utc(later), w.resign, two},
		{"v4", v4, four(4), ".0.2.3", ".2", ".3", must(der.EncodeGeneralizedTime(later)), w.resign, w.resignSignature},
		{"v5", w.seal(func(i *ses.SealInfo) { i.Structure = ses.V5 }), four(5), ".0.2.3", ".2", ".3", must(der.EncodeGeneralizedTime(later)), w.resign, w.resignSignature},
	}
}

// structures: each step of the verification in each structure, since each has a reader of its own.
func (s *sealWriter) structures() {
	w := s.world
	maker := der.EncodeSequence(der.EncodeOctetString(w.maker.Raw))
	for _, f := range s.forms() {
		good := f.signature(f.seal)
		as := field{"structure", []byte(f.name)}
		row := func(name, expect, code, note string, value []byte) {
			s.one("structures", f.name+"-"+name, specV4, "7.3", expect, code, f.name+": "+note, "signature", value, documents, as)
		}
		row("good", "accept", "", "as it should be", good)
		row("time", "refuse", "SIG_VALUE", "signing time changed", replace(good, ".0.2", f.time))
		row("data-hash", "refuse", "SIG_VALUE", "dataHash changed", replace(good, ".0.3", der.EncodeBitString(digest.Sum([]byte("x")))))
		row("property", "refuse", "SIG_VALUE", "propertyInfo changed", replace(good, ".0.4", must(der.EncodeText(der.TagIA5String, "/x"))))
		row("other-document", "refuse", "DATA_HASH", "dataHash of another document", f.resigned(replace(good, ".0.3", der.EncodeBitString(digest.Sum([]byte("x"))))))
		row("other-key", "refuse", "SIG_VALUE", "value of another key", replace(good, f.value, der.EncodeBitString(must(w.makerKey.Sign(nil, parts(good)[0], nil)))))
		row("algorithm", "refuse", "SIG_ALG", "ECDSA with SHA-256 named", f.resigned(replace(good, f.algorithm, must(der.EncodeOID(pki.OIDECDSAWithSHA256)))))
		row("seal-name", "refuse", "SEAL_SIGNATURE", "name changed in the seal, and stamped again", f.signature(replace(f.seal, ".0.2.1", must(der.EncodeText(der.TagUTF8String, "一致性测试厅")))))
		row("seal-picture", "refuse", "SEAL_SIGNATURE", "picture changed in the seal, and stamped again", f.signature(replace(f.seal, ".0.3.1", der.EncodeOctetString(picture[1:]))))
		row("signer", "refuse", "SIGNER_NOT_IN_SEAL", "signer is not in the seal", f.signature(f.resignSeal(replace(f.seal, f.certList, maker))))
		row("raw", "accept", "signature_raw", "64 raw octets", replace(good, f.value, der.EncodeBitString(rawPair(w.signerKey.key.signHash(w.signerKey.key.messageHash(defaultUser, parts(good)[0]))))))
		row("range", "refuse", "sig_range", "r is 0", replace(good, f.value, der.EncodeBitString(encodeSignature(new(big.Int), big.NewInt(1)))))
	}
}

// moreSigners: what is no digest of the signer's certificate, and what is not its certificate (security row S-18).
func (s *sealWriter) moreSigners() {
	w := s.world
	hash := digest.Sum(document)
	stamp := func(seal []byte) []byte { return assemble(tbs(4, seal, stampedAt, hash), w.signer.Raw, w.signerKey) }
	digests := func(values ...[]byte) []byte {
		return w.seal(func(i *ses.SealInfo) {
			i.SignerCerts = nil
			for _, value := range values {
				i.SignerDigests = append(i.SignerDigests, ses.CertDigest{Type: "SM3", Value: value})
			}
		})
	}
	listed := digest.Sum(w.signer.Raw)
	digested := digests(listed)
	list := func(seal []byte, kind int, members ...[]byte) []byte {
		return w.resign(replace(replace(seal, ".0.2.2", der.EncodeInt(kind)), ".0.2.3", der.EncodeSequence(members...)))
	}
	object := func(value []byte) []byte {
		return der.EncodeSequence(must(der.EncodeText(der.TagPrintableString, "SM3")), der.EncodeOctetString(value))
	}
	changed := bytes.Clone(w.signer.Raw)
	changed[len(changed)-1] ^= 1
	s.one("signer_digest", "second", specV4, "6.1.4", "accept", "", "digest of the signer is the second of two", "signature", stamp(digests(digest.Sum(w.maker.Raw), listed)), documents)
	for _, one := range []struct {
		name, note string
		seal       []byte
	}{
		{"cut", "31 octets of the digest", list(digested, 2, object(listed[:31]))},
		{"longer", "digest with an octet behind it", list(digested, 2, object(append(bytes.Clone(listed), 0)))},
		{"identity", "SM3 over ZA and certificate", list(digested, 2, object(digest.Sum(append(identityHash(w.signerKey.key.public, defaultUser, false), w.signer.Raw...))))},
		{"of-key", "SM3 of the key in the place of the certificate", list(digested, 2, object(digest.Sum(w.signer.RawKeyInfo)))},
		{"of-tbs", "SM3 of what the authority signed", list(digested, 2, object(digest.Sum(w.signer.RawTBS)))},
	} {
		s.one("signer_digest", one.name, specV4, "6.1.4", "refuse", "SIGNER_NOT_IN_SEAL", one.note, "signature", stamp(one.seal), documents)
	}
	certificates := w.seal(nil)
	for _, one := range []struct {
		name, note string
		seal       []byte
	}{
		{"last-octet", "last octet of the certificate changed", list(certificates, 1, der.EncodeOctetString(changed))},
		{"begin", "a certificate that begins with the signer's", list(certificates, 1, der.EncodeOctetString(append(bytes.Clone(w.signer.Raw), 0)))},
		{"digest", "the digest as if it were a certificate", list(certificates, 1, der.EncodeOctetString(listed))},
	} {
		s.one("signer_listed", one.name, specV4, "7.3", "refuse", "SIGNER_NOT_IN_SEAL", one.note, "signature", stamp(one.seal), documents)
	}
}

// toleratedSignatures: departures in TBS_Sign, read under a name and refused by a strict reading.
func (s *sealWriter) toleratedSignatures() {
	w := s.world
	good := w.signature(w.seal(nil), nil)
	for _, one := range []struct {
		name, code, note string
		value            []byte
	}{
		{"signature-padded-integer", "integer_padded", "version of TBS_Sign in two octets", replace(good, ".0.0", []byte{2, 2, 0, 4})},
		{"signature-utc-time", "time_utc_in_v4", "UTCTime for timeInfo", replace(good, ".0.2", append(der.Header(der.Universal, der.TagUTCTime, false, 13), stampedAt.Format("060102150405Z")...))},
		{"signature-property-utf8", "string_type", "propertyInfo as UTF8String", replace(good, ".0.4", must(der.EncodeText(der.TagUTF8String, propertyInfo)))},
	} {
		signed := w.resignSignature(one.value)
		s.one("tolerated", one.name, specV4, "7.1", "accept", one.code, one.note, "signature", signed, documents)
		s.one("strict", one.name, specV4, "7.1", "refuse", "SIG_FORMAT", one.note, "signature", signed, documents)
	}
	s.one("strict", "signature-good", specV4, "7.1", "accept", "", "signature without deviation", "signature", good, documents)
	extended := der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence([]byte{6, 2, 0x2a, 3}, der.EncodeOctetString([]byte("x")))))
	s.one("strict", "signature-extension", specV4, "7.1", "accept", "", "TBS_Sign with extDatas under [0]", "signature",
		assemble(tbs(4, w.seal(nil), stampedAt, digest.Sum(document), extended), w.signer.Raw, w.signerKey), documents)
}
