package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/emmansun/gmsm/sm3"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Key is a public key for one algorithm.
type Key struct {
	ID        string
	Algorithm Algorithm
	Public    crypto.PublicKey // *ecdsa.PublicKey, *rsa.PublicKey or ed25519.PublicKey
}

// KeySet is a set of public keys.
type KeySet struct{ keys []Key }

// NewKeySet checks the keys and makes a set of them.
func NewKeySet(keys ...Key) (KeySet, error) {
	for _, key := range keys {
		if err := key.check(); err != nil {
			return KeySet{}, err
		}
	}
	return KeySet{keys: slices.Clone(keys)}, nil
}

// Keys returns the keys of the set.
func (s KeySet) Keys() []Key { return slices.Clone(s.keys) }

// Has reports whether a key id is in the set.
func (s KeySet) Has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k Key) bool { return k.ID == id })
}

// member is a JWK as we read and write it.
type member struct {
	Type      string   `json:"kty"`
	Curve     string   `json:"crv,omitempty"`
	X         string   `json:"x,omitempty"`
	Y         string   `json:"y,omitempty"`
	N         string   `json:"n,omitempty"`
	E         string   `json:"e,omitempty"`
	Use       string   `json:"use,omitempty"`
	Ops       []string `json:"key_ops,omitempty"`
	Algorithm string   `json:"alg,omitempty"`
	KeyID     string   `json:"kid,omitempty"`
}

// MarshalJSON writes a JWK set (RFC 7517 section 5), each key with its alg, kid and use.
func (s KeySet) MarshalJSON() ([]byte, error) {
	members := make([]member, 0, len(s.keys))
	for _, key := range s.keys {
		m, err := key.member()
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return json.Marshal(struct {
		Keys []member `json:"keys"`
	}{members})
}

func (k Key) member() (member, error) {
	m := member{Use: "sig", Algorithm: string(k.Algorithm), KeyID: k.ID}
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		m.Type, m.N, m.E = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		m.Type, m.Curve = "EC", "P-256"
		bytes := public.Bytes
		if k.Algorithm == SM2SM3 {
			m.Curve = CurveSM2
			bytes = func() ([]byte, error) { return pki.EncodeSM2Key(public) }
		}
		point, err := bytes() // 04 ‖ x ‖ y
		if err != nil || len(point) != 65 {
			return member{}, fmt.Errorf("%w: point: %w", ErrBadKey, err)
		}
		m.X, m.Y = encode(point[1:33]), encode(point[33:])
	case ed25519.PublicKey:
		m.Type, m.Curve, m.X = "OKP", "Ed25519", encode(public)
	default:
		return member{}, fmt.Errorf("%w: %T", ErrBadKey, k.Public)
	}
	return m, nil
}

// Thumbprint is RFC 7638 with SHA-256, or with SM3 for an SM2 key, in base64url.
func (k Key) Thumbprint() (string, error) {
	if k.Algorithm != SM2SM3 {
		return k.ThumbprintSHA256()
	}
	text, err := k.thumbprintInput()
	if err != nil {
		return "", err
	}
	sum := sm3.Sum([]byte(text))
	return encode(sum[:]), nil
}

// ThumbprintSHA256 is RFC 7638 with SHA-256 for every kind of key, as jkt wants it (RFC 9449 6.1).
func (k Key) ThumbprintSHA256() (string, error) {
	text, err := k.thumbprintInput()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return encode(sum[:]), nil
}

func (k Key) thumbprintInput() (string, error) {
	m, err := k.member()
	switch {
	case err != nil:
		return "", err
	case m.Type == "RSA":
		return fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, m.E, m.N), nil
	case m.Type == "OKP":
		return fmt.Sprintf(`{"crv":%q,"kty":"OKP","x":%q}`, m.Curve, m.X), nil
	}
	return fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, m.Curve, m.X, m.Y), nil
}

// MaxKeys bounds a key set that is read.
const MaxKeys = 64

// ParseKeySet reads a JWK set for verification. Private and symmetric keys, weak RSA, points off the curve, keys for
// encryption and duplicate key ids are refused (J-04, J-12); keys of other kinds and for other uses are passed over when
// lenient is set, as a reader of somebody else's mixed set needs.
func ParseKeySet(raw []byte, lenient bool) (KeySet, error) {
	return parseKeySet(raw, lenient, func(json.RawMessage) bool { return lenient })
}

// ParseKeyPairs reads the JWK set of a GM partner: keys for signatures as strictly as ParseKeySet, and beside them SM2
// keys for encryption.
func ParseKeyPairs(raw []byte) (KeySet, []EncryptionKey, error) {
	encryption, err := ParseEncryptionKeys(raw)
	if err != nil {
		return KeySet{}, nil, err
	}
	set, err := parseKeySet(raw, false, func(entry json.RawMessage) bool {
		m, err := readMember(entry)
		return err == nil && slices.ContainsFunc(encryption, func(k EncryptionKey) bool { return k.ID == m.KeyID })
	})
	return set, encryption, err
}

