package verify_test

import (
	"bytes"
	"crypto/rand"
	"math/big"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// order is n of sm2p256v1.
var order = sm2.P256().Params().N

func number(values ...*big.Int) []byte {
	var members [][]byte
	for _, v := range values {
		members = append(members, der.EncodeInteger(v))
	}
	return der.EncodeSequence(members...)
}

// signedWith is a sealed document whose two signature values, the signer's or the maker's, come from a function.
func signedWith(t *testing.T, maker bool, sign func(p ofdtest.Party, message []byte) ([]byte, error)) []byte {
	t.Helper()
	w := world()
	if !maker {
		return w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Sign: func(tbs []byte) ([]byte, error) { return sign(w.Signer, tbs) }}})
	}
	// NewSeal checks what it made, so the value is put in afterwards.
	good := w.Seal(t, nil)
	seal, err := ses.ParseSeal(good)
	if err != nil {
		t.Fatal(err)
	}
	value, err := sign(w.Maker, seal.SignedBytes())
	if err != nil {
		t.Fatal(err)
	}
	changed := der.EncodeSequence(seal.RawInfo, der.EncodeOctetString(seal.MakerCert), ofdtest.OIDSM2SM3, der.EncodeBitString(value))
	return w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: changed}})
}

// both judges a value of the signer and of the maker.
func both(t *testing.T, sign func(p ofdtest.Party, message []byte) ([]byte, error), reason string) {
	t.Helper()
	for name, maker := range map[string]bool{"signer": false, "maker": true} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, signedWith(t, maker, sign), trusting(), invalid("V22", reason))
			check := map[bool]string{false: "sig_value", true: "seal_signature"}[maker]
			if statusOf(r.Signatures[0], check) != verify.Failed {
				t.Errorf("%s is %s", check, statusOf(r.Signatures[0], check))
			}
		})
	}
}

func parsed(t *testing.T, p ofdtest.Party, message []byte) (r, s *big.Int) {
	t.Helper()
	value, err := p.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pki.SM2SignatureToRaw(value)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
}

func TestS01ValuesOutOfRange(t *testing.T) {
	zero := big.NewInt(0)
	more := func(v *big.Int) *big.Int { return new(big.Int).Add(v, order) }
	for name, change := range map[string]func(r, s *big.Int) (*big.Int, *big.Int){
		"r is 0":        func(r, s *big.Int) (*big.Int, *big.Int) { return zero, s },
		"s is 0":        func(r, s *big.Int) (*big.Int, *big.Int) { return r, zero },
		"both 0":        func(r, s *big.Int) (*big.Int, *big.Int) { return zero, zero },
		"r is n":        func(r, s *big.Int) (*big.Int, *big.Int) { return order, s },
		"s is n":        func(r, s *big.Int) (*big.Int, *big.Int) { return r, order },
		"r plus n":      func(r, s *big.Int) (*big.Int, *big.Int) { return more(r), s },
		"s plus n":      func(r, s *big.Int) (*big.Int, *big.Int) { return r, more(s) },
		"r is negative": func(r, s *big.Int) (*big.Int, *big.Int) { return new(big.Int).Neg(r), s },
		"s is negative": func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Neg(s) },
		"s minus n":     func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(s, order) },
		"r + s is n":    func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(order, r) },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(p ofdtest.Party, message []byte) ([]byte, error) {
				return number(change(parsed(t, p, message))), nil
			}, "sig_range")
		})
	}
	t.Run("raw zeros", func(t *testing.T) {
		both(t, func(ofdtest.Party, []byte) ([]byte, error) { return make([]byte, 64), nil }, "sig_range")
	})
}

// TestS02PointAtInfinity: s = -t·d makes sG + tP the point at infinity.
func TestS02PointAtInfinity(t *testing.T) {
	both(t, func(p ofdtest.Party, _ []byte) ([]byte, error) {
		tee := big.NewInt(987654321)
		s := new(big.Int).Mul(tee, p.Key.D)
		s.Neg(s).Mod(s, order)
		r := new(big.Int).Sub(tee, s)
		return number(r.Mod(r, order), s), nil
	}, "")
}

