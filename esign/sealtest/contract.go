package sealtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// RunStore is the contract of esign.Store. open gives a fresh, empty store.
func RunStore(t *testing.T, open func(t testing.TB) esign.Store) {
	for name, run := range map[string]func(*testing.T, esign.Store){
		"find and keep":                   findAndKeep,
		"unique codes":                    uniqueCodes,
		"seals by code":                   sealsByCode,
		"seals of areas":                  sealsOfAreas,
		"compare and set":                 compareAndSet,
		"compare and set in parallel":     compareAndSetInParallel,
		"what an update leaves alone":     updateLeavesAlone,
		"one replacement at a time":       oneReplacement,
		"replace":                         replace,
		"replace against a loss":          replaceAgainstLoss,
		"amend":                           amend,
		"seals that end":                  sealsEnding,
		"personal seals":                  personalSeals,
		"one confirmation":                oneConfirmation,
		"plan only while in use":          planWhileInUse,
		"plan against suspension":         planAgainstSuspension,
		"store against suspension":        storeAgainstSuspension,
		"keys of requesters":              keysOfRequesters,
		"one key in parallel":             oneKeyInParallel,
		"settle":                          settle,
		"settle under the lease only":     settleUnderTheLease,
		"store only while in use":         storeWhileInUse,
		"take over":                       takeOver,
		"take over in parallel":           takeOverInParallel,
		"take over only while in use":     takeOverWhileInUse,
		"release":                         release,
		"stale plans":                     stalePlans,
		"uses are listed from the newest": usesNewestFirst,
		"no audit, no change":             noAuditNoChange,
		"what is not there":               notThere,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
	for name, run := range successionStore {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
	for name, run := range flagStore {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
	for name, run := range useStore {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

var ctx = context.Background()

// Row is a seal in use for store tests.
func Row(n int) esign.Seal {
	at := Start.Add(time.Duration(n)*time.Second + 5*time.Microsecond)
	return esign.Seal{ID: fmt.Sprintf("seal_%04d", n), Code: fmt.Sprintf("370300%08d", n), Name: "示例市市场监督管理局专用章", Owner: "示例市市场监督管理局", OwnerCode: "11990000MB7QX0015W", Line: "专用章",
		DiameterMM: 42.5, State: esign.Active, Applicant: "a", Reviewer: "b", Maker: "c", KeyID: "key_1", SignerCert: []byte{0, 1}, SES: []byte{2, 0}, Picture: []byte{3, 255},
		ValidFrom: Start, ValidTo: Start.AddDate(5, 0, 0), CreatedAt: at, UpdatedAt: at, StatusReason: "r", StoppedBy: "s", Cause: esign.CauseLost, LostAt: Start.Add(time.Hour), Filing: esign.Filing{Number: "37-2026-1", Authority: "示例市公安局", On: Start, By: "d", RecordedAt: Start}}
}

// Plan is a planned stamp for store tests, made n seconds after Start with a lease of a minute.
func Plan(n int, sealID string) esign.Stamp {
	at := Start.Add(time.Duration(n) * time.Second)
	return esign.Stamp{ID: fmt.Sprintf("stamp_%04d", n), Value: []esign.ValueKind{esign.SealValue, esign.CMSValue}[n%2], Remote: []string{"", "/Doc_0/Signs/Sign_0/Signature.xml", "ByteRange"}[n%3], SealID: sealID, State: esign.Planned, Key: fmt.Sprint("key", n), Requester: "staff:a", Item: "item", Purpose: "目的", SourceSM3: "00ff",
		Places: places[n%len(places)], CreatedAt: at, LeaseTo: at.Add(time.Minute)}
}

var along = 12.5

// places of planned stamps: every member is kept.
var places = [][]esign.Place{
	{esign.At(3, 1.25, 0.001)},
	nil,
	{{Kind: esign.OnPages, Pages: "03", XMM: 1}},
	{{Kind: esign.Straddle, Pages: "2-9", Edge: esign.EdgeTop, PerSet: 4, AlongMM: &along, MarginMM: 0.5, Duplex: true}, {Kind: esign.Keyword, Text: "盖章", Nth: 2, XMM: -1, YMM: 3}},
}

func record(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: Start, Actor: "system:test", ObjectType: "seal", ObjectID: "x"})
}

func add(t *testing.T, s esign.Store, row esign.Seal) esign.Seal {
	t.Helper()
	if err := s.AddSeal(ctx, row, record("added")); err != nil {
		t.Fatalf("add %s: %v", row.ID, err)
	}
	return row
}

func plan(t *testing.T, s esign.Store, stamp esign.Stamp) esign.Stamp {
	t.Helper()
	if err := s.PlanStamp(ctx, stamp, nil, record("planned")); err != nil {
		t.Fatalf("plan %s: %v", stamp.ID, err)
	}
	return stamp
}

// in gives the row in another state.
func in(row esign.Seal, state esign.State) esign.Seal {
	row.State = state
	return row
}

func want(t *testing.T, what string, got, wanted error) {
	t.Helper()
	if wanted == nil && got != nil || wanted != nil && !errors.Is(got, wanted) {
		t.Errorf("%s: %v, want %v", what, got, wanted)
	}
}

func stampOf(t *testing.T, s esign.Store, like esign.Stamp) esign.Stamp {
	t.Helper()
	got, err := s.StampByKey(ctx, like.Requester, like.Key)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// same compares rows with times that may differ in their zone.
func same[T any](a, b T) bool {
	return reflect.DeepEqual(a, b) || fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

func findAndKeep(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	got, err := s.Seal(ctx, row.ID)
	if err != nil || !same(got, row) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, row)
	}
	if byCode, err := s.SealByCode(ctx, row.Code); err != nil || byCode.ID != row.ID {
		t.Errorf("by code: %v", err)
	}
	got.SES[0] = 9
	if again, _ := s.Seal(ctx, row.ID); again.SES[0] != 2 {
		t.Error("the store hands out its own memory")
	}
	bare := esign.Seal{ID: "seal_bare", Code: "37030099999999", State: esign.Applied, CreatedAt: Start, UpdatedAt: Start, ValidFrom: Start, ValidTo: Start}
	add(t, s, bare)
	if got, err := s.Seal(ctx, bare.ID); err != nil || len(got.SES)+len(got.Picture)+len(got.SignerCert) != 0 || got.KeyID != "" {
		t.Errorf("%+v %v", got, err)
	}
	stamp := plan(t, s, Plan(1, row.ID))
	if got := stampOf(t, s, stamp); !same(got, stamp) {
		t.Errorf("got  %+v\nwant %+v", got, stamp)
	}
}

func uniqueCodes(t *testing.T, s esign.Store) {
	add(t, s, Row(1))
	again := Row(2)
	again.Code = Row(1).Code
	want(t, "code taken", s.AddSeal(ctx, again, record("added")), esign.ErrExists)
	if _, err := s.Seal(ctx, again.ID); !errors.Is(err, esign.ErrNotFound) {
		t.Errorf("the second row is there: %v", err)
	}
	var first atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			row := Row(10 + n)
			row.Code = "37030000009999"
			switch err := s.AddSeal(ctx, row, record("added")); {
			case err == nil:
				first.Add(1)
			case !errors.Is(err, esign.ErrExists):
				t.Errorf("add: %v", err)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d seals with one code", first.Load())
	}
}

func sealsByCode(t *testing.T, s esign.Store) {
	for _, n := range []int{5, 1, 4, 2, 3} {
		row := Row(n)
		row.ID = fmt.Sprintf("seal_%d", 9-n) // the code decides, not the id
		add(t, s, row)
	}
	var seen []string
	for after := ""; ; {
		page, err := s.Seals(ctx, []string{""}, "", after, 2)
		if err != nil || len(page) > 2 {
			t.Fatal(len(page), err)
		}
		for _, row := range page {
			seen = append(seen, row.Code[13:])
		}
		if len(page) < 2 {
			break
		}
		after = page[1].Code
	}
	if !slices.Equal(seen, []string{"1", "2", "3", "4", "5"}) {
		t.Error(seen)
	}
	if page, err := s.Seals(ctx, []string{""}, "", "99999999999999", 2); err != nil || len(page) != 0 {
		t.Error(len(page), err)
	}
	made := Row(6)
	made.State = esign.Made
	add(t, s, made)
	for state, want := range map[esign.State]int{esign.Made: 1, Row(1).State: 5, esign.Revoked: 0, "": 6} {
		if page, err := s.Seals(ctx, []string{""}, state, "", 10); err != nil || len(page) != want {
			t.Errorf("in state %q: %d, want %d: %v", state, len(page), want, err)
		}
	}
}

func sealsOfAreas(t *testing.T, s esign.Store) {
	const county, other = "330000000000/330102000000/", "330000000000/330105000000/"
	for n, area := range []string{"", county, county + "330102001000/", other} {
		row := Row(n + 1)
		row.Area, row.OwnerCode = area, fmt.Sprintf("91999900MA000000%dX", n)
		add(t, s, row)
	}
	list := func(areas ...string) (seen string) {
		t.Helper()
		page, err := s.Seals(ctx, areas, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page {
			seen += row.Code[13:]
		}
		return seen
	}
	for _, row := range []struct {
		areas []string
		want  string
	}{{[]string{""}, "1234"}, {[]string{county}, "23"}, {[]string{other}, "4"}, {[]string{county + "330102001000/", other}, "34"}, {[]string{"330000000000/"}, "234"}, {nil, ""}, {[]string{other, ""}, "1234"}} {
		if got := list(row.areas...); got != row.want {
			t.Errorf("%q: %s, want %s", row.areas, got, row.want)
		}
	}
	want(t, "move", s.MoveOwner(ctx, "91999900MA0000001X", other, record("moved")), nil)
	want(t, "again", s.MoveOwner(ctx, "91999900MA0000001X", other, record("moved")), nil)
	want(t, "an owner without seals", s.MoveOwner(ctx, "91999900MA0000009X", other, record("moved")), nil)
	if got := list(other); got != "24" {
		t.Errorf("after the move: %s", got)
	}
	moved, err := s.Seal(ctx, Row(2).ID)
	want(t, "read", err, nil)
	// A change of a seal that was read before it moved leaves it where it is now.
	moved.Area, moved.UpdatedAt = county, Start.Add(time.Hour)
	want(t, "change", s.UpdateSeal(ctx, moved, moved.State, record("changed")), nil)
	if got := list(other); got != "24" {
		t.Errorf("a change took it back: %s", got)
	}
}

func compareAndSet(t *testing.T, s esign.Store) {
	row := add(t, s, in(Row(1), esign.Applied))
	changed := in(row, esign.Approved)
	changed.Reviewer, changed.SES, changed.Picture, changed.SignerCert, changed.KeyID, changed.ValidTo = "z", []byte{7}, []byte{8}, []byte{9}, "key_2", Start.AddDate(1, 0, 0)
	changed.UpdatedAt = Start.Add(time.Hour)
	want(t, "from another state", s.UpdateSeal(ctx, changed, esign.Approved, record("changed")), esign.ErrChanged)
	if got, _ := s.Seal(ctx, row.ID); !same(got, row) {
		t.Errorf("a refused change is stored: %+v", got)
	}
	want(t, "from its state", s.UpdateSeal(ctx, changed, esign.Applied, record("changed")), nil)
	if got, _ := s.Seal(ctx, row.ID); !same(got, changed) {
		t.Errorf("got  %+v\nwant %+v", got, changed)
	}
	want(t, "twice", s.UpdateSeal(ctx, changed, esign.Applied, record("changed")), esign.ErrChanged)
}

func compareAndSetInParallel(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	var done atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			changed := in(row, esign.Suspended)
			changed.StoppedBy = fmt.Sprint(n)
			switch err := s.UpdateSeal(ctx, changed, esign.Active, record("changed")); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, esign.ErrChanged):
				t.Errorf("update: %v", err)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 {
		t.Errorf("%d changes from one state", done.Load())
	}
}

func updateLeavesAlone(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	changed := in(row, esign.Suspended)
	changed.Code, changed.CreatedAt, changed.Replaces = "37030000000009", Start.AddDate(-1, 0, 0), "seal_other"
	want(t, "update", s.UpdateSeal(ctx, changed, esign.Active, record("changed")), nil)
	if got, _ := s.Seal(ctx, row.ID); got.Code != row.Code || !got.CreatedAt.Equal(row.CreatedAt) || got.Replaces != "" {
		t.Errorf("code, time of application or what it replaces changed: %+v", got)
	}
}

func planWhileInUse(t *testing.T, s esign.Store) {
	for n, state := range []esign.State{esign.Applied, esign.Approved, esign.Made, esign.Suspended, esign.Revoked} {
		row := add(t, s, in(Row(n), state))
		want(t, string(state), s.PlanStamp(ctx, Plan(n, row.ID), nil, record("planned")), esign.ErrInactive)
	}
	want(t, "no such seal", s.PlanStamp(ctx, Plan(9, "seal_none"), nil, record("planned")), esign.ErrInactive)
	row := add(t, s, Row(9))
	want(t, "in use", s.PlanStamp(ctx, Plan(9, row.ID), nil, record("planned")), nil)
	if got, _ := s.Seal(ctx, row.ID); !same(got, row) {
		t.Errorf("planning changed the seal: %+v", got)
	}
}

// against runs a change of stamps in many workers beside a suspension: what begins after the suspension was stored is
// refused.
func against(t *testing.T, s esign.Store, row esign.Seal, change func(n int) error) {
	t.Helper()
	var stopped atomic.Bool
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := range 25 {
				late := stopped.Load()
				err := change(worker*100 + n)
				if err != nil && !errors.Is(err, esign.ErrInactive) {
					t.Errorf("change: %v", err)
				}
				if late && err == nil {
					t.Error("a stamp was let through after the suspension was stored")
				}
			}
		})
	}
	group.Go(func() {
		want(t, "suspend", s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, record("changed")), nil)
		stopped.Store(true)
	})
	group.Wait()
	want(t, "after the suspension", change(999), esign.ErrInactive)
}

