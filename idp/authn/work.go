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
// runs no scripts signs in by a code instead, so nobody needs to see, hear or solve anything (WCAG 2.2 SC 3.3.8).
const (
	WorkAfter    = 20 // wrong tries from a source within LoginSpan
	workBits     = 16
	workHardFrom = 100
	workHardBits = 19
	workLife     = 10 * time.Minute
	maxWork      = 20 // digits of an answer

	// StepWork is a piece of work that was given out.
	StepWork StepKind = "work"
)

// Work is what a browser must find: a number n such that SHA-256(Text ":" n) begins with Bits zero bits.
type Work struct {
	Step string `json:"-"`
	Text string `json:"text"`
	Bits int    `json:"bits"`
}

// WorkFor gives the work that a source must do before a password of it is looked at; nil when there is no reason.
func (p *PasswordLogin) WorkFor(ctx context.Context, steps *Steps, browser []byte, source string) (*Work, error) {
	need, err := p.workBits(ctx, source)
	if err != nil || need == 0 {
		return nil, err
	}
	work := Work{Text: ident.Secret(steps.rand, 18), Bits: need}
	work.Step, err = steps.Begin(ctx, StepWork, browser, work, workLife)
	return &work, err
}

func (p *PasswordLogin) workBits(ctx context.Context, source string) (int, error) {
	tries, err := p.throttle.Counted(ctx, scopeSource, []byte(source), LoginSpan, p.now())
	switch {
	case err != nil:
		return 0, fault.Wrap(err, fault.Unavailable)
	case tries >= workHardFrom:
		return workHardBits, nil
	case tries >= WorkAfter:
		return workBits, nil
	}
	return 0, nil
}

// CheckWork lets a try of a source pass: fault.WorkNeeded when work is due and the answer is none, wrong, late or used.
func (p *PasswordLogin) CheckWork(ctx context.Context, steps *Steps, browser []byte, source, step, answer string) error {
	need, err := p.workBits(ctx, source)
	if err != nil || need == 0 {
		return err
	}
	var work Work
	if err := steps.Take(ctx, StepWork, browser, step, &work); fault.CodeOf(err) == fault.StepLost {
		return fault.New(fault.WorkNeeded)
	} else if err != nil {
		return err
	}
	if work.Bits < need || !work.Solved(answer) {
		return fault.New(fault.WorkNeeded)
	}
	return nil
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
