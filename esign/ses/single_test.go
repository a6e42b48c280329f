package ses

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestTheFirstFaultIsNamed: the error names the member that is wrong, the first one of several, once.
func TestTheFirstFaultIsNamed(t *testing.T) {
	w := newWorld(t)
	seal := w.seal(t, nil)
	v1Seal, v1Signature := w.v1(t, v1Options{})
	digested := splice(t, seal, at(".0.2.2", der.EncodeInt(CertListDigests)))
	signature, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		t.Fatal(err)
	}
	null := der.EncodeNull()
	nulls := func(n int) []byte { return der.EncodeSequence(bytes.Repeat(null, n)) }
	one := der.EncodeInt(1)
	add := func(input []byte, path string, member []byte) []byte {
		return splice(t, input, func(here string, value der.Value) []byte { return appendMember(t, here, path, value, member) })
	}
	two := func(input []byte, first string, value []byte, second string) []byte {
		return splice(t, splice(t, input, at(second, null)), at(first, value))
	}
	for name, c := range map[string]struct {
		input []byte
		read  func([]byte) error
		place string // what the error begins with, behind the name of the package
		is    error  // nil when the shape alone is wrong
	}{
		"not DER":                       {[]byte{0x30}, parsed, "SESeal: der: malformed", der.ErrSyntax},
		"too large":                     {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, parsed, "SESeal: ", der.ErrLimit},
		"signature that is not DER":     {[]byte{0x30}, signed, "SES_Signature: der: malformed", der.ErrSyntax},
		"SET for SEQUENCE":              {splice(t, seal, at("", []byte{0x31, 0})), parsed, "SESeal: ", der.ErrType},
		"three members":                 {nulls(3), parsed, "SESeal: 3 members", nil},
		"signature of three members":    {nulls(3), signed, "SES_Signature: 3 members", nil},
		"signature of six":              {nulls(6), signed, "SES_Signature: 6 members, want 2 to 5", nil},
		"eSealInfo is a SET":            {splice(t, seal, at(".0", []byte{0x31, 0})), parsed, "eSealInfo: ", der.ErrType},
		"eSealInfo of three":            {splice(t, seal, at(".0", nulls(3))), parsed, "eSealInfo: 3 members, want 4 to 5", nil},
		"eSealInfo of six":              {add(add(seal, ".0", der.EncodeSequence()), ".0", null), parsed, "eSealInfo: 6 members, want 4 to 5", nil},
		"header of four":                {add(seal, ".0.0", null), parsed, "header: 4 members, want 3 to 3", nil},
		"header and picture":            {two(seal, ".0.0", nulls(2), ".0.3"), parsed, "header: 2 members", nil},
		"ID and name":                   {two(seal, ".0.0.0", append([]byte{der.TagIA5String, 2}, "XX"...), ".0.2.1"), parsed, `ID: "XX", want "ES"`, nil},
		"version before ID":             {two(seal, ".0.0.1", null, ".0.0.0"), parsed, "ID: ", der.ErrType},
		"name before the picture":       {two(seal, ".0.2.1", one, ".0.3.1"), parsed, "name: ", der.ErrType},
		"certificate before the info":   {two(seal, ".1", one, ".0.3.1"), parsed, "cert: ", der.ErrType},
		"algorithm before the value":    {two(seal, ".2", one, ".3"), parsed, "signAlgID: ", der.ErrType},
		"algorithm of nothing":          {two(seal, ".2", der.EncodeSequence(), ".3"), parsed, "signAlgID: ", der.ErrSyntax},
		"property of eight":             {add(seal, ".0.2", null), parsed, "property: 8 members, want 7 to 7", nil},
		"property before the picture":   {two(seal, ".0.2", nulls(1), ".0.3"), parsed, "property: 1 members", nil},
		"date that is text":             {two(seal, ".0.2.4", append([]byte{12, 1}, "x"...), ".0.2.5"), parsed, "createDate: ", der.ErrType},
		"list of certificates is a SET": {two(seal, ".0.2.3", []byte{0x31, 0}, ".0.2.4"), parsed, "certList: ", der.ErrType},
		"1,025 certificates":            {splice(t, seal, at(".0.2.3", nulls(maxCertificates+1))), parsed, "certList: 1025 members, want 0 to 1024", nil},
		"digest of three":               {splice(t, digested, at(".0.2.3", der.EncodeSequence(nulls(3)))), parsed, "CertDigestObj: 3 members, want 2 to 2", nil},
		"kind of a digest":              {splice(t, digested, at(".0.2.3", der.EncodeSequence(nulls(2)))), parsed, "CertDigestObj.type: ", der.ErrType},
		"picture of five":               {add(seal, ".0.3", null), parsed, "picture: 5 members, want 4 to 4", nil},
		"kind of the picture":           {two(seal, ".0.3.0", one, ".0.3.1"), parsed, "picture.type: ", der.ErrType},
		"257 extensions":                {add(seal, ".0", nulls(maxExtensions+1)), parsed, "extDatas: 257 members, want 0 to 256", nil},
		"extension of four":             {add(seal, ".0", der.EncodeSequence(nulls(4))), parsed, "ExtData: 4 members, want 2 to 3", nil},
		"name of an extension":          {add(seal, ".0", der.EncodeSequence(nulls(3))), parsed, "extnID: ", der.ErrType},
		"criticality of an extension":   {add(seal, ".0", der.EncodeSequence(der.EncodeSequence([]byte{6, 1, 1}, one, null))), parsed, "critical: ", der.ErrType},
		"two values in the tag":         {add(seal, ".0", der.EncodeExplicit(0, append(bytes.Clone(null), null...))), parsed, "extDatas: ", der.ErrSyntax},
		"fifth member":                  {add(seal, "", null), parsed, "timeStamp: class 0 tag 5, want [0]", nil},
		"time stamp that holds two":     {add(seal, "", der.EncodeExplicit(0, append(bytes.Clone(null), null...))), parsed, "timeStamp: ", der.ErrSyntax},
		"time stamp before the value":   {two(add(seal, "", der.EncodeExplicit(1, null)), ".3", null, ".1"), parsed, "timeStamp: class 2 tag 1, want [0]", nil},
		"signInfo of four":              {add(v1Seal, ".1", null), parsed, "signInfo: 4 members, want 3 to 3", nil},
		"signInfo of bits":              {splice(t, v1Seal, at(".1", []byte{3, 2, 1, 2})), parsed, "signInfo: ", der.ErrSyntax},
		"signInfo of broken DER":        {splice(t, v1Seal, at(".1", der.EncodeBitString([]byte{0x30}))), parsed, "signInfo: ", der.ErrSyntax},
		"maker of V1":                   {two(v1Seal, ".1.0", one, ".1.2"), parsed, "cert: ", der.ErrType},
		"toSign of seven":               {add(add(signature, ".0", der.EncodeExplicit(0, der.EncodeSequence())), ".0", null), signed, "toSign: 7 members, want 5 to 6", nil},
		"toSign is a SET":               {splice(t, signature, at(".0", []byte{0x31, 0})), signed, "toSign: ", der.ErrType},
		"version before the seal":       {two(signature, ".0.0", null, ".0.1"), signed, "version: ", der.ErrType},
		"seal before the time":          {two(signature, ".0.1", nulls(3), ".0.2"), signed, "SESeal: 3 members", nil},
		"V1 seal":                       {two(signature, ".0.1", v1Seal, ".0.2"), signed, "eseal: GM/T 0031-2014 seal inside", nil},
		"time before the hash":          {two(signature, ".0.2", one, ".0.3"), signed, "timeInfo: ", der.ErrType},
		"extDatas of [1]":               {add(signature, ".0", der.EncodeExplicit(1, der.EncodeSequence())), signed, "extDatas: class 2 tag 1, want [0]", nil},
		"extDatas that hold two":        {add(signature, ".0", der.EncodeExplicit(0, append(bytes.Clone(null), null...))), signed, "extDatas: ", der.ErrSyntax},
		"hash before extDatas":          {two(add(signature, ".0", null), ".0.3", one, ".2"), signed, "dataHash: ", der.ErrType},
		"toSign of nine":                {add(add(v1Signature, ".0", null), ".0", null), signed, "toSign: 9 members, want 7 to 8", nil},
		"V1 version before the seal":    {two(v1Signature, ".0.0", null, ".0.1"), signed, "version: ", der.ErrType},
		"V1 seal before the time":       {two(v1Signature, ".0.1", nulls(3), ".0.2"), signed, "SESeal: 3 members", nil},
		"V1 time before the hash":       {two(v1Signature, ".0.2", one, ".0.3"), signed, "timeInfo: ", der.ErrType},
		"V1 hash before extDatas":       {two(add(v1Signature, ".0", null), ".0.3", one, ".1"), signed, "dataHash: ", der.ErrType},
	} {
		err := c.read(c.input)
		if !errors.Is(err, ErrFormat) || c.is != nil && !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), ErrFormat.Error()+": "+c.place) || strings.Count(err.Error(), ErrFormat.Error()) != 1 {
			t.Errorf("%s: %v, want %q", name, err, c.place)
		}
	}
}

