package vectorgen

import (
	"bytes"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specV1 = "GM/T 0031-2014"
	specV4 = "GB/T 38540-2020"
	specV5 = "GM/T 0031-2025"
)

// sealWriter writes the seal area: vectors with a bare seal or a seal signature.
type sealWriter struct {
	*writer
	world *world
}

func writeSeal(w *writer) {
	s := &sealWriter{w, newWorld()}
	s.shapes()
	s.versions()
	s.makerSignature()
	s.tolerated()
	s.values()
	s.signers()
	s.times()
	s.bounds()
	s.lists()
	s.valueRanges()
	s.valueEncodings()
	s.identities()
	s.publicKeys()
	s.structures()
	s.moreSigners()
	s.toleratedSignatures()
	s.personal()
}

// one writes a vector with a seal or a signature in it.
func (s *sealWriter) one(rule, name, spec, clause, expect, code, note, kind string, value []byte, more ...field) {
	s.add(entry{rule: rule, name: name, spec: spec, clause: clause, expect: expect, code: code, made: made, note: note,
		fields: append([]field{{kind, value}}, more...)})
}

var (
	null      = []byte{5, 0}
	documents = field{"document", document}
)

// v1 is a GM/T 0031-2014 seal and signature; the product reads but never writes them.
func (s *sealWriter) v1(version int) (seal, signature []byte) {
	utc := func(moment time.Time) []byte {
		return append(der.Header(der.Universal, der.TagUTCTime, false, 13), moment.Format("060102150405Z")...)
	}
	ascii := func(text string) []byte { return must(der.EncodeText(der.TagIA5String, text)) }
	info := der.EncodeSequence(
		der.EncodeSequence(ascii("ES"), der.EncodeInt(version), ascii("YINXIN")), ascii("37030000001721"),
		der.EncodeSequence(der.EncodeInt(1), must(der.EncodeText(der.TagUTF8String, "一致性测试局")), der.EncodeSequence(der.EncodeOctetString(s.world.signer.Raw)),
			utc(sealMade), utc(sealMade), utc(sealEnds)),
		der.EncodeSequence(ascii("PNG"), der.EncodeOctetString(picture), der.EncodeInt(42), der.EncodeInt(42)))
	maker := der.EncodeOctetString(s.world.maker.Raw)
	covered := der.EncodeSequence(info, maker, signatureAlgorithm)
	seal = der.EncodeSequence(info, der.EncodeSequence(maker, signatureAlgorithm, der.EncodeBitString(must(s.world.makerKey.Sign(nil, covered, nil)))))
	return seal, s.v1Signature(version, seal, der.EncodeBitString(utc(stampedAt)))
}

func (s *sealWriter) v1Signature(version int, seal, timeInfo []byte) []byte {
	toSign := der.EncodeSequence(der.EncodeInt(version), seal, timeInfo, der.EncodeBitString(digest.Sum(document)), must(der.EncodeText(der.TagIA5String, propertyInfo)),
		der.EncodeOctetString(s.world.signer.Raw), signatureAlgorithm)
	return der.EncodeSequence(toSign, der.EncodeBitString(must(s.world.signerKey.Sign(nil, toSign, nil))))
}

