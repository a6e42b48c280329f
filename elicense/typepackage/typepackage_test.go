package typepackage

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

func sample(t testing.TB) *catalog.Type {
	t.Helper()
	return catalog.Types()[0]
}

type zipEntry struct {
	name    string
	content []byte
	mode    fs.FileMode
}

func archive(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			header.SetMode(e.mode)
		}
		f, err := w.CreateHeader(header)
		if err == nil {
			_, err = f.Write(e.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func entries(t testing.TB, folder string) (list []zipEntry) {
	t.Helper()
	files := sample(t).Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, zipEntry{name: folder + name, content: files[name]})
	}
	return list
}

func TestArchives(t *testing.T) {
	want := sample(t).Files()
	for name, list := range map[string][]zipEntry{
		"at the top":   entries(t, ""),
		"in a folder":  entries(t, "package/"),
		"with folders": append([]zipEntry{{name: "package/"}}, entries(t, "package/")...),
	} {
		files, err := ReadZIP(archive(t, list...))
		if err != nil || !maps.EqualFunc(files, want, bytes.Equal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHostileArchives(t *testing.T) {
	good := entries(t, "")
	for name, data := range map[string][]byte{
		"no archive":       []byte("PK"),
		"larger than all":  make([]byte, MaxArchive+1),
		"climbs":           archive(t, append(slices.Clone(good), zipEntry{name: "../type.json", content: []byte("{}")})...),
		"only climbs":      archive(t, zipEntry{name: "../type.json", content: []byte("{}")}),
		"absolute":         archive(t, zipEntry{name: "/type.json", content: []byte("{}")}),
		"a drive":          archive(t, zipEntry{name: "c:type.json", content: []byte("{}")}),
		"backslash":        archive(t, zipEntry{name: `x\type.json`, content: []byte("{}")}),
		"folder in folder": archive(t, zipEntry{name: "a/b/type.json", content: []byte("{}")}),
		"two folders":      archive(t, zipEntry{name: "a/type.json", content: []byte("{}")}, zipEntry{name: "b/face.json", content: []byte("{}")}),
		"a name twice":     archive(t, append(slices.Clone(good), good[0])...),
		"a link":           archive(t, zipEntry{name: "type.json", content: []byte("/etc/passwd"), mode: fs.ModeSymlink | 0o777}),
		"too many":         archive(t, slices.Repeat(good, 3)...),
		"unpacks to a lot": archive(t, zipEntry{name: "a.json", content: make([]byte, 300<<10)}, zipEntry{name: "b.json", content: make([]byte, 300<<10)}, zipEntry{name: "c.json", content: make([]byte, 300<<10)}, zipEntry{name: "d.json", content: make([]byte, 300<<10)}, zipEntry{name: "e.json", content: make([]byte, 300<<10)}),
	} {
		if _, err := ReadZIP(data); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One file beyond its bound is cut there, and refused when the package is read.
	files, err := ReadZIP(archive(t, zipEntry{name: "type.json", content: make([]byte, catalog.MaxFile+100)}))
	if err != nil || len(files["type.json"]) != catalog.MaxFile+1 {
		t.Errorf("%d octets, %v", len(files["type.json"]), err)
	}
}

func TestFolders(t *testing.T) {
	tree := fstest.MapFS{}
	for name, content := range sample(t).Files() {
		tree[name] = &fstest.MapFile{Data: content}
	}
	files, err := ReadFolder(tree)
	if err != nil || len(files) != len(catalog.FileNames) {
		t.Fatal(files, err)
	}
	tree["more/x"] = &fstest.MapFile{Data: []byte("x")}
	if _, err := ReadFolder(tree); !errors.Is(err, ErrArchive) {
		t.Errorf("a folder inside: %v", err)
	}
	delete(tree, "more/x")
	for i := range 10 {
		tree["x"+strings.Repeat("x", i)] = &fstest.MapFile{}
	}
	if _, err := ReadFolder(tree); !errors.Is(err, ErrArchive) {
		t.Errorf("many files: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "no object": []byte("x"), "another kind": {0x84, 0x65, 'Y', 'X', 'S', 'L', '1'}} {
		if _, err := Open(data); !errors.Is(err, signed.ErrFormat) || Is(data) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&Package{}).Judge(signed.Trust{}); !errors.Is(err, signed.ErrUntrusted) {
		t.Errorf("not signed: %v", err)
	}
}

func FuzzReadZIP(f *testing.F) {
	f.Add(archive(f, entries(f, "")...))
	f.Add(archive(f, entries(f, "x/")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := ReadZIP(data)
		total := 0
		for name, content := range files {
			total += len(content)
			if strings.ContainsAny(name, `/\`) {
				t.Errorf("%q", name)
			}
		}
		if err == nil && total > MaxArchive {
			t.Errorf("%d octets", total)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{0x84, 0x65, 'Y', 'X', 'T', 'P', '1'})
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = Open(data) })
}
