package pki

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// RevocationReason is CRLReason (RFC 5280 5.3.1).
type RevocationReason int

// Reasons of revocation.
const (
	RevokedUnspecified          RevocationReason = 0
	RevokedKeyCompromise        RevocationReason = 1
	RevokedCACompromise         RevocationReason = 2
	RevokedAffiliationChanged   RevocationReason = 3
	RevokedSuperseded           RevocationReason = 4
	RevokedCessationOfOperation RevocationReason = 5
	RevokedCertificateHold      RevocationReason = 6
	RevokedRemoveFromCRL        RevocationReason = 8
	RevokedPrivilegeWithdrawn   RevocationReason = 9
	RevokedAACompromise         RevocationReason = 10
)

// CRLEntry is one revoked certificate.
type CRLEntry struct {
	Serial    *big.Int
	RevokedAt time.Time
	Reason    RevocationReason
}

// CRL is a certificate revocation list (RFC 5280 section 5), version 1 or 2.
type CRL struct {
	Raw            []byte
	RawTBS         []byte
	Issuer         Name
	ThisUpdate     time.Time
	NextUpdate     time.Time // zero when absent
	Number         *big.Int  // nil when absent
	AuthorityKeyID []byte
	Algorithm      AlgorithmIdentifier
	InnerAlgorithm AlgorithmIdentifier
	SignatureValue []byte
	Extensions     []Extension
	Unhandled      []string // critical extensions that are not understood: the list must not be used
	Entries        []CRLEntry
	Deviations     []Deviation
	bySerial       map[string]int
	repeated       map[string]CRLEntry // what is believed of serial numbers that stand more than once
}

// ParseCRL reads a CRL in DER or PEM. Errors wrap ErrCRL. The bound of 4 MiB (security rule R11) also bounds the entries,
// which have at least 20 octets each.
func ParseCRL(input []byte) (*CRL, error) {
	if block, _ := pem.Decode(input); block != nil && block.Type == "X509 CRL" {
		input = block.Bytes
	}
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCRL, err)
	}
	fields, err := reader.Members(value, "CertificateList", 3, 3)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCRL, err)
	}
	crl := &CRL{Raw: value.Raw, RawTBS: fields[0].Raw, bySerial: map[string]int{}}
	if crl.Algorithm, err = parseAlgorithm(reader, fields[1]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCRL, err)
	}
	if crl.SignatureValue, err = reader.BitString(fields[2]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCRL, err)
	}
	if err := crl.parseTBS(reader, fields[0]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCRL, err)
	}
	crl.Deviations = reader.Deviations()
	return crl, nil
}

