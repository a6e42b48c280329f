package web

import (
	"net/url"
	"time"
)

// HomePage is "home" at /.
type HomePage struct {
	Portals    []Link // sites that use this login; the sandbox names its sample portals
	NoRegister bool   // nobody can register by a code
}

// ErrorPage is "error": what happened is the page's title. Renderer.Error fills it from a fault.
type ErrorPage struct {
	Hint        string // what to do next
	Code        string // machine code, for developers
	SupportCode string // stands in the element error-code; empty takes the request's
	Retryable   bool
	Next        *Link // a way on besides the home page
}

// LoginPage is "login" at /login: identifier and password on one page.
type LoginPage struct {
	Work           *WorkField     // what the browser must compute first; nil asks for nothing
	Question       *QuestionField // what the person answers instead of the work, or after it
	NoWork         bool           // who cannot do the work takes another way to sign in
	Passkey        *PasskeyForm   // nil hides it
	Action         string         // default /login
	Hidden         []Hidden
	App            string // the application that asked; empty is this site
	Department     string
	Identifier     string
	Reason         string   // why the person must sign in once more (step-up), optional
	RegisterURL    string   // default /register; empty string "-" hides it
	CodeURL        string   // sign in by a one-time code; empty hides it
	CertificateURL string   // sign in by a certificate; empty hides it
	QRURL          string   // sign in with a phone; empty hides it
	RecoverURL     string   // forgot password; empty hides it
	CancelURL      string   // POST leads back to the application; empty hides it
	First          *Link    // the platform that the application wants offered first; nil for none
	Upstreams      []Link   // other platforms to sign in with
	Silent         []string // names of those that do not answer now
	Links          AppLinks
}

// AppLinks are the pages of an application itself about what it is and what it does with data (OpenID Connect Dynamic
// Client Registration 1.0 section 2). They open apart from the login, without a word of where the person came from; an
// empty one is not shown.
type AppLinks struct {
	Policy AppLink
	Terms  AppLink
	Site   AppLink
}

// AppLink is an address elsewhere.
type AppLink string

// Host that the link leads to, which the person sees before following it; empty for an address that is no web page, which
// is not shown.
func (l AppLink) Host() string {
	u, err := url.Parse(string(l))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return ""
	}
	return u.Host
}

// RegisterPage is "register": mobile number or e-mail.
type RegisterPage struct {
	Action     string // default /register
	Hidden     []Hidden
	Identifier string
	App        string
	LoginURL   string // default /login
	// SignIn is the login by code, beside the one by password: whoever has no account gets one.
	SignIn      bool
	RegisterURL string // for SignIn; empty hides it
	Agreement   string // version of the text that the button agrees to
	// GuardianURL is where a guardian adds a child below 14, who registers nothing; empty hides what is said to minors.
	GuardianURL string
}

// OTPPage is "otp": a one-time code in the field otp-code.
type OTPPage struct {
	Action       string // required
	Hidden       []Hidden
	To           string // masked address
	Minutes      int    // how long the code is good; 0 is 10
	ResendAction string // POST with the same hidden fields sends a new code; empty hides it
	ResendAfter  int    // seconds until a new code may be asked for
	InboxURL     string // sandbox only: where the message can be read
	Step, Steps  int    // of the journey; 0 hides the stepper
	Voice        bool   // a call can read the code aloud: the form of ResendAction offers it
	Called       bool   // and this one was asked for so
	Old          bool   // the code shows control of a contact that is to be replaced
}

// PasswordPage is "password": set a password after registration or recovery (password-new, password-submit).
type PasswordPage struct {
	Action      string // required
	Hidden      []Hidden
	Identifier  string // shown, and given to password managers
	MinLength   int    // characters; 0 is 8
	SkipAction  string // POST goes on without a password; empty hides it
	Step, Steps int
}

// ProofingMethod is one way to prove who one is, chosen by what the person has at hand.
type ProofingMethod struct {
	ID       string // card, document, mobile, bank_card, face, network_id, manual_review, counter: message proofing.method.<id>
	URL      string // where it starts
	Reaches  int    // ial
	Minutes  int
	Chosen   bool
	Disabled string // why it is not available; empty when it is
}