// withKey is a party whose certificate holds another subjectPublicKeyInfo.
func withKey(t *testing.T, party ofdtest.Party, info []byte) ofdtest.Party {
	t.Helper()
	return ofdtest.Resigned(t, party, world().Issuing, func(tbs []byte) []byte {
		members := sequence(t, tbs)
		for i, m := range members {
			if bytes.Equal(m, party.Cert.RawKeyInfo) {
				members[i] = info
				return der.EncodeSequence(members...)
			}
		}
		t.Fatal("no key in the certificate")
		return nil
	})
}

func sequence(t *testing.T, encoded []byte) [][]byte {
	t.Helper()
	reader := &der.Reader{}
	value, err := reader.Parse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	members, err := reader.Sequence(value)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, m := range members {
		all = append(all, m.Raw)
	}
	return all
}

var (
	oidECKey = []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}
	oidSM2   = []byte{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d}
	oidP256  = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
)

func keyInfo(curve, point []byte) []byte {
	return der.EncodeSequence(der.EncodeSequence(oidECKey, curve), der.EncodeBitString(point))
}

func TestS03PublicKeys(t *testing.T) {
	w := world()
	x, y := w.Signer.Key.X.FillBytes(make([]byte, 32)), w.Signer.Key.Y.FillBytes(make([]byte, 32))
	point := func(x, y []byte) []byte { return append(append([]byte{4}, x...), y...) }
	flipped := bytes.Clone(y)
	flipped[31] ^= 1
	prime := sm2.P256().Params().P
	// Explicit parameters of the very curve (CVE-2020-0601): still refused, since the base point could be anything.
	params := sm2.P256().Params()
	explicit := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence([]byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01}, der.EncodeInteger(params.P)),
		der.EncodeSequence(der.EncodeOctetString(new(big.Int).Sub(params.P, big.NewInt(3)).Bytes()), der.EncodeOctetString(params.B.Bytes())),
		der.EncodeOctetString(point(params.Gx.Bytes(), params.Gy.Bytes())), der.EncodeInteger(params.N))
	for name, info := range map[string][]byte{
		"off the curve":       keyInfo(oidSM2, point(x, flipped)),
		"infinity":            keyInfo(oidSM2, []byte{0}),
		"(0, 0)":              keyInfo(oidSM2, point(make([]byte, 32), make([]byte, 32))),
		"x is p":              keyInfo(oidSM2, point(prime.Bytes(), y)),
		"coordinate above p":  keyInfo(oidSM2, point(bytes.Repeat([]byte{0xff}, 32), y)),
		"compressed":          keyInfo(oidSM2, append([]byte{2 + y[31]&1}, x...)),
		"hybrid":              keyInfo(oidSM2, append([]byte{6 + y[31]&1}, append(bytes.Clone(x), y...)...)),
		"cut":                 keyInfo(oidSM2, point(x, y)[:64]),
		"one octet more":      keyInfo(oidSM2, append(point(x, y), 0)),
		"other curve":         keyInfo(oidP256, point(x, y)),
		"explicit curve":      keyInfo(explicit, point(x, y)),
		"no curve":            der.EncodeSequence(der.EncodeSequence(oidECKey), der.EncodeBitString(point(x, y))),
		"unknown algorithm":   der.EncodeSequence(der.EncodeSequence([]byte{0x06, 0x03, 0x2b, 0x65, 0x70}), der.EncodeBitString(point(x, y))),
		"unused bits":         der.EncodeSequence(der.EncodeSequence(oidECKey, oidSM2), append([]byte{3, 66, 1}, point(x, y)...)),
		"two parameters":      der.EncodeSequence(der.EncodeSequence(oidECKey, oidSM2, oidSM2), der.EncodeBitString(point(x, y))),
		"parameters are NULL": keyInfo([]byte{5, 0}, point(x, y)),
		"unknown named curve": keyInfo([]byte{0x06, 0x03, 0x2b, 0x65, 0x71}, point(x, y)),
	} {
		t.Run(name, func(t *testing.T) {
			signer := withKey(t, w.Signer, info)
			seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw)}}), trusting(), invalid("V22", "key_invalid"))
			if statusOf(r.Signatures[0], "sig_value") != verify.Failed {
				t.Error("sig_value holds")
			}
		})
	}
	t.Run("key of the other curve that is sound", func(t *testing.T) {
		signer := withKey(t, w.Signer, keyInfo(oidP256, p256Point()))
		seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
		judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw)}}), trusting(), invalid("V22", "SIG_ALG"))
	})
}

