package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// The tests of this file hold checks that stand behind another one for most inputs, so that only an input made for them tells them apart
// (docs/reference/mutations.md).

func TestIssuersOnAPath(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	shared, first, second, holder := newKey(t), newKey(t), newKey(t), newKey(t)
	same := func(*smx509.Certificate) {}
	for name, c := range map[string]struct {
		lower, upper authority
		upperName    string
	}{
		// Neither is a loop: a name that changed its key, and a key that changed its name.
		"new key under the old name": {authority{key: first}, authority{key: second}, "lower"},
		"one key under two names":    {authority{key: shared}, authority{key: shared}, "upper"},
	} {
		upper := authority{root.raw(t, c.upperName, c.upper.key.Public(), same), c.upper.key}
		lower := authority{upper.raw(t, "lower", c.lower.key.Public(), same), c.lower.key}
		leaf := lower.issue(t, ProfileSealSigner, "leaf", &holder.PublicKey)
		chain, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root.certificate), Intermediates: NewPool(upper.certificate, lower.certificate), At: middle, Usage: SealUsage})
		if err != nil || len(chain) != 4 {
			t.Errorf("%s: %d %v", name, len(chain), err)
		}
	}
	t.Run("the last step of the budget", func(t *testing.T) {
		leaf := root.issue(t, ProfileSealSigner, "leaf", &newKey(t).PublicKey)
		for name, c := range map[string]struct {
			visits, checks int
			found          bool
		}{"visits": {4*maxSignatureChecks - 1, 0, true}, "one visit more": {4 * maxSignatureChecks, 0, false}, "checks": {0, maxSignatureChecks - 1, true}, "one check more": {0, maxSignatureChecks, false}} {
			s := &chainSearch{options: ChainOptions{Roots: NewPool(root.certificate), At: middle}, memo: &Memo{}, visits: c.visits, checks: c.checks}
			if chain := s.extend([]*Certificate{leaf}); (chain != nil) != c.found || !c.found && s.best.Reason != ReasonBudget {
				t.Errorf("%s: %v %v", name, chain, s.best)
			}
		}
	})
	t.Run("the more telling failure counts, whichever comes first", func(t *testing.T) {
		for _, order := range [][]Reason{{ReasonChain, ReasonUsage}, {ReasonUsage, ReasonChain}, {ReasonUntrustedRoot, ReasonNotCA, ReasonUsage}} {
			s := &chainSearch{}
			for _, reason := range order {
				s.note(&ChainError{Reason: reason})
			}
			if s.best.Reason != ReasonUsage {
				t.Errorf("%v: %s", order, s.best.Reason)
			}
		}
	})
	t.Run("an issuer that the key identifier contradicts is tried last", func(t *testing.T) {
		leaf := &Certificate{Issuer: root.certificate.Subject, AuthorityKeyID: []byte{1}}
		with := func(id ...byte) *Certificate {
			return &Certificate{Subject: root.certificate.Subject, SubjectKeyID: id, Raw: append([]byte("raw"), id...)}
		}
		got := NewPool(with(2), with(), with(1)).issuersOf(leaf)
		if len(got) != 3 || !bytes.Equal(got[0].SubjectKeyID, []byte{1}) || len(got[1].SubjectKeyID) != 0 {
			t.Errorf("%v", got)
		}
		if got := NewPool(with(2), with()).issuersOf(&Certificate{Issuer: root.certificate.Subject}); len(got[0].SubjectKeyID) != 1 {
			t.Error("without an identifier the order is that of the pool")
		}
	})
}

func TestOwnSignatureUnderAnotherName(t *testing.T) {
	// A certificate by a renamed issuer's same key carries its own key's signature and is no root for that.
	key := newKey(t)
	old := newRoot(t, "old name", key)
	renamed := authority{old.certificate, key}.raw(t, "new name", &key.PublicKey, func(*smx509.Certificate) {})
	if renamed.IsSelfSigned() {
		t.Error("taken for a root")
	}
	if !old.certificate.IsSelfSigned() {
		t.Error("a root is none")
	}
}

