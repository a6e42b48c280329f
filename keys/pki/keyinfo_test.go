package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// rsaKeyInfo is a SubjectPublicKeyInfo of RSA around any octets.
func rsaKeyInfo(t *testing.T, key []byte) []byte {
	t.Helper()
	return der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDRSAEncryption), []byte{5, 0}), der.EncodeBitString(key))
}

func TestS03RSAKeys(t *testing.T) {
	modulus := func(bits uint) []byte {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return der.EncodeInteger(n.Add(n, big.NewInt(1)))
	}
	exponent := der.EncodeInt(65537)
	for name, c := range map[string]struct {
		key  []byte
		good bool
	}{
		"2048 bits":          {der.EncodeSequence(modulus(2048), exponent), true},
		"8192 bits":          {der.EncodeSequence(modulus(8192), exponent), true},
		"2047 bits":          {der.EncodeSequence(modulus(2047), exponent), false},
		"8193 bits":          {der.EncodeSequence(modulus(8193), exponent), false},
		"negative modulus":   {der.EncodeSequence(der.EncodeInteger(new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 2050))), exponent), false},
		"exponent 1":         {der.EncodeSequence(modulus(2048), der.EncodeInt(1)), false},
		"exponent -3":        {der.EncodeSequence(modulus(2048), der.EncodeInt(-3)), false},
		"even exponent":      {der.EncodeSequence(modulus(2048), der.EncodeInt(65538)), false},
		"exponent of a page": {der.EncodeSequence(modulus(2048), modulus(2048)), false},
		"modulus as octets":  {der.EncodeSequence(der.EncodeOctetString(make([]byte, 256)), exponent), false},
		"exponent as octets": {der.EncodeSequence(modulus(2048), der.EncodeOctetString([]byte{3})), false},
		"one member":         {der.EncodeSequence(modulus(2048)), false},
		"three members":      {der.EncodeSequence(modulus(2048), exponent, exponent), false},
		"no sequence":        {modulus(2048), false},
		"empty":              {nil, false},
		"something after":    {append(der.EncodeSequence(modulus(2048), exponent), 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			public, err := ParsePublicKeyInfo(rsaKeyInfo(t, c.key))
			if (err == nil) != c.good || (public != nil) != c.good || err != nil && !errors.Is(err, ErrKeyInvalid) {
				t.Errorf("%v, %v", public, err)
			}
		})
	}
}

// TestS07AlgorithmIdentifiers: one OID and at most one parameter; a certificate that says more says nothing.
func TestS07AlgorithmIdentifiers(t *testing.T) {
	root := newRoot(t, "root", newKey(t)).certificate
	reader := &der.Reader{}
	value, err := reader.Parse(root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	members, err := reader.Sequence(value)
	if err != nil {
		t.Fatal(err)
	}
	null := []byte{5, 0}
	sm2 := oidOf(t, OIDSM2WithSM3)
	for name, algorithm := range map[string][]byte{"three members": der.EncodeSequence(sm2, null, null), "no member": der.EncodeSequence(), "parameter first": der.EncodeSequence(null, sm2), "no sequence": sm2, "a SET": der.EncodeSet(sm2)} {
		if _, err := ParseCertificate(der.EncodeSequence(members[0].Raw, algorithm, members[2].Raw)); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestS01RangesOfECDSA: named as out of range, not only as wrong.
func TestS01RangesOfECDSA(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("message"))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	n := key.Params().N
	check := func(r, s *big.Int) string {
		return Code(CheckSignature(&key.PublicKey, AlgorithmIdentifier{OID: OIDECDSAWithSHA256}, []byte("message"), der.EncodeSequence(der.EncodeInteger(r), der.EncodeInteger(s)), FormDER))
	}
	if code := check(r, s); code != "" {
		t.Fatalf("good one: %s", code)
	}
	zero, minus := new(big.Int), big.NewInt(-1)
	for name, pair := range map[string][2]*big.Int{"r 0": {zero, s}, "s 0": {r, zero}, "r -1": {minus, s}, "s -1": {r, minus}, "r n": {n, s}, "s n": {r, n}, "r + n": {new(big.Int).Add(r, n), s}, "s + n": {r, new(big.Int).Add(s, n)}} {
		if code := check(pair[0], pair[1]); code != CodeRange {
			t.Errorf("%s: %q", name, code)
		}
	}
	if code := check(s, r); code != CodeValue {
		t.Errorf("swapped: %q", code)
	}
}

// TestNoKeyIsNoKey: a nil pointer of the right type is not taken for a key anywhere.
func TestNoKeyIsNoKey(t *testing.T) {
	var none *ecdsa.PublicKey
	if IsSM2(none) || IsSM2(nil) || IsSM2(7) {
		t.Error("nothing is a key")
	}
	if err := CheckSM2Key(none); Code(err) != CodeKey {
		t.Errorf("%v", err)
	}
	root := newRoot(t, "root", newKey(t)).certificate
	point := root.RawKeyInfo[len(root.RawKeyInfo)-64:]
	for name, replacement := range map[string][]byte{"off the curve": append(bytes.Clone(point[:63]), point[63]^1), "zeros": make([]byte, 64)} {
		broken, err := ParseCertificate(bytes.Replace(bytes.Clone(root.Raw), point, replacement, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := broken.SM2Key(); ok || broken.PublicKey != nil || Code(broken.KeyError) != CodeKey || broken.IsSelfSigned() || KeyName(broken.PublicKey) != "unknown" {
			t.Errorf("%s: key %v, %v", name, broken.PublicKey, broken.KeyError)
		}
	}
}
