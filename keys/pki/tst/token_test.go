package tst_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// replacedAt returns a change of a list at one place.
func replacedAt(place int, value []byte) func([][]byte) [][]byte {
	return func(list [][]byte) [][]byte {
		list[place] = value
		return list
	}
}

func without(place int) func([][]byte) [][]byte {
	return func(list [][]byte) [][]byte { return slices.Delete(list, place, place+1) }
}

// TestTokens: one token, one departure from RFC 3161, and the code or the named deviation that it must have.
func TestTokens(t *testing.T) {
	a := newAuthority(t)
	sum1, sum256, sum384, sum512 := sha1.Sum(stamped), sha256.Sum256(stamped), sha512.Sum384(stamped), sha512.Sum512(stamped)
	sum3, other := sm3.Sum(stamped), sm3.Sum([]byte("another"))
	oid, algorithm := func(o string) []byte { return tsttest.OID(t, o) }, func(o string, p ...[]byte) []byte { return tsttest.Algorithm(t, o, p...) }
	text := func(tag byte, s string) []byte { return append([]byte{tag, byte(len(s))}, s...) }
	certSum := sm3.Sum(a.tsa.Cert.Raw)
	certSum256 := sha256.Sum256(a.tsa.Cert.Raw)
	rootSum := sm3.Sum(a.root.Cert.Raw)
	certID := func(members ...[]byte) []byte {
		return der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(members...)))
	}
	issuerSerial := func(issuer []byte, serial *big.Int) []byte {
		return der.EncodeSequence(der.EncodeSequence(der.EncodeExplicit(4, issuer)), der.EncodeInteger(serial))
	}
	info := der.EncodeSequence(der.EncodeInt(1), oid(tsttest.Policy), tsttest.Imprint(t, pki.OIDSM3, sum3[:]), der.EncodeInt(1), tsttest.Time(t, genTime))
	infoSum := sha256.Sum256(info)
	named := certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), issuerSerial(a.tsa.Cert.Issuer.Raw, a.tsa.Cert.Serial))
	extension := func(critical bool) []byte {
		fields := [][]byte{oid("1.2.3")}
		if critical {
			fields = append(fields, der.EncodeBoolean(true))
		}
		return der.EncodeImplicit(1, true, der.EncodeSequence(append(fields, der.EncodeOctetString([]byte{5, 0}))...))
	}
	v1 := func(value []byte) func([][]byte) [][]byte {
		return func(list [][]byte) [][]byte {
			return append(list[:2], tsttest.Attribute(t, tst.OIDSigningCertificate, value))
		}
	}
	tests := []struct {
		name      string
		parts     tsttest.Parts
		code      string
		deviation tst.Deviation
	}{
		{"good", tsttest.Parts{}, "", ""},
		// TSTInfo.
		{"version 2", tsttest.Parts{InfoVersion: der.EncodeInt(2)}, "TS_FORMAT", ""},
		{"version as ENUMERATED", tsttest.Parts{InfoVersion: []byte{10, 1, 1}}, "TS_FORMAT", ""},
		{"imprint of other octets", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSM3, other[:])}, "TS_IMPRINT", ""},
		{"imprint cut", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSM3, sum3[:31])}, "TS_IMPRINT", ""},
		{"imprint by SHA-1", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSHA1, sum1[:])}, "TS_DIGEST", ""},
		{"imprint by SHA-256", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSHA256, sum256[:])}, "", ""},
		{"imprint by SHA-384", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSHA384, sum384[:])}, "", ""},
		{"imprint by SHA-512", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSHA512, sum512[:])}, "", ""},
		{"imprint under the name of another digest", tsttest.Parts{Imprint: tsttest.Imprint(t, pki.OIDSHA256, sum3[:])}, "TS_IMPRINT", ""},
		{"imprint with NULL parameters", tsttest.Parts{Imprint: der.EncodeSequence(algorithm(pki.OIDSM3, der.EncodeNull()), der.EncodeOctetString(sum3[:]))}, "", ""},
		{"imprint with odd parameters", tsttest.Parts{Imprint: der.EncodeSequence(algorithm(pki.OIDSM3, der.EncodeInt(1)), der.EncodeOctetString(sum3[:]))}, "TS_DIGEST", ""},
		{"imprint of three members", tsttest.Parts{Imprint: der.EncodeSequence(algorithm(pki.OIDSM3), der.EncodeOctetString(sum3[:]), der.EncodeNull())}, "TS_FORMAT", ""},
		{"serial of 0", tsttest.Parts{Serial: der.EncodeInt(0)}, "", tst.SerialNotPositive},
		{"serial of 161 bits", tsttest.Parts{Serial: der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 160))}, "", tst.SerialTooLong},
		{"serial of 160 bits", tsttest.Parts{Serial: der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 159))}, "", ""},
		{"serial of 65 octets", tsttest.Parts{Serial: der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 513))}, "TS_FORMAT", ""},
		{"fraction", tsttest.Parts{GenTime: text(24, "20260520080000.25Z")}, "", ""},
		{"fraction with a zero at its end", tsttest.Parts{GenTime: text(24, "20260520080000.250Z")}, "", der.TimeNotZulu},
		{"offset", tsttest.Parts{GenTime: text(24, "20260520160000+0800")}, "", der.TimeNotZulu},
		{"no zone", tsttest.Parts{GenTime: text(24, "20260520080000")}, "TS_FORMAT", ""},
		{"UTCTime", tsttest.Parts{GenTime: text(23, "260520080000Z")}, "TS_FORMAT", ""},
		{"future", tsttest.Parts{GenTime: tsttest.Time(t, now.Add(time.Minute+time.Second))}, "TS_TIME", ""},
		{"future within the tolerance", tsttest.Parts{GenTime: tsttest.Time(t, now.Add(time.Minute))}, "", ""},
		{"before the authority's certificate", tsttest.Parts{GenTime: tsttest.Time(t, begin.Add(-time.Second))}, "TS_CERT_EXPIRED", ""},
		{"accuracy", tsttest.Parts{Rest: [][]byte{der.EncodeSequence(der.EncodeInt(1), []byte{0x80, 2, 1, 0xf4}, []byte{0x81, 1, 9})}}, "", ""},
		{"accuracy of 0 ms", tsttest.Parts{Rest: [][]byte{der.EncodeSequence([]byte{0x80, 1, 0})}}, "", tst.AccuracyZero},
		{"accuracy of 1000 ms", tsttest.Parts{Rest: [][]byte{der.EncodeSequence([]byte{0x80, 2, 3, 0xe8})}}, "TS_FORMAT", ""},
		{"accuracy below 0", tsttest.Parts{Rest: [][]byte{der.EncodeSequence(der.EncodeInt(-1))}}, "TS_FORMAT", ""},
		{"accuracy out of order", tsttest.Parts{Rest: [][]byte{der.EncodeSequence([]byte{0x81, 1, 9}, []byte{0x80, 1, 9})}}, "TS_FORMAT", ""},
		{"accuracy of another tag", tsttest.Parts{Rest: [][]byte{der.EncodeSequence([]byte{0x82, 1, 9})}}, "TS_FORMAT", ""},
		{"ordering", tsttest.Parts{Rest: [][]byte{der.EncodeBoolean(true)}}, "", ""},
		{"ordering written out", tsttest.Parts{Rest: [][]byte{der.EncodeBoolean(false)}}, "", der.DefaultEncoded},
		{"nonce before ordering", tsttest.Parts{Rest: [][]byte{der.EncodeInt(5), der.EncodeBoolean(true)}}, "TS_FORMAT", ""},
		{"tsa is the subject", tsttest.Parts{Rest: [][]byte{der.EncodeExplicit(0, der.EncodeExplicit(4, a.tsa.Cert.Subject.Raw))}}, "", ""},
		{"tsa is another", tsttest.Parts{Rest: [][]byte{der.EncodeExplicit(0, der.EncodeExplicit(4, a.root.Cert.Subject.Raw))}}, "", tst.TSANameDiffers},
		{"extension", tsttest.Parts{Rest: [][]byte{extension(false)}}, "", ""},
		{"critical extension", tsttest.Parts{Rest: [][]byte{extension(true)}}, "TS_FORMAT", ""},
		{"unknown member", tsttest.Parts{Rest: [][]byte{der.EncodeOctetString(nil)}}, "TS_FORMAT", ""},
		{"info cut", tsttest.Parts{Info: der.EncodeSequence(der.EncodeInt(1))}, "TS_FORMAT", ""},
		{"trailing octets in TSTInfo", tsttest.Parts{Info: append(der.EncodeSequence(der.EncodeInt(1), oid(tsttest.Policy), tsttest.Imprint(t, pki.OIDSM3, sum3[:]), der.EncodeInt(1), tsttest.Time(t, genTime)), 0)}, "TS_FORMAT", ""},
		// SignedData.
		{"GB/T 35275", tsttest.Parts{Outer: pki.OIDGMSignedData}, "", tst.ContentTypeGM},
		{"enveloped", tsttest.Parts{Outer: "1.2.840.113549.1.7.3"}, "TS_FORMAT", ""},
		{"content is data", tsttest.Parts{Content: pki.OIDPKCS7Data}, "TS_FORMAT", ""},
		{"version 1 of SignedData", tsttest.Parts{Version: 1}, "", tst.VersionOdd},
		{"detached", tsttest.Parts{Whole: replacedAt(2, der.EncodeSequence(oid(tst.OIDTSTInfo)))}, "TS_FORMAT", ""},
		{"digest not listed", tsttest.Parts{DigestList: der.EncodeSet()}, "", tst.DigestNotListed},
		{"digest list is a SEQUENCE", tsttest.Parts{DigestList: der.EncodeSequence()}, "TS_FORMAT", ""},
		{"two signers", tsttest.Parts{Signers: func(s []byte) [][]byte { return [][]byte{s, s} }}, "TS_FORMAT", ""},
		{"no signer", tsttest.Parts{Signers: func([]byte) [][]byte { return nil }}, "TS_FORMAT", ""},
		{"signers twice", tsttest.Parts{Whole: func(m [][]byte) [][]byte { return append(m, m[len(m)-1]) }}, "TS_FORMAT", ""},
		{"certificates after the signers", tsttest.Parts{Whole: func(m [][]byte) [][]byte { return [][]byte{m[0], m[1], m[2], m[4], m[3]} }}, "TS_FORMAT", ""},
		{"attribute certificate beside", tsttest.Parts{Whole: replacedAt(3, der.EncodeImplicit(0, true, a.tsa.Cert.Raw, der.EncodeImplicit(1, true)))}, "", ""},
		{"certificate that is none", tsttest.Parts{Whole: replacedAt(3, der.EncodeImplicit(0, true, der.EncodeSequence()))}, "TS_FORMAT", ""},
		{"list inside", tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeSequence())}, "", ""},
		{"no certificate", tsttest.Parts{NoCertificates: true}, "signer_unknown", ""},
		{"certificate of another", tsttest.Parts{Include: []*pki.Certificate{a.root.Cert}}, "signer_unknown", ""},
		// SignerInfo.
		{"key identifier", tsttest.Parts{SID: der.EncodeImplicit(0, false, a.tsa.Cert.SubjectKeyID), SignerVersion: 3}, "", ""},
		{"key identifier with version 1", tsttest.Parts{SID: der.EncodeImplicit(0, false, a.tsa.Cert.SubjectKeyID)}, "", tst.SignerVersionOdd},
		{"key identifier of another", tsttest.Parts{SID: der.EncodeImplicit(0, false, []byte{1, 2, 3}), SignerVersion: 3}, "signer_unknown", ""},
		{"empty key identifier", tsttest.Parts{SID: der.EncodeImplicit(0, false), SignerVersion: 3}, "TS_FORMAT", ""},
		{"serial of another", tsttest.Parts{SID: der.EncodeSequence(a.tsa.Cert.Issuer.Raw, der.EncodeInt(9))}, "signer_unknown", ""},
		{"issuer of another", tsttest.Parts{SID: der.EncodeSequence(a.tsa.Cert.Subject.Raw, der.EncodeInteger(a.tsa.Cert.Serial))}, "signer_unknown", ""},
		{"signed with SHA-1", tsttest.Parts{Digest: algorithm(pki.OIDSHA1)}, "TS_DIGEST", ""},
		{"signed with SHA-256 by SM2", tsttest.Parts{Digest: algorithm(pki.OIDSHA256), Info: info, Attributes: replacedAt(1, tsttest.Attribute(t, pki.OIDAttrDigest, der.EncodeOctetString(infoSum[:])))}, "TS_SIGNATURE", ""},
		{"signed with SHA-256", tsttest.Parts{Digest: algorithm(pki.OIDSHA256), Attributes: func(l [][]byte) [][]byte { return l }}, "TS_SIGNATURE", ""},
		{"digest with odd parameters", tsttest.Parts{Digest: algorithm(pki.OIDSM3, der.EncodeInt(1))}, "TS_DIGEST", ""},
		{"SM2 with SM3", tsttest.Parts{SignatureAlgorithm: algorithm(pki.OIDSM2WithSM3)}, "", tst.AlgorithmOdd},
		{"ECDSA by name", tsttest.Parts{SignatureAlgorithm: algorithm(pki.OIDECDSAWithSHA256)}, "TS_SIGNATURE", ""},
		{"signature with odd parameters", tsttest.Parts{SignatureAlgorithm: algorithm(pki.OIDSM2Sign, der.EncodeInt(1))}, "TS_SIGNATURE", ""},
		{"value changed", tsttest.Parts{Value: func(v []byte) []byte { v[len(v)-1] ^= 1; return v }}, "TS_SIGNATURE", ""},
		{"value r‖s", tsttest.Parts{Value: func(v []byte) []byte { raw, _ := pki.SM2SignatureToRaw(v); return raw }}, "", tst.ValueRaw},
		{"no contentType", tsttest.Parts{Attributes: without(0)}, "TS_FORMAT", ""},
		{"contentType of data", tsttest.Parts{Attributes: replacedAt(0, tsttest.Attribute(t, pki.OIDAttrContentType, oid(pki.OIDPKCS7Data)))}, "TS_FORMAT", ""},
		{"no messageDigest", tsttest.Parts{Attributes: without(1)}, "TS_FORMAT", ""},
		{"messageDigest of other octets", tsttest.Parts{Attributes: replacedAt(1, tsttest.Attribute(t, pki.OIDAttrDigest, der.EncodeOctetString(other[:])))}, "TS_SIGNATURE", ""},
		{"messageDigest with two values", tsttest.Parts{Attributes: replacedAt(1, tsttest.Attribute(t, pki.OIDAttrDigest, der.EncodeOctetString(other[:]), der.EncodeOctetString(other[:])))}, "TS_FORMAT", ""},
		{"attribute twice", tsttest.Parts{Attributes: func(l [][]byte) [][]byte { return append(l, l[1]) }}, "TS_FORMAT", ""},
		{"unknown attribute", tsttest.Parts{Attributes: func(l [][]byte) [][]byte { return append(l, tsttest.Attribute(t, "1.2.3", der.EncodeNull())) }}, "", ""},
		{"attributes not sorted", tsttest.Parts{Ordered: true, Attributes: func(l [][]byte) [][]byte {
			l = der.SortSetOf(l)
			slices.Reverse(l)
			return l
		}}, "", tst.AttributesUnsorted},
		// What binds the token to its certificate.
		{"no signing-certificate", tsttest.Parts{Attributes: without(2)}, "TS_CERT_BINDING", ""},
		{"names another certificate", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(rootSum[:]))}, "TS_CERT_BINDING", ""},
		{"names issuer and serial", tsttest.Parts{CertID: named}, "", ""},
		{"names another issuer", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), issuerSerial(a.tsa.Cert.Subject.Raw, a.tsa.Cert.Serial))}, "TS_CERT_BINDING", ""},
		{"names another serial", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), issuerSerial(a.tsa.Cert.Issuer.Raw, big.NewInt(9)))}, "TS_CERT_BINDING", ""},
		{"by SHA-256", tsttest.Parts{CertID: certID(der.EncodeOctetString(certSum256[:]))}, "", ""},
		{"by SHA-256 written out", tsttest.Parts{CertID: certID(algorithm(pki.OIDSHA256), der.EncodeOctetString(certSum256[:]))}, "", der.DefaultEncoded},
		{"by a digest that is not known", tsttest.Parts{CertID: certID(algorithm("1.2.3"), der.EncodeOctetString(certSum[:]))}, "TS_CERT_BINDING", ""},
		{"by SHA-1 in the second form", tsttest.Parts{CertID: certID(algorithm(pki.OIDSHA1), der.EncodeOctetString(certSum[:20]))}, "TS_CERT_BINDING", ""},
		{"by SHA-1 in the first form", tsttest.Parts{Attributes: v1(tsttest.CertIDV1(a.tsa.Cert))}, "", tst.CertificateIDSHA1},
		{"first form names another", tsttest.Parts{Attributes: v1(tsttest.CertIDV1(a.root.Cert))}, "TS_CERT_BINDING", ""},
		{"both forms", tsttest.Parts{Attributes: func(l [][]byte) [][]byte {
			return append(l, tsttest.Attribute(t, tst.OIDSigningCertificate, tsttest.CertIDV1(a.tsa.Cert)))
		}}, "", ""},
		{"both forms, one of another", tsttest.Parts{Attributes: func(l [][]byte) [][]byte {
			return append(l, tsttest.Attribute(t, tst.OIDSigningCertificate, tsttest.CertIDV1(a.root.Cert)))
		}}, "TS_CERT_BINDING", ""},
		{"signing-certificate of three members", tsttest.Parts{CertID: der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(der.EncodeOctetString(certSum256[:]))), der.EncodeSequence(), der.EncodeSequence())}, "TS_FORMAT", ""},
		{"identifier of another shape", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), issuerSerial(a.tsa.Cert.Issuer.Raw, a.tsa.Cert.Serial), der.EncodeNull())}, "TS_FORMAT", ""},
		{"identifier without a digest", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3))}, "TS_FORMAT", ""},
		{"issuer without a serial", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), der.EncodeSequence(der.EncodeSequence()))}, "TS_FORMAT", ""},
		{"issuer that is none", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3), der.EncodeOctetString(certSum[:]), der.EncodeSequence(der.EncodeNull(), der.EncodeInt(1)))}, "TS_FORMAT", ""},
		{"digest of it with odd parameters", tsttest.Parts{CertID: certID(algorithm(pki.OIDSM3, der.EncodeInt(1)), der.EncodeOctetString(certSum[:]))}, "TS_FORMAT", ""},
		{"empty signing-certificate", tsttest.Parts{CertID: der.EncodeSequence(der.EncodeSequence())}, "TS_FORMAT", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := tsttest.Token(t, a.tsa, stamped, genTime, test.parts)
			if test.deviation == "" {
				expect(t, token, a.trusting(), test.code)
			} else {
				expect(t, token, a.trusting(), test.code, test.deviation)
			}
			_, strict := tst.ParseStrict(token)
			parsed, interop := tst.Parse(token)
			inParser := parsed != nil && len(parsed.Deviations) > 0
			if inParser != errors.Is(strict, tst.ErrStrict) || interop != nil && strict == nil {
				t.Errorf("strict reading: %v, deviations in parsing %t", strict, inParser)
			}
			if parsed != nil && (!bytes.Equal(parsed.Raw, token) || !bytes.Contains(token, parsed.RawInfo)) {
				t.Error("octets are not those received")
			}
		})
	}
}

