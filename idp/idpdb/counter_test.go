package idpdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
)

var opening = time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)

func notedAt(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: opening, Actor: "account:clerk", ObjectType: "visit", ObjectID: "v"})
}

// onCounter runs a test on both databases with a terminal in service and an account.
func onCounter(t *testing.T, run func(t *testing.T, s *idpdb.Store, db *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db, ctx := engine.Open(t), context.Background()
			s := idpdb.New(db)
			if err := s.PutTerminal(ctx, counter.Terminal{ID: "t", Name: "3", ReaderKey: []byte{}, CreatedAt: opening}, []byte("enrol"), opening.Add(time.Hour), notedAt("terminal")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Enrol(ctx, []byte("enrol"), []byte("secret"), opening, func(string) audit.Record { return notedAt("enrolled") }); err != nil {
				t.Fatal(err)
			}
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at, locale) VALUES ('acc', 'active', '', 0, '', 1, 1, '')")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			run(t, s, db)
		})
	}
}

// agreed is an open visit in which the citizen agreed to acts.
func agreed(t *testing.T, s *idpdb.Store, id string, acts ...string) counter.Visit {
	t.Helper()
	ctx := context.Background()
	v := counter.Visit{ID: id, Terminal: "t", Clerk: "account:clerk", Entry: counter.EntryReader, Account: "acc", Sealed: []byte("document"), OpenedAt: opening, ExpiresAt: opening.Add(counter.VisitLife)}
	if err := s.OpenVisit(ctx, v, nil, opening, func(string) audit.Record { return notedAt("opened") }); err != nil {
		t.Fatal(err)
	}
	v.Acts, v.AskedBy, v.AskedAt = acts, counter.ByScreen, opening
	if err := s.Plan(ctx, v, opening, notedAt("asked")); err != nil {
		t.Fatal(err)
	}
	if err := s.Agree(ctx, v.ID, opening, counter.ByScreen, opening, notedAt("agreed")); err != nil {
		t.Fatal(err)
	}
	v, err := s.VisitAt(ctx, "t", opening)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func passOf(v counter.Visit, n int, hash string) counter.Change {
	return counter.Change{Act: counter.Act{ID: fmt.Sprintf("%s-%d", v.ID, n), Visit: v.ID, Kind: counter.ActPass, Account: "acc", At: opening},
		Pass: &counter.Pass{ID: fmt.Sprint(n), Account: "acc", Hash: []byte(hash), IssuedAt: opening, ExpiresAt: opening.Add(time.Hour)}}
}

// many runs a try fifty times at once and counts those without an error; others must end as said.
func fiftyTimes(t *testing.T, otherwise error, try func(n int) error) int32 {
	t.Helper()
	var group sync.WaitGroup
	var done atomic.Int32
	for n := range 50 {
		group.Go(func() {
			switch err := try(n); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, otherwise):
				t.Errorf("try %d: %v", n, err)
			}
		})
	}
	group.Wait()
	return done.Load()
}

var errNo = errors.New("no")

func TestCounterPassIsUsedOnceOfFifty(t *testing.T) {
	onCounter(t, func(t *testing.T, s *idpdb.Store, _ *sqldb.DB) {
		ctx := context.Background()
		v := agreed(t, s, "v1", counter.ActPass)
		if err := s.Do(ctx, v, passOf(v, 1, "right"), opening, notedAt("pass")); err != nil {
			t.Fatal(err)
		}
		try := func(hash string, at time.Time) error {
			ok, err := s.TryPass(ctx, "acc", []byte(hash), counter.PassTries, at, notedAt("used"))
			if err == nil && !ok {
				err = errNo
			}
			return err
		}
		if err := try("right", opening.Add(time.Hour)); !errors.Is(err, errNo) {
			t.Errorf("after its time: %v", err)
		}
		if n := fiftyTimes(t, errNo, func(int) error { return try("right", opening) }); n != 1 {
			t.Errorf("%d of 50 signed in", n)
		}
		v = agreed(t, s, "v2", counter.ActPass)
		if err := s.Do(ctx, v, passOf(v, 2, "next"), opening, notedAt("pass")); err != nil {
			t.Fatal(err)
		}
		if n := fiftyTimes(t, errNo, func(int) error { return try("wrong", opening) }); n != 0 {
			t.Errorf("%d wrong ones signed in", n)
		}
		if err := try("next", opening); !errors.Is(err, errNo) {
			t.Errorf("a pass lives after %d wrong tries: %v", counter.PassTries, err)
		}
	})
}

