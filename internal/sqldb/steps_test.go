package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var errRefused = errors.New("refused")

func bump(name string) sqldb.Step {
	return sqldb.Step{Query: "UPDATE counter SET n = n + 1 WHERE name = $1", Args: []any{name}, Else: errRefused}
}

// total is a trail that adds what its changes count to the counter "total", once for a group.
type total struct {
	n      int64
	groups *atomic.Int64
	fails  error
	panics bool
}

func (t *total) Open(all []sqldb.Trail) (sqldb.Step, error) {
	if t.panics {
		panic("broken trail")
	}
	t.groups.Add(1)
	return sqldb.Step{Query: "UPDATE counter SET n = n + 0 WHERE name = $1 RETURNING n", Args: []any{"total"}}, t.fails
}

func (t *total) Close(all []sqldb.Trail, rows sqldb.Rows) ([]sqldb.Step, error) {
	var sum int64
	for rows.Next() {
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
	}
	for _, other := range all {
		sum += other.(*total).n
	}
	return []sqldb.Step{{Query: "UPDATE counter SET n = $2 WHERE name = $1", Args: []any{"total", sum}, Else: errRefused}}, rows.Err()
}

func withTotal(t *testing.T, run func(t *testing.T, db *sqldb.DB)) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Apply(ctx, nil, sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ($1, $2)", Args: []any{"total", 0}}); err != nil {
			t.Fatal(err)
		}
		run(t, db)
	})
}

func TestStepsOfManyCallersShareACommitAndATrail(t *testing.T) {
	withTotal(t, func(t *testing.T, db *sqldb.DB) {
		const callers = 300
		var groups atomic.Int64
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				if err := db.Apply(ctx, &total{n: 2, groups: &groups}, bump("a")); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if a, sum := count(t, db.Read(), "a"), count(t, db.Read(), "total"); a != callers || sum != 2*callers {
			t.Errorf("counter %d, total %d", a, sum)
		}
		if n := groups.Load(); n >= callers {
			t.Errorf("%d callers had %d groups", callers, n)
		}
	})
}

// TestAStepThatDoesNotHitUndoesItsChangeAlone: neither rows nor trail of the refused are stored, and their neighbours in the
// group do not hear of it.
func TestAStepThatDoesNotHitUndoesItsChangeAlone(t *testing.T) {
	withTotal(t, func(t *testing.T, db *sqldb.DB) {
		var groups atomic.Int64
		var group sync.WaitGroup
		for i := range 90 {
			group.Go(func() {
				steps := []sqldb.Step{bump("a")}
				switch i % 3 {
				case 1:
					steps = append(steps, bump("nobody"))
				case 2:
					steps = append(steps, sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ($1, $2)", Args: []any{"a", 1}})
				}
				err := db.Apply(ctx, &total{n: 1, groups: &groups}, steps...)
				if (i%3 == 0) != (err == nil) || (i%3 == 1) != errors.Is(err, errRefused) || (i%3 == 2) != sqldb.IsUnique(err) {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		group.Wait()
		if a, sum := count(t, db.Read(), "a"), count(t, db.Read(), "total"); a != 30 || sum != 30 {
			t.Errorf("counter %d, total %d", a, sum)
		}
	})
}

func TestATrailThatFailsStoresNothing(t *testing.T) {
	withTotal(t, func(t *testing.T, db *sqldb.DB) {
		var groups atomic.Int64
		for name, broken := range map[string]*total{"error": {groups: &groups, fails: errRefused}, "panic": {groups: &groups, panics: true}} {
			if err := db.Apply(ctx, broken, bump("a")); err == nil {
				t.Errorf("%s: no failure", name)
			}
		}
		if n := count(t, db.Read(), "a"); n != 0 {
			t.Errorf("counter %d", n)
		}
		if err := db.Apply(ctx, &total{n: 1, groups: &groups}, bump("a")); err != nil {
			t.Errorf("the next change: %v", err)
		}
	})
}

func TestOneValueIsConsumedOnceBySteps(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var won atomic.Int64
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				err := db.Apply(ctx, nil, sqldb.Step{Query: "UPDATE counter SET n = 1 WHERE name = $1 AND n = 0", Args: []any{"a"}, Else: errRefused})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, errRefused) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Errorf("%d callers consumed the value", won.Load())
		}
	})
}

func TestStepsOfACallerWhoGaveUpAreNotRun(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := db.Apply(gone, nil, bump("a")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if n := count(t, db.Read(), "a"); n != 0 {
			t.Errorf("counter %d", n)
		}
	})
}

// TestStepsUndoneBecauseOfOthersRunAgain: a group and a function hold what the other one wants.
func TestStepsUndoneBecauseOfOthersRunAgain(t *testing.T) {
	db := testkit.Databases(t, counterSet())[1].Open(t) // SQLite has one writer
	if err := db.Apply(ctx, nil, sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ('b', 0)"}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				for _, name := range []string{"a", "b"} {
					if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = $1", name); err != nil {
						return err
					}
					time.Sleep(20 * time.Millisecond)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			if err := db.Apply(ctx, nil, bump("b"), sqldb.Step{Query: "SELECT pg_sleep(0.02)"}, bump("a")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if a, b := count(t, db.Read(), "a"), count(t, db.Read(), "b"); a != 10 || b != 10 {
		t.Errorf("%d and %d", a, b)
	}
}

func TestQuestionsAreAnsweredTogether(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for i := range 3 {
			if err := db.Apply(ctx, nil, sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ($1, $2)", Args: []any{fmt.Sprint("c", i), i}}); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		var sum int64
		list := sqldb.Question{Query: "SELECT name FROM counter WHERE name > $1 ORDER BY name", Args: []any{"b"}, Read: func(rows sqldb.Rows) error {
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					return err
				}
				names = append(names, name)
			}
			return nil
		}}
		one := sqldb.Question{Query: "SELECT n FROM counter WHERE name = $1", Args: []any{"c2"}, Read: func(rows sqldb.Rows) error {
			rows.Next() // the rest is left
			return rows.Scan(&sum)
		}}
		if err := db.Ask(ctx, list, one); err != nil || len(names) != 3 || sum != 2 {
			t.Errorf("%v %d %v", names, sum, err)
		}
		refusing := sqldb.Question{Query: "SELECT n FROM counter", Read: func(sqldb.Rows) error { return errRefused }}
		if err := db.Ask(ctx, one, refusing); !errors.Is(err, errRefused) {
			t.Error(err)
		}
		if err := db.Ask(ctx, one, sqldb.Question{Query: "SELECT n FROM no_such_table", Read: func(sqldb.Rows) error { return nil }}); err == nil {
			t.Error("a wrong statement was answered")
		}
		if err := db.Ask(ctx, list); err != nil { // the connections are still good
			t.Error(err)
		}
	})
}
