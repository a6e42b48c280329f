// Package typepackage reads packages of licence types from folders and archives, and signs and opens them as verifiers carry them: a signed
// object (keys/signed) with the files of elicense/catalog, so that a licence of a type that is not built in can be judged by the
// version it was made by, offline and years later.
//
// It is a leaf: file systems and octets go in. Who may publish a type is for the licence room to say.
package typepackage

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Errors. Callers compare with errors.Is; what is wrong inside a package wraps catalog.ErrType.
var (
	ErrArchive = errors.New("typepackage: the archive is refused")
	ErrFormat  = errors.New("typepackage: not a signed type package")
)

// MaxArchive bounds an archive, packed and unpacked.
const MaxArchive = 1 << 20

// ReadFolder reads the files of a package from a folder. Folders inside, links and files beyond the bound are refused. Errors wrap
// ErrArchive.
func ReadFolder(folder fs.FS) (map[string][]byte, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if len(files) > len(catalog.FileNames)+1 {
			return nil, fmt.Errorf("%w: more files than a package has", ErrArchive)
		}
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%w: %s is no file", ErrArchive, entry.Name())
		}
		file, err := folder.Open(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		content, err := io.ReadAll(io.LimitReader(file, catalog.MaxFile+1))
		_ = file.Close() // it was read
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		files[entry.Name()] = content
	}
	return files, nil
}

// ReadZIP reads the files of a package from a ZIP archive: at its top, or all in one folder. What an entry says of its size is not
// believed. Errors wrap ErrArchive.
func ReadZIP(data []byte) (map[string][]byte, error) {
	if len(data) > MaxArchive {
		return nil, fmt.Errorf("%w: larger than %d KiB", ErrArchive, MaxArchive>>10)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	if len(archive.File) > 2*len(catalog.FileNames) {
		return nil, fmt.Errorf("%w: more entries than a package has", ErrArchive)
	}
	files, folder, left := map[string][]byte{}, "", int64(MaxArchive)
	for i, entry := range archive.File {
		if entry.FileInfo().IsDir() {
			continue
		}
		dir, name := path.Split(entry.Name)
		if len(files) == 0 {
			folder = dir
		}
		_, twice := files[name]
		if dir != folder || strings.Count(dir, "/") > 1 || strings.ContainsAny(entry.Name, "\\:\x00") || strings.HasPrefix(entry.Name, "/") || dir == "../" || twice || !entry.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: entry %d does not lie beside the others, or is no file", ErrArchive, i+1)
		}
		reader, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		content, err := io.ReadAll(io.LimitReader(reader, min(left, catalog.MaxFile)+1))
		_ = reader.Close() // it was read
		if left -= int64(len(content)); err != nil || left < 0 {
			return nil, fmt.Errorf("%w: entry %d is damaged, or there is too much of it", ErrArchive, i+1)
		}
		files[name] = content
	}
	return files, nil
}

// Package is a signed type package.
type Package struct {
	Number uint64 // rises each time it is signed anew
	Issued time.Time
	Type   *catalog.Type
	Raw    []byte

	object *signed.Object
}

type fileBody struct {
	Name    string `cbor:"1,keyasint"`
	Content []byte `cbor:"2,keyasint"`
}

type body struct {
	Number uint64     `cbor:"1,keyasint"`
	Issued int64      `cbor:"2,keyasint"`
	Files  []fileBody `cbor:"3,keyasint"`
}

// Sign encodes and signs a type; see signed.SignObject. Errors wrap signed.ErrMake.
func Sign(t *catalog.Type, number uint64, issued time.Time, chain [][]byte, sign signed.SignFunc) ([]byte, error) {
	files := t.Files()
	b := body{Number: number, Issued: issued.Unix()}
	for _, name := range t.FileNames() {
		b.Files = append(b.Files, fileBody{name, files[name]})
	}
	return signed.SignObject(signed.KindType, b, chain, sign)
}

// Is tells whether the octets claim to be a signed type package.
func Is(data []byte) bool { return signed.Is(signed.KindType, data) }

// Open reads a signed package, checks the type inside and verifies the signature with the certificate inside; Judge says whether the
// signer is trusted. Errors wrap ErrFormat, signed.ErrFormat, signed.ErrSignature or catalog.ErrType.
func Open(data []byte) (*Package, error) {
	var b body
	object, err := signed.OpenObject(signed.KindType, data, &b)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	var names []string
	for _, file := range b.Files {
		files[file.Name] = file.Content
		names = append(names, file.Name)
	}
	if b.Number == 0 || b.Issued <= 0 || b.Issued > 1<<40 || !slices.Equal(names, catalog.FileNames) && !slices.Equal(names, append(slices.Clone(catalog.FileNames), catalog.FileRules)) {
		return nil, fmt.Errorf("%w: values of the package", ErrFormat)
	}
	t, err := catalog.Default().ReadToVerify(files)
	if err != nil {
		return nil, err
	}
	if t.Row.Status != catalog.StatusPublished {
		return nil, fmt.Errorf("%w: the type is a draft", ErrFormat)
	}
	return &Package{Number: b.Number, Issued: time.Unix(b.Issued, 0).UTC(), Type: t, Raw: data, object: object}, nil
}

// Judge asks whether the signer is trusted; see signed.Object.Judge. Errors wrap signed.ErrUntrusted.
func (p *Package) Judge(trust signed.Trust) (signed.Signer, error) {
	if p.object == nil {
		return signed.Signer{}, fmt.Errorf("%w: the package is not signed", signed.ErrUntrusted)
	}
	return p.object.Judge(trust)
}