func TestUsagesThatCannotBeRead(t *testing.T) {
	c := &Certificate{HasKeyUsage: true, KeyUsage: UsageDigitalSignature, ExtKeyUsage: []string{unreadableUsage}}
	if ReasonOf(CheckUsage(c, SealUsage, "")) != ReasonUsage {
		t.Error("an extKeyUsage that cannot be read allows to sign")
	}
	if c.ExtKeyUsage = []string{"1.2.3"}; CheckUsage(c, SealUsage, "") != nil {
		t.Error("a purpose of a vendor forbids to sign")
	}
}

func TestFormsOfCertificates(t *testing.T) {
	_, leaf, _, _ := samples(t)
	extension := func(oid string, content []byte) []byte {
		return der.EncodeSequence(oidOf(t, oid), der.EncodeOctetString(content))
	}
	with := func(list ...[]byte) (*Certificate, error) {
		return ParseCertificate(replaceAt(t, leaf.Raw, ".0.7.0", der.EncodeSequence(list...)))
	}
	integer := func(n int) []byte { return der.EncodeInt(n) }
	yes := der.EncodeBoolean(true)
	for name, c := range map[string]struct {
		value   []byte
		ca      bool
		pathLen int
		odd     bool
	}{
		"a limit alone":              {der.EncodeSequence(integer(1)), false, 1, false},
		"CA without a limit":         {der.EncodeSequence(yes), true, -1, false},
		"limit that is no number":    {der.EncodeSequence(yes, der.EncodeNull()), true, 0, true},
		"limit below zero":           {der.EncodeSequence(yes, []byte{2, 1, 0xff}), true, 0, true},
		"something behind the limit": {der.EncodeSequence(yes, integer(1), integer(2)), true, 0, true},
		"BOOLEAN of two octets":      {der.EncodeSequence([]byte{1, 2, 0xff, 0xff}), false, -1, true},
		"no SEQUENCE":                {integer(1), false, -1, true},
	} {
		got, err := with(extension(oidBasicConstraints, c.value))
		// What cannot be read allows nothing, whatever was read before it.
		if err != nil || got.IsCA != (c.ca && !c.odd) || got.PathLen != c.pathLen || hasDeviation(got.Deviations, ExtensionOdd) != c.odd {
			t.Errorf("basicConstraints, %s: %v CA %t, limit %d, %v", name, err, got != nil && got.IsCA, got.PathLen, got.Deviations)
		}
	}
	context := func(tag int, content ...byte) []byte {
		return append([]byte{byte(0x80 | tag), byte(len(content))}, content...)
	}
	issuer := []byte{0xa1, 0}
	if got, err := with(extension(oidAuthorityKeyID, der.EncodeSequence(context(0, 7, 7), issuer, context(2, 9)))); err != nil || !bytes.Equal(got.AuthorityKeyID, []byte{7, 7}) {
		t.Errorf("authorityKeyIdentifier with a serial number: %v %x", err, got.AuthorityKeyID)
	}
	if got, err := with(extension(oidAuthorityKeyID, der.EncodeSequence([]byte{0xa0, 2, 4, 0}))); err != nil || got.AuthorityKeyID != nil {
		t.Errorf("constructed key identifier: %v %x", err, got.AuthorityKeyID)
	}
	if got, err := with(extension(oidExtKeyUsage, integer(1))); err != nil || !slices.Equal(got.ExtKeyUsage, []string{unreadableUsage}) || !hasDeviation(got.Deviations, ExtensionOdd) {
		t.Errorf("extKeyUsage that is no list: %v %v %v", err, got.ExtKeyUsage, got.Deviations)
	}
	if got, err := with(extension(oidSubjectAltName, integer(1))); err != nil || len(got.Oddities) != 1 || !strings.Contains(got.Oddities[0], "want SEQUENCE") {
		t.Errorf("subjectAltName that is no list: %v %v", err, got.Oddities)
	}
	var many [][]byte
	for i := range maxExtensions {
		many = append(many, extension(fmt.Sprintf("1.2.%d", i+1), nil))
	}
	if got, err := with(many...); err != nil || len(got.Extensions) != maxExtensions {
		t.Errorf("%d extensions: %v", maxExtensions, err)
	}
	if _, err := with(der.EncodeSequence(oidOf(t, "1.2.3"), yes, der.EncodeOctetString(nil), der.EncodeOctetString(nil))); !errors.Is(err, ErrCertificate) {
		t.Errorf("extension of four members: %v", err)
	}
	for name, c := range map[string]struct {
		input []byte
		good  func(*Certificate) bool
	}{
		"version 1 written out":  {replaceAt(t, leaf.Raw, ".0.0", der.EncodeExplicit(0, integer(0))), func(c *Certificate) bool { return c.Version == 1 }},
		"version below 1":        {replaceAt(t, leaf.Raw, ".0.0", der.EncodeExplicit(0, []byte{2, 1, 0xff})), nil},
		"serial number 0":        {replaceAt(t, leaf.Raw, ".0.1", integer(0)), func(c *Certificate) bool { return hasDeviation(c.Deviations, SerialNotPositive) }},
		"unique identifiers":     {replaceAt(t, leaf.Raw, ".0.7", append(append(context(1, 0, 1), context(2, 0, 1)...), rebuildFind(t, leaf.Raw, ".0.7")...)), func(c *Certificate) bool { return len(c.Extensions) > 0 }},
		"unknown member [5]":     {replaceAt(t, leaf.Raw, ".0.7", append(context(5, 0, 1), rebuildFind(t, leaf.Raw, ".0.7")...)), nil},
		"RDN in a SEQUENCE":      {rebuild(t, leaf.Raw, func(path string, value der.Value) []byte { return retag(path, ".0.3.0", value, 0x30) }), nil},
		"attribute of three":     {replaceAt(t, leaf.Raw, ".0.3.0.0", der.EncodeSequence(oidOf(t, "2.5.4.3"), der.EncodeNull(), der.EncodeNull())), nil},
		"64 attributes of names": {replaceAt(t, leaf.Raw, ".0.3", attributes(t, maxAttributes)), func(c *Certificate) bool { return len(c.Issuer.Attributes) == maxAttributes }},
		"65 attributes of names": {replaceAt(t, leaf.Raw, ".0.3", attributes(t, maxAttributes+1)), nil},
	} {
		got, err := ParseCertificate(c.input)
		if c.good == nil && !errors.Is(err, ErrCertificate) || c.good != nil && (err != nil || !c.good(got)) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}
	if list, err := ParseCertificates(encodePEM("X509 CERTIFICATE", leaf.Raw)); err != nil || len(list) != 1 {
		t.Errorf("old label of PEM: %v", err)
	}
}

