package verify

import (
	"bytes"
	"crypto/ecdsa"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// signatureJudge walks the steps of one signature (GB/T 38540-2020 6.3 and 7.3) and writes a check for each.
type signatureJudge struct {
	*judgement
	out       *Signature
	worst     effect
	badTime   bool             // the signing time has failed already
	signerKey *ecdsa.PublicKey // SM2 key of the signer, for digests that fold in Z
	proof     proof            // what a token over the signature value proves
	inPDF     bool             // the value binds the file itself
}

func (j *judgement) newSignature(id, kind, structure string) *signatureJudge {
	return &signatureJudge{judgement: j, out: &Signature{ID: id, Type: kind, Structure: structure, Checks: []Check{}}}
}

func (s *signatureJudge) finish() {
	s.out.Verdict = Valid
	switch s.worst {
	case indeterminate:
		s.out.Verdict = Indeterminate
	case invalid:
		s.out.Verdict = Invalid
	}
	s.result.Signatures = append(s.result.Signatures, *s.out)
}

// clauses of the checks that pass; a failed one carries the clause of its reason.
var clauses = map[string]string{
	"seal_format": "GB/T 38540-2020 6.3 a", "seal_signature": "GB/T 38540-2020 6.3 b", "seal_maker_cert": "GB/T 38540-2020 6.3 c",
	"seal_period": "GB/T 38540-2020 6.3 d", "seal_status": "国办发〔2025〕33号", "sig_format": "GB/T 38540-2020 7.3 a",
	"sig_value": "GB/T 38540-2020 7.3 b", "signer_cert": "GB/T 38540-2020 7.3 c", "signing_time": "GB/T 38540-2020 7.3 d",
	"data_hash": "GB/T 38540-2020 7.3 e", "references": "GB/T 33190-2016 18.2", "signer_in_seal": "GB/T 38540-2020 7.3 g",
	"timestamp": "GB/T 38540-2020 7.3 h", "coverage": "GB/T 33190-2016 18",
}

func (s *signatureJudge) check(name string, status Status, code, detail string) {
	c := Check{Name: name, Status: status, Code: code, Clause: clauses[name]}
	if code != "" {
		c.Message, c.Clause = s.judge.Text(code, s.options.Locale)
		if detail != "" {
			c.Message += ": " + detail
		}
	}
	s.out.Checks = append(s.out.Checks, c)
}

func (s *signatureJudge) passed(name string)  { s.check(name, Passed, "", "") }
func (s *signatureJudge) skipped(name string) { s.check(name, Skipped, "", "") }

func (s *signatureJudge) failed(name, code, detail string) {
	s.check(name, Failed, code, detail)
	s.reason(code, detail)
	s.worst = invalid
}

func (s *signatureJudge) unknown(name, code, detail string) {
	s.check(name, Unknown, code, detail)
	s.reason(code, detail)
	s.worst = max(s.worst, indeterminate)
}

// deviations names what was tolerated; --strict refuses it.
func (s *signatureJudge) deviations(list []ses.Deviation) {
	for _, d := range list {
		if s.options.Strict {
			s.failed("sig_format", "SIG_FORMAT", string(d))
			continue
		}
		s.reason("deviation", string(d))
	}
}

// sealSignature judges a SES_Signature. description holds the OFD's side, nil for a bare value.
func (s *signatureJudge) sealSignature(signature *ses.Signature, description *ofd.Signature) {
	s.passed("sig_format")
	s.deviations(signature.Deviations)
	s.deviations(signature.Seal.Deviations)
	signer, err := s.options.Memo.Certificate(signature.SignerCert)
	if err != nil {
		s.failed("signer_cert", "SIGNER_CERT_CHAIN", err.Error())
	}
	switch {
	case signature.Timestamp != nil:
		s.proof = s.timestamp(signature.Timestamp, signature.SignatureValue, signature.Time.Moment, clauses["timestamp"])
	case len(signature.Time.Token) > 0: // it stands inside what is signed, so it says that the value came later, not when
		s.check("timestamp", Skipped, "timestamp_unjudged", "")
		s.reason("timestamp_unjudged", "")
	default:
		s.skipped("timestamp")
	}
	moment := s.moment(signature.Time.Moment)
	if signer != nil {
		s.describeSigner(signer)
		encoding, err := signature.CheckSignature(signer, s.options.Memo)
		s.value("sig_value", "SIG_VALUE", encoding, err)
		s.signerCertificate(signer, moment)
	}
	if description != nil {
		s.dataHash(signature, description)
	}
	s.seal(signature.Seal, moment, false)
	if signature.Seal.ListsSigner(signature.SignerCert) {
		s.passed("signer_in_seal")
	} else {
		s.failed("signer_in_seal", "SIGNER_NOT_IN_SEAL", "")
	}
}

// moment takes the signing time: what a token proves, otherwise the claim. The claim is judged against now in any case.
func (s *signatureJudge) moment(claimed time.Time) time.Time {
	if !s.proof.proven() {
		return s.claim(claimed)
	}
	if !claimed.IsZero() {
		s.claim(claimed)
	}
	utc := s.proof.at.UTC()
	s.out.SigningTime, s.out.TimeSource = &utc, "timestamp"
	return s.proof.at
}

func (s *signatureJudge) claim(claimed time.Time) time.Time {
	if claimed.IsZero() {
		s.unknown("signing_time", "time_missing", "")
		return claimed
	}
	utc := claimed.UTC()
	s.out.SigningTime, s.out.TimeSource = &utc, "claimed"
	if claimed.After(s.options.At.Add(clockTolerance)) {
		s.badTime = true
		s.failed("signing_time", "time", utc.Format(time.RFC3339))
	}
	return claimed
}

// value turns the outcome of a signature check into a check; the more exact code of the SM2 check wins.
func (s *signatureJudge) value(name, code string, encoding pki.Encoding, err error) {
	if err != nil {
		if exact := pki.Code(err); exact != "" && exact != pki.CodeValue {
			s.reason(code, "")
			code = exact
		}
		s.failed(name, code, "")
		return
	}
	if encoding == pki.EncodingRaw {
		if s.options.Strict {
			s.failed(name, "der", "r‖s")
			return
		}
		s.reason("deviation", "signature value r‖s")
	}
	s.passed(name)
}

func (s *signatureJudge) describeSigner(c *pki.Certificate) {
	s.out.Signer = &Signer{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialHex(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC()}
	s.signerKey, _ = c.SM2Key()
	s.options.Seen.certificate(c)
	for _, oddity := range c.Oddities {
		s.reason("deviation", oddity)
	}
}

const signing = pki.UsageDigitalSignature | pki.UsageNonRepudiation

// signerCertificate is steps c and d of GB/T 38540-2020 7.3.
func (s *signatureJudge) signerCertificate(c *pki.Certificate, moment time.Time) {
	if !moment.IsZero() {
		switch text := moment.UTC().Format(time.RFC3339); {
		case !c.InPeriod(moment):
			if moment.Before(c.NotBefore) { // nobody could have signed then (S-23)
				s.reason("time", text)
			}
			s.failed("signing_time", "SIGN_TIME_OUTSIDE_CERT", text)
		case !s.badTime:
			s.passed("signing_time")
		}
	}
	s.chain("signer_cert", trustlist.SealSigner, c, moment, s.proof, "SIGNER_CERT_CHAIN", "SIGNER_CERT_USAGE", "", func(issuer *pki.Certificate) {
		s.revocation("signer_cert", c, issuer, moment, s.proof, "SIGNER_REVOKED_BEFORE")
	})
}

// chain judges a certificate's chain at a moment, without its periods when the moment is not known. ended is the code for its own period, empty when that is judged
// elsewhere.
func (s *signatureJudge) chain(name string, use trustlist.Use, c *pki.Certificate, at time.Time, proven proof, broken, usage, ended string, revocation func(issuer *pki.Certificate)) {
	moment := at
	if moment.IsZero() { // nobody knows when; what is trusted now counts
		moment = s.options.At
	}
	options := pki.ChainOptions{Roots: s.options.anchors.Pool(use, moment), Intermediates: s.options.Intermediates, At: at, Usage: signing, IgnorePeriods: at.IsZero(), Memo: s.options.Memo}
	chain, err := pki.BuildChain(c, options)
	reason, failedAt := pki.ReasonOf(err), c
	if failure, ok := err.(*pki.ChainError); ok {
		failedAt = failure.Certificate
	}
	switch {
	case err == nil:
		issuer := chain[len(chain)-1]
		if len(chain) > 1 {
			issuer = chain[1]
		}
		if s.granted(name, use, chain, moment, proven) && s.authorities(name, chain, at, proven, broken) {
			revocation(issuer)
		}
	case reason == pki.ReasonUsage:
		s.failed(name, usage, err.(*pki.ChainError).Detail)
	case (reason == pki.ReasonExpired || reason == pki.ReasonNotYetValid) && failedAt.Equal(c):
		if ended != "" {
			s.failed(name, ended, "")
			return
		}
		s.check(name, Failed, "SIGN_TIME_OUTSIDE_CERT", "") // the reason stands at the signing time
		s.worst = invalid
	case reason == pki.ReasonUntrustedRoot || reason == pki.ReasonBudget:
		s.untrusted(name, use, c, options, moment, usage)
	default:
		if pki.Code(err) == pki.CodeAlgorithm { // inner and outer algorithm differ, or one that does not fit the key (S-07)
			s.reason("SIG_ALG", failedAt.Subject.String())
		}
		s.failed(name, broken, fmt.Sprintf("%s: %s", reason, failedAt.Subject))
	}
}

// granted judges what trust lists say of the authorities of a chain that leads to a trusted one, and tells whether all stand. One that was
// withdrawn by the moment is trusted no more, whoever certified it; after a compromise only a proven time helps.
func (s *signatureJudge) granted(name string, use trustlist.Use, chain []*pki.Certificate, moment time.Time, proven proof) bool {
	for _, authority := range chain[min(1, len(chain)-1):] {
		switch standing := s.options.anchors.Standing(authority, use, moment); {
		case !standing.Granted && standing.Reason != "":
			s.unknown(name, "authority_not_granted", authority.Subject.String())
			return false
		case standing.Reason == trustlist.Compromised && !proven.clears(standing.WithdrawnAt):
			s.unknown(name, "time_untrusted", standing.WithdrawnAt.UTC().Format(time.RFC3339))
			return false
		}
	}
	return true
}

// untrusted says as exactly as the trust lists allow why no trusted authority stands behind a certificate (S-12, S-20): listed, but not at
// that moment; listed, but for something else; not listed. A maker under an authority that is not for makers lacks the role, which speaks
// against the seal.
func (s *signatureJudge) untrusted(name string, use trustlist.Use, c *pki.Certificate, options pki.ChainOptions, moment time.Time, usage string) {
	for _, passed := range s.options.anchors.Passed {
		s.reason("trust_list_"+passed.Reason, passed.List.URI)
	}
	options.Roots = s.options.anchors.Listed()
	if chain, err := pki.BuildChain(c, options); err == nil {
		anchor := chain[len(chain)-1]
		standing := s.options.anchors.Standing(anchor, use, moment)
		switch {
		case standing.Other && use == trustlist.SealMaker:
			s.failed(name, usage, anchor.Subject.String())
			return
		case standing.Other:
			s.unknown(name, "authority_use", anchor.Subject.String())
			return
		case standing.Known && !standing.Granted:
			s.unknown(name, "authority_not_granted", anchor.Subject.String())
			return
		}
	}
	s.unknown(name, "untrusted_root", c.Issuer.String())
}

// authorities judges the revocation of the certificates between the first and the root, and tells whether none speaks
// against the chain. One that was revoked later than the moment could still issue then, if the moment is true.
func (s *signatureJudge) authorities(name string, chain []*pki.Certificate, moment time.Time, proven proof, broken string) bool {
	for i := 1; i < len(chain)-1; i++ {
		answer := s.options.Memo.CheckEvidence(chain[i], chain[i+1], s.options.Evidence(), s.options.At)
		switch {
		case answer.State == pki.RevocationRevoked && (moment.IsZero() || !answer.RevokedAt.After(moment)):
			s.failed(name, broken, fmt.Sprintf("revoked: %s", chain[i].Subject))
			return false
		case answer.State == pki.RevocationRevoked && !proven.clears(answer.RevokedAt):
			s.unknown(name, "time_untrusted", answer.RevokedAt.UTC().Format(time.RFC3339))
			return false
		case answer.State == pki.RevocationUnknown && chain[i].NamesEvidence():
			s.unknown(name, "revocation_unknown", chain[i].Subject.String())
			return false
		}
	}
	return true
}

// revocation judges what the lists say about the certificate (security row S-11). A certificate that points to no
// evidence needs none.
func (s *signatureJudge) revocation(name string, c, issuer *pki.Certificate, moment time.Time, proven proof, before string) {
	answer := s.options.Memo.CheckEvidence(c, issuer, s.options.Evidence(), s.options.At)
	switch {
	case answer.State == pki.RevocationRevoked && !moment.IsZero() && answer.RevokedAt.After(moment):
		if proven.clears(answer.RevokedAt) {
			s.passed(name)
			return
		}
		// Only a trusted time could show that the signature was made before.
		s.unknown(name, "time_untrusted", answer.RevokedAt.UTC().Format(time.RFC3339))
	case answer.State == pki.RevocationRevoked:
		s.failed(name, before, answer.RevokedAt.UTC().Format(time.RFC3339))
	case answer.State == pki.RevocationUnknown && c.NamesEvidence() && !c.IsSelfSigned():
		s.unknown(name, "revocation_unknown", strings.Join(answer.Ignored, "; "))
	default:
		s.passed(name)
	}
}

// seal is GB/T 38540-2020 6.3. A seal inside a signature is judged at the signing time, a bare one now; the maker's
// certificate at the time the seal was made, since real seals outlive it.
func (s *signatureJudge) seal(seal *ses.Seal, moment time.Time, bare bool) {
	s.passed("seal_format")
	maker, err := s.options.Memo.Certificate(seal.MakerCert)
	name := ""
	if err == nil {
		name = maker.Subject.String()
		s.options.Seen.certificate(maker)
	}
	if s.options.Seen != nil {
		s.options.Seen.Seals = append(s.options.Seen.Seals, seal.ESID)
	}
	p := seal.Property
	s.out.Seal = &Seal{SealID: seal.ESID, Name: p.Name, Maker: name, Type: p.Type, ValidFrom: p.ValidStart.UTC(), ValidTo: p.ValidEnd.UTC(),
		Picture: Picture{Type: strings.ToLower(seal.Picture.Type), WidthMM: seal.Picture.WidthMM, HeightMM: seal.Picture.HeightMM}}
	if s.out.Seal.Personal() {
		s.reason("seal_personal", p.Name)
	}
	if err != nil {
		s.failed("seal_maker_cert", "SEAL_MAKER_CERT_CHAIN", err.Error())
	} else {
		encoding, err := seal.CheckSignature(maker, s.options.Memo)
		s.value("seal_signature", "SEAL_SIGNATURE", encoding, err)
		// A token over the seal proves when it was made; one over a signature that holds the seal proves that it was there.
		made, stamp := p.CreateDate, s.sealTimestamp(seal.SignatureValue, seal.Timestamp, p.CreateDate)
		if stamp.proven() {
			made = stamp.at
		}
		proven := stamp.earlier(s.proof)
		s.chain("seal_maker_cert", trustlist.SealMaker, maker, made, proven, "SEAL_MAKER_CERT_CHAIN", "SEAL_MAKER_CERT_USAGE", "SEAL_MAKER_CERT_EXPIRED", func(issuer *pki.Certificate) {
			s.revocation("seal_maker_cert", maker, issuer, made, proven, "SEAL_MAKER_CERT_REVOKED")
		})
	}
	s.sealPeriod(seal, moment, bare)
	s.sealStatus(seal, maker, moment)
}

func (s *signatureJudge) sealPeriod(seal *ses.Seal, moment time.Time, bare bool) {
	switch {
	case moment.IsZero():
		s.check("seal_period", Unknown, "time_missing", "")
	case seal.InPeriod(moment):
		s.passed("seal_period")
	case !bare:
		s.failed("seal_period", "SIGN_TIME_OUTSIDE_SEAL", moment.UTC().Format(time.RFC3339))
	case moment.Before(seal.Property.ValidStart):
		s.failed("seal_period", "SEAL_NOT_YET_VALID", "")
	default:
		s.failed("seal_period", "SEAL_EXPIRED", seal.Property.ValidEnd.UTC().Format(time.RFC3339))
	}
}

// dataHash is step e: the signature binds exactly this Signature.xml.
func (s *signatureJudge) dataHash(signature *ses.Signature, description *ofd.Signature) {
	switch {
	case signature.BindsData(description.Raw):
		s.passed("data_hash")
	case !s.options.Strict && s.withZ(description.Raw, signature.DataHash):
		s.passed("data_hash")
		s.reason("deviation", "dataHash = SM3(Z‖M)")
	default:
		s.failed("data_hash", s.unbound(), "")
	}
	if signature.PropertyInfo != description.Path {
		s.reason("property", "")
	}
}

// withZ is a vendor's digest SM3(Z‖M) with the signer's key.
func (s *signatureJudge) withZ(message, digest []byte) bool {
	want, err := pki.SM2Digest(s.signerKey, nil, message)
	return err == nil && bytes.Equal(want, digest)
}

// message judges a GB/T 35275 or PKCS #7 value; description is nil for a bare one.
func (s *signatureJudge) message(message *pki.SignedData, description *ofd.Signature) {
	if len(message.Signers) != 1 {
		s.unknown("sig_format", "signer_unknown", fmt.Sprintf("%d signers", len(message.Signers)))
		return
	}
	s.passed("sig_format")
	signer := message.Signers[0]
	claimed := signer.SigningTime
	var raw []byte
	if description != nil {
		raw = description.Raw
		if claimed.IsZero() {
			claimed = parseDateTime(description.DateTime)
		}
	}
	for _, token := range signer.Timestamps { // the earliest proves most
		s.proof = s.proof.earlier(s.timestamp(token, signer.Signature, claimed, "RFC 5126 6.1.1"))
	}
	moment := s.moment(claimed)
	if signer.Certificate == nil {
		s.unknown("signer_cert", "signer_unknown", "")
		return
	}
	s.describeSigner(signer.Certificate)
	if raw == nil {
		raw = message.Content
	}
	outcome := s.verifySigner(message, signer, raw)
	s.value("sig_value", "SIG_VALUE", "", outcome.ValueErr)
	for _, d := range outcome.Deviations {
		s.reason("deviation", string(d))
	}
	if raw != nil {
		if outcome.DigestErr != nil {
			s.failed("data_hash", s.unbound(), "")
		} else {
			s.passed("data_hash")
		}
	}
	s.signerCertificate(signer.Certificate, moment)
}

// parseDateTime reads SignatureDateTime as vendors write it; without a zone it is UTC+8.
func parseDateTime(text string) time.Time {
	china := time.FixedZone("UTC+8", 8*3600)
	for _, layout := range []string{"20060102150405Z", "20060102150405.999Z", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	for _, layout := range []string{"20060102150405", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, china); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
