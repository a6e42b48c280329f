package licensetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// turn of a licence: none planned, at a time, or over.
type turn struct {
	at   time.Time
	over bool
}

// DueReminders implements elicense.Reminders.
func (t *Twin) DueReminders(_ context.Context, now time.Time, limit int) (list []elicense.DueReminder, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for id, l := range t.licenses {
		if turn := t.turns[id]; l.State == elicense.StateActive && !turn.over && !turn.at.After(now) {
			list = append(list, elicense.DueReminder{License: id, At: turn.at})
		}
	}
	slices.SortFunc(list, func(a, b elicense.DueReminder) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.License, b.License))
	})
	return list[:min(len(list), limit)], nil
}

// moveTurn sets the next turn where it is still as it was read; the mutex is held.
func (t *Twin) moveTurn(r elicense.DueReminder, next time.Time) bool {
	have := t.turns[r.License]
	if _, there := t.licenses[r.License]; !there || have.over || !have.at.Equal(r.At) {
		return false
	}
	t.turns[r.License] = turn{next, next.IsZero()}
	return true
}

// PlanReminder implements elicense.Reminders.
func (t *Twin) PlanReminder(_ context.Context, r elicense.DueReminder, next time.Time) (bool, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.moveTurn(r, next), nil
}

// Remind implements elicense.Reminders.
func (t *Twin) Remind(_ context.Context, r elicense.DueReminder, next time.Time, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if done = t.moveTurn(r, next); done {
			t.records = append(t.records, record)
		}
		return nil
	})
	return done, err
}
