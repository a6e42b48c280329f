package verify_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// TestD12OneDescription: Signature.xml has one reading or none. The description is signed as it is, so no digest speaks.
func TestD12OneDescription(t *testing.T) {
	w := world()
	for name, c := range map[string]struct {
		describe func(string) string
		want     want
	}{
		"two SignedInfo": {func(text string) string {
			s, e := strings.Index(text, "<ofd:SignedInfo>"), strings.Index(text, "</ofd:SignedInfo>")+len("</ofd:SignedInfo>")
			return text[:e] + text[s:e] + text[e:]
		}, invalid("V31", "xml")},
		"SignedInfo of another prefix": {replaced("<ofd:SignedInfo>", `<x:SignedInfo xmlns:x="urn:x"/><ofd:SignedInfo>`), invalid("V31", "xml")},
		"whole SignedInfo elsewhere": {func(text string) string {
			return strings.NewReplacer("<ofd:SignedInfo>", `<x:SignedInfo xmlns:x="urn:x">`, "</ofd:SignedInfo>", "</x:SignedInfo>").Replace(text)
		}, invalid("V31", "xml")},
		"reference of another namespace":   {replaced("</ofd:References>", `<Reference xmlns="urn:x" FileRef="/x"/></ofd:References>`), invalid("V31", "xml")},
		"no SignedInfo":                    {func(text string) string { return strings.ReplaceAll(text, "ofd:SignedInfo>", "ofd:SignedInfos>") }, invalid("V31", "xml")},
		"two SignedValue":                  {replaced("</ofd:SignedInfo>", "</ofd:SignedInfo><ofd:SignedValue>/x</ofd:SignedValue>"), invalid("V31", "xml")},
		"no SignedValue":                   {func(text string) string { return strings.ReplaceAll(text, "ofd:SignedValue>", "ofd:SignedValues>") }, invalid("V31", "xml")},
		"two lists of references":          {replaced("</ofd:References>", `</ofd:References><ofd:References CheckMethod="MD5"/>`), invalid("V31", "xml")},
		"two providers":                    {replaced("<ofd:Provider", `<ofd:Provider ProviderName="x"/><ofd:Provider`), invalid("V31", "xml")},
		"two methods":                      {replaced("<ofd:SignatureMethod>", `<ofd:SignatureMethod>MD5</ofd:SignatureMethod><ofd:SignatureMethod>`), invalid("V31", "xml")},
		"two seals":                        {replaced("<ofd:Seal>", "<ofd:Seal/><ofd:Seal>"), invalid("V31", "xml")},
		"comment in a check value":         {replaced("<ofd:CheckValue>", "<ofd:CheckValue><!-- -->"), invalid("V31", "xml")},
		"CDATA in a check value":           {replaced("<ofd:CheckValue>", "<ofd:CheckValue><![CDATA[]]>"), invalid("V31", "xml")},
		"comment in the value's path":      {replaced("<ofd:SignedValue>", "<ofd:SignedValue><!-- -->"), invalid("V31", "xml")},
		"comment in the time":              {replaced("<ofd:SignatureDateTime>", "<ofd:SignatureDateTime><!-- -->"), invalid("V31", "xml")},
		"DOCTYPE with a default attribute": {replaced("<ofd:Signature ", `<!DOCTYPE x [<!ATTLIST Reference FileRef CDATA "/x">]><ofd:Signature `), invalid("V31", "xml_doctype")},
		"other root element": {func(text string) string {
			return strings.NewReplacer("<ofd:Signature ", "<ofd:Signatur ", "</ofd:Signature>", "</ofd:Signatur>").Replace(text)
		}, invalid("V31", "xml")},
		"check value in several lines": {replaced("<ofd:CheckValue>", "<ofd:CheckValue>\n  "), valid},
		"comment between elements":     {replaced("<ofd:SignedInfo>", "<!-- made by hand --><ofd:SignedInfo>"), valid},
		"another prefix throughout": {func(text string) string {
			return strings.ReplaceAll(strings.ReplaceAll(text, "ofd:", "o:"), "xmlns:ofd", "xmlns:o")
		}, valid},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Describe: c.describe}), trusting(), c.want)
			if c.want.verdict != verify.Valid && (len(r.Signatures) != 1 || r.Signatures[0].Verdict != verify.Invalid) {
				t.Errorf("signatures %+v", r.Signatures)
			}
		})
	}
}

