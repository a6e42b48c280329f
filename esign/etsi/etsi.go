// Package etsi writes the report of design contract 3.2 in the shape of ETSI TS 119 102-2 (V1.2.1), for systems that read signature
// validation reports of that form. It is a leaf: results and a moment go in, XML comes out, the same for the same input.
//
// The report says what ours says, and never more: a signature is TOTAL-PASSED only where the whole file is valid, since a reader of this
// form looks at signatures alone. The process is always "basic": long-term validation (LTVM, LTA) is not claimed. What is not known is
// left out (SignatureQuality).
package etsi

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Namespaces of the report.
const (
	Namespace          = "http://uri.etsi.org/19102/v1.2.1#"
	signatureNamespace = "http://www.w3.org/2000/09/xmldsig#"
	signatureSyntax    = "http://uri.etsi.org/01903/v1.3.2#"
)

// Main indications of a signature.
const (
	TotalPassed   = "urn:etsi:019102:mainindication:total-passed"
	TotalFailed   = "urn:etsi:019102:mainindication:total-failed"
	Indeterminate = "urn:etsi:019102:mainindication:indeterminate"
)

const (
	subIndication    = "urn:etsi:019102:subindication:"
	ownSubIndication = "urn:yinxin:subindication:"  // where the standard has no word, with our code
	ownConstraint    = "urn:yinxin:constraint:"     // with the name of a check
	ownReason        = "urn:yinxin:reason"          // type of a line of associated data: our code and words
	policy           = "urn:yinxin:policy:standard" // the rules of docs/design/verify.md
	sm3              = "urn:oid:1.2.156.10197.1.401"
	basic            = "urn:etsi:019102:validationprocess:Basic"
	proofType        = "urn:etsi:019102:poetype:validation"
	certificateType  = "urn:etsi:019102:validationObject:certificate"
	documentType     = "urn:etsi:019102:validationObject:signedData"
)

// failedOnly are the sub-indications that EN 319 102-1 table 5 gives to TOTAL-FAILED; all others belong to INDETERMINATE.
var failedOnly = []string{"FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID"}

// openOnly are those of INDETERMINATE that we use.
var openOnly = []string{"SIG_CONSTRAINTS_FAILURE", "CHAIN_CONSTRAINTS_FAILURE", "NO_SIGNING_CERTIFICATE_FOUND", "NO_CERTIFICATE_CHAIN_FOUND", "REVOKED_NO_POE", "NO_POE", "TRY_LATER", "SIGNED_DATA_NOT_FOUND"}

//go:embed subindications.csv
var table []byte

// subs is the table of our codes and the standard's words; "own" where it has none, "none" for notes, which change no verdict. It is read
// when it is asked, and by no initialiser, so that a program which writes no such report does not carry it.
func subs() map[string]string {
	read.Do(func() {
		rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
		if err != nil {
			panic(err) // the file is our own
		}
		rules = make(map[string]string, len(rows))
		for _, row := range rows[1:] {
			rules[row[0]] = row[1]
		}
	})
	return rules
}

var (
	read  sync.Once
	rules map[string]string
)

// sub is the sub-indication of a code under a main indication; empty for a note.
func sub(code, main string) string {
	word, known := subs()[code]
	switch {
	case word == "none":
		return ""
	case known && (main == TotalFailed && slices.Contains(failedOnly, word) || main == Indeterminate && slices.Contains(openOnly, word)):
		return subIndication + word
	}
	return ownSubIndication + code
}

// Object is something that a judgement leaned on, beside the document.
type Object struct {
	Type    string // urn:etsi:019102:validationObject:…; see Certificate
	Content []byte // DER
	Issuer  string // of a certificate, as the report has them: how a signature finds its signer's
	Serial  string
}

// Certificate is a validation object that signatures refer to.
func Certificate(content []byte, issuer, serial string) Object {
	return Object{Type: certificateType, Content: content, Issuer: issuer, Serial: serial}
}

// Options say when was judged and what was leaned on.
type Options struct {
	At      time.Time
	Objects []Object
}

// ErrNothing: a report needs a result.
var ErrNothing = errors.New("etsi: no result")

// Make writes the report of one file. Times are UTC.
func Make(result verify.Result, o Options) ([]byte, error) {
	if result.Verdict == "" {
		return nil, ErrNothing
	}
	w := &writer{result: result, options: o, at: o.At.UTC().Format(time.RFC3339)}
	report := validationReport{Space: Namespace, DS: signatureNamespace, XAdES: signatureSyntax}
	for i := range result.Signatures {
		report.Signatures = append(report.Signatures, w.signature(i))
	}
	if len(report.Signatures) == 0 {
		report.Signatures = []signatureReport{w.none()}
	}
	objects := &validationObjects{Objects: w.objects()}
	if len(objects.Objects) > 0 {
		report.Objects = objects
	}
	out, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("etsi: %w", err)
	}
	return append(append([]byte(xml.Header), out...), '\n'), nil
}

type writer struct {
	result  verify.Result
	options Options
	at      string
}

