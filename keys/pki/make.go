//go:build !js

// Nothing of this file is in the verifier for browsers: it makes no certificates, and smx509 with all that it knows besides SM2 would be a
// twentieth of what people load.

package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Profile fixes what a certificate may be used for (GB/T 20518, GM/T 0015).
type Profile string

// Profiles.
const (
	ProfileRoot         Profile = "root"          // self-signed CA; keyCertSign, cRLSign
	ProfileIssuingCA    Profile = "issuing_ca"    // CA under a root, pathLen 0
	ProfileSealMaker    Profile = "seal_maker"    // 制章者; digitalSignature, nonRepudiation
	ProfileSealSigner   Profile = "seal_signer"   // 签章者; digitalSignature, nonRepudiation
	ProfileService      Profile = "service"       // status lists, tokens, trust lists, presentations; digitalSignature
	ProfileTimeStamping Profile = "time_stamping" // TSA; digitalSignature, critical extKeyUsage timeStamping
)

// profileUsage are the key usages of the profiles.
var profileUsage = map[Profile]smx509.KeyUsage{
	ProfileRoot:         smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign,
	ProfileIssuingCA:    smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign,
	ProfileSealMaker:    smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
	ProfileSealSigner:   smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
	ProfileService:      smx509.KeyUsageDigitalSignature,
	ProfileTimeStamping: smx509.KeyUsageDigitalSignature,
}

// Subject names the holder of a certificate. For seals CommonName is the seal code and Organization the unified social
// credit code followed by the organisation's name (seal.md section 8).
type Subject struct {
	Country            string // two letters, CN when empty
	Province           string
	Locality           string
	Organization       string
	OrganizationalUnit string
	CommonName         string
}

func (s Subject) name() (pkix.Name, error) {
	if s.CommonName == "" {
		return pkix.Name{}, fmt.Errorf("%w: no commonName", ErrTemplate)
	}
	if s.Country == "" {
		s.Country = "CN"
	}
	name := pkix.Name{CommonName: s.CommonName}
	for _, part := range []struct {
		text string
		to   *[]string
	}{{s.Country, &name.Country}, {s.Province, &name.Province}, {s.Locality, &name.Locality}, {s.Organization, &name.Organization},
		{s.OrganizationalUnit, &name.OrganizationalUnit}} {
		if part.text != "" {
			*part.to = []string{part.text}
		}
	}
	for _, text := range []string{s.CommonName, s.Country, s.Province, s.Locality, s.Organization, s.OrganizationalUnit} {
		if len(text) > 256 || strings.ContainsFunc(text, func(char rune) bool { return char < 0x20 || char == 0x7f || isBidiControl(char) }) {
			return pkix.Name{}, fmt.Errorf("%w: name %q", ErrTemplate, text)
		}
	}
	return name, nil
}

// CertificateTemplate asks for a certificate.
type CertificateTemplate struct {
	Profile   Profile
	Subject   Subject
	PublicKey crypto.PublicKey // of the holder; not used for ProfileRoot
	Serial    *big.Int         // 128 random bits when nil
	NotBefore time.Time
	NotAfter  time.Time
	CRLURLs   []string // cRLDistributionPoints
	OCSPURLs  []string // of authorityInfoAccess
}