func planAgainstSuspension(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	against(t, s, row, func(n int) error { return s.PlanStamp(ctx, Plan(n, row.ID), nil, record("planned")) })
}

func storeAgainstSuspension(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	for worker := range 4 {
		for n := range 25 {
			plan(t, s, Plan(worker*100+n, row.ID))
		}
	}
	plan(t, s, Plan(999, row.ID))
	against(t, s, row, func(n int) error {
		stamp := Plan(n, row.ID)
		stamp.State = esign.Stored
		return s.SettleStamp(ctx, stamp, record("stored"))
	})
}

func keysOfRequesters(t *testing.T, s esign.Store) {
	row, other := add(t, s, Row(1)), add(t, s, Row(2))
	first := plan(t, s, Plan(1, row.ID))
	again := Plan(2, other.ID)
	again.Key = first.Key
	want(t, "key used before, for another seal", s.PlanStamp(ctx, again, nil, record("planned")), esign.ErrExists)
	if got := stampOf(t, s, first); got.ID != first.ID {
		t.Errorf("the second stamp took the place of the first: %s", got.ID)
	}
	again.Requester = "staff:b"
	want(t, "the same key of somebody else", s.PlanStamp(ctx, again, nil, record("planned")), nil)
	sameID := Plan(1, row.ID)
	sameID.Key = "fresh"
	want(t, "same identifier", s.PlanStamp(ctx, sameID, nil, record("planned")), esign.ErrExists)
	want(t, "suspend", s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, record("changed")), nil)
	reused := Plan(3, row.ID)
	reused.Key = first.Key
	if err := s.PlanStamp(ctx, reused, nil, record("planned")); !errors.Is(err, esign.ErrInactive) && !errors.Is(err, esign.ErrExists) {
		t.Errorf("key and seal both speak against it: %v", err)
	}
}

