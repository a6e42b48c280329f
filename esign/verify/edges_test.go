package verify_test

import (
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// chainChecks are the checks of the signer's and the maker's chain.
func chainChecks(r verify.Result, name string) []verify.Check {
	return slices.DeleteFunc(slices.Clone(r.Signatures[0].Checks), func(c verify.Check) bool { return c.Name != name })
}

// TestAnOpenAuthorityIsTheOnlyAnswer: an authority that leaves the chain open is not followed by an answer about the certificate below it.
func TestAnOpenAuthorityIsTheOnlyAnswer(t *testing.T) {
	w, data := world(), world().Sealed(t, ofdtest.Sealing{})
	alone := func(t *testing.T, r verify.Result, names ...string) {
		t.Helper()
		for _, name := range names {
			if found := chainChecks(r, name); len(found) != 1 || found[0].Status != verify.Unknown {
				t.Errorf("%s: %+v", name, found)
			}
		}
	}
	t.Run("revoked later", func(t *testing.T) {
		later := ofdtest.CRL(t, w.Root, pki.CRLEntry{Serial: w.Issuing.Cert.Serial, RevokedAt: ofdtest.Time.Add(time.Second)})
		alone(t, judge(t, data, trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{later} }), indeterminate("V26", "time_untrusted")), "signer_cert", "seal_maker_cert")
	})
	t.Run("nothing is known of it", func(t *testing.T) {
		ca := w.Under(t, w.Root, pki.ProfileIssuingCA, "甲", func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} })
		party := w.Under(t, ca, pki.ProfileSealSigner, "37030000001721", nil)
		seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{party.Cert.Raw} })
		sealed := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(party.Cert.Raw), Sign: party.Sign}})
		alone(t, judge(t, sealed, trusting(func(o *verify.Options) { o.Intermediates = pki.NewPool(w.Issuing.Cert, ca.Cert) }), indeterminate("V01", "revocation_unknown")), "signer_cert")
	})
	t.Run("compromised later", func(t *testing.T) {
		cell, other := cellOf(t, "甲市根"), cellOf(t, "乙市根")
		both := []trustlist.Use{trustlist.SealMaker, trustlist.SealSigner}
		list := published(t, cell, 1, ofdtest.Now.Add(time.Hour), granted(other.Root.Cert, from(ofdtest.Begin, both...), withdrawn(ofdtest.Time.Add(time.Minute), trustlist.Compromised)))
		alone(t, judge(t, other.Sealed(t, ofdtest.Sealing{}), listed(cell, other, list), indeterminate("V26", "time_untrusted")), "signer_cert", "seal_maker_cert")
	})
}

// TestReferencesThatNameNothing: a reference that leads nowhere is no mismatch of a file, and one that cannot be judged protects nothing.
func TestReferencesThatNameNothing(t *testing.T) {
	w := world()
	outside := w.Sealed(t, ofdtest.Sealing{Describe: replaced(`FileRef="`+ofdtest.PageXML+`"`, `FileRef="/../../a.xml"`)})
	if r := judge(t, outside, trusting(), invalid("*", "ref_path").any()); slices.Contains(r.Signatures[0].References.Mismatched, "") {
		t.Errorf("%+v", r.Signatures[0].References)
	}
	absent := w.Sealed(t, ofdtest.Sealing{Describe: replaced("</ofd:References>", `<ofd:Reference FileRef="/Doc_0/none.xml"><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference></ofd:References>`)})
	if r := judge(t, absent, trusting(), invalid("*", "ref_path").any()); !slices.Equal(r.Signatures[0].References.Mismatched, []string{"/Doc_0/none.xml"}) {
		t.Errorf("a file that is not there: %+v", r.Signatures[0].References)
	}
	// A document that nothing reaches, named by a reference without a usable digest.
	document := ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Keep, otherDocument(t)...)
	data := w.Sealed(t, ofdtest.Sealing{Document: document, Describe: func(text string) string {
		start, end := strings.Index(text, "<ofd:Reference "), strings.Index(text, "</ofd:References>")
		return text[:start] + `<ofd:Reference FileRef="/Doc_1/Document.xml"><ofd:CheckValue>!</ofd:CheckValue></ofd:Reference>` + text[end:]
	}})
	if r := verify.Verify("a.ofd", data, trusting()); r.Verdict != verify.Invalid || !slices.Contains(codes(r), "references") {
		t.Errorf("%s %v", r.Verdict, codes(r))
	}
}

// TestADocumentIsXMLByItsName: what lies in a file of another kind is no document, so nothing was exchanged for it.
func TestADocumentIsXMLByItsName(t *testing.T) {
	for name, want := range map[string]want{"/Doc_0/extra.xml": invalid("V20", "changed_after"), "/Doc_0/extra.XML": invalid("V20", "changed_after"), "/Doc_0/extra.dat": indeterminate("V21", "uncovered_visible")} {
		document := ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Keep, ofd.File{Path: name, Content: []byte("<Document><Pages/></Document>")})
		judge(t, world().Sealed(t, ofdtest.Sealing{Document: document, Describe: without(ofdtest.DocumentXML)}), trusting(), want)
	}
}

// TestNoKeyAndNoDigest: a signer without a usable key and a dataHash of no octets do not agree with each other.
func TestNoKeyAndNoDigest(t *testing.T) {
	data := world().Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Cert: der.EncodeOctetString([]byte{0x30, 0}), DataHash: der.EncodeBitString(nil)}})
	if r := verify.Verify("a.ofd", data, trusting()); r.Verdict != verify.Invalid || !slices.Contains(codes(r), "DATA_HASH") {
		t.Errorf("%s %v", r.Verdict, codes(r))
	}
}

