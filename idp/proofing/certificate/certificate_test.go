package certificate_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/certificate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const number = "11010519491231002X"

var ends = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// tlv is one value of a short length.
func tlv(tag byte, content ...[]byte) []byte {
	body := slices.Concat(content...)
	return append([]byte{tag, byte(len(body))}, body...)
}

const (
	utf8String  = 0x0c
	printable   = 0x13
	set         = 0x31
	sequence    = 0x30
	implicit0   = 0x80
	implicit1   = 0x81
	implicit2   = 0x82
	explicit0   = 0xa0
	octetString = 0x04
)

func TestTextOfAnIdentityExtension(t *testing.T) {
	text := []byte(number)
	for name, c := range map[string]struct {
		value  []byte
		tagged int
		want   string // empty is a refusal
	}{
		"a bare string":                {tlv(utf8String, text), -1, number},
		"printable":                    {tlv(printable, text), -1, number},
		"IdentifyCode, implicit":       {tlv(set, tlv(implicit0, text)), 0, number},
		"IdentifyCode, explicit":       {tlv(set, tlv(explicit0, tlv(printable, text))), 0, number},
		"in a sequence":                {tlv(sequence, tlv(implicit0, text)), 0, number},
		"one tag alone":                {tlv(implicit2, []byte("L898902C3")), 2, "L898902C3"},
		"an officer":                   {tlv(set, tlv(implicit1, []byte("1234567"))), 1, "1234567"},
		"two of them":                  {tlv(set, tlv(implicit0, text), tlv(implicit2, []byte("L898902C3"))), 0, ""},
		"none":                         {tlv(set), 0, ""},
		"an empty text":                {tlv(set, tlv(implicit0)), 0, ""},
		"an empty bare text":           {tlv(utf8String), 0, ""},
		"a control character":          {tlv(set, tlv(implicit0, []byte("1\n2"))), 0, ""},
		"not ASCII without a type":     {tlv(set, tlv(implicit0, []byte("张"))), 0, ""},
		"octets":                       {tlv(octetString, text), 0, ""},
		"two in an explicit tag":       {tlv(set, tlv(explicit0, tlv(printable, text), tlv(printable, text))), 0, ""},
		"something behind it":          {append(tlv(utf8String, text), 0), 0, ""},
		"nothing":                      {nil, 0, ""},
		"longer than any number is":    {slices.Concat([]byte{utf8String, 0x82, 0x01, 0x01}, []byte(strings.Repeat("1", 257))), 0, ""},
		"implicit, longer than any is": {slices.Concat([]byte{implicit0, 0x82, 0x01, 0x01}, []byte(strings.Repeat("1", 257))), 0, ""},
	} {
		got, tagged, err := certificate.Text(c.value)
		if got != c.want || (err == nil) != (c.want != "") || err == nil && tagged != c.tagged {
			t.Errorf("%s: %q %d %v", name, got, tagged, err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range [][]byte{tlv(utf8String, []byte(number)), tlv(set, tlv(implicit0, []byte(number))), tlv(set, tlv(explicit0, tlv(printable, []byte(number)))), {0x30, 0x80, 0, 0}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		text, _, err := certificate.Text(value)
		if err != nil && text != "" || err == nil && (text == "" || len(text) > 256 || !utf8.ValidString(text)) {
			t.Errorf("%q %v", text, err)
		}
		if err == nil && len(value) > der.MaxBytes {
			t.Error("a value without a bound")
		}
	})
}

func attribute(oid, text string) pki.Attribute { return pki.Attribute{Type: oid, Text: text} }

// named is a certificate of an authority; what signs it is nobody's business here.
func named(issuer string, subjectParts []pki.Attribute, extensions ...pki.Extension) *pki.Certificate {
	return &pki.Certificate{Raw: []byte("raw of " + issuer), Serial: big.NewInt(0x2a), NotAfter: ends, Issuer: pki.Name{Attributes: []pki.Attribute{attribute("2.5.4.3", issuer)}}, Subject: pki.Name{Attributes: subjectParts}, Extensions: extensions}
}

func reader() *certificate.Reader {
	return certificate.New([]certificate.Authority{
		{Issuer: "CN=硬", Hardware: true, Documents: []string{subject.CitizenID, subject.Passport}},
		{Issuer: "CN=软", Name: []certificate.Place{{Attribute: "2.5.4.42"}}, Number: []certificate.Place{{Extension: "1.2.3"}, {Attribute: "2.5.4.5", Prefix: "SF"}},
			OrganisationCode: []certificate.Place{{Attribute: "2.5.4.97"}}, OrganisationName: []certificate.Place{{Attribute: "2.5.4.3"}}},
	})
}

func TestPersonIsReadAtThePlacesOfItsAuthority(t *testing.T) {
	cn := []pki.Attribute{attribute("2.5.4.3", "张三")}
	identity := func(value []byte) pki.Extension { return pki.Extension{OID: certificate.IdentifyCode, Value: value} }
	for name, c := range map[string]struct {
		certificate *pki.Certificate
		number      string
		kinds       []string
		err         error
	}{
		"a bare number may be of every kind":    {named("硬", cn, identity(tlv(utf8String, []byte(number)))), number, []string{subject.CitizenID, subject.Passport}, nil},
		"tagged as a card":                      {named("硬", cn, identity(tlv(set, tlv(implicit0, []byte(number))))), number, []string{subject.CitizenID}, nil},
		"tagged as a passport":                  {named("硬", cn, identity(tlv(set, tlv(implicit2, []byte("L898902C3"))))), "L898902C3", []string{subject.Passport}, nil},
		"an officer proves no document of ours": {named("硬", cn, identity(tlv(set, tlv(implicit1, []byte("1234567"))))), "1234567", nil, nil},
		"no number":                             {named("硬", cn), "", nil, certificate.ErrNobody},
		"a number that cannot be read":          {named("硬", cn, identity([]byte{1})), "", nil, certificate.ErrNobody},
		"no name":                               {named("硬", nil, identity(tlv(utf8String, []byte(number)))), "", nil, certificate.ErrNobody},
		"two names":                             {named("硬", append(cn, attribute("2.5.4.3", "李四")), identity(tlv(utf8String, []byte(number)))), "", nil, certificate.ErrNobody},
		"an authority that nobody configured":   {named("另", cn, identity(tlv(utf8String, []byte(number)))), "", nil, certificate.ErrAuthority},
		"the second place, with its prefix":     {named("软", []pki.Attribute{attribute("2.5.4.42", "张三"), attribute("2.5.4.5", "SF"+number)}), number, []string{subject.CitizenID}, nil},
		"without the prefix":                    {named("软", []pki.Attribute{attribute("2.5.4.42", "张三"), attribute("2.5.4.5", number)}), "", nil, certificate.ErrNobody},
		"the usual place of another authority":  {named("软", []pki.Attribute{attribute("2.5.4.42", "张三")}, identity(tlv(utf8String, []byte(number)))), "", nil, certificate.ErrNobody},
	} {
		got, err := reader().Person(c.certificate)
		if !errors.Is(err, c.err) || got.Number != c.number || !slices.Equal(got.Kinds, c.kinds) || err == nil && (got.Name != "张三" || got.Serial != "2a" || len(got.Certificate) != 64 || !got.Until.Equal(ends.Add(time.Second))) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestOrganisationIsReadAtThePlacesOfItsAuthority(t *testing.T) {
	const code, name = "91999900MA0000015N", "示例市青禾商贸有限公司"
	for what, c := range map[string]struct {
		certificate *pki.Certificate
		ok          bool
	}{
		"the extension and O":       {named("硬", []pki.Attribute{attribute("2.5.4.10", name)}, pki.Extension{OID: certificate.OrganizationCode, Value: tlv(printable, []byte(code))}), true},
		"attributes of the subject": {named("软", []pki.Attribute{attribute("2.5.4.97", code), attribute("2.5.4.3", name)}), true},
		"without a code":            {named("硬", []pki.Attribute{attribute("2.5.4.10", name)}), false},
		"without a name":            {named("硬", nil, pki.Extension{OID: certificate.OrganizationCode, Value: tlv(printable, []byte(code))}), false},
		"another authority":         {named("另", []pki.Attribute{attribute("2.5.4.97", code), attribute("2.5.4.3", name)}), false},
	} {
		got, err := reader().Organisation(c.certificate)
		if (err == nil) != c.ok || c.ok && (got.Name != name || got.Number != code) {
			t.Errorf("%s: %+v %v", what, got, err)
		}
	}
}

func TestKeysThatMayLieInSoftwareGiveNoFourthLevel(t *testing.T) {
	for issuer, want := range map[string]subject.IAL{"CN=硬": 4, "CN=软": 3} {
		var one certificate.Authority
		one.Issuer, one.Hardware = issuer, issuer == "CN=硬"
		m := certificate.New([]certificate.Authority{one}).Method()
		if m.Ceiling != want || one.Ceiling() != want || m.Word != proofing.Certificate || !m.Kinds.Knows(subject.CitizenID) || m.Kinds.Knows(subject.Passport) {
			t.Errorf("%s: %+v", issuer, m)
		}
	}
	if m := reader().Method(); m.Ceiling != 4 || !slices.Equal(m.Kinds, []string{subject.CitizenID, subject.Passport}) {
		t.Errorf("%+v", m)
	}
}

func TestFaultsOfTheConfigurationAreNamed(t *testing.T) {
	good := certificate.Authority{Issuer: "CN=x", Number: []certificate.Place{{Attribute: "2.5.4.5"}}}
	if wrong := good.Check(subject.DefaultDocuments()); wrong != "" {
		t.Error(wrong)
	}
	for name, change := range map[string]func(a *certificate.Authority){
		"no issuer":        func(a *certificate.Authority) { a.Issuer = "" },
		"both places":      func(a *certificate.Authority) { a.Number[0].Extension = "1.2.3" },
		"neither":          func(a *certificate.Authority) { a.Name = []certificate.Place{{Prefix: "x"}} },
		"no identifier":    func(a *certificate.Authority) { a.OrganisationCode = []certificate.Place{{Attribute: "serialNumber"}} },
		"no dots":          func(a *certificate.Authority) { a.OrganisationName = []certificate.Place{{Attribute: "25"}} },
		"unknown document": func(a *certificate.Authority) { a.Documents = []string{"library_card"} },
	} {
		bad := good
		bad.Number = slices.Clone(good.Number)
		change(&bad)
		if bad.Check(subject.DefaultDocuments()) == "" {
			t.Error(name)
		}
	}
}
