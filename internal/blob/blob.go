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
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ErrNotFound: no document has this address.
var ErrNotFound = errors.New("blob: no such document")

// ErrDamaged: the file's octets are not those that were stored.
var ErrDamaged = errors.New("blob: stored document is damaged")

var address = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Files is a store in a folder.
type Files struct {
	folder string
	now    func() time.Time
}

// OpenFiles makes the folder if need be. The clock says when documents were stored.
func OpenFiles(folder string, now func() time.Time) (*Files, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("blob: make folder: %w", err)
	}
	return &Files{folder: folder, now: now}, nil
}

// Put stores a document and returns its address, the lower-case hex of its SM3. Storing it again changes nothing, unless
// the stored file is damaged: then it is replaced; but Remove sees that it was stored now. When Put returns, document and directory entry are on disk.
func (f *Files) Put(ctx context.Context, content []byte) (string, error) {
	name := digest.Hex(content)
	target := f.path(name)
	if _, err := f.Get(ctx, name); err == nil {
		if err := f.stored(target); err == nil {
			return name, nil
		} else if !errors.Is(err, fs.ErrNotExist) { // otherwise it was removed at this moment
			return "", fmt.Errorf("blob: store: %w", err)
		}
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
	if err := f.stored(temporary.Name()); err != nil {
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

// stored notes when a document was stored last.
func (f *Files) stored(path string) error {
	at := f.now()
	return os.Chtimes(path, at, at)
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

// Remove deletes a document that nobody stored since a time, and tells whether it is gone: also when it was before. Whoever puts a document and
// says soon afterwards that it is needed is safe from somebody who looked for needs in between. The file moves aside before its time is read, so
// that one who stores it at this moment either is seen or stores it anew; a removal that died in between is finished by the next one.
func (f *Files) Remove(_ context.Context, name string, since time.Time) (gone bool, err error) {
	if !address.MatchString(name) {
		return true, nil
	}
	target := f.path(name)
	folder := filepath.Dir(target)
	aside := filepath.Join(folder, ".old-"+name)
	lately := func(path string) (bool, error) {
		info, err := os.Stat(path)
		return err == nil && !info.ModTime().Before(since), err
	}
	fresh, err := lately(target)
	if err == nil && !fresh {
		err = os.Rename(target, aside)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("blob: remove: %w", err)
	}
	left, err := lately(aside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return !fresh, nil
	case err == nil && left:
		fresh, err = true, os.Rename(aside, target)
	case err == nil:
		err = os.Remove(aside)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = syncFolders(folder)
	}
	if err != nil {
		return false, fmt.Errorf("blob: remove: %w", err)
	}
	return !fresh, nil
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
