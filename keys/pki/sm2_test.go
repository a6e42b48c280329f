package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

type sm2File struct {
	PublicKey     string `json:"publicKey"`
	NumberOfTests int    `json:"numberOfTests"`
	Tests         []struct {
		ID        int    `json:"tcId"`
		Comment   string `json:"comment"`
		PublicKey string `json:"publicKey"`
		UserID    string `json:"uidHex"`
		Message   string `json:"msg"`
		Signature string `json:"sig"`
		Result    string `json:"result"`
	} `json:"tests"`
}

// sm2Rows gives each case of the set its row of security.md 3.4 and the code that the row asks for.
var sm2Rows = map[int][2]string{
	1: {"S-06", ""}, 2: {"S-06", ""}, 3: {"S-06", ""}, 4: {"S-06", CodeValue}, 5: {"S-06", CodeValue},
	6: {"S-01", CodeRange}, 7: {"S-01", CodeRange}, 8: {"S-01", CodeRange}, 9: {"S-01", CodeRange}, 10: {"S-01", CodeRange},
	11: {"S-01", CodeRange}, 12: {"S-01", CodeRange}, 13: {"S-01", CodeRange}, 14: {"S-01", CodeValue}, 15: {"S-01", CodeRange},
	16: {"S-01", CodeValue}, 17: {"S-01", CodeValue}, 18: {"S-02", CodeValue},
	19: {"S-06", CodeValue}, 20: {"S-06", CodeValue}, 21: {"S-07", CodeValue},
	22: {"S-05", CodeDER}, 23: {"S-05", CodeDER}, 24: {"S-05", CodeDER}, 25: {"S-05", CodeDER}, 26: {"S-05", CodeDER},
	27: {"S-05", CodeDER}, 28: {"S-05", CodeDER}, 29: {"S-05", CodeDER}, 30: {"S-05", CodeDER}, 31: {"S-05", CodeDER},
	32: {"S-05", CodeDER}, 33: {"S-05", CodeDER}, 34: {"S-05", CodeDER}, 35: {"S-05", CodeDER},
	36: {"S-03", CodeKey}, 37: {"S-03", CodeKey}, 38: {"S-03", CodeKey}, 39: {"S-03", CodeKey}, 40: {"S-03", CodeValue},
	41: {"S-03", CodeKey},
}

func TestSM2Vectors(t *testing.T) {
	var file sm2File
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/sm2/sm2-signature.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) != 41 || len(sm2Rows) != 41 {
		t.Fatalf("have %d cases and %d rows, want 41", len(file.Tests), len(sm2Rows))
	}
	for _, test := range file.Tests {
		row := sm2Rows[test.ID]
		t.Run(fmt.Sprintf("%s %d %s", row[0], test.ID, test.Comment), func(t *testing.T) {
			point := test.PublicKey
			if point == "" {
				point = file.PublicKey
			}
			public, err := ParseSM2Key(unhex(t, point))
			if err == nil {
				_, err = VerifySM2(public, unhex(t, test.UserID), unhex(t, test.Message), unhex(t, test.Signature), FormDER)
			}
			if valid := err == nil; valid != (test.Result == "valid") {
				t.Errorf("valid = %t (%v), the set says %s", valid, err, test.Result)
			}
			if Code(err) != row[1] {
				t.Errorf("code = %q (%v), want %q", Code(err), err, row[1])
			}
		})
	}
}

