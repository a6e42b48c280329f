package vectorgen

import (
	"bytes"
	"crypto/sha1" // imprints and names that must be refused or named
	"math/big"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// Moments of time stamps: tokens are made a minute after the document is stamped and judged half a year later.
var tokenMade = stampedAt.Add(time.Minute)

const (
	specTSP   = "RFC 3161"
	specESS   = "RFC 5816"
	tspPolicy = "1.2.156.10197.1.999.1"
)

// stampKey and its certificate are those of the time-stamping authority of the vectors.
func (w *world) stamping(name string, from, to time.Time) (*pki.Certificate, signer) {
	key := signer{newKey("tsa " + name)}
	return w.issue(pki.ProfileTimeStamping, "一致性测试时间戳 "+name, w.root, key, from, to), key
}

// tokenParts are the members of a token; what is nil is filled in well.
type tokenParts struct {
	octets      []byte
	certificate *pki.Certificate
	key         signer
	genTime     time.Time
	imprint     []byte
	info        func(members [][]byte) [][]byte
	attributes  func(list [][]byte) [][]byte
	unsorted    bool
	outer       string
	digest      string
	signature   string
	value       func([]byte) []byte
	members     func([][]byte) [][]byte // of SignedData
	signers     func([]byte) [][]byte
}

func oid(dotted string) []byte { return must(der.EncodeOID(dotted)) }

func algorithmOf(dotted string) []byte { return der.EncodeSequence(oid(dotted)) }

func attribute(dotted string, value []byte) []byte {
	return der.EncodeSequence(oid(dotted), der.EncodeSet(value))
}

func imprintOf(dotted string, sum []byte) []byte {
	return der.EncodeSequence(algorithmOf(dotted), der.EncodeOctetString(sum))
}

// namedBy is signingCertificateV2 with the SM3 of a certificate.
func namedBy(certificate *pki.Certificate) []byte {
	return der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(algorithmOf(pki.OIDSM3), der.EncodeOctetString(digest.Sum(certificate.Raw)))))
}

func textOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// token forges a time-stamp token in SM2 with SM3.
func token(p tokenParts) []byte {
	if p.imprint == nil {
		p.imprint = imprintOf(pki.OIDSM3, digest.Sum(p.octets))
	}
	if p.genTime.IsZero() {
		p.genTime = tokenMade
	}
	fields := [][]byte{der.EncodeInt(1), oid(tspPolicy), p.imprint, der.EncodeInteger(new(big.Int).SetBytes(digest.Sum(p.octets)[:15])), must(der.EncodeFractionalTime(p.genTime))}
	if p.info != nil {
		fields = p.info(fields)
	}
	info := der.EncodeSequence(fields...)
	list := [][]byte{attribute(pki.OIDAttrContentType, oid(tst.OIDTSTInfo)), attribute(pki.OIDAttrDigest, der.EncodeOctetString(digest.Sum(info))),
		attribute(tst.OIDSigningCertificateV2, namedBy(p.certificate))}
	if p.attributes != nil {
		list = p.attributes(list)
	}
	if list = der.SortSetOf(list); p.unsorted {
		slices.Reverse(list)
	}
	value := must(p.key.Sign(nil, der.EncodeSet(list...), nil))
	if p.value != nil {
		value = p.value(value)
	}
	digestAlgorithm := algorithmOf(textOr(p.digest, pki.OIDSM3))
	one := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(p.certificate.Issuer.Raw, der.EncodeInteger(p.certificate.Serial)), digestAlgorithm,
		der.EncodeImplicit(0, true, list...), algorithmOf(textOr(p.signature, pki.OIDSM2Sign)), der.EncodeOctetString(value))
	signers := [][]byte{one}
	if p.signers != nil {
		signers = p.signers(one)
	}
	members := [][]byte{der.EncodeInt(3), der.EncodeSet(digestAlgorithm), der.EncodeSequence(oid(tst.OIDTSTInfo), der.EncodeExplicit(0, der.EncodeOctetString(info))),
		der.EncodeImplicit(0, true, p.certificate.Raw), der.EncodeSet(signers...)}
	if p.members != nil {
		members = p.members(members)
	}
	return der.EncodeSequence(oid(textOr(p.outer, pki.OIDPKCS7SignedData)), der.EncodeExplicit(0, der.EncodeSequence(members...)))
}

