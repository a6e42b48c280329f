package verify_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func TestS18SignerOutsideTheSeal(t *testing.T) {
	w := world()
	namesake := w.Issue(t, pki.ProfileSealSigner, "37030000001721", nil) // same subject, other key
	renewed := w.Under(t, w.Issuing, pki.ProfileSealSigner, "37030000001721", func(tp *pki.CertificateTemplate) { tp.PublicKey = &w.Signer.Key.PublicKey })
	renewed.Key = w.Signer.Key
	digest := func(cert []byte) ses.CertDigest {
		sum := sm3.Sum(cert)
		return ses.CertDigest{Type: "SM3", Value: sum[:]}
	}
	for name, c := range map[string]struct {
		party ofdtest.Party
		seal  func(*ses.SealInfo)
		want  want
	}{
		"namesake with another key": {namesake, nil, invalid("V22", "SIGNER_NOT_IN_SEAL")},
		"same key, renewed":         {renewed, nil, invalid("V22", "SIGNER_NOT_IN_SEAL")},
		"the maker":                 {w.Maker, nil, invalid("V22", "SIGNER_NOT_IN_SEAL")},
		"second of two":             {namesake, func(i *ses.SealInfo) { i.SignerCerts = append(i.SignerCerts, namesake.Cert.Raw) }, valid},
		"by digest": {w.Signer, func(i *ses.SealInfo) {
			i.SignerCerts, i.SignerDigests = nil, []ses.CertDigest{digest(w.Signer.Cert.Raw)}
		}, valid},
		"digest of another": {w.Signer, func(i *ses.SealInfo) {
			i.SignerCerts, i.SignerDigests = nil, []ses.CertDigest{digest(namesake.Cert.Raw)}
		}, invalid("V22", "SIGNER_NOT_IN_SEAL")},
	} {
		t.Run(name, func(t *testing.T) {
			data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: w.Seal(t, c.seal), Cert: der.EncodeOctetString(c.party.Cert.Raw), Sign: c.party.Sign}})
			judge(t, data, trusting(), c.want)
		})
	}
}

// TestS19ChangedSeal: each member of the seal is changed under the maker's old signature.
func TestS19ChangedSeal(t *testing.T) {
	w := world()
	good := w.Seal(t, nil)
	seal, err := ses.ParseSeal(good)
	if err != nil {
		t.Fatal(err)
	}
	outer := sequence(t, good)
	for name, change := range map[string]func(*ses.SealInfo){
		"vendor":    func(i *ses.SealInfo) { i.Vid = "YINXIM" },
		"code":      func(i *ses.SealInfo) { i.ESID = "37030000001722" },
		"type":      func(i *ses.SealInfo) { i.Type = 2 },
		"name":      func(i *ses.SealInfo) { i.Name += "二" },
		"signers":   func(i *ses.SealInfo) { i.SignerCerts = append(i.SignerCerts, w.Maker.Cert.Raw) },
		"created":   func(i *ses.SealInfo) { i.CreateDate = i.CreateDate.Add(time.Second) },
		"begin":     func(i *ses.SealInfo) { i.ValidStart = i.ValidStart.Add(-time.Second) },
		"end":       func(i *ses.SealInfo) { i.ValidEnd = i.ValidEnd.Add(time.Second) },
		"picture":   func(i *ses.SealInfo) { i.Picture.Data = []byte("\x89PNG pictura") },
		"format":    func(i *ses.SealInfo) { i.Picture.Type = "JPG" },
		"width":     func(i *ses.SealInfo) { i.Picture.WidthMM = 43 },
		"height":    func(i *ses.SealInfo) { i.Picture.HeightMM = 43 },
		"extension": func(i *ses.SealInfo) { i.Extensions = []ses.Extension{{ID: "1.2.3", Value: []byte{5, 0}}} },
	} {
		t.Run(name, func(t *testing.T) {
			changed := sequence(t, w.Seal(t, change))
			mixed := der.EncodeSequence(changed[0], outer[1], outer[2], outer[3])
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: mixed}}), trusting(), invalid("V22", "SEAL_SIGNATURE"))
			if statusOf(r.Signatures[0], "sig_value") != verify.Passed {
				t.Error("the signer's own value should hold")
			}
			if b := verify.Verify("a.esl", mixed, trusting()); b.Verdict != verify.Invalid || b.Format != "seal" {
				t.Errorf("bare seal: %s %s", b.Format, b.Verdict)
			}
		})
	}
	t.Run("every bit of eSealInfo", func(t *testing.T) {
		at := bytes.Index(good, seal.RawInfo)
		for i := range seal.RawInfo {
			changed := bytes.Clone(good)
			changed[at+i] ^= 1 << (i % 8)
			if r := verify.Verify("a.esl", changed, trusting()); r.Verdict != verify.Invalid {
				t.Fatalf("octet %d: %s", i, r.Verdict)
			}
		}
	})
}

