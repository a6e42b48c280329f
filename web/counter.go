package web

import "time"

// CounterPage is "counter": call the next number, or put the terminal into service.
type CounterPage struct {
	Enrol     bool // the terminal is not in service
	Terminal  string
	Reader    bool // cards can be read
	Called    string
	Typed     bool   // the document is typed, with a second clerk
	TypedURL  string // to there; and back
	Fields    []FormField
	Screen    bool
	Code      string // for a second screen; shown once
	QueueURL  string // of a supervisor
	CanServe  bool
	Checked   *CounterChecked // a paper that was just verified
	Expecting string          // of the code, a field's id
}

// CounterChecked is what the code on a paper says.
type CounterChecked struct {
	Code    string // V00 and so on
	Verdict string // valid, invalid, indeterminate
	Text    string
	Fields  []ShownField
}

// CounterAct is one thing that can be done for somebody.
type CounterAct struct {
	Kind    string
	Ticked  bool
	Key     int      // access key
	Details []string // whom it is about: the person agrees to that too
}

// States of CounterVisitPage.
const (
	CounterPlan   = "plan"
	CounterWait   = "wait"
	CounterAgreed = "agreed"
)

// CounterVisitPage is "counter-visit": somebody is served.
type CounterVisitPage struct {
	State                  string
	Hidden                 []Hidden
	Called                 string
	Name                   string // masked
	Facts                  []ShownField
	Acts                   []CounterAct
	Ways                   []string
	Way                    string
	AskPhone               bool
	AskChild               bool
	ChildName, ChildNumber string
	AskHelper              bool
	HelperName, HelperTo   string
	Phone                  string
	To                     string // masked, where a code went
	Until                  time.Time
	Typed                  bool
	Register               bool // the person has no account
	Challenge              string
	Voice                  bool     // a call can read the code aloud
	ByCall                 bool     // and this one was asked for so
	AskWard                bool     // the child's name and number may be of one whose account is to be deleted
	Blocked                []string // what stands in the way of a deletion, in words
}

// CounterDonePage is "counter-done": what was done, to be printed.
type CounterDonePage struct {
	Name      string
	Called    string
	Terminal  string
	At        time.Time
	Acts      []CounterReceipt
	Failed    string   // why what is missing was not done
	Again     []Hidden // of the form that tries it again; empty where nothing can be
	FinishURL string   // where the form goes that ends this page
	FromQueue bool     // a supervisor tried it again: there is no visit
	Card      *CounterCard
	Copies    []Link
	Pass      string
	PassEnds  time.Time
	LoginURL  string
	Ends      time.Time // of the cool-off of a deletion; zero where none was asked for
	DataURL   string    // where the copy of the person's data is handed over; empty where none was asked for
}

// CounterDataPage is "counter-data": the copy of a person's data is handed over.
type CounterDataPage struct {
	Name    string // masked
	State   string // waiting, ready, too_big
	Action  string // POST
	Back    string
	Hidden  []Hidden
	Archive bool // it can be handed over encrypted
	Paper   bool // it can be handed over to be printed
	NoPaper bool // the person agreed to that, and this platform has no seal for it
	// Bounds of the passphrase, in characters.
	MinPassphrase, MaxPassphrase int
}

// CounterReceipt is a line of the receipt.
type CounterReceipt struct {
	Kind, Outcome, ID string
}

// CounterCard is an offline code card, as printed.
type CounterCard struct {
	QR        QR
	Name      string
	Level     int
	IssuedAt  time.Time
	ExpiresAt time.Time
	VerifyURL string
	Code      string
}

// CounterScreenPage is "counter-screen": what the person in front of the counter sees.
type CounterScreenPage struct {
	Pair    bool // the screen is joined to no terminal yet
	Name    string
	Acts    []CounterAct
	Asks    bool
	Hidden  []Hidden
	Serves  bool
	Passkey *PasskeyForm // the person is asked for the own passkey
}

// PassPage is "pass": sign in with a one-time pass of a counter.
type PassPage struct {
	Number string
}
