package witness

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const origin = "id.example/log"

var ctx = context.Background()

// platform is a log that may lie.
type platform struct {
	t      testing.TB
	leaves [][]byte
	size   int // that it shows
	key    translog.Key
	sign   translog.SignFunc
	origin string
	broken string // a path that answers 500
	spoil  func(path string, content []byte) []byte
	server *httptest.Server
}

func newPlatform(t testing.TB) *platform {
	secret, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, origin: origin, sign: func(m []byte) ([]byte, error) { return secret.Sign(rand.Reader, m, sm2.DefaultSM2SignerOpts) }}
	if p.key, err = translog.NewKey(origin, translog.SM2Key, &secret.PublicKey); err != nil {
		t.Fatal(err)
	}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *platform) log() Log {
	return Log{URL: p.server.URL + "/log/", Keys: []translog.Key{p.key}, Hasher: translog.SM3, Client: p.server.Client()}
}

func (p *platform) add(entries ...translog.Entry) {
	for _, e := range entries {
		leaf, err := e.Encode()
		if err != nil {
			p.t.Fatal(err)
		}
		p.leaves = append(p.leaves, leaf)
	}
	p.size = len(p.leaves)
}

func (p *platform) some(n int) {
	for range n {
		p.add(translog.NewEntry(translog.KindList, "1", uint64(len(p.leaves)+1), nil, digest.Sum(fmt.Append(nil, len(p.leaves)))))
	}
}

func (p *platform) checkpoint() []byte {
	var hashes [][]byte
	for _, leaf := range p.leaves[:p.size] {
		hashes = append(hashes, translog.SM3.HashLeaf(leaf))
	}
	head, err := translog.SM3.Extend(translog.Head{}, hashes)
	if err != nil {
		p.t.Fatal(err)
	}
	root, err := translog.SM3.Root(head)
	if err != nil {
		p.t.Fatal(err)
	}
	key := p.key
	if p.origin != origin {
		key = renamed(p.t, p.key, p.origin)
	}
	note, err := translog.SignCheckpoint(translog.Checkpoint{Origin: p.origin, Size: uint64(p.size), Root: root}, translog.Signer{Key: key, Signer: p.sign})
	if err != nil {
		p.t.Fatal(err)
	}
	return note
}

// renamed is a key under another name.
func renamed(t testing.TB, k translog.Key, name string) translog.Key {
	_, rest, _ := strings.Cut(k.String(), "+")
	_, material, _ := strings.Cut(rest, "+")
	octets, err := base64.StdEncoding.DecodeString(material)
	if err != nil {
		t.Fatal(err)
	}
	public, err := sm2.NewPublicKey(octets[len(translog.SM2Key):])
	if err != nil {
		t.Fatal(err)
	}
	other, err := translog.NewKey(name, translog.SM2Key, public)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/log/")
	if path == p.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	content := p.checkpoint
	if path != "checkpoint" {
		id, width, bundle, err := translog.ParsePath(path)
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		content = func() []byte { return p.tile(id, width, bundle) }
	}
	answer := content()
	if p.spoil != nil {
		answer = p.spoil(path, answer)
	}
	_, _ = w.Write(answer)
}

func (p *platform) tile(id translog.TileID, width int, bundle bool) (content []byte) {
	if bundle {
		for _, leaf := range p.leaves[id.Number*translog.TileWidth:][:width] {
			content, _ = translog.AppendEntry(content, leaf)
		}
		return content
	}
	tiles := map[translog.TileID][]byte{}
	var hashes [][]byte
	for _, leaf := range p.leaves {
		hashes = append(hashes, translog.SM3.HashLeaf(leaf))
	}
	_, grown, err := translog.SM3.Grow(translog.Head{}, hashes, func(id translog.TileID) ([]byte, error) { return tiles[id], nil })
	if err != nil {
		p.t.Fatal(err)
	}
	for _, tile := range grown {
		tiles[tile.TileID] = tile.Hashes
	}
	return tiles[id][:width*translog.HashSize]
}