func TestS05RawFormOnlyWhereAllowed(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("message")
	signature, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := SM2SignatureToRaw(signature)
	if err != nil {
		t.Fatal(err)
	}
	if encoding, err := VerifySM2(&key.PublicKey, nil, message, raw, FormDEROrRaw); err != nil || encoding != EncodingRaw {
		t.Errorf("raw where allowed: %q, %v", encoding, err)
	}
	if encoding, err := VerifySM2(&key.PublicKey, nil, message, signature, FormDEROrRaw); err != nil || encoding != EncodingDER {
		t.Errorf("DER where raw is allowed: %q, %v", encoding, err)
	}
	if _, err := VerifySM2(&key.PublicKey, nil, message, raw, FormDER); Code(err) != CodeDER {
		t.Errorf("raw where DER is asked for: %v", err)
	}
	for _, length := range []int{63, 65} {
		odd := append(bytes.Clone(raw), 0)[:length]
		if _, err := VerifySM2(&key.PublicKey, nil, message, odd, FormDEROrRaw); Code(err) != CodeDER {
			t.Errorf("%d raw octets: %v", length, err)
		}
	}
	if _, err := VerifySM2(&key.PublicKey, nil, message, make([]byte, 64), FormDEROrRaw); Code(err) != CodeRange {
		t.Errorf("raw zeros: %v", err)
	}
	back, err := SM2SignatureFromRaw(raw)
	if err != nil || !bytes.Equal(back, signature) {
		t.Errorf("raw and back: %x, %v; want %x", back, err, signature)
	}
	if _, err := SM2SignatureFromRaw(make([]byte, 64)); Code(err) != CodeRange {
		t.Errorf("raw zeros to DER: %v", err)
	}
	if _, err := SM2SignatureFromRaw(raw[:63]); Code(err) != CodeDER {
		t.Errorf("short raw to DER: %v", err)
	}
}

func TestVerifySM2Digest(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign(rand.Reader, []byte("message"), sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := SM2Digest(&key.PublicKey, nil, []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifySM2Digest(&key.PublicKey, digest, signature, FormDER); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][]byte{append(bytes.Clone(digest), 0), digest[:31], nil} { // a digest of another length is none
		if _, err := VerifySM2Digest(&key.PublicKey, wrong, signature, FormDER); Code(err) != CodeValue {
			t.Errorf("digest of %d octets: %v", len(wrong), err)
		}
	}
	digest[0] ^= 1
	if _, err := VerifySM2Digest(&key.PublicKey, digest, signature, FormDER); Code(err) != CodeValue {
		t.Errorf("changed digest: %v", err)
	}
	if _, err := VerifySM2Digest(&key.PublicKey, digest[:31], signature, FormDER); Code(err) != CodeValue {
		t.Errorf("short digest: %v", err)
	}
}

func TestS03PublicKeys(t *testing.T) {
	sm2Key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := EncodeSM2Key(&sm2Key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	oid := func(dotted string) []byte {
		encoded, err := der.EncodeOID(dotted)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	info := func(parameters, point []byte) []byte {
		return der.EncodeSequence(der.EncodeSequence(oid(OIDECPublicKey), parameters), der.EncodeBitString(point))
	}
	if _, err := ParsePublicKeyInfo(info(oid(OIDSM2), point)); err != nil {
		t.Errorf("good key: %v", err)
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 2047)
	if _, err := ParsePublicKeyInfo(rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(modulus), der.EncodeInt(65537))); err != nil {
		t.Errorf("RSA key: %v", err)
	}
	compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
	offCurve := bytes.Clone(point)
	offCurve[64] ^= 1
	bad := map[string][]byte{
		"S-03 explicit curve parameters": info(der.EncodeSequence(der.EncodeInt(1), oid(OIDSM2)), point),
		"S-03 no curve":                  der.EncodeSequence(der.EncodeSequence(oid(OIDECPublicKey)), der.EncodeBitString(point)),
		"S-03 unknown curve":             info(oid("1.3.132.0.10"), point),
		"S-03 off curve":                 info(oid(OIDSM2), offCurve),
		"S-03 infinity":                  info(oid(OIDSM2), []byte{0}),
		"S-03 compressed":                info(oid(OIDSM2), compressed),
		"S-03 SM2 point named P-256":     info(oid(OIDP256), point),
		"S-03 RSA without exponent":      rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(modulus)),
		"S-03 RSA of three":              rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(modulus), der.EncodeInt(65537), der.EncodeInt(1)),
		"S-03 RSA exponent 1":            rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(modulus), der.EncodeInt(1)),
		"S-03 RSA even exponent":         rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(modulus), der.EncodeInt(65536)),
		"S-03 RSA negative":              rsaInfo(oid(OIDRSAEncryption), der.EncodeInteger(new(big.Int).Neg(modulus)), der.EncodeInt(65537)),
		"S-03 unknown algorithm":         rsaInfo(oid("1.2.3"), der.EncodeInteger(modulus), der.EncodeInt(65537)),
		"S-03 small RSA": der.EncodeSequence(der.EncodeSequence(oid(OIDRSAEncryption), []byte{5, 0}),
			der.EncodeBitString(der.EncodeSequence(der.EncodeInteger(sm2Order), der.EncodeInt(65537)))),
	}
	for name, encoded := range bad {
		t.Run(name, func(t *testing.T) {
			if _, err := ParsePublicKeyInfo(encoded); !errors.Is(err, ErrKeyInvalid) {
				t.Errorf("error = %v, want ErrKeyInvalid", err)
			}
		})
	}
	t.Run("S-03 other curve", func(t *testing.T) {
		if _, err := VerifySM2(&nist.PublicKey, nil, nil, []byte{0x30, 6, 2, 1, 1, 2, 1, 1}, FormDER); Code(err) != CodeKey {
			t.Errorf("error = %v", err)
		}
		if err := CheckSM2Key(nil); Code(err) != CodeKey {
			t.Errorf("nil key: %v", err)
		}
	})
	t.Run("S-03 point made by hand", func(t *testing.T) {
		forged := sm2Key.PublicKey
		//lint:ignore SA1019 the point off the curve is the test
		forged.X, forged.Y = forged.Y, forged.X
		if err := CheckSM2Key(&forged); Code(err) != CodeKey {
			t.Errorf("error = %v", err)
		}
	})
}

