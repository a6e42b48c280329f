package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// staticSet holds the static files in memory, plain and compressed.
type staticSet struct {
	files map[string]staticFile // by path
}

type staticFile struct {
	content     []byte // nil for what is kept compressed only
	compressed  []byte // gzip; nil when it does not help
	contentType string
	worker      bool   // a script that runs without a page
	version     string // first 12 hex digits of SHA-256
}

// embedded are the files of this release, which are hashed and compressed once however many renderers there are.
var embedded = sync.OnceValues(func() (*staticSet, error) { return newStaticSet(staticFiles) })

func newStaticSet(source fs.FS) (*staticSet, error) {
	set := &staticSet{files: map[string]staticFile{}}
	err := fs.WalkDir(source, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		name = strings.TrimPrefix(name, "static/")
		file := staticFile{content: content, contentType: contentTypeOf(name), version: hex.EncodeToString(sum[:6])}
		if plain, ok := strings.CutSuffix(name, ".gz"); ok { // too large to be compressed at each start
			name = plain
			file.content, file.compressed, file.contentType = nil, content, contentTypeOf(plain)
		} else if file.compressed, err = compress(content); err != nil {
			return err
		}
		file.worker = workers[name] != ""
		set.files[pathOf(name)] = file
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: load static files: %w", err)
	}
	return set, nil
}

// Paths of scripts that run without a page: the worker that checks files, and the one that answers for /verify where there is no network. A
// browser lets the second speak for what lies below its own path, so they are not below /static/.
const (
	VerifyWorkerPath  = "/verify/worker.js"
	VerifyOfflinePath = "/verify/offline.js"
)

var workers = map[string]string{"verify-worker.js": VerifyWorkerPath, "verify-offline.js": VerifyOfflinePath}

// pathOf is the path at which a static file is served.
func pathOf(name string) string {
	if path, ok := workers[name]; ok {
		return path
	}
	return "/static/" + name
}

// workerPolicy is that of the workers of /verify, and of nothing else: they may run the verifier, which needs a word of its own, and ask this
// site. Pages themselves never get that word.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

// contentTypeOf does not ask the machine's own tables for the types that we serve.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func compress(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() >= len(content) {
		return nil, nil
	}
	return out.Bytes(), nil
}

func uncompress(content []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r) // a file of ours
}

// size is the number of octets of a static file as it is used.
func (s *staticSet) size(name string) (int, error) {
	file, ok := s.files[pathOf(name)]
	if !ok {
		return 0, fmt.Errorf("web: there is no static file %q", name)
	}
	if file.content != nil {
		return len(file.content), nil
	}
	return int(binary.LittleEndian.Uint32(file.compressed[len(file.compressed)-4:])), nil // ISIZE of RFC 1952 2.3.1
}

// address is the URL of a static file with its version, so that it may be cached for ever.
func (s *staticSet) address(name string) (string, error) {
	file, ok := s.files[pathOf(name)]
	if !ok {
		return "", fmt.Errorf("web: there is no static file %q", name)
	}
	return pathOf(name) + "?v=" + file.version, nil
}

// Static serves /static/ and the scripts of workers with ETag; an address with the right version may be kept for a year.
func (rd *Renderer) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := rd.static.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		file.serve(w, r)
	})
}

func (f staticFile) serve(w http.ResponseWriter, r *http.Request) {
	content, tag := f.content, `"`+f.version+`"`
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=300")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.compressed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content, tag = f.compressed, `"`+f.version+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	if f.worker {
		h.Set("Content-Security-Policy", workerPolicy)
		h.Set("Service-Worker-Allowed", "/verify")
	}
	if content == nil { // nearly no browser takes no gzip
		plain, err := uncompress(f.compressed)
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		content = plain
	}
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodHead {
		return
	}
	w.Write(content)
}
