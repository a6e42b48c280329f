package licensetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// countUse counts a use; the mutex is held.
func (t *Twin) countUse(u elicense.Use) {
	if u.HolderRef == "" {
		return
	}
	key := u.HolderRef + "\x00" + u.ID
	if known, there := t.uses[key]; there {
		known.Count += u.Count
		if u.Last.After(known.Last) {
			known.Last = u.Last
		}
		u = known
	}
	t.uses[key] = u
}

// NoteUse implements elicense.Uses.
func (t *Twin) NoteUse(_ context.Context, uses []elicense.Use, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if slices.ContainsFunc(uses, t.stopped) {
			return elicense.ErrFrozen
		}
		for _, u := range uses {
			t.countUse(u)
		}
		return nil
	})
}

// ListUses implements elicense.Uses.
func (t *Twin) ListUses(_ context.Context, q elicense.UseQuery) ([]elicense.Use, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	list := slices.DeleteFunc(slices.Collect(maps.Values(t.uses)), func(u elicense.Use) bool {
		behind := q.Behind.IsZero() || u.First.Before(q.Behind) || u.First.Equal(q.Behind) && u.ID > q.BehindID
		return u.HolderRef != q.HolderRef || t.withheld[u.ID] != "" || q.Receiver != "" && u.Receiver != q.Receiver || u.First.Before(q.Since) || !u.First.Before(q.Till) || !behind
	})
	slices.SortFunc(list, func(a, b elicense.Use) int { return cmp.Or(b.First.Compare(a.First), strings.Compare(a.ID, b.ID)) })
	return list[:min(len(list), q.Limit)], nil
}

// FindUse implements elicense.Uses.
func (t *Twin) FindUse(_ context.Context, holderRef, id string) (elicense.Use, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	u, ok := t.uses[holderRef+"\x00"+id]
	if !ok || t.withheld[id] != "" {
		return elicense.Use{}, elicense.ErrNotFound
	}
	return u, nil
}

// UseReceivers implements elicense.Uses.
func (t *Twin) UseReceivers(_ context.Context, holderRef string, limit int) ([]string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var list []string
	for _, u := range t.uses {
		if u.HolderRef == holderRef && t.withheld[u.ID] == "" && !slices.Contains(list, u.Receiver) {
			list = append(list, u.Receiver)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), limit)], nil
}

// DropUses implements elicense.Uses.
func (t *Twin) DropUses(_ context.Context, before time.Time, limit int) (n int, err error) {
	err = t.write(nil, func() error {
		for key, u := range t.uses {
			if u.Last.Before(before) && n < limit {
				delete(t.uses, key)
				n++
			}
		}
		return nil
	})
	return n, err
}