// TestD23UnknownBeforeKnown: what one viewer passes over and another stops at is refused by a strict judge, and named by any.
func TestD23UnknownBeforeKnown(t *testing.T) {
	w := world()
	sealed := func(path, from, to string) []byte {
		return w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(path, from, to))})
	}
	for name, data := range map[string][]byte{
		"before DocRoot":          sealed("/OFD.xml", "<ofd:DocRoot>", "<ofd:DocRoute>x</ofd:DocRoute><ofd:DocRoot>"),
		"before Pages":            sealed("/Doc_0/Document.xml", "<ofd:Pages>", "<ofd:Page2/><ofd:Pages>"),
		"name of other namespace": sealed("/Doc_0/Document.xml", "<ofd:MaxUnitID>", `<x:DefaultCS xmlns:x="urn:x"/><ofd:MaxUnitID>`),
		"before Content":          sealed("/Doc_0/Pages/Page_0/Content.xml", "<ofd:Content>", "<ofd:Contents/><ofd:Content>"),
		"before a layer's object": sealed("/Doc_0/Pages/Page_0/Content.xml", "<ofd:TextObject", "<ofd:Video/><ofd:TextObject"),
		"before SignedValue":      w.Sealed(t, ofdtest.Sealing{Describe: replaced("<ofd:SignedValue>", "<ofd:SignedValues/><ofd:SignedValue>")}),
		"before References":       w.Sealed(t, ofdtest.Sealing{Describe: replaced("<ofd:References", "<ofd:Reference/><ofd:References")}),
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, data, trusting(), want{verify.Valid, "V00", "deviation"})
			judge(t, data, trusting(strictly), invalid("V31", "xml"))
		})
	}
	for name, data := range map[string][]byte{
		"none":                 w.Sealed(t, ofdtest.Sealing{}),
		"behind all of them":   sealed("/Doc_0/Document.xml", "</ofd:Document>", "<ofd:Page2/></ofd:Document>"),
		"where none is listed": sealed("/OFD.xml", "<ofd:DocID>", "<ofd:Vendor/><ofd:DocID>"),
	} {
		t.Run(name, func(t *testing.T) {
			if r := judge(t, data, trusting(strictly), valid); slices.Contains(codes(r), "xml") {
				t.Error(codes(r))
			}
		})
	}
}

