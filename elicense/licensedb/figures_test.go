package licensedb_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// BenchmarkFigures counts a register of YINXIN_REGISTER licences (20,000 without it): ten types, a hundred authorities in forty divisions, data of
// a kilobyte, as the page of statistics does: all, a division, and what was issued in a month.
func BenchmarkFigures(b *testing.B) {
	size, err := strconv.Atoi(os.Getenv("YINXIN_REGISTER"))
	if err != nil {
		size = 20_000
	}
	for _, engine := range testkit.Databases(b, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		b.Run(engine.Name, func(b *testing.B) {
			db := engine.Open(b)
			fillRegister(b, db, engine.Name, size)
			store, ctx := licensedb.New(db), context.Background()
			month := time.UnixMicro(1_764_000_000_000_000)
			for name, run := range map[string]func() error{
				"all by type": func() error {
					_, err := store.CountLicenses(ctx, elicense.FigureFilter{Areas: []string{""}}, elicense.ByType, 20260101, [3]int64{20260131, 20260301, 20260331})
					return err
				},
				"a division by authority": func() error {
					_, err := store.CountLicenses(ctx, elicense.FigureFilter{Areas: []string{"/a/7/"}, Division: "33"}, elicense.ByAuthority, 20260101, [3]int64{20260131, 20260301, 20260331})
					return err
				},
				"issued in a month": func() error {
					_, err := store.CountIssued(ctx, elicense.FigureFilter{Areas: []string{""}}, elicense.ByAuthority, month, month.AddDate(0, 1, 0))
					return err
				},
				"a page of those that end": func() error {
					_, _, err := store.List(ctx, elicense.Filter{State: string(elicense.StateActive), EndsFrom: 20260101, EndsTill: 20260131, Areas: []string{""}, Limit: 50})
					return err
				},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if err := run(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// fillRegister makes rows in the database itself, which is quicker than writing each.
func fillRegister(b *testing.B, db *sqldb.DB, engine string, size int) {
	b.Helper()
	series, blob, none := "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < %d)", "randomblob(1000)", "x''"
	if engine == "postgresql" {
		series, blob, none = "WITH g(n) AS (SELECT generate_series(1::bigint, %d))", "decode(repeat(md5(n::text), 62), 'hex')", "''::bytea"
	}
	err := db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), fmt.Sprintf(series, size)+` INSERT INTO lic_license (id, revision, business_number, authority_code, request_digest, type_code, version, state, status, license_id, seal_id, holder_ref,
			data_key, data, list_number, list_index, bits, unsealed, file, entrant, reviewer, issuer, note, replaces, replaced_by, lease_until, created_at, updated_at, issued_at, status_at, status_until, area, log_secret, log_count, type_template, ends)
			SELECT 'lic_' || n, 1, 'B' || n, '11' || (330100 + n % 100 % 40) || 'MB7QX' || (1000 + n % 100), 'd', '11100000MB0143028R00' || (n % 10), 1, 'active', CASE WHEN n % 20 = 0 THEN 'cancelled' ELSE 'valid' END, 'id' || n, 's', '',
			'k', `+blob+`, n / 100000, n % 100000, 0, 'u', 'f', 'e', 'r', 'i', '', '', '', 0, 1700000000000000 + n * 100000000 % 70000000000000, 0, 1700000000000000 + n * 100000000 % 70000000000000, 0, 0, '/a/' || (n % 40) || '/', `+none+`, 0, 't', 20260000 + (n % 12 + 1) * 100 + n % 28 + 1 FROM g`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