func parsed(input []byte) error { _, err := ParseSeal(input); return err }
func signed(input []byte) error { _, err := ParseSignature(input); return err }

// TestListsAtTheirBounds: as many entries as there may be.
func TestListsAtTheirBounds(t *testing.T) {
	w := newWorld(t)
	input := w.seal(t, nil)
	input = splice(t, input, at(".0.2.3", der.EncodeSequence(bytes.Repeat(der.EncodeOctetString([]byte{1}), maxCertificates))))
	extension := der.EncodeSequence([]byte{6, 1, 0x2a}, der.EncodeOctetString(nil))
	input = splice(t, input, func(here string, value der.Value) []byte {
		return appendMember(t, here, ".0", value, der.EncodeSequence(bytes.Repeat(extension, maxExtensions)))
	})
	seal, err := ParseSealStrict(input)
	if err != nil || len(seal.Property.Certs) != maxCertificates || len(seal.Extensions) != maxExtensions {
		t.Errorf("%v", err)
	}
}

// TestS07ParametersOfTheAlgorithm: NULL means nothing; anything else makes it an algorithm that nobody knows.
func TestS07ParametersOfTheAlgorithm(t *testing.T) {
	w := newWorld(t)
	plain := w.seal(t, nil)
	for name, c := range map[string]struct {
		parameters [][]byte
		code       string
	}{
		"none":         {nil, ""},
		"NULL":         {[][]byte{der.EncodeNull()}, ""},
		"empty string": {[][]byte{der.EncodeOctetString(nil)}, pki.CodeAlgorithm},
		"NULL twice":   {[][]byte{der.EncodeNull(), der.EncodeNull()}, pki.CodeAlgorithm},
	} {
		seal, err := ParseSeal(splice(t, plain, at(".2", der.EncodeSequence(append([][]byte{oidSM2WithSM3}, c.parameters...)...))))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := seal.CheckSignature(w.maker, nil); pki.Code(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

// TestTimesOfV1: a time that stands alone, in either form, and text between blanks.
func TestTimesOfV1(t *testing.T) {
	w := newWorld(t)
	june := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	generalized := append(der.Header(der.Universal, der.TagGeneralizedTime, false, 15), "20260601000000Z"...)
	for name, c := range map[string]struct {
		timeInfo []byte
		want     []Deviation
	}{
		"GeneralizedTime alone":  {generalized, []Deviation{TimeAsGeneralized}},
		"GeneralizedTime inside": {der.EncodeBitString(generalized), nil},
		"text between blanks":    {der.EncodeBitString([]byte(" 2026-06-01 08:00:00\x00\r\n")), []Deviation{TimeInfoText, TimeInfoNoZone}},
	} {
		_, input := w.v1(t, v1Options{timeInfo: c.timeInfo})
		signature, err := ParseSignature(input)
		if err != nil || !signature.Time.Moment.Equal(june) || fmt.Sprint(signature.Deviations) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, %+v", name, err, signature)
		}
	}
}

// TestWhatIsWrittenAtItsEdges: the last value that is taken and the first that is not.
func TestWhatIsWrittenAtItsEdges(t *testing.T) {
	w := newWorld(t)
	text := func(n int) string { return strings.Repeat("a", n) }
	for name, c := range map[string]struct {
		change func(*SealInfo)
		good   bool
	}{
		"name of 1,024 octets":     {func(i *SealInfo) { i.Name = text(maxTextLength) }, true},
		"name of 1,025":            {func(i *SealInfo) { i.Name = text(maxTextLength + 1) }, false},
		"DELETE in the name":       {func(i *SealInfo) { i.Name = "a\x7f" }, false},
		"unit separator":           {func(i *SealInfo) { i.Name = "a\x1f" }, false},
		"blank":                    {func(i *SealInfo) { i.Name = "a b" }, true},
		"type 0":                   {func(i *SealInfo) { i.Type = 0 }, true},
		"made in 1950":             {func(i *SealInfo) { i.CreateDate = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC) }, true},
		"made in 1949":             {func(i *SealInfo) { i.CreateDate = time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC) }, false},
		"until 9999":               {func(i *SealInfo) { i.ValidEnd = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }, true},
		"until 10000":              {func(i *SealInfo) { i.ValidEnd = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, false},
		"picture of a metre":       {func(i *SealInfo) { i.Picture.WidthMM, i.Picture.HeightMM = 1000, 1 }, true},
		"a millimetre more":        {func(i *SealInfo) { i.Picture.HeightMM = 1001 }, false},
		"vendor that is no ASCII":  {func(i *SealInfo) { i.Vid = "\u0080" }, false},
		"extension without a name": {func(i *SealInfo) { i.Extensions = []Extension{{}} }, false},
	} {
		info := w.info()
		c.change(&info)
		_, err := NewSeal(info, w.maker.Raw, signWith(w.makerKey))
		if (err == nil) != c.good || err != nil && !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A signature without extensions has no list of them.
	written, err := NewSignature(w.signatureInfo(w.seal(t, nil)), w.signer.Raw, signWith(w.signerKey))
	if err != nil {
		t.Fatal(err)
	}
	reader := &der.Reader{}
	signature, err := ParseSignature(written)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := reader.Parse(signature.RawTBS)
	if err != nil {
		t.Fatal(err)
	}
	if members, err := reader.Sequence(tbs); err != nil || len(members) != 5 {
		t.Errorf("%d members, %v", len(members), err)
	}
}

// TestNothingUnreadableIsWritten: more octets than are read, a token that fails, a maker that is no certificate.
func TestNothingUnreadableIsWritten(t *testing.T) {
	w := newWorld(t)
	info := w.info()
	info.Picture.Data = make([]byte, der.MaxBytes)
	if _, err := NewSeal(info, w.maker.Raw, signWith(w.makerKey)); !errors.Is(err, ErrSelfCheck) || !errors.Is(err, der.ErrLimit) {
		t.Errorf("seal of 4 MiB: %v", err)
	}
	away := errors.New("away")
	info = w.info()
	info.Structure, info.Timestamp = V5, func([]byte) ([]byte, error) { return nil, away }
	if made, err := NewSeal(info, w.maker.Raw, signWith(w.makerKey)); !errors.Is(err, away) || made != nil {
		t.Errorf("seal without its token: %v", err)
	}
	seal := w.seal(t, nil)
	signature := w.signatureInfo(seal)
	signature.Extensions = []Extension{{ID: "1.2.3", Value: make([]byte, der.MaxBytes)}}
	if _, err := NewSignature(signature, w.signer.Raw, signWith(w.signerKey)); !errors.Is(err, ErrSelfCheck) || !errors.Is(err, der.ErrLimit) {
		t.Errorf("signature of 4 MiB: %v", err)
	}
	signature = w.signatureInfo(splice(t, seal, at(".1", der.EncodeOctetString([]byte{0x30, 0}))))
	if _, err := NewSignature(signature, w.signer.Raw, signWith(w.signerKey)); !errors.Is(err, ErrInput) || !errors.Is(err, pki.ErrCertificate) {
		t.Errorf("seal of no maker: %v", err)
	}
}
