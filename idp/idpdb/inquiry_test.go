package idpdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestAnAnswerOfTheRegisterEndsTheDoubt: an organisation that the register knows again leaves the queue, with the looks and whoever answered
// for it, and a later doubt begins anew.
func TestAnAnswerOfTheRegisterEndsTheDoubt(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx, w := context.Background(), idptest.NewWorld(t, s)
		now := w.Clock.Now()
		boss := w.Account(t, "13800138111", "").ID
		a, p, err := w.Accounts.Draft(ctx, "org", idp.Proof{IAL: 1, Method: "organisation_register", Source: "register", At: now}, "某某公司", mandate.IDTypeUSCC, "91110101000099999X")
		must(t, err)
		must(t, s.PutOrganisation(ctx, mandate.Organisation{ID: a.ID, Representative: boss, State: mandate.Registered, CheckedAt: now, CreatedAt: now}, a, p,
			mandate.Mandate{ID: ident.New(ident.System(), "mdt"), Principal: a.ID, Agent: boss, Depth: 1, Kind: mandate.LegalRepresentative, Items: []string{mandate.AllItems}, State: mandate.Active, NotBefore: now, NotAfter: now.AddDate(10, 0, 0), CreatedAt: now}, record()))
		queued := func(doubt mandate.Doubt) int {
			t.Helper()
			all, err := s.OrganisationsInDoubt(ctx, mandate.DoubtQuery{Doubt: doubt, At: now, Limit: 10})
			must(t, err)
			return len(all)
		}
		read := func() mandate.Organisation {
			t.Helper()
			o, err := s.Organisation(ctx, a.ID)
			must(t, err)
			return o
		}
		for range 2 {
			must(t, s.Unknown(ctx, a.ID, now, record()))
		}
		if o := read(); queued(mandate.DoubtUnknown) != 1 || o.UnknownLooks != 2 || !o.UnknownAt.Equal(now) {
			t.Fatalf("%+v", o)
		}
		kept := read()
		kept.KeptUntil, kept.KeptReason = now.Add(time.Hour), "已电话核实"
		must(t, s.KeepOrganisation(ctx, kept, record()))
		if queued(mandate.DoubtKept) != 1 || queued(mandate.DoubtUnknown) != 0 {
			t.Error("what somebody answers for stands in the wrong list")
		}
		must(t, s.Checked(ctx, a.ID, mandate.Registered, now.Add(time.Minute), record()))
		if o := read(); !o.UnknownAt.IsZero() || o.UnknownLooks != 0 || !o.KeptUntil.IsZero() || o.KeptReason != "" || queued(mandate.DoubtKept)+queued(mandate.DoubtUnknown) != 0 {
			t.Errorf("the register knows it, and %+v", o)
		}
		must(t, s.Unknown(ctx, a.ID, now.Add(time.Hour), record()))
		if o := read(); o.UnknownLooks != 1 || !o.UnknownAt.Equal(now.Add(time.Hour)) || queued(mandate.DoubtUnknown) != 1 {
			t.Errorf("a later doubt: %+v", o)
		}
	})
}
