package pki

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// SignedData is a signed message of GB/T 35275 section 8 or PKCS #7. All slices point into the input.
type SignedData struct {
	Raw          []byte
	ContentType  string // outer OID, of either family
	InnerType    string // OID of the content
	Version      int
	HasContent   bool
	Content      []byte // octets of the content, as received
	DigestOIDs   []string
	Certificates []*Certificate
	CRLs         [][]byte // DER, not parsed
	Signers      []*SignerInfo
	Deviations   []Deviation
}

// SignerInfo is one signer.
type SignerInfo struct {
	Version            int
	IssuerRaw          []byte // DER Name
	Serial             *big.Int
	DigestAlgorithm    AlgorithmIdentifier
	SignatureAlgorithm AlgorithmIdentifier // digestEncryptionAlgorithm
	Signature          []byte
	HasAttributes      bool
	rawAttributes      []byte // content octets of the [0], as received
	AttributeTypes     []string
	AttrContentType    string
	MessageDigest      []byte
	SigningTime        time.Time // zero when absent
	Timestamps         [][]byte  // time-stamp tokens over Signature, unsigned attributes (RFC 5126 6.1.1)
	Certificate        *Certificate
}

// Bounds of a message.
const (
	maxSigners      = 64
	maxMessageCerts = 256
	maxAttrs        = 64
	maxTimestamps   = 8
)

