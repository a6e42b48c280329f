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
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// rulingRow is a ruling for store tests.
func rulingRow(l elicense.License, outcome catalog.Outcome, n int) elicense.Ruling {
	return elicense.Ruling{
		ID: "rul_" + l.ID, License: l.ID, AuthorityCode: l.AuthorityCode, TypeCode: l.TypeCode, TypeVersion: 1, Template: "sm3", Outcome: outcome, Reasons: []string{"R1"}, SetBy: []string{"staff:x", "staff:y"},
		Conditions: []elicense.RulingCondition{{ID: "c", Fact: catalog.FactNoOther, Truth: catalog.Fails, Evidence: "1", Reason: "R1"}}, DecidedAt: Start.Add(time.Duration(n) * time.Second),
	}
}

// ruleAs gives a judge that decides as it is told.
func ruleAs(outcome catalog.Outcome, n int) func(*elicense.License, elicense.RulingSeen) (elicense.Ruling, elicense.Change, error) {
	return func(l *elicense.License, _ elicense.RulingSeen) (elicense.Ruling, elicense.Change, error) {
		l.State = map[catalog.Outcome]elicense.State{catalog.OutcomeApprove: elicense.StateApproved, catalog.OutcomeRefuse: elicense.StateRejected, catalog.OutcomeRefer: elicense.StateInReview}[outcome]
		return rulingRow(*l, outcome, n), elicense.Change{Record: record("ruled")}, nil
	}
}

// seenBy tells what a store shows the judge of a licence, and stores nothing.
func seenBy(t *testing.T, s elicense.Store, id string, ask elicense.RulingAsk) (seen elicense.RulingSeen) {
	t.Helper()
	stop := errors.New("stop")
	if _, _, made, err := s.Rule(ctx, id, ask, func(_ *elicense.License, got elicense.RulingSeen) (elicense.Ruling, elicense.Change, error) {
		seen = got
		return elicense.Ruling{}, elicense.Change{}, stop
	}); !errors.Is(err, stop) || made {
		t.Fatalf("made %v, %v", made, err)
	}
	return seen
}

