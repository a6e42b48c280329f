package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func counterSet() sqldb.MigrationSet {
	return sqldb.MigrationSet{Room: "test", Files: fstest.MapFS{
		"0001_counter.sql": {Data: []byte("-- counters\nCREATE TABLE counter (\n  name TEXT PRIMARY KEY,\n  n BIGINT NOT NULL\n);\nINSERT INTO counter (name, n) VALUES ('a', 0);\n")},
	}}
}

func each(t *testing.T, run func(t *testing.T, db *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, counterSet()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, engine.Open(t)) })
	}
}

func count(t *testing.T, q sqldb.Queryer, name string) (n int64) {
	t.Helper()
	if err := q.QueryRowContext(context.Background(), "SELECT n FROM counter WHERE name = $1", name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParallelChangesAllCount(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				err := db.Write(context.Background(), func(tx sqldb.Tx) error {
					_, err := tx.ExecContext(context.Background(), "UPDATE counter SET n = n + 1 WHERE name = 'a'")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := count(t, db.Read(), "a"); n != 200 {
			t.Fatalf("counter is %d, want 200", n)
		}
	})
}

func TestFailedChangeLeavesNoTraceAndSparesItsGroup(t *testing.T) {
	refused := errors.New("refused")
	each(t, func(t *testing.T, db *sqldb.DB) {
		var group sync.WaitGroup
		for i := range 60 {
			group.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				err := db.Write(ctx, func(tx sqldb.Tx) error {
					if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = 'a'"); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return refused
					case 2:
						panic("broken change")
					}
					return nil
				})
				if (i%3 == 0) != (err == nil) || (i%3 == 1) != errors.Is(err, refused) {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		group.Wait()
		if n := count(t, db.Read(), "a"); n != 20 {
			t.Fatalf("counter is %d, want 20", n)
		}
	})
}

func TestCancelledCallerDoesNotUndoOthers(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if err := db.Write(context.Background(), func(tx sqldb.Tx) error {
					_, err := tx.ExecContext(context.Background(), "UPDATE counter SET n = n + 1 WHERE name = 'a'")
					return err
				}); err != nil {
					t.Error(err)
				}
			})
			group.Go(func() {
				db.Write(ctx, func(tx sqldb.Tx) error {
					cancel()
					_, err := tx.ExecContext(ctx, "INSERT INTO counter (name, n) VALUES ('never', 1)")
					return errors.Join(err, errors.New("gives up"))
				})
			})
		}
		group.Wait()
		if n := count(t, db.Read(), "a"); n != 20 {
			t.Fatalf("counter is %d, want 20", n)
		}
	})
}

func TestExecOneConsumesOnce(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		var mutex sync.Mutex
		winners := 0
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				var won bool
				err := db.Write(context.Background(), func(tx sqldb.Tx) (err error) {
					won, err = sqldb.ExecOne(context.Background(), tx, "UPDATE counter SET n = 1 WHERE name = 'a' AND n = 0")
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if won {
					mutex.Lock()
					winners++
					mutex.Unlock()
				}
			})
		}
		group.Wait()
		if winners != 1 {
			t.Fatalf("%d callers consumed the value, want 1", winners)
		}
	})
}

func TestIsUnique(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		err := db.Write(context.Background(), func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(context.Background(), "INSERT INTO counter (name, n) VALUES ('a', 1)")
			return fmt.Errorf("add counter: %w", err)
		})
		if !sqldb.IsUnique(err) {
			t.Fatalf("%v is not seen as a duplicate", err)
		}
		if sqldb.IsUnique(errors.New("other")) {
			t.Fatal("another error is seen as a duplicate")
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	for _, engine := range testkit.Databases(t, counterSet()) {
		if engine.Name != "sqlite" {
			continue
		}
		db := engine.Open(t)
		rows, err := db.Read().QueryContext(context.Background(), "INSERT INTO counter (name, n) VALUES ('x', 1) RETURNING n")
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		if err == nil {
			t.Fatal("a reader changed the database")
		}
	}
}

