package offline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestOCSPResponsesAreEvidence: a response among the files of trust tells the state of a certificate that asks for evidence.
func TestOCSPResponsesAreEvidence(t *testing.T) {
	w := ofdtest.New(t)
	signer := w.Issue(t, pki.ProfileSealSigner, "37030000001721", func(tp *pki.CertificateTemplate) { tp.OCSPURLs = []string{"http://ocsp.example/ocsp"} })
	seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	document := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
	id, err := pki.NewCertID(pki.OIDSM3, signer.Cert.Serial, w.Issuing.Cert)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(state pki.RevocationState) []byte {
		made, err := pki.MakeOCSPResponse(pki.OCSPTemplate{ProducedAt: ofdtest.Now, Singles: []pki.OCSPSingle{{ID: id, State: state, RevokedAt: ofdtest.Made,
			ThisUpdate: ofdtest.Now.Add(-time.Minute), NextUpdate: ofdtest.Now.Add(time.Hour)}}}, w.Issuing.Cert, w.Issuing.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	for name, c := range map[string]struct {
		file    []byte
		verdict verify.Verdict
		reason  string
	}{
		"none":    {nil, verify.Indeterminate, "revocation_unknown"},
		"good":    {answer(pki.RevocationGood), verify.Valid, ""},
		"revoked": {answer(pki.RevocationRevoked), verify.Invalid, "SIGNER_REVOKED_BEFORE"},
		"unknown": {answer(pki.RevocationUnknown), verify.Indeterminate, "revocation_unknown"},
	} {
		v := New()
		for _, file := range [][]byte{w.Root.Cert.Raw, w.Issuing.Cert.Raw, c.file} {
			if file == nil {
				continue
			}
			if err := v.AddTrustBytes(file); err != nil {
				t.Fatal(err)
			}
		}
		r := v.VerifyAt(ofdtest.Now, "a.ofd", document)
		if r.Verdict != c.verdict || c.reason != "" && !slices.ContainsFunc(r.Reasons, func(reason verify.Reason) bool { return reason.Code == c.reason }) {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Reasons)
		}
	}
	if err := New().AddTrustBytes(pki.EncodeOCSPStatus(pki.OCSPTryLater)); !errors.Is(err, ErrTrust) {
		t.Errorf("an answer without an answer: %v", err)
	}
}
