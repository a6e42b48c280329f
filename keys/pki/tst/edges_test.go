package tst_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// TestFlatMembersAreRefused: a primitive value under a tag that holds values is no empty list.
func TestFlatMembersAreRefused(t *testing.T) {
	a := newAuthority(t)
	certificates := func(l [][]byte) [][]byte { return append(slices.Clone(l[:3]), []byte{0x80, 0}, l[len(l)-1]) }
	for name, parts := range map[string]tsttest.Parts{
		"certificates":         {Whole: certificates},
		"lists":                {CRLs: []byte{0x81, 0}},
		"extensions":           {Rest: [][]byte{{0x81, 0}}},
		"name":                 {Rest: [][]byte{{0x80, 0}}},
		"attributes":           {Signers: func(signer []byte) [][]byte { return [][]byte{changedAt(t, signer, 3, []byte{0x80, 0})} }},
		"serial as ENUMERATED": {Serial: []byte{10, 1, 7}},
		"milliseconds inside":  {Rest: [][]byte{der.EncodeSequence([]byte{0xa0, 3, 2, 1, 5})}},
	} {
		if _, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, parts)); !errors.Is(err, tst.ErrFormat) || !errors.Is(err, der.ErrType) {
			t.Errorf("%s: %v", name, err)
		}
	}
	asked, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tst.ParseRequest(der.EncodeSequence(asked[2:], []byte{0x80, 0})); !errors.Is(err, tst.ErrRequest) || !errors.Is(err, der.ErrType) {
		t.Errorf("extensions of a request: %v", err)
	}
}

// changedAt replaces a member of a SEQUENCE.
func changedAt(t *testing.T, sequence []byte, place int, member []byte) []byte {
	t.Helper()
	return der.EncodeSequence(replacedAt(place, member)(membersOf(t, sequence))...)
}

func membersOf(t *testing.T, sequence []byte) [][]byte {
	t.Helper()
	reader := &der.Reader{}
	value, err := reader.Parse(sequence)
	if err != nil {
		t.Fatal(err)
	}
	members, err := reader.Sequence(value)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, member := range members {
		list = append(list, member.Raw)
	}
	return list
}

// TestContentIsOfOneKind: content of another type is refused, whatever the attribute says of it; lists are kept.
func TestContentIsOfOneKind(t *testing.T) {
	a := newAuthority(t)
	_, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Content: pki.OIDPKCS7SignedData,
		Attributes: replacedAt(0, tsttest.Attribute(t, pki.OIDAttrContentType, tsttest.OID(t, tst.OIDTSTInfo)))}))
	if !errors.Is(err, der.ErrType) || !strings.Contains(err.Error(), "not TSTInfo") {
		t.Errorf("%v", err)
	}
	token, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeSequence(der.EncodeNull()), der.EncodeImplicit(1, true))}))
	if err != nil || len(token.CRLs) != 1 || !bytes.Equal(token.CRLs[0], der.EncodeSequence(der.EncodeNull())) {
		t.Errorf("%v", err)
	}
	plain, err := tst.ImprintOf(pki.OIDSM3, stamped)
	if err != nil {
		t.Fatal(err)
	}
	odd := plain
	odd.Algorithm.Parameters = []byte{2, 1, 1}
	if !plain.Equal(plain) || plain.Equal(odd) || odd.Equal(plain) || odd.Equal(odd) {
		t.Error("parameters change what an imprint is")
	}
}

// TestNoDigestBindsNothing: a certificate that is named by the empty digest of an algorithm that nobody knows is not named.
func TestNoDigestBindsNothing(t *testing.T) {
	a := newAuthority(t)
	for name, algorithm := range map[string][]byte{"not known": tsttest.Algorithm(t, "1.2.3"), "weak": tsttest.Algorithm(t, "1.2.840.113549.2.5")} {
		id := der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(algorithm, der.EncodeOctetString(nil))))
		if codes, _ := judged(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CertID: id}), stamped, a.trusting()); !slices.Equal(codes, []string{"TS_CERT_BINDING"}) {
			t.Errorf("%s: %v", name, codes)
		}
	}
}

// TestNamesThatCannotBeRead: alternative names that are not DER name nobody.
func TestNamesThatCannotBeRead(t *testing.T) {
	a := newAuthority(t)
	broken := a.odd(t, func(c *smx509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: []int{2, 5, 29, 17}, Value: []byte{4}})
	})
	name := der.EncodeExplicit(0, der.EncodeImplicit(2, false, []byte("tsa.example")))
	if _, deviations := judged(tsttest.Token(t, broken, stamped, genTime, tsttest.Parts{Rest: [][]byte{name}}), stamped, a.trusting()); !slices.Contains(deviations, tst.TSANameDiffers) {
		t.Errorf("%v", deviations)
	}
}

