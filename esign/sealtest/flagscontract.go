package sealtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// flagStore is the contract of esign.FlagStore.
var flagStore = map[string]func(*testing.T, esign.Store){
	"what a store sees of a use":          habitsOfASeal,
	"habits that are forgotten":           habitsForgotten,
	"uses of seals are counted apart":     habitsApart,
	"an approval that was refused":        refusedBefore,
	"flags stay with the use":             flagsStay,
	"one message for a day":               oneMessageADay,
	"uses at once are counted one by one": countedOneByOne,
	"what is refused counts nothing":      refusedCountsNothing,
	"days with flags":                     flaggedDays,
	"uses by flags":                       usesByFlags,
	"looking at a day":                    lookAtDay,
}

const flagsToday = esign.Day(20781) // of Start

// watch is a watch that keeps what it was shown and flags as it is told.
func watch(by, device string, at time.Time, flags ...esign.Flag) (*esign.Watch, *esign.Habits) {
	seen := &esign.Habits{}
	days := int(at.Sub(Start.Truncate(24*time.Hour)) / (24 * time.Hour))
	w := &esign.Watch{By: by, Device: device, At: at, Day: flagsToday + esign.Day(days), Hour: at.Hour(), Counts: true}
	w.Judge = func(h esign.Habits) esign.Flagged {
		*seen = h
		f := esign.Flagged{Flags: flags}
		if slices.Contains(flags, esign.FlagVolume) {
			f.Volume = esign.Volume{Hour: 21, HourLimit: 20}
		}
		return f
	}
	w.Record = func(flags []esign.Flag, day esign.Day, first bool) audit.Record {
		r := record("flagged")
		if first {
			r = r.And(audit.Message{Topic: esign.TopicFlagged, Key: day.String(), Payload: []byte(`{}`)})
		}
		return r
	}
	return w, seen
}

// use plans a stamp and gives what the store saw of it.
func use(t *testing.T, s esign.Store, n int, sealID, by, device string, at time.Time, flags ...esign.Flag) esign.Habits {
	t.Helper()
	w, seen := watch(by, device, at, flags...)
	stamp := Plan(n, sealID)
	stamp.CreatedAt = at
	if err := s.PlanStamp(ctx, stamp, w, record("planned")); err != nil {
		t.Fatalf("use %d: %v", n, err)
	}
	return *seen
}

func habitsOfASeal(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	hour := time.Hour
	for n, one := range []struct {
		by, device string
		after      time.Duration
		want       esign.Habits
	}{
		{"staff:a", "d1", 0, esign.Habits{Hour: 1, Day: 1, KnownDevice: true}},
		{"staff:a", "d1", time.Minute, esign.Habits{Hour: 2, Day: 2, Known: true, KnownDevice: true}},
		{"staff:a", "d2", hour, esign.Habits{Hour: 1, Day: 3, Known: true}},
		{"staff:b", "d1", hour, esign.Habits{Hour: 2, Day: 4, Others: true, KnownDevice: true}}, // the device of somebody else is none of theirs; nothing is known of them yet
		{"staff:b", "d1", hour, esign.Habits{Hour: 3, Day: 5, Others: true, Known: true, KnownDevice: true}},
		{"staff:a", "d1", 24 * hour, esign.Habits{Hour: 1, Day: 1, BusiestHour: 3, BusiestDay: 5, Others: true, Known: true, KnownDevice: true}},
		{"client:x", "", 24 * hour, esign.Habits{Hour: 2, Day: 2, BusiestHour: 3, BusiestDay: 5, Others: true, KnownDevice: true}},
		{"client:x", "", 25 * hour, esign.Habits{Hour: 1, Day: 3, BusiestHour: 3, BusiestDay: 5, Others: true, Known: true, KnownDevice: true}},
	} {
		if got := use(t, s, n, id, one.by, one.device, Start.Add(one.after)); got != one.want {
			t.Errorf("use %d: %+v, want %+v", n, got, one.want)
		}
	}
}

