package sqldb_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// one reads a counter.
func one(name string, n *int64) sqldb.Question {
	return sqldb.Question{Query: "SELECT n FROM counter WHERE name = $1", Args: []any{name}, Read: func(rows sqldb.Rows) error {
		for rows.Next() {
			if err := rows.Scan(n); err != nil {
				return err
			}
		}
		return nil
	}}
}

// TestQuestionsSeeOneMoment: two counters that are always changed together are never seen apart.
func TestQuestionsSeeOneMoment(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Apply(ctx, nil, sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ('b', 0)"}); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		stop := make(chan struct{})
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := db.Apply(ctx, nil, bump("a"), bump("b")); err != nil {
					t.Error(err)
					return
				}
			}
		})
		from := count(t, db.Read(), "a")
		for deadline := time.Now().Add(30 * time.Second); count(t, db.Read(), "a") < from+50 && time.Now().Before(deadline); {
			for range 20 {
				group.Go(func() {
					var a, between, b int64
					if err := db.Ask(ctx, one("a", &a), sqldb.Question{Query: "SELECT count(*) FROM counter AS x, counter AS y, counter AS z", Read: func(sqldb.Rows) error { return nil }},
						one("b", &b), one("a", &between)); err != nil || a != b || a != between {
						t.Errorf("%d, %d and %d: %v", a, b, between, err)
					}
				})
			}
			time.Sleep(5 * time.Millisecond)
		}
		close(stop)
		group.Wait()
		if count(t, db.Read(), "a") == from {
			t.Error("nothing was changed meanwhile")
		}
	})
}

// TestRefusedQuestionLeavesNothingBehind: the connection that it ran on serves whoever comes next, also for changes.
func TestRefusedQuestionLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for range 40 { // more than either pool has connections
			var n int64
			if err := db.Ask(ctx, one("a", &n), sqldb.Question{Query: "SELECT nothing FROM nowhere", Read: func(sqldb.Rows) error { return nil }}, one("b", &n)); err == nil {
				t.Fatal("an unknown table was read")
			}
			if err := db.Ask(ctx, one("a", &n), sqldb.Question{Query: "SELECT n FROM counter", Read: func(sqldb.Rows) error { return errRefused }}); !errors.Is(err, errRefused) {
				t.Fatalf("the reader's error: %v", err)
			}
		}
		before := count(t, db.Read(), "a")
		if err := db.Apply(ctx, nil, bump("a")); err != nil {
			t.Fatal(err)
		}
		var after int64
		if err := db.Ask(ctx, one("a", &after)); err != nil || after != before+1 {
			t.Errorf("%d, then %d: %v", before, after, err)
		}
	})
}
