package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// bound is ten times the 200 ms of row S-13, as rule R13 has it for tests on shared machines.
const bound = 2 * time.Second

func within(t *testing.T, run func()) {
	t.Helper()
	start := time.Now()
	run()
	if took := time.Since(start); took > bound {
		t.Errorf("took %s, at most %s", took, bound)
	}
}

func TestS12Issuers(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key := newKey(t)
	holder := newKey(t)
	tests := []struct {
		name   string
		change func(*smx509.Certificate)
		reason Reason
	}{
		{"CA", func(*smx509.Certificate) {}, ""},
		{"CA:FALSE", func(c *smx509.Certificate) { c.IsCA = false }, ReasonNotCA},
		{"no basicConstraints", func(c *smx509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }, ReasonNotCA},
		{"may not sign certificates", func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCRLSign }, ReasonNotCA},
		{"unknown critical extension", func(c *smx509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, ReasonExtension},
		{"S-14 name constraints are not understood", func(c *smx509.Certificate) {
			c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.cn"}, true
		}, ReasonExtension},
		{"ended", func(c *smx509.Certificate) { c.NotAfter = begin.AddDate(1, 0, 0) }, ReasonExpired},
		{"not begun", func(c *smx509.Certificate) { c.NotBefore = finish.AddDate(-1, 0, 0) }, ReasonNotYetValid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			middleCA := root.raw(t, "middle", &key.PublicKey, test.change)
			leaf := authority{middleCA, key}.raw(t, "leaf", &holder.PublicKey, func(c *smx509.Certificate) {
				c.IsCA, c.KeyUsage, c.MaxPathLen = false, smx509.KeyUsageDigitalSignature, 0
			})
			_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(middleCA), At: middle, Usage: SealUsage})
			if ReasonOf(err) != test.reason {
				t.Errorf("reason %q: %v", ReasonOf(err), err)
			}
		})
	}
}

func TestS12PathLength(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	outer, inner, holder := newKey(t), newKey(t), newKey(t)
	for limit, reason := range map[int]Reason{0: ReasonPathLen, 1: "", 2: ""} {
		outerCA := authority{root.raw(t, "outer", &outer.PublicKey, func(c *smx509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = limit, true }), outer}
		innerCA := authority{outerCA.raw(t, "inner", &inner.PublicKey, func(*smx509.Certificate) {}), inner}
		leaf := innerCA.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
		_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(outerCA.certificate, innerCA.certificate), At: middle})
		if ReasonOf(err) != reason {
			t.Errorf("pathLen %d: %v", limit, err)
		}
	}
}

func TestS12WrongIssuer(t *testing.T) {
	root, same := newRoot(t, "root", newKey(t)), newRoot(t, "root", newKey(t))
	holder := newKey(t)
	leaf := root.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
	_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(same.certificate), At: middle})
	if ReasonOf(err) != ReasonChain {
		t.Errorf("trusted CA of the same name with another key: %v", err)
	}
	if _, err := BuildChain(leaf, ChainOptions{Roots: NewPool(same.certificate, root.certificate), At: middle}); err != nil {
		t.Errorf("both are trusted: %v", err)
	}
	if _, err := BuildChain(leaf, ChainOptions{Intermediates: NewPool(same.certificate), At: middle}); ReasonOf(err) != ReasonUntrustedRoot {
		t.Errorf("an untrusted stranger of the same name decides: %v", err)
	}
	forged := *leaf
	forged.SignatureValue = same.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey).SignatureValue
	if _, err := BuildChain(&forged, ChainOptions{Intermediates: NewPool(root.certificate), At: middle}); ReasonOf(err) != ReasonChain {
		t.Errorf("the untrusted issuer that the key identifier names did not sign: %v", err)
	}
	chain := &ChainError{}
	_, err = BuildChain(leaf, ChainOptions{At: middle})
	if !errors.As(err, &chain) || chain.Certificate != leaf || chain.Error() == "" {
		t.Errorf("error %v", err)
	}
}

