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

// orderOf is a sealed order in force for the licence of grantTo, the portal and the case c.
func orderOf(n int) elicense.Order {
	return elicense.Order{
		ID: fmt.Sprint("lorder_", n), Number: "N-1", Organ: "the court", LegalBasis: "some law", Client: "portal", CaseNumber: "c", LicenseIDs: []string{"1.1", "1.2"}, Area: "1/2/", State: elicense.OrderInForce,
		Until: Start.Add(24 * time.Hour), ProposedBy: "staff:a", ProposedAt: Start.Add(time.Duration(n/2) * time.Second), DecidedBy: "staff:b", DecidedAt: Start.Add(time.Minute), Note: "seen",
	}
}

// orders: kept, listed by area and state, moved from the state that was read and from no other.
func orders(t *testing.T, s elicense.Store) {
	for n := range 5 {
		o := orderOf(n)
		if n == 4 {
			o.State, o.Area = elicense.OrderProposed, "1/3/"
		}
		if err := s.AddOrder(ctx, o, record("proposed")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.FindOrder(ctx, "lorder_3"); err != nil || !reflect.DeepEqual(got, orderOf(3)) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.FindOrder(ctx, "lorder_x"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if err := s.AddOrder(ctx, orderOf(9), audit.Record{}); err == nil {
		t.Error("stored without a record")
	}
	for name, c := range map[string]struct {
		filter elicense.OrderFilter
		want   []string
	}{
		"all":      {elicense.OrderFilter{Limit: 2}, []string{"lorder_4", "lorder_3", "lorder_2", "lorder_1", "lorder_0"}},
		"in force": {elicense.OrderFilter{State: elicense.OrderInForce, Limit: 2}, []string{"lorder_3", "lorder_2", "lorder_1", "lorder_0"}},
		"of areas": {elicense.OrderFilter{Areas: []string{"1/3/", "2/"}, Limit: 2}, []string{"lorder_4"}},
		"nowhere":  {elicense.OrderFilter{Areas: []string{}, Limit: 2}, nil},
	} {
		ids := idsOf(everyPage(t, func(after string) ([]elicense.Order, string, error) {
			c.filter.After = after
			return s.ListOrders(ctx, c.filter)
		}), func(o elicense.Order) string { return o.ID })
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v", name, ids)
		}
	}
	if _, _, err := s.ListOrders(ctx, elicense.OrderFilter{After: "x", Limit: 2}); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a cursor that is none: %v", err)
	}
	o := orderOf(1)
	o.State, o.EndedBy, o.EndedAt, o.Note = elicense.OrderEnded, "staff:c", Start.Add(time.Hour), "closed"
	for i, want := range []bool{true, false} {
		if done, err := s.MoveOrder(ctx, o, elicense.OrderInForce, record("ended")); err != nil || done != want {
			t.Errorf("ended, call %d: %v %v", i, done, err)
		}
	}
	if got, err := s.FindOrder(ctx, o.ID); err != nil || !reflect.DeepEqual(got, o) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.MoveOrder(ctx, elicense.Order{ID: "lorder_2", State: elicense.OrderEnded}, elicense.OrderInForce, audit.Record{}); err == nil {
		t.Error("ended without a record")
	}
	list, err := s.OrdersToTell(ctx, Start.Add(24*time.Hour), 3)
	if err != nil || len(list) != 3 || list[0].ID != "lorder_0" || list[1].ID != "lorder_1" {
		t.Errorf("to tell: %+v %v", list, err)
	}
	if list, err = s.OrdersToTell(ctx, Start, 9); err != nil || len(list) != 1 || list[0].ID != o.ID {
		t.Errorf("to tell before their time: %+v %v", list, err)
	}
	for i, want := range []bool{true, false} {
		if done, err := s.OrderTold(ctx, o.ID, Start.Add(2*time.Hour), record("told")); err != nil || done != want {
			t.Errorf("told, call %d: %v %v", i, done, err)
		}
	}
	if done, err := s.OrderTold(ctx, "lorder_2", Start, record("told")); err != nil || done {
		t.Errorf("told while it is in force: %v %v", done, err)
	}
}

// ordered is a grant under an order.
func ordered(order string, n int) elicense.Grant {
	g := grantTo("account:a", "portal", n)
	g.Mode, g.Order, g.Withheld = elicense.GrantOrder, order, true
	return g
}

// usesUnderOrder: the holder sees nothing of them until they are told, and a freeze does not stop them; what the order does not name is refused.
func usesUnderOrder(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	if err := s.AddOrder(ctx, orderOf(1), record("proposed")); err != nil {
		t.Fatal(err)
	}
	proposed := orderOf(2)
	proposed.State = elicense.OrderProposed
	if err := s.AddOrder(ctx, proposed, record("proposed")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Freeze(ctx, freezeOf("account:a", ""), record("frozen")); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(g *elicense.Grant){
		"no order":            func(g *elicense.Grant) { g.Order = "lorder_x" },
		"not in force":        func(g *elicense.Grant) { g.Order = proposed.ID },
		"another application": func(g *elicense.Grant) { g.Grantee = "other" },
		"another case":        func(g *elicense.Grant) { g.CaseNumber = "d" },
		"another licence":     func(g *elicense.Grant) { g.LicenseID = "1.3" },
		"at its end":          func(g *elicense.Grant) { g.CreatedAt = Start.Add(24 * time.Hour) },
	} {
		g := ordered("lorder_1", 1)
		change(&g)
		if err := s.AddGrant(ctx, g, record("given")); !errors.Is(err, elicense.ErrNoOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := ordered("lorder_1", 1)
	if err := s.AddGrant(ctx, g, record("given")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.FindGrant(ctx, g.ID); err != nil || !reflect.DeepEqual(got, g) {
		t.Errorf("%+v %v", got, err)
	}
	c := elicense.LicenseCopy{ID: "lcopy_1", Grant: g.ID, HolderRef: "account:a", License: Row(1).ID, Grantee: "portal", Order: "lorder_1", Original: "o", SealID: SealID, Data: licensefile.Copy{ID: "lcopy_1"}, CreatedAt: Start, Expires: Start.Add(time.Hour)}
	if done, err := s.Redeem(ctx, g.ID, Start, usedBy("account:a", "luse_1", Start), &c, record("used")); err != nil || !done {
		t.Fatal(done, err)
	}
	if got, err := s.FindCopy(ctx, c.ID); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := s.FinishCopy(ctx, c.ID, "f", Start.Add(24*time.Hour), record("sealed")); !errors.Is(err, elicense.ErrFrozen) {
		t.Errorf("a copy that is finished after the order: %v", err)
	}
	if got, err := s.FinishCopy(ctx, c.ID, "f", Start, record("sealed")); err != nil || got.File != "f" {
		t.Errorf("%+v %v", got, err)
	}
	sees := func(want int) {
		t.Helper()
		page, _, err := s.ListGrants(ctx, elicense.GrantQuery{HolderRef: "account:a", Limit: 9})
		lines, err2 := s.ListUses(ctx, elicense.UseQuery{HolderRef: "account:a", Till: Start.Add(time.Hour), Limit: 9})
		receivers, err3 := s.UseReceivers(ctx, "account:a", 9)
		_, err4 := s.FindUse(ctx, "account:a", "luse_1")
		if errors.Join(err, err2, err3) != nil || len(page) != want || len(lines) != want || len(receivers) != want || (err4 == nil) != (want == 1) {
			t.Errorf("the holder sees %d grants, %d uses, %v, %v; want %d of each; %v", len(page), len(lines), receivers, err4, want, errors.Join(err, err2, err3))
		}
	}
	sees(0)
	if page, _, err := s.ListGrants(ctx, elicense.GrantQuery{Grantee: "portal", Limit: 9}); err != nil || len(page) != 1 {
		t.Errorf("the application sees %d, %v", len(page), err)
	}
	if o, err := s.FindOrder(ctx, "lorder_1"); err != nil || o.Uses != 2 {
		t.Errorf("%d uses of the order, %v", o.Uses, err)
	}
	o := orderOf(1)
	o.State = elicense.OrderEnded
	if done, err := s.MoveOrder(ctx, o, elicense.OrderInForce, record("ended")); err != nil || !done {
		t.Fatal(done, err)
	}
	if done, err := s.Redeem(ctx, g.ID, Start, usedBy("account:a", "luse_1", Start), nil, record("used")); !errors.Is(err, elicense.ErrNoOrder) || done {
		t.Errorf("a use after the order: %v %v", done, err)
	}
	if got, err := s.FindGrant(ctx, g.ID); err != nil || got.Left != 1 {
		t.Errorf("the refused use was taken: %+v %v", got, err)
	}
	if done, err := s.OrderTold(ctx, "lorder_1", Start, record("told")); err != nil || done {
		t.Errorf("told before its grant was: %v %v", done, err)
	}
	list, err := s.WithheldGrants(ctx, "lorder_1", 9)
	if err != nil || len(list) != 1 || list[0].ID != g.ID {
		t.Errorf("withheld: %+v %v", list, err)
	}
	if done, err := s.TellGrant(ctx, g.ID, audit.Record{}); err == nil || done {
		t.Error("told without a record")
	}
	sees(0)
	if _, err := s.Follow(ctx, "account:a", "account:b", record("merged")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Follow(ctx, "account:b", "account:a", record("merged")); err != nil {
		t.Fatal(err)
	}
	sees(0)
	for i, want := range []bool{true, false} {
		if done, err := s.TellGrant(ctx, g.ID, record("told")); err != nil || done != want {
			t.Errorf("told, call %d: %v %v", i, done, err)
		}
	}
	sees(1)
	if done, err := s.OrderTold(ctx, "lorder_1", Start, record("told")); err != nil || !done {
		t.Errorf("told: %v %v", done, err)
	}
}

// orderAndItsEnd: of uses and the end of their order at once, none is stored behind the end, and what stands is what was told to callers.
func orderAndItsEnd(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	for round := range 4 {
		o := orderOf(round)
		if err := s.AddOrder(ctx, o, record("proposed")); err != nil {
			t.Fatal(err)
		}
		for n := range 8 {
			g := ordered(o.ID, 100*round+n)
			g.Uses, g.Left = 20, 20
			if err := s.AddGrant(ctx, g, record("given")); err != nil {
				t.Fatal(err)
			}
		}
		var group sync.WaitGroup
		var told atomic.Int64
		uses := func() int64 {
			is, err := s.FindOrder(ctx, o.ID)
			if err != nil {
				t.Error(err)
			}
			return is.Uses - 8
		}
		var when int64
		for n := range 8 {
			group.Go(func() {
				for range 20 {
					id := fmt.Sprint("lgrant_", 100*round+n)
					done, err := s.Redeem(ctx, id, Start, usedBy("account:a", "luse_"+id, Start), nil, record("used"))
					switch {
					case err == nil && done:
						told.Add(1)
					case !errors.Is(err, elicense.ErrNoOrder):
						t.Errorf("use: %v %v", done, err)
					}
				}
			})
		}
		group.Go(func() {
			o.State = elicense.OrderEnded
			if done, err := s.MoveOrder(ctx, o, elicense.OrderInForce, record("ended")); err != nil || !done {
				t.Errorf("end: %v %v", done, err)
			}
			when = uses()
		})
		group.Wait()
		if got := uses(); got != when || got != told.Load() {
			t.Errorf("%d uses were told, %d stood when the end was told and %d do now", told.Load(), when, got)
		}
	}
}
