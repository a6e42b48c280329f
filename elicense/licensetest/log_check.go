package licensetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
)

// Follower reads a log from outside, as a monitor does: checkpoint, bundles, and nothing that is not public. It keeps what it saw and fails the
// test when the log tells another history.
type Follower struct {
	tree   elicense.LogTree
	head   translog.Head
	leaves [][]byte
	seen   map[uint64]string // roots by size
}

// NewFollower follows a tree from its beginning.
func NewFollower(tree elicense.LogTree) *Follower {
	return &Follower{tree: tree, seen: map[uint64]string{}}
}

// Follow reads what is new and gives all leaves so far.
func (f *Follower) Follow(t testing.TB, s *elicense.Service) [][]byte {
	t.Helper()
	c, err := s.LogCheckpoint(ctx, f.tree)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.LogKeys(ctx, f.tree)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := translog.Policy{Log: keys}.Open(c.Note)
	if err != nil || opened.Size != c.Size || !bytes.Equal(opened.Root, c.Root) || opened.Origin != s.LogOrigin(f.tree) {
		t.Fatalf("checkpoint %+v %v", opened, err)
	}
	if before := f.seen[c.Size]; before != "" && before != string(c.Root) {
		t.Errorf("two trees %s of %d", f.tree, c.Size)
	}
	f.seen[c.Size] = string(c.Root)
	if c.Size < f.head.Size {
		t.Fatalf("the tree %s shrank from %d to %d", f.tree, f.head.Size, c.Size)
	}
	hasher := f.tree.Hasher()
	for f.head.Size < c.Size {
		number := f.head.Size / translog.TileWidth
		width := translog.TileID{Number: number}.Width(c.Size)
		bundle, err := s.LogFile(ctx, f.tree, translog.BundlePath(number, width))
		if err != nil {
			t.Fatal(err)
		}
		entries, err := translog.ParseBundle(bundle, width)
		if err != nil {
			t.Fatal(err)
		}
		entries = entries[f.head.Size%translog.TileWidth:]
		var hashes [][]byte
		for _, e := range entries {
			hashes = append(hashes, hasher.HashLeaf(e))
		}
		if f.head, err = hasher.Extend(f.head, hashes); err != nil {
			t.Fatal(err)
		}
		f.leaves = append(f.leaves, entries...)
	}
	root, err := hasher.Root(f.head)
	if err != nil || !bytes.Equal(root, c.Root) {
		t.Fatalf("the checkpoint of %d in %s is not that of its entries: %v", c.Size, f.tree, err)
	}
	fromTiles, err := hasher.RootAt(c.Size, func(id translog.TileID, width int) ([]byte, error) {
		return s.LogFile(ctx, f.tree, id.Path(width))
	})
	if err != nil || !bytes.Equal(fromTiles, root) {
		t.Fatalf("tiles of %s: %v", f.tree, err)
	}
	return f.leaves
}

// RunLogCrash fails the log before and after each of its steps while licences are issued and change, restarts, and goes on. Whatever the
// point: every entry is there once, and nobody ever sees another history.
func RunLogCrash(t *testing.T, open func(t testing.TB) elicense.Store) {
	crashes := 0
	for step := 1; step <= 6; step++ {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s %d", when, step), func(t *testing.T) {
				if logCrashAt(t, open(t), step, when) {
					crashes++
				}
			})
		}
	}
	if crashes < 10 {
		t.Errorf("only %d of the points crashed: the steps are not met any more", crashes)
	}
}

