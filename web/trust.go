package web

import (
	"slices"
	"time"
)

// LicenseCard is one licence as a card: status in words, masked number, last update.
type LicenseCard struct {
	Title       string // 营业执照
	Holder      string // masked for persons
	Number      string // masked
	Issuer      string
	Status      string // valid, suspended, revoked, cancelled, withdrawn, lapsed, expired, amended, issuing
	ValidTo     *time.Time
	Updated     time.Time
	URL         string // the licence's own page; empty hides it
	PresentURL  string
	GrantURL    string // lets an application use it
	PaperURL    string // prints a copy with a code
	DownloadURL string
	Reading     []Reading // copies for reading, in each language of the face
	Ending      bool      // its validity ends in DaysLeft days, 0 on the last one
	DaysLeft    int
	Frozen      bool // its holder lets nobody use it for now
	RenewURL    string
	RenewFrom   *time.Time // first day on which its renewal can be applied for
}

// Reading is where a licence can be had for reading in a language, BCP 47: as PDF, as a page that a screen reader follows, as plain text.
type Reading struct {
	Language, PDF, Page, Text string
}

// ShownField is a value on a page: label and value as they are.
type ShownField struct {
	Label string
	Value string
}

// LicensePresentPage is "license-present": a code that is drawn anew every 15 s (license.md 11).
type LicensePresentPage struct {
	Card      LicenseCard
	Code      string // text of the code, for typing or copying
	QR        QR
	Fields    []ShownField // what the reader will see
	Purpose   string
	ExpiresAt time.Time
	StopURL   string       // ends the presentation, by GET; empty is /me
	Asked     []ShownField // whose request the code answers; nil where nobody asked
}

// Column is one column of a list; the first one links to the row's page.
type Column struct {
	Label  string
	Number bool // right-aligned
	Wide   bool // holds sentences
}

// Row of a list.
type Row struct {
	URL    string // of the row's page; empty is no link
	Cells  []string
	Status string // state word; see StatusKind
	Kind   string // family of the state word: "license" or "seal"
}

// Table is a list with its pages.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Total   int // in all, not on this page; 0 says nothing
	PrevURL string
	NextURL string
	Plain   bool // rows have no state
	// ExportURL is the file of all that the filter finds; set where a list is shown.
	ExportURL string
}

// IssuerListPage is "issuer" at /license: the licences of the department.
type IssuerListPage struct {
	Query    string // search by number or holder
	Status   string
	Statuses []string  // that can be filtered by
	State    FormField // filter by the state of the work
	Types    []Link    // licence types that can be issued, each with its form
	Links    []Link    // to what stands beside the list
	Table    Table
	ListURL  string // action of the filter, default /license
	// Narrowed is what else the list is bounded by, as a figure of the statistics led to it, and Hidden the same for the form; AllURL is the list without.
	Narrowed []ShownField
	Hidden   []Hidden
	AllURL   string
}

// Kinds of inputs.
const (
	InputText     = "text"
	InputLongText = "textarea"
	InputDate     = "date" // three text fields <name>-year, -month, -day
	InputSelect   = "select"
	InputSecret   = "password" // never filled in again
	InputFile     = "file"     // Options are the endings and types that it offers
)

// Option of a select.
type Option struct {
	Value string
	Label string
}

// FormField is an input of a form that data describes. Its id and name are Name.
type FormField struct {
	Name     string
	Label    string
	Hint     string
	Value    string // of a date: 2026-11-24
	Kind     string
	Options  []Option
	Optional bool
	Max      int    // characters; 0 no limit
	List     string // id of a list of values that it offers; see FormRows
}

// Part is one of the three inputs of a date: "year", "month" or "day".
func (f FormField) Part(name string) string {
	var year, month, day string
	if parsed, err := time.Parse(time.DateOnly, f.Value); err == nil {
		year, month, day = parsed.Format("2006"), parsed.Format("1"), parsed.Format("2")
	}
	switch name {
	case "year":
		return year
	case "month":
		return month
	}
	return day
}

// IssuerFormPage is "issuer-form": fill in and issue a licence (issue-submit).
type IssuerFormPage struct {
	Action   string // required
	Hidden   []Hidden
	Type     string // 营业执照
	Fields   []FormField
	Seal     string // the seal that will be used
	BackURL  string // default /license
	Submit   string // label of the button; empty is "issue"
	Advisory string // what the person should know before
}

// TakesFile tells that the form has to be sent as multipart/form-data.
func (p IssuerFormPage) TakesFile() bool {
	return slices.ContainsFunc(p.Fields, func(f FormField) bool { return f.Kind == InputFile })
}

// Photo is a picture of a holder that stands in the page.
type Photo struct {
	JPEG  []byte
	Label string
}

// HistoryItem is one event of a licence or seal.
type HistoryItem struct {
	At     time.Time
	Text   string
	Actor  string
	Detail string
	Flags  []string // how it is unlike others, in words
}

