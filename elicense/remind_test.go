package elicense_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// expiring is a licence whose last day is so many days after the day of the world.
func expiring(t *testing.T, w *licensetest.World, number string, days int) elicense.License {
	t.Helper()
	a := licensetest.SampleApplication(number)
	a.ExpiringDate = catalog.Day(w.Now().AddDate(0, 0, days))
	return w.Issued(t, a)
}

func toldEnds(t *testing.T, twin *licensetest.Twin) (list []string) {
	t.Helper()
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			if m.Topic != elicense.TopicExpiring {
				continue
			}
			var n elicense.ExpiryNotice
			if err := json.Unmarshal(m.Payload, &n); err != nil || n.HolderRef != licensetest.Holder || n.TypeCode == "" {
				t.Errorf("%s %v", m.Payload, err)
			}
			list = append(list, n.License+" "+n.Ends)
		}
	}
	return list
}

func remind(t *testing.T, w *licensetest.World) int {
	t.Helper()
	n, err := w.Service.RemindDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHoldersAreToldOfTheEndOnceForEachDay(t *testing.T) {
	w, twin := newWorld(t)
	l, endless := expiring(t, w, "B1", 90), w.Issued(t, licensetest.SampleApplication("B2"))
	if remind(t, w) != 0 {
		t.Error("told when it was planned")
	}
	var days []int
	for day := range 100 {
		for range 2 { // several nodes, and again after a crash
			if n := remind(t, w); n > 0 {
				days = append(days, 90-day)
			}
		}
		if day == 31 { // the clock goes back behind a turn that was told, and forth again
			w.Advance(-10 * 24 * time.Hour)
			if remind(t, w) != 0 {
				t.Error("told again by a clock that went back")
			}
			w.Advance(10 * 24 * time.Hour)
		}
		w.Advance(24 * time.Hour)
	}
	if len(days) != 3 || !slices.IsSortedFunc(days, func(a, b int) int { return b - a }) || days[0] > 60 || days[0] < 59 || days[2] > 7 || days[2] < 6 {
		t.Errorf("told with %v days left", days)
	}
	end := catalog.Day(w.Now().AddDate(0, 0, -10))
	if told := toldEnds(t, twin); !slices.Equal(told, []string{l.ID + " " + end, l.ID + " " + end, l.ID + " " + end}) {
		t.Errorf("%v, and nothing of %s", told, endless.ID)
	}
}

func TestWhoIsNotToldOfTheEnd(t *testing.T) {
	w, twin := newWorld(t)
	_, suspended, revoked := expiring(t, w, "B1", 90), expiring(t, w, "B2", 90), expiring(t, w, "B3", 90)
	remind(t, w)
	for id, c := range map[string]elicense.StatusChange{suspended.ID: {Operation: elicense.Suspension, Until: w.Now().AddDate(0, 0, 45)}, revoked.ID: {Operation: elicense.Revocation}} {
		c.LegalBasis, c.DecisionNumber = "law", "d"
		if _, err := w.Service.ChangeStatus(licensetest.Issuer, id, c); err != nil {
			t.Fatal(err)
		}
	}
	w.Advance(75 * 24 * time.Hour) // two turns were missed
	if _, err := w.Service.ResumeDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := remind(t, w); n != 2 || remind(t, w) != 0 {
		t.Errorf("%d told of two missed turns of the one in force and the one that is again, none of the revoked one", n)
	}
	w.Advance(30 * 24 * time.Hour)
	if n := remind(t, w); n != 0 {
		t.Errorf("%d told after the end", n)
	}
	for _, told := range toldEnds(t, twin) {
		if told[:len(revoked.ID)] == revoked.ID {
			t.Errorf("a revoked one: %s", told)
		}
	}
}

func TestOneRunIsBounded(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewWorld(t, twin)
	l := expiring(t, w, "B1", 90)
	for n := range 250 {
		other := l
		other.ID, other.BusinessNumber, other.LicenseID, other.Index = fmt.Sprintf("lic_z%03d", n), fmt.Sprint("Z", n), fmt.Sprint("z", n), uint32(1000+n)
		if _, _, err := twin.Create(context.Background(), other, licensetest.Record("created")); err != nil {
			t.Fatal(err)
		}
	}
	waiting := func() int {
		t.Helper()
		due, err := twin.DueReminders(context.Background(), w.Now(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(due)
	}
	// Values are bound to their row, so those of the others cannot be read. They stand in nobody's way until tomorrow.
	for _, left := range []int{51, 0} {
		if _, err := w.Service.RemindDue(context.Background()); err == nil {
			t.Error("values of another row were read")
		}
		if n := waiting(); n != left {
			t.Errorf("%d wait, want %d", n, left)
		}
	}
	w.Advance(24 * time.Hour)
	if n := waiting(); n != 250 {
		t.Errorf("%d are looked at once more", n)
	}
}

// A licence that could not be read on its first day is told of late; before that day nobody is told.
func TestTurnThatWasPutOff(t *testing.T) {
	for days, told := range map[int]int{90: 0, 61: 0, 59: 1, 8: 1} {
		w, twin := newWorld(t)
		l := expiring(t, w, "B1", days)
		due, err := twin.DueReminders(context.Background(), w.Now(), 1)
		if err != nil || len(due) != 1 {
			t.Fatalf("%v %v", due, err)
		}
		if _, err := twin.PlanReminder(context.Background(), due[0], w.Now()); err != nil {
			t.Fatal(err)
		}
		if n := remind(t, w); n != told {
			t.Errorf("%s, %d days before its end: told %d times, want %d", l.ID, days, n, told)
		}
	}
}

func TestDaysLeftOnCards(t *testing.T) {
	for _, c := range []struct {
		days int
		left int
		told bool
	}{{90, 0, false}, {61, 0, false}, {60, 60, true}, {1, 1, true}, {0, 0, true}} {
		w, _ := newWorld(t)
		l := expiring(t, w, "B1", c.days)
		d, err := w.Service.Find(licensetest.Person, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if left, told := w.Service.DaysLeft(d.License, d.Values); told != c.told || told && left != c.left {
			t.Errorf("%d days: %d %v", c.days, left, told)
		}
		if left, told := w.Service.DaysLeft(elicense.License{Status: "revoked"}, d.Values); told {
			t.Errorf("a revoked one: %d", left)
		}
	}
	if days := elicense.ReminderDays("any"); !slices.Equal(days, []int{60, 30, 7}) {
		t.Errorf("days: %v", days)
	}
}
