// Package proofing raises the real-name level of an account (分级实名认证): it checks what a person submits, asks an
// authoritative source, and stores evidence. A source that does not answer leaves the case waiting; it is never shown as
// a mismatch. A failed try never lowers a level.
package proofing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Query is what a source is asked. Mobile is empty when only name and document are compared; the members of the document
// that its kind does not have are empty.
type Query struct {
	RequestID   string
	Name        string
	IDType      string
	IDNumber    string
	Nationality string // ISO 3166-1 alpha-3
	Birth       string // YYYY-MM-DD
	Expires     string // YYYY-MM-DD
	Mobile      string
}

// Verdict of a source.
type Verdict string

// Verdicts.
const (
	Match          Verdict = "match"
	Mismatch       Verdict = "mismatch"
	MobileMismatch Verdict = "mobile_mismatch"
	Refused        Verdict = "refused" // deceased, frozen: not proofed here
)

// Answer of a source. Digest covers request and answer, for the evidence record.
type Answer struct {
	Verdict Verdict
	Digest  string
}

// ErrSilent: the source did not answer in time or not in a way that can be understood.
var ErrSilent = errors.New("proofing: source does not answer")

// Source is an authoritative source.
type Source interface {
	Name() string
	// Knows reports whether the source is one for documents of a kind.
	Knows(kind string) bool
	Ask(ctx context.Context, q Query) (Answer, error)
}

// State of a case.
type State string

// States.
const (
	SourceCheck State = "source_check"
	Waiting     State = "waiting"
	Granted     State = "granted"
	Rejected    State = "refused"
)

// Case is one submission. The personal part is sealed.
type Case struct {
	ID, AccountID string
	State         State
	Method        string
	Wanted        subject.IAL
	KeyID         string
	Sealed        []byte
	CreatedAt     time.Time
}

// Store keeps cases; idpdb implements it.
type Store interface {
	PutCase(ctx context.Context, c Case, record audit.Record) error
	Case(ctx context.Context, id string) (Case, error)
	// SetCaseState moves a case; idp.ErrNotFound when it is not in the state given.
	SetCaseState(ctx context.Context, id string, from, to State, record audit.Record) error
	// Count adds one try to a counter that began less than span ago, or starts a new one, and returns the tries in it.
	Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
}

// Level is one row of the policy: what a level needs and how long it lasts.
type Level struct {
	IAL    subject.IAL
	Method string
	Mobile bool          // the number must be in the person's own name
	Life   time.Duration // 0: no end
}

// Policy is the default: 1 = name and number, 2 = with the mobile number (identity.md 2.4). Which methods a document may be
// proved by stands in the table of documents.
var Policy = []Level{
	{IAL: 1, Method: "id_card", Life: 10 * 365 * 24 * time.Hour},
	{IAL: 1, Method: "document", Life: 10 * 365 * 24 * time.Hour},
	{IAL: 2, Method: "carrier", Mobile: true, Life: 5 * 365 * 24 * time.Hour},
}

// Limits of submissions in a day: by one account, and about one document number by all accounts together. The number
// counts under its keyed hash. A try is counted before anything is asked, so parallel tries count as well.
const (
	TriesPerDay      = 10
	TriesPerIdentity = 20
	triesSpan        = 24 * time.Hour
	scopeAccount     = "proofing-account"
	scopeIdentity    = "proofing-identity"
)

// A case whose source is silent is asked about again by itself, and closed after a day.
const (
	retryAfter  = time.Minute
	waitAtMost  = 20 * time.Hour
	caseGivenUp = "proofing.given_up"
)

// TopicRetry is the outbox topic of waiting cases.
const TopicRetry = "proofing.retry"

// Service runs the pipeline.
type Service struct{ cfg Config }

// Config of the service.
type Config struct {
	Accounts *idp.Accounts
	Store    Store
	Sources  []Source // the first that knows a kind of document is asked about it
	Now      func() time.Time
	Rand     io.Reader
}

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Submission is what a person fills in. Kind is of the table of documents; empty is the resident identity card. The other
// members of the document count where its kind asks for them.
type Submission struct {
	Kind, Name, Number, Mobile       string
	Nationality, Birth, Expires, MRZ string
	Wanted                           subject.IAL
}

// Submit checks the form, asks the source and grants the level. fault.ProofingSilent means that the case is stored and
// will be tried again by itself.
func (s *Service) Submit(ctx context.Context, accountID string, in Submission) (subject.IAL, error) {
	level, q, err := s.check(ctx, in)
	if err != nil {
		return 0, err
	}
	if level.Mobile && q.Mobile == "" {
		person, err := s.cfg.Accounts.Person(ctx, accountID)
		if err != nil {
			return 0, err
		}
		q.Mobile = person.Mobile
		if q.Mobile == "" {
			return 0, fault.New(fault.ProofingMobile).WithField("proofing-mobile", fault.ProofingMobile)
		}
	}
	now := s.cfg.Now().UTC()
	if err := s.count(ctx, accountID, q, now); err != nil {
		return 0, err
	}
	c := Case{ID: ident.New(s.cfg.Rand, "case"), AccountID: accountID, State: SourceCheck, Method: level.Method, Wanted: level.IAL, CreatedAt: now}
	q.RequestID = c.ID
	if err := s.sealInto(ctx, &c, q); err != nil {
		return 0, err
	}
	// The message is stored with the case, so a case is finished also when this process dies before the source answers.
	message := audit.Message{Topic: TopicRetry, Key: c.ID, Payload: []byte(`{"case":"` + c.ID + `"}`), NotBefore: now.Add(retryAfter)}
	if err := s.cfg.Store.PutCase(ctx, c, audit.With(s.event(ctx, c, "proofing.submitted")).And(message)); err != nil {
		return 0, fmt.Errorf("store case: %w", err)
	}
	return s.ask(ctx, c, q, level)
}