func attributes(t *testing.T, n int) []byte {
	t.Helper()
	text, err := der.EncodeText(der.TagUTF8String, "x")
	if err != nil {
		t.Fatal(err)
	}
	return der.EncodeSequence(slices.Repeat([][]byte{der.EncodeSet(der.EncodeSequence(oidOf(t, "2.5.4.3"), text))}, n)...)
}

func TestFormsOfLists(t *testing.T) {
	root, leaf, list, _ := samples(t)
	member := func(path string) []byte { return rebuildFind(t, list.Raw, path) }
	late, err := der.EncodeGeneralizedTime(time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	tbs := func(members ...[]byte) []byte { return replaceAt(t, list.Raw, ".0", der.EncodeSequence(members...)) }
	algorithm, issuer, this, entries := member(".0.1"), member(".0.2"), member(".0.3"), member(".0.5")
	extensions := member(".0.6")
	for name, c := range map[string]struct {
		input   []byte
		entries int
		good    bool
	}{
		"version 1, nothing more":          {tbs(algorithm, issuer, this), 0, true},
		"version 1 with entries":           {tbs(algorithm, issuer, this, entries), 1, true},
		"two members":                      {tbs(algorithm, issuer), 0, false},
		"no nextUpdate":                    {tbs(der.EncodeInt(1), algorithm, issuer, this, entries, extensions), 1, true},
		"nextUpdate beyond 2049":           {tbs(der.EncodeInt(1), algorithm, issuer, this, late, entries, extensions), 1, true},
		"extensions under [1]":             {tbs(der.EncodeInt(1), algorithm, issuer, this, append([]byte{0xa1}, extensions[1:]...)), 0, false},
		"version that is no number":        {tbs([]byte{2, 0}, algorithm, issuer, this), 0, false},
		"time that cannot be read":         {tbs(algorithm, issuer, this, []byte{0x17, 1, 'x'}), 0, false},
		"entries that cannot be read":      {tbs(algorithm, issuer, this, der.EncodeSequence(der.EncodeNull())), 0, false},
		"reason that cannot be read":       {tbs(algorithm, issuer, this, der.EncodeSequence(der.EncodeSequence(der.EncodeInt(5), this, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidReasonCode), der.EncodeOctetString([]byte{1})))))), 0, false},
		"number that cannot be read":       {tbs(algorithm, issuer, this, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidCRLNumber), der.EncodeOctetString(der.EncodeNull()))))), 0, false},
		"extension that cannot be read":    {tbs(algorithm, issuer, this, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeOctetString([]byte{9}))))), 0, false},
		"identifier that cannot be read":   {tbs(algorithm, issuer, this, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidAuthorityKeyID), der.EncodeOctetString(der.EncodeNull()))))), 0, false},
		"constructed key identifier":       {tbs(algorithm, issuer, this, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidAuthorityKeyID), der.EncodeOctetString(der.EncodeSequence([]byte{0xa0, 2, 4, 0})))))), 0, true},
		"key identifier and serial number": {tbs(algorithm, issuer, this, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidAuthorityKeyID), der.EncodeOctetString(der.EncodeSequence([]byte{0x80, 1, 7}, []byte{0x82, 1, 9})))))), 0, true},
	} {
		got, err := ParseCRL(c.input)
		if !c.good && !errors.Is(err, ErrCRL) || c.good && (err != nil || len(got.Entries) != c.entries) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
		if name == "constructed key identifier" && got.AuthorityKeyID != nil {
			t.Errorf("identifier %x", got.AuthorityKeyID)
		}
		if name == "key identifier and serial number" && !bytes.Equal(got.AuthorityKeyID, []byte{7}) {
			t.Errorf("identifier %x", got.AuthorityKeyID)
		}
	}
	if _, err := ParseCRL(encodePEM("CERTIFICATE", list.Raw)); !errors.Is(err, ErrCRL) {
		t.Errorf("PEM of another kind is read: %v", err)
	}
	if _, err := ParseCRL(encodePEM("X509 CRL", list.Raw)); err != nil {
		t.Errorf("PEM: %v", err)
	}
	silent := *root.certificate
	silent.HasKeyUsage, silent.KeyUsage = false, 0
	if err := list.CheckSignatureFrom(&silent); err != nil {
		t.Errorf("issuer without keyUsage: %v", err)
	}
	if got := CheckRevocation(leaf, root.certificate, []*CRL{withoutEnd(list)}, begin.Add(time.Hour)); got.State != RevocationUnknown {
		t.Errorf("a list that never ends: %+v", got)
	}
}

