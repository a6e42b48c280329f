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
	attributes, err := signedAttributes(info, content, certificate, algorithms)
	if err != nil {
		return nil, err
	}
	value, err := sign(der.EncodeSet(attributes...))
	if err != nil {
		return nil, fmt.Errorf("sign token: %w", err)
	}
	encoded, err := assemble(content, attributes, value, certificate, include, algorithms)
	if err != nil {
		return nil, err
	}
	return encoded, selfCheck(encoded, info, certificate)
}

func signedAttributes(info Info, content []byte, certificate *pki.Certificate, algorithms suite) ([][]byte, error) {
	sum, _ := digest(algorithms.digest, content)
	certSum, _ := digest(algorithms.digest, certificate.Raw)
	moment, err := der.EncodeGeneralizedTime(info.GenTime)
	if year := info.GenTime.UTC().Year(); err == nil && year < 2050 { // RFC 5652 11.3
		moment = append([]byte{der.TagUTCTime, 13}, info.GenTime.UTC().Format("060102150405Z")...)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	id := [][]byte{}
	if algorithms.digest != pki.OIDSHA256 { // the DEFAULT stays unwritten
		named, err := algorithm(algorithms.digest)
		if err != nil {
			return nil, err
		}
		id = append(id, named)
	}
	id = append(id, der.EncodeOctetString(certSum),
		der.EncodeSequence(der.EncodeSequence(der.EncodeExplicit(4, certificate.Issuer.Raw)), der.EncodeInteger(certificate.Serial)))
	contentType, err := der.EncodeOID(OIDTSTInfo)
	if err != nil {
		return nil, err
	}
	var attributes [][]byte
	for _, one := range []struct {
		oid   string
		value []byte
	}{
		{pki.OIDAttrContentType, contentType},
		{pki.OIDAttrSigningTime, moment},
		{pki.OIDAttrDigest, der.EncodeOctetString(sum)},
		{OIDSigningCertificateV2, der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(id...)))},
	} {
		kind, err := der.EncodeOID(one.oid)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, der.EncodeSequence(kind, der.EncodeSet(one.value)))
	}
	return der.SortSetOf(attributes), nil
}

func assemble(content []byte, attributes [][]byte, value []byte, certificate *pki.Certificate, include []*pki.Certificate, algorithms suite) ([]byte, error) {
	oids := map[string][]byte{}
	for _, oid := range []string{pki.OIDPKCS7SignedData, OIDTSTInfo} {
		encoded, err := der.EncodeOID(oid)
		if err != nil {
			return nil, err
		}
		oids[oid] = encoded
	}
	digestAlgorithm, err := algorithm(algorithms.digest)
	if err != nil {
		return nil, err
	}
	signatureAlgorithm, err := algorithm(algorithms.signature)
	if err != nil {
		return nil, err
	}
	if algorithms.signature == pki.OIDSHA256WithRSA { // RFC 4055 5: parameters are NULL
		oid, err := der.EncodeOID(algorithms.signature)
		if err != nil {
			return nil, err
		}
		signatureAlgorithm = der.EncodeSequence(oid, der.EncodeNull())
	}
	members := [][]byte{der.EncodeInt(3), der.EncodeSet(digestAlgorithm),
		der.EncodeSequence(oids[OIDTSTInfo], der.EncodeExplicit(0, der.EncodeOctetString(content)))}
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
	return der.EncodeSequence(oids[pki.OIDPKCS7SignedData], der.EncodeExplicit(0, der.EncodeSequence(members...))), nil
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
