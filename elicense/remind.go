package elicense

import (
	"context"
	_ "embed" // the days of reminders
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// DueReminder is a licence whose turn has come: to be planned, or to have its holder told that its validity ends.
type DueReminder struct {
	License string    // row key
	At      time.Time // the turn; zero where none was planned yet
}

// Reminders keeps when holders are told that the validity of a licence ends (到期提醒). Each licence has one turn at most.
type Reminders interface {
	// DueReminders lists licences that were brought into force and have no turn planned, and those whose turn has come by the moment, in that order.
	DueReminders(ctx context.Context, now time.Time, limit int) ([]DueReminder, error)
	// PlanReminder moves a turn that is still as it was read, without telling anybody; a zero next ends the turns of the licence. It reports whether this
	// call did.
	PlanReminder(ctx context.Context, r DueReminder, next time.Time) (bool, error)
	// Remind does the same, with the record in the same write.
	Remind(ctx context.Context, r DueReminder, next time.Time, record audit.Record) (bool, error)
}

//go:embed reminders.json
var remindersFile []byte

// reminderDays are how many days before the last day of validity a holder is told, the most first: of a type that has days of its own, those.
var reminderDays = func() (of struct {
	Days  []int            `json:"days"`
	Types map[string][]int `json:"types"`
}) {
	if err := json.Unmarshal(remindersFile, &of); err != nil {
		panic(err) // the file is embedded and tested
	}
	return of
}()

// ReminderDays are how many days before the end of validity holders of licences of a type are told, the most first.
func ReminderDays(typeCode string) []int {
	if own, ok := reminderDays.Types[typeCode]; ok {
		return own
	}
	return reminderDays.Days
}

// remindersAtOnce bounds one run, so that a large register that was never planned holds nothing else up.
const remindersAtOnce = 200

// unreadableAgain is when a licence whose values cannot be read is looked at once more.
const unreadableAgain = 24 * time.Hour

// reminderHour is when messages go out, in the time of Beijing.
const reminderHour = 9

// chinaTime is the zone in which dates on licences are meant.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// expiry is the last day of validity; false for a licence without an end.
func expiry(values catalog.Values) (time.Time, bool) {
	end, err := time.ParseInLocation("20060102", values.First(catalog.KeyExpiringDate), chinaTime)
	return end, err == nil
}

// DaysLeft is how many days are left of the validity of a licence, 0 on its last day, once its holder is told of the end; false before, after, and
// for one without an end.
func (s *Service) DaysLeft(l License, values catalog.Values) (int, bool) {
	end, ok := expiry(values)
	days := ReminderDays(l.TypeCode)
	if !ok || len(days) == 0 || l.Status != catalog.StatusValid {
		return 0, false
	}
	today, err := time.ParseInLocation("20060102", catalog.Day(s.now()), chinaTime)
	left := int(end.Sub(today) / (24 * time.Hour))
	return left, err == nil && left >= 0 && left <= days[0]
}

// nextReminder is the first turn of a licence behind the moment; zero when none is left.
func nextReminder(days []int, end, after time.Time) time.Time {
	for _, n := range days {
		if at := end.AddDate(0, 0, -n).Add(reminderHour * time.Hour).UTC(); at.After(after) {
			return at
		}
	}
	return time.Time{}
}

// TopicExpiring tells the holder of a licence that its validity ends: ExpiryNotice.
const TopicExpiring = "license.expiring"

// ExpiryNotice is the payload of that message.
type ExpiryNotice struct {
	License   string `json:"license"` // row key
	TypeCode  string `json:"license_type_code"`
	HolderRef string `json:"holder_ref"`
	Ends      string `json:"ends"` // last day, YYYYMMDD
}

// RemindDue plans the turns of licences and tells the holders whose turn has come, once for each turn: the message and the next turn are one write, and a
// turn is never before the one that is over, whatever the clock does. Of turns that were missed only one is told. It gives how many were told.
func (s *Service) RemindDue(ctx context.Context) (told int, err error) {
	now := s.now()
	due, err := s.cfg.Store.DueReminders(ctx, now, remindersAtOnce)
	if err != nil {
		return 0, storeFault(err, "list reminders")
	}
	var failures []error
	for _, r := range due {
		one, err := s.remind(ctx, r, now)
		if err != nil {
			failures = append(failures, fmt.Errorf("remind of %s: %w", r.License, err))
		}
		if one {
			told++
		}
	}
	return told, errors.Join(failures...)
}

func (s *Service) remind(ctx context.Context, r DueReminder, now time.Time) (bool, error) {
	l, err := s.cfg.Store.Find(ctx, r.License)
	if err != nil {
		return false, err
	}
	values, err := s.values(ctx, l)
	if err != nil { // it stands in nobody's way until tomorrow
		_, planErr := s.cfg.Store.PlanReminder(ctx, r, now.Add(unreadableAgain))
		return false, errors.Join(err, planErr)
	}
	end, ok := expiry(values)
	days := ReminderDays(l.TypeCode)
	var next time.Time
	if counts := l.Status == catalog.StatusValid || mayBecome(l.Status, catalog.StatusValid); ok && counts {
		after := now
		if r.At.After(after) {
			after = r.At
		}
		next = nextReminder(days, end, after)
	}
	// A turn before the first day of the licence is one that was put off: nothing is told on it.
	early := ok && (len(days) == 0 || r.At.Before(end.AddDate(0, 0, -days[0])))
	if early || !ok || l.Status != catalog.StatusValid || l.HolderRef == "" || catalog.AfterPeriod(values, now) {
		_, err := s.cfg.Store.PlanReminder(ctx, r, next)
		return false, err
	}
	payload, err := json.Marshal(ExpiryNotice{License: l.ID, TypeCode: l.TypeCode, HolderRef: l.HolderRef, Ends: values.First(catalog.KeyExpiringDate)})
	if err != nil {
		return false, err
	}
	record := audit.With(s.event(ctx, "license.expiry_told", l.ID, now)).And(audit.Message{Topic: TopicExpiring, Key: l.ID, Payload: payload})
	return s.cfg.Store.Remind(ctx, r, next, record)
}
