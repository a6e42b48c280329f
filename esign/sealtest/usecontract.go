package sealtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// useStore is the part of the contract about rules and requests.
var useStore = map[string]func(*testing.T, esign.Store){
	"rules by version":                 rulesByVersion,
	"requests are kept":                requestsAreKept,
	"requests from the newest":         requestsNewestFirst,
	"approvals of a request":           approvalsOfARequest,
	"a request ends once":              aRequestEndsOnce,
	"a use is taken once":              aUseIsTakenOnce,
	"a use of this very stamp":         aUseOfThisVeryStamp,
	"an abandoned stamp gives it back": abandonedGivesBack,
	"another rule in force":            anotherRuleInForce,
	"no audit, no request":             noAuditNoRequest,
	"documents of ended requests":      documentsOfEndedRequests,
}

// Wish is a request for store tests: of the requester and document of Plan.
func Wish(n int, sealID string) esign.UseRequest {
	at := Start.Add(time.Duration(n) * time.Second)
	return esign.UseRequest{ID: fmt.Sprintf("use_%04d", n), SealID: sealID, State: esign.UseRequested, Requester: "staff:a", Key: fmt.Sprint("wish", n), SourceSM3: "00ff", File: "通知.ofd", Kept: true, Remote: n%2 == 1, Item: "item", Purpose: "目的",
		Places: places[n%len(places)], Approver: esign.RoleApprover, Needed: 1, Hours: 24, Uses: 1, Left: 1, Digest: "abcd", CreatedAt: at, ExpiresAt: at.Add(time.Hour), SealName: Row(1).Name}
}

func wish(t *testing.T, s esign.Store, u esign.UseRequest) esign.UseRequest {
	t.Helper()
	if err := s.AddUse(ctx, u, record("requested")); err != nil {
		t.Fatal(err)
	}
	return u
}

// agreed is a request that was approved a second after it was made.
func agreed(t *testing.T, s esign.Store, u esign.UseRequest) esign.UseRequest {
	t.Helper()
	wish(t, s, u)
	a := esign.UseApproval{By: "staff:b", Digest: u.Digest, At: u.CreatedAt.Add(time.Second)}
	u.State, u.DecidedBy, u.DecidedAt, u.ExpiresAt, u.Approvals = esign.UseApproved, a.By, a.At, a.At.Add(24*time.Hour), []esign.UseApproval{a}
	if err := s.ApproveUse(ctx, u, a, 0, record("approved")); err != nil {
		t.Fatal(err)
	}
	return u
}