func TestS20SealMakers(t *testing.T) {
	w := world()
	stranger := ofdtest.New(t)
	for name, c := range map[string]struct {
		maker func(*testing.T) ofdtest.Party
		want  want
	}{
		"untrusted": {func(t *testing.T) ofdtest.Party {
			return stranger.Under(t, stranger.Issuing, pki.ProfileSealMaker, "x", nil)
		}, indeterminate("V24", "untrusted_root")},
		"own root": {func(t *testing.T) ofdtest.Party {
			p := w.Issue(t, pki.ProfileSealMaker, "self", nil)
			return ofdtest.Resigned(t, p, p, func(tbs []byte) []byte { return renamedIssuer(t, tbs, p) })
		}, indeterminate("V24", "untrusted_root")},
		"CA":          {func(t *testing.T) ofdtest.Party { return w.Issuing }, invalid("V25", "SEAL_MAKER_CERT_USAGE")},
		"encryption":  {func(t *testing.T) ofdtest.Party { return withExtension(t, w.Maker, "2.5.29.15", []byte{3, 2, 3, 0x38}) }, invalid("V25", "SEAL_MAKER_CERT_USAGE")},
		"time stamps": {func(t *testing.T) ofdtest.Party { return w.Issue(t, pki.ProfileTimeStamping, "TSA", nil) }, invalid("V25", "SEAL_MAKER_CERT_USAGE")},
		"OCSP answers": {func(t *testing.T) ofdtest.Party {
			return withExtension(t, w.Maker, "2.5.29.37", der.EncodeSequence([]byte{6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9}))
		}, invalid("V25", "SEAL_MAKER_CERT_USAGE")},
		"ended before": {func(t *testing.T) ofdtest.Party {
			return w.Issue(t, pki.ProfileSealMaker, "x", func(tp *pki.CertificateTemplate) { tp.NotAfter = ofdtest.Made.Add(-time.Second) })
		}, invalid("V25", "SEAL_MAKER_CERT_EXPIRED")},
		"begins after": {func(t *testing.T) ofdtest.Party {
			return w.Issue(t, pki.ProfileSealMaker, "x", func(tp *pki.CertificateTemplate) { tp.NotBefore = ofdtest.Made.Add(time.Second) })
		}, invalid("V25", "SEAL_MAKER_CERT_EXPIRED")},
		"ended since": {func(t *testing.T) ofdtest.Party {
			return w.Issue(t, pki.ProfileSealMaker, "x", func(tp *pki.CertificateTemplate) { tp.NotAfter = ofdtest.Made })
		}, valid},
		"e-mail too": {func(t *testing.T) ofdtest.Party {
			return withExtension(t, w.Maker, "2.5.29.37", der.EncodeSequence([]byte{6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4}))
		}, valid},
	} {
		t.Run(name, func(t *testing.T) {
			maker := c.maker(t)
			seal := w.SealBy(t, maker, maker.Sign, nil)
			data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
			judge(t, data, trusting(), c.want)
		})
	}
	t.Run("certificate that is none", func(t *testing.T) {
		members := sequence(t, w.Seal(t, nil))
		broken := der.EncodeSequence(members[0], der.EncodeOctetString([]byte{0x30, 0}), members[2], members[3])
		judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: broken}}), trusting(), invalid("V25", "SEAL_MAKER_CERT_CHAIN"))
	})
}

