// Package reconcile compares what accounts proved with the registers, slowly and again and again (存量比对): does the
// population register still confirm name and number of this person? What follows is a policy: a notice, an end of the
// level, a suspension. A register that does not answer says nothing, so nothing follows from it; a run that would touch
// many people stops for an administrator, since a register that is wrong about many is likelier than as many events.
package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Result is what a register says about a subject.
type Result string

// Results.
const (
	Confirmed Result = "confirmed"
	Changed   Result = "changed"   // the number is there with another name
	Deceased  Result = "deceased"  // of an organisation: dissolved
	Unknown   Result = "unknown"   // the number is not there
	NoAnswer  Result = "no_answer" // or none that can be understood, or two that differ
)

// Action follows a result.
type Action string

// Actions.
const (
	Notice Action = "notice" // tell the person to be proofed anew
	Decay  Action = "decay"  // end the level now
	// Suspend ends sessions and grants and lets nobody in. After Deceased it is what the same event of a register does (idp.Corrections.Gone):
	// mandates end too, and it takes two people to bring somebody back.
	Suspend Action = "suspend"
)

// Policy says what follows which result. Confirmed and NoAnswer are followed by nothing, whatever it says.
type Policy map[Result][]Action

// DefaultPolicy tells a person whose details changed and suspends the account of somebody who died.
var DefaultPolicy = Policy{Changed: {Notice}, Deceased: {Suspend}}

// Check reports a word that is none.
func (p Policy) Check() error {
	var faults []error
	for result, actions := range p {
		if result != Changed && result != Deceased && result != Unknown {
			faults = append(faults, fmt.Errorf("nothing may follow %q", result))
		}
		for _, a := range actions {
			if a != Notice && a != Decay && a != Suspend {
				faults = append(faults, fmt.Errorf("%s: %q is no action; use notice, decay or suspend", result, a))
			}
		}
	}
	return errors.Join(faults...)
}

// Question to a register.
type Question struct {
	RequestID string
	Name      string
	IDType    string // citizen_id, or unified_social_credit_code of an organisation
	IDNumber  string
	// Nationality where the number is one of its country alone, as that of a passport; ISO 3166-1 alpha-3.
	Nationality string
}

// Register answers questions. An error, and NoAnswer, is silence.
type Register interface {
	Ask(ctx context.Context, q Question) (Result, error)
}

// Run is one pass over all subjects.
type Run struct {
	ID         string         `json:"id"`
	State      string         `json:"state"`
	Cursor     string         `json:"-"` // the last account that was settled
	Counts     map[Result]int `json:"counts"`
	Actions    int            `json:"actions"` // accounts to which something was done
	StartedAt  time.Time      `json:"started_at"`
	FinishedAt time.Time      `json:"finished_at,omitzero"`
}

// States of a run.
const (
	Running  = "running"
	Halted   = "halted" // too many would be touched: an administrator looks
	Finished = "finished"
)

// Finding is a result that is not a confirmation.
type Finding struct {
	AccountID string    `json:"account_id"`
	Result    Result    `json:"result"`
	Actions   []Action  `json:"actions"`
	At        time.Time `json:"at"`

	person idp.Person
}

// Settlement is one account of a run, stored whole or not at all.
type Settlement struct {
	Run     string
	From    string // cursor before
	Finding Finding
	Decay   bool
	Record  audit.Record
}

// Store keeps runs; idpdb implements it.
type Store interface {
	StartRun(ctx context.Context, r Run, record audit.Record) error
	// LastRun is the newest one; ok is false when there is none.
	LastRun(ctx context.Context) (r Run, ok bool, err error)
	// Proven lists accounts in use that hold an identity, after one, in order.
	Proven(ctx context.Context, after string, limit int) (ids []string, err error)
	// Settle moves the cursor, counts, stores the finding and ends the level; ErrMoved when another process moved the cursor.
	Settle(ctx context.Context, s Settlement) error
	SetRunState(ctx context.Context, id, state string, at time.Time, record audit.Record) error
}

// Errors of runs.
var (
	ErrMoved  = errors.New("reconcile: another process carries this run on")
	ErrSilent = errors.New("reconcile: the register does not answer; the run goes on later")
	ErrHalted = errors.New("reconcile: more accounts than allowed would be touched; look at the report, then go on with --resume")
)

