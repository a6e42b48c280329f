package idpdb_test

import (
	"context"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// unaudited stores cases without an audit event, which the last statement of the change refuses.
type unaudited struct {
	*idpdb.Store
	on bool
}

func (u *unaudited) PutCase(ctx context.Context, c proofing.Case, shared *proofing.Sharing, record audit.Record) error {
	if u.on {
		record = audit.Record{}
	}
	return u.Store.PutCase(ctx, c, shared, record)
}

// TestCountsGoWithTheCase: a case that is not stored counts nothing, and one that is stored counts, and tells, in the same change.
func TestCountsGoWithTheCase(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx, w, store := context.Background(), idptest.NewWorld(t, s), &unaudited{Store: s}
		policy := proofing.With(proofing.DefaultPolicy(), proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: 2})
		w.Source.Answers(func(proofing.Query) (proofing.Answer, error) {
			return proofing.Answer{Verdict: proofing.MobileMismatch}, nil
		})
		service := proofing.New(proofing.Config{Accounts: w.Accounts, Store: store, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), CountShared: true, Policy: func() []proofing.Level { return policy }})
		submit := func(account, number string) error {
			_, err := service.Submit(ctx, account, proofing.Submission{Name: "张三", Number: number, Mobile: "13700137000", Wanted: 2})
			return err
		}
		shared := func() int {
			return counted(t, db, "SELECT COUNT(*) FROM idp_throttle WHERE scope LIKE 'shared-%'")
		}
		told := func() int {
			return counted(t, db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicShared)
		}
		first, second := w.Account(t, "13800138101", "").ID, w.Account(t, "13800138102", "").ID
		store.on = true
		if err := submit(first, "110101198001010010"); err == nil || shared() != 0 {
			t.Errorf("%v, %d counters of a case that does not stand", err, shared())
		}
		store.on = false
		if err := submit(first, "110101198001010010"); err == nil || shared() != 2 || told() != 0 {
			t.Errorf("%v, %d counters, %d messages of the first", err, shared(), told())
		}
		store.on = true
		if err := submit(second, "110101198001010037"); err == nil || shared() != 2 || told() != 0 {
			t.Errorf("%v, %d counters, %d messages of a case that does not stand", err, shared(), told())
		}
		store.on = false
		for range 2 {
			if err := submit(second, "110101198001010037"); err == nil || shared() != 4 || told() != 1 {
				t.Errorf("%v, %d counters, %d messages of the second", err, shared(), told())
			}
		}
		if n := counted(t, db, "SELECT COUNT(*) FROM audit_event WHERE type = 'proofing.shared_use'"); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
