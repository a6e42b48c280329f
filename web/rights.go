package web

import "time"

// RecordsPage is "records" at /me/records: who asked for the person's data.
type RecordsPage struct {
	Apps      []Option // that stand in the list
	App       string   // chosen
	From, To  string   // days: 2026-11-24
	Records   []Record
	ExportURL string
	PrevURL   string
	NextURL   string
}

// Record is one line: what left for whom, how often on that day.
type Record struct {
	ID         string
	App        string
	Department string
	At, Last   time.Time
	Count      int64
	Channel    string // message records.channel.<word>
	Claims     []string
	Items      []string // names of the service items that it was asked for
	Purpose    string
	Basis      string
	DisputeURL string
	MandateURL string // of whoever acted at our own pages; empty elsewhere
	FreezeURL  string // of a use of a licence: where its holder lets nobody use it for now
}

// FromField and ToField are the days of the filter.
func (p RecordsPage) FromField(label string) FormField { return dayField("from", label, p.From) }

// ToField is the last day.
func (p RecordsPage) ToField(label string) FormField { return dayField("to", label, p.To) }

func dayField(name, label, value string) FormField {
	return FormField{Name: name, Label: label, Value: value, Kind: "date", Optional: true}
}

// ConsentDetailPage is "consent-detail" at /me/consents: what an application may have, claim by claim.
type ConsentDetailPage struct {
	App        string
	Department string
	Purpose    string
	Version    int64     // in force
	At         time.Time // when it was agreed to
	Action     string    // POST, of one claim or one recipient
	RevokeURL  string    // POST, of all
	Claims     []ConsentedClaim
	Recipients []ConsentedRecipient
	Versions   []ConsentVersion // the newest first
}

// ConsentedClaim is a claim with what the person decided.
type ConsentedClaim struct {
	Claim
	Given     bool
	Refusable bool
}

// ConsentedRecipient is another department with what the person decided.
type ConsentedRecipient struct {
	Recipient
	Given bool // the person lets it have what no law gives
	Asks  bool // refused, and changed since: the application asks anew
}

// ConsentVersion is what a person agreed to once, in the words in which it was shown.
type ConsentVersion struct {
	Number  int64
	At      time.Time
	Ended   time.Time // zero while it is in force
	Locale  string
	Purpose string
	Given   []string
	Refused []string
	// PassedTo and Kept are the departments to which the application may pass something on, and those to which it may not.
	PassedTo, Kept []string
}

// DeletionPage is "deletion" at /me/data/deletion.
type DeletionPage struct {
	DueAt     time.Time // end of the cool-off; zero while none runs
	Blockers  []Link    // what must be settled first; an empty address is no link
	Kept      []KeptRecord
	SignInURL string // set when a new login is needed first
}

// KeptRecord is what the law makes the platform keep; message deletion.kept.<id>.
type KeptRecord struct {
	ID       string
	Citation string
	Years    int
}

// RecordPage is "record" at /me/records/{id}: one line of the ledger and the question about it.
type RecordPage struct {
	Record      Record
	Action      string // POST: action ask, close or escalate; text
	State       string // open, answered, answered_platform, closed, escalated; empty while nothing was asked
	Final       bool   // the answer is the last word here
	Raised      bool   // it went to the platform by itself
	DueAt       time.Time
	Messages    []DisputeMessage
	Text        string // what was typed
	MayWrite    bool
	MayClose    bool
	MayEscalate bool
}

// DisputeMessage is one message of a dispute.
type DisputeMessage struct {
	Author string // person, department or platform
	Text   string
	At     time.Time
}

// TextField is the question.
func (p RecordPage) TextField(label, hint string) FormField {
	return FormField{Name: "text", Label: label, Hint: hint, Value: p.Text, Kind: "textarea", Max: 1000}
}

// DataPage is "data" at /me/data: the copy of one's own data, and the way to the deletion of the account.
type DataPage struct {
	Action       string    // POST asks for a copy
	State        string    // waiting, ready, too_big; empty: none
	RequestedAt  time.Time // of that one
	Until        time.Time // when it is destroyed
	Size         int64     // octets
	SM3          string    // hex
	FileURL      string
	SignatureURL string
	DocumentURL  string // the sealed OFD; empty when there is none
	DocumentSize int64  // octets
	DocumentSM3  string // hex
	ArchiveURL   string // POST, with a passphrase: all files in an encrypted archive
	DestroyURL   string // POST
	SignInURL    string // set when a new login is needed first
	DeletionURL  string
	// Sections that a copy may hold, and how many of those that were asked for are read while it waits.
	Sections []DataSection
	Done, Of int
	// Bounds of the passphrase, in characters.
	MinPassphrase, MaxPassphrase int
}

// DataSection is a part of a copy, on offer (message copy.section.<name>).
type DataSection struct {
	Name   string
	Ticked bool
}

// Kibibytes is the size for people, rounded up.
func (p DataPage) Kibibytes() int64 { return (p.Size + 1023) / 1024 }

// DocumentKibibytes is that of the document.
func (p DataPage) DocumentKibibytes() int64 { return (p.DocumentSize + 1023) / 1024 }

// DocumentsPage is "documents" at /me/documents: the identity documents of a person. The form is that of proofing.
type DocumentsPage struct {
	ProofingPage
	Documents []HeldDocument
	Known     bool             // the person is proofed by name and number: a document may come beside
	Adding    bool             // a kind was chosen: the form is shown
	Asked     bool             // a wish was taken a moment ago
	Ways      []ProofingMethod // that prove the chosen kind beside what is held, without two people
	SignInURL string           // set when a new login is needed first
	MergeURL  string
}

// HeldDocument is one of them.
type HeldDocument struct {
	Ref       string
	Kind      string
	Number    string // masked
	Expires   string // 2030-01-31; empty where it is not known
	Level     int    // that stands on it now
	Told      bool   // applications are told this one
	Retired   time.Time
	RetireURL string // POST; empty when it cannot be retired
}