// TestTooManyIssuersLeaveItOpen: where the search for a chain gives up, the token is not proven, and not refused either.
func TestTooManyIssuersLeaveItOpen(t *testing.T) {
	a := newAuthority(t)
	token, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{}))
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	crowd := pki.NewPool()
	for i := range 520 {
		namesake, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileIssuingCA, Subject: pki.Subject{CommonName: a.root.Cert.Subject.CommonName()},
			PublicKey: &key.PublicKey, Serial: big.NewInt(int64(i + 1)), NotBefore: begin, NotAfter: end}, a.root.Cert, a.key)
		if err != nil {
			t.Fatal(err)
		}
		crowd.Add(namesake)
	}
	j := token.Judge(tst.Options{Roots: pki.NewPool(), Intermediates: crowd, At: now, Tolerance: time.Minute})
	if len(j.Findings) != 1 || !errors.Is(j.Findings[0], tst.ErrUntrusted) || pki.ReasonOf(j.Findings[0]) != pki.ReasonBudget {
		t.Errorf("%v", j.Findings)
	}
}

// TestFormsOfRequests: each optional member alone, and what stands in the place of one.
func TestFormsOfRequests(t *testing.T) {
	full, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := membersOf(t, full)
	version, imprint, policy, nonce, certReq := l[0], l[1], l[2], l[3], l[4]
	extension := der.EncodeImplicit(0, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString([]byte{5, 0})))
	for name, c := range map[string]struct {
		members [][]byte
		good    bool
	}{
		"policy and certReq":     {[][]byte{policy, certReq}, true},
		"nonce and extension":    {[][]byte{nonce, extension}, true},
		"policy and extension":   {[][]byte{policy, extension}, true},
		"extension alone":        {[][]byte{extension}, true},
		"certReq alone":          {[][]byte{certReq}, true},
		"extension under [1]":    {[][]byte{append([]byte{0xa1}, extension[1:]...)}, false},
		"extension before nonce": {[][]byte{extension, nonce}, false},
		"two policies":           {[][]byte{policy, policy}, false},
		"seven members":          {[][]byte{policy, nonce, certReq, extension, extension}, false},
	} {
		q, err := tst.ParseRequest(der.EncodeSequence(append([][]byte{version, imprint}, c.members...)...))
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		has := func(member []byte) bool {
			return slices.ContainsFunc(c.members, func(m []byte) bool { return bytes.Equal(m, member) })
		}
		if err == nil && ((q.Policy != "") != has(policy) || (q.Nonce != nil) != has(nonce) || q.CertReq != has(certReq) || (len(q.Extensions) == 1) != has(extension)) {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

// TestSizeOfAnswers: an answer as long as it may be, and one octet more; a text that is no text.
func TestSizeOfAnswers(t *testing.T) {
	a := newAuthority(t)
	sized := func(n int) []byte { // an answer with a list of so many octets
		return tst.EncodeGranted(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeSequence(der.EncodeOctetString(make([]byte, n)))),
			Value: func([]byte) []byte { return make([]byte, 70) }}))
	}
	most := tst.MaxToken - (len(sized(100_000)) - 100_000)
	for more, want := range map[int]error{0: nil, 1: der.ErrLimit} {
		input := sized(most + more)
		if len(input) != tst.MaxToken+more {
			t.Fatalf("%d octets", len(input))
		}
		if _, err := tst.ParseResponse(input); !errors.Is(err, want) || want != nil && (!errors.Is(err, tst.ErrResponse) || errors.Is(err, tst.ErrFormat)) {
			t.Errorf("%d octets: %v", len(input), err)
		}
	}
	if made, err := tst.EncodeRejection(tst.BadRequest, "\xff"); !errors.Is(err, tst.ErrTemplate) || made != nil {
		t.Errorf("%x, %v", made, err)
	}
}

