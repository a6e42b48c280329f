package counter_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestActElsewhereIsTriedAgainInTheVisit: what another room refused is tried again by the next press, what stands beside it is
// done without waiting, and what was done is not done again.
func TestActElsewhereIsTriedAgainInTheVisit(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		d.person("+8613700137001", wang)
		d.room.before = errRoom
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActPass, counter.ActCard, counter.ActMandate, counter.ActLicense}})
		out, err := d.Perform(ctx, clerk(d.world), v)
		d.must(err)
		if out.Err == nil || out.Card != nil || out.Pass == "" {
			t.Fatalf("%+v", out)
		}
		if a := d.act(v, counter.ActCard); a.Outcome != counter.OutcomeFailed || a.Attempt != 1 || a.Failure == "" || !a.Retriable(d.world.Clock.Now()) {
			t.Errorf("%+v", a)
		}
		if a := d.act(v, counter.ActMandate); a.Outcome != counter.OutcomeDone {
			t.Errorf("it waited for the card: %+v", a)
		}
		if n := d.count("SELECT COUNT(*) FROM idp_counter_held"); n != 1 {
			t.Errorf("%d are held: the card alone needs it", n)
		}
		d.room.before = nil
		out, err = d.Perform(ctx, clerk(d.world), v)
		d.must(err)
		if out.Err != nil || out.Card == nil || out.Pass != "" || len(out.Copies) != 1 || len(out.Acts) != 4 {
			t.Fatalf("%+v", out)
		}
		if a := d.act(v, counter.ActCard); a.Outcome != counter.OutcomeDone || a.Attempt != 2 || a.Failure != "" {
			t.Errorf("%+v", a)
		}
		if out, err = d.Perform(ctx, clerk(d.world), v); err != nil || out.Card != nil || d.room.issued != 1 {
			t.Errorf("it was done twice: %+v %v", out, err)
		}
		if n := d.count("SELECT COUNT(*) FROM idp_counter_held"); n != 0 {
			t.Errorf("%d are held after all", n)
		}
	})
}

// TestLostAnswerHasOneEffect: the room did it and the answer was lost. Another attempt leaves one card, and one that comes late
// replaces nothing.
func TestLostAnswerHasOneEffect(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		d.person("+8613700137001", wang)
		d.room.after = errRoom
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard}})
		if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || out.Err == nil {
			t.Fatalf("%+v %v", out, err)
		}
		d.room.after = nil
		out, err := d.Perform(ctx, clerk(d.world), v)
		if err != nil || out.Card == nil || len(d.room.live) != 1 || d.room.live[0].Attempt != 2 {
			t.Fatalf("%+v %v %+v", out, err, d.room.live)
		}
		a := d.act(v, counter.ActCard)
		d.must(d.store.SetOutcome(ctx, a.ID, 1, counter.OutcomeFailed, "late", noRecord))
		if a = d.act(v, counter.ActCard); a.Outcome != counter.OutcomeDone {
			t.Errorf("the outcome of an attempt that was over: %+v", a)
		}
	})
}

// TestAttemptUnderWayIsNotJoined: while an attempt runs nobody begins another; one without an answer may be tried again after
// its time, and then the answer of the first one counts for nothing.
func TestAttemptUnderWayIsNotJoined(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		d.person("+8613700137001", wang)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard}})
		d.room.begins, d.room.wait = make(chan struct{}), make(chan struct{})
		first := make(chan counter.Result)
		go func() {
			out, _ := d.Perform(ctx, clerk(d.world), v)
			first <- out
		}()
		<-d.room.begins
		if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || out.Card != nil || len(out.Acts) != 1 || out.Acts[0].Outcome != counter.OutcomeBegun {
			t.Errorf("%+v %v", out, err)
		}
		a := d.act(v, counter.ActCard)
		_, err := d.Retry(ctx, boss(d.world), a.ID)
		d.want(err, fault.CounterRetry)
		d.world.Clock.Advance(counter.AttemptLife)
		again := make(chan counter.Result)
		go func() {
			out, err := d.Retry(ctx, boss(d.world), a.ID)
			if err != nil {
				t.Error(err)
			}
			again <- out
		}()
		<-d.room.begins
		d.room.wait <- struct{}{}
		d.room.wait <- struct{}{}
		out, late := <-again, <-first
		if len(d.room.live) != 1 || d.room.live[0].Attempt != 2 || out.Card == nil {
			t.Errorf("%+v, again %+v, late %+v", d.room.live, out, late)
		}
	})
}

