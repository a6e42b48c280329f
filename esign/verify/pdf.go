package verify

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Clauses of the steps that a PDF takes in its own way.
const (
	clauseRange   = "ISO 32000-1 12.8.1"
	clauseChanges = "ISO 32000-1 12.8.2.2"
	clauseActions = "ISO 32000-1 12.6.4"
)

// pdf judges a PDF file: its structure, each signature with what happened behind it, and what is covered.
func (j *judgement) pdf(data []byte) {
	f, err := pdf.Open(data, pdf.Limits{})
	if err != nil {
		j.pdfError(err)
		return
	}
	signatures, err := f.Signatures()
	if err != nil {
		j.pdfError(err)
		return
	}
	lost, err := f.Lost(signatures)
	if err != nil {
		j.pdfError(err)
		return
	}
	for _, name := range lost { // a signature that was taken away (D-13)
		j.reason("changed_after", name)
	}
	signed, end, changed, octets := false, 0, false, 0
	for _, description := range signatures {
		if octets += description.End; octets > maxSignedOctets {
			j.reason(pdf.CodeLimit, "")
			return
		}
		changes, err := f.Changes(description, signatures)
		if err != nil {
			j.pdfError(err)
			return
		}
		j.pdfSignature(f, description, changes)
		signed = signed || description.Type != docTimeStamp
		end = max(end, description.End)
		changed = len(changes.Refused) > 0
	}
	switch {
	case signed || len(lost) > 0:
	case f.Unfinished(): // perhaps it was signed where it breaks off
		j.reason(pdf.CodeStructure, "")
	default: // a time stamp says when, not who
		j.reason("unsigned", "")
	}
	if len(signatures) > 0 {
		j.pdfCoverage(end, len(data), changed || len(lost) > 0)
		if outside := f.Outside(); len(outside) > 0 {
			for i := range outside {
				outside[i] = ofd.Shown(outside[i])
			}
			j.reason("external_reference", few(outside))
		}
	}
	for i := range j.result.Reasons {
		switch j.result.Reasons[i].Code {
		case "changed_after":
			j.result.Reasons[i].Clause = clauseChanges
		case "unsigned":
			j.result.Reasons[i].Clause = clauseRange
		case "external_reference":
			j.result.Reasons[i].Clause = clauseActions
		}
	}
}

// maxSignedOctets is what all signatures of a file sign together: each digests the file once more.
const maxSignedOctets = 320 << 20

const docTimeStamp = "DocTimeStamp"

func (j *judgement) pdfError(err error) {
	code, detail := pdf.CodeStructure, err.Error()
	if failure, ok := errors.AsType[*pdf.Error](err); ok {
		code = failure.Code
	}
	j.reason(code, detail)
}

// pdfCoverage says what follows behind the last signature.
func (j *judgement) pdfCoverage(end, size int, changed bool) {
	coverage := &Coverage{Complete: !changed, Uncovered: []Uncovered{}}
	j.result.Coverage = coverage
	if end >= size {
		return
	}
	role := ofd.Container // what verifies signatures, or metadata
	if changed {
		role = ofd.Visible
	}
	coverage.Uncovered = append(coverage.Uncovered, Uncovered{Path: fmt.Sprintf("%d-%d", end, size), Role: string(role)})
}

func (j *judgement) pdfSignature(f *pdf.File, description *pdf.Signature, changes pdf.Changes) {
	s := j.newSignature(description.Field, "sign", "cms")
	s.inPDF = true
	s.pdfPlacement(description)
	if description.Fault != nil {
		name := "references"
		if description.Fault.Code == pdf.CodeChanged {
			name = "coverage"
		}
		s.failed(name, description.Fault.Code, description.Fault.Error())
		s.finish()
		return
	}
	s.pdfValue(f, description)
	s.passedBy("references", clauseRange)
	switch {
	case len(changes.Refused) > 0:
		s.failed("coverage", changes.Code, few(changes.Refused))
	default:
		s.passedBy("coverage", clauseChanges)
		if changes.Visible {
			s.reason("appearance_after", strings.Join(changes.Signatures, " "))
		}
	}
	s.finish()
}

// passedBy is passed by a clause of another standard.
func (s *signatureJudge) passedBy(name, clause string) {
	s.passed(name)
	s.out.Checks[len(s.out.Checks)-1].Clause = clause
}

// pdfValue tells the kind of value by its shape, whatever SubFilter says of it (seal.md section 12), and judges it over the
// octets that the range names.
func (s *signatureJudge) pdfValue(f *pdf.File, description *pdf.Signature) {
	signed := description.Signed(f)
	// What the steps of OFD ask of a description: what the value binds, and the time that stands beside it.
	beside := &ofd.Signature{Raw: signed}
	if !description.Time.IsZero() {
		beside.DateTime = description.Time.Format(time.RFC3339)
	}
	if description.Type == docTimeStamp {
		s.documentTimestamp(description, signed)
		return
	}
	if signature, err := ses.ParseSignature(description.Value); err == nil {
		s.out.Type, s.out.Structure = "seal", string(signature.Structure)
		beside.Path = signature.PropertyInfo // no path to compare with
		s.sealSignature(signature, beside)
		return
	}
	switch description.SubFilter {
	case "adbe.pkcs7.sha1", "adbe.x509.rsa_sha1":
		s.failed("sig_format", "weak_digest", description.SubFilter)
		return
	}
	message, err := pki.ParseSignedData(description.Value)
	if err != nil {
		s.failed("sig_format", "SIG_FORMAT", description.SubFilter)
		return
	}
	s.message(message, beside)
}

// documentTimestamp judges a token over the whole document (ISO 32000-2 12.8.5).
func (s *signatureJudge) documentTimestamp(description *pdf.Signature, signed []byte) {
	proven := s.timestamp(description.Value, signed, time.Time{}, "ISO 32000-2 12.8.5")
	if proven.proven() {
		utc := proven.at.UTC()
		s.out.SigningTime, s.out.TimeSource = &utc, "timestamp"
	}
}

// pdfPlacement tells where the signature shows something, in millimetres from the top left of the page as it is shown.
func (s *signatureJudge) pdfPlacement(description *pdf.Signature) {
	for _, one := range description.Shown {
		if !one.Seen {
			s.reason("stamp_not_visible", description.Field)
		}
		if one.Page > 0 {
			s.out.Placements = append(s.out.Placements, Placement{Page: one.Page, XMM: micrometres(one.Box.X), YMM: micrometres(one.Box.Y),
				WidthMM: micrometres(one.Box.Width), HeightMM: micrometres(one.Box.Height)})
		}
	}
}

// micrometres rounds millimetres that were reckoned from points, as people read them.
func micrometres(mm float64) float64 { return math.Round(mm*1000) / 1000 }

// unbound is the reason when a value is of something else: of another description of an OFD, of other content of a PDF.
func (s *signatureJudge) unbound() string {
	if s.inPDF {
		return "DIGEST_MISMATCH"
	}
	return "DATA_HASH"
}

// verifySigner verifies the value of a signed message. Elsewhere than in PDF only SM2 with SM3 is known (D-24).
func (s *signatureJudge) verifySigner(message *pki.SignedData, signer *pki.SignerInfo, raw []byte) pki.SignerResult {
	if s.inPDF {
		return message.VerifySignerAny(signer, raw)
	}
	return message.VerifySigner(signer, raw, nil)
}
