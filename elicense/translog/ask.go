package translog

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxAsk bounds a request to a witness, in octets: the line of the size, a proof and a note.
const MaxAsk = 32 + maxProofLines*45 + 1 + MaxNote

// Ask is what a log asks a witness for (C2SP tlog-witness, add-checkpoint): to countersign a checkpoint that goes on from the tree that the
// witness saw last.
type Ask struct {
	Old   uint64   // size of that tree
	Proof [][]byte // of consistency from it to the checkpoint; none from an empty tree, or one of the same size
	Note  []byte   // the signed checkpoint
}

// Encode writes the body of the request. Errors wrap ErrMake.
func (a Ask) Encode() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "old %d\n", a.Old)
	for _, hash := range a.Proof {
		fmt.Fprintln(&out, base64.StdEncoding.EncodeToString(hash))
	}
	out.WriteByte('\n')
	out.Write(a.Note)
	if _, err := ParseAsk(out.Bytes()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return out.Bytes(), nil
}

// ParseAsk reads the body of the request; whether the note is one is left to who opens it. Errors wrap ErrFormat.
func ParseAsk(body []byte) (Ask, error) {
	head, note, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	if len(body) > MaxAsk || !ok || !isOld || note == "" || len(lines) > 1+maxProofLines {
		return Ask{}, fmt.Errorf("%w: a request has a size, at most %d hashes and a note", ErrFormat, maxProofLines)
	}
	a := Ask{Note: []byte(note)}
	var err error
	if a.Old, err = strconv.ParseUint(size, 10, 63); err != nil || strconv.FormatUint(a.Old, 10) != size {
		return Ask{}, fmt.Errorf("%w: size %.24q", ErrFormat, size)
	}
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(hash) != HashSize {
			return Ask{}, fmt.Errorf("%w: a hash of a proof", ErrFormat)
		}
		a.Proof = append(a.Proof, hash)
	}
	if a.Old == 0 && len(a.Proof) > 0 {
		return Ask{}, fmt.Errorf("%w: a proof from an empty tree", ErrFormat)
	}
	return a, nil
}

// ParseSize reads the size that a witness answers who asks from another tree than it saw last: decimal, and a line feed. Errors wrap ErrFormat.
func ParseSize(body []byte) (uint64, error) {
	text, ok := strings.CutSuffix(string(body), "\n")
	size, err := strconv.ParseUint(text, 10, 63)
	if !ok || err != nil || strconv.FormatUint(size, 10) != text {
		return 0, fmt.Errorf("%w: size %.24q", ErrFormat, body)
	}
	return size, nil
}

// Cosigned tells whether a witness is among the signatures of a note that it signed.
func Cosigned(signedNote []byte, key Key) bool {
	opened, _ := Policy{Witnesses: []Key{key}}.Open(signedNote) // always a stranger's: no key of the log is named
	return slices.ContainsFunc(opened.Cosignatures, func(c Cosignature) bool { return c.Witness == key.name })
}
