package verify_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// stampTime is when the authority stamps: a minute after the document is sealed.
var stampTime = ofdtest.Time.Add(time.Minute)

func stamping(p ofdtest.Party) tsttest.Party { return tsttest.Party{Cert: p.Cert, Sign: p.Sign} }

// stampedBy puts a token over the signature value into a finished seal signature.
func stampedBy(t *testing.T, token func(value []byte) []byte) func([]byte) []byte {
	return func(encoded []byte) []byte {
		signature, err := ses.ParseSignature(encoded)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(append(sequence(t, encoded), der.EncodeExplicit(0, der.EncodeBitString(token(signature.SignatureValue))))...)
	}
}

func timestampChecks(s verify.Signature) []verify.Check {
	return slices.DeleteFunc(slices.Clone(s.Checks), func(c verify.Check) bool { return c.Name != "timestamp" })
}

// TestS24TimeStamps: one token, one departure, and the reason that speaks against the document or leaves it open. Whatever is
// not proven leaves the claimed time.
func TestS24TimeStamps(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	stranger := ofdtest.New(t)
	crlURL := func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} }
	listed := w.Issue(t, pki.ProfileTimeStamping, "时间戳", crlURL)
	good := func(party tsttest.Party, parts tsttest.Parts) func([]byte) []byte {
		return func(value []byte) []byte { return tsttest.Token(t, party, value, stampTime, parts) }
	}
	at := func(moment time.Time) func([]byte) []byte {
		return func(value []byte) []byte { return tsttest.Token(t, tsa, value, moment, tsttest.Parts{}) }
	}
	imprint := func(oid string, sum func([]byte) []byte) func([]byte) []byte {
		return func(value []byte) []byte {
			return tsttest.Token(t, tsa, value, stampTime, tsttest.Parts{Imprint: tsttest.Imprint(t, oid, sum(value))})
		}
	}
	sm3Of := func(change func([]byte) []byte) func([]byte) []byte {
		return func(value []byte) []byte { sum := sm3.Sum(change(value)); return sum[:] }
	}
	revokedAt := func(moment time.Time, reason pki.RevocationReason) func(*verify.Options) {
		return func(o *verify.Options) {
			o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Issuing, pki.CRLEntry{Serial: listed.Cert.Serial, RevokedAt: moment, Reason: reason})}
		}
	}
	usage := func(critical byte, oids ...string) tsttest.Party {
		var list [][]byte
		for _, oid := range oids {
			list = append(list, tsttest.OID(t, oid))
		}
		party := w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil)
		return stamping(ofdtest.Resigned(t, party, w.Issuing, func(tbs []byte) []byte {
			oid := tsttest.OID(t, "2.5.29.37")
			old := der.EncodeSequence(oid, []byte{1, 1, 0xff}, der.EncodeOctetString(der.EncodeSequence(tsttest.OID(t, pki.OIDTimeStamping))))
			fields := [][]byte{oid}
			if critical != 0 {
				fields = append(fields, []byte{1, 1, critical})
			}
			fresh := der.EncodeSequence(append(fields, der.EncodeOctetString(der.EncodeSequence(list...)))...)
			if !bytes.Contains(tbs, old) {
				t.Fatal("no extKeyUsage")
			}
			return relength(t, tbs, old, fresh)
		}))
	}
	short := func(from, to time.Time) tsttest.Party {
		return stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", func(tp *pki.CertificateTemplate) { tp.NotBefore, tp.NotAfter = from, to }))
	}
	const proven, claimed = "timestamp", "claimed"
	for name, c := range map[string]struct {
		token  func(value []byte) []byte
		change func(*verify.Options)
		want   want
		source string
	}{
		"good":                        {good(tsa, tsttest.Parts{}), nil, valid, proven},
		"good, strictly":              {good(tsa, tsttest.Parts{}), strictly, valid, proven},
		"GB/T 35275":                  {good(tsa, tsttest.Parts{Outer: pki.OIDGMSignedData}), nil, want{verify.Valid, "V00", "deviation"}, proven},
		"GB/T 35275, strictly":        {good(tsa, tsttest.Parts{Outer: pki.OIDGMSignedData}), strictly, invalid("V22", "TS_FORMAT"), claimed},
		"not a token":                 {func([]byte) []byte { return der.EncodeSequence(der.EncodeInt(1)) }, nil, invalid("V22", "TS_FORMAT"), claimed},
		"no octets":                   {func([]byte) []byte { return []byte{} }, nil, invalid("V22", "TS_FORMAT"), claimed},
		"NULL":                        {func([]byte) []byte { return []byte{5, 0} }, nil, invalid("V22", "TS_FORMAT"), claimed},
		"trailing octet":              {func(v []byte) []byte { return append(good(tsa, tsttest.Parts{})(v), 0) }, nil, invalid("V22", "TS_FORMAT"), claimed},
		"two signers":                 {good(tsa, tsttest.Parts{Signers: func(s []byte) [][]byte { return [][]byte{s, s} }}), nil, invalid("V22", "TS_FORMAT"), claimed},
		"of other octets":             {func([]byte) []byte { return good(tsa, tsttest.Parts{})([]byte("another")) }, nil, invalid("V22", "TS_IMPRINT"), claimed},
		"of the digest":               {imprint(pki.OIDSM3, func(v []byte) []byte { return sm3Of(sm3Of(func(b []byte) []byte { return b }))(v) }), nil, invalid("V22", "TS_IMPRINT"), claimed},
		"of the encoded BIT STRING":   {imprint(pki.OIDSM3, sm3Of(func(v []byte) []byte { return der.EncodeBitString(v) })), nil, want{verify.Valid, "V00", "deviation"}, proven},
		"of it, strictly":             {imprint(pki.OIDSM3, sm3Of(func(v []byte) []byte { return der.EncodeBitString(v) })), strictly, invalid("V22", "TS_FORMAT"), claimed},
		"of r‖s":                      {imprint(pki.OIDSM3, sm3Of(func(v []byte) []byte { raw, _ := pki.SM2SignatureToRaw(v); return raw })), nil, want{verify.Valid, "V00", "deviation"}, proven},
		"SHA-256":                     {imprint(pki.OIDSHA256, func(v []byte) []byte { sum := sha256.Sum256(v); return sum[:] }), nil, want{verify.Valid, "V00", "deviation"}, proven},
		"SHA-256, strictly":           {imprint(pki.OIDSHA256, func(v []byte) []byte { sum := sha256.Sum256(v); return sum[:] }), strictly, invalid("V22", "TS_FORMAT"), claimed},
		"SHA-1":                       {imprint(pki.OIDSHA1, func(v []byte) []byte { sum := sha1.Sum(v); return sum[:] }), nil, invalid("V22", "TS_DIGEST"), claimed},
		"another key":                 {good(tsttest.Party{Cert: tsa.Cert, Sign: w.Signer.Sign}, tsttest.Parts{}), nil, invalid("V22", "TS_SIGNATURE"), claimed},
		"not bound":                   {good(tsa, tsttest.Parts{Attributes: func(l [][]byte) [][]byte { return l[:2] }}), nil, invalid("V22", "TS_CERT_BINDING"), claimed},
		"bound to another":            {good(tsa, tsttest.Parts{CertID: tsttest.CertIDV2(t, w.Signer.Cert)}), nil, invalid("V22", "TS_CERT_BINDING"), claimed},
		"no certificate":              {good(tsa, tsttest.Parts{NoCertificates: true}), nil, indeterminate("V24", "signer_unknown"), claimed},
		"certificate is known":        {good(tsa, tsttest.Parts{NoCertificates: true}), func(o *verify.Options) { o.Intermediates.Add(tsa.Cert) }, valid, proven},
		"EKU not critical":            {good(usage(0, pki.OIDTimeStamping), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_USAGE"), claimed},
		"EKU not alone":               {good(usage(0xff, pki.OIDTimeStamping, pki.OIDOCSPSigning), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_USAGE"), claimed},
		"EKU of another purpose":      {good(usage(0xff, pki.OIDOCSPSigning), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_USAGE"), claimed},
		"EKU as forged":               {good(usage(0xff, pki.OIDTimeStamping), tsttest.Parts{}), nil, valid, proven},
		"signer stamps itself":        {good(stamping(w.Signer), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_USAGE"), claimed},
		"certificate had ended":       {good(short(ofdtest.Begin, stampTime.Add(-time.Second)), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_EXPIRED"), claimed},
		"certificate had not begun":   {good(short(stampTime.Add(time.Second), ofdtest.End), tsttest.Parts{}), nil, invalid("V25", "TS_CERT_EXPIRED"), claimed},
		"certificate ended since":     {good(short(ofdtest.Begin, stampTime), tsttest.Parts{}), nil, valid, proven},
		"root of the same name":       {good(stamping(stranger.Issue(t, pki.ProfileTimeStamping, "时间戳", nil)), tsttest.Parts{}), func(o *verify.Options) { o.Intermediates.Add(stranger.Issuing.Cert) }, invalid("V25", "TS_CERT_CHAIN"), claimed},
		"future":                      {at(ofdtest.Now.Add(5*time.Minute + time.Second)), nil, invalid("V22", "TS_TIME"), claimed},
		"future within the tolerance": {at(ofdtest.Now.Add(5 * time.Minute)), nil, valid, proven},
		"before it was signed":        {at(ofdtest.Time.Add(-5*time.Minute - time.Second)), nil, invalid("V22", "TS_TIME"), claimed},
		"within the tolerance":        {at(ofdtest.Time.Add(-5 * time.Minute)), nil, valid, proven},
		"critical extension": {good(tsa, tsttest.Parts{Rest: [][]byte{der.EncodeImplicit(1, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeBoolean(true), der.EncodeOctetString([]byte{5, 0})))}}), nil,
			invalid("V22", "TS_FORMAT"), claimed},
		"revocation not known":   {good(stamping(listed), tsttest.Parts{}), nil, indeterminate("V01", "revocation_unknown"), claimed},
		"revoked before":         {good(stamping(listed), tsttest.Parts{}), revokedAt(stampTime.Add(-time.Hour), pki.RevokedSuperseded), invalid("V25", "TS_CERT_REVOKED"), claimed},
		"revoked, key broken":    {good(stamping(listed), tsttest.Parts{}), revokedAt(stampTime.Add(time.Hour), pki.RevokedKeyCompromise), invalid("V25", "TS_CERT_REVOKED"), claimed},
		"revoked, service ended": {good(stamping(listed), tsttest.Parts{}), revokedAt(stampTime.Add(time.Hour), pki.RevokedCessationOfOperation), valid, proven},
	} {
		t.Run(name, func(t *testing.T) {
			options := trusting()
			if c.change != nil {
				c.change(&options)
			}
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Value: stampedBy(t, c.token)}), options, c.want)
			s := r.Signatures[0]
			if s.TimeSource != c.source {
				t.Errorf("source %s, want %s", s.TimeSource, c.source)
			}
			if len(timestampChecks(s)) == 0 || (timestampChecks(s)[0].Status == verify.Passed) != (c.source == proven) {
				t.Errorf("%+v", timestampChecks(s))
			}
		})
	}
}

// TestStampOfARawValue: where the value is r‖s, a token over its DER form binds the same value and is taken under a name.
func TestStampOfARawValue(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	sign := func(message []byte) ([]byte, error) {
		value, err := w.Signer.Sign(message)
		if err != nil {
			return nil, err
		}
		return pki.SM2SignatureToRaw(value)
	}
	for name, octets := range map[string]func([]byte) ([]byte, error){
		"as it stands": func(v []byte) ([]byte, error) { return v, nil },
		"DER {r,s}":    pki.SM2SignatureFromRaw,
	} {
		token := func(value []byte) []byte {
			stamped, err := octets(value)
			if err != nil || len(value) != 64 {
				t.Fatalf("%d octets: %v", len(value), err)
			}
			return tsttest.Token(t, tsa, stamped, stampTime, tsttest.Parts{})
		}
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Sign: sign}, Value: stampedBy(t, token)}), trusting(), want{verify.Valid, "V00", "deviation"})
		named := slices.ContainsFunc(r.Reasons, func(reason verify.Reason) bool {
			return strings.Contains(reason.Message, "messageImprint of DER {r,s}")
		})
		if r.Signatures[0].TimeSource != "timestamp" || named != (name == "DER {r,s}") {
			t.Errorf("%s: %s %+v", name, r.Signatures[0].TimeSource, r.Reasons)
		}
	}
}

// relength replaces a part of a TBSCertificate and mends the lengths around it.
func relength(t *testing.T, tbs, old, fresh []byte) []byte {
	t.Helper()
	members := sequence(t, tbs)
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
	list := sequence(t, inner.Raw)
	for i := range list {
		if bytes.Equal(list[i], old) {
			list[i] = fresh
		}
	}
	members[last] = der.EncodeExplicit(3, der.EncodeSequence(list...))
	return der.EncodeSequence(members...)
}

// TestS24UntrustedAuthority: an authority whose root nobody trusts leaves the document open, and the time stays a claim.
func TestS24UntrustedAuthority(t *testing.T) {
	w := world()
	root := ofdtest.Party{Key: ofdtest.NewKey(t)}
	certificate, err := pki.MakeCertificate(bytes.NewReader(bytes.Repeat([]byte{7}, 4096)), pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "陌生根"}, NotBefore: ofdtest.Begin, NotAfter: ofdtest.End}, nil, root.Key)
	if err != nil {
		t.Fatal(err)
	}
	root.Cert = certificate
	tsa := stamping(w.Under(t, root, pki.ProfileTimeStamping, "陌生时间戳", nil))
	data := w.Sealed(t, ofdtest.Sealing{Value: stampedBy(t, func(v []byte) []byte { return tsttest.Token(t, tsa, v, stampTime, tsttest.Parts{}) })})
	r := judge(t, data, trusting(), indeterminate("V24", "untrusted_root"))
	if s := r.Signatures[0]; s.TimeSource != "claimed" || !s.SigningTime.Equal(ofdtest.Time) || timestampChecks(s)[0].Status != verify.Unknown || statusOf(s, "signer_cert") != verify.Passed {
		t.Errorf("%s %v %+v", s.TimeSource, s.SigningTime, s.Checks)
	}
	judge(t, data, trusting(func(o *verify.Options) { o.Roots = pki.NewPool(w.Root.Cert, certificate) }), valid)
}

