package esign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// refused asks for a stamp and expects the code, no key used and nothing planned.
func refused(t *testing.T, w *sealtest.World, twin *sealtest.Twin, request esign.StampRequest, code fault.Code) {
	t.Helper()
	plans := len(twin.AllStamps())
	asked, signed := w.Keys.Asked(keys.UsageSealSigner), w.Keys.Signed(keys.UsageSealSigner)
	_, result, err := w.Service.Stamp(sealtest.Keeper, request)
	if fault.CodeOf(err) != code || result != nil {
		t.Errorf("%d octets, %v, want %s", len(result), err, code)
	}
	if w.Keys.Asked(keys.UsageSealSigner) != asked || w.Keys.Signed(keys.UsageSealSigner) != signed || len(twin.AllStamps()) != plans {
		t.Error("a key was used, or a stamp planned")
	}
}

// TestD31HostileDocumentsAreRefusedBeforeAnyKeyUse runs every hostile package through the pipeline.
func TestD31HostileDocumentsAreRefusedBeforeAnyKeyUse(t *testing.T) {
	var expected map[string]json.RawMessage
	folder := testkit.Shared(t, "vectors/zip-hostile")
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/zip-hostile/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.ofd"))
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				MustRefuse bool `json:"must_refuse"`
			}
			if err := json.Unmarshal(expected[name], &want); err != nil {
				t.Fatal(err)
			}
			request := sealtest.Request(seal, document)
			request.Key = name
			for _, request.Places = range [][]esign.Place{request.Places, nil} {
				if want.MustRefuse {
					refused(t, w, twin, request, fault.DocumentRefused)
				}
			}
			if !want.MustRefuse {
				if _, result := stamp(t, w, request); w.Verify(t, result).Verdict != verify.Valid {
					t.Error("the result does not verify")
				}
			}
		})
	}
}

// TestPublicDocumentsAreSealedOrRefused: a real document is sealed so that it verifies, or refused before any key use;
// nothing ends in a fault of ours.
func TestPublicDocumentsAreSealedOrRefused(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	sealed := 0
	for _, pattern := range []string{"vectors/ofd/docs", "vectors/ofd/structure"} {
		files, err := filepath.Glob(filepath.Join(testkit.Shared(t, pattern), "*.ofd"))
		if err != nil || len(files) < 5 {
			t.Fatal(len(files), err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				document, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				request := sealtest.Request(seal, document)
				request.Key, request.Places = file[strings.LastIndexByte(file, '/'):], nil
				before := w.Keys.Asked(keys.UsageSealSigner)
				s, result, err := w.Service.Stamp(sealtest.Keeper, request)
				if err != nil {
					if status := fault.MetaOf(fault.CodeOf(err)).Status; status != 422 {
						t.Errorf("status %d: %v", status, err)
					}
					if w.Keys.Asked(keys.UsageSealSigner) != before || slices.ContainsFunc(twin.AllStamps(), func(s esign.Stamp) bool { return s.Key == request.Key }) {
						t.Errorf("refused after a key was used: %v", err)
					}
					t.Logf("refused: %v", err)
					return
				}
				sealed++
				report := w.Verify(t, result)
				if last := report.Signatures[len(report.Signatures)-1]; last.Verdict != verify.Valid || report.Verdict == verify.Invalid {
					t.Errorf("%s: %s %+v", s.ID, report.Code, report.Reasons)
				}
			})
		}
	}
	if sealed < 5 {
		t.Errorf("only %d were sealed", sealed)
	}
}

