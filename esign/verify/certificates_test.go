package verify_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func TestS09CertificatesThatMayNotSign(t *testing.T) {
	w := world()
	usage := func(bits ...byte) func(*testing.T) ofdtest.Party {
		return func(t *testing.T) ofdtest.Party {
			return withExtension(t, w.Signer, "2.5.29.15", append([]byte{3, byte(len(bits))}, bits...))
		}
	}
	for name, c := range map[string]struct {
		party func(*testing.T) ofdtest.Party
		code  string
	}{
		"encryption of a pair": {usage(3, 0x38), "SIGNER_CERT_USAGE"}, // keyEncipherment, dataEncipherment, keyAgreement
		"only certSign":        {usage(2, 0x04), "SIGNER_CERT_USAGE"},
		"no bit":               {usage(0), "SIGNER_CERT_USAGE"},
		"no keyUsage":          {func(t *testing.T) ofdtest.Party { return withExtension(t, w.Signer, "2.5.29.15", nil) }, "SIGNER_CERT_USAGE"},
		"unreadable keyUsage":  {func(t *testing.T) ofdtest.Party { return withExtension(t, w.Signer, "2.5.29.15", []byte{5, 0}) }, "SIGNER_CERT_USAGE"},
		"CA":                   {func(t *testing.T) ofdtest.Party { return w.Under(t, w.Root, pki.ProfileIssuingCA, "CA", nil) }, "SIGNER_CERT_USAGE"},
		"CA that may sign": {func(t *testing.T) ofdtest.Party {
			return withExtension(t, w.Signer, "2.5.29.19", der.EncodeSequence([]byte{1, 1, 0xff}))
		}, "SIGNER_CERT_USAGE"},
		"time stamping":         {func(t *testing.T) ofdtest.Party { return w.Issue(t, pki.ProfileTimeStamping, "TSA", nil) }, "SIGNER_CERT_USAGE"},
		"only digitalSignature": {usage(7, 0x80), ""},
		"only nonRepudiation":   {usage(6, 0x40), ""},
	} {
		t.Run(name, func(t *testing.T) {
			party := c.party(t)
			seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{party.Cert.Raw} })
			data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(party.Cert.Raw), Sign: party.Sign}})
			if c.code == "" {
				judge(t, data, trusting(), valid)
			} else {
				judge(t, data, trusting(), invalid("V25", c.code))
			}
		})
	}
}

// withExtension replaces the value of an extension of a certificate, adds it, or with nil leaves it out.
func withExtension(t *testing.T, party ofdtest.Party, oid string, value []byte) ofdtest.Party {
	t.Helper()
	return ofdtest.Resigned(t, party, world().Issuing, func(tbs []byte) []byte {
		members := sequence(t, tbs)
		last := len(members) - 1
		reader := &der.Reader{}
		explicit, err := reader.Parse(members[last])
		if err != nil {
			t.Fatal(err)
		}
		var list [][]byte
		encoded, err := der.EncodeOID(oid)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := reader.Explicit(explicit)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range sequence(t, inner.Raw) {
			if !bytes.Equal(sequence(t, one)[0], encoded) {
				list = append(list, one)
			}
		}
		if value != nil {
			list = append(list, der.EncodeSequence(encoded, []byte{1, 1, 0xff}, der.EncodeOctetString(value)))
		}
		members[last] = der.EncodeExplicit(3, der.EncodeSequence(list...))
		return der.EncodeSequence(members...)
	})
}

func TestS10SigningTimeAndCertificate(t *testing.T) {
	w := world()
	for name, c := range map[string]struct {
		from, to time.Time
		want     want
	}{
		"ended a second before":  {ofdtest.Begin, ofdtest.Time.Add(-time.Second), invalid("V25", "SIGN_TIME_OUTSIDE_CERT")},
		"ends in that second":    {ofdtest.Begin, ofdtest.Time, valid},
		"begins in that second":  {ofdtest.Time, ofdtest.End, valid},
		"begins a second after":  {ofdtest.Time.Add(time.Second), ofdtest.End, invalid("V22", "SIGN_TIME_OUTSIDE_CERT")},
		"expired since":          {ofdtest.Begin, ofdtest.Now.Add(-time.Hour), valid},
		"not valid then, is now": {ofdtest.Now.Add(-time.Hour), ofdtest.End, invalid("V22", "time")},
	} {
		t.Run(name, func(t *testing.T) {
			party := w.Issue(t, pki.ProfileSealSigner, "37030000001721", func(tp *pki.CertificateTemplate) { tp.NotBefore, tp.NotAfter = c.from, c.to })
			seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{party.Cert.Raw} })
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(party.Cert.Raw), Sign: party.Sign}}), trusting(), c.want)
			if r.Signatures[0].TimeSource != "claimed" {
				t.Error("the source of the time is not named")
			}
		})
	}
}

