package idpdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestWhatIsPassedOnRestsWithWhoPassedItOn: while the agent between is suspended, a mandate that was passed on is not offered, carries no use
// at our own pages and does not stand; its own agent is active all the time.
func TestWhatIsPassedOnRestsWithWhoPassedItOn(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		parent, child := proposal("mdt_p"), proposal("mdt_c")
		active(t, s, parent)
		child.Agent, child.Via, child.Parent, child.Depth, child.Delegable = "third", "acc", parent.ID, 2, false
		active(t, s, child)
		uses := 0
		holds := func(when string, want bool) {
			t.Helper()
			live, err := s.LiveMandates(ctx, "third", at, 10)
			must(t, err)
			if (len(live) == 1) != want {
				t.Errorf("%s: %d mandates are offered", when, len(live))
			}
			standing, err := s.MandateStanding(ctx, "third", child.ID)
			must(t, err)
			if standing.Backed != want || standing.Holds(at) != want {
				t.Errorf("%s: it stands as %+v", when, standing)
			}
			err = s.UseMandate(ctx, mandate.UsedHere{Mandate: child, ID: "use_" + when, What: mandate.UseLook, At: at, Minute: at.Add(time.Duration(uses) * time.Minute)}, record())
			if want {
				uses++
			}
			if want && err != nil || !want && !errors.Is(err, mandate.ErrMoved) {
				t.Errorf("%s: a use: %v", when, err)
			}
			if n := counted(t, db, "SELECT COUNT(*) FROM idp_mandate_use WHERE mandate_id = $1", child.ID); n != uses {
				t.Errorf("%s: %d uses on record instead of %d", when, n, uses)
			}
		}
		holds("before", true)
		must(t, s.SetState(ctx, "acc", idp.AccountSuspended, at, record()))
		holds("suspended", false)
		must(t, s.SetState(ctx, "acc", idp.AccountActive, at, record()))
		holds("again", true)
	})
}
