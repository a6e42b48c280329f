package esign_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// successor applies for a seal that takes the place of another, and brings it as far as it can go before it is put into use.
func successor(t *testing.T, w *sealtest.World, old esign.Seal, change func(*esign.Application)) esign.Seal {
	t.Helper()
	a := sealtest.SampleApplication(2)
	a.Replaces = old.ID
	if change != nil {
		change(&a)
	}
	s, err := w.Service.Apply(sealtest.Keeper, a)
	for _, step := range []func() (esign.Seal, error){
		func() (esign.Seal, error) { return w.Service.Approve(sealtest.Reviewer, s.ID) },
		func() (esign.Seal, error) { return w.Service.Make(sealtest.Maker, s.ID) },
	} {
		if err == nil {
			s, err = step()
		}
	}
	if err != nil || s.State != esign.Made || s.Replaces != old.ID {
		t.Fatalf("%+v %v", s, err)
	}
	return s
}

func find(t *testing.T, w *sealtest.World, id string) esign.Seal {
	t.Helper()
	s, err := w.Service.Find(sealtest.Keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A renewed or changed seal comes into use in the moment in which the one before it ends: that one is in the lists as replaced, stamps
// nothing any more, and what it sealed stays valid.
func TestASealTakesThePlaceOfAnother(t *testing.T) {
	w, twin := listing(t)
	old := w.Active(t, sealtest.SampleApplication(1))
	_, before := stamp(t, w, sealtest.Request(old, sealtest.Document(t, 1)))
	w.Advance(time.Hour)
	fresh := successor(t, w, old, func(a *esign.Application) { a.Owner = "示例市市场监管局" })
	if got := find(t, w, old.ID); got.State != esign.Active {
		t.Fatalf("the old seal is %s while the new one is only made", got.State)
	}
	first := len(twin.Records())
	fresh, err := w.Service.Activate(sealtest.Keeper, fresh.ID)
	if err != nil || fresh.State != esign.Active || fresh.Change != nil {
		t.Fatalf("%+v %v", fresh, err)
	}
	if got := find(t, w, old.ID); got.State != esign.Revoked || got.Cause != esign.CauseReplaced || got.StatusReason != fresh.Code {
		t.Errorf("the old seal: %+v", got)
	}
	if got := twin.Records()[first:]; len(got) != 1 || !slices.Equal(events(got), []string{"seal.active", "seal.revoked"}) || got[0].Events[1].ObjectID != old.ID || got[0].Events[1].Actor != "staff:keeper" {
		t.Errorf("recorded: %+v", got)
	}
	deliver(t, w, twin, first)
	list := listOf(t, w, old)
	if h, _ := list.Lookup(old.Code, [32]byte(digest.Sum(old.SES))); h.History.Last().State != sealstatus.Replaced {
		t.Errorf("history of the old seal: %v", h)
	}
	if h, _ := list.Lookup(fresh.Code, [32]byte(digest.Sum(fresh.SES))); h.History.Last().State != sealstatus.InUse {
		t.Errorf("history of the new seal: %v", h)
	}
	later := sealtest.Request(old, sealtest.Document(t, 2))
	later.Key = "key-later"
	if _, _, err := w.Service.Stamp(sealtest.Keeper, later); fault.CodeOf(err) != fault.SealSuspended {
		t.Errorf("the old seal stamps: %v", err)
	}
	if report := w.Verify(t, before); report.Verdict != verify.Valid {
		t.Errorf("sealed before: %s %v", report.Code, report.Reasons)
	}
	later.SealID = fresh.ID
	if _, after := stamp(t, w, later); w.Verify(t, after).Verdict != verify.Valid {
		t.Error("the new seal does not verify")
	}
	if got, err := w.Service.Replacement(sealtest.Keeper, old.ID); err != nil || got.ID != fresh.ID {
		t.Errorf("replacement: %+v %v", got, err)
	}
}

// A seal that ends within sixty days waits for its keepers until another one is to take its place, and one that is reported lost for a
// reviewer who is not the reporter.
func TestSealsThatWait(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	waits := func(ctx context.Context, state esign.State) int {
		t.Helper()
		all, err := w.Service.Waiting(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(one reqctx.Waiting[esign.State]) bool { return one.State == state })
		if i < 0 {
			return -1
		}
		return all[i].Count
	}
	listed := func() int {
		page, _, err := w.Service.List(sealtest.Keeper, esign.EndingSoon, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(page)
	}
	w.Advance(seal.ValidTo.Sub(w.Now()) - esign.NoticeTime - time.Minute)
	if waits(sealtest.Keeper, esign.EndingSoon) != 0 || listed() != 0 || w.Service.EndsSoon(seal) {
		t.Error("it waits too early")
	}
	w.Advance(2 * time.Minute)
	if waits(sealtest.Keeper, esign.EndingSoon) != 1 || listed() != 1 || !w.Service.EndsSoon(seal) || waits(sealtest.Reviewer, esign.EndingSoon) != -1 {
		t.Error("it does not wait for its keepers")
	}
	successor(t, w, seal, nil)
	if waits(sealtest.Keeper, esign.EndingSoon) != 0 || listed() != 0 {
		t.Error("it waits although another one is to take its place")
	}
	if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "清点"); err != nil || waits(sealtest.Reviewer, esign.Suspended) != 0 {
		t.Errorf("a pause waits for a reviewer: %v", err)
	}
	both := sealtest.As("staff:both", esign.RoleKeeper, esign.RoleReviewer)
	if _, err := w.Service.ReportLost(both, seal.ID, esign.Ending{Reason: "遗失"}); err != nil || waits(sealtest.Reviewer, esign.Suspended) != 1 || waits(both, esign.Suspended) != 0 {
		t.Errorf("a loss does not wait for a reviewer, or for the reporter: %v", err)
	}
}

// What may be replaced, by whom, and by what.
func TestWhatIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		old    func(w *sealtest.World, seal esign.Seal) error
		change func(a *esign.Application)
		want   fault.Code
	}{
		"in use": {},
		"suspended": {old: func(w *sealtest.World, s esign.Seal) error {
			_, err := w.Service.Suspend(sealtest.Keeper, s.ID, "清点")
			return err
		}},
		"reported lost": {old: func(w *sealtest.World, s esign.Seal) error {
			_, err := w.Service.ReportLost(sealtest.Keeper, s.ID, esign.Ending{Reason: "遗失"})
			return err
		}},
		"revoked as lost": {old: func(w *sealtest.World, s esign.Seal) error {
			_, err := w.Service.End(sealtest.Reviewer, s.ID, esign.Ending{Reason: "遗失", Cause: esign.CauseLost})
			return err
		}},
		"revoked": {old: func(w *sealtest.World, s esign.Seal) error {
			_, err := w.Service.Revoke(sealtest.Reviewer, s.ID, "撤并")
			return err
		}, want: fault.SealReplacesNone},
		"not there":          {change: func(a *esign.Application) { a.Replaces = "seal_none" }, want: fault.SealReplacesNone},
		"no id":              {change: func(a *esign.Application) { a.Replaces = "\x00" }, want: fault.SealReplacesNone},
		"another owner":      {change: func(a *esign.Application) { a.OwnerCode = "91999900MA0000015N" }, want: fault.SealReplacesOther},
		"another name":       {change: func(a *esign.Application) { a.Owner = "示例市市场监管局" }},
		"its code once more": {change: func(a *esign.Application) { a.Code = sealtest.SampleApplication(1).Code }, want: fault.SealCodeTaken},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := newWorld(t)
			old := w.Active(t, sealtest.SampleApplication(1))
			if c.old != nil {
				if err := c.old(w, old); err != nil {
					t.Fatal(err)
				}
			}
			a := sealtest.SampleApplication(2)
			a.Replaces = old.ID
			if c.change != nil {
				c.change(&a)
			}
			_, err := w.Service.Apply(sealtest.Keeper, a)
			if fault.CodeOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Of two applications for the place of one seal one is taken, also when both come at once; the other one is told of it.
func TestOneSealTakesThePlace(t *testing.T) {
	w, _ := newWorld(t)
	old := w.Active(t, sealtest.SampleApplication(1))
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			a := sealtest.SampleApplication(2 + i)
			a.Replaces = old.ID
			_, errs[i] = w.Service.Apply(sealtest.Keeper, a)
		})
	}
	group.Wait()
	taken := 0
	for _, err := range errs {
		switch {
		case err == nil:
			taken++
		case fault.CodeOf(err) != fault.SealReplacedAlready:
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d were taken", taken)
	}
	other, err := w.Service.Replacement(sealtest.Keeper, old.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.Revoke(sealtest.Reviewer, other.ID, "有误"); err != nil {
		t.Fatal(err)
	}
	successor(t, w, old, func(a *esign.Application) { a.Code = sealtest.SampleApplication(30).Code })
}

// A seal of another area is not there for whoever applies, also where the tree of areas moved its owner meanwhile.
func TestSealOfAnotherAreaIsNotReplaced(t *testing.T) {
	w, _ := newWorld(t)
	old := w.Active(t, sealtest.SampleApplication(1))
	if err := w.Service.MoveOwner(t.Context(), old.OwnerCode, county); err != nil {
		t.Fatal(err)
	}
	cfg := w.Config()
	cfg.Areas = func(context.Context, string) (string, error) { return neighbour, nil }
	elsewhere, err := esign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := sealtest.SampleApplication(2)
	a.Replaces = old.ID
	_, err = elsewhere.Apply(within(neighbour, esign.RoleKeeper), a)
	wantCode(t, err, fault.SealReplacesNone)
}

// A loss stops the seal at once by one person. A reviewer who is somebody else decides: the loss is final since it was reported to be, or
// the seal is found.
func TestLossOfASeal(t *testing.T) {
	w, twin := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Advance(48 * time.Hour)
	since := w.Now().Add(-24 * time.Hour).Truncate(time.Second)
	lost, err := w.Service.ReportLost(sealtest.Keeper, seal.ID, esign.Ending{Reason: "密码钥匙遗失", LostAt: since})
	if err != nil || lost.State != esign.Suspended || lost.Cause != esign.CauseLost || !lost.LostAt.Equal(since) || lost.StoppedBy != "staff:keeper" {
		t.Fatalf("%+v %v", lost, err)
	}
	record := twin.Records()[len(twin.Records())-1].Events[0]
	if record.Type != "seal.suspended" || record.Reason != "密码钥匙遗失" || record.Details["cause"] != "lost" || record.Details["lost_at"] == "" {
		t.Errorf("recorded: %+v", record)
	}
	deliver(t, w, twin, 0)
	if h, _ := listOf(t, w, seal).Lookup(seal.Code, [32]byte(digest.Sum(seal.SES))); h.History.Last().State != sealstatus.Suspended || h.History.At(since.Add(time.Hour)) != sealstatus.InUse {
		t.Errorf("what a reviewer has not decided is in the list: %v", h)
	}
	if _, _, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1))); fault.CodeOf(err) != fault.SealSuspended {
		t.Errorf("a lost seal stamps: %v", err)
	}
	both := sealtest.As("staff:keeper", esign.RoleKeeper, esign.RoleReviewer)
	if _, err := w.Service.Resume(both, seal.ID); fault.CodeOf(err) != fault.SealSamePerson {
		t.Errorf("found by the person who reported: %v", err)
	}
	w.Advance(time.Hour)
	ended, err := w.Service.End(sealtest.Reviewer, seal.ID, esign.Ending{Reason: "确认遗失", Cause: esign.CauseLost})
	if err != nil || ended.State != esign.Revoked || !ended.LostAt.Equal(since) {
		t.Fatalf("%+v %v", ended, err)
	}
	deliver(t, w, twin, 0)
	if h, _ := listOf(t, w, seal).Lookup(seal.Code, [32]byte(digest.Sum(seal.SES))); h.History.Last().State != sealstatus.Lost || h.History.At(since.Add(time.Hour)) != sealstatus.Lost || h.History.At(since.Add(-time.Hour)) != sealstatus.InUse {
		t.Errorf("the list: %v", h)
	}

	again := w.Active(t, sealtest.SampleApplication(2))
	if _, err := w.Service.Suspend(sealtest.Keeper, again.ID, "清点"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.ReportLost(sealtest.Keeper, again.ID, esign.Ending{Reason: "清点时未找到"}); err != nil {
		t.Fatalf("lost while it is suspended: %v", err)
	}
	found, err := w.Service.Resume(sealtest.Reviewer, again.ID)
	if err != nil || found.State != esign.Active || found.Cause != esign.CauseEnded || !found.LostAt.IsZero() {
		t.Errorf("found again: %+v %v", found, err)
	}
	for name, end := range map[string]esign.Ending{
		"no reason":               {},
		"lost in the future":      {Reason: "r", LostAt: w.Now().Add(time.Minute)},
		"lost before it was made": {Reason: "r", LostAt: again.ValidFrom.Add(-time.Second)},
	} {
		if _, err := w.Service.ReportLost(sealtest.Keeper, again.ID, end); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := w.Service.ReportLost(sealtest.Reviewer, again.ID, esign.Ending{Reason: "r"}); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("reported by somebody who keeps no seals: %v", err)
	}
}