// TestD13ListOfSignatures: what became of each signature is said of each, and a broken one makes the document invalid.
func TestD13ListOfSignatures(t *testing.T) {
	w := world()
	first := w.Sealed(t, ofdtest.Sealing{})
	two := w.Sealed(t, ofdtest.Sealing{Document: first})
	if r := judge(t, two, trusting(), valid); len(r.Signatures) != 2 || r.Signatures[0].ID == r.Signatures[1].ID {
		t.Fatalf("%+v", r.Signatures)
	}
	p, err := ofd.Open(two, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.Read(ofdtest.ListXML)
	if err != nil {
		t.Fatal(err)
	}
	var elements []string
	for rest := string(list); ; {
		start := strings.Index(rest, "<ofd:Signature ")
		if start < 0 {
			break
		}
		end := start + strings.Index(rest[start:], "/>") + 2
		elements = append(elements, rest[start:end])
		rest = rest[end:]
	}
	if len(elements) != 2 {
		t.Fatalf("list %s", list)
	}
	listed := func(text ...string) []byte {
		return ofdtest.Edit(t, two, ofdtest.Replace(ofdtest.ListXML, strings.Join(elements, ""), strings.Join(text, "")))
	}
	t.Run("order swapped", func(t *testing.T) {
		if r := judge(t, listed(elements[1], elements[0]), trusting(), valid); len(r.Signatures) != 2 {
			t.Errorf("%d signatures", len(r.Signatures))
		}
	})
	t.Run("first removed from the list", func(t *testing.T) {
		r := judge(t, listed(elements[1]), trusting(), invalid("V20", "changed_after"))
		if len(r.Signatures) != 1 || r.Signatures[0].Verdict != verify.Valid {
			t.Errorf("%+v", r.Signatures)
		}
	})
	t.Run("last removed from the list", func(t *testing.T) {
		// Nothing that is left knows of it; its files are there and nothing reaches them.
		r := judge(t, listed(elements[0]), trusting(), want{verify.Valid, "V00", "extra"})
		if len(r.Signatures) != 1 {
			t.Errorf("%d signatures", len(r.Signatures))
		}
	})
	t.Run("all removed", func(t *testing.T) {
		judge(t, listed(), trusting(), indeterminate("V30", "unsigned"))
	})
	t.Run("first removed with its files", func(t *testing.T) {
		data := ofdtest.Edit(t, listed(elements[1]), func(path string, content []byte) []byte {
			if strings.HasPrefix(path, "/Doc_0/Signs/Sign_0/") {
				return nil
			}
			return content
		})
		judge(t, data, trusting(), invalid("V31", "ref_path"))
	})
	t.Run("first is broken", func(t *testing.T) {
		data := ofdtest.Edit(t, two, func(path string, content []byte) []byte {
			if path == ofdtest.SignedValue {
				return append(content, 0)
			}
			return content
		})
		r := judge(t, data, trusting(), invalid("V31", "SIG_FORMAT"))
		if r.Signatures[0].Verdict != verify.Invalid || r.Signatures[1].Verdict != verify.Invalid { // the second covers the value of the first
			t.Errorf("%s and %s", r.Signatures[0].Verdict, r.Signatures[1].Verdict)
		}
	})
	t.Run("description missing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Drop(ofdtest.SignatureXML)), trusting(), invalid("V31", "ref_path"))
	})
	t.Run("value missing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Drop(ofdtest.SignedValue)), trusting(), invalid("V31", "ref_path"))
	})
	t.Run("list missing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Drop(ofdtest.ListXML)), trusting(), invalid("V31", "ref_path"))
	})
	t.Run("list of another namespace", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Replace(ofdtest.ListXML, "<ofd:Signature ", `<x:Signature xmlns:x="urn:x" `)), trusting(), invalid("V31", "xml"))
	})
	t.Run("description outside the package", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Replace(ofdtest.ListXML, `BaseLoc="`, `BaseLoc="../../..`)), trusting(), invalid("V31", "ref_path"))
	})
	t.Run("description and value are one file", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, first, ofdtest.Replace(ofdtest.ListXML, "Signature.xml", "SignedValue.dat")), trusting(), invalid("V31", "xml"))
	})
	t.Run("second seal after a locked list", func(t *testing.T) {
		locked := w.Sealed(t, ofdtest.Sealing{Request: func(r *ofd.SignatureRequest) { r.Lock = true }})
		data := ofdtest.Edit(t, locked, ofdtest.Replace(ofdtest.ListXML, "</ofd:Signatures>", `<ofd:Signature ID="9" BaseLoc="/x/Signature.xml"/></ofd:Signatures>`))
		judge(t, data, trusting(), invalid("V31", "DIGEST_MISMATCH"))
	})
}

// TestD14StampsNobodySees: the place of a seal is bound by the value; one that cannot be seen is said.
func TestD14StampsNobodySees(t *testing.T) {
	w := world()
	box := func(b string) func(string) string {
		return func(text string) string {
			start := strings.Index(text, `Boundary="`) + len(`Boundary="`)
			end := start + strings.IndexByte(text[start:], '"')
			return text[:start] + b + text[end:]
		}
	}
	hidden := want{verify.Valid, "V00", "stamp_not_visible"}
	for name, c := range map[string]struct {
		describe func(string) string
		hidden   bool
	}{
		"inside":                     {box("0 0 42 42"), false},
		"half over the right edge":   {box("189 0 42 42"), false},
		"half over the top":          {box("0 -20 42 42"), false},
		"right of the page":          {box("210 0 42 42"), true},
		"left of the page":           {box("-42 0 42 42"), true},
		"below the page":             {box("0 297 42 42"), true},
		"above the page":             {box("0 -42 42 42"), true},
		"zero size":                  {box("0 0 0 0"), true},
		"negative size":              {box("0 0 -42 42"), true},
		"not a number":               {box("NaN 0 42 42"), true},
		"three numbers":              {box("0 0 42"), true},
		"page that is not there":     {replaced(`PageRef="`, `PageRef="99`), true},
		"slice of a straddle seal":   {chained(box("202 40 40 40"), replaced(`Boundary="`, `Clip="0 0 8 40" Boundary="`)), false},
		"slice that lies outside":    {chained(box("202 40 40 40"), replaced(`Boundary="`, `Clip="8 0 8 40" Boundary="`)), true},
		"clip beside the picture":    {chained(box("0 0 40 40"), replaced(`Boundary="`, `Clip="40 0 8 40" Boundary="`)), true},
		"clip below the picture":     {chained(box("0 0 40 40"), replaced(`Boundary="`, `Clip="0 40 8 40" Boundary="`)), true},
		"clip that is unreadable":    {replaced(`Boundary="`, `Clip="x" Boundary="`), true},
		"clip that begins before it": {chained(box("-10 0 40 40"), replaced(`Boundary="`, `Clip="-5 -5 20 20" Boundary="`)), false},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := valid
			if c.hidden {
				wanted = hidden
			}
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Describe: func(text string) string { return c.describe(text) + "\n" }}), trusting(), wanted)
			if !c.hidden && (slices.Contains(codes(r), "stamp_not_visible") || len(r.Signatures[0].Placements) != 1) {
				t.Errorf("reasons %v, placements %v", codes(r), r.Signatures[0].Placements)
			}
		})
	}
	t.Run("moved after sealing", func(t *testing.T) {
		data := ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{}), func(path string, content []byte) []byte {
			if path == ofdtest.SignatureXML {
				return []byte(box("1 1 42 42")(string(content)))
			}
			return content
		})
		judge(t, data, trusting(), invalid("V22", "DATA_HASH"))
	})
}

