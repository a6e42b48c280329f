// Package testkit serves tests only: shared vectors, throw-away databases, clocks, and sinks that fail a test when
// personal data reaches a log.
package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Root is the folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Shared returns the path of a file or folder below the shared folder that lies beside the project ("vectors/ofd/…").
// Where that folder is absent the test is skipped, since a clone alone cannot hold files of other licences; with
// CI=true it fails instead.
func Shared(t testing.TB, name string) string {
	t.Helper()
	root := filepath.Join(Root(), "..", "shared")
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared vectors are missing: no folder %q beside the project", "shared")
		}
		t.Skipf("shared vectors are not here: put the folder %q beside the project to run this test", "shared")
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("shared file %s is missing", name)
	}
	return path
}

// SharedFile reads a shared file; see Shared.
func SharedFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(Shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
