package evidence_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// world is a house that seals, packs and stamps.
type world struct {
	*sealtest.World
	document []byte
	signer   *pki.Certificate // of the document
	packer   evidence.Packer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: sealtest.NewWorld(t, sealtest.NewTwin())}
	w.Template = func(template *pki.CertificateTemplate) { template.CRLURLs = []string{"http://ca.example/list.crl"} } // who names a list needs one
	seal := w.Active(t, sealtest.SampleApplication(1))
	_, sealed, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	w.document = sealed
	if w.signer, err = pki.ParseCertificate(seal.SignerCert); err != nil {
		t.Fatal(err)
	}
	w.packer = evidence.Packer{Now: w.Now}
	w.packer.Chain, w.packer.Sign = w.service(t, pki.ProfileService, "pack")
	stamps := w.TimeStamps(t)
	w.packer.Stamp = func(octets []byte) ([]byte, error) { return stamps.TimeStamp(context.Background(), octets) }
	return w
}

func (w *world) service(t testing.TB, profile pki.Profile, label string) ([][]byte, func([]byte) ([]byte, error)) {
	t.Helper()
	ctx := context.Background()
	key, err := w.Keys.Create(ctx, keys.Spec{Usage: keys.UsageStatusList, Algorithm: keys.SM2, Label: label})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Issue(ctx, key, profile, pki.Subject{CommonName: label}, label)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := w.Keys.Signer(ctx, key.ID, keys.UsageStatusList)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{certificate.Raw, w.CA().Raw}, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }
}

func (w *world) options(t testing.TB) licensefile.Options {
	t.Helper()
	o, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o.Locale = "en"
	return licensefile.Options{Options: o}
}

func (w *world) pack(t testing.TB) []byte {
	t.Helper()
	octets, result, err := evidence.Make("dir/通知.ofd", w.document, w.options(t), w.packer)
	if err != nil {
		t.Fatal(err)
	}
	if result.Code != "V00" {
		t.Fatalf("%s %v", result.Code, result.Reasons)
	}
	return octets
}

// bare is a judge who has the root and nothing else, at a moment.
func (w *world) bare(t testing.TB) licensefile.Options {
	o := w.options(t)
	o.Intermediates, o.CRLs = nil, nil
	return o
}

func codes(r verify.Result) (all []string) {
	for _, reason := range r.Reasons {
		all = append(all, reason.Code)
	}
	return all
}

// TestYearsLater: when the sources are gone and every certificate has ended, the package gives the verdict of the time of packing, and says
// what that rests on. The document alone stays open.
func TestYearsLater(t *testing.T) {
	w := newWorld(t)
	octets, packedAt := w.pack(t), w.Now()
	if again := w.pack(t); !evidence.Is(octets) || len(again) == 0 {
		t.Error("a package is not known as one")
	}
	for _, years := range []int{0, 12, 28} { // the first: certificates of signer, maker and authorities ended; the second: the CA's and the root's
		w.Advance(time.Duration(years) * 365 * 24 * time.Hour)
		r := evidence.Verify("a.zip", octets, w.bare(t))
		e := r.Evidence
		if r.Verdict != verify.Valid || r.Code != "V00" || r.Format != "evidence" || e == nil || e.TimeSource != "timestamp" || !e.JudgedAt.Equal(packedAt) || e.File != "通知.ofd" || e.Format != "ofd" || e.PackedCode != "V00" || !strings.Contains(e.PackedBy, "pack") {
			t.Fatalf("after %d years: %s %s %v %+v", years, r.Verdict, r.Code, r.Reasons, e)
		}
		if !slices.Contains(codes(r), "evidence_as_of") || !strings.Contains(strings.Join(e.RestsOn, "\n"), "示例时间戳") {
			t.Errorf("after %d years it does not say what it rests on: %v %v", years, codes(r), e.RestsOn)
		}
		if ended := strings.Contains(strings.Join(e.RestsOn, "\n"), "never having leaked"); ended != (years > 0) {
			t.Errorf("after %d years: %v", years, e.RestsOn)
		}
		o := w.bare(t)
		o.Intermediates = pki.NewPool(w.CA())
		if alone := licensefile.Verify("a.ofd", w.document, o); years > 0 && alone.Verdict == verify.Valid {
			t.Errorf("after %d years the document alone is %s", years, alone.Code)
		}
	}
}

// TestTrustStaysWithTheJudge: what stands in a package is evidence and never a root.
// TestWhatWasAskedForIsPacked: evidence that came from authorities while the document was judged is in the package.
func TestWhatWasAskedForIsPacked(t *testing.T) {
	w := newWorld(t)
	o := w.options(t)
	lists := o.CRLs
	o.CRLs, o.More = nil, func(*pki.Certificate, *pki.Certificate) (pki.Evidence, []string) {
		return pki.Evidence{CRLs: lists}, nil
	}
	octets, result, err := evidence.Make("a.ofd", w.document, o, w.packer)
	if err != nil || result.Code != "V00" {
		t.Fatalf("%s %v: %v", result.Code, result.Reasons, err)
	}
	later := w.bare(t)
	later.At = later.At.AddDate(20, 0, 0)
	if r := evidence.Verify("a.zip", octets, later); r.Code != "V00" {
		t.Errorf("%s %v", r.Code, r.Reasons)
	}
}