// TestAClaimAheadOfItsStamp: a token within the tolerance of the clocks does not excuse a claim beyond it (S-23).
func TestAClaimAheadOfItsStamp(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	stamped := func(at time.Time) want {
		if at.After(ofdtest.Now.Add(5 * time.Minute)) {
			return invalid("V22", "time")
		}
		return valid
	}
	for _, ahead := range []time.Duration{5 * time.Minute, 5*time.Minute + time.Second} {
		at := ofdtest.Now.Add(ahead)
		moment := append([]byte{der.TagGeneralizedTime, 15}, at.UTC().Format("20060102150405Z")...)
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Time: moment}, Value: stampedBy(t, func(v []byte) []byte {
			return tsttest.Token(t, tsa, v, ofdtest.Now.Add(4*time.Minute), tsttest.Parts{})
		})})
		judge(t, data, trusting(), stamped(at))
	}
}

// TestTimesWithoutAZone: SignatureDateTime of a message that tells no time itself is UTC+8 where it names no zone.
func TestTimesWithoutAZone(t *testing.T) {
	w := world()
	want := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"20260601080000", "2026-06-01 08:00:00", "20260601000000Z", "2026-06-01T08:00:00+08:00"} {
		describe := func(xml string) string {
			from := strings.Index(xml, "<ofd:SignatureDateTime>") + len("<ofd:SignatureDateTime>")
			return xml[:from] + text + xml[from+strings.Index(xml[from:], "<"):]
		}
		p, err := ofd.Open(message(t, []byte("x"), describe), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		r := verify.Verify("a.ofd", message(t, signedMessage(t, w.Signer, p.Signatures[0].Raw, true, nil), describe), trusting())
		if s := r.Signatures[0]; s.SigningTime == nil || !s.SigningTime.Equal(want) {
			t.Errorf("%s: %v %v", text, s.SigningTime, codes(r))
		}
	}
}

// TestContentsOfOtherForms: PEM is no file of ours whatever is in it; a bare value is compared with the digest of what it is over.
func TestContentsOfOtherForms(t *testing.T) {
	w := world()
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: signedMessage(t, w.Signer, []byte("text"), true, nil)})
	if r := verify.Verify("a.p7", armoured, trusting()); r.Format != "unknown" || !slices.Contains(codes(r), "format_unknown") {
		t.Errorf("%s %v", r.Format, codes(r))
	}
	p, err := ofd.Open(w.Sealed(t, ofdtest.Sealing{}), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	sum := digest.Sum(p.Signatures[0].Raw)
	for name, c := range map[string]struct {
		sum  []byte
		step verify.Status
		code string
	}{"its content": {sum[:], verify.Passed, ""}, "another": {make([]byte, 32), verify.Failed, "DATA_HASH"}, "none": {nil, verify.Unknown, "content_missing"}} {
		r := verify.Value("a.dat", p.Signatures[0].Value, c.sum, trusting())
		if statusOf(r.Signatures[0], "data_hash") != c.step || c.code != "" && !slices.Contains(codes(r), c.code) || c.code == "" && r.Verdict != verify.Valid {
			t.Errorf("%s: %s %v", name, r.Verdict, codes(r))
		}
	}
}

// TestCodesOfOtherFormsAskNobody: no list speaks of a seal whose code is of another form.
func TestCodesOfOtherFormsAskNobody(t *testing.T) {
	w := world()
	seal := w.Seal(t, func(i *ses.SealInfo) { i.ESID = "A-1" })
	r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}}), trusting(func(o *verify.Options) {
		o.SealListOf = func(division string) (*sealstatus.List, error) {
			t.Errorf("asked for %q", division)
			return nil, errors.New("away")
		}
	}), valid)
	if statusOf(r.Signatures[0], "seal_status") != verify.Skipped {
		t.Errorf("%+v", r.Signatures[0].Checks)
	}
}

// TestPDFThatCannotBeReadOn: signatures that cannot be listed, looked for or compared are no unsigned file.
func TestPDFThatCannotBeReadOn(t *testing.T) {
	good := withMessage(t, pdftest.Document(), pdf.SignatureRequest{})
	many := good
	for range 66 {
		many = pdftest.Update(many, pdftest.Objects{9: "<</A 1>>"}, "/Root 1 0 R/Info 6 0 R/ID[<00><01>]")
	}
	updated := func(number int, body string) []byte {
		return pdftest.Update(good, pdftest.Objects{number: body}, "/Root 1 0 R/Info 6 0 R/ID[<00><01>]")
	}
	broken := invalid("V31", "pdf_structure")
	for name, c := range map[string]struct {
		data []byte
		want want
	}{
		"too many revisions":       {many, invalid("V31", "pdf_limit")},
		"pages inside themselves":  {updated(2, "<</Type/Pages/Kids[2 0 R]/Count 1>>"), broken},
		"pages that lead nowhere":  {updated(2, "99 0 R"), broken},
		"page inside itself":       {updated(3, "<</Type/Pages/Kids[3 0 R]/Count 1>>"), broken},
		"font that breaks off":     {updated(5, "<<"), broken},
		"title that breaks off":    {updated(6, "[[["), broken},
		"value too deep":           {updated(7, strings.Repeat("[", 200)), invalid("V31", "pdf_limit")},
		"something new breaks off": {updated(9, "<<"), broken},
	} {
		t.Run(name, func(t *testing.T) {
			if r := judgePDF(t, c.data, trusting(), c.want); len(r.Signatures) != 0 || slices.Contains(codes(r), "unsigned") {
				t.Errorf("%v %+v", codes(r), r.Signatures)
			}
		})
	}
}