// p256Point is the base point of P-256.
func p256Point() []byte {
	point, _ := new(big.Int).SetString("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", 16)
	return point.Bytes()
}

// TestS04KeyOfAnotherCertificate: what the wrong private key signs does not leave, and is not believed.
func TestS04KeyOfAnotherCertificate(t *testing.T) {
	w := world()
	for name, d := range map[string]*big.Int{"0": new(big.Int), "n - 1": new(big.Int).Sub(order, big.NewInt(1)), "n": order, "n + 1": new(big.Int).Add(order, big.NewInt(1))} {
		if _, err := sm2.NewPrivateKeyFromInt(d); err == nil {
			t.Errorf("a private key of %s was made", name)
		}
	}
	other := ofdtest.Party{Cert: w.Signer.Cert, Key: ofdtest.NewKey(t)}
	judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Sign: other.Sign}}), trusting(), invalid("V22", "SIG_VALUE"))
	if _, err := ses.NewSeal(ses.SealInfo{Vid: "x", ESID: "1", Type: 1, Name: "x", SignerCerts: [][]byte{w.Signer.Cert.Raw}, CreateDate: ofdtest.Made, ValidStart: ofdtest.Made, ValidEnd: ofdtest.Ended,
		Picture: ses.Picture{Type: "PNG", Data: []byte("x"), WidthMM: 1, HeightMM: 1}}, w.Maker.Cert.Raw, other.Sign); err == nil {
		t.Error("a seal of the wrong key was given out")
	}
}

