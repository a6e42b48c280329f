package counter_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// deletion is how the deletion of an account stands.
func (d *desk) deletion(account string) idp.Deletion {
	d.Helper()
	one, err := d.store.Deletion(context.Background(), account)
	d.must(err)
	return one
}

func (d *desk) offered(card counter.Card) (counter.Visit, []string) {
	d.Helper()
	v, err := d.Typed(context.Background(), clerk(d.world), second(d.world), d.terminal, "A1", card)
	d.must(err)
	shown, err := d.Show(context.Background(), v)
	d.must(err)
	return v, shown.Offered
}

// TestDeletionIsAskedForAndTakenBackAtTheDesk: what stands in the way is told before the person is asked; the cool-off is that of the pages,
// and what was taken back may be asked for again in the same visit. An attempt whose answer was lost overrules nobody.
func TestDeletionIsAskedForAndTakenBackAtTheDesk(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		v, offered := d.offered(wang)
		if !slices.Contains(offered, counter.ActDelete) || slices.Contains(offered, counter.ActUndelete) || slices.Contains(offered, counter.ActChildDelete) {
			t.Errorf("offered %v", offered)
		}
		d.blockers = []idp.Blocker{{Kind: "mandate", URL: "/me/mandates"}}
		_, err := d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActDelete}, Way: counter.ByScreen})
		d.want(err, fault.DeletionBlocked)
		if blocked, ok := errors.AsType[counter.BlockedError](err); !ok || len(blocked.Blockers) != 1 {
			t.Errorf("%v tells nothing of what stands in the way", err)
		}
		d.blockers = nil
		v = d.asked(v, counter.Order{Acts: []string{counter.ActDelete}})
		d.blockers = []idp.Blocker{{Kind: "mandate"}} // something came up since: the service itself judges
		out, err := d.Perform(ctx, clerk(d.world), v)
		if d.must(err); fault.CodeOf(out.Err) != fault.DeletionBlocked || d.deletion(account).State != "" {
			t.Fatalf("%v %+v", out.Err, d.deletion(account))
		}
		d.blockers = nil
		out, err = d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || out.Ends.IsZero() || d.deletion(account).State != idp.DeletionWaiting || !out.Ends.Equal(d.deletion(account).DueAt) {
			t.Fatalf("%+v %+v", out, d.deletion(account))
		}
		if got := d.deletion(account); got.DueAt.Sub(got.RequestedAt) != idp.CoolOff || got.Guardian != "" {
			t.Errorf("%+v", got)
		}
		if n := d.count("SELECT COUNT(*) FROM audit_event WHERE type = 'deletion.requested' AND body LIKE $1", `%"acting_for":"account:`+account+`"%`); n != 1 {
			t.Errorf("%d records name the person for whom it was done", n)
		}
		v, offered = d.offered(wang)
		if slices.Contains(offered, counter.ActDelete) || !slices.Contains(offered, counter.ActUndelete) {
			t.Errorf("while it waits: %v", offered)
		}
		if shown, err := d.Show(ctx, v); err != nil || !shown.Ends.Equal(d.deletion(account).DueAt) {
			t.Errorf("%v %v", shown.Ends, err)
		}
		v = d.asked(v, counter.Order{Acts: []string{counter.ActUndelete}})
		out, err = d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || d.deletion(account).State != idp.DeletionUndone {
			t.Fatalf("%v %+v", out.Err, d.deletion(account))
		}
		d.world.Clock.Advance(1e9)
		v = d.asked(v, counter.Order{Acts: []string{counter.ActDelete}})
		d.world.Clock.Advance(1e9)
		out, err = d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || d.deletion(account).State != idp.DeletionWaiting {
			t.Fatalf("again in the same visit: %v %+v", out.Err, d.deletion(account))
		}
		// The answer of that one was lost, and the person took it back at home: nothing is asked for once more.
		deletion := d.deletion(account)
		deletion.State = idp.DeletionUndone
		d.must(d.store.MoveDeletion(ctx, deletion, noted(counter.Act{At: d.world.Clock.Now(), Account: account})))
		d.must(d.db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE idp_counter_act SET outcome = 'failed' WHERE visit_id = $1 AND kind = $2", v.ID, counter.ActDelete)
			return err
		}))
		out, err = d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || !out.Ends.IsZero() || d.deletion(account).State != idp.DeletionUndone {
			t.Errorf("another attempt overruled the person: %v %+v", out.Err, d.deletion(account))
		}
	})
}

