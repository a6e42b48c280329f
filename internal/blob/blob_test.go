package blob_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/blob"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func TestStoredDocumentComesBackAndDamageIsNamed(t *testing.T) {
	folder := t.TempDir()
	store, err := blob.OpenFiles(folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	content := bytes.Repeat([]byte("licence"), 1000)
	var name string
	for range 2 {
		if name, err = store.Put(ctx, content); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.Get(ctx, name)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d octets, %v", len(got), err)
	}
	left, _ := filepath.Glob(filepath.Join(folder, "*", ".new-*"))
	if len(left) != 0 {
		t.Fatalf("temporary files left: %v", left)
	}
	path := filepath.Join(folder, name[:2], name)
	content[5] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, name); !errors.Is(err, blob.ErrDamaged) {
		t.Fatalf("damaged document: %v", err)
	}
	if err := store.Health(); err != nil {
		t.Fatal(err)
	}
}

func TestF24EveryDamageIsNamedAndStoringAgainMendsIt(t *testing.T) {
	folder := t.TempDir()
	store, err := blob.OpenFiles(folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	content := bytes.Repeat([]byte("licence"), 1000)
	name, err := store.Put(ctx, content)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, name[:2], name)
	for what, damaged := range map[string][]byte{"a bit": append([]byte{content[0] ^ 1}, content[1:]...), "cut": content[:len(content)-1], "empty": nil, "longer": append(bytes.Clone(content), 0), "another document": []byte("other")} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Get(ctx, name); !errors.Is(err, blob.ErrDamaged) || got != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d octets, %v", what, len(got), err)
		}
		if again, err := store.Put(ctx, content); err != nil || again != name {
			t.Errorf("%s: %v", what, err)
		}
		if got, err := store.Get(ctx, name); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: storing it again did not mend it: %v", what, err)
		}
	}
}

func TestManyWritersOfOneDocument(t *testing.T) {
	folder := t.TempDir()
	content := bytes.Repeat([]byte("licence"), 10_000)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			store, err := blob.OpenFiles(folder, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			name, err := store.Put(context.Background(), content)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := store.Get(context.Background(), name); err != nil || !bytes.Equal(got, content) {
				t.Errorf("a reader saw half a document: %v", err)
			}
		})
	}
	group.Wait()
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if hidden, _ := filepath.Glob(filepath.Join(folder, "*", ".*")); err != nil || len(files)+len(hidden) != 1 {
		t.Errorf("files %v %v", files, hidden)
	}
}

// TestF02WriteThatFailsLeavesNothing: the folder cannot be made, because a file stands in its place.
func TestF02WriteThatFailsLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	store, err := blob.OpenFiles(folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	content := []byte("licence")
	name := digest.Hex(content)
	if err := os.WriteFile(filepath.Join(folder, name[:2]), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Put(context.Background(), content); err == nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := store.Get(context.Background(), name); err == nil {
		t.Error("it is there")
	}
	if err := os.Remove(filepath.Join(folder, name[:2])); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(context.Background(), content); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if store.Health() == nil {
		t.Error("healthy without a folder")
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "documents")
	store, err := blob.OpenFiles(folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	name, err := store.Put(context.Background(), []byte("licence"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{folder: 0o700, filepath.Join(folder, name[:2]): 0o700, filepath.Join(folder, name[:2], name): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestUnknownAndHostileNames(t *testing.T) {
	store, err := blob.OpenFiles(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "../../etc/passwd", "ab", "zz", strings.Repeat("A", 64), strings.Repeat("0", 63) + "/", strings.Repeat("0", 65), strings.Repeat("0", 64) + "\n", string(bytes.Repeat([]byte("0"), 64))} {
		if _, err := store.Get(context.Background(), name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestRemoveLeavesWhatWasStoredLately: one who stores a document and says afterwards that it is needed finds it there, whoever looked in between.
func TestRemoveLeavesWhatWasStoredLately(t *testing.T) {
	folder, ctx := t.TempDir(), context.Background()
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	store, err := blob.OpenFiles(folder, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	remove := func(what, name string, since time.Time, want bool) {
		t.Helper()
		if gone, err := store.Remove(ctx, name, since); err != nil || gone != want {
			t.Errorf("%s: gone %v, %v", what, gone, err)
		}
		if _, err := store.Get(ctx, name); want != errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
		if left, err := filepath.Glob(filepath.Join(folder, "*", ".*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v %v", what, left, err)
		}
	}
	put := func() string {
		t.Helper()
		name, err := store.Put(ctx, []byte("request"))
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	name := put()
	remove("stored at this moment", name, at, false)
	at = at.Add(24 * time.Hour)
	put()
	remove("stored again", name, at.Add(-time.Hour), false)
	remove("stored long ago", name, at.Add(time.Second), true)
	remove("gone before", name, at, true)
	remove("never there", digest.Hex(nil), at, true)
	remove("no address", "../../etc/passwd", at, true)

	// A process died after the file moved aside.
	aside := func() {
		t.Helper()
		put()
		if err := os.Rename(filepath.Join(folder, name[:2], name), filepath.Join(folder, name[:2], ".old-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	aside()
	remove("moved aside, stored long ago", name, at.Add(time.Second), true)
	aside()
	remove("moved aside, stored lately", name, at, false)
	if err := os.Rename(filepath.Join(folder, name[:2], name), filepath.Join(folder, name[:2], ".old-"+name)); err != nil {
		t.Fatal(err)
	}
	put()
	remove("moved aside, and stored anew", name, at, false)
	remove("all of it", name, at.Add(time.Second), true)
}
