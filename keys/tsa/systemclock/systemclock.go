// Package systemclock asks the kernel whether the system clock is synchronised and how far it may be off, for package keys/tsa.
// It never sets the clock, and needs no privilege. Not for systems other than Linux, where the answer is that nothing is known.
package systemclock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotSynchronised: the clock is not synchronised, is off by more than is allowed, or nobody can tell.
var ErrNotSynchronised = errors.New("systemclock: the clock is not synchronised")

// Clock is a tsa.Clock over the kernel's clock.
type Clock struct {
	// MaxError is how far the clock may be off at most: the accuracy that tokens state, or less. The kernel's bound grows by
	// half a millisecond a second without a source of time.
	MaxError time.Duration
	read     func() (state, error) // of tests
}

// state is what the kernel says of its clock (adjtimex(2)).
type state struct {
	unsynchronised bool
	maxError       time.Duration
}

// Health reports why the clock cannot be relied on, nil when it can.
func (c Clock) Health(context.Context) error {
	read := c.read
	if read == nil {
		read = kernel
	}
	s, err := read()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotSynchronised, err)
	case s.unsynchronised:
		return ErrNotSynchronised
	case s.maxError > c.MaxError:
		return fmt.Errorf("%w: it may be off by %v, at most %v", ErrNotSynchronised, s.maxError, c.MaxError)
	}
	return nil
}