// A seal that was reported lost does not end as replaced: whether it is lost is for a reviewer to say, also when the report comes in the
// moment of the change.
func TestReportedLossOutlastsItsReplacement(t *testing.T) {
	w, twin := newWorld(t)
	old := w.Active(t, sealtest.SampleApplication(1))
	if _, err := w.Service.ReportLost(sealtest.Keeper, old.ID, esign.Ending{Reason: "遗失"}); err != nil {
		t.Fatal(err)
	}
	fresh := successor(t, w, old, nil)
	if _, err := w.Service.Activate(sealtest.Keeper, fresh.ID); err != nil {
		t.Fatal(err)
	}
	if got := find(t, w, old.ID); got.State != esign.Suspended || got.Cause != esign.CauseLost {
		t.Errorf("%+v", got)
	}
	if _, err := w.Service.End(sealtest.Reviewer, old.ID, esign.Ending{Reason: "确认遗失", Cause: esign.CauseLost}); err != nil {
		t.Error(err)
	}

	second := successor(t, w, fresh, func(a *esign.Application) { a.Code = sealtest.SampleApplication(3).Code })
	if _, err := w.Service.Suspend(sealtest.Keeper, fresh.ID, "清点"); err != nil { // the report will leave its state as it is
		t.Fatal(err)
	}
	cfg := w.Config()
	cfg.Store = reportedMeanwhile{Twin: twin, report: func() error {
		_, err := w.Service.ReportLost(sealtest.Keeper, fresh.ID, esign.Ending{Reason: "遗失"})
		return err
	}}
	racing, err := esign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := racing.Activate(sealtest.Keeper, second.ID); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	if got := find(t, w, fresh.ID); got.Cause != esign.CauseLost {
		t.Errorf("the report is gone: %+v", got)
	}
}

// reportedMeanwhile is a store to which a loss is reported before it replaces a seal, and after it read the seals of an organisation.
type reportedMeanwhile struct {
	*sealtest.Twin
	report func() error
}

// ReplaceSeal implements esign.Store.
func (r reportedMeanwhile) ReplaceSeal(ctx context.Context, s esign.Seal, from esign.State, old, seen esign.Seal, record audit.Record) error {
	if err := r.report(); err != nil {
		return err
	}
	return r.Twin.ReplaceSeal(ctx, s, from, old, seen, record)
}

// SealsOfOwner implements esign.Store.
func (r reportedMeanwhile) SealsOfOwner(ctx context.Context, owner esign.Party, after string, limit int) ([]esign.Seal, error) {
	page, err := r.Twin.SealsOfOwner(ctx, owner, after, limit)
	return page, errors.Join(err, r.report())
}