func TestCounterActIsDoneOnceAndOnlyWhileTheVisitIsOpen(t *testing.T) {
	onCounter(t, func(t *testing.T, s *idpdb.Store, db *sqldb.DB) {
		ctx := context.Background()
		v := agreed(t, s, "v1", counter.ActPass)
		if n := fiftyTimes(t, counter.ErrDone, func(n int) error { return s.Do(ctx, v, passOf(v, n, "h"), opening, notedAt("pass")) }); n != 1 {
			t.Errorf("it was done %d times", n)
		}
		for name, change := range map[string]func(*counter.Visit){
			"another clerk":     func(v *counter.Visit) { v.Clerk = "account:other" },
			"another question":  func(v *counter.Visit) { v.AskedAt = opening.Add(time.Second) },
			"no agreement":      func(v *counter.Visit) { v.AgreedAt = time.Time{} },
			"another agreement": func(v *counter.Visit) { v.AgreedAt = opening.Add(time.Second) },
			"another act":       func(v *counter.Visit) { v.Acts = []string{counter.ActCard} },
		} {
			v := agreed(t, s, "x"+name, counter.ActPass)
			change(&v)
			if err := s.Do(ctx, v, passOf(v, 1, "h"), opening, notedAt("pass")); !errors.Is(err, counter.ErrVisitOver) {
				t.Errorf("%s: %v", name, err)
			}
		}
		late := agreed(t, s, "late", counter.ActPass)
		if err := s.Do(ctx, late, passOf(late, 1, "h"), late.ExpiresAt, notedAt("pass")); !errors.Is(err, counter.ErrVisitOver) {
			t.Errorf("after fifteen minutes: %v", err)
		}
		other := passOf(late, 2, "h")
		other.Act.Account = "somebody"
		if err := s.Do(ctx, late, other, opening, notedAt("pass")); !errors.Is(err, counter.ErrVisitOver) {
			t.Errorf("for another account: %v", err)
		}
		// Ends and acts at once: an act that was done came before the end, and none comes after.
		for n := range 10 {
			v := agreed(t, s, fmt.Sprint("race", n), counter.ActPass)
			var group sync.WaitGroup
			group.Go(func() { s.EndVisit(ctx, v.ID, counter.EndCard, opening, notedAt("ended")) })
			group.Go(func() { s.Do(ctx, v, passOf(v, 1, "h"), opening, notedAt("pass")) })
			group.Wait()
			if err := s.Do(ctx, v, passOf(v, 2, "h"), opening, notedAt("pass")); err == nil || !errors.Is(err, counter.ErrVisitOver) {
				t.Errorf("after the end: %v", err)
			}
		}
		var sealed []byte
		if err := db.Read().QueryRowContext(ctx, "SELECT sealed FROM idp_counter_visit WHERE id = 'race1'").Scan(&sealed); err != nil || !bytes.Equal(sealed, []byte{}) {
			t.Errorf("the document is kept: %q %v", sealed, err)
		}
	})
}

