package yinxin

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestMemoryForgets(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	m := newMemory[int](func() time.Time { return now }, time.Minute, 10)
	if !m.add("a", 1) || m.add("a", 2) {
		t.Error("a key was added twice")
	}
	if v, ok := m.get("a"); !ok || v != 1 {
		t.Errorf("get gave %d %v", v, ok)
	}
	if v, ok := m.take("a"); !ok || v != 1 {
		t.Errorf("take gave %d %v", v, ok)
	}
	if _, ok := m.take("a"); ok {
		t.Error("a value was taken twice")
	}
	m.add("b", 3)
	now = now.Add(time.Minute)
	if _, ok := m.get("b"); ok {
		t.Error("a value outlived its time")
	}
	if _, ok := m.take("b"); ok {
		t.Error("a value that ran out was taken")
	}
	if !m.add("b", 4) {
		t.Error("a key that ran out is still taken")
	}
	for i := range 5 {
		m.add(fmt.Sprint(i), i)
	}
	if n := m.removeIf(func(v int) bool { return v%2 == 0 }); n != 4 { // 0, 2, 4 and b
		t.Errorf("removed %d", n)
	}
}

// TestMemoryIsBounded: neither values nor the memory of those that were taken grow past the limit.
func TestMemoryIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	m := newMemory[int](func() time.Time { return now }, time.Hour, 100)
	m.add("first", 0)
	for i := range 1000 { // each is taken at once, while an older value stays
		key := fmt.Sprint("t", i)
		m.add(key, i)
		m.take(key)
		if len(m.order) > 200 || len(m.items) > 100 {
			t.Fatalf("after %d: %d keys, %d values", i, len(m.order), len(m.items))
		}
	}
	if _, ok := m.get("first"); !ok {
		t.Error("a value that stays was lost")
	}
	for i := range 1000 {
		m.add(fmt.Sprint("k", i), i)
	}
	if len(m.items) > 100 || len(m.order) > 200 {
		t.Errorf("%d keys, %d values", len(m.order), len(m.items))
	}
	if _, ok := m.get("first"); ok {
		t.Error("the oldest was not the one to go")
	}
	if _, ok := m.get("k999"); !ok {
		t.Error("the newest is gone")
	}
	now = now.Add(2 * time.Hour)
	m.add("last", 1)
	if len(m.items) != 1 || len(m.order) != 1 {
		t.Errorf("%d keys, %d values after all ran out", len(m.order), len(m.items))
	}
}

func TestMemoryGivesOneValueToOneTaker(t *testing.T) {
	m := newMemory[int](time.Now, time.Hour, 100)
	m.add("code", 1)
	var taken, added atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, ok := m.take("code"); ok {
				taken.Add(1)
			}
			if m.add("jti", 1) {
				added.Add(1)
			}
		})
	}
	group.Wait()
	if taken.Load() != 1 || added.Load() != 1 {
		t.Errorf("%d took it, %d added it", taken.Load(), added.Load())
	}
}