func TestMigrationsRunOnceInOrderAndRefuseSurprises(t *testing.T) {
	ctx, now := context.Background(), time.Now()
	for _, engine := range testkit.Databases(t) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			set := counterSet()
			for range 2 {
				if err := db.Migrate(ctx, now, set); err != nil {
					t.Fatal(err)
				}
			}
			files := set.Files.(fstest.MapFS)
			files["0002_more.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE more (id TEXT PRIMARY KEY);\nCREATE TABLE broken (;\n")}
			if err := db.Migrate(ctx, now, set); err == nil {
				t.Fatal("a broken migration passed")
			}
			status, err := db.MigrationStatus(ctx, set)
			if err != nil || sqldb.Pending(status) != 1 {
				t.Fatalf("after a failed run: %d pending, %v", sqldb.Pending(status), err)
			}
			files["0002_more.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE more (id TEXT PRIMARY KEY);\n")}
			if err := db.Migrate(ctx, now, set); err != nil {
				t.Fatalf("the failed migration left something behind: %v", err)
			}
			edited := counterSet()
			edited.Files.(fstest.MapFS)["0001_counter.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE counter (x TEXT);\n")}
			if err := db.Migrate(ctx, now, edited); !errors.Is(err, sqldb.ErrEdited) {
				t.Fatalf("edited migration: %v", err)
			}
			if err := db.Migrate(ctx, now, counterSet()); !errors.Is(err, sqldb.ErrNewer) {
				t.Fatalf("newer database: %v", err)
			}
		})
	}
}

func TestTwoNodesMigrateAtOnce(t *testing.T) {
	for _, engine := range testkit.Databases(t) {
		t.Run(engine.Name, func(t *testing.T) {
			address := engine.OpenURL(t)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					db, err := sqldb.Open(context.Background(), sqldb.Config{URL: address})
					if err != nil {
						t.Error(err)
						return
					}
					defer db.Close()
					if err := db.Migrate(context.Background(), time.Now(), counterSet()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
		})
	}
}

func TestCloseFinishesQueuedChanges(t *testing.T) {
	db := testkit.Databases(t, counterSet())[0].Open(t)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			err := db.Write(context.Background(), func(tx sqldb.Tx) error { return nil })
			if err != nil && !errors.Is(err, sqldb.ErrClosed) {
				t.Error(err)
			}
		})
	}
	db.Close()
	group.Wait()
	if err := db.Write(context.Background(), func(tx sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.ErrClosed) {
		t.Fatalf("after Close: %v", err)
	}
}

func TestTimesSurviveStorage(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.FixedZone("CST", 8*3600))
	if got := sqldb.Time(sqldb.Micros(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Fatalf("got %v", got)
	}
	if !sqldb.Time(sqldb.Micros(time.Time{})).IsZero() {
		t.Fatal("the zero time is not kept")
	}
}

func BenchmarkDurableChanges(b *testing.B) {
	for _, engine := range testkit.Databases(b, counterSet()) {
		b.Run(engine.Name, func(b *testing.B) {
			db := engine.Open(b)
			b.SetParallelism(64)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := db.Write(context.Background(), func(tx sqldb.Tx) error {
						_, err := tx.ExecContext(context.Background(), "UPDATE counter SET n = n + 1 WHERE name = 'a'")
						return err
					}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestPurgeDeletesInBatchesWhatTheConditionNames(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		err := db.Write(ctx, func(tx sqldb.Tx) error {
			for i := range 1203 {
				if _, err := tx.ExecContext(ctx, "INSERT INTO counter (name, n) VALUES ($1, $2)", fmt.Sprintf("old %d", i), i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		deleted, err := db.Purge(ctx, "counter", "name", "n >= $1", 3)
		if err != nil || deleted != 1200 {
			t.Fatalf("deleted %d, %v", deleted, err)
		}
		var left int
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM counter").Scan(&left); err != nil || left != 4 {
			t.Errorf("%d left, %v", left, err)
		}
		if _, err := db.Purge(ctx, "absent", "name", "n > $1", 1); err == nil {
			t.Error("a missing table was purged")
		}
	})
}
