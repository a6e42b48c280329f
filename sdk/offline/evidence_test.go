package offline

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// TestKindsOfTrust: each kind of file is known by itself, and goes where it belongs.
func TestKindsOfTrust(t *testing.T) {
	w := ofdtest.New(t)
	v := New()
	for _, content := range [][]byte{w.Root.Cert.Raw, w.Issuing.Cert.EncodePEM(), ofdtest.CRL(t, w.Issuing).Raw} {
		if err := v.AddTrustBytes(content); err != nil {
			t.Fatal(err)
		}
	}
	if v.options.Roots.Len() != 1 || v.options.Intermediates.Len() != 1 || len(v.options.CRLs) != 1 || !v.options.Roots.Contains(w.Root.Cert) {
		t.Errorf("%d roots, %d others, %d lists", v.options.Roots.Len(), v.options.Intermediates.Len(), len(v.options.CRLs))
	}
	for kind, into := range map[translog.KeyType]*[]translog.Key{translog.SM2Key: &v.options.Log.Log, translog.SM2Cosigner: &v.options.Log.Witnesses} {
		private, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k, err := translog.NewKey("log.example", kind, &private.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.AddTrustBytes([]byte(k.String() + "\n")); err != nil || len(*into) != 1 || (*into)[0].String() != k.String() {
			t.Errorf("%d keys: %v", len(*into), err)
		}
	}
	for name, content := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "OCSP answer that is none": pki.EncodeOCSPStatus(pki.OCSPTryLater)} {
		if err := v.AddTrustBytes(content); !errors.Is(err, ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A certificate after which so much stands that the file is as large as may be read, and one octet more.
	padded := append(w.Root.Cert.EncodePEM(), bytes.Repeat([]byte("\n"), MaxTrustFile-len(w.Root.Cert.EncodePEM()))...)
	if err := v.AddTrustBytes(padded); err != nil {
		t.Errorf("a file of %d octets: %v", len(padded), err)
	}
	if err := v.AddTrustBytes(append(padded, '\n')); !errors.Is(err, ErrTrust) {
		t.Errorf("one octet more: %v", err)
	}
}

// TestAskingIsBegunForEachJudgement: at the moment of the judgement, and only by who was given a way to ask.
func TestAskingIsBegunForEachJudgement(t *testing.T) {
	w := ofdtest.New(t)
	signer := w.Issue(t, pki.ProfileSealMaker, "制章", func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} })
	seal := w.SealBy(t, signer, signer.Sign, nil)
	v := New()
	for _, c := range []*pki.Certificate{w.Root.Cert, w.Issuing.Cert} {
		if err := v.AddTrustBytes(c.Raw); err != nil {
			t.Fatal(err)
		}
	}
	if got := v.VerifyAt(ofdtest.Now, "a.esl", seal); got.Code != "V01" {
		t.Errorf("without asking: %s", got.Code)
	}
	begun, asked := time.Time{}, 0
	v.SetAsking(func(at time.Time) func(certificate, issuer *pki.Certificate) (pki.Evidence, []string) {
		begun = at
		return func(certificate, issuer *pki.Certificate) (pki.Evidence, []string) {
			asked++
			return pki.Evidence{CRLs: []*pki.CRL{ofdtest.CRL(t, w.Issuing)}}, nil
		}
	})
	if got := v.VerifyAt(ofdtest.Now, "a.esl", seal); got.Code != "V00" || !begun.Equal(ofdtest.Now) || asked == 0 {
		t.Errorf("%s, begun at %v, asked %d times", got.Code, begun, asked)
	}
	v.SetTime(ofdtest.Now.Add(time.Hour))
	v.VerifyAt(ofdtest.Now, "a.esl", seal)
	if !begun.Equal(ofdtest.Now.Add(time.Hour)) {
		t.Errorf("begun at %v", begun)
	}
}
