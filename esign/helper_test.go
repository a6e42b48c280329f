package esign_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func recordOf(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: sealtest.Start, Actor: "system:test", ObjectType: "seal", ObjectID: "x"})
}

// processorTime is what this process has used of all processors.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
