package pki

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Errors of signature verification. Code gives the stable reason code of security.md 3.4.
var (
	ErrSignatureRange = errors.New("pki: r, s or r+s is out of range")
	ErrSignatureDER   = errors.New("pki: signature is not DER {r,s}")
	ErrKeyInvalid     = errors.New("pki: public key is not a point of the curve")
	ErrSignatureValue = errors.New("pki: signature does not verify")
	ErrAlgorithm      = errors.New("pki: algorithm does not agree")
)

// Reason codes of signature verification.
const (
	CodeRange     = "sig_range"
	CodeDER       = "der"
	CodeKey       = "key_invalid"
	CodeValue     = "sig_value"
	CodeAlgorithm = "SIG_ALG"
)

// Code is the reason code of an error of this package's signature checks, empty for nil and for other errors.
func Code(err error) string {
	switch {
	case errors.Is(err, ErrSignatureRange):
		return CodeRange
	case errors.Is(err, ErrSignatureDER):
		return CodeDER
	case errors.Is(err, ErrKeyInvalid):
		return CodeKey
	case errors.Is(err, ErrAlgorithm):
		return CodeAlgorithm
	case errors.Is(err, ErrSignatureValue):
		return CodeValue
	}
	return ""
}

// SignatureForm says which encodings of {r,s} a field may hold.
type SignatureForm int

const (
	// FormDER takes strict DER SEQUENCE{INTEGER r, INTEGER s} only: certificates, CRLs, tokens.
	FormDER SignatureForm = iota
	// FormDEROrRaw also takes exactly 64 octets r‖s: the signature field of a SES or GB/T 35275 signature (seal.md 2.6).
	FormDEROrRaw
)

// Encoding tells how a signature was encoded.
type Encoding string

// Encodings.
const (
	EncodingDER Encoding = "der"
	EncodingRaw Encoding = "raw"
)

// sm2Order is n of sm2p256v1 (GB/T 32918.5 section 2).
var sm2Order, _ = new(big.Int).SetString("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123", 16)

// VerifySM2 verifies an SM2-with-SM3 signature over the message (GB/T 32918.2 section 7): e = SM3(ZA‖M) with ZA of the
// user ID, the default one when userID is empty. Beyond the equation it refuses values out of 1..n-1, r+s = n, keys off
// the curve and every encoding but strict DER (and 64 raw octets where form allows). The encoding met is returned even
// when the value is wrong. Errors wrap ErrSignatureRange, ErrSignatureDER, ErrKeyInvalid or ErrSignatureValue.
func VerifySM2(public *ecdsa.PublicKey, userID, message, signature []byte, form SignatureForm) (Encoding, error) {
	encoding, strict, err := normalizeSM2(signature, form)
	if err != nil {
		return encoding, err
	}
	if err := CheckSM2Key(public); err != nil {
		return encoding, err
	}
	if !sm2.VerifyASN1WithSM2(public, userID, message, strict) {
		return encoding, ErrSignatureValue
	}
	return encoding, nil
}

// VerifySM2Digest verifies a signature over e given directly, for vectors and for the odd makers that leave out ZA. It is
// no substitute for VerifySM2: nothing binds e to the signer's identity.
func VerifySM2Digest(public *ecdsa.PublicKey, digest, signature []byte, form SignatureForm) (Encoding, error) {
	encoding, strict, err := normalizeSM2(signature, form)
	if err != nil {
		return encoding, err
	}
	if err := CheckSM2Key(public); err != nil {
		return encoding, err
	}
	if len(digest) != 32 || !sm2.VerifyASN1(public, digest, strict) {
		return encoding, ErrSignatureValue
	}
	return encoding, nil
}

// SM2Digest is e = SM3(ZA‖M) (GB/T 32918.2 5.5, 6.1); the default user ID when userID is empty.
func SM2Digest(public *ecdsa.PublicKey, userID, message []byte) ([]byte, error) {
	if err := CheckSM2Key(public); err != nil {
		return nil, err
	}
	return sm2.CalculateSM2Hash(public, message, userID)
}