func rulings(t *testing.T, s elicense.Store) {
	ask := elicense.RulingAsk{Day: "20261124", Since: []time.Time{Start, Start.Add(2 * time.Second)}}
	if _, _, _, err := s.Rule(ctx, "lic_none", ask, ruleAs(catalog.OutcomeRefer, 0)); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a licence that is not there: %v", err)
	}
	for n := range 8 { // all of the holder key2
		l := Row(n)
		l.AuthorityCode = fmt.Sprintf("%s%d", AuthorityCode, n)
		switch n {
		case 1:
			l.State, l.Bits = elicense.StateActive, statuslist.InForce
		case 2:
			l.State, l.Bits, l.LicenseID, l.Index = elicense.StateActive, statuslist.NotUsable, "x2", 2
		case 3:
			l.State, l.Bits, l.LicenseID, l.Index = elicense.StateActive, statuslist.Ended, "x3", 3
		case 4:
			l.State, l.Bits, l.LicenseID, l.Index = elicense.StateActive, statuslist.Replaced, "x4", 4
		case 5:
			l.State = elicense.StateRejected
		case 6:
			l.TypeCode, l.State, l.LicenseID, l.Index = RealEstateTitle, elicense.StateActive, "x6", 6
		case 7:
			l.HolderKeys = []string{"other"}
		}
		create(t, s, l)
	}
	id := Row(0).ID
	if seen := seenBy(t, s, id, ask); seen.Others != 2 || !reflect.DeepEqual(seen.Asked, []int{6, 4}) || seen.Approved != 0 || seen.Switch.On {
		t.Errorf("seen %+v", seen)
	}
	held, err := s.Held(ctx, "key2", []string{BusinessLicense, RealEstateTitle}, 5)
	if err != nil || len(held) != 2 || held[0].ID != Row(6).ID || held[1].ID != Row(1).ID {
		t.Errorf("held %+v %v", held, err)
	}
	if held, err := s.Held(ctx, "key2", []string{BusinessLicense, RealEstateTitle}, 1); err != nil || len(held) != 1 {
		t.Errorf("held %d %v", len(held), err)
	}
	if held, err := s.Held(ctx, "key2", nil, 5); err != nil || len(held) != 0 {
		t.Errorf("of no type: %d %v", len(held), err)
	}
	if _, _, _, err := s.Rule(ctx, id, ask, func(l *elicense.License, seen elicense.RulingSeen) (elicense.Ruling, elicense.Change, error) {
		r, change, err := ruleAs(catalog.OutcomeApprove, 1)(l, seen)
		change.Record = audit.Record{}
		return r, change, err
	}); err == nil {
		t.Error("a ruling is stored without an audit event")
	}
	if _, err := s.FindRuling(ctx, id); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("half a ruling: %v", err)
	}
	l, r, made, err := s.Rule(ctx, id, ask, ruleAs(catalog.OutcomeApprove, 1))
	if err != nil || !made || l.State != elicense.StateApproved || l.Revision != 2 || !reflect.DeepEqual(r, rulingOf(0, catalog.OutcomeApprove, 1)) {
		t.Errorf("%+v %+v %v %v", l, r, made, err)
	}
	stored, err := s.FindRuling(ctx, id)
	if err != nil || !reflect.DeepEqual(stored, r) {
		t.Errorf("stored %+v %v", stored, err)
	}
	again, same, made, err := s.Rule(ctx, id, ask, ruleAs(catalog.OutcomeRefuse, 2))
	if err != nil || made || !reflect.DeepEqual(same, r) || again.State != elicense.StateApproved || again.Revision != 2 {
		t.Errorf("decided again: %+v %+v %v %v", again, same, made, err)
	}
	for day, want := range map[string]int{"20261124": 1, "20261123": 1, "20261125": 0} {
		if seen := seenBy(t, s, Row(7).ID, elicense.RulingAsk{Day: day}); seen.Approved != want {
			t.Errorf("approved on %s: %d", day, seen.Approved)
		}
	}
	if _, _, _, err := s.Rule(ctx, Row(7).ID, elicense.RulingAsk{Day: "20261124"}, ruleAs(catalog.OutcomeRefer, 3)); err != nil {
		t.Fatal(err)
	}
	if seen := seenBy(t, s, Row(3).ID, elicense.RulingAsk{Day: "20261124"}); seen.Approved != 1 {
		t.Errorf("what is referred counts: %d", seen.Approved)
	}
}

// rulingsInParallel: of many who ask for one application one decides, and of many applications no more are approved than the judges allow.
func rulingsInParallel(t *testing.T, s elicense.Store) {
	const callers, ceiling = 50, 7
	for n := range callers {
		l := Row(n)
		l.HolderKeys = []string{fmt.Sprint("own", n)}
		create(t, s, l)
	}
	ask := elicense.RulingAsk{Day: "20261124"}
	var decided, approved atomic.Int64
	var wait sync.WaitGroup
	for n := range callers {
		wait.Go(func() {
			if _, _, made, err := s.Rule(ctx, Row(0).ID, ask, ruleAs(catalog.OutcomeRefer, n)); err != nil {
				t.Error(err)
			} else if made {
				decided.Add(1)
			}
			if n == 0 {
				return
			}
			_, r, _, err := s.Rule(ctx, Row(n).ID, ask, func(l *elicense.License, seen elicense.RulingSeen) (elicense.Ruling, elicense.Change, error) {
				if seen.Approved >= ceiling {
					return ruleAs(catalog.OutcomeRefer, n)(l, seen)
				}
				return ruleAs(catalog.OutcomeApprove, n)(l, seen)
			})
			if err != nil {
				t.Error(err)
			} else if r.Outcome == catalog.OutcomeApprove {
				approved.Add(1)
			}
		})
	}
	wait.Wait()
	if decided.Load() != 1 || approved.Load() != ceiling {
		t.Errorf("%d decided, %d approved", decided.Load(), approved.Load())
	}
}

// rulingOf is the ruling about a row of an authority of its own.
func rulingOf(n int, outcome catalog.Outcome, at int) elicense.Ruling {
	l := Row(n)
	l.AuthorityCode = fmt.Sprintf("%s%d", AuthorityCode, n)
	return rulingRow(l, outcome, at)
}

func ofRow(n int) string { return Row(n).ID }

