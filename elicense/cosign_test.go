package elicense_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// court is a witness that may misbehave.
type court struct {
	t      *testing.T
	signer translog.Signer
	now    func() time.Time
	tree   elicense.LogTree
	seen   translog.Checkpoint
	asked  int
	mutex  sync.Mutex
	answer func(translog.Ask, translog.Checkpoint) (answer []byte, other bool, err error) // instead of its own
}

func newCourt(t *testing.T, name string, tree elicense.LogTree) *court {
	t.Helper()
	private, _, err := translog.NewWitnessKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := translog.ParseWitnessKey(rand.Reader, private)
	if err != nil {
		t.Fatal(err)
	}
	return &court{t: t, signer: signer, tree: tree}
}

func (c *court) ask(request []byte) ([]byte, bool, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.asked++
	ask, err := translog.ParseAsk(request)
	if err != nil {
		c.t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(ask.Note), "\n\n")
	checkpoint, err := translog.ParseCheckpoint(text + "\n")
	if err != nil {
		c.t.Fatal(err)
	}
	if c.answer != nil {
		return c.answer(ask, checkpoint)
	}
	return c.judge(ask, checkpoint)
}

func (c *court) judge(ask translog.Ask, checkpoint translog.Checkpoint) ([]byte, bool, error) {
	if ask.Old != c.seen.Size {
		return []byte(strings.Split(translog.Checkpoint{Origin: "x", Size: c.seen.Size, Root: make([]byte, 32)}.Text(), "\n")[1] + "\n"), true, nil
	}
	root := c.seen.Root
	if c.seen.Size == 0 {
		root = c.tree.Hasher().EmptyRoot()
	}
	if err := c.tree.Hasher().VerifyConsistency(ask.Old, checkpoint.Size, ask.Proof, root, checkpoint.Root); err != nil {
		return nil, false, err
	}
	c.seen = checkpoint
	return c.line(checkpoint), false, nil
}

func (c *court) line(checkpoint translog.Checkpoint) []byte {
	signer := c.signer
	signer.At = c.now()
	note, err := translog.SignCheckpoint(checkpoint, signer)
	if err != nil {
		c.t.Fatal(err)
	}
	return translog.SignatureLines(note)
}

// witnessed is a world whose checkpoints the courts countersign.
func witnessed(t *testing.T, store elicense.Store, courts ...*court) *licensetest.World {
	t.Helper()
	w := licensetest.NewWorld(t, store)
	byAddress := map[string]*court{}
	for _, c := range courts {
		c.now = w.Now
		address := "https://" + c.signer.Name()
		byAddress[address+"/add-checkpoint"] = c
		w.Witnesses = append(w.Witnesses, elicense.LogWitness{Tree: c.tree, URL: address, Key: c.signer.Key})
	}
	w.AskWitness = func(_ context.Context, address string, request []byte) ([]byte, bool, error) {
		return byAddress[address].ask(request)
	}
	w.Restart(t)
	return w
}

func collect(w *licensetest.World) error {
	w.Advance(2 * time.Second)
	return w.Service.CollectCosignatures(context.Background())
}

// vouched is by whom the last checkpoint of a tree is countersigned.
func vouched(t *testing.T, w *licensetest.World, tree elicense.LogTree) (names []string) {
	t.Helper()
	last, err := w.Service.LogCheckpoint(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := w.Service.LogKeys(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	policy := translog.Policy{Log: keys}
	for _, known := range w.Witnesses {
		policy.Witnesses = append(policy.Witnesses, known.Key)
	}
	opened, err := policy.Open(last.Note)
	if err != nil || opened.Size != last.Size {
		t.Fatal(err)
	}
	for _, c := range opened.Cosignatures {
		names = append(names, c.Witness)
	}
	return names
}

func TestCheckpointsComeWithTheSignaturesOfWitnesses(t *testing.T) {
	one, two, roots := newCourt(t, "court.example", elicense.LogMain), newCourt(t, "notary.example", elicense.LogMain), newCourt(t, "abroad.example", elicense.LogRoots)
	w := witnessed(t, licensetest.NewTwin(), one, two, roots)
	if err := collect(w); err != nil || one.asked != 0 {
		t.Fatalf("without a checkpoint nobody is asked: %d %v", one.asked, err)
	}
	var l elicense.License
	for n, number := range []string{"B1", "B2", "B3"} {
		l = w.Issued(t, licensetest.SampleApplication(number))
		keepLog(t, w)
		if err := collect(w); err != nil {
			t.Fatal(err)
		}
		if main, other := vouched(t, w, elicense.LogMain), vouched(t, w, elicense.LogRoots); len(main) != 2 || len(other) != 1 {
			t.Errorf("checkpoint %d: %v and %v", n, main, other)
		}
		if err := collect(w); err != nil || one.asked != n+1 || roots.asked != n+1 {
			t.Errorf("who signed is not asked again: %d, %d, %v", one.asked, roots.asked, err)
		}
	}
	proofs, err := w.Service.LogProofs(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	p, err := translog.ParseProof(proofs.License)
	if err != nil || !translog.Cosigned(p.Checkpoint, one.signer.Key) || !translog.Cosigned(p.Checkpoint, two.signer.Key) {
		t.Errorf("a proof comes without them: %v\n%s", err, p.Checkpoint)
	}
	// Another process knows nothing of what the witnesses saw, and is told by them.
	w.Restart(t)
	w.Issued(t, licensetest.SampleApplication("B4"))
	keepLog(t, w)
	before := one.asked
	if err := collect(w); err != nil || len(vouched(t, w, elicense.LogMain)) != 2 || one.asked != before+2 {
		t.Errorf("after a restart: %v, asked %d times", err, one.asked-before)
	}
}

func TestWitnessesThatDoNotSign(t *testing.T) {
	away := errors.New("no route to host")
	for name, answer := range map[string]func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error){
		"away": func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return nil, false, away }
		},
		"nothing": func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return nil, false, nil }
		},
		"no size": func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return []byte("7"), true, nil }
		},
		"a larger tree": func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return []byte("1000000\n"), true, nil }
		},
		"another tree each time": func(c *court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(a translog.Ask, _ translog.Checkpoint) ([]byte, bool, error) {
				if a.Old == 1 {
					return []byte("2\n"), true, nil
				}
				return []byte("1\n"), true, nil
			}
		},
		"another checkpoint": func(c *court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(_ translog.Ask, checkpoint translog.Checkpoint) ([]byte, bool, error) {
				checkpoint.Size++
				return c.line(checkpoint), false, nil
			}
		},
		"another key": func(*court) func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) {
			return func(_ translog.Ask, checkpoint translog.Checkpoint) ([]byte, bool, error) {
				other := newCourt(t, "court.example", elicense.LogMain)
				other.now = func() time.Time { return licensetest.Start }
				return other.line(checkpoint), false, nil
			}
		},
	} {
		one, two := newCourt(t, "court.example", elicense.LogMain), newCourt(t, "notary.example", elicense.LogMain)
		w := witnessed(t, licensetest.NewTwin(), one, two)
		one.answer = answer(one)
		w.Issued(t, licensetest.SampleApplication("B1"))
		keepLog(t, w)
		if err := collect(w); err == nil || !strings.Contains(err.Error(), "court.example") || name == "away" && !errors.Is(err, away) {
			t.Errorf("%s: %v", name, err)
		}
		if got := vouched(t, w, elicense.LogMain); len(got) != 1 || got[0] != "notary.example" {
			t.Errorf("%s: the other one signs: %v", name, got)
		}
		asked := one.asked
		if err := collect(w); err != nil || one.asked != asked {
			t.Errorf("%s: it is asked again at once: %v", name, err)
		}
		one.answer = nil
		w.Advance(10 * time.Minute)
		if err := collect(w); err != nil || len(vouched(t, w, elicense.LogMain)) != 2 {
			t.Errorf("%s: after its pause: %v", name, err)
		}
	}
}