func TestS21PeriodOfTheSeal(t *testing.T) {
	w := world()
	for name, c := range map[string]struct {
		start, end time.Time
		document   want
		bare       want
	}{
		"valid then and now":     {ofdtest.Made, ofdtest.Ended, valid, valid},
		"ended since":            {ofdtest.Made, ofdtest.Now.Add(-time.Hour), valid, invalid("V23", "SEAL_EXPIRED")},
		"ended in that second":   {ofdtest.Made, ofdtest.Time, valid, invalid("V23", "SEAL_EXPIRED")},
		"ended a second before":  {ofdtest.Made, ofdtest.Time.Add(-time.Second), invalid("V23", "SIGN_TIME_OUTSIDE_SEAL"), invalid("V23", "SEAL_EXPIRED")},
		"begins in that second":  {ofdtest.Time, ofdtest.Ended, valid, valid},
		"begins a second after":  {ofdtest.Time.Add(time.Second), ofdtest.Ended, invalid("V23", "SIGN_TIME_OUTSIDE_SEAL"), valid},
		"valid now and not then": {ofdtest.Now.Add(-time.Hour), ofdtest.Ended, invalid("V23", "SIGN_TIME_OUTSIDE_SEAL"), valid},
		"begins later than now":  {ofdtest.Now.Add(time.Second), ofdtest.Ended, invalid("V23", "SIGN_TIME_OUTSIDE_SEAL"), invalid("V23", "SEAL_NOT_YET_VALID")},
	} {
		t.Run(name, func(t *testing.T) {
			seal := w.Seal(t, func(i *ses.SealInfo) { i.ValidStart, i.ValidEnd = c.start, c.end })
			judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}}), trusting(), c.document)
			r := verify.Verify("a.esl", seal, trusting())
			if r.Verdict != c.bare.verdict || r.Code != c.bare.vcode || r.Format != "seal" || c.bare.reason != "" && !slices.Contains(codes(r), c.bare.reason) {
				t.Errorf("bare: %s %s %v", r.Verdict, r.Code, codes(r))
			}
		})
	}
}

func TestS23ImpossibleTimes(t *testing.T) {
	w := world()
	at := func(moment time.Time) []byte {
		encoded, err := der.EncodeGeneralizedTime(moment)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	forever := w.Seal(t, func(i *ses.SealInfo) { i.ValidEnd = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) })
	for name, c := range map[string]struct {
		time []byte
		want want
	}{
		"5 min ahead":            {at(ofdtest.Now.Add(5 * time.Minute)), valid},
		"a second more":          {at(ofdtest.Now.Add(5*time.Minute + time.Second)), invalid("V22", "time")},
		"before the certificate": {at(ofdtest.Begin.Add(-time.Second)), invalid("V22", "time")},
		"year 9999":              {at(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)), invalid("V22", "time")},
		"year 0":                 {append([]byte{24, 15}, "00000101000000Z"...), invalid("V22", "time")},
		"no time":                {append([]byte{24, 15}, "20261301000000Z"...), invalid("V31", "SIG_FORMAT")},
		"text":                   {append([]byte{22, 15}, "20260520080000Z"...), invalid("V31", "SIG_FORMAT")},
		"fraction":               {append([]byte{24, 19}, "20260520080000.123Z"...), valid},
		"offset":                 {append([]byte{24, 19}, "20260520160000+0800"...), want{verify.Valid, "V00", "deviation"}},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: forever, Time: c.time}}), trusting(), c.want)
		})
	}
}