// edited is a sealed document with a changed page.
func edited(t *testing.T, document []byte) []byte {
	t.Helper()
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	path := p.Current().Pages[0].Path
	content, err := p.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(content, []byte("第 1 页"), []byte("第 9 页"), 1)
	if bytes.Equal(changed, content) {
		t.Fatal("nothing was edited")
	}
	again, err := p.Rewrite(map[string][]byte{path: changed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestAlteredDocumentsAreNotSealedAgain(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	request := sealtest.Request(seal, sealtest.Document(t, 1))
	_, result := stamp(t, w, request)
	request.Document, request.Key = edited(t, result), "key-0002"
	refused(t, w, twin, request, fault.DocumentAltered)
}

// withPermission is a document whose Permissions say whether signatures may be added.
func withPermission(t *testing.T, element string) []byte {
	t.Helper()
	p, err := ofd.Open(sealtest.Document(t, 1), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	root := p.Current().Root
	content, err := p.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(content), "</ofd:Document>", element+"</ofd:Document>", 1)
	if changed == string(content) {
		t.Fatal("no place for the element")
	}
	document, err := p.Rewrite(map[string][]byte{root: []byte(changed)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestLockedDocuments: an earlier signature over the list of signatures, or the document's own permissions, forbid a
// further one.
func TestLockedDocuments(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	for _, value := range []string{"false", "0", " false\n"} {
		request := sealtest.Request(seal, withPermission(t, "<ofd:Permissions><ofd:Signature>"+value+"</ofd:Signature></ofd:Permissions>"))
		refused(t, w, twin, request, fault.DocumentLocked)
	}
	for _, element := range []string{"<ofd:Permissions><ofd:Signature>true</ofd:Signature></ofd:Permissions>", "<ofd:Permissions><ofd:Edit>false</ofd:Edit></ofd:Permissions>"} {
		request := sealtest.Request(seal, withPermission(t, element))
		request.Key = element
		stamp(t, w, request)
	}
	p, err := ofd.Open(sealtest.Document(t, 1), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	pending, err := p.AddSignature(ofd.SignatureRequest{Provider: "x", SigningTime: w.Now(), Seal: seal.SES, Lock: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.Keys.Provider.Signer(t.Context(), seal.KeyID, keys.UsageSealSigner)
	if err != nil {
		t.Fatal(err)
	}
	value, err := ses.NewSignature(ses.SignatureInfo{Seal: seal.SES, ToSign: ses.ToSign{Time: w.Now(), DataHash: digest.Sum(pending.Description), PropertyInfo: pending.Path}}, seal.SignerCert,
		func(message []byte) ([]byte, error) { return key.SignMessage(t.Context(), message) })
	if err != nil {
		t.Fatal(err)
	}
	locked, err := pending.Complete(value)
	if err != nil {
		t.Fatal(err)
	}
	request := sealtest.Request(seal, locked)
	request.Key = "locked"
	refused(t, w, twin, request, fault.DocumentLocked)
}

// remade is the seal's data anew under the maker's key, with a change.
func remade(t *testing.T, w *sealtest.World, seal esign.Seal, change func(*ses.SealInfo)) []byte {
	t.Helper()
	info := ses.SealInfo{Vid: "YINXIN", ESID: seal.Code, Type: 1, Name: seal.Name, SignerCerts: [][]byte{seal.SignerCert}, CreateDate: seal.ValidFrom, ValidStart: seal.ValidFrom, ValidEnd: seal.ValidTo,
		Picture: ses.Picture{Type: "PNG", Data: []byte("picture"), WidthMM: 42, HeightMM: 42}}
	change(&info)
	all, err := w.Keys.List(t.Context(), keys.UsageSealMaker, "")
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	maker, err := w.Keys.Provider.Signer(t.Context(), all[0].ID, keys.UsageSealMaker)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ses.NewSeal(info, w.Certificate("seal_maker:"+all[0].ID).Raw, func(message []byte) ([]byte, error) { return maker.SignMessage(t.Context(), message) })
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSealIsVerifiedBeforeEachUse: whatever is wrong with seal or certificate by now is 409, before any key use (GB/T
// 38540-2020 7.2, security rows S-16, S-18, S-22).
func TestSealIsVerifiedBeforeEachUse(t *testing.T) {
	for name, test := range map[string]struct {
		template func(*pki.CertificateTemplate)
		spoil    func(t *testing.T, w *sealtest.World, twin *sealtest.Twin, seal esign.Seal)
		code     fault.Code
	}{
		"seal ended": {nil, func(_ *testing.T, w *sealtest.World, _ *sealtest.Twin, seal esign.Seal) {
			w.Advance(seal.ValidTo.Sub(w.Now()) + time.Second)
		}, fault.SealNotValid},
		"seal not yet valid": {nil, func(t *testing.T, w *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			data := remade(t, w, seal, func(i *ses.SealInfo) { i.ValidStart = w.Now().Add(time.Hour) })
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES = data })
		}, fault.SealNotValid},
		"one bit of the seal": {nil, func(_ *testing.T, _ *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES = bytes.Clone(s.SES); s.SES[len(s.SES)/2] ^= 1 })
		}, fault.SealNotValid},
		"no seal data": {nil, func(_ *testing.T, _ *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES = nil })
		}, fault.SealNotValid},
		"maker's certificate revoked": {nil, func(t *testing.T, w *sealtest.World, _ *sealtest.Twin, seal esign.Seal) {
			all, err := w.Keys.List(t.Context(), keys.UsageSealMaker, "")
			if err != nil {
				t.Fatal(err)
			}
			// As of the making of the seal, at which it counts.
			w.Revoke(w.Certificate("seal_maker:" + all[0].ID).Serial)
		}, fault.SealNotValid},
		"maker trusted no more": {nil, func(_ *testing.T, w *sealtest.World, _ *sealtest.Twin, _ esign.Seal) { w.NoRoot = true }, fault.SealNotValid},
		"S-18 signer not listed": {nil, func(t *testing.T, w *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			other := w.Active(t, sealtest.SampleApplication(2))
			data := remade(t, w, seal, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{other.SignerCert} })
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES = data })
		}, fault.SealCertificate},
		"no certificate": {nil, func(_ *testing.T, _ *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SignerCert = nil })
		}, fault.SealCertificate},
		"S-22 certificate revoked": {nil, func(_ *testing.T, w *sealtest.World, _ *sealtest.Twin, seal esign.Seal) {
			w.Revoke(w.Certificate("seal:" + seal.ID).Serial)
		}, fault.SealCertificate},
		"S-22 certificate ended": {func(c *pki.CertificateTemplate) {
			if c.Profile == pki.ProfileSealSigner {
				c.NotAfter = sealtest.Start.AddDate(1, 0, 0)
			}
		}, func(t *testing.T, w *sealtest.World, twin *sealtest.Twin, seal esign.Seal) {
			data := remade(t, w, seal, func(i *ses.SealInfo) { i.ValidEnd = sealtest.Start.AddDate(5, 0, 0) })
			twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES = data })
			w.Advance(366 * 24 * time.Hour)
		}, fault.SealCertificate},
		"S-16 no evidence that it is not revoked": {func(c *pki.CertificateTemplate) {
			if c.Profile == pki.ProfileSealSigner {
				c.CRLURLs = []string{"http://ca.example/a.crl"}
			}
		}, func(_ *testing.T, w *sealtest.World, _ *sealtest.Twin, _ esign.Seal) { w.NoCRL = true }, fault.SealCertificate},
		"trust is away": {nil, func(_ *testing.T, w *sealtest.World, _ *sealtest.Twin, _ esign.Seal) { w.TrustError = errAway }, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w, twin := newWorld(t)
			w.Template = test.template
			seal := w.Active(t, sealtest.SampleApplication(1))
			test.spoil(t, w, twin, seal)
			refused(t, w, twin, sealtest.Request(seal, sealtest.Document(t, 1)), test.code)
			if status := fault.MetaOf(test.code).Status; test.code != fault.Unavailable && status != 409 {
				t.Errorf("status %d", status)
			}
		})
	}
}

// TestCertificateThatMayNotSign is refused even if the seal lists it.
func TestCertificateThatMayNotSign(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	authority := w.CA().Raw // may sign certificates and lists only
	data := remade(t, w, seal, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{authority} })
	twin.Corrupt(seal.ID, func(s *esign.Seal) { s.SES, s.SignerCert = data, authority })
	refused(t, w, twin, sealtest.Request(seal, sealtest.Document(t, 1)), fault.SealCertificate)
}
