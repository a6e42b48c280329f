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
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func grantTo(holder, grantee string, n int) elicense.Grant {
	return elicense.Grant{
		ID: fmt.Sprint("lgrant_", n), HolderRef: holder, License: Row(1).ID, LicenseID: "1.2", TypeCode: BusinessLicense, Mode: elicense.GrantHolder, Kind: elicense.GrantFields, Grantee: grantee, Item: "item",
		Purpose: "01", CaseNumber: "c", Fields: []string{"a", "b"}, Uses: 2, Left: 2, Expires: Start.Add(time.Hour), Proof: "p", Actor: holder, CreatedAt: Start.Add(time.Duration(n/2) * time.Second),
	}
}

// grants: kept, listed for holders and applications, used as often as they say, ended for good.
func grants(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	for n := range 5 {
		if err := s.AddGrant(ctx, grantTo("account:a", "portal", n), record("given")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddGrant(ctx, grantTo("account:b", "other", 9), record("given")); err != nil {
		t.Fatal(err)
	}
	want := grantTo("account:a", "portal", 3)
	if got, err := s.FindGrant(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.FindGrant(ctx, "lgrant_x"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	for _, q := range []elicense.GrantQuery{{HolderRef: "account:a", Limit: 2}, {Grantee: "portal", Limit: 2}} {
		ids := idsOf(everyPage(t, func(after string) ([]elicense.Grant, string, error) {
			q.After = after
			return s.ListGrants(ctx, q)
		}), func(g elicense.Grant) string { return g.ID })
		if !slices.Equal(ids, []string{"lgrant_4", "lgrant_3", "lgrant_2", "lgrant_1", "lgrant_0"}) {
			t.Errorf("%+v: %v", q, ids)
		}
	}
	if page, _, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: "account:a", After: "lgrant_9", Limit: 9}); err != nil || len(page) != 0 {
		t.Errorf("behind a grant of another: %v %v", page, err)
	}
	redeem := func(id string, at time.Time) bool {
		t.Helper()
		done, err := s.Redeem(ctx, id, at, usedBy("account:a", "luse_"+id, Start), nil, record("used"))
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if !redeem("lgrant_0", Start) || !redeem("lgrant_0", Start.Add(time.Minute)) || redeem("lgrant_0", Start) {
		t.Error("a grant for two uses")
	}
	if g, err := s.FindGrant(ctx, "lgrant_0"); err != nil || g.Left != 0 || !g.UsedAt.Equal(Start.Add(time.Minute)) || g.State(Start) != "used" {
		t.Errorf("%+v %v", g, err)
	}
	if u, err := s.FindUse(ctx, "account:a", "luse_lgrant_0"); err != nil || u.Count != 2 {
		t.Errorf("counted on the ledger: %+v %v", u, err)
	}
	if redeem("lgrant_1", Start.Add(time.Hour)) {
		t.Error("a grant at its end")
	}
	for i, want := range []bool{true, false} {
		if done, err := s.RevokeGrant(ctx, "lgrant_2", Start.Add(time.Duration(i)*time.Second), record("revoked")); err != nil || done != want {
			t.Errorf("revoked: %v %v", done, err)
		}
	}
	if g, err := s.FindGrant(ctx, "lgrant_2"); err != nil || !g.RevokedAt.Equal(Start) || redeem("lgrant_2", Start) {
		t.Errorf("a grant that was revoked: %+v %v", g, err)
	}
	if _, err := s.FindUse(ctx, "account:a", "luse_lgrant_2"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a use that was refused stands on the ledger: %v", err)
	}
	if _, err := s.Redeem(ctx, "lgrant_3", Start, usedBy("account:a", "luse_3", Start), nil, audit.Record{}); err == nil {
		t.Error("used without a record")
	}
	if _, err := s.Follow(ctx, "account:b", "account:a", record("merged")); err != nil {
		t.Fatal(err)
	}
	if page, _, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: "account:a", Limit: 9}); err != nil || len(page) != 6 {
		t.Errorf("after the merge: %d %v", len(page), err)
	}
	if _, err := s.Unbind(ctx, "account:a", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	if page, _, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: "account:a", Limit: 9}); err != nil || len(page) != 0 {
		t.Errorf("after the holder was forgotten: %d %v", len(page), err)
	}
}

// copies: planned with the use, finished once; their record stays when the holder is forgotten, without the holder.
func copies(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	if err := s.AddGrant(ctx, grantTo("account:a", "portal", 1), record("given")); err != nil {
		t.Fatal(err)
	}
	c := elicense.LicenseCopy{ID: "lcopy_1", Grant: "lgrant_1", HolderRef: "account:a", License: Row(1).ID, Grantee: "portal", Original: "o", SealID: SealID, Data: licensefile.Copy{ID: "lcopy_1", Cause: "办理"},
		CreatedAt: Start, Expires: Start.Add(time.Hour)}
	if done, err := s.Redeem(ctx, "lgrant_1", Start, usedBy("account:a", "luse_1", Start), &c, record("used")); err != nil || !done {
		t.Fatal(done, err)
	}
	if got, err := s.FindCopy(ctx, "lcopy_1"); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v %v", got, err)
	}
	for by, want := range map[time.Time]error{Start.Add(-time.Second): elicense.ErrNotFound, Start: nil} {
		if got, err := s.PlannedCopy(ctx, "lgrant_1", by); !errors.Is(err, want) || err == nil && got.ID != "lcopy_1" {
			t.Errorf("planned by %v: %+v %v", by, got, err)
		}
	}
	for _, file := range []string{"f", "g"} { // a second node comes later
		if got, err := s.FinishCopy(ctx, "lcopy_1", file, Start, record("sealed")); err != nil || got.File != "f" {
			t.Errorf("%+v %v", got, err)
		}
	}
	if _, err := s.PlannedCopy(ctx, "lgrant_1", Start); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("one that is sealed: %v", err)
	}
	if _, err := s.FinishCopy(ctx, "lcopy_2", "f", Start, record("sealed")); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := s.Unbind(ctx, "account:a", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.FindCopy(ctx, "lcopy_1"); err != nil || got.HolderRef != "" || got.File != "f" {
		t.Errorf("after the holder was forgotten: %+v %v", got, err)
	}
}

