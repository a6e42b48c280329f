package elicense_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// lookupStore is a store of which one step of a look-up fails, or finds the licence in another state.
type lookupStore struct {
	elicense.Store
	broken string
	calls  map[string]int
	state  elicense.State
}

func (s *lookupStore) step(name string) error {
	s.calls[name]++
	if s.broken == name+string(rune('0'+s.calls[name])) {
		return errors.New("away")
	}
	return nil
}

func (s *lookupStore) Failures(ctx context.Context, subject string, now time.Time) (int, error) {
	if err := s.step("failures"); err != nil {
		return 0, err
	}
	return s.Store.Failures(ctx, subject, now)
}

func (s *lookupStore) Fail(ctx context.Context, subjects []string, by int, now time.Time, window time.Duration) ([]int, error) {
	if err := s.step("fail"); err != nil {
		return nil, err
	}
	return s.Store.Fail(ctx, subjects, by, now, window)
}

func (s *lookupStore) Pardon(ctx context.Context, subjects []string, now time.Time) error {
	if err := s.step("pardon"); err != nil {
		return err
	}
	return s.Store.Pardon(ctx, subjects, now)
}

func (s *lookupStore) FindByLicenseID(ctx context.Context, licenseID string) (elicense.License, error) {
	if err := s.step("find"); err != nil {
		return elicense.License{}, err
	}
	l, err := s.Store.FindByLicenseID(ctx, licenseID)
	if s.state != "" {
		l.State = s.state
	}
	return l, err
}

// TestR6NoCounterNoLookup: whatever of a look-up cannot be counted or read, nothing is answered.
func TestR6NoCounterNoLookup(t *testing.T) {
	store := &lookupStore{Store: licensetest.NewTwin(), calls: map[string]int{}}
	w := licensetest.NewWorld(t, store)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	look := func(broken, check string) (string, error) {
		store.broken, store.calls = broken, map[string]int{}
		result, err := w.Service.Lookup(withIP(licensetest.As(""), "192.0.2.9"), l.LicenseID, check)
		return result.Code, err
	}
	for _, c := range []struct{ broken, check string }{
		{"failures1", "003B"}, {"fail1", "003B"}, {"find1", "003B"}, {"failures2", "003B"}, {"pardon1", "003B"}, {"fail2", "wrong"},
	} {
		if code, err := look(c.broken, c.check); err == nil || code != "" || c.broken != "find1" && fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%s: %q %v", c.broken, code, err)
		}
	}
	if code, err := look("", "003B"); err != nil || code != "V00" {
		t.Fatalf("%s %v", code, err)
	}
	store.state = elicense.StateMade
	if code, err := look("", "003B"); err != nil || code != "V40" {
		t.Errorf("a licence that is not in force yet: %s %v", code, err)
	}
}

// TestALookupTellsWhichVersionIsInForce: however many came between; none is named where the last one is not in force.
func TestALookupTellsWhichVersionIsInForce(t *testing.T) {
	w, _ := newWorld(t)
	told := func(l elicense.License) string {
		t.Helper()
		result, err := w.Service.Lookup(withIP(licensetest.As(""), "192.0.2.9"), l.LicenseID, "003B")
		if err != nil || len(result.Reasons) != 1 {
			t.Fatalf("%+v %v", result.Reasons, err)
		}
		return result.Code + " " + result.Reasons[0].Detail
	}
	first := w.Issued(t, licensetest.SampleApplication("B1"))
	next := func(number string, old elicense.License) elicense.License {
		a := licensetest.SampleApplication(number)
		a.Replaces = old.ID
		return w.Issued(t, a)
	}
	second := next("B2", first)
	third := next("B3", second)
	if got := []string{told(first), told(second)}; got[0] != "V13 3" || got[1] != "V13 3" {
		t.Errorf("%q", got)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, third.ID, order(elicense.Revocation, "")); err != nil {
		t.Fatal(err)
	}
	if got := told(first); got != "V13 " {
		t.Errorf("the last one ended: %q", got)
	}
	if got := told(third); got != "V10 "+w.Now().In(time.FixedZone("", 8*3600)).Format("2006-01-02") {
		t.Errorf("ended: %q", got)
	}
}

func TestLookupIsBounded(t *testing.T) {
	w, _ := newWorld(t)
	for _, c := range []struct {
		id, check int
		refused   bool
	}{{200, 16, false}, {201, 16, true}, {200, 17, true}} {
		_, err := w.Service.Lookup(withIP(licensetest.As(""), "192.0.2.9"), strings.Repeat("1", c.id), strings.Repeat("2", c.check))
		if got := fault.CodeOf(err) == fault.Invalid; got != c.refused || !c.refused && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
