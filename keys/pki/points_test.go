package pki

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func TestPlacesOfEvidence(t *testing.T) {
	uri := func(address string) []byte { return der.EncodeImplicit(tagURI, false, []byte(address)) }
	full := func(names ...[]byte) []byte {
		return der.EncodeImplicit(0, true, der.EncodeImplicit(0, true, names...))
	}
	point := func(members ...[]byte) []byte { return der.EncodeSequence(members...) }
	many := make([][]byte, 12)
	for i := range many {
		many[i] = point(full(uri("http://a/" + string(rune('a'+i)))))
	}
	access := func(method string, name []byte) []byte {
		oid, err := der.EncodeOID(method)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(oid, name)
	}
	for name, c := range map[string]struct {
		oid   string
		value []byte
		want  string // joined by spaces
	}{
		"one list":               {oidCRLPoints, point(point(full(uri("http://crl.example/a.crl")))), "http://crl.example/a.crl"},
		"two names of a list":    {oidCRLPoints, point(point(full(uri("ldap://x/cn=a"), uri("HTTPS://crl.example/a.crl")))), "HTTPS://crl.example/a.crl"},
		"lists in parts":         {oidCRLPoints, point(point(full(uri("http://x/a")), der.EncodeImplicit(1, false, []byte{1, 0x40})), point(full(uri("http://x/b")))), "http://x/b"},
		"another issuer's list":  {oidCRLPoints, point(point(full(uri("http://x/a")), der.EncodeImplicit(2, true, uri("http://y")))), ""},
		"relative name":          {oidCRLPoints, point(point(der.EncodeImplicit(0, true, der.EncodeImplicit(1, true)))), ""},
		"more than eight":        {oidCRLPoints, point(many...), "http://a/a http://a/b http://a/c http://a/d http://a/e http://a/f http://a/g http://a/h"},
		"with a line in it":      {oidCRLPoints, point(point(full(uri("http://x/a\r\nHost: y")))), ""},
		"not ASCII":              {oidCRLPoints, point(point(full(uri("http://例/a")))), ""},
		"a file":                 {oidCRLPoints, point(point(full(uri("file:///etc/passwd")), []byte{})), ""},
		"address in parts":       {oidCRLPoints, point(point(full(der.EncodeImplicit(tagURI, true, []byte("Http://x/"+strings.Repeat("a", 109)))))), ""}, // "H", 116 octets
		"no point":               {oidCRLPoints, point(point()), ""},
		"point that is empty":    {oidCRLPoints, point(point(der.EncodeImplicit(0, true))), ""},
		"name that is flat":      {oidCRLPoints, point(point(der.EncodeImplicit(0, true, der.EncodeImplicit(0, false)))), ""},
		"no list":                {oidCRLPoints, der.EncodeNull(), ""},
		"method that is none":    {oidAuthorityAccess, der.EncodeSequence(der.EncodeSequence(der.EncodeNull(), uri("http://x/"))), ""},
		"unreadable":             {oidCRLPoints, []byte{0x30, 0x05, 1}, ""},
		"responder":              {oidAuthorityAccess, der.EncodeSequence(access(oidOCSPAccess, uri("http://ocsp.example/"))), "http://ocsp.example/"},
		"issuer's certificate":   {oidAuthorityAccess, der.EncodeSequence(access("1.3.6.1.5.5.7.48.2", uri("http://x/ca.cer")), access(oidOCSPAccess, uri("http://x/ocsp"))), "http://x/ocsp"},
		"responder by directory": {oidAuthorityAccess, der.EncodeSequence(access(oidOCSPAccess, der.EncodeImplicit(4, true))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			certificate := &Certificate{Extensions: []Extension{{OID: c.oid, Value: c.value}}}
			got := certificate.CRLPoints()
			if c.oid == oidAuthorityAccess {
				got = certificate.OCSPResponders()
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestMoreEvidenceIsAskedForOnlyWhereNoneIsHere: who asks the network is asked about certificates that name a place and of which nothing
// usable is known, and what it brings is judged like everything else.
func TestMoreEvidenceIsAskedForOnlyWhereNoneIsHere(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	template := root.template(ProfileService, "leaf", &newKey(t).PublicKey)
	template.OCSPURLs = []string{"http://ocsp.example/"}
	leaf, err := MakeCertificate(rand.Reader, template, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	silent := root.issue(t, ProfileService, "silent", &newKey(t).PublicKey)
	stranger := newRoot(t, "root", newKey(t))
	good := answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), nil)
	forged := answered(t, OIDSM3, leaf, root.certificate, stranger.certificate, signMessage(stranger.key), nil)
	for name, c := range map[string]struct {
		certificate *Certificate
		here, more  []*OCSPResponse
		want        RevocationState
		asked       int
	}{
		"nothing here":           {leaf, nil, []*OCSPResponse{good}, RevocationGood, 1},
		"here already":           {leaf, []*OCSPResponse{good}, nil, RevocationGood, 0},
		"what is here is forged": {leaf, []*OCSPResponse{forged}, []*OCSPResponse{good}, RevocationGood, 1},
		"what comes is forged":   {leaf, nil, []*OCSPResponse{forged}, RevocationUnknown, 1},
		"nothing comes":          {leaf, nil, nil, RevocationUnknown, 1},
		"names no place":         {silent, nil, nil, RevocationUnknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			evidence := Evidence{OCSP: c.here, More: func(certificate, issuer *Certificate) (Evidence, []string) {
				asked++
				if certificate != c.certificate || issuer != root.certificate {
					t.Error("asked about another certificate")
				}
				return Evidence{OCSP: c.more}, []string{"silence"}
			}}
			answer := (&Memo{}).CheckEvidence(c.certificate, root.certificate, evidence, middle)
			if answer.State != c.want || asked != c.asked || asked > 0 && !slices.Contains(answer.Ignored, "silence") {
				t.Errorf("%+v, asked %d times", answer, asked)
			}
		})
	}
}
