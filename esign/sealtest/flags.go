package sealtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// flags are what the twin keeps of flagged uses.
type flags struct {
	uses map[hourOf]int
	last map[deviceAt]time.Time
	days map[dayOf]esign.FlagDay
}

type (
	hourOf struct {
		seal string
		day  esign.Day
		hour int
	}
	deviceAt struct{ seal, who, device string }
	dayOf    struct {
		seal string
		day  esign.Day
	}
)

func newFlags() flags {
	return flags{uses: map[hourOf]int{}, last: map[deviceAt]time.Time{}, days: map[dayOf]esign.FlagDay{}}
}

// watched judges a use and keeps what comes of it; the twin is locked.
func (t *Twin) watched(s esign.Stamp, w *esign.Watch) {
	if w == nil {
		return
	}
	found, have := w.Judge(t.habits(s, w)), t.stamps[s.ID]
	have.By = w.By
	var more []esign.Flag
	for _, flag := range found.Flags {
		if !slices.Contains(have.Flags, flag) {
			more = append(more, flag)
		}
	}
	if len(more) > 0 {
		have.Flags = inOrder(append(slices.Clone(have.Flags), more...))
		have.FlagDay = cmp.Or(have.FlagDay, w.Day)
		if found.Volume != (esign.Volume{}) {
			have.Volume = found.Volume
		}
		at := dayOf{s.SealID, have.FlagDay}
		day := t.flags.days[at]
		t.records = append(t.records, w.Record(more, have.FlagDay, !day.Waits()))
		day.SealID, day.Day, day.At, day.Uses, day.Flags = s.SealID, have.FlagDay, micros(w.At), day.Uses+1, inOrder(append(slices.Clone(day.Flags), more...))
		t.flags.days[at] = day
	}
	t.stamps[s.ID] = have
}

// inOrder are flags in the order of their list, each once.
func inOrder(some []esign.Flag) (all []esign.Flag) {
	for _, flag := range esign.Flags {
		if slices.Contains(some, flag) {
			all = append(all, flag)
		}
	}
	return all
}

func (t *Twin) habits(s esign.Stamp, w *esign.Watch) (seen esign.Habits) {
	if w.Counts {
		t.flags.uses[hourOf{s.SealID, w.Day, w.Hour}]++
		days := map[esign.Day]int{}
		for at, n := range t.flags.uses {
			if at.seal != s.SealID || at.day < w.Day-esign.UsualDays || at.day > w.Day {
				continue
			}
			days[at.day] += n
			if at.day < w.Day {
				seen.BusiestHour, seen.BusiestDay = max(seen.BusiestHour, n), max(seen.BusiestDay, days[at.day])
			}
		}
		seen.Hour, seen.Day = t.flags.uses[hourOf{s.SealID, w.Day, w.Hour}], days[w.Day]
	}
	devices := false
	for at, last := range t.flags.last {
		if at.seal != s.SealID || last.Before(micros(w.At.Add(-esign.FamiliarFor))) {
			continue
		}
		if at.who != w.By {
			seen.Others = true
			continue
		}
		seen.Known, devices = true, devices || at.device != ""
		seen.KnownDevice = seen.KnownDevice || at.device == w.Device
	}
	seen.KnownDevice = seen.KnownDevice || !devices
	t.flags.last[deviceAt{s.SealID, w.By, w.Device}] = micros(w.At)
	for _, u := range t.uses.requests {
		seen.Refused = seen.Refused || u.SealID == s.SealID && u.Requester == s.Requester && u.State == esign.UseRefused && u.DecidedAt.After(micros(w.At.Add(-esign.RefusalFor)))
	}
	return seen
}

func newestDay(a, b esign.FlagDay) int {
	return cmp.Or(cmp.Compare(b.Day, a.Day), strings.Compare(a.SealID, b.SealID))
}

// FlagDays implements esign.Store.
func (t *Twin) FlagDays(_ context.Context, q esign.FlagQuery) ([]esign.FlagDay, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	last := esign.FlagDay{SealID: q.After, Day: q.Before}
	var all []esign.FlagDay
	for _, d := range t.flags.days {
		d.SealName, d.Area = t.seals[d.SealID].Name, t.seals[d.SealID].Area
		inState := q.State == "" || d.Waits() == (q.State == esign.FlagsOpen)
		if inState && slices.ContainsFunc(q.Areas, func(path string) bool { return strings.HasPrefix(d.Area, path) }) && (q.Before == 0 || newestDay(last, d) < 0) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, newestDay)
	return all[:min(q.Limit, len(all))], nil
}

// FlagDay implements esign.Store.
func (t *Twin) FlagDay(_ context.Context, sealID string, day esign.Day) (esign.FlagDay, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	d, ok := t.flags.days[dayOf{sealID, day}]
	if !ok {
		return d, esign.ErrNotFound
	}
	d.SealName, d.Area = t.seals[sealID].Name, t.seals[sealID].Area
	return d, nil
}

// FlaggedBy implements esign.Store.
func (t *Twin) FlaggedBy(_ context.Context, sealID string, day esign.Day, after string, limit int) ([]string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []string
	for _, s := range t.stamps {
		if s.SealID == sealID && s.FlagDay == day && s.By > after {
			all = append(all, s.By)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(limit, len(all))], nil
}

// LookAtFlags implements esign.Store.
func (t *Twin) LookAtFlags(_ context.Context, d esign.FlagDay, record audit.Record) error {
	return t.write(record, func() error {
		at := dayOf{d.SealID, d.Day}
		have, ok := t.flags.days[at]
		if !ok || !have.Waits() || have.Uses != d.Looked {
			return esign.ErrChanged
		}
		have.Looked, have.By, have.Note, have.SeenAt = have.Uses, d.By, d.Note, micros(d.SeenAt)
		t.flags.days[at] = have
		return nil
	})
}
