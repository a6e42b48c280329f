package tst

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" // the digest of signingCertificate in RFC 3161; named as a deviation
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Options say what is trusted, what evidence there is, and what was asked for.
type Options struct {
	Roots         *pki.Pool // nil trusts nobody
	Intermediates *pki.Pool // help beside the certificates of the token; also searched for the signer's
	Evidence      pki.Evidence
	At            time.Time     // now: genTime may not lie after it
	Tolerance     time.Duration // how far genTime may lie after At, for clocks that differ
	Policies      []string      // accepted policies; any when empty
	Nonce         *big.Int      // of the request; nil when there was none
	Memo          *pki.Memo     // optional
}

// Judgement is what Judge found.
type Judgement struct {
	Certificate *pki.Certificate // of the authority, nil when it is not here
	Findings    []error          // each with a Code; none means that the time is proven
	Deviations  []Deviation
}

// Proven tells that nothing speaks against the token and nothing is left open.
func (j Judgement) Proven() bool { return len(j.Findings) == 0 }

// Latest is the moment that the token proves: what was stamped existed then, at the latest.
func (t *Token) Latest() time.Time { return t.Info.GenTime.Add(t.Info.Accuracy.Duration()) }

// Judge walks every step but the imprint, which only the caller can compare (see Imprint.Check): extensions, policy, nonce,
// genTime against now, the certificate that the signed attributes name, the value, the certificate's usage, its chain at
// genTime and the revocation of every certificate below the root. Steps go on after a failure, so that a report says all.
func (t *Token) Judge(o Options) Judgement {
	j := Judgement{Deviations: slices.Clone(t.Deviations)}
	find := func(err error) {
		if err != nil {
			j.Findings = append(j.Findings, err)
		}
	}
	if len(t.Info.Unhandled) > 0 {
		find(fmt.Errorf("%w: %v", ErrExtension, t.Info.Unhandled))
	}
	if len(o.Policies) > 0 && !slices.Contains(o.Policies, t.Info.Policy) {
		find(fmt.Errorf("%w: %s", ErrPolicy, t.Info.Policy))
	}
	if o.Nonce != nil && (t.Info.Nonce == nil || t.Info.Nonce.Cmp(o.Nonce) != 0) {
		find(ErrNonce)
	}
	if t.Info.GenTime.After(o.At.Add(o.Tolerance)) {
		find(fmt.Errorf("%w: %s", ErrTime, t.Info.GenTime.Format(time.RFC3339)))
	}
	certificate, err := t.signer(o.Intermediates)
	if err != nil {
		find(err)
		return j
	}
	j.Certificate = certificate
	find(t.checkValue(certificate, &j))
	t.nameCertificate(certificate, &j)
	if err := CheckUsage(certificate); err != nil {
		find(err)
	} else {
		find(t.checkChain(certificate, o))
	}
	return j
}

// signer finds the certificate that the signer identifier and the signing-certificate attributes name (RFC 3161 2.4.2): one
// of the same name and number but other octets is not it.
func (t *Token) signer(more *pki.Pool) (*pki.Certificate, error) {
	if len(t.certIDs) == 0 {
		return nil, fmt.Errorf("%w: no signing-certificate attribute", ErrBinding)
	}
	named := false
	for _, certificate := range append(slices.Clone(t.Certificates), more.Certificates()...) {
		if !t.identifies(certificate) {
			continue
		}
		named = true
		if bound := t.binds(certificate); bound {
			return certificate, nil
		}
	}
	if named {
		return nil, ErrBinding
	}
	return nil, ErrSignerUnknown
}

// identifies compares the signer identifier.
func (t *Token) identifies(certificate *pki.Certificate) bool {
	if t.SignerIssuer != nil {
		return bytes.Equal(certificate.Issuer.Raw, t.SignerIssuer) && certificate.Serial.Cmp(t.SignerSerial) == 0
	}
	return bytes.Equal(certificate.SubjectKeyID, t.SignerKeyID)
}

