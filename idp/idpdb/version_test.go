package idpdb

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryChangeOfAnAccountCountsItsVersion: what is kept in memory of an account is trusted as long as its version is the
// same, so a statement that changes an account, or gives one a contact or a proof, and does not count would let a suspended
// person pass. A function may leave the counting to every one that calls it.
func TestEveryChangeOfAnAccountCountsItsVersion(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	update := regexp.MustCompile("(?s)[\"`]UPDATE idp_account SET .*?[\"`]")
	part := regexp.MustCompile(`(INSERT INTO|UPDATE|DELETE FROM) (idp_contact|idp_proof)\b`)
	named := regexp.MustCompile(`^(?:\(\w+ \*?\w+\) )?(\w+)`)
	statements, functions := 0, map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range update.FindAllString(string(source), -1) {
			// "version = version" asks for a version and takes its turn, and changes nothing.
			if statements++; !strings.Contains(statement, "version = version + 1") && !strings.Contains(statement, "SET version = version WHERE") {
				t.Errorf("%s: %s", file, statement)
			}
		}
		for _, function := range strings.Split(string(source), "\nfunc ")[1:] {
			functions[file+" "+named.FindStringSubmatch(function)[1]] = function
		}
	}
	counts := func(text string) bool { // endLevels counts before it does anything
		return strings.Contains(text, "INSERT INTO idp_account ") || strings.Contains(text, "version = version + 1") || strings.Contains(text, " endLevels(ctx, tx, ")
	}
	var left []string // functions that change something and leave the counting to others
	parts := 0
	for where, text := range functions {
		if part.MatchString(text) {
			if parts++; !counts(text) {
				left = append(left, where)
			}
		}
	}
	for i := 0; i < len(left); i++ {
		_, name, _ := strings.Cut(left[i], " ")
		calls, called := regexp.MustCompile(`\b`+name+`\(`), false
		for where, text := range functions {
			if where == left[i] || !calls.MatchString(text) {
				continue
			}
			if called = true; !counts(text) && !slices.Contains(left, where) {
				left = append(left, where)
			}
		}
		if !called || name[0] >= 'A' && name[0] <= 'Z' {
			t.Errorf("%s: a contact or proof changes without its account", left[i])
		}
	}
	if statements == 0 || parts == 0 || len(left) == 0 {
		t.Fatalf("found %d statements, %d functions, %d of them for others", statements, parts, len(left))
	}
}
