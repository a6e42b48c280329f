package licensetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
)

// plainGrow keeps leaves in one tile after another, without any hashing of its own, so that the contract sees what the store does.
func plainGrow(head translog.Head, leaves [][]byte, load func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error) {
	before, err := load(translog.TileID{})
	if err != nil {
		return elicense.LogGrowth{}, err
	}
	var hashes [][]byte
	all := bytes.Clone(before)
	for _, leaf := range leaves {
		hashes = append(hashes, translog.SM3.HashLeaf(leaf))
		all = append(append(all, leaf...), '\n')
	}
	next, err := translog.SM3.Extend(head, hashes)
	return elicense.LogGrowth{Head: next, Tiles: []elicense.LogTile{{TileID: translog.TileID{}, Content: all}}}, err
}

func entry(n int) elicense.LogEntry {
	return elicense.LogEntry{Ref: fmt.Sprint("x:", n), Leaf: fmt.Append(nil, "leaf ", n), Order: int64(n)}
}

func logEntries(t *testing.T, s elicense.Store) {
	if n, err := s.GrowLog(ctx, elicense.LogMain, 10, func(translog.Head, [][]byte, func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error) {
		t.Error("asked to add nothing")
		return elicense.LogGrowth{}, nil
	}); n != 0 || err != nil {
		t.Error(n, err)
	}
	if err := s.Enqueue(ctx, []elicense.LogEntry{entry(3), entry(1)}, record("queued")); err != nil {
		t.Fatal(err)
	}
	create(t, s, Row(1))
	rows, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].LogSecret, rows[0].LogCount = []byte{1, 0, 2}, 2
		return elicense.Change{Record: record("changed"), Log: []elicense.LogEntry{entry(2), entry(1)}, Events: []elicense.StatusEvent{{ID: "e1", License: "lic_0001", To: "valid", RecordedAt: Start, LogNumber: 1}}}, nil
	}, "lic_0001")
	if err != nil || !bytes.Equal(rows[0].LogSecret, []byte{1, 0, 2}) || rows[0].LogCount != 2 {
		t.Fatalf("%+v %v", rows, err)
	}
	if l, err := s.Find(ctx, "lic_0001"); err != nil || !bytes.Equal(l.LogSecret, []byte{1, 0, 2}) || l.LogCount != 2 {
		t.Errorf("%+v %v", l, err)
	}
	if events, err := s.Events(ctx, "lic_0001", "", 10); err != nil || len(events) != 1 || events[0].LogNumber != 1 {
		t.Errorf("%+v %v", events, err)
	}
	refused := errors.New("no")
	if _, err := s.Update(ctx, func([]*elicense.License) (elicense.Change, error) {
		return elicense.Change{Record: record("changed"), Log: []elicense.LogEntry{entry(9)}}, refused
	}, "lic_0001"); !errors.Is(err, refused) {
		t.Error(err)
	}
	if err := s.Publish(ctx, elicense.Published{Name: "1", Number: 1, Content: []byte("x"), IssuedAt: Start, NextUpdate: Start}, []elicense.LogEntry{entry(4)}, record("published")); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(ctx, elicense.Published{Name: "1", Number: 1, Content: []byte("x"), IssuedAt: Start, NextUpdate: Start}, []elicense.LogEntry{entry(9)}, record("published")); !errors.Is(err, elicense.ErrStale) {
		t.Error(err)
	}
	if _, _, err := s.LogNumber(ctx, elicense.LogMain, "x:9"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("an entry of a change that was refused: %v", err)
	}
	if _, ok, err := s.LogNumber(ctx, elicense.LogMain, "x:1"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if _, err := s.LogTile(ctx, elicense.LogMain, translog.TileID{}); !errors.Is(err, elicense.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.GrowLog(ctx, elicense.LogMain, 10, func(translog.Head, [][]byte, func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error) {
		return elicense.LogGrowth{}, refused
	}); !errors.Is(err, refused) {
		t.Error(err)
	}
	for _, want := range []int{3, 1, 0} {
		if n, err := s.GrowLog(ctx, elicense.LogMain, 3, plainGrow); n != want || err != nil {
			t.Fatal(n, want, err)
		}
	}
	// The second entry of x:1 added nothing, and the order is that of Order.
	if content, err := s.LogTile(ctx, elicense.LogMain, translog.TileID{}); err != nil || string(content) != "leaf 1\nleaf 2\nleaf 3\nleaf 4\n" {
		t.Errorf("%q %v", content, err)
	}
	for n := 1; n <= 4; n++ {
		if number, ok, err := s.LogNumber(ctx, elicense.LogMain, fmt.Sprint("x:", n)); err != nil || !ok || number != uint64(n-1) {
			t.Errorf("%d: %d %v %v", n, number, ok, err)
		}
	}
	head, err := s.LogHead(ctx, elicense.LogMain)
	if err != nil || head.Size != 4 || head.Check() != nil {
		t.Errorf("%+v %v", head, err)
	}
	if other, err := s.LogHead(ctx, elicense.LogRoots); err != nil || other.Size != 0 {
		t.Errorf("the other tree: %+v %v", other, err)
	}
	if err := s.Enqueue(ctx, []elicense.LogEntry{entry(1), entry(2)}, record("queued")); err != nil {
		t.Error(err)
	}
	if n, err := s.GrowLog(ctx, elicense.LogMain, 3, plainGrow); n != 0 || err != nil {
		t.Errorf("entries that have their place came again: %d %v", n, err)
	}
}

// logInParallel: several nodes queue and sequence at once. Each entry gets one place, and the tree holds each once.
func logInParallel(t *testing.T, s elicense.Store) {
	const writers, each = 4, 12
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range each {
				if err := s.Enqueue(ctx, []elicense.LogEntry{entry(w*each + n)}, record("queued")); err != nil {
					t.Errorf("queue: %v", err)
				}
				if _, err := s.GrowLog(ctx, elicense.LogMain, 5, plainGrow); err != nil {
					t.Errorf("grow: %v", err)
				}
			}
		})
	}
	group.Wait()
	for range writers * each {
		if n, err := s.GrowLog(ctx, elicense.LogMain, 5, plainGrow); err != nil || n == 0 {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	content, err := s.LogTile(ctx, elicense.LogMain, translog.TileID{})
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
	if len(lines) != writers*each {
		t.Fatalf("%d leaves", len(lines))
	}
	for n := range writers * each {
		number, ok, err := s.LogNumber(ctx, elicense.LogMain, fmt.Sprint("x:", n))
		if err != nil || !ok || number >= uint64(len(lines)) || !bytes.Equal(lines[number], entry(n).Leaf) {
			t.Errorf("entry %d at %d: %v %v", n, number, ok, err)
		}
	}
	if head, err := s.LogHead(ctx, elicense.LogMain); err != nil || head.Size != writers*each {
		t.Errorf("%d %v", head.Size, err)
	}
}

func logOfOlder(t *testing.T, s elicense.Store) {
	for n := 1; n <= 4; n++ {
		l := Row(n)
		if n != 2 {
			l.State = elicense.StateActive
		}
		if n == 3 {
			l.LogCount, l.LogSecret = 1, []byte{7}
		}
		create(t, s, l)
	}
	var ids []string
	list, err := s.Unlogged(ctx, 10)
	for _, l := range list {
		ids = append(ids, l.ID)
	}
	if slices.Sort(ids); err != nil || !slices.Equal(ids, []string{"lic_0001", "lic_0004"}) {
		t.Errorf("%v %v", ids, err)
	}
	if list, err := s.Unlogged(ctx, 1); err != nil || len(list) != 1 {
		t.Errorf("%d %v", len(list), err)
	}
	if l, err := s.Find(ctx, "lic_0003"); err != nil || !bytes.Equal(l.LogSecret, []byte{7}) || l.LogCount != 1 {
		t.Errorf("%+v %v", l, err)
	}
}

func logCheckpoints(t *testing.T, s elicense.Store) {
	point := func(size uint64) elicense.LogCheckpoint {
		return elicense.LogCheckpoint{Tree: elicense.LogMain, Size: size, Root: []byte{byte(size)}, Note: []byte("note"), SignedAt: Start}
	}
	root := func(n int) []elicense.LogEntry { return []elicense.LogEntry{entry(n)} }
	if _, err := s.LastCheckpoint(ctx, elicense.LogMain); !errors.Is(err, elicense.ErrNotFound) {
		t.Error(err)
	}
	if err := s.AddCheckpoint(ctx, point(1), root(1), record("signed")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("a head beyond the tree: %v", err)
	}
	if err := s.Enqueue(ctx, []elicense.LogEntry{entry(1), entry(2), entry(3)}, record("queued")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GrowLog(ctx, elicense.LogMain, 10, plainGrow); err != nil {
		t.Fatal(err)
	}
	if err := s.AddCheckpoint(ctx, point(2), root(2), record("signed")); err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint64{0, 1, 2, 4} {
		if err := s.AddCheckpoint(ctx, point(size), root(10+int(size)), record("signed")); !errors.Is(err, elicense.ErrStale) {
			t.Errorf("of %d after 2 in a tree of 3: %v", size, err)
		}
	}
	var group sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		group.Go(func() { results[i] = s.AddCheckpoint(ctx, point(3), root(20+i), record("signed")) })
	}
	group.Wait()
	first := 0
	for _, err := range results {
		switch {
		case err == nil:
			first++
		case !errors.Is(err, elicense.ErrStale):
			t.Error(err)
		}
	}
	if first != 1 {
		t.Errorf("%d checkpoints of one size", first)
	}
	c, err := s.LastCheckpoint(ctx, elicense.LogMain)
	if want := point(3); err != nil || c.Size != 3 || !bytes.Equal(c.Root, want.Root) || string(c.Note) != "note" || !c.SignedAt.Equal(Start) || c.Tree != elicense.LogMain {
		t.Errorf("%+v %v", c, err)
	}
	for _, step := range []struct {
		size       uint64
		note, next string
		err        error
	}{{3, "another", "x", elicense.ErrStale}, {4, "note", "x", elicense.ErrStale}, {3, "note", "cosigned", nil}, {3, "note", "x", elicense.ErrStale}, {3, "cosigned", "twice", nil}} {
		of := point(step.size)
		of.Note = []byte(step.note)
		if err := s.CosignCheckpoint(ctx, of, []byte(step.next), record("cosigned")); !errors.Is(err, step.err) {
			t.Errorf("%+v: %v", step, err)
		}
	}
	if c, err := s.LastCheckpoint(ctx, elicense.LogMain); err != nil || string(c.Note) != "twice" || c.Size != 3 {
		t.Errorf("%+v %v", c, err)
	}
	if n, err := s.GrowLog(ctx, elicense.LogRoots, 10, plainGrow); n != 2 || err != nil {
		t.Errorf("%d roots came into the second tree: %v", n, err)
	}
	if _, err := s.LastCheckpoint(ctx, elicense.LogRoots); !errors.Is(err, elicense.ErrNotFound) {
		t.Error(err)
	}
}