// binds tells whether every signing-certificate attribute names this certificate.
func (t *Token) binds(certificate *pki.Certificate) bool {
	for _, id := range t.certIDs {
		sum, ok := digest(id.digestOID, certificate.Raw)
		if id.digestOID == pki.OIDSHA1 {
			first := sha1.Sum(certificate.Raw)
			sum, ok = first[:], true
		}
		if !ok || !bytes.Equal(sum, id.digest) {
			return false
		}
		if id.issuer != nil {
			names := der.EncodeSequence(der.EncodeExplicit(4, certificate.Issuer.Raw)) // one directoryName
			if !bytes.Equal(names, id.issuer) || id.serial.Cmp(certificate.Serial) != 0 {
				return false
			}
		}
	}
	return true
}

// nameCertificate names what is odd about how the token names its certificate.
func (t *Token) nameCertificate(certificate *pki.Certificate, j *Judgement) {
	if !slices.ContainsFunc(t.certIDs, func(id certID) bool { return id.digestOID != pki.OIDSHA1 }) {
		j.Deviations = append(j.Deviations, CertificateIDSHA1)
	}
	if t.Info.TSA != nil && !namesCertificate(t.Info.TSA, certificate) {
		j.Deviations = append(j.Deviations, TSANameDiffers)
	}
}

// namesCertificate tells whether a GeneralName is the subject or one of the alternative names.
func namesCertificate(name []byte, certificate *pki.Certificate) bool {
	if bytes.Equal(name, der.EncodeExplicit(4, certificate.Subject.Raw)) {
		return true
	}
	alternative, _ := certificate.Extension("2.5.29.17") // what is absent or cannot be read has no names
	reader := &der.Reader{}
	value, _ := reader.Parse(alternative.Value)
	names, _ := reader.Sequence(value)
	return slices.ContainsFunc(names, func(have der.Value) bool { return bytes.Equal(have.Raw, name) })
}

// checkValue verifies messageDigest over TSTInfo and the signature over the attributes exactly as received under tag 0x31.
func (t *Token) checkValue(certificate *pki.Certificate, j *Judgement) error {
	sum, ok := digest(t.DigestAlgorithm.OID, t.RawInfo)
	switch {
	case !ok || !t.DigestAlgorithm.Plain():
		return fmt.Errorf("%w: %w: signed with %s", ErrDigest, pki.ErrAlgorithm, t.DigestAlgorithm.OID)
	case !bytes.Equal(sum, t.messageDigest):
		return fmt.Errorf("%w: messageDigest is not of TSTInfo", ErrSignature)
	}
	encoding, err := checkSignature(certificate, t.DigestAlgorithm, t.SignatureAlgorithm, der.EncodeSet(t.rawAttributes), t.Signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if encoding == pki.EncodingRaw {
		j.Deviations = append(j.Deviations, ValueRaw)
	}
	return nil
}

// Signature algorithms by digest. RSA is also named by its key type alone, as PKCS #7 does (RFC 3370 3.2).
var (
	rsaAlgorithms   = map[string]string{pki.OIDSHA256: pki.OIDSHA256WithRSA, pki.OIDSHA384: pki.OIDSHA384WithRSA, pki.OIDSHA512: pki.OIDSHA512WithRSA}
	ecdsaAlgorithms = map[string]string{pki.OIDSHA256: pki.OIDECDSAWithSHA256, pki.OIDSHA384: pki.OIDECDSAWithSHA384, pki.OIDSHA512: pki.OIDECDSAWithSHA512}
)

// checkSignature verifies a value whose algorithm must fit both the key and the digest.
func checkSignature(certificate *pki.Certificate, digestAlgorithm, algorithm pki.AlgorithmIdentifier, signed, value []byte) (pki.Encoding, error) {
	wrong := fmt.Errorf("%w: %s with %s and a key of %s", pki.ErrAlgorithm, algorithm.OID, digestAlgorithm.OID, pki.KeyName(certificate.PublicKey))
	if !algorithm.Plain() {
		return "", wrong
	}
	if public, ok := certificate.SM2Key(); ok {
		switch algorithm.OID {
		case pki.OIDSM2Sign, pki.OIDSM2WithSM3, pki.OIDSM2:
		default:
			return "", wrong
		}
		if digestAlgorithm.OID != pki.OIDSM3 && digestAlgorithm.OID != pki.OIDSM3Plain {
			return "", wrong
		}
		return pki.VerifySM2(public, nil, signed, value, pki.FormDEROrRaw)
	}
	want := ""
	switch certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if want = rsaAlgorithms[digestAlgorithm.OID]; algorithm.OID == pki.OIDRSAEncryption {
			algorithm.OID = want
		}
	case *ecdsa.PublicKey:
		want = ecdsaAlgorithms[digestAlgorithm.OID]
	}
	if want == "" || algorithm.OID != want {
		return "", wrong
	}
	return pki.EncodingDER, pki.CheckSignature(certificate.PublicKey, pki.AlgorithmIdentifier{OID: want}, signed, value, pki.FormDER)
}