func oneKeyInParallel(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	var first atomic.Int32
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			stamp := Plan(n, row.ID)
			stamp.Key = "same"
			switch err := s.PlanStamp(ctx, stamp, nil, record("planned")); {
			case err == nil:
				first.Add(1)
			case !errors.Is(err, esign.ErrExists):
				t.Errorf("plan: %v", err)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d stamps for one key", first.Load())
	}
}

func settle(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	done := plan(t, s, Plan(1, row.ID))
	done.State, done.ResultSM3 = esign.Stored, "abcd"
	want(t, "store", s.SettleStamp(ctx, done, record("stored")), nil)
	if got := stampOf(t, s, done); !same(got, done) {
		t.Errorf("got  %+v\nwant %+v", got, done)
	}
	want(t, "store twice", s.SettleStamp(ctx, done, record("stored")), esign.ErrChanged)
	done.State = esign.Abandoned
	want(t, "abandon what is stored", s.SettleStamp(ctx, done, record("abandoned")), esign.ErrChanged)
	want(t, "take over what is stored", s.TakeOver(ctx, Plan(1, row.ID), Start.Add(time.Hour), nil, record("resumed")), esign.ErrChanged)
	want(t, "release what is stored", s.Release(ctx, done, Start), esign.ErrChanged)
	if got := stampOf(t, s, done); got.State != esign.Stored || got.ResultSM3 != "abcd" {
		t.Errorf("a stored stamp changed: %+v", got)
	}
	want(t, "settle nothing", s.SettleStamp(ctx, Plan(7, row.ID), record("stored")), esign.ErrChanged)
}

