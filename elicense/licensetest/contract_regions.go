package licensetest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// regions: packages go forward only, also over a removal; turns to ask are taken once; nothing changes without an audit event.
func regions(t *testing.T, s elicense.Store) {
	a := elicense.Region{URI: "https://a/trust/region", Fetch: "https://a/trust/region", Root: "aa", Divisions: []string{"3702", "41"}, Publisher: "甲", Number: 5, IssuedAt: Start, NextUpdate: Start.Add(time.Hour),
		TakenAt: Start, AskedAt: Start, AddedAt: Start}
	b := elicense.Region{URI: "https://b/trust/region", Root: "bb", Divisions: []string{"11"}, Publisher: "乙", Number: 1, IssuedAt: Start, NextUpdate: Start.Add(time.Hour), TakenAt: Start, AddedAt: Start}
	if err := s.AddRegion(ctx, a, []byte("five"), audit.Record{}); err == nil {
		t.Error("added without an audit event")
	}
	if err := errors.Join(s.AddRegion(ctx, b, []byte("one"), record("added")), s.AddRegion(ctx, a, []byte("five"), record("added"))); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Regions(ctx); err != nil || !reflect.DeepEqual(all, []elicense.Region{a, b}) {
		t.Errorf("%+v %v", all, err)
	}
	if err := s.AddRegion(ctx, a, []byte("five"), record("added")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("added twice: %v", err)
	}
	content := func(want string) {
		t.Helper()
		if have, err := s.RegionContent(ctx, a.URI); err != nil || !bytes.Equal(have, []byte(want)) {
			t.Errorf("%q %v", have, err)
		}
	}
	for _, number := range []uint64{4, 5, 6, 6} {
		next := a
		next.Number, next.TakenAt = number, Start.Add(time.Minute)
		if _, err := s.RenewRegion(ctx, next, []byte("six"), audit.Record{}); number == 6 && err == nil {
			all, _ := s.Regions(ctx)
			if all[0].Number != 6 { // the second six changes nothing and needs none
				t.Error("renewed without an audit event")
			}
		}
		done, err := s.RenewRegion(ctx, next, []byte("six"), record("renewed"))
		if all, _ := s.Regions(ctx); err != nil || done && number != 6 || all[0].Number != max(5, number) {
			t.Errorf("%d: %t %v %+v", number, done, err, all[0])
		}
	}
	content("six")
	now := Start.Add(10 * time.Minute)
	for i, want := range []bool{true, false} {
		if mine, err := s.AskRegion(ctx, a.URI, now.Add(-time.Minute), now); err != nil || mine != want {
			t.Errorf("turn %d: %t %v", i, mine, err)
		}
	}
	if err := s.FailRegion(ctx, a.URI, "YX-1"); err != nil {
		t.Fatal(err)
	}
	if all, _ := s.Regions(ctx); all[0].Problem != "YX-1" || !all[0].AskedAt.Equal(now) {
		t.Errorf("%+v", all[0])
	}
	for i, want := range []bool{true, false} {
		if done, err := s.RemoveRegion(ctx, a.URI, now, record("removed")); err != nil || done != want {
			t.Errorf("removal %d: %t %v", i, done, err)
		}
	}
	if _, err := s.RegionContent(ctx, a.URI); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the package of a removed one: %v", err)
	}
	if done, err := s.RenewRegion(ctx, elicense.Region{URI: a.URI, Number: 9}, nil, record("renewed")); err != nil || done {
		t.Errorf("a removed one was renewed: %v", err)
	}
	if err := s.AddRegion(ctx, a, []byte("five"), record("added")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("came back with an older package: %v", err)
	}
	a.Number = 6
	if err := s.AddRegion(ctx, a, []byte("again"), record("added")); err != nil {
		t.Error(err)
	}
	content("again")
	for _, code := range []string{"11370200MB00000001", "113701000000000002", "11371000000000000X"} {
		if err := s.PutAuthority(ctx, elicense.Authority{Code: code, Name: "n", SealID: "s", TypeCodes: []string{"x"}}, record("put")); err != nil {
			t.Fatal(err)
		}
	}
	for division, want := range map[string][]string{"3702": {"11370200MB00000001"}, "37": {"113701000000000002", "11370200MB00000001", "11371000000000000X"}, "11": nil} {
		if codes, err := s.AuthoritiesIn(ctx, division); err != nil || !slices.Equal(codes, want) {
			t.Errorf("%s: %v %v", division, codes, err)
		}
	}
}
