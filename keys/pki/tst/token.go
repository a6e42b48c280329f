package tst

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Token is a time-stamp token: a CMS message around TSTInfo with one signature. All slices point into the input.
type Token struct {
	Raw          []byte
	ContentType  string // outer OID, of PKCS #7 or of GB/T 35275
	Version      int
	RawInfo      []byte // TSTInfo as received
	Info         Info
	Certificates []*pki.Certificate
	CRLs         [][]byte // DER, not parsed
	Deviations   []Deviation

	SignerVersion      int
	SignerIssuer       []byte // DER Name; nil when the signer is named by key identifier
	SignerSerial       *big.Int
	SignerKeyID        []byte
	DigestAlgorithm    pki.AlgorithmIdentifier
	SignatureAlgorithm pki.AlgorithmIdentifier
	Signature          []byte
	SigningTime        time.Time // attribute, zero when absent; genTime rules

	digestOIDs    []string
	rawAttributes []byte // content octets of the [0], as received
	contentType   string
	messageDigest []byte
	certIDs       []certID // the first of each signing-certificate attribute
}

// certID is ESSCertID or ESSCertIDv2 (RFC 5035).
type certID struct {
	digestOID string
	digest    []byte
	issuer    []byte // DER GeneralNames, nil when absent
	serial    *big.Int
}

// Parse reads a token; what was tolerated is in Deviations. Errors wrap ErrFormat.
func Parse(input []byte) (*Token, error) { return parse(input, &der.Reader{}) }

// ParseStrict refuses every deviation, with an error that wraps ErrStrict too.
func ParseStrict(input []byte) (*Token, error) { return parse(input, &der.Reader{Strict: true}) }

func formatError(kind error, err error) error {
	if errors.Is(err, der.ErrNotDER) {
		return fmt.Errorf("%w: %w: %w", kind, ErrStrict, err)
	}
	return fmt.Errorf("%w: %w", kind, err)
}

func parse(input []byte, reader *der.Reader) (*Token, error) {
	if len(input) > MaxToken {
		return nil, fmt.Errorf("%w: %w: %d octets", ErrFormat, der.ErrLimit, len(input))
	}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, formatError(ErrFormat, err)
	}
	t := &Token{Raw: value.Raw}
	if err := t.parse(reader, value); err != nil {
		return nil, formatError(ErrFormat, err)
	}
	t.Deviations = reader.Deviations()
	return t, nil
}

// parse reads ContentInfo and SignedData (RFC 5652 3, 5.1).
func (t *Token) parse(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "ContentInfo", 2, 2)
	if err != nil {
		return err
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: content of ContentInfo", der.ErrType)
	}
	if t.ContentType, err = reader.OID(fields[0]); err != nil {
		return err
	}
	switch t.ContentType {
	case pki.OIDPKCS7SignedData:
	case pki.OIDGMSignedData:
		if err := reader.Tolerate(ContentTypeGM); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: content type %s", der.ErrType, t.ContentType)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	members, err := reader.Members(inner, "SignedData", 4, 6)
	if err != nil {
		return err
	}
	if t.Version, err = reader.Int(members[0]); err != nil {
		return err
	}
	if t.Version != 3 { // RFC 5652 5.1: the content is not id-data
		if err := reader.Tolerate(VersionOdd); err != nil {
			return err
		}
	}
	if err := t.parseDigests(reader, members[1]); err != nil {
		return err
	}
	if err := t.parseContent(reader, members[2]); err != nil {
		return err
	}
	rest := members[3:]
	for tag, read := range []func(*der.Reader, der.Value) error{t.parseCertificates, t.parseCRLs} {
		if len(rest) > 0 && rest[0].IsContext(tag) {
			if err := read(reader, rest[0]); err != nil {
				return err
			}
			rest = rest[1:]
		}
	}
	if len(rest) != 1 {
		return fmt.Errorf("%w: members of SignedData", der.ErrSyntax)
	}
	signers, err := reader.SetOf(rest[0], "signerInfos", maxAttrs)
	if err != nil {
		return err
	}
	if len(signers) != 1 { // RFC 3161 2.4.2
		return fmt.Errorf("%w: %d", ErrSigners, len(signers))
	}
	return t.parseSigner(reader, signers[0])
}

