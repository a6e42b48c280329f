//go:build !linux

package systemclock

import "errors"

func kernel() (state, error) { return state{}, errors.ErrUnsupported }
