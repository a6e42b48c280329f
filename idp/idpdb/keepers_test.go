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

// keptOffice stores an organisation of an account that is there.
func keptOffice(t *testing.T, db *sqldb.DB, s *idpdb.Store, id string, lookups ...string) {
	t.Helper()
	account(t, s, id)
	must(t, db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), "INSERT INTO idp_organisation (id, representative, register_state, checked_at, frozen_at, created_at) VALUES ($1, 'acc', 'registered', 1, 0, 1)", id)
		for _, lookup := range lookups {
			if err == nil {
				_, err = tx.ExecContext(context.Background(), "INSERT INTO idp_identity (lookup, account_id) VALUES ($1, $2)", []byte(lookup), id)
			}
		}
		return err
	}))
}

func naming(id string) mandate.Mandate {
	m := proposal(id)
	m.Principal, m.Kind, m.Items, m.DetailTypes, m.Rights, m.Delegable = "org_1", mandate.SealKeeper, []string{mandate.AllItems}, nil, nil, false
	return m
}

// TestNamingsOfKeepersAreReadWithBothSides: from the first confirmation on the organisation is bound, also when nobody is left; only that is
// told which is in force.
func TestNamingsOfKeepersAreReadWithBothSides(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		keptOffice(t, db, s, "org_1", "code")
		keptOffice(t, db, s, "org_2")
		read := func(what string, now time.Time, since bool, keepers int) mandate.Keeping {
			t.Helper()
			k, err := s.KeepersOf(ctx, "org_1", now)
			if err != nil || k.Organisation != "org_1" || k.Since.IsZero() == since || len(k.Keepers) != keepers {
				t.Errorf("%s: %+v, %v", what, k, err)
			}
			return k
		}
		if _, err := s.KeepersOf(ctx, "org_9", at); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("no such organisation: %v", err)
		}
		read("nobody was named", at, false, 0)
		if err := s.GiveUpKeepers(ctx, "org_1", at, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("nothing to give up: %v", err)
		}
		first := naming("mdt_1")
		must(t, s.PutMandate(ctx, first, mandate.Bounds{}, record()))
		read("nobody confirmed", at, false, 0)
		must(t, s.ConfirmMandate(ctx, "org_1", "mdt_1", mandate.SideAgent, at, record()))
		k := read("confirmed", at, true, 1)
		if one := k.Keepers[0]; !one.Keeps(at) || one.Agent != idp.AccountActive || one.Principal != idp.AccountActive || one.Mandate.Agent != "acc" || !k.Since.Equal(at) {
			t.Errorf("%+v", k)
		}
		if other, err := s.KeepersOf(ctx, "org_2", at); err != nil || !other.Since.IsZero() || len(other.Keepers) != 0 {
			t.Errorf("another organisation: %+v, %v", other, err)
		}
		if live, err := s.LiveMandates(ctx, "acc", at, 10); err != nil || len(live) != 0 {
			t.Errorf("somebody acts under it: %+v, %v", live, err)
		}
		if err := s.GiveUpKeepers(ctx, "org_1", at, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("given up while somebody is named: %v", err)
		}
		must(t, s.SetState(ctx, "acc", idp.AccountSuspended, at, record()))
		if one := read("the keeper is suspended", at, true, 1).Keepers[0]; one.Keeps(at) || one.Agent != idp.AccountSuspended {
			t.Errorf("%+v", one)
		}
		must(t, s.SetState(ctx, "acc", idp.AccountActive, at, record()))
		must(t, s.FreezeOrganisation(ctx, "org_1", at, record()))
		if one := read("frozen", at, true, 1).Keepers[0]; one.Keeps(at) {
			t.Errorf("%+v", one)
		}
		must(t, s.ThawOrganisation(ctx, "org_1", record()))
		if !read("confirmed by the new representative", at, true, 1).Keepers[0].Keeps(at) {
			t.Error("it stays frozen")
		}
		read("before its end", first.NotAfter.Add(-time.Microsecond), true, 1)
		read("past its end", first.NotAfter, true, 0)
		must(t, s.EndMandate(ctx, "org_1", "mdt_1", mandate.End{State: mandate.Revoked, At: at}, record()))
		read("nobody is left", at, true, 0)
		asked := naming("mdt_2")
		must(t, s.PutMandate(ctx, asked, mandate.Bounds{}, record()))
		if err := s.GiveUpKeepers(ctx, "org_1", at, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("given up while somebody is asked: %v", err)
		}
		must(t, s.GiveUpKeepers(ctx, "org_1", at.Add(mandate.ProposalLife+time.Second), record()))
		read("given up", at, false, 0)
	})
}

// TestAKeeperWhoConfirmsWhileItIsGivenUp: of the two at one moment, what is left never tells of a keeper without being bound.
func TestAKeeperWhoConfirmsWhileItIsGivenUp(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		keptOffice(t, db, s, "org_1")
		for round := range 10 {
			m := naming(fmt.Sprint("mdt_", round))
			must(t, s.PutMandate(ctx, m, mandate.Bounds{}, record()))
			var group sync.WaitGroup
			group.Go(func() { must(t, s.ConfirmMandate(ctx, "org_1", m.ID, mandate.SideAgent, at, record())) })
			group.Go(func() {
				if err := s.GiveUpKeepers(ctx, "org_1", at, record()); err != nil && !errors.Is(err, mandate.ErrMoved) {
					t.Errorf("give up: %v", err)
				}
			})
			group.Wait()
			if k, err := s.KeepersOf(ctx, "org_1", at); err != nil || k.Since.IsZero() || len(k.Keepers) != 1 {
				t.Fatalf("round %d: %+v, %v", round, k, err)
			}
			must(t, s.EndMandate(ctx, "org_1", m.ID, mandate.End{State: mandate.Revoked, At: at}, record()))
		}
	})
}

// TestAnOrganisationIsFoundByAFormerCode: a corrected code leaves its seals under its keepers, unless another organisation has the code now.
func TestAnOrganisationIsFoundByAFormerCode(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		keptOffice(t, db, s, "org_1", "new code")
		find := func(code, want string) {
			t.Helper()
			id, err := s.OrganisationByLookup(ctx, []byte(code))
			if id != want || want == "" && !errors.Is(err, idp.ErrNotFound) || want != "" && err != nil {
				t.Errorf("%s is %q, %v", code, id, err)
			}
		}
		find("old code", "")
		must(t, db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO idp_former_identity (lookup, account_id, ended_at, reason) VALUES ($1, 'org_1', 1, 'corrected')", []byte("old code"))
			return err
		}))
		find("new code", "org_1")
		find("old code", "org_1")
		keptOffice(t, db, s, "org_2", "old code")
		find("old code", "org_2")
	})
}
