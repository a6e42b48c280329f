package sqldb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var ctx = context.Background()

func TestSQLiteRunsWithFullDurability(t *testing.T) {
	address := testkit.Databases(t)[0].OpenURL(t)
	db := testkit.OpenDatabase(t, address, counterSet())
	pragma := func(q sqldb.Queryer, name string) (value string) {
		t.Helper()
		if err := q.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if err := db.Write(ctx, func(tx sqldb.Tx) error {
		for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "trusted_schema": "0"} {
			if got := pragma(tx, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := pragma(db.Read(), "query_only"); got != "1" {
		t.Errorf("readers may write: %s", got)
	}
	if info, err := os.Stat(strings.TrimPrefix(address, "sqlite:")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is readable for others: %v %v", info.Mode(), err)
	}
}

// TestGroupCommitMakesManyChangesDurableAtOnce: changes that wait are gathered in one transaction; nobody outside sees one
// of them before all are durable, and nobody is answered before.
func TestGroupCommitMakesManyChangesDurableAtOnce(t *testing.T) {
	db := testkit.Databases(t, counterSet())[0].Open(t)
	inside, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		if err := db.Write(ctx, func(sqldb.Tx) error { close(inside); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	const n = 40
	var run, answered atomic.Int32
	var early atomic.Int32
	for range n {
		group.Go(func() {
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = 'a'"); err != nil {
					return err
				}
				if run.Add(1) > 1 && count(t, db.Read(), "a") == 0 && answered.Load() == 0 {
					early.Add(1)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			answered.Add(1)
		})
	}
	time.Sleep(100 * time.Millisecond) // they queue
	close(release)
	group.Wait()
	if early.Load() == 0 {
		t.Error("each change had a commit of its own")
	}
	if got := count(t, db.Read(), "a"); got != n {
		t.Errorf("counter is %d", got)
	}
}

const crashVariable = "SQLDB_CRASH_DATABASE"

// TestCrashChild is the process that TestF01 kills: it stores numbers from several goroutines and prints each that was
// acknowledged.
func TestCrashChild(t *testing.T) {
	address := os.Getenv(crashVariable)
	if address == "" {
		return
	}
	db := testkit.OpenDatabase(t, address, counterSet())
	var mutex sync.Mutex
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d", g, i)
				insert := sqldb.Step{Query: "INSERT INTO counter (name, n) VALUES ($1, 1)", Args: []any{name}}
				change := func() error { return db.Apply(ctx, nil, insert, bump("a")) }
				if g%2 == 0 {
					change = func() error {
						return db.Write(ctx, func(tx sqldb.Tx) error {
							if _, err := tx.ExecContext(ctx, insert.Query, insert.Args...); err != nil {
								return err
							}
							_, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = 'a'")
							return err
						})
					}
				}
				if err := change(); err != nil {
					return
				}
				mutex.Lock()
				fmt.Println("stored", name)
				mutex.Unlock()
			}
		})
	}
	group.Wait()
}

// TestF01KilledProcessLosesNothingAcknowledged kills the process in the middle of its changes, again and again on one file.
func TestF01KilledProcessLosesNothingAcknowledged(t *testing.T) {
	address := "sqlite:" + filepath.Join(t.TempDir(), "yinxin.db")
	acknowledged := map[string]bool{}
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
		child.Env = append(os.Environ(), crashVariable+"="+address)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		seen := 0
		for lines.Scan() {
			// The rounds store the same names, so later rounds go on where the child's own numbers are free.
			if name, ok := strings.CutPrefix(lines.Text(), "stored "); ok {
				acknowledged[name] = true
				if seen++; seen == 50+round*37 {
					child.Process.Kill()
				}
			}
		}
		child.Wait()
		db := testkit.OpenDatabase(t, address, counterSet())
		var stored, n int64
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) - 1 FROM counter").Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if n = count(t, db.Read(), "a"); n != stored {
			t.Errorf("round %d: half a change was stored: %d rows, counter %d", round, stored, n)
		}
		for name := range acknowledged {
			var there int
			if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM counter WHERE name = $1", name).Scan(&there); err != nil || there != 1 {
				t.Fatalf("round %d: %s was acknowledged and is not there (%v)", round, name, err)
			}
		}
		var verdict string
		if err := db.Read().QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("round %d: %s %v", round, verdict, err)
		}
		if seen == 0 {
			t.Fatal("the child stored nothing")
		}
		if err := db.Write(ctx, func(tx sqldb.Tx) error {
			if _, err := tx.ExecContext(ctx, "DELETE FROM counter WHERE name <> 'a'"); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "UPDATE counter SET n = 0")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		db.Close()
		clear(acknowledged)
	}
}

