package proofing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const (
	name   = "张三"
	number = "11010519491231002X"
	other  = "99990019800101001X"
	mobile = "13800138000"
)

var ctx = context.Background()

func submission(wanted subject.IAL) proofing.Submission {
	return proofing.Submission{Name: name, Number: number, Wanted: wanted}
}

// world is a world with one account.
func world(t *testing.T) (*idptest.World, *idptest.Twin, string) {
	t.Helper()
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	return w, twin, w.Account(t, mobile, "").ID
}

func level(t *testing.T, w *idptest.World, account string) subject.IAL {
	t.Helper()
	person, err := w.Accounts.Person(ctx, account)
	if err != nil {
		t.Fatal(err)
	}
	return person.IAL
}

func answers(v proofing.Verdict) func(proofing.Query) (proofing.Answer, error) {
	return func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: v, Digest: "d"}, nil }
}

func silent(proofing.Query) (proofing.Answer, error) {
	return proofing.Answer{}, fmt.Errorf("%w: no route", proofing.ErrSilent)
}

func TestLevelOneNeedsNameAndNumber(t *testing.T) {
	w, twin, account := world(t)
	got, err := w.Proofing.Submit(ctx, account, proofing.Submission{Name: " 张三 ", Number: " 11010519491231002ｘ", Mobile: mobile, Wanted: 1})
	if err != nil || got != 1 {
		t.Fatalf("%d %v", got, err)
	}
	queries := w.Source.Queries()
	if len(queries) != 1 || queries[0].Name != name || queries[0].IDNumber != number || queries[0].IDType != "citizen_id" || queries[0].Mobile != "" {
		t.Errorf("the source was asked %+v", queries)
	}
	person, err := w.Accounts.Person(ctx, account)
	if err != nil || person.IAL != 1 || person.IALMethod != "id_card" || person.IALSource != "register" || person.Name != name || person.IDNumber != number || !person.IALAt.Equal(idptest.Start) || !person.IALUntil.After(idptest.Start) {
		t.Errorf("person %+v %v", person, err)
	}
	cases := twin.Cases()
	if len(cases) != 1 || cases[0].State != proofing.Granted || len(cases[0].Sealed) != 0 || cases[0].ID != queries[0].RequestID {
		t.Errorf("cases %+v", cases)
	}
	proofs := twin.Proofs(account)
	if len(proofs) != 1 || proofs[0].Evidence != "digest of "+cases[0].ID || proofs[0].Case != cases[0].ID || proofs[0].Method != "id_card" {
		t.Errorf("evidence %+v", proofs)
	}
	if events := twin.Events(); !slices.Contains(events, "proofing.submitted") || !slices.Contains(events, "proofing.granted") {
		t.Errorf("events %v", events)
	}
}

func TestA28RecordsOfProofingHoldNoPersonalData(t *testing.T) {
	w, twin, account := world(t)
	w.Source.Answers(silent)
	w.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: number, Mobile: mobile, Wanted: 2})
	w.Source.Answers(nil)
	w.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: number, Mobile: mobile, Wanted: 2})
	for _, kept := range []any{twin.Records(), twin.Cases(), twin.Proofs(account)} {
		text := fmt.Sprintf("%+v", kept)
		for _, secret := range []string{name, number, number[:17], mobile} {
			if strings.Contains(text, secret) {
				t.Errorf("%s stands in %s", secret, text)
			}
		}
	}
	for _, c := range twin.Cases() {
		if bytes.Contains(c.Sealed, []byte(number)) {
			t.Error("the case keeps the number readable")
		}
	}
}

func TestLevelTwoNeedsTheNumberOfTheMobile(t *testing.T) {
	w, _, account := world(t)
	if got, err := w.Proofing.Submit(ctx, account, submission(2)); err != nil || got != 2 {
		t.Fatalf("%d %v", got, err)
	}
	if q := w.Source.Queries()[0]; q.Mobile != "+86"+mobile {
		t.Errorf("without a number the account's own is asked about: %q", q.Mobile)
	}
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: number, Mobile: "+86 139 0013 9000", Wanted: 2}); err != nil {
		t.Fatal(err)
	}
	if q := w.Source.Queries()[1]; q.Mobile != "+8613900139000" {
		t.Errorf("the number given: %q", q.Mobile)
	}
	if p, _ := w.Accounts.Person(ctx, account); p.IALMethod != "carrier" {
		t.Errorf("method %s", p.IALMethod)
	}
	byMail := w.Account(t, "li@example.gov.cn", "").ID
	if _, err := w.Proofing.Submit(ctx, byMail, submission(2)); fault.CodeOf(err) != fault.ProofingMobile {
		t.Errorf("an account without a number: %v", err)
	}
	if n := len(w.Source.Queries()); n != 2 {
		t.Errorf("the source was asked %d times", n)
	}
}

