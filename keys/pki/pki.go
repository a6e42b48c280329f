// Package pki reads and judges X.509 certificates, CRLs and GB/T 35275 messages with SM2, and makes certificates, requests
// and CRLs over a crypto.Signer (GB/T 20518, GM/T 0015, GB/T 32918.2, GB/T 35275, RFC 5280).
//
// Certificates are read from the received octets by our own bounded reader, because strict readers refuse certificates
// of real seal makers (seal.md 2.6, section 8); whatever is odd is listed as a deviation. Signatures are SM2 with SM3 and
// the default user ID; RSA and ECDSA are verified too, so that mixed chains can be judged.
//
// The package is a leaf: no I/O, no clock, no state. Moments and randomness are arguments. Not for private keys, which
// never leave their provider (package keys).
package pki

import (
	"errors"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// DefaultUserID is the SM2 user ID of certificates and seals (GM/T 0009 section 10: 16 octets, ENTL 0x0080).
const DefaultUserID = "1234567812345678"

// Deviation names a tolerated oddity.
type Deviation = der.Deviation

// Deviations of certificates and messages, beside those of package der.
const (
	SignatureRaw          Deviation = "signature_raw"          // 64 octets r‖s where DER {r,s} is defined
	ExtensionOdd          Deviation = "extension_odd"          // a known extension does not parse; treated as absent
	SerialNotPositive     Deviation = "serial_not_positive"    // RFC 5280 4.1.2.2
	VersionWithExtensions Deviation = "version_extensions"     // extensions in a certificate that is not version 3
	ContentBase64         Deviation = "content_base64"         // content of a message is Base64 text
	InnerTypeDiffers      Deviation = "inner_type_differs"     // contentType attribute differs from the inner content type
	SignerVersionOdd      Deviation = "signer_version_odd"     // SignerInfo version other than 1
	SignatureAlgorithmOdd Deviation = "signature_algorithm_id" // SM2-with-SM3 where the SM2 signature identifier is defined
	AttributesNotSorted   Deviation = "attributes_not_sorted"  // signed attributes are not in DER order
	KeyAlgorithmSM2       Deviation = "key_algorithm_sm2"      // the curve's OID where id-ecPublicKey is defined
)

// Errors. Callers compare with errors.Is; texts are for people.
var (
	ErrCertificate = errors.New("pki: not a certificate")
	ErrCRL         = errors.New("pki: not a CRL")
	ErrMessage     = errors.New("pki: not a signed message")
	ErrRequest     = errors.New("pki: not a certificate request")
	ErrTemplate    = errors.New("pki: template is refused")
)