// TestD25OnlyTheSignedTimeCounts: SignatureDateTime is information; timeInfo rules.
func TestD25OnlyTheSignedTimeCounts(t *testing.T) {
	w := world()
	const element = "<ofd:SignatureDateTime>"
	later := func(path string, content []byte) []byte {
		if path == ofdtest.SignatureXML {
			return []byte(strings.Replace(string(content), element, element+"20200101000000Z</ofd:SignatureDateTime>"+element, 1))
		}
		return content
	}
	judge(t, ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{}), later), trusting(), invalid("V31", "xml"))
	t.Run("two times, signed so", func(t *testing.T) {
		judge(t, w.Sealed(t, ofdtest.Sealing{Describe: replaced(element, element+"20200101000000Z</ofd:SignatureDateTime>"+element)}), trusting(), invalid("V31", "xml"))
	})
	t.Run("another time, signed so", func(t *testing.T) {
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Describe: replaced(element, element+"1999")}), trusting(), valid)
		if !r.Signatures[0].SigningTime.Equal(ofdtest.Time) {
			t.Errorf("time %v", r.Signatures[0].SigningTime)
		}
	})
	t.Run("time attribute added after sealing", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{}), ofdtest.Replace(ofdtest.SignatureXML, "<ofd:SignedInfo>", `<ofd:SignedInfo SignatureDateTime="2020">`)), trusting(), invalid("V22", "DATA_HASH"))
	})
}

// message makes a document with a signature of type Sign and any value.
func message(t *testing.T, value []byte, describe func(string) string) []byte {
	t.Helper()
	data := world().Sealed(t, ofdtest.Sealing{NoFile: true, Describe: describe, Value: func([]byte) []byte { return value }})
	return ofdtest.Edit(t, data, ofdtest.Replace(ofdtest.ListXML, `Type="Seal"`, `Type="Sign"`))
}

