// Package blob keeps documents as files: immutable, addressed by their SM3, written so that a crash leaves either the
// whole document or nothing. It knows nothing of what the octets mean.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ErrNotFound: no document has this address.
var ErrNotFound = errors.New("blob: no such document")

// ErrDamaged: the file's octets are not those that were stored.
var ErrDamaged = errors.New("blob: stored document is damaged")

var address = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Files is a store in a folder.
type Files struct{ folder string }

// OpenFiles makes the folder if need be.
func OpenFiles(folder string) (*Files, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("blob: make folder: %w", err)
	}
	return &Files{folder: folder}, nil
}

// Put stores a document and returns its address, the lower-case hex of its SM3. Storing it again changes nothing, unless
// the stored file is damaged: then it is replaced. When Put returns, document and directory entry are on disk.
func (f *Files) Put(ctx context.Context, content []byte) (string, error) {
	name := digest.Hex(content)
	target := f.path(name)
	if _, err := f.Get(ctx, name); err == nil {
		return name, nil
	}
	folder := filepath.Dir(target)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("blob: store: %w", err)
	}
	temporary, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return "", fmt.Errorf("blob: store: %w", err)
	}
	defer os.Remove(temporary.Name()) // gone after the rename; removes it after a failure
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return "", fmt.Errorf("blob: store: %w", err)
	}
	if err := os.Rename(temporary.Name(), target); err != nil {
		return "", fmt.Errorf("blob: store: %w", err)
	}
	if err := syncFolders(folder, filepath.Dir(folder)); err != nil {
		return "", fmt.Errorf("blob: store: %w", err)
	}
	return name, nil
}

// Get reads a document and checks that it is what was stored.
func (f *Files) Get(_ context.Context, name string) ([]byte, error) {
	if !address.MatchString(name) {
		return nil, ErrNotFound
	}
	content, err := os.ReadFile(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("blob: read: %w", err)
	}
	if digest.Hex(content) != name {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, name)
	}
	return content, nil
}

// Health reports whether the folder can be written.
func (f *Files) Health() error {
	probe, err := os.CreateTemp(f.folder, ".probe-*")
	if err != nil {
		return fmt.Errorf("blob: folder cannot be written: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (f *Files) path(name string) string {
	return filepath.Join(f.folder, name[:2], name)
}

func syncFolders(folders ...string) error {
	for _, folder := range folders {
		handle, err := os.Open(folder)
		if err != nil {
			return err
		}
		if err := errors.Join(handle.Sync(), handle.Close()); err != nil {
			return err
		}
	}
	return nil
}