// TestTimeStampReplacesTheClaim: steps c, d and f go by genTime (S-11, S-10, S-21).
func TestTimeStampReplacesTheClaim(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	urls := func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} }
	signer := w.Issue(t, pki.ProfileSealSigner, "37030000001721", urls)
	maker := w.Issue(t, pki.ProfileSealMaker, "制章", urls)
	revoked := func(serial *pki.Certificate, at time.Time) func(*verify.Options) {
		return func(o *verify.Options) {
			o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Issuing, pki.CRLEntry{Serial: serial.Serial, RevokedAt: at, Reason: pki.RevokedKeyCompromise}), ofdtest.CRL(t, w.Root)}
		}
	}
	authority := func(at time.Time) func(*verify.Options) {
		return func(o *verify.Options) {
			o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Issuing), ofdtest.CRL(t, w.Root, pki.CRLEntry{Serial: w.Issuing.Cert.Serial, RevokedAt: at, Reason: pki.RevokedSuperseded})}
		}
	}
	accuracy := tsttest.Parts{Rest: [][]byte{der.EncodeSequence(der.EncodeInt(10))}}
	for name, c := range map[string]struct {
		genTime time.Time
		seal    func(*ses.SealInfo)
		signer  func(*pki.CertificateTemplate)
		change  func(*verify.Options)
		want    want
	}{
		"nothing revoked":               {stampTime, nil, nil, func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Issuing)} }, valid},
		"signer revoked after":          {stampTime, nil, nil, revoked(signer.Cert, stampTime.Add(time.Minute)), valid},
		"signer within the accuracy":    {stampTime, nil, nil, revoked(signer.Cert, stampTime.Add(10*time.Second)), indeterminate("V26", "time_untrusted")},
		"signer beyond the accuracy":    {stampTime, nil, nil, revoked(signer.Cert, stampTime.Add(11*time.Second)), valid},
		"signer between claim and time": {stampTime, nil, nil, revoked(signer.Cert, ofdtest.Time.Add(time.Second)), invalid("V25", "SIGNER_REVOKED_BEFORE")},
		"maker revoked after":           {stampTime, nil, nil, revoked(maker.Cert, stampTime.Add(time.Minute)), valid},
		"maker between":                 {stampTime, nil, nil, revoked(maker.Cert, ofdtest.Time), indeterminate("V26", "time_untrusted")},
		"authority revoked after":       {stampTime, nil, nil, authority(stampTime.Add(time.Minute)), valid},
		"authority revoked before":      {stampTime, nil, nil, authority(ofdtest.Time.Add(time.Second)), invalid("V25", "TS_CERT_REVOKED")},
		"seal ends before the stamp":    {stampTime, func(i *ses.SealInfo) { i.ValidEnd = ofdtest.Time.Add(time.Second) }, nil, nil, invalid("V23", "SIGN_TIME_OUTSIDE_SEAL")},
		"certificate ends before it":    {stampTime, nil, func(tp *pki.CertificateTemplate) { tp.NotAfter = ofdtest.Time.Add(time.Second) }, nil, invalid("V25", "SIGN_TIME_OUTSIDE_CERT")},
		"certificate begins after it":   {ofdtest.Time.Add(-time.Minute), nil, func(tp *pki.CertificateTemplate) { tp.NotBefore = ofdtest.Time }, nil, invalid("V22", "time")},
	} {
		t.Run(name, func(t *testing.T) {
			party := signer
			if c.signer != nil {
				party = w.Issue(t, pki.ProfileSealSigner, "37030000001721", c.signer)
			}
			seal := w.SealBy(t, maker, maker.Sign, func(i *ses.SealInfo) {
				i.SignerCerts = [][]byte{party.Cert.Raw}
				if c.seal != nil {
					c.seal(i)
				}
			})
			data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(party.Cert.Raw), Sign: party.Sign},
				Value: stampedBy(t, func(v []byte) []byte { return tsttest.Token(t, tsa, v, c.genTime, accuracy) })})
			options := trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(t, w.Issuing)} })
			if c.change != nil {
				c.change(&options)
			}
			r := judge(t, data, options, c.want)
			if s := r.Signatures[0]; c.want.reason != "TS_CERT_REVOKED" && (s.TimeSource != "timestamp" || !s.SigningTime.Equal(c.genTime)) {
				t.Errorf("%s %v", s.TimeSource, s.SigningTime)
			}
		})
	}
}

