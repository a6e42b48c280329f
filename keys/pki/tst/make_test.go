package tst_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// stamper is an authority over a key of any kind, under a root of the same kind.
type stamper struct {
	root, certificate *pki.Certificate
	sign              tst.SignFunc
	imprint           string
}

func keyOf(t testing.TB, kind string) (crypto.Signer, tst.SignFunc) {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "SM2":
		k := newKey(t)
		return k, signWith(k)
	case "P-256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key, func(message []byte) ([]byte, error) {
		sum := sha256.Sum256(message)
		return key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
}

func newStamper(t testing.TB, kind string) stamper {
	t.Helper()
	rootKey, _ := keyOf(t, kind)
	key, sign := keyOf(t, kind)
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "root " + kind}, NotBefore: begin, NotAfter: end}, nil, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "tsa " + kind}, PublicKey: key.Public(), NotBefore: begin, NotAfter: end}, root, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	imprint := pki.OIDSHA256
	if kind == "SM2" {
		imprint = pki.OIDSM3
	}
	return stamper{root, certificate, sign, imprint}
}

func (s stamper) info(t testing.TB) tst.Info {
	t.Helper()
	imprint, err := tst.ImprintOf(s.imprint, stamped)
	if err != nil {
		t.Fatal(err)
	}
	return tst.Info{Policy: tsttest.Policy, Imprint: imprint, Serial: big.NewInt(0x0a1b2c3d), GenTime: genTime.Add(250*time.Millisecond + 7), Accuracy: tst.Accuracy{Seconds: 1, Millis: 500, Micros: 20}, Nonce: big.NewInt(-5)}
}

// TestMadeTokensHold: a token of each kind of key is read back without a deviation, and says what was asked for.
func TestMadeTokensHold(t *testing.T) {
	for _, kind := range []string{"SM2", "P-256", "RSA"} {
		t.Run(kind, func(t *testing.T) {
			s := newStamper(t, kind)
			made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate}, s.sign)
			if err != nil {
				t.Fatal(err)
			}
			token, err := tst.ParseStrict(made)
			if err != nil {
				t.Fatal(err)
			}
			j := token.Judge(tst.Options{Roots: pki.NewPool(s.root), At: now, Nonce: big.NewInt(-5), Policies: []string{tsttest.Policy}})
			if !j.Proven() || len(j.Deviations) > 0 || token.Info.Imprint.Check(stamped) != nil || !j.Certificate.Equal(s.certificate) {
				t.Errorf("findings %v, deviations %v", j.Findings, j.Deviations)
			}
			info := token.Info
			if !info.GenTime.Equal(genTime.Add(250*time.Millisecond)) || info.Accuracy != (tst.Accuracy{Seconds: 1, Millis: 500, Micros: 20}) || info.Serial.Int64() != 0x0a1b2c3d || info.Ordering {
				t.Errorf("%+v", info)
			}
			if want := genTime.Add(250*time.Millisecond + 1500*time.Millisecond + 20*time.Microsecond); !token.Latest().Equal(want) {
				t.Errorf("latest %v, want %v", token.Latest(), want)
			}
			for place := range made { // every octet of a made token matters
				changed := bytes.Clone(made)
				changed[place] ^= 1
				if codes, _ := judged(changed, stamped, tst.Options{Roots: pki.NewPool(s.root), At: now}); len(codes) == 0 {
					read, _ := tst.Parse(changed)
					if read == nil || len(read.Deviations) == 0 && !harmless(read, token) {
						t.Fatalf("octet %d may be changed", place)
					}
				}
			}
		})
	}
}

// harmless tells a change outside of all that is signed: the algorithm identifiers of SignedData that name the same.
func harmless(read, token *tst.Token) bool {
	return bytes.Equal(read.RawInfo, token.RawInfo) && bytes.Equal(read.Signature, token.Signature)
}

