package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// oidSigningCertificateV2 binds the certificate to what is signed (RFC 5035).
const oidSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47"

// SignedDataTemplate says what a signed message is like.
type SignedDataTemplate struct {
	GM          bool           // the content types of GB/T 35275 instead of those of CMS
	SigningTime time.Time      // signed attribute; none when zero
	Include     []*Certificate // beside the signer's
	// Timestamp gives a time-stamp token over the signature value, which goes beside what is signed (RFC 5126 6.1.1); optional.
	Timestamp func(signatureValue []byte) ([]byte, error)
}

// MakeSignedData makes a detached signed message over a message (RFC 5652, GB/T 35275 section 8): SM3 with SM2 for an SM2 key,
// SHA-256 for P-256 and RSA. Signed attributes are contentType, messageDigest and signingCertificateV2 (CAdES, ETSI EN 319
// 122-1 5.2.2.3). sign is given the attributes to sign and answers as the key does: DER {r,s}, or PKCS #1 v1.5. The result is
// read back and verified before it is returned.
func MakeSignedData(template SignedDataTemplate, message []byte, certificate *Certificate, sign func(message []byte) ([]byte, error)) ([]byte, error) {
	digestOID, signatureOID := OIDSHA256, ""
	var sum, certificateSum []byte
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		switch {
		case IsSM2(key):
			digestOID, signatureOID = OIDSM3, OIDSM2Sign
			of, ofCertificate := sm3.Sum(message), sm3.Sum(certificate.Raw)
			sum, certificateSum = of[:], ofCertificate[:]
		case key.Curve == elliptic.P256():
			signatureOID = OIDECDSAWithSHA256
		}
	case *rsa.PublicKey:
		signatureOID = OIDRSAEncryption
	}
	if signatureOID == "" {
		return nil, fmt.Errorf("%w: a key of %s signs no messages", ErrTemplate, KeyName(certificate.PublicKey))
	}
	if sum == nil {
		of, ofCertificate := sha256.Sum256(message), sha256.Sum256(certificate.Raw)
		sum, certificateSum = of[:], ofCertificate[:]
	}
	outer, inner := OIDPKCS7SignedData, OIDPKCS7Data
	if template.GM {
		outer, inner = OIDGMSignedData, OIDGMData
	}
	oids := map[string][]byte{}
	for _, oid := range []string{outer, inner, digestOID, signatureOID, OIDAttrContentType, OIDAttrDigest, OIDAttrSigningTime, OIDAttrTimeStamp, oidSigningCertificateV2} {
		encoded, err := der.EncodeOID(oid)
		if err != nil {
			return nil, err
		}
		oids[oid] = encoded
	}
	attributes, err := messageAttributes(template, certificate, oids, oids[inner], digestOID, sum, certificateSum)
	if err != nil {
		return nil, err
	}
	value, err := sign(der.EncodeSet(attributes...))
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	digestAlgorithm, signatureAlgorithm := der.EncodeSequence(oids[digestOID]), der.EncodeSequence(oids[signatureOID])
	if signatureOID == OIDRSAEncryption { // RFC 3370 3.2: parameters are NULL
		signatureAlgorithm = der.EncodeSequence(oids[signatureOID], der.EncodeNull())
	}
	certificates := [][]byte{certificate.Raw}
	for _, one := range template.Include {
		if !one.Equal(certificate) {
			certificates = append(certificates, one.Raw)
		}
	}
	var unsigned []byte
	if template.Timestamp != nil {
		token, err := template.Timestamp(value)
		if err != nil {
			return nil, fmt.Errorf("time-stamp message: %w", err)
		}
		unsigned = der.EncodeImplicit(1, true, der.EncodeSequence(oids[OIDAttrTimeStamp], der.EncodeSet(token)))
	}
	signer := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(certificate.Issuer.Raw, der.EncodeInteger(certificate.Serial)),
		digestAlgorithm, der.EncodeImplicit(0, true, attributes...), signatureAlgorithm, der.EncodeOctetString(value), unsigned)
	encoded := der.EncodeSequence(oids[outer], der.EncodeExplicit(0, der.EncodeSequence(der.EncodeInt(1), der.EncodeSet(digestAlgorithm),
		der.EncodeSequence(oids[inner]), der.EncodeImplicit(0, true, der.SortSetOf(certificates)...), der.EncodeSet(signer))))
	return encoded, checkMade(encoded, message)
}

