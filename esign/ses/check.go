package ses

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// CheckSignature verifies the maker's signature over the covered octets (GB/T 38540-2020 6.3 b). The algorithm named must
// be SM2-with-SM3 and the certificate must hold an SM2 key, else the error has pki.CodeAlgorithm. maker is the parsed
// MakerCert. The encoding met is returned; raw r‖s is worth a warning (seal.md 2.6). memo may be nil.
func (s *Seal) CheckSignature(maker *pki.Certificate, memo *pki.Memo) (pki.Encoding, error) {
	if !bytes.Equal(maker.Raw, s.MakerCert) {
		return "", fmt.Errorf("%w: certificate is not the one in the seal", pki.ErrKeyInvalid)
	}
	return checkValue(maker, s.SignatureAlgorithm, s.SignedBytes(), s.SignatureValue, memo)
}

// CheckSignature verifies the signer's signature over toSign (GB/T 38540-2020 7.3 b). signer is the parsed SignerCert;
// memo may be nil.
func (s *Signature) CheckSignature(signer *pki.Certificate, memo *pki.Memo) (pki.Encoding, error) {
	if !bytes.Equal(signer.Raw, s.SignerCert) {
		return "", fmt.Errorf("%w: certificate is not the one in the signature", pki.ErrKeyInvalid)
	}
	return checkValue(signer, s.SignatureAlgorithm, s.SignedBytes(), s.SignatureValue, memo)
}

func checkValue(certificate *pki.Certificate, algorithm string, signed, value []byte, memo *pki.Memo) (pki.Encoding, error) {
	if algorithm != pki.OIDSM2WithSM3 {
		return "", fmt.Errorf("%w: %s", pki.ErrAlgorithm, algorithm)
	}
	if certificate.KeyError != nil {
		return "", certificate.KeyError
	}
	public, ok := certificate.SM2Key()
	if !ok {
		return "", fmt.Errorf("%w: certificate holds a %s key", pki.ErrAlgorithm, pki.KeyName(certificate.PublicKey))
	}
	return memo.VerifySM2(public, signed, value, pki.FormDEROrRaw)
}

// ListsSigner tells whether the seal names the certificate as a signer: byte for byte with certListType 1, by its SM3
// digest with certListType 2 (GB/T 38540-2020 6.1.4). Equal subjects with another key are not enough (security row S-18).
func (s *Seal) ListsSigner(certificate []byte) bool {
	if len(certificate) == 0 {
		return false
	}
	for _, listed := range s.Property.Certs {
		if bytes.Equal(listed, certificate) {
			return true
		}
	}
	digest := sm3.Sum(certificate)
	for _, listed := range s.Property.CertDigests {
		if bytes.Equal(listed.Value, digest[:]) {
			return true
		}
	}
	return false
}

// BindsData tells whether dataHash is SM3 of the octets (for OFD, those of Signature.xml; GB/T 38540-2020 7.3 e).
func (s *Signature) BindsData(octets []byte) bool {
	digest := sm3.Sum(octets)
	return bytes.Equal(s.DataHash, digest[:])
}

// IsStrict tells an error of the strict readers that only a deviation caused.
func IsStrict(err error) bool { return errors.Is(err, ErrStrict) }
