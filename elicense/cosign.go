package elicense

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// LogWitness countersigns the checkpoints of a tree from outside (C2SP tlog-witness).
type LogWitness struct {
	Tree LogTree
	URL  string // "/add-checkpoint" is asked below it
	Key  translog.Key
}

// AskWitness posts a request to a witness. It answers the line of its signature, or, with other true, the size of the tree that it saw when that is
// another one than the request names (status 409).
type AskWitness func(ctx context.Context, address string, request []byte) (answer []byte, other bool, err error)

// Pauses after a witness that did not sign; each failure doubles the pause.
const (
	witnessPause    = 10 * time.Second
	witnessMaxPause = 10 * time.Minute
)

// witnessing is what this process knows of a witness. Nothing is lost with it: a witness that saw another tree says so.
type witnessing struct {
	seen  uint64 // size of the tree that it saw last
	pause time.Duration
	next  time.Time
}

// CollectCosignatures asks each witness that has not countersigned the last checkpoint of its tree, all at once, and puts what they sign into the
// checkpoint, with which it is served and proofs are made from then on. A witness that is away is asked again later, and holds up neither the log
// nor the others. Call it every few seconds, not twice at once on a node; the error joins those of all witnesses.
func (s *Service) CollectCosignatures(ctx context.Context) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-log"})
	if s.witnesses == nil {
		s.witnesses = make([]witnessing, len(s.cfg.Witnesses))
	}
	failures := make([]error, len(s.cfg.Witnesses))
	var group sync.WaitGroup
	for i, w := range s.cfg.Witnesses {
		group.Go(func() {
			if err := s.collect(ctx, w, &s.witnesses[i]); err != nil {
				failures[i] = fmt.Errorf("witness %s: %w", w.Key.Name(), err)
			}
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

func (s *Service) collect(ctx context.Context, w LogWitness, known *witnessing) error {
	now := s.now()
	if now.Before(known.next) {
		return nil
	}
	last, err := s.cfg.Store.LastCheckpoint(ctx, w.Tree)
	if errors.Is(err, ErrNotFound) || err == nil && translog.Cosigned(last.Note, w.Key) {
		return nil
	}
	if err != nil {
		return storeFault(err, "find checkpoint")
	}
	line, err := s.ask(ctx, w, known, last)
	if err == nil {
		err = s.keepCosignature(ctx, w, last, line, now)
	}
	if err != nil {
		known.pause = min(max(2*known.pause, witnessPause), witnessMaxPause)
		known.next = now.Add(known.pause)
		return err
	}
	known.pause, known.seen = 0, last.Size
	return nil
}

// ask gives the line of a cosignature. A witness that saw another tree than this process remembers is asked once more, from the tree that it saw.
func (s *Service) ask(ctx context.Context, w LogWitness, known *witnessing, last LogCheckpoint) ([]byte, error) {
	for range 2 {
		request := translog.Ask{Old: min(known.seen, last.Size), Note: last.Note}
		if request.Old > 0 && request.Old < last.Size {
			var err error
			if request.Proof, err = w.Tree.Hasher().Consistency(request.Old, last.Size, s.reader(ctx, w.Tree)); err != nil {
				return nil, err
			}
		}
		body, err := request.Encode()
		if err != nil {
			return nil, err
		}
		answer, other, err := s.cfg.AskWitness(ctx, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", body)
		if err != nil || !other {
			return answer, err
		}
		if known.seen, err = translog.ParseSize(answer); err != nil {
			return nil, err
		}
		if known.seen > last.Size {
			return nil, fmt.Errorf("it saw a tree of %d, and ours has %d", known.seen, last.Size)
		}
	}
	return nil, errors.New("it saw another tree twice")
}

// keepCosignature puts a line into the checkpoint that the witness was asked for, beside those that other witnesses gave meanwhile. A line that the
// key of this witness does not verify changes nothing.
func (s *Service) keepCosignature(ctx context.Context, w LogWitness, last LogCheckpoint, line []byte, now time.Time) error {
	const tries = 10
	for range tries {
		note, added, err := translog.AddSignatures(last.Note, line, w.Key)
		if err != nil {
			return err
		}
		if added == 0 || !translog.Cosigned(note, w.Key) {
			return fmt.Errorf("%w: the answer has no line of it", translog.ErrSignature)
		}
		e := s.event(ctx, "license.log_cosigned", string(w.Tree), now, "size", strconv.FormatUint(last.Size, 10), "witness", w.Key.String())
		e.ObjectType = "transparency_log"
		if err = s.cfg.Store.CosignCheckpoint(ctx, last, note, audit.With(e)); !errors.Is(err, ErrStale) {
			return storeFault(err, "store cosignature")
		}
		size := last.Size
		if last, err = s.cfg.Store.LastCheckpoint(ctx, w.Tree); err != nil {
			return storeFault(err, "find checkpoint")
		}
		if last.Size != size || translog.Cosigned(last.Note, w.Key) {
			return nil // a newer checkpoint is asked for next, or another node was given the same
		}
	}
	return ErrStale
}
