package idpdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var bridgeNow = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func noted(what string) audit.Record {
	return audit.With(audit.Event{Type: what, At: bridgeNow, Actor: "test", ObjectType: "account", ObjectID: "a"})
}

// onStores runs a test on a store of each database with one live session "live" and one that ended.
func onStores(t *testing.T, test func(t *testing.T, s *idpdb.Store)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx, s := context.Background(), idpdb.New(engine.Open(t))
			for _, sid := range []string{"live", "ended"} {
				if err := s.PutSession(ctx, []byte(sid), session.Session{ID: sid, AccountID: "acc", LastSeen: bridgeNow, CreatedAt: bridgeNow}, noted("login")); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.EndSession(ctx, "ended", bridgeNow, noted("ended")); err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

// A ticket whose session ended gives nothing and leaves nothing behind that a logout would have to reach.
func TestTicketsOfEndedSessionsGiveNothing(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		for _, sid := range []string{"live", "ended"} {
			hash := []byte("cas " + sid)
			if err := s.PutTicket(ctx, hash, cas.Grant{ServiceID: "s", URL: "u", SID: sid, AccountID: "acc", Fresh: true}, bridgeNow.Add(time.Minute), noted("issued")); err != nil {
				t.Fatal(err)
			}
			outcome, grant, err := s.ConsumeTicket(ctx, hash, "u", cas.Login{At: bridgeNow, Sealed: []byte("x")}, func(cas.Outcome, cas.Grant) audit.Record { return noted("consumed") })
			logins, errList := s.Logins(ctx, sid)
			if err != nil || errList != nil || (outcome == cas.Consumed) != (sid == "live") || len(logins) != map[string]int{"live": 1}[sid] || !grant.Fresh {
				t.Errorf("CAS %s: %v %+v %v, %v %v", sid, outcome, grant, logins, err, errList)
			}
			if outcome, _, err := s.ConsumeTicket(ctx, hash, "u", cas.Login{At: bridgeNow, Sealed: []byte("x")}, nil); err != nil || outcome != cas.Replayed {
				t.Errorf("CAS %s again: %v %v", sid, outcome, err)
			}
			hash = []byte("ticket " + sid)
			if err := s.PutBridgeTicket(ctx, hash, ticket.Grant{BridgeID: "b", URL: "u", SID: sid, AccountID: "acc"}, bridgeNow.Add(time.Minute), noted("issued")); err != nil {
				t.Fatal(err)
			}
			exchanged, _, err := s.ExchangeTicket(ctx, hash, "b", "u", bridgeNow, []byte("token "+sid), bridgeNow.Add(time.Minute), func(ticket.Outcome, ticket.Grant) audit.Record { return noted("exchanged") })
			bridges, errList := s.BridgesOf(ctx, sid)
			if err != nil || errList != nil || (exchanged == ticket.Exchanged) != (sid == "live") || len(bridges) != map[string]int{"live": 1}[sid] {
				t.Errorf("ticket %s: %v %v, %v %v", sid, exchanged, bridges, err, errList)
			}
		}
		if _, err := s.BridgeToken(ctx, []byte("token live"), bridgeNow); err != nil {
			t.Errorf("token of a live session: %v", err)
		}
		if err := s.EndSession(ctx, "live", bridgeNow, noted("ended")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.BridgeToken(ctx, []byte("token live"), bridgeNow); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("token after the end: %v", err)
		}
		if err := s.EndLogin(ctx, []byte("cas live"), noted("replayed")); err != nil {
			t.Error(err)
		}
		if err := s.EndLogin(ctx, []byte("cas live"), noted("replayed")); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a login was taken back twice: %v", err)
		}
	})
}