// ProofingPage is "proofing": choice of the method and the form for name and number, with the mobile number for ial 2.
type ProofingPage struct {
	Action    string // default /proofing
	Hidden    []Hidden
	App       string // the application that asks for a higher tier; empty when the person came by itself
	Current   int    // ial now
	Needed    int    // ial asked for; 0 none
	Minutes   int    // about how long it takes; 0 is 2
	Methods   []ProofingMethod
	Name      string
	Number    string
	AskMobile bool
	Mobile    string
	CancelURL string // back to where the person came from: POST with an application, else a link

	Kind       string         // name of the document; empty is the resident identity card
	Kinds      []ProofingKind // documents to choose from; empty hides the choice
	Counter    bool           // no source knows documents of this kind: there is no form
	NoForm     bool           // the form leads no further: only the other ways are shown
	NumberHint string         // message proofing.hint.<word>; empty is that of the resident identity card

	Nations     []Option // to choose the nationality from; empty does not ask
	Nationality string
	AskBirth    bool
	Birth       string
	AskExpiry   bool
	Expires     string
	AskZone     bool // the machine readable lines of a passport
	Zone        string

	Open []OpenCase // of the person, that can be taken back
}

// OpenCase is a proof of who one is that is under way and can be taken back.
type OpenCase struct {
	Label  string // the way
	Note   string // what taking it back leaves as it is; empty where nothing is to be said
	At     time.Time
	Action string // POST
}

// ProofingWayPage is "proofing-way": one way beside name and number.
type ProofingWayPage struct {
	ProofingPage
	Way         string // messages proofing.method.<way>, proofing.use.<way>, proofing.notice.purpose.<way> and .kept.<way>
	Reaches     int    // ial
	AskIdentity bool   // the form asks for name and number
	Recovering  bool   // an account is to be recovered: nobody reviews pictures
	Further     bool   // of a document beside the one that is held
	HeldName    string // masked: of the identity that the account proved, which is not asked again
	HeldNumber  string
	AskCard     bool
	Photos      bool      // pictures of the document go with the form
	Notice      string    // version of the text that has to be agreed to; empty shows none
	Host        string    // of the service that the person is led to
	OtherURL    string    // back to the other ways
	Waiting     bool      // a case is with reviewers: there is no form
	DueAt       time.Time // by when they have decided
}

// ProofingKind is a kind of document to choose.
type ProofingKind struct {
	Name    string
	URL     string
	Chosen  bool
	Counter bool // it is checked at a counter only
}

// Outcomes of proofing.
const (
	ProofingDone     = "done"
	ProofingMismatch = "mismatch"
	ProofingBound    = "bound"   // the person may have another account: it can be merged
	ProofingWaiting  = "waiting" // the source does not answer; never shown as a mismatch
	ProofingPending  = "pending" // the other service has no result yet
	ProofingFailed   = "failed"  // the other service did not confirm the person
	ProofingReviewed = "review"  // people will look at it
)

// ProofingResultPage is "proofing-result".
type ProofingResultPage struct {
	Outcome   string
	Tier      int
	Source    string // who confirmed it
	At        time.Time
	TriesLeft int    // for a mismatch; negative is not shown
	Ward      string // the child about whom a guardian is told; empty for oneself
	RetryURL  string
	OtherURL  string // a choice of ways that are still open when no tries are left; empty where there is none
	Continue  *Link  // on to the application or /me
	MergeURL  string // where two accounts of one person become one; empty hides it
}

// Kinds of claims.
const (
	ClaimNeeded    = "needed"    // the service needs it
	ClaimStatutory = "statutory" // given by law, cannot be refused alone
	ClaimOptional  = "optional"  // a checkbox named "claim", unticked
)

