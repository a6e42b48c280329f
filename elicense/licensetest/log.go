package licensetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// twinLog is the transparency log of a twin. What must never change makes the write fail with ErrHistory when it would.
type twinLog struct {
	entries     map[elicense.LogTree]map[string]*twinEntry
	heads       map[elicense.LogTree]translog.Head
	tiles       map[elicense.LogTree]map[translog.TileID][]byte
	checkpoints map[elicense.LogTree][]elicense.LogCheckpoint
}

type twinEntry struct {
	elicense.LogEntry
	number int64
}

func newTwinLog() twinLog {
	l := twinLog{entries: map[elicense.LogTree]map[string]*twinEntry{}, heads: map[elicense.LogTree]translog.Head{}, tiles: map[elicense.LogTree]map[translog.TileID][]byte{}, checkpoints: map[elicense.LogTree][]elicense.LogCheckpoint{}}
	for _, tree := range []elicense.LogTree{elicense.LogMain, elicense.LogRoots} {
		l.entries[tree], l.tiles[tree] = map[string]*twinEntry{}, map[translog.TileID][]byte{}
	}
	return l
}

func (l *twinLog) enqueue(tree elicense.LogTree, entries []elicense.LogEntry) (fresh bool) {
	for _, e := range entries {
		if l.entries[tree][e.Ref] == nil {
			e.Leaf = slices.Clone(e.Leaf)
			l.entries[tree][e.Ref] = &twinEntry{e, -1}
			fresh = true
		}
	}
	return fresh
}

// Enqueue implements elicense.Log.
func (t *Twin) Enqueue(_ context.Context, entries []elicense.LogEntry, record audit.Record) error {
	return t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if t.log.enqueue(elicense.LogMain, entries) {
			t.records = append(t.records, record)
		}
		return nil
	})
}

// GrowLog implements elicense.Log.
func (t *Twin) GrowLog(_ context.Context, tree elicense.LogTree, limit int, grow func(translog.Head, [][]byte, func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error)) (n int, err error) {
	err = t.write(nil, func() error {
		var open []*twinEntry
		for _, e := range t.log.entries[tree] {
			if e.number < 0 {
				open = append(open, e)
			}
		}
		slices.SortFunc(open, func(a, b *twinEntry) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Ref, b.Ref)) })
		open = open[:min(limit, len(open))]
		if len(open) == 0 {
			return nil
		}
		var leaves [][]byte
		for _, e := range open {
			leaves = append(leaves, slices.Clone(e.Leaf))
		}
		head := t.log.heads[tree]
		growth, err := grow(head, leaves, func(id translog.TileID) ([]byte, error) { return slices.Clone(t.log.tiles[tree][id]), nil })
		if err != nil {
			return err
		}
		for _, tile := range growth.Tiles {
			if !bytes.HasPrefix(tile.Content, t.log.tiles[tree][tile.TileID]) {
				return ErrHistory
			}
		}
		for _, tile := range growth.Tiles {
			t.log.tiles[tree][tile.TileID] = slices.Clone(tile.Content)
		}
		for i, e := range open {
			e.number = int64(head.Size) + int64(i)
		}
		t.log.heads[tree] = growth.Head
		n = len(open)
		return nil
	})
	return n, err
}

// LogHead implements elicense.Log.
func (t *Twin) LogHead(_ context.Context, tree elicense.LogTree) (translog.Head, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.log.heads[tree], nil
}

// LogTile implements elicense.Log.
func (t *Twin) LogTile(_ context.Context, tree elicense.LogTree, id translog.TileID) ([]byte, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	content, ok := t.log.tiles[tree][id]
	if !ok {
		return nil, elicense.ErrNotFound
	}
	return slices.Clone(content), nil
}

// AddCheckpoint implements elicense.Log.
func (t *Twin) AddCheckpoint(_ context.Context, c elicense.LogCheckpoint, roots []elicense.LogEntry, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		list := t.log.checkpoints[c.Tree]
		if len(list) > 0 && list[len(list)-1].Size >= c.Size || c.Size == 0 || c.Size > t.log.heads[c.Tree].Size {
			return elicense.ErrStale
		}
		t.log.checkpoints[c.Tree] = append(list, c)
		t.log.enqueue(elicense.LogRoots, roots)
		return nil
	})
}

// CosignCheckpoint implements elicense.Log.
func (t *Twin) CosignCheckpoint(_ context.Context, c elicense.LogCheckpoint, note []byte, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		for i, known := range t.log.checkpoints[c.Tree] {
			if known.Size == c.Size && bytes.Equal(known.Note, c.Note) {
				t.log.checkpoints[c.Tree][i].Note = bytes.Clone(note)
				return nil
			}
		}
		return elicense.ErrStale
	})
}

// LastCheckpoint implements elicense.Log.
func (t *Twin) LastCheckpoint(_ context.Context, tree elicense.LogTree) (elicense.LogCheckpoint, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	list := t.log.checkpoints[tree]
	if len(list) == 0 {
		return elicense.LogCheckpoint{}, elicense.ErrNotFound
	}
	return list[len(list)-1], nil
}

// LogNumber implements elicense.Log.
func (t *Twin) LogNumber(_ context.Context, tree elicense.LogTree, ref string) (uint64, bool, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	e := t.log.entries[tree][ref]
	switch {
	case e == nil:
		return 0, false, elicense.ErrNotFound
	case e.number < 0:
		return 0, false, nil
	}
	return uint64(e.number), true, nil
}

// Unlogged implements elicense.Log.
func (t *Twin) Unlogged(_ context.Context, limit int) ([]elicense.License, error) {
	return t.some(limit, func(l elicense.License) bool { return l.State == elicense.StateActive && l.LogCount == 0 }), nil
}
