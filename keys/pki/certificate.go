package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// KeyUsage is the set of named bits of RFC 5280 4.2.1.3, bit 0 lowest.
type KeyUsage uint32

// Key usages.
const (
	UsageDigitalSignature KeyUsage = 1 << iota
	UsageNonRepudiation
	UsageKeyEncipherment
	UsageDataEncipherment
	UsageKeyAgreement
	UsageCertSign
	UsageCRLSign
	UsageEncipherOnly
	UsageDecipherOnly
)

// SealUsage are the key usages of which a seal maker or signer needs one (GB/T 38540-2020 7.3 c).
const SealUsage = UsageDigitalSignature | UsageNonRepudiation

// keyUsageNames are the names of RFC 5280, in the order of the bits.
var keyUsageNames = []string{"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
	"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"}

// Names lists the usages by the names of RFC 5280.
func (u KeyUsage) Names() []string {
	var names []string
	for i, name := range keyUsageNames {
		if u&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Extension is an X.509 extension as received.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte
}

// Certificate is an X.509 certificate, read from the received octets. All slices point into Raw.
type Certificate struct {
	Raw            []byte
	RawTBS         []byte
	RawKeyInfo     []byte // SubjectPublicKeyInfo
	Version        int    // 1 to 3
	Serial         *big.Int
	Subject        Name
	Issuer         Name
	NotBefore      time.Time
	NotAfter       time.Time
	PublicKey      crypto.PublicKey // nil when KeyError says why
	KeyError       error            // wraps ErrKeyInvalid
	Algorithm      AlgorithmIdentifier
	InnerAlgorithm AlgorithmIdentifier // of tbsCertificate; must equal Algorithm
	SignatureValue []byte

	HasKeyUsage    bool
	KeyUsage       KeyUsage
	ExtKeyUsage    []string // dotted
	ExtUsageStrict bool     // extKeyUsage is critical
	HasBasic       bool
	IsCA           bool
	PathLen        int // -1 without a limit
	SubjectKeyID   []byte
	AuthorityKeyID []byte
	Extensions     []Extension
	Unhandled      []string // critical extensions that this package does not judge

	Deviations []Deviation
	Oddities   []string // what is wrong with extensions that do not parse, for people
}

// SerialHex is the serial number in lower-case hex without leading zeros.
func (c *Certificate) SerialHex() string { return c.Serial.Text(16) }

// Equal compares by octets.
func (c *Certificate) Equal(other *Certificate) bool {
	return other != nil && bytes.Equal(c.Raw, other.Raw)
}

// InPeriod tells whether the moment lies in the validity period, both ends included (RFC 5280 4.1.2.5).
func (c *Certificate) InPeriod(moment time.Time) bool {
	return !moment.Before(c.NotBefore) && !moment.After(c.NotAfter)
}

// Extension returns the extension of the OID.
func (c *Certificate) Extension(oid string) (Extension, bool) {
	for _, extension := range c.Extensions {
		if extension.OID == oid {
			return extension, true
		}
	}
	return Extension{}, false
}

// NamesEvidence tells whether the certificate names a place of revocation evidence (RFC 5280 4.2.1.13, 4.2.2.1). One that
// names none needs none.
func (c *Certificate) NamesEvidence() bool {
	_, list := c.Extension(oidCRLPoints)
	_, authority := c.Extension(oidAuthorityAccess)
	return list || authority
}

// ParseCertificate reads one DER certificate. It yields what real certificates hold even where a strict reader refuses
// them, names what is odd in Deviations, and leaves a key that is not usable as KeyError. Errors wrap ErrCertificate.
func ParseCertificate(input []byte) (*Certificate, error) {
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	fields, err := reader.Members(value, "Certificate", 3, 3)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	certificate := &Certificate{Raw: value.Raw, RawTBS: fields[0].Raw, PathLen: -1}
	if certificate.Algorithm, err = parseAlgorithm(reader, fields[1]); err != nil {
		return nil, fmt.Errorf("%w: signatureAlgorithm: %w", ErrCertificate, err)
	}
	if certificate.SignatureValue, err = reader.BitString(fields[2]); err != nil {
		return nil, fmt.Errorf("%w: signatureValue: %w", ErrCertificate, err)
	}
	if err := certificate.parseTBS(reader, fields[0]); err != nil {
		return nil, err
	}
	certificate.Deviations = reader.Deviations()
	return certificate, nil
}

// parseTBS reads TBSCertificate (RFC 5280 4.1).
func (c *Certificate) parseTBS(reader *der.Reader, value der.Value) error {
	fields, err := reader.Sequence(value)
	if err != nil {
		return fmt.Errorf("%w: tbsCertificate: %w", ErrCertificate, err)
	}
	c.Version = 1
	if len(fields) > 0 && fields[0].IsContext(0) {
		inner, err := reader.Explicit(fields[0])
		if err != nil {
			return fmt.Errorf("%w: version: %w", ErrCertificate, err)
		}
		number, err := reader.Int(inner)
		if err != nil {
			return fmt.Errorf("%w: version: %w", ErrCertificate, err)
		}
		if number < 0 || number > 2 {
			return fmt.Errorf("%w: version %d", ErrCertificate, number+1)
		}
		c.Version, fields = number+1, fields[1:]
	}
	if len(fields) < 6 {
		return fmt.Errorf("%w: tbsCertificate has %d members", ErrCertificate, len(fields))
	}
	if c.Serial, err = reader.Integer(fields[0]); err != nil {
		return fmt.Errorf("%w: serialNumber: %w", ErrCertificate, err)
	}
	if c.Serial.Sign() <= 0 {
		if err := reader.Tolerate(SerialNotPositive); err != nil {
			return err
		}
	}
	if c.InnerAlgorithm, err = parseAlgorithm(reader, fields[1]); err != nil {
		return fmt.Errorf("%w: signature: %w", ErrCertificate, err)
	}
	if c.Issuer, err = parseName(reader, fields[2]); err != nil {
		return err
	}
	if c.NotBefore, c.NotAfter, err = parseValidity(reader, fields[3]); err != nil {
		return err
	}
	if c.Subject, err = parseName(reader, fields[4]); err != nil {
		return err
	}
	c.RawKeyInfo = fields[5].Raw
	c.PublicKey, c.KeyError = parseKeyInfo(reader, fields[5])
	for i, field := range fields[6:] {
		if i > 0 && fields[5+i].Tag >= field.Tag { // extensions in two places would be two answers to one question
			return fmt.Errorf("%w: order of tbsCertificate", ErrCertificate)
		}
		switch {
		case field.IsContext(1), field.IsContext(2): // unique identifiers, long out of use
		case field.IsContext(3):
			if c.Version != 3 {
				if err := reader.Tolerate(VersionWithExtensions); err != nil {
					return err
				}
			}
			if err := c.parseExtensions(reader, field); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: unknown member of tbsCertificate", ErrCertificate)
		}
	}
	return nil
}

func parseValidity(reader *der.Reader, value der.Value) (from, to time.Time, err error) {
	fields, err := reader.Members(value, "validity", 2, 2)
	if err != nil {
		return from, to, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if from, err = reader.Time(fields[0]); err != nil {
		return from, to, fmt.Errorf("%w: notBefore: %w", ErrCertificate, err)
	}
	if to, err = reader.Time(fields[1]); err != nil {
		return from, to, fmt.Errorf("%w: notAfter: %w", ErrCertificate, err)
	}
	return from, to, nil
}

// parseExtensions reads Extensions; an extension that occurs twice is refused (RFC 5280 4.2).
func (c *Certificate) parseExtensions(reader *der.Reader, value der.Value) error {
	list, err := readExtensions(reader, value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	c.Extensions = list
	for _, extension := range list {
		if err := c.useExtension(reader, extension); err != nil {
			// A critical extension that cannot be read is not understood; another one is as good as absent.
			if extension.Critical {
				c.Unhandled = append(c.Unhandled, extension.OID)
			}
			c.restrictUnreadable(extension.OID)
			if err := reader.Tolerate(ExtensionOdd); err != nil {
				return err
			}
			c.Oddities = append(c.Oddities, extension.OID+": "+err.Error())
		}
	}
	return nil
}

// unreadableUsage stands for an extKeyUsage that cannot be read.
const unreadableUsage = "unreadable"

// restrictUnreadable makes a restriction that cannot be read allow nothing.
func (c *Certificate) restrictUnreadable(oid string) {
	switch oid {
	case oidKeyUsage:
		c.HasKeyUsage, c.KeyUsage = true, 0
	case oidBasicConstraints:
		c.HasBasic, c.IsCA = true, false
	case oidExtKeyUsage:
		c.ExtKeyUsage = []string{unreadableUsage}
	}
}

// maxExtensions bounds the extensions of a certificate or CRL.
const maxExtensions = 128

// readExtensions reads [n] EXPLICIT Extensions.
func readExtensions(reader *der.Reader, value der.Value) ([]Extension, error) {
	inner, err := reader.Explicit(value)
	if err != nil {
		return nil, err
	}
	return readExtensionList(reader, inner)
}

func readExtensionList(reader *der.Reader, value der.Value) ([]Extension, error) {
	items, err := reader.Sequence(value)
	if err != nil {
		return nil, err
	}
	return ReadExtensions(reader, items)
}

// ReadExtensions reads the members of Extensions (RFC 5280 4.1), also for structures of other leaves; one that occurs twice
// is refused.
func ReadExtensions(reader *der.Reader, items []der.Value) ([]Extension, error) {
	if len(items) > maxExtensions {
		return nil, fmt.Errorf("%w: %d extensions", der.ErrLimit, len(items))
	}
	seen := map[string]bool{}
	var list []Extension
	for _, item := range items {
		fields, err := reader.Members(item, "Extension", 2, 3)
		if err != nil {
			return nil, err
		}
		var extension Extension
		if extension.OID, err = reader.OID(fields[0]); err != nil {
			return nil, err
		}
		if seen[extension.OID] {
			return nil, fmt.Errorf("%w: extension %s twice", der.ErrSyntax, extension.OID)
		}
		seen[extension.OID] = true
		if len(fields) == 3 {
			if extension.Critical, err = reader.Boolean(fields[1]); err != nil {
				return nil, err
			}
			if !extension.Critical {
				if err := reader.Tolerate(der.DefaultEncoded); err != nil {
					return nil, err
				}
			}
		}
		if extension.Value, err = reader.OctetString(fields[len(fields)-1]); err != nil {
			return nil, err
		}
		list = append(list, extension)
	}
	return list, nil
}

// useExtension judges the extensions that matter here.
func (c *Certificate) useExtension(reader *der.Reader, extension Extension) error {
	switch extension.OID {
	case oidKeyUsage, oidBasicConstraints, oidExtKeyUsage, oidSubjectKeyID, oidAuthorityKeyID, oidSubjectAltName:
	case oidPolicies: // informative here: no policy is required of a chain
		return nil
	default:
		if extension.Critical {
			c.Unhandled = append(c.Unhandled, extension.OID)
		}
		return nil
	}
	value, err := reader.Parse(extension.Value)
	if err != nil {
		return err
	}
	switch extension.OID {
	case oidKeyUsage:
		bits, err := reader.NamedBits(value)
		if err != nil {
			return err
		}
		c.HasKeyUsage, c.KeyUsage = true, KeyUsage(bits)
	case oidBasicConstraints:
		return c.useBasicConstraints(reader, value)
	case oidExtKeyUsage:
		items, err := reader.Sequence(value)
		if err != nil {
			return err
		}
		var usages []string
		for _, item := range items {
			usage, err := reader.OID(item)
			if err != nil {
				return err
			}
			usages = append(usages, usage)
		}
		c.ExtKeyUsage, c.ExtUsageStrict = usages, extension.Critical
	case oidSubjectKeyID:
		c.SubjectKeyID, err = reader.OctetString(value)
		return err
	case oidAuthorityKeyID:
		fields, err := reader.Sequence(value)
		if err != nil {
			return err
		}
		for _, field := range fields {
			if field.IsContext(0) && !field.Constructed {
				c.AuthorityKeyID = field.Content
			}
		}
	case oidSubjectAltName:
		return checkGeneralNames(reader, value)
	}
	return nil
}

// checkGeneralNames reads GeneralNames for their form alone (RFC 5280 4.2.1.6): nothing here is decided by another name than the subject.
func checkGeneralNames(reader *der.Reader, value der.Value) error {
	names, err := reader.Sequence(value)
	if err != nil {
		return err
	}
	for _, name := range names {
		ok := false
		switch {
		case name.Class != der.Context:
		case name.Tag == 1, name.Tag == 2, name.Tag == tagURI:
			ok = !name.Constructed && !slices.ContainsFunc(name.Content, func(char byte) bool { return char >= 0x80 })
		case name.Tag == 7:
			ok = !name.Constructed && (len(name.Content) == 4 || len(name.Content) == 16)
		case name.Tag == 8:
			ok = !name.Constructed && len(name.Content) > 0
		default:
			ok = name.Tag <= 5 && name.Constructed
		}
		if !ok {
			return fmt.Errorf("%w: GeneralName [%d]", der.ErrSyntax, name.Tag)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: GeneralNames without a name", der.ErrSyntax)
	}
	return nil
}

// useBasicConstraints reads BasicConstraints (RFC 5280 4.2.1.9).
func (c *Certificate) useBasicConstraints(reader *der.Reader, value der.Value) error {
	fields, err := reader.Sequence(value)
	if err != nil {
		return err
	}
	c.HasBasic = true
	if len(fields) > 0 && fields[0].Is(der.TagBoolean) {
		if c.IsCA, err = reader.Boolean(fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 {
		limit, err := reader.Int(fields[0])
		if err != nil || limit < 0 || len(fields) > 1 {
			c.PathLen = 0 // an unreadable limit allows nothing
			return fmt.Errorf("%w: pathLenConstraint", der.ErrSyntax)
		}
		c.PathLen = limit
	}
	return nil
}

// ParseCertificates reads certificates from PEM (all CERTIFICATE blocks) or one DER certificate. Errors wrap
// ErrCertificate; an input without any certificate is an error.
func ParseCertificates(input []byte) ([]*Certificate, error) {
	var list []*Certificate
	rest := input
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		certificate, err := ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, certificate)
	}
	if len(list) > 0 {
		return list, nil
	}
	certificate, err := ParseCertificate(input)
	if err != nil {
		return nil, err
	}
	return []*Certificate{certificate}, nil
}

// EncodePEM writes a certificate as PEM.
func (c *Certificate) EncodePEM() []byte {
	return encodePEM("CERTIFICATE", c.Raw)
}

func encodePEM(kind string, octets []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: octets})
}

// KeyIDHex is the subject key identifier in lower-case hex, empty when the certificate has none.
func (c *Certificate) KeyIDHex() string { return hex.EncodeToString(c.SubjectKeyID) }

// CheckSignatureFrom verifies the certificate's signature with the issuer's key. The two algorithm identifiers must agree
// octet for octet (security row S-07).
func (c *Certificate) CheckSignatureFrom(issuer *Certificate) error {
	return c.checkSignatureFrom(issuer, nil)
}

func (c *Certificate) checkSignatureFrom(issuer *Certificate, memo *Memo) error {
	if issuer.KeyError != nil {
		return issuer.KeyError
	}
	if c.Algorithm.OID != c.InnerAlgorithm.OID || !bytes.Equal(c.Algorithm.Parameters, c.InnerAlgorithm.Parameters) {
		return fmt.Errorf("%w: inner and outer algorithm differ", ErrAlgorithm)
	}
	return checkSignature(issuer.PublicKey, c.Algorithm, c.RawTBS, c.SignatureValue, FormDER, memo)
}

// IsSelfSigned tells whether the certificate carries its own key's signature. Equal names are not enough: a certificate
// may name an issuer of the same name with another key.
func (c *Certificate) IsSelfSigned() bool {
	return bytes.Equal(c.Subject.Raw, c.Issuer.Raw) && c.CheckSignatureFrom(c) == nil
}

// SM2Key returns the key when it is one of sm2p256v1.
func (c *Certificate) SM2Key() (*ecdsa.PublicKey, bool) {
	if !IsSM2(c.PublicKey) {
		return nil, false
	}
	return c.PublicKey.(*ecdsa.PublicKey), true
}