// StateAction is a change of state: a form with a reason and, where it cannot be undone, the effect in one sentence.
type StateAction struct {
	ID      string // id of the button and its name: license-revoke, seal-suspend
	Label   string
	URL     string // POST
	Effect  string // what happens, one sentence
	Danger  bool
	Reasons []Option // choice named reason; empty asks for a text named reason
	// NoReason asks for none: the step needs no words.
	NoReason bool
	// Max asks for a text of several lines and as many characters in the place of a reason; Text names it.
	Max    int
	Text   string
	Reason string      // what was typed
	Open   bool        // shown opened
	Error  string      // what is wrong with the reason, whose field is <ID>-reason; the form is shown opened then
	Fields []FormField // what is asked besides
}

// IssuerDetailPage is "issuer-detail": one licence with its changes of state.
type IssuerDetailPage struct {
	Hidden      []Hidden // goes with every form
	Card        LicenseCard
	LicenseID   string
	Photos      []Photo // of the holder, and of the version before
	Changes     *Table  // what an application changes of the version that it replaces
	Fields      []ShownField
	Actions     []StateAction
	History     []HistoryItem
	OlderURL    string // more of the history
	DownloadURL string
	BackURL     string // default /license
}

// SealListPage is "seal" at /seal.
type SealListPage struct {
	Filter      FormField // by state
	Table       Table
	MakeURL     string // empty hides the button
	PersonalURL string // an application for a personal seal
	UsesURL     string // requests for uses; empty hides it
	// SuccessionsURL is the list of organisations that were succeeded; empty hides it.
	SuccessionsURL string
	FlagsURL       string // days with flagged uses; empty hides it
}

// SealMakePage is "seal-make": apply for a seal (seal-submit), or look at it before (seal-preview).
type SealMakePage struct {
	Action                          string // required
	Hidden                          []Hidden
	Owner                           string // organisation
	Fields                          []FormField
	Preview                         []byte // PNG; nil hides it
	PreviewWidthMM, PreviewHeightMM int
	Advisory                        string // what the person should know before
	Replaces                        *Link  // the seal whose place it takes
	BackURL                         string // default /seal
}

// SealDetailPage is "seal-detail": picture, certificate, stamp a document, change the state.
type SealDetailPage struct {
	Hidden     []Hidden // goes with every form
	Name       string
	SealID     string
	Status     string // active, suspended, revoked, making
	Owner      string
	Keeper     string // whom the organisation named; empty where it names nobody
	NotKeeper  string // why the person does not seal with it, by the word of its organisation
	Picture    []byte // PNG
	WidthMM    int
	HeightMM   int
	ValidFrom  time.Time
	ValidTo    time.Time
	Facts      []ShownField // who applied, reviewed, made; why it was stopped
	Replaces   *Link        // the seal whose place it takes
	ReplacedBy *Link        // the seal that takes its place
	ReplaceURL string       // form of an application for that; empty hides it
	// SuccessionURL is the form that says who took the place of the organisation; empty hides it.
	SuccessionURL string
	Certificate   []ShownField
	Actions       []StateAction
	StampURL      string // POST multipart: stamp-file, stamp-page, stamp-x, stamp-y, stamp-item, stamp-purpose; empty hides the form
	StampHidden   []Hidden
	Stamp         StampForm
	Preview       *StampPreview // what the form would do, after the button for it
	AsksFirst     bool          // an approval can be asked for (stamp-request)
	AsksAlways    bool          // and nothing is sealed here without one
	Rule          *SealRuleShown
	Uses          []HistoryItem
	UsesNextURL   string // older uses
	UsesTopURL    string // back to the newest
	LogURL        string // all of them as a list
	BackURL       string // default /seal
}

// StampPreview is the first page of a document on which the seal would stand, and every place where it would. A page that is not drawn
// says why (message verify.pages.<reason>); an invisible seal shows none.
type StampPreview struct {
	File    string
	Page    ShownPage
	Total   int
	Picture []byte // PNG
	WidthMM int
	HighMM  int
	Here    []StampPlace // on the page that is shown
	Places  []StampPlace // the first ones
	More    int          // how many others there are
	Outline bool         // the page is not drawn, only its edge (PDF)
	Movable bool         // one whole seal at the place that was typed, which a pointer may move
}

// StampPlace is where the seal would be drawn; what is seen of it begins at SeenX and SeenY.
type StampPlace struct {
	Page                             int
	SeenX, SeenY, SeenWide, SeenHigh float64
	ClipX, ClipY                     float64 // of what is seen, from the seal's own corner
}

// StampForm is what was typed into the form for stamping; the zero value shows usual places.
type StampForm struct {
	Kind    string // pages, straddle, keyword or invisible
	Page    string // pages as people write them
	X, Y    string // millimetres
	Edge    string // right, left, top or bottom
	PerSet  string
	Duplex  bool
	Text    string
	Nth     string
	DX, DY  string // millimetres from the middle of the text
	Item    string
	Purpose string
}

// StampResultPage is "stamp-result": the document was sealed and judged.
type StampResultPage struct {
	File        string
	Seal        string
	Verdict     string // valid, invalid, indeterminate
	Code        string
	SM3         string
	DownloadURL string
	BackURL     string
}
