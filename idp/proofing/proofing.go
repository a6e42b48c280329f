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
	"slices"
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
	// Card is never stored: a case that waits for its bank asks again without it.
	Card   string `json:"-"`
	Handle string `json:",omitempty"` // of a visit to another service's page
	// Certified is set where a certificate showed it and nobody is asked.
	Certified *certified `json:",omitempty"`
	// Sampled is the pass that people look at again.
	Sampled *sampled `json:",omitempty"`
	// Transfer is an order to the bank of an organisation.
	Transfer *Transfer `json:",omitempty"`
	// Child is for whom a guardian consents; the rest of the query is the guardian.
	Child *Child `json:",omitempty"`
	// Ward is who decided for the child that the query is about.
	Ward *warded `json:",omitempty"`
}

// Verdict of a source.
type Verdict string

// Verdicts.
const (
	Match          Verdict = "match"
	Mismatch       Verdict = "mismatch"
	MobileMismatch Verdict = "mobile_mismatch"
	CardMismatch   Verdict = "card_mismatch"
	Refused        Verdict = "refused" // deceased, frozen: not proofed here
	Pending        Verdict = "pending" // a visit to another service's page has no result yet
)

// Answer of a source. Digest covers request and answer, for the evidence record.
type Answer struct {
	Verdict Verdict
	Digest  string
	// Key is always the same for one person at a service that tells no name; empty elsewhere.
	Key string
	// Face is by which a service that compares faces knows one face again: a word of its own, no picture and no template. It is counted by
	// its keyed hash and kept nowhere; empty where the service has none.
	Face string
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

// States. A consent that was given is an event of the case; what a level does after it was granted (expiring, expired, revoked)
// is read from the evidence, which outlives the case.
const (
	Collecting  State = "collecting" // the person is at the page of another service
	SourceCheck State = "source_check"
	Waiting     State = "waiting" // source_check of a source that is silent
	Manual1     State = "manual_1"
	Manual2     State = "manual_2"
	Passed      State = "auto_pass" // decided, and the evidence is about to be stored
	Granted     State = "granted"
	Rejected    State = "refused"
	Withdrawn   State = "withdrawn" // by the person, or the guardian who agreed
)

// Open are the states of cases that can still be granted.
var Open = []State{Collecting, SourceCheck, Waiting, Manual1, Manual2, Passed}

// Case is one submission. The personal part is sealed.
type Case struct {
	ID, AccountID string
	State         State
	Method        string
	Wanted        subject.IAL
	KeyID         string
	Sealed        []byte
	CreatedAt     time.Time
	DueAt         time.Time // when reviewers have to have decided; zero for cases that no person decides
	// Guardian is the account that agreed for the child whose case it is; empty for everybody else. Version of the text is stored with it
	// and not read.
	Guardian, Version string
}

// Store keeps cases; idpdb implements it.
type Store interface {
	// PutCase stores a case, and counts what is shared with it where there is anything.
	PutCase(ctx context.Context, c Case, shared *Sharing, record audit.Record) error
	// CountSharing counts what is shared; all of it, with what staff are told, or nothing.
	CountSharing(ctx context.Context, shared *Sharing) error
	Case(ctx context.Context, id string) (Case, error)
	// OpenCase is the newest case of an account and a method that can still be granted; idp.ErrNotFound.
	OpenCase(ctx context.Context, accountID, method string) (Case, error)
	// CasesOpen are the cases of an account that can still be granted, the newest first.
	CasesOpen(ctx context.Context, accountID string, limit int) ([]Case, error)
	// SetCaseState moves a case; idp.ErrNotFound when it is not in the state given.
	SetCaseState(ctx context.Context, id string, from, to State, record audit.Record) error
	// Count adds one try to a counter that began less than span ago, or starts a new one, and returns the tries in it.
	Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
	// Counted is Count without a new try.
	Counted(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
	// Uncount takes one try back from a counter; one that holds none stays.
	Uncount(ctx context.Context, scope string, key []byte) error
	// Note stores an audit record that belongs to no other change.
	Note(ctx context.Context, record audit.Record) error
}

// Limits of submissions in a day: by one account, and about one document number by all accounts together. The number
// counts under its keyed hash. A try is counted before anything is asked, so parallel tries count as well.
//
// Mismatches are fewer: after the first one the same account tries again three times (experience.md 3.1), over all methods that ask a
// source about what was typed, because another method must not be a way to guess on. A try holds its place while the source is asked and
// gives it back unless the answer is a mismatch, so silence costs none. Pages of other services, certificates and reviewers look at
// the person or a thing that the person has; they stay open, within the bounds of the day.
const (
	TriesPerDay      = 10
	TriesPerIdentity = 20
	MismatchesPerDay = 4 // the first, and three more
	triesSpan        = 24 * time.Hour
	scopeAccount     = "proofing-account"
	scopeIdentity    = "proofing-identity"
	scopeMismatch    = "proofing-mismatch"
)

// A case whose source is silent is asked about again by itself, and closed after a day.
const (
	retryAfter  = time.Minute
	waitAtMost  = 20 * time.Hour
	visitAtMost = time.Hour       // of a visit to another service's page
	faceAtMost  = 5 * time.Minute // of one at which a face is looked at
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
	Methods  []Method // beside name and number
	// Policy is what holds; nil is DefaultPolicy.
	Policy func() []Level
	// Reviews keeps what reviewers see and decide; nil without manual review.
	Reviews ReviewStore
	// Organisations reads certificates of organisations; nil has none.
	Organisations OrganisationReader
	// CountShared has what stands behind many identities counted and told by TopicShared.
	CountShared bool
	// NegativeFor is how long a mismatch answers the same question again without the source; 0 asks each time. At most LongestNegative.
	NegativeFor time.Duration
	// Guardians carries out a guardian's consent; nil takes none.
	Guardians Guardians
	Now       func() time.Time
	Rand      io.Reader
}

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Submission is what a person fills in. Kind is of the table of documents; empty is the resident identity card. The other
// members of the document count where its kind asks for them, and none where the account's own identity is used.
type Submission struct {
	Kind, Name, Number, Mobile       string
	Nationality, Birth, Expires, MRZ string
	Card                             string
	Wanted                           subject.IAL
	Method                           string // empty: the lowest level of name and number that is enough
	Consent                          string // version of the separate consent that was given
	Further                          bool   // a document beside the one that the account holds
}

// Submit checks the form, asks the source and grants the level. fault.ProofingSilent means that the case is stored and
// will be tried again by itself.
func (s *Service) Submit(ctx context.Context, accountID string, in Submission) (subject.IAL, error) {
	level, q, err := s.check(ctx, accountID, in)
	if err != nil {
		return 0, err
	}
	if m, ok := s.method(level.Method); in.Method != "" && (!ok || m.Source == nil) {
		return 0, fault.New(fault.Invalid) // it leads elsewhere first
	}
	if err := s.holdTry(ctx, accountID); err != nil {
		return 0, err
	}
	mismatch := false
	defer func() {
		if !mismatch { // lost when the store fails just now: that costs the person a try, and gives nobody one
			_ = s.cfg.Store.Uncount(context.WithoutCancel(ctx), scopeMismatch, []byte(accountID))
		}
	}()
	c, err := s.open(ctx, accountID, level, &q)
	if err != nil {
		return 0, err
	}
	shared, err := s.sharing(ctx, c, level, q.Mobile, q.identity())
	if err != nil {
		return 0, err
	}
	if err := s.putWith(ctx, c, q, shared, s.opening(ctx, c, in)...); err != nil {
		return 0, err
	}
	reached, err := s.ask(ctx, c, q, level)
	if mismatch = slices.Contains(mismatches, fault.CodeOf(err)); fault.CodeOf(err) == fault.ProofingMismatch {
		return reached, s.withTries(ctx, accountID, q, err)
	}
	return reached, err
}

// mismatches are what a source answers when something that was typed is not the person's.
var mismatches = []fault.Code{fault.ProofingMismatch, fault.ProofingMobile, fault.ProofingCard}

// holdTry takes a place among the mismatches of the day; fault.ProofingTooOften when none is left.
func (s *Service) holdTry(ctx context.Context, accountID string) error {
	n, err := s.cfg.Store.Count(ctx, scopeMismatch, []byte(accountID), triesSpan, s.cfg.Now().UTC())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable) // without a counter nothing is asked (R6)
	}
	if n <= MismatchesPerDay {
		return nil
	}
	if err := s.cfg.Store.Uncount(ctx, scopeMismatch, []byte(accountID)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.ProofingTooOften)
}

