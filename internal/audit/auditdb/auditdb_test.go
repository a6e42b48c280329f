package auditdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func event(kind, object string) audit.Event {
	return audit.Event{Type: kind, At: start, Actor: "account:a", ObjectType: "seal", ObjectID: object, Details: map[string]string{"b": "2", "a": "1"}}
}

func write(t *testing.T, db *sqldb.DB, record audit.Record) {
	t.Helper()
	if err := db.Write(context.Background(), func(tx sqldb.Tx) error { return auditdb.Append(context.Background(), tx, record) }); err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, run func(t *testing.T, db *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, engine.Open(t)) })
	}
}

func TestChainHoldsAndKeepsOrder(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, object := range []string{"s1", "s2", "s3"} {
			write(t, db, audit.With(event("made", object), event("activated", object)))
		}
		n, breaks, err := auditdb.Verify(context.Background(), db.Read())
		if err != nil || n != 6 || len(breaks) != 0 {
			t.Fatalf("%d events, breaks %v, %v", n, breaks, err)
		}
		entries, err := auditdb.OfObject(context.Background(), db.Read(), "seal", "s2", 0, 10)
		if err != nil || len(entries) != 2 || entries[0].Event.Type != "made" || entries[1].Event.Type != "activated" {
			t.Fatalf("entries %+v, %v", entries, err)
		}
		if got := entries[0].Event; got.Details["a"] != "1" || !got.At.Equal(start) || got.Result != audit.Succeeded {
			t.Fatalf("event came back as %+v", got)
		}
	})
}

// TestU01U02TamperingIsFound: whatever was done to the rows, the first wrong number is named.
func TestU01U02TamperingIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		statement string
		number    int64
	}{
		"U-01 last record cut":             {"DELETE FROM audit_event WHERE number = 3", 3},
		"U-01 last two cut":                {"DELETE FROM audit_event WHERE number > 1", 2},
		"U-01 all cut":                     {"DELETE FROM audit_event", 1},
		"U-01 tail row removed":            {"DELETE FROM audit_lane", 3},
		"U-01 tail set back":               {"UPDATE audit_lane SET number = 2, link = (SELECT link FROM audit_event WHERE number = 2)", 3},
		"U-01 tail of another event":       {"UPDATE audit_lane SET link = (SELECT link FROM audit_event WHERE number = 2)", 3},
		"U-02 first deleted":               {"DELETE FROM audit_event WHERE number = 1", 1},
		"U-02 record deleted":              {"DELETE FROM audit_event WHERE number = 2", 2},
		"U-02 record changed":              {"UPDATE audit_event SET body = REPLACE(body, 'account:a', 'account:b') WHERE number = 2", 2},
		"U-02 link changed":                {"UPDATE audit_event SET link = (SELECT e.link FROM audit_event AS e WHERE e.number = 1) WHERE number = 2", 2},
		"U-02 number of one raised":        {"UPDATE audit_event SET number = 9 WHERE number = 3", 3},
		"U-02 object of a column changed":  {"UPDATE audit_event SET object_id = 'elsewhere' WHERE number = 2", 2},
		"U-02 type of a column changed":    {"UPDATE audit_event SET type = 'harmless' WHERE number = 2", 2},
		"U-02 time of a column changed":    {"UPDATE audit_event SET at = at + 1 WHERE number = 3", 3},
		"U-02 kind of object changed":      {"UPDATE audit_event SET object_type = 'license' WHERE number = 1", 1},
		"U-02 one inserted behind the end": {"INSERT INTO audit_event (lane, number, at, type, object_type, object_id, body, link) SELECT lane, 4, at, type, object_type, object_id, body, link FROM audit_event WHERE number = 3", 4},
		"U-02 one inserted in no lane":     {"INSERT INTO audit_event (lane, number, at, type, object_type, object_id, body, link) SELECT 99, 7, at, type, object_type, object_id, body, link FROM audit_event WHERE number = 3", 7},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *sqldb.DB) {
				write(t, db, audit.With(event("made", "s"), event("activated", "s"), event("revoked", "s")))
				tamper(t, db, test.statement)
				_, breaks, err := auditdb.Verify(context.Background(), db.Read())
				if err != nil || len(breaks) != 1 || breaks[0].Number != test.number || breaks[0].Why == "" {
					t.Fatalf("breaks %v, %v; want number %d", breaks, err, test.number)
				}
				if lane := audit.LaneOf(event("made", "s")); breaks[0].Lane != lane && breaks[0].Lane != 99 {
					t.Errorf("lane %d, want %d", breaks[0].Lane, lane)
				}
			})
		})
	}
}