func TestS25OneStructure(t *testing.T) {
	w := world()
	seal := sequence(t, w.Seal(t, nil))
	// The same members in the shape of V1: seal of two, signInfo of three.
	v1 := der.EncodeSequence(seal[0], der.EncodeSequence(seal[1], seal[2], seal[3]))
	judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: v1}, NoFile: true}), trusting(), invalid("V31", "SIG_FORMAT"))
	for name, bytes := range map[string][]byte{"V4 info in a V1 seal": v1, "three members": der.EncodeSequence(seal[:3]...), "six members": der.EncodeSequence(append(append([][]byte{}, seal...), seal[2], seal[2])...)} {
		t.Run(name, func(t *testing.T) {
			if r := verify.Verify("a.esl", bytes, trusting()); r.Verdict != verify.Invalid || r.Code != "V31" {
				t.Errorf("%s %s %v", r.Verdict, r.Code, codes(r))
			}
		})
	}
	t.Run("number of V5 in the shape of V4 is V5", func(t *testing.T) {
		five := w.Seal(t, func(i *ses.SealInfo) { i.Structure = ses.V5 })
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: five, Version: der.EncodeInt(5)}}), trusting(), valid)
		if r.Signatures[0].Structure != "v5" {
			t.Errorf("structure %s", r.Signatures[0].Structure)
		}
	})
	t.Run("numbers differ", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Version: der.EncodeInt(5)}})
		judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
		judge(t, data, trusting(strictly), invalid("V31", "SIG_FORMAT"))
	})
}

// TestS26OctetsAsReceived: a value over octets that are not DER holds as received; re-encoding would break it.
func TestS26OctetsAsReceived(t *testing.T) {
	w := world()
	criticalFalse := func(i *ses.SealInfo) { i.Extensions = []ses.Extension{{ID: "1.2.3", Value: []byte{5, 0}}} }
	info := sequence(t, sequence(t, w.Seal(t, criticalFalse))[0])
	last := len(info) - 1
	extension := sequence(t, sequence(t, info[last])[0])
	info[last] = der.EncodeSequence(der.EncodeSequence(extension[0], []byte{1, 1, 0}, extension[1]))
	resign := func(t *testing.T, rawInfo []byte) []byte {
		value, err := w.Maker.Sign(rawInfo)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(rawInfo, der.EncodeOctetString(w.Maker.Cert.Raw), ofdtest.OIDSM2SM3, der.EncodeBitString(value))
	}
	plain := sequence(t, w.Seal(t, nil))[0]
	indefinite := append(append([]byte{0x30, 0x80}, bytes.Join(sequence(t, plain), nil)...), 0, 0)
	for name, seal := range map[string][]byte{"critical FALSE written": resign(t, der.EncodeSequence(info...)), "indefinite length": resign(t, indefinite)} {
		t.Run(name, func(t *testing.T) {
			data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
			judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
			judge(t, data, trusting(strictly), invalid("V31", "SIG_FORMAT"))
		})
	}
	t.Run("signed over the DER form, sent otherwise", func(t *testing.T) {
		good := sequence(t, w.Seal(t, nil))
		judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: der.EncodeSequence(indefinite, good[1], good[2], good[3])}}), trusting(), invalid("V22", "SEAL_SIGNATURE"))
	})
	t.Run("deviation of toSign", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Property: append([]byte{12, byte(len(ofdtest.SignatureXML))}, ofdtest.SignatureXML...)}})
		judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
		judge(t, data, trusting(strictly), invalid("V31", "SIG_FORMAT"))
	})
}

