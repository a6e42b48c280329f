package licensedb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// TestForgeryFromReportToDecision: who reported learns of every step by the receipt, the decider by the case, and a contact leaves no trace.
func TestForgeryFromReportToDecision(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine := as("staff:a", "1/1/")
		given := d.report(forgery.Report{Code: "V22", Identifier: seal1, Where: "窗口见到 <b>", Address: "https://fake.example/", Contact: reporter, File: []byte("a forged file"), Send: true})
		if given.Unreached || d.status(strings.ToLower(given.Receipt)).State != forgery.Received {
			t.Errorf("%+v", given)
		}
		c := d.only(mine)
		if c.State != forgery.Received || c.Kind != forgery.Seal || c.Object != "seal_1" || c.Own != "V20" || c.Told != "V22" || c.Count != 1 || len(c.SM3) != 64 {
			t.Errorf("%+v", c)
		}
		tellings, _, err := d.Tellings(mine, c.ID, "", 10)
		if err != nil || len(tellings) != 1 || tellings[0].Said.Where != "窗口见到 <b>" || tellings[0].Said.Address != "https://fake.example/" || tellings[0].Contact != "138****8999" {
			t.Fatalf("%+v %v", tellings, err)
		}
		if _, err := d.Contact(mine, c.ID, tellings[0].ID, " "); fault.CodeOf(err) != fault.ForgeryReason {
			t.Errorf("opened without a reason: %v", err)
		}
		if contact, err := d.Contact(mine, c.ID, tellings[0].ID, "核实细节"); err != nil || contact != "+86"+reporter {
			t.Errorf("%q %v", contact, err)
		}
		if file, err := d.File(mine, c.ID); err != nil || string(file) != "a forged file" {
			t.Errorf("%q %v", file, err)
		}
		order := forgery.Order{Decision: forgery.Forged, Words: "印章未曾盖在此文件上", Note: "已报案"}
		if _, err := d.Decide(mine, c.ID, order); fault.CodeOf(err) != fault.ForgeryState {
			t.Errorf("decided by who did not take it: %v", err)
		}
		d.taken(as("staff:b", "1/1/"), c.ID)
		if d.status(given.Receipt).State != forgery.Taken {
			t.Error("not told that somebody looks into it")
		}
		if _, err := d.Decide(mine, c.ID, order); fault.CodeOf(err) != fault.ForgeryState {
			t.Errorf("decided in the place of another: %v", err)
		}
		c = d.taken(mine, c.ID)
		if _, err := d.Take(mine, c.ID); fault.CodeOf(err) != fault.ForgeryState {
			t.Errorf("taken twice: %v", err)
		}
		stale := order
		stale.Seen = "another"
		if _, err := d.Decide(mine, c.ID, stale); fault.CodeOf(err) != fault.ForgeryState {
			t.Errorf("decided what was not read: %v", err)
		}
		order.Seen = c.Mark()
		if _, err := d.Decide(mine, c.ID, order); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"again": second(d.Decide(mine, c.ID, order)), "take": second(d.Take(as("staff:b", "1/1/"), c.ID))} {
			if fault.CodeOf(err) != fault.ForgeryState {
				t.Errorf("%s after the decision: %v", name, err)
			}
		}
		if s := d.status(given.Receipt); s.State != forgery.Decided || s.Decision != forgery.Forged || s.Words != order.Words || s.Joined || s.DecidedAt.IsZero() {
			t.Errorf("%+v", s)
		}
		if found, err := d.Find(mine, c.ID); err != nil || found.Note != "已报案" {
			t.Errorf("%+v %v", found, err)
		}
		payload, _ := json.Marshal(forgery.Message{Case: c.ID})
		for range 2 { // a delivery comes again
			if err := d.HandleDecided(context.Background(), payload); err != nil {
				t.Fatal(err)
			}
		}
		notice, _ := json.Marshal(forgery.Message{Case: c.ID, Telling: tellings[0].ID})
		if to, locale, ok, err := d.Addressee(context.Background(), notice); err != nil || !ok || to.Value != "+86"+reporter || locale != "zh-CN" {
			t.Errorf("%v %q %v %v", to, locale, ok, err)
		}
		kinds, text := d.audited()
		want := map[string]int{"forgery.reported": 1, "forgery.taken": 2, "forgery.decided": 1, "forgery.contact_opened": 1, "forgery.file_opened": 1, "forgery.reporter_told": 1, "message forgery.reported": 1, "message forgery.decided": 1, "message notice.forgery_decided": 1}
		if !maps.Equal(kinds, want) {
			t.Errorf("%v, want %v", kinds, want)
		}
		for _, never := range []string{reporter, "窗口", "fake.example", given.Receipt, strings.ReplaceAll(given.Receipt, "-", ""), order.Words, order.Note, seal1} {
			if strings.Contains(text, never) {
				t.Errorf("X-27: %q stands in audit or outbox", never)
			}
		}
		d.nowhere(reporter, "窗口", "fake.example", strings.ReplaceAll(given.Receipt, "-", ""), "已报案")
	})
}

