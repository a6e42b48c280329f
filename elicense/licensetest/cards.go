package licensetest

import (
	"context"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Cards is an elicense.CardStore in memory.
type Cards struct {
	mutex sync.Mutex
	all   []elicense.Card
}

func (t *Cards) end(holderRef string, until time.Time, status statuslist.Status, at time.Time) (ended []elicense.Card) {
	for i, c := range t.all {
		if c.HolderRef == holderRef && c.Bits == statuslist.InForce && !c.IssuedAt.After(until) {
			t.all[i].Bits, t.all[i].EndedAt = status, at
			ended = append(ended, t.all[i])
		}
	}
	return ended
}

// PutCard implements elicense.CardStore.
func (t *Cards) PutCard(_ context.Context, c elicense.Card, old statuslist.Status, record func([]elicense.Card) audit.Record) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, other := range t.all {
		if c.Order != "" && other.HolderRef == c.HolderRef && other.Order == c.Order && other.Attempt >= c.Attempt {
			return elicense.ErrOvertaken
		}
		if other.List == c.List && other.Index == c.Index || other.PIDKey == c.PIDKey {
			return elicense.ErrEntryTaken
		}
	}
	if err := needEvent(record(t.end(c.HolderRef, c.IssuedAt.Add(elicense.ClockAhead), old, c.IssuedAt))); err != nil {
		return err
	}
	t.all = append(t.all, c)
	return nil
}

// EndCards implements elicense.CardStore.
func (t *Cards) EndCards(_ context.Context, holderRef string, until time.Time, status statuslist.Status, at time.Time, record func([]elicense.Card) audit.Record) ([]elicense.Card, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	ended := t.end(holderRef, until, status, at)
	if len(ended) == 0 {
		return nil, nil
	}
	return ended, needEvent(record(ended))
}

// UnbindCards implements elicense.CardStore.
func (t *Cards) UnbindCards(_ context.Context, holderRef string) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for i, c := range t.all {
		if c.HolderRef == holderRef && c.Bits != statuslist.InForce {
			t.all[i].HolderRef, t.all[i].Order = "", ""
		}
	}
	return nil
}

func (t *Cards) find(fits func(elicense.Card) bool) (elicense.Card, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, c := range t.all {
		if fits(c) {
			return c, nil
		}
	}
	return elicense.Card{}, elicense.ErrNotFound
}

// FindCard implements elicense.CardStore.
func (t *Cards) FindCard(_ context.Context, pidKey string) (elicense.Card, error) {
	return t.find(func(c elicense.Card) bool { return c.PIDKey == pidKey })
}

// LiveCard implements elicense.CardStore.
func (t *Cards) LiveCard(_ context.Context, holderRef string) (elicense.Card, error) {
	return t.find(func(c elicense.Card) bool { return c.HolderRef == holderRef && c.Bits == statuslist.InForce })
}
