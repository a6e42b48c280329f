package web

import "time"

// SealUsesPage is "seal-requests" at /seal/requests: requests for the use of seals.
type SealUsesPage struct {
	Filter FormField // by state
	Table  Table
}

// SealUsePage is "seal-request": what somebody asks to seal, exactly, and what becomes of it.
type SealUsePage struct {
	Seal      string
	SealURL   string
	Status    string
	Facts     []ShownField
	SM3       string
	Places    []string  // in words
	Unseen    bool      // it waits, and the document was not given
	Remote    bool      // the document stays with the requester, and SM3 is what will be signed of it
	RemovedAt time.Time // the document is not kept any more; zero where it is, and where it was not given
	Problem   string    // why it could not be sealed now; empty where it could
	Sheet     *StampPreview
	PrevURL   string // page of the document before
	NextURL   string
	FileURL   string // the document itself
	History   []HistoryItem
	Actions   []StateAction
	Hidden    []Hidden // goes with every action: the digest of what was read
	StampURL  string   // carries it out; empty hides the button
	StampFile bool     // the document has to be picked
	StampKey  []Hidden
	UsesLeft  int
	ExpiresAt time.Time
}

// SealRulePage is "seal-rule": propose what a use of a seal takes.
type SealRulePage struct {
	Seal    string
	BackURL string
	Action  string
	Hidden  []Hidden
	Fields  []FormField
}

// SealRuleShown is the rule of a seal on its page.
type SealRuleShown struct {
	Facts   []ShownField
	EditURL string // empty hides it
	Waiting []ShownField
	Actions []StateAction // on the rule that waits
	Hidden  []Hidden
}