// TestSealsTimeStamp: a V5 seal carries a token over the maker's value, which proves when the seal was made.
func TestSealsTimeStamp(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	maker := w.Issue(t, pki.ProfileSealMaker, "制章", func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} })
	sealed := func(genTime time.Time, octets func([]byte) []byte) []byte {
		return w.SealBy(t, maker, maker.Sign, func(i *ses.SealInfo) {
			i.Structure = ses.V5
			i.Timestamp = func(value []byte) ([]byte, error) {
				return tsttest.Token(t, tsa, octets(value), genTime, tsttest.Parts{}), nil
			}
		})
	}
	same := func(v []byte) []byte { return v }
	revoked := func(at time.Time) *pki.CRL {
		return ofdtest.CRL(t, w.Issuing, pki.CRLEntry{Serial: maker.Cert.Serial, RevokedAt: at, Reason: pki.RevokedKeyCompromise})
	}
	made := ofdtest.Made.Add(time.Minute)
	for name, c := range map[string]struct {
		seal []byte
		list *pki.CRL
		want want
	}{
		"good":                         {sealed(made, same), ofdtest.CRL(t, w.Issuing), valid},
		"maker revoked after":          {sealed(made, same), revoked(made.Add(time.Second)), valid},
		"maker revoked at that moment": {sealed(made, same), revoked(made), invalid("V25", "SEAL_MAKER_CERT_REVOKED")},
		"of other octets":              {sealed(made, func([]byte) []byte { return []byte("x") }), ofdtest.CRL(t, w.Issuing), invalid("V22", "TS_IMPRINT")},
		"before it was made":           {sealed(ofdtest.Made.Add(-6*time.Minute), same), ofdtest.CRL(t, w.Issuing), invalid("V22", "TS_TIME")},
	} {
		t.Run(name, func(t *testing.T) {
			options := trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{c.list} })
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: c.seal, Version: der.EncodeInt(5)}}), options, c.want)
			s := r.Signatures[0]
			checks := timestampChecks(s)
			if s.TimeSource != "claimed" || len(checks) != 2 || checks[0].Status != verify.Skipped || (checks[1].Status == verify.Passed) != !strings.HasPrefix(c.want.reason, "TS_") {
				t.Errorf("%s %+v", s.TimeSource, checks)
			}
			if c.want == valid && checks[1].Clause != "GM/T 0031-2025" {
				t.Errorf("clause %s", checks[1].Clause)
			}
			bare := verify.Verify("seal.esl", c.seal, options)
			if bare.Verdict != c.want.verdict {
				t.Errorf("bare seal: %s %v", bare.Verdict, codes(bare))
			}
		})
	}
	// Without its own token, a seal inside a stamped signature is proven to have been there.
	late := revoked(stampTime.Add(time.Hour))
	plain := w.SealBy(t, maker, maker.Sign, nil)
	value := stampedBy(t, func(v []byte) []byte { return tsttest.Token(t, tsa, v, stampTime, tsttest.Parts{}) })
	judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: plain}, Value: value}), trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{late} }), valid)
	judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: plain}}), trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{late} }), indeterminate("V26", "time_untrusted"))
	// Its own token proves more than that of the signature.
	between := revoked(ofdtest.Made.Add(time.Hour))
	judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: sealed(made, same), Version: der.EncodeInt(5)}, Value: value}), trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{between} }), valid)
}

// TestMadeTokensAreTaken: what keys/pki/tst writes goes through without a deviation.
func TestMadeTokensAreTaken(t *testing.T) {
	w := world()
	party := w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil)
	data := w.Sealed(t, ofdtest.Sealing{Value: stampedBy(t, func(v []byte) []byte {
		imprint, err := tst.ImprintOf(pki.OIDSM3, v)
		if err != nil {
			t.Fatal(err)
		}
		made, err := tst.Make(tst.Info{Policy: "1.2.156.1.1", Imprint: imprint, Serial: party.Cert.Serial, GenTime: stampTime, Accuracy: tst.Accuracy{Seconds: 1}}, party.Cert, []*pki.Certificate{party.Cert}, party.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return made
	})})
	r := judge(t, data, trusting(strictly), valid)
	if !slices.Equal(codes(r), []string{"list_uncovered"}) || r.Signatures[0].TimeSource != "timestamp" {
		t.Errorf("%+v", r.Reasons)
	}
}