func TestLevelsThatNobodyCanReachHereAreRefused(t *testing.T) {
	w, _, account := world(t)
	for _, wanted := range []subject.IAL{3, 4, 99} {
		if _, err := w.Proofing.Submit(ctx, account, submission(wanted)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("ial %d: %v", wanted, err)
		}
	}
}

func TestA27FormIsCheckedBeforeTheSourceIsAsked(t *testing.T) {
	w, twin, account := world(t)
	for _, bad := range []proofing.Submission{
		{Name: name, Number: "110105194912310021"}, {Name: name, Number: "000000000000000000"}, {Name: name, Number: "11010519491331002X"}, {Name: name, Number: "110105491231002"},
		{Name: "", Number: number}, {Name: "张3", Number: number}, {Name: "张\u202e三", Number: number}, {Name: name, Number: number, Mobile: "12345", Wanted: 2}, {Name: name, Number: number, Mobile: "li@example.gov.cn", Wanted: 2},
	} {
		_, err := w.Proofing.Submit(ctx, account, bad)
		if f := fault.From(err); f == nil || f.Code != fault.Invalid || len(f.Fields) != 1 || strings.Contains(err.Error(), number) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	_, err := w.Proofing.Submit(ctx, account, proofing.Submission{Mobile: "x", Wanted: 2})
	if f := fault.From(err); len(f.Fields) != 3 {
		t.Errorf("all faults at once: %+v", f.Fields)
	}
	if len(w.Source.Queries()) != 0 || len(twin.Cases()) != 0 {
		t.Error("the source was asked, or a case made")
	}
	if got, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil || got != 1 {
		t.Errorf("bad forms used up the tries: %v", err)
	}
}

func TestEveryVerdictButMatchLeavesTheLevel(t *testing.T) {
	for verdict, want := range map[proofing.Verdict]fault.Code{
		proofing.Mismatch: fault.ProofingMismatch, proofing.MobileMismatch: fault.ProofingMobile, proofing.Refused: fault.ProofingMismatch, "maybe": fault.ProofingMismatch, "": fault.ProofingMismatch,
	} {
		t.Run(string(verdict), func(t *testing.T) {
			w, twin, account := world(t)
			if _, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil {
				t.Fatal(err)
			}
			w.Source.Answers(answers(verdict))
			if got, err := w.Proofing.Submit(ctx, account, submission(2)); fault.CodeOf(err) != want || got != 0 {
				t.Errorf("%d %v", got, err)
			}
			if got := level(t, w, account); got != 1 {
				t.Errorf("a failed try changed the level to %d", got)
			}
			if c := twin.Cases()[1]; c.State != proofing.Rejected || len(c.Sealed) != 0 {
				t.Errorf("case %+v", c)
			}
			if n := len(twin.Proofs(account)); n != 1 {
				t.Errorf("%d proofs", n)
			}
		})
	}
}

// TestX08SilenceQueues: silence is no mismatch; the case waits and is finished by itself.
func TestX08SilenceQueues(t *testing.T) {
	w, twin, account := world(t)
	w.Source.Answers(silent)
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != fault.ProofingSilent {
		t.Fatalf("%v", err)
	}
	c := twin.Cases()[0]
	messages := twin.Messages(proofing.TopicRetry)
	if c.State != proofing.Waiting || len(c.Sealed) == 0 || len(messages) != 1 || !messages[0].NotBefore.After(w.Clock.Now()) {
		t.Fatalf("case %+v, messages %+v", c, messages)
	}
	for range 3 {
		if err := w.Proofing.Retry(ctx, messages[0].Payload); !errors.Is(err, proofing.ErrSilent) {
			t.Errorf("still silent, yet the message is settled: %v", err)
		}
	}
	if level(t, w, account) != 0 {
		t.Error("the level rose")
	}
	w.Source.Answers(nil)
	w.Clock.Advance(time.Hour)
	for range 2 { // the outbox may deliver twice
		if err := w.Proofing.Retry(ctx, messages[0].Payload); err != nil {
			t.Fatal(err)
		}
	}
	if level(t, w, account) != 1 || len(twin.Proofs(account)) != 1 || len(twin.Cases()[0].Sealed) != 0 {
		t.Errorf("level %d, %d proofs", level(t, w, account), len(twin.Proofs(account)))
	}
	for _, q := range w.Source.Queries() {
		if q.RequestID != c.ID || q.Name != name || q.IDNumber != number {
			t.Errorf("question %+v", q)
		}
	}
}

func TestWaitingCaseMayEndAsMismatchOrBeGivenUp(t *testing.T) {
	for kind, answer := range map[string]func(proofing.Query) (proofing.Answer, error){"mismatch": answers(proofing.Mismatch), "refused": answers(proofing.Refused), "given up": silent} {
		t.Run(kind, func(t *testing.T) {
			w, twin, account := world(t)
			w.Source.Answers(silent)
			w.Proofing.Submit(ctx, account, submission(1))
			message := twin.Messages(proofing.TopicRetry)[0].Payload
			w.Clock.Advance(21 * time.Hour)
			w.Source.Answers(answer)
			if err := w.Proofing.Retry(ctx, message); err != nil {
				t.Fatal(err)
			}
			if c := twin.Cases()[0]; c.State != proofing.Rejected || len(c.Sealed) != 0 {
				t.Errorf("case %+v", c)
			}
			if level(t, w, account) != 0 {
				t.Error("the level rose")
			}
		})
	}
}

func TestRetryRefusesWhatItCannotRead(t *testing.T) {
	w, twin, account := world(t)
	if err := w.Proofing.Retry(ctx, []byte("{")); err == nil {
		t.Error("a broken message was settled")
	}
	if err := w.Proofing.Retry(ctx, []byte(`{"case":"case_none"}`)); err == nil {
		t.Error("a message without its case was settled")
	}
	w.Source.Answers(silent)
	w.Proofing.Submit(ctx, account, submission(1))
	w.Source.Answers(nil)
	w.Keys.Fail = func(string) error { return errors.New("sealed") }
	w.Ring.Refresh()
	fresh := idptest.NewWorld(t, twin) // another process with keys of its own cannot open the case
	if err := fresh.Proofing.Retry(ctx, twin.Messages(proofing.TopicRetry)[0].Payload); err == nil {
		t.Error("a case that cannot be opened was settled")
	}
	if c := twin.Cases()[0]; c.State != proofing.Waiting {
		t.Errorf("case %+v", c)
	}
}

// TestF01ProofingSurvivesACrashAtEveryStep: whatever step dies, the retry finishes the case exactly once.
func TestF01ProofingSurvivesACrashAtEveryStep(t *testing.T) {
	crashes := 0
	for step := 1; step <= 6; step++ {
		for _, after := range []bool{false, true} {
			for _, quiet := range []bool{false, true} {
				t.Run(fmt.Sprintf("step %d, after %v, silent %v", step, after, quiet), func(t *testing.T) {
					twin := idptest.NewTwin()
					faulty := &idptest.Faulty{Store: twin}
					w := idptest.NewWorld(t, faulty)
					account := w.Account(t, mobile, "").ID
					base := faulty.Steps()
					hit := func(n int, _ string) bool {
						if n-base == step {
							crashes++
							return true
						}
						return false
					}
					if after {
						faulty.FailAfter = hit
					} else {
						faulty.FailBefore = hit
					}
					if quiet {
						w.Source.Answers(silent)
					}
					_, err := w.Proofing.Submit(ctx, account, submission(1))
					faulty.FailBefore, faulty.FailAfter = nil, nil
					w.Source.Answers(nil)
					w.Clock.Advance(2 * time.Minute)
					messages := twin.Messages(proofing.TopicRetry)
					if len(messages) != len(twin.Cases()) {
						t.Fatalf("%d messages for %d cases", len(messages), len(twin.Cases()))
					}
					if len(messages) == 0 {
						if err == nil {
							t.Error("acknowledged, but nothing is stored")
						}
						return
					}
					for range 2 {
						if err := w.Proofing.Retry(ctx, messages[0].Payload); err != nil {
							t.Fatalf("retry: %v", err)
						}
					}
					if c := twin.Cases()[0]; c.State != proofing.Granted || len(c.Sealed) != 0 {
						t.Errorf("case %+v", c)
					}
					if n := len(twin.Proofs(account)); n != 1 || level(t, w, account) != 1 {
						t.Errorf("%d proofs, level %d", n, level(t, w, account))
					}
				})
			}
		}
	}
	if crashes < 12 {
		t.Errorf("only %d of the points crashed: the steps are not met any more", crashes)
	}
}

func TestA24IdentityOfAnotherAccountIsRefusedWithoutSayingWhose(t *testing.T) {
	w, twin, first := world(t)
	second := w.Account(t, "13800138001", "").ID
	if _, err := w.Proofing.Submit(ctx, first, submission(1)); err != nil {
		t.Fatal(err)
	}
	_, err := w.Proofing.Submit(ctx, second, submission(1))
	f := fault.From(err)
	if f == nil || f.Code != fault.IdentityBound || len(f.Params) != 0 || len(f.Fields) != 0 {
		t.Fatalf("%+v", f)
	}
	meta := fault.MetaOf(f.Code)
	for _, text := range []string{err.Error(), meta.Title.In("zh-CN"), meta.Title.In("en"), meta.Hint.In("zh-CN"), meta.Hint.In("en")} {
		for _, secret := range []string{first, number, name, mobile, "138"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q tells %q", text, secret)
			}
		}
	}
	if level(t, w, second) != 0 || level(t, w, first) != 1 {
		t.Error("levels changed")
	}
	if c := twin.Cases()[1]; c.State != proofing.Rejected || len(c.Sealed) != 0 {
		t.Errorf("case %+v", c)
	}
	// Nor does an account become another person.
	if _, err := w.Proofing.Submit(ctx, first, proofing.Submission{Name: "李四", Number: other, Wanted: 1}); fault.CodeOf(err) != fault.IdentityBound {
		t.Errorf("%v", err)
	}
	if p, _ := w.Accounts.Person(ctx, first); p.Name != name {
		t.Errorf("the account is %s now", p.Name)
	}
}

