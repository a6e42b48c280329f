package pki

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestFormsOfMessages: shapes of SignedData that real messages have, and their neighbours that are refused.
func TestFormsOfMessages(t *testing.T) {
	_, leaf, list, message := samples(t)
	signer := func(members ...[]byte) []byte {
		return replaceAt(t, message, ".1.0.4.0", der.EncodeSequence(members...))
	}
	member := func(n int) []byte { return rebuildFind(t, message, fmt.Sprintf(".1.0.4.0.%d", n)) }
	context := func(tag int, parts ...[]byte) []byte {
		joined := bytes.Join(parts, nil)
		return append(der.Header(der.Context, tag, true, len(joined)), joined...)
	}
	unsigned := func(attributes ...[]byte) []byte {
		return signer(member(0), member(1), member(2), member(3), member(4), member(5), context(1, attributes...))
	}
	token := attribute(t, OIDAttrTimeStamp, der.EncodeSequence())
	numbered := func(n int) (list [][]byte) {
		for i := range n {
			list = append(list, attribute(t, fmt.Sprintf("1.2.%d", i+10), der.EncodeNull()))
		}
		return list
	}
	stamps := func(n int) []byte {
		return attribute(t, OIDAttrTimeStamp, slices.Repeat([][]byte{der.EncodeSequence()}, n)...)
	}
	content := rebuildFind(t, message, ".1.0.2.1")
	for name, c := range map[string]struct {
		input []byte
		good  func(*SignedData) bool // nil: refused
	}{
		"with lists":                     {replaceAt(t, message, ".1.0.4", append(context(1, list.Raw), rebuildFind(t, message, ".1.0.4")...)), func(m *SignedData) bool { return len(m.CRLs) == 1 && bytes.Equal(m.CRLs[0], list.Raw) }},
		"inner content of three":         {replaceAt(t, message, ".1.0.2", der.EncodeSequence(oidOf(t, OIDGMData), content, content)), nil},
		"certificates twice":             {replaceAt(t, message, ".1.0.3", slices.Repeat(rebuildFind(t, message, ".1.0.3"), 2)), nil},
		"lists twice":                    {replaceAt(t, message, ".1.0.4", append(slices.Repeat(context(1, list.Raw), 2), rebuildFind(t, message, ".1.0.4")...)), nil},
		"signers twice":                  {replaceAt(t, message, ".1.0.4", slices.Repeat(rebuildFind(t, message, ".1.0.4"), 2)), nil},
		"an empty SET beside signers":    {replaceAt(t, message, ".1.0.4", append(der.EncodeSet(), rebuildFind(t, message, ".1.0.4")...)), nil},
		"256 certificates":               {replaceAt(t, message, ".1.0.3", context(0, slices.Repeat([][]byte{leaf.Raw}, maxMessageCerts)...)), func(m *SignedData) bool { return len(m.Certificates) == maxMessageCerts }},
		"64 signers":                     {replaceAt(t, message, ".1.0.4", der.EncodeSet(slices.Repeat([][]byte{rebuildFind(t, message, ".1.0.4.0")}, maxSigners)...)), func(m *SignedData) bool { return len(m.Signers) == maxSigners }},
		"64 signed attributes":           {replaceAt(t, message, ".1.0.4.0.3", context(0, numbered(maxAttrs)...)), func(m *SignedData) bool { return len(m.Signers[0].AttributeTypes) == maxAttrs }},
		"signed attribute of a SEQUENCE": {replaceAt(t, message, ".1.0.4.0.3", context(0, der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeSequence(der.EncodeNull())))), nil},
		"signed attribute of three":      {replaceAt(t, message, ".1.0.4.0.3", context(0, der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeSet(der.EncodeNull()), der.EncodeNull()))), nil},
		"signed attribute without type":  {replaceAt(t, message, ".1.0.4.0.3", context(0, der.EncodeSequence(der.EncodeNull(), der.EncodeSet(der.EncodeNull())))), nil},
		"two content types":              {replaceAt(t, message, ".1.0.4.0.3", context(0, attribute(t, OIDAttrContentType, oidOf(t, OIDGMData), oidOf(t, OIDGMData)))), nil},
		"no unsigned attributes":         {message, func(m *SignedData) bool { return len(m.Signers[0].Timestamps) == 0 }},
		"one token":                      {unsigned(token), func(m *SignedData) bool { return len(m.Signers[0].Timestamps) == 1 }},
		"eight tokens":                   {unsigned(stamps(maxTimestamps)), func(m *SignedData) bool { return len(m.Signers[0].Timestamps) == maxTimestamps }},
		"nine tokens":                    {unsigned(stamps(maxTimestamps + 1)), nil},
		"nine tokens in two attributes":  {unsigned(stamps(maxTimestamps), token), nil},
		"attribute of no token":          {unsigned(attribute(t, OIDAttrTimeStamp)), nil},
		"another unsigned attribute":     {unsigned(attribute(t, "1.2.3", der.EncodeNull()), token), func(m *SignedData) bool { return len(m.Signers[0].Timestamps) == 1 }},
		"64 unsigned attributes":         {unsigned(numbered(maxAttrs)...), func(m *SignedData) bool { return len(m.Signers[0].Timestamps) == 0 }},
		"65 unsigned attributes":         {unsigned(numbered(maxAttrs + 1)...), nil},
		"unsigned attribute of one":      {unsigned(der.EncodeSequence(oidOf(t, "1.2.3"))), nil},
		"unsigned one of three":          {unsigned(der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeSet(), der.EncodeNull())), nil},
		"unsigned one of a SEQUENCE":     {unsigned(der.EncodeSequence(oidOf(t, OIDAttrTimeStamp), der.EncodeSequence(der.EncodeSequence()))), nil},
		"unsigned one that is NULL":      {unsigned(der.EncodeNull()), nil},
		"unsigned one without type":      {unsigned(der.EncodeSequence(der.EncodeNull(), der.EncodeSet(der.EncodeNull()))), nil},
		"something behind them":          {signer(member(0), member(1), member(2), member(3), member(4), member(5), context(1, token), context(1, token)), nil},
		"signer of four":                 {signer(member(0), member(1), member(2), member(4)), nil},
	} {
		got, err := ParseSignedData(c.input)
		if c.good == nil && !errors.Is(err, ErrMessage) || c.good != nil && (err != nil || !c.good(got)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSignersAreFoundByIssuerAndNumber: neither a namesake's number nor another certificate of the issuer is the signer's.
func TestSignersAreFoundByIssuerAndNumber(t *testing.T) {
	root, leaf, _, message := samples(t)
	other := root.issue(t, ProfileSealSigner, "other", &newKey(t).PublicKey)
	stranger, err := ParseCertificate(replaceAt(t, leaf.Raw, ".0.3", rebuildFind(t, leaf.Raw, ".0.5")))
	if err != nil || stranger.Serial.Cmp(leaf.Serial) != 0 || bytes.Equal(stranger.Issuer.Raw, leaf.Issuer.Raw) {
		t.Fatalf("%v", err)
	}
	for _, c := range []struct {
		certificates []*Certificate
		want         *Certificate
	}{{[]*Certificate{other, stranger, leaf}, leaf}, {[]*Certificate{stranger, other}, nil}} {
		var joined []byte
		for _, one := range c.certificates {
			joined = append(joined, one.Raw...)
		}
		got, err := ParseSignedData(replaceAt(t, message, ".1.0.3", append(der.Header(der.Context, 0, true, len(joined)), joined...)))
		if err != nil || (got.Signers[0].Certificate == nil) != (c.want == nil) || c.want != nil && !got.Signers[0].Certificate.Equal(c.want) {
			t.Errorf("%v %+v", err, got.Signers[0].Certificate)
		}
	}
}

func TestDigestsOfMessages(t *testing.T) {
	_, leaf, _, _ := samples(t)
	key := newKey(t)
	certificate := *leaf
	certificate.PublicKey = &key.PublicKey
	form := messageForm{outer: OIDGMSignedData, inner: OIDGMData, digest: OIDSM3, sign: OIDSM2Sign, certificate: leaf, key: key, version: 1, content: []byte("content")}
	verify := func(f messageForm, message []byte, change func(*SignerInfo)) SignerResult {
		parsed, err := ParseSignedData(f.encode(t))
		if err != nil {
			t.Fatal(err)
		}
		signer := parsed.Signers[0]
		signer.Certificate = &certificate
		if change != nil {
			change(signer)
		}
		return parsed.VerifySigner(signer, message, nil)
	}
	if got := verify(form, []byte("content"), nil); !got.Intact() {
		t.Fatalf("%+v", got)
	}
	plain := form
	plain.digest = OIDSM3Plain
	if got := verify(plain, []byte("content"), nil); !got.Intact() {
		t.Errorf("digest 1.2.156.10197.1.401.1: %+v", got)
	}
	if got := verify(form, nil, func(s *SignerInfo) { s.DigestAlgorithm.Parameters = []byte{2, 1, 1} }); Code(got.ValueErr) != CodeAlgorithm {
		t.Errorf("parameters of the digest: %+v", got)
	}
	sum := digest.Sum([]byte("message"))
	for name, c := range map[string]struct {
		content string
		binds   bool
	}{
		"Base64 of the message":           {base64.StdEncoding.EncodeToString([]byte("message")), true},
		"Base64 of its digest":            {base64.StdEncoding.EncodeToString(sum[:]), true},
		"Base64 of something else":        {base64.StdEncoding.EncodeToString([]byte("another")), false},
		"something else":                  {"another", false},
		"Base64 of the message and noise": {base64.StdEncoding.EncodeToString([]byte("message")) + "!", false},
	} {
		f := form
		f.content = []byte(c.content)
		if got := verify(f, []byte("message"), nil); got.ValueErr != nil || (got.DigestErr == nil) != c.binds {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestParametersThatAreAbsentOrNull(t *testing.T) {
	for want, list := range map[bool][][]byte{true: {nil, {}, {5, 0}}, false: {{5}, {5, 1}, {4, 0}, {5, 0, 0}, {2, 1, 1}}} {
		for _, parameters := range list {
			if got := (AlgorithmIdentifier{OID: OIDSM3, Parameters: parameters}).absentOrNull(); got != want {
				t.Errorf("% x: %t", parameters, got)
			}
		}
	}
}

func TestFormsOfPlaces(t *testing.T) {
	uri := func(text string) []byte { return der.EncodeImplicit(6, false, []byte(text)) }
	full := func(name []byte) []byte { return der.EncodeImplicit(0, true, der.EncodeImplicit(0, true, name)) }
	list := func(name []byte) []byte { return der.EncodeSequence(der.EncodeSequence(full(name))) }
	place := func(method string, rest ...[]byte) []byte {
		return der.EncodeSequence(der.EncodeSequence(append([][]byte{oidOf(t, method)}, rest...)...))
	}
	for name, c := range map[string]struct {
		oid   string
		value []byte
		want  string
	}{
		"all of ASCII":                {oidCRLPoints, list(uri("http://x/!~")), "http://x/!~"},
		"space":                       {oidCRLPoints, list(uri("http://x/ ")), ""},
		"DEL":                         {oidCRLPoints, list(uri("http://x/\x7f")), ""},
		"no scheme":                   {oidCRLPoints, list(uri("http")), ""},
		"name that is no address":     {oidCRLPoints, list(der.EncodeImplicit(2, false, []byte("http://x/a"))), ""},
		"address that is constructed": {oidCRLPoints, list(der.EncodeImplicit(6, true, []byte("http://x/a"))), ""},
		"relative to the issuer":      {oidCRLPoints, der.EncodeSequence(der.EncodeSequence(der.EncodeImplicit(0, true, der.EncodeImplicit(1, true, uri("http://x/a"))))), ""},
		"point without a name":        {oidCRLPoints, der.EncodeSequence(der.EncodeSequence(der.EncodeImplicit(2, true, der.EncodeImplicit(0, true, uri("http://x/a"))))), ""},
		"responder and more":          {oidAuthorityAccess, place(oidOCSPAccess, uri("http://x/a"), uri("http://x/b")), ""},
		"responder without a place":   {oidAuthorityAccess, place(oidOCSPAccess), ""},
		"method that is no number":    {oidAuthorityAccess, der.EncodeSequence(der.EncodeSequence(der.EncodeNull(), uri("http://x/a"))), ""},
		"responder":                   {oidAuthorityAccess, place(oidOCSPAccess, uri("http://x/a")), "http://x/a"},
	} {
		certificate := &Certificate{Extensions: []Extension{{OID: c.oid, Value: c.value}}}
		if got := strings.Join(append(certificate.CRLPoints(), certificate.OCSPResponders()...), " "); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if certificate := (&Certificate{}); certificate.CRLPoints() != nil || certificate.OCSPResponders() != nil {
		t.Error("no extension names a place")
	}
}

// TestTextOfNames: what could move, colour or reorder the text of a screen is written out, its neighbours are not.
func TestTextOfNames(t *testing.T) {
	for text, want := range map[string]string{
		"#0401": "#0401", "#04 01": `\#04 01`, "a#0401": "a#0401", "#": "#", " a": `\ a`, "a b": "a b", "\x1f": `\1f`, "\x7f": `\7f`, "~": "~", "\u0080": `\c2\80`, "\u009f": `\c2\9f`, "\u00a0": "\u00a0",
		"\u2029": "\u2029", "\u202a": `\e2\80\aa`, "\u202e": `\e2\80\ae`, "\u202f": "\u202f", "\u2065": "\u2065", "\u2066": `\e2\81\a6`, "\u2069": `\e2\81\a9`, "\u206a": "\u206a",
		"\u200d": "\u200d", "\u200e": `\e2\80\8e`, "\u200f": `\e2\80\8f`, "\u2010": "\u2010",
	} {
		if got := escapeDN(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFormsOfKeys(t *testing.T) {
	for name, c := range map[string]struct {
		numbers [][]byte
		good    bool
	}{
		"modulus and exponent":    {[][]byte{der.EncodeInteger(new(big.Int).SetBit(big.NewInt(1), 2047, 1)), der.EncodeInt(65537)}, true},
		"exponent 3":              {[][]byte{der.EncodeInteger(new(big.Int).SetBit(big.NewInt(1), 2047, 1)), der.EncodeInt(3)}, true},
		"exponent 1":              {[][]byte{der.EncodeInteger(new(big.Int).SetBit(big.NewInt(1), 2047, 1)), der.EncodeInt(1)}, false},
		"exponent 2":              {[][]byte{der.EncodeInteger(new(big.Int).SetBit(big.NewInt(1), 2047, 1)), der.EncodeInt(2)}, false},
		"modulus 0":               {[][]byte{der.EncodeInt(0), der.EncodeInt(3)}, false},
		"modulus below 0":         {[][]byte{{2, 1, 0xff}, der.EncodeInt(3)}, false},
		"one number":              {[][]byte{der.EncodeInt(3)}, false},
		"three numbers":           {[][]byte{der.EncodeInteger(new(big.Int).SetBit(big.NewInt(1), 2047, 1)), der.EncodeInt(3), der.EncodeInt(3)}, false},
		"modulus that is no NULL": {[][]byte{der.EncodeNull(), der.EncodeInt(3)}, false},
	} {
		info := der.EncodeSequence(der.EncodeSequence(oidOf(t, "1.2.840.113549.1.1.1"), der.EncodeNull()), der.EncodeBitString(der.EncodeSequence(c.numbers...)))
		key, err := ParsePublicKeyInfo(info)
		if (err == nil) != c.good || err != nil && key != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
