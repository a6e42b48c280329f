package sealdb_test

import (
	"io/fs"
	"strings"
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

// Uses of a release that flagged nothing count: by hours in China, and whoever made them is known, from whatever device.
func TestUsesOfBeforeCount(t *testing.T) {
	file, err := fs.ReadFile(sealdb.Migrations().Files, "0419_flags.sql")
	if err != nil {
		t.Fatal(err)
	}
	var fills []string
	for statement := range strings.SplitSeq(string(file), ";") {
		if i := strings.Index(statement, "INSERT INTO"); i >= 0 {
			fills = append(fills, statement[i:])
		}
	}
	if len(fills) != 2 {
		t.Fatalf("%d statements fill tables", len(fills))
	}
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			store := sealdb.New(db)
			done := audit.With(audit.Event{Type: "x", At: sealtest.Start, Actor: "system:test", ObjectType: "seal", ObjectID: "x"})
			seal := sealtest.Row(1)
			if err := store.AddSeal(t.Context(), seal, done); err != nil {
				t.Fatal(err)
			}
			night := time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC) // 00:30 of the 24th in China
			for n, at := range []time.Time{night, night.Add(time.Minute), night.Add(-time.Hour), sealtest.Start} {
				stamp := sealtest.Plan(n, seal.ID)
				if stamp.CreatedAt = at; n == 3 {
					stamp.Requester = "system:elicense"
				}
				if err := store.PlanStamp(t.Context(), stamp, nil, done); err != nil {
					t.Fatal(err)
				}
			}
			err := db.Write(t.Context(), func(tx sqldb.Tx) error {
				for _, fill := range fills {
					if _, err := tx.ExecContext(t.Context(), fill); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			today, err := esign.ParseDay("2026-11-24")
			if err != nil {
				t.Fatal(err)
			}
			for n, one := range []struct {
				by   string
				want esign.Habits
			}{
				{"staff:a", esign.Habits{Hour: 3, Day: 3, BusiestHour: 1, BusiestDay: 1, Known: true, KnownDevice: true}},
				{"staff:b", esign.Habits{Hour: 4, Day: 4, BusiestHour: 1, BusiestDay: 1, Others: true, KnownDevice: true}},
			} {
				var seen esign.Habits
				watch := &esign.Watch{By: one.by, Device: "d", At: sealtest.Start, Day: today, Counts: true, Judge: func(h esign.Habits) esign.Flagged { seen = h; return esign.Flagged{} }}
				if err := store.PlanStamp(t.Context(), sealtest.Plan(10+n, seal.ID), watch, done); err != nil {
					t.Fatal(err)
				}
				if seen != one.want {
					t.Errorf("%s: %+v, want %+v", one.by, seen, one.want)
				}
			}
		})
	}
}
