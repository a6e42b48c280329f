// Package ses reads, checks and writes the ASN.1 of electronic seals (电子印章) and electronic seal signatures (电子签章):
// GM/T 0031-2014 (V1), the C0119-like form of the national platform, GB/T 38540-2020 (V4) and GM/T 0031-2025 (V5).
//
// What is read stays as received: every covered part is a slice of the input, so a signature is verified over the octets
// that came and never over a re-encoding (design decision 9). Shape decides the structure, the version number is second
// (GM/T 0031-2014 6.1.1, GB/T 38540-2020 6.1). What real vendors write against the standards is read under a name and
// listed in Deviations; [ParseSealStrict] and [ParseSignatureStrict] refuse it. Writing is strict DER, V4 by default.
//
// The package is a leaf: no I/O, no clock, no keys. It is not for verdicts (package verify), chains (package pki) or the
// document around the signature (package ofd). ASN.1 field names are as the standards print them.
package ses

import (
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Structure is the form of a seal or a seal signature.
type Structure string

// Structures.
const (
	V1    Structure = "v1"    // GM/T 0031-2014
	C0119 Structure = "c0119" // national platform: V1-like signature around a four-member seal, or with extensions
	V4    Structure = "v4"    // GB/T 38540-2020
	V5    Structure = "v5"    // GM/T 0031-2025
)

// Kinds of certList (GB/T 38540-2020 6.1.4).
const (
	CertListCerts   = 1
	CertListDigests = 2
)

// Deviation names a tolerated departure; see also package der for those of the encoding.
type Deviation = der.Deviation

// Deviations of seals and seal signatures.
const (
	CriticalFalse          Deviation = "critical_false_encoded"       // ExtData with an explicit critical FALSE
	ExtensionsTagged       Deviation = "ext_datas_tagged"             // extDatas of a seal under [0]
	ExtensionsUntagged     Deviation = "ext_datas_untagged"           // extDatas of TBS_Sign without [0]
	TimeAsUTCTime          Deviation = "time_utc_in_v4"               // UTCTime where V4 has GeneralizedTime
	TimeAsGeneralized      Deviation = "time_generalized_in_v1"       // GeneralizedTime where V1 has UTCTime
	TimeInfoText           Deviation = "time_info_text"               // V1 timeInfo holds text, not UTCTime or a token
	TimeInfoNoZone         Deviation = "time_info_without_zone"       // text without a zone; read as UTC+8
	TimeInfoOctets         Deviation = "time_info_octet_string"       // V1 timeInfo as OCTET STRING
	TimeInfoUnreadable     Deviation = "time_info_unreadable"         // V1 timeInfo is neither time nor token
	CertListText           Deviation = "cert_list_text"               // certList holds a character string
	CertListUnknown        Deviation = "cert_list_type_unknown"       // certListType is neither 1 nor 2
	CertListEmpty          Deviation = "cert_list_empty"              // no signer is named
	DigestTypeString       Deviation = "digest_type_string"           // CertDigestObj.type is not a PrintableString
	SignInfoBits           Deviation = "sign_info_bit_string"         // V1 signInfo wrapped in a BIT STRING
	HeaderVersionOdd       Deviation = "header_version"               // header version does not fit the structure
	TBSVersionDiffers      Deviation = "tbs_version"                  // TBS version differs from the seal's
	TimestampImplicit      Deviation = "time_stamp_implicit"          // [0] around the token is not explicit
	HashOctets             Deviation = "data_hash_octet_string"       // dataHash as OCTET STRING
	SignatureOctets        Deviation = "signature_octet_string"       // signature as OCTET STRING
	AlgorithmAsSequence    Deviation = "signature_algorithm_sequence" // AlgorithmIdentifier where an OID is defined
	StringTypeOdd          Deviation = "string_type"                  // a string type other than the one defined
	CertificateNotWrapped  Deviation = "certificate_not_wrapped"      // certificate without its OCTET STRING
	SealCertificateIsEmpty Deviation = "certificate_empty"            // empty OCTET STRING where a certificate belongs
)

// Errors of reading. Everything that is not a seal or signature wraps ErrFormat (reason codes SEAL_FORMAT, SIG_FORMAT);
// der.ErrLimit is wrapped as well when a bound of security rule R11 was met.
var (
	ErrFormat = errors.New("ses: not a seal structure")
	ErrStrict = errors.New("ses: structure deviates from the standard")
)

// Types of seals of the one national list (GM/T 0031-2014 6.1.1.1 c).
const (
	TypeOrganisation = 1 // 单位
	TypePerson       = 2 // 个人
)

// Header is SES_Header (GM/T 0031-2014 6.1.1.1).
type Header struct {
	ID      string // "ES"
	Version int    // 1, 4 or 5; some vendors write others
	Vid     string // vendor
}

// Property is SES_ESPropertyInfo (GB/T 38540-2020 6.1.4).
type Property struct {
	Type         int    // TypeOrganisation, TypePerson, or of another list: GB/T 38540-2020 leaves it to the business
	Name         string // name of the seal
	CertListType int    // 0 where the structure has none (V1)
	Certs        [][]byte
	CertDigests  []CertDigest
	CertTexts    []string // what odd vendors write instead of certificates
	CreateDate   time.Time
	ValidStart   time.Time
	ValidEnd     time.Time
}

// CertDigest is CertDigestObj: a signer named by the digest of its certificate.
type CertDigest struct {
	Type  string // vendor-defined
	Value []byte // SM3 of the certificate as a rule
}

// Picture is SES_ESPictrueInfo (GM/T 0031-2014 6.1.1.1 c). Type is as written; "ofd" means that Data is an OFD package.
type Picture struct {
	Type     string
	Data     []byte
	WidthMM  int
	HeightMM int
}

// Extension is ExtData.
type Extension struct {
	ID       string // dotted
	Critical bool
	Value    []byte
}

// Seal is SESeal. All slices point into the input.
type Seal struct {
	Structure  Structure
	Header     Header
	ESID       string
	Property   Property
	Picture    Picture
	Extensions []Extension

	MakerCert          []byte // certificate of the seal maker (制章者), DER
	SignatureAlgorithm string // dotted
	SignatureValue     []byte // content of the BIT STRING: DER {r,s}, or r‖s of some vendors
	Timestamp          []byte // V5: content of timeStamp, a token as a rule

	Raw        []byte // the whole seal
	RawInfo    []byte // eSealInfo
	rawCert    []byte // the member that holds the certificate
	rawAlg     []byte // the member that holds the algorithm
	Deviations []Deviation
}

// SignedBytes are the octets that the maker's signature covers: eSealInfo in V4 and V5 (GB/T 38540-2020 6.2), and
// SEQUENCE{esealInfo, cert, signatureAlgorithm} in V1 (GM/T 0031-2014 6.1.1), the members as received.
func (s *Seal) SignedBytes() []byte {
	if s.Structure == V1 {
		return der.EncodeSequence(s.RawInfo, s.rawCert, s.rawAlg)
	}
	return s.RawInfo
}

// Signature is SES_Signature with its TBS_Sign. All slices point into the input.
type Signature struct {
	Structure    Structure
	Version      int // of TBS_Sign
	Seal         *Seal
	Time         Time
	DataHash     []byte
	PropertyInfo string
	Extensions   []Extension

	SignerCert         []byte // certificate of the signer (签章者), DER
	SignatureAlgorithm string // dotted
	SignatureValue     []byte // content of the BIT STRING
	Timestamp          []byte // token over the signature value, nil when absent

	Raw        []byte // the whole signature
	RawTBS     []byte // toSign
	Deviations []Deviation
}

// SignedBytes are the octets that the signer's signature covers: toSign as received (GB/T 38540-2020 7.2).
func (s *Signature) SignedBytes() []byte { return s.RawTBS }

// Time is timeInfo: the signing time that the signer claims, or in V1 a token that proves it.
type Time struct {
	Raw    []byte    // content as received
	Moment time.Time // zero when it could not be read
	Token  []byte    // V1: time-stamp token instead of a time
}

// ParseSeal reads a seal as real vendors write them; what was tolerated is in Deviations. Errors wrap ErrFormat.
func ParseSeal(input []byte) (*Seal, error) { return parseSeal(input, &der.Reader{}) }

// ParseSealStrict refuses every deviation, with an error that wraps ErrStrict.
func ParseSealStrict(input []byte) (*Seal, error) { return parseSeal(input, &der.Reader{Strict: true}) }

// ParseSignature reads a seal signature (SignedValue.dat) as real vendors write them. Deviations of the seal inside stand
// in Seal.Deviations. Errors wrap ErrFormat.
func ParseSignature(input []byte) (*Signature, error) {
	return parseSignature(input, &der.Reader{}, &der.Reader{})
}

// ParseSignatureStrict refuses every deviation, with an error that wraps ErrStrict.
func ParseSignatureStrict(input []byte) (*Signature, error) {
	return parseSignature(input, &der.Reader{Strict: true}, &der.Reader{Strict: true})
}

// formatError names the member that is wrong.
func formatError(member string, err error) error {
	if errors.Is(err, der.ErrNotDER) {
		return fmt.Errorf("%w: %w: %s: %w", ErrFormat, ErrStrict, member, err)
	}
	if errors.Is(err, ErrFormat) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrFormat, member, err)
}

func shapeError(member string, format string, arguments ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrFormat, member, fmt.Sprintf(format, arguments...))
}
