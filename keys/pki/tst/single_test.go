package tst_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// The tests of this file hold checks that stand behind another one for most tokens, so that only a token made for them tells them apart
// (docs/reference/mutations.md).

func TestFormsOfAccuracy(t *testing.T) {
	a := newAuthority(t)
	tagged := func(tag byte, n ...byte) []byte { return append([]byte{0x80 | tag, byte(len(n))}, n...) }
	for name, c := range map[string]struct {
		members [][]byte
		want    tst.Accuracy
		good    bool
	}{
		"more than 999 seconds":  {[][]byte{der.EncodeInt(1000)}, tst.Accuracy{Seconds: 1000}, true},
		"no seconds":             {[][]byte{der.EncodeInt(0), tagged(0, 1)}, tst.Accuracy{Millis: 1}, true},
		"999 of both":            {[][]byte{tagged(0, 3, 0xe7), tagged(1, 3, 0xe7)}, tst.Accuracy{Millis: 999, Micros: 999}, true},
		"1000 milliseconds":      {[][]byte{tagged(0, 3, 0xe8)}, tst.Accuracy{}, false},
		"seconds twice":          {[][]byte{der.EncodeInt(1), der.EncodeInt(2)}, tst.Accuracy{}, false},
		"milliseconds twice":     {[][]byte{tagged(0, 1), tagged(0, 2)}, tst.Accuracy{}, false},
		"seconds last":           {[][]byte{tagged(0, 1), der.EncodeInt(2)}, tst.Accuracy{}, false},
		"below zero":             {[][]byte{{2, 1, 0xff}}, tst.Accuracy{}, false},
		"milliseconds inside":    {[][]byte{{0xa0, 3, 2, 1, 1}}, tst.Accuracy{}, false},
		"microseconds inside":    {[][]byte{{0xa1, 3, 2, 1, 1}}, tst.Accuracy{}, false},
		"number without octets":  {[][]byte{tagged(0)}, tst.Accuracy{}, false},
		"something else in it":   {[][]byte{der.EncodeNull()}, tst.Accuracy{}, false},
		"nothing at all":         {nil, tst.Accuracy{}, true},
		"seconds of nine octets": {[][]byte{{2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}}, tst.Accuracy{}, false},
	} {
		got, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeSequence(c.members...)}}))
		if (err == nil) != c.good || err == nil && got.Info.Accuracy != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if name == "no seconds" && slices.Contains(got.Deviations, tst.AccuracyZero) {
			t.Errorf("%s: %v", name, got.Deviations)
		}
	}
}

func TestBoundsOfTokens(t *testing.T) {
	a := newAuthority(t)
	number := func(octets int) []byte { return der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), uint(8*octets-2))) }
	for name, c := range map[string]struct {
		parts tsttest.Parts
		good  bool
	}{
		"nonce of 64 octets":  {tsttest.Parts{Rest: [][]byte{number(64)}}, true},
		"nonce of 65 octets":  {tsttest.Parts{Rest: [][]byte{number(65)}}, false},
		"serial of 64 octets": {tsttest.Parts{Serial: number(64)}, true},
		"serial of 65 octets": {tsttest.Parts{Serial: number(65)}, false},
		"serial that is none": {tsttest.Parts{Serial: der.EncodeOctetString([]byte{1})}, false},
		"64 attributes": {tsttest.Parts{Attributes: func(l [][]byte) [][]byte {
			for i := len(l); i < 64; i++ {
				l = append(l, tsttest.Attribute(t, "1.2."+big.NewInt(int64(i)).String(), der.EncodeNull()))
			}
			return l
		}}, true},
		"65 attributes": {tsttest.Parts{Attributes: func(l [][]byte) [][]byte {
			for i := len(l); i < 65; i++ {
				l = append(l, tsttest.Attribute(t, "1.2."+big.NewInt(int64(i)).String(), der.EncodeNull()))
			}
			return l
		}}, false},
		"64 digest algorithms": {tsttest.Parts{DigestList: der.EncodeSet(slices.Repeat([][]byte{tsttest.Algorithm(t, pki.OIDSM3)}, 64)...)}, true},
		"65 digest algorithms": {tsttest.Parts{DigestList: der.EncodeSet(slices.Repeat([][]byte{tsttest.Algorithm(t, pki.OIDSM3)}, 65)...)}, false},
		"64 certificates":      {tsttest.Parts{Include: slices.Repeat([]*pki.Certificate{a.tsa.Cert}, 64)}, true},
		"65 certificates":      {tsttest.Parts{Include: slices.Repeat([]*pki.Certificate{a.tsa.Cert}, 65)}, false},
		"64 lists":             {tsttest.Parts{CRLs: der.EncodeImplicit(1, true, slices.Repeat([][]byte{der.EncodeSequence()}, 64)...)}, true},
		"65 lists":             {tsttest.Parts{CRLs: der.EncodeImplicit(1, true, slices.Repeat([][]byte{der.EncodeSequence()}, 65)...)}, false},
	} {
		if _, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, c.parts)); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := func(n int) []byte { // a token with a list of so many octets
		return tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeSequence(der.EncodeOctetString(make([]byte, n)))), Value: func([]byte) []byte { return make([]byte, 70) }})
	}
	sized := func(size int) []byte {
		for n := size - (len(long(70_000)) - 70_000) - 8; n < size; n++ {
			if token := long(n); len(token) == size {
				return token
			}
		}
		t.Fatalf("no token of %d octets", size)
		return nil
	}
	if _, err := tst.Parse(sized(tst.MaxToken)); err != nil {
		t.Errorf("a token as long as it may be: %v", err)
	}
	if _, err := tst.Parse(sized(tst.MaxToken + 1)); err == nil {
		t.Error("a token of one octet more")
	}
}