// TestCounterReadings: each message is taken once, the newest card is the one that lies there, and a card that is gone ends
// its visit and nothing else.
func TestCounterReadings(t *testing.T) {
	onCounter(t, func(t *testing.T, s *idpdb.Store, _ *sqldb.DB) {
		ctx := context.Background()
		reading := func(nonce string) counter.Reading {
			return counter.Reading{Terminal: "t", Nonce: []byte(nonce), Digest: nonce, Sealed: []byte(nonce), ReadAt: opening, Expires: opening.Add(counter.ReadingLife)}
		}
		if n := fiftyTimes(t, counter.ErrNonce, func(int) error { return s.PutReading(ctx, reading("one")) }); n != 1 {
			t.Errorf("a message was taken %d times", n)
		}
		if err := s.PutReading(ctx, reading("two")); err != nil {
			t.Fatal(err)
		}
		if r, err := s.NewestReading(ctx, "t", opening); err != nil || r.Digest != "two" {
			t.Errorf("%+v %v", r, err)
		}
		open := func(id string, nonce []byte, at time.Time) error {
			v := counter.Visit{ID: id, Terminal: "t", Clerk: "account:clerk", Entry: counter.EntryReader, Sealed: []byte("document"), OpenedAt: at, ExpiresAt: at.Add(counter.VisitLife)}
			return s.OpenVisit(ctx, v, nonce, at, func(string) audit.Record { return notedAt("opened") })
		}
		if err := open("late", []byte("two"), opening.Add(counter.ReadingLife)); !errors.Is(err, counter.ErrNoReading) {
			t.Errorf("a late card: %v", err)
		}
		if n := fiftyTimes(t, counter.ErrNoReading, func(n int) error { return open(fmt.Sprint("v", n), []byte("two"), opening) }); n != 1 {
			t.Errorf("a card opened %d visits", n)
		}
		ended := ""
		if err := s.PutRemoval(ctx, reading("gone"), func(visit string) audit.Record { ended = visit; return notedAt("ended") }); err != nil || ended == "" {
			t.Errorf("%q %v", ended, err)
		}
		if err := s.PutRemoval(ctx, reading("gone"), func(string) audit.Record { return notedAt("ended") }); !errors.Is(err, counter.ErrNonce) {
			t.Errorf("a removal came twice: %v", err)
		}
		typed := counter.Visit{ID: "typed", Terminal: "t", Clerk: "account:clerk", Entry: counter.EntryTyped, Sealed: []byte("document"), OpenedAt: opening, ExpiresAt: opening.Add(counter.VisitLife)}
		if err := s.OpenVisit(ctx, typed, nil, opening, func(string) audit.Record { return notedAt("opened") }); err != nil {
			t.Fatal(err)
		}
		if err := s.PutRemoval(ctx, reading("other"), func(string) audit.Record { t.Error("a typed visit ended with a card"); return notedAt("ended") }); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSupervisorsSeeActsOfTheirArea: what clerks did is found by the area of the terminal, as it is now.
func TestSupervisorsSeeActsOfTheirArea(t *testing.T) {
	onCounter(t, func(t *testing.T, s *idpdb.Store, db *sqldb.DB) {
		ctx := context.Background()
		v := agreed(t, s, "v1", counter.ActPass)
		change := passOf(v, 1, "right")
		change.Act.Terminal = "t"
		if err := s.Do(ctx, v, change, opening, notedAt("pass")); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE idp_counter_terminal SET department = 'dept' WHERE id = 't'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		const county, other = "330000000000/330102000000/", "330000000000/330105000000/"
		for _, row := range []struct {
			at, reach string
			want      int
		}{{"", "", 1}, {"", county, 0}, {county, county, 1}, {county, "330000000000/", 1}, {county, other, 0}, {county, "", 1}} {
			if err := s.MoveTerminals(ctx, "dept", row.at, notedAt("moved")); err != nil {
				t.Fatal(err)
			}
			acts, err := s.ActQueue(ctx, []string{row.reach}, counter.ReviewOpen, "", 10)
			if err != nil || len(acts) != row.want || len(acts) > 0 && acts[0].Area != row.at {
				t.Errorf("terminal in %q, supervisor of %q: %+v %v", row.at, row.reach, acts, err)
			}
			terminals, err := s.Terminals(ctx, []string{row.reach}, "", 10)
			if err != nil || len(terminals) != row.want {
				t.Errorf("terminal in %q, administrator of %q: %+v %v", row.at, row.reach, terminals, err)
			}
		}
		if acts, err := s.ActQueue(ctx, nil, counter.ReviewOpen, "", 10); err != nil || len(acts) != 0 {
			t.Errorf("nobody sees %+v %v", acts, err)
		}
	})
}
