package elicense

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

const (
	// batchTurn is how long a node stays at one batch before it looks at the next.
	batchTurn = 20 * time.Second
	// batchLease is how long a batch is left alone after its node gave the last sign of life; batchRest how long after rows were put off.
	batchLease = 30 * time.Second
	batchRest  = 30 * time.Second
	// batchTries is how often a row is tried that fails in a way that nobody foresaw, before it is refused.
	batchTries = 5
	batchPage  = 200
)

// RunBatches issues or takes rows of the batches that run, for a turn each, and gives how many. Each row that is issued goes through the same steps as an
// application that is entered, reviewed and issued by itself; what a crash left is found again by its business number, so a row is
// neither issued twice nor lost. Several nodes may call it at once.
func (s *Service) RunBatches(ctx context.Context) (int, error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-batch"})
	due, err := s.cfg.Store.DueBatches(ctx, s.now(), 10)
	if err != nil {
		return 0, storeFault(err, "list running batches")
	}
	issued := 0
	var failures []error
	for _, b := range due {
		n, err := s.runBatch(ctx, b.ID)
		issued += n
		if err != nil {
			failures = append(failures, fmt.Errorf("run batch %s: %w", b.ID, err))
		}
	}
	return issued, errors.Join(failures...)
}

func (s *Service) runBatch(ctx context.Context, id string) (issued int, err error) {
	now := s.now()
	b, err := s.changeBatch(ctx, id, "license.batch.turn", func(b *Batch) (BatchChange, error) {
		if b.State != BatchRunning || b.LeaseUntil.After(now) {
			return BatchChange{}, errNotDue
		}
		b.LeaseUntil = now.Add(batchLease)
		return BatchChange{}, nil
	})
	if errors.Is(err, errNotDue) {
		return 0, nil // another node was faster, or somebody stopped it
	}
	if err != nil {
		return 0, err
	}
	r := batchRun{s: s, b: b, until: now.Add(batchTurn)}
	if r.t, err = s.batchType(b); err == nil {
		_, r.authority, err = s.scope(ctx, b.TypeCode, b.AuthorityCode)
	}
	if err == nil {
		r.table, err = s.table(ctx, b, r.t)
	}
	if err == nil && b.Kind == BatchImport {
		r.judge, err = s.fileJudge(ctx)
	}
	if code := fault.CodeOf(err); slices.Contains([]fault.Code{fault.LicenseTypeUnknown, fault.LicenseAuthority, fault.TypeRetired}, code) {
		return 0, s.pauseBatch(ctx, b, code) // no matter of a row
	}
	if err != nil {
		return 0, err
	}
	err = r.run(ctx)
	return r.issued, err
}

var errNotDue = errors.New("elicense: the batch is not due")

// pauseBatch stops a batch for a reason of which the people must hear.
func (s *Service) pauseBatch(ctx context.Context, b Batch, why fault.Code) error {
	_, err := s.changeBatch(ctx, b.ID, "license.batch.stopped", func(b *Batch) (BatchChange, error) {
		if b.State != BatchRunning {
			return BatchChange{}, errNothingToDo
		}
		b.State, b.Problem, b.LeaseUntil = BatchPaused, why, time.Time{}
		return BatchChange{}, nil
	}, "code", string(why))
	return err
}

// batchRun is a turn at a batch.
type batchRun struct {
	s         *Service
	b         Batch
	t         *catalog.Type
	authority Authority
	table     batchfile.Table
	judge     fileJudge // of an import
	until     time.Time
	issued    int // or taken
}

// errTurnOver ends a turn.
var errTurnOver = errors.New("elicense: the turn is over")

// run takes rows that were put off in earlier turns first, then those that were not tried, each once; when none is left, the batch is done.
func (r *batchRun) run(ctx context.Context) error {
	for _, state := range []RowState{RowLater, RowReady} {
		for after := 0; ; {
			rows, err := r.s.cfg.Store.BatchRows(ctx, r.b.ID, []RowState{state}, after, batchPage)
			if err != nil {
				return storeFault(err, "list rows")
			}
			for _, row := range rows {
				if err := r.row(ctx, row); errors.Is(err, errTurnOver) {
					return nil
				} else if err != nil {
					return err
				}
				after = row.Line
			}
			if len(rows) < batchPage {
				break
			}
		}
	}
	left, err := r.s.cfg.Store.BatchRows(ctx, r.b.ID, []RowState{RowReady, RowLater}, 0, 1)
	if err != nil {
		return storeFault(err, "list rows")
	}
	_, err = r.s.changeBatch(ctx, r.b.ID, "license.batch.turn_over", func(b *Batch) (BatchChange, error) {
		if b.State != BatchRunning {
			return BatchChange{}, errNothingToDo
		}
		if len(left) > 0 {
			b.LeaseUntil = r.s.now().Add(batchRest)
			return BatchChange{}, nil
		}
		b.State, b.LeaseUntil = BatchDone, time.Time{}
		return BatchChange{End: true}, nil
	})
	return err
}

