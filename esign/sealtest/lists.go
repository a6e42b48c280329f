package sealtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func statusOf(s esign.Seal) []esign.StatusChange {
	if s.Change == nil {
		return nil
	}
	return []esign.StatusChange{*s.Change}
}

// SealsOf implements esign.Lists.
func (t *Twin) SealsOf(_ context.Context, division string) ([]sealstatus.Seal, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []sealstatus.Seal
	for id, changes := range t.changes {
		if s := t.seals[id]; len(changes) > 0 && strings.HasPrefix(s.Code, division) {
			one := sealstatus.Seal{Code: s.Code, SM3: changes[0].SM3}
			for _, c := range changes {
				one.History = one.History.Recorded(sealstatus.Event{From: c.From, State: c.State}, c.Since)
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b sealstatus.Seal) int { return cmp.Compare(a.Code, b.Code) })
	return all, nil
}

// SealStatus implements esign.Lists.
func (t *Twin) SealStatus(ctx context.Context, code string) (sealstatus.Seal, error) {
	all, err := t.SealsOf(ctx, code)
	if err == nil && len(all) == 0 {
		err = esign.ErrNotFound
	}
	if err != nil {
		return sealstatus.Seal{}, err
	}
	return all[0], nil
}

// Divisions implements esign.Lists.
func (t *Twin) Divisions(ctx context.Context) ([]string, error) {
	all, err := t.SealsOf(ctx, "")
	var divisions []string
	for _, s := range all {
		divisions = append(divisions, s.Code[:6])
	}
	return slices.Compact(divisions), err
}

// PublishedLists implements esign.Lists.
func (t *Twin) PublishedLists(_ context.Context, after string, limit int) ([]esign.StatusList, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var page []esign.StatusList
	for _, division := range slices.Sorted(maps.Keys(t.lists)) {
		if division > after && len(page) < limit {
			list := t.lists[division]
			list.Content = nil
			page = append(page, list)
		}
	}
	return page, nil
}

// PublishedList implements esign.Lists.
func (t *Twin) PublishedList(_ context.Context, division string) (esign.StatusList, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	list, ok := t.lists[division]
	if !ok {
		return esign.StatusList{}, esign.ErrNotFound
	}
	return list, nil
}

// Publish implements esign.Lists.
func (t *Twin) Publish(_ context.Context, list esign.StatusList, record audit.Record) error {
	return t.write(record, func() error {
		if list.Number <= t.lists[list.Division].Number {
			return esign.ErrStale
		}
		t.lists[list.Division] = list
		return nil
	})
}
