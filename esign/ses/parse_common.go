package ses

import (
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// parser reads members and keeps the first error, so that a structure reads like its definition. What is read after an error is empty and
// counts for nothing, so only what would use a value that is not there asks for the error.
type parser struct {
	*der.Reader
	err error
}

func (p *parser) fail(member string, err error) {
	if p.err == nil && err != nil {
		p.err = formatError(member, err)
	}
}

func (p *parser) tolerate(member string, name Deviation) { p.fail(member, p.Tolerate(name)) }

// integer reads a small INTEGER.
func (p *parser) integer(member string, value der.Value) int {
	number, err := p.Int(value)
	p.fail(member, err)
	return number
}

// text reads a string of the defined type; another string type is named.
func (p *parser) text(member string, value der.Value, tag int) string {
	text, err := p.Text(value)
	p.fail(member, err)
	if !value.Is(tag) {
		p.tolerate(member, StringTypeOdd)
	}
	return text
}

// octets reads an OCTET STRING.
func (p *parser) octets(member string, value der.Value) []byte {
	octets, err := p.OctetString(value)
	p.fail(member, err)
	return octets
}

// bits reads a BIT STRING of whole octets, or an OCTET STRING under the name of the deviation.
func (p *parser) bits(member string, value der.Value, asOctets Deviation) []byte {
	if value.Is(der.TagOctetString) {
		p.tolerate(member, asOctets)
		return p.octets(member, value)
	}
	octets, err := p.BitString(value)
	p.fail(member, err)
	return octets
}

// certificate reads an OCTET STRING that holds a certificate.
func (p *parser) certificate(member string, value der.Value) []byte {
	if value.Is(der.TagSequence) {
		p.tolerate(member, CertificateNotWrapped)
		return value.Raw
	}
	octets := p.octets(member, value)
	if len(octets) == 0 {
		p.tolerate(member, SealCertificateIsEmpty)
	}
	return octets
}

// algorithm reads an OBJECT IDENTIFIER, or the one inside an AlgorithmIdentifier. Parameters other than NULL change what
// the identifier means, so they become part of its text, which then names no algorithm that is known (security row S-07).
func (p *parser) algorithm(member string, value der.Value) string {
	if value.Is(der.TagSequence) {
		p.tolerate(member, AlgorithmAsSequence)
		members, err := p.Sequence(value)
		p.fail(member, err)
		if len(members) == 0 {
			p.fail(member, der.ErrSyntax)
			return ""
		}
		value = members[0]
		if len(members) > 2 || len(members) == 2 && !members[1].Is(der.TagNull) {
			oid, err := p.OID(value)
			p.fail(member, err)
			return oid + " with parameters"
		}
	}
	oid, err := p.OID(value)
	p.fail(member, err)
	return oid
}

// date reads a UTCTime or GeneralizedTime; wrong is the name of the type that the structure does not define.
func (p *parser) date(member string, value der.Value, definedTag int, wrong Deviation) time.Time {
	moment, err := p.Time(value)
	p.fail(member, err)
	if !value.Is(definedTag) {
		p.tolerate(member, wrong)
	}
	return moment
}

// members reads a SEQUENCE of a stated number of members.
func (p *parser) members(member string, value der.Value, least, most int) []der.Value {
	members, err := p.Sequence(value)
	p.fail(member, err)
	if len(members) < least || len(members) > most {
		p.fail(member, shapeError(member, "%d members, want %d to %d", len(members), least, most))
	}
	if p.err != nil {
		// Enough empty members that the caller may index without a look at the error.
		return make([]der.Value, most)
	}
	return members
}

// maxExtensions bounds ExtensionDatas.
const maxExtensions = 256

// extensions reads ExtensionDatas (GM/T 0031-2014 6.1.1.1).
func (p *parser) extensions(member string, value der.Value) []Extension {
	items := p.members(member, value, 0, maxExtensions)
	if p.err != nil {
		return nil
	}
	list := make([]Extension, 0, len(items))
	for _, item := range items {
		fields := p.members("ExtData", item, 2, 3)
		var extension Extension
		var err error
		extension.ID, err = p.OID(fields[0])
		p.fail("extnID", err)
		if len(fields) == 3 {
			extension.Critical, err = p.Boolean(fields[1])
			p.fail("critical", err)
			if !extension.Critical {
				p.tolerate("critical", CriticalFalse)
			}
		}
		extension.Value = p.octets("extnValue", fields[len(fields)-1])
		list = append(list, extension)
	}
	return list
}

// timestamp reads timeStamp [0] EXPLICIT BIT STRING (GB/T 38540-2020 7.1).
func (p *parser) timestamp(member string, value der.Value) []byte {
	if !value.IsContext(0) {
		p.fail(member, shapeError(member, "class %d tag %d, want [0]", value.Class, value.Tag))
		return nil
	}
	if !value.Constructed { // [0] IMPLICIT BIT STRING
		p.tolerate(member, TimestampImplicit)
		if len(value.Content) == 0 || value.Content[0] != 0 {
			p.fail(member, der.ErrSyntax)
			return nil
		}
		return value.Content[1:]
	}
	inner, err := p.Explicit(value)
	p.fail(member, err)
	return p.bits(member, inner, SignatureOctets)
}

// chinaZone is UTC+8, the meaning of a time without a zone in vendors' files (seal.md 5.3).
var chinaZone = time.FixedZone("UTC+8", 8*60*60)

// textTimes are the forms of a V1 timeInfo that holds text (seal.md section 3).
var textTimes = []struct {
	layout string
	zoned  bool
}{
	{time.RFC3339Nano, true},
	{"20060102150405Z0700", true},
	{"060102150405Z0700", true},
	{"2006-01-02 15:04:05", false},
	{"2006-01-02T15:04:05", false},
	{"20060102150405", false},
	{"2006-01-02", false},
}

// textTime reads a time written as text and tells whether it names its zone.
func textTime(text string) (moment time.Time, zoned, ok bool) {
	text = strings.Trim(text, " \x00\r\n")
	for _, form := range textTimes {
		if read, err := time.ParseInLocation(form.layout, text, chinaZone); err == nil {
			return read.UTC(), form.zoned, true
		}
	}
	return
}