// TestPausesOfWitnessesGrow: 10 seconds, doubled to ten minutes.
func TestPausesOfWitnessesGrow(t *testing.T) {
	one := newCourt(t, "court.example", elicense.LogMain)
	w := witnessed(t, licensetest.NewTwin(), one)
	one.answer = func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return nil, false, errors.New("away") }
	keepLog(t, w)
	pauses := []time.Duration{10, 20, 40, 80, 160, 320, 600, 600}
	for i, pause := range pauses {
		if err := w.Service.CollectCosignatures(context.Background()); err == nil || one.asked != i+1 {
			t.Fatalf("%d: asked %d times, %v", i, one.asked, err)
		}
		w.Advance(pause*time.Second - 1)
		if err := w.Service.CollectCosignatures(context.Background()); err != nil || one.asked != i+1 {
			t.Fatalf("%d: asked before its pause of %d s was over: %v", i, pause, err)
		}
		w.Advance(1)
	}
	one.answer = nil
	if err := w.Service.CollectCosignatures(context.Background()); err != nil || len(vouched(t, w, elicense.LogMain)) != 1 {
		t.Error(err)
	}
	one.answer = func(translog.Ask, translog.Checkpoint) ([]byte, bool, error) { return nil, false, errors.New("away") }
	w.Issued(t, licensetest.SampleApplication("B1"))
	keepLog(t, w)
	asked := one.asked
	_ = w.Service.CollectCosignatures(context.Background())
	w.Advance(10 * time.Second)
	if err := w.Service.CollectCosignatures(context.Background()); err == nil || one.asked != asked+2 {
		t.Errorf("a signature begins the pauses anew: asked %d times", one.asked-asked)
	}
}

// staleStore answers that a checkpoint has another note, so often.
type staleStore struct {
	elicense.Store
	stale   int
	cosigns int
	fail    error
}

func (s *staleStore) CosignCheckpoint(ctx context.Context, c elicense.LogCheckpoint, note []byte, record audit.Record) error {
	if s.cosigns++; s.fail != nil {
		return s.fail
	}
	if s.cosigns <= s.stale {
		return elicense.ErrStale
	}
	return s.Store.CosignCheckpoint(ctx, c, note, record)
}

func TestSignaturesOfSeveralWitnessesAreAllKept(t *testing.T) {
	for _, c := range []struct {
		stale int
		fail  error
		kept  int
	}{{0, nil, 1}, {9, nil, 1}, {10, nil, 0}, {0, errors.New("disk"), 0}} {
		store := &staleStore{Store: licensetest.NewTwin(), stale: c.stale, fail: c.fail}
		w := witnessed(t, store, newCourt(t, "court.example", elicense.LogMain))
		keepLog(t, w)
		if err := collect(w); (err == nil) != (c.kept == 1) {
			t.Errorf("%+v: %v", c, err)
		}
		if got := vouched(t, w, elicense.LogMain); len(got) != c.kept {
			t.Errorf("%+v: %v", c, got)
		}
	}
	// Eight at once, each of which may find the note of another one.
	var courts []*court
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		courts = append(courts, newCourt(t, name+".example", elicense.LogMain))
	}
	w := witnessed(t, licensetest.NewTwin(), courts...)
	keepLog(t, w)
	if err := collect(w); err != nil || len(vouched(t, w, elicense.LogMain)) != 8 {
		t.Error(err, vouched(t, w, elicense.LogMain))
	}
}