func TestFormsOfAnswers(t *testing.T) {
	a := newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeInt(42)}})
	status := func(n int, more ...[]byte) []byte {
		return der.EncodeSequence(append([][]byte{der.EncodeInt(n)}, more...)...)
	}
	lines := func(n, size int) []byte {
		line, err := der.EncodeText(der.TagUTF8String, string(bytes.Repeat([]byte("a"), size)))
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(slices.Repeat([][]byte{line}, n)...)
	}
	for name, c := range map[string]struct {
		input []byte
		good  bool
	}{
		"granted with changes":           {der.EncodeSequence(status(1), token), true},
		"granted with changes, no token": {der.EncodeSequence(status(1)), false},
		"status of 5":                    {der.EncodeSequence(status(5)), true},
		"three members":                  {der.EncodeSequence(status(0), token, der.EncodeNull()), false},
		"16 lines":                       {der.EncodeSequence(status(2, lines(16, 1))), true},
		"17 lines":                       {der.EncodeSequence(status(2, lines(17, 1))), false},
		"4 KiB of text":                  {der.EncodeSequence(status(2, lines(2, 2044))), true},
		"more than 4 KiB of text":        {der.EncodeSequence(status(2, lines(2, 2045))), false},
		"reason as a number":             {der.EncodeSequence(status(2, der.EncodeOctetString([]byte{1}))), false},
		"reason behind something":        {der.EncodeSequence(status(2, der.EncodeNull(), der.EncodeNamedBits(1))), false},
	} {
		r, err := tst.ParseResponse(c.input)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if name == "granted with changes" && (r == nil || r.Token == nil || r.Answers(request(t)) != nil) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if (&tst.Response{Status: tst.Granted}).Answers(request(t)) == nil {
		t.Error("an answer without a token")
	}
	good, err := tst.ParseResponse(tst.EncodeGranted(token))
	if err != nil {
		t.Fatal(err)
	}
	if good.Status = tst.Rejection; good.Answers(request(t)) == nil {
		t.Error("a rejection with a token")
	}
	full, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	padded := func(size int) []byte {
		for long := size - len(full) - 64; long < size; long++ {
			extension := der.EncodeImplicit(0, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString(make([]byte, long))))
			value, err := (&der.Reader{}).Parse(full)
			if err != nil {
				t.Fatal(err)
			}
			if out := der.EncodeSequence(value.Content, extension); len(out) == size {
				return out
			}
		}
		t.Fatalf("no request of %d octets", size)
		return nil
	}
	if _, err := tst.ParseRequest(padded(tst.MaxRequest)); err != nil {
		t.Errorf("a request as long as it may be: %v", err)
	}
	if _, err := tst.ParseRequest(padded(tst.MaxRequest + 1)); err == nil {
		t.Error("a request of one octet more")
	}
}

// TestNamesOfTheAuthority: the name in a token may be any of those in its certificate.
func TestNamesOfTheAuthority(t *testing.T) {
	a := newAuthority(t)
	named := a.odd(t, func(c *smx509.Certificate) { c.DNSNames = []string{"tsa.example", "other.example"} })
	broken := a.odd(t, func(c *smx509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: []int{2, 5, 29, 17}, Value: []byte{4, 0}})
	})
	dns := func(name string) []byte { return der.EncodeExplicit(0, der.EncodeImplicit(2, false, []byte(name))) }
	for _, c := range []struct {
		party   tsttest.Party
		name    []byte
		differs bool
	}{{named, dns("other.example"), false}, {named, dns("third.example"), true}, {named, der.EncodeExplicit(0, der.EncodeExplicit(4, named.Cert.Subject.Raw)), false}, {a.tsa, dns("tsa.example"), true}, {broken, dns("tsa.example"), true}} {
		codes, deviations := judged(tsttest.Token(t, c.party, stamped, genTime, tsttest.Parts{Rest: [][]byte{c.name}}), stamped, a.trusting())
		if len(codes) > 0 || slices.Contains(deviations, tst.TSANameDiffers) != c.differs {
			t.Errorf("%x: %v %v", c.name, codes, deviations)
		}
	}
}