func logCrashAt(t *testing.T, store elicense.Store, at int, when string) (crashed bool) {
	faulty := &Faulty{Store: store}
	w := NewWorld(t, faulty)
	main, roots := NewFollower(elicense.LogMain), NewFollower(elicense.LogRoots)
	base := 0
	hit := func(moment string) func(int, string) bool {
		return func(step int, name string) bool {
			if crashed || base == 0 || moment != when || step-base != at {
				return false
			}
			crashed = true
			return true
		}
	}
	faulty.FailBefore, faulty.FailAfter = hit("before"), hit("after")
	keep := func() {
		if err := w.Service.KeepLog(context.Background()); err != nil && !errors.Is(err, ErrCrash) {
			t.Fatal(err)
		}
		w.Advance(time.Minute)
	}
	base = faulty.Steps()
	keep()
	w.Restart(t)
	keep()
	main.Follow(t, w.Service)
	base = 0
	l := w.Issued(t, SampleApplication("B1"))
	base = faulty.Steps()
	keep()
	base = 0
	w.Restart(t)
	if _, err := w.Service.ChangeStatus(Issuer, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "d"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		keep()
	}
	kinds := map[translog.Kind]int{}
	seen := map[string]bool{}
	for _, leaf := range main.Follow(t, w.Service) {
		e, err := translog.ParseEntry(leaf)
		if err != nil || seen[string(leaf)] {
			t.Errorf("leaf %x: %v, seen %v", leaf, err, seen[string(leaf)])
		}
		seen[string(leaf)] = true
		kinds[e.Kind]++
	}
	if kinds[translog.KindLicense] != 1 || kinds[translog.KindStatus] != 1 || kinds[translog.KindTemplate] == 0 || kinds[translog.KindKey] == 0 {
		t.Errorf("%v", kinds)
	}
	second := map[uint64]string{}
	for _, text := range roots.Follow(t, w.Service) {
		c, err := translog.ParseCheckpoint(string(text))
		if err != nil {
			t.Error(err)
		}
		second[c.Size] = string(c.Root)
	}
	for size, root := range main.seen {
		if second[size] != root {
			t.Errorf("the second tree does not hold the root of %d", size)
		}
	}
	return crashed
}

// RunLogNodes lets several nodes issue, sequence and sign at once, and follows the log meanwhile.
func RunLogNodes(t *testing.T, open func(t testing.TB) elicense.Store) {
	w := NewWorld(t, open(t))
	first := w.Service
	w.Restart(t)
	second := w.Service
	if err := first.KeepLog(ctx); err != nil {
		t.Fatal(err)
	}
	const licences = 6
	var approved []string
	for n := range licences {
		approved = append(approved, w.Approved(t, SampleApplication(fmt.Sprint("B", n))).ID)
	}
	var issuing, keeping sync.WaitGroup
	done := make(chan struct{})
	for _, node := range []*elicense.Service{first, second} {
		keeping.Go(func() {
			for {
				if err := node.KeepLog(ctx); err != nil {
					t.Errorf("keep: %v", err)
				}
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
					w.Advance(11 * time.Second)
				}
			}
		})
	}
	for i, id := range approved {
		node := []*elicense.Service{first, second}[i%2]
		issuing.Go(func() {
			if _, err := node.Issue(Issuer, id); err != nil {
				t.Errorf("issue: %v", err)
			}
		})
	}
	main, roots := NewFollower(elicense.LogMain), NewFollower(elicense.LogRoots)
	for range 5 {
		main.Follow(t, first)
	}
	issuing.Wait()
	close(done)
	keeping.Wait()
	for range 2 {
		w.Advance(time.Minute)
		if err := second.KeepLog(ctx); err != nil {
			t.Fatal(err)
		}
	}
	found := 0
	for _, leaf := range main.Follow(t, second) {
		if e, err := translog.ParseEntry(leaf); err == nil && e.Kind == translog.KindLicense {
			found++
		}
	}
	if found != licences {
		t.Errorf("%d licences in the log, %d were issued", found, licences)
	}
	// The tree of roots holds every checkpoint that was signed, in order.
	var last uint64
	for _, text := range roots.Follow(t, first) {
		c, err := translog.ParseCheckpoint(string(text))
		if err != nil || c.Size <= last {
			t.Errorf("%+v after %d: %v", c, last, err)
		}
		if root, is := main.seen[c.Size]; is && root != string(c.Root) {
			t.Errorf("the second tree has another root of %d", c.Size)
		}
		last = c.Size
	}
	if last != main.head.Size {
		t.Errorf("the last root is of %d, the tree has %d", last, main.head.Size)
	}
}