// parseTBS reads TBSCertList (RFC 5280 5.1.2).
func (c *CRL) parseTBS(reader *der.Reader, value der.Value) error {
	fields, err := reader.Sequence(value)
	if err != nil {
		return err
	}
	if len(fields) > 0 && fields[0].Is(der.TagInteger) {
		version, err := reader.Int(fields[0])
		if err != nil {
			return fmt.Errorf("version: %w", err)
		}
		if version != 1 {
			return fmt.Errorf("%w: version %d", der.ErrSyntax, version+1)
		}
		fields = fields[1:]
	}
	if len(fields) < 3 {
		return fmt.Errorf("%w: tbsCertList has %d members", der.ErrSyntax, len(fields))
	}
	if c.InnerAlgorithm, err = parseAlgorithm(reader, fields[0]); err != nil {
		return err
	}
	if c.Issuer, err = parseName(reader, fields[1]); err != nil {
		return err
	}
	if c.ThisUpdate, err = reader.Time(fields[2]); err != nil {
		return err
	}
	fields = fields[3:]
	if len(fields) > 0 && (fields[0].Is(der.TagUTCTime) || fields[0].Is(der.TagGeneralizedTime)) {
		if c.NextUpdate, err = reader.Time(fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].Is(der.TagSequence) {
		if err := c.parseEntries(reader, fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].IsContext(0) {
		if err := c.parseExtensions(reader, fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 {
		return fmt.Errorf("%w: unknown member of tbsCertList", der.ErrSyntax)
	}
	return nil
}

func (c *CRL) parseEntries(reader *der.Reader, value der.Value) error {
	items, err := reader.Sequence(value)
	if err != nil {
		return err
	}
	c.Entries = make([]CRLEntry, 0, len(items))
	for _, item := range items {
		fields, err := reader.Members(item, "revoked certificate", 2, 3)
		if err != nil {
			return err
		}
		var entry CRLEntry
		if entry.Serial, err = reader.Integer(fields[0]); err != nil {
			return err
		}
		if entry.RevokedAt, err = reader.Time(fields[1]); err != nil {
			return err
		}
		if len(fields) == 3 {
			if err := c.parseEntryExtensions(reader, fields[2], &entry); err != nil {
				return err
			}
		}
		serial := entry.Serial.String()
		if before, twice := c.Lookup(entry.Serial); twice {
			if c.repeated == nil {
				c.repeated = map[string]CRLEntry{}
			}
			c.repeated[serial] = strictest(before, entry)
		}
		c.bySerial[serial] = len(c.Entries)
		c.Entries = append(c.Entries, entry)
	}
	return nil
}

func (c *CRL) parseEntryExtensions(reader *der.Reader, value der.Value, entry *CRLEntry) error {
	list, err := readExtensionList(reader, value)
	if err != nil {
		return err
	}
	for _, extension := range list {
		switch {
		case extension.OID == oidReasonCode:
			inner, err := reader.Parse(extension.Value)
			if err != nil {
				return err
			}
			number, err := reader.Enumerated(inner)
			if err != nil {
				return err
			}
			entry.Reason = RevocationReason(number)
		case extension.Critical: // such as certificateIssuer of an indirect CRL
			c.Unhandled = append(c.Unhandled, extension.OID)
		}
	}
	return nil
}

func (c *CRL) parseExtensions(reader *der.Reader, value der.Value) error {
	list, err := readExtensions(reader, value)
	if err != nil {
		return err
	}
	c.Extensions = list
	for _, extension := range list {
		inner, err := reader.Parse(extension.Value)
		if err != nil {
			return err
		}
		switch extension.OID {
		case oidCRLNumber:
			if c.Number, err = reader.Integer(inner); err != nil {
				return err
			}
		case oidAuthorityKeyID:
			fields, err := reader.Sequence(inner)
			if err != nil {
				return err
			}
			for _, field := range fields {
				if field.IsContext(0) && !field.Constructed {
					c.AuthorityKeyID = field.Content
				}
			}
		default: // deltaCRLIndicator and issuingDistributionPoint narrow what the list says, and are critical
			if extension.Critical || extension.OID == oidDeltaCRL || extension.OID == oidIssuingPoint {
				c.Unhandled = append(c.Unhandled, extension.OID)
			}
		}
	}
	return nil
}

// strictest is what two entries of one certificate say together: revoked since the earlier moment, for the reason after which less is
// believed, else the earlier one's. RFC 5280 5.3 has no such list, and a choice by their order would be the forger's.
func strictest(a, b CRLEntry) CRLEntry {
	if b.RevokedAt.Before(a.RevokedAt) {
		a, b = b, a
	}
	if a.Reason.Planned() && !b.Reason.Planned() {
		a.Reason = b.Reason
	}
	return a
}

// Planned tells that a certificate ended for a reason that says nothing against what was signed before (RFC 5280 5.3.1): affiliationChanged,
// superseded and cessationOfOperation.
func (r RevocationReason) Planned() bool {
	return r == RevokedAffiliationChanged || r == RevokedSuperseded || r == RevokedCessationOfOperation
}

// Lookup finds the entry of a serial number; of several, what they say together.
func (c *CRL) Lookup(serial *big.Int) (CRLEntry, bool) {
	if entry, ok := c.repeated[serial.String()]; ok {
		return entry, true
	}
	if position, ok := c.bySerial[serial.String()]; ok {
		return c.Entries[position], true
	}
	return CRLEntry{}, false
}

// CheckSignatureFrom verifies the list's signature with the issuer's certificate, which must carry the same name and,
// when it has a keyUsage, cRLSign.
func (c *CRL) CheckSignatureFrom(issuer *Certificate) error {
	return c.checkSignatureFrom(issuer, nil)
}

func (c *CRL) checkSignatureFrom(issuer *Certificate, memo *Memo) error {
	if !bytes.Equal(c.Issuer.Raw, issuer.Subject.Raw) {
		return fmt.Errorf("%w: issuer is another one", ErrCRL)
	}
	if issuer.HasKeyUsage && issuer.KeyUsage&UsageCRLSign == 0 {
		return fmt.Errorf("%w: issuer may not sign CRLs", ErrCRL)
	}
	if issuer.KeyError != nil {
		return issuer.KeyError
	}
	if c.Algorithm.OID != c.InnerAlgorithm.OID || !bytes.Equal(c.Algorithm.Parameters, c.InnerAlgorithm.Parameters) {
		return fmt.Errorf("%w: inner and outer algorithm differ", ErrAlgorithm)
	}
	return checkSignature(issuer.PublicKey, c.Algorithm, c.RawTBS, c.SignatureValue, FormDER, memo)
}

// RevocationState is what evidence says about one certificate.
type RevocationState string

// States. Unknown is not good: no usable list spoke about the certificate.
const (
	RevocationGood    RevocationState = "good"
	RevocationRevoked RevocationState = "revoked"
	RevocationUnknown RevocationState = "unknown"
)

// Revocation is the answer of CheckRevocation.
type Revocation struct {
	State     RevocationState
	RevokedAt time.Time // when revoked
	Reason    RevocationReason
	ThisTime  time.Time // thisUpdate of the list that spoke
	Ignored   []string  // why lists of this issuer were not used
}

// CheckRevocation asks the lists about a certificate of the issuer. A list is used when it is the issuer's, verifies, is
// understood, and its period holds at now (security row S-17); a list whose period is over is not used. Revoked in any
// usable list is revoked.
func CheckRevocation(certificate, issuer *Certificate, lists []*CRL, now time.Time) Revocation {
	return (&Memo{}).CheckRevocation(certificate, issuer, lists, now)
}

// CheckRevocation is the function of the same name for judgements that share the memo.
func (m *Memo) CheckRevocation(certificate, issuer *Certificate, lists []*CRL, now time.Time) Revocation {
	result := Revocation{State: RevocationUnknown}
	for _, list := range lists {
		if !bytes.Equal(list.Issuer.Raw, certificate.Issuer.Raw) {
			continue
		}
		if why := list.unusable(m, issuer, now); why != "" {
			result.Ignored = append(result.Ignored, why)
			continue
		}
		entry, found := list.Lookup(certificate.Serial)
		switch {
		case found: // also as removeFromCRL, which only delta lists may say (RFC 5280 5.3.1), and those are not used
			if result.State != RevocationRevoked || entry.RevokedAt.Before(result.RevokedAt) {
				result.State, result.RevokedAt, result.Reason, result.ThisTime = RevocationRevoked, entry.RevokedAt, entry.Reason, list.ThisUpdate
			}
		case result.State == RevocationUnknown:
			result.State, result.ThisTime = RevocationGood, list.ThisUpdate
		}
	}
	return result
}

// unusable says why a list may not be used, empty when it may.
func (c *CRL) unusable(memo *Memo, issuer *Certificate, now time.Time) string {
	switch {
	case len(c.Unhandled) > 0:
		return fmt.Sprintf("critical extensions %v", c.Unhandled)
	case now.Before(c.ThisUpdate):
		return "begins " + c.ThisUpdate.Format(time.RFC3339)
	case c.NextUpdate.IsZero():
		return "has no nextUpdate"
	case now.After(c.NextUpdate):
		return "ended " + c.NextUpdate.Format(time.RFC3339)
	}
	if _, err := memo.check(c, issuer, func() error { return c.checkSignatureFrom(issuer, memo) }); err != nil {
		return err.Error()
	}
	return ""
}