// TestCopyOfDataIsHandedOverOnceInEachWay: nothing is handed over before it was asked for and made, in a way to which the person did not
// agree, twice, or after the visit; what was handed over stands on the act by its digest.
func TestCopyOfDataIsHandedOverOnceInEachWay(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActData}})
		if h, err := d.Handing(ctx, clerk(d.world), v); err != nil || h.Asked || len(h.Open) != 0 {
			t.Errorf("before it was asked for: %+v %v", h, err)
		}
		out, err := d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || !out.Data {
			t.Fatalf("%+v", out)
		}
		_, _, err = d.HandOver(ctx, clerk(d.world), v, counter.FormArchive, "a passphrase of hers")
		d.want(err, fault.CounterHanded) // it waits
		h, err := d.Handing(ctx, clerk(d.world), v)
		if d.must(err); !h.Asked || h.Export.State != idp.ExportWaiting || len(h.Open) != 0 {
			t.Fatalf("%+v", h)
		}
		payload, err := json.Marshal(idp.ExportMessage{AccountID: account, Export: h.Export.ID})
		d.must(err)
		d.must(d.exports.Make(ctx, payload))
		if h, err = d.Handing(ctx, clerk(d.world), v); err != nil || !slices.Equal(h.Open, []string{counter.FormArchive}) {
			t.Fatalf("%+v %v", h, err)
		}
		_, _, err = d.HandOver(ctx, clerk(d.world), v, counter.FormPaper, "")
		d.want(err, fault.CounterAgreement)
		e, content, err := d.HandOver(ctx, clerk(d.world), v, counter.FormArchive, "a passphrase of hers")
		if d.must(err); e.ID != h.Export.ID || !strings.HasPrefix(string(content), "a passphrase of hers/") || !strings.Contains(string(content), wang.Number) {
			t.Errorf("%s", content)
		}
		if n := d.count("SELECT COUNT(*) FROM idp_counter_act WHERE visit_id = $1 AND kind = $2 AND target = $3 AND evidence = $4 AND review = 'open'", v.ID, counter.ActData, e.ID, digest.Hex(content)); n != 1 {
			t.Error("no act holds the digest of what was handed over")
		}
		_, _, err = d.HandOver(ctx, clerk(d.world), v, counter.FormArchive, "a passphrase of hers")
		d.want(err, fault.CounterHanded)
		// Another visit within the hour: the same copy, to be printed this time, and gone with the visit.
		d.must(d.End(ctx, clerk(d.world), d.terminal))
		v = d.agreed(wang, counter.Order{Acts: []string{counter.ActData, counter.ActDataPaper}})
		if out, err = d.Perform(ctx, clerk(d.world), v); err != nil || out.Err != nil {
			t.Fatalf("%v %v", err, out.Err)
		}
		if _, content, err = d.HandOver(ctx, clerk(d.world), v, counter.FormPaper, ""); err != nil || string(content) != "sealed document" {
			t.Errorf("%s %v", content, err)
		}
		d.must(d.End(ctx, clerk(d.world), d.terminal))
		_, _, err = d.HandOver(ctx, clerk(d.world), v, counter.FormArchive, "a passphrase of hers")
		d.want(err, fault.CounterVisit)
	})
}

var toddler = counter.Child{Name: "李小宝", Number: "999900202006070010"}

// TestGuardianDeletesAChildAtTheDesk: only who decides for the child, by name and number that are one answer; the other guardian stops it, the
// mandate of the guardian is no blocker, and whose link ended stops nothing and begins nothing.
func TestGuardianDeletesAChildAtTheDesk(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		mother, other := d.person("+8613700137001", wang), d.person("+8613700137002", li)
		link := func(guardian string) mandate.Mandate {
			t.Helper()
			m, err := d.mandates.AddChild(ctx, mandate.By{Account: guardian, SignedInAt: d.world.Clock.Now()}, toddler.Name, toddler.Number)
			d.must(err)
			return m
		}
		m := link(mother)
		child := m.Principal
		d.blockers = []idp.Blocker{{Kind: idp.BlockerGuardian}} // as the platform tells of the link itself
		if _, offered := d.offered(li); slices.Contains(offered, counter.ActChildDelete) {
			t.Errorf("offered to somebody without a child: %v", offered)
		}
		v, err := d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A2", wang)
		d.must(err)
		for what, wrong := range map[string]counter.Child{"another name": {Name: "李小明", Number: toddler.Number}, "nobody": {Name: toddler.Name, Number: "999900201503120037"}, "an adult": {Name: li.Name, Number: li.Number}} {
			_, err := d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActChildDelete}, Way: counter.ByScreen, Child: wrong})
			if fault.CodeOf(err) != fault.ChildMismatch {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActChildDelete, counter.ActFamily}, Way: counter.ByScreen, Child: toddler})
		d.want(err, fault.Invalid)
		v = d.asked(v, counter.Order{Acts: []string{counter.ActChildDelete}, Child: toddler})
		if shown, err := d.Show(ctx, v); err != nil || len(shown.Details[counter.ActChildDelete]) != 1 || shown.Details[counter.ActChildDelete][0].Name != subject.MaskName(toddler.Name) {
			t.Errorf("%+v %v", shown.Details, err)
		}
		out, err := d.Perform(ctx, clerk(d.world), v)
		if d.must(err); out.Err != nil || out.Ends.IsZero() {
			t.Fatalf("%+v", out)
		}
		if got := d.deletion(child); got.State != idp.DeletionWaiting || got.Guardian != mother || d.deletion(mother).State != "" {
			t.Fatalf("%+v", got)
		}
		link(other)
		v = d.agreed(li, counter.Order{Acts: []string{counter.ActChildUndelete}, Child: toddler})
		d.done(v)
		if got := d.deletion(child); got.State != idp.DeletionUndone {
			t.Errorf("after the objection: %+v", got)
		}
		if n := d.count("SELECT COUNT(*) FROM audit_event WHERE type = 'deletion.objected' AND object_id = $1", child); n != 1 {
			t.Errorf("%d objections on record", n)
		}
		v = d.agreed(wang, counter.Order{Acts: []string{counter.ActChildDelete}, Child: toddler})
		d.must(d.mandates.Stop(ctx, mother, m.ID, "wish"))
		if out, err = d.Perform(ctx, clerk(d.world), v); err != nil || fault.CodeOf(out.Err) != fault.WardOver || d.deletion(child).State != idp.DeletionUndone {
			t.Errorf("after the end of the link: %v %v %+v", err, out.Err, d.deletion(child))
		}
	})
}
