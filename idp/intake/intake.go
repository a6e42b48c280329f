// Package intake takes over accounts from other systems (存量用户导入): it reads a file row by row, checks each, and stores
// those that can be stored, in batches, each batch with its audit events in one transaction. What a row says about how
// surely a person is known is a claim: the account begins at level 0 and its person is proofed anew at the next need. Only
// a partner whose level map an administrator registered is believed.
//
// Nothing is merged: a row whose identifier, document or external id is known already is reported and left out. A file may
// be given again, and after a break it goes on where it stopped. Reports hold row numbers and codes, never what stood in
// the row.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Code is what became of a row.
type Code string

// Codes of rows. Those of the first group are stored or would be; all others are left out.
const (
	Imported Code = "imported"
	Already  Code = "already" // this external id of this source came before; nothing changed

	Malformed          Code = "malformed"
	ExternalIDMissing  Code = "external_id_missing"
	IdentifierMissing  Code = "identifier_missing"
	IdentifierInvalid  Code = "identifier_invalid"
	IdentifierTaken    Code = "identifier_taken"    // by an account that was there before this import
	IdentifierRepeated Code = "identifier_repeated" // by an earlier row of this import
	NameInvalid        Code = "name_invalid"
	DocumentInvalid    Code = "document_invalid"
	IdentityTaken      Code = "identity_taken"
	IdentityRepeated   Code = "identity_repeated"
	HashUnknown        Code = "hash_unknown"
	HashCost           Code = "hash_cost"
	LevelInvalid       Code = "level_invalid"
	CreatedInvalid     Code = "created_invalid"
)

// Limits of an import.
const (
	MaxRows   = 1_000_000
	BatchRows = 500
	maxField  = 1024 // octets
)

// Record is a row as the file has it.
type Record struct {
	Row            int // from 1, without the header
	ExternalID     string
	Mobile         string
	Email          string
	PasswordHash   string
	Name           string
	DocumentType   string
	DocumentNumber string
	Nationality    string // beside a number that is one of its country alone, as that of a passport
	Level          string
	Created        string
	Broken         bool // the row has no form
}

// Reader gives records one by one; io.EOF after the last.
type Reader interface {
	Next() (Record, error)
}

// Result of a row.
type Result struct {
	Row       int    `json:"row"`
	Code      Code   `json:"code"`
	AccountID string `json:"account_id,omitempty"`
	Level     int    `json:"level"` // that it got; 0 without a partner that is believed
}

// Row is a checked row on its way into the store.
type Row struct {
	Row        int
	ExternalID []byte // keyed hash: systems use document numbers as identifiers of their own
	Account    idp.Account
	Document   []byte // keyed hash of type and number; nil without
	Claimed    string // level as the other system calls it
	Created    time.Time
	Proof      *idp.Proof // of a partner that is believed
	Event      audit.Event
}