func useOf(t *testing.T, s esign.Store, id string) esign.UseRequest {
	t.Helper()
	u, err := s.Use(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func rulesByVersion(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	none, err := s.SealRule(ctx, row.ID)
	if err != nil || !same(none, esign.SealRule{SealID: row.ID}) {
		t.Errorf("%+v %v", none, err)
	}
	first := esign.SealRule{SealID: row.ID, Version: 1, Waiting: &esign.RuleChange{Rule: esign.Rule{When: esign.WhenExcept, Purposes: []string{"公布", "通知"}, Approver: esign.RoleKeeper, Approvals: 2, Hours: 3, Uses: 4, Platform: true, Remote: true}, By: "a", At: Start}}
	want(t, "from a version that is not there", s.PutSealRule(ctx, first, 3, record("proposed")), esign.ErrChanged)
	want(t, "of no seal", s.PutSealRule(ctx, esign.SealRule{SealID: "seal_none", Version: 1}, 0, record("proposed")), esign.ErrChanged)
	want(t, "first", s.PutSealRule(ctx, first, 0, record("proposed")), nil)
	want(t, "first twice", s.PutSealRule(ctx, first, 0, record("proposed")), esign.ErrChanged)
	if got, err := s.SealRule(ctx, row.ID); err != nil || got.Waiting == nil || !same(*got.Waiting, *first.Waiting) || got.Number != 0 || got.Version != 1 {
		t.Errorf("%+v %v", got, err)
	}
	second := esign.SealRule{SealID: row.ID, Version: 2, Number: 1, Rule: first.Waiting.Rule, Proposer: "a", DecidedBy: "b", DecidedAt: Start}
	want(t, "second", s.PutSealRule(ctx, second, 1, record("in force")), nil)
	if got, err := s.SealRule(ctx, row.ID); err != nil || !same(got, second) {
		t.Errorf("%+v %v", got, err)
	}
	want(t, "from the one before", s.PutSealRule(ctx, second, 1, record("in force")), esign.ErrChanged)
}

func requestsAreKept(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := wish(t, s, Wish(3, row.ID))
	if got := useOf(t, s, u.ID); !same(got, u) {
		t.Errorf("got  %+v\nwant %+v", got, u)
	}
	if got, err := s.UseByKey(ctx, u.Requester, u.Key); err != nil || got.ID != u.ID {
		t.Error(got, err)
	}
	again := Wish(4, row.ID)
	again.Key = u.Key
	want(t, "the key twice", s.AddUse(ctx, again, record("requested")), esign.ErrExists)
	again.Requester = "staff:z"
	want(t, "the key of somebody else", s.AddUse(ctx, again, record("requested")), nil)
	if _, err := s.Use(ctx, "use_none"); !errors.Is(err, esign.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.UseByKey(ctx, u.Requester, "none"); !errors.Is(err, esign.ErrNotFound) {
		t.Error(err)
	}
	if all, err := s.UsesByID(ctx, []string{u.ID, "use_none", again.ID}); err != nil || len(all) != 2 {
		t.Error(len(all), err)
	}
	stopped := add(t, s, in(Row(2), esign.Suspended))
	want(t, "of a seal that is not in use", s.AddUse(ctx, Wish(5, stopped.ID), record("requested")), esign.ErrInactive)
}

func requestsNewestFirst(t *testing.T, s esign.Store) {
	row, other := Row(1), Row(2)
	row.Area, other.Area = "110000000000/", "370000000000/"
	add(t, s, row)
	add(t, s, other)
	for _, n := range []int{3, 1, 2} {
		wish(t, s, Wish(n, row.ID))
	}
	wish(t, s, Wish(4, other.ID))
	ids := func(q esign.UseQuery) (list []string) {
		t.Helper()
		if q.Now.IsZero() {
			q.Now = Start.Add(time.Minute)
		}
		if q.Limit == 0 {
			q.Limit = 10
		}
		page, err := s.UseRequests(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page {
			list = append(list, u.ID[len(u.ID)-1:])
		}
		return list
	}
	everywhere := []string{""}
	late := Wish(2, "").ExpiresAt // the first two are over
	for name, one := range map[string]struct {
		q    esign.UseQuery
		want string
	}{
		"all":           {esign.UseQuery{Areas: everywhere}, "4321"},
		"an area":       {esign.UseQuery{Areas: []string{row.Area}}, "321"},
		"no area":       {esign.UseQuery{}, ""},
		"a seal":        {esign.UseQuery{Areas: everywhere, SealID: other.ID}, "4"},
		"a page":        {esign.UseQuery{Areas: everywhere, Limit: 2}, "43"},
		"the next page": {esign.UseQuery{Areas: everywhere, Limit: 2, After: esign.Position{At: Wish(3, "").CreatedAt, ID: "use_0003"}}, "21"},
		"approvers":     {esign.UseQuery{Areas: everywhere, Approvers: []string{esign.RoleKeeper}}, ""},
		"waiting":       {esign.UseQuery{Areas: everywhere, State: esign.UseRequested, Approvers: []string{esign.RoleApprover}}, "4321"},
		"still waiting": {esign.UseQuery{Areas: everywhere, State: esign.UseRequested, Now: late}, "43"},
		"over":          {esign.UseQuery{Areas: everywhere, State: esign.UseExpired, Now: late}, "21"},
		"approved":      {esign.UseQuery{Areas: everywhere, State: esign.UseApproved}, ""},
	} {
		if got := ids(one.q); fmt.Sprint(got) != fmt.Sprint(splitted(one.want)) {
			t.Errorf("%s: %v, want %s", name, got, one.want)
		}
	}
	over, err := s.UsesOver(ctx, late, 10)
	if err != nil || len(over) != 2 || over[0].ID != "use_0001" {
		t.Error(len(over), err)
	}
}

func splitted(text string) (all []string) {
	for _, r := range text {
		all = append(all, string(r))
	}
	return all
}

func approvalsOfARequest(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := Wish(1, row.ID)
	u.Needed = 2
	wish(t, s, u)
	first := esign.UseApproval{By: "staff:b", Digest: u.Digest, At: u.CreatedAt.Add(time.Second)}
	half := u
	half.DecidedBy, half.DecidedAt, half.Approvals = first.By, first.At, []esign.UseApproval{first}
	other := first
	other.Digest = "ffff"
	want(t, "another digest", s.ApproveUse(ctx, half, other, 0, record("approved")), esign.ErrChanged)
	late := first
	late.At = u.ExpiresAt
	lateUse := half
	lateUse.DecidedAt = late.At
	want(t, "over", s.ApproveUse(ctx, lateUse, late, 0, record("approved")), esign.ErrChanged)
	want(t, "first", s.ApproveUse(ctx, half, first, 0, record("approved")), nil)
	if got := useOf(t, s, u.ID); !same(got, half) {
		t.Errorf("got  %+v\nwant %+v", got, half)
	}
	second := esign.UseApproval{By: "staff:c", Digest: u.Digest, At: first.At.Add(time.Second)}
	whole := half
	whole.State, whole.DecidedBy, whole.DecidedAt, whole.ExpiresAt, whole.Approvals = esign.UseApproved, second.By, second.At, second.At.Add(24*time.Hour), []esign.UseApproval{first, second}
	again := second
	again.By = first.By
	want(t, "the same person", s.ApproveUse(ctx, whole, again, 1, record("approved")), esign.ErrExists)
	want(t, "who did not see the first", s.ApproveUse(ctx, whole, second, 0, record("approved")), esign.ErrChanged)
	want(t, "suspend", s.UpdateSeal(ctx, in(row, esign.Suspended), esign.Active, record("changed")), nil)
	want(t, "while the seal is stopped", s.ApproveUse(ctx, whole, second, 1, record("approved")), esign.ErrInactive)
	want(t, "resume", s.UpdateSeal(ctx, row, esign.Suspended, record("changed")), nil)
	want(t, "second", s.ApproveUse(ctx, whole, second, 1, record("approved")), nil)
	if got := useOf(t, s, u.ID); !same(got, whole) {
		t.Errorf("got  %+v\nwant %+v", got, whole)
	}
	third := second
	third.By = "staff:d"
	want(t, "what is approved", s.ApproveUse(ctx, whole, third, 2, record("approved")), esign.ErrChanged)
}

func aRequestEndsOnce(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := wish(t, s, Wish(1, row.ID))
	u.State, u.Reason, u.DecidedBy, u.DecidedAt = esign.UseRefused, "理由", "staff:b", u.CreatedAt.Add(time.Minute)
	want(t, "from another state", s.EndUse(ctx, u, esign.UseApproved, record("ended")), esign.ErrChanged)
	want(t, "end", s.EndUse(ctx, u, esign.UseRequested, record("ended")), nil)
	want(t, "end twice", s.EndUse(ctx, u, esign.UseRequested, record("ended")), esign.ErrChanged)
	if got := useOf(t, s, u.ID); !same(got, u) {
		t.Errorf("got  %+v\nwant %+v", got, u)
	}
}

// under is a plan of a stamp under a request.
func under(n int, u esign.UseRequest) esign.Stamp {
	stamp := Plan(n, u.SealID)
	stamp.Approval = u.ID
	return stamp
}

func aUseIsTakenOnce(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := agreed(t, s, Wish(1, row.ID))
	if all, err := s.UsesOf(ctx, row.ID, u.Requester, u.SourceSM3, Start.Add(time.Minute), 5); err != nil || len(all) != 1 || len(all[0].Approvals) != 1 {
		t.Error(len(all), err)
	}
	var taken atomic.Int32
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			switch err := s.PlanStamp(ctx, under(100+n, u), nil, record("planned")); {
			case err == nil:
				taken.Add(1)
			case !errors.Is(err, esign.ErrUnapproved):
				t.Errorf("plan: %v", err)
			}
		})
	}
	group.Wait()
	if taken.Load() != 1 {
		t.Errorf("%d stamps under one approval", taken.Load())
	}
	if stamps, err := s.Stamps(ctx, esign.StampQuery{SealID: row.ID, After: esign.Position{}, Limit: 30}); err != nil || len(stamps) != 1 || stamps[0].Approval != u.ID {
		t.Errorf("%+v %v", stamps, err)
	}
	if got := useOf(t, s, u.ID); got.State != esign.UseUsed || got.Left != 0 {
		t.Errorf("%+v", got)
	}
	if all, err := s.UsesOf(ctx, row.ID, u.Requester, u.SourceSM3, Start.Add(time.Minute), 5); err != nil || len(all) != 0 {
		t.Error(len(all), err)
	}
}

func aUseOfThisVeryStamp(t *testing.T, s esign.Store) {
	row, second := add(t, s, Row(1)), add(t, s, Row(2))
	waiting := wish(t, s, Wish(1, row.ID))
	good := agreed(t, s, Wish(2, row.ID))
	for name, stamp := range map[string]esign.Stamp{
		"waits":              under(10, waiting),
		"another seal":       func() esign.Stamp { p := under(10, good); p.SealID = second.ID; return p }(),
		"another document":   func() esign.Stamp { p := under(10, good); p.SourceSM3 = "00fe"; return p }(),
		"another requester":  func() esign.Stamp { p := under(10, good); p.Requester = "staff:z"; return p }(),
		"over":               func() esign.Stamp { p := under(10, good); p.CreatedAt = good.ExpiresAt; return p }(),
		"a request of no id": func() esign.Stamp { p := under(10, good); p.Approval = "use_none"; return p }(),
	} {
		want(t, name, s.PlanStamp(ctx, stamp, nil, record("planned")), esign.ErrUnapproved)
	}
	if stamps, err := s.Stamps(ctx, esign.StampQuery{SealID: row.ID, After: esign.Position{}, Limit: 30}); err != nil || len(stamps) != 0 {
		t.Errorf("%+v %v", stamps, err)
	}
	withdrawn := good
	withdrawn.State = esign.UseWithdrawn
	want(t, "withdraw", s.EndUse(ctx, withdrawn, esign.UseApproved, record("ended")), nil)
	want(t, "withdrawn", s.PlanStamp(ctx, under(10, good), nil, record("planned")), esign.ErrUnapproved)
}

func abandonedGivesBack(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := agreed(t, s, Wish(1, row.ID))
	stamp := plan(t, s, under(10, u))
	next := stamp
	next.LeaseTo = stamp.LeaseTo.Add(time.Minute)
	want(t, "go on under it", s.TakeOver(ctx, next, stamp.LeaseTo, nil, record("resumed")), nil)
	if got := useOf(t, s, u.ID); got.Left != 0 {
		t.Errorf("going on changed the uses: %+v", got)
	}
	ended := next
	ended.State = esign.Abandoned
	want(t, "abandon", s.SettleStamp(ctx, ended, record("abandoned")), nil)
	if got := useOf(t, s, u.ID); got.State != esign.UseApproved || got.Left != 1 {
		t.Errorf("not given back: %+v", got)
	}
	want(t, "begin it again", s.TakeOver(ctx, next, next.LeaseTo, nil, record("resumed")), nil)
	if got := useOf(t, s, u.ID); got.State != esign.UseUsed || got.Left != 0 {
		t.Errorf("not taken again: %+v", got)
	}
	want(t, "abandon again", s.SettleStamp(ctx, ended, record("abandoned")), nil)
	want(t, "another stamp takes it", s.PlanStamp(ctx, under(11, u), nil, record("planned")), nil)
	want(t, "nothing is left for the first", s.TakeOver(ctx, next, next.LeaseTo, nil, record("resumed")), esign.ErrUnapproved)
	if got := stampOf(t, s, stamp); got.State != esign.Abandoned {
		t.Errorf("%+v", got)
	}
	bare := plan(t, s, Plan(12, row.ID))
	fresh := agreed(t, s, Wish(2, row.ID))
	bare.Approval, bare.LeaseTo = fresh.ID, bare.LeaseTo.Add(time.Minute)
	want(t, "a stamp that had none", s.TakeOver(ctx, bare, bare.LeaseTo, nil, record("resumed")), nil)
	if got := stampOf(t, s, bare); got.Approval != fresh.ID || useOf(t, s, fresh.ID).Left != 0 {
		t.Errorf("%+v", got)
	}
}

func anotherRuleInForce(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := agreed(t, s, Wish(1, row.ID))
	waiting := wish(t, s, Wish(2, row.ID))
	free := plan(t, s, Plan(3, row.ID))
	want(t, "rule", s.PutSealRule(ctx, esign.SealRule{SealID: row.ID, Version: 1, Number: 1, Rule: esign.Rule{When: esign.WhenAlways}}, 0, record("in force")), nil)
	want(t, "plan as judged before", s.PlanStamp(ctx, Plan(4, row.ID), nil, record("planned")), esign.ErrRule)
	want(t, "take over as judged before", s.TakeOver(ctx, free, free.LeaseTo, nil, record("resumed")), esign.ErrRule)
	stale := under(5, u)
	stale.Rule = 1
	want(t, "an approval of the rule before", s.PlanStamp(ctx, stale, nil, record("planned")), esign.ErrUnapproved)
	a := esign.UseApproval{By: "staff:b", Digest: waiting.Digest, At: waiting.CreatedAt}
	want(t, "approve under the rule before", s.ApproveUse(ctx, waiting, a, 0, record("approved")), esign.ErrRule)
	judged := Plan(6, row.ID)
	judged.Rule = 1
	want(t, "plan as judged now", s.PlanStamp(ctx, judged, nil, record("planned")), nil)
}

func noAuditNoRequest(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	u := wish(t, s, Wish(1, row.ID))
	ended := u
	ended.State = esign.UseRefused
	for name, change := range map[string]func() error{
		"rule": func() error { return s.PutSealRule(ctx, esign.SealRule{SealID: row.ID, Version: 1}, 0, audit.Record{}) },
		"add":  func() error { return s.AddUse(ctx, Wish(2, row.ID), audit.Record{}) },
		"approve": func() error {
			return s.ApproveUse(ctx, u, esign.UseApproval{By: "b", Digest: u.Digest, At: u.CreatedAt}, 0, audit.Record{})
		},
		"end": func() error { return s.EndUse(ctx, ended, esign.UseRequested, audit.Record{}) },
	} {
		if err := change(); err == nil {
			t.Errorf("%s: stored without an audit event", name)
		}
	}
	page, err := s.UseRequests(ctx, esign.UseQuery{Areas: []string{""}, Now: Start, Limit: 10})
	if err != nil || len(page) != 1 || page[0].State != esign.UseRequested || slices.ContainsFunc(page, func(u esign.UseRequest) bool { return len(u.Approvals) > 0 }) {
		t.Errorf("%+v %v", page, err)
	}
}

func documentsOfEndedRequests(t *testing.T, s esign.Store) {
	row := add(t, s, Row(1))
	about := func(n int, source string) esign.UseRequest {
		u := Wish(n, row.ID)
		u.SourceSM3 = source
		return u
	}
	end := func(u esign.UseRequest, from, to esign.UseState) esign.UseRequest {
		t.Helper()
		u.State, u.DecidedBy, u.DecidedAt = to, "staff:b", Start.Add(time.Minute)
		want(t, string(to), s.EndUse(ctx, u, from, record("ended")), nil)
		return u
	}
	first := end(wish(t, s, about(1, "aa")), esign.UseRequested, esign.UseRefused)
	end(agreed(t, s, about(2, "bb")), esign.UseApproved, esign.UseWithdrawn)
	end(wish(t, s, about(3, "cc")), esign.UseRequested, esign.UseExpired)
	wish(t, s, about(4, "aa"))   // waits
	agreed(t, s, about(5, "bb")) // is approved
	bare := about(6, "dd")
	bare.Kept = false
	end(wish(t, s, bare), esign.UseRequested, esign.UseRefused)
	used := agreed(t, s, about(7, "ee"))
	taking := under(10, used)
	taking.SourceSM3 = used.SourceSM3
	taking = plan(t, s, taking)
	kept := func(what string, ended time.Time, wanted ...string) {
		t.Helper()
		var ids []string
		all, err := s.UsesKept(ctx, ended, 10)
		for _, u := range all {
			ids = append(ids, u.ID)
		}
		if err != nil || !slices.Equal(ids, wanted) {
			t.Errorf("%s: %v %v, want %v", what, ids, err, wanted)
		}
	}
	held := func(what string, ended time.Time, wanted ...string) {
		t.Helper()
		all, err := s.DocumentsHeld(ctx, []string{"aa", "bb", "cc", "dd", "ee", "f1", "f2", "f3"}, ended)
		slices.Sort(all)
		if err != nil || !slices.Equal(all, wanted) {
			t.Errorf("%s: %v %v, want %v", what, all, err, wanted)
		}
	}
	ends, later := Start.Add(time.Minute), used.ExpiresAt
	kept("before they end", ends.Add(-time.Microsecond))
	kept("when they end", ends, "use_0001", "use_0002", "use_0003")
	kept("while a stamp is under way", later, "use_0001", "use_0002", "use_0003")
	held("while a stamp is under way", later, "aa", "bb", "ee")
	taking.State, taking.ResultSM3 = esign.Stored, "f1"
	want(t, "stored", s.SettleStamp(ctx, taking, record("stored")), nil)
	kept("used, before its approval is over", later.Add(-time.Microsecond), "use_0001", "use_0002", "use_0003")
	kept("used", later, "use_0001", "use_0002", "use_0003", used.ID)
	held("used", later, "aa", "bb", "f1")
	if all, err := s.UsesKept(ctx, later, 2); err != nil || len(all) != 2 || all[0].ID != first.ID {
		t.Error(len(all), err)
	}
	for n, result := range map[int]string{11: "f2", 12: "f3"} {
		stamp := Plan(n, row.ID)
		stamp.Unkept = n == 11
		stamp.Purpose = "\"Unkept\":true"
		stamp = plan(t, s, stamp)
		stamp.State, stamp.ResultSM3 = esign.Stored, result
		want(t, "stored", s.SettleStamp(ctx, stamp, record("stored")), nil)
	}
	held("a result that the caller keeps", later, "aa", "bb", "f1", "f3")
	if all, err := s.DocumentsHeld(ctx, nil, later); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
	first.RemovedAt = later
	if err := s.RemoveUseDocument(ctx, first, audit.Record{}); err == nil {
		t.Error("removed without an audit event")
	}
	kept("after a removal without an audit event", ends, "use_0001", "use_0002", "use_0003")
	want(t, "removed", s.RemoveUseDocument(ctx, first, record("removed")), nil)
	want(t, "removed twice", s.RemoveUseDocument(ctx, first, record("removed")), esign.ErrChanged)
	want(t, "what was never given", s.RemoveUseDocument(ctx, bare, record("removed")), esign.ErrChanged)
	if got := useOf(t, s, first.ID); !same(got, first) {
		t.Errorf("got  %+v\nwant %+v", got, first)
	}
	kept("removed", ends, "use_0002", "use_0003")
}
