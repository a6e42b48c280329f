package idpdb_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// household is a register that names every guardian, and counts.
type household struct{ asked atomic.Int32 }

func (*household) Name() string { return "register" }
func (h *household) Guardian(context.Context, mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	h.asked.Add(1)
	return mandate.GuardianAnswer{Match: true, Digest: "digest"}, nil
}
func (*household) Organisation(context.Context, mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	return mandate.OrganisationAnswer{}, errors.New("silence")
}

// TestGuardianAsksToLookOnOnce: a form that is sent twice, at once or later, makes one request, and both are told of that one.
func TestGuardianAsksToLookOnOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx, w := context.Background(), idptest.NewWorld(t, s)
		person := func(mobile, first17 string) string {
			id := w.Account(t, mobile, "").ID
			must(t, w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 3, Method: "face", Source: "register", At: w.Clock.Now()}, idp.Identity{Name: "王五", Type: "citizen_id", Number: citizenNumber(t, first17)}))
			return id
		}
		minor := person("13800138121", "11010120110101001")
		guardian, other := person("13800138122", "11010119800101001"), person("13800138123", "11010119810101001")
		register := &household{}
		service := mandates(w, s, register)
		by := func(account string) mandate.By { return mandate.By{Account: account, SignedInAt: w.Clock.Now()} }
		var group sync.WaitGroup
		ids := make([]string, 6)
		for i := range ids {
			group.Go(func() {
				m, err := service.AskToLookOn(ctx, by(guardian), minor)
				if err != nil {
					t.Errorf("asked at once: %v", err)
				}
				ids[i] = m.ID
			})
		}
		group.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("told of %q and %q", ids[0], id)
			}
		}
		open := func() int {
			return counted(t, db, "SELECT COUNT(*) FROM idp_mandate WHERE principal = $1 AND agent = $2 AND state = 'proposed'", minor, guardian)
		}
		if n := open(); n != 1 {
			t.Errorf("%d requests are open", n)
		}
		asked := register.asked.Load()
		if m, err := service.AskToLookOn(ctx, by(guardian), minor); err != nil || m.ID != ids[0] || register.asked.Load() != asked {
			t.Errorf("asked later: %s, %v, and the register %d times", m.ID, err, register.asked.Load()-asked)
		}
		if n := counted(t, db, "SELECT COUNT(*) FROM audit_event WHERE type = 'mandate.proposed'"); n != 1 {
			t.Errorf("%d requests on record", n)
		}
		if m, err := service.AskToLookOn(ctx, by(other), minor); err != nil || m.ID == ids[0] { // the other guardian is another request
			t.Errorf("the other guardian: %v, %v", m.ID, err)
		}
		must(t, service.Stop(ctx, minor, ids[0], "refused"))
		if m, err := service.AskToLookOn(ctx, by(guardian), minor); err != nil || m.ID == ids[0] || open() != 1 {
			t.Errorf("asked again after a refusal: %s, %v", m.ID, err)
		}
		w.Clock.Advance(mandate.ProposalLife + time.Minute)
		if m, err := service.AskToLookOn(ctx, by(guardian), minor); err != nil || m.CreatedAt != w.Clock.Now().UTC() {
			t.Errorf("asked again when the first request was too old: %+v, %v", m, err)
		}
	})
}