func habitsForgotten(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	for n := range 3 {
		use(t, s, n, id, "staff:a", "d1", Start)
	}
	last := Start.AddDate(0, 0, esign.UsualDays)
	if got, want := use(t, s, 3, id, "staff:a", "d1", last), (esign.Habits{Hour: 1, Day: 1, BusiestHour: 3, BusiestDay: 3, Known: true, KnownDevice: true}); got != want {
		t.Errorf("on the last day that counts: %+v, want %+v", got, want)
	}
	if got, want := use(t, s, 4, id, "staff:a", "d2", last.AddDate(0, 0, 1)), (esign.Habits{Hour: 1, Day: 1, BusiestHour: 1, BusiestDay: 1, Known: true}); got != want {
		t.Errorf("a day later: %+v, want %+v", got, want)
	}
	if got := use(t, s, 5, id, "staff:b", "d9", last.Add(esign.FamiliarFor)); !got.Others {
		t.Errorf("others at the end of their time: %+v", got)
	}
	if got, want := use(t, s, 6, id, "staff:a", "d1", last.Add(2*esign.FamiliarFor+25*time.Hour)), (esign.Habits{Hour: 1, Day: 1, KnownDevice: true}); got != want {
		t.Errorf("everybody is forgotten: %+v, want %+v", got, want)
	}
}