// A source's logout reaches the sessions of its login that began before it, and no others.
func TestSessionsOfASourceAreFound(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		put := func(sid, sub, upstream string, at time.Time) {
			t.Helper()
			if sid != "live" && sid != "ended" {
				if err := s.PutSession(ctx, []byte(sid), session.Session{ID: sid, AccountID: "acc", LastSeen: at, CreatedAt: at}, noted("login")); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.PutOrigin(ctx, federation.SessionRef{SID: sid, AccountID: "acc"}, federation.Origin{SourceID: "p", Lookup: []byte(sub), SID: []byte(upstream)}, at); err != nil {
				t.Fatal(err)
			}
		}
		put("live", "sub", "s1", bridgeNow)
		put("ended", "sub", "s1", bridgeNow)
		put("second", "sub", "s2", bridgeNow)
		put("nameless", "sub", "", bridgeNow)
		put("stranger", "other", "s3", bridgeNow)
		put("later", "sub", "s1", bridgeNow.Add(time.Second))
		for name, test := range map[string]struct {
			origin federation.Origin
			want   int
		}{
			"session":             {federation.Origin{SourceID: "p", SID: []byte("s1")}, 1},
			"subject":             {federation.Origin{SourceID: "p", Lookup: []byte("sub")}, 3},
			"both":                {federation.Origin{SourceID: "p", Lookup: []byte("sub"), SID: []byte("s1")}, 2},
			"both of two persons": {federation.Origin{SourceID: "p", Lookup: []byte("other"), SID: []byte("s1")}, 0},
			"another source":      {federation.Origin{SourceID: "q", Lookup: []byte("sub")}, 0},
			"neither":             {federation.Origin{SourceID: "p"}, 0},
		} {
			if refs, err := s.SessionsFrom(ctx, test.origin, bridgeNow); err != nil || len(refs) != test.want {
				t.Errorf("%s: %v, %v", name, refs, err)
			}
		}
	})
}

// An account that cannot have its link or its identity is not made at all.
func TestLinkedAccountsAreMadeWholeOrNotAtAll(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		account := func(id, identity string) idp.Account {
			return idp.Account{ID: id, State: idp.AccountActive, CreatedAt: bridgeNow, Proofs: []idp.Proof{{ID: "ev", IAL: 2, At: bridgeNow, Lookup: []byte(identity), Sealed: []byte("x")}}}
		}
		if err := s.CreateLinked(ctx, account("one", "i1"), "p", []byte("sub1"), noted("made")); err != nil {
			t.Fatal(err)
		}
		for id, test := range map[string]struct {
			identity, sub string
			want          error
		}{"same-link": {"i2", "sub1", federation.ErrLinked}, "same-identity": {"i1", "sub2", idp.ErrBound}} {
			if err := s.CreateLinked(ctx, account(id, test.identity), "p", []byte(test.sub), noted("made")); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", id, err)
			}
			if _, err := s.Account(ctx, id); !errors.Is(err, idp.ErrNotFound) {
				t.Errorf("%s was made: %v", id, err)
			}
		}
		if _, err := s.LinkedAccount(ctx, "p", []byte("sub2")); !errors.Is(err, idp.ErrNotFound) {
			t.Error("half of an account stayed")
		}
		if err := s.PutLink(ctx, "p", []byte("sub3"), "one", bridgeNow, noted("linked")); !errors.Is(err, federation.ErrLinked) {
			t.Errorf("a second link of one account at one source: %v", err)
		}
	})
}

// A partner's secret stays when the registration comes without one.
func TestSecretsOfPartnersStay(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		for _, e := range []registry.Entry{
			{Kind: "k", ID: "p", Body: []byte("1"), SecretMAC: []byte("mac"), KeyID: "key", Sealed: []byte("sealed")},
			{Kind: "k", ID: "p", Body: []byte("1"), SecretMAC: []byte("mac"), KeyID: "key2", Sealed: []byte("sealed anew")}, // the same secret: nothing changes
			{Kind: "k", ID: "p", Body: []byte("2")},
		} {
			if err := s.ApplyPartner(ctx, e, noted("applied")); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.Partners(ctx, "k", 10)
		if err != nil || len(all) != 1 || string(all[0].Body) != "2" || !bytes.Equal(all[0].Sealed, []byte("sealed")) || all[0].KeyID != "key" {
			t.Errorf("stored is %+v, %v", all, err)
		}
		if n, err := s.PartnerRevision(ctx, "k"); err != nil || n != 2 {
			t.Errorf("revision %d, %v", n, err)
		}
	})
}