func TestS05StrictDER(t *testing.T) {
	long := func(tag byte, content []byte) []byte {
		return append([]byte{tag, 0x81, byte(len(content))}, content...)
	}
	for name, change := range map[string]func(r, s *big.Int, good []byte) []byte{
		"long form of length": func(_, _ *big.Int, good []byte) []byte { return long(0x30, good[2:]) },
		"indefinite":          func(_, _ *big.Int, good []byte) []byte { return append(append([]byte{0x30, 0x80}, good[2:]...), 0, 0) },
		"padded r": func(r, s *big.Int, _ []byte) []byte {
			return der.EncodeSequence(append([]byte{2, byte(len(der.EncodeInteger(r)) - 1), 0}, der.EncodeInteger(r)[2:]...), der.EncodeInteger(s))
		},
		"padded s": func(r, s *big.Int, _ []byte) []byte {
			return der.EncodeSequence(der.EncodeInteger(r), append([]byte{2, byte(len(der.EncodeInteger(s)) - 1), 0}, der.EncodeInteger(s)[2:]...))
		},
		"octet after":   func(_, _ *big.Int, good []byte) []byte { return append(good, 0) },
		"octets inside": func(_, _ *big.Int, good []byte) []byte { return der.EncodeSequence(good[2:], []byte{5, 0}) },
		"third integer": func(r, s *big.Int, _ []byte) []byte { return number(r, s, r) },
		"one integer":   func(r, _ *big.Int, _ []byte) []byte { return number(r) },
		"no integer":    func(_, _ *big.Int, _ []byte) []byte { return der.EncodeSequence() },
		"SET":           func(_, _ *big.Int, good []byte) []byte { good[0] = 0x31; return good },
		"octet strings": func(r, s *big.Int, _ []byte) []byte {
			return der.EncodeSequence(der.EncodeOctetString(r.Bytes()), der.EncodeOctetString(s.Bytes()))
		},
		"enumerated r": func(r, s *big.Int, _ []byte) []byte {
			e := der.EncodeInteger(r)
			e[0] = 10
			return der.EncodeSequence(e, der.EncodeInteger(s))
		},
		"enumerated s": func(r, s *big.Int, _ []byte) []byte {
			e := der.EncodeInteger(s)
			e[0] = 10
			return der.EncodeSequence(der.EncodeInteger(r), e)
		},
		"empty":                   func(_, _ *big.Int, _ []byte) []byte { return nil },
		"raw of 63":               func(_, _ *big.Int, _ []byte) []byte { return bytes.Repeat([]byte{1}, 63) },
		"raw of 65":               func(_, _ *big.Int, _ []byte) []byte { return bytes.Repeat([]byte{1}, 65) },
		"raw under a lead octet":  func(r, s *big.Int, _ []byte) []byte { return append([]byte{4}, raw(r, s)...) },
		"DER inside OCTET STRING": func(_, _ *big.Int, good []byte) []byte { return der.EncodeOctetString(good) },
		"cut":                     func(_, _ *big.Int, good []byte) []byte { return good[:len(good)-1] },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(p ofdtest.Party, message []byte) ([]byte, error) {
				r, s := parsed(t, p, message)
				return change(r, s, number(r, s)), nil
			}, "der")
		})
	}
	// Exactly 64 raw octets are read in these two fields, with a warning, and refused under --strict.
	for name, maker := range map[string]bool{"signer": false, "maker": true} {
		t.Run("raw of the "+name, func(t *testing.T) {
			data := signedWith(t, maker, func(p ofdtest.Party, message []byte) ([]byte, error) { return raw(parsed(t, p, message)), nil })
			judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
			judge(t, data, trusting(strictly), invalid("V22", "der"))
		})
	}
	t.Run("raw in a certificate", func(t *testing.T) {
		w := world()
		members := sequence(t, w.Signer.Cert.Raw)
		r, s := parsed(t, w.Issuing, w.Signer.Cert.RawTBS)
		judge(t, withSigner(t, der.EncodeSequence(members[0], members[1], der.EncodeBitString(raw(r, s)))), trusting(), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
}

func raw(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// withSigner is a document sealed by the world's key under another certificate for it.
func withSigner(t *testing.T, certificate []byte) []byte {
	t.Helper()
	w := world()
	seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{certificate} })
	return w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(certificate)}})
}

// over signs a digest e as it is.
func over(p ofdtest.Party, e []byte) ([]byte, error) {
	return p.Key.Sign(rand.Reader, e, nil)
}

func TestS06IdentityOfTheSigner(t *testing.T) {
	za := func(p ofdtest.Party, id string, entl []byte, message []byte) []byte {
		params := p.Key.Params()
		h := sm3.New()
		h.Write(entl)
		h.Write([]byte(id))
		a := new(big.Int).Sub(params.P, big.NewInt(3))
		for _, v := range []*big.Int{a, params.B, params.Gx, params.Gy, p.Key.X, p.Key.Y} {
			h.Write(v.FillBytes(make([]byte, 32)))
		}
		z := h.Sum(nil)
		sum := sm3.Sum(append(z, message...))
		return sum[:]
	}
	const id = pki.DefaultUserID
	t.Run("the own computation agrees", func(t *testing.T) {
		data := signedWith(t, false, func(p ofdtest.Party, m []byte) ([]byte, error) { return over(p, za(p, id, []byte{0, 0x80}, m)) })
		judge(t, data, trusting(), valid)
	})
	for name, digest := range map[string]func(p ofdtest.Party, m []byte) []byte{
		"ZA left out":    func(_ ofdtest.Party, m []byte) []byte { sum := sm3.Sum(m); return sum[:] },
		"ENTL in octets": func(p ofdtest.Party, m []byte) []byte { return za(p, id, []byte{0, 16}, m) },
		"ENTL left out":  func(p ofdtest.Party, m []byte) []byte { return za(p, id, nil, m) },
		"other ID":       func(p ofdtest.Party, m []byte) []byte { return za(p, "ALICE123@YAHOO.COM", []byte{0, 0x90}, m) },
		"empty ID":       func(p ofdtest.Party, m []byte) []byte { return za(p, "", []byte{0, 0}, m) },
		"ID of 15":       func(p ofdtest.Party, m []byte) []byte { return za(p, id[:15], []byte{0, 0x78}, m) },
		"ZA twice": func(p ofdtest.Party, m []byte) []byte {
			return za(p, id, []byte{0, 0x80}, append(za(p, id, []byte{0, 0x80}, nil), m...))
		},
		"other key's ZA": func(_ ofdtest.Party, m []byte) []byte { return za(world().Root, id, []byte{0, 0x80}, m) },
	} {
		t.Run(name, func(t *testing.T) {
			for check, maker := range map[string]bool{"SIG_VALUE": false, "SEAL_SIGNATURE": true} {
				judge(t, signedWith(t, maker, func(p ofdtest.Party, m []byte) ([]byte, error) { return over(p, digest(p, m)) }), trusting(), invalid("V22", check))
			}
		})
	}
}

