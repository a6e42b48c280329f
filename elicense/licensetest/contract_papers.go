package licensetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
)

func paperOf(holder string, n int) elicense.Paper {
	return elicense.Paper{ID: fmt.Sprint("lpap_", n), PIDKey: fmt.Sprint("paper", n), ShortID: [8]byte{byte(n)}, License: Row(1).ID, LicenseID: "1.2", TypeCode: BusinessLicense, HolderRef: holder, Profile: "m",
		IssuedAt: Start.Add(time.Duration(n/2) * time.Minute), ExpiresAt: Start.Add(time.Duration(n) * 24 * time.Hour)}
}

func printedUse(p elicense.Paper) elicense.Use {
	return elicense.Use{HolderRef: p.HolderRef, ID: "luse_" + p.ID, License: p.License, LicenseID: p.LicenseID, TypeCode: p.TypeCode, Kind: elicense.UsePrinted, Receiver: elicense.ReceiverPerson, Count: 1, First: p.IssuedAt, Last: p.IssuedAt}
}

// papers: printed with their line of the ledger, counted, stopped by a freeze, listed, withdrawn once, moved and ended with their holder.
func papers(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	add := func(p elicense.Paper, most int, want error) {
		t.Helper()
		if err := s.AddPaper(ctx, p, most, printedUse(p), record("printed")); !errors.Is(err, want) {
			t.Fatalf("%s: %v", p.ID, err)
		}
		if _, err := s.FindUse(ctx, p.HolderRef, printedUse(p).ID); (err == nil) != (want == nil) {
			t.Errorf("%s: the line of the ledger: %v", p.ID, err)
		}
	}
	for n := 1; n <= 3; n++ {
		add(paperOf("account:a", n), 3, nil)
	}
	add(paperOf("account:a", 4), 3, elicense.ErrPapersMany)
	late := paperOf("account:a", 4)
	late.IssuedAt = Start.Add(24 * time.Hour) // the first has just ended
	add(late, 3, nil)
	put := func(f elicense.Freeze) {
		t.Helper()
		if _, err := s.Freeze(ctx, f, record("frozen")); err != nil {
			t.Fatal(err)
		}
	}
	put(freezeOf("account:a", Row(1).ID))
	add(paperOf("account:a", 5), 9, elicense.ErrFrozen)
	checked := printedUse(paperOf("account:a", 1))
	checked.Kind = elicense.UsePaperChecked
	if err := s.NoteUse(ctx, []elicense.Use{checked}, record("checked")); err != nil {
		t.Errorf("a check of a paper that is out: %v", err)
	}
	ids := idsOf(everyPage(t, func(after string) ([]elicense.Paper, string, error) { return s.ListPapers(ctx, "account:a", after, 1) }), func(p elicense.Paper) string { return p.ID })
	if want := []string{"lpap_4", "lpap_3", "lpap_2", "lpap_1"}; !slices.Equal(ids, want) {
		t.Errorf("%v", ids)
	}
	if _, _, err := s.ListPapers(ctx, "account:a", "nonsense", 1); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a cursor that is none: %v", err)
	}
	if p, err := s.FindPaper(ctx, "paper2"); err != nil || !reflect.DeepEqual(p, paperOf("account:a", 2)) {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := s.FindPaperOf(ctx, "account:b", "lpap_2"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	withdraw := func(id string, at time.Time, want bool) {
		t.Helper()
		if done, err := s.WithdrawPaper(ctx, id, at, record("withdrawn")); err != nil || done != want {
			t.Errorf("%s: %v %v", id, done, err)
		}
	}
	withdraw("lpap_2", Start.Add(time.Hour), true)
	withdraw("lpap_2", Start.Add(2*time.Hour), false)
	withdraw("lpap_1", Start.Add(24*time.Hour), false) // it has ended
	withdraw("lpap_9", Start, false)
	if p, err := s.FindPaperOf(ctx, "account:a", "lpap_2"); err != nil || !p.WithdrawnAt.Equal(Start.Add(time.Hour)) {
		t.Errorf("%+v %v", p, err)
	}
	short := func(at time.Time, want ...[8]byte) {
		t.Helper()
		ids, err := s.WithdrawnShortIDs(ctx, at)
		slices.SortFunc(ids, func(a, b [8]byte) int { return int(a[0]) - int(b[0]) })
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%v %v", ids, err)
		}
	}
	short(Start, [8]byte{2})
	short(Start.Add(48 * time.Hour)) // it has ended
	if _, err := s.Follow(ctx, "account:a", "account:b", record("merged")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FindPaperOf(ctx, "account:b", "lpap_3"); err != nil {
		t.Errorf("after a merge: %v", err)
	}
	if _, err := s.Unbind(ctx, "account:b", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	short(Start, [8]byte{1}, [8]byte{2}, [8]byte{3}, [8]byte{4})
	if page, _, err := s.ListPapers(ctx, "account:b", "", 9); err != nil || len(page) != 0 {
		t.Errorf("%v %v", page, err)
	}
	if p, err := s.FindPaper(ctx, "paper3"); err != nil || p.HolderRef != "" || p.WithdrawnAt.IsZero() {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := s.DropExpired(ctx, Start.Add(3*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FindPaper(ctx, "paper2"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("after its time: %v", err)
	}
	if _, err := s.FindPaper(ctx, "paper3"); err != nil {
		t.Errorf("at its end: %v", err)
	}
}

// papersAtOnce: of many prints at once so many succeed as are allowed, and of many withdrawals one.
func papersAtOnce(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	race := func(do func(n int) bool) int32 {
		var done atomic.Int32
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				if do(n) {
					done.Add(1)
				}
			})
		}
		all.Wait()
		return done.Load()
	}
	if n := race(func(n int) bool {
		p := paperOf("account:a", n+2)
		p.IssuedAt = Start
		err := s.AddPaper(ctx, p, 5, printedUse(p), record("printed"))
		if err != nil && !errors.Is(err, elicense.ErrPapersMany) {
			t.Error(err)
		}
		return err == nil
	}); n != 5 {
		t.Errorf("%d printed", n)
	}
	page, _, err := s.ListPapers(ctx, "account:a", "", 1)
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	if n := race(func(int) bool {
		done, err := s.WithdrawPaper(ctx, page[0].ID, Start.Add(time.Minute), record("withdrawn"))
		if err != nil {
			t.Error(err)
		}
		return done
	}); n != 1 {
		t.Errorf("%d withdrawn", n)
	}
}
