package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

func proposal(id string) mandate.Mandate {
	return mandate.Mandate{ID: id, Principal: "elder", Agent: "acc", Depth: 1, Kind: mandate.Relative, Items: []string{"pension", "tax"}, DetailTypes: []string{"property"}, Rights: []mandate.Right{mandate.View, mandate.Submit},
		MaxClass: mandate.ClassContact, Delegable: true, State: mandate.Proposed, Evidence: "digest", NotBefore: at, NotAfter: at.Add(24 * time.Hour), CreatedAt: at, PrincipalAt: at}
}

// active stores a mandate that both sides confirmed.
func active(t *testing.T, s *idpdb.Store, m mandate.Mandate) {
	t.Helper()
	ctx := context.Background()
	must(t, s.PutMandate(ctx, m, mandate.Bounds{}, record()))
	must(t, s.ConfirmMandate(ctx, m.Principal, m.ID, mandate.SideAgent, at, record()))
}

func threePeople(t *testing.T, s *idpdb.Store) {
	t.Helper()
	for _, id := range []string{"elder", "acc", "third"} {
		account(t, s, id)
	}
	signIn(t, s)
}

func TestMandatesComeBackAsStored(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		want := proposal("mdt_1")
		must(t, s.PutMandate(ctx, want, mandate.Bounds{OfPrincipal: 1, OfAgent: 1}, record()))
		for _, side := range []string{"elder", "acc"} {
			if got, err := s.MandateOf(ctx, side, "mdt_1"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("for %s: %+v, %v\nwant %+v", side, got, err, want)
			}
		}
		if _, err := s.MandateOf(ctx, "third", "mdt_1"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a stranger reads it: %v", err)
		}
		if err := s.ConfirmMandate(ctx, "elder", "mdt_1", mandate.SidePrincipal, at, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("the side that proposed confirms it: %v", err)
		}
		if err := s.ConfirmMandate(ctx, "elder", "mdt_1", mandate.SideAgent, at.Add(mandate.ProposalLife), record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("a proposal that is too old: %v", err)
		}
		must(t, s.ConfirmMandate(ctx, "elder", "mdt_1", mandate.SideAgent, at.Add(time.Minute), record()))
		if err := s.ConfirmMandate(ctx, "elder", "mdt_1", mandate.SideAgent, at.Add(time.Minute), record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("confirmed twice: %v", err)
		}
		for _, test := range []struct {
			now  time.Duration
			live int
		}{{-time.Second, 0}, {0, 1}, {24*time.Hour - time.Microsecond, 1}, {24 * time.Hour, 0}} {
			if live, err := s.LiveMandates(ctx, "acc", at.Add(test.now), 10); err != nil || len(live) != test.live {
				t.Errorf("live at %s: %d, %v", test.now, len(live), err)
			}
		}
		must(t, s.EndMandate(ctx, "elder", "mdt_1", mandate.End{State: mandate.Revoked, By: "account:elder", Reason: "wish", At: at.Add(time.Hour)}, record()))
		got, err := s.MandateOf(ctx, "acc", "mdt_1")
		if err != nil || got.State != mandate.Revoked || got.EndedBy != "account:elder" || got.Reason != "wish" || !got.EndedAt.Equal(at.Add(time.Hour)) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := s.EndMandate(ctx, "elder", "mdt_1", mandate.End{State: mandate.Expired, At: at.Add(2 * time.Hour)}, record()); !errors.Is(err, mandate.ErrMoved) {
			t.Errorf("ended twice: %v", err)
		}
	})
}

// TestMandatesAreCountedOneAfterTheOther: two proposals at the same moment do not both take the last place.
func TestMandatesAreCountedOneAfterTheOther(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		threePeople(t, s)
		var stored atomic.Int32
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				switch err := s.PutMandate(context.Background(), proposal(fmt.Sprint("mdt_", i)), mandate.Bounds{OfPrincipal: 3}, record()); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, mandate.ErrFull):
					t.Errorf("put: %v", err)
				}
			})
		}
		group.Wait()
		if stored.Load() != 3 {
			t.Errorf("%d mandates, 3 are allowed", stored.Load())
		}
	})
}

// acting is the session of a grant under a mandate.
func acting(m mandate.Mandate) oauth.Session {
	return oauth.Session{Version: oauth.SessionVersion, AccountID: m.Agent, Subject: "sub of " + m.Principal, SID: "sid", Mandate: &m}
}

func actingGrant(id string, m mandate.Mandate) oauth.GrantRecord {
	g := grant(id)
	g.AccountID, g.Principal, g.MandateID = m.Agent, m.Principal, m.ID
	return g
}