// TestOCSPResponders: what the issuer's own certificate says, and lists about the responder itself.
func TestOCSPResponders(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
	own := answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), nil)
	silent := *root.certificate
	silent.HasKeyUsage, silent.KeyUsage = false, 0
	if got := checkOCSP(leaf, &silent, middle, nil, own); got.State != RevocationGood {
		t.Errorf("issuer without keyUsage: %+v", got)
	}
	key := newKey(t)
	responder := root.raw(t, "responder", &key.PublicKey, func(c *smx509.Certificate) {
		c.SerialNumber, c.IsCA, c.MaxPathLen, c.KeyUsage, c.CRLDistributionPoints = big.NewInt(99), false, 0, smx509.KeyUsageDigitalSignature, []string{"http://crl.example/a"}
		c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Value: der.EncodeSequence(oidOf(t, OIDOCSPSigning))}}
	})
	clean, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: middle.Add(-time.Hour), NextUpdate: middle.Add(time.Hour)}, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	response := answered(t, OIDSM3, leaf, root.certificate, responder, signMessage(key), nil)
	response.Singles[0].ID.NameHash = bytes.Clone(response.Singles[0].ID.NameHash)
	if err := response.checkSigned(&Memo{}, root.certificate, []*CRL{clean}, middle); err != nil {
		t.Errorf("responder on no list: %v", err)
	}
	if err := response.checkSigned(&Memo{}, root.certificate, nil, middle); err == nil {
		t.Error("responder of unknown revocation")
	}
	broken := &Certificate{RawKeyInfo: []byte{5}, Subject: root.certificate.Subject}
	if _, err := broken.keyOctets(); !errors.Is(err, der.ErrSyntax) {
		t.Errorf("a key that is cut: %v", err)
	}
	if (&OCSPResponse{ResponderKey: make([]byte, 32)}).namesResponder(broken) {
		t.Error("a key that cannot be read names a responder")
	}
	bare := der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDSM3)), der.EncodeOctetString([]byte{1}), der.EncodeOctetString([]byte{2}), der.EncodeInt(3)) // no NULL
	value, err := (&der.Reader{}).Parse(bare)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := parseCertID(&der.Reader{}, value); err != nil {
		t.Error(err)
	} else if out, err := id.encode(); err != nil || !bytes.Equal(out, bare) {
		t.Errorf("what was asked is answered as %x: %v", out, err)
	}
	for name, change := range map[string]func(*CertID){
		"digest of the name":   func(i *CertID) { i.NameHash = make([]byte, 32) },
		"digest of the key":    func(i *CertID) { i.KeyHash = make([]byte, 32) },
		"parameters":           func(i *CertID) { i.Algorithm.Parameters = []byte{2, 1, 1} },
		"unknown digest":       func(i *CertID) { i.Algorithm.OID = "1.2.3" },
		"serial number":        func(i *CertID) { i.Serial = big.NewInt(1) },
		"another known digest": func(i *CertID) { i.Algorithm.OID = OIDSHA256 },
	} {
		id, err := NewCertID(OIDSM3, leaf.Serial, root.certificate)
		if err != nil {
			t.Fatal(err)
		}
		changed := id
		change(&changed)
		if name != "serial number" && changed.IssuedBy(root.certificate) {
			t.Errorf("%s: taken for one of the issuer", name)
		}
		if changed.equal(id) || id.equal(changed) || !id.equal(id) {
			t.Errorf("%s: equal", name)
		}
	}
}

