package crashtest

import (
	"errors"
	"testing"
)

func TestHooksFailBeforeAndAfter(t *testing.T) {
	own, done := errors.New("own"), 0
	h := &Hooks{FailBefore: func(step int, _ string) bool { return step == 1 }, FailAfter: func(_ int, name string) bool { return name == "after" }}
	for i, test := range []struct {
		name       string
		fails      error
		want       error
		wantChange int
	}{{"before", nil, ErrCrash, 0}, {"after", nil, ErrCrash, 1}, {"plain", nil, nil, 2}, {"after", own, own, 3}} {
		err := h.Around(test.name, func() error { done++; return test.fails })
		if !errors.Is(err, test.want) || done != test.wantChange || h.Steps() != i+1 {
			t.Errorf("%d: %v, %d changes, %d steps", i, err, done, h.Steps())
		}
	}
}