func TestS27WhatTheValueBinds(t *testing.T) {
	w := world()
	sum := sm3.Sum([]byte("another description"))
	property := func(text string) []byte { return append([]byte{22, byte(len(text))}, text...) }
	withZ := func(t *testing.T) []byte {
		// The vendor's form SM3(Z‖M) is known only once the description is: seal twice with one seal.
		seal := w.Seal(t, nil)
		var described []byte
		sealing := ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}}
		first := w.Sealed(t, sealing)
		p, err := ofd.Open(first, ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		described = p.Signatures[0].Raw
		e, err := pki.SM2Digest(&w.Signer.Key.PublicKey, nil, described)
		if err != nil {
			t.Fatal(err)
		}
		sealing.Parts.DataHash = der.EncodeBitString(e)
		return w.Sealed(t, sealing)
	}
	for name, c := range map[string]struct {
		parts ofdtest.Parts
		want  want
	}{
		"hash of another description": {ofdtest.Parts{DataHash: der.EncodeBitString(sum[:])}, invalid("V22", "DATA_HASH")},
		"zero hash":                   {ofdtest.Parts{DataHash: der.EncodeBitString(make([]byte, 32))}, invalid("V22", "DATA_HASH")},
		"empty hash":                  {ofdtest.Parts{DataHash: der.EncodeBitString(nil)}, invalid("V22", "DATA_HASH")},
		"property names another file": {ofdtest.Parts{Property: property("/Doc_0/Signs/Sign_1/Signature.xml")}, want{verify.Valid, "V00", "property"}},
		"property is a blank":         {ofdtest.Parts{Property: property(" ")}, want{verify.Valid, "V00", "property"}},
	} {
		t.Run(name, func(t *testing.T) { judge(t, w.Sealed(t, ofdtest.Sealing{Parts: c.parts}), trusting(), c.want) })
	}
	t.Run("hash with Z", func(t *testing.T) {
		data := withZ(t)
		judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
		judge(t, data, trusting(strictly), invalid("V22", "DATA_HASH"))
	})
	t.Run("property of the good one", func(t *testing.T) {
		if r := verify.Verify("a.ofd", w.Sealed(t, ofdtest.Sealing{}), trusting()); strings.Contains(strings.Join(codes(r), " "), "property") {
			t.Errorf("reasons %v", codes(r))
		}
	})
}

func TestS28SealFile(t *testing.T) {
	w := world()
	seal, other := w.Seal(t, nil), w.Seal(t, nil) // equal members, another signature value
	for name, c := range map[string]struct {
		file func(*ofd.SignatureRequest)
		want want
	}{
		"same":            {func(r *ofd.SignatureRequest) { r.Seal = seal }, valid},
		"another":         {func(r *ofd.SignatureRequest) { r.Seal = other }, invalid("V22", "seal_mismatch")},
		"one octet more":  {func(r *ofd.SignatureRequest) { r.Seal = append(bytes.Clone(seal), 0) }, invalid("V22", "seal_mismatch")},
		"cut":             {func(r *ofd.SignatureRequest) { r.Seal = seal[:len(seal)-1] }, invalid("V22", "seal_mismatch")},
		"no file at all":  {func(r *ofd.SignatureRequest) { r.Seal = nil }, valid},
		"something other": {func(r *ofd.SignatureRequest) { r.Seal = []byte("x") }, invalid("V22", "seal_mismatch")},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, w.Sealed(t, ofdtest.Sealing{Request: c.file, Parts: ofdtest.Parts{Seal: seal}}), trusting(), c.want)
		})
	}
	t.Run("named and missing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{}), ofdtest.Drop(ofdtest.SealFile)), trusting(), invalid("V31", "ref_path"))
	})
}

// older rebuilds a value in the shape of GM/T 0031-2014 around a four-member seal, with any timeInfo.
func older(t *testing.T, timeInfo []byte) func([]byte) []byte {
	return func(value []byte) []byte {
		outer := sequence(t, value)
		members := sequence(t, outer[0])
		members[2] = timeInfo
		tbs := der.EncodeSequence(append(members[:5:5], outer[1], outer[2])...)
		signature, err := world().Signer.Sign(tbs)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(tbs, der.EncodeBitString(signature))
	}
}

// TestTimesOfOlderSignatures: a time that cannot be read is not a time outside a period, and a token in its place is not
// judged yet and said so.
func TestTimesOfOlderSignatures(t *testing.T) {
	w := world()
	moment, err := der.EncodeGeneralizedTime(ofdtest.Time)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		timeInfo []byte
		want     want
		reason   string
	}{
		"time in a BIT STRING":      {der.EncodeBitString(moment), valid, ""},
		"time without a BIT STRING": {moment, valid, "deviation"},
		"text with a zone":          {der.EncodeBitString([]byte("2026-05-20T08:00:00Z")), valid, "deviation"},
		"text without a zone":       {der.EncodeBitString([]byte("2026-05-20 16:00:00")), valid, "deviation"},
		"unreadable":                {der.EncodeBitString([]byte("noon")), indeterminate("V26", "time_missing"), "deviation"},
		"token":                     {der.EncodeBitString(der.EncodeSequence(der.EncodeInt(1))), indeterminate("V26", "time_missing"), "timestamp_unjudged"},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Value: older(t, c.timeInfo)}), trusting(), c.want)
			if c.reason != "" && !slices.Contains(codes(r), c.reason) {
				t.Errorf("reasons %v", codes(r))
			}
			s := r.Signatures[0]
			if s.Structure != "c0119" || (s.SigningTime == nil) != (c.want.verdict != verify.Valid) {
				t.Errorf("structure %s, time %v", s.Structure, s.SigningTime)
			}
			if s.SigningTime == nil && (statusOf(s, "seal_period") != verify.Unknown || statusOf(s, "signing_time") != verify.Unknown) {
				t.Errorf("checks %+v", s.Checks)
			}
		})
	}
}