// TestU02InsertedRecordWithRightLink: whoever knows the rule can compute links, but not without touching the tail.
func TestU02InsertedRecordWithRightLink(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		write(t, db, audit.With(event("made", "s")))
		lane := audit.LaneOf(event("made", "s"))
		var previous []byte
		if err := db.Read().QueryRowContext(ctx, "SELECT link FROM audit_event WHERE lane = $1", lane).Scan(&previous); err != nil {
			t.Fatal(err)
		}
		forged := event("approved", "s")
		body, err := audit.Encode(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO audit_event (lane, number, at, type, object_type, object_id, body, link) VALUES ($1, 2, $2, $3, $4, $5, $6, $7)",
				lane, sqldb.Micros(forged.At), forged.Type, forged.ObjectType, forged.ObjectID, string(body), audit.Link(lane, 2, previous, body))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, breaks, err := auditdb.Verify(ctx, db.Read()); err != nil || len(breaks) != 1 || breaks[0] != (auditdb.Break{Lane: lane, Number: 2, Why: breaks[0].Why}) {
			t.Fatalf("breaks %v, %v", breaks, err)
		}
	})
}

// TestVerifyWhileEventsAreAdded: a running platform shows no break.
func TestVerifyWhileEventsAreAdded(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, stop := context.WithCancel(context.Background())
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if err := db.Write(context.Background(), func(tx sqldb.Tx) error {
						return auditdb.Append(context.Background(), tx, audit.With(event("made", fmt.Sprint(i, n%3))))
					}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for round, seen := 0, int64(0); round < 15 || seen == 0; round++ {
			n, breaks, err := auditdb.Verify(context.Background(), db.Read())
			if err != nil || len(breaks) != 0 {
				t.Errorf("breaks %v, %v", breaks, err)
				break
			}
			seen = n
		}
		stop()
		group.Wait()
		if n, breaks, err := auditdb.Verify(context.Background(), db.Read()); err != nil || n == 0 || len(breaks) != 0 {
			t.Errorf("%d events, breaks %v, %v", n, breaks, err)
		}
	})
}

// TestU05NoAuditNoAction: a change whose record cannot be stored is undone (R6, U-05).
func TestU05NoAuditNoAction(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		tamper(t, db, "CREATE TABLE thing (id TEXT PRIMARY KEY)")
		tamper(t, db, "ALTER TABLE audit_event RENAME TO audit_gone")
		err := db.Write(ctx, func(tx sqldb.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO thing (id) VALUES ('a')"); err != nil {
				return err
			}
			return auditdb.Append(ctx, tx, audit.With(event("made", "a")))
		})
		if err == nil {
			t.Fatal("the change was acknowledged")
		}
		var n int
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM thing").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows, %v", n, err)
		}
		tamper(t, db, "ALTER TABLE audit_gone RENAME TO audit_event")
		if _, breaks, err := auditdb.Verify(ctx, db.Read()); err != nil || len(breaks) != 0 {
			t.Errorf("breaks %v, %v", breaks, err)
		}
	})
}

func TestU02SwappedRecords(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		write(t, db, audit.With(event("made", "s"), event("activated", "s"), event("revoked", "s")))
		tamper(t, db, "UPDATE audit_event SET number = 99 WHERE number = 2")
		tamper(t, db, "UPDATE audit_event SET number = 2 WHERE number = 3")
		tamper(t, db, "UPDATE audit_event SET number = 3 WHERE number = 99")
		_, breaks, err := auditdb.Verify(context.Background(), db.Read())
		if err != nil || len(breaks) != 1 || breaks[0].Number != 2 {
			t.Fatalf("breaks %v, %v", breaks, err)
		}
	})
}

