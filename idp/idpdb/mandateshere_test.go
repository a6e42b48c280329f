package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestUsesAtOurOwnPages: a use is stored with its line of the ledger while the mandate and its principal stand, once for a page that is loaded
// again within the minute, and not at all from the end on.
func TestUsesAtOurOwnPages(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		m := proposal("mdt_1")
		use := func(id string, after time.Duration) error {
			now := at.Add(after)
			line := idp.Release{AccountID: m.Principal, ID: "rel_" + m.ID, ClientID: idp.ReceiverActing, Channel: idp.ChannelActing, Claims: []string{"ial"}, Basis: idp.Basis{Mandate: m.ID}, Count: 1, First: now, Last: now}
			return s.UseMandate(ctx, mandate.UsedHere{Mandate: m, ID: id, What: mandate.UseLook, At: now, Minute: now.Truncate(time.Minute), Releases: []idp.Release{line}}, record())
		}
		must(t, s.PutMandate(ctx, m, mandate.Bounds{}, record()))
		if err := use("use_1", 0); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("a proposal: %v", err)
		}
		must(t, s.ConfirmMandate(ctx, m.Principal, m.ID, mandate.SideAgent, at, record()))
		for _, test := range []struct {
			agent string
			want  error
		}{{"acc", nil}, {"elder", idp.ErrNotFound}, {"third", idp.ErrNotFound}} {
			standing, err := s.MandateStanding(ctx, test.agent, m.ID)
			if !errors.Is(err, test.want) || err == nil && !standing.Holds(at) {
				t.Errorf("standing for %s: %+v, %v", test.agent, standing, err)
			}
		}
		other := m
		other.Agent = "third"
		if err := s.UseMandate(ctx, mandate.UsedHere{Mandate: other, ID: "use_x", What: mandate.UseLook, At: at, Minute: at}, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("by another agent: %v", err)
		}
		for _, test := range []struct {
			id    string
			after time.Duration
			want  error
		}{{"use_1", time.Second, nil}, {"use_1", 2 * time.Second, nil}, {"use_2", 2 * time.Minute, nil}, {"use_3", 24 * time.Hour, mandate.ErrMoved}, {"use_4", -time.Second, mandate.ErrMoved}} {
			if err := use(test.id, test.after); !errors.Is(err, test.want) {
				t.Errorf("%s after %s: %v", test.id, test.after, err)
			}
		}
		uses, err := s.MandateUses(ctx, m.Principal, m.ID, mandate.Mark{}, 10)
		if err != nil || len(uses) != 2 || uses[0].What != mandate.UseLook || uses[0].ClientID != "" || uses[0].Agent != "acc" || uses[0].At.Before(uses[1].At) {
			t.Errorf("uses %+v, %v", uses, err)
		}
		lines, err := s.Releases(ctx, idp.ReleaseQuery{AccountID: m.Principal, Limit: 10})
		if err != nil || len(lines) != 1 || lines[0].Count != 3 || lines[0].Basis.Mandate != m.ID || lines[0].Channel != idp.ChannelActing {
			t.Errorf("the ledger %+v, %v", lines, err)
		}
		must(t, s.SetState(ctx, m.Principal, idp.AccountSuspended, at, record()))
		if err := use("use_5", 5*time.Minute); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("a suspended principal: %v", err)
		}
		if standing, err := s.MandateStanding(ctx, "acc", m.ID); err != nil || standing.Holds(at) {
			t.Errorf("a suspended principal stands: %+v, %v", standing, err)
		}
	})
}

// TestUsesAtOurOwnPagesMeetTheEnd: nothing is on record as used after the end of the mandate.
func TestUsesAtOurOwnPagesMeetTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		m := proposal("mdt_1")
		active(t, s, m)
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				err := s.UseMandate(ctx, mandate.UsedHere{Mandate: m, ID: fmt.Sprint("use_", i), What: mandate.UseLook, At: at, Minute: at}, record())
				if err != nil && !errors.Is(err, mandate.ErrMoved) {
					t.Errorf("use: %v", err)
				}
			})
		}
		group.Go(func() {
			must(t, s.EndMandate(ctx, m.Principal, m.ID, mandate.End{State: mandate.Revoked, At: at}, record()))
		})
		group.Wait()
		if err := s.UseMandate(ctx, mandate.UsedHere{Mandate: m, ID: "use_late", What: mandate.UseLook, At: at, Minute: at}, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestActUnderMeetsEndAndFreeze: of changes of another room under a mandate and the end of the mandate none is stored behind the end, and none while it is frozen.
func TestActUnderMeetsEndAndFreeze(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		m := proposal("mdt_1")
		active(t, s, m)
		act := func(object string) error {
			return db.Write(ctx, func(tx sqldb.Tx) error {
				return idpdb.ActUnder(ctx, tx, mandate.Used(m, mandate.UseLend, object, at, nil))
			})
		}
		must(t, act("one"))
		must(t, act("two"))
		must(t, db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE idp_mandate SET frozen_at = 1")
			return err
		}))
		if err := act("frozen"); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("while frozen: %v", err)
		}
		must(t, db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE idp_mandate SET frozen_at = 0")
			return err
		}))
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				if err := act(fmt.Sprint("race ", i)); err != nil && !errors.Is(err, mandate.ErrMoved) {
					t.Errorf("act: %v", err)
				}
			})
		}
		group.Go(func() {
			must(t, s.EndMandate(ctx, m.Principal, m.ID, mandate.End{State: mandate.Revoked, At: at}, record()))
		})
		group.Wait()
		before, err := s.MandateUses(ctx, m.Principal, m.ID, mandate.Mark{}, 20)
		must(t, err)
		if err := act("late"); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("after the end: %v", err)
		}
		if after, err := s.MandateUses(ctx, m.Principal, m.ID, mandate.Mark{}, 20); err != nil || len(after) != len(before) || len(after) < 2 || after[0].What != mandate.UseLend {
			t.Errorf("uses %+v, %v", after, err)
		}
	})
}