func TestS11Revocation(t *testing.T) {
	w := world()
	urls := func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} }
	signer := w.Issue(t, pki.ProfileSealSigner, "37030000001721", urls)
	maker := w.Issue(t, pki.ProfileSealMaker, "制章", urls)
	seal := w.SealBy(t, maker, maker.Sign, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
	revoked := func(p ofdtest.Party, at time.Time) pki.CRLEntry {
		return pki.CRLEntry{Serial: p.Cert.Serial, RevokedAt: at, Reason: pki.RevokedKeyCompromise}
	}
	good := ofdtest.CRL(t, w.Issuing)
	for name, c := range map[string]struct {
		lists []*pki.CRL
		want  want
	}{
		"nothing known":            {nil, indeterminate("V01", "revocation_unknown")},
		"not revoked":              {[]*pki.CRL{good}, valid},
		"signer before":            {[]*pki.CRL{ofdtest.CRL(t, w.Issuing, revoked(signer, ofdtest.Time.Add(-time.Second)))}, invalid("V25", "SIGNER_REVOKED_BEFORE")},
		"signer in that second":    {[]*pki.CRL{ofdtest.CRL(t, w.Issuing, revoked(signer, ofdtest.Time))}, invalid("V25", "SIGNER_REVOKED_BEFORE")},
		"signer after":             {[]*pki.CRL{ofdtest.CRL(t, w.Issuing, revoked(signer, ofdtest.Time.Add(time.Second)))}, indeterminate("V26", "time_untrusted")},
		"maker before it was made": {[]*pki.CRL{ofdtest.CRL(t, w.Issuing, revoked(maker, ofdtest.Made))}, invalid("V25", "SEAL_MAKER_CERT_REVOKED")},
		"maker after":              {[]*pki.CRL{ofdtest.CRL(t, w.Issuing, revoked(maker, ofdtest.Made.Add(time.Second)))}, indeterminate("V26", "time_untrusted")},
		"in one of two lists":      {[]*pki.CRL{good, ofdtest.CRL(t, w.Issuing, revoked(signer, ofdtest.Made))}, invalid("V25", "SIGNER_REVOKED_BEFORE")},
		"list of the root only":    {[]*pki.CRL{ofdtest.CRL(t, w.Root)}, indeterminate("V01", "revocation_unknown")},
		"list of another CA":       {[]*pki.CRL{ofdtest.CRL(t, w.Under(t, w.Root, pki.ProfileIssuingCA, "示例签发", nil))}, indeterminate("V01", "revocation_unknown")},
		"issuing CA before":        {[]*pki.CRL{good, ofdtest.CRL(t, w.Root, revoked(w.Issuing, ofdtest.Made))}, invalid("V25", "SIGNER_CERT_CHAIN")},
		"issuing CA after":         {[]*pki.CRL{good, ofdtest.CRL(t, w.Root, revoked(w.Issuing, ofdtest.Time.Add(time.Second)))}, indeterminate("V26", "time_untrusted")},
		"issuing CA is good":       {[]*pki.CRL{good, ofdtest.CRL(t, w.Root)}, valid},
	} {
		t.Run(name, func(t *testing.T) { judge(t, data, trusting(func(o *verify.Options) { o.CRLs = c.lists }), c.want) })
	}
	t.Run("stale list", func(t *testing.T) {
		judge(t, data, trusting(func(o *verify.Options) { o.CRLs, o.At = []*pki.CRL{good}, ofdtest.Now.Add(25*time.Hour) }), indeterminate("V01", "revocation_unknown"))
	})
	t.Run("issuing CA points to a list that is not here", func(t *testing.T) {
		ca := w.Under(t, w.Root, pki.ProfileIssuingCA, "甲", urls)
		party := w.Under(t, ca, pki.ProfileSealSigner, "37030000001721", nil)
		seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{party.Cert.Raw} })
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(party.Cert.Raw), Sign: party.Sign}})
		help := func(o *verify.Options) { o.Intermediates = pki.NewPool(w.Issuing.Cert, ca.Cert) }
		judge(t, data, trusting(help), indeterminate("V01", "revocation_unknown"))
		judge(t, data, trusting(help, func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Root)} }), valid)
	})
}