func tamper(t *testing.T, db *sqldb.DB, statement string) {
	t.Helper()
	if err := db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), statement)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestChangeWithoutEventIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for name, record := range map[string]audit.Record{
			"no event":      {},
			"only messages": audit.Record{}.And(audit.Message{Topic: "x", Key: "y"}),
			"no time":       audit.With(audit.Event{Type: "x", ObjectType: "seal"}),
		} {
			err := db.Write(context.Background(), func(tx sqldb.Tx) error { return auditdb.Append(context.Background(), tx, record) })
			if err == nil {
				t.Errorf("%s was accepted", name)
			}
		}
	})
}

func TestMessagesOfOneKeyKeepTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		queue := outboxdb.New(db)
		write(t, db, audit.With(event("made", "s")).And(
			audit.Message{Topic: "a", Key: "k", Payload: []byte("1")}, audit.Message{Topic: "a", Key: "k", Payload: []byte("2")},
			audit.Message{Topic: "a", Key: "other", Payload: []byte("3"), NotBefore: start.Add(time.Hour)}))
		first, err := queue.Lease(ctx, start, time.Minute)
		if err != nil || first == nil || string(first.Payload) != "1" {
			t.Fatalf("first %+v, %v", first, err)
		}
		if next, err := queue.Lease(ctx, start, time.Minute); err != nil || next != nil {
			t.Fatalf("second message of the key overtook the first: %+v, %v", next, err)
		}
		again, err := queue.Lease(ctx, start.Add(2*time.Minute), time.Minute)
		if err != nil || again == nil || again.ID != first.ID || again.Attempt != 2 {
			t.Fatalf("expired lease: %+v, %v", again, err)
		}
		if err := queue.Done(ctx, first.ID, start); err != nil {
			t.Fatal(err)
		}
		second, err := queue.Lease(ctx, start.Add(2*time.Minute), time.Minute)
		if err != nil || second == nil || string(second.Payload) != "2" {
			t.Fatalf("second %+v, %v", second, err)
		}
		if err := queue.Later(ctx, second.ID, start, start.Add(time.Hour), "down", true); err != nil {
			t.Fatal(err)
		}
		late, err := queue.Lease(ctx, start.Add(2*time.Hour), time.Minute)
		if err != nil || late == nil || string(late.Payload) != "3" {
			t.Fatalf("late %+v, %v", late, err)
		}
		waiting, dead, err := queue.Waiting(ctx)
		if err != nil || waiting != 1 || dead != 1 {
			t.Fatalf("waiting %d, dead %d, %v", waiting, dead, err)
		}
	})
}

// TestEachGivesWhatTheChainsHold: from what Each gives, anybody can compute the links anew.
func TestEachGivesWhatTheChainsHold(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		for _, object := range []string{"s1", "s2", "s3"} {
			write(t, db, audit.With(event("made", object), event("activated", object)))
		}
		previous, numbers, count := map[int][]byte{}, map[int]int64{}, 0
		err := auditdb.Each(context.Background(), db.Read(), func(s auditdb.Stored) error {
			count++
			if numbers[s.Lane]++; s.Number != numbers[s.Lane] {
				t.Errorf("lane %d: number %d after %d", s.Lane, s.Number, numbers[s.Lane]-1)
			}
			if !bytes.Equal(s.Link, audit.Link(s.Lane, s.Number, previous[s.Lane], s.Body)) {
				t.Errorf("lane %d number %d: link is of other octets", s.Lane, s.Number)
			}
			previous[s.Lane] = s.Link
			return nil
		})
		if err != nil || count != 6 {
			t.Errorf("%d events, %v", count, err)
		}
		stop := errors.New("stop")
		if err := auditdb.Each(context.Background(), db.Read(), func(auditdb.Stored) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("the visitor's error is %v", err)
		}
	})
}