func rulingLists(t *testing.T, s elicense.Store) {
	outcomes := []catalog.Outcome{catalog.OutcomeApprove, catalog.OutcomeRefer, catalog.OutcomeRefuse, catalog.OutcomeRefer, catalog.OutcomeRefer}
	for n, outcome := range outcomes {
		l := Row(n)
		l.Area = fmt.Sprintf("33/%d/", n%2)
		create(t, s, l)
		if _, _, _, err := s.Rule(ctx, l.ID, elicense.RulingAsk{Day: "20261124"}, ruleAs(outcome, n/2)); err != nil { // two at each moment
			t.Fatal(err)
		}
	}
	list := func(f elicense.RulingFilter) (ids []string) {
		t.Helper()
		f.Limit = 2
		for range 10 {
			page, next, err := s.Rulings(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				ids = append(ids, r.License)
			}
			if next == "" {
				return ids
			}
			f.After = next
		}
		t.Fatal("no end")
		return nil
	}
	for name, test := range map[string]struct {
		filter elicense.RulingFilter
		want   []string
	}{
		"all, newest first": {elicense.RulingFilter{}, []string{ofRow(4), ofRow(3), ofRow(2), ofRow(1), ofRow(0)}},
		"referred":          {elicense.RulingFilter{Outcome: "refer"}, []string{ofRow(4), ofRow(3), ofRow(1)}},
		"of an area":        {elicense.RulingFilter{Areas: []string{"33/1/"}}, []string{ofRow(3), ofRow(1)}},
		"of no area":        {elicense.RulingFilter{Areas: []string{}}, nil},
		"of another type":   {elicense.RulingFilter{TypeCode: RealEstateTitle}, nil},
		"of the type":       {elicense.RulingFilter{TypeCode: BusinessLicense, AuthorityCode: AuthorityCode, Outcome: "refuse"}, []string{ofRow(2)}},
	} {
		if got := list(test.filter); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func ruleSwitches(t *testing.T, s elicense.Store) {
	w, err := s.FindRuleSwitch(ctx, AuthorityCode, BusinessLicense)
	if err != nil || !reflect.DeepEqual(w, elicense.RuleSwitch{AuthorityCode: AuthorityCode, TypeCode: BusinessLicense}) {
		t.Errorf("untouched: %+v %v", w, err)
	}
	w.ProposedBy, w.ProposedAt, w.ChangedBy, w.ChangedAt, w.Reason = "staff:a", Start, "staff:a", Start, "why"
	if err := s.PutRuleSwitch(ctx, w, audit.Record{}); err == nil {
		t.Error("a switch is stored without an audit event")
	}
	if err := s.PutRuleSwitch(ctx, w, record("proposed")); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRuleSwitch(ctx, w, record("proposed")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("a revision that is over: %v", err)
	}
	w.Revision++
	w.On, w.OnBy, w.ProposedBy, w.ProposedAt = true, []string{"staff:a", "staff:b"}, "", time.Time{}
	if err := s.PutRuleSwitch(ctx, w, record("confirmed")); err != nil {
		t.Fatal(err)
	}
	w.Revision++
	if got, err := s.FindRuleSwitch(ctx, AuthorityCode, BusinessLicense); err != nil || !reflect.DeepEqual(got, w) {
		t.Errorf("got %+v %v", got, err)
	}
	create(t, s, Row(1))
	if seen := seenBy(t, s, Row(1).ID, elicense.RulingAsk{Day: "20261124"}); !reflect.DeepEqual(seen.Switch, w) {
		t.Errorf("seen %+v", seen.Switch)
	}
	for _, code := range []string{RealEstateTitle, "11980000MB7QX1050L001"} {
		if err := s.PutRuleSwitch(ctx, elicense.RuleSwitch{AuthorityCode: AuthorityCode, TypeCode: code}, record("proposed")); err != nil {
			t.Fatal(err)
		}
	}
	var codes []string
	for after := ""; ; {
		page, next, err := s.RuleSwitches(ctx, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page {
			codes = append(codes, w.TypeCode)
		}
		if after = next; next == "" {
			break
		}
	}
	if !reflect.DeepEqual(codes, []string{BusinessLicense, RealEstateTitle, "11980000MB7QX1050L001"}) {
		t.Errorf("listed %v", codes)
	}
}

func appeals(t *testing.T, s elicense.Store) {
	for n := range 3 {
		l := Row(n)
		l.State, l.Area = elicense.StateRejected, fmt.Sprintf("33/%d/", n)
		create(t, s, l)
		a := elicense.Appeal{ID: fmt.Sprint("apl_", n), Revision: 1, License: l.ID, TypeCode: l.TypeCode, State: elicense.AppealOpen, Digest: "d", DataKey: "k", Data: []byte{1}, FiledBy: "account:x", FiledAt: Start}
		if err := s.AddAppeal(ctx, a, audit.Record{}); err == nil {
			t.Error("an appeal is stored without an audit event")
		}
		if err := s.AddAppeal(ctx, a, record("appealed")); err != nil {
			t.Fatal(err)
		}
		if got, err := s.FindAppeal(ctx, l.ID); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v %v", got, err)
		}
		if err := s.AddAppeal(ctx, a, record("appealed")); !errors.Is(err, elicense.ErrStale) {
			t.Errorf("twice: %v", err)
		}
	}
	stop := errors.New("stop")
	if _, _, err := s.ChangeAppeal(ctx, ofRow(0), func(a *elicense.Appeal, l *elicense.License) (audit.Record, error) {
		a.State, l.State = elicense.AppealGranted, elicense.StateApproved
		return record("decided"), stop
	}); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	claimed, l, err := s.ChangeAppeal(ctx, ofRow(0), func(a *elicense.Appeal, _ *elicense.License) (audit.Record, error) {
		a.ClaimedBy, a.ClaimedTo = "staff:r", Start.Add(time.Hour)
		return record("claimed"), nil
	})
	if err != nil || claimed.Revision != 2 || claimed.ClaimedBy != "staff:r" || l.Revision != 1 || l.State != elicense.StateRejected {
		t.Errorf("claimed %+v, licence %+v, %v", claimed, l, err)
	}
	granted, l, err := s.ChangeAppeal(ctx, ofRow(0), func(a *elicense.Appeal, l *elicense.License) (audit.Record, error) {
		a.State, a.DecidedBy, a.DecidedAt, a.Reason, l.State, l.Reviewer = elicense.AppealGranted, "staff:r", Start, "why", elicense.StateApproved, "staff:r"
		return record("decided"), nil
	})
	if err != nil || l.Revision != 2 || l.State != elicense.StateApproved {
		t.Errorf("granted: %+v %v", l, err)
	}
	if got, err := s.FindAppeal(ctx, ofRow(0)); err != nil || !reflect.DeepEqual(got, granted) {
		t.Errorf("stored %+v %v", got, err)
	}
	if got, err := s.Find(ctx, ofRow(0)); err != nil || got.State != elicense.StateApproved {
		t.Errorf("licence %+v %v", got, err)
	}
	var ids []string
	for after := ""; ; {
		page, next, err := s.Appeals(ctx, elicense.AppealFilter{State: string(elicense.AppealOpen), After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			ids = append(ids, a.License)
		}
		if after = next; next == "" {
			break
		}
	}
	if !reflect.DeepEqual(ids, []string{ofRow(1), ofRow(2)}) {
		t.Errorf("open %v", ids)
	}
	if page, _, err := s.Appeals(ctx, elicense.AppealFilter{Areas: []string{"33/2/"}, Limit: 5}); err != nil || len(page) != 1 || page[0].License != ofRow(2) {
		t.Errorf("of an area: %+v %v", page, err)
	}
	// Of many who decide about one, one does.
	var decided atomic.Int64
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			_, _, err := s.ChangeAppeal(ctx, ofRow(1), func(a *elicense.Appeal, l *elicense.License) (audit.Record, error) {
				if a.State != elicense.AppealOpen {
					return audit.Record{}, stop
				}
				a.State, l.State = elicense.AppealGranted, elicense.StateApproved
				return record("decided"), nil
			})
			if err == nil {
				decided.Add(1)
			} else if !errors.Is(err, stop) && !errors.Is(err, elicense.ErrStale) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if decided.Load() != 1 {
		t.Errorf("%d decided", decided.Load())
	}
}
