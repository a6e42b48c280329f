package web

import "time"

// LicenseApplicationsPage is "license-applications": the applications for licences that name the account of the person (我的证照申请).
type LicenseApplicationsPage struct {
	Applications []LicenseApplicationRow
	NextURL      string
}

// LicenseApplicationRow is an application in the list.
type LicenseApplicationRow struct {
	Title, Status, URL string
	Own                bool // the person entered it, and no office
	At                 time.Time
}

// LicenseApplicationPage is "license-application": one of them, with what was decided and what the person can do about it.
type LicenseApplicationPage struct {
	LicenseApplicationRow
	Fields []ShownField // what the person stated
	// Note is the reason of a reviewer who returned or refused it; Refused says which.
	Note    string
	Refused bool
	// Rule is what published rules decided: the outcome in words, with the reasons.
	Rule *RuleDecision
	// AppealURL takes the appeal (POST: text) until AppealTo; empty where none can be made.
	AppealURL   string
	AppealTo    time.Time
	Appeal      FormField
	Appealed    *AppealMade // the one that was made
	TakeBackURL string      // POST
	RenewURL    string      // where a returned one is handed in again
	InForce     bool        // it led to a licence, which is with the others of the person
}

// RuleDecision is what rules decided about an application.
type RuleDecision struct {
	Outcome string
	Reasons []string
	At      time.Time
}

// AppealMade is an appeal and what became of it.
type AppealMade struct {
	State, Answer string
	At            time.Time
	DecidedAt     *time.Time
}

// LicenseRenewalPage is "license-renewal": the form by which a holder applies for the renewal of a licence (延续).
type LicenseRenewalPage struct {
	Title, Number string
	ValidTo       time.Time
	From, Until   time.Time // first and last day of applications
	Open          bool      // today is one of them
	Years         int
	Note          string       // why the application was returned
	Fields        []FormField  // names begin with renewal-
	Kept          []ShownField // taken over as they are
	Action        string       // POST
}
