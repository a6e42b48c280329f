package licensedb_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestChangesAskForTheirMandateInTheirOwnWrite: each kind of change asks, what is written there is stored with it, and nothing of either where it fails later.
func TestChangesAskForTheirMandateInTheirOwnWrite(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			s := licensedb.New(db)
			var asked []elicense.Doing
			s.Under = func(ctx context.Context, tx sqldb.Tx, b elicense.Behalf, doing elicense.Doing) error {
				asked = append(asked, doing)
				_, err := tx.ExecContext(ctx, "UPDATE lic_freeze SET type_code = $1 WHERE holder_ref = 'account:mark'", b.Mandate)
				return err
			}
			record := audit.With(audit.Event{Type: "test", At: licensetest.Start, Actor: "account:keeper", ObjectType: "license", ObjectID: "l"})
			plain := context.Background()
			ctx := elicense.WithBehalf(plain, elicense.Behalf{Mandate: "mdt_1", Principal: "org_1", Agent: "keeper"})
			if _, err := s.Freeze(plain, elicense.Freeze{HolderRef: "account:mark", License: "mark", At: licensetest.Start}, record); err != nil || len(asked) != 0 {
				t.Fatalf("without a mandate: %v %v", asked, err)
			}
			mark := func() string {
				page, _, err := s.ListFreezes(plain, "account:mark", "", 1)
				if err != nil || len(page) != 1 {
					t.Fatal(page, err)
				}
				return page[0].TypeCode
			}
			g := elicense.Grant{ID: "lgrant_1", HolderRef: "account:org_1", License: "l", Mode: elicense.GrantDelegate, Kind: elicense.GrantFields, Uses: 1, Left: 1, Expires: licensetest.Start.Add(time.Hour), CreatedAt: licensetest.Start}
			if _, err := s.Freeze(ctx, elicense.Freeze{HolderRef: g.HolderRef, License: "l", At: licensetest.Start}, record); err != nil || mark() != "mdt_1" {
				t.Errorf("freeze: %q %v", mark(), err)
			}
			other := elicense.WithBehalf(plain, elicense.Behalf{Mandate: "mdt_2", Principal: "org_1", Agent: "keeper"})
			if err := s.AddGrant(other, g, record); !errors.Is(err, elicense.ErrFrozen) || mark() != "mdt_1" {
				t.Errorf("a grant that was refused left the use of its mandate: %q %v", mark(), err)
			}
			if done, err := s.Unfreeze(ctx, g.HolderRef, "l", record); err != nil || !done {
				t.Error(done, err)
			}
			if err := s.AddGrant(ctx, g, record); err != nil {
				t.Error(err)
			}
			if done, err := s.RevokeGrant(ctx, g.ID, licensetest.Start, record); err != nil || !done {
				t.Error(done, err)
			}
			if want := []elicense.Doing{elicense.DoingFreeze, elicense.DoingLend, elicense.DoingThaw, elicense.DoingLend, elicense.DoingUnlend}; !slices.Equal(asked, want) {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}
