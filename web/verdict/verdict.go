// Package verdict derives from a report what a person reads (experience.md 3.12): the tone of the banner, the four lines, who sealed the
// document. The pages of the server and the verifier in the browser share it, so that they cannot tell different things.
//
// It is a leaf: it reads the public report of design.md 3.2 from its JSON, has no I/O and no clock, and judges nothing itself.
package verdict

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Result is what a person reads about one file or code: a banner and four lines, then the details.
type Result struct {
	File       string
	SM3        string
	Code       string // V00
	Verdict    string // valid, invalid, indeterminate
	Tone       string // success, info, warning, danger, neutral: colour and icon of the banner
	Message    string // the report's own sentence, in the language of the page
	Next       Next   // the sentence below the headline
	Format     string // ofd, seal, presentation …
	Lines      []Line
	Sealed     *SealedBy // who sealed it when; nil without a seal
	Reasons    []ReportReason
	Signatures []ReportSignature
	Coverage   *ReportCoverage
	License    *ReportLicense
}

// States of a line.
const (
	LineYes     = "yes"     // ✓
	LineNo      = "no"      // ✕
	LineUnknown = "unknown" // ?
	LineNone    = "none"    // does not apply
)

// SealedBy names the first seal of a document.
type SealedBy struct {
	Organization string
	Seal         string
	At           *time.Time
	Successor    *ReportSuccessor // who took the place of the organisation; nil while it goes on under its name
}

// Line is one of the four questions; a presentation code has two, its own and the status.
type Line struct {
	Question string // unchanged, seal, time, code, status: message verify.line.<question>
	State    string
	Word     string // state of the licence, for the fourth line; empty else
}

// report and the Report types below are the public report of design.md 3.2, read from its JSON, so that pages need no
// package of another room.
type report struct {
	Results []reportResult `json:"results"`
}

type reportResult struct {
	File       string            `json:"file"`
	Format     string            `json:"format"`
	SM3        string            `json:"sm3"`
	Verdict    string            `json:"verdict"`
	Code       string            `json:"code"`
	Message    map[string]string `json:"message"`
	Reasons    []ReportReason    `json:"reasons"`
	Signatures []ReportSignature `json:"signatures"`
	Coverage   *ReportCoverage   `json:"coverage"`
	License    *ReportLicense    `json:"license"`
}

// ReportReason says why.
type ReportReason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Clause  string `json:"clause"`
	Detail  string `json:"detail,omitempty"`
}

// ReportSignature is one signature of the document.
type ReportSignature struct {
	ID          string            `json:"id"`
	Type        string            `json:"type"`
	Structure   string            `json:"structure"`
	Verdict     string            `json:"verdict"`
	Seal        *ReportSeal       `json:"seal"`
	Signer      *ReportSigner     `json:"signer"`
	SigningTime *time.Time        `json:"signing_time"`
	TimeSource  string            `json:"time_source"`
	References  *ReportReferences `json:"references"`
	Placements  []ReportPlacement `json:"placements"`
	Checks      []ReportCheck     `json:"checks"`
}

// ReportSeal is the seal in a signature.
type ReportSeal struct {
	SealID    string    `json:"seal_id"`
	Name      string    `json:"name"`
	Maker     string    `json:"maker"`
	ValidFrom time.Time `json:"valid_from"`
	ValidTo   time.Time `json:"valid_to"`

	Successor *ReportSuccessor `json:"successor"`
}

// ReportSuccessor is what became of the organisation of a seal.
type ReportSuccessor struct {
	Kind  string    `json:"kind"` // renamed, merged, split
	Since time.Time `json:"since"`
	Owner string    `json:"owner"` // its name before
	Names []string  `json:"names"`
}

// Now are the names of those who took its place.
func (s ReportSuccessor) Now() string { return strings.Join(s.Names, "、") }

// ReportSigner is the signer's certificate.
type ReportSigner struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// ReportReferences counts the protected parts.
type ReportReferences struct {
	Total      int      `json:"total"`
	Matched    int      `json:"matched"`
	Mismatched []string `json:"mismatched"`
	Pages      []int    `json:"pages,omitempty"`
}

// ReportPlacement is where the seal is drawn; sizes are millimetres.
type ReportPlacement struct {
	Page     int     `json:"page"`
	XMM      float64 `json:"x_mm"`
	YMM      float64 `json:"y_mm"`
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
}

// ReportCheck is one step of the examination.
type ReportCheck struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Code    string `json:"code"`
	Clause  string `json:"clause"`
	Message string `json:"message"`
}

