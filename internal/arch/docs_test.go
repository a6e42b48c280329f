package arch

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// documents lists the project's pages by their path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(testkit.Root(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || name == "target" || name == "dist" || len(name) > 1 && strings.HasPrefix(name, ".") && name != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".md") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(testkit.Root(), path)
		found[relative] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("only %d pages were found", len(found))
	}
	return found
}

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	mark    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksResolve: every relative link of a page leads to a file or folder, and to a heading where it names one.
func TestLinksResolve(t *testing.T) {
	pages := documents(t)
	links := 0
	for page, content := range pages {
		for _, found := range link.FindAllStringSubmatch(fence.ReplaceAllString(content, ""), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
				if _, err := os.Stat(filepath.Join(testkit.Root(), path)); err != nil {
					t.Errorf("%s links to %s, which is not there", page, found[1])
					continue
				}
			}
			if anchor != "" && !slices.Contains(anchors(pages[path]), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", page, found[1], path)
			}
		}
	}
	if links < 30 {
		t.Errorf("only %d links were found", links)
	}
}

// anchors are the names that code hosts give to headings.
func anchors(content string) []string {
	var names []string
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(content, ""), -1) {
		names = append(names, strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return names
}

// TestPagesNamedInSourceExist: a comment or a message that sends its reader to a page names one that is there.
func TestPagesNamedInSourceExist(t *testing.T) {
	pages := documents(t)
	named := regexp.MustCompile(`docs/[a-z0-9/_-]+\.md`)
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			content, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range named.FindAllString(string(content), -1) {
				if _, ok := pages[page]; !ok {
					t.Errorf("%s/%s names %s, which is not there", room(p.ImportPath), name, page)
				}
			}
		}
	}
}

// TestSamplesCompile: every whole program in a page builds.
func TestSamplesCompile(t *testing.T) {
	sample := regexp.MustCompile("(?ms)^( *)```go\n *package main\n.*?^ *```")
	built := 0
	for page, content := range documents(t) {
		for _, found := range sample.FindAllStringSubmatch(content, -1) {
			built++
			lines := strings.Split(found[0], "\n")
			for i := range lines {
				lines[i] = strings.TrimPrefix(lines[i], found[1])
			}
			file := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(file, []byte(strings.Join(lines[1:len(lines)-1], "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			command := exec.Command("go", "vet", file)
			command.Dir = testkit.Root()
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("a sample of %s does not compile: %v\n%s", page, err, out)
			}
		}
	}
	if built == 0 {
		t.Error("no sample was found")
	}
}

// TestLimitsAreThoseOfTheSource: the constants that docs/operations/limits.md names have the values that it gives.
func TestLimitsAreThoseOfTheSource(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\|.*\\| `([a-z0-9/]+)\\.([A-Za-z]+)` \\| `([^`]+)` \\|$")
	rows := row.FindAllStringSubmatch(documents(t)["docs/operations/limits.md"], -1)
	if len(rows) < 25 {
		t.Errorf("only %d limits were found", len(rows))
	}
	for _, found := range rows {
		folder, name, written := found[1], found[2], found[3]
		declared := regexp.MustCompile(`(?m)^(?:const)?\s+` + name + `\s*(?:[a-z0-9]+\s*)?=\s*(.*?)\s*(?://.*)?$`)
		values := []string{}
		sources, err := filepath.Glob(filepath.Join(testkit.Root(), folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			content, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range declared.FindAllStringSubmatch(string(content), -1) {
				values = append(values, value[1])
			}
		}
		if !slices.Equal(values, []string{written}) {
			t.Errorf("%s.%s is %q in the source, %q in limits.md", folder, name, values, written)
		}
	}
}

// sdkModules are the modules of others that a relying party gets with the SDK. Each is a promise to departments that
// audit what they install: the list grows only with a reason.
var sdkModules = []string{
	"github.com/emmansun/gmsm",      // SM2, SM3, SM4
	"github.com/fxamacker/cbor/v2",  // presentation codes and status lists
	"github.com/lestrrat-go/jwx/v2", // JOSE, with the five below
	"github.com/lestrrat-go/blackmagic",
	"github.com/lestrrat-go/httpcc",
	"github.com/lestrrat-go/httprc",
	"github.com/lestrrat-go/iter",
	"github.com/lestrrat-go/option",
	"github.com/x448/float16",            // of cbor
	"github.com/transparency-dev/merkle", // trees of transparency logs
	"golang.org/x/crypto",
	"golang.org/x/image", // typefaces of pages: a seal stands over a text where the server would put it
	"golang.org/x/mod",   // signed notes of transparency logs
	"golang.org/x/sys",   // of crypto, on some processors
	"golang.org/x/text",  // Unicode normal form of names in packages
}

func TestModulesOfTheSDK(t *testing.T) {
	command := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./sdk/...")
	command.Dir = testkit.Root()
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, path := range slices.Compact(slices.Sorted(slices.Values(strings.Fields(string(out))))) {
		if path+"/" != module && !slices.Contains(sdkModules, path) {
			t.Errorf("the SDK brings the module %s, which is not on the list", path)
		}
	}
}