func (t *Token) parseDigests(reader *der.Reader, value der.Value) error {
	items, err := reader.SetOf(value, "digestAlgorithms", maxAttrs)
	if err != nil {
		return err
	}
	for _, item := range items {
		one, err := pki.ParseAlgorithm(reader, item)
		if err != nil {
			return err
		}
		t.digestOIDs = append(t.digestOIDs, one.OID)
	}
	return nil
}

// parseContent reads EncapsulatedContentInfo: TSTInfo inside an OCTET STRING.
func (t *Token) parseContent(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "encapContentInfo", 2, 2)
	if err != nil {
		return err
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: content of encapContentInfo", der.ErrType)
	}
	kind, err := reader.OID(fields[0])
	if err != nil {
		return err
	}
	if kind != OIDTSTInfo {
		return fmt.Errorf("%w: content is %s, not TSTInfo", der.ErrType, kind)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	if t.RawInfo, err = reader.OctetString(inner); err != nil {
		return err
	}
	t.Info, err = parseInfo(reader, t.RawInfo)
	return err
}

func (t *Token) parseCertificates(reader *der.Reader, value der.Value) error {
	items, err := reader.List(value, "certificates", maxCerts)
	if err != nil {
		return err
	}
	for _, item := range items {
		if !item.Is(der.TagSequence) { // attribute certificates are not used
			continue
		}
		certificate, err := pki.ParseCertificate(item.Raw)
		if err != nil {
			return err
		}
		t.Certificates = append(t.Certificates, certificate)
	}
	return nil
}

func (t *Token) parseCRLs(reader *der.Reader, value der.Value) error {
	items, err := reader.List(value, "crls", maxCerts)
	if err != nil {
		return err
	}
	for _, item := range items {
		if item.Is(der.TagSequence) {
			t.CRLs = append(t.CRLs, item.Raw)
		}
	}
	return nil
}

// parseSigner reads SignerInfo (RFC 5652 5.3). Attributes that are not signed are passed over: nothing leans on them.
func (t *Token) parseSigner(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "signerInfo", 6, 7)
	if err != nil {
		return err
	}
	if t.SignerVersion, err = reader.Int(fields[0]); err != nil {
		return err
	}
	version := 1
	switch {
	case fields[1].Is(der.TagSequence):
		parts, err := reader.Members(fields[1], "issuerAndSerialNumber", 2, 2)
		if err != nil {
			return err
		}
		t.SignerIssuer = parts[0].Raw
		if t.SignerSerial, err = number(reader, parts[1]); err != nil {
			return err
		}
	case fields[1].IsContext(0) && !fields[1].Constructed && len(fields[1].Content) > 0:
		version, t.SignerKeyID = 3, fields[1].Content
	default:
		return fmt.Errorf("%w: sid", der.ErrType)
	}
	if t.SignerVersion != version {
		if err := reader.Tolerate(SignerVersionOdd); err != nil {
			return err
		}
	}
	if t.DigestAlgorithm, err = pki.ParseAlgorithm(reader, fields[2]); err != nil {
		return err
	}
	if !slices.Contains(t.digestOIDs, t.DigestAlgorithm.OID) {
		if err := reader.Tolerate(DigestNotListed); err != nil {
			return err
		}
	}
	if !fields[3].IsContext(0) { // RFC 5652 5.3: the content is not id-data, so they must be there
		return fmt.Errorf("%w: no signed attributes", der.ErrSyntax)
	}
	if err := t.parseAttributes(reader, fields[3]); err != nil {
		return err
	}
	if t.SignatureAlgorithm, err = pki.ParseAlgorithm(reader, fields[4]); err != nil {
		return err
	}
	switch t.SignatureAlgorithm.OID {
	case pki.OIDSM2WithSM3, pki.OIDSM2:
		if err := reader.Tolerate(AlgorithmOdd); err != nil {
			return err
		}
	}
	if t.Signature, err = reader.OctetString(fields[5]); err != nil {
		return err
	}
	if len(fields) == 7 && !fields[6].IsContext(1) {
		return fmt.Errorf("%w: members of signerInfo", der.ErrSyntax)
	}
	return nil
}

