package proofing

import (
	"context"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Certified is whom a certificate names whose holder signed a challenge just now; chain, revocation and signature were judged before.
type Certified struct {
	Name, Number string
	Kinds        []string // of documents that the number may be of
	Issuer       string   // distinguished name of the authority
	Serial       string   // hex
	Certificate  string   // SM3 of the certificate, hex
	Evidence     string   // SM3 over certificate, challenge and signature, hex
	Ceiling      subject.IAL
	Until        time.Time // from when the certificate holds no more
}

// CertificateReader reads whom a certificate of a person names; its errors are refusals and hold nothing of the certificate.
type CertificateReader interface {
	Person(c *pki.Certificate) (Certified, error)
}

// certified is the part of it that a case keeps until the evidence is stored.
type certified struct {
	Source string `json:"source"`
	// Issuer, Authority and Serial name it, so that its revocation is found; none in cases of an earlier release.
	Issuer    string      `json:"issuer,omitempty"`
	Authority string      `json:"authority,omitempty"`
	Serial    string      `json:"serial,omitempty"`
	Evidence  string      `json:"evidence"`
	Ceiling   subject.IAL `json:"ceiling"`
	Until     time.Time   `json:"until"`
}

// capped is what a level comes to when a key that may lie in software stands behind it.
func (q Query) capped(level Level) Level {
	if q.Certified != nil {
		level.IAL = min(level.IAL, q.Certified.Ceiling)
	}
	return level
}

// Shown is a certificate whose holder signed a challenge just now.
type Shown struct {
	Certificate *pki.Certificate
	Authority   string // SM3 of the public key that signed it, hex
	Evidence    string // SM3 over certificate, challenge and signature, hex
}

// keep is what a case keeps of it.
func (shown Shown) keep(named Certified) *certified {
	return &certified{Source: named.Issuer, Issuer: named.Issuer, Authority: shown.Authority, Serial: named.Serial, Evidence: shown.Evidence, Ceiling: named.Ceiling, Until: named.Until}
}

// Certify raises the level of whoever showed a certificate. It must name the person whom the account proved, by the document that the
// account proved; nobody is asked, so there is no silence.
func (s *Service) Certify(ctx context.Context, accountID string, in Submission, held Shown) (subject.IAL, error) {
	person, err := s.cfg.Accounts.Person(ctx, accountID)
	if err != nil {
		return 0, err
	}
	kind, err := s.kindOf(person, in.Kind)
	if err != nil {
		return 0, err
	}
	offer, err := s.Offer(person, kind, Certificate)
	if err != nil {
		return 0, err
	}
	shown, err := offer.Method.Reader.Person(held.Certificate)
	if err != nil {
		return 0, fault.Wrap(err, fault.ProofingCertificateBare)
	}
	shown.Evidence = held.Evidence
	q := Query{Name: person.Name, IDType: kind.Kind, IDNumber: person.IDNumber, Nationality: person.Nationality, Birth: person.Birth, Expires: person.IDExpires,
		Certified: held.keep(shown)}
	refusal := s.compare(&q, offer.Held, kind, shown)
	level := q.capped(offer.Level)
	c, err := s.open(ctx, accountID, level, &q)
	if err != nil {
		return 0, err
	}
	if refusal == "" {
		if err := s.oldEnough(level, bornOn(q.identity())); err != nil {
			return 0, err
		}
	}
	return s.certify(ctx, c, q, level, shown, refusal)
}

// certify closes a case of a certificate: refused with what it named on record, or granted.
func (s *Service) certify(ctx context.Context, c Case, q Query, level Level, shown Certified, refusal fault.Code) (subject.IAL, error) {
	details := func(kind string) audit.Event {
		e := s.event(ctx, c, kind)
		e.Details["issuer"], e.Details["serial"], e.Details["certificate"], e.Details["evidence"] = shown.Issuer, shown.Serial, shown.Certificate, shown.Evidence
		return e
	}
	if refusal != "" {
		c.State, c.Sealed = Rejected, []byte{}
		e := details("proofing.certificate_refused")
		e.Details["code"] = string(refusal)
		if err := s.cfg.Store.PutCase(ctx, c, nil, audit.With(e)); err != nil {
			return 0, fault.Wrap(err, fault.Unavailable)
		}
		return 0, fault.New(refusal)
	}
	c.State = Passed // decided: what is left is to store it, also when this process dies now
	if err := s.putWith(ctx, c, q, nil, details("proofing.certificate")); err != nil {
		return 0, err
	}
	return s.grantCertified(ctx, c, q, level)
}

// compare tells why a certificate does not prove what the account needs; empty when it does. Where the account has no identity yet the
// certificate gives one, of a document that needs nothing beside name and number.
func (s *Service) compare(q *Query, held bool, kind subject.DocumentKind, shown Certified) fault.Code {
	if !slices.Contains(shown.Kinds, kind.Kind) || !held && (kind.Expires || kind.AsksBirth || kind.Nationality == subject.NationalityAsked) {
		return fault.ProofingCertificateKind
	}
	document, err := kind.Parse(shown.Number, q.Nationality)
	if err != nil {
		return fault.ProofingCertificateKind
	}
	name, err := subject.ParseName(shown.Name)
	if err != nil || !slices.Contains(kind.Scripts, name.Script) {
		return fault.ProofingCertificateBare
	}
	if !held {
		q.Name, q.IDNumber = name.Text, document.Number
		return ""
	}
	documents := s.cfg.Accounts.Documents()
	if documents.LookupKey(kind.Kind, q.IDNumber, q.Nationality) != documents.LookupKey(kind.Kind, document.Number, q.Nationality) || !subject.SameName(q.Name, name.Text) {
		return fault.ProofingCertificateOther
	}
	return ""
}

// grantCertified stores the evidence of a certificate; the level ends with the certificate.
func (s *Service) grantCertified(ctx context.Context, c Case, q Query, level Level) (subject.IAL, error) {
	return s.grant(ctx, c, q, level, q.Certified.Source, Answer{Verdict: Match, Digest: q.Certified.Evidence})
}

// certificateEnds narrows how long a proof holds to the certificate behind it, and names that one.
func (q Query) certificateEnds(proof *idp.Proof) {
	if q.Certified != nil && q.Certified.Authority != "" {
		proof.Certificate = &idp.ProofCertificate{Issuer: q.Certified.Issuer, Authority: q.Certified.Authority, Serial: q.Certified.Serial, Ends: q.Certified.Until}
	}
	if q.Certified != nil && (proof.Until.IsZero() || q.Certified.Until.Before(proof.Until)) {
		proof.Until = q.Certified.Until
	}
}
