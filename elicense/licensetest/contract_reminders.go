package licensetest

import (
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// reminders: planned once, due in their order, moved by one of many.
func reminders(t *testing.T, s elicense.Store) {
	for n := range 4 {
		l := create(t, s, Row(n))
		if n < 3 {
			change(t, s, l.ID, func(l *elicense.License) { l.State, l.Status = elicense.StateActive, "valid" })
		}
	}
	due := func(now time.Time, want ...elicense.DueReminder) {
		t.Helper()
		if got, err := s.DueReminders(ctx, now, 9); err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
	}
	none := func(n int) elicense.DueReminder { return elicense.DueReminder{License: Row(n).ID} }
	due(Start, none(0), none(1), none(2)) // one that is in review has no turn
	if page, err := s.DueReminders(ctx, Start, 2); err != nil || len(page) != 2 {
		t.Errorf("a page: %v %v", page, err)
	}
	plan := func(r elicense.DueReminder, next time.Time, want bool) {
		t.Helper()
		if done, err := s.PlanReminder(ctx, r, next); err != nil || done != want {
			t.Errorf("plan %+v: %v %v", r, done, err)
		}
	}
	plan(none(0), time.Time{}, true)
	plan(none(1), Start.Add(time.Hour), true)
	plan(none(1), Start.Add(2*time.Hour), false)
	plan(none(2), Start.Add(time.Minute), true)
	plan(elicense.DueReminder{License: "lic_none"}, Start, false)
	due(Start)
	first, second := elicense.DueReminder{License: Row(2).ID, At: Start.Add(time.Minute)}, elicense.DueReminder{License: Row(1).ID, At: Start.Add(time.Hour)}
	due(Start.Add(time.Hour), first, second)
	change(t, s, Row(1).ID, func(l *elicense.License) { l.Note = "n" }) // which moves no turn
	if done, err := s.Remind(ctx, second, time.Time{}, audit.Record{}); err == nil {
		t.Errorf("told without a record: %v", done)
	}
	var told atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			done, err := s.Remind(ctx, second, Start.Add(2*time.Hour), record("told"))
			if err != nil {
				t.Errorf("remind: %v", err)
			}
			if done {
				told.Add(1)
			}
		})
	}
	group.Wait()
	if told.Load() != 1 {
		t.Errorf("told %d times", told.Load())
	}
	due(Start.Add(time.Hour), first)
}