// tspWriter writes the tsp area: a token and the octets that it is said to be of.
type tspWriter struct {
	*writer
	world *world
	tsa   *pki.Certificate
	key   signer
}

func writeTSP(w *writer) {
	t := &tspWriter{writer: w, world: newWorld()}
	t.tsa, t.key = t.world.stamping("甲", certificatesBegin, certificatesEnd)
	t.requests()
	t.responses()
	t.forms()
	t.imprints()
	t.signatures()
	t.bindings()
	t.certificates()
	t.moments()
}

var tspOctets = []byte("signature value")

// one writes a vector; change makes the one deviation.
func (t *tspWriter) one(rule, name, spec, clause, expect, code, note string, change func(*tokenParts), more ...field) {
	p := tokenParts{octets: tspOctets, certificate: t.tsa, key: t.key}
	if change != nil {
		change(&p)
	}
	t.raw(rule, name, spec, clause, expect, code, note, token(p), more...)
}

func (t *tspWriter) raw(rule, name, spec, clause, expect, code, note string, value []byte, more ...field) {
	fields := []field{{"token", value}, {"octets", tspOctets}, {"root", t.world.root.Raw}}
	t.add(entry{rule: rule, name: name, spec: spec, clause: clause, expect: expect, code: code, made: made, note: note, fields: append(fields, more...)})
}

func put(place int, value []byte) func([][]byte) [][]byte {
	return func(list [][]byte) [][]byte {
		list[place] = value
		return list
	}
}

func takeOut(place int) func([][]byte) [][]byte {
	return func(list [][]byte) [][]byte { return slices.Delete(list, place, place+1) }
}

func added(value []byte) func([][]byte) [][]byte {
	return func(list [][]byte) [][]byte { return append(list, value) }
}

// tspRequest is a request for the octets with all members; change makes the one deviation.
func tspRequest(change func(list [][]byte) [][]byte) []byte {
	list := [][]byte{der.EncodeInt(1), imprintOf(pki.OIDSM3, digest.Sum(tspOctets)), oid(tspPolicy), der.EncodeInt(42), der.EncodeBoolean(true)}
	if change != nil {
		list = change(list)
	}
	return der.EncodeSequence(list...)
}

func (t *tspWriter) requests() {
	one := func(name, expect, code, note string, request []byte) {
		t.add(entry{rule: "request", name: name, spec: specTSP, clause: "2.4.1", expect: expect, code: code, made: made, note: note, fields: []field{{"request", request}}})
	}
	good := tspRequest(nil)
	one("good", "accept", "", "policy, nonce and certReq", good)
	one("least", "accept", "", "version and imprint only", tspRequest(func(l [][]byte) [][]byte { return l[:2] }))
	one("version-2", "refuse", "TS_REQUEST", "version 2", tspRequest(put(0, der.EncodeInt(2))))
	one("no-imprint", "refuse", "TS_REQUEST", "no imprint", tspRequest(func(l [][]byte) [][]byte { return l[:1] }))
	one("order", "refuse", "TS_REQUEST", "nonce before policy", tspRequest(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }))
	one("cert-req-false", "refuse", "TS_REQUEST", "certReq FALSE written out, which DER leaves out", tspRequest(put(4, der.EncodeBoolean(false))))
	one("long-length", "refuse", "TS_REQUEST", "a length in more octets than needed", append([]byte{0x30, 0x81, byte(len(good) - 2)}, good[2:]...))
	one("rest", "refuse", "TS_REQUEST", "octet after the request", append(bytes.Clone(good), 0))
	one("too-long", "refuse", "TS_REQUEST", "more than 4 kB", tspRequest(added(der.EncodeImplicit(0, true, der.EncodeSequence(oid("1.2.3"), der.EncodeOctetString(make([]byte, tst.MaxRequest)))))))
}

