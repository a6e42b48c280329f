package elicense

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// LogTree names a tree of the transparency log (docs/design/translog.md).
type LogTree string

// Trees.
const (
	LogMain  LogTree = "log"   // SM3, over entries
	LogRoots LogTree = "roots" // SHA-256, over the checkpoints of the main one
)

// Hasher of the tree.
func (t LogTree) Hasher() translog.Hasher {
	if t == LogRoots {
		return translog.SHA256
	}
	return translog.SM3
}

// LogEntry is an entry for the log, stored with the change that it tells of.
type LogEntry struct {
	Ref   string // what it is about; a second entry of the same adds nothing
	Leaf  []byte
	Order int64 // entries come into the tree in this order, ties by Ref: microseconds, or the size of a checkpoint
}

// BundleLevel is the level of bundles of entries among LogTiles.
const BundleLevel = -1

// LogTile is a tile or a bundle, as far as it is filled.
type LogTile struct {
	translog.TileID
	Content []byte
}

// LogGrowth is what becomes of a tree when entries are added.
type LogGrowth struct {
	Head  translog.Head
	Tiles []LogTile
}

// LogCheckpoint is a head that was signed.
type LogCheckpoint struct {
	Tree     LogTree
	Size     uint64
	Root     []byte
	Note     []byte
	SignedAt time.Time
}

// Log keeps the transparency log. Entries come in with Update and Publish.
type Log interface {
	// GrowLog gives open entries of a tree, so many at most, to grow and stores what it answers, with the number of each entry, in one
	// write. Two calls at once go one after the other. grow may run more than once; it is not called when nothing is open. Load gives a
	// tile as it is, nothing where there is none. How many entries were added.
	GrowLog(ctx context.Context, tree LogTree, limit int, grow func(head translog.Head, leaves [][]byte, load func(translog.TileID) ([]byte, error)) (LogGrowth, error)) (int, error)
	// LogHead gives the tree as it is now, signed or not.
	LogHead(ctx context.Context, tree LogTree) (translog.Head, error)
	// LogTile gives what there is of a tile or bundle; ErrNotFound.
	LogTile(ctx context.Context, tree LogTree, id translog.TileID) ([]byte, error)
	// AddCheckpoint stores a signed head that is larger than all before and no larger than the tree, with entries for LogRoots; ErrStale.
	AddCheckpoint(ctx context.Context, c LogCheckpoint, roots []LogEntry, record audit.Record) error
	// CosignCheckpoint puts a note with further signatures in the place of the one that a checkpoint has; ErrStale when it has another one.
	CosignCheckpoint(ctx context.Context, c LogCheckpoint, note []byte, record audit.Record) error
	// LastCheckpoint is the largest; ErrNotFound.
	LastCheckpoint(ctx context.Context, tree LogTree) (LogCheckpoint, error)
	// LogNumber is the place of an entry in its tree, ErrNotFound; ok is false while it has none.
	LogNumber(ctx context.Context, tree LogTree, ref string) (number uint64, ok bool, err error)
	// Enqueue adds entries that belong to no change of rows. It stores the record only when there was a new one.
	Enqueue(ctx context.Context, entries []LogEntry, record audit.Record) error
	// Unlogged lists licences in force or ended that no entry tells of.
	Unlogged(ctx context.Context, limit int) ([]License, error)
}

// LogOrigin is the name of a tree in its checkpoints: its address without scheme (C2SP tlog-tiles).
func (s *Service) LogOrigin(tree LogTree) string {
	_, origin, _ := strings.Cut(s.cfg.BaseURL, "://")
	if origin += "/log"; tree == LogRoots {
		origin += "/roots"
	}
	return origin
}

func licenseRef(id string, n int) string { return "license:" + id + ":" + strconv.Itoa(n) }

// logLicense adds the entry of a licence that has none.
func (s *Service) logLicense(change *Change, l *License, now time.Time) error {
	if l.LogCount > 0 {
		return nil
	}
	if err := s.giveLogSecret(l); err != nil {
		return err
	}
	leaf, err := licenseOpening(*l).Leaf(l.LicenseID, originalOf(*l))
	if err != nil {
		return fmt.Errorf("log licence: %w", err)
	}
	change.Log = append(change.Log, LogEntry{licenseRef(l.ID, 0), leaf, now.UnixMicro()})
	l.LogCount = 1
	return nil
}

