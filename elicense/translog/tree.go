package translog

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/bits"
	"slices"

	"github.com/transparency-dev/merkle"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// HashSize is the length of the hashes of both trees.
const HashSize = 32

// Hasher hashes a tree as RFC 6962 2.1 prescribes, with a hash function of 256 bits.
type Hasher struct{ fresh func() hash.Hash }

var (
	// SM3 hashes the log.
	SM3 = Hasher{digest.New}
	// SHA256 hashes the tree over the checkpoints of the log.
	SHA256 = Hasher{sha256.New}
)

var _ merkle.LogHasher = Hasher{}

func (h Hasher) sum(parts ...[]byte) []byte {
	state := h.fresh()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}

// EmptyRoot is the root of the tree without leaves.
func (h Hasher) EmptyRoot() []byte { return h.sum() }

// HashLeaf is the hash of an entry.
func (h Hasher) HashLeaf(leaf []byte) []byte { return h.sum([]byte{0}, leaf) }

// HashChildren is the hash of an inner node.
func (h Hasher) HashChildren(left, right []byte) []byte { return h.sum([]byte{1}, left, right) }

// Size is that of the hashes in octets.
func (h Hasher) Size() int { return HashSize }

// Head is a tree as far as one needs it to let it grow: Edge are the roots of the perfect subtrees that make it up, the largest first.
type Head struct {
	Size uint64
	Edge [][]byte
}

// Check tells whether the edge fits the size.
func (h Head) Check() error {
	if h.Size > maxSize || len(h.Edge) != bits.OnesCount64(h.Size) {
		return fmt.Errorf("%w: %d hashes at the edge of a tree of %d", ErrFormat, len(h.Edge), h.Size)
	}
	for _, one := range h.Edge {
		if len(one) != HashSize {
			return fmt.Errorf("%w: a hash of %d octets", ErrFormat, len(one))
		}
	}
	return nil
}

// Root of the tree.
func (h Hasher) Root(head Head) ([]byte, error) {
	if err := head.Check(); err != nil {
		return nil, err
	}
	if head.Size == 0 {
		return h.EmptyRoot(), nil
	}
	root := head.Edge[len(head.Edge)-1]
	for _, left := range slices.Backward(head.Edge[:len(head.Edge)-1]) {
		root = h.HashChildren(left, root)
	}
	return root, nil
}

// Tile is a tile that grew.
type Tile struct {
	TileID
	Hashes []byte
}

// Grow adds leaves, given by their hashes, and gives the new head and every tile that grew, whole. load gives what there is of a tile that is
// not full; it is asked once for each tile, and only for tiles that have something in them. What it gives must be as long as
// the head says: errors wrap ErrTile.
func (h Hasher) Grow(head Head, leaves [][]byte, load func(TileID) ([]byte, error)) (Head, []Tile, error) {
	tiles := map[TileID][]byte{}
	var order []TileID
	var failure error
	grown, err := h.extend(head, leaves, func(id compact.NodeID, sum []byte) {
		if id.Level%TileHeight != 0 || failure != nil {
			return
		}
		at := TileID{int(id.Level / TileHeight), id.Index / TileWidth}
		have, known := tiles[at]
		place := int(id.Index%TileWidth) * HashSize
		if !known {
			order = append(order, at)
			if place > 0 {
				there, err := load(at)
				if err != nil {
					failure = err
					return
				}
				have = slices.Clone(there)
			}
		}
		if len(have) != place {
			failure = fmt.Errorf("%w: tile %d/%d has %d octets, the tree says %d", ErrTile, at.Level, at.Number, len(have), place)
			return
		}
		tiles[at] = append(have, sum...)
	})
	if err = firstOf(failure, err); err != nil {
		return Head{}, nil, err
	}
	var list []Tile
	for _, at := range order {
		list = append(list, Tile{at, tiles[at]})
	}
	return grown, list, nil
}

// Extend adds leaves to a tree whose tiles are kept elsewhere.
func (h Hasher) Extend(head Head, leaves [][]byte) (Head, error) { return h.extend(head, leaves, nil) }

