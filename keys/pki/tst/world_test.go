package tst_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

var (
	begin   = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	genTime = time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)
	now     = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	end     = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	stamped = []byte("signature value")
)

// authority is a CA of SM2 with a time-stamping authority under it.
type authority struct {
	root tsttest.Party
	key  *sm2.PrivateKey
	tsa  tsttest.Party
}

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signWith(key *sm2.PrivateKey) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) { return key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts) }
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "示例根 " + rand.Text()}, NotBefore: begin, NotAfter: end}, nil, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.root = tsttest.Party{Cert: root, Sign: signWith(a.key)}
	a.tsa = a.issue(t, nil)
	return a
}

// issue makes a time-stamping authority's certificate; change may be nil.
func (a *authority) issue(t testing.TB, change func(*pki.CertificateTemplate)) tsttest.Party {
	t.Helper()
	key := newKey(t)
	template := pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "示例时间戳"}, PublicKey: &key.PublicKey, NotBefore: begin, NotAfter: end}
	if change != nil {
		change(&template)
	}
	certificate, err := pki.MakeCertificate(rand.Reader, template, a.root.Cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tsttest.Party{Cert: certificate, Sign: signWith(key)}
}

// odd makes a certificate that no profile allows.
func (a *authority) odd(t testing.TB, change func(*smx509.Certificate)) tsttest.Party {
	t.Helper()
	key := newKey(t)
	template := &smx509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "odd"}, NotBefore: begin, NotAfter: end,
		KeyUsage: smx509.KeyUsageDigitalSignature, BasicConstraintsValid: true, ExtraExtensions: []pkix.Extension{purposes(t, true, pki.OIDTimeStamping)}}
	change(template)
	parent, err := smx509.ParseCertificate(a.root.Cert.Raw)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := smx509.CreateCertificate(rand.Reader, template, parent, crypto.PublicKey(&key.PublicKey), a.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return tsttest.Party{Cert: certificate, Sign: signWith(key)}
}

// purposes is extKeyUsage.
func purposes(t testing.TB, critical bool, oids ...string) pkix.Extension {
	t.Helper()
	var list [][]byte
	for _, oid := range oids {
		list = append(list, tsttest.OID(t, oid))
	}
	return pkix.Extension{Id: []int{2, 5, 29, 37}, Critical: critical, Value: der.EncodeSequence(list...)}
}

func (a *authority) list(t testing.TB, issuer *pki.Certificate, key crypto.Signer, entries ...pki.CRLEntry) *pki.CRL {
	t.Helper()
	list, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour), Entries: entries}, issuer, key)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (a *authority) trusting() tst.Options {
	return tst.Options{Roots: pki.NewPool(a.root.Cert), At: now, Tolerance: time.Minute}
}

// judged reads a token, compares its imprint and judges it; the codes are those of all findings.
func judged(token []byte, octets []byte, o tst.Options) (codes []string, deviations []tst.Deviation) {
	t, err := tst.Parse(token)
	if err != nil {
		return []string{tst.Code(err)}, nil
	}
	if err := t.Info.Imprint.Check(octets); err != nil {
		codes = append(codes, tst.Code(err))
	}
	j := t.Judge(o)
	for _, finding := range j.Findings {
		codes = append(codes, tst.Code(finding))
	}
	return codes, j.Deviations
}

func expect(t *testing.T, token []byte, o tst.Options, code string, deviations ...tst.Deviation) {
	t.Helper()
	codes, named := judged(token, stamped, o)
	want := []string{code}
	if code == "" {
		want = nil
	}
	if !slices.Equal(codes, want) {
		t.Errorf("codes %q, want %q", codes, want)
	}
	if code == "" && !slices.Equal(named, deviations) {
		t.Errorf("deviations %q, want %q", named, deviations)
	}
}
