package idp

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// DisputeState of a question about a release.
type DisputeState string

// States of a dispute.
const (
	DisputeOpen      DisputeState = "open"      // the department must answer by its date
	DisputeAnswered  DisputeState = "answered"  // the person decides
	DisputeClosed    DisputeState = "closed"    // settled
	DisputeEscalated DisputeState = "escalated" // the platform decides
)

// DisputeStates are all of them.
var DisputeStates = []DisputeState{DisputeOpen, DisputeAnswered, DisputeEscalated, DisputeClosed}

// Authors of messages.
const (
	AuthorPerson     = "person"
	AuthorDepartment = "department"
	AuthorPlatform   = "platform"
)

// Bounds of disputes.
const (
	AnswerTime         = 15 * 24 * time.Hour
	maxDisputeText     = 1000 // characters
	maxDisputeMessages = 40
)

// Outbox topics of what the person is told; the message is an AccountMessage.
const (
	TopicDisputeAnswered = "notice.dispute_answered"
	TopicDisputeMoved    = "notice.dispute_moved" // sent back to the department, or taken over by the platform
)

// Dispute is a person's question to the department that received something of the person.
type Dispute struct {
	ID        string
	AccountID string
	ReleaseID string
	ClientID  string
	// Department that received it, as it was when the person asked; empty is the platform's alone.
	Department string
	State      DisputeState
	// AnsweredBy is the author of the answer that stands; empty while none does.
	AnsweredBy  string
	OpenedAt    time.Time
	DueAt       time.Time // of the answer that is waited for
	EscalatedAt time.Time // when the platform was asked, which happens once
	CorrectedAt time.Time // when the platform stepped in after an answer of the department, which happens once
	RemindedAt  time.Time // when its department was told that the answer is overdue; zero after each step
	RaisedAt    time.Time // when it went to the platform by itself
	ChangedAt   time.Time
	Version     int64
	Messages    []DisputeMessage // not in lists
}

// Waits tells whether an answer is waited for.
func (d Dispute) Waits() bool { return d.State == DisputeOpen || d.State == DisputeEscalated }

// Overdue tells whether an answer should have come.
func (d Dispute) Overdue(now time.Time) bool { return d.Waits() && now.After(d.DueAt) }

// Final tells whether the answer that stands is the last word here: the platform's, after it was asked or put its own in the
// place of the department's.
func (d Dispute) Final() bool {
	return d.State == DisputeAnswered && d.AnsweredBy == AuthorPlatform && !(d.EscalatedAt.IsZero() && d.CorrectedAt.IsZero())
}

// DisputeMessage is one message; its text is sealed under the key of the person's account.
type DisputeMessage struct {
	Author string
	KeyID  string
	Sealed []byte
	Text   string // opened
	At     time.Time
}

// SealedMessage is a message of a dispute as it is stored.
type SealedMessage struct {
	Dispute string
	Number  int64
	KeyID   string
	Sealed  []byte
}

// DisputeQuery selects disputes: those that wait for an answer by their due day, so that the longest overdue stand first, then the
// others, the newest first.
type DisputeQuery struct {
	AccountID  string
	Department string       // empty: all
	State      DisputeState // empty: all
	Overdue    time.Time    // only those that wait for an answer that was due before; zero: all
	Behind     int64        // place in the order
	BehindID   string
	Limit      int
}

// OverdueStep is one of the steps that the clock takes.
type OverdueStep string

// Steps, in their order.
const (
	StepRemind OverdueStep = "remind" // the department is told that its answer is overdue
	StepRaise  OverdueStep = "raise"  // the platform takes over
)

// DisputeCount is how many disputes wait for somebody at the desks.
type DisputeCount struct {
	Overdue   int // of departments, told to them
	Escalated int // of the platform
}

// DisputeStore keeps disputes; idpdb implements it. Each change is one transaction with its record.
type DisputeStore interface {
	StoredRelease(ctx context.Context, accountID, id string) (Release, error)
	// OpenDispute answers ErrTaken when there is one about the release.
	OpenDispute(ctx context.Context, d Dispute, first DisputeMessage, record audit.Record) error
	Dispute(ctx context.Context, id string) (Dispute, error)
	DisputeOf(ctx context.Context, accountID, releaseID string) (Dispute, error)
	Disputes(ctx context.Context, q DisputeQuery) ([]Dispute, error)
	// ChangeDispute makes the next version, with a message where there is one; ErrConflict when another is stored.
	ChangeDispute(ctx context.Context, d Dispute, m *DisputeMessage, record audit.Record) error
	// DisputesDue are open ones for which a step is due, by identifier.
	DisputesDue(ctx context.Context, step OverdueStep, before time.Time, after string, limit int) ([]Dispute, error)
	// RemindDispute notes that the department of an open dispute was told; ErrConflict when it was, or the dispute is another version.
	RemindDispute(ctx context.Context, d Dispute, at time.Time, record audit.Record) error
	// CountDisputes counts, up to a bound, what departments were told of (of one department, where it is named) and what waits for the platform.
	CountDisputes(ctx context.Context, department string, bound int) (DisputeCount, error)
}