// An intent is taken once, by its browser, for its source and in its time.
func TestO61IntentsAreBoundAndTakenOnce(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		intent := federation.Intent{SourceID: "p", Purpose: federation.PurposeLink, AccountID: "acc", Flow: "flow_1", Fresh: true}
		if err := s.PutIntent(ctx, []byte("h"), []byte("browser"), intent, bridgeNow.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for name, take := range map[string]func() (federation.Intent, error){
			"another value": func() (federation.Intent, error) {
				return s.TakeIntent(ctx, []byte("g"), []byte("browser"), "p", bridgeNow)
			},
			"another browser": func() (federation.Intent, error) {
				return s.TakeIntent(ctx, []byte("h"), []byte("other"), "p", bridgeNow)
			},
			"no browser": func() (federation.Intent, error) { return s.TakeIntent(ctx, []byte("h"), []byte{}, "p", bridgeNow) },
			"another source": func() (federation.Intent, error) {
				return s.TakeIntent(ctx, []byte("h"), []byte("browser"), "q", bridgeNow)
			},
			"too late": func() (federation.Intent, error) {
				return s.TakeIntent(ctx, []byte("h"), []byte("browser"), "p", bridgeNow.Add(time.Minute))
			},
		} {
			if _, err := take(); !errors.Is(err, idp.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got, err := s.TakeIntent(ctx, []byte("h"), []byte("browser"), "p", bridgeNow); err != nil || got != intent {
			t.Errorf("taken is %+v, %v", got, err)
		}
		if _, err := s.TakeIntent(ctx, []byte("h"), []byte("browser"), "p", bridgeNow); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("it was taken twice: %v", err)
		}
	})
}

// TestOneOfManyChangesOfAPartnerWins: everybody read the same version, or that there is none; a change of the secret alone is
// one too, and so is the version of one whose secret changed since.
func TestOneOfManyChangesOfAPartnerWins(t *testing.T) {
	onStores(t, func(t *testing.T, s *idpdb.Store) {
		ctx := context.Background()
		race := func(was registry.Entry, made func(i int) registry.Entry) {
			t.Helper()
			var group sync.WaitGroup
			results := make([]error, 8)
			for i := range results {
				group.Go(func() { results[i] = s.ChangePartner(ctx, was, made(i), nil, noted("changed")) })
			}
			group.Wait()
			won := 0
			for _, err := range results {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, idp.ErrConflict):
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d changes won", won)
			}
		}
		stored := func() registry.Entry {
			t.Helper()
			all, err := s.Partners(ctx, "k", 10)
			if err != nil || len(all) != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			return all[0]
		}
		entry := func(body string, mac []byte) registry.Entry {
			return registry.Entry{Kind: "k", ID: "p", Body: []byte(body), SecretMAC: mac, KeyID: "key", Sealed: bytes.Repeat(mac, 2)}
		}
		race(registry.Entry{}, func(i int) registry.Entry { return entry(fmt.Sprint("registered ", i), nil) })
		race(stored(), func(i int) registry.Entry { return entry(fmt.Sprint("changed ", i), nil) })
		first := stored()
		race(first, func(i int) registry.Entry { return entry(string(first.Body), fmt.Appendf(nil, "mac %d", i)) })
		secret := stored()
		if err := s.ChangePartner(ctx, first, entry("by somebody who missed the secret", nil), nil, noted("changed")); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("an older version: %v", err)
		}
		race(secret, func(i int) registry.Entry {
			return registry.Entry{Kind: "k", ID: "p", Body: fmt.Appendf(nil, "again %d", i)}
		})
		if now := stored(); !bytes.Equal(now.SecretMAC, secret.SecretMAC) || !bytes.Equal(now.Sealed, secret.Sealed) {
			t.Errorf("the secret is lost: %+v", now)
		}
		if n, err := s.PartnerRevision(ctx, "k"); err != nil || n != 4 {
			t.Errorf("revision %d, %v", n, err)
		}
	})
}