// logStatus adds the entry of a change of status, which gets its number in the log of this licence.
func (s *Service) logStatus(change *Change, l *License, e *StatusEvent, now time.Time) error {
	if err := s.logLicense(change, l, now); err != nil {
		return err
	}
	if err := s.giveLogSecret(l); err != nil { // it was dropped: what comes now has another one
		return err
	}
	e.LogNumber = l.LogCount
	leaf, err := statusOpening(*l, *e).Leaf(l.LicenseID, nil)
	if err != nil {
		return fmt.Errorf("log change of status: %w", err)
	}
	change.Log = append(change.Log, LogEntry{licenseRef(l.ID, e.LogNumber), leaf, now.UnixMicro()})
	l.LogCount++
	return nil
}

func (s *Service) giveLogSecret(l *License) error {
	if len(l.LogSecret) > 0 {
		return nil
	}
	l.LogSecret = make([]byte, translog.SecretSize)
	if _, err := io.ReadFull(s.cfg.Rand, l.LogSecret); err != nil {
		return fmt.Errorf("secret of a licence: %w", err)
	}
	return nil
}

// originalOf is the SM3 of the sealed document, under which it is kept.
func originalOf(l License) []byte {
	sum, err := hex.DecodeString(l.File)
	if err != nil {
		return nil // which no commitment is made of
	}
	return sum
}

func licenseOpening(l License) translog.Opening {
	return translog.NewOpening(l.AuthorityCode, translog.Secret(l.LogSecret).LicenseSalt(), nil, nil)
}

func statusOpening(l License, e StatusEvent) translog.Opening {
	secret, n := translog.Secret(l.LogSecret), uint64(e.LogNumber)
	return translog.NewOpening(l.AuthorityCode, secret.StatusSalt(n), &translog.StatusEvent{
		LicenseID: l.LicenseID, Number: n, From: e.From, To: e.To, LegalBasis: e.LegalBasis, DecisionNumber: e.DecisionNumber,
		EffectiveAt: translog.Micros(e.EffectiveAt), Until: translog.Micros(e.Until), RecordedAt: translog.Micros(e.RecordedAt),
	}, secret.StatusTag(n))
}

// openEntry is an entry that hides nothing.
func openEntry(kind translog.Kind, subject string, number uint64, sum []byte, now time.Time) (LogEntry, error) {
	leaf, err := translog.NewEntry(kind, subject, number, nil, sum).Encode()
	if err != nil {
		return LogEntry{}, fmt.Errorf("log %s: %w", kind, err)
	}
	return LogEntry{kind.String() + ":" + subject + ":" + strconv.FormatUint(number, 10) + ":" + hex.EncodeToString(sum), leaf, now.UnixMicro()}, nil
}

// publicationEntries tell of a signed object and of the key that signed it. The delta lives two hours and says nothing that no list says.
func publicationEntries(p Published, usage keys.Usage, certificate []byte, now time.Time) ([]LogEntry, error) {
	key, err := openEntry(translog.KindKey, string(usage), 0, digest.Sum(certificate), now)
	if err != nil || p.Name == NameDelta {
		return []LogEntry{key}, err
	}
	kind := translog.KindList
	if p.Name == NameKeys || p.Name == NameRegion || strings.HasPrefix(p.Name, typePrefix) {
		kind = translog.KindBundle
	}
	object, err := openEntry(kind, p.Name, p.Number, digest.Sum(p.Content), now)
	return []LogEntry{key, object}, err
}

// KeepLog brings the transparency log up to date: it enters templates and what was issued before there was a log, gives entries their place, and
// signs a checkpoint. Call it at start and every few seconds; it is safe on several nodes.
func (s *Service) KeepLog(ctx context.Context) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-log"})
	if err := errors.Join(s.logTemplates(ctx), s.logOlder(ctx)); err != nil {
		return err
	}
	for _, tree := range []LogTree{LogMain, LogRoots} {
		if err := s.sequence(ctx, tree); err != nil {
			return storeFault(err, "sequence log")
		}
		if err := s.signLog(ctx, tree); err != nil {
			return storeFault(err, "sign log")
		}
	}
	return nil
}

