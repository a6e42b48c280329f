package counter_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

var (
	li    = counter.Card{Kind: subject.CitizenID, Name: "李四", Number: "110101198001010010", Birth: "1980-01-01", From: "2020-03-01", To: "2040-03-01"}
	minor = counter.Card{Kind: subject.CitizenID, Name: "王小小", Number: "110101201103070019", Birth: "2011-03-07", From: "2024-03-01", To: "2034-03-01"}
)

// done does what was agreed to and ends the visit.
func (d *desk) done(v counter.Visit) {
	d.Helper()
	out, err := d.Perform(context.Background(), clerk(d.world), v)
	if err != nil || out.Err != nil {
		d.Fatalf("%v %v", err, out.Err)
	}
	d.must(d.End(context.Background(), clerk(d.world), d.terminal))
}

// waiting is the one mandate of an account that has not ended.
func (d *desk) mandate(account string) mandate.Mandate {
	d.Helper()
	open, err := d.mandates.Open(context.Background(), account)
	if err != nil || len(open) != 1 {
		d.Fatalf("%+v %v", open, err)
	}
	return open[0]
}

// TestHelperOfAnElderIsInvitedAtTheDesk: the elder agrees to this very helper and these rights; nothing holds before the helper
// confirms, as the next number or in the own account.
func TestHelperOfAnElderIsInvitedAtTheDesk(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		elder, helper := d.person("+8613700137001", wang), d.person("+8613700137002", li)
		v, err := d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A1", wang)
		d.must(err)
		plan := func(name, to string) error {
			_, err := d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActHelper}, Way: counter.ByScreen, HelperName: name, HelperTo: to})
			return err
		}
		for what, wrong := range map[string][2]string{"another name": {"李五", "13700137002"}, "nobody's number": {"李四", "13700137009"}, "oneself": {"王小明", "13700137001"}} {
			if err := plan(wrong[0], wrong[1]); fault.CodeOf(err) != fault.MandateAgent || fault.From(err).Fields[0].Name != "counter-helper-to" {
				t.Errorf("%s: %v", what, err)
			}
		}
		v = d.asked(v, counter.Order{Acts: []string{counter.ActHelper}, HelperName: "李四", HelperTo: "13700137002"})
		shown, err := d.Show(ctx, v)
		d.must(err)
		if details := shown.Details[counter.ActHelper]; len(details) != 1 || details[0].Name != "李*" || details[0].Acts || details[0].Kind != mandate.ElderHelper || len(details[0].Rights) != 2 {
			t.Errorf("%+v", details)
		}
		d.done(v)
		m := d.mandate(elder)
		if m.State != mandate.Proposed || m.Agent != helper || m.Kind != mandate.ElderHelper || m.Has(mandate.Collect) || m.Has(mandate.Submit) || !m.AgentAt.IsZero() {
			t.Errorf("%+v", m)
		}
		if live, err := d.mandates.Live(ctx, helper); err != nil || len(live) != 0 {
			t.Errorf("the helper acts already: %+v %v", live, err)
		}
		// Nothing waits for the elder, who cannot confirm for the other side.
		v, err = d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A2", wang)
		d.must(err)
		_, err = d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActAccept}, Way: counter.ByScreen})
		d.want(err, fault.Invalid)

		v = d.agreed(li, counter.Order{Acts: []string{counter.ActAccept}})
		if shown, err = d.Show(ctx, v); err != nil || len(shown.Details[counter.ActAccept]) != 1 || shown.Details[counter.ActAccept][0].Name != "王*明" || !shown.Details[counter.ActAccept][0].Acts {
			t.Errorf("%+v %v", shown.Details, err)
		}
		d.done(v)
		if live, err := d.mandates.Live(ctx, helper); err != nil || len(live) != 1 || live[0].Principal != elder {
			t.Errorf("%+v %v", live, err)
		}
	})
}

// TestInvitationWhoseAnswerWasLostIsOne: another attempt finds the proposal of the first, also when it ended meanwhile.
func TestInvitationWhoseAnswerWasLostIsOne(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		elder, _ := d.person("+8613700137001", wang), d.person("+8613700137002", li)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActHelper}, HelperName: "李四", HelperTo: "13700137002"})
		again := func() {
			t.Helper()
			if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || out.Err != nil {
				t.Fatalf("%v %v", err, out.Err)
			}
		}
		again()
		lose := func() {
			d.must(d.db.Write(ctx, func(tx sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE idp_counter_act SET outcome = 'begun' WHERE visit_id = $1", v.ID)
				return err
			}))
			d.world.Clock.Advance(counter.AttemptLife)
		}
		lose()
		again()
		m := d.mandate(elder)
		d.must(d.mandates.Stop(ctx, elder, m.ID, "test"))
		lose()
		again()
		if n := d.count("SELECT COUNT(*) FROM idp_mandate"); n != 1 || d.act(v, counter.ActHelper).Attempt != 3 {
			t.Errorf("%d mandates after %d attempts", n, d.act(v, counter.ActHelper).Attempt)
		}
	})
}

