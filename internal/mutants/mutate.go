package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// A mutant is one check that is turned off, turned round or moved by one.
type mutant struct {
	number   int
	file     string // name in its package
	line     int
	function string
	kind     string // see the constants
	text     string // the expression in the source, on one line
}

// Kinds of mutants.
const (
	never   = "never"   // a condition of `if` or `case` that is false
	without = "without" // an operand of && or || that is left out
	bound   = "bound"   // < for <=, <= for <, > for >=, >= for >
	result  = "result"  // `return false` that answers true
)

// key names a mutant by what stays when lines move: several may share one, which then stand or fall together.
func (m mutant) key(folder string) string {
	return strings.Join([]string{folder, m.file, m.function, m.kind, m.text}, "\t")
}

// switchName is the function that mutated sources ask; it stands in a file that the overlay adds to the package.
const switchName = "mutantIs"

const switchFile = "mutants_switch.go"

func switchSource(name string) string {
	return "package " + name + `

import (
	"os"
	"strconv"
)

var activeMutant = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func ` + switchName + `(n int) bool { return n == activeMutant }
`
}

// mutatePackage returns every mutant of a folder's sources, numbered from 1, and by file name the source that holds them all.
// Files whose build constraints leave them out on this machine must be left out by the caller.
func mutatePackage(folder string, files []string) ([]mutant, map[string][]byte, error) {
	sources := map[string][]byte{}
	var all []mutant
	sort.Strings(files)
	for _, name := range files {
		source, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, nil, err
		}
		found, changed, packageName, err := mutateSource(name, source, len(all)+1)
		if err != nil {
			return nil, nil, err
		}
		sources[switchFile] = []byte(switchSource(packageName))
		all = append(all, found...)
		sources[name] = changed
	}
	return all, sources, nil
}

func mutateSource(name string, source []byte, first int) ([]mutant, []byte, string, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, nil, "", err
	}
	m := &mutator{set: set, name: name, source: source, next: first}
	for _, declaration := range tree.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		m.function = function.Name.Name
		if function.Recv != nil && len(function.Recv.List) == 1 {
			m.function = strings.TrimPrefix(m.original(function.Recv.List[0].Type), "*") + "." + m.function
		}
		ast.Inspect(function.Body, m.visit)
	}
	return m.found, m.apply(), tree.Name.Name, nil
}

// An edit is text that is put in at an offset of the source.
type edit struct {
	at    int
	text  string
	close bool // stands before what opens at the same offset, the innermost first
	order int
}

type mutator struct {
	set      *token.FileSet
	name     string
	source   []byte
	function string
	next     int
	found    []mutant
	edits    []edit
}

func (m *mutator) offset(p token.Pos) int { return m.set.Position(p).Offset }
func (m *mutator) original(n ast.Node) string {
	return string(m.source[m.offset(n.Pos()):m.offset(n.End())])
}
func (m *mutator) put(at int, text string, c bool) {
	m.edits = append(m.edits, edit{at, text, c, len(m.edits)})
}

func (m *mutator) around(n ast.Node, before, after string) {
	m.put(m.offset(n.Pos()), before, false)
	m.put(m.offset(n.End()), after, true)
}

func (m *mutator) add(n ast.Node, kind string) int {
	number := m.next
	m.next++
	m.found = append(m.found, mutant{number: number, file: m.name, line: m.set.Position(n.Pos()).Line, function: m.function, kind: kind,
		text: strings.Join(strings.Fields(m.original(n)), " ")})
	return number
}

func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		m.around(n.Cond, fmt.Sprintf("(!%s(%d) && (", switchName, m.add(n.Cond, never)), "))")
		m.operands(n.Cond)
	case *ast.SwitchStmt:
		if n.Tag != nil {
			return true
		}
		for _, clause := range n.Body.List {
			for _, condition := range clause.(*ast.CaseClause).List {
				m.around(condition, fmt.Sprintf("(!%s(%d) && (", switchName, m.add(condition, never)), "))")
				m.operands(condition)
			}
		}
	case *ast.ReturnStmt:
		for _, value := range n.Results {
			if name, ok := value.(*ast.Ident); ok && name.Name == "false" {
				m.around(value, "(", fmt.Sprintf(" || %s(%d))", switchName, m.add(value, result)))
				continue
			}
			m.operands(value)
		}
	}
	return true
}

// operands makes mutants of the parts of a condition. What stands inside calls and literals is not looked at here.
func (m *mutator) operands(e ast.Expr) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		m.operands(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			m.operands(e.X)
		}
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LAND, token.LOR:
			before := "(%s(%d) || ("
			if e.Op == token.LOR {
				before = "(!%s(%d) && ("
			}
			for _, part := range parts(e, e.Op) {
				m.around(part, fmt.Sprintf(before, switchName, m.add(part, without)), "))")
				m.operands(part)
			}
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			moved := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}[e.Op]
			number := m.add(e, bound)
			m.around(e, fmt.Sprintf("(%s(%d) && (%s %s %s) || !%s(%d) && (", switchName, number, m.original(e.X), moved, m.original(e.Y), switchName, number), "))")
		}
	}
}

// parts are the operands of a chain of one operator.
func parts(e ast.Expr, operator token.Token) []ast.Expr {
	if chain, ok := e.(*ast.BinaryExpr); ok && chain.Op == operator {
		return append(parts(chain.X, operator), parts(chain.Y, operator)...)
	}
	return []ast.Expr{e}
}

func (m *mutator) apply() []byte {
	sort.SliceStable(m.edits, func(i, j int) bool {
		a, b := m.edits[i], m.edits[j]
		switch {
		case a.at != b.at:
			return a.at < b.at
		case a.close != b.close:
			return a.close
		case a.close:
			return a.order > b.order
		}
		return a.order < b.order
	})
	var out []byte
	last := 0
	for _, e := range m.edits {
		out = append(out, m.source[last:e.at]...)
		out = append(out, e.text...)
		last = e.at
	}
	return append(out, m.source[last:]...)
}
