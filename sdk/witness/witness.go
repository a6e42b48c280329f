// Package witness follows the transparency log of a platform from outside, for those who do not want to believe it: a [Witness] countersigns
// checkpoints that go on from the last one that it saw, a [Monitor] reads every entry and tells of those that nobody expected.
//
// Both keep one small file and refuse a log that tells another history than before. They need the public files of the log alone
// (C2SP tlog-tiles with SM3; package elicense/translog).
package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/translog"
)

// Errors. Callers compare with errors.Is.
var (
	ErrFork        = errors.New("witness: the log tells another history than before")
	ErrOlder       = errors.New("witness: the log shows a smaller tree than before")
	ErrUnreachable = errors.New("witness: the log does not answer")
	ErrState       = errors.New("witness: the file of what was seen cannot be used")
)

// Log is a log as it is read from outside.
type Log struct {
	URL    string // where checkpoint and tiles stand, for instance https://id.example.gov.cn/log
	Keys   []translog.Key
	Hasher translog.Hasher
	Client *http.Client
}

// maxFile bounds an answer: a full bundle of entries is the largest.
const maxFile = translog.TileWidth * (translog.MaxEntry + 2)

func (l Log) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(l.URL, "/")+"/"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	answer, err := l.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, max(maxFile, translog.MaxNote)+1))
	if err != nil || answer.StatusCode != http.StatusOK || len(content) > max(maxFile, translog.MaxNote) {
		return nil, fmt.Errorf("%w: %s: status %d, %d octets", ErrUnreachable, path, answer.StatusCode, len(content))
	}
	return content, nil
}

// Checkpoint is what the log shows now, signed by one of its keys. Errors wrap ErrUnreachable or are those of translog.Policy.
func (l Log) Checkpoint(ctx context.Context) (translog.Opened, []byte, error) {
	note, err := l.get(ctx, "checkpoint")
	if err != nil {
		return translog.Opened{}, nil, err
	}
	opened, err := translog.Policy{Log: l.Keys}.Open(note)
	return opened, note, err
}

// Tiles reads tiles, each as wide as it is asked for.
func (l Log) Tiles(ctx context.Context) translog.Reader {
	return func(id translog.TileID, width int) ([]byte, error) { return l.get(ctx, id.Path(width)) }
}

// entries gives the entries from a place to the end of the tree of a size, bundle by bundle.
func (l Log) entries(ctx context.Context, from, size uint64, each func(first uint64, entries [][]byte) error) error {
	for from < size {
		number := from / translog.TileWidth
		width := translog.TileID{Number: number}.Width(size)
		content, err := l.get(ctx, translog.BundlePath(number, width))
		if err != nil {
			return err
		}
		list, err := translog.ParseBundle(content, width)
		if err != nil {
			return err
		}
		list = list[from%translog.TileWidth:]
		if err := each(from, list); err != nil {
			return err
		}
		from += uint64(len(list))
	}
	return nil
}

// Seen is what a witness or monitor remembers of a log.
type Seen struct {
	translog.Checkpoint
	Edge [][]byte // of a monitor
	Note []byte
}

// seenFile is its form on disk.
type seenFile struct {
	Origin string   `json:"origin"`
	Size   uint64   `json:"size"`
	Root   []byte   `json:"root"`
	Edge   [][]byte `json:"edge,omitempty"`
	Note   string   `json:"note"`
}

// Load reads what was seen; ok is false when there is nothing yet. Errors wrap ErrState: a file that is there and cannot be read must not pass for
// none, or a fork would be taken for the beginning.
func Load(path string) (seen Seen, ok bool, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Seen{}, false, nil
	}
	var file seenFile
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(&file)
	}
	if err == nil && (file.Origin == "" || len(file.Root) != translog.HashSize || file.Size == 0) {
		err = errors.New("values are missing")
	}
	if err == nil && len(file.Edge) > 0 {
		err = translog.Head{Size: file.Size, Edge: file.Edge}.Check()
	}
	if err != nil {
		return Seen{}, false, fmt.Errorf("%w: %w", ErrState, err)
	}
	return Seen{translog.Checkpoint{Origin: file.Origin, Size: file.Size, Root: file.Root}, file.Edge, []byte(file.Note)}, true, nil
}