// TestSupervisorTriesAgain: for a day after the person's word, never the own act, never a flagged one, and somebody else looks
// at it afterwards. What the person gave or was given since is not reached.
func TestSupervisorTriesAgain(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		d.register.silent, d.room.before = true, errRoom
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard, counter.ActNoCard, counter.ActFamily}, Child: counter.Child{Name: "王小小", Number: "11010120180307431X"}})
		if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || out.Err == nil {
			t.Fatalf("%+v %v", out, err)
		}
		d.must(d.End(ctx, clerk(d.world), d.terminal))
		family, noCard := d.act(v, counter.ActFamily), d.act(v, counter.ActNoCard)
		_, err := d.Retry(ctx, clerk(d.world), family.ID)
		d.want(err, fault.Forbidden)
		both := clerk(d.world)
		both.Roles = append(both.Roles, counter.RoleSupervisor)
		_, err = d.Retry(ctx, both, family.ID)
		d.want(err, fault.CounterSelf)
		own := boss(d.world)
		own.Account = account
		_, err = d.Retry(ctx, own, family.ID)
		d.want(err, fault.CounterSelf)

		if _, err = d.Retry(ctx, boss(d.world), family.ID); err == nil {
			t.Error("the register is silent")
		}
		d.register.silent, d.room.before = false, nil
		out, err := d.Retry(ctx, boss(d.world), family.ID)
		d.must(err)
		if out.Acts[0].Outcome != counter.OutcomeDone || out.Acts[0].Attempt != 3 || out.Acts[0].RetriedBy != "staff:boss" {
			t.Errorf("%+v", out.Acts)
		}
		live, err := d.mandates.Live(ctx, account)
		if err != nil || len(live) != 1 || live[0].Kind != mandate.Guardian {
			t.Errorf("%+v %v", live, err)
		}
		_, err = d.Retry(ctx, boss(d.world), family.ID)
		d.want(err, fault.CounterRetry)
		_, err = d.Review(ctx, boss(d.world), family.ID, false, "")
		d.want(err, fault.CounterSelf)
		_, err = d.Review(ctx, otherBoss(d.world), family.ID, false, "")
		d.must(err)

		d.world.Clock.Advance(time.Hour)
		_, err = d.Retry(ctx, boss(d.world), noCard.ID)
		d.must(err)
		if len(d.room.ended) != 1 || !d.room.ended[0].Equal(v.AgreedAt) {
			t.Errorf("cards end up to %v, the word was given at %v", d.room.ended, v.AgreedAt)
		}
		card := d.act(v, counter.ActCard)
		_, err = d.Review(ctx, otherBoss(d.world), card.ID, true, "photo differs")
		d.must(err)
		_, err = d.Retry(ctx, boss(d.world), card.ID)
		d.want(err, fault.CounterRetry)
	})
}

// TestLateMandateEndSparesWhatWasGivenSince: an attempt after the visit ends the mandates of the moment of the agreement.
func TestLateMandateEndSparesWhatWasGivenSince(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		helper := d.person("+8613700137002", counter.Card{Kind: "citizen_id", Name: "李四", Number: "110101198001010016"})
		give := func() mandate.Mandate {
			m, err := d.mandates.Give(ctx, mandate.By{Account: account, SignedInAt: d.world.Clock.Now()}, account, helper, mandate.Terms{Kind: mandate.Relative, Items: []string{"bdc"}})
			d.must(err)
			return m
		}
		old := give()
		d.world.Clock.Advance(time.Second)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActMandate}})
		d.farewell = errRoom
		if out, err := d.Perform(ctx, clerk(d.world), v); err != nil || out.Err == nil {
			t.Fatalf("%+v %v", out, err)
		}
		d.farewell = nil
		d.world.Clock.Advance(time.Hour)
		fresh := give()
		_, err := d.Retry(ctx, boss(d.world), d.act(v, counter.ActMandate).ID)
		d.must(err)
		if m, err := d.mandates.Of(ctx, account, old.ID); err != nil || m.State != mandate.Revoked {
			t.Errorf("%+v %v", m, err)
		}
		if m, err := d.mandates.Of(ctx, account, fresh.ID); err != nil || m.State != mandate.Proposed {
			t.Errorf("what was given since: %+v %v", m, err)
		}
	})
}