// TopicNotice is the outbox topic of notices; the payload is {"account_id": …}.
const TopicNotice = "reconcile.notice"

// Notified reads the payload of a notice.
func Notified(payload []byte) (accountID string, err error) {
	var n struct {
		AccountID string `json:"account_id"`
	}
	err = json.Unmarshal(payload, &n)
	return n.AccountID, err
}

// Config of the service.
type Config struct {
	Store    Store
	Accounts *idp.Accounts
	Register Register
	// Gone ends the account of a person who died, or of an organisation that is no more, with all that hangs on it.
	Gone       func(ctx context.Context, p idp.Person) error
	Policy     Policy
	PerMinute  int // questions; DefaultPerMinute when zero
	MaxActions int // accounts that a run may touch before it halts; DefaultMaxActions when zero
	Now        func() time.Time
	Rand       io.Reader
	Pause      func(ctx context.Context, d time.Duration) error // sleeps; the clock's when nil
}

// Defaults.
const (
	DefaultPerMinute  = 60
	DefaultMaxActions = 100
)

const (
	pageSize   = 50
	silentMost = 10 // silences in a row after which a run stops for now
)

// Service runs.
type Service struct{ cfg Config }

// New returns the service.
func New(cfg Config) *Service {
	if cfg.PerMinute == 0 {
		cfg.PerMinute = DefaultPerMinute
	}
	if cfg.MaxActions == 0 {
		cfg.MaxActions = DefaultMaxActions
	}
	if cfg.Policy == nil {
		cfg.Policy = DefaultPolicy
	}
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	return &Service{cfg}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Options of a pass.
type Options struct {
	DryRun bool // ask and report, store nothing and do nothing
	Resume bool // also a run that halted goes on
	Report func(Finding) error
}

// Due reports whether a pass is to begin or to go on: none is under way and the last one ended longer than every ago.
func (s *Service) Due(ctx context.Context, every time.Duration) (bool, error) {
	last, ok, err := s.cfg.Store.LastRun(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case !ok:
		return true, nil
	case last.State == Finished:
		return s.cfg.Now().Sub(last.StartedAt) >= every, nil
	}
	return last.State == Running, nil // a halted one waits for an administrator
}

// Pass goes on with the run that is under way, or begins one, and answers it at its end.
func (s *Service) Pass(ctx context.Context, o Options) (Run, error) {
	if o.Report == nil {
		o.Report = func(Finding) error { return nil }
	}
	run, err := s.begin(ctx, o)
	if err != nil {
		return run, err
	}
	limit, silences := run.Actions+s.cfg.MaxActions, 0
	for {
		ids, err := s.cfg.Store.Proven(ctx, run.Cursor, pageSize)
		if err != nil {
			return run, err
		}
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			finding, err := s.one(ctx, id)
			if err != nil {
				return run, err
			}
			if finding.Result == NoAnswer {
				silences++
			} else if finding.Result != "" {
				silences = 0
			}
			if len(finding.Actions) > 0 && run.Actions >= limit {
				return run, s.halt(ctx, &run, o)
			}
			if err := s.settle(ctx, &run, id, finding, o); err != nil {
				return run, err
			}
			if silences >= silentMost {
				return run, ErrSilent
			}
		}
	}
	run.State, run.FinishedAt = Finished, s.cfg.Now().UTC()
	if o.DryRun {
		return run, nil
	}
	return run, s.cfg.Store.SetRunState(ctx, run.ID, Finished, run.FinishedAt, audit.With(s.event(ctx, "reconcile.finished", run.ID, map[string]string{"touched": fmt.Sprint(run.Actions)})))
}

func (s *Service) begin(ctx context.Context, o Options) (Run, error) {
	now := s.cfg.Now().UTC()
	fresh := Run{ID: ident.New(s.cfg.Rand, "rec"), State: Running, Counts: map[Result]int{}, StartedAt: now}
	if o.DryRun {
		return fresh, nil
	}
	last, ok, err := s.cfg.Store.LastRun(ctx)
	if err != nil {
		return fresh, err
	}
	if ok && last.State == Halted && !o.Resume {
		return last, ErrHalted
	}
	if ok && last.State == Halted {
		last.State = Running
		return last, s.cfg.Store.SetRunState(ctx, last.ID, Running, time.Time{}, audit.With(s.event(ctx, "reconcile.resumed", last.ID, nil)))
	}
	if ok && last.State == Running {
		return last, nil
	}
	return fresh, s.cfg.Store.StartRun(ctx, fresh, audit.With(s.event(ctx, "reconcile.started", fresh.ID, nil)))
}

