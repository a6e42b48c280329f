package app_test

import (
	"bytes"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// TestTimeStampingAuthorityOfAPlatform: with a policy, what is sealed carries a trusted time, anybody gets tokens, and the state of the
// authority's certificate is to be had; without one there is no authority.
func TestTimeStampingAuthorityOfAPlatform(t *testing.T) {
	const policy = "1.2.156.10197.1.1.9"
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.TimeStamps = app.TimeStamps{Policy: policy, Clock: "unchecked"}
	p := apptest.StartWith(t, cfg)

	_, document := issued(t, p)
	report := verified(t, p, document)
	if report.Verdict != verify.Valid || len(report.Signatures) != 1 || report.Signatures[0].TimeSource != "timestamp" || checkOf(report.Signatures[0], "timestamp") != verify.Passed {
		t.Fatalf("the licence is %s %s: %+v", report.Verdict, report.Code, report.Signatures)
	}

	imprint, err := tst.ImprintOf(pki.OIDSM3, []byte("whatever somebody wants a time for"))
	if err != nil {
		t.Fatal(err)
	}
	request := tst.Request{Imprint: imprint, Nonce: big.NewInt(7), CertReq: true}
	octets, err := request.Encode()
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, kind string, body []byte) (int, []byte) {
		t.Helper()
		response, err := http.Post(p.URL+path, kind, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, content
	}
	status, content := post("/tsa", "application/timestamp-query", octets)
	answer, err := tst.ParseResponse(content)
	if status != http.StatusOK || err != nil || answer.Token == nil || answer.Answers(&request) != nil {
		t.Fatalf("%d %v: %.200q", status, err, content)
	}
	folder := t.TempDir()
	if err := p.App.ExportTrust(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	root, issuing := certificateIn(t, folder, "root.pem"), certificateIn(t, folder, "issuing.pem")
	judged := answer.Token.Judge(tst.Options{Roots: pki.NewPool(root), Intermediates: pki.NewPool(issuing), Evidence: pki.Evidence{CRLs: listsIn(t, folder)}, At: p.Now(), Tolerance: time.Minute, Policies: []string{policy}, Nonce: request.Nonce})
	if !judged.Proven() || len(judged.Deviations) > 0 {
		t.Fatalf("the token proves nothing: %v %v", judged.Findings, judged.Deviations)
	}
	if status, _ := post("/tsa", "application/json", octets); status != http.StatusUnsupportedMediaType {
		t.Errorf("a question of another kind: %d", status)
	}
	if status, _ := post("/tsa", "application/timestamp-query", bytes.Repeat([]byte{0x30}, tst.MaxRequest+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a question too large: %d", status)
	}

	id, err := pki.NewCertID(pki.OIDSM3, judged.Certificate.Serial, issuing)
	if err != nil {
		t.Fatal(err)
	}
	question := pki.OCSPRequest{Asked: []pki.CertID{id}, Nonce: []byte("0123456789abcdef")}
	if octets, err = question.Encode(); err != nil {
		t.Fatal(err)
	}
	status, content = post("/ocsp", "application/ocsp-request", octets)
	state, err := pki.ParseOCSPResponse(content)
	if status != http.StatusOK || err != nil || state.Answers(&question) != nil {
		t.Fatalf("%d %v: %.200q", status, err, content)
	}
	evidence := pki.Evidence{OCSP: []*pki.OCSPResponse{state}}
	if found := (&pki.Memo{}).CheckEvidence(judged.Certificate, issuing, evidence, p.Now()); found.State != pki.RevocationGood {
		t.Errorf("the certificate is %s: %v", found.State, found.Ignored)
	}

	if response, err := http.Get("http://" + p.Management + "/readyz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("readiness: %v %v", response, err)
	}
	without := apptest.Start(t, database(t))
	response, err := http.Post(without.URL+"/tsa", "application/timestamp-query", strings.NewReader("x"))
	if err != nil || response.StatusCode == http.StatusOK {
		t.Errorf("an authority without a policy answers: %v %v", response, err)
	}
}

func checkOf(s verify.Signature, name string) verify.Status {
	for _, c := range s.Checks {
		if c.Name == name {
			return c.Status
		}
	}
	return ""
}

func certificateIn(t *testing.T, folder, name string) *pki.Certificate {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	all, err := pki.ParseCertificates(content)
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %d certificates, %v", name, len(all), err)
	}
	return all[0]
}

func listsIn(t *testing.T, folder string) (lists []*pki.CRL) {
	t.Helper()
	for _, name := range []string{"root.crl", "issuing.crl"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := pki.ParseCRL(content)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, list)
	}
	return lists
}
