package systemclock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestHealth(t *testing.T) {
	for name, c := range map[string]struct {
		state state
		err   error
		good  bool
	}{
		"synchronised":     {state{false, 20 * time.Millisecond}, nil, true},
		"exactly the most": {state{false, time.Second}, nil, true},
		"off by more":      {state{false, time.Second + time.Microsecond}, nil, false},
		"not synchronised": {state{true, time.Millisecond}, nil, false},
		"nobody can tell":  {state{}, errors.ErrUnsupported, false},
	} {
		clock := Clock{MaxError: time.Second, read: func() (state, error) { return c.state, c.err }}
		if err := clock.Health(context.Background()); (err == nil) != c.good || err != nil && !errors.Is(err, ErrNotSynchronised) || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (Clock{read: func() (state, error) { return state{maxError: 1}, nil }}).Health(context.Background()); err == nil {
		t.Error("a clock without a bound is good")
	}
}

// TestKernelAnswers: what this machine's kernel says is an answer or a reason, and nothing is changed by asking.
func TestKernelAnswers(t *testing.T) {
	s, err := kernel()
	if err == nil && s.maxError < 0 {
		t.Errorf("%+v", s)
	}
	err = Clock{MaxError: time.Second}.Health(context.Background())
	if err != nil && !errors.Is(err, ErrNotSynchronised) {
		t.Error(err)
	}
	t.Logf("%+v: %v", s, err)
}
