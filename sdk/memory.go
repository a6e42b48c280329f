package yinxin

import (
	"slices"
	"sync"
	"time"
)

// memory keeps values for a while: at most limit of them, the oldest go first. It is enough for one process; a portal
// of several processes needs sticky sessions.
type memory[V any] struct {
	mutex sync.Mutex
	now   func() time.Time
	life  time.Duration
	limit int
	items map[string]kept[V]
	order []string
}

type kept[V any] struct {
	value V
	until time.Time
}

func newMemory[V any](now func() time.Time, life time.Duration, limit int) *memory[V] {
	return &memory[V]{now: now, life: life, limit: limit, items: map[string]kept[V]{}}
}

// add stores a value under a new key; false when the key is there already.
func (m *memory[V]) add(key string, value V) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.shrink()
	if old, ok := m.items[key]; ok && m.now().Before(old.until) {
		return false
	}
	m.items[key] = kept[V]{value, m.now().Add(m.life)}
	m.order = append(m.order, key)
	return true
}

// get reads a value that has not run out.
func (m *memory[V]) get(key string) (V, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	item, ok := m.items[key]
	if !ok || !m.now().Before(item.until) {
		var none V
		return none, false
	}
	return item.value, true
}

// take reads a value and forgets it: one use.
func (m *memory[V]) take(key string) (V, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	item, ok := m.items[key]
	delete(m.items, key)
	if !ok || !m.now().Before(item.until) {
		var none V
		return none, false
	}
	return item.value, true
}

// removeIf forgets every value for which the test holds and counts them.
func (m *memory[V]) removeIf(test func(V) bool) int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	n := 0
	for key, item := range m.items {
		if test(item.value) {
			delete(m.items, key)
			n++
		}
	}
	return n
}

// shrink forgets what has run out and, when there is no room, the oldest. Keys that were taken stand in the order until
// they are the oldest, or until there are as many of them as there may be values.
func (m *memory[V]) shrink() {
	for len(m.order) > 0 {
		oldest := m.order[0]
		item, ok := m.items[oldest]
		if ok && m.now().Before(item.until) && len(m.items) < m.limit {
			break
		}
		delete(m.items, oldest)
		m.order = m.order[1:]
	}
	if len(m.order) >= 2*m.limit {
		m.order = slices.DeleteFunc(m.order, func(key string) bool { _, ok := m.items[key]; return !ok })
	}
}