// parseAttributes reads the signed attributes; one that occurs twice or has more than one value is refused, since it would
// leave the choice to the reader.
func (t *Token) parseAttributes(reader *der.Reader, value der.Value) error {
	t.rawAttributes = value.Content
	items, err := reader.List(value, "signedAttrs", maxAttrs)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, item := range items {
		if i > 0 && bytes.Compare(items[i-1].Raw, item.Raw) > 0 {
			if err := reader.Tolerate(AttributesUnsorted); err != nil {
				return err
			}
		}
		fields, err := reader.Members(item, "attribute", 2, 2)
		if err != nil {
			return err
		}
		kind, err := reader.OID(fields[0])
		if err != nil {
			return err
		}
		values, err := reader.SetOf(fields[1], "values of attribute "+kind, maxAttrs)
		if err != nil {
			return err
		}
		if seen[kind] {
			return fmt.Errorf("%w: attribute %s twice", der.ErrSyntax, kind)
		}
		seen[kind] = true
		if err := t.useAttribute(reader, kind, values); err != nil {
			return err
		}
	}
	switch {
	case t.contentType != OIDTSTInfo:
		return fmt.Errorf("%w: contentType attribute %q", der.ErrSyntax, t.contentType)
	case t.messageDigest == nil:
		return fmt.Errorf("%w: no messageDigest attribute", der.ErrSyntax)
	}
	return nil
}

func (t *Token) useAttribute(reader *der.Reader, kind string, values []der.Value) (err error) {
	switch kind {
	case pki.OIDAttrContentType, pki.OIDAttrDigest, pki.OIDAttrSigningTime, OIDSigningCertificate, OIDSigningCertificateV2:
		if len(values) != 1 {
			return fmt.Errorf("%w: attribute %s has %d values", der.ErrSyntax, kind, len(values))
		}
	}
	switch kind {
	case pki.OIDAttrContentType:
		t.contentType, err = reader.OID(values[0])
	case pki.OIDAttrDigest:
		t.messageDigest, err = reader.OctetString(values[0])
	case pki.OIDAttrSigningTime:
		t.SigningTime, err = reader.Time(values[0])
	case OIDSigningCertificate, OIDSigningCertificateV2:
		var id certID
		if id, err = parseSigningCertificate(reader, values[0], kind == OIDSigningCertificateV2); err == nil {
			t.certIDs = append(t.certIDs, id)
		}
	}
	return err
}

// parseSigningCertificate reads SigningCertificate or SigningCertificateV2 (RFC 5035 3, 4) and returns its first identifier,
// which is the signer's.
func parseSigningCertificate(reader *der.Reader, value der.Value, second bool) (certID, error) {
	wrong := fmt.Errorf("%w: signing certificate attribute", der.ErrSyntax)
	fields, err := reader.Members(value, "SigningCertificate", 1, 2)
	if err != nil {
		return certID{}, err
	}
	ids, err := reader.Members(fields[0], "certs", 1, maxCertIDs)
	if err != nil {
		return certID{}, err
	}
	members, err := reader.Members(ids[0], "ESSCertID", 1, 3)
	if err != nil {
		return certID{}, err
	}
	id := certID{digestOID: pki.OIDSHA1}
	if second {
		id.digestOID = pki.OIDSHA256 // DEFAULT of ESSCertIDv2
		if members[0].Is(der.TagSequence) {
			named, err := pki.ParseAlgorithm(reader, members[0])
			if err != nil {
				return certID{}, err
			}
			if !named.Plain() {
				return certID{}, wrong
			}
			if named.OID == pki.OIDSHA256 {
				if err := reader.Tolerate(der.DefaultEncoded); err != nil {
					return certID{}, err
				}
			}
			id.digestOID, members = named.OID, members[1:]
		}
	}
	if len(members) < 1 || len(members) > 2 {
		return certID{}, wrong
	}
	if id.digest, err = reader.OctetString(members[0]); err != nil {
		return certID{}, err
	}
	if len(members) == 2 {
		parts, err := reader.Members(members[1], "issuerSerial", 2, 2)
		if err != nil {
			return certID{}, err
		}
		if !parts[0].Is(der.TagSequence) {
			return certID{}, wrong
		}
		id.issuer = parts[0].Raw
		if id.serial, err = number(reader, parts[1]); err != nil {
			return certID{}, err
		}
	}
	return id, nil
}