// shapes is the number and kind of members; octets have one reading or none.
func (s *sealWriter) shapes() {
	v4 := s.world.seal(nil)
	v1, v1Signature := s.v1(1)
	signature := s.world.signature(v4, nil)
	s.one("shape", "v4-seal", specV4, "6.1", "accept", "", "seal of four members", "seal", v4)
	s.one("shape", "v1-seal", specV1, "6.1.1", "accept", "", "seal of two members", "seal", v1)
	s.one("shape", "v4-signature", specV4, "7.1", "accept", "", "signature of four members", "signature", signature, documents)
	s.one("shape", "v1-signature", specV1, "6.2.1", "accept", "", "signature of two members", "signature", v1Signature, documents)
	for _, one := range []struct {
		name, note string
		value      []byte
	}{
		{"three-members", "signature of the maker is missing", drop(v4, ".3")},
		{"six-members", "six members", appendTo(appendTo(v4, "", null), "", null)},
		{"no-picture", "picture is missing", drop(v4, ".0.3")},
		{"v1-property-in-v4", "property of GM/T 0031-2014 in a seal of GB/T 38540-2020", drop(v4, ".0.2.2")},
		{"v4-property-in-v1", "property of GB/T 38540-2020 in a seal of GM/T 0031-2014", replace(v1, ".0.2", must((&der.Reader{}).Children(must((&der.Reader{}).Children(must((&der.Reader{}).Parse(v4))))[0]))[2].Raw)},
		{"rest", "octet after the seal", append(bytes.Clone(v4), 0)},
		{"cut", "last octet is missing", v4[:len(v4)-1]},
		{"certificate", "a certificate in place of a seal", s.world.maker.Raw},
		{"empty", "no octets", nil},
	} {
		s.one("shape", one.name, specV4, "6.1", "refuse", "SEAL_FORMAT", one.note, "seal", one.value)
	}
	for _, one := range []struct {
		name, note string
		value      []byte
	}{
		{"v1-seal-in-v4", "GM/T 0031-2014 seal in a GB/T 38540-2020 signature", s.world.resignSignature(replace(signature, ".0.1", v1))},
		{"seal-only", "a seal in place of a signature", v4},
		{"no-time", "timeInfo is missing", drop(signature, ".0.2")},
		{"time-as-text", "timeInfo is a string", replace(signature, ".0.2", must(der.EncodeText(der.TagUTF8String, "2026-06-01")))},
	} {
		s.one("shape", one.name, specV4, "7.1", "refuse", "SIG_FORMAT", one.note, "signature", one.value, documents)
	}
}

// versions: shape first, number second.
func (s *sealWriter) versions() {
	four, fourSignature := s.v1(4)
	v4 := s.world.seal(nil)
	s.one("version", "v1-shape-number-4", specV1, "6.1.1", "accept", "header_version", "two members, header version 4", "seal", four, field{"structure", []byte("v1")})
	s.one("version", "v1-signature-number-4", specV1, "6.2.1", "accept", "header_version", "V1 signature whose numbers say 4", "signature", fourSignature, documents, field{"structure", []byte("v1")})
	s.one("version", "v4", specV4, "6.1", "accept", "", "four members, header version 4", "seal", v4, field{"structure", []byte("v4")})
	v5 := s.world.seal(func(i *ses.SealInfo) { i.Structure = ses.V5 })
	s.one("version", "v5", specV5, "6.1", "accept", "", "four members, header version 5", "seal", v5, field{"structure", []byte("v5")})
	stamp := s.world.stampFunc(sealMade.Add(time.Minute))
	stamped := s.world.seal(func(i *ses.SealInfo) { i.Structure, i.Timestamp = ses.V5, stamp })
	s.one("version", "v5-time-stamp", specV5, "6.1", "accept", "", "five members with a time stamp", "seal", stamped, field{"structure", []byte("v5")})
	s.one("version", "v5-signature", specV5, "7.1", "accept", "", "signature around a V5 seal", "signature", s.world.signature(v5, nil), documents, field{"structure", []byte("v5")})
	s.one("version", "c0119", "C0119", "TBS_Sign", "accept", "", "signature of two members around a seal of four", "signature",
		s.v1Signature(4, v4, der.EncodeBitString(append(der.Header(der.Universal, der.TagUTCTime, false, 13), stampedAt.Format("060102150405Z")...))), documents, field{"structure", []byte("c0119")})
	s.one("version", "number-11", specV4, "6.1", "accept", "header_version", "four members, header version 11", "seal", s.world.resign(replace(v4, ".0.0.1", der.EncodeInt(11))), field{"structure", []byte("v4")})
	s.one("version", "header-id", specV4, "6.3", "refuse", "SEAL_FORMAT", "header ID other than ES", "seal", s.world.resign(replace(v4, ".0.0.0", must(der.EncodeText(der.TagIA5String, "XX")))), field{"structure", []byte("v4")})
}