func mainOf(v verify.Verdict) string {
	switch v {
	case verify.Valid:
		return TotalPassed
	case verify.Invalid:
		return TotalFailed
	}
	return Indeterminate
}

// worse orders verdicts. What the form does not know is taken as not judged.
func worse(a, b verify.Verdict) verify.Verdict {
	rank := map[verify.Verdict]int{verify.Valid: 0, verify.Indeterminate: 1, verify.Invalid: 2}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// shared are reasons of the file that no signature's check names: they concern all of it.
func (w *writer) shared() []verify.Reason {
	named := map[string]bool{}
	for _, s := range w.result.Signatures {
		for _, c := range s.Checks {
			named[c.Code] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(w.result.Reasons), func(r verify.Reason) bool { return named[r.Code] })
}

func (w *writer) signature(i int) signatureReport {
	s := w.result.Signatures[i]
	id := "S-" + strconv.Itoa(i+1)
	out := signatureReport{Identifier: &identifier{ID: id, Application: s.ID}, Process: &process{ID: basic}, Time: timeInfo{Time: w.at}}
	for _, c := range s.Checks {
		out.Constraints.Constraints = append(out.Constraints.Constraints, constraint(c))
	}
	out.Constraints.Policy.Name = policy
	if s.SigningTime != nil {
		moment := s.SigningTime.UTC().Format(time.RFC3339)
		if s.TimeSource == "timestamp" {
			out.Time.Best = &proof{Time: moment, Type: proofType}
		} else {
			out.Attributes = &attributes{Time: signingTime{Signed: true, Time: moment}}
		}
	}
	if out.Time.Best == nil {
		out.Time.Best = w.now()
	}
	out.Document = w.document()
	if s.Signer != nil {
		for n, o := range w.options.Objects {
			if o.Type == certificateType && o.Issuer == s.Signer.Issuer && o.Serial == s.Signer.Serial {
				out.Signer = &signer{Certificate: reference{Ref: objectID(n)}, Name: s.Signer.Subject}
				break
			}
		}
	}
	verdict := s.Verdict
	if shared := w.shared(); w.result.Verdict != verify.Valid && (len(shared) > 0 || verdict == verify.Valid && !w.elsewhere(i)) {
		verdict = worse(verdict, w.result.Verdict)
	}
	out.Status = w.status(verdict, s.Checks, w.shared())
	return out
}

// now is the proof that there always is: what is judged now exists now.
func (w *writer) now() *proof { return &proof{Time: w.at, Type: proofType} }

// elsewhere tells whether another signature explains why the file is not valid.
func (w *writer) elsewhere(i int) bool {
	for n, s := range w.result.Signatures {
		if n != i && worse(s.Verdict, w.result.Verdict) == s.Verdict {
			return true
		}
	}
	return false
}

// none is the report of a file without a signature that could be read.
func (w *writer) none() signatureReport {
	out := signatureReport{Identifier: &identifier{ID: "S-0"}, Time: timeInfo{Time: w.at, Best: w.now()}, Document: w.document(), Process: &process{ID: basic}}
	out.Constraints.Policy.Name = policy
	verdict := w.result.Verdict
	if verdict == verify.Valid && w.result.Format != "presentation" { // nothing was signed, so nothing passed
		verdict = verify.Indeterminate
	}
	out.Status = w.status(verdict, nil, w.result.Reasons)
	return out
}

func (w *writer) status(verdict verify.Verdict, checks []verify.Check, reasons []verify.Reason) status {
	main := mainOf(verdict)
	out := status{Main: main}
	add := func(code, message string) {
		if code == "" {
			return
		}
		if word := sub(code, main); word != "" && main != TotalPassed && !slices.Contains(out.Subs, word) {
			out.Subs = append(out.Subs, word)
		}
		if out.Data == nil {
			out.Data = &data{}
		}
		out.Data.Lines = append(out.Data.Lines, line{Type: ownReason, Value: strings.TrimSpace(code + " " + message)})
	}
	for _, c := range checks {
		if c.Status == verify.Failed || c.Status == verify.Unknown {
			add(c.Code, c.Message)
		}
	}
	for _, r := range reasons {
		add(r.Code, r.Message)
	}
	return out
}

func constraint(c verify.Check) validationConstraint {
	out := validationConstraint{ID: ownConstraint + c.Name}
	out.Applied.Status = "urn:etsi:019102:constraintStatus:applied"
	main := ""
	switch c.Status {
	case verify.Passed:
		main = "passed"
	case verify.Failed:
		main = "failed"
	case verify.Unknown:
		main = "indeterminate"
	default:
		out.Applied.Status = "urn:etsi:019102:constraintStatus:disabled"
		return out
	}
	out.Status = &constraintStatus{Main: "urn:etsi:019102:mainindication:" + main}
	if c.Code != "" && c.Status != verify.Passed {
		out.Status.Sub = sub(c.Code, map[bool]string{true: TotalFailed, false: Indeterminate}[c.Status == verify.Failed])
	}
	return out
}

// document names the file by its SM3 digest.
func (w *writer) document() *document {
	sum, err := hex.DecodeString(w.result.SM3)
	if err != nil || len(sum) == 0 {
		return nil
	}
	return &document{Digest: digestOf(sum), Ref: reference{Ref: "D-1"}}
}

func digestOf(sum []byte) digestValue {
	return digestValue{Method: digestMethod{sm3}, Value: base64.StdEncoding.EncodeToString(sum)}
}

func objectID(n int) string { return "O-" + strconv.Itoa(n+1) }

func (w *writer) objects() []validationObject {
	var all []validationObject
	if d := w.document(); d != nil {
		all = append(all, validationObject{ID: "D-1", Type: documentType, Digest: &d.Digest})
	}
	for n, o := range w.options.Objects {
		sum := digestOf(digest.Sum(o.Content))
		one := validationObject{ID: objectID(n), Type: o.Type, Digest: &sum}
		if o.Type == certificateType {
			one.Digest, one.Base64 = nil, base64.StdEncoding.EncodeToString(o.Content)
		}
		all = append(all, one)
	}
	return all
}

// The elements, in the order of the schema.
type (
	validationReport struct {
		XMLName    xml.Name           `xml:"ValidationReport"`
		Space      string             `xml:"xmlns,attr"`
		DS         string             `xml:"xmlns:ds,attr"`
		XAdES      string             `xml:"xmlns:xades,attr"`
		Signatures []signatureReport  `xml:"SignatureValidationReport"`
		Objects    *validationObjects `xml:"SignatureValidationObjects"`
	}
	signatureReport struct {
		Identifier  *identifier `xml:"SignatureIdentifier"`
		Constraints constraints `xml:"ValidationConstraintsEvaluationReport"`
		Time        timeInfo    `xml:"ValidationTimeInfo"`
		Document    *document   `xml:"SignersDocument"`
		Attributes  *attributes `xml:"SignatureAttributes"`
		Signer      *signer     `xml:"SignerInformation"`
		Process     *process    `xml:"SignatureValidationProcess"`
		Status      status      `xml:"SignatureValidationStatus"`
	}
	identifier struct {
		ID          string `xml:"id,attr"`
		HashOnly    bool   `xml:"HashOnly"`
		DocHashOnly bool   `xml:"DocHashOnly"`
		Application string `xml:"DAIdentifier,omitempty"`
	}
	constraints struct {
		Policy struct {
			Identifier struct {
				Implied struct{} `xml:"xades:SignaturePolicyImplied"`
			} `xml:"SignaturePolicyIdentifier"`
			Name string `xml:"PolicyName"`
		} `xml:"SignatureValidationPolicy"`
		Constraints []validationConstraint `xml:"ValidationConstraint"`
	}
	validationConstraint struct {
		ID      string `xml:"ValidationConstraintIdentifier"`
		Applied struct {
			Status string `xml:"Status"`
		} `xml:"ConstraintStatus"`
		Status *constraintStatus `xml:"ValidationStatus"`
	}
	constraintStatus struct {
		Main string `xml:"MainIndication"`
		Sub  string `xml:"SubIndication,omitempty"`
	}
	timeInfo struct {
		Time string `xml:"ValidationTime"`
		Best *proof `xml:"BestSignatureTime"`
	}
	proof struct {
		Time string `xml:"POETime"`
		Type string `xml:"TypeOfProof"`
	}
	document struct {
		Digest digestValue `xml:"DigestAlgAndValue"`
		Ref    reference   `xml:"SignersDocumentRef"`
	}
	digestValue struct {
		Method digestMethod `xml:"ds:DigestMethod"`
		Value  string       `xml:"ds:DigestValue"`
	}
	digestMethod struct {
		Algorithm string `xml:"Algorithm,attr"`
	}
	reference struct {
		Ref string `xml:"VOReference,attr"` // IDREFS
	}
	attributes struct {
		Time signingTime `xml:"SigningTime"`
	}
	signingTime struct {
		Signed bool   `xml:"Signed,attr"`
		Time   string `xml:"Time"`
	}
	signer struct {
		Certificate reference `xml:"SignerCertificate"`
		Name        string    `xml:"Signer"`
	}
	process struct {
		ID string `xml:"SignatureValidationProcessID"`
	}
	status struct {
		Main string   `xml:"MainIndication"`
		Subs []string `xml:"SubIndication"`
		Data *data    `xml:"AssociatedValidationReportData>AdditionalValidationReportData"`
	}
	data struct {
		Lines []line `xml:"ReportData"`
	}
	line struct {
		Type  string `xml:"Type"`
		Value string `xml:"Value"`
	}
	validationObjects struct {
		Objects []validationObject `xml:"ValidationObject"`
	}
	validationObject struct {
		ID     string       `xml:"id,attr"`
		Type   string       `xml:"ObjectType"`
		Digest *digestValue `xml:"ValidationObjectRepresentation>DigestAlgAndValue"`
		Base64 string       `xml:"ValidationObjectRepresentation>base64,omitempty"`
	}
)