func TestMakeRefuses(t *testing.T) {
	s, other := newStamper(t, "SM2"), newStamper(t, "SM2")
	curve := newStamper(t, "P-384")
	away := errors.New("away")
	for name, c := range map[string]struct {
		change func(*tst.Info, *stamper)
		want   error
	}{
		"SHA-1":                  {func(i *tst.Info, _ *stamper) { i.Imprint.Algorithm.OID = pki.OIDSHA1 }, tst.ErrDigest},
		"digest of another size": {func(i *tst.Info, _ *stamper) { i.Imprint.Digest = i.Imprint.Digest[1:] }, tst.ErrTemplate},
		"no serial":              {func(i *tst.Info, _ *stamper) { i.Serial = nil }, tst.ErrTemplate},
		"serial of 0":            {func(i *tst.Info, _ *stamper) { i.Serial = big.NewInt(0) }, tst.ErrTemplate},
		"serial too long":        {func(i *tst.Info, _ *stamper) { i.Serial = new(big.Int).Lsh(big.NewInt(1), 160) }, tst.ErrTemplate},
		"policy":                 {func(i *tst.Info, _ *stamper) { i.Policy = "policy" }, tst.ErrTemplate},
		"no time":                {func(i *tst.Info, _ *stamper) { i.GenTime = time.Time{} }, tst.ErrTemplate},
		"after the certificate":  {func(i *tst.Info, _ *stamper) { i.GenTime = end.Add(time.Second) }, tst.ErrExpired},
		"accuracy below 0":       {func(i *tst.Info, _ *stamper) { i.Accuracy.Seconds = -1 }, tst.ErrTemplate},
		"millis below 0":         {func(i *tst.Info, _ *stamper) { i.Accuracy.Millis = -1 }, tst.ErrTemplate},
		"micros below 0":         {func(i *tst.Info, _ *stamper) { i.Accuracy.Micros = -1 }, tst.ErrTemplate},
		"micros of 1000":         {func(i *tst.Info, _ *stamper) { i.Accuracy.Micros = 1000 }, tst.ErrTemplate},
		"digest not known":       {func(i *tst.Info, _ *stamper) { i.Imprint.Algorithm.OID = "1.2.3" }, tst.ErrDigest},
		"accuracy":               {func(i *tst.Info, _ *stamper) { i.Accuracy.Millis = 1000 }, tst.ErrTemplate},
		"certificate of a CA":    {func(_ *tst.Info, s *stamper) { s.certificate = s.root }, tst.ErrUsage},
		"key of P-384":           {func(_ *tst.Info, s *stamper) { s.certificate = curve.certificate }, tst.ErrTemplate},
		"another key":            {func(_ *tst.Info, s *stamper) { s.sign = other.sign }, tst.ErrSignature},
		"key is away":            {func(_ *tst.Info, s *stamper) { s.sign = func([]byte) ([]byte, error) { return nil, away } }, away},
		"value r‖s": {func(_ *tst.Info, s *stamper) {
			sign := s.sign
			s.sign = func(m []byte) ([]byte, error) {
				value, err := sign(m)
				if err != nil {
					return nil, err
				}
				return pki.SM2SignatureToRaw(value)
			}
		}, tst.ErrStrict},
	} {
		t.Run(name, func(t *testing.T) {
			info, changed := s.info(t), s
			c.change(&info, &changed)
			if made, err := tst.Make(info, changed.certificate, nil, changed.sign); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v (%d octets)", err, c.want, len(made))
			}
		})
	}
}

// TestGmsmVerifiesOurTokens: the pkcs7 reader of the SM library shares nothing with ours but the curve.
func TestGmsmVerifiesOurTokens(t *testing.T) {
	for _, kind := range []string{"SM2", "P-256", "RSA"} {
		s := newStamper(t, kind)
		made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate}, s.sign)
		if err != nil {
			t.Fatal(err)
		}
		message, err := pkcs7.Parse(made)
		if err != nil {
			t.Fatal(err)
		}
		root, err := smx509.ParseCertificate(s.root.Raw)
		if err != nil {
			t.Fatal(err)
		}
		pool := smx509.NewCertPool()
		pool.AddCert(root)
		if err := message.VerifyWithChainAtTime(pool, &genTime); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openssl(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command("openssl", arguments...)
	command.Dir = t.TempDir()
	out, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("openssl is missing; make test installs it")
	}
	return string(out), err
}

// TestOpenSSLReadsOurTokens: OpenSSL prints every response and verifies those of ECDSA and RSA. Version 3.0 verifies none of
// SM2: ts has no way to be told the user ID of certificates, and cms refuses values that Bouncy Castle and gmsm verify.
func TestOpenSSLReadsOurTokens(t *testing.T) {
	for _, kind := range []string{"SM2", "P-256", "RSA"} {
		t.Run(kind, func(t *testing.T) {
			s := newStamper(t, kind)
			made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate}, s.sign)
			if err != nil {
				t.Fatal(err)
			}
			reply := file(t, "reply.tsr", tst.EncodeGranted(made))
			out, err := openssl(t, "ts", "-reply", "-in", reply, "-text")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"Status: Granted.", "Policy OID: " + tsttest.Policy, "Serial number: 0x0A1B2C3D", "May 20 08:00:00.25 2026 GMT", "1 seconds, 0x01F4 millis, 0x14 micros", "Nonce: 0x-05", "Ordering: no"} {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
			data, anchors := file(t, "data", stamped), file(t, "root.pem", s.root.EncodePEM())
			out, err = openssl(t, "ts", "-verify", "-in", reply, "-data", data, "-CAfile", anchors)
			if kind == "SM2" {
				if err == nil {
					t.Error("OpenSSL verifies SM2 tokens now: test them")
				}
				return
			}
			if err != nil || !strings.Contains(out, "Verification: OK") {
				t.Errorf("%v\n%s", err, out)
			}
			if out, err = openssl(t, "ts", "-verify", "-in", reply, "-data", file(t, "other", []byte("other")), "-CAfile", anchors); err == nil {
				t.Errorf("other data: %s", out)
			}
		})
	}
}

// TestBouncyCastleVerifiesOurTokens: it parses the token as one, and verifies signature, digest, imprint and the name of the
// certificate.
func TestBouncyCastleVerifiesOurTokens(t *testing.T) {
	s := newStamper(t, "SM2")
	made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate}, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	if out := testkit.JavaPeer(t, "timestamp", file(t, "token.tst", made)); !strings.Contains(out, "policy "+tsttest.Policy) || !strings.Contains(out, "time 2026-05-20T08:00:00.250Z") {
		t.Errorf("the peer says %q", out)
	}
	broken := tsttest.Token(t, tsttest.Party{Cert: s.certificate, Sign: newStamper(t, "SM2").sign}, stamped, genTime, tsttest.Parts{})
	if out := testkit.JavaPeerRefuses(t, "timestamp", file(t, "broken.tst", broken)); !strings.Contains(out, "signature") {
		t.Errorf("the peer says %q", out)
	}
}
