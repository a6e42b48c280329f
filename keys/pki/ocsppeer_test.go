package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestOpenSSLOCSPAgrees: OpenSSL's responder is judged, and OpenSSL judges our answers, of RSA and ECDSA.
func TestOpenSSLOCSPAgrees(t *testing.T) {
	for _, kind := range []string{"rsa:2048", "ec"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			run := func(arguments ...string) string {
				t.Helper()
				command := exec.Command("openssl", arguments...)
				command.Dir = dir
				out, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("openssl (make test installs it) %v: %v\n%s", arguments, err, out)
				}
				return string(out)
			}
			write := func(name string, content []byte) {
				t.Helper()
				if err := os.WriteFile(dir+"/"+name, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			read := func(name string) []byte {
				t.Helper()
				content, err := os.ReadFile(dir + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				return content
			}
			write("c.cnf", []byte("[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\n"+
				"[ocsp]\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=yes\n[leaf]\nbasicConstraints=CA:FALSE\n"))
			newKey := []string{"-newkey", kind}
			if kind == "ec" {
				newKey = append(newKey, "-pkeyopt", "ec_paramgen_curve:P-256")
			}
			run(append([]string{"req", "-x509", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Root", "-config", "c.cnf", "-extensions", "ca"}, newKey...)...)
			for i, name := range []string{"good", "revoked", "unknown", "ocsp"} {
				extensions := "leaf"
				if name == "ocsp" {
					extensions = "ocsp"
				}
				run(append([]string{"req", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name, "-config", "c.cnf"}, newKey...)...)
				run("x509", "-req", "-in", name+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", fmt.Sprint(100+i), "-days", "20", "-extfile", "c.cnf", "-extensions", extensions, "-out", name+".pem")
			}
			write("index.txt", []byte("V\t400101000000Z\t\t64\tunknown\t/CN=good\nR\t400101000000Z\t260101000000Z,keyCompromise\t65\tunknown\t/CN=revoked\n"))
			one := func(name string) *Certificate {
				list, err := ParseCertificates(read(name))
				if err != nil {
					t.Fatal(err)
				}
				return list[0]
			}
			ca := one("ca.pem")
			for _, signer := range []string{"ca", "ocsp"} {
				for name, want := range map[string]RevocationState{"good": RevocationGood, "revoked": RevocationRevoked, "unknown": RevocationUnknown} {
					for _, hash := range []string{"-sha1", "-sha256"} {
						run("ocsp", hash, "-issuer", "ca.pem", "-cert", name+".pem", "-reqout", "q.der")
						q, err := ParseOCSPRequest(read("q.der"))
						if err != nil {
							t.Fatal(err)
						}
						if again, err := q.Encode(); err != nil || len(q.Nonce) == 0 || !bytes.Equal(again, q.Raw) {
							t.Errorf("request is encoded otherwise: %v\n%x\n%x", err, again, q.Raw)
						}
						run("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", signer+".pem", "-rkey", signer+".key", "-reqin", "q.der", "-respout", "r.der", "-ndays", "1")
						r, err := ParseOCSPResponse(read("r.der"))
						if err != nil {
							t.Fatal(err)
						}
						if err := r.Answers(q); err != nil {
							t.Error(err)
						}
						got := checkOCSP(one(name+".pem"), ca, r.ProducedAt.Add(2*time.Second), nil, r)
						if got.State != want || (want == RevocationRevoked) != (got.Reason == RevokedKeyCompromise) {
							t.Errorf("%s by %s: %+v", name, signer, got)
						}
						if want == RevocationUnknown && !slices.Contains(got.Ignored, "the responder does not know the certificate") {
							t.Errorf("ignored %v", got.Ignored)
						}
					}
				}
			}
			// The other way round: OpenSSL judges what we make.
			root := newRoot(t, "root "+kind, opensslKey(t, kind))
			leaf := root.issue(t, ProfileService, "leaf", root.key.Public())
			write("ours.pem", root.certificate.EncodePEM())
			write("leaf.pem", leaf.EncodePEM())
			for state, says := range map[RevocationState]string{RevocationGood: "leaf.pem: good", RevocationRevoked: "leaf.pem: revoked", RevocationUnknown: "leaf.pem: unknown"} {
				run("ocsp", "-issuer", "ours.pem", "-cert", "leaf.pem", "-reqout", "q.der")
				q, err := ParseOCSPRequest(read("q.der"))
				if err != nil {
					t.Fatal(err)
				}
				at := time.Now().UTC().Truncate(time.Second)
				made, err := MakeOCSPResponse(OCSPTemplate{ProducedAt: at, Nonce: q.Nonce, Singles: []OCSPSingle{{ID: q.Asked[0], State: state, RevokedAt: begin, Reason: RevokedSuperseded, ThisUpdate: at, NextUpdate: at.Add(time.Hour)}}}, root.certificate, signMessage(root.key))
				if err != nil {
					t.Fatal(err)
				}
				write("r.der", made)
				run("ocsp", "-reqin", "q.der", "-respin", "r.der", "-verify_other", "ours.pem", "-CAfile", "ours.pem") // compares the nonce
				out := run("ocsp", "-no_nonce", "-respin", "r.der", "-issuer", "ours.pem", "-cert", "leaf.pem", "-CAfile", "ours.pem")
				if !strings.Contains(out, says) || !strings.Contains(out, "Response verify OK") {
					t.Errorf("%s", out)
				}
			}
		})
	}
}

// TestBouncyCastleReadsOurOCSP: OpenSSL 3.0 verifies no SM2 without being told the user ID, so Bouncy Castle judges those.
func TestBouncyCastleReadsOurOCSP(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	var singles []OCSPSingle
	for serial, state := range []RevocationState{RevocationGood, RevocationUnknown, RevocationRevoked} {
		id, err := NewCertID(OIDSHA1, big.NewInt(int64(serial+1)), root.certificate)
		if err != nil {
			t.Fatal(err)
		}
		singles = append(singles, OCSPSingle{ID: id, State: state, RevokedAt: begin, Reason: RevokedSuperseded, ThisUpdate: middle, NextUpdate: middle.Add(time.Hour)})
	}
	made, err := MakeOCSPResponse(OCSPTemplate{ProducedAt: middle, Nonce: []byte("nonce"), Include: true, Singles: singles}, root.certificate, signMessage(root.key))
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := t.TempDir() + "/" + name
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := testkit.JavaPeer(t, "ocsp", file("response.der", made))
	for _, want := range []string{"1 good", "2 unknown", "3 revoked " + begin.Format(time.RFC3339) + " 4"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in %q", want, out)
		}
	}
	broken := bytes.Replace(made, []byte("nonce"), []byte("nance"), 1)
	if out := testkit.JavaPeerRefuses(t, "ocsp", file("broken.der", broken)); !strings.Contains(out, "signature") {
		t.Errorf("the peer says %q", out)
	}
}

func opensslKey(t *testing.T, kind string) crypto.Signer {
	t.Helper()
	if kind == "ec" {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
