// Package translog is the transparency log of licences: an append-only Merkle tree (RFC 6962 section 2) whose leaves commit to licences,
// changes of status, templates, keys and lists without telling what they are, with checkpoints that the log signs and witnesses
// countersign, and with proofs that are judged without any network.
//
// The tree hashes with SM3 (GB/T 32905); layout and notes follow C2SP: signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature,
// tlog-witness and tlog-proof. A second tree over the checkpoints of the first hashes with SHA-256, for witnesses of other countries.
//
// The package is a leaf: octets, keys and moments go in. It stores nothing and fetches nothing; who holds tiles passes them as functions.
package translog

import (
	"errors"
	"fmt"
)

// Errors. Callers compare with errors.Is.
var (
	ErrFormat    = errors.New("translog: malformed")
	ErrProof     = errors.New("translog: the proof does not hold")
	ErrTile      = errors.New("translog: a tile is missing or damaged")
	ErrSignature = errors.New("translog: not signed by a key that is trusted for this log")
	ErrStranger  = fmt.Errorf("%w: by nobody who is known", ErrSignature) // of no line the key is known
	ErrQuorum    = errors.New("translog: too few witnesses")
	ErrKey       = errors.New("translog: not a key of notes")
	ErrMake      = errors.New("translog: cannot be made")
)

// Bounds of what is read.
const (
	MaxNote       = 64 << 10 // of a checkpoint with its signatures, in octets
	MaxProof      = 96 << 10 // of a proof file
	MaxEntry      = 256      // of an entry of the SM3 tree
	maxProofLines = 63       // C2SP tlog-witness: of a consistency proof; an inclusion proof in a tree of 2⁶³ has as many
	maxSize       = 1<<63 - 1
)