func (h Hasher) extend(head Head, leaves [][]byte, visit compact.VisitFn) (Head, error) {
	if err := head.Check(); err != nil {
		return Head{}, err
	}
	if uint64(len(leaves)) > maxSize-head.Size {
		return Head{}, fmt.Errorf("%w: too many leaves", ErrFormat)
	}
	factory := &compact.RangeFactory{Hash: h.HashChildren}
	tree, err := factory.NewRange(0, head.Size, slices.Clone(head.Edge))
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for _, leaf := range leaves {
		if len(leaf) != HashSize {
			return Head{}, fmt.Errorf("%w: a hash of %d octets", ErrFormat, len(leaf))
		}
		if err := tree.Append(leaf, visit); err != nil {
			return Head{}, fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	return Head{tree.End(), tree.Hashes()}, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Reader gives the hashes of a tile: at least the first width of them, as octets. It gives more where it has more.
type Reader func(id TileID, width int) ([]byte, error)

// node is the hash of a node of a tree of a size, taken from its tile.
func (h Hasher) node(id compact.NodeID, size uint64, read Reader) ([]byte, error) {
	inTile := id.Level % TileHeight
	first := id.Index << inTile
	at := TileID{int(id.Level / TileHeight), first / TileWidth}
	begin, count := int(first%TileWidth), 1<<inTile
	width := at.Width(size)
	if width < begin+count {
		return nil, fmt.Errorf("%w: tile %d/%d is too narrow in a tree of %d", ErrTile, at.Level, at.Number, size)
	}
	hashes, err := read(at, width)
	if err != nil {
		return nil, err
	}
	if len(hashes)%HashSize != 0 || len(hashes) < width*HashSize || len(hashes) > TileWidth*HashSize {
		return nil, fmt.Errorf("%w: tile %d/%d has %d octets, %d hashes are needed", ErrTile, at.Level, at.Number, len(hashes), width)
	}
	var row [][]byte
	for i := begin; i < begin+count; i++ {
		row = append(row, hashes[i*HashSize:(i+1)*HashSize])
	}
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = h.HashChildren(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return slices.Clone(row[0]), nil
}

func (h Hasher) hashes(nodes proof.Nodes, size uint64, read Reader) ([][]byte, error) {
	cache := map[TileID][]byte{} // one proof meets the tiles of the right edge again and again
	cached := func(id TileID, width int) ([]byte, error) {
		if have, ok := cache[id]; ok {
			return have, nil
		}
		got, err := read(id, width)
		if err == nil {
			cache[id] = got
		}
		return got, err
	}
	var list [][]byte
	for _, id := range nodes.IDs {
		sum, err := h.node(id, size, cached)
		if err != nil {
			return nil, err
		}
		list = append(list, sum)
	}
	made, err := nodes.Rehash(list, h.HashChildren)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return made, nil
}

// RootAt is the root of the first size leaves.
func (h Hasher) RootAt(size uint64, read Reader) ([]byte, error) {
	head := Head{Size: size}
	for _, id := range compact.RangeNodes(0, size, nil) {
		sum, err := h.node(id, size, read)
		if err != nil {
			return nil, err
		}
		head.Edge = append(head.Edge, sum)
	}
	return h.Root(head)
}

// Inclusion is the proof that the entry of an index is in the tree of a size (RFC 6962 2.1.1), from the leaf's sibling upward. Errors wrap
// ErrProof where there is no such entry, else they are those of read or wrap ErrTile.
func (h Hasher) Inclusion(index, size uint64, read Reader) ([][]byte, error) {
	nodes, err := proof.Inclusion(index, size)
	if err != nil || size > maxSize {
		return nil, fmt.Errorf("%w: entry %d of %d", ErrProof, index, size)
	}
	return h.hashes(nodes, size, read)
}

// Consistency is the proof that the tree of a size begins with that of an older one (RFC 6962 2.1.2).
func (h Hasher) Consistency(old, size uint64, read Reader) ([][]byte, error) {
	nodes, err := proof.Consistency(old, size)
	if err != nil || size > maxSize {
		return nil, fmt.Errorf("%w: from %d to %d", ErrProof, old, size)
	}
	return h.hashes(nodes, size, read)
}

// VerifyInclusion judges an inclusion proof of a leaf. Errors wrap ErrProof.
func (h Hasher) VerifyInclusion(index, size uint64, leafHash []byte, hashes [][]byte, root []byte) error {
	if err := checkHashes(hashes); err != nil {
		return err
	}
	if err := proof.VerifyInclusion(h, index, size, leafHash, hashes, root); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// VerifyConsistency judges a consistency proof. A tree of no leaves has one root only. Errors wrap ErrProof.
func (h Hasher) VerifyConsistency(old, size uint64, hashes [][]byte, oldRoot, root []byte) error {
	if err := checkHashes(hashes); err != nil {
		return err
	}
	if old == 0 && !bytes.Equal(oldRoot, h.EmptyRoot()) || size == 0 && !bytes.Equal(root, h.EmptyRoot()) {
		return fmt.Errorf("%w: not the root of an empty tree", ErrProof)
	}
	if err := proof.VerifyConsistency(h, old, size, hashes, oldRoot, root); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

func checkHashes(hashes [][]byte) error {
	if len(hashes) > 2*maxProofLines {
		return fmt.Errorf("%w: %d hashes", ErrProof, len(hashes))
	}
	for _, one := range hashes {
		if len(one) != HashSize {
			return fmt.Errorf("%w: a hash of %d octets", ErrProof, len(one))
		}
	}
	return nil
}