// TestForgeriesOfOneThingAreOneCase: a thousand reports of a file are one line; each reporter has a receipt, and one contact is told once.
func TestForgeriesOfOneThingAreOneCase(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine, sm3 := as("staff:a", "1/1/"), strings.Repeat("ab", 32)
		const many = 24
		receipts := make([]string, many)
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				given, err := d.Receive(context.Background(), forgery.Report{SM3: sm3, Identifier: seal1, Contact: reporter})
				if err != nil {
					t.Error(err)
				}
				receipts[i] = given.Receipt
			})
		}
		all.Wait()
		c := d.only(mine)
		if c.Count != many {
			t.Errorf("%d reports are counted", c.Count)
		}
		slices.Sort(receipts)
		if len(slices.Compact(receipts)) != many {
			t.Error("receipts are given twice")
		}
		reached, marks := 0, map[string]bool{}
		for after := ""; ; {
			page, next, err := d.Tellings(mine, c.ID, after, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range page {
				marks[one.ID] = true
				if one.Contact != "" {
					reached++
				}
			}
			if after = next; after == "" {
				break
			}
		}
		if reached != 1 || len(marks) != many {
			t.Errorf("%d contacts in %d reports", reached, len(marks))
		}
		d.taken(mine, c.ID)
		if _, err := d.Decide(mine, c.ID, forgery.Order{Decision: forgery.Forged, Words: "x"}); err != nil {
			t.Fatal(err)
		}
		for _, receipt := range receipts {
			if d.status(receipt).Decision != forgery.Forged {
				t.Error("a reporter is not told")
			}
		}
		// What was decided takes nobody in: the next report is a case of its own, which shows the old one.
		d.report(forgery.Report{SM3: sm3, Identifier: seal1})
		if page := d.cases(mine); len(page) != 2 || page[0].Count != 1 || page[0].State != forgery.Received {
			t.Errorf("%+v", page)
		} else if found, err := d.Find(mine, page[0].ID); err != nil || len(found.Similar) != 1 || found.Similar[0].ID != c.ID {
			t.Errorf("%+v %v", found.Similar, err)
		}
	})
}