func TestTokenBounds(t *testing.T) {
	a := newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{})
	for name, input := range map[string][]byte{
		"empty": nil, "cut": token[:len(token)-1], "trailing octet": append(bytes.Clone(token), 0),
		"too long":              tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeSequence(der.EncodeOctetString(make([]byte, tst.MaxToken))))}),
		"too many certificates": tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Include: slices.Repeat([]*pki.Certificate{a.tsa.Cert}, 65)}),
		"too many lists":        tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CRLs: der.EncodeImplicit(1, true, slices.Repeat([][]byte{der.EncodeSequence()}, 65)...)}),
		"too many digests":      tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{DigestList: der.EncodeSet(slices.Repeat([][]byte{tsttest.Algorithm(t, pki.OIDSM3)}, 65)...)}),
		"too many attributes": tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Attributes: func(l [][]byte) [][]byte {
			for i := range 65 {
				l = append(l, tsttest.Attribute(t, "1.2."+strings.Repeat("1", i/30+1)+big.NewInt(int64(i)).String(), der.EncodeNull()))
			}
			return l
		}}),
	} {
		if _, err := tst.Parse(input); !errors.Is(err, tst.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCertificatesThatMayNotStamp is RFC 3161 2.3.
func TestCertificatesThatMayNotStamp(t *testing.T) {
	a := newAuthority(t)
	for name, c := range map[string]struct {
		change func(*smx509.Certificate)
		code   string
	}{
		"critical and alone": {func(*smx509.Certificate) {}, ""},
		"not critical":       {func(c *smx509.Certificate) { c.ExtraExtensions[0] = purposes(t, false, pki.OIDTimeStamping) }, "TS_CERT_USAGE"},
		"not alone": {func(c *smx509.Certificate) {
			c.ExtraExtensions[0] = purposes(t, true, pki.OIDTimeStamping, pki.OIDOCSPSigning)
		}, "TS_CERT_USAGE"},
		"another purpose":           {func(c *smx509.Certificate) { c.ExtraExtensions[0] = purposes(t, true, pki.OIDOCSPSigning) }, "TS_CERT_USAGE"},
		"any purpose":               {func(c *smx509.Certificate) { c.ExtraExtensions[0] = purposes(t, true, pki.OIDAnyUsage) }, "TS_CERT_USAGE"},
		"no purpose":                {func(c *smx509.Certificate) { c.ExtraExtensions = nil }, "TS_CERT_USAGE"},
		"CA":                        {func(c *smx509.Certificate) { c.IsCA = true; c.KeyUsage |= 0 }, "TS_CERT_USAGE"},
		"no keyUsage":               {func(c *smx509.Certificate) { c.KeyUsage = 0 }, ""},
		"nonRepudiation":            {func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageContentCommitment }, ""},
		"keyEncipherment":           {func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment }, "TS_CERT_USAGE"},
		"keyEncipherment beside it": {func(c *smx509.Certificate) { c.KeyUsage |= smx509.KeyUsageKeyEncipherment }, "TS_CERT_USAGE"},
		"expired at genTime":        {func(c *smx509.Certificate) { c.NotAfter = genTime.Add(-time.Second) }, "TS_CERT_EXPIRED"},
		"expired since":             {func(c *smx509.Certificate) { c.NotAfter = genTime }, ""},
		"not begun at genTime":      {func(c *smx509.Certificate) { c.NotBefore = genTime.Add(time.Second) }, "TS_CERT_EXPIRED"},
		"critical extension": {func(c *smx509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, purposes(t, true, "1.2.3"))
			c.ExtraExtensions[1].Id = []int{1, 2, 3}
		}, "TS_CERT_CHAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			tsa := a.odd(t, c.change)
			expect(t, tsttest.Token(t, tsa, stamped, genTime, tsttest.Parts{}), a.trusting(), c.code)
		})
	}
}