func rsaInfo(algorithm []byte, numbers ...[]byte) []byte {
	return der.EncodeSequence(der.EncodeSequence(algorithm, []byte{5, 0}), der.EncodeBitString(der.EncodeSequence(numbers...)))
}

func TestECDSAWycheproof(t *testing.T) {
	var file struct {
		Groups []struct {
			PublicKey string `json:"publicKeyDer"`
			Tests     []struct {
				ID        int    `json:"tcId"`
				Comment   string `json:"comment"`
				Message   string `json:"msg"`
				Signature string `json:"sig"`
				Result    string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/wycheproof/ecdsa_secp256r1_sha256_test.json"), &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, group := range file.Groups {
		public, err := ParsePublicKeyInfo(unhex(t, group.PublicKey))
		if err != nil {
			t.Errorf("key: %v", err)
			continue
		}
		for _, test := range group.Tests {
			ran++
			err := CheckSignature(public, AlgorithmIdentifier{OID: OIDECDSAWithSHA256}, unhex(t, test.Message), unhex(t, test.Signature), FormDER)
			if valid := err == nil; valid != (test.Result == "valid") {
				t.Errorf("%d %s: valid = %t (%v), the set says %s", test.ID, test.Comment, valid, err, test.Result)
			}
		}
	}
	if ran != 484 {
		t.Errorf("ran %d cases, want 484", ran)
	}
}

func TestS07AlgorithmMustFitTheKey(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign(rand.Reader, []byte("message"), sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	for name, algorithm := range map[string]AlgorithmIdentifier{
		"SHA-256":        {OID: OIDECDSAWithSHA256},
		"RSA":            {OID: OIDSHA256WithRSA},
		"odd parameters": {OID: OIDSM2WithSM3, Parameters: []byte{4, 1, 0}},
	} {
		if err := CheckSignature(&key.PublicKey, algorithm, []byte("message"), signature, FormDER); Code(err) != CodeAlgorithm {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckSignature(&key.PublicKey, AlgorithmIdentifier{OID: OIDSM2WithSM3, Parameters: []byte{5, 0}}, []byte("message"), signature, FormDER); err != nil {
		t.Errorf("NULL parameters: %v", err)
	}
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, public := range map[string]crypto.PublicKey{"P-256": &nist.PublicKey, "RSA": &rsaKey.PublicKey} {
		for _, oid := range []string{OIDSM2WithSM3, "1.2.840.10045.4.1", "1.2.840.113549.1.1.5"} { // SHA-1 with ECDSA and RSA
			if err := CheckSignature(public, AlgorithmIdentifier{OID: oid}, []byte("message"), signature, FormDER); Code(err) != CodeAlgorithm {
				t.Errorf("%s with %s: %v", name, oid, err)
			}
		}
	}
	if err := CheckSignature(nil, AlgorithmIdentifier{OID: OIDSM2WithSM3}, nil, signature, FormDER); Code(err) != CodeKey {
		t.Errorf("no key: %v", err)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}
