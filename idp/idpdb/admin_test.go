package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// family stores a grant with refresh tokens that were exchanged one for the other, a minute apart.
func family(t *testing.T, s *idpdb.Store, id, client, account string, created time.Time, exchanges int) {
	t.Helper()
	g := oauth.GrantRecord{ID: id, ClientID: client, AccountID: account, SID: "sid of " + account}
	if _, err := s.SessionByID(context.Background(), g.SID); errors.Is(err, idp.ErrNotFound) { // a grant begins in a session
		must(t, s.PutSession(context.Background(), hash(g.SID), session.Session{ID: g.SID, AccountID: account, CreatedAt: created, LastSeen: created}, record()))
	}
	must(t, tryAllow(s, account, client, []string{"openid"}, created))
	code := hash("code of " + id)
	must(t, s.SaveCode(context.Background(), oauth.CodeRecord{Hash: code, ExpiresAt: created.Add(time.Minute)}, record()))
	token := func(n int) *oauth.RefreshRecord {
		return &oauth.RefreshRecord{Hash: hash(fmt.Sprint(id, n)), GrantID: id, ExpiresAt: created.Add(24 * time.Hour), Request: oauth.Request{GrantID: id, GrantedScopes: []string{fmt.Sprint("s", n)}}}
	}
	must(t, s.Redeem(context.Background(), oauth.Redemption{Grant: g, CodeHash: code, NewRefresh: token(0), At: created}, record()))
	for n := range exchanges {
		must(t, s.Redeem(context.Background(), oauth.Redemption{Grant: g, RefreshHash: hash(fmt.Sprint(id, n)), NewRefresh: token(n + 1), At: created.Add(time.Duration(n+1) * time.Minute)}, record()))
	}
}

func TestGrantsByPage(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		for i, minute := range []int{0, 2, 1, 2} {
			family(t, s, fmt.Sprint("g", i), []string{"a", "b"}[i%2], "acc", at.Add(time.Duration(minute)*time.Minute), 0)
		}
		family(t, s, "x", "a", "other", at, 0)
		for _, test := range []struct {
			query oauth.GrantQuery
			want  string
		}{
			{oauth.GrantQuery{AccountID: "acc"}, "[g1 g3 g2 g0]"},
			{oauth.GrantQuery{ClientID: "a"}, "[g2 g0 x]"},
			{oauth.GrantQuery{AccountID: "acc", ClientID: "b"}, "[g1 g3]"},
			{oauth.GrantQuery{AccountID: "nobody"}, "[]"},
		} {
			seen := []string{}
			for {
				test.query.Limit = 2
				page, err := s.GrantPage(ctx, test.query)
				must(t, err)
				for _, g := range page {
					seen = append(seen, g.ID)
					test.query.Behind = oauth.GrantMark{CreatedAt: g.CreatedAt, ID: g.ID}
				}
				if len(page) < 2 {
					break
				}
			}
			if fmt.Sprint(seen) != test.want {
				t.Errorf("%+v gives %v, want %s", test.query, seen, test.want)
			}
		}
		if _, err := s.Grant(ctx, "none"); !errors.Is(err, oauth.ErrNotFound) {
			t.Errorf("a grant that never was: %v", err)
		}
	})
}

func TestFamilyBeginsWithTheTokenThatCanBeUsed(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		family(t, s, "g", "a", "acc", at, 3)
		all, err := s.Family(context.Background(), "g", 3)
		must(t, err)
		var scopes []string
		for _, token := range all {
			scopes = append(scopes, token.Request.GrantedScopes[0])
		}
		if fmt.Sprint(scopes) != "[s3 s2 s1]" || !all[0].UsedAt.IsZero() || !all[1].UsedAt.Equal(at.Add(3*time.Minute)) {
			t.Errorf("%v %+v", scopes, all)
		}
	})
}

// TestGrantsOfAClientEndInBatches: each batch is one transaction with its audit record, and what is no longer live does not
// count.
func TestGrantsOfAClientEndInBatches(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		for i := range 5 {
			family(t, s, fmt.Sprint("g", i), "a", "acc", at, 0)
		}
		family(t, s, "x", "b", "acc", at, 0)
		must(t, s.RevokeGrant(ctx, "g0", at, record()))
		if n, err := s.LiveGrants(ctx, "a"); err != nil || n != 4 {
			t.Fatalf("%d live, %v", n, err)
		}
		noted := func(n int64) audit.Record {
			return audit.With(audit.Event{Type: "mass", At: at, Actor: "account:a", ObjectType: "client", ObjectID: "a", Details: map[string]string{"grants": fmt.Sprint(n)}})
		}
		if _, err := s.RevokeGrantsOf(ctx, "a", 3, at, func(int64) audit.Record { return audit.Record{} }); err == nil {
			t.Error("grants ended without an audit record")
		}
		for _, want := range []int64{3, 1, 0} {
			if n, err := s.RevokeGrantsOf(ctx, "a", 3, at, noted); err != nil || n != want {
				t.Errorf("%d ended, want %d, %v", n, want, err)
			}
		}
		var records int
		must(t, db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE type = 'mass'").Scan(&records))
		if n, err := s.LiveGrants(ctx, "b"); err != nil || n != 1 || records != 2 {
			t.Errorf("%d of another client live, %d records, %v", n, records, err)
		}
	})
}

func TestLastCheckTakesThePlaceOfTheOneBefore(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		if _, err := s.LastCheck(ctx, "upstream", "p"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("before the first: %v", err)
		}
		for i, outcome := range []string{registry.CheckSilent, registry.CheckPassed} {
			want := registry.Check{At: at.Add(time.Duration(i) * time.Minute), Outcome: outcome}
			must(t, s.SaveCheck(ctx, "upstream", "p", want, record()))
			if got, err := s.LastCheck(ctx, "upstream", "p"); err != nil || got != want {
				t.Errorf("%+v, want %+v, %v", got, want, err)
			}
		}
		if _, err := s.LastCheck(ctx, "cas", "p"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("of another kind: %v", err)
		}
	})
}
