package elicense_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func TestLogSurvivesCrashes(t *testing.T) {
	licensetest.RunLogCrash(t, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}

func TestSeveralNodesKeepOneLog(t *testing.T) {
	licensetest.RunLogNodes(t, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}

func keepLog(t *testing.T, w *licensetest.World) {
	t.Helper()
	w.Advance(time.Minute)
	if err := w.Service.KeepLog(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// judgeProof opens a proof with what a court has: the licence's identifier and file, and the log's keys.
func judgeProof(t *testing.T, w *licensetest.World, file []byte, licenseID string, original []byte) (translog.Opening, error) {
	t.Helper()
	p, err := translog.ParseProof(file)
	if err != nil {
		return translog.Opening{}, err
	}
	opening, err := translog.ParseOpening(p.Extra)
	if err != nil {
		return opening, err
	}
	leaf, err := opening.Leaf(licenseID, digest.Sum(original))
	if err != nil {
		return opening, err
	}
	list, err := w.Service.LogKeys(context.Background(), elicense.LogMain)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Verify(translog.SM3, leaf, translog.Policy{Log: list})
	return opening, err
}

func TestTheLifeOfALicenceIsInTheLog(t *testing.T) {
	w, twin := newWorld(t)
	ctx := context.Background()
	_, err := w.Service.LogCheckpoint(ctx, elicense.LogMain)
	wantCode(t, err, fault.NotFound)
	keepLog(t, w)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	_, err = w.Service.LogProofs(licensetest.Person, l.ID)
	wantCode(t, err, fault.LogPending)
	if fault.From(err).RetryAfter == 0 {
		t.Error("no Retry-After")
	}
	keepLog(t, w)
	effective := w.Now().Add(-time.Hour)
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "some law", DecisionNumber: "D-77", EffectiveAt: effective, Until: w.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.Advance(2 * time.Hour)
	if n, err := w.Service.ResumeDue(ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	keepLog(t, w)

	follower := licensetest.NewFollower(elicense.LogMain)
	leaves := follower.Follow(t, w.Service)
	counts := map[translog.Kind]int{}
	for _, leaf := range leaves {
		e, err := translog.ParseEntry(leaf)
		if err != nil {
			t.Fatal(err)
		}
		counts[e.Kind]++
		for _, told := range []string{l.LicenseID, l.ID, "D-77", "some law", l.HolderRef, "suspended"} {
			if bytes.Contains(leaf, []byte(told)) {
				t.Errorf("a leaf of kind %s tells %q", e.Kind, told)
			}
		}
		if (e.Kind == translog.KindLicense || e.Kind == translog.KindStatus) && e.Subject != licensetest.AuthorityCode {
			t.Errorf("%s names %q", e.Kind, e.Subject)
		}
	}
	for kind, want := range map[translog.Kind]int{translog.KindLicense: 1, translog.KindStatus: 2} {
		if counts[kind] != want {
			t.Errorf("%d of %s", counts[kind], kind)
		}
	}
	// Seal signer, status list key, trust list key; both lists; the bundle of keys and the package for other platforms; the types.
	if counts[translog.KindKey] != 3 || counts[translog.KindList] < 2 || counts[translog.KindBundle] != 2 || counts[translog.KindTemplate] < 2 {
		t.Errorf("%v", counts)
	}

	proofs, err := w.Service.LogProofs(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, document, err := w.Service.Document(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judgeProof(t, w, proofs.License, l.LicenseID, document); err != nil {
		t.Errorf("proof of the licence: %v", err)
	}
	if _, err := judgeProof(t, w, proofs.License, l.LicenseID, append(document, 0)); !errors.Is(err, translog.ErrProof) {
		t.Errorf("of another document: %v", err)
	}
	if len(proofs.Events) != 2 || proofs.Events[1].To != "suspended" {
		t.Fatalf("%+v", proofs.Events)
	}
	for _, e := range proofs.Events {
		opening, err := judgeProof(t, w, e.Proof, l.LicenseID, document)
		if err != nil || opening.Event.To != e.To {
			t.Errorf("%+v %v", opening, err)
		}
		if e.To == "suspended" && (opening.Event.EffectiveAt != effective.UnixMicro() || opening.Event.RecordedAt <= opening.Event.EffectiveAt || opening.Event.DecisionNumber != "D-77") {
			t.Errorf("both times: %+v", opening.Event)
		}
	}
	// The holder finds every event by the secret alone.
	tags := 0
	for n := uint64(1); n < 10; n++ {
		for _, leaf := range leaves {
			if e, _ := translog.ParseEntry(leaf); bytes.Equal(e.Tag, translog.Secret(proofs.Secret).StatusTag(n)) {
				tags++
			}
		}
	}
	if tags != 2 {
		t.Errorf("%d events are found by the secret", tags)
	}
	if seen := strings.Join(eventTypes(twin.Records()), " "); !strings.Contains(seen, "license.log_templates") || !strings.Contains(seen, "license.log_checkpoint") {
		t.Error(seen)
	}
}

// TestTheTreeOfRootsIsReadAbroad: whoever knows no SM2 opens the checkpoint of roots by its Ed25519 line with the library of Go's own log, and the
// SM3 tree has no such line.
func TestTheTreeOfRootsIsReadAbroad(t *testing.T) {
	w, _ := newWorld(t)
	keepLog(t, w)
	keepLog(t, w) // the checkpoint of the first is a leaf of the second
	for tree, want := range map[elicense.LogTree]int{elicense.LogMain: 0, elicense.LogRoots: 1} {
		list, err := w.Service.LogKeys(context.Background(), tree)
		if err != nil {
			t.Fatal(err)
		}
		var known []note.Verifier
		for _, key := range list {
			if verifier, err := note.NewVerifier(key.String()); err == nil {
				known = append(known, verifier)
			}
		}
		if len(known) != want {
			t.Fatalf("%s: %d keys are read abroad, want %d", tree, len(known), want)
		}
		checkpoint, err := w.Service.LogCheckpoint(context.Background(), tree)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := note.Open(checkpoint.Note, note.VerifierList(known...)); (err == nil) != (want == 1) || want == 1 && len(opened.UnverifiedSigs) != 2 {
			t.Errorf("%s: %v", tree, err)
		}
	}
}

func TestWhoGetsProofs(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	keepLog(t, w)
	for name, c := range map[string]struct {
		ctx    context.Context
		code   fault.Code
		secret bool
	}{
		"holder": {licensetest.Person, "", true}, "staff": {licensetest.Issuer, "", false}, "another person": {licensetest.As("account:other"), fault.NotFound, false}, "nobody": {context.Background(), fault.Unauthenticated, false},
		"an application for the holder": {reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder, Client: "app"}), "", false},
	} {
		p, err := w.Service.LogProofs(c.ctx, l.ID)
		if fault.CodeOf(err) != c.code && (err != nil || c.code != "") {
			t.Errorf("%s: %v", name, err)
		}
		if (len(p.Secret) > 0) != c.secret {
			t.Errorf("%s: secret of %d octets", name, len(p.Secret))
		}
	}
	_, err := w.Service.LogProofs(licensetest.Person, "lic_none")
	wantCode(t, err, fault.NotFound)
}

func TestADroppedSecretOpensNothing(t *testing.T) {
	w, twin := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	keepLog(t, w)
	wantCode(t, w.Service.ForgetLogged(licensetest.Person, l.ID, "x"), fault.Forbidden)
	wantCode(t, w.Service.ForgetLogged(licensetest.Issuer, l.ID, ""), fault.LicenseReason)
	for range 2 {
		if err := w.Service.ForgetLogged(licensetest.Issuer, l.ID, "order 5"); err != nil {
			t.Fatal(err)
		}
	}
	dropped := 0
	for _, kind := range eventTypes(twin.Records()) {
		if kind == "license.log_forgotten" {
			dropped++
		}
	}
	if dropped != 1 {
		t.Errorf("%d events of one order", dropped)
	}
	_, err := w.Service.LogProofs(licensetest.Person, l.ID)
	wantCode(t, err, fault.NotFound)
	before := licensetest.NewFollower(elicense.LogMain)
	size := len(before.Follow(t, w.Service))
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "d"}); err != nil {
		t.Fatal(err)
	}
	keepLog(t, w)
	if grown := len(before.Follow(t, w.Service)); grown <= size {
		t.Error("a change after the order is not in the log")
	}
	// The new secret does not open the old entry.
	_, err = w.Service.LogProofs(licensetest.Person, l.ID)
	wantCode(t, err, fault.NotFound)
}

func TestLicencesOfBeforeTheLogAreEntered(t *testing.T) {
	w, twin := newWorld(t)
	first, second := w.Issued(t, licensetest.SampleApplication("B1")), w.Issued(t, licensetest.SampleApplication("B2"))
	for _, l := range []elicense.License{first, second} { // as a release without a log left them
		if _, err := twin.Update(context.Background(), func(rows []*elicense.License) (elicense.Change, error) {
			rows[0].LogCount, rows[0].LogSecret = 0, nil
			return elicense.Change{Record: licensetest.Record("changed")}, nil
		}, l.ID); err != nil {
			t.Fatal(err)
		}
	}
	// One changes before the sweep sees it: both entries come with the change. (Its first entry is in the queue already, under the same reference.)
	changed, err := w.Service.ChangeStatus(licensetest.Issuer, first.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "d"})
	if err != nil || changed.LogCount != 2 {
		t.Fatalf("%d %v", changed.LogCount, err)
	}
	keepLog(t, w)
	for _, l := range twin.All() {
		if l.LogCount == 0 || len(l.LogSecret) != translog.SecretSize {
			t.Errorf("%s: %d entries", l.ID, l.LogCount)
		}
	}
	events := len(twin.Records())
	keepLog(t, w)
	if again := len(twin.Records()); again > events+2 { // checkpoints at most
		t.Errorf("the sweep goes on: %d records", again-events)
	}
}

func TestCheckpointsKeepTheirDistance(t *testing.T) {
	w, _ := newWorld(t)
	ctx := context.Background()
	keepLog(t, w)
	size := func() uint64 {
		t.Helper()
		if err := w.Service.KeepLog(ctx); err != nil {
			t.Fatal(err)
		}
		c, err := w.Service.LogCheckpoint(ctx, elicense.LogMain)
		if err != nil {
			t.Fatal(err)
		}
		return c.Size
	}
	before := size()
	w.Issued(t, licensetest.SampleApplication("B1"))
	if got := size(); got != before {
		t.Errorf("a checkpoint of %d right after one of %d", got, before)
	}
	w.Advance(10 * time.Second)
	after := size()
	if after <= before {
		t.Error("no checkpoint after the delay")
	}
	w.Advance(time.Hour)
	if got := size(); got != after {
		t.Errorf("%d, nothing came", got)
	}
}

// forked is a store that went back in time: its tree is not the one that was signed.
type forked struct{ elicense.Store }

func (f forked) LastCheckpoint(ctx context.Context, tree elicense.LogTree) (elicense.LogCheckpoint, error) {
	c, err := f.Store.LastCheckpoint(ctx, tree)
	c.Root = digest.Sum(c.Root)
	return c, err
}

func TestNothingIsSignedThatDoesNotGoOnFromTheLastCheckpoint(t *testing.T) {
	w, twin := newWorld(t)
	ctx := context.Background()
	keepLog(t, w)
	before, _ := twin.LastCheckpoint(ctx, elicense.LogMain)
	w.Issued(t, licensetest.SampleApplication("B1"))
	w.Advance(time.Minute)
	w.Store = forked{twin}
	w.Restart(t)
	if err := w.Service.KeepLog(ctx); !errors.Is(err, translog.ErrProof) {
		t.Errorf("%v", err)
	}
	if after, _ := twin.LastCheckpoint(ctx, elicense.LogMain); after.Size != before.Size {
		t.Error("a fork was signed")
	}
}

// noKeys is a ring whose provider is away.
type noKeys struct{ keys.Provider }

func (noKeys) List(context.Context, keys.Usage, string) ([]keys.Info, error) {
	return nil, keys.ErrUnavailable
}

func TestWithoutTheKeyEntriesWait(t *testing.T) {
	w, twin := newWorld(t)
	ctx := context.Background()
	w.Issued(t, licensetest.SampleApplication("B1"))
	ring := w.Keys
	w.Keys = keys.NewRing(noKeys{ring.Provider()})
	w.Restart(t)
	wantCode(t, w.Service.KeepLog(ctx), fault.Unavailable)
	head, err := twin.LogHead(ctx, elicense.LogMain)
	if err != nil || head.Size == 0 {
		t.Errorf("entries have no place: %d %v", head.Size, err)
	}
	w.Keys = ring
	w.Restart(t)
	keepLog(t, w)
	if c, err := w.Service.LogCheckpoint(ctx, elicense.LogMain); err != nil || c.Size != head.Size {
		t.Errorf("%d, want %d, %v", c.Size, head.Size, err)
	}
}

func TestFilesOfTheLog(t *testing.T) {
	w, twin := newWorld(t)
	ctx := context.Background()
	var entries []elicense.LogEntry
	for n := range 300 {
		leaf, err := translog.NewEntry(translog.KindList, "x", uint64(n+1), nil, digest.Sum(nil)).Encode()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, elicense.LogEntry{Ref: fmt.Sprint("x:", n), Leaf: leaf, Order: int64(n)})
	}
	_, err := w.Service.LogFile(ctx, elicense.LogMain, "tile/0/000")
	wantCode(t, err, fault.NotFound)
	if err := twin.Enqueue(ctx, entries, licensetest.Record("queued")); err != nil {
		t.Fatal(err)
	}
	keepLog(t, w)
	c, err := w.Service.LogCheckpoint(ctx, elicense.LogMain)
	if err != nil || c.Size < 300 {
		t.Fatal(c.Size, err)
	}
	rest := int(c.Size - 256)
	for path, want := range map[string]int{"tile/0/000": 256, "tile/0/000.p/7": 7, fmt.Sprintf("tile/0/001.p/%d", rest): rest, "tile/0/001.p/1": 1, "tile/1/000.p/1": 1} {
		if content, err := w.Service.LogFile(ctx, elicense.LogMain, path); err != nil || len(content) != want*translog.HashSize {
			t.Errorf("%s: %d octets, %v", path, len(content), err)
		}
		if entries, is := strings.CutPrefix(path, "tile/0/"); is {
			content, err := w.Service.LogFile(ctx, elicense.LogMain, "tile/entries/"+entries)
			if err != nil {
				t.Errorf("entries %s: %v", entries, err)
			} else if _, err := translog.ParseBundle(content, want); err != nil {
				t.Errorf("entries %s: %v", entries, err)
			}
		}
	}
	for _, path := range []string{"", "checkpoint", "tile/0/001", fmt.Sprintf("tile/0/001.p/%d", rest+1), "tile/0/002.p/1", "tile/1/000", "tile/2/000.p/1", "tile/entries/001", "tile/entries/002.p/1", "tile/63/000", "tile/-1/000"} {
		_, err := w.Service.LogFile(ctx, elicense.LogMain, path)
		wantCode(t, err, fault.NotFound)
	}
	// What is in the tree and not signed yet is not told.
	if err := twin.Enqueue(ctx, []elicense.LogEntry{{Ref: "y", Leaf: entries[0].Leaf, Order: 1}}, licensetest.Record("queued")); err != nil {
		t.Fatal(err)
	}
	if err := w.Service.KeepLog(ctx); err != nil {
		t.Fatal(err)
	}
	if head, _ := twin.LogHead(ctx, elicense.LogMain); head.Size != c.Size+1 {
		t.Fatal(head.Size)
	}
	_, err = w.Service.LogFile(ctx, elicense.LogMain, fmt.Sprintf("tile/0/001.p/%d", rest+1))
	wantCode(t, err, fault.NotFound)
}