func TestS07D24Algorithms(t *testing.T) {
	w := world()
	oids := map[string][]byte{
		"SM2 with SHA-256": {0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x76}, "ECDSA with SHA-256": {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02},
		"RSA with SHA-256": {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}, "SM3 alone": {0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11},
		"SM2 signing alone":             {0x06, 0x09, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x01},
		"SM2-with-SM3, odd parameters":  der.EncodeSequence(ofdtest.OIDSM2SM3, der.EncodeInt(1)),
		"SM2-with-SM3, two parameters":  der.EncodeSequence(ofdtest.OIDSM2SM3, []byte{5, 0}, []byte{5, 0}),
		"SM2-with-SM3, OID as argument": der.EncodeSequence(ofdtest.OIDSM2SM3, ofdtest.OIDSM2SM3),
	}
	for name, oid := range oids {
		t.Run("signature "+name, func(t *testing.T) {
			judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Algorithm: oid}}), trusting(), invalid("V22", "SIG_ALG"))
		})
		t.Run("seal "+name, func(t *testing.T) {
			seal := sequence(t, w.Seal(t, nil))
			judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: der.EncodeSequence(seal[0], seal[1], oid, seal[3])}}), trusting(), invalid("V22", "SIG_ALG"))
		})
		// In a certificate the identifier stands twice: both changed, and only one of them.
		algorithm := oid
		if oid[0] == 6 {
			algorithm = der.EncodeSequence(oid)
		}
		if strings.Contains(name, "two parameters") { // no AlgorithmIdentifier at all, so no certificate
			continue
		}
		members := sequence(t, w.Signer.Cert.Raw)
		t.Run("outer of the certificate "+name, func(t *testing.T) {
			judge(t, withSigner(t, der.EncodeSequence(members[0], algorithm, members[2])), trusting(), want{verify.Invalid, "", "SIG_ALG"}.any())
		})
		t.Run("inner of the certificate "+name, func(t *testing.T) {
			party := ofdtest.Resigned(t, w.Signer, w.Issuing, func(tbs []byte) []byte {
				inner := sequence(t, tbs)
				inner[2] = algorithm
				return der.EncodeSequence(inner...)
			})
			judge(t, withSigner(t, party.Cert.Raw), trusting(), want{verify.Invalid, "", "SIG_ALG"}.any())
		})
	}
	t.Run("digest of the references", func(t *testing.T) {
		judge(t, w.Sealed(t, ofdtest.Sealing{Describe: replaced(` CheckMethod="1.2.156.10197.1.401"`, ` CheckMethod="2.16.840.1.101.3.4.2.1"`)}), trusting(), invalid("V22", "weak_digest"))
	})
	t.Run("identifier with NULL", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Algorithm: der.EncodeSequence(ofdtest.OIDSM2SM3, []byte{5, 0})}})
		judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
		judge(t, data, trusting(strictly), invalid("V31", "SIG_FORMAT"))
	})
}

// any leaves the V-code open.
func (w want) any() want { w.vcode = "*"; return w }
