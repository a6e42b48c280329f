package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

// VerifyPage is "verify": the three doors that work without scripts. All are POSTs to Action: a file (multipart,
// verify-file), a presentation code (verify-code) or a licence identifier with its last four (verify-number, verify-check).
type VerifyPage struct {
	Action string // default /verify
	Code   string
	Number string
}

// VerifyResultPage is "verify-result". Make it with NewVerifyResult.
type VerifyResultPage struct {
	Results  []VerifyResult
	Raw      []byte // the report as JSON, for download
	AgainURL string // default /verify
}

// VerifyResult is what a person reads about one file or code: a banner and four lines, then the details.
type VerifyResult struct {
	File       string
	SM3        string
	Code       string // V00
	Verdict    string // valid, invalid, indeterminate
	Tone       string // success, info, warning, danger, neutral: colour and icon of the banner
	Message    string // the report's own sentence, in the language of the page
	Format     string // ofd, seal, presentation …
	Lines      []VerifyLine
	Sealed     *SealedBy // who sealed it when; nil without a seal
	Reasons    []ReportReason
	Signatures []ReportSignature
	Coverage   *ReportCoverage
	License    *ReportLicense
	Shown      *ShownDocument // the pages as pictures; nil where there is no document
}

// ShownDocument is what a file shows, as far as a signature binds it.
type ShownDocument struct {
	Reason string // why nothing of it is shown: message verify.pages.<reason>; empty otherwise
	Total  int    // pages that it has; those that are not in Pages are told
	Others int    // further documents in the same file
	Pages  []ShownPage
}

// ShownPage is one page.
type ShownPage struct {
	Number        int
	Reason        string  // why it is not shown: message verify.pages.<reason>
	Width, Height float64 // mm
	// SVG comes from esign/render, which writes every element and attribute itself; nothing of a document's own markup may stand here.
	SVG   template.HTML
	PNG   []byte // instead of SVG
	Marks []SealMark
	Notes []PageNote
}

// SealMark is the place of a seal on a page, in millimetres.
type SealMark struct {
	Signature           int // of Signatures, counted from 1
	Seal                string
	Verdict             string
	Drawn               bool // its picture is shown
	X, Y, Width, Height float64
}

// PageNote says how often something is not drawn as the document asks: message verify.note.<kind>.
type PageNote struct {
	Kind  string
	Count int
}

// noteKinds are the findings that people are told of in words of their own.
var noteKinds = map[string]string{
	"font_replaced": "font", "font_broken": "font", "annotation_hidden": "annotation", "seal_hidden": "seal", "invisible": "invisible",
	"picture_format": "picture", "picture_missing": "picture", "picture_broken": "picture", "picture_large": "picture", "media_kind": "picture", "glyph_missing": "letter",
}

// AddNote counts a finding of a renderer; omitted says that something is not in the picture at all.
func (p *ShownPage) AddNote(code string, count int, omitted bool) {
	kind, known := noteKinds[code]
	switch {
	case !known && omitted:
		kind = "omitted"
	case !known:
		kind = "different"
	}
	for i := range p.Notes {
		if p.Notes[i].Kind == kind {
			p.Notes[i].Count += count
			return
		}
	}
	p.Notes = append(p.Notes, PageNote{Kind: kind, Count: count})
}

// shownResult and shownSheet are what the parts of the template get.
type shownResult struct {
	N      int // of the result on the page
	Result VerifyResult
	Shown  *ShownDocument
}

type shownSheet struct {
	shownResult
	Page  ShownPage
	Total int
}

// Missing is the number of pages that the document has beyond those that are listed.
func (d ShownDocument) Missing() int { return max(0, d.Total-len(d.Pages)) }

// Radius is that of the number of a mark, in millimetres: as large as the place allows.
func (m SealMark) Radius() float64 { return min(4, max(1.5, min(m.Width, m.Height)/4)) }

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
}

// VerifyLine is one of the four questions; a presentation code has two, its own and the status.
type VerifyLine struct {
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
}

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
}

// maxResults bounds what one page shows.
const maxResults = 20