// mismatched is a mismatch with what is left of the day's tries.
type mismatched struct {
	error
	left int
}

// Unwrap gives the fault.
func (m mismatched) Unwrap() error { return m.error }

// TriesLeft is how often the person may still try today after a mismatch; -1 where that is not known, as after any other answer.
func TriesLeft(err error) int {
	if m, ok := errors.AsType[mismatched](err); ok {
		return m.left
	}
	return -1
}

// withTries adds what is left to a mismatch: the smallest of what account and document may still ask, and of the mismatches.
func (s *Service) withTries(ctx context.Context, accountID string, q Query, mismatch error) error {
	limits, err := s.limits(ctx, accountID, q)
	if err != nil {
		return err
	}
	left := TriesPerDay
	for _, limit := range append(limits, limit{scopeMismatch, []byte(accountID), MismatchesPerDay}) {
		tries, err := s.cfg.Store.Counted(ctx, limit.scope, limit.key, triesSpan, s.cfg.Now().UTC())
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		left = min(left, max(limit.n-tries, 0))
	}
	return mismatched{mismatch, left}
}

// open counts a try and makes the case.
func (s *Service) open(ctx context.Context, accountID string, level Level, q *Query) (Case, error) {
	now := s.cfg.Now().UTC()
	if err := s.count(ctx, accountID, *q, now); err != nil {
		return Case{}, err
	}
	c := Case{ID: ident.New(s.cfg.Rand, "case"), AccountID: accountID, State: SourceCheck, Method: level.Method, Wanted: level.IAL, CreatedAt: now}
	q.RequestID = c.ID
	if q.Ward != nil {
		c.Guardian, c.Version = q.Ward.Guardian, WardNotice(level.Method)
	}
	return c, s.noteSource(ctx, c, q.identity())
}

