package web

import "time"

// ActingOption is somebody for whom the person may go on.
type ActingOption struct {
	Value   string // of the button acting-choice: self, or a mandate
	Name    string // masked for persons
	Kind    string // message mandate.kind.<kind>; empty for the person itself
	Items   []string
	Until   *time.Time
	Current bool
}

// ActingPage is "acting" at /acting: for whom the person goes on (experience.md 3.2).
type ActingPage struct {
	Hidden  []Hidden
	App     string // the application that waits; empty: the whole session
	Options []ActingOption
	Search  bool // there are more than fit at a glance
	Query   string
}

// MandateItem is a mandate in a list.
type MandateItem struct {
	Name    string // the other side
	Kind    string
	State   string // message mandate.state.<state>
	Tone    string // of the state
	Items   []string
	Rights  []string
	Until   time.Time
	URL     string
	Waiting bool   // for this person's answer
	ActURL  string // acts under it on our own pages; empty for who may not now
}

// MandatesPage is "mandates" at /me/mandates.
type MandatesPage struct {
	RelativesURL         string // declared relatives; empty hides the way there
	Given, Taken         []MandateItem
	MoreGiven, MoreTaken string // address of the next page
	GiveURL              string
	AskURL               string
	Organisations        []Link // that the person manages
	FoundURL             string
	ChildURL             string
	Telephone            []ElderRequest // requests that an elder confirms by telephone
	MoreTelephone        string
}

// ElderRequest is a request to an elder who confirms by telephone, as its helper sees it.
type ElderRequest struct {
	Name, Number string // masked
	State        string // message elder.state.<state>
	Tone         string
	At           time.Time
	URL          string
}

// ElderRequestPage is "elder-request": otp-code while it waits for the code, otherwise what it waits for.
type ElderRequestPage struct {
	Request    ElderRequest
	Items      []string
	Until      time.Time // of the mandate
	Called     bool      // the elder is called, and not written to
	CodeURL    string    // POST takes the code; empty when it is not waited for
	TriesLeft  int
	CodeUntil  time.Time
	Hours      int // the shortest pause before the elder is asked
	From, To   string
	WithdrawAt string // POST ends it; empty when it is over
	MandateURL string
	AgainURL   string
	InboxURL   string // of the sandbox
}

// OrganisationPage is "organisation" at /me/organisations/{id}: for who manages it.
type OrganisationPage struct {
	Name, Code string // of the register
	Tier       int
	Role       string // message mandate.kind.<kind>
	Frozen     bool
	ThawURL    string // POST confirms; empty for who may not
	Agents     []OrganisationAgent
	MoreURL    string
	AppointURL string
	// TransferURL and CertificateURL lead to ways that raise its level; empty where there is none.
	TransferURL, CertificateURL string
	Open                        []OpenCase // the transfer under way; of the legal representative's page alone
	Withdrawn                   bool       // it was just taken back

	KeepersSince time.Time // since when the organisation says itself who keeps its seals; zero: it does not
	Keepers      []OrganisationKeeper
	KeeperURL    string // names one
	ReleaseURL   string // POST says that it names none any more; empty while somebody is named
}

// OrganisationKeeper is somebody whom an organisation named as keeper of its seals.
type OrganisationKeeper struct {
	MandateItem
	Stands bool // counts now
	Frozen bool // waits for a new legal representative
}

// KeeperPage is "organisation-keeper": mandate-name, mandate-to, keeper-seals, mandate-days.
type KeeperPage struct {
	Action, BackURL, Organisation string
	Name, To, Seals, Days         string // as typed
	MaxDays                       int
}

// OrganisationTransferPage is "organisation-transfer": transfer-account, or transfer-amount when one was sent.
type OrganisationTransferPage struct {
	Name          string
	Reaches       int // ial
	Waiting, Sent bool
	Until         time.Time // of the amount
	Account       string
	Action        string
	BackURL       string
	Open          []OpenCase // the transfer itself, which can be taken back
}