func TestS24UntrustedAuthority(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{})
	for name, c := range map[string]struct {
		options tst.Options
		code    string
	}{
		"nobody trusted":             {tst.Options{At: now}, "untrusted_root"},
		"another root":               {stranger.trusting(), "untrusted_root"},
		"trusted itself":             {tst.Options{Roots: pki.NewPool(a.tsa.Cert), At: now}, ""},
		"certificate from elsewhere": {tst.Options{Roots: pki.NewPool(a.root.Cert), Intermediates: pki.NewPool(a.tsa.Cert), At: now}, ""},
	} {
		t.Run(name, func(t *testing.T) { expect(t, token, c.options, c.code) })
	}
	bare := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{NoCertificates: true})
	o := a.trusting()
	o.Intermediates = pki.NewPool(stranger.tsa.Cert, a.tsa.Cert)
	expect(t, bare, o, "")
	forged := a.tsa
	forged.Sign = stranger.tsa.Sign
	expect(t, tsttest.Token(t, forged, stamped, genTime, tsttest.Parts{}), a.trusting(), "TS_SIGNATURE")
}

// TestRevokedAuthority is RFC 3161 section 4, 1 and 2: what a revocation says about earlier tokens depends on its reason.
func TestRevokedAuthority(t *testing.T) {
	a := newAuthority(t)
	tsa := a.issue(t, func(c *pki.CertificateTemplate) { c.CRLURLs = []string{"http://crl.example/a.crl"} })
	accuracy := der.EncodeSequence(der.EncodeInt(2))
	token := tsttest.Token(t, tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{accuracy}})
	entry := func(at time.Time, reason pki.RevocationReason) []pki.CRLEntry {
		return []pki.CRLEntry{{Serial: tsa.Cert.Serial, RevokedAt: at, Reason: reason}}
	}
	for name, c := range map[string]struct {
		entries []pki.CRLEntry
		none    bool
		code    string
	}{
		"good":                                {nil, false, ""},
		"nothing known":                       {nil, true, "revocation_unknown"},
		"before":                              {entry(genTime.Add(-time.Second), pki.RevokedSuperseded), false, "TS_CERT_REVOKED"},
		"within the accuracy":                 {entry(genTime.Add(2*time.Second), pki.RevokedSuperseded), false, "TS_CERT_REVOKED"},
		"after, superseded":                   {entry(genTime.Add(3*time.Second), pki.RevokedSuperseded), false, ""},
		"after, service ended":                {entry(genTime.Add(time.Hour), pki.RevokedCessationOfOperation), false, ""},
		"after, holder changed":               {entry(genTime.Add(time.Hour), pki.RevokedAffiliationChanged), false, ""},
		"after, key compromised":              {entry(genTime.Add(time.Hour), pki.RevokedKeyCompromise), false, "TS_CERT_REVOKED"},
		"after, without a reason":             {entry(genTime.Add(time.Hour), pki.RevokedUnspecified), false, "TS_CERT_REVOKED"},
		"after, authority's issuer is broken": {entry(genTime.Add(time.Hour), pki.RevokedCACompromise), false, "TS_CERT_REVOKED"},
	} {
		t.Run(name, func(t *testing.T) {
			o := a.trusting()
			if !c.none {
				o.Evidence.CRLs = []*pki.CRL{a.list(t, a.root.Cert, a.key, c.entries...)}
			}
			expect(t, token, o, c.code)
		})
	}
}