// signedMessage is a GB/T 35275 SignedData over the content octets, without attributes.
func signedMessage(t *testing.T, p ofdtest.Party, content []byte, certificate bool, attributes func(content []byte) [][]byte) []byte {
	t.Helper()
	oid := func(dotted string) []byte {
		encoded, err := der.EncodeOID(dotted)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	signed := content
	members := [][]byte{der.EncodeInt(1), der.EncodeSequence(p.Cert.Issuer.Raw, der.EncodeInteger(p.Cert.Serial)), der.EncodeSequence(oid(pki.OIDSM3))}
	if attributes != nil {
		list := attributes(content)
		signed = der.EncodeSet(list...)
		implicit := append([]byte{}, signed...)
		implicit[0] = 0xa0
		members = append(members, implicit)
	}
	value, err := p.Sign(signed)
	if err != nil {
		t.Fatal(err)
	}
	members = append(members, der.EncodeSequence(oid(pki.OIDSM2Sign)), der.EncodeOctetString(value))
	data := [][]byte{der.EncodeInt(1), der.EncodeSet(der.EncodeSequence(oid(pki.OIDSM3))), der.EncodeSequence(oid(pki.OIDGMData), der.EncodeExplicit(0, der.EncodeOctetString(content)))}
	if certificate {
		data = append(data, der.EncodeExplicit(0, p.Cert.Raw))
	}
	data = append(data, der.EncodeSet(der.EncodeSequence(members...)))
	return der.EncodeSequence(oid(pki.OIDGMSignedData), der.EncodeExplicit(0, der.EncodeSequence(data...)))
}

// detached is a message without its content.
func detached(t *testing.T, message []byte) []byte {
	t.Helper()
	outer := sequence(t, message)
	reader := &der.Reader{}
	explicit, err := reader.Parse(outer[1])
	if err != nil {
		t.Fatal(err)
	}
	members := sequence(t, explicit.Content)
	members[2] = der.EncodeSequence(sequence(t, members[2])[0])
	return der.EncodeSequence(outer[0], der.EncodeExplicit(0, der.EncodeSequence(members...)))
}

// stampedMessage puts tokens over the signature value of a message into its unsigned attributes.
func stampedMessage(t *testing.T, message []byte, tokens func(value []byte) [][]byte) []byte {
	t.Helper()
	parsed, err := pki.ParseSignedData(message)
	if err != nil {
		t.Fatal(err)
	}
	outer := sequence(t, message)
	explicit, err := (&der.Reader{}).Parse(outer[1])
	if err != nil {
		t.Fatal(err)
	}
	members := sequence(t, explicit.Content)
	set, err := (&der.Reader{}).Parse(members[len(members)-1])
	if err != nil {
		t.Fatal(err)
	}
	signer := sequence(t, set.Content)
	other := tsttest.Attribute(t, "1.2.3", der.EncodeNull())
	signer = append(signer, der.EncodeImplicit(1, true, other, tsttest.Attribute(t, pki.OIDAttrTimeStamp, tokens(parsed.Signers[0].Signature)...)))
	members[len(members)-1] = der.EncodeSet(der.EncodeSequence(signer...))
	return der.EncodeSequence(outer[0], der.EncodeExplicit(0, der.EncodeSequence(members...)))
}

// TestStampedMessages: a token in a signature without a seal counts as that of a seal signature does, and none is dropped (S-24).
func TestStampedMessages(t *testing.T) {
	w := world()
	p, err := ofd.Open(message(t, []byte("x"), nil), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "时间戳", nil))
	at := func(moment time.Time) func(v []byte) [][]byte {
		return func(v []byte) [][]byte { return [][]byte{tsttest.Token(t, tsa, v, moment, tsttest.Parts{})} }
	}
	both := func(a, b func(v []byte) [][]byte) func(v []byte) [][]byte {
		return func(v []byte) [][]byte { return append(a(v), b(v)...) }
	}
	good := signedMessage(t, w.Signer, p.Signatures[0].Raw, true, nil)
	other := func([]byte) [][]byte { return at(stampTime)([]byte("another")) }
	for name, c := range map[string]struct {
		tokens func(v []byte) [][]byte
		want   want
		at     time.Time
	}{
		"good":              {at(stampTime), valid, stampTime},
		"two":               {both(at(stampTime.Add(time.Hour)), at(stampTime)), valid, stampTime},
		"two, later first":  {both(at(stampTime), at(stampTime.Add(time.Hour))), valid, stampTime},
		"of another value":  {other, invalid("V22", "TS_IMPRINT"), ofdtest.Time},
		"one of two":        {both(at(stampTime), other), invalid("V22", "TS_IMPRINT"), stampTime},
		"not a token":       {func([]byte) [][]byte { return [][]byte{der.EncodeNull()} }, invalid("V22", "TS_FORMAT"), ofdtest.Time},
		"no token":          {func([]byte) [][]byte { return nil }, invalid("V31", "SIG_FORMAT"), time.Time{}},
		"more than may be":  {func(v []byte) [][]byte { return slices.Repeat(at(stampTime)(v), 9) }, invalid("V31", "SIG_FORMAT"), time.Time{}},
		"before the signer": {at(ofdtest.Time.Add(-6 * time.Minute)), invalid("V22", "TS_TIME"), ofdtest.Time},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, message(t, stampedMessage(t, good, c.tokens), nil), trusting(), c.want)
			if s := r.Signatures[0]; !c.at.IsZero() && (!s.SigningTime.Equal(c.at) || (s.TimeSource == "timestamp") != !c.at.Equal(ofdtest.Time)) {
				t.Errorf("%s %v", s.TimeSource, s.SigningTime)
			}
		})
	}
	// A message that claims no time is given one by its token.
	if r := verify.Verify("message.p7", stampedMessage(t, good, at(stampTime)), trusting()); r.Verdict != verify.Valid || r.Signatures[0].TimeSource != "timestamp" {
		t.Errorf("%s %v", r.Code, codes(r))
	}
}