// put stores a case with the message that will ask again, so that it is finished also when this process dies before the source
// answers.
func (s *Service) put(ctx context.Context, c Case, q Query, in Submission) error {
	return s.putWith(ctx, c, q, nil, s.opening(ctx, c, in)...)
}

func (s *Service) putWith(ctx context.Context, c Case, q Query, shared *Sharing, events ...audit.Event) error {
	if err := s.sealInto(ctx, &c, q); err != nil {
		return err
	}
	record := audit.With(events...).And(audit.Message{Topic: TopicRetry, Key: c.ID, Payload: []byte(`{"case":"` + c.ID + `"}`), NotBefore: c.CreatedAt.Add(retryAfter)})
	if c.Guardian != "" { // told in any case, whoever is there when the answer comes
		told, err := wardNotice(c, c.CreatedAt.Add(faceAtMost+retryAfter))
		if err != nil {
			return err
		}
		record = record.And(told)
	}
	if err := s.cfg.Store.PutCase(ctx, c, shared, record); err != nil {
		return fmt.Errorf("store case: %w", err)
	}
	return nil
}

// opening are the events of a new case: the separate consent with the version of its text, where the method needs one.
func (s *Service) opening(ctx context.Context, c Case, in Submission) (events []audit.Event) {
	if in.Consent != "" {
		given := s.event(ctx, c, "proofing.consented")
		given.Details["version"] = in.Consent
		if c.Guardian != "" {
			given.Details["guardian"] = c.Guardian
		}
		events = append(events, given)
	}
	return append(events, s.event(ctx, c, "proofing.submitted"))
}

