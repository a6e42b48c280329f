package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestOnlySharedVectorsAreSkipped: a test that passes over itself is a promise that nobody keeps. What the machine cannot give
// itself stands behind a build tag that the Makefile names.
func TestOnlySharedVectorsAreSkipped(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(testkit.Root(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || len(name) > 1 && strings.HasPrefix(name, ".") && name != "..") {
			return filepath.SkipDir
		}
		relative, err := filepath.Rel(testkit.Root(), path)
		if err != nil || !strings.HasSuffix(path, "_test.go") && !(strings.HasPrefix(relative, "internal/testkit/") && strings.HasSuffix(path, ".go")) || relative == "internal/testkit/shared.go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		seen++
		for _, call := range skips(file) {
			t.Errorf("%s calls %s", relative, call)
		}
		return nil
	})
	if err != nil || seen < 200 {
		t.Fatalf("%d files of tests: %v", seen, err)
	}
}

// skips names the calls by which a file of tests passes over something. A step of a model (rapid) and a trial of the
// conformance runner are no tests of ours.
func skips(file *ast.File) (calls []string) {
	ours := func(f *ast.FuncType) bool {
		return f.Params == nil || !slices.ContainsFunc(f.Params.List, func(p *ast.Field) bool {
			star, ok := p.Type.(*ast.StarExpr)
			if !ok {
				return false
			}
			if one, ok := star.X.(*ast.SelectorExpr); ok {
				base, _ := one.X.(*ast.Ident)
				return base != nil && base.Name == "rapid"
			}
			one, ok := star.X.(*ast.Ident)
			return ok && one.Name == "Trial"
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return ours(n.Type)
		case *ast.FuncLit:
			return ours(n.Type)
		case *ast.CallExpr:
			if selector, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, selector.Sel.Name) {
				base, _ := selector.X.(*ast.Ident)
				if base != nil && (selector.Sel.Name != "Short" || base.Name == "testing") {
					calls = append(calls, base.Name+"."+selector.Sel.Name)
				}
			}
		}
		return true
	})
	return calls
}

func TestSkipsAreFound(t *testing.T) {
	const source = `package x
func TestA(t *testing.T) { if testing.Short() { t.Skip("x") }; t.Run("y", func(t *testing.T) { t.SkipNow() }) }
func (m *machine) step(t *rapid.T) { t.Skip() }
var parts = map[string]func(context.Context, *Trial){"a": func(_ context.Context, t *Trial) { t.Skip("no") }}
func FuzzB(f *testing.F) { f.Skipf("%d", 1) }`
	file, err := parser.ParseFile(token.NewFileSet(), "x_test.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := skips(file); !slices.Equal(got, []string{"testing.Short", "t.Skip", "t.SkipNow", "f.Skipf"}) {
		t.Errorf("found %v", got)
	}
}
