package licensedb_test

import (
	"context"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func TestContract(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			licensetest.RunStore(t, func(t testing.TB) elicense.Store { return licensedb.New(engine.Open(t)) })
		})
	}
}

func TestF01CrashAtEveryStep(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			licensetest.RunCrash(t, func(t testing.TB) elicense.Store { return licensedb.New(engine.Open(t)) })
		})
	}
}

func TestF13BatchCrashes(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			licensetest.RunBatchCrash(t, 5, func(t testing.TB) elicense.Store { return licensedb.New(engine.Open(t)) })
		})
	}
}

func TestLogSurvivesCrashesAndSeveralNodes(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		open := func(t testing.TB) elicense.Store { return licensedb.New(engine.Open(t)) }
		t.Run(engine.Name+" crashes", func(t *testing.T) { licensetest.RunLogCrash(t, open) })
		t.Run(engine.Name+" nodes", func(t *testing.T) { licensetest.RunLogNodes(t, open) })
	}
}

// TestIssueOnRealDatabases takes a licence through its life on both engines and checks the audit chain that it left.
func TestIssueOnRealDatabases(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			w := licensetest.NewWorld(t, licensedb.New(db))
			l := w.Issued(t, licensetest.SampleApplication("B1"))
			shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if result, err := w.Service.VerifyCode(context.Background(), shown.Code); err != nil || result.Code != "V00" {
				t.Fatalf("%s %v", result.Code, err)
			}
			if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "b", DecisionNumber: "d"}); err != nil {
				t.Fatal(err)
			}
			if err := w.Service.Sweep(context.Background()); err != nil {
				t.Fatal(err)
			}
			events, breaks, err := auditdb.Verify(context.Background(), db.Read())
			if err != nil || len(breaks) != 0 || events < 9 {
				t.Errorf("%d events, breaks %v, %v", events, breaks, err)
			}
		})
	}
}

func TestDocumentsThatLicencesName(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			store := licensedb.New(engine.Open(t))
			l := licensetest.NewWorld(t, store).Issued(t, licensetest.SampleApplication("B1"))
			found, err := store.Documents(t.Context(), []string{l.File, "00", l.Unsealed})
			if err != nil || len(found) != 2 || !slices.Contains(found, l.File) || !slices.Contains(found, l.Unsealed) {
				t.Errorf("%v %v, want %s and %s", found, err, l.File, l.Unsealed)
			}
			if found, err := store.Documents(t.Context(), nil); err != nil || len(found) != 0 {
				t.Errorf("%v %v", found, err)
			}
		})
	}
}

// TestRulingsOnRealDatabases: an application that rules approve survives a crash at every step, and of fifty callers one decision comes.
func TestRulingsOnRealDatabases(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		open := func(t testing.TB) elicense.Store { return licensedb.New(engine.Open(t)) }
		t.Run(engine.Name+" crashes", func(t *testing.T) { licensetest.RunRulingCrash(t, open) })
		t.Run(engine.Name+" race", func(t *testing.T) { licensetest.RunRulingRace(t, open(t)) })
	}
}
