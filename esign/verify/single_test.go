package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
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

// The tests of this file hold checks that stand behind another one in most files, so that only a file made for them tells them apart
// (docs/reference/mutations.md).

func TestNothingIsSaidOfAGoodDocument(t *testing.T) {
	r := judge(t, world().Sealed(t, ofdtest.Sealing{Request: func(r *ofd.SignatureRequest) { r.Lock = true }}), trusting(), valid)
	if len(r.Reasons) != 0 {
		t.Errorf("reasons %v", codes(r))
	}
}

// TestOneAnswerAboutTheChain: what speaks against an authority is not followed by an answer about the certificate below it.
func TestOneAnswerAboutTheChain(t *testing.T) {
	w, data := world(), world().Sealed(t, ofdtest.Sealing{})
	once := func(t *testing.T, r verify.Result) {
		t.Helper()
		for _, name := range []string{"signer_cert", "seal_maker_cert"} {
			var found []verify.Check
			for _, c := range r.Signatures[0].Checks {
				if c.Name == name {
					found = append(found, c)
				}
			}
			if len(found) != 1 || found[0].Status == verify.Passed {
				t.Errorf("%s: %+v", name, found)
			}
		}
	}
	t.Run("revoked authority", func(t *testing.T) {
		list := ofdtest.CRL(t, w.Root, pki.CRLEntry{Serial: w.Issuing.Cert.Serial, RevokedAt: ofdtest.Begin.Add(time.Hour)})
		once(t, judge(t, data, trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{list} }), invalid("V25", "SIGNER_CERT_CHAIN")))
	})
	cell, other := cellOf(t, "甲市根"), cellOf(t, "乙市根")
	sealed, both := other.Sealed(t, ofdtest.Sealing{}), []trustlist.Use{trustlist.SealMaker, trustlist.SealSigner}
	below := func(history ...trustlist.Event) verify.Options {
		return listed(cell, other, published(t, cell, 1, ofdtest.Now.Add(time.Hour), granted(other.Root.Cert, from(ofdtest.Begin, both...)), granted(other.Issuing.Cert, history...)))
	}
	t.Run("withdrawn authority", func(t *testing.T) {
		once(t, judge(t, sealed, below(from(ofdtest.Begin, both...), withdrawn(ofdtest.Begin.Add(time.Hour), trustlist.Supervision)), indeterminate("V24", "authority_not_granted")))
	})
	t.Run("an authority that is granted later is no withdrawn one", func(t *testing.T) {
		judge(t, sealed, below(from(ofdtest.Now.Add(-time.Minute), both...)), valid)
	})
}