// count refuses too many tries. Without a counter nothing is asked (R6).
func (s *Service) count(ctx context.Context, accountID string, q Query, now time.Time) error {
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, q.identity())
	if err != nil {
		return err
	}
	for _, limit := range []struct {
		scope string
		key   []byte
		n     int
	}{{scopeAccount, []byte(accountID), TriesPerDay}, {scopeIdentity, lookup, TriesPerIdentity}} {
		tries, err := s.cfg.Store.Count(ctx, limit.scope, limit.key, triesSpan, now)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if tries > limit.n {
			return fault.New(fault.ProofingTooOften)
		}
	}
	return nil
}

func (s *Service) ask(ctx context.Context, c Case, q Query, level Level) (subject.IAL, error) {
	source := s.sourceOf(q.IDType)
	if source == nil { // it was taken out of the configuration meanwhile
		return 0, s.wait(ctx, c, ErrSilent)
	}
	answer, err := source.Ask(ctx, q)
	if err != nil {
		return 0, s.wait(ctx, c, err)
	}
	if answer.Verdict != Match {
		if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing."+string(answer.Verdict)))); err != nil {
			return 0, fmt.Errorf("close case: %w", err)
		}
		if answer.Verdict == MobileMismatch {
			return 0, fault.New(fault.ProofingMobile).WithField("proofing-mobile", fault.ProofingMobile)
		}
		return 0, fault.New(fault.ProofingMismatch)
	}
	now := s.cfg.Now().UTC()
	proof := idp.Proof{IAL: level.IAL, Method: level.Method, Source: source.Name(), At: now, Evidence: answer.Digest, Case: c.ID}
	if level.Life > 0 {
		proof.Until = now.Add(level.Life)
	}
	if ends := q.documentEnds(); !ends.IsZero() && (proof.Until.IsZero() || ends.Before(proof.Until)) {
		proof.Until, proof.DocumentEnds = ends, ends // a level does not outlive the document behind it
	}
	err = s.cfg.Accounts.ProveIdentity(ctx, c.AccountID, proof, q.identity())
	switch {
	case err == nil:
		return level.IAL, nil
	case fault.CodeOf(err) == fault.IdentityBound:
		if closing := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.bound_elsewhere"))); closing != nil {
			return 0, fmt.Errorf("close case: %w", closing)
		}
	case errors.Is(err, idp.ErrNotFound):
		return 0, fault.Wrap(err, fault.Conflict) // another process closed the case
	}
	return 0, err
}

var errGivenUp = errors.New("proofing: the source was silent for too long")

// wait leaves a case to the retries. One that waited too long is closed, so that what was submitted is forgotten.
func (s *Service) wait(ctx context.Context, c Case, silence error) error {
	to, kind := Waiting, "proofing.waiting"
	if s.cfg.Now().Sub(c.CreatedAt) > waitAtMost {
		to, kind = Rejected, caseGivenUp
	}
	if c.State != to {
		if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, to, audit.With(s.event(ctx, c, kind))); err != nil {
			return fmt.Errorf("keep case: %w", err)
		}
	}
	if to == Rejected {
		return fmt.Errorf("%w: %w", errGivenUp, silence)
	}
	return fault.Wrap(silence, fault.ProofingSilent)
}

// Retry is the outbox handler of cases that are still open a minute after they were submitted. An error means: later.
func (s *Service) Retry(ctx context.Context, payload []byte) error {
	var message struct {
		Case string `json:"case"`
	}
	if err := json.Unmarshal(payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	c, err := s.cfg.Store.Case(ctx, message.Case)
	if err != nil || c.State != Waiting && c.State != SourceCheck {
		return err
	}
	plaintext, err := s.cfg.Accounts.Unseal(ctx, c.AccountID, c.KeyID, c.Sealed, "case/"+c.ID)
	if err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	var q Query
	if err := json.Unmarshal(plaintext, &q); err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	for _, level := range Policy {
		if level.IAL == c.Wanted && level.Method == c.Method {
			return s.again(ctx, c, q, level)
		}
	}
	return fmt.Errorf("case %s wants level %d, by %s, which the policy does not know", c.ID, c.Wanted, c.Method)
}

// again asks once more; what closes the case is no error of the message.
func (s *Service) again(ctx context.Context, c Case, q Query, level Level) error {
	_, err := s.ask(ctx, c, q, level)
	switch fault.CodeOf(err) {
	case fault.ProofingMismatch, fault.ProofingMobile, fault.IdentityBound, fault.Conflict:
		return nil
	}
	if errors.Is(err, errGivenUp) {
		return nil
	}
	return err
}

func (s *Service) sealInto(ctx context.Context, c *Case, q Query) error {
	plaintext, err := json.Marshal(q)
	if err != nil {
		return err
	}
	c.KeyID, c.Sealed, err = s.cfg.Accounts.Seal(ctx, c.AccountID, plaintext, "case/"+c.ID)
	return err
}

func (s *Service) event(ctx context.Context, c Case, kind string) audit.Event {
	return idp.Event(ctx, s.cfg.Now(), kind, "account", c.AccountID, map[string]string{"case": c.ID, "method": c.Method, "wanted": fmt.Sprint(int(c.Wanted))})
}