// DisputesConfig holds what Disputes needs.
type DisputesConfig struct {
	Store    DisputeStore
	Accounts *Accounts
	// DepartmentOf is the department to which a client belongs now; empty for none.
	DepartmentOf func(clientID string) string
	// Human names the human behind an actor by a keyed hash, so that nobody answers the own question; nil knows none.
	Human      func(ctx context.Context, actor string) (string, error)
	RaiseAfter time.Duration // from the notice to the department until the platform takes over; DefaultRaiseAfter when zero
	Now        func() time.Time
	Rand       io.Reader
	Wake       func() // tells the outbox that something is due
}

// DefaultRaiseAfter is five days, counted as all days here are.
const DefaultRaiseAfter = 5 * 24 * time.Hour

// Disputes lets people ask departments about what they received.
type Disputes struct{ cfg DisputesConfig }

// NewDisputes returns the service.
func NewDisputes(cfg DisputesConfig) *Disputes {
	if cfg.RaiseAfter == 0 {
		cfg.RaiseAfter = DefaultRaiseAfter
	}
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	return &Disputes{cfg}
}

// Release reads the line that a dispute is about, for the person whose it is.
func (s *Disputes) Release(ctx context.Context, accountID, releaseID string) (Release, error) {
	r, err := s.cfg.Store.StoredRelease(ctx, accountID, releaseID)
	return r, disputeFault(err)
}

// About reads the dispute about a release with its messages; a state that is empty is none.
func (s *Disputes) About(ctx context.Context, accountID, releaseID string) (Dispute, error) {
	d, err := s.cfg.Store.DisputeOf(ctx, accountID, releaseID)
	if errors.Is(err, ErrNotFound) {
		return Dispute{}, nil
	}
	if err != nil {
		return d, disputeFault(err)
	}
	return s.opened(ctx, d)
}

// Get reads a dispute with its messages.
func (s *Disputes) Get(ctx context.Context, id string) (Dispute, error) {
	d, err := s.cfg.Store.Dispute(ctx, id)
	if err != nil {
		return d, disputeFault(err)
	}
	return s.opened(ctx, d)
}

func (s *Disputes) opened(ctx context.Context, d Dispute) (Dispute, error) {
	for i := range d.Messages {
		text, err := s.cfg.Accounts.Unseal(ctx, d.AccountID, d.Messages[i].KeyID, d.Messages[i].Sealed, "dispute/"+d.ID)
		if err != nil {
			return d, disputeFault(err)
		}
		d.Messages[i].Text = string(text)
	}
	return d, nil
}

// Page lists disputes; next is empty on the last page.
func (s *Disputes) Page(ctx context.Context, q DisputeQuery, after string) (page []Dispute, next string, err error) {
	if after != "" {
		behind, id, err := ReadPagePlace(after)
		if err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
		q.Behind, q.BehindID = behind.UnixMicro(), id
	}
	limit := q.Limit
	q.Limit++
	if page, err = s.cfg.Store.Disputes(ctx, q); err != nil {
		return nil, "", disputeFault(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = PagePlace(time.UnixMicro(DisputePlace(page[limit-1])), page[limit-1].ID)
	}
	return page, next, nil
}

// DisputePlace is where a dispute stands in lists, in microseconds; stores order by it.
func DisputePlace(d Dispute) int64 {
	if d.Waits() {
		return d.DueAt.UnixMicro()
	}
	return 4e18 - d.OpenedAt.UnixMicro() // behind every day that can be due
}

// Open asks the department that received a release.
func (s *Disputes) Open(ctx context.Context, accountID, releaseID, text string) (Dispute, error) {
	r, err := s.Release(ctx, accountID, releaseID)
	if err != nil {
		return Dispute{}, err
	}
	now := s.cfg.Now().UTC()
	d := Dispute{ID: ident.New(s.cfg.Rand, "dsp"), AccountID: accountID, ReleaseID: releaseID, ClientID: r.ClientID, Department: r.Department, State: DisputeOpen, OpenedAt: now, DueAt: now.Add(AnswerTime), ChangedAt: now, Version: 1}
	if r.Channel == ChannelPassed { // the line names the recipient and not its identifier; whoever passed it on answers for it
		d.Department = s.cfg.DepartmentOf(r.ClientID)
	}
	m, err := s.message(ctx, d, AuthorPerson, text)
	if err != nil {
		return d, err
	}
	err = s.cfg.Store.OpenDispute(ctx, d, *m, audit.With(event(ctx, now, "dispute.opened", "dispute", d.ID, map[string]string{"client": d.ClientID})))
	if errors.Is(err, ErrTaken) {
		return d, fault.Wrap(err, fault.Conflict)
	}
	return d, disputeFault(err)
}

func disputeFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	}
	return fault.Wrap(err, fault.Unavailable)
}