// TestEveryMemberOfAnOCSPResponseHasItsType: NULL or a tag of another number in the place of any part is refused, but for names (compared as
// octets), the nonce, what is inside certificates, and values that stand for themselves.
func TestEveryMemberOfAnOCSPResponseHasItsType(t *testing.T) {
	root, key := newRoot(t, "root", newKey(t)), newKey(t)
	leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
	responder := root.issue(t, ProfileService, "responder", &key.PublicKey)
	response := answered(t, OIDSM3, leaf, root.certificate, responder, signMessage(key), func(o *OCSPTemplate) {
		o.Nonce, o.Singles[0].State, o.Singles[0].RevokedAt, o.Singles[0].Reason = []byte{1, 2, 3}, RevocationRevoked, begin, RevokedKeyCompromise
	})
	wrapped := func(basic []byte) []byte {
		return der.EncodeSequence([]byte{10, 1, 0}, der.EncodeExplicit(0, der.EncodeSequence(oidOf(t, oidOCSPBasic), der.EncodeOctetString(basic))))
	}
	octets, err := (&der.Reader{}).Parse(rebuildFind(t, response.Raw, ".1.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	basic := octets.Content
	if _, err := ParseOCSPResponse(wrapped(basic)); err != nil {
		t.Fatal(err)
	}
	open := func(path string) bool {
		for _, one := range []string{".0.0.0", ".0.3.0.0.1", ".3.0.0"} { // the responder's name, its nonce, the inside of certificates
			if path == one+".x" || strings.HasPrefix(path, one+".") {
				return true
			}
		}
		return path == ".1.1" || path == ".0.2.0.0.0.1" // parameters
	}
	tried := 0
	for _, path := range paths(t, basic) {
		if open(path) {
			continue
		}
		for how, change := range map[string]func(value der.Value) []byte{
			"NULL": func(der.Value) []byte { return der.EncodeNull() },
			"a tag with a 13 more": func(value der.Value) []byte {
				return append([]byte{value.Raw[0]&0xe0 | (value.Raw[0]&0x1f+13)&0x1f}, value.Raw[1:]...)
			},
			"empty":     func(value der.Value) []byte { return []byte{value.Raw[0], 0} },
			"two of it": func(value der.Value) []byte { return append(bytes.Clone(value.Raw), value.Raw...) },
		} {
			changed := rebuild(t, basic, func(here string, value der.Value) []byte {
				if here == path {
					return change(value)
				}
				return nil
			})
			if bytes.Equal(changed, basic) {
				continue
			}
			tried++
			got, err := ParseOCSPResponse(wrapped(changed))
			if err != nil {
				if !errors.Is(err, ErrOCSP) {
					t.Errorf("%s %s: %v", path, how, err)
				}
				continue
			}
			if accepted := how + " at " + path; !slices.Contains(ocspTaken, accepted) {
				t.Errorf("%s is read: %+v", accepted, got)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d changes", tried)
	}
	outer := response.Raw
	for _, path := range paths(t, outer) {
		for _, value := range [][]byte{der.EncodeNull(), {0x30, 0}, {0xa5, 0}} {
			if _, err := ParseOCSPResponse(replaceAt(t, outer, path, value)); !errors.Is(err, ErrOCSP) {
				t.Errorf("outer %q %x: %v", path, value, err)
			}
		}
	}
	for name, c := range map[string]struct {
		input []byte
		good  bool
	}{
		"status below 0":           {der.EncodeSequence([]byte{10, 1, 0xff}), false},
		"status without a number":  {der.EncodeSequence([]byte{10, 0}), false},
		"status 4":                 {der.EncodeSequence([]byte{10, 1, 4}), false},
		"status 7":                 {der.EncodeSequence([]byte{10, 1, 7}), false},
		"status 6":                 {der.EncodeSequence([]byte{10, 1, 6}), true},
		"nothing":                  {der.EncodeSequence(), false},
		"three members":            {der.EncodeSequence([]byte{10, 1, 0}, der.EncodeExplicit(0, der.EncodeNull()), der.EncodeNull()), false},
		"successful, under [1]":    {der.EncodeSequence([]byte{10, 1, 0}, append([]byte{0xa1}, rebuildFind(t, outer, ".1")[1:]...)), false},
		"of another type":          {rebuild(t, outer, func(path string, _ der.Value) []byte { return map[string][]byte{".1.0.0": oidOf(t, "1.2.3")}[path] }), false},
		"larger than what is read": {append(bytes.Clone(outer), make([]byte, MaxOCSP)...), false},
		"something behind it":      {append(bytes.Clone(outer), 0), false},
		"as large as what is read": {padded(t, MaxOCSP, wrapped, basic), true},
		"one octet more than that": {padded(t, MaxOCSP+1, wrapped, basic), false},
	} {
		if _, err := ParseOCSPResponse(c.input); (err == nil) != c.good || err != nil && !errors.Is(err, ErrOCSP) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ocspTaken are the changes that leave a response readable, which is then judged by its signature.
var ocspTaken = []string{"empty at .0.0.0", "empty at .0.2", "two of it at .0.2.0", "empty at .0.2.0.0.1", "empty at .0.2.0.0.2", "empty at .0.3.0", "two of it at .1.0", "empty at .3.0", "two of it at .3.0.0"}

// padded is a response with a signature value that makes it as long as is said.
func padded(t *testing.T, size int, wrapped func([]byte) []byte, basic []byte) []byte {
	t.Helper()
	for long := size - len(basic) - 64; long < size; long++ {
		if out := wrapped(replaceAt(t, basic, ".2", der.EncodeBitString(make([]byte, long)))); len(out) == size {
			return out
		}
	}
	t.Fatalf("no response of %d octets", size)
	return nil
}

// TestOCSPAtTheLastGoodValue: the bounds and forms of answers.
func TestOCSPAtTheLastGoodValue(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
	good := answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), nil)
	keep := func(list [][]byte) [][]byte { return list }
	put := func(place int, value []byte) func([][]byte) [][]byte {
		return func(list [][]byte) [][]byte { list[place] = value; return list }
	}
	id, err := good.Singles[0].ID.encode()
	if err != nil {
		t.Fatal(err)
	}
	this, err := der.EncodeGeneralizedTime(middle)
	if err != nil {
		t.Fatal(err)
	}
	utc := append([]byte{23, 13}, "300101000000Z"...)
	one := func(status ...byte) []byte { return der.EncodeSequence(id, status, this) }
	list := func(answers ...[]byte) []byte { return der.EncodeSequence(answers...) }
	ended := func(parts ...[]byte) []byte {
		return list(der.EncodeSequence(id, der.EncodeImplicit(1, true, parts...), this))
	}
	reason := func(n byte) []byte { return ended(this, der.EncodeExplicit(0, []byte{10, 1, n})) }
	serial := func(octets int) []byte {
		return list(der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDSM3)), der.EncodeOctetString(nil), der.EncodeOctetString(nil),
			der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), uint(8*octets-2)))), []byte{0x80, 0}, this))
	}
	nonce := func(n int) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte {
			return append(l, der.EncodeExplicit(1, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidOCSPNonce), der.EncodeOctetString(der.EncodeOctetString(make([]byte, n)))))))
		}
	}
	certificates := func(n int) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte {
			return append(l, der.EncodeExplicit(0, der.EncodeSequence(slices.Repeat([][]byte{leaf.Raw}, n)...)))
		}
	}
	for name, c := range map[string]struct {
		data, outer func([][]byte) [][]byte
		good        bool
	}{
		"as many answers as may be":   {put(2, list(slices.Repeat([][]byte{one(0x80, 0)}, maxOCSPSingles)...)), keep, true},
		"as many certificates":        {keep, certificates(maxOCSPCerts), true},
		"one certificate more":        {keep, certificates(maxOCSPCerts + 1), false},
		"the longest nonce":           {nonce(maxOCSPNonce), keep, true},
		"a longer one":                {nonce(maxOCSPNonce + 1), keep, false},
		"no nonce in it":              {nonce(0), keep, false},
		"serial of 64 octets":         {put(2, serial(64)), keep, true},
		"serial of 65":                {put(2, serial(65)), keep, false},
		"reason 0":                    {put(2, reason(0)), keep, true},
		"reason 10":                   {put(2, reason(10)), keep, true},
		"reason 11":                   {put(2, reason(11)), keep, false},
		"reason below 0":              {put(2, reason(0xff)), keep, false},
		"revoked at a UTCTime":        {put(2, ended(utc)), keep, false},
		"revoked, and more":           {put(2, ended(this, der.EncodeExplicit(0, []byte{10, 1, 1}), this)), keep, false},
		"good, with something inside": {put(2, list(one(0xa0, 2, 5, 0))), keep, true},
		"revoked that is flat":        {put(2, list(one(0x81, 0))), keep, false},
		"unknown":                     {put(2, list(one(0x82, 0))), keep, true},
		"something behind all":        {func(l [][]byte) [][]byte { return append(nonce(1)(l), der.EncodeNull()) }, keep, false},
		"something behind the certs":  {keep, func(l [][]byte) [][]byte { return append(certificates(1)(l), der.EncodeNull()) }, false},
	} {
		if _, err := ParseOCSPResponse(mended(t, good, root.key, c.data, c.outer)); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := answered(t, OIDSM3, root.certificate, root.certificate, root.certificate, signMessage(root.key), nil)
	both := &OCSPResponse{Singles: []OCSPSingle{good.Singles[0], other.Singles[0]}}
	question := &OCSPRequest{Asked: []CertID{good.Singles[0].ID, other.Singles[0].ID}}
	if err := both.Answers(question); err != nil {
		t.Errorf("two answers to two questions: %v", err)
	}
	if both.Status = OCSPTryLater; both.Answers(question) == nil {
		t.Error("an answer that is none")
	}
	if err := (&OCSPResponse{Singles: both.Singles[:1]}).Answers(question); err == nil {
		t.Error("one answer to two questions")
	}
}