// makerSignature: what the maker's signature covers.
func (s *sealWriter) makerSignature() {
	extension := ses.Extension{ID: "1.2.156.10197.6.7.2.2.1", Value: []byte("2.1")}
	seal := s.world.seal(func(i *ses.SealInfo) { i.Extensions = []ses.Extension{extension} })
	s.one("maker_signature", "good", specV4, "6.3", "accept", "", "good seal", "seal", seal)
	ascii := func(text string) []byte { return must(der.EncodeText(der.TagIA5String, text)) }
	for _, one := range []struct {
		name, note, path string
		value            []byte
	}{
		{"vendor", "vendor changed", ".0.0.2", ascii("YINXIM")},
		{"code", "seal code changed", ".0.1", ascii("37030000001722")},
		{"type", "type changed", ".0.2.0", der.EncodeInt(2)},
		{"name", "name changed", ".0.2.1", must(der.EncodeText(der.TagUTF8String, "一致性测试厅"))},
		{"signers", "signer exchanged", ".0.2.3", der.EncodeSequence(der.EncodeOctetString(s.world.maker.Raw))},
		{"created", "creation time changed", ".0.2.4", must(der.EncodeGeneralizedTime(sealMade.Add(time.Second)))},
		{"begin", "begin of the period changed", ".0.2.5", must(der.EncodeGeneralizedTime(sealMade.Add(time.Second)))},
		{"end", "end of the period changed", ".0.2.6", must(der.EncodeGeneralizedTime(sealEnds.AddDate(1, 0, 0)))},
		{"picture-type", "picture type changed", ".0.3.0", ascii("png")},
		{"picture", "picture changed", ".0.3.1", der.EncodeOctetString(picture[:len(picture)-1])},
		{"width", "picture width changed", ".0.3.2", der.EncodeInt(43)},
		{"extension", "extension changed", ".0.4.0.1", der.EncodeOctetString([]byte("2.2"))},
	} {
		s.one("maker_signature", one.name, specV4, "6.3", "refuse", "SEAL_SIGNATURE", one.note, "seal", replace(seal, one.path, one.value))
	}
	s.one("maker_signature", "certificate", specV4, "6.3", "refuse", "SEAL_SIGNATURE", "certificate of another maker", "seal", replace(seal, ".1", der.EncodeOctetString(s.world.signer.Raw)))
	s.one("maker_signature", "missing-extension", specV4, "6.3", "refuse", "SEAL_SIGNATURE", "extension taken away", "seal", drop(seal, ".0.4"))
	v1, _ := s.v1(1)
	s.one("v1_coverage", "good", specV1, "6.1.1", "accept", "", "signature over eSealInfo, certificate and algorithm", "seal", v1)
	info := must((&der.Reader{}).Children(must((&der.Reader{}).Parse(v1))))[0]
	s.one("v1_coverage", "info-only", specV1, "6.1.1", "refuse", "SEAL_SIGNATURE", "signature over eSealInfo alone, as GB/T 38540-2020 has it", "seal",
		replace(v1, ".1.2", der.EncodeBitString(must(s.world.makerKey.Sign(nil, info.Raw, nil)))))
	v4 := s.world.seal(nil)
	members := must((&der.Reader{}).Children(must((&der.Reader{}).Parse(v4))))
	s.one("v1_coverage", "v4-as-v1", specV4, "6.2", "refuse", "SEAL_SIGNATURE", "GB/T 38540-2020 seal signed as in GM/T 0031-2014", "seal",
		replace(v4, ".3", der.EncodeBitString(must(s.world.makerKey.Sign(nil, der.EncodeSequence(members[0].Raw, members[1].Raw, members[2].Raw), nil)))))
}