func messageAttributes(template SignedDataTemplate, certificate *Certificate, oids map[string][]byte, inner []byte, digestOID string, sum, certificateSum []byte) ([][]byte, error) {
	id := [][]byte{}
	if digestOID != OIDSHA256 { // the DEFAULT stays unwritten
		id = append(id, der.EncodeSequence(oids[digestOID]))
	}
	id = append(id, der.EncodeOctetString(certificateSum),
		der.EncodeSequence(der.EncodeSequence(der.EncodeExplicit(4, certificate.Issuer.Raw)), der.EncodeInteger(certificate.Serial)))
	attribute := func(oid string, value []byte) []byte { return der.EncodeSequence(oids[oid], der.EncodeSet(value)) }
	attributes := [][]byte{
		attribute(OIDAttrContentType, inner), attribute(OIDAttrDigest, der.EncodeOctetString(sum)),
		attribute(oidSigningCertificateV2, der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(id...)))),
	}
	if !template.SigningTime.IsZero() {
		moment, err := der.EncodeGeneralizedTime(template.SigningTime)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		if template.SigningTime.UTC().Year() < 2050 { // RFC 5652 11.3
			moment = append([]byte{der.TagUTCTime, 13}, template.SigningTime.UTC().Format("060102150405Z")...)
		}
		attributes = append(attributes, attribute(OIDAttrSigningTime, moment))
	}
	return der.SortSetOf(attributes), nil
}

// checkMade reads and verifies what was made as a stranger would.
func checkMade(encoded, message []byte) error {
	made, err := ParseSignedData(encoded)
	if err != nil {
		return fmt.Errorf("made message: %w", err)
	}
	signer := made.Signers[0]
	outcome := made.VerifySignerAny(signer, message)
	if err := errors.Join(outcome.ValueErr, outcome.DigestErr); err != nil {
		return fmt.Errorf("made message: %w", err)
	}
	if len(made.Deviations)+len(outcome.Deviations) > 0 {
		return fmt.Errorf("made message: %w: %v %v", ErrMessage, made.Deviations, outcome.Deviations)
	}
	return nil
}

// VerifySignerAny verifies one signer over a message that stands outside, as VerifySigner does for SM2, and also for RSA and
// ECDSA with SHA-2, as documents from abroad have it. Messages of the other algorithms that hold content of their own are refused.
func (m *SignedData) VerifySignerAny(signer *SignerInfo, message []byte) SignerResult {
	if signer.DigestAlgorithm.OID == OIDSM3 || signer.DigestAlgorithm.OID == OIDSM3Plain || signer.Certificate == nil {
		return m.VerifySigner(signer, message, nil)
	}
	var result SignerResult
	sum, signatures := sha2Of(signer.DigestAlgorithm.OID, message)
	if sum == nil || !signer.DigestAlgorithm.absentOrNull() {
		result.ValueErr = fmt.Errorf("%w: digest %s", ErrAlgorithm, signer.DigestAlgorithm.OID)
		result.DigestErr = result.ValueErr
		return result
	}
	if m.HasContent || signer.HasAttributes && string(signer.MessageDigest) != string(sum) {
		result.DigestErr = fmt.Errorf("%w: messageDigest is not of this message", ErrSignatureValue)
	}
	if signer.HasAttributes && signer.AttrContentType != m.InnerType {
		result.Deviations = append(result.Deviations, InnerTypeDiffers)
	}
	algorithm := signer.SignatureAlgorithm
	switch {
	case signer.Certificate.KeyError != nil:
		result.ValueErr = signer.Certificate.KeyError
	case algorithm.OID == OIDRSAEncryption:
		algorithm.OID = signatures[0]
		fallthrough
	case algorithm.OID == signatures[0], algorithm.OID == signatures[1]:
		result.ValueErr = CheckSignature(signer.Certificate.PublicKey, algorithm, m.signedBytes(signer, message), signer.Signature, FormDER)
	default:
		result.ValueErr = fmt.Errorf("%w: signature %s", ErrAlgorithm, algorithm.OID)
	}
	return result
}

// sha2Of digests with an algorithm of the SHA-2 family and names the signature algorithms that go with it, RSA and ECDSA.
func sha2Of(oid string, message []byte) (sum []byte, signatures [2]string) {
	switch oid {
	case OIDSHA256:
		of := sha256.Sum256(message)
		return of[:], [2]string{OIDSHA256WithRSA, OIDECDSAWithSHA256}
	case OIDSHA384:
		of := sha512.Sum384(message)
		return of[:], [2]string{OIDSHA384WithRSA, OIDECDSAWithSHA384}
	case OIDSHA512:
		of := sha512.Sum512(message)
		return of[:], [2]string{OIDSHA512WithRSA, OIDECDSAWithSHA512}
	}
	return nil, signatures
}