// MakeCertificate makes a certificate: issuer nil and ProfileRoot make a self-signed root with key, otherwise key is the
// issuer's. The validity must lie inside the issuer's. The result is read back and its signature verified before it is
// returned. Errors wrap ErrTemplate.
func MakeCertificate(random io.Reader, template CertificateTemplate, issuer *Certificate, key crypto.Signer) (*Certificate, error) {
	filled, err := fillTemplate(random, template, issuer, key)
	if err != nil {
		return nil, err
	}
	parent, public := filled, key.Public()
	if issuer != nil {
		if parent, err = smx509.ParseCertificate(issuer.Raw); err != nil {
			return nil, fmt.Errorf("%w: issuer: %w", ErrTemplate, err)
		}
		public = template.PublicKey
	}
	encoded, err := smx509.CreateCertificate(random, filled, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return readBack(encoded, issuer)
}

// fillTemplate checks the template and turns it into the library's.
func fillTemplate(random io.Reader, template CertificateTemplate, issuer *Certificate, key crypto.Signer) (*smx509.Certificate, error) {
	usage, ok := profileUsage[template.Profile]
	if !ok {
		return nil, fmt.Errorf("%w: profile %q", ErrTemplate, template.Profile)
	}
	if (template.Profile == ProfileRoot) != (issuer == nil) {
		return nil, fmt.Errorf("%w: profile %s with issuer %t", ErrTemplate, template.Profile, issuer != nil)
	}
	public := template.PublicKey
	if issuer == nil {
		public = key.Public()
	} else if err := checkIssuer(template, issuer, key); err != nil {
		return nil, err
	}
	if IsSM2(public) {
		if err := CheckSM2Key(public.(*ecdsa.PublicKey)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
	}
	if !template.NotAfter.After(template.NotBefore) {
		return nil, fmt.Errorf("%w: notAfter is not after notBefore", ErrTemplate)
	}
	name, err := template.Subject.name()
	if err != nil {
		return nil, err
	}
	keyID, err := keyIdentifier(public)
	if err != nil {
		return nil, err
	}
	serial := template.Serial
	if serial == nil {
		if serial, err = randomSerial(random); err != nil {
			return nil, err
		}
	}
	if serial.Sign() <= 0 || serial.BitLen() > 159 {
		return nil, fmt.Errorf("%w: serial number", ErrTemplate)
	}
	filled := &smx509.Certificate{
		SerialNumber: serial, Subject: name, NotBefore: template.NotBefore, NotAfter: template.NotAfter,
		KeyUsage: usage, BasicConstraintsValid: true, SubjectKeyId: keyID, CRLDistributionPoints: template.CRLURLs, OCSPServer: template.OCSPURLs,
	}
	switch template.Profile {
	case ProfileRoot:
		filled.IsCA, filled.AuthorityKeyId = true, keyID
	case ProfileIssuingCA:
		filled.IsCA, filled.MaxPathLenZero = true, true
	case ProfileTimeStamping:
		// RFC 3161 2.3 asks for a critical extension, which the library's own field does not give.
		oid, err := der.EncodeOID(OIDTimeStamping)
		if err != nil {
			return nil, err
		}
		filled.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: true, Value: der.EncodeSequence(oid)}}
	}
	return filled, nil
}

// checkIssuer refuses an issuer that may not issue this, and a key that is not the issuer's.
func checkIssuer(template CertificateTemplate, issuer *Certificate, key crypto.Signer) error {
	switch {
	case !issuer.IsCA || issuer.HasKeyUsage && issuer.KeyUsage&UsageCertSign == 0:
		return fmt.Errorf("%w: issuer is not a CA", ErrTemplate)
	case template.Profile == ProfileIssuingCA && issuer.PathLen == 0:
		return fmt.Errorf("%w: issuer may not make CAs", ErrTemplate)
	case template.NotBefore.Before(issuer.NotBefore) || template.NotAfter.After(issuer.NotAfter):
		return fmt.Errorf("%w: validity is outside the issuer's", ErrTemplate)
	case !samePublicKey(issuer.PublicKey, key.Public()):
		return fmt.Errorf("%w: key is not the issuer's", ErrTemplate)
	case template.PublicKey == nil:
		return fmt.Errorf("%w: no public key", ErrTemplate)
	}
	return nil
}

// samePublicKey compares two keys.
func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// keyIdentifier is the first 20 octets of SM3 over SubjectPublicKeyInfo.
func keyIdentifier(public crypto.PublicKey) ([]byte, error) {
	encoded, err := smx509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	sum := sm3.Sum(encoded)
	return sum[:20], nil
}

// randomSerial is a positive number of 127 random bits (RFC 5280 4.1.2.2).
func randomSerial(random io.Reader) (*big.Int, error) {
	octets := make([]byte, 16)
	if _, err := io.ReadFull(random, octets); err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	octets[0] = octets[0]&0x7f | 0x40
	return new(big.Int).SetBytes(octets), nil
}