// limit is how many tries a counter allows in a day.
type limit struct {
	scope string
	key   []byte
	n     int
}

// limits are those that a question counts under.
func (s *Service) limits(ctx context.Context, accountID string, q Query) ([]limit, error) {
	limits := []limit{{scopeAccount, []byte(accountID), TriesPerDay}}
	if q.Child != nil { // nobody finds out children by trying
		lookup, err := s.cfg.Accounts.IdentityLookup(ctx, q.Child.identity())
		if err != nil {
			return nil, err
		}
		limits = append(limits, limit{scopeIdentity, lookup, TriesPerIdentity})
	} else if q.IDNumber != "" {
		lookup, err := s.cfg.Accounts.IdentityLookup(ctx, q.identity())
		if err != nil {
			return nil, err
		}
		limits = append(limits, limit{scopeIdentity, lookup, TriesPerIdentity})
	}
	return limits, nil
}

// count refuses too many tries. Without a counter nothing is asked (R6).
func (s *Service) count(ctx context.Context, accountID string, q Query, now time.Time) error {
	limits, err := s.limits(ctx, accountID, q)
	if err != nil {
		return err
	}
	for _, limit := range limits {
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
	source := s.sourceFor(c.Method, q.IDType)
	if source == nil { // it was taken out of the configuration meanwhile
		return 0, s.wait(ctx, c, ErrSilent)
	}
	answer, cached, err := s.askOnce(ctx, source, c, q)
	switch {
	case err != nil:
		return 0, s.wait(ctx, c, err)
	case c.State == Collecting && q.Handle != "" && s.late(c): // whatever came of it: it was not finished in its time
		return 0, s.visiting(ctx, c)
	case answer.Verdict == Pending:
		return 0, s.visiting(ctx, c)
	case answer.Verdict == Ordered:
		return 0, s.ordered(ctx, c, answer)
	case answer.Verdict != Match:
		return 0, s.refuse(ctx, c, answer.Verdict, cached)
	}
	if err := s.noteFace(ctx, c, level, answer, q.identity()); err != nil {
		return 0, err
	}
	return s.grant(ctx, c, q, level, source.Name(), answer)
}

// refusals are the words for verdicts; what is not here is fault.ProofingMismatch.
var refusals = map[Verdict]struct {
	code  fault.Code
	field string
}{
	MobileMismatch:  {fault.ProofingMobile, fieldMobile},
	CardMismatch:    {fault.ProofingCard, fieldCard},
	AccountMismatch: {fault.TransferMismatch, fieldAccount},
}

// refuse closes a case with what the source said, or said shortly before to the same question (cached).
func (s *Service) refuse(ctx context.Context, c Case, verdict Verdict, cached bool) error {
	event := s.event(ctx, c, "proofing."+string(verdict))
	if cached {
		event.Details["cached"] = "true"
	}
	record := audit.With(event)
	if c.Method == GuardianConsent && c.State == Waiting { // nobody sits before the answer any more
		told, err := guardianNotice(c)
		if err != nil {
			return err
		}
		record = record.And(told)
	}
	err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, record)
	if errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.Conflict) // another process closed the case
	}
	if err != nil {
		return fmt.Errorf("close case: %w", err)
	}
	if m, _ := s.method(c.Method); c.State == Waiting && !m.forAnother() && (plain(c.Method) || m.Source != nil) { // its place was given back when the source was silent
		if _, err := s.cfg.Store.Count(ctx, scopeMismatch, []byte(c.AccountID), triesSpan, s.cfg.Now().UTC()); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
	}
	if known, ok := refusals[verdict]; ok {
		return fault.New(known.code).WithField(known.field, known.code)
	}
	switch c.Method {
	case Face, NetworkID:
		return fault.New(fault.ProofingElsewhere)
	case GuardianConsent:
		return fault.New(fault.ChildMismatch).WithField(fieldChildNumber, fault.ChildMismatch)
	case OrganisationTransfer:
		return fault.New(fault.TransferMismatch).WithField(fieldAccount, fault.TransferMismatch)
	}
	return fault.New(fault.ProofingMismatch)
}