// TestX08SilenceCostsNoTry: of four mismatches a day, silence takes none away when it comes and none when a case ends without an answer; an
// answer that comes later and is a mismatch does, and a match between them is none.
func TestX08SilenceCostsNoTry(t *testing.T) {
	w, twin, account := world(t)
	silent := func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent }
	submit := func(want fault.Code) {
		t.Helper()
		if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	left := func(want int) {
		t.Helper()
		if n, err := twin.Counted(ctx, "proofing-mismatch", []byte(account), 24*time.Hour, w.Clock.Now()); err != nil || proofing.MismatchesPerDay-n != want {
			t.Errorf("%d are on record, want %d left: %v", n, want, err)
		}
	}
	w.Source.Answers(silent)
	submit(fault.ProofingSilent)
	submit(fault.ProofingSilent)
	left(4)
	w.Source.Answers(answers(proofing.MobileMismatch))
	submit(fault.ProofingMobile)
	left(3)
	retry := func(i int) {
		t.Helper()
		if err := w.Proofing.Retry(ctx, []byte(`{"case":"`+twin.Cases()[i].ID+`"}`)); err != nil {
			t.Error(err)
		}
	}
	w.Source.Answers(answers(proofing.Mismatch))
	retry(0) // the silent source answers
	left(2)
	submit(fault.ProofingMismatch)
	submit(fault.ProofingMismatch)
	left(0)
	submit(fault.ProofingTooOften)
	left(0)
	w.Source.Answers(nil)
	retry(1) // what was handed in before is still decided
	if p, err := w.Accounts.Person(ctx, account); err != nil || p.IAL != 1 {
		t.Errorf("%+v %v", p.IAL, err)
	}
	left(0)
}

