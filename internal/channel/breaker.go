package channel

import (
	"sync"
	"time"
)

// A provider that failed so often in a row is left alone for a while; then one message finds out. Each node finds out for
// itself.
const (
	breakAfter = 3
	breakFor   = 20 * time.Second
)

type breaker struct {
	mutex    sync.Mutex
	failures int
	until    time.Time
}

// allow lets one message through after the pause; the others wait for its outcome, for another pause at most.
func (b *breaker) allow(now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.failures < breakAfter {
		return true
	}
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(breakFor)
	return true
}

func (b *breaker) answered() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.failures = 0
}

func (b *breaker) silent(now time.Time) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.failures++; b.failures >= breakAfter {
		b.until = now.Add(breakFor)
	}
}