// Save writes what was seen in one step that lasts: after it the file is the new one or the old one, never half of either. Errors wrap ErrState.
func (s Seen) Save(path string) error {
	content, err := json.Marshal(seenFile{s.Origin, s.Size, s.Root, s.Edge, string(s.Note)})
	if err == nil {
		err = replace(path, append(content, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}

func replace(path string, content []byte) (err error) {
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, ".seen-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	directory, err := os.Open(folder)
	if err != nil {
		return nil // the rename is done; the folder may be one that cannot be opened
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// goesOn tells whether a checkpoint goes on from what was seen. Errors wrap ErrFork, ErrOlder or ErrUnreachable.
func (l Log) goesOn(ctx context.Context, seen Seen, now translog.Checkpoint) error {
	switch {
	case now.Origin != seen.Origin:
		return fmt.Errorf("%w: it was %q and is %q", ErrFork, seen.Origin, now.Origin)
	case now.Size < seen.Size:
		return fmt.Errorf("%w: %d after %d", ErrOlder, now.Size, seen.Size)
	}
	proof, err := l.Hasher.Consistency(seen.Size, now.Size, l.Tiles(ctx))
	if errors.Is(err, ErrUnreachable) {
		return err
	}
	if err == nil {
		err = l.Hasher.VerifyConsistency(seen.Size, now.Size, proof, seen.Root, now.Root)
	}
	if err != nil {
		return fmt.Errorf("%w: from %d to %d: %w", ErrFork, seen.Size, now.Size, err)
	}
	return nil
}

// Witness countersigns checkpoints of one log.
type Witness struct {
	Log  Log
	File string // where it keeps what it saw
	Key  translog.Signer
}

// Cosign looks at the log once: the checkpoint must go on from the last one; it is remembered, and only then signed. The signed
// checkpoint with the lines of log and witness comes back. Nothing is signed after an error.
func (w Witness) Cosign(ctx context.Context, at time.Time) (Seen, error) {
	seen, before, err := Load(w.File)
	if err != nil {
		return Seen{}, err
	}
	now, note, err := w.Log.Checkpoint(ctx)
	if err != nil {
		return Seen{}, err
	}
	if before {
		if err := w.Log.goesOn(ctx, seen, now.Checkpoint); err != nil {
			return Seen{Checkpoint: now.Checkpoint, Note: note}, err
		}
	}
	next, line, err := w.sign(now.Checkpoint, note, at)
	if err != nil {
		return Seen{}, err
	}
	next.Note, _, err = translog.AddSignatures(note, line, w.Key.Key)
	return next, err
}

// sign remembers a checkpoint and only then signs it: the line of the cosignature.
func (w Witness) sign(c translog.Checkpoint, note []byte, at time.Time) (Seen, []byte, error) {
	if c.Size == 0 {
		return Seen{}, nil, fmt.Errorf("%w: a checkpoint of an empty tree", translog.ErrFormat)
	}
	next := Seen{Checkpoint: c, Note: note}
	if err := next.Save(w.File); err != nil {
		return Seen{}, nil, err
	}
	signer := w.Key
	signer.At = at
	own, err := translog.SignCheckpoint(c, signer)
	if err != nil {
		return Seen{}, nil, err
	}
	return next, translog.SignatureLines(own), nil
}

// Found is an entry that a monitor tells of.
type Found struct {
	Index   uint64 `json:"index"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Number  uint64 `json:"number,omitempty"`
	Digest  string `json:"digest"`
	License string `json:"license_id,omitempty"` // whose event it is, where the monitor holds the secret
}

// Watched is a licence whose events are told of.
type Watched struct {
	LicenseID string
	Secret    translog.Secret
}

// watchedEvents is how many events of a licence are recognised.
const watchedEvents = 1000

// Monitor reads every entry of one log.
type Monitor struct {
	Log      Log
	File     string
	Issuers  []string        // codes of authorities; of these every licence and change of status that is not expected is told
	Licenses []Watched       // of these every change of status that is not expected is told
	Expected map[string]bool // digests in hexadecimal; templates and keys are told unless they are here
}

// Look reads what is new. Each entry that nobody expected is told before the place is remembered, so that none is lost when the process dies;
// it may be told twice. The entries must make up the checkpoint, and go on from what was seen: errors wrap ErrFork, ErrOlder,
// ErrUnreachable or ErrState, or are those of tell.
func (m Monitor) Look(ctx context.Context, tell func(Found) error) (Seen, error) {
	seen, before, err := Load(m.File)
	if err != nil {
		return Seen{}, err
	}
	if before && len(seen.Edge) == 0 {
		return Seen{}, fmt.Errorf("%w: it is that of a witness", ErrState)
	}
	now, note, err := m.Log.Checkpoint(ctx)
	if err != nil {
		return Seen{}, err
	}
	if before && now.Origin != seen.Origin {
		return Seen{}, fmt.Errorf("%w: it was %q and is %q", ErrFork, seen.Origin, now.Origin)
	}
	if now.Size < seen.Size {
		return Seen{}, fmt.Errorf("%w: %d after %d", ErrOlder, now.Size, seen.Size)
	}
	tags := map[string]string{}
	for _, l := range m.Licenses {
		for n := range uint64(watchedEvents) {
			tags[string(l.Secret.StatusTag(n))] = l.LicenseID
		}
	}
	// All entries are read and proved before anything is told of them.
	head := translog.Head{Size: seen.Size, Edge: seen.Edge}
	var told []Found
	err = m.Log.entries(ctx, seen.Size, now.Size, func(first uint64, entries [][]byte) error {
		var hashes [][]byte
		for i, leaf := range entries {
			hashes = append(hashes, m.Log.Hasher.HashLeaf(leaf))
			e, err := translog.ParseEntry(leaf)
			if err != nil {
				return fmt.Errorf("entry %d: %w", first+uint64(i), err)
			}
			if found, tell := m.judge(e, tags); tell {
				found.Index = first + uint64(i)
				told = append(told, found)
			}
		}
		head, err = m.Log.Hasher.Extend(head, hashes)
		return err
	})
	if err != nil {
		return Seen{}, err
	}
	root, err := m.Log.Hasher.Root(head)
	if err != nil {
		return Seen{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	if !bytes.Equal(root, now.Root) {
		return Seen{Checkpoint: now.Checkpoint, Note: note}, fmt.Errorf("%w: the entries do not make up the tree of %d that is signed", ErrFork, now.Size)
	}
	for _, found := range told {
		if err := tell(found); err != nil {
			return Seen{}, err
		}
	}
	next := Seen{now.Checkpoint, head.Edge, note}
	return next, next.Save(m.File)
}

// judge tells whether an entry is to be told of.
func (m Monitor) judge(e translog.Entry, tags map[string]string) (Found, bool) {
	found := Found{Kind: e.Kind.String(), Subject: e.Subject, Number: e.Number, Digest: fmt.Sprintf("%x", e.Digest), License: tags[string(e.Tag)]}
	if m.Expected[found.Digest] {
		return found, false
	}
	switch e.Kind {
	case translog.KindTemplate, translog.KindKey:
		return found, true
	case translog.KindLicense, translog.KindStatus:
		for _, issuer := range m.Issuers {
			if issuer == e.Subject {
				return found, true
			}
		}
		return found, found.License != ""
	}
	return found, false
}

// ReadProofs reads what the platform gives a holder as proofs (GET /api/v1/licenses/{id}/log-proofs): the licence to watch and the digests of the
// events that the holder knows.
func ReadProofs(content []byte) (w Watched, digests []string, err error) {
	var proofs struct {
		LicenseID string `json:"license_id"`
		Digest    string `json:"digest"`
		Secret    string `json:"secret"`
		Events    []struct {
			Digest string `json:"digest"`
		} `json:"events"`
	}
	if err := json.Unmarshal(content, &proofs); err != nil {
		return Watched{}, nil, fmt.Errorf("not proofs of a licence: %w", err)
	}
	if w.Secret, err = base64.StdEncoding.DecodeString(proofs.Secret); err != nil || len(w.Secret) != translog.SecretSize || proofs.LicenseID == "" {
		return Watched{}, nil, errors.New("not proofs of a licence for its holder: the secret is missing")
	}
	w.LicenseID = proofs.LicenseID
	digests = append(digests, proofs.Digest)
	for _, e := range proofs.Events {
		digests = append(digests, e.Digest)
	}
	return w, digests, nil
}

// Reanchor gives a proof under another checkpoint of the log, for instance one that witnesses countersigned. The new proof is as good as the
// old one was; Verify judges it.
func (l Log) Reanchor(ctx context.Context, p translog.Proof, checkpoint []byte) (translog.Proof, error) {
	opened, err := translog.Policy{Log: l.Keys}.Open(checkpoint)
	if err != nil {
		return translog.Proof{}, err
	}
	p.Checkpoint = checkpoint
	if p.Hashes, err = l.Hasher.Inclusion(p.Index, opened.Size, l.Tiles(ctx)); err != nil {
		return translog.Proof{}, err
	}
	return p, nil
}