// tolerated: departures that real makers are known for are read under a name, and refused by a strict reading.
func (s *sealWriter) tolerated() {
	extended := s.world.seal(func(i *ses.SealInfo) { i.Extensions = []ses.Extension{{ID: "1.2.3", Value: []byte("x")}} })
	plain := s.world.seal(nil)
	oid := []byte{6, 2, 0x2a, 3}
	value := der.EncodeOctetString([]byte("x"))
	utc := append(der.Header(der.Universal, der.TagUTCTime, false, 13), sealMade.Format("060102150405Z")...)
	for _, one := range []struct {
		name, clause, code, note string
		seal                     []byte
	}{
		{"critical-false", "6.1", "critical_false_encoded", "critical FALSE written out", replace(extended, ".0.4", der.EncodeSequence(der.EncodeSequence(oid, []byte{1, 1, 0}, value)))},
		{"extensions-tagged", "6.1", "ext_datas_tagged", "extDatas under [0]", replace(extended, ".0.4", der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oid, value))))},
		{"utc-time", "6.1.4", "time_utc_in_v4", "UTCTime for createDate", replace(plain, ".0.2.4", utc)},
		{"padded-integer", "6.1", "integer_padded", "version in two octets", replace(plain, ".0.0.1", []byte{2, 2, 0, 4})},
		{"boolean", "6.1", "boolean_not_ff", "critical TRUE as 0x01", replace(extended, ".0.4", der.EncodeSequence(der.EncodeSequence(oid, []byte{1, 1, 1}, value)))},
		{"code-as-utf8", "6.1.2", "string_type", "esID as UTF8String", replace(plain, ".0.1", must(der.EncodeText(der.TagUTF8String, "37030000001721")))},
		{"signer-as-text", "6.1.4", "cert_list_text", "a string in the list of certificates", replace(plain, ".0.2.3", der.EncodeSequence(must(der.EncodeText(der.TagIA5String, "1"))))},
		{"list-type", "6.1.4", "cert_list_type_unknown", "certListType 3", replace(plain, ".0.2.2", der.EncodeInt(3))},
	} {
		signed := s.world.resign(one.seal)
		s.one("tolerated", one.name, specV4, one.clause, "accept", one.code, one.note, "seal", signed)
		s.one("strict", one.name, specV4, one.clause, "refuse", "SEAL_FORMAT", one.note, "seal", signed)
	}
	s.one("strict", "good", specV4, "6.1", "accept", "", "seal without deviation", "seal", plain)
}

// values: the signer's value, its algorithm and encoding, and what it is about.
func (s *sealWriter) values() {
	seal := s.world.seal(nil)
	signature := s.world.signature(seal, nil)
	toSign := must((&der.Reader{}).Children(must((&der.Reader{}).Parse(signature))))[0].Raw
	s.one("signature_value", "good", specV4, "7.3", "accept", "", "good signature", "signature", signature, documents)
	for _, one := range []struct {
		name, note, path string
		value            []byte
	}{
		{"time", "signing time changed", ".0.2", must(der.EncodeGeneralizedTime(stampedAt.Add(time.Second)))},
		{"data-hash", "dataHash changed", ".0.3", der.EncodeBitString(digest.Sum([]byte("x")))},
		{"property", "propertyInfo changed", ".0.4", must(der.EncodeText(der.TagIA5String, "/Doc_0/Signs/Sign_1/Signature.xml"))},
		{"seal", "another seal of the same maker", ".0.1", s.world.seal(func(i *ses.SealInfo) { i.Type = 2 })},
	} {
		s.one("signature_value", one.name, specV4, "7.3", "refuse", "SIG_VALUE", one.note, "signature", replace(signature, one.path, one.value), documents)
	}
	s.one("signature_value", "another-key", specV4, "7.3", "refuse", "SIG_VALUE", "value of another key", "signature", assemble(toSign, s.world.signer.Raw, s.world.makerKey), documents)
	s.one("data_hash", "good", specV4, "7.3", "accept", "", "hash of the signed document", "signature", signature, documents)
	s.one("data_hash", "changed", specV4, "7.3", "refuse", "DATA_HASH", "one space added to the document", "signature", signature, field{"document", append(bytes.Clone(document), ' ')})
	s.one("data_hash", "with-identity", specV4, "7.3", "refuse", "DATA_HASH", "SM3 over ZA and document, as one maker writes", "signature",
		s.world.signature(seal, func(i *ses.SignatureInfo) {
			i.DataHash = digest.Sum(append(identityHash(s.world.signerKey.key.public, defaultUser, false), document...))
		}), documents)
	s.one("data_hash", "zero", specV4, "7.3", "refuse", "DATA_HASH", "32 zero octets", "signature", s.world.signature(seal, func(i *ses.SignatureInfo) { i.DataHash = make([]byte, 32) }), documents)
	oid := func(dotted string) []byte { return must(der.EncodeOID(dotted)) }
	s.one("algorithm", "signature-ecdsa", specV4, "7.1", "refuse", "SIG_ALG", "ECDSA with SHA-256 named in the signature", "signature", replace(signature, ".2", oid(pki.OIDECDSAWithSHA256)), documents)
	s.one("algorithm", "signature-digest", specV4, "7.1", "refuse", "SIG_ALG", "the digest named as signature algorithm", "signature", replace(signature, ".2", oid(pki.OIDSM3)), documents)
	s.one("algorithm", "seal-rsa", specV4, "6.1", "refuse", "SIG_ALG", "RSA with SHA-256 named in the seal", "seal", replace(seal, ".2", oid(pki.OIDSHA256WithRSA)))
	s.one("algorithm", "good", specV4, "6.1", "accept", "", "SM2 with SM3", "seal", seal)
	r, sValue := s.world.signerKey.key.signHash(s.world.signerKey.key.messageHash(defaultUser, toSign))
	raw := append(r.FillBytes(make([]byte, 32)), sValue.FillBytes(make([]byte, 32))...)
	s.one("raw_value", "raw", specV4, "7.1", "accept", "signature_raw", "64 octets r‖s in the signature field", "signature", replace(signature, ".3", der.EncodeBitString(raw)), documents)
	s.one("raw_value", "short", specV4, "7.1", "refuse", "der", "63 octets in the signature field", "signature", replace(signature, ".3", der.EncodeBitString(raw[:63])), documents)
	s.one("raw_value", "der", specV4, "7.1", "accept", "", "DER in the signature field", "signature", signature, documents)
}