func TestS12Chains(t *testing.T) {
	w := world()
	sealedBy := func(t *testing.T, p ofdtest.Party) []byte {
		seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{p.Cert.Raw} })
		return w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(p.Cert.Raw), Sign: p.Sign}})
	}
	help := func(certs ...*pki.Certificate) func(*verify.Options) {
		return func(o *verify.Options) { o.Intermediates = pki.NewPool(append(certs, w.Issuing.Cert)...) }
	}
	t.Run("issuer is no CA", func(t *testing.T) {
		issuer := w.Issue(t, pki.ProfileSealSigner, "no CA", nil)
		// Our own maker refuses such an issuer, so an honest certificate is signed again by it under its name.
		party := ofdtest.Resigned(t, w.Signer, issuer, func(tbs []byte) []byte { return renamedIssuer(t, tbs, issuer) })
		judge(t, sealedBy(t, party), trusting(help(issuer.Cert)), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
	t.Run("path is too long", func(t *testing.T) {
		below := w.Under(t, w.Root, pki.ProfileIssuingCA, "下级", nil)
		sub := ofdtest.Resigned(t, below, w.Issuing, func(tbs []byte) []byte { return renamedIssuer(t, tbs, w.Issuing) })
		party := ofdtest.Resigned(t, w.Signer, sub, func(tbs []byte) []byte { return renamedIssuer(t, tbs, sub) })
		judge(t, sealedBy(t, party), trusting(help(sub.Cert)), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
	t.Run("signed by another key of the issuer's name", func(t *testing.T) {
		forger := ofdtest.Party{Cert: w.Issuing.Cert, Key: ofdtest.NewKey(t)}
		party := ofdtest.Resigned(t, w.Signer, forger, func(tbs []byte) []byte { return tbs })
		judge(t, sealedBy(t, party), trusting(), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
	t.Run("unknown critical extension", func(t *testing.T) {
		judge(t, sealedBy(t, withExtension(t, w.Signer, "1.2.3.4", []byte{5, 0})), trusting(), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
	t.Run("issuing CA had ended", func(t *testing.T) {
		ca := w.Under(t, w.Root, pki.ProfileIssuingCA, "旧", func(tp *pki.CertificateTemplate) { tp.NotAfter = ofdtest.Time.Add(-time.Second) })
		party := ofdtest.Resigned(t, w.Signer, ca, func(tbs []byte) []byte { return renamedIssuer(t, tbs, ca) })
		judge(t, sealedBy(t, party), trusting(help(ca.Cert)), invalid("V25", "SIGNER_CERT_CHAIN"))
	})
	t.Run("certificate of version 1 as issuer", func(t *testing.T) {
		// Version 1 cannot say that it is a CA: good as a trusted root, never in between.
		old := ofdtest.Resigned(t, w.Issuing, w.Root, func(tbs []byte) []byte {
			members := sequence(t, tbs)
			return der.EncodeSequence(members[1 : len(members)-1]...)
		})
		if old.Cert.Version != 1 {
			t.Fatalf("version %d", old.Cert.Version)
		}
		data := sealedBy(t, w.Signer)
		judge(t, data, trusting(func(o *verify.Options) { o.Intermediates = pki.NewPool(old.Cert) }), invalid("V25", "SIGNER_CERT_CHAIN"))
		judge(t, data, trusting(func(o *verify.Options) { o.Roots, o.Intermediates = pki.NewPool(old.Cert), nil }), valid)
	})
	t.Run("two ways, both closed", func(t *testing.T) {
		// The more telling failure is reported, whichever way is tried first.
		ended := w.Under(t, w.Root, pki.ProfileIssuingCA, "示例签发", func(tp *pki.CertificateTemplate) {
			tp.PublicKey, tp.NotAfter = &w.Issuing.Key.PublicKey, ofdtest.Made.Add(-time.Hour)
		})
		noCA := ofdtest.Resigned(t, w.Issuing, w.Root, func(tbs []byte) []byte {
			members := sequence(t, tbs)
			members[1] = der.EncodeInt(77)
			return der.EncodeSequence(members[:len(members)-1]...)
		})
		data := sealedBy(t, w.Signer)
		for _, pool := range []*pki.Pool{pki.NewPool(ended.Cert, noCA.Cert), pki.NewPool(noCA.Cert, ended.Cert)} {
			r := judge(t, data, trusting(func(o *verify.Options) { o.Intermediates = pool }), invalid("V25", "SIGNER_CERT_CHAIN"))
			if !slices.ContainsFunc(r.Reasons, func(reason verify.Reason) bool { return strings.Contains(reason.Message, "expired") }) {
				t.Errorf("%+v", r.Reasons)
			}
		}
	})
	t.Run("stranger of the issuer's name, no key identifiers", func(t *testing.T) {
		// Nothing says that the stranger should have signed, so nothing is known; a file cannot make itself look forged.
		other := w.Under(t, w.Root, pki.ProfileIssuingCA, "示例签发", nil)
		stranger := ofdtest.Resigned(t, other, w.Root, func(tbs []byte) []byte {
			members := sequence(t, tbs)
			return der.EncodeSequence(members[:len(members)-1]...)
		})
		party := ofdtest.Resigned(t, w.Signer, w.Issuing, func(tbs []byte) []byte { return renamedIssuer(t, tbs, w.Issuing) })
		judge(t, sealedBy(t, party), trusting(), valid)
		r := verify.Verify("a.ofd", sealedBy(t, party), trusting(func(o *verify.Options) { o.Intermediates = pki.NewPool(stranger.Cert) }))
		if slices.Contains(codes(r), "SIGNER_CERT_CHAIN") || r.Verdict == verify.Valid {
			t.Errorf("%s %v", r.Code, codes(r))
		}
	})
	t.Run("missing intermediate", func(t *testing.T) {
		judge(t, sealedBy(t, w.Signer), trusting(func(o *verify.Options) { o.Intermediates = nil }), indeterminate("V24", "untrusted_root"))
	})
	t.Run("self-signed signer", func(t *testing.T) {
		party := w.Issue(t, pki.ProfileSealSigner, "self", nil)
		self := ofdtest.Resigned(t, party, party, func(tbs []byte) []byte { return renamedIssuer(t, tbs, party) })
		judge(t, sealedBy(t, self), trusting(), indeterminate("V24", "untrusted_root"))
	})
	t.Run("certificate that is no certificate", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Cert: der.EncodeOctetString([]byte{0x30, 0})}})
		judge(t, data, trusting(), invalid("V22", "SIGNER_CERT_CHAIN"))
	})
}

// renamedIssuer puts the name and key of another issuer into a TBSCertificate.
func renamedIssuer(t *testing.T, tbs []byte, issuer ofdtest.Party) []byte {
	t.Helper()
	members := sequence(t, tbs)
	members[3] = issuer.Cert.Subject.Raw
	last := len(members) - 1
	reader := &der.Reader{}
	explicit, err := reader.Parse(members[last])
	if err != nil {
		t.Fatal(err)
	}
	inner, err := reader.Explicit(explicit)
	if err != nil {
		t.Fatal(err)
	}
	authorityKey, err := der.EncodeOID("2.5.29.35")
	if err != nil {
		t.Fatal(err)
	}
	var kept [][]byte
	for _, one := range sequence(t, inner.Raw) {
		if !bytes.Equal(sequence(t, one)[0], authorityKey) {
			kept = append(kept, one)
		}
	}
	members[last] = der.EncodeExplicit(3, der.EncodeSequence(kept...))
	return der.EncodeSequence(members...)
}

// TestS13ManyIssuers: a thousand issuers of one name are nobody's proof, and soon given up.
func TestS13ManyIssuers(t *testing.T) {
	w := world()
	data := w.Sealed(t, ofdtest.Sealing{})
	crowd := pki.NewPool()
	key := ofdtest.NewKey(t)
	for range 60 {
		party := w.Under(t, w.Root, pki.ProfileIssuingCA, "示例签发", func(tp *pki.CertificateTemplate) { tp.PublicKey = &key.PublicKey })
		// Without key identifiers nothing tells them apart but the signature.
		for i := range 10 {
			crowd.Add(ofdtest.Resigned(t, party, w.Root, func(tbs []byte) []byte {
				members := sequence(t, tbs)
				members[1] = der.EncodeInt(i + 1)
				return der.EncodeSequence(members[:len(members)-1]...)
			}).Cert)
		}
	}
	started := time.Now()
	judge(t, data, trusting(func(o *verify.Options) { o.Intermediates = crowd }), indeterminate("V24", "untrusted_root"))
	if took := time.Since(started); took > 10*time.Second { // the bound is 200 ms on an idle core
		t.Errorf("took %v", took)
	}
}
