package main

import (
	"context"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// subject is a package of which one test misses some checks, and no test others.
const subject = `package subject

func Small(n int) bool {
	if n < 0 {
		return false
	}
	switch {
	case n > 100, n == 13:
		return false
	}
	return n < 50 && n != 7 || n == 60
}
`

const subjectTest = `package subject

import "testing"

func TestSmall(t *testing.T) {
	for n, want := range map[int]bool{-1: false, 1: true, 101: false, 7: false, 55: false, 60: true} {
		if Small(n) != want {
			t.Error(n)
		}
	}
}
`

func TestChecksThatNoTestMisses(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module subject\n\ngo 1.25\n", "subject/subject.go": subject, "subject/subject_test.go": subjectTest} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := os.Create(filepath.Join(folder, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	counts, err := run(context.Background(), options{module: folder, packageDir: "subject", skip: regexp.MustCompile("^$"), jobs: 2}, out)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	slices.Sort(lines)
	want := []string{
		"unmissed\tsubject.go:8\tcase\tn > 100", // 101 is no small number anyway
		"untaken\tsubject.go:8\tcase\tn == 13",  // nobody asks about 13
	}
	if !slices.Equal(lines, want) || counts["missed"] != 5 {
		t.Errorf("%v\n%s", counts, strings.Join(lines, "\n"))
	}
}

// TestInstrumentedFilesAreGo: whatever is nested, and nothing but conditions is touched.
func TestInstrumentedFilesAreGo(t *testing.T) {
	const source = `package p

const Both = true && false || true

func f(a, b, c bool) bool {
	if x := a || b; x && (b || !c) && a {
		return a && b || c && (a || b)
	} else if a {
		return f(a && b, b || c, c)
	}
	switch v := any(a).(type) {
	case bool:
		_ = v && a
	}
	switch a {
	case b && c:
	}
	for a && b {
	}
	return false
}
`
	written, checks, err := instrument("p.go", []byte(source), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "p.go", written, 0); err != nil {
		t.Errorf("%v\n%s", err, written)
	}
	if !strings.Contains(string(written), "const Both = true && false || true\n") {
		t.Error("a constant was touched")
	}
	kinds := map[string]int{}
	for _, c := range checks {
		kinds[c.kind]++
	}
	if kinds[kindCondition] != 2 || kinds[kindCase] != 0 || kinds[kindOr] < 8 || kinds[kindAnd] < 10 {
		t.Errorf("%v", kinds)
	}
	if _, _, err := instrument("p.go", []byte("package"), 1); err == nil {
		t.Error("what is no Go is instrumented")
	}
}
