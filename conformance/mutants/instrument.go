package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// check is a condition that can be taken away.
type check struct {
	place string // file:line
	kind  string // condition, case, or, and
	text  string
}

// kinds of checks, by what stands in their place when they are taken away.
const (
	kindCondition = "condition" // of an if: never true
	kindCase      = "case"      // of a switch without a tag: never true
	kindOr        = "or"        // an operand of ||: never true
	kindAnd       = "and"       // an operand of &&: always true
)

// switchName is the function that tells whether a check is taken away.
const switchName = "checkIsTakenAway"

// insertion is a text that is put in at an offset. Of several at one offset those that close stand before those that open, and each closes what was opened
// last.
type insertion struct {
	at, order int
	text      string
}

// instrument writes a file so that each of its checks can be taken away by its number, the first of which is given, and lists them. What the program
// computes is the same while none is.
func instrument(name string, source []byte, first int) ([]byte, []check, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	var checks []check
	var put []insertion
	wrap := func(e ast.Expr, kind string) {
		begin, end := files.Position(e.Pos()), files.Position(e.End())
		text := " && !" + switchName + "(" + strconv.Itoa(first+len(checks)) + "))"
		if kind == kindAnd {
			text = " || " + switchName + "(" + strconv.Itoa(first+len(checks)) + "))"
		}
		checks = append(checks, check{name + ":" + strconv.Itoa(begin.Line), kind, strings.Join(strings.Fields(string(source[begin.Offset:end.Offset])), " ")})
		put = append(put, insertion{begin.Offset, len(checks), "("}, insertion{end.Offset, -len(checks), text})
	}
	whole := func(e ast.Expr, kind string) {
		if b, ok := e.(*ast.BinaryExpr); !ok || b.Op != token.LOR { // of alternatives each is taken away by itself
			wrap(e, kind)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok != token.CONST
		case *ast.IfStmt:
			whole(n.Cond, kindCondition)
		case *ast.SwitchStmt:
			if n.Tag != nil {
				break
			}
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					whole(e, kindCase)
				}
			}
		case *ast.BinaryExpr:
			kind := map[token.Token]string{token.LOR: kindOr, token.LAND: kindAnd}[n.Op]
			if kind == "" {
				break
			}
			for _, operand := range []ast.Expr{n.X, n.Y} {
				if inner, ok := operand.(*ast.BinaryExpr); !ok || inner.Op != n.Op { // else its own operands are taken away
					wrap(operand, kind)
				}
			}
		}
		return true
	})
	slices.SortStableFunc(put, func(a, b insertion) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.order - b.order
	})
	var out bytes.Buffer
	done := 0
	for _, one := range put {
		out.Write(source[done:one.at])
		out.WriteString(one.text)
		done = one.at
	}
	out.Write(source[done:])
	return out.Bytes(), checks, nil
}

// switchFile declares the function that instrumented files call. It reads the number from the environment, and writes each number at which it is asked to a file
// that the environment names.
func switchFile(packageName string) []byte {
	return []byte(`package ` + packageName + `

import (
	"os"
	"strconv"
	"sync"
)

var takenAway, _ = strconv.Atoi(os.Getenv("` + envNumber + `"))

var asked sync.Map

var askedFile = func() *os.File {
	if os.Getenv("` + envAsked + `") == "" {
		return nil
	}
	file, _ := os.OpenFile(os.Getenv("` + envAsked + `"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return file
}()

func ` + switchName + `(number int) bool {
	if askedFile != nil {
		if _, before := asked.LoadOrStore(number, true); !before {
			_, _ = askedFile.WriteString(strconv.Itoa(number) + "\n")
		}
	}
	return number == takenAway
}
`)
}

// Environment of instrumented tests.
const (
	envNumber = "CHECK_TAKEN_AWAY"
	envAsked  = "CHECKS_ASKED"
)