// redeemInParallel: of fifty callers at once one has the one use.
func redeemInParallel(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	g := grantTo("account:a", "portal", 1)
	g.Uses, g.Left = 1, 1
	if err := s.AddGrant(ctx, g, record("given")); err != nil {
		t.Fatal(err)
	}
	var firsts atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			done, err := s.Redeem(ctx, g.ID, Start, usedBy("account:a", "luse_1", Start), nil, record("used"))
			if err != nil {
				t.Errorf("redeem: %v", err)
			}
			if done {
				firsts.Add(1)
			}
		})
	}
	group.Wait()
	if u, err := s.FindUse(ctx, "account:a", "luse_1"); firsts.Load() != 1 || err != nil || u.Count != 1 {
		t.Errorf("%d had the one use, %d on the ledger, %v", firsts.Load(), u.Count, err)
	}
}

// copyLinks: found by hash, used once by one of fifty callers, not after the end, forgotten a day later.
func copyLinks(t *testing.T, s elicense.Store) {
	link := func(hash string, ends time.Duration) elicense.CopyLink {
		l := elicense.CopyLink{Hash: hash, Copy: "lcopy_1", Grantee: "portal", Expires: Start.Add(ends)}
		if err := s.AddCopyLink(ctx, l, Start, record("linked")); err != nil {
			t.Fatal(err)
		}
		return l
	}
	want := link("a", 10*time.Minute)
	link("ended", 0)
	if got, err := s.FindCopyLink(ctx, "a"); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.FindCopyLink(ctx, "b"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	for _, hash := range []string{"b", "ended"} {
		if done, err := s.TakeCopyLink(ctx, hash, Start, record("fetched")); done || err != nil {
			t.Errorf("%s: %v %v", hash, done, err)
		}
	}
	var firsts atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			done, err := s.TakeCopyLink(ctx, "a", Start.Add(10*time.Minute-time.Second), record("fetched"))
			if err != nil {
				t.Errorf("take: %v", err)
			}
			if done {
				firsts.Add(1)
			}
		})
	}
	group.Wait()
	if firsts.Load() != 1 {
		t.Errorf("%d had the one download", firsts.Load())
	}
	other := elicense.CopyLink{Hash: "other", Copy: "lcopy_2", Grantee: "other", Expires: Start}
	later := Start.Add(24*time.Hour + time.Minute)
	for _, l := range []elicense.CopyLink{other, {Hash: "new", Copy: "lcopy_3", Grantee: "portal", Expires: later}} {
		if err := s.AddCopyLink(ctx, l, later, record("linked")); err != nil {
			t.Fatal(err)
		}
	}
	for hash, want := range map[string]error{"ended": elicense.ErrNotFound, "a": nil, "other": nil, "new": nil} {
		if _, err := s.FindCopyLink(ctx, hash); !errors.Is(err, want) {
			t.Errorf("a day later %s: %v", hash, err)
		}
	}
}

// heldByCode: issued licences of the type alone, by any of the keys, the newest first.
func heldByCode(t *testing.T, s elicense.Store) {
	for n, change := range []func(*elicense.License){
		func(*elicense.License) {},
		func(l *elicense.License) { l.State = elicense.StateSealed },
		func(l *elicense.License) { l.TypeCode = "another" },
		func(l *elicense.License) { l.HolderKeys = []string{"stranger"} },
		func(l *elicense.License) { l.HolderKeys = []string{"x", "spouse"} },
	} {
		l := Row(n + 1)
		l.State, l.Status, l.HolderKeys = elicense.StateActive, "valid", []string{"x"}
		l.LicenseID, l.List, l.Index, l.IssuedAt = fmt.Sprint("1.2.", n), 1, uint32(n), Start.Add(time.Duration(n)*time.Second)
		change(&l)
		create(t, s, l)
	}
	ids := func(limit int, holderKeys ...string) (list []string) {
		found, err := s.FindHeld(ctx, holderKeys, BusinessLicense, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range found {
			list = append(list, l.ID)
		}
		return list
	}
	for _, c := range []struct{ got, want []string }{
		{ids(9, "x"), []string{Row(5).ID, Row(1).ID}},
		{ids(1, "x"), []string{Row(5).ID}},
		{ids(9, "nobody", "spouse"), []string{Row(5).ID}},
		{ids(9, "nobody"), nil},
		{ids(9), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}
