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
	"github.com/yinxin-gov/yinxin/keys"
)

// Query is what a source is asked. Mobile is empty when only name and number are compared.
type Query struct {
	RequestID string
	Name      string
	IDType    string
	IDNumber  string
	Mobile    string
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
	// CasesSince counts the submissions of an account.
	CasesSince(ctx context.Context, accountID string, since time.Time) (int, error)
}

// Level is one row of the policy: what a level needs and how long it lasts.
type Level struct {
	IAL    subject.IAL
	Method string
	Mobile bool          // the number must be in the person's own name
	Life   time.Duration // 0: no end
}

// Policy is the default: 1 = name and number, 2 = with the mobile number (identity.md 2.4).
var Policy = []Level{
	{IAL: 1, Method: "id_card", Life: 10 * 365 * 24 * time.Hour},
	{IAL: 2, Method: "carrier", Mobile: true, Life: 5 * 365 * 24 * time.Hour},
}

// TriesPerDay bounds submissions of one account.
const TriesPerDay = 10

// TopicRetry is the outbox topic of waiting cases.
const TopicRetry = "proofing.retry"

// Service runs the pipeline.
type Service struct{ cfg Config }

// Config of the service.
type Config struct {
	Accounts *idp.Accounts
	Store    Store
	Source   Source
	Ring     *keys.Ring
	Now      func() time.Time
	Rand     io.Reader
}

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Submission is what a person fills in.
type Submission struct {
	Name, Number, Mobile string
	Wanted               subject.IAL
}

// Submit checks the form, asks the source and grants the level. fault.ProofingSilent means that the case is stored and
// will be tried again by itself.
func (s *Service) Submit(ctx context.Context, accountID string, in Submission) (subject.IAL, error) {
	level, q, err := s.check(in)
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
	tries, err := s.cfg.Store.CasesSince(ctx, accountID, now.Add(-24*time.Hour))
	if err != nil {
		return 0, fmt.Errorf("count cases: %w", err)
	}
	if tries >= TriesPerDay {
		return 0, fault.New(fault.ProofingTooOften)
	}
	c := Case{ID: ident.New(s.cfg.Rand, "case"), AccountID: accountID, State: SourceCheck, Method: level.Method, Wanted: level.IAL, CreatedAt: now}
	q.RequestID = c.ID
	if err := s.sealInto(ctx, &c, q); err != nil {
		return 0, err
	}
	if err := s.cfg.Store.PutCase(ctx, c, audit.With(s.event(ctx, c, "proofing.submitted"))); err != nil {
		return 0, fmt.Errorf("store case: %w", err)
	}
	return s.ask(ctx, c, q, level)
}

// check validates the form and finds the level's policy.
func (s *Service) check(in Submission) (Level, Query, error) {
	q := Query{IDType: "citizen_id"}
	refused := fault.New(fault.Invalid)
	name, err := subject.ParsePersonName(in.Name)
	if err != nil {
		refused = refused.WithField("proofing-name", fault.ProofingName)
	}
	number, err := subject.ParseCitizenID(in.Number)
	if err != nil {
		refused = refused.WithField("proofing-number", fault.ProofingNumber)
	}
	if in.Mobile != "" {
		mobile, err := subject.ParseIdentifier(in.Mobile)
		if err != nil || mobile.Kind != subject.Mobile {
			refused = refused.WithField("proofing-mobile", fault.IdentifierInvalid)
		}
		q.Mobile = mobile.Value
	}
	if len(refused.Fields) > 0 {
		return Level{}, q, refused
	}
	q.Name, q.IDNumber = name, string(number)
	for _, level := range Policy {
		if level.IAL >= in.Wanted {
			if !level.Mobile {
				q.Mobile = ""
			}
			return level, q, nil
		}
	}
	return Level{}, q, fault.New(fault.Invalid)
}

func (s *Service) ask(ctx context.Context, c Case, q Query, level Level) (subject.IAL, error) {
	answer, err := s.cfg.Source.Ask(ctx, q)
	if err != nil {
		if c.State == Waiting {
			return 0, fault.Wrap(err, fault.ProofingSilent)
		}
		message := audit.Message{Topic: TopicRetry, Key: c.ID, Payload: []byte(`{"case":"` + c.ID + `"}`), NotBefore: s.cfg.Now().Add(time.Minute)}
		if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Waiting, audit.With(s.event(ctx, c, "proofing.waiting")).And(message)); err != nil {
			return 0, fmt.Errorf("keep case: %w", err)
		}
		return 0, fault.Wrap(err, fault.ProofingSilent)
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
	proof := idp.Proof{IAL: level.IAL, Method: level.Method, Source: s.cfg.Source.Name(), At: now, Evidence: answer.Digest}
	if level.Life > 0 {
		proof.Until = now.Add(level.Life)
	}
	if err := s.cfg.Accounts.Prove(ctx, c.AccountID, proof, q.Name, q.IDType, q.IDNumber); err != nil {
		if closing := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.bound_elsewhere"))); closing != nil {
			return 0, errors.Join(err, closing)
		}
		return 0, err
	}
	return level.IAL, s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Granted, audit.With(s.event(ctx, c, "proofing.closed")))
}

// Retry is the outbox handler of waiting cases.
func (s *Service) Retry(ctx context.Context, payload []byte) error {
	var message struct {
		Case string `json:"case"`
	}
	if err := json.Unmarshal(payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	c, err := s.cfg.Store.Case(ctx, message.Case)
	if err != nil || c.State != Waiting {
		return err
	}
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, c.KeyID)
	if err != nil {
		return err
	}
	plaintext, err := cipher.Open(ctx, c.Sealed, []byte("case/"+c.ID))
	if err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	var q Query
	if err := json.Unmarshal(plaintext, &q); err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	for _, level := range Policy {
		if level.IAL == c.Wanted {
			_, err := s.ask(ctx, c, q, level)
			if code := fault.CodeOf(err); code == fault.ProofingSilent {
				return err // later
			}
			return nil
		}
	}
	return nil
}

func (s *Service) sealInto(ctx context.Context, c *Case, q Query) error {
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	plaintext, err := json.Marshal(q)
	if err != nil {
		return err
	}
	c.KeyID = cipher.KeyID()
	c.Sealed, err = cipher.Seal(ctx, plaintext, []byte("case/"+c.ID))
	return err
}

func (s *Service) event(ctx context.Context, c Case, kind string) audit.Event {
	return idp.Event(ctx, s.cfg.Now(), kind, "account", c.AccountID, map[string]string{"case": c.ID, "method": c.Method, "wanted": fmt.Sprint(int(c.Wanted))})
}
