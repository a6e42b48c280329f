package verify_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// BenchmarkVerifyOnePage judges a whole sealed document: container, references, both signatures, both chains and their CRLs.
func BenchmarkVerifyOnePage(b *testing.B) {
	w := world()
	urls := func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} }
	signer, maker := w.Issue(b, pki.ProfileSealSigner, "37030000001721", urls), w.Issue(b, pki.ProfileSealMaker, "制章", urls)
	seal := w.SealBy(b, maker, maker.Sign, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	data := w.Sealed(b, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
	options := trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(b, w.Issuing), ofdtest.CRL(b, w.Root)} })
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if r := verify.Verify("a.ofd", data, options); r.Verdict != verify.Valid {
			b.Fatal(r.Code, codes(r))
		}
	}
}