// normalizeSM2 checks encoding and ranges and returns the DER form.
func normalizeSM2(signature []byte, form SignatureForm) (Encoding, []byte, error) {
	if form == FormDEROrRaw && len(signature) == 64 && !looksDER(signature) {
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if err := checkRange(r, s); err != nil {
			return EncodingRaw, nil, err
		}
		return EncodingRaw, der.EncodeSequence(der.EncodeInteger(r), der.EncodeInteger(s)), nil
	}
	r, s, err := parseSignature(signature)
	if err != nil {
		return EncodingDER, nil, err
	}
	return EncodingDER, signature, checkRange(r, s)
}

// looksDER tells a short DER {r,s} of 64 octets from raw r‖s of the same length.
func looksDER(signature []byte) bool {
	_, _, err := parseSignature(signature)
	return err == nil
}

// parseSignature reads strict DER SEQUENCE{INTEGER, INTEGER}.
func parseSignature(signature []byte) (r, s *big.Int, err error) {
	reader := der.Reader{Strict: true}
	value, err := reader.Parse(signature)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignatureDER, err)
	}
	members, err := reader.Members(value, "signature", 2, 2)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignatureDER, err)
	}
	if !members[0].Is(der.TagInteger) || !members[1].Is(der.TagInteger) {
		return nil, nil, fmt.Errorf("%w: not two INTEGERs", ErrSignatureDER)
	}
	if r, err = reader.Integer(members[0]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignatureDER, err)
	}
	if s, err = reader.Integer(members[1]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignatureDER, err)
	}
	return r, s, nil
}

// checkRange is GB/T 32918.2 7.1 B1, B2 and B5.
func checkRange(r, s *big.Int) error {
	for _, part := range []*big.Int{r, s} {
		if part.Sign() <= 0 || part.Cmp(sm2Order) >= 0 {
			return ErrSignatureRange
		}
	}
	if new(big.Int).Add(r, s).Cmp(sm2Order) == 0 {
		return fmt.Errorf("%w: r+s = n", ErrSignatureRange)
	}
	return nil
}

// SM2SignatureFromRaw turns 64 octets r‖s into DER {r,s} (GM/T 0009 7.3).
func SM2SignatureFromRaw(raw []byte) ([]byte, error) {
	if len(raw) != 64 {
		return nil, fmt.Errorf("%w: %d raw octets", ErrSignatureDER, len(raw))
	}
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	if err := checkRange(r, s); err != nil {
		return nil, err
	}
	return der.EncodeSequence(der.EncodeInteger(r), der.EncodeInteger(s)), nil
}

// SM2SignatureToRaw turns strict DER {r,s} into 64 octets r‖s, each half padded to 32 octets.
func SM2SignatureToRaw(signature []byte) ([]byte, error) {
	r, s, err := parseSignature(signature)
	if err != nil {
		return nil, err
	}
	if err := checkRange(r, s); err != nil {
		return nil, err
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw, nil
}

// ParseSM2Key reads an uncompressed point 04‖x‖y, which must lie on the curve and not be the point at infinity
// (GB/T 32918.1 6.2.1). Compressed and hybrid points are refused.
func ParseSM2Key(point []byte) (*ecdsa.PublicKey, error) {
	if len(point) != 65 || point[0] != 4 {
		return nil, fmt.Errorf("%w: not an uncompressed point of 65 octets", ErrKeyInvalid)
	}
	public, err := sm2.NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	return public, nil
}

// CheckSM2Key checks that a key made elsewhere is a point of sm2p256v1.
func CheckSM2Key(public *ecdsa.PublicKey) error {
	_, err := EncodeSM2Key(public)
	return err
}

// EncodeSM2Key writes a key as uncompressed point 04‖x‖y of 65 octets, after checking it.
func EncodeSM2Key(public *ecdsa.PublicKey) ([]byte, error) {
	if public == nil || !sm2.IsSM2PublicKey(public) {
		return nil, fmt.Errorf("%w: not a key of sm2p256v1", ErrKeyInvalid)
	}
	checked, err := sm2.PublicKeyToECDH(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	return checked.Bytes(), nil
}

// IsSM2 tells whether the key is one of sm2p256v1; a nil key is none.
func IsSM2(public any) bool {
	key, _ := public.(*ecdsa.PublicKey)
	return key != nil && sm2.IsSM2PublicKey(key)
}