// Job is an import under way or done.
type Job struct {
	ID         string       `json:"id"`
	Source     string       `json:"source"`
	Digest     string       `json:"digest"` // SM3 of the file with format and mapping: a corrected mapping is another import
	State      string       `json:"state"`
	Rows       int          `json:"rows"` // settled so far
	Counts     map[Code]int `json:"counts"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt time.Time    `json:"finished_at,omitzero"`
}

// States of a job.
const (
	Running  = "running"
	Finished = "finished"
)

// Store keeps jobs; idpdb implements it.
type Store interface {
	// StartJob stores a job, or answers the one that there is for source and digest.
	StartJob(ctx context.Context, j Job, record audit.Record) (Job, error)
	// Take stores a batch that ends at row upTo and the results of rows that were left out before, all or nothing, and answers
	// a result for each of rows: Imported, or why not. ErrMoved when another process took the batch.
	Take(ctx context.Context, job string, from, upTo int, rows []Row, left []Result, now time.Time) ([]Result, error)
	// Judge is Take without storing anything: rows of the same batch do not see each other.
	Judge(ctx context.Context, rows []Row) ([]Result, error)
	FinishJob(ctx context.Context, id string, at time.Time, record audit.Record) error
	Job(ctx context.Context, id string) (Job, error)
}

// Errors of imports.
var (
	ErrMoved   = errors.New("intake: another process is importing this file")
	ErrBegun   = errors.New("intake: this file was begun before; go on with --resume")
	ErrTooMany = fmt.Errorf("intake: more than %d rows; split the file", MaxRows)
	// ErrUnreadable: the file is not what it was said to be.
	ErrUnreadable = errors.New("intake: the file cannot be read")
	ErrSource     = errors.New("intake: the source needs a name of a-z, 0-9, - and _")
)

// Trust is a partner whose levels are believed.
type Trust struct {
	Source string                           // identifier of the partner, in the evidence
	Level  func(word string) subject.IAL    // its level map
	Until  func(at time.Time) (t time.Time) // end of the evidence; zero has none
}

// Options of an import.
type Options struct {
	Source   string
	Digest   string
	DryRun   bool
	Resume   bool
	Location *time.Location // of times without a zone
	Layout   string         // of created; RFC 3339 or date when empty
	Trust    *Trust
	Report   func(Result) error // of each row, in order; nil is nobody
	Started  func(Job)          // told when the job is there; nil is nobody
}

// Service imports.
type Service struct {
	store     Store
	accounts  *idp.Accounts
	passwords *authn.Passwords
	now       func() time.Time
	rand      io.Reader
}

// Config of the service.
type Config struct {
	Store     Store
	Accounts  *idp.Accounts
	Passwords *authn.Passwords
	Now       func() time.Time
	Rand      io.Reader
}

// New returns the service.
func New(cfg Config) *Service {
	return &Service{cfg.Store, cfg.Accounts, cfg.Passwords, cfg.Now, cfg.Rand}
}

// Run reads to the end and answers the job. A dry run stores nothing and has no job of its own.
func (s *Service) Run(ctx context.Context, in Reader, o Options) (Job, error) {
	if !sourceForm(o.Source) {
		return Job{}, ErrSource
	}
	if o.Report == nil {
		o.Report = func(Result) error { return nil }
	}
	job := Job{ID: ident.New(s.rand, "imp"), Source: o.Source, Digest: o.Digest, State: Running, Counts: map[Code]int{}, StartedAt: s.now().UTC()}
	if !o.DryRun {
		begun, err := s.store.StartJob(ctx, job, audit.With(idp.Event(ctx, job.StartedAt, "import.started", "import", job.ID, map[string]string{"source": o.Source, "file": o.Digest})))
		if err != nil {
			return Job{}, err
		}
		if begun.ID != job.ID && begun.State == Running && !o.Resume {
			return begun, ErrBegun
		}
		if begun.State == Finished {
			return begun, nil
		}
		job = begun
		if o.Started != nil {
			told := job
			told.Counts = maps.Clone(job.Counts) // the run counts on while whoever is told reads
			o.Started(told)
		}
	}
	seen := &seen{}
	for from := 0; ; {
		if err := ctx.Err(); err != nil {
			return job, err
		}
		records, err := batch(in, job.Rows)
		if err != nil && !errors.Is(err, io.EOF) {
			return job, err
		}
		if len(records) > 0 {
			if records[len(records)-1].Row > MaxRows {
				return job, ErrTooMany
			}
			from = job.Rows
			results, err := s.take(ctx, job.ID, from, records, o, seen)
			if err != nil {
				return job, err
			}
			for _, r := range results {
				job.Rows = r.Row
				job.Counts[r.Code]++
				if err := o.Report(r); err != nil {
					return job, err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	job.State, job.FinishedAt = Finished, s.now().UTC()
	if o.DryRun {
		return job, nil
	}
	details := map[string]string{"source": o.Source, "rows": fmt.Sprint(job.Rows), "imported": fmt.Sprint(job.Counts[Imported])}
	return job, s.store.FinishJob(ctx, job.ID, job.FinishedAt, audit.With(idp.Event(ctx, job.FinishedAt, "import.finished", "import", job.ID, details)))
}

// batch reads the next rows that are not settled yet.
func batch(in Reader, settled int) ([]Record, error) {
	records := make([]Record, 0, BatchRows)
	for len(records) < BatchRows {
		r, err := in.Next()
		if err != nil {
			return records, err
		}
		if r.Row > settled {
			records = append(records, r)
		}
	}
	return records, nil
}

// take checks a batch and hands it to the store; the results come in the order of the rows.
func (s *Service) take(ctx context.Context, job string, from int, records []Record, o Options, seen *seen) ([]Result, error) {
	var rows []Row
	var left []Result
	now := s.now().UTC()
	for _, r := range records {
		row, code, err := s.check(ctx, r, o, now)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", r.Row, err)
		}
		if code != "" {
			left = append(left, Result{Row: r.Row, Code: code})
			continue
		}
		row.Event.Details["job"] = job
		rows = append(rows, row)
	}
	var taken []Result
	var err error
	if o.DryRun {
		taken, err = s.store.Judge(ctx, rows)
		for i := range taken {
			if taken[i].Code == Imported {
				taken[i].Code = seen.add(rows[i]) // what the store would tell, had it the rows before
			}
			taken[i].AccountID = ""
		}
	} else {
		taken, err = s.store.Take(ctx, job, from, records[len(records)-1].Row, rows, left, now)
	}
	if err != nil {
		return nil, err
	}
	return merge(taken, left), nil
}

// merge joins two lists that are in the order of rows.
func merge(a, b []Result) []Result {
	all := make([]Result, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Row < b[0].Row {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return all
}

func sourceForm(source string) bool {
	if source == "" || len(source) > 64 {
		return false
	}
	for _, r := range source {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}