func TestTrustStaysWithTheJudge(t *testing.T) {
	w := newWorld(t)
	octets := w.pack(t)
	o := w.bare(t)
	o.Roots = nil
	r := evidence.Verify("a.zip", octets, o)
	if r.Verdict != verify.Indeterminate || r.Code != "V24" || r.Evidence.TimeSource != "now" || !slices.Contains(codes(r), "evidence_signer") {
		t.Errorf("%s %s %v", r.Verdict, r.Code, codes(r))
	}
	o.Roots = newWorld(t).bare(t).Roots // another house's root under the same names
	if r := evidence.Verify("a.zip", octets, o); r.Verdict == verify.Valid {
		t.Errorf("foreign root: %s %v", r.Code, codes(r))
	}
}

// TestWithoutTimeStamp: nothing proves an earlier time, so it is judged as of now.
func TestWithoutTimeStamp(t *testing.T) {
	w := newWorld(t)
	w.packer.Stamp = nil
	octets := w.pack(t)
	if r := evidence.Verify("a.zip", octets, w.bare(t)); r.Code != "V00" || r.Evidence.TimeSource != "now" || !slices.Contains(codes(r), "evidence_untimed") {
		t.Errorf("%s %v", r.Code, codes(r))
	}
	w.Advance(12 * 365 * 24 * time.Hour)
	if r := evidence.Verify("a.zip", octets, w.bare(t)); r.Verdict == verify.Valid {
		t.Errorf("12 years later: %s", r.Code)
	}
}

// TestWhatIsKnownTodayCounts: a package cannot hide a revocation that the judge knows of.
func TestWhatIsKnownTodayCounts(t *testing.T) {
	for name, c := range map[string]struct {
		revoke func(w *world) *pki.Certificate
		back   bool // to before the seal was used
		want   string
	}{
		"signer, before signing":      {func(w *world) *pki.Certificate { return w.signer }, true, "SIGNER_REVOKED_BEFORE"},
		"signer, after packing":       {func(w *world) *pki.Certificate { return w.signer }, false, ""},
		"authority of the time stamp": {func(w *world) *pki.Certificate { return w.Certificate("tsa") }, false, "TS_CERT_REVOKED"},
	} {
		w := newWorld(t)
		octets := w.pack(t)
		if c.back {
			w.Advance(-2 * time.Hour)
		} else {
			w.Advance(time.Hour)
		}
		w.Revoke(c.revoke(w).Serial)
		w.Advance(4 * time.Hour)
		r := evidence.Verify("a.zip", octets, w.options(t))
		if c.want == "" {
			if r.Verdict != verify.Valid || !slices.Contains(codes(r), "evidence_later") {
				t.Errorf("%s: %s %v", name, r.Code, r.Reasons)
			}
		} else if r.Verdict != verify.Invalid || !slices.Contains(codes(r), c.want) {
			t.Errorf("%s: %s %s %v", name, r.Verdict, r.Code, codes(r))
		}
	}
}

func unpack(t testing.TB, octets []byte) []ofd.File {
	t.Helper()
	files, err := ofd.Unpack(octets, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i].Store = true
	}
	return files
}