// TestRevokedIssuer: the chain between the authority and the root is asked for as well.
func TestRevokedIssuer(t *testing.T) {
	a := newAuthority(t)
	key, holder := newKey(t), newKey(t)
	issuing, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileIssuingCA, Subject: pki.Subject{CommonName: "示例签发"}, PublicKey: &key.PublicKey, NotBefore: begin, NotAfter: end}, a.root.Cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "示例时间戳"}, PublicKey: &holder.PublicKey, NotBefore: begin, NotAfter: end}, issuing, key)
	if err != nil {
		t.Fatal(err)
	}
	token := tsttest.Token(t, tsttest.Party{Cert: certificate, Sign: signWith(holder)}, stamped, genTime, tsttest.Parts{Include: []*pki.Certificate{certificate, issuing}})
	o := a.trusting()
	expect(t, token, o, "")
	o.Evidence.CRLs = []*pki.CRL{a.list(t, a.root.Cert, a.key, pki.CRLEntry{Serial: issuing.Serial, RevokedAt: genTime.Add(-time.Hour)})}
	expect(t, token, o, "TS_CERT_REVOKED")
	expect(t, tsttest.Token(t, tsttest.Party{Cert: certificate, Sign: signWith(holder)}, stamped, genTime, tsttest.Parts{}), a.trusting(), "untrusted_root")
}

