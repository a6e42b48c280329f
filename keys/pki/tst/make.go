package tst

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// SignFunc signs a message: SM2 with SM3 under the default user ID and DER {r,s} for an SM2 key, SHA-256 for P-256 (DER) and
// RSA (PKCS #1 v1.5).
type SignFunc func(message []byte) ([]byte, error)

// suite are the algorithms that a key signs tokens with.
type suite struct{ digest, signature string }

func suiteOf(certificate *pki.Certificate) (suite, error) {
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if pki.IsSM2(key) {
			return suite{pki.OIDSM3, pki.OIDSM2Sign}, nil
		}
		if key.Curve == elliptic.P256() {
			return suite{pki.OIDSHA256, pki.OIDECDSAWithSHA256}, nil
		}
	case *rsa.PublicKey:
		return suite{pki.OIDSHA256, pki.OIDSHA256WithRSA}, nil
	}
	return suite{}, fmt.Errorf("%w: a key of %s signs no tokens", ErrTemplate, pki.KeyName(certificate.PublicKey))
}

// Make makes a token over the info (RFC 3161 2.4.2): strict DER under the content type of CMS, which all readers know. Signed
// attributes are contentType, messageDigest, signingTime (of genTime) and signingCertificateV2 with SM3 for an SM2 key and
// SHA-256 for others. include are the certificates that stand in the token. The info's tsa is filled with the certificate's
// subject. The result is read back strictly, and value, imprint and binding are judged before it is returned.
func Make(info Info, certificate *pki.Certificate, include []*pki.Certificate, sign SignFunc) ([]byte, error) {
	algorithms, err := suiteOf(certificate)
	if err != nil {
		return nil, err
	}
	if err := CheckUsage(certificate); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if !certificate.InPeriod(info.GenTime) {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, ErrExpired)
	}
	info.GenTime = info.GenTime.UTC().Truncate(time.Microsecond)
	info.TSA = der.EncodeExplicit(4, certificate.Subject.Raw)
	content, err := info.encode()
	if err != nil {
		return nil, err
	}
	attributes := signedAttributes(info, content, certificate, algorithms)
	value, err := sign(der.EncodeSet(attributes...))
	if err != nil {
		return nil, fmt.Errorf("sign token: %w", err)
	}
	encoded := assemble(content, attributes, value, certificate, include, algorithms)
	return encoded, selfCheck(encoded, info, certificate)
}

func signedAttributes(info Info, content []byte, certificate *pki.Certificate, algorithms suite) [][]byte {
	sum, _ := digest(algorithms.digest, content)
	certSum, _ := digest(algorithms.digest, certificate.Raw)
	moment := append([]byte{der.TagUTCTime, 13}, info.GenTime.Format("060102150405Z")...)
	if info.GenTime.Year() >= 2050 { // RFC 5652 11.3
		moment = append([]byte{der.TagGeneralizedTime, 15}, info.GenTime.Format("20060102150405Z")...)
	}
	id := [][]byte{}
	if algorithms.digest != pki.OIDSHA256 { // the DEFAULT stays unwritten
		id = append(id, algorithm(algorithms.digest))
	}
	id = append(id, der.EncodeOctetString(certSum),
		der.EncodeSequence(der.EncodeSequence(der.EncodeExplicit(4, certificate.Issuer.Raw)), der.EncodeInteger(certificate.Serial)))
	var attributes [][]byte
	for _, one := range []struct {
		oid   string
		value []byte
	}{
		{pki.OIDAttrContentType, identifier(OIDTSTInfo)},
		{pki.OIDAttrSigningTime, moment},
		{pki.OIDAttrDigest, der.EncodeOctetString(sum)},
		{OIDSigningCertificateV2, der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(id...)))},
	} {
		attributes = append(attributes, der.EncodeSequence(identifier(one.oid), der.EncodeSet(one.value)))
	}
	return der.SortSetOf(attributes)
}

func assemble(content []byte, attributes [][]byte, value []byte, certificate *pki.Certificate, include []*pki.Certificate, algorithms suite) []byte {
	digestAlgorithm, signatureAlgorithm := algorithm(algorithms.digest), algorithm(algorithms.signature)
	if algorithms.signature == pki.OIDSHA256WithRSA { // RFC 4055 5: parameters are NULL
		signatureAlgorithm = der.EncodeSequence(identifier(algorithms.signature), der.EncodeNull())
	}
	members := [][]byte{der.EncodeInt(3), der.EncodeSet(digestAlgorithm),
		der.EncodeSequence(identifier(OIDTSTInfo), der.EncodeExplicit(0, der.EncodeOctetString(content)))}
	if len(include) > 0 {
		var list [][]byte
		for _, one := range include {
			list = append(list, one.Raw)
		}
		members = append(members, der.EncodeImplicit(0, true, der.SortSetOf(list)...))
	}
	signer := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(certificate.Issuer.Raw, der.EncodeInteger(certificate.Serial)),
		digestAlgorithm, der.EncodeImplicit(0, true, attributes...), signatureAlgorithm, der.EncodeOctetString(value))
	members = append(members, der.EncodeSet(signer))
	return der.EncodeSequence(identifier(pki.OIDPKCS7SignedData), der.EncodeExplicit(0, der.EncodeSequence(members...)))
}

// selfCheck judges what was made as a stranger would, trust apart (security row K-07).
func selfCheck(encoded []byte, info Info, certificate *pki.Certificate) error {
	token, err := ParseStrict(encoded)
	if err != nil {
		return fmt.Errorf("made token: %w", err)
	}
	if !token.Info.Imprint.Equal(info.Imprint) || !token.Info.GenTime.Equal(info.GenTime) {
		return fmt.Errorf("made token: %w", ErrImprint)
	}
	judged := token.Judge(Options{Roots: pki.NewPool(certificate), Intermediates: pki.NewPool(certificate), At: info.GenTime})
	switch {
	case !judged.Proven():
		return fmt.Errorf("made token: %w", judged.Findings[0])
	case len(judged.Deviations) > 0:
		return fmt.Errorf("made token: %w: %v", ErrStrict, judged.Deviations)
	}
	return nil
}
