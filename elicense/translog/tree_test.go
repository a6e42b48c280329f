package translog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// shelf keeps tiles as a log does: what was written never changes, only grows.
type shelf struct {
	t     testing.TB
	tiles map[TileID][]byte
}

func newShelf(t testing.TB) *shelf { return &shelf{t, map[TileID][]byte{}} }

func (s *shelf) load(id TileID) ([]byte, error) { return s.tiles[id], nil }

func (s *shelf) put(tiles []Tile) {
	for _, tile := range tiles {
		if !bytes.HasPrefix(tile.Hashes, s.tiles[tile.TileID]) || len(tile.Hashes) == len(s.tiles[tile.TileID]) {
			s.t.Errorf("tile %v changed", tile.TileID)
		}
		s.tiles[tile.TileID] = tile.Hashes
	}
}

func (s *shelf) read(id TileID, width int) ([]byte, error) {
	if have := s.tiles[id]; len(have) >= width*HashSize {
		return have, nil
	}
	return nil, fmt.Errorf("%w: %v", ErrTile, id)
}

func leafOf(h Hasher, n int) []byte { return h.HashLeaf(fmt.Appendf(nil, "entry %d", n)) }

// grown is a tree of a size, made in batches.
func grown(t testing.TB, h Hasher, size int, batch func() int) (*shelf, []Head) {
	s, heads := newShelf(t), []Head{{}}
	for n := 0; n < size; {
		var leaves [][]byte
		for range min(batch(), size-n) {
			leaves = append(leaves, leafOf(h, n))
			n++
		}
		head, tiles, err := h.Grow(heads[len(heads)-1], leaves, s.load)
		if err != nil {
			t.Fatal(err)
		}
		s.put(tiles)
		heads = append(heads, head)
	}
	return s, heads
}

// naive is RFC 6962 2.1 as it is written.
func naive(h Hasher, leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		return h.EmptyRoot()
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return h.HashChildren(naive(h, leaves[:k]), naive(h, leaves[k:]))
}

// TestVectors pins the SM3 tree for other implementers: roots of trees of the entries "entry 0", "entry 1", ….
func TestVectors(t *testing.T) {
	if got := hex.EncodeToString(SM3.EmptyRoot()); got != digest.Hex(nil) || got != "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b" {
		t.Errorf("empty tree %s", got)
	}
	for size, want := range vectorRoots {
		s, heads := grown(t, SM3, size, func() int { return 7 })
		root, err := SM3.Root(heads[len(heads)-1])
		if err != nil || hex.EncodeToString(root) != want {
			t.Errorf("root of %d: %x %v", size, root, err)
		}
		if again, err := SM3.RootAt(uint64(size), s.read); err != nil || !bytes.Equal(again, root) {
			t.Errorf("root of %d from tiles: %x %v", size, again, err)
		}
	}
}

func TestEveryTreeIsThatOfTheRFC(t *testing.T) {
	for _, h := range []Hasher{SM3, SHA256} {
		s, heads := grown(t, h, 300, func() int { return 1 })
		var leaves [][]byte
		var roots [][]byte
		for size := range 301 {
			root, err := h.Root(heads[size])
			if want := naive(h, leaves); err != nil || !bytes.Equal(root, want) {
				t.Fatalf("%d: %x, want %x, %v", size, root, want, err)
			}
			if from, err := h.RootAt(uint64(size), s.read); err != nil || !bytes.Equal(from, root) {
				t.Fatalf("%d from tiles: %v", size, err)
			}
			roots = append(roots, root)
			leaves = append(leaves, leafOf(h, size))
		}
		for size := 1; size <= 300; size += 13 {
			for index := range size {
				p, err := h.Inclusion(uint64(index), uint64(size), s.read)
				if err != nil {
					t.Fatal(err)
				}
				if err := h.VerifyInclusion(uint64(index), uint64(size), leaves[index], p, roots[size]); err != nil {
					t.Fatalf("%d of %d: %v", index, size, err)
				}
				if err := h.VerifyInclusion(uint64(index), uint64(size), leaves[(index+1)%301], p, roots[size]); !errors.Is(err, ErrProof) {
					t.Fatalf("another leaf at %d of %d: %v", index, size, err)
				}
			}
			for old := range size + 1 {
				p, err := h.Consistency(uint64(old), uint64(size), s.read)
				if err != nil {
					t.Fatal(err)
				}
				if err := h.VerifyConsistency(uint64(old), uint64(size), p, roots[old], roots[size]); err != nil {
					t.Fatalf("%d to %d: %v", old, size, err)
				}
				if err := h.VerifyConsistency(uint64(old), uint64(size), p, roots[(old+1)%301], roots[size]); !errors.Is(err, ErrProof) {
					t.Fatalf("another old root, %d to %d: %v", old, size, err)
				}
			}
		}
	}
}

