package systemclock

import (
	"fmt"
	"syscall"
	"time"
)

// Values of adjtimex(2) that package syscall does not name.
const (
	timeError  = 5      // TIME_ERROR
	statUnsync = 0x0040 // STA_UNSYNC
)

// kernel reads the state of the clock and changes nothing (modes is 0).
func kernel() (state, error) {
	var timex syscall.Timex
	code, err := syscall.Adjtimex(&timex)
	if err != nil {
		return state{}, fmt.Errorf("adjtimex: %w", err)
	}
	return state{unsynchronised: code == timeError || timex.Status&statUnsync != 0, maxError: time.Duration(timex.Maxerror) * time.Microsecond}, nil
}