// TestAlgorithmFitsKeyAndDigest: a value that holds under another algorithm than the one that is named does not hold.
func TestAlgorithmFitsKeyAndDigest(t *testing.T) {
	a := newAuthority(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "RSA"}, PublicKey: &key.PublicKey, NotBefore: begin, NotAfter: end}
	certificate, err := pki.MakeCertificate(rand.Reader, template, a.root.Cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	party := tsttest.Party{Cert: certificate, Sign: func(message []byte) ([]byte, error) {
		sum := sha256.Sum256(message)
		return key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}}
	imprint, err := tst.ImprintOf(pki.OIDSM3, stamped)
	if err != nil {
		t.Fatal(err)
	}
	info := der.EncodeSequence(der.EncodeInt(1), tsttest.OID(t, tsttest.Policy), tsttest.Imprint(t, pki.OIDSM3, imprint.Digest), der.EncodeInt(7), tsttest.Time(t, genTime))
	sum := sha256.Sum256(info)
	for oid, good := range map[string]bool{pki.OIDSHA256WithRSA: true, pki.OIDRSAEncryption: true, pki.OIDSHA384WithRSA: false, pki.OIDSHA512WithRSA: false, pki.OIDECDSAWithSHA256: false, pki.OIDSM2Sign: false} {
		token := tsttest.Token(t, party, stamped, genTime, tsttest.Parts{Info: info, Digest: tsttest.Algorithm(t, pki.OIDSHA256), SignatureAlgorithm: tsttest.Algorithm(t, oid), Attributes: func(l [][]byte) [][]byte {
			l[1] = tsttest.Attribute(t, pki.OIDAttrDigest, der.EncodeOctetString(sum[:]))
			return l
		}})
		if codes, _ := judged(token, stamped, a.trusting()); (len(codes) == 0) != good {
			t.Errorf("%s: %v", oid, codes)
		}
	}
	unpaired, err := tst.Parse(tsttest.Token(t, party, stamped, genTime, tsttest.Parts{SignatureAlgorithm: tsttest.Algorithm(t, pki.OIDRSAEncryption)})) // no algorithm is RSA with SM3
	if err != nil {
		t.Fatal(err)
	}
	if found := unpaired.Judge(a.trusting()).Findings; len(found) != 1 || !errors.Is(found[0], pki.ErrAlgorithm) || !strings.Contains(found[0].Error(), pki.OIDRSAEncryption+" with "+pki.OIDSM3) {
		t.Errorf("RSA with SM3: %v", found)
	}
	plain := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Digest: tsttest.Algorithm(t, pki.OIDSM3Plain)})
	if codes, _ := judged(plain, stamped, a.trusting()); len(codes) > 0 {
		t.Errorf("digest 1.2.156.10197.1.401.1: %v", codes)
	}
	if tst.CheckUsage(&pki.Certificate{ExtKeyUsage: []string{pki.OIDTimeStamping}, ExtUsageStrict: true, HasKeyUsage: true}) == nil {
		t.Error("a keyUsage without a bit allows signatures")
	}
	if err := tst.CheckUsage(&pki.Certificate{ExtKeyUsage: []string{pki.OIDTimeStamping}, ExtUsageStrict: true}); err != nil {
		t.Errorf("no keyUsage: %v", err)
	}
	if _, err := tst.ImprintOf(pki.OIDSHA1, stamped); err == nil {
		t.Error("an imprint by SHA-1")
	}
}

