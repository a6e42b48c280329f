package elicense_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// full is a store that keeps counts of verifications while it has room.
type full struct {
	elicense.Store
	err error
}

func (f *full) AddVerified(ctx context.Context, counts []elicense.VerifiedCount) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.AddVerified(ctx, counts)
}

// TestVerificationsAreCountedOnce: what cannot be written waits, what names nobody known is counted without, and numbers are told in fives.
func TestVerificationsAreCountedOnce(t *testing.T) {
	store := &full{Store: licensetest.NewTwin(), err: errors.New("no room")}
	w := licensetest.NewWorld(t, store)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	ask := func(id, check string) {
		t.Helper()
		if _, err := w.Service.Lookup(context.Background(), id, check); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		ask(l.LicenseID, "003B")
	}
	ask(strings.Replace(l.LicenseID, "11990000", "11440300", 1), "003B")
	const unknown = theirAuthority
	other := licensetest.NewWorldAt(t, licensetest.NewTwin(), "https://other.example", unknown)
	b := licensetest.SampleApplication("B2")
	b.AuthorityCode = unknown
	document, err := other.Blobs.Get(context.Background(), other.Issued(t, b).File)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.Service.VerifyBy(context.Background(), elicense.ChannelPage, "a.ofd", document); err != nil || r.License == nil || !strings.Contains(r.License.LicenseID, unknown) {
		t.Fatalf("%+v %v", r, err)
	}
	if err := w.Service.FlushVerified(context.Background()); err == nil {
		t.Fatal("written where there is no room")
	}
	store.err = nil
	for range 2 { // the second has nothing to write
		if err := w.Service.FlushVerified(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	figures := func(ctx context.Context) elicense.Statistics {
		t.Helper()
		found, err := w.Service.Statistics(ctx, elicense.StatisticsQuery{By: elicense.ByAuthority, Step: elicense.ByMonth})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	all := figures(licensetest.As("staff:c", elicense.RoleClerk))
	if len(all.Rows) != 2 || all.Rows[0].Key != "" || all.Rows[0].Verified != (elicense.Verified{Indeterminate: -1}) || all.Rows[1].Key != licensetest.AuthorityCode || all.Rows[1].Verified != (elicense.Verified{Valid: 10}) {
		t.Errorf("%+v", all.Rows)
	}
	if len(all.Failures) != 2 || all.Failures[0].Key != "V24" || all.Failures[1].Key != "V40" || len(all.Steps) != 1 || all.Steps[0].Key != "202611" {
		t.Errorf("%+v %+v", all.Failures, all.Steps)
	}
	elsewhere := reqctx.With(context.Background(), reqctx.Request{Actor: reqctx.Actor{ID: "staff:d", Rights: []reqctx.Right{{Role: elicense.RoleClerk, Area: "440000000000/"}}}})
	if found := figures(elsewhere); len(found.Rows) != 0 || len(found.Channels) != 0 || found.Total.InForce != 0 {
		t.Errorf("of another area: %+v", found)
	}
	w.Advance(26 * 31 * 24 * 3600e9)
	if err := w.Service.KeepFigures(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, err := store.CountVerified(context.Background(), elicense.FigureFilter{}, elicense.ByYear, 20260101, 20290101); err != nil || len(left) != 0 {
		t.Errorf("kept for ever: %v %v", left, err)
	}
}

// TestLastDaysOfOlderLicences: a licence from before its last day was kept is read, and counted with the others then.
func TestLastDaysOfOlderLicences(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	a := licensetest.SampleApplication("B1")
	a.ExpiringDate = "20261224"
	l := w.Issued(t, a)
	if l.Ends != 20261224 {
		t.Fatalf("ends %d", l.Ends)
	}
	if _, err := w.Store.Update(context.Background(), func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].Ends = -1
		return elicense.Change{Record: audit.With(audit.Event{Type: "test", At: w.Now()})}, nil
	}, l.ID); err != nil {
		t.Fatal(err)
	}
	counted := func() (unread, ending int64) {
		t.Helper()
		found, err := w.Service.Statistics(licensetest.As("staff:c", elicense.RoleIssuer), elicense.StatisticsQuery{By: elicense.ByDivision, Step: elicense.ByYear})
		if err != nil {
			t.Fatal(err)
		}
		return found.Unread, found.Total.Ending[0]
	}
	if unread, ending := counted(); unread != 1 || ending != 0 {
		t.Errorf("before: %d %d", unread, ending)
	}
	if err := w.Service.KeepFigures(context.Background()); err != nil {
		t.Fatal(err)
	}
	if unread, ending := counted(); unread != 0 || ending != 1 {
		t.Errorf("after: %d %d", unread, ending)
	}
	// One that cannot be read is told once, stays counted as unread and keeps nobody from being read.
	damaged := w.Issued(t, licensetest.SampleApplication("DAMAGED"))
	if _, err := w.Store.Update(context.Background(), func(rows []*elicense.License) (elicense.Change, error) {
		for _, row := range rows {
			row.Ends = -1
		}
		rows[slices.IndexFunc(rows, func(row *elicense.License) bool { return row.ID == damaged.ID })].Data = []byte("damaged")
		return elicense.Change{Record: audit.With(audit.Event{Type: "test", At: w.Now()})}, nil
	}, l.ID, damaged.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Service.KeepFigures(context.Background()); err == nil {
		t.Error("damaged values were read")
	}
	if err := w.Service.KeepFigures(context.Background()); err != nil {
		t.Errorf("told again: %v", err)
	}
	if unread, ending := counted(); unread != 1 || ending != 1 {
		t.Errorf("with a damaged one: %d %d", unread, ending)
	}
}

// BenchmarkCounting verifies a licence without and with counting it.
func BenchmarkCounting(b *testing.B) {
	w := licensetest.NewWorld(b, licensetest.NewTwin())
	if err := w.Service.Refresh(context.Background()); err != nil {
		b.Fatal(err)
	}
	document, err := w.Blobs.Get(context.Background(), w.Issued(b, licensetest.SampleApplication("B1")).File)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("without", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Service.VerifyFile(context.Background(), "a.ofd", document); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("with", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Service.VerifyBy(context.Background(), elicense.ChannelPage, "a.ofd", document); err != nil {
				b.Fatal(err)
			}
		}
	})
}