func settleUnderTheLease(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	for _, state := range []esign.StampState{esign.Stored, esign.Abandoned} {
		late := stamp
		late.State, late.LeaseTo = state, stamp.LeaseTo.Add(time.Microsecond)
		want(t, "another lease: "+string(state), s.SettleStamp(ctx, late, record("settled")), esign.ErrChanged)
	}
	if got := stampOf(t, s, stamp); got.State != esign.Planned {
		t.Errorf("settled: %+v", got)
	}
}

func storeWhileInUse(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	want(t, "suspend", s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, record("changed")), nil)
	stamp.State, stamp.ResultSM3 = esign.Stored, "abcd"
	want(t, "store under a suspended seal", s.SettleStamp(ctx, stamp, record("stored")), esign.ErrInactive)
	if got := stampOf(t, s, stamp); got.State != esign.Planned || got.ResultSM3 != "" {
		t.Errorf("%+v", got)
	}
	stamp.State, stamp.ResultSM3 = esign.Abandoned, ""
	want(t, "abandon under a suspended seal", s.SettleStamp(ctx, stamp, record("abandoned")), nil)
}

func takeOver(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	next := stamp
	next.LeaseTo = stamp.LeaseTo.Add(time.Minute)
	want(t, "while somebody works on it", s.TakeOver(ctx, next, stamp.LeaseTo.Add(-time.Microsecond), nil, record("resumed")), esign.ErrChanged)
	want(t, "when the lease is over", s.TakeOver(ctx, next, stamp.LeaseTo, nil, record("resumed")), nil)
	if got := stampOf(t, s, stamp); !same(got, next) {
		t.Errorf("got  %+v\nwant %+v", got, next)
	}
	late := stamp
	late.State = esign.Stored
	want(t, "the one that lost it settles", s.SettleStamp(ctx, late, record("stored")), esign.ErrChanged)
	ended := next
	ended.State = esign.Abandoned
	want(t, "abandon", s.SettleStamp(ctx, ended, record("abandoned")), nil)
	next.LeaseTo = next.LeaseTo.Add(time.Minute)
	want(t, "abandoned", s.TakeOver(ctx, next, Start, nil, record("resumed")), nil)
	want(t, "what is not there", s.TakeOver(ctx, Plan(9, row.ID), Start.Add(time.Hour), nil, record("resumed")), esign.ErrChanged)
}

