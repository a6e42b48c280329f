package web

import (
	"html/template"

	"github.com/yinxin-gov/yinxin/web/verdict"
)

// VerifyPage is "verify": the three doors that work without scripts. All are POSTs to Action: a file (multipart,
// verify-file), a presentation code (verify-code) or a licence identifier with its last four (verify-number, verify-check).
type VerifyPage struct {
	Action string // default /verify
	Code   string
	Number string
	// Challenge is that of a request which the code answers; empty where nobody asked.
	Challenge string
	// PageText is what stands on the page with the code of a paper copy; empty where it is not compared.
	PageText string
	// ReportURL is where suspected forgeries are reported; empty where they are not.
	ReportURL string
}

// VerifyResultPage is "verify-result". Make it with NewVerifyResult.
type VerifyResultPage struct {
	Results  []VerifyResult
	Raw      []byte // the report as JSON, for download
	Held     string // the same, closed, for who wants it sealed; empty where nobody seals
	AgainURL string // default /verify
}

// VerifyResult is what a person reads about one file or code, with the pages of a document as pictures.
type VerifyResult struct {
	verdict.Result
	Shown     *ShownDocument // nil where there is no document
	ReportURL string         // where it is reported as a suspected forgery; empty where nothing is
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

// Radius is that of the number of a mark, in millimetres. The number stands on the corner of the place, where it covers nothing of a round seal.
func (m SealMark) Radius() float64 { return min(4, max(1.5, min(m.Width, m.Height)/10)) }

// NewVerifyResult reads a report (the JSON of design.md 3.2) and derives what a person reads from it. raw is offered
// for download as it is.
func NewVerifyResult(raw []byte, locale string) (VerifyResultPage, error) {
	page := VerifyResultPage{Raw: raw}
	results, err := verdict.Read(raw, locale)
	if err != nil {
		return page, err
	}
	for _, result := range results {
		page.Results = append(page.Results, VerifyResult{Result: result})
	}
	return page, nil
}

// StatusKind is the tone of a state word of a licence or seal.
func StatusKind(status string) string {
	switch status {
	case "valid", "active", "current", "signed_in", "grant_active", "notice_done", "peer_enabled", "check_passed", "client_live", "dispute_answered", "correction_applied", "proposal_executed", "right_active", "account_active", "staff_active", "act_seen", "terminal_active", "use_approved", "stamp_stored", "flags_looked_at", "succession_recorded", "forgery_genuine", "type_in_force", "type_published", "batch_done", "batch_row_issued", "batch_row_taken", "order_ended":
		return "success"
	case "suspended", "restricted", "superseded", "expiring", "client_suspended", "returned", "account_suspended", "staff_suspended", "dispute_escalated", "organisation_unknown", "organisation_kept", "owner_succeeded", "flags_open", "forgery_taken", "type_superseded", "type_retired", "type_draft_wrong", "order_in_force", "batch_returned", "batch_paused", "batch_row_later":
		return "warning"
	case "revoked", "cancelled", "withdrawn", "lapsed", "failed", "invalid", "notice_dead", "check_failed", "client_retired", "not_approved", "client_refused", "correction_refused", "proposal_refused", "right_ended", "staff_closed", "act_flagged", "terminal_revoked", "use_refused", "succession_refused", "succession_annulled", "forgery_forged", "type_refused", "batch_rejected", "batch_cancelled", "batch_row_refused", "batch_row_cancelled", "import_row_refused", "order_refused":
		return "danger"
	case "draft", "applied", "pending_review", "approved", "made", "seal_made", "seal_unconfirmed", "sealed", "planned", "signed", "stored", "next", "notice_waiting", "client_applied", "dispute_open", "hold_in_force", "correction_proposed", "proposal_open", "act_open", "terminal_new", "staff_new", "use_requested", "stamp_planned", "succession_proposed", "forgery_received", "type_proposed", "type_not_yet_effective", "type_draft_right", "batch_checked", "batch_in_review", "batch_approved", "batch_running", "batch_row_ready", "import_approved", "import_running", "import_row_ready", "imported", "order_proposed":
		return "info"
	}
	return "neutral"
}
