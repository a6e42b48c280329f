package web

import (
	"html/template"
	"time"
)

// ReviewQueuePage is "review": cases of proofing that wait for staff, those that are due first. Nothing of the people stands in it.
type ReviewQueuePage struct {
	Items    []ReviewItem
	Kind     string // filter; empty is every kind
	Kinds    []string
	Overdue  bool // only what is past its time
	FirstURL string
	NextURL  string
}

// ReviewItem is a line of the queue.
type ReviewItem struct {
	URL     string
	ID      string
	Since   time.Time
	DueAt   time.Time
	Overdue bool
	Second  bool // one reviewer decided already
	Sample  bool // a second look at an automatic pass
	Own     bool // it is the reviewer's own
}

// ReviewCasePage is "review-case".
type ReviewCasePage struct {
	Guardian    bool   // of a guardian's consent for a child
	Relation    string // as the guardian says; message child.relation.<word>
	Ward        bool   // handed in by the guardian of the child whose case it is
	ID          string
	Document    string // kind
	Office      bool   // the case is that of an organisation
	Sample      string // name of the method whose pass is looked at again; empty where the person handed something in
	Source      string // who passed it
	Evidence    string // digest of what was asked and answered
	Tier        int
	Since       time.Time
	DueAt       time.Time
	Overdue     bool
	Decisions   int
	Fields      []ReviewField
	FieldURL    string // POST field and reason shows one field
	DecisionURL string // POST decision and reason
	Version     string // of the case as it is shown; goes back with the decision
	Codes       []string
	Code        string // chosen reason of a refusal
	Asked       string // field that was asked for
	Reason      string // of the decision
}

// ReviewField is a field of a case: masked until it is opened, in that answer alone.
type ReviewField struct {
	Field   string
	Label   string
	Number  string // of a picture
	Value   string
	Open    bool
	Picture template.URL // data of a picture that is open
}
