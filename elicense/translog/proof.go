package translog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/signed"
)

const proofHeader = "c2sp.org/tlog-proof@v1"

const maxExtra = 4 << 10

// Proof tells, without any network, that an entry is in a log: the file of C2SP tlog-proof, with SM3 in the place of SHA-256.
type Proof struct {
	Extra      []byte // what opens the entry; nothing vouches for it but the entry itself
	Index      uint64
	Hashes     [][]byte // from the leaf's sibling to the root's child
	Checkpoint []byte   // signed note
}

// Encode gives the octets of the file. Errors wrap ErrMake.
func (p Proof) Encode() ([]byte, error) {
	if len(p.Extra) > maxExtra || len(p.Hashes) > maxProofLines || p.Index > maxSize || len(p.Checkpoint) > MaxNote {
		return nil, fmt.Errorf("%w: too large for a proof", ErrMake)
	}
	var out bytes.Buffer
	out.WriteString(proofHeader + "\n")
	if len(p.Extra) > 0 {
		out.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	out.WriteString("index " + strconv.FormatUint(p.Index, 10) + "\n")
	writeHashes(&out, p.Hashes)
	out.WriteString("\n")
	out.Write(p.Checkpoint)
	return out.Bytes(), nil
}

func writeHashes(out *bytes.Buffer, hashes [][]byte) {
	for _, one := range hashes {
		out.WriteString(base64.StdEncoding.EncodeToString(one) + "\n")
	}
}

func parseHashes(lines []string) ([][]byte, error) {
	if len(lines) > maxProofLines {
		return nil, fmt.Errorf("%w: %d hashes", ErrFormat, len(lines))
	}
	var hashes [][]byte
	for _, line := range lines {
		one, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(one) != HashSize {
			return nil, fmt.Errorf("%w: a hash of a proof", ErrFormat)
		}
		hashes = append(hashes, one)
	}
	return hashes, nil
}

// ParseProof reads a proof file; only what Encode writes is read. The note in it is not read yet. Errors wrap ErrFormat.
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	if len(data) > MaxProof {
		return p, fmt.Errorf("%w: a proof of %d octets", ErrFormat, len(data))
	}
	head, checkpoint, ok := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != proofHeader {
		return p, fmt.Errorf("%w: not a proof of a log", ErrFormat)
	}
	p.Checkpoint = []byte(checkpoint)
	lines = lines[1:]
	var err error
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if p.Extra, err = base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return Proof{}, fmt.Errorf("%w: extra data of a proof", ErrFormat)
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return Proof{}, fmt.Errorf("%w: no index", ErrFormat)
	}
	if p.Index, err = strconv.ParseUint(lines[0][len("index "):], 10, 63); err != nil {
		return Proof{}, fmt.Errorf("%w: index of a proof", ErrFormat)
	}
	if p.Hashes, err = parseHashes(lines[1:]); err != nil {
		return Proof{}, err
	}
	if again, err := p.Encode(); err != nil || !bytes.Equal(again, data) {
		return Proof{}, fmt.Errorf("%w: a proof in another form", ErrFormat)
	}
	return p, nil
}

// Verify tells whether an entry, as octets of the leaf, is in a log that the policy believes. Errors wrap ErrProof or are those of Policy.Open;
// ErrStranger says that the entry is in the tree of a checkpoint and that nobody who is known signed it.
func (p Proof) Verify(h Hasher, leaf []byte, policy Policy) (Opened, error) {
	opened, err := policy.Open(p.Checkpoint)
	if err != nil && !errors.Is(err, ErrStranger) {
		return opened, err
	}
	if err := h.VerifyInclusion(p.Index, opened.Size, h.HashLeaf(leaf), p.Hashes, opened.Root); err != nil {
		return opened, err
	}
	return opened, err
}

// JudgeLicense judges the proof of a licence, or of a change of its status, by what the licence itself says: its identifier and the SM3 of the sealed
// original. Errors are those of Verify, or wrap ErrFormat or ErrProof where it is the proof of something else.
func (p Proof) JudgeLicense(licenseID string, original []byte, policy Policy) (Opened, error) {
	opening, err := ParseOpening(p.Extra)
	if err != nil {
		return Opened{}, err
	}
	if licenseID == "" || !strings.Contains("."+licenseID+".", "."+opening.Authority+".") {
		return Opened{}, fmt.Errorf("%w: the entry names the authority %q, the licence another", ErrProof, opening.Authority)
	}
	leaf, err := opening.Leaf(licenseID, original)
	if err != nil {
		return Opened{}, err
	}
	return p.Verify(SM3, leaf, policy)
}

