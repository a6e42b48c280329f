package jose

// Names of GM/T 0125-2022 (JSON Web cryptography). The text of the standard could not be read; these are the names in
// public use, and the only place where they stand. What the names leave open is settled in docs/decisions/0001 (JWS) and
// 0011 (JWE) and listed in docs/divergences.md.
const SM2SM3 Algorithm = "SGD_SM3_SM2" // JWS alg, GM/T 0125.1

const (
	// SM2KeyWrap is the alg of a JWE: the content key is encrypted with SM2 (GM/T 0125.1, GB/T 32918.4).
	SM2KeyWrap = "SGD_SM2_3"
	// SM4GCM is the enc of a JWE (GM/T 0125.1, GB/T 36624).
	SM4GCM = "SGD_SM4_GCM"
	// CurveSM2 is the crv of an SM2 key as JWK (GM/T 0125.4).
	CurveSM2 = "SM2-P-256"
)

// SignatureEncoding says how {r,s} of SGD_SM3_SM2 stands in a token. GM/T 0125.2 could not be read, and gateways of both
// kinds are in use, so it is agreed with each partner.
type SignatureEncoding string

// Signature encodings. The empty one is SignatureRaw.
const (
	SignatureRaw SignatureEncoding = "raw" // r‖s of 64 octets, as RFC 7518 3.4 has it for its curves
	SignatureDER SignatureEncoding = "der" // SEQUENCE {r, s} of GB/T 35276 in DER
)

// KeyEncoding says how an SM2 ciphertext stands in the encrypted key of a JWE.
type KeyEncoding string

// Key encodings. The empty one is KeyRaw.
const (
	KeyRaw  KeyEncoding = "raw"  // 04‖x‖y‖C3‖C2, GB/T 32918.4 6.1 with an uncompressed point
	KeyASN1 KeyEncoding = "asn1" // SM2Cipher of GB/T 35276 7.3 in DER
)
