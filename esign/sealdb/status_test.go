package sealdb_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealdb"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func each(t *testing.T, run func(t *testing.T, db *sqldb.DB)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), sealdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) { run(t, engine.Open(t)) })
	}
}

func event(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: sealtest.Start, Actor: "system:test", ObjectType: "seal", ObjectID: "x"})
}

// TestHistoriesOfSeals: what UpdateSeal adds comes back by division and by code; seals of before histories were kept have the ones that
// their rows tell.
func TestHistoriesOfSeals(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := context.Background(), sealdb.New(db)
		sum := [32]byte(digest.Sum(sealtest.Row(1).SES))
		put := func(n int, change func(*esign.Seal)) esign.Seal {
			t.Helper()
			row := sealtest.Row(n)
			change(&row)
			if err := store.AddSeal(ctx, row, event("added")); err != nil {
				t.Fatal(err)
			}
			return row
		}
		update := func(row esign.Seal, to esign.State, state sealstatus.State, hours int) esign.Seal {
			t.Helper()
			from := row.State
			row.State, row.UpdatedAt = to, row.UpdatedAt.Add(time.Hour)
			row.Change = &esign.StatusChange{State: state, From: sealtest.Start.Add(time.Duration(hours) * time.Hour), SM3: sum, Since: row.ValidFrom}
			if err := store.UpdateSeal(ctx, row, from, event("changed")); err != nil {
				t.Fatal(err)
			}
			return row
		}
		fresh := put(1, func(s *esign.Seal) { s.State = esign.Made })
		fresh = update(fresh, esign.Active, sealstatus.InUse, 1)
		fresh = update(fresh, esign.Suspended, sealstatus.Suspended, 2)
		update(fresh, esign.Revoked, sealstatus.Lost, 2)
		put(2, func(*esign.Seal) {})                                                                     // in use of old
		old := put(3, func(*esign.Seal) {})                                                              // in use of old, stopped since
		update(old, esign.Suspended, sealstatus.Suspended, 5)                                            //
		put(4, func(s *esign.Seal) { s.State, s.UpdatedAt = esign.Revoked, s.UpdatedAt.Add(time.Hour) }) // ended of old
		put(5, func(s *esign.Seal) { s.State, s.SES = esign.Revoked, nil })                              // turned down
		put(6, func(s *esign.Seal) { s.State = esign.Made })                                             // not in use yet
		put(7, func(s *esign.Seal) { s.Code = "37030100000007" })                                        // of another division
		early := put(8, func(*esign.Seal) {})
		update(early, esign.Revoked, sealstatus.Lost, -5) // lost before it came into use
		got, err := store.SealsOf(ctx, "370300")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]sealstatus.State{
			"37030000000001": {sealstatus.InUse, sealstatus.Lost}, "37030000000002": {sealstatus.InUse}, "37030000000003": {sealstatus.InUse, sealstatus.Suspended},
			"37030000000004": {sealstatus.InUse, sealstatus.Revoked}, "37030000000008": {sealstatus.InUse, sealstatus.Lost},
		}
		if len(got) != len(want) {
			t.Fatalf("%d seals: %+v", len(got), got)
		}
		for _, s := range got {
			var states []sealstatus.State
			for _, e := range s.History {
				states = append(states, e.State)
			}
			if !slices.Equal(states, want[s.Code]) || s.SM3 != sum {
				t.Errorf("%s: %v", s.Code, s.History)
			}
			one, err := store.SealStatus(ctx, s.Code)
			if err != nil || !slices.EqualFunc(one.History, s.History, func(a, b sealstatus.Event) bool { return a.State == b.State && a.From.Equal(b.From) }) {
				t.Errorf("%s alone: %v %v", s.Code, one.History, err)
			}
		}
		// Whatever the rows say, the list can be signed.
		if list := sealstatus.New("u", 1, "370300", sealtest.Start, sealtest.Start.Add(time.Hour), got); len(list.Seals()) != 5 {
			t.Error("seals are missing in the list")
		} else if _, err := list.Sign(nil, nil); err == nil || !strings.Contains(err.Error(), "no certificate") {
			t.Errorf("the list is refused: %v", err)
		}
		if _, err := store.SealStatus(ctx, "37030000000005"); !errors.Is(err, esign.ErrNotFound) {
			t.Errorf("turned down: %v", err)
		}
		if divisions, err := store.Divisions(ctx); err != nil || !slices.Equal(divisions, []string{"370300", "370301"}) {
			t.Errorf("divisions %v %v", divisions, err)
		}
	})
}

