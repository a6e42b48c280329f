package authn

import (
	"context"
	"crypto/sha256"
	"math/bits"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Bot defence, rate first: the counters of PasswordLogin stand before everything. Between the first signs of guessing from a
// source and its lock a browser must work for each try, which a person does not notice and a list of passwords does. Whoever
// runs no scripts answers a question instead (question.go), or signs in by a code, so nobody has to see, hear or solve anything
// (WCAG 2.2 SC 3.3.8). Where guessing goes on in spite of the work, the question is asked after it.
const (
	WorkAfter = 20 // wrong tries from a source within LoginSpan
	// QuestionAfter is how many of them make the question due after the work: more than a hundred passwords were paid for with work.
	QuestionAfter = 150
	// QuestionsAlone is how many forms of a source may be let through by the question without the work within LoginSpan: a program reads
	// the question too, so without a bound it would make the work needless.
	QuestionsAlone = 20
	workBits       = 16
	workHardFrom   = 100
	workHardBits   = 19
	workLife       = 10 * time.Minute
	maxWork        = 20 // digits of an answer

	// StepWork is a piece of work that was given out.
	StepWork StepKind = "work"
)

// Work is what a browser must find: a number n such that SHA-256(Text ":" n) begins with Bits zero bits.
type Work struct {
	Step string `json:"-"`
	Text string `json:"text"`
	Bits int    `json:"bits"`
}

// Hurdles are what a source must do before a password of it is looked at; none of them where there is no reason.
type Hurdles struct {
	Work     *Work
	Question *Question // instead of the work, or after it where Both
	Both     bool
	// Spent: the source had its share of questions without work, so that one alone opens nothing now.
	Spent bool
}

// Effort is what came with a form: the answers to the work and to the question, each with the handle that it was given out under.
type Effort struct{ WorkStep, Work, QuestionStep, Answer string }

// HurdlesFor gives out what a source must do now; the question is read aloud in the language.
func (p *PasswordLogin) HurdlesFor(ctx context.Context, steps *Steps, browser []byte, source, language string) (h Hurdles, err error) {
	need, tries, err := p.workBits(ctx, source)
	if err != nil || need == 0 {
		return h, err
	}
	alone, err := p.throttle.Counted(ctx, scopeQuestion, []byte(source), LoginSpan, p.now())
	if err != nil {
		return h, fault.Wrap(err, fault.Unavailable)
	}
	work := Work{Text: ident.Secret(steps.rand, 18), Bits: need}
	if work.Step, err = steps.Begin(ctx, StepWork, browser, work, workLife); err != nil {
		return h, err
	}
	h = Hurdles{Work: &work, Both: tries >= QuestionAfter, Spent: alone >= QuestionsAlone}
	if h.Both || !h.Spent {
		h.Question, err = ask(ctx, steps, browser, language)
	}
	return h, err
}

func (p *PasswordLogin) workBits(ctx context.Context, source string) (need, tries int, err error) {
	tries, err = p.throttle.Counted(ctx, scopeSource, []byte(source), LoginSpan, p.now())
	switch {
	case err != nil:
		return 0, 0, fault.Wrap(err, fault.Unavailable)
	case tries >= workHardFrom:
		return workHardBits, tries, nil
	case tries >= WorkAfter:
		return workBits, tries, nil
	}
	return 0, tries, nil
}

// CheckHurdles lets a try of a source pass. fault.WorkNeeded: work is due and was not done, nor the question answered in its place;
// fault.QuestionNeeded: the question is due, or was tried, and the answer is none, wrong, late or used.
func (p *PasswordLogin) CheckHurdles(ctx context.Context, steps *Steps, browser []byte, source string, effort Effort) error {
	need, tries, err := p.workBits(ctx, source)
	if err != nil || need == 0 {
		return err
	}
	worked, err := p.worked(ctx, steps, browser, effort, need)
	if err != nil || worked && tries < QuestionAfter {
		return err
	}
	if effort.Answer == "" {
		if worked {
			return fault.New(fault.QuestionNeeded)
		}
		return fault.New(fault.WorkNeeded)
	}
	if !worked { // counted before the answer is looked at, so that parallel tries count as well
		alone, err := p.throttle.Count(ctx, scopeQuestion, []byte(source), LoginSpan, p.now())
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if alone > QuestionsAlone {
			return fault.New(fault.WorkNeeded)
		}
	}
	return p.answered(ctx, steps, browser, source, effort)
}

func (p *PasswordLogin) worked(ctx context.Context, steps *Steps, browser []byte, effort Effort, need int) (bool, error) {
	if effort.Work == "" {
		return false, nil
	}
	var work Work
	if err := steps.Take(ctx, StepWork, browser, effort.WorkStep, &work); fault.CodeOf(err) == fault.StepLost {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return work.Bits >= need && work.Solved(effort.Work), nil
}

// Solved reports whether the number is an answer.
func (w Work) Solved(answer string) bool {
	if len(answer) == 0 || len(answer) > maxWork {
		return false
	}
	if _, err := strconv.ParseUint(answer, 10, 64); err != nil {
		return false
	}
	sum, zeros := sha256.Sum256([]byte(w.Text+":"+answer)), 0
	for _, octet := range sum {
		zeros += bits.LeadingZeros8(octet)
		if octet != 0 {
			break
		}
	}
	return zeros >= w.Bits
}