func TestTriesOfAnAccountAreBounded(t *testing.T) {
	w, twin, account := world(t)
	w.Source.Answers(answers(proofing.Mismatch))
	var asked, refused atomic.Int32
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			_, err := w.Proofing.Submit(ctx, account, submission(1))
			switch fault.CodeOf(err) {
			case fault.ProofingMismatch:
				asked.Add(1)
			case fault.ProofingTooOften:
				refused.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if asked.Load() != proofing.MismatchesPerDay || len(w.Source.Queries()) != proofing.MismatchesPerDay || len(twin.Cases()) != proofing.MismatchesPerDay {
		t.Errorf("%d of 40 parallel tries were asked", asked.Load())
	}
	w.Clock.Advance(24 * time.Hour)
	w.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
	for n := range proofing.TriesPerDay + 1 { // silence is no mismatch, and the day has an end all the same
		want := fault.ProofingSilent
		if n == proofing.TriesPerDay {
			want = fault.ProofingTooOften
		}
		if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != want {
			t.Errorf("try %d of a silent source: %v", n+1, err)
		}
	}
	w.Clock.Advance(24 * time.Hour)
	w.Source.Answers(nil)
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

// TestA26TriesAboutOneNumberAreBounded: many accounts cannot guess the name to one number.
func TestA26TriesAboutOneNumberAreBounded(t *testing.T) {
	w, _, account := world(t)
	w.Source.Answers(answers(proofing.Mismatch))
	for i := range proofing.TriesPerIdentity {
		guesser := w.Account(t, fmt.Sprintf("139%08d", i), "").ID
		spelling := []string{number, "11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ"}[i%3]
		if _, err := w.Proofing.Submit(ctx, guesser, proofing.Submission{Name: "李四", Number: spelling, Wanted: 1}); fault.CodeOf(err) != fault.ProofingMismatch {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != fault.ProofingTooOften {
		t.Errorf("%v", err)
	}
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Name: "李四", Number: other, Wanted: 1}); fault.CodeOf(err) != fault.ProofingMismatch {
		t.Errorf("another number: %v", err)
	}
}

func TestR6NoCounterNoQuestion(t *testing.T) {
	faulty := &idptest.Faulty{Store: idptest.NewTwin()}
	w := idptest.NewWorld(t, faulty)
	account := w.Account(t, mobile, "").ID
	faulty.FailBefore = func(_ int, name string) bool { return name == "count" }
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != fault.Unavailable || len(w.Source.Queries()) != 0 {
		t.Errorf("%v", err)
	}
	for failing := range 3 { // the mismatches of the day, the tries of the account, those about the number
		counted := -1
		faulty.FailBefore = func(_ int, name string) bool {
			if name == "count" {
				counted++
			}
			return name == "count" && counted == failing
		}
		if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != fault.Unavailable || len(w.Source.Queries()) != 0 {
			t.Errorf("counter %d: %v", failing, err)
		}
	}
	faulty.FailBefore = func(_ int, name string) bool { return name == "put case" }
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); err == nil || len(w.Source.Queries()) != 0 {
		t.Errorf("the source was asked without a case: %v", err)
	}
}

func TestLevelsDecayToTheOneBelow(t *testing.T) {
	w, twin, account := world(t)
	for _, wanted := range []subject.IAL{1, 2} {
		if _, err := w.Proofing.Submit(ctx, account, submission(wanted)); err != nil {
			t.Fatal(err)
		}
	}
	const year = 365 * 24 * time.Hour
	for _, step := range []struct {
		after time.Duration
		want  subject.IAL
	}{{0, 2}, {5*year - time.Second, 2}, {time.Second, 1}, {5 * year, 0}} {
		w.Clock.Advance(step.after)
		if got := level(t, w, account); got != step.want {
			t.Errorf("after %s more: %d, want %d", step.after, got, step.want)
		}
	}
	person, err := w.Accounts.Person(ctx, account)
	if err != nil || person.Name != "" || person.IDNumber != "" {
		t.Errorf("a decayed proof still names the person: %+v %v", person, err)
	}
	if n := len(twin.Proofs(account)); n != 2 {
		t.Errorf("evidence was lost: %d", n)
	}
}

func TestEvidenceIsOnRecord(t *testing.T) {
	w, twin, account := world(t)
	if _, err := w.Proofing.Submit(ctx, account, submission(2)); err != nil {
		t.Fatal(err)
	}
	var granted *audit.Event
	for _, r := range twin.Records() {
		for i := range r.Events {
			if r.Events[i].Type == "proofing.granted" {
				granted = &r.Events[i]
			}
		}
	}
	if granted == nil || granted.ObjectID != account || granted.Details["ial"] != "2" || granted.Details["method"] != "carrier" || granted.Details["source"] != "register" ||
		granted.Details["evidence"] == "" || granted.Details["case"] != twin.Cases()[0].ID {
		t.Errorf("event %+v", granted)
	}
}
