package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// roomsOfStaff are the packages that have pages of staff.
var roomsOfStaff = []string{"../../idp/idphttp", "../../idp/adminhttp", "../../idp/staffhttp", "../../idp/counterhttp", "../../esign/sealhttp", "../../elicense/licensehttp"}

var (
	staffPageRow = regexp.MustCompile("(?m)^\\| `((?:GET|POST) [^`]*)` \\| ([^|]*) \\|$")
	wordOfButton = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// staffRoutes are the routes of the pages of staff in a package; what stands for a base that two places share is written out.
func staffRoutes(t *testing.T, folder string) (routes []string) {
	t.Helper()
	constants := map[string]string{"StaffPath": federation.StaffPath}
	routesWith(t, constants, folder)
	for _, route := range routesWith(t, constants, folder) { // now with those of files that come later
		method, path, ok := strings.Cut(route, " ")
		bases := []string{""}
		if ok && strings.HasSuffix(folder, "adminhttp") && (path == "" || strings.HasPrefix(path, "/{kind}")) {
			bases = []string{"/admin/peers", "/admin/vocabulary"}
		}
		for _, base := range bases {
			if staffPage.MatchString(base + path) {
				routes = append(routes, method+" "+base+path)
			}
		}
	}
	return routes
}

// literals are the words in a piece of source that a button may have.
func literals(node ast.Node) (words []string) {
	ast.Inspect(node, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if word, err := strconv.Unquote(literal.Value); err == nil && wordOfButton.MatchString(word) {
				words = append(words, word)
			}
		}
		return true
	})
	return words
}

// buttons are the words that handlers of a package take for {action}, by the name of the handler: what they compare it with, the keys of the
// table in which they look it up, or the first word of each row of the package's table that they go through.
func buttons(t *testing.T, folder string) map[string][]string {
	t.Helper()
	found, tables := map[string][]string{}, map[string][]string{}
	set := token.NewFileSet()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var handlers []*ast.FuncDecl
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			switch d := declared.(type) {
			case *ast.FuncDecl:
				asks := false
				ast.Inspect(d, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
						named, ok := call.Fun.(*ast.SelectorExpr)
						asks = asks || ok && named.Sel.Name == "PathValue" && slices.Equal(literals(call.Args[0]), []string{"action"})
					}
					return true
				})
				if asks {
					handlers = append(handlers, d)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					value, ok := spec.(*ast.ValueSpec)
					if !ok || len(value.Values) != 1 {
						continue
					}
					if table, ok := value.Values[0].(*ast.CompositeLit); ok {
						for _, row := range table.Elts {
							if cells, ok := row.(*ast.CompositeLit); ok && len(cells.Elts) > 0 {
								if _, plain := cells.Elts[0].(*ast.BasicLit); plain {
									tables[value.Names[0].Name] = append(tables[value.Names[0].Name], literals(cells.Elts[0])...)
								}
							}
						}
					}
				}
			}
		}
	}
	for _, handler := range handlers {
		var words []string
		ast.Inspect(handler, func(n ast.Node) bool {
			switch one := n.(type) {
			case *ast.CaseClause:
				for _, value := range one.List {
					words = append(words, literals(value)...)
				}
			case *ast.BinaryExpr:
				if name, ok := one.X.(*ast.Ident); ok && name.Name == "action" {
					words = append(words, literals(one.Y)...)
				}
			case *ast.IndexExpr:
				if table, ok := one.X.(*ast.CompositeLit); ok {
					for _, row := range table.Elts {
						words = append(words, literals(row.(*ast.KeyValueExpr).Key)...)
					}
				}
			case *ast.RangeStmt:
				if name, ok := one.X.(*ast.Ident); ok {
					words = append(words, tables[name.Name]...)
				}
			}
			return true
		})
		found[handler.Name.Name] = slices.Compact(slices.Sorted(slices.Values(words)))
	}
	return found
}

// TestX23EveryPageOfStaffIsAnOperation: docs/reference/staff-pages.md names for each page and each button of staff the operations that do
// the same, all of them are in the document, and what has none says why.
func TestX23EveryPageOfStaffIsAnOperation(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "reference", "staff-pages.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range staffPageRow.FindAllStringSubmatch(string(content), -1) {
		if rows[row[1]] != "" {
			t.Errorf("%s stands there twice", row[1])
		}
		rows[row[1]] = row[2]
	}
	operations := map[string]bool{}
	for _, methods := range apiDocumentOf(t, apptest.Start(t, database(t))).Paths {
		for _, o := range methods {
			operations[o.OperationID] = true
		}
	}
	left := maps.Clone(rows)
	for _, folder := range roomsOfStaff {
		words := buttons(t, folder)
		for _, route := range staffRoutes(t, folder) {
			expanded := []string{route}
			if at := strings.Index(route, "/{action}"); at > 0 && rows[route] == "" {
				taken := words[actionHandler(t, folder, route)]
				if len(taken) == 0 {
					t.Errorf("%s: the words of its buttons were not found", route)
				}
				expanded = nil
				for _, word := range taken {
					expanded = append(expanded, route[:at]+"/"+word+route[at+len("/{action}"):])
				}
			}
			for _, one := range expanded {
				if rows[one] == "" {
					t.Errorf("%s: which operation does this?", one)
				}
				delete(left, one)
			}
		}
	}
	for row := range left {
		t.Errorf("%s is no page", row)
	}
	named := 0
	for row, cell := range rows {
		if reason, none := strings.CutPrefix(cell, "none: "); none {
			if len(reason) < 8 {
				t.Errorf("%s: why?", row)
			}
			continue
		}
		for operation := range strings.SplitSeq(cell, ", ") {
			if named++; !operations[operation] {
				t.Errorf("%s: %s is no operation", row, operation)
			}
		}
	}
	if len(rows) < 150 || named < 100 {
		t.Errorf("only %d pages and %d operations were found", len(rows), named)
	}
}

var actionRoute = regexp.MustCompile(`"(?:POST )?([^"]*\{action\}[^"]*)"[,:] *(?:\w+\.)*(\w+)`)

// actionHandler is the name of the function that a route with {action} leads to.
func actionHandler(t *testing.T, folder, route string) (name string) {
	t.Helper()
	longest := ""
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range actionRoute.FindAllStringSubmatch(string(content), -1) {
			if strings.HasSuffix(route, found[1]) && len(found[1]) > len(longest) {
				longest, name = found[1], found[2]
			}
		}
	}
	return name
}