// TestEndOfAMandateAndItsBeginningsMeet: a redemption at the moment of the end is refused, or its grant ends with the mandate;
// never does a grant live on.
func TestEndOfAMandateAndItsBeginningsMeet(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		for round := range 10 {
			m := proposal(fmt.Sprint("mdt_", round))
			active(t, s, m)
			const codes = 4
			for i := range codes {
				must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(fmt.Sprint("code", round, i)), Request: oauth.Request{ClientID: "c", Session: acting(m)}, IssuedAt: at, ExpiresAt: at.Add(time.Minute)}, record()))
			}
			var group sync.WaitGroup
			for i := range codes {
				group.Go(func() {
					err := s.Redeem(ctx, oauth.Redemption{Grant: actingGrant(fmt.Sprint("g", round, "_", i), m), CodeHash: hash(fmt.Sprint("code", round, i)), At: at}, record())
					if err != nil && !errors.Is(err, oauth.ErrEnded) {
						t.Errorf("redeem: %v", err)
					}
				})
			}
			group.Go(func() {
				if err := s.EndMandate(ctx, m.Principal, m.ID, mandate.End{State: mandate.Revoked, At: at}, record()); err != nil {
					t.Errorf("end: %v", err)
				}
			})
			group.Wait()
			for i := range codes {
				standing, err := s.Standing(ctx, fmt.Sprint("g", round, "_", i))
				must(t, err)
				if standing.Known && standing.Grant.RevokedAt.IsZero() {
					t.Errorf("round %d: grant %d outlives its mandate", round, i)
				}
				if standing.MayAct(m.ID, at) {
					t.Errorf("round %d: the standing says that the mandate holds", round)
				}
			}
		}
	})
}

// TestWhatIsPassedOnMeetsTheEnd: a confirmation at the moment in which the mandate above ends never leaves one below alive.
func TestWhatIsPassedOnMeetsTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		for round := range 10 {
			parent := proposal(fmt.Sprint("mdt_p", round))
			active(t, s, parent)
			child := proposal(fmt.Sprint("mdt_c", round))
			child.Agent, child.Via, child.Parent, child.Depth, child.Delegable = "third", "acc", parent.ID, 2, false
			must(t, s.PutMandate(ctx, child, mandate.Bounds{}, record()))
			var group sync.WaitGroup
			group.Go(func() {
				if err := s.ConfirmMandate(ctx, "elder", child.ID, mandate.SideAgent, at, record()); err != nil && !errors.Is(err, mandate.ErrMoved) {
					t.Errorf("confirm: %v", err)
				}
			})
			group.Go(func() {
				must(t, s.EndMandate(ctx, "elder", parent.ID, mandate.End{State: mandate.Revoked, At: at}, record()))
			})
			group.Wait()
			got, err := s.MandateOf(ctx, "third", child.ID)
			if err != nil || got.State != mandate.Ended {
				t.Errorf("round %d: what was passed on is %s, %v", round, got.State, err)
			}
			late := child
			late.ID += "late"
			if err := s.PutMandate(ctx, late, mandate.Bounds{}, record()); !errors.Is(err, mandate.ErrMoved) {
				t.Errorf("passed on from what ended: %v", err)
			}
		}
	})
}

// TestGrantUnderAPassedOnMandateBeginsWithWhoPassedItOn: whoever is suspended between the look at a code and its redemption stops it.
func TestGrantUnderAPassedOnMandateBeginsWithWhoPassedItOn(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		parent := proposal("mdt_p")
		active(t, s, parent)
		child := proposal("mdt_c")
		child.Agent, child.Via, child.Parent, child.Depth, child.Delegable = "third", "acc", parent.ID, 2, false
		active(t, s, child)
		must(t, s.PutSession(ctx, hash("session of third"), session.Session{ID: "sid3", AccountID: "third", CreatedAt: at, LastSeen: at}, record()))
		must(t, tryAllow(s, child.ID, "c", []string{"openid"}, at))
		redeem := func(id string) error {
			own := acting(child)
			own.SID = "sid3"
			must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(id), Request: oauth.Request{ClientID: "c", Session: own}, IssuedAt: at, ExpiresAt: at.Add(time.Minute)}, record()))
			g := actingGrant(id, child)
			g.SID = "sid3"
			return s.Redeem(ctx, oauth.Redemption{Grant: g, CodeHash: hash(id), At: at.Add(time.Second)}, record())
		}
		must(t, redeem("before"))
		must(t, s.SetState(ctx, "acc", idp.AccountSuspended, at, record()))
		if err := redeem("meanwhile"); !errors.Is(err, oauth.ErrEnded) {
			t.Errorf("a grant begins under the mandate of somebody suspended: %v", err)
		}
		must(t, s.SetState(ctx, "acc", idp.AccountActive, at, record()))
		must(t, redeem("after"))
	})
}