// grant stores the evidence, which closes the case.
func (s *Service) grant(ctx context.Context, c Case, q Query, level Level, source string, answer Answer) (subject.IAL, error) {
	if q.Child != nil {
		_, err := s.link(ctx, c, q, level, source, answer)
		return 0, err
	}
	if err := s.wardStands(ctx, c, q); err != nil {
		return 0, err
	}
	now := s.cfg.Now().UTC()
	proof := idp.Proof{IAL: level.IAL, Method: level.Method, Source: source, At: now, Evidence: answer.Digest, Case: c.ID}
	if level.Days > 0 {
		proof.Until = now.Add(level.life())
	}
	if ends := q.documentEnds(); !ends.IsZero() && (proof.Until.IsZero() || ends.Before(proof.Until)) {
		proof.Until, proof.DocumentEnds = ends, ends // a level does not outlive the document behind it
	}
	q.certificateEnds(&proof)
	err := s.sample(ctx, c, q, level, &proof)
	if err != nil {
		return 0, err
	}
	switch {
	case q.IDNumber != "":
		err = s.cfg.Accounts.ProveIdentity(ctx, c.AccountID, proof, q.identity())
	case answer.Key != "":
		err = s.cfg.Accounts.ProveNetworkID(ctx, c.AccountID, proof, source, answer.Key)
	default:
		return 0, fmt.Errorf("case %s: a match about nobody", c.ID)
	}
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
		record := audit.With(s.event(ctx, c, kind))
		if to == Rejected && c.Method == GuardianConsent {
			told, err := guardianNotice(c)
			if err != nil {
				return err
			}
			record = record.And(told)
		}
		if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, to, record); err != nil {
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
	if err != nil || !slices.Contains([]State{Waiting, SourceCheck, Collecting, Passed}, c.State) {
		return err
	}
	q, err := s.unseal(ctx, c)
	if err != nil {
		return err
	}
	level, ok := s.row(c.Method)
	level = q.capped(level)
	if !ok || level.IAL != c.Wanted { // the policy changed: what was promised to the person is not given any more
		return s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.policy_changed")))
	}
	return s.again(ctx, c, q, level)
}

func (s *Service) unseal(ctx context.Context, c Case) (q Query, err error) {
	plaintext, err := s.cfg.Accounts.Unseal(ctx, c.AccountID, c.KeyID, c.Sealed, "case/"+c.ID)
	if err != nil {
		return q, fmt.Errorf("open case: %w", err)
	}
	if err := json.Unmarshal(plaintext, &q); err != nil {
		return q, fmt.Errorf("open case: %w", err)
	}
	return q, nil
}

// again asks once more; what closes the case is no error of the message.
func (s *Service) again(ctx context.Context, c Case, q Query, level Level) (err error) {
	switch {
	case c.State == Passed && q.Certified != nil:
		_, err = s.grantCertified(ctx, c, q, level)
	case c.State == Collecting && q.Transfer != nil:
		err = s.awaitAmount(ctx, c)
	case c.State == Passed:
		_, err = s.grantReviewed(ctx, c, q, level)
	default:
		_, err = s.ask(ctx, c, q, level)
	}
	switch fault.CodeOf(err) {
	case fault.ProofingMismatch, fault.ProofingMobile, fault.ProofingCard, fault.ProofingElsewhere, fault.TransferMismatch, fault.IdentityBound, fault.Conflict:
		return nil
	}
	if slices.Contains(childFaults, fault.CodeOf(err)) {
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
