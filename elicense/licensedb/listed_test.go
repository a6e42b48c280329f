package licensedb_test

import (
	"fmt"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// BenchmarkListOfLicences judges a page of a list whose rows are all right: counted, decrypted, and noted on ledgers.
func BenchmarkListOfLicences(b *testing.B) {
	for _, engine := range testkit.Databases(b, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		b.Run(engine.Name, func(b *testing.B) {
			w := licensetest.NewWorld(b, licensedb.New(engine.Open(b)))
			rows := make([]elicense.Listed, elicense.ListedPage)
			for i := range rows {
				rows[i] = elicense.Listed{LicenseID: w.Issued(b, licensetest.SampleApplication(fmt.Sprint("B", i))).LicenseID, Check: "003B"}
			}
			ctx := licensetest.Application(licensetest.Portal, elicense.RoleUser)
			for b.Loop() {
				list, err := w.Service.BeginList(ctx)
				if err != nil {
					b.Fatal(err)
				}
				answers, err := list.Check(ctx, rows)
				if err != nil || answers[len(rows)-1].Result.Code != "V00" {
					b.Fatal(answers[len(rows)-1], err)
				}
				list.End()
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
