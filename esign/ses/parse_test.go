package ses

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func shared(t testing.TB, name string) []byte {
	t.Helper()
	return testkit.SharedFile(t, "vectors/ofd/"+name)
}

func TestV1Forms(t *testing.T) {
	w := newWorld(t)
	june := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	text := func(s string) []byte { return der.EncodeBitString([]byte(s)) }
	utcTime := append(der.Header(der.Universal, der.TagUTCTime, false, 13), "260601000000Z"...)
	v4 := w.seal(t, nil)
	extensions := der.EncodeExplicit(0, der.EncodeSequence())
	tests := []struct {
		name      string
		options   v1Options
		structure Structure
		moment    time.Time
		token     bool
		deviates  []Deviation // of the signature
		sealOdd   []Deviation
	}{
		{"text without zone is UTC+8", v1Options{}, V1, june, false, []Deviation{TimeInfoText, TimeInfoNoZone}, nil},
		{"text with zone", v1Options{timeInfo: text("2026-06-01T00:00:00.000Z")}, V1, june, false, []Deviation{TimeInfoText}, nil},
		{"UTCTime in the BIT STRING", v1Options{timeInfo: der.EncodeBitString(utcTime)}, V1, june, false, nil, nil},
		{"UTCTime alone", v1Options{timeInfo: utcTime}, V1, june, false, nil, nil},
		{"token in the BIT STRING", v1Options{timeInfo: der.EncodeBitString(der.EncodeSequence())}, V1, time.Time{}, true, nil, nil},
		{"OCTET STRING", v1Options{timeInfo: der.EncodeOctetString([]byte("20260601000000Z"))}, V1, june, false, []Deviation{TimeInfoOctets, TimeInfoText}, nil},
		{"unreadable", v1Options{timeInfo: text("yesterday")}, V1, time.Time{}, false, []Deviation{TimeInfoUnreadable}, nil},
		{"version 4 in the V1 shape", v1Options{version: 4, timeInfo: utcTime}, V1, june, false, nil, []Deviation{HeaderVersionOdd}},
		{"version 5 in the V1 shape", v1Options{version: 5, timeInfo: utcTime}, V1, june, false, nil, []Deviation{HeaderVersionOdd}},
		{"GeneralizedTime", v1Options{generalized: true, timeInfo: utcTime}, V1, june, false, nil, []Deviation{TimeAsGeneralized}},
		{"signInfo in a BIT STRING", v1Options{signInfoBits: true, timeInfo: utcTime}, V1, june, false, nil, []Deviation{SignInfoBits}},
		{"C0119: V4 seal in the V1 signature", v1Options{innerSeal: v4, version: 4, timeInfo: utcTime}, C0119, june, false, nil, nil},
		{"C0119: extensions", v1Options{extensions: extensions, timeInfo: utcTime}, C0119, june, false, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, input := w.v1(t, test.options)
			signature, err := ParseSignature(input)
			if err != nil {
				t.Fatal(err)
			}
			if signature.Structure != test.structure || !signature.Time.Moment.Equal(test.moment) || (signature.Time.Token != nil) != test.token {
				t.Errorf("structure %s, time %s, token %x", signature.Structure, signature.Time.Moment, signature.Time.Token)
			}
			if fmt.Sprint(signature.Deviations) != fmt.Sprint(test.deviates) || fmt.Sprint(signature.Seal.Deviations) != fmt.Sprint(test.sealOdd) {
				t.Errorf("deviations %v, in the seal %v", signature.Deviations, signature.Seal.Deviations)
			}
			if _, err := signature.CheckSignature(w.signer, nil); err != nil {
				t.Errorf("value: %v", err)
			}
			if _, err := signature.Seal.CheckSignature(w.maker, nil); err != nil {
				t.Errorf("seal: %v", err)
			}
			if !signature.Seal.ListsSigner(w.signer.Raw) || signature.Seal.ListsSigner(w.maker.Raw) || signature.Seal.ListsSigner(nil) {
				t.Error("signer list")
			}
			_, err = ParseSignatureStrict(input)
			if deviates := len(test.deviates)+len(test.sealOdd) > 0; deviates != IsStrict(err) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

// splice replaces a part of an encoding and mends the lengths around it.
func splice(t testing.TB, input []byte, find func(path string, value der.Value) []byte) []byte {
	t.Helper()
	reader := &der.Reader{}
	root, err := reader.Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	var build func(path string, value der.Value) []byte
	build = func(path string, value der.Value) []byte {
		if changed := find(path, value); changed != nil {
			return changed
		}
		if !value.Constructed {
			return value.Raw
		}
		children, err := reader.Children(value)
		if err != nil {
			t.Fatal(err)
		}
		var content []byte
		for i, child := range children {
			content = append(content, build(fmt.Sprintf("%s.%d", path, i), child)...)
		}
		return append(der.Header(value.Class, value.Tag, true, len(content)), content...)
	}
	return build("", root)
}

// at replaces the member at a path such as ".0.2.3".
func at(path string, replacement []byte) func(string, der.Value) []byte {
	return func(here string, _ der.Value) []byte {
		if here == path {
			return replacement
		}
		return nil
	}
}

// TestSealDeviations has one deviation a case: it is read under its name and refused strictly.
func TestSealDeviations(t *testing.T) {
	w := newWorld(t)
	plain := w.seal(t, nil)
	extended := w.seal(t, func(i *SealInfo) { i.Extensions = []Extension{{ID: "1.2.3", Value: []byte("x")}} })
	digested := w.seal(t, func(i *SealInfo) {
		i.SignerCerts, i.SignerDigests = nil, []CertDigest{{Type: "SM3", Value: make([]byte, 32)}}
	})
	ia5 := func(s string) []byte { return append(der.Header(0, der.TagIA5String, false, len(s)), s...) }
	utf8 := func(s string) []byte { return append(der.Header(0, der.TagUTF8String, false, len(s)), s...) }
	utcTime := append(der.Header(0, der.TagUTCTime, false, 13), "260201000000Z"...)
	extension := func(critical byte) []byte {
		return der.EncodeSequence(der.EncodeSequence([]byte{6, 2, 0x2a, 3}, []byte{1, 1, critical}, der.EncodeOctetString([]byte("x"))))
	}
	tests := []struct {
		want  Deviation
		seal  []byte
		where string
		value []byte
	}{
		{CriticalFalse, extended, ".0.4", extension(0)},
		{der.BooleanNotFF, extended, ".0.4", extension(1)},
		{ExtensionsTagged, extended, ".0.4", der.EncodeExplicit(0, extension(0xff))},
		{TimeAsUTCTime, plain, ".0.2.4", utcTime},
		{CertListText, plain, ".0.2.3", der.EncodeSequence(ia5("1"))},
		{CertListText, plain, ".0.2.3", der.EncodeSequence(append([]byte{der.TagUTF8String}, ia5("1")[1:]...))},
		{CertListText, plain, ".0.2.3", der.EncodeSequence(append([]byte{der.TagPrintableString}, ia5("1")[1:]...))},
		{CertListUnknown, plain, ".0.2.2", der.EncodeInt(3)},
		{CertListUnknown, plain, ".0.2.2", der.EncodeInt(0)},
		{CertListEmpty, plain, ".0.2.3", der.EncodeSequence()},
		{DigestTypeString, digested, ".0.2.3.0.0", ia5("SM3")},
		{HeaderVersionOdd, plain, ".0.0.1", der.EncodeInt(11)},
		{StringTypeOdd, plain, ".0.1", utf8("37030000001721")},
		{CertificateNotWrapped, plain, ".1", w.maker.Raw},
		{SealCertificateIsEmpty, plain, ".1", der.EncodeOctetString(nil)},
		{AlgorithmAsSequence, plain, ".2", der.EncodeSequence(oidSM2WithSM3)},
		{SignatureOctets, plain, ".3", der.EncodeOctetString([]byte{1})},
		{der.IntegerPadded, plain, ".0.0.1", []byte{2, 2, 0, 4}},
		{der.StringCharacters, plain, ".0.1", append([]byte{der.TagIA5String, 3}, "印"...)},
	}
	for _, test := range tests {
		t.Run(string(test.want)+test.where, func(t *testing.T) {
			input := splice(t, test.seal, at(test.where, test.value))
			seal, err := ParseSeal(input)
			if err != nil {
				t.Fatal(err)
			}
			if len(seal.Deviations) != 1 || seal.Deviations[0] != test.want {
				t.Errorf("deviations %v", seal.Deviations)
			}
			if _, err := ParseSealStrict(input); !IsStrict(err) || !errors.Is(err, ErrFormat) {
				t.Errorf("strict: %v", err)
			}
			if !bytes.Equal(seal.Raw, input) || !bytes.Contains(input, seal.RawInfo) {
				t.Error("raw octets are not those received")
			}
		})
	}
}

func TestSignatureDeviations(t *testing.T) {
	w := newWorld(t)
	info := w.signatureInfo(w.seal(t, nil))
	info.Timestamp = func([]byte) ([]byte, error) { return []byte{0x30, 0}, nil }
	info.Extensions = []Extension{{ID: "1.2.3", Value: []byte("x")}}
	whole, err := NewSignature(info, w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		t.Fatal(err)
	}
	utcTime := append(der.Header(0, der.TagUTCTime, false, 13), "260601000000Z"...)
	tests := []struct {
		want  Deviation
		where string
		value []byte
	}{
		{TBSVersionDiffers, ".0.0", der.EncodeInt(5)},
		{TimeAsUTCTime, ".0.2", utcTime},
		{HashOctets, ".0.3", der.EncodeOctetString(make([]byte, 32))},
		{ExtensionsUntagged, ".0.5", der.EncodeSequence()},
		{TimestampImplicit, ".4", []byte{0x80, 3, 0, 0x30, 0}},
		{SignatureOctets, ".4", der.EncodeExplicit(0, der.EncodeOctetString([]byte{0x30, 0}))},
	}
	for _, test := range tests {
		t.Run(string(test.want)+test.where, func(t *testing.T) {
			input := splice(t, whole, at(test.where, test.value))
			signature, err := ParseSignature(input)
			if err != nil {
				t.Fatal(err)
			}
			if len(signature.Deviations) != 1 || signature.Deviations[0] != test.want {
				t.Errorf("deviations %v", signature.Deviations)
			}
			if _, err := ParseSignatureStrict(input); !IsStrict(err) {
				t.Errorf("strict: %v", err)
			}
			if test.where == ".4" && !bytes.Equal(signature.Timestamp, []byte{0x30, 0}) {
				t.Errorf("time stamp %x", signature.Timestamp)
			}
		})
	}
}

func TestShapesAreRefused(t *testing.T) {
	w := newWorld(t)
	seal := w.seal(t, nil)
	v1Seal, v1Signature := w.v1(t, v1Options{})
	signature, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		t.Fatal(err)
	}
	sequence := der.EncodeSequence
	null := []byte{5, 0}
	seals := map[string][]byte{
		"empty":                       nil,
		"a signature":                 signature,
		"a certificate":               w.maker.Raw,
		"SEQUENCE of nothing":         sequence(),
		"three members":               sequence(null, null, null),
		"six members":                 sequence(null, null, null, null, null, null),
		"eSealInfo of three":          splice(t, seal, at(".0", sequence(null, null, null))),
		"eSealInfo of six":            splice(t, seal, at(".0", sequence(null, null, null, null, null, null))),
		"header of two":               splice(t, seal, at(".0.0", sequence(null, null))),
		"S-25 V1 property in V4":      splice(t, seal, at(".0.2", sequence(null, null, null, null, null, null))),
		"S-25 V4 property in V1":      splice(t, v1Seal, at(".0.2", sequence(null, null, null, null, null, null, null))),
		"header ID is not ES":         splice(t, seal, at(".0.0.0", append([]byte{der.TagIA5String, 2}, "XX"...))),
		"name is a number":            splice(t, seal, at(".0.2.1", der.EncodeInt(1))),
		"type of 40 bits":             splice(t, seal, at(".0.2.0", []byte{2, 5, 1, 0, 0, 0, 0})),
		"date is text":                splice(t, seal, at(".0.2.4", append([]byte{12, 4}, "2026"...))),
		"picture of three":            splice(t, seal, at(".0.3", sequence(null, null, null))),
		"picture data is text":        splice(t, seal, at(".0.3.1", []byte{12, 1, 'a'})),
		"digest of one":               splice(t, splice(t, seal, at(".0.2.2", der.EncodeInt(2))), at(".0.2.3", sequence(sequence(null)))),
		"signature with unused bits":  splice(t, seal, at(".3", []byte{3, 2, 1, 2})),
		"algorithm is empty":          splice(t, seal, at(".2", sequence())),
		"fifth member is not [0]":     sequence(null, null, null, null, null),
		"signInfo of two":             splice(t, v1Seal, at(".1", sequence(null, null))),
		"signInfo is an OCTET STRING": splice(t, v1Seal, at(".1", der.EncodeOctetString([]byte{1}))),
		"extDatas is no list":         splice(t, seal, func(path string, value der.Value) []byte { return appendMember(t, path, ".0", value, null) }),
		"extension of one": splice(t, seal, func(path string, value der.Value) []byte {
			return appendMember(t, path, ".0", value, sequence(sequence(null)))
		}),
		"257 extensions": splice(t, seal, func(path string, value der.Value) []byte {
			return appendMember(t, path, ".0", value, sequence(bytes.Repeat([]byte{0x30, 0}, 257)))
		}),
		"S-15 4 GiB":                   {0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
		"S-15 depth 10,000":            bytes.Repeat([]byte{0x30, 0x80}, 10_000),
		"trailing octet":               append(bytes.Clone(seal), 0),
		"cut short":                    seal[:len(seal)-1],
		"time stamp tag holds nothing": splice(t, seal, func(path string, value der.Value) []byte { return appendMember(t, path, "", value, []byte{0xa0, 0}) }),
	}
	for name, input := range seals {
		t.Run("seal: "+name, func(t *testing.T) {
			if _, err := ParseSeal(input); !errors.Is(err, ErrFormat) {
				t.Errorf("error = %v", err)
			}
		})
	}
	signatures := map[string][]byte{
		"empty":              nil,
		"a seal":             seal,
		"a V1 seal":          v1Seal,
		"three members":      sequence(null, null, null),
		"TBS of four":        splice(t, signature, at(".0", sequence(null, null, null, null))),
		"TBS of seven in V4": splice(t, signature, at(".0", sequence(null, null, null, null, null, null, null))),
		"S-25 V1 seal in V4": splice(t, signature, at(".0.1", v1Seal)),
		"S-25 V4 TBS in V1":  sequence(splice(t, signature, at(".0.2", []byte{5, 0})), null),
		"time is text":       splice(t, signature, at(".0.2", append([]byte{12, 4}, "2026"...))),
		"extDatas of another tag": splice(t, signature, func(path string, value der.Value) []byte {
			return appendMember(t, path, ".0", value, der.EncodeExplicit(1, sequence()))
		}),
		"time stamp of another tag": splice(t, signature, func(path string, value der.Value) []byte {
			return appendMember(t, path, "", value, der.EncodeExplicit(1, der.EncodeBitString([]byte{1})))
		}),
		"implicit time stamp with unused bits": splice(t, signature, func(path string, value der.Value) []byte {
			return appendMember(t, path, "", value, []byte{0x80, 2, 1, 2})
		}),
		"implicit time stamp of nothing": splice(t, signature, func(path string, value der.Value) []byte { return appendMember(t, path, "", value, []byte{0x80, 0}) }),
		"V1 TBS of six":                  splice(t, v1Signature, at(".0", sequence(null, null, null, null, null, null))),
		"V1 eighth member":               splice(t, v1Signature, func(path string, value der.Value) []byte { return appendMember(t, path, ".0", value, []byte{0xa1, 0}) }),
		"trailing octet":                 append(bytes.Clone(signature), 0),
	}
	for name, input := range signatures {
		t.Run("signature: "+name, func(t *testing.T) {
			if _, err := ParseSignature(input); !errors.Is(err, ErrFormat) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// appendMember adds a member to the value at a path.
func appendMember(t testing.TB, here, path string, value der.Value, member []byte) []byte {
	t.Helper()
	if here != path {
		return nil
	}
	return append(der.Header(value.Class, value.Tag, true, len(value.Content)+len(member)), append(bytes.Clone(value.Content), member...)...)
}

// TestCoverage flips every octet of a seal signature: nothing may still verify.
func TestCoverage(t *testing.T) {
	w := newWorld(t)
	input, err := NewSignature(w.signatureInfo(w.seal(t, nil)), w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		t.Fatal(err)
	}
	holds := func(input []byte) bool {
		signature, err := ParseSignature(input)
		if err != nil {
			return false
		}
		signer, err := pki.ParseCertificate(signature.SignerCert)
		if err != nil {
			return false
		}
		maker, err := pki.ParseCertificate(signature.Seal.MakerCert)
		if err != nil {
			return false
		}
		_, valueErr := signature.CheckSignature(signer, nil)
		_, sealErr := signature.Seal.CheckSignature(maker, nil)
		return valueErr == nil && sealErr == nil && signature.Seal.ListsSigner(signature.SignerCert)
	}
	if !holds(input) {
		t.Fatal("untouched signature does not hold")
	}
	for i := range input {
		changed := bytes.Clone(input)
		changed[i] ^= 1
		if holds(changed) {
			t.Errorf("octet %d of %d is not covered", i, len(input))
		}
	}
}

func TestCheckSignatureCodes(t *testing.T) {
	w := newWorld(t)
	seal, err := ParseSeal(w.seal(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("another certificate", func(t *testing.T) {
		if _, err := seal.CheckSignature(w.signer, nil); pki.Code(err) != pki.CodeKey {
			t.Error(err)
		}
	})
	t.Run("S-07 other algorithm", func(t *testing.T) {
		changed := *seal
		changed.SignatureAlgorithm = pki.OIDECDSAWithSHA256
		if _, err := changed.CheckSignature(w.maker, nil); pki.Code(err) != pki.CodeAlgorithm {
			t.Error(err)
		}
	})
	t.Run("S-03 certificate without a usable key", func(t *testing.T) {
		broken := *w.maker
		broken.PublicKey, broken.KeyError = nil, pki.ErrKeyInvalid
		if _, err := seal.CheckSignature(&broken, nil); pki.Code(err) != pki.CodeKey {
			t.Error(err)
		}
	})
	t.Run("another signer's certificate", func(t *testing.T) {
		signature := &Signature{SignerCert: w.signer.Raw, SignatureAlgorithm: pki.OIDSM2WithSM3}
		if _, err := signature.CheckSignature(w.maker, nil); pki.Code(err) != pki.CodeKey {
			t.Error(err)
		}
	})
	t.Run("S-07 certificate of another kind of key", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		other := *w.maker
		other.PublicKey = &key.PublicKey
		if _, err := seal.CheckSignature(&other, nil); pki.Code(err) != pki.CodeAlgorithm {
			t.Error(err)
		}
	})
	t.Run("an empty entry lists nobody", func(t *testing.T) {
		empty := &Seal{Property: Property{Certs: [][]byte{{}}}}
		if empty.ListsSigner(nil) || empty.ListsSigner([]byte{}) {
			t.Error("no certificate is listed")
		}
	})
	t.Run("S-05 raw r‖s is read and named", func(t *testing.T) {
		raw, err := pki.SM2SignatureToRaw(seal.SignatureValue)
		if err != nil {
			t.Fatal(err)
		}
		changed := *seal
		changed.SignatureValue = raw
		if encoding, err := changed.CheckSignature(w.maker, nil); err != nil || encoding != pki.EncodingRaw {
			t.Error(encoding, err)
		}
	})
}

func FuzzParseSeal(f *testing.F) {
	w := newWorld(f)
	v1, _ := w.v1(f, v1Options{})
	f.Add(v1)
	f.Add(w.seal(f, nil))
	f.Add(w.seal(f, func(i *SealInfo) { i.Structure = V5 }))
	f.Fuzz(func(t *testing.T, input []byte) {
		seal, err := ParseSeal(input)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if !bytes.Equal(seal.Raw, input) {
			t.Fatal("seal is not the input")
		}
		if strict, err := ParseSealStrict(input); (err == nil) != (len(seal.Deviations) == 0) || err == nil && strict.ESID != seal.ESID {
			t.Fatalf("strict %v, deviations %v", err, seal.Deviations)
		}
	})
}

func FuzzParseSignature(f *testing.F) {
	w := newWorld(f)
	_, v1 := w.v1(f, v1Options{})
	v4, err := NewSignature(w.signatureInfo(w.seal(f, nil)), w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v1)
	f.Add(v4)
	f.Fuzz(func(t *testing.T, input []byte) {
		signature, err := ParseSignature(input)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if !bytes.Equal(signature.Raw, input) || !bytes.Contains(signature.RawTBS, signature.Seal.Raw) {
			t.Fatal("parts are not of the input")
		}
		deviates := len(signature.Deviations)+len(signature.Seal.Deviations) > 0
		if _, err := ParseSignatureStrict(input); (err != nil) != deviates {
			t.Fatalf("strict %v, deviations %v", err, signature.Deviations)
		}
	})
}

func BenchmarkParseSignature(b *testing.B) {
	input := shared(b, "signatures/SignedValueV4.dat")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSignature(input); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckSignature(b *testing.B) {
	signature, err := ParseSignature(shared(b, "signatures/SignedValueV4.dat"))
	if err != nil {
		b.Fatal(err)
	}
	signer, err := pki.ParseCertificate(signature.SignerCert)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signature.CheckSignature(signer, nil); err != nil {
			b.Fatal(err)
		}
	}
}
