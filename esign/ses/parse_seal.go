package ses

import (
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func parseSeal(input []byte, reader *der.Reader) (*Seal, error) {
	value, err := reader.Parse(input)
	if err != nil {
		return nil, formatError("SESeal", err)
	}
	return readSeal(value, reader)
}

// readSeal reads SESeal. Two members are V1, four V4 (V5 when the header says 5), five V5 (seal.md 2.5).
func readSeal(value der.Value, reader *der.Reader) (*Seal, error) {
	p := &parser{Reader: reader}
	members := p.members("SESeal", value, 2, 5)
	if len(members) == 3 {
		p.fail("SESeal", shapeError("SESeal", "3 members"))
	}
	if p.err != nil {
		return nil, p.err
	}
	seal := &Seal{Raw: value.Raw, RawInfo: members[0].Raw}
	switch len(members) {
	case 2:
		seal.Structure = V1
		p.signInfo(seal, members[1])
	case 5:
		seal.Structure = V5
		seal.Timestamp = p.timestamp("timeStamp", members[4])
		fallthrough
	default:
		if seal.Structure == "" {
			seal.Structure = V4
		}
		seal.rawCert, seal.rawAlg = members[1].Raw, members[2].Raw
		seal.MakerCert = p.certificate("cert", members[1])
		seal.SignatureAlgorithm = p.algorithm("signAlgID", members[2])
		seal.SignatureValue = p.bits("signedValue", members[3], SignatureOctets)
	}
	p.sealInfo(seal, members[0])
	if p.err != nil {
		return nil, p.err
	}
	seal.Deviations = reader.Deviations()
	return seal, nil
}

// signInfo reads SES_SignInfo of V1 (GM/T 0031-2014 6.1.1.2), which some wrap in a BIT STRING.
func (p *parser) signInfo(seal *Seal, value der.Value) {
	if value.Is(der.TagBitString) {
		p.tolerate("signInfo", SignInfoBits)
		octets, err := p.BitString(value)
		p.fail("signInfo", err)
		value, err = p.Parse(octets)
		p.fail("signInfo", err)
	}
	fields := p.members("signInfo", value, 3, 3)
	seal.rawCert, seal.rawAlg = fields[0].Raw, fields[1].Raw
	seal.MakerCert = p.certificate("cert", fields[0])
	seal.SignatureAlgorithm = p.algorithm("signatureAlgorithm", fields[1])
	seal.SignatureValue = p.bits("signData", fields[2], SignatureOctets)
}

// sealInfo reads SES_SealInfo (GB/T 38540-2020 6.1.2).
func (p *parser) sealInfo(seal *Seal, value der.Value) {
	fields := p.members("eSealInfo", value, 4, 5)
	header := p.members("header", fields[0], 3, 3)
	seal.Header = Header{
		ID:      p.text("ID", header[0], der.TagIA5String),
		Version: p.integer("version", header[1]),
		Vid:     p.text("Vid", header[2], der.TagIA5String),
	}
	if seal.Header.ID != "ES" { // GB/T 38540-2020 6.3 a: what is not "ES" is no seal
		p.fail("ID", shapeError("ID", "%q, want \"ES\"", seal.Header.ID))
	}
	p.structureOf(seal)
	seal.ESID = p.text("esID", fields[1], der.TagIA5String)
	p.property(seal, fields[2])
	p.picture(seal, fields[3])
	if len(fields) == 5 {
		extensions := fields[4]
		if extensions.IsContext(0) {
			p.tolerate("extDatas", ExtensionsTagged)
			inner, err := p.Explicit(extensions)
			p.fail("extDatas", err)
			extensions = inner
		}
		seal.Extensions = p.extensions("extDatas", extensions)
	}
}

// structureOf settles the structure by the header's version where the shape leaves it open, and names a number that does
// not fit the shape.
func (p *parser) structureOf(seal *Seal) {
	if seal.Structure == V4 && seal.Header.Version == 5 {
		seal.Structure = V5
	}
	fits := map[Structure]int{V1: 1, V4: 4, V5: 5}
	if seal.Header.Version != fits[seal.Structure] {
		p.tolerate("version", HeaderVersionOdd)
	}
}

// maxCertificates bounds certList.
const maxCertificates = 1024

// property reads SES_ESPropertyInfo: six members in V1, seven later. A mixture is refused, so that no octets have two
// readings (security row S-25).
func (p *parser) property(seal *Seal, value der.Value) {
	count := 7
	if seal.Structure == V1 {
		count = 6
	}
	fields := p.members("property", value, count, count)
	property := &seal.Property
	property.Type = p.integer("type", fields[0])
	property.Name = p.text("name", fields[1], der.TagUTF8String)
	rest := fields[2:]
	if seal.Structure != V1 {
		property.CertListType = p.integer("certListType", fields[2])
		rest = fields[3:]
	}
	p.certList(property, rest[0], seal.Structure != V1)
	definedTag, wrong := der.TagGeneralizedTime, TimeAsUTCTime
	if seal.Structure == V1 {
		definedTag, wrong = der.TagUTCTime, TimeAsGeneralized
	}
	property.CreateDate = p.date("createDate", rest[1], definedTag, wrong)
	property.ValidStart = p.date("validStart", rest[2], definedTag, wrong)
	property.ValidEnd = p.date("validEnd", rest[3], definedTag, wrong)
}

// certList reads SES_CertList; certListType is the only discriminator of its two arms (GB/T 38540-2020 6.1.4).
// A list of unknown kind names nobody.
func (p *parser) certList(property *Property, value der.Value, typed bool) {
	items := p.members("certList", value, 0, maxCertificates)
	if p.err != nil {
		return
	}
	if len(items) == 0 {
		p.tolerate("certList", CertListEmpty)
	}
	if typed && property.CertListType != CertListCerts && property.CertListType != CertListDigests {
		p.tolerate("certListType", CertListUnknown)
		return
	}
	for _, item := range items {
		switch {
		case property.CertListType == CertListDigests:
			pair := p.members("CertDigestObj", item, 2, 2)
			if !pair[0].Is(der.TagPrintableString) {
				p.tolerate("CertDigestObj.type", DigestTypeString)
			}
			kind, err := p.Text(pair[0])
			p.fail("CertDigestObj.type", err)
			property.CertDigests = append(property.CertDigests, CertDigest{Type: kind, Value: p.octets("CertDigestObj.value", pair[1])})
		case item.Is(der.TagIA5String), item.Is(der.TagUTF8String), item.Is(der.TagPrintableString):
			p.tolerate("certList", CertListText)
			text, err := p.Text(item)
			p.fail("certList", err)
			property.CertTexts = append(property.CertTexts, text)
		default:
			property.Certs = append(property.Certs, p.certificate("certList", item))
		}
	}
}

// picture reads SES_ESPictrueInfo.
func (p *parser) picture(seal *Seal, value der.Value) {
	fields := p.members("picture", value, 4, 4)
	seal.Picture = Picture{
		Type:     p.text("picture.type", fields[0], der.TagIA5String),
		Data:     p.octets("picture.data", fields[1]),
		WidthMM:  p.integer("picture.width", fields[2]),
		HeightMM: p.integer("picture.height", fields[3]),
	}
}
