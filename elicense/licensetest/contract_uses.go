package licensetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
)

// usedBy is a use by an application.
func usedBy(holder, id string, at time.Time) elicense.Use {
	return elicense.Use{HolderRef: holder, ID: id, License: Row(1).ID, LicenseID: "1.2.156.3005.2", TypeCode: "type", Kind: elicense.UseShown, Fields: []string{"a", "b"}, Receiver: "portal", Count: 1, First: at, Last: at}
}

// uses: counted on their line, listed newest first and paged, moved and forgotten with their holder.
func uses(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	note := func(u elicense.Use) {
		t.Helper()
		if err := s.NoteUse(ctx, []elicense.Use{u}, record("used")); err != nil {
			t.Fatal(err)
		}
	}
	for i, id := range []string{"luse_c", "luse_a", "luse_b"} {
		note(usedBy("account:a", id, Start.Add(time.Duration(i/2)*time.Hour))) // c and a at one moment
	}
	note(usedBy("account:a", "luse_a", Start.Add(time.Minute)))
	other := usedBy("account:a", "luse_d", Start.Add(-time.Hour))
	other.Receiver = elicense.ReceiverAnybody
	note(other)
	note(usedBy("account:b", "luse_x", Start))
	note(usedBy("", "luse_y", Start)) // no holder, no ledger
	list := func(q elicense.UseQuery) (ids []string) {
		t.Helper()
		if q.Limit == 0 {
			q.Limit = 10
		}
		if q.Till.IsZero() {
			q.Till = Start.AddDate(1, 0, 0)
		}
		page, err := s.ListUses(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page {
			ids = append(ids, u.ID)
		}
		return ids
	}
	for _, c := range []struct {
		name string
		q    elicense.UseQuery
		want []string
	}{
		{"all", elicense.UseQuery{HolderRef: "account:a"}, []string{"luse_b", "luse_a", "luse_c", "luse_d"}},
		{"a page", elicense.UseQuery{HolderRef: "account:a", Limit: 2}, []string{"luse_b", "luse_a"}},
		{"the page behind", elicense.UseQuery{HolderRef: "account:a", Behind: Start, BehindID: "luse_a"}, []string{"luse_c", "luse_d"}},
		{"one receiver", elicense.UseQuery{HolderRef: "account:a", Receiver: elicense.ReceiverAnybody}, []string{"luse_d"}},
		{"since", elicense.UseQuery{HolderRef: "account:a", Since: Start.Add(time.Second)}, []string{"luse_b"}},
		{"till", elicense.UseQuery{HolderRef: "account:a", Till: Start}, []string{"luse_d"}},
		{"nobody", elicense.UseQuery{HolderRef: ""}, nil},
	} {
		if got := list(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	want := usedBy("account:a", "luse_a", Start)
	want.Count, want.Last = 2, Start.Add(time.Minute)
	if got, err := s.FindUse(ctx, "account:a", "luse_a"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.FindUse(ctx, "account:b", "luse_a"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("another holder's line: %v", err)
	}
	if got, err := s.UseReceivers(ctx, "account:a", 10); err != nil || !slices.Equal(got, []string{"portal", elicense.ReceiverAnybody}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := s.Follow(ctx, "account:a", "account:b", record("merged")); err != nil {
		t.Fatal(err)
	}
	if got := list(elicense.UseQuery{HolderRef: "account:b"}); len(got) != 5 || list(elicense.UseQuery{HolderRef: "account:a"}) != nil {
		t.Errorf("after the merge: %v", got)
	}
	if n, err := s.DropUses(ctx, Start, 10); n != 1 || err != nil {
		t.Errorf("dropped %d %v", n, err)
	}
	if _, err := s.Unbind(ctx, "account:b", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	if got := list(elicense.UseQuery{HolderRef: "account:b"}); got != nil {
		t.Errorf("after the holder was forgotten: %v", got)
	}
	// A scan counts its use in the same write, and only the first one does.
	if err := s.AddPresentation(ctx, showing(1, Row(1).ID), record("minted")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Consume(ctx, "pid1", Start, usedBy("account:c", "luse_s", Start), record("scanned")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.FindUse(ctx, "account:c", "luse_s"); err != nil || got.Count != 1 {
		t.Errorf("%+v %v", got, err)
	}
}
