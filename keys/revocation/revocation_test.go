package revocation_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/revocation"
	"github.com/yinxin-gov/yinxin/keys/revocation/revocationtest"
)

// judge judges the document with what the asker gets.
func judge(t testing.TB, a *revocationtest.Authority, asker *revocation.Asker, document []byte, roots ...*pki.Certificate) verify.Result {
	t.Helper()
	if roots == nil {
		roots = []*pki.Certificate{a.World.Root.Cert}
	}
	return verify.Verify("a.ofd", document, verify.Options{Roots: pki.NewPool(roots...), Intermediates: pki.NewPool(a.World.Issuing.Cert), At: a.At, More: asker.More(t.Context(), a.At)})
}

func newAsker(a *revocationtest.Authority, allowed ...string) *revocation.Asker {
	return revocation.New(outbound.New(outbound.Config{Allowed: allowed}), func() time.Time { return a.At })
}

func reasons(r verify.Result) string {
	var all []string
	for _, reason := range r.Reasons {
		all = append(all, reason.Code)
	}
	return strings.Join(all, " ")
}

// TestS16AuthoritiesAreAsked: an answer decides when it is the authority's and about this certificate; everything else leaves the verdict
// open, and a place that does not answer is never "good".
func TestS16AuthoritiesAreAsked(t *testing.T) {
	for name, c := range map[string]struct {
		ocsp, list bool
		set        func(t *testing.T, a *revocationtest.Authority)
		want       verify.Verdict
		reason     string
		asked      int32
	}{
		"responder says good":          {true, false, nil, verify.Valid, "", 1},
		"responder says revoked":       {true, true, func(t *testing.T, a *revocationtest.Authority) { a.Revoked.Store(true) }, verify.Invalid, "SIGNER_REVOKED_BEFORE", 1},
		"responder knows SHA-1 only":   {true, false, func(t *testing.T, a *revocationtest.Authority) { a.Digests = []string{pki.OIDSHA1} }, verify.Valid, "", 2},
		"list":                         {false, true, nil, verify.Valid, "", 1},
		"the list when OCSP is closed": {true, true, func(t *testing.T, a *revocationtest.Authority) { a.NoOCSP = true }, verify.Valid, "", 3},
		"the list says revoked": {false, true, func(t *testing.T, a *revocationtest.Authority) {
			a.Listed = []pki.CRLEntry{{Serial: a.Signer.Serial, RevokedAt: ofdtest.Made}}
		}, verify.Invalid, "SIGNER_REVOKED_BEFORE", 1},
		"nobody answers":                {true, true, func(t *testing.T, a *revocationtest.Authority) { a.Broken.Store(true) }, verify.Indeterminate, "revocation_unknown", 3},
		"somebody else answers":         {true, true, func(t *testing.T, a *revocationtest.Authority) { a.Foreign = &ofdtest.New(t).Issuing }, verify.Indeterminate, "revocation_unknown", 3},
		"names no place and needs none": {false, false, nil, verify.Valid, "", 0},
		"old answers":                   {true, false, func(t *testing.T, a *revocationtest.Authority) { a.Ended = true }, verify.Indeterminate, "revocation_unknown", 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := revocationtest.New(t)
			document := a.Document(c.ocsp, c.list)
			if c.set != nil {
				c.set(t, a)
			}
			r := judge(t, a, newAsker(a, a.Host), document)
			if r.Verdict != c.want || !strings.Contains(reasons(r), c.reason) || a.Asked.Load() != c.asked {
				t.Errorf("%s %s %v, asked %d times", r.Verdict, r.Code, r.Reasons, a.Asked.Load())
			}
		})
	}
}

// TestNobodyTrustedNobodyAsked: an address in a certificate that leads to no trusted root is not called, whoever wrote it.
func TestNobodyTrustedNobodyAsked(t *testing.T) {
	a := revocationtest.New(t)
	document := a.Document(true, true)
	if r := judge(t, a, newAsker(a, a.Host), document, a.World.Maker.Cert); r.Verdict != verify.Indeterminate || a.Asked.Load() != 0 {
		t.Errorf("%s %v, asked %d times", r.Verdict, r.Reasons, a.Asked.Load())
	}
}

// TestI11AddressesInCertificatesFollowTheRule: plain HTTP and addresses that are not public only where the operator allows the host.
func TestI11AddressesInCertificatesFollowTheRule(t *testing.T) {
	a := revocationtest.New(t)
	document := a.Document(true, true)
	r := judge(t, a, newAsker(a), document)
	if r.Verdict != verify.Indeterminate || a.Asked.Load() != 0 || !strings.Contains(fmt.Sprint(r), "not allowed") {
		t.Errorf("%s %+v, asked %d times", r.Verdict, r.Reasons, a.Asked.Load())
	}
}

