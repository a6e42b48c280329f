package sealing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxResults bounds a file of results that is read again, in octets.
const maxResults = 512 << 20

// resultLog is the file of results: a line for each thing that happened to a file, the last one counts. A run that starts again reads it and
// goes on writing behind it.
type resultLog struct {
	file *os.File
	last map[string]FileResult
}

// openResults reads what earlier runs wrote. A line without its end is what a run wrote while it died, and is cut off; anything else that is no
// line of results is refused, since the file may be somebody else's.
func openResults(path string) (*resultLog, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &resultLog{file: file, last: map[string]FileResult{}}
	if err := l.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *resultLog) read() error {
	content, err := io.ReadAll(io.LimitReader(l.file, maxResults+1))
	switch {
	case err != nil:
		return err
	case len(content) > maxResults:
		return errors.New("too large for a file of results")
	}
	whole := bytes.LastIndexByte(content, '\n') + 1
	for line := range bytes.Lines(content[:whole]) {
		var result FileResult
		if err := json.Unmarshal(line, &result); err != nil || result.File == "" || result.State == "" {
			return errors.New("this is no file of results")
		}
		l.last[result.File] = result
	}
	if tail := content[whole:]; len(tail) > 0 && tail[0] != '{' {
		return errors.New("this is no file of results")
	}
	if err := l.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = l.file.Seek(int64(whole), io.SeekStart)
	return err
}

// write adds a line that is on the disk when it returns.
func (l *resultLog) write(result FileResult) error {
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return err
	}
	l.last[result.File] = result
	return l.file.Sync()
}

func (l *resultLog) close() error { return l.file.Close() }

// writeFile puts a file in its place whole or not at all.
func writeFile(path string, content []byte) (err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".sealing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // what matters is why it could not be written
		}
	}()
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