// TestSHA256TreeIsThatOfGo compares roots, proofs and tiles with golang.org/x/mod/sumdb/tlog.
func TestSHA256TreeIsThatOfGo(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.IntRange(1, 900).Draw(r, "size")
		s, heads := grown(t, SHA256, size, func() int { return rapid.IntRange(1, 300).Draw(r, "batch") })
		var stored []tlog.Hash
		reader := tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, err error) {
			for _, i := range indexes {
				list = append(list, stored[i])
			}
			return list, nil
		})
		for n := range size {
			more, err := tlog.StoredHashes(int64(n), fmt.Appendf(nil, "entry %d", n), reader)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, more...)
		}
		root, err := SHA256.Root(heads[len(heads)-1])
		want, wantErr := tlog.TreeHash(int64(size), reader)
		if err != nil || wantErr != nil || !bytes.Equal(root, want[:]) {
			t.Fatalf("%x, want %x", root, want)
		}
		index, old := rapid.IntRange(0, size-1).Draw(r, "index"), rapid.IntRange(1, size).Draw(r, "old")
		record, err1 := tlog.ProveRecord(int64(size), int64(index), reader)
		tree, err2 := tlog.ProveTree(int64(size), int64(old), reader)
		ours, err3 := SHA256.Inclusion(uint64(index), uint64(size), s.read)
		ourTree, err4 := SHA256.Consistency(uint64(old), uint64(size), s.read)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		if !same(record, ours) || !same(tree, ourTree) {
			t.Fatalf("proofs differ: %x %x, %x %x", record, ours, tree, ourTree)
		}
		for _, tile := range tlog.NewTiles(TileHeight, 0, int64(size)) {
			data, err := tlog.ReadTileData(tile, reader)
			have := s.tiles[TileID{tile.L, uint64(tile.N)}]
			if err != nil || len(have) < len(data) || !bytes.Equal(have[:len(data)], data) {
				t.Fatalf("tile %v differs: %v", tile, err)
			}
			if width := (TileID{tile.L, uint64(tile.N)}).Width(uint64(size)); width < tile.W {
				t.Fatalf("tile %v is %d wide", tile, width)
			}
		}
	})
}

func same(theirs []tlog.Hash, ours [][]byte) bool {
	return slices.EqualFunc(theirs, ours, func(a tlog.Hash, b []byte) bool { return bytes.Equal(a[:], b) })
}

