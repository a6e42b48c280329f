package pki_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// TestMadeMessages: what is made reads back in both families without deviations and binds its message; what does not verify is
// never returned as made.
func TestMadeMessages(t *testing.T) {
	w := ofdtest.New(t)
	message := []byte("message")
	for _, template := range []pki.SignedDataTemplate{{}, {GM: true, SigningTime: ofdtest.Time, Include: []*pki.Certificate{w.Issuing.Cert, w.Signer.Cert}}} {
		encoded, err := pki.MakeSignedData(template, message, w.Signer.Cert, w.Signer.Sign)
		if err != nil {
			t.Fatal(err)
		}
		made, err := pki.ParseSignedData(encoded)
		if err != nil {
			t.Fatal(err)
		}
		signer := made.Signers[0]
		if want := map[bool]string{false: pki.OIDPKCS7SignedData, true: pki.OIDGMSignedData}[template.GM]; made.ContentType != want || made.HasContent || len(made.Deviations) > 0 {
			t.Errorf("%+v", made)
		}
		if len(made.Certificates) != 1+len(template.Include)/2 || !signer.SigningTime.Equal(template.SigningTime) || !signer.Certificate.Equal(w.Signer.Cert) {
			t.Errorf("%d certificates, signed at %v", len(made.Certificates), signer.SigningTime)
		}
		if outcome := made.VerifySignerAny(signer, message); !outcome.Intact() || len(outcome.Deviations) > 0 {
			t.Errorf("%+v", outcome)
		}
		if outcome := made.VerifySignerAny(signer, []byte("other")); outcome.DigestErr == nil || outcome.ValueErr != nil {
			t.Errorf("another message: %+v", outcome)
		}
	}
	if _, err := pki.MakeSignedData(pki.SignedDataTemplate{}, message, w.Signer.Cert, w.Maker.Sign); !errors.Is(err, pki.ErrSignatureValue) {
		t.Errorf("signed with another key: %v", err)
	}
	broken := errors.New("no key")
	if _, err := pki.MakeSignedData(pki.SignedDataTemplate{}, message, w.Signer.Cert, func([]byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("key that does not answer: %v", err)
	}
	if _, err := pki.MakeSignedData(pki.SignedDataTemplate{SigningTime: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}, message, w.Signer.Cert, w.Signer.Sign); !errors.Is(err, pki.ErrTemplate) {
		t.Errorf("year 12026: %v", err)
	}
}

// A digest that is not known is not known, whatever stands around it.
func TestMessageOfAnUnknownDigest(t *testing.T) {
	w := ofdtest.New(t)
	encoded, err := pki.MakeSignedData(pki.SignedDataTemplate{}, []byte("message"), w.Signer.Cert, w.Signer.Sign)
	if err != nil {
		t.Fatal(err)
	}
	sm3 := []byte{0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11}
	for i := 0; i+len(sm3) <= len(encoded); i++ {
		if bytes.Equal(encoded[i:i+len(sm3)], sm3) {
			encoded[i+7] = 0x12
		}
	}
	made, err := pki.ParseSignedData(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if outcome := made.VerifySignerAny(made.Signers[0], []byte("message")); !errors.Is(outcome.ValueErr, pki.ErrAlgorithm) || outcome.DigestErr == nil {
		t.Errorf("%+v", outcome)
	}
}