func TestS13Loops(t *testing.T) {
	const size = 8
	keys := make([]*sm2.PrivateKey, size)
	cas := make([]authority, size)
	for i := range keys {
		keys[i] = newKey(t)
		cas[i] = newRoot(t, fmt.Sprintf("ca %d", i), keys[i])
	}
	help := NewPool()
	for i := range cas {
		for j := range cas {
			if i != j {
				help.Add(cas[i].raw(t, fmt.Sprintf("ca %d", j), &keys[j].PublicKey, func(*smx509.Certificate) {}))
			}
		}
	}
	holder := newKey(t)
	leaf := cas[0].issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
	stranger := newRoot(t, "stranger", newKey(t))
	within(t, func() {
		_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(stranger.certificate), Intermediates: help, At: middle})
		if reason := ReasonOf(err); reason != ReasonUntrustedRoot && reason != ReasonBudget {
			t.Errorf("no path: %v", err)
		}
	})
	within(t, func() {
		if _, err := BuildChain(leaf, ChainOptions{Roots: NewPool(cas[5].certificate), Intermediates: help, At: middle}); err != nil {
			t.Errorf("path through cross-certificates: %v", err)
		}
	})
}

func TestS13LongChain(t *testing.T) {
	root := newRoot(t, "ca 0", newKey(t))
	help, last := NewPool(), root
	for i := range 100 {
		key := newKey(t)
		last = authority{last.raw(t, fmt.Sprintf("ca %d", i+1), &key.PublicKey, func(*smx509.Certificate) {}), key}
		help.Add(last.certificate)
	}
	holder := newKey(t)
	leaf := last.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
	within(t, func() {
		if _, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), Intermediates: help, At: middle}); ReasonOf(err) != ReasonBudget {
			t.Errorf("100 intermediates: %v", err)
		}
	})
}

func TestS13ManyIssuersOfOneName(t *testing.T) {
	help := NewPool()
	template := newRoot(t, "ca", newKey(t))
	for range 1000 {
		// Certificates are only told apart by their key, so a copy with another key identifier and key is another issuer.
		copied := *template.certificate
		copied.PublicKey = &newKey(t).PublicKey
		copied.SubjectKeyID = nil
		copied.Raw = append([]byte(nil), copied.Raw...)
		copied.Raw[20] = byte(help.Len())
		copied.Raw[21] = byte(help.Len() >> 8)
		copied.RawKeyInfo = copied.Raw[:40]
		help.Add(&copied)
	}
	if help.Len() != 1000 {
		t.Fatalf("%d issuers", help.Len())
	}
	holder := newKey(t)
	leaf := template.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
	within(t, func() {
		if _, err := BuildChain(leaf, ChainOptions{Intermediates: help, At: middle}); ReasonOf(err) != ReasonBudget {
			t.Errorf("no issuer: %v", err)
		}
	})
	within(t, func() {
		help.Add(template.certificate)
		if _, err := BuildChain(leaf, ChainOptions{Roots: NewPool(template.certificate), Intermediates: help, At: middle}); err != nil {
			t.Errorf("the right one is trusted: %v", err)
		}
	})
}

func TestPool(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	pool := NewPool(root.certificate, root.certificate)
	if pool.Len() != 1 || len(pool.Certificates()) != 1 || !pool.Contains(root.certificate) {
		t.Errorf("pool of %d", pool.Len())
	}
	if err := pool.AddFile(newRoot(t, "other", newKey(t)).certificate.EncodePEM()); err != nil || pool.Len() != 2 {
		t.Errorf("pool of %d, %v", pool.Len(), err)
	}
	if err := pool.AddFile([]byte("no certificate")); !errors.Is(err, ErrCertificate) {
		t.Errorf("error = %v", err)
	}
	var none *Pool
	if none.Len() != 0 || none.Contains(root.certificate) || none.Certificates() != nil {
		t.Error("nil pool is not empty")
	}
}