func (t *tspWriter) responses() {
	one := func(name, expect, code, note string, request, response []byte) {
		t.add(entry{rule: "response", name: name, spec: specTSP, clause: "2.4.2", expect: expect, code: code, made: made, note: note, fields: []field{{"request", request}, {"response", response}}})
	}
	granted := func(change func(*tokenParts)) []byte {
		p := tokenParts{octets: tspOctets, certificate: t.tsa, key: t.key, info: added(der.EncodeInt(42))}
		if change != nil {
			change(&p)
		}
		return tst.EncodeGranted(token(p))
	}
	request, good := tspRequest(nil), granted(nil)
	one("good", "accept", "", "imprint, nonce and policy of the request", request, good)
	one("any-policy", "accept", "", "the request names no policy", tspRequest(takeOut(2)), good)
	one("rejected", "refuse", "TS_REFUSED", "timeNotAvailable", request, must(tst.EncodeRejection(tst.TimeNotAvailable, "")))
	one("imprint", "refuse", "TS_IMPRINT", "token of other octets", request, granted(func(p *tokenParts) { p.octets = []byte("another") }))
	one("nonce", "refuse", "TS_NONCE", "another nonce", request, granted(func(p *tokenParts) { p.info = added(der.EncodeInt(43)) }))
	one("no-nonce", "refuse", "TS_NONCE", "the nonce is missing", request, granted(func(p *tokenParts) { p.info = nil }))
	one("policy", "refuse", "TS_POLICY", "another policy", tspRequest(put(2, oid("1.2.3"))), good)
	one("no-certificate", "refuse", "signer_unknown", "the certificate that was asked for is missing", request, granted(func(p *tokenParts) { p.members = takeOut(3) }))
	one("certificate", "refuse", "TS_RESPONSE", "a certificate that was not asked for", tspRequest(takeOut(4)), good)
	one("granted-without", "refuse", "TS_RESPONSE", "granted without a token", request, der.EncodeSequence(der.EncodeSequence(der.EncodeInt(0))))
	one("rest", "refuse", "TS_RESPONSE", "octet after the response", request, append(bytes.Clone(good), 0))
}