// TestMembersOfTheSigner: what stands in SignerInfo, and its neighbours that are refused.
func TestMembersOfTheSigner(t *testing.T) {
	a := newAuthority(t)
	rebuilt := func(change func(members [][]byte) [][]byte) tsttest.Parts {
		return tsttest.Parts{Signers: func(signer []byte) [][]byte {
			reader := &der.Reader{}
			value, err := reader.Parse(signer)
			if err != nil {
				t.Fatal(err)
			}
			fields, err := reader.Sequence(value)
			if err != nil {
				t.Fatal(err)
			}
			var members [][]byte
			for _, field := range fields {
				members = append(members, field.Raw)
			}
			return [][]byte{der.EncodeSequence(change(members)...)}
		}}
	}
	set := func(place int, value []byte) tsttest.Parts {
		return rebuilt(func(l [][]byte) [][]byte { l[place] = value; return l })
	}
	more := func(values ...[]byte) tsttest.Parts {
		return rebuilt(func(l [][]byte) [][]byte { return append(l, values...) })
	}
	unsigned := der.EncodeImplicit(1, true, tsttest.Attribute(t, "1.2.3", der.EncodeNull()))
	identifier := der.EncodeSequence(der.EncodeSequence(tsttest.Algorithm(t, pki.OIDSM3), der.EncodeOctetString(make([]byte, 32))))
	own := tsttest.CertIDV2(t, a.tsa.Cert)
	value, err := (&der.Reader{}).Parse(own)
	if err != nil {
		t.Fatal(err)
	}
	list, err := (&der.Reader{}).Sequence(value)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(n int) []byte {
		return der.EncodeSequence(der.EncodeSequence(append([][]byte{list[0].Content}, slices.Repeat([][]byte{identifier}, n-1)...)...))
	}
	for name, c := range map[string]struct {
		parts tsttest.Parts
		good  bool
	}{
		"attributes that are not signed":   {more(unsigned), true},
		"the same under [2]":               {more(append([]byte{0xa2}, unsigned[1:]...)), false},
		"two sets of them":                 {more(unsigned, unsigned), false},
		"named by its key":                 {tsttest.Parts{SignerVersion: 3, SID: der.EncodeImplicit(0, false, a.tsa.Cert.SubjectKeyID)}, true},
		"named by a key of no octets":      {tsttest.Parts{SignerVersion: 3, SID: der.EncodeImplicit(0, false)}, false},
		"named by a key under [1]":         {tsttest.Parts{SignerVersion: 3, SID: der.EncodeImplicit(1, false, a.tsa.Cert.SubjectKeyID)}, false},
		"named by a key inside":            {tsttest.Parts{SignerVersion: 3, SID: der.EncodeImplicit(0, true, der.EncodeOctetString(a.tsa.Cert.SubjectKeyID))}, false},
		"signed attributes that are flat":  {set(3, der.EncodeImplicit(0, false, []byte{5, 0})), false},
		"signed attributes under [1]":      {set(3, der.EncodeImplicit(1, true, tsttest.Attribute(t, "1.2.3", der.EncodeNull()))), false},
		"sixteen identifiers":              {tsttest.Parts{CertID: ids(16)}, true},
		"seventeen identifiers":            {tsttest.Parts{CertID: ids(17)}, false},
		"identifiers with policies":        {tsttest.Parts{CertID: der.EncodeSequence(list[0].Raw, der.EncodeSequence())}, true},
		"identifiers, policies and more":   {tsttest.Parts{CertID: der.EncodeSequence(list[0].Raw, der.EncodeSequence(), der.EncodeSequence())}, false},
		"content of another type":          {tsttest.Parts{Content: pki.OIDPKCS7SignedData}, false},
		"a list of another kind among all": {tsttest.Parts{CRLs: der.EncodeImplicit(1, true, der.EncodeImplicit(1, true, der.EncodeSequence()))}, true},
	} {
		got, err := tst.Parse(tsttest.Token(t, a.tsa, stamped, genTime, c.parts))
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(got.CRLs) > 0 {
			t.Errorf("%s: a list of another kind is taken", name)
		}
	}
	for err, open := range map[error]bool{tst.ErrUntrusted: true, tst.ErrNoEvidence: true, tst.ErrSignerUnknown: true, tst.ErrImprint: false, tst.ErrRevoked: false, tst.ErrUsage: false} {
		if tst.NotKnown(err) != open {
			t.Errorf("%v", err)
		}
	}
}

// TestOctetsBehindAValue are told as such, of requests, tokens and answers.
func TestOctetsBehindAValue(t *testing.T) {
	token := tsttest.Token(t, newAuthority(t).tsa, stamped, genTime, tsttest.Parts{})
	if _, err := tst.Parse(append(token, 0)); !errors.Is(err, tst.ErrFormat) || !errors.Is(err, der.ErrSyntax) {
		t.Errorf("a token: %v", err)
	}
	asked, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tst.ParseRequest(append(asked, 0)); !errors.Is(err, tst.ErrRequest) || !errors.Is(err, der.ErrSyntax) {
		t.Errorf("a request: %v", err)
	}
	if _, err := tst.ParseResponse(append(tst.EncodeGranted(token), 0)); !errors.Is(err, tst.ErrResponse) || !errors.Is(err, der.ErrSyntax) {
		t.Errorf("an answer: %v", err)
	}
}