// parseKeySet asks skip about keys that are not for signatures.
func parseKeySet(raw []byte, lenient bool, skip func(json.RawMessage) bool) (KeySet, error) {
	top, err := object(raw)
	if err != nil {
		return KeySet{}, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(top["keys"], &list); err != nil || len(list) > MaxKeys {
		return KeySet{}, fmt.Errorf("%w: not a list of at most %d keys", ErrBadKey, MaxKeys)
	}
	var set KeySet
	for _, entry := range list {
		key, known, err := parseKey(entry)
		if errors.Is(err, errOtherUse) && skip(entry) {
			continue
		}
		if err != nil {
			return KeySet{}, err
		}
		if !known {
			if lenient {
				continue
			}
			return KeySet{}, fmt.Errorf("%w: kind of key is not supported", ErrBadKey)
		}
		if key.ID != "" && set.Has(key.ID) {
			return KeySet{}, fmt.Errorf("%w: duplicate kid", ErrBadKey)
		}
		set.keys = append(set.keys, key)
	}
	return set, nil
}

// errOtherUse: a sound key that is not for signatures.
var errOtherUse = fmt.Errorf("%w: not for signatures", ErrBadKey)

var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// readMember reads a JWK of any kind that holds nothing secret.
func readMember(raw json.RawMessage) (member, error) {
	members, err := object(raw)
	if err != nil {
		return member{}, err
	}
	for _, name := range privateMembers {
		if _, ok := members[name]; ok {
			return member{}, fmt.Errorf("%w: a private or secret part", ErrBadKey)
		}
	}
	var m member
	if err := json.Unmarshal(raw, &m); err != nil {
		return member{}, fmt.Errorf("%w: members of wrong type", ErrBadKey)
	}
	if len(m.KeyID) > 256 {
		return member{}, fmt.Errorf("%w: kid is too long", ErrBadKey)
	}
	return m, nil
}

func parseKey(raw json.RawMessage) (key Key, known bool, err error) {
	m, err := readMember(raw)
	if err != nil {
		return Key{}, false, err
	}
	if m.Use != "" && m.Use != "sig" || len(m.Ops) > 0 && !slices.Contains(m.Ops, "verify") {
		return Key{}, false, errOtherUse
	}
	key = Key{ID: m.KeyID, Algorithm: Algorithm(m.Algorithm)}
	switch {
	case m.Type == "EC" && m.Curve == "P-256":
		key.Algorithm = orDefault(key.Algorithm, ES256)
		key.Public, err = m.point(func(point []byte) (*ecdsa.PublicKey, error) {
			return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		})
	case m.Type == "EC" && m.Curve == CurveSM2:
		key.Algorithm = orDefault(key.Algorithm, SM2SM3)
		key.Public, err = m.point(pki.ParseSM2Key)
	case m.Type == "OKP" && m.Curve == "Ed25519":
		key.Algorithm = orDefault(key.Algorithm, EdDSA)
		var octets []byte
		if octets, err = decode(m.X); err == nil {
			key.Public = ed25519.PublicKey(octets)
		}
	case m.Type == "RSA":
		key.Algorithm = orDefault(key.Algorithm, RS256)
		key.Public, err = m.modulus()
	default:
		return Key{}, false, nil
	}
	if err == nil {
		err = key.check()
	}
	return key, true, err
}

func orDefault(a, fallback Algorithm) Algorithm {
	if a == "" {
		return fallback
	}
	return a
}

// point reads the coordinates as an uncompressed point and leaves it to parse to check that it lies on the curve.
func (m member) point(parse func(point []byte) (*ecdsa.PublicKey, error)) (*ecdsa.PublicKey, error) {
	x, errX := decode(m.X)
	y, errY := decode(m.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("%w: coordinates are not 32 octets", ErrBadKey)
	}
	public, err := parse(slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return public, nil
}

func (m member) modulus() (*rsa.PublicKey, error) {
	n, errN := decode(m.N)
	e, errE := decode(m.E)
	if errN != nil || errE != nil || len(e) == 0 || len(e) > 4 || len(n) > 1024 {
		return nil, fmt.Errorf("%w: modulus or exponent", ErrBadKey)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}

// check: the key is fit for its algorithm.
func (k Key) check() error {
	switch public := k.Public.(type) {
	case *ecdsa.PublicKey:
		if k.Algorithm == SM2SM3 {
			if err := pki.CheckSM2Key(public); err != nil {
				return fmt.Errorf("%w: %w", ErrBadKey, err)
			}
			return nil
		}
		if k.Algorithm != ES256 || public.Curve != elliptic.P256() {
			return fmt.Errorf("%w: curve does not fit %s", ErrBadKey, k.Algorithm)
		}
		if _, err := public.ECDH(); err != nil {
			return fmt.Errorf("%w: not a point of the curve", ErrBadKey)
		}
		return nil
	case *rsa.PublicKey:
		if k.Algorithm != RS256 && k.Algorithm != PS256 {
			return fmt.Errorf("%w: RSA does not fit %s", ErrBadKey, k.Algorithm)
		}
		if hasROCAFingerprint(public.N) {
			return fmt.Errorf("%w: RSA key has the ROCA weakness", ErrBadKey)
		}
		if public.N.BitLen() < 2048 || public.N.BitLen() > 8192 || public.E < 3 || public.E&1 == 0 || public.N.Bit(0) == 0 {
			return fmt.Errorf("%w: RSA key is weak", ErrBadKey)
		}
		return nil
	case ed25519.PublicKey:
		if k.Algorithm != EdDSA || len(public) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: Ed25519 does not fit %s", ErrBadKey, k.Algorithm)
		}
		return nil
	}
	return fmt.Errorf("%w: %T", ErrBadKey, k.Public)
}

// verify finds the keys that may have signed and tries them: the one with the header's kid, or without kid every key of
// the algorithm. An SM2 token without kid is taken only where there is no choice of keys.
func (s KeySet) verify(header Header, input, signature []byte, encoding SignatureEncoding) error {
	var fit []Key
	for _, key := range s.keys {
		if key.Algorithm == header.Algorithm && (header.KeyID == "" || key.ID == "" || key.ID == header.KeyID) {
			fit = append(fit, key)
		}
	}
	if len(fit) == 0 || header.Algorithm == SM2SM3 && header.KeyID == "" && len(fit) > 1 {
		return ErrKey
	}
	for _, key := range fit {
		if key.verify(input, signature, encoding) == nil {
			return nil
		}
	}
	return ErrSignature
}

func (k Key) verify(input, signature []byte, encoding SignatureEncoding) error {
	registerSM2()
	if k.Algorithm == SM2SM3 && encoding == SignatureDER {
		raw, err := pki.SM2SignatureToRaw(signature)
		if err != nil {
			return ErrSignature
		}
		signature = raw
	}
	if (k.Algorithm == ES256 || k.Algorithm == SM2SM3 || k.Algorithm == EdDSA) && len(signature) != 64 {
		return ErrSignature
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(k.Algorithm))
	if err != nil {
		return ErrAlgorithm
	}
	if verifier.Verify(input, signature, k.Public) != nil {
		return ErrSignature
	}
	if public, ok := k.Public.(*rsa.PublicKey); ok && k.Algorithm == PS256 {
		// The library takes any salt length; RFC 7518 section 3.5 fixes it to the length of the hash.
		sum := sha256.Sum256(input)
		if rsa.VerifyPSS(public, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) != nil {
			return ErrSignature
		}
	}
	return nil
}

// hasROCAFingerprint finds moduli of the faulty key generator of CVE-2017-15361: their residues are powers of 65537
// modulo every small prime, which is out of reach for chance.
func hasROCAFingerprint(n *big.Int) bool {
	for p := int64(3); p <= 167; p += 2 {
		if !big.NewInt(p).ProbablyPrime(0) {
			continue
		}
		residue, found := new(big.Int).Mod(n, big.NewInt(p)).Int64(), false
		for power, steps := int64(1), int64(0); steps < p && !found; steps++ {
			found = power == residue
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}

// registerSM2 teaches the library the algorithm and the curve of GM/T 0125, once for the process.
var registerSM2 = sync.OnceFunc(func() {
	jwa.RegisterEllipticCurveAlgorithm(CurveSM2)
	jws.RegisterVerifier(jwa.SignatureAlgorithm(SM2SM3), jws.VerifierFactoryFn(func() (jws.Verifier, error) { return sm2Verifier{}, nil }))
})

type sm2Verifier struct{}

// Verify implements jws.Verifier for raw r‖s.
func (sm2Verifier) Verify(payload, signature []byte, key any) error {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return ErrBadKey
	}
	encoded, err := pki.SM2SignatureFromRaw(signature)
	if err != nil {
		return ErrSignature
	}
	if _, err := pki.VerifySM2(public, nil, payload, encoded, pki.FormDER); err != nil {
		return ErrSignature
	}
	return nil
}

// rawSignature turns DER {r,s} into r‖s of 64 octets (RFC 7518 section 3.4).
func rawSignature(encoded []byte) ([]byte, error) {
	r, s := new(big.Int), new(big.Int)
	input := cryptobyte.String(encoded)
	var inner cryptobyte.String
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !input.Empty() || !inner.ReadASN1Integer(r) || !inner.ReadASN1Integer(s) || !inner.Empty() ||
		r.Sign() <= 0 || s.Sign() <= 0 || r.BitLen() > 256 || s.BitLen() > 256 {
		return nil, errors.New("jose: signer gave no DER signature of a 256-bit curve")
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw, nil
}

// HalfHash is at_hash, c_hash and s_hash (OpenID Connect Core 3.1.3.6): the left half of the hash of the algorithm, in
// base64url; SM3 for SGD_SM3_SM2, SHA-512 for Ed25519 as that signature uses it.
func HalfHash(algorithm Algorithm, value string) string {
	switch algorithm {
	case SM2SM3:
		sum := sm3.Sum([]byte(value))
		return encode(sum[:16])
	case EdDSA:
		sum := sha512.Sum512([]byte(value))
		return encode(sum[:32])
	}
	sum := sha256.Sum256([]byte(value))
	return encode(sum[:16])
}