// TestWithoutATime: a signature whose time cannot be read is judged by what is known today, never by the beginning of time.
func TestWithoutATime(t *testing.T) {
	w := world()
	noon := der.EncodeBitString([]byte("noon"))
	signer := w.Issue(t, pki.ProfileSealSigner, "37030000001721", func(tp *pki.CertificateTemplate) { tp.CRLURLs = []string{"http://crl.example/a.crl"} })
	seal := w.Seal(t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw)}, Value: func(value []byte) []byte {
		outer := sequence(t, value)
		members := sequence(t, outer[0])
		members[2] = noon
		tbs := der.EncodeSequence(append(members[:5:5], outer[1], outer[2])...)
		signature, err := signer.Sign(tbs)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(tbs, der.EncodeBitString(signature))
	}})
	revoked := func(issuer, of ofdtest.Party) *pki.CRL {
		return ofdtest.CRL(t, issuer, pki.CRLEntry{Serial: of.Cert.Serial, RevokedAt: ofdtest.Time, Reason: pki.RevokedKeyCompromise})
	}
	good := ofdtest.CRL(t, w.Issuing)
	for name, c := range map[string]struct {
		lists []*pki.CRL
		want  want
	}{
		"nothing is revoked":   {[]*pki.CRL{good}, indeterminate("V26", "time_missing")},
		"signer revoked":       {[]*pki.CRL{revoked(w.Issuing, signer)}, invalid("V25", "SIGNER_REVOKED_BEFORE")},
		"issuing CA revoked":   {[]*pki.CRL{good, revoked(w.Root, w.Issuing)}, invalid("V25", "SIGNER_CERT_CHAIN")},
		"nothing can be known": {nil, indeterminate("V26", "revocation_unknown")},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, data, trusting(func(o *verify.Options) { o.CRLs = c.lists }), c.want)
		})
	}
	t.Run("state of the seal now", func(t *testing.T) {
		for state, reason := range map[sealstatus.State]string{sealstatus.Revoked: "SEAL_STATUS_REVOKED", sealstatus.InUse: ""} {
			r := verify.Verify("a.ofd", data, trusting(func(o *verify.Options) {
				o.CRLs = []*pki.CRL{good}
				o.SealRegister = func(string, [32]byte) (sealstatus.Seal, bool, error) {
					return sealstatus.Seal{History: sealstatus.History{{From: ofdtest.Now.Add(-time.Hour), State: state}}}, true, nil
				}
			}))
			step := statusOf(r.Signatures[0], "seal_status")
			if reason != "" && !slices.Contains(codes(r), reason) || (step == verify.Passed) != (reason == "") {
				t.Errorf("state %d: %s %v", state, step, codes(r))
			}
		}
	})
	t.Run("authorities of today", func(t *testing.T) {
		cell, other := cellOf(t, "甲市根"), cellOf(t, "乙市根")
		message := other.Sealed(t, ofdtest.Sealing{Value: func(value []byte) []byte {
			outer := sequence(t, value)
			members := sequence(t, outer[0])
			members[2] = noon
			tbs := der.EncodeSequence(append(members[:5:5], outer[1], outer[2])...)
			signature, err := other.Signer.Sign(tbs)
			if err != nil {
				t.Fatal(err)
			}
			return der.EncodeSequence(tbs, der.EncodeBitString(signature))
		}})
		list := published(t, cell, 1, ofdtest.Now.Add(time.Hour), granted(other.Root.Cert, from(ofdtest.Begin, trustlist.SealMaker, trustlist.SealSigner)))
		r := judge(t, message, listed(cell, other, list), indeterminate("V26", "time_missing"))
		if slices.Contains(codes(r), "authority_not_granted") || statusOf(r.Signatures[0], "signer_cert") != verify.Passed {
			t.Errorf("%v %+v", codes(r), r.Signatures[0].Checks)
		}
	})
	t.Run("a token instead of it", func(t *testing.T) {
		tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "TSA", nil))
		stamped := w.Sealed(t, ofdtest.Sealing{Describe: replaced("<ofd:SignatureDateTime>", "<ofd:SignatureDateTime>x"), NoFile: true})
		p, err := ofd.Open(ofdtest.Edit(t, stamped, ofdtest.Replace(ofdtest.ListXML, `Type="Seal"`, `Type="Sign"`)), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		value := stampedMessage(t, signedMessage(t, w.Signer, p.Signatures[0].Raw, true, nil), func(value []byte) [][]byte {
			return [][]byte{tsttest.Token(t, tsa, value, stampTime, tsttest.Parts{})}
		})
		r := judge(t, message(t, value, replaced("<ofd:SignatureDateTime>", "<ofd:SignatureDateTime>x")), trusting(), valid)
		if r.Signatures[0].TimeSource != "timestamp" || slices.Contains(codes(r), "time_missing") {
			t.Errorf("%s %v", r.Signatures[0].TimeSource, codes(r))
		}
	})
}

// TestOutwardShapes: what a value is, is settled by its shape and by the type that the list names.
func TestOutwardShapes(t *testing.T) {
	w := world()
	bare, err := w.Signer.Sign([]byte("anything"))
	if err != nil {
		t.Fatal(err)
	}
	judge(t, w.Sealed(t, ofdtest.Sealing{Value: func([]byte) []byte { return bare }}), trusting(), invalid("V31", "SIG_FORMAT"))
	t.Run("messages with none or two signers", func(t *testing.T) {
		outer := sequence(t, signedMessage(t, w.Signer, []byte("text"), true, nil))
		explicit, err := (&der.Reader{}).Parse(outer[1])
		if err != nil {
			t.Fatal(err)
		}
		members := sequence(t, explicit.Content)
		set, err := (&der.Reader{}).Parse(members[len(members)-1])
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if n == 1 {
				continue
			}
			members[len(members)-1] = der.EncodeSet(slices.Repeat([][]byte{set.Content}, n)...)
			data := der.EncodeSequence(outer[0], der.EncodeExplicit(0, der.EncodeSequence(members...)))
			r := verify.Verify("a.p7", data, trusting())
			if r.Verdict == verify.Valid || len(r.Signatures) > 0 && statusOf(r.Signatures[0], "sig_value") == verify.Passed {
				t.Errorf("%d signers: %s %v", n, r.Verdict, codes(r))
			}
			if parsed, err := pki.ParseSignedData(data); err == nil && len(parsed.Signers) == n && !slices.Contains(codes(r), "signer_unknown") {
				t.Errorf("%d signers: %v", n, codes(r))
			}
		}
	})
	t.Run("no key and a digest of something else", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Cert: der.EncodeOctetString([]byte{0x30, 0}), DataHash: der.EncodeBitString(make([]byte, 32))}})
		r := judge(t, data, trusting(), invalid("V22", "SIGNER_CERT_CHAIN"))
		if !slices.Contains(codes(r), "DATA_HASH") {
			t.Error(codes(r))
		}
	})
}