// TestConfirmationWhoseAnswerWasLost: confirming again is no error, and a mandate that was ended is not confirmed.
func TestConfirmationWhoseAnswerWasLost(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		elder, helper := d.person("+8613700137001", wang), d.person("+8613700137002", li)
		m, err := d.mandates.Ask(ctx, mandate.By{Account: helper, SignedInAt: d.world.Clock.Now()}, elder, mandate.Terms{Kind: mandate.ElderHelper, Items: []string{mandate.AllItems}})
		d.must(err)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActAccept}}) // the elder confirms here what was asked online
		d.must(d.mandates.Accept(ctx, mandate.By{Account: elder, SignedInAt: d.world.Clock.Now()}, m.ID))
		out, err := d.Perform(ctx, clerk(d.world), v)
		if err != nil || out.Err != nil {
			t.Fatalf("%v %v", err, out.Err)
		}
		d.must(d.mandates.Stop(ctx, elder, m.ID, "test"))
		m, err = d.mandates.Ask(ctx, mandate.By{Account: helper, SignedInAt: d.world.Clock.Now()}, elder, mandate.Terms{Kind: mandate.ElderHelper, Items: []string{mandate.AllItems}})
		d.must(err)
		v = d.asked(v, counter.Order{Acts: []string{counter.ActAccept}})
		d.must(d.mandates.Stop(ctx, helper, m.ID, "test"))
		if out, err = d.Perform(ctx, clerk(d.world), v); err != nil || out.Err == nil {
			t.Errorf("a proposal that was taken back: %+v %v", out, err)
		}
		if live, err := d.mandates.Live(ctx, helper); err != nil || len(live) != 0 {
			t.Errorf("%+v %v", live, err)
		}
	})
}

// TestGuardianLooksOnFromFourteen: the register names the guardian, the minor confirms, and the guardian only looks on.
func TestGuardianLooksOnFromFourteen(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		guardian, child := d.person("+8613700137001", wang), d.person("+8613700137003", minor)
		v, err := d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A1", wang)
		d.must(err)
		for what, wrong := range map[string]struct {
			child counter.Child
			code  fault.Code
		}{
			"another name":   {counter.Child{Name: "王大大", Number: minor.Number}, fault.CounterMinor},
			"nobody":         {counter.Child{Name: "王小小", Number: "110101201103070035"}, fault.CounterMinor},
			"below fourteen": {counter.Child{Name: "王小小", Number: "11010120180307431X"}, fault.ChildAge},
			"of age":         {counter.Child{Name: "李四", Number: li.Number}, fault.ChildAge},
		} {
			_, err := d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActGuardian}, Way: counter.ByScreen, Child: wrong.child})
			if fault.CodeOf(err) != wrong.code || fault.From(err).Fields[0].Name != "counter-child-number" {
				t.Errorf("%s: %v, want %s", what, err, wrong.code)
			}
		}
		order := counter.Order{Acts: []string{counter.ActGuardian}, Child: counter.Child{Name: minor.Name, Number: minor.Number}}
		d.register.match = false
		v = d.asked(v, order)
		if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || fault.CodeOf(out.Err) != fault.ChildMismatch {
			t.Errorf("the register names somebody else: %v %v", out.Err, err)
		}
		d.register.match = true
		d.done(v)
		m := d.mandate(child)
		if m.State != mandate.Proposed || m.Agent != guardian || m.Kind != mandate.GuardianLimited || len(m.Rights) != 1 || m.Rights[0] != mandate.View || m.MaxClass != mandate.ClassName {
			t.Errorf("%+v", m)
		}
		d.done(d.agreed(minor, counter.Order{Acts: []string{counter.ActAccept}}))
		if live, err := d.mandates.Live(ctx, guardian); err != nil || len(live) != 1 || live[0].Principal != child {
			t.Errorf("%+v %v", live, err)
		}
		// The register was asked twice, and is asked ten times a day for one account, whichever way the question comes.
		by := mandate.By{Account: guardian, SignedInAt: d.world.Clock.Now()}
		if again, err := d.mandates.AskToLookOn(ctx, by, child); err != nil || again.ID != m.ID {
			t.Errorf("who looks on already asks for another link: %+v, %v", again, err)
		}
		d.must(d.mandates.Stop(ctx, guardian, m.ID, "wish"))
		d.register.match = false
		for range 8 {
			_, err = d.mandates.AskToLookOn(ctx, by, child)
			d.want(err, fault.ChildMismatch)
		}
		_, err = d.mandates.AskToLookOn(ctx, by, child)
		d.want(err, fault.ProofingTooOften)
		d.register.match = true
		// Whoever tries numbers is stopped.
		d.world.Clock.Advance(time.Minute)
		v, err = d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A3", wang)
		d.must(err)
		for range 12 {
			_, err = d.Plan(ctx, clerk(d.world), v, counter.Order{Acts: []string{counter.ActGuardian}, Way: counter.ByScreen, Child: counter.Child{Name: "王大大", Number: minor.Number}})
		}
		d.want(err, fault.TooManyRequests)
	})
}
