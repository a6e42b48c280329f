package sealtest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// RunCrash seals a subject and lets every step towards store, documents and keys fail, before and after its effect, once
// as an error that the process survives and once as the end of the process. Then the process starts again, the sweep
// runs, and the requester asks again: nothing acknowledged may be lost, and no second signature is released, whatever
// the point (security rows F-01, F-06, F-10).
func RunCrash(t *testing.T, open func(t testing.TB) esign.Store, subject Subject) {
	w := NewWorld(t, open(t))
	seal := w.Active(t, SampleApplication(1))
	request, _ := subject(t, w, seal)
	before := len(w.Steps.Names())
	if _, _, err := w.Service.Stamp(Keeper, request); err != nil {
		t.Fatal(err)
	}
	names := w.Steps.Names()[before:]
	if len(names) < 6 {
		t.Fatalf("only the steps %v are met", names)
	}
	for i, name := range names {
		for _, p := range []point{{i + 1, false, false}, {i + 1, true, false}, {i + 1, false, true}, {i + 1, true, true}} {
			t.Run(fmt.Sprintf("%d %s %s", i+1, name, p), func(t *testing.T) { crashAt(t, open(t), p, subject) })
		}
	}
}

// point is where a stamp is cut off: before or after the effect of a step; the process dies with it, or goes on.
type point struct {
	step        int
	after, dies bool
}

func (p point) String() string {
	text := "fails before"
	if p.after {
		text = "fails after"
	}
	if p.dies {
		text += " and dies"
	}
	return text
}

// arm makes the world fail at the point once; revive brings it back.
func (p point) arm(w *World) (revive func()) {
	base := len(w.Steps.Names())
	hit, dead := false, false
	fail := func(step int, after bool) bool {
		if dead && !after {
			return true // a dead process reaches nothing any more
		}
		if hit || step-base != p.step || after != p.after {
			return false
		}
		hit, dead = true, p.dies
		return true
	}
	w.Steps.FailBefore = func(step int, _ string) bool { return fail(step, false) }
	w.Steps.FailAfter = func(step int, _ string) bool { return fail(step, true) }
	return func() { w.Steps.FailBefore, w.Steps.FailAfter = nil, nil }
}

func crashAt(t *testing.T, store esign.Store, p point, subject Subject) {
	w := NewWorld(t, store)
	seal := w.Active(t, SampleApplication(1))
	request, finish := subject(t, w, seal)
	revive := p.arm(w)
	_, acknowledged, err := w.Service.Stamp(Keeper, request)
	if err == nil || fault.CodeOf(err) != fault.Unavailable {
		t.Fatalf("the step did not fail, or not as one that may succeed later: %v", err)
	}
	revive()
	w.Restart(t)
	ask := func() []byte {
		_, result, err := w.Service.Stamp(Keeper, request)
		if err != nil {
			if f := fault.From(err); f.Code != fault.StampBusy || f.RetryAfter < 1 || f.RetryAfter > 20 {
				t.Errorf("asked again: %v, after %d s", err, f.RetryAfter)
			}
			return nil
		}
		if acknowledged != nil && !bytes.Equal(acknowledged, result) {
			t.Error("two signatures were released")
		}
		acknowledged = result
		return result
	}
	ask() // at once: the result, or told to wait
	w.Advance(20 * time.Second)
	if _, err := w.Service.Recover(context.Background()); err != nil {
		t.Fatalf("sweep: %v", err)
	}
	if stale, err := store.PlannedBefore(context.Background(), w.Now(), 10); err != nil || len(stale) != 0 {
		t.Errorf("the sweep left %d plans: %v", len(stale), err)
	}
	for range 2 {
		if ask() == nil {
			t.Fatal("never sealed")
		}
	}
	uses, err := store.Stamps(context.Background(), esign.StampQuery{SealID: seal.ID, Limit: 10})
	if err != nil || len(uses) != 1 || uses[0].State != esign.Stored || uses[0].ResultSM3 != digest.Hex(acknowledged) {
		t.Fatalf("register: %+v %v", uses, err)
	}
	document, err := finish(acknowledged)
	if err != nil {
		t.Fatal(err)
	}
	if result := w.Verify(t, document); result.Verdict != verify.Valid || len(result.Signatures) != 1 {
		t.Errorf("%s %+v", result.Code, result.Reasons)
	}
	if n := w.Keys.Signed(keys.UsageSealSigner); n > 2 {
		t.Errorf("%d signatures for one stamp", n)
	}
}
