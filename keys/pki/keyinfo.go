package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// AlgorithmIdentifier is an algorithm with its parameters as received.
type AlgorithmIdentifier struct {
	OID        string
	Parameters []byte // DER; nil when absent
}

// parseAlgorithm reads AlgorithmIdentifier (RFC 5280 4.1.1.2).
func parseAlgorithm(reader *der.Reader, value der.Value) (AlgorithmIdentifier, error) {
	fields, err := reader.Members(value, "AlgorithmIdentifier", 1, 2)
	if err != nil {
		return AlgorithmIdentifier{}, err
	}
	oid, err := reader.OID(fields[0])
	if err != nil {
		return AlgorithmIdentifier{}, err
	}
	algorithm := AlgorithmIdentifier{OID: oid}
	if len(fields) == 2 {
		algorithm.Parameters = fields[1].Raw
	}
	return algorithm, nil
}

// ParseAlgorithm reads AlgorithmIdentifier for structures of other leaves.
func ParseAlgorithm(reader *der.Reader, value der.Value) (AlgorithmIdentifier, error) {
	return parseAlgorithm(reader, value)
}

// Plain tells parameters that say nothing: absent or NULL.
func (a AlgorithmIdentifier) Plain() bool { return a.absentOrNull() }

// absentOrNull tells parameters that say nothing.
func (a AlgorithmIdentifier) absentOrNull() bool {
	return len(a.Parameters) == 0 || len(a.Parameters) == 2 && a.Parameters[0] == der.TagNull && a.Parameters[1] == 0
}

// ParsePublicKeyInfo reads SubjectPublicKeyInfo: SM2 and the NIST curves by name (explicit curve parameters are refused,
// security row S-03), and RSA of 2048 to 8192 bits. Errors wrap ErrKeyInvalid.
func ParsePublicKeyInfo(input []byte) (crypto.PublicKey, error) {
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	return parseKeyInfo(reader, value)
}

func parseKeyInfo(reader *der.Reader, value der.Value) (crypto.PublicKey, error) {
	fields, err := reader.Members(value, "SubjectPublicKeyInfo", 2, 2)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	algorithm, err := parseAlgorithm(reader, fields[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	octets, err := reader.BitString(fields[1])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	switch algorithm.OID {
	case OIDSM2: // some toolkits name the curve instead of the kind of key
		if err := reader.Tolerate(KeyAlgorithmSM2); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
		}
		fallthrough
	case OIDECPublicKey:
		return parseCurveKey(reader, algorithm.Parameters, octets)
	case OIDRSAEncryption:
		return parseRSAKey(octets)
	}
	return nil, fmt.Errorf("%w: algorithm %s", ErrKeyInvalid, algorithm.OID)
}

func parseCurveKey(reader *der.Reader, parameters, point []byte) (crypto.PublicKey, error) {
	named, err := (&der.Reader{Strict: reader.Strict}).Parse(parameters)
	if err != nil || !named.Is(der.TagOID) {
		return nil, fmt.Errorf("%w: curve is not named", ErrKeyInvalid)
	}
	curveOID, err := reader.OID(named)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	curves := map[string]elliptic.Curve{OIDP256: elliptic.P256(), OIDP384: elliptic.P384(), OIDP521: elliptic.P521()}
	if curveOID == OIDSM2 {
		public, err := ParseSM2Key(point)
		if err != nil {
			return nil, err // never a nil pointer inside the interface
		}
		return public, nil
	}
	curve, ok := curves[curveOID]
	if !ok {
		return nil, fmt.Errorf("%w: curve %s", ErrKeyInvalid, curveOID)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	return public, nil
}

func parseRSAKey(octets []byte) (crypto.PublicKey, error) {
	reader := &der.Reader{}
	value, err := reader.Parse(octets)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	fields, err := reader.Members(value, "RSAPublicKey", 2, 2)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	modulus, err := reader.Integer(fields[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	exponent, err := reader.Int(fields[1])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	if bits := modulus.BitLen(); modulus.Sign() <= 0 || bits < 2048 || bits > 8192 || exponent < 3 || exponent%2 == 0 {
		return nil, fmt.Errorf("%w: RSA of %d bits", ErrKeyInvalid, bits)
	}
	return &rsa.PublicKey{N: modulus, E: exponent}, nil
}

// KeyName is a short name of a key for people: "SM2", "P-256", "RSA 2048".
func KeyName(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if IsSM2(key) {
			return "SM2"
		}
		return key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	}
	return "unknown"
}

// CheckSignature verifies a signature over the octets by the algorithm named in a certificate, CRL or request. The
// algorithm must fit the key (ErrAlgorithm); MD5 and SHA-1 are never accepted.
func CheckSignature(public crypto.PublicKey, algorithm AlgorithmIdentifier, signed, signature []byte, form SignatureForm) error {
	return checkSignature(public, algorithm, signed, signature, form, nil)
}

func checkSignature(public crypto.PublicKey, algorithm AlgorithmIdentifier, signed, signature []byte, form SignatureForm, memo *Memo) error {
	if !algorithm.absentOrNull() {
		return fmt.Errorf("%w: parameters of %s", ErrAlgorithm, algorithm.OID)
	}
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if IsSM2(key) {
			if algorithm.OID != OIDSM2WithSM3 {
				return fmt.Errorf("%w: %s with an SM2 key", ErrAlgorithm, algorithm.OID)
			}
			_, err := memo.VerifySM2(key, signed, signature, form)
			return err
		}
		return checkECDSA(key, algorithm.OID, signed, signature)
	case *rsa.PublicKey:
		return checkRSA(key, algorithm.OID, signed, signature)
	}
	return fmt.Errorf("%w: no usable key", ErrKeyInvalid)
}

// hashFor digests with the hash that a signature algorithm names; ok is false for algorithms of another family.
func hashFor(oid string, signed []byte, sha2, sha3, sha5 string) (crypto.Hash, []byte, bool) {
	switch oid {
	case sha2:
		sum := sha256.Sum256(signed)
		return crypto.SHA256, sum[:], true
	case sha3:
		sum := sha512.Sum384(signed)
		return crypto.SHA384, sum[:], true
	case sha5:
		sum := sha512.Sum512(signed)
		return crypto.SHA512, sum[:], true
	}
	return 0, nil, false
}

func checkECDSA(key *ecdsa.PublicKey, oid string, signed, signature []byte) error {
	_, digest, ok := hashFor(oid, signed, OIDECDSAWithSHA256, OIDECDSAWithSHA384, OIDECDSAWithSHA512)
	if !ok {
		return fmt.Errorf("%w: %s with a key of %s", ErrAlgorithm, oid, key.Curve.Params().Name)
	}
	r, s, err := parseSignature(signature)
	if err != nil {
		return err
	}
	order := key.Curve.Params().N
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(order) >= 0 || s.Cmp(order) >= 0 {
		return ErrSignatureRange
	}
	if !ecdsa.VerifyASN1(key, digest, signature) {
		return ErrSignatureValue
	}
	return nil
}

func checkRSA(key *rsa.PublicKey, oid string, signed, signature []byte) error {
	hash, digest, ok := hashFor(oid, signed, OIDSHA256WithRSA, OIDSHA384WithRSA, OIDSHA512WithRSA)
	if !ok {
		return fmt.Errorf("%w: %s with an RSA key", ErrAlgorithm, oid)
	}
	if err := rsa.VerifyPKCS1v15(key, hash, digest, signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignatureValue, err)
	}
	return nil
}
