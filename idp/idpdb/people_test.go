package idpdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func eachPeople(t *testing.T, run func(t *testing.T, open func(t testing.TB) *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, engine.Open) })
	}
}

func TestPeopleStoreKeepsTheContract(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		idptest.RunPeople(t, func(t testing.TB) idptest.Store { return idpdb.New(open(t)) })
	})
}

// TestA30SuspensionEndsGrants: refresh tokens live by their grant, which the twin does not keep.
func TestA30SuspensionEndsGrants(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		db, ctx := open(t), context.Background()
		store := idpdb.New(db)
		record := audit.With(audit.Event{Type: "test", At: idptest.Start, Actor: "system:test", ObjectType: "account", ObjectID: "x"})
		for _, id := range []string{"a", "b"} {
			if err := store.CreateAccount(ctx, idp.Account{ID: id, State: idp.AccountActive, CreatedAt: idptest.Start}, record); err != nil {
				t.Fatal(err)
			}
			if err := store.PutSession(ctx, []byte(id), session.Session{ID: "sid_" + id, AccountID: id, CreatedAt: idptest.Start, LastSeen: idptest.Start}, record); err != nil {
				t.Fatal(err)
			}
			if err := db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO idp_grant (id, client_id, account_id, sid, created_at, revoked_at) VALUES ($1, 'c', $2, $3, 1, 0)", "grant_"+id, id, "sid_"+id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.SetState(ctx, "a", idp.AccountSuspended, idptest.Start.Add(time.Minute), record); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]bool{"a": true, "b": false} {
			standing, err := store.Standing(ctx, "grant_"+id)
			if err != nil || standing.Grant.RevokedAt.IsZero() == want {
				t.Errorf("grant of %s: revoked at %s, %v", id, standing.Grant.RevokedAt, err)
			}
		}
		if n, breaks, err := auditdb.Verify(ctx, db.Read()); err != nil || n == 0 || len(breaks) != 0 {
			t.Errorf("audit: %d events, %v, %v", n, breaks, err)
		}
	})
}

// TestO37PasswordTimeNeverGoesBack: a second change after the clock was set back revives nothing that the first one ended.
func TestO37PasswordTimeNeverGoesBack(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		account(t, s, "acc")
		for _, change := range []struct{ at, want time.Duration }{{2 * time.Second, 2 * time.Second}, {0, 2 * time.Second}, {3 * time.Second, 3 * time.Second}} {
			must(t, s.SetPassword(ctx, "acc", "hash", at.Add(change.at), record()))
			if a, err := s.Account(ctx, "acc"); err != nil || !a.CredentialsAt.Equal(at.Add(change.want)) {
				t.Errorf("changed at %v: the time is %v, %v", change.at, a.CredentialsAt, err)
			}
		}
	})
}
