package proofing_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// recovers is a world whose bank recovers accounts, and says yes to everything.
func recovers(t *testing.T) (w *idptest.World, account string) {
	t.Helper()
	w, twin, account, bank, _, _ := ways(t)
	bank.answer = proofing.Answer{Verdict: proofing.Match, Digest: "d"}
	policy := proofing.With(proofing.DefaultPolicy(), proofing.Level{Method: "bank_card", IAL: 2, Days: 1825, Recover: true})
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Policy: func() []proofing.Level { return policy },
		Methods: []proofing.Method{{Word: "bank_card", Source: bank, Card: true, Mobile: true}}})
	return w, account
}

func shown(name, number string) proofing.Submission {
	return proofing.Submission{Method: "bank_card", Name: name, Number: number, Mobile: mobile, Card: card}
}

// numbered is the n-th citizen number of a day (GB 11643).
func numbered(n int) string {
	digits, sum := fmt.Sprintf("11010119900307%03d", n), 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// TestA01RecoveryIsOfThePersonThatTheAccountKnows: whatever the source confirms, an account below level 2 and one that holds the number under
// another name are not recovered.
func TestA01RecoveryIsOfThePersonThatTheAccountKnows(t *testing.T) {
	w, account := recovers(t)
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Proofing.Recover(ctx, shown(name, number)); fault.CodeOf(err) != fault.RecoveryNotProved || id != "" {
		t.Errorf("at level 1: %q %v", id, err)
	}
	if _, err := w.Proofing.Submit(ctx, account, shown(name, number)); err != nil || level(t, w, account) != 2 {
		t.Fatal(err)
	}
	if id, err := w.Proofing.Recover(ctx, shown("别人", number)); fault.CodeOf(err) != fault.RecoveryNotProved || id != "" {
		t.Errorf("another name: %q %v", id, err)
	}
	if id, err := w.Proofing.Recover(ctx, shown(name, number)); err != nil || id != account {
		t.Errorf("the person: %q %v", id, err)
	}
}

// TestA02RecoveryIsCountedOnTheSource: one address asks about so many people in a day, an IPv6 address counts as its /64.
func TestA02RecoveryIsCountedOnTheSource(t *testing.T) {
	w, account := recovers(t)
	if _, err := w.Proofing.Submit(ctx, account, shown(name, number)); err != nil {
		t.Fatal(err)
	}
	from := func(ip string) context.Context { return reqctx.With(ctx, reqctx.Request{ClientIP: ip}) }
	for n := range proofing.RecoveryTriesOfSource {
		if _, err := w.Proofing.Recover(from(fmt.Sprintf("2001:db8::%x", n+1)), shown("别人", numbered(n))); fault.CodeOf(err) != fault.RecoveryNotProved {
			t.Fatalf("try %d: %v", n, err)
		}
	}
	if _, err := w.Proofing.Recover(from("2001:db8::ffff"), shown(name, number)); fault.CodeOf(err) != fault.ProofingTooOften {
		t.Errorf("one more: %v", err)
	}
	if id, err := w.Proofing.Recover(from("2001:db8:0:1::1"), shown(name, number)); err != nil || id != account {
		t.Errorf("another network: %q %v", id, err)
	}
}
