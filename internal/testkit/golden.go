package testkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Golden compares text with a file of the package under test, line by line. UPDATE_GOLDEN=1 writes the file, which is reviewed as text.
func Golden(t testing.TB, path, have string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run with UPDATE_GOLDEN=1 to make it", err)
	}
	lines, wanted := strings.Split(have, "\n"), strings.Split(string(want), "\n")
	shown := 0
	for i := range max(len(lines), len(wanted)) {
		at := func(list []string) string {
			if i < len(list) {
				return list[i]
			}
			return "(nothing)"
		}
		if at(lines) != at(wanted) && shown < 5 {
			shown++
			t.Errorf("%s:%d: %q, want %q (UPDATE_GOLDEN=1 takes it)", path, i+1, at(lines), at(wanted))
		}
	}
}