// row issues one row and puts on record what became of it.
func (r *batchRun) row(ctx context.Context, row BatchRow) error {
	if ctx.Err() != nil {
		return errTurnOver
	}
	done, err := r.make(ctx, row)
	row.Faults = nil
	code := fault.CodeOf(err)
	lease := r.s.now().Add(batchLease)
	over := !r.s.now().Before(r.until)
	if over {
		lease = time.Time{}
	}
	switch {
	case err == nil:
		row.State, row.License, row.LicenseID, row.File, row.IssuedAt, row.Flags = done.State, done.License, done.LicenseID, done.File, done.IssuedAt, done.Flags
	case code == fault.Internal:
		if row.Attempts++; row.Attempts >= batchTries {
			row.refuse(r.b, fault.New(code))
			break
		}
		fallthrough
	case fault.MetaOf(code).Retryable:
		row.State, row.Faults = RowLater, []RowFault{{Code: code}}
		if code == fault.Unavailable {
			lease = r.s.now().Add(batchRest) // asking again for every row would keep everybody waiting for nothing
		}
	default:
		row.refuse(r.b, err)
	}
	state, storeErr := r.s.cfg.Store.FinishRow(ctx, r.b.ID, row, lease, audit.With(r.s.batchEvent(ctx, "license.batch.row", r.b, r.s.now(),
		"line", fmt.Sprint(row.Line), "result", string(row.State), "license", row.License, "code", string(code))))
	switch {
	case errors.Is(storeErr, ErrStale):
		return errTurnOver // another node is at it
	case storeErr != nil:
		return errors.Join(err, storeFault(storeErr, "store row"))
	}
	if row.State == RowIssued || row.State == RowTaken {
		r.issued++
	}
	switch {
	case row.State == RowRefused && r.b.Whole && state == BatchRunning:
		if err := r.s.pauseBatch(ctx, r.b, row.Faults[0].Code); err != nil {
			return err
		}
		return errTurnOver
	case state != BatchRunning, code == fault.Unavailable, over:
		return errTurnOver
	}
	return nil
}

// make does with a row what the batch is for, and gives its receipt.
func (r *batchRun) make(ctx context.Context, row BatchRow) (BatchRow, error) {
	i, found := slices.BinarySearchFunc(r.table.Rows, row.Line, func(row batchfile.Row, line int) int { return row.Line - line })
	if !found {
		return BatchRow{}, fault.New(fault.LicenseRowBroken)
	}
	if r.b.Kind == BatchImport {
		return r.take(ctx, r.table.Rows[i])
	}
	l, err := r.issue(ctx, r.table.Rows[i])
	return BatchRow{State: RowIssued, License: l.ID, LicenseID: l.LicenseID, File: l.File, IssuedAt: l.IssuedAt}, err
}

// issue enters the application of a row as approved, with who uploaded and who reviewed the batch, and issues it.
func (r *batchRun) issue(ctx context.Context, row batchfile.Row) (License, error) {
	if row.Broken {
		return License{}, fault.New(fault.LicenseRowBroken)
	}
	l, err := r.s.prepare(ctx, r.b.application(r.t, row), r.t, r.authority, r.b.Area, r.b.Entrant)
	if err != nil {
		return License{}, err
	}
	l.State, l.Reviewer = StateApproved, r.b.Reviewer
	applied := r.s.event(ctx, "license.applied", l.ID, l.CreatedAt, "type", l.TypeCode, "business_number", l.BusinessNumber, "batch", r.b.ID)
	reviewed := r.s.event(ctx, "license.reviewed", l.ID, l.CreatedAt, "decision", string(Approve), "batch", r.b.ID)
	applied.Actor, reviewed.Actor = r.b.Entrant, r.b.Reviewer
	stored, created, err := r.s.cfg.Store.Create(ctx, l, audit.With(applied, reviewed))
	if err != nil {
		return License{}, storeFault(err, "store application")
	}
	if !created {
		if err := repeats(stored, l.RequestDigest); err != nil {
			return License{}, err
		}
	}
	return r.s.issue(ctx, stored, r.b.Issuer)
}