func habitsApart(t *testing.T, s esign.Store) {
	one, other := add(t, s, Row(1)).ID, add(t, s, Row(2)).ID
	use(t, s, 1, one, "staff:a", "d1", Start)
	if got, want := use(t, s, 2, other, "staff:b", "d2", Start), (esign.Habits{Hour: 1, Day: 1, KnownDevice: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	w, seen := watch("staff:a", "d1", Start)
	w.Counts = false
	want(t, "what does not count", s.PlanStamp(ctx, Plan(3, one), w, record("planned")), nil)
	if *seen != (esign.Habits{Known: true, KnownDevice: true}) {
		t.Errorf("what does not count: %+v", *seen)
	}
	if got := use(t, s, 4, one, "staff:a", "d1", Start); got.Hour != 2 {
		t.Errorf("it was counted: %+v", got)
	}
}

func refusedBefore(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	u := wish(t, s, Wish(1, id))
	u.State, u.Reason, u.DecidedBy, u.DecidedAt = esign.UseRefused, "r", "staff:z", Start
	want(t, "refuse", s.EndUse(ctx, u, esign.UseRequested, record("refused")), nil)
	other := Plan(1, id)
	other.Requester = "staff:other"
	w, seen := watch(u.Requester, "d", Start.Add(time.Hour))
	want(t, "of somebody else", s.PlanStamp(ctx, other, w, record("planned")), nil)
	if seen.Refused {
		t.Error("the refusal of somebody else")
	}
	for n, one := range []struct {
		after time.Duration
		want  bool
	}{{time.Hour, true}, {esign.RefusalFor - time.Microsecond, true}, {esign.RefusalFor, false}} {
		stamp := Plan(10+n, id)
		stamp.Requester = u.Requester
		w, seen := watch(u.Requester, "d", Start.Add(one.after))
		want(t, "use", s.PlanStamp(ctx, stamp, w, record("planned")), nil)
		if seen.Refused != one.want {
			t.Errorf("after %v: %v", one.after, seen.Refused)
		}
	}
}

func flagsStay(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	use(t, s, 1, id, "staff:b", "d1", Start, esign.FlagVolume, esign.FlagNight)
	stamp := Plan(1, id)
	first := stampOf(t, s, stamp)
	if first.By != "staff:b" || !slices.Equal(first.Flags, []esign.Flag{esign.FlagNight, esign.FlagVolume}) || first.Volume != (esign.Volume{Hour: 21, HourLimit: 20}) || first.FlagDay != flagsToday {
		t.Errorf("%+v", first)
	}
	first.State = esign.Abandoned
	first.LeaseTo = stamp.LeaseTo
	want(t, "abandon", s.SettleStamp(ctx, first, record("abandoned")), nil)
	for n, one := range []struct {
		flags []esign.Flag
		want  []esign.Flag
		uses  int
	}{
		{nil, []esign.Flag{esign.FlagNight, esign.FlagVolume}, 1},
		{[]esign.Flag{esign.FlagNight}, []esign.Flag{esign.FlagNight, esign.FlagVolume}, 1},
		{[]esign.Flag{esign.FlagNight, esign.FlagNewDevice}, []esign.Flag{esign.FlagNight, esign.FlagVolume, esign.FlagNewDevice}, 2},
	} {
		w, _ := watch("staff:c", "d2", Start.AddDate(0, 0, 1+n), one.flags...)
		w.Counts = false
		next := stamp
		next.LeaseTo = Start.AddDate(0, 0, 1+n)
		want(t, "take over", s.TakeOver(ctx, next, next.LeaseTo, w, record("resumed")), nil)
		got := stampOf(t, s, stamp)
		day, err := s.FlagDay(ctx, id, flagsToday)
		if err != nil || !slices.Equal(got.Flags, one.want) || got.By != "staff:c" || got.Volume.Hour != 21 || got.FlagDay != flagsToday || day.Uses != one.uses {
			t.Errorf("planned again %d: %+v, %+v, %v", n, got, day, err)
		}
	}
	plain := Plan(2, id)
	want(t, "without a watch", s.PlanStamp(ctx, plain, nil, record("planned")), nil)
	if got := stampOf(t, s, plain); got.By != "" || len(got.Flags) != 0 || got.FlagDay != 0 {
		t.Errorf("not judged: %+v", got)
	}
}

func oneMessageADay(t *testing.T, s esign.Store) {
	one, other := add(t, s, Row(1)).ID, add(t, s, Row(2)).ID
	var told []string
	plan := func(n int, seal string, at time.Time) {
		w, _ := watch("staff:a", "d1", at, esign.FlagNight)
		record := w.Record
		w.Record = func(flags []esign.Flag, day esign.Day, first bool) audit.Record {
			if first {
				told = append(told, fmt.Sprint(n))
			}
			return record(flags, day, first)
		}
		want(t, "plan", s.PlanStamp(ctx, Plan(n, seal), w, audit.With(audit.Event{Type: "planned", At: at, Actor: "system:test", ObjectType: "stamp", ObjectID: "x"})), nil)
	}
	plan(1, one, Start)
	plan(2, one, Start.Add(time.Hour))
	plan(3, other, Start.Add(time.Hour))
	plan(4, one, Start.AddDate(0, 0, 1))
	day, err := s.FlagDay(ctx, one, flagsToday)
	if err != nil || day.Uses != 2 || !day.Waits() {
		t.Fatalf("%+v %v", day, err)
	}
	day.Looked, day.By, day.Note, day.SeenAt = day.Uses, "staff:z", "ok", Start.Add(2*time.Hour)
	want(t, "look", s.LookAtFlags(ctx, day, record("looked")), nil)
	plan(5, one, Start.Add(3*time.Hour))
	plan(6, one, Start.Add(3*time.Hour))
	if got := strings.Join(told, " "); got != "1 3 4 5" {
		t.Errorf("told of %s, want 1 3 4 5", got)
	}
}

func countedOneByOne(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	var mutex sync.Mutex
	counted, firsts := map[int]bool{}, 0
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			w, _ := watch(fmt.Sprint("staff:", n%3), "d", Start, esign.FlagVolume)
			judge, write := w.Judge, w.Record
			w.Judge = func(h esign.Habits) esign.Flagged {
				mutex.Lock()
				defer mutex.Unlock()
				counted[h.Hour] = true
				return judge(h)
			}
			w.Record = func(flags []esign.Flag, day esign.Day, first bool) audit.Record {
				mutex.Lock()
				defer mutex.Unlock()
				if first {
					firsts++
				}
				return write(flags, day, first)
			}
			if err := s.PlanStamp(ctx, Plan(n, id), w, record("planned")); err != nil {
				t.Errorf("plan: %v", err)
			}
		})
	}
	group.Wait()
	day, err := s.FlagDay(ctx, id, flagsToday)
	if err != nil || len(counted) != 12 || !counted[12] || firsts != 1 || day.Uses != 12 {
		t.Errorf("counted %v, told %d times, %+v, %v", counted, firsts, day, err)
	}
}