func newWitness(t *testing.T, p *platform) (Witness, translog.Key) {
	private, public, err := translog.NewWitnessKey(rand.Reader, "court.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := translog.ParseWitnessKey(rand.Reader, private)
	if err != nil {
		t.Fatal(err)
	}
	return Witness{Log: p.log(), File: filepath.Join(t.TempDir(), "seen.json"), Key: signer}, public
}

func TestAWitnessSignsWhatGoesOn(t *testing.T) {
	p := newPlatform(t)
	w, public := newWitness(t, p)
	at := time.Unix(1800000000, 0)
	for _, more := range []int{3, 0, 1, 300, 256} {
		p.some(more)
		at = at.Add(time.Minute)
		seen, err := w.Cosign(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		o, err := translog.Policy{Log: w.Log.Keys, Witnesses: []translog.Key{public}, Quorum: 1}.Open(seen.Note)
		if err != nil || o.Size != uint64(p.size) || !o.Cosignatures[0].At.Equal(at) {
			t.Errorf("%+v %v", o, err)
		}
		if kept, ok, err := Load(w.File); err != nil || !ok || kept.Size != uint64(p.size) {
			t.Errorf("%+v %v", kept, err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(w.File)); err != nil || len(left) != 1 {
		t.Errorf("%d files are left: %v", len(left), err)
	}
}

func TestAWitnessSignsNoFork(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(p *platform)
		want error
	}{
		"another entry of before": {func(p *platform) { p.some(5); p.leaves[2] = p.leaves[7] }, ErrFork},
		"same size, another tree": {func(p *platform) { p.leaves[0] = p.leaves[1] }, ErrFork},
		"smaller":                 {func(p *platform) { p.size = 9 }, ErrOlder},
		"another origin":          {func(p *platform) { p.some(1); p.origin = "other.example/log" }, ErrFork},
		"tiles away":              {func(p *platform) { p.some(1); p.broken = "tile/0/000.p/13" }, ErrUnreachable},
		"checkpoint away":         {func(p *platform) { p.broken = "checkpoint" }, ErrUnreachable},
		"damaged tile": {func(p *platform) {
			p.some(1)
			p.spoil = func(path string, b []byte) []byte { return flip(path, "tile/0", b) }
		}, ErrFork},
		"checkpoint of a stranger": {func(p *platform) {
			p.some(1)
			p.spoil = func(path string, b []byte) []byte { return stranger(p.t, path, b) }
		}, translog.ErrSignature},
		"an answer that is endless": {func(p *platform) { p.spoil = func(string, []byte) []byte { return make([]byte, 1<<20) } }, ErrUnreachable},
	} {
		p := newPlatform(t)
		w, _ := newWitness(t, p)
		p.some(12)
		if _, err := w.Cosign(ctx, time.Unix(1800000000, 0)); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(w.File)
		if err != nil {
			t.Fatal(err)
		}
		if name == "another origin" {
			w.Log.Keys = append(w.Log.Keys, renamed(t, p.key, "other.example/log"))
		}
		c.lie(p)
		seen, err := w.Cosign(ctx, time.Unix(1800000100, 0))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains(seen.Note, []byte("court.example")) {
			t.Errorf("%s is signed", name)
		}
		if after, _ := os.ReadFile(w.File); !bytes.Equal(after, before) {
			t.Errorf("%s is remembered", name)
		}
		if c.want == ErrFork && name != "damaged tile" && len(seen.Note) == 0 {
			t.Errorf("%s: the proof of it is not kept", name)
		}
	}
}

func flip(path, prefix string, content []byte) []byte {
	if strings.HasPrefix(path, prefix) && len(content) > 0 {
		content = bytes.Clone(content)
		content[0] ^= 1
	}
	return content
}

func stranger(t testing.TB, path string, content []byte) []byte {
	if path != "checkpoint" {
		return content
	}
	p := newPlatform(t)
	p.some(13)
	return p.checkpoint()
}

func TestWhatWasSeenIsNotTakenForNothing(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"empty": "", "cut": `{"origin":"a"`, "no root": `{"origin":"a","size":1,"note":""}`, "no origin": `{"size":1,"root":"` + strings.Repeat("A", 43) + `=","note":""}`, "more": `{"origin":"a","size":1,"root":"` + strings.Repeat("A", 43) + `=","note":"","x":1}`, "edge": `{"origin":"a","size":3,"root":"` + strings.Repeat("A", 43) + `=","note":"","edge":["AA=="]}`} {
		path := filepath.Join(folder, "seen")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(path); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok, err := Load(filepath.Join(folder, "none")); ok || err != nil {
		t.Error(ok, err)
	}
	if _, _, err := Load(folder); !errors.Is(err, ErrState) {
		t.Errorf("a folder: %v", err)
	}
	p := newPlatform(t)
	p.some(1)
	w, _ := newWitness(t, p)
	w.File = filepath.Join(folder, "none", "seen")
	if seen, err := w.Cosign(ctx, time.Unix(1800000000, 0)); !errors.Is(err, ErrState) || len(seen.Note) > 0 {
		t.Errorf("signed without remembering: %v", err)
	}
}

func collect(found *[]Found) func(Found) error {
	return func(f Found) error { *found = append(*found, f); return nil }
}

func TestAMonitorTellsOfWhatNobodyExpected(t *testing.T) {
	p := newPlatform(t)
	secret := translog.Secret(bytes.Repeat([]byte{3}, translog.SecretSize))
	sum := func(n int) []byte { return digest.Sum([]byte{byte(n)}) }
	m := Monitor{Log: p.log(), File: filepath.Join(t.TempDir(), "seen"), Issuers: []string{"MINE"}, Licenses: []Watched{{"1.2.3", secret}}, Expected: map[string]bool{fmt.Sprintf("%x", sum(1)): true, fmt.Sprintf("%x", sum(8)): true}}
	p.add(
		translog.NewEntry(translog.KindLicense, "MINE", 0, nil, sum(1)),                     // expected
		translog.NewEntry(translog.KindLicense, "MINE", 0, nil, sum(2)),                     // told
		translog.NewEntry(translog.KindLicense, "OTHER", 0, nil, sum(3)),                    // not mine
		translog.NewEntry(translog.KindStatus, "OTHER", 0, secret.StatusTag(1), sum(4)),     // told: of the licence
		translog.NewEntry(translog.KindStatus, "OTHER", 0, secret.StatusTag(2), sum(8)),     // expected
		translog.NewEntry(translog.KindStatus, "OTHER", 0, digest.Sum(nil), sum(5)),         // of another licence
		translog.NewEntry(translog.KindTemplate, "type", 0, nil, sum(6)),                    // told
		translog.NewEntry(translog.KindKey, "seal_signer", 0, nil, sum(7)),                  // told
		translog.NewEntry(translog.KindList, "1", 4, nil, sum(9)),                           // lists are many
		translog.NewEntry(translog.KindStatus, "MINE", 0, digest.Sum([]byte("x")), sum(10)), // told
	)
	var found []Found
	seen, err := m.Look(ctx, collect(&found))
	if err != nil || seen.Size != 10 {
		t.Fatal(seen.Size, err)
	}
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Index, " ", f.Kind, " ", f.Subject, " ", f.License))
	}
	if want := "1 license MINE |3 status OTHER 1.2.3|6 template type |7 key seal_signer |9 status MINE "; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	found = nil
	if _, err := m.Look(ctx, collect(&found)); err != nil || len(found) != 0 {
		t.Errorf("told again: %v %v", found, err)
	}
	p.some(600)
	p.add(translog.NewEntry(translog.KindLicense, "MINE", 0, nil, sum(11)))
	away := errors.New("away")
	if _, err := m.Look(ctx, func(Found) error { return away }); !errors.Is(err, away) {
		t.Error(err)
	}
	if _, err := m.Look(ctx, collect(&found)); err != nil || len(found) != 1 || found[0].Index != 610 {
		t.Errorf("what could not be told was lost: %+v %v", found, err)
	}
}

