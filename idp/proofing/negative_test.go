package proofing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

const keptFor = 10 * time.Minute

// remembering is a world whose pipeline keeps mismatches for a while; bank cards are asked about too.
func remembering(t *testing.T) (*idptest.World, *idptest.Twin, string, *idptest.Source) {
	t.Helper()
	w, twin, account := world(t)
	bank := &idptest.Source{}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), NegativeFor: keptFor,
		Methods: []proofing.Method{{Word: proofing.BankCard, Source: bank, Card: true, Mobile: true}}})
	return w, twin, account, bank
}

// TestSourceIsNotAskedTwiceForTheSameNo: within the span the answer is that of before, for whoever asks the same; every try counts, and
// nothing of the question is kept in the clear.
func TestSourceIsNotAskedTwiceForTheSameNo(t *testing.T) {
	w, twin, account, _ := remembering(t)
	w.Source.Answers(answers(proofing.Mismatch))
	asked := func(want int, when string) {
		t.Helper()
		if n := len(w.Source.Queries()); n != want {
			t.Errorf("%s: the source was asked %d times instead of %d", when, n, want)
		}
	}
	var left []int
	for range 3 {
		_, err := w.Proofing.Submit(ctx, account, submission(1))
		if fault.CodeOf(err) != fault.ProofingMismatch {
			t.Fatal(err)
		}
		left = append(left, proofing.TriesLeft(err))
	}
	asked(1, "the same three times")
	if left[0] != 3 || left[1] != 2 || left[2] != 1 {
		t.Errorf("tries left: %v", left)
	}
	var cached []string
	for _, r := range twin.Records() {
		for _, e := range r.Events {
			if e.Type == "proofing.mismatch" {
				cached = append(cached, e.Details["cached"])
			}
		}
	}
	if !slices.Equal(cached, []string{"", "true", "true"}) {
		t.Errorf("on record: %q", cached)
	}
	another := w.Account(t, "13800138009", "").ID
	if _, err := w.Proofing.Submit(ctx, another, submission(1)); fault.CodeOf(err) != fault.ProofingMismatch {
		t.Errorf("of another account: %v", err)
	}
	asked(1, "another account")
	changed := submission(1)
	changed.Name = "李四"
	if _, err := w.Proofing.Submit(ctx, another, changed); fault.CodeOf(err) != fault.ProofingMismatch {
		t.Errorf("another name: %v", err)
	}
	asked(2, "another name")
	for _, key := range twin.Counters() {
		if strings.Contains(key, name) || strings.Contains(key, number) {
			t.Errorf("a counter tells what was asked: %q", key)
		}
	}
	w.Source.Answers(answers(proofing.Match)) // put right at the register
	if _, err := w.Proofing.Submit(ctx, another, submission(1)); fault.CodeOf(err) != fault.ProofingMismatch {
		t.Errorf("within the span: %v", err)
	}
	w.Clock.Advance(keptFor)
	if got, err := w.Proofing.Submit(ctx, another, submission(1)); err != nil || got != 1 {
		t.Errorf("after the span: %d, %v", got, err)
	}
	asked(3, "after the span")
}

// TestOnlyANoIsKept: neither silence, nor what the register refuses, nor a match.
func TestOnlyANoIsKept(t *testing.T) {
	for what, answer := range map[string]func(proofing.Query) (proofing.Answer, error){"silence": silent, "refused": answers(proofing.Refused)} {
		w, _, account, _ := remembering(t)
		w.Source.Answers(answer)
		_, _ = w.Proofing.Submit(ctx, account, submission(1))
		_, _ = w.Proofing.Submit(ctx, account, submission(1))
		if n := len(w.Source.Queries()); n != 2 {
			t.Errorf("%s: the source was asked %d times", what, n)
		}
	}
	w, _, account, _ := remembering(t)
	for range 2 {
		if _, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.Source.Queries()); n != 2 {
		t.Errorf("a match: the source was asked %d times", n)
	}
}

// TestNoOfOneMethodIsNoneOfAnother: name and number that do not belong together are asked about anew with a bank card, and another card is
// another question.
func TestNoOfOneMethodIsNoneOfAnother(t *testing.T) {
	w, _, account, bank := remembering(t)
	holds(t, w, account)
	bank.Answers(answers(proofing.CardMismatch))
	with := func(number string) {
		t.Helper()
		in := submission(2)
		in.Method, in.Card, in.Mobile, in.Name, in.Number = proofing.BankCard, number, mobile, "", ""
		if _, err := w.Proofing.Submit(ctx, account, in); fault.CodeOf(err) != fault.ProofingCard {
			t.Fatal(err)
		}
	}
	with(card)
	with(card)
	if n := len(bank.Queries()); n != 1 {
		t.Errorf("the bank was asked %d times about one card", n)
	}
	with("6222999900000000024")
	if n := len(bank.Queries()); n != 2 {
		t.Errorf("the bank was asked %d times about two cards", n)
	}
}
