package batchfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Bounds of an archive of documents (security rule R11), beside MaxOctets for the archive itself.
const (
	MaxArchived      = 1000
	MaxDocument      = 10 << 20 // octets of one, unpacked
	MaxUnpacked      = 64 << 20 // octets of all, unpacked
	maxDocumentName  = 300      // octets
	documentFileName = "ofd"
)

// ErrArchive is an archive that is none, holds no document, or names one twice.
var ErrArchive = errors.New("batchfile: it cannot be read as an archive of documents")

// Document is a file of an archive.
type Document struct {
	Name    string
	Content []byte // nil when it cannot be unpacked or is no OFD by its name
}

// Documents unpacks a ZIP in the order of its entries; folders are left out. Names are UTF-8 or, in archives of Chinese desktops, GB 18030. Errors
// are ErrTooLarge and ErrArchive.
func Documents(content []byte) ([]Document, error) {
	if len(content) > MaxOctets {
		return nil, ErrTooLarge
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, ErrArchive
	}
	var list []Document
	names, left := map[string]bool{}, int64(MaxUnpacked)
	for _, entry := range archive.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		name := entry.Name
		if !utf8.ValidString(name) {
			if name, err = simplifiedchinese.GB18030.NewDecoder().String(name); err != nil {
				return nil, ErrArchive
			}
		}
		folded := strings.ToLower(name)
		if len(name) > maxDocumentName || names[folded] || strings.ContainsRune(name, utf8.RuneError) {
			return nil, ErrArchive
		}
		names[folded] = true
		if len(list) == MaxArchived {
			return nil, ErrTooLarge
		}
		d := Document{Name: name}
		if strings.HasSuffix(folded, "."+documentFileName) {
			if d.Content, err = unpack(entry, min(left, MaxDocument)); errors.Is(err, ErrTooLarge) {
				return nil, err
			}
			left -= int64(len(d.Content))
		}
		list = append(list, d)
	}
	if len(list) == 0 {
		return nil, ErrArchive
	}
	return list, nil
}

// unpack reads an entry; what the entry says of its size is not believed.
func unpack(entry *zip.File, most int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > most:
		return nil, ErrTooLarge
	}
	return content, nil
}