// TestForgeryIsRoutedByWhatIsClaimed: departments see their own, what no register knows is for who reviews everywhere, and a department that moves takes
// its cases along.
func TestForgeryIsRoutedByWhatIsClaimed(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		one, two, everywhere := as("staff:a", "1/1/"), as("staff:b", "1/2/"), as("staff:c", "")
		d.report(forgery.Report{Identifier: seal1})
		d.report(forgery.Report{Identifier: seal2})
		d.report(forgery.Report{Identifier: "99", Code: "V41", Address: "https://fake.example"})
		mine := d.only(one)
		if mine.Identifier != seal1 || d.only(two).Identifier != seal2 || len(d.cases(everywhere)) != 3 {
			t.Error("cases are at the wrong desk")
		}
		for name, err := range map[string]error{"find": second(d.Find(two, mine.ID)), "take": second(d.Take(two, mine.ID)), "decide": second(d.Decide(two, mine.ID, forgery.Order{Decision: forgery.Forged, Words: "x"})), "file": second(d.File(two, mine.ID)),
			"contact": second(d.Contact(two, mine.ID, "x", "x")), "tellings": func() error { _, _, err := d.Tellings(two, mine.ID, "", 1); return err }(), "none": second(d.Find(two, "fgc_none"))} {
			if fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s in another area: %v", name, err)
			}
		}
		if n, known, err := d.Waiting(two, 10); n != 1 || !known || err != nil {
			t.Errorf("%d %v %v", n, known, err)
		}
		clerk := reqctx.WithActor(context.Background(), reqctx.Actor{ID: "staff:d", Roles: []string{"license_clerk"}, Rights: reqctx.Everywhere("license_clerk")})
		if _, known, err := d.Waiting(clerk, 10); known || err != nil {
			t.Errorf("%v %v", known, err)
		}
		if _, _, err := d.List(clerk, "", "", 10); fault.CodeOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if err := d.MoveDepartment(context.Background(), "one", "1/2/9/"); err != nil {
			t.Fatal(err)
		}
		if len(d.cases(one)) != 0 || len(d.cases(two)) != 2 {
			t.Error("a department that moved left its cases behind")
		}
		if err := d.MoveDepartment(context.Background(), "one", "1/2/9/"); err != nil {
			t.Fatal(err)
		}
		if kinds, _ := d.audited(); kinds["forgery.department_moved"] != 1 {
			t.Error(kinds)
		}
		// Pages of the list.
		var seen []string
		for after := ""; ; {
			page, next, err := d.List(everywhere, forgery.Received, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				seen = append(seen, c.ID)
			}
			if after = next; after == "" {
				break
			}
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != 3 {
			t.Errorf("%q", seen)
		}
		if page, _, err := d.List(everywhere, forgery.Decided, "", 10); err != nil || len(page) != 0 {
			t.Errorf("%v %v", page, err)
		}
		for _, err := range []error{func() error { _, _, err := d.List(everywhere, "nothing", "", 1); return err }(), func() error { _, _, err := d.List(everywhere, "", "x", 1); return err }()} {
			if fault.CodeOf(err) != fault.Malformed {
				t.Error(err)
			}
		}
	})
}

// TestForgeryIsDecidedByWhoHasNoPart: a part in the seal bars every step, those that tell who reported before all, and each try is on record.
func TestForgeryIsDecidedByWhoHasNoPart(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine := as("staff:a", "1/1/")
		d.report(forgery.Report{Identifier: seal1, Contact: reporter})
		c := d.only(mine)
		d.taken(mine, c.ID)
		d.barred["staff:a seal_1"] = true
		for doing, err := range map[string]error{"take": second(d.Take(mine, c.ID)), "decide": second(d.Decide(mine, c.ID, forgery.Order{Decision: forgery.Genuine, Words: "x"})), "file": second(d.File(mine, c.ID)),
			"contact": second(d.Contact(mine, c.ID, "x", "x")), "read": second(d.Find(mine, c.ID)), "reports": func() error { _, _, err := d.Tellings(mine, c.ID, "", 1); return err }()} {
			if fault.CodeOf(err) != fault.ForgeryConflict {
				t.Errorf("%s with a part in the seal: %v", doing, err)
			}
		}
		if kinds, _ := d.audited(); kinds["forgery.refused"] != 6 {
			t.Error(kinds)
		}
		if _, err := d.Find(as("staff:b", "1/1/"), c.ID); err != nil {
			t.Error(err)
		}
	})
}

// TestForgeryRaces: of fifty decisions of one moment one counts, also while further reports come in.
func TestForgeryRaces(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine := as("staff:a", "1/1/")
		d.report(forgery.Report{Identifier: seal1})
		c := d.only(mine)
		d.taken(mine, c.ID)
		var done, refused atomic.Int32
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				order := forgery.Order{Decision: forgery.Decisions[i%3], Words: fmt.Sprint(i)}
				switch _, err := d.Decide(mine, c.ID, order); {
				case err == nil:
					done.Add(1)
				case fault.CodeOf(err) == fault.ForgeryState:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if done.Load() != 1 || refused.Load() != 49 {
			t.Errorf("%d decisions, %d refused", done.Load(), refused.Load())
		}
		if kinds, _ := d.audited(); kinds["forgery.decided"] != 1 || kinds["message forgery.decided"] != 1 {
			t.Error(kinds)
		}
	})
}