func TestReferencesInTheReport(t *testing.T) {
	w := world()
	t.Run("one that cannot be judged is listed", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Describe: func(text string) string {
			at := strings.Index(text, `FileRef="`+ofdtest.PageXML)
			from := at + strings.Index(text[at:], "<ofd:CheckValue>") + len("<ofd:CheckValue>")
			return text[:from] + "AAAA" + text[from+strings.Index(text[from:], "<"):]
		}})
		r := verify.Verify("a.ofd", data, trusting())
		if refs := r.Signatures[0].References; r.Verdict != verify.Invalid || !slices.Equal(refs.Mismatched, []string{ofdtest.PageXML}) || refs.Matched != refs.Total-1 {
			t.Errorf("%s %v %+v", r.Verdict, codes(r), refs)
		}
	})
	t.Run("twenty names are told, of more the number", func(t *testing.T) {
		for n, cut := range map[int]bool{20: false, 21: true} {
			var more []ofd.File
			document := strings.Builder{}
			for i := range n {
				path := fmt.Sprintf("/Doc_0/Tpls/T%02d.xml", i)
				fmt.Fprintf(&document, `<ofd:TemplatePage ID="%d" BaseLoc="Tpls/T%02d.xml"/>`, 900+i, i)
				more = append(more, ofd.File{Path: path, Content: []byte(`<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"/>`)})
			}
			plain := ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, "</ofd:CommonData>", document.String()+"</ofd:CommonData>"), more...)
			data := ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{Document: plain}), func(path string, content []byte) []byte {
				if strings.HasPrefix(path, "/Doc_0/Tpls/") {
					return append(content, '\n')
				}
				return content
			})
			r := judge(t, data, trusting(), invalid("V20", "DIGEST_MISMATCH"))
			at := slices.IndexFunc(r.Reasons, func(reason verify.Reason) bool { return reason.Code == "DIGEST_MISMATCH" })
			if told := strings.Contains(r.Reasons[at].Message, fmt.Sprintf("(%d)", n)); told != cut {
				t.Errorf("%d: %s", n, r.Reasons[at].Message)
			}
		}
	})
	t.Run("OFD.xml and Document.xml uncovered", func(t *testing.T) {
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Describe: chained(without(ofdtest.RootXML), without(ofdtest.DocumentXML))}), trusting(), indeterminate("V21", "uncovered_visible"))
		if slices.Contains(codes(r), "ofd_xml_uncovered") {
			t.Error(codes(r))
		}
	})
	t.Run("OFD.xml with a further version of the document", func(t *testing.T) {
		open := w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.RootXML, "</ofd:DocRoot>",
			`</ofd:DocRoot><ofd:Versions><ofd:Version ID="1" Index="1" BaseLoc="Doc_0/Versions/V1.xml"/></ofd:Versions>`),
			append(otherDocument(t), ofd.File{Path: "/Doc_0/Versions/V1.xml", Content: []byte(`<ofd:DocVersion xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocRoot>/Doc_1/Document.xml</ofd:DocRoot></ofd:DocVersion>`)})...),
			Describe: without(ofdtest.RootXML)})
		r := verify.Verify("a.ofd", open, trusting())
		if r.Verdict == verify.Valid || slices.Contains(codes(r), "ofd_xml_uncovered") {
			t.Errorf("%s %v", r.Verdict, codes(r))
		}
	})
}

