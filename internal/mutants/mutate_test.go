package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEachCheckIsAMutant(t *testing.T) {
	const head = "package p\n\nfunc (x *T) f(a, b int, c bool) bool {\n"
	cases := []struct{ name, body, mutants, source string }{
		{"condition", "if c {\n}\nreturn c", "never c", "if (!mutantIs(1) && (c)) {\n}\nreturn c"},
		{"chain", "return c && a == 1 && !c", "without c; without a == 1; without !c",
			"return (mutantIs(1) || (c)) && (mutantIs(2) || (a == 1)) && (mutantIs(3) || (!c))"},
		{"alternatives in a chain", "return c && (a == 1 || c)", "without c; without (a == 1 || c); without a == 1; without c",
			"return (mutantIs(1) || (c)) && (mutantIs(2) || (((!mutantIs(3) && (a == 1)) || (!mutantIs(4) && (c)))))"},
		{"bound", "return a < b", "bound a < b", "return (mutantIs(1) && (a <= b) || !mutantIs(1) && (a < b))"},
		{"answer", "return false", "result false", "return (false || mutantIs(1))"},
		{"case", "switch {\ncase a > 1:\n}\nreturn c", "never a > 1; bound a > 1",
			"switch {\ncase (!mutantIs(1) && ((mutantIs(2) && (a >= 1) || !mutantIs(2) && (a > 1)))):\n}\nreturn c"},
		{"case of a value is none", "switch a {\ncase 1:\n}\nreturn c", "", "switch a {\ncase 1:\n}\nreturn c"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found, changed, _, err := mutateSource("p.go", []byte(head+c.body+"\n}\n"), 1)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, m := range found {
				if m.function != "T.f" || m.line < 4 {
					t.Errorf("mutant at %s:%d", m.function, m.line)
				}
				told = append(told, m.kind+" "+m.text)
			}
			if got := strings.Join(told, "; "); got != c.mutants {
				t.Errorf("mutants %q, want %q", got, c.mutants)
			}
			if got := strings.TrimSuffix(strings.TrimPrefix(string(changed), head), "\n}\n"); got != c.source {
				t.Errorf("source\n%s\nwant\n%s", got, c.source)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "p.go", changed, 0); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatMayPassHasAReason(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"remark", "# folder\n\n", ""},
		{"line", "a/b\tf.go\tT.f\tnever\tc\tis a second guard\nother\tf.go\tg\tnever\tc\tof another folder\n", "a/b\tf.go\tT.f\tnever\tc: is a second guard"},
		{"no reason", "a/b\tf.go\tT.f\tnever\tc\t \n", "error"},
		{"too few", "a/b\tf.go\tT.f\tnever\tc\n", "error"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kept.tsv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			kept, err := readKept(path, "a/b")
			got := ""
			if err != nil {
				got = "error"
			}
			for key, reason := range kept {
				got += key + ": " + reason
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The program itself, on a package of one check that its test misses or does not.
func TestAMutantIsNoticedByATest(t *testing.T) {
	for _, c := range []struct {
		name, test, kept string
		wrong            int
	}{
		{"noticed", "if f(1) || !f(2) { t.Fatal() }", "", 0},
		{"not noticed", "f(1)", "", 2},
		{"not noticed, with a reason", "f(1)", "PKG\tp.go\tf\tnever\ta > 1\treason\nPKG\tp.go\tf\tbound\ta > 1\treason\n", 0},
		{"noticed and named", "if f(1) || !f(2) { t.Fatal() }", "PKG\tp.go\tf\tnever\ta > 1\treason\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			t.Chdir(folder)
			for name, text := range map[string]string{
				"go.mod":         "module example.test\n\ngo 1.26\n",
				"pkg/p.go":       "package p\n\nfunc f(a int) bool {\n\tif a > 1 {\n\t\treturn true\n\t}\n\treturn a == 5\n}\n",
				"pkg/p_test.go":  "package p\n\nimport \"testing\"\n\nfunc TestF(t *testing.T) { " + c.test + " }\n",
				"kept.tsv":       strings.ReplaceAll(c.kept, "PKG", "pkg"),
				"pkg/ignored.go": "//go:build never\n\npackage p\n\nfunc g(a int) bool { return a > 7 }\n",
			} {
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			wrong, err := judge(options{kept: "kept.tsv", slow: 4e9, whole: true, only: regexp.MustCompile(``), workers: 1, out: &out, scratch: t.TempDir()}, "pkg")
			if err != nil {
				t.Fatal(err)
			}
			if wrong != c.wrong {
				t.Errorf("%d results not foreseen, want %d:\n%s", wrong, c.wrong, &out)
			}
		})
	}
}