func (t *tspWriter) forms() {
	good := token(tokenParts{octets: tspOctets, certificate: t.tsa, key: t.key})
	const clause = "2.4.2"
	t.raw("form", "good", specTSP, clause, "accept", "", "one signature over TSTInfo, one certificate", good)
	t.raw("form", "rest", specTSP, clause, "refuse", "TS_FORMAT", "octet after the token", append(bytes.Clone(good), 0))
	t.raw("form", "cut", specTSP, clause, "refuse", "TS_FORMAT", "last octet is missing", good[:len(good)-1])
	t.raw("form", "certificate", specTSP, clause, "refuse", "TS_FORMAT", "a certificate in place of a token", t.tsa.Raw)
	for _, c := range []struct {
		name, code, note string
		change           func(*tokenParts)
	}{
		{"version-2", "TS_FORMAT", "version 2 of TSTInfo", func(p *tokenParts) { p.info = put(0, der.EncodeInt(2)) }},
		{"no-time", "TS_FORMAT", "genTime is missing", func(p *tokenParts) { p.info = takeOut(4) }},
		{"utc-time", "TS_FORMAT", "genTime as UTCTime", func(p *tokenParts) { p.info = put(4, append([]byte{23, 13}, "260601000100Z"...)) }},
		{"no-zone", "TS_FORMAT", "genTime without a zone", func(p *tokenParts) { p.info = put(4, append([]byte{24, 14}, "20260601000100"...)) }},
		{"accuracy-range", "TS_FORMAT", "accuracy of 1000 ms", func(p *tokenParts) { p.info = added(der.EncodeSequence(der.EncodeImplicit(0, false, []byte{3, 0xe8}))) }},
		{"critical-extension", "TS_FORMAT", "a critical extension that nobody knows", func(p *tokenParts) {
			p.info = added(der.EncodeImplicit(1, true, der.EncodeSequence(oid("1.2.3"), der.EncodeBoolean(true), der.EncodeOctetString(null))))
		}},
		{"two-signers", "TS_FORMAT", "two signatures", func(p *tokenParts) { p.signers = func(one []byte) [][]byte { return [][]byte{one, one} } }},
		{"no-signer", "TS_FORMAT", "no signature", func(p *tokenParts) { p.signers = func([]byte) [][]byte { return nil } }},
		{"detached", "TS_FORMAT", "TSTInfo is not inside", func(p *tokenParts) { p.members = put(2, der.EncodeSequence(oid(tst.OIDTSTInfo))) }},
		{"no-content-type", "TS_FORMAT", "attribute contentType is missing", func(p *tokenParts) { p.attributes = takeOut(0) }},
		{"no-digest", "TS_FORMAT", "attribute messageDigest is missing", func(p *tokenParts) { p.attributes = takeOut(1) }},
		{"attribute-twice", "TS_FORMAT", "attribute messageDigest twice", func(p *tokenParts) {
			p.attributes = func(list [][]byte) [][]byte { return append(list, list[1]) }
		}},
		{"enveloped", "TS_FORMAT", "content type of enveloped data", func(p *tokenParts) { p.outer = "1.2.840.113549.1.7.3" }},
	} {
		t.one("form", c.name, specTSP, clause, "refuse", c.code, c.note, c.change)
	}
	for _, c := range []struct {
		name, code, note string
		change           func(*tokenParts)
	}{
		{"accuracy", "", "accuracy, ordering and nonce", func(p *tokenParts) {
			p.info = func(list [][]byte) [][]byte {
				return append(list, der.EncodeSequence(der.EncodeInt(1), der.EncodeImplicit(0, false, []byte{9})), der.EncodeBoolean(true), der.EncodeInt(42))
			}
		}},
		{"fraction", "", "fraction of a second", func(p *tokenParts) { p.genTime = tokenMade.Add(250 * time.Millisecond) }},
		{"gm", "time_stamp_gm_signed_data", "content type of GB/T 35275", func(p *tokenParts) { p.outer = pki.OIDGMSignedData }},
		{"version-1", "time_stamp_signed_data_version", "version 1 of SignedData", func(p *tokenParts) { p.members = put(0, der.EncodeInt(1)) }},
		{"sm2-with-sm3", "signature_algorithm_id", "SM2-with-SM3 as signature identifier", func(p *tokenParts) { p.signature = pki.OIDSM2WithSM3 }},
		{"unsorted", "attributes_not_sorted", "attributes not in DER order", func(p *tokenParts) { p.unsorted = true }},
		{"raw-value", "signature_raw", "value r‖s", func(p *tokenParts) { p.value = func(v []byte) []byte { return must(pki.SM2SignatureToRaw(v)) } }},
		{"ordering-false", "default_encoded", "ordering FALSE written out", func(p *tokenParts) { p.info = added(der.EncodeBoolean(false)) }},
	} {
		t.one("tolerated", c.name, specTSP, clause, "accept", c.code, c.note, c.change)
	}
	t.one("tolerated", "enveloped", specTSP, clause, "refuse", "TS_FORMAT", "a type that is no signed data is not tolerated", func(p *tokenParts) { p.outer = "1.2.840.113549.1.7.3" })
}

func (t *tspWriter) imprints() {
	sum := sha1.Sum(tspOctets)
	t.one("imprint", "good", specTSP, "2.4.2", "accept", "", "SM3 of the octets", nil)
	t.one("imprint", "another", specTSP, "2.4.2", "refuse", "TS_IMPRINT", "SM3 of other octets", func(p *tokenParts) { p.octets = []byte("another value") })
	t.one("imprint", "of-digest", specTSP, "2.4.2", "refuse", "TS_IMPRINT", "digest of the digest", func(p *tokenParts) { p.imprint = imprintOf(pki.OIDSM3, digest.Sum(digest.Sum(tspOctets))) })
	t.one("imprint", "sha1", specTSP, "2.4.2", "refuse", "TS_DIGEST", "SHA-1 of the octets", func(p *tokenParts) { p.imprint = imprintOf(pki.OIDSHA1, sum[:]) })
	t.one("imprint", "wrong-name", specTSP, "2.4.2", "refuse", "TS_IMPRINT", "SM3 under the name of SHA-256", func(p *tokenParts) { p.imprint = imprintOf(pki.OIDSHA256, digest.Sum(tspOctets)) })
}