func (s *Service) halt(ctx context.Context, run *Run, o Options) error {
	run.State = Halted
	if o.DryRun {
		return ErrHalted
	}
	err := s.cfg.Store.SetRunState(ctx, run.ID, Halted, time.Time{}, audit.With(s.event(ctx, "reconcile.halted", run.ID, map[string]string{"touched": fmt.Sprint(run.Actions)})))
	return errors.Join(ErrHalted, err)
}

// one asks about one account. An empty result means that there is nothing to ask: no level is in force.
func (s *Service) one(ctx context.Context, id string) (Finding, error) {
	f := Finding{AccountID: id, At: s.cfg.Now().UTC()}
	person, err := s.cfg.Accounts.Person(ctx, id)
	if err != nil {
		return f, err
	}
	if person.IAL == 0 || person.Nameless() || person.State != idp.AccountActive {
		return f, nil
	}
	f.person = person
	ask := func() (Result, error) {
		if err := s.cfg.Pause(ctx, time.Minute/time.Duration(s.cfg.PerMinute)); err != nil {
			return "", err
		}
		result, err := s.cfg.Register.Ask(ctx, Question{RequestID: ident.New(s.cfg.Rand, "ask"), Name: person.Name, IDType: person.IDType, IDNumber: person.IDNumber, Nationality: person.Nationality})
		if ctx.Err() != nil {
			return "", ctx.Err() // we stopped asking: no silence of the register's
		}
		if err != nil || !slices.Contains([]Result{Confirmed, Changed, Deceased, Unknown}, result) {
			return NoAnswer, nil
		}
		return result, nil
	}
	if f.Result, err = ask(); err != nil {
		return f, err
	}
	actions := s.cfg.Policy[f.Result]
	if f.Result == Confirmed || f.Result == NoAnswer || len(actions) == 0 {
		return f, nil
	}
	again, err := ask() // nothing is done to a person on one answer alone
	if err != nil {
		return f, err
	}
	if again != f.Result {
		f.Result = NoAnswer
		return f, nil
	}
	f.Actions = actions
	return f, nil
}

// settle does what follows and stores it. A suspension comes first: when the process dies after it, the account is no
// longer in the list, and the record of the suspension is its own.
func (s *Service) settle(ctx context.Context, run *Run, id string, f Finding, o Options) error {
	from := run.Cursor
	run.Cursor = id
	if f.Result != "" {
		run.Counts[f.Result]++
	}
	if len(f.Actions) > 0 {
		run.Actions++
	}
	if !o.DryRun {
		settlement := Settlement{Run: run.ID, From: from, Finding: f, Decay: slices.Contains(f.Actions, Decay)}
		if len(f.Actions) > 0 {
			e := s.event(ctx, "reconcile.acted", run.ID, map[string]string{"account": id, "result": string(f.Result)})
			settlement.Record = audit.With(e)
		}
		if slices.Contains(f.Actions, Notice) || settlement.Decay { // no level ends without a word
			payload, err := json.Marshal(map[string]string{"account_id": id})
			if err != nil {
				return err
			}
			settlement.Record = settlement.Record.And(audit.Message{Topic: TopicNotice, Key: id, Payload: payload})
		}
		if slices.Contains(f.Actions, Suspend) {
			if err := s.suspend(ctx, f); err != nil {
				return err
			}
		}
		if err := s.cfg.Store.Settle(ctx, settlement); err != nil {
			return err
		}
	}
	if f.Result == "" || f.Result == Confirmed {
		return nil
	}
	return o.Report(f)
}

func (s *Service) suspend(ctx context.Context, f Finding) error {
	if f.Result == Deceased {
		return s.cfg.Gone(ctx, f.person)
	}
	return s.cfg.Accounts.SetState(ctx, f.AccountID, idp.AccountSuspended, "register_"+string(f.Result))
}

func (s *Service) event(ctx context.Context, kind, run string, details map[string]string) audit.Event {
	return idp.Event(ctx, s.cfg.Now().UTC(), kind, "reconciliation", run, details)
}