// TestAnswersAreKeptWhileTheyHold: one exchange serves many documents; after the hour or the answer's own end it is asked again; a place
// that fails is left alone for a minute, and what it said before serves until its end.
func TestAnswersAreKeptWhileTheyHold(t *testing.T) {
	a := revocationtest.New(t)
	document, asker := a.Document(true, false), newAsker(a, a.Host)
	step := func(name string, after time.Duration, want verify.Verdict, asked int32) {
		t.Helper()
		a.At = a.At.Add(after)
		if r := judge(t, a, asker, document); r.Verdict != want || a.Asked.Load() != asked {
			t.Errorf("%s: %s %v, asked %d times, want %d", name, r.Verdict, r.Reasons, a.Asked.Load(), asked)
		}
	}
	step("first", 0, verify.Valid, 1)
	step("again", 5*time.Minute, verify.Valid, 1)
	step("after its end", 6*time.Minute, verify.Valid, 2)
	a.Broken.Store(true)
	step("kept while the place is down", 9*time.Minute, verify.Valid, 2)
	step("ended while the place is down", 2*time.Minute, verify.Indeterminate, 4) // by SM3 and by SHA-1
	step("left alone", 30*time.Second, verify.Indeterminate, 4)
	a.Broken.Store(false)
	a.Revoked.Store(true)
	step("tried again", time.Minute, verify.Invalid, 5)
}

// TestADocumentCannotMakeUsAskForever: places that do not answer cost one document twelve exchanges at most.
func TestADocumentCannotMakeUsAskForever(t *testing.T) {
	a := revocationtest.New(t)
	a.Broken.Store(true)
	signer := a.World.Issue(t, pki.ProfileSealSigner, "37030000001721", func(template *pki.CertificateTemplate) {
		for i := range 20 {
			template.OCSPURLs = append(template.OCSPURLs, a.URL+"/ocsp?"+string(rune('a'+i)))
			template.CRLURLs = append(template.CRLURLs, a.URL+"/crl?"+string(rune('a'+i)))
		}
	})
	_, problems := newAsker(a, a.Host).More(t.Context(), a.At)(signer.Cert, a.World.Issuing.Cert)
	if a.Asked.Load() != revocation.MaxExchanges || len(problems) < 16 {
		t.Errorf("asked %d times: %v", a.Asked.Load(), problems)
	}
}

// TestOpenSSLResponderIsAsked: a responder of others, over a real connection.
func TestOpenSSLResponderIsAsked(t *testing.T) {
	dir := t.TempDir()
	run := func(arguments ...string) {
		t.Helper()
		command := exec.Command("openssl", arguments...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("openssl (make test installs it) %v: %v\n%s", arguments, err, out)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	_, port, _ := net.SplitHostPort(host)
	listener.Close()
	files := map[string]string{
		"c.cnf":     "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n[leaf]\nbasicConstraints=CA:FALSE\nauthorityInfoAccess=OCSP;URI:http://" + host + "/\n",
		"index.txt": "V\t400101000000Z\t\t64\tunknown\t/CN=good\nR\t400101000000Z\t260101000000Z,keyCompromise\t65\tunknown\t/CN=revoked\n",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Root", "-config", "c.cnf", "-extensions", "ca")
	certificate := func(name string) *pki.Certificate {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := pki.ParseCertificates(content)
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	for i, name := range []string{"good", "revoked", "unknown"} {
		run("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", name+".key", "-out", name+".csr", "-subj", "/CN="+name, "-config", "c.cnf")
		run("x509", "-req", "-in", name+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", []string{"100", "101", "102"}[i], "-days", "20", "-extfile", "c.cnf", "-extensions", "leaf", "-out", name+".pem")
	}
	ctx, stop := context.WithCancel(t.Context())
	responder := exec.CommandContext(ctx, "openssl", "ocsp", "-port", port, "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-nmin", "10")
	responder.Dir = dir
	said, err := responder.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := responder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); responder.Wait() }()
	for lines := bufio.NewScanner(said); lines.Scan() && !strings.Contains(lines.Text(), "waiting for"); { // until it listens
	}
	go io.Copy(io.Discard, said)
	asker := revocation.New(outbound.New(outbound.Config{Allowed: []string{host}}), time.Now)
	for name, want := range map[string]pki.RevocationState{"good": pki.RevocationGood, "revoked": pki.RevocationRevoked, "unknown": pki.RevocationUnknown} {
		now := time.Now().Add(2 * time.Second)
		answer := (&pki.Memo{}).CheckEvidence(certificate(name+".pem"), certificate("ca.pem"), pki.Evidence{More: asker.More(t.Context(), now)}, now)
		if answer.State != want {
			t.Errorf("%s: %+v", name, answer)
		}
	}
}