// TestSignaturesWithoutASeal: GB/T 35275 values and bare SM2 values (GM/T 0099 7.2.2).
func TestSignaturesWithoutASeal(t *testing.T) {
	w := world()
	// The description does not depend on the value, so it is taken from a document sealed before.
	p, err := ofd.Open(message(t, []byte("x"), nil), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	described := p.Signatures[0].Raw
	bare, err := w.Signer.Sign(described)
	if err != nil {
		t.Fatal(err)
	}
	good := signedMessage(t, w.Signer, described, true, nil)
	later := w.Issue(t, pki.ProfileSealSigner, "x", func(tp *pki.CertificateTemplate) { tp.NotBefore = ofdtest.Time.Add(time.Second) })
	for name, c := range map[string]struct {
		value     []byte
		describe  func(string) string
		want      want
		structure string
	}{
		"message":                   {good, nil, valid, "cms"},
		"of another description":    {signedMessage(t, w.Signer, []byte("another"), true, nil), nil, invalid("V22", "DATA_HASH"), "cms"},
		"wrong key":                 {signedMessage(t, ofdtest.Party{Cert: w.Signer.Cert, Key: w.Maker.Key}, described, true, nil), nil, invalid("V22", "SIG_VALUE"), "cms"},
		"no certificate":            {signedMessage(t, w.Signer, described, false, nil), nil, indeterminate("V24", "signer_unknown"), "cms"},
		"certificate begins later":  {signedMessage(t, later, described, true, nil), nil, invalid("V22", "SIGN_TIME_OUTSIDE_CERT"), "cms"},
		"issuer may not sign":       {signedMessage(t, w.Issuing, described, true, nil), nil, invalid("V25", "SIGNER_CERT_USAGE"), "cms"},
		"bare value":                {bare, nil, indeterminate("V24", "signer_unknown"), "raw"},
		"nothing that can be read":  {[]byte("x"), nil, invalid("V31", "SIG_FORMAT"), "cms"},
		"bare value out of range":   {number(order, order), nil, invalid("V31", "SIG_FORMAT"), "cms"},
		"unreadable SignatureDate…": {signedMessage(t, w.Signer, described, true, nil), replaced("<ofd:SignatureDateTime>", "<ofd:SignatureDateTime>x"), invalid("V22", "DATA_HASH"), "cms"},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, message(t, c.value, c.describe), trusting(), c.want)
			if got := r.Signatures[0].Structure; got != c.structure {
				t.Errorf("structure %s, want %s", got, c.structure)
			}
		})
	}
	t.Run("message where a seal is named", func(t *testing.T) {
		judge(t, w.Sealed(t, ofdtest.Sealing{Value: func([]byte) []byte { return good }}), trusting(), invalid("V31", "SIG_FORMAT"))
	})
	t.Run("no time anywhere", func(t *testing.T) {
		describe := replaced("<ofd:SignatureDateTime>", "<ofd:SignatureDateTime>x")
		q, err := ofd.Open(message(t, []byte("x"), describe), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		judge(t, message(t, signedMessage(t, w.Signer, q.Signatures[0].Raw, true, nil), describe), trusting(), indeterminate("V26", "time_missing"))
	})
	t.Run("the algorithm that the description names", func(t *testing.T) {
		for method, want := range map[string]want{"1.2.840.113549.1.1.11": valid, "1.2.840.10045.4.3.2": valid, "SM3WithSM2": valid, "1.2.840.113549.1.1.5": invalid("V22", "SIG_ALG"), "1.2.3.4": invalid("V22", "SIG_ALG")} {
			describe := replaced("<ofd:SignatureMethod>1.2.156.10197.1.501<", "<ofd:SignatureMethod>"+method+"<")
			q, err := ofd.Open(message(t, []byte("x"), describe), ofd.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			judge(t, message(t, signedMessage(t, w.Signer, q.Signatures[0].Raw, true, nil), describe), trusting(), want)
		}
	})
	t.Run("bare files", func(t *testing.T) {
		for name, c := range map[string]struct {
			data   []byte
			format string
			want   want
		}{
			"message.dat": {good, "seal_signature", indeterminate("V26", "time_missing")},
			"message.p7":  {good, "seal_signature", indeterminate("V26", "time_missing")},
			"value.dat":   {bare, "seal_signature", invalid("V31", "SIG_FORMAT")},
			"value.esl":   {bare, "seal", invalid("V31", "SEAL_FORMAT")},
			"value.bin":   {bare, "unknown", indeterminate("V31", "format_unknown")},
			"text.dat":    {[]byte("text"), "seal_signature", invalid("V31", "SIG_FORMAT")},
			"text.esl":    {[]byte("text"), "seal", invalid("V31", "SEAL_FORMAT")},
			"text.ofd":    {[]byte("text"), "ofd", invalid("V31", "zip_structure")},
			"text.pdf":    {[]byte("text"), "pdf", invalid("V31", "pdf_structure")},
			"text":        {[]byte("%PDF-1.7"), "pdf", invalid("V31", "pdf_structure")},
			"empty":       {nil, "unknown", indeterminate("V31", "format_unknown")},
			"a/b\\C.OFD":  {nil, "ofd", invalid("V31", "zip_structure")},
		} {
			r := verify.Verify(name, c.data, trusting())
			if r.Format != c.format || r.Verdict != c.want.verdict || r.Code != c.want.vcode || c.want.reason != "" && !slices.Contains(codes(r), c.want.reason) {
				t.Errorf("%s: %s %s %s %v", name, r.Format, r.Verdict, r.Code, codes(r))
			}
			if strings.ContainsAny(r.File, `/\`) || len(r.SM3) != 64 {
				t.Errorf("%s: file %q, digest %q", name, r.File, r.SM3)
			}
		}
	})
	t.Run("what a bare message binds", func(t *testing.T) {
		r := verify.Verify("message.p7", good, trusting())
		if len(r.Signatures) != 1 || statusOf(r.Signatures[0], "data_hash") != verify.Passed || statusOf(r.Signatures[0], "sig_value") != verify.Passed {
			t.Errorf("%+v", r.Signatures)
		}
		r = verify.Verify("message.p7", detached(t, good), trusting())
		if r.Verdict == verify.Valid || !slices.Contains(codes(r), "content_missing") || statusOf(r.Signatures[0], "data_hash") != verify.Unknown {
			t.Errorf("%s %v", r.Code, codes(r))
		}
	})
	t.Run("format by content", func(t *testing.T) {
		if r := verify.Verify("x.bin", ofdtest.Document(t), trusting()); r.Format != "ofd" || r.Code != "V30" {
			t.Errorf("%s %s", r.Format, r.Code)
		}
		if r := verify.Verify("x.bin", append([]byte("PK\x05\x06"), make([]byte, 18)...), trusting()); r.Format != "ofd" || r.Verdict != verify.Invalid {
			t.Errorf("%s %s", r.Format, r.Verdict)
		}
	})
	t.Run("value of a sealed document alone", func(t *testing.T) {
		value := w.Value(t, ofdtest.Parts{}, described, ofdtest.SignatureXML)
		r := verify.Verify("SignedValue.dat", value, trusting())
		if r.Format != "seal_signature" || r.Verdict != verify.Indeterminate || r.Code != "V21" || !slices.Contains(codes(r), "content_missing") {
			t.Errorf("%s %s %v", r.Format, r.Code, codes(r))
		}
	})
}

// TestReferencesWithZ: the vendor's digest SM3(Z‖file) with the signer's key, refused under --strict.
func TestReferencesWithZ(t *testing.T) {
	w := world()
	p, err := ofd.Open(w.Sealed(t, ofdtest.Sealing{}), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	fold := func(text string) string {
		for _, r := range p.Signatures[0].References {
			content, err := p.Read(r.Path)
			if err != nil {
				t.Fatal(err)
			}
			e, err := pki.SM2Digest(&w.Signer.Key.PublicKey, nil, content)
			if err != nil {
				t.Fatal(err)
			}
			text = strings.Replace(text, checkValue(content), base64.StdEncoding.EncodeToString(e), 1)
		}
		return strings.Replace(text, `"1.2.156.10197.1.401"`, `"1.2.156.10197.1.401.2"`, 1)
	}
	// Seal.esl is among the references: it must be the one that was digested.
	sealFile, err := p.Read(ofdtest.SealFile)
	if err != nil {
		t.Fatal(err)
	}
	data := w.Sealed(t, ofdtest.Sealing{Describe: fold, Parts: ofdtest.Parts{Seal: sealFile}})
	judge(t, data, trusting(), valid)
	judge(t, data, trusting(strictly), invalid("V20", "DIGEST_MISMATCH"))
}

// TestCoveredFilesThatOnlyLookLikeSomething: a covered file that nothing reaches is evidence of change only when it is the
// description of a signature.
func TestCoveredFilesThatOnlyLookLikeSomething(t *testing.T) {
	for name, text := range map[string]string{
		"no XML": "not < XML", "another element": "<Tag><SignedInfo/></Tag>", "Signature of something else": "<Signature/>", "empty": "",
		"Document of something else": "<Document/>", "Pages of something else": "<Book><Pages/></Book>", "a whole document": "<Document><Pages/></Document>",
	} {
		t.Run(name, func(t *testing.T) {
			document := ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Keep, ofd.File{Path: "/Doc_0/extra.xml", Content: []byte(text)})
			r := judge(t, world().Sealed(t, ofdtest.Sealing{Document: document}), trusting(), valid)
			if slices.Contains(codes(r), "extra") {
				t.Errorf("reasons %v", codes(r)) // it is covered, so nobody slipped it in
			}
		})
	}
	t.Run("they name no document that was exchanged", func(t *testing.T) {
		for _, text := range []string{"<Document/>", "<Book><Pages/></Book>", "not < XML"} {
			document := ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Keep, ofd.File{Path: "/Doc_0/extra.xml", Content: []byte(text)})
			data := world().Sealed(t, ofdtest.Sealing{Document: document, Describe: without(ofdtest.DocumentXML)})
			judge(t, data, trusting(), indeterminate("V21", "uncovered_visible"))
		}
	})
	t.Run("page size is not said", func(t *testing.T) {
		document := ofdtest.Edit(t, ofdtest.Document(t), func(path string, content []byte) []byte {
			text := string(content)
			for start := strings.Index(text, "<ofd:PhysicalBox>"); start >= 0; start = strings.Index(text, "<ofd:PhysicalBox>") {
				text = text[:start] + text[start+strings.Index(text[start:], "</ofd:PhysicalBox>")+len("</ofd:PhysicalBox>"):]
			}
			return []byte(text)
		})
		if r := judge(t, world().Sealed(t, ofdtest.Sealing{Document: document}), trusting(), valid); slices.Contains(codes(r), "stamp_not_visible") {
			t.Errorf("reasons %v", codes(r))
		}
	})
}

// TestWorkIsBounded: hostile lists of references and signatures end soon and with a report of bounded size.
func TestWorkIsBounded(t *testing.T) {
	w := world()
	for name, describe := range map[string]func(string) string{
		"20,001 references": func(text string) string {
			return strings.Replace(text, "</ofd:References>", strings.Repeat(`<ofd:Reference FileRef="/x"/>`, 20_001)+"</ofd:References>", 1)
		},
		"19,000 missing files": func(text string) string {
			var more strings.Builder
			for i := range 19_000 {
				fmt.Fprintf(&more, `<ofd:Reference FileRef="/x%d"><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>`, i)
			}
			return strings.Replace(text, "</ofd:References>", more.String()+"</ofd:References>", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := w.Sealed(t, ofdtest.Sealing{Describe: describe})
			started := time.Now()
			r := verify.Verify("a.ofd", data, trusting())
			if took := time.Since(started); took > 10*time.Second || slices.Contains(codes(r), "zip_limit") != strings.HasPrefix(name, "20,001") || r.Verdict != verify.Invalid || len(r.Reasons) > 50 || slices.ContainsFunc(r.Reasons, func(r verify.Reason) bool { return len(r.Message) > 8<<10 }) {
				t.Errorf("%v, %s, %d reasons", took, r.Verdict, len(r.Reasons))
			}
		})
	}
}
