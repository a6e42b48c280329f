package licensedb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/blob"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// TestForgeryIsErasedInTime: what reporters wrote, their contacts and the file go so long after the decision, and what no case took goes sooner.
func TestForgeryIsErasedInTime(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine, ctx := as("staff:a", ""), reqctx.WithActor(context.Background(), reqctx.Actor{ID: "system:forgery"})
		given := d.report(forgery.Report{Identifier: "无此编号", Where: "窗口", Contact: reporter, File: []byte("forged"), Send: true})
		c := d.only(mine)
		f, err := d.store.File(ctx, c.File)
		if err != nil {
			t.Fatal(err)
		}
		if sealed, err := d.files.Get(ctx, f.Address); err != nil || bytes.Contains(sealed, []byte("forged")) {
			t.Errorf("%q %v", sealed, err)
		}
		// The same file once more: nothing takes it, so that it goes an hour later.
		d.report(forgery.Report{File: []byte("forged"), Send: true})
		loose, err := d.store.Loose(ctx, d.now(), 10)
		if err != nil || len(loose) != 1 || d.only(mine).Count != 2 {
			t.Fatalf("%v %v", loose, err)
		}
		sweep := func(want int) {
			t.Helper()
			if n, err := d.Sweep(ctx); n != want || err != nil {
				t.Errorf("%d erased, want %d: %v", n, want, err)
			}
		}
		sweep(0)
		if _, err := d.files.Get(ctx, loose[0].Address); err != nil {
			t.Errorf("a file went that a report may yet take: %v", err)
		}
		d.at = d.at.Add(61 * time.Minute)
		sweep(0)
		if _, err := d.files.Get(ctx, loose[0].Address); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("what nothing took stays: %v", err)
		}
		d.at = d.at.Add(400 * 24 * time.Hour)
		sweep(0) // nobody decided
		d.taken(mine, c.ID)
		if _, err := d.Decide(mine, c.ID, forgery.Order{Decision: forgery.NotOurs, Words: "不是"}); err != nil {
			t.Fatal(err)
		}
		d.at = d.at.Add(30*24*time.Hour - time.Minute)
		sweep(0)
		d.at = d.at.Add(2 * time.Minute)
		sweep(1)
		sweep(0)
		tellings, _, err := d.Tellings(mine, c.ID, "", 10)
		if err != nil || len(tellings) != 2 {
			t.Fatal(err)
		}
		for _, one := range tellings {
			if one.Contact != "" || one.Said != (forgery.Said{}) || one.Reach != "" {
				t.Errorf("%+v", one)
			}
			notice, _ := json.Marshal(forgery.Message{Case: c.ID, Telling: one.ID})
			if _, _, ok, err := d.Addressee(ctx, notice); ok || err != nil {
				t.Errorf("somebody is written to after the erasure: %v", err)
			}
		}
		if _, err := d.File(mine, c.ID); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := d.files.Get(ctx, f.Address); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("the file stays: %v", err)
		}
		if again, err := d.Find(mine, c.ID); err != nil || again.Identifier != "" || again.Decision != forgery.NotOurs {
			t.Errorf("%+v %v", again, err)
		}
		if s := d.status(given.Receipt); s.Decision != forgery.NotOurs || s.Words != "不是" {
			t.Errorf("%+v", s)
		}
		if kinds, _ := d.audited(); kinds["forgery.erased"] != 1 {
			t.Error(kinds)
		}
	})
}

