package federation

import (
	"testing"
	"time"
)

func TestF09BreakerOfASilentSource(t *testing.T) {
	b := &breakers{all: map[string]*breaker{}}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	wants := func(when string, allowed bool) {
		t.Helper()
		if got := b.allow("p", now); got != allowed {
			t.Fatalf("%s: allowed is %t", when, got)
		}
	}
	for range breakerFailures - 1 {
		b.silent("p", now)
	}
	wants("four times silent", true)
	b.answered("p")
	for range breakerFailures - 1 {
		b.silent("p", now)
	}
	wants("four times silent after an answer", true)
	b.silent("p", now)
	wants("five times silent", false)
	if !b.open("p", now) || b.open("other", now) || !b.allow("other", now) {
		t.Fatal("the wrong source is open")
	}
	now = now.Add(breakerPause)
	if b.open("p", now) {
		t.Fatal("nobody may probe")
	}
	wants("the probe", true)
	wants("beside the probe", false)
	b.silent("p", now)
	wants("after a silent probe", false)
	now = now.Add(breakerPause)
	wants("the second probe", true)
	now = now.Add(breakerPause)
	wants("a probe that never came back does not block for ever", true)
	b.answered("p")
	wants("after an answer", true)
	wants("and for all", true)
}