// TestUnreadableRestrictionsAllowNothing breaks one extension at a time.
func TestUnreadableRestrictionsAllowNothing(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key := newKey(t)
	for name, extension := range map[string]pkix.Extension{
		"keyUsage":         {Id: []int{2, 5, 29, 15}, Value: []byte{4, 0}},
		"extKeyUsage":      {Id: []int{2, 5, 29, 37}, Value: []byte{0x30, 2, 4, 0}},
		"basicConstraints": {Id: []int{2, 5, 29, 19}, Value: []byte{0x30, 6, 1, 1, 0xff, 2, 1, 0xff}},
	} {
		t.Run(name, func(t *testing.T) {
			certificate := root.raw(t, "x", &key.PublicKey, func(c *smx509.Certificate) {
				c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.MaxPathLen = false, false, smx509.KeyUsageDigitalSignature, 0
				c.ExtraExtensions = []pkix.Extension{extension}
			})
			if name == "keyUsage" && (certificate.KeyUsage != 0 || CheckUsage(certificate, SealUsage, "") == nil) {
				t.Errorf("usage %v", certificate.KeyUsage.Names())
			}
			if name == "extKeyUsage" && CheckUsage(certificate, 0, OIDTimeStamping) == nil {
				t.Errorf("usages %v", certificate.ExtKeyUsage)
			}
			if name == "basicConstraints" && certificate.IsCA {
				t.Error("taken for a CA")
			}
			if !hasDeviation(certificate.Deviations, ExtensionOdd) {
				t.Errorf("deviations %v", certificate.Deviations)
			}
		})
	}
	t.Run("no keyUsage", func(t *testing.T) {
		certificate := root.raw(t, "x", &key.PublicKey, func(c *smx509.Certificate) { c.IsCA, c.KeyUsage, c.MaxPathLen = false, 0, 0 })
		if err := CheckUsage(certificate, SealUsage, ""); ReasonOf(err) != ReasonUsage {
			t.Errorf("error = %v", err)
		}
	})
}