// readBack reads what was made and verifies it.
func readBack(encoded []byte, issuer *Certificate) (*Certificate, error) {
	certificate, err := ParseCertificate(encoded)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		issuer = certificate
	}
	if err := certificate.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("made certificate does not verify: %w", err)
	}
	if len(certificate.Deviations) > 0 {
		return nil, fmt.Errorf("%w: made certificate deviates: %v", ErrTemplate, certificate.Deviations)
	}
	return certificate, nil
}

// MakeRequest makes a certificate request (PKCS #10, RFC 2986) that proves possession of the key.
func MakeRequest(random io.Reader, subject Subject, key crypto.Signer) ([]byte, error) {
	name, err := subject.name()
	if err != nil {
		return nil, err
	}
	encoded, err := smx509.CreateCertificateRequest(random, &smx509.CertificateRequest{Subject: name}, key)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if _, err := ParseRequest(encoded); err != nil {
		return nil, err
	}
	return encoded, nil
}

// Request is a certificate request whose signature holds.
type Request struct {
	Raw       []byte
	Subject   Name
	PublicKey crypto.PublicKey
}

// ParseRequest reads a certificate request and verifies its proof of possession. Errors wrap ErrRequest.
func ParseRequest(input []byte) (*Request, error) {
	reader := &der.Reader{Strict: true}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	fields, err := reader.Members(value, "CertificationRequest", 3, 3)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	algorithm, err := parseAlgorithm(reader, fields[1])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	signature, err := reader.BitString(fields[2])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	members, err := reader.Members(fields[0], "CertificationRequestInfo", 3, 4) // some leave the attributes out
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	request := &Request{Raw: value.Raw}
	if request.Subject, err = parseName(reader, members[1]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if request.PublicKey, err = parseKeyInfo(reader, members[2]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := CheckSignature(request.PublicKey, algorithm, fields[0].Raw, signature, FormDER); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return request, nil
}

// CRLTemplate asks for a CRL.
type CRLTemplate struct {
	Number     *big.Int // grows with every list
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    []CRLEntry
}

// MakeCRL makes a version 2 CRL, reads it back and verifies it. Errors wrap ErrTemplate.
func MakeCRL(random io.Reader, template CRLTemplate, issuer *Certificate, key crypto.Signer) (*CRL, error) {
	if template.Number == nil || template.Number.Sign() < 0 || !template.NextUpdate.After(template.ThisUpdate) {
		return nil, fmt.Errorf("%w: CRL number or times", ErrTemplate)
	}
	if !samePublicKey(issuer.PublicKey, key.Public()) {
		return nil, fmt.Errorf("%w: key is not the issuer's", ErrTemplate)
	}
	parent, err := smx509.ParseCertificate(issuer.Raw)
	if err != nil {
		return nil, fmt.Errorf("%w: issuer: %w", ErrTemplate, err)
	}
	list := &smx509.RevocationList{Number: template.Number, ThisUpdate: template.ThisUpdate, NextUpdate: template.NextUpdate}
	for _, entry := range template.Entries {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: entry.Serial, RevocationTime: entry.RevokedAt, ReasonCode: int(entry.Reason)})
	}
	encoded, err := smx509.CreateRevocationList(random, list, parent, key)
	if err != nil {
		return nil, fmt.Errorf("make CRL: %w", err)
	}
	crl, err := ParseCRL(encoded)
	if err != nil {
		return nil, err
	}
	if err := crl.CheckSignatureFrom(issuer); err != nil {
		return nil, errors.Join(ErrTemplate, err)
	}
	if !bytes.Equal(crl.AuthorityKeyID, issuer.SubjectKeyID) {
		return nil, fmt.Errorf("%w: authority key identifier", ErrTemplate)
	}
	return crl, nil
}

// EncodePEM writes the CRL as PEM.
func (c *CRL) EncodePEM() []byte { return encodePEM("X509 CRL", c.Raw) }
