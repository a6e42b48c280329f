package revocation_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/revocation"
)

// authority answers for the issuing authority of a world over HTTP: OCSP under /ocsp, its list under /crl.
type authority struct {
	t     testing.TB
	world *ofdtest.World
	at    time.Time
	url   string
	host  string

	asked   atomic.Int32
	broken  atomic.Bool // everything answers 503
	revoked atomic.Bool
	digests []string // of CertID that the responder knows; nil knows all
	noOCSP  bool
	ended   bool // answers are of yesterday
	listed  []pki.CRLEntry
	signer  *pki.Certificate // of the document
	foreign *ofdtest.Party   // signs instead of the authority
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, world: ofdtest.New(t), at: ofdtest.Now}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url, a.host = server.URL, strings.TrimPrefix(server.URL, "http://")
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	signer := a.world.Issuing
	if a.foreign != nil {
		signer = *a.foreign
	}
	switch {
	case a.broken.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/ocsp" && r.Method == http.MethodPost && !a.noOCSP:
		body, _ := io.ReadAll(r.Body)
		request, err := pki.ParseOCSPRequest(body)
		if err != nil || len(request.Asked) != 1 || r.Header.Get("Content-Type") != "application/ocsp-request" {
			w.Write(pki.EncodeOCSPStatus(pki.OCSPMalformed))
			return
		}
		if a.digests != nil && !slices.Contains(a.digests, request.Asked[0].Algorithm.OID) {
			w.Write(pki.EncodeOCSPStatus(pki.OCSPUnauthorized))
			return
		}
		single := pki.OCSPSingle{ID: request.Asked[0], State: pki.RevocationGood, ThisUpdate: a.at.Add(-time.Minute), NextUpdate: a.at.Add(10 * time.Minute)}
		if a.ended {
			single.ThisUpdate, single.NextUpdate = a.at.Add(-48*time.Hour), a.at.Add(-24*time.Hour)
		}
		if a.revoked.Load() {
			single.State, single.RevokedAt = pki.RevocationRevoked, ofdtest.Made
		}
		made, err := pki.MakeOCSPResponse(pki.OCSPTemplate{ProducedAt: a.at, Singles: []pki.OCSPSingle{single}}, signer.Cert, signer.Sign)
		if err != nil {
			a.t.Error(err)
		}
		w.Write(made)
	case r.URL.Path == "/crl" && r.Method == http.MethodGet:
		w.Write(ofdtest.CRL(a.t, signer, a.listed...).Raw)
	default:
		http.NotFound(w, r)
	}
}

// document is one that a signer sealed whose certificate names the places.
func (a *authority) document(ocsp, list bool) []byte {
	a.t.Helper()
	signer := a.world.Issue(a.t, pki.ProfileSealSigner, "37030000001721", func(template *pki.CertificateTemplate) {
		if ocsp {
			template.OCSPURLs = []string{a.url + "/ocsp"}
		}
		if list {
			template.CRLURLs = []string{a.url + "/crl"}
		}
	})
	a.signer = signer.Cert
	seal := a.world.Seal(a.t, func(i *ses.SealInfo) { i.SignerCerts = [][]byte{signer.Cert.Raw} })
	return a.world.Sealed(a.t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal, Cert: der.EncodeOctetString(signer.Cert.Raw), Sign: signer.Sign}})
}

// judge judges the document with what the asker gets.
func (a *authority) judge(asker *revocation.Asker, document []byte, roots ...*pki.Certificate) verify.Result {
	a.t.Helper()
	if roots == nil {
		roots = []*pki.Certificate{a.world.Root.Cert}
	}
	return verify.Verify("a.ofd", document, verify.Options{Roots: pki.NewPool(roots...), Intermediates: pki.NewPool(a.world.Issuing.Cert), At: a.at, More: asker.More(a.t.Context(), a.at)})
}