// signers: who may stamp.
func (s *sealWriter) signers() {
	w := s.world
	listed := w.seal(nil)
	hash := digest.Sum(document)
	other := signer{newKey("another signer")}
	namesake := w.issue(pki.ProfileSealSigner, "37030000001721", w.root, other, certificatesBegin, certificatesEnd)
	digested := func(value []byte) []byte {
		return w.seal(func(i *ses.SealInfo) {
			i.SignerCerts, i.SignerDigests = nil, []ses.CertDigest{{Type: "SM3", Value: value}}
		})
	}
	s.one("signer_listed", "good", specV4, "7.3", "accept", "", "signer's certificate is in the seal", "signature", w.signature(listed, nil), documents)
	s.one("signer_listed", "second", specV4, "7.3", "accept", "", "signer is the second of two", "signature",
		w.signature(w.seal(func(i *ses.SealInfo) { i.SignerCerts = [][]byte{namesake.Raw, w.signer.Raw} }), nil), documents)
	s.one("signer_listed", "namesake", specV4, "7.3", "refuse", "SIGNER_NOT_IN_SEAL", "same subject, other key", "signature",
		assemble(tbs(4, listed, stampedAt, hash), namesake.Raw, other), documents)
	s.one("signer_listed", "maker", specV4, "7.3", "refuse", "SIGNER_NOT_IN_SEAL", "stamped by the seal's maker", "signature",
		assemble(tbs(4, listed, stampedAt, hash), w.maker.Raw, w.makerKey), documents)
	s.one("signer_digest", "good", specV4, "6.1.4", "accept", "", "certListType 2 with SM3 of the certificate", "signature", w.signature(digested(digest.Sum(w.signer.Raw)), nil), documents)
	s.one("signer_digest", "other", specV4, "6.1.4", "refuse", "SIGNER_NOT_IN_SEAL", "certListType 2 with the digest of another certificate", "signature",
		assemble(tbs(4, digested(digest.Sum(namesake.Raw)), stampedAt, hash), w.signer.Raw, w.signerKey), documents)
	s.one("signer_digest", "list-type", specV4, "6.1.4", "refuse", "SIGNER_NOT_IN_SEAL", "certificates under certListType 3", "signature",
		assemble(tbs(4, w.resign(replace(listed, ".0.2.2", der.EncodeInt(3))), stampedAt, hash), w.signer.Raw, w.signerKey), documents)
	service := w.issue(pki.ProfileService, "状态列表", w.root, other, certificatesBegin, certificatesEnd)
	authority := w.issue(pki.ProfileIssuingCA, "签发机构", w.root, other, certificatesBegin, certificatesEnd)
	for name, one := range map[string]struct {
		certificate        *pki.Certificate
		expect, code, note string
	}{
		"signing":   {service, "accept", "", "certificate with digitalSignature"},
		"authority": {authority, "refuse", "SIGNER_CERT_USAGE", "certificate of a CA"},
	} {
		seal := w.seal(func(i *ses.SealInfo) { i.SignerCerts = [][]byte{one.certificate.Raw} })
		s.one("signer_usage", name, specV4, "7.3", one.expect, one.code, one.note, "signature", assemble(tbs(4, seal, stampedAt, hash), one.certificate.Raw, other), documents)
	}
}

