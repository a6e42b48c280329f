// Package crashtest is what the failing stores of tests have in common: hooks around each changing call, by which a process
// seems to die before or after it. It serves tests only.
package crashtest

import (
	"errors"
	"sync"
)

// ErrCrash is what a failing step answers.
var ErrCrash = errors.New("crashtest: crash")

// Hooks make changing calls fail. FailBefore and FailAfter are asked with the number (from 1) and name of each: Before fails
// without storing, After stores and then fails, as a process does that dies before it hears of the commit.
type Hooks struct {
	FailBefore func(step int, name string) bool
	FailAfter  func(step int, name string) bool

	mutex sync.Mutex
	step  int
}

// Steps is the number of changing calls so far.
func (h *Hooks) Steps() int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.step
}

// Around runs a change with the hooks around it.
func (h *Hooks) Around(name string, change func() error) error {
	h.mutex.Lock()
	h.step++
	step := h.step
	h.mutex.Unlock()
	if h.FailBefore != nil && h.FailBefore(step, name) {
		return ErrCrash
	}
	if err := change(); err != nil {
		return err
	}
	if h.FailAfter != nil && h.FailAfter(step, name) {
		return ErrCrash
	}
	return nil
}