func TestAMonitorBelievesNoForkAndNoFalseEntries(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(p *platform)
		want error
	}{
		"another history":     {func(p *platform) { p.some(2); p.leaves[1] = p.leaves[3] }, ErrFork},
		"smaller":             {func(p *platform) { p.size = 2 }, ErrOlder},
		"another origin":      {func(p *platform) { p.some(1); p.origin = "other.example/log" }, ErrFork},
		"entries away":        {func(p *platform) { p.some(1); p.broken = "tile/entries/000.p/13" }, ErrUnreachable},
		"other entries":       {func(p *platform) { p.some(1); p.spoil = swapLast }, ErrFork},
		"not entries":         {func(p *platform) { p.some(1); p.spoil = noEntries }, translog.ErrFormat},
		"entries of a future": {func(p *platform) { p.leaves = append(p.leaves, []byte{0x81}); p.size = len(p.leaves) }, translog.ErrFormat},
	} {
		p := newPlatform(t)
		p.some(12)
		m := Monitor{Log: p.log(), File: filepath.Join(t.TempDir(), "seen"), Issuers: []string{"MINE"}}
		if _, err := m.Look(ctx, collect(new([]Found))); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(m.File)
		if name == "another origin" {
			m.Log.Keys = append(m.Log.Keys, renamed(t, p.key, "other.example/log"))
		}
		c.lie(p)
		var found []Found
		if _, err := m.Look(ctx, collect(&found)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(m.File); !bytes.Equal(after, before) || len(found) > 0 {
			t.Errorf("%s is believed", name)
		}
	}
	p := newPlatform(t)
	p.some(3)
	w, _ := newWitness(t, p)
	if _, err := w.Cosign(ctx, time.Unix(1800000000, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := (Monitor{Log: p.log(), File: w.File}).Look(ctx, collect(new([]Found))); !errors.Is(err, ErrState) {
		t.Errorf("the file of a witness: %v", err)
	}
}

// swapLast puts another entry at the end of bundles.
func swapLast(path string, content []byte) []byte {
	if strings.HasPrefix(path, "tile/entries/") {
		content = bytes.Clone(content)
		content[len(content)-1] ^= 1
	}
	return content
}

func noEntries(path string, content []byte) []byte {
	if strings.HasPrefix(path, "tile/entries/") {
		return content[:len(content)-1]
	}
	return content
}

func TestProofsOfAHolder(t *testing.T) {
	secret := bytes.Repeat([]byte{5}, translog.SecretSize)
	content, _ := json.Marshal(map[string]any{"license_id": "1.2.3", "digest": "aa", "secret": secret, "proof": "x", "events": []any{map[string]any{"digest": "bb", "to": "valid"}}})
	w, digests, err := ReadProofs(content)
	if err != nil || w.LicenseID != "1.2.3" || !bytes.Equal(w.Secret, secret) || strings.Join(digests, " ") != "aa bb" {
		t.Errorf("%+v %v %v", w, digests, err)
	}
	for name, bad := range map[string]string{"nothing": "", "no secret": `{"license_id":"x"}`, "short secret": `{"license_id":"x","secret":"AA=="}`, "no licence": `{"secret":"` + base64.StdEncoding.EncodeToString(secret) + `"}`} {
		if _, _, err := ReadProofs([]byte(bad)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestAProofUnderACosignedCheckpoint(t *testing.T) {
	p := newPlatform(t)
	p.some(5)
	w, public := newWitness(t, p)
	old := p.checkpoint()
	proof := translog.Proof{Index: 3, Checkpoint: old}
	p.some(300)
	cosigned, err := w.Cosign(ctx, time.Unix(1800000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	better, err := p.log().Reanchor(ctx, proof, cosigned.Note)
	if err != nil {
		t.Fatal(err)
	}
	policy := translog.Policy{Log: w.Log.Keys, Witnesses: []translog.Key{public}, Quorum: 1}
	if o, err := better.Verify(translog.SM3, p.leaves[3], policy); err != nil || o.Size != 305 {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := better.Verify(translog.SM3, p.leaves[4], policy); !errors.Is(err, translog.ErrProof) {
		t.Errorf("another entry: %v", err)
	}
	if _, err := p.log().Reanchor(ctx, translog.Proof{Index: 400}, cosigned.Note); !errors.Is(err, translog.ErrProof) {
		t.Errorf("beyond the tree: %v", err)
	}
	if _, err := p.log().Reanchor(ctx, proof, []byte("x")); !errors.Is(err, translog.ErrFormat) {
		t.Errorf("no checkpoint: %v", err)
	}
}