func TestForgeryReportsThatAreNotTaken(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		for _, receipt := range []string{"", "1", "0000-0000-0000-0000-0000-0000"} {
			if _, err := d.Status(context.Background(), receipt); fault.CodeOf(err) != fault.ForgeryReceipt {
				t.Errorf("%q: %v", receipt, err)
			}
		}
		if _, err := d.ByReceipt(as("staff:a", ""), "1"); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
		given := d.report(forgery.Report{Identifier: seal1})
		if _, err := d.ByReceipt(as("staff:a", "1/2/"), given.Receipt); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a receipt of another area is found: %v", err)
		}
		d.admit = fault.New(fault.TooManyRequests)
		if _, err := d.Receive(context.Background(), forgery.Report{Identifier: seal2, File: []byte("x"), Send: true}); fault.CodeOf(err) != fault.TooManyRequests {
			t.Error(err)
		}
		if _, err := d.Status(context.Background(), given.Receipt); fault.CodeOf(err) != fault.TooManyRequests {
			t.Error(err)
		}
		d.admit = nil
		d.reach = false
		if g := d.report(forgery.Report{Identifier: seal1, Contact: reporter}); !g.Unreached {
			t.Error("a contact of too many reports is taken")
		}
		everywhere := as("staff:a", "")
		if page := d.cases(everywhere); len(page) != 1 {
			t.Fatalf("%d cases", len(page))
		} else if tellings, _, err := d.Tellings(everywhere, page[0].ID, "", 9); err != nil || len(tellings) != 2 || tellings[0].Contact+tellings[1].Contact != "" {
			t.Errorf("%+v %v", tellings, err)
		}
		// What a file says beats what its reporter told, and a text that is a code is not used up.
		d.judged = verify.Result{Code: "V22", Signatures: []verify.Signature{{Seal: &verify.Seal{SealID: seal2}}}}
		d.report(forgery.Report{Identifier: seal1, Code: "V00", File: []byte("other"), Send: true})
		if c := d.only(as("staff:b", "1/2/")); c.Own != "V22" || c.Told != "V00" || c.Object != "seal_2" {
			t.Errorf("%+v", c)
		}
		d.report(forgery.Report{File: []byte("LZ1:CODE"), Send: true})
		if page := d.cases(everywhere); page[0].Own != "" || page[0].Kind != forgery.Unknown {
			t.Errorf("%+v", page[0])
		}
	})
}

// TestForgeryStoreKeepsItsWord: what the contract of the store says beyond what the room does with it.
func TestForgeryStoreKeepsItsWord(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.report(forgery.Report{Identifier: seal1, Contact: reporter})
		c := d.only(as("staff:a", ""))
		record := noted(c.ID)
		stale := c
		stale.Version--
		for name, err := range map[string]error{"change": d.store.Change(ctx, stale, record), "erase": d.store.Erase(ctx, stale, record), "join": d.store.Join(ctx, stale, c, record), "join to stale": d.store.Join(ctx, c, stale, record)} {
			if !errors.Is(err, forgery.ErrStale) {
				t.Errorf("%s of another version: %v", name, err)
			}
		}
		tellings, err := d.store.Untold(ctx, c.ID, 10)
		if err != nil || len(tellings) != 1 {
			t.Fatal(tellings, err)
		}
		if err := d.store.Tell(ctx, tellings[0], d.now(), record); err != nil {
			t.Fatal(err)
		}
		if err := d.store.Tell(ctx, tellings[0], d.now(), record); !errors.Is(err, forgery.ErrStale) {
			t.Errorf("told twice: %v", err)
		}
		before, _ := d.audited()
		if err := d.store.Change(ctx, stale, record); err == nil {
			t.Fatal("a stale change is stored")
		}
		if after, _ := d.audited(); !maps.Equal(before, after) {
			t.Errorf("a refused change left a record: %v", after)
		}
		for name, err := range map[string]error{"case": second(d.store.Find(ctx, "none")), "telling": second(d.store.Telling(ctx, c.ID, "none")), "file": second(d.store.File(ctx, "none")), "receipt": func() error { _, _, err := d.store.ByReceipt(ctx, "none"); return err }()} {
			if !errors.Is(err, forgery.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if list, err := d.store.List(ctx, forgery.Filter{Limit: 9}); err != nil || len(list) != 0 {
			t.Errorf("without a scope %d cases are seen: %v", len(list), err)
		}
	})
}
