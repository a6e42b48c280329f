package yinxin_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// evidence is a sealed licence with the files that its verifiers trust.
type evidence struct {
	at      time.Time
	license []byte
	trust   map[string][]byte
	world   *licensetest.World
	id      string
}

func newEvidence(t testing.TB) *evidence {
	t.Helper()
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	_, file, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	e := &evidence{at: w.Now(), license: file, world: w, id: l.ID, trust: map[string][]byte{}}
	e.publish(t)
	return e
}

// publish writes trust as an operator publishes it now.
func (e *evidence) publish(t testing.TB) {
	t.Helper()
	options := e.world.Options(t)
	e.world.List(t, 1)
	e.trust["root.pem"] = options.Roots.Certificates()[0].EncodePEM()
	e.trust["issuing.cer"] = options.Intermediates.Certificates()[0].Raw
	e.trust["issuing.crl"] = options.CRLs[0].Raw
	list, err := e.world.Service.Published(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	e.trust["status.list"] = list.Content
}

// folder writes the files of trust, without those named.
func (e *evidence) folder(t testing.TB, leaveOut ...string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range e.trust {
		if slices.Contains(leaveOut, name) {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// tampered is the licence with one octet of a stored file changed; the change hits content, not structure.
func (e *evidence) tampered(t testing.TB) []byte {
	t.Helper()
	at := bytes.Index(e.license, []byte("Content.xml"))
	if at < 0 {
		t.Fatal("no page in the licence")
	}
	changed := bytes.Clone(e.license)
	changed[at+len("Content.xml")+40] ^= 1
	return changed
}

func TestVerifierTrustsWhatTheFolderHolds(t *testing.T) {
	e := newEvidence(t)
	tests := []struct {
		name          string
		leaveOut      []string
		verdict, code string
	}{
		{"everything", nil, "valid", "V00"},
		{"no root", []string{"root.pem"}, "indeterminate", "V24"},
		{"no intermediate", []string{"issuing.cer"}, "indeterminate", "V24"},
		{"no status list", []string{"status.list"}, "indeterminate", "V01"},
		{"nothing", []string{"root.pem", "issuing.cer", "issuing.crl", "status.list"}, "indeterminate", "V24"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := yinxin.NewVerifier()
			v.SetTime(e.at)
			if err := v.AddTrust(e.folder(t, test.leaveOut...)); err != nil {
				t.Fatal(err)
			}
			if r := v.Verify("a.ofd", e.license); string(r.Verdict) != test.verdict || r.Code != test.code {
				t.Errorf("%s %s %+v", r.Verdict, r.Code, r.Reasons)
			}
		})
	}
}

func TestTrustFiles(t *testing.T) {
	e := newEvidence(t)
	block, _ := pem.Decode(e.trust["root.pem"])
	pemCRL := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: e.trust["issuing.crl"]})
	both := append(bytes.Clone(e.trust["root.pem"]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.trust["issuing.cer"]})...)
	keys, err := e.world.Service.Published(t.Context(), elicense.NameKeys)
	if err != nil {
		if err = e.world.Service.Refresh(t.Context()); err == nil {
			keys, err = e.world.Service.Published(t.Context(), elicense.NameKeys)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	delta, err := e.world.Service.Published(t.Context(), elicense.NameDelta)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"root as DER": block.Bytes, "root as PEM": e.trust["root.pem"], "PEM with text around": append([]byte("the root\n"), e.trust["root.pem"]...), "chain in one file": both,
		"CRL as DER": e.trust["issuing.crl"], "CRL as PEM": pemCRL, "status list": e.trust["status.list"], "key bundle": keys.Content, "delta": delta.Content,
	} {
		if err := yinxin.NewVerifier().AddTrustBytes(content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte("trust everybody\n"), "document": e.license, "cut certificate": block.Bytes[:len(block.Bytes)-1], "certificate with a tail": append(bytes.Clone(block.Bytes), 0),
		"private key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{0x30, 0}}), "cut list": e.trust["status.list"][:40], "huge": make([]byte, 33<<20),
	} {
		if err := yinxin.NewVerifier().AddTrustBytes(content); !errors.Is(err, yinxin.ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnknownFilesOfTrustAreNamed: trust that was meant to be there and cannot be read is never passed over.
func TestUnknownFilesOfTrustAreNamed(t *testing.T) {
	e := newEvidence(t)
	folder := e.folder(t)
	if err := os.Mkdir(filepath.Join(folder, "archive"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := yinxin.NewVerifier().AddTrust(folder); err != nil {
		t.Errorf("a folder inside: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("remember"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := yinxin.NewVerifier().AddTrust(folder)
	if !errors.Is(err, yinxin.ErrTrust) || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("error is %v", err)
	}
	if err := yinxin.NewVerifier().AddTrust(filepath.Join(folder, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	large := filepath.Join(folder, "large.crl")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 33<<20); err != nil {
		t.Fatal(err)
	}
	if err := yinxin.NewVerifier().AddTrust(large); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error is %v", err)
	}
}

func TestVerifierFindsTamperingAndRevocation(t *testing.T) {
	e := newEvidence(t)
	verifier := func() *yinxin.Verifier {
		v := yinxin.NewVerifier()
		v.SetTime(e.world.Now())
		if err := v.AddTrust(e.folder(t)); err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := verifier()
	if r := v.Verify("a.ofd", e.tampered(t)); r.Verdict != "invalid" {
		t.Errorf("tampered: %s %s", r.Verdict, r.Code)
	}
	if r := v.Verify("a.txt", []byte("no document")); r.Verdict != "indeterminate" || r.Code != "V31" {
		t.Errorf("garbage: %s %s", r.Verdict, r.Code)
	}
	v.SetLocale("en")
	if r := v.Verify("a.ofd", e.tampered(t)); len(r.Reasons) == 0 || strings.ContainsFunc(r.Reasons[0].Message, func(c rune) bool { return c > 0x2e80 }) {
		t.Errorf("reasons in English: %+v", r.Reasons)
	}
	if _, err := e.world.Service.ChangeStatus(licensetest.Issuer, e.id, elicense.StatusChange{Operation: elicense.Revocation, To: "revoked", LegalBasis: "x", DecisionNumber: "1"}); err != nil {
		t.Fatal(err)
	}
	e.publish(t)
	if r := verifier().Verify("a.ofd", e.license); r.Verdict != "invalid" || r.Code != "V10" || r.License.Status != "revoked" {
		t.Errorf("revoked: %s %s %+v", r.Verdict, r.Code, r.License)
	}
}

func TestTimeOfJudgement(t *testing.T) {
	e := newEvidence(t)
	v := yinxin.NewVerifier()
	if err := v.AddTrust(e.folder(t)); err != nil {
		t.Fatal(err)
	}
	v.SetTime(e.at.Add(-time.Hour))
	if r := v.Verify("a.ofd", e.license); r.Verdict == "valid" {
		t.Error("valid before it was sealed")
	}
	v.SetTime(e.at.Add(30 * 24 * time.Hour))
	if r := v.Verify("a.ofd", e.license); r.Verdict == "valid" {
		t.Error("valid with a status list that is a month old")
	}
}

func TestOneVerifierServesManyGoroutines(t *testing.T) {
	e := newEvidence(t)
	v := yinxin.NewVerifier()
	v.SetTime(e.at)
	if err := v.AddTrust(e.folder(t)); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if r := v.Verify("a.ofd", e.license); r.Verdict != "valid" {
				t.Errorf("%s %s", r.Verdict, r.Code)
			}
		})
	}
	group.Wait()
}

func TestReportIsOneJSONValue(t *testing.T) {
	for want, results := range map[int][]yinxin.Result{0: nil, 2: {yinxin.NewVerifier().Verify("<a>&.ofd", nil), yinxin.NewVerifier().Verify("b", nil)}} {
		encoded, err := yinxin.EncodeReport(results...)
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			Results []json.RawMessage `json:"results"`
		}
		if err := json.Unmarshal(encoded, &report); err != nil || len(report.Results) != want || report.Results == nil || !bytes.HasSuffix(encoded, []byte("}\n")) {
			t.Errorf("%v: %s", err, encoded)
		}
		if want > 0 && !bytes.Contains(encoded, []byte(`"<a>&.ofd"`)) {
			t.Error("names are escaped for HTML")
		}
	}
}

// FuzzVerifier: whatever the octets, the verifier answers without a fault of its own, and where nobody is trusted nothing
// is valid.
func FuzzVerifier(f *testing.F) {
	e := newEvidence(f)
	f.Add("a.ofd", e.license)
	f.Add("a.esl", []byte{0x30, 0x03, 0x02, 0x01, 0x05})
	f.Add("code.txt", []byte("LZ1:ABC"))
	f.Add("a.pdf", []byte("%PDF-1.7\n%%EOF"))
	for _, content := range e.trust {
		f.Add("trust", content)
	}
	v := yinxin.NewVerifier()
	v.SetTime(e.at)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		r := v.Verify(name, data)
		if r.Verdict == "valid" {
			t.Errorf("valid: %s", r.SM3)
		}
		for _, reason := range r.Reasons {
			if reason.Code == "internal" {
				t.Error("the verifier panicked")
			}
		}
		if err := yinxin.NewVerifier().AddTrustBytes(data); err != nil && !errors.Is(err, yinxin.ErrTrust) {
			t.Error(err)
		}
	})
}