// ParseSignedData reads SignedData of GB/T 35275 or PKCS #7 in DER or PEM (seal.md section 7), also one that only carries
// certificates. Errors wrap ErrMessage.
func ParseSignedData(input []byte) (*SignedData, error) {
	if block, _ := pem.Decode(input); block != nil {
		input = block.Bytes
	}
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	message := &SignedData{Raw: value.Raw}
	if err := message.parse(reader, value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	message.matchCertificates()
	message.Deviations = reader.Deviations()
	return message, nil
}

// parse reads ContentInfo and SignedData.
func (m *SignedData) parse(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "ContentInfo", 2, 2)
	if err != nil {
		return err
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: content of ContentInfo", der.ErrType)
	}
	if m.ContentType, err = reader.OID(fields[0]); err != nil {
		return err
	}
	if m.ContentType != OIDGMSignedData && m.ContentType != OIDPKCS7SignedData {
		return fmt.Errorf("%w: content type %s is not signedData", der.ErrType, m.ContentType)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	members, err := reader.Sequence(inner)
	if err != nil {
		return err
	}
	if len(members) < 4 {
		return fmt.Errorf("%w: SignedData has %d members", der.ErrSyntax, len(members))
	}
	if m.Version, err = reader.Int(members[0]); err != nil {
		return err
	}
	if err := m.parseDigests(reader, members[1]); err != nil {
		return err
	}
	if err := m.parseContent(reader, members[2]); err != nil {
		return err
	}
	seen := map[int]bool{} // two SETs of signers would let two readers judge different ones
	for _, member := range members[3:] {
		if seen[member.Tag] {
			return fmt.Errorf("%w: a member of SignedData twice", der.ErrSyntax)
		}
		seen[member.Tag] = true
		switch {
		case member.IsContext(0):
			err = m.parseCertificates(reader, member)
		case member.IsContext(1):
			err = m.parseCRLs(reader, member)
		case member.Is(der.TagSet):
			err = m.parseSigners(reader, member)
		default:
			err = fmt.Errorf("%w: unknown member of SignedData", der.ErrSyntax)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *SignedData) parseDigests(reader *der.Reader, value der.Value) error {
	items, err := reader.SetOf(value, "digestAlgorithms", maxAttrs)
	if err != nil {
		return err
	}
	for _, item := range items {
		algorithm, err := parseAlgorithm(reader, item)
		if err != nil {
			return err
		}
		m.DigestOIDs = append(m.DigestOIDs, algorithm.OID)
	}
	return nil
}

// parseContent reads the inner ContentInfo; the content is an OCTET STRING, or any value in old messages.
func (m *SignedData) parseContent(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "inner ContentInfo", 1, 2)
	if err != nil {
		return err
	}
	if m.InnerType, err = reader.OID(fields[0]); err != nil || len(fields) == 1 {
		return err
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: content", der.ErrType)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	m.HasContent = true
	if inner.Is(der.TagOctetString) {
		m.Content, err = reader.OctetString(inner)
		return err
	}
	m.Content = inner.Content // PKCS #7 1.5: content octets of the value are what is digested
	return nil
}

func (m *SignedData) parseCertificates(reader *der.Reader, value der.Value) error {
	items, err := reader.List(value, "certificates", maxMessageCerts)
	if err != nil {
		return err
	}
	for _, item := range items {
		if !item.Is(der.TagSequence) { // attribute certificates are not used
			continue
		}
		certificate, err := ParseCertificate(item.Raw)
		if err != nil {
			return err
		}
		m.Certificates = append(m.Certificates, certificate)
	}
	return nil
}

func (m *SignedData) parseCRLs(reader *der.Reader, value der.Value) error {
	items, err := reader.Children(value)
	if err != nil {
		return err
	}
	for _, item := range items {
		m.CRLs = append(m.CRLs, item.Raw)
	}
	return nil
}

func (m *SignedData) parseSigners(reader *der.Reader, value der.Value) error {
	items, err := reader.Children(value)
	if err != nil {
		return err
	}
	if len(items)+len(m.Signers) > maxSigners {
		return fmt.Errorf("%w: %d signers", der.ErrLimit, len(items))
	}
	for _, item := range items {
		signer, err := parseSigner(reader, item)
		if err != nil {
			return fmt.Errorf("signerInfo: %w", err)
		}
		m.Signers = append(m.Signers, signer)
	}
	return nil
}

// parseSigner reads SignerInfo (GB/T 35275 8.2).
func parseSigner(reader *der.Reader, value der.Value) (*SignerInfo, error) {
	fields, err := reader.Sequence(value)
	if err != nil {
		return nil, err
	}
	if len(fields) < 5 {
		return nil, fmt.Errorf("%w: %d members", der.ErrSyntax, len(fields))
	}
	signer := &SignerInfo{}
	if signer.Version, err = reader.Int(fields[0]); err != nil {
		return nil, err
	}
	if signer.Version != 1 {
		if err := reader.Tolerate(SignerVersionOdd); err != nil {
			return nil, err
		}
	}
	identifier, err := reader.Members(fields[1], "issuerAndSerialNumber", 2, 2)
	if err != nil {
		return nil, err
	}
	signer.IssuerRaw = identifier[0].Raw
	if signer.Serial, err = reader.Integer(identifier[1]); err != nil {
		return nil, err
	}
	if signer.DigestAlgorithm, err = parseAlgorithm(reader, fields[2]); err != nil {
		return nil, err
	}
	rest := fields[3:]
	if rest[0].IsContext(0) {
		if err := signer.parseAttributes(reader, rest[0]); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	if len(rest) < 2 || len(rest) > 3 || len(rest) == 3 && !rest[2].IsContext(1) {
		return nil, fmt.Errorf("%w: members", der.ErrSyntax)
	}
	if signer.SignatureAlgorithm, err = parseAlgorithm(reader, rest[0]); err != nil {
		return nil, err
	}
	if signer.Signature, err = reader.OctetString(rest[1]); err != nil || len(rest) == 2 {
		return signer, err
	}
	return signer, signer.parseUnsigned(reader, rest[2])
}

// parseUnsigned takes time-stamp tokens from the attributes that are not signed; all others are passed over.
func (s *SignerInfo) parseUnsigned(reader *der.Reader, value der.Value) error {
	items, err := reader.List(value, "unsigned attributes", maxAttrs)
	if err != nil {
		return err
	}
	for _, item := range items {
		fields, err := reader.Members(item, "unsigned attribute", 2, 2)
		if err != nil {
			return err
		}
		if !fields[1].Is(der.TagSet) {
			return fmt.Errorf("%w: values of an unsigned attribute", der.ErrType)
		}
		kind, err := reader.OID(fields[0])
		if err != nil {
			return err
		}
		if kind != OIDAttrTimeStamp {
			continue
		}
		values, err := reader.Children(fields[1])
		if err != nil {
			return err
		}
		if len(values) == 0 || len(values)+len(s.Timestamps) > maxTimestamps {
			return fmt.Errorf("%w: %d time stamps", der.ErrLimit, len(values))
		}
		for _, one := range values {
			s.Timestamps = append(s.Timestamps, one.Raw)
		}
	}
	return nil
}

// parseAttributes reads the signed attributes. An attribute that occurs twice is refused: two digests or times would
// leave the choice to the reader.
func (s *SignerInfo) parseAttributes(reader *der.Reader, value der.Value) error {
	s.HasAttributes, s.rawAttributes = true, value.Content
	items, err := reader.List(value, "signed attributes", maxAttrs)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, item := range items {
		if i > 0 && bytes.Compare(items[i-1].Raw, item.Raw) > 0 {
			if err := reader.Tolerate(AttributesNotSorted); err != nil {
				return err
			}
		}
		fields, err := reader.Members(item, "attribute", 2, 2)
		if err != nil {
			return err
		}
		if !fields[1].Is(der.TagSet) {
			return fmt.Errorf("%w: values of an attribute", der.ErrType)
		}
		kind, err := reader.OID(fields[0])
		if err != nil {
			return err
		}
		if seen[kind] {
			return fmt.Errorf("%w: attribute %s twice", der.ErrSyntax, kind)
		}
		seen[kind] = true
		s.AttributeTypes = append(s.AttributeTypes, kind)
		values, err := reader.Children(fields[1])
		if err != nil {
			return err
		}
		switch kind {
		case OIDAttrContentType, OIDAttrDigest, OIDAttrSigningTime:
			if len(values) != 1 {
				return fmt.Errorf("%w: attribute %s has %d values", der.ErrSyntax, kind, len(values))
			}
		default:
			continue
		}
		switch kind {
		case OIDAttrContentType:
			s.AttrContentType, err = reader.OID(values[0])
		case OIDAttrDigest:
			s.MessageDigest, err = reader.OctetString(values[0])
		case OIDAttrSigningTime:
			s.SigningTime, err = reader.Time(values[0])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// matchCertificates finds each signer's certificate by issuer and serial number.
func (m *SignedData) matchCertificates() {
	for _, signer := range m.Signers {
		for _, certificate := range m.Certificates {
			if bytes.Equal(certificate.Issuer.Raw, signer.IssuerRaw) && certificate.Serial.Cmp(signer.Serial) == 0 {
				signer.Certificate = certificate
				break
			}
		}
	}
}

// SignerResult is what VerifySigner found.
type SignerResult struct {
	ValueErr   error // nil when the signature value holds; see Code
	DigestErr  error // nil when the signed data binds the message
	Encoding   Encoding
	Deviations []Deviation
}

// Intact tells that value and digest hold.
func (r SignerResult) Intact() bool { return r.ValueErr == nil && r.DigestErr == nil }

// VerifySigner verifies one signer over the message that the signature is about (for OFD the octets of Signature.xml,
// GM/T 0099 7.2). message nil asks for the message inside. certificate is used when the signer's is not in the message.
//
// The value covers the signed attributes exactly as received under tag 0x31, or without attributes the content octets, or
// without content the message itself. The content may be the message, its SM3 digest, or Base64 of either (seal.md
// section 7).
func (m *SignedData) VerifySigner(signer *SignerInfo, message []byte, certificate *Certificate) SignerResult {
	var result SignerResult
	if signer.Certificate != nil {
		certificate = signer.Certificate
	}
	if certificate == nil {
		result.ValueErr = fmt.Errorf("%w: certificate of the signer is not here", ErrKeyInvalid)
	} else {
		result.Encoding, result.ValueErr = m.checkValue(signer, message, certificate, &result)
	}
	result.DigestErr = m.checkBinding(signer, message, &result)
	if result.Encoding == EncodingRaw {
		result.Deviations = append(result.Deviations, SignatureRaw)
	}
	if signer.HasAttributes && signer.AttrContentType != m.InnerType {
		result.Deviations = append(result.Deviations, InnerTypeDiffers)
	}
	return result
}

// checkValue verifies algorithm and signature value.
func (m *SignedData) checkValue(signer *SignerInfo, message []byte, certificate *Certificate, result *SignerResult) (Encoding, error) {
	if signer.DigestAlgorithm.OID != OIDSM3 && signer.DigestAlgorithm.OID != OIDSM3Plain || !signer.DigestAlgorithm.absentOrNull() {
		return "", fmt.Errorf("%w: digest %s", ErrAlgorithm, signer.DigestAlgorithm.OID)
	}
	switch signer.SignatureAlgorithm.OID {
	case OIDSM2Sign:
	case OIDSM2WithSM3, OIDSM2:
		result.Deviations = append(result.Deviations, SignatureAlgorithmOdd)
	default:
		return "", fmt.Errorf("%w: signature %s", ErrAlgorithm, signer.SignatureAlgorithm.OID)
	}
	if !signer.SignatureAlgorithm.absentOrNull() {
		return "", fmt.Errorf("%w: parameters of %s", ErrAlgorithm, signer.SignatureAlgorithm.OID)
	}
	if certificate.KeyError != nil {
		return "", certificate.KeyError
	}
	public, ok := certificate.SM2Key()
	if !ok {
		return "", fmt.Errorf("%w: certificate holds no SM2 key", ErrAlgorithm)
	}
	return VerifySM2(public, nil, m.signedBytes(signer, message), signer.Signature, FormDEROrRaw)
}

// signedBytes are the octets that the value covers.
func (m *SignedData) signedBytes(signer *SignerInfo, message []byte) []byte {
	switch {
	case signer.HasAttributes:
		return der.EncodeSet(signer.rawAttributes)
	case m.HasContent:
		return m.Content
	}
	return message
}

// checkBinding decides whether the signed data is about the message.
func (m *SignedData) checkBinding(signer *SignerInfo, message []byte, result *SignerResult) error {
	if m.HasContent {
		if signer.HasAttributes && !digestEqual(signer.MessageDigest, m.Content) {
			return fmt.Errorf("%w: messageDigest is not of the content", ErrSignatureValue)
		}
		if message == nil {
			return nil
		}
		if m.contentIs(message, result) {
			return nil
		}
		return fmt.Errorf("%w: content is not of this message", ErrSignatureValue)
	}
	if message == nil {
		return fmt.Errorf("%w: there is no message", ErrSignatureValue)
	}
	if signer.HasAttributes && !digestEqual(signer.MessageDigest, message) {
		return fmt.Errorf("%w: messageDigest is not of this message", ErrSignatureValue)
	}
	return nil
}

// contentIs tells whether the content is the message, its digest, or Base64 of either.
func (m *SignedData) contentIs(message []byte, result *SignerResult) bool {
	if bytes.Equal(m.Content, message) || digestEqual(m.Content, message) {
		return true
	}
	decoded, err := base64.StdEncoding.DecodeString(string(m.Content))
	if err == nil && (bytes.Equal(decoded, message) || digestEqual(decoded, message)) {
		result.Deviations = append(result.Deviations, ContentBase64)
		return true
	}
	return false
}

// digestEqual compares a digest with SM3 of the octets. Both are public, so the time of comparing tells nothing.
func digestEqual(digest, octets []byte) bool {
	sum := sm3.Sum(octets)
	return bytes.Equal(digest, sum[:])
}