// times: the signing time lies in the periods of the seal and of the signer's certificate.
func (s *sealWriter) times() {
	w := s.world
	seal := w.seal(nil)
	hash := digest.Sum(document)
	at := func(moment time.Time) []byte { return assemble(tbs(4, seal, moment, hash), w.signer.Raw, w.signerKey) }
	for _, one := range []struct {
		name, expect, code, note string
		moment                   time.Time
	}{
		{"first-second", "accept", "", "first second of the seal's period", sealMade},
		{"last-second", "accept", "", "last second of the seal's period", sealEnds},
		{"before-seal", "refuse", "SIGN_TIME_OUTSIDE_SEAL", "one second before the seal's period", sealMade.Add(-time.Second)},
		{"after-seal", "refuse", "SIGN_TIME_OUTSIDE_SEAL", "one second after the seal's period", sealEnds.Add(time.Second)},
		{"before-certificate", "refuse", "SIGN_TIME_OUTSIDE_CERT", "before the signer's certificate", certificatesBegin.Add(-time.Second)},
		{"after-certificate", "refuse", "SIGN_TIME_OUTSIDE_CERT", "after the signer's certificate", certificatesEnd.Add(time.Second)},
	} {
		s.one("signing_time", one.name, specV4, "7.3", one.expect, one.code, one.note, "signature", at(one.moment), documents)
	}
	_, v1 := s.v1(1)
	v1Seal, _ := s.v1(1)
	text := func(value string) []byte { return s.v1Signature(1, v1Seal, der.EncodeBitString([]byte(value))) }
	for _, one := range []struct {
		name, expect, code, note string
		value                    []byte
	}{
		{"utc-time", "accept", "", "UTCTime in the BIT STRING", v1},
		{"text-zone", "accept", "time_info_text", "text with a zone", text("2026-06-01T00:00:00.000Z")},
		{"text", "accept", "time_info_text", "text without a zone, read as UTC+8", text("2026-06-01 08:00:00")},
		{"unreadable", "undecided", "time", "text that is no time: nothing is proven about the moment", text("yesterday")},
	} {
		s.one("v1_time", one.name, specV1, "6.2.1", one.expect, one.code, one.note, "signature", one.value, documents)
	}
}

// bounds: hostile lengths and depths are refused early.
func (s *sealWriter) bounds() {
	seal := s.world.seal(nil)
	deep := null
	for range 40 {
		deep = der.EncodeSequence(deep)
	}
	for _, one := range []struct {
		name, note string
		value      []byte
	}{
		{"four-gib", "length of 4 GiB", unhex("3084ffffffff")},
		{"length-of-lengths", "length of 126 octets", append([]byte{0x30, 0xfe}, make([]byte, 126)...)},
		{"depth", "40 values inside each other", deep},
		{"depth-indefinite", "10,000 open values", bytes.Repeat([]byte{0x30, 0x80}, 10_000)},
		{"extensions", "257 extensions", appendTo(seal, ".0", der.EncodeSequence(bytes.Repeat([]byte{0x30, 0}, 257)))},
		{"huge-oid", "object identifier with an arc of 70 bits", replace(seal, ".2", unhex("060b2affffffffffffffffff7f"))},
	} {
		s.one("bounds", one.name, "ITU-T X.690", "8.1", "refuse", "SEAL_FORMAT", one.note, "seal", one.value)
	}
	s.one("bounds", "good", "ITU-T X.690", "8.1", "accept", "", "within the bounds", "seal", seal)
}