// OrganisationAgent is a mandate of an organisation, with the way to stop the person at one press.
type OrganisationAgent struct {
	MandateItem
	StopURL string
	Agent   string // hidden field organisation-agent
}

// OrganisationFoundPage is "organisation-found": organisation-name, organisation-code.
type OrganisationFoundPage struct{ Name, Code string }

// ChildPage is "child": child-name, child-number, child-relation, child-photo, and child-consent with the version of the text.
type ChildPage struct {
	Action       string
	Name, Number string
	Relation     string
	Relations    []string // messages child.relation.<word>
	Photos       bool     // pictures go with the form, for two people to look at
	Notice       string   // version of the text
	Closed       bool     // not done online here
	Needs        int      // level that the guardian lacks; 0 none
	RaiseURL     string
	SignInURL    string // the login is too old
	Waiting      bool   // a consent is not confirmed yet
	DueAt        time.Time
}

// MandateUse is one sign-in under a mandate, or what was done at our own pages.
type MandateUse struct {
	App   string // empty for our own pages
	What  string // message mandate.use.<what>; empty for a sign-in
	Agent string
	At    time.Time
}

// MandatePage is "mandate": one mandate with what the person may do about it.
type MandatePage struct {
	Hidden    []Hidden
	Item      MandateItem
	Principal string
	Agent     string
	Via       string // who passed it on
	Class     int    // message mandate.class.<n>
	Frozen    bool
	From      time.Time
	Relation  string    // of a guardian who agreed online; message child.relation.<word>
	Agreed    time.Time // and when
	Version   string    // of the text
	AcceptURL string    // POST with mandate-answer accept or refuse; empty hides both
	StopURL   string    // POST ends it; empty hides it
	PassURL   string    // passes it on
	Apps      []MandateApp
	Uses      []MandateUse
	MoreUses  string
}

// MandateApp is an application that was allowed something while somebody acted under a mandate.
type MandateApp struct {
	ID   string // posted as "app" with mandate-withdraw
	Name string
}

// MandateChoice is a box or a button of the form.
type MandateChoice struct {
	Value  string
	Ticked bool
}

// MandateGivePage is "mandate-give": mandate-name, mandate-to, mandate-kind, mandate-items, right-<right>, mandate-days,
// mandate-class, mandate-delegable.
type MandateGivePage struct {
	Action    string
	Ask       bool   // the person wants to act for the other one
	Principal string // for whom, when it is not the person itself
	KeeperURL string // names a keeper of its seals; of organisations alone
	Name, To  string
	Items     string        // codes that are not in the list, typed
	Open      bool          // such codes are taken
	Chosen    []ItemChoice  // ticked
	Groups    []ItemChoices // what can be ticked beside them, by the search
	Types     []ItemChoice  // types of licences, and purposes for which they are lent; for organisations alone
	Purposes  []ItemChoice
	Search    string
	More      bool            // there are more than are shown
	Kinds     []MandateChoice // empty: there is nothing to choose
	Rights    []MandateChoice
	Days      int
	MaxDays   int
	Classes   []MandateChoice
	Delegable bool // offered
	Ticked    bool
	// Telephone offers that an elder confirms by telephone (mandate-confirm), ByTelephone is what was chosen.
	Telephone, ByTelephone bool
	TelephoneDays          int // the longest life of such a mandate
}

// ItemChoice is a service item that can be ticked.
type ItemChoice struct{ Code, Name string }

// ItemChoices are those of one group.
type ItemChoices struct {
	Name  string
	Items []ItemChoice
}

// RelativeItem is a declared relative, as one of the two sees the other.
type RelativeItem struct {
	Name       string // masked
	Word       string // message relatives.word.<word>
	Since      time.Time
	Confirmed  bool
	ConfirmURL string // POST confirms it; empty when it does not wait for this person
	EndURL     string // POST takes it back
}

// RelativesPage is "relatives": mandate-name, mandate-to, relative-word.
type RelativesPage struct {
	Action         string
	Relatives      []RelativeItem
	Name, To, Word string
	Words          []string
	GiveURL        string // of a family mandate
}