// NewVerifyResult reads a report (the JSON of design.md 3.2) and derives what a person reads from it. raw is offered
// for download as it is.
func NewVerifyResult(raw []byte, locale string) (VerifyResultPage, error) {
	page := VerifyResultPage{Raw: raw}
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		return page, fmt.Errorf("web: read report: %w", err)
	}
	if len(r.Results) == 0 || len(r.Results) > maxResults {
		return page, fmt.Errorf("web: a report with %d results cannot be shown", len(r.Results))
	}
	for _, result := range r.Results {
		lines, sealed := linesOf(result), sealedBy(result.Signatures)
		result.bound() // only after every signature was counted
		page.Results = append(page.Results, VerifyResult{
			File: result.File, SM3: result.SM3, Code: result.Code, Verdict: result.Verdict, Tone: toneOf(result.Code, result.Verdict),
			Message: messageIn(result.Message, locale), Format: result.Format, Lines: lines, Sealed: sealed, Reasons: result.Reasons,
			Signatures: result.Signatures, Coverage: result.Coverage, License: result.License,
		})
	}
	return page, nil
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
func linesOf(result reportResult) []VerifyLine {
	if result.Format == "presentation" {
		return []VerifyLine{{Question: "code", State: codeState(result)}, statusLine(result.License)}
	}
	var lines []VerifyLine
	for _, q := range questions {
		lines = append(lines, VerifyLine{Question: q.question, State: answer(result.Signatures, q.checks)})
	}
	if c := result.Coverage; c != nil && lines[0].State == LineYes && slices.ContainsFunc(c.Uncovered, func(u ReportUncovered) bool { return u.Role == "visible" }) {
		lines[0].State = LineUnknown
	}
	status := statusLine(result.License)
	if status.State == LineYes && (lines[0].State == LineNo || lines[1].State == LineNo) {
		status = VerifyLine{Question: "status", State: LineUnknown, Word: "not_this"} // the number may be borrowed
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
		by := &SealedBy{Organization: s.Seal.Name, Seal: s.Seal.Name, At: s.SigningTime}
		if s.Signer != nil {
			if name := partOf(s.Signer.Subject, "O"); name != "" {
				by.Organization = name
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
	for part := range strings.SplitSeq(name, ",") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(part), attribute+"="); ok {
			return value
		}
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

func statusLine(license *ReportLicense) VerifyLine {
	line := VerifyLine{Question: "status", State: LineNone}
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

// StatusKind is the tone of a state word of a licence or seal.
func StatusKind(status string) string {
	switch status {
	case "valid", "active", "current", "signed_in", "grant_active", "notice_done", "peer_enabled", "check_passed", "client_live", "dispute_answered", "correction_applied", "proposal_executed", "right_active", "account_active", "staff_active", "act_seen", "terminal_active":
		return "success"
	case "suspended", "restricted", "superseded", "expiring", "client_suspended", "returned", "account_suspended", "staff_suspended", "dispute_escalated":
		return "warning"
	case "revoked", "cancelled", "withdrawn", "lapsed", "failed", "invalid", "notice_dead", "check_failed", "client_retired", "not_approved", "client_refused", "correction_refused", "proposal_refused", "right_ended", "staff_closed", "act_flagged", "terminal_revoked":
		return "danger"
	case "draft", "applied", "pending_review", "approved", "made", "seal_made", "sealed", "planned", "signed", "stored", "next", "notice_waiting", "client_applied", "dispute_open", "hold_in_force", "correction_proposed", "proposal_open", "act_open", "terminal_new", "staff_new":
		return "info"
	}
	return "neutral"
}

// Headline is the banner's words: those of the catalogue for the code, else the report's own.
func (v VerifyResult) Headline(banner string) string {
	if banner != v.Code {
		return banner
	}
	return v.Message
}

// ShortSM3 is the digest in groups for reading.
func (v VerifyResult) ShortSM3() string {
	var groups []string
	for i := 0; i+8 <= len(v.SM3); i += 8 {
		groups = append(groups, v.SM3[i:i+8])
	}
	return strings.Join(groups, " ")
}