// TestWordStandsForADay: afterwards, and for an account that is closed, nothing is tried; what was held is purged.
func TestWordStandsForADay(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		d.room.before = errRoom
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard}})
		if _, err := d.Perform(ctx, clerk(d.world), v); err != nil {
			t.Fatal(err)
		}
		a := d.act(v, counter.ActCard)
		d.room.before = nil
		d.must(d.world.Accounts.SetState(ctx, account, idp.AccountSuspended, "test"))
		_, err := d.Retry(ctx, boss(d.world), a.ID)
		d.want(err, fault.CounterAccount)
		d.must(d.world.Accounts.SetState(ctx, account, idp.AccountActive, "test"))
		d.world.Clock.Advance(counter.HeldLife)
		_, err = d.Retry(ctx, boss(d.world), a.ID)
		d.want(err, fault.CounterRetry)
		// The store asks for itself: what was read before may be over.
		if err := d.store.Again(ctx, nil, a, nil, "staff:boss", d.world.Clock.Now(), noted(a)); err == nil {
			t.Error("an attempt began after the day")
		}
		if _, err := d.store.Purge(ctx, d.world.Clock.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if n := d.count("SELECT COUNT(*) FROM idp_counter_held"); n != 0 || d.room.issued != 0 {
			t.Errorf("%d held, %d issued", n, d.room.issued)
		}
	})
}

// TestOneOfTwentyAttemptsBegins: of supervisors who press at the same moment one asks the other room.
func TestOneOfTwentyAttemptsBegins(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		d.person("+8613700137001", wang)
		d.room.before = errRoom
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard}})
		if _, err := d.Perform(ctx, clerk(d.world), v); err != nil {
			t.Fatal(err)
		}
		a := d.act(v, counter.ActCard)
		d.room.before = nil
		errs := make(chan error, 20)
		for range 20 {
			go func() {
				_, err := d.Retry(ctx, boss(d.world), a.ID)
				errs <- err
			}()
		}
		begun := 0
		for range 20 {
			switch err := <-errs; fault.CodeOf(err) {
			case "":
				begun++
			case fault.CounterRetry:
			default:
				t.Error(err)
			}
		}
		if begun != 1 || d.room.issued != 1 {
			t.Errorf("%d began, %d cards", begun, d.room.issued)
		}
	})
}

// TestAccountThatClosesMeanwhileGetsNoCard: the card that was printed while the account was closed ends at once.
func TestAccountThatClosesMeanwhileGetsNoCard(t *testing.T) {
	onDesk(t, func(d *desk) {
		ctx := context.Background()
		account := d.person("+8613700137001", wang)
		v := d.agreed(wang, counter.Order{Acts: []string{counter.ActCard}})
		d.room.begins, d.room.wait = make(chan struct{}), make(chan struct{})
		done := make(chan counter.Result)
		go func() {
			out, _ := d.Perform(ctx, clerk(d.world), v)
			done <- out
		}()
		<-d.room.begins
		d.must(d.world.Accounts.SetState(ctx, account, idp.AccountClosed, "test"))
		close(d.room.wait)
		if out := <-done; out.Card != nil || fault.CodeOf(out.Err) != fault.CounterAccount || len(d.room.live) != 0 {
			t.Errorf("%+v %+v", out, d.room.live)
		}
		if n := d.count("SELECT COUNT(*) FROM outbox_message WHERE topic = $1", idp.TopicClosed); n != 1 {
			t.Errorf("%d messages tell that the account was closed", n)
		}
	})
}