func TestWhatWasAskedFor(t *testing.T) {
	a := newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeInt(42)}})
	for name, c := range map[string]struct {
		change func(*tst.Options)
		code   string
	}{
		"nothing":        {func(*tst.Options) {}, ""},
		"nonce":          {func(o *tst.Options) { o.Nonce = big.NewInt(42) }, ""},
		"another nonce":  {func(o *tst.Options) { o.Nonce = big.NewInt(43) }, "TS_NONCE"},
		"policy":         {func(o *tst.Options) { o.Policies = []string{"1.2.3", tsttest.Policy} }, ""},
		"another policy": {func(o *tst.Options) { o.Policies = []string{"1.2.3"} }, "TS_POLICY"},
	} {
		t.Run(name, func(t *testing.T) {
			o := a.trusting()
			c.change(&o)
			expect(t, token, o, c.code)
		})
	}
	o := a.trusting()
	o.Nonce = big.NewInt(42)
	expect(t, tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{}), o, "TS_NONCE")
}

// TestFindingsAddUp: a step that fails does not hide the others.
func TestFindingsAddUp(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	tsa := a.odd(t, func(c *smx509.Certificate) { c.ExtraExtensions[0] = purposes(t, false, pki.OIDTimeStamping) })
	tsa.Sign = stranger.tsa.Sign
	token := tsttest.Token(t, tsa, []byte("another"), now.Add(time.Hour), tsttest.Parts{})
	codes, _ := judged(token, stamped, a.trusting())
	if want := []string{"TS_IMPRINT", "TS_TIME", "TS_SIGNATURE", "TS_CERT_USAGE"}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
}
