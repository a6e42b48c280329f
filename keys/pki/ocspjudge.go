package pki

import (
	"bytes"
	"crypto/sha1" // names the responder's key (RFC 6960 4.2.1), which the signature then proves
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// Evidence is what says whether certificates are revoked: lists and answers of responders, in any order.
type Evidence struct {
	CRLs []*CRL
	OCSP []*OCSPResponse
	// More is asked about a certificate that names places of evidence when nothing usable is here: the caller's way to the network, and
	// why it found nothing. nil asks nobody. CheckEvidence judges what it gives like everything else, so it may come from anywhere.
	More func(certificate, issuer *Certificate) (further Evidence, problems []string)
}

// CheckEvidence asks the evidence about a certificate of the issuer. A list is used as CheckRevocation says. An answer of a
// responder is used when it is successful and about this certificate, its period holds at now, nothing critical in it is
// beyond us, and it is signed by the issuer itself or by a responder that the issuer's own key made for this
// (RFC 6960 4.2.2.2). Revoked in anything usable is revoked; an answer "unknown" is no "good" (security row S-16).
func (m *Memo) CheckEvidence(certificate, issuer *Certificate, evidence Evidence, now time.Time) Revocation {
	result := m.checkHere(certificate, issuer, evidence, now)
	if result.State != RevocationUnknown || evidence.More == nil || !certificate.NamesEvidence() {
		return result
	}
	further, problems := evidence.More(certificate, issuer)
	further.CRLs = append(further.CRLs, evidence.CRLs...) // a responder's own certificate may be on a list that was here before
	asked := m.checkHere(certificate, issuer, further, now)
	asked.Ignored = slices.Compact(append(append(result.Ignored, problems...), asked.Ignored...))
	return asked
}

// checkHere is CheckEvidence without asking for more.
func (m *Memo) checkHere(certificate, issuer *Certificate, evidence Evidence, now time.Time) Revocation {
	result := m.CheckRevocation(certificate, issuer, evidence.CRLs, now)
	for _, response := range evidence.OCSP {
		for i := range response.Singles {
			single := &response.Singles[i]
			if single.ID.Serial.Cmp(certificate.Serial) != 0 || !bytes.Equal(certificate.Issuer.Raw, issuer.Subject.Raw) || !single.ID.IssuedBy(issuer) {
				continue
			}
			if why := m.unusableAnswer(response, single, issuer, evidence.CRLs, now); why != nil {
				result.Ignored = append(result.Ignored, why.Error())
				continue
			}
			result.take(single)
		}
	}
	return result
}

// take merges an answer that may be used.
func (r *Revocation) take(single *OCSPSingle) {
	switch single.State {
	case RevocationRevoked:
		if r.State != RevocationRevoked || single.RevokedAt.Before(r.RevokedAt) {
			r.State, r.RevokedAt, r.Reason, r.ThisTime = RevocationRevoked, single.RevokedAt, single.Reason, single.ThisUpdate
		}
	case RevocationGood:
		if r.State == RevocationUnknown {
			r.State, r.ThisTime = RevocationGood, single.ThisUpdate
		}
	default:
		r.Ignored = append(r.Ignored, "the responder does not know the certificate")
	}
}

// unusableAnswer says why an answer may not be used, nil when it may.
func (m *Memo) unusableAnswer(response *OCSPResponse, single *OCSPSingle, issuer *Certificate, lists []*CRL, now time.Time) error {
	next := single.NextUpdate
	if next.IsZero() { // RFC 6960 4.2.2.1: newer answers are to be had at any time, so this one is not for keeping
		next = single.ThisUpdate.Add(ocspWithoutNext)
	}
	switch {
	case len(response.Unhandled) > 0 || len(single.Unhandled) > 0:
		return fmt.Errorf("critical extensions %v", append(response.Unhandled, single.Unhandled...))
	case now.Before(single.ThisUpdate) || now.Before(response.ProducedAt):
		return fmt.Errorf("begins %s", single.ThisUpdate.Format(time.RFC3339))
	case now.After(next):
		return fmt.Errorf("ended %s", next.Format(time.RFC3339))
	}
	_, err := m.check(response, issuer, func() error { return response.checkSigned(m, issuer, lists, now) })
	return err
}

// checkSigned finds who signed the response and whether that one may (RFC 6960 4.2.2.2).
func (r *OCSPResponse) checkSigned(m *Memo, issuer *Certificate, lists []*CRL, now time.Time) error {
	if r.namesResponder(issuer) {
		if issuer.HasKeyUsage && issuer.KeyUsage&(UsageDigitalSignature|UsageNonRepudiation|UsageCertSign|UsageCRLSign) == 0 {
			return fmt.Errorf("%w: issuer may not sign", ErrOCSP)
		}
		return r.checkSignatureBy(issuer)
	}
	for _, responder := range r.Certificates {
		if r.namesResponder(responder) {
			if err := delegated(m, responder, issuer, lists, now); err != nil {
				return err
			}
			return r.checkSignatureBy(responder)
		}
	}
	return fmt.Errorf("%w: the responder's certificate is not here", ErrOCSP)
}

// namesResponder compares responderID.
func (r *OCSPResponse) namesResponder(certificate *Certificate) bool {
	if r.ResponderName != nil {
		return bytes.Equal(r.ResponderName, certificate.Subject.Raw)
	}
	key, err := certificate.keyOctets()
	if err != nil {
		return false
	}
	first, third := sha1.Sum(key), sm3.Sum(key)
	return bytes.Equal(r.ResponderKey, first[:]) || bytes.Equal(r.ResponderKey, third[:])
}

func (r *OCSPResponse) checkSignatureBy(certificate *Certificate) error {
	return CheckSignature(certificate.PublicKey, r.Algorithm, r.RawTBS, r.SignatureValue, FormDER)
}

// delegated judges a responder's certificate: issued by the very issuer of the certificate in question, for OCSP, valid now,
// and not revoked as far as it names evidence; ocsp-nocheck says that none is needed (RFC 6960 4.2.2.2.1).
func delegated(m *Memo, responder, issuer *Certificate, lists []*CRL, now time.Time) error {
	refuse := func(why string) error { return fmt.Errorf("%w: responder %s", ErrOCSP, why) }
	switch {
	case !bytes.Equal(responder.Issuer.Raw, issuer.Subject.Raw):
		return refuse("of another issuer")
	case responder.IsCA:
		return refuse("is a CA")
	case !responder.InPeriod(now):
		return refuse("is not valid now")
	case len(responder.Unhandled) > 0:
		return refuse(fmt.Sprintf("has critical extensions %v", responder.Unhandled))
	case responder.HasKeyUsage && responder.KeyUsage&SealUsage == 0:
		return refuse("may not sign")
	}
	if err := CheckUsage(responder, 0, OIDOCSPSigning); err != nil {
		return errors.Join(refuse("is not for OCSP"), err)
	}
	if _, err := m.check(responder, issuer, func() error { return responder.CheckSignatureFrom(issuer) }); err != nil {
		return errors.Join(refuse("is not the issuer's"), err)
	}
	if _, trusted := responder.Extension(oidOCSPNoCheck); trusted {
		return nil
	}
	switch answer := m.CheckRevocation(responder, issuer, lists, now); {
	case answer.State == RevocationRevoked:
		return refuse("is revoked")
	case answer.State == RevocationUnknown && responder.NamesEvidence():
		return refuse("is of unknown revocation")
	}
	return nil
}
