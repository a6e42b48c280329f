package blob_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/blob"
)

func TestStoredDocumentComesBackAndDamageIsNamed(t *testing.T) {
	folder := t.TempDir()
	store, err := blob.OpenFiles(folder)
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

func TestUnknownAndHostileNames(t *testing.T) {
	store, err := blob.OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "../../etc/passwd", "ab", "zz", string(bytes.Repeat([]byte("0"), 64))} {
		if _, err := store.Get(context.Background(), name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
