package testkit

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// KeptCases judges the cases of a file again: drawn ones that are worth keeping. A line holds the keys by which a case is drawn, what it was
// drawn as, and what judges said of it, parted by tabs; "#" begins a comment. UPDATE_GOLDEN=1 writes what is so. It fails for fewer cases
// than least, and for keys that draw something else than before.
func KeptCases(t *testing.T, path string, keys, least int, judge func(keys []string) (drawn, outcome string)) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	update := os.Getenv("UPDATE_GOLDEN") != ""
	var out []string
	cases := 0
	for line := range strings.Lines(string(content)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", keys+2)
		if strings.HasPrefix(line, "#") || len(fields) < keys+2 {
			out = append(out, line)
			continue
		}
		cases++
		drawn, outcome := judge(fields[:keys])
		switch {
		case drawn != fields[keys]:
			t.Fatalf("%s %v is %q and was %q: the kept keys mean other cases", path, fields[:keys], drawn, fields[keys])
		case outcome != fields[keys+1] && !update:
			t.Errorf("%v %s: now %q, kept %q (UPDATE_GOLDEN=1 writes what is so)", fields[:keys], drawn, outcome, fields[keys+1])
		}
		out = append(out, strings.Join(slices.Concat(fields[:keys], []string{drawn, outcome}), "\t")+"\n")
	}
	if update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if cases < least {
		t.Errorf("%s: %d cases, want %d", path, cases, least)
	}
}

// Number is a number of the environment, 0 without one: how much a campaign draws, and from which number on.
func Number(t testing.TB, name string) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return number
}
