package sealdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealdb"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func TestContract(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			sealtest.RunStore(t, func(t testing.TB) esign.Store { return sealdb.New(engine.Open(t)) })
		})
	}
}

func TestF01CrashAtEveryStep(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			for name, subject := range map[string]sealtest.Subject{"here": sealtest.Here(sealtest.Document(t, 1)), "there": sealtest.There(sealtest.Document(t, 1))} {
				t.Run(name, func(t *testing.T) {
					sealtest.RunCrash(t, func(t testing.TB) esign.Store { return sealdb.New(engine.Open(t)) }, subject)
				})
			}
		})
	}
}

// TestStampOnRealDatabases takes a seal through its life on both engines and checks the audit chain that it left.
func TestStampOnRealDatabases(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			w := sealtest.NewWorld(t, sealdb.New(db))
			seal := w.Active(t, sealtest.SampleApplication(1))
			if _, _, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1))); err != nil {
				t.Fatal(err)
			}
			for _, step := range []func() (esign.Seal, error){
				func() (esign.Seal, error) { return w.Service.Suspend(sealtest.Keeper, seal.ID, "遗失") },
				func() (esign.Seal, error) { return w.Service.Resume(sealtest.Reviewer, seal.ID) },
				func() (esign.Seal, error) { return w.Service.Revoke(sealtest.Reviewer, seal.ID, "换章") },
			} {
				if _, err := step(); err != nil {
					t.Fatal(err)
				}
			}
			// applied, approved, made, active; planned, stored; suspended, active, revoked
			events, breaks, err := auditdb.Verify(context.Background(), db.Read())
			if err != nil || len(breaks) != 0 || events != 9 {
				t.Errorf("%d events, breaks %v, %v", events, breaks, err)
			}
		})
	}
}

// Ends that a release before kept in the body alone are found after the first start, however many there are.
func TestEndsAreFilled(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			store := sealdb.New(db)
			for n := range 3 {
				if err := store.AddSeal(t.Context(), sealtest.Row(n), audit.With(audit.Event{Type: "added", At: sealtest.Start, Actor: "system:test", ObjectType: "seal", ObjectID: "x"})); err != nil {
					t.Fatal(err)
				}
			}
			err := db.Write(t.Context(), func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(t.Context(), "UPDATE seal_seal SET valid_to = 0, owner = '', owner_code = ''")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := store.FillColumns(t.Context()); err != nil {
				t.Fatal(err)
			}
			one := sealtest.Row(0)
			if page, err := store.SealsOfOwner(t.Context(), esign.Party{Name: one.Owner, Code: one.OwnerCode}, "", 10); err != nil || len(page) != 3 {
				t.Errorf("of the organisation: %d, %v", len(page), err)
			}
			end := one.ValidTo
			for before, want := range map[time.Time]int{end: 0, end.Add(time.Second): 3} {
				if page, err := store.SealsEnding(t.Context(), []string{""}, before, "", 10); err != nil || len(page) != want {
					t.Errorf("before %v: %d, want %d (%v)", before, len(page), want, err)
				}
			}
		})
	}
}
