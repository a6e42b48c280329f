// Package arch holds the rules of the house as tests: who may import whom, one door for each library of the owner, and
// where time and randomness may be named.
package arch

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

const module = "github.com/yinxin-gov/yinxin/"

// leaves have no I/O, clock, logger or global state and build for WASM.
var leaves = []string{
	"internal/strictjson", "web/verdict",
	"esign/ses", "esign/ofd", "esign/pdf", "esign/verify", "esign/sealstatus", "esign/typeface", "esign/sealimage", "esign/render", "esign/preview", "esign/prepare", "esign/sheet", "esign/pdfpage", "esign/etsi", "keys/pki", "keys/pki/der", "keys/pki/tst", "keys/jose", "keys/signed", "keys/trustlist", "keys/digest", "keys/block", "idp/subject",
	"elicense/catalog", "elicense/typepackage", "elicense/region", "elicense/counterbundle", "elicense/licensefile", "elicense/evidence", "elicense/licenseface", "elicense/licensephoto", "elicense/facedesign", "elicense/readingcopy", "elicense/licensecopy", "elicense/statuslist", "elicense/presentation", "elicense/translog", "elicense/batchfile",
}

// doors: a library of the owner and the only folders (with all below them) that may import it.
var doors = []struct {
	library string
	folders []string
}{
	{"github.com/ory/", []string{"idp/oauth"}},
	{"github.com/go-jose/", nil},
	{"github.com/go-webauthn/", []string{"idp/authn"}},
	{"github.com/hashicorp/vault/", []string{"keys/vault"}},
	{"github.com/lestrrat-go/jwx/", []string{"keys/jose"}},
	{"github.com/emmansun/gmsm", append([]string{"keys", "elicense/typetrial"}, leaves...)}, // a trial throws its keys away, so that no provider keeps them,
	{"github.com/danielgtaylor/huma/", []string{"idp/idphttp", "idp/adminhttp", "idp/counterhttp", "idp/staffhttp", "esign/sealhttp", "elicense/licensehttp", "internal/app", "internal/problem"}},
	{"modernc.org/sqlite", []string{"internal/sqldb"}},
	{"github.com/jackc/pgx/", []string{"internal/sqldb", "internal/testkit"}},
}

// leafLibraries: what a leaf may import beside the standard library, SM cryptography and other leaves.
var leafLibraries = map[string][]string{
	"keys/jose":             {"github.com/lestrrat-go/jwx/"},
	"keys/signed":           {"github.com/fxamacker/cbor/"},
	"elicense/presentation": {"github.com/fxamacker/cbor/"},
	"elicense/translog":     {"github.com/transparency-dev/merkle", "golang.org/x/mod/sumdb/note"},
	"elicense/licenseface":  {"github.com/boombuler/barcode/qr"},
	"esign/typeface":        {"golang.org/x/image/"},
	"esign/render":          {"golang.org/x/image/"},
	"esign/ofd":             {"golang.org/x/text/unicode/norm"},
	"idp/subject":           {"golang.org/x/text/"},
	"elicense/batchfile":    {"golang.org/x/text/encoding/simplifiedchinese"},
}

// maskedValues: values of these leaves mask themselves when they are logged (log/slog.LogValuer).
var maskedValues = []string{"idp/subject"}

// forbiddenInLeaves are standard packages with I/O, clock or logger.
var forbiddenInLeaves = []string{"net", "net/http", "os", "os/exec", "database/sql", "log", "log/slog", "io/ioutil", "syscall"}

type goPackage struct {
	ImportPath string
	Imports    []string
	Dir        string
	GoFiles    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports,Dir,GoFiles", "./...")
	command.Dir = testkit.Root()
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func room(path string) string { return strings.TrimPrefix(path, module) }

func isLeaf(path string) bool { return slices.Contains(leaves, room(path)) }

func inFolder(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return room(path) == f || strings.HasPrefix(room(path), f+"/") })
}

func TestLeavesImportOnlyLeaves(t *testing.T) {
	for _, p := range packages(t) {
		if !isLeaf(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			allowed := isLeaf(imported) || strings.HasPrefix(imported, "github.com/emmansun/gmsm") || strings.HasPrefix(imported, "golang.org/x/crypto/") ||
				slices.ContainsFunc(leafLibraries[room(p.ImportPath)], func(l string) bool { return strings.HasPrefix(imported, l) })
			if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				allowed = !slices.Contains(forbiddenInLeaves, imported) || imported == "log/slog" && slices.Contains(maskedValues, room(p.ImportPath))
			}
			if !allowed {
				t.Errorf("leaf %s imports %s", room(p.ImportPath), imported)
			}
		}
	}
}

func TestOneDoorForEachLibrary(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for _, door := range doors {
				if strings.HasPrefix(imported, door.library) && !inFolder(p.ImportPath, door.folders) {
					t.Errorf("%s imports %s, whose door is %v", room(p.ImportPath), imported, door.folders)
				}
			}
		}
	}
}

// TestRoomsMeetOnlyThroughInterfaces: a room imports no other room's domain or adapters; leaves and the root of keys are
// open to all, internal/app joins the rest.
func TestRoomsMeetOnlyThroughInterfaces(t *testing.T) {
	rooms := []string{"idp", "esign", "elicense"}
	top := func(path string) string { return strings.SplitN(room(path), "/", 2)[0] }
	for _, p := range packages(t) {
		from := top(p.ImportPath)
		if !slices.Contains(rooms, from) {
			continue
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, module) || isLeaf(imported) {
				continue
			}
			if to := top(imported); slices.Contains(rooms, to) && to != from {
				t.Errorf("%s imports %s of another room", room(p.ImportPath), room(imported))
			}
		}
	}
}