// TestF08FullQueueIsUnavailableInTime: nobody waits for ever, and nothing that was refused is stored.
func TestF08FullQueueIsUnavailableInTime(t *testing.T) {
	for _, engine := range testkit.Databases(t) {
		t.Run(engine.Name, func(t *testing.T) {
			address := engine.OpenURL(t)
			testkit.OpenDatabase(t, address, counterSet())
			db, err := sqldb.Open(ctx, sqldb.Config{URL: address, MaxConnections: 1, QueueTimeout: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			inside, release := make(chan struct{}), make(chan struct{})
			var group sync.WaitGroup
			group.Go(func() {
				if err := db.Write(ctx, func(sqldb.Tx) error { close(inside); <-release; return nil }); err != nil {
					t.Error(err)
				}
			})
			<-inside
			const callers = 1100 // more than the queue holds
			var stored, refused atomic.Int64
			for range callers {
				group.Go(func() {
					err := db.Write(ctx, func(tx sqldb.Tx) error {
						_, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = 'a'")
						return err
					})
					switch {
					case err == nil:
						stored.Add(1)
					case errors.Is(err, sqldb.ErrUnavailable):
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			time.Sleep(500 * time.Millisecond)
			if refused.Load() == 0 {
				t.Error("nobody was refused")
			}
			close(release)
			group.Wait()
			if n := count(t, db.Read(), "a"); n != stored.Load() || stored.Load()+refused.Load() != callers {
				t.Errorf("counter %d, %d stored, %d refused", n, stored.Load(), refused.Load())
			}
		})
	}
}

// TestDeadlockIsRunAgain: two changes hold what the other one wants; the server undoes one, which is run again.
func TestDeadlockIsRunAgain(t *testing.T) {
	db := testkit.Databases(t, counterSet())[1].Open(t) // SQLite has one writer
	if err := db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO counter (name, n) VALUES ('b', 0)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var met, group sync.WaitGroup
	met.Add(2)
	var runs atomic.Int32
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		group.Go(func() {
			first := true
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				runs.Add(1)
				for i, name := range order {
					if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1 WHERE name = $1", name); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						met.Done()
						met.Wait()
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if a, b := count(t, db.Read(), "a"), count(t, db.Read(), "b"); a != 2 || b != 2 || runs.Load() < 3 {
		t.Errorf("%d and %d after %d runs", a, b, runs.Load())
	}
}

func TestUnreachableDatabaseIsUnavailableAndTellsNoPassword(t *testing.T) {
	for name, cfg := range map[string]sqldb.Config{
		"nobody listens": {URL: "postgres://yinxin:secret-in-url@127.0.0.1:1/yinxin?connect_timeout=2"},
		"other password": {URL: "postgres://yinxin@127.0.0.1:1/yinxin?connect_timeout=2", Password: "secret-in-file"},
	} {
		_, err := sqldb.Open(ctx, cfg)
		if !errors.Is(err, sqldb.ErrUnavailable) || strings.Contains(fmt.Sprint(err), "secret-in") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "mysql://x", "sqlite:", "postgres://yinxin:secret-in-url@[::1/yinxin", "postgres://yinxin:secret-in-url@host:port/yinxin"} {
		if _, err := sqldb.Open(ctx, sqldb.Config{URL: bad}); err == nil || strings.Contains(err.Error(), "secret-in-url") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOpenDatabaseOfACorruptFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yinxin.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database "+strconv.Itoa(7), 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(ctx, sqldb.Config{URL: "sqlite:" + path})
	if err == nil {
		err = db.Migrate(ctx, time.Now(), counterSet())
		db.Close()
	}
	if err == nil {
		t.Error("a file that is no database was taken")
	}
}