// ReportCoverage says what no signature covers.
type ReportCoverage struct {
	Complete  bool              `json:"complete"`
	Uncovered []ReportUncovered `json:"uncovered"`
}

// ReportUncovered is a part that no signature covers.
type ReportUncovered struct {
	Path string `json:"path"`
	Role string `json:"role"`
}

// ReportLicense is what the document says of itself as a licence and what is known of its status.
type ReportLicense struct {
	LicenseID    string     `json:"license_id"`
	TypeCode     string     `json:"type_code"`
	Status       string     `json:"status"`
	StatusSource string     `json:"status_source"`
	StatusTime   *time.Time `json:"status_time"`

	Shown []ReportShown `json:"shown"`
}

// ReportShown is a field that a holder shows by a code.
type ReportShown struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// maxResults bounds what one page shows.
const maxResults = 20

// Read reads a report (the JSON of design.md 3.2) and derives what a person reads from it.
func Read(raw []byte, locale string) ([]Result, error) {
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("verdict: read report: %w", err)
	}
	if len(r.Results) == 0 || len(r.Results) > maxResults {
		return nil, fmt.Errorf("verdict: a report with %d results cannot be shown", len(r.Results))
	}
	var all []Result
	for _, result := range r.Results {
		lines, sealed, next := linesOf(result), sealedBy(result.Signatures), nextOf(result)
		result.bound() // only after every signature was counted
		all = append(all, Result{
			File: result.File, SM3: result.SM3, Code: result.Code, Verdict: result.Verdict, Tone: toneOf(result.Code, result.Verdict),
			Message: messageIn(result.Message, locale), Next: next, Format: result.Format, Lines: lines, Sealed: sealed, Reasons: result.Reasons,
			Signatures: result.Signatures, Coverage: result.Coverage, License: result.License,
		})
	}
	return all, nil
}

// maxListed bounds each list that a hostile file could make endless; the download holds everything.
const maxListed = 100

// bound cuts the lists that are shown.
func (r *reportResult) bound() {
	r.Reasons = clip(r.Reasons)
	r.Signatures = clip(r.Signatures)
	for i := range r.Signatures {
		s := &r.Signatures[i]
		s.Placements, s.Checks = clip(s.Placements), clip(s.Checks)
		if s.References != nil {
			s.References.Mismatched = clip(s.References.Mismatched)
		}
	}
	if r.License != nil {
		r.License.Shown = clip(r.License.Shown)
	}
	if r.Coverage != nil {
		slices.SortStableFunc(r.Coverage.Uncovered, func(a, b ReportUncovered) int { return roleOrder(a.Role) - roleOrder(b.Role) })
		r.Coverage.Uncovered = clip(r.Coverage.Uncovered)
	}
}

func clip[T any](list []T) []T { return list[:min(len(list), maxListed)] }

// roleOrder puts first what a reader sees.
func roleOrder(role string) int {
	switch role {
	case "visible":
		return 0
	case "container":
		return 1
	}
	return 2
}

func messageIn(texts map[string]string, locale string) string {
	if text := texts[locale]; text != "" {
		return text
	}
	return texts["zh-CN"]
}

// tones are the colours of experience.md 3.12. The verdict bounds them: only a valid one is ever shown as success.
var tones = map[string]string{
	"V00": "success", "V01": "info", "V10": "danger", "V11": "warning", "V12": "warning", "V13": "warning", "V14": "info",
	"V20": "danger", "V21": "warning", "V22": "danger", "V23": "danger", "V24": "warning", "V25": "danger", "V26": "warning",
	"V30": "neutral", "V31": "neutral", "V40": "neutral", "V41": "danger",
}

func toneOf(code, verdict string) string {
	tone, known := tones[code]
	switch {
	case verdict == "invalid" && (!known || tone == "success" || tone == "info" || code == "V21"):
		return "danger"
	case verdict == "indeterminate" && (!known || tone == "success"):
		return "warning"
	case verdict == "valid" && !known:
		return "info"
	case !known:
		return "neutral"
	}
	return tone
}

// questions are the steps of the examination that answer each line (specs/seal.md 4).
var questions = []struct {
	question string
	checks   []string
}{
	{"unchanged", []string{"data_hash", "references", "coverage"}},
	{"seal", []string{"seal_format", "seal_signature", "seal_maker_cert", "sig_format", "sig_value", "signer_cert", "signer_in_seal"}},
	{"time", []string{"seal_period", "seal_status", "signing_time", "timestamp"}},
}