func TestParseCertificateRefuses(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	raw := root.certificate.Raw
	null := []byte{5, 0}
	for name, input := range map[string][]byte{
		"empty": nil, "text": []byte("certificate"), "SEQUENCE": {0x30, 0}, "rest": append(append([]byte(nil), raw...), 0), "cut": raw[:100],
		"three NULLs":  der.EncodeSequence(null, null, null),
		"tbs of three": der.EncodeSequence(der.EncodeSequence(null, null, null), der.EncodeSequence([]byte{6, 1, 42}), der.EncodeBitString(nil)),
	} {
		if _, err := ParseCertificate(input); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An extension that occurs twice has two meanings (RFC 5280 4.2).
	key := newKey(t)
	twice := pkix.Extension{Id: []int{1, 2, 3}, Value: []byte{5, 0}}
	subject, err := Subject{CommonName: "x"}.name()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := smx509.CreateCertificate(rand.Reader, &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, NotBefore: begin, NotAfter: finish,
		ExtraExtensions: []pkix.Extension{twice, twice}}, &smx509.Certificate{Subject: subject}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseCertificate(encoded); !errors.Is(err, ErrCertificate) {
		t.Errorf("extension twice: %v", err)
	}
}

func TestNames(t *testing.T) {
	pair := func(oid string, tag int, text string) []byte {
		encoded, err := der.EncodeOID(oid)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(encoded, append(der.Header(0, tag, false, len(text)), text...))
	}
	for want, encoded := range map[string][]byte{
		`CN=a\,b\"c`:        der.EncodeSequence(der.EncodeSet(pair("2.5.4.3", der.TagUTF8String, `a,b"c`))),
		`CN=\#x\ `:          der.EncodeSequence(der.EncodeSet(pair("2.5.4.3", der.TagUTF8String, "#x "))),
		`CN=a\00b\e2\80\ae`: der.EncodeSequence(der.EncodeSet(pair("2.5.4.3", der.TagUTF8String, "a\x00b\u202e"))),
		"CN=a+O=b,C=CN": der.EncodeSequence(der.EncodeSet(pair("2.5.4.6", der.TagPrintableString, "CN")),
			der.EncodeSet(pair("2.5.4.3", der.TagUTF8String, "a"), pair("2.5.4.10", der.TagUTF8String, "b"))),
		"2.5.4.45=B00102":     der.EncodeSequence(der.EncodeSet(pair("2.5.4.45", der.TagUTF8String, "B00102"))),
		"2.5.4.45=#0401ff":    der.EncodeSequence(der.EncodeSet(pair("2.5.4.45", der.TagOctetString, "\xff"))),
		"":                    der.EncodeSequence(),
		"emailAddress=电子@x.y": der.EncodeSequence(der.EncodeSet(pair("1.2.840.113549.1.9.1", der.TagIA5String, "电子@x.y"))),
	} {
		reader := &der.Reader{}
		value, err := reader.Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if name, err := parseName(reader, value); err != nil || name.String() != want {
			t.Errorf("name %q, %v; want %q", name, err, want)
		}
	}
}

func FuzzParseCertificate(f *testing.F) {
	root := newRoot(f, "测试根", newKey(f)).certificate
	f.Add(root.Raw)
	// The same with a point off the curve: it must leave no key, not even an empty one.
	f.Add(bytes.Replace(bytes.Clone(root.Raw), root.RawKeyInfo[len(root.RawKeyInfo)-8:], make([]byte, 8), 1))
	f.Fuzz(func(t *testing.T, input []byte) {
		certificate, err := ParseCertificate(input)
		if err != nil {
			if !errors.Is(err, ErrCertificate) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if (certificate.PublicKey == nil) == (certificate.KeyError == nil) {
			t.Fatal("neither key nor reason")
		}
		_ = certificate.Subject.String()
		_ = certificate.SerialHex()
		certificate.IsSelfSigned()
		if n := max(len(certificate.CRLPoints()), len(certificate.OCSPResponders())); n > maxPoints {
			t.Fatalf("%d places of evidence", n)
		}
	})
}

func FuzzParseCRL(f *testing.F) {
	root := newRoot(f, "root", newKey(f))
	list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle,
		Entries: []CRLEntry{{Serial: big.NewInt(5), RevokedAt: begin, Reason: RevokedSuperseded}}}, root.certificate, root.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list.Raw)
	f.Fuzz(func(t *testing.T, input []byte) {
		list, err := ParseCRL(input)
		if err != nil {
			if !errors.Is(err, ErrCRL) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		for _, entry := range list.Entries {
			if _, found := list.Lookup(entry.Serial); !found {
				t.Fatal("entry is not found")
			}
		}
	})
}

func FuzzParseSignedData(f *testing.F) {
	f.Add(unhex(f, "300e06092a864886f70d010702a0013000"))
	f.Fuzz(func(t *testing.T, input []byte) {
		message, err := ParseSignedData(input)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		for _, signer := range message.Signers {
			message.VerifySigner(signer, []byte("x"), nil)
		}
	})
}

func FuzzParsePublicKeyInfo(f *testing.F) {
	root := newRoot(f, "root", newKey(f))
	f.Add(root.certificate.RawKeyInfo)
	f.Fuzz(func(t *testing.T, input []byte) {
		public, err := ParsePublicKeyInfo(input)
		if err != nil && !errors.Is(err, ErrKeyInvalid) {
			t.Fatalf("untyped error %v", err)
		}
		if (public == nil) == (err == nil) {
			t.Fatal("neither key nor reason")
		}
		_ = KeyName(public)
	})
}

func FuzzParseRequest(f *testing.F) {
	key := newKey(f)
	request, err := MakeRequest(rand.Reader, Subject{CommonName: "x"}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(request)
	f.Fuzz(func(t *testing.T, input []byte) {
		if request, err := ParseRequest(input); err == nil && request.PublicKey == nil {
			t.Fatal("a request without a key")
		}
	})
}

func FuzzVerifySM2(f *testing.F) {
	key := newKey(f)
	signature, err := key.Sign(rand.Reader, []byte("message"), sm2.DefaultSM2SignerOpts)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signature)
	f.Fuzz(func(t *testing.T, input []byte) {
		_, err := VerifySM2(&key.PublicKey, nil, []byte("message"), input, FormDEROrRaw)
		if err == nil && string(input) != string(signature) {
			if raw, rawErr := SM2SignatureToRaw(signature); rawErr != nil || string(raw) != string(input) {
				t.Fatal("another encoding verifies")
			}
		}
		if err != nil && Code(err) == "" {
			t.Fatalf("untyped error %v", err)
		}
	})
}

func BenchmarkSM2Sign(b *testing.B) {
	key := newKey(b)
	for b.Loop() {
		if _, err := key.Sign(rand.Reader, []byte("message"), sm2.DefaultSM2SignerOpts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSM2Verify(b *testing.B) {
	key := newKey(b)
	signature, err := key.Sign(rand.Reader, []byte("message"), sm2.DefaultSM2SignerOpts)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := VerifySM2(&key.PublicKey, nil, []byte("message"), signature, FormDER); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseCertificate(b *testing.B) {
	raw := newRoot(b, "测试根", newKey(b)).certificate.Raw
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseCertificate(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildChain(b *testing.B) {
	root := newRoot(b, "root", newKey(b))
	issuingKey, holder := newKey(b), newKey(b)
	issuing := authority{root.issue(b, ProfileIssuingCA, "issuing", &issuingKey.PublicKey), issuingKey}
	leaf := issuing.issue(b, ProfileSealSigner, "leaf", &holder.PublicKey)
	options := ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(issuing.certificate), At: middle, Usage: SealUsage}
	for b.Loop() {
		if _, err := BuildChain(leaf, options); err != nil {
			b.Fatal(err)
		}
	}
}