// TestMakeAtItsEdges: the last value that is made and the first that is not, and what is written of it.
func TestMakeAtItsEdges(t *testing.T) {
	a := newAuthority(t)
	old := a.odd(t, func(c *smx509.Certificate) {
		c.NotBefore, c.NotAfter = time.Date(1940, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	at := func(year int, month time.Month, day, hour, minute, second int) func(*tst.Info) {
		return func(i *tst.Info) { i.GenTime = time.Date(year, month, day, hour, minute, second, 0, time.UTC) }
	}
	accuracy := func(seconds, millis, micros int) func(*tst.Info) {
		return func(i *tst.Info) { i.Accuracy = tst.Accuracy{Seconds: seconds, Millis: millis, Micros: micros} }
	}
	for name, c := range map[string]struct {
		change func(*tst.Info)
		good   bool
	}{
		"least":             {func(i *tst.Info) { i.Nonce, i.Accuracy = nil, tst.Accuracy{} }, true},
		"in order":          {func(i *tst.Info) { i.Ordering = true }, true},
		"serial of 160":     {func(i *tst.Info) { i.Serial = new(big.Int).Lsh(big.NewInt(1), 159) }, true},
		"1950":              {at(1950, 1, 1, 0, 0, 0), true},
		"1949":              {at(1949, 12, 31, 23, 59, 59), false},
		"end of 2049":       {at(2049, 12, 31, 23, 59, 59), true},
		"2050":              {at(2050, 1, 1, 0, 0, 0), true},
		"10000":             {at(10000, 1, 1, 0, 0, 0), false},
		"seconds alone":     {accuracy(1, 0, 0), true},
		"milliseconds":      {accuracy(0, 1, 0), true},
		"all of 999":        {accuracy(999, 999, 999), true},
		"microseconds":      {accuracy(0, 0, 999), true},
		"1000 milliseconds": {accuracy(0, 1000, 0), false},
	} {
		imprint, err := tst.ImprintOf(pki.OIDSM3, stamped)
		if err != nil {
			t.Fatal(err)
		}
		info := tst.Info{Policy: tsttest.Policy, Imprint: imprint, Serial: big.NewInt(7), GenTime: genTime, Nonce: big.NewInt(9)}
		c.change(&info)
		made, err := tst.Make(info, old.Cert, nil, old.Sign)
		if name == "milliseconds" && !bytes.Contains(made, []byte{0x30, 3, 0x80, 1, 1}) {
			t.Errorf("%s: seconds that are none, in %x", name, made)
		}
		if !c.good {
			if !errors.Is(err, tst.ErrTemplate) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		token, err := tst.ParseStrict(made)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		read := token.Info
		if !read.GenTime.Equal(info.GenTime) || !token.SigningTime.Equal(info.GenTime) || read.Accuracy != info.Accuracy || read.Ordering != info.Ordering || read.Serial.Cmp(info.Serial) != 0 ||
			(read.Nonce == nil) != (info.Nonce == nil) || read.Nonce != nil && read.Nonce.Cmp(info.Nonce) != 0 || !bytes.Equal(read.TSA, der.EncodeExplicit(4, old.Cert.Subject.Raw)) {
			t.Errorf("%s: %+v at %v", name, read, token.SigningTime)
		}
		if signedData := membersOf(t, membersOf(t, made)[1][explicitHeader(t, made):]); len(signedData) != 4 {
			t.Errorf("%s: %d members without a certificate", name, len(signedData))
		}
	}
	for _, kind := range []string{"SM2", "P-256", "RSA"} {
		s := newStamper(t, kind)
		made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate, s.root}, s.sign)
		if err != nil {
			t.Fatal(err)
		}
		token, err := tst.ParseStrict(made)
		if err != nil || len(token.Certificates) != 2 || (kind == "RSA") != bytes.Equal(token.SignatureAlgorithm.Parameters, der.EncodeNull()) {
			t.Errorf("%s: %+v %v", kind, token, err)
		}
		late := s.info(t)
		late.GenTime = end.Add(time.Second)
		if _, err := tst.Make(late, s.certificate, nil, s.sign); !errors.Is(err, tst.ErrTemplate) || !errors.Is(err, tst.ErrExpired) {
			t.Errorf("%s after its end: %v", kind, err)
		}
		if _, err := tst.Make(s.info(t), s.certificate, slices.Repeat([]*pki.Certificate{s.certificate}, 65), s.sign); !errors.Is(err, tst.ErrFormat) || !errors.Is(err, der.ErrLimit) {
			t.Errorf("%s with more certificates than are read: %v", kind, err)
		}
	}
}

// explicitHeader is the number of octets before what the [0] of ContentInfo holds.
func explicitHeader(t *testing.T, token []byte) int {
	t.Helper()
	content := membersOf(t, token)[1]
	value, err := (&der.Reader{}).Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	return len(content) - len(value.Content)
}

// TestMadeTokenOfAnotherImprint: what is made is compared with what was asked for, which whoever signs may have changed meanwhile.
func TestMadeTokenOfAnotherImprint(t *testing.T) {
	s := newStamper(t, "SM2")
	info := s.info(t)
	_, err := tst.Make(info, s.certificate, nil, func(message []byte) ([]byte, error) {
		info.Imprint.Digest[0] ^= 1
		return s.sign(message)
	})
	if !errors.Is(err, tst.ErrImprint) {
		t.Errorf("got %v", err)
	}
}