// TestStandingOfAGrantUnderAMandate: one statement tells the mandate as it is now, the principal's account, and the consent that
// was given under the mandate and no other.
func TestStandingOfAGrantUnderAMandate(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		threePeople(t, s)
		m := proposal("mdt_1")
		active(t, s, m)
		must(t, tryAllow(s, "acc", "c", []string{"openid", "identity"}, at))
		must(t, tryAllow(s, m.ID, "c", []string{"openid"}, at))
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("code"), Request: oauth.Request{ClientID: "c", Session: acting(m)}, IssuedAt: at, ExpiresAt: at.Add(time.Minute)}, record()))
		code, err := s.Code(ctx, hash("code"))
		if err != nil || !code.Standing.MayAct(m.ID, at) || code.Standing.Account != idp.AccountActive || code.Standing.SessionEnded {
			t.Errorf("of the code: %+v, %v", code.Standing, err)
		}
		must(t, s.Redeem(ctx, oauth.Redemption{Grant: actingGrant("g1", m), CodeHash: hash("code"), At: at.Add(time.Second)}, record()))
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("own"), Request: oauth.Request{ClientID: "c", Session: oauth.Session{AccountID: "acc", Subject: "own", SID: "sid"}}, IssuedAt: at, ExpiresAt: at.Add(time.Minute)}, record()))
		must(t, s.Redeem(ctx, oauth.Redemption{Grant: grant("g2"), CodeHash: hash("own"), At: at.Add(time.Second)}, record()))
		standing, err := s.Standing(ctx, "g1")
		must(t, err)
		if !standing.MayAct(m.ID, at) || len(standing.Consented) != 1 || standing.Mandate.Principal != "elder" || standing.Principal != idp.AccountActive || standing.PrincipalVersion == 0 {
			t.Errorf("%+v", standing)
		}
		if standing.MayAct("mdt_2", at) || standing.MayAct(m.ID, at.Add(24*time.Hour)) {
			t.Error("another mandate, or one whose time is over, holds")
		}
		own, err := s.Standing(ctx, "g2")
		if err != nil || len(own.Consented) != 2 || !own.MayAct("", at) || own.Mandate.ID != "" {
			t.Errorf("the person's own grant: %+v, %v", own, err)
		}
		parties, err := s.Parties(ctx, "sid")
		if err != nil || len(parties) != 2 || parties[0].MandateID == parties[1].MandateID || parties[0].ShownSID() == parties[1].ShownSID() {
			t.Errorf("parties %+v, %v", parties, err)
		}
		uses, err := s.MandateUses(ctx, "elder", m.ID, mandate.Mark{}, 10)
		if err != nil || len(uses) != 1 || uses[0].Agent != "acc" || uses[0].ClientID != "c" {
			t.Errorf("uses %+v, %v", uses, err)
		}
		must(t, s.WithdrawConsent(ctx, "acc", "c", at, record()))
		if standing, err = s.Standing(ctx, "g1"); err != nil || !standing.Grant.RevokedAt.IsZero() {
			t.Errorf("withdrawing one's own consent ended what is done for another: %+v, %v", standing, err)
		}
		must(t, s.SetState(ctx, "elder", idp.AccountSuspended, at, record()))
		if standing, err = s.Standing(ctx, "g1"); err != nil || standing.MayAct(m.ID, at) {
			t.Errorf("for a suspended principal: %+v, %v", standing, err)
		}
	})
}

// TestChoicesOfASession: a choice for the whole session takes the place of those for single clients.
func TestChoicesOfASession(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		must(t, s.SetActing(ctx, "sid", "c", "elder", "mdt_1", at, record()))
		if id, when, ok, err := s.Acting(ctx, "sid", "c"); err != nil || !ok || id != "mdt_1" || !when.Equal(at) {
			t.Errorf("%s %s %v %v", id, when, ok, err)
		}
		must(t, s.SetActing(ctx, "sid", "", "", "", at, record()))
		if _, _, ok, err := s.Acting(ctx, "sid", "c"); err != nil || ok {
			t.Errorf("the choice of a client outlived that of the session: %v", err)
		}
		if id, _, ok, err := s.Acting(ctx, "sid", ""); err != nil || !ok || id != "" {
			t.Errorf("%s %v %v", id, ok, err)
		}
	})
}