// TestForgeryDuplicates: reports of a duplicate move to the case that stands for it and follow its decision; nothing is a duplicate of itself, of
// what is none of the decider's, or of another duplicate, and two cases never join each other.
func TestForgeryDuplicates(t *testing.T) {
	onDesks(t, func(t *testing.T, d *desk) {
		mine := as("staff:a", "")
		given := map[string]forgery.Given{}
		for name, r := range map[string]forgery.Report{"a": {Identifier: seal1, Contact: reporter}, "b": {SM3: strings.Repeat("ab", 32), Identifier: seal1, Contact: reporter}, "c": {SM3: strings.Repeat("cd", 32), Identifier: seal1, Contact: "13800138998"}, "there": {Identifier: seal2}} {
			given[name] = d.report(r)
		}
		id := map[string]string{}
		for name, one := range given {
			c, err := d.ByReceipt(mine, one.Receipt)
			if err != nil {
				t.Fatal(err)
			}
			id[name] = c.ID
			if name != "there" {
				d.taken(mine, c.ID)
			}
		}
		join := func(ctx context.Context, what, of string) error {
			return second(d.Decide(ctx, id[what], forgery.Order{Decision: forgery.Duplicate, DuplicateOf: of}))
		}
		county := as("staff:b", "1/1/")
		d.taken(county, id["b"])
		for name, err := range map[string]error{"itself": join(mine, "a", id["a"]), "nothing": join(mine, "a", "fgc_none"), "another area": join(county, "b", id["there"])} {
			if fault.CodeOf(err) != fault.Invalid {
				t.Errorf("duplicate of %s: %v", name, err)
			}
		}
		d.taken(mine, id["b"])
		var done atomic.Int32
		var all sync.WaitGroup
		for _, pair := range [][2]string{{"a", "b"}, {"b", "a"}} {
			all.Go(func() {
				switch err := join(mine, pair[0], id[pair[1]]); fault.CodeOf(err) {
				case "":
					done.Add(1)
				case fault.Invalid, fault.ForgeryState:
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if done.Load() != 1 {
			t.Fatalf("%d of two joined each other", done.Load())
		}
		head, gone := "a", "b"
		if c, _ := d.store.Find(context.Background(), id["a"]); c.Decision == forgery.Duplicate {
			head, gone = "b", "a"
		}
		if err := join(mine, "c", id[gone]); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("joined to a duplicate: %v", err)
		}
		c, err := d.Find(mine, id[head])
		if err != nil || c.Count != 2 || c.State != forgery.Taken {
			t.Fatalf("%+v %v", c, err)
		}
		if _, err := d.Decide(mine, id[head], forgery.Order{Decision: forgery.Forged, Words: "伪造"}); err != nil {
			t.Fatal(err)
		}
		if s := d.status(given[gone].Receipt); s.Decision != forgery.Forged || s.Words != "伪造" || !s.Joined {
			t.Errorf("%+v", s)
		}
		if err := join(mine, "c", id[head]); err != nil { // one that was decided answers at once
			t.Fatal(err)
		}
		if s := d.status(given["c"].Receipt); s.Decision != forgery.Forged || !s.Joined {
			t.Errorf("%+v", s)
		}
		payload, _ := json.Marshal(forgery.Message{Case: id[head]})
		if err := d.HandleDecided(context.Background(), payload); err != nil {
			t.Fatal(err)
		}
		if kinds, _ := d.audited(); kinds["message notice.forgery_decided"] != 2 {
			t.Errorf("reporters are told %d times, want once for each of two contacts", kinds["message notice.forgery_decided"])
		}
	})
}
