package idp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

// queue is rows that are due in the order of their moments, as a store reads them.
type queue struct {
	due    map[string]time.Time
	pauses map[string]time.Duration
	broken bool // it puts nothing off
}

func (q *queue) Defer(_ context.Context, _, row string, now time.Time) error {
	if q.broken {
		return errors.New("the store is gone")
	}
	q.pauses[row] = min(max(idp.FirstPause, 2*q.pauses[row]), idp.LongestPause)
	q.due[row] = now.Add(q.pauses[row])
	return nil
}

func (q *queue) page(now time.Time, limit int) (rows []string) {
	for row, due := range q.due {
		if !due.After(now) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b string) int {
		if c := q.due[a].Compare(q.due[b]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return rows[:min(limit, len(rows))]
}

// fails are rows whose names begin with it.
const fails = "bad"

func (q *queue) turn(now time.Time, size, most int, last func(error) bool) (tried []string, done int, err error) {
	done, err = idp.Turn[string]{
		Job: "test", Rows: q, Now: now, Size: size, Most: most, Last: last,
		Page: func(_ context.Context, limit int) ([]string, error) { return q.page(now, limit), nil },
		ID:   func(row string) string { return row },
		Do: func(_ context.Context, row string) error {
			tried = append(tried, row)
			if strings.HasPrefix(row, fails) {
				return errors.New("it cannot be done")
			}
			delete(q.due, row)
			return nil
		},
	}.Run(context.Background())
	return tried, done, err
}

func brokenRows(n int, start time.Time) *queue {
	q := &queue{due: map[string]time.Time{}, pauses: map[string]time.Duration{}}
	for i := range n {
		q.due[fmt.Sprintf("%s-%03d", fails, i)] = start
	}
	return q
}

// TestBrokenRowsKeepNoOtherFromItsTurn: the oldest rows fail for ever, more of them than a turn takes, and each failure ends the turn; the
// youngest row is done all the same, and so is what comes later.
func TestBrokenRowsKeepNoOtherFromItsTurn(t *testing.T) {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for name, last := range map[string]func(error) bool{"the turn goes on": nil, "the turn ends": func(error) bool { return true }} {
		t.Run(name, func(t *testing.T) {
			q := brokenRows(50, start)
			q.due["good"] = start.Add(time.Second)
			now := start.Add(time.Minute)
			for i := 0; q.due["good"] != (time.Time{}); i++ {
				if i > 60 {
					t.Fatal("the good row did not have its turn")
				}
				_, _, _ = q.turn(now, 5, 10, last)
				now = now.Add(time.Minute)
			}
			for i := range 20 * 60 { // and none of the broken ones is forgotten: each comes again within the longest pause and its queue
				_, _, _ = q.turn(now.Add(time.Duration(i)*time.Minute), 5, 10, last)
			}
			for row, pause := range q.pauses {
				if pause != idp.LongestPause {
					t.Errorf("%s was tried with a pause of %s at last", row, pause)
				}
			}
		})
	}
}

func TestTurnTellsWhatFailedAndEnds(t *testing.T) {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	q := brokenRows(20, start)
	tried, done, err := q.turn(start, 5, 12, nil)
	if len(tried) != 12 || done != 0 || err == nil || strings.Count(err.Error(), "it cannot be done") != 5 || !strings.Contains(err.Error(), "12 rows failed") {
		t.Errorf("tried %d, done %d: %v", len(tried), done, err)
	}
	q = brokenRows(20, start)
	q.broken = true // what cannot be put off would come again at once
	if tried, _, err := q.turn(start, 5, 12, nil); len(tried) != 1 || err == nil {
		t.Errorf("tried %d with a broken store: %v", len(tried), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	q = brokenRows(20, start)
	_, err = idp.Turn[string]{
		Job: "test", Rows: q, Now: start, Size: 5, Most: 10, ID: func(row string) string { return row },
		Page: func(context.Context, int) ([]string, error) { return q.page(start, 5), nil },
		Do: func(ctx context.Context, _ string) error {
			cancel()
			return ctx.Err()
		},
	}.Run(ctx)
	if !errors.Is(err, context.Canceled) || len(q.pauses) != 0 {
		t.Errorf("a process that ends put %d rows off: %v", len(q.pauses), err)
	}
}