func (t *tspWriter) signatures() {
	_, other := t.world.stamping("乙", certificatesBegin, certificatesEnd)
	t.one("signature", "good", specTSP, "2.4.2", "accept", "", "signature of the authority", nil)
	t.one("signature", "another-key", specTSP, "2.4.2", "refuse", "TS_SIGNATURE", "signed with another key", func(p *tokenParts) { p.key = other })
	t.one("signature", "value", specTSP, "2.4.2", "refuse", "TS_SIGNATURE", "one bit of the value", func(p *tokenParts) {
		p.value = func(v []byte) []byte { v[len(v)-1] ^= 1; return v }
	})
	t.one("signature", "message-digest", specTSP, "2.4.2", "refuse", "TS_SIGNATURE", "messageDigest of another TSTInfo", func(p *tokenParts) {
		p.attributes = put(1, attribute(pki.OIDAttrDigest, der.EncodeOctetString(digest.Sum(nil))))
	})
	t.one("signature", "ecdsa", specTSP, "2.4.2", "refuse", "TS_SIGNATURE", "ECDSA named with an SM2 key", func(p *tokenParts) { p.signature = pki.OIDECDSAWithSHA256 })
	t.one("signature", "sha1", specTSP, "2.4.2", "refuse", "TS_DIGEST", "SHA-1 as digest of the signature", func(p *tokenParts) { p.digest = pki.OIDSHA1 })
}

func (t *tspWriter) bindings() {
	sum := sha1.Sum(t.tsa.Raw)
	first := attribute(tst.OIDSigningCertificate, der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(der.EncodeOctetString(sum[:])))))
	t.one("binding", "good", specESS, "2.2", "accept", "", "signingCertificateV2 with SM3", nil)
	t.one("binding", "first-form", specTSP, "2.4.2", "accept", "time_stamp_cert_id_sha1", "signingCertificate alone", func(p *tokenParts) { p.attributes = put(2, first) })
	t.one("binding", "none", specTSP, "2.4.2", "refuse", "TS_CERT_BINDING", "no signing-certificate attribute", func(p *tokenParts) { p.attributes = takeOut(2) })
	t.one("binding", "another", specESS, "2.2", "refuse", "TS_CERT_BINDING", "names another certificate", func(p *tokenParts) {
		p.attributes = put(2, attribute(tst.OIDSigningCertificateV2, namedBy(t.world.root)))
	})
	t.one("binding", "no-certificate", specTSP, "2.4.2", "undecided", "signer_unknown", "the certificate is not inside", func(p *tokenParts) { p.members = takeOut(3) })
}

