package web

import (
	"net/url"
	"time"
)

// ForgeryReportPage is "forgery-report" at /verify/report: somebody tells of a document, seal or code that may be forged.
type ForgeryReportPage struct {
	Code       string // verdict that was shown; empty for none
	Identifier string
	SM3        string    // of the file that was judged, in hex; empty for none
	Where      FormField // where it was met
	Address    string
	Contact    string
	Attach     bool // the file goes with the report
	KeepDays   int  // how long after the decision what was written is kept
}

// ForgerySentPage is "forgery-sent": the receipt, shown once.
type ForgerySentPage struct {
	Receipt   string
	Unreached bool // the contact was not taken
	At        time.Time
}

// ForgeryStatusPage is "forgery-status" at /verify/report/status: what became of a report.
type ForgeryStatusPage struct {
	Receipt string // as it was typed
	Found   *ForgeryStatus
}

// ForgeryStatus is what a receipt tells.
type ForgeryStatus struct {
	State     string // received, taken, decided
	Decision  string // of a decided one
	Words     string
	Joined    bool
	At        time.Time
	DecidedAt time.Time
}

// Word is the state word of a report: status.forgery_<word>.
func (s ForgeryStatus) Word() string {
	if s.Decision != "" {
		return "forgery_" + s.Decision
	}
	return "forgery_" + s.State
}

// OfferForgeryReport lets each result lead to the page on which it is reported as a suspected forgery, with what that needs to know of it.
func (p *VerifyResultPage) OfferForgeryReport(address string) {
	for i := range p.Results {
		r := &p.Results[i]
		query := url.Values{}
		set := func(name, value string) {
			if value != "" {
				query.Set(name, value)
			}
		}
		set("code", r.Code)
		set("sm3", r.SM3)
		set("identifier", r.claims())
		r.ReportURL = address + "?" + query.Encode()
	}
}

// claims is the identifier of the licence, else of the first seal, that a file gives itself.
func (r VerifyResult) claims() string {
	if r.License != nil && r.License.LicenseID != "" {
		return r.License.LicenseID
	}
	for _, one := range r.Signatures {
		if one.Seal != nil && one.Seal.SealID != "" {
			return one.Seal.SealID
		}
	}
	return ""
}

// ReportFirst tells whether reporting is the next step of the verdict (experience.md 3.12).
func (r VerifyResult) ReportFirst() bool {
	switch r.Code {
	case "V20", "V21", "V22", "V23", "V41":
		return true
	}
	return false
}