// logTemplates enters the licence types that are built in.
func (s *Service) logTemplates(ctx context.Context) error {
	now := s.now()
	var entries []LogEntry
	for _, t := range catalog.Types() {
		entry, err := openEntry(translog.KindTemplate, t.Code, 0, t.Digest, now)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	e := s.event(ctx, "license.log_templates", "templates", now)
	e.ObjectType = "transparency_log"
	return storeFault(s.cfg.Store.Enqueue(ctx, entries, audit.With(e)), "log templates")
}

// olderAtOnce bounds the licences without an entry that one call of KeepLog enters.
const olderAtOnce = 200

// logOlder enters licences that were issued before there was a log.
func (s *Service) logOlder(ctx context.Context) error {
	list, err := s.cfg.Store.Unlogged(ctx, olderAtOnce)
	if err != nil {
		return storeFault(err, "list licences without an entry")
	}
	for _, l := range list {
		now := s.now()
		if _, err := s.update(ctx, l.ID, func(row *License) (Change, error) {
			if row.LogCount > 0 || row.State != StateActive {
				return Change{}, errNothingToDo
			}
			change := Change{Record: audit.With(s.event(ctx, "license.logged", row.ID, now))}
			return change, s.logLicense(&change, row, now)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Bounds of one write of the sequencer, and of the writes of one call.
const (
	sequenceAtOnce  = 1024
	sequenceBatches = 64
)

// sequence gives open entries their place.
func (s *Service) sequence(ctx context.Context, tree LogTree) error {
	for range sequenceBatches {
		n, err := s.cfg.Store.GrowLog(ctx, tree, sequenceAtOnce, tree.grow)
		if err != nil || n < sequenceAtOnce {
			return err
		}
	}
	return nil
}

// grow adds leaves to a tree and its bundles.
func (t LogTree) grow(head translog.Head, leaves [][]byte, load func(translog.TileID) ([]byte, error)) (LogGrowth, error) {
	hasher := t.Hasher()
	var hashes [][]byte
	for _, leaf := range leaves {
		hashes = append(hashes, hasher.HashLeaf(leaf))
	}
	next, tiles, err := hasher.Grow(head, hashes, load)
	if err != nil {
		return LogGrowth{}, err
	}
	growth := LogGrowth{Head: next}
	for _, tile := range tiles {
		growth.Tiles = append(growth.Tiles, LogTile{tile.TileID, tile.Hashes})
	}
	for at := head.Size; at < next.Size; {
		id := translog.TileID{Level: BundleLevel, Number: at / translog.TileWidth}
		var bundle []byte
		if width := int(at % translog.TileWidth); width > 0 {
			if bundle, err = load(id); err != nil {
				return LogGrowth{}, err
			}
			if _, err := translog.ParseBundle(bundle, width); err != nil {
				return LogGrowth{}, fmt.Errorf("%w: bundle %d: %w", translog.ErrTile, id.Number, err)
			}
			bundle = bytes.Clone(bundle)
		}
		for ; at < next.Size && at/translog.TileWidth == id.Number; at++ {
			if bundle, err = translog.AppendEntry(bundle, leaves[at-head.Size]); err != nil {
				return LogGrowth{}, err
			}
		}
		growth.Tiles = append(growth.Tiles, LogTile{id, bundle})
	}
	return growth, nil
}

// reader gives the tiles of a tree to what makes proofs.
func (s *Service) reader(ctx context.Context, tree LogTree) translog.Reader {
	return func(id translog.TileID, _ int) ([]byte, error) { return s.cfg.Store.LogTile(ctx, tree, id) }
}

// signLog signs the head of a tree, unless it is signed or the last checkpoint is younger than LogDelay. Nothing is signed that does not go on
// from the last checkpoint: a damaged tree must not become a second history.
func (s *Service) signLog(ctx context.Context, tree LogTree) error {
	head, err := s.cfg.Store.LogHead(ctx, tree)
	if err != nil {
		return err
	}
	last, err := s.cfg.Store.LastCheckpoint(ctx, tree)
	first := errors.Is(err, ErrNotFound)
	if err != nil && !first {
		return err
	}
	now := s.now()
	if head.Size == 0 || !first && (head.Size == last.Size || now.Before(last.SignedAt.Add(s.cfg.LogDelay))) {
		return nil
	}
	hasher := tree.Hasher()
	root, err := hasher.Root(head)
	if err != nil {
		return err
	}
	if !first {
		proof, err := hasher.Consistency(last.Size, head.Size, s.reader(ctx, tree))
		if err == nil {
			err = hasher.VerifyConsistency(last.Size, head.Size, proof, last.Root, root)
		}
		if err != nil {
			return fmt.Errorf("the tree %s of %d does not go on from its checkpoint of %d: %w", tree, head.Size, last.Size, err)
		}
	}
	c := LogCheckpoint{Tree: tree, Size: head.Size, Root: root, SignedAt: now}
	signers, used, err := s.logSigners(ctx, tree)
	if err != nil {
		return err
	}
	text := translog.Checkpoint{Origin: s.LogOrigin(tree), Size: c.Size, Root: c.Root}
	if c.Note, err = translog.SignCheckpoint(text, signers...); err != nil {
		return err
	}
	var roots []LogEntry
	if tree == LogMain {
		roots = append(roots, LogEntry{fmt.Sprintf("checkpoint:%020d", c.Size), []byte(text.Text()), int64(c.Size)})
	}
	e := s.event(ctx, "license.log_checkpoint", string(tree), now, "size", strconv.FormatUint(c.Size, 10), "root", hex.EncodeToString(c.Root), "key", used)
	e.ObjectType = "transparency_log"
	err = s.cfg.Store.AddCheckpoint(ctx, c, roots, audit.With(e))
	if errors.Is(err, ErrStale) {
		return nil // another node signed the same, or more
	}
	return err
}

// logSpecs are the keys of a tree: SM2, and for readers and witnesses in other countries P-256 and Ed25519, which C2SP tlog-witness asks for.
func logSpecs(tree LogTree) []keys.Spec {
	specs := []keys.Spec{{Usage: keys.UsageCheckpoint, Algorithm: keys.SM2}}
	if tree == LogRoots {
		specs = append(specs, keys.Spec{Usage: keys.UsageCheckpoint, Algorithm: keys.P256}, keys.Spec{Usage: keys.UsageCheckpoint, Algorithm: keys.Ed25519})
	}
	return specs
}

func (s *Service) logKey(info keys.Info, tree LogTree) (translog.Key, error) {
	kind := translog.SM2Key
	switch info.Spec.Algorithm {
	case keys.P256:
		kind = translog.P256Key
	case keys.Ed25519:
		kind = translog.Ed25519Key
	}
	return translog.NewKey(s.LogOrigin(tree), kind, info.Public)
}

func (s *Service) logSigners(ctx context.Context, tree LogTree) (signers []translog.Signer, used string, err error) {
	for _, spec := range logSpecs(tree) {
		info, err := s.cfg.Keys.Ensure(ctx, spec)
		if err != nil {
			return nil, "", err
		}
		signer, err := s.cfg.Keys.Signer(ctx, spec)
		if err != nil {
			return nil, "", err
		}
		key, err := s.logKey(info, tree)
		if err != nil {
			return nil, "", err
		}
		signers = append(signers, translog.Signer{Key: key, Signer: func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }})
		used = info.ID
	}
	return signers, used, nil
}

// LogKeys are the keys that sign or signed a tree, for readers.
func (s *Service) LogKeys(ctx context.Context, tree LogTree) ([]translog.Key, error) {
	var list []translog.Key
	infos, err := s.cfg.Keys.Published(ctx, keys.UsageCheckpoint)
	if err != nil {
		return nil, storeFault(err, "list keys of the log")
	}
	for _, info := range infos {
		for _, spec := range logSpecs(tree) {
			if info.Spec.Algorithm != spec.Algorithm {
				continue
			}
			key, err := s.logKey(info, tree)
			if err != nil {
				return nil, err
			}
			list = append(list, key)
		}
	}
	return list, nil
}

// LogCheckpoint is the last checkpoint of a tree, for anybody.
func (s *Service) LogCheckpoint(ctx context.Context, tree LogTree) (LogCheckpoint, error) {
	c, err := s.cfg.Store.LastCheckpoint(ctx, tree)
	return c, storeFault(err, "find checkpoint")
}

// LogFile is a tile or a bundle of entries by its path below the tree's address, "tile/…". What no checkpoint tells of yet is not there.
func (s *Service) LogFile(ctx context.Context, tree LogTree, path string) ([]byte, error) {
	id, width, bundle, err := translog.ParsePath(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.NotFound)
	}
	last, err := s.cfg.Store.LastCheckpoint(ctx, tree)
	if err != nil {
		return nil, storeFault(err, "find checkpoint")
	}
	if id.Width(last.Size) < width { // a bundle is as wide as its tile of level 0
		return nil, fault.New(fault.NotFound)
	}
	if !bundle {
		hashes, err := s.cfg.Store.LogTile(ctx, tree, id)
		if err == nil && len(hashes) < width*translog.HashSize {
			err = fmt.Errorf("%w: %s", translog.ErrTile, path)
		}
		if err != nil {
			return nil, fmt.Errorf("read tile: %w", err)
		}
		return hashes[:width*translog.HashSize], nil
	}
	id.Level = BundleLevel
	entries, err := s.cfg.Store.LogTile(ctx, tree, id)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	return translog.CutBundle(entries, width)
}

// prove makes the proof of an entry under the last checkpoint, and gives the digest that stands in it.
func (s *Service) prove(ctx context.Context, ref string, opening translog.Opening, l License) (file, sum []byte, err error) {
	leaf, err := opening.Leaf(l.LicenseID, originalOf(l))
	if err != nil {
		return nil, nil, err
	}
	entry, err := translog.ParseEntry(leaf)
	if err != nil {
		return nil, nil, err
	}
	number, ok, err := s.cfg.Store.LogNumber(ctx, LogMain, ref)
	if err != nil {
		return nil, nil, storeFault(err, "find entry of the log")
	}
	last, err := s.cfg.Store.LastCheckpoint(ctx, LogMain)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, nil, storeFault(err, "find checkpoint")
	}
	if !ok || number >= last.Size {
		return nil, nil, fault.New(fault.LogPending).After(int(s.cfg.LogDelay/time.Second) + 1)
	}
	p := translog.Proof{Index: number, Checkpoint: last.Note}
	if p.Hashes, err = translog.SM3.Inclusion(number, last.Size, s.reader(ctx, LogMain)); err != nil {
		return nil, nil, fmt.Errorf("prove entry: %w", err)
	}
	if err := translog.SM3.VerifyInclusion(number, last.Size, translog.SM3.HashLeaf(leaf), p.Hashes, last.Root); err != nil {
		// The secret that this entry was made with was dropped.
		return nil, nil, fault.Wrap(err, fault.NotFound)
	}
	if p.Extra, err = opening.Encode(); err != nil {
		return nil, nil, err
	}
	file, err = p.Encode()
	return file, entry.Digest, err
}

// LogProofs are the proofs of a licence and of the changes of its status.
type LogProofs struct {
	LicenseID string
	License   []byte // C2SP tlog-proof
	Digest    []byte // of the entry
	Events    []LogEventProof
	Secret    []byte // by which a monitor knows the entries of this licence; for its holder alone
}

// LogEventProof is the proof of a change of status.
type LogEventProof struct {
	To         string
	RecordedAt time.Time
	Proof      []byte
	Digest     []byte // of the entry
}

// maxEventProofs bounds the changes of status of LogProofs; the latest count.
const maxEventProofs = 50

// LogProofs gives the proofs of a licence to its holder and, without the secret, to staff who may see it. LogPending while an entry is
// not under a checkpoint; NotFound where none can be given.
func (s *Service) LogProofs(ctx context.Context, id string) (LogProofs, error) {
	l, err := s.cfg.Store.Find(ctx, id)
	if err != nil {
		return LogProofs{}, storeFault(err, "find licence")
	}
	actor := reqctx.From(ctx).Actor
	switch holder := isHolder(actor, l); {
	case actor.ID == "":
		return LogProofs{}, fault.New(fault.Unauthenticated)
	case !holder && !actor.Reaches(l.Area, roles...):
		return LogProofs{}, fault.New(fault.NotFound)
	}
	if l.LogCount == 0 || len(l.LogSecret) == 0 {
		return LogProofs{}, fault.New(fault.NotFound)
	}
	proofs := LogProofs{LicenseID: l.LicenseID}
	if proofs.License, proofs.Digest, err = s.prove(ctx, licenseRef(l.ID, 0), licenseOpening(l), l); err != nil {
		return LogProofs{}, err
	}
	events, err := s.cfg.Store.Events(ctx, l.ID, "", maxEventProofs)
	if err != nil {
		return LogProofs{}, storeFault(err, "list events")
	}
	for _, e := range events {
		if e.LogNumber == 0 {
			continue // the issue, or before there was a log
		}
		proof, sum, err := s.prove(ctx, licenseRef(l.ID, e.LogNumber), statusOpening(l, e), l)
		if err != nil {
			return LogProofs{}, err
		}
		proofs.Events = append(proofs.Events, LogEventProof{e.To, e.RecordedAt, proof, sum})
	}
	if isHolder(actor, l) && actor.Client == "" {
		proofs.Secret = bytes.Clone(l.LogSecret)
	}
	return proofs, nil
}

// ForgetLogged drops the secret of a licence: its entries stay in the tree and say nothing any more. The legal basis is kept in the audit log.
func (s *Service) ForgetLogged(ctx context.Context, id, legalBasis string) error {
	if _, err := require(ctx, RoleIssuer); err != nil {
		return err
	}
	if !shortText(legalBasis) {
		return fault.New(fault.LicenseReason)
	}
	now := s.now()
	_, err := s.update(ctx, id, func(l *License) (Change, error) {
		ctx, err := l.in(ctx, RoleIssuer)
		if err != nil {
			return Change{}, err
		}
		if len(l.LogSecret) == 0 {
			return Change{}, errNothingToDo
		}
		l.LogSecret, l.UpdatedAt = nil, now
		e := s.event(ctx, "license.log_forgotten", l.ID, now)
		e.Reason = legalBasis
		return Change{Record: audit.With(e)}, nil
	})
	return err
}
