package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

var (
	begin  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	finish = begin.AddDate(10, 0, 0)
	middle = begin.AddDate(5, 0, 0)
)

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authority is a CA with its key.
type authority struct {
	certificate *Certificate
	key         crypto.Signer
}

func newRoot(t testing.TB, name string, key crypto.Signer) authority {
	t.Helper()
	certificate, err := MakeCertificate(rand.Reader, CertificateTemplate{Profile: ProfileRoot, Subject: Subject{CommonName: name}, NotBefore: begin, NotAfter: finish}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func (a authority) template(profile Profile, name string, public crypto.PublicKey) CertificateTemplate {
	return CertificateTemplate{Profile: profile, Subject: Subject{CommonName: name, Organization: "11370306MB2867521U测试局"}, PublicKey: public, NotBefore: begin, NotAfter: finish}
}

func (a authority) issue(t testing.TB, profile Profile, name string, public crypto.PublicKey) *Certificate {
	t.Helper()
	certificate, err := MakeCertificate(rand.Reader, a.template(profile, name, public), a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// raw issues what MakeCertificate refuses, for tests of the judge.
func (a authority) raw(t testing.TB, name string, public crypto.PublicKey, change func(*smx509.Certificate)) *Certificate {
	t.Helper()
	subject, err := Subject{CommonName: name}.name()
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: subject, NotBefore: begin, NotAfter: finish,
		KeyUsage: smx509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLen: -1}
	change(template)
	parent, err := smx509.ParseCertificate(a.certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := smx509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestMadeCertificates(t *testing.T) {
	root := newRoot(t, "测试根", newKey(t))
	issuingKey := newKey(t)
	issuing := authority{root.issue(t, ProfileIssuingCA, "测试签发", &issuingKey.PublicKey), issuingKey}
	tests := []struct {
		profile  Profile
		usage    KeyUsage
		extUsage string
	}{
		{ProfileSealMaker, UsageDigitalSignature | UsageNonRepudiation, ""},
		{ProfileSealSigner, UsageDigitalSignature | UsageNonRepudiation, ""},
		{ProfileService, UsageDigitalSignature, ""},
		{ProfileTimeStamping, UsageDigitalSignature, OIDTimeStamping},
	}
	for _, test := range tests {
		t.Run(string(test.profile), func(t *testing.T) {
			key := newKey(t)
			certificate := issuing.issue(t, test.profile, "37030000001721", &key.PublicKey)
			if certificate.KeyUsage != test.usage || certificate.IsCA || !certificate.HasBasic {
				t.Errorf("usage %v, CA %t", certificate.KeyUsage.Names(), certificate.IsCA)
			}
			if certificate.Subject.String() != "CN=37030000001721,O=11370306MB2867521U测试局,C=CN" {
				t.Errorf("subject %s", certificate.Subject)
			}
			if test.extUsage != "" && !certificate.ExtUsageStrict {
				t.Error("extKeyUsage is not critical")
			}
			if !bytes.Equal(certificate.AuthorityKeyID, issuing.certificate.SubjectKeyID) || len(certificate.SubjectKeyID) != 20 {
				t.Error("key identifiers")
			}
			if certificate.Algorithm.OID != OIDSM2WithSM3 || certificate.Version != 3 || certificate.Serial.BitLen() != 127 {
				t.Errorf("algorithm %s, version %d, serial of %d bits", certificate.Algorithm.OID, certificate.Version, certificate.Serial.BitLen())
			}
			chain, err := BuildChain(certificate, ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(issuing.certificate), At: middle, Usage: test.usage, ExtUsage: test.extUsage})
			if err != nil || len(chain) != 3 {
				t.Errorf("chain of %d, %v", len(chain), err)
			}
		})
	}
	if issuing.certificate.PathLen != 0 || !issuing.certificate.IsCA || root.certificate.PathLen != -1 || !root.certificate.IsSelfSigned() {
		t.Error("authorities")
	}
	if list, err := ParseCertificates(append(root.certificate.EncodePEM(), issuing.certificate.EncodePEM()...)); err != nil || len(list) != 2 {
		t.Errorf("PEM: %d, %v", len(list), err)
	}
}

func TestMakeCertificateRefuses(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	issuingKey, holder := newKey(t), newKey(t)
	issuing := authority{root.issue(t, ProfileIssuingCA, "issuing", &issuingKey.PublicKey), issuingKey}
	leaf := authority{issuing.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey), holder}
	good := func() CertificateTemplate { return root.template(ProfileSealSigner, "x", &holder.PublicKey) }
	offCurve := holder.PublicKey
	//lint:ignore SA1019 the point off the curve is the test
	offCurve.X, offCurve.Y = offCurve.Y, offCurve.X
	tests := map[string]struct {
		change func(*CertificateTemplate)
		issuer *Certificate
		key    crypto.Signer
	}{
		"unknown profile":             {func(c *CertificateTemplate) { c.Profile = "x" }, root.certificate, root.key},
		"root under an issuer":        {func(c *CertificateTemplate) { c.Profile = ProfileRoot }, root.certificate, root.key},
		"seal without an issuer":      {func(c *CertificateTemplate) {}, nil, root.key},
		"issuer is no CA":             {func(c *CertificateTemplate) {}, leaf.certificate, leaf.key},
		"CA under pathLen 0":          {func(c *CertificateTemplate) { c.Profile = ProfileIssuingCA }, issuing.certificate, issuing.key},
		"longer than the issuer":      {func(c *CertificateTemplate) { c.NotAfter = finish.Add(time.Second) }, root.certificate, root.key},
		"earlier than the issuer":     {func(c *CertificateTemplate) { c.NotBefore = begin.Add(-time.Second) }, root.certificate, root.key},
		"S-04 key of another":         {func(c *CertificateTemplate) {}, root.certificate, issuing.key},
		"no public key":               {func(c *CertificateTemplate) { c.PublicKey = nil }, root.certificate, root.key},
		"S-03 public key off curve":   {func(c *CertificateTemplate) { c.PublicKey = &offCurve }, root.certificate, root.key},
		"public key of unknown kind":  {func(c *CertificateTemplate) { c.PublicKey = "key" }, root.certificate, root.key},
		"ends before it begins":       {func(c *CertificateTemplate) { c.NotAfter = c.NotBefore }, root.certificate, root.key},
		"no name":                     {func(c *CertificateTemplate) { c.Subject.CommonName = "" }, root.certificate, root.key},
		"control character in a name": {func(c *CertificateTemplate) { c.Subject.Organization = "a\nb" }, root.certificate, root.key},
		"name that reorders text":     {func(c *CertificateTemplate) { c.Subject.Organization = "a\u202eb" }, root.certificate, root.key},
		"long name":                   {func(c *CertificateTemplate) { c.Subject.Province = string(make([]byte, 257)) }, root.certificate, root.key},
		"serial zero":                 {func(c *CertificateTemplate) { c.Serial = new(big.Int) }, root.certificate, root.key},
		"serial of 160 bits":          {func(c *CertificateTemplate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 159) }, root.certificate, root.key},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			template := good()
			test.change(&template)
			if _, err := MakeCertificate(rand.Reader, template, test.issuer, test.key); !errors.Is(err, ErrTemplate) {
				t.Errorf("error = %v", err)
			}
		})
	}
	t.Run("no randomness", func(t *testing.T) {
		if _, err := MakeCertificate(bytes.NewReader(nil), good(), root.certificate, root.key); !errors.Is(err, io.EOF) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("signer signs something else", func(t *testing.T) {
		if _, err := MakeCertificate(rand.Reader, good(), root.certificate, liar{root.key}); err == nil {
			t.Error("a certificate with a wrong signature leaves")
		}
	})
}

// TestWhatIsSaidOfTemplates: each refusal under its own words; what is not refused is the last value that is taken.
func TestWhatIsSaidOfTemplates(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	holder := newKey(t)
	offCurve := holder.PublicKey
	//lint:ignore SA1019 the point off the curve is the test
	offCurve.X, offCurve.Y = offCurve.Y, offCurve.X
	issuer := func(change func(*Certificate)) *Certificate {
		changed := *root.certificate
		change(&changed)
		return &changed
	}
	same := issuer(func(*Certificate) {})
	for name, c := range map[string]struct {
		change func(*CertificateTemplate)
		issuer *Certificate
		words  string // empty: made
	}{
		"the largest serial number":      {func(c *CertificateTemplate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 158) }, same, ""},
		"the longest name":               {func(c *CertificateTemplate) { c.Subject.Province = strings.Repeat("x", 256) }, same, ""},
		"a longer name":                  {func(c *CertificateTemplate) { c.Subject.Province = strings.Repeat("x", 257) }, same, "template is refused: name"},
		"a name that deletes":            {func(c *CertificateTemplate) { c.Subject.Province = "a\x7fb" }, same, "template is refused: name"},
		"serial zero":                    {func(c *CertificateTemplate) { c.Serial = new(big.Int) }, same, "template is refused: serial number"},
		"serial below zero":              {func(c *CertificateTemplate) { c.Serial = big.NewInt(-1) }, same, "template is refused: serial number"},
		"serial of 160 bits":             {func(c *CertificateTemplate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 159) }, same, "template is refused: serial number"},
		"no public key":                  {func(c *CertificateTemplate) { c.PublicKey = nil }, same, "no public key"},
		"a key off the curve":            {func(c *CertificateTemplate) { c.PublicKey = &offCurve }, same, ErrKeyInvalid.Error()},
		"issuer is no CA":                {func(*CertificateTemplate) {}, issuer(func(c *Certificate) { c.IsCA = false }), "issuer is not a CA"},
		"issuer may not sign":            {func(*CertificateTemplate) {}, issuer(func(c *Certificate) { c.KeyUsage = UsageCRLSign }), "issuer is not a CA"},
		"issuer whose usage is not said": {func(*CertificateTemplate) {}, issuer(func(c *Certificate) { c.HasKeyUsage, c.KeyUsage = false, 0 }), ""},
		"issuer that cannot be read":     {func(*CertificateTemplate) {}, issuer(func(c *Certificate) { c.Raw = []byte{5, 0} }), "template is refused: issuer: "},
	} {
		template := root.template(ProfileSealSigner, "x", &holder.PublicKey)
		c.change(&template)
		_, err := MakeCertificate(rand.Reader, template, c.issuer, root.key)
		if (err == nil) != (c.words == "") || err != nil && (!errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := root.template(ProfileSealSigner, "x", &holder.PublicKey)
	if _, err := MakeCertificate(rand.Reader, good, root.certificate, broken{root.key}); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "make certificate") {
		t.Errorf("a key that does not sign: %v", err)
	}
	if _, err := MakeRequest(rand.Reader, good.Subject, broken{root.key}); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "make request") {
		t.Errorf("a key that does not sign: %v", err)
	}
	if _, err := randomSerial(bytes.NewReader(nil)); !errors.Is(err, io.EOF) {
		t.Errorf("no randomness: %v", err)
	}
	if samePublicKey("key", root.key.Public()) || samePublicKey(root.key.Public(), nil) {
		t.Error("what is no key is the same")
	}
	odd := root.raw(t, "odd", &holder.PublicKey, func(c *smx509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 17}, Value: der.EncodeNull()}}
	})
	for name, c := range map[string]struct {
		encoded []byte
		issuer  *Certificate
		want    error
		words   string
	}{
		"no certificate":   {[]byte{5, 0}, nil, ErrCertificate, ""},
		"of another":       {root.certificate.Raw, newRoot(t, "root", newKey(t)).certificate, ErrSignatureValue, "made certificate does not verify"},
		"an odd one":       {odd.Raw, root.certificate, ErrTemplate, "made certificate deviates"},
		"not its own work": {odd.Raw, nil, ErrSignatureValue, "made certificate does not verify"},
	} {
		if _, err := readBack(c.encoded, c.issuer); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	list := func(change func(*CRLTemplate), issuer *Certificate, key crypto.Signer) error {
		template := CRLTemplate{Number: new(big.Int), ThisUpdate: begin, NextUpdate: middle}
		change(&template)
		_, err := MakeCRL(rand.Reader, template, issuer, key)
		return err
	}
	huge := func(c *CRLTemplate) {
		c.Entries = []CRLEntry{{Serial: new(big.Int).Lsh(big.NewInt(1), 8*der.MaxBytes), RevokedAt: begin}}
	}
	if err := list(func(*CRLTemplate) {}, same, root.key); err != nil {
		t.Errorf("the first number of a list is 0: %v", err)
	}
	for name, c := range map[string]struct {
		err   error
		want  error
		words string
	}{
		"key of another":           {list(func(*CRLTemplate) {}, same, newKey(t)), ErrTemplate, "key is not the issuer's"},
		"issuer that is none":      {list(func(*CRLTemplate) {}, issuer(func(c *Certificate) { c.Raw = []byte{5, 0} }), root.key), ErrTemplate, "issuer: "},
		"key that does not sign":   {list(func(*CRLTemplate) {}, same, broken{root.key}), errBroken, "make CRL"},
		"more than anybody reads":  {list(huge, same, root.key), der.ErrLimit, ErrCRL.Error()},
		"issuer without a key":     {list(func(*CRLTemplate) {}, issuer(func(c *Certificate) { c.KeyError = ErrKeyInvalid }), root.key), ErrKeyInvalid, ErrTemplate.Error()},
		"issuer of another key ID": {list(func(*CRLTemplate) {}, issuer(func(c *Certificate) { c.SubjectKeyID = []byte{1} }), root.key), ErrTemplate, "authority key identifier"},
	} {
		if !errors.Is(c.err, c.want) || !strings.Contains(c.err.Error(), c.words) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	encoded, err := MakeRequest(rand.Reader, good.Subject, holder)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{".0", ".0.1", ".0.2", ".0.2.0", ".1", ".1.0", ".2"} { // each is named itself, not by what comes of it
		if _, err := ParseRequest(replaceAt(t, encoded, path, der.EncodeNull())); !errors.Is(err, ErrRequest) || !errors.Is(err, der.ErrType) {
			t.Errorf("NULL at %s: %v", path, err)
		}
	}
	for name, c := range map[string]struct {
		input []byte
		words string
	}{
		"cut":               {encoded[:len(encoded)-1], "runs past the end"},
		"four members":      {replaceAt(t, encoded, ".2", append(bytes.Clone(rebuildFind(t, encoded, ".2")), 5, 0)), "4 members of CertificationRequest"},
		"two of the inside": {replaceAt(t, encoded, ".0", der.EncodeSequence(der.EncodeInt(0), rebuildFind(t, encoded, ".0.1"))), "2 members of CertificationRequestInfo"},
		"five of them":      {replaceAt(t, encoded, ".0.3", append(bytes.Clone(rebuildFind(t, encoded, ".0.3")), 5, 0, 5, 0)), "of CertificationRequestInfo"},
	} {
		if _, err := ParseRequest(c.input); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// broken is a signer that does not sign.
type broken struct{ crypto.Signer }

var errBroken = errors.New("broken")

func (broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errBroken }

// liar is a signer whose signatures are of another message.
type liar struct{ crypto.Signer }

func (l liar) Sign(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return l.Signer.Sign(random, append([]byte("x"), message...), opts)
}

func TestRequests(t *testing.T) {
	key := newKey(t)
	encoded, err := MakeRequest(rand.Reader, Subject{CommonName: "37030000001721", Organization: "测试局"}, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := ParseRequest(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(request.PublicKey) || request.Subject.String() != "CN=37030000001721,O=测试局,C=CN" {
		t.Errorf("request of %s", request.Subject)
	}
	for i := range encoded {
		changed := bytes.Clone(encoded)
		changed[i] ^= 1
		if _, err := ParseRequest(changed); !errors.Is(err, ErrRequest) {
			t.Fatalf("octet %d changed: %v", i, err)
		}
	}
	for name, input := range map[string][]byte{"empty": nil, "SEQUENCE": {0x30, 0}, "three": {0x30, 6, 5, 0, 5, 0, 5, 0}} {
		if _, err := ParseRequest(input); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := MakeRequest(rand.Reader, Subject{}, key); !errors.Is(err, ErrTemplate) {
		t.Errorf("no name: %v", err)
	}
	if _, err := MakeRequest(rand.Reader, Subject{CommonName: "x"}, liar{key}); err == nil {
		t.Error("request with a wrong signature leaves")
	}
}

func TestOtherAlgorithms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		checkMixedChain(t, key)
	}
	checkMixedChain(t, rsaKey)
}

// checkMixedChain judges an SM2 certificate under a root of another algorithm.
func checkMixedChain(t *testing.T, key crypto.Signer) {
	t.Helper()
	t.Run(KeyName(key.Public()), func(t *testing.T) {
		root := newRoot(t, "root", key)
		holder := newKey(t)
		leaf := root.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
		if _, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), At: middle, Usage: SealUsage}); err != nil {
			t.Error(err)
		}
		forged := *leaf
		forged.SignatureValue = bytes.Clone(leaf.SignatureValue)
		forged.SignatureValue[len(forged.SignatureValue)-1] ^= 1
		if _, err := BuildChain(&forged, ChainOptions{Roots: NewPool(root.certificate), At: middle}); ReasonOf(err) != ReasonChain || Code(err) == "" {
			t.Errorf("changed signature: %v", err)
		}
	})
}

func TestMadeCRLs(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	other := newRoot(t, "other", newKey(t))
	holder := newKey(t)
	leaf := root.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
	revokedAt := begin.AddDate(1, 0, 0)
	template := CRLTemplate{Number: big.NewInt(3), ThisUpdate: middle, NextUpdate: middle.AddDate(0, 1, 0),
		Entries: []CRLEntry{{Serial: leaf.Serial, RevokedAt: revokedAt, Reason: RevokedKeyCompromise}}}
	list, err := MakeCRL(rand.Reader, template, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	if list.Number.Int64() != 3 || !bytes.Equal(list.AuthorityKeyID, root.certificate.SubjectKeyID) || len(list.Unhandled) != 0 {
		t.Errorf("%+v", list)
	}
	if again, err := ParseCRL(list.EncodePEM()); err != nil || !bytes.Equal(again.Raw, list.Raw) {
		t.Errorf("PEM: %v", err)
	}
	now := middle.Add(time.Hour)
	got := CheckRevocation(leaf, root.certificate, []*CRL{list}, now)
	if got.State != RevocationRevoked || !got.RevokedAt.Equal(revokedAt) || got.Reason != RevokedKeyCompromise || !got.ThisTime.Equal(middle) {
		t.Errorf("revoked: %+v", got)
	}
	unknown := map[string]struct {
		lists  []*CRL
		issuer *Certificate
	}{
		"no list":                {nil, root.certificate},
		"S-17 other issuer's":    {[]*CRL{{Issuer: other.certificate.Subject}}, root.certificate},
		"S-17 signed by another": {[]*CRL{changedIssuer(t, other, template, root.certificate)}, root.certificate},
		"S-17 unknown extension": {[]*CRL{unhandled(list)}, root.certificate},
		"S-17 without an end":    {[]*CRL{withoutEnd(list)}, root.certificate},
	}
	for name, test := range unknown {
		if got := CheckRevocation(leaf, test.issuer, test.lists, now); got.State != RevocationUnknown {
			t.Errorf("%s: %+v", name, got)
		}
	}
	t.Run("revoked in any list counts, the earliest time", func(t *testing.T) {
		later := template
		later.Entries = []CRLEntry{{Serial: leaf.Serial, RevokedAt: revokedAt.AddDate(1, 0, 0)}}
		second, err := MakeCRL(rand.Reader, later, root.certificate, root.key)
		if err != nil {
			t.Fatal(err)
		}
		later.Entries = nil
		third, err := MakeCRL(rand.Reader, later, root.certificate, root.key)
		if err != nil {
			t.Fatal(err)
		}
		if got := CheckRevocation(leaf, root.certificate, []*CRL{third, second, list}, now); got.State != RevocationRevoked || !got.RevokedAt.Equal(revokedAt) {
			t.Errorf("%+v", got)
		}
		if got := CheckRevocation(leaf, root.certificate, []*CRL{third}, now); got.State != RevocationGood {
			t.Errorf("%+v", got)
		}
	})
	t.Run("issuer may not sign lists", func(t *testing.T) {
		maker := newKey(t)
		noCRL := root.raw(t, "ca", &maker.PublicKey, func(*smx509.Certificate) {})
		forged := *list
		forged.Issuer = noCRL.Subject
		if err := forged.CheckSignatureFrom(noCRL); !errors.Is(err, ErrCRL) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("S-07 inner and outer algorithm differ", func(t *testing.T) {
		forged := *list
		forged.InnerAlgorithm.OID = OIDECDSAWithSHA256
		if err := forged.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
			t.Errorf("error = %v", err)
		}
	})
	for name, change := range map[string]func(*CRLTemplate){
		"no number":     func(c *CRLTemplate) { c.Number = nil },
		"no end":        func(c *CRLTemplate) { c.NextUpdate = c.ThisUpdate },
		"bad entry":     func(c *CRLTemplate) { c.Entries = []CRLEntry{{}} },
		"negative list": func(c *CRLTemplate) { c.Number = big.NewInt(-1) },
	} {
		bad := template
		change(&bad)
		if _, err := MakeCRL(rand.Reader, bad, root.certificate, root.key); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := MakeCRL(rand.Reader, template, root.certificate, other.key); !errors.Is(err, ErrTemplate) {
		t.Errorf("key of another: %v", err)
	}
}

// changedIssuer is a list under the name of one CA, signed by another.
func changedIssuer(t testing.TB, signer authority, template CRLTemplate, issuer *Certificate) *CRL {
	t.Helper()
	list, err := MakeCRL(rand.Reader, template, signer.certificate, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	list.Issuer = issuer.Subject
	return list
}

func unhandled(list *CRL) *CRL {
	changed := *list
	changed.Unhandled = []string{oidIssuingPoint}
	return &changed
}

func withoutEnd(list *CRL) *CRL {
	changed := *list
	changed.NextUpdate = time.Time{}
	return &changed
}

func TestParseCRLRefuses(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle}, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string][]byte{
		"empty": nil, "SEQUENCE": {0x30, 0}, "cut": list.Raw[:len(list.Raw)-1], "rest": append(bytes.Clone(list.Raw), 0),
		"certificate": root.certificate.Raw, "S-17 too large": make([]byte, der.MaxBytes+1),
	} {
		if _, err := ParseCRL(input); !errors.Is(err, ErrCRL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestS07InnerAndOuterAlgorithm changes one of a certificate's two algorithm identifiers.
func TestS07InnerAndOuterAlgorithm(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	encoded, err := der.EncodeOID(OIDSM2WithSM3)
	if err != nil {
		t.Fatal(err)
	}
	raw := bytes.Clone(root.certificate.Raw)
	last := bytes.LastIndex(raw, encoded)
	raw[last+len(encoded)-1] ^= 1
	changed, err := ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
		t.Errorf("error = %v", err)
	}
	if changed.IsSelfSigned() {
		t.Error("self-signed with two algorithms")
	}
	if root.certificate.KeyIDHex() != fmt.Sprintf("%x", root.certificate.SubjectKeyID) || root.certificate.SerialHex() != root.certificate.Serial.Text(16) {
		t.Error("hex forms")
	}
}

// TestS07ParametersOfOneIdentifier: NULL in one of the two identifiers and nothing in the other is a difference as well.
func TestS07ParametersOfOneIdentifier(t *testing.T) {
	root, leaf, list, _ := samples(t)
	algorithm := der.EncodeSequence(oidOf(t, OIDSM2WithSM3), []byte{5, 0})
	certificate, err := ParseCertificate(replaceAt(t, leaf.Raw, ".1", algorithm))
	if err != nil {
		t.Fatal(err)
	}
	if err := certificate.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
		t.Errorf("certificate: %v", err)
	}
	changed, err := ParseCRL(replaceAt(t, list.Raw, ".1", algorithm))
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
		t.Errorf("CRL: %v", err)
	}
}