// linesOf answers the four questions. The worst answer of any signature counts, and a question that nothing answered
// is open, never yes.
func linesOf(result reportResult) []Line {
	if result.Format == "presentation" {
		return []Line{{Question: "code", State: codeState(result)}, statusLine(result.License)}
	}
	var lines []Line
	for _, q := range questions {
		lines = append(lines, Line{Question: q.question, State: answer(result.Signatures, q.checks)})
	}
	if c := result.Coverage; c != nil && lines[0].State == LineYes && slices.ContainsFunc(c.Uncovered, func(u ReportUncovered) bool { return u.Role == "visible" }) {
		lines[0].State = LineUnknown
	}
	status := statusLine(result.License)
	if status.State == LineYes && (lines[0].State == LineNo || lines[1].State == LineNo) {
		status = Line{Question: "status", State: LineUnknown, Word: "not_this"} // the number may be borrowed
	}
	return append(lines, status)
}

// codeState says whether a presentation code itself is genuine: a verdict that turns on the licence's state alone
// (V10–V13, V01) says that it is.
func codeState(result reportResult) string {
	switch result.Code {
	case "V00", "V01", "V10", "V11", "V12", "V13", "V14":
		return LineYes
	}
	if result.Verdict == "invalid" {
		return LineNo
	}
	return LineUnknown
}

// sealedBy names the organisation by the signer's certificate, which is proven, and the seal by its name.
func sealedBy(signatures []ReportSignature) *SealedBy {
	for _, s := range signatures {
		if s.Seal == nil {
			continue
		}
		by := &SealedBy{Organization: s.Seal.Name, Seal: s.Seal.Name, At: s.SigningTime, Successor: s.Seal.Successor}
		if s.Signer != nil {
			if name := partOf(s.Signer.Subject, "O"); name != "" {
				_, by.Organization = subject.CutUSCC(name) // the code stands in the details, with the whole subject
			} else if name := partOf(s.Signer.Subject, "CN"); name != "" {
				by.Organization = name
			}
		}
		return by
	}
	return nil
}

// partOf takes one attribute of a distinguished name in the form of RFC 4514, as far as a page needs it.
func partOf(name, attribute string) string {
	for name != "" {
		var part strings.Builder
		end := len(name)
		for i := 0; i < len(name); i++ {
			if c := name[i]; c == '\\' && i+1 < len(name) {
				// What is escaped parts nothing, or a name could bring an attribute of its own. Control characters stay escaped.
				i++
				if _, err := hex.DecodeString(name[i:min(i+2, len(name))]); err == nil {
					part.WriteByte(c)
				}
				part.WriteByte(name[i])
			} else if c == ',' || c == '+' {
				end = i
				break
			} else {
				part.WriteByte(c)
			}
		}
		if value, ok := strings.CutPrefix(strings.TrimSpace(part.String()), attribute+"="); ok {
			return value
		}
		name = name[min(end+1, len(name)):]
	}
	return ""
}

// answer counts the checks of each signature: one failed is no, one unknown is open, and at least one must have passed.
// Steps that were skipped because they do not apply (no time stamp, a rule of another version) do not count.
func answer(signatures []ReportSignature, names []string) string {
	if len(signatures) == 0 {
		return LineUnknown
	}
	state := LineYes
	for _, s := range signatures {
		passed := 0
		for _, c := range s.Checks {
			if !slices.Contains(names, c.Name) {
				continue
			}
			switch c.Status {
			case "failed":
				return LineNo
			case "passed":
				passed++
			case "skipped":
			default:
				state = LineUnknown
			}
		}
		if passed == 0 {
			state = LineUnknown
		}
	}
	return state
}

func statusLine(license *ReportLicense) Line {
	line := Line{Question: "status", State: LineNone}
	if license == nil {
		return line
	}
	switch {
	case license.StatusSource == "" || license.StatusSource == "none" || license.Status == "" || license.Status == "unknown":
		line.State, line.Word = LineUnknown, "unknown"
	case license.Status == "valid":
		line.State, line.Word = LineYes, license.Status
	default:
		line.State, line.Word = LineNo, license.Status
	}
	return line
}

// Headline is the banner's words: those of the catalogue for the code, else the report's own.
func (v Result) Headline(banner string) string {
	if banner != v.Code {
		return banner
	}
	return v.Message
}

// ShortSM3 is the digest in groups for reading.
func (v Result) ShortSM3() string {
	var groups []string
	for i := 0; i+8 <= len(v.SM3); i += 8 {
		groups = append(groups, v.SM3[i:i+8])
	}
	return strings.Join(groups, " ")
}
