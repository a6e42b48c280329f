package auditdb_test

import (
	"bytes"
	"context"
	"errors"
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

func TestU01U02TamperingIsFound(t *testing.T) {
	cases := map[string]string{
		"U-01 last record cut":      "DELETE FROM audit_event WHERE number = 3",
		"U-02 record deleted":       "DELETE FROM audit_event WHERE number = 2",
		"U-02 record changed":       "UPDATE audit_event SET body = REPLACE(body, 'account:a', 'account:b') WHERE number = 2",
		"U-02 number of one raised": "UPDATE audit_event SET number = 9 WHERE number = 3",
		"U-01 tail row removed":     "DELETE FROM audit_lane",
	}
	for name, statement := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *sqldb.DB) {
				write(t, db, audit.With(event("made", "s"), event("activated", "s"), event("revoked", "s")))
				tamper(t, db, statement)
				_, breaks, err := auditdb.Verify(context.Background(), db.Read())
				if err != nil || len(breaks) != 1 {
					t.Fatalf("breaks %v, %v", breaks, err)
				}
			})
		})
	}
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
