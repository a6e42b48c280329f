package authn_test

import (
	"bytes"
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

var (
	ctx    = context.Background()
	mine   = []byte("the hash of a browser")
	others = []byte("the hash of another one")
)

// guessed puts wrong tries of a source on record.
func guessed(t *testing.T, w *idptest.World, store idptest.Store, n int) {
	t.Helper()
	for range n {
		if _, err := store.Count(ctx, "login-source", []byte(home), authn.LoginSpan, w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func hurdles(t *testing.T, w *idptest.World) authn.Hurdles {
	t.Helper()
	h, err := w.Login.HurdlesFor(ctx, w.Steps, mine, home, "zh-CN")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func try(w *idptest.World, browser []byte, effort authn.Effort) fault.Code {
	return fault.CodeOf(w.Login.CheckHurdles(ctx, w.Steps, browser, home, effort))
}

// worked does the work that was given out.
func worked(h authn.Hurdles) authn.Effort {
	for n := 0; ; n++ {
		if answer := strconv.Itoa(n); h.Work.Solved(answer) {
			return authn.Effort{WorkStep: h.Work.Step, Work: answer}
		}
	}
}

func answer(q *authn.Question) authn.Effort {
	return authn.Effort{QuestionStep: q.Step, Answer: q.Digits}
}

func TestQuestionInsteadOfWork(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	guessed(t, w, twin, authn.WorkAfter-1)
	if h := hurdles(t, w); h.Work != nil || h.Question != nil || try(w, mine, authn.Effort{}) != "" {
		t.Fatalf("before there is a reason: %+v", h)
	}
	guessed(t, w, twin, 1)
	h := hurdles(t, w)
	if h.Work == nil || h.Question == nil || h.Both || h.Spent || len(h.Question.Digits) != 4 {
		t.Fatalf("%+v", h)
	}
	if code := try(w, mine, authn.Effort{}); code != fault.WorkNeeded {
		t.Errorf("neither work nor answer: %s", code)
	}
	if code := try(w, others, answer(h.Question)); code != fault.QuestionNeeded {
		t.Errorf("another browser: %s", code)
	}
	if code := try(w, mine, answer(h.Question)); code != "" {
		t.Errorf("the right answer: %s", code)
	}
	if code := try(w, mine, answer(h.Question)); code != fault.QuestionNeeded {
		t.Errorf("the same answer again: %s", code)
	}
	late := hurdles(t, w)
	w.Clock.Advance(5*time.Minute + time.Second)
	if code := try(w, mine, answer(late.Question)); code != fault.QuestionNeeded {
		t.Errorf("after five minutes: %s", code)
	}
	fresh := hurdles(t, w)
	if fresh.Question.Step == late.Question.Step {
		t.Error("the question is asked twice")
	}
	done := worked(fresh)
	if code := try(w, others, done); code != fault.WorkNeeded {
		t.Errorf("work that another browser was given: %s", code)
	}
	if code := try(w, mine, done); code != "" {
		t.Errorf("the work alone: %s", code)
	}
	if code := try(w, mine, done); code != fault.WorkNeeded {
		t.Errorf("the same work again: %s", code)
	}
	// Work that was given out before there were so many tries is too little by now.
	before := worked(hurdles(t, w))
	guessed(t, w, twin, 100)
	if code := try(w, mine, before); code != fault.WorkNeeded {
		t.Errorf("the work of before: %s", code)
	}
}

// TestWrongAnswersCount: a wrong answer uses the question up and counts on the source like a wrong password.
func TestWrongAnswersCount(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	guessed(t, w, twin, authn.WorkAfter)
	h := hurdles(t, w)
	effort := answer(h.Question)
	effort.Answer = "0" + h.Question.Digits
	if code := try(w, mine, effort); code != fault.QuestionNeeded {
		t.Fatalf("a wrong answer: %s", code)
	}
	if code := try(w, mine, answer(h.Question)); code != fault.QuestionNeeded {
		t.Errorf("right after wrong: %s", code)
	}
	if n, err := twin.Counted(ctx, "login-source", []byte(home), authn.LoginSpan, w.Clock.Now()); err != nil || n != authn.WorkAfter+1 {
		t.Errorf("%d tries are on the source, %v", n, err)
	}
}

// TestQuestionsAloneAreBounded: a program reads the question too, so what it opens without work has an end; the work opens more.
func TestQuestionsAloneAreBounded(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	guessed(t, w, twin, authn.WorkAfter)
	kept := hurdles(t, w).Question
	for n := range authn.QuestionsAlone {
		if code := try(w, mine, answer(hurdles(t, w).Question)); code != "" {
			t.Fatalf("answer %d: %s", n+1, code)
		}
	}
	if code := try(w, mine, answer(kept)); code != fault.WorkNeeded {
		t.Errorf("a question that was kept: %s", code)
	}
	h := hurdles(t, w)
	if h.Question != nil || !h.Spent {
		t.Errorf("it is still asked: %+v", h)
	}
	if code := try(w, mine, worked(h)); code != "" {
		t.Errorf("the work: %s", code)
	}
	w.Clock.Advance(authn.LoginSpan)
	guessed(t, w, twin, authn.WorkAfter)
	if h := hurdles(t, w); h.Question == nil || h.Spent {
		t.Errorf("in the next span: %+v", h)
	}
}

// TestQuestionAfterWork: where guessing goes on in spite of the work, the work alone opens nothing.
func TestQuestionAfterWork(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	guessed(t, w, twin, authn.QuestionAfter)
	h := hurdles(t, w)
	if !h.Both || h.Question == nil {
		t.Fatalf("%+v", h)
	}
	if code := try(w, mine, worked(h)); code != fault.QuestionNeeded {
		t.Errorf("the work alone: %s", code)
	}
	h = hurdles(t, w)
	both := worked(h)
	both.QuestionStep, both.Answer = h.Question.Step, h.Question.Digits
	if code := try(w, mine, both); code != "" {
		t.Errorf("work and answer: %s", code)
	}
	for range authn.QuestionsAlone { // with the work there is no such bound, and without it there is
		if code := try(w, mine, answer(hurdles(t, w).Question)); code != "" {
			t.Fatalf("the answer alone: %s", code)
		}
	}
	if h = hurdles(t, w); !h.Spent || h.Question == nil {
		t.Errorf("%+v", h)
	}
	if code := try(w, mine, answer(h.Question)); code != fault.WorkNeeded {
		t.Errorf("one too many: %s", code)
	}
	h = hurdles(t, w)
	both = worked(h)
	both.QuestionStep, both.Answer = h.Question.Step, h.Question.Digits
	if code := try(w, mine, both); code != "" {
		t.Errorf("work and answer: %s", code)
	}
}

func TestSpellingsOfAnAnswer(t *testing.T) {
	q := authn.Question{Digits: "3075"}
	for _, right := range []string{"3075", "３０７５", "三零七五", "三、零、七、五", " 3 0 7 5 ", "三〇七五", "叁零柒伍", "three, zero, seven, five", "Three Zero 7五", "3　0　7　5", "three zero seven five."} {
		if !q.Right(right) {
			t.Errorf("%q is refused", right)
		}
	}
	for _, other := range []string{"", "3057", "307", "30755", "三零七", "threezero seven five", "3075x", "+3075", "3075五", "九", "-", string(make([]byte, 4096))} {
		if q.Right(other) {
			t.Errorf("%q passes", other)
		}
	}
	if (authn.Question{}).Right("") {
		t.Error("an empty question has an answer")
	}
	if !(authn.Question{Digits: "1264"}).Right("壹两六肆") || !(authn.Question{Digits: "1289"}).Right("幺贰八玖") {
		t.Error("other numerals are refused")
	}
}

// TestQuestionIsReadToItsBrowser: again and again the same until it is answered, and to nobody else.
func TestQuestionIsReadToItsBrowser(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	guessed(t, w, twin, authn.WorkAfter)
	q := hurdles(t, w).Question
	first, err := w.Login.ReadAloud(ctx, w.Steps, mine, q.Step)
	if err != nil || !bytes.HasPrefix(first, []byte("RIFF")) {
		t.Fatalf("%d octets, %v", len(first), err)
	}
	if again, err := w.Login.ReadAloud(ctx, w.Steps, mine, q.Step); err != nil || !bytes.Equal(again, first) {
		t.Errorf("another recording: %v", err)
	}
	if _, err := w.Login.ReadAloud(ctx, w.Steps, others, q.Step); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("another browser: %v", err)
	}
	if code := try(w, mine, answer(q)); code != "" {
		t.Fatal(code)
	}
	if _, err := w.Login.ReadAloud(ctx, w.Steps, mine, q.Step); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("after the answer: %v", err)
	}
}