// TestPublishedListsOfSeals: numbers only rise, and without an audit record nothing is published.
func TestPublishedListsOfSeals(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := context.Background(), sealdb.New(db)
		list := func(division string, number uint64) esign.StatusList {
			return esign.StatusList{Division: division, Number: number, Content: []byte{1, byte(number)}, IssuedAt: sealtest.Start, NextUpdate: sealtest.Start.Add(time.Hour)}
		}
		if _, err := store.PublishedList(ctx, "370300"); !errors.Is(err, esign.ErrNotFound) {
			t.Errorf("none: %v", err)
		}
		if err := store.Publish(ctx, list("370300", 1), audit.Record{}); err == nil {
			t.Error("published without a record")
		}
		for _, step := range []struct {
			list esign.StatusList
			want error
		}{{list("370301", 1), nil}, {list("370300", 1), nil}, {list("370300", 1), esign.ErrStale}, {list("370300", 3), nil}, {list("370300", 2), esign.ErrStale}} {
			if err := store.Publish(ctx, step.list, event("published")); !errors.Is(err, step.want) {
				t.Errorf("%s %d: %v", step.list.Division, step.list.Number, err)
			}
		}
		got, err := store.PublishedList(ctx, "370300")
		if err != nil || got.Number != 3 || got.Content[1] != 3 || !got.IssuedAt.Equal(sealtest.Start) || !got.NextUpdate.Equal(sealtest.Start.Add(time.Hour)) {
			t.Errorf("%+v %v", got, err)
		}
		page, err := store.PublishedLists(ctx, "", 1)
		if err != nil || len(page) != 1 || page[0].Division != "370300" || page[0].Content != nil {
			t.Errorf("%+v %v", page, err)
		}
		if page, err = store.PublishedLists(ctx, "370300", 9); err != nil || len(page) != 1 || page[0].Division != "370301" {
			t.Errorf("%+v %v", page, err)
		}
	})
}

// TestX15EmergencyStopOnEveryNode: what one node stops, the other refuses to use at once and tells in its list, without a cache to wait for.
func TestX15EmergencyStopOnEveryNode(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := context.Background(), sealdb.New(db)
		w := sealtest.NewWorld(t, store)
		cfg := w.Config()
		cfg.Store, cfg.Lists, cfg.BaseURL = store, store, "https://id.example"
		node := func() *esign.Service {
			t.Helper()
			s, err := esign.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		w.Service = node()
		other := node()
		seal := w.Active(t, sealtest.SampleApplication(1))
		document := sealtest.Document(t, 1)
		if _, _, err := other.Stamp(sealtest.Keeper, sealtest.Request(seal, document)); err != nil {
			t.Fatal(err)
		}
		if err := other.PublishList(ctx, seal.Code[:6]); err != nil {
			t.Fatal(err)
		}
		w.Advance(time.Minute)
		if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "异常用印"); err != nil {
			t.Fatal(err)
		}
		again := sealtest.Request(seal, document)
		again.Key = "another key of the requester"
		if _, _, err := other.Stamp(sealtest.Keeper, again); fault.CodeOf(err) != fault.SealSuspended {
			t.Errorf("the other node stamps: %v", err)
		}
		w.Advance(2 * time.Second)
		sum := [32]byte(digest.Sum(seal.SES))
		if entry, known, err := other.Entry(ctx, seal.Code, sum); err != nil || !known || entry.History.At(w.Now()) != sealstatus.Suspended {
			t.Errorf("the other node's judgements: %v %v %v", entry, known, err)
		}
		orders := 0
		for {
			m, err := outboxdb.New(db).Lease(ctx, w.Now(), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if m == nil {
				break
			}
			if m.Topic == esign.TopicPublish {
				orders++
				if err := other.HandlePublish(ctx, m.Payload); err != nil {
					t.Fatal(err)
				}
			}
			if err := outboxdb.New(db).Done(ctx, m.ID, w.Now()); err != nil {
				t.Fatal(err)
			}
		}
		p, err := w.Service.PublishedList(ctx, seal.Code[:6])
		if err != nil || orders == 0 {
			t.Fatalf("%d orders, %v", orders, err)
		}
		list, err := sealstatus.Open(p.Content)
		if err != nil {
			t.Fatal(err)
		}
		if entry, ok := list.Lookup(seal.Code, sum); !ok || entry.History.At(w.Now()) != sealstatus.Suspended {
			t.Errorf("the list: %v", entry)
		}
	})
}
