package idp

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

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

// Authors of messages.
const (
	AuthorPerson     = "person"
	AuthorDepartment = "department"
)

// Bounds of disputes.
const (
	AnswerTime         = 15 * 24 * time.Hour
	maxDisputeText     = 1000 // characters
	maxDisputeMessages = 40
)

// TopicDisputeAnswered is the outbox topic of answers to questions; the message is an AccountMessage.
const TopicDisputeAnswered = "notice.dispute_answered"

// Dispute is a person's question to the department that received something of the person.
type Dispute struct {
	ID        string
	AccountID string
	ReleaseID string
	ClientID  string
	State     DisputeState
	OpenedAt  time.Time
	DueAt     time.Time
	ChangedAt time.Time
	Version   int64
	Messages  []DisputeMessage // not in lists
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

// DisputeQuery selects disputes, the newest first.
type DisputeQuery struct {
	AccountID string
	State     DisputeState // empty: all
	Behind    time.Time
	BehindID  string
	Limit     int
}

// DisputeStore keeps disputes; idpdb implements it.
type DisputeStore interface {
	StoredRelease(ctx context.Context, accountID, id string) (Release, error)
	// OpenDispute answers ErrTaken when there is one about the release.
	OpenDispute(ctx context.Context, d Dispute, first DisputeMessage, record audit.Record) error
	Dispute(ctx context.Context, id string) (Dispute, error)
	DisputeOf(ctx context.Context, accountID, releaseID string) (Dispute, error)
	Disputes(ctx context.Context, q DisputeQuery) ([]Dispute, error)
	// ChangeDispute makes the next version, with a message where there is one; ErrConflict when another is stored.
	ChangeDispute(ctx context.Context, d Dispute, m *DisputeMessage, record audit.Record) error
}

// Disputes lets people ask departments about what they received.
type Disputes struct {
	store    DisputeStore
	accounts *Accounts
	now      func() time.Time
	rand     io.Reader
}

// NewDisputes returns the service.
func NewDisputes(store DisputeStore, accounts *Accounts, now func() time.Time, rand io.Reader) *Disputes {
	return &Disputes{store, accounts, now, rand}
}

// Release reads the line that a dispute is about, for the person whose it is.
func (s *Disputes) Release(ctx context.Context, accountID, releaseID string) (Release, error) {
	r, err := s.store.StoredRelease(ctx, accountID, releaseID)
	return r, disputeFault(err)
}

// About reads the dispute about a release with its messages; a state that is empty is none.
func (s *Disputes) About(ctx context.Context, accountID, releaseID string) (Dispute, error) {
	d, err := s.store.DisputeOf(ctx, accountID, releaseID)
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
	d, err := s.store.Dispute(ctx, id)
	if err != nil {
		return d, disputeFault(err)
	}
	return s.opened(ctx, d)
}

func (s *Disputes) opened(ctx context.Context, d Dispute) (Dispute, error) {
	for i := range d.Messages {
		text, err := s.accounts.Unseal(ctx, d.AccountID, d.Messages[i].KeyID, d.Messages[i].Sealed, "dispute/"+d.ID)
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
		if q.Behind, q.BehindID, err = readMark(after); err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
	}
	limit := q.Limit
	q.Limit++
	if page, err = s.store.Disputes(ctx, q); err != nil {
		return nil, "", disputeFault(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = writeMark(page[limit-1].OpenedAt, page[limit-1].ID)
	}
	return page, next, nil
}

// Open asks the department that received a release.
func (s *Disputes) Open(ctx context.Context, accountID, releaseID, text string) (Dispute, error) {
	r, err := s.Release(ctx, accountID, releaseID)
	if err != nil {
		return Dispute{}, err
	}
	now := s.now().UTC()
	d := Dispute{ID: ident.New(s.rand, "dsp"), AccountID: accountID, ReleaseID: releaseID, ClientID: r.ClientID, State: DisputeOpen, OpenedAt: now, DueAt: now.Add(AnswerTime), ChangedAt: now, Version: 1}
	m, err := s.message(ctx, d, AuthorPerson, text)
	if err != nil {
		return d, err
	}
	err = s.store.OpenDispute(ctx, d, *m, audit.With(event(ctx, now, "dispute.opened", "dispute", d.ID, map[string]string{"client": d.ClientID})))
	if errors.Is(err, ErrTaken) {
		return d, fault.Wrap(err, fault.Conflict)
	}
	return d, disputeFault(err)
}

func (s *Disputes) message(ctx context.Context, d Dispute, author, text string) (*DisputeMessage, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > maxDisputeText {
		return nil, fault.New(fault.DisputeText).WithField("text", fault.DisputeText)
	}
	if len(d.Messages) >= maxDisputeMessages {
		return nil, fault.New(fault.DisputeState)
	}
	m := &DisputeMessage{Author: author, At: s.now().UTC()}
	var err error
	m.KeyID, m.Sealed, err = s.accounts.Seal(ctx, d.AccountID, []byte(text), "dispute/"+d.ID)
	return m, disputeFault(err)
}

// Answer is the department's; where the dispute was escalated it is the platform's. The person is told that there is one, not what it says.
func (s *Disputes) Answer(ctx context.Context, id, text string) (Dispute, error) {
	d, err := s.Get(ctx, id)
	if err != nil {
		return d, err
	}
	if d.State != DisputeOpen && d.State != DisputeEscalated {
		return d, fault.New(fault.DisputeState)
	}
	return s.change(ctx, d, DisputeAnswered, AuthorDepartment, text, "dispute.answered")
}

// Reply asks again after an answer.
func (s *Disputes) Reply(ctx context.Context, d Dispute, text string) (Dispute, error) {
	if d.State != DisputeAnswered {
		return d, fault.New(fault.DisputeState)
	}
	d.DueAt = s.now().UTC().Add(AnswerTime)
	return s.change(ctx, d, DisputeOpen, AuthorPerson, text, "dispute.asked_again")
}

// Close settles a dispute by the person's word.
func (s *Disputes) Close(ctx context.Context, d Dispute) (Dispute, error) {
	if d.State == DisputeClosed || d.State == "" {
		return d, fault.New(fault.DisputeState)
	}
	return s.change(ctx, d, DisputeClosed, "", "", "dispute.closed")
}

// MayEscalate: after an answer that does not satisfy, or when none came in time.
func (s *Disputes) MayEscalate(d Dispute) bool {
	return d.State == DisputeAnswered || d.State == DisputeOpen && s.now().After(d.DueAt)
}

// Escalate asks the platform.
func (s *Disputes) Escalate(ctx context.Context, d Dispute) (Dispute, error) {
	if !s.MayEscalate(d) {
		return d, fault.New(fault.DisputeState)
	}
	return s.change(ctx, d, DisputeEscalated, "", "", "dispute.escalated")
}

func (s *Disputes) change(ctx context.Context, d Dispute, state DisputeState, author, text, kind string) (Dispute, error) {
	var m *DisputeMessage
	if author != "" {
		var err error
		if m, err = s.message(ctx, d, author, text); err != nil {
			return d, err
		}
	}
	d.State, d.ChangedAt = state, s.now().UTC()
	record := audit.With(event(ctx, d.ChangedAt, kind, "dispute", d.ID, map[string]string{"client": d.ClientID}))
	if state == DisputeAnswered {
		told, err := accountMessage(TopicDisputeAnswered, d.AccountID, d.ChangedAt)
		if err != nil {
			return d, fault.Wrap(err, fault.Internal)
		}
		record = record.And(told)
	}
	err := s.store.ChangeDispute(ctx, d, m, record)
	if errors.Is(err, ErrConflict) {
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