func TestNobodyImportsTheAssembly(t *testing.T) {
	for _, p := range packages(t) {
		if inFolder(p.ImportPath, []string{"cmd", "internal/app", "internal/quickstart", "internal/mock"}) {
			continue
		}
		if slices.Contains(p.Imports, module+"internal/app") {
			t.Errorf("%s imports internal/app", room(p.ImportPath))
		}
	}
}

// TestDomainKnowsNoTechnology: domain packages import neither SQL nor HTTP adapters nor pages.
func TestDomainKnowsNoTechnology(t *testing.T) {
	domain := []string{"idp", "idp/counter", "idp/foureyes", "idp/staff", "idp/grants", "idp/authflow", "idp/authn", "idp/session", "idp/tokens", "idp/proofing", "idp/intake", "idp/reconcile", "idp/registry", "idp/bridge", "idp/bridge/cas", "idp/bridge/ticket", "idp/federation", "esign", "elicense", "elicense/forgery", "keys", "keys/tsa"}
	for _, p := range packages(t) {
		if !slices.Contains(domain, room(p.ImportPath)) {
			continue
		}
		for _, imported := range p.Imports {
			switch {
			case imported == "database/sql", imported == "net/http", imported == "html/template",
				inFolder(imported, []string{"internal/sqldb", "internal/audit/auditdb", "internal/outbox/outboxdb", "internal/problem", "web"}),
				strings.HasPrefix(imported, module) && (strings.HasSuffix(imported, "db") || strings.HasSuffix(imported, "http")):
				t.Errorf("domain %s imports %s", room(p.ImportPath), imported)
			}
		}
	}
}

func TestSDKAndConformanceStandOnLeaves(t *testing.T) {
	for _, p := range packages(t) {
		if !inFolder(p.ImportPath, []string{"sdk", "conformance"}) {
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module) && !isLeaf(imported) && !inFolder(imported, []string{"sdk", "conformance"}) {
				t.Errorf("%s imports %s", room(p.ImportPath), room(imported))
			}
		}
	}
}

// clockPlaces may name time.Now; randomPlaces may name rand.Reader. The SDK is the outermost layer of somebody else's
// program, so it holds defaults of its own, and so does the relying party that meets foreign servers; the quickstart plays
// such programs.
var (
	clockPlaces  = []string{"bench", "internal/app", "internal/mock", "internal/mutants", "internal/quickstart", "internal/testkit", "cmd", "sdk", "conformance/party", "conformance/oidf/run"}
	randomPlaces = []string{"bench", "internal/app", "internal/ident", "internal/mock", "internal/quickstart", "internal/testkit", "cmd", "sdk", "conformance/party", "conformance/oidf/run"}
)

func TestClockAndRandomnessAreInjected(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				base, ok := selector.X.(*ast.Ident)
				if !ok || base.Obj != nil {
					return true
				}
				if base.Name == "time" && (selector.Sel.Name == "Now" || selector.Sel.Name == "Since" || selector.Sel.Name == "Until") && !inFolder(p.ImportPath, clockPlaces) && !isTestHelper(p) {
					t.Errorf("%s/%s names time.%s", room(p.ImportPath), name, selector.Sel.Name)
				}
				if base.Name == "rand" && selector.Sel.Name == "Reader" && !inFolder(p.ImportPath, randomPlaces) && !isTestHelper(p) {
					t.Errorf("%s/%s names rand.Reader", room(p.ImportPath), name)
				}
				return true
			})
		}
	}
}

// TestEveryTableIsWrittenSafely (I-19): CSV leaves through internal/safecsv alone, whose cells are no formulas.
func TestEveryTableIsWrittenSafely(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) == "internal/safecsv" || isTestHelper(p) {
			continue
		}
		for _, name := range p.GoFiles {
			content, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(content), "csv.NewWriter(") {
				t.Errorf("%s/%s writes CSV itself", room(p.ImportPath), name)
			}
		}
	}
}

// isTestHelper: packages named …test serve tests only.
func isTestHelper(p goPackage) bool { return strings.HasSuffix(p.ImportPath, "test") }

func TestLeavesBuildForTheBrowser(t *testing.T) {
	arguments := []string{"build", "-o", os.DevNull}
	for _, leaf := range leaves {
		if _, err := os.Stat(filepath.Join(testkit.Root(), leaf)); !errors.Is(err, fs.ErrNotExist) {
			arguments = append(arguments, "./"+leaf)
		}
	}
	command := exec.Command("go", arguments...)
	command.Dir = testkit.Root()
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("leaves do not build for WASM: %v\n%s", err, out)
	}
}

// TestSourcesAreCountedAsTheyAreGivenOut: whoever has one IPv6 address has 2^64, so tries are counted on Request.Source and never on the
// address. It is named where it is shown or kept for the person: sessions, devices, and the network that is compared.
func TestSourcesAreCountedAsTheyAreGivenOut(t *testing.T) {
	shown := map[string]bool{
		"internal/app/edge.go": true, "idp/staffhttp/staffhttp.go": true, "idp/idphttp/server.go": true, "idp/idphttp/devices.go": true, "idp/idphttp/qr.go": true,
		"idp/authn/sources.go": true, "esign/flags.go": true, // by reqctx.Network
	}
	for _, p := range packages(t) {
		if room(p.ImportPath) == "internal/reqctx" || isTestHelper(p) {
			continue
		}
		for _, name := range p.GoFiles {
			content, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if path := room(p.ImportPath) + "/" + name; strings.Contains(string(content), ".ClientIP") && !shown[path] {
				t.Errorf("%s reads the address of a caller: count on Source", path)
			}
		}
	}
}