func (a *authority) asker(allowed ...string) *revocation.Asker {
	return revocation.New(outbound.New(outbound.Config{Allowed: allowed}), func() time.Time { return a.at })
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
		set        func(t *testing.T, a *authority)
		want       verify.Verdict
		reason     string
		asked      int32
	}{
		"responder says good":          {true, false, nil, verify.Valid, "", 1},
		"responder says revoked":       {true, true, func(t *testing.T, a *authority) { a.revoked.Store(true) }, verify.Invalid, "SIGNER_REVOKED_BEFORE", 1},
		"responder knows SHA-1 only":   {true, false, func(t *testing.T, a *authority) { a.digests = []string{pki.OIDSHA1} }, verify.Valid, "", 2},
		"list":                         {false, true, nil, verify.Valid, "", 1},
		"the list when OCSP is closed": {true, true, func(t *testing.T, a *authority) { a.noOCSP = true }, verify.Valid, "", 3},
		"the list says revoked": {false, true, func(t *testing.T, a *authority) {
			a.listed = []pki.CRLEntry{{Serial: a.signer.Serial, RevokedAt: ofdtest.Made}}
		}, verify.Invalid, "SIGNER_REVOKED_BEFORE", 1},
		"nobody answers":                {true, true, func(t *testing.T, a *authority) { a.broken.Store(true) }, verify.Indeterminate, "revocation_unknown", 3},
		"somebody else answers":         {true, true, func(t *testing.T, a *authority) { a.foreign = &ofdtest.New(t).Issuing }, verify.Indeterminate, "revocation_unknown", 3},
		"names no place and needs none": {false, false, nil, verify.Valid, "", 0},
		"old answers":                   {true, false, func(t *testing.T, a *authority) { a.ended = true }, verify.Indeterminate, "revocation_unknown", 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			document := a.document(c.ocsp, c.list)
			if c.set != nil {
				c.set(t, a)
			}
			r := a.judge(a.asker(a.host), document)
			if r.Verdict != c.want || !strings.Contains(reasons(r), c.reason) || a.asked.Load() != c.asked {
				t.Errorf("%s %s %v, asked %d times", r.Verdict, r.Code, r.Reasons, a.asked.Load())
			}
		})
	}
}

// TestNobodyTrustedNobodyAsked: an address in a certificate that leads to no trusted root is not called, whoever wrote it.
func TestNobodyTrustedNobodyAsked(t *testing.T) {
	a := newAuthority(t)
	document := a.document(true, true)
	if r := a.judge(a.asker(a.host), document, a.world.Maker.Cert); r.Verdict != verify.Indeterminate || a.asked.Load() != 0 {
		t.Errorf("%s %v, asked %d times", r.Verdict, r.Reasons, a.asked.Load())
	}
}

// TestI11AddressesInCertificatesFollowTheRule: plain HTTP and addresses that are not public only where the operator allows the host.
func TestI11AddressesInCertificatesFollowTheRule(t *testing.T) {
	a := newAuthority(t)
	document := a.document(true, true)
	r := a.judge(a.asker(), document)
	if r.Verdict != verify.Indeterminate || a.asked.Load() != 0 || !strings.Contains(fmt.Sprint(r), "not allowed") {
		t.Errorf("%s %+v, asked %d times", r.Verdict, r.Reasons, a.asked.Load())
	}
}

// TestAnswersAreKeptWhileTheyHold: one exchange serves many documents; after the hour or the answer's own end it is asked again; a place
// that fails is left alone for a minute, and what it said before serves until its end.
func TestAnswersAreKeptWhileTheyHold(t *testing.T) {
	a := newAuthority(t)
	document, asker := a.document(true, false), a.asker(a.host)
	step := func(name string, after time.Duration, want verify.Verdict, asked int32) {
		t.Helper()
		a.at = a.at.Add(after)
		if r := a.judge(asker, document); r.Verdict != want || a.asked.Load() != asked {
			t.Errorf("%s: %s %v, asked %d times, want %d", name, r.Verdict, r.Reasons, a.asked.Load(), asked)
		}
	}
	step("first", 0, verify.Valid, 1)
	step("again", 5*time.Minute, verify.Valid, 1)
	step("after its end", 6*time.Minute, verify.Valid, 2)
	a.broken.Store(true)
	step("kept while the place is down", 9*time.Minute, verify.Valid, 2)
	step("ended while the place is down", 2*time.Minute, verify.Indeterminate, 4) // by SM3 and by SHA-1
	step("left alone", 30*time.Second, verify.Indeterminate, 4)
	a.broken.Store(false)
	a.revoked.Store(true)
	step("tried again", time.Minute, verify.Invalid, 5)
}

// TestADocumentCannotMakeUsAskForever: places that do not answer cost one document twelve exchanges at most.
func TestADocumentCannotMakeUsAskForever(t *testing.T) {
	a := newAuthority(t)
	a.broken.Store(true)
	signer := a.world.Issue(t, pki.ProfileSealSigner, "37030000001721", func(template *pki.CertificateTemplate) {
		for i := range 20 {
			template.OCSPURLs = append(template.OCSPURLs, a.url+"/ocsp?"+string(rune('a'+i)))
			template.CRLURLs = append(template.CRLURLs, a.url+"/crl?"+string(rune('a'+i)))
		}
	})
	_, problems := a.asker(a.host).More(t.Context(), a.at)(signer.Cert, a.world.Issuing.Cert)
	if a.asked.Load() != revocation.MaxExchanges || len(problems) < 16 {
		t.Errorf("asked %d times: %v", a.asked.Load(), problems)
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
