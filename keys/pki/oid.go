package pki

// Object identifiers (GM/T 0006, GB/T 33560, RFC 5280, RFC 8017).
const (
	OIDSM2             = "1.2.156.10197.1.301"   // the curve sm2p256v1
	OIDSM2Sign         = "1.2.156.10197.1.301.1" // SM2 digital signature
	OIDSM3             = "1.2.156.10197.1.401"
	OIDSM3Plain        = "1.2.156.10197.1.401.1" // SM3 without key
	OIDSM2WithSM3      = "1.2.156.10197.1.501"
	OIDECPublicKey     = "1.2.840.10045.2.1"
	OIDP256            = "1.2.840.10045.3.1.7"
	OIDP384            = "1.3.132.0.34"
	OIDP521            = "1.3.132.0.35"
	OIDRSAEncryption   = "1.2.840.113549.1.1.1"
	OIDSHA256WithRSA   = "1.2.840.113549.1.1.11"
	OIDSHA384WithRSA   = "1.2.840.113549.1.1.12"
	OIDSHA512WithRSA   = "1.2.840.113549.1.1.13"
	OIDECDSAWithSHA256 = "1.2.840.10045.4.3.2"
	OIDECDSAWithSHA384 = "1.2.840.10045.4.3.3"
	OIDECDSAWithSHA512 = "1.2.840.10045.4.3.4"
	OIDSHA1            = "1.3.14.3.2.26"
	OIDSHA256          = "2.16.840.1.101.3.4.2.1"
	OIDSHA384          = "2.16.840.1.101.3.4.2.2"
	OIDSHA512          = "2.16.840.1.101.3.4.2.3"
)

// Object identifiers of messages (GB/T 35275, RFC 2315).
const (
	OIDGMData          = "1.2.156.10197.6.1.4.2.1"
	OIDGMSignedData    = "1.2.156.10197.6.1.4.2.2"
	OIDPKCS7Data       = "1.2.840.113549.1.7.1"
	OIDPKCS7SignedData = "1.2.840.113549.1.7.2"
	OIDAttrContentType = "1.2.840.113549.1.9.3"
	OIDAttrDigest      = "1.2.840.113549.1.9.4"
	OIDAttrSigningTime = "1.2.840.113549.1.9.5"
	OIDAttrTimeStamp   = "1.2.840.113549.1.9.16.2.14"
)

// Object identifiers of certificate extensions and extended key usages (RFC 5280 4.2).
const (
	oidSubjectKeyID     = "2.5.29.14"
	oidKeyUsage         = "2.5.29.15"
	oidSubjectAltName   = "2.5.29.17"
	oidBasicConstraints = "2.5.29.19"
	oidCRLNumber        = "2.5.29.20"
	oidReasonCode       = "2.5.29.21"
	oidDeltaCRL         = "2.5.29.27"
	oidIssuingPoint     = "2.5.29.28"
	oidCRLPoints        = "2.5.29.31"
	oidAuthorityAccess  = "1.3.6.1.5.5.7.1.1"
	oidPolicies         = "2.5.29.32"
	oidAuthorityKeyID   = "2.5.29.35"
	oidExtKeyUsage      = "2.5.29.37"

	OIDTimeStamping = "1.3.6.1.5.5.7.3.8"
	OIDOCSPSigning  = "1.3.6.1.5.5.7.3.9"
	OIDAnyUsage     = "2.5.29.37.0"
)
