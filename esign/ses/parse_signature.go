package ses

import (
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// parseSignature reads SES_Signature. The seal inside is read with a reader of its own, so that its deviations stand with
// it.
func parseSignature(input []byte, reader, sealReader *der.Reader) (*Signature, error) {
	value, err := reader.Parse(input)
	if err != nil {
		return nil, formatError("SES_Signature", err)
	}
	p := &parser{Reader: reader}
	members := p.members("SES_Signature", value, 2, 5)
	if len(members) == 3 {
		p.fail("SES_Signature", shapeError("SES_Signature", "3 members"))
	}
	if p.err != nil {
		return nil, p.err
	}
	signature := &Signature{Raw: value.Raw, RawTBS: members[0].Raw}
	if len(members) == 2 {
		p.tbsWithCertificate(signature, members[0], sealReader)
		signature.SignatureValue = p.bits("signature", members[1], SignatureOctets)
	} else {
		p.tbs(signature, members[0], sealReader)
		signature.SignerCert = p.certificate("cert", members[1])
		signature.SignatureAlgorithm = p.algorithm("signatureAlgID", members[2])
		signature.SignatureValue = p.bits("signature", members[3], SignatureOctets)
		if len(members) == 5 {
			signature.Timestamp = p.timestamp("timeStamp", members[4])
		}
	}
	if p.err == nil && signature.Version != signature.Seal.Header.Version {
		p.tolerate("version", TBSVersionDiffers)
	}
	if p.err != nil {
		return nil, p.err
	}
	signature.Deviations = reader.Deviations()
	return signature, nil
}

// seal reads the embedded seal.
func (p *parser) seal(value der.Value, reader *der.Reader) *Seal {
	seal, err := readSeal(value, reader)
	p.fail("eseal", err)
	return seal
}

// tbsWithCertificate reads TBS_Sign of V1 (GM/T 0031-2014 6.2.1): seven members, certificate and algorithm inside. The
// national platform's C0119 form is the same around a four-member seal, or carries extensions as an eighth member.
func (p *parser) tbsWithCertificate(signature *Signature, value der.Value, sealReader *der.Reader) {
	fields := p.members("toSign", value, 7, 8)
	signature.Version = p.integer("version", fields[0])
	signature.Seal = p.seal(fields[1], sealReader)
	p.timeInfoV1(signature, fields[2])
	signature.DataHash = p.bits("dataHash", fields[3], HashOctets)
	signature.PropertyInfo = p.text("propertyInfo", fields[4], der.TagIA5String)
	signature.SignerCert = p.certificate("cert", fields[5])
	signature.SignatureAlgorithm = p.algorithm("signatureAlgorithm", fields[6])
	if p.err != nil {
		return
	}
	signature.Structure = V1
	if len(fields) == 8 {
		signature.Structure = C0119
		signature.Extensions = p.tbsExtensions(fields[7])
	}
	if signature.Seal.Structure != V1 {
		signature.Structure = C0119
	}
}

// tbs reads TBS_Sign of V4 and V5 (GB/T 38540-2020 7.1.2). A V1 seal inside is refused: the two structures cover other
// octets, and a reading that mixes them is nobody's (security row S-25).
func (p *parser) tbs(signature *Signature, value der.Value, sealReader *der.Reader) {
	fields := p.members("toSign", value, 5, 6)
	signature.Version = p.integer("version", fields[0])
	signature.Seal = p.seal(fields[1], sealReader)
	if p.err == nil && signature.Seal.Structure == V1 {
		p.err = shapeError("eseal", "GM/T 0031-2014 seal inside a GB/T 38540-2020 signature")
	}
	if p.err != nil {
		return
	}
	signature.Structure = signature.Seal.Structure
	signature.Time.Raw = fields[2].Content
	signature.Time.Moment = p.date("timeInfo", fields[2], der.TagGeneralizedTime, TimeAsUTCTime)
	signature.DataHash = p.bits("dataHash", fields[3], HashOctets)
	signature.PropertyInfo = p.text("propertyInfo", fields[4], der.TagIA5String)
	if len(fields) == 6 {
		signature.Extensions = p.tbsExtensions(fields[5])
	}
}

// tbsExtensions reads extDatas [0] EXPLICIT of TBS_Sign, which some write without the tag.
func (p *parser) tbsExtensions(value der.Value) []Extension {
	if value.Is(der.TagSequence) {
		p.tolerate("extDatas", ExtensionsUntagged)
		return p.extensions("extDatas", value)
	}
	if !value.IsContext(0) {
		p.fail("extDatas", shapeError("extDatas", "class %d tag %d, want [0]", value.Class, value.Tag))
		return nil
	}
	inner, err := p.Explicit(value)
	p.fail("extDatas", err)
	return p.extensions("extDatas", inner)
}

// timeInfoV1 reads timeInfo of V1: a BIT STRING with a UTCTime or a token in it (GM/T 0031-2014 6.2.1); in the wild also
// text, an OCTET STRING, or a time without wrapping. An unreadable one leaves no time, which the judge then reports.
func (p *parser) timeInfoV1(signature *Signature, value der.Value) {
	if value.Is(der.TagUTCTime) || value.Is(der.TagGeneralizedTime) {
		signature.Time.Raw = value.Content
		signature.Time.Moment = p.date("timeInfo", value, der.TagUTCTime, TimeAsGeneralized)
		return
	}
	octets := p.bits("timeInfo", value, TimeInfoOctets)
	signature.Time.Raw = octets
	inner := der.Reader{}
	if parsed, err := inner.Parse(octets); err == nil {
		if parsed.Is(der.TagSequence) {
			signature.Time.Token = octets
			return
		}
		if moment, err := inner.Time(parsed); err == nil {
			signature.Time.Moment = moment
			return
		}
	}
	moment, zoned, ok := textTime(string(octets))
	if !ok {
		p.tolerate("timeInfo", TimeInfoUnreadable)
		return
	}
	p.tolerate("timeInfo", TimeInfoText)
	if !zoned {
		p.tolerate("timeInfo", TimeInfoNoZone)
	}
	signature.Time.Moment = moment
}

// InPeriod tells whether a moment lies in the seal's period, both ends included (GB/T 38540-2020 6.3).
func (s *Seal) InPeriod(moment time.Time) bool {
	return !moment.Before(s.Property.ValidStart) && !moment.After(s.Property.ValidEnd)
}
