// Package tsttest forges time-stamp tokens for tests, with a place to put one fault at every step. It is for tests only and
// follows no standard where a test asks for something that no standard allows.
package tsttest

import (
	"crypto/sha1" // RFC 3161's signingCertificate, which readers must know
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// Policy of the tokens.
const Policy = "1.2.156.10197.1.999.1"

// Party is a time-stamping authority: its certificate and what signs with its SM2 key.
type Party struct {
	Cert *pki.Certificate
	Sign func(message []byte) ([]byte, error)
}

// Parts are the members of a token; what is zero is filled in well.
type Parts struct {
	// TSTInfo, encoded members. Rest stands after genTime.
	Info                                 []byte // the whole of it
	InfoVersion, Policy, Imprint, Serial []byte
	GenTime                              []byte
	Rest                                 [][]byte
	Outer, Content                       string // object identifiers of ContentInfo and of the content
	Version, SignerVersion               int
	Digest, SignatureAlgorithm           []byte // AlgorithmIdentifier of the signer
	DigestList                           []byte // SET of digestAlgorithms
	SID                                  []byte
	CertID                               []byte // value of signingCertificateV2
	Include                              []*pki.Certificate
	NoCertificates                       bool
	CRLs                                 []byte                          // encoded [1]
	Attributes                           func(list [][]byte) [][]byte    // changes the signed attributes before they are sorted
	Ordered                              bool                            // leaves them as Attributes returned them
	Signers                              func(signer []byte) [][]byte    // changes the set of signers
	Value                                func(value []byte) []byte       // changes the signature value
	Whole                                func(members [][]byte) [][]byte // changes the members of SignedData
}

// OID encodes a dotted object identifier.
func OID(t testing.TB, dotted string) []byte {
	t.Helper()
	encoded, err := der.EncodeOID(dotted)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// Algorithm encodes an AlgorithmIdentifier.
func Algorithm(t testing.TB, dotted string, parameters ...[]byte) []byte {
	t.Helper()
	return der.EncodeSequence(append([][]byte{OID(t, dotted)}, parameters...)...)
}

// Imprint encodes MessageImprint.
func Imprint(t testing.TB, dotted string, digest []byte) []byte {
	t.Helper()
	return der.EncodeSequence(Algorithm(t, dotted), der.EncodeOctetString(digest))
}

// Time encodes genTime.
func Time(t testing.TB, moment time.Time) []byte {
	t.Helper()
	encoded, err := der.EncodeFractionalTime(moment)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// Attribute encodes an attribute.
func Attribute(t testing.TB, dotted string, values ...[]byte) []byte {
	t.Helper()
	return der.EncodeSequence(OID(t, dotted), der.EncodeSet(values...))
}

// CertIDV2 is signingCertificateV2 that names the certificate by SM3.
func CertIDV2(t testing.TB, certificate *pki.Certificate) []byte {
	t.Helper()
	sum := sm3.Sum(certificate.Raw)
	return der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(Algorithm(t, pki.OIDSM3), der.EncodeOctetString(sum[:]))))
}

// CertIDV1 is signingCertificate, which names the certificate by SHA-1.
func CertIDV1(certificate *pki.Certificate, rest ...[]byte) []byte {
	sum := sha1.Sum(certificate.Raw)
	return der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(append([][]byte{der.EncodeOctetString(sum[:])}, rest...)...)))
}

func orElse(value, otherwise []byte) []byte {
	if value == nil {
		return otherwise
	}
	return value
}

func textOr(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// Token forges a token of the party over octets at a moment.
func Token(t testing.TB, party Party, octets []byte, genTime time.Time, p Parts) []byte {
	t.Helper()
	sum := sm3.Sum(octets)
	info := p.Info
	if info == nil {
		info = der.EncodeSequence(append([][]byte{
			orElse(p.InfoVersion, der.EncodeInt(1)), orElse(p.Policy, OID(t, Policy)), orElse(p.Imprint, Imprint(t, pki.OIDSM3, sum[:])),
			orElse(p.Serial, der.EncodeInteger(big.NewInt(4711))), orElse(p.GenTime, Time(t, genTime)),
		}, p.Rest...)...)
	}
	digest := orElse(p.Digest, Algorithm(t, pki.OIDSM3))
	content := textOr(p.Content, tst.OIDTSTInfo)
	infoSum := sm3.Sum(info)
	attributes := [][]byte{
		Attribute(t, pki.OIDAttrContentType, OID(t, content)),
		Attribute(t, pki.OIDAttrDigest, der.EncodeOctetString(infoSum[:])),
		Attribute(t, tst.OIDSigningCertificateV2, orElse(p.CertID, CertIDV2(t, party.Cert))),
	}
	if p.Attributes != nil {
		attributes = p.Attributes(attributes)
	}
	if !p.Ordered {
		attributes = der.SortSetOf(attributes)
	}
	value, err := party.Sign(der.EncodeSet(attributes...))
	if err != nil {
		t.Fatal(err)
	}
	if p.Value != nil {
		value = p.Value(value)
	}
	signer := der.EncodeSequence(der.EncodeInt(max(p.SignerVersion, 1)),
		orElse(p.SID, der.EncodeSequence(party.Cert.Issuer.Raw, der.EncodeInteger(party.Cert.Serial))),
		digest, der.EncodeImplicit(0, true, attributes...), orElse(p.SignatureAlgorithm, Algorithm(t, pki.OIDSM2Sign)), der.EncodeOctetString(value))
	signers := [][]byte{signer}
	if p.Signers != nil {
		signers = p.Signers(signer)
	}
	version := p.Version
	if version == 0 {
		version = 3
	}
	members := [][]byte{der.EncodeInt(version), orElse(p.DigestList, der.EncodeSet(digest)),
		der.EncodeSequence(OID(t, content), der.EncodeExplicit(0, der.EncodeOctetString(info)))}
	if include := p.Include; !p.NoCertificates {
		if include == nil {
			include = []*pki.Certificate{party.Cert}
		}
		var list [][]byte
		for _, one := range include {
			list = append(list, one.Raw)
		}
		members = append(members, der.EncodeImplicit(0, true, der.SortSetOf(list)...))
	}
	if p.CRLs != nil {
		members = append(members, p.CRLs)
	}
	members = append(members, der.EncodeSet(signers...))
	if p.Whole != nil {
		members = p.Whole(members)
	}
	return der.EncodeSequence(OID(t, textOr(p.Outer, pki.OIDPKCS7SignedData)), der.EncodeExplicit(0, der.EncodeSequence(members...)))
}