// Opening is the extra data of proofs of this log: what is needed beside a licence to compute its leaf.
type Opening struct {
	_         struct{} `cbor:",toarray"`
	Version   uint64
	Authority string // code of the authority that the entry names
	Salt      []byte
	Event     *StatusEvent // of a change of status; nil for the licence itself
	Tag       []byte       // of a change of status; empty for the licence itself
}

// NewOpening is an opening of this version.
func NewOpening(authority string, salt []byte, event *StatusEvent, tag []byte) Opening {
	return Opening{Version: version, Authority: authority, Salt: salt, Event: event, Tag: tag}
}

// Encode gives the extra data. Errors wrap ErrMake.
func (o Opening) Encode() ([]byte, error) {
	if o.Tag == nil {
		o.Tag = []byte{}
	}
	octets, err := signed.Encode(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return octets, nil
}

// ParseOpening reads the extra data of a proof. Errors wrap ErrFormat.
func ParseOpening(extra []byte) (Opening, error) {
	var o Opening
	if err := signed.Decode(extra, &o); err != nil {
		return Opening{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if o.Version != version || len(o.Salt) != HashSize || (o.Event == nil) != (len(o.Tag) == 0) || o.Tag == nil {
		return Opening{}, fmt.Errorf("%w: extra data of a proof", ErrFormat)
	}
	return o, nil
}

// Leaf is the leaf that the opening claims, of a licence with an identifier whose sealed original has an SM3. Errors wrap ErrProof where the
// opening is of another licence, else ErrMake.
func (o Opening) Leaf(licenseID string, original []byte) ([]byte, error) {
	if o.Event != nil {
		if o.Event.LicenseID != licenseID {
			return nil, fmt.Errorf("%w: an event of another licence", ErrProof)
		}
		sum, err := o.Event.Commit(o.Salt)
		if err != nil {
			return nil, err
		}
		return NewEntry(KindStatus, o.Authority, 0, o.Tag, sum).Encode()
	}
	sum, err := CommitLicense(o.Salt, licenseID, original)
	if err != nil {
		return nil, err
	}
	return NewEntry(KindLicense, o.Authority, 0, nil, sum).Encode()
}

// AddCheckpoint is the request of C2SP tlog-witness: a checkpoint, and the proof that it follows from the one of an older size.
type AddCheckpoint struct {
	Old        uint64
	Hashes     [][]byte
	Checkpoint []byte
}

// MaxAddCheckpoint bounds the body of such a request.
const MaxAddCheckpoint = MaxNote + 4096

// Encode gives the body of the request.
func (a AddCheckpoint) Encode() []byte {
	var out bytes.Buffer
	out.WriteString("old " + strconv.FormatUint(a.Old, 10) + "\n")
	writeHashes(&out, a.Hashes)
	out.WriteString("\n")
	out.Write(a.Checkpoint)
	return out.Bytes()
}

// ParseAddCheckpoint reads the body of a request; the note in it is not read yet. Errors wrap ErrFormat.
func ParseAddCheckpoint(body []byte) (AddCheckpoint, error) {
	var a AddCheckpoint
	if len(body) > MaxAddCheckpoint {
		return a, fmt.Errorf("%w: a request of %d octets", ErrFormat, len(body))
	}
	head, checkpoint, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	size, is := strings.CutPrefix(lines[0], "old ")
	if !ok || !is {
		return a, fmt.Errorf("%w: not a request to a witness", ErrFormat)
	}
	var err error
	if a.Old, err = strconv.ParseUint(size, 10, 63); err != nil {
		return a, fmt.Errorf("%w: old size", ErrFormat)
	}
	if a.Hashes, err = parseHashes(lines[1:]); err != nil {
		return a, err
	}
	a.Checkpoint = []byte(checkpoint)
	if !bytes.Equal(a.Encode(), body) {
		return AddCheckpoint{}, fmt.Errorf("%w: a request in another form", ErrFormat)
	}
	return a, nil
}
