package federation

import (
	"sync"
	"time"
)

// A source that did not answer so often in a row is left alone for a while; then one person's attempt finds out.
const (
	breakerFailures = 5
	breakerPause    = 30 * time.Second
)

// breakers keep people from waiting for sources that are silent. Each node finds out for itself.
type breakers struct {
	mutex sync.Mutex
	all   map[string]*breaker
}

type breaker struct {
	failures int
	until    time.Time // while open
}

// allow reports whether a login may begin at a source. The one that finds it open after the pause is the probe: the others
// wait for its outcome, for another pause at most.
func (b *breakers) allow(source string, now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	one := b.all[source]
	if one == nil || one.failures < breakerFailures {
		return true
	}
	if now.Before(one.until) {
		return false
	}
	one.until = now.Add(breakerPause)
	return true
}

// open reports whether a login would not be let through now, without being the probe.
func (b *breakers) open(source string, now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	one := b.all[source]
	return one != nil && one.failures >= breakerFailures && now.Before(one.until)
}

// answered notes that a source spoke, whatever it said.
func (b *breakers) answered(source string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.all, source)
}

// silent notes that it did not.
func (b *breakers) silent(source string, now time.Time) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	one := b.all[source]
	if one == nil {
		one = &breaker{}
		b.all[source] = one
	}
	if one.failures++; one.failures >= breakerFailures {
		one.until = now.Add(breakerPause)
	}
}