func TestDamagedTilesAreNoticed(t *testing.T) {
	s, heads := grown(t, SM3, 300, func() int { return 300 })
	head := heads[len(heads)-1]
	more := [][]byte{leafOf(SM3, 300)}
	for name, content := range map[string][]byte{"short": s.tiles[TileID{0, 1}][:HashSize], "long": append(bytes.Clone(s.tiles[TileID{0, 1}]), more[0]...), "none": nil} {
		if _, _, err := SM3.Grow(head, more, func(TileID) ([]byte, error) { return content, nil }); !errors.Is(err, ErrTile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	away := errors.New("away")
	if _, _, err := SM3.Grow(head, more, func(TileID) ([]byte, error) { return nil, away }); !errors.Is(err, away) {
		t.Error(err)
	}
	for name, read := range map[string]Reader{
		"narrow": func(id TileID, width int) ([]byte, error) { return s.tiles[id][:HashSize*(width-1)], nil },
		"odd":    func(id TileID, _ int) ([]byte, error) { return s.tiles[id][:len(s.tiles[id])-1], nil },
		"wide":   func(id TileID, _ int) ([]byte, error) { return make([]byte, (TileWidth+1)*HashSize), nil },
	} {
		if _, err := SM3.Inclusion(299, 300, read); !errors.Is(err, ErrTile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SM3.Inclusion(300, 300, s.read); !errors.Is(err, ErrProof) {
		t.Errorf("beyond the tree: %v", err)
	}
	if _, err := SM3.Consistency(301, 300, s.read); !errors.Is(err, ErrProof) {
		t.Errorf("backwards: %v", err)
	}
	for name, head := range map[string]Head{"no edge": {Size: 3}, "long edge": {1, [][]byte{more[0], more[0]}}, "short hash": {1, [][]byte{{1}}}, "size": {1 << 63, [][]byte{more[0]}}} {
		if _, err := SM3.Root(head); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := SM3.Extend(head, nil); !errors.Is(err, ErrFormat) {
			t.Errorf("%s grows: %v", name, err)
		}
	}
	if _, err := SM3.Extend(Head{}, [][]byte{{1}}); !errors.Is(err, ErrFormat) {
		t.Errorf("a leaf that is no hash: %v", err)
	}
	root, _ := SM3.Root(head)
	if err := SM3.VerifyConsistency(0, 300, nil, root, root); !errors.Is(err, ErrProof) {
		t.Errorf("an empty tree with another root: %v", err)
	}
	if err := SM3.VerifyConsistency(0, 0, nil, SM3.EmptyRoot(), root); !errors.Is(err, ErrProof) {
		t.Errorf("an empty new tree with another root: %v", err)
	}
	if err := SM3.VerifyConsistency(0, 300, nil, SM3.EmptyRoot(), root); err != nil {
		t.Error(err)
	}
	if err := SM3.VerifyInclusion(0, 2, more[0], [][]byte{{1}}, root); !errors.Is(err, ErrProof) {
		t.Errorf("a short hash: %v", err)
	}
}

func TestPathsOfTiles(t *testing.T) {
	for path, want := range map[string]struct {
		id     TileID
		width  int
		bundle bool
	}{
		"tile/0/000":                               {TileID{0, 0}, 256, false},
		"tile/1/x001/x234/067":                     {TileID{1, 1234067}, 256, false},
		"tile/63/999.p/1":                          {TileID{63, 999}, 1, false},
		"tile/entries/x001/000.p/255":              {TileID{0, 1000}, 255, true},
		"tile/0/x009/x223/x372/x036/x854/x775/807": {TileID{0, maxSize}, 256, false},
	} {
		id, width, bundle, err := ParsePath(path)
		if err != nil || id != want.id || width != want.width || bundle != want.bundle {
			t.Errorf("%s: %v %d %v %v", path, id, width, bundle, err)
		}
	}
	for _, path := range []string{"", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/0/001/000", "tile/0/x000/000", "tile/0/x001/x000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000.p/", "tile/0/000/", "/tile/0/000", "tile/0/../000", "tile/entries", "tile/Entries/000", "tile/0/x009/x223/x372/x036/x854/x775/808", "tile/0/-01"} {
		if id, width, _, err := ParsePath(path); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v %d", path, id, width)
		}
	}
	// The example of C2SP tlog-tiles.
	for id, want := range map[TileID]int{{0, 272}: 256, {0, 273}: 112, {0, 274}: 0, {1, 0}: 256, {1, 1}: 17, {2, 0}: 1, {3, 0}: 0, {8, 0}: 0, {-1, 0}: 0} {
		if got := id.Width(70000); got != want {
			t.Errorf("%v: %d, want %d", id, got, want)
		}
	}
}

func TestBundles(t *testing.T) {
	var bundle []byte
	entries := [][]byte{[]byte("a"), {}, bytes.Repeat([]byte("b"), 65535)}
	for _, entry := range entries {
		var err error
		if bundle, err = AppendEntry(bundle, entry); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := ParseBundle(bundle, 3); err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", entries) {
		t.Errorf("%v", err)
	}
	if cut, err := CutBundle(bundle, 2); err != nil || !bytes.Equal(cut, bundle[:5]) {
		t.Errorf("%x %v", cut, err)
	}
	for name, err := range map[string]error{
		"fewer": second(ParseBundle(bundle, 2)), "more": second(ParseBundle(bundle, 4)), "cut": second(ParseBundle(bundle[:len(bundle)-1], 3)), "cut length": second(ParseBundle([]byte{0}, 1)),
		"negative": second(ParseBundle(nil, -1)), "wide": second(ParseBundle(nil, 257)), "cut too far": second(CutBundle(bundle, 4)),
	} {
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := AppendEntry(nil, make([]byte, 65536)); !errors.Is(err, ErrMake) {
		t.Errorf("too long: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkGrow(b *testing.B) {
	leaves := make([][]byte, 1024)
	for i := range leaves {
		leaves[i] = leafOf(SM3, i)
	}
	s, head := newShelf(b), Head{}
	for b.Loop() {
		next, tiles, err := SM3.Grow(head, leaves, s.load)
		if err != nil {
			b.Fatal(err)
		}
		s.put(tiles)
		head = next
	}
}