func repack(t testing.TB, files []ofd.File) []byte {
	t.Helper()
	octets, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func at(files []ofd.File, prefix string) int {
	return slices.IndexFunc(files, func(f ofd.File) bool { return strings.HasPrefix(f.Path, prefix) })
}

// TestHostilePackages: each deviation by its code.
func TestHostilePackages(t *testing.T) {
	w := newWorld(t)
	good := w.pack(t)
	other := newWorld(t)
	foreign := unpack(t, other.pack(t))
	sealChain, sealSign := w.service(t, pki.ProfileSealSigner, "seals")
	for name, c := range map[string]struct {
		change func([]ofd.File) []ofd.File
		want   string
	}{
		"document changed": {func(f []ofd.File) []ofd.File {
			i := at(f, "/document")
			f[i].Content = append(bytes.Clone(f[i].Content), 0)
			return f
		}, "evidence_member"},
		"one octet of a CRL": {func(f []ofd.File) []ofd.File {
			i := at(f, "/crls/")
			f[i].Content = bytes.Clone(f[i].Content)
			f[i].Content[40] ^= 1
			return f
		}, "evidence_member"},
		"member left out":   {func(f []ofd.File) []ofd.File { i := at(f, "/crls/"); return slices.Delete(f, i, i+1) }, "evidence_member"},
		"member put in":     {func(f []ofd.File) []ofd.File { return append(f, ofd.File{Path: "/more.cer", Content: []byte("x")}) }, "evidence_member"},
		"manifest left out": {func(f []ofd.File) []ofd.File { f[0].Content = nil; return f }, "evidence_format"},
		"manifest cut":      {func(f []ofd.File) []ofd.File { f[0].Content = f[0].Content[:len(f[0].Content)-1]; return f }, "evidence_format"},
		"signature changed": {func(f []ofd.File) []ofd.File {
			c := bytes.Clone(f[0].Content)
			c[len(c)-1] ^= 1
			f[0].Content = c
			return f
		}, "evidence_manifest"},
		"manifest of another": {func(f []ofd.File) []ofd.File { f[0].Content = foreign[0].Content; return f }, "evidence_member"},
		"token of another": {func(f []ofd.File) []ofd.File {
			f[at(f, "/evidence.tsr")].Content = foreign[at(foreign, "/evidence.tsr")].Content
			return f
		}, "TS_IMPRINT"},
		"token is no token": {func(f []ofd.File) []ofd.File { f[at(f, "/evidence.tsr")].Content = []byte("no"); return f }, "TS_FORMAT"},
	} {
		r := evidence.Verify("a.zip", repack(t, c.change(unpack(t, good))), w.bare(t))
		if r.Verdict != verify.Invalid || !slices.Contains(codes(r), c.want) {
			t.Errorf("%s: %s %s %v, want %s", name, r.Verdict, r.Code, codes(r), c.want)
		}
	}
	// A holder of a seal may not speak as a service.
	w.packer.Chain, w.packer.Sign, w.packer.Stamp = sealChain, sealSign, nil
	if _, _, err := evidence.Make("a.ofd", w.document, w.options(t), w.packer); err == nil {
		t.Error("a seal signer packed")
	}
	for name, c := range map[string]struct {
		octets []byte
		want   string
	}{
		"zip bomb":          {bomb(t, good), "zip_limit"},
		"name leaves":       {rename(t, good, "report.json", "../rep.json"), "zip_name"},
		"same name twice":   {rename(t, good, "certificates/002.cer", "certificates/001.CER"), "zip_duplicate"},
		"cut":               {good[:len(good)-1], "zip_structure"},
		"something behind":  {append(bytes.Clone(good), 0), "zip_structure"},
		"nothing but names": {append([]byte("PK\x03\x04"), append(append(make([]byte, 22), 13, 0, 0, 0), "evidence.cbor"...)...), "zip_structure"},
	} {
		if r := evidence.Verify("a.zip", c.octets, w.bare(t)); r.Verdict != verify.Invalid || !slices.Contains(codes(r), c.want) {
			t.Errorf("%s: %s %s %v, want %s", name, r.Verdict, r.Code, codes(r), c.want)
		}
	}
}

// rename changes a name of equal length wherever it stands, so that the package stays one to read.
func rename(t testing.TB, octets []byte, from, to string) []byte {
	t.Helper()
	if len(from) != len(to) {
		t.Fatal(from, to)
	}
	return bytes.ReplaceAll(octets, []byte(from), []byte(to))
}

// bomb says that a member is larger than any may be.
func bomb(t testing.TB, octets []byte) []byte {
	t.Helper()
	out := bytes.Clone(octets)
	i := bytes.LastIndex(out, []byte("report.json")) // in the central directory
	binary.LittleEndian.PutUint32(out[i-46+24:], 1<<30)
	return out
}

// FuzzVerify: no input panics, and nothing that is not the package of the corpus is valid.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	good := w.pack(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	o := w.bare(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r := evidence.Verify("a.zip", data, o)
		if r.Verdict == verify.Valid && !bytes.Equal(data, good) && (r.Evidence == nil || r.Evidence.SM3 == "") {
			t.Errorf("valid without a document: %+v", r)
		}
	})
}

func TestWhatAJudgedFileShows(t *testing.T) {
	w := newWorld(t)
	packed := w.pack(t)
	judge := func(data []byte) verify.Result { return evidence.Judge("file", data, w.options(t)) }
	if r := judge(w.document); r.Format != "ofd" || !bytes.Equal(evidence.Drawn(r, w.document), w.document) {
		t.Errorf("a document: %s", r.Format)
	}
	if r := judge(packed); r.Format != "evidence" || !bytes.Equal(evidence.Drawn(r, packed), w.document) {
		t.Errorf("a package: %s", r.Format)
	}
	for name, data := range map[string][]byte{"cut": packed[:len(packed)/2], "text": []byte("text")} {
		if shown := evidence.Drawn(judge(data), data); shown != nil {
			t.Errorf("%s shows %d octets", name, len(shown))
		}
	}
	if shown := evidence.Drawn(judge(packed), packed[:len(packed)/2]); shown != nil {
		t.Error("a result shows another file")
	}
}