// Claim is one piece of information that an application asks for.
type Claim struct {
	Name   string // wire name, value of the checkbox
	Label  string // shown; empty takes the message claim.<name>
	Value  string // the person's own value, masked
	Kind   string
	Basis  string // legal basis of a statutory claim
	Ticked bool
	// Purpose of this claim alone; empty where it is that of the application.
	Purpose string
	// Sensitive personal information (PIPL article 28), which is said beside it.
	Sensitive bool
	// Retention is for how many days a recipient keeps it; 0 of a claim of the application itself.
	Retention int
}

// Recipient is another department to which an application passes claims on. Each has a box of its own: recipient, with the ID.
type Recipient struct {
	ID        string
	Name      string
	Claims    []Claim // statutory or needed
	Refusable bool    // the law does not give all of it
}

// DevicePage is "device" at /device: the code that a device shows (device-code, device-submit), or what became of it.
type DevicePage struct {
	Hidden []Hidden
	Code   string
	Answer string // approved, denied; empty asks for the code
}

// ConsentPage is "consent" at /consent. Both buttons are named consent, with values allow and deny.
type ConsentPage struct {
	Action     string // default /consent
	Code       string // that a device shows, for comparison; empty hides it
	Hidden     []Hidden
	App        string
	Department string
	Reviewed   bool   // the department was checked, and the application with it
	Host       string // of the site to which the person goes back
	Approval   string // registration or approval number
	Purpose    string
	Retention  string
	Claims     []Claim
	Recipients []Recipient
	Scopes     []string // words of what else is allowed (offline access), shown as they are
	Details    []Detail // single transactions (authorization_details), in the words of their kinds
	Links      AppLinks
}

// Detail is one transaction that the person is asked about.
type Detail struct {
	Title string
	Lines []DetailLine
}

// DetailLine is one member of it.
type DetailLine struct{ Label, Value string }

// FormPostPage is "form-post": the answer of a sign-in goes back to the application by a form. There are no scripts, so
// the person presses the button.
type FormPostPage struct {
	Action string // the registered address
	Hidden []Hidden
	Host   string // of the registered address
	App    string
	Failed bool // the answer is an error
}

// HandoverPage is "handover": a button that carries a one-time ticket to an application by POST.
type HandoverPage struct {
	Action string
	Hidden []Hidden
	App    string
}

// LogoutPage is "logout": the question before the end of a session (logout-confirm).
type LogoutPage struct {
	Action    string // default /logout
	Hidden    []Hidden
	App       string   // from where the person came
	Systems   []string // where the person is signed in
	Here      bool     // logout-here is offered: from App alone
	CancelURL string   // default /
}

// States of a logout at one system.
const (
	LogoutDone    = "done"
	LogoutWaiting = "waiting" // being told now
	LogoutFailed  = "failed"  // no answer; tried again in the background
	LogoutQuiet   = "quiet"   // takes no notice of logouts: what it got here has ended, its own session may go on
)

// LogoutResult is how one system answered.
type LogoutResult struct {
	System string
	State  string
}

// LogoutFrame tells one system through the browser (OpenID Connect Front-Channel Logout 1.0).
type LogoutFrame struct {
	System string
	URL    string
}

// LogoutResultPage is "logout-result".
type LogoutResultPage struct {
	Left    string // the only application that was left; empty when the session ended
	Results []LogoutResult
	Frames  []LogoutFrame
	Return  *Link // back to the application
}

// SignInMethod is a way to sign in on /me.
type SignInMethod struct {
	Name   string // message me.method.<name>: password, mobile, email, passkey
	Detail string // masked address, or when it was set
	Action *Link
}

// SessionItem is a device where the person is signed in.
type SessionItem struct {
	Device  string
	Region  string // network region or address
	LastUse time.Time
	Current bool
	EndURL  string // POST ends it; empty hides the button
}

// GrantItem is an application that may use the person's information.
type GrantItem struct {
	App        string
	Department string
	Claims     []string
	At         time.Time // when it was agreed to; zero hides it
	Version    int64
	RevokeURL  string // POST; empty hides the button
	ManageURL  string // each claim by itself; empty hides it
}

