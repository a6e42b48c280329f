// Package tst reads, judges and makes time-stamp tokens, requests and responses (RFC 3161 with RFC 5816, GB/T 20520) over
// SM2 with SM3 and over RSA or ECDSA with SHA-2. It follows CMS (RFC 5652) for the token around TSTInfo and takes the content
// type of GB/T 35275 as well.
//
// What is read stays as received: TSTInfo and the signed attributes are slices of the input and are hashed as they came.
// Whatever departs from the standards and is tolerated has a name in Deviations; [ParseStrict] refuses it. [Token.Judge]
// tells findings apart by sentinel errors and [Code] gives each its reason code.
//
// The package is a leaf: no I/O, no clock, no keys. It is not for the service that issues tokens (package keys/tsa), and it
// judges one token at one moment: archive time stamps over time stamps are no part of it.
package tst

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Object identifiers of the protocol (RFC 3161, RFC 5035, RFC 5816).
const (
	OIDTSTInfo              = "1.2.840.113549.1.9.16.1.4"
	OIDSigningCertificate   = "1.2.840.113549.1.9.16.2.12"
	OIDSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47"
)

// Bounds of what is read.
const (
	MaxToken   = 256 << 10 // octets of a token or response
	MaxRequest = 4 << 10   // octets of a request
	maxCerts   = 64
	maxAttrs   = 64
	maxCertIDs = 16
	maxNumber  = 64 // octets of a serial number or nonce
)

// Deviation names a tolerated departure; see also packages pki and der.
type Deviation = pki.Deviation

// Deviations of tokens.
const (
	ContentTypeGM      Deviation = "time_stamp_gm_signed_data"      // outer content type of GB/T 35275
	VersionOdd         Deviation = "time_stamp_signed_data_version" // SignedData version other than 3
	SignerVersionOdd   Deviation = pki.SignerVersionOdd             // SignerInfo version that does not fit its identifier
	CertificateIDSHA1  Deviation = "time_stamp_cert_id_sha1"        // signingCertificate of RFC 3161 alone, whose digest is SHA-1
	TSANameDiffers     Deviation = "time_stamp_tsa_name"            // tsa is no name of the certificate
	AccuracyZero       Deviation = "time_stamp_accuracy_zero"       // millis or micros of 0, where 1 to 999 is defined
	SerialTooLong      Deviation = "time_stamp_serial_long"         // serial number of more than 160 bits
	SerialNotPositive  Deviation = pki.SerialNotPositive            // serial number of 0 or below
	DigestNotListed    Deviation = "time_stamp_digest_not_listed"   // digestAlgorithms lacks the signer's
	AlgorithmOdd       Deviation = pki.SignatureAlgorithmOdd        // SM2-with-SM3 where the SM2 signature identifier is defined
	ValueRaw           Deviation = pki.SignatureRaw                 // r‖s instead of DER
	AttributesUnsorted Deviation = pki.AttributesNotSorted
)

// Errors. Each stands for one finding; Code gives its reason code.
var (
	ErrFormat        = errors.New("tst: not a time-stamp token")
	ErrStrict        = errors.New("tst: structure deviates from the standard")
	ErrSigners       = errors.New("tst: a token has exactly one signature") // wraps nothing, is wrapped with ErrFormat
	ErrExtension     = errors.New("tst: a critical extension is not understood")
	ErrImprint       = errors.New("tst: the imprint is of other octets")
	ErrDigest        = errors.New("tst: digest algorithm is weak or unknown")
	ErrSignature     = errors.New("tst: the authority's signature does not hold")
	ErrBinding       = errors.New("tst: the token is not bound to the certificate")
	ErrSignerUnknown = errors.New("tst: the authority's certificate is not here")
	ErrUsage         = errors.New("tst: the certificate is not for time stamps alone")
	ErrExpired       = errors.New("tst: the certificate was not valid at genTime")
	ErrRevoked       = errors.New("tst: the certificate is revoked")
	ErrChain         = errors.New("tst: the certificate chain does not hold")
	ErrUntrusted     = errors.New("tst: no path to a trusted root")
	ErrNoEvidence    = errors.New("tst: revocation is not known")
	ErrTime          = errors.New("tst: genTime is impossible")
	ErrPolicy        = errors.New("tst: policy is another one")
	ErrNonce         = errors.New("tst: nonce is another one")
	ErrRequest       = errors.New("tst: not a time-stamp request")
	ErrResponse      = errors.New("tst: not a time-stamp response")
	ErrRefused       = errors.New("tst: the authority gave no token")
	ErrTemplate      = errors.New("tst: template is refused")
)

// codes are the reason codes of seal.md 4.4 step h. The last three say that something is not known; all others speak against
// the token.
var codes = []struct {
	err  error
	code string
}{
	{ErrFormat, "TS_FORMAT"}, {ErrExtension, "TS_FORMAT"},
	{ErrImprint, "TS_IMPRINT"}, {ErrDigest, "TS_DIGEST"},
	{ErrSignature, "TS_SIGNATURE"}, {ErrBinding, "TS_CERT_BINDING"},
	{ErrUsage, "TS_CERT_USAGE"}, {ErrExpired, "TS_CERT_EXPIRED"}, {ErrRevoked, "TS_CERT_REVOKED"}, {ErrChain, "TS_CERT_CHAIN"},
	{ErrTime, "TS_TIME"}, {ErrPolicy, "TS_POLICY"}, {ErrNonce, "TS_NONCE"},
	{ErrUntrusted, "untrusted_root"}, {ErrNoEvidence, "revocation_unknown"}, {ErrSignerUnknown, "signer_unknown"},
}

// Code is the reason code of a finding, empty for nil and for errors of other packages.
func Code(err error) string {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return ""
}

// NotKnown tells a finding that leaves the token open rather than speaking against it.
func NotKnown(err error) bool {
	return errors.Is(err, ErrUntrusted) || errors.Is(err, ErrNoEvidence) || errors.Is(err, ErrSignerUnknown)
}

// digest computes a digest by its object identifier; ok is false for algorithms that are weak or not known. SHA-1 and MD5
// are among those.
func digest(oid string, octets []byte) (sum []byte, ok bool) {
	switch oid {
	case pki.OIDSM3, pki.OIDSM3Plain:
		s := sm3.Sum(octets)
		return s[:], true
	case pki.OIDSHA256:
		s := sha256.Sum256(octets)
		return s[:], true
	case pki.OIDSHA384:
		s := sha512.Sum384(octets)
		return s[:], true
	case pki.OIDSHA512:
		s := sha512.Sum512(octets)
		return s[:], true
	}
	return nil, false
}

// DigestSize is the length of a digest by its object identifier, 0 for algorithms that are weak or not known.
func DigestSize(oid string) int {
	sum, _ := digest(oid, nil)
	return len(sum)
}

// identifier encodes an object identifier that stands in this package or in pki as a constant.
func identifier(oid string) []byte {
	encoded, err := der.EncodeOID(oid)
	if err != nil {
		panic(err)
	}
	return encoded
}

// algorithm encodes an AlgorithmIdentifier without parameters, as RFC 5754 2 asks for SHA-2 and GB/T 35275 shows for SM3.
func algorithm(oid string) []byte { return der.EncodeSequence(identifier(oid)) }
