package licensetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func freezeOf(holder, license string) elicense.Freeze {
	f := elicense.Freeze{HolderRef: holder, License: license, At: Start}
	if license != "" {
		f.LicenseID, f.TypeCode = "1.2", BusinessLicense
	}
	return f
}

func frozenNow(t *testing.T, s elicense.Store, holder, license string) bool {
	t.Helper()
	all, one, err := s.Frozen(ctx, holder, license)
	if err != nil {
		t.Fatal(err)
	}
	return all || one
}

// freezes: of one licence and of all, kept once, listed, followed by a merge and forgotten with the holder.
func freezes(t *testing.T, s elicense.Store) {
	put := func(f elicense.Freeze, want bool) {
		t.Helper()
		if done, err := s.Freeze(ctx, f, record("frozen")); err != nil || done != want {
			t.Fatalf("freeze %+v: %v %v", f, done, err)
		}
	}
	end := func(holder, license string, want bool) {
		t.Helper()
		if done, err := s.Unfreeze(ctx, holder, license, record("unfrozen")); err != nil || done != want {
			t.Fatalf("unfreeze %s %s: %v %v", holder, license, done, err)
		}
	}
	end("account:a", "", false)
	end("account:a", "lic_1", false)
	put(freezeOf("account:a", "lic_2"), true)
	put(freezeOf("account:a", "lic_1"), true)
	again := freezeOf("account:a", "lic_1")
	again.At = Start.Add(time.Hour)
	put(again, false)
	if !frozenNow(t, s, "account:a", "lic_1") || frozenNow(t, s, "account:a", "lic_3") || frozenNow(t, s, "account:b", "lic_1") {
		t.Error("one licence")
	}
	put(freezeOf("account:a", ""), true)
	put(freezeOf("account:a", ""), false)
	if !frozenNow(t, s, "account:a", "lic_3") || frozenNow(t, s, "account:b", "lic_3") {
		t.Error("all licences")
	}
	list := everyPage(t, func(after string) ([]elicense.Freeze, string, error) {
		return s.ListFreezes(ctx, "account:a", after, 1)
	})
	if want := []elicense.Freeze{freezeOf("account:a", ""), freezeOf("account:a", "lic_1"), freezeOf("account:a", "lic_2")}; !reflect.DeepEqual(list, want) {
		t.Errorf("%+v", list)
	}
	for license, want := range map[string][2]bool{"lic_1": {true, true}, "lic_3": {true, false}, "": {true, false}} {
		if all, one, err := s.Frozen(ctx, "account:a", license); err != nil || all != want[0] || one != want[1] {
			t.Errorf("%q: %v %v %v", license, all, one, err)
		}
	}
	end("account:a", "lic_1", true)
	if !frozenNow(t, s, "account:a", "lic_1") {
		t.Error("all is frozen still")
	}
	end("account:a", "", true)
	end("account:a", "", false)
	if frozenNow(t, s, "account:a", "lic_1") || !frozenNow(t, s, "account:a", "lic_2") {
		t.Error("after the end of both")
	}
	for _, license := range []string{"", "lic_9"} {
		if _, err := s.Freeze(ctx, freezeOf("account:a", license), audit.Record{}); err == nil || frozenNow(t, s, "account:a", "lic_9") {
			t.Errorf("%q frozen without a record", license)
		}
	}
	put(freezeOf("account:b", ""), true)
	put(freezeOf("account:b", "lic_2"), true)
	if _, err := s.Follow(ctx, "account:b", "account:a", record("merged")); err != nil {
		t.Fatal(err)
	}
	if page, _, err := s.ListFreezes(ctx, "account:a", "", 9); err != nil || len(page) != 2 || frozenNow(t, s, "account:b", "lic_2") {
		t.Errorf("after the merge: %+v %v", page, err)
	}
	if _, err := s.Unbind(ctx, "account:a", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	if frozenNow(t, s, "account:a", "lic_2") {
		t.Error("after the holder was forgotten")
	}
}

// freezeStopsUses: of each kind of write that is a use, and of nothing else; what is refused leaves nothing.
func freezeStopsUses(t *testing.T, s elicense.Store) {
	l := create(t, s, Row(1))
	g := grantTo("account:a", "portal", 1)
	if err := s.AddGrant(ctx, g, record("given")); err != nil {
		t.Fatal(err)
	}
	c := elicense.LicenseCopy{ID: "lcopy_1", Grant: g.ID, HolderRef: "account:a", License: l.ID, Grantee: "portal", Original: "o", SealID: SealID, Data: licensefile.Copy{ID: "lcopy_1"}, CreatedAt: Start, Expires: Start.Add(time.Hour)}
	if done, err := s.Redeem(ctx, g.ID, Start, usedBy("account:a", "luse_0", Start), &c, record("used")); err != nil || !done {
		t.Fatal(done, err)
	}
	shown := elicense.Presentation{ID: "prs_1", PIDKey: "pid1", License: l.ID, HolderRef: "account:a", Profile: "m", View: []byte{1}, Signature: []byte{2}, HolderKey: "k", IssuedAt: Start, ExpiresAt: Start.Add(time.Hour)}
	if err := s.AddPresentation(ctx, shown, record("minted")); err != nil {
		t.Fatal(err)
	}
	for _, license := range []string{l.ID, ""} {
		if _, err := s.Freeze(ctx, freezeOf("account:a", license), record("frozen")); err != nil {
			t.Fatal(err)
		}
		use := func(kind elicense.UseKind) elicense.Use {
			u := usedBy("account:a", "luse_x", Start)
			u.Kind = kind
			return u
		}
		next, other := shown, grantTo("account:a", "portal", 2)
		next.ID, next.PIDKey = "prs_2", "pid2"
		for name, write := range map[string]func() error{
			"a new code": func() error { return s.AddPresentation(ctx, next, record("minted")) },
			"a scan": func() error {
				_, err := s.Consume(ctx, "pid1", Start, use(elicense.UseShown), record("scanned"))
				return err
			},
			"a grant": func() error { return s.AddGrant(ctx, other, record("given")) },
			"fields by a grant": func() error {
				_, err := s.Redeem(ctx, g.ID, Start, use(elicense.UseGranted), nil, record("used"))
				return err
			},
			"a copy by a grant": func() error {
				_, err := s.Redeem(ctx, g.ID, Start, use(elicense.UseCopied), &c, record("used"))
				return err
			},
			"the end of a copy":     func() error { _, err := s.FinishCopy(ctx, c.ID, "f", Start, record("sealed")); return err },
			"read for the holder":   func() error { return s.NoteUse(ctx, []elicense.Use{use(elicense.UseRead)}, record("read")) },
			"fetched by an account": func() error { return s.NoteUse(ctx, []elicense.Use{use(elicense.UseFetched)}, record("fetched")) },
		} {
			if err := write(); !errors.Is(err, elicense.ErrFrozen) {
				t.Errorf("%q frozen, %s: %v", license, name, err)
			}
		}
		if got, err := s.FindGrant(ctx, g.ID); err != nil || got.Left != 1 {
			t.Errorf("a use was taken: %+v %v", got, err)
		}
		if got, err := s.FindPresentation(ctx, "prs_1"); err != nil || !got.UsedAt.IsZero() {
			t.Errorf("a code was consumed: %+v %v", got, err)
		}
		if _, err := s.FindUse(ctx, "account:a", "luse_x"); !errors.Is(err, elicense.ErrNotFound) {
			t.Errorf("a refused use stands on the ledger: %v", err)
		}
		for i, kind := range []elicense.UseKind{elicense.UseNumber, elicense.UseShownAgain} {
			u := use(kind)
			u.ID = "luse_" + license + string(kind)
			if err := s.NoteUse(ctx, []elicense.Use{u}, record("checked")); err != nil {
				t.Errorf("%d %s: %v", i, kind, err)
			}
		}
		someone := use(elicense.UseRead)
		someone.HolderRef = "account:b"
		if err := s.NoteUse(ctx, []elicense.Use{someone}, record("read")); err != nil {
			t.Errorf("a licence of another holder: %v", err)
		}
		if _, err := s.Unfreeze(ctx, "account:a", license, record("unfrozen")); err != nil {
			t.Fatal(err)
		}
	}
	if first, err := s.Consume(ctx, "pid1", Start, usedBy("account:a", "luse_y", Start), record("scanned")); err != nil || !first {
		t.Errorf("after the end of the freeze: %v %v", first, err)
	}
	if got, err := s.FinishCopy(ctx, c.ID, "f", Start, record("sealed")); err != nil || got.File != "f" {
		t.Errorf("after the end of the freeze: %+v %v", got, err)
	}
}

// freezeAndUse: while many use a licence its holder freezes it. What is counted when the freeze is told is all that ever is, so that no use that was
// under way is stored behind it, and each that was told is counted.
func freezeAndUse(t *testing.T, s elicense.Store) {
	l := create(t, s, Row(1))
	counted := func(holder string) int64 {
		page, err := s.ListUses(ctx, elicense.UseQuery{HolderRef: holder, Till: Start.Add(time.Hour), Limit: 200})
		if err != nil {
			t.Error(err)
		}
		return int64(len(page))
	}
	for round, license := range []string{l.ID, "", l.ID, ""} {
		holder := fmt.Sprint("account:", round)
		var group sync.WaitGroup
		var told atomic.Int64
		var when int64
		for n := range 8 {
			group.Go(func() {
				for i := range 20 { // each on a line of its own: the line of another would make them wait for each other
					err := s.NoteUse(ctx, []elicense.Use{usedBy(holder, fmt.Sprint("luse_", n, "_", i), Start)}, record("used"))
					switch {
					case err == nil:
						told.Add(1)
					case !errors.Is(err, elicense.ErrFrozen):
						t.Errorf("use: %v", err)
					}
				}
			})
		}
		group.Go(func() {
			if done, err := s.Freeze(ctx, freezeOf(holder, license), record("frozen")); err != nil || !done {
				t.Errorf("freeze: %v %v", done, err)
			}
			when = counted(holder)
		})
		group.Wait()
		if got := counted(holder); got != when || got != told.Load() {
			t.Errorf("%d uses were told, %d stood on the ledger when the freeze was told and %d do now", told.Load(), when, got)
		}
		if err := s.NoteUse(ctx, []elicense.Use{usedBy(holder, "luse_x", Start)}, record("used")); !errors.Is(err, elicense.ErrFrozen) {
			t.Errorf("after the freeze: %v", err)
		}
	}
}
