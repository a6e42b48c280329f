package web

import "time"

// LicenseGrantsPage is "license-grants": who may use the licences of the person, on whose word, and what became of it (用证授权).
type LicenseGrantsPage struct {
	Grants  []LicenseGrantRow
	Back    *Link  // to the page of whom the person acts for; nil for oneself
	EndURL  string // POST ends all that one person gave: giver
	NextURL string
}

// LicenseGrantRow is a grant.
type LicenseGrantRow struct {
	ID, License, Receiver, Purpose string
	Mode, Kind, State              string // words of license.grant.mode., .kind., .state.
	Item, CaseNumber               string
	Fields                         []string // names
	Uses, Used                     int
	WaitsUntil                     *time.Time // for the consent of co-owners
	CreatedAt, ExpiresAt           time.Time
	UsedAt                         *time.Time
	RevokeURL                      string // by POST; empty where the person cannot end it
	Giver                          string // who gave it for the holder, masked; empty for the holder
	Left                           string // that account, where it acts for the holder no more
}

// LicenseConsentsPage is "license-consents": grants of other holders of a licence for which the person is asked (共有人同意).
type LicenseConsentsPage struct {
	Consents []LicenseConsentRow
	LoginURL string // set where the login is too old to agree
	NextURL  string
}

// LicenseConsentRow is what a co-owner is asked.
type LicenseConsentRow struct {
	ID, License, Receiver, Purpose, Kind string
	By                                   string   // masked name of who gave the grant; empty where it is not known
	Fields                               []string // names
	Uses, Hours                          int      // Hours count from the last consent
	Answer, State                        string   // words of license.consent.answer. and license.grant.state.
	AskedAt, DecideBy, ExpiresAt         time.Time
	AnswerURL                            string // POST: answer, agreed, refused or withdrawn
	MayAnswer, MayWithdraw               bool
}

// LicenseGrantPage is "license-grant": the form by which a holder lets an application use a licence.
type LicenseGrantPage struct {
	Card     LicenseCard
	Action   string
	Receiver string   // name of the office, where its code was given: the person sees it before the grant is given
	OtherURL string   // the form for another office
	Hidden   []Hidden // its code, and the name that is seen
	LoginURL string   // set where the login is too old for it
	Grantee  FormField
	Purpose  FormField
	Kind     FormField
	Fields   []GrantField
	Hours    FormField
	Back     *Link // to the page of whom the person acts for; nil for oneself
}

// LicenseChoosePage is "license-choose": which licence a person lets an office use that sent them here.
type LicenseChoosePage struct {
	Receiver string // name of the office; empty where nobody knows it
	Licenses []Link // to the forms
	NextURL  string
}

// LicenseFreezesPage is "license-freezes": the licences of the person, and whether anybody may use them for now (冻结用证).
type LicenseFreezesPage struct {
	AllAt          *time.Time // all are frozen since then
	Licenses       []LicenseFreezeRow
	Action, EndURL string // POST: license, an ID or "all"
	LoginURL       string // set where the login is too old to end a freeze
	Back           *Link  // to the page of whom the person acts for; nil for oneself
	NextURL        string
}

// LicenseFreezeRow is a licence and whether it is frozen by itself.
type LicenseFreezeRow struct {
	ID, Title, Number string
	Frozen            bool
}

// LicensePaperPage is "license-paper": the form by which a holder prints a licence with a code (打印带码副本).
type LicensePaperPage struct {
	Card              LicenseCard
	Action, PapersURL string
	View, Days        FormField
}

// LicensePrintPage is "license-print": the page that is printed.
type LicensePrintPage struct {
	Lines     []string // the title first; what the code vouches for
	QR        QR
	Code      string
	PapersURL string
}

// LicensePapersPage is "license-papers": the paper copies of the person.
type LicensePapersPage struct {
	Papers  []LicensePaperRow
	NextURL string
}

// LicensePaperRow is a paper copy.
type LicensePaperRow struct {
	ID, License, Number, View, State string // words of license.paper.view. and license.paper.state.
	PrintedAt, ExpiresAt             time.Time
	WithdrawnAt                      *time.Time
	WithdrawURL                      string // by POST; empty where it holds no more
}

// GrantField is a field that can be ticked.
type GrantField struct {
	Key, Label string
	Ticked     bool
}

// LicenseCopyPage is "license-copy": what the code on an annotated copy leads to.
type LicenseCopyPage struct {
	ID, License, Receiver, Maker, Purpose, Grant, State string
	CreatedAt, ExpiresAt                                time.Time
}

// LicenseUsesPage is "license-uses": who used the licences of an organisation, and who acted for it (用证记录), for those who manage it.
type LicenseUsesPage struct {
	Back    *Link
	Uses    []LicenseUseRow
	NextURL string
}

// LicenseUseRow is a line of that ledger.
type LicenseUseRow struct {
	License, Number, Receiver string
	Kind                      string   // word of copy.use.
	Fields                    []string // names
	Agent                     string   // masked; empty where nobody acted
	At                        time.Time
	Count                     int64
}