// certificates are those that may not stamp (RFC 3161 2.3), not then, or not for us.
func (t *tspWriter) certificates() {
	with := func(certificate *pki.Certificate, key signer) func(*tokenParts) {
		return func(p *tokenParts) { p.certificate, p.key = certificate, key }
	}
	usage := func(name string, critical bool, purposes ...string) func(*tokenParts) {
		certificate, key := t.world.stamping(name, certificatesBegin, certificatesEnd)
		var list [][]byte
		for _, purpose := range purposes {
			list = append(list, oid(purpose))
		}
		fields := [][]byte{oid("2.5.29.37")}
		if critical {
			fields = append(fields, der.EncodeBoolean(true))
		}
		fresh := der.EncodeSequence(append(fields, der.EncodeOctetString(der.EncodeSequence(list...)))...)
		tbs := rebuild(certificate.RawTBS, func(_ string, value der.Value) []byte {
			if value.Is(der.TagSequence) && bytes.HasPrefix(value.Content, oid("2.5.29.37")) {
				return fresh
			}
			return nil
		})
		encoded := der.EncodeSequence(tbs, signatureAlgorithmIdentifier, der.EncodeBitString(must(t.world.rootKey.Sign(nil, tbs, nil))))
		return with(must(pki.ParseCertificate(encoded)), key)
	}
	t.one("usage", "good", specTSP, "2.3", "accept", "", "timeStamping, critical and alone", nil)
	t.one("usage", "signed-again", specTSP, "2.3", "accept", "", "the same, made by the means of the others", usage("丙", true, pki.OIDTimeStamping))
	t.one("usage", "not-critical", specTSP, "2.3", "refuse", "TS_CERT_USAGE", "timeStamping is not critical", usage("丙", false, pki.OIDTimeStamping))
	t.one("usage", "not-alone", specTSP, "2.3", "refuse", "TS_CERT_USAGE", "another purpose beside timeStamping", usage("丙", true, pki.OIDTimeStamping, pki.OIDOCSPSigning))
	t.one("usage", "another", specTSP, "2.3", "refuse", "TS_CERT_USAGE", "another purpose", usage("丙", true, pki.OIDOCSPSigning))
	t.one("usage", "seal-signer", specTSP, "2.3", "refuse", "TS_CERT_USAGE", "a seal signer's certificate", with(t.world.signer, t.world.signerKey))

	list := func(at time.Time, reason pki.RevocationReason) field {
		crl := must(pki.MakeCRL(&stream{label: "crl"}, pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: stampedAt.AddDate(0, 5, 0), NextUpdate: stampedAt.AddDate(0, 7, 0),
			Entries: []pki.CRLEntry{{Serial: t.tsa.Serial, RevokedAt: at, Reason: reason}}}, t.world.root, t.world.rootKey))
		return field{"crl", crl.Raw}
	}
	ended, endedKey := t.world.stamping("丁", certificatesBegin, tokenMade.Add(-time.Second))
	later, laterKey := t.world.stamping("戊", tokenMade.Add(time.Second), certificatesEnd)
	t.one("certificate", "good", specTSP, "2.4.2", "accept", "", "valid at genTime", nil)
	t.one("certificate", "ended", specTSP, "2.4.2", "refuse", "TS_CERT_EXPIRED", "ended a second before genTime", with(ended, endedKey))
	t.one("certificate", "not-begun", specTSP, "2.4.2", "refuse", "TS_CERT_EXPIRED", "begins a second after genTime", with(later, laterKey))
	t.one("certificate", "revoked-before", specTSP, "4", "refuse", "TS_CERT_REVOKED", "revoked before genTime", nil, list(tokenMade.Add(-time.Hour), pki.RevokedSuperseded))
	t.one("certificate", "revoked-key", specTSP, "4", "refuse", "TS_CERT_REVOKED", "key compromised after genTime", nil, list(tokenMade.Add(time.Hour), pki.RevokedKeyCompromise))
	t.one("certificate", "revoked-later", specTSP, "4", "accept", "", "superseded after genTime", nil, list(tokenMade.Add(time.Hour), pki.RevokedSuperseded))
	t.one("certificate", "untrusted", specTSP, "2.4.2", "undecided", "untrusted_root", "the root is not in the trust list", nil, field{"untrusted", []byte{1}})
}

func (t *tspWriter) moments() {
	t.one("time", "good", specTSP, "2.4.2", "accept", "", "genTime before now", nil)
	t.one("time", "future", specTSP, "2.4.2", "refuse", "TS_TIME", "genTime a day after now", func(p *tokenParts) { p.genTime = time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC) })
}

// signatureAlgorithmIdentifier is SM2-with-SM3 as certificates have it.
var signatureAlgorithmIdentifier = der.EncodeSequence(oid(pki.OIDSM2WithSM3))

// stampFunc is an authority of the vectors that stamps signature values at a moment.
func (w *world) stampFunc(genTime time.Time) func(value []byte) ([]byte, error) {
	certificate, key := w.stamping("甲", certificatesBegin, certificatesEnd)
	return func(value []byte) ([]byte, error) {
		return token(tokenParts{octets: value, certificate: certificate, key: key, genTime: genTime}), nil
	}
}
