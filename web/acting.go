package web

import (
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// ActingForPage is "acting-for" at /me/acting/{mandate}: what a mandate opens of the one for whom the person acts.
type ActingForPage struct {
	Name         string // masked for persons
	Kind         string // message mandate.kind.<kind>
	Items        []string
	Rights       []string
	Frozen       bool
	Until        time.Time
	URL          string // of this page
	MandateURL   string
	View         bool // level and licences are open
	Tier         int
	TierUntil    time.Time // zero: no end
	LevelURL     string    // a guardian proves who the child is; empty for everybody else
	DeletionURL  string    // a guardian asks for the deletion of the child's account; empty for everybody else
	DeletionAt   time.Time // of a deletion that waits; zero where none does
	Licenses     []LicenseCard
	Narrow       bool // only licences of the kinds that the mandate names
	MoreLicenses string
	GrantsURL    string // who may use them; empty for who may not let anybody
	FreezesURL   string // whoever manages them freezes their use
	LedgerURL    string // and sees who used them
	Uses         []MandateUse
	MoreUses     string
}

// ActingLicenses asks for a page of the licences of whom somebody acts for.
type ActingLicenses struct {
	After  string                     // cursor of the page before
	Covers func(typeCode string) bool // whether the mandate opens a kind of licence
	Base   string                     // of the addresses of a licence
	Show   bool                       // whoever acts may show one for that one
	Lends  func(typeCode string) bool // and let an office use one of the kind
}

// ActingExtent is how far a mandate goes over the licences of whom somebody acts for.
type ActingExtent struct {
	Mandate          string
	Principal, Agent string                                  // accounts
	Name             string                                  // of the principal, masked for persons
	Manages          bool                                    // all of them, whoever lent them
	Lends            func(typeCode, purposeCode string) bool // whoever acts lets an office use one
}

// WardPage is "ward" at /me/acting/{mandate}/proofing, the ways by which a guardian may have it proved who a child is, and "ward-way", the
// consent to one of them: proofing-consent with the version of the text, proofing-photo.
type WardPage struct {
	Name      string // masked
	Tier      int
	TierUntil time.Time // zero: no end
	Methods   []ProofingMethod
	Open      []OpenCase // to which the guardian agreed, and may take back
	BackURL   string     // to the page of the child
	ChoiceURL string     // to the ways: where who declines goes
	Needs     int        // level that the guardian lacks; 0 none
	RaiseURL  string
	SignInURL string // the login is too old

	Way     string // messages ward.method.<way>, ward.notice.<part>.<way>
	Action  string
	Notice  string // version of the text
	Reaches int
	Minutes int
	Host    string // of the service that they are led to
	Photos  bool
	Waiting bool // a case is with reviewers: there is no form
	DueAt   time.Time
}

// WardDeletionPage is "ward-deletion" at /me/acting/{mandate}/deletion: a guardian of a child below 14 asks for the deletion of its account, takes
// that back, or objects to what the other guardian asked for.
type WardDeletionPage struct {
	Name      string    // masked
	DueAt     time.Time // end of the cool-off; zero while none runs
	Own       bool      // this guardian asked
	Blockers  []Link    // what must be settled first; an empty address is no link
	Kept      []KeptRecord
	SignInURL string // set when a new login is needed first
	Action    string // POST
	UndoURL   string // POST
	BackURL   string
}

// next is the way on from an error besides the home page: whose mandate does not reach is led to the list of mandates.
func (rd *Renderer) next(r *http.Request, err error) *Link {
	switch fault.CodeOf(err) {
	case fault.ActingOver, fault.ActingRight, fault.ActingItem:
		return &Link{Label: rd.Text(r, "page.mandates"), URL: "/me/mandates"}
	}
	return nil
}