func TestSealListsOfOthers(t *testing.T) {
	w := world()
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	stranger := w.Issue(t, pki.ProfileService, "别的机构", func(tp *pki.CertificateTemplate) { tp.Subject.Organization = "别的机构" })
	seal := w.Seal(t, nil)
	data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
	issued, next := ofdtest.Now.Add(-time.Hour), ofdtest.Now.Add(time.Hour)
	used, revoked := sealstatus.Event{From: ofdtest.Made, State: sealstatus.InUse}, sealstatus.Event{From: ofdtest.Time, State: sealstatus.Revoked}
	elsewhere := func() *sealstatus.List {
		encoded, err := sealstatus.New("https://a.example/status/seals/110000", 9, "110000", issued, next, nil).Sign([][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		list, err := sealstatus.Open(encoded)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}()
	own := statusList(t, service, 5, issued, next, seal, used)
	t.Run("of another division", func(t *testing.T) {
		r := judge(t, data, trusting(func(o *verify.Options) { o.SealLists = []*sealstatus.List{elsewhere} }), valid)
		if statusOf(r.Signatures[0], "seal_status") != verify.Skipped {
			t.Error("a list of another division is asked")
		}
	})
	t.Run("beside one that counts", func(t *testing.T) {
		for _, lists := range [][]*sealstatus.List{{own, statusList(t, stranger, 9, issued, next, seal, used, revoked)}, {statusList(t, stranger, 9, issued, next, seal, used, revoked), own}} {
			r := judge(t, data, trusting(func(o *verify.Options) { o.SealLists = lists }), valid)
			if slices.Contains(codes(r), "seal_list_untrusted") || statusOf(r.Signatures[0], "seal_status") != verify.Passed {
				t.Errorf("%v", codes(r))
			}
		}
	})
	t.Run("maker that cannot be read", func(t *testing.T) {
		members := sequence(t, seal)
		members[1] = der.EncodeOctetString([]byte{0x30, 0})
		r := verify.Verify("a.ofd", w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: der.EncodeSequence(members...)}}), trusting(func(o *verify.Options) { o.SealLists = []*sealstatus.List{own} }))
		if r.Verdict != verify.Invalid || statusOf(r.Signatures[0], "seal_status") != verify.Skipped {
			t.Errorf("%s %v", r.Verdict, codes(r))
		}
	})
	// A platform that judges its own seals asks its published list about what its register does not know, as everybody else does.
	remade := w.Seal(t, func(i *ses.SealInfo) { i.Name += "二" })
	for name, c := range map[string]struct {
		document []byte
		list     *sealstatus.List
		err      error
		step     verify.Status
		want     want
	}{
		"known to the register":                  {data, nil, errors.New("not to be asked"), verify.Passed, valid},
		"unknown to the register and the list":   {w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: remade}}), own, nil, verify.Unknown, indeterminate("V01", "seal_status_unknown")},
		"unknown to the register, list is away":  {w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: remade}}), nil, errors.New("away"), verify.Unknown, indeterminate("V01", "seal_status_unreachable")},
		"unknown to the register, no list of it": {w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: remade}}), nil, nil, verify.Skipped, valid},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, c.document, trusting(func(o *verify.Options) {
				o.SealRegister = func(_ string, sum [32]byte) (sealstatus.Seal, bool, error) {
					return sealstatus.Seal{History: sealstatus.History{used}}, sum == [32]byte(digest.Sum(seal)), nil
				}
				o.SealListOf = func(division string) (*sealstatus.List, error) {
					if division != "370300" {
						t.Errorf("asked for %s", division)
					}
					return c.list, c.err
				}
			}), c.want)
			if got := statusOf(r.Signatures[0], "seal_status"); got != c.step {
				t.Errorf("step %s, want %s", got, c.step)
			}
		})
	}
}

// TestSeenTakesWhatTheFileBrings: packages of evidence lean on it.
func TestSeenTakesWhatTheFileBrings(t *testing.T) {
	w := world()
	tsa := w.Issue(t, pki.ProfileTimeStamping, "TSA", nil)
	stamped := w.Sealed(t, ofdtest.Sealing{Value: stampedBy(t, func(value []byte) []byte { return tsttest.Token(t, stamping(tsa), value, stampTime, tsttest.Parts{}) })})
	var seen verify.Seen
	judge(t, stamped, trusting(func(o *verify.Options) { o.Seen = &seen }), valid)
	for name, party := range map[string]ofdtest.Party{"signer": w.Signer, "maker": w.Maker, "time-stamping authority": tsa} {
		if !slices.ContainsFunc(seen.Certificates, party.Cert.Equal) {
			t.Errorf("the certificate of the %s is missing", name)
		}
	}
	if len(seen.Tokens) != 1 || !slices.Equal(seen.Seals, []string{"37030000001721"}) || slices.Contains(seen.Certificates, nil) {
		t.Errorf("%d tokens, seals %v", len(seen.Tokens), seen.Seals)
	}
	unreadable := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Cert: der.EncodeOctetString([]byte{0x30, 0})}})
	seen = verify.Seen{}
	if r := verify.Verify("a.ofd", unreadable, trusting(func(o *verify.Options) { o.Seen = &seen })); r.Verdict != verify.Invalid || slices.Contains(seen.Certificates, nil) {
		t.Errorf("%s, %d certificates", r.Verdict, len(seen.Certificates))
	}
}

// TestTrustedSignerWithoutAnIssuer: nobody stands above a trusted root that could revoke it, whatever address it names.
func TestTrustedSignerWithoutAnIssuer(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Root that signs"}, NotBefore: ofdtest.Begin, NotAfter: ofdtest.End, KeyUsage: x509.KeyUsageDigitalSignature,
		CRLDistributionPoints: []string{"http://crl.example/root.crl"}}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	_, sign := foreign(t, key)
	data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, func(signed []byte) []byte {
		out, err := pki.MakeSignedData(pki.SignedDataTemplate{}, signed, certificate, sign)
		if err != nil {
			t.Fatal(err)
		}
		return out
	})
	judgePDF(t, data, verify.Options{Roots: pki.NewPool(certificate), At: ofdtest.Now}, want{verify.Valid, "V00", ""})
}