func takeOverInParallel(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	var done atomic.Int32
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			next := stamp
			next.LeaseTo = stamp.LeaseTo.Add(time.Minute + time.Duration(n)*time.Microsecond)
			switch err := s.TakeOver(ctx, next, stamp.LeaseTo.Add(time.Second), nil, record("resumed")); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, esign.ErrChanged):
				t.Errorf("take over: %v", err)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 {
		t.Errorf("%d took over", done.Load())
	}
}

func takeOverWhileInUse(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	want(t, "suspend", s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, record("changed")), nil)
	want(t, "take over", s.TakeOver(ctx, stamp, stamp.LeaseTo.Add(time.Hour), nil, record("resumed")), esign.ErrInactive)
}

func release(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	stamp := plan(t, s, Plan(1, row.ID))
	other := stamp
	other.LeaseTo = stamp.LeaseTo.Add(time.Second)
	want(t, "a lease of somebody else", s.Release(ctx, other, Start), esign.ErrChanged)
	at := Start.Add(3 * time.Second)
	want(t, "release", s.Release(ctx, stamp, at), nil)
	if got := stampOf(t, s, stamp); got.State != esign.Planned || !got.LeaseTo.Equal(at) {
		t.Errorf("%+v", got)
	}
	want(t, "release twice", s.Release(ctx, stamp, at), esign.ErrChanged)
	stamp.State = esign.Stored
	want(t, "settle after the release", s.SettleStamp(ctx, stamp, record("stored")), esign.ErrChanged)
	next := Plan(1, row.ID)
	want(t, "take over what was released", s.TakeOver(ctx, next, at, nil, record("resumed")), nil)
}