// CheckUsage is RFC 3161 2.3: extKeyUsage holds timeStamping alone and is critical; a keyUsage allows signatures and nothing
// else; the certificate is no CA's. Errors wrap ErrUsage.
func CheckUsage(certificate *pki.Certificate) error {
	refuse := func(detail string) error { return fmt.Errorf("%w: %s", ErrUsage, detail) }
	switch {
	case len(certificate.ExtKeyUsage) != 1 || certificate.ExtKeyUsage[0] != pki.OIDTimeStamping:
		return refuse(fmt.Sprintf("extKeyUsage is %v", certificate.ExtKeyUsage))
	case !certificate.ExtUsageStrict:
		return refuse("extKeyUsage is not critical")
	case certificate.IsCA:
		return refuse("certificate of a CA")
	case certificate.HasKeyUsage && (certificate.KeyUsage&pki.SealUsage == 0 || certificate.KeyUsage&^pki.SealUsage != 0):
		return refuse(fmt.Sprintf("keyUsage is %v", certificate.KeyUsage.Names()))
	}
	return nil
}

// checkChain judges the chain at genTime and the revocation of its certificates.
func (t *Token) checkChain(certificate *pki.Certificate, o Options) error {
	help := pki.NewPool(t.Certificates...)
	for _, one := range o.Intermediates.Certificates() {
		help.Add(one)
	}
	memo := o.Memo
	if memo == nil {
		memo = &pki.Memo{}
	}
	chain, err := pki.BuildChain(certificate, pki.ChainOptions{Roots: o.Roots, Intermediates: help, At: t.Info.GenTime, Memo: memo})
	switch reason := pki.ReasonOf(err); {
	case reason == pki.ReasonUntrustedRoot || reason == pki.ReasonBudget:
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	case reason == pki.ReasonExpired || reason == pki.ReasonNotYetValid:
		return fmt.Errorf("%w: %w", ErrExpired, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrChain, err)
	}
	var open error
	for i := range len(chain) - 1 {
		answer := memo.CheckEvidence(chain[i], chain[i+1], o.Evidence, o.At)
		switch {
		case answer.State == pki.RevocationRevoked && !t.outlives(answer):
			return fmt.Errorf("%w: %s at %s", ErrRevoked, chain[i].Subject, answer.RevokedAt.UTC().Format(time.RFC3339))
		case answer.State == pki.RevocationUnknown && chain[i].NamesEvidence():
			open = errors.Join(open, fmt.Errorf("%w: %s %v", ErrNoEvidence, chain[i].Subject, answer.Ignored))
		}
	}
	return open
}

// outlives is RFC 3161 4, 1: a token made before its authority's certificate was revoked stays good only when the reason
// says that the key is safe. A list without a reason, or with one that tells of the key, ends all its tokens, since whoever
// has the key writes any genTime.
func (t *Token) outlives(answer pki.Revocation) bool {
	return answer.Reason.Planned() && answer.RevokedAt.After(t.Latest())
}