func refusedCountsNothing(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	use(t, s, 1, row.ID, "staff:a", "d1", Start)
	w, _ := watch("staff:b", "d1", Start, esign.FlagNight)
	want(t, "key used before", s.PlanStamp(ctx, Plan(1, row.ID), w, record("planned")), esign.ErrExists)
	want(t, "another rule", s.PlanStamp(ctx, func() esign.Stamp { p := Plan(2, row.ID); p.Rule = 7; return p }(), w, record("planned")), esign.ErrRule)
	if _, err := s.FlagDay(ctx, row.ID, flagsToday); err != esign.ErrNotFound {
		t.Errorf("a day of what was not planned: %v", err)
	}
	if got := use(t, s, 3, row.ID, "staff:b", "d1", Start); got.Hour != 2 || got.Known {
		t.Errorf("%+v", got)
	}
}

func flaggedDays(t *testing.T, s esign.Store) {
	n := 0
	flag := func(seal esign.Seal, days int, flags ...esign.Flag) {
		n++
		use(t, s, n, seal.ID, "staff:a", "d1", Start.AddDate(0, 0, days), flags...)
	}
	north, south := Row(1), Row(2)
	north.Area, south.Area = "37/01/", "37/02/"
	add(t, s, north)
	add(t, s, south)
	flag(north, 0, esign.FlagNight)
	flag(south, 0, esign.FlagNewPerson)
	flag(north, 0, esign.FlagVolume)
	flag(north, 1, esign.FlagNight)
	flag(south, 2)
	day, err := s.FlagDay(ctx, north.ID, flagsToday)
	if err != nil || day.SealName != north.Name || day.Area != north.Area || !day.At.Equal(Start) || !slices.Equal(day.Flags, []esign.Flag{esign.FlagNight, esign.FlagVolume}) || day.Uses != 2 || day.Looked != 0 || !day.SeenAt.IsZero() {
		t.Fatalf("%+v %v", day, err)
	}
	day.Looked, day.By, day.Note, day.SeenAt = 2, "staff:z", "核实过", Start.Add(time.Hour)
	want(t, "look", s.LookAtFlags(ctx, day, record("looked")), nil)
	if got, err := s.FlagDay(ctx, north.ID, flagsToday); err != nil || !same(got, day) {
		t.Errorf("%+v, want %+v (%v)", got, day, err)
	}
	a, b := "1@"+(flagsToday).String()[8:], "2@"+(flagsToday).String()[8:]
	c := "1@" + (flagsToday + 1).String()[8:]
	for name, one := range map[string]struct {
		q    esign.FlagQuery
		want string
	}{
		"all":          {esign.FlagQuery{Areas: []string{""}}, c + " " + a + " " + b},
		"open":         {esign.FlagQuery{Areas: []string{""}, State: esign.FlagsOpen}, c + " " + b},
		"looked at":    {esign.FlagQuery{Areas: []string{""}, State: esign.FlagsLooked}, a},
		"of an area":   {esign.FlagQuery{Areas: []string{"37/02/"}}, b},
		"of none":      {esign.FlagQuery{}, ""},
		"of two areas": {esign.FlagQuery{Areas: []string{"37/02/", "37/01/"}, State: esign.FlagsOpen}, c + " " + b},
	} {
		var got []string
		for page, err := s.FlagDays(ctx, withLimit(one.q, 1)); ; page, err = s.FlagDays(ctx, withLimit(one.q, 1)) {
			if err != nil || len(page) > 1 {
				t.Fatal(name, len(page), err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page[0].SealID[len(page[0].SealID)-1:]+"@"+page[0].Day.String()[8:])
			one.q.Before, one.q.After = page[0].Day, page[0].SealID
		}
		if strings.Join(got, " ") != one.want {
			t.Errorf("%s: %v, want %s", name, got, one.want)
		}
	}
}

func withLimit(q esign.FlagQuery, limit int) esign.FlagQuery {
	q.Limit = limit
	return q
}

func usesByFlags(t *testing.T, s esign.Store) {
	id, other := add(t, s, Row(1)).ID, add(t, s, Row(2)).ID
	for n, flags := range [][]esign.Flag{nil, {esign.FlagNight}, {esign.FlagVolume, esign.FlagNight}, {esign.FlagNewPerson}, {esign.FlagNewDevice}, {esign.FlagAfterRefusal}, nil} {
		use(t, s, n, id, fmt.Sprint("staff:", n%2), "d1", Start.Add(time.Duration(n)*time.Hour), flags...)
	}
	use(t, s, 7, other, "staff:9", "d1", Start, esign.FlagNight)
	use(t, s, 8, id, "staff:1", "d1", Start.AddDate(0, 0, 1), esign.FlagNight)
	for _, one := range []struct {
		flag esign.Flag
		on   esign.Day
		want string
	}{
		{"", 0, "8 6 5 4 3 2 1 0"}, {esign.AnyFlag, 0, "8 5 4 3 2 1"}, {esign.FlagNight, 0, "8 2 1"}, {esign.FlagVolume, 0, "2"}, {esign.FlagNewPerson, 0, "3"}, {esign.FlagNewDevice, 0, "4"}, {esign.FlagAfterRefusal, 0, "5"},
		{esign.AnyFlag, flagsToday, "5 4 3 2 1"}, {esign.FlagNight, flagsToday + 1, "8"},
	} {
		var got []string
		q := esign.StampQuery{SealID: id, Flag: one.flag, On: one.on, Limit: 2}
		for {
			page, err := s.Stamps(ctx, q)
			if err != nil || len(page) > 2 {
				t.Fatal(len(page), err)
			}
			for _, stamp := range page {
				got, q.After = append(got, stamp.ID[len(stamp.ID)-1:]), esign.Position{At: stamp.CreatedAt, ID: stamp.ID}
			}
			if len(page) < 2 {
				break
			}
		}
		if strings.Join(got, " ") != one.want {
			t.Errorf("%q on %d: %v, want %s", one.flag, one.on, got, one.want)
		}
	}
	if first, err := s.FlaggedBy(ctx, id, flagsToday, "", 1); err != nil || !slices.Equal(first, []string{"staff:0"}) {
		t.Errorf("used by %v, %v", first, err)
	}
	if rest, err := s.FlaggedBy(ctx, id, flagsToday, "staff:0", 9); err != nil || !slices.Equal(rest, []string{"staff:1"}) {
		t.Errorf("then by %v, %v", rest, err)
	}
}

func lookAtDay(t *testing.T, s esign.Store) {
	id := add(t, s, Row(1)).ID
	use(t, s, 1, id, "staff:a", "d1", Start, esign.FlagNight)
	seen := esign.FlagDay{SealID: id, Day: flagsToday, Looked: 1, By: "staff:z", Note: "n", SeenAt: Start.Add(time.Hour)}
	want(t, "another day", s.LookAtFlags(ctx, esign.FlagDay{SealID: id, Day: flagsToday + 1, Looked: 1}, record("looked")), esign.ErrChanged)
	if err := s.LookAtFlags(ctx, seen, audit.Record{}); err == nil {
		t.Error("without an audit event")
	}
	use(t, s, 2, id, "staff:a", "d1", Start, esign.FlagNight)
	want(t, "one more by now", s.LookAtFlags(ctx, seen, record("looked")), esign.ErrChanged)
	seen.Looked = 2
	want(t, "all of them", s.LookAtFlags(ctx, seen, record("looked")), nil)
	want(t, "a second time", s.LookAtFlags(ctx, seen, record("looked")), esign.ErrChanged)
	if _, err := s.FlagDay(ctx, "seal_none", flagsToday); err != esign.ErrNotFound {
		t.Errorf("of no seal: %v", err)
	}
}