func stalePlans(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	for _, n := range []int{3, 1, 2, 9} {
		plan(t, s, Plan(n, row.ID))
	}
	done := Plan(4, row.ID)
	plan(t, s, done)
	done.State = esign.Stored
	want(t, "store", s.SettleStamp(ctx, done, record("stored")), nil)
	ids := func(at time.Time, limit int) (list []string) {
		page, err := s.PlannedBefore(ctx, at, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, stamp := range page {
			list = append(list, stamp.ID)
		}
		return list
	}
	over := Plan(3, row.ID).LeaseTo
	if got := ids(over.Add(-time.Microsecond), 10); !slices.Equal(got, []string{"stamp_0001", "stamp_0002"}) {
		t.Error(got)
	}
	if got := ids(over, 10); !slices.Equal(got, []string{"stamp_0001", "stamp_0002", "stamp_0003"}) {
		t.Error(got)
	}
	if got := ids(over, 2); !slices.Equal(got, []string{"stamp_0001", "stamp_0002"}) {
		t.Error(got)
	}
}

func usesNewestFirst(t *testing.T, s esign.Store) {
	row, other := add(t, s, Row(1)), add(t, s, Row(2))
	for _, n := range []int{3, 1, 2, 5, 4} {
		stamp := Plan(n, row.ID)
		if n >= 4 {
			stamp.CreatedAt = Plan(3, row.ID).CreatedAt // the same moment: the identifier decides
		}
		plan(t, s, stamp)
	}
	plan(t, s, Plan(8, other.ID))
	var seen []string
	for after := (esign.Position{}); ; {
		page, err := s.Stamps(ctx, esign.StampQuery{SealID: row.ID, After: after, Limit: 2})
		if err != nil || len(page) > 2 {
			t.Fatal(len(page), err)
		}
		for _, stamp := range page {
			seen = append(seen, stamp.ID)
		}
		if len(page) < 2 {
			break
		}
		after = esign.Position{At: page[1].CreatedAt, ID: page[1].ID}
	}
	if !slices.Equal(seen, []string{"stamp_0005", "stamp_0004", "stamp_0003", "stamp_0002", "stamp_0001"}) {
		t.Error(seen)
	}
	if page, err := s.Stamps(ctx, esign.StampQuery{SealID: "seal_none", After: esign.Position{}, Limit: 2}); err != nil || len(page) != 0 {
		t.Error(len(page), err)
	}
}

func noAuditNoChange(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	planned, free := plan(t, s, Plan(1, row.ID)), plan(t, s, Plan(2, row.ID))
	settled := planned
	settled.State = esign.Stored
	for name, change := range map[string]func() error{
		"add":       func() error { return s.AddSeal(ctx, Row(2), audit.Record{}) },
		"update":    func() error { return s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, audit.Record{}) },
		"amend":     func() error { return s.AmendSeal(ctx, in(row, esign.Suspended), row, audit.Record{}) },
		"plan":      func() error { return s.PlanStamp(ctx, Plan(3, row.ID), nil, audit.Record{}) },
		"settle":    func() error { return s.SettleStamp(ctx, settled, audit.Record{}) },
		"take over": func() error { return s.TakeOver(ctx, free, free.LeaseTo, nil, audit.Record{}) },
	} {
		if err := change(); err == nil {
			t.Errorf("%s: stored without an audit event", name)
		}
	}
	if _, err := s.Seal(ctx, Row(2).ID); !errors.Is(err, esign.ErrNotFound) {
		t.Errorf("add left a row: %v", err)
	}
	if got, _ := s.Seal(ctx, row.ID); !same(got, row) {
		t.Errorf("update left a change: %+v", got)
	}
	if page, err := s.Stamps(ctx, esign.StampQuery{SealID: row.ID, After: esign.Position{}, Limit: 10}); err != nil || len(page) != 2 || page[1].State != esign.Planned {
		t.Errorf("%+v %v", page, err)
	}
}

func notThere(t *testing.T, s esign.Store) {
	for name, find := range map[string]func() error{
		"seal":  func() error { _, err := s.Seal(ctx, "seal_none"); return err },
		"code":  func() error { _, err := s.SealByCode(ctx, "00000000000000"); return err },
		"stamp": func() error { _, err := s.StampByKey(ctx, "staff:a", "none"); return err },
	} {
		want(t, name, find(), esign.ErrNotFound)
	}
	want(t, "update", s.UpdateSeal(ctx, Row(1), esign.Active, record("changed")), esign.ErrChanged)
	if page, err := s.PlannedBefore(ctx, Start.AddDate(1, 0, 0), 10); err != nil || len(page) != 0 {
		t.Error(len(page), err)
	}
	if page, err := s.Seals(ctx, []string{""}, "", "", 10); err != nil || len(page) != 0 {
		t.Error(len(page), err)
	}
}
