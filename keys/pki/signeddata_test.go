package pki

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// messageForm is a GB/T 35275 message made by hand, for the forms that makers use.
type messageForm struct {
	outer, inner string
	digest, sign string
	parameters   []byte // of both algorithms
	content      []byte
	attributes   [][]byte // encoded, in this order; value covers them under tag 0x31
	certificate  *Certificate
	key          *sm2.PrivateKey
	signed       []byte // what the value covers when not content or attributes
	raw          bool
	version      int
}

func oidOf(t testing.TB, dotted string) []byte {
	t.Helper()
	encoded, err := der.EncodeOID(dotted)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func attribute(t testing.TB, oid string, values ...[]byte) []byte {
	t.Helper()
	return der.EncodeSequence(oidOf(t, oid), der.EncodeSet(values...))
}

func (f messageForm) encode(t testing.TB) []byte {
	t.Helper()
	signed := f.signed
	if f.content != nil {
		signed = f.content
	}
	if f.attributes != nil {
		signed = der.EncodeSet(f.attributes...)
	}
	value, err := f.key.Sign(rand.Reader, signed, sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	if f.raw {
		if value, err = SM2SignatureToRaw(value); err != nil {
			t.Fatal(err)
		}
	}
	digest := der.EncodeSequence(oidOf(t, f.digest), f.parameters)
	content := oidOf(t, f.inner)
	if f.content != nil {
		content = append(content, der.EncodeExplicit(0, der.EncodeOctetString(f.content))...)
	}
	signer := [][]byte{der.EncodeInt(f.version), der.EncodeSequence(f.certificate.Issuer.Raw, der.EncodeInteger(f.certificate.Serial)), digest}
	if f.attributes != nil {
		joined := bytes.Join(f.attributes, nil)
		signer = append(signer, append(der.Header(der.Context, 0, true, len(joined)), joined...))
	}
	signer = append(signer, der.EncodeSequence(oidOf(t, f.sign), f.parameters), der.EncodeOctetString(value))
	certificates := append(der.Header(der.Context, 0, true, len(f.certificate.Raw)), f.certificate.Raw...)
	return der.EncodeSequence(oidOf(t, f.outer), der.EncodeExplicit(0, der.EncodeSequence(
		der.EncodeInt(1), der.EncodeSet(digest), der.EncodeSequence(content), certificates, der.EncodeSet(der.EncodeSequence(signer...)))))
}

func TestMessageForms(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key := newKey(t)
	certificate := root.issue(t, ProfileSealSigner, "signer", &key.PublicKey)
	message := []byte("<Signature/>")
	sum := sm3.Sum(message)
	contentType := attribute(t, OIDAttrContentType, oidOf(t, OIDGMData))
	digest := attribute(t, OIDAttrDigest, der.EncodeOctetString(sum[:]))
	moment, err := der.EncodeGeneralizedTime(middle)
	if err != nil {
		t.Fatal(err)
	}
	signingTime := attribute(t, OIDAttrSigningTime, moment)
	contentDigest := sm3.Sum(sum[:])
	good := messageForm{outer: OIDGMSignedData, inner: OIDGMData, digest: OIDSM3, sign: OIDSM2Sign, certificate: certificate, key: key, version: 1}
	tests := []struct {
		name       string
		change     func(*messageForm)
		message    []byte
		valueCode  string
		digestCode string
		deviations []Deviation
	}{
		{"digest as content", func(f *messageForm) { f.content = sum[:] }, message, "", "", nil},
		{"message as content", func(f *messageForm) { f.content = message }, message, "", "", nil},
		{"digest as Base64 content", func(f *messageForm) { f.content = []byte(base64.StdEncoding.EncodeToString(sum[:])) }, message, "", "", []Deviation{ContentBase64}},
		{"message as Base64 content", func(f *messageForm) { f.content = []byte(base64.StdEncoding.EncodeToString(message)) }, message, "", "", []Deviation{ContentBase64}},
		{"detached without attributes", func(f *messageForm) { f.signed = message }, message, "", "", nil},
		{"detached with attributes", func(f *messageForm) { f.attributes = [][]byte{contentType, signingTime, digest} }, message, "", "", nil},
		{"content and attributes", func(f *messageForm) {
			f.content = sum[:]
			f.attributes = [][]byte{contentType, attribute(t, OIDAttrDigest, der.EncodeOctetString(contentDigest[:]))}
		}, message, "", "", nil},
		{"PKCS #7 identifiers", func(f *messageForm) { f.outer, f.inner, f.content = OIDPKCS7SignedData, OIDPKCS7Data, sum[:] }, message, "", "", nil},
		{"raw r‖s", func(f *messageForm) { f.content, f.raw = sum[:], true }, message, "", "", []Deviation{SignatureRaw}},
		{"SM2-with-SM3 as signature identifier", func(f *messageForm) { f.content, f.sign = sum[:], OIDSM2WithSM3 }, message, "", "", []Deviation{SignatureAlgorithmOdd}},
		{"S-07 SHA-256", func(f *messageForm) { f.content, f.digest = sum[:], OIDSHA256 }, message, CodeAlgorithm, "", nil},
		{"S-07 RSA", func(f *messageForm) { f.content, f.sign = sum[:], OIDRSAEncryption }, message, CodeAlgorithm, "", nil},
		{"S-07 odd parameters", func(f *messageForm) { f.content, f.parameters = sum[:], der.EncodeInt(1) }, message, CodeAlgorithm, "", nil},
		{"NULL parameters", func(f *messageForm) { f.content, f.parameters = sum[:], []byte{5, 0} }, message, "", "", nil},
		{"other message", func(f *messageForm) { f.content = sum[:] }, []byte("x"), "", CodeValue, nil},
		{"other message, attributes", func(f *messageForm) { f.attributes = [][]byte{contentType, digest} }, []byte("x"), "", CodeValue, nil},
		{"other message, detached", func(f *messageForm) { f.signed = message }, []byte("x"), CodeValue, "", nil},
		{"attributes of other content", func(f *messageForm) { f.content, f.attributes = sum[:], [][]byte{contentType, digest} }, message, "", CodeValue, nil},
		{"attributes without digest", func(f *messageForm) { f.attributes = [][]byte{contentType} }, message, "", CodeValue, nil},
		{"no message at all", func(f *messageForm) { f.signed = message }, nil, CodeValue, CodeValue, nil},
		{"signed by another key", func(f *messageForm) { f.content, f.key = sum[:], newKey(t) }, message, CodeValue, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			form := good
			test.change(&form)
			parsed, err := ParseSignedData(form.encode(t))
			if err != nil {
				t.Fatal(err)
			}
			result := parsed.VerifySigner(parsed.Signers[0], test.message, nil)
			if Code(result.ValueErr) != test.valueCode || Code(result.DigestErr) != test.digestCode || !equalDeviations(result.Deviations, test.deviations) {
				t.Errorf("value %v, digest %v, deviations %v", result.ValueErr, result.DigestErr, result.Deviations)
			}
			if result.Intact() != (test.valueCode == "" && test.digestCode == "") {
				t.Error("Intact")
			}
			if len(form.attributes) == 3 && !parsed.Signers[0].SigningTime.Equal(middle.Truncate(time.Second)) {
				t.Errorf("signing time %s", parsed.Signers[0].SigningTime)
			}
		})
	}
	t.Run("every octet of the attributes is covered", func(t *testing.T) {
		form := good
		form.attributes = [][]byte{contentType, signingTime, digest}
		encoded := form.encode(t)
		covered := bytes.Index(encoded, bytes.Join(form.attributes, nil))
		for i := range len(bytes.Join(form.attributes, nil)) {
			changed := bytes.Clone(encoded)
			changed[covered+i] ^= 1
			parsed, err := ParseSignedData(changed)
			if err == nil && parsed.VerifySigner(parsed.Signers[0], message, nil).Intact() {
				t.Errorf("octet %d is not covered", i)
			}
		}
	})
	t.Run("refused", func(t *testing.T) {
		for name, change := range map[string]func(*messageForm){
			"attribute twice":    func(f *messageForm) { f.attributes = [][]byte{digest, digest} },
			"digest of two":      func(f *messageForm) { f.attributes = [][]byte{attribute(t, OIDAttrDigest, []byte{4, 0}, []byte{4, 0})} },
			"outer type is data": func(f *messageForm) { f.outer = OIDGMData },
		} {
			form := good
			form.content = sum[:]
			change(&form)
			if _, err := ParseSignedData(form.encode(t)); !errors.Is(err, ErrMessage) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("signer's certificate is elsewhere", func(t *testing.T) {
		form := good
		form.content = sum[:]
		parsed, err := ParseSignedData(form.encode(t))
		if err != nil {
			t.Fatal(err)
		}
		parsed.Signers[0].Certificate = nil
		if result := parsed.VerifySigner(parsed.Signers[0], message, nil); Code(result.ValueErr) != CodeKey {
			t.Errorf("no certificate: %v", result.ValueErr)
		}
		if result := parsed.VerifySigner(parsed.Signers[0], message, certificate); !result.Intact() {
			t.Errorf("certificate given: %+v", result)
		}
		if result := parsed.VerifySigner(parsed.Signers[0], message, root.certificate); Code(result.ValueErr) != CodeValue {
			t.Errorf("another certificate given: %+v", result)
		}
	})
	t.Run("signer version 3 is named", func(t *testing.T) {
		form := good
		form.content, form.version = sum[:], 3
		parsed, err := ParseSignedData(form.encode(t))
		if err != nil || !equalDeviations(parsed.Deviations, []Deviation{SignerVersionOdd}) {
			t.Errorf("%v, %v", parsed, err)
		}
	})
}
