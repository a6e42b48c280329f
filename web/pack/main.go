// Command pack makes the verifier that the page /verify loads into the browser (docs/decisions/0014-browser-verifier.md): sdk/wasm, built
// and compressed into static/verify.wasm.gz, and the loader of the same Go release beside the islands. It runs in web, by go generate.
//
// Building takes half a minute, so it is done only when a source changed: pack.json holds the digest of every file of ours and the version
// of every module that the program is made of. A test of sdk/wasm builds it anew and compares the octets.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	program  = "../sdk/wasm"
	goflags  = program + "/goflags" // how everybody builds it, so that all get the same octets
	packed   = "static/verify.wasm.gz"
	loader   = "islands/wasm_exec.js"
	manifest = "pack/pack.json"
)

// record is what pack.json holds.
type record struct {
	Go      string `json:"go"`      // release that built it
	Sources string `json:"sources"` // SHA-256 over what it was built from
	Program string `json:"program"` // SHA-256 of the program
	Octets  int    `json:"octets"`  // of the program
	Packed  string `json:"packed"`  // SHA-256 of the compressed file
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run() error {
	sources, err := digestOfSources()
	if err != nil {
		return err
	}
	if known(sources) {
		return nil
	}
	folder, err := os.MkdirTemp("", "pack")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "verify.wasm")
	if _, err := command("build", "-o", file, program); err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	root, err := command("env", "GOROOT")
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(record{Go: runtime.Version(), Sources: sources, Program: sum(content), Octets: len(content), Packed: sum(out.Bytes())}, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{packed: out.Bytes(), loader: script, manifest: append(text, '\n')} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// known tells whether the committed file was made of these sources.
func known(sources string) bool {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return false
	}
	var r record
	if json.Unmarshal(text, &r) != nil || r.Sources != sources {
		return false
	}
	content, err := os.ReadFile(packed)
	return err == nil && sum(content) == r.Packed
}

func command(arguments ...string) ([]byte, error) {
	c := exec.Command("go", arguments...)
	chosen, err := os.ReadFile(goflags)
	if err != nil {
		return nil, err
	}
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS="+strings.TrimSpace(string(chosen)))
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("go %s: %s", arguments[0], exit.Stderr)
	}
	return out, err
}

// digestOfSources covers every file of ours that the program is made of and the version of every module.
func digestOfSources() (string, error) {
	listed, err := command("list", "-deps", "-json=ImportPath,Dir,GoFiles,EmbedFiles,Standard,Module", program)
	if err != nil {
		return "", err
	}
	var lines []string
	decoder := json.NewDecoder(bytes.NewReader(listed))
	for {
		var p struct {
			ImportPath, Dir     string
			GoFiles, EmbedFiles []string
			Standard            bool
			Module              *struct {
				Path, Version string
				Main          bool
			}
		}
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if p.Standard || p.Module == nil {
			continue
		}
		if !p.Module.Main {
			lines = append(lines, p.ImportPath+" "+p.Module.Path+" "+p.Module.Version)
			continue
		}
		for _, name := range append(p.GoFiles, p.EmbedFiles...) {
			content, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return "", err
			}
			lines = append(lines, p.ImportPath+"/"+name+" "+sum(content))
		}
	}
	chosen, err := os.ReadFile(goflags)
	if err != nil {
		return "", err
	}
	lines = append(lines, "flags "+sum(chosen))
	slices.Sort(lines)
	return sum([]byte(strings.Join(lines, "\n"))), nil
}
