package idpdb_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestRefusalsAreBounded: the oldest value of a client goes, those of another stay, and a value counts in one row.
func TestRefusalsAreBounded(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx, start := context.Background(), time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
			store := idpdb.New(engine.Open(t))
			save := func(client, value string, after time.Duration) {
				at := start.Add(after)
				if err := store.SaveRefusals(ctx, client, []idp.RefusedRequest{{ClientID: client, Parameter: "redirect_uri", Received: value, Count: 2, First: at, Last: at, SupportCode: "s" + value}}, 3); err != nil {
					t.Fatal(err)
				}
			}
			save("other", "v", 0)
			for i := range 5 {
				save("c", fmt.Sprint(i), time.Duration(i)*time.Second)
			}
			save("c", "3", time.Minute)
			all, err := store.Refusals(ctx, "c", start.Add(-time.Hour), 50)
			if err != nil || len(all) != 3 || all[0].Received != "3" || all[0].Count != 4 || all[0].First != start.Add(3*time.Second) || all[2].Received != "2" {
				t.Errorf("%+v, %v", all, err)
			}
			if all, err := store.Refusals(ctx, "other", start.Add(-time.Hour), 50); err != nil || len(all) != 1 {
				t.Errorf("%+v, %v", all, err)
			}
		})
	}
}
