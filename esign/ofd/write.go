package ofd

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
)

// File is a file of a package to be written. The path is absolute.
type File struct {
	Path    string
	Content []byte
	Store   bool // without compression: for content that is compressed already
}

// Pack writes a package: files in the order given, no times, no data descriptors, so that the same files always give
// the same octets.
func Pack(files []File) ([]byte, error) {
	w := newPacker()
	for _, f := range files {
		if err := w.add(f); err != nil {
			return nil, err
		}
	}
	return w.close()
}

type packer struct {
	out  bytes.Buffer
	zip  *zip.Writer
	seen map[string]bool
}

func newPacker() *packer {
	p := &packer{seen: map[string]bool{}}
	p.zip = zip.NewWriter(&p.out)
	return p
}

func (p *packer) add(f File) error {
	name := strings.TrimPrefix(f.Path, "/")
	if failure := checkName(name); failure != nil {
		return failure
	}
	stored, method := f.Content, uint16(zip.Store)
	if !f.Store {
		packed, err := deflate(f.Content)
		if err != nil {
			return err
		}
		if len(packed) < len(f.Content) {
			stored, method = packed, zip.Deflate
		}
	}
	return p.raw(name, method, crc32.ChecksumIEEE(f.Content), stored, len(f.Content))
}

// raw adds stored octets as they are.
func (p *packer) raw(name string, method uint16, crc uint32, stored []byte, size int) error {
	if p.seen[fold(name)] {
		return refuse(CodeDuplicate, name, "two files have this name")
	}
	p.seen[fold(name)] = true
	header := &zip.FileHeader{Name: name, Method: method, CRC32: crc, CompressedSize64: uint64(len(stored)), UncompressedSize64: uint64(size), Flags: 0x800}
	w, err := p.zip.CreateRaw(header)
	if err == nil {
		_, err = w.Write(stored)
	}
	if err != nil {
		return fmt.Errorf("ofd: write %s: %w", name, err)
	}
	return nil
}

func (p *packer) close() ([]byte, error) {
	if err := p.zip.Close(); err != nil {
		return nil, fmt.Errorf("ofd: write package: %w", err)
	}
	return p.out.Bytes(), nil
}

// smallFile is what the quick compressor takes: the tables of the good one alone are 600 KiB to clear, for some octets less.
const smallFile = 8 << 10

// compressors are used again: making one costs over a megabyte and more time than a small file takes.
var quickCompressors, goodCompressors = compressorsOf(flate.BestSpeed), compressorsOf(flate.DefaultCompression)

func compressorsOf(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		compressor, err := flate.NewWriter(nil, level)
		if err != nil {
			panic(err) // the level is one of the library's own
		}
		return compressor
	}}
}

func deflate(content []byte) ([]byte, error) {
	compressors := goodCompressors
	if len(content) <= smallFile {
		compressors = quickCompressors
	}
	var out bytes.Buffer
	compressor := compressors.Get().(*flate.Writer)
	defer compressors.Put(compressor)
	compressor.Reset(&out)
	_, err := compressor.Write(content)
	if err == nil {
		err = compressor.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("ofd: compress: %w", err)
	}
	return out.Bytes(), nil
}

// Rewrite gives the package with some files replaced and others added at the end. Every other entry keeps its stored
// octets.
func (p *Package) Rewrite(changed map[string][]byte, added []File) ([]byte, error) {
	w := newPacker()
	w.out.Grow(p.roughSize(changed, added))
	for _, e := range p.entries {
		if e.isDir {
			continue
		}
		var err error
		if content, ok := changed["/"+e.name]; ok {
			err = w.add(File{Path: "/" + e.name, Content: content})
		} else {
			err = w.raw(e.name, e.method, e.crc, e.stored, int(e.size))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, f := range added {
		if err := w.add(f); err != nil {
			return nil, err
		}
	}
	return w.close()
}

// roughSize is about how long the package becomes, so that its octets are not moved while it is written.
func (p *Package) roughSize(changed map[string][]byte, added []File) int {
	const header = 128 // of an entry, and what the list says of it
	size := 0
	for _, e := range p.entries {
		size += len(e.stored) + 2*len(e.name) + header
	}
	for name, content := range changed {
		size += len(content) + 2*len(name) + header
	}
	for _, f := range added {
		size += len(f.Content) + 2*len(f.Path) + header
	}
	return size
}

// escape writes text for element content and attribute values.
func escape(text string) string {
	return escaper.Replace(text)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;")