// TestTimeStampIsNeverDroppedSilently: a token that cannot be read speaks against the document (S-24).
func TestTimeStampIsNeverDroppedSilently(t *testing.T) {
	r := judge(t, world().Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Timestamp: der.EncodeSequence(der.EncodeInt(1))}}), trusting(), invalid("V22", "TS_FORMAT"))
	at := slices.IndexFunc(r.Signatures[0].Checks, func(c verify.Check) bool { return c.Name == "timestamp" })
	if c := r.Signatures[0].Checks[at]; c.Status != verify.Failed || c.Code != "TS_FORMAT" || c.Message == "" {
		t.Errorf("%+v", c)
	}
	if r.Signatures[0].TimeSource != "claimed" {
		t.Errorf("source %s", r.Signatures[0].TimeSource)
	}
}

// TestWhatTheReportSays: people read these fields, so they come from the octets that were judged.
func TestWhatTheReportSays(t *testing.T) {
	w := world()
	r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{DataHash: der.EncodeBitString(make([]byte, 32))}}), trusting(), invalid("V22", "DATA_HASH"))
	s := r.Signatures[0]
	if s.Seal.Name != "示例市市场监督管理局" || s.Seal.SealID != "37030000001721" || s.Seal.Maker != w.Maker.Cert.Subject.String() || s.Seal.Type != 1 || !s.Seal.ValidFrom.Equal(ofdtest.Made) ||
		!s.Seal.ValidTo.Equal(ofdtest.Ended) || s.Seal.Picture != (verify.Picture{Type: "png", WidthMM: 42, HeightMM: 42}) {
		t.Errorf("seal %+v", s.Seal)
	}
	if s.Signer.Subject != w.Signer.Cert.Subject.String() || s.Signer.Issuer != w.Issuing.Cert.Subject.String() || s.Signer.Serial != w.Signer.Cert.SerialHex() || !s.Signer.NotBefore.Equal(ofdtest.Begin) || !s.Signer.NotAfter.Equal(ofdtest.End) {
		t.Errorf("signer %+v", s.Signer)
	}
	if len(s.Placements) != 1 || s.Placements[0] != (verify.Placement{Page: 1, XMM: 120, YMM: 200, WidthMM: 42, HeightMM: 42}) {
		t.Errorf("placements %+v", s.Placements)
	}
	for _, c := range s.Checks {
		if c.Clause == "" || (c.Code == "") != (c.Message == "") || (c.Status == verify.Failed) != (c.Code == "DATA_HASH") {
			t.Errorf("check %+v", c)
		}
	}
	for _, reason := range r.Reasons {
		if reason.Message == "" || reason.Clause == "" {
			t.Errorf("reason %+v", reason)
		}
	}
	future, err := der.EncodeGeneralizedTime(ofdtest.Now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	r = verify.Verify("a.ofd", w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Time: future}}), trusting())
	if !slices.ContainsFunc(r.Signatures[0].Checks, func(c verify.Check) bool {
		return c.Code == "time" && strings.Contains(c.Message, ofdtest.Now.Add(time.Hour).Format(time.RFC3339))
	}) {
		t.Errorf("checks %+v", r.Signatures[0].Checks)
	}
	if n := len(slices.DeleteFunc(slices.Clone(r.Signatures[0].Checks), func(c verify.Check) bool { return c.Name != "signing_time" })); n != 1 {
		t.Errorf("signing_time stands %d times", n)
	}
}
