package idp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pauses of a row that failed: the first, and the longest that they double up to. The longest is short enough for what was mended to be
// done the same day, and long enough for many broken rows to cost little.
const (
	FirstPause   = time.Minute
	LongestPause = 6 * time.Hour
)

// Deferrals puts rows of jobs off that failed.
type Deferrals interface {
	// Defer puts a row of a job off from a moment on: by FirstPause, then by twice as long each time, up to LongestPause.
	Defer(ctx context.Context, job, row string, now time.Time) error
}

// Turn is one turn of a job over the rows that are due. A row that fails is put off by a growing pause and stands behind all that were
// due before its next try, so that no number of broken rows keeps the others from their turn, and none is forgotten.
type Turn[T any] struct {
	Job  string // under which failures are put off
	Rows Deferrals
	Now  time.Time
	// Page reads rows that are due and not put off, those that are due for longest first.
	Page func(ctx context.Context, limit int) ([]T, error)
	// Size of a page, and how many rows a turn takes at most.
	Size, Most int
	ID         func(row T) string
	Do         func(ctx context.Context, row T) error
	// Last reports a failure after which the turn ends, because the next row would fail like it; nil knows none.
	Last func(err error) bool
}

// shownFailures bounds the text of what a turn could not do.
const shownFailures = 5

// Run takes the turn and returns how many rows were done; the error joins the first failures and tells how many there were.
func (t Turn[T]) Run(ctx context.Context) (done int, err error) {
	var failures []error
	failed := 0
	for taken := 0; taken < t.Most; {
		size := min(t.Size, t.Most-taken)
		page, err := t.Page(ctx, size)
		if err != nil {
			return done, errors.Join(append(failures, fmt.Errorf("read what is due of %s: %w", t.Job, err))...)
		}
		for _, row := range page {
			taken++
			err := t.Do(ctx, row)
			if err == nil {
				done++
				continue
			}
			failed++
			if err = fmt.Errorf("%s of %s: %w", t.Job, t.ID(row), err); len(failures) < shownFailures {
				failures = append(failures, err)
			}
			if ctx.Err() != nil { // it may be the end of the process that failed, not the row
				return done, errors.Join(failures...)
			}
			if putOff := t.Rows.Defer(ctx, t.Job, t.ID(row), t.Now); putOff != nil {
				return done, errors.Join(append(failures, fmt.Errorf("put %s of %s off: %w", t.Job, t.ID(row), putOff))...)
			}
			if t.Last != nil && t.Last(err) {
				return done, errors.Join(failures...)
			}
		}
		if len(page) < size {
			break
		}
	}
	if failed > len(failures) {
		failures = append(failures, fmt.Errorf("%d rows failed in all", failed))
	}
	return done, errors.Join(failures...)
}
