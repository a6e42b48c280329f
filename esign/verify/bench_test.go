package verify_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// BenchmarkVerifyOnePage judges a whole sealed document: container, references, both signatures, both chains and their CRLs; "seal kept"
// judges other documents under a seal that was met before, as a service or an application does.
func BenchmarkVerifyOnePage(b *testing.B) {
	w := world()
	urls := func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} }
	signer, maker := w.Issue(b, pki.ProfileSealSigner, "37030000001721", urls), w.Issue(b, pki.ProfileSealMaker, "制章", urls)
	seal := w.SealBy(b, maker, maker.Sign, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	documents := make([][]byte, 100)
	for i := range documents {
		documents[i] = w.Sealed(b, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
	}
	options := trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(b, w.Issuing), ofdtest.CRL(b, w.Root)} })
	judge := func(b *testing.B, data []byte) {
		if r := verify.Verify("a.ofd", data, options); r.Verdict != verify.Valid {
			b.Fatal(r.Code, codes(r))
		}
	}
	b.Run("anew", func(b *testing.B) {
		b.SetBytes(int64(len(documents[0])))
		b.ReportAllocs()
		for b.Loop() {
			judge(b, documents[0])
		}
	})
	b.Run("seal kept", func(b *testing.B) {
		b.SetBytes(int64(len(documents[0])))
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if n %= len(documents) - 2; n == 0 { // a memo that knows the seal and none of the documents to come
				b.StopTimer()
				options.Memo = &pki.Memo{}
				judge(b, documents[len(documents)-1])
				judge(b, documents[len(documents)-2])
				b.StartTimer()
			}
			judge(b, documents[n])
		}
	})
}
