package idpdb

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryChangeOfAnAccountCountsItsVersion: what is kept in memory of an account is trusted as long as its version is the
// same, so a statement that changes an account, or gives one a contact or a proof, and does not count would let a suspended
// person pass.
func TestEveryChangeOfAnAccountCountsItsVersion(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	update := regexp.MustCompile("(?s)[\"`]UPDATE idp_account SET .*?[\"`]")
	part := regexp.MustCompile(`(INSERT INTO|UPDATE|DELETE FROM) (idp_contact|idp_proof)\b`)
	statements, parts := 0, 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range update.FindAllString(string(source), -1) {
			if statements++; !strings.Contains(statement, "version = version + 1") {
				t.Errorf("%s: %s", file, statement)
			}
		}
		for _, function := range strings.Split(string(source), "\nfunc ") {
			if !part.MatchString(function) {
				continue
			}
			if parts++; !strings.Contains(function, "INSERT INTO idp_account ") && !strings.Contains(function, "version = version + 1") {
				t.Errorf("%s: a contact or proof changes without its account: func %.60s", file, function)
			}
		}
	}
	if statements == 0 || parts == 0 {
		t.Fatalf("found %d statements and %d functions", statements, parts)
	}
}