// MePlace is a card of /me that leads to a page of its own.
type MePlace struct {
	ID, Title, Text, URL string
	State                *MeState // how it stands; nil: nothing to tell
}

// OfflineCard is the printed code of a person (离线码); POST to LossURL reports it lost.
type OfflineCard struct {
	IssuedAt, ExpiresAt time.Time
	LossURL             string
}

// MeState is how a card of /me stands, in words; Tone is success, warning or neutral.
type MeState struct{ Tone, Text string }

// MePage is "me" at /me, cards in the order of experience.md 3.4.
type MePage struct {
	Hidden     []Hidden // goes with every form of the page
	Name       string   // masked
	Number     string   // masked; empty before proofing
	Tier       int
	TierSource string
	TierAt     *time.Time
	UpgradeURL string // empty hides it
	Methods    []SignInMethod
	Sessions   []SessionItem
	Grants     []GrantItem
	Licenses   []LicenseCard
	Card       *OfflineCard // the printed code; nil: the person has none
	Places     []MePlace    // cards that lead to pages of their own
	LogoutURL  string       // default /logout
	// ContactTaken is when a carrier's word took the only contact of the account; nil hides the notice.
	ContactTaken *time.Time
	SecurityURL  string // leads to the ways to sign in; empty hides it
	// UpstreamsURL leads to the links with other platforms; empty hides it.
	UpstreamsURL string
	// MergeURL leads to merging another account of the same person; empty hides it.
	MergeURL string
	// MandatesURL leads to family and mandates; empty hides the card.
	MandatesURL string
	// Mandates is how many hold and how many wait for this person's answer.
	Mandates []MeState
	// DocumentsURL leads to the documents of the account; empty hides it.
	DocumentsURL string
}

// WelcomePage is "welcome", once after a registration or a recovery.
type WelcomePage struct {
	Recovered bool
	RestHours int // after a recovery: how long mandates and seals rest
	// ContactURL is where a lost number is replaced; empty hides it.
	ContactURL string
	Tier       int
	VerifyURL  string       // to prove the real name; empty hides it
	Passkey    *PasskeyForm // on offer; nil hides it
}

// UpstreamItem is another platform and the person's link with it.
type UpstreamItem struct {
	ID        string // tells the buttons of a list apart; may be empty
	Name      string
	LinkedAt  *time.Time // nil: not linked
	LinkURL   string
	UnlinkURL string
}

// UpstreamsPage is "upstreams": links with other platforms.
type UpstreamsPage struct {
	Hidden []Hidden
	Items  []UpstreamItem
}

// InboxMessage is a simulated SMS or mail.
type InboxMessage struct {
	ID   string
	To   string
	Text string
	Code string
	At   time.Time
	Keys []string // by which its person answers it; empty where there is nothing to answer
}

// InboxPage is "inbox" (sandbox only).
type InboxPage struct {
	To       string // filter
	Messages []InboxMessage
}

// ClaimsOf lists the claims of one kind.
func (p ConsentPage) ClaimsOf(kind string) []Claim {
	var claims []Claim
	for _, c := range p.Claims {
		if c.Kind == kind {
			claims = append(claims, c)
		}
	}
	return claims
}

// DesignEntry is one sample in the gallery.
type DesignEntry struct {
	Name  string
	URL   string
	Views []Link
}

// DesignPage is "design": the components with their states and the list of page samples.
type DesignPage struct {
	Entries []DesignEntry
	Card    LicenseCard
	Field   FormField
	Table   Table
}

// Steps of merging two accounts of one person.
const (
	MergeStale   = "stale"   // the login is too old
	MergeBegin   = "begin"   // which account the other one is
	MergeConfirm = "confirm" // what will happen
	MergeDone    = "done"
)

// MergePage is "merge".
type MergePage struct {
	Step       string
	Hidden     []Hidden
	Identifier string
	Stays      []string // masked addresses of the account that goes on
	Goes       []string // and of the one that becomes part of it
	StaysHere  bool     // the account that goes on is the one of this session
}
